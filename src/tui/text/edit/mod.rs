//! The text input: steps and deletes by whole graphemes, soft wrap, painting, the caret's cell.
//!
//! Only changed lines are wrapped again at a key, by `wrap.rs` like all other text.

mod paint;
mod pastes;
mod point;
mod whole;

use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation;

use super::buffer::{Buffer, cleaned, word_after, word_before};
use super::chips::{Chips, chip_around};
use super::lines::{Lines, Spot};
use super::styled::{graphemes, width};
use crate::domain::clean::Clean;

/// Where the caret goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    Left,
    Right,
    WordLeft,
    WordRight,
    /// The ends of the line, however many rows it takes.
    LineStart,
    LineEnd,
    /// One row on the screen.
    Up,
    Down,
    /// The ends of the text.
    Start,
    End,
}

/// What is deleted. All but `Back` and `Forward` can be brought back by `yank`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kill {
    Back,
    Forward,
    WordBack,
    WordForward,
    ToLineStart,
    /// At the end of a line: the line end.
    ToLineEnd,
}

/// Text being written.
#[derive(Debug)]
pub struct Editor {
    buffer: Buffer,
    chips: Chips,
    lines: Lines,
    is_single: bool,
    placeholder: Clean,
    /// The column that moves by rows aim at.
    goal: Option<usize>,
    /// The first row seen, and the cells a single line is moved to the left.
    top: usize,
    skip: usize,
}

impl Editor {
    /// An input of many lines.
    pub fn new() -> Self {
        Editor {
            buffer: Buffer::new(),
            chips: Chips::default(),
            lines: Lines::default(),
            is_single: false,
            placeholder: Clean::default(),
            goal: None,
            top: 0,
            skip: 0,
        }
    }

    /// An input of one line, which scrolls sideways: line ends become blanks.
    pub fn single() -> Self {
        Editor {
            is_single: true,
            ..Editor::new()
        }
    }

    /// What is shown while it is empty.
    pub fn set_placeholder(&mut self, text: Clean) {
        self.placeholder = text;
    }

    /// The caret, as a byte of the text.
    pub fn caret(&self) -> usize {
        let spot = self.buffer.spot();
        let above = self.buffer.lines().iter().take(spot.line);
        let before = &self.buffer.line(spot.line)[..spot.byte];
        let above = above.map(|line| self.chips.expanded(line).len() + 1);
        above.sum::<usize>() + self.chips.expanded(before).len()
    }

    /// Types a character or a few. Replaces the selection.
    pub fn insert(&mut self, text: &str) {
        self.paste(text);
    }

    /// Inserts foreign text: line ends become `\n`, control characters but the tab are dropped.
    pub fn paste(&mut self, text: &str) {
        let text = cleaned(text, self.is_single);
        self.goal = None;
        self.buffer.insert(&text);
    }

    /// Starts a new line; nothing in an input of one line.
    pub fn newline(&mut self) {
        if !self.is_single {
            self.paste("\n");
        }
    }

    /// Moves the caret; true if it moved or a selection went. `Up` and `Down` go by the rows of the last `measure`.
    pub fn go(&mut self, movement: Move) -> bool {
        let before = self.buffer.spot();
        if self.buffer.is_selecting() {
            let ends = self.buffer.selected();
            self.buffer.cancel_selection();
            match (movement, ends) {
                (Move::Left, Some(ends)) => return self.buffer.jump(ends.start),
                (Move::Right, Some(ends)) => return self.buffer.jump(ends.end),
                _ => {
                    self.step(movement);
                    return true;
                }
            }
        }
        self.step(movement);
        self.buffer.spot() != before
    }

    /// Moves the caret and selects what lies between.
    pub fn select(&mut self, movement: Move) -> bool {
        let before = self.buffer.spot();
        if !self.buffer.is_selecting() {
            self.buffer.start_selection();
        }
        self.step(movement);
        if self.buffer.selected().is_none() {
            self.buffer.cancel_selection();
        }
        self.buffer.spot() != before
    }

    fn step(&mut self, movement: Move) {
        let target = self.target(movement);
        self.goal = if matches!(movement, Move::Up | Move::Down) {
            Some(self.goal.unwrap_or_else(|| self.column()))
        } else {
            None
        };
        self.buffer.jump(target);
    }

    fn column(&mut self) -> usize {
        self.lines.refresh(self.buffer.lines());
        let spot = self.buffer.spot();
        let row = self.lines.row_at(spot);
        let range = self.lines.range(row);
        width(&Clean::line(
            &self.buffer.line(spot.line)[range.start..spot.byte],
        ))
    }

