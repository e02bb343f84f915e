//! The messages of the open conversation: one branch of it, scrolled by an anchor (architecture 7.2).

mod bar;
mod beyond;
mod block;
mod fold;
mod hand;
mod light;
mod mark;
mod news;
mod search;
mod state;
mod travel;

use std::sync::Arc;

use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use super::entry::{Entry, Spot};
pub use super::foot::Hints;
use crate::domain::clean::Clean;
use crate::domain::id::{ConversationId, MessageId};
use crate::tui::canvas::Canvas;
use crate::tui::roster::Roster;
use crate::tui::text::code::Highlighter;
use crate::tui::text::doc::Ctx;
use crate::tui::text::scroll::Scroll;
use crate::tui::theme::{Look, Tone};
pub use beyond::Walk;
pub use light::{Job, Lights};
use state::{Held, Lit, Search, Turned, Want};
pub use travel::Move;

/// Longest finished block of code, in lines, that is coloured while it is laid out: none, a page of code would cost a
/// key more than all the rest. What grows is coloured as it comes.
const AT_ONCE: usize = 0;

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
    /// A block of code is on its way to its colours.
    is_lighting: bool,
    /// What the last layout shows: row of the area, entry, item in it, row in that.
    visible: Vec<Place>,
    moved: bool,
    moved_at: Option<u64>,
    /// It has the keys.
    pub is_focused: bool,
    /// The line under the messages, and where its words are typed.
    bar: Rect,
    input: Rect,
    held: Option<Held>,
    search: Option<Search>,
    /// What was looked for last.
    last_words: String,
    /// What is seen of the hits, as of the last layout.
    lit: Vec<Lit>,
    /// What a page is waited for.
    want: Option<Want>,
    turned: Option<Turned>,
    /// Rows looked through for words so far.
    #[cfg(test)]
    looked: usize,
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
            ctx: Ctx {
                code_at_once: Some(AT_ONCE),
                ..Ctx::default()
            },
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
            // The next place is measured in it before the next layout.
            area: self.area,
            ctx: self.ctx.clone(),
            hints: self.hints.clone(),
            is_focused: self.is_focused,
            last_words: std::mem::take(&mut self.last_words),
            ..Transcript::default()
        };
    }

    /// Leaves the block of code at hand; `false` when there is none.
    pub fn let_go(&mut self) -> bool {
        self.held.take().is_some()
    }

    /// What was looked for last.
    pub fn last_words(&self) -> &str {
        &self.last_words
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
    pub fn paint(
        &self,
        canvas: &mut Canvas<'_>,
        is_focused: bool,
        zone: &TimeZone,
        roster: &Roster,
    ) {
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
                roster,
                hints: (&self.hints, is_focused),
                is_at_hand: at_hand == Some(place.entry),
            };
            entry.paint(canvas, row, spot);
            if self.is_held(*place) {
                self.paint_held(canvas, row, *place);
            }
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
        self.paint_hits(canvas, text);
        self.paint_bar(canvas);
    }

    /// A bar in the indent of the code at hand.
    fn paint_held(&self, canvas: &mut Canvas<'_>, area: Rect, place: Place) {
        let row = self.entries[place.entry].row(place.item, place.row);
        let indent = row.map_or(0, |row| row.indent().saturating_sub(2));
        let x = u16::try_from(indent).unwrap_or(0);
        let bar = Clean::own("▌");
        canvas.put(area, (x, 0), &bar, Look::of(Tone::Accent).bold());
    }

    /// The hits reversed; the one at hand in bold too.
    fn paint_hits(&self, canvas: &mut Canvas<'_>, text: Rect) {
        for (y, bytes, is_current) in &self.lit {
            let Some(place) = self.visible.get(*y) else {
                continue;
            };
            let Some(row) = self.entries[place.entry].row(place.item, place.row) else {
                continue;
            };
            let cells = row.cells(bytes.clone(), self.skip);
            let cell = |at: usize| u16::try_from(at).unwrap_or(u16::MAX).min(text.width);
            let look = if *is_current {
                Look::of(Tone::Accent).bold().reversed()
            } else {
                Look::default().reversed()
            };
            let area = Rect {
                x: text.x + cell(cells.start),
                y: text.y + u16::try_from(*y).unwrap_or(u16::MAX),
                width: cell(cells.end) - cell(cells.start),
                height: 1,
            };
            canvas.tint(area, look);
        }
    }
}

