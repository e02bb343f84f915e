//! The conversation's actions: send, stop, retry, continue, edit, branches, the model, instructions, prompts.

use super::focus::focus;
use super::model::{Ask, Focus, Model};
use super::open;
use super::overlay::form::Form;
use super::overlay::{Body, Overlay, Purpose};
use super::pane::transcript::Move;
use super::{models, queue, words};
use crate::domain::conversation::Draft;
use crate::domain::id::{ConversationId, MessageId};
use crate::domain::message::{Message, Role};
use crate::domain::model::ModelRef;
use crate::keys::Action;
use crate::protocol::{At, Chat, Command, To, Turn};

/// Said when something must wait for the reply being written; it goes when the reply ends.
pub const IS_RUNNING: &str = "a reply is running, Esc stops it";

/// Sends what stands in the composer, or lets it wait for the reply being written. Nothing is lost: the text leaves the composer for good only when the engine
/// has it as a row.
pub fn send(model: &mut Model) {
    // What ↑ asked for is for what stands there now.
    model.history.steps = 0;
    let text = model.composer.editor.text();
    if text.trim().is_empty() {
        if !queue::release(model) {
            model.say("nothing to send yet: type a message first");
        }
        return;
    }
    if queue::must_wait(model) {
        return queue::wait(model);
    }
    if model.composer.is_sending() {
        model.say("the message before is on its way; one moment");
        return;
    }
    let to = match model.here() {
        Some(id) => To::Conversation(id),
        None => To::New(model.new_conversation()),
    };
    let question: MessageId = model.mint.id();
    let mut draft = model.composer.take(question, model.here());
    for command in model.composer.settle(model.here()) {
        model.tell(command);
    }
    words::unescape(&mut draft);
    if let Some(id) = model.here() {
        model.list.mark_draft(id, false);
    }
    model.transcript.follow();
    model.ask(
        Command::Turn(Turn::Send {
            to,
            question,
            draft,
        }),
        Ask::Send(question),
    );
}

/// Stops the reply of the open conversation; `false` when there is none.
pub fn stop(model: &mut Model) -> bool {
    let Some(conversation) = model.here().filter(|id| model.live.contains_key(id)) else {
        return false;
    };
    stop_in(model, conversation);
    true
}

/// Stops the reply being written in that conversation.
pub fn stop_in(model: &mut Model, conversation: ConversationId) {
    model.tell(Command::Turn(Turn::Cancel { conversation }));
}

/// The reply an action is about: the message at hand, or the reply under the question at hand.
fn reply_at_hand(model: &Model) -> Option<Message> {
    model.transcript.reply_at_hand().cloned()
}

/// Asks for another reply beside the one at hand.
pub fn retry(model: &mut Model) {
    if is_busy(model) {
        return;
    }
    let at_hand = model.transcript.current().cloned();
    let turn = match (reply_at_hand(model), at_hand) {
        (Some(reply), _) => Turn::Regenerate {
            reply: reply.id,
            model: None,
        },
        (None, Some(question)) if question.role == Role::User => Turn::Resend {
            question: question.id,
        },
        _ => {
            model.say("there is no answer to ask for again");
            return;
        }
    };
    model.transcript.follow();
    model.ask(Command::Turn(turn), Ask::Again);
}

/// Asks this model for another reply beside this one.
pub fn retry_by(model: &mut Model, reply: MessageId, by: ModelRef) {
    if is_busy(model) {
        return;
    }
    model.transcript.follow();
    let turn = Turn::Regenerate {
        reply,
        model: Some(by),
    };
    model.ask(Command::Turn(turn), Ask::Again);
}

fn is_busy(model: &mut Model) -> bool {
    let is_live = model.live_here().is_some();
    if is_live {
        model.say(IS_RUNNING);
    }
    is_live
}

/// The same with a model to choose.
pub fn retry_with(model: &mut Model) {
    match reply_at_hand(model) {
        Some(reply) => models::pick(model, Purpose::RetryWith(reply.id)),
        None => model.say("there is no answer to ask for again"),
    }
}

/// Goes on where a stopped, cut or failed reply ended.
pub fn go_on(model: &mut Model) {
    if is_busy(model) {
        return;
    }
    match reply_at_hand(model) {
        Some(reply)
            if reply.status.is_cut()
                || reply.finish == Some(crate::domain::message::Finish::Length) =>
        {
            model.transcript.follow();
            model.ask(
                Command::Turn(Turn::Continue { reply: reply.id }),
                Ask::Again,
            );
        }
        Some(_) => model.say("this answer is complete; r asks for another"),
        None => model.say("there is no answer to continue"),
    }
}

