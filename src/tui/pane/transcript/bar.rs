//! The line under the messages: the words being looked for, or the block of code at hand, with the keys for it.

use ratatui::layout::{Position, Rect};

use super::Transcript;
use crate::domain::clean::Clean;
use crate::keys::Action;
use crate::tui::canvas::{Canvas, cut, width};
use crate::tui::theme::{Look, Tone};

/// Cells the words keep where the line has no room for all.
const LEAST: u16 = 12;

impl Transcript {
    /// The area left for messages; the line takes the last row while there is something to say.
    pub(super) fn divide(&mut self, area: Rect) -> Rect {
        let has_bar = (self.held.is_some() || self.search.is_some()) && area.height > 1;
        let rows = area.height - u16::from(has_bar);
        self.bar = Rect {
            y: area.y + rows,
            height: u16::from(has_bar),
            x: area.x + 1.min(area.width),
            width: area.width.saturating_sub(2),
        };
        let line = Rect {
            x: self.bar.x + 2.min(self.bar.width),
            width: self.bar.width.saturating_sub(2),
            ..self.bar
        };
        let right = width(&self.tally()).saturating_add(2);
        if let Some(input) = self.search_line() {
            input.layout(Rect {
                width: line.width.saturating_sub(right).max(line.width.min(LEAST)),
                ..line
            });
        }
        self.input = line;
        Rect {
            height: rows,
            ..area
        }
    }

    /// Draws the line.
    pub(super) fn paint_bar(&self, canvas: &mut Canvas<'_>) {
        let bar = self.bar;
        if bar.height == 0 {
            return;
        }
        let accent = Look::of(Tone::Accent);
        if let Some(search) = self.search.as_ref().filter(|search| search.is_typing) {
            let x = canvas.put(bar, (0, 0), &Clean::own("/ "), accent);
            let right = Clean::line(&self.tally());
            let room = bar.width.saturating_sub(x + width(&right) + 1);
            let input = Rect {
                width: room.max(bar.width.saturating_sub(x).min(LEAST)),
                ..self.input
            };
            search.input.paint(canvas.buffer, input, canvas.theme);
            canvas.put_right(bar, (x + input.width, 0), &right, Look::of(Tone::Dim));
            return;
        }
        let (left, offers) = match (&self.held, &self.search) {
            (Some(held), _) => {
                let lang = match held.lang.as_str() {
                    "" => "code",
                    lang => lang,
                };
                let lines = if held.lines == 1 { "line" } else { "lines" };
                (format!("▌ {lang} · {} {lines}", held.lines), BLOCK)
            }
            (None, Some(search)) => (format!("/ {} · {}", search.words, self.tally()), HITS),
            (None, None) => return,
        };
        let left = cut(&Clean::line(&left), bar.width);
        let x = canvas.put(bar, (0, 0), &left, accent) + 2;
        let dot = " · ";
        let room = bar.width.saturating_sub(x + width(dot) + width(ESC));
        let keys = self.hints.line(offers, true, room);
        let dot = if keys.is_empty() { "" } else { dot };
        let keys = Clean::line(&format!("{keys}{dot}{ESC}"));
        if x + width(&keys) <= bar.width {
            canvas.put_right(bar, (x, 0), &keys, Look::of(Tone::Dim));
        }
    }

    /// The cell of the caret in the words being typed.
    pub fn caret(&self) -> Option<Position> {
        let search = self.search.as_ref().filter(|search| search.is_typing)?;
        search.input.caret_cell(self.input)
    }
}

/// What can be done with a block of code.
const BLOCK: &[Action] = &[
    Action::Copy,
    Action::WriteBlock,
    Action::NextBlock,
    Action::PreviousBlock,
    Action::Quote,
];
/// What can be done with hits.
const HITS: &[Action] = &[Action::NextHit, Action::PreviousHit];
/// The key that leaves either.
const ESC: &str = "Esc leaves";
