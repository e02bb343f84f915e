//! The ordinary chunk of a Chat Completions stream, read without building a tree: words and nothing else.
//!
//! Nearly all chunks of an answer are of this shape. Whatever has anything more is left to the tolerant reader in
//! `completions.rs`, so nothing depends on this one but speed.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// The words of an ordinary chunk, and whether it names its answer.
pub(super) struct Plain<'a> {
    pub words: Cow<'a, str>,
    pub has_id: bool,
}

/// Reads an ordinary chunk; `None` for everything else.
pub(super) fn read(data: &str) -> Option<Plain<'_>> {
    let chunk: Chunk<'_> = serde_json::from_str(data).ok()?;
    let [choice] = chunk.choices;
    let is_first = choice.index.is_none_or(|index| index == 0);
    let is_open = choice.finish_reason.is_none() && chunk.usage.is_none();
    (is_first && is_open).then_some(Plain {
        words: choice.delta.content,
        has_id: chunk.id.is_some(),
    })
}

/// A field with anything else, or a field that is not here, makes a chunk one for the tolerant reader.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chunk<'a> {
    id: Option<IgnoredAny>,
    #[serde(rename = "object")]
    _object: Option<IgnoredAny>,
    #[serde(rename = "created")]
    _created: Option<IgnoredAny>,
    #[serde(rename = "model")]
    _model: Option<IgnoredAny>,
    #[serde(rename = "system_fingerprint")]
    _system_fingerprint: Option<IgnoredAny>,
    #[serde(rename = "service_tier")]
    _service_tier: Option<IgnoredAny>,
    #[serde(borrow)]
    choices: [Choice<'a>; 1],
    usage: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Choice<'a> {
    index: Option<u64>,
    #[serde(borrow)]
    delta: Delta<'a>,
    finish_reason: Option<IgnoredAny>,
    #[serde(rename = "logprobs")]
    _logprobs: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delta<'a> {
    #[serde(rename = "role")]
    _role: Option<IgnoredAny>,
    #[serde(borrow)]
    content: Cow<'a, str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(data: &str) -> Option<String> {
        read(data).map(|plain| plain.words.into_owned())
    }

    #[test]
    fn an_ordinary_chunk_gives_its_words() {
        let llamacpp = r#"{"choices":[{"finish_reason":null,"index":0,"delta":{"content":" fib"}}],"created":1795240026,"id":"c","model":"m","system_fingerprint":"b1","object":"chat.completion.chunk"}"#;
        assert_eq!(words(llamacpp).as_deref(), Some(" fib"));
        assert!(read(llamacpp).is_some_and(|plain| plain.has_id));
        let escaped = r#"{"choices":[{"index":0,"delta":{"content":"a\n\"日\u00e9"}}]}"#;
        assert_eq!(words(escaped).as_deref(), Some("a\n\"日é"));
        assert!(read(escaped).is_some_and(|plain| !plain.has_id));
    }

    #[test]
    fn whatever_says_more_is_left_to_the_tolerant_reader() {
        for data in [
            r#"{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"x"}}],"usage":{"prompt_tokens":1}}"#,
            r#"{"choices":[{"index":1,"delta":{"content":"x"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"x","reasoning":"y"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":null}}]}"#,
            r#"{"choices":[{"index":0,"delta":{}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":["x"]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"x"}},{"index":1,"delta":{"content":"z"}}]}"#,
            r#"{"choices":[]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"x"}}],"error":{"message":"e"}}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"x"}}],"timings":{}}"#,
            "[]",
            "{",
        ] {
            assert_eq!(words(data), None, "{data}");
        }
    }
}
