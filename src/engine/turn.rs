//! One turn from question to last word, a linear function (architecture 5.2): rows, request, words, end, usage.
//!
//! What it is to do was looked up and checked by `start.rs`; it takes everything by value, so later switches do not
//! touch it. Rows are written before they are announced; words are announced before they are written.

use std::time::Duration;

use tokio::select;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::desk::{Desk, Mouth};
use super::ending::{self, End};
use super::measure;
use super::pace::{self, Next};
use super::plan;
use super::seam::Seam;
use super::words::{Words, millis};
use crate::domain::chat::{ChatRequest, Delta};
use crate::domain::conversation::{Conversation, Draft};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::ConversationId;
use crate::domain::message::{Finish, Message, Status};
use crate::domain::usage::Usage;
use crate::domain::when::Millis;
use crate::protocol::{News, Row, Step};
use crate::provider::{By, ProviderError, Reply};
use crate::store::{BeginSend, Begun, Store, StoreError, Withdraw};

/// Usage may come this long after the last word.
const USAGE: Duration = Duration::from_secs(2);

/// What kind of turn it is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A new question, which may create its conversation.
    Send { creates: bool },
    /// Another reply under a question that stands.
    Again,
    /// A reply that begins with the words of another.
    Continue,
}

/// Everything a turn needs.
pub struct Turn {
    pub desk: Desk,
    /// Where its rows are.
    pub store: Store,
    /// Where its usage is counted when its rows leave nothing on disk.
    pub ledger: Option<Store>,
    /// As it stands, or as it will be created.
    pub conversation: Conversation,
    pub kind: Kind,
    pub question: Message,
    /// Its row to be; it holds the kept words of a `Continue`.
    pub reply: Message,
    /// How to take it back while there is no word.
    pub withdraw: Withdraw,
    /// What returns to the composer then.
    pub draft: Option<Draft>,
    /// When the pace lets it go.
    pub leaves_at: Instant,
    pub mouth: Mouth,
    pub token: CancellationToken,
}

/// What a turn leaves behind.
#[derive(Debug)]
pub struct Left {
    /// It ended before it asked anything: its booking with the pace is free.
    pub has_asked: bool,
    pub leaves_at: Instant,
    /// The whole reply and the words it answers, when a title may be made from them.
    pub complete: Option<Box<(Message, Message)>>,
}

/// How one attempt ended.
enum Heard {
    End(End, Option<Reply>),
    /// An error before the first word.
    Error(ProviderError),
}

/// What is counted while the turn runs.
struct Run {
    turn: Turn,
    words: Words,
    /// Bytes it began with.
    kept: usize,
    seam: Seam,
    usage: Usage,
    /// Requests made so far.
    asks: u32,
    asked_at: Instant,
    is_refused: bool,
    has_warned: bool,
}

impl Turn {
    /// Runs it to its end.
    pub async fn run(mut self) -> Left {
        let kept = match self.kind {
            Kind::Continue => self.reply.content.clone(),
            Kind::Send { .. } | Kind::Again => String::new(),
        };
        let request = match plan::request(&self).await {
            Ok(request) => request,
            Err(failure) => return self.refused(failure).await,
        };
        let begun = match self.begin().await {
            Ok(begun) => begun,
            Err(error) => {
                let failure = self.desk.failure(&error);
                return self.refused(failure).await;
            }
        };
        let is_send = matches!(self.kind, Kind::Send { .. });
        self.reply = begun.reply.message.clone();
        self.conversation = begun.conversation.clone();
        self.say(Step::Started {
            conversation: begun.conversation,
            asked: is_send.then_some(begun.asked),
            reply: begun.reply,
        });
        let now = Instant::now();
        let mut run = Run {
            words: Words::beginning_with(&kept),
            kept: kept.len(),
            seam: Seam::after(&kept),
            turn: self,
            usage: Usage::default(),
            asks: 0,
            asked_at: now,
            is_refused: false,
            has_warned: false,
        };
        let (end, stream) = run.listen(&request).await;
        run.last_words().await;
        if run.words.has_new() {
            run.close(end).await;
            run.settle(stream).await;
            run.count(&request).await
        } else {
            run.take_back(end).await
        }
    }

    fn say(&mut self, step: Step) {
        let conversation = self.id();
        self.mouth.say(News::Turn { conversation, step });
    }

    fn id(&self) -> ConversationId {
        self.reply.conversation
    }

    /// A temporary conversation leaves no line in the log (decisions 2.6).
    fn is_logged(&self) -> bool {
        self.ledger.is_none()
    }

    async fn refused(mut self, failure: Failure) -> Left {
        self.mouth.finish_with(News::Refused(failure)).await;
        Left {
            has_asked: false,
            leaves_at: self.leaves_at,
            complete: None,
        }
    }

    async fn begin(&self) -> Result<Begun, StoreError> {
        match self.kind {
            Kind::Send { creates } => {
                let send = BeginSend {
                    create: creates.then(|| self.conversation.clone()),
                    question: self.question.clone(),
                    reply: self.reply.clone(),
                };
                self.store.begin_send(send).await
            }
            Kind::Again => self.store.begin_reply(self.reply.clone(), false).await,
            Kind::Continue => self.store.begin_reply(self.reply.clone(), true).await,
        }
    }
}

