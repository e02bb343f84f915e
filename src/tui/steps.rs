//! The steps of a turn, brought to the panes: a reply that begins, waits, grows, ends, or is taken back.

use super::live::{Live, Pace, Waiting};
use super::model::{Ask, Focus, Model};
use super::overlay::Purpose;
use super::pane::list::Before;
use super::{fresh, models, open, personas, queue, secret, shelf, talk, words};
use crate::domain::conversation::{Conversation, Draft};
use crate::domain::failure::{Failure, FailureKind, Offer};
use crate::domain::id::{ConversationId, RequestId};
use crate::domain::message::{Shown, Status};
use crate::domain::when::Calendar;
use crate::protocol::Step;

/// Takes one step of a turn in.
pub fn turn(model: &mut Model, cause: Option<RequestId>, id: ConversationId, step: Step) {
    match step {
        Step::Started {
            conversation,
            asked,
            reply,
        } => {
            sent(model, cause, &conversation);
            let title = conversation.title.clone();
            let is_first = |asked: &Shown| asked.message.parent.is_none() && asked.of == 1;
            match asked.as_ref().is_some_and(is_first) {
                true => created(model, conversation),
                false => changed_conversation(model, conversation),
            }
            if let Some(asked) = &asked {
                model.history.add(&asked.message);
            }
            started(model, title, asked, reply);
        }
        Step::Waiting {
            until,
            since,
            why,
            attempt,
        } => {
            if let Some(live) = model.live.get_mut(&id) {
                live.pace.wait(Waiting {
                    until,
                    since,
                    why,
                    attempt,
                });
            }
        }
        Step::Thought { text } => {
            let tick = model.tick;
            if let Some(live) = model.live.get_mut(&id) {
                live.pace.thought(tick);
                live.thinking.push_str(&text);
            }
            if model.here() == Some(id) {
                model.transcript.thought(&text);
            }
        }
        Step::Grew { text } => {
            let tick = model.tick;
            if let Some(live) = model.live.get_mut(&id) {
                live.pace.grew(tick, &text);
                live.reply.content.push_str(&text);
            }
            if model.here() == Some(id) {
                model.transcript.grew(&text);
            }
        }
        Step::Ended { reply } => {
            model.unsay(talk::IS_RUNNING);
            let live = model.live.remove(&id);
            model.list.live.remove(&id);
            let is_whole = reply.status == Status::Complete;
            if model.here() == Some(id) {
                model.transcript.ended(reply);
            } else {
                ended_elsewhere(model, id, reply.status, live);
            }
            queue::ended(model, id, is_whole);
        }
        Step::Measured {
            reply,
            conversation,
        } => {
            if model.here() == Some(id) {
                model.transcript.message_changed(&reply);
            }
            changed_conversation(model, conversation);
        }
        Step::Withdrawn {
            draft,
            failure,
            conversation,
        } => {
            let has_gone = conversation.is_none();
            let was_here = model.here() == Some(id);
            let asked = model
                .live
                .get(&id)
                .and_then(|live| live.reply.model.clone());
            let provider = asked.as_ref().map(|model| model.provider.as_str());
            withdrawn(model, cause, id, conversation);
            // The draft of a conversation that is gone belongs to the one not yet created.
            let scope = if has_gone { None } else { Some(id) };
            match draft {
                // Another message is begun since, to another model maybe.
                Some(draft) if has_gone && !was_here && !model.composer.is_empty() => {
                    put_aside(model, draft, failure);
                }
                draft => come_back(model, scope, draft, failure, provider),
            }
        }
    }
}

