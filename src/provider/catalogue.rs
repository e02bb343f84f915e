//! The table of well-known models shipped with salon: windows, abilities, dated prices (`wire.md` 9.3).
//!
//! `assets/models.tsv` is made by `cargo run --example catalogue`. A line is a model; columns are parted by tabs, and `-`
//! stands for what is not known. Prices are dollars for a million tokens.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::domain::model::{Abilities, Facts};
use crate::domain::price::{Price, Tariff, Tier};
use crate::domain::usage::Money;
use crate::domain::when::Millis;

/// The table as it is shipped.
const SHIPPED: &str = include_str!("../../assets/models.tsv");

/// The names of the columns, as the first line that is no comment has them.
pub const COLUMNS: &str = "vendor\tmodel\tcontext\tmax_output\tabilities\tinput\toutput\tcached\tcache_write\tcache_write_long\treasoning\ttiers\tends";

/// Who makes or sells models under addresses of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Vendor {
    OpenAi,
    Anthropic,
    Gemini,
    Groq,
    DeepSeek,
    Mistral,
    Together,
    XAi,
}

/// Each vendor with its word in the table and the hosts of its own addresses.
const VENDORS: [(Vendor, &str, &[&str]); 8] = [
    (Vendor::OpenAi, "openai", &["api.openai.com"]),
    (Vendor::Anthropic, "anthropic", &["api.anthropic.com"]),
    (
        Vendor::Gemini,
        "gemini",
        &["generativelanguage.googleapis.com"],
    ),
    (Vendor::Groq, "groq", &["api.groq.com"]),
    (Vendor::DeepSeek, "deepseek", &["api.deepseek.com"]),
    (Vendor::Mistral, "mistral", &["api.mistral.ai"]),
    (
        Vendor::Together,
        "together_ai",
        &["api.together.xyz", "api.together.ai"],
    ),
    (Vendor::XAi, "xai", &["api.x.ai"]),
];

impl Vendor {
    /// Whose address this host is; its port does not matter.
    pub fn of(host: &str) -> Option<Vendor> {
        let host = host.split(':').next().unwrap_or(host);
        let found = VENDORS.iter().find(|(.., hosts)| hosts.contains(&host));
        found.map(|(vendor, ..)| *vendor)
    }

    /// The vendor of this word.
    pub fn named(word: &str) -> Option<Vendor> {
        let found = VENDORS.iter().find(|(_, name, _)| *name == word);
        found.map(|(vendor, ..)| *vendor)
    }

    /// The word in the table.
    pub fn word(self) -> &'static str {
        let found = VENDORS.iter().find(|(vendor, ..)| *vendor == self);
        found.map_or("", |(_, word, _)| word)
    }

    /// Whether its listing names models that do not chat and does not say so.
    pub fn lists_everything(self) -> bool {
        matches!(
            self,
            Vendor::OpenAi | Vendor::Gemini | Vendor::Groq | Vendor::XAi
        )
    }
}

/// A resold model's name before its slash, and whose it is. A reseller's prices are its own.
const RESOLD: [(&str, Vendor); 5] = [
    ("openai", Vendor::OpenAi),
    ("google", Vendor::Gemini),
    ("x-ai", Vendor::XAi),
    ("mistralai", Vendor::Mistral),
    ("deepseek", Vendor::DeepSeek),
];

/// What is shipped of this model at this host: by its name, else by its name without a date. Names are never guessed.
pub fn find(host: &str, name: &str) -> Option<Facts> {
    static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(SHIPPED));
    TABLE.find(host, name)
}

/// The models of a table by vendor and name.
#[derive(Debug, Default)]
pub struct Table {
    /// The day its prices were taken down.
    pub at: Option<Millis>,
    rows: HashMap<(Vendor, String), Facts>,
}

impl Table {
    /// Reads a table; lines that are none are passed over.
    pub fn read(text: &str) -> Table {
        let mut table = Table::default();
        for line in text.lines() {
            if let Some(day) = line.strip_prefix("# prices of ") {
                table.at = Millis::of_day(day.trim());
            }
            if let Some((vendor, name, facts)) = parse(line, table.at) {
                table.rows.insert((vendor, name.to_owned()), facts);
            }
        }
        table
    }

