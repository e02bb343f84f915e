//! What broke on the way to a server or back, in words: name, refusal, trust, silence, cut streams (`wire.md`, faults 1 to 6).

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use crate::domain::failure::{Failure, FailureKind};
use crate::provider::error::{Asked, By, PROXY_REMEDY, ProviderError, Retry};

/// How long a connection may take to stand.
pub const CONNECT: Duration = Duration::from_secs(10);

/// Where the request was when it broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// No head of an answer yet.
    Asking,
    /// The body was on its way.
    Answering,
}

/// The error of a connection that could not be made or broke. URLs are taken out of its text: a query may hold a key.
pub fn of_transport(asked: &Asked, phase: Phase, error: reqwest::Error) -> ProviderError {
    let error = error.without_url();
    let found = look(&error);
    let (title, remedy, retry) = words(asked, phase, &error, &found);
    let failure = Failure::new(FailureKind::Network, title, remedy).with_detail(format!(
        "{}\n{}",
        asked.url,
        asked.scrub.text(&found.chain)
    ));
    ProviderError {
        failure,
        retry,
        by: By::Transport,
    }
}

/// The server said nothing for so long. What became of the request there is not known, so it is not sent again by itself.
pub fn of_silence(asked: &Asked, phase: Phase, limit: Duration) -> ProviderError {
    let seconds = limit.as_secs_f64();
    let title = match phase {
        Phase::Asking => format!("{} did not answer for {seconds} s", asked.provider),
        Phase::Answering => format!("{} said nothing more for {seconds} s", asked.provider),
    };
    let remedy = "Send again; `limits.silence_seconds` sets how long salon waits.";
    ProviderError::never(
        Failure::new(FailureKind::Network, title, remedy).with_detail(asked.url.clone()),
        By::Transport,
    )
}

/// The client could not be built, most likely because the computer has no certificate roots.
pub fn of_building(error: &reqwest::Error) -> Failure {
    let chain = look(error).chain;
    let failure = if chain.contains("CA certificates") {
        Failure::new(
            FailureKind::Network,
            "This computer has no certificate roots, so no server can be trusted",
            "Install the package ca-certificates, or name a file of roots in `network.ca_file`.",
        )
    } else {
        Failure::new(
            FailureKind::Input,
            "The connection settings cannot be used",
            "Check `network.proxy` and `network.ca_file` in the settings.",
        )
    };
    failure.with_detail(chain)
}

/// The address of a proxy is none; `place` is where it is set. The address itself may hold a password.
pub fn of_proxy(place: &str, error: &reqwest::Error) -> Failure {
    Failure::new(
        FailureKind::Input,
        format!("The proxy in {place} has no address that can be used"),
        "Set it to an address such as http://proxy.example.org:3128.",
    )
    .with_detail(look(error).chain)
}

/// What the chain of causes holds.
struct Found {
    io: Option<io::ErrorKind>,
    tls: Option<rustls::Error>,
    /// All causes, the outermost first.
    chain: String,
}

fn look(error: &reqwest::Error) -> Found {
    let mut found = Found {
        io: None,
        tls: None,
        chain: String::new(),
    };
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if !found.chain.ends_with(&text) {
            if !found.chain.is_empty() {
                found.chain.push_str(": ");
            }
            found.chain.push_str(&text);
        }
        // The error inside an `io::Error` is no link of the chain of sources, and it may hold another one.
        let mut inner = cause;
        while let Some(io) = inner.downcast_ref::<io::Error>() {
            found.io = Some(io.kind());
            let Some(held) = io.get_ref() else {
                break;
            };
            inner = held;
        }
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            found.tls = Some(tls.clone());
        }
        next = cause.source();
    }
    found
}

