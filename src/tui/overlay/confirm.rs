//! A question before something that cannot be undone.

use ratatui::layout::Rect;

use super::frame::frame;
use crate::domain::clean::Clean;
use crate::keys::Action;
use crate::tui::canvas::Canvas;
use crate::tui::msg::{Choice, Outcome};
use crate::tui::text::wrap::plain;
use crate::tui::theme::Look;

/// Asks whether to go on; Enter alone does not agree.
pub struct Confirm {
    question: Clean,
    /// What `y` does, such as `stop it and move it`.
    yes: &'static str,
    /// Nobody asked for it: somebody may be typing a message.
    is_unasked: bool,
    /// The `y` that was pressed in one that nobody asked for.
    armed: Option<char>,
    area: Rect,
}

impl Confirm {
    /// Asks this.
    pub fn new(question: &str, yes: &'static str) -> Self {
        Confirm {
            question: Clean::line(question),
            yes,
            is_unasked: false,
            armed: None,
            area: Rect::default(),
        }
    }

    /// Asks this by itself: only `y` and then Enter agree, and every other letter is taken for the message of somebody
    /// who types and did not see it.
    pub fn unasked(question: &str, yes: &'static str) -> Self {
        Confirm {
            is_unasked: true,
            ..Confirm::new(question, yes)
        }
    }

    /// A dangerous answer has a letter of its own; Enter only confirms it where nobody asked.
    pub fn act(&mut self, action: Action) -> Outcome {
        match action == Action::Accept && self.armed.is_some() {
            true => Outcome::Take(Choice::Agreed),
            false => Outcome::Stay,
        }
    }

    /// `y` agrees, `n` does not; in one that nobody asked for, all but the first `y` is text.
    pub fn letter(&mut self, c: char) -> Outcome {
        match c {
            'y' | 'Y' if self.is_unasked && self.armed.is_none() => {
                self.armed = Some(c);
                Outcome::Stay
            }
            _ if self.is_unasked => {
                let typed = self.armed.into_iter().chain([c]).collect();
                Outcome::Take(Choice::Typed(typed))
            }
            'y' | 'Y' => Outcome::Take(Choice::Agreed),
            'n' | 'N' => Outcome::Close,
            _ => Outcome::Stay,
        }
    }

    /// Lines it wants at this width: the question with air around it.
    pub fn height(&self, width: u16) -> u16 {
        let rows = plain(&self.question, Look::default(), room(width)).len();
        u16::try_from(rows).unwrap_or(u16::MAX - 4) + 4
    }

    /// Whether letters are for a message.
    pub fn takes_text(&self) -> bool {
        self.is_unasked
    }

    pub fn layout(&mut self, area: Rect) {
        self.area = area;
    }

    pub fn paint(&self, canvas: &mut Canvas<'_>) {
        let keys = match (self.is_unasked, self.armed) {
            (false, _) => format!("y {} · n leave it", self.yes),
            (true, None) => format!("y ⏎ {} · Esc keep all", self.yes),
            (true, Some(_)) => format!("⏎ {} · Esc keep all", self.yes),
        };
        let title = Clean::own("Sure?");
        let keys = Clean::line(&keys);
        let inner = frame(canvas, self.area, &title, &Clean::default(), &keys);
        let rows = plain(&self.question, Look::default(), room(self.area.width));
        let above = u16::from(usize::from(inner.height) > rows.len());
        for (y, row) in (above..inner.height).zip(&rows) {
            let line = Rect {
                y: inner.y + y,
                height: 1,
                ..inner
            };
            row.paint(canvas.buffer, line, canvas.theme);
        }
    }
}

/// Cells for the question in an overlay of this width.
fn room(width: u16) -> u16 {
    width.saturating_sub(4).max(1)
}
