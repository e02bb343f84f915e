//! The request of the Ollama wire: its body, and how large a window it asks for (`wire.md` 5).

use serde_json::{Map, Value, json};

use crate::domain::chat::{Attached, ChatMessage, ChatRequest};
use crate::domain::message::Role;
use crate::domain::window::estimate_tokens;
use crate::provider::fault::number;
use crate::provider::messages_request::left_out;
use crate::provider::quirks::Quirks;
use crate::provider::shown::Shown;

/// The smallest window asked for, in tokens: most conversations fit, and a larger one costs memory.
const SMALLEST: u64 = 8_192;
/// Tokens kept for an answer of which the user said no maximum; for one with reasoning.
const ANSWER: (u64, u64) = (2_048, 8_192);
/// Tokens a chat format spends on each message beside its words.
const FRAME: u64 = 8;

/// What an answer is held against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Tokens of the request, by estimate.
    pub tokens: u64,
    /// Tokens of the window that was asked for; 0 = none was.
    pub window: u64,
}

impl Expected {
    /// Of this request and its body.
    pub fn of(request: &ChatRequest, body: &Value) -> Expected {
        Expected {
            tokens: tokens_of(request),
            window: number(&body["options"]["num_ctx"]).unwrap_or(0),
        }
    }
}

/// Tokens of the window to ask for: enough for the request by estimate and an answer, in steps of powers of two, so that
/// a growing conversation makes the server load its model anew only a few times; never less than `before`, for the same
/// reason; never more than the model can.
pub fn window(request: &ChatRequest, shown: Shown, before: u64) -> u64 {
    let is_thinking = request.sampling.effort.as_deref().unwrap_or("none") != "none";
    let answer = if is_thinking { ANSWER.1 } else { ANSWER.0 };
    let answer = request.sampling.max_output_tokens.map_or(answer, u64::from);
    // The estimate may be a quarter too low.
    let words = tokens_of(request);
    let needed = words.saturating_add(words / 4).saturating_add(answer);
    let enough = match shown.own {
        Some(own) if needed <= own => own,
        Some(_) | None => needed.max(SMALLEST).next_power_of_two(),
    };
    let wanted = enough.max(before);
    shown.most.map_or(wanted, |most| wanted.min(most))
}

fn tokens_of(request: &ChatRequest) -> u64 {
    let words = request.messages.iter();
    let words: u64 = words.map(|m| estimate_tokens(&m.text) + FRAME).sum();
    words + estimate_tokens(&request.system)
}

/// A message; pictures are bare base64, and other files have no form here.
fn said(message: &ChatMessage) -> Value {
    let (images, others): (Vec<&Attached>, Vec<&Attached>) = message
        .attachments
        .iter()
        .filter(|_| message.role == Role::User)
        .partition(|file| file.is_image());
    let mut texts: Vec<String> = others.into_iter().map(left_out).collect();
    texts.push(message.text.clone());
    let mut said = json!({"role": message.role.word(), "content": texts.join("\n\n")});
    if !images.is_empty() {
        let images: Vec<&str> = images.iter().map(|file| file.base64.as_str()).collect();
        said["images"] = json!(images);
    }
    said
}

