//! One turn from question to last word, a linear function (architecture 5.2): rows, request, words, end, usage.
//!
//! `order.rs` says what it is to do, `listen.rs` how it gets its words. Rows are written before they are announced; words
//! are announced before they are written.

use std::time::Duration;

use tokio::select;
use tokio::time::{Instant, sleep_until};

use super::ending::{self, End};
use super::habits;
use super::measure;
use super::order::{Kind, Order};
use super::plan;
use super::seam::Seam;
use super::words::{Words, millis};
use crate::domain::chat::{ChatRequest, Delta};
use crate::domain::conversation::Thread;
use crate::domain::failure::Failure;
use crate::domain::message::{Message, Status};
use crate::domain::usage::Usage;
use crate::protocol::{News, Step};
use crate::provider::Reply;
use crate::store::StoreError;

/// Usage may come this long after the last word.
const USAGE: Duration = Duration::from_secs(2);

/// What a turn leaves behind.
#[derive(Debug)]
pub struct Left {
    /// Whether it asked anything; if not, its booking with the pace is free.
    pub has_asked: bool,
    pub leaves_at: Instant,
    /// The whole reply and the words it answers, when a title may be made from them.
    pub complete: Option<Box<(Message, Message)>>,
}

/// A turn that runs: what it is to do, and what has come of it.
pub struct Turn {
    pub(super) order: Order,
    pub(super) words: Words,
    /// Bytes it began with.
    kept: usize,
    pub(super) seam: Seam,
    /// As far as it was told.
    pub(super) usage: Usage,
    /// Requests made so far.
    pub(super) asks: u32,
    pub(super) asked_at: Instant,
    /// The model said that it refuses.
    pub(super) is_refused: bool,
    /// The server has shown that it works on the answer.
    pub(super) is_alive: bool,
    has_warned: bool,
    /// The store has not taken the end of it.
    is_unsaved: bool,
    /// The answer under way was asked within the provider's conversation.
    pub(super) is_in_thread: bool,
    /// The provider's conversations in which nothing is kept any more.
    pub(super) left_threads: Vec<Thread>,
}

impl Turn {
    /// Runs it to its end.
    pub async fn run(mut order: Order) -> Left {
        let kept = match order.kind {
            Kind::Continue => order.reply.content.clone(),
            Kind::Send { .. } | Kind::Again | Kind::Try => String::new(),
        };
        let request = match plan::request(&order).await {
            Ok(request) => request,
            Err(failure) => return refused(order, failure).await,
        };
        let begun = match order.begin().await {
            Ok(begun) => begun,
            Err(error) => {
                let failure = order.desk.failure(&error);
                return refused(order, failure).await;
            }
        };
        let is_send = matches!(order.kind, Kind::Send { .. });
        order.reply = begun.reply.message.clone();
        order.conversation = begun.conversation.clone();
        order.say(Step::Started {
            conversation: begun.conversation,
            asked: is_send.then_some(begun.asked),
            reply: begun.reply,
        });
        order.open_next_time().await;
        let now = Instant::now();
        let mut turn = Turn {
            words: Words::beginning_with(&kept),
            kept: kept.len(),
            seam: Seam::after(&kept),
            order,
            usage: Usage::default(),
            asks: 0,
            asked_at: now,
            is_refused: false,
            is_alive: false,
            has_warned: false,
            is_unsaved: false,
            is_in_thread: false,
            left_threads: Vec::new(),
        };
        if let Err(error) = habits::recall(&turn.order, &request.model).await {
            turn.warn(&error);
        }
        let (end, stream) = turn.listen(&request).await;
        turn.last_words().await;
        if turn.words.has_new() {
            turn.close(end).await;
            turn.keep_habits(&request).await;
            turn.settle(stream).await;
            turn.count(&request).await
        } else {
            turn.keep_habits(&request).await;
            turn.take_back(end).await
        }
    }

    async fn keep_habits(&mut self, request: &ChatRequest) {
        if let Err(error) = habits::keep(&self.order, &request.model).await {
            self.warn(&error);
        }
    }

