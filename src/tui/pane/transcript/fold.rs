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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::MessageId;
    use crate::domain::message::{Message, Shown, Status};
    use crate::domain::model::ModelRef;
    use crate::domain::when::Millis;
    use crate::protocol::Page;
    use crate::tui::pane::transcript::Move;
    use proptest::prelude::*;
    use ratatui::layout::Rect;
    use std::sync::Arc;

    /// A conversation whose messages have so many paragraphs each.
    fn talk(paragraphs: &[usize]) -> Transcript {
        let mint = crate::domain::id::Mint::new(Arc::new(|| Millis(1_795_000_000_000)));
        let (conversation, at) = (mint.id(), mint.now());
        let mut messages: Vec<Shown> = Vec::new();
        for (n, count) in paragraphs.iter().enumerate() {
            let parent = messages.last().map(|shown| shown.message.clone());
            let text: Vec<String> = (0..*count)
                .map(|p| format!("message {n} paragraph {p}"))
                .collect();
            let mut message = match &parent {
                Some(parent) if n % 2 == 1 => {
                    Message::reply(mint.id(), parent, ModelRef::guide(), at)
                }
                _ => Message::question(
                    mint.id(),
                    conversation,
                    parent.map(|p| p.id),
                    String::new(),
                    at,
                ),
            };
            message.content = text.join("\n\n");
            message.status = Status::Complete;
            messages.push(Shown {
                message,
                place: 1,
                of: 1,
                is_elsewhere: false,
            });
        }
        let page = Page {
            messages,
            ..Page::default()
        };
        let mut transcript = Transcript {
            is_focused: true,
            ..Transcript::default()
        };
        transcript.take(page, None);
        transcript.layout(AREA, None);
        transcript
    }

    const AREA: Rect = Rect::new(0, 0, 60, 12);

    /// The message, item and row at the top of the view.
    fn shown_top(transcript: &mut Transcript) -> (MessageId, usize, usize) {
        transcript.layout(AREA, None);
        let top = transcript.visible[0];
        (
            transcript.entries[top.entry].message().id,
            top.item,
            top.row,
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn folding_keeps_the_readers_place(
            paragraphs in prop::collection::vec(1usize..40, 1..6),
            steps in prop::collection::vec((-20i32..20, any::<bool>()), 1..8),
        ) {
            let mut transcript = talk(&paragraphs);
            for (by, is_message) in steps {
                transcript.go(if is_message { Move::Message(by.signum() as isize) } else { Move::Lines(by) });
                let before = shown_top(&mut transcript);
                let at = transcript.at_hand().unwrap();
                let id = transcript.entries[at].message().id;
                let was = (transcript.entries[at].is_folded(), transcript.scroll.is_following());
                if !transcript.toggle_fold() {
                    prop_assert!(!was.0);
                    prop_assert_eq!(shown_top(&mut transcript), before);
                    continue;
                }
                let after = shown_top(&mut transcript);
                let sees = |t: &Transcript| t.visible.iter().any(|p| t.entries[p.entry].message().id == id);
                prop_assert!(sees(&transcript), "the folded message is not seen");
                // A view that is not moved by the end of the conversation begins with the same row.
                let is_end = transcript.scroll.is_following();
                if before.0 != id && !is_end {
                    prop_assert_eq!(after, before);
                } else if was.0 && !is_end && before.1 == 0 {
                    prop_assert_eq!(after, before);
                } else if !is_end && before.0 == id && !was.0 && before.1 + 1 < transcript.entries[at].item_count() {
                    prop_assert!(after.0 == id);
                }
                prop_assert!(transcript.toggle_fold());
                prop_assert_eq!(shown_top(&mut transcript), before, "unfolded again");
                prop_assert_eq!((transcript.entries[at].is_folded(), transcript.scroll.is_following()), was);
            }
        }
    }

    #[test]
    fn a_long_question_comes_folded_and_an_answer_does_not() {
        let mut transcript = talk(&[30, 30, 3]);
        let folded: Vec<bool> = transcript.entries.iter().map(|e| e.is_folded()).collect();
        assert_eq!(folded, [true, false, false]);
        // Where the reader was inside of it, it is not.
        let id = transcript.entries[0].message().id;
        let at = transcript.find(id).unwrap();
        transcript.measure_starts();
        transcript.unfold_for(at, 5);
        assert!(transcript.entries[0].is_folded());
        transcript.unfold_for(at, 40);
        assert!(!transcript.entries[0].is_folded());
    }
}
