//! The mouse: a press focuses, a drag selects words, the wheel scrolls what is under the pointer (`peers.md` 5.7).

use ratatui::layout::{Position, Rect};

use super::act::act;
use super::focus::focus;
use super::leaving;
use super::menu;
use super::model::{Ask, Focus, Model};
use super::msg::{Effect, Outcome};
use super::pane::transcript::Move;
use super::pointer::{Drag, Pane, Pointer, Stroke};
use super::text::pick::Grain;
use crate::keys::Action;

/// Rows a notch of the wheel moves.
const NOTCH: i32 = 3;
/// While the pointer is held outside its pane, the pane scrolls every so many ms.
const EDGE: u64 = 50;
/// At most so many rows at a time.
const FASTEST: i32 = 5;

/// Takes in what the mouse tells; gives what an overlay says to it.
pub fn take(model: &mut Model, pointer: Pointer) -> Option<Outcome> {
    if model.fatal.is_some() || model.is_leaving {
        return None;
    }
    let Pointer { stroke, at } = pointer;
    match stroke {
        Stroke::Press => return press(model, at),
        Stroke::Drag => drag(model, at),
        Stroke::Release => release(model, at),
        Stroke::WheelUp => wheel(model, at, -NOTCH),
        Stroke::WheelDown => wheel(model, at, NOTCH),
    }
    None
}

/// A key was pressed: what was selected of the conversation is lit no longer.
pub fn interrupt(model: &mut Model) {
    model.mouse.interrupt();
    model.transcript.unpick();
}

/// What is under the pointer: an overlay lies on top, then the side panes.
fn under(model: &Model, at: Position) -> Option<Pane> {
    let frames = &model.frames;
    let has_overlay = !model.overlays.is_empty();
    let panes = [
        (frames.overlay, Pane::Overlay),
        (frames.list, Pane::List),
        (frames.library, Pane::Library),
        (frames.composer, Pane::Composer),
        (frames.transcript, Pane::Transcript),
    ];
    let mut panes = panes
        .into_iter()
        .filter(|(_, pane)| has_overlay || *pane != Pane::Overlay);
    panes
        .find(|(area, _)| area.contains(at))
        .map(|(_, pane)| pane)
}

fn press(model: &mut Model, at: Position) -> Option<Outcome> {
    leaving::disarm(model);
    model.pending.clear();
    model.last_esc = None;
    model.transcript.unpick();
    let pane = under(model, at);
    if !model.overlays.is_empty() {
        return if pane == Some(Pane::Overlay) {
            press_overlay(model, at)
        } else {
            None
        };
    }
    let count = model.mouse.presses.press(at, model.tick);
    if count == 1 {
        model.mouse.before = pane_of(model.focus);
    }
    let words = menu::area(model);
    if words.contains(at) {
        model.mouse.drag = None;
        // A second press is for what is there then.
        model.mouse.presses.part();
        if model.menu.touch(at.y - words.y) {
            menu::complete(model);
        }
        return None;
    }
    let pane = pane?;
    if pane != Pane::Composer {
        model.composer.editor.cancel_selection();
    }
    let grain = match count {
        1 => Grain::Cell,
        2 => Grain::Word,
        _ => Grain::Line,
    };
    match pane {
        Pane::Transcript => model.transcript.pick(at, grain),
        Pane::Composer => {
            focus(model, Focus::Composer);
            let area = model.composer.text_area();
            if at.y < area.y {
                // A notice or a queued message: nothing of it is the draft.
                model.composer.editor.cancel_selection();
                model.mouse.row = None;
                model.mouse.drag = None;
                return None;
            }
            model.composer.editor.point(area, nearest(area, at), grain);
        }
        Pane::List | Pane::Library => {
            press_row(model, pane, at);
            return None;
        }
        Pane::Overlay => return None,
    }
    model.mouse.row = None;
    model.mouse.drag = Some(Drag {
        pane,
        from: at,
        at,
        is_selecting: grain != Grain::Cell,
        edge_at: None,
    });
    None
}

fn press_overlay(model: &mut Model, at: Position) -> Option<Outcome> {
    let top = model.overlays.last_mut()?;
    let row = top.touch(at).map(|row| (Pane::Overlay, row));
    let is_again = row.is_some() && model.mouse.row == row;
    model.mouse.row = row.filter(|_| !is_again);
    is_again.then(|| top.act(Action::Accept))
}

/// A press on a row selects it, a second one opens it; on the filter it begins typing there.
fn press_row(model: &mut Model, pane: Pane, at: Position) {
    let (to, is_filter, row) = match pane {
        Pane::Library => (
            Focus::Library,
            model.library.is_filter_at(at),
            model.library.prompt_at(at),
        ),
        Pane::List | Pane::Overlay | Pane::Composer | Pane::Transcript => (
            Focus::List,
            model.list.is_filter_at(at),
            model.list.place_at(at),
        ),
    };
    focus(model, to);
    if is_filter {
        act(model, Action::Filter);
    }
    let Some(row) = row else {
        model.mouse.row = None;
        return;
    };
    let is_again = model.mouse.row == Some((pane, row));
    model.mouse.row = Some((pane, row)).filter(|_| !is_again);
    match to {
        Focus::Library => model.library.choose(row),
        Focus::List | Focus::Composer | Focus::Transcript => model.list.choose(row),
    }
    if is_again {
        act(model, opening(to));
    }
}

