//! The words of a growing reply: all of them, those not yet shown, and how long the reasoning took. Pure.

use std::time::Duration;

use tokio::time::Instant;

use crate::protocol::Step;

/// Words are announced at most once in this time: well below a frame, so that two clocks of a frame do not add up.
const PAUSE: Duration = Duration::from_millis(4);
/// Text is on disk at least this often (decisions 2.9).
const SAVE: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Thought,
}

/// What has come so far. Text and reasoning are kept apart and only ever appended.
#[derive(Debug, Default)]
pub struct Words {
    pub text: String,
    pub thought: String,
    /// Not yet announced, in the order it came; neighbours of one kind are one piece.
    fresh: Vec<(Kind, String)>,
    shown_at: Option<Instant>,
    show_at: Option<Instant>,
    save_at: Option<Instant>,
    /// When the reasoning that still goes on began.
    thinking_since: Option<Instant>,
    thought_for: Duration,
    has_new: bool,
}

impl Words {
    /// Words of a reply that begins with these.
    pub fn beginning_with(kept: &str) -> Words {
        Words {
            text: kept.to_owned(),
            ..Words::default()
        }
    }

    /// Takes more of the answer.
    pub fn add_text(&mut self, piece: &str, now: Instant) {
        if piece.is_empty() {
            return;
        }
        self.stop_thinking(now);
        self.text.push_str(piece);
        self.add(Kind::Text, piece, now);
    }

    /// Takes more reasoning.
    pub fn add_thought(&mut self, piece: &str, now: Instant) {
        if piece.is_empty() {
            return;
        }
        self.thinking_since.get_or_insert(now);
        self.thought.push_str(piece);
        self.add(Kind::Thought, piece, now);
    }

    fn add(&mut self, kind: Kind, piece: &str, now: Instant) {
        self.has_new = true;
        match self.fresh.last_mut() {
            Some((last, text)) if *last == kind => text.push_str(piece),
            _ => self.fresh.push((kind, piece.to_owned())),
        }
        let next = self.shown_at.map_or(now, |shown| (shown + PAUSE).max(now));
        self.show_at.get_or_insert(next);
        self.save_at.get_or_insert(now + SAVE);
    }

    fn stop_thinking(&mut self, now: Instant) {
        if let Some(since) = self.thinking_since.take() {
            self.thought_for += now - since;
        }
    }

    /// Whether any word came, beside those it began with.
    pub fn has_new(&self) -> bool {
        self.has_new
    }

    /// When fresh words are due on the screen; `None` when there are none.
    pub fn show_at(&self) -> Option<Instant> {
        self.show_at
    }

    /// When words are due on disk; `None` when all are there.
    pub fn save_at(&self) -> Option<Instant> {
        self.save_at
    }

    /// They are on disk now, or that failed: the next save is due with the next words.
    pub fn saved(&mut self) {
        self.save_at = None;
    }

    /// The oldest fresh words, to be announced now. `None` when there are none.
    pub fn take_fresh(&mut self, now: Instant) -> Option<Step> {
        if self.fresh.is_empty() {
            self.show_at = None;
            return None;
        }
        let (kind, text) = self.fresh.remove(0);
        self.shown_at = Some(now);
        self.show_at = (!self.fresh.is_empty()).then_some(now);
        Some(match kind {
            Kind::Text => Step::Grew { text },
            Kind::Thought => Step::Thought { text },
        })
    }

    /// The face has no room for words now: they are tried again a frame later.
    pub fn put_off(&mut self, now: Instant) {
        self.show_at = self.show_at.map(|_| now + PAUSE);
    }

    /// The reasoning and the milliseconds it took by now; `None` when there was none.
    pub fn thinking(&self, now: Instant) -> Option<(&str, u64)> {
        let going = self.thinking_since.map_or(Duration::ZERO, |s| now - s);
        (!self.thought.is_empty())
            .then_some((self.thought.as_str(), millis(self.thought_for + going)))
    }
}

/// Whole milliseconds.
pub fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grew(text: &str) -> Option<Step> {
        Some(Step::Grew { text: text.into() })
    }

    #[test]
    fn the_first_word_is_due_at_once_and_later_ones_after_a_pause() {
        let (mut words, start) = (Words::default(), Instant::now());
        let at = |ms: u64| start + Duration::from_millis(ms);
        words.add_text("one", at(0));
        assert_eq!(words.show_at(), Some(at(0)));
        assert_eq!(words.take_fresh(at(0)), grew("one"));
        assert_eq!(words.show_at(), None);
        words.add_text(" two", at(1));
        words.add_text(" three", at(3));
        assert_eq!(words.show_at(), Some(at(4)));
        assert_eq!(words.take_fresh(at(4)), grew(" two three"));
        assert_eq!(words.take_fresh(at(4)), None);
        words.add_text(" four", at(400));
        assert_eq!(words.show_at(), Some(at(400)));
    }

    #[test]
    fn a_face_without_room_gets_everything_later_in_order() {
        let (mut words, start) = (Words::default(), Instant::now());
        words.add_thought("hm", start);
        words.add_text("a", start);
        words.put_off(start);
        assert_eq!(words.show_at(), Some(start + PAUSE));
        words.add_text("b", start);
        let thought = Step::Thought { text: "hm".into() };
        assert_eq!(words.take_fresh(start), Some(thought));
        assert_eq!(words.show_at(), Some(start));
        assert_eq!(words.take_fresh(start), grew("ab"));
        assert_eq!(words.text, "ab");
    }

    #[test]
    fn reasoning_is_timed_without_the_answer() {
        let (mut words, start) = (Words::default(), Instant::now());
        let at = |ms: u64| start + Duration::from_millis(ms);
        assert_eq!(words.thinking(at(5)), None);
        words.add_thought("a", at(100));
        words.add_thought("b", at(300));
        assert_eq!(words.thinking(at(350)), Some(("ab", 250)));
        words.add_text("x", at(600));
        assert_eq!(words.thinking(at(9000)), Some(("ab", 500)));
        words.add_thought("c", at(700));
        words.add_text("y", at(800));
        assert_eq!(words.thinking(at(9000)), Some(("abc", 600)));
    }

    #[test]
    fn words_are_due_on_disk_two_seconds_after_the_first_unsaved_one() {
        let (mut words, start) = (Words::default(), Instant::now());
        assert_eq!(words.save_at(), None);
        words.add_text("a", start);
        words.add_text("b", start + Duration::from_secs(1));
        assert_eq!(words.save_at(), Some(start + SAVE));
        words.saved();
        assert_eq!(words.save_at(), None);
    }

    #[test]
    fn kept_words_are_not_new() {
        let mut words = Words::beginning_with("kept");
        assert!(!words.has_new());
        words.add_text("", Instant::now());
        assert!(!words.has_new());
        words.add_text(" on", Instant::now());
        assert_eq!(words.text, "kept on");
        assert!(words.has_new());
    }
}
