//! The request of the Anthropic Messages wire (`wire.md` 4.1).

use serde_json::{Map, Value, json};

use crate::domain::chat::{Attached, ChatMessage, ChatRequest, Purpose};
use crate::domain::conversation::Sampling;
use crate::domain::message::Role;
use crate::provider::quirks::Quirks;

/// Said where a conversation would begin with an answer, which this wire does not take.
const BEFORE: &str = "(What was said before is left out.)";

/// The body of `POST {base}/messages`. No sampling field the user did not set but the length, which is required.
pub fn encode(request: &ChatRequest, quirks: &Quirks) -> Value {
    let generation = generation(&request.model.name);
    let sampling = &request.sampling;
    let is_streamed = sampling.stream != Some(false) && !quirks.is_whole;
    let most = most_output(sampling, generation, quirks);
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(request.model.name));
    body.insert("max_tokens".to_owned(), json!(most));
    let system = system_of(request);
    if !system.is_empty() {
        body.insert("system".to_owned(), json!(system));
    }
    body.insert("messages".to_owned(), messages_of(request));
    body.insert("stream".to_owned(), json!(is_streamed));
    let mut thinking = thinking_of(sampling, generation, most);
    thinking.retain(|(name, _)| !quirks.dropped.contains(*name));
    let is_thinking = thinking
        .iter()
        .any(|(name, value)| *name == "thinking" && value["type"] != "disabled");
    for (name, value) in thinking {
        body.insert(name.to_owned(), value);
    }
    // This wire knows 0 to 1, and none at all beside thinking or with newer models.
    let takes_temperature = generation.is_none_or(|known| known < (4, 7)) && !is_thinking;
    if let Some(temperature) = sampling.temperature
        && takes_temperature
        && !quirks.dropped.contains("temperature")
    {
        body.insert("temperature".to_owned(), json!(temperature.min(1.0)));
    }
    let goes_on = request.purpose == Purpose::Turn && request.messages.len() > 2;
    if goes_on && quirks.has_prompt_cache && !quirks.dropped.contains("cache_control") {
        body.insert("cache_control".to_owned(), json!({"type": "ephemeral"}));
    }
    Value::Object(body)
}

/// The instructions and whatever else speaks as the system: this wire knows it only before everything else.
fn system_of(request: &ChatRequest) -> String {
    let others = request.messages.iter();
    let others = others.filter(|message| message.role == Role::System);
    let parts = std::iter::once(request.system.as_str())
        .chain(others.map(|message| message.text.as_str()))
        .filter(|text| !text.trim().is_empty());
    parts.collect::<Vec<_>>().join("\n\n")
}

/// Questions and answers by turns, beginning with a question; neighbours of one role become one message. A message is a
/// text where it can be, and a list of blocks where files go with it.
fn messages_of(request: &ChatRequest) -> Value {
    let mut messages: Vec<(Role, Vec<Value>)> = Vec::with_capacity(request.messages.len() + 1);
    for message in &request.messages {
        let blocks = blocks_of(message);
        if message.role == Role::System || blocks.is_empty() {
            continue;
        }
        match messages.last_mut() {
            None if message.role == Role::Assistant => {
                messages.push((Role::User, vec![words(BEFORE)]));
                messages.push((message.role, blocks));
            }
            Some((role, known)) if *role == message.role => known.extend(blocks),
            None | Some(_) => messages.push((message.role, blocks)),
        }
    }
    messages
        .into_iter()
        .map(|(role, blocks)| json!({"role": role.word(), "content": content_of(blocks)}))
        .collect()
}

