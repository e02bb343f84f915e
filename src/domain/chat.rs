//! What every wire speaks towards the engine: a provider-neutral request and the deltas of an answer (`wire.md` 0).

use serde::{Deserialize, Serialize};

use crate::domain::conversation::Sampling;
use crate::domain::message::{Finish, Role};
use crate::domain::model::ModelRef;
use crate::domain::usage::Usage;

/// What a request is for; the usage row keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    Turn,
    Title,
    /// A prompt is tried (spec L4).
    Try,
}

impl Purpose {
    /// The word in the store.
    pub fn word(self) -> &'static str {
        match self {
            Purpose::Turn => "turn",
            Purpose::Title => "title",
            Purpose::Try => "try",
        }
    }
}

/// One message of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    pub role: Role,
    pub text: String,
}

/// A request to a model, whole: nothing outside it changes what is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatRequest {
    pub model: ModelRef,
    pub purpose: Purpose,
    /// Instructions before everything else; empty = none.
    pub system: String,
    /// Oldest first, ends with a user message.
    pub messages: Vec<ChatMessage>,
    pub sampling: Sampling,
}

/// A piece of an answer, in the order it came. Text is only ever appended (`wire.md` 0).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delta {
    /// The headers are there; ids as far as they are known. May come again when the body tells more.
    Opened {
        request_id: Option<String>,
        response_id: Option<String>,
    },
    Text(String),
    Reasoning(String),
    /// Shown as answer text; the finish becomes a refusal.
    Refusal(String),
    /// One placeholder line, such as a tool the model asked for.
    Note(String),
    Usage(Usage),
    /// A sign of life without content.
    Alive,
    /// The reason the answer ended; usage may still follow.
    Finish(Finish),
}
