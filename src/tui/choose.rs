//! What was chosen or written in an overlay is put to use.

use super::act;
use super::model::{Focus, Model};
use super::msg::Choice;
use super::overlay::Purpose;
use super::{
    browse, curate, export, history, keeping, models, palette, paper, personas, prompts, providers,
    removal, secret, talk,
};
use crate::domain::id::MessageId;
use crate::domain::model::ModelRef;

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
        (Purpose::Outline, Choice::Picked(id)) => browse::go_to(model, &id),
        (Purpose::WriteTo, Choice::Written(path)) => paper::named(model, &path),
        (Purpose::Replace, Choice::Agreed) => paper::replace(model),
        (Purpose::Persona(which), Choice::Picked(id)) => personas::taken(model, which, &id),
        (Purpose::PersonaModel, Choice::Picked(name)) => personas::model_picked(model, &name),
        (Purpose::Rename(id), Choice::Written(title)) => curate::name(model, id, &title),
        (Purpose::Tags, Choice::Written(tags)) => curate::tagged(model, &tags),
        (Purpose::System, Choice::Written(text)) => talk::set_system(model, text),
        (Purpose::SendWith, Choice::Picked(name)) => talk::send_with(model, &name),
        (Purpose::KeyOf, Choice::Picked(provider)) => secret::ask(model, &provider),
        (Purpose::Use, Choice::Picked(provider)) => providers::take(model, &provider),
        (Purpose::Key, Choice::Key(provider, key)) => secret::keep(model, provider, key),
        (Purpose::TrashLive, Choice::Agreed) => curate::trash_live(model),
        (Purpose::Purge, Choice::Agreed) => removal::purge_aimed(model),
        (Purpose::EmptyTrash, Choice::Agreed) => removal::purge_all(model),
        (Purpose::Expired(days), Choice::Agreed) => removal::retain(model, days),
        (Purpose::Expired(_), Choice::Typed(text)) => typed(model, &text),
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
            | Purpose::Outline
            | Purpose::Search
            | Purpose::WriteTo
            | Purpose::Replace
            | Purpose::Rename(_)
            | Purpose::System
            | Purpose::SendWith
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
            | Choice::Hit(_)
            | Choice::Agreed
            | Choice::Typed(_)
            | Choice::Filled(_),
        ) => {}
    }
}

/// What was meant for a message goes into the composer.
fn typed(model: &mut Model, text: &str) {
    model.focus = Focus::Composer;
    model.composer.editor.insert(text);
    model.composer.changed(model.tick);
}

fn rewind(model: &mut Model, id: &str) {
    let Ok(id) = id.parse::<MessageId>() else {
        return;
    };
    if let Some(at) = model
        .questions
        .iter()
        .position(|question| question.id == id)
    {
        let text = model.questions.swap_remove(at).text;
        model.questions.clear();
        talk::start_edit(model, id, &text);
    }
}
