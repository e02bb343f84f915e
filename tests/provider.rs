//! The provider room against a scripted server: what each fault on the wire becomes (the fault list of `wire.md`).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what several tests share stops where a test cannot go on"
)]

mod support;

use std::path::Path;
use std::time::Duration;

use salon::domain::chat::{ChatMessage, ChatRequest, Delta, Purpose};
use salon::domain::failure::{FailureKind, Offer};
use salon::domain::message::{Finish, Role};
use salon::domain::model::ModelRef;
use salon::domain::price::Tariff;
use salon::domain::usage::Money;
use salon::provider::{By, Guide, GuidePace, ProviderError, Providers, Reply, Retry};
use salon::settings::{KeySource, Layer, Origin, Settings};
use serde_json::{Value, json};
use support::fixture;
use support::server::{
    Answer, Framing, SSE_DONE, Server, Step, error, error_key, error_model, error_pace,
    error_quota, error_server, sse_end, sse_error, sse_finish, sse_piece, sse_role, sse_text,
    sse_thought, sse_usage,
};

fn settings(base_url: &str) -> Settings {
    fixture::settings(base_url, Path::new("/nowhere"))
}

fn providers(settings: &Settings) -> Providers {
    Providers::new(settings, Guide::new(fixture::manual(), GuidePace::AtOnce))
}

fn request() -> ChatRequest {
    let messages = vec![ChatMessage::new(Role::User, "Hello?")];
    ChatRequest::new(ModelRef::new("test", "m"), Purpose::Turn, messages)
}

/// All an answer said.
#[derive(Default)]
struct Told {
    text: String,
    reasoning: String,
    finish: Option<Finish>,
    deltas: Vec<Delta>,
    error: Option<ProviderError>,
}

async fn told(mut reply: Reply) -> Told {
    let mut told = Told::default();
    while let Some(next) = reply.next().await {
        assert!(told.error.is_none(), "an error is the last thing said");
        match next {
            Err(error) => told.error = Some(error),
            Ok(delta) => {
                if let Delta::Text(piece) | Delta::Refusal(piece) = &delta {
                    told.text.push_str(piece);
                } else if let Delta::Reasoning(piece) = &delta {
                    told.reasoning.push_str(piece);
                } else if let Delta::Finish(finish) = &delta {
                    told.finish = Some(finish.clone());
                }
                told.deltas.push(delta);
            }
        }
    }
    assert!(reply.next().await.is_none(), "what is over stays over");
    told
}

/// The whole answer of a server that says this once.
async fn answer(script: Answer) -> Told {
    let server = Server::start(vec![script]).await;
    let reply = providers(&settings(&server.url())).ask(&request()).await;
    told(reply.unwrap()).await
}

/// The refusal of a server that says this once.
async fn refusal(script: Answer) -> ProviderError {
    let server = Server::start(vec![script]).await;
    match providers(&settings(&server.url())).ask(&request()).await {
        Ok(_) => panic!("this was an answer"),
        Err(error) => error,
    }
}

fn hides_the_key(error: &ProviderError) {
    let all = format!("{error:?}");
    assert!(
        !all.contains("1234567890abcdef") && !all.contains("sk-test"),
        "{all}"
    );
}

#[tokio::test]
async fn an_ordinary_answer_comes_in_order() {
    let answer_ = Answer::text(&["Hello", " world"]).header("x-request-id", "req-7");
    let server = Server::start(vec![answer_]).await;
    let providers = providers(&settings(&server.url()));
    let told = told(providers.ask(&request()).await.unwrap()).await;
    assert_eq!(
        (told.text.as_str(), &told.finish),
        ("Hello world", &Some(Finish::Stop))
    );
    assert_eq!(told.error, None);
    assert_eq!(
        told.deltas[0],
        Delta::Opened {
            request_id: Some("req-7".into()),
            response_id: None
        }
    );
    assert!(told.deltas.contains(&Delta::Opened {
        request_id: Some("req-7".into()),
        response_id: Some("chatcmpl-1".into())
    }));
    assert!(
        matches!(told.deltas.last(), Some(Delta::Usage(u)) if (u.input, u.output) == (Some(9), Some(3)))
    );

    let sent = &server.requests()[0];
    assert_eq!(
        (sent.method.as_str(), sent.path.as_str()),
        ("POST", "/v1/chat/completions")
    );
    assert_eq!(
        sent.header("authorization"),
        Some(format!("Bearer {}", fixture::KEY).as_str())
    );
    assert_eq!(sent.header("accept"), Some("text/event-stream"));
    assert_eq!(sent.header("accept-encoding"), None);
    assert_eq!(
        sent.body,
        json!({"model": "m", "stream": true, "stream_options": {"include_usage": true},
            "messages": [{"role": "user", "content": "Hello?"}]})
    );
}

#[tokio::test]
async fn a_character_split_between_chunks_stays_whole() {
    let all = sse_text(&["日本 👩‍👩‍👧‍👦 é"]).into_bytes();
    let mut answer_ = Answer::stream();
    for piece in all.chunks(5) {
        answer_ = answer_.send(piece);
    }
    let told = answer(answer_).await;
    assert_eq!((told.text.as_str(), told.error), ("日本 👩‍👩‍👧‍👦 é", None));
}