    /// Says once that the store does not take the words; they stay on the screen.
    pub(super) fn warn(&mut self, error: &StoreError) {
        let failure = self.order.desk.failure(error);
        if !std::mem::replace(&mut self.has_warned, true) {
            self.order.mouth.say(News::Warned(failure));
        }
    }

    /// There are words: the last ones are shown, then the row is closed, then that is said.
    async fn close(&mut self, end: End) {
        let now = Instant::now();
        self.show();
        let reply = &mut self.order.reply;
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
        match self.order.store.end(reply, text).await {
            Ok(conversation) => self.order.conversation = conversation,
            Err(error) => {
                self.is_unsaved = true;
                self.warn(&error);
            }
        }
        let reply = self.order.reply.clone();
        if self.order.is_logged() {
            tracing::info!(turn = %reply.id, status = reply.status.word(), ms = reply.total_ms, "ended");
        }
        self.order.say(Step::Ended { reply });
    }

    /// Waits a moment for usage that comes after the last word.
    async fn settle(&mut self, stream: Option<Reply>) {
        let Some(mut stream) = stream else {
            return;
        };
        let until = Instant::now() + USAGE;
        let token = self.order.token.clone();
        loop {
            select! { biased;
                () = token.cancelled() => return,
                () = sleep_until(until) => return,
                () = self.order.mouth.finish(), if !self.order.mouth.has_finished() => {}
                delta = stream.next() => match delta {
                    Some(Ok(Delta::Usage(usage))) => self.usage.merge(usage),
                    Some(Ok(Delta::Opened { request_id, response_id })) => {
                        let reply = &mut self.order.reply;
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
        match measure::turn(&mut self.order, usage, self.asks).await {
            Ok(conversation) => self.order.conversation = conversation,
            Err(error) => self.warn(&error),
        }
        let order = &mut self.order;
        let (reply, conversation) = (order.reply.clone(), order.conversation.clone());
        order.say(Step::Measured {
            reply,
            conversation,
        });
        order.mouth.finish().await;
        if self.is_unsaved {
            self.insist_on_end(usage).await;
        }
        self.end_left_threads().await;
        let order = &self.order;
        let is_complete = order.reply.status == Status::Complete && order.ledger.is_none();
        let pair = (order.question.clone(), order.reply.clone());
        Left {
            has_asked: self.asks > 0,
            leaves_at: self.order.leaves_at,
            complete: is_complete.then(|| Box::new(pair)),
        }
    }

    /// There is no word: the rows go and the text returns to the composer (decisions 2.8).
    async fn take_back(mut self, end: End) -> Left {
        let failure = match end {
            End::Stopped => None,
            End::Finished(finish) => Some(ending::empty(self.order.reply.model.as_ref(), &finish)),
            End::Cut(failure) | End::Failed(failure) => Some(failure),
        };
        let order = &mut self.order;
        let conversation = match order.store.withdraw(order.withdraw.clone()).await {
            Ok(conversation) => conversation,
            Err(error) => {
                self.is_unsaved = true;
                let told = order.desk.failure(&error);
                order.mouth.say(News::Warned(told));
                Some(order.conversation.clone())
            }
        };
        if order.is_logged() {
            tracing::info!(turn = %order.reply.id, kind = ?failure.as_ref().map(|f| f.kind), "taken back");
        }
        if conversation.is_none() {
            self.left_threads.extend(order.conversation.thread.take());
        }
        let draft = order.draft.take();
        order.say(Step::Withdrawn {
            draft,
            failure,
            conversation,
        });
        order.mouth.finish().await;
        if self.is_unsaved {
            self.insist_on_withdrawal().await;
        }
        self.end_left_threads().await;
        Left {
            has_asked: self.asks > 0,
            leaves_at: self.order.leaves_at,
            complete: None,
        }
    }
}

/// It changed nothing: its request is told why.
async fn refused(mut order: Order, failure: Failure) -> Left {
    order.mouth.finish_with(News::Refused(failure)).await;
    Left {
        has_asked: false,
        leaves_at: order.leaves_at,
        complete: None,
    }
}
