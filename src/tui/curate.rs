//! What is done to conversations of the list and can be undone: rename, pin, archive, tags, copy, trash, restore.

use super::model::{Ask, Focus, Model, Written};
use super::overlay::confirm::Confirm;
use super::overlay::form::Form;
use super::overlay::{Body, Overlay, Purpose};
use super::{personas, talk};
use crate::domain::conversation::{Conversation, Draft};
use crate::domain::failure::Failure;
use crate::domain::id::ConversationId;
use crate::domain::tag;
use crate::protocol::{Act, Command, Shelf};

/// The title of the form for a title.
const RENAME: &str = "Rename the conversation";

/// The conversations an action of the list is about: the marked ones, else the selected one in the list, else the open
/// one.
pub fn subjects(model: &Model) -> Vec<Conversation> {
    if !model.list.marks.is_empty() {
        return model
            .list
            .marked()
            .into_iter()
            .map(|row| row.conversation.clone())
            .collect();
    }
    let one = match model.focus {
        Focus::List => model.list.current_row().map(|row| row.conversation.clone()),
        Focus::Composer | Focus::Transcript | Focus::Library => model.open.clone(),
    };
    one.into_iter().collect()
}

/// The same, and the range that is being drawn ends; none: that is said.
pub fn take_subjects(model: &mut Model, verb: &str) -> Vec<Conversation> {
    model.list.marks.end();
    let subjects = subjects(model);
    if subjects.is_empty() {
        model.say(none_to(verb));
    }
    subjects
}

fn none_to(verb: &str) -> String {
    format!("there is no conversation to {verb} yet")
}

/// The conversation of an action that is about a single one, or why there is none.
pub fn one(model: &Model, verb: &str) -> Result<Conversation, String> {
    let mut subjects = subjects(model);
    match subjects.len() {
        0 | 1 => subjects.pop().ok_or_else(|| none_to(verb)),
        count => Err(format!("{count} are marked; {verb} one at a time")),
    }
}

fn ids(of: &[Conversation]) -> Vec<ConversationId> {
    of.iter().map(|conversation| conversation.id).collect()
}

/// Asks for a change of the list that can be undone.
fn change(model: &mut Model, shelf: Shelf) {
    model.ask(Command::Shelf(shelf), Ask::Shelved(Vec::new()));
}

/// Whether the line of a persona is what an action is about.
fn is_persona(model: &Model) -> bool {
    model.list.marks.is_empty() && personas::selected(model).is_some()
}

/// Asks for another title.
pub fn rename(model: &mut Model) {
    if is_persona(model) {
        return personas::edit(model);
    }
    match one(model, "rename") {
        Ok(conversation) => {
            let form = Form::line(RENAME, &conversation.title);
            model.overlays.push(Overlay {
                purpose: Purpose::Rename(conversation.id),
                body: Body::Form(form),
            });
        }
        Err(why) => model.say(why),
    }
}

/// `/rename TITLE`.
pub fn rename_to(model: &mut Model, title: &str) {
    match one(model, "rename") {
        Ok(conversation) => name(model, conversation.id, title),
        Err(why) => model.say(why),
    }
}

/// Gives a conversation this title.
pub fn name(model: &mut Model, id: ConversationId, title: &str) {
    let title = title.trim().to_owned();
    let written = Written {
        purpose: Purpose::Rename(id),
        of: Vec::new(),
        text: title.clone(),
    };
    let conversation = id;
    let rename = Shelf::Rename {
        conversation,
        title,
    };
    model.ask(Command::Shelf(rename), Ask::Written(written));
}

/// Pins to the top, or lets go what is pinned.
pub fn pin(model: &mut Model) {
    let subjects = take_subjects(model, "pin");
    if subjects.is_empty() || is_in_trash(model, &subjects) {
        return;
    }
    let is_pinned = subjects.iter().any(|c| c.pinned_at.is_none());
    let ids = ids(&subjects);
    change(model, Shelf::Pin { ids, is_pinned });
}

/// Puts into the archive, or takes out what is there.
pub fn archive(model: &mut Model) {
    let subjects = take_subjects(model, "archive");
    if subjects.is_empty() || is_in_trash(model, &subjects) {
        return;
    }
    let is_archived = subjects.iter().any(|c| c.archived_at.is_none());
    let ids = ids(&subjects);
    change(model, Shelf::Archive { ids, is_archived });
}

/// What is in the trash has to leave it first; that is said.
fn is_in_trash(model: &mut Model, subjects: &[Conversation]) -> bool {
    let is_trashed = subjects.iter().any(|c| c.trashed_at.is_some());
    if is_trashed {
        model.say("it is in the trash; take it out first");
    }
    is_trashed
}

