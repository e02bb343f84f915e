//! Cells of a message and its source: what is under the pointer, what of a selected part is seen, and its text.

use std::ops::Range;

use super::{Entry, Part};
use crate::domain::message::Role;
use crate::tui::text::doc::Doc;
use crate::tui::text::pick::{self, Grain};

/// The texts of a message, in the order they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Text {
    Thinking,
    Words,
}

impl Text {
    pub const ALL: [Text; 2] = [Text::Thinking, Text::Words];
}

impl Entry {
    /// The text and its bytes in a cell of an item's row, whose wide code is moved by `skip` cells; beside words the
    /// place is empty.
    pub fn touched(
        &self,
        item: usize,
        row: usize,
        (cell, skip): (usize, usize),
    ) -> (Text, Range<usize>) {
        match self.part(item) {
            Part::Head => (self.first_text(), 0..0),
            Part::Thinking => match self.thinking_row(row) {
                Some((doc, block, row)) => {
                    let cell = cell.saturating_sub(2);
                    (Text::Thinking, pick::at(doc, block, row, (cell, 0)))
                }
                None => (self.first_text(), 0..0),
            },
            Part::Block(block) => (Text::Words, pick::at(&self.doc, block, row, (cell, skip))),
            // Its source is the beginning of the words. The line under it is behind what is seen of them.
            Part::Gist => {
                let gist = &self.fold.gist;
                let seen = match self.fold.row(row) {
                    Some(_) => row_of(gist, row),
                    None => None,
                };
                let place = seen.map(|(block, row)| pick::at(gist, block, row, (cell, skip)));
                let end = gist.source().len();
                (Text::Words, place.unwrap_or(end..end))
            }
            Part::Foot => {
                let end = self.doc.source().len();
                (Text::Words, end..end)
            }
        }
    }

    /// The columns of an item's row that show something of the selected parts.
    pub fn lit(
        &self,
        item: usize,
        row: usize,
        skip: usize,
        part: impl Fn(Text) -> Option<Range<usize>>,
    ) -> Vec<Range<usize>> {
        match self.part(item) {
            Part::Head | Part::Foot => Vec::new(),
            Part::Gist => {
                let row = self.fold.row(row);
                row.zip(part(Text::Words))
                    .map_or_else(Vec::new, |(row, part)| pick::lit(row, &part, skip))
            }
            Part::Thinking => {
                let shown = self.thinking_row(row);
                let Some(((doc, block, row), part)) = shown.zip(part(Text::Thinking)) else {
                    return Vec::new();
                };
                let row = doc.rows(block).get(row);
                let found = row.map_or_else(Vec::new, |row| pick::lit(row, &part, 0));
                found.iter().map(|r| r.start + 2..r.end + 2).collect()
            }
            Part::Block(block) => {
                let row = self.doc.rows(block).get(row);
                row.zip(part(Text::Words))
                    .map_or_else(Vec::new, |(row, part)| pick::lit(row, &part, skip))
            }
        }
    }

    /// A place in a text, made as large as the touch takes.
    pub fn grown(&self, text: Text, place: Range<usize>, grain: Grain) -> Range<usize> {
        let source = self.source(text);
        if source.is_empty() {
            return place;
        }
        pick::grown(source, place, grain)
    }

    /// Bytes of a text; 0 when it is not shown.
    pub fn len_of(&self, text: Text) -> usize {
        self.source(text).len()
    }

    /// A part of a text as it was written.
    pub fn picked(&self, text: Text, part: &Range<usize>) -> String {
        match (text, &self.thinking) {
            (Text::Thinking, Some(thinking)) => pick::text(&thinking.doc, part),
            (Text::Thinking, None) => String::new(),
            (Text::Words, _) if self.message().role == Role::User => {
                typed(&pick::text(&self.doc, part))
            }
            (Text::Words, _) => pick::text(&self.doc, part),
        }
    }

    fn first_text(&self) -> Text {
        if self.is_thinking_open() {
            Text::Thinking
        } else {
            Text::Words
        }
    }

    fn source(&self, text: Text) -> &str {
        match (text, &self.thinking) {
            (Text::Thinking, Some(thinking)) if self.is_thinking_open() => thinking.doc.source(),
            (Text::Thinking, _) => "",
            (Text::Words, _) => self.doc.source(),
        }
    }

    /// The block and its row at a row of the reasoning; the first one is its heading.
    fn thinking_row(&self, row: usize) -> Option<(&Doc, usize, usize)> {
        let thinking = self.thinking.as_ref().filter(|_| self.is_thinking_open())?;
        let (block, row) = row_of(&thinking.doc, row.checked_sub(1)?)?;
        Some((&thinking.doc, block, row))
    }
}

/// The block and its row at a row of a text.
fn row_of(doc: &Doc, row: usize) -> Option<(usize, usize)> {
    let mut left = row;
    for block in 0..doc.block_count() {
        let rows = doc.rows(block).len();
        if left < rows {
            return Some((block, left));
        }
        left -= rows;
    }
    None
}

/// What a person typed, of what is displayed of it (see `displayed`): two blanks stand before every line end.
fn typed(displayed: &str) -> String {
    let mut lines: Vec<&str> = displayed.split('\n').collect();
    if let Some((_, before)) = lines.split_last_mut() {
        for line in before {
            let bare = line.strip_suffix("  ").or_else(|| line.strip_suffix(' '));
            *line = bare.unwrap_or(line);
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_comes_back_as_it_was_typed() {
        for text in ["one\ntwo", "a  \n\n b ", "", "\n", "one"] {
            assert_eq!(typed(&text.replace('\n', "  \n")), text);
        }
    }
}
