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

    /// The indent, cut where there would be no room for text.
    fn fitted(&self, width: usize) -> (Styled, Styled) {
        let most = room_for_indent(width);
        (fit(&self.first, most), fit(&self.rest, most))
    }
}

/// At most two thirds of the width are indent, and a wide character has room beside it.
fn room_for_indent(width: usize) -> usize {
    (width * 2 / 3).min(width.saturating_sub(2))
}

/// The right end of a prefix, where its own marker stands.
fn fit(prefix: &Styled, most: usize) -> Styled {
    let mut over = prefix.width().saturating_sub(most);
    if over == 0 {
        return prefix.clone();
    }
    let left_out = graphemes(prefix.text()).take_while(|g| {
        let is_over = over > 0;
        over = over.saturating_sub(grapheme_width(g));
        is_over
    });
    let from = left_out.map(str::len).sum();
    prefix.tail(from)
}

/// A prefix as narrow as `Indent` would make it for rows of `width`.
pub(super) fn fitted(prefix: &Styled, width: u16) -> Styled {
    fit(prefix, room_for_indent(usize::from(width)))
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
        let end = line.trim_end_matches(' ').len();
        return std::iter::once(0..end).collect();
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
    let mut next = 0;
    for word in WordSeparator::UnicodeBreakProperties.find_words(line) {
        next += word.word.len() + word.whitespace.len();
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

/// Whether a byte of a text is between two graphemes.
pub(super) fn is_boundary(line: &str, at: usize) -> bool {
    if !line.is_char_boundary(at) {
        return false;
    }
    // A `\n` after a `\r` would be an exception, and neither text nor input holds a `\r`.
    let is_ascii = |i: usize| line.as_bytes().get(i).is_none_or(u8::is_ascii);
    if is_ascii(at) && at.checked_sub(1).is_none_or(is_ascii) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::Tone;
    use proptest::prelude::*;
    use unicode_segmentation::UnicodeSegmentation;

    fn wrapped(text: &str, width: u16) -> Vec<String> {
        plain(&Clean::text(text), Look::default(), width)
            .iter()
            .map(|row| row.text().to_owned())
            .collect()
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("one\n\ntwo", 8), ["one", "", "two"]);
        assert_eq!(wrapped("", 8), [""]);
        assert_eq!(
            wrapped("a well-known thing", 8),
            ["a well-", "known", "thing"]
        );
    }

    #[test]
    fn long_words_are_cut_between_graphemes() {
        assert_eq!(wrapped("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrapped("e\u{301}e\u{301}", 1), ["e\u{301}", "e\u{301}"]);
        let family = "👨‍👩‍👧‍👦";
        assert_eq!(wrapped(&family.repeat(2), 3), [family, family]);
        assert_eq!(wrapped("日本", 1), ["日", "本"]);
    }

    #[test]
    fn no_closing_punctuation_begins_a_row() {
        let rows = wrapped("你好世界，再见世界！很好", 8);
        assert!(rows.len() > 2);
        assert!(
            rows.iter().all(|row| !row.starts_with(['，', '！'])),
            "{rows:?}"
        );
        let rows = wrapped("see https://example.org/a/very/long/path/that/goes/on", 20);
        assert!(rows.iter().all(|row| row.len() <= 20));
        assert!(rows.iter().any(|row| row.ends_with('/')), "{rows:?}");
    }

    #[test]
    fn indents_stand_before_rows_and_leave_room() {
        let indent = Indent {
            first: Styled::of(&Clean::own("• "), Look::of(Tone::Dim)),
            rest: Styled::blanks(2),
        };
        let text = Styled::of(&Clean::own("one two"), Look::default());
        let mut rows = Vec::new();
        wrap(&text, &indent, 5, &mut rows);
        let shown: Vec<&str> = rows.iter().map(Row::text).collect();
        assert_eq!(shown, ["• one", "  two"]);
        rows.clear();
        wrap(&text, &indent, 1, &mut rows);
        assert_eq!(rows.len(), 6);
    }

    fn looks() -> impl Strategy<Value = Look> {
        prop_oneof![
            Just(Look::default()),
            Just(Look::default().bold()),
            Just(Look::of(Tone::Code))
        ]
    }

    fn odd() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[a-z ,.\\-/\\n]{0,60}",
            "[a日本，。 ！👨‍👩‍👧é\u{301}🇩🇪\u{200d}]{0,30}",
        ]
    }

    proptest! {
        #[test]
        fn nothing_but_blanks_is_lost(
            parts in prop::collection::vec((odd(), looks()), 0..5),
            prefix in "[ ▏•日]{0,6}",
            width in 1u16..40,
        ) {
            let mut text = Styled::default();
            for (part, look) in &parts {
                text.push(&Clean::text(part), *look);
            }
            let prefix = Styled::of(&Clean::line(&prefix), Look::default());
            let mut rows = Vec::new();
            wrap(&text, &Indent { first: prefix.clone(), rest: Styled::blanks(prefix.width()) }, width, &mut rows);
            let kept = |text: &str| text.chars().filter(|c| !matches!(c, ' ' | '\n')).collect::<String>();
            let shown: String = rows.iter().map(|row| kept(row.body())).collect();
            prop_assert_eq!(shown, kept(text.text()));
            for row in &rows {
                let is_single = row.body().graphemes(true).count() == 1;
                prop_assert!(row.width() <= usize::from(width) || is_single, "{:?}", row);
                prop_assert_eq!(row.width(), crate::tui::text::styled::width(row.text()));
                let covered: usize = row.looks().map(|(range, _)| range.len()).sum();
                prop_assert_eq!(covered, row.text().len());
            }
        }
    }
}
