//! Whether a message is folded, and the rows that are seen of it then.

use super::{Entry, Part};
use crate::tui::text::row::Row;

impl Entry {
    /// Whether only the first rows of the words are shown.
    pub fn is_folded(&self) -> bool {
        self.fold.is_folded()
    }

    /// Folds or unfolds the words, as the reader wants it from now on.
    pub fn set_folded(&mut self, is_folded: bool) {
        self.fold.choice = Some(is_folded);
    }

    /// A row of the words by its item, as far as it is laid out.
    pub fn row(&self, item: usize, row: usize) -> Option<&Row> {
        match self.part(item) {
            Part::Gist => self.fold.row(row),
            Part::Block(block) => self.doc.rows(block).get(row),
            Part::Head | Part::Thinking | Part::Foot => None,
        }
    }
}