/// The body of `POST {base}/api/chat`. The window is said always, nothing else the user did not set.
pub fn encode(request: &ChatRequest, quirks: &Quirks) -> Value {
    let mut messages = Vec::with_capacity(request.messages.len() + 1);
    if !request.system.is_empty() {
        messages.push(json!({"role": Role::System.word(), "content": request.system}));
    }
    messages.extend(request.messages.iter().map(said));
    let sampling = &request.sampling;
    let mut options = Map::new();
    let mut set = |name: &'static str, field: &'static str, value: Option<Value>| {
        if let Some(value) = value.filter(|_| !quirks.dropped.contains(field)) {
            options.insert(name.to_owned(), value);
        }
    };
    let window = window(request, quirks.shown.unwrap_or_default(), quirks.window);
    set("num_ctx", "num_ctx", Some(json!(window)));
    set(
        "num_predict",
        "max_tokens",
        sampling.max_output_tokens.map(|most| json!(most)),
    );
    set(
        "temperature",
        "temperature",
        sampling.temperature.map(|t| json!(t)),
    );
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(request.model.name));
    body.insert("messages".to_owned(), Value::Array(messages));
    body.insert(
        "stream".to_owned(),
        json!(sampling.stream != Some(false) && !quirks.is_whole),
    );
    body.insert("options".to_owned(), Value::Object(options));
    if let Some(effort) = &sampling.effort
        && !quirks.dropped.contains("think")
    {
        let think = match effort.as_str() {
            "none" => json!(false),
            _ if quirks.is_think_flag => json!(true),
            "minimal" => json!("low"),
            "xhigh" => json!("max"),
            effort => json!(effort),
        };
        body.insert("think".to_owned(), think);
    }
    Value::Object(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::chat::Purpose;
    use crate::domain::conversation::Sampling;
    use crate::domain::model::ModelRef;

    fn request(text: &str) -> ChatRequest {
        let messages = vec![ChatMessage::new(Role::User, text)];
        ChatRequest::new(ModelRef::new("test", "qwen3"), Purpose::Turn, messages)
    }

    #[test]
    fn pictures_are_bare_and_other_files_are_told() {
        let mut request = request("hi");
        let file = |media_type: &str, name: &str| Attached {
            media_type: media_type.to_owned(),
            name: name.to_owned(),
            base64: "AAAA".to_owned(),
        };
        request.messages[0].attachments =
            vec![file("image/png", "a.png"), file("application/pdf", "b.pdf")];
        assert_eq!(
            encode(&request, &Quirks::default())["messages"],
            json!([{"role": "user", "images": ["AAAA"],
                "content": "(The file b.pdf could not be sent.)\n\nhi"}])
        );
    }

    #[test]
    fn only_what_was_set_is_sent_and_the_window() {
        let mut request = request("hi");
        assert_eq!(
            encode(&request, &Quirks::default()),
            json!({"model": "qwen3", "stream": true, "options": {"num_ctx": 8192},
                "messages": [{"role": "user", "content": "hi"}]})
        );
        request.system = "Be short.".to_owned();
        request.sampling = Sampling {
            temperature: Some(0.5),
            max_output_tokens: Some(100),
            effort: Some("low".to_owned()),
            stream: Some(false),
        };
        assert_eq!(
            encode(&request, &Quirks::default()),
            json!({"model": "qwen3", "stream": false, "think": "low",
                "options": {"num_ctx": 8192, "num_predict": 100, "temperature": 0.5},
                "messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": "hi"}]})
        );
    }

    #[test]
    fn thinking_is_a_word_or_a_switch() {
        let think = |effort: &str, is_think_flag: bool| {
            let mut request = request("hi");
            request.sampling.effort = Some(effort.to_owned());
            let quirks = Quirks {
                is_think_flag,
                ..Quirks::default()
            };
            encode(&request, &quirks)["think"].clone()
        };
        assert_eq!(think("none", false), false);
        assert_eq!(think("minimal", false), "low");
        assert_eq!(think("high", false), "high");
        assert_eq!(think("high", true), true);
        assert_eq!(think("none", true), false);
    }

    #[test]
    fn the_window_grows_in_steps_and_never_shrinks() {
        let asked = |words: usize, shown: Shown, before: u64| {
            // A token by the estimate for each.
            window(&request(&"word".repeat(words)), shown, before)
        };
        let unknown = Shown::default();
        assert_eq!(asked(1, unknown, 0), 8_192);
        // 4,908 and a quarter more, and 2,048 for the answer are 8,183.
        assert_eq!(asked(4_900, unknown, 0), 8_192);
        assert_eq!(asked(5_000, unknown, 0), 16_384);
        assert_eq!(asked(1, unknown, 32_768), 32_768);
        let small = Shown {
            most: Some(10_000),
            own: None,
        };
        assert_eq!(asked(5_000, small, 0), 10_000);
        assert_eq!(asked(1, small, 32_768), 10_000);
        let own = Shown {
            most: Some(131_072),
            own: Some(12_000),
        };
        assert_eq!(asked(1, own, 0), 12_000);
        assert_eq!(asked(9_000, own, 0), 16_384);
        let tiny = Shown {
            most: Some(2_048),
            own: None,
        };
        assert_eq!(asked(1, tiny, 0), 2_048);
    }

    #[test]
    fn the_window_is_what_the_answer_is_held_against() {
        let request = request(&"word".repeat(100));
        let body = encode(&request, &Quirks::default());
        assert_eq!(
            Expected::of(&request, &body),
            Expected {
                tokens: 108,
                window: 8_192
            }
        );
    }
}
