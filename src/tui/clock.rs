//! When the next frame is due (decisions 2.2). Pure: times come in, nothing is asked.

use std::time::{Duration, Instant};

/// The least time between two frames that news asked for: 60 frames a second.
pub const FRAME: Duration = Duration::from_micros(16_700);

/// Merges all wishes for a frame into one moment. No wish, no frame.
#[derive(Debug, Default)]
pub struct FrameClock {
    last: Option<Instant>,
    due: Option<Instant>,
}

impl FrameClock {
    /// A key, paste or resize: a frame at once.
    pub fn request_now(&mut self, now: Instant) {
        self.due = Some(now);
    }

    /// News: a frame, but not before `FRAME` has passed since the last one.
    pub fn request(&mut self, now: Instant) {
        self.wake_at(self.last.map_or(now, |last| (last + FRAME).max(now)));
    }

    /// Something moves by itself at that moment.
    pub fn wake_at(&mut self, at: Instant) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// The next frame; `None` = at rest.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// A frame was drawn; all wishes are fulfilled.
    pub fn drawn(&mut self, now: Instant) {
        self.last = Some(now);
        self.due = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the clock over moments at which news comes, and counts frames until an hour is over.
    fn frames(news: impl Iterator<Item = Duration>) -> usize {
        let start = Instant::now();
        let mut clock = FrameClock::default();
        let mut count = 0;
        for at in news.map(|d| start + d) {
            while let Some(due) = clock.due().filter(|due| *due <= at) {
                clock.drawn(due);
                count += 1;
            }
            clock.request(at);
        }
        count + usize::from(clock.due().is_some())
    }

    #[test]
    fn rest_draws_nothing_and_a_flood_at_most_sixty_a_second() {
        assert_eq!(frames(std::iter::empty()), 0);
        assert_eq!(frames(std::iter::once(Duration::ZERO)), 1);
        let flood = frames((0..100_000).map(|i| Duration::from_micros(i * 100)));
        assert!(
            (580..=600).contains(&flood),
            "{flood} frames in ten seconds"
        );
    }

    #[test]
    fn a_key_does_not_wait_for_the_frame_of_news() {
        let start = Instant::now();
        let mut clock = FrameClock::default();
        clock.drawn(start);
        clock.request(start);
        assert_eq!(clock.due(), Some(start + FRAME));
        clock.request_now(start + Duration::from_millis(1));
        assert_eq!(clock.due(), Some(start + Duration::from_millis(1)));
    }
}
