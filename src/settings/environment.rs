//! What the environment sets: `SALON_<SECTION>_<KEY>`, and the variables other programs share (spec M2).

use std::collections::{BTreeMap, BTreeSet};

use super::reader::{Reader, flag, path};
use super::tree::{Entry, Kind, Known, Path};
use super::{Layer, Layers};
use crate::domain::conversation::Sampling;
use crate::domain::hint::did_you_mean;
use crate::domain::model::ModelRef;

/// Variables with our prefix that are no settings of the file.
const OWN: [&str; 4] = ["SALON_CONFIG", "SALON_DATA_DIR", "SALON_USER", "SALON_LOG"];

/// Adds the entries of all `SALON_…` variables whose key exists in the shipped file or in the user's, of `SALON_USER`,
/// and of `OLLAMA_HOST`, which yields to `SALON_PROVIDERS_OLLAMA_BASE_URL`.
pub(super) fn add(layers: &Layers, known: &Known, reader: &mut Reader) {
    let keys = keys(known, &reader.names(&path("providers")));
    let names: BTreeMap<String, Path> = keys
        .into_iter()
        .map(|path| (variable_of(&path), path))
        .collect();
    if let Some(host) = layers.variable("OLLAMA_HOST") {
        let address = entry("OLLAMA_HOST", &ollama_address(host));
        reader.add([(path("providers.ollama.base_url"), address)]);
    }
    for (name, value) in &layers.environment {
        if !name.starts_with("SALON_") || value.is_empty() || OWN.contains(&name.as_str()) {
            continue;
        }
        match names.get(name) {
            Some(path) => reader.add([(path.clone(), entry(name, value))]),
            None => {
                let known = names.keys().map(String::as_str).chain(OWN);
                let remedy = did_you_mean(name, known, "It is ignored.");
                reader.problem(format!("${name}: salon has no such setting"), remedy);
            }
        }
    }
    if let Some(user) = layers.variable("SALON_USER") {
        reader.add([(path("user_id"), entry("SALON_USER", user))]);
    }
    add_hub(layers, reader);
}

/// `DATABASE_ENABLED`, and with it `DATABASE_URL`. The address alone does nothing, since it often belongs to another
/// project (spec D2); salon's own variables are stronger.
fn add_hub(layers: &Layers, reader: &mut Reader) {
    let Some(enabled) = layers.variable("DATABASE_ENABLED") else {
        return;
    };
    let mut take = |name: &str, key: &str, text: &str| {
        let own = reader.set(&path(key));
        if own.is_none_or(|set| set.layer != Layer::Environment) {
            reader.add([(path(key), entry(name, text))]);
        }
    };
    take("DATABASE_ENABLED", "sync.enabled", enabled);
    if let Some(url) = layers.variable("DATABASE_URL")
        && flag(enabled) == Ok(true)
    {
        take("DATABASE_URL", "sync.url", url);
    }
}

/// All keys that can be set, each once: those of the shipped file, and for every provider those of the documented one.
fn keys(known: &Known, providers: &[String]) -> Vec<Path> {
    let documented = known.leaves().filter(|(_, kind)| *kind != Kind::Open);
    let (of_one, mut keys): (Vec<Path>, Vec<Path>) = documented
        .map(|(path, _)| path.clone())
        .partition(|path| path.len() == 3 && path[0] == "providers");
    let last: BTreeSet<&String> = of_one.iter().map(|path| &path[2]).collect();
    for provider in providers {
        let of_this = last.iter().map(|key| ["providers", provider, key]);
        keys.extend(of_this.map(|path| path.map(str::to_owned).to_vec()));
    }
    keys
}

fn entry(name: &str, value: &str) -> Entry {
    Entry {
        text: value.to_owned(),
        layer: Layer::Environment,
        place: format!("${name}"),
    }
}

/// `chat.stream` as `SALON_CHAT_STREAM`.
fn variable_of(path: &[String]) -> String {
    let name = |part: &String| {
        part.chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() {
                    c.to_ascii_uppercase()
                } else {
                    '_'
                }
            })
            .collect::<String>()
    };
    let parts: Vec<String> = path.iter().map(name).collect();
    format!("SALON_{}", parts.join("_"))
}

