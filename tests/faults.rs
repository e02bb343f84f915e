//! Every line of the fault list (`wire.md`): the real HTTP client against a scripted server; what faces are told, what is
//! stored, what returns to the composer, what is asked again and when. Line 39 belongs to the provider's conversations.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one event among all, and stops where it cannot go on"
)]

mod support;

use std::time::Duration;

use salon::domain::conversation::Draft;
use salon::domain::failure::{Failure, FailureKind, Offer};
use salon::domain::id::{ConversationId, MessageId, RequestId};
use salon::domain::message::{Finish, Message, Status};
use salon::protocol::{Chat, Command, News, Step, Turn};
use salon::settings::{KeySource, Settings, Wire};
use serde_json::{Value, json};
use support::face::{Face, disk, fresh, on_disk, skip};
use support::fixture::{KEY, provider, settings};
use support::server::{
    Answer, Framing, Gate, Recorded, SSE_DONE, Server, error, error_key, error_model, error_pace,
    error_quota, error_server, sse, sse_end, sse_error, sse_finish, sse_piece, sse_role, sse_text,
    sse_thought, sse_usage,
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What every test asks.
const QUESTION: &str = "Why is the sky blue?";

/// A face before a scripted server.
struct Scene {
    server: Server,
    settings: Settings,
    face: Face,
    _home: TempDir,
}

/// A question on its way.
#[derive(Clone, Copy)]
struct Asked {
    id: RequestId,
    conversation: ConversationId,
    question: MessageId,
}

impl Scene {
    async fn new(script: Vec<Answer>) -> Scene {
        Scene::with(script, |_, _| {}).await
    }

    /// The same with other settings; `change` also gets the server's address.
    async fn with(script: Vec<Answer>, change: impl FnOnce(&mut Settings, &str)) -> Scene {
        let server = Server::start(script).await;
        let home = tempfile::tempdir().unwrap();
        let mut settings = settings(&server.url(), home.path());
        change(&mut settings, &server.address().to_string());
        Scene {
            server,
            face: Face::screen(settings.clone()),
            settings,
            _home: home,
        }
    }

    /// A server that is not this machine: a name reached through the scripted server as its proxy.
    async fn far(script: Vec<Answer>) -> Scene {
        Scene::with(script, |settings, address| {
            settings.network.proxy = Some(format!("http://{address}"));
            set_url(settings, "http://models.invalid/v1");
        })
        .await
    }

    async fn ask(&mut self) -> Asked {
        let (id, conversation, question) = self.face.send_new(QUESTION).await;
        Asked {
            id,
            conversation,
            question,
        }
    }

    /// The reply to `QUESTION`, to its very end, and that it is stored so.
    async fn reply(&mut self) -> Message {
        let asked = self.ask().await;
        self.reply_to(asked).await
    }

    async fn reply_to(&mut self, asked: Asked) -> Message {
        let reply = self.face.measured(asked.id).await;
        assert_eq!(self.face.grown(asked.id), reply.content);
        let mut stored = on_disk(&self.settings, reply.id).await.unwrap();
        if let (Some(stored), Some(told)) = (&mut stored.usage, reply.usage) {
            // A row does not tell a cost the provider told from one that was worked out.
            stored.cost = told.cost;
        }
        assert_eq!(stored, reply);
        let question = on_disk(&self.settings, asked.question).await.unwrap();
        assert_eq!(question.status, Status::Complete);
        reply
    }

    /// Why `QUESTION` had no answer: its text returned, nothing of the turn is stored, and no key is told.
    async fn failure(&mut self) -> Failure {
        let asked = self.ask().await;
        self.failure_of(asked).await
    }

    async fn failure_of(&mut self, asked: Asked) -> Failure {
        let (draft, failure, is_there) = self.face.withdrawn(asked.id).await;
        assert_eq!(draft, Some(Draft::of(QUESTION)));
        assert!(!is_there, "the conversation it created is gone");
        assert_eq!(on_disk(&self.settings, asked.question).await, None);
        let store = disk(&self.settings).await;
        assert_eq!(store.conversation(asked.conversation).await.unwrap(), None);
        let kept = store.drafts(None).await.unwrap();
        assert_eq!(kept, [(0, Draft::of(QUESTION))], "a kill would not lose it");
        let failure = failure.unwrap();
        assert!(!format!("{failure:?}").contains(KEY), "{failure:?}");
        assert!(!failure.title.is_empty() && !failure.remedy.is_empty());
        assert!(!failure.title.contains('\n'), "{failure}");
        failure
    }

    /// Lets the waits of the retries pass; each of them was shown with its number.
    async fn retries(&mut self, asked: Asked, range: std::ops::RangeInclusive<i64>) {
        for expected in 1..=2 {
            let (ms, why, attempt) = self.face.waiting(asked.id).await;
            let (least, most) = (
                range.start() * i64::from(expected),
                range.end() * i64::from(expected) + 100,
            );
            assert!((least..=most).contains(&ms), "{ms} ms, {why}");
            assert_eq!(attempt, expected);
            skip(Duration::from_secs(30)).await;
        }
    }

    fn asks(&self) -> usize {
        let is_question = |request: &&Recorded| request.path != "/v1/api/show";
        self.server.requests().iter().filter(is_question).count()
    }
}

fn set_url(settings: &mut Settings, url: &str) {
    settings.providers.insert("test".to_owned(), provider(url));
}

fn says(failure: &Failure, title: &str, remedy: &str) {
    assert!(failure.title.contains(title), "{failure}");
    assert!(failure.remedy.contains(remedy), "{failure}");
}

/// Lets time pass second by second, whenever nothing is said, until the face is told something this finds.
async fn pass_until<T>(face: &mut Face, mut find: impl FnMut(&News) -> Option<T>) -> T {
    for _ in 0..500 {
        let said = tokio::time::timeout(Duration::from_millis(20), face.handle.events.recv()).await;
        let Ok(event) = said else {
            skip(Duration::from_secs(1)).await;
            continue;
        };
        let event = event.unwrap();
        face.said.push(event.clone());
        if let Some(found) = find(&event.news) {
            return found;
        }
    }
    panic!("it was never said: {:#?}", face.said);
}

fn withdrawal(news: &News) -> Option<(Option<Draft>, Option<Failure>)> {
    match news {
        News::Turn {
            step: Step::Withdrawn { draft, failure, .. },
            ..
        } => Some((draft.clone(), failure.clone())),
        _ => None,
    }
}

fn stream(body: impl Into<String>) -> Answer {
    Answer::stream().send(body.into())
}

/// A stream whose words these are, and then this.
fn words_then(end: impl AsRef<str>) -> String {
    sse_role() + &sse_piece("Because ") + &sse_piece("of") + end.as_ref()
}

#[tokio::test]
async fn fault_01_dns_name_does_not_resolve() {
    let mut scene = Scene::with(Vec::new(), |settings, _| {
        set_url(settings, "http://no-such-host.invalid/v1");
    })
    .await;
    let asked = scene.ask().await;
    scene.retries(asked, 300..=510).await;
    let failure = scene.failure_of(asked).await;
    assert_eq!(failure.kind, FailureKind::Network);
    says(&failure, "no-such-host.invalid", "network");
}

#[tokio::test]
async fn fault_02_connection_refused() {
    let nobody = Server::nobody().await;
    let mut scene = Scene::with(Vec::new(), |settings, _| set_url(settings, &nobody)).await;
    let failure = scene.failure().await;
    assert_eq!(failure.kind, FailureKind::Network);
    says(&failure, "Nothing listens at 127.0.0.1", "Start it");
    let waits = scene.face.said.iter().any(|event| {
        matches!(
            &event.news,
            News::Turn {
                step: Step::Waiting { .. },
                ..
            }
        )
    });
    assert!(
        !waits,
        "a server here that is not started is not asked twice"
    );
}

#[tokio::test]
async fn fault_03_tls_failure() {
    let mut scene = Scene::with(Vec::new(), |settings, _| {
        set_url(settings, &support::tls::start());
    })
    .await;
    let failure = scene.failure().await;
    says(&failure, "not trusted", "network.ca_file");
    assert_eq!(failure.title.matches('\n').count(), 0);

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/v1", listener.local_addr().unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let said = b"HTTP/1.1 400 Bad Request\r\n\r\n";
        socket.write_all(said).await.unwrap();
        // The socket stays open until the client has read this.
        let _ = socket.read_to_end(&mut Vec::new()).await;
    });
    let mut scene = Scene::with(Vec::new(), |settings, _| set_url(settings, &url)).await;
    says(
        &scene.failure().await,
        "No secure connection",
        "http, not https",
    );
}

