//! tui-textarea's buffer, history, selection and kill text, with places in bytes instead of columns.
//!
//! The only file that knows the crate. Its own view is never drawn: it counts a family emoji as eight cells, and
//! wraps the whole buffer at each key.

use std::ops::Range;

use tui_textarea::{AtomicRange, CursorMove, TextArea};
use unicode_segmentation::UnicodeSegmentation;

use super::lines::Spot;
use super::wrap::is_boundary;

/// What encloses the label of a chip. Neither is a character, and `cleaned` drops both.
pub(super) const CHIP_START: char = '\u{10fffe}';
pub(super) const CHIP_END: char = '\u{10ffff}';

/// Lines of text with a caret.
#[derive(Debug)]
pub(super) struct Buffer {
    area: TextArea<'static>,
}

impl Buffer {
    /// An empty line.
    pub(super) fn new() -> Self {
        let mut area = TextArea::default();
        area.set_undo_coalescing(true);
        area.set_max_histories(200);
        Buffer { area }
    }

    /// The lines, at least one.
    pub(super) fn lines(&self) -> &[String] {
        self.area.lines()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.area.is_empty()
    }

    /// Replaces the text and forgets the history. `caret` is a byte of the text.
    pub(super) fn set(&mut self, text: &str, caret: usize) {
        let mut caret = caret.min(text.len());
        while !is_boundary(text, caret) {
            caret -= 1;
        }
        let row = text[..caret].matches('\n').count();
        let start = text[..caret].rfind('\n').map_or(0, |i| i + 1);
        let column = text[start..caret].chars().count();
        let lines = text.split('\n').map(str::to_owned).collect();
        self.area.set_lines(lines, (row, column));
    }

    /// A line, or nothing.
    pub(super) fn line(&self, line: usize) -> &str {
        self.area.lines().get(line).map_or("", String::as_str)
    }

    /// Where the caret is.
    pub(super) fn spot(&self) -> Spot {
        let (line, column) = self.area.cursor();
        let byte = byte_of(self.line(line), column);
        Spot { line, byte }
    }

    /// Whether a selection was begun.
    pub(super) fn is_selecting(&self) -> bool {
        self.area.is_selecting()
    }

    /// Begins a selection at the caret.
    pub(super) fn start_selection(&mut self) {
        self.area.start_selection();
    }

    pub(super) fn cancel_selection(&mut self) {
        self.area.cancel_selection();
    }

    /// Selects the text from its first character to its last, however long its lines are.
    pub(super) fn select_all(&mut self) {
        self.area.cancel_selection();
        self.jump(Spot { line: 0, byte: 0 });
        self.start_selection();
        let line = self.lines().len() - 1;
        let byte = self.line(line).len();
        self.jump(Spot { line, byte });
    }

    /// What is selected, if that is anything.
    pub(super) fn selected(&self) -> Option<Range<Spot>> {
        let (start, end) = self.area.selection_range()?;
        let spot = |(line, column): (usize, usize)| Spot {
            line,
            byte: byte_of(self.line(line), column),
        };
        let (start, end) = (spot(start), spot(end));
        (start != end).then_some(start..end)
    }

    /// The caret, and the other end of a selection, which is the caret when there is none.
    pub(super) fn ends(&self) -> (Spot, Spot) {
        let caret = self.spot();
        let other = self.selected().map(|ends| {
            if ends.start == caret {
                ends.end
            } else {
                ends.start
            }
        });
        (caret, other.unwrap_or(caret))
    }

    /// The selected text.
    pub(super) fn selection(&self) -> Option<String> {
        let ends = self.selected()?;
        if ends.start.line == ends.end.line {
            let line = self.line(ends.start.line);
            return Some(line[ends.start.byte..ends.end.byte].to_owned());
        }
        let mut text = self.line(ends.start.line)[ends.start.byte..].to_owned();
        for line in ends.start.line + 1..ends.end.line {
            text.push('\n');
            text.push_str(self.line(line));
        }
        text.push('\n');
        text.push_str(&self.line(ends.end.line)[..ends.end.byte]);
        Some(text)
    }

