//! How the list looks: title, filter, a line for each row, the archive's line at the end.

use ratatui::layout::Rect;

use super::{List, View};
use crate::domain::clean::Clean;
use crate::domain::conversation::{Conversation, Listed};
use crate::domain::filter::Wrong;
use crate::domain::id::ConversationId;
use crate::domain::when::Millis;
use crate::protocol::Order;
use crate::tui::canvas::{Canvas, cut, width};
use crate::tui::pane::groups::Line;
use crate::tui::pane::order;
use crate::tui::text::row::Row;
use crate::tui::text::wrap::plain;
use crate::tui::theme::{Look, Tone};

/// Fewest cells in which tags are shown after a title.
const LEAST_TAGS: u16 = 5;
/// Most lines a refused filter takes for its reason.
const MOST_WRONG: usize = 5;

/// What the list needs to know of its surroundings to be drawn.
pub struct ListView {
    pub is_focused: bool,
    pub open: Option<ConversationId>,
    pub now: Millis,
}

impl List {
    /// Where the rows stand.
    pub(super) fn body(&self) -> Rect {
        let area = self.area;
        let above = u16::try_from(2 + self.wrong_rows().len()).unwrap_or(u16::MAX);
        Rect {
            y: area.y.saturating_add(above),
            height: area.height.saturating_sub(above),
            ..area
        }
        .intersection(area)
    }

    /// Draws title, filter and rows.
    pub fn paint(&self, canvas: &mut Canvas<'_>, view: &ListView) {
        let area = self.area;
        self.paint_title(canvas, view.is_focused);
        canvas.put(area, (1, 1), &Clean::own("/"), Look::of(Tone::Dim));
        self.filter
            .paint(canvas.buffer, self.filter_area(), canvas.theme);
        for (y, row) in (2..area.height).zip(self.wrong_rows()) {
            let line = Rect {
                x: area.x + 1,
                y: area.y + y,
                width: area.width.saturating_sub(2),
                height: 1,
            };
            row.paint(canvas.buffer, line.intersection(area), canvas.theme);
        }
        let body = self.body();
        let (head, tail) = (self.head(), self.line_of(self.head() + self.rows.len()));
        let cursor = self.line_of(self.cursor());
        for (y, at) in (0..body.height).zip(self.top..) {
            let line = Rect {
                y: body.y + y,
                height: 1,
                ..body
            };
            let is_selected = at == cursor && view.is_focused;
            match at.checked_sub(head) {
                None => {
                    if let Some(part) = self.groups.lines().get(at) {
                        self.paint_line(canvas, line, (*part, is_selected), view);
                    }
                }
                Some(_) if at == tail && self.has_tail() => {
                    let words = Clean::own("▸ Archive");
                    let count = Clean::line(&self.archived.to_string());
                    paint_heading(canvas, line, (&words, &count), (2, is_selected));
                }
                Some(0) if self.rows.is_empty() && self.is_loaded && !self.has_more => {
                    canvas.put(line, (1, 0), &self.empty_words(), Look::of(Tone::Dim));
                }
                Some(row) => match self.rows.get(row) {
                    Some(row) => self.paint_row(canvas, line, (row, is_selected), view),
                    None => break,
                },
            }
        }
    }

    /// What is shown, how many are marked or else in which order they stand, and how many there are.
    fn paint_title(&self, canvas: &mut Canvas<'_>, is_focused: bool) {
        let area = Rect {
            width: self.area.width.saturating_sub(1),
            ..self.area
        };
        let look = match is_focused {
            true => Look::of(Tone::Accent).bold(),
            false => Look::default().bold(),
        };
        let name = Clean::own(match self.view {
            View::Active => "Conversations",
            View::Archive => "Archive",
            View::Trash => "Trash",
        });
        let (aside, tone) = match (self.marks.len(), self.order) {
            (0, Order::Activity) => (String::new(), Tone::Dim),
            (0, by) => (format!(" by {}", order::word(by)), Tone::Dim),
            (count, _) => (format!(" {count} marked"), Tone::Accent),
        };
        let (aside, total) = (Clean::line(&aside), Clean::line(&self.total.to_string()));
        let room = area.width.saturating_sub(width(&aside) + width(&total) + 2);
        let x = canvas.put(area, (1, 0), &cut(&name, room), look);
        let x = canvas.put(area, (x, 0), &aside, Look::of(tone));
        canvas.put_right(area, (x + 1, 0), &total, Look::of(Tone::Dim));
    }

    /// What is wrong in the filter and what could stand there.
    fn wrong_rows(&self) -> Vec<Row> {
        let is_worth_a_word = |wrong: &&Wrong| !(self.is_filtering && wrong.is_unfinished);
        let Some(wrong) = self.wrong.as_ref().filter(is_worth_a_word) else {
            return Vec::new();
        };
        let words = Clean::line(&format!("▲ {}: {}", wrong.term, wrong.remedy));
        let room = self.area.width.saturating_sub(2).max(1);
        let mut rows = plain(&words, Look::of(Tone::Error), room);
        rows.truncate(MOST_WRONG);
        rows
    }

