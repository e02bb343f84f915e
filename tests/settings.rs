//! The settings from their layers: what wins, what is told, what is hidden.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where its ground is missing"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use salon::domain::conversation::Storage;
use salon::domain::model::ModelRef;
use salon::domain::price::{Price, Tariff};
use salon::domain::when::Millis;
use salon::settings::{KeySource, Layer, Layers, Retention, Settings, Wire, load, show, show_json};
use secrecy::ExposeSecret;

/// Settings of a home folder with this `salon.toml` and these variables.
fn settings_with(file: &str, variables: &[(&str, &str)], model: Option<&str>) -> Settings {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".config/salon");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("salon.toml"), file).unwrap();
    load(&layers(home.path(), variables, model)).unwrap()
}

fn settings(file: &str) -> Settings {
    settings_with(file, &[], None)
}

fn layers(home: &Path, variables: &[(&str, &str)], model: Option<&str>) -> Layers {
    let mut environment: BTreeMap<String, String> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    environment.insert("HOME".to_owned(), home.display().to_string());
    Layers {
        model: model.map(str::to_owned),
        environment,
        ..Layers::default()
    }
}

fn titles(settings: &Settings) -> Vec<String> {
    settings.problems.iter().map(ToString::to_string).collect()
}

fn origin<'a>(settings: &'a Settings, key: &str) -> (&'a str, Layer) {
    let found = settings.origins.iter().find(|origin| origin.key == key);
    let found = found.unwrap_or_else(|| panic!("no {key}"));
    (&found.value, found.layer)
}

#[test]
fn the_shipped_file_has_no_problem_and_stands_without_a_user() {
    let home = tempfile::tempdir().unwrap();
    let settings = load(&layers(home.path(), &[], None)).unwrap();
    assert_eq!(titles(&settings), Vec::<String>::new());
    assert!(settings.broken.is_none() && settings.model.is_none());
    assert_eq!(
        settings.fallback_models,
        [
            ModelRef::new("openai", "gpt-4o"),
            ModelRef::new("openrouter", "openai/gpt-4o"),
            ModelRef::new("anthropic", "claude-sonnet-5-5"),
        ]
    );
    assert_eq!(settings.chat.max_input_chars, 10_000);
    assert_eq!(settings.chat.sampling.temperature, None);
    assert_eq!(settings.chat.sampling.stream, Some(true));
    assert_eq!(settings.limits.requests_per_minute, 10);
    assert_eq!(settings.limits.silence, Duration::from_secs(300));
    assert_eq!(settings.limits.silence_local, Duration::from_secs(900));
    assert!(settings.chores.titles && settings.ui.mouse && !settings.ui.no_color);
    let openai = &settings.providers["openai"];
    assert_eq!(openai.base_url, "https://api.openai.com/v1");
    assert_eq!(openai.title_model.as_deref(), Some("gpt-4o-mini"));
    assert!(
        matches!(&openai.key, KeySource::Environment { name, value: None } if name == "OPENAI_API_KEY")
    );
    let openrouter = &settings.providers["openrouter"];
    assert_eq!(openrouter.base_url, "https://openrouter.ai/api/v1");
    assert!(openrouter.title_model.is_none());
    assert!(settings.keys_file.is_empty());
    let rows = [
        (
            "anthropic",
            Wire::Messages,
            "https://api.anthropic.com/v1",
            "ANTHROPIC_API_KEY",
        ),
        (
            "llamacpp",
            Wire::ChatCompletions,
            "http://127.0.0.1:8080/v1",
            "",
        ),
        (
            "lmstudio",
            Wire::ChatCompletions,
            "http://127.0.0.1:1234/v1",
            "",
        ),
        ("ollama", Wire::Ollama, "http://127.0.0.1:11434", ""),
        (
            "openai",
            Wire::Responses,
            "https://api.openai.com/v1",
            "OPENAI_API_KEY",
        ),
        (
            "openrouter",
            Wire::ChatCompletions,
            "https://openrouter.ai/api/v1",
            "OPENROUTER_API_KEY",
        ),
    ];
    let names: Vec<&str> = settings.providers.keys().map(String::as_str).collect();
    assert_eq!(names, rows.map(|row| row.0));
    for (name, wire, base_url, variable) in rows {
        let provider = &settings.providers[name];
        let known = match &provider.key {
            KeySource::Environment { name, .. } => name.as_str(),
            KeySource::None => "",
            KeySource::Command(_) => panic!("{name}"),
        };
        assert_eq!(
            (provider.wire, provider.base_url.as_str(), known),
            (wire, base_url, variable),
            "{name}"
        );
        assert!(provider.enabled);
    }
}

