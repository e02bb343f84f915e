//! Draws the composer: notice, queue, edit mark, text, and a count where the text is too long.

use ratatui::layout::{Position, Rect};

use super::Composer;
use crate::domain::clean::Clean;
use crate::tui::canvas::{Canvas, cut};
use crate::tui::text::row::Row;
use crate::tui::text::wrap::plain;
use crate::tui::theme::{Look, Tone};

/// Most rows the text takes.
const MOST_ROWS: u16 = 10;
/// Most rows the notice takes.
const MOST_NOTICE: u16 = 5;

impl Composer {
    /// Rows the composer wants at this width: notice, edit mark, text.
    pub fn height(&mut self, width: u16, most: u16) -> u16 {
        let text = u16::try_from(self.editor.measure(width.saturating_sub(1)))
            .unwrap_or(MOST_ROWS)
            .clamp(1, MOST_ROWS);
        (text + self.rows_above(width)).min(most.max(1))
    }

    /// Rows of notice, queue and edit mark.
    fn rows_above(&self, width: u16) -> u16 {
        let notice = u16::try_from(self.notice_rows(width).len()).unwrap_or(MOST_ROWS);
        let above = u16::try_from(self.above.len()).unwrap_or(MOST_ROWS);
        notice + above + u16::from(self.edit_of.is_some())
    }

    /// The notice in at most this width.
    fn notice_rows(&self, width: u16) -> Vec<Row> {
        let Some(failure) = &self.notice else {
            return Vec::new();
        };
        let width = width.saturating_sub(1).max(1);
        let title = Clean::line(&format!("▲ {}", failure.title));
        let mut rows = plain(&title, Look::of(Tone::Error), width);
        if !failure.remedy.is_empty() {
            let remedy = Clean::line(&failure.remedy);
            rows.extend(plain(&remedy, Look::of(Tone::Dim), width));
        }
        rows.truncate(usize::from(MOST_NOTICE));
        rows
    }

    /// Takes its place on the screen.
    pub fn layout(&mut self, area: Rect) {
        self.area = area;
        self.editor.layout(self.text_area());
    }

    /// Whether the caret is in the first row, where ↑ brings the stash back.
    pub fn is_at_first_row(&mut self) -> bool {
        let width = self.text_area().width;
        self.editor.is_at_first_row(width)
    }

    /// Whether the caret is in the last row.
    pub fn is_at_last_row(&mut self) -> bool {
        let width = self.text_area().width;
        self.editor.is_at_last_row(width)
    }

    /// Where the text stands.
    pub fn text_area(&self) -> Rect {
        let above = self
            .rows_above(self.area.width)
            .min(self.area.height.saturating_sub(1));
        Rect {
            x: self.area.x + 1.min(self.area.width),
            y: self.area.y + above,
            width: self.area.width.saturating_sub(1),
            height: self.area.height - above,
        }
    }

    /// Draws notice and text.
    pub fn paint(&self, canvas: &mut Canvas<'_>, is_focused: bool) {
        let mut y = 0;
        for row in self.notice_rows(self.area.width) {
            let line = Rect {
                x: self.area.x + 1,
                y: self.area.y + y,
                width: self.area.width.saturating_sub(1),
                height: 1,
            };
            row.paint(canvas.buffer, line.intersection(self.area), canvas.theme);
            y += 1;
        }
        // A line that has no room gives way to the text.
        let last = self.text_area().y - self.area.y - u16::from(self.edit_of.is_some());
        for line in &self.above {
            if y < last {
                let x = canvas.put(self.area, (1, y), &line.mark, Look::of(Tone::Accent));
                let words = cut(&line.words, self.area.width.saturating_sub(x));
                canvas.put(self.area, (x, y), &words, Look::of(line.tone));
                y += 1;
            }
        }
        if self.edit_of.is_some() {
            let mark = Clean::own("editing a question · ⏎ new branch · Esc leaves it");
            canvas.put(
                self.area,
                (1, y),
                &cut(&mark, self.area.width.saturating_sub(1)),
                Look::of(Tone::Warning),
            );
        }
        let text = self.text_area();
        let bar = if is_focused {
            Look::of(Tone::Accent)
        } else {
            Look::of(Tone::Dim)
        };
        let column = Rect {
            x: self.area.x,
            width: 1,
            ..text
        };
        for y in 0..text.height {
            canvas.put(column, (0, y), &Clean::own("▏"), bar);
        }
        self.editor.paint(canvas.buffer, text, canvas.theme);
        // Bytes are counted for nothing; only a text that may be too long is counted by its characters.
        let chars = if self.editor.len() > self.most_chars {
            self.editor.text().chars().count()
        } else {
            0
        };
        if chars > self.most_chars {
            let count = Clean::line(&format!(" {chars} characters"));
            canvas.put_right(
                text,
                (0, text.height.saturating_sub(1)),
                &count,
                Look::of(Tone::Warning),
            );
        }
    }

    /// The cell of the caret.
    pub fn caret(&self) -> Option<Position> {
        self.editor.caret_cell(self.text_area())
    }
}
