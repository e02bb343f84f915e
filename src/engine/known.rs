//! What is known of a model, put together from the shipped table, its provider's listing and the config, the later the
//! stronger (`wire.md` 9.3).

use std::collections::HashSet;

use super::desk::Desk;
use crate::domain::model::{ModelRef, ModelSpec};
use crate::domain::price::{CostBy, Tariff};
use crate::settings::Settings;
use crate::store::{Store, StoreError};

/// What is known of this model; `file` is the store that keeps the listings.
pub async fn of(desk: &Desk, file: &Store, model: &ModelRef) -> Result<ModelSpec, StoreError> {
    let listed = file.model(model).await?;
    let spec = listed.unwrap_or_else(|| ModelSpec::named(model.clone()));
    Ok(completed(desk, spec))
}

/// A row of the listings with what the table and the config know besides.
pub fn completed(desk: &Desk, listed: ModelSpec) -> ModelSpec {
    let mut spec = listed;
    if spec.model.is_guide() {
        spec.facts.tariff = Some(Tariff::free());
        spec.tariff_by = Some(CostBy::Shipped);
        return spec;
    }
    let is_whole = |tariff: &Tariff| tariff.price.is_whole();
    let mut by = (spec.facts.tariff.as_ref())
        .filter(|tariff| is_whole(tariff))
        .map(|_| CostBy::Listing);
    if let Some(shipped) = desk.providers.shipped(&spec.model) {
        spec.facts = std::mem::take(&mut spec.facts).over(&shipped);
        by = by.or(shipped.tariff.map(|_| CostBy::Shipped));
    }
    let now = desk.mint.now();
    let own = desk.settings.pricing.get(&spec.model);
    if let Some(own) = own.filter(|own| own.from.is_none_or(|from| from <= now)) {
        let tariff = own.clone().over(spec.facts.tariff.as_ref());
        spec.facts.tariff = Some(tariff);
        by = Some(CostBy::Config);
    }
    spec.tariff_by = by.filter(|_| spec.facts.tariff.is_some());
    spec
}

/// Every known model whose provider exists: recents first, then favourites, then by name.
pub async fn all(desk: &Desk, store: &Store) -> Result<Vec<ModelSpec>, StoreError> {
    let names: HashSet<String> = desk.providers.names().into_iter().collect();
    let mut specs = store.models().await?;
    for model in named(&desk.settings) {
        if !specs.iter().any(|spec| spec.model == model) {
            specs.push(ModelSpec::named(model));
        }
    }
    specs.retain(|spec| names.contains(&spec.model.provider));
    let mut specs: Vec<ModelSpec> = specs
        .into_iter()
        .map(|spec| completed(desk, spec))
        .collect();
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
