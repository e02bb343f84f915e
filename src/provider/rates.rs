//! Prices out of the rows of listings: OpenRouter's dollars a token, Together's dollars a million (`wire.md` 8).

use serde_json::Value;

use crate::domain::price::{Price, Tariff, Tier};
use crate::domain::usage::Money;
use crate::provider::fault::number;

/// More than this a token, in pico-dollars, is no price: $10,000 a million tokens.
const MOST: i64 = 10_000_000_000;

/// The prices a row tells; `None` when it tells none that can be relied on.
pub fn of_row(host: &str, row: &Value) -> Option<Tariff> {
    let told = &row["pricing"];
    let host = host.split(':').next().unwrap_or(host);
    if told["prompt"].is_string() || told["prompt"].is_number() {
        a_token(told)
    } else if matches!(host, "api.together.xyz" | "api.together.ai") {
        a_million(row, told)
    } else {
        None
    }
}

/// OpenRouter: dollars a token. A negative price means that it varies.
fn a_token(told: &Value) -> Option<Tariff> {
    let price = price_a_token(told);
    let overrides = told["overrides"].as_array();
    let tiers = overrides.into_iter().flatten().filter_map(|tier| {
        Some(Tier {
            above: number(&tier["min_prompt_tokens"])?.saturating_sub(1),
            price: price_a_token(tier),
        })
    });
    price.is_whole().then(|| Tariff {
        from: None,
        price,
        tiers: tiers.collect(),
    })
}

fn price_a_token(told: &Value) -> Price {
    let one = |name: &str| {
        let pico = dollars(&told[name])?.0;
        (pico <= MOST).then_some(pico)
    };
    // No special price is told as 0 too.
    let special = |name: &str| one(name).filter(|pico| *pico > 0);
    Price {
        input: one("prompt"),
        output: one("completion"),
        cached: special("input_cache_read"),
        cache_write: special("input_cache_write"),
        cache_write_long: None,
        reasoning: special("internal_reasoning"),
    }
}

/// Together: dollars a million tokens. Nothing for both is told of models that have no such price.
fn a_million(row: &Value, told: &Value) -> Option<Tariff> {
    let one = |name: &str| {
        let pico = dollars(&told[name])?.0 / 1_000_000;
        (pico <= MOST).then_some(pico)
    };
    let price = Price {
        input: Some(one("input")?),
        output: Some(one("output")?),
        cached: one("cached_input").filter(|pico| *pico > 0),
        ..Price::default()
    };
    let is_free = price.input == Some(0) && price.output == Some(0);
    let says_free = row["id"].as_str().is_some_and(|id| id.ends_with("-Free"));
    (!is_free || says_free).then(|| Tariff::flat(price))
}

/// Dollars in a number or a text; `None` when it is neither, or negative.
pub fn dollars(value: &Value) -> Option<Money> {
    let cost = match value {
        Value::Number(n) => Money::parse(&n.to_string()),
        Value::String(text) => Money::parse(text),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    cost.filter(|cost| cost.0 >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn openrouters_prices_are_exact_and_have_tiers() {
        let row = json!({"id": "google/gemini-2.5-pro", "pricing": {"prompt": "0.00000125", "completion": "0.00001",
            "request": "0", "image": "0.00516", "web_search": "0", "internal_reasoning": "0",
            "input_cache_read": "0.000000125", "input_cache_write": "0.000001625",
            "overrides": [{"min_prompt_tokens": 200001, "prompt": "0.0000025", "completion": "0.000015"},
                {"from": "16:30", "prompt": "0.000001", "completion": "0.000001"}]}});
        let expected = Tariff {
            from: None,
            price: Price {
                input: Some(1_250_000),
                output: Some(10_000_000),
                cached: Some(125_000),
                cache_write: Some(1_625_000),
                ..Price::default()
            },
            tiers: vec![Tier {
                above: 200_000,
                price: Price {
                    input: Some(2_500_000),
                    output: Some(15_000_000),
                    ..Price::default()
                },
            }],
        };
        assert_eq!(of_row("openrouter.ai", &row), Some(expected));
    }

    #[test]
    fn free_is_told_and_unknown_is_not_free() {
        let at = |prompt: Value, completion: Value| {
            let row = json!({"id": "m", "pricing": {"prompt": prompt, "completion": completion}});
            of_row("openrouter.ai", &row)
        };
        assert_eq!(at(json!("0"), json!("0")), Some(Tariff::free()));
        assert_eq!(at(json!("-1"), json!("-1")), None);
        assert_eq!(at(json!("0.000001"), json!(null)), None);
        assert_eq!(at(json!("2.5"), json!("10")), None);
        assert_eq!(at(json!("free"), json!("free")), None);
        assert_eq!(of_row("host", &json!({"id": "m"})), None);
    }

    #[test]
    fn togethers_prices_are_for_a_million() {
        let row = |input: f64, output: f64, id: &str| json!({"id": id, "pricing": {"input": input, "output": output, "hourly": 0}});
        let tariff = of_row("api.together.xyz", &row(0.18, 0.59, "m")).unwrap();
        assert_eq!(
            (tariff.price.input, tariff.price.output),
            (Some(180_000), Some(590_000))
        );
        assert_eq!(of_row("api.together.xyz", &row(0.0, 0.0, "m")), None);
        let free = of_row("api.together.xyz", &row(0.0, 0.0, "lab/m-Free"));
        assert_eq!(free, Some(Tariff::free()));
        assert_eq!(of_row("llm.example.org", &row(0.18, 0.59, "m")), None);
    }
}
