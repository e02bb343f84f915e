//! Prompts: templates of the library (spec section 5).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::conversation::Sampling;
use crate::domain::failure::Failure;
use crate::domain::id::{ConversationId, MessageId, PersonaId, PromptId};
use crate::domain::message::{Finish, Status};
use crate::domain::model::ModelRef;
use crate::domain::usage::{Money, Usage};
use crate::domain::when::Millis;

/// Longest title, in characters.
pub const TITLE: usize = 200;

/// What a person writes of a prompt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sheet {
    /// One line, 1 to `TITLE` characters; no other prompt of the user outside the trash has it.
    pub title: String,
    pub content: String,
    /// The group it stands in; empty = none.
    pub scenario: String,
    /// One line.
    pub description: String,
    pub tags: Vec<String>,
    /// Free JSON object.
    pub metadata: serde_json::Map<String, serde_json::Value>,
}

/// A prompt. Shipped ones have fixed ids and version 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prompt {
    pub id: PromptId,
    /// 1, and one more with each change of title or content.
    pub version: u32,
    pub sheet: Sheet,
    /// Shipped with salon: can be hidden and copied, not edited.
    pub is_template: bool,
    /// Shipped ones have no times.
    pub created_at: Option<Millis>,
    pub updated_at: Option<Millis>,
    pub trashed_at: Option<Millis>,
}

/// A prompt and its use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromptListed {
    pub prompt: Prompt,
    /// How often it was put into a composer or printed by `salon prompts use`.
    pub uses: u64,
    pub last_at: Option<Millis>,
    /// The values of its fields when it was last used.
    pub last_values: BTreeMap<String, String>,
    /// A shipped one the user does not want to see.
    pub is_hidden: bool,
}

impl PromptListed {
    /// A prompt that was never used.
    pub fn unused(prompt: Prompt) -> PromptListed {
        PromptListed {
            prompt,
            uses: 0,
            last_at: None,
            last_values: BTreeMap::new(),
            is_hidden: false,
        }
    }
}

/// An earlier state of a prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromptVersion {
    pub version: u32,
    pub title: String,
    pub content: String,
    pub created_at: Millis,
}

/// A message that was made from a prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromptUse {
    pub conversation: ConversationId,
    /// The conversation's title.
    pub title: String,
    pub message: MessageId,
    pub version: u32,
    pub at: Millis,
}

/// What a trial asks: a text, and of whom (spec L4). Nothing of it is kept but its usage row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The filled text.
    pub text: String,
    /// Whose model, temperature and system text hold; `None` = those of a new conversation.
    pub conversation: Option<ConversationId>,
    /// The persona of a new conversation.
    pub persona: Option<PersonaId>,
    /// Another model for this trial.
    pub model: Option<ModelRef>,
    /// Over the conversation's.
    pub sampling: Sampling,
}

/// How a trial ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialEnd {
    /// The model that answered.
    pub model: ModelRef,
    /// Complete, stopped, interrupted or failed.
    pub status: Status,
    pub finish: Option<Finish>,
    pub failure: Option<Failure>,
    pub usage: Option<Usage>,
    /// `None` = not known.
    pub cost: Option<Money>,
    /// From the request to the end, in milliseconds.
    pub total_ms: u64,
}
