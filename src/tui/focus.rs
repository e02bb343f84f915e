//! Who has the keys: the focused pane or overlay, its context, its editor.

use super::history;
use super::model::{Ask, Focus, Model};
use super::text::edit::Editor;
use crate::keys::{Action, Context};
use crate::protocol::{Command, Library, PromptQuery, Which};

/// The context of the focused pane.
pub fn context(model: &Model) -> Context {
    match model.focus {
        _ if !model.overlays.is_empty() => Context::Overlay,
        Focus::Composer => Context::Composer,
        Focus::List => Context::List,
        Focus::Transcript => Context::Transcript,
        Focus::Library => Context::Library,
    }
}

/// The keys that may follow those pressed, and what they do here.
pub fn what_follows(model: &Model) -> Vec<(String, Action)> {
    let mut follows = model.keymap.what_follows(context(model), &model.pending);
    // One key an action is enough.
    let mut told = std::collections::BTreeSet::new();
    follows.retain(|(_, action)| told.insert(*action));
    match model.overlays.last() {
        Some(top) => follows
            .into_iter()
            .filter(|(_, action)| top.takes(*action))
            .collect(),
        None => follows,
    }
}

/// Whether a list's filter is being typed.
pub fn is_filtering(model: &Model) -> bool {
    (model.focus == Focus::List && model.list.is_filtering)
        || (model.focus == Focus::Library && model.library.is_filtering)
        || is_searching(model)
}

/// Whether words to find are being typed.
pub fn is_searching(model: &Model) -> bool {
    model.focus == Focus::Transcript && model.transcript.is_typing()
}

/// Whether a printable key is text here.
pub fn takes_text(model: &Model) -> bool {
    match model.overlays.last() {
        Some(overlay) => overlay.takes_text(),
        None => model.focus == Focus::Composer || is_filtering(model),
    }
}

/// The editor that has the focus.
pub fn editor(model: &mut Model) -> Option<&mut Editor> {
    if let Some(overlay) = model.overlays.last_mut() {
        return overlay.editor();
    }
    match model.focus {
        Focus::Composer => Some(&mut model.composer.editor),
        Focus::Transcript => model.transcript.search_line(),
        Focus::List if model.list.is_filtering => Some(&mut model.list.filter),
        Focus::Library if model.library.is_filtering => Some(&mut model.library.filter),
        Focus::List | Focus::Library => None,
    }
}

/// The focused editor's text changed.
pub fn edited(model: &mut Model) {
    if let Some(overlay) = model.overlays.last_mut() {
        overlay.edited();
        return history::seek(model);
    }
    match model.focus {
        Focus::Composer => {
            // An answer to ↑ that is still on its way is for what stood there before.
            model.history.steps = 0;
            model.composer.changed(model.tick);
        }
        Focus::List => {
            if model.list.read_filter() {
                ask_list(model);
            }
        }
        Focus::Library => model.library.filtered(),
        Focus::Transcript => seek_words(model),
    }
}

/// Asks where the words stand that are being typed. An earlier question is overtaken.
pub fn seek_words(model: &mut Model) {
    if let Some(command) = model.transcript.words_changed() {
        ask_find(model, command);
    }
}

/// Asks where words stand; nobody waits for an earlier answer.
pub fn ask_find(model: &mut Model, command: Command) {
    let asked = model.asks.iter().filter(|(_, ask)| **ask == Ask::Find);
    let overtaken: Vec<_> = asked.map(|(id, _)| *id).collect();
    for id in overtaken {
        model.asks.remove(&id);
        model.tell(Command::Cancel(id));
    }
    model.ask(command, Ask::Find);
}

/// Asks for the list from its beginning, by the filter that stands.
pub fn ask_list(model: &mut Model) {
    model.forget(|ask| matches!(ask, Ask::ListFirst | Ask::ListMore));
    let command = model.list.ask_first();
    model.ask(command, Ask::ListFirst);
}

/// Asks for all prompts outside the trash, or in it; what is shown of them the library decides.
pub fn ask_prompts(model: &mut Model, which: Which) {
    let query = PromptQuery {
        has_hidden: true,
        which,
        ..PromptQuery::default()
    };
    let list = Library::List { query };
    model.ask(Command::Library(list), Ask::Prompts(which));
}

/// Moves the focus; what a pane was filtering stays.
pub fn focus(model: &mut Model, to: Focus) {
    model.list.is_filtering = false;
    model.library.is_filtering = false;
    model.focus = to;
    if to != Focus::Composer {
        // Words that come into the composer from elsewhere replace nothing.
        model.composer.editor.cancel_selection();
    }
    match to {
        Focus::List => {
            if let Some(id) = model.here() {
                model.list.select(id);
            }
        }
        Focus::Library if !model.library.is_loaded() => ask_prompts(model, Which::Active),
        Focus::Library | Focus::Composer | Focus::Transcript => {}
    }
}