#[tokio::test]
async fn an_answer_in_one_piece_is_an_answer() {
    let body = json!({"id": "c1", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi", "reasoning_content": "hm"},
        "finish_reason": "stop"}], "usage": {"prompt_tokens": 1, "completion_tokens": 2}});
    let server = Server::start(vec![Answer::json(200, &body)]).await;
    let mut request = request();
    request.sampling.stream = Some(false);
    let reply = providers(&settings(&server.url()))
        .ask(&request)
        .await
        .unwrap();
    let told = told(reply).await;
    assert_eq!(
        (told.text.as_str(), told.reasoning.as_str(), told.error),
        ("Hi", "hm", None)
    );
    assert_eq!(told.finish, Some(Finish::Stop));
    assert_eq!(server.requests()[0].body["stream"], false);
    assert_eq!(
        server.requests()[0].header("accept"),
        Some("application/json")
    );
}

#[tokio::test]
async fn silence_in_the_middle_is_an_interruption() {
    let server = Server::start(vec![Answer::stream().send(sse_piece("Hello")).stall()]).await;
    let mut reply = providers(&settings(&server.url()))
        .ask(&request())
        .await
        .unwrap();
    while reply.next().await.unwrap().unwrap() != Delta::Text("Hello".into()) {}
    // The clock of this test runs on by itself as soon as everybody waits.
    tokio::time::pause();
    let started = tokio::time::Instant::now();
    let error = reply.next().await.unwrap().unwrap_err();
    assert_eq!((error.by, error.retry), (By::Transport, Retry::Never));
    assert!(error.failure.title.contains("900 s"), "{error}");
    assert!(started.elapsed() >= Duration::from_secs(899));
    assert!(reply.next().await.is_none());
}

#[tokio::test]
async fn the_limit_of_silence_runs_on_when_nobody_waits_for_long() {
    let server = Server::start(vec![Answer::stream().send(sse_piece("Hello")).stall()]).await;
    let mut reply = providers(&settings(&server.url()))
        .ask(&request())
        .await
        .unwrap();
    while reply.next().await.unwrap().unwrap() != Delta::Text("Hello".into()) {}
    tokio::time::pause();
    let mut looks = 0;
    let error = loop {
        match tokio::time::timeout(Duration::from_secs(60), reply.next()).await {
            Err(_) => looks += 1,
            Ok(said) => break said.unwrap().unwrap_err(),
        }
        assert!(looks < 20, "the limit began anew at each look");
    };
    assert_eq!(error.by, By::Transport);
}

#[tokio::test]
async fn silence_before_the_head_is_told_with_its_limit() {
    let server = Server::start(vec![Answer::stream().framing(Framing::Raw).stall()]).await;
    let mut settings = settings(&server.url());
    settings.limits.silence_local = Duration::from_millis(30);
    let error = providers(&settings).ask(&request()).await.err().unwrap();
    assert!(error.failure.title.contains("0.03 s"), "{error}");
    assert_eq!(
        (error.by, error.failure.kind),
        (By::Transport, FailureKind::Network)
    );
}

#[tokio::test]
async fn after_the_finish_the_end_is_waited_for_two_seconds() {
    let open_end = Answer::stream()
        .send(sse_piece("Hi") + &sse_finish("stop"))
        .stall();
    let server = Server::start(vec![open_end]).await;
    let mut reply = providers(&settings(&server.url()))
        .ask(&request())
        .await
        .unwrap();
    while reply.next().await.unwrap().unwrap() != Delta::Finish(Finish::Stop) {}
    tokio::time::pause();
    let started = tokio::time::Instant::now();
    assert!(reply.next().await.is_none());
    assert!((1..=3).contains(&started.elapsed().as_secs()));
}

#[tokio::test]
async fn a_dropped_reply_closes_the_connection() {
    let server = Server::start(vec![Answer::stream().send(sse_piece("Hello")).stall()]).await;
    let mut reply = providers(&settings(&server.url()))
        .ask(&request())
        .await
        .unwrap();
    while reply.next().await.unwrap().unwrap() != Delta::Text("Hello".into()) {}
    drop(reply);
    server.hung_up(1).await;
}

