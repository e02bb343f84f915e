//! Asks providers for their models, keeps what they list, and remembers who was asked and who failed.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc::Sender;

use super::desk::Desk;
use super::{first, known};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::model::{ModelRef, ModelSpec};
use crate::domain::when::Millis;
use crate::protocol::Answer;
use crate::store::Store;

/// A listing takes no longer than this.
const LIMIT: Duration = Duration::from_secs(15);
/// An older listing is asked for again when the models are looked at.
const OLD: Duration = Duration::from_secs(24 * 60 * 60);
/// A provider that was asked is left alone for so long, whatever it answered, unless the user asks.
const PAUSE: Duration = Duration::from_secs(10 * 60);

/// Providers that were asked for their models, each with the failure if it failed.
pub type Outcomes = Vec<(String, Option<Failure>)>;

/// What became of asking for listings while this engine runs.
#[derive(Default)]
pub struct Listings {
    asked_at: HashMap<String, Millis>,
    /// What is wrong with the last listing, by provider.
    pub failures: BTreeMap<String, Failure>,
}

impl Listings {
    /// The providers that may be asked.
    pub fn to_ask(&self, desk: &Desk) -> Vec<String> {
        let providers = &desk.providers;
        let mut names = providers.names();
        names.retain(|name| providers.has_key(name) || providers.is_local(name));
        names
    }

    /// Those of them whose listing is older than a day and that were not asked lately.
    pub fn old_ones(
        &self,
        mut names: Vec<String>,
        models: &[ModelSpec],
        now: Millis,
    ) -> Vec<String> {
        let is_young = |at: Millis, age: Duration| {
            let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
            now.0.saturating_sub(at.0) < age
        };
        names.retain(|name| {
            let mut listed = models.iter().filter(|spec| spec.model.provider == *name);
            let is_listed = listed.any(|spec| spec.listed_at.is_some_and(|at| is_young(at, OLD)));
            let was_asked = self
                .asked_at
                .get(name)
                .is_some_and(|at| is_young(*at, PAUSE));
            *name != ModelRef::guide().provider && !is_listed && !was_asked
        });
        names
    }

    /// Notes that these are asked now.
    pub fn ask(&mut self, names: &[String], now: Millis) {
        for name in names {
            self.asked_at.insert(name.clone(), now);
        }
    }

    /// Keeps what the providers said; the last word of each counts.
    pub fn answered(&mut self, all: Outcomes) {
        for (name, failure) in all {
            match failure {
                Some(failure) => self.failures.insert(name, failure),
                None => self.failures.remove(&name),
            };
        }
    }
}

/// A job that asks for listings.
pub struct Asking {
    pub desk: Desk,
    pub store: Store,
    /// What is wrong now, by provider.
    pub failures: BTreeMap<String, Failure>,
    pub said: Sender<Answer>,
}

impl Asking {
    /// Asks these providers, all at once, saves what they list, and says what is known after each answer.
    pub async fn all(&mut self, names: Vec<String>, done: &mut Outcomes) {
        let providers = self.desk.providers.clone();
        let providers = &providers;
        let mut asked: FuturesUnordered<_> = names
            .into_iter()
            .map(|name| async move {
                let limit = tokio::time::timeout(LIMIT, providers.models(&name));
                let listed = match limit.await {
                    Ok(Ok(specs)) => Ok(specs),
                    Ok(Err(error)) => Err(error.failure),
                    Err(_) => Err(slow(&name)),
                };
                (name, listed)
            })
            .collect();
        if asked.is_empty() {
            self.tell(true).await;
        }
        while let Some((name, listed)) = asked.next().await {
            let saved = match listed {
                Ok(specs) => {
                    let saved = first::save_listing(&self.desk, &self.store, &name, &specs).await;
                    saved.map_err(|error| self.desk.failure(&error))
                }
                // A server on this machine that nobody set up and that does not run is not worth a word.
                Err(_) if !providers.has_key(&name) => Ok(()),
                Err(failure) => Err(failure),
            };
            match saved.clone() {
                Ok(()) => self.failures.remove(&name),
                Err(failure) => self.failures.insert(name.clone(), failure),
            };
            done.push((name, saved.err()));
            self.tell(asked.is_empty()).await;
        }
    }

    async fn tell(&self, is_whole: bool) {
        let mut failures: Vec<(String, Failure)> = self.failures.clone().into_iter().collect();
        let models = match known::all(&self.desk, &self.store).await {
            Ok(models) => models,
            Err(error) => {
                failures.insert(0, (String::new(), self.desk.failure(&error)));
                Vec::new()
            }
        };
        let answer = Answer::Models {
            models,
            failures,
            is_whole,
        };
        // Nobody hears it when the job is over; that is all right.
        let _ = self.said.send(answer).await;
    }
}

fn slow(provider: &str) -> Failure {
    Failure::new(
        FailureKind::Network,
        format!(
            "{provider} did not list its models within {} s",
            LIMIT.as_secs()
        ),
        "Type the model's name, or refresh later.",
    )
}
