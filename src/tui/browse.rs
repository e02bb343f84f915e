//! Reading habits: copying, quoting, folding, blocks of code, and the outline of one's own questions.

use super::focus::focus;
use super::model::{Ask, Focus, Model};
use super::msg::Effect;
use super::overlay::picker::{Picker, Row};
use super::overlay::{Body, Overlay, Purpose};
use super::pane::transcript::Walk;
use crate::domain::clean::Clean;
use crate::domain::export;
use crate::domain::id::{ConversationId, MessageId};
use crate::domain::record::Names;
use crate::protocol::{Asked, At, Chat, Command, Page};

/// Characters of a question that the outline shows and searches.
const FIRST_WORDS: usize = 300;

/// Copies the block of code at hand, else the message at hand.
pub fn copy(model: &mut Model) {
    let text = match model.transcript.code_at_hand() {
        // Its last line end belongs to the fence.
        Some(code) => Some(code.text.trim_end_matches(['\n', '\r']).to_owned()),
        None => model.transcript.words_at_hand(),
    };
    copy_text(model, text);
}

/// Copies a text, if there is one.
pub fn copy_text(model: &mut Model, text: Option<String>) {
    match text.filter(|text| !text.is_empty()) {
        Some(text) => model.effects.push(Effect::Copy(text)),
        None => model.say("nothing to copy here"),
    }
}

/// Copies the whole shown branch as markdown; all of it is asked for first.
pub fn copy_all(model: &mut Model) {
    let Some(conversation) = model.here() else {
        copy_text(model, None);
        return;
    };
    let page = Chat::Page {
        conversation,
        at: At::Tip,
        limit: None,
    };
    model.ask(Command::Chat(page), Ask::CopyAll);
}

/// All messages came.
fn copy_page(model: &mut Model, conversation: ConversationId, page: Page) {
    let Some(open) = model.open.as_ref().filter(|open| open.id == conversation) else {
        return;
    };
    let live = model.live.get(&conversation);
    let mut messages = page.messages;
    // The row of a reply being written is up to two seconds old.
    if let Some(live) = live
        && let Some(row) = messages.iter_mut().rfind(|m| m.message.id == live.reply.id)
    {
        row.message.content.clone_from(&live.reply.content);
    }
    let speakers = messages.iter().filter_map(|m| m.message.persona);
    let name = |id| Some((id, model.roster.name(id)?.to_string()));
    let names: Names = speakers.chain(open.persona).filter_map(name).collect();
    let text = export::markdown(open, &messages, &names, false);
    copy_text(model, Some(text).filter(|_| !messages.is_empty()));
}

/// Puts the block of code or the message at hand into the composer as a quotation.
pub fn quote(model: &mut Model) {
    let text = match model.transcript.code_at_hand() {
        Some(code) => Some(format!("```{}\n{}\n```", code.lang, code.text.trim_end())),
        None => model.transcript.words_at_hand(),
    };
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
        model.say("nothing to quote here");
        return;
    };
    let quoted = text.trim_end().lines().map(|line| match line {
        "" => ">\n".to_owned(),
        line => format!("> {line}\n"),
    });
    let quoted: String = quoted.collect();
    focus(model, Focus::Composer);
    let before = model.composer.editor.text();
    let caret = model.composer.editor.caret();
    let begins_line = before
        .get(..caret)
        .is_none_or(|text| text.is_empty() || text.ends_with('\n'));
    let break_before = if begins_line { "" } else { "\n\n" };
    let text = format!("{break_before}{quoted}\n");
    model.composer.editor.insert(&text);
    model.composer.changed(model.tick);
}

/// Folds or unfolds the reasoning at hand.
pub fn fold_thinking(model: &mut Model) {
    if let Some(id) = model.transcript.toggle_thinking() {
        model.ask(Command::Chat(Chat::Thinking(id)), Ask::Thinking);
    }
}

/// Folds or unfolds the message at hand; a short one its reasoning.
pub fn fold(model: &mut Model) {
    if model.transcript.toggle_fold() {
        return;
    }
    if model.transcript.has_thinking_at_hand() {
        fold_thinking(model);
    } else {
        model.say("this message fits on the screen; there is nothing to fold");
    }
}

/// To the next block of code (`by` 1) or the one before (-1).
pub fn block(model: &mut Model, by: isize) {
    if model.focus != Focus::Transcript {
        focus(model, Focus::Transcript);
    }
    let walk = model.transcript.walk_blocks(by);
    walked(model, walk);
}

/// Does what a walk through the conversation needs.
pub fn walked(model: &mut Model, walk: Walk) {
    match walk {
        Walk::There | Walk::Wait => {}
        Walk::Ask(command, at) => {
            model.ask(*command, Ask::Page(at));
        }
        Walk::Nowhere(words) => model.say(words),
    }
}

/// A page came, to be copied or shown; goes on with what waited for it.
pub fn paged(
    model: &mut Model,
    (conversation, at): (ConversationId, At),
    page: Page,
    is_copy: bool,
) {
    if is_copy {
        copy_page(model, conversation, page);
    } else if model.here() == Some(conversation) {
        let live = model.live.get(&conversation);
        model.transcript.page(at, page, live);
        let walk = model.transcript.resume();
        walked(model, walk);
    }
}

/// Asks for one's own questions, to go to one.
pub fn outline(model: &mut Model) {
    match model.here() {
        Some(conversation) => {
            let questions = Chat::Questions { conversation };
            model.ask(Command::Chat(questions), Ask::Outline);
        }
        None => model.say("nothing was asked here yet"),
    }
}

/// The questions came: offers them, the one at hand selected.
pub fn pick(model: &mut Model, questions: &[Asked]) {
    if questions.is_empty() {
        model.say("nothing was asked here yet");
        return;
    }
    let today = model.now.day(&model.zone);
    let when = |asked: &Asked| {
        let day = asked.at.day(&model.zone);
        let time = asked.at.hour_minute(&model.zone);
        Clean::line(&if day == today {
            time
        } else {
            format!("{day} {time}")
        })
    };
    let row = |asked: &Asked| {
        let words: String = asked.text.trim().chars().take(FIRST_WORDS).collect();
        Row {
            value: asked.id.to_string(),
            label: Clean::line(&words),
            aside: when(asked),
            ..Row::default()
        }
    };
    let rows = questions.iter().map(row).collect();
    let title = Clean::own("Your questions");
    let keys = Clean::own("⏎ go there · Esc");
    let count = Clean::line(&questions.len().to_string());
    let mut picker = Picker::new(title, count, keys, rows).from_the_end();
    if let Some(at_hand) = model.transcript.question_at_hand() {
        picker.select(&at_hand.id.to_string());
    }
    model.overlays.push(Overlay {
        purpose: Purpose::Outline,
        body: Body::Picker(picker),
    });
}

/// Goes to a message of the open conversation.
pub fn go_to(model: &mut Model, id: &str) {
    if let Ok(id) = id.parse::<MessageId>() {
        focus(model, Focus::Transcript);
        let walk = model.transcript.go_to(id);
        walked(model, walk);
    }
}
