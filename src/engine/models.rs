//! Models: which are known, asking providers for theirs, and the model of a new conversation (spec M2, M5).

use std::collections::HashSet;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::desk::Desk;
use super::jobs::Key;
use super::{Engine, Left};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::RequestId;
use crate::domain::model::{ModelRef, ModelSpec};
use crate::protocol::{Answer, News};
use crate::settings::Settings;
use crate::store::{Store, StoreError};

/// A listing takes no longer than this.
const LIMIT: Duration = Duration::from_secs(15);

impl Engine {
    /// The model of a conversation that names none: the settings', the one last used whose provider is still there, the
    /// first fallback with a key, else the guide (spec M2).
    pub(super) async fn model_of_a_new_one(&self) -> Result<ModelRef, Failure> {
        if let Some(model) = &self.desk.settings.model {
            return Ok(model.clone());
        }
        let providers = &self.desk.providers;
        let specs = self.stores.file.models().await;
        let specs = specs.map_err(|error| self.desk.failure(&error))?;
        let used = specs
            .into_iter()
            .filter(|spec| spec.used_at.is_some() && !spec.model.is_guide())
            .filter(|spec| providers.check(&spec.model).is_ok())
            .max_by_key(|spec| spec.used_at)
            .map(|spec| spec.model);
        let fallback = || {
            let mut all = self.desk.settings.fallback_models.iter();
            all.find(|model| providers.has_key(&model.provider))
                .cloned()
        };
        Ok(used.or_else(fallback).unwrap_or_else(ModelRef::guide))
    }

    /// Answers with what is known; with `refresh` a job asks the providers and answers again after each.
    pub(super) async fn models(
        &mut self,
        cause: RequestId,
        refresh: bool,
    ) -> Result<News, Failure> {
        let models = known(&self.desk, &self.stores.file).await;
        let models = models.map_err(|error| self.desk.failure(&error))?;
        if refresh {
            self.jobs.cancel(Key::Models);
            let (desk, store) = (self.desk.clone(), self.stores.file.clone());
            let mut mouth = self.mouth(cause);
            self.jobs
                .start(Key::Models, Some(cause), None, |token| async move {
                    let (said, mut heard) = tokio::sync::mpsc::channel(1);
                    let asking = token.run_until_cancelled(refreshed(&desk, &store, said));
                    let telling = async {
                        while let Some(answer) = heard.recv().await {
                            mouth.finish_with(News::Answer(answer)).await;
                        }
                    };
                    tokio::join!(asking, telling);
                    Left::Nothing
                });
        }
        Ok(News::Answer(Answer::Models {
            models,
            failures: Vec::new(),
            is_whole: !refresh,
        }))
    }

    /// Marks a model or takes the mark away; answered by the models as they are now.
    pub(super) async fn mark_model(
        &mut self,
        cause: RequestId,
        model: ModelRef,
        favourite: bool,
    ) -> Result<News, Failure> {
        let marked = self.stores.file.mark_model(&model, favourite).await;
        marked.map_err(|error| self.desk.failure(&error))?;
        self.models(cause, false).await
    }
}

/// Asks every provider that may be asked, all at once, and says what is known after each answer.
async fn refreshed(desk: &Desk, store: &Store, said: tokio::sync::mpsc::Sender<Answer>) {
    let providers = &desk.providers;
    let mut asked: FuturesUnordered<_> = providers
        .names()
        .into_iter()
        .filter(|name| providers.has_key(name) || providers.is_local(name))
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
    let mut failures = Vec::new();
    if asked.is_empty() {
        tell(desk, store, &said, (&failures, true)).await;
    }
    while let Some((name, listed)) = asked.next().await {
        let saved = match listed {
            Ok(specs) => {
                let at = desk.mint.now();
                let saved = store.save_listing(&name, &specs, at).await;
                saved.map_err(|error| desk.failure(&error))
            }
            // A server on this machine that nobody set up and that does not run is not worth a word.
            Err(_) if !providers.has_key(&name) => Ok(()),
            Err(failure) => Err(failure),
        };
        if let Err(failure) = saved {
            failures.push((name, failure));
        }
        tell(desk, store, &said, (&failures, asked.is_empty())).await;
    }
}

async fn tell(
    desk: &Desk,
    store: &Store,
    said: &tokio::sync::mpsc::Sender<Answer>,
    (failures, is_whole): (&[(String, Failure)], bool),
) {
    let (models, mut failures) = match known(desk, store).await {
        Ok(models) => (models, failures.to_vec()),
        Err(error) => (Vec::new(), vec![(String::new(), desk.failure(&error))]),
    };
    failures.sort_by(|a, b| a.0.cmp(&b.0));
    let answer = Answer::Models {
        models,
        failures,
        is_whole,
    };
    // Nobody hears it when the job is over; that is all right.
    let _ = said.send(answer).await;
}

/// Every known model whose provider exists: recents first, then favourites, then by name.
async fn known(desk: &Desk, store: &Store) -> Result<Vec<ModelSpec>, StoreError> {
    let names: HashSet<String> = desk.providers.names().into_iter().collect();
    let mut specs = store.models().await?;
    for model in named(&desk.settings) {
        if !specs.iter().any(|spec| spec.model == model) {
            specs.push(ModelSpec::named(model));
        }
    }
    specs.retain(|spec| names.contains(&spec.model.provider));
    specs.sort_by(|a, b| {
        let rank = |spec: &ModelSpec| (spec.used_at, spec.favourite);
        rank(b).cmp(&rank(a)).then_with(|| a.model.cmp(&b.model))
    });
    Ok(specs)
}

/// The models that the settings name.
fn named(settings: &Settings) -> Vec<ModelRef> {
    let titles = settings.providers.iter().filter_map(|(provider, p)| {
        let name = p.title_model.as_deref()?;
        Some(ModelRef::new(provider, name))
    });
    settings
        .model
        .iter()
        .chain(&settings.fallback_models)
        .chain(&settings.chores.title_model)
        .chain(settings.pricing.keys())
        .cloned()
        .chain(titles)
        .chain([ModelRef::guide()])
        .collect()
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
