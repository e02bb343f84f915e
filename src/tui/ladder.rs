//! The two ladders, Esc and Ctrl+C: the first step that applies is taken (`peers.md` 5.3). No first press can hurt.

use super::doctor;
use super::focus::{ask_list, editor};
use super::history;
use super::leaving::arm_quit;
use super::model::{Ask, Focus, Model};
use super::msg::Effect;
use super::overlay::{Body, Purpose};
use super::personas;
use super::prompts;
use super::search;
use super::talk;
use crate::protocol::{Chat, Command};

/// A second Esc within so many ms opens the rewind.
const TWICE: u64 = 500;

/// Esc: one step back, nothing lost.
pub fn back(model: &mut Model) {
    let before = model.last_esc.take();
    if prompts::back(model) || close_overlay(model) {
        return;
    }
    if model.focus == Focus::Composer && model.menu.is_open() {
        model.menu.dismiss();
        return;
    }
    if model.transcript.unpick()
        || clear_marks(model)
        || close_filter(model)
        || model.composer.editor.cancel_selection()
    {
        return;
    }
    if talk::stop(model) {
        return;
    }
    if model.focus != Focus::Composer {
        model.focus = Focus::Composer;
        return;
    }
    if model.composer.come_home() {
        return;
    }
    if model.composer.is_editing() {
        let scope = model.here();
        for command in model.composer.stash_draft(scope) {
            model.tell(command);
        }
        model.say("edit left; ↑ brings it back");
        return;
    }
    if !model.composer.is_empty() {
        return;
    }
    let Some(id) = model.here() else { return };
    if before.is_some_and(|at| model.tick <= at + TWICE) {
        model.ask(
            Command::Chat(Chat::Questions { conversation: id }),
            Ask::Questions,
        );
    } else {
        model.last_esc = Some(model.tick);
    }
}

/// Closes the overlay on top; a form's words are kept. `false` when there is none.
fn close_overlay(model: &mut Model) -> bool {
    let Some(overlay) = model.overlays.pop() else {
        return false;
    };
    if overlay.purpose == Purpose::Doctor {
        doctor::left(model);
    }
    match overlay.body {
        Body::Form(form) if overlay.purpose == Purpose::System => {
            talk::left_system(model, form.editor.text());
        }
        Body::Persona(form) => personas::left(model, form),
        Body::Search(search) => search::left(model, search),
        Body::Picker(_)
        | Body::Form(_)
        | Body::Confirm(_)
        | Body::Help(_)
        | Body::Fill(_)
        | Body::Prompt(_)
        | Body::Reading(_)
        | Body::Told(_) => {}
    }
    true
}

/// Takes the marks of the list away; `false` when the list is not in hand or nothing is marked.
fn clear_marks(model: &mut Model) -> bool {
    model.focus == Focus::List && model.list.marks.clear()
}

/// Leaves a filter that is being typed or stands; `false` when there is none.
fn close_filter(model: &mut Model) -> bool {
    let (filter, is_filtering) = match model.focus {
        Focus::List => (&mut model.list.filter, &mut model.list.is_filtering),
        Focus::Library => (&mut model.library.filter, &mut model.library.is_filtering),
        Focus::Transcript => return model.transcript.let_go() || model.transcript.end_search(),
        Focus::Composer => return false,
    };
    if !*is_filtering && filter.is_empty() {
        return false;
    }
    *is_filtering = false;
    if !filter.is_empty() {
        filter.set_text("", 0);
        match model.focus {
            Focus::List => ask_list(model),
            Focus::Library => model.library.filtered(),
            Focus::Composer | Focus::Transcript => {}
        }
    }
    true
}

/// Ctrl+C: copy a selection, stop the reply, stash the draft, then leave on the second press.
pub fn interrupt(model: &mut Model) {
    if model.is_leaving || model.fatal.is_some() {
        model.effects.push(Effect::Leave);
        return;
    }
    let selected = model.transcript.picked_text();
    if let Some(text) = selected.or_else(|| editor(model)?.selection()) {
        model.effects.push(Effect::Copy(text));
        return;
    }
    if prompts::back(model) || talk::stop(model) {
        return;
    }
    if close_overlay(model) || clear_marks(model) || close_filter(model) {
        return;
    }
    if model.composer.come_home() {
        return;
    }
    if !model.composer.is_empty() {
        let scope = model.here();
        for command in model.composer.stash_draft(scope) {
            model.tell(command);
        }
        model.focus = Focus::Composer;
        model.say(history::IS_KEPT);
        return;
    }
    arm_quit(model, "Ctrl+C");
}
