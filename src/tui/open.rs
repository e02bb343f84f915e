//! Going to a conversation, or to a new one, and keeping what stands in the one left.

use super::fresh as start;
use super::leaving::keep_place;
use super::model::{Ask, Focus, Model};
use super::pane::composer::keep;
use super::providers;
use super::queue;
use crate::domain::conversation::Draft;
use crate::domain::id::{ConversationId, MessageId};
use crate::protocol::{Chat, Command, Opened};

/// Asks for a conversation; the answer shows it.
pub fn go_to(model: &mut Model, id: ConversationId) {
    keep_place(model, true);
    ask_open(model, Chat::Open { conversation: id }, None);
}

/// Shows the branch through a message, with that message at hand.
pub fn choose(model: &mut Model, conversation: ConversationId, through: MessageId) {
    let choose = Chat::Choose {
        conversation,
        through,
    };
    ask_open(model, choose, Some(through));
}

/// Shows a conversation at this message, on the branch through it, with these words lit.
pub fn go_to_message(model: &mut Model, id: ConversationId, message: MessageId, words: String) {
    keep_place(model, true);
    model.forget(is_open);
    let open = Chat::OpenAt {
        conversation: id,
        message,
    };
    model.ask(Command::Chat(open), Ask::OpenHit(message, words));
}

fn ask_open(model: &mut Model, chat: Chat, at_hand: Option<MessageId>) {
    model.forget(is_open);
    model.ask(Command::Chat(chat), Ask::Open(at_hand));
}

fn is_open(ask: &Ask) -> bool {
    matches!(ask, Ask::Open(_) | Ask::OpenHit(..))
}

/// The model it leads to was chosen for the conversation that was open.
fn is_choice(ask: &Ask) -> bool {
    matches!(ask, Ask::Use(_))
}

/// Shows a conversation that was opened. `is_fresh` = another one than before, whose drafts take over the composer.
pub fn show(model: &mut Model, opened: Opened) {
    let id = opened.conversation.id;
    let is_fresh = model.here() != Some(id);
    if is_fresh {
        model.history.steps = 0;
        model.forget(is_choice);
        keep_place(model, true);
        if model.open.is_none() {
            model.new_drafts = model.composer.drafts();
        }
        model.composer.leave(model.open.as_ref().map(|c| c.id));
        model.queues.load(Some(id), &opened.drafts);
        model.composer.load(opened.drafts);
    }
    let live = model.live.get(&id);
    model
        .transcript
        .open(&opened.conversation, opened.page, opened.reading, live);
    if is_fresh || model.focus != Focus::List {
        model.list.select(id);
    }
    model.list.unread.remove(&id);
    model.open = Some(opened.conversation);
}

/// Leaves the open conversation for one not yet created: with the model of the settings, else the one last used.
pub fn fresh(model: &mut Model, drafts: Vec<(i32, Draft)>) {
    keep_place(model, true);
    model.history.steps = 0;
    model.forget(is_open);
    model.forget(is_choice);
    model.composer.leave(model.open.as_ref().map(|c| c.id));
    if let Some(open) = model.open.take() {
        model.new_model = match (&model.set_model, &model.providers.default) {
            (Some(set), _) => set.clone(),
            // The guide is nobody's choice where a model is set up.
            (None, Some(default)) if open.model.is_guide() => default.clone(),
            (None, _) => open.model,
        };
        model.model_before = None;
    }
    if !drafts.iter().any(|(slot, _)| *slot == 0) {
        model.new_system.clear();
    }
    start::left(model, &drafts);
    model.transcript.clear();
    model.composer.load(drafts);
    model.focus = Focus::Composer;
    providers::look(model);
}

/// Words return to the conversation not yet created while another one is open: before what waits there.
pub fn keep_for_new(model: &mut Model, draft: Draft) {
    let waiting = model.new_drafts.iter().position(|(slot, _)| *slot == 0);
    let draft = match waiting {
        Some(at) => draft.before(model.new_drafts.swap_remove(at).1),
        None => draft,
    };
    model.new_drafts.push((0, draft.clone()));
    model.tell(keep(None, 0, draft));
}

/// The open conversation is gone for good; what stands in its composer stays on the screen.
pub fn gone(model: &mut Model) {
    model.composer.come_home();
    let left = model.composer.drafts();
    model.composer.load(Vec::new());
    if let Some(open) = model.open.take() {
        queue::gone(model, open.id);
    }
    let drafts = std::mem::take(&mut model.new_drafts);
    let focus = model.focus;
    fresh(model, drafts);
    if focus == Focus::List {
        // The next row may be about to go too.
        model.focus = focus;
    }
    for (slot, draft) in left {
        if slot == 0 {
            model.composer.put_back(draft);
        } else {
            model.composer.stash.push(draft);
        }
    }
    for command in model.composer.keep_all(None) {
        model.tell(command);
    }
}
