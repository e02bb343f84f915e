//! What there is to be told of each provider without asking it: key, address, whether it runs on this machine.

use reqwest::Url;

use crate::domain::failure::Failure;
use crate::domain::provider::{KeyFrom, Presence, ProviderState};
use crate::provider::Providers;
use crate::provider::endpoint::is_loopback;
use crate::settings::{KeySource, ProviderSettings};

impl Providers {
    /// All enabled providers by name, without the guide. Opens no keyring, runs no command, asks nobody.
    pub fn states(&self) -> Vec<ProviderState> {
        let enabled = self.inner.providers.iter().filter(|(_, p)| p.enabled);
        enabled.map(|(name, own)| self.state(name, own)).collect()
    }

    /// Where the key of this provider would come from; the failure is that of the keys salon keeps.
    pub fn key_from(&self, provider: &str) -> Result<Option<KeyFrom>, Failure> {
        match self.inner.providers.get(provider) {
            Some(settings) => self.inner.secrets.from(provider, &settings.key),
            None => Ok(None),
        }
    }

    fn state(&self, name: &str, settings: &ProviderSettings) -> ProviderState {
        let url = Url::parse(&settings.base_url).ok();
        let address = url.as_ref().and_then(|url| {
            let host = url.host_str()?;
            Some(match url.port() {
                Some(port) => format!("{host}:{port}"),
                None => host.to_owned(),
            })
        });
        let variable = match &settings.key {
            KeySource::Environment { name, .. } => Some(name.clone()),
            KeySource::None | KeySource::Command(_) => None,
        };
        ProviderState {
            name: name.to_owned(),
            variable,
            wants_key: !matches!(settings.key, KeySource::None),
            key: self.key_from(name).unwrap_or_default(),
            is_local: url.as_ref().is_some_and(is_loopback),
            is_own: self.inner.own.contains(name),
            address: address.unwrap_or_default(),
            presence: Presence::Unasked,
        }
    }
}
