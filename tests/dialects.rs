//! The wires of Anthropic and Ollama through the real client against a scripted server: headers, bodies, answers, errors,
//! and what is learnt from a refusal.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what several tests share stops where a test cannot go on"
)]

mod support;

use std::path::Path;

use salon::domain::chat::{ChatMessage, ChatRequest, Delta, Purpose};
use salon::domain::failure::FailureKind;
use salon::domain::message::{Finish, Role};
use salon::domain::model::ModelRef;
use salon::provider::{By, Guide, GuidePace, ProviderError, Providers, Retry};
use salon::settings::{KeySource, Wire};
use serde_json::{Value, json};
use support::fixture;
use support::server::{Answer, Recorded, Server};

fn providers(server: &Server, wire: Wire) -> Providers {
    let mut settings = fixture::settings(&server.url(), Path::new("/nowhere"));
    let provider = settings.providers.get_mut("test").unwrap();
    provider.wire = wire;
    if wire == Wire::Ollama {
        provider.base_url = format!("http://{}", server.address());
        provider.key = KeySource::None;
    }
    Providers::new(&settings, Guide::new(fixture::manual(), GuidePace::AtOnce))
}

fn request(model: &str) -> ChatRequest {
    let messages = vec![ChatMessage::new(Role::User, "Hello?")];
    ChatRequest::new(ModelRef::new("test", model), Purpose::Turn, messages)
}

/// All an answer said.
#[derive(Default)]
struct Told {
    text: String,
    finish: Option<Finish>,
    notes: Vec<String>,
    error: Option<ProviderError>,
}

async fn ask(providers: &Providers, request: &ChatRequest) -> Told {
    let mut told = Told::default();
    let mut reply = match providers.ask(request).await {
        Ok(reply) => reply,
        Err(error) => {
            told.error = Some(error);
            return told;
        }
    };
    while let Some(next) = reply.next().await {
        match next {
            Err(error) => told.error = Some(error),
            Ok(Delta::Text(piece) | Delta::Refusal(piece)) => told.text.push_str(&piece),
            Ok(Delta::Finish(finish)) => told.finish = Some(finish),
            Ok(Delta::Note(note)) => told.notes.push(note),
            Ok(Delta::Opened { .. } | Delta::Reasoning(_) | Delta::Usage(_) | Delta::Alive) => {}
        }
    }
    told
}

fn event(value: &Value) -> String {
    format!(
        "event: {}\ndata: {value}\n\n",
        value["type"].as_str().unwrap()
    )
}

fn begin(text: &str) -> String {
    let usage = json!({"input_tokens": 3, "output_tokens": 1});
    let delta = json!({"type": "text_delta", "text": text});
    event(&json!({"type": "message_start", "message": {"id": "msg_1", "usage": usage}}))
        + &event(
            &json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        )
        + &event(&json!({"type": "content_block_delta", "index": 0, "delta": delta}))
}

/// A whole stream of Anthropic's wire.
fn messages(text: &str) -> Answer {
    let delta = json!({"stop_reason": "end_turn"});
    let end = event(&json!({"type": "content_block_stop", "index": 0}))
        + &event(&json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 2}}))
        + &event(&json!({"type": "message_stop"}));
    Answer::stream().send(begin(text) + &end)
}

/// An error as Anthropic says it.
fn anthropic_error(status: u16, kind: &str, message: &str) -> Answer {
    let error = json!({"type": kind, "message": message});
    Answer::json(
        status,
        &json!({"type": "error", "error": error, "request_id": "req_body"}),
    )
}

/// A whole stream of Ollama's wire.
fn ollama(text: &str) -> Answer {
    let line =
        json!({"model": "m", "message": {"role": "assistant", "content": text}, "done": false});
    let last = json!({"model": "m", "message": {"role": "assistant", "content": ""}, "done": true,
        "done_reason": "stop", "prompt_eval_count": 9, "eval_count": 2});
    Answer::new(200)
        .header("content-type", "application/x-ndjson")
        .send(format!("{line}\n{last}\n"))
        .at("/api/chat")
}

fn shows(window: u64) -> Answer {
    let shown =
        json!({"model_info": {"qwen3.context_length": window}, "capabilities": ["completion"]});
    Answer::json(200, &shown).at("/api/show")
}

fn asked(server: &Server, path: &str) -> Vec<Recorded> {
    let all = server.requests().into_iter();
    all.filter(|request| request.path == path).collect()
}

