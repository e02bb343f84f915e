//! An answer as it comes: bytes through frames and wire into deltas, with the limits of silence, until it is over.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::time::{Duration, Instant, timeout_at};

use crate::domain::chat::Delta;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::message::Finish;
use crate::provider::decode::{Decode, Ending, Fault};
use crate::provider::error::{Asked, By, ProviderError, Retry, add_line, of_server, request_id};
use crate::provider::fault::page_title;
use crate::provider::frame::FrameDecoder;
use crate::provider::recital::Recital;
use crate::provider::transport::{Phase, of_silence, of_transport};

/// How long the end of the body is waited for once the answer is complete: usage may still come (`wire.md` 0).
const AFTER_FINISH: Duration = Duration::from_secs(2);
/// The same after the end marker, behind which nothing is expected.
const AFTER_DONE: Duration = Duration::from_millis(100);
/// Pieces of a body taken in at once, at most.
const AT_ONCE: usize = 256;

/// An answer. Dropping it closes the connection.
pub struct Reply {
    source: Source,
}

enum Source {
    Http(Box<HttpReply>),
    Guide(Recital),
}

impl Reply {
    /// The answer of the guide.
    pub(super) fn guide(recital: Recital) -> Reply {
        Reply {
            source: Source::Guide(recital),
        }
    }

    /// The answer in this response.
    pub(super) fn http(reply: HttpReply) -> Reply {
        Reply {
            source: Source::Http(Box::new(reply)),
        }
    }

    /// The next delta; an error is the last thing said; `None` = the answer is over. May be dropped and called again
    /// without losing anything, and the limit of silence runs on.
    pub async fn next(&mut self) -> Option<Result<Delta, ProviderError>> {
        match &mut self.source {
            Source::Http(reply) => reply.next().await,
            Source::Guide(recital) => recital.next().await.map(Ok),
        }
    }
}

/// An answer over HTTP.
pub(super) struct HttpReply {
    /// `None` = the body is over or given up.
    response: Option<reqwest::Response>,
    frames: FrameDecoder,
    decoder: Box<dyn Decode>,
    asked: Arc<Asked>,
    /// How long the server may say nothing.
    silence: Duration,
    /// When it has said nothing for too long.
    deadline: Instant,
    ready: VecDeque<Result<Delta, ProviderError>>,
}

impl HttpReply {
    /// Reads this response by that decoder; `notes` are said first, `max_event` bytes are the most an event may have.
    pub(super) fn new(
        (response, decoder): (reqwest::Response, Box<dyn Decode>),
        asked: Arc<Asked>,
        silence: Duration,
        max_event: usize,
        notes: Vec<String>,
    ) -> HttpReply {
        let request_id = request_id(response.headers());
        let mut ready = VecDeque::new();
        ready.push_back(Ok(Delta::Opened {
            request_id,
            response_id: None,
        }));
        ready.extend(notes.into_iter().map(|note| Ok(Delta::Note(note))));
        HttpReply {
            response: Some(response),
            frames: FrameDecoder::with_max(max_event),
            decoder,
            asked,
            silence,
            deadline: Instant::now() + silence,
            ready,
        }
    }

    async fn next(&mut self) -> Option<Result<Delta, ProviderError>> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            let response = self.response.as_mut()?;
            match timeout_at(self.deadline, response.chunk()).await {
                Ok(Ok(Some(bytes))) => {
                    self.take(&bytes);
                    self.take_waiting().await;
                    self.deadline = Instant::now() + self.patience();
                }
                Ok(Ok(None)) => self.end(None),
                Ok(Err(error)) => {
                    self.end(Some(of_transport(&self.asked, Phase::Answering, error)));
                }
                Err(_) if self.decoder.is_ending() => self.end(None),
                Err(_) => {
                    self.end(Some(of_silence(
                        &self.asked,
                        Phase::Answering,
                        self.silence,
                    )));
                }
            }
        }
    }

    /// Takes in what has come behind a piece of the body, without waiting: a burst of tokens becomes one delta.
    async fn take_waiting(&mut self) {
        for _ in 0..AT_ONCE {
            let Some(response) = self.response.as_mut() else {
                return;
            };
            let polled = {
                let chunk = pin!(response.chunk());
                futures::poll!(chunk)
            };
            match polled {
                Poll::Ready(Ok(Some(bytes))) => self.take(&bytes),
                Poll::Ready(Ok(None)) => return self.end(None),
                Poll::Ready(Err(error)) => {
                    let broken = of_transport(&self.asked, Phase::Answering, error);
                    return self.end(Some(broken));
                }
                Poll::Pending => return,
            }
        }
    }

    /// Adds a delta; words of one kind that follow each other are one.
    fn say(&mut self, delta: Delta) {
        match (self.ready.back_mut(), delta) {
            (Some(Ok(Delta::Text(said))), Delta::Text(more))
            | (Some(Ok(Delta::Reasoning(said))), Delta::Reasoning(more)) => said.push_str(&more),
            (_, delta) => self.ready.push_back(Ok(delta)),
        }
    }

    fn patience(&self) -> Duration {
        if self.decoder.is_done() {
            AFTER_DONE
        } else if self.decoder.is_ending() {
            AFTER_FINISH
        } else {
            self.silence
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        let mut frames = Vec::new();
        let pushed = self.frames.push(bytes, &mut frames);
        if !self.decode(frames) {
            return;
        }
        if let Err(too_big) = pushed {
            self.give_up(too_large(&self.asked, too_big.0));
        } else if self.frames.is_page() {
            self.end(None);
        }
    }

    /// Whether the answer goes on.
    fn decode(&mut self, frames: Vec<crate::provider::frame::Frame>) -> bool {
        let mut deltas = Vec::new();
        for frame in frames {
            let said = self.decoder.frame(frame, &mut deltas);
            deltas.drain(..).for_each(|delta| self.say(delta));
            if let Err(fault) = said {
                let error = match fault {
                    Fault::Said(error) => of_server(&self.asked, &error),
                    Fault::Page(page) => web_page(&self.asked, &page),
                };
                self.give_up(error);
                return false;
            }
        }
        true
    }

    /// Stops here; a complete answer stays complete.
    fn give_up(&mut self, error: ProviderError) {
        self.response = None;
        let mut deltas = Vec::new();
        self.decoder.flush(&mut deltas);
        deltas.into_iter().for_each(|delta| self.say(delta));
        if !self.decoder.is_complete() {
            self.ready.push_back(Err(error));
        }
    }

    /// The body is over, by itself or because of `broken`.
    fn end(&mut self, broken: Option<ProviderError>) {
        self.response = None;
        let mut frames = Vec::new();
        let finished = self.frames.finish(&mut frames);
        if !self.decode(frames) {
            return;
        }
        if let Err(too_big) = finished {
            return self.give_up(too_large(&self.asked, too_big.0));
        }
        let mut deltas = Vec::new();
        let ending = self.decoder.end(&mut deltas);
        deltas.into_iter().for_each(|delta| self.say(delta));
        if let Some(mut error) = verdict(&self.asked, &*self.decoder, ending, broken) {
            for line in self.decoder.strays().iter().take(8) {
                add_line(&mut error.failure.detail, &self.asked.scrub.line(line));
            }
            self.ready.push_back(Err(error));
        }
    }
}