#[test]
fn the_address_of_ollama_comes_from_its_own_variable() {
    let address = |file: &str, variables: &[(&str, &str)]| {
        let settings = settings_with(file, variables, None);
        assert_eq!(titles(&settings), Vec::<String>::new());
        settings.providers["ollama"].base_url.clone()
    };
    let host = ("OLLAMA_HOST", "0.0.0.0:11500");
    assert_eq!(address("", &[host]), "http://127.0.0.1:11500");
    let own = ("SALON_PROVIDERS_OLLAMA_BASE_URL", "http://box.lan:1/v1");
    assert_eq!(address("", &[host, own]), "http://box.lan:1");
    let compatible = "[providers.ollama]\nwire = \"chat-completions\"\n";
    assert_eq!(address(compatible, &[host]), "http://127.0.0.1:11500/v1");
}

#[test]
fn addresses_are_made_fit_for_their_wire() {
    for (wire, pasted, address) in [
        ("anthropic", "https://x", "https://x/v1"),
        ("anthropic", "https://x/v1/messages", "https://x/v1"),
        (
            "anthropic",
            "https://x/anthropic/v1/",
            "https://x/anthropic/v1",
        ),
        (
            "ollama",
            "http://127.0.0.1:11434/v1",
            "http://127.0.0.1:11434",
        ),
        (
            "ollama",
            "http://127.0.0.1:11434/v1/chat/completions",
            "http://127.0.0.1:11434",
        ),
        (
            "ollama",
            "http://127.0.0.1:11434/api/chat",
            "http://127.0.0.1:11434",
        ),
        ("ollama", "https://x/ollama/api/", "https://x/ollama"),
        (
            "chat-completions",
            "https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21",
            "https://r.openai.azure.com/openai/deployments/d?api-version=2024-10-21",
        ),
    ] {
        let file = format!("[providers.lab]\nwire = \"{wire}\"\nbase_url = \"{pasted}\"\n");
        let settings = settings(&file);
        assert_eq!(titles(&settings), Vec::<String>::new(), "{pasted}");
        assert_eq!(settings.providers["lab"].base_url, address, "{pasted}");
    }
}

#[test]
fn the_whole_shipped_file_as_a_users_file_is_accepted() {
    let settings = settings(include_str!("../config/salon.toml"));
    assert_eq!(titles(&settings), Vec::<String>::new());
}

#[test]
fn each_layer_beats_the_one_below() {
    let file = "[chat]\ntemperature = 0.5\n";
    let temperature = |settings: &Settings| settings.chat.sampling.temperature;
    assert_eq!(temperature(&settings("")), None);
    let by_file = settings(file);
    assert_eq!(temperature(&by_file), Some(0.5));
    assert_eq!(origin(&by_file, "chat.temperature"), ("0.5", Layer::File));
    let variable = [("SALON_CHAT_TEMPERATURE", "0.25")];
    let by_variable = settings_with(file, &variable, None);
    assert_eq!(temperature(&by_variable), Some(0.25));
    assert_eq!(
        origin(&by_variable, "chat.temperature"),
        ("0.25", Layer::Environment)
    );
    assert_eq!(
        origin(&by_variable, "chat.max_input_chars"),
        ("10000", Layer::Shipped)
    );
}