#[tokio::test]
async fn fault_04_connect_timeout() {
    // A socket that takes one connection and leaves all others waiting.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let _taken = tokio::net::TcpStream::connect(address).await.unwrap();
    let mut scene = Scene::with(Vec::new(), |settings, _| {
        set_url(settings, &format!("http://{address}/v1"));
    })
    .await;
    scene.ask().await;
    let mut retries = Vec::new();
    let (draft, failure) = pass_until(&mut scene.face, |news| {
        if let News::Turn {
            step: Step::Waiting { attempt, why, .. },
            ..
        } = news
        {
            retries.push((*attempt, why.clone()));
        }
        withdrawal(news)
    })
    .await;
    let told: Vec<u32> = retries.iter().map(|(attempt, _)| *attempt).collect();
    assert_eq!(told, [1, 2]);
    assert!(retries[0].1.contains("within 10 s"), "{retries:?}");
    assert_eq!(draft, Some(Draft::of(QUESTION)));
    says(&failure.unwrap(), "did not take the connection", "network");
}

#[tokio::test]
async fn fault_05_proxy_wants_a_password() {
    for url in ["http://models.invalid/v1", "https://models.invalid/v1"] {
        let script = vec![Answer::new(407).framing(Framing::Length)];
        let mut scene = Scene::with(script, |settings, address| {
            let set = Some((
                "HTTPS_PROXY".to_owned(),
                format!("http://me:hunter2@{address}"),
            ));
            settings.network.proxies.https = set;
            let set = Some((
                "http_proxy".to_owned(),
                format!("http://me:hunter2@{address}"),
            ));
            settings.network.proxies.http = set;
            set_url(settings, url);
        })
        .await;
        let failure = scene.failure().await;
        assert_eq!(failure.kind, FailureKind::Network);
        let name = if url.starts_with("https") {
            "HTTPS_PROXY"
        } else {
            "http_proxy"
        };
        says(&failure, "407", "proxy");
        says(&failure, name, "proxy");
        assert!(!format!("{failure:?}").contains("hunter2"));
        assert_eq!(scene.asks(), 1);
    }
}

#[tokio::test]
async fn fault_06_redirect_on_post() {
    for status in [301, 302, 307, 308] {
        let answer = Answer::new(status)
            .header("location", "https://login.example.com/portal?back=1")
            .framing(Framing::Length);
        let mut scene = Scene::new(vec![answer]).await;
        let failure = scene.failure().await;
        says(
            &failure,
            "points to https://login.example.com/portal",
            "base_url",
        );
        assert_eq!(scene.asks(), 1, "it is not followed");
    }
}

#[tokio::test]
async fn fault_07_a_web_page_in_place_of_an_answer() {
    let page = "<!DOCTYPE html><html><head><title>Hotel &amp; Wi-Fi</title></head><body>Log in</body></html>";
    let mut scene = Scene::new(vec![Answer::body(200, "text/html", page)]).await;
    let failure = scene.failure().await;
    says(&failure, "web page", "base_url");
    says(&failure, "Hotel & Wi-Fi", "base_url");
    assert_eq!(scene.asks(), 1);
}

#[tokio::test]
async fn fault_08_key_refused() {
    let mut scene = Scene::new(vec![error_key()]).await;
    let failure = scene.failure().await;
    assert_eq!(failure.kind, FailureKind::Key);
    says(&failure, "test refused the key", "TEST_API_KEY");
    assert_eq!(failure.offer, Some(Offer::SetKey));
    assert!(!format!("{failure:?}").contains("sk-test"), "{failure:?}");
    assert_eq!(scene.asks(), 1);
}

#[tokio::test]
async fn fault_08_no_key_at_all() {
    let mut scene = Scene::with(Vec::new(), |settings, _| {
        let provider = settings.providers.get_mut("test").unwrap();
        provider.key = KeySource::Environment {
            name: "TEST_API_KEY".into(),
            value: None,
        };
    })
    .await;
    let asked = scene.ask().await;
    let failure = scene.face.refusal(asked.id).await;
    assert_eq!(failure.kind, FailureKind::Key);
    says(&failure, "no key for test", "TEST_API_KEY");
    assert_eq!(failure.offer, Some(Offer::SetKey));
    assert_eq!(scene.asks(), 0);
}

