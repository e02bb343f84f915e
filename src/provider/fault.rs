//! What servers say when something is wrong, read tolerantly out of every shape in use (`wire.md` 7.1), and its class.

use std::time::Duration;

use serde_json::Value;

/// An error as a server told it; nothing in it is cleaned yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiError {
    /// May be empty.
    pub message: String,
    /// All codes and types it gave, in lower case, the most telling first.
    pub words: Vec<String>,
    /// The field it complains about.
    pub param: Option<String>,
    /// The HTTP status, or a number of that range given as a code.
    pub status: Option<u16>,
    /// How long to wait, from the body.
    pub retry_after: Option<Duration>,
    /// Tokens sent and tokens the window holds.
    pub tokens: Option<(u64, u64)>,
    /// The text of a provider behind the provider.
    pub upstream: Option<String>,
    /// The id of the request, where the body tells it.
    pub request_id: Option<String>,
    /// What a filter saw, such as `violence`.
    pub filters: Vec<String>,
}

/// What an error means for the user (`wire.md` 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The key is wrong or missing.
    Key,
    /// The key may not do this.
    Rights,
    /// No credit or quota is left.
    Money,
    /// The model is not there.
    Model,
    /// The address is wrong.
    Path,
    /// The proxy wants something.
    Proxy,
    TooLong,
    /// The body is too large for the server.
    TooLarge,
    /// A content filter.
    Blocked,
    /// A field is not accepted.
    Field,
    /// Too many requests.
    Pace,
    Overloaded,
    /// The model is being loaded.
    Loading,
    /// The server or a gateway is in trouble.
    Server,
    /// The request is refused for another reason.
    Bad,
    Unknown,
}

