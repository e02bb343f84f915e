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
    /// The title of its conversation.
    pub title: String,
}

/// What it waits for.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Nothing is asked before that moment.
    pub until: Millis,
    /// Set where there is no end to count down to.
    pub since: Option<Millis>,
    pub why: String,
    /// The retry that follows, of two; 0 = it is none.
    pub attempt: u32,
}

/// How an answer comes, by the clock of the screen (ticks).
#[derive(Clone, Debug, Default)]
pub struct Pace {
    /// Bytes of the answer that came since it began.
    bytes: u64,
    started: u64,
    first_word: Option<u64>,
    first_thought: Option<u64>,
    waiting: Option<Waiting>,
}

impl Pace {
    /// An answer asked for at this tick.
    pub fn started(tick: u64) -> Pace {
        Pace {
            started: tick,
            ..Pace::default()
        }
    }

    /// It waits for this until something comes.
    pub fn wait(&mut self, waiting: Waiting) {
        self.waiting = Some(waiting);
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
        if let Some(waiting) = &self.waiting {
            return match waiting.since {
                Some(since) => lasting((now.0 - since.0).max(0), &waiting.why, room),
                None => waiting.words((waiting.until.0 - now.0).max(0), room),
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

impl Waiting {
    /// A wait of so many milliseconds more in so many cells: the seconds stay longer than the reason.
    fn words(&self, ms: i64, room: u16) -> String {
        let (why, left) = (&self.why, time_words(ms.unsigned_abs().div_ceil(1000)));
        let then = match self.attempt {
            0 => format!("sends in {left}"),
            n => format!("retry {n} of 2 in {left}"),
        };
        [
            format!("{why} · {then} · Esc stops"),
            format!("{why}, {left} · Esc stops"),
            format!("{then} · Esc stops"),
            format!("{left} · Esc stops"),
        ]
        .into_iter()
        .find(|words| width(words) <= room)
        .unwrap_or_else(|| "Esc stops".to_owned())
    }
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
        let mut waiting = Waiting {
            until: Millis(0),
            since: None,
            why: "openrouter asks to slow down".to_owned(),
            attempt: 1,
        };
        let words = |waiting: &Waiting, room| waiting.words(19_001, room);
        assert_eq!(
            words(&waiting, 70),
            "openrouter asks to slow down · retry 1 of 2 in 20 s · Esc stops"
        );
        assert_eq!(
            words(&waiting, 50),
            "openrouter asks to slow down, 20 s · Esc stops"
        );
        assert_eq!(words(&waiting, 40), "retry 1 of 2 in 20 s · Esc stops");
        assert_eq!(words(&waiting, 20), "20 s · Esc stops");
        assert_eq!(words(&waiting, 10), "Esc stops");
        waiting.attempt = 0;
        assert_eq!(words(&waiting, 40), "sends in 20 s · Esc stops");
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
