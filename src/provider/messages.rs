//! The Anthropic Messages wire: frames of an answer into deltas (`wire.md` 4.2).

use serde_json::Value;

use crate::domain::chat::Delta;
use crate::domain::clean::Clean;
use crate::domain::message::Finish;
use crate::domain::usage::Usage;
use crate::provider::course::{Course, OnCourse, other, said};
use crate::provider::decode::{Decode, Fault};
use crate::provider::fault::{extract_error, number};
use crate::provider::frame::Frame;
use crate::provider::scrub::head;
use crate::provider::think::Think;

/// The state of one answer.
pub struct Decoder {
    course: Course,
    think: Think,
    usage: Tokens,
}

/// The counts as this wire tells them: the three kinds of input stand side by side (`wire.md` 9.1).
#[derive(Clone, Copy, Default)]
struct Tokens {
    fresh: Option<u64>,
    read: Option<u64>,
    written: Option<u64>,
    /// Part of `written` that is kept for an hour.
    kept_long: Option<u64>,
    output: Option<u64>,
    reasoning: Option<u64>,
}

impl OnCourse for Decoder {
    fn course(&self) -> &Course {
        &self.course
    }

    fn parts(&mut self) -> (&mut Course, &mut Think) {
        (&mut self.course, &mut self.think)
    }

    fn one_frame(&mut self, frame: Frame, out: &mut Vec<Delta>) -> Result<(), Fault> {
        match frame {
            Frame::Comment => out.push(Delta::Alive),
            Frame::Page(page) => return Err(Fault::Page(page)),
            Frame::Event { name, data, is_cut } => {
                let data = data.trim();
                if data == "[DONE]" {
                    self.course.understood();
                    self.course.is_done = true;
                } else if data.is_empty() {
                    out.push(Delta::Alive);
                } else if let Ok(value) = serde_json::from_str::<Value>(data) {
                    return self.value(&value, name == "error", out);
                } else if name == "error" {
                    return self.course.fail(said(data));
                } else if !is_cut {
                    self.course.stray(data);
                }
            }
            Frame::Json(text) => match serde_json::from_str::<Value>(&text) {
                Ok(value) => return self.value(&value, false, out),
                Err(_) => self.course.stray(&text),
            },
            Frame::Line(line) => return self.line(&line, out),
        }
        Ok(())
    }
}

impl Decoder {
    /// For an answer with this request id in its head.
    pub fn new(request_id: Option<String>) -> Decoder {
        Decoder {
            course: Course::new(request_id),
            think: Think::default(),
            usage: Tokens::default(),
        }
    }

    fn line(&mut self, line: &str, out: &mut Vec<Delta>) -> Result<(), Fault> {
        let (text, is_error) = match line.strip_prefix("error:") {
            Some(told) => (told.trim(), true),
            None => (line, false),
        };
        match serde_json::from_str::<Value>(text) {
            Ok(value) if value.is_object() => self.value(&value, is_error, out),
            Ok(_) | Err(_) if is_error => self.course.fail(said(text)),
            Ok(_) | Err(_) => {
                self.course.stray(line);
                Ok(())
            }
        }
    }

    /// An event of the stream, a whole answer, or an error. `is_error`: its frame was called so.
    fn value(&mut self, value: &Value, is_error: bool, out: &mut Vec<Delta>) -> Result<(), Fault> {
        let kind = value["type"].as_str().unwrap_or("");
        if is_error || kind == "error" || !value["error"].is_null() {
            let wrapped = || extract_error(&serde_json::json!({"error": value}));
            let error = extract_error(value).or_else(wrapped);
            return self
                .course
                .fail(error.unwrap_or_else(|| said(&value.to_string())));
        }
        if self.course.is_told() && !matches!(kind, "message_delta" | "message_stop") {
            return Ok(());
        }
        let from = out.len();
        match kind {
            "message_start" => self.opened(&value["message"], out),
            "content_block_start" => self.block(&value["content_block"], out),
            "content_block_delta" => self.delta(&value["delta"], out),
            "content_block_stop" | "ping" => {}
            "message_delta" => {
                self.usage_of(&value["usage"], out);
                self.reason(&value["delta"], out);
            }
            "message_stop" => self.course.is_done = true,
            "message" => self.whole(value, out),
            _ => {
                if let Some(error) = extract_error(value) {
                    return self.course.fail(error);
                }
                self.course.stray(&value.to_string());
                return Ok(());
            }
        }
        self.course.understood();
        if out.len() == from {
            out.push(Delta::Alive);
        }
        Ok(())
    }

    fn opened(&mut self, message: &Value, out: &mut Vec<Delta>) {
        self.course
            .opened(message["id"].as_str().unwrap_or(""), out);
        self.usage_of(&message["usage"], out);
    }

