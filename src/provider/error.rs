//! What the engine learns when a request fails: what the user sees, whether a retry makes sense, and who ended it.

use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{HeaderMap, HeaderName};

use crate::domain::failure::{Failure, FailureKind, Offer};
use crate::provider::fault::{ApiError, Class, classify, seconds};
use crate::provider::scrub::{Scrub, head};

/// A request or an answer that failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{failure}")]
pub struct ProviderError {
    pub failure: Failure,
    pub retry: Retry,
    pub by: By,
}

/// Whether the same request may succeed a moment later (`wire.md` 7.4). Whether it is still allowed, the engine decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    Never,
    /// After a wait that grows.
    Backoff,
    /// After longer waits that grow: the server has too much to do.
    Slowly,
    /// After the wait the server asked for, at most a day.
    After(Duration),
    /// The server is getting ready, such as loading a model: after this long, again and again for a minute.
    Poll(Duration),
}

/// Who ended it: after the first word the one is an interruption, the other a failure (decisions 2.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Transport,
    Server,
}

/// Who was asked, and how: what an error needs to name things. Holds no key except to remove it from texts.
#[derive(Clone, Default)]
pub struct Asked {
    /// The provider's name in the settings.
    pub provider: String,
    /// The model's name at the provider; empty for a listing.
    pub model: String,
    /// The URL without user, password and query.
    pub url: String,
    /// Host and port of it.
    pub host: String,
    /// It is this machine.
    pub is_local: bool,
    /// Where the key comes from, such as `OPENAI_API_KEY`.
    pub key_from: String,
    /// The proxy on the way and where it is set, without its password.
    pub proxy: Option<String>,
    pub scrub: Scrub,
}

impl ProviderError {
    /// One that never is worth a retry.
    pub fn never(failure: Failure, by: By) -> ProviderError {
        ProviderError {
            failure,
            retry: Retry::Never,
            by,
        }
    }
}

/// The error of an answer with a status that is none of success.
pub fn of_status(
    asked: &Asked,
    status: u16,
    headers: &HeaderMap,
    mut error: ApiError,
) -> ProviderError {
    error.status = Some(status);
    error.retry_after = wait_of(headers).or(error.retry_after);
    let mut told = of_server(asked, &error);
    if let Some(target) = headers
        .get("location")
        .filter(|_| (300..400).contains(&status))
    {
        let target = asked
            .scrub
            .line(&String::from_utf8_lossy(without_query(target.as_bytes())));
        told.failure.title = format!("{} points to {target}", asked.url);
        told.failure.remedy = format!(
            "Redirects are not followed. If you trust that address, set base_url of providers.{} to it.",
            asked.provider
        );
    }
    let class = classify(&error);
    match text_of(headers, "x-should-retry") {
        Some("false") => told.retry = Retry::Never,
        Some("true") if told.retry == Retry::Never && class != Class::Money => {
            told.retry = error.retry_after.map_or(Retry::Backoff, Retry::After);
        }
        Some(_) | None => {}
    }
    // Where the body told it, it is there already.
    if let Some(id) = request_id(headers).filter(|_| error.request_id.is_none()) {
        add_line(
            &mut told.failure.detail,
            &format!("request id: {}", asked.scrub.line(&id)),
        );
    }
    told
}

fn without_query(url: &[u8]) -> &[u8] {
    url.split(|b| *b == b'?').next().unwrap_or(url)
}

/// The error a server told, with a status or inside a stream.
pub fn of_server(asked: &Asked, error: &ApiError) -> ProviderError {
    let class = classify(error);
    let said = asked.scrub.line(&error.message);
    let (kind, title, remedy) = words(asked, error, class, &said);
    let mut failure = Failure::new(kind, title, remedy).with_detail(detail(asked, error));
    if let Class::Model | Class::TooLong = class {
        failure = failure.with_offer(Offer::PickModel);
    } else if class == Class::Key {
        failure = failure.with_offer(Offer::SetKey);
    }
    let again = error.retry_after.map_or(Retry::Backoff, Retry::After);
    let retry = match class {
        Class::Overloaded if error.retry_after.is_none() => Retry::Slowly,
        Class::Pace | Class::Overloaded | Class::Server => again,
        // A model takes a while to load: asking at once again would use the attempts up.
        Class::Loading => Retry::Poll(error.retry_after.unwrap_or(Duration::from_secs(5))),
        Class::Key
        | Class::Rights
        | Class::Money
        | Class::Model
        | Class::Path
        | Class::Proxy
        | Class::TooLong
        | Class::TooLarge
        | Class::Blocked
        | Class::Field
        | Class::Bad
        | Class::Unknown => Retry::Never,
    };
    ProviderError {
        failure,
        retry,
        by: By::Server,
    }
}

