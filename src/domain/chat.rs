//! What every wire speaks towards the engine: a provider-neutral request and the deltas of an answer (`wire.md` 0).

use serde::{Deserialize, Serialize};

use crate::domain::conversation::Sampling;
use crate::domain::id::ConversationId;
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
    /// A look whether the model answers at all.
    Probe,
}

impl Purpose {
    /// The word in the store.
    pub fn word(self) -> &'static str {
        match self {
            Purpose::Turn => "turn",
            Purpose::Title => "title",
            Purpose::Try => "try",
            Purpose::Probe => "probe",
        }
    }
}

/// A file that goes with a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// Such as `image/png`.
    pub media_type: String,
    pub name: String,
    /// Its bytes in base64, with padding.
    pub base64: String,
}

impl Attached {
    /// Whether the model is to look at it as a picture.
    pub fn is_image(&self) -> bool {
        self.media_type.starts_with("image/")
    }

    /// It as an address that holds its bytes.
    pub fn data_url(&self) -> String {
        format!("data:{};base64,{}", self.media_type, self.base64)
    }
}

/// One message of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    pub role: Role,
    pub text: String,
    /// Only a user's message has any.
    pub attachments: Vec<Attached>,
}

impl ChatMessage {
    /// A message of words alone.
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        ChatMessage {
            role,
            text: text.into(),
            attachments: Vec::new(),
        }
    }
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
    /// The conversation it belongs to: requests of one share the provider's cache (`wire.md` 1.1).
    pub conversation: Option<ConversationId>,
    /// The provider's own conversation, `conv_…`, which holds all before `messages` and keeps this turn too
    /// (`wire.md` 2.1); `None` = the provider keeps nothing.
    pub thread: Option<String>,
}

impl ChatRequest {
    /// A request of these messages, without instructions and settings.
    pub fn new(model: ModelRef, purpose: Purpose, messages: Vec<ChatMessage>) -> Self {
        ChatRequest {
            model,
            purpose,
            system: String::new(),
            messages,
            sampling: Sampling::default(),
            conversation: None,
            thread: None,
        }
    }
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
