//! The pointer in a picker: the row in a cell, and the wheel.

use ratatui::layout::Position;

use super::Picker;

impl Picker {
    /// The row in this cell.
    pub fn row_at(&self, at: Position) -> Option<usize> {
        let first = self.area.y + 2;
        let y = at.y.checked_sub(first)?;
        let row = self.top + usize::from(y);
        let is_inside = self.area.contains(at) && y < self.list_rows();
        (is_inside && row < self.count()).then_some(row)
    }

    /// Selects a row.
    pub fn choose(&mut self, row: usize) {
        self.selected = row.min(self.count().saturating_sub(1));
    }

    /// Moves what is seen by rows; the selection stays in sight.
    pub fn scroll(&mut self, by: isize) {
        let shown = usize::from(self.list_rows()).max(1);
        let most = self.count().saturating_sub(shown);
        self.top = self.top.saturating_add_signed(by).min(most);
        self.choose(self.selected.clamp(self.top, self.top + shown - 1));
    }
}
