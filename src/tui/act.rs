//! Actions: what each bound key, and each typed word, does.

use super::focus::{context, edited, editor, focus};
use super::leaving;
use super::model::{Ask, Focus, Model};
use super::msg::Effect;
use super::overlay::help::Help;
use super::overlay::{Body, Overlay, Purpose};
use super::pane::transcript::Move;
use super::shelf;
use super::talk;
use crate::keys::action::Action;
use crate::protocol::{Chat, Command};

/// Does what the action says, wherever it came from.
pub fn act(model: &mut Model, action: Action) {
    match action {
        Action::Send => talk::send(model),
        Action::PickModel => talk::pick_model(model, Purpose::Model),
        Action::EditSystem => talk::edit_system(model),
        Action::Retry => talk::retry(model, None),
        Action::RetryWith => talk::retry_with(model),
        Action::Continue => talk::go_on(model),
        Action::EditQuestion => talk::edit_question(model),
        Action::PreviousSibling => talk::sibling(model, -1),
        Action::NextSibling => talk::sibling(model, 1),
        Action::CopyAnswer => copy(model, model.transcript.last_answer()),
        Action::Copy => copy(model, model.transcript.current().map(|m| m.content.clone())),
        Action::Fold => fold(model),
        Action::Details => model.transcript.toggle_details(),
        Action::MessageUp => model.transcript.go(Move::Message(-1)),
        Action::MessageDown => model.transcript.go(Move::Message(1)),
        Action::ScrollUp => model.transcript.go(Move::Lines(-1)),
        Action::ScrollDown => model.transcript.go(Move::Lines(1)),
        Action::ScrollHalfUp => model.transcript.go(Move::HalfPages(-1)),
        Action::ScrollHalfDown => model.transcript.go(Move::HalfPages(1)),
        Action::ScrollPageUp => model.transcript.go(Move::HalfPages(-2)),
        Action::ScrollPageDown => model.transcript.go(Move::HalfPages(2)),
        Action::ScrollStart => model.transcript.go(Move::Start),
        Action::ScrollEnd => talk::to_end(model),
        Action::ScrollLeft => model.transcript.shift(-8),
        Action::ScrollRight => model.transcript.shift(8),
        Action::ListUp
        | Action::ListDown
        | Action::ListHalfUp
        | Action::ListHalfDown
        | Action::ListPageUp
        | Action::ListPageDown
        | Action::ListFirst
        | Action::ListLast => step(model, action),
        Action::Filter => filter(model),
        Action::NewConversation => talk::new_conversation(model),
        Action::OpenConversation => shelf::open_selected(model),
        Action::RenameConversation => shelf::rename(model),
        Action::TrashConversation => shelf::trash(model),
        Action::RestoreConversation => shelf::restore(model),
        Action::UndoAction => shelf::undo(model),
        Action::ToggleTrash => shelf::toggle_trash(model),
        Action::InsertPrompt => talk::insert_prompt(model),
        Action::RefreshPicker => talk::refresh_models(model),
        Action::Favourite => talk::mark_favourite(model),
        Action::FocusComposer => focus(model, Focus::Composer),
        Action::FocusList => focus(model, Focus::List),
        Action::FocusTranscript => focus(model, Focus::Transcript),
        Action::FocusLibrary => focus(model, Focus::Library),
        Action::FocusNext => cycle(model, 1),
        Action::FocusPrevious => cycle(model, 3),
        Action::TogglePanes | Action::ReadingMode => alone(model),
        Action::Help => help(model),
        Action::Redraw => model.effects.push(Effect::Redraw),
        Action::Suspend => model.effects.push(Effect::Suspend),
        Action::Quit => leaving::leave(model),
        Action::Accept
        | Action::Newline
        | Action::Left
        | Action::Right
        | Action::WordLeft
        | Action::WordRight
        | Action::LineStart
        | Action::LineEnd
        | Action::TextStart
        | Action::TextEnd
        | Action::Previous
        | Action::Next
        | Action::DeleteBack
        | Action::Delete
        | Action::KillWordBack
        | Action::KillWord
        | Action::KillToStart
        | Action::KillToEnd
        | Action::Yank
        | Action::UndoEdit
        | Action::RedoEdit => edit(model, action),
    }
}

/// An editing action in the editor that has the focus.
pub fn edit(model: &mut Model, action: Action) {
    let in_composer = model.overlays.is_empty() && model.focus == Focus::Composer;
    if in_composer && action == Action::Delete && model.composer.is_empty() && model.live_here().is_none() {
        leaving::arm_quit(model, "Ctrl+D");
        return;
    }
    if in_composer && action == Action::Previous && model.composer.editor.is_at_first_row() {
        let scope = model.here();
        for command in model.composer.unstash(scope) {
            model.tell(command);
        }
        return;
    }
    let Some(editor) = editor(model) else { return };
    let is_change = editor.act(action);
    if is_change {
        edited(model);
    }
}

fn copy(model: &mut Model, text: Option<String>) {
    match text.filter(|text| !text.is_empty()) {
        Some(text) => model.effects.push(Effect::Copy(text)),
        None => model.say("nothing to copy here"),
    }
}

fn fold(model: &mut Model) {
    if let Some(id) = model.transcript.toggle_thinking() {
        model.ask(Command::Chat(Chat::Thinking(id)), Ask::Thinking);
    }
}

fn step(model: &mut Model, action: Action) {
    let page = match model.focus {
        Focus::Library => model.library.page(),
        Focus::List | Focus::Composer | Focus::Transcript => model.list.page(),
    };
    let by = match action {
        Action::ListUp => -1,
        Action::ListDown => 1,
        Action::ListHalfUp => -(page / 2).max(1),
        Action::ListHalfDown => (page / 2).max(1),
        Action::ListPageUp => -page,
        Action::ListPageDown => page,
        Action::ListFirst => isize::MIN,
        Action::ListLast | _ => isize::MAX,
    };
    match model.focus {
        Focus::Library => model.library.step(by),
        Focus::List | Focus::Composer | Focus::Transcript => {
            model.list.step(by);
            if let Some(command) = model.list.ask_more() {
                model.ask(command, Ask::ListMore);
            }
        }
    }
}

fn filter(model: &mut Model) {
    match model.focus {
        Focus::Library => model.library.is_filtering = true,
        Focus::List | Focus::Composer | Focus::Transcript => {
            focus(model, Focus::List);
            model.list.is_filtering = true;
        }
    }
}

fn cycle(model: &mut Model, by: usize) {
    const ORDER: [Focus; 4] = [Focus::Composer, Focus::List, Focus::Transcript, Focus::Library];
    let at = ORDER.iter().position(|f| *f == model.focus).unwrap_or(0);
    focus(model, ORDER[(at + by) % ORDER.len()]);
}

fn alone(model: &mut Model) {
    model.is_alone = !model.is_alone;
    if model.is_alone && matches!(model.focus, Focus::List | Focus::Library) {
        model.focus = Focus::Composer;
    }
    if model.is_alone {
        model.say("reading mode: only the conversation; the same key brings the panes back");
    }
}

fn help(model: &mut Model) {
    let here = context(model);
    let help = Help::new(here, &model.keymap, &model.manual);
    model.overlays.push(Overlay { purpose: Purpose::Help, body: Body::Help(Box::new(help)) });
}