/// One row: file, variables, `--model`, and the model that must come out with its layer.
type Row = (
    &'static str,
    &'static [(&'static str, &'static str)],
    Option<&'static str>,
    Option<(&'static str, Layer)>,
);

#[test]
fn the_model_is_chosen_in_the_order_of_the_layers() {
    let rows: &[Row] = &[
        ("", &[], None, None),
        (
            "",
            &[("OPENAI_MODEL", "o1")],
            None,
            Some(("openai/o1", Layer::Environment)),
        ),
        (
            "",
            &[("OPENAI_MODEL", "o1"), ("LLM_MODEL", "m")],
            None,
            Some(("openai/m", Layer::Environment)),
        ),
        (
            "",
            &[("LLM_MODEL", "a/m"), ("OPENROUTER_API_KEY", "k")],
            None,
            Some(("openrouter/a/m", Layer::Environment)),
        ),
        (
            "",
            &[
                ("LLM_MODEL", "m"),
                ("OPENROUTER_API_KEY", "k"),
                ("OPENAI_API_KEY", "k"),
            ],
            None,
            Some(("openai/m", Layer::Environment)),
        ),
        (
            "",
            &[
                ("LLM_MODEL", "m"),
                ("OPENROUTER_API_KEY", "k"),
                ("ANTHROPIC_API_KEY", "k"),
            ],
            None,
            Some(("openai/m", Layer::Environment)),
        ),
        (
            "",
            &[("LLM_PROVIDER", "anthropic")],
            None,
            Some(("anthropic/claude-sonnet-5-5", Layer::Environment)),
        ),
        (
            "",
            &[("LLM_PROVIDER", "lab"), ("LLM_MODEL", "m")],
            None,
            Some(("lab/m", Layer::Environment)),
        ),
        (
            "",
            &[("LLM_PROVIDER", "OpenRouter")],
            None,
            Some(("openrouter/openai/gpt-4o", Layer::Environment)),
        ),
        (
            "",
            &[("LLM_PROVIDER", "openai"), ("OPENAI_MODEL", "o1")],
            None,
            Some(("openai/o1", Layer::Environment)),
        ),
        (
            "default_model = \"lab/x\"",
            &[("LLM_MODEL", "m"), ("OPENAI_MODEL", "o1")],
            None,
            Some(("lab/x", Layer::File)),
        ),
        (
            "default_model = \"lab/x\"",
            &[("SALON_DEFAULT_MODEL", "lab/y")],
            None,
            Some(("lab/y", Layer::Environment)),
        ),
        (
            "default_model = \"lab/x\"",
            &[("SALON_DEFAULT_MODEL", "lab/y")],
            Some("lab/z"),
            Some(("lab/z", Layer::Arguments)),
        ),
        ("", &[("OPENAI_MODEL", "")], None, None),
    ];
    for (file, variables, argument, expected) in rows {
        let settings = settings_with(file, variables, *argument);
        let model = settings.model.as_ref().map(ToString::to_string);
        assert_eq!(
            model.as_deref(),
            expected.map(|(model, _)| model),
            "{file} {variables:?} {argument:?}"
        );
        if let Some(expected) = expected {
            assert_eq!(origin(&settings, "model"), *expected);
        }
        assert_eq!(titles(&settings), Vec::<String>::new());
    }
}

#[test]
fn a_model_without_a_provider_is_refused_as_an_argument_and_told_in_a_file() {
    let home = tempfile::tempdir().unwrap();
    let failure = load(&layers(home.path(), &[], Some("gpt-4o"))).unwrap_err();
    assert!(failure.title.contains("provider/name"), "{failure}");
    let settings = settings("default_model = \"gpt-4o\"\n");
    assert_eq!(settings.model, None);
    assert!(titles(&settings)[0].contains("line 1: `default_model` cannot be `gpt-4o`"));
    let lonely = settings_with("", &[("LLM_PROVIDER", "lab")], None);
    assert!(
        titles(&lonely)[0].contains("LLM_MODEL"),
        "{:?}",
        titles(&lonely)
    );
}

#[test]
fn unknown_keys_are_told_with_line_and_nearest_name_and_the_rest_holds() {
    let settings = settings(
        "default_model = \"lab/x\"\ncolour = true\n\n[chat]\ntemprature = 0.5\nstream = false\n\
         [providers.lab]\nbase_url = \"http://localhost:1/v1\"\napikey = \"sk-secret\"\n[cat]\nx = 1\n\
         [pricing.\"lab/x\"]\ninput_per_1m = 2\n",
    );
    let expected = [
        "salon.toml line 2: salon has no setting `colour`",
        "salon.toml line 5: salon has no setting `chat.temprature`. Did you mean `temperature`?",
        "salon.toml line 9: salon has no setting `providers.lab.apikey`",
        "salon.toml line 10: salon has no setting `cat`. Did you mean `chat`?",
        "salon.toml line 13: salon has no setting `pricing.\"lab/x\".input_per_1m`. Did you mean `input_per_1k`?",
    ];
    let told = titles(&settings);
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told}");
        assert!(!told.contains("sk-secret"), "{told}");
    }
    assert_eq!(settings.chat.sampling.stream, Some(false));
    assert_eq!(settings.model, Some(ModelRef::new("lab", "x")));
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "a table of values and what is said of them"
)]
fn bad_values_keep_the_lower_layers_and_name_the_range() {
    for (file, key, range) in [
        ("[chat]\ntemperature = 3", "chat.temperature", "0 to 2"),
        (
            "[chat]\ntemperature = \"warm\"",
            "chat.temperature",
            "0 to 2",
        ),
        ("[chat]\ntemperature = nan", "chat.temperature", "0 to 2"),
        (
            "[chat]\nmax_output_tokens = 0",
            "chat.max_output_tokens",
            "from 1",
        ),
        (
            "[chat]\nmax_input_chars = 0",
            "chat.max_input_chars",
            "from 1",
        ),
        (
            "[chat]\nstream = \"perhaps\"",
            "chat.stream",
            "true or false",
        ),
        (
            "[limits]\nsilence_seconds = 0",
            "limits.silence_seconds",
            "1 to 86400",
        ),
        (
            "[limits]\nrequests_per_minute = -1",
            "limits.requests_per_minute",
            "0 (no limit)",
        ),
        ("[ui]\nambiguous_width = 3", "ui.ambiguous_width", "1 or 2"),
        (
            "[ui]\npaste_chip_chars = 0",
            "ui.paste_chip_chars",
            "from 1 up",
        ),
        ("[ui]\nmouse = \"left\"", "ui.mouse", "\"on\" or \"off\""),
        (
            "[chores]\ntitle_model = \"x\"",
            "chores.title_model",
            "provider/name",
        ),
        (
            "[providers.openai]\nbase_url = \"ftp://x\"",
            "providers.openai.base_url",
            "https://",
        ),
        (
            "[providers.openai]\nwire = \"soap\"",
            "providers.openai.wire",
            "\"chat-completions\"",
        ),
        (
            "[context]\nwindow_size = \"big\"",
            "context.window_size",
            "a number",
        ),
        (
            "[pricing.\"a/b\"]\ninput_per_1k = -1",
            "pricing.\"a/b\".input_per_1k",
            "decimal",
        ),
        (
            "[providers.openai]\nstorage = \"cloud\"",
            "providers.openai.storage",
            "\"local\" or \"provider\"",
        ),
        ("version =\t2", "version", "newer"),
    ] {
        let settings = settings(file);
        let told = titles(&settings);
        assert_eq!(told.len(), 1, "{file}: {told:?}");
        let line = file.lines().count();
        assert!(
            told[0].contains(&format!("salon.toml line {line}: `{key}` cannot be"))
                && told[0].contains(range),
            "{file}: {}",
            told[0]
        );
        assert_eq!(settings.limits.requests_per_minute, 10);
        assert_eq!(settings.chat.max_input_chars, 10_000);
        assert_eq!(
            settings.providers["openai"].base_url,
            "https://api.openai.com/v1"
        );
    }
    let lower = settings_with(
        "[chat]\ntemperature = 0.5",
        &[("SALON_CHAT_TEMPERATURE", "9")],
        None,
    );
    assert_eq!(lower.chat.sampling.temperature, Some(0.5));
    assert!(
        titles(&lower)[0].starts_with("$SALON_CHAT_TEMPERATURE: `chat.temperature` cannot be `9`")
    );
    let lines = settings("chat = 3\n[providers]\nlab = 1\n");
    assert!(
        titles(&lines)[0].contains("line 1: `chat` is a section"),
        "{:?}",
        titles(&lines)
    );
    assert!(titles(&lines)[1].contains("line 3: `providers.lab` is a section"));
}

