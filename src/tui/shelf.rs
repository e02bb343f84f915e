//! The list's actions: open, fold, rename, trash, restore, undo.

use std::collections::BTreeMap;

use super::focus::ask_list;
use super::model::{Ask, Focus, Model};
use super::open;
use super::overlay::confirm::Confirm;
use super::overlay::form::Form;
use super::overlay::{Body, Overlay, Purpose};
use super::pane::groups::{Groups, Line};
use super::{personas, talk};
use crate::domain::clean::Clean;
use crate::domain::conversation::Conversation;
use crate::domain::filter::persona_term;
use crate::domain::id::{ConversationId, PersonaId};
use crate::protocol::{Act, Command, Data, Shelf, Which};

/// The key and the word under which it is remembered that the personas are shown.
const FOLD: &str = "personas";
const OPEN: &str = "open";

/// Opens the selected conversation; one in the trash comes back first. On a persona begins a new one with it.
pub fn open_selected(model: &mut Model) {
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
    let (id, is_trashed) = (row.conversation.id, row.conversation.trashed_at.is_some());
    if is_trashed {
        apply(model, id, Act::Restore);
    }
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

/// Unfolds what is selected: the personas, or the conversations of one.
pub fn unfold(model: &mut Model) {
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

/// Folds what is selected, or what it stands in.
pub fn fold(model: &mut Model) {
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
}

/// All conversations of a persona, by the filter.
fn show_all(model: &mut Model, id: PersonaId) {
    if let Some(row) = model.roster.get(id) {
        let words = persona_term(&row.persona.profile.name);
        model.list.filter.set_text(&words, words.len());
        model.list.selected = 0;
        ask_list(model);
    }
}

/// The conversation an action of the list is about: the selected one in the list, else the open one.
pub fn subject(model: &Model) -> Option<Conversation> {
    match model.focus {
        Focus::List => model.list.current_row().map(|row| row.conversation.clone()),
        Focus::Composer | Focus::Transcript | Focus::Library => model.open.clone(),
    }
}

/// The persona whose own line is selected in the list.
pub fn persona_line(model: &Model) -> Option<PersonaId> {
    match model.list.line().filter(|_| model.focus == Focus::List) {
        Some(Line::Persona(id)) => Some(id),
        Some(Line::Title | Line::Inside(..) | Line::More(_)) | None => None,
    }
}

/// Asks for another title.
pub fn rename(model: &mut Model) {
    if persona_line(model).is_some() {
        return personas::edit(model);
    }
    let Some(conversation) = subject(model) else {
        model.say("there is no conversation to rename yet");
        return;
    };
    let form = Form::line("Rename the conversation", &conversation.title);
    model.overlays.push(Overlay {
        purpose: Purpose::Rename(conversation.id),
        body: Body::Form(form),
    });
}

/// Gives a conversation this title.
pub fn name(model: &mut Model, id: ConversationId, title: &str) {
    let title = title.trim().to_owned();
    model.ask(
        Command::Shelf(Shelf::Rename {
            conversation: id,
            title,
        }),
        Ask::Change,
    );
}

/// Moves a conversation to the trash; asks first when a reply is being written in it.
pub fn trash(model: &mut Model) {
    if persona_line(model).is_some() {
        return personas::trash(model);
    }
    let Some(conversation) = subject(model) else {
        model.say("there is no conversation to trash yet");
        return;
    };
    let id = conversation.id;
    if conversation.trashed_at.is_some() {
        model.say("it is in the trash already");
    } else if model.live.contains_key(&id) {
        let question = Clean::own("A reply is being written there.");
        let confirm = Confirm::new(question, "stop it and move it to the trash");
        model.overlays.push(Overlay {
            purpose: Purpose::TrashLive(id),
            body: Body::Confirm(confirm),
        });
    } else {
        apply(model, id, Act::Trash);
    }
}

/// Takes a conversation out of the trash.
pub fn restore(model: &mut Model) {
    match subject(model) {
        Some(conversation) if conversation.trashed_at.is_some() => {
            apply(model, conversation.id, Act::Restore)
        }
        Some(_) | None => model.say("it is not in the trash"),
    }
}

/// Asks for a change of one conversation.
pub fn apply(model: &mut Model, id: ConversationId, act: Act) {
    model.ask(
        Command::Shelf(Shelf::Apply { ids: vec![id], act }),
        Ask::Change,
    );
}

/// Takes the last change of the list back.
pub fn undo(model: &mut Model) {
    match model.undo.take() {
        Some(command) => {
            model.ask(command, Ask::Change);
        }
        None => model.say("nothing to undo"),
    }
}

/// Shows the trash, or the conversations again.
pub fn toggle_trash(model: &mut Model) {
    model.list.which = match model.list.which {
        Which::Active => Which::Trashed,
        Which::Trashed => Which::Active,
    };
    model.list.selected = 0;
    model.focus = Focus::List;
    ask_list(model);
}
