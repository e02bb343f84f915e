//! One text to write: a title, instructions, a key that is not shown.

use ratatui::layout::{Margin, Position, Rect};

use super::frame::frame;
use crate::domain::clean::Clean;
use crate::domain::secret::Secret;
use crate::keys::Action;
use crate::tui::canvas::Canvas;
use crate::tui::msg::{Choice, Outcome};
use crate::tui::text::edit::Editor;
use crate::tui::theme::Look;

/// A form with one field.
pub struct Form {
    title: Clean,
    keys: String,
    pub editor: Editor,
    is_long: bool,
    /// Whose key it takes; what is written is not shown then.
    key_of: Option<String>,
    /// It opened because a key is wanted.
    is_wanted: bool,
    area: Rect,
}

impl Form {
    /// A field of one line, filled in.
    pub fn line(title: &'static str, text: &str) -> Self {
        let mut editor = Editor::single();
        editor.set_text(text, text.len());
        Form {
            title: Clean::own(title),
            keys: "Enter keep · Esc leave".to_owned(),
            editor,
            is_long: false,
            key_of: None,
            is_wanted: false,
            area: Rect::default(),
        }
    }

    /// A field for a file's name, filled in.
    pub fn file(title: &'static str, name: &str) -> Self {
        Form::line(title, name).to("write")
    }

    /// The same with another word for what Enter does, such as `write`.
    #[must_use]
    pub fn to(mut self, verb: &str) -> Self {
        self.keys = format!("Enter {verb} · Esc leave");
        self
    }

    /// A field of several lines; `newline` is the key that makes one here.
    pub fn lines(title: &'static str, text: &str, newline: &str) -> Self {
        let mut editor = Editor::new();
        editor.set_text(text, text.len());
        let keys = format!("Enter keep · {newline} new line · empty removes · Esc leave");
        Form {
            title: Clean::own(title),
            keys,
            editor,
            is_long: true,
            key_of: None,
            is_wanted: false,
            area: Rect::default(),
        }
    }

    /// A field for this provider's key: it shows how much is written, not what.
    pub fn key(provider: &str) -> Self {
        let mut editor = Editor::single();
        editor.set_placeholder(Clean::own("paste the key here"));
        Form {
            title: Clean::line(&format!("Key of {provider}")),
            keys: "Enter keep · empty forgets the kept one · Esc leave".to_owned(),
            editor,
            is_long: false,
            key_of: Some(provider.to_owned()),
            is_wanted: false,
            area: Rect::default(),
        }
    }

    /// The same where nobody asked to forget one: left empty it is closed.
    pub fn wanted_key(provider: &str) -> Self {
        Form {
            keys: "Enter keep · Esc leave".to_owned(),
            is_wanted: true,
            ..Form::key(provider)
        }
    }

    pub fn act(&mut self, action: Action) -> Outcome {
        if action == Action::Accept && self.is_wanted && self.editor.is_empty() {
            Outcome::Close
        } else if action == Action::Accept {
            let text = self.editor.text();
            Outcome::Take(match &self.key_of {
                Some(provider) => Choice::Key(provider.clone(), Secret::from(text)),
                None => Choice::Written(text),
            })
        } else if action == Action::EditOutside && self.is_long {
            Outcome::Act(action)
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
        let inner = frame(canvas, self.area, &self.title, &Clean::default(), &keys);
        if self.key_of.is_some() && !self.editor.is_empty() {
            return Some(self.paint_hidden(canvas, inner));
        }
        self.editor.paint(canvas.buffer, inner, canvas.theme);
        self.editor.caret_cell(inner)
    }

    /// One dot for each character, the last ones if there is no room for all; returns the caret's cell.
    fn paint_hidden(&self, canvas: &mut Canvas<'_>, inner: Rect) -> Position {
        let text = self.editor.text();
        let cells = |text: &str| u16::try_from(text.chars().count()).unwrap_or(u16::MAX);
        let caret = cells(text.get(..self.editor.caret()).unwrap_or(&text));
        let room = inner.width.saturating_sub(1);
        let skip = caret.saturating_sub(room);
        let shown = cells(&text).saturating_sub(skip).min(inner.width);
        let dots = "•".repeat(usize::from(shown));
        canvas.put(inner, (0, 0), &Clean::line(&dots), Look::default());
        Position::new(inner.x + caret - skip, inner.y)
    }
}
