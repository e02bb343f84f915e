//! Getting about in the list: open, fold, archive and trash, order, marks.

use std::collections::BTreeMap;

use super::focus::ask_list;
use super::model::{Ask, Focus, Model};
use super::open;
use super::pane::groups::{Groups, Line};
use super::pane::list::View;
use super::pane::order;
use super::{personas, talk};
use crate::domain::filter::persona_term;
use crate::domain::id::PersonaId;
use crate::protocol::{Command, Data};

/// The key and the word under which it is remembered that the personas are shown.
const FOLD: &str = "personas";
const OPEN: &str = "open";
/// The key under which the order of the list is remembered.
const ORDER: &str = "list order";

/// Opens the selected conversation; one in the trash comes back first. On a persona begins a new one with it.
pub fn open_selected(model: &mut Model) {
    if model.list.is_on_archive() {
        return toggle(model, View::Archive);
    }
    match model.list.line() {
        Some(Line::Title) => {
            let is_open = model.list.groups.is_open;
            return set_open(model, !is_open);
        }
        Some(Line::Persona(id)) => return personas::talk(model, id),
        Some(Line::More(id)) => return show_all(model, id),
        Some(Line::Inside(..)) | None => {}
    }
    let Some(row) = model.list.current_row() else {
        return;
    };
    let id = row.conversation.id;
    model.list.is_filtering = false;
    model.focus = Focus::Composer;
    open::go_to(model, id);
}

/// A new conversation; from a persona's lines in the list, one with it.
pub fn new(model: &mut Model) {
    let line = model.list.line().filter(|_| model.focus == Focus::List);
    match line.and_then(Groups::persona) {
        Some(id) => personas::talk(model, id),
        None => talk::new_conversation(model),
    }
}

/// Unfolds what is selected: the personas, the conversations of one, or the archive.
pub fn unfold(model: &mut Model) {
    if model.list.is_on_archive() {
        return toggle(model, View::Archive);
    }
    match model.list.line() {
        Some(Line::Title) => set_open(model, true),
        Some(Line::Persona(id)) => {
            let mut command = None;
            model
                .list
                .regroup(|groups| command = Some(groups.unfold(id)));
            if let Some(command) = command {
                model.ask(command, Ask::Inside(id));
            }
        }
        Some(Line::More(id)) => show_all(model, id),
        Some(Line::Inside(..)) | None => {}
    }
}

/// Folds what is selected, or what it stands in; the archive too.
pub fn fold(model: &mut Model) {
    if model.list.view == View::Archive {
        return toggle(model, View::Archive);
    }
    match model.list.line() {
        Some(Line::Persona(id) | Line::Inside(id, _) | Line::More(id))
            if model.list.groups.is_unfolded(id) =>
        {
            model.list.select_line(Line::Persona(id));
            model.list.regroup(|groups| groups.fold_persona(id));
        }
        Some(_) => {
            model.list.select_line(Line::Title);
            set_open(model, false);
        }
        None => {}
    }
}

/// Shows or hides the personas, at the next start too.
fn set_open(model: &mut Model, is_open: bool) {
    model.list.regroup(|groups| groups.fold(is_open));
    let value = if is_open { OPEN } else { "" };
    model.tell(Command::Data(Data::Remember {
        key: FOLD.to_owned(),
        value: value.to_owned(),
    }));
}

/// What the salon before remembered.
pub fn recall(model: &mut Model, state: &BTreeMap<String, String>) {
    let is_open = state.get(FOLD).is_some_and(|value| value == OPEN);
    model.list.regroup(|groups| groups.fold(is_open));
    let order = state.get(ORDER).and_then(|word| order::of_word(word));
    model.list.order = order.unwrap_or_default();
}

/// All conversations of a persona, by the filter.
fn show_all(model: &mut Model, id: PersonaId) {
    if let Some(row) = model.roster.get(id) {
        let words = persona_term(&row.persona.profile.name);
        model.list.filter.set_text(&words, words.len());
        model.list.start_over();
        ask_list(model);
    }
}

/// Shows these conversations, or those of the list again.
pub fn toggle(model: &mut Model, view: View) {
    let view = if model.list.view == view {
        View::Active
    } else {
        view
    };
    model.list.turn_to(view);
    model.focus = Focus::List;
    ask_list(model);
}

/// Lists by the next order, at the next start too.
pub fn next_order(model: &mut Model) {
    let order = order::next(model.list.order);
    model.list.order = order;
    model.say(format!("listed by {}", order::word(order)));
    model.tell(Command::Data(Data::Remember {
        key: ORDER.to_owned(),
        value: order::word(order).to_owned(),
    }));
    ask_list(model);
}

/// Marks the selected row and goes on to the next.
pub fn mark(model: &mut Model) {
    model.list.mark();
    ask_more(model);
}

/// The next page of the list, when the selection has come near the end of what is loaded.
pub fn ask_more(model: &mut Model) {
    if let Some(command) = model.list.ask_more() {
        model.ask(command, Ask::ListMore);
    }
}
