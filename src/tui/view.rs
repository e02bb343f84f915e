//! The screen as a whole: divides it, lets each part lay itself out, then paints. Nothing is decided while painting.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};

use super::canvas::{Canvas, cut, width};
use super::focus::{context, is_filtering, what_follows};
use super::head;
use super::menu;
use super::model::{Focus, Frames, HINTS_AFTER, Model};
use super::pane::composer::Above;
use super::pane::list::{ListView, View};
use super::pane::status::Status;
use super::personas;
use super::prompts;
use super::reading_mode;
use super::theme::{Look, Tone};
use super::welcome;
use crate::domain::clean::Clean;
use crate::domain::failure::Failure;
use crate::keys::{Action, Context};

/// From this width on all three panes stand side by side.
const WIDE: u16 = 100;
/// From this width on the list stands beside the conversation.
const MIDDLE: u16 = 70;
const LIST: u16 = 30;
const LIBRARY: u16 = 28;
/// A narrow screen shows a side pane on top, at most this wide.
const DRAWER: u16 = 44;

/// Divides the screen and lets every shown part take its place.
pub fn layout(model: &mut Model, size: Size) {
    model.size = size;
    let screen = Rect::new(0, 0, size.width, size.height);
    model.composer.above = chips(model);
    let frames = divide(model, screen);
    model.frames = frames;
    model.list.layout(frames.list);
    prompts::price(model);
    model.library.layout(frames.library);
    model.composer.layout(frames.composer);
    model.menu.layout(frames.composer.y);
    let live = model.open.as_ref().and_then(|c| model.live.get(&c.id));
    // What is beside the words in a foot: the margins and the place among siblings.
    let room = frames.transcript.width.saturating_sub(9);
    let foot = live.map(|live| live.pace.words(model.tick, model.now, room));
    model.transcript.is_focused = model.focus == Focus::Transcript;
    model.transcript.layout(frames.transcript, foot);
    for overlay in &mut model.overlays {
        model.frames.overlay = overlay.layout(screen, model.tick, model.now);
    }
}

/// What waits in the open conversation's queue.
fn chips(model: &Model) -> Vec<Above> {
    let Some(queue) = model.queues.get(model.here()) else {
        return Vec::new();
    };
    let send = match model.is_long {
        true => Action::Newline,
        false => Action::Send,
    };
    let send = model.keymap.hint(Context::Composer, send);
    queue.lines(&send.unwrap_or_default())
}

fn divide(model: &mut Model, screen: Rect) -> Frames {
    let status_rows = u16::from(screen.height > 1);
    let body = Rect {
        height: screen.height - status_rows,
        ..screen
    };
    let status = Rect {
        y: body.height,
        height: status_rows,
        ..screen
    };
    let is_alone = model.has_no_sides();
    let left = if !is_alone && screen.width >= MIDDLE {
        LIST
    } else {
        0
    };
    let right = if !is_alone && screen.width >= WIDE {
        LIBRARY
    } else {
        0
    };
    // One column between panes for the rule.
    let middle_x = if left > 0 { left + 1 } else { 0 };
    let middle_end = if right > 0 {
        screen.width - right - 1
    } else {
        screen.width
    };
    let middle = Rect {
        x: middle_x,
        width: middle_end - middle_x,
        ..body
    };
    let mut frames = Frames {
        status,
        ..Frames::default()
    };
    if left > 0 {
        frames.list = Rect {
            width: left,
            ..body
        };
    } else if model.focus == Focus::List {
        frames.list = Rect {
            width: screen.width.min(DRAWER),
            ..body
        };
    }
    if right > 0 {
        frames.library = Rect {
            x: middle_end + 1,
            width: right,
            ..body
        };
    } else if model.focus == Focus::Library {
        let drawer = screen.width.min(DRAWER);
        frames.library = Rect {
            x: screen.width - drawer,
            width: drawer,
            ..body
        };
    }
    let has_system = model.open.as_ref().is_some_and(|c| !c.system.is_empty());
    let head_rows = match middle.height {
        0..8 => 0,
        8..12 => 1,
        _ => 1 + u16::from(has_system),
    };
    let most = (middle.height / 2).max(1);
    // The bar beside the text stands where the words of the conversation begin.
    let inset = 1.min(middle.width.saturating_sub(1));
    let inset_area = Rect {
        x: middle.x + inset,
        width: middle.width - inset,
        ..middle
    };
    let composer_rows = model
        .composer
        .height(inset_area.width, most)
        .min(middle.height);
    let gap = u16::from(middle.height >= 10);
    frames.head = Rect {
        height: head_rows,
        ..middle
    };
    frames.composer = Rect {
        y: middle.height - composer_rows,
        height: composer_rows,
        ..inset_area
    };
    // A tall screen has air below the title too.
    let top = head_rows + u16::from(middle.height >= 20);
    let transcript_rows = middle.height.saturating_sub(top + composer_rows + gap);
    frames.transcript = Rect {
        y: top,
        height: transcript_rows,
        ..middle
    };
    frames
}