    /// Inserts text in place of the selection. Single characters typed one after the other are one step of undo.
    pub(super) fn insert(&mut self, text: &str) {
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (None, _) => {}
            (Some(c), None) => self.area.insert_char(c),
            (Some(_), Some(_)) => {
                self.area.insert_str(text);
            }
        }
        self.changed();
    }

    /// What `yank` inserts.
    pub(super) fn killed(&self) -> String {
        self.area.yank_text()
    }

    /// Removes the selection without keeping it for `yank`; true if there was one.
    pub(super) fn remove_selection(&mut self) -> bool {
        let is_changed = self.selected().is_some() && self.area.delete_char();
        self.changed();
        is_changed
    }

    /// Removes the selection and keeps it for `yank`; true if there was one.
    pub(super) fn cut(&mut self) -> bool {
        let is_changed = self.area.cut();
        self.changed();
        is_changed
    }

    /// Removes characters before the caret.
    pub(super) fn delete_back(&mut self, count: usize) -> bool {
        let is_changed = (0..count).fold(false, |any, _| self.area.delete_char() || any);
        self.changed();
        is_changed
    }

    /// Removes characters after the caret.
    pub(super) fn delete_forward(&mut self, count: usize) -> bool {
        let is_changed = (0..count).fold(false, |any, _| self.area.delete_next_char() || any);
        self.changed();
        is_changed
    }

    /// Inserts what was cut last.
    pub(super) fn yank(&mut self) -> bool {
        let is_changed = self.area.paste();
        self.changed();
        is_changed
    }

    pub(super) fn undo(&mut self) -> bool {
        let is_changed = self.area.undo();
        self.changed();
        is_changed
    }

    pub(super) fn redo(&mut self) -> bool {
        let is_changed = self.area.redo();
        self.changed();
        is_changed
    }

    /// Puts the caret at a place; true if it was elsewhere.
    pub(super) fn jump(&mut self, to: Spot) -> bool {
        let column = self.line(to.line)[..to.byte].chars().count();
        if self.area.cursor() == (to.line, column) {
            return false;
        }
        let near = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        self.area
            .move_cursor(CursorMove::Jump(near(to.line), near(column)));
        while self.area.cursor().0 < to.line {
            self.area.move_cursor(CursorMove::Down);
        }
        if self.area.cursor().1 != column {
            self.jump_far(to.line, column);
        }
        true
    }

    /// Reaches a column behind the 65,535th, where the crate's jump ends: what lies between it and an end of the line
    /// is called indivisible for the time of one step. The selection's other end must not lie in there.
    fn jump_far(&mut self, row: usize, column: usize) {
        let anchor = self.area.selection_range().map(|(start, end)| {
            let caret = self.area.cursor();
            if start == caret { end } else { start }
        });
        let range = |start_col, end_col| AtomicRange {
            row,
            start_col,
            end_col,
        };
        let is_behind = anchor.is_some_and(|anchor| anchor > (row, column));
        let (range, from, step) = if is_behind {
            (range(0, column), CursorMove::Head, CursorMove::Forward)
        } else {
            let end = self.line(row).chars().count();
            (range(column, end), CursorMove::End, CursorMove::Back)
        };
        self.area.move_cursor(from);
        if range.start_col < range.end_col && self.area.try_set_atomic_ranges([range]).is_ok() {
            self.area.move_cursor(step);
            self.area.clear_atomic_ranges();
        }
    }

    /// After a change the caret may stand before a mark that now belongs to the character before it.
    fn changed(&mut self) {
        let spot = self.spot();
        let line = self.line(spot.line);
        let mut byte = spot.byte;
        while !is_boundary(line, byte) {
            byte += 1;
        }
        if byte != spot.byte {
            self.jump(spot.at(byte));
        }
    }
}

fn byte_of(line: &str, column: usize) -> usize {
    if line.is_ascii() {
        return column.min(line.len());
    }
    line.char_indices()
        .nth(column)
        .map_or(line.len(), |(i, _)| i)
}

/// Foreign text as it may be inserted: line ends become `\n`, control characters but the tab are dropped. For a
/// single line, line ends and tabs become blanks.
pub(super) fn cleaned(text: &str, is_single: bool) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' | '\n' if is_single => clean.push(' '),
            '\r' | '\n' => clean.push('\n'),
            '\t' if is_single => clean.push(' '),
            '\t' => clean.push('\t'),
            CHIP_START | CHIP_END => {}
            c if c.is_control() => {}
            c => clean.push(c),
        }
    }
    clean
}

fn is_word(segment: &str) -> bool {
    segment.chars().any(char::is_alphanumeric)
}

/// The start of the word before a byte of a line.
pub(super) fn word_before(line: &str, at: usize) -> Option<usize> {
    let segments = line[..at].split_word_bound_indices();
    segments.rev().find(|(_, s)| is_word(s)).map(|(i, _)| i)
}

/// The end of the word after a byte of a line.
pub(super) fn word_after(line: &str, at: usize) -> Option<usize> {
    let mut segments = line[at..].split_word_bound_indices();
    let (i, word) = segments.find(|(_, s)| is_word(s))?;
    Some(at + i + word.len())
}
