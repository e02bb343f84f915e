//! A reply being written by this salon.

use crate::domain::message::Message;
use crate::domain::when::Millis;
use crate::tui::canvas::width;

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
    pub waiting: Option<Waiting>,
}

/// What it waits for.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Nothing is asked before that moment.
    pub until: Millis,
    /// Set where there is no end to count down to.
    pub since: Option<Millis>,
    pub why: String,
}

impl Live {
    /// One line on how it goes, by the clock of the screen: the foot of a growing reply. What has no room in so many
    /// cells is left out; how to stop it is said last of all and never left out.
    pub fn words(&self, tick: u64, now: Millis, room: u16) -> String {
        if let Some(Waiting { until, since, why }) = &self.waiting {
            return match since {
                Some(since) => lasting((now.0 - since.0).max(0), why, room),
                None => wait_words((until.0 - now.0).max(0), why, room),
            };
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
            let lasted = time_words((tick - self.started) / 1000);
            return vec![format!("{what} {lasted}"), stops];
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

/// What has lasted so many milliseconds without an end in sight, in so many cells.
fn lasting(ms: i64, why: &str, room: u16) -> String {
    let lasted = time_words(ms.unsigned_abs() / 1000);
    [
        format!("{why}, {lasted} · Esc stops"),
        format!("waiting {lasted} · Esc stops"),
    ]
    .into_iter()
    .find(|words| width(words) <= room)
    .unwrap_or_else(|| "Esc stops".to_owned())
}

/// `23 s`, `2:10`.
fn time_words(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        _ => format!("{}:{:02}", seconds / 60, seconds % 60),
    }
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

    #[test]
    fn what_has_no_end_in_sight_is_counted_up() {
        let words = |ms, room| lasting(ms, "lab is loading the model", room);
        assert_eq!(
            words(23_900, 60),
            "lab is loading the model, 23 s · Esc stops"
        );
        assert_eq!(
            words(130_000, 60),
            "lab is loading the model, 2:10 · Esc stops"
        );
        assert_eq!(words(130_000, 30), "waiting 2:10 · Esc stops");
        assert_eq!(words(130_000, 10), "Esc stops");
    }
}
