//! The settings: what a user may set, checked and ready to use. `load.rs` fills them from their layers.

mod environment;
mod hub;
mod load;
mod network;
mod paths;
mod providers;
mod reader;
mod show;
mod tree;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::domain::clipboard::Surroundings;
use crate::domain::conversation::{Sampling, Storage};
use crate::domain::failure::Failure;
use crate::domain::model::ModelRef;
use crate::domain::price::Tariff;

pub use load::{Layers, load};
pub use paths::Paths;
pub use secrecy::SecretString;
pub use show::{show, show_json};

/// The effective settings. A value that no layer sets is the one of the shipped `config/salon.toml`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What a new conversation's model is by the settings: `--model`, `default_model`, `LLM_PROVIDER`/`LLM_MODEL`,
    /// `OPENAI_MODEL`, the first that is there (spec M2).
    pub model: Option<ModelRef>,
    /// Used when neither `model` nor a model last used exists: the first whose provider has a key, in order.
    pub fallback_models: Vec<ModelRef>,
    /// Providers whose first listed model counts instead of that fallback, once their listing is known.
    pub first_listed: Vec<String>,
    pub chat: ChatSettings,
    pub limits: Limits,
    pub chores: Chores,
    pub retention: Retention,
    pub providers: BTreeMap<String, ProviderSettings>,
    /// Prices of `[pricing."provider/model"]`; a flat `[pricing]` stands under `default_model` (spec A1).
    pub pricing: BTreeMap<ModelRef, Tariff>,
    pub ui: Ui,
    pub network: Network,
    pub user_id: Option<String>,
    /// The shared hub, if one is set up and switched on (spec D2).
    pub sync: Option<Sync>,
    /// What is logged (`SALON_LOG`); `None` = the usual.
    pub log_filter: Option<String>,
    pub paths: Paths,
    /// The text of the user's `keys.toml`; empty when there is none.
    pub keys_file: String,
    /// What was wrong in a layer and is not used: unknown keys, bad values, each with file and line. Salon runs.
    pub problems: Vec<Failure>,
    /// Set when the config file is not TOML at all: `ask` refuses (exit 2), the screen says so and runs on defaults.
    pub broken: Option<Failure>,
    /// Every effective key in dotted form with its printed value (secrets hidden) and the layer it came from.
    pub origins: Vec<Origin>,
}

/// Where an effective value came from, for `salon config show`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub key: String,
    pub value: String,
    pub layer: Layer,
}

/// The layers, the later the stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    Shipped,
    File,
    Environment,
    Arguments,
}

#[derive(Clone, Debug)]
pub struct ChatSettings {
    /// Longer questions are counted aloud by the composer (spec C6).
    pub max_input_chars: usize,
    pub sampling: Sampling,
    /// Instructions for every conversation that has none; empty = none.
    pub system: String,
}

#[derive(Clone, Debug)]
pub struct Limits {
    /// Sends a minute to one provider (spec C7); 0 = no limit.
    pub requests_per_minute: u32,
    /// How long a provider may say nothing.
    pub silence: Duration,
    /// The same for a provider on this machine.
    pub silence_local: Duration,
}

#[derive(Clone, Debug)]
pub struct Chores {
    pub title_model: Option<ModelRef>,
    pub titles: bool,
}

/// How long things are kept, in days (spec D6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// What is longer in the trash is removed for good; 0 = never.
    pub trash_days: u32,
    /// Conversations without activity for so long go into the archive; 0 = never.
    pub archive_after_days: u32,
    /// Conversations without activity for so long are removed for good, once the user has agreed; 0 = kept for ever.
    pub keep_days: u32,
}

/// The dialect of a provider. Others come with their decoders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    ChatCompletions,
    /// OpenAI's newer one.
    Responses,
    /// Anthropic's.
    Messages,
    /// Ollama's own, not the one it shares with others.
    Ollama,
}

#[derive(Clone, Debug)]
pub struct ProviderSettings {
    pub wire: Wire,
    /// With scheme, without a trailing slash (`wire.md` 7.5).
    pub base_url: String,
    pub key: KeySource,
    pub headers: BTreeMap<String, String>,
    pub ca_file: Option<PathBuf>,
    /// Own pace; `None` = `limits.requests_per_minute`.
    pub requests_per_minute: Option<u32>,
    pub enabled: bool,
    /// Sampling that holds for this provider only and yields to the conversation (`OPENAI_TEMPERATURE`, …).
    pub sampling: Sampling,
    /// Who keeps new conversations with its models (spec M6).
    pub storage: Storage,
    /// The small model that makes titles here; `None` = the conversation's own (spec V5).
    pub title_model: Option<String>,
}

