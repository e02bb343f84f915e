//! Messages that wait for the reply before them (spec C4), by conversation, and the chips they are shown as.
//!
//! A message keeps the slot it is kept in on disk until it is accepted; slots are never given twice, so that one write
//! is enough for each change and a kill between two leaves nothing lost and nothing double.

use std::collections::HashMap;

use crate::domain::clean::Clean;
use crate::domain::conversation::Draft;
use crate::domain::id::{ConversationId, MessageId};
use crate::protocol::Command;
use crate::tui::pane::composer::{Above, keep};
use crate::tui::theme::Tone;

/// Most chips that are shown; of more the first ones.
const CHIPS: usize = 3;
/// Longest part of a message that is looked at for its chip, in characters.
const WORDS: usize = 400;

/// What a queue belongs to; `None` = the conversation not yet created.
type Scope = Option<ConversationId>;

/// The messages that wait in one conversation, the next one first.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: Vec<(i32, Draft)>,
    /// The question made from the first one, asked and neither accepted nor refused.
    leaving: Option<MessageId>,
    /// They wait for the user: after a stop, a failure or a start.
    is_held: bool,
    /// The highest slot that was ever used.
    last: i32,
}

impl Queue {
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether they wait for the user and not for a reply.
    pub fn is_held(&self) -> bool {
        self.is_held
    }

    /// Whether the first one is on its way.
    pub fn is_leaving(&self) -> bool {
        self.leaving.is_some()
    }

    /// What is shown of it: what they wait for, then a line a message. Nothing when none waits. `send` is the key that
    /// sends.
    pub fn lines(&self, send: &str) -> Vec<Above> {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        let line = |words: String, tone| Above {
            mark: Clean::default(),
            words: Clean::line(&words),
            tone,
        };
        let held = format!("not sent: {send} when empty sends them, ↑ takes the last");
        let mut lines = vec![match (self.is_held, self.leaving) {
            (_, Some(_)) => line("queued: the next one is on its way".to_owned(), Tone::Dim),
            (false, None) => line(
                "queued until the reply is complete, ↑ takes the last".to_owned(),
                Tone::Dim,
            ),
            (true, None) => line(held, Tone::Warning),
        }];
        let most = match self.waiting.len() {
            0..=CHIPS => CHIPS,
            _ => CHIPS - 1,
        };
        for (number, (_, draft)) in (1..).zip(&self.waiting).take(most) {
            let words: String = draft.text.chars().take(WORDS).collect();
            lines.push(Above {
                mark: Clean::line(&format!("{number} ")),
                words: Clean::line(words.trim()),
                tone: Tone::Dim,
            });
        }
        let more = self.waiting.len().saturating_sub(most);
        if more > 0 {
            lines.push(line(format!("… and {more} more"), Tone::Dim));
        }
        lines
    }
}

/// The queues of all conversations the face knows of.
#[derive(Debug, Default)]
pub struct Queues {
    of: HashMap<Scope, Queue>,
}

impl Queues {
    /// The queue of a conversation, if one was ever there.
    pub fn get(&self, scope: Scope) -> Option<&Queue> {
        self.of.get(&scope)
    }

    /// How many wait there.
    pub fn len(&self, scope: Scope) -> usize {
        self.of.get(&scope).map_or(0, Queue::len)
    }

    /// Takes in what is on disk and was not known yet: it waits for the user.
    pub fn load(&mut self, scope: Scope, drafts: &[(i32, Draft)]) {
        let known = self.of.get(&scope).map_or(0, |queue| queue.last);
        let mut new: Vec<(i32, Draft)> = drafts
            .iter()
            .filter(|(slot, _)| *slot > known)
            .cloned()
            .collect();
        new.sort_by_key(|(slot, _)| *slot);
        let Some((last, _)) = new.last() else { return };
        let queue = self.of.entry(scope).or_default();
        queue.last = *last;
        queue.is_held = true;
        queue.waiting.extend(new);
    }

    /// One more waits; the command keeps it.
    pub fn add(&mut self, scope: Scope, draft: Draft) -> Command {
        let queue = self.of.entry(scope).or_default();
        queue.last += 1;
        queue.waiting.push((queue.last, draft.clone()));
        keep(scope, queue.last, draft)
    }

    /// Takes the last one out, unless it is on its way. Its slot is free once what it says is kept elsewhere.
    pub fn take_last(&mut self, scope: Scope) -> Option<(i32, Draft)> {
        let queue = self.of.get_mut(&scope)?;
        if queue.leaving.is_some() && queue.waiting.len() == 1 {
            return None;
        }
        let last = queue.waiting.pop();
        queue.is_held &= !queue.waiting.is_empty();
        last
    }