/// Kind, title and remedy of a class.
fn words(
    asked: &Asked,
    error: &ApiError,
    class: Class,
    said: &str,
) -> (FailureKind, String, String) {
    let name = &asked.provider;
    let with = |title: String| {
        if said.is_empty() {
            title
        } else {
            format!("{title}: {said}")
        }
    };
    let status = error.status.map_or(String::new(), |n| format!(" ({n})"));
    let (kind, title, remedy) = match class {
        Class::Key => (
            FailureKind::Key,
            format!("{name} refused the key"),
            format!("Check {}, or set another with /key {name}.", asked.key_from),
        ),
        Class::Rights => (
            FailureKind::Key,
            with(format!("{name} does not allow this")),
            format!("Check what the key from {} may do.", asked.key_from),
        ),
        Class::Money => (
            FailureKind::Limit,
            format!("No credit left at {name}"),
            "Add credit at the provider or choose another model.".to_owned(),
        ),
        Class::Model => (
            FailureKind::Input,
            with(format!("{name} has no model {}", asked.model)),
            "Choose another model.".to_owned(),
        ),
        Class::Path => (
            FailureKind::Wire,
            with(format!("{name} has nothing at {}{status}", asked.url)),
            path_remedy(asked),
        ),
        Class::Proxy => (
            FailureKind::Network,
            format!("The proxy{} wants a password (407)", asked.proxy_name()),
            PROXY_REMEDY.to_owned(),
        ),
        Class::TooLong => (
            FailureKind::TooLong,
            too_long(asked, error.tokens),
            "Start a new conversation, shorten the question, or choose a model with a larger window."
                .to_owned(),
        ),
        Class::TooLarge => (
            FailureKind::TooLong,
            with(format!("The request is too large for {name}{status}")),
            "Shorten the question or start a new conversation.".to_owned(),
        ),
        Class::Blocked => (
            FailureKind::Input,
            with(format!(
                "Blocked by the filter of {name}{}",
                filters(asked, error)
            )),
            "Edit the question.".to_owned(),
        ),
        Class::Field => (
            FailureKind::Input,
            with(format!("{name} does not accept a setting")),
            "Change or remove that setting of the conversation.".to_owned(),
        ),
        Class::Pace => (
            FailureKind::Limit,
            format!("{name} asks to slow down"),
            "Wait a moment, then send again.".to_owned(),
        ),
        Class::Overloaded => (
            FailureKind::Limit,
            format!("{name} is overloaded{status}"),
            "Send again later or choose another model.".to_owned(),
        ),
        Class::Loading => (
            FailureKind::Network,
            format!("{name} is loading the model"),
            "Send again when it is loaded.".to_owned(),
        ),
        Class::Server => (
            FailureKind::Network,
            with(format!("{name} has a fault{status}")),
            "Send again later or choose another model.".to_owned(),
        ),
        Class::Bad => (
            FailureKind::Input,
            with(format!("{name} refused the request{status}")),
            "Edit the question or choose another model.".to_owned(),
        ),
        Class::Unknown => (
            FailureKind::Wire,
            with(format!("{name} reported an error")),
            "Send again or choose another model.".to_owned(),
        ),
    };
    (kind, title, remedy)
}

fn too_long(asked: &Asked, tokens: Option<(u64, u64)>) -> String {
    let model = &asked.model;
    match tokens {
        Some((sent, most)) => format!("The conversation has {sent} tokens, {model} holds {most}"),
        None => format!("The conversation is too long for {model}"),
    }
}

/// ` (violence, hate)` where the filter says what it saw.
fn filters(asked: &Asked, error: &ApiError) -> String {
    match asked.scrub.line(&error.filters.join(", ")) {
        names if names.is_empty() => names,
        names => format!(" ({names})"),
    }
}

/// What to do about a proxy.
pub const PROXY_REMEDY: &str = "Check `network.proxy` in the settings, or HTTPS_PROXY, HTTP_PROXY and ALL_PROXY in the environment.";

impl Asked {
    /// ` NAME` of the proxy where the settings name one.
    pub fn proxy_name(&self) -> String {
        let name = self.proxy.as_ref();
        name.map_or(String::new(), |proxy| format!(" {proxy}"))
    }
}

