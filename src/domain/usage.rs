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
    /// The money for so many pico-dollars a token, a million tokens.
    pub fn of_million(pico: i64) -> Money {
        Money(pico.saturating_mul(1_000_000))
    }

    /// Dollars for people who compare prices: `$2.50`, `$0.075`; at least two digits after the point.
    pub fn price(self) -> String {
        let text = self.to_string();
        let digits = text.split_once('.').map_or(0, |(_, part)| part.len());
        match digits {
            0 => format!("${text}.00"),
            1 => format!("${text}0"),
            _ => format!("${text}"),
        }
    }

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
    /// Part of `cache_write` that the provider keeps for an hour or longer.
    pub cache_write_long: Option<u64>,
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
        self.cache_write_long = newer.cache_write_long.or(self.cache_write_long);
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

/// What several requests cost together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Of those whose cost is known.
    pub cost: Money,
    /// Requests whose cost nobody knows.
    pub unpriced: u64,
    /// Input and output of all of them.
    pub tokens: u64,
}

impl Spent {
    /// `$0.42`; `$0.42 and more` while the cost of some is not known, their tokens when nothing has a cost; empty when
    /// there is nothing to say.
    pub fn words(&self) -> String {
        match (self.cost.0 > 0, self.unpriced > 0) {
            (true, false) => self.cost.short(),
            (true, true) => format!("{} and more", self.cost.short()),
            (false, true) => format!("{} tok", count(self.tokens)),
            (false, false) => String::new(),
        }
    }
}

/// A count in words: `840`, `3.1 k`, `128 k`, `1.2 M`.
pub fn count(n: u64) -> String {
    match n {
        0..1_000 => n.to_string(),
        1_000..10_000 => format!("{}.{} k", n / 1_000, n % 1_000 / 100),
        10_000..1_000_000 => format!("{} k", n / 1_000),
        _ => format!("{}.{} M", n / 1_000_000, n % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_spent_is_said_as_far_as_it_is_known() {
        let spent = |cost, unpriced| Spent {
            cost: Money(cost),
            unpriced,
            tokens: 3_140,
        };
        for (spent, words) in [
            (spent(420_000_000_000, 0), "$0.42"),
            (spent(420_000_000_000, 2), "$0.42 and more"),
            (spent(0, 1), "3.1 k tok"),
            (spent(0, 0), ""),
        ] {
            assert_eq!(spent.words(), words);
        }
        for (n, words) in [(999, "999"), (12_345, "12 k"), (1_250_000, "1.2 M")] {
            assert_eq!(count(n), words);
        }
        assert_eq!(Money::of_million(2_500_000).price(), "$2.50");
        assert_eq!(Money::of_million(75_000).price(), "$0.075");
        assert_eq!(Money::of_million(10_000_000).price(), "$10.00");
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
