//! The pointer in the list: the line in a cell, and the wheel.

use ratatui::layout::Position;

use super::List;

impl List {
    /// The line of group and rows in this cell.
    pub fn line_at(&self, at: Position) -> Option<usize> {
        if !self.area.contains(at) {
            return None;
        }
        let y = (at.y - self.area.y).checked_sub(2)?;
        let line = self.top + usize::from(y);
        (line < self.head() + self.rows.len()).then_some(line)
    }

    /// Whether this cell is in the line of the filter.
    pub fn is_filter_at(&self, at: Position) -> bool {
        self.area.contains(at) && at.y == self.area.y + 1
    }

    /// Selects a line.
    pub fn choose(&mut self, line: usize) {
        self.step(isize::MIN);
        self.step(isize::try_from(line).unwrap_or(isize::MAX));
    }

    /// Moves what is seen by lines; the selection stays in sight.
    pub fn scroll(&mut self, by: isize) {
        let shown = usize::from(self.area.height.saturating_sub(2)).max(1);
        let all = self.head() + self.rows.len();
        self.top = self
            .top
            .saturating_add_signed(by)
            .min(all.saturating_sub(shown));
        let cursor = self.cursor();
        let seen = cursor.clamp(self.top, self.top + shown - 1);
        if seen != cursor {
            self.choose(seen);
        }
    }
}