/// Proposes the base URL that was probably meant, or the wire (`wire.md` 7.5).
fn path_remedy(asked: &Asked) -> String {
    let url = asked.url.as_str();
    let check = format!(
        "Check the model's name, and base_url of providers.{} in the settings",
        asked.provider
    );
    if url.ends_with("/api/chat") {
        return format!(
            "{check}; if the server is no Ollama, set its wire to \"chat-completions\"."
        );
    }
    let ends = ["/chat/completions", "/responses", "/messages", "/models"];
    let base = ends.iter().find_map(|end| url.strip_suffix(end));
    let base = base.unwrap_or(url);
    let is_host = |url: &str| {
        url.split_once("://")
            .is_none_or(|(_, rest)| !rest.contains('/'))
    };
    let better = if base.ends_with("/v1/v1") {
        Some(base.trim_end_matches("/v1").to_owned() + "/v1")
    } else if let Some(short) = base.strip_suffix("/v1") {
        // A base URL without a path gets its `/v1` anyway.
        (!is_host(short)).then(|| short.to_owned())
    } else {
        Some(format!("{base}/v1"))
    };
    let perhaps = better.map_or(String::new(), |url| format!("; perhaps it is {url}"));
    // Most servers have the older wire alone (`wire.md` 1.6).
    let own = ["responses", "messages"]
        .into_iter()
        .find(|end| url.ends_with(&format!("/{end}")));
    let wire = match own {
        Some("messages") => {
            "; if the server does not speak \"anthropic\", set its wire to \"chat-completions\""
        }
        Some(_) => {
            "; if the server does not speak \"responses\", set its wire to \"chat-completions\""
        }
        None => "",
    };
    format!("{check}{perhaps}{wire}.")
}

fn detail(asked: &Asked, error: &ApiError) -> String {
    let mut detail = String::new();
    let status = error
        .status
        .map_or(String::new(), |n| format!("status {n} from "));
    add_line(&mut detail, &format!("{status}{}", asked.url));
    add_line(&mut detail, &asked.scrub.text(&error.message));
    if let Some(upstream) = &error.upstream {
        add_line(&mut detail, &asked.scrub.text(upstream));
    }
    if !error.words.is_empty() {
        let words = asked.scrub.line(&error.words.join(", "));
        add_line(&mut detail, &format!("code: {words}"));
    }
    if let Some(param) = &error.param {
        add_line(&mut detail, &format!("field: {}", asked.scrub.line(param)));
    }
    if let Some(id) = &error.request_id {
        let id = asked.scrub.line(head(id, 200));
        add_line(&mut detail, &format!("request id: {id}"));
    }
    detail
}