    /// How many models it has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// As the free `find`.
    pub fn find(&self, host: &str, name: &str) -> Option<Facts> {
        if let Some(vendor) = Vendor::of(host) {
            return self.of(vendor, name).cloned();
        }
        let host = host.split(':').next().unwrap_or(host);
        let is_azure =
            host.ends_with(".openai.azure.com") || host.ends_with(".services.ai.azure.com");
        let (vendor, name) = match name.split_once('/') {
            _ if is_azure => (Vendor::OpenAi, name),
            Some((maker, name)) if host == "openrouter.ai" => {
                let (_, vendor) = RESOLD.iter().find(|(word, _)| *word == maker)?;
                (*vendor, name)
            }
            Some(_) | None => return None,
        };
        let facts = self.of(vendor, name)?.clone();
        Some(Facts {
            tariff: None,
            ends: None,
            ..facts
        })
    }

    fn of(&self, vendor: Vendor, name: &str) -> Option<&Facts> {
        let get = |name: &str| self.rows.get(&(vendor, name.to_owned()));
        get(name).or_else(|| get(without_date(name)?))
    }
}

/// `gpt-5.4-2026-03-05`, `claude-opus-4-6-20260205` and `m@latest` without their ends; `None` when there is none.
fn without_date(name: &str) -> Option<&str> {
    if let Some(name) = name.strip_suffix("@latest") {
        return Some(name);
    }
    let is_date = |end: &str| {
        let is_long = end.len() == 11 && [5, 8].iter().all(|at| end.as_bytes()[*at] == b'-');
        let digits = end.bytes().filter(u8::is_ascii_digit).count();
        end.starts_with('-') && digits == 8 && (is_long || end.len() == 9)
    };
    [11, 9].iter().find_map(|length| {
        let at = name.len().checked_sub(*length)?;
        let end = name.get(at..)?;
        is_date(end).then(|| &name[..at])
    })
}

/// A line as vendor, name and facts.
fn parse(line: &str, at: Option<Millis>) -> Option<(Vendor, &str, Facts)> {
    let cells: Vec<&str> = line.split('\t').collect();
    let [vendor, name, context, max_output, can, rest @ ..] = cells.as_slice() else {
        return None;
    };
    let [
        input,
        output,
        cached,
        cache_write,
        cache_write_long,
        reasoning,
        tiers,
        ends,
    ] = rest
    else {
        return None;
    };
    let has = |word: &str| Some(can.split(',').any(|one| one == word));
    let price = Price {
        input: dollars(input),
        output: dollars(output),
        cached: dollars(cached),
        cache_write: dollars(cache_write),
        cache_write_long: dollars(cache_write_long),
        reasoning: dollars(reasoning),
    };
    let tariff = price.is_whole().then(|| Tariff {
        from: at,
        price,
        tiers: tiers.split(' ').filter_map(tier).collect(),
    });
    let facts = Facts {
        context: context.parse().ok(),
        max_output: max_output.parse().ok(),
        abilities: Abilities {
            images: has("images"),
            pdf: has("pdf"),
            reasoning: has("reasoning"),
            tools: has("tools"),
        },
        tariff,
        owner: None,
        ends: (*ends != "-").then(|| (*ends).to_owned()),
    };
    Some((Vendor::named(vendor)?, name, facts))
}

/// `200000=2.5/15/0.25/-`: above so many tokens the prices of input, output, cached, cache write.
fn tier(text: &str) -> Option<Tier> {
    let (above, prices) = text.split_once('=')?;
    let mut prices = prices.split('/').map(dollars);
    let mut next = || prices.next().flatten();
    Some(Tier {
        above: above.parse().ok()?,
        price: Price {
            input: next(),
            output: next(),
            cached: next(),
            cache_write: next(),
            ..Price::default()
        },
    })
}

/// Dollars for a million tokens as pico-dollars a token.
fn dollars(text: &str) -> Option<i64> {
    Some(Money::parse(text)?.0 / 1_000_000)
}