/// Puts the question at hand into the composer; sending it makes a new branch.
pub fn edit_question(model: &mut Model) {
    match model
        .transcript
        .question_at_hand()
        .map(|m| (m.id, m.content.clone()))
    {
        Some((id, text)) => start_edit(model, id, &text),
        None => model.say("there is no question to edit"),
    }
}

/// Edits a question in the composer; what stood there goes to the stash.
pub fn start_edit(model: &mut Model, question: MessageId, text: &str) {
    let scope = model.here();
    if !model.composer.is_empty() {
        for command in model.composer.stash_draft(scope) {
            model.tell(command);
        }
    }
    model
        .composer
        .edit(question, &words::literal(Draft::of(text)).text);
    model.composer.changed(model.tick);
    focus(model, Focus::Composer);
}

/// Shows the version before or after the message at hand.
pub fn sibling(model: &mut Model, by: isize) {
    if is_busy(model) {
        return;
    }
    match model.transcript.branching_at_hand() {
        Some(of) => {
            model.ask(
                Command::Chat(Chat::Siblings { message: of }),
                Ask::Siblings { of, by },
            );
        }
        None => model.say("there is only this version"),
    }
}

/// The siblings of a message came: shows the one `by` steps from it.
pub fn walk(model: &mut Model, siblings: &[MessageId], of: MessageId, by: isize) {
    let at = siblings
        .iter()
        .position(|id| *id == of)
        .and_then(|at| at.checked_add_signed(by));
    match (at.and_then(|at| siblings.get(at)), model.here()) {
        (Some(through), Some(conversation)) => {
            open::choose(model, conversation, *through);
        }
        _ => model.say(if by < 0 {
            "this is the first version"
        } else {
            "this is the last version"
        }),
    }
}

/// To the end of the conversation, following it; loads the end when it is not there.
pub fn to_end(model: &mut Model) {
    match model.here().filter(|_| model.transcript.has_after()) {
        Some(conversation) => {
            model.transcript.follow();
            let page = Chat::Page {
                conversation,
                at: At::Tip,
                limit: Some(crate::protocol::PAGE),
            };
            model.ask(Command::Chat(page), Ask::Page(At::Tip));
        }
        None => model.transcript.go(Move::End),
    }
}

/// Leaves for a conversation not yet created; when that is open already, its words stay.
pub fn new_conversation(model: &mut Model) {
    let drafts = if model.open.is_some() {
        std::mem::take(&mut model.new_drafts)
    } else {
        model.composer.come_home();
        model.composer.drafts()
    };
    open::fresh(model, drafts);
}

/// Sends what stands in the composer to another model, which is used from then on.
pub fn send_with(model: &mut Model, name: &str) {
    if name.parse::<ModelRef>().is_ok() {
        model.composer.notice = None;
        models::choose(model, name);
        send(model);
    } else {
        models::choose(model, name);
    }
}

/// Opens the conversation's own instructions (spec C13).
pub fn edit_system(model: &mut Model) {
    let here = model.here();
    let left = model.left_system.take_if(|(scope, _)| *scope == here);
    let kept = model.open.as_ref().map_or(&model.new_system, |c| &c.system);
    let text = left.as_ref().map_or(kept, |(_, text)| text);
    let newline = model.keymap.first_key(Action::Newline).unwrap_or_default();
    let form = Form::lines("This conversation's own instructions", text, &newline);
    model.overlays.push(Overlay {
        purpose: Purpose::System,
        body: Body::Form(form),
    });
}

/// Their form was left: words that are not kept wait for the next time it is opened.
pub fn left_system(model: &mut Model, text: String) {
    let kept = model.open.as_ref().map_or(&model.new_system, |c| &c.system);
    if text.trim() != kept.trim() {
        model.left_system = Some((model.here(), text));
        model.say("not kept; opened again, the form has your words");
    }
}

/// Keeps the conversation's own instructions.
pub fn set_system(model: &mut Model, text: String) {
    match model.here() {
        Some(conversation) => {
            model.ask(
                Command::Chat(Chat::SetSystem { conversation, text }),
                Ask::Change,
            );
        }
        None => {
            model.say("instructions kept for this conversation");
            model.new_system = text;
        }
    }
}
