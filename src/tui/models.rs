//! The picker of models: its rows, what is said under them, favourites, and the choice.

use super::model::{Ask, Model};
use super::overlay::picker::{Picker, Row};
use super::overlay::{Body, Overlay, Purpose};
use super::theme::Tone;
use crate::domain::clean::Clean;
use crate::domain::hint::unlikeness;
use crate::domain::model::{Abilities, Facts, ModelRef, ModelSpec};
use crate::domain::price::CostBy;
use crate::domain::usage::Money;
use crate::keys::{Action, Context};
use crate::protocol::{Chat, Command, Data};

/// Most providers whose failure is told in full.
const FAILURES: usize = 2;

/// Opens the model picker; a listing that is old is renewed meanwhile.
pub fn pick(model: &mut Model, purpose: Purpose) {
    model.missed_model = None;
    open(model, purpose);
}

/// Opens the model picker after the model at hand was not there, or too small (faults 11, 13): names like its own come
/// first, or larger windows.
pub fn pick_another(model: &mut Model, purpose: Purpose, is_missing: bool) {
    model.missed_model = Some((model.model().clone(), is_missing));
    open(model, purpose);
}

/// Opens the model picker on the models of one provider, this one selected.
pub fn pick_of(model: &mut Model, provider: &str, selected: Option<&ModelRef>) {
    pick(model, Purpose::Model);
    if let Some(Overlay {
        body: Body::Picker(picker),
        ..
    }) = model.overlays.last_mut()
    {
        let query = format!("{provider}/");
        picker.query.set_text(&query, query.len());
        picker.filter();
        if let Some(selected) = selected {
            picker.select(&selected.to_string());
        }
    }
}

fn open(model: &mut Model, purpose: Purpose) {
    let aside = match purpose {
        Purpose::RetryWith(_) => Clean::own("for this answer only"),
        Purpose::PersonaModel => Clean::own("of this persona"),
        Purpose::SendWith => Clean::own("your message is sent to it"),
        Purpose::TrialModel => Clean::own("for this trial only"),
        Purpose::Model
        | Purpose::Rewind
        | Purpose::History
        | Purpose::Palette
        | Purpose::Outline
        | Purpose::Search
        | Purpose::WriteTo
        | Purpose::Replace
        | Purpose::Rename(_)
        | Purpose::System
        | Purpose::Key
        | Purpose::Tags
        | Purpose::KeyOf
        | Purpose::Use
        | Purpose::Doctor
        | Purpose::TrashLive
        | Purpose::Purge
        | Purpose::EmptyTrash
        | Purpose::Expired(_)
        | Purpose::Export(_)
        | Purpose::Overwrite
        | Purpose::Fill
        | Purpose::Group
        | Purpose::PromptForm
        | Purpose::Versions
        | Purpose::Uses
        | Purpose::Reading
        | Purpose::Persona(_)
        | Purpose::PersonaForm
        | Purpose::Told
        | Purpose::Help => Clean::own("used from the next message on"),
    };
    let hint = |action| {
        model
            .keymap
            .hint(Context::Overlay, action)
            .unwrap_or_default()
    };
    let keys = format!(
        "⏎ use · {} favourite · {} refresh · Esc",
        hint(Action::Favourite),
        hint(Action::RefreshPicker)
    );
    let mut picker = Picker::new(Clean::own("Model"), aside, Clean::line(&keys), rows(model))
        .taking_typed("use");
    let refresh = model.missed_model.is_some();
    picker.notes = notes(model, refresh);
    model.overlays.push(Overlay {
        purpose,
        body: Body::Picker(picker),
    });
    model.ask(Command::Data(Data::Models { refresh }), Ask::Models);
}

/// Asks the providers for their models again.
pub fn refresh(model: &mut Model) {
    model.ask(Command::Data(Data::Models { refresh: true }), Ask::Models);
    fill(model, true);
}

/// The picker of models shows what is known now.
pub fn refill(model: &mut Model, is_whole: bool) {
    fill(model, !is_whole);
}

fn fill(model: &mut Model, is_asking: bool) {
    let (rows, notes) = (rows(model), notes(model, is_asking));
    for overlay in &mut model.overlays {
        if let (
            Purpose::Model
            | Purpose::SendWith
            | Purpose::RetryWith(_)
            | Purpose::TrialModel
            | Purpose::PersonaModel,
            Body::Picker(picker),
        ) = (overlay.purpose, &mut overlay.body)
        {
            picker.fill(rows.clone());
            picker.notes.clone_from(&notes);
        }
    }
}

/// Providers that failed, a line each; then how old the other listings are.
fn notes(model: &Model, is_asking: bool) -> Vec<(Clean, Tone)> {
    let age = |provider: &str| {
        let here = model.models.iter().filter(|m| m.model.provider == provider);
        let listed = here.filter_map(|m| m.listed_at).max()?;
        Some(listed.age(model.now))
    };
    let mut notes: Vec<(Clean, Tone)> = Vec::new();
    let failed = model.model_failures.iter();
    for (provider, failure) in failed.clone().take(FAILURES) {
        let kept = match age(provider) {
            Some(age) => format!(" · list from {}", ago(&age)),
            None => String::new(),
        };
        let line = format!("{provider}: {}{kept}", failure.title);
        notes.push((Clean::line(&line), Tone::Warning));
    }
    let more = failed.len().saturating_sub(FAILURES);
    if more > 0 {
        let line = format!("and {more} more did not list their models");
        notes.push((Clean::line(&line), Tone::Warning));
    }
    let mut providers: Vec<&str> = model
        .models
        .iter()
        .map(|spec| spec.model.provider.as_str())
        .filter(|name| *name != "guide" && !model.model_failures.contains_key(*name))
        .collect();
    providers.sort_unstable();
    providers.dedup();
    let listed = providers.into_iter().filter_map(|name| {
        let age = age(name)?;
        Some(format!("{name} {}", ago(&age)))
    });
    let listed: Vec<String> = listed.collect();
    if is_asking {
        notes.push((Clean::own("asking the providers …"), Tone::Dim));
    } else if !listed.is_empty() {
        let line = format!("listed: {}", listed.join(" · "));
        notes.push((Clean::line(&line), Tone::Dim));
    }
    notes
}