/// Paints everything; returns the cell of the caret.
pub fn paint(model: &Model, buffer: &mut Buffer) -> Option<Position> {
    let mut canvas = Canvas {
        buffer,
        theme: model.looks.theme(),
    };
    let screen = Rect::new(0, 0, model.size.width, model.size.height);
    if let Some(failure) = &model.fatal {
        paint_fatal(&mut canvas, screen, failure);
        return None;
    }
    let frames = &model.frames;
    head::paint(&mut canvas, model);
    match (model.is_home, model.transcript.is_empty()) {
        // What is open is not known yet; nothing wrong is shown for a moment.
        (false, _) => {}
        (true, true) => welcome::paint(&mut canvas, model),
        (true, false) => {
            let is_focused = model.focus == Focus::Transcript;
            model
                .transcript
                .paint(&mut canvas, is_focused, &model.zone, &model.roster);
        }
    }
    model.composer.paint(
        &mut canvas,
        model.focus == Focus::Composer && model.overlays.is_empty(),
    );
    paint_menu(&mut canvas, model);
    paint_status(&mut canvas, model);
    paint_side_panes(&mut canvas, model, screen);
    let mut caret = match model.focus {
        Focus::Composer => model.composer.caret(),
        Focus::List if model.list.is_filtering => model.list.caret(),
        Focus::Library if model.library.is_filtering => model.library.caret(),
        Focus::Transcript => model.transcript.caret(),
        Focus::List | Focus::Library => None,
    };
    for overlay in &model.overlays {
        caret = overlay.paint(&mut canvas);
    }
    if !model.pending.is_empty() && model.tick >= model.pending_since + HINTS_AFTER {
        paint_what_follows(
            &mut canvas,
            model,
            Rect {
                height: frames.status.y,
                ..screen
            },
        );
    }
    caret.filter(|caret| screen.contains(*caret))
}

/// The words that complete what is typed, above the composer.
fn paint_menu(canvas: &mut Canvas<'_>, model: &Model) {
    let area = menu::area(model);
    if !area.is_empty() {
        model.menu.paint(canvas, area);
    }
}

fn paint_side_panes(canvas: &mut Canvas<'_>, model: &Model, screen: Rect) {
    let frames = &model.frames;
    let is_top = model.overlays.is_empty();
    let drawers = screen.width < MIDDLE || model.has_no_sides();
    if frames.list.width > 0 {
        if drawers {
            canvas.clear(frames.list);
        }
        let view = ListView {
            is_focused: model.focus == Focus::List && is_top,
            open: model.here(),
            now: model.now,
        };
        model.list.paint(canvas, &view);
        divider(canvas, frames.list.right(), frames.list, screen);
    }
    if frames.library.width > 0 {
        if screen.width < WIDE || model.has_no_sides() {
            canvas.clear(frames.library);
        }
        model
            .library
            .paint(canvas, model.focus == Focus::Library && is_top);
        if frames.library.x > 0 {
            divider(canvas, frames.library.x - 1, frames.library, screen);
        }
    }
}

fn divider(canvas: &mut Canvas<'_>, x: u16, beside: Rect, screen: Rect) {
    if x >= screen.width {
        return;
    }
    let column = Rect {
        x,
        width: 1,
        ..beside
    };
    for y in 0..column.height {
        canvas.put(column, (0, y), &Clean::own("│"), Look::of(Tone::Dim));
    }
}

