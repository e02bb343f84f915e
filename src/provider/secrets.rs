//! Keys by their sources: what the user gave salon to keep, a command, the environment; never printed.

use std::collections::HashMap;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::Mutex;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::provider::KeyFrom;
use crate::provider::scrub::Scrub;
use crate::provider::vault::Vault;
use crate::settings::{KeySource, SecretString};

/// How long a key command may take.
const LIMIT: Duration = Duration::from_secs(10);

/// A key and whether salon keeps it itself.
pub struct Key {
    pub value: SecretString,
    pub is_kept: bool,
}

/// Finds keys; runs key commands, each once until a key is refused.
pub struct Secrets {
    pub vault: Vault,
    /// By command. Held while one runs, so that two requests at once do not run it twice.
    told: Mutex<HashMap<String, SecretString>>,
}

impl Secrets {
    /// These keys that salon keeps, and no command run yet.
    pub fn new(vault: Vault) -> Secrets {
        Secrets {
            vault,
            told: Mutex::default(),
        }
    }

    /// Whether there is a key, or a command that may print one. Opens no keyring, runs nothing.
    pub fn has(&self, provider: &str, source: &KeySource) -> Result<bool, Failure> {
        match source {
            KeySource::Command(_) | KeySource::Environment { value: Some(_), .. } => Ok(true),
            KeySource::None | KeySource::Environment { value: None, .. } => {
                self.vault.has(provider)
            }
        }
    }

    /// Where its key would come from; `None` = there is none. Opens no keyring, runs nothing. What is wrong with the keys
    /// salon keeps counts only when no other source has one.
    pub fn from(&self, provider: &str, source: &KeySource) -> Result<Option<KeyFrom>, Failure> {
        let other = match source {
            KeySource::Environment { value: Some(_), .. } => Some(KeyFrom::Environment),
            KeySource::Command(_) => Some(KeyFrom::Command),
            KeySource::None | KeySource::Environment { value: None, .. } => None,
        };
        match (self.vault.place(provider), other) {
            (Ok(Some(kept)), _) => Ok(Some(kept)),
            (Err(failure), None) => Err(failure),
            (Ok(None) | Err(_), other) => Ok(other),
        }
    }

    /// The key of a provider; `None` where there is none. What the user gave salon to keep is what he wants used, so it
    /// comes first; what is wrong with it counts only when no other source has a key.
    pub async fn key(&self, provider: &str, source: &KeySource) -> Result<Option<Key>, Failure> {
        let kept = self.vault.key(provider).await;
        if let Ok(Some(value)) = kept {
            let is_kept = true;
            return Ok(Some(Key { value, is_kept }));
        }
        let value = match source {
            KeySource::None => None,
            KeySource::Environment { value, .. } => value.clone(),
            KeySource::Command(command) => Some(self.run(command).await?),
        };
        match (value, kept) {
            (None, Err(failure)) => Err(failure),
            (value, _) => Ok(value.map(|value| Key {
                value,
                is_kept: false,
            })),
        }
    }

    /// The key of this provider was refused: its source is asked again, since it may have changed or run out there.
    pub fn doubt(&self, provider: &str, source: &KeySource) {
        // Where a source is being asked, what it says is new.
        if let (KeySource::Command(command), Ok(mut told)) = (source, self.told.try_lock()) {
            told.remove(command);
        }
        self.vault.doubt(provider);
    }

    async fn run(&self, command: &str) -> Result<SecretString, Failure> {
        let mut told = self.told.lock().await;
        if let Some(key) = told.get(command) {
            return Ok(key.clone());
        }
        let running = Command::new("sh")
            .arg("-c")
            .arg(command)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .output();
        let output = match tokio::time::timeout(LIMIT, running).await {
            Ok(Ok(output)) => output,
            Ok(Err(error)) => return Err(failed(&error.to_string())),
            Err(_) => return Err(failed(&format!("no answer within {} s", LIMIT.as_secs()))),
        };
        if !output.status.success() {
            let said = Scrub::default().line(&String::from_utf8_lossy(&output.stderr));
            return Err(failed(&format!("{}: {said}", output.status)));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().next().unwrap_or("").trim();
        if line.is_empty() {
            return Err(failed("it printed nothing"));
        }
        let key = SecretString::from(line);
        told.insert(command.to_owned(), key.clone());
        Ok(key)
    }
}

fn failed(why: &str) -> Failure {
    Failure::new(
        FailureKind::Key,
        "The key command failed",
        "Run the `key_command` of the settings by hand and see what it prints.",
    )
    .with_detail(why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[tokio::test]
    async fn a_command_runs_once_until_its_key_is_doubted_and_its_first_line_is_the_key() {
        let dir = tempfile::tempdir().unwrap();
        let count = dir.path().join("count");
        let source = KeySource::Command(format!(
            "echo x >> {}; echo ' k1 '; echo k2",
            count.display()
        ));
        let secrets = Secrets::new(Vault::new(dir.path().join("secrets.toml")));
        for _ in 0..2 {
            let key = secrets.key("lab", &source).await.unwrap().unwrap();
            assert_eq!((key.value.expose_secret(), key.is_kept), ("k1", false));
        }
        assert_eq!(std::fs::read_to_string(&count).unwrap(), "x\n");
        // A key that was refused may have run out.
        secrets.doubt("lab", &source);
        for _ in 0..2 {
            secrets.key("lab", &source).await.unwrap().unwrap();
        }
        assert_eq!(std::fs::read_to_string(count).unwrap(), "x\nx\n");
    }

    #[tokio::test]
    async fn a_command_that_fails_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let secrets = Secrets::new(Vault::new(dir.path().join("secrets.toml")));
        for (command, told) in [
            ("echo 'no such entry' >&2; exit 3", "no such entry"),
            ("true", "nothing"),
        ] {
            let failure = secrets
                .key("lab", &KeySource::Command(command.to_owned()))
                .await
                .err()
                .unwrap();
            assert_eq!(failure.kind, FailureKind::Key);
            assert!(failure.detail.contains(told), "{}", failure.detail);
        }
    }
}
