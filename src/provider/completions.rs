//! The Chat Completions wire: frames of an answer into deltas, for every variant servers send (`wire.md` 3.2).

use std::borrow::Cow;

use serde_json::Value;

use crate::domain::chat::Delta;
use crate::domain::clean::Clean;
use crate::domain::message::Finish;
use crate::domain::usage::Usage;
use crate::provider::decode::{Decode, Ending, Fault};
use crate::provider::fault::{ApiError, extract_error};
use crate::provider::frame::Frame;
use crate::provider::plain;
use crate::provider::scrub::head;
use crate::provider::tally::usage_of;
use crate::provider::think::Think;

/// Lines that were not understood and are kept for the report.
const MAX_STRAYS: usize = 64;
/// Bytes of each.
const MAX_STRAY: usize = 2 << 10;

/// The state of one answer.
pub struct Decoder {
    request_id: Option<String>,
    has_response_id: bool,
    think: Think,
    /// A server's field for reasoning was seen: tags in the text are words.
    has_reasoning_field: bool,
    usage: Usage,
    finish: Option<Finish>,
    /// `finish` was passed on: what comes later is no answer any more.
    is_told: bool,
    is_done: bool,
    has_words: bool,
    has_refusal: bool,
    /// The tools asked for, by index.
    tools: Vec<(u64, String)>,
    understood: usize,
    strays: Vec<String>,
}

impl Decode for Decoder {
    fn frame(&mut self, frame: Frame, out: &mut Vec<Delta>) -> Result<(), Fault> {
        let from = out.len();
        let said = self.one_frame(frame, out);
        if said.is_err() {
            self.flush(out);
        }
        self.note_words(&out[from..]);
        said
    }

    fn flush(&mut self, out: &mut Vec<Delta>) {
        if !self.is_told {
            self.think.finish(out);
        }
    }

    fn end(&mut self, out: &mut Vec<Delta>) -> Ending {
        let from = out.len();
        self.flush(out);
        self.note_words(&out[from..]);
        match self.finish.clone() {
            Some(_) if self.is_told => Ending::Complete,
            Some(finish) if self.has_words => {
                self.is_told = true;
                out.push(Delta::Finish(finish));
                Ending::Complete
            }
            Some(finish) => Ending::Empty(finish),
            None if self.understood == 0 && !self.strays.is_empty() => Ending::NotUnderstood,
            None => Ending::NoReason {
                is_done: self.is_done,
                has_words: self.has_words,
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
        self.tools.iter().map(|(_, name)| name.as_str()).collect()
    }
}

impl Decoder {
    /// For an answer with this request id in its head.
    pub fn new(request_id: Option<String>) -> Decoder {
        Decoder {
            request_id,
            has_response_id: false,
            think: Think::default(),
            has_reasoning_field: false,
            usage: Usage::default(),
            finish: None,
            is_told: false,
            is_done: false,
            has_words: false,
            has_refusal: false,
            tools: Vec::new(),
            understood: 0,
            strays: Vec::new(),
        }
    }

    fn note_words(&mut self, deltas: &[Delta]) {
        let is_word = |delta: &Delta| {
            matches!(
                delta,
                Delta::Text(_) | Delta::Reasoning(_) | Delta::Refusal(_)
            )
        };
        self.has_words |= deltas.iter().any(is_word);
    }

    fn one_frame(&mut self, frame: Frame, out: &mut Vec<Delta>) -> Result<(), Fault> {
        match frame {
            Frame::Comment => out.push(Delta::Alive),
            Frame::Page(page) => return Err(Fault::Page(page)),
            Frame::Event { name, data, is_cut } => {
                let data = data.trim();
                if data == "[DONE]" {
                    self.is_done = true;
                    self.understood += 1;
                } else if data.is_empty() {
                    out.push(Delta::Alive);
                } else if let Some(words) = self.plain_words(&name, data) {
                    self.understood += 1;
                    let from = out.len();
                    self.think.push(&words, out);
                    if out.len() == from {
                        out.push(Delta::Alive);
                    }
                } else if let Ok(value) = serde_json::from_str::<Value>(data) {
                    return self.value(&value, name == "error", out);
                } else if name == "error" {
                    return self.fail(said(data));
                } else if !is_cut {
                    self.stray(data);
                }
            }
            Frame::Json(text) => match serde_json::from_str::<Value>(&text) {
                Ok(value) => {
                    self.value(&value, false, out)?;
                    self.whole(&value, out);
                }
                Err(_) => self.stray(&text),
            },
            Frame::Line(line) => return self.line(&line, out),
        }
        Ok(())
    }

    /// The words of a chunk that says nothing else; the first chunk and what follows the end are read with care.
    fn plain_words<'a>(&self, name: &str, data: &'a str) -> Option<Cow<'a, str>> {
        if self.understood == 0 || self.is_told || !name.is_empty() {
            return None;
        }
        let plain = plain::read(data)?;
        (self.has_response_id || !plain.has_id).then_some(plain.words)
    }