fn words(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

/// Files before words; a text of nothing but blanks is not taken (`wire.md` 4.1).
fn blocks_of(message: &ChatMessage) -> Vec<Value> {
    let mut blocks: Vec<Value> = match message.role {
        Role::User => message.attachments.iter().map(file).collect(),
        Role::Assistant | Role::System => Vec::new(),
    };
    if !message.text.trim().is_empty() {
        blocks.push(words(&message.text));
    }
    blocks
}

fn file(file: &Attached) -> Value {
    let source = json!({"type": "base64", "media_type": file.media_type, "data": file.base64});
    match file.media_type.as_str() {
        "application/pdf" => json!({"type": "document", "title": file.name, "source": source}),
        _ if file.is_image() => json!({"type": "image", "source": source}),
        _ => words(&left_out(file)),
    }
}

/// What stands in the place of a file that a wire has no form for.
pub(super) fn left_out(file: &Attached) -> String {
    format!("(The file {} could not be sent.)", file.name)
}

fn content_of(blocks: Vec<Value>) -> Value {
    let texts: Option<Vec<&str>> = blocks.iter().map(|block| block["text"].as_str()).collect();
    match texts {
        Some(texts) => json!(texts.join("\n\n")),
        None => Value::Array(blocks),
    }
}

/// The most tokens an answer may have: as the user set it, else by the model, and never more than it said it takes.
fn most_output(sampling: &Sampling, generation: Option<(u32, u32)>, quirks: &Quirks) -> u64 {
    let is_thinking = sampling
        .effort
        .as_deref()
        .is_some_and(|effort| effort != "none");
    let otherwise = match generation {
        Some(known) if known < (3, 5) => 4_096,
        Some(known) if known < (3, 7) => 8_192,
        Some(_) if is_thinking => 32_000,
        Some(_) => 16_000,
        None => 8_192,
    };
    let wanted = sampling.max_output_tokens.map_or(otherwise, u64::from);
    quirks.most_output.map_or(wanted, |most| wanted.min(most))
}

/// The fields that make the model think as much as the user wants; none where the user said nothing.
fn thinking_of(
    sampling: &Sampling,
    generation: Option<(u32, u32)>,
    most: u64,
) -> Vec<(&'static str, Value)> {
    let Some(effort) = sampling.effort.as_deref() else {
        return Vec::new();
    };
    match generation {
        Some(known) if known < (3, 7) => Vec::new(),
        _ if effort == "none" => vec![("thinking", json!({"type": "disabled"}))],
        Some(known) if known >= (4, 6) => {
            let effort = if effort == "minimal" { "low" } else { effort };
            vec![
                (
                    "thinking",
                    json!({"type": "adaptive", "display": "summarized"}),
                ),
                ("output_config", json!({"effort": effort})),
            ]
        }
        Some(_) | None => {
            let budget = match effort {
                "minimal" => 1_024,
                "low" => 4_096,
                "medium" => 10_000,
                "high" => 20_000,
                _ => 28_000,
            };
            // A quarter is left for the answer itself; less than this is not taken.
            let budget = budget.min(most / 4 * 3);
            if budget < 1_024 {
                return Vec::new();
            }
            vec![(
                "thinking",
                json!({"type": "enabled", "budget_tokens": budget}),
            )]
        }
    }
}

/// The version in a name such as `claude-opus-4-7` or `claude-3-5-sonnet-20241022`; `None` for other families.
fn generation(name: &str) -> Option<(u32, u32)> {
    let (_, rest) = name.split_once("claude-")?;
    let mut numbers = rest
        .split(|c: char| !c.is_ascii_alphanumeric())
        .skip_while(|part| !is_version(part))
        .take_while(|part| is_version(part))
        .filter_map(|part| part.parse().ok());
    let major = numbers.next()?;
    Some((major, numbers.next().unwrap_or(0)))
}

/// A part of a version and not of a date.
fn is_version(part: &str) -> bool {
    (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::model::ModelRef;

    fn request(model: &str, sampling: Sampling) -> ChatRequest {
        let messages = vec![message(Role::User, "hi")];
        ChatRequest {
            sampling,
            ..ChatRequest::new(ModelRef::new("test", model), Purpose::Turn, messages)
        }
    }

    fn message(role: Role, text: &str) -> ChatMessage {
        ChatMessage::new(role, text)
    }

    fn attached(media_type: &str, name: &str) -> Attached {
        Attached {
            media_type: media_type.to_owned(),
            name: name.to_owned(),
            base64: "AAAA".to_owned(),
        }
    }

    #[test]
    fn files_go_before_the_words_as_blocks() {
        let mut request = request("m", Sampling::default());
        request.messages[0].attachments = vec![
            attached("application/pdf", "a.pdf"),
            attached("image/png", "b.png"),
            attached("application/zip", "c.zip"),
        ];
        let source = |kind: &str| json!({"type": "base64", "media_type": kind, "data": "AAAA"});
        assert_eq!(
            encode(&request, &Quirks::default())["messages"],
            json!([{"role": "user", "content": [
                {"type": "document", "title": "a.pdf", "source": source("application/pdf")},
                {"type": "image", "source": source("image/png")},
                {"type": "text", "text": "(The file c.zip could not be sent.)"},
                {"type": "text", "text": "hi"},
            ]}])
        );
        // A picture without a word is a message too.
        request.messages[0].attachments.truncate(2);
        request.messages[0].text = String::new();
        let body = encode(&request, &Quirks::default());
        assert_eq!(body["messages"][0]["content"].as_array().unwrap().len(), 2);
    }

    fn effort(effort: &str) -> Sampling {
        Sampling {
            effort: Some(effort.to_owned()),
            ..Sampling::default()
        }
    }

    #[test]
    fn versions_are_read_out_of_names() {
        for (name, version) in [
            ("claude-opus-4-7", Some((4, 7))),
            ("claude-3-5-sonnet-20241022", Some((3, 5))),
            ("claude-3-opus-20240229", Some((3, 0))),
            ("claude-opus-4-20250514", Some((4, 0))),
            ("claude-sonnet-5-5", Some((5, 5))),
            ("anthropic.claude-haiku-4-5@20251001", Some((4, 5))),
            ("claude-opus-4.6", Some((4, 6))),
            ("claude-next", None),
            ("deepseek-chat", None),
            ("", None),
        ] {
            assert_eq!(generation(name), version, "{name}");
        }
    }

    #[test]
    fn only_what_was_set_is_sent_and_the_length() {
        let mut plain = request("claude-sonnet-5-5", Sampling::default());
        assert_eq!(
            encode(&plain, &Quirks::default()),
            json!({"model": "claude-sonnet-5-5", "max_tokens": 16_000, "stream": true,
                "messages": [{"role": "user", "content": "hi"}]})
        );
        plain.system = "Be short.".to_owned();
        plain.sampling.stream = Some(false);
        plain.sampling.max_output_tokens = Some(99);
        assert_eq!(
            encode(&plain, &Quirks::default()),
            json!({"model": "claude-sonnet-5-5", "max_tokens": 99, "stream": false,
                "system": "Be short.", "messages": [{"role": "user", "content": "hi"}]})
        );
    }

    #[test]
    fn the_length_is_the_models_and_what_it_said_it_takes() {
        for (name, most) in [
            ("claude-3-opus-20240229", 4_096),
            ("claude-3-5-haiku-20241022", 8_192),
            ("claude-opus-4-1", 16_000),
            ("tiny-bigram", 8_192),
        ] {
            let body = encode(&request(name, Sampling::default()), &Quirks::default());
            assert_eq!(body["max_tokens"], most, "{name}");
        }
        let quirks = Quirks {
            most_output: Some(1_000),
            ..Quirks::default()
        };
        let body = encode(&request("m", Sampling::default()), &quirks);
        assert_eq!(body["max_tokens"], 1_000);
    }

    #[test]
    fn roles_take_turns_and_begin_with_a_question() {
        let mut request = request("m", Sampling::default());
        request.system = "One.".to_owned();
        request.messages = vec![
            message(Role::Assistant, "a"),
            message(Role::Assistant, " \n"),
            message(Role::User, "b"),
            message(Role::System, "Two."),
            message(Role::User, "c"),
            message(Role::Assistant, "d"),
            message(Role::User, "e"),
        ];
        let body = encode(&request, &Quirks::default());
        assert_eq!(body["system"], "One.\n\nTwo.");
        assert_eq!(
            body["messages"],
            json!([
                {"role": "user", "content": BEFORE},
                {"role": "assistant", "content": "a"},
                {"role": "user", "content": "b\n\nc"},
                {"role": "assistant", "content": "d"},
                {"role": "user", "content": "e"},
            ])
        );
    }

    #[test]
    fn a_temperature_goes_only_where_it_is_taken() {
        let warm = |model: &str| {
            let sampling = Sampling {
                temperature: Some(1.5),
                ..Sampling::default()
            };
            encode(&request(model, sampling), &Quirks::default())
        };
        assert_eq!(warm("claude-opus-4-6")["temperature"], 1.0);
        assert_eq!(warm("m")["temperature"], 1.0);
        for model in ["claude-opus-4-7", "claude-sonnet-5", "claude-haiku-5-5"] {
            assert_eq!(warm(model).get("temperature"), None, "{model}");
        }
        let mut both = effort("low");
        both.temperature = Some(0.5);
        let body = encode(
            &request("claude-sonnet-4-5", both.clone()),
            &Quirks::default(),
        );
        assert_eq!(body.get("temperature"), None, "not beside thinking");
        both.effort = Some("none".to_owned());
        let body = encode(&request("claude-sonnet-4-5", both), &Quirks::default());
        assert_eq!(body["temperature"], 0.5);
    }

    #[test]
    fn thinking_is_asked_for_in_the_form_the_model_knows() {
        let thinking = |model: &str, sampling: Sampling| {
            let body = encode(&request(model, sampling), &Quirks::default());
            json!([body["thinking"], body["output_config"], body["max_tokens"]])
        };
        assert_eq!(
            thinking("claude-opus-4-6", effort("minimal")),
            json!([{"type": "adaptive", "display": "summarized"}, {"effort": "low"}, 32_000])
        );
        assert_eq!(
            thinking("claude-sonnet-4-5", effort("medium")),
            json!([{"type": "enabled", "budget_tokens": 10_000}, null, 32_000])
        );
        assert_eq!(
            thinking("m", effort("high")),
            json!([{"type": "enabled", "budget_tokens": 6_144}, null, 8_192])
        );
        assert_eq!(
            thinking("claude-sonnet-4-5", effort("none")),
            json!([{"type": "disabled"}, null, 16_000])
        );
        assert_eq!(
            thinking("claude-3-5-sonnet-20241022", effort("high")),
            json!([null, null, 8_192])
        );
        let short = Sampling {
            max_output_tokens: Some(1_000),
            ..effort("high")
        };
        assert_eq!(
            thinking("claude-sonnet-4-5", short),
            json!([null, null, 1_000])
        );
    }

    #[test]
    fn a_dropped_field_is_not_sent() {
        let quirks = Quirks {
            dropped: ["thinking", "temperature"].into(),
            ..Quirks::default()
        };
        let mut sampling = effort("high");
        sampling.temperature = Some(0.5);
        let body = encode(&request("claude-opus-4-6", sampling), &quirks);
        assert_eq!(
            (body.get("thinking"), body.get("temperature")),
            (None, None)
        );
        assert_eq!(body["output_config"], json!({"effort": "high"}));
    }

    #[test]
    fn a_chat_that_goes_on_is_cached_where_the_server_does_it() {
        let mut request = request("claude-opus-4-6", Sampling::default());
        let quirks = Quirks::of_host("api.anthropic.com");
        assert_eq!(encode(&request, &quirks).get("cache_control"), None);
        request.messages.push(message(Role::Assistant, "a"));
        request.messages.push(message(Role::User, "b"));
        assert_eq!(
            encode(&request, &quirks)["cache_control"],
            json!({"type": "ephemeral"})
        );
        let elsewhere = Quirks::of_host("localhost:8080");
        assert_eq!(encode(&request, &elsewhere).get("cache_control"), None);
    }
}