#[tokio::test]
async fn a_stream_that_breaks_is_an_interruption() {
    let start = Answer::stream().send(sse_role() + &sse_piece("Hello"));
    for broken in [
        start.clone().cut(),
        start.clone().framing(Framing::UntilClose),
        start
            .clone()
            .header("content-length", "9999")
            .framing(Framing::UntilClose),
        start
            .clone()
            .step(Step::Send(b"data: {\"choices\":[{\"del".to_vec()))
            .cut(),
    ] {
        let told = answer(broken).await;
        let error = told.error.unwrap();
        assert_eq!((told.text.as_str(), told.finish), ("Hello", None));
        assert_eq!(
            (error.by, error.failure.kind),
            (By::Transport, FailureKind::Network),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_reset_is_an_interruption() {
    let gate = support::server::Gate::new();
    let script = Answer::stream()
        .send(sse_piece("Hello"))
        .wait(&gate)
        .reset();
    let server = Server::start(vec![script]).await;
    let mut reply = providers(&settings(&server.url()))
        .ask(&request())
        .await
        .unwrap();
    while reply.next().await.unwrap().unwrap() != Delta::Text("Hello".into()) {}
    gate.open();
    let error = reply.next().await.unwrap().unwrap_err();
    assert_eq!(
        (error.by, error.failure.kind),
        (By::Transport, FailureKind::Network)
    );
    assert!(reply.next().await.is_none());
}

#[tokio::test]
async fn a_finish_makes_an_answer_complete_however_it_ends() {
    let done = sse_piece("Hi") + &sse_finish("stop");
    for answer_ in [
        Answer::stream().send(done.clone()),
        Answer::stream().send(done.clone()).cut(),
        Answer::stream().send(done.clone() + SSE_DONE + &sse_usage(1, 2)),
        Answer::stream().send(done.clone() + &sse_error("too late")),
        Answer::stream()
            .send(done.clone() + &sse_usage(1, 1))
            .framing(Framing::UntilClose),
    ] {
        let told = answer(answer_).await;
        assert_eq!(
            (told.text.as_str(), told.finish, told.error),
            ("Hi", Some(Finish::Stop), None)
        );
    }
}

#[tokio::test]
async fn an_end_marker_without_a_reason_is_an_interruption_without_a_culprit() {
    let told = answer(Answer::stream().send(sse_piece("Hi") + SSE_DONE)).await;
    let error = told.error.unwrap();
    assert_eq!((error.by, error.retry), (By::Transport, Retry::Never));
    assert!(error.failure.title.contains("without a reason"), "{error}");
}

#[tokio::test]
async fn an_answer_without_a_word_is_no_answer() {
    for (body, reason) in [
        (sse_role() + &sse_end(), "nothing to say"),
        (
            sse_role() + &sse_finish("length") + &sse_usage(9, 0) + SSE_DONE,
            "limit",
        ),
        (
            sse_role() + &sse_finish("content_filter") + SSE_DONE,
            "filter",
        ),
        (sse_role() + SSE_DONE, "unknown"),
    ] {
        let told = answer(Answer::stream().send(body)).await;
        let error = told.error.unwrap();
        assert_eq!((told.text.as_str(), told.finish), ("", None));
        assert_eq!(
            (error.retry, error.failure.kind),
            (Retry::Never, FailureKind::Wire)
        );
        assert!(error.failure.title.contains(reason), "{error}");
    }
    // The figures of a request that was paid for are not lost.
    let told = answer(Answer::stream().send(sse_role() + &sse_end())).await;
    assert!(
        told.deltas
            .iter()
            .any(|delta| matches!(delta, Delta::Usage(u) if u.input == Some(9)))
    );
    // Reasoning is a word, so that is an answer cut at its limit.
    let told = answer(Answer::stream().send(sse_thought("hm") + &sse_finish("length"))).await;
    assert_eq!(
        (told.reasoning.as_str(), told.finish, told.error),
        ("hm", Some(Finish::Length), None)
    );
}

#[tokio::test]
async fn a_stream_that_dies_before_a_word_may_be_tried_again() {
    for answer_ in [
        Answer::stream().send(sse_role()).cut(),
        Answer::stream().framing(Framing::UntilClose),
        Answer::stream(),
    ] {
        let error = answer(answer_).await.error.unwrap();
        assert_eq!(
            (error.by, error.retry),
            (By::Transport, Retry::Backoff),
            "{error}"
        );
    }
    let error = refusal(Answer::stream().framing(Framing::Raw)).await;
    assert_eq!(
        (error.by, error.retry),
        (By::Transport, Retry::Backoff),
        "{error}"
    );
}

#[tokio::test]
async fn an_error_in_the_stream_is_the_servers_word_before_and_after_text() {
    for (before, text) in [(sse_role(), ""), (sse_role() + &sse_piece("Hel"), "Hel")] {
        // One notice, whatever follows.
        let body = before + &sse_error("Boom.") + &sse_error("Boom again.") + SSE_DONE;
        let told = answer(Answer::stream().send(body)).await;
        let error = told.error.unwrap();
        assert_eq!((told.text.as_str(), error.by), (text, By::Server));
        assert!(error.failure.title.contains("Boom"), "{error}");
        assert_eq!(error.retry, Retry::Backoff);
    }
}

#[tokio::test]
async fn errors_in_the_stream_are_known_in_every_shape() {
    for body in [
        "event: error\ndata: {\"error\":{\"message\":\"Boom\"}}\n\n",
        "event: error\ndata: {\"error\":\"Boom\"}\n\n",
        "event: error\ndata: {\"message\":\"Boom\"}\n\n",
        "event: error\ndata: Boom\n\n",
        "error: {\"code\":500,\"message\":\"Boom\"}\n\ndata: [DONE]\n\n",
        "error: Boom\n\n",
        "{\"error\":\"Boom\"}\n",
        "data: {\"object\":\"error\",\"message\":\"Boom\",\"type\":\"BadRequestError\",\"code\":400}\n\n",
        "data: {\"choices\":[],\"x_groq\":{\"error\":\"Boom\"}}\n\n",
        "data: {\"error_type\":\"x\",\"error_message\":\"Boom\"}\n\n",
        "data: {\"id\":\"g\",\"error\":{\"code\":502,\"message\":\"Boom\"},\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\n",
        "data: {\"detail\":\"Boom\"}\n\n",
        "[{\"error\":{\"code\":400,\"message\":\"Boom\"}}]",
    ] {
        let told = answer(Answer::stream().send(body)).await;
        let error = told.error.unwrap_or_else(|| panic!("{body}"));
        assert_eq!(error.by, By::Server, "{body}");
        assert!(error.failure.title.contains("Boom"), "{body} {error}");
    }
    let told = answer(Answer::stream().send(sse_piece("Hi") + &sse_finish("network_error"))).await;
    assert_eq!(
        (told.text.as_str(), told.error.unwrap().by),
        ("Hi", By::Server)
    );
}

#[tokio::test]
async fn a_refused_key_is_named_and_never_shown() {
    let error = refusal(error_key()).await;
    assert_eq!(
        (error.retry, error.failure.kind),
        (Retry::Never, FailureKind::Key)
    );
    assert!(error.failure.remedy.contains("TEST_API_KEY"), "{error}");
    hides_the_key(&error);
    let echo = json!({"error": {"message": format!("bad key {}", fixture::KEY)}});
    for status in [400, 401, 500] {
        hides_the_key(&refusal(Answer::json(status, &echo)).await);
    }
    let stream = Answer::stream().send(sse_error(&format!("bad key {}", fixture::KEY)));
    hides_the_key(&answer(stream).await.error.unwrap());
}

#[tokio::test]
async fn money_is_no_matter_of_waiting() {
    let no_credit = error(402, "payment_required", "", "Insufficient credits");
    for answer_ in [
        error_quota(),
        no_credit,
        error_quota().header("retry-after", "5"),
    ] {
        let error = refusal(answer_).await;
        assert_eq!(
            (error.retry, error.failure.kind),
            (Retry::Never, FailureKind::Limit)
        );
        assert!(error.failure.title.contains("credit"), "{error}");
    }
}

#[tokio::test]
async fn pace_tells_how_long_to_wait() {
    let error = refusal(error_pace("7")).await;
    assert_eq!(error.retry, Retry::After(Duration::from_secs(7)));
    assert_eq!(
        (error.failure.kind, error.by),
        (FailureKind::Limit, By::Server)
    );
}

#[tokio::test]
async fn a_missing_model_offers_the_picker() {
    let error = refusal(error_model()).await;
    assert_eq!(
        (error.failure.offer, error.retry),
        (Some(Offer::PickModel), Retry::Never)
    );
    assert!(error.failure.title.contains("nope"), "{error}");
}

#[tokio::test]
async fn a_wrong_address_is_told_with_the_url_asked() {
    let page = "<html><head><title>404 Not Found</title></head></html>";
    let error = refusal(Answer::body(404, "text/html", page)).await;
    assert!(
        error.failure.title.contains("/v1/chat/completions"),
        "{error}"
    );
    assert_eq!((error.failure.offer, error.retry), (None, Retry::Never));
    assert!(error.failure.remedy.contains("base_url"), "{error}");
}

#[tokio::test]
async fn servers_in_trouble_may_be_asked_again() {
    let gateway = Answer::body(502, "text/html", "<html><title>502 Bad Gateway</title>");
    for (answer_, says) in [
        (error_server(), "had an error"),
        (gateway, "Bad Gateway"),
        (Answer::body(524, "text/plain", ""), "524"),
    ] {
        let error = refusal(answer_).await;
        assert_eq!((error.retry, error.by), (Retry::Backoff, By::Server));
        assert!(error.failure.title.contains(says), "{error}");
    }
    let loading = error(503, "unavailable_error", "", "Loading model");
    let error = refusal(loading).await;
    assert!(
        matches!(error.retry, Retry::Poll(_)) && error.failure.title.contains("loading"),
        "{error}"
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_names_its_target() {
    let server = Server::start(vec![Answer::new(308).header(
        "location",
        "https://elsewhere.example/v1/chat/completions?key=abc",
    )])
    .await;
    let error = providers(&settings(&server.url()))
        .ask(&request())
        .await
        .err()
        .unwrap();
    assert!(
        error.failure.title.contains("https://elsewhere.example/v1"),
        "{error}"
    );
    assert!(!format!("{error:?}").contains("key=abc"));
    assert_eq!((error.retry, server.requests().len()), (Retry::Never, 1));
}

#[tokio::test]
async fn a_web_page_is_no_answer() {
    let page =
        "<!DOCTYPE html>\n<html><head><title>Sign in to \u{1b}[31mWi-Fi</title></head></html>";
    let told = answer(Answer::body(200, "text/html", page)).await;
    let error = told.error.unwrap();
    assert!(
        error
            .failure
            .title
            .contains("web page: Sign in to ␛[31mWi-Fi"),
        "{error}"
    );
    assert_eq!(
        (told.text.as_str(), error.retry, error.failure.kind),
        ("", Retry::Never, FailureKind::Wire)
    );
    // One that never ends is not waited for.
    let endless = Answer::new(200)
        .send("<title>Hi</title>")
        .step(Step::Forever(vec![b' '; 4096]));
    assert!(
        answer(endless)
            .await
            .error
            .unwrap()
            .failure
            .title
            .contains("web page: Hi")
    );
}

#[tokio::test]
async fn garbage_is_no_answer() {
    for body in [
        "what is this?\nreally\n",
        "{malformed json: <<<chaos>>>",
        "data: {\"cho\n\n",
        "data: 5\n\n",
    ] {
        let error = answer(Answer::stream().send(body)).await.error.unwrap();
        assert_eq!(error.failure.kind, FailureKind::Wire, "{body}");
        assert!(error.failure.title.contains("unexpected"), "{body} {error}");
    }
    // In a good stream it is passed over.
    let body =
        "noise\n\ndata: {\"odd\n\ndata: {\"type\":\"new\"}\n\n".to_owned() + &sse_text(&["Hi"]);
    let told = answer(Answer::stream().send(body)).await;
    assert_eq!((told.text.as_str(), told.error), ("Hi", None));
}

#[tokio::test]
async fn a_monster_is_refused_and_what_came_before_is_kept() {
    let endless = Answer::stream().send(sse_piece("Hello")).send("data: ");
    let server = Server::start(vec![endless.step(Step::Forever(vec![b'x'; 4096]))]).await;
    let providers = providers(&settings(&server.url())).with_max_event(64 << 10);
    let told = told(providers.ask(&request()).await.unwrap()).await;
    let error = told.error.unwrap();
    assert_eq!(
        (told.text.as_str(), error.by, error.retry),
        ("Hello", By::Transport, Retry::Never)
    );
    assert!(error.failure.title.contains("too large"), "{error}");
    server.hung_up(1).await;
}

#[tokio::test]
async fn nobody_there_is_told_with_the_address() {
    let url = Server::nobody().await;
    let error = providers(&settings(&url))
        .ask(&request())
        .await
        .err()
        .unwrap();
    let title = &error.failure.title;
    assert!(
        title.contains("Nothing listens at 127.0.0.1:") && title.contains("is test running?"),
        "{error}"
    );
    // A server on this machine is started by hand, not by asking again.
    assert_eq!((error.retry, error.by), (Retry::Never, By::Transport));
}

#[tokio::test]
async fn a_host_that_does_not_exist_is_told() {
    let error = providers(&settings("http://no-such-host.invalid/v1"))
        .ask(&request())
        .await
        .err()
        .unwrap();
    // Where the environment names a proxy, it is the proxy that cannot find the host.
    if error.failure.detail.contains("dns error") {
        assert_eq!(error.failure.kind, FailureKind::Network);
        assert!(
            error
                .failure
                .title
                .starts_with("Cannot find the host no-such-host.invalid"),
            "{error}"
        );
    }
    assert!(
        error.failure.detail.contains("no-such-host.invalid"),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_is_no_address_is_told() {
    for bad in ["", "localhost:11434", "ftp://x/v1", "mailto:a@b"] {
        let error = providers(&settings(bad))
            .ask(&request())
            .await
            .err()
            .unwrap();
        assert_eq!(error.failure.kind, FailureKind::Input, "{bad}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_no_https_server() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/v1", listener.local_addr().unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let said = b"HTTP/1.1 400 Bad Request\r\n\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut socket, said)
            .await
            .unwrap();
        // The socket stays open until the client has read this.
        tokio::io::AsyncReadExt::read_to_end(&mut socket, &mut Vec::new()).await
    });
    let error = providers(&settings(&url))
        .ask(&request())
        .await
        .err()
        .unwrap();
    assert_eq!(
        (error.by, error.retry),
        (By::Transport, Retry::Never),
        "{error:?}"
    );
    assert!(
        error.failure.title.contains("certificate") || error.failure.title.contains("secure"),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_of_another_language_is_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut first = [0];
        tokio::io::AsyncReadExt::read_exact(&mut socket, &mut first)
            .await
            .unwrap();
        let alert = b"\x15\x03\x01\x00\x02\x02\x46 such is an alert of TLS";
        tokio::io::AsyncWriteExt::write_all(&mut socket, alert)
            .await
            .unwrap();
        tokio::io::AsyncReadExt::read_to_end(&mut socket, &mut Vec::new()).await
    });
    let error = providers(&settings(&url))
        .ask(&request())
        .await
        .err()
        .unwrap();
    assert_eq!(
        (error.by, error.retry),
        (By::Transport, Retry::Never),
        "{error:?}"
    );
    assert!(
        error.failure.title.contains("does not speak http"),
        "{error}"
    );
    assert!(error.failure.remedy.contains("https://"), "{error}");
}

#[tokio::test]
async fn an_own_certificate_is_refused_until_its_file_is_named() {
    let url = support::tls::start();
    let mut settings = settings(&url);
    let error = providers(&settings).ask(&request()).await.err().unwrap();
    assert_eq!((error.by, error.retry), (By::Transport, Retry::Never));
    let failure = &error.failure;
    assert!(failure.title.contains("not trusted"), "{error}");
    assert!(failure.remedy.contains("network.ca_file"), "{error}");

    settings.network.ca_file = Some(support::tls::certificate());
    let answer = told(providers(&settings).ask(&request()).await.unwrap()).await;
    assert_eq!((answer.text.as_str(), answer.error), ("Hello", None));
    settings.network.ca_file = None;
    let provider = settings.providers.get_mut("test").unwrap();
    provider.ca_file = Some(support::tls::certificate());
    let answer = told(providers(&settings).ask(&request()).await.unwrap()).await;
    assert_eq!(answer.text, "Hello");
}

#[tokio::test]
async fn the_proxy_of_the_settings_is_used_but_for_this_machine() {
    let proxy = Server::start(vec![Answer::text(&["through"]), Answer::new(407)]).await;
    let local = Server::start(vec![Answer::text(&["direct"])]).await;
    let mut settings = settings("http://models.invalid/v1");
    settings.network.proxy = Some(format!("http://user:hunter2@{}", proxy.address()));
    let answer = told(providers(&settings).ask(&request()).await.unwrap()).await;
    assert_eq!(answer.text, "through");
    assert_eq!(
        proxy.requests()[0].path,
        "http://models.invalid/v1/chat/completions"
    );

    let error = providers(&settings).ask(&request()).await.err().unwrap();
    assert_eq!(
        (error.retry, error.failure.kind),
        (Retry::Never, FailureKind::Network)
    );
    assert!(
        error.failure.title.contains(&proxy.address().to_string()),
        "{error}"
    );
    assert!(!format!("{error:?}").contains("hunter2"));

    settings.providers.get_mut("test").unwrap().base_url = local.url();
    let answer = told(providers(&settings).ask(&request()).await.unwrap()).await;
    assert_eq!(
        (answer.text.as_str(), proxy.requests().len()),
        ("direct", 2)
    );
}

#[tokio::test]
async fn a_proxy_that_closes_the_tunnel_is_named() {
    let proxy = Server::start(vec![
        Answer::new(407).framing(Framing::Length),
        Answer::new(403).framing(Framing::Length),
    ])
    .await;
    let mut settings = settings("https://models.invalid/v1");
    settings.network.proxy = Some(format!("http://{}", proxy.address()));
    for word in ["407", "does not let"] {
        let error = providers(&settings).ask(&request()).await.err().unwrap();
        assert_eq!(
            (error.retry, error.by),
            (Retry::Never, By::Transport),
            "{error:?}"
        );
        assert!(error.failure.title.contains(word), "{error:?}");
        assert!(
            error.failure.title.contains(&proxy.address().to_string()),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_refused_field_is_left_out_and_remembered() {
    let body = json!({"error": {"message": "Unsupported value: 'temperature' does not support 0.2 with this model.",
        "type": "invalid_request_error", "param": "temperature", "code": "unsupported_value"}});
    let server = Server::start(vec![
        Answer::json(400, &body),
        Answer::text(&["Hi"]).always(),
    ])
    .await;
    let providers = providers(&settings(&server.url()));
    let mut request = request();
    request.sampling.temperature = Some(0.2);
    let first = told(providers.ask(&request).await.unwrap()).await;
    assert_eq!(first.text, "Hi");
    assert!(
        first
            .deltas
            .iter()
            .any(|delta| matches!(delta, Delta::Note(note) if note.contains("temperature")))
    );
    let second = told(providers.ask(&request).await.unwrap()).await;
    assert!(
        !second
            .deltas
            .iter()
            .any(|delta| matches!(delta, Delta::Note(_)))
    );
    let sent: Vec<bool> = server
        .requests()
        .iter()
        .map(|r| r.body.get("temperature").is_some())
        .collect();
    assert_eq!(sent, [true, false, false]);
}

#[tokio::test]
async fn models_are_listed() {
    let listing =
        json!({"object": "list", "data": [{"id": "a", "context_length": 8192}, {"id": "b"}]});
    let server = Server::start(vec![Answer::json(200, &listing).at("/v1/models")]).await;
    let providers = providers(&settings(&server.url()));
    let models = providers.models("test").await.unwrap();
    let names: Vec<String> = models.iter().map(|spec| spec.model.to_string()).collect();
    assert_eq!(names, ["test/a", "test/b"]);
    assert_eq!(models[0].facts.context, Some(8192));
    assert_eq!(server.requests()[0].method, "GET");
    let error = providers.models("test").await.unwrap_err();
    assert_eq!(error.by, By::Server);
    let guide = providers.models("guide").await.unwrap();
    assert_eq!(guide[0].model, ModelRef::guide());
}

#[tokio::test]
async fn a_listing_in_pages_is_followed_to_its_end() {
    let page = |ids: [&str; 2], more: bool| {
        let data = ids.map(|id| json!({"type": "model", "id": id, "max_input_tokens": 200000}));
        json!({"data": data, "has_more": more, "first_id": ids[0], "last_id": ids[1]})
    };
    let second = "/v1/models?limit=1000&after_id=b%2F1";
    let server = Server::start(vec![
        Answer::json(200, &page(["a", "b/1"], true)).at("/v1/models"),
        Answer::json(200, &page(["c", "d"], false)).at(second),
    ])
    .await;
    let models = providers(&settings(&server.url())).models("test").await;
    let names: Vec<String> = models.unwrap().into_iter().map(|m| m.model.name).collect();
    assert_eq!(names, ["a", "b/1", "c", "d"]);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_listing_that_never_ends_is_left() {
    let page = json!({"data": [{"id": "a"}], "has_more": true, "last_id": "a"});
    let server = Server::start(vec![Answer::json(200, &page).always()]).await;
    let models = providers(&settings(&server.url())).models("test").await;
    assert_eq!(models.unwrap().len(), 1);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn llamacpp_tells_the_window_it_runs_with() {
    let listing = json!({"object": "list", "data": [{"id": "m", "owned_by": "llamacpp", "meta": {"n_ctx_train": 32768}}]});
    let props = json!({"default_generation_settings": {"n_ctx": 4096}, "modalities": {"vision": true, "audio": false}});
    let server = Server::start(vec![
        Answer::json(200, &listing).at("/v1/models").always(),
        Answer::json(200, &props).at("/props"),
        Answer::new(404).at("/props"),
    ])
    .await;
    let providers = providers(&settings(&server.url()));
    let models = providers.models("test").await.unwrap();
    let facts = &models[0].facts;
    assert_eq!(facts.context, Some(4096));
    assert_eq!(facts.abilities.words(), ["text", "images"]);
    assert_eq!(facts.tariff, Some(Tariff::free()));
    let models = providers.models("test").await.unwrap();
    assert_eq!(models[0].facts.context, Some(32_768), "without the props");
}

#[tokio::test]
async fn an_ollama_is_asked_about_each_model() {
    let listing = json!({"object": "list", "data": [{"id": "see:latest", "owned_by": "library"},
        {"id": "embed:latest", "owned_by": "library"}, {"id": "plain:latest", "owned_by": "library"}]});
    let show = |name: &'static str, body: Value| {
        let is_this =
            move |r: &support::server::Recorded| r.path == "/api/show" && r.body["model"] == name;
        Answer::json(200, &body).when(is_this)
    };
    let server = Server::start(vec![
        Answer::json(200, &listing).at("/v1/models"),
        Answer::json(200, &json!({"models": [{"name": "see:latest", "model": "see:latest", "context_length": 8192}]}))
            .at("/api/ps"),
        show("see:latest", json!({"capabilities": ["completion", "vision", "tools"], "model_info": {"x.context_length": 131072}})),
        show("embed:latest", json!({"capabilities": ["embedding"], "model_info": {"bert.context_length": 512}})),
        show("plain:latest", json!({"capabilities": ["completion"], "parameters": "stop  \"x\"\nnum_ctx    16384",
            "model_info": {"general.architecture": "x", "x.context_length": 131072}})),
    ])
    .await;
    let models = providers(&settings(&server.url()))
        .models("test")
        .await
        .unwrap();
    let told: Vec<_> = models
        .iter()
        .map(|m| {
            (
                m.model.name.as_str(),
                m.facts.context,
                m.facts.abilities.words(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("see:latest", Some(8192), vec!["text", "images", "tools"]),
            ("plain:latest", Some(16_384), vec!["text"]),
        ]
    );
}

#[tokio::test]
async fn lm_studio_tells_more_under_its_own_address() {
    let listing =
        json!({"data": [{"id": "lab/vl", "object": "model", "owned_by": "organization_owner"}]});
    let old = json!({"data": [
        {"id": "lab/vl", "type": "vlm", "state": "loaded", "max_context_length": 32768, "loaded_context_length": 4096,
         "quantization": "4bit", "capabilities": ["tool_use"]},
        {"id": "embed", "type": "embeddings", "max_context_length": 512}]});
    let server = Server::start(vec![
        Answer::json(200, &listing).at("/v1/models"),
        Answer::json(200, &json!({"error": "Unexpected endpoint"})).at("/api/v1/models"),
        Answer::json(200, &old).at("/api/v0/models"),
    ])
    .await;
    let models = providers(&settings(&server.url()))
        .models("test")
        .await
        .unwrap();
    assert_eq!(models.len(), 1);
    let facts = &models[0].facts;
    assert_eq!(facts.context, Some(4096));
    assert_eq!(facts.abilities.words(), ["text", "images", "tools"]);
}

#[tokio::test]
async fn what_is_no_listing_is_told() {
    let server = Server::start(vec![Answer::json(200, &json!({"ok": true}))]).await;
    let error = providers(&settings(&server.url()))
        .models("test")
        .await
        .unwrap_err();
    assert!(error.failure.remedy.contains("Type the model"), "{error}");
}

#[tokio::test]
async fn the_guide_answers_without_a_server() {
    let mut request = request();
    request.model = ModelRef::guide();
    let providers = providers(&settings("http://127.0.0.1:9/v1"));
    let told = told(providers.ask(&request).await.unwrap()).await;
    assert!(!told.text.is_empty());
    assert_eq!((told.finish, told.error), (Some(Finish::Stop), None));
    assert!(
        told.deltas
            .iter()
            .any(|delta| matches!(delta, Delta::Usage(u) if u.cost == Some(Money(0))))
    );
}

#[tokio::test]
async fn providers_are_checked_before_they_are_asked() {
    let mut settings = settings("https://api.example.com/v1");
    let mut keyless = fixture::provider("http://localhost:11434/v1");
    keyless.key = KeySource::None;
    let mut missing = fixture::provider("https://api.example.com/v1");
    missing.key = KeySource::Environment {
        name: "OTHER_KEY".into(),
        value: None,
    };
    let mut off = fixture::provider("https://api.example.com/v1");
    off.enabled = false;
    for (name, provider) in [("local", keyless), ("other", missing), ("off", off)] {
        settings.providers.insert(name.into(), provider);
    }
    settings.limits.requests_per_minute = 20;
    let providers_ = providers(&settings);
    assert_eq!(providers_.names(), ["guide", "local", "other", "test"]);
    let check = |name: &str| providers_.check(&ModelRef::new(name, "m"));
    assert_eq!(
        (check("test"), check("guide"), check("local")),
        (Ok(()), Ok(()), Ok(()))
    );
    for name in ["nosuch", "off"] {
        let failure = check(name).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Input);
        assert!(
            failure.remedy.contains("guide, local, other, test"),
            "{failure}"
        );
    }
    let failure = check("other").unwrap_err();
    assert_eq!(failure.kind, FailureKind::Key);
    assert!(
        failure.title.contains("other") && failure.remedy.contains("OTHER_KEY"),
        "{failure}"
    );

    let keys = ["test", "guide", "local", "other", "off"].map(|name| providers_.has_key(name));
    assert_eq!(keys, [true, true, false, false, false]);
    let local = ["test", "guide", "local"].map(|name| providers_.is_local(name));
    assert_eq!(local, [false, true, true]);
    let pace = ["test", "guide", "local"].map(|name| providers_.requests_per_minute(name));
    assert_eq!(pace, [20, 0, 0]);
    settings.origins.push(Origin {
        key: "providers.local.base_url".into(),
        value: String::new(),
        layer: Layer::File,
    });
    assert!(providers(&settings).has_key("local"));
}

#[tokio::test]
async fn a_key_command_and_own_headers_are_used() {
    let server = Server::start(vec![Answer::text(&["Hi"])]).await;
    let mut settings = settings(&server.url());
    let provider = settings.providers.get_mut("test").unwrap();
    provider.key = KeySource::Command("echo from-command".into());
    provider.headers.insert("X-Team".into(), "blue".into());
    told(providers(&settings).ask(&request()).await.unwrap()).await;
    let sent = &server.requests()[0];
    assert_eq!(sent.header("authorization"), Some("Bearer from-command"));
    assert_eq!(sent.header("x-team"), Some("blue"));
}

#[tokio::test]
async fn the_proxies_of_the_environment_are_used_but_for_this_machine_and_what_they_except() {
    let proxy = Server::start(vec![Answer::text(&["through"]).always()]).await;
    let local = Server::start(vec![Answer::text(&["direct"])]).await;
    let mut settings = settings("http://models.invalid/v1");
    let address = format!("http://me:hunter2@{}", proxy.address());
    settings.network.proxies.http = Some(("ALL_PROXY".to_owned(), address));
    settings.network.proxies.except = "other.invalid,.inside.invalid".to_owned();
    let answer = told(providers(&settings).ask(&request()).await.unwrap()).await;
    assert_eq!(answer.text, "through");
    let sent = &proxy.requests()[0];
    assert!(sent.header("proxy-authorization").is_some());
    for host in ["other.invalid", "deep.inside.invalid"] {
        settings.providers.get_mut("test").unwrap().base_url = format!("http://{host}/v1");
        let error = providers(&settings).ask(&request()).await.err().unwrap();
        assert!(error.failure.title.contains(host), "{error}");
        assert!(!format!("{error:?}").contains("proxy"), "{error:?}");
    }
    settings.providers.get_mut("test").unwrap().base_url = local.url();
    let answer = told(providers(&settings).ask(&request()).await.unwrap()).await;
    assert_eq!(
        (answer.text.as_str(), proxy.requests().len()),
        ("direct", 1)
    );
}

#[tokio::test]
async fn a_socks_proxy_is_spoken_to() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut settings = settings("http://models.invalid/v1");
    let address = listener.local_addr().unwrap();
    settings.network.proxies.http = Some(("ALL_PROXY".to_owned(), format!("socks5h://{address}")));
    let asking = providers(&settings);
    let request = request();
    let heard = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut hello = [0; 3];
        tokio::io::AsyncReadExt::read_exact(&mut socket, &mut hello)
            .await
            .unwrap();
        hello
    };
    let (hello, error) = tokio::join!(heard, asking.ask(&request));
    assert_eq!(hello, [5, 1, 0], "version 5, one method: no password");
    let error = error.err().unwrap();
    assert!(error.failure.title.contains("ALL_PROXY"), "{error}");
}
