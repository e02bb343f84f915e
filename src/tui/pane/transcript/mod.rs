//! The messages of the open conversation: one branch of it, scrolled by an anchor (architecture 7.2).

mod hand;
mod news;
mod travel;

use std::sync::Arc;

use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use super::entry::{Entry, Spot};
pub use super::foot::Hints;
use crate::domain::clean::Clean;
use crate::domain::id::{ConversationId, MessageId};
use crate::tui::canvas::Canvas;
use crate::tui::text::code::Highlighter;
use crate::tui::text::doc::Ctx;
use crate::tui::text::scroll::Scroll;
use crate::tui::theme::{Look, Tone};
pub use travel::Move;

/// The transcript pane.
#[derive(Default)]
pub struct Transcript {
    conversation: Option<ConversationId>,
    entries: Vec<Entry>,
    /// The first item of each entry, as of the last layout.
    starts: Vec<usize>,
    scroll: Scroll,
    /// The message at hand; `None` = the last one.
    cursor: Option<MessageId>,
    has_before: bool,
    has_after: bool,
    is_asking: bool,
    /// Rows that came below a reader who has scrolled up.
    unseen: usize,
    /// Rows of the growing reply when the reader scrolled up.
    rows_seen: Option<usize>,
    skip: usize,
    /// The keys of what can be done with a message.
    pub hints: Hints,
    area: Rect,
    ctx: Ctx,
    /// What the last layout shows: row of the area, entry, item in it, row in that.
    visible: Vec<Place>,
    moved: bool,
    moved_at: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    entry: usize,
    item: usize,
    row: usize,
}

impl Transcript {
    /// An empty transcript with these hints.
    pub fn new(hints: Hints) -> Self {
        Transcript {
            hints,
            ..Transcript::default()
        }
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.conversation.is_none()
    }

    /// Shows nothing.
    pub fn clear(&mut self) {
        *self = Transcript {
            ctx: self.ctx.clone(),
            hints: self.hints.clone(),
            ..Transcript::default()
        };
    }

    /// Code is coloured from now on.
    pub fn highlight_with(&mut self, highlighter: Option<Arc<Highlighter>>) {
        self.ctx.highlighter = highlighter;
        self.ctx.generation += 1;
    }

    fn find(&self, id: MessageId) -> Option<usize> {
        self.entries
            .iter()
            .rposition(|entry| entry.message().id == id)
    }

    /// Whether later messages are not loaded.
    pub fn has_after(&self) -> bool {
        self.has_after
    }

    /// Draws what the last layout found.
    pub fn paint(&self, canvas: &mut Canvas<'_>, is_focused: bool, zone: &TimeZone) {
        let text = Rect {
            x: self.area.x + 2.min(self.area.width),
            width: text_width(self.area),
            ..self.area
        };
        let at_hand = self.at_hand().filter(|_| is_focused);
        for (y, place) in (0..self.area.height).zip(&self.visible) {
            let row = Rect {
                y: self.area.y + y,
                height: 1,
                ..text
            };
            let entry = &self.entries[place.entry];
            let spot = Spot {
                item: place.item,
                row: place.row,
                skip: self.skip,
                zone,
                hints: (&self.hints, is_focused),
            };
            entry.paint(canvas, row, spot);
            let is_gap = place.item + 1 == entry.item_count();
            if at_hand == Some(place.entry) && !is_gap {
                canvas.put(
                    Rect {
                        y: self.area.y + y,
                        height: 1,
                        ..self.area
                    },
                    (0, 0),
                    &Clean::own("▌"),
                    Look::of(Tone::Accent),
                );
            }
        }
    }
}

/// Words stand two cells in; the last cell stays free.
fn text_width(area: Rect) -> u16 {
    area.width.saturating_sub(3).max(1)
}
