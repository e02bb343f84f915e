//! Walking from one block of code to the next, and the one at hand.

use std::ops::Range;

use super::beyond::Walk;
use super::state::{Held, Want};
use super::{Transcript, text_width};
use crate::tui::pane::entry::Entry;
use crate::tui::text::dark::CodeText;
use crate::tui::text::row::Row;
use crate::tui::text::scroll::Anchor;

/// A block of code: its entry, its bytes, and itself.
type Found = (usize, Range<usize>, CodeText);

/// Rows of the view left above a block that is gone to.
const ABOVE: usize = 2;

impl Transcript {
    /// Takes the next block of code in hand (`by` 1), or the one before (-1). The first is the one at or below the top of
    /// the view, else the nearest above; upward it is the last that is seen. What is folded away is passed over.
    pub fn walk_blocks(&mut self, by: isize) -> Walk {
        let held = self.held.as_ref();
        let from = held.and_then(|held| Some((self.find(held.message)?, held.range.start)));
        let found = match from {
            Some(from) if by > 0 => self.code_after(from),
            Some(from) => self.code_before(from),
            None if by > 0 => self.code_below().or_else(|| self.code_above()),
            None => self.code_above(),
        };
        match found {
            Some(found) => {
                self.hold(found);
                Walk::There
            }
            None if by < 0 && self.has_before => self.ask_beyond(by, Want::Block(by)),
            None if by > 0 && self.has_after => self.ask_beyond(by, Want::Block(by)),
            None => Walk::Nowhere(match (from.is_some(), by > 0) {
                (true, true) => "this is the last block of code",
                (true, false) => "this is the first block of code",
                (false, _) => "there is no block of code here",
            }),
        }
    }

    /// The code of the block at hand, as it stands in the source, and its language.
    pub fn code_at_hand(&self) -> Option<CodeText> {
        let held = self.held.as_ref()?;
        let entry = &self.entries[self.find(held.message)?];
        let mut codes = entry.codes(entry.block_of(held.range.start)).into_iter();
        let found = codes.find(|(range, _)| range.start == held.range.start);
        found.map(|(_, code)| code)
    }

