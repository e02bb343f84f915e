//! Model listings of every shape into what salon knows of a model (`wire.md` 8). Prices are in `rates.rs`.

use std::collections::HashSet;

use serde_json::Value;

use crate::domain::model::{Abilities, Facts, ModelRef, ModelSpec};
use crate::domain::price::Tariff;
use crate::provider::catalogue::Vendor;
use crate::provider::fault::number;
use crate::provider::rates;

/// Parts of names of models that do not chat, at providers whose listing does not say which do.
const DENIED: [&str; 24] = [
    "embed",
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
    "turbo-instruct",
    "computer-use",
    "deep-research",
    "image",
    "imagen",
    "veo-",
    "aqa",
    "-ocr",
    "guard",
    "orpheus",
    "-video",
    "live-",
];

/// The chat models of a listing, in its order, each once; `None` when this is no listing.
pub fn read(provider: &str, host: &str, listing: &Value) -> Option<Vec<ModelSpec>> {
    let rows = rows(listing)?;
    let is_named_alone = Vendor::of(host).is_some_and(Vendor::lists_everything);
    let mut models: Vec<ModelSpec> = Vec::with_capacity(rows.len());
    let mut seen = HashSet::new();
    for row in rows {
        let Some(id) = id_of(row) else {
            continue;
        };
        let is_denied = is_named_alone && DENIED.iter().any(|part| id.contains(part));
        if is_denied || !chats(row) || !seen.insert(id) {
            continue;
        }
        models.push(ModelSpec::with(
            ModelRef::new(provider, id),
            facts(host, row),
        ));
    }
    Some(models)
}

/// The rows of a listing, wherever they stand in it.
pub fn rows(listing: &Value) -> Option<&Vec<Value>> {
    [listing, &listing["data"], &listing["models"]]
        .into_iter()
        .find_map(Value::as_array)
}

/// The name a request uses for the model of this row.
pub fn id_of(row: &Value) -> Option<&str> {
    let id = row.as_str().or_else(|| {
        ["id", "key", "name", "model"]
            .iter()
            .find_map(|name| row[*name].as_str())
    })?;
    let id = id.strip_prefix("models/").unwrap_or(id);
    let is_usable = !id.is_empty() && id.len() <= 256 && !id.chars().any(char::is_control);
    is_usable.then_some(id)
}

/// Whether nothing in the row says that this model does not answer in text, or is gone.
fn chats(row: &Value) -> bool {
    let kind = row["type"].as_str().unwrap_or("");
    let outputs = row["architecture"]["output_modalities"].as_array();
    let writes = outputs.is_none_or(|all| all.is_empty() || all.iter().any(|kind| kind == "text"));
    let methods = row["supportedGenerationMethods"].as_array();
    let generates = methods.is_none_or(|all| all.iter().any(|way| way == "generateContent"));
    let abilities = row["capabilities"].as_array();
    let completes = abilities.is_none_or(|all| !has(all, "embedding") || has(all, "completion"));
    writes
        && generates
        && completes
        && row["capabilities"]["completion_chat"] != Value::Bool(false)
        && row["active"] != Value::Bool(false)
        && row["lifecycle"] != "retired"
        && !matches!(
            kind,
            "embedding"
                | "embeddings"
                | "image"
                | "audio"
                | "video"
                | "rerank"
                | "moderation"
                | "transcribe"
        )
}

/// What the row says besides the name.
pub fn facts(host: &str, row: &Value) -> Facts {
    let tariff = rates::of_row(host, row).or_else(|| runs_at_home(host, row).then(Tariff::free));
    Facts {
        context: context_of(row),
        max_output: first(
            row,
            &[
                "max_completion_tokens",
                "max_output_tokens",
                "max_tokens",
                "outputTokenLimit",
            ],
        )
        .or_else(|| number(&row["top_provider"]["max_completion_tokens"]))
        .filter(|tokens| *tokens > 0),
        abilities: abilities(row),
        tariff,
        owner: text(row, &["owned_by", "organization", "publisher"]),
        ends: text(
            row,
            &[
                "shutdown_date",
                "retires_at",
                "expiration_date",
                "deprecation",
            ],
        )
        .and_then(|when| day(&when)),
    }
}

