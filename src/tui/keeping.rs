//! Keeping prompts: write, copy, hide, trash; their versions and where they were used.

use super::model::{Ask, Model};
use super::open;
use super::overlay::picker::{Picker, Row};
use super::overlay::prompt::{FormKeys, PromptForm};
use super::overlay::reading::Reading;
use super::overlay::{Body, Overlay, Purpose};
use crate::domain::clean::Clean;
use crate::domain::failure::Failure;
use crate::domain::id::{ConversationId, MessageId, PromptId};
use crate::domain::prompt::{PromptListed, PromptUse, PromptVersion, Sheet};
use crate::keys::{Action, Context};
use crate::protocol::{Command, Library, PromptAct};

/// The selected prompt; says so where there is none.
fn selected(model: &mut Model) -> Option<PromptListed> {
    let row = model.library.current_row().cloned();
    if row.is_none() {
        model.say("there is no prompt here");
    }
    row
}

/// Opens an empty form, or the one that was left.
pub fn write_new(model: &mut Model) {
    let id = model.mint.id();
    open_form(model, (id, true), Sheet::default());
}

/// Opens the form of the selected prompt; a shipped one is copied first.
pub fn edit(model: &mut Model) {
    let Some(row) = selected(model) else { return };
    if row.prompt.is_template {
        let key = letter_of(model, Action::DuplicatePrompt);
        model.say(format!(
            "shipped prompts stay as they are; {key} makes a copy to edit"
        ));
    } else if row.prompt.trashed_at.is_some() {
        model.say("it is in the trash; restore it first");
    } else {
        open_form(model, (row.prompt.id, false), row.prompt.sheet);
    }
}

fn letter_of(model: &Model, action: Action) -> String {
    let key = model.keymap.hint(Context::Library, action);
    key.unwrap_or_default()
}

/// The key for it that works while text is taken: no letter.
pub fn chord_of(model: &Model, action: Action) -> String {
    let keys = model.keymap.keys_of(Context::Overlay, action);
    let chord = keys.into_iter().find(|key| key.chars().count() > 1);
    chord.unwrap_or_default()
}

fn open_form(model: &mut Model, (id, is_new): (PromptId, bool), sheet: Sheet) {
    let keys = FormKeys {
        newline: chord_of(model, Action::Newline),
        editor: chord_of(model, Action::EditOutside),
        try_it: chord_of(model, Action::TryPrompt),
    };
    let left = model.library.left.remove(&(!is_new).then_some(id));
    let written = left.unwrap_or_else(|| sheet.clone());
    let form = PromptForm::new((id, is_new), sheet, &written, &keys);
    model.overlays.push(Overlay {
        purpose: Purpose::PromptForm,
        body: Body::Prompt(Box::new(form)),
    });
}

/// The form on top.
fn form(model: &mut Model) -> Option<&mut PromptForm> {
    match model.overlays.last_mut() {
        Some(Overlay {
            body: Body::Prompt(form),
            ..
        }) => Some(form),
        Some(_) | None => None,
    }
}

/// Saves what the form on top holds, which closes when that is done; `false` when there is none.
pub fn keep(model: &mut Model) -> bool {
    let Some(form) = form(model) else {
        return false;
    };
    let Some(sheet) = form.checked() else {
        return true;
    };
    form.is_saving = true;
    let (id, is_new) = (form.id, form.is_new);
    let save = Library::Save { id, is_new, sheet };
    model.ask(Command::Library(save), Ask::SavePrompt(id));
    true
}

/// A prompt is saved: its form closes, and it is the selected one.
pub fn saved(model: &mut Model, id: PromptId) {
    model
        .overlays
        .retain(|overlay| !matches!(&overlay.body, Body::Prompt(form) if form.id == id));
    model.library.left.remove(&Some(id));
    model.library.select(id);
}

/// A prompt was not saved: its form says why.
pub fn not_saved(model: &mut Model, id: PromptId, failure: Failure) {
    for overlay in &mut model.overlays {
        if let Body::Prompt(form) = &mut overlay.body
            && form.id == id
        {
            form.fail(failure);
            return;
        }
    }
    model.warn(&failure);
}

/// Esc in a form: what is written waits for the next time; `false` when there is none.
pub fn leave_form(model: &mut Model) -> bool {
    let Some(form) = form(model) else {
        return false;
    };
    let (key, is_changed) = ((!form.is_new).then_some(form.id), form.is_changed());
    let written = form.written();
    model.overlays.pop();
    if is_changed {
        model.library.left.insert(key, written);
        model.say("not saved; the same key brings back what you wrote");
    }
    true
}

/// What the form on top would be, for a trial: title and content.
pub fn unsaved(model: &mut Model) -> Option<(String, String)> {
    let written = form(model)?.written();
    Some((written.title, written.content))
}

/// Makes a copy of the selected prompt that can be edited.
pub fn duplicate(model: &mut Model) {
    let Some(row) = selected(model) else { return };
    let copy = model.mint.id();
    let id = row.prompt.id;
    let duplicate = Library::Duplicate { id, copy };
    model.ask(Command::Library(duplicate), Ask::SavePrompt(copy));
}

