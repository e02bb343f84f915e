//! The request of the Chat Completions wire, and what a model has refused of it so far.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::domain::chat::{ChatMessage, ChatRequest};
use crate::domain::message::Role;
use crate::provider::fault::{ApiError, Class, classify};

/// What differs from the plain wire for one model at one address (`wire.md` 1.2, 10).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// `max_completion_tokens` instead of `max_tokens`.
    pub has_completion_limit: bool,
    /// The answer comes in one piece.
    pub is_whole: bool,
    /// Fields that are not sent.
    pub dropped: BTreeSet<&'static str>,
    /// The limit was renamed once already.
    renamed: bool,
}

/// Fields that may be left out when a model refuses them. The question itself is not among them.
const DROPPABLE: [&str; 10] = [
    "temperature",
    "reasoning_effort",
    "stream_options",
    LIMIT,
    "max_output_tokens",
    "reasoning.summary",
    "reasoning.effort",
    "reasoning",
    "store",
    "prompt_cache_key",
];
const LIMIT: &str = "max_tokens";
const NEW_LIMIT: &str = "max_completion_tokens";

impl Quirks {
    /// What is known of a host before it is asked.
    pub fn of_host(host: &str) -> Quirks {
        let host = host.split(':').next().unwrap_or(host);
        Quirks {
            has_completion_limit: is_openai(host),
            ..Quirks::default()
        }
    }

    /// Learns from a refusal: `Some` says what is done differently from now on, and the request may be sent once more.
    pub fn learn(&mut self, error: &ApiError, sent: &Value) -> Option<String> {
        let message = error.message.to_ascii_lowercase();
        let param = error.param.as_deref().unwrap_or("");
        if param == "stream" && message.contains("verified") && !self.is_whole {
            self.is_whole = true;
            return Some("this model answers in one piece".to_owned());
        }
        if classify(error) != Class::Field {
            return None;
        }
        let field = [LIMIT, NEW_LIMIT]
            .into_iter()
            .chain(DROPPABLE)
            .filter(|field| is_sent(sent, field))
            .find(|field| is_about(param, field) || param.is_empty() && names(&message, field))?;
        if [LIMIT, NEW_LIMIT].contains(&field) {
            if !std::mem::replace(&mut self.renamed, true) {
                self.has_completion_limit = !self.has_completion_limit;
                return Some(format!(
                    "{field} not accepted by this model, sent under its other name"
                ));
            }
            self.dropped.insert(LIMIT);
        } else {
            self.dropped.insert(field);
        }
        Some(format!("{field} not accepted by this model, sent without"))
    }
}

/// OpenAI and Azure, which know fields of their own.
pub fn is_openai(host: &str) -> bool {
    host == "api.openai.com"
        || host.ends_with(".openai.azure.com")
        || host.ends_with(".services.ai.azure.com")
}

/// Whether the body holds the field; one inside another is written with a dot.
fn is_sent(body: &Value, field: &str) -> bool {
    let pointer = format!("/{}", field.replace('.', "/"));
    body.pointer(&pointer).is_some()
}

