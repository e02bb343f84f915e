//! Draws an input: the rows in view, what is selected, the caret's cell.

use std::ops::Range;

use ratatui::buffer::Buffer as Cells;
use ratatui::layout::{Position, Rect};

use super::Editor;
use crate::domain::clean::Clean;
use crate::tui::text::chips::pieces;
use crate::tui::text::lines::Spot;
use crate::tui::text::row::Row;
use crate::tui::text::styled::{Styled, width};
use crate::tui::theme::{Look, Theme, Tone};

impl Editor {
    /// Writes the rows that are in view; `layout` comes first.
    pub fn paint(&self, buf: &mut Cells, area: Rect, theme: Theme) {
        if self.is_empty() {
            let hint = Row::of(&Styled::of(&self.placeholder, Look::of(Tone::Dim)));
            hint.paint(buf, area, theme);
            return;
        }
        let selected = self.buffer.selected();
        for y in 0..area.height {
            let row = self.top + usize::from(y);
            if row >= self.lines.count() {
                break;
            }
            let line = Rect {
                y: area.y + y,
                height: 1,
                ..area
            };
            let text = self.styled_row(row, selected.as_ref());
            if self.is_single {
                Row::of(&text).paint_from(buf, line, self.skip, theme);
            } else {
                let whole = 0..text.text().len();
                Row::cut(&Styled::default(), &text, whole, text.runs()).paint(buf, line, theme);
            }
        }
    }

    fn styled_row(&self, row: usize, selected: Option<&Range<Spot>>) -> Styled {
        let line = self.lines.line_of(row);
        let range = self.lines.range(row);
        let words = self.buffer.line(line);
        let place = |spot: Spot| match spot.line.cmp(&line) {
            std::cmp::Ordering::Less => range.start,
            std::cmp::Ordering::Greater => range.end,
            std::cmp::Ordering::Equal => spot.byte.clamp(range.start, range.end),
        };
        let (from, to) =
            selected.map_or((range.end, range.end), |s| (place(s.start), place(s.end)));
        let mut text = Styled::default();
        let plain = Look::default();
        let parts = [
            (range.start..from, false),
            (from..to, true),
            (to..range.end, false),
        ];
        for (part, is_selected) in parts {
            for (piece, is_chip) in pieces(&words[..part.start], &words[part]) {
                let look = match is_chip {
                    true => Look::of(Tone::Accent),
                    false => plain,
                };
                let look = if is_selected { look.reversed() } else { look };
                text.push(&Clean::line(&piece), look);
            }
        }
        // A selected line end is seen as a selected blank.
        let is_line_end = range.end == words.len();
        if is_line_end && selected.is_some_and(|s| s.start.line <= line && s.end.line > line) {
            text.push(&Clean::own(" "), plain.reversed());
        }
        text
    }

    /// The cell of the caret, for the terminal's own cursor.
    pub fn caret_cell(&self, area: Rect) -> Option<Position> {
        let spot = self.buffer.spot();
        let row = self.lines.row_at(spot);
        let range = self.lines.range(row);
        let y = u16::try_from(row.checked_sub(self.top)?).ok()?;
        if y >= area.height || area.width == 0 {
            return None;
        }
        let before = self.buffer.line(spot.line).get(range.start..spot.byte)?;
        let column = width(&Clean::line(before)).saturating_sub(self.skip);
        let x = u16::try_from(column)
            .unwrap_or(u16::MAX)
            .min(area.width - 1);
        Some(Position::new(area.x + x, area.y + y))
    }
}