fn ago(age: &str) -> String {
    match age {
        "now" => "just now".to_owned(),
        age => format!("{age} ago"),
    }
}

fn rows(model: &Model) -> Vec<Row> {
    let row = |spec: &ModelSpec| {
        let context = spec.facts.context.map_or_else(String::new, window_words);
        // Windows are compared by their size, so they end in one column.
        let context = format!("{context:>6}");
        Row {
            value: spec.model.to_string(),
            label: Clean::line(&spec.model.to_string()),
            columns: vec![
                Clean::line(&context),
                Clean::line(&price_words(&spec.facts)),
                Clean::line(&abilities(&spec.facts)),
            ],
            about: Clean::line(&about(spec)),
            is_marked: spec.favourite,
            ..Row::default()
        }
    };
    let mut specs: Vec<&ModelSpec> = model.models.iter().collect();
    if let Some((missed, is_missing)) = &model.missed_model {
        specs.retain(|spec| spec.model != *missed);
        let name = missed.to_string();
        specs.sort_by_cached_key(|spec| {
            let (far, window) = match is_missing {
                true => (unlikeness(&name, &spec.model.to_string()), None),
                false => (0, spec.facts.context),
            };
            (spec.model.is_guide(), far, std::cmp::Reverse(window))
        });
    }
    specs.into_iter().map(row).collect()
}

/// A window in words: `128 k`, `1 M`.
pub fn window_words(tokens: u64) -> String {
    match tokens {
        0..1_000 => tokens.to_string(),
        1_000..1_000_000 => format!("{} k", tokens / 1_000),
        _ => format!("{} M", tokens / 1_000_000),
    }
}

/// `$2.50 / $10.00` for a million tokens in and out, or `free`; empty when it is not known.
fn price_words(facts: &Facts) -> String {
    let price = facts.tariff.as_ref().map(|tariff| tariff.price);
    match price.and_then(|price| price.input.zip(price.output)) {
        Some((0, 0)) => "free".to_owned(),
        Some((input, output)) => {
            let words = |pico| Money::of_million(pico).price();
            let (input, output) = (words(input), words(output));
            format!("{input} / {output}")
        }
        None => String::new(),
    }
}

/// What it can besides text, which all can.
fn abilities(facts: &Facts) -> String {
    facts.abilities.words()[1..].join(", ")
}

/// All that is known of the selected model in one line.
fn about(spec: &ModelSpec) -> String {
    let facts = &spec.facts;
    let price = facts.tariff.as_ref().map(|tariff| tariff.price);
    let parts = [
        (facts.abilities != Abilities::default()).then(|| facts.abilities.words().join(", ")),
        facts
            .max_output
            .map(|tokens| format!("answers to {}", window_words(tokens))),
        price
            .and_then(|price| price.cached)
            .filter(|pico| *pico > 0)
            .map(|pico| format!("cached {}", Money::of_million(pico).price())),
        spec.tariff_by.map(|by| format!("price {}", by_words(by))),
        facts.ends.as_ref().map(|day| format!("until {day}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn by_words(by: CostBy) -> &'static str {
    match by {
        CostBy::Provider | CostBy::Listing => "as listed",
        CostBy::Config => "of your config",
        CostBy::Shipped => "of salon's table",
    }
}

/// Marks the selected model as a favourite, or unmarks it.
pub fn mark(model: &mut Model) {
    let Some(Overlay {
        body: Body::Picker(picker),
        ..
    }) = model.overlays.last()
    else {
        return;
    };
    let Some((value, favourite)) = picker
        .current()
        .map(|row| (row.value.clone(), !row.is_marked))
    else {
        return;
    };
    if let Ok(chosen) = value.parse::<ModelRef>() {
        if let Some(spec) = model.models.iter_mut().find(|spec| spec.model == chosen) {
            spec.favourite = favourite;
        }
        model.tell(Command::Data(Data::MarkModel {
            model: chosen,
            favourite,
        }));
        fill(model, false);
    }
}

/// Uses another model from the next message on.
pub fn choose(model: &mut Model, text: &str) {
    let chosen = match text.parse::<ModelRef>() {
        Ok(chosen) => chosen,
        Err(bad) => {
            model.say(bad.to_string());
            return;
        }
    };
    if model.open.is_none() {
        // It is the one last used, at the next start too, whether anything is sent or not.
        model.tell(Command::Data(Data::Chose(chosen.clone())));
    }
    switch(model, chosen);
}

/// The same with a model that the engine itself has told.
pub fn switch(model: &mut Model, chosen: ModelRef) {
    match model.here() {
        Some(conversation) => {
            model.ask(
                Command::Chat(Chat::SwitchModel {
                    conversation,
                    model: chosen,
                }),
                Ask::Change,
            );
        }
        None => {
            model.say(format!("{chosen} from the next message on"));
            model.new_model = chosen;
            model.model_before = None;
        }
    }
}