#[tokio::test]
async fn anthropic_is_asked_by_its_own_headers() {
    let server = Server::start(vec![messages("Hi")]).await;
    let told = ask(
        &providers(&server, Wire::Messages),
        &request("claude-opus-4-6"),
    )
    .await;
    assert_eq!(
        (told.text.as_str(), told.finish, told.error),
        ("Hi", Some(Finish::Stop), None)
    );
    let sent = &server.requests()[0];
    assert_eq!(
        (sent.method.as_str(), sent.path.as_str()),
        ("POST", "/v1/messages")
    );
    assert_eq!(sent.header("x-api-key"), Some(fixture::KEY));
    assert_eq!(sent.header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(
        sent.body,
        json!({"model": "claude-opus-4-6", "max_tokens": 16_000, "stream": true,
            "messages": [{"role": "user", "content": "Hello?"}]})
    );
}

#[tokio::test]
async fn the_version_of_anthropics_wire_can_be_set() {
    let server = Server::start(vec![messages("Hi")]).await;
    let mut settings = fixture::settings(&server.url(), Path::new("/nowhere"));
    let provider = settings.providers.get_mut("test").unwrap();
    provider.wire = Wire::Messages;
    let version = ("anthropic-version".to_owned(), "2026-10-21".to_owned());
    provider.headers.insert(version.0, version.1);
    let providers = Providers::new(&settings, Guide::new(fixture::manual(), GuidePace::AtOnce));
    ask(&providers, &request("m")).await;
    let sent = &server.requests()[0];
    assert_eq!(sent.header("anthropic-version"), Some("2026-10-21"));
}

#[tokio::test]
async fn an_error_of_anthropic_is_told_with_the_request_and_without_the_key() {
    let message = format!("invalid x-api-key {}", fixture::KEY);
    let server = Server::start(vec![anthropic_error(401, "authentication_error", &message)]).await;
    let told = ask(&providers(&server, Wire::Messages), &request("m")).await;
    let error = told.error.unwrap();
    assert_eq!(
        (error.failure.kind, error.retry),
        (FailureKind::Key, Retry::Never)
    );
    assert!(
        error.failure.detail.contains("request id: req_body"),
        "{error:?}"
    );
    assert!(!format!("{error:?}").contains(fixture::KEY));
}

#[tokio::test]
async fn an_error_in_anthropics_stream_keeps_the_text() {
    let overloaded =
        json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    let server = Server::start(vec![
        Answer::stream().send(begin("Hel") + &event(&overloaded)),
    ])
    .await;
    let told = ask(&providers(&server, Wire::Messages), &request("m")).await;
    let error = told.error.unwrap();
    assert_eq!((told.text.as_str(), told.finish), ("Hel", None));
    assert_eq!((error.by, error.retry), (By::Server, Retry::Slowly));
    assert!(error.failure.title.contains("overloaded"), "{error}");
}

#[tokio::test]
async fn what_a_claude_refuses_is_left_out_once_and_remembered() {
    let server = Server::start(vec![
        anthropic_error(
            400,
            "invalid_request_error",
            "temperature: Extra inputs are not permitted",
        ),
        anthropic_error(
            400,
            "invalid_request_error",
            "max_tokens: 20000 > 4096, which is the maximum allowed number of output tokens for m",
        ),
        messages("Hi").always(),
    ])
    .await;
    let providers = providers(&server, Wire::Messages);
    let mut request = request("m");
    request.sampling.temperature = Some(0.5);
    request.sampling.max_output_tokens = Some(20_000);
    let first = ask(&providers, &request).await;
    assert_eq!((first.text.as_str(), first.notes.len()), ("Hi", 2));
    let second = ask(&providers, &request).await;
    assert_eq!((second.text.as_str(), second.notes.len()), ("Hi", 0));
    let sent: Vec<Value> = server
        .requests()
        .iter()
        .map(|r| json!([r.body["temperature"], r.body["max_tokens"]]))
        .collect();
    assert_eq!(
        json!(sent),
        json!([[0.5, 20_000], [null, 20_000], [null, 4_096], [null, 4_096]])
    );
}

#[tokio::test]
async fn ollama_is_asked_for_a_window_that_it_has() {
    let server = Server::start(vec![shows(40_960), ollama("Hi").always()]).await;
    let providers = providers(&server, Wire::Ollama);
    let told = ask(&providers, &request("qwen3")).await;
    assert_eq!(
        (told.text.as_str(), told.finish, told.error),
        ("Hi", Some(Finish::Stop), None)
    );
    assert_eq!(
        asked(&server, "/api/show")[0].body,
        json!({"model": "qwen3"})
    );
    let sent = &asked(&server, "/api/chat")[0];
    assert_eq!(sent.header("authorization"), None);
    assert_eq!(
        sent.body,
        json!({"model": "qwen3", "stream": true, "options": {"num_ctx": 8192},
            "messages": [{"role": "user", "content": "Hello?"}]})
    );

    // A longer question makes it larger, at most as the model can; it stays so, and nobody asks again what it can.
    let mut long = request("qwen3");
    long.messages[0].text = "word".repeat(30_000);
    ask(&providers, &long).await;
    ask(&providers, &request("qwen3")).await;
    let windows: Vec<Value> = asked(&server, "/api/chat")
        .iter()
        .map(|request| request.body["options"]["num_ctx"].clone())
        .collect();
    assert_eq!(json!(windows), json!([8_192, 40_960, 40_960]));
    assert_eq!(asked(&server, "/api/show").len(), 1);
}

#[tokio::test]
async fn an_ollama_that_shows_nothing_answers_all_the_same() {
    let silent = Answer::json(404, &json!({"error": "not found"})).at("/api/show");
    let server = Server::start(vec![silent, ollama("Hi")]).await;
    let told = ask(&providers(&server, Wire::Ollama), &request("m")).await;
    assert_eq!((told.text.as_str(), told.error), ("Hi", None));
    assert_eq!(
        asked(&server, "/api/chat")[0].body["options"]["num_ctx"],
        8_192
    );
}

#[tokio::test]
async fn a_model_that_ollama_does_not_have_is_told() {
    let missing = json!({"error": "model \"m\" not found, try pulling it first"});
    let server = Server::start(vec![
        shows(8_192),
        Answer::json(404, &missing).at("/api/chat"),
    ])
    .await;
    let told = ask(&providers(&server, Wire::Ollama), &request("m")).await;
    let error = told.error.unwrap();
    assert_eq!(
        (error.failure.kind, error.retry),
        (FailureKind::Input, Retry::Never)
    );
    assert!(
        error.failure.title.contains("try pulling it first"),
        "{error}"
    );
}

#[tokio::test]
async fn an_error_in_ollamas_stream_keeps_the_text() {
    let line = json!({"message": {"role": "assistant", "content": "Hel"}, "done": false});
    let error = json!({"error": "an error was encountered while running the model"});
    let broken = Answer::new(200)
        .header("content-type", "application/x-ndjson")
        .send(format!("{line}\n{error}\n"))
        .at("/api/chat");
    let server = Server::start(vec![shows(8_192), broken]).await;
    let told = ask(&providers(&server, Wire::Ollama), &request("m")).await;
    let error = told.error.unwrap();
    assert_eq!((told.text.as_str(), told.finish), ("Hel", None));
    assert_eq!(error.by, By::Server);
    assert!(error.failure.title.contains("running the model"), "{error}");
}

#[tokio::test]
async fn an_ollama_model_without_degrees_of_thinking_just_thinks() {
    let refusal = |text: &str| Answer::json(400, &json!({"error": text})).at("/api/chat");
    let server = Server::start(vec![
        shows(8_192),
        refusal("think value \"low\" is not supported for this model"),
        refusal("\"m\" does not support thinking"),
        ollama("Hi"),
    ])
    .await;
    let mut request = request("m");
    request.sampling.effort = Some("low".to_owned());
    let told = ask(&providers(&server, Wire::Ollama), &request).await;
    assert_eq!((told.text.as_str(), told.notes.len()), ("Hi", 2));
    let sent: Vec<Value> = asked(&server, "/api/chat")
        .iter()
        .map(|request| request.body["think"].clone())
        .collect();
    assert_eq!(json!(sent), json!(["low", true, null]));
}

#[tokio::test]
async fn ollamas_models_are_listed() {
    let listing = json!({"object": "list", "data": [{"id": "qwen3:8b", "owned_by": "library"}]});
    let server = Server::start(vec![Answer::json(200, &listing).at("/v1/models")]).await;
    let models = providers(&server, Wire::Ollama)
        .models("test")
        .await
        .unwrap();
    let names: Vec<&str> = models.iter().map(|spec| spec.model.name.as_str()).collect();
    assert_eq!(names, ["qwen3:8b"]);
}