#[tokio::test]
async fn fault_09_no_credit() {
    let openrouter = json!({"error": {"code": 402, "message": "Insufficient credits",
        "metadata": {"error_type": "payment_required"}}});
    let anthropic = json!({"type": "error", "error": {"type": "rate_limit_error", "message": "no",
        "details": {"error_code": "enforced_spend_limit_reached"}}});
    for answer in [
        error_quota(),
        Answer::json(402, &openrouter),
        Answer::json(429, &anthropic).header("retry-after", "5"),
        error(402, "billing_error", "", "Your credit balance is too low"),
        error_quota().header("x-should-retry", "true"),
    ] {
        let mut scene = Scene::new(vec![answer]).await;
        let failure = scene.failure().await;
        assert_eq!(failure.kind, FailureKind::Limit);
        says(&failure, "No credit left at test", "another model");
        assert_eq!(scene.asks(), 1, "money does not come by waiting");
    }
}

#[tokio::test]
async fn fault_10_forbidden() {
    let text = "Country, region, or territory not supported";
    let mut scene = Scene::new(vec![error(
        403,
        "request_forbidden",
        "unsupported_country",
        text,
    )])
    .await;
    let failure = scene.failure().await;
    says(&failure, text, "key");
    assert_eq!(scene.asks(), 1);
}

#[tokio::test]
async fn fault_11_model_not_found() {
    let mut scene = Scene::new(vec![error_model(), Answer::text(&["Now"])]).await;
    let asked = scene.ask().await;
    let failure = scene.failure_of(asked).await;
    assert_eq!(failure.kind, FailureKind::Input);
    assert_eq!(failure.offer, Some(Offer::PickModel));
    says(&failure, "test has no model m", "another model");
    // The same words again, with the choice: one question, one reply.
    let reply = scene.reply().await;
    let rows = disk(&scene.settings).await.branch(reply.id).await.unwrap();
    let contents: Vec<&str> = rows.iter().map(|m| m.content.as_str()).collect();
    assert_eq!(contents, [QUESTION, "Now"]);
}

#[tokio::test]
async fn fault_12_wrong_base_path() {
    for (path, better) in [
        ("/v1/v1", "/v1"),
        ("/api", "/api/v1"),
        ("/openai/v1", "/openai"),
    ] {
        let page = Answer::body(404, "text/plain", "404 page not found");
        let mut scene = Scene::with(vec![page], |settings, address| {
            set_url(settings, &format!("http://{address}{path}"));
        })
        .await;
        let failure = scene.failure().await;
        let (address, asked) = (scene.server.address(), format!("{path}/chat/completions"));
        says(&failure, &format!("http://{address}{asked}"), "base_url");
        let proposed = format!("perhaps it is http://{address}{better}.");
        says(&failure, "has nothing at", &proposed);
    }
    let mut scene = Scene::new(vec![Answer::new(405).framing(Framing::Length)]).await;
    says(
        &scene.failure().await,
        "/v1/chat/completions (405)",
        "base_url",
    );
}

#[tokio::test]
async fn fault_13_context_too_long() {
    let openai = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.";
    let llama = json!({"error": {"code": 400, "message": "the request exceeds the available context size",
        "type": "exceed_context_size_error", "n_prompt_tokens": 9000, "n_ctx": 8192}});
    let in_stream = sse(&json!({"error": {"message": openai, "code": "context_length_exceeded"}}));
    for (answer, has_numbers) in [
        (
            error(
                400,
                "invalid_request_error",
                "context_length_exceeded",
                openai,
            ),
            true,
        ),
        (Answer::json(400, &llama), true),
        (stream(sse_role() + &in_stream), true),
        (
            error(400, "invalid_request_error", "", "prompt is too long"),
            false,
        ),
    ] {
        let mut scene = Scene::new(vec![answer]).await;
        let failure = scene.failure().await;
        assert_eq!(failure.kind, FailureKind::TooLong);
        assert_eq!(failure.offer, Some(Offer::PickModel));
        says(
            &failure,
            if has_numbers {
                "9000 tokens"
            } else {
                "too long for m"
            },
            "larger window",
        );
        if has_numbers {
            says(&failure, "8192", "Start a new conversation");
        }
        assert_eq!(scene.asks(), 1);
    }
}

#[tokio::test]
async fn fault_14_unsupported_parameter() {
    let openai = json!({"error": {"message": "Unsupported value: 'temperature' does not support 0.2",
        "type": "invalid_request_error", "param": "temperature", "code": "unsupported_value"}});
    let mistral = json!({"object": "error", "message": {"detail": [
        {"type": "extra_forbidden", "loc": ["body", "temperature"], "msg": "Extra inputs are not permitted"}]}});
    for (status, body) in [(400, openai), (422, mistral)] {
        let script = vec![Answer::json(status, &body), Answer::text(&["Hi"]).always()];
        let mut scene = Scene::with(script, |settings, _| {
            settings.chat.sampling.temperature = Some(0.2);
        })
        .await;
        let asked = scene.ask().await;
        let reply = scene.reply_to(asked).await;
        assert_eq!(
            (reply.status, reply.content.as_str()),
            (Status::Complete, "Hi")
        );
        let (again, _) = scene.face.send(asked.conversation, Draft::of("More")).await;
        scene.face.measured(again).await;
        let sent: Vec<bool> = scene
            .server
            .requests()
            .iter()
            .map(|request| request.body.get("temperature").is_some())
            .collect();
        assert_eq!(sent, [true, false, false], "dropped once and remembered");
    }
}

#[tokio::test]
async fn fault_15_not_verified_to_stream() {
    let refusal = json!({"error": {"message": "Your organization must be verified to stream this model.",
        "type": "invalid_request_error", "param": "stream", "code": "unsupported_value"}});
    let whole = json!({"id": "c", "choices": [{"index": 0, "message": {"role": "assistant", "content": "In one piece"},
        "finish_reason": "stop"}], "usage": {"prompt_tokens": 4, "completion_tokens": 3}});
    let mut scene = Scene::new(vec![Answer::json(400, &refusal), Answer::json(200, &whole)]).await;
    let asked = scene.ask().await;
    let note = scene.face.until(|event| match &event.news {
        News::Warned(told) => Some(told.title.clone()),
        _ => None,
    });
    assert!(note.await.contains("in one piece"));
    let reply = scene.reply_to(asked).await;
    assert_eq!(
        (reply.content.as_str(), reply.usage.unwrap().output),
        ("In one piece", Some(3))
    );
    let streamed: Vec<Value> = scene
        .server
        .requests()
        .iter()
        .map(|r| r.body["stream"].clone())
        .collect();
    assert_eq!(streamed, [json!(true), json!(false)]);
}

