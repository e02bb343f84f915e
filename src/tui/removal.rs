//! What cannot be undone and is therefore asked first: emptying the trash, in part or whole, and `storage.keep_days`.

use super::curate::{self, take_subjects};
use super::focus::ask_list;
use super::model::{Ask, Model};
use super::overlay::confirm::Confirm;
use super::overlay::{Body, Overlay, Purpose};
use super::pane::list::View;
use crate::domain::conversation::{Conversation, cut_words};
use crate::domain::id::ConversationId;
use crate::protocol::{Command, Query, Shelf, Which};

/// Titles named in a question; the others are counted.
const NAMED: usize = 3;
/// Most characters of a title in a question.
const LENGTH: usize = 50;

/// Removes what is marked or selected in the trash for good, after a question.
pub fn purge(model: &mut Model) {
    if model.list.view != View::Trash {
        return model.say("only what is in the trash can be removed; /trashed shows it");
    }
    let mut subjects = take_subjects(model, "remove");
    let has_any = !subjects.is_empty();
    subjects.retain(|c| c.trashed_at.is_some());
    if subjects.is_empty() {
        if has_any {
            model.say("it is not in the trash");
        }
        return;
    }
    let question = format!(
        "Remove {} for good? It cannot be undone.",
        title_words(&subjects)
    );
    model.aim = subjects;
    ask(
        model,
        Purpose::Purge,
        Confirm::new(&question, "remove for good"),
    );
}

/// `"Rust lifetimes"`, `"A" and "B"`, `7 conversations ("A", "B", "C", …)`.
fn title_words(of: &[Conversation]) -> String {
    let title = |c: &Conversation| match c.title.as_str() {
        "" => "an untitled conversation".to_owned(),
        title => format!("“{}”", cut_words(title, LENGTH)),
    };
    let titles: Vec<String> = of.iter().take(NAMED).map(title).collect();
    match of.len() {
        1 => titles.concat(),
        2 => titles.join(" and "),
        count if count <= NAMED => format!("{count} conversations ({})", titles.join(", ")),
        count => format!("{count} conversations ({}, …)", titles.join(", ")),
    }
}

/// Asks how many are in the trash; the answer asks whether they go.
pub fn empty_trash(model: &mut Model) {
    let query = Query {
        which: Which::Trashed,
        ..Query::default()
    };
    let list = Shelf::List {
        query,
        after: None,
        offset: 0,
        // No row is wanted: another listing than the one that counts the archive, which it must not overtake.
        limit: Some(0),
    };
    model.ask(Command::Shelf(list), Ask::Trashed);
}

/// So many are in the trash.
pub fn counted(model: &mut Model, count: u64) {
    let many = match count {
        0 => return model.say("the trash is empty"),
        1 => "the 1 conversation".to_owned(),
        count => format!("all {count} conversations"),
    };
    let question = format!("Remove {many} in the trash for good? It cannot be undone.");
    ask(
        model,
        Purpose::EmptyTrash,
        Confirm::new(&question, "empty the trash"),
    );
}

/// So many conversations are older than the settings keep them: whether they go is asked once nothing else is open.
pub fn expired(model: &mut Model, days: u32, conversations: u64) {
    let (are, they) = match conversations {
        1 => ("1 conversation is".to_owned(), "it"),
        count => (format!("{count} conversations are"), "them"),
    };
    let question = format!(
        "{are} older than the {days} days of storage.keep_days. Remove {they} for good, and from now on each that grows \
         as old? It cannot be undone."
    );
    let confirm = Confirm::unasked(&question, "remove for good");
    // With the composer lent the question gives way when its text comes back.
    if let Some((open, _)) = model.lent.as_mut().filter(|(open, _)| *open > 0) {
        *open += 1;
    }
    // It lies below what is open already: nobody who types there answers it.
    model.overlays.insert(
        0,
        Overlay {
            purpose: Purpose::Expired(days),
            body: Body::Confirm(confirm),
        },
    );
}

fn ask(model: &mut Model, purpose: Purpose, confirm: Confirm) {
    let body = Body::Confirm(confirm);
    model.overlays.push(Overlay { purpose, body });
}

/// What the question was about goes.
pub fn purge_aimed(model: &mut Model) {
    let aim = std::mem::take(&mut model.aim);
    let ids: Vec<ConversationId> = aim.iter().map(|c| c.id).collect();
    // None named would be all.
    if !ids.is_empty() {
        remove(model, Shelf::Purge { ids });
    }
}

/// All that is in the trash goes.
pub fn purge_all(model: &mut Model) {
    remove(model, Shelf::Purge { ids: Vec::new() });
}

/// What is older than so many days goes.
pub fn retain(model: &mut Model, days: u32) {
    remove(model, Shelf::Retain { days });
}

fn remove(model: &mut Model, shelf: Shelf) {
    model.ask(Command::Shelf(shelf), Ask::Removed);
}

/// They are gone: nothing before that can be undone by the same key, and the list is asked for anew.
pub fn removed(model: &mut Model) {
    model.undo = None;
    ask_list(model);
    curate::shelved(model, &[]);
}