/// Where a provider's key comes from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// The provider wants none.
    None,
    /// This environment variable; the value if it is set and not empty.
    Environment {
        name: String,
        value: Option<SecretString>,
    },
    /// The first line this command prints, run by `sh -c`.
    Command(String),
}

#[derive(Clone, Debug)]
pub struct Network {
    /// Stronger than `proxies`.
    pub proxy: Option<String>,
    /// A file of further certificate roots; `SSL_CERT_FILE` fills it too.
    pub ca_file: Option<PathBuf>,
    pub proxies: Proxies,
}

/// The proxies of the environment: the variable's name and the address, which may hold a password.
#[derive(Clone, Default)]
pub struct Proxies {
    pub https: Option<(String, String)>,
    pub http: Option<(String, String)>,
    /// Hosts that are reached without a proxy (`NO_PROXY`); may be empty.
    pub except: String,
}

impl std::fmt::Debug for Proxies {
    /// Names of the variables, never what they hold.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = |set: &Option<(String, String)>| set.as_ref().map(|(name, _)| name.clone());
        f.debug_tuple("Proxies")
            .field(&name(&self.https))
            .field(&name(&self.http))
            .finish()
    }
}

/// The shared hub.
#[derive(Clone, Debug)]
pub struct Sync {
    /// `postgres://` or `postgresql://`, with everything that stands in it: it may hold a password.
    pub url: SecretString,
    /// Whether messages go there too, beside the metadata.
    pub messages: bool,
}

/// What the environment tells of the terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// Salon runs inside tmux (`TMUX` is set).
    pub is_tmux: bool,
    /// Salon runs on another machine than the terminal (`SSH_CONNECTION` or `SSH_TTY` is set).
    pub is_far: bool,
    /// `TERM`.
    pub term: String,
    /// `TERM_PROGRAM`.
    pub program: String,
    /// `NO_COLOR` is set and not empty.
    pub no_color: bool,
    /// `WAYLAND_DISPLAY` and `DISPLAY` are set.
    pub has_wayland: bool,
    pub has_x11: bool,
    /// The background is light (`COLORFGBG`), for a terminal that does not tell it itself.
    pub is_light: bool,
}

impl Around {
    /// What decides how a text gets to the clipboard.
    pub fn clipboard(&self) -> Surroundings {
        Surroundings {
            is_remote: self.is_far,
            has_wayland: self.has_wayland,
            has_x11: self.has_x11,
            is_mac: cfg!(target_os = "macos"),
            is_tmux: self.is_tmux,
        }
    }

    /// Whether the terminal may be asked for its background: the console of Linux would print the question.
    pub fn can_be_asked(&self) -> bool {
        self.term != "linux"
    }
}

#[derive(Clone, Debug)]
pub struct Ui {
    /// Salon listens to the mouse.
    pub mouse: bool,
    pub theme: Ground,
    /// Cells of a character of ambiguous width: 1 or 2.
    pub ambiguous_width: u8,
    /// A longer paste stands in the composer as one chip, in characters.
    pub paste_chip_chars: usize,
    /// `NO_COLOR` is set and not empty.
    pub no_color: bool,
    /// What `sh` runs on a file to edit it: `$VISUAL`, else `$EDITOR`, else `vi`.
    pub editor: String,
    pub around: Around,
    /// The home folder, which `~` stands for (`HOME`).
    pub home: Option<PathBuf>,
}

/// What background the colours are chosen for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ground {
    /// The terminal's, as far as it tells.
    #[default]
    Auto,
    Dark,
    Light,
}

impl Ground {
    pub const ALL: [Ground; 3] = [Ground::Auto, Ground::Dark, Ground::Light];

    /// Its name in the settings.
    pub fn word(self) -> &'static str {
        match self {
            Ground::Auto => "auto",
            Ground::Dark => "dark",
            Ground::Light => "light",
        }
    }

    /// The ground of this name.
    pub fn of(word: &str) -> Option<Ground> {
        Ground::ALL.into_iter().find(|ground| ground.word() == word)
    }
}
