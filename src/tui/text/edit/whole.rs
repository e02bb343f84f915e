//! The text of an input as a whole: read, measured, replaced.

use super::Editor;
use crate::tui::text::buffer::cleaned;

impl Editor {
    /// The text, with all that was pasted.
    pub fn text(&self) -> String {
        let text = self.buffer.lines().join("\n");
        match self.chips.expanded(&text) {
            std::borrow::Cow::Borrowed(_) => text,
            std::borrow::Cow::Owned(whole) => whole,
        }
    }

    /// Bytes of the text.
    pub fn len(&self) -> usize {
        let lines = self.buffer.lines();
        let bytes = lines.iter().map(|line| self.chips.expanded(line).len());
        bytes.sum::<usize>() + lines.len().saturating_sub(1)
    }

    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Replaces the text, its history included. `caret` is a byte of the text; it moves back to a grapheme's start.
    pub fn set_text(&mut self, text: &str, caret: usize) {
        let before = text.get(..caret.min(text.len())).unwrap_or(text);
        let caret = cleaned(before, self.is_single).len();
        let text = cleaned(text, self.is_single);
        self.buffer.set(&text, caret);
        self.forget_chips();
        self.top = 0;
        self.skip = 0;
        self.goal = None;
    }

    /// Replaces the text in a step that can be undone; the caret stands at its end.
    pub fn replace_all(&mut self, text: &str) {
        self.goal = None;
        self.buffer.select_all();
        match text.is_empty() {
            true => {
                self.buffer.remove_selection();
            }
            false => self.buffer.insert(&cleaned(text, self.is_single)),
        }
        self.buffer.cancel_selection();
    }

    /// The text, if it is one line.
    pub fn only_line(&self) -> Option<&str> {
        match self.buffer.lines() {
            [line] => Some(line),
            _ => None,
        }
    }

    /// Backslashes at the very end of the text.
    pub fn backslashes_before_the_end(&self) -> usize {
        let last = self.buffer.lines().last();
        let slashes = |line: &String| line.bytes().rev().take_while(|b| *b == b'\\').count();
        last.map_or(0, slashes)
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.set_text("", 0);
    }
}
