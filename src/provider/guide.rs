//! The built-in guide.

use crate::domain::chat::ChatRequest;
use crate::manual::Manual;

/// Answers questions about salon.
pub struct Guide {
    pace: GuidePace,
}

/// How fast the guide speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuidePace {
    WordsPerSecond(u32),
    AtOnce,
}

impl Guide {
    /// A guide that knows this manual.
    pub fn new(_manual: Manual, pace: GuidePace) -> Guide {
        Guide { pace }
    }

    /// The answer to the last question, as markdown.
    pub fn answer(&self, _request: &ChatRequest) -> String {
        "I do not know that.".to_owned()
    }

    /// How fast it speaks.
    pub fn pace(&self) -> GuidePace {
        self.pace
    }
}
