//! Providers out of the settings: dialect, address, where the key comes from.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::paths::absolute;
use super::reader::{Reader, Shown, flag, path};
use super::tree::{Path, print};
use super::{KeySource, Layer, Layers, ProviderSettings, Wire};
use crate::domain::conversation::{Sampling, Storage};

/// All providers that can be used as they are set; of the others a problem is told.
pub(super) fn read(layers: &Layers, reader: &mut Reader) -> BTreeMap<String, ProviderSettings> {
    let mut providers = BTreeMap::new();
    for name in reader.names(&path("providers")) {
        if name == "guide" || name.contains('/') || name.trim().is_empty() {
            let why = match name.as_str() {
                "guide" => "the name `guide` belongs to the built-in guide".to_owned(),
                _ => format!("`{name}` cannot be a provider's name"),
            };
            reader.problem(why, "Give the provider another name.".to_owned());
            continue;
        }
        if let Some(provider) = one(layers, reader, &name) {
            providers.insert(name, provider);
        }
    }
    providers
}

fn one(layers: &Layers, reader: &mut Reader, name: &str) -> Option<ProviderSettings> {
    let key = |last: &str| -> Path { vec!["providers".into(), name.into(), last.into()] };
    let wire_was_set = reader.set(&key("wire")).is_some();
    let wire = reader.read(&key("wire"), Shown::Open, wire);
    let holds_password = reader
        .set(&key("base_url"))
        .is_some_and(|entry| entry.text.contains('@'));
    let shown = if holds_password {
        Shown::Hidden
    } else {
        Shown::Open
    };
    let dialect = wire.unwrap_or(Wire::ChatCompletions);
    let base_url = reader.read(&key("base_url"), shown, |text| base_url(text, dialect));
    let source = key_source(layers, reader, name);
    let provider = ProviderSettings {
        wire: dialect,
        base_url: base_url.clone().unwrap_or_default(),
        key: source,
        headers: headers(reader, &key("headers")),
        ca_file: reader.read(&key("ca_file"), Shown::Open, |file| {
            Ok(absolute(layers, file.as_ref()))
        }),
        requests_per_minute: reader.number(
            &key("requests_per_minute"),
            0..=1_000_000,
            "a whole number from 0 (no limit) up",
        ),
        enabled: reader
            .read(&key("enabled"), Shown::Open, flag)
            .unwrap_or(true),
        sampling: Sampling::default(),
        storage: reader
            .read(&key("storage"), Shown::Open, storage)
            .unwrap_or_default(),
        title_model: None,
    };
    let keeps = provider.storage == Storage::Provider;
    if keeps && provider.wire != Wire::Responses {
        reader.problem(
            format!("The provider `{name}` cannot keep conversations"),
            format!(
                "That needs `wire = \"responses\"` in [providers.{name}]; they are kept here alone."
            ),
        );
    }
    if wire_was_set && wire.is_none() {
        return None;
    }
    let Some(url) = base_url else {
        if reader.set(&key("base_url")).is_none() {
            reader.problem(
                format!("The provider `{name}` has no address"),
                format!("Set `base_url` in [providers.{name}]."),
            );
        }
        return None;
    };
    if is_clear_and_far(&url) && !matches!(provider.key, KeySource::None) {
        reader.problem(
            format!("The key of `{name}` travels in clear over http"),
            "Use https:// in its base_url if the server can.".to_owned(),
        );
    }
    Some(provider)
}

fn wire(text: &str) -> Result<Wire, String> {
    match text {
        "chat-completions" => Ok(Wire::ChatCompletions),
        "responses" => Ok(Wire::Responses),
        "anthropic" => Ok(Wire::Messages),
        "ollama" => Ok(Wire::Ollama),
        _ => Err(
            "\"chat-completions\", which nearly every server speaks, \"responses\", \"anthropic\" or \"ollama\""
                .to_owned(),
        ),
    }
}

fn storage(text: &str) -> Result<Storage, String> {
    Storage::of(text).ok_or_else(|| "\"local\" or \"provider\"".to_owned())
}

/// What people paste, made an address that paths of this wire can be added to (`wire.md` 7.5). A query stays only where
/// it is Azure's version of the interface.
pub(super) fn base_url(text: &str, wire: Wire) -> Result<String, String> {
    let text = text.trim();
    let is_local = |host: &str| host.starts_with("localhost") || host.starts_with("127.");
    let Some((scheme, _)) = text.split_once("://") else {
        let scheme = if is_local(text) { "http" } else { "https" };
        return Err(format!(
            "an address with its scheme, such as {scheme}://{text}"
        ));
    };
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err("an address that begins with http:// or https://".to_owned());
    }
    let (url, query) = match text.split_once('?') {
        Some((url, query)) if is_version(query) => (url, Some(query)),
        Some(_) | None => (text, None),
    };
    let url = without_ends(url, wire);
    let after = url.split_once("://").map_or("", |(_, after)| after);
    let (host, in_server) = after.split_once('/').unwrap_or((after, ""));
    if host.is_empty() || after.contains(char::is_whitespace) {
        return Err("an address with a host, such as https://api.example.org/v1".to_owned());
    }
    if after.contains(['?', '#']) {
        return Err("an address without `#`, and without `?` but for `?api-version=…`".to_owned());
    }
    let mut url = url.to_owned();
    if in_server.is_empty() && wire != Wire::Ollama {
        url.push_str("/v1");
    }
    if let Some(query) = query {
        url.push('?');
        url.push_str(query);
    }
    Ok(url)
}

