//! When the next sending is due. Pure: it is handed every moment.

use std::time::Duration;

use tokio::time::Instant;

/// From a change to its sending, so that what follows at once goes along.
const SOON: Duration = Duration::from_millis(1_500);
/// Between two sendings.
const SPACE: Duration = Duration::from_secs(10);
/// After failures: three quick tries, then long rests, because a salon at rest rests (spec S5).
const BACK_OFF: [u64; 5] = [5, 15, 30, 600, 1_800];
/// What has to be mended is looked at again after so long.
const MENDED: Duration = Duration::from_secs(1_800);
/// A new change shortens a rest to so long after the last try: somebody is there.
const PRESENT: Duration = Duration::from_secs(60);
/// While another salon is sending.
const ASIDE: Duration = Duration::from_millis(500);

/// The beat of one hub.
#[derive(Debug, Default)]
pub(super) struct Beat {
    /// The first change not yet sent.
    changed: Option<Instant>,
    /// The end of the last try.
    tried: Option<Instant>,
    failures: usize,
    /// Not before this moment.
    rest: Option<Rest>,
}

#[derive(Clone, Copy, Debug)]
struct Rest {
    until: Instant,
    /// A new change may shorten it.
    is_short: bool,
}

impl Beat {
    /// Something changed.
    pub(super) fn changed(&mut self, now: Instant) {
        self.changed.get_or_insert(now);
        if let Some(rest) = &mut self.rest
            && rest.is_short
            && let Some(tried) = self.tried
        {
            rest.until = rest.until.min((tried + PRESENT).max(now + SOON));
        }
    }

    /// Everything is sent that was there when the sending began, at `began`.
    pub(super) fn sent(&mut self, began: Instant, now: Instant) {
        self.changed = self.changed.filter(|changed| *changed > began);
        self.tried = Some(now);
        self.failures = 0;
        self.rest = None;
    }

    /// The hub was away; `random` from 0 to 1 spreads the next try by a quarter to each side. When it is due.
    pub(super) fn away(&mut self, now: Instant, random: f64) -> Instant {
        let at = self.failures.min(BACK_OFF.len() - 1);
        let seconds = Duration::from_secs(BACK_OFF[at]);
        self.failures += 1;
        self.rest_for(seconds.mul_f64(0.75 + 0.5 * random), now, true)
    }

    /// Something has to be mended. When it is looked at again.
    pub(super) fn broken(&mut self, now: Instant, random: f64) -> Instant {
        self.failures += 1;
        self.rest_for(MENDED.mul_f64(0.75 + 0.5 * random), now, false)
    }

    /// Another salon is sending; that is no failure.
    pub(super) fn wait(&mut self, now: Instant) {
        self.rest_for(ASIDE, now, true);
    }

    fn rest_for(&mut self, long: Duration, now: Instant, is_short: bool) -> Instant {
        let until = now + long;
        self.tried = Some(now);
        self.rest = Some(Rest { until, is_short });
        until
    }

    /// When to send next; `None` = nothing to send.
    pub(super) fn due(&self) -> Option<Instant> {
        let changed = self.changed?;
        match self.rest {
            Some(rest) => Some(rest.until),
            None => {
                let spaced = self.tried.map(|tried| tried + SPACE);
                Some((changed + SOON).max(spaced.unwrap_or(changed)))
            }
        }
    }

    /// Whether the last try failed.
    pub(super) fn is_failing(&self) -> bool {
        self.failures > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[tokio::test(start_paused = true)]
    async fn changes_go_within_two_seconds_and_at_most_every_ten() {
        let start = Instant::now();
        let mut beat = Beat::default();
        assert_eq!(beat.due(), None);
        beat.changed(start);
        beat.changed(start + seconds(1));
        let due = beat.due().unwrap();
        assert!(due > start && due < start + seconds(2));
        beat.sent(due, due);
        assert_eq!(beat.due(), None, "nothing waits, nothing wakes");
        beat.changed(due + seconds(1));
        assert_eq!(beat.due(), Some(due + seconds(10)));
        // What changes while a sending runs is sent by the next one.
        let began = due + seconds(10);
        beat.sent(began, began + seconds(1));
        beat.changed(began + seconds(30));
        let mut other = Beat::default();
        other.changed(began + seconds(1));
        other.sent(began, began + seconds(2));
        assert_eq!(other.due(), Some(began + seconds(12)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_hub_that_is_away_is_left_in_peace_after_a_minute_and_a_half() {
        let start = Instant::now();
        for random in [0.0, 0.5, 1.0] {
            let mut beat = Beat::default();
            beat.changed(start);
            // A hub that does not answer costs ten seconds a try.
            let mut now = start + seconds(2);
            let mut tries = Vec::new();
            for _ in 0..6 {
                tries.push(now);
                now += seconds(10);
                now = beat.away(now, random);
                assert_eq!(beat.due(), Some(now));
            }
            let late = |at: &Instant| *at > start + seconds(115) && *at < start + seconds(400);
            assert!(!tries.iter().any(late), "{random}: {tries:?}");
            assert!(tries[5] - tries[4] >= seconds(1_350), "{tries:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_change_shortens_a_rest_unless_something_has_to_be_mended() {
        let start = Instant::now();
        let mut beat = Beat::default();
        beat.changed(start);
        for _ in 0..4 {
            beat.away(start, 0.5);
        }
        beat.changed(start + seconds(20));
        assert_eq!(beat.due(), Some(start + seconds(60)));
        beat.broken(start, 0.5);
        beat.changed(start + seconds(100));
        assert_eq!(beat.due(), Some(start + MENDED));
        beat.sent(start + seconds(200), start + seconds(200));
        assert!(beat.due().is_none() && !beat.is_failing());
    }
}
