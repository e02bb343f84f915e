//! Text with looks, before it is broken into rows.
//!
//! Only `Clean` text gets in, so whatever is wrapped or painted later cannot drive the terminal.

use std::ops::Range;

use ratatui::buffer::CellWidth;
use unicode_segmentation::UnicodeSegmentation;

use super::source::Origins;
pub(super) use super::source::short;
use crate::domain::clean::Clean;
use crate::tui::theme::Look;

/// A stretch of text with one look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Bytes of the text it covers, at least 1.
    pub len: u32,
    pub look: Look,
}

/// Text with looks. It may hold `\n`, which always ends a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Styled {
    text: String,
    runs: Vec<Run>,
    origins: Origins,
}

impl Styled {
    /// Text in one look.
    pub fn of(text: &Clean, look: Look) -> Self {
        let mut styled = Styled::default();
        styled.push(text, look);
        styled
    }

    /// Blanks.
    pub fn blanks(count: usize) -> Self {
        let mut styled = Styled::default();
        styled.add(&" ".repeat(count), Look::default());
        styled
    }

    /// Adds text whose source is not known.
    pub fn push(&mut self, text: &Clean, look: Look) {
        self.add(text, look);
    }

    /// Adds what `range` of the source shows; `is_exact` if the text equals the source there.
    pub fn push_from(&mut self, text: &Clean, look: Look, range: Range<usize>, is_exact: bool) {
        if text.is_empty() {
            return;
        }
        self.origins
            .push(self.text.len(), text.len(), range, is_exact);
        self.add(text, look);
    }

    /// Says where a part of the text came from; parts are told in order.
    pub(super) fn came_from(&mut self, part: Range<usize>, source: Range<usize>, is_exact: bool) {
        if !part.is_empty() {
            self.origins.push(part.start, part.len(), source, is_exact);
        }
    }

    /// Adds other styled text.
    pub fn append(&mut self, other: &Styled) {
        let mut at = 0;
        self.origins
            .add_part(&other.origins, 0..other.text.len(), self.text.len());
        for run in &other.runs {
            let end = at + run.len as usize;
            self.add(&other.text[at..end], run.look);
            at = end;
        }
    }

    /// Adds text that is clean already.
    pub(super) fn add(&mut self, text: &str, look: Look) {
        if text.is_empty() {
            return;
        }
        self.text.push_str(text);
        add_run(&mut self.runs, text.len(), look);
    }

    /// The bare text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The looks, in order; their lengths add up to the text's.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Cells the text takes on one line.
    pub fn width(&self) -> usize {
        width(&self.text)
    }

    /// The text from a byte on, a character boundary; its sources are forgotten.
    pub(super) fn tail(&self, from: usize) -> Styled {
        let mut tail = Styled::default();
        let mut at = 0;
        for run in &self.runs {
            let end = at + run.len as usize;
            if end > from {
                tail.add(&self.text[at.max(from)..end], run.look);
            }
            at = end;
        }
        tail
    }

    /// Shortens the text to its first `len` bytes, a character boundary.
    pub fn truncate(&mut self, len: usize) {
        self.text.truncate(len);
        let mut left = short(self.text.len());
        self.runs.retain_mut(|run| {
            run.len = run.len.min(left);
            left -= run.len;
            run.len > 0
        });
        self.origins.truncate(self.text.len());
    }

    /// Forgets where the text came from.
    pub(super) fn forget_sources(&mut self) {
        self.origins = Origins::default();
    }

    /// Where the text came from.
    pub(super) fn origins(&self) -> &Origins {
        &self.origins
    }

    /// Adds where text added last came from: `range` of another text, which stands from `at` on.
    pub(super) fn add_origins(&mut self, other: &Origins, range: Range<usize>, at: usize) {
        self.origins.add_part(other, range, at);
    }
}

/// Adds a run, joined to the one before if they look alike.
pub(super) fn add_run(runs: &mut Vec<Run>, len: usize, look: Look) {
    if len == 0 {
        return;
    }
    match runs.last_mut() {
        Some(last) if last.look == look => last.len += short(len),
        _ => runs.push(Run {
            len: short(len),
            look,
        }),
    }
}

/// The first grapheme of a text that is not empty.
pub(super) fn first_grapheme(text: &str) -> &str {
    match text.as_bytes() {
        [a, b, ..] if a.is_ascii() && b.is_ascii() => &text[..1],
        [_] => text,
        _ => text.graphemes(true).next().unwrap_or(text),
    }
}

/// The graphemes of a text, quickly where it is ASCII.
pub(super) fn graphemes(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let grapheme = first_grapheme(rest);
        rest = &rest[grapheme.len()..];
        Some(grapheme)
    })
}

/// Cells of a text on one line: the widths of its graphemes, as ratatui sees them.
pub fn width(text: &str) -> usize {
    if text.bytes().all(|b| matches!(b, b' '..=b'~')) {
        return text.len();
    }
    graphemes(text).map(grapheme_width).sum()
}

/// Cells of one grapheme.
pub(super) fn grapheme_width(grapheme: &str) -> usize {
    match grapheme.as_bytes() {
        [b' '..=b'~'] => 1,
        // Only an input holds tabs; they are shown as four blanks.
        [b'\t'] => 4,
        [_] => 0,
        _ => usize::from(grapheme.cell_width()),
    }
}
