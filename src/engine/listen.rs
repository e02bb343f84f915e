//! How a turn gets its words: waits, asks, asks again before the first word, shows and saves what comes.

use tokio::select;
use tokio::time::{Instant, sleep_until};

use super::ending::{self, End};
use super::pace::{self, Next};
use super::thread::Asked;
use super::turn::Turn;
use super::words::millis;
use crate::domain::chat::{ChatRequest, Delta};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::message::{Finish, Status};
use crate::domain::when::Millis;
use crate::protocol::{News, Row, Step};
use crate::provider::{By, ProviderError, Reply, Retry};
use crate::store::StoreError;

/// How one attempt ended.
enum Heard {
    End(End, Option<Reply>),
    /// An error before the first word.
    Error(ProviderError),
}

impl Turn {
    /// Asks until there is an answer, its end, or no sense in asking again.
    pub(super) async fn listen(&mut self, request: &ChatRequest) -> (End, Option<Reply>) {
        let (mut until, mut attempt, mut shown) = (self.order.leaves_at, 0, 0);
        let mut why = "keeping to limits.requests_per_minute".to_owned();
        let closed = self.order.desk.closed.until(&request.model, Instant::now());
        if let Some(closed) = closed.filter(|closed| *closed > until) {
            until = closed;
            why = format!("{} asked to wait", request.model.provider);
        }
        let begun = self.order.desk.mint.now();
        let mut since = None;
        loop {
            if !self.wait(until, since, &why, shown).await {
                return (End::Stopped, None);
            }
            let error = match self.attempt(request).await {
                Heard::End(end, stream) => return (end, stream),
                Heard::Error(error) => error,
            };
            let next = pace::next(error.retry, attempt, self.order.desk.random());
            if self.order.is_logged() {
                tracing::info!(turn = %self.order.reply.id, attempt, ?next, kind = ?error.failure.kind, "no answer");
            }
            match next {
                Next::Wait(wait) => {
                    attempt += 1;
                    // A server that is getting ready is not asked again, but waited for.
                    let is_poll = matches!(error.retry, Retry::Poll(_));
                    shown = if is_poll { 0 } else { attempt };
                    since = is_poll.then_some(begun);
                    until = Instant::now() + wait;
                    why = match is_poll {
                        true => "the model is loading".to_owned(),
                        false => error.failure.title,
                    };
                }
                Next::GiveUp => return (End::Failed(error.failure), None),
                Next::TooLong(wait) => {
                    let desk = &self.order.desk;
                    desk.closed.close(&request.model, Instant::now() + wait);
                    let failure = ending::too_long(error.failure, wait, desk.is_screen);
                    return (End::Failed(failure), None);
                }
            }
        }
    }