/// Whether the complaint is about the field or about one inside it.
fn is_about(param: &str, field: &str) -> bool {
    let rest = param.strip_prefix(field);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether the message names the field as a word of its own, or within a path such as `body.temperature`.
fn names(message: &str, field: &str) -> bool {
    let field = format!(".{field}.");
    message
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.')
        .any(|word| format!(".{word}.").contains(&field))
}

/// The body of `POST {base}/chat/completions` (`wire.md` 3.1). No field the user did not set, but the stream's own.
pub fn encode(request: &ChatRequest, quirks: &Quirks) -> Value {
    let mut messages = Vec::with_capacity(request.messages.len() + 1);
    if !request.system.is_empty() {
        messages.push(json!({"role": "system", "content": request.system}));
    }
    for message in &request.messages {
        messages.push(json!({"role": message.role.word(), "content": content(message)}));
    }
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(request.model.name));
    body.insert("messages".to_owned(), Value::Array(messages));
    let is_streamed = request.sampling.stream != Some(false) && !quirks.is_whole;
    body.insert("stream".to_owned(), json!(is_streamed));
    let mut set = |field: &'static str, name: &str, value: Option<Value>| {
        if let Some(value) = value
            && !quirks.dropped.contains(field)
        {
            body.insert(name.to_owned(), value);
        }
    };
    let usage = is_streamed.then(|| json!({"include_usage": true}));
    set("stream_options", "stream_options", usage);
    let sampling = &request.sampling;
    set(
        "temperature",
        "temperature",
        sampling.temperature.map(|t| json!(t)),
    );
    let limit = if quirks.has_completion_limit {
        NEW_LIMIT
    } else {
        LIMIT
    };
    set(LIMIT, limit, sampling.max_output_tokens.map(|n| json!(n)));
    let effort = sampling.effort.as_ref().map(|effort| json!(effort));
    set("reasoning_effort", "reasoning_effort", effort);
    Value::Object(body)
}

