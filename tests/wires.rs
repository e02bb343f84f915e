//! Recorded answers, replayed: each `wires/WIRE/NAME.txt` must become what its `NAME.expected.json` says, through the
//! scripted server and through the decoder alone, however the bytes are split. `hand-` are written by hand after what
//! servers are known to send, the others are byte for byte those of real servers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what several tests share stops where a test cannot go on"
)]

mod support;

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use salon::domain::chat::{ChatMessage, ChatRequest, Delta, Purpose};
use salon::domain::message::Role;
use salon::domain::model::ModelRef;
use salon::domain::usage::Usage;
use salon::provider::decode::{Ending, Fault};
use salon::provider::frame::FrameDecoder;
use salon::provider::quirks::Quirks;
use salon::provider::wire;
use salon::provider::{By, Guide, GuidePace, ProviderError, Providers, Retry};
use salon::settings::Wire;
use serde_json::{Value, json};
use support::fixture;
use support::server::{Answer, Framing, Server};

/// A wire, the folder of its records, and how many there are at least.
const WIRES: [(Wire, &str, usize); 4] = [
    (Wire::ChatCompletions, "chat", 29),
    (Wire::Responses, "responses", 39),
    (Wire::Messages, "messages", 46),
    (Wire::Ollama, "ollama", 33),
];

/// A recorded answer.
struct Capture {
    wire: Wire,
    name: String,
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    expected: Value,
}

fn captures() -> Vec<Capture> {
    WIRES.into_iter().flat_map(of_wire).collect()
}

fn of_wire((wire, folder, least): (Wire, &str, usize)) -> Vec<Capture> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/wires")
        .join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        .collect();
    files.sort();
    assert!(files.len() >= least, "captures are missing");
    files.iter().map(|path| read(wire, path)).collect()
}

fn read(wire: Wire, path: &Path) -> Capture {
    let bytes = std::fs::read(path).unwrap();
    let expected = std::fs::read(path.with_extension("expected.json"))
        .unwrap_or_else(|_| panic!("{} has no .expected.json", path.display()));
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, body) = end.map_or((&b""[..], &b""[..]), |at| (&bytes[..at], &bytes[at + 4..]));
    let head = String::from_utf8(head.to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1);
    Capture {
        wire,
        name: path.file_stem().unwrap().to_string_lossy().into_owned(),
        // No head at all: the server closed the connection.
        status: status.map_or(0, |status| status.parse().unwrap()),
        headers: lines
            .filter_map(|line| line.split_once(": "))
            .filter(|(name, _)| {
                let name = name.to_ascii_lowercase();
                ![
                    "transfer-encoding",
                    "content-length",
                    "connection",
                    "keep-alive",
                ]
                .contains(&name.as_str())
            })
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        body: body.to_vec(),
        expected: serde_json::from_slice(&expected).unwrap(),
    }
}

impl Capture {
    /// The script that says it again in pieces of this size.
    fn script(&self, size: usize) -> Answer {
        if self.status == 0 {
            return Answer::new(200).framing(Framing::Raw);
        }
        let mut answer = Answer::new(self.status);
        for (name, value) in &self.headers {
            answer = answer.header(name, value);
        }
        for piece in self.body.chunks(size) {
            answer = answer.send(piece);
        }
        answer
    }

    /// The request it answers: a question of as many tokens as it says, by the estimate.
    fn request(&self) -> ChatRequest {
        let tokens = self.expected["question_tokens"].as_u64().unwrap_or(1);
        request(&"word".repeat(usize::try_from(tokens).unwrap()))
    }

    fn is_listing(&self) -> bool {
        self.expected.get("models").is_some()
    }
}

fn request(question: &str) -> ChatRequest {
    let messages = vec![ChatMessage::new(Role::User, question)];
    ChatRequest::new(ModelRef::new("test", "m"), Purpose::Turn, messages)
}

fn usage(usage: &Usage) -> Value {
    let mut told = json!({"input": usage.input, "output": usage.output});
    for (name, value) in [
        ("cached", usage.cached),
        ("reasoning", usage.reasoning),
        ("cache_write", usage.cache_write),
    ] {
        if let Some(value) = value {
            told[name] = json!(value);
        }
    }
    if let Some(cost) = usage.cost {
        told["cost"] = json!(cost.to_string());
    }
    told
}

/// What the deltas say, in the form of the expectations.
fn told(deltas: &[Delta]) -> Value {
    let mut told = json!({"text": "", "reasoning": "", "finish": null, "usage": null, "notes": []});
    let add = |value: &mut Value, piece: &str| {
        *value = json!(value.as_str().unwrap().to_owned() + piece);
    };
    for delta in deltas {
        match delta {
            Delta::Text(piece) | Delta::Refusal(piece) => add(&mut told["text"], piece),
            Delta::Reasoning(piece) => add(&mut told["reasoning"], piece),
            Delta::Finish(finish) => told["finish"] = json!(finish.to_string()),
            Delta::Usage(told_) => told["usage"] = usage(told_),
            Delta::Note(note) => told["notes"].as_array_mut().unwrap().push(json!(note)),
            Delta::Opened { .. } | Delta::Alive => {}
        }
    }
    told
}

