//! Folding long messages without losing the reader's place.

use super::state::{From, Turned};
use super::{Transcript, text_width};
use crate::tui::pane::entry::FIRST;
use crate::tui::text::scroll::{Anchor, Place};

impl Transcript {
    /// Folds or unfolds the message at hand; `false` when it is short and is not folded.
    pub fn toggle_fold(&mut self) -> bool {
        let Some(at) = self.at_hand() else {
            return false;
        };
        let is_folded = self.entries[at].is_folded();
        if !is_folded && !self.is_long(at) {
            return false;
        }
        self.set_folded(at, !is_folded);
        true
    }

    /// Unfolds a message whose row the reader has left from, if it is folded away.
    pub(super) fn unfold_for(&mut self, at: usize, row: usize) {
        let width = text_width(self.area);
        let entry = &mut self.entries[at];
        if !entry.is_folded() {
            return;
        }
        let items = 0..entry.item_count();
        let rows: usize = items.map(|item| entry.height(item, width, &self.ctx)).sum();
        if row >= rows {
            entry.set_folded(false);
            self.measure_starts();
        }
    }

    /// Whether a message takes more rows than the screen, and more than it takes folded.
    fn is_long(&mut self, at: usize) -> bool {
        let width = text_width(self.area);
        let most = usize::from(self.area.height).max(FIRST + 2);
        let entry = &mut self.entries[at];
        let mut rows = 0;
        (0..entry.item_count()).any(|item| {
            rows += entry.height(item, width, &self.ctx);
            rows > most
        })
    }

    /// Folds or unfolds a message. What stands at the top of the view stays there; where that is folded away, the head of
    /// the message takes its place.
    pub(super) fn set_folded(&mut self, at: usize, is_folded: bool) {
        self.measure_starts();
        let (message, start) = (self.entries[at].message().id, self.starts[at]);
        let before = self.place_from(start);
        let is_following = self.scroll.is_following();
        let top = self.top();
        let old = self.entries[at].item_count();
        self.entries[at].set_folded(is_folded);
        let new = self.entries[at].item_count();
        self.measure_starts();
        let kept = self
            .turned
            .filter(|turned| turned.message == message && turned.after == before);
        match kept.map(|turned| turned.before) {
            Some(From::End) => self.scroll.to_end(),
            Some(From::Item { by, row }) => self.scroll.to(Anchor {
                item: start.saturating_add_signed(by),
                row,
            }),
            None if is_following && is_folded => self.scroll.to_end(),
            None => {
                self.scroll.to(moved(top, (start, old, new), is_folded));
                // At the end it is followed.
                self.scroll_by(0);
            }
        }
        self.turned = Some(Turned {
            message,
            before,
            after: self.place_from(start),
        });
        self.moved = true;
    }

    fn place_from(&self, start: usize) -> From {
        match self.scroll.place() {
            Place::End => From::End,
            Place::At(Anchor { item, row }) => From::Item {
                by: item.cast_signed() - start.cast_signed(),
                row,
            },
        }
    }

    /// What stands at the top of the view.
    pub(super) fn top(&mut self) -> Anchor {
        self.measure_starts();
        let extent = self.extent();
        let width = text_width(self.area);
        let Transcript {
            scroll,
            entries,
            starts,
            ctx,
            ..
        } = self;
        scroll.top(extent, |item| {
            let (entry, part) = super::travel::locate(starts, item);
            entries[entry].height(part, width, ctx)
        })
    }
}

/// The top of the view after an entry that begins at an item has `new` items in place of `old`.
fn moved(top: Anchor, (start, old, new): (usize, usize, usize), is_folded: bool) -> Anchor {
    let end = start + old;
    if top.item < start {
        top
    } else if top.item + 1 >= end {
        // The foot, or what follows the message.
        Anchor {
            item: top.item + new - old,
            ..top
        }
    } else if is_folded {
        Anchor {
            item: start,
            row: 0,
        }
    } else {
        top
    }
}
