//! The tree of blocks that markdown becomes, each with the bytes it came from.

use std::collections::HashMap;
use std::ops::Range;

use super::styled::Styled;

/// Where link labels lead, by folded label.
pub(super) type Refs = HashMap<String, String>;

/// Source to be parsed: `lead` bytes that only reopen what an earlier passage left open, then the source from `base`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passage<'a> {
    pub text: &'a str,
    pub lead: usize,
    pub base: usize,
    pub refs: &'a Refs,
}

impl Passage<'_> {
    /// The byte of the source for a byte of the text.
    pub(super) fn at(&self, byte: usize) -> usize {
        byte.saturating_sub(self.lead) + self.base
    }
}

/// One block and its bytes in the passage's text (not in the source; `Passage::at` translates).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub range: Range<usize>,
    /// An earlier passage began it: its marker, name or header has been shown.
    pub is_continued: bool,
    pub shape: Shape,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Paragraph(Styled),
    Heading(Styled),
    List(List),
    Quote(Vec<Block>),
    Rule,
    Code(Code),
    Table(Grid),
    Html(Styled),
}

/// The code in these blocks, also in their lists and quotes.
pub(super) fn codes<'a>(blocks: &'a [Block], found: &mut Vec<&'a Code>) {
    for block in blocks {
        match &block.shape {
            Shape::Code(code) => found.push(code),
            Shape::Quote(blocks) => codes(blocks, found),
            Shape::List(list) => list.items.iter().for_each(|i| codes(&i.blocks, found)),
            Shape::Paragraph(_)
            | Shape::Heading(_)
            | Shape::Rule
            | Shape::Table(_)
            | Shape::Html(_) => {}
        }
    }
}

/// Lines of code in these blocks.
pub(super) fn code_lines(blocks: &[Block]) -> usize {
    let mut found = Vec::new();
    codes(blocks, &mut found);
    found.iter().map(|code| code.text.lines().count()).sum()
}

/// What a block is, without its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Paragraph,
    Heading,
    List,
    Quote,
    Rule,
    Code,
    Table,
    Html,
}

impl Shape {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Shape::Paragraph(_) => Kind::Paragraph,
            Shape::Heading(_) => Kind::Heading,
            Shape::List(_) => Kind::List,
            Shape::Quote(_) => Kind::Quote,
            Shape::Rule => Kind::Rule,
            Shape::Code(_) => Kind::Code,
            Shape::Table(_) => Kind::Table,
            Shape::Html(_) => Kind::Html,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct List {
    /// The number of the first item, in an ordered list.
    pub first: Option<u64>,
    /// Blank rows stand between the items.
    pub is_loose: bool,
    pub items: Vec<Item>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub start: usize,
    pub is_continued: bool,
    /// Whether a task is done, if it is one.
    pub task: Option<bool>,
    pub blocks: Vec<Block>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Code {
    /// The language as it is named in the source.
    pub lang: String,
    /// As it stands in the source, without the indentation of its containers.
    pub text: String,
    /// Bytes of `text` and the bytes of the passage they equal from there on.
    pub places: Vec<(usize, usize)>,
    pub is_fenced: bool,
}

impl Code {
    /// The byte of the passage for a byte of the code.
    pub(super) fn place(&self, at: usize) -> Option<usize> {
        let next = self.places.partition_point(|(from, _)| *from <= at);
        let (from, source) = self.places.get(next.checked_sub(1)?)?;
        Some(source + (at - from))
    }
}

/// A table: header, rows, and where each row stands in the source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Grid {
    pub sides: Vec<Side>,
    pub head: Vec<Styled>,
    pub rows: Vec<Vec<Styled>>,
    /// The first byte of each row in the passage.
    pub starts: Vec<usize>,
}

/// To which side a column's words go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Middle,
    Right,
}
