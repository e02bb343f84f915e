//! Text with looks, before it is broken into rows.
//!
//! Only `Clean` text gets in, so whatever is wrapped or painted later cannot drive the terminal.

use std::ops::Range;

use ratatui::buffer::CellWidth;
use unicode_segmentation::UnicodeSegmentation;

use crate::domain::clean::Clean;
use crate::tui::theme::Look;

/// A stretch of text with one look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Bytes of the text it covers, at least 1.
    pub len: u32,
    pub look: Look,
}

/// Where a stretch of the text came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Origin {
    /// First byte in the text.
    at: u32,
    /// First byte in the source, and one past the last.
    from: u32,
    to: u32,
    /// The text is the source, byte for byte.
    is_exact: bool,
}

/// Text with looks. It may hold `\n`, which always ends a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Styled {
    text: String,
    runs: Vec<Run>,
    origins: Vec<Origin>,
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
        self.origins.push(Origin {
            at: short(self.text.len()),
            from: short(range.start),
            to: short(range.end),
            is_exact,
        });
        self.add(text, look);
    }

    /// Adds other styled text; its sources are forgotten.
    pub fn append(&mut self, other: &Styled) {
        let mut at = 0;
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
        let len = short(self.text.len());
        self.origins.retain(|origin| origin.at < len);
    }

    /// The source bytes that `range` of the text shows, as near as known.
    pub(super) fn source_of(&self, range: Range<usize>) -> Option<Range<u32>> {
        let first = self.origin(range.start)?;
        let last = self.origin(range.end.saturating_sub(1).max(range.start))?;
        let from = first.place(range.start).unwrap_or(first.from);
        let to = last.place(range.end).unwrap_or(last.to).min(last.to);
        Some(from..to.max(from))
    }

    /// The source byte of a place in the text, if the text equals the source around it.
    pub(super) fn exact_source(&self, at: usize) -> Option<usize> {
        let origin = self.origin(at)?;
        origin.place(at).map(|at| at as usize)
    }

    fn origin(&self, at: usize) -> Option<&Origin> {
        let next = self.origins.partition_point(|o| o.at as usize <= at);
        self.origins.get(next.checked_sub(1)?)
    }
}

impl Origin {
    fn place(&self, at: usize) -> Option<u32> {
        self.is_exact.then(|| self.from + (short(at) - self.at))
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

/// Offsets are kept in 32 bits; longer texts than 4 GiB never reach a screen.
pub(super) fn short(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
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