    /// Waits visibly; `false` = stopped.
    pub(super) async fn wait(
        &mut self,
        until: Instant,
        since: Option<Millis>,
        why: &str,
        attempt: u32,
    ) -> bool {
        let wait = until.saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            let now = self.order.desk.mint.now();
            let wait = i64::try_from(millis(wait)).unwrap_or(i64::MAX);
            self.order.say(Step::Waiting {
                until: Millis(now.0.saturating_add(wait)),
                since,
                why: why.to_owned(),
                attempt,
            });
        }
        select! { biased;
            () = self.order.token.cancelled() => false,
            () = sleep_until(until) => true,
        }
    }

    /// Asks once and listens to the end.
    async fn attempt(&mut self, request: &ChatRequest) -> Heard {
        self.asked_at = Instant::now();
        self.asks += 1;
        self.is_alive = false;
        let token = self.order.token.clone();
        let mut stream = select! { biased;
            () = token.cancelled() => return Heard::End(End::Stopped, None),
            asked = self.ask(request) => match asked {
                Asked::Stream(stream) => stream,
                Asked::Ready(text) => {
                    self.take(Delta::Text(text)).await;
                    return Heard::End(End::Finished(Finish::Stop), None);
                }
                Asked::Stopped => return Heard::End(End::Stopped, None),
                Asked::Error(error) => return Heard::Error(error),
                Asked::Unasked(failure) => return Heard::End(End::Failed(failure), None),
            },
        };
        loop {
            let (show, save) = (self.words.show_at(), self.words.save_at());
            select! { biased;
                () = token.cancelled() => return Heard::End(End::Stopped, None),
                () = due(show), if show.is_some() => self.show(),
                () = due(save), if save.is_some() => self.save().await,
                delta = stream.next() => match delta {
                    Some(Ok(delta)) => if let Some(finish) = self.take(delta).await {
                        return Heard::End(End::Finished(finish), Some(stream));
                    },
                    Some(Err(error)) if !self.has_heard() => return Heard::Error(self.for_once(error)),
                    Some(Err(ProviderError { failure, by: By::Transport, .. })) => {
                        return Heard::End(End::Cut(ending::after_words(failure)), None);
                    }
                    Some(Err(ProviderError { failure, by: By::Server, .. })) => {
                        return Heard::End(End::Failed(failure), None);
                    }
                    None if self.has_heard() => return Heard::End(End::Cut(ending::no_reason()), None),
                    None => {
                        let error = ending::broke_off(&request.model.provider);
                        return Heard::Error(self.for_once(error));
                    }
                },
            }
        }
    }

    /// Within the provider's conversation nothing is asked again by itself once an answer had begun (`wire.md` 7.4).
    fn for_once(&self, error: ProviderError) -> ProviderError {
        if self.is_in_thread {
            return ProviderError::never(error.failure, error.by);
        }
        error
    }

    /// Whether the model has said anything, also what is still held at the seam: nothing is asked twice then.
    fn has_heard(&self) -> bool {
        self.words.has_new() || self.seam.is_holding()
    }

    /// What the seam held to the end.
    pub(super) async fn last_words(&mut self) {
        let (had_words, now) = (self.words.has_new(), Instant::now());
        let rest = self.seam.end();
        self.words.add_text(&rest, now);
        if !had_words && self.words.has_new() {
            self.first_word(now).await;
        }
    }

    /// Takes a piece of the answer; tells its finish.
    async fn take(&mut self, delta: Delta) -> Option<Finish> {
        let had_words = self.words.has_new();
        let now = Instant::now();
        match delta {
            Delta::Opened {
                request_id,
                response_id,
            } => {
                let reply = &mut self.order.reply;
                reply.request_id = request_id.or(reply.request_id.take());
                reply.response_id = response_id.or(reply.response_id.take());
            }
            Delta::Text(text) => {
                let text = self.seam.push(&text);
                self.words.add_text(&text, now);
            }
            Delta::Refusal(text) => {
                self.is_refused = true;
                let text = self.seam.push(&text);
                self.words.add_text(&text, now);
            }
            Delta::Reasoning(text) => self.words.add_thought(&text, now),
            // It is about the answer, not part of it: never stored, never sent on.
            Delta::Note(note) => {
                let told = Failure::new(FailureKind::Wire, note, "");
                self.order.mouth.say(News::Warned(told));
            }
            Delta::Usage(usage) => self.usage.merge(usage),
            Delta::Alive => self.alive(),
            Delta::Finish(finish) => {
                return Some(match finish {
                    Finish::Stop if self.is_refused => Finish::Refusal,
                    Finish::Stop
                    | Finish::Length
                    | Finish::Filter
                    | Finish::Refusal
                    | Finish::Other(_) => finish,
                });
            }
        }
        if !had_words && self.words.has_new() {
            self.first_word(now).await;
        }
        None
    }

    /// The server says nothing but that it works (fault 23): told once, and counted up by the face.
    fn alive(&mut self) {
        if self.has_heard() || std::mem::replace(&mut self.is_alive, true) {
            return;
        }
        let order = &mut self.order;
        if !order.desk.is_screen {
            return;
        }
        let (now, waited) = (order.desk.mint.now(), self.asked_at.elapsed());
        let waited = i64::try_from(millis(waited)).unwrap_or(0);
        let who = order.reply.model.as_ref();
        let who = who.map_or("the provider", |model| model.provider.as_str());
        let why = format!("{who} is still working");
        order.say(Step::Waiting {
            until: now,
            since: Some(Millis(now.0 - waited)),
            why,
            attempt: 0,
        });
    }

    /// The first word is shown at once, and the question has been sent.
    async fn first_word(&mut self, now: Instant) {
        self.order.reply.first_token_ms = Some(millis(now - self.asked_at));
        self.show();
        let order = &mut self.order;
        let at = order.desk.mint.now();
        if order.question.status == Status::Unsent {
            order.question.status = Status::Complete;
            match order.store.first_word(order.question.id).await {
                Ok(()) => order
                    .mouth
                    .say(News::Changed(Row::Message(order.question.clone()))),
                Err(error) => self.warn(&error),
            }
        }
        if let Err(error) = self.remember(at).await {
            self.warn(&error);
        }
    }

    /// This model and this conversation are the last used, unless they are to leave nothing on disk.
    async fn remember(&self, at: Millis) -> Result<(), StoreError> {
        let order = &self.order;
        if order.ledger.is_some() {
            return Ok(());
        }
        if let Some(model) = &order.reply.model {
            order.store.used_model(model, at).await?;
        }
        order.store.set_last_conversation(Some(order.id())).await
    }

    /// Announces what is fresh as far as there is room; the rest merges and goes a frame later.
    pub(super) fn show(&mut self) {
        let now = Instant::now();
        let conversation = self.order.id();
        while self.order.mouth.is_free() {
            match self.words.take_fresh(now) {
                Some(step) => self.order.mouth.say(News::Turn { conversation, step }),
                None => return,
            }
        }
        self.words.put_off(now);
    }

    /// Writes what has come so far, so that a kill loses two seconds.
    async fn save(&mut self) {
        let now = Instant::now();
        let (reply, words) = (self.order.reply.id, &self.words);
        let saved = self
            .order
            .store
            .grow(reply, &words.text, words.thinking(now))
            .await;
        self.words.saved();
        if let Err(error) = saved {
            self.warn(&error);
        }
    }
}

/// Ends at that moment; never when there is none.
async fn due(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
