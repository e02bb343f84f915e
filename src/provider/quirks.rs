//! The request of the Chat Completions wire, and what a model has refused of any wire's request so far.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::domain::chat::{ChatMessage, ChatRequest};
use crate::domain::message::Role;
use crate::provider::fault::{ApiError, Class, classify};
use crate::provider::shown::Shown;

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
    pub is_renamed: bool,
    /// The most tokens an answer may have, as the model said.
    pub most_output: Option<u64>,
    /// Reasoning is asked for by an object `reasoning`.
    pub has_reasoning_object: bool,
    /// Reasoning is switched off in the arguments of the chat template.
    pub has_template_switch: bool,
    /// Reasoning is switched off by an object `thinking`.
    pub has_thinking_switch: bool,
    /// Answers are sent back with an empty `reasoning_content`.
    pub wants_blank_reasoning: bool,
    /// The server keeps a conversation for the next question when it is told to.
    pub has_prompt_cache: bool,
    /// Thinking of an Ollama model is a switch and not a word.
    pub is_think_flag: bool,
    /// What an Ollama server says of the model; `None` = it was not asked yet.
    pub shown: Option<Shown>,
    /// Something was learnt that is not kept yet.
    pub is_fresh: bool,
    /// The largest window, in tokens, this Ollama model was asked to have; 0 = none yet.
    pub window: u64,
}

const LIMIT: &str = "max_tokens";
const NEW_LIMIT: &str = "max_completion_tokens";

/// Fields that may be left out when a model refuses them, by the words a refusal names them with, in lower case. The
/// question itself is not among them.
pub(super) const DROPPABLE: [(&str, &[&str]); 15] = [
    ("temperature", &["temperature"]),
    ("reasoning_effort", &["reasoning_effort", "reasoningeffort"]),
    ("stream_options", &["stream_options", "include_usage"]),
    (LIMIT, &[LIMIT]),
    ("max_output_tokens", &["max_output_tokens"]),
    ("reasoning.summary", &["reasoning.summary"]),
    ("reasoning.effort", &["reasoning.effort"]),
    ("reasoning", &["reasoning"]),
    ("store", &["store"]),
    ("prompt_cache_key", &["prompt_cache_key"]),
    ("chat_template_kwargs", &["chat_template_kwargs"]),
    ("output_config", &["output_config", "effort"]),
    ("thinking", &["thinking", "budget_tokens"]),
    ("think", &["think", "thinking"]),
    ("cache_control", &["cache_control"]),
];

/// What a refusal of a field says where no code tells it, in lower case.
const REFUSING: [&str; 14] = [
    "not support",
    "n't support",
    "unsupported",
    "not permitted",
    "not allowed",
    "not accept",
    "not recognized",
    "unrecognized",
    "unknown",
    "unexpected",
    "deprecated",
    "extra",
    "may only be",
    "not available",
];

impl Quirks {
    /// What is known of a host before it is asked (`wire.md` 10).
    pub fn of_host(host: &str) -> Quirks {
        let host = without_port(host);
        let is = |name: &str| host == name || host.ends_with(&format!(".{name}"));
        let mut quirks = Quirks {
            has_completion_limit: is_openai(host) || is("groq.com"),
            has_reasoning_object: is("openrouter.ai"),
            has_template_switch: is_here(host),
            has_thinking_switch: is("deepseek.com"),
            has_prompt_cache: is("api.anthropic.com"),
            ..Quirks::default()
        };
        if is("mistral.ai") {
            // It tells usage unasked and refuses what it does not know.
            quirks.dropped.insert("stream_options");
        }
        quirks
    }

    /// Learns from a refusal: `Some` says what is done differently from now on, and the request may be sent once more.
    pub fn learn(&mut self, error: &ApiError, sent: &Value) -> Option<String> {
        let message = error.message.to_ascii_lowercase();
        let param = error.param.as_deref().unwrap_or("");
        if param == "stream" && message.contains("verified") && !self.is_whole {
            self.is_whole = true;
            return Some("this model answers in one piece".to_owned());
        }
        let class = classify(error);
        let is_bad = class == Class::Bad && matches!(error.status, Some(400 | 422));
        if is_bad && let Some(most) = most_of(&message, sent) {
            self.most_output = Some(most);
            return Some(format!("this model writes at most {most} tokens at once"));
        }
        if is_bad && message.contains("reasoning_content") && !self.wants_blank_reasoning {
            self.wants_blank_reasoning = true;
            return Some("this model wants its reasoning back, sent empty".to_owned());
        }
        let is_refusing = REFUSING.iter().any(|part| message.contains(part));
        if class != Class::Field && !(is_bad && is_refusing) {
            return None;
        }
        if message.contains("think value") && sent["think"].is_string() {
            self.is_think_flag = true;
            return Some("this model knows no degrees of thinking, sent as on".to_owned());
        }
        self.drop_field(param, &message, sent)
    }

