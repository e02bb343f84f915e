//! The points of a look at salon itself that ask somebody: the database, and each provider by the smallest question.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::desk::Desk;
use super::measure;
use crate::domain::chat::{ChatMessage, ChatRequest, Delta, Purpose};
use crate::domain::conversation::Sampling;
use crate::domain::failure::{Failure, FailureKind, Offer};
use crate::domain::finding::{Checkup, Finding};
use crate::domain::message::Role;
use crate::domain::model::ModelRef;
use crate::domain::provider::ProviderState;
use crate::domain::usage::Usage;
use crate::store::{Store, StoreError};

/// How long a provider may take in all.
const LIMIT: Duration = Duration::from_secs(10);
/// How long the list of models of a server on this machine may take.
const LISTING: Duration = Duration::from_secs(3);
/// The least that every wire lets a reply have.
const TOKENS: u32 = 16;
/// Who may read and write the database.
const MODE: u32 = 0o600;

/// The name of the point about a provider.
pub fn name_of(provider: &str) -> String {
    format!("provider.{provider}")
}

/// Whether the file is whole, writable, and for its owner alone.
pub async fn database(desk: &Desk, file: &Store) -> Finding {
    let path = &desk.settings.paths.database;
    let look = async {
        let about = file.about(path).await?;
        file.check().await?;
        Ok::<_, StoreError>(about)
    };
    let about = match look.await {
        Ok(about) => about,
        Err(error) => return Finding::failed(Checkup::DATABASE, &desk.failure(&error)),
    };
    let shown = path.display();
    let detail = format!(
        "{shown}: {}, version {}, whole",
        size(about.bytes),
        about.version
    );
    if about.mode == MODE {
        return Finding::ok(Checkup::DATABASE, detail);
    }
    Finding::hint(
        Checkup::DATABASE,
        format!("{detail}, but its mode is {:o}", about.mode),
        format!("Run `chmod 600 {shown}`, so that only you can read it."),
    )
}

/// Bytes in words: `812 kB`, `1.2 MB`.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..1_000_000_000 => tenths(bytes / 100_000, "MB"),
        _ => tenths(bytes / 100_000_000, "GB"),
    }
}

fn tenths(all: u64, unit: &str) -> String {
    format!("{}.{} {unit}", all / 10, all % 10)
}

/// Which providers have a key, and where from.
pub fn keys(desk: &Desk, states: &[ProviderState]) -> Finding {
    const NAME: &str = "keys";
    for state in states {
        if let Err(failure) = desk.providers.key_from(&state.name) {
            return Finding::failed(NAME, &failure);
        }
    }
    let told = states.iter().filter_map(|state| {
        let from = state.key?;
        Some(format!("{} ({})", state.name, from.word()))
    });
    let told: Vec<String> = told.collect();
    match told.as_slice() {
        [] => Finding::hint(
            NAME,
            "no provider has one",
            "Type /key on the screen and paste one, or set OPENAI_API_KEY before you start salon.",
        ),
        told => Finding::ok(NAME, told.join(", ")),
    }
}

/// A provider that is looked at.
pub struct Patient<'a> {
    pub desk: &'a Desk,
    pub file: &'a Store,
    pub state: ProviderState,
    /// The model of a new conversation, if it is one of this provider.
    pub default: Option<ModelRef>,
    pub offline: bool,
}

