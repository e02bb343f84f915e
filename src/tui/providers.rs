//! Providers on the screen: what was told of them, which one to talk with, whose key to enter.

use super::model::{Ask, Model, Providers};
use super::models;
use super::overlay::picker::{Picker, Row};
use super::overlay::{Body, Overlay, Purpose};
use super::theme::Tone;
use crate::domain::clean::Clean;
use crate::domain::model::ModelRef;
use crate::domain::provider::{Presence, ProviderState};
use crate::keys::{Action, Context};
use crate::protocol::{Command, Data, Home};

/// The first screen is there: what it offers is asked for where the settings do not name the model.
pub fn at_home(model: &mut Model, home: &Home) {
    model.providers.default = Some(home.model.clone());
    if model.set_model.is_none() || home.model.is_guide() {
        let look = home.model.is_guide() && model.open.is_none();
        ask(model, look, None);
    }
}

/// A conversation not yet created is shown: while the guide would answer it, servers on this machine are looked for.
pub fn look(model: &mut Model) {
    if model.is_home && model.open.is_none() && model.new_model.is_guide() {
        ask(model, true, None);
    }
}

/// A provider's key was kept or forgotten: what follows for new conversations is asked for.
pub fn keyed(model: &mut Model, provider: String) {
    ask(model, false, Some(provider));
}

fn ask(model: &mut Model, look: bool, keyed: Option<String>) {
    model.providers.is_looking |= look;
    model.ask(
        Command::Data(Data::Providers { look }),
        Ask::Providers(keyed),
    );
}

/// The engine told of the providers. A conversation not yet created follows the model told, unless one was chosen.
pub fn told(model: &mut Model, why: Option<Ask>, states: Vec<ProviderState>, default: ModelRef) {
    let before = std::mem::take(&mut model.providers);
    let was = before.default.unwrap_or_else(ModelRef::guide);
    let is_asking = |state: &ProviderState| state.presence == Presence::Asking;
    model.providers = Providers {
        is_looking: states.iter().any(is_asking),
        states: with_presence(states, &before.states),
        default: Some(default.clone()),
    };
    if model.new_model == was {
        model.new_model = default.clone();
    } else if model.model_before.as_ref() == Some(&was) {
        model.model_before = Some(default.clone());
    }
    if let Some(Ask::Providers(Some(provider))) = why {
        has_key(model, &provider, &default);
    }
    refill(model);
}

/// What was found out by looking holds until the next look.
fn with_presence(mut states: Vec<ProviderState>, before: &[ProviderState]) -> Vec<ProviderState> {
    for state in &mut states {
        let same = |old: &&ProviderState| old.name == state.name && old.address == state.address;
        if state.presence == Presence::Unasked
            && let Some(old) = before.iter().find(same)
        {
            state.presence = old.presence.clone();
        }
    }
    states
}

/// A key was entered while nothing but the guide answered: who answers now is said, or chosen.
fn has_key(model: &mut Model, provider: &str, default: &ModelRef) {
    let states = &model.providers.states;
    let has_key = states.iter().any(|s| s.name == provider && s.key.is_some());
    if !has_key || !model.model().is_guide() || !model.overlays.is_empty() {
        return;
    }
    if model.open.is_none() {
        // Nothing says which of its models is to answer.
        models::pick_of(model, provider, None);
    } else if !default.is_guide() {
        let key = hint(model, Action::NewConversation);
        model.say(format!("{key} begins a conversation with {default}"));
    }
}

fn hint(model: &Model, action: Action) -> String {
    let hint = model.keymap.hint(Context::Composer, action);
    let word = || action.word().map(|word| format!("/{word}"));
    hint.or_else(word).unwrap_or_default()
}

/// Talks with this provider from now on.
pub fn take(model: &mut Model, provider: &str) {
    model.say(format!("asking {provider} …"));
    let name = provider.to_owned();
    model.ask(Command::Data(Data::Use(name.clone())), Ask::Use(name));
}