    fn empty_words(&self) -> Clean {
        if !self.filter.text().trim().is_empty() {
            Clean::own("nothing matches")
        } else {
            Clean::own(match self.view {
                View::Active => "none yet",
                View::Archive => "the archive is empty",
                View::Trash => "the trash is empty",
            })
        }
    }

    fn paint_row(
        &self,
        canvas: &mut Canvas<'_>,
        line: Rect,
        (row, is_selected): (&Listed, bool),
        view: &ListView,
    ) {
        let c = &row.conversation;
        let is_open = view.open == Some(c.id);
        let inner = Rect {
            width: line.width.saturating_sub(1),
            ..line
        };
        let figure = Clean::line(&self.figure(c, view.now));
        let right = canvas.put_right(inner, (0, 0), &figure, Look::of(Tone::Dim));
        let sign = match () {
            () if self.live.contains(&c.id) => Some((Clean::own("●"), Look::of(Tone::Accent))),
            () if self.unread.contains(&c.id) => {
                Some((Clean::own("•"), Look::of(Tone::Accent).bold()))
            }
            () if row.has_draft => Some((Clean::own("✎"), Look::of(Tone::Warning))),
            () => None,
        };
        let mut end = right.saturating_sub(1);
        if let Some((sign, look)) = sign {
            canvas.put(inner, (right.saturating_sub(2), 0), &sign, look);
            end = end.saturating_sub(2);
        }
        let bar = match (is_selected, is_open) {
            (true, _) => Clean::own("▌"),
            (false, true) => Clean::own("▏"),
            (false, false) => Clean::own(" "),
        };
        canvas.put(line, (1, 0), &bar, Look::of(Tone::Accent));
        if self.marks.has(c.id) {
            let look = Look::of(Tone::Accent).bold();
            canvas.put(line, (0, 0), &Clean::own("✓"), look);
        }
        let words = Rect {
            x: line.x + 2.min(line.width),
            width: end.saturating_sub(2),
            ..line
        };
        paint_words(canvas, words, c, (is_open, is_selected));
    }

    /// What stands at the right of a row: what the list goes by, where that is not the title.
    fn figure(&self, c: &Conversation, now: Millis) -> String {
        match self.shown.order {
            Order::Activity | Order::Title => c.active_at.age(now),
            Order::Created => c.created_at.age(now),
            Order::Messages => c.message_count.to_string(),
        }
    }

    /// A line of the group: a title, a persona, or a conversation a few cells in.
    fn paint_line(
        &self,
        canvas: &mut Canvas<'_>,
        line: Rect,
        (part, is_selected): (Line, bool),
        view: &ListView,
    ) {
        match self.groups.words(part, view.now) {
            Some((words, right, indent)) => {
                paint_heading(canvas, line, (&words, &right), (indent, is_selected));
            }
            None => {
                if let Some(row) = self.groups.row(part) {
                    let inside = Rect {
                        x: line.x + 6.min(line.width),
                        width: line.width.saturating_sub(6),
                        ..line
                    };
                    self.paint_row(canvas, inside, (row, is_selected), view);
                }
            }
        }
    }
}

/// Title and tags of a conversation in their room; a pinned one has a sign before its title.
fn paint_words(
    canvas: &mut Canvas<'_>,
    room: Rect,
    c: &Conversation,
    (is_open, is_selected): (bool, bool),
) {
    let look = match (is_open, is_selected) {
        (_, true) => Look::of(Tone::Accent).bold(),
        (true, false) => Look::default().bold(),
        (false, false) => Look::default(),
    };
    let title = match c.title.as_str() {
        "" => Clean::own("untitled"),
        title => Clean::line(title),
    };
    let mut x = 0;
    if order::is_on_top(c) {
        x = canvas.put(room, (0, 0), &Clean::own("▴"), Look::of(Tone::Accent)) + 1;
    }
    let title = cut(&title, room.width.saturating_sub(x));
    let x = canvas.put(room, (x, 0), &title, look) + 1;
    if !c.tags.is_empty() && x + LEAST_TAGS <= room.width {
        let tags: Vec<String> = c.tags.iter().map(|tag| format!("#{tag}")).collect();
        let tags = cut(&Clean::line(&tags.join(" ")), room.width - x);
        canvas.put(room, (x, 0), &tags, Look::of(Tone::Dim));
    }
}

/// A line that is no conversation: words from some cell on, and what stands at the right end.
fn paint_heading(
    canvas: &mut Canvas<'_>,
    line: Rect,
    (words, right): (&Clean, &Clean),
    (indent, is_selected): (u16, bool),
) {
    let inner = Rect {
        width: line.width.saturating_sub(1),
        ..line
    };
    let end = canvas.put_right(inner, (0, 0), right, Look::of(Tone::Dim));
    let look = if is_selected {
        canvas.put(line, (1, 0), &Clean::own("▌"), Look::of(Tone::Accent));
        Look::of(Tone::Accent).bold()
    } else {
        Look::default()
    };
    let room = end.saturating_sub(indent + 1);
    canvas.put(line, (indent, 0), &cut(words, room), look);
}
