//! The composer: the draft, its stash, an earlier question shown in its place, and what was sent but not yet accepted.

mod paint;

use ratatui::layout::Rect;

use crate::domain::clean::Clean;
use crate::domain::conversation::Draft;
use crate::domain::failure::Failure;
use crate::domain::id::{ConversationId, MessageId, PromptId};
use crate::protocol::{Chat, Command};
use crate::tui::text::edit::Editor;
use crate::tui::theme::Tone;

/// A changed draft goes to the engine this long after the first key that changed it, in ms (spec C12: within a second).
const KEEP_AFTER: u64 = 400;
/// Longest paste that is no chip, in characters, unless the settings say otherwise.
const PASTE: usize = 2_000;
/// Most drafts the stash keeps.
const STASH: usize = 20;

/// The composer pane.
pub struct Composer {
    pub editor: Editor,
    edit_of: Option<MessageId>,
    prompt: Option<(PromptId, u32)>,
    /// Drafts put aside, newest first.
    pub stash: Vec<Draft>,
    /// The way back from an earlier question that is shown.
    walk: Option<Walk>,
    /// The stash is other than on disk.
    is_stash_changed: bool,
    /// What was sent and is not yet a row: it comes back if the send is refused.
    sending: Option<Sending>,
    /// Why the last send did not go; stands until the next one.
    pub notice: Option<Failure>,
    changed_at: Option<u64>,
    /// Lines between notice and text: the queue.
    pub above: Vec<Above>,
    area: Rect,
    /// Questions longer than this show their length (spec C6).
    pub most_chars: usize,
}

/// A line above the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Above {
    pub mark: Clean,
    pub words: Clean,
    pub tone: Tone,
}

/// An earlier question is shown in place of the draft.
struct Walk {
    /// Which one, 0 = the newest.
    at: usize,
    /// What stood in the composer.
    before: Draft,
    /// The question as it is shown: once it is another, it is a draft like any.
    shown: String,
}

struct Sending {
    question: MessageId,
    draft: Draft,
    /// The conversation it goes to.
    scope: Option<ConversationId>,
    /// What stood in the composer when that conversation was left.
    typed: Draft,
}

/// Where the words of a refused send are.
#[derive(Clone, Debug, PartialEq)]
pub enum Back {
    /// In the composer, before what was typed since.
    Here,
    /// Another conversation is open; this is what its own composer holds from now on.
    Elsewhere(Option<ConversationId>, Draft),
}

impl Default for Composer {
    fn default() -> Self {
        let mut editor = Editor::new();
        editor.set_placeholder(Clean::own("Ask anything"));
        editor.fold_pastes_over(PASTE);
        Composer {
            editor,
            edit_of: None,
            prompt: None,
            stash: Vec::new(),
            walk: None,
            is_stash_changed: false,
            sending: None,
            notice: None,
            changed_at: None,
            above: Vec::new(),
            area: Rect::default(),
            most_chars: 10_000,
        }
    }
}

impl Composer {
    /// What stands in it.
    pub fn draft(&self) -> Draft {
        Draft {
            text: self.editor.text(),
            caret: self.editor.caret(),
            edit_of: self.edit_of,
            prompt: self.prompt,
        }
    }

    /// Whether there is nothing to lose.
    pub fn is_empty(&self) -> bool {
        self.editor.is_empty() && self.edit_of.is_none()
    }

    /// Shows this draft in place of what stands there. What an earlier question stands in for goes to the stash.
    pub fn put(&mut self, draft: Draft) {
        self.stop_walking();
        self.editor.set_text(&draft.text, draft.caret);
        self.edit_of = draft.edit_of;
        self.prompt = draft.prompt;
    }

    /// Which earlier question is shown as it is, 0 = the newest.
    pub fn walking_at(&self) -> Option<usize> {
        let walk = self.walk.as_ref()?;
        (self.editor.text() == walk.shown).then_some(walk.at)
    }

    /// Shows an earlier question; what stands there comes back with `come_home`.
    pub fn recall(&mut self, at: usize, text: &str) {
        let before = match self.walking_at().and_then(|_| self.walk.take()) {
            Some(walk) => walk.before,
            None => self.draft(),
        };
        self.put(Draft::of(text));
        self.walk = Some(Walk {
            at,
            before,
            shown: self.editor.text(),
        });
    }

    /// What an earlier question stood in for is back; `false` when none is shown.
    pub fn come_home(&mut self) -> bool {
        match self.walking_at().and_then(|_| self.walk.take()) {
            Some(walk) => {
                self.put(walk.before);
                true
            }
            None => false,
        }
    }

