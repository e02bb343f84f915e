//! Finding words in the open conversation: the line for them, and going from hit to hit.

use super::browse::walked;
use super::focus::{ask_find, focus};
use super::model::{Focus, Model};
use crate::domain::id::{ConversationId, MessageId};
use crate::keys::Action;

/// Opens the line for the words.
pub fn begin(model: &mut Model) {
    if model.here().is_none() {
        model.say("there is no conversation to look through yet");
        return;
    }
    focus(model, Focus::Transcript);
    model.transcript.let_go();
    model.transcript.begin_search();
}

/// Looks for these words at once.
pub fn look_for(model: &mut Model, words: &str) {
    if model.here().is_none() {
        model.say("there is no conversation to look through yet");
        return;
    }
    focus(model, Focus::Transcript);
    model.transcript.let_go();
    if let Some(command) = model.transcript.search_for(words) {
        ask_find(model, command);
    }
}

/// To the next hit (`by` 1) or the one before (-1); where nothing is looked for, the last words are looked for again.
pub fn step(model: &mut Model, by: isize) {
    if model.transcript.is_searching() {
        let walk = model.transcript.step_hit(by);
        walked(model, walk);
        return;
    }
    match model.transcript.last_words().to_owned() {
        none if none.is_empty() => model.say("nothing was looked for yet"),
        last => look_for(model, &last),
    }
}

/// The hits came.
pub fn found(
    model: &mut Model,
    conversation: ConversationId,
    words: &str,
    hits: Vec<(MessageId, u32)>,
) {
    if model.here() == Some(conversation) {
        let walk = model.transcript.found(words, hits);
        walked(model, walk);
    }
}

/// What a key of a list means while the words are typed; `false` for all others.
pub fn typing(model: &mut Model, action: Action) -> bool {
    if action == Action::Accept {
        model.transcript.close_line();
        return true;
    }
    let by = match (action == Action::ListDown, action == Action::ListUp) {
        (true, _) => 1,
        (_, true) => -1,
        (false, false) => return false,
    };
    let walk = model.transcript.step_hit(by);
    walked(model, walk);
    true
}

/// A search lasts as long as the conversation has the keys; when its branch changes, the words are looked for again.
pub fn keep_up(model: &mut Model) {
    if model.focus != Focus::Transcript {
        model.transcript.let_go();
        model.transcript.end_search();
        return;
    }
    if let Some(command) = model.transcript.search_again() {
        ask_find(model, command);
    }
}
