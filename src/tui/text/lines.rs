//! The rows of an input: which bytes of which line stand in which row. Only lines that changed are wrapped again.

use std::ops::Range;

use super::wrap::breaks;

/// A place in lines of text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    pub line: usize,
    /// Byte of the line.
    pub byte: usize,
}

impl Spot {
    /// Another byte of the same line.
    pub(super) fn at(self, byte: usize) -> Self {
        Spot { byte, ..self }
    }
}

/// Wrapped lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    width: u16,
    lines: Vec<Line>,
    /// The first row of each line.
    firsts: Vec<usize>,
    count: usize,
}

#[derive(Debug)]
struct Line {
    text: String,
    /// The byte at which each row starts; the first is 0.
    starts: Vec<usize>,
}

impl Lines {
    /// Cells of a row, the last of which is kept for the caret.
    pub(super) fn set_width(&mut self, width: u16) {
        if self.width != width {
            self.width = width;
            self.lines.clear();
        }
    }

    /// Takes over changed lines.
    pub(super) fn refresh(&mut self, lines: &[String]) {
        let same = |(old, new): &(&Line, &String)| old.text == **new;
        let before = self.lines.iter().zip(lines).take_while(same).count();
        if before == self.lines.len() && before == lines.len() {
            return;
        }
        let most = self.lines.len().min(lines.len()) - before;
        let ends = self.lines.iter().rev().zip(lines.iter().rev());
        let after = ends.take(most).take_while(same).count();
        // Before the first `set_width` nothing is wrapped.
        let cells = match self.width {
            0 => usize::from(u16::MAX),
            width => usize::from(width).saturating_sub(1).max(1),
        };
        let changed = lines[before..lines.len() - after].iter().map(|text| Line {
            text: text.clone(),
            starts: breaks(text, [cells; 2]).iter().map(|r| r.start).collect(),
        });
        let old = before..self.lines.len() - after;
        self.lines.splice(old, changed);
        self.firsts.clear();
        self.count = 0;
        for line in &self.lines {
            self.firsts.push(self.count);
            self.count += line.starts.len();
        }
    }

    /// All rows.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The line of a row.
    pub(super) fn line_of(&self, row: usize) -> usize {
        let next = self.firsts.partition_point(|first| *first <= row);
        next.saturating_sub(1)
    }

    /// The bytes of a row in its line; the rows of a line touch.
    pub(super) fn range(&self, row: usize) -> Range<usize> {
        let number = self.line_of(row);
        let Some((line, first)) = self.lines.get(number).zip(self.firsts.get(number)) else {
            return 0..0;
        };
        let start = line.starts.get(row - first).copied().unwrap_or(0);
        let end = line.starts.get(row - first + 1).copied();
        start..end.unwrap_or(line.text.len())
    }

    /// The row of a place. Where two rows touch, the place is in the lower one.
    pub(super) fn row_at(&self, spot: Spot) -> usize {
        let Some((line, first)) = self.lines.get(spot.line).zip(self.firsts.get(spot.line)) else {
            return 0;
        };
        let next = line.starts.partition_point(|start| *start <= spot.byte);
        first + next.saturating_sub(1)
    }
}
