//! The effective settings as `salon config show` prints them; no secret is in what they are made of.

use serde_json::{Value, json};

use super::{KeySource, Layer, Settings};

impl Layer {
    /// The word in `config show`.
    pub fn word(self) -> &'static str {
        match self {
            Layer::Shipped => "shipped",
            Layer::File => "file",
            Layer::Environment => "environment",
            Layer::Arguments => "arguments",
        }
    }
}

impl KeySource {
    /// Whether a key is there, or a command that prints one.
    pub fn is_set(&self) -> bool {
        match self {
            KeySource::None => false,
            KeySource::Environment { value, .. } => value.is_some(),
            KeySource::Command(_) => true,
        }
    }
}

/// The files, then every key with its value and layer, one a line. Values that are not set show as `-`.
pub fn show(settings: &Settings) -> Vec<String> {
    let files = files(settings)
        .into_iter()
        .map(|(what, file)| format!("{what:<10} {file}"));
    let width = settings.origins.iter().map(|origin| origin.key.len()).max();
    let values = settings.origins.iter().map(|origin| {
        let value = match origin.value.as_str() {
            "" => "-",
            value => value,
        };
        let value = value.replace('\n', "\\n");
        format!(
            "{:<width$}  {value}  ({})",
            origin.key,
            origin.layer.word(),
            width = width.unwrap_or(0)
        )
    });
    files.chain([String::new()]).chain(values).collect()
}

/// The same for scripts: one object a file (`file`, `path`), then one a key (`key`, `value` or null, `layer`).
pub fn show_json(settings: &Settings) -> Vec<Value> {
    let files = files(settings)
        .into_iter()
        .map(|(what, path)| json!({ "file": what, "path": path }));
    let values = settings.origins.iter().map(|origin| {
        let value = match origin.value.as_str() {
            "" => Value::Null,
            value => Value::from(value),
        };
        json!({ "key": origin.key, "value": value, "layer": origin.layer.word() })
    });
    files.chain(values).collect()
}

fn files(settings: &Settings) -> Vec<(&'static str, String)> {
    let paths = &settings.paths;
    vec![
        ("config", paths.config.display().to_string()),
        ("keys", paths.keys.display().to_string()),
        ("database", paths.database.display().to_string()),
        (
            "log",
            paths.state_dir.join("salon.log").display().to_string(),
        ),
    ]
}