#[test]
fn a_file_that_is_no_toml_is_broken_and_defaults_hold() {
    let settings = settings("default_model = \"lab/x\"\nthis is not toml\n");
    let broken = settings.broken.as_ref().unwrap();
    assert!(broken.title.starts_with("salon.toml line 2:"), "{broken}");
    assert_eq!(settings.model, None);
    let home = tempfile::tempdir().unwrap();
    let mut given = layers(home.path(), &[], None);
    given.config = Some(home.path().join("missing.toml"));
    let broken = load(&given).unwrap().broken.unwrap();
    assert!(
        broken.title.contains("missing.toml: there is no such file"),
        "{broken}"
    );
    given.config = Some(home.path().to_owned());
    assert!(load(&given).unwrap().broken.is_some());
    let file = home.path().join("latin.toml");
    fs::write(&file, b"user_id = \"\xff\"").unwrap();
    given.config = Some(file);
    assert!(
        load(&given)
            .unwrap()
            .broken
            .unwrap()
            .title
            .contains("UTF-8")
    );
}

#[test]
fn a_users_provider_is_read_and_its_address_trimmed() {
    let settings = settings_with(
        "[providers.lab]\nwire = \"chat-completions\"\nbase_url = \" http://127.0.0.1:8080/v1/chat/completions/ \"\n\
         api_key_env = \"LAB_KEY\"\nrequests_per_minute = 0\nca_file = \"~/ca.pem\"\n\
         headers = { \"X-Title\" = \"salon\", \"bad name\" = \"x\", X-Bad = \"a\\nb\" }\n\
         [providers.bare]\nbase_url = \"http://localhost:1234\"\n\
         [providers.off]\nbase_url = \"https://example.org\"\nenabled = false\n\
         [providers.cmd]\nbase_url = \"https://example.org/x/\"\nkey_command = \"pass show x\"\n",
        &[("LAB_KEY", " sk-1 \n")],
        None,
    );
    let lab = &settings.providers["lab"];
    assert_eq!(lab.base_url, "http://127.0.0.1:8080/v1");
    assert_eq!(lab.requests_per_minute, Some(0));
    assert!(lab.ca_file.as_ref().unwrap().is_absolute());
    assert_eq!(lab.headers.len(), 1);
    assert_eq!(lab.headers["X-Title"], "salon");
    match &lab.key {
        KeySource::Environment { name, value } => {
            assert_eq!(name, "LAB_KEY");
            assert_eq!(value.as_ref().unwrap().expose_secret(), "sk-1");
        }
        other @ (KeySource::None | KeySource::Command(_)) => panic!("{other:?}"),
    }
    let bare = &settings.providers["bare"];
    assert_eq!(bare.base_url, "http://localhost:1234/v1");
    assert!(matches!(bare.key, KeySource::None));
    assert!(!settings.providers["off"].enabled);
    assert_eq!(settings.providers["cmd"].base_url, "https://example.org/x");
    assert!(matches!(&settings.providers["cmd"].key, KeySource::Command(c) if c == "pass show x"));
    let told = titles(&settings);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().any(|told| told.contains("bad name")));
    assert!(
        told.iter()
            .any(|told| told.contains("X-Bad") && told.contains("printable"))
    );
}

