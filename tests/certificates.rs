//! The program on its way to a server with a certificate: roots of the system, of `SSL_CERT_FILE`, of a setting; and what it
//! says of certificates that are over or begin later (`wire.md` 7.5).

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use support::tls;
use tempfile::TempDir;

/// Asks the server a question with these variables beside a clean environment.
fn ask(home: &Path, url: &str, environment: &[(&str, &Path)]) -> Output {
    let file = home.join("config/salon/salon.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let provider = format!(
        "default_model = \"lab/m\"\n[providers.lab]\nwire = \"chat-completions\"\nbase_url = \"{url}\"\n"
    );
    std::fs::write(&file, provider).unwrap();
    Command::new(env!("CARGO_BIN_EXE_salon"))
        .args(["ask", "hi"])
        .env_clear()
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_STATE_HOME", home.join("state"))
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[track_caller]
fn is_answered(output: &Output) {
    let (out, err) = texts(output);
    assert_eq!(
        (out.trim_end(), output.status.code()),
        ("Hello", Some(0)),
        "{err}"
    );
}

/// What it said of a server it did not trust.
#[track_caller]
fn refusal(output: &Output) -> String {
    let (out, err) = texts(output);
    assert_eq!((out.as_str(), output.status.code()), ("", Some(1)), "{err}");
    err
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_private_authority_is_trusted_through_the_file_of_the_environment() {
    let (home, url) = (TempDir::new().unwrap(), tls::start_signed("signed"));
    let told = refusal(&ask(home.path(), &url, &[]));
    assert!(told.contains("is not trusted"), "{told}");
    is_answered(&ask(
        home.path(),
        &url,
        &[("SSL_CERT_FILE", &tls::authority())],
    ));
}

/// The folder stands for the system's own store, which lies elsewhere on each system.
#[test]
fn a_private_authority_is_trusted_through_the_systems_store() {
    let (home, url) = (TempDir::new().unwrap(), tls::start_signed("signed"));
    let store = home.path().join("roots");
    std::fs::create_dir(&store).unwrap();
    // The name is the hash of the subject, as `openssl rehash` makes it.
    std::fs::copy(tls::authority(), store.join("93c6a5f1.0")).unwrap();
    is_answered(&ask(home.path(), &url, &[("SSL_CERT_DIR", &store)]));
}

#[test]
fn a_machine_without_roots_has_the_bundled_ones_and_says_what_is_not_trusted() {
    let (home, url) = (TempDir::new().unwrap(), tls::start_signed("signed"));
    let empty = home.path().join("roots");
    std::fs::create_dir(&empty).unwrap();
    let told = refusal(&ask(home.path(), &url, &[("SSL_CERT_DIR", &empty)]));
    assert!(
        told.contains("is not trusted") && told.contains("ca_file"),
        "{told}"
    );
}

#[test]
fn a_certificate_that_is_over_or_not_yet_valid_names_the_clock() {
    for (name, word) in [("expired", "expired"), ("early", "not valid yet")] {
        let (home, url) = (TempDir::new().unwrap(), tls::start_signed(name));
        let told = refusal(&ask(
            home.path(),
            &url,
            &[("SSL_CERT_FILE", &tls::authority())],
        ));
        assert!(told.contains(word) && told.contains("clock"), "{told}");
    }
}
