//! Settings for tests: one Chat Completions provider called `test`, titles off, nothing read from the machine.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use salon::domain::conversation::{Sampling, Storage};
use salon::keys::KeyMap;
use salon::manual::Manual;
use salon::settings::{
    Around, ChatSettings, Chores, Ground, KeySource, Limits, Network, Paths, ProviderSettings,
    Proxies, Retention, SecretString, Settings, Ui, Wire,
};

/// The key the `test` provider has.
pub const KEY: &str = "sk-test1234567890abcdef";

/// Settings whose model is `test/m` at this base URL. Files would lie in the folder `home`; none is made.
pub fn settings(base_url: &str, home: &Path) -> Settings {
    Settings {
        keys_file: String::new(),
        log_filter: None,
        model: Some("test/m".parse().unwrap()),
        fallback_models: Vec::new(),
        first_listed: Vec::new(),
        chat: ChatSettings {
            max_input_chars: 10_000,
            sampling: Sampling::default(),
            system: String::new(),
        },
        limits: Limits {
            requests_per_minute: 0,
            silence: Duration::from_secs(300),
            silence_local: Duration::from_secs(900),
        },
        chores: Chores {
            title_model: None,
            titles: false,
        },
        retention: Retention {
            trash_days: 30,
            archive_after_days: 0,
            keep_days: 0,
        },
        providers: BTreeMap::from([("test".to_owned(), provider(base_url))]),
        pricing: BTreeMap::new(),
        ui: Ui {
            mouse: true,
            ambiguous_width: 1,
            paste_chip_chars: 2_000,
            no_color: false,
            editor: "vi".to_owned(),
            theme: Ground::Auto,
            around: Around::default(),
            home: None,
        },
        network: Network {
            proxy: None,
            ca_file: None,
            proxies: Proxies::default(),
        },
        user_id: None,
        sync: None,
        paths: Paths {
            config: home.join("config/salon.toml"),
            keys: home.join("config/keys.toml"),
            data_dir: home.join("data"),
            database: home.join("data/salon.db"),
            secrets: home.join("data/secrets.toml"),
            run_dir: home.join("data/run"),
            state_dir: home.join("state"),
            home: Some(home.to_owned()),
        },
        problems: Vec::new(),
        broken: None,
        origins: Vec::new(),
    }
}

/// A Chat Completions provider at this base URL, with `KEY` from the environment.
pub fn provider(base_url: &str) -> ProviderSettings {
    ProviderSettings {
        wire: Wire::ChatCompletions,
        base_url: base_url.to_owned(),
        key: KeySource::Environment {
            name: "TEST_API_KEY".to_owned(),
            value: Some(SecretString::from(KEY)),
        },
        headers: BTreeMap::new(),
        ca_file: None,
        requests_per_minute: None,
        enabled: true,
        sampling: Sampling::default(),
        storage: Storage::Local,
        title_model: None,
    }
}

/// The manual the guide of a test knows.
pub fn manual() -> Manual {
    Manual::new(&KeyMap::shipped())
}
