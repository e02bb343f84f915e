//! What is shown: pages of the branch, turns as they begin, grow and end.

use super::Transcript;
use crate::domain::conversation::{Conversation, Reading};
use crate::domain::id::MessageId;
use crate::domain::message::{Message, Shown};
use crate::protocol::{At, Chat, Command, PAGE, Page};
use crate::tui::live::Live;
use crate::tui::pane::entry::Entry;
use crate::tui::text::scroll::Anchor;

/// Earlier messages are asked for when the top is this many messages away.
const NEAR: usize = 10;

impl Transcript {
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
            let row = usize::try_from(reading.row).unwrap_or(0);
            self.unfold_for(at, row);
            let (item, row) = self.item_of_row(at, row);
            self.scroll.to(Anchor { item, row });
            self.cursor = Some(reading.message);
        }
    }

    /// Which conversation this is.
    pub fn describe(&mut self, conversation: &Conversation) {
        self.conversation = Some(conversation.id);
    }

    pub(super) fn take(&mut self, page: Page, live: Option<&Live>) {
        // What is seen is numbered by the messages before.
        self.visible.clear();
        self.has_before = page.has_before;
        self.has_after = page.has_after;
        self.entries = page
            .messages
            .into_iter()
            .map(|shown| entry(shown, live))
            .collect();
    }

    /// Another page came.
    pub fn page(&mut self, at: At, page: Page, live: Option<&Live>) {
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
                for place in &mut self.visible {
                    place.entry += entries.len();
                }
                entries.append(&mut self.entries);
                self.entries = entries;
                self.scroll.prepended(items);
            }
            At::After(last) if self.entries.last().is_some_and(|e| e.message().id == last) => {
                self.has_after = page.has_after;
                self.entries
                    .extend(page.messages.into_iter().map(|shown| entry(shown, live)));
            }
            At::Tip => {
                self.take(page, live);
                self.follow();
            }
            At::Around(id) if self.wants_around(id) => {
                self.take(page, live);
                match self.find(id) {
                    Some(at) => self.show_from(at),
                    // It is on another branch by now.
                    None => self.follow(),
                }
                self.moved = true;
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
        let parent = first.message.parent.and_then(|parent| self.find(parent));
        self.entries.truncate(parent.map_or(0, |at| at + 1));
        // The parent may be beyond what is loaded; the next layout asks for it.
        self.has_before = match parent {
            Some(_) => self.has_before,
            None => first.message.parent.is_some(),
        };
        self.has_after = false;
        self.outdate_search();
        if let Some(question) = reply.message.parent.and_then(|parent| self.find(parent)) {
            self.entries[question].sent();
        }
        self.entries.extend(asked.map(|asked| {
            let mut asked = Entry::new(asked, false);
            asked.sent();
            asked
        }));
        self.entries.push(Entry::new(reply, true));
        self.cursor = None;
    }

    /// More reasoning of the reply being written; nothing when the end of the branch is not loaded.
    pub fn thought(&mut self, text: &str) {
        if let Some(last) = self.entries.last_mut().filter(|last| last.is_live()) {
            last.think(text);
        }
    }

    /// More of the reply being written; nothing when the end of the branch is not loaded.
    pub fn grew(&mut self, text: &str) {
        if let Some(last) = self.entries.last_mut().filter(|last| last.is_live()) {
            last.grow(text);
        }
    }

    /// A reply is over.
    pub fn ended(&mut self, reply: Message) {
        let parent = reply.parent;
        if let Some(at) = self.find(reply.id) {
            self.entries[at].end(reply);
            self.count_growing();
        }
        if let Some(at) = parent.and_then(|parent| self.find(parent)) {
            self.entries[at].sent();
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
        self.outdate_search();
    }

    /// The stored reasoning of a message came.
    pub fn thinking(&mut self, id: MessageId, text: &str) {
        if let Some(at) = self.find(id) {
            self.entries[at].load_thinking(text);
        }
    }
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
        None => {
            let is_its_question =
                live.is_some_and(|live| live.reply.parent == Some(shown.message.id));
            let mut entry = Entry::new(shown, false);
            if is_its_question {
                entry.sent();
            }
            entry
        }
    }
}