    /// Where a move leads; never into a chip.
    fn target(&mut self, movement: Move) -> Spot {
        let to = self.free_target(movement);
        self.out_of_chip(to, Some(movement))
    }

    /// The place itself, or the edge of the chip it lies in: the one a move leads to, else the nearer one.
    fn out_of_chip(&self, spot: Spot, movement: Option<Move>) -> Spot {
        let Some(chip) = chip_around(self.buffer.line(spot.line), spot.byte) else {
            return spot;
        };
        let is_left = match movement {
            Some(Move::Left | Move::WordLeft) => true,
            Some(Move::Right | Move::WordRight) => false,
            _ => spot.byte - chip.start <= chip.end - spot.byte,
        };
        spot.at(if is_left { chip.start } else { chip.end })
    }

    fn free_target(&mut self, movement: Move) -> Spot {
        let spot = self.buffer.spot();
        let line = self.buffer.line(spot.line);
        let last = self.buffer.lines().len() - 1;
        match movement {
            Move::Left => match line[..spot.byte].graphemes(true).next_back() {
                Some(grapheme) => spot.at(spot.byte - grapheme.len()),
                None => self.end_of_line_above(spot),
            },
            Move::Right => match line[spot.byte..].graphemes(true).next() {
                Some(grapheme) => spot.at(spot.byte + grapheme.len()),
                None if spot.line < last => Spot {
                    line: spot.line + 1,
                    byte: 0,
                },
                None => spot,
            },
            Move::WordLeft => match word_before(line, spot.byte) {
                Some(byte) => spot.at(byte),
                None if spot.byte > 0 => spot.at(0),
                None => self.end_of_line_above(spot),
            },
            Move::WordRight => match word_after(line, spot.byte) {
                Some(byte) => spot.at(byte),
                None if spot.byte < line.len() || spot.line == last => spot.at(line.len()),
                None => Spot {
                    line: spot.line + 1,
                    byte: 0,
                },
            },
            Move::LineStart => spot.at(0),
            Move::LineEnd => spot.at(line.len()),
            Move::Start => Spot { line: 0, byte: 0 },
            Move::End => Spot {
                line: last,
                byte: self.buffer.line(last).len(),
            },
            Move::Up | Move::Down => self.row_target(spot, movement == Move::Down),
        }
    }

    fn end_of_line_above(&self, spot: Spot) -> Spot {
        match spot.line.checked_sub(1) {
            Some(line) => Spot {
                line,
                byte: self.buffer.line(line).len(),
            },
            None => spot,
        }
    }

    fn row_target(&mut self, spot: Spot, is_down: bool) -> Spot {
        let goal = self.goal.unwrap_or_else(|| self.column());
        self.lines.refresh(self.buffer.lines());
        let row = self.lines.row_at(spot);
        let next = if is_down {
            Some(row + 1).filter(|row| *row < self.lines.count())
        } else {
            row.checked_sub(1)
        };
        match next {
            Some(row) => self.spot_at(row, goal),
            None if is_down => spot.at(self.buffer.line(spot.line).len()),
            None => spot.at(0),
        }
    }

    /// The place in a row nearest to a column, at the start of a grapheme.
    fn spot_at(&self, row: usize, column: usize) -> Spot {
        let line = self.lines.line_of(row);
        let range = self.lines.range(row);
        let text = self.buffer.line(line);
        let is_last = range.end == text.len();
        let mut byte = range.start;
        let mut cells = 0;
        for grapheme in graphemes(&text[range.clone()]) {
            cells += super::styled::grapheme_width(grapheme);
            let next = byte + grapheme.len();
            if cells > column || (next == range.end && !is_last) {
                break;
            }
            byte = next;
        }
        Spot { line, byte }
    }

