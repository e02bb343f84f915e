//! Moving through the transcript, laying out what is seen, and the place to come back to.

use ratatui::layout::Rect;

use super::{Place, Transcript, text_width};
use crate::domain::clean::Clean;
use crate::domain::conversation::Reading;
use crate::tui::pane::entry::Entry;
use crate::tui::text::scroll::{Anchor, Extent, Scroll};

/// The reader's place goes to the engine this long after it was last changed, in ms.
const KEEP_AFTER: u64 = 1_000;
/// Messages this far from the screen drop their rows.
const FAR: usize = 40;

/// A way to move through the transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    Lines(i32),
    HalfPages(i32),
    /// To the head of the message before or after.
    Message(isize),
    Start,
    End,
}

impl Transcript {
    /// Follows the end from now on.
    pub fn follow(&mut self) {
        self.scroll.to_end();
        self.cursor = None;
        self.unseen = 0;
        self.moved = true;
    }

    /// Moves the reader.
    pub fn go(&mut self, step: Move) {
        self.want = None;
        if matches!(step, Move::Message(_) | Move::Start | Move::End) {
            self.held = None;
        }
        let half = i32::from((self.area.height / 2).max(1));
        match step {
            Move::End => return self.follow(),
            Move::Lines(by) => self.scroll_by(by),
            // A page keeps two rows of the last one in sight.
            Move::HalfPages(by) if by.abs() == 2 => {
                self.scroll_by(by.signum() * (half * 2 - 2).max(1))
            }
            Move::HalfPages(by) => self.scroll_by(by * half),
            Move::Start => {
                self.scroll.to_start();
                self.cursor = self.entries.first().map(|entry| entry.message().id);
            }
            Move::Message(by) => {
                let Some(at) = self.at_hand() else { return };
                self.show_from(at.saturating_add_signed(by).min(self.entries.len() - 1));
            }
        }
        self.moved = true;
    }

    /// Takes an entry in hand, its head at the top of the view.
    pub(super) fn show_from(&mut self, at: usize) {
        self.cursor = Some(self.entries[at].message().id);
        self.measure_starts();
        self.scroll.to(Anchor {
            item: self.starts[at],
            row: 0,
        });
    }

    pub(super) fn scroll_by(&mut self, by: i32) {
        self.measure_starts();
        let extent = self.extent();
        let by = isize::try_from(by).unwrap_or(0);
        self.scrolled(|scroll, height| scroll.by_rows(by, extent, height));
    }

    /// Scrolls by the heights of the items.
    fn scrolled(&mut self, act: impl FnOnce(&mut Scroll, &mut dyn FnMut(usize) -> usize)) {
        let Transcript {
            scroll,
            entries,
            starts,
            ctx,
            area,
            ..
        } = self;
        let width = text_width(*area);
        act(scroll, &mut |item| {
            let (entry, part) = locate(starts, item);
            entries[entry].height(part, width, ctx)
        });
        self.moved = true;
    }

    /// Shows a row of an item with so many rows above it. At the end it is followed, unless a reply is growing there.
    pub(super) fn show_row(&mut self, anchor: Anchor, above: usize) {
        self.measure_starts();
        self.scrolled(|scroll, height| scroll.to_with_above(anchor, above, height));
        if !self.entries.last().is_some_and(Entry::is_live) {
            self.scroll_by(0);
        }
    }

    /// Brings the foot of an entry into view.
    pub(super) fn reveal_end(&mut self, at: usize) {
        self.measure_starts();
        let extent = self.extent();
        let width = text_width(self.area);
        let last = self.entries[at].item_count() - 1;
        let row = self.entries[at].height(last, width, &self.ctx) - 1;
        let anchor = Anchor {
            item: self.starts[at] + last,
            row,
        };
        self.scrolled(|scroll, height| scroll.reveal(anchor, extent, height));
    }

    pub(super) fn extent(&self) -> Extent {
        Extent {
            items: self.items(),
            rows: usize::from(self.area.height),
        }
    }

    pub(super) fn items(&self) -> usize {
        self.starts
            .last()
            .zip(self.entries.last())
            .map_or(0, |(start, last)| start + last.item_count())
    }

    pub(super) fn measure_starts(&mut self) {
        let mut next = 0;
        self.starts.clear();
        for entry in &self.entries {
            self.starts.push(next);
            next += entry.item_count();
        }
    }

    /// The item and row in it at so many rows below the head of an entry.
    pub(super) fn item_of_row(&mut self, entry: usize, row: usize) -> (usize, usize) {
        let width = text_width(self.area);
        let mut left = row;
        for item in 0..self.entries[entry].item_count() {
            let height = self.entries[entry].height(item, width, &self.ctx);
            if left < height {
                return (self.starts[entry] + item, left);
            }
            left -= height;
        }
        (self.starts[entry], 0)
    }

