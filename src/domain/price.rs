//! What tokens cost: exact prices a token, tiers for long requests, and who says so (`wire.md` 9.2).

use serde::{Deserialize, Serialize};

use crate::domain::usage::{Money, Usage};
use crate::domain::when::Millis;

/// A price in pico-dollars a token, which is micro-dollars a million tokens; `None` = not known (spec A1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Price {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<i64>,
    /// Reading from the provider's cache; missing = `input`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached: Option<i64>,
    /// Writing to the provider's cache; missing = `input`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<i64>,
    /// The same for what is kept an hour and longer; missing = `cache_write`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_long: Option<i64>,
    /// Missing = `output`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<i64>,
}

impl Price {
    /// What this usage costs; `None` when a figure or a price it needs is missing: unknown is not 0.
    pub fn cost(&self, usage: &Usage) -> Option<Money> {
        let (input, output) = (usage.input?, usage.output?);
        let cached = usage.cached.unwrap_or(0).min(input);
        let written = usage.cache_write.unwrap_or(0).min(input - cached);
        let long = usage.cache_write_long.unwrap_or(0).min(written);
        let reasoning = usage.reasoning.unwrap_or(0).min(output);
        let (in_price, out_price) = (self.input?, self.output?);
        let write_price = self.cache_write.unwrap_or(in_price);
        let parts = [
            (input - cached - written, in_price),
            (cached, self.cached.unwrap_or(in_price)),
            (written - long, write_price),
            (long, self.cache_write_long.unwrap_or(write_price)),
            (output - reasoning, out_price),
            (reasoning, self.reasoning.unwrap_or(out_price)),
        ];
        let mut sum: i64 = 0;
        for (tokens, price) in parts {
            sum = sum.checked_add(i64::try_from(tokens).ok()?.checked_mul(price)?)?;
        }
        Some(Money(sum))
    }

    /// Whether both what goes in and what comes out has a price, so that a request can be priced.
    pub fn is_whole(&self) -> bool {
        self.input.is_some() && self.output.is_some()
    }

    /// This price; what it does not name is the weaker one's.
    #[must_use]
    pub fn over(self, weaker: Price) -> Price {
        Price {
            input: self.input.or(weaker.input),
            output: self.output.or(weaker.output),
            cached: self.cached.or(weaker.cached),
            cache_write: self.cache_write.or(weaker.cache_write),
            cache_write_long: self.cache_write_long.or(weaker.cache_write_long),
            reasoning: self.reasoning.or(weaker.reasoning),
        }
    }
}

/// The price of a request whose input is longer than `above` tokens; what it does not name is the base price's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    pub above: u64,
    pub price: Price,
}

/// All prices of a model that hold at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tariff {
    /// It holds from then on; `None` = it is not known since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Millis>,
    pub price: Price,
    /// In any order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<Tier>,
}

impl Tariff {
    /// Only this price, at all times.
    pub fn flat(price: Price) -> Tariff {
        Tariff {
            price,
            ..Tariff::default()
        }
    }

    /// A server that takes no money.
    pub fn free() -> Tariff {
        Tariff::flat(Price {
            input: Some(0),
            output: Some(0),
            ..Price::default()
        })
    }

    /// What this usage costs. The price of the highest tier that the whole input is over holds for the whole request.
    pub fn cost(&self, usage: &Usage) -> Option<Money> {
        let input = usage.input?;
        let tiers = self.tiers.iter().filter(|tier| input > tier.above);
        let tier = tiers.max_by_key(|tier| tier.above);
        let price = tier.map_or(self.price, |tier| tier.price.over(self.price));
        price.cost(usage)
    }

    /// This tariff, if it prices a request by itself; else with what it does not name taken from the weaker one.
    #[must_use]
    pub fn over(self, weaker: Option<&Tariff>) -> Tariff {
        match weaker {
            Some(weaker) if !self.price.is_whole() => Tariff {
                from: self.from,
                price: self.price.over(weaker.price),
                tiers: Vec::new(),
            },
            Some(_) | None => self,
        }
    }
}

/// Who says what a request cost, or what its tokens cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostBy {
    /// The provider said what the request cost.
    Provider,
    /// The user's `[pricing]`.
    Config,
    /// The provider's listing.
    Listing,
    /// The table shipped with salon.
    Shipped,
}

