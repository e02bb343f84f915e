//! An HTTPS server with a certificate nobody trusts by itself: says one ordinary answer a connection.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::server::sse_text;

/// The file of its certificate, which is its own root; made for tests and valid for a hundred years.
pub fn certificate() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/support/tls/cert.pem")
}

/// The file of an authority that signed `signed`, `expired` and `early`, all for this machine's own address.
pub fn authority() -> PathBuf {
    certificate().with_file_name("authority.pem")
}

/// Starts it on a thread that ends with the test's process; returns its base URL.
pub fn start() -> String {
    start_with(&certificate(), "key.pem")
}

/// The same with a certificate that the authority signed: `signed` is good until 2120, `expired` ended in 2021,
/// `early` begins in 2100.
pub fn start_signed(name: &str) -> String {
    let file = certificate().with_file_name(format!("{name}.pem"));
    start_with(&file, "signed-key.pem")
}

fn start_with(certificate: &Path, key: &str) -> String {
    let cert = CertificateDer::from_pem_file(certificate).unwrap();
    let key = PrivateKeyDer::from_pem_file(certificate.with_file_name(key)).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, socket.unwrap());
            let mut asked = Vec::new();
            let mut piece = [0; 4096];
            // The body of a test's request is small and comes with its head or right behind it.
            while !asked.ends_with(b"}") {
                match stream.read(&mut piece) {
                    Ok(n) if n > 0 => asked.extend_from_slice(&piece[..n]),
                    Ok(_) | Err(_) => break,
                }
            }
            let body = sse_text(&["Hello"]);
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n";
            let _ = write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len());
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    url
}