/// The address without what salon adds to it by itself.
fn without_ends(url: &str, wire: Wire) -> &str {
    const OURS: [&str; 4] = ["/chat/completions", "/responses", "/messages", "/models"];
    const OLLAMA: [&str; 5] = ["/chat", "/generate", "/tags", "/api", "/v1"];
    let mut url = url.trim_end_matches('/');
    for end in OURS {
        if let Some(rest) = url.strip_suffix(end) {
            url = rest.trim_end_matches('/');
            break;
        }
    }
    if wire == Wire::Ollama {
        for end in OLLAMA {
            if let Some(rest) = url.strip_suffix(end) {
                url = rest.trim_end_matches('/');
            }
        }
    }
    url
}

/// Whether a query is nothing but the version Azure wants in every address.
fn is_version(query: &str) -> bool {
    let version = query.strip_prefix("api-version=");
    version.is_some_and(|version| {
        !version.is_empty()
            && version
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
    })
}

/// The host of an address, without port and brackets.
fn host(url: &str) -> &str {
    let after = url.split_once("://").map_or(url, |(_, after)| after);
    let authority = after.split('/').next().unwrap_or("");
    let host = authority.rsplit('@').next().unwrap_or("");
    match host.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or(""),
        None => host.split(':').next().unwrap_or(""),
    }
}

/// Whether a key would leave this house unencrypted. Names without a dot and the endings of home networks are near.
fn is_clear_and_far(url: &str) -> bool {
    let is_clear = url
        .get(..7)
        .is_some_and(|start| start.eq_ignore_ascii_case("http://"));
    let host = host(url).to_ascii_lowercase();
    let is_near = match host.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Ok(std::net::IpAddr::V6(ip)) => {
            ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()
        }
        Err(_) => {
            let ends = [".localhost", ".local", ".lan", ".internal", ".home.arpa"];
            !host.contains('.') || ends.iter().any(|end| host.ends_with(end))
        }
    };
    is_clear && !is_near
}

/// The stronger layer decides between a variable and a command; in the same layer the command.
fn key_source(layers: &Layers, reader: &mut Reader, name: &str) -> KeySource {
    let key = |last: &str| -> Path { vec!["providers".into(), name.into(), last.into()] };
    let command = reader.text(&key("key_command"));
    let variable = reader.read(&key("api_key_env"), Shown::Hidden, variable_name);
    if let Some(variable) = &variable {
        let layer = reader.layer_of(&key("api_key_env"));
        reader.origin(&key("api_key_env"), variable.clone(), layer);
    }
    let both = command.is_some() && variable.is_some();
    let (command_layer, variable_layer) = (
        reader.layer_of(&key("key_command")),
        reader.layer_of(&key("api_key_env")),
    );
    if both && command_layer == variable_layer {
        reader.problem(
            format!("The provider `{name}` has both `api_key_env` and `key_command`"),
            "The command is used; remove one of the two lines.".to_owned(),
        );
    }
    let is_command = command.is_some() && (variable.is_none() || command_layer >= variable_layer);
    let (source, value, layer) = match (command, variable) {
        (Some(command), _) if is_command => (
            KeySource::Command(command),
            "printed by key_command".to_owned(),
            command_layer,
        ),
        (_, Some(variable)) => {
            let secret = layers.variable(&variable).map(SecretString::from);
            let (value, layer) = match &secret {
                Some(_) => (format!("set in ${variable}"), Layer::Environment),
                None => (format!("${variable} is not set"), variable_layer),
            };
            let source = KeySource::Environment {
                name: variable,
                value: secret,
            };
            (source, value, layer)
        }
        _ => (KeySource::None, "none is wanted".to_owned(), Layer::Shipped),
    };
    reader.origin(&key("key"), value, layer);
    source
}

/// A name of a variable, and not the key itself, which must not stand in a file.
fn variable_name(text: &str) -> Result<String, String> {
    let is_name = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !text.starts_with(|c: char| c.is_ascii_digit());
    if is_name {
        return Ok(text.to_owned());
    }
    Err(
        "the name of an environment variable, such as \"OPENAI_API_KEY\"; never the key itself"
            .to_owned(),
    )
}

fn headers(reader: &mut Reader, table: &[String]) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    for name in reader.names(table) {
        let mut key = table.to_vec();
        key.push(name.clone());
        let is_token = name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
        if name.is_empty() || !is_token {
            reader.problem(
                format!("`{}` is no name of a header", print(&key)),
                "Use letters, digits and hyphens.".to_owned(),
            );
            continue;
        }
        let value = reader.read(&key, Shown::Hidden, |text| {
            let is_fine = text.bytes().all(|b| (b' '..=b'~').contains(&b));
            if is_fine {
                Ok(text.to_owned())
            } else {
                Err("printable ASCII".to_owned())
            }
        });
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
    headers
}
