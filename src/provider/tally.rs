//! Token counts and cost out of the usage objects of each wire (`wire.md` 9.1), a pure function for each.

use serde_json::Value;

use crate::domain::usage::{Money, Usage};
use crate::provider::fault::number;
use crate::provider::rates::dollars;

/// Responses: the `usage` of a response. What was read from and written to the cache is part of the input, reasoning
/// part of the output. `None` when it tells none.
pub fn of_responses(usage: &Value) -> Option<Usage> {
    let inside = &usage["input_tokens_details"];
    let told = Usage {
        input: number(&usage["input_tokens"]),
        cached: number(&inside["cached_tokens"]),
        cache_write: number(&inside["cache_write_tokens"]),
        cache_write_long: number(&inside["cache_write_tokens_details"]["ttl_12h_tokens"]),
        output: number(&usage["output_tokens"]),
        reasoning: number(&usage["output_tokens_details"]["reasoning_tokens"]),
        cost: cost_of(usage),
        is_estimate: false,
    };
    (told != Usage::default()).then_some(told)
}

/// Anthropic Messages: the `usage` of a message or of its last change. Its input leaves out what was read from and
/// written to the cache. `None` when it tells none.
pub fn of_messages(usage: &Value) -> Option<Usage> {
    let fresh = number(&usage["input_tokens"]);
    let cached = number(&usage["cache_read_input_tokens"]);
    let write = number(&usage["cache_creation_input_tokens"]);
    let told = Usage {
        input: fresh.map(|fresh| fresh + cached.unwrap_or(0) + write.unwrap_or(0)),
        cached,
        cache_write: write,
        cache_write_long: number(&usage["cache_creation"]["ephemeral_1h_input_tokens"]),
        output: number(&usage["output_tokens"]),
        reasoning: number(&usage["output_tokens_details"]["thinking_tokens"]),
        cost: cost_of(usage),
        is_estimate: false,
    };
    (told != Usage::default()).then_some(told)
}

/// Ollama: the last line of an answer. It costs nothing. `None` when it tells no counts.
pub fn of_ollama(line: &Value) -> Option<Usage> {
    let (input, output) = (
        number(&line["prompt_eval_count"]),
        number(&line["eval_count"]),
    );
    (input.is_some() || output.is_some()).then(|| Usage {
        input,
        output,
        cost: Some(Money(0)),
        ..Usage::default()
    })
}

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

    #[test]
    fn responses_count_the_cache_and_reasoning_as_parts() {
        let usage = json!({"input_tokens": 2000, "input_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 500,
                "cache_write_tokens_details": {"ttl_30m_tokens": 400, "ttl_12h_tokens": 100}},
            "output_tokens": 300, "output_tokens_details": {"reasoning_tokens": 256}, "total_tokens": 2300});
        let told = of_responses(&usage).unwrap();
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
        for none in [json!(null), json!({}), json!({"input_tokens": null})] {
            assert_eq!(of_responses(&none), None);
        }
    }

    #[test]
    fn anthropics_input_leaves_the_cache_out() {
        let usage = json!({"input_tokens": 50, "cache_creation_input_tokens": 300, "cache_read_input_tokens": 1000,
            "cache_creation": {"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 100},
            "output_tokens": 12, "output_tokens_details": {"thinking_tokens": 7}, "service_tier": "standard"});
        assert_eq!(
            of_messages(&usage),
            Some(Usage {
                input: Some(1350),
                cached: Some(1000),
                cache_write: Some(300),
                cache_write_long: Some(100),
                output: Some(12),
                reasoning: Some(7),
                ..Usage::default()
            })
        );
        // The last change may tell the output alone; what was told before stands.
        let mut whole = of_messages(&usage).unwrap();
        whole.merge(of_messages(&json!({"output_tokens": 40})).unwrap());
        assert_eq!((whole.input, whole.output), (Some(1350), Some(40)));
        assert_eq!(of_messages(&json!({})), None);
    }

    #[test]
    fn ollama_costs_nothing() {
        let told = of_ollama(&json!({"done": true, "prompt_eval_count": 26, "eval_count": 290}));
        assert_eq!(
            told,
            Some(Usage {
                input: Some(26),
                output: Some(290),
                cost: Some(Money(0)),
                ..Usage::default()
            })
        );
        assert_eq!(of_ollama(&json!({"done": false})), None);
    }
}
