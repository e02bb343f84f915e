//! What a rendered text is made of: its source, its blocks, and the rows laid out so far.

use std::ops::Range;
use std::sync::Arc;

use super::code::Highlighter;
use super::dark::Lit;
use super::row::Row;
use super::tree::{Kind, Refs};

/// What laying out needs besides a width.
#[derive(Clone, Debug, Default)]
pub struct Ctx {
    /// Code is plain until it is loaded.
    pub highlighter: Option<Arc<Highlighter>>,
    /// Raised when the highlighter changes; code laid out under an older one is laid out anew.
    pub generation: u64,
    /// A finished block with more lines of code than this is laid out plain and waits for `Doc::dark` and `Doc::light`;
    /// `None`: everything is highlighted while it is laid out.
    pub code_at_once: Option<usize>,
}

/// Work done so far, for tests and benches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Bytes given to the markdown parser.
    pub parsed: u64,
    /// Rows made.
    pub rows: u64,
}

/// The rows of a block at a width.
#[derive(Clone, Debug, Default)]
pub(super) struct Laid {
    pub width: u16,
    /// `None` if no code is in it.
    pub generation: Option<u64>,
    /// Its code waits for tones.
    pub is_dark: bool,
    pub rows: Vec<Row>,
}

#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// From the start of its first line.
    pub range: Range<usize>,
    pub kind: Kind,
    pub laid: Option<Laid>,
    /// Tones that were made elsewhere.
    pub lit: Option<Lit>,
    /// The rows are those a full parse would make.
    pub is_exact: bool,
}

/// A source and its blocks.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub source: String,
    pub slots: Vec<Slot>,
    /// Where the labels that the source defines lead.
    pub refs: Refs,
    pub cost: Cost,
}

/// The first byte of the line that holds `at`.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    let before = &text.as_bytes()[..at.min(text.len())];
    before
        .iter()
        .rposition(|b| matches!(b, b'\n' | b'\r'))
        .map_or(0, |i| i + 1)
}