    /// Lays out what will be seen; `foot` = how the growing reply goes.
    pub fn layout(&mut self, area: Rect, foot: Option<String>) {
        let area = self.divide(area);
        self.area = area;
        let width = text_width(area);
        if let Some(last) = self.entries.last_mut() {
            last.settle(width, &self.ctx, foot.as_deref());
        }
        self.measure_starts();
        let extent = self.extent();
        let Transcript {
            scroll,
            entries,
            starts,
            ctx,
            ..
        } = self;
        let seen = scroll.seen(extent, |item| {
            let (entry, part) = locate(starts, item);
            entries[entry].height(part, width, ctx)
        });
        self.visible.clear();
        for part in seen {
            let (entry, item) = locate(&self.starts, part.item);
            self.visible
                .extend((part.from..part.from + part.rows).map(|row| Place { entry, item, row }));
        }
        self.count_unseen(width);
        self.keep_cursor_visible();
        self.keep_held();
        self.light_hits();
        self.forget_far();
    }

    /// Counts the rows that came below a reader who does not follow the growing reply.
    pub(super) fn count_unseen(&mut self, width: u16) {
        let ctx = &self.ctx;
        let Some(last) = self
            .entries
            .last_mut()
            .filter(|last| last.is_live() && !self.scroll.is_following())
        else {
            if self.scroll.is_following() {
                self.unseen = 0;
                self.rows_seen = None;
            }
            return;
        };
        let rows: usize = (0..last.item_count())
            .map(|item| last.height(item, width, ctx))
            .sum();
        self.unseen = rows.saturating_sub(*self.rows_seen.get_or_insert(rows));
    }

    /// The message at hand is one that is seen.
    pub(super) fn keep_cursor_visible(&mut self) {
        // Where keys are about the last message it need not be seen.
        if self.cursor.is_none() && !self.is_focused {
            return;
        }
        let is_seen = self
            .at_hand()
            .is_some_and(|at| self.visible.iter().any(|place| place.entry == at));
        if !is_seen && let Some(first) = self.visible.first() {
            self.cursor = Some(self.entries[first.entry].message().id);
        }
    }

    pub(super) fn forget_far(&mut self) {
        let (Some(first), Some(last)) = (self.visible.first(), self.visible.last()) else {
            return;
        };
        let near = first.entry.saturating_sub(FAR)..=last.entry + FAR;
        let len = self.entries.len();
        // Only the ring just outside: what is farther was dropped when it left the ring.
        for at in (near.start().saturating_sub(8)..*near.start())
            .chain(near.end() + 1..(near.end() + 9).min(len))
        {
            if at < len {
                self.entries[at].forget();
            }
        }
    }

    /// What the head says of the reader's place: new lines below, or nothing.
    /// `key` follows the end.
    pub fn marker(&self, key: &str) -> Clean {
        if self.scroll.is_following() || self.is_end_seen() {
            Clean::default()
        } else if self.unseen > 0 {
            let lines = if self.unseen == 1 { "line" } else { "lines" };
            Clean::line(&format!("↓ {} new {lines} · {key}", self.unseen))
        } else {
            Clean::line(&format!("scrolled up · {key} follows"))
        }
    }

    /// Whether the last words there are stand on the screen.
    fn is_end_seen(&self) -> bool {
        let Some(last) = self.visible.last() else {
            return true;
        };
        let is_foot = |entry: &Entry| last.item + 1 == entry.item_count();
        !self.has_after
            && last.entry + 1 == self.entries.len()
            && self.entries.last().is_some_and(is_foot)
    }

    /// When the place is to be kept, in ticks.
    pub fn keep_at(&self) -> Option<u64> {
        self.moved_at.map(|at| at + KEEP_AFTER)
    }

    /// The place to keep, once its time has come or at once. `Some(None)` = following the end.
    pub fn keep_due(&mut self, tick: u64, is_now: bool) -> Option<Option<Reading>> {
        if std::mem::take(&mut self.moved) {
            self.moved_at = Some(tick);
        }
        let moved_at = self.moved_at?;
        if !is_now && tick < moved_at + KEEP_AFTER {
            return None;
        }
        self.moved_at = None;
        Some(self.reading())
    }

    pub(super) fn reading(&mut self) -> Option<Reading> {
        let first = *self
            .visible
            .first()
            .filter(|_| !self.scroll.is_following())?;
        let width = text_width(self.area);
        // A message may have gone since the last layout.
        let entry = self.entries.get_mut(first.entry)?;
        let above: usize = (0..first.item.min(entry.item_count()))
            .map(|item| entry.height(item, width, &self.ctx))
            .sum();
        let row = u32::try_from(above + first.row).unwrap_or(0);
        Some(Reading {
            message: entry.message().id,
            row,
        })
    }
}

pub(super) fn locate(starts: &[usize], item: usize) -> (usize, usize) {
    let entry = starts
        .partition_point(|start| *start <= item)
        .saturating_sub(1);
    (entry, item - starts.get(entry).copied().unwrap_or(0))
}
