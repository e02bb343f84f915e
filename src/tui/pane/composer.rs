//! The composer: the draft, its stash, an earlier question shown in its place, and what was sent but not yet accepted.

use ratatui::layout::{Position, Rect};

use crate::domain::clean::Clean;
use crate::domain::conversation::Draft;
use crate::domain::failure::Failure;
use crate::domain::id::{ConversationId, MessageId, PromptId};
use crate::protocol::{Chat, Command};
use crate::tui::canvas::{Canvas, cut};
use crate::tui::text::edit::Editor;
use crate::tui::text::row::Row;
use crate::tui::text::wrap::plain;
use crate::tui::theme::{Look, Tone};

/// A changed draft goes to the engine this long after the first key that changed it, in ms (spec C12: within a second).
const KEEP_AFTER: u64 = 400;
/// Most rows the text takes.
const MOST_ROWS: u16 = 10;
/// Most rows the notice takes.
const MOST_NOTICE: u16 = 5;
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
        self.push_stash(draft);
        self.keep_all(scope)
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
            true => self.keep_stash(scope),
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

    /// Rows the composer wants at this width: notice, edit mark, text.
    pub fn height(&mut self, width: u16, most: u16) -> u16 {
        let text = u16::try_from(self.editor.measure(width.saturating_sub(1)))
            .unwrap_or(MOST_ROWS)
            .clamp(1, MOST_ROWS);
        (text + self.rows_above(width)).min(most.max(1))
    }

    /// Rows of notice, queue and edit mark.
    fn rows_above(&self, width: u16) -> u16 {
        let notice = u16::try_from(self.notice_rows(width).len()).unwrap_or(MOST_ROWS);
        let above = u16::try_from(self.above.len()).unwrap_or(MOST_ROWS);
        notice + above + u16::from(self.edit_of.is_some())
    }

    /// The notice in at most this width.
    fn notice_rows(&self, width: u16) -> Vec<Row> {
        let Some(failure) = &self.notice else {
            return Vec::new();
        };
        let width = width.saturating_sub(1).max(1);
        let title = Clean::line(&format!("▲ {}", failure.title));
        let mut rows = plain(&title, Look::of(Tone::Error), width);
        if !failure.remedy.is_empty() {
            let remedy = Clean::line(&failure.remedy);
            rows.extend(plain(&remedy, Look::of(Tone::Dim), width));
        }
        rows.truncate(usize::from(MOST_NOTICE));
        rows
    }

    /// Takes its place on the screen.
    pub fn layout(&mut self, area: Rect) {
        self.area = area;
        self.editor.layout(self.text_area());
    }

    /// Whether the caret is in the first row, where ↑ brings the stash back.
    pub fn is_at_first_row(&mut self) -> bool {
        let width = self.text_area().width;
        self.editor.is_at_first_row(width)
    }

    /// Whether the caret is in the last row.
    pub fn is_at_last_row(&mut self) -> bool {
        let width = self.text_area().width;
        self.editor.is_at_last_row(width)
    }

    fn text_area(&self) -> Rect {
        let above = self
            .rows_above(self.area.width)
            .min(self.area.height.saturating_sub(1));
        Rect {
            x: self.area.x + 1.min(self.area.width),
            y: self.area.y + above,
            width: self.area.width.saturating_sub(1),
            height: self.area.height - above,
        }
    }

    /// Draws notice and text.
    pub fn paint(&self, canvas: &mut Canvas<'_>, is_focused: bool) {
        let mut y = 0;
        for row in self.notice_rows(self.area.width) {
            let line = Rect {
                x: self.area.x + 1,
                y: self.area.y + y,
                width: self.area.width.saturating_sub(1),
                height: 1,
            };
            row.paint(canvas.buffer, line.intersection(self.area), canvas.theme);
            y += 1;
        }
        // A line that has no room gives way to the text.
        let last = self.text_area().y - self.area.y - u16::from(self.edit_of.is_some());
        for line in &self.above {
            if y < last {
                let x = canvas.put(self.area, (1, y), &line.mark, Look::of(Tone::Accent));
                let words = cut(&line.words, self.area.width.saturating_sub(x));
                canvas.put(self.area, (x, y), &words, Look::of(line.tone));
                y += 1;
            }
        }
        if self.edit_of.is_some() {
            let mark = Clean::own("editing a question · ⏎ new branch · Esc leaves it");
            canvas.put(
                self.area,
                (1, y),
                &cut(&mark, self.area.width.saturating_sub(1)),
                Look::of(Tone::Warning),
            );
        }
        let text = self.text_area();
        let bar = if is_focused {
            Look::of(Tone::Accent)
        } else {
            Look::of(Tone::Dim)
        };
        let column = Rect {
            x: self.area.x,
            width: 1,
            ..text
        };
        for y in 0..text.height {
            canvas.put(column, (0, y), &Clean::own("▏"), bar);
        }
        self.editor.paint(canvas.buffer, text, canvas.theme);
        // Bytes are counted for nothing; only a text that may be too long is counted by its characters.
        let chars = if self.editor.len() > self.most_chars {
            self.editor.text().chars().count()
        } else {
            0
        };
        if chars > self.most_chars {
            let count = Clean::line(&format!(" {chars} characters"));
            canvas.put_right(
                text,
                (0, text.height.saturating_sub(1)),
                &count,
                Look::of(Tone::Warning),
            );
        }
    }

    /// The cell of the caret.
    pub fn caret(&self) -> Option<Position> {
        self.editor.caret_cell(self.text_area())
    }
}

/// The command that keeps a draft.
pub fn keep(scope: Option<ConversationId>, slot: i32, draft: Draft) -> Command {
    Command::Chat(Chat::KeepDraft { scope, slot, draft })
}
