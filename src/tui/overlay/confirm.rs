//! A question before something that cannot be undone.

use ratatui::layout::Rect;

use super::frame::frame;
use crate::domain::clean::Clean;
use crate::keys::Action;
use crate::tui::canvas::{Canvas, cut};
use crate::tui::msg::{Choice, Outcome};
use crate::tui::theme::Look;

/// Asks whether to go on; Enter alone does not agree.
pub struct Confirm {
    question: Clean,
    /// What `y` does, such as `stop it and move it`.
    yes: &'static str,
    area: Rect,
}

impl Confirm {
    /// Asks this.
    pub fn new(question: Clean, yes: &'static str) -> Self {
        Confirm {
            question,
            yes,
            area: Rect::default(),
        }
    }

    /// Nothing is bound here: a dangerous answer has a letter of its own.
    pub fn act(&mut self, _action: Action) -> Outcome {
        Outcome::Stay
    }

    /// `y` agrees, `n` does not.
    pub fn letter(&mut self, c: char) -> Outcome {
        match c {
            'y' | 'Y' => Outcome::Take(Choice::Agreed),
            'n' | 'N' => Outcome::Close,
            _ => Outcome::Stay,
        }
    }

    pub fn layout(&mut self, area: Rect) {
        self.area = area;
    }

    pub fn paint(&self, canvas: &mut Canvas<'_>) {
        let keys = Clean::line(&format!("y {} · n leave it", self.yes));
        let inner = frame(
            canvas,
            self.area,
            &Clean::own("Sure?"),
            &Clean::default(),
            &keys,
        );
        canvas.put(
            inner,
            (0, inner.height / 2),
            &cut(&self.question, inner.width),
            Look::default(),
        );
    }
}
