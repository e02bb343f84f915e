//! `salon models`: the known models, what they hold, cost and can.

use serde::Serialize;

use super::{Exit, Line, NoAnswer, Out};
use crate::domain::failure::Failure;
use crate::domain::model::{ModelRef, ModelSpec};
use crate::domain::price::CostBy;
use crate::domain::usage::{Money, count};
use crate::domain::when::Millis;
use crate::protocol::{Answer, Command, Data, News};

/// A model's line (decisions 4.4).
#[derive(Serialize)]
struct Row<'a> {
    model: &'a ModelRef,
    /// Tokens.
    context: Option<u64>,
    max_output: Option<u64>,
    /// US dollars.
    input_per_million: Option<String>,
    output_per_million: Option<String>,
    cached_per_million: Option<String>,
    abilities: Vec<&'static str>,
    favourite: bool,
    /// Who says the prices: `config`, `listing`, `shipped`.
    source: Option<&'static str>,
    owned_by: Option<&'a str>,
    /// The day it is taken out of service.
    ends: Option<&'a str>,
    listed_at: Option<String>,
}

/// Prints the models in whose names all these words stand, recents first. Providers are asked with `refresh`, and when
/// none has ever been; one that fails is told and keeps the list it had.
pub async fn models(line: &mut Line, out: &mut Out, words: &[String], refresh: bool) -> Exit {
    let known = match asked(line, out, refresh).await {
        Ok(known) if refresh || known.iter().any(is_listed) => Ok(known),
        Ok(_) => asked(line, out, true).await,
        failed => failed,
    };
    let known = match known {
        Ok(known) => known,
        Err(why) => return line.give_up(why, out).await,
    };
    let wanted = |spec: &&ModelSpec| {
        let name = spec.model.to_string().to_lowercase();
        let mut words = words.iter().flat_map(|words| words.split_whitespace());
        words.all(|word| name.contains(&word.to_lowercase()))
    };
    let shown: Vec<&ModelSpec> = known.iter().filter(wanted).collect();
    let widest = shown.iter().map(|spec| spec.model.to_string().len()).max();
    for spec in &shown {
        if out.is_broken() {
            break;
        }
        if out.is_json() {
            out.object(&row(spec));
        } else {
            out.line(&words_of(spec, widest.unwrap_or(0)));
        }
    }
    line.stop().await;
    out.exit(Exit::DONE)
}

fn is_listed(spec: &ModelSpec) -> bool {
    spec.listed_at.is_some() && !spec.model.is_guide()
}

/// What is known when the last provider has answered; failures are told.
async fn asked(line: &mut Line, out: &mut Out, refresh: bool) -> Result<Vec<ModelSpec>, NoAnswer> {
    let ask = Command::Data(Data::Models { refresh });
    let take = |news, out: &mut Out| {
        let News::Answer(Answer::Models {
            models,
            failures,
            is_whole: true,
        }) = news
        else {
            return None;
        };
        for (provider, failure) in failures {
            out.warn(&of_provider(&provider, failure));
        }
        Some(models)
    };
    line.heard(ask, out, take).await
}

fn of_provider(provider: &str, failure: Failure) -> Failure {
    Failure {
        title: format!("{provider}: {}", failure.title),
        ..failure
    }
}

/// The prices of a million tokens: input, output, cached input.
fn prices(spec: &ModelSpec) -> [Option<Money>; 3] {
    let price = spec.facts.tariff.as_ref().map(|tariff| tariff.price);
    let price = price.unwrap_or_default();
    [price.input, price.output, price.cached].map(|pico| pico.map(Money::of_million))
}

fn row(spec: &ModelSpec) -> Row<'_> {
    let facts = &spec.facts;
    let [input, output, cached] = prices(spec).map(|money| money.map(|money| money.to_string()));
    Row {
        model: &spec.model,
        context: facts.context,
        max_output: facts.max_output,
        input_per_million: input,
        output_per_million: output,
        cached_per_million: cached,
        abilities: facts.abilities.words(),
        favourite: spec.favourite,
        source: spec.tariff_by.map(CostBy::word),
        owned_by: facts.owner.as_deref(),
        ends: facts.ends.as_deref(),
        listed_at: spec.listed_at.map(Millis::rfc3339),
    }
}

/// Mark, name, window, price, abilities; what is not known is `-`.
fn words_of(spec: &ModelSpec, widest: usize) -> String {
    let mark = if spec.favourite { '*' } else { ' ' };
    let name = spec.model.to_string();
    let context = spec.facts.context.map_or_else(|| "-".to_owned(), count);
    let price = match prices(spec) {
        [Some(Money(0)), Some(Money(0)), _] => "free".to_owned(),
        [Some(input), Some(output), _] => format!("{} / {}", input.price(), output.price()),
        _ => "-".to_owned(),
    };
    let can = spec.facts.abilities.words().join(", ");
    format!("{mark} {name:<widest$}  {context:>7}  {price:<18}  {can}")
}
