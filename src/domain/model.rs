//! Models: their written form `provider/name`, and what is known of one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::price::{CostBy, Tariff};
use crate::domain::when::Millis;

/// A model, written `provider/name`; split at the first `/`, so a name may hold more of them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelRef {
    pub provider: String,
    pub name: String,
}

/// The text is no `provider/name`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a model: write provider/name")]
pub struct BadModelRef(pub String);

/// The built-in guide, the model of a salon that has no other (spec M3).
pub const GUIDE: &str = "guide/tour";

impl ModelRef {
    /// A model of this provider.
    pub fn new(provider: impl Into<String>, name: impl Into<String>) -> Self {
        ModelRef {
            provider: provider.into(),
            name: name.into(),
        }
    }

    /// The built-in guide.
    pub fn guide() -> Self {
        ModelRef::new("guide", "tour")
    }

    /// Whether this is the built-in guide, which is not a language model.
    pub fn is_guide(&self) -> bool {
        self.provider == "guide"
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.name)
    }
}

impl fmt::Debug for ModelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ModelRef {
    type Err = BadModelRef;

    fn from_str(text: &str) -> Result<Self, BadModelRef> {
        match text.trim().split_once('/') {
            Some((provider, name)) if !provider.is_empty() && !name.is_empty() => {
                Ok(ModelRef::new(provider, name))
            }
            _ => Err(BadModelRef(text.to_owned())),
        }
    }
}

impl Serialize for ModelRef {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ModelRef {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// What a model can besides text; `None` = nobody said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Abilities {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pdf: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<bool>,
}

impl Abilities {
    /// What it certainly can, in words; text always.
    pub fn words(self) -> Vec<&'static str> {
        let told = [
            (Some(true), "text"),
            (self.images, "images"),
            (self.pdf, "pdf"),
            (self.reasoning, "reasoning"),
            (self.tools, "tools"),
        ];
        let can = told.into_iter().filter(|(can, _)| *can == Some(true));
        can.map(|(_, word)| word).collect()
    }

    /// These; what they do not tell is the weaker ones'.
    #[must_use]
    pub fn over(self, weaker: Abilities) -> Abilities {
        Abilities {
            images: self.images.or(weaker.images),
            pdf: self.pdf.or(weaker.pdf),
            reasoning: self.reasoning.or(weaker.reasoning),
            tools: self.tools.or(weaker.tools),
        }
    }
}

/// What a listing or the shipped table says of a model; `None` = it does not say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Tokens the window holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<u64>,
    /// The longest answer, in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output: Option<u64>,
    pub abilities: Abilities,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tariff: Option<Tariff>,
    /// Who made it or serves it, in the listing's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The day its provider takes it out of service, `2026-11-30`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<String>,
}

impl Facts {
    /// These; what they do not tell is the weaker ones'. A tariff that prices a request stands alone.
    #[must_use]
    pub fn over(self, weaker: &Facts) -> Facts {
        let tariff = match self.tariff {
            Some(tariff) => Some(tariff.over(weaker.tariff.as_ref())),
            None => weaker.tariff.clone(),
        };
        Facts {
            context: self.context.or(weaker.context),
            max_output: self.max_output.or(weaker.max_output),
            abilities: self.abilities.over(weaker.abilities),
            tariff,
            owner: self.owner.or_else(|| weaker.owner.clone()),
            ends: self.ends.or_else(|| weaker.ends.clone()),
        }
    }
}

/// What is known of a model: from a provider's listing, from the shipped table, from use, or typed by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelSpec {
    pub model: ModelRef,
    pub facts: Facts,
    /// Who says the tariff in `facts`; `None` = there is none.
    pub tariff_by: Option<CostBy>,
    /// When its provider listed it; `None` = never, it was typed or named in the config.
    pub listed_at: Option<Millis>,
    /// When it was last asked something here.
    pub used_at: Option<Millis>,
    pub favourite: bool,
}

impl ModelSpec {
    /// A model of which only the name is known.
    pub fn named(model: ModelRef) -> Self {
        ModelSpec::with(model, Facts::default())
    }

    /// A model that this is said of.
    pub fn with(model: ModelRef, facts: Facts) -> Self {
        ModelSpec {
            model,
            facts,
            tariff_by: None,
            listed_at: None,
            used_at: None,
            favourite: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_split_at_the_first_slash() {
        let model: ModelRef = "openrouter/openai/gpt-4o".parse().unwrap();
        assert_eq!(model, ModelRef::new("openrouter", "openai/gpt-4o"));
        assert_eq!(model.to_string(), "openrouter/openai/gpt-4o");
        for bad in ["", "gpt-4o", "/x", "x/", " / "] {
            assert!(bad.parse::<ModelRef>().is_err(), "{bad:?}");
        }
    }
}
