//! The messages of the open conversation: one branch of it, scrolled by an anchor (architecture 7.2).

use std::sync::Arc;

use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use super::entry::Entry;
use crate::domain::clean::Clean;
use crate::domain::conversation::{Conversation, Reading};
use crate::domain::id::{ConversationId, MessageId};
use crate::domain::message::{Message, Role, Shown, Status};
use crate::protocol::{At, Chat, Command, PAGE, Page};
use crate::tui::canvas::{Canvas, cut};
use crate::tui::live::Live;
use crate::tui::text::code::Highlighter;
use crate::tui::text::doc::Ctx;
use crate::tui::text::scroll::{Anchor, Extent, Scroll};
use crate::tui::theme::{Look, Tone};

/// Earlier messages are asked for when the top is this many messages away.
const NEAR: usize = 10;
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

/// The transcript pane.
#[derive(Default)]
pub struct Transcript {
    conversation: Option<ConversationId>,
    system: String,
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
    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.conversation.is_none()
    }

    /// Shows nothing.
    pub fn clear(&mut self) {
        *self = Transcript {
            ctx: self.ctx.clone(),
            ..Transcript::default()
        };
    }

    /// Shows a conversation at the reader's place; a reply being written here has more words than its row.
    pub fn open(
        &mut self,
        conversation: &Conversation,
        page: Page,
        reading: Option<Reading>,
        live: Option<&Live>,
    ) {
        let is_same = self.conversation == Some(conversation.id);
        self.clear();
        self.describe(conversation);
        self.take(page, live);
        if let Some(reading) = reading.filter(|_| !is_same)
            && let Some(at) = self.find(reading.message)
        {
            self.measure_starts();
            let (item, row) = self.item_of_row(at, usize::try_from(reading.row).unwrap_or(0));
            self.scroll.to(Anchor { item, row });
            self.cursor = Some(reading.message);
        }
    }

    /// What of the conversation itself is shown.
    pub fn describe(&mut self, conversation: &Conversation) {
        self.conversation = Some(conversation.id);
        self.system.clone_from(&conversation.system);
    }

    fn take(&mut self, page: Page, live: Option<&Live>) {
        self.has_before = page.has_before;
        self.has_after = page.has_after;
        self.entries = page
            .messages
            .into_iter()
            .map(|shown| entry(shown, live))
            .collect();
    }

    /// Another page came.
    pub fn page(&mut self, at: At, page: Page) {
        self.is_asking = false;
        match at {
            At::Before(first)
                if self
                    .entries
                    .first()
                    .is_some_and(|e| e.message().id == first) =>
            {
                self.has_before = page.has_before;
                let mut entries: Vec<Entry> = page
                    .messages
                    .into_iter()
                    .map(|shown| entry(shown, None))
                    .collect();
                let items: usize = entries.iter().map(Entry::item_count).sum();
                entries.append(&mut self.entries);
                self.entries = entries;
                self.scroll.prepended(items);
            }
            At::After(last) if self.entries.last().is_some_and(|e| e.message().id == last) => {
                self.has_after = page.has_after;
                self.entries
                    .extend(page.messages.into_iter().map(|shown| entry(shown, None)));
            }
            At::Tip => {
                self.take(page, None);
                self.follow();
            }
            // The branch has changed since it was asked for.
            At::Before(_) | At::After(_) | At::Around(_) => {}
        }
    }

    /// A page did not come; the next layout asks again.
    pub fn ask_failed(&mut self) {
        self.is_asking = false;
    }

    /// Pages to ask for, because the reader has come near the end of what is loaded.
    pub fn wants(&mut self) -> Option<(Command, At)> {
        let conversation = self.conversation.filter(|_| !self.is_asking)?;
        let first = self.visible.first()?.entry;
        let last = self.visible.last()?.entry;
        let at = if self.has_before && first < NEAR {
            At::Before(self.entries.first()?.message().id)
        } else if self.has_after && last + NEAR >= self.entries.len() {
            At::After(self.entries.last()?.message().id)
        } else {
            return None;
        };
        self.is_asking = true;
        Some((
            Command::Chat(Chat::Page {
                conversation,
                at,
                limit: Some(PAGE),
            }),
            at,
        ))
    }

    /// A turn began: what follows its parent makes room.
    pub fn started(&mut self, asked: Option<Shown>, reply: Shown) {
        let first = asked.as_ref().map_or(&reply, |asked| asked);
        let keep = match first.message.parent {
            Some(parent) => self.find(parent).map_or(self.entries.len(), |at| at + 1),
            None => 0,
        };
        self.entries.truncate(keep);
        self.has_after = false;
        self.entries
            .extend(asked.map(|asked| Entry::new(asked, false)));
        self.entries.push(Entry::new(reply, true));
        self.cursor = None;
    }

    /// More reasoning of the reply being written.
    pub fn thought(&mut self, text: &str) {
        if let Some(last) = self.entries.last_mut() {
            last.think(text);
        }
    }

    /// More of the reply being written.
    pub fn grew(&mut self, text: &str) {
        if let Some(last) = self.entries.last_mut() {
            last.grow(text);
        }
    }

    /// A reply is over.
    pub fn ended(&mut self, reply: Message) {
        let parent = reply.parent;
        if let Some(at) = self.find(reply.id) {
            self.entries[at].end(reply);
        }
        // Its question is a sent one now.
        if let Some(at) = parent.and_then(|parent| self.find(parent)) {
            let mut question = self.entries[at].message().clone();
            if question.status == Status::Unsent {
                question.status = Status::Complete;
                self.entries[at].change(question);
            }
        }
    }

    /// A message is now like this.
    pub fn message_changed(&mut self, message: &Message) {
        if let Some(at) = self.find(message.id) {
            self.entries[at].change(message.clone());
        }
    }

    /// A message is gone.
    pub fn remove(&mut self, id: MessageId) {
        self.entries.retain(|entry| entry.message().id != id);
    }

    /// The stored reasoning of a message came.
    pub fn thinking(&mut self, id: MessageId, text: &str) {
        if let Some(at) = self.find(id) {
            self.entries[at].load_thinking(text);
        }
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

    fn at_hand(&self) -> Option<usize> {
        self.cursor
            .and_then(|id| self.find(id))
            .or(self.entries.len().checked_sub(1))
    }

    /// The message at hand.
    pub fn current(&self) -> Option<&Message> {
        self.at_hand().map(|at| self.entries[at].message())
    }

    /// The reply at hand, or the one that follows the question at hand.
    pub fn reply_at_hand(&self) -> Option<&Message> {
        self.entries[self.at_hand()?..]
            .iter()
            .map(Entry::message)
            .find(|m| m.role == Role::Assistant)
    }

    /// The question at hand, or the one before the reply at hand.
    pub fn question_at_hand(&self) -> Option<&Message> {
        self.entries[..=self.at_hand()?]
            .iter()
            .rev()
            .map(Entry::message)
            .find(|m| m.role == Role::User)
    }

    /// The message at hand or nearest above it that has siblings.
    pub fn branching_at_hand(&self) -> Option<MessageId> {
        let entries = &self.entries[..=self.at_hand()?];
        entries
            .iter()
            .rev()
            .find(|entry| entry.shown.of > 1)
            .map(|entry| entry.message().id)
    }

    /// The words of the last reply.
    pub fn last_answer(&self) -> Option<String> {
        self.entries
            .iter()
            .rev()
            .find(|e| e.message().role == Role::Assistant)
            .map(|e| e.words().to_owned())
    }

    /// The words of the message at hand, also while it grows.
    pub fn words_at_hand(&self) -> Option<String> {
        self.at_hand().map(|at| self.entries[at].words().to_owned())
    }

    /// Opens or folds reasoning; the id when it must be asked for.
    pub fn toggle_thinking(&mut self) -> Option<MessageId> {
        let from = self.at_hand()?;
        let at = (0..=from)
            .rev()
            .find(|at| self.entries[*at].has_thinking())?;
        self.entries[at]
            .toggle_thinking()
            .then(|| self.entries[at].message().id)
    }

    /// Shows or hides the details of the message at hand.
    pub fn toggle_details(&mut self) {
        if let Some(at) = self.at_hand() {
            self.entries[at].toggle_details();
        }
    }

    /// Moves wide code and tables sideways.
    pub fn shift(&mut self, by: isize) {
        self.skip = self.skip.saturating_add_signed(by).min(4_000);
    }

    /// Whether later messages are not loaded.
    pub fn has_after(&self) -> bool {
        self.has_after
    }

    /// Follows the end from now on.
    pub fn follow(&mut self) {
        self.scroll.to_end();
        self.cursor = None;
        self.unseen = 0;
        self.moved = true;
    }

    /// Moves the reader.
    pub fn go(&mut self, step: Move) {
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
                let to = at.saturating_add_signed(by).min(self.entries.len() - 1);
                self.cursor = Some(self.entries[to].message().id);
                self.measure_starts();
                self.scroll.to(Anchor {
                    item: self.starts[to],
                    row: 0,
                });
            }
        }
        self.moved = true;
    }

    fn scroll_by(&mut self, by: i32) {
        self.measure_starts();
        let extent = self.extent();
        let Transcript {
            scroll,
            entries,
            starts,
            ctx,
            area,
            ..
        } = self;
        let width = text_width(*area);
        scroll.by_rows(isize::try_from(by).unwrap_or(0), extent, |item| {
            let (entry, part) = locate(starts, item);
            entries[entry].height(part, width, ctx)
        });
        self.moved = true;
    }

    fn extent(&self) -> Extent {
        Extent {
            items: self.items(),
            rows: usize::from(self.area.height),
        }
    }

    fn items(&self) -> usize {
        self.starts
            .last()
            .zip(self.entries.last())
            .map_or(0, |(start, last)| start + last.item_count())
    }

    fn measure_starts(&mut self) {
        let mut next = 0;
        self.starts.clear();
        for entry in &self.entries {
            self.starts.push(next);
            next += entry.item_count();
        }
    }

    /// The item and row in it at so many rows below the head of an entry.
    fn item_of_row(&mut self, entry: usize, row: usize) -> (usize, usize) {
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
        self.forget_far();
    }

    /// Counts the rows that came below a reader who does not follow the growing reply.
    fn count_unseen(&mut self, width: u16) {
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
    fn keep_cursor_visible(&mut self) {
        let Some(id) = self.cursor else { return };
        let is_seen = self
            .find(id)
            .is_some_and(|at| self.visible.iter().any(|place| place.entry == at));
        if !is_seen && let Some(first) = self.visible.first() {
            self.cursor = Some(self.entries[first.entry].message().id);
        }
    }

    fn forget_far(&mut self) {
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
    pub fn marker(&self) -> Clean {
        if self.scroll.is_following() || self.entries.is_empty() {
            Clean::default()
        } else if self.unseen > 0 {
            let lines = if self.unseen == 1 { "line" } else { "lines" };
            Clean::line(&format!("↓ {} new {lines} · End", self.unseen))
        } else {
            Clean::own("scrolled up · End follows")
        }
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

    fn reading(&mut self) -> Option<Reading> {
        let first = *self
            .visible
            .first()
            .filter(|_| !self.scroll.is_following())?;
        let width = text_width(self.area);
        let above: usize = (0..first.item)
            .map(|item| self.entries[first.entry].height(item, width, &self.ctx))
            .sum();
        let row = u32::try_from(above + first.row).unwrap_or(0);
        Some(Reading {
            message: self.entries[first.entry].message().id,
            row,
        })
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
            let is_first = place.entry == 0 && place.item == 0 && !self.has_before;
            entry.paint(canvas, row, (place.item, place.row), self.skip, zone);
            if is_first && !self.system.is_empty() {
                self.paint_system(canvas, row);
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
    }

    /// The conversation's own instructions, folded into the first head's line.
    fn paint_system(&self, canvas: &mut Canvas<'_>, row: Rect) {
        let words = Clean::line(&format!("┈ instructions: {} ┈", self.system));
        let area = Rect {
            x: row.x + 6.min(row.width),
            width: row.width.saturating_sub(14),
            ..row
        };
        canvas.put(area, (0, 0), &cut(&words, area.width), Look::of(Tone::Dim));
    }
}

/// Words stand two cells in; the last cell stays free.
fn text_width(area: Rect) -> u16 {
    area.width.saturating_sub(3).max(1)
}

fn locate(starts: &[usize], item: usize) -> (usize, usize) {
    let entry = starts
        .partition_point(|start| *start <= item)
        .saturating_sub(1);
    (entry, item - starts.get(entry).copied().unwrap_or(0))
}

fn entry(shown: Shown, live: Option<&Live>) -> Entry {
    match live.filter(|live| live.reply.id == shown.message.id) {
        Some(live) => {
            let mut entry = Entry::new(
                Shown {
                    message: live.reply.clone(),
                    ..shown
                },
                true,
            );
            if !live.thinking.is_empty() {
                entry.think(&live.thinking);
            }
            entry
        }
        None => Entry::new(shown, false),
    }
}
