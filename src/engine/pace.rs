//! How long to wait before the next request: the pace of sends (spec C7) and the retry rule (wire.md 7.4). Pure.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::domain::model::ModelRef;
use crate::provider::Retry;

/// The pace counts the sends of this long.
const WINDOW: Duration = Duration::from_mins(1);
/// Automatic attempts after the first.
pub const RETRIES: u32 = 2;
/// The longest wait a server may ask for without the user being asked.
const LONGEST: Duration = Duration::from_mins(2);

/// When sends left for each provider, or will.
#[derive(Debug, Default)]
pub struct Pace {
    sends: HashMap<String, VecDeque<Instant>>,
}

impl Pace {
    /// Books a send and tells when it may leave: at once, or as soon as fewer than `per_minute` left in the minute
    /// before. `per_minute` 0 = no pace.
    pub fn book(&mut self, provider: &str, per_minute: u32, now: Instant) -> Instant {
        let Ok(limit @ 1..) = usize::try_from(per_minute) else {
            return now;
        };
        let sends = self.sends.entry(provider.to_owned()).or_default();
        while sends.front().is_some_and(|at| *at + WINDOW <= now) {
            sends.pop_front();
        }
        let at = match sends.len().checked_sub(limit) {
            Some(before) => sends.get(before).map_or(now, |at| (*at + WINDOW).max(now)),
            None => now,
        };
        sends.push_back(at);
        at
    }

    /// Gives a booking back whose send never left.
    pub fn release(&mut self, provider: &str, booked: Instant) {
        if let Some(sends) = self.sends.get_mut(provider)
            && let Some(place) = sends.iter().rposition(|at| *at == booked)
        {
            sends.remove(place);
        }
    }
}

/// Models whose server asked for a longer wait than salon waits unasked. Whoever sends to one of them all the same has
/// agreed to wait.
#[derive(Debug, Default)]
pub struct Closed {
    until: watch::Sender<HashMap<ModelRef, Instant>>,
}

impl Closed {
    /// Nothing is sent to this model before that moment.
    pub fn close(&self, model: &ModelRef, until: Instant) {
        self.until.send_modify(|all| {
            all.insert(model.clone(), until);
        });
    }

    /// When a request to this model may leave, if not at once.
    pub fn until(&self, model: &ModelRef, now: Instant) -> Option<Instant> {
        let until = self.until.borrow().get(model).copied();
        until.filter(|until| *until > now)
    }
}

/// How long a server that is getting ready is asked again.
const LOADING: Duration = Duration::from_mins(1);
/// It is asked no more often than this.
const SHORTEST: Duration = Duration::from_secs(1);

/// What follows a failure before the first word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Ask again after this long.
    Wait(Duration),
    GiveUp,
    /// The server wants a longer wait than salon waits unasked.
    TooLong(Duration),
}

/// The retry rule: at most `RETRIES` further attempts; `min(8, 0.5·2^n)` seconds with up to a quarter taken off by
/// `random` (0 to 1), eight times that for a server that is overloaded, or as long as the server says, up to 120 s. A server that is getting ready is asked for a minute.
/// `attempt` counts the attempts that failed, from 0.
pub fn next(retry: Retry, attempt: u32, random: f64) -> Next {
    match retry {
        Retry::Never => Next::GiveUp,
        Retry::After(wait) if wait > LONGEST => Next::TooLong(wait),
        Retry::Poll(wait) => {
            let wait = wait.max(SHORTEST);
            match wait.checked_mul(attempt.saturating_add(1)) {
                Some(all) if all <= LOADING => Next::Wait(wait),
                _ => Next::GiveUp,
            }
        }
        Retry::Backoff | Retry::Slowly | Retry::After(_) if attempt >= RETRIES => Next::GiveUp,
        Retry::After(wait) => Next::Wait(wait),
        Retry::Backoff => Next::Wait(growing((0.5, 8.0), attempt, random)),
        Retry::Slowly => Next::Wait(growing((4.0, 30.0), attempt, random)),
    }
}

