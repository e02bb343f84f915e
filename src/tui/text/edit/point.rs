//! The pointer in an input: the caret goes to a cell, a selection from cell to cell, the wheel scrolls.

use ratatui::layout::{Position, Rect};
use unicode_segmentation::UnicodeSegmentation;

use super::{Editor, Move, Spot};
use crate::tui::text::chips::chip_around;
use crate::tui::text::pick::Grain;

impl Editor {
    /// Puts the caret at a cell; `area` is where the input was painted. With a word or a line it is selected.
    pub fn point(&mut self, area: Rect, at: Position, grain: Grain) {
        self.buffer.cancel_selection();
        self.goal = None;
        let free = self.pointed_free(area, at, 0);
        let spot = self.out_of_chip(free, None);
        self.buffer.jump(spot);
        let line = self.buffer.line(spot.line);
        let part = match grain {
            Grain::Cell => return,
            Grain::Line => 0..line.len(),
            Grain::Word => chip_around(line, free.byte).unwrap_or_else(|| {
                let mut words = line.split_word_bound_indices();
                let word = words.find(|(start, word)| start + word.len() > spot.byte);
                word.map_or(spot.byte..spot.byte, |(start, word)| {
                    start..start + word.len()
                })
            }),
        };
        let start = self.out_of_chip(spot.at(part.start), Some(Move::Left));
        let end = self.out_of_chip(spot.at(part.end), Some(Move::Right));
        self.buffer.jump(start);
        self.buffer.start_selection();
        self.buffer.jump(end);
    }

    /// Selects from where the caret was put to a cell, which is part of the selection; a row above or below the area
    /// comes into view.
    pub fn point_to(&mut self, area: Rect, at: Position) {
        self.goal = None;
        if !self.buffer.is_selecting() {
            self.buffer.start_selection();
        }
        let (_, anchor) = self.buffer.ends();
        let mut spot = self.pointed(area, at, 0);
        if spot >= anchor {
            spot = self.pointed(area, at, 1);
        }
        self.buffer.jump(spot);
    }

    /// The place in a cell, or so many cells right of it, never inside a chip.
    fn pointed(&mut self, area: Rect, at: Position, right: usize) -> Spot {
        let spot = self.pointed_free(area, at, right);
        self.out_of_chip(spot, None)
    }

    /// The same inside a chip too.
    fn pointed_free(&mut self, area: Rect, at: Position, right: usize) -> Spot {
        self.lines.refresh(self.buffer.lines());
        let last = self.lines.count().saturating_sub(1);
        let row = match at.y.checked_sub(area.y) {
            // Above the area: the row that is just out of sight.
            None => self.top.saturating_sub(1),
            Some(y) => self.top + usize::from(y.min(area.height)),
        };
        let column = usize::from(at.x.saturating_sub(area.x)) + self.skip + right;
        self.spot_at(row.min(last), column)
    }

    /// Moves what is seen by rows; the caret stays in sight. `false` when all rows are seen anyway.
    pub fn scroll(&mut self, by: isize, area: Rect) -> bool {
        self.lines.refresh(self.buffer.lines());
        let height = usize::from(area.height).max(1);
        let most = self.lines.count().saturating_sub(height);
        if most == 0 {
            return false;
        }
        self.top = self.top.saturating_add_signed(by).min(most);
        let row = self.lines.row_at(self.buffer.spot());
        let seen = row.clamp(self.top, self.top + height - 1);
        if seen != row {
            let column = self.column();
            let spot = self.spot_at(seen, column);
            let spot = self.out_of_chip(spot, None);
            self.buffer.cancel_selection();
            self.buffer.jump(spot);
        }
        true
    }
}
