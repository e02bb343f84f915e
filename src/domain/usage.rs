//! Token counts of a request and money, exact in pico-dollars.

use std::fmt;

use serde::{Deserialize, Serialize};

/// US dollars in pico-dollars (10⁻¹²): a price per million tokens in micro-dollars is this much a token, exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(pub i64);

impl fmt::Display for Money {
    /// Decimal dollars without exponent and trailing zeros, `"0"` for nothing (decisions 4.1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, pico) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let (whole, part) = (pico / 1_000_000_000_000, pico % 1_000_000_000_000);
        if part == 0 {
            return write!(f, "{sign}{whole}");
        }
        let digits = format!("{part:012}");
        write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

impl Money {
    /// For people: `$0.0034`, four digits after the point below ten cents, else two.
    pub fn short(self) -> String {
        let pico = self.0;
        if pico == 0 {
            "$0".to_owned()
        } else if pico.abs() < 100_000_000 {
            "<$0.0001".to_owned()
        } else if pico.abs() < 100_000_000_000 {
            format!("${:.4}", self.dollars())
        } else {
            format!("${:.2}", self.dollars())
        }
    }

    /// Decimal dollars with exactly six places, half a micro-dollar rounded away from nothing (spec D2).
    pub fn six_places(self) -> String {
        let sign = if self.0 <= -500_000 { "-" } else { "" };
        let micro = (self.0.unsigned_abs() + 500_000) / 1_000_000;
        format!("{sign}{}.{:06}", micro / 1_000_000, micro % 1_000_000)
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "only for four digits on the screen"
    )]
    fn dollars(self) -> f64 {
        self.0 as f64 / 1e12
    }

    /// Parses decimal dollars (`"0.0123"`, also with an exponent as JSON numbers have it); `None` when it is no
    /// number or out of range. Digits below a pico-dollar are cut.
    pub fn parse(text: &str) -> Option<Money> {
        let text = text.trim();
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (sign, digits) = match mantissa.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, mantissa),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        if (whole.is_empty() && part.is_empty())
            || !whole
                .bytes()
                .chain(part.bytes())
                .all(|b| b.is_ascii_digit())
        {
            return None;
        }
        let mut value: i128 = 0;
        for b in whole.bytes().chain(part.bytes()).take(36) {
            value = value.checked_mul(10)?.checked_add(i128::from(b - b'0'))?;
        }
        let mut shift = 12 + exponent
            - i32::try_from(part.len().min(36_usize.saturating_sub(whole.len()))).ok()?;
        while shift > 0 && value != 0 {
            value = value.checked_mul(10)?;
            shift -= 1;
        }
        while shift < 0 && value != 0 {
            value /= 10;
            shift += 1;
        }
        i64::try_from(value * sign).ok().map(Money)
    }
}

/// Token counts of one request as the provider told them; `None` = not told (`wire.md` 9.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// All tokens of the request, those read from a cache included.
    pub input: Option<u64>,
    /// Part of `input` read from the provider's cache.
    pub cached: Option<u64>,
    /// Part of `input` written to the provider's cache.
    pub cache_write: Option<u64>,
    /// All tokens of the reply, reasoning included.
    pub output: Option<u64>,
    /// Part of `output` spent on reasoning.
    pub reasoning: Option<u64>,
    /// What the provider itself says it cost.
    pub cost: Option<Money>,
    /// Counted here instead of told by the provider.
    pub is_estimate: bool,
}

impl Usage {
    /// Takes over every figure that `newer` knows (the last told value wins).
    pub fn merge(&mut self, newer: Usage) {
        self.input = newer.input.or(self.input);
        self.cached = newer.cached.or(self.cached);
        self.cache_write = newer.cache_write.or(self.cache_write);
        self.output = newer.output.or(self.output);
        self.reasoning = newer.reasoning.or(self.reasoning);
        self.cost = newer.cost.or(self.cost);
        self.is_estimate = newer.is_estimate;
    }

    /// Input and output together; `None` when neither is known.
    pub fn total(&self) -> Option<u64> {
        match (self.input, self.output) {
            (None, None) => None,
            (input, output) => Some(input.unwrap_or(0) + output.unwrap_or(0)),
        }
    }
}

