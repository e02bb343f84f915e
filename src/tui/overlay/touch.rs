//! The pointer in the overlay on top.

use ratatui::layout::Position;

use super::{Body, Overlay};
use crate::keys::Action;

impl Overlay {
    /// Selects what is in this cell; gives its row where rows are chosen from.
    pub fn touch(&mut self, at: Position) -> Option<usize> {
        match &mut self.body {
            Body::Picker(picker) => {
                let row = picker.row_at(at)?;
                picker.choose(row);
                Some(row)
            }
            Body::Search(search) => search.touch(at),
            Body::Help(_)
            | Body::Reading(_)
            | Body::Told(_)
            | Body::Fill(_)
            | Body::Form(_)
            | Body::Confirm(_)
            | Body::Prompt(_)
            | Body::Persona(_) => None,
        }
    }

    /// Moves what is seen by rows, where there is something to scroll.
    pub fn wheel(&mut self, by: isize) {
        let step = if by < 0 {
            Action::ListUp
        } else {
            Action::ListDown
        };
        match &mut self.body {
            Body::Picker(picker) => picker.scroll(by),
            Body::Fill(fill) => fill.scroll(by),
            Body::Help(_) | Body::Reading(_) | Body::Told(_) | Body::Search(_) => {
                for _ in 0..by.unsigned_abs() {
                    self.act(step);
                }
            }
            Body::Form(_) | Body::Confirm(_) | Body::Prompt(_) | Body::Persona(_) => {}
        }
    }
}