    /// The code from a block of an entry on.
    fn codes_from(&self, at: usize, block: usize) -> impl Iterator<Item = Found> + '_ {
        let entries = self.entries.iter().enumerate().skip(at);
        entries.flat_map(move |(e, entry)| {
            let first = if e == at { block } else { 0 };
            (first..entry.block_count()).flat_map(move |block| {
                let codes = entry.codes(block).into_iter();
                codes.map(move |(range, code)| (e, range, code))
            })
        })
    }

    /// The code up to and with a block of an entry, the last first.
    fn codes_to(&self, at: usize, block: usize) -> impl Iterator<Item = Found> + '_ {
        let entries = self.entries.iter().enumerate().take(at + 1).rev();
        entries.flat_map(move |(e, entry)| {
            let last = if e == at { block } else { usize::MAX };
            let end = last.saturating_add(1).min(entry.block_count());
            (0..end).rev().flat_map(move |block| {
                let codes = entry.codes(block).into_iter().rev();
                codes.map(move |(range, code)| (e, range, code))
            })
        })
    }

    fn code_after(&self, (at, byte): (usize, usize)) -> Option<Found> {
        let mut codes = self.codes_from(at, self.entries[at].block_of(byte));
        codes.find(|(e, range, _)| *e > at || range.start > byte)
    }

    fn code_before(&self, (at, byte): (usize, usize)) -> Option<Found> {
        let mut codes = self.codes_to(at, self.entries[at].block_of(byte));
        codes.find(|(e, range, _)| *e < at || range.start < byte)
    }

    /// The first code at or below the top of the view. One that begins above it gives way to another that is seen.
    fn code_below(&self) -> Option<Found> {
        let top = *self.visible.first()?;
        let entry = &self.entries[top.entry];
        let is_foot = top.item + 1 == entry.item_count();
        let (at, block) = match entry.block_at(top.item) {
            Some(block) => (top.entry, block),
            None => (top.entry + usize::from(is_foot), 0),
        };
        let rows =
            |found: &Found| (found.0 == top.entry).then(|| code_rows(entry, top.item, &found.1));
        let mut codes = self.codes_from(at, block);
        let first =
            codes.find(|found| rows(found).is_none_or(|r| r.is_empty() || r.end > top.row))?;
        let begins_above = rows(&first).is_some_and(|r| !r.is_empty() && r.start < top.row);
        let next = codes
            .next()
            .filter(|next| begins_above && self.is_seen(next));
        Some(next.unwrap_or(first))
    }

    /// The last code that begins at or above the last row of the view.
    fn code_above(&self) -> Option<Found> {
        let end = *self.visible.last()?;
        let entry = &self.entries[end.entry];
        let is_foot = end.item + 1 == entry.item_count();
        let block = match entry.block_at(end.item) {
            Some(block) => Some(block),
            None if is_foot => Some(usize::MAX),
            None => None,
        };
        let mut codes = match block {
            Some(block) => self.codes_to(end.entry, block),
            None => self.codes_to(end.entry.checked_sub(1)?, usize::MAX),
        };
        codes.find(|(at, range, _)| {
            let rows = code_rows(entry, end.item, range);
            *at != end.entry || rows.is_empty() || rows.start <= end.row
        })
    }

    fn is_seen(&self, (at, range, _): &Found) -> bool {
        self.visible.iter().any(|place| {
            let row = self.entries[place.entry].row(place.item, place.row);
            place.entry == *at && row.is_some_and(|row| is_code(row, range))
        })
    }

    /// Takes a block of code in hand and brings it into view, from its first row where there is no room for all.
    fn hold(&mut self, (at, range, code): Found) {
        let entry = &mut self.entries[at];
        let message = entry.message().id;
        let item = entry.item_of_block(entry.block_of(range.start));
        entry.height(item, text_width(self.area), &self.ctx);
        let rows = code_rows(entry, item, &range);
        self.held = Some(Held {
            message,
            lang: code.lang,
            lines: code.text.lines().count(),
            len: entry.len(),
            range,
        });
        self.cursor = Some(message);
        // The line that says what is at hand takes the last row.
        let room = usize::from(self.area.height).saturating_sub(usize::from(self.bar.height == 0));
        let is_of_it = |p: &&super::Place| p.entry == at && p.item == item && rows.contains(&p.row);
        let seen = self.visible.iter().take(room).filter(is_of_it).count();
        if seen < rows.len() && seen < room {
            self.measure_starts();
            let anchor = Anchor {
                item: self.starts[at] + item,
                row: rows.start,
            };
            self.show_row(anchor, ABOVE);
        } else {
            self.stand_still();
        }
        self.moved = true;
    }

    /// Keeps what is seen where it is, also while the reply grows.
    pub(super) fn stand_still(&mut self) {
        if self.scroll.is_following() && self.entries.last().is_some_and(Entry::is_live) {
            let top = self.top();
            self.scroll.to(top);
        }
    }

    /// Leaves the block at hand when it is not seen any more, and looks again at one that grows.
    pub(super) fn keep_held(&mut self) {
        let Some(held) = &mut self.held else { return };
        let id = held.message;
        let Some(entry) = self.entries.iter().rfind(|e| e.message().id == id) else {
            self.held = None;
            return;
        };
        if held.len != entry.len() {
            held.len = entry.len();
            let start = held.range.start;
            let mut codes = entry.codes(entry.block_of(start)).into_iter();
            if let Some((range, code)) = codes.find(|(range, _)| range.start == start) {
                held.range = range;
                held.lines = code.text.lines().count();
                held.lang = code.lang;
            }
        }
        if !self.visible.iter().any(|place| self.is_held(*place)) {
            self.held = None;
        }
    }

    /// Whether a row belongs to the block at hand.
    pub(super) fn is_held(&self, place: super::Place) -> bool {
        let (Some(held), Some(entry)) = (&self.held, self.entries.get(place.entry)) else {
            return false;
        };
        let row = entry.row(place.item, place.row);
        held.message == entry.message().id && row.is_some_and(|row| is_code(row, &held.range))
    }
}

/// Whether a row shows a line of the code of these bytes.
fn is_code(row: &Row, range: &Range<usize>) -> bool {
    row.is_whole_line() && row.source().is_some_and(|s| range.contains(&s.start))
}

/// The rows of an item that show the code of these bytes, as far as they are laid out.
fn code_rows(entry: &Entry, item: usize, range: &Range<usize>) -> Range<usize> {
    let mut rows = (0..).map_while(|at| entry.row(item, at));
    let first = rows.position(|row| is_code(row, range));
    match first {
        Some(first) => first..first + 1 + rows.take_while(|row| is_code(row, range)).count(),
        None => 0..0,
    }
}
