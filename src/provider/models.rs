//! Model listings of every shape into what salon knows of a model (`wire.md` 8).

use serde_json::Value;

use crate::domain::model::{ModelRef, ModelSpec};
use crate::provider::fault::number;
use crate::provider::quirks::is_openai;

/// Parts of names of OpenAI's models that do not chat.
const DENIED: [&str; 16] = [
    "embedding",
    "whisper",
    "tts",
    "audio",
    "realtime",
    "transcribe",
    "dall-e",
    "gpt-image",
    "sora",
    "moderation",
    "babbage",
    "davinci",
    "-instruct",
    "computer-use",
    "deep-research",
    "image",
];

/// The chat models of a listing, in its order, each once; `None` when this is no listing.
pub fn read(provider: &str, host: &str, listing: &Value) -> Option<Vec<ModelSpec>> {
    let rows = [listing, &listing["data"], &listing["models"]]
        .into_iter()
        .find_map(Value::as_array)?;
    let host = host.split(':').next().unwrap_or(host);
    let mut models: Vec<ModelSpec> = Vec::with_capacity(rows.len());
    let mut seen = std::collections::HashSet::new();
    for row in rows {
        let Some(id) = id_of(row) else {
            continue;
        };
        let is_denied = is_openai(host) && DENIED.iter().any(|part| id.contains(part));
        if is_denied || !chats(row) || !seen.insert(id) {
            continue;
        }
        let mut spec = ModelSpec::named(ModelRef::new(provider, id));
        spec.context = context_of(row);
        models.push(spec);
    }
    Some(models)
}

fn id_of(row: &Value) -> Option<&str> {
    let id = row.as_str().or_else(|| {
        ["id", "name", "model"]
            .iter()
            .find_map(|name| row[*name].as_str())
    })?;
    let id = id.strip_prefix("models/").unwrap_or(id);
    let is_usable = !id.is_empty() && id.len() <= 256 && !id.chars().any(char::is_control);
    is_usable.then_some(id)
}

/// Whether nothing in the row says that this model does not answer in text.
fn chats(row: &Value) -> bool {
    let kind = row["type"].as_str().unwrap_or("");
    let outputs = row["architecture"]["output_modalities"].as_array();
    let writes = outputs.is_none_or(|all| all.is_empty() || all.iter().any(|kind| kind == "text"));
    writes
        && row["capabilities"]["completion_chat"] != Value::Bool(false)
        && row["active"] != Value::Bool(false)
        && !matches!(
            kind,
            "embedding" | "embeddings" | "image" | "audio" | "rerank" | "moderation" | "transcribe"
        )
}

/// Tokens the window holds. What a server runs with counts before what the model was trained for.
fn context_of(row: &Value) -> Option<u64> {
    let names = [
        "context_length",
        "context_window",
        "max_context_length",
        "max_model_len",
        "max_input_tokens",
    ];
    names
        .iter()
        .map(|name| &row[*name])
        .chain([
            &row["top_provider"]["context_length"],
            &row["meta"]["n_ctx"],
            &row["meta"]["n_ctx_train"],
        ])
        .find_map(number)
        .filter(|tokens| *tokens > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn names(host: &str, listing: &Value) -> Vec<(String, Option<u64>)> {
        let models = read("p", host, listing).unwrap();
        models
            .into_iter()
            .map(|spec| (spec.model.name, spec.context))
            .collect()
    }

    #[test]
    fn every_shape_of_listing_is_read() {
        let plain = |name: &str| (name.to_owned(), None);
        for listing in [
            json!({"object": "list", "data": [{"id": "a"}, {"id": "b"}]}),
            json!({"models": [{"name": "a"}, {"model": "b"}]}),
            json!([{"id": "a"}, {"id": "models/b"}]),
            json!(["a", "b", "a"]),
            json!({"data": [{"id": "a"}, {"id": ""}, {"x": 1}, null, {"id": "b"}]}),
        ] {
            assert_eq!(
                names("host", &listing),
                [plain("a"), plain("b")],
                "{listing}"
            );
        }
        assert_eq!(read("p", "host", &json!({"error": "x"})), None);
        assert_eq!(read("p", "host", &json!({"data": []})), Some(Vec::new()));
    }

    #[test]
    fn the_window_is_found_under_its_names() {
        for row in [
            json!({"id": "m", "context_length": 8192}),
            json!({"id": "m", "context_window": "8192"}),
            json!({"id": "m", "max_context_length": 8192.0}),
            json!({"id": "m", "max_model_len": 8192}),
            json!({"id": "m", "max_input_tokens": 8192}),
            json!({"id": "m", "meta": {"n_ctx": 8192, "n_ctx_train": 32768}}),
            json!({"id": "m", "meta": {"n_ctx_train": 8192}}),
            json!({"id": "m", "context_length": null, "top_provider": {"context_length": 8192}}),
        ] {
            assert_eq!(
                names("host", &json!([row])),
                [("m".to_owned(), Some(8192))],
                "{row}"
            );
        }
        assert_eq!(
            names("host", &json!([{"id": "m", "context_length": 0}]))[0].1,
            None
        );
    }

    #[test]
    fn what_does_not_chat_is_left_out() {
        let listing = json!([
            "gpt-4.1",
            "text-embedding-3-small",
            "whisper-1",
            "gpt-image-1",
            "gpt-4o-mini-tts"
        ]);
        assert_eq!(names("api.openai.com", &listing).len(), 1);
        assert_eq!(names("localhost:1234", &listing).len(), 5);
        let rows = json!([
            {"id": "a", "architecture": {"output_modalities": ["image"]}},
            {"id": "b", "type": "embedding"},
            {"id": "c", "active": false},
            {"id": "d", "capabilities": {"completion_chat": false}},
            {"id": "e", "type": "chat", "active": true, "architecture": {"output_modalities": ["text"]}},
        ]);
        assert_eq!(names("host", &rows), [("e".to_owned(), None)]);
    }
}