#[tokio::test]
async fn fault_16_content_filter_on_the_prompt() {
    let azure = json!({"error": {"message": "The response was filtered", "type": null, "param": "prompt",
        "code": "content_filter", "status": 400, "innererror": {"code": "ResponsibleAIPolicyViolation",
        "content_filter_result": {"hate": {"filtered": false, "severity": "safe"},
            "violence": {"filtered": true, "severity": "medium"}}}}});
    let mut scene = Scene::new(vec![Answer::json(400, &azure)]).await;
    let failure = scene.failure().await;
    assert_eq!(failure.kind, FailureKind::Input);
    says(&failure, "Blocked by the filter of test (violence)", "Edit");
    assert_eq!(scene.asks(), 1);
}

#[tokio::test]
async fn fault_17_body_too_large() {
    for answer in [
        Answer::body(
            413,
            "text/html",
            "<html><title>413 Request Entity Too Large</title></html>",
        ),
        error(
            413,
            "request_too_large",
            "",
            "Request exceeds the maximum size",
        ),
    ] {
        let mut scene = Scene::new(vec![answer]).await;
        let failure = scene.failure().await;
        assert_eq!(failure.kind, FailureKind::TooLong);
        says(&failure, "too large for test (413)", "Shorten");
        assert_eq!(scene.asks(), 1);
    }
}

#[tokio::test]
async fn fault_18_pace_with_a_wait() {
    let date = error(429, "requests", "rate_limit_exceeded", "slow")
        .header("date", "Sat, 21 Nov 2026 05:47:04 GMT")
        .header("retry-after", "Sat, 21 Nov 2026 05:47:34 GMT");
    let ms =
        error(429, "requests", "rate_limit_exceeded", "slow").header("retry-after-ms", "30000");
    for answer in [error_pace("30"), error_pace("29.9"), date, ms] {
        let mut scene = Scene::new(vec![answer, Answer::text(&["Now"])]).await;
        let asked = scene.ask().await;
        let (ms, why, attempt) = scene.face.waiting(asked.id).await;
        assert!((29_000..=30_100).contains(&ms), "{ms}");
        assert_eq!((why.as_str(), attempt), ("test asks to slow down", 1));
        skip(Duration::from_secs(28)).await;
        tokio::task::yield_now().await;
        assert_eq!(scene.asks(), 1, "not before its time");
        skip(Duration::from_secs(3)).await;
        assert_eq!(scene.reply_to(asked).await.content, "Now");
        assert_eq!(scene.asks(), 2, "sent once when the wait was over");
    }
}

#[tokio::test]
async fn fault_18_esc_cancels_the_wait() {
    let mut scene = Scene::new(vec![error_pace("30")]).await;
    let asked = scene.ask().await;
    scene.face.waiting(asked.id).await;
    let conversation = asked.conversation;
    scene.face.turn(Turn::Cancel { conversation }).await;
    let (draft, failure, _) = scene.face.withdrawn(asked.id).await;
    assert_eq!((draft, failure), (Some(Draft::of(QUESTION)), None));
    assert_eq!(scene.asks(), 1);
}

#[tokio::test]
async fn fault_18_a_long_wait_asks_first() {
    let mut scene = Scene::new(vec![error_pace("600"), Answer::text(&["Now"])]).await;
    let failure = scene.failure().await;
    assert_eq!(failure.kind, FailureKind::Limit);
    says(
        &failure,
        "slow down",
        "wait 10 min; send again to wait here",
    );
    let asked = scene.ask().await;
    let (ms, why, _) = scene.face.waiting(asked.id).await;
    assert!((590_000..=600_100).contains(&ms), "{ms}");
    assert_eq!(why, "test asked to wait");
    assert_eq!(scene.asks(), 1);
    skip(Duration::from_secs(601)).await;
    assert_eq!(scene.reply_to(asked).await.content, "Now");
}

#[tokio::test]
async fn fault_18_the_servers_own_word_on_retries() {
    let mut scene = Scene::new(vec![error_server().header("x-should-retry", "false")]).await;
    scene.failure().await;
    assert_eq!(scene.asks(), 1, "it said that there is no sense in it");
    let again = error(400, "odd", "", "try again").header("x-should-retry", "true");
    let mut scene = Scene::new(vec![again, Answer::text(&["Now"])]).await;
    let asked = scene.ask().await;
    scene.face.waiting(asked.id).await;
    skip(Duration::from_secs(2)).await;
    assert_eq!(scene.reply_to(asked).await.content, "Now");
}

#[tokio::test]
async fn fault_19_server_and_gateway_errors() {
    for status in [500, 502, 503, 504, 520, 524, 408, 409, 425] {
        let gateway = Answer::body(
            status,
            "text/html",
            "<html><title>Bad gateway</title></html>",
        );
        let mut scene = Scene::new(vec![gateway.always()]).await;
        let asked = scene.ask().await;
        scene.retries(asked, 300..=510).await;
        let failure = scene.failure_of(asked).await;
        assert_eq!(failure.kind, FailureKind::Network, "{status}: {failure}");
        says(&failure, &status.to_string(), "again");
        assert_eq!(scene.asks(), 3);
    }
}

#[tokio::test]
async fn fault_19_a_retry_is_no_second_question() {
    let mut scene = Scene::new(vec![error_server(), Answer::text(&["At last"])]).await;
    let asked = scene.ask().await;
    scene.face.waiting(asked.id).await;
    skip(Duration::from_secs(2)).await;
    let reply = scene.reply_to(asked).await;
    let rows = disk(&scene.settings).await.branch(reply.id).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        scene.server.requests()[0].body,
        scene.server.requests()[1].body
    );
}

#[tokio::test]
async fn fault_20_overloaded() {
    let anthropic =
        json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    let in_stream = stream(sse(&anthropic));
    for answer in [Answer::json(529, &anthropic), in_stream] {
        let mut scene = Scene::new(vec![answer.always()]).await;
        let asked = scene.ask().await;
        scene.retries(asked, 2_900..=4_100).await;
        let failure = scene.failure_of(asked).await;
        assert_eq!(failure.kind, FailureKind::Limit);
        says(&failure, "test is overloaded", "another model");
        assert_eq!(scene.asks(), 3);
    }
}