#[test]
fn only_the_responses_wire_keeps_conversations() {
    let kept = settings("[providers.openai]\nstorage = \"provider\"\n");
    assert_eq!(titles(&kept), [""; 0]);
    assert_eq!(kept.providers["openai"].storage, Storage::Provider);
    assert_eq!(kept.providers["openrouter"].storage, Storage::Local);
    let not = settings("[providers.openrouter]\nstorage = \"provider\"\n");
    let told = titles(&not);
    assert!(
        told.len() == 1 && told[0].contains("`openrouter` cannot keep conversations"),
        "{told:?}"
    );
}

#[test]
fn how_long_things_are_kept_is_read_in_whole_days() {
    let of = |trash_days, archive_after_days, keep_days| Retention {
        trash_days,
        archive_after_days,
        keep_days,
    };
    assert_eq!(settings("").retention, of(30, 0, 0));
    let file = "[storage]\ntrash_days = 0\narchive_after_days = 90\nkeep_days = 365\n";
    let own = settings(file);
    assert_eq!((own.retention, titles(&own).len()), (of(0, 90, 365), 0));
    for bad in ["-1", "1.5", "36501", "\"soon\""] {
        let own = settings(&format!("[storage]\nkeep_days = {bad}\n"));
        assert_eq!(own.retention, of(30, 0, 0), "{bad}");
        assert!(titles(&own)[0].contains("storage.keep_days"), "{bad}");
    }
    let own = settings_with("", &[("SALON_STORAGE_KEEP_DAYS", "7")], None);
    assert_eq!(own.retention, of(30, 0, 7));
}

