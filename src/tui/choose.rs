//! What was chosen or written in an overlay is put to use.

use super::act;
use super::model::Model;
use super::msg::Choice;
use super::overlay::Purpose;
use super::{export, history, keeping, models, palette, personas, prompts, secret, shelf, talk};
use crate::domain::id::MessageId;
use crate::domain::model::ModelRef;
use crate::protocol::Act;

/// The overlay of this purpose closed with this choice.
pub fn chosen(model: &mut Model, purpose: Purpose, choice: Choice) {
    match (purpose, choice) {
        (Purpose::Model, Choice::Picked(name)) => models::choose(model, &name),
        (Purpose::RetryWith(reply), Choice::Picked(name)) => match name.parse::<ModelRef>() {
            Ok(by) => talk::retry_by(model, reply, by),
            Err(bad) => model.say(bad.to_string()),
        },
        (Purpose::Rewind, Choice::Picked(id)) => rewind(model, &id),
        (Purpose::History, Choice::Picked(text)) => history::take(model, &text),
        (Purpose::Palette, Choice::Picked(id)) => {
            if let Some(action) = palette::chosen(model, &id) {
                act::act(model, action);
            }
        }
        (Purpose::Persona(which), Choice::Picked(id)) => personas::taken(model, which, &id),
        (Purpose::PersonaModel, Choice::Picked(name)) => personas::model_picked(model, &name),
        (Purpose::Rename(id), Choice::Written(title)) => shelf::name(model, id, &title),
        (Purpose::System, Choice::Written(text)) => talk::set_system(model, text),
        (Purpose::SendWith, Choice::Picked(name)) => talk::send_with(model, &name),
        (Purpose::Key, Choice::Key(provider, key)) => secret::keep(model, provider, key),
        (Purpose::TrashLive(id), Choice::Agreed) => {
            talk::stop_in(model, id);
            shelf::apply(model, id, Act::Trash);
        }
        (Purpose::Export(id), Choice::Written(name)) => export::write(model, id, &name),
        (Purpose::Overwrite, Choice::Agreed) => export::overwrite(model),
        (Purpose::TrialModel, Choice::Picked(name)) => prompts::try_by(model, &name),
        (Purpose::Group, Choice::Picked(filter)) => prompts::filter_by(model, &filter),
        (Purpose::Versions, Choice::Picked(version)) => keeping::read_version(model, &version),
        (Purpose::Uses, Choice::Picked(place)) => keeping::open_use(model, &place),
        // An overlay gives only the kind of choice its body makes.
        (
            Purpose::Model
            | Purpose::RetryWith(_)
            | Purpose::Rewind
            | Purpose::History
            | Purpose::Palette
            | Purpose::Rename(_)
            | Purpose::System
            | Purpose::SendWith
            | Purpose::Key
            | Purpose::TrashLive(_)
            | Purpose::Export(_)
            | Purpose::Overwrite
            | Purpose::Fill
            | Purpose::TrialModel
            | Purpose::Group
            | Purpose::PromptForm
            | Purpose::Versions
            | Purpose::Uses
            | Purpose::Reading
            | Purpose::Persona(_)
            | Purpose::PersonaForm
            | Purpose::Told
            | Purpose::PersonaModel
            | Purpose::Help,
            Choice::Picked(_)
            | Choice::Written(_)
            | Choice::Key(..)
            | Choice::Agreed
            | Choice::Filled(_),
        ) => {}
    }
}

fn rewind(model: &mut Model, id: &str) {
    let Ok(id) = id.parse::<MessageId>() else {
        return;
    };
    if let Some(at) = model
        .questions
        .iter()
        .position(|(question, _)| *question == id)
    {
        let (_, text) = model.questions.swap_remove(at);
        model.questions.clear();
        talk::start_edit(model, id, &text);
    }
}