    /// The question that is shown is the draft from now on.
    fn stop_walking(&mut self) {
        if let Some(walk) = self.walk.take()
            && !walk.before.is_empty()
        {
            self.push_stash(walk.before);
        }
    }

    fn push_stash(&mut self, draft: Draft) {
        self.is_stash_changed = true;
        self.stash.insert(0, draft);
        if self.stash.len() > STASH
            && let (Some(oldest), Some(older)) = (self.stash.pop(), self.stash.pop())
        {
            // No word is dropped: the two oldest become one.
            self.stash.push(oldest.before(older));
        }
    }

    /// Brings a draft back before what was typed since, with a blank line between (decisions 2.8).
    pub fn put_back(&mut self, draft: Draft) {
        self.come_home();
        self.put(draft.before(self.draft()));
    }

    /// Drafts of another conversation take the place of these.
    pub fn load(&mut self, drafts: Vec<(i32, Draft)>) {
        self.walk = None;
        self.put(Draft::default());
        self.stash.clear();
        self.is_stash_changed = false;
        self.changed_at = None;
        self.notice = None;
        let mut stash: Vec<(i32, Draft)> = Vec::new();
        for (slot, draft) in drafts {
            match slot {
                0 => self.put(draft),
                ..0 => stash.push((slot, draft)),
                // The queue is kept beside the composer: it goes out while another conversation is open too.
                _ => {}
            }
        }
        stash.sort_by_key(|(slot, _)| -slot);
        self.stash = stash.into_iter().map(|(_, draft)| draft).collect();
    }

    /// All of it by slot, as `load` takes it.
    pub fn drafts(&self) -> Vec<(i32, Draft)> {
        std::iter::once(self.draft())
            .chain(self.stash.iter().cloned())
            .zip(0..)
            .map(|(draft, slot): (Draft, i32)| (-slot, draft))
            .filter(|(_, draft)| !draft.is_empty())
            .collect()
    }

    /// The text was changed by a key at this moment.
    pub fn changed(&mut self, tick: u64) {
        self.changed_at.get_or_insert(tick);
        if self.walk.is_some() && self.walking_at().is_none() {
            self.stop_walking();
        }
        if self.editor.is_empty() {
            self.prompt = None;
        }
    }

    /// Remembers that the text was made from this prompt.
    pub fn made_from(&mut self, prompt: PromptId, version: u32) {
        self.prompt = Some((prompt, version));
    }

    /// Edits this question from now on.
    pub fn edit(&mut self, question: MessageId, text: &str) {
        self.put(Draft {
            edit_of: Some(question),
            ..Draft::of(text)
        });
    }

    /// Whether a question is being edited.
    pub fn is_editing(&self) -> bool {
        self.edit_of.is_some()
    }

    /// Empties the composer for a send; the draft waits until the send is accepted.
    pub fn take(&mut self, question: MessageId, scope: Option<ConversationId>) -> Draft {
        let draft = self.draft();
        self.sending = Some(Sending {
            question,
            draft: draft.clone(),
            scope,
            typed: Draft::default(),
        });
        self.notice = None;
        self.changed_at = None;
        self.put(Draft::default());
        draft
    }

    /// Empties the composer for the queue; the commands keep what is left on disk.
    pub fn take_for_queue(&mut self, scope: Option<ConversationId>) -> (Draft, Vec<Command>) {
        let draft = self.draft();
        self.put(Draft::default());
        (draft, self.keep_all(scope))
    }

    /// Whether a send to that conversation is neither accepted nor refused.
    pub fn is_sending_to(&self, scope: Option<ConversationId>) -> bool {
        self.sending.as_ref().is_some_and(|s| s.scope == scope)
    }

    /// Whether a send is neither accepted nor refused.
    pub fn is_sending(&self) -> bool {
        self.sending.is_some()
    }

    /// Another conversation's drafts are about to take the place of this one's.
    pub fn leave(&mut self, scope: Option<ConversationId>) {
        let typed = self.draft();
        if let Some(sending) = self.sending.as_mut().filter(|s| s.scope == scope) {
            sending.typed = typed;
        }
    }

    /// The send was accepted: its draft is a row now. Gives the conversation it was sent to, `None` inside for one that
    /// it created.
    pub fn sent(&mut self, question: MessageId) -> Option<Option<ConversationId>> {
        let sent = self
            .sending
            .take_if(|sending| sending.question == question)?;
        Some(sent.scope)
    }