    fn line(&mut self, line: &str, out: &mut Vec<Delta>) -> Result<(), Fault> {
        if let Some(told) = line.strip_prefix("error:") {
            return match serde_json::from_str::<Value>(told) {
                Ok(value) => self.value(&value, true, out),
                Err(_) => self.fail(said(told.trim())),
            };
        }
        match serde_json::from_str::<Value>(line) {
            Ok(value) if value.is_object() => self.value(&value, false, out),
            Ok(_) | Err(_) => {
                self.stray(line);
                Ok(())
            }
        }
    }

    /// A JSON value: a chunk, an error, or something unknown. `is_error`: its frame was called so.
    fn value(&mut self, value: &Value, is_error: bool, out: &mut Vec<Delta>) -> Result<(), Fault> {
        if value.get("choices").is_some() || value.get("usage").is_some() {
            self.understood += 1;
            self.chunk(value, out)?;
        }
        if let Some(error) = extract_error(value) {
            return self.fail(error);
        }
        if is_error {
            // The body of the error itself, without the field around it.
            let wrapped = extract_error(&serde_json::json!({"error": value}));
            return self.fail(wrapped.unwrap_or_else(|| said(&value.to_string())));
        }
        if value.get("choices").is_none() && value.get("usage").is_none() {
            self.stray(&value.to_string());
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

    fn chunk(&mut self, chunk: &Value, out: &mut Vec<Delta>) -> Result<(), Fault> {
        let from = out.len();
        if let Some(id) = chunk["id"].as_str().filter(|id| !id.is_empty())
            && !self.has_response_id
        {
            self.has_response_id = true;
            out.push(Delta::Opened {
                request_id: self.request_id.clone(),
                response_id: Some(head(id, 200).to_owned()),
            });
        }
        let first = |choice: &&Value| choice["index"].as_f64().unwrap_or(0.0) == 0.0;
        let choices = chunk["choices"].as_array();
        let mut reason = None;
        if let Some(choice) = choices.and_then(|all| all.iter().find(first))
            && !self.is_told
        {
            self.words_of(choice, out);
            reason = choice["finish_reason"].as_str().filter(|r| !r.is_empty());
        }
        if let Some(usage) = usage_of(chunk) {
            self.usage.merge(usage);
            out.push(Delta::Usage(self.usage));
        }
        if let Some(reason) = reason {
            self.finish(reason, extract_error(chunk), out)?;
        }
        if out.len() == from {
            out.push(Delta::Alive);
        }
        Ok(())
    }

    fn finish(
        &mut self,
        reason: &str,
        error: Option<ApiError>,
        out: &mut Vec<Delta>,
    ) -> Result<(), Fault> {
        self.think.finish(out);
        self.note_words(out);
        let Some(mut finish) = finish_of(reason) else {
            let error = error.unwrap_or_else(|| ApiError {
                words: vec![reason.to_ascii_lowercase()],
                ..ApiError::default()
            });
            return Err(Fault::Said(Box::new(error)));
        };
        if self.has_refusal && finish == Finish::Stop {
            finish = Finish::Refusal;
        }
        if self.has_words {
            self.is_told = true;
            out.push(Delta::Finish(finish.clone()));
        }
        self.finish = Some(finish);
        Ok(())
    }

    /// Reasoning, text, refusal and tools of a choice.
    fn words_of(&mut self, choice: &Value, out: &mut Vec<Delta>) {
        let delta = &choice["delta"];
        // A `message` beside or after deltas repeats what was said (`wire.md` 0, rule 5).
        let delta = if delta.as_object().is_some_and(|fields| !fields.is_empty()) {
            delta
        } else if self.has_words {
            &Value::Null
        } else {
            &choice["message"]
        };
        self.thought(reasoning_of(delta), out);
        match &delta["content"] {
            Value::String(text) => self.think.push(text, out),
            Value::Array(parts) => {
                for part in parts {
                    self.part(part, out);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {}
        }
        if let Some(refusal) = delta["refusal"].as_str().filter(|text| !text.is_empty()) {
            self.has_refusal = true;
            out.push(Delta::Refusal(refusal.to_owned()));
        }
        self.tools_of(delta, out);
    }

    /// Reasoning the server itself told apart.
    fn thought(&mut self, thought: String, out: &mut Vec<Delta>) {
        if thought.is_empty() {
            return;
        }
        if !self.has_reasoning_field {
            self.has_reasoning_field = true;
            self.think.disable(out);
        }
        out.push(Delta::Reasoning(thought));
    }

    /// A part of a content array, as Mistral sends it.
    fn part(&mut self, part: &Value, out: &mut Vec<Delta>) {
        let kind = part["type"].as_str().unwrap_or("text");
        if let Some(text) = part.as_str().or_else(|| part["text"].as_str())
            && matches!(kind, "text" | "output_text")
        {
            self.think.push(text, out);
        } else if kind == "thinking" {
            let thinking = &part["thinking"];
            let mut thought = thinking.as_str().unwrap_or("").to_owned();
            for piece in thinking.as_array().into_iter().flatten() {
                thought.push_str(piece["text"].as_str().unwrap_or(""));
            }
            self.thought(thought, out);
        } else if let Some(refusal) = part["refusal"].as_str().filter(|text| !text.is_empty()) {
            self.has_refusal = true;
            out.push(Delta::Refusal(refusal.to_owned()));
        }
    }

    /// One note for each tool; its arguments are not shown.
    fn tools_of(&mut self, delta: &Value, out: &mut Vec<Delta>) {
        let calls = delta["tool_calls"].as_array().into_iter().flatten();
        let named = calls
            .enumerate()
            .map(|(n, call)| {
                (
                    call["index"].as_u64().unwrap_or(n as u64),
                    &call["function"],
                )
            })
            .chain(std::iter::once((0, &delta["function_call"])));
        for (index, function) in named {
            let Some(name) = function["name"].as_str().filter(|name| !name.is_empty()) else {
                continue;
            };
            if self.tools.iter().any(|(known, _)| *known == index) || self.tools.len() >= 32 {
                continue;
            }
            let name = Clean::line(head(name, 80)).to_string();
            out.push(Delta::Note(format!("the model asked for a tool ({name})")));
            self.tools.push((index, name));
        }
    }

    /// An answer in one piece may leave the reason out: that it is there whole is reason enough.
    fn whole(&mut self, value: &Value, out: &mut Vec<Delta>) {
        let has_message = value["choices"][0]["message"].is_object();
        if has_message && self.finish.is_none() {
            self.think.finish(out);
            self.note_words(out);
            self.finish = Some(Finish::Stop);
        }
    }

    fn stray(&mut self, text: &str) {
        if self.strays.len() < MAX_STRAYS {
            self.strays.push(head(text, MAX_STRAY).to_owned());
        }
    }
}

fn said(text: &str) -> ApiError {
    ApiError {
        message: text.to_owned(),
        ..ApiError::default()
    }
}

/// Reasoning, taken from one field only where a server fills several with the same.
fn reasoning_of(delta: &Value) -> String {
    for field in ["reasoning_content", "reasoning"] {
        if let Some(text) = delta[field].as_str().filter(|text| !text.is_empty()) {
            return text.to_owned();
        }
    }
    let mut thought = String::new();
    for detail in delta["reasoning_details"].as_array().into_iter().flatten() {
        let text = detail["text"]
            .as_str()
            .or_else(|| detail["summary"].as_str());
        thought.push_str(text.unwrap_or(""));
    }
    thought
}

/// The reason in salon's words; `None` = it stands for an error.
fn finish_of(reason: &str) -> Option<Finish> {
    let finish = match reason.to_ascii_lowercase().as_str() {
        "stop" | "eos" | "eos_token" | "end_turn" | "stop_sequence" => Finish::Stop,
        "length"
        | "max_tokens"
        | "max_output_tokens"
        | "model_length"
        | "model_context_window_exceeded" => Finish::Length,
        "content_filter" | "sensitive" | "safety" | "recitation" | "blocklist"
        | "prohibited_content" | "spii" => Finish::Filter,
        "refusal" => Finish::Refusal,
        "error" | "network_error" | "insufficient_system_resource" => return None,
        _ => Finish::Other(Clean::line(head(reason, 64)).to_string()),
    };
    Some(finish)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::frame::FrameDecoder;

    /// Text, reasoning, finish, notes, and what it was.
    #[derive(Debug, Default, PartialEq)]
    struct Told {
        text: String,
        reasoning: String,
        finish: Option<Finish>,
        notes: Vec<String>,
        usage: Option<Usage>,
        error: Option<String>,
        ending: Option<Ending>,
    }

    fn told(body: &str) -> Told {
        let (mut frames, mut out) = (FrameDecoder::default(), Vec::new());
        frames.push(body.as_bytes(), &mut out).unwrap();
        frames.finish(&mut out).unwrap();
        let (mut decoder, mut deltas, mut told) = (Decoder::new(None), Vec::new(), Told::default());
        for frame in out {
            if let Err(fault) = decoder.frame(frame, &mut deltas) {
                told.error = Some(match fault {
                    Fault::Said(error) => error.message,
                    Fault::Page(page) => page,
                });
                break;
            }
        }
        if told.error.is_none() {
            told.ending = Some(decoder.end(&mut deltas));
        }
        for delta in deltas {
            match delta {
                Delta::Text(piece) | Delta::Refusal(piece) => told.text += &piece,
                Delta::Reasoning(piece) => told.reasoning += &piece,
                Delta::Finish(finish) => told.finish = Some(finish),
                Delta::Note(note) => told.notes.push(note),
                Delta::Usage(usage) => told.usage = Some(usage),
                Delta::Opened { .. } | Delta::Alive => {}
            }
        }
        told
    }

    /// A stream of these chunks.
    fn stream(chunks: &[&str]) -> Told {
        let events: Vec<String> = chunks.iter().map(|c| format!("data: {c}\n\n")).collect();
        told(&events.concat())
    }

    const STOP: &str = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#;

    fn complete(text: &str, reasoning: &str) -> Told {
        Told {
            text: text.to_owned(),
            reasoning: reasoning.to_owned(),
            finish: Some(Finish::Stop),
            ending: Some(Ending::Complete),
            ..Told::default()
        }
    }

    #[test]
    fn content_comes_in_many_forms() {
        for chunk in [
            r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"}}]}"#,
            r#"{"choices":[{"delta":{"role":"model","content":"Hi"}}],"created":1.5e9,"usage":null}"#,
            r#"{"choices":[{"index":null,"delta":{"content":[{"type":"text","text":"H"},{"text":"i"}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{},"message":{"content":"Hi"}}]}"#,
            r#"{"choices":[{"index":1,"delta":{"content":"no"}},{"index":0,"delta":{"content":"Hi"}}]}"#,
            r#"{"choices":[{"message":{"role":"assistant","content":"Hi"}}],"error":null}"#,
        ] {
            assert_eq!(
                stream(&[chunk, STOP, "[DONE]"]),
                complete("Hi", ""),
                "{chunk}"
            );
        }
    }

    #[test]
    fn chunks_without_words_change_nothing() {
        for chunk in [
            r#"{"choices":[],"prompt_filter_results":[{}],"id":"","model":""}"#,
            r#"{"choices":null,"id":"x"}"#,
            r#"{"choices":[{"content_filter_results":{},"index":0}]}"#,
            r#"{"choices":[{"delta":null,"finish_reason":""}]}"#,
            r#"{"choices":[{"delta":{"content":null},"finish_reason":null}]}"#,
            r#"{"type":"response.rate_limits.updated"}"#,
            "",
        ] {
            let word = r#"{"choices":[{"delta":{"content":"Hi"}}]}"#;
            assert_eq!(
                stream(&[chunk, word, chunk, STOP, chunk]),
                complete("Hi", ""),
                "{chunk}"
            );
        }
    }

    #[test]
    fn reasoning_is_taken_from_one_field() {
        for delta in [
            r#""reasoning_content":"hm""#,
            r#""reasoning":"hm","content":null"#,
            r#""reasoning_content":"hm","reasoning":"hm","reasoning_details":[{"type":"reasoning.text","text":"hm"}]"#,
            r#""reasoning":"","reasoning_details":[{"type":"reasoning.summary","summary":"h"},{"type":"reasoning.encrypted","data":"x"},{"text":"m"}]"#,
            r#""content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]"#,
            r#""content":"<think>hm</think>""#,
        ] {
            let thought = format!(r#"{{"choices":[{{"delta":{{{delta}}}}}]}}"#);
            let word = r#"{"choices":[{"delta":{"content":"Hi"}}]}"#;
            assert_eq!(
                stream(&[&thought, word, STOP]),
                complete("Hi", "hm"),
                "{delta}"
            );
        }
    }

    #[test]
    fn tags_are_words_where_reasoning_has_a_field() {
        let word = r#"{"choices":[{"delta":{"content":"<think>is a tag"}}]}"#;
        for thought in [
            r#"{"choices":[{"delta":{"reasoning":"hm"}}]}"#,
            r#"{"choices":[{"delta":{"content":[{"type":"thinking","thinking":"hm"}]}}]}"#,
        ] {
            assert_eq!(
                stream(&[thought, word, STOP]),
                complete("<think>is a tag", "hm"),
                "{thought}"
            );
        }
    }

    #[test]
    fn reasons_are_told_in_salons_words() {
        for (reason, finish) in [
            ("stop", Finish::Stop),
            ("eos", Finish::Stop),
            ("STOP", Finish::Stop),
            ("length", Finish::Length),
            ("MAX_TOKENS", Finish::Length),
            ("model_length", Finish::Length),
            ("content_filter", Finish::Filter),
            ("SAFETY", Finish::Filter),
            ("sensitive", Finish::Filter),
            ("tool_calls", Finish::Other("tool_calls".into())),
            ("load", Finish::Other("load".into())),
        ] {
            // The last words may come with the reason.
            let chunk = format!(
                r#"{{"choices":[{{"delta":{{"content":"Hi"}},"finish_reason":"{reason}"}}]}}"#
            );
            let told = stream(&[&chunk, "[DONE]"]);
            assert_eq!(
                (told.text.as_str(), told.finish),
                ("Hi", Some(finish)),
                "{reason}"
            );
        }
        for reason in ["error", "network_error", "insufficient_system_resource"] {
            let chunk = format!(
                r#"{{"choices":[{{"delta":{{"content":"Hi"}},"finish_reason":"{reason}"}}]}}"#
            );
            let told = stream(&[&chunk]);
            assert_eq!(
                (told.text.as_str(), told.error.is_some()),
                ("Hi", true),
                "{reason}"
            );
        }
    }

    #[test]
    fn a_refusal_is_text_with_its_own_reason() {
        let chunk = r#"{"choices":[{"delta":{"refusal":"I cannot."}}]}"#;
        let told = stream(&[chunk, STOP]);
        assert_eq!(
            (told.text.as_str(), told.finish),
            ("I cannot.", Some(Finish::Refusal))
        );
    }

    #[test]
    fn words_are_not_told_twice_nor_after_the_reason() {
        let word = r#"{"choices":[{"delta":{"content":"Hi"}}]}"#;
        let whole =
            r#"{"choices":[{"delta":{},"message":{"content":"Hi"},"finish_reason":"stop"}]}"#;
        assert_eq!(stream(&[word, whole, word, STOP]), complete("Hi", ""));
    }

    #[test]
    fn usage_grows_and_the_last_value_wins() {
        let told = stream(&[
            r#"{"choices":[{"delta":{"content":"Hi"}}],"usage":{"prompt_tokens":9,"completion_tokens":1}}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"completion_tokens":3}}"#,
            r#"{"choices":[],"usage":{"completion_tokens":4,"cost":0.5}}"#,
        ]);
        let usage = told.usage.unwrap();
        assert_eq!((usage.input, usage.output), (Some(9), Some(4)));
        assert_eq!(usage.cost.unwrap().to_string(), "0.5");
    }

    #[test]
    fn a_tool_is_one_note() {
        let told = stream(&[
            r#"{"choices":[{"delta":{"content":"Hi","tool_calls":[{"index":0,"function":{"name":"a","arguments":""}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"a","arguments":"{}"}},{"index":1,"function":{"name":"b"}}]}}]}"#,
            STOP,
        ]);
        assert_eq!(
            told.notes,
            [
                "the model asked for a tool (a)",
                "the model asked for a tool (b)"
            ]
        );
    }

    #[test]
    fn what_was_held_back_is_not_lost_in_an_error() {
        let told = stream(&[
            r#"{"choices":[{"delta":{"content":"a\n<"}}]}"#,
            r#"{"error":{"message":"Boom"}}"#,
        ]);
        assert_eq!(
            (told.text.as_str(), told.error.as_deref()),
            ("a\n<", Some("Boom"))
        );
    }

    #[test]
    fn the_end_is_judged_by_the_reason() {
        let word = r#"{"choices":[{"delta":{"content":"Hi"}}]}"#;
        let ending = |chunks: &[&str]| stream(chunks).ending.unwrap();
        let no_reason = |is_done, has_words| Ending::NoReason { is_done, has_words };
        assert_eq!(ending(&[word]), no_reason(false, true));
        assert_eq!(ending(&[word, "[DONE]"]), no_reason(true, true));
        assert_eq!(ending(&["[DONE]"]), no_reason(true, false));
        assert_eq!(ending(&[]), no_reason(false, false));
        assert_eq!(ending(&[STOP]), Ending::Empty(Finish::Stop));
        // The last words after the reason, where nothing was said before it.
        assert_eq!(ending(&[STOP, word]), Ending::Complete);
        assert_eq!(ending(&["noise"]), Ending::NotUnderstood);
        // A cut last chunk is used where it is whole, and passed over where it is not.
        let whole = format!("data: {word}\n\ndata: {STOP}");
        assert_eq!(told(&whole), complete("Hi", ""));
        let half = format!("data: {word}\n\ndata: {}", &STOP[..20]);
        assert_eq!(told(&half).ending, Some(no_reason(false, true)));
    }

    #[test]
    fn ndjson_is_an_answer() {
        let body = format!(
            "{}\n{STOP}\n",
            r#"{"choices":[{"delta":{"content":"Hi"}}]}"#
        );
        assert_eq!(told(&body), complete("Hi", ""));
    }
}