/// Appends a line unless it is empty.
pub fn add_line(text: &mut String, line: &str) {
    if line.is_empty() {
        return;
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}

/// The id of the request at the provider (`wire.md` 7.3), at most 200 bytes, not cleaned.
pub fn request_id(headers: &HeaderMap) -> Option<String> {
    [
        "x-request-id",
        "request-id",
        "x-generation-id",
        "apim-request-id",
    ]
    .into_iter()
    .find_map(|name| text_of(headers, name))
    .map(|id| head(id, 200).to_owned())
}

/// How long the server asks to wait: `retry-after-ms`, or `retry-after` as seconds or as a date, which is read against
/// the answer's own `date`, so that no clock is needed here.
fn wait_of(headers: &HeaderMap) -> Option<Duration> {
    let ms = text_of(headers, "retry-after-ms").and_then(|text| text.parse::<f64>().ok());
    if let Some(wait) = ms.and_then(|ms| seconds(ms / 1000.0)) {
        return Some(wait);
    }
    let text = text_of(headers, "retry-after")?;
    if let Ok(n) = text.parse::<f64>() {
        return seconds(n);
    }
    let date = |text: &str| DateTimeParser::new().parse_timestamp(text).ok();
    let until = date(text)?;
    let now = date(text_of(headers, "date")?)?;
    let ms = until.as_millisecond() - now.as_millisecond();
    u64::try_from(ms.max(0))
        .ok()
        .map(|ms| Duration::from_millis(ms.min(86_400_000)))
}

fn text_of<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    let value = headers.get(HeaderName::from_static(name))?;
    let text = value.to_str().ok()?.trim();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn asked() -> Asked {
        Asked {
            provider: "test".into(),
            model: "m".into(),
            url: "http://host/v1/chat/completions".into(),
            host: "host".into(),
            is_local: false,
            key_from: "TEST_API_KEY".into(),
            proxy: None,
            scrub: Scrub::default(),
        }
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.insert(*name, value.parse().unwrap());
        }
        map
    }

    fn told(
        status: u16,
        pairs: &[(&'static str, &str)],
        body: &serde_json::Value,
    ) -> ProviderError {
        let error = crate::provider::fault::from_bytes(body.to_string().as_bytes());
        of_status(&asked(), status, &headers(pairs), error)
    }

    #[test]
    fn a_wait_is_read_in_every_form() {
        let date = "Sat, 21 Nov 2026 05:47:04 GMT";
        for (pairs, wait) in [
            (vec![("retry-after", "7")], Some(7000)),
            (vec![("retry-after", "1.5")], Some(1500)),
            (
                vec![("retry-after-ms", "250"), ("retry-after", "9")],
                Some(250),
            ),
            (
                vec![
                    ("retry-after", "Sat, 21 Nov 2026 05:47:34 GMT"),
                    ("date", date),
                ],
                Some(30_000),
            ),
            (
                vec![
                    ("retry-after", "Sat, 21 Nov 2026 05:00:00 GMT"),
                    ("date", date),
                ],
                Some(0),
            ),
            (vec![("retry-after", "Sat, 21 Nov 2026 05:47:34 GMT")], None),
            (vec![("retry-after", "soon")], None),
            (vec![("retry-after", "-3")], None),
            (vec![("retry-after", "1e300")], None),
            (vec![], None),
        ] {
            assert_eq!(
                wait_of(&headers(&pairs)),
                wait.map(Duration::from_millis),
                "{pairs:?}"
            );
        }
    }

    #[test]
    fn only_another_address_is_proposed_since_a_bare_host_gets_its_v1() {
        for (url, better) in [
            ("http://h:1/v1/chat/completions", None),
            ("http://h:1/v1/v1/chat/completions", Some("http://h:1/v1.")),
            (
                "http://h:1/api/v1/chat/completions",
                Some("http://h:1/api."),
            ),
            (
                "http://h:1/api/chat/completions",
                Some("http://h:1/api/v1."),
            ),
            (
                "http://h:1/v1/v1/responses",
                Some(
                    "http://h:1/v1; if the server does not speak \"responses\", set its wire to \"chat-completions\".",
                ),
            ),
        ] {
            let asked = Asked {
                url: url.to_owned(),
                ..asked()
            };
            let remedy = path_remedy(&asked);
            let proposed = remedy.split_once("perhaps it is ").map(|(_, url)| url);
            assert_eq!(proposed, better, "{url}");
        }
    }

    #[test]
    fn quota_is_no_pace() {
        let quota = json!({"error": {"message": "You exceeded your current quota", "type": "insufficient_quota", "code": "insufficient_quota"}});
        let error = told(
            429,
            &[("retry-after", "3"), ("x-should-retry", "true")],
            &quota,
        );
        assert_eq!(
            (error.retry, error.failure.kind),
            (Retry::Never, FailureKind::Limit)
        );
        let pace = json!({"error": {"message": "slowly", "type": "requests", "code": "rate_limit_exceeded"}});
        let error = told(429, &[("retry-after", "3")], &pace);
        assert_eq!(error.retry, Retry::After(Duration::from_secs(3)));
        assert_eq!(
            told(429, &[("x-should-retry", "false")], &pace).retry,
            Retry::Never
        );
        assert_eq!(told(429, &[], &pace).retry, Retry::Backoff);
    }

    #[test]
    fn a_server_may_decide_about_the_retry() {
        let bad = json!({"error": {"message": "odd"}});
        assert_eq!(told(400, &[], &bad).retry, Retry::Never);
        assert_eq!(
            told(400, &[("x-should-retry", "true")], &bad).retry,
            Retry::Backoff
        );
        assert_eq!(told(500, &[], &bad).retry, Retry::Backoff);
        assert_eq!(
            told(500, &[("x-should-retry", "false")], &bad).retry,
            Retry::Never
        );
    }

    #[test]
    fn a_wrong_path_names_the_url() {
        let error = told(404, &[], &json!({"error": {"message": "File Not Found"}}));
        assert!(
            error
                .failure
                .title
                .contains("http://host/v1/chat/completions"),
            "{error}"
        );
    }

    #[test]
    fn too_long_tells_the_numbers() {
        let body = json!({"error": {"code": 400, "message": "request (20016 tokens) exceeds the available context size",
            "type": "exceed_context_size_error", "n_prompt_tokens": 20016, "n_ctx": 8192}});
        let error = told(400, &[], &body);
        assert_eq!(error.failure.kind, FailureKind::TooLong);
        assert!(error.failure.title.contains("20016") && error.failure.title.contains("8192"));
    }

    #[test]
    fn the_request_id_stands_in_the_detail() {
        let error = told(500, &[("x-request-id", "req-1")], &json!({"error": "x"}));
        assert!(
            error.failure.detail.contains("request id: req-1"),
            "{}",
            error.failure.detail
        );
    }
}