    /// The beginning of a block, or a block of an answer in one piece.
    fn block(&mut self, block: &Value, out: &mut Vec<Delta>) {
        let kind = block["type"].as_str().unwrap_or("text");
        match kind {
            "text" => self.text(&block["text"], out),
            "thinking" => {
                self.think.disable(out);
                self.thought(&block["thinking"], out);
            }
            // Reasoning that only the provider can read.
            "redacted_thinking" => self.think.disable(out),
            "tool_use" | "server_tool_use" | "mcp_tool_use" => {
                self.course
                    .tool(block["name"].as_str().unwrap_or("unnamed"), out);
            }
            _ => {
                let kind = Clean::line(head(kind, 80));
                self.course.note(
                    &format!("the answer has a part that is not shown ({kind})"),
                    out,
                );
            }
        }
    }

    fn delta(&mut self, delta: &Value, out: &mut Vec<Delta>) {
        match delta["type"].as_str().unwrap_or("") {
            "text_delta" | "" => self.text(&delta["text"], out),
            "thinking_delta" => {
                self.think.disable(out);
                self.thought(&delta["thinking"], out);
            }
            // Signatures, citations, arguments of tools, and whatever comes next.
            _ => {}
        }
    }

    fn text(&mut self, text: &Value, out: &mut Vec<Delta>) {
        if let Some(text) = text.as_str() {
            self.think.push(text, out);
        }
    }

    fn thought(&mut self, text: &Value, out: &mut Vec<Delta>) {
        if let Some(text) = text.as_str().filter(|text| !text.is_empty()) {
            out.push(Delta::Reasoning(text.to_owned()));
        }
    }

    /// The reason in `stop_reason`, and why the model refused.
    fn reason(&mut self, told: &Value, out: &mut Vec<Delta>) {
        let Some(reason) = told["stop_reason"].as_str().filter(|r| !r.is_empty()) else {
            return;
        };
        self.flush(out);
        self.course.note_words(out);
        if reason == "refusal" {
            let details = &told["stop_details"];
            let why = ["explanation", "category"]
                .iter()
                .find_map(|name| details[*name].as_str());
            if let Some(why) = why {
                let why = Clean::line(head(why, 400));
                self.course.note(&format!("refused: {why}"), out);
            }
        }
        self.course.finish(finish_of(reason), out);
    }

    /// An answer in one piece; that it is there whole is reason enough.
    fn whole(&mut self, message: &Value, out: &mut Vec<Delta>) {
        self.opened(message, out);
        let content = &message["content"];
        self.text(content, out);
        for block in content.as_array().into_iter().flatten() {
            self.block(block, out);
        }
        self.reason(message, out);
        if !self.course.has_reason() {
            self.flush(out);
            self.course.note_words(out);
            self.course.finish(Finish::Stop, out);
        }
        self.course.is_done = true;
    }

    /// Counts are cumulative; what a later object leaves out stays as it was told before.
    fn usage_of(&mut self, usage: &Value, out: &mut Vec<Delta>) {
        let count = |name: &str| number(&usage[name]);
        let split = &usage["cache_creation"];
        let parts = ["ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"]
            .map(|name| number(&split[name]));
        let written = match parts {
            [None, None] => None,
            [short, long] => Some(short.unwrap_or(0).saturating_add(long.unwrap_or(0))),
        };
        let newer = Tokens {
            fresh: count("input_tokens"),
            read: count("cache_read_input_tokens"),
            written: count("cache_creation_input_tokens").or(written),
            kept_long: parts[1],
            output: count("output_tokens"),
            reasoning: number(&usage["output_tokens_details"]["thinking_tokens"]),
        };
        let known = &mut self.usage;
        known.fresh = newer.fresh.or(known.fresh);
        known.read = newer.read.or(known.read);
        known.written = newer.written.or(known.written);
        known.kept_long = newer.kept_long.or(known.kept_long);
        known.output = newer.output.or(known.output);
        known.reasoning = newer.reasoning.or(known.reasoning);
        let all = known.all();
        if all != Usage::default() {
            out.push(Delta::Usage(all));
        }
    }
}

impl Tokens {
    fn all(&self) -> Usage {
        let cached = self
            .read
            .unwrap_or(0)
            .saturating_add(self.written.unwrap_or(0));
        Usage {
            input: self.fresh.map(|fresh| fresh.saturating_add(cached)),
            cached: self.read,
            cache_write: self.written,
            cache_write_long: self.kept_long.filter(|kept| *kept > 0),
            output: self.output,
            reasoning: self.reasoning,
            ..Usage::default()
        }
    }
}

/// The reason in salon's words.
fn finish_of(reason: &str) -> Finish {
    match reason {
        "end_turn" | "stop_sequence" => Finish::Stop,
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "refusal" => Finish::Refusal,
        _ => other(reason),
    }
}