/// Words stand two cells in; the last cell stays free.
fn text_width(area: Rect) -> u16 {
    area.width.saturating_sub(3).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Mint;
    use crate::domain::message::{Message, Shown, Status};
    use crate::domain::model::ModelRef;
    use crate::domain::when::Millis;
    use crate::protocol::Page;

    /// Ten thousand messages, half of them replies of three blocks.
    fn long() -> Transcript {
        let mint = Mint::new(Arc::new(|| Millis(1_795_000_000_000)));
        let conversation = mint.id();
        let mut messages: Vec<Shown> = Vec::new();
        for n in 0..5_000 {
            let at = mint.now();
            let parent = messages.last().map(|shown| shown.message.id);
            let text = format!("Question {n}");
            let question = Message::question(mint.id(), conversation, parent, text, at);
            let mut reply = Message::reply(mint.id(), &question, ModelRef::guide(), at);
            reply.content = format!("Answer {n}\n\n- one\n- two\n\nthe end");
            reply.status = Status::Complete;
            messages.extend([question, reply].map(|message| Shown {
                message,
                place: 1,
                of: 1,
                is_elsewhere: false,
            }));
        }
        let mut transcript = Transcript::default();
        let page = Page {
            messages,
            has_before: false,
            has_after: false,
        };
        transcript.take(page, None);
        transcript
    }

    fn laid_out(transcript: &Transcript) -> usize {
        let entries = transcript.entries.iter();
        entries.filter(|entry| entry.cost() > 0).count()
    }

    #[test]
    fn lighting_hits_looks_at_what_is_seen_and_nothing_else() {
        let mut transcript = long();
        let area = Rect::new(0, 0, 80, 30);
        transcript.layout(area, None);
        let replies = transcript.entries.iter().map(|e| e.message().id);
        let hits: Vec<(MessageId, u32)> = replies.skip(1).step_by(2).map(|id| (id, 1)).collect();
        transcript.conversation = Some(transcript.entries[0].message().conversation);
        assert!(transcript.search_for("answer").is_some());
        assert_eq!(transcript.found("answer", hits), Walk::There);
        let rows = |t: &Transcript| t.entries.iter().map(Entry::cost).sum::<u64>();
        for _ in 0..20 {
            transcript.go(Move::HalfPages(-1));
            let (laid, looked) = (rows(&transcript), transcript.looked);
            transcript.layout(area, None);
            assert!(!transcript.lit.is_empty());
            let (more, looked) = (rows(&transcript) - laid, transcript.looked - looked);
            assert!(
                more <= 62 && looked <= 3 * 30,
                "{more} rows laid out, {looked} looked through"
            );
        }
        // From hit to hit, too.
        for _ in 0..20 {
            let laid = rows(&transcript);
            assert_eq!(transcript.step_hit(-1), Walk::There);
            transcript.layout(area, None);
            let more = rows(&transcript) - laid;
            assert!(more <= 80, "{more} rows laid out for a step");
        }
    }

    #[test]
    fn a_frame_lays_out_what_it_shows_and_nothing_else() {
        let mut transcript = long();
        let area = Rect::new(0, 0, 80, 30);
        transcript.layout(area, None);
        let first = laid_out(&transcript);
        assert!((2..=31).contains(&first), "{first} messages for 30 rows");
        for step in 1..=20 {
            transcript.go(Move::HalfPages(-1));
            transcript.layout(area, None);
            let most = first + step * 16;
            let all = laid_out(&transcript);
            assert!(all <= most, "{all} messages after {step} half pages");
        }
        // Another width lays out again only what is seen.
        let rows = |t: &Transcript| t.entries.iter().map(Entry::cost).sum::<u64>();
        let before = rows(&transcript);
        transcript.layout(Rect::new(0, 0, 60, 30), None);
        let more = rows(&transcript) - before;
        assert!(more <= 62, "{more} rows for 30 rows");
        transcript.go(Move::Start);
        transcript.layout(area, None);
        assert!(laid_out(&transcript) <= first + 20 * 16 + 31);
    }
}
