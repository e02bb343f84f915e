//! Token counts and cost out of the usage objects of Chat Completions servers (`wire.md` 9.1).

use serde_json::Value;

use crate::domain::usage::{Money, Usage};
use crate::provider::fault::number;
use crate::provider::rates::dollars;

/// The usage a chunk tells, wherever it stands in it; `None` when it tells none.
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

fn from_usage(usage: &Value, timings: &Value) -> Usage {
    let first = |names: &[&str]| names.iter().find_map(|name| number(&usage[*name]));
    let inside = &usage["prompt_tokens_details"];
    let input = first(&["prompt_tokens", "input_tokens"]);
    let mut output = first(&["completion_tokens", "output_tokens"]);
    let reasoning = number(&usage["completion_tokens_details"]["reasoning_tokens"]);
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
        cached: number(&inside["cached_tokens"])
            .or_else(|| number(&usage["prompt_cache_hit_tokens"])),
        cache_write: number(&inside["cache_write_tokens"]),
        cache_write_long: None,
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
}