    /// The next one leaves as this question; `None` when there is none, or one is on its way.
    pub fn leave(&mut self, scope: Scope, question: MessageId) -> Option<(i32, Draft)> {
        let queue = self.of.get_mut(&scope)?;
        if queue.leaving.is_some() {
            return None;
        }
        let next = queue.waiting.first()?.clone();
        queue.leaving = Some(question);
        queue.is_held = false;
        Some(next)
    }

    /// The one that left is a row now.
    pub fn accepted(&mut self, scope: Scope, question: MessageId) {
        let left = |queue: &&mut Queue| queue.leaving == Some(question);
        if let Some(queue) = self.of.get_mut(&scope).filter(left) {
            queue.leaving = None;
            queue.waiting.remove(0);
        }
    }

    /// The one that left was refused: it stays, and all wait for the user.
    pub fn refused(&mut self, scope: Scope, question: MessageId) {
        let left = |queue: &&mut Queue| queue.leaving == Some(question);
        if let Some(queue) = self.of.get_mut(&scope).filter(left) {
            queue.leaving = None;
            queue.is_held = true;
        }
    }

    /// They wait for the user from now on.
    pub fn hold(&mut self, scope: Scope) {
        if let Some(queue) = self.of.get_mut(&scope) {
            queue.is_held = !queue.is_empty();
        }
    }

    /// They wait for the reply again.
    pub fn release(&mut self, scope: Scope) {
        if let Some(queue) = self.of.get_mut(&scope) {
            queue.is_held = false;
        }
    }

    /// What waited for a conversation waits in another one, behind what waits there, and for the user. The slots are
    /// those the store gives when it moves drafts; the commands move what it did not know of.
    pub fn moved(&mut self, from: Scope, to: Scope) -> Vec<Command> {
        let Some(left) = self.of.remove(&from).filter(|queue| !queue.is_empty()) else {
            return Vec::new();
        };
        let queue = self.of.entry(to).or_default();
        let above = queue.waiting.last().map_or(0, |(slot, _)| *slot);
        let mut commands = Vec::new();
        for (slot, draft) in left.waiting {
            commands.push(keep(to, above + slot, draft.clone()));
            commands.push(keep(from, slot, Draft::default()));
            queue.last = queue.last.max(above + slot);
            queue.waiting.push((above + slot, draft));
        }
        queue.is_held = true;
        commands
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const HERE: Scope = Some(ConversationId(Uuid::from_u128(1)));
    const QUESTION: MessageId = MessageId(Uuid::from_u128(2));

    fn words(queues: &Queues, scope: Scope) -> Vec<(i32, String)> {
        let waiting = queues.get(scope).map(|queue| queue.waiting.iter());
        let words = waiting.into_iter().flatten();
        words
            .map(|(slot, draft)| (*slot, draft.text.clone()))
            .collect()
    }

    #[test]
    fn a_slot_is_never_given_twice_and_what_left_is_not_loaded_again() {
        let mut queues = Queues::default();
        let on_disk = [
            (2, Draft::of("b")),
            (-1, Draft::of("s")),
            (1, Draft::of("a")),
        ];
        queues.load(HERE, &on_disk);
        assert!(queues.get(HERE).unwrap().is_held());
        assert_eq!(queues.leave(HERE, QUESTION).unwrap().0, 1);
        assert_eq!(queues.leave(HERE, QUESTION), None);
        queues.accepted(HERE, QUESTION);
        assert_eq!(queues.take_last(HERE).unwrap().1.text, "b");
        queues.add(HERE, Draft::of("c"));
        queues.load(HERE, &on_disk);
        assert_eq!(words(&queues, HERE), [(3, "c".to_owned())]);
        assert!(!queues.get(HERE).unwrap().is_held());
    }

    #[test]
    fn one_on_its_way_is_not_taken_back_and_a_refused_one_stays() {
        let mut queues = Queues::default();
        queues.add(HERE, Draft::of("a"));
        queues.leave(HERE, QUESTION);
        assert_eq!(queues.take_last(HERE), None);
        queues.refused(HERE, QUESTION);
        assert!(queues.get(HERE).unwrap().is_held());
        assert_eq!(words(&queues, HERE), [(1, "a".to_owned())]);
    }

    #[test]
    fn what_moves_stands_behind_what_waits_there() {
        let mut queues = Queues::default();
        queues.load(None, &[(4, Draft::of("new"))]);
        queues.add(HERE, Draft::of("a"));
        queues.add(HERE, Draft::of("b"));
        let commands = queues.moved(HERE, None);
        let expected = [(4, "new"), (5, "a"), (6, "b")].map(|(n, w)| (n, w.to_owned()));
        assert_eq!(words(&queues, None), expected);
        assert_eq!(commands.len(), 4);
        assert_eq!(commands[0], keep(None, 5, Draft::of("a")));
        assert_eq!(commands[1], keep(HERE, 1, Draft::default()));
        assert!(words(&queues, HERE).is_empty());
    }
}