#[test]
fn a_provider_that_cannot_be_used_is_told_and_left_out() {
    for (section, says) in [
        (
            "base_url = \"127.0.0.1:8080/v1\"",
            "http://127.0.0.1:8080/v1",
        ),
        (
            "base_url = \"api.example.org/v1\"",
            "https://api.example.org/v1",
        ),
        ("wire = \"chat-completions\"", "has no address"),
        ("base_url = \"https://\"", "with a host"),
        ("base_url = \"https://x/v1?key=1\"", "without `?`"),
        (
            "base_url = \"https://x\"\nwire = \"soap\"",
            "\"chat-completions\"",
        ),
    ] {
        let settings = settings(&format!("[providers.lab]\n{section}\n"));
        let told = titles(&settings);
        assert!(
            told.len() == 1 && told[0].contains(says),
            "{section}: {told:?}"
        );
        assert!(!settings.providers.contains_key("lab"), "{section}");
    }
    let guide = settings("[providers.guide]\nbase_url = \"https://x\"\n");
    assert!(titles(&guide)[0].contains("built-in guide"));
    let clear =
        settings("[providers.far]\nbase_url = \"http://example.org\"\napi_key_env = \"K\"\n");
    assert!(titles(&clear)[0].contains("in clear") && clear.providers.contains_key("far"));
    for near in [
        "http://192.168.1.7:8080",
        "http://[::1]:1",
        "http://box:1",
        "http://nas.local",
    ] {
        let near = settings(&format!(
            "[providers.near]\nbase_url = \"{near}\"\napi_key_env = \"K\"\n"
        ));
        assert_eq!(titles(&near), Vec::<String>::new());
    }
}

#[test]
fn the_stronger_layer_decides_where_a_key_comes_from() {
    let command = settings_with(
        "[providers.openai]\nkey_command = \"pass show x\"\n",
        &[("OPENAI_API_KEY", "k")],
        None,
    );
    assert!(matches!(
        command.providers["openai"].key,
        KeySource::Command(_)
    ));
    let variable = settings_with(
        "[providers.openai]\nkey_command = \"pass show x\"\n",
        &[
            ("SALON_PROVIDERS_OPENAI_API_KEY_ENV", "OTHER"),
            ("OTHER", "k"),
        ],
        None,
    );
    assert!(
        matches!(&variable.providers["openai"].key, KeySource::Environment { name, .. } if name == "OTHER")
    );
    let none = settings("[providers.openai]\napi_key_env = \"\"\n");
    assert!(matches!(none.providers["openai"].key, KeySource::None));
    let both = settings(
        "[providers.lab]\nbase_url = \"https://x\"\napi_key_env = \"K\"\nkey_command = \"c\"\n",
    );
    assert!(matches!(both.providers["lab"].key, KeySource::Command(_)));
    assert!(titles(&both)[0].contains("both"));
}

#[test]
fn openai_variables_hold_for_openai_only() {
    let settings = settings_with(
        "[providers.lab]\nbase_url = \"https://x\"\n",
        &[("OPENAI_TEMPERATURE", "0.1"), ("OPENAI_MAX_TOKENS", "77")],
        None,
    );
    let openai = &settings.providers["openai"].sampling;
    assert_eq!(
        (openai.temperature, openai.max_output_tokens),
        (Some(0.1), Some(77))
    );
    assert_eq!(settings.providers["lab"].sampling, Default::default());
    assert_eq!(settings.chat.sampling.temperature, None);
    let bad = settings_with(
        "",
        &[("OPENAI_TEMPERATURE", "hot"), ("OPENAI_MAX_TOKENS", "0")],
        None,
    );
    assert_eq!(titles(&bad).len(), 2);
}

#[test]
fn a_bad_price_is_told_with_its_line_and_the_others_hold() {
    for (line, allowed) in [
        ("from = \"soon\"", "2026-11-21"),
        ("output_per_1k = \"cheap\"", "decimal"),
        ("cached_per_1k = \"-0.1\"", "decimal"),
    ] {
        let file = format!("[pricing.\"a/b\"]\ninput_per_1k = \"0.001\"\n{line}");
        let settings = settings(&file);
        let told = titles(&settings);
        assert_eq!(told.len(), 1, "{file}: {told:?}");
        assert!(told[0].contains("line 3: `pricing.\"a/b\"."), "{told:?}");
        let remedy = &settings.problems[0].remedy;
        assert!(remedy.contains(allowed), "{remedy}");
        let tariff = &settings.pricing[&ModelRef::new("a", "b")];
        assert_eq!((tariff.price.input, tariff.from), (Some(1_000_000), None));
    }
}

#[test]
fn a_price_of_the_environment_is_stronger_than_the_files() {
    let settings = settings_with(
        "default_model = \"lab/x\"\n[pricing]\ninput_per_1k = \"0.001\"\noutput_per_1k = \"0.002\"\n",
        &[("SALON_PRICING_INPUT_PER_1K", "0.005")],
        None,
    );
    assert_eq!(titles(&settings), Vec::<String>::new());
    let price = settings.pricing[&ModelRef::new("lab", "x")].price;
    assert_eq!(
        (price.input, price.output),
        (Some(5_000_000), Some(2_000_000))
    );
}

