//! The list's actions: open, rename, trash, restore, undo.

use super::focus::ask_list;
use super::model::{Ask, Focus, Model};
use super::open;
use super::overlay::confirm::Confirm;
use super::overlay::form::Form;
use super::overlay::{Body, Overlay, Purpose};
use crate::domain::clean::Clean;
use crate::domain::conversation::Conversation;
use crate::domain::id::ConversationId;
use crate::protocol::{Act, Command, Shelf, Which};

/// Opens the selected conversation; one in the trash comes back first.
pub fn open_selected(model: &mut Model) {
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

/// The conversation an action of the list is about: the selected one in the list, else the open one.
fn subject(model: &Model) -> Option<Conversation> {
    match model.focus {
        Focus::List => model.list.current_row().map(|row| row.conversation.clone()),
        Focus::Composer | Focus::Transcript | Focus::Library => model.open.clone(),
    }
}

/// Asks for another title.
pub fn rename(model: &mut Model) {
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
