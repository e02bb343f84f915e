//! The request of the Responses wire (`wire.md` 1.1).

use serde_json::{Map, Value, json};

use crate::domain::chat::{Attached, ChatMessage, ChatRequest};
use crate::domain::message::Role;
use crate::provider::quirks::Quirks;

/// The body of `POST {base}/responses`. No sampling or reasoning the user did not set; what the provider keeps is only
/// what a thread is for.
pub fn encode(request: &ChatRequest, quirks: &Quirks) -> Value {
    let mut body = Map::new();
    let mut set = |field: &'static str, value: Option<Value>| {
        if let Some(value) = value
            && !quirks.dropped.contains(field)
        {
            body.insert(field.to_owned(), value);
        }
    };
    set("model", Some(json!(request.model.name)));
    let has_system = !request.system.is_empty();
    set("instructions", has_system.then(|| json!(request.system)));
    set("input", Some(input(&request.messages)));
    let is_streamed = request.sampling.stream != Some(false) && !quirks.is_whole;
    set("stream", Some(json!(is_streamed)));
    let plain = is_streamed.then(|| json!({"include_obfuscation": false}));
    set("stream_options", plain);
    // The server keeps an answer for 30 days unless told otherwise (`wire.md` 1.1); a thread is kept in any case, and
    // its answers can be looked up then (2.1).
    set("store", Some(json!(request.thread.is_some())));
    set("conversation", request.thread.as_ref().map(|id| json!(id)));
    let key = request.conversation.map(|id| json!(id.to_string()));
    set("prompt_cache_key", key);
    let sampling = &request.sampling;
    set("temperature", sampling.temperature.map(|t| json!(t)));
    let most = sampling.max_output_tokens;
    set("max_output_tokens", most.map(|n| json!(n)));
    let effort = sampling.effort.as_deref();
    set("reasoning", effort.and_then(|e| reasoning(e, quirks)));
    Value::Object(body)
}

/// Effort and summary, each as far as the model takes it.
fn reasoning(effort: &str, quirks: &Quirks) -> Option<Value> {
    let mut reasoning = Map::new();
    if !quirks.dropped.contains("reasoning.effort") {
        reasoning.insert("effort".to_owned(), json!(effort));
    }
    if effort != "none" && !quirks.dropped.contains("reasoning.summary") {
        reasoning.insert("summary".to_owned(), json!("auto"));
    }
    (!reasoning.is_empty()).then_some(Value::Object(reasoning))
}

/// Messages as items: role and content alone, without ids and without reasoning (`wire.md` 1.1, replay rule).
pub fn input(messages: &[ChatMessage]) -> Value {
    messages.iter().map(item).collect()
}

fn item(message: &ChatMessage) -> Value {
    let content = if message.role == Role::User && !message.attachments.is_empty() {
        let files = message.attachments.iter().map(part);
        let words = json!({"type": "input_text", "text": message.text});
        let has_words = !message.text.is_empty();
        files.chain(has_words.then_some(words)).collect()
    } else {
        json!(message.text)
    };
    json!({"role": message.role.word(), "content": content})
}

fn part(file: &Attached) -> Value {
    if file.is_image() {
        json!({"type": "input_image", "image_url": file.data_url(), "detail": "auto"})
    } else {
        json!({"type": "input_file", "filename": file.name, "file_data": file.data_url()})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::chat::Purpose;
    use crate::domain::conversation::Sampling;
    use crate::domain::id::ConversationId;

    fn request(sampling: Sampling) -> ChatRequest {
        let messages = vec![
            ChatMessage::new(Role::User, "What is a monad?"),
            ChatMessage::new(Role::Assistant, "A way to chain steps."),
            ChatMessage::new(Role::User, "Again?"),
        ];
        ChatRequest {
            sampling,
            ..ChatRequest::new("test/vendor/m".parse().unwrap(), Purpose::Turn, messages)
        }
    }

    #[test]
    fn only_what_was_set_is_sent() {
        let mut plain = request(Sampling::default());
        assert_eq!(
            encode(&plain, &Quirks::default()),
            json!({"model": "vendor/m", "stream": true, "stream_options": {"include_obfuscation": false}, "store": false,
                "input": [{"role": "user", "content": "What is a monad?"},
                    {"role": "assistant", "content": "A way to chain steps."},
                    {"role": "user", "content": "Again?"}]})
        );
        plain.system = "Be short.".to_owned();
        plain.sampling.stream = Some(false);
        plain.conversation = Some(ConversationId(uuid::Uuid::from_u128(7)));
        let body = encode(&plain, &Quirks::default());
        assert_eq!(body["instructions"], "Be short.");
        assert_eq!(
            (&body["stream"], body.get("stream_options")),
            (&json!(false), None)
        );
        assert_eq!(
            body["prompt_cache_key"],
            "00000000-0000-0000-0000-000000000007"
        );
        let full = request(Sampling {
            temperature: Some(0.5),
            max_output_tokens: Some(100),
            effort: Some("low".to_owned()),
            stream: Some(true),
        });
        let body = encode(&full, &Quirks::default());
        assert_eq!(
            (&body["temperature"], &body["max_output_tokens"]),
            (&json!(0.5), &json!(100))
        );
        assert_eq!(
            body["reasoning"],
            json!({"effort": "low", "summary": "auto"})
        );
    }

    #[test]
    fn a_thread_is_kept_by_the_provider_and_gets_its_instructions_each_time() {
        let mut kept = request(Sampling::default());
        kept.thread = Some("conv_1".to_owned());
        kept.system = "Be short.".to_owned();
        let body = encode(&kept, &Quirks::default());
        assert_eq!(body["conversation"], "conv_1");
        assert_eq!(body["store"], true);
        assert_eq!(body["instructions"], "Be short.");
        assert_eq!(body.get("previous_response_id"), None);
    }

    #[test]
    fn refused_parts_of_reasoning_are_left_out_one_by_one() {
        let full = request(Sampling {
            effort: Some("high".to_owned()),
            ..Sampling::default()
        });
        let mut quirks = Quirks::default();
        quirks.dropped.insert("reasoning.summary");
        assert_eq!(
            encode(&full, &quirks)["reasoning"],
            json!({"effort": "high"})
        );
        quirks.dropped.insert("reasoning.effort");
        assert_eq!(encode(&full, &quirks).get("reasoning"), None);
        let none = request(Sampling {
            effort: Some("none".to_owned()),
            ..Sampling::default()
        });
        let body = encode(&none, &Quirks::default());
        assert_eq!(body["reasoning"], json!({"effort": "none"}));
    }

    #[test]
    fn files_go_before_the_words_of_a_users_message() {
        let attached = |media_type: &str, name: &str, base64: &str| Attached {
            media_type: media_type.to_owned(),
            name: name.to_owned(),
            base64: base64.to_owned(),
        };
        let message = ChatMessage {
            attachments: vec![
                attached("image/png", "a.png", "iVBORw0KGgo="),
                attached("application/pdf", "a.pdf", "JVBERi0="),
            ],
            ..ChatMessage::new(Role::User, "Compare these")
        };
        assert_eq!(
            item(&message)["content"],
            json!([
                {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo=", "detail": "auto"},
                {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
                {"type": "input_text", "text": "Compare these"}
            ])
        );
        let said = ChatMessage {
            role: Role::Assistant,
            ..message
        };
        assert_eq!(item(&said)["content"], "Compare these");
    }
}