/// The send that this turn answers was accepted.
fn sent(model: &mut Model, cause: Option<RequestId>, conversation: &Conversation) {
    let scope = match cause.and_then(|cause| model.asks.remove(&cause)) {
        Some(Ask::Send(question)) => match model.composer.sent(question) {
            Some(scope) => scope,
            None => return,
        },
        Some(Ask::SendQueued(scope, question)) => {
            model.queues.accepted(scope, question);
            scope
        }
        Some(_) | None => return,
    };
    if scope.is_some() {
        return;
    }
    // What else waited for a conversation belongs to the one it created; the store says so too.
    let id = conversation.id;
    model.queues.moved(None, Some(id));
    if model.open.is_none() {
        // So does what was typed since.
        model.composer.changed(model.tick);
        model.new_system.clear();
        if let Some((scope @ None, _)) = &mut model.left_system {
            *scope = Some(id);
        }
        model.open = Some(conversation.clone());
        fresh::spent(model);
    } else {
        model.new_drafts.retain(|(slot, _)| *slot == 0);
    }
}

/// A reply is being written from now on.
fn started(model: &mut Model, title: String, asked: Option<Shown>, reply: Shown) {
    let id = reply.message.conversation;
    let live = Live {
        reply: reply.message.clone(),
        thinking: String::new(),
        pace: Pace::started(model.tick),
        title,
    };
    model.live.insert(id, live);
    model.list.live.insert(id);
    if model.here() == Some(id) {
        model.transcript.started(asked, reply);
        // Somebody who walks through the list stays where they are.
        if model.focus != Focus::List {
            model.list.select(id);
        }
    }
}

/// A reply ended while another conversation is open: its row shows that there is something new.
fn ended_elsewhere(model: &mut Model, id: ConversationId, status: Status, live: Option<Live>) {
    let title = live.map(|live| live.title).unwrap_or_default();
    let title = match title.as_str() {
        "" => "an untitled conversation",
        title => title,
    };
    match status {
        Status::Complete => model.say(format!("answer in {title}")),
        Status::Interrupted | Status::Failed => {
            model.say(format!("an answer broke off in {title}"))
        }
        Status::Stopped | Status::Unsent | Status::Streaming => return,
    }
    model.list.unread.insert(id);
}

/// Words that were taken back while other words stand there go to the stash.
fn put_aside(model: &mut Model, draft: Draft, failure: Option<Failure>) {
    if model.open.is_some() {
        open::keep_for_new(model, words::literal(draft));
    } else {
        for command in model.composer.stash(words::literal(draft), None) {
            model.tell(command);
        }
        // On disk the engine has put them before what stands here.
        model.composer.changed(model.tick);
    }
    if let Some(failure) = failure {
        model.warn(&failure);
    }
}

/// Words that were taken back return to the composer, the failure stands above it.
fn come_back(
    model: &mut Model,
    scope: Option<ConversationId>,
    draft: Option<Draft>,
    failure: Option<Failure>,
    provider: Option<&str>,
) {
    let is_here = model.here() == scope;
    // What was typed since must not be sent by a choice that is about the message that came back.
    let is_free = is_here && model.composer.is_empty();
    let is_whole = is_free && draft.is_some();
    match (draft, scope) {
        (Some(draft), _) if is_here => {
            model.composer.put_back(words::literal(draft));
            model.composer.changed(model.tick);
        }
        // The engine has put it back into that conversation's draft.
        (Some(_), Some(id)) => model.list.mark_draft(id, true),
        (Some(draft), None) => open::keep_for_new(model, words::literal(draft)),
        (None, _) => {}
    }
    let Some(failure) = failure else { return };
    let purpose = match is_whole {
        true => Purpose::SendWith,
        false => Purpose::Model,
    };
    // Somebody who goes on typing would type into what opens.
    if is_free {
        offer(model, &failure, purpose, provider);
    }
    if is_here {
        model.composer.notice = Some(failure);
    } else {
        model.warn(&failure);
    }
}