    /// The send was refused: its draft is back. `here` = the open conversation.
    pub fn refused(&mut self, question: MessageId, here: Option<ConversationId>) -> Option<Back> {
        let sending = self
            .sending
            .take_if(|sending| sending.question == question)?;
        if sending.scope == here {
            self.put_back(sending.draft);
            return Some(Back::Here);
        }
        let draft = sending.draft.before(sending.typed);
        Some(Back::Elsewhere(sending.scope, draft))
    }

    /// Moves the draft to the stash; the commands keep it on disk.
    pub fn stash_draft(&mut self, scope: Option<ConversationId>) -> Vec<Command> {
        let draft = self.draft();
        self.put(Draft::default());
        self.stash(draft, scope)
    }

    /// Puts words that stand nowhere on top of the stash; the commands keep it on disk.
    pub fn stash(&mut self, draft: Draft, scope: Option<ConversationId>) -> Vec<Command> {
        self.push_stash(draft);
        // No slot is overwritten before what it held stands in the next one.
        let mut commands = self.keep_all(scope);
        commands.reverse();
        commands
    }

    /// Brings the newest stashed draft back into an empty composer.
    pub fn unstash(&mut self, scope: Option<ConversationId>) -> Vec<Command> {
        if self.stash.is_empty() || !self.is_empty() {
            return Vec::new();
        }
        let draft = self.stash.remove(0);
        self.put(draft);
        let mut commands = self.keep_all(scope);
        // The slot that the shorter stash no longer uses.
        let slot = -(i32::try_from(self.stash.len()).unwrap_or(0) + 1);
        commands.push(keep(scope, slot, Draft::default()));
        commands
    }

    /// The commands that keep draft and stash.
    pub fn keep_all(&mut self, scope: Option<ConversationId>) -> Vec<Command> {
        self.changed_at = None;
        let mut commands = vec![keep(scope, 0, self.draft())];
        commands.extend(self.keep_stash(scope));
        commands
    }

    /// The commands that keep the stash.
    fn keep_stash(&mut self, scope: Option<ConversationId>) -> Vec<Command> {
        self.is_stash_changed = false;
        let mut commands = Vec::new();
        for (slot, draft) in (1..).zip(&self.stash) {
            commands.push(keep(scope, -slot, draft.clone()));
        }
        commands
    }

    /// The commands that keep the stash if it is other than on disk.
    pub fn settle(&mut self, scope: Option<ConversationId>) -> Vec<Command> {
        match self.is_stash_changed {
            true => {
                let mut commands = self.keep_stash(scope);
                commands.reverse();
                commands
            }
            false => Vec::new(),
        }
    }

    /// The command that keeps a changed draft, once its time has come or at once when `is_leaving`.
    pub fn keep_due(
        &mut self,
        scope: Option<ConversationId>,
        tick: u64,
        is_leaving: bool,
    ) -> Option<Command> {
        let changed_at = self.changed_at?;
        if !is_leaving && tick < changed_at + KEEP_AFTER {
            return None;
        }
        self.changed_at = None;
        Some(keep(scope, 0, self.draft()))
    }

    /// When the draft is to be kept, in ticks.
    pub fn deadline(&self) -> Option<u64> {
        self.changed_at.map(|at| at + KEEP_AFTER)
    }
}

/// The command that keeps a draft. A key typed behind its word is not kept (spec section 10).
pub fn keep(scope: Option<ConversationId>, slot: i32, draft: Draft) -> Command {
    let draft = match holds_key(draft.text.trim()) {
        true => Draft::default(),
        false => draft,
    };
    Command::Chat(Chat::KeepDraft { scope, slot, draft })
}

/// Whether a line is `/key` with more behind it, also as the draft of another word such as `/stash`.
fn holds_key(text: &str) -> bool {
    if text.contains('\n') {
        return false;
    }
    match text.split_once(' ') {
        Some(("/key", _)) => true,
        Some((word, rest)) => word.starts_with('/') && rest.trim_start().starts_with("/key "),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_key_behind_its_word_is_kept_off_the_disk() {
        for text in [
            "/key openai sk-1",
            "/stash /key openai sk-1",
            "/editor  /key lab x",
        ] {
            assert!(holds_key(text), "{text}");
        }
        for text in [
            "/key",
            "/home/ann/key file is where?",
            "what does /key do",
            "/key a\nb",
        ] {
            assert!(!holds_key(text), "{text}");
        }
    }
}