impl CostBy {
    /// The word in the store and in `--json`.
    pub fn word(self) -> &'static str {
        match self {
            CostBy::Provider => "provider",
            CostBy::Config => "config",
            CostBy::Listing => "listing",
            CostBy::Shipped => "shipped",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// $2.50 in, $10 out, $1.25 from the cache, a million tokens.
    const GPT_4O: Price = Price {
        input: Some(2_500_000),
        output: Some(10_000_000),
        cached: Some(1_250_000),
        cache_write: None,
        cache_write_long: None,
        reasoning: None,
    };

    #[test]
    fn cost_counts_each_kind_of_token_once() {
        let usage = Usage {
            input: Some(1000),
            cached: Some(400),
            output: Some(100),
            reasoning: Some(40),
            ..Usage::default()
        };
        // 600 × $2.50 + 400 × $1.25 + 100 × $10, a million: $0.0015 + $0.0005 + $0.001.
        assert_eq!(GPT_4O.cost(&usage), Money::parse("0.003"));
        for unknown in [
            Usage {
                output: None,
                ..usage
            },
            Usage {
                input: None,
                ..usage
            },
        ] {
            assert_eq!(GPT_4O.cost(&unknown), None);
        }
        for unknown in [
            Price {
                output: None,
                ..GPT_4O
            },
            Price::default(),
        ] {
            assert_eq!(unknown.cost(&usage), None);
        }
    }

    #[test]
    fn writing_to_a_cache_has_two_prices() {
        // Claude Sonnet 4.5: $3, $15, read $0.30, write $3.75 for five minutes and $6 for an hour.
        let sonnet = Price {
            input: Some(3_000_000),
            output: Some(15_000_000),
            cached: Some(300_000),
            cache_write: Some(3_750_000),
            cache_write_long: Some(6_000_000),
            reasoning: None,
        };
        let usage = Usage {
            input: Some(1_000_000),
            cached: Some(500_000),
            cache_write: Some(300_000),
            cache_write_long: Some(100_000),
            output: Some(10_000),
            ..Usage::default()
        };
        // 200,000 × $3 + 500,000 × $0.30 + 200,000 × $3.75 + 100,000 × $6 + 10,000 × $15 a million:
        // $0.60 + $0.15 + $0.75 + $0.60 + $0.15.
        assert_eq!(sonnet.cost(&usage), Money::parse("2.25"));
        let one_price = Price {
            cache_write_long: None,
            ..sonnet
        };
        assert_eq!(one_price.cost(&usage), Money::parse("2.025"));
    }

    #[test]
    fn a_long_request_pays_its_tier_for_all_of_it() {
        // Gemini 2.5 Pro: $1.25 and $10; over 200,000 tokens $2.50 and $15; from the cache $0.125.
        let tariff = Tariff {
            from: None,
            price: Price {
                input: Some(1_250_000),
                output: Some(10_000_000),
                cached: Some(125_000),
                ..Price::default()
            },
            tiers: vec![
                Tier {
                    above: 200_000,
                    price: Price {
                        input: Some(2_500_000),
                        output: Some(15_000_000),
                        ..Price::default()
                    },
                },
                Tier {
                    above: 1_000_000,
                    price: Price::default(),
                },
            ],
        };
        let usage = |input| Usage {
            input: Some(input),
            cached: Some(100_000),
            output: Some(1_000),
            ..Usage::default()
        };
        // 100,000 × $1.25 + 100,000 × $0.125 + 1,000 × $10.
        assert_eq!(tariff.cost(&usage(200_000)), Money::parse("0.1475"));
        // 100,001 × $2.50 + 100,000 × $0.125 + 1,000 × $15.
        assert_eq!(tariff.cost(&usage(200_001)), Money::parse("0.2775025"));
    }

    #[test]
    fn a_stronger_price_stands_alone_when_it_is_whole() {
        let table = Tariff::flat(GPT_4O);
        let only_input = Tariff::flat(Price {
            input: Some(1),
            ..Price::default()
        });
        let both = only_input.clone().over(Some(&table));
        assert_eq!(
            both.price,
            Price {
                input: Some(1),
                ..GPT_4O
            }
        );
        let own = Tariff::flat(Price {
            input: Some(1),
            output: Some(2),
            ..Price::default()
        });
        assert_eq!(own.clone().over(Some(&table)), own);
        assert_eq!(only_input.clone().over(None), only_input);
    }
}