/// What is wrong with an answer that ended so; `None` = nothing.
fn verdict(
    asked: &Asked,
    decoder: &dyn Decode,
    ending: Ending,
    broken: Option<ProviderError>,
) -> Option<ProviderError> {
    match ending {
        Ending::Complete => None,
        Ending::Empty(finish) => Some(empty(asked, decoder, Some(&finish))),
        Ending::NoReason { .. } | Ending::NotUnderstood if broken.is_some() => broken,
        Ending::NoReason {
            is_done: true,
            has_words: false,
        } => Some(empty(asked, decoder, None)),
        Ending::NoReason { is_done: true, .. } => Some(ProviderError::never(
            Failure::new(
                FailureKind::Wire,
                "The answer ended without a reason",
                "It may be incomplete: continue it or send again.",
            )
            .with_detail(asked.url.clone()),
            By::Transport,
        )),
        Ending::NoReason {
            is_done: false,
            has_words,
        } => Some(ProviderError {
            failure: Failure::new(
                FailureKind::Network,
                if has_words {
                    format!(
                        "{} closed the connection before the answer was complete",
                        asked.host
                    )
                } else {
                    format!("{} closed the connection without an answer", asked.host)
                },
                if has_words {
                    "Send again."
                } else {
                    // Some local servers say nothing at all when the prompt does not fit.
                    "Send again; if it is so each time, the conversation may be too long for this model."
                },
            )
            .with_detail(asked.url.clone()),
            retry: Retry::Backoff,
            by: By::Transport,
        }),
        Ending::NotUnderstood => Some(ProviderError::never(
            Failure::new(
                FailureKind::Wire,
                format!("{} sent an unexpected answer", asked.provider),
                format!(
                    "Check base_url and wire of providers.{} in the settings.",
                    asked.provider
                ),
            )
            .with_detail(asked.url.clone()),
            By::Server,
        )),
    }
}

/// No word came, though the server thinks it is done.
fn empty(asked: &Asked, decoder: &dyn Decode, finish: Option<&Finish>) -> ProviderError {
    let tools = decoder.tools();
    let (title, remedy) = if tools.is_empty() {
        let reason = match finish {
            Some(Finish::Stop) => "the model had nothing to say",
            Some(Finish::Length) => "the limit of output tokens was reached",
            Some(Finish::Filter) => "the provider's filter",
            Some(Finish::Refusal) => "the model refused",
            Some(Finish::Other(word)) => word,
            None => "the reason is unknown",
        };
        let remedy = match finish {
            Some(Finish::Length) => "Raise or remove the maximum of output tokens.",
            None | Some(Finish::Stop | Finish::Filter | Finish::Refusal | Finish::Other(_)) => {
                "Edit the question, send it again, or choose another model."
            }
        };
        (format!("The answer was empty: {reason}"), remedy)
    } else {
        let tools = tools.join(", ");
        (
            format!("The model asked for a tool ({tools}) instead of answering"),
            "Choose another model, or ask in another way.",
        )
    };
    ProviderError::never(
        Failure::new(FailureKind::Wire, title, remedy).with_detail(asked.url.clone()),
        By::Server,
    )
}

fn web_page(asked: &Asked, page: &str) -> ProviderError {
    let title = asked.scrub.line(&page_title(page));
    ProviderError::never(
        Failure::new(
            FailureKind::Wire,
            format!("The address answered with a web page: {title}"),
            format!(
                "Check base_url of providers.{} in the settings.",
                asked.provider
            ),
        )
        .with_detail(asked.url.clone()),
        By::Server,
    )
}

fn too_large(asked: &Asked, most: usize) -> ProviderError {
    ProviderError::never(
        Failure::new(
            FailureKind::Wire,
            "The answer is too large",
            "Send again or choose another model.",
        )
        .with_detail(format!(
            "{}\none event has more than {most} bytes",
            asked.url
        )),
        By::Transport,
    )
}