fn compare(name: &str, expected: &Value, told: &Value) {
    for field in ["text", "reasoning", "finish", "usage"] {
        assert_eq!(told[field], expected[field], "{name}: {field}");
    }
    let notes = expected.get("notes").cloned().unwrap_or(json!([]));
    assert_eq!(told["notes"], notes, "{name}: notes");
}

fn compare_error(name: &str, expected: &Value, error: Option<&ProviderError>) {
    let status = match error {
        None => "complete",
        Some(error) if error.by == By::Transport => "interrupted",
        Some(_) => "failed",
    };
    assert_eq!(expected["status"], status, "{name}: {error:?}");
    let Some(error) = error else {
        assert_eq!(expected["error"], Value::Null, "{name}");
        return;
    };
    let wanted = &expected["error"];
    let retry = match error.retry {
        Retry::Never => "never".to_owned(),
        Retry::Slowly => "slowly".to_owned(),
        Retry::Backoff => "backoff".to_owned(),
        Retry::After(wait) => format!("after {}", wait.as_secs()),
        Retry::Poll(wait) => format!("poll {}", wait.as_secs()),
    };
    assert_eq!(wanted["retry"], retry, "{name}");
    assert_eq!(
        wanted["kind"],
        serde_json::to_value(error.failure.kind).unwrap(),
        "{name}"
    );
    let says = wanted["says"].as_str().unwrap();
    assert!(error.failure.title.contains(says), "{name}: {error}");
    if let Some(detail) = wanted["detail"].as_str() {
        assert!(
            error.failure.detail.contains(detail),
            "{name}: {}",
            error.failure.detail
        );
    }
}

fn providers(base_url: &str, wire: Wire) -> Providers {
    let guide = Guide::new(fixture::manual(), GuidePace::AtOnce);
    let mut settings = fixture::settings(base_url, Path::new("/nowhere"));
    settings.providers.get_mut("test").unwrap().wire = wire;
    Providers::new(&settings, guide)
}

/// Where a request of this wire arrives.
fn path(wire: Wire) -> &'static str {
    match wire {
        Wire::ChatCompletions => "/v1/chat/completions",
        Wire::Responses => "/v1/responses",
        Wire::Messages => "/v1/messages",
        Wire::Ollama => "/v1/api/chat",
    }
}

#[tokio::test]
async fn recorded_answers_come_through_the_client_as_they_were() {
    for capture in captures().iter().filter(|capture| !capture.is_listing()) {
        let mut scripts = vec![
            capture.script(usize::MAX),
            capture.script(997),
            capture.script(3),
        ];
        if capture.expected["status"] == "interrupted" && capture.status != 0 {
            // The same with a connection that does not close cleanly.
            scripts.push(capture.script(997).cut());
        }
        for (n, script) in scripts.into_iter().enumerate() {
            let is_cut = n == 3;
            let server = Server::start(vec![script.at(path(capture.wire))]).await;
            let (mut deltas, mut error) = (Vec::new(), None);
            let request = capture.request();
            match providers(&server.url(), capture.wire).ask(&request).await {
                Err(refusal) => error = Some(refusal),
                Ok(mut reply) => {
                    while let Some(next) = reply.next().await {
                        match next {
                            Ok(delta) => deltas.push(delta),
                            Err(last) => error = Some(last),
                        }
                    }
                }
            }
            compare(&capture.name, &capture.expected, &told(&deltas));
            if is_cut {
                assert_eq!(error.unwrap().by, By::Transport, "{}", capture.name);
            } else {
                compare_error(&capture.name, &capture.expected, error.as_ref());
            }
        }
    }
}

/// What a decoder alone makes of a body in pieces of this size: the deltas, and the status it ends with.
fn decoded(
    (wire, asked): (Wire, &ChatRequest),
    body: &[u8],
    size: usize,
) -> (Vec<Delta>, &'static str) {
    let sent = wire::encode(wire, asked, &Quirks::default());
    let mut decoder = wire::decoder(wire, (asked, &sent), None);
    let mut frames = FrameDecoder::default();
    let (mut out, mut deltas) = (Vec::new(), Vec::new());
    for chunk in body.chunks(size) {
        frames.push(chunk, &mut out).unwrap();
    }
    frames.finish(&mut out).unwrap();
    for frame in out {
        match decoder.frame(frame, &mut deltas) {
            Ok(()) => {}
            Err(Fault::Said(_) | Fault::Page(_)) => return (deltas, "failed"),
        }
    }
    let status = match decoder.end(&mut deltas) {
        Ending::Complete => "complete",
        Ending::NoReason { .. } => "interrupted",
        Ending::Empty(_) | Ending::NotUnderstood => "failed",
    };
    (deltas, status)
}

