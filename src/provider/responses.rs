//! The Responses wire: frames of an answer into deltas, for every variant servers send (`wire.md` 1.3 and 1.4).

use serde_json::{Value, json};

use crate::domain::chat::Delta;
use crate::domain::clean::Clean;
use crate::domain::message::Finish;
use crate::domain::usage::Usage;
use crate::provider::decode::{Decode, Ending, Fault};
use crate::provider::fault::{ApiError, extract_error};
use crate::provider::frame::Frame;
use crate::provider::scrub::head;
use crate::provider::tally::usage_of_response;

/// Lines that were not understood and are kept for the report.
const MAX_STRAYS: usize = 64;
/// Bytes of each.
const MAX_STRAY: usize = 2 << 10;
/// Tools and unknown items that are told.
const MAX_NOTES: usize = 32;

/// One of the two texts of an answer, its words or its reasoning: parts of it are set apart by a blank line.
#[derive(Default)]
struct Voice {
    has_words: bool,
    /// Words of the part under way came: what repeats them at its end says nothing new.
    has_here: bool,
    /// A new part began: its first words come after a blank line.
    is_apart: bool,
    /// Which part is under way, as far as the server counts them.
    part: Option<u64>,
}

/// The state of one answer.
#[derive(Default)]
pub struct Decoder {
    request_id: Option<String>,
    has_response_id: bool,
    text: Voice,
    thought: Voice,
    /// Whether the reasoning comes as summaries; a server that sends both kinds is heard in the first alone.
    is_summary: Option<bool>,
    has_refusal: bool,
    usage: Usage,
    finish: Option<Finish>,
    /// `finish` was passed on: what comes later is no answer any more.
    is_told: bool,
    is_done: bool,
    /// The tools asked for.
    tools: Vec<String>,
    /// Items that were told, by id or place.
    noted: Vec<String>,
    understood: usize,
    strays: Vec<String>,
}

impl Decode for Decoder {
    fn frame(&mut self, frame: Frame, out: &mut Vec<Delta>) -> Result<(), Fault> {
        match frame {
            Frame::Comment => out.push(Delta::Alive),
            Frame::Page(page) => return Err(Fault::Page(page)),
            Frame::Event { name, data, is_cut } => {
                let data = data.trim();
                if data == "[DONE]" {
                    self.is_done = true;
                } else if data.is_empty() {
                    out.push(Delta::Alive);
                } else if let Ok(value) = serde_json::from_str::<Value>(data) {
                    return self.value(&value, &name, out);
                } else if name == "error" {
                    return self.fail(said(data));
                } else if !is_cut {
                    self.stray(data);
                }
            }
            Frame::Json(text) => match serde_json::from_str::<Value>(&text) {
                Ok(value) => return self.value(&value, "", out),
                Err(_) => self.stray(&text),
            },
            Frame::Line(line) => {
                let (name, told) = match line.strip_prefix("error:") {
                    Some(told) => ("error", told.trim()),
                    None => ("", line.as_str()),
                };
                match serde_json::from_str::<Value>(told) {
                    Ok(value) if value.is_object() => return self.value(&value, name, out),
                    Ok(_) | Err(_) if name == "error" => return self.fail(said(told)),
                    Ok(_) | Err(_) => self.stray(&line),
                }
            }
        }
        Ok(())
    }

    /// Nothing is ever held back.
    fn flush(&mut self, _: &mut Vec<Delta>) {}

    fn end(&mut self, out: &mut Vec<Delta>) -> Ending {
        match self.finish.clone() {
            Some(_) if self.is_told => Ending::Complete,
            Some(finish) if self.has_words() => {
                self.is_told = true;
                out.push(Delta::Finish(finish));
                Ending::Complete
            }
            Some(finish) => Ending::Empty(finish),
            None if self.understood == 0 && !self.strays.is_empty() => Ending::NotUnderstood,
            None => Ending::NoReason {
                is_done: self.is_done,
                has_words: self.has_words(),
            },
        }
    }

    fn is_complete(&self) -> bool {
        self.is_told
    }

    fn is_ending(&self) -> bool {
        self.finish.is_some() || self.is_done
    }

    fn is_done(&self) -> bool {
        self.is_done
    }

    fn strays(&self) -> &[String] {
        &self.strays
    }

    fn tools(&self) -> Vec<&str> {
        self.tools.iter().map(String::as_str).collect()
    }
}

impl Decoder {
    /// For an answer with this request id in its head.
    pub fn new(request_id: Option<String>) -> Decoder {
        Decoder {
            request_id,
            ..Decoder::default()
        }
    }

    fn has_words(&self) -> bool {
        self.text.has_words || self.thought.has_words
    }