/// The tags that all of these have.
fn common_tags(of: &[Conversation]) -> Vec<String> {
    let Some((first, others)) = of.split_first() else {
        return Vec::new();
    };
    let has = |tag: &&String| {
        let is_it = |other: &String| tag::is_same(tag, other);
        others.iter().all(|c| c.tags.iter().any(is_it))
    };
    first.tags.iter().filter(has).cloned().collect()
}

/// Opens the line with the tags; of several conversations, those that all of them have.
pub fn edit_tags(model: &mut Model) {
    let subjects = take_subjects(model, "tag");
    if !subjects.is_empty() {
        let tags = common_tags(&subjects).join(" ");
        open_tags(model, subjects, &tags);
    }
}

fn open_tags(model: &mut Model, subjects: Vec<Conversation>, text: &str) {
    let title = match subjects.len() {
        1 => "Tags, with blanks between",
        _ => "Tags of all that are marked, with blanks between",
    };
    model.aim = subjects;
    model.overlays.push(Overlay {
        purpose: Purpose::Tags,
        body: Body::Form(Form::line(title, text)),
    });
}

/// The tags of a text: words with or without `#`, each once whatever its case.
fn tags_of(text: &str) -> Vec<String> {
    let words = text.split(|c: char| c.is_whitespace() || c == ',');
    let words = words.map(|word| word.trim_start_matches('#').to_owned());
    let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
    tag::changed(&[], &words, &[])
}

/// The first word of the text that cannot be a tag.
fn wrong_tag(text: &str) -> Option<Failure> {
    tags_of(text).iter().find_map(|word| tag::check(word).err())
}

/// Why these cannot be the tags of what an action is about.
pub fn bad_tags(model: &Model, text: &str) -> Option<String> {
    if subjects(model).is_empty() {
        return Some(none_to("tag"));
    }
    wrong_tag(text).map(|failure| failure.to_string())
}

/// `/tags TAGS`.
pub fn tag_with(model: &mut Model, text: &str) {
    let subjects = take_subjects(model, "tag");
    give_tags(model, &subjects, text);
}

/// The line with the tags was written; one that cannot be kept is open again with its words.
pub fn tagged(model: &mut Model, text: &str) {
    let subjects = std::mem::take(&mut model.aim);
    match wrong_tag(text) {
        Some(failure) => {
            open_tags(model, subjects, text);
            model.warn(&failure);
        }
        None => give_tags(model, &subjects, text),
    }
}

/// Gives and takes what differs from the tags that all of these have.
fn give_tags(model: &mut Model, subjects: &[Conversation], text: &str) {
    let (before, now) = (common_tags(subjects), tags_of(text));
    let is_in = |tag: &str, tags: &[String]| tags.iter().any(|other| tag::is_same(tag, other));
    let less = |of: &[String], by: &[String]| -> Vec<String> {
        let rest = of.iter().filter(|tag| !is_in(tag, by));
        rest.cloned().collect()
    };
    let (add, remove) = (less(&now, &before), less(&before, &now));
    if add.is_empty() && remove.is_empty() {
        return model.say("the tags are the same as before");
    }
    let written = Written {
        purpose: Purpose::Tags,
        of: subjects.to_vec(),
        text: now.join(" "),
    };
    let ids = ids(subjects);
    let tag = Shelf::Tag { ids, add, remove };
    model.ask(Command::Shelf(tag), Ask::Written(written));
}

/// A copy under a title of its own, which is selected when it is there.
pub fn duplicate(model: &mut Model) {
    if is_persona(model) {
        return personas::duplicate(model);
    }
    match one(model, "copy") {
        Ok(conversation) => {
            let copy = model.mint.id();
            let conversation = conversation.id;
            let shelf = Shelf::Duplicate { conversation, copy };
            model.ask(Command::Shelf(shelf), Ask::Shelved(vec![copy]));
        }
        Err(why) => model.say(why),
    }
}

/// Moves to the trash; asks first when a reply is being written there.
pub fn trash(model: &mut Model) {
    if is_persona(model) {
        return personas::trash(model);
    }
    let mut subjects = take_subjects(model, "trash");
    let has_any = !subjects.is_empty();
    subjects.retain(|c| c.trashed_at.is_none());
    let is_live = |c: &&Conversation| model.live.contains_key(&c.id);
    match subjects.iter().filter(is_live).count() {
        _ if subjects.is_empty() && has_any => model.say("it is in the trash already"),
        _ if subjects.is_empty() => {}
        0 => apply(model, ids(&subjects), Act::Trash),
        live => {
            let question = match live {
                1 => "A reply is being written there.".to_owned(),
                count => format!("{count} replies are being written there."),
            };
            let yes = match live {
                1 => "stop it and move it to the trash",
                _ => "stop them and move all to the trash",
            };
            model.aim = subjects;
            model.overlays.push(Overlay {
                purpose: Purpose::TrashLive,
                body: Body::Confirm(Confirm::new(&question, yes)),
            });
        }
    }
}