fn withdrawn(
    model: &mut Model,
    cause: Option<RequestId>,
    id: ConversationId,
    conversation: Option<Conversation>,
) {
    model.unsay(talk::IS_RUNNING);
    model.live.remove(&id);
    model.list.live.remove(&id);
    if let Some(cause) = cause {
        model.asks.remove(&cause);
    }
    model.queues.hold(Some(id));
    match conversation {
        Some(conversation) => {
            changed_conversation(model, conversation);
            if model.here() == Some(id) {
                open::go_to(model, id);
            }
        }
        None => {
            model.list.remove(id);
            queue::gone(model, id);
            if model.here() == Some(id) {
                if let Some(open) = model.open.take() {
                    model.new_model = open.model;
                    model.new_system = open.system;
                    fresh::back(model, open.persona);
                }
                model.transcript.clear();
            }
        }
    }
}

/// Opens what a failure offers to somebody who waits in the composer: who has gone on would type into what opens.
/// `provider` was asked; `None` = the one at hand.
pub fn offer(model: &mut Model, failure: &Failure, purpose: Purpose, provider: Option<&str>) {
    let is_waiting = model.focus == Focus::Composer && !model.has_gone_on;
    if !model.overlays.is_empty() || !is_waiting {
        return;
    }
    match failure.offer {
        Some(Offer::PickModel) => {
            let is_missing = failure.kind == FailureKind::Input;
            models::pick_another(model, purpose, is_missing);
        }
        Some(Offer::SetKey) => {
            let at_hand = model.model().provider.clone();
            secret::offer(model, provider.unwrap_or(&at_hand));
        }
        None => {}
    }
}

/// A conversation is now like this.
pub fn changed_conversation(model: &mut Model, conversation: Conversation) {
    model.list.is_page_old = true;
    let known = model.list.rows.iter().map(|row| &row.conversation);
    let mut known = known.chain(model.open.as_ref());
    let was = known
        .find(|c| c.id == conversation.id)
        .map(|c| c.archived_at.is_some());
    let is_archived = conversation.archived_at.is_some();
    if was.map_or(is_archived, |was| was != is_archived) {
        recount(model);
    }
    let calendar = calendar(model);
    let is_copy = |ask: &Ask| matches!(ask, Ask::Shelved(rows) | Ask::Undone(rows) if rows.contains(&conversation.id));
    let open = model.open.as_ref();
    let before = match open.filter(|open| open.id == conversation.id) {
        Some(open) => Before::Was(open),
        None if model.asks.values().any(is_copy) => Before::New,
        None => Before::Unknown,
    };
    model.list.apply(&conversation, before, &calendar);
    took_in(model, conversation);
}

/// Counts the archive; what changes meanwhile is counted once more.
pub fn recount(model: &mut Model) {
    if model.asks.values().any(|ask| *ask == Ask::Archived) {
        model.list.is_count_old = true;
    } else {
        let command = model.list.ask_archived();
        model.ask(command, Ask::Archived);
    }
}

/// So many are in the archive.
pub fn counted(model: &mut Model, total: u64) {
    model.list.archived = total;
    if std::mem::take(&mut model.list.is_count_old) {
        recount(model);
    }
}

/// A conversation is there that was not before.
fn created(model: &mut Model, conversation: Conversation) {
    let calendar = calendar(model);
    model.list.apply(&conversation, Before::New, &calendar);
    took_in(model, conversation);
}

fn calendar(model: &Model) -> Calendar {
    Calendar {
        now: model.now,
        zone: model.zone.clone(),
    }
}

/// The list has it; the other places follow.
fn took_in(model: &mut Model, conversation: Conversation) {
    // The store is ahead of the list until the last row has come: a page by its number would leave a gap.
    let is_changing = |ask: &Ask| matches!(ask, Ask::Shelved(_) | Ask::Undone(_) | Ask::Written(_));
    if !model.asks.values().any(is_changing) {
        shelf::ask_more(model);
    }
    personas::talked(model, &conversation);
    if let Some(live) = model.live.get_mut(&conversation.id) {
        live.title.clone_from(&conversation.title);
    }
    if model.here() == Some(conversation.id) {
        model.transcript.describe(&conversation);
        model.open = Some(conversation);
    }
}