    /// Deletes; true if there was something. A selection goes first.
    pub fn delete(&mut self, kill: Kill) -> bool {
        self.goal = None;
        let is_near = matches!(kill, Kill::Back | Kill::Forward);
        if self.buffer.selected().is_some() {
            return if is_near {
                self.buffer.remove_selection()
            } else {
                self.buffer.cut()
            };
        }
        self.buffer.cancel_selection();
        let spot = self.buffer.spot();
        let count = |grapheme: Option<&str>| grapheme.map_or(1, |g| g.chars().count());
        let beside = match kill {
            Kill::Back => Some(Move::Left),
            Kill::Forward => Some(Move::Right),
            Kill::WordBack | Kill::WordForward | Kill::ToLineStart | Kill::ToLineEnd => None,
        };
        if let Some(movement) = beside
            && self.free_target(movement) != self.target(movement)
        {
            let target = self.target(movement);
            self.buffer.start_selection();
            self.buffer.jump(target);
            return self.buffer.remove_selection();
        }
        let line = self.buffer.line(spot.line);
        let movement = match kill {
            Kill::Back => {
                let count = count(line[..spot.byte].graphemes(true).next_back());
                return self.buffer.delete_back(count);
            }
            Kill::Forward => {
                let count = count(line[spot.byte..].graphemes(true).next());
                return self.buffer.delete_forward(count);
            }
            Kill::WordBack => Move::WordLeft,
            Kill::WordForward => Move::WordRight,
            Kill::ToLineStart => Move::LineStart,
            Kill::ToLineEnd if spot.byte == line.len() => return self.buffer.delete_forward(1),
            Kill::ToLineEnd => Move::LineEnd,
        };
        let target = self.target(movement);
        if target == spot {
            return false;
        }
        self.buffer.start_selection();
        self.buffer.jump(target);
        self.buffer.cut()
    }

    /// Inserts what was killed last.
    pub fn yank(&mut self) -> bool {
        self.goal = None;
        self.buffer.yank()
    }

    /// Takes back the last change; a run of typing goes word by word.
    pub fn undo(&mut self) -> bool {
        self.goal = None;
        let is_changed = self.buffer.undo();
        self.leave_chip();
        is_changed
    }

    /// Makes a change again that was taken back.
    pub fn redo(&mut self) -> bool {
        self.goal = None;
        let is_changed = self.buffer.redo();
        self.leave_chip();
        is_changed
    }

    fn leave_chip(&mut self) {
        let spot = self.buffer.spot();
        let free = self.out_of_chip(spot, None);
        if free != spot {
            self.buffer.jump(free);
        }
    }

    /// Selects everything.
    pub fn select_all(&mut self) {
        self.buffer.select_all();
    }

    /// Forgets the selection; true if there was one.
    pub fn cancel_selection(&mut self) -> bool {
        let had_one = self.buffer.selected().is_some();
        self.buffer.cancel_selection();
        had_one
    }

    /// The selected text.
    pub fn selection(&self) -> Option<String> {
        let text = self.buffer.selection()?;
        Some(self.chips.expanded(&text).into_owned())
    }

    /// Cuts the selected text out.
    pub fn cut_selection(&mut self) -> Option<String> {
        let text = self.selection()?;
        self.goal = None;
        self.buffer.cut();
        Some(text)
    }

    /// Rows the text takes at a width, at least 1.
    pub fn measure(&mut self, width: u16) -> usize {
        let cells = if self.is_single { u16::MAX } else { width };
        self.lines.set_width(cells);
        self.lines.refresh(self.buffer.lines());
        self.lines.count()
    }

    /// Whether the caret is in the first row at a width: `Up` has nowhere to go.
    pub fn is_at_first_row(&mut self, width: u16) -> bool {
        self.measure(width);
        self.lines.row_at(self.buffer.spot()) == 0
    }

    /// Whether the caret is in the last row at a width.
    pub fn is_at_last_row(&mut self, width: u16) -> bool {
        let rows = self.measure(width);
        self.lines.row_at(self.buffer.spot()) + 1 == rows
    }

    /// Prepares painting: scrolls so that the caret is seen.
    pub fn layout(&mut self, area: Rect) {
        let rows = self.measure(area.width);
        let height = usize::from(area.height).max(1);
        let row = self.lines.row_at(self.buffer.spot());
        self.top = self.top.min(rows.saturating_sub(height)).min(row);
        self.top = self.top.max((row + 1).saturating_sub(height));
        if self.is_single {
            let column = self.column();
            let cells = usize::from(area.width).max(1);
            // The mark at the right edge covers a cell.
            let is_end = self.buffer.spot().byte == self.buffer.line(0).len();
            let most = (column + if is_end { 1 } else { 2 }).saturating_sub(cells);
            self.skip = self.skip.min(column.saturating_sub(1)).max(most);
        }
    }
}