/// The words alone wherever nothing is attached: several servers do not take a list (`wire.md` 3.1).
fn content(message: &ChatMessage) -> Value {
    if message.role != Role::User || message.attachments.is_empty() {
        return json!(message.text);
    }
    let mut parts: Vec<Value> = Vec::with_capacity(message.attachments.len() + 1);
    for file in &message.attachments {
        let url = file.data_url();
        parts.push(if file.is_image() {
            json!({"type": "image_url", "image_url": {"url": url, "detail": "auto"}})
        } else {
            json!({"type": "file", "file": {"filename": file.name, "file_data": url}})
        });
    }
    if !message.text.is_empty() {
        parts.push(json!({"type": "text", "text": message.text}));
    }
    Value::Array(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::chat::{Attached, Purpose};
    use crate::domain::conversation::Sampling;

    fn request(sampling: Sampling) -> ChatRequest {
        ChatRequest {
            sampling,
            ..ChatRequest::new(
                "test/vendor/m".parse().unwrap(),
                Purpose::Turn,
                vec![ChatMessage::new(Role::User, "hi")],
            )
        }
    }

    #[test]
    fn only_what_was_set_is_sent() {
        let mut plain = request(Sampling::default());
        assert_eq!(
            encode(&plain, &Quirks::default()),
            json!({"model": "vendor/m", "stream": true, "stream_options": {"include_usage": true},
                "messages": [{"role": "user", "content": "hi"}]})
        );
        plain.system = "Be short.".to_owned();
        plain.sampling.stream = Some(false);
        assert_eq!(
            encode(&plain, &Quirks::default()),
            json!({"model": "vendor/m", "stream": false,
                "messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": "hi"}]})
        );
        let full = request(Sampling {
            temperature: Some(0.5),
            max_output_tokens: Some(100),
            effort: Some("low".to_owned()),
            stream: Some(true),
        });
        let body = encode(&full, &Quirks::of_host("openrouter.ai"));
        assert_eq!(
            (&body["temperature"], &body["max_tokens"]),
            (&json!(0.5), &json!(100))
        );
        assert_eq!(body["reasoning_effort"], "low");
        for host in ["api.openai.com", "res.openai.azure.com:443"] {
            let body = encode(&full, &Quirks::of_host(host));
            assert_eq!(body["max_completion_tokens"], 100);
            assert_eq!(body.get("max_tokens"), None);
        }
    }

    fn refusal(param: Option<&str>, message: &str) -> ApiError {
        ApiError {
            status: Some(400),
            words: vec!["unsupported_parameter".to_owned()],
            param: param.map(str::to_owned),
            message: message.to_owned(),
            ..ApiError::default()
        }
    }

    #[test]
    fn a_refused_field_is_left_out_once() {
        let full = request(Sampling {
            temperature: Some(0.5),
            max_output_tokens: Some(100),
            ..Sampling::default()
        });
        let mut quirks = Quirks::default();
        let sent = encode(&full, &quirks);
        assert!(
            quirks
                .learn(&refusal(Some("temperature"), "no"), &sent)
                .is_some()
        );
        let sent = encode(&full, &quirks);
        assert_eq!(sent.get("temperature"), None);
        assert_eq!(
            quirks.learn(&refusal(Some("temperature"), "no"), &sent),
            None
        );
        let text = "Unsupported parameter: 'max_tokens' is not supported with this model.";
        assert!(quirks.learn(&refusal(None, text), &sent).is_some());
        let sent = encode(&full, &quirks);
        assert_eq!(sent["max_completion_tokens"], 100);
        assert!(
            quirks
                .learn(&refusal(Some("max_completion_tokens"), ""), &sent)
                .is_some()
        );
        let sent = encode(&full, &quirks);
        assert_eq!(
            (sent.get("max_tokens"), sent.get("max_completion_tokens")),
            (None, None)
        );
        assert_eq!(quirks.learn(&refusal(Some("messages"), "no"), &sent), None);
    }

    #[test]
    fn a_model_that_may_not_stream_is_asked_for_the_whole() {
        let mut quirks = Quirks::default();
        let text = "Your organization must be verified to stream this model.";
        let sent = encode(&request(Sampling::default()), &quirks);
        assert!(
            quirks
                .learn(&refusal(Some("stream"), text), &sent)
                .is_some()
        );
        let sent = encode(&request(Sampling::default()), &quirks);
        assert_eq!(
            (&sent["stream"], sent.get("stream_options")),
            (&json!(false), None)
        );
    }

    #[test]
    fn files_make_the_content_a_list() {
        let attached = |media_type: &str, name: &str, base64: &str| Attached {
            media_type: media_type.to_owned(),
            name: name.to_owned(),
            base64: base64.to_owned(),
        };
        let mut asked = request(Sampling::default());
        asked.messages[0].attachments = vec![
            attached("image/jpeg", "a.jpg", "/9j/4AAQ"),
            attached("application/pdf", "a.pdf", "JVBERi0="),
        ];
        assert_eq!(
            encode(&asked, &Quirks::default())["messages"][0]["content"],
            json!([
                {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,/9j/4AAQ", "detail": "auto"}},
                {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}},
                {"type": "text", "text": "hi"}
            ])
        );
    }

    #[test]
    fn fields_inside_others_are_refused_one_by_one() {
        let sent = json!({"reasoning": {"effort": "high", "summary": "auto"}, "stream_options": {"include_obfuscation": false},
            "store": false, "max_output_tokens": 5});
        let learn = |param: Option<&str>, text: &str| {
            let mut quirks = Quirks::default();
            quirks.learn(&refusal(param, text), &sent)?;
            quirks.dropped.into_iter().next()
        };
        for (param, text, field) in [
            (
                Some("reasoning.summary"),
                "Your organization must be verified",
                Some("reasoning.summary"),
            ),
            (Some("reasoning.effort"), "no", Some("reasoning.effort")),
            (Some("reasoning"), "no", Some("reasoning")),
            (
                Some("stream_options.include_obfuscation"),
                "no",
                Some("stream_options"),
            ),
            (
                None,
                "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
                Some("reasoning.effort"),
            ),
            (
                None,
                "There is no max_output_tokens.",
                Some("max_output_tokens"),
            ),
            (
                None,
                "body.max_output_tokens: Extra inputs",
                Some("max_output_tokens"),
            ),
            (
                None,
                "Unknown name 'stream_options.include_obfuscation'",
                Some("stream_options"),
            ),
            (Some("conversation"), "no", None),
            (Some("temperature"), "it was not sent", None),
        ] {
            assert_eq!(learn(param, text), field, "{param:?} {text}");
        }
    }
}