/// The error this value tells, if it tells one. A chunk of an ordinary answer tells none.
pub fn extract_error(value: &Value) -> Option<ApiError> {
    match value {
        Value::Array(all) => all.iter().find_map(extract_error),
        Value::Object(_) => from_object(value),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn from_object(value: &Value) -> Option<ApiError> {
    if let Some(error) = from_field(&value["error"]) {
        return Some(ApiError {
            request_id: value["request_id"].as_str().map(str::to_owned),
            ..error
        });
    }
    if let Some(error) = from_field(&value["x_groq"]["error"]) {
        return Some(error);
    }
    if value["choices"].is_array() {
        return None;
    }
    let words = ["type", "object"].map(|name| value[name].as_str().unwrap_or(""));
    if words.contains(&"error") {
        return Some(from_body(value));
    }
    if value["error_type"].is_string() || value["error_message"].is_string() {
        let mut error = from_body(value);
        error.message = text_of(&value["error_message"]);
        return Some(error);
    }
    if !value["detail"].is_null() {
        return Some(ApiError {
            message: text_of(&value["detail"]),
            ..from_body(value)
        });
    }
    None
}

/// The value of an `error` field: object, string, or array of them; empty ones tell nothing.
fn from_field(error: &Value) -> Option<ApiError> {
    match error {
        Value::String(text) if !text.is_empty() => Some(ApiError {
            message: text.clone(),
            ..ApiError::default()
        }),
        Value::Array(all) => all.iter().find_map(from_field),
        Value::Object(fields) if !fields.is_empty() => Some(from_body(error)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            None
        }
    }
}

fn from_body(body: &Value) -> ApiError {
    let metadata = &body["metadata"];
    let words = [
        &metadata["error_type"],
        &body["details"]["error_code"],
        &body["innererror"]["code"],
        &body["code"],
        &body["error_type"],
        &body["type"],
        &body["status"],
    ];
    let status = [&body["code"], &body["status"]]
        .into_iter()
        .filter_map(number)
        .find_map(|code| u16::try_from(code).ok().filter(|n| (300..600).contains(n)));
    let wait = &body["availability"]["retry_after"];
    ApiError {
        message: text_of(&body["message"]),
        words: words
            .into_iter()
            .filter_map(Value::as_str)
            .map(str::to_ascii_lowercase)
            .filter(|word| !word.is_empty() && word != "error")
            .collect(),
        param: body["param"].as_str().map(str::to_owned),
        status,
        retry_after: wait.as_f64().and_then(seconds),
        tokens: number(&body["n_prompt_tokens"])
            .zip(number(&body["n_ctx"]))
            .or_else(|| tokens_in(body["message"].as_str().unwrap_or(""))),
        upstream: metadata["raw"].as_str().map(str::to_owned),
        request_id: None,
        filters: filters_of(&body["innererror"]["content_filter_result"], metadata),
    }
}

/// The categories that Azure's filter or OpenRouter's moderation names.
fn filters_of(result: &Value, metadata: &Value) -> Vec<String> {
    let of_azure = result.as_object().into_iter().flatten();
    let of_azure = of_azure
        .filter(|(_, seen)| seen["filtered"] == true)
        .map(|(name, _)| name.clone());
    let of_openrouter = metadata["reasons"].as_array().into_iter().flatten();
    let of_openrouter = of_openrouter.filter_map(|reason| reason.as_str().map(str::to_owned));
    of_azure.chain(of_openrouter).take(4).collect()
}

/// Tokens sent and tokens the window holds, where a message that complains of too many tells both in words: what was
/// sent is the most of all, the window is the other of two or the number said to be the maximum.
fn tokens_in(message: &str) -> Option<(u64, u64)> {
    let message = message.to_ascii_lowercase().replace(',', "");
    if !message.contains("token") || !TOO_LONG.iter().any(|part| message.contains(part)) {
        return None;
    }
    let numbers = |text: &str| -> Vec<u64> {
        text.split(|c: char| !c.is_ascii_digit())
            .filter_map(|digits| digits.parse().ok())
            .filter(|n| *n >= 16)
            .collect()
    };
    let all = numbers(&message);
    let sent = all.iter().copied().max()?;
    let most = match all.as_slice() {
        [one, other] => *one.min(other),
        _ => {
            let (_, after) = message.split_once("maximum context length is ")?;
            *numbers(after).first()?
        }
    };
    (most < sent).then_some((sent, most))
}

/// Text from a string, from `detail` lists of FastAPI and Mistral, or any other value as JSON.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(all) => {
            let lines: Vec<String> = all.iter().map(text_of).collect();
            lines.join("\n")
        }
        Value::Object(fields) => {
            if let Some(detail) = fields.get("detail") {
                return text_of(detail);
            }
            let Some(Value::String(text)) = fields.get("msg").or_else(|| fields.get("message"))
            else {
                return value.to_string();
            };
            match fields.get("loc").and_then(Value::as_array) {
                Some(loc) => {
                    let place: Vec<String> = loc.iter().map(text_of).collect();
                    format!("{}: {text}", place.join("."))
                }
                None => text.clone(),
            }
        }
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// A count, also as a float or a string; negative ones and non-numbers are none.
pub fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(n) => n.as_u64().or_else(|| n.as_f64().and_then(whole)),
        Value::String(text) => {
            let text = text.trim();
            text.parse()
                .ok()
                .or_else(|| text.parse().ok().and_then(whole))
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked"
)]
fn whole(n: f64) -> Option<u64> {
    (0.0..9e15).contains(&n).then_some(n as u64)
}

/// A wait of so many seconds, at most a day; none for what is no time.
pub fn seconds(n: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(n)
        .ok()
        .map(|wait| wait.min(Duration::from_secs(86_400)))
}

/// Parts of a message that mean "the prompt is too long" (`wire.md` 7.2), in lower case.
const TOO_LONG: [&str; 14] = [
    "maximum context length",
    "context_length_exceeded",
    "exceed context limit",
    "exceeds the available context size",
    "longer than the model's context length",
    "exceeds the maximum number of tokens allowed",
    "input tokens exceed the configured limit",
    "prompt is too long",
    "input is too long",
    "too many tokens",
    "reduce the length of the messages",
    "context window",
    "context overflow",
    "larger context length",
];