fn opening(pane: Focus) -> Action {
    match pane {
        Focus::Library => Action::InsertPrompt,
        Focus::List | Focus::Composer | Focus::Transcript => Action::OpenConversation,
    }
}

fn drag(model: &mut Model, at: Position) {
    let Some(mut drag) = model.mouse.drag else {
        return;
    };
    if at == drag.at {
        return;
    }
    drag.at = at;
    drag.is_selecting |= at != drag.from;
    drag.edge_at = match edge(model, drag) {
        0 => None,
        _ => drag.edge_at.or(Some(model.tick + EDGE)),
    };
    model.mouse.drag = Some(drag);
    select(model, drag);
}

/// The selection goes to where the pointer is.
fn select(model: &mut Model, drag: Drag) {
    if !drag.is_selecting {
        return;
    }
    match drag.pane {
        Pane::Transcript => {
            let inside = nearest(model.frames.transcript, drag.at);
            model.transcript.pick_to(inside);
        }
        Pane::Composer => {
            let area = model.composer.text_area();
            model.composer.editor.point_to(area, drag.at);
        }
        Pane::Overlay | Pane::List | Pane::Library => {}
    }
}

fn nearest(area: Rect, at: Position) -> Position {
    Position {
        x: at
            .x
            .clamp(area.x, area.right().saturating_sub(1).max(area.x)),
        y: at
            .y
            .clamp(area.y, area.bottom().saturating_sub(1).max(area.y)),
    }
}

/// How many rows the pointer is above (less than 0) or below the pane it was pressed in. Nothing is above the first
/// row of the screen: it is taken as outside.
fn edge(model: &Model, drag: Drag) -> i32 {
    let area = match drag.pane {
        Pane::Transcript => model.frames.transcript,
        Pane::Composer => model.composer.text_area(),
        Pane::Overlay | Pane::List | Pane::Library => return 0,
    };
    let (y, top, bottom) = (
        i32::from(drag.at.y),
        i32::from(area.top()),
        i32::from(area.bottom()),
    );
    match y {
        y if y < top => y - top,
        0 if drag.from.y > 0 => -1,
        y if y >= bottom => y - bottom + 1,
        _ => 0,
    }
}

/// The time has come to scroll because the pointer is held outside.
pub fn pass(model: &mut Model) {
    let Some(mut drag) = model.mouse.drag else {
        return;
    };
    if drag.edge_at.is_none_or(|at| at > model.tick) {
        return;
    }
    let rows = edge(model, drag).clamp(-FASTEST, FASTEST);
    drag.edge_at = (rows != 0).then_some(model.tick + EDGE);
    model.mouse.drag = Some(drag);
    // First to what has come into view since; what this brings is laid out with the next frame.
    select(model, drag);
    if drag.pane == Pane::Transcript {
        model.transcript.go(Move::Lines(rows));
    }
}

/// What is selected is copied; a press without that focuses.
fn release(model: &mut Model, at: Position) {
    drag(model, at);
    let Some(drag) = model.mouse.drag.take() else {
        return;
    };
    if drag.edge_at.is_some() {
        // What the last step brought into view is selected too.
        select(model, drag);
    }
    match drag.pane {
        Pane::Transcript if drag.is_selecting => {
            // Who selects words to read goes on typing where the caret was.
            let before = focus_of(model.mouse.before);
            if model.focus != before {
                focus(model, before);
            }
            copy(model, model.transcript.picked_text());
        }
        Pane::Transcript => {
            focus(model, Focus::Transcript);
            model.transcript.touch(at);
        }
        Pane::Composer if drag.is_selecting => {
            copy(model, model.composer.editor.selection());
        }
        Pane::Overlay | Pane::List | Pane::Library | Pane::Composer => {}
    }
}

fn copy(model: &mut Model, text: Option<String>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        model.effects.push(Effect::Copy(text));
    }
}

/// Scrolls what is under the pointer; the focus stays where it is.
fn wheel(model: &mut Model, at: Position, by: i32) {
    let rows = isize::try_from(by).unwrap_or(0);
    match under(model, at) {
        Some(Pane::Overlay) => {
            if let Some(top) = model.overlays.last_mut() {
                top.wheel(rows);
            }
        }
        Some(Pane::List) => {
            model.list.scroll(rows);
            if let Some(command) = model.list.ask_more() {
                model.ask(command, Ask::ListMore);
            }
        }
        Some(Pane::Library) => model.library.scroll(rows),
        Some(Pane::Composer) => {
            let area = model.composer.text_area();
            if !model.composer.editor.scroll(rows, area) {
                model.transcript.go(Move::Lines(by));
            }
        }
        Some(Pane::Transcript) => model.transcript.go(Move::Lines(by)),
        None => {}
    }
}

fn pane_of(focus: Focus) -> Pane {
    match focus {
        Focus::Composer => Pane::Composer,
        Focus::List => Pane::List,
        Focus::Library => Pane::Library,
        Focus::Transcript => Pane::Transcript,
    }
}

fn focus_of(pane: Pane) -> Focus {
    match pane {
        Pane::Composer | Pane::Overlay => Focus::Composer,
        Pane::List => Focus::List,
        Pane::Library => Focus::Library,
        Pane::Transcript => Focus::Transcript,
    }
}