impl Default for Editor {
    fn default() -> Self {
        Editor::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::text::pick::Grain;
    use crate::tui::text::wrap::is_boundary;
    use crate::tui::theme::Theme;
    use proptest::prelude::*;
    use ratatui::buffer::Buffer as Cells;
    use ratatui::layout::Position;

    const FAMILY: &str = "👨‍👩‍👧‍👦";

    fn with(text: &str) -> Editor {
        let mut editor = Editor::new();
        editor.set_text(text, text.len());
        editor
    }

    #[test]
    fn steps_and_deletes_go_by_whole_graphemes() {
        for grapheme in [FAMILY, "🇩🇪", "e\u{301}", "👍🏽", "日", "\t"] {
            let text = format!("a{grapheme}b");
            let mut editor = with(&text);
            editor.go(Move::Left);
            editor.go(Move::Left);
            assert_eq!(editor.caret(), 1, "{grapheme:?}");
            editor.go(Move::Right);
            assert_eq!(editor.caret(), 1 + grapheme.len());
            editor.select(Move::Left);
            assert_eq!(editor.selection().as_deref(), Some(grapheme));
            editor.go(Move::Right);
            editor.delete(Kill::Back);
            assert_eq!(editor.text(), "ab");
            editor.undo();
            assert_eq!(editor.text(), text, "{grapheme:?} comes back whole");
            editor.go(Move::Start);
            editor.go(Move::Right);
            editor.delete(Kill::Forward);
            assert_eq!(editor.text(), "ab");
        }
    }

    #[test]
    fn lines_are_joined_and_crossed() {
        let mut editor = with("ab\ncd");
        editor.go(Move::LineStart);
        editor.go(Move::Left);
        assert_eq!(editor.caret(), 2);
        editor.delete(Kill::Forward);
        assert_eq!(editor.text(), "abcd");
        editor.newline();
        assert_eq!(editor.text(), "ab\ncd");
        editor.delete(Kill::Back);
        assert_eq!(editor.text(), "abcd");
    }

    #[test]
    fn words_are_walked_and_killed() {
        let mut editor = with("one two, three");
        editor.go(Move::WordLeft);
        assert_eq!(editor.caret(), 9);
        editor.go(Move::WordLeft);
        assert_eq!(editor.caret(), 4);
        editor.go(Move::WordRight);
        assert_eq!(editor.caret(), 7);
        editor.delete(Kill::WordBack);
        assert_eq!(editor.text(), "one , three");
        editor.go(Move::End);
        editor.yank();
        assert_eq!(editor.text(), "one , threetwo");
        editor.delete(Kill::ToLineStart);
        assert_eq!(editor.text(), "");
        editor.yank();
        editor.go(Move::Start);
        editor.delete(Kill::ToLineEnd);
        assert!(editor.is_empty());
        assert!(!editor.delete(Kill::WordBack));
    }

    #[test]
    fn undo_takes_back_words_and_redo_brings_them() {
        let mut editor = Editor::new();
        for c in "hello world".chars() {
            editor.insert(&c.to_string());
        }
        editor.undo();
        assert_eq!(editor.text().trim_end(), "hello");
        editor.redo();
        assert_eq!(editor.text(), "hello world");
    }

    #[test]
    fn pasted_text_is_cleaned() {
        let mut editor = Editor::new();
        editor.paste("a\r\nb\rc\u{1b}[31m\u{7}\td\u{9b}");
        assert_eq!(editor.text(), "a\nb\nc[31m\td");
        let mut editor = Editor::single();
        editor.paste("a\r\nb\tc");
        editor.newline();
        assert_eq!(editor.text(), "a b c");
    }

    #[test]
    fn rows_are_walked_with_a_goal_column() {
        let mut editor = with("long first line\nx\nanother long line");
        assert_eq!(editor.measure(40), 3);
        editor.set_text("long first line\nx\nanother long line", 12);
        editor.go(Move::Down);
        assert_eq!(editor.caret(), 17);
        editor.go(Move::Down);
        assert_eq!(editor.caret(), 18 + 12);
        assert!(editor.is_at_last_row(40));
        editor.go(Move::Up);
        editor.go(Move::Up);
        assert_eq!(editor.caret(), 12);
        assert!(editor.is_at_first_row(40));
        assert!(!editor.is_at_first_row(6));
    }

    fn screen(editor: &mut Editor, area: Rect) -> (Vec<String>, Option<Position>) {
        let mut buf = Cells::empty(area);
        editor.layout(area);
        editor.paint(&mut buf, area, Theme::default());
        let rows = (0..area.height)
            .map(|y| {
                let cells = (0..area.width).map(|x| buf[(x, y)].symbol());
                cells.collect::<String>().trim_end().to_owned()
            })
            .collect();
        (rows, editor.caret_cell(area))
    }

    #[test]
    fn it_wraps_and_keeps_the_caret_in_view() {
        let area = Rect::new(0, 0, 10, 2);
        let mut editor = with("one two three four");
        let (rows, caret) = screen(&mut editor, area);
        assert_eq!(rows, ["three", "four"]);
        assert_eq!(caret, Some(Position::new(4, 1)));
        editor.go(Move::Start);
        let (rows, caret) = screen(&mut editor, area);
        assert_eq!(rows, ["one two", "three"]);
        assert_eq!(caret, Some(Position::new(0, 0)));
        editor.point(area, Position::new(2, 1), Grain::Cell);
        assert_eq!(editor.caret(), 10);
    }

    #[test]
    fn the_caret_stands_behind_wide_characters() {
        let area = Rect::new(0, 0, 10, 1);
        let mut editor = with(&format!("日{FAMILY}\tx"));
        let (_, caret) = screen(&mut editor, area);
        assert_eq!(caret, Some(Position::new(9, 0)));
        let mut editor = with("");
        editor.set_placeholder(Clean::own("ask"));
        let (rows, caret) = screen(&mut editor, area);
        assert_eq!(
            (rows[0].as_str(), caret),
            ("ask", Some(Position::new(0, 0)))
        );
    }

    #[test]
    fn a_single_line_scrolls_sideways() {
        let area = Rect::new(0, 0, 6, 1);
        let mut editor = Editor::single();
        editor.insert("0123456789");
        let (rows, caret) = screen(&mut editor, area);
        assert_eq!(rows, ["‹6789"]);
        assert_eq!(caret, Some(Position::new(5, 0)));
        editor.go(Move::LineStart);
        let (rows, caret) = screen(&mut editor, area);
        assert_eq!(rows, ["01234›"]);
        assert_eq!(caret, Some(Position::new(0, 0)));
    }

    #[test]
    fn selections_cross_lines() {
        let mut editor = with("one\ntwo\nthree");
        editor.select(Move::Up);
        editor.select(Move::LineStart);
        editor.select(Move::Left);
        assert_eq!(editor.selection().as_deref(), Some("\ntwo\nthree"));
        assert_eq!(editor.cut_selection().as_deref(), Some("\ntwo\nthree"));
        assert_eq!(editor.text(), "one");
        editor.select_all();
        editor.insert("x");
        assert_eq!(editor.text(), "x");
    }

    #[test]
    fn far_places_are_reached() {
        let text = "ab ".repeat(30_000);
        let mut editor = with(&text);
        assert_eq!(editor.caret(), text.len());
        editor.go(Move::Left);
        editor.insert("x");
        assert_eq!(editor.caret(), text.len());
        editor.go(Move::WordLeft);
        editor.select(Move::WordLeft);
        editor.select(Move::WordLeft);
        assert_eq!(editor.selection().as_deref(), Some("ab ab "));
        editor.select(Move::WordRight);
        assert_eq!(editor.selection().as_deref(), Some(" ab "));
        editor.go(Move::Start);
        assert_eq!(editor.caret(), 0);
    }

    proptest! {
        #[test]
        fn the_caret_is_always_between_graphemes(
            text in "[a-c 日\n\té\u{301}👨‍👩‍👧🇩🇪\u{200d}]{0,40}",
            acts in prop::collection::vec(0usize..16, 0..40),
            width in 1u16..12,
        ) {
            let moves = [Move::Left, Move::Right, Move::WordLeft, Move::WordRight, Move::LineStart, Move::LineEnd, Move::Up, Move::Down, Move::Start, Move::End];
            let kills = [Kill::Back, Kill::Forward, Kill::WordBack, Kill::WordForward, Kill::ToLineStart, Kill::ToLineEnd];
            let mut editor = with(&text);
            let area = Rect::new(0, 0, width, 3);
            for act in acts {
                match (moves.get(act), act.checked_sub(10).and_then(|i| kills.get(i))) {
                    (Some(movement), _) => { editor.go(*movement); }
                    (_, Some(kill)) => { editor.delete(*kill); }
                    _ => {}
                }
                let (_, caret) = screen(&mut editor, area);
                prop_assert!(caret.is_some());
                let text = editor.text();
                let line = text[..editor.caret()].rfind('\n').map_or(0, |i| i + 1);
                let end = text[line..].find('\n').map_or(text.len(), |i| line + i);
                prop_assert!(is_boundary(&text[line..end], editor.caret() - line));
            }
        }
    }
}
