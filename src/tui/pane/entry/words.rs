//! What stands in a message's words: its code blocks, and the rows where words are found.

use std::ops::Range;

use super::{Entry, Part};
use crate::domain::find::Needle;
use crate::domain::message::Role;
use crate::tui::text::dark::CodeText;
use crate::tui::text::doc::Ctx;
use crate::tui::text::hits::{Hit, hits};
use crate::tui::text::row::Row;

/// Where a hit stands: the item of the entry, the rows in it and the bytes of their text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HitPlace {
    pub item: usize,
    /// The first row it stands in, as near as known.
    pub row: usize,
    /// Empty where the screen does not show the words as they are written, such as inside a link.
    pub parts: Hit,
}

impl Entry {
    /// The item of a block of words; only where the message is not folded.
    pub fn item_of_block(&self, block: usize) -> usize {
        self.after_head() + block
    }

    /// The block of words an item is; `None` for what else a message has, and for a folded one.
    pub fn block_at(&self, item: usize) -> Option<usize> {
        match self.part(item) {
            Part::Block(block) => Some(block),
            Part::Head | Part::Thinking | Part::Gist | Part::Foot => None,
        }
    }

    /// Blocks of words; none when they are folded away.
    pub fn block_count(&self) -> usize {
        if self.is_folded() {
            0
        } else {
            self.doc.block_count()
        }
    }

    /// The block that holds this byte of what is shown.
    pub fn block_of(&self, byte: usize) -> usize {
        self.doc.block_of(byte)
    }

    /// The code in a block, with the bytes of what is shown it stands for.
    pub fn codes(&self, block: usize) -> Vec<(Range<usize>, CodeText)> {
        let mut codes = self.doc.code_places(block);
        if self.message().role == Role::User {
            for (_, code) in &mut codes {
                // The hard breaks that `displayed` has made.
                code.text = code.text.replace("  \n", "\n");
            }
        }
        codes
    }

    /// Bytes of what is shown; they only grow while the message does.
    pub fn len(&self) -> usize {
        self.doc.source().len()
    }

    /// How often the words stand in the message from this byte on, and where the last of them ends.
    pub fn count(&self, needle: &Needle, from: usize) -> (u32, Option<usize>) {
        let mut from = from.min(self.len());
        while !self.doc.source().is_char_boundary(from) {
            from -= 1;
        }
        let rest = self.doc.source().get(from..).unwrap_or("");
        let (mut count, mut end) = (0, None);
        for hit in needle.hits(rest) {
            count += 1;
            end = Some(from + hit.end);
        }
        (count, end)
    }

    /// How many of the words begin before this byte of what is shown.
    pub fn hits_before(&self, needle: &Needle, byte: usize) -> usize {
        let hits = needle.hits(self.doc.source());
        hits.take_while(|hit| hit.start < byte).count()
    }

    /// Where the nth of the words stands, laid out for this width. The message must not be folded.
    pub fn hit(&mut self, needle: &Needle, nth: usize, width: u16, ctx: &Ctx) -> Option<HitPlace> {
        let byte = needle.hits(self.doc.source()).nth(nth)?.start;
        let block = self.doc.block_of(byte);
        let range = self.doc.block_range(block);
        let inside = self.doc.source().get(range.clone())?;
        let before = |hit: &Range<usize>| range.start + hit.start < byte;
        let (all, number) = (
            needle.hits(inside).count(),
            needle.hits(inside).take_while(before).count(),
        );
        self.doc.height(block, width, ctx);
        let rows = self.doc.rows(block);
        let shown_rows: Vec<&Row> = rows.iter().collect();
        let mut shown = hits(&shown_rows, needle);
        let item = self.item_of_block(block);
        if shown.len() == all && number < all {
            let parts = shown.swap_remove(number);
            let row = parts.first().map_or(0, |(row, _)| *row);
            return Some(HitPlace { item, row, parts });
        }
        // What is shown is not what is written: the row that is nearest to the byte.
        let is_before = |row: &Row| row.source().is_some_and(|source| source.start <= byte);
        let row = rows.iter().rposition(is_before).unwrap_or(0);
        let parts = shown
            .into_iter()
            .find(|hit| hit.iter().any(|(at, _)| *at == row))
            .unwrap_or_default();
        Some(HitPlace { item, row, parts })
    }

    /// Where the words stand in some rows of an item, as far as they are laid out.
    pub fn shown_hits(&self, item: usize, rows: Range<usize>, needle: &Needle) -> Hit {
        let shown: Vec<&Row> = rows.clone().map_while(|row| self.row(item, row)).collect();
        hits(&shown, needle)
            .into_iter()
            .flatten()
            .map(|(row, bytes)| (rows.start + row, bytes))
            .collect()
    }
}