fn paint_status(canvas: &mut Canvas<'_>, model: &Model) {
    let context = context(model);
    let hint = |action: Action, words| model.keymap.hint(context, action).map(|key| (key, words));
    let hints = match model.focus {
        _ if !model.overlays.is_empty() => [None, None, None, None],
        // Letters go to the filter.
        Focus::List | Focus::Library if is_filtering(model) => {
            let open = hint(Action::OpenConversation, "open");
            let take = open.or_else(|| hint(Action::InsertPrompt, "use"));
            [take, Some(("Esc".to_owned(), "clear")), None, None]
        }
        Focus::Composer => {
            let (send, newline) = match model.is_long {
                true => (Action::Newline, Action::Send),
                false => (Action::Send, Action::Newline),
            };
            let last = hint(Action::Help, "keys");
            match (model.live_here(), model.is_long) {
                (Some(_), _) => [
                    Some(("Esc".to_owned(), "stops")),
                    hint(send, "queue"),
                    hint(newline, "newline"),
                    last,
                ],
                (None, true) => [
                    hint(send, "send"),
                    hint(newline, "newline"),
                    hint(Action::LongText, "short text"),
                    last,
                ],
                (None, false) => [
                    hint(send, "send"),
                    hint(newline, "newline"),
                    hint(Action::PickModel, "model"),
                    last,
                ],
            }
        }
        Focus::List if personas::selected(model).is_some() => [
            hint(Action::OpenConversation, "talk"),
            hint(Action::UnfoldGroup, "unfold"),
            hint(Action::EditPersona, "edit"),
            hint(Action::TrashConversation, "trash"),
        ],
        Focus::List => {
            let has_marks = !model.list.marks.is_empty();
            let (first, second) = match model.list.view {
                View::Active if has_marks => (
                    hint(Action::ArchiveConversation, "archive"),
                    hint(Action::TrashConversation, "trash"),
                ),
                View::Active => (
                    hint(Action::RenameConversation, "rename"),
                    hint(Action::TrashConversation, "trash"),
                ),
                View::Archive => (
                    hint(Action::ArchiveConversation, "take out"),
                    hint(Action::TrashConversation, "trash"),
                ),
                View::Trash => (
                    hint(Action::RestoreConversation, "restore"),
                    hint(Action::PurgeConversation, "remove"),
                ),
            };
            let open = hint(Action::OpenConversation, "open");
            let keys = hint(Action::Help, "keys");
            match has_marks {
                true => [first, second, Some(("Esc".to_owned(), "unmark")), keys],
                false => [open, first, second, keys],
            }
        }
        Focus::Transcript => [
            hint(Action::Copy, "copy"),
            hint(Action::Retry, "retry"),
            hint(Action::EditQuestion, "edit"),
            hint(Action::Help, "keys"),
        ],
        Focus::Library => [
            hint(Action::InsertPrompt, "use"),
            hint(Action::TryPrompt, "try"),
            hint(Action::EditPrompt, "edit"),
            hint(Action::Help, "keys"),
        ],
    };
    let today = match model.today.spent.words() {
        none if none.is_empty() => none,
        words => format!("today {words}"),
    };
    let status = Status {
        hints: hints.into_iter().flatten().collect(),
        toast: model.toast.as_ref(),
        mode: reading_mode::words(model),
        model: model.is_home.then(|| model.model()),
        today,
        sync: model.sync.as_ref(),
    };
    status.paint(canvas, model.frames.status);
}

/// The keys that may follow a leader, above the status line.
fn paint_what_follows(canvas: &mut Canvas<'_>, model: &Model, above: Rect) {
    let follows = what_follows(model);
    let widest = follows
        .iter()
        .map(|(key, action)| width(key) + width(action.about()) + 4)
        .max()
        .unwrap_or(0);
    let count = u16::try_from(follows.len()).unwrap_or(0);
    // Where the rows are too few for all, words are cut rather than keys left out.
    let columns = (above.width / widest.max(1)).max(count.div_ceil(above.height.max(1)));
    let columns = columns.max(1);
    let widest = widest.min((above.width / columns).max(1));
    let rows = count.div_ceil(columns).min(above.height);
    let area = Rect {
        y: above.height - rows,
        height: rows,
        ..above
    };
    canvas.clear(area);
    for (at, (key, action)) in (0_u16..).zip(&follows) {
        let (column, row) = (at / rows.max(1), at % rows.max(1));
        let cell = Rect {
            x: (column * widest).min(area.width),
            width: widest.min(area.width),
            ..area
        }
        .intersection(area);
        let x = canvas.put(cell, (1, row), &Clean::line(key), Look::of(Tone::Accent));
        let about = Clean::own(action.about());
        let room = cell.width.saturating_sub(x + 1);
        canvas.put(cell, (x + 1, row), &cut(&about, room), Look::default());
    }
}

/// A store that cannot be used: what, what to do, how to leave.
fn paint_fatal(canvas: &mut Canvas<'_>, screen: Rect, failure: &Failure) {
    let inner = Rect {
        x: 1.min(screen.width),
        width: screen.width.saturating_sub(2),
        ..screen
    };
    let parts = [
        (failure.title.as_str(), Look::of(Tone::Error).bold()),
        (failure.remedy.as_str(), Look::default()),
        (failure.detail.as_str(), Look::of(Tone::Dim)),
        ("Any key leaves.", Look::of(Tone::Dim)),
    ];
    let mut y = 1;
    for (words, look) in parts.iter().filter(|(words, _)| !words.is_empty()) {
        for row in super::text::wrap::plain(&Clean::text(words), *look, inner.width.max(1)) {
            if y < inner.height {
                row.paint(
                    canvas.buffer,
                    Rect {
                        y,
                        height: 1,
                        ..inner
                    },
                    canvas.theme,
                );
            }
            y += 1;
        }
        y += 1;
    }
}