/// Tokens the window holds. What a server runs with counts before what the model was trained for.
fn context_of(row: &Value) -> Option<u64> {
    const NAMES: [&str; 8] = [
        "loaded_context_length",
        "context_length",
        "context_window",
        "max_context_length",
        "max_model_len",
        "max_input_tokens",
        "inputTokenLimit",
        "context_size",
    ];
    let loaded = row["loaded_instances"].as_array();
    let loaded = loaded.and_then(|all| number(&all.first()?["config"]["context_length"]));
    let told = || first(row, &NAMES);
    let nested = || {
        [
            &row["top_provider"]["context_length"],
            &row["meta"]["n_ctx"],
            &row["meta"]["n_ctx_train"],
        ]
        .into_iter()
        .find_map(number)
    };
    loaded
        .or_else(told)
        .or_else(nested)
        .filter(|tokens| *tokens > 0)
}

/// What the row says the model can, in the words of each kind of server.
fn abilities(row: &Value) -> Abilities {
    let can = &row["capabilities"];
    let switch = |names: &[&str]| {
        names.iter().find_map(|name| {
            let told = &can[*name];
            told.as_bool().or_else(|| told["supported"].as_bool())
        })
    };
    let mut found = Abilities {
        images: switch(&["vision", "image_input"]),
        pdf: switch(&["pdf_input"]),
        reasoning: switch(&["reasoning", "thinking"]),
        tools: switch(&["function_calling", "tool_use", "trained_for_tool_use"]),
    };
    if let Some(inputs) = row["architecture"]["input_modalities"].as_array() {
        found.images = found.images.or(Some(has(inputs, "image")));
        found.pdf = found.pdf.or(has(inputs, "file").then_some(true));
    }
    if let Some(all) = row["supported_parameters"].as_array() {
        let reasons = has(all, "reasoning") || has(all, "include_reasoning");
        found.reasoning = found.reasoning.or(Some(reasons));
        found.tools = found.tools.or(Some(has(all, "tools")));
    }
    if let Some(all) = can.as_array() {
        let sees = has(all, "vision") || has(all, "multimodal");
        found.images = found.images.or(sees.then_some(true));
        let reasons = has(all, "thinking") || has(all, "reasoning");
        found.reasoning = found.reasoning.or(reasons.then_some(true));
        let acts = has(all, "tools") || has(all, "tool_use");
        found.tools = found.tools.or(acts.then_some(true));
    }
    if row["type"] == "vlm" {
        found.images = Some(true);
    }
    found.reasoning = found.reasoning.or(row["thinking"].as_bool());
    found
}

/// Whether a program on this machine runs the model itself: then it takes no money. A gateway on this machine does not
/// look like one.
fn runs_at_home(host: &str, row: &Value) -> bool {
    const OWNERS: [&str; 5] = [
        "library",
        "llamacpp",
        "vllm",
        "sglang",
        "organization_owner",
    ];
    let host = match host.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or(six),
        None => host.split(':').next().unwrap_or(host),
    };
    let is_here = host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback());
    let is_runner = row["owned_by"]
        .as_str()
        .is_some_and(|owner| OWNERS.contains(&owner))
        || row["details"]["quantization_level"].is_string()
        || !row["quantization"].is_null();
    is_here && is_runner
}

fn first(row: &Value, names: &[&str]) -> Option<u64> {
    names.iter().find_map(|name| number(&row[*name]))
}

fn text(row: &Value, names: &[&str]) -> Option<String> {
    let told = names.iter().find_map(|name| row[*name].as_str())?;
    let is_short = !told.is_empty() && told.len() <= 100;
    is_short.then(|| told.to_owned())
}

fn has(all: &[Value], word: &str) -> bool {
    all.iter().any(|one| one == word)
}