#[tokio::test]
async fn fault_21_model_is_loading() {
    let loading =
        json!({"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}});
    let mut script = vec![Answer::json(503, &loading); 4];
    script.push(Answer::text(&["Ready"]));
    let mut scene = Scene::new(script).await;
    let asked = scene.ask().await;
    let mut counted_from = Vec::new();
    for _ in 0..4 {
        let since = scene.face.step(asked.id, |step| match step {
            Step::Waiting {
                since,
                why,
                attempt,
                ..
            } => {
                assert_eq!((why.as_str(), *attempt), ("the model is loading", 0));
                Some(since.unwrap())
            }
            _ => None,
        });
        counted_from.push(since.await);
        skip(Duration::from_secs(6)).await;
    }
    counted_from.dedup();
    assert_eq!(
        counted_from.len(),
        1,
        "one wait, counted from its beginning"
    );
    assert_eq!(scene.reply_to(asked).await.content, "Ready");
    assert_eq!(scene.asks(), 5);
}

#[tokio::test]
async fn fault_21_a_silent_load_is_waited_for() {
    let gate = Gate::new();
    let mut scene = Scene::new(vec![
        Answer::stream().wait(&gate).send(sse_text(&["Ready"])),
    ])
    .await;
    let asked = scene.ask().await;
    gate.reached(1).await;
    skip(Duration::from_secs(890)).await;
    gate.open();
    assert_eq!(scene.reply_to(asked).await.content, "Ready");
    assert_eq!(scene.asks(), 1);
}

#[tokio::test]
async fn fault_22_silence_after_the_head() {
    for (body, has_words) in [(String::new(), false), (words_then(""), true)] {
        let mut scene = Scene::with(vec![stream(body).stall()], |settings, _| {
            settings.limits.silence_local = Duration::from_secs(7);
        })
        .await;
        let asked = scene.ask().await;
        scene.server.wait_for(1).await;
        if has_words {
            scene.face.first_words(asked.id).await;
        }
        let failure = pass_until(&mut scene.face, |news| match news {
            News::Turn {
                step: Step::Ended { reply },
                ..
            } => {
                assert_eq!(reply.status, Status::Interrupted);
                Some((reply.content.clone(), reply.failure.clone()))
            }
            news => withdrawal(news).map(|(draft, failure)| (draft.unwrap().text, failure)),
        });
        let (text, failure) = failure.await;
        assert_eq!(text, if has_words { "Because of" } else { QUESTION });
        says(&failure.unwrap(), "for 7 s", "silence_seconds");
        assert_eq!(scene.asks(), 1, "what became of it there is not known");
    }
}

#[tokio::test]
async fn fault_23_only_keepalives() {
    let gate = Gate::new();
    let mut answer = Answer::stream();
    for _ in 0..40 {
        answer = answer.send(": OPENROUTER PROCESSING\n\n").wait(&gate);
    }
    let mut scene = Scene::with(vec![answer.send(sse_text(&["Done"]))], |settings, _| {
        settings.limits.silence_local = Duration::from_secs(60);
    })
    .await;
    let asked = scene.ask().await;
    let since = scene.face.step(asked.id, |step| match step {
        Step::Waiting { since, why, .. } => {
            assert_eq!(why, "test is still working");
            *since
        }
        _ => None,
    });
    since.await;
    for n in 1..=40 {
        gate.reached(n).await;
        skip(Duration::from_secs(40)).await;
        gate.open();
    }
    let reply = scene.reply_to(asked).await;
    assert_eq!(
        (reply.status, reply.content.as_str()),
        (Status::Complete, "Done")
    );
    let told = scene.face.said.iter().filter(|event| {
        matches!(
            &event.news,
            News::Turn {
                step: Step::Waiting { .. },
                ..
            }
        )
    });
    assert_eq!(told.count(), 1);
}

#[tokio::test]
async fn fault_24_cut_in_the_middle() {
    let length = Answer::stream().framing(Framing::UntilClose);
    for answer in [
        stream(words_then("")).cut(),
        stream(words_then("")).reset(),
        length.send(words_then("")),
        stream(words_then("data: {\"choices\": [{\"del")),
    ] {
        let mut scene = Scene::new(vec![answer]).await;
        let reply = scene.reply().await;
        assert_eq!(
            (reply.status, reply.content.as_str()),
            (Status::Interrupted, "Because of")
        );
        assert_eq!(reply.finish, None);
        let failure = reply.failure.unwrap();
        assert_eq!(failure.kind, FailureKind::Network, "{failure:?}");
        assert!(!failure.remedy.is_empty());
        assert!(reply.usage.unwrap().is_estimate);
        assert_eq!(scene.asks(), 1, "nothing is asked twice after a word");
    }
}

#[tokio::test]
async fn fault_25_finish_without_the_rest() {
    for end in [String::new(), SSE_DONE.to_owned(), sse_usage(9, 3)] {
        let body = words_then(sse_finish("stop") + &end);
        for answer in [
            stream(body.clone()),
            stream(body.clone()).cut(),
            stream(body).reset(),
        ] {
            let mut scene = Scene::new(vec![answer]).await;
            let reply = scene.reply().await;
            assert_eq!(
                (reply.status, reply.finish),
                (Status::Complete, Some(Finish::Stop))
            );
            assert_eq!(
                (reply.content.as_str(), reply.failure),
                ("Because of", None)
            );
            assert_eq!(reply.usage.unwrap().is_estimate, !end.contains("usage"));
        }
    }
}

#[tokio::test]
async fn fault_26_done_without_a_reason() {
    let mut scene = Scene::new(vec![stream(words_then(SSE_DONE))]).await;
    let reply = scene.reply().await;
    assert_eq!(
        (reply.status, reply.content.as_str()),
        (Status::Interrupted, "Because of")
    );
    says(&reply.failure.unwrap(), "ended without a reason", "ontinue");
    let mut scene = Scene::new(vec![stream(sse_role() + SSE_DONE)]).await;
    says(&scene.failure().await, "The answer was empty", "again");
}

#[tokio::test]
async fn fault_27_an_error_in_the_stream_before_text() {
    let key = sse(&json!({"error": {"message": "bad", "code": "invalid_api_key"}}));
    let mut scene = Scene::new(vec![stream(sse_role() + &key)]).await;
    assert_eq!(scene.failure().await.kind, FailureKind::Key);
    assert_eq!(scene.asks(), 1);

    let pace = sse(&json!({"error": {"message": "slow", "code": 429,
        "metadata": {"error_type": "rate_limit_exceeded"}}}));
    let script = vec![stream(sse_role() + &pace), Answer::text(&["Now"])];
    let mut scene = Scene::new(script).await;
    let asked = scene.ask().await;
    scene.face.waiting(asked.id).await;
    skip(Duration::from_secs(2)).await;
    assert_eq!(scene.reply_to(asked).await.content, "Now");
}

#[tokio::test]
async fn fault_28_an_error_in_the_stream_after_text() {
    let chunk = sse(
        &json!({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "error"}],
        "error": {"code": 502, "message": "Upstream broke"}}),
    );
    for end in [
        sse_error("Upstream broke"),
        sse_error("Upstream broke") + &sse_error("And again"),
        chunk,
        format!(
            "event: error\ndata: {}\n\n",
            json!({"error": {"message": "Upstream broke"}})
        ),
    ] {
        let mut scene = Scene::new(vec![stream(words_then(end))]).await;
        let reply = scene.reply().await;
        assert_eq!(
            (reply.status, reply.content.as_str()),
            (Status::Failed, "Because of")
        );
        let failure = reply.failure.unwrap();
        says(&failure, "Upstream broke", "");
        assert!(!format!("{failure:?}").contains("And again"));
        assert_eq!(scene.asks(), 1);
        let notices = scene
            .face
            .said
            .iter()
            .filter(|event| matches!(event.news, News::Warned(_)));
        assert_eq!(notices.count(), 0, "told once, at the reply");
    }
}

