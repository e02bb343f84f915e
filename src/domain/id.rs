//! Ids and stamps: one newtype for each kind of id, time-ordered (UUIDv7), all made by one `Mint`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
#[expect(
    clippy::disallowed_types,
    reason = "the one allowed mutex: ids must be monotonic over face and engine"
)]
use std::sync::Mutex;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use uuid::{ContextV7, Timestamp, Uuid};

use crate::domain::when::{Calendar, Clock, Millis};

/// Declares an id: a UUIDv7, lower case with hyphens outside, 16 bytes in the store.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::parse_str(text).map($name)
            }
        }
        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                $name(id)
            }
        }
    };
}

id!(
    /// A conversation.
    ConversationId
);
id!(
    /// A message: a question or a reply.
    MessageId
);
id!(
    /// A prompt of the library; shipped ones have fixed ids.
    PromptId
);
id!(
    /// A persona.
    PersonaId
);
id!(
    /// A row of usage: one request to a provider.
    UsageId
);
id!(
    /// A running salon; alive while its lock file is locked.
    InstanceId
);
id!(
    /// This machine.
    DeviceId
);

/// The number of a request, unique in one face's life. Every event caused by the request names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId(pub u64);

/// When a person last decided about a row: `ms << 16 | counter`. The larger stamp wins a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp(pub i64);

/// Makes ids and stamps. One a process, shared by face and engine; cheap to clone.
///
/// Ids and stamps grow strictly, also when the clock jumps back and when the database already
/// holds larger ones (`observe`, `observe_stamp`).
#[derive(Clone)]
pub struct Mint {
    #[expect(clippy::disallowed_types, reason = "the one allowed mutex")]
    inner: Arc<Mutex<Inner>>,
    clock: Clock,
    /// Finds the zone; asked when it is first needed, because that can take long.
    zone: fn() -> TimeZone,
}

struct Inner {
    context: ContextV7,
    last: Millis,
    stamp: i64,
}

impl Mint {
    /// A mint on this clock.
    pub fn new(clock: Clock) -> Self {
        #[expect(clippy::disallowed_types, reason = "the one allowed mutex")]
        let inner = Arc::new(Mutex::new(Inner {
            context: ContextV7::new(),
            last: Millis(0),
            stamp: 0,
        }));
        let zone = || TimeZone::UTC;
        Mint { inner, clock, zone }
    }

    /// The same where the user is; without it all days are those of UTC.
    #[must_use]
    pub fn in_zone(mut self, zone: fn() -> TimeZone) -> Self {
        self.zone = zone;
        self
    }

    /// What `today` is now.
    pub fn calendar(&self) -> Calendar {
        Calendar {
            now: self.now(),
            zone: (self.zone)(),
        }
    }

    /// The time by the injected clock.
    pub fn now(&self) -> Millis {
        (self.clock)()
    }

    /// A new id of any kind, larger than every id made or observed before.
    pub fn id<T: From<Uuid>>(&self) -> T {
        let mut inner = self
            .inner
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let now = self.now().max(inner.last);
        inner.last = now;
        let secs = u64::try_from(now.0 / 1000).unwrap_or(0);
        let nanos = u32::try_from(now.0.rem_euclid(1000)).unwrap_or(0) * 1_000_000;
        T::from(Uuid::new_v7(Timestamp::from_unix(
            &inner.context,
            secs,
            nanos,
        )))
    }

    /// A new stamp, larger than every stamp made or observed before.
    pub fn stamp(&self) -> Stamp {
        let mut inner = self
            .inner
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        inner.stamp = (self.now().0 << 16).max(inner.stamp + 1);
        Stamp(inner.stamp)
    }

    /// Never go behind this id: ids made from now on are from a later millisecond.
    pub fn observe(&self, id: Uuid) {
        let Some((secs, nanos)) = id.get_timestamp().map(|t| t.to_unix()) else {
            return;
        };
        let at =
            i64::try_from(secs).unwrap_or(0).saturating_mul(1000) + i64::from(nanos / 1_000_000);
        let mut inner = self
            .inner
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        // One millisecond on, because the counter inside a foreign id's millisecond is not known.
        inner.last = inner.last.max(Millis(at + 1));
    }

    /// Never go behind this stamp.
    pub fn observe_stamp(&self, stamp: Stamp) {
        let mut inner = self
            .inner
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        inner.stamp = inner.stamp.max(stamp.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI64, Ordering};

    fn mint_at(start: i64) -> (Mint, Arc<AtomicI64>) {
        let time = Arc::new(AtomicI64::new(start));
        let read = Arc::clone(&time);
        (
            Mint::new(Arc::new(move || Millis(read.load(Ordering::Relaxed)))),
            time,
        )
    }

    #[test]
    fn ids_and_stamps_grow_when_the_clock_stands_or_jumps_back() {
        let (mint, time) = mint_at(1_700_000_000_000);
        let mut last: MessageId = mint.id();
        let mut stamp = mint.stamp();
        for step in 0..5000 {
            time.store(1_700_000_000_000 - step * 1000, Ordering::Relaxed);
            let next: MessageId = mint.id();
            assert!(next > last, "{next} after {last}");
            let next_stamp = mint.stamp();
            assert!(next_stamp > stamp);
            (last, stamp) = (next, next_stamp);
        }
    }

    #[test]
    fn ids_are_never_behind_an_observed_one() {
        let (ahead, _) = mint_at(1_900_000_000_000);
        let foreign: MessageId = ahead.id();
        let (mint, _) = mint_at(1_700_000_000_000);
        mint.observe(foreign.0);
        assert!(mint.id::<MessageId>() > foreign);
        mint.observe_stamp(ahead.stamp());
        assert!(mint.stamp().0 > 1_900_000_000_000 << 16);
    }
}