    /// A JSON value: an event, an answer in one piece, an error, or something unknown. What it is its own `type` says
    /// (gateways drop the event line), and `name`, the event line, where it has none.
    fn value(&mut self, value: &Value, name: &str, out: &mut Vec<Delta>) -> Result<(), Fault> {
        let from = out.len();
        let kind = value["type"].as_str().unwrap_or(name);
        if kind.is_empty() && (value["object"] == "response" || value["output"].is_array()) {
            self.understood += 1;
            self.terminal("", value, value, out)?;
        } else if matches!(kind, "error" | "response.error") {
            self.understood += 1;
            let wrapped = || extract_error(&json!({"error": value}));
            let error = extract_error(value).or_else(wrapped);
            return self.fail(error.unwrap_or_else(|| said(&value.to_string())));
        } else if kind.starts_with("response.") || matches!(kind, "keepalive" | "ping") {
            self.understood += 1;
            self.event(kind, value, out)?;
        } else if let Some(error) = extract_error(value) {
            return self.fail(error);
        } else {
            self.stray(&value.to_string());
        }
        if out.len() == from {
            out.push(Delta::Alive);
        }
        Ok(())
    }

    /// An error in the stream; a complete answer stays complete.
    fn fail(&mut self, error: ApiError) -> Result<(), Fault> {
        if self.is_told {
            return Ok(());
        }
        Err(Fault::Said(Box::new(error)))
    }

    fn event(&mut self, kind: &str, event: &Value, out: &mut Vec<Delta>) -> Result<(), Fault> {
        let ended = match kind {
            "response.completed" | "response.done" => Some("completed"),
            "response.incomplete" => Some("incomplete"),
            "response.failed" => Some("failed"),
            "response.cancelled" | "response.canceled" => Some("cancelled"),
            _ => None,
        };
        if let Some(ended) = ended {
            return self.terminal(ended, &event["response"], event, out);
        }
        if self.is_told {
            return Ok(());
        }
        let place = event["output_index"].as_u64();
        match kind {
            "response.created" | "response.in_progress" | "response.queued" => {
                self.opened(&event["response"], out);
            }
            "response.output_item.added" => {
                match event["item"]["type"].as_str() {
                    Some("message") => self.text.begin(),
                    Some("reasoning") => self.thought.begin(),
                    Some(_) | None => {}
                }
                self.note_item(&event["item"], out);
            }
            "response.output_text.delta" | "response.refusal.delta" => {
                self.text.turn_to(place);
                self.say(kind.contains("refusal"), &event["delta"], out);
            }
            "response.output_text.done" | "response.refusal.done" => {
                let is_refusal = kind.contains("refusal");
                self.text.turn_to(place);
                if !self.text.has_here {
                    let whole = if is_refusal { "refusal" } else { "text" };
                    self.say(is_refusal, &event[whole], out);
                }
            }
            "response.reasoning_summary_part.added" => self.thought.begin(),
            "response.reasoning_summary_text.delta"
            | "response.reasoning_summary.delta"
            | "response.reasoning_text.delta"
            | "response.reasoning.delta" => self.think(kind, event, &event["delta"], out),
            "response.reasoning_summary_text.done"
            | "response.reasoning_summary.done"
            | "response.reasoning_text.done"
            | "response.reasoning.done"
                if !self.thought.has_here =>
            {
                self.think(kind, event, &event["text"], out);
            }
            // Searches, code, sound, citations and what else will come: signs of life.
            _ => {}
        }
        Ok(())
    }

    fn say(&mut self, is_refusal: bool, words: &Value, out: &mut Vec<Delta>) {
        let Some(words) = self.text.next(words) else {
            return;
        };
        self.has_refusal |= is_refusal;
        out.push(if is_refusal {
            Delta::Refusal(words)
        } else {
            Delta::Text(words)
        });
    }

    fn think(&mut self, kind: &str, event: &Value, words: &Value, out: &mut Vec<Delta>) {
        let is_summary = kind.contains("summary");
        let index = if is_summary {
            "summary_index"
        } else {
            "content_index"
        };
        if words.as_str().is_none_or(str::is_empty)
            || *self.is_summary.get_or_insert(is_summary) != is_summary
        {
            return;
        }
        self.thought.turn_to(event[index].as_u64());
        out.extend(self.thought.next(words).map(Delta::Reasoning));
    }

    fn opened(&mut self, response: &Value, out: &mut Vec<Delta>) {
        if let Some(id) = response["id"].as_str().filter(|id| !id.is_empty())
            && !std::mem::replace(&mut self.has_response_id, true)
        {
            out.push(Delta::Opened {
                request_id: self.request_id.clone(),
                response_id: Some(head(id, 200).to_owned()),
            });
        }
    }

    /// One note for each tool the model asked for and each item salon does not know.
    fn note_item(&mut self, item: &Value, out: &mut Vec<Delta>) {
        let kind = item["type"].as_str().unwrap_or("");
        let key = item["id"].as_str().or_else(|| item["call_id"].as_str());
        let key = head(key.unwrap_or(kind), 200);
        if matches!(kind, "" | "message" | "reasoning")
            || self.noted.len() >= MAX_NOTES
            || self.noted.iter().any(|known| known == key)
        {
            return;
        }
        self.noted.push(key.to_owned());
        let plain = |text: &str| Clean::line(head(text, 80)).to_string();
        let note = if matches!(kind, "function_call" | "custom_tool_call") {
            let name = plain(item["name"].as_str().unwrap_or(kind));
            self.tools.push(name.clone());
            format!("the model asked for a tool ({name})")
        } else {
            format!(
                "the answer holds something salon does not show ({})",
                plain(kind)
            )
        };
        out.push(Delta::Note(note));
    }

