//! ↑ and ↓ in the composer: what is queued, the stash, then earlier questions; and the picker over all of these.

use super::model::{Ask, Focus, Model};
use super::overlay::picker::{Picker, Row};
use super::overlay::{Body, Overlay, Purpose};
use super::past::{AT_ONCE, typed};
use super::queue;
use crate::domain::clean::Clean;
use crate::domain::conversation::Draft;
use crate::domain::id::MessageId;
use crate::protocol::{Chat, Command};

/// Said when a draft went to the stash; it goes when the draft is back.
pub const IS_KEPT: &str = "draft kept, ↑ brings it back";
/// Questions the picker gets from the engine at a time.
const FOUND: u32 = 200;
/// Longest part of a question that is searched and shown, in characters.
const SHOWN: usize = 2_000;

/// ↑: what was put aside last comes back, else the question before. `false` when the caret moves instead.
pub fn earlier(model: &mut Model) -> bool {
    let walking = model.composer.walking_at();
    let goes_on = walking.is_some() && is_at_end(model);
    if !goes_on && !model.composer.is_at_first_row() {
        return false;
    }
    if walking.is_none() && (queue::take_back(model) || unstash(model)) {
        return true;
    }
    let next = walking.map_or(0, |at| at + 1);
    if !show(model, next) {
        match model.history.wants() {
            Some(before) => {
                model.history.steps += 1;
                ask(model, before);
            }
            None if walking.is_none() => return false,
            None => model.say("this is your first question"),
        }
    }
    true
}

/// ↓: the question after, at last what stood there before. `false` when the caret moves instead.
pub fn later(model: &mut Model) -> bool {
    let Some(at) = model.composer.walking_at() else {
        return false;
    };
    if !is_at_end(model) && !model.composer.is_at_last_row() {
        return false;
    }
    match at.checked_sub(1) {
        Some(at) => {
            show(model, at);
        }
        None => {
            model.composer.come_home();
        }
    }
    true
}

/// Whether the caret stands where a walk puts it.
fn is_at_end(model: &Model) -> bool {
    let editor = &model.composer.editor;
    editor.caret() == editor.len()
}

fn show(model: &mut Model, at: usize) -> bool {
    let Some(text) = model.history.get(at).map(str::to_owned) else {
        return false;
    };
    let scope = model.here();
    // What the first one stands in for is on disk before it is hidden.
    if let Some(command) = model.composer.keep_due(scope, model.tick, true) {
        model.tell(command);
    }
    model.composer.recall(at, &text);
    true
}

fn unstash(model: &mut Model) -> bool {
    let scope = model.here();
    let commands = model.composer.unstash(scope);
    let is_back = !commands.is_empty();
    for command in commands {
        model.unsay(IS_KEPT);
        model.tell(command);
    }
    is_back
}

fn ask(model: &mut Model, before: Option<MessageId>) {
    if model.asks.values().any(|ask| *ask == Ask::Earlier) {
        return;
    }
    let history = Chat::History {
        words: String::new(),
        before,
        limit: AT_ONCE,
    };
    model.ask(Command::Chat(history), Ask::Earlier);
}

/// Earlier questions came.
pub fn came(model: &mut Model, ask: Option<Ask>, found: Vec<(MessageId, String)>) {
    match ask {
        Some(Ask::Earlier) => {
            model.history.fill(found);
            let steps = std::mem::take(&mut model.history.steps);
            if model.focus != Focus::Composer || !model.overlays.is_empty() {
                return;
            }
            for _ in 0..steps {
                let next = model.composer.walking_at().map_or(0, |at| at + 1);
                if !show(model, next) {
                    break;
                }
            }
        }
        Some(Ask::History(words)) => fill(model, &words, found),
        // Other words are sought since.
        Some(_) | None => {}
    }
}

/// Opens the picker over all earlier questions.
pub fn pick(model: &mut Model) {
    let keys = Clean::own("⏎ into the composer · Esc");
    let title = Clean::own("Your questions");
    let aside = Clean::own("of all conversations");
    let picker = Picker::new(title, aside, keys, rows(model.history.questions()));
    model.overlays.push(Overlay {
        purpose: Purpose::History,
        body: Body::Picker(picker),
    });
    seek(model);
}

/// Asks for the questions with the words that stand in the picker.
pub fn seek(model: &mut Model) {
    let Some(Body::Picker(picker)) = model
        .overlays
        .last()
        .filter(|top| top.purpose == Purpose::History)
        .map(|top| &top.body)
    else {
        return;
    };
    let words = picker.query.text();
    model.forget(|ask| matches!(ask, Ask::History(_)));
    let history = Chat::History {
        words: words.clone(),
        before: None,
        limit: FOUND,
    };
    model.ask(Command::Chat(history), Ask::History(words));
}

/// The picker shows what was found beside what is known.
fn fill(model: &mut Model, words: &str, found: Vec<(MessageId, String)>) {
    let mut all: Vec<(MessageId, String)> = found
        .into_iter()
        .map(|(id, text)| (id, typed(text)))
        .collect();
    if !words.trim().is_empty() {
        all.extend(model.history.questions().iter().cloned());
    }
    let mut known = std::collections::HashSet::new();
    all.retain(|(_, text)| known.insert(text.clone()));
    let rows = rows(&all);
    for overlay in &mut model.overlays {
        if let (Purpose::History, Body::Picker(picker)) = (overlay.purpose, &mut overlay.body) {
            picker.fill(rows);
            return;
        }
    }
}

fn rows(questions: &[(MessageId, String)]) -> Vec<Row> {
    let row = |(_, text): &(MessageId, String)| {
        let shown: String = text.trim().chars().take(SHOWN).collect();
        Row {
            value: text.clone(),
            label: Clean::line(&shown),
            ..Row::default()
        }
    };
    questions.iter().map(row).collect()
}

/// Puts a question into the composer; what stands there goes to the stash.
pub fn take(model: &mut Model, text: &str) {
    let scope = model.here();
    model.composer.come_home();
    if !model.composer.is_empty() {
        for command in model.composer.stash_draft(scope) {
            model.tell(command);
        }
    }
    model.composer.put(Draft::of(text));
    model.composer.changed(model.tick);
    model.focus = Focus::Composer;
}
