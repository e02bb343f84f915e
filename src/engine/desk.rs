//! What every job is handed: settings, providers, the mint, and a mouth that speaks in the name of its request.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::pace::Closed;
use super::tongue::AsTrial;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::{Mint, RequestId, UsageId};
use crate::domain::model::ModelRef;
use crate::protocol::{Event, News};
use crate::provider::Providers;
use crate::settings::Settings;
use crate::store::StoreError;

/// How the engine is to behave towards its face.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The screen: sends keep the pace of the settings, taken-back text becomes the draft, titles are made. `false` =
    /// `ask`: only a server's `retry-after` is obeyed, and nothing remains of what had no word.
    pub is_screen: bool,
}

/// What does not change while the engine runs; cheap to clone.
#[derive(Clone)]
pub struct Desk {
    pub settings: Arc<Settings>,
    pub providers: Providers,
    pub mint: Mint,
    pub is_screen: bool,
    pub closed: Arc<Closed>,
}

impl Desk {
    /// A store's error as it is told to the user.
    pub fn failure(&self, error: &StoreError) -> Failure {
        if error.is_trouble() {
            tracing::error!(%error, "the store failed");
        }
        error.to_failure(&self.settings.paths.database)
    }

    /// A number from 0 to 1, as random as the end of a fresh id.
    pub fn random(&self) -> f64 {
        let id: UsageId = self.mint.id();
        let low = id.0.as_u128() & u128::from(u16::MAX);
        f64::from(u16::try_from(low).unwrap_or(0)) / f64::from(u16::MAX)
    }
}

/// Speaks for one request, in order. It never waits unless told to: what finds no room is kept and goes first later.
pub struct Mouth {
    cause: Option<RequestId>,
    out: mpsc::Sender<Event>,
    unsaid: VecDeque<News>,
    trial: Option<AsTrial>,
}

impl Mouth {
    /// A mouth for what this request causes.
    pub fn new(cause: Option<RequestId>, out: mpsc::Sender<Event>) -> Self {
        Mouth {
            cause,
            out,
            unsaid: VecDeque::new(),
            trial: None,
        }
    }

    /// The same for a turn that is a trial of this model.
    #[must_use]
    pub fn of_a_trial(mut self, model: ModelRef) -> Self {
        self.trial = Some(AsTrial::of(model));
        self
    }

    /// Whether what was kept is said now, so that there is room for `Mouth::say` to say something at once.
    pub fn is_free(&mut self) -> bool {
        while !self.unsaid.is_empty() {
            let Ok(slot) = self.out.try_reserve() else {
                return false;
            };
            if let Some(news) = self.unsaid.pop_front() {
                let cause = self.cause;
                slot.send(Event { cause, news });
            }
        }
        self.out.capacity() > 0
    }

    /// Says this, now or as soon as there is room.
    pub fn say(&mut self, news: News) {
        let news = match &mut self.trial {
            Some(trial) => trial.turned(news),
            None => Some(news),
        };
        self.unsaid.extend(news);
        self.is_free();
    }

    /// Whether nothing is left to say.
    pub fn has_finished(&self) -> bool {
        self.unsaid.is_empty()
    }

    /// Waits until everything is said. What nobody hears any more counts as said. Dropped half way, it loses nothing.
    pub async fn finish(&mut self) {
        while !self.unsaid.is_empty() {
            let Ok(slot) = self.out.reserve().await else {
                return self.unsaid.clear();
            };
            if let Some(news) = self.unsaid.pop_front() {
                let cause = self.cause;
                slot.send(Event { cause, news });
            }
        }
    }

    /// Says this and waits until everything is said.
    pub async fn finish_with(&mut self, news: News) {
        self.say(news);
        self.finish().await;
    }
}

/// Something is not there any more, or never was.
pub fn gone(what: &str) -> Failure {
    Failure::new(
        FailureKind::Input,
        format!("{what} is gone"),
        "Open something else.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grew(n: usize) -> News {
        News::Warned(Failure::new(FailureKind::Bug, n.to_string(), ""))
    }

    #[tokio::test]
    async fn what_finds_no_room_is_said_later_in_order() {
        let (out, mut heard) = mpsc::channel(2);
        let mut mouth = Mouth::new(Some(RequestId(3)), out);
        for n in 0..5 {
            mouth.say(grew(n));
        }
        assert!(!mouth.is_free());
        let mut all = vec![heard.recv().await.unwrap(), heard.recv().await.unwrap()];
        assert!(!mouth.is_free(), "two of three fit");
        let rest = async { mouth.finish().await };
        let read = async {
            for _ in 2..5 {
                all.push(heard.recv().await.unwrap());
            }
        };
        tokio::join!(rest, read);
        for (n, event) in all.iter().enumerate() {
            assert_eq!(event.cause, Some(RequestId(3)));
            assert_eq!(event.news, grew(n));
        }
    }
}
