//! Queued messages: one more waits, the next one goes, the last one is taken back (spec C4).

use super::model::{Ask, Model};
use super::words;
use crate::domain::conversation::Draft;
use crate::domain::failure::Failure;
use crate::domain::id::{ConversationId, MessageId};
use crate::protocol::{Command, To, Turn};
use crate::tui::pane::composer::keep;

/// Whether what is sent now must wait: a reply is being written here, or one will be in a moment.
pub fn must_wait(model: &Model) -> bool {
    let here = model.here();
    let is_leaving = model
        .queues
        .get(here)
        .is_some_and(|queue| queue.is_leaving());
    model.live_here().is_some()
        || is_leaving
        || (here.is_some() && model.composer.is_sending_to(here))
}

/// What stands in the composer waits from now on.
pub fn wait(model: &mut Model) {
    let here = model.here();
    let (draft, commands) = model.composer.take_for_queue(here);
    let kept = model.queues.add(here, draft);
    model.tell(kept);
    for command in commands {
        model.tell(command);
    }
    if let Some(id) = here {
        model.list.mark_draft(id, false);
    }
}

/// Enter in the empty composer: the next one goes, or all wait for the reply again. `false` when none waits.
pub fn release(model: &mut Model) -> bool {
    let here = model.here();
    if model.queues.len(here) == 0 {
        return false;
    }
    model.queues.release(here);
    if !must_wait(model) && send_next(model, here) {
        model.composer.notice = None;
        model.transcript.follow();
    }
    true
}

/// The last one comes back into the empty composer. `false` when none does.
pub fn take_back(model: &mut Model) -> bool {
    let here = model.here();
    if !model.composer.is_empty() {
        return false;
    }
    let Some((slot, draft)) = model.queues.take_last(here) else {
        return false;
    };
    model.composer.put(draft);
    for command in model.composer.keep_all(here) {
        model.tell(command);
    }
    model.tell(keep(here, slot, Draft::default()));
    true
}

/// A reply is over: the next message goes if it is whole, else all wait for the user.
pub fn ended(model: &mut Model, conversation: ConversationId, is_whole: bool) {
    let scope = Some(conversation);
    let is_held = model.queues.get(scope).is_some_and(|queue| queue.is_held());
    if !is_whole {
        model.queues.hold(scope);
    } else if !is_held && !model.is_leaving {
        send_next(model, scope);
    }
}

/// Sends the next one there.
fn send_next(model: &mut Model, scope: Option<ConversationId>) -> bool {
    let question: MessageId = model.mint.id();
    let Some((slot, mut draft)) = model.queues.leave(scope, question) else {
        return false;
    };
    words::unescape(&mut draft);
    let to = match scope {
        Some(id) => To::Conversation(id),
        None => To::New(model.new_conversation()),
    };
    let send = Turn::SendQueued {
        to,
        question,
        slot,
        draft,
    };
    model.ask(Command::Turn(send), Ask::SendQueued(scope, question));
    true
}

/// It was not accepted: it stays where it was.
pub fn refused(
    model: &mut Model,
    scope: Option<ConversationId>,
    question: MessageId,
    failure: Failure,
) {
    model.queues.refused(scope, question);
    if model.here() == scope {
        model.composer.notice = Some(failure);
    } else {
        model.warn(&failure);
    }
}

/// A conversation is gone: what waited in it waits for the next new one.
pub fn gone(model: &mut Model, conversation: ConversationId) {
    for command in model.queues.moved(Some(conversation), None) {
        model.tell(command);
    }
}
