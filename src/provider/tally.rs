//! Token counts and cost out of the usage objects of OpenAI's two wires and of those who speak them (`wire.md` 9.1).

use serde_json::Value;

use crate::domain::usage::{Money, Usage};
use crate::provider::fault::number;
use crate::provider::rates::dollars;

/// Chat Completions: the usage a chunk tells, wherever it stands in it; `None` when it tells none.
pub fn usage_of(chunk: &Value) -> Option<Usage> {
    let told = [&chunk["usage"], &chunk["x_groq"]["usage"]]
        .into_iter()
        .find(|usage| usage.as_object().is_some_and(|fields| !fields.is_empty()));
    let usage = match told {
        Some(usage) => from_usage(usage, &chunk["timings"]),
        None => from_timings(&chunk["timings"])?,
    };
    (usage != Usage::default()).then_some(usage)
}

/// The usage an event of the Responses wire tells: inside the response, beside it, or in an answer in one piece.
pub fn usage_of_response(event: &Value) -> Option<Usage> {
    let inside = &event["response"];
    let told = [&inside["usage"], &event["usage"]]
        .into_iter()
        .find(|usage| usage.as_object().is_some_and(|fields| !fields.is_empty()))?;
    let timings = [&inside["timings"], &event["timings"]]
        .into_iter()
        .find(|timings| timings.is_object());
    let usage = from_usage(told, timings.unwrap_or(&Value::Null));
    (usage != Usage::default()).then_some(usage)
}

fn from_usage(usage: &Value, timings: &Value) -> Usage {
    let first = |names: &[&str]| names.iter().find_map(|name| number(&usage[*name]));
    let either = |chat: &str, responses: &str, field: &str| {
        number(&usage[chat][field]).or_else(|| number(&usage[responses][field]))
    };
    let inside = |field| either("prompt_tokens_details", "input_tokens_details", field);
    let long = |chat: &str| number(&usage[chat]["cache_write_tokens_details"]["ttl_12h_tokens"]);
    let kept_long = long("prompt_tokens_details").or_else(|| long("input_tokens_details"));
    let input = first(&["prompt_tokens", "input_tokens"]);
    let mut output = first(&["completion_tokens", "output_tokens"]);
    let reasoning = either(
        "completion_tokens_details",
        "output_tokens_details",
        "reasoning_tokens",
    );
    // xAI leaves reasoning out of the completion; its total gives it away.
    if let (Some(total), Some(i), Some(o), Some(r)) =
        (number(&usage["total_tokens"]), input, output, reasoning)
        && r > 0
        && total.checked_sub(i).and_then(|rest| rest.checked_sub(o)) == Some(r)
    {
        output = Some(o + r);
    }
    Usage {
        input,
        cached: inside("cached_tokens").or_else(|| number(&usage["prompt_cache_hit_tokens"])),
        cache_write: inside("cache_write_tokens"),
        cache_write_long: kept_long,
        output,
        reasoning,
        cost: cost_of(usage).or_else(|| timings.is_object().then_some(Money(0))),
        is_estimate: false,
    }
}

/// What llama.cpp measured; a server on one's own machine costs nothing.
fn from_timings(timings: &Value) -> Option<Usage> {
    let (cached, fresh) = (number(&timings["cache_n"]), number(&timings["prompt_n"])?);
    Some(Usage {
        input: Some(fresh + cached.unwrap_or(0)),
        cached,
        output: Some(number(&timings["predicted_n"])?),
        cost: Some(Money(0)),
        ..Usage::default()
    })
}

fn cost_of(usage: &Value) -> Option<Money> {
    if let Some(ticks) = number(&usage["cost_in_usd_ticks"]) {
        // A tick is 10⁻¹⁰ dollars.
        return i64::try_from(ticks).ok()?.checked_mul(100).map(Money);
    }
    let cost = dollars(&usage["cost"])?;
    if usage["is_byok"] == Value::Bool(true)
        && let Some(upstream) = dollars(&usage["cost_details"]["upstream_inference_cost"])
    {
        return cost.0.checked_add(upstream.0).map(Money);
    }
    Some(cost)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn usage_is_read_in_every_place_and_form() {
        let base = Usage {
            input: Some(9),
            output: Some(3),
            ..Usage::default()
        };
        let cases = [
            (
                json!({"usage": {"prompt_tokens": 9, "completion_tokens": 3}}),
                base,
            ),
            (
                json!({"usage": null, "x_groq": {"usage": {"prompt_tokens": 9, "completion_tokens": 3}}}),
                base,
            ),
            (
                json!({"usage": {"prompt_tokens": 9.0, "completion_tokens": "3", "total_tokens": null}}),
                base,
            ),
            (
                json!({"usage": {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2},
                    "completion_tokens_details": {"reasoning_tokens": 1}, "total_tokens": 12}}),
                Usage {
                    cached: Some(4),
                    cache_write: Some(2),
                    reasoning: Some(1),
                    ..base
                },
            ),
            (
                json!({"usage": {"prompt_tokens": 9, "completion_tokens": 3, "prompt_cache_hit_tokens": 8, "prompt_cache_miss_tokens": 1}}),
                Usage {
                    cached: Some(8),
                    ..base
                },
            ),
            (
                json!({"usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 20, "cost_in_usd_ticks": 37756000,
                    "completion_tokens_details": {"reasoning_tokens": 8}}}),
                Usage {
                    output: Some(11),
                    reasoning: Some(8),
                    cost: Some(Money(3_775_600_000)),
                    ..base
                },
            ),
            (
                json!({"usage": {"prompt_tokens": 9, "completion_tokens": 3, "cost": 0.000_012_5}}),
                Usage {
                    cost: Some(Money(12_500_000)),
                    ..base
                },
            ),
            (
                json!({"usage": {"prompt_tokens": 9, "completion_tokens": 3, "cost": 1e-6, "is_byok": true,
                    "cost_details": {"upstream_inference_cost": 0.5}}}),
                Usage {
                    cost: Some(Money(500_001_000_000)),
                    ..base
                },
            ),
            (
                json!({"timings": {"cache_n": 16, "prompt_n": 1, "predicted_n": 5}}),
                Usage {
                    input: Some(17),
                    cached: Some(16),
                    output: Some(5),
                    cost: Some(Money(0)),
                    ..Usage::default()
                },
            ),
        ];
        for (chunk, usage) in cases {
            assert_eq!(usage_of(&chunk), Some(usage), "{chunk}");
        }
        for none in [
            json!({}),
            json!({"usage": null}),
            json!({"usage": {}}),
            json!({"usage": {"prompt_tokens": null}}),
            json!({"usage": 3}),
            json!({"timings": {"prompt_ms": 1}}),
        ] {
            assert_eq!(usage_of(&none), None, "{none}");
        }
    }

    #[test]
    fn responses_count_the_cache_and_reasoning_as_parts() {
        let usage = json!({"input_tokens": 2000, "input_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 500,
                "cache_write_tokens_details": {"ttl_30m_tokens": 400, "ttl_12h_tokens": 100}},
            "output_tokens": 300, "output_tokens_details": {"reasoning_tokens": 256}, "total_tokens": 2300});
        let told = usage_of_response(&json!({"response": {"usage": usage}})).unwrap();
        assert_eq!(
            told,
            Usage {
                input: Some(2000),
                cached: Some(1024),
                cache_write: Some(500),
                cache_write_long: Some(100),
                output: Some(300),
                reasoning: Some(256),
                ..Usage::default()
            }
        );
        assert_eq!(told.total(), Some(2300));
    }
}