/// A price in pico-dollars a token; `None` = not known (spec A1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    pub input: Option<i64>,
    pub output: Option<i64>,
    /// Reading from the provider's cache; missing = `input`.
    pub cached: Option<i64>,
    /// Writing to the provider's cache; missing = `input`.
    pub cache_write: Option<i64>,
    /// Missing = `output`.
    pub reasoning: Option<i64>,
}

impl Price {
    /// What this usage costs (`wire.md` 9.2); `None` when a figure or a price it needs is missing: unknown is not 0.
    pub fn cost(&self, usage: &Usage) -> Option<Money> {
        let (input, output) = (usage.input?, usage.output?);
        let cached = usage.cached.unwrap_or(0).min(input);
        let written = usage.cache_write.unwrap_or(0).min(input - cached);
        let reasoning = usage.reasoning.unwrap_or(0).min(output);
        let (in_price, out_price) = (self.input?, self.output?);
        let parts = [
            (input - cached - written, in_price),
            (cached, self.cached.unwrap_or(in_price)),
            (written, self.cache_write.unwrap_or(in_price)),
            (output - reasoning, out_price),
            (reasoning, self.reasoning.unwrap_or(out_price)),
        ];
        let mut sum: i64 = 0;
        for (tokens, price) in parts {
            sum = sum.checked_add(i64::try_from(tokens).ok()?.checked_mul(price)?)?;
        }
        Some(Money(sum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cost_counts_each_kind_of_token_once() {
        // $2.50 and $10.00 a million tokens.
        let price = Price {
            input: Some(2_500_000),
            output: Some(10_000_000),
            cached: Some(1_250_000),
            ..Price::default()
        };
        let usage = Usage {
            input: Some(1000),
            cached: Some(400),
            output: Some(100),
            reasoning: Some(40),
            ..Usage::default()
        };
        assert_eq!(
            price.cost(&usage),
            Some(Money(600 * 2_500_000 + 400 * 1_250_000 + 100 * 10_000_000))
        );
        assert_eq!(
            price.cost(&Usage {
                output: None,
                ..usage
            }),
            None
        );
        assert_eq!(
            Price {
                output: None,
                ..price
            }
            .cost(&usage),
            None
        );
    }

    #[test]
    fn money_is_exact_both_ways() {
        for (pico, text) in [
            (0, "0"),
            (1, "0.000000000001"),
            (3_400_000_000, "0.0034"),
            (1_000_000_000_000, "1"),
            (12_340_000_000_000, "12.34"),
            (-500_000_000_000, "-0.5"),
        ] {
            assert_eq!(Money(pico).to_string(), text);
            assert_eq!(Money::parse(text), Some(Money(pico)), "{text}");
        }
        assert_eq!(Money::parse("2.5e-6"), Some(Money(2_500_000)));
        assert_eq!(Money::parse("1E2"), Some(Money(100_000_000_000_000)));
        for bad in ["", ".", "1.2.3", "abc", "1e", "99999999999999"] {
            assert_eq!(Money::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn six_places_are_rounded_not_cut() {
        for (pico, text) in [
            (0, "0.000000"),
            (499_999, "0.000000"),
            (500_000, "0.000001"),
            (-499_999, "0.000000"),
            (-500_000, "-0.000001"),
            (3_400_000_000, "0.003400"),
            (12_999_999_500_000, "13.000000"),
            (i64::MAX, "9223372.036855"),
            (i64::MIN, "-9223372.036855"),
        ] {
            assert_eq!(Money(pico).six_places(), text);
        }
    }

    #[test]
    fn a_later_count_wins_and_silence_changes_nothing() {
        let mut usage = Usage {
            input: Some(3),
            output: Some(1),
            ..Usage::default()
        };
        usage.merge(Usage {
            output: Some(9),
            ..Usage::default()
        });
        assert_eq!(
            (usage.input, usage.output, usage.total()),
            (Some(3), Some(9), Some(12))
        );
    }
}