impl Patient<'_> {
    /// Whether it is reachable, takes the key, and answers.
    pub async fn look(&self) -> Finding {
        let name = name_of(&self.state.name);
        if self.state.can_be_found() {
            return self.local(name).await;
        }
        if self.offline {
            return Finding::skipped(name, "not asked: offline");
        }
        // Outside the limit: somebody may be typing the keyring's password.
        if let Err(failure) = self.desk.providers.unlock(&self.state.name).await {
            return Finding::failed(name, &failure);
        }
        match timeout(LIMIT, self.remote()).await {
            Ok(Ok(detail)) => Finding::ok(name, detail),
            Ok(Err((failure, true))) => Finding::hint(name, failure.title, failure.remedy),
            Ok(Err((failure, false))) => Finding::failed(name, &failure),
            Err(_) => Finding::failed(name, &self.slow()),
        }
    }

    /// A server on this machine: that it is one is seen from its listing. Only the model of a new conversation is asked
    /// something, since asking has a model loaded.
    async fn local(&self, name: String) -> Finding {
        let listing = timeout(LISTING, self.desk.providers.names_listed(&self.state.name));
        let listed = match listing.await {
            Ok(Ok(names)) => Ok(format!("{}, {}", self.state.address, models(names.len()))),
            Ok(Err(error)) => Err(error.failure),
            Err(_) => Err(self.slow()),
        };
        let Some(model) = &self.default else {
            return match listed {
                Ok(listed) => Finding::ok(name, listed),
                Err(failure) => self.absent(name, &failure),
            };
        };
        // One that lists nothing may chat all the same.
        match (timeout(LIMIT, self.ask(model)).await, listed) {
            (Ok(Ok(detail)), Ok(listed)) => Finding::ok(name, format!("{listed}; {detail}")),
            (Ok(Ok(detail)), Err(_)) => Finding::ok(name, detail),
            (Ok(Err(failure)), _) => Finding::failed(name, &failure),
            (Err(_), Ok(listed)) => Finding::hint(
                name,
                format!(
                    "{listed}; {} did not begin to answer within {} s",
                    model.name,
                    LIMIT.as_secs()
                ),
                "It may still be loading the model; ask again in a while.",
            ),
            (Err(_), Err(_)) => Finding::failed(name, &self.slow()),
        }
    }

    /// Nobody answers there. Where nobody expects it, that is no failure.
    fn absent(&self, name: String, failure: &Failure) -> Finding {
        if self.state.is_own {
            Finding::failed(name, failure)
        } else {
            Finding::skipped(
                name,
                format!("{}: no model server found", self.state.address),
            )
        }
    }

    /// A provider that is asked over the network; `true` beside a failure that hinders only one model.
    async fn remote(&self) -> Result<String, (Failure, bool)> {
        let model = match self.model().await {
            Ok(model) => model,
            Err(failure) => return Err((failure, false)),
        };
        let failure = match self.ask(&model).await {
            Ok(detail) => return Ok(detail),
            Err(failure) => failure,
        };
        // Who does not know this model may know others.
        if failure.offer != Some(Offer::PickModel) || self.default.is_some() {
            return Err((failure, false));
        }
        match self.desk.providers.names_listed(&self.state.name).await {
            Ok(names) => {
                let title = format!(
                    "{} and takes the key, but {} is not among them",
                    models(names.len()),
                    model.name
                );
                let remedy = format!("Choose one of its models: /use {}.", self.state.name);
                let kind = FailureKind::Input;
                Err((Failure::new(kind, format!("It has {title}"), remedy), true))
            }
            Err(_) => Err((failure, false)),
        }
    }

    /// The model to ask: that of a new conversation, the small one of titles, the one last used, the one it begins with,
    /// the first it lists.
    async fn model(&self) -> Result<ModelRef, Failure> {
        if let Some(model) = &self.default {
            return Ok(model.clone());
        }
        let (desk, provider) = (self.desk, self.state.name.as_str());
        let named = |name: String| ModelRef::new(provider, name);
        let settings = desk.settings.providers.get(provider);
        if let Some(small) = settings.and_then(|settings| settings.title_model.clone()) {
            return Ok(named(small));
        }
        let specs = self.file.models().await;
        let specs = specs.map_err(|error| desk.failure(&error))?;
        let here = specs.iter().filter(|spec| spec.model.provider == provider);
        let used = here
            .filter(|spec| spec.used_at.is_some())
            .max_by_key(|spec| spec.used_at);
        let mut fallbacks = desk.settings.fallback_models.iter();
        let known = used.map(|spec| &spec.model);
        let known = known.or_else(|| fallbacks.find(|model| model.provider == provider));
        if let Some(model) = known {
            return Ok(model.clone());
        }
        let listed = desk.providers.names_listed(provider).await;
        let first = listed.map_err(|error| error.failure)?.into_iter().next();
        first.map(named).ok_or_else(|| {
            Failure::new(
                FailureKind::Input,
                format!("{provider} lists no model that chats"),
                format!("Name one: /model {provider}/NAME."),
            )
        })
    }

    /// Asks for a word and waits until it comes, or the answer ends. What it cost is kept like any other cost.
    async fn ask(&self, model: &ModelRef) -> Result<String, Failure> {
        let began = Instant::now();
        let request = ChatRequest {
            sampling: Sampling {
                max_output_tokens: Some(TOKENS),
                stream: self.desk.settings.chat.sampling.stream,
                ..Sampling::default()
            },
            ..ChatRequest::new(
                model.clone(),
                Purpose::Probe,
                vec![ChatMessage::new(Role::User, "Say OK.")],
            )
        };
        let asked = self.desk.providers.ask(&request).await;
        let mut reply = asked.map_err(|error| error.failure)?;
        let (mut words, mut usage, mut took) = (String::new(), Usage::default(), None);
        while let Some(delta) = reply.next().await {
            match delta {
                Ok(Delta::Text(piece) | Delta::Reasoning(piece) | Delta::Refusal(piece)) => {
                    words.push_str(&piece);
                    took.get_or_insert_with(|| began.elapsed());
                }
                Ok(Delta::Finish(_)) => {
                    took.get_or_insert_with(|| began.elapsed());
                }
                Ok(Delta::Usage(told)) => usage.merge(told),
                Ok(Delta::Opened { .. } | Delta::Note(_) | Delta::Alive) => {}
                Err(error) => return Err(error.failure),
            }
        }
        let usage = measure::told_or_estimated(usage, &request, &[&words]);
        let kept = async {
            let row = measure::probe_row(self.desk, self.file, (model, usage)).await?;
            self.file.measure(None, &row).await
        };
        if let Err(error) = kept.await {
            tracing::warn!(%error, "what a look at a provider used is not kept");
        }
        let Some(took) = took else {
            return Err(Failure::new(
                FailureKind::Wire,
                format!("{} answered without a word", self.state.name),
                "Try another model, or see whether the server is all right.",
            ));
        };
        let tenths = took.as_millis() / 100;
        Ok(format!(
            "{} answered in {}.{} s",
            model.name,
            tenths / 10,
            tenths % 10
        ))
    }

    fn slow(&self) -> Failure {
        Failure::new(
            FailureKind::Network,
            format!(
                "{} did not answer within {} s",
                self.state.name,
                LIMIT.as_secs()
            ),
            format!(
                "See whether {} can be reached from here; a busy server may need longer.",
                self.state.address
            ),
        )
    }
}

fn models(count: usize) -> String {
    match count {
        1 => "1 model".to_owned(),
        many => format!("{many} models"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_fitting_units() {
        for (bytes, words) in [
            (0, "0 kB"),
            (4_096, "5 kB"),
            (1_250_000, "1.2 MB"),
            (20_000_000_000, "20.0 GB"),
        ] {
            assert_eq!(size(bytes), words);
        }
    }
}