#[tokio::test]
async fn fault_29_errors_of_odd_shapes() {
    let shapes = [
        "error: {\"code\":500,\"message\":\"out of memory\",\"type\":\"server_error\"}\n\n",
        "data: {\"error\":\"out of memory\"}\n\n",
        "{\"error\":\"out of memory\"}\n",
        "data: {\"object\":\"error\",\"message\":\"out of memory\",\"code\":500}\n\n",
    ];
    for shape in shapes {
        let mut scene = Scene::new(vec![stream(words_then(shape))]).await;
        let reply = scene.reply().await;
        assert_eq!(
            (reply.status, reply.content.as_str()),
            (Status::Failed, "Because of"),
            "{shape}"
        );
        says(&reply.failure.unwrap(), "out of memory", "");
        let mut scene = Scene::new(vec![stream(sse_role() + shape).always()]).await;
        let asked = scene.ask().await;
        let (_, failure) = pass_until(&mut scene.face, withdrawal).await;
        says(&failure.unwrap(), "out of memory", "");
        assert_eq!(on_disk(&scene.settings, asked.question).await, None);
    }
}

#[tokio::test]
async fn fault_30_no_text_at_all() {
    for (reason, remedy) in [
        ("stop", "again"),
        ("length", "output tokens"),
        ("content_filter", "Edit"),
    ] {
        let body = sse_role() + &sse_finish(reason) + &sse_usage(9, 0) + SSE_DONE;
        let mut scene = Scene::new(vec![stream(body)]).await;
        let failure = scene.failure().await;
        says(&failure, "answer was empty", remedy);
        assert_eq!(scene.asks(), 1);
    }
    let body =
        sse_role() + &sse_thought("hmm") + &sse_finish("length") + &sse_usage(9, 50) + SSE_DONE;
    let mut scene = Scene::new(vec![stream(body)]).await;
    let reply = scene.reply().await;
    assert_eq!(
        (reply.status, reply.finish),
        (Status::Failed, Some(Finish::Length))
    );
    says(
        &reply.failure.unwrap(),
        "went into reasoning",
        "maximum of output tokens",
    );
    assert!(reply.thinking_ms.is_some());
}

#[tokio::test]
async fn fault_31_cut_at_the_limit() {
    for reason in ["length", "max_tokens", "model_length"] {
        let body = words_then(sse_finish(reason) + &sse_usage(9, 3) + SSE_DONE);
        let mut scene = Scene::new(vec![stream(body), Answer::text(&[" dust."])]).await;
        let asked = scene.ask().await;
        let reply = scene.reply_to(asked).await;
        assert_eq!(
            (reply.status, reply.finish),
            (Status::Complete, Some(Finish::Length)),
            "{reason}"
        );
        assert_eq!(
            (reply.content.as_str(), reply.failure),
            ("Because of", None)
        );
        let more = scene.face.turn(Turn::Continue { reply: reply.id }).await;
        assert_eq!(scene.face.measured(more).await.content, "Because of dust.");
    }
}

#[tokio::test]
async fn fault_32_stopped_by_a_filter_or_refused() {
    let refusal = sse(
        &json!({"id": "c", "choices": [{"index": 0, "delta": {"refusal": "I cannot."}, "finish_reason": null}]}),
    );
    for (body, finish, text) in [
        (
            words_then(sse_finish("content_filter")),
            Finish::Filter,
            "Because of",
        ),
        (
            sse_role() + &refusal + &sse_end(),
            Finish::Refusal,
            "I cannot.",
        ),
    ] {
        let mut scene = Scene::new(vec![stream(body)]).await;
        let reply = scene.reply().await;
        assert_eq!(
            (reply.status, reply.finish),
            (Status::Complete, Some(finish))
        );
        assert_eq!(reply.content, text);
        assert_eq!(scene.asks(), 1);
    }
}

#[tokio::test]
async fn fault_33_bytes_split_anywhere() {
    let text = "Grüße, 世界 👩‍👩‍👧 ı̇";
    let body = format!("\u{feff}{}", sse_text(&[text])).replace('\n', "\r\n");
    for size in [1, 2, 3, 7] {
        let mut answer = Answer::stream();
        for piece in body.as_bytes().chunks(size) {
            answer = answer.send(piece);
        }
        let mut scene = Scene::new(vec![answer]).await;
        assert_eq!(scene.reply().await.content, text);
    }
}

#[tokio::test]
async fn fault_34_invalid_utf8() {
    let mut body = sse_role().into_bytes();
    body.extend_from_slice(
        b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\xff\xfeb\"}}]}\n\n",
    );
    body.extend_from_slice(sse_end().as_bytes());
    let mut scene = Scene::new(vec![Answer::stream().send(body)]).await;
    let reply = scene.reply().await;
    assert_eq!(reply.status, Status::Complete);
    assert!(
        reply.content.starts_with("a\u{fffd}") && reply.content.ends_with('b'),
        "{reply:?}"
    );
}

