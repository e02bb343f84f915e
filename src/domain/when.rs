//! Times: milliseconds since 1970 UTC, how they are written for scripts and for people.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Millis(pub i64);

/// Tells the time. Made in `main.rs`, handed to whoever needs it; tests hand in their own.
pub type Clock = Arc<dyn Fn() -> Millis + Send + Sync>;

impl Millis {
    /// RFC 3339 in UTC with milliseconds and `Z` (decisions 4.1).
    pub fn rfc3339(self) -> String {
        format!(
            "{:.3}",
            Timestamp::from_millisecond(self.0).unwrap_or_default()
        )
    }

    /// The time of day in this zone, `14:02`.
    pub fn hour_minute(self, zone: &TimeZone) -> String {
        self.zoned(zone).strftime("%H:%M").to_string()
    }

    /// The day in this zone, `2026-11-21`.
    pub fn day(self, zone: &TimeZone) -> String {
        self.zoned(zone).strftime("%Y-%m-%d").to_string()
    }

    /// The beginning of a day in UTC, written `2026-11-21`; `None` when it is no day.
    pub fn of_day(text: &str) -> Option<Millis> {
        let date: jiff::civil::Date = text.parse().ok()?;
        let start = date.to_zoned(TimeZone::UTC).ok()?;
        Some(Millis(start.timestamp().as_millisecond()))
    }

    /// The beginning of this moment's day in this zone, and that of the next one.
    pub fn day_bounds(self, zone: &TimeZone) -> (Millis, Millis) {
        let here = self.zoned(zone);
        let bound = |day: Result<jiff::Zoned, jiff::Error>| {
            day.map_or(self, |day| Millis(day.timestamp().as_millisecond()))
        };
        let next = here.tomorrow().and_then(|next| next.start_of_day());
        (bound(here.start_of_day()), bound(next))
    }

    fn zoned(self, zone: &TimeZone) -> jiff::Zoned {
        Timestamp::from_millisecond(self.0)
            .unwrap_or_default()
            .to_zoned(zone.clone())
    }

    /// How long ago, in at most five cells: `now`, `5 m`, `3 h`, `9 d`, `7 w`, `2 y`.
    pub fn age(self, now: Millis) -> String {
        let minutes = (now.0 - self.0) / 60_000;
        match minutes {
            ..1 => "now".to_owned(),
            1..60 => format!("{minutes} m"),
            60..1_440 => format!("{} h", minutes / 60),
            1_440..20_160 => format!("{} d", minutes / 1_440),
            20_160..525_600 => format!("{} w", minutes / 10_080),
            _ => format!("{} y", minutes / 525_600),
        }
    }
}

/// A moment with the place it is looked at from: what `today` means.
#[derive(Clone, Debug)]
pub struct Calendar {
    pub now: Millis,
    pub zone: TimeZone,
}

impl Calendar {
    /// The day so many days ago; the first of all days where there are not so many.
    pub fn ago(&self, days: u32) -> Date {
        let today = self.now.zoned(&self.zone).date();
        let back = SignedDuration::from_hours(24 * i64::from(days));
        today.checked_sub(back).unwrap_or(Date::MIN)
    }

    /// The first and the last moment of a day here, which may have 23 or 25 hours.
    pub fn day(&self, day: Date) -> (Millis, Millis) {
        let start = |day: Date| {
            let zoned = day.to_zoned(self.zone.clone()).ok()?.start_of_day().ok()?;
            Some(zoned.timestamp().as_millisecond())
        };
        let next = day.tomorrow().ok().and_then(start);
        (
            Millis(start(day).unwrap_or(i64::MIN)),
            Millis(next.map_or(i64::MAX, |next| next - 1)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_milliseconds() {
        assert_eq!(Millis(0).rfc3339(), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            Millis(1_795_240_024_070).rfc3339(),
            "2026-11-21T05:47:04.070Z"
        );
    }

    #[test]
    fn a_day_begins_where_the_user_is() {
        assert_eq!(Millis::of_day("1970-01-02"), Some(Millis(86_400_000)));
        for bad in ["", "2026-13-01", "2026-11-21x", "yesterday"] {
            assert_eq!(Millis::of_day(bad), None, "{bad}");
        }
        let hour = 3_600_000;
        let now = Millis(10 * hour);
        let zone = |hours: i8, minutes: i32| {
            let seconds = i32::from(hours) * 3600 + minutes * 60;
            TimeZone::fixed(jiff::tz::Offset::from_seconds(seconds).unwrap())
        };
        assert_eq!(
            now.day_bounds(&TimeZone::UTC),
            (Millis(0), Millis(24 * hour))
        );
        // Half past ten in the evening before, and half past three in the afternoon.
        assert_eq!(
            now.day_bounds(&zone(-11, -30)),
            (Millis(-12 * hour - hour / 2), Millis(11 * hour + hour / 2))
        );
        assert_eq!(
            now.day_bounds(&zone(5, 30)),
            (Millis(-5 * hour - hour / 2), Millis(18 * hour + hour / 2))
        );
    }

    #[test]
    fn days_are_those_of_the_place() {
        let hour = 3_600_000;
        let berlin = Calendar {
            // Half past one at night on the day summer time begins, 2026-03-29.
            now: Millis(1_774_744_200_000),
            zone: TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap(),
        };
        let today = berlin.ago(0);
        assert_eq!(today.to_string(), "2026-03-29");
        assert_eq!(berlin.ago(29).to_string(), "2026-02-28");
        let (from, to) = berlin.day(today);
        assert_eq!(from.rfc3339(), "2026-03-28T23:00:00.000Z");
        assert_eq!(to.0 + 1 - from.0, 23 * hour, "an hour is left out");
        let (from, to) = berlin.day(berlin.ago(1));
        assert_eq!(to.0 + 1 - from.0, 24 * hour);
        assert_eq!(berlin.ago(u32::MAX), Date::MIN);
        assert_eq!(berlin.day(Date::MAX).1, Millis(i64::MAX));
    }

    #[test]
    fn ages_have_one_unit() {
        let now = Millis(1_795_240_024_070);
        let ago = |ms: i64| Millis(now.0 - ms).age(now);
        let minute = 60_000;
        let day = 1440 * minute;
        assert_eq!(ago(-5000), "now");
        assert_eq!(ago(59_999), "now");
        assert_eq!(ago(minute), "1 m");
        assert_eq!(ago(60 * minute), "1 h");
        assert_eq!(ago(day), "1 d");
        assert_eq!(ago(14 * day), "2 w");
        assert_eq!(ago(400 * day), "1 y");
    }
}
