//! The line over the conversation: its title, its persona, where the reader is or what it cost; and its own instructions below.

use ratatui::layout::Rect;

use super::canvas::{Canvas, cut, width};
use super::fresh;
use super::model::{Focus, Model};
use super::theme::{Look, Tone};
use crate::domain::clean::Clean;
use crate::keys::{Action, Context};

/// Draws both lines, as far as the frame has room for them.
pub fn paint(canvas: &mut Canvas<'_>, model: &Model) {
    paint_title(canvas, model);
    paint_system(canvas, model);
}

/// The title of what is open.
fn paint_title(canvas: &mut Canvas<'_>, model: &Model) {
    let area = model.frames.head;
    let is_focused = model.focus == Focus::Transcript && model.overlays.is_empty();
    let look = if is_focused {
        Look::of(Tone::Accent).bold()
    } else {
        Look::default().bold()
    };
    let title = match &model.open {
        Some(c) if !c.title.is_empty() => Clean::line(&c.title),
        Some(_) => Clean::own("untitled"),
        None => Clean::own("New conversation"),
    };
    let trashed = model.open.as_ref().is_some_and(|c| c.trashed_at.is_some());
    let mut tone = Tone::Accent;
    let mut aside = if trashed {
        Clean::own("in the trash")
    } else {
        let here = match model.focus {
            Focus::Transcript => Context::Transcript,
            Focus::Composer | Focus::List | Focus::Library => Context::Composer,
        };
        let key = model.keymap.hint(here, Action::ScrollEnd);
        let marker = model.transcript.marker(&key.unwrap_or_default());
        match model.open.as_ref().and_then(|c| c.keeper()) {
            Some(keeper) if marker.is_empty() => Clean::line(&format!("also kept by {keeper}")),
            Some(_) | None => marker,
        }
    };
    if aside.is_empty() {
        tone = Tone::Dim;
        let spent = model.open.as_ref().map(|c| c.spent().words());
        aside = Clean::line(&spent.unwrap_or_default());
    }
    let persona = fresh::here(model).and_then(|id| model.roster.heading(id));
    let persona = cut(&persona.unwrap_or_default(), area.width / 2);
    let between = if aside.is_empty() || persona.is_empty() {
        0
    } else {
        3
    };
    let beside = width(&aside) + between + width(&persona);
    let room = area.width.saturating_sub(beside + 4);
    let x = canvas.put(area, (2, 0), &cut(&title, room), look);
    let inner = Rect {
        width: area.width.saturating_sub(1),
        ..area
    };
    let from = canvas.put_right(inner, (x + 1, 0), &persona, Look::of(Tone::Dim));
    let before = Rect {
        width: from.saturating_sub(between).min(inner.width),
        ..inner
    };
    canvas.put_right(before, (x + 1, 0), &aside, Look::of(tone));
}

/// The conversation's own instructions, folded to one line.
fn paint_system(canvas: &mut Canvas<'_>, model: &Model) {
    let Some(open) = &model.open else { return };
    let words = Clean::line(&format!("instructions: {}", open.system));
    let area = model.frames.head;
    canvas.put(
        area,
        (2, 1),
        &cut(&words, area.width.saturating_sub(3)),
        Look::of(Tone::Dim),
    );
}
