//! The jobs under way: started, found, cancelled, and what became of them. No task of the engine lives outside.

use std::collections::HashMap;
use std::future::Future;

use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::domain::id::{ConversationId, PersonaId, RequestId};

/// What a job is about. There may be one running turn, one title and one listing for a place at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A reply being written there.
    Turn(ConversationId),
    /// That reply's words are whole; its usage is still awaited. It is in nobody's way.
    Settling(ConversationId),
    Title(ConversationId),
    /// A page of the list of this length, with this persona: a newer one for the same place on a screen overtakes it.
    List(Option<u32>, Option<PersonaId>),
    Models,
    /// Servers on this machine being looked for.
    Providers,
    /// A provider's first model being found.
    Use,
    /// A look at salon itself.
    Doctor,
    /// Somebody waits for the hub.
    Sync,
    /// A prompt that is tried.
    Try,
    /// A key being kept or forgotten.
    Secret,
    /// A read that can take longer than a moment.
    Read,
    /// Conversations being copied, or removed for good.
    Shelf,
    /// Something told to the provider that keeps a conversation.
    Thread,
}

/// A job under way. `X` is what the owner wants to know about it should it panic.
struct Live<X> {
    key: Key,
    cause: Option<RequestId>,
    token: CancellationToken,
    rescue: Option<X>,
}

/// The jobs; `T` is what a job leaves behind when it ends.
pub struct Jobs<T, X> {
    root: CancellationToken,
    set: JoinSet<T>,
    live: HashMap<Id, Live<X>>,
}

/// How a job ended.
#[derive(Debug)]
pub enum Ended<T, X> {
    Done(T),
    /// It was thrown away on the way out.
    Aborted,
    /// A defect. The panic hook has logged the trace.
    Panicked {
        cause: Option<RequestId>,
        rescue: Option<X>,
    },
}

impl<T: Send + 'static, X> Jobs<T, X> {
    /// No jobs.
    pub fn new() -> Self {
        Jobs {
            root: CancellationToken::new(),
            set: JoinSet::new(),
            live: HashMap::new(),
        }
    }

    /// Starts a job; it gets its own token.
    pub fn start<F>(
        &mut self,
        key: Key,
        cause: Option<RequestId>,
        rescue: Option<X>,
        job: impl FnOnce(CancellationToken) -> F,
    ) where
        F: Future<Output = T> + Send + 'static,
    {
        let token = self.root.child_token();
        let id = self.set.spawn(job(token.clone())).id();
        let live = Live {
            key,
            cause,
            token,
            rescue,
        };
        self.live.insert(id, live);
    }

    /// Whether such a job is under way.
    pub fn has(&self, key: Key) -> bool {
        self.live.values().any(|live| live.key == key)
    }

    /// Whether nothing is under way.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// Asks these jobs to end. One that is not there needs no asking.
    pub fn cancel(&self, key: Key) {
        for live in self.live.values().filter(|live| live.key == key) {
            live.token.cancel();
        }
    }

    /// Asks the job of that request to end.
    pub fn cancel_cause(&self, cause: RequestId) {
        for live in self.live.values().filter(|l| l.cause == Some(cause)) {
            live.token.cancel();
        }
    }

    /// Cancelled when every job is asked to end, and not before.
    pub fn leaving(&self) -> CancellationToken {
        self.root.clone()
    }

    /// Asks every job to end.
    pub fn cancel_all(&self) {
        self.root.cancel();
    }

    /// Throws away what has not ended.
    pub fn abort_all(&mut self) {
        self.set.abort_all();
    }

    /// The turn of that request has all the words it will have: another may begin there.
    pub fn settle(&mut self, cause: RequestId) {
        for live in self.live.values_mut().filter(|l| l.cause == Some(cause)) {
            if let Key::Turn(conversation) = live.key {
                live.key = Key::Settling(conversation);
            }
        }
    }

    /// Waits for the next job to end. Does not end itself while there is none.
    pub async fn ended(&mut self) -> Ended<T, X> {
        let Some(joined) = self.set.join_next_with_id().await else {
            return std::future::pending().await;
        };
        match joined {
            Ok((id, left)) => {
                self.live.remove(&id);
                Ended::Done(left)
            }
            Err(error) => {
                let live = self.live.remove(&error.id());
                if error.is_cancelled() {
                    return Ended::Aborted;
                }
                let (key, cause, rescue) =
                    live.map_or((None, None, None), |l| (Some(l.key), l.cause, l.rescue));
                tracing::error!(?key, ?cause, "a job panicked");
                Ended::Panicked { cause, rescue }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const ONE: Key = Key::Turn(ConversationId(Uuid::from_u128(1)));
    const TWO: Key = Key::Turn(ConversationId(Uuid::from_u128(2)));

    #[tokio::test]
    async fn a_panic_comes_out_with_its_request_and_the_others_go_on() {
        let mut jobs: Jobs<u8, &str> = Jobs::new();
        jobs.start(ONE, Some(RequestId(7)), Some("rescue"), |_| async {
            assert_eq!(std::hint::black_box(1), 2, "a defect");
            0
        });
        jobs.start(TWO, None, None, |token| async move {
            token.cancelled().await;
            2
        });
        assert!(jobs.has(ONE) && jobs.has(TWO));
        match jobs.ended().await {
            Ended::Panicked { cause, rescue } => {
                assert_eq!(cause, Some(RequestId(7)));
                assert_eq!(rescue, Some("rescue"));
            }
            other @ (Ended::Done(_) | Ended::Aborted) => panic!("{other:?}"),
        }
        assert!(!jobs.has(ONE) && jobs.has(TWO));
        jobs.cancel(TWO);
        assert!(matches!(jobs.ended().await, Ended::Done(2)));
        assert!(jobs.is_empty());
    }

    #[tokio::test]
    async fn jobs_are_cancelled_by_key_by_request_and_all_together() {
        let mut jobs: Jobs<u8, ()> = Jobs::new();
        let wait = |n: u8| {
            move |token: CancellationToken| async move {
                token.cancelled().await;
                n
            }
        };
        jobs.start(Key::List(None, None), Some(RequestId(1)), None, wait(1));
        jobs.start(Key::Models, Some(RequestId(2)), None, wait(2));
        jobs.start(ONE, None, None, wait(3));
        jobs.cancel_cause(RequestId(2));
        assert!(matches!(jobs.ended().await, Ended::Done(2)));
        jobs.cancel(Key::List(None, None));
        assert!(matches!(jobs.ended().await, Ended::Done(1)));
        jobs.cancel_all();
        assert!(matches!(jobs.ended().await, Ended::Done(3)));
        jobs.start(TWO, None, None, wait(4));
        assert!(
            matches!(jobs.ended().await, Ended::Done(4)),
            "after the end nothing begins"
        );
    }

    #[tokio::test]
    async fn a_turn_that_settles_is_in_nobodys_way() {
        let mut jobs: Jobs<(), ()> = Jobs::new();
        jobs.start(ONE, Some(RequestId(1)), Some(()), |token| async move {
            token.cancelled().await;
        });
        jobs.settle(RequestId(2));
        assert!(jobs.has(ONE));
        jobs.settle(RequestId(1));
        assert!(!jobs.has(ONE));
        jobs.cancel(ONE);
        jobs.cancel_all();
        assert!(matches!(jobs.ended().await, Ended::Done(())));
    }
}
