//! The one place that wraps: text with looks becomes rows of a width.
//!
//! Lines break where UAX 14 lets them (no closing punctuation at the start of a row), first come, first fit. What
//! is longer than a row is cut between graphemes. Nothing is lost but the blanks at a break.

use std::ops::Range;

use textwrap::core::Fragment;
use textwrap::wrap_algorithms::wrap_first_fit;
use textwrap::{WordSeparator, WordSplitter};
use unicode_segmentation::GraphemeCursor;

use super::row::Row;
use super::styled::{Run, Styled, grapheme_width, graphemes, short, width};
use crate::domain::clean::Clean;
use crate::tui::theme::Look;

/// What stands before the first row, and before each that follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Indent {
    pub first: Styled,
    pub rest: Styled,
}

impl Indent {
    /// The same prefix before every row.
    pub fn all(prefix: Styled) -> Self {
        Indent {
            first: prefix.clone(),
            rest: prefix,
        }
    }

    /// This indent with more to its right.
    pub(super) fn with(&self, first: &Styled, rest: &Styled) -> Self {
        let mut inner = self.clone();
        inner.first.append(first);
        inner.rest.append(rest);
        inner
    }

    /// At most two thirds of the width are indent, so that there is always room for text.
    fn fitted(&self, width: usize) -> (Styled, Styled) {
        let most = width * 2 / 3;
        (fit(&self.first, most), fit(&self.rest, most))
    }
}

fn fit(prefix: &Styled, most: usize) -> Styled {
    let mut prefix = prefix.clone();
    if prefix.width() > most {
        let mut used = 0;
        let len = graphemes(prefix.text())
            .take_while(|g| {
                used += grapheme_width(g);
                used <= most
            })
            .map(str::len)
            .sum();
        prefix.truncate(len);
    }
    prefix
}

/// A prefix as narrow as `Indent` would make it for rows of `width`.
pub(super) fn fitted(prefix: &Styled, width: u16) -> Styled {
    fit(prefix, usize::from(width) * 2 / 3)
}

/// Wraps a text of one look without indent.
pub fn plain(text: &Clean, look: Look, width: u16) -> Vec<Row> {
    let mut rows = Vec::new();
    wrap(
        &Styled::of(text, look),
        &Indent::default(),
        width,
        &mut rows,
    );
    rows
}

/// Adds the rows of a text. An empty text makes one row. No row is wider than `width` (at least 1), except one that
/// holds a single grapheme wider than that.
pub fn wrap(text: &Styled, indent: &Indent, width: u16, rows: &mut Vec<Row>) {
    let width = usize::from(width.max(1));
    let (first, rest) = indent.fitted(width);
    let mut looks = Looks::new(text.runs());
    let mut prefix = &first;
    let mut start = 0;
    for line in text.text().split('\n') {
        let widths = [width - prefix.width(), width - rest.width()];
        for range in breaks(line, widths) {
            let range = start + range.start..start + range.end;
            let runs = looks.of(range.clone());
            rows.push(Row::cut(prefix, text, range, runs));
            prefix = &rest;
        }
        start += line.len() + 1;
    }
}

/// The rows of one line, as ranges of its bytes; at least one. `widths` are the cells of the first and of each other
/// row, at least 1.
pub(super) fn breaks(line: &str, widths: [usize; 2]) -> Vec<Range<usize>> {
    if width(line) <= widths[0] {
        return vec![0..line.trim_end_matches(' ').len()];
    }
    let pieces = pieces(line, widths[0].min(widths[1]).max(1));
    let cells = widths.map(|cells| f64::from(short(cells.max(1))));
    let mut rows: Vec<Range<usize>> = wrap_first_fit(&pieces, &cells)
        .into_iter()
        .filter_map(|row| Some(row.first()?.start..row.last()?.end))
        .collect();
    if rows.is_empty() {
        rows.push(0..0);
    }
    rows
}

/// What may not be broken, with the blanks after it.
#[derive(Debug)]
struct Piece {
    start: usize,
    end: usize,
    cells: usize,
    blanks: usize,
}

impl Fragment for Piece {
    fn width(&self) -> f64 {
        f64::from(short(self.cells))
    }
    fn whitespace_width(&self) -> f64 {
        f64::from(short(self.blanks))
    }
    fn penalty_width(&self) -> f64 {
        0.0
    }
}

fn pieces(line: &str, most: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for word in WordSeparator::UnicodeBreakProperties.find_words(line) {
        let end = start + word.word.len();
        let next = end + word.whitespace.len();
        // UAX 14 lets a line break before a mark that follows a blank; the two are one grapheme, so they stay together.
        if !is_boundary(line, next) {
            continue;
        }
        let text = line[start..next].trim_end_matches(' ');
        let blanks = next - start - text.len();
        let mut from = 0;
        for at in WordSplitter::HyphenSplitter.split_points(text) {
            cut(&text[from..at], start + from, most, &mut pieces);
            from = at;
        }
        cut(&text[from..], start + from, most, &mut pieces);
        if let Some(last) = pieces.last_mut() {
            last.blanks = blanks;
        }
        start = next;
    }
    if start < line.len() {
        cut(&line[start..], start, most, &mut pieces);
    }
    pieces
}

fn is_boundary(line: &str, at: usize) -> bool {
    let near = |i: usize| line.as_bytes().get(i).is_none_or(u8::is_ascii);
    if near(at) && at.checked_sub(1).is_none_or(near) {
        return true;
    }
    GraphemeCursor::new(at, line.len(), true)
        .is_boundary(line, 0)
        .unwrap_or(true)
}

/// Adds a word, in pieces of at most `most` cells.
fn cut(word: &str, start: usize, most: usize, pieces: &mut Vec<Piece>) {
    let mut piece = Piece {
        start,
        end: start,
        cells: 0,
        blanks: 0,
    };
    if word.len() <= most && word.is_ascii() {
        piece.end += word.len();
        piece.cells = word.len();
        pieces.push(piece);
        return;
    }
    for grapheme in graphemes(word) {
        let cells = grapheme_width(grapheme);
        if piece.cells + cells > most && piece.end > piece.start {
            let next = piece.end;
            pieces.push(piece);
            piece = Piece {
                start: next,
                end: next,
                cells: 0,
                blanks: 0,
            };
        }
        piece.end += grapheme.len();
        piece.cells += cells;
    }
    pieces.push(piece);
}

/// The looks of ranges that are asked for in order.
struct Looks<'a> {
    runs: &'a [Run],
    next: usize,
    /// The byte at which `runs[next]` starts.
    at: usize,
    found: Vec<Run>,
}

impl<'a> Looks<'a> {
    fn new(runs: &'a [Run]) -> Self {
        Looks {
            runs,
            next: 0,
            at: 0,
            found: Vec::new(),
        }
    }

    fn of(&mut self, range: Range<usize>) -> &[Run] {
        self.found.clear();
        while let Some(run) = self.runs.get(self.next) {
            let end = self.at + run.len as usize;
            let from = range.start.max(self.at);
            let to = range.end.min(end);
            if from < to {
                self.found.push(Run {
                    len: short(to - from),
                    look: run.look,
                });
            }
            if end > range.end {
                break;
            }
            self.at = end;
            self.next += 1;
        }
        &self.found
    }
}
