//! The message at hand: what an action of the transcript is about.

use super::Transcript;
use crate::domain::id::MessageId;
use crate::domain::message::{Message, Role};
use crate::tui::pane::entry::Entry;

impl Transcript {
    pub(super) fn at_hand(&self) -> Option<usize> {
        self.cursor
            .and_then(|id| self.find(id))
            .or(self.entries.len().checked_sub(1))
    }

    /// Takes this message in hand and brings it into view.
    pub fn take_in_hand(&mut self, id: MessageId) {
        if let Some(at) = self.find(id) {
            self.show_from(at);
        }
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

    /// Whether the message at hand itself has reasoning.
    pub fn has_thinking_at_hand(&self) -> bool {
        let at_hand = self.at_hand().and_then(|at| self.entries.get(at));
        at_hand.is_some_and(Entry::has_thinking)
    }

    /// Shows or hides the details of the message at hand.
    pub fn toggle_details(&mut self) {
        let Some(at) = self.at_hand() else { return };
        if self.entries[at].toggle_details() {
            self.reveal_end(at);
        }
    }

    /// Moves wide code and tables sideways.
    pub fn shift(&mut self, by: isize) {
        self.skip = self.skip.saturating_add_signed(by).min(4_000);
    }
}