/// `min(most, first·2^attempt)` seconds with up to a quarter taken off.
fn growing((first, most): (f64, f64), attempt: u32, random: f64) -> Duration {
    let seconds = (first * f64::from(1_u32 << attempt.min(4))).min(most);
    Duration::from_secs_f64(seconds * (1.0 - 0.25 * random.clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_send_over_the_pace_waits_until_the_window_has_room() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        let at = |s: u64| start + Duration::from_secs(s);
        assert_eq!(pace.book("lab", 2, at(0)), at(0));
        assert_eq!(pace.book("lab", 2, at(10)), at(10));
        assert_eq!(pace.book("lab", 2, at(20)), at(60));
        assert_eq!(pace.book("lab", 2, at(21)), at(70));
        assert_eq!(pace.book("other", 2, at(21)), at(21));
        assert_eq!(pace.book("lab", 0, at(21)), at(21));
        assert_eq!(pace.book("lab", 2, at(500)), at(500));
    }

    #[test]
    fn no_minute_ever_holds_more_than_the_limit() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        let mut booked: Vec<Instant> = Vec::new();
        for step in 0..200_u64 {
            let now = start + Duration::from_millis(step * 1_700);
            let at = pace.book("lab", 10, now);
            assert!(at >= now);
            booked.push(at);
        }
        booked.sort();
        for eleven in booked.windows(11) {
            assert!(eleven[10] - eleven[0] >= WINDOW);
        }
    }

    #[test]
    fn a_booking_given_back_makes_room() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        pace.book("lab", 1, start);
        let waiting = pace.book("lab", 1, start);
        assert_eq!(waiting, start + WINDOW);
        pace.release("lab", waiting);
        assert_eq!(pace.book("lab", 1, start), start + WINDOW);
    }

    #[test]
    fn a_model_is_closed_until_its_moment() {
        let (closed, now) = (Closed::default(), Instant::now());
        let [one, other] = ["lab/one", "lab/other"].map(|name| name.parse::<ModelRef>().unwrap());
        let until = now + Duration::from_mins(10);
        closed.close(&one, until);
        assert_eq!(closed.until(&one, now), Some(until));
        assert_eq!(closed.until(&other, now), None);
        assert_eq!(closed.until(&one, until), None);
    }

    #[test]
    fn two_retries_and_the_server_knows_better() {
        assert_eq!(next(Retry::Never, 0, 0.0), Next::GiveUp);
        assert_eq!(
            next(Retry::Backoff, 0, 0.0),
            Next::Wait(Duration::from_millis(500))
        );
        assert_eq!(
            next(Retry::Backoff, 1, 0.0),
            Next::Wait(Duration::from_secs(1))
        );
        assert_eq!(
            next(Retry::Backoff, 1, 1.0),
            Next::Wait(Duration::from_millis(750))
        );
        assert_eq!(next(Retry::Backoff, 2, 0.0), Next::GiveUp);
        let slowly = [0, 1].map(|attempt| next(Retry::Slowly, attempt, 0.0));
        assert_eq!(slowly, [4, 8].map(|s| Next::Wait(Duration::from_secs(s))));
        assert_eq!(next(Retry::Slowly, 2, 0.0), Next::GiveUp);
        let told = Duration::from_secs(120);
        assert_eq!(next(Retry::After(told), 1, 1.0), Next::Wait(told));
        assert_eq!(next(Retry::After(told), 2, 1.0), Next::GiveUp);
        let poll = Retry::Poll(Duration::from_secs(5));
        assert_eq!(next(poll, 11, 0.0), Next::Wait(Duration::from_secs(5)));
        assert_eq!(next(poll, 12, 0.0), Next::GiveUp);
        assert_eq!(next(Retry::Poll(Duration::ZERO), 60, 0.0), Next::GiveUp);
        let long = Duration::from_secs(121);
        assert_eq!(next(Retry::After(long), 0, 0.0), Next::TooLong(long));
    }
}
