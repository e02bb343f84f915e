//! A reply being written by this salon.

use crate::domain::message::Message;
use crate::domain::when::Millis;
use crate::tui::canvas::width;

/// A reply being written by this salon, with all its words: what a reopened conversation shows in place of the row.
#[derive(Clone, Debug)]
pub struct Live {
    pub reply: Message,
    pub thinking: String,
    pub pace: Pace,
}

/// How an answer comes, by the clock of the screen (ticks).
#[derive(Clone, Debug, Default)]
pub struct Pace {
    /// Bytes of the answer that came since it began.
    bytes: u64,
    started: u64,
    first_word: Option<u64>,
    first_thought: Option<u64>,
    /// Nothing is asked before that moment.
    waiting: Option<(Millis, String)>,
}

impl Pace {
    /// An answer asked for at this tick.
    pub fn started(tick: u64) -> Pace {
        Pace {
            started: tick,
            ..Pace::default()
        }
    }

    /// Nothing is asked before that moment.
    pub fn wait(&mut self, until: Millis, why: String) {
        self.waiting = Some((until, why));
    }

    /// Reasoning came.
    pub fn thought(&mut self, tick: u64) {
        self.waiting = None;
        self.first_thought.get_or_insert(tick);
    }

    /// Words came.
    pub fn grew(&mut self, tick: u64, text: &str) {
        self.waiting = None;
        self.first_word.get_or_insert(tick);
        self.bytes += u64::try_from(text.len()).unwrap_or(0);
    }

    /// One line on how it goes, by the clock of the screen: the foot of a growing reply. What has no room in so many
    /// cells is left out; how to stop it is said last of all and never left out.
    pub fn words(&self, tick: u64, now: Millis, room: u16) -> String {
        if let Some((until, why)) = &self.waiting {
            return wait_words((until.0 - now.0).max(0), why, room);
        }
        let mut parts = self.parts(tick);
        let words = |parts: &[String]| parts.join(" · ");
        while parts.len() > 1 && width(&words(&parts)) > room {
            parts.remove(parts.len() - 2);
        }
        words(&parts)
    }

    fn parts(&self, tick: u64) -> Vec<String> {
        let stops = "Esc stops".to_owned();
        let Some(first) = self.first_word else {
            let what = if self.first_thought.is_some() {
                "thinking"
            } else {
                "waiting"
            };
            let seconds = (tick - self.started) / 1000;
            return vec![format!("{what} {seconds} s"), stops];
        };
        let tokens = estimate_tokens(self.bytes);
        let tenths = (tick - self.started) / 100;
        let mut parts = vec![
            "writing".to_owned(),
            format!("{}.{} s", tenths / 10, tenths % 10),
            format!("≈{tokens} tok"),
        ];
        // A rate over less than a second says nothing.
        let ms = tick - first;
        if ms >= 1_000 {
            parts.push(format!("{} tok/s", tokens * 1000 / ms));
        }
        parts.push(stops);
        parts
    }
}

/// A wait of so many milliseconds in so many cells: the seconds stay longer than the reason.
fn wait_words(ms: i64, why: &str, room: u16) -> String {
    let left = ms.unsigned_abs().div_ceil(1000);
    [
        format!("{why}, {left} s · Esc stops"),
        format!("asks again in {left} s · Esc stops"),
        format!("{left} s · Esc stops"),
    ]
    .into_iter()
    .find(|words| width(words) <= room)
    .unwrap_or_else(|| "Esc stops".to_owned())
}

/// Tokens of so many bytes of mixed text, near enough for a running figure.
fn estimate_tokens(bytes: u64) -> u64 {
    bytes.div_ceil(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_keeps_its_seconds_where_the_reason_has_no_room() {
        let words = |room| wait_words(19_001, "openrouter asks to slow down", room);
        assert_eq!(words(60), "openrouter asks to slow down, 20 s · Esc stops");
        assert_eq!(words(36), "asks again in 20 s · Esc stops");
        assert_eq!(words(20), "20 s · Esc stops");
        assert_eq!(words(10), "Esc stops");
    }
}
