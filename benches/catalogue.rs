//! Makes `assets/models.tsv`, the table of well-known models, out of a file somebody downloaded.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that makes a file prints it"
)]

use std::collections::BTreeMap;
use std::process::ExitCode;

use salon::domain::model::{Abilities, Facts};
use salon::domain::price::{Price, Tariff, Tier};
use salon::domain::when::Millis;
use salon::provider::catalogue::{COLUMNS, Vendor, line};
use salon::provider::fault::number;
use salon::provider::models;
use salon::provider::rates::dollars;
use serde_json::Value;

const HELP: &str = "catalogue: makes the table of well-known models

  cargo run --example catalogue -- FILE DAY \"SOURCE\" > models.new && mv models.new assets/models.tsv

FILE is one of
  model_prices_and_context_window.json of LiteLLM (MIT),
  api.json of models.dev (MIT),
  the answer of OpenRouter's /api/v1/models.
DAY is the day its prices are of, such as 2026-11-21; SOURCE its name, version and licence, for the head of the table.";

/// Fewer models than this are no table.
const LEAST: usize = 50;

type Rows = BTreeMap<(&'static str, String), (Vendor, Facts)>;

fn main() -> ExitCode {
    match table() {
        Ok(table) => {
            print!("{table}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}\n\n{HELP}");
            ExitCode::FAILURE
        }
    }
}

fn table() -> Result<String, String> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, day, source] = args.as_slice() else {
        return Err("a file, a day and a source are needed".to_owned());
    };
    Millis::of_day(day).ok_or_else(|| format!("{day} is no day"))?;
    let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| format!("{file}: {error}"))?;
    let rows = if value["data"].is_array() {
        of_openrouter(&value)
    } else if value.get("sample_spec").is_some() {
        of_litellm(&value)
    } else {
        of_models_dev(&value)
    };
    let rows: Rows = rows
        .into_iter()
        .filter(|(_, (_, facts))| facts.tariff.is_some())
        .collect();
    if rows.len() < LEAST {
        return Err(format!("{file}: only {} models with a price", rows.len()));
    }
    let mut out = format!("# {source}\n# prices of {day}\n{COLUMNS}\n");
    for ((_, name), (vendor, facts)) in &rows {
        out.push_str(&line(*vendor, name, facts));
        out.push('\n');
    }
    Ok(out)
}

fn insert(rows: &mut Rows, vendor: Vendor, name: &str, facts: Facts) {
    if name.chars().any(char::is_whitespace) || name.contains("ft:") {
        return;
    }
    rows.insert((vendor.word(), name.to_owned()), (vendor, facts));
}

/// LiteLLM: a map of `id` or `provider/id`, dollars a token.
fn of_litellm(map: &Value) -> Rows {
    let mut rows = Rows::new();
    for (key, row) in map.as_object().into_iter().flatten() {
        let is_chat = row["mode"] == "chat" || row["mode"] == "responses";
        let provider = row["litellm_provider"].as_str().unwrap_or("");
        let Some(vendor) = Vendor::named(provider).filter(|_| is_chat) else {
            continue;
        };
        let name = key.strip_prefix(&format!("{provider}/")).unwrap_or(key);
        let can = |name: &str| Some(row[name] == Value::Bool(true));
        let facts = Facts {
            context: number(&row["max_input_tokens"]),
            max_output: number(&row["max_output_tokens"]),
            abilities: Abilities {
                images: can("supports_vision"),
                pdf: can("supports_pdf_input"),
                reasoning: can("supports_reasoning"),
                tools: can("supports_function_calling"),
            },
            tariff: litellm_tariff(row),
            owner: None,
            ends: row["deprecation_date"].as_str().map(str::to_owned),
        };
        insert(&mut rows, vendor, name, facts);
    }
    rows
}

fn litellm_tariff(row: &Value) -> Option<Tariff> {
    let pico = |name: &str| dollars(&row[name]).map(|money| money.0);
    let special = |name: &str| pico(name).filter(|pico| *pico > 0);
    let long = ["above_1hr", "above_12hr"];
    let price = Price {
        input: pico("input_cost_per_token"),
        output: pico("output_cost_per_token"),
        cached: special("cache_read_input_token_cost"),
        cache_write: special("cache_creation_input_token_cost"),
        cache_write_long: long
            .iter()
            .find_map(|end| special(&format!("cache_creation_input_token_cost_{end}"))),
        reasoning: special("output_cost_per_reasoning_token")
            .filter(|pico| row["output_cost_per_token"].as_f64().is_some() && *pico > 0),
    };
    let tiers = [100, 128, 200, 256, 272, 512].iter().filter_map(|k: &u64| {
        let at = |name: &str| special(&format!("{name}_above_{k}k_tokens"));
        Some(Tier {
            above: k * 1000,
            price: Price {
                input: Some(at("input_cost_per_token")?),
                output: at("output_cost_per_token"),
                cached: at("cache_read_input_token_cost"),
                cache_write: at("cache_creation_input_token_cost"),
                ..Price::default()
            },
        })
    });
    let reasoning = price.reasoning.filter(|pico| Some(*pico) != price.output);
    price.is_whole().then(|| Tariff {
        from: None,
        price: Price { reasoning, ..price },
        tiers: tiers.collect(),
    })
}

/// models.dev: providers with models, dollars for a million tokens.
fn of_models_dev(map: &Value) -> Rows {
    let mut rows = Rows::new();
    for (provider, row) in map.as_object().into_iter().flatten() {
        let word = match provider.as_str() {
            "google" => "gemini",
            "togetherai" => "together_ai",
            other => other,
        };
        let Some(vendor) = Vendor::named(word) else {
            continue;
        };
        for (name, model) in row["models"].as_object().into_iter().flatten() {
            let pico = |name: &str| Some(dollars(&model["cost"][name])?.0 / 1_000_000);
            let price = Price {
                input: pico("input"),
                output: pico("output"),
                cached: pico("cache_read"),
                cache_write: pico("cache_write"),
                cache_write_long: None,
                reasoning: pico("reasoning"),
            };
            let inputs = model["modalities"]["input"].as_array();
            let takes = |kind: &str| inputs.map(|all| all.iter().any(|one| one == kind));
            let facts = Facts {
                context: number(&model["limit"]["context"]),
                max_output: number(&model["limit"]["output"]),
                abilities: Abilities {
                    images: takes("image"),
                    pdf: takes("pdf"),
                    reasoning: model["reasoning"].as_bool(),
                    tools: model["tool_call"].as_bool(),
                },
                tariff: price.is_whole().then(|| Tariff::flat(price)),
                ..Facts::default()
            };
            insert(&mut rows, vendor, name, facts);
        }
    }
    rows
}

/// OpenRouter: resold models under the names of their makers.
fn of_openrouter(listing: &Value) -> Rows {
    let mut rows = Rows::new();
    for row in models::rows(listing).into_iter().flatten() {
        let Some((maker, name)) = models::id_of(row).and_then(|id| id.split_once('/')) else {
            continue;
        };
        let word = match maker {
            "google" => "gemini",
            "mistralai" => "mistral",
            "x-ai" => "xai",
            other => other,
        };
        // A name with a colon is an offer of its own.
        if let Some(vendor) = Vendor::named(word).filter(|_| !name.contains(':')) {
            insert(&mut rows, vendor, name, models::facts("openrouter.ai", row));
        }
    }
    rows
}
