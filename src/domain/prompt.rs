//! Prompts: templates of the library.

use serde::{Deserialize, Serialize};

use crate::domain::id::PromptId;

/// A prompt. Shipped ones have fixed ids and version 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    pub id: PromptId,
    pub version: u32,
    pub title: String,
    /// The group it stands in.
    pub scenario: String,
    /// One line.
    pub description: String,
    pub tags: Vec<String>,
    pub content: String,
    /// Shipped with salon.
    pub is_template: bool,
}
