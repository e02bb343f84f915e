//! What the engine says of single conversations, brought to the rows they stand in.

use super::{List, View};
use crate::domain::conversation::{Conversation, Listed};
use crate::domain::filter::WithPersona;
use crate::domain::id::ConversationId;
use crate::domain::when::Calendar;
use crate::tui::pane::order::{moves, place};

/// What is known of how a conversation stood before a change.
#[derive(Clone, Copy)]
pub enum Before<'a> {
    Unknown,
    /// It was not there.
    New,
    Was(&'a Conversation),
}

impl List {
    /// A conversation is now like this: its row is updated, moved, added or taken away.
    pub fn apply(&mut self, conversation: &Conversation, before: Before<'_>, calendar: &Calendar) {
        self.regroup(|groups| groups.apply(conversation));
        let chosen = self.selected_row();
        let is_it = |row: &Listed| row.conversation.id == conversation.id;
        let old = self.rows.iter().position(is_it);
        let listed = old.map(|at| &self.rows[at].conversation);
        let belongs = self.belongs(conversation, listed, calendar);
        let guess = || match before {
            Before::Unknown => belongs,
            Before::New => false,
            Before::Was(before) => self.belongs(before, None, calendar),
        };
        let was_counted = old.is_some() || self.was_counted(conversation.id, guess);
        self.count(conversation.id, was_counted, belongs);
        match old {
            Some(at) if !belongs => {
                let row = self.rows.remove(at);
                self.mark_draft(row.conversation.id, row.has_draft);
            }
            Some(at) => {
                self.met.remove(&conversation.id);
                self.put(at, conversation);
            }
            None if belongs => {
                let row = Listed {
                    conversation: conversation.clone(),
                    has_draft: self.drafted.remove(&conversation.id),
                };
                self.insert(row);
            }
            None => {}
        }
        self.keep_marks();
        self.keep_selected(chosen);
    }

    /// The row at this place is now like this.
    fn put(&mut self, at: usize, conversation: &Conversation) {
        let order = self.shown.order;
        if moves(&self.rows[at].conversation, conversation, order) {
            let mut row = self.rows.remove(at);
            row.conversation.clone_from(conversation);
            self.insert(row);
        } else {
            self.rows[at].conversation.clone_from(conversation);
        }
    }

    /// A row takes its place, unless that is beyond what is loaded.
    fn insert(&mut self, row: Listed) {
        let at = place(&self.rows, &row.conversation, self.shown.order);
        if at < self.rows.len() || !self.has_more {
            self.rows.insert(at, row);
        } else {
            self.met.insert(row.conversation.id, true);
        }
    }

    /// Whether one without a row counts already: where not all rows are loaded it may, by what was heard of it, else by
    /// this guess.
    fn was_counted(&self, id: ConversationId, guess: impl Fn() -> bool) -> bool {
        self.has_more && self.met.get(&id).copied().unwrap_or_else(guess)
    }

    /// Counts it in or out.
    fn count(&mut self, id: ConversationId, was_counted: bool, belongs: bool) {
        match (was_counted, belongs) {
            (true, false) => self.total = self.total.saturating_sub(1),
            (false, true) => self.total += 1,
            (true, true) | (false, false) => {}
        }
        self.met.insert(id, belongs);
    }

    /// Whether it belongs to what is shown. Which persona a name means only the engine knows: what it has `listed`
    /// stays as long as its persona is the same.
    fn belongs(
        &self,
        conversation: &Conversation,
        listed: Option<&Conversation>,
        calendar: &Calendar,
    ) -> bool {
        let filter = &self.fitting;
        let is_trashed = conversation.trashed_at.is_some();
        let is_archived = conversation.archived_at.is_some();
        let is_in_view = match self.view {
            View::Active => !is_trashed && is_archived == filter.is_archived,
            View::Archive => !is_trashed && is_archived,
            View::Trash => is_trashed,
        };
        let is_with = |with: &WithPersona| match with {
            WithPersona::Nobody => conversation.persona.is_none(),
            WithPersona::Named(_) => {
                listed.is_some_and(|listed| listed.persona == conversation.persona)
            }
        };
        is_in_view && filter.fits(conversation, calendar, is_with)
    }

    /// A conversation is gone for good.
    pub fn remove(&mut self, id: ConversationId) {
        let chosen = self.selected_row();
        let before = self.rows.len();
        self.rows.retain(|row| row.conversation.id != id);
        if self.rows.len() < before || self.met.remove(&id) == Some(true) {
            self.total = self.total.saturating_sub(1);
        }
        self.unread.remove(&id);
        self.drafted.remove(&id);
        self.regroup(|groups| groups.remove(id));
        self.keep_selected(chosen);
        self.keep_marks();
    }

    /// The row that was selected stays so wherever it stands now.
    fn keep_selected(&mut self, chosen: Option<ConversationId>) {
        match chosen.and_then(|id| self.rows.iter().position(|row| row.conversation.id == id)) {
            Some(at) => self.selected = at,
            None => self.clamp(),
        }
    }
}
