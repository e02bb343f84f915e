//! Keys: out of the environment's value in the settings, or from a command; never printed.

use std::collections::HashMap;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::Mutex;

use crate::domain::failure::{Failure, FailureKind};
use crate::provider::scrub::Scrub;
use crate::settings::{KeySource, SecretString};

/// How long a key command may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Runs key commands, each once in the life of the program.
#[derive(Default)]
pub struct Secrets {
    /// By command. Held while one runs, so that two requests at once do not run it twice.
    told: Mutex<HashMap<String, SecretString>>,
}

impl Secrets {
    /// The key of this source; `None` where none is wanted or the variable is not set.
    pub async fn key(&self, source: &KeySource) -> Result<Option<SecretString>, Failure> {
        match source {
            KeySource::None => Ok(None),
            KeySource::Environment { value, .. } => Ok(value.clone()),
            KeySource::Command(command) => self.run(command).await.map(Some),
        }
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
    async fn a_command_runs_once_and_its_first_line_is_the_key() {
        let dir = tempfile::tempdir().unwrap();
        let count = dir.path().join("count");
        let source = KeySource::Command(format!(
            "echo x >> {}; echo ' k1 '; echo k2",
            count.display()
        ));
        let secrets = Secrets::default();
        for _ in 0..2 {
            let key = secrets.key(&source).await.unwrap().unwrap();
            assert_eq!(key.expose_secret(), "k1");
        }
        assert_eq!(std::fs::read_to_string(count).unwrap(), "x\n");
    }

    #[tokio::test]
    async fn a_command_that_fails_says_so() {
        let secrets = Secrets::default();
        for (command, told) in [
            ("echo 'no such entry' >&2; exit 3", "no such entry"),
            ("true", "nothing"),
        ] {
            let failure = secrets
                .key(&KeySource::Command(command.to_owned()))
                .await
                .unwrap_err();
            assert_eq!(failure.kind, FailureKind::Key);
            assert!(failure.detail.contains(told), "{}", failure.detail);
        }
    }
}