#[test]
fn prices_are_read_exactly() {
    let settings = settings(
        "default_model = \"lab/x\"\n[pricing]\ninput_per_1k = \"0.0025\"\noutput_per_1k = 0.01\n\
         [pricing.\"openai/gpt-4.1\"]\ninput_per_1k = 2\ncached_per_1k = \"0.000000001\"\n\
         from = \"2026-12-01\"\n",
    );
    assert_eq!(titles(&settings), Vec::<String>::new());
    assert_eq!(
        settings.pricing[&ModelRef::new("lab", "x")],
        Tariff::flat(Price {
            input: Some(2_500_000),
            output: Some(10_000_000),
            ..Price::default()
        })
    );
    let other = &settings.pricing[&ModelRef::new("openai", "gpt-4.1")];
    assert_eq!(other.from, Millis::of_day("2026-12-01"));
    assert_eq!(
        (other.price.input, other.price.cached),
        (Some(2_000_000_000), Some(1))
    );
    let flat = settings_with("[pricing]\ninput_per_1k = \"1\"\n", &[], Some("lab/x"));
    assert!(flat.pricing.is_empty() && titles(&flat)[0].contains("default_model"));
}

#[test]
fn our_variables_are_generic_and_a_wrong_one_is_told() {
    let settings = settings_with(
        "[providers.my-lab]\nbase_url = \"https://x\"\n",
        &[
            ("SALON_LIMITS_REQUESTS_PER_MINUTE", "3"),
            ("SALON_PROVIDERS_MY_LAB_BASE_URL", "https://y/v1"),
            ("SALON_CHORES_TITLES", "off"),
            ("SALON_USER", "someone"),
            ("SALON_LOG", "debug"),
            ("SALON_CHAT_TEMPRATURE", "1"),
            ("NO_COLOR", "1"),
            ("SSL_CERT_FILE", "/certs.pem"),
        ],
        None,
    );
    assert_eq!(settings.limits.requests_per_minute, 3);
    assert_eq!(settings.providers["my-lab"].base_url, "https://y/v1");
    assert!(!settings.chores.titles && settings.ui.no_color);
    assert_eq!(settings.user_id.as_deref(), Some("someone"));
    assert_eq!(settings.log_filter.as_deref(), Some("debug"));
    assert_eq!(
        settings.network.ca_file.as_deref(),
        Some(Path::new("/certs.pem"))
    );
    assert_eq!(origin(&settings, "network.ca_file").1, Layer::Environment);
    let told = titles(&settings);
    assert_eq!(told.len(), 1);
    assert!(
        told[0].contains("Did you mean `SALON_CHAT_TEMPERATURE`?"),
        "{told:?}"
    );
}

#[test]
fn show_names_every_key_and_no_secret() {
    let settings = settings_with(
        "[providers.lab]\nbase_url = \"https://me:pass-1@x/v1\"\nheaders = { Auth = \"pass-2\" }\napi_key_env = \"pass-3!\"\n\
         [network]\nproxy = \"http://u:pass-4@p:1\"\n[sync]\nurl = \"postgres://u:pass-5@h/d\"\n",
        &[("OPENAI_API_KEY", "pass-6")],
        None,
    );
    let lines = show(&settings).join("\n");
    let json: Vec<String> = show_json(&settings)
        .iter()
        .map(ToString::to_string)
        .collect();
    let all = format!(
        "{lines}\n{}\n{}\n{settings:?}",
        json.join("\n"),
        titles(&settings).join("\n")
    );
    let printed = all.split("Settings {").next().unwrap();
    assert!(!printed.contains("pass-"), "{printed}");
    assert!(!all.contains("pass-6"), "a debug print shows a key");
    assert!(
        lines.contains("set in $OPENAI_API_KEY  (environment)"),
        "{lines}"
    );
    assert!(lines.contains("$OPENROUTER_API_KEY is not set"));
    for key in [
        "version",
        "chat.temperature",
        "context.mode",
        "providers.openai.wire",
        "sync.enabled",
    ] {
        assert!(
            settings.origins.iter().any(|origin| origin.key == key),
            "{key}"
        );
    }
    let first = settings.origins.first().unwrap();
    assert_eq!(first.key, "version");
    assert!(
        json.iter()
            .any(|line| line.contains("\"layer\":\"shipped\""))
    );
}