/// Codes and types that decide by themselves, whatever the status.
const BY_WORD: [(&str, Class); 46] = [
    ("context_length_exceeded", Class::TooLong),
    ("exceed_context_size_error", Class::TooLong),
    ("insufficient_quota", Class::Money),
    ("credit_balance_exhausted", Class::Money),
    ("organization_spend_limit_exceeded", Class::Money),
    ("project_spend_limit_exceeded", Class::Money),
    ("organization_usage_limit_exceeded", Class::Money),
    ("enforced_spend_limit_reached", Class::Money),
    ("billing_hard_limit_reached", Class::Money),
    ("billing_error", Class::Money),
    ("payment_required", Class::Money),
    ("content_filter", Class::Blocked),
    ("content_policy_violation", Class::Blocked),
    ("responsibleaipolicyviolation", Class::Blocked),
    ("invalid_prompt", Class::Blocked),
    ("bio_policy", Class::Blocked),
    ("misalignment_policy_violation", Class::Blocked),
    ("refusal", Class::Blocked),
    ("invalid_api_key", Class::Key),
    ("authentication_error", Class::Key),
    ("authentication", Class::Key),
    ("permission_error", Class::Rights),
    ("permission_denied", Class::Rights),
    ("model_not_found", Class::Model),
    ("unsupported_parameter", Class::Field),
    ("unsupported_value", Class::Field),
    ("extra_forbidden", Class::Field),
    ("request_too_large", Class::TooLarge),
    ("rate_limit_exceeded", Class::Pace),
    ("rate_limit_error", Class::Pace),
    ("rate_limit", Class::Pace),
    ("slow_down", Class::Pace),
    ("overloaded_error", Class::Overloaded),
    ("overloaded", Class::Overloaded),
    ("provider_overloaded", Class::Overloaded),
    ("server_error", Class::Server),
    ("api_error", Class::Server),
    ("internal_error", Class::Server),
    ("internal_server_error", Class::Server),
    ("provider_unavailable", Class::Server),
    ("service_unavailable", Class::Server),
    ("insufficient_system_resource", Class::Overloaded),
    ("network_error", Class::Server),
    ("timeout_error", Class::Server),
    ("timeout", Class::Server),
    ("server", Class::Server),
];

/// What the error means, by its codes, its text and the status, in this order of trust where they differ.
pub fn classify(error: &ApiError) -> Class {
    let message = error.message.to_ascii_lowercase();
    let says = |parts: &[&str]| parts.iter().any(|part| message.contains(part));
    let by_word = error.words.iter().find_map(|word| {
        let found = BY_WORD.iter().find(|(name, _)| name == word);
        found.map(|(_, class)| *class)
    });
    let has_status = |all: &[u16]| error.status.is_some_and(|status| all.contains(&status));
    // A pace limit may talk of tokens too, and servers call every refusal an API or server error at times.
    let is_pace = error.status == Some(429);
    let is_refusal = has_status(&[400, 401, 402, 403, 404, 405, 413, 422]);
    match by_word {
        Some(Class::Server) | None if !is_pace && says(&TOO_LONG) => Class::TooLong,
        Some(Class::Server) if has_status(&[503]) && says(&["loading"]) => Class::Loading,
        Some(class) if class != Class::Server || !is_pace && !is_refusal => class,
        Some(_) | None => by_status(error, &message),
    }
}

