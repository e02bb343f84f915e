//! One text to write: a title, instructions.

use ratatui::layout::{Margin, Position, Rect};

use super::frame::frame;
use crate::domain::clean::Clean;
use crate::keys::Action;
use crate::tui::canvas::Canvas;
use crate::tui::msg::{Choice, Outcome};
use crate::tui::text::edit::Editor;

/// A form with one field.
pub struct Form {
    title: &'static str,
    keys: String,
    pub editor: Editor,
    is_long: bool,
    area: Rect,
}

impl Form {
    /// A field of one line, filled in.
    pub fn line(title: &'static str, text: &str) -> Self {
        let mut editor = Editor::single();
        editor.set_text(text, text.len());
        Form {
            title,
            keys: "Enter keep · Esc leave".to_owned(),
            editor,
            is_long: false,
            area: Rect::default(),
        }
    }

    /// A field of several lines; `newline` is the key that makes one here.
    pub fn lines(title: &'static str, text: &str, newline: &str) -> Self {
        let mut editor = Editor::new();
        editor.set_text(text, text.len());
        let keys = format!("Enter keep · {newline} new line · empty removes · Esc leave");
        Form {
            title,
            keys,
            editor,
            is_long: true,
            area: Rect::default(),
        }
    }

    pub fn act(&mut self, action: Action) -> Outcome {
        if action == Action::Accept {
            Outcome::Take(Choice::Written(self.editor.text()))
        } else {
            Outcome::Stay
        }
    }

    pub fn height(&mut self, width: u16) -> u16 {
        let rows =
            u16::try_from(self.editor.measure(width.saturating_sub(4))).unwrap_or(u16::MAX - 2);
        if self.is_long { rows.max(5) + 2 } else { 3 }
    }

    pub fn layout(&mut self, area: Rect) {
        self.area = area;
        self.editor.layout(area.inner(Margin {
            horizontal: 2,
            vertical: 1,
        }));
    }

    pub fn paint(&self, canvas: &mut Canvas<'_>) -> Option<Position> {
        let keys = Clean::line(&self.keys);
        let inner = frame(
            canvas,
            self.area,
            &Clean::own(self.title),
            &Clean::default(),
            &keys,
        );
        self.editor.paint(canvas.buffer, inner, canvas.theme);
        self.editor.caret_cell(inner)
    }
}
