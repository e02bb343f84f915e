//! Models: their written form `provider/name`, and what is known of one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

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

/// What is known of a model: from a provider's listing, from use, or typed by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelSpec {
    pub model: ModelRef,
    /// Tokens the window holds; `None` = not known.
    pub context: Option<u64>,
    /// When its provider listed it; `None` = never, it was typed or named in the config.
    pub listed_at: Option<Millis>,
    /// When it was last asked something here.
    pub used_at: Option<Millis>,
    pub favourite: bool,
}

impl ModelSpec {
    /// A model of which only the name is known.
    pub fn named(model: ModelRef) -> Self {
        ModelSpec {
            model,
            context: None,
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
