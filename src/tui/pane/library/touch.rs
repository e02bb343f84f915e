//! The pointer in the library: the prompt in a cell, and the wheel.

use ratatui::layout::Position;

use super::Library;
use super::stock::Line;

impl Library {
    /// The place of the prompt in this cell.
    pub fn prompt_at(&self, at: Position) -> Option<usize> {
        let y = (at.y.checked_sub(self.area.y)?).checked_sub(2)?;
        if !self.area.contains(at) || y >= self.list_rows() {
            return None;
        }
        match self.stock.lines().get(self.top + usize::from(y))? {
            Line::Prompt(place) => Some(*place),
            Line::Scenario => None,
        }
    }

    /// Whether this cell is in the line of the filter.
    pub fn is_filter_at(&self, at: Position) -> bool {
        self.area.contains(at) && at.y == self.area.y + 1
    }

    /// Selects the prompt of this place.
    pub fn choose(&mut self, place: usize) {
        self.selected = place;
        self.step(0);
    }

    /// Moves what is seen by lines; the selection stays in sight.
    pub fn scroll(&mut self, by: isize) {
        let shown = usize::from(self.list_rows()).max(1);
        let lines = self.stock.lines();
        let most = lines.len().saturating_sub(shown);
        self.top = self.top.saturating_add_signed(by).min(most);
        let at = self.stock.line_of(self.selected);
        let seen = self.top..(self.top + shown).min(lines.len());
        let place = |line: &Line| match line {
            Line::Prompt(place) => Some(*place),
            Line::Scenario => None,
        };
        let nearest = if at < seen.start {
            lines[seen].iter().find_map(place)
        } else if at >= seen.end {
            lines[seen].iter().rev().find_map(place)
        } else {
            None
        };
        self.selected = nearest.unwrap_or(self.selected);
    }
}