#[tokio::test]
async fn fault_35_frames_that_are_not_understood() {
    let odd = "data: {\"choices\": [{\"delta\"\n\nevent: novelty\ndata: {\"type\":\"novelty\",\"x\":null}\n\ndata: 17\n\n\
               data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":null,\"sparkles\":[1]},\"finish_reason\":null}]}\n\n";
    let mut scene = Scene::new(vec![stream(words_then(
        odd.to_owned() + &sse_piece(" dust") + &sse_end(),
    ))])
    .await;
    let reply = scene.reply().await;
    assert_eq!(
        (reply.status, reply.content.as_str()),
        (Status::Complete, "Because of dust")
    );
    let mut scene = Scene::new(vec![stream("data: {\"what\": 1}\n\n")]).await;
    says(
        &scene.failure().await,
        "unexpected answer",
        "base_url and wire",
    );
}

#[tokio::test]
async fn fault_36_a_monster_without_an_end() {
    let forever = support::server::Step::Forever(vec![b'x'; 1 << 20]);
    let answer = stream(words_then("data: ")).step(forever);
    let mut scene = Scene::new(vec![answer]).await;
    let asked = scene.ask().await;
    let reply = scene.reply_to(asked).await;
    assert_eq!(
        (reply.status, reply.content.as_str()),
        (Status::Interrupted, "Because of")
    );
    says(&reply.failure.unwrap(), "too large", "");
    scene.server.hung_up(1).await;
}

#[tokio::test]
async fn fault_37_words_told_twice() {
    let whole = sse(
        &json!({"id": "c", "object": "chat.completion", "choices": [{"index": 0,
        "message": {"role": "assistant", "content": "Because of"}, "finish_reason": "stop"}]}),
    );
    let empty = sse(
        &json!({"id": "c", "choices": [{"index": 0, "message": {"content": ""}, "delta": {}, "finish_reason": "stop"}]}),
    );
    for end in [whole, empty] {
        let mut scene = Scene::new(vec![stream(words_then(end) + SSE_DONE)]).await;
        let reply = scene.reply().await;
        assert_eq!(
            (reply.status, reply.content.as_str()),
            (Status::Complete, "Because of")
        );
    }
}

#[tokio::test]
async fn fault_38_the_user_stops_or_leaves() {
    let mut scene = Scene::new(vec![stream(words_then("")).stall()]).await;
    let asked = scene.ask().await;
    scene.face.first_words(asked.id).await;
    let conversation = asked.conversation;
    scene.face.turn(Turn::Cancel { conversation }).await;
    let reply = scene.reply_to(asked).await;
    assert_eq!((reply.status, reply.failure), (Status::Stopped, None));
    scene.server.hung_up(1).await;

    let mut scene = Scene::new(vec![stream(words_then("")).stall()]).await;
    let asked = scene.ask().await;
    scene.face.first_words(asked.id).await;
    let (server, settings) = (scene.server, scene.settings);
    scene.face.stop().await;
    server.hung_up(1).await;
    let conversation = disk(&settings)
        .await
        .conversation(asked.conversation)
        .await
        .unwrap()
        .unwrap();
    let reply = on_disk(&settings, conversation.tip.unwrap()).await.unwrap();
    assert_eq!(
        (reply.status, reply.content.as_str()),
        (Status::Stopped, "Because of")
    );
}

#[tokio::test]
async fn fault_38_a_crash_is_found_at_the_next_start() {
    let mut scene = Scene::new(vec![stream(words_then("")).stall()]).await;
    let asked = scene.ask().await;
    scene.face.first_words(asked.id).await;
    let (settings, home) = (scene.settings.clone(), scene._home);
    let conversation = disk(&settings)
        .await
        .conversation(asked.conversation)
        .await
        .unwrap()
        .unwrap();
    let reply = conversation.tip.unwrap();
    skip(Duration::from_secs(3)).await;
    support::face::eventually(async || {
        let row = on_disk(&settings, reply).await?;
        (row.content == "Because of").then_some(())
    })
    .await;
    scene.face.kill().await;
    let mut next = Face::screen(settings.clone());
    let open = Command::Chat(Chat::Open {
        conversation: asked.conversation,
    });
    next.answer(open).await;
    let found = on_disk(&settings, reply).await.unwrap();
    assert_eq!(
        (found.status, found.content.as_str()),
        (Status::Interrupted, "Because of")
    );
    drop(home);
}

#[tokio::test]
async fn fault_40_sleep_and_a_second_salon() {
    let mut scene = Scene::with(vec![stream(words_then("")).stall()], |settings, _| {
        settings.limits.silence_local = Duration::from_secs(60);
    })
    .await;
    let asked = scene.ask().await;
    scene.face.first_words(asked.id).await;
    // Another salon sees it as being written elsewhere and does not ask.
    let mut other = Face::screen(scene.settings.clone());
    let (second, _) = other.send(asked.conversation, Draft::of("And now?")).await;
    let failure = other.refusal(second).await;
    assert_eq!(failure.kind, FailureKind::Busy);
    says(&failure, "Another salon is writing", "Wait");
    assert_eq!(scene.asks(), 1);
    // The lid was closed for hours: on waking the limit of silence is over at once.
    skip(Duration::from_secs(4 * 3600)).await;
    let reply = scene.reply_to(asked).await;
    assert_eq!(
        (reply.status, reply.content.as_str()),
        (Status::Interrupted, "Because of")
    );
}

#[tokio::test]
async fn after_a_word_nothing_is_asked_again_whatever_happens() {
    for end in [
        stream(words_then("")).cut(),
        stream(words_then(sse_error("Overloaded"))),
        stream(sse_role() + &sse_thought("hmm")).cut(),
    ] {
        let mut scene = Scene::far(vec![end]).await;
        let asked = scene.ask().await;
        scene.face.measured(asked.id).await;
        skip(Duration::from_secs(60)).await;
        assert_eq!(scene.asks(), 1);
    }
}

#[tokio::test]
async fn a_far_server_is_asked_again_when_its_proxy_does_not_answer() {
    let nobody = Server::nobody().await;
    let mut scene = Scene::with(Vec::new(), |settings, _| {
        let address = nobody.trim_end_matches("/v1").to_owned();
        settings.network.proxies.http = Some(("http_proxy".to_owned(), address));
        set_url(settings, "http://models.invalid/v1");
    })
    .await;
    let asked = scene.ask().await;
    scene.retries(asked, 300..=510).await;
    says(
        &scene.failure_of(asked).await,
        "Cannot reach the proxy",
        "HTTPS_PROXY",
    );
}