fn words(
    asked: &Asked,
    phase: Phase,
    error: &reqwest::Error,
    found: &Found,
) -> (String, String, Retry) {
    let (name, host) = (&asked.provider, &asked.host);
    let chain = found.chain.as_str();
    let setting = format!("base_url of providers.{name}");
    if chain.contains("proxy authorization required") {
        return (
            format!("The proxy{} wants a password (407)", asked.proxy_name()),
            PROXY_REMEDY.to_owned(),
            Retry::Never,
        );
    }
    if chain.contains("tunnel error") {
        return (
            format!("The proxy{} does not let salon through", asked.proxy_name()),
            PROXY_REMEDY.to_owned(),
            Retry::Never,
        );
    }
    if let Some(tls) = &found.tls {
        return tls_words(asked, tls);
    }
    if error.is_connect() && asked.proxy.is_some() {
        return (
            format!("Cannot reach the proxy{}", asked.proxy_name()),
            PROXY_REMEDY.to_owned(),
            Retry::Backoff,
        );
    }
    if error.is_timeout() && error.is_connect() {
        return (
            format!(
                "{host} did not take the connection within {} s",
                CONNECT.as_secs()
            ),
            format!("Check the network, then {setting}."),
            Retry::Backoff,
        );
    }
    if error.is_dns() || chain.contains("dns error") {
        return (
            format!("Cannot find the host {host}"),
            format!("Check the network, then {setting}."),
            Retry::Backoff,
        );
    }
    if error.is_connect() && found.io == Some(io::ErrorKind::ConnectionRefused) {
        let retry = if asked.is_local {
            Retry::Never
        } else {
            Retry::Backoff
        };
        return (
            format!("Nothing listens at {host}; is {name} running?"),
            format!("Start it, or check {setting}."),
            retry,
        );
    }
    if error.is_connect() {
        return (
            format!("Cannot connect to {host}"),
            format!("Check the network, then {setting}."),
            Retry::Backoff,
        );
    }
    if error.is_builder() {
        return (
            format!("The address of {name} cannot be used"),
            format!("Check {setting}."),
            Retry::Never,
        );
    }
    if chain.contains("invalid HTTP") {
        return (
            format!("What listens at {host} does not speak http"),
            format!("Check {setting}; perhaps it begins with https://."),
            Retry::Never,
        );
    }
    let title = match phase {
        Phase::Asking => format!("{host} closed the connection before it answered"),
        Phase::Answering => {
            format!("The connection to {host} broke before the answer was complete")
        }
    };
    (title, "Send again.".to_owned(), Retry::Backoff)
}

fn tls_words(asked: &Asked, tls: &rustls::Error) -> (String, String, Retry) {
    let (name, host) = (&asked.provider, &asked.host);
    let text = tls.to_string();
    // What `openssl req -x509` makes by default; trusting it as a root does not make it a server's.
    if text.contains("CaUsedAsEndEntity") {
        return (
            format!("The certificate of {host} is one of an authority, not of a server"),
            format!(
                "Make it with basicConstraints=CA:FALSE, then name its file in ca_file of providers.{name}."
            ),
            Retry::Never,
        );
    }
    if matches!(tls, rustls::Error::InvalidCertificate(_)) {
        return (
            format!("The certificate of {host} is not trusted: {text}"),
            format!(
                "If it is your own, name its file in ca_file of providers.{name} or in `network.ca_file`; if not, check this computer's clock."
            ),
            Retry::Never,
        );
    }
    (
        format!("No secure connection to {host}: {text}"),
        format!("Check base_url of providers.{name}; perhaps the server speaks http, not https."),
        Retry::Never,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_certificate_of_an_authority_is_told_in_words() {
        let cause = rustls::OtherError(Arc::new(io::Error::other("CaUsedAsEndEntity")));
        let tls = rustls::Error::InvalidCertificate(rustls::CertificateError::Other(cause));
        let (title, remedy, retry) = tls_words(&Asked::default(), &tls);
        assert!(
            title.ends_with("is one of an authority, not of a server"),
            "{title}"
        );
        assert!(remedy.contains("CA:FALSE"), "{remedy}");
        assert_eq!(retry, Retry::Never);
    }
}