    fn drop_field(&mut self, param: &str, message: &str, sent: &Value) -> Option<String> {
        let is_named = |field: &str, words: &[&str]| {
            is_about(param, field)
                || param.is_empty() && words.iter().any(|word| names(message, word))
        };
        let mut all = [(NEW_LIMIT, &[NEW_LIMIT] as &[&str])]
            .into_iter()
            .chain(DROPPABLE)
            .filter(|(field, _)| is_sent(sent, field));
        let (field, _) = all.find(|(field, words)| is_named(field, words))?;
        if [LIMIT, NEW_LIMIT].contains(&field) {
            if !std::mem::replace(&mut self.is_renamed, true) {
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

/// The most tokens of an answer, where the message tells it and more were asked for: `max_tokens: 9 > 8, which is the
/// maximum allowed …`, `max_tokens is too large: 9. This model supports at most 8 …`.
fn most_of(message: &str, sent: &Value) -> Option<u64> {
    let asked = [LIMIT, NEW_LIMIT]
        .iter()
        .filter(|name| names(message, name))
        .find_map(|name| sent[*name].as_u64())?;
    let after = ["> ", "at most "]
        .iter()
        .find_map(|mark| message.split_once(mark))?
        .1;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    let most = digits.parse().ok()?;
    (0 < most && most < asked).then_some(most)
}

fn without_port(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or(six),
        None => host.split(':').next().unwrap_or(host),
    }
}

/// A name of this machine.
fn is_here(host: &str) -> bool {
    host == "localhost" || host == "::1" || host.starts_with("127.")
}

/// OpenAI and Azure, which know fields of their own.
pub fn is_openai(host: &str) -> bool {
    host == "api.openai.com" || is_azure(host)
}

/// Azure, which has a header of its own for the key.
pub fn is_azure(host: &str) -> bool {
    let ends = [
        ".openai.azure.com",
        ".services.ai.azure.com",
        ".cognitiveservices.azure.com",
    ];
    ends.iter().any(|end| host.ends_with(end))
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
        let mut said = json!({"role": message.role.word(), "content": content(message)});
        if quirks.wants_blank_reasoning && message.role == Role::Assistant {
            said["reasoning_content"] = json!("");
        }
        messages.push(said);
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
    let most = sampling.max_output_tokens.map(u64::from);
    let most = most.map(|wanted| quirks.most_output.map_or(wanted, |most| wanted.min(most)));
    set(LIMIT, limit, most.map(|n| json!(n)));
    let effort = sampling.effort.as_deref();
    let is_off = effort == Some("none");
    if quirks.has_thinking_switch && is_off {
        set("thinking", "thinking", Some(json!({"type": "disabled"})));
    } else if quirks.has_reasoning_object {
        let object = effort.map(|effort| json!({"effort": effort}));
        set("reasoning", "reasoning", object);
    } else {
        let word = effort.map(|effort| json!(effort));
        set("reasoning_effort", "reasoning_effort", word);
    }
    let switch = (quirks.has_template_switch && is_off).then(|| json!({"enable_thinking": false}));
    set("chat_template_kwargs", "chat_template_kwargs", switch);
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
        assert_eq!(
            (&body["reasoning"], body.get("reasoning_effort")),
            (&json!({"effort": "low"}), None)
        );
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

    #[test]
    fn hosts_are_known_by_their_quirks() {
        let asked = |host: &str| {
            let sampling = Sampling {
                max_output_tokens: Some(9),
                effort: Some("none".to_owned()),
                ..Sampling::default()
            };
            let body = encode(&request(sampling), &Quirks::of_host(host));
            let fields = body.as_object().unwrap().keys();
            let always = ["model", "messages", "stream"];
            let fields: Vec<&str> = fields
                .map(String::as_str)
                .filter(|name| !always.contains(name))
                .collect();
            fields.join(" ")
        };
        let plain = "stream_options max_tokens reasoning_effort";
        let openai = "stream_options max_completion_tokens reasoning_effort";
        let local = "stream_options max_tokens reasoning_effort chat_template_kwargs";
        let sorted = |fields: &str| {
            let mut fields: Vec<&str> = fields.split(' ').collect();
            fields.sort_unstable();
            fields.join(" ")
        };
        for (host, fields) in [
            ("api.openai.com", openai),
            ("res.openai.azure.com", openai),
            ("res.services.ai.azure.com:443", openai),
            ("openrouter.ai", "stream_options max_tokens reasoning"),
            ("generativelanguage.googleapis.com", plain),
            ("api.mistral.ai", "max_tokens reasoning_effort"),
            ("api.deepseek.com", "stream_options max_tokens thinking"),
            ("api.x.ai", plain),
            ("api.groq.com", openai),
            ("api.together.xyz", plain),
            ("localhost:11434", local),
            ("127.0.0.1:8080", local),
            ("[::1]:8000", local),
            ("api.z.ai", plain),
            ("router.huggingface.co", plain),
            ("notopenrouter.ai", plain),
        ] {
            assert_eq!(sorted(&asked(host)), sorted(fields), "{host}");
        }
    }

    #[test]
    fn refusals_are_understood_in_the_words_of_each_server() {
        let full = json!({"temperature": 1, "max_tokens": 9000, "stream_options": {}, "reasoning_effort": "low",
            "thinking": {}, "output_config": {}, "think": "low", "chat_template_kwargs": {}, "messages": []});
        let note = |status: u16, message: &str| {
            let error = ApiError {
                status: Some(status),
                message: message.to_owned(),
                ..ApiError::default()
            };
            Quirks::default().learn(&error, &full)
        };
        for (status, message, field) in [
            (
                400,
                "Invalid JSON payload received. Unknown name \"stream_options\": Cannot find field.",
                "stream_options",
            ),
            (
                422,
                "body.reasoning_effort: Extra inputs are not permitted",
                "reasoning_effort",
            ),
            (
                400,
                "`temperature` is deprecated for this model.",
                "temperature",
            ),
            (
                400,
                "temperature: Extra inputs are not permitted",
                "temperature",
            ),
            (
                400,
                "`temperature` may only be set to 1 when thinking is enabled.",
                "temperature",
            ),
            (
                400,
                "Model grok-3 does not support parameter reasoningEffort.",
                "reasoning_effort",
            ),
            (
                400,
                "This model does not support the effort parameter.",
                "output_config",
            ),
            (
                400,
                "adaptive thinking is not supported on this model",
                "thinking",
            ),
            (
                400,
                "Unrecognized request argument supplied: chat_template_kwargs",
                "chat_template_kwargs",
            ),
            (
                400,
                "max_tokens: 9000 > 4096, which is the maximum allowed number of output tokens",
                "at most 4096",
            ),
            (
                400,
                "max_tokens is too large: 9000. This model supports at most 8192 completion tokens",
                "at most 8192",
            ),
            (
                400,
                "The `reasoning_content` in the thinking mode must be passed back to the API.",
                "reasoning back",
            ),
            (
                400,
                "think value \"low\" is not supported for this model",
                "degrees",
            ),
        ] {
            let told = note(status, message);
            assert!(
                told.as_ref().is_some_and(|told| told.contains(field)),
                "{message}: {told:?}"
            );
        }
        for (status, message) in [
            (400, "temperature: range: 0..1"),
            (400, "messages: text content blocks must be non-empty"),
            (400, "prompt is too long: 210000 tokens > 200000 maximum"),
            (401, "temperature is not supported without a key"),
            (500, "unexpected error in temperature"),
            (400, "Unknown role in messages"),
        ] {
            assert_eq!(note(status, message), None, "{message}");
        }
    }

    #[test]
    fn what_was_learnt_changes_the_next_request() {
        let mut asked = request(Sampling {
            max_output_tokens: Some(9_000),
            ..Sampling::default()
        });
        asked.messages.push(ChatMessage::new(Role::Assistant, "a"));
        let quirks = Quirks {
            most_output: Some(4_096),
            wants_blank_reasoning: true,
            ..Quirks::default()
        };
        let body = encode(&asked, &quirks);
        assert_eq!(body["max_tokens"], 4_096);
        assert_eq!(
            body["messages"],
            json!([{"role": "user", "content": "hi"},
                {"role": "assistant", "content": "a", "reasoning_content": ""}])
        );
    }
}