impl Run {
    /// Asks until there is an answer, its end, or no sense in asking again.
    async fn listen(&mut self, request: &ChatRequest) -> (End, Option<Reply>) {
        let (mut until, mut attempt) = (self.turn.leaves_at, 0);
        let mut why = "keeping to limits.requests_per_minute".to_owned();
        loop {
            if !self.wait(until, &why, attempt).await {
                return (End::Stopped, None);
            }
            let error = match self.attempt(request).await {
                Heard::End(end, stream) => return (end, stream),
                Heard::Error(error) => error,
            };
            let next = pace::next(error.retry, attempt, self.turn.desk.random());
            if self.turn.is_logged() {
                tracing::info!(turn = %self.turn.reply.id, attempt, ?next, kind = ?error.failure.kind, "no answer");
            }
            match next {
                Next::Wait(wait) => {
                    attempt += 1;
                    until = Instant::now() + wait;
                    why = error.failure.title;
                }
                Next::GiveUp => return (End::Failed(error.failure), None),
                Next::TooLong(wait) => {
                    return (End::Failed(ending::too_long(error.failure, wait)), None);
                }
            }
        }
    }

    /// Waits visibly; `false` = stopped.
    async fn wait(&mut self, until: Instant, why: &str, attempt: u32) -> bool {
        let wait = until.saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            let now = self.turn.desk.mint.now();
            let wait = i64::try_from(millis(wait)).unwrap_or(i64::MAX);
            self.turn.say(Step::Waiting {
                until: Millis(now.0.saturating_add(wait)),
                why: why.to_owned(),
                attempt,
            });
        }
        select! { biased;
            () = self.turn.token.cancelled() => false,
            () = sleep_until(until) => true,
        }
    }

    /// Asks once and listens to the end.
    async fn attempt(&mut self, request: &ChatRequest) -> Heard {
        self.asked_at = Instant::now();
        self.asks += 1;
        let providers = self.turn.desk.providers.clone();
        let token = self.turn.token.clone();
        let mut stream = select! { biased;
            () = token.cancelled() => return Heard::End(End::Stopped, None),
            asked = providers.ask(request) => match asked {
                Ok(stream) => stream,
                Err(error) => return Heard::Error(error),
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
                    Some(Err(error)) if !self.has_heard() => return Heard::Error(error),
                    Some(Err(ProviderError { failure, by: By::Transport, .. })) => {
                        return Heard::End(End::Cut(failure), None);
                    }
                    Some(Err(ProviderError { failure, by: By::Server, .. })) => {
                        return Heard::End(End::Failed(failure), None);
                    }
                    None if self.has_heard() => return Heard::End(End::Cut(ending::no_reason()), None),
                    None => return Heard::Error(ending::broke_off(&request.model.provider)),
                },
            }
        }
    }

    /// Whether the model has said anything, also what is still held at the seam: nothing is asked twice then.
    fn has_heard(&self) -> bool {
        self.words.has_new() || self.seam.is_holding()
    }

    /// What the seam held to the end.
    async fn last_words(&mut self) {
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
                let reply = &mut self.turn.reply;
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
                self.turn.mouth.say(News::Warned(told));
            }
            Delta::Usage(usage) => self.usage.merge(usage),
            Delta::Alive => {}
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

    /// The first word is shown at once, and the question has been sent.
    async fn first_word(&mut self, now: Instant) {
        self.turn.reply.first_token_ms = Some(millis(now - self.asked_at));
        self.show();
        let turn = &mut self.turn;
        let at = turn.desk.mint.now();
        if turn.question.status == Status::Unsent {
            turn.question.status = Status::Complete;
            match turn.store.first_word(turn.question.id).await {
                Ok(()) => turn
                    .mouth
                    .say(News::Changed(Row::Message(turn.question.clone()))),
                Err(error) => self.warn(&error),
            }
        }
        if let Err(error) = self.remember(at).await {
            self.warn(&error);
        }
    }

    /// This model and this conversation are the last used, unless they are to leave nothing on disk.
    async fn remember(&self, at: Millis) -> Result<(), StoreError> {
        let turn = &self.turn;
        if turn.ledger.is_some() {
            return Ok(());
        }
        if let Some(model) = &turn.reply.model {
            turn.store.used_model(model, at).await?;
        }
        turn.store.set_last_conversation(Some(turn.id())).await
    }

    /// Announces what is fresh as far as there is room; the rest merges and goes a frame later.
    fn show(&mut self) {
        let now = Instant::now();
        let conversation = self.turn.id();
        while self.turn.mouth.is_free() {
            match self.words.take_fresh(now) {
                Some(step) => self.turn.mouth.say(News::Turn { conversation, step }),
                None => return,
            }
        }
        self.words.put_off(now);
    }

    /// Writes what has come so far, so that a kill loses two seconds.
    async fn save(&mut self) {
        let now = Instant::now();
        let (reply, words) = (self.turn.reply.id, &self.words);
        let saved = self
            .turn
            .store
            .grow(reply, &words.text, words.thinking(now))
            .await;
        self.words.saved();
        if let Err(error) = saved {
            self.warn(&error);
        }
    }

    /// Says once that the store does not take the words; they stay on the screen.
    fn warn(&mut self, error: &StoreError) {
        let failure = self.turn.desk.failure(error);
        if !std::mem::replace(&mut self.has_warned, true) {
            self.turn.mouth.say(News::Warned(failure));
        }
    }

    /// There are words: the last ones are shown, then the row is closed, then that is said.
    async fn close(&mut self, end: End) {
        let now = Instant::now();
        self.show();
        let reply = &mut self.turn.reply;
        let (status, finish, failure) = match end {
            End::Finished(finish) if self.words.text.is_empty() => {
                let failure = ending::only_reasoning(&finish);
                (Status::Failed, Some(finish), Some(failure))
            }
            End::Finished(finish) => (Status::Complete, Some(finish), None),
            End::Stopped => (Status::Stopped, None, None),
            End::Cut(failure) => (Status::Interrupted, None, Some(failure)),
            End::Failed(failure) => (Status::Failed, None, Some(failure)),
        };
        (reply.status, reply.finish, reply.failure) = (status, finish, failure);
        let thinking = self.words.thinking(now);
        reply.thinking_ms = thinking.map(|(_, ms)| ms);
        reply.total_ms = Some(millis(now - self.asked_at));
        reply.content.clone_from(&self.words.text);
        let text = thinking.map(|(text, _)| text);
        match self.turn.store.end(reply, text).await {
            Ok(conversation) => self.turn.conversation = conversation,
            Err(error) => self.warn(&error),
        }
        let reply = self.turn.reply.clone();
        if self.turn.is_logged() {
            tracing::info!(turn = %reply.id, status = reply.status.word(), ms = reply.total_ms, "ended");
        }
        self.turn.say(Step::Ended { reply });
    }

    /// Waits a moment for usage that comes after the last word.
    async fn settle(&mut self, stream: Option<Reply>) {
        let Some(mut stream) = stream else {
            return;
        };
        let until = Instant::now() + USAGE;
        let token = self.turn.token.clone();
        loop {
            select! { biased;
                () = token.cancelled() => return,
                () = sleep_until(until) => return,
                () = self.turn.mouth.finish(), if !self.turn.mouth.has_finished() => {}
                delta = stream.next() => match delta {
                    Some(Ok(Delta::Usage(usage))) => self.usage.merge(usage),
                    Some(Ok(Delta::Opened { request_id, response_id })) => {
                        let reply = &mut self.turn.reply;
                        reply.request_id = request_id.or(reply.request_id.take());
                        reply.response_id = response_id.or(reply.response_id.take());
                    }
                    Some(Ok(Delta::Text(_) | Delta::Reasoning(_) | Delta::Refusal(_)
                        | Delta::Note(_) | Delta::Alive | Delta::Finish(_))) => {}
                    Some(Err(_)) | None => return,
                },
            }
        }
    }

    /// Writes usage and cost; the last word of a turn.
    async fn count(mut self, request: &ChatRequest) -> Left {
        let new = self.words.text.get(self.kept..).unwrap_or_default();
        let usage = measure::told_or_estimated(self.usage, request, &[new, &self.words.thought]);
        match measure::turn(&mut self.turn, usage, self.asks).await {
            Ok(conversation) => self.turn.conversation = conversation,
            Err(error) => self.warn(&error),
        }
        let turn = &mut self.turn;
        let (reply, conversation) = (turn.reply.clone(), turn.conversation.clone());
        turn.say(Step::Measured {
            reply,
            conversation,
        });
        turn.mouth.finish().await;
        let is_complete = turn.reply.status == Status::Complete && turn.ledger.is_none();
        let pair = (turn.question.clone(), turn.reply.clone());
        Left {
            has_asked: self.asks > 0,
            leaves_at: self.turn.leaves_at,
            complete: is_complete.then(|| Box::new(pair)),
        }
    }

    /// There is no word: the rows go and the text returns to the composer (decisions 2.8).
    async fn take_back(mut self, end: End) -> Left {
        let failure = match end {
            End::Stopped => None,
            End::Finished(finish) => Some(ending::empty(self.turn.reply.model.as_ref(), &finish)),
            End::Cut(failure) | End::Failed(failure) => Some(failure),
        };
        let turn = &mut self.turn;
        let conversation = match turn.store.withdraw(turn.withdraw.clone()).await {
            Ok(conversation) => conversation,
            Err(error) => {
                let told = turn.desk.failure(&error);
                turn.mouth.say(News::Warned(told));
                Some(turn.conversation.clone())
            }
        };
        if turn.is_logged() {
            tracing::info!(turn = %turn.reply.id, kind = ?failure.as_ref().map(|f| f.kind), "taken back");
        }
        let draft = turn.draft.take();
        turn.say(Step::Withdrawn {
            draft,
            failure,
            conversation,
        });
        turn.mouth.finish().await;
        Left {
            has_asked: self.asks > 0,
            leaves_at: self.turn.leaves_at,
            complete: None,
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