    /// The object at the end of a stream, or the whole answer. `event` is what it came in, `ended` how that was called.
    fn terminal(
        &mut self,
        ended: &str,
        response: &Value,
        event: &Value,
        out: &mut Vec<Delta>,
    ) -> Result<(), Fault> {
        self.opened(response, out);
        if let Some(usage) = usage_of_response(event) {
            self.usage.merge(usage);
            out.push(Delta::Usage(self.usage));
        }
        if self.is_told {
            return Ok(());
        }
        self.output(&response["output"], out);
        let status = match response["status"].as_str() {
            Some(told @ ("failed" | "incomplete" | "cancelled")) => told,
            // Still under way: what was asked for as a job in the background.
            Some(told @ ("queued" | "in_progress")) if ended.is_empty() => told,
            Some(_) | None if ended.is_empty() => "completed",
            Some(_) | None => ended,
        };
        let finish = match status {
            "queued" | "in_progress" => return Ok(()),
            "failed" | "cancelled" => {
                let told = extract_error(&json!({"error": response["error"]}));
                return self.fail(told.unwrap_or_else(|| ApiError {
                    message: format!("the response is {status}"),
                    words: vec![status.to_owned()],
                    ..ApiError::default()
                }));
            }
            "incomplete" => cut(&response["incomplete_details"]["reason"]),
            _ if self.has_refusal => Finish::Refusal,
            _ if !self.tools.is_empty() => Finish::Other("tool_calls".to_owned()),
            _ => Finish::Stop,
        };
        if self.has_words() {
            self.is_told = true;
            out.push(Delta::Finish(finish.clone()));
        }
        self.finish = Some(finish);
        Ok(())
    }

    /// What the finished output holds and the stream did not say. Words that came are never replaced by it, and an
    /// empty one takes nothing back (`wire.md` 1.4).
    fn output(&mut self, output: &Value, out: &mut Vec<Delta>) {
        let (had_text, had_thought) = (self.text.has_words, self.has_words());
        let had_notes = !self.noted.is_empty();
        for item in output.as_array().into_iter().flatten() {
            let parts = |name: &str| item[name].as_array().into_iter().flatten();
            match item["type"].as_str() {
                Some("message") if !had_text => {
                    self.text.begin();
                    for part in parts("content") {
                        let is_refusal = part["type"] == "refusal";
                        let words = if is_refusal { "refusal" } else { "text" };
                        self.say(is_refusal, &part[words], out);
                    }
                }
                Some("reasoning") if !had_thought => {
                    let raw = item["content"]
                        .as_array()
                        .is_some_and(|all| !all.is_empty());
                    for part in parts(if raw { "content" } else { "summary" }) {
                        self.thought.begin();
                        out.extend(self.thought.next(&part["text"]).map(Delta::Reasoning));
                    }
                }
                Some(_) | None if !had_notes => self.note_item(item, out),
                Some(_) | None => {}
            }
        }
    }

    fn stray(&mut self, text: &str) {
        if self.strays.len() < MAX_STRAYS {
            self.strays.push(head(text, MAX_STRAY).to_owned());
        }
    }
}

impl Voice {
    /// A new part begins.
    fn begin(&mut self) {
        self.is_apart = self.has_words;
        self.has_here = false;
        self.part = None;
    }

    /// The next words belong to the part of this number; one that is not numbered is the one under way.
    fn turn_to(&mut self, part: Option<u64>) {
        let Some(part) = part else {
            return;
        };
        if self.part.is_some_and(|known| known != part) {
            self.begin();
        }
        self.part = Some(part);
    }

    /// These words, set apart from a part before them; `None` when there are none.
    fn next(&mut self, words: &Value) -> Option<String> {
        let words = words.as_str().filter(|words| !words.is_empty())?;
        let is_apart = std::mem::take(&mut self.is_apart);
        (self.has_words, self.has_here) = (true, true);
        Some(if is_apart {
            format!("\n\n{words}")
        } else {
            words.to_owned()
        })
    }
}

fn said(text: &str) -> ApiError {
    ApiError {
        message: text.to_owned(),
        ..ApiError::default()
    }
}

/// Why an answer is incomplete; where no reason stands beside it, a limit is the usual one.
fn cut(reason: &Value) -> Finish {
    match reason.as_str() {
        None | Some("max_output_tokens" | "max_tokens" | "length") => Finish::Length,
        Some("content_filter") => Finish::Filter,
        Some(word) => Finish::Other(Clean::line(head(word, 64)).to_string()),
    }
}