#[test]
fn recorded_streams_are_the_same_however_they_are_split() {
    let streams = captures()
        .into_iter()
        .filter(|c| c.status == 200 && !c.is_listing());
    let mut count = 0;
    for capture in streams {
        count += 1;
        for size in [1, 2, 3, 64, 1400, usize::MAX] {
            let (deltas, status) = decoded((capture.wire, &capture.request()), &capture.body, size);
            let name = format!("{} by {size}", capture.name);
            assert_eq!(capture.expected["status"], status, "{name}");
            compare(&name, &capture.expected, &told(&deltas));
        }
    }
    assert!(count >= 115, "{count}");
}

/// Pieces an answer may be made of, of several wires, and pieces of none.
const PIECES: [&str; 38] = [
    "data: ",
    "event: response.output_text.delta\n",
    "event: error\n",
    "\n\n",
    "\r\n\r\n",
    ": ping\n",
    "{\"type\":\"response.output_text.delta\",\"delta\":\"日a\"}",
    "{\"type\":\"response.output_text.delta\",\"output_index\":1,\"delta\":\"b\"}",
    "{\"type\":\"response.refusal.done\",\"refusal\":\"no\"}",
    "{\"type\":\"response.reasoning_summary_text.delta\",\"summary_index\":1,\"delta\":\"t\"}",
    "{\"type\":\"response.reasoning_text.done\",\"text\":7}",
    "{\"type\":\"response.output_item.added\",\"item\":{\"type\":\"message\"}}",
    "{\"type\":\"response.output_item.added\",\"item\":{\"type\":\"function_call\"}}",
    "{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"output\":[]}}",
    "{\"type\":\"response.incomplete\",\"response\":null}",
    "{\"type\":\"response.failed\",\"response\":{\"error\":[]}}",
    "{\"type\":\"error\",\"message\":null}",
    "{\"object\":\"response\",\"output\":[{\"type\":\"message\",\"content\":\"x\"}]}",
    "{\"type\":\"message_start\",\"message\":{\"id\":\"a\",\"usage\":{\"input_tokens\":1}}}",
    "{\"type\":\"content_block_start\",\"content_block\":{\"type\":\"thinking\",\"thinking\":\"t\"}}",
    "{\"type\":\"content_block_start\",\"content_block\":{\"type\":\"tool_use\",\"name\":\"w\"}}",
    "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"<think>\"}}",
    "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"é\\n</think>\\n\"}}",
    "{\"type\":\"content_block_delta\",\"delta\":[]}",
    "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":-1}}",
    "{\"type\":\"message_stop\"}",
    "{\"type\":\"message\",\"content\":[{\"text\":\"x\"},7]}",
    "{\"message\":{\"content\":\"<think>\",\"thinking\":\"t\"},\"done\":false}\n",
    "{\"message\":{\"content\":\"a\\n\"}}\n",
    "{\"message\":[],\"done\":true,\"prompt_eval_count\":1e300,\"eval_count\":18446744073709551615}\n",
    "{\"done_reason\":\"stop\"}\n",
    "{\"error\":\"no\"}\n",
    "[DONE]",
    "null",
    "{",
    "\u{feff}",
    "<html>",
    "é",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_of_any_stream_says_the_same(
        parts in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..40),
        size in 1_usize..40,
    ) {
        let body = parts.concat();
        for (wire, ..) in WIRES {
            let asked = request("Hello?");
            let whole = decoded((wire, &asked), body.as_bytes(), usize::MAX);
            prop_assert_eq!(&decoded((wire, &asked), body.as_bytes(), size), &whole);
        }
    }

    #[test]
    fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for (wire, ..) in WIRES {
            decoded((wire, &request("Hello?")), &bytes, 7);
        }
    }
}

#[tokio::test]
async fn recorded_listings_are_read() {
    let mut count = 0;
    for capture in captures().iter().filter(|capture| capture.is_listing()) {
        count += 1;
        let server = Server::start(vec![capture.script(usize::MAX).at("/v1/models")]).await;
        let models = providers(&server.url(), capture.wire);
        let models = models.models("test").await.unwrap();
        let told: Vec<Value> = models
            .iter()
            .map(|spec| json!([spec.model.name, spec.facts.context]))
            .collect();
        assert_eq!(json!(told), capture.expected["models"], "{}", capture.name);
    }
    assert_eq!(count, 2);
}
