//! The model of a new conversation that names none (spec M2), and the model one begins with at a provider.

use std::time::Duration;

use super::desk::Desk;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::model::{ModelRef, ModelSpec};
use crate::store::{Store, StoreError};

/// How long a listing may take that somebody waits for.
const LIMIT: Duration = Duration::from_secs(10);

/// The model of a new conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct First {
    pub model: ModelRef,
    /// The listing of its provider is to name it, and was never read.
    pub is_guess: bool,
}

impl First {
    fn known(model: ModelRef) -> First {
        First {
            model,
            is_guess: false,
        }
    }
}

/// The settings' model, the one last used whose provider can still be asked, the first fallback with a key, else the
/// guide. `file` is the store that keeps the listings.
pub async fn of_a_new_one(desk: &Desk, file: &Store) -> Result<First, StoreError> {
    if let Some(model) = &desk.settings.model {
        return Ok(First::known(model.clone()));
    }
    let specs = file.models().await?;
    let used = specs
        .into_iter()
        .filter(|spec| spec.used_at.is_some() && !spec.model.is_guide())
        .filter(|spec| desk.providers.check(&spec.model).is_ok())
        .max_by_key(|spec| spec.used_at);
    if let Some(spec) = used {
        return Ok(First::known(spec.model));
    }
    let mut fallbacks = desk.settings.fallback_models.iter();
    match fallbacks.find(|model| desk.providers.has_key(&model.provider)) {
        Some(model) => listed(desk, file, model).await,
        None => Ok(First::known(ModelRef::guide())),
    }
}

/// This fallback, or the first of its provider's listing where that counts.
async fn listed(desk: &Desk, file: &Store, fallback: &ModelRef) -> Result<First, StoreError> {
    if !desk.settings.first_listed.contains(&fallback.provider) {
        return Ok(First::known(fallback.clone()));
    }
    let name = file.remembered(&key(&fallback.provider)).await?;
    Ok(match name.filter(|name| !name.is_empty()) {
        Some(name) => First::known(ModelRef::new(fallback.provider.clone(), name)),
        None => First {
            model: fallback.clone(),
            is_guess: true,
        },
    })
}

/// Saves what a provider lists, and which model stands first in it where that counts.
pub async fn save_listing(
    desk: &Desk,
    file: &Store,
    provider: &str,
    specs: &[ModelSpec],
) -> Result<(), StoreError> {
    file.save_listing(provider, specs, desk.mint.now()).await?;
    match specs.first() {
        Some(spec) if desk.settings.first_listed.iter().any(|p| p == provider) => {
            file.remember(&key(provider), &spec.model.name).await
        }
        Some(_) | None => Ok(()),
    }
}

/// Under which the first model of a listing is remembered.
fn key(provider: &str) -> String {
    format!("first model of {provider}")
}

/// Asks a provider for its models and saves them, within a limit.
pub async fn ask_listing(
    desk: &Desk,
    file: &Store,
    provider: &str,
) -> Result<Vec<ModelSpec>, Failure> {
    let limit = tokio::time::timeout(LIMIT, desk.providers.models(provider));
    let specs = match limit.await {
        Ok(asked) => asked.map_err(|error| error.failure)?,
        Err(_) => return Err(slow(provider)),
    };
    let saved = save_listing(desk, file, provider, &specs).await;
    saved.map_err(|error| desk.failure(&error))?;
    Ok(specs)
}

fn slow(provider: &str) -> Failure {
    Failure::new(
        FailureKind::Network,
        format!(
            "{provider} did not list its models within {} s",
            LIMIT.as_secs()
        ),
        format!("Try again later, or type a model's name: /model {provider}/NAME."),
    )
}

/// The model to begin with at this provider, and how many it is known to have: the one last used there, else what
/// ships, else the first of its listing. Only where nothing else says it, or where the server may have another model
/// today, is the listing asked for.
pub async fn of_provider(
    desk: &Desk,
    file: &Store,
    provider: &str,
) -> Result<(ModelRef, u32), Failure> {
    desk.providers.check(&ModelRef::new(provider, ""))?;
    if provider == ModelRef::guide().provider {
        return Ok((ModelRef::guide(), 1));
    }
    let failure = |error: StoreError| desk.failure(&error);
    let mut specs = file.models().await.map_err(failure)?;
    specs.retain(|spec| spec.model.provider == provider);
    let used = specs.iter().filter(|spec| spec.used_at.is_some());
    let used = used.max_by_key(|spec| spec.used_at);
    let used = used.map(|spec| spec.model.clone());
    let mut fallbacks = desk.settings.fallback_models.iter();
    let fallback = fallbacks.find(|model| model.provider == provider);
    let fallback = match fallback {
        Some(model) => Some(listed(desk, file, model).await.map_err(failure)?),
        None => None,
    };
    let known = used.clone().or_else(|| {
        let sure = fallback.as_ref().filter(|first| !first.is_guess)?;
        Some(sure.model.clone())
    });
    if let Some(model) = known.filter(|_| !desk.providers.is_local(provider)) {
        return Ok((model, many(specs.len()).max(1)));
    }
    let listed = match (ask_listing(desk, file, provider).await, fallback) {
        (Ok(listed), _) => listed,
        // A guess is better than nothing: the provider says so if it is wrong.
        (Err(_), Some(guess)) => return Ok((guess.model, 1)),
        (Err(failure), None) => return Err(failure),
    };
    let still = used.filter(|used| listed.iter().any(|spec| spec.model == *used));
    let first = listed.first().map(|spec| spec.model.clone());
    match still.or(first) {
        Some(model) => Ok((model, many(listed.len()))),
        None => Err(Failure::new(
            FailureKind::Input,
            format!("{provider} has no model that chats yet"),
            format!("Load one there, such as `ollama pull NAME`; then /use {provider} again."),
        )),
    }
}

fn many(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
