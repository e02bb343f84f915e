//! The Ollama wire: lines of an answer into deltas, and a word where the server read less than it was sent (`wire.md` 5).

use serde_json::Value;

use crate::domain::chat::Delta;
use crate::domain::message::Finish;
use crate::domain::usage::{Money, Usage};
use crate::provider::course::{Course, OnCourse, other, said};
use crate::provider::decode::{Decode, Fault};
use crate::provider::fault::{extract_error, number};
use crate::provider::frame::Frame;
use crate::provider::ollama_request::Expected;
use crate::provider::think::Think;

/// Shorter requests are not looked at: the estimate is too coarse for them.
const LOOKED_AT: u64 = 2_048;

/// The state of one answer.
pub struct Decoder {
    course: Course,
    think: Think,
    expected: Expected,
}

impl OnCourse for Decoder {
    fn course(&self) -> &Course {
        &self.course
    }

    fn parts(&mut self) -> (&mut Course, &mut Think) {
        (&mut self.course, &mut self.think)
    }

    fn one_frame(&mut self, frame: Frame, out: &mut Vec<Delta>) -> Result<(), Fault> {
        let (text, is_error) = match frame {
            Frame::Comment => {
                out.push(Delta::Alive);
                return Ok(());
            }
            Frame::Page(page) => return Err(Fault::Page(page)),
            // Some gateways make an event stream of it.
            Frame::Event { data, .. } if data.trim().is_empty() => {
                out.push(Delta::Alive);
                return Ok(());
            }
            Frame::Event { data, .. } if data.trim() == "[DONE]" => {
                self.course.understood();
                self.course.is_done = true;
                return Ok(());
            }
            Frame::Event { name, data, .. } => (data, name == "error"),
            Frame::Json(text) => (text, false),
            Frame::Line(line) => match line.strip_prefix("error:") {
                Some(told) => (told.trim().to_owned(), true),
                None => (line, false),
            },
        };
        match serde_json::from_str::<Value>(&text) {
            Ok(value) => self.value(&value, is_error, out),
            Err(_) if is_error => self.course.fail(said(&text)),
            Err(_) => {
                self.course.stray(&text);
                Ok(())
            }
        }
    }
}

impl Decoder {
    /// For an answer to a request of which this is expected.
    pub fn new(request_id: Option<String>, expected: Expected) -> Decoder {
        Decoder {
            course: Course::new(request_id),
            think: Think::default(),
            expected,
        }
    }

    /// A line of the answer, the whole of it, or an error.
    fn value(&mut self, value: &Value, is_error: bool, out: &mut Vec<Delta>) -> Result<(), Fault> {
        if let Some(error) = extract_error(value) {
            return self.course.fail(error);
        }
        if is_error {
            return self.course.fail(said(&value.to_string()));
        }
        let is_line = ["message", "done", "done_reason"]
            .iter()
            .any(|name| value.get(*name).is_some());
        if !is_line {
            self.course.stray(&value.to_string());
            return Ok(());
        }
        self.course.understood();
        let from = out.len();
        if !self.course.is_told() {
            self.words_of(&value["message"], out);
            self.last_line(value, out);
        }
        if out.len() == from {
            out.push(Delta::Alive);
        }
        Ok(())
    }

    fn words_of(&mut self, message: &Value, out: &mut Vec<Delta>) {
        if let Some(thought) = message["thinking"].as_str().filter(|text| !text.is_empty()) {
            self.think.disable(out);
            out.push(Delta::Reasoning(thought.to_owned()));
        }
        if let Some(text) = message["content"].as_str() {
            self.think.push(text, out);
        }
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let name = call["function"]["name"].as_str().unwrap_or("unnamed");
            self.course.tool(name, out);
        }
    }

    /// Counts and reason, which the last line holds.
    fn last_line(&mut self, line: &Value, out: &mut Vec<Delta>) {
        let reason = line["done_reason"].as_str().filter(|r| !r.is_empty());
        let is_done = line["done"] == Value::Bool(true);
        if !is_done && reason.is_none() {
            return;
        }
        self.flush(out);
        self.course.note_words(out);
        let (input, output) = (
            number(&line["prompt_eval_count"]),
            number(&line["eval_count"]),
        );
        if input.is_some() || output.is_some() {
            out.push(Delta::Usage(Usage {
                input,
                output,
                cost: Some(Money(0)),
                ..Usage::default()
            }));
        }
        let ms = |name: &str| number(&line[name]).map(|nanos| nanos / 1_000_000);
        tracing::debug!(
            load_ms = ms("load_duration"),
            prompt_ms = ms("prompt_eval_duration"),
            answer_ms = ms("eval_duration"),
            "the local server's own times"
        );
        self.look_at(input, output, out);
        self.course.is_done = true;
        // Older servers give no reason; forks give one without saying that they are done.
        self.course.finish(finish_of(reason.unwrap_or("stop")), out);
    }

    /// Says where the server read less than it was sent, or had no room left.
    fn look_at(&mut self, input: Option<u64>, output: Option<u64>, out: &mut Vec<Delta>) {
        let Some(read) = input else {
            return;
        };
        let Expected { tokens, window } = self.expected;
        let is_full = window > 0 && read.saturating_add(output.unwrap_or(0)) >= window;
        if tokens >= LOOKED_AT && read.saturating_mul(2) < tokens {
            let note = format!(
                "the model seems to have read only {read} of about {tokens} tokens: its window may be too small for this conversation"
            );
            self.course.note(&note, out);
        } else if is_full {
            let note = format!(
                "the model's window of {window} tokens is full: the beginning of the conversation or the end of the answer may be missing"
            );
            self.course.note(&note, out);
        }
    }
}

/// The reason in salon's words.
fn finish_of(reason: &str) -> Finish {
    match reason {
        "stop" => Finish::Stop,
        "length" => Finish::Length,
        _ => other(reason),
    }
}
