//! `salon prompts preview`: a filled text, or a model's answer to it as it grows (spec L4).

use super::ask::waiting;
use super::json::Piece;
use super::library_json as json;
use super::{Exit, Line, NoAnswer, Out, Signal};
use crate::domain::id::{Mint, RequestId};
use crate::domain::message::Status;
use crate::domain::prompt::{Trial, TrialEnd};
use crate::domain::window::estimate_tokens;
use crate::protocol::{Command, Library, News, TrialStep};

/// Prints a filled text that nobody is asked.
pub fn unasked(out: &mut Out, text: &str) {
    let tokens = estimate_tokens(text);
    if out.is_json() {
        out.object(&json::Preview::filled(text, tokens));
    } else {
        out.words(text);
        out.end_words();
        out.note(&format!("≈ {tokens} tokens; nothing was sent"));
    }
}

/// A trial under way as this face sees it.
pub struct Preview {
    trial: Trial,
    answer: String,
    signal: Option<Signal>,
    is_cancelled: bool,
}

impl Preview {
    /// A preview of this trial.
    pub fn of(trial: Trial) -> Preview {
        Preview {
            trial,
            answer: String::new(),
            signal: None,
            is_cancelled: false,
        }
    }

    /// Asks, prints what comes, and tells the exit code.
    pub async fn run(
        mut self,
        line: &mut Line,
        out: &mut Out,
        mint: &Mint,
    ) -> Result<Exit, NoAnswer> {
        let trial = self.trial.clone();
        let id = line.request(Command::Library(Library::Try { trial })).await;
        loop {
            let event = match line.event().await {
                Ok(event) => event,
                Err(NoAnswer::Signal(signal)) => {
                    self.signal.get_or_insert(signal);
                    self.cancel(line, id).await;
                    continue;
                }
                Err(failed) => return Err(failed),
            };
            match event.news {
                News::Trial(step) if event.cause == Some(id) => {
                    if let Some(exit) = self.step(step, out, mint) {
                        return Ok(self.signal.map_or(exit, Signal::exit));
                    }
                }
                News::Refused(failure) if event.cause == Some(id) => {
                    return Err(NoAnswer::Failed(failure));
                }
                News::Warned(failure) => out.warn(&failure),
                News::Trial(_)
                | News::Turn { .. }
                | News::Refused(_)
                | News::Sync(_)
                | News::Expired { .. }
                | News::Changed(_)
                | News::Answer(_)
                | News::Fatal(_)
                | News::Stopped => {}
            }
            if out.is_broken() {
                self.cancel(line, id).await;
            }
        }
    }

    async fn cancel(&mut self, line: &mut Line, id: RequestId) {
        if !std::mem::replace(&mut self.is_cancelled, true) {
            line.request(Command::Cancel(id)).await;
        }
    }

    /// Prints a step; the exit code when it was the last.
    fn step(&mut self, step: TrialStep, out: &mut Out, mint: &Mint) -> Option<Exit> {
        match step {
            TrialStep::Started { model } => {
                if out.is_json() {
                    out.object(&serde_json::json!({ "type": "started", "model": model }));
                }
            }
            TrialStep::Waiting {
                until,
                why,
                attempt,
            } => waiting(out, (until.0 - mint.now().0).max(0), &why, attempt),
            TrialStep::Thought { text } => {
                if out.is_json() {
                    out.object(&Piece {
                        r#type: "reasoning",
                        delta: &text,
                    });
                }
            }
            TrialStep::Grew { text } => {
                self.answer.push_str(&text);
                if out.is_json() {
                    out.object(&Piece {
                        r#type: "text",
                        delta: &text,
                    });
                } else {
                    out.words(&text);
                }
            }
            TrialStep::Ended(end) => return Some(self.ended(&end, out)),
        }
        None
    }

    fn ended(&self, end: &TrialEnd, out: &mut Out) -> Exit {
        if out.is_json() {
            let text = &self.trial.text;
            let filled = json::Preview::filled(text, estimate_tokens(text));
            out.object(&filled.answered(&self.answer, end));
        } else {
            out.end_words();
            let total = end.usage.and_then(|usage| usage.total());
            if let Some(total) = total {
                out.note(&format!("{}, {total} tokens", end.model));
            }
        }
        if let Some(failure) = &end.failure {
            out.error(failure);
        }
        match end.status {
            Status::Complete => Exit::DONE,
            Status::Unsent
            | Status::Streaming
            | Status::Stopped
            | Status::Interrupted
            | Status::Failed => Exit::FAILED,
        }
    }
}