fn by_status(error: &ApiError, message: &str) -> Class {
    let says = |parts: &[&str]| parts.iter().any(|part| message.contains(part));
    let is_missing = says(&[
        "not found",
        "not exist",
        "unknown model",
        "no such model",
        "invalid model",
    ]);
    match error.status {
        None => Class::Unknown,
        Some(400) if says(&["spend limit", "credit balance", "billing"]) => Class::Money,
        Some(400) if says(&["api key not valid", "api_key_invalid"]) => Class::Key,
        Some(400 | 404) if message.contains("model") && is_missing => Class::Model,
        Some(404) if message.contains("model") => Class::Model,
        Some(400 | 422) if says(&["unknown name", "unsupported parameter", "extra inputs"]) => {
            Class::Field
        }
        Some(401) => Class::Key,
        Some(402) => Class::Money,
        Some(403) => Class::Rights,
        Some(404 | 405 | 300..=399) => Class::Path,
        Some(407) => Class::Proxy,
        Some(413) => Class::TooLarge,
        Some(429) => Class::Pace,
        Some(498 | 529) => Class::Overloaded,
        Some(503) if says(&["loading"]) => Class::Loading,
        // It stays so until the machine has more.
        Some(500) if says(&["more system memory"]) => Class::Bad,
        Some(408 | 409 | 425 | 500..=599) => Class::Server,
        Some(_) => Class::Bad,
    }
}

/// The title of a web page, else its first words; entities that matter are resolved.
pub fn page_title(page: &str) -> String {
    let lower = page.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|at| {
        let from = at + lower[at..].find('>')? + 1;
        let to = from + lower[from..].find("</title")?;
        page.get(from..to)
    });
    let text = match title {
        Some(title) => title.to_owned(),
        None => without_tags(page),
    };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text, |text, (entity, plain)| text.replace(entity, plain))
}

fn without_tags(page: &str) -> String {
    let mut out = String::new();
    for (n, piece) in page.split('<').enumerate() {
        let words = match piece.split_once('>') {
            Some((_, words)) if n > 0 => words,
            Some(_) | None if n > 0 => "",
            Some(_) | None => piece,
        };
        out.push_str(words);
        out.push(' ');
    }
    out
}