/// The day of an RFC 3339 time or of a date.
fn day(when: &str) -> Option<String> {
    let day = when.get(..10)?;
    let is_date = day.bytes().enumerate().all(|(at, b)| match at {
        4 | 7 => b == b'-',
        _ => b.is_ascii_digit(),
    });
    is_date.then(|| day.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn names(host: &str, listing: &Value) -> Vec<(String, Option<u64>)> {
        let models = read("p", host, listing).unwrap();
        models
            .into_iter()
            .map(|spec| (spec.model.name, spec.facts.context))
            .collect()
    }

    fn one(host: &str, row: Value) -> Facts {
        let mut models = read("p", host, &json!([row])).unwrap();
        models.remove(0).facts
    }

    #[test]
    fn every_shape_of_listing_is_read() {
        let plain = |name: &str| (name.to_owned(), None);
        for listing in [
            json!({"object": "list", "data": [{"id": "a"}, {"id": "b"}]}),
            json!({"models": [{"name": "a"}, {"model": "b"}]}),
            json!({"models": [{"key": "a", "type": "llm"}, {"key": "b", "display_name": "B"}]}),
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
            json!({"id": "m", "max_context_length": 32768, "loaded_context_length": 8192}),
            json!({"id": "m", "max_context_length": 32768, "loaded_instances": [{"config": {"context_length": 8192}}]}),
            json!({"id": "m", "max_model_len": 8192}),
            json!({"id": "m", "max_input_tokens": 8192}),
            json!({"id": "m", "inputTokenLimit": 8192}),
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
            {"id": "f", "lifecycle": "retired"},
            {"id": "g", "supportedGenerationMethods": ["embedContent"]},
            {"id": "h", "capabilities": ["embedding"]},
            {"id": "i", "capabilities": ["completion", "tools"]},
        ]);
        let named = names("host", &rows).into_iter().map(|(name, _)| name);
        assert_eq!(named.collect::<String>(), "ei");
    }

    #[test]
    fn an_anthropic_row_tells_nearly_all() {
        let row = json!({"type": "model", "id": "claude-x", "display_name": "Claude X", "created_at": "2026-02-04T00:00:00Z",
            "max_input_tokens": 200000, "max_tokens": 64000, "lifecycle": "active", "retires_at": "2027-02-04T00:00:00Z",
            "capabilities": {"image_input": {"supported": true}, "pdf_input": {"supported": true},
                "thinking": {"supported": false, "types": []}, "citations": {"supported": true}}});
        assert_eq!(
            one("api.anthropic.com", row),
            Facts {
                context: Some(200_000),
                max_output: Some(64_000),
                abilities: Abilities {
                    images: Some(true),
                    pdf: Some(true),
                    reasoning: Some(false),
                    tools: None,
                },
                ends: Some("2027-02-04".into()),
                ..Facts::default()
            }
        );
    }

    #[test]
    fn openrouter_mistral_groq_and_gemini_say_what_a_model_can() {
        let row = json!({"id": "openai/gpt-4o", "context_length": 128000, "expiration_date": null,
            "architecture": {"input_modalities": ["text", "image", "file"], "output_modalities": ["text"]},
            "supported_parameters": ["tools", "temperature"],
            "top_provider": {"context_length": 128000, "max_completion_tokens": 16384}});
        let openrouter = one("openrouter.ai", row);
        let all_but_reasoning = Abilities {
            images: Some(true),
            pdf: Some(true),
            reasoning: Some(false),
            tools: Some(true),
        };
        assert_eq!(
            (openrouter.max_output, openrouter.abilities),
            (Some(16_384), all_but_reasoning)
        );

        let row = json!({"id": "mistral-x", "owned_by": "mistralai", "max_context_length": 131072, "deprecation": "2026-12-31T12:00:00Z",
            "capabilities": {"completion_chat": true, "vision": false, "function_calling": true, "reasoning": true}});
        let mistral = one("api.mistral.ai", row);
        assert_eq!(mistral.abilities.words(), ["text", "reasoning", "tools"]);
        assert_eq!(mistral.ends.as_deref(), Some("2026-12-31"));
        assert_eq!(mistral.owner.as_deref(), Some("mistralai"));

        let row = json!({"id": "m", "owned_by": "Meta", "active": true, "context_window": 131072, "max_completion_tokens": 32768});
        let groq = one("api.groq.com", row);
        assert_eq!(
            (groq.context, groq.max_output),
            (Some(131_072), Some(32_768))
        );

        let row = json!({"name": "models/gemini-x", "inputTokenLimit": 1048576, "outputTokenLimit": 65536, "thinking": true,
            "supportedGenerationMethods": ["generateContent", "countTokens"]});
        let gemini = one("generativelanguage.googleapis.com", row);
        assert_eq!(
            (gemini.context, gemini.max_output),
            (Some(1_048_576), Some(65_536))
        );
        assert_eq!(gemini.abilities.reasoning, Some(true));
    }

    #[test]
    fn a_program_on_this_machine_takes_no_money() {
        let free = Some(Tariff::free());
        let row = json!({"id": "m", "owned_by": "llamacpp"});
        for host in ["127.0.0.1:8080", "localhost:8080", "[::1]:8080"] {
            assert_eq!(one(host, row.clone()).tariff, free, "{host}");
        }
        assert_eq!(one("llm.example.org", row).tariff, None);
        let gateway = json!({"id": "gpt-4o", "owned_by": "openai"});
        assert_eq!(one("127.0.0.1:4000", gateway).tariff, None);
        let lmstudio = json!({"id": "m", "type": "vlm", "publisher": "lab", "quantization": "4bit",
            "max_context_length": 32768, "capabilities": ["tool_use"]});
        let lmstudio = one("127.0.0.1:1234", lmstudio);
        assert_eq!(
            (lmstudio.tariff, lmstudio.abilities.words()),
            (free, vec!["text", "images", "tools"])
        );
    }
}