/// The engine found the model to begin with; of several another can be chosen at once.
pub fn in_use(model: &mut Model, chosen: ModelRef, of: u32) {
    models::switch(model, chosen.clone());
    if of > 1 && model.overlays.is_empty() {
        let provider = chosen.provider.clone();
        models::pick_of(model, &provider, Some(&chosen));
    }
}

/// Takes the one provider there is to talk with, else lets the user choose.
pub fn pick(model: &mut Model) {
    let is_unasked =
        |state: &ProviderState| state.can_be_found() && state.presence == Presence::Unasked;
    let states = &model.providers.states;
    let is_open = states.is_empty() || model.providers.is_looking || states.iter().any(is_unasked);
    let mut ready = states.iter().filter(|state| state.is_ready());
    if let (false, Some(only), None) = (is_open, ready.next(), ready.next()) {
        let name = only.name.clone();
        return take(model, &name);
    }
    open(model, Purpose::Use, "Talk with");
    ask(model, true, None);
}

/// Lets the user choose whose key to enter; the provider at hand comes first.
pub fn pick_keyed(model: &mut Model) {
    open(model, Purpose::KeyOf, "Whose key");
    ask(model, false, None);
}

fn open(model: &mut Model, purpose: Purpose, title: &'static str) {
    let keys = match purpose == Purpose::KeyOf {
        true => "⏎ enter a key · Esc",
        false => "⏎ use · Esc",
    };
    let rows = rows(model, purpose);
    let mut picker = Picker::new(Clean::own(title), Clean::default(), Clean::own(keys), rows);
    picker.notes = notes(model, purpose);
    model.overlays.push(Overlay {
        purpose,
        body: Body::Picker(picker),
    });
}

/// Open pickers show what is known now.
fn refill(model: &mut Model) {
    for purpose in [Purpose::KeyOf, Purpose::Use] {
        let (rows, notes) = (rows(model, purpose), notes(model, purpose));
        for overlay in &mut model.overlays {
            if let (true, Body::Picker(picker)) = (overlay.purpose == purpose, &mut overlay.body) {
                picker.fill(rows.clone());
                picker.notes.clone_from(&notes);
            }
        }
    }
}

fn rows(model: &Model, purpose: Purpose) -> Vec<Row> {
    let here = &model.model().provider;
    let is_key = purpose == Purpose::KeyOf;
    let mut states: Vec<&ProviderState> = model
        .providers
        .states
        .iter()
        .filter(|state| match is_key {
            true => state.wants_key || state.key.is_some(),
            false => state.is_ready(),
        })
        .collect();
    if is_key {
        states.sort_by_key(|state| state.name != *here);
    }
    let row = |state: &&ProviderState| Row {
        value: state.name.clone(),
        label: Clean::line(&state.name),
        aside: Clean::line(&match is_key {
            true => key_words(state),
            false => words(state),
        }),
        ..Row::default()
    };
    states.iter().map(row).collect()
}

fn notes(model: &Model, purpose: Purpose) -> Vec<(Clean, Tone)> {
    let line = match (purpose == Purpose::KeyOf, model.providers.is_looking) {
        (true, _) => "an empty field forgets a key",
        (false, true) => "looking for model servers on this machine …",
        (false, false) => "/key enters a key of another",
    };
    vec![(Clean::own(line), Tone::Dim)]
}

/// The state of a key in words; never the key.
pub fn key_words(state: &ProviderState) -> String {
    match state.key {
        Some(from) => format!("set ({})", from.word()),
        None => "not set".to_owned(),
    }
}

/// What is known of one that can be talked with.
fn words(state: &ProviderState) -> String {
    match &state.presence {
        Presence::Found(count) => format!("{}, {}", state.address, models_words(*count)),
        Presence::Unasked | Presence::Asking | Presence::Absent(_) if state.wants_key => {
            format!("key {}", key_words(state))
        }
        Presence::Unasked | Presence::Asking | Presence::Absent(_) => state.address.clone(),
    }
}

/// `3 models`.
pub fn models_words(count: u32) -> String {
    match count {
        0 => "no models yet".to_owned(),
        1 => "1 model".to_owned(),
        many => format!("{many} models"),
    }
}
