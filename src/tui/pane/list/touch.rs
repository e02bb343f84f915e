//! The pointer in the list: the place in a cell, and the wheel.

use ratatui::layout::Position;

use super::List;

impl List {
    /// The place among group, rows and archive in this cell.
    pub fn place_at(&self, at: Position) -> Option<usize> {
        let body = self.body();
        if !body.contains(at) {
            return None;
        }
        self.place_of(self.top + usize::from(at.y - body.y))
    }

    /// The place that stands in a line; none in a blank one. Lines are places and a few blanks between them.
    fn place_of(&self, line: usize) -> Option<usize> {
        let places = 0..self.places().min(line + 1);
        let mut places = places
            .rev()
            .take_while(|place| self.line_of(*place) >= line);
        places.find(|place| self.line_of(*place) == line)
    }

    /// Whether this cell is in the line of the filter.
    pub fn is_filter_at(&self, at: Position) -> bool {
        self.area.contains(at) && at.y == self.area.y + 1
    }

    /// Selects a place.
    pub fn choose(&mut self, place: usize) {
        self.step(isize::MIN);
        self.step(isize::try_from(place).unwrap_or(isize::MAX));
    }

    /// Moves what is seen by lines; the selection stays in sight.
    pub fn scroll(&mut self, by: isize) {
        let shown = usize::from(self.body().height).max(1);
        let most = self.line_of(self.places()).saturating_sub(shown);
        self.top = self.top.saturating_add_signed(by).min(most);
        let cursor = self.line_of(self.cursor());
        let last = self.top + shown - 1;
        let seen = if cursor < self.top {
            (self.top..=last).find_map(|line| self.place_of(line))
        } else if cursor > last {
            (self.top..=last).rev().find_map(|line| self.place_of(line))
        } else {
            None
        };
        if let Some(place) = seen {
            self.choose(place);
        }
    }
}
