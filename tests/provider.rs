//! The provider room against a scripted server: what each fault becomes.

mod support;

use support::server::{Answer, Server};

#[tokio::test]
async fn server_starts() {
    let server = Server::start(vec![Answer::text(&["a"])]).await;
    assert!(server.url().starts_with("http://127.0.0.1:"));
}
