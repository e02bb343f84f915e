//! Going to a conversation, or to a new one, and keeping what stands in the one left.

use super::leaving::keep_place;
use super::model::{Ask, Focus, Model};
use crate::domain::conversation::Draft;
use crate::domain::id::ConversationId;
use crate::protocol::{Chat, Command, Opened};

/// Asks for a conversation; the answer shows it.
pub fn go_to(model: &mut Model, id: ConversationId) {
    keep_place(model, true);
    model.ask(Command::Chat(Chat::Open { conversation: id }), Ask::Open);
}

/// Shows a conversation that was opened. `is_fresh` = another one than before, whose drafts take over the composer.
pub fn show(model: &mut Model, opened: Opened) {
    let id = opened.conversation.id;
    let is_fresh = model.here() != Some(id);
    if is_fresh {
        keep_place(model, true);
        if model.open.is_none() {
            model.new_drafts = model.composer.drafts();
        }
        model.composer.load(opened.drafts);
    }
    let live = model.live.get(&id);
    model
        .transcript
        .open(&opened.conversation, opened.page, opened.reading, live);
    model.list.select(id);
    model.open = Some(opened.conversation);
}

/// Leaves the open conversation for one not yet created; it takes over the model.
pub fn fresh(model: &mut Model, drafts: Vec<(i32, Draft)>) {
    keep_place(model, true);
    if let Some(open) = model.open.take() {
        model.new_model = open.model;
    }
    model.new_system.clear();
    model.transcript.clear();
    model.composer.load(drafts);
    model.focus = Focus::Composer;
}
