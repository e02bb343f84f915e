//! The one-line input that narrows a list.

use super::text::edit::Editor;
use crate::domain::clean::Clean;

/// An empty filter.
pub fn input() -> Editor {
    let mut editor = Editor::single();
    editor.set_placeholder(Clean::own("filter"));
    editor
}