#[tokio::test]
async fn a_temporary_conversation_fails_without_a_trace() {
    let mut scene = Scene::new(vec![error_key()]).await;
    let (conversation, question) = (scene.face.mint.id(), scene.face.mint.id());
    let mut new = fresh(conversation);
    new.is_temporary = true;
    let send = Turn::Send {
        to: salon::protocol::To::New(new),
        question,
        draft: Draft::of(QUESTION),
    };
    let id = scene.face.turn(send).await;
    let (draft, failure, _) = scene.face.withdrawn(id).await;
    assert_eq!(draft, Some(Draft::of(QUESTION)));
    assert_eq!(failure.unwrap().kind, FailureKind::Key);
    let home = scene.settings.paths.data_dir.clone();
    assert!(!support::face::holds(&home, "sky blue"));
}

/// A wire with its words and faults, each as its servers send them.
struct Dialect {
    wire: Wire,
    /// Two pieces, "Because " and "of", and no end.
    words: String,
    /// An end with a reason.
    end: String,
    /// An error inside the stream.
    error: String,
}

fn events(all: &[Value]) -> String {
    let event = |data: &Value| {
        let name = data["type"].as_str().unwrap_or("");
        format!("event: {name}\ndata: {data}\n\n")
    };
    all.iter().map(event).collect()
}

fn lines(all: &[Value]) -> String {
    all.iter().map(|line| format!("{line}\n")).collect()
}

fn dialects() -> [Dialect; 4] {
    let delta = |text: &str| json!({"type": "response.output_text.delta", "item_id": "i", "output_index": 0, "content_index": 0, "delta": text});
    let block = |text: &str| json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}});
    let line = |text: &str| json!({"model": "m", "message": {"role": "assistant", "content": text}, "done": false});
    [
        Dialect {
            wire: Wire::ChatCompletions,
            words: words_then(""),
            end: sse_end(),
            error: sse_error("Upstream broke"),
        },
        Dialect {
            wire: Wire::Responses,
            words: events(&[
                json!({"type": "response.created", "response": {"id": "resp_1", "status": "in_progress"}}),
                delta("Because "),
                delta("of"),
            ]),
            end: events(&[
                json!({"type": "response.completed", "response": {"id": "resp_1", "status": "completed", "output": [],
                    "usage": {"input_tokens": 9, "output_tokens": 3}}}),
            ]),
            error: events(&[
                json!({"type": "error", "code": "server_error", "message": "Upstream broke"}),
            ]),
        },
        Dialect {
            wire: Wire::Messages,
            words: events(&[
                json!({"type": "message_start", "message": {"id": "msg_1", "role": "assistant", "content": [],
                    "usage": {"input_tokens": 9, "output_tokens": 1}}}),
                json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
                block("Because "),
                block("of"),
            ]),
            end: events(&[
                json!({"type": "content_block_stop", "index": 0}),
                json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}}),
                json!({"type": "message_stop"}),
            ]),
            error: events(&[
                json!({"type": "error", "error": {"type": "api_error", "message": "Upstream broke"}}),
            ]),
        },
        Dialect {
            wire: Wire::Ollama,
            words: lines(&[line("Because "), line("of")]),
            end: lines(&[
                json!({"model": "m", "message": {"role": "assistant", "content": ""}, "done": true,
                    "done_reason": "stop", "prompt_eval_count": 9, "eval_count": 3}),
            ]),
            error: lines(&[json!({"error": "Upstream broke"})]),
        },
    ]
}

impl Scene {
    async fn of(wire: Wire, mut script: Vec<Answer>) -> Scene {
        // Ollama is asked for the model's window first.
        let window = Answer::json(200, &json!({})).at("/v1/api/show").always();
        script.insert(0, window);
        Scene::with(script, |settings, _| {
            settings.providers.get_mut("test").unwrap().wire = wire;
        })
        .await
    }
}

#[tokio::test]
async fn faults_24_25_28_hold_on_every_wire() {
    for dialect in dialects() {
        let (wire, words) = (dialect.wire, dialect.words);
        let whole = stream(words.clone() + &dialect.end);
        for (answer, status) in [
            (whole.clone(), Status::Complete),
            (whole.cut(), Status::Complete),
            (stream(words.clone()).cut(), Status::Interrupted),
            (stream(words.clone()), Status::Interrupted),
            (stream(words.clone() + &dialect.error), Status::Failed),
        ] {
            let mut scene = Scene::of(wire, vec![answer]).await;
            let reply = scene.reply().await;
            assert_eq!(
                (reply.status, reply.content.as_str()),
                (status, "Because of"),
                "{wire:?}: {reply:?}"
            );
            if status == Status::Failed {
                says(&reply.failure.unwrap(), "Upstream broke", "");
            }
            assert_eq!(scene.asks(), 1, "{wire:?}");
        }
    }
}

#[tokio::test]
async fn faults_7_to_20_mean_the_same_on_every_wire() {
    for dialect in dialects() {
        let wire = dialect.wire;
        let page = "<html><head><title>Hotel Wi-Fi</title></head></html>";
        for (answer, kind, title) in [
            (
                Answer::body(200, "text/html", page),
                FailureKind::Wire,
                "web page",
            ),
            (error_key(), FailureKind::Key, "refused the key"),
            (error_quota(), FailureKind::Limit, "No credit left"),
            (error_model(), FailureKind::Input, "has no model m"),
            (
                Answer::body(404, "text/html", page),
                FailureKind::Wire,
                "has nothing at",
            ),
            (
                Answer::body(413, "text/html", page),
                FailureKind::TooLong,
                "too large",
            ),
        ] {
            let mut scene = Scene::of(wire, vec![answer]).await;
            let failure = scene.failure().await;
            assert_eq!(failure.kind, kind, "{wire:?}: {failure}");
            says(&failure, title, "");
            assert_eq!(scene.asks(), 1, "{wire:?}");
        }
        let whole = stream(dialect.words + &dialect.end);
        // Ollama's errors in the stream are plain words, which say nothing of another try.
        let in_stream = match wire {
            Wire::Ollama => error_server(),
            _ => stream(dialect.error),
        };
        for trouble in [error_server(), error_pace("1"), in_stream] {
            let mut scene = Scene::of(wire, vec![trouble, whole.clone()]).await;
            let asked = scene.ask().await;
            let (_, _, attempt) = scene.face.waiting(asked.id).await;
            assert_eq!(attempt, 1, "{wire:?}");
            skip(Duration::from_secs(2)).await;
            assert_eq!(scene.reply_to(asked).await.content, "Because of");
            assert_eq!(scene.asks(), 2, "{wire:?}");
        }
    }
}