/// Moves the selected prompt to the trash; shipped ones can only be hidden.
pub fn trash(model: &mut Model) {
    let Some(row) = selected(model) else { return };
    if row.prompt.is_template {
        let key = letter_of(model, Action::HidePrompt);
        model.say(format!(
            "shipped prompts cannot be trashed; {key} hides this one"
        ));
    } else if row.prompt.trashed_at.is_some() {
        model.say("it is in the trash already");
    } else {
        apply(model, row.prompt.id, PromptAct::Trash);
    }
}

/// Takes the selected prompt out of the trash.
pub fn restore(model: &mut Model) {
    let Some(row) = selected(model) else { return };
    if row.prompt.trashed_at.is_some() {
        apply(model, row.prompt.id, PromptAct::Restore);
    } else {
        model.say("it is not in the trash");
    }
}

/// Hides the selected shipped prompt, or shows it again.
pub fn hide(model: &mut Model) {
    let Some(row) = selected(model) else { return };
    if !row.prompt.is_template {
        let key = letter_of(model, Action::TrashPrompt);
        model.say(format!(
            "only shipped prompts are hidden; {key} moves yours to the trash"
        ));
    } else if row.is_hidden {
        apply(model, row.prompt.id, PromptAct::Unhide);
    } else {
        apply(model, row.prompt.id, PromptAct::Hide);
    }
}

fn apply(model: &mut Model, id: PromptId, act: PromptAct) {
    let ids = vec![id];
    model.ask(Command::Library(Library::Apply { ids, act }), Ask::Change);
}

/// Asks for the versions of the selected prompt.
pub fn versions(model: &mut Model) {
    let Some(row) = selected(model) else { return };
    let prompt = row.prompt.id;
    model.ask(
        Command::Library(Library::Versions { prompt }),
        Ask::Versions,
    );
}

/// The versions came: offers them, newest first.
pub fn pick_version(model: &mut Model, versions: Vec<PromptVersion>) {
    if versions.is_empty() {
        model.say("there is only this version");
        return;
    }
    let rows = versions
        .iter()
        .map(|one| Row {
            value: one.version.to_string(),
            label: Clean::line(&format!("{} · {}", one.version, one.title)),
            aside: Clean::line(&when(model, one.created_at)),
            ..Row::default()
        })
        .collect();
    let keys = Clean::own("⏎ read · Esc");
    let picker = Picker::new(Clean::own("Versions"), Clean::default(), keys, rows);
    model.library.versions = versions;
    model.overlays.push(Overlay {
        purpose: Purpose::Versions,
        body: Body::Picker(picker),
    });
}

fn when(model: &Model, at: crate::domain::when::Millis) -> String {
    format!("{} {}", at.day(&model.zone), at.hour_minute(&model.zone))
}

/// Shows one version.
pub fn read_version(model: &mut Model, version: &str) {
    let mut versions = model.library.versions.iter();
    let Some(one) = versions.find(|one| one.version.to_string() == version) else {
        return;
    };
    let title = Clean::line(&format!("Version {} · {}", one.version, one.title));
    let aside = Clean::line(&when(model, one.created_at));
    let reading = Reading::new(title, aside, Clean::text(&one.content));
    model.overlays.push(Overlay {
        purpose: Purpose::Reading,
        body: Body::Reading(Box::new(reading)),
    });
}

/// Asks where the selected prompt was used.
pub fn uses(model: &mut Model) {
    let Some(row) = selected(model) else { return };
    let prompt = row.prompt.id;
    model.ask(Command::Library(Library::Uses { prompt }), Ask::Uses);
}

/// The messages made from a prompt came: offers them, newest first.
pub fn pick_use(model: &mut Model, uses: &[PromptUse]) {
    if uses.is_empty() {
        model.say("no message was sent from it yet");
        return;
    }
    let row = |one: &PromptUse| {
        let title = match one.title.as_str() {
            "" => "untitled",
            title => title,
        };
        Row {
            value: format!("{} {}", one.conversation, one.message),
            label: Clean::line(title),
            aside: Clean::line(&format!(
                "version {} · {}",
                one.version,
                when(model, one.at)
            )),
            ..Row::default()
        }
    };
    let rows = uses.iter().map(row).collect();
    let keys = Clean::own("⏎ open there · Esc");
    let picker = Picker::new(Clean::own("Used in"), Clean::default(), keys, rows);
    model.overlays.push(Overlay {
        purpose: Purpose::Uses,
        body: Body::Picker(picker),
    });
}

/// Opens the conversation of a use at its message.
pub fn open_use(model: &mut Model, value: &str) {
    let Some((conversation, message)) = value.split_once(' ') else {
        return;
    };
    let ids = (
        conversation.parse::<ConversationId>(),
        message.parse::<MessageId>(),
    );
    if let (Ok(conversation), Ok(message)) = ids {
        model.focus = super::model::Focus::Transcript;
        open::choose(model, conversation, message);
    }
}