/// The address `OLLAMA_HOST` means: with a scheme, a port, and a host that can be asked where it names all of them.
fn ollama_address(host: &str) -> String {
    let (scheme, rest) = host.split_once("://").unwrap_or(("", host));
    let (authority, below) = match rest.split_once('/') {
        Some((authority, below)) => (authority, format!("/{below}")),
        None => (rest, String::new()),
    };
    // A colon inside brackets belongs to the address.
    let colon = authority
        .rfind(':')
        .filter(|at| !authority[*at..].contains(']'));
    let (name, port) = match colon {
        Some(at) => (&authority[..at], authority[at..].to_owned()),
        // Who names a scheme means its port.
        None if scheme.is_empty() => (authority, ":11434".to_owned()),
        None => (authority, String::new()),
    };
    let name = match name {
        "" | "0.0.0.0" => "127.0.0.1",
        "[::]" => "[::1]",
        name => name,
    };
    let scheme = if scheme.is_empty() { "http" } else { scheme };
    format!("{scheme}://{name}{port}{below}")
}

/// `OPENAI_MAX_TOKENS` and `OPENAI_TEMPERATURE`, which hold for `openai` only.
pub(super) fn openai_sampling(layers: &Layers, reader: &mut Reader) -> Sampling {
    let mut take = |name: &str, key: &str| {
        let key = path(key);
        let set = layers.variable(name)?;
        reader.add([(key.clone(), entry(name, set))]);
        Some(key)
    };
    let temperature = take("OPENAI_TEMPERATURE", "providers.openai.temperature");
    let tokens = take("OPENAI_MAX_TOKENS", "providers.openai.max_output_tokens");
    Sampling {
        temperature: temperature
            .and_then(|key| reader.number(&key, 0.0..=2.0, "a number from 0 to 2")),
        max_output_tokens: tokens
            .and_then(|key| reader.number(&key, 1..=u32::MAX, "a whole number from 1 up")),
        ..Sampling::default()
    }
}

/// The model by `LLM_PROVIDER` and `LLM_MODEL`, else by `OPENAI_MODEL` (spec M2). `first` gives the model a provider
/// begins with, `has_key` whether its key is set.
pub(super) fn model(
    layers: &Layers,
    reader: &mut Reader,
    first: impl Fn(&str) -> Option<ModelRef>,
    has_key: impl Fn(&str) -> bool,
) -> Option<ModelRef> {
    let openai_model = || {
        let name = layers.variable("OPENAI_MODEL")?;
        Some(ModelRef::new("openai", name))
    };
    let provider = layers.variable("LLM_PROVIDER").map(str::to_lowercase);
    match (provider, layers.variable("LLM_MODEL")) {
        (Some(provider), Some(name)) => Some(ModelRef::new(provider, name)),
        (None, Some(name)) => {
            let all = reader.names(&path("providers"));
            let mut others = all.iter().filter(|name| *name != "openrouter");
            let is_openrouter = has_key("openrouter") && !others.any(|name| has_key(name));
            let provider = if is_openrouter {
                "openrouter"
            } else {
                "openai"
            };
            Some(ModelRef::new(provider, name))
        }
        (Some(provider), None) => {
            let of_openai = openai_model().filter(|_| provider == "openai");
            let found = of_openai.or_else(|| first(&provider));
            if found.is_none() {
                reader.problem(
                    format!("$LLM_PROVIDER is `{provider}`, but no model is named"),
                    "Set LLM_MODEL too, or `default_model` in the config.".to_owned(),
                );
            }
            found.or_else(openai_model)
        }
        (None, None) => openai_model(),
    }
}

impl Layers {
    /// An environment variable that is set and not empty.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        let value = self.environment.get(name)?.trim();
        (!value.is_empty()).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ollamas_host_becomes_an_address() {
        for (host, address) in [
            ("127.0.0.1", "http://127.0.0.1:11434"),
            ("0.0.0.0:11500", "http://127.0.0.1:11500"),
            (":11500", "http://127.0.0.1:11500"),
            ("0.0.0.0", "http://127.0.0.1:11434"),
            ("http://box.lan", "http://box.lan"),
            ("https://box.lan:8443/ollama", "https://box.lan:8443/ollama"),
            ("box.lan", "http://box.lan:11434"),
            ("[::]", "http://[::1]:11434"),
            ("[fe80::1]:9", "http://[fe80::1]:9"),
        ] {
            assert_eq!(ollama_address(host), address, "{host}");
        }
    }

    #[test]
    fn each_key_of_each_provider_is_there_once() {
        let shipped = "[chat]\nstream = true\n[providers.openai]\nwire = \"\"\nheaders = {}\nenabled = true\n";
        let known = Known::of(shipped);
        let providers: Vec<String> = (0..12).map(|n| format!("p{n}")).collect();
        let found = keys(&known, &providers);
        let once: BTreeSet<&Path> = found.iter().collect();
        assert_eq!((found.len(), once.len()), (25, 25));
        assert!(once.contains(&path("chat.stream")));
        assert!(once.contains(&path("providers.p11.enabled")));
    }
}