#[test]
fn a_hub_is_set_up_by_two_variables_or_by_the_file() {
    use secrecy::ExposeSecret;
    let hub = |text: &str, environment: &[(&str, &str)]| {
        let settings = settings_with(text, environment, None);
        let url = settings
            .sync
            .as_ref()
            .map(|sync| sync.url.expose_secret().to_owned());
        (url, titles(&settings))
    };
    let (ours, theirs) = ("postgres://me@h/mine", "postgresql://other@h/theirs");
    let file = format!("[sync]\nenabled = true\nurl = \"{ours}\"\n");
    let none: Vec<String> = Vec::new();
    for (text, environment, expected) in [
        ("", vec![], None),
        // Alone it belongs to another project.
        ("", vec![("DATABASE_URL", theirs)], None),
        (file.as_str(), vec![("DATABASE_URL", theirs)], Some(ours)),
        (
            "",
            vec![("DATABASE_ENABLED", "true"), ("DATABASE_URL", theirs)],
            Some(theirs),
        ),
        (
            "",
            vec![("DATABASE_ENABLED", "1"), ("DATABASE_URL", theirs)],
            Some(theirs),
        ),
        (
            "",
            vec![("DATABASE_ENABLED", "false"), ("DATABASE_URL", theirs)],
            None,
        ),
        (file.as_str(), vec![("DATABASE_ENABLED", "false")], None),
        (
            file.as_str(),
            vec![("DATABASE_ENABLED", "true")],
            Some(ours),
        ),
        (
            "",
            vec![
                ("SALON_SYNC_ENABLED", "true"),
                ("SALON_SYNC_URL", ours),
                ("DATABASE_ENABLED", "true"),
                ("DATABASE_URL", theirs),
            ],
            Some(ours),
        ),
    ] {
        let expected = (expected.map(str::to_owned), none.clone());
        assert_eq!(hub(text, &environment), expected, "{text} {environment:?}");
    }
    let (url, told) = hub("", &[("DATABASE_ENABLED", "true")]);
    assert_eq!((url, told.len()), (None, 1));
    assert!(
        told[0].contains("$DATABASE_ENABLED") && told[0].contains("no address"),
        "{told:?}"
    );
    let (url, told) = hub("[sync]\nenabled = true\n", &[("DATABASE_URL", theirs)]);
    assert_eq!((url, told.len()), (None, 1));
    assert!(told[0].contains("salon.toml line 2"), "{told:?}");
    let (url, told) = hub(
        "",
        &[
            ("DATABASE_ENABLED", "true"),
            ("DATABASE_URL", "mysql://u:pass-7@h/d"),
        ],
    );
    assert_eq!((url, told.len()), (None, 1));
    assert!(
        told[0].contains("$DATABASE_URL") && !told[0].contains("pass-7"),
        "{told:?}"
    );
}

#[test]
fn the_users_keys_lie_beside_the_config() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("keys.toml"), "[list]\n").unwrap();
    fs::write(home.path().join("salon.toml"), "").unwrap();
    let mut given = layers(home.path(), &[], None);
    given.config = Some(home.path().join("salon.toml"));
    assert_eq!(load(&given).unwrap().keys_file, "[list]\n");
}

#[test]
fn the_proxies_of_the_environment_are_known_by_their_variables() {
    let proxies = |variables: &[(&str, &str)]| settings_with("", variables, None).network.proxies;
    let named = |name: &str, address: &str| Some((name.to_owned(), address.to_owned()));
    let set = proxies(&[
        ("HTTPS_PROXY", "http://upper:1"),
        ("https_proxy", "http://lower:1"),
        ("ALL_PROXY", "socks5://all:2"),
        ("NO_PROXY", "intern.example, 10.0.0.0/8"),
    ]);
    assert_eq!(set.https, named("https_proxy", "http://lower:1"));
    assert_eq!(set.http, named("ALL_PROXY", "socks5://all:2"));
    assert_eq!(set.except, "intern.example, 10.0.0.0/8");
    let set = proxies(&[("HTTP_PROXY", "proxy:3128"), ("HTTPS_PROXY", "")]);
    assert_eq!(set.http, named("HTTP_PROXY", "http://proxy:3128"));
    assert_eq!(set.https, None);
    let secret = settings_with("", &[("ALL_PROXY", "http://me:hunter2@p:1")], None);
    assert!(!format!("{secret:?}{}", show(&secret).join("")).contains("hunter2"));
}