/// The error in a whole body that is no answer: JSON, a web page or plain text.
pub fn from_bytes(bytes: &[u8]) -> ApiError {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}').trim();
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        if let Some(error) = extract_error(&value) {
            return error;
        }
        if value["message"].is_string() || value["code"].is_string() {
            return from_body(&value);
        }
    }
    let message = if text.starts_with('<') {
        page_title(text)
    } else {
        text.to_owned()
    };
    ApiError {
        message,
        ..ApiError::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_shape_of_error_is_read() {
        let cases = [
            (
                json!({"error": {"message": "no", "type": "invalid_request_error", "param": "model", "code": "model_not_found"}}),
                "no",
                Class::Model,
            ),
            (
                json!({"error": {"message": null, "type": null, "param": null, "code": null}}),
                "",
                Class::Unknown,
            ),
            (
                json!({"error": {"code": 402, "message": "pay", "metadata": {"error_type": "payment_required"}}}),
                "pay",
                Class::Money,
            ),
            (
                json!({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}, "request_id": "r"}),
                "busy",
                Class::Overloaded,
            ),
            (
                json!([{"error": {"code": 400, "message": "bad", "status": "INVALID_ARGUMENT"}}]),
                "bad",
                Class::Bad,
            ),
            (
                json!({"object": "error", "message": {"detail": [{"loc": ["body", "x"], "msg": "extra", "type": "t"}]}}),
                "body.x: extra",
                Class::Unknown,
            ),
            (
                json!({"object": "error", "message": "bad", "type": "BadRequestError", "code": 400}),
                "bad",
                Class::Bad,
            ),
            (
                json!({"detail": "no such thing"}),
                "no such thing",
                Class::Unknown,
            ),
            (
                json!({"detail": [{"loc": ["body"], "msg": "required"}]}),
                "body: required",
                Class::Unknown,
            ),
            (
                json!({"error": "model is gone"}),
                "model is gone",
                Class::Unknown,
            ),
            (json!({"error": ["first"]}), "first", Class::Unknown),
            (
                json!({"x_groq": {"error": "over capacity"}, "choices": []}),
                "over capacity",
                Class::Unknown,
            ),
            (
                json!({"error_type": "rate_limit_exceeded", "error_message": "slowly"}),
                "slowly",
                Class::Pace,
            ),
            (
                json!({"error": {"code": "500", "message": "boom"}}),
                "boom",
                Class::Server,
            ),
            (
                json!({"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}),
                "Loading model",
                Class::Loading,
            ),
            (
                json!({"error": {"message": "filtered", "code": "content_filter", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}),
                "filtered",
                Class::Blocked,
            ),
        ];
        for (body, message, class) in cases {
            let error = extract_error(&body).unwrap_or_else(|| panic!("{body}"));
            assert_eq!(error.message, message, "{body}");
            assert_eq!(classify(&error), class, "{body}");
        }
        let llama = json!({"error": {"code": 400, "message": "m", "type": "exceed_context_size_error", "n_prompt_tokens": 9000, "n_ctx": 8192}});
        assert_eq!(extract_error(&llama).unwrap().tokens, Some((9000, 8192)));
    }

    #[test]
    fn an_ordinary_chunk_is_no_error() {
        for chunk in [
            json!({"choices": [{"delta": {"content": "x"}}], "error": null}),
            json!({"choices": [], "usage": {"prompt_tokens": 1}, "error": ""}),
            json!({"choices": [{"delta": {}}], "detail": "x", "type": "error"}),
            json!({"data": []}),
            json!("error"),
        ] {
            assert_eq!(extract_error(&chunk), None, "{chunk}");
        }
    }

    #[test]
    fn a_status_and_its_text_decide_where_no_code_does() {
        let class = |status, message: &str| {
            classify(&ApiError {
                status: Some(status),
                message: message.to_owned(),
                ..ApiError::default()
            })
        };
        assert_eq!(class(400, "model 'x' not found"), Class::Model);
        assert_eq!(class(404, "File Not Found"), Class::Path);
        assert_eq!(class(404, "model: nope"), Class::Model);
        assert_eq!(
            class(400, "This model's maximum context length is 8192"),
            Class::TooLong
        );
        assert_eq!(class(429, "Too many tokens a minute"), Class::Pace);
        assert_eq!(class(400, "Your credit balance is too low"), Class::Money);
        assert_eq!(class(503, "Loading model"), Class::Loading);
        assert_eq!(
            class(400, "Invalid model name passed in model=x"),
            Class::Model
        );
        assert_eq!(class(524, ""), Class::Server);
        assert_eq!(class(529, ""), Class::Overloaded);
        assert_eq!(class(403, "no"), Class::Rights);
        assert_eq!(class(405, ""), Class::Path);
        assert_eq!(class(418, ""), Class::Bad);
    }

    #[test]
    fn a_refusal_stays_one_whatever_it_is_called() {
        let class = |status, message: &str| {
            let error = json!({"error": {"message": message, "type": "api_error", "code": null}});
            let mut error = extract_error(&error).unwrap();
            error.status = Some(status);
            classify(&error)
        };
        assert_eq!(
            class(404, "model \"x\" not found, try pulling it first"),
            Class::Model
        );
        assert_eq!(class(401, "no"), Class::Key);
        assert_eq!(class(400, "no"), Class::Bad);
        assert_eq!(class(409, "busy"), Class::Server);
        assert_eq!(class(503, "busy"), Class::Server);
        let overflow = json!({"error": "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough. Try to load the model with a larger context length"});
        assert_eq!(classify(&extract_error(&overflow).unwrap()), Class::TooLong);
    }

    #[test]
    fn a_page_gives_its_title() {
        assert_eq!(
            page_title("<html><head><TITLE>\n Bad &amp; gone </TITLE>"),
            "Bad & gone"
        );
        assert_eq!(page_title("<h1>502</h1><p>Bad\nGateway"), "502 Bad Gateway");
        assert_eq!(from_bytes(b"<html><title>504</title>").message, "504");
        assert_eq!(from_bytes(b"upstream gone\n").message, "upstream gone");
        assert_eq!(from_bytes(b"").message, "");
    }
}
