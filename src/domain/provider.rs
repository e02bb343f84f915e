//! What is known of a provider before anybody talks with it: where its key comes from, and whether it answers here.

use serde::{Deserialize, Serialize};

use crate::domain::failure::Failure;

/// Where a key comes from; never the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyFrom {
    Environment,
    Keyring,
    /// Salon's own file, where there is no keyring.
    File,
    /// `key_command`.
    Command,
}

impl KeyFrom {
    /// One word for it.
    pub fn word(self) -> &'static str {
        match self {
            KeyFrom::Environment => "environment",
            KeyFrom::Keyring => "keyring",
            KeyFrom::File => "file",
            KeyFrom::Command => "command",
        }
    }
}

/// What asking a server for its models came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Presence {
    /// Nobody asked.
    Unasked,
    Asking,
    /// It answers as a model server does, and has so many models that chat.
    Found(u32),
    /// Nothing answers there, or something that is no model server.
    Absent(Failure),
}

/// A provider as a first start shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderState {
    /// As it is called in the settings.
    pub name: String,
    /// The environment variable its key is looked for in.
    pub variable: Option<String>,
    pub wants_key: bool,
    /// `None` = there is no key.
    pub key: Option<KeyFrom>,
    /// Its address is one of this machine.
    pub is_local: bool,
    /// The user has set something of it.
    pub is_own: bool,
    /// Host and port, without user and password.
    pub address: String,
    pub presence: Presence,
}

impl ProviderState {
    /// Whether it is a server on this machine that wants no key: one that can be looked for.
    pub fn can_be_found(&self) -> bool {
        self.is_local && !self.wants_key
    }

    /// Whether one can talk with it, as far as is known: a key is there, a server was found, or the user named a server
    /// that wants no key.
    pub fn is_ready(&self) -> bool {
        match &self.presence {
            Presence::Found(models) => *models > 0,
            Presence::Absent(_) => false,
            Presence::Unasked | Presence::Asking => {
                self.key.is_some() || (!self.wants_key && self.is_own)
            }
        }
    }

    /// Its name as its makers write it, where salon ships it.
    pub fn label(&self) -> &str {
        match self.name.as_str() {
            "ollama" => "Ollama",
            "llamacpp" => "llama.cpp",
            "lmstudio" => "LM Studio",
            name => name,
        }
    }
}