/// The line of a model, without its end.
pub fn line(vendor: Vendor, name: &str, facts: &Facts) -> String {
    let number = |n: Option<u64>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
    let money = |pico: Option<i64>| {
        pico.map_or_else(|| "-".to_owned(), |p| Money::of_million(p).to_string())
    };
    let tariff = facts.tariff.clone().unwrap_or_default();
    let price = tariff.price;
    let mut tiers: Vec<Tier> = tariff.tiers;
    tiers.sort_by_key(|tier| tier.above);
    let tiers: Vec<String> = tiers
        .iter()
        .map(|Tier { above, price: p }| {
            let prices = [p.input, p.output, p.cached, p.cache_write].map(money);
            format!("{above}={}", prices.join("/"))
        })
        .collect();
    let tiers = match tiers.join(" ") {
        none if none.is_empty() => "-".to_owned(),
        some => some,
    };
    [
        vendor.word().to_owned(),
        name.to_owned(),
        number(facts.context),
        number(facts.max_output),
        facts.abilities.words().join(","),
        money(price.input),
        money(price.output),
        money(price.cached),
        money(price.cache_write),
        money(price.cache_write_long),
        money(price.reasoning),
        tiers,
        facts.ends.clone().unwrap_or_else(|| "-".to_owned()),
    ]
    .join("\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_again_what_it_was_read_from() {
        let text = "gemini\tm\t1048576\t65536\ttext,images,reasoning\t1.25\t10\t0.125\t-\t-\t-\t200000=2.5/15/0.25/-\t2026-12-31";
        let (vendor, name, facts) = parse(text, None).unwrap();
        assert_eq!(line(vendor, name, &facts), text);
        assert_eq!(COLUMNS.split('\t').count(), text.split('\t').count());
        let tariff = facts.tariff.unwrap();
        assert_eq!(tariff.price.input, Some(1_250_000));
        assert_eq!(tariff.tiers[0].above, 200_000);
        assert_eq!(tariff.tiers[0].price.output, Some(15_000_000));
        assert_eq!(facts.abilities.words(), ["text", "images", "reasoning"]);
        for none in [
            "",
            "# a comment",
            COLUMNS,
            "openai\tm",
            "nobody\tm\t-\t-\ttext\t-\t-\t-\t-\t-\t-\t-\t-",
        ] {
            assert!(parse(none, None).is_none(), "{none:?}");
        }
        let (_, _, bare) = parse("openai\tm\t-\t-\ttext\t1\t-\t-\t-\t-\t-\t-\t-", None).unwrap();
        assert_eq!((bare.context, bare.tariff), (None, None));
    }

    #[test]
    fn a_date_at_the_end_of_a_name_is_left_out_once() {
        for (name, bare) in [
            ("gpt-5.4-2026-03-05", Some("gpt-5.4")),
            ("claude-opus-4-6-20260205", Some("claude-opus-4-6")),
            ("m@latest", Some("m")),
            ("gpt-4o", None),
            ("gpt-4-0613", None),
            ("m-20260205x", None),
            ("größe-2026", None),
        ] {
            assert_eq!(without_date(name), bare, "{name}");
        }
    }

    #[test]
    fn the_shipped_table_knows_the_well_known_models() {
        let table = Table::read(SHIPPED);
        assert!(table.len() > 250, "{}", table.len());
        assert!(table.at > Millis::of_day("2026-01-01"));
        let gpt = table.find("api.openai.com", "gpt-4o").unwrap();
        assert_eq!((gpt.context, gpt.max_output), (Some(128_000), Some(16_384)));
        let price = gpt.tariff.unwrap().price;
        assert_eq!(
            (price.input, price.output, price.cached),
            (Some(2_500_000), Some(10_000_000), Some(1_250_000))
        );
        let claude = table
            .find("api.anthropic.com:443", "claude-sonnet-4-5-20250929")
            .unwrap();
        let price = claude.tariff.unwrap().price;
        assert_eq!(
            (price.cache_write, price.cache_write_long),
            (Some(3_750_000), Some(6_000_000))
        );
        assert_eq!(
            claude.abilities.words(),
            ["text", "images", "pdf", "reasoning", "tools"]
        );
        for vendor in VENDORS {
            let has = table.rows.keys().any(|(one, _)| *one == vendor.0);
            assert!(has, "{vendor:?}");
        }
        assert_eq!(table.find("api.openai.com", "gpt-4o-nonsense"), None);
        assert_eq!(table.find("llm.example.org", "gpt-4o"), None);
    }

    #[test]
    fn a_reseller_has_its_own_prices() {
        let table = Table::read(SHIPPED);
        for (host, name) in [
            ("openrouter.ai", "openai/gpt-4o"),
            ("lab.openai.azure.com", "gpt-4o"),
        ] {
            let facts = table.find(host, name).unwrap();
            assert_eq!((facts.context, facts.tariff), (Some(128_000), None));
        }
        assert_eq!(table.find("openrouter.ai", "gpt-4o"), None);
    }
}
