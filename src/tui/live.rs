//! A reply being written by this salon.

use crate::domain::message::Message;
use crate::domain::when::Millis;

/// A reply being written by this salon, with all its words: what a reopened conversation shows in place of the row.
#[derive(Clone, Debug)]
pub struct Live {
    pub reply: Message,
    pub thinking: String,
    /// Bytes of the answer that came since it began.
    pub bytes: u64,
    pub started: u64,
    pub first_word: Option<u64>,
    pub first_thought: Option<u64>,
    /// Nothing is asked before that moment.
    pub waiting: Option<(Millis, String)>,
}

impl Live {
    /// One line on how it goes, by the clock of the screen: the foot of a growing reply.
    pub fn words(&self, tick: u64, now: Millis) -> String {
        if let Some((until, why)) = &self.waiting {
            let left = (until.0 - now.0).max(0).unsigned_abs().div_ceil(1000);
            return format!("{why}, {left} s · Esc stops");
        }
        let Some(first) = self.first_word else {
            let what = if self.first_thought.is_some() {
                "thinking"
            } else {
                "waiting"
            };
            return format!("{what} {} s · Esc stops", (tick - self.started) / 1000);
        };
        let tokens = estimate_tokens(self.bytes);
        let ms = (tick - first).max(1);
        let rate = tokens * 1000 / ms;
        let seconds = (tick - self.started) / 100;
        format!(
            "writing · {}.{} s · ≈{tokens} tok · {rate} tok/s · Esc stops",
            seconds / 10,
            seconds % 10
        )
    }
}

/// Tokens of so many bytes of mixed text, near enough for a running figure.
fn estimate_tokens(bytes: u64) -> u64 {
    bytes.div_ceil(4)
}