/// Stops the replies in what the question was about, and moves it to the trash.
pub fn trash_live(model: &mut Model) {
    let subjects = std::mem::take(&mut model.aim);
    for conversation in &subjects {
        if model.live.contains_key(&conversation.id) {
            talk::stop_in(model, conversation.id);
        }
    }
    apply(model, ids(&subjects), Act::Trash);
}

/// Takes out of the trash.
pub fn restore(model: &mut Model) {
    let mut subjects = take_subjects(model, "restore");
    let has_any = !subjects.is_empty();
    subjects.retain(|c| c.trashed_at.is_some());
    if !subjects.is_empty() {
        apply(model, ids(&subjects), Act::Restore);
    } else if has_any {
        model.say("it is not in the trash");
    }
}

/// Asks for a move to the trash or out of it.
pub fn apply(model: &mut Model, ids: Vec<ConversationId>, act: Act) {
    change(model, Shelf::Apply { ids, act });
}

/// Takes the last change back; what comes back into the list is selected.
pub fn undo(model: &mut Model) {
    // What undoes a change that is under way is not known yet.
    let is_changing = |ask: &Ask| matches!(ask, Ask::Shelved(_) | Ask::Undone(_) | Ask::Written(_));
    if model.asks.values().any(is_changing) {
        return model.say("one moment: the change before is under way");
    }
    match &model.undo {
        // Refused, it can be tried again; done, it is over.
        Some(Command::Shelf(shelf)) => {
            let ask = Ask::Undone(named(shelf));
            model.ask(Command::Shelf(shelf.clone()), ask);
        }
        Some(_) => {
            if let Some(command) = model.undo.take() {
                model.ask(command, Ask::Change);
            }
        }
        None => model.say("nothing to undo"),
    }
}

/// The conversations that a change names.
fn named(shelf: &Shelf) -> Vec<ConversationId> {
    match shelf {
        Shelf::Apply { ids, .. }
        | Shelf::Archive { ids, .. }
        | Shelf::Pin { ids, .. }
        | Shelf::Tag { ids, .. }
        | Shelf::Purge { ids } => ids.clone(),
        Shelf::Rename { conversation, .. } | Shelf::SetMetadata { conversation, .. } => {
            vec![*conversation]
        }
        Shelf::Duplicate { copy, .. } => vec![*copy],
        Shelf::PutTagsBack { tags } => tags.iter().map(|(id, _)| *id).collect(),
        Shelf::Home { .. }
        | Shelf::List { .. }
        | Shelf::Search { .. }
        | Shelf::CountHits { .. }
        | Shelf::Find { .. }
        | Shelf::Retain { .. } => Vec::new(),
    }
}

/// A title or tags were not taken: the form has them again.
pub fn not_written(model: &mut Model, written: Written, failure: &Failure) {
    let Written { purpose, of, text } = written;
    if !model.overlays.is_empty() || !model.composer.is_empty() || model.lent.is_some() {
        // Somebody who does something else would type into the form: the words wait in the stash.
        let word = match purpose == Purpose::Tags {
            true => "tags",
            false => "rename",
        };
        let scope = model.here();
        let draft = Draft::of(format!("/{word} {text}"));
        for command in model.composer.stash(draft, scope) {
            model.tell(command);
        }
    } else if purpose == Purpose::Tags {
        open_tags(model, of, &text);
    } else {
        let body = Body::Form(Form::line(RENAME, &text));
        model.overlays.push(Overlay { purpose, body });
    }
    model.warn(failure);
}

/// A change of the list is done: one of these rows that stands there now is selected, and the archive is counted.
pub fn shelved(model: &mut Model, rows: &[ConversationId]) {
    let is_there = |id: &&ConversationId| model.list.has(**id);
    if let Some(id) = rows.iter().find(is_there) {
        model.list.select(*id);
    }
    model.forget(|ask| *ask == Ask::Archived);
    model.list.is_count_old = false;
    let command = model.list.ask_archived();
    model.ask(command, Ask::Archived);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_words_once_each() {
        assert_eq!(
            tags_of(" rust, #Notes  Rust #über,, "),
            ["rust", "Notes", "über"]
        );
        assert!(tags_of(" # , ").is_empty());
    }
}
