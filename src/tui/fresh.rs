//! What the conversation not yet created starts with: its persona, and the model that came with it.

use std::collections::BTreeMap;

use super::model::Model;
use crate::domain::conversation::Draft;
use crate::domain::id::PersonaId;
use crate::protocol::{Command, Data};

/// The key under which the persona of the conversation not yet created is remembered.
const NEW: &str = "new persona";

/// The persona of the next reply here.
pub fn here(model: &Model) -> Option<PersonaId> {
    match &model.open {
        Some(open) => open.persona,
        None => model.new_persona,
    }
}

/// The conversation not yet created has this persona, and its model where it has one.
pub fn take(model: &mut Model, persona: Option<PersonaId>) {
    if let Some(before) = model.model_before.take() {
        model.new_model = before;
    }
    let wanted = persona
        .filter(|_| !model.is_model_given)
        .and_then(|id| model.roster.get(id))
        .and_then(|listed| listed.persona.profile.model.clone());
    if let Some(wanted) = wanted {
        model.model_before = Some(std::mem::replace(&mut model.new_model, wanted));
    }
    if model.new_persona != persona {
        model.new_persona = persona;
        remember(model);
    }
}

/// What is remembered for the next start follows the choice.
fn remember(model: &mut Model) {
    let value = model.new_persona.map(|id| id.to_string());
    model.tell(Command::Data(Data::Remember {
        key: NEW.to_owned(),
        value: value.unwrap_or_default(),
    }));
}

/// The conversation was created: the next one begins without this choice.
pub fn spent(model: &mut Model) {
    model.model_before = None;
    if model.new_persona.take().is_some() {
        remember(model);
    }
}

/// The conversation not yet created is shown again: the persona stays as long as words for it wait.
pub fn left(model: &mut Model, drafts: &[(i32, Draft)]) {
    let has_words = drafts.iter().any(|(slot, _)| *slot == 0);
    let persona = model.new_persona.filter(|_| has_words);
    take(model, persona);
}

/// The first send was taken back and its conversation is gone: the next one has its persona again, and its model.
pub fn back(model: &mut Model, persona: Option<PersonaId>) {
    model.model_before = None;
    if model.new_persona != persona {
        model.new_persona = persona;
        remember(model);
    }
}

/// What an earlier salon remembered; whether the persona is still there is seen when the personas come.
pub fn recall(model: &mut Model, state: &BTreeMap<String, String>) {
    model.new_persona = state.get(NEW).and_then(|id| id.parse().ok());
}
