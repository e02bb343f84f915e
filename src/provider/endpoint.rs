//! Where a request goes and what it carries but for its body: URL, headers, key, way out, limits.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::model::ModelRef;
use crate::provider::client::{Trust, Way};
use crate::provider::error::Asked;
use crate::provider::quirks::is_azure;
use crate::provider::scrub::Scrub;
use crate::provider::secrets::Key;
use crate::settings::{KeySource, Limits, Network, ProviderSettings, SecretString, Wire};

/// The version of Anthropic's wire that every server of it knows (`wire.md` 4.1).
const MESSAGES_VERSION: &str = "2023-06-01";

/// A request that is ready to go but for its body.
pub(super) struct Endpoint {
    pub url: Url,
    pub headers: HeaderMap,
    pub way: Way,
    /// How long the server may say nothing.
    pub silence: Duration,
    pub asked: Arc<Asked>,
}

impl Endpoint {
    /// The way to `path` under the provider's base URL, with this key.
    pub(super) fn new(
        model: &ModelRef,
        settings: &ProviderSettings,
        path: &[&str],
        key: Option<Key>,
        (limits, network): (&Limits, &Network),
    ) -> Result<Endpoint, Failure> {
        let provider = &model.provider;
        let bad = || bad_address(provider, &settings.base_url);
        let mut url = Url::parse(&settings.base_url).map_err(|_| bad())?;
        url.path_segments_mut()
            .map_err(|()| bad())?
            .pop_if_empty()
            .extend(path);
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(bad());
        }
        let is_kept = key.as_ref().is_some_and(|key| key.is_kept);
        let key = key.map(|key| key.value);
        let headers = headers_of(&url, provider, settings, key.as_ref())?;
        let is_local = is_loopback(&url);
        let files = [&network.ca_file, &settings.ca_file];
        let trust = if url.scheme() == "http" {
            Trust::Nobody
        } else {
            Trust::System(files.into_iter().flatten().cloned().collect())
        };
        let asked = Asked {
            provider: provider.clone(),
            model: model.name.clone(),
            url: shown(&url),
            host: host_of(&url),
            is_local,
            key_from: match &settings.key {
                _ if is_kept => "the key that salon keeps".to_owned(),
                KeySource::None => format!("api_key_env of providers.{provider}"),
                KeySource::Environment { name, .. } => name.clone(),
                KeySource::Command(_) => format!("key_command of providers.{provider}"),
            },
            proxy: proxy_of(&url, is_local, network),
            scrub: Scrub::of(key.into_iter().chain(secret_headers(settings))),
        };
        Ok(Endpoint {
            url,
            headers,
            way: Way {
                is_direct: is_local,
                trust,
            },
            silence: if is_local {
                limits.silence_local
            } else {
                limits.silence
            },
            asked: Arc::new(asked),
        })
    }
}

/// Values of own headers that are keys by their name.
fn secret_headers(settings: &ProviderSettings) -> impl Iterator<Item = SecretString> {
    let is_secret = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["key", "token", "auth", "secret", "cookie"]
            .iter()
            .any(|part| name.contains(part))
    };
    let secret = settings
        .headers
        .iter()
        .filter(move |(name, _)| is_secret(name));
    secret.map(|(_, value)| SecretString::from(value.as_str()))
}

fn bad_address(provider: &str, base_url: &str) -> Failure {
    Failure::new(
        FailureKind::Input,
        format!("The address of {provider} is no http or https URL"),
        format!("Set base_url of providers.{provider} to something like http://localhost:8080/v1."),
    )
    .with_detail(without_user(base_url))
}

/// The headers that carry the key, by wire and host, and what stands before the key in each.
fn key_headers(url: &Url, wire: Wire) -> &'static [(&'static str, &'static str)] {
    const BEARER: (&str, &str) = ("authorization", "Bearer ");
    const X_API_KEY: (&str, &str) = ("x-api-key", "");
    const API_KEY: (&str, &str) = ("api-key", "");
    let host = url.host_str().unwrap_or("");
    match wire {
        Wire::Messages if host == "api.anthropic.com" => &[X_API_KEY],
        // Of the servers that speak this wire too, some know only the one and some only the other.
        Wire::Messages => &[X_API_KEY, BEARER],
        Wire::ChatCompletions | Wire::Responses | Wire::Ollama if is_azure(host) => &[API_KEY],
        Wire::ChatCompletions | Wire::Responses | Wire::Ollama => &[BEARER],
    }
}

/// The headers of a request; all of them may hold keys, so none of them is ever printed.
fn headers_of(
    url: &Url,
    provider: &str,
    settings: &ProviderSettings,
    key: Option<&SecretString>,
) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    let bad = |kind: FailureKind, what: &str, remedy: String| {
        Failure::new(kind, format!("{what} of {provider} cannot be sent"), remedy)
    };
    if settings.wire == Wire::Messages {
        let version = HeaderName::from_static("anthropic-version");
        headers.insert(version, HeaderValue::from_static(MESSAGES_VERSION));
    }
    if let Some(key) = key {
        for &(name, before) in key_headers(url, settings.wire) {
            let value = format!("{before}{}", key.expose_secret());
            let mut value = HeaderValue::try_from(value).map_err(|_| {
                let remedy = "It holds a character that no key has; set it again.".to_owned();
                bad(FailureKind::Key, "The key", remedy)
            })?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    for (name, value) in &settings.headers {
        let pair = HeaderName::try_from(name)
            .ok()
            .zip(HeaderValue::try_from(value).ok());
        let Some((name, mut value)) = pair else {
            let remedy = format!("Correct headers of providers.{provider} in the settings.");
            return Err(bad(
                FailureKind::Input,
                &format!("The header `{name}`"),
                remedy,
            ));
        };
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

/// Whether this URL leads to this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<std::net::IpAddr>() {
        Ok(ip) => ip.is_loopback() || ip.is_unspecified(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or("");
    url.port()
        .map_or(host.to_owned(), |port| format!("{host}:{port}"))
}

/// Without user, password, query and fragment.
fn shown(url: &Url) -> String {
    format!("{}://{}{}", url.scheme(), host_of(url), url.path())
}

/// The proxy a request to this URL takes, and where it is set; without its password.
fn proxy_of(url: &Url, is_local: bool, network: &Network) -> Option<String> {
    let set = &network.proxies;
    if is_local || is_excepted(url.host_str().unwrap_or(""), &set.except) {
        return None;
    }
    if let Some(address) = &network.proxy {
        return Some(format!("{} (network.proxy)", without_user(address)));
    }
    let of_scheme = match url.scheme() {
        "https" => &set.https,
        _ => &set.http,
    };
    let (name, address) = of_scheme.as_ref()?;
    Some(format!("{} ({name})", without_user(address)))
}

/// Whether `NO_PROXY` names this host. Nets (`10.0.0.0/8`) are left to the client; this is for words only.
fn is_excepted(host: &str, except: &str) -> bool {
    let host = host.to_ascii_lowercase();
    except.split(',').map(str::trim).any(|entry| {
        let entry = entry.trim_start_matches('.').to_ascii_lowercase();
        let is_within = || {
            host.strip_suffix(&entry)
                .is_some_and(|rest| rest.ends_with('.'))
        };
        entry == "*" || !entry.is_empty() && (host == entry || is_within())
    })
}

fn without_user(address: &str) -> String {
    let shown = Url::parse(address).map_or_else(|_| String::new(), |url| shown(&url));
    shown.trim_end_matches('/').to_owned()
}
