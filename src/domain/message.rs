//! Messages: questions and replies, the state a reply is in and why it ended.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::failure::Failure;
use crate::domain::id::{ConversationId, MessageId, PersonaId, PromptId};
use crate::domain::model::ModelRef;
use crate::domain::usage::{Money, Usage};
use crate::domain::when::Millis;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    User,
    Assistant,
    System,
}

/// The state of a message (decisions 2.9). A field, never words in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A question whose reply has no word yet, or that was taken back.
    Unsent,
    /// A reply being written.
    Streaming,
    Complete,
    /// The user stopped it.
    Stopped,
    /// The transport ended it: socket, silence, an end without a reason, a kill.
    Interrupted,
    /// The server said an error in the stream.
    Failed,
}

impl Status {
    /// The word in the store and in `--json`.
    pub fn word(self) -> &'static str {
        match self {
            Status::Unsent => "unsent",
            Status::Streaming => "streaming",
            Status::Complete => "complete",
            Status::Stopped => "stopped",
            Status::Interrupted => "interrupted",
            Status::Failed => "failed",
        }
    }

    /// The status of that word.
    pub fn of(word: &str) -> Option<Status> {
        [
            Status::Unsent,
            Status::Streaming,
            Status::Complete,
            Status::Stopped,
            Status::Interrupted,
            Status::Failed,
        ]
        .into_iter()
        .find(|status| status.word() == word)
    }

    /// Whether a reply ended before the model had finished: retry, continue and edit are offered.
    pub fn is_cut(self) -> bool {
        matches!(self, Status::Stopped | Status::Interrupted | Status::Failed)
    }
}

impl Role {
    /// The word in the store, on the wires and in `--json`.
    pub fn word(self) -> &'static str {
        match self {
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::System => "system",
        }
    }

    /// The role of that word.
    pub fn of(word: &str) -> Option<Role> {
        [Role::User, Role::Assistant, Role::System]
            .into_iter()
            .find(|role| role.word() == word)
    }
}

/// Why a reply ended, as the wire said it (decisions 2.9, `wire.md` 3.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Finish {
    Stop,
    /// Cut by a token limit: complete, with a badge.
    Length,
    /// Cut by the provider's content filter.
    Filter,
    /// The model refused.
    Refusal,
    /// Anything else, in the wire's own word.
    Other(String),
}

impl fmt::Display for Finish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finish::Stop => f.write_str("stop"),
            Finish::Length => f.write_str("length"),
            Finish::Filter => f.write_str("filter"),
            Finish::Refusal => f.write_str("refusal"),
            Finish::Other(word) => write!(f, "other:{word}"),
        }
    }
}

impl From<Finish> for String {
    fn from(finish: Finish) -> String {
        finish.to_string()
    }
}

impl From<String> for Finish {
    fn from(word: String) -> Finish {
        match word.as_str() {
            "stop" => Finish::Stop,
            "length" => Finish::Length,
            "filter" => Finish::Filter,
            "refusal" => Finish::Refusal,
            _ => Finish::Other(
                word.strip_prefix("other:")
                    .map_or(word.clone(), str::to_owned),
            ),
        }
    }
}

/// A message, whole, as it stands in the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub id: MessageId,
    pub conversation: ConversationId,
    /// The message before it on its branch.
    pub parent: Option<MessageId>,
    pub role: Role,
    pub status: Status,
    pub finish: Option<Finish>,
    pub failure: Option<Failure>,
    /// The words, exactly as they came.
    pub content: String,
    /// The model asked (a reply) or chosen for the reply (a question).
    pub model: Option<ModelRef>,
    /// The persona that spoke (a reply) or was spoken to (a question).
    pub persona: Option<PersonaId>,
    /// The prompt and version the text was made from.
    pub prompt: Option<(PromptId, u32)>,
    /// How long the model reasoned; `Some` exactly when reasoning is stored.
    pub thinking_ms: Option<u64>,
    /// From the request to the first word.
    pub first_token_ms: Option<u64>,
    /// From the request to the end.
    pub total_ms: Option<u64>,
    pub usage: Option<Usage>,
    /// What it cost; `None` = not known, never 0 for that.
    pub cost: Option<Money>,
    /// The provider's id of the answer.
    pub response_id: Option<String>,
    /// The provider's id of the request, for its support.
    pub request_id: Option<String>,
    pub created_at: Millis,
}

impl Message {
    /// A fresh question, not yet sent.
    pub fn question(
        id: MessageId,
        conversation: ConversationId,
        parent: Option<MessageId>,
        text: String,
        at: Millis,
    ) -> Self {
        Message {
            id,
            conversation,
            parent,
            role: Role::User,
            status: Status::Unsent,
            finish: None,
            failure: None,
            content: text,
            model: None,
            persona: None,
            prompt: None,
            thinking_ms: None,
            first_token_ms: None,
            total_ms: None,
            usage: None,
            cost: None,
            response_id: None,
            request_id: None,
            created_at: at,
        }
    }

    /// A fresh, empty reply of this model under a question.
    pub fn reply(id: MessageId, question: &Message, model: ModelRef, at: Millis) -> Self {
        Message {
            role: Role::Assistant,
            status: Status::Streaming,
            model: Some(model),
            ..Message::question(
                id,
                question.conversation,
                Some(question.id),
                String::new(),
                at,
            )
        }
    }
}

/// A message as a branch shows it: with its place among its siblings, `‹2/3›`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    pub message: Message,
    /// From 1.
    pub place: u32,
    pub of: u32,
    /// Another running salon is writing it.
    pub is_elsewhere: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_states_round_trip() {
        for status in [
            Status::Unsent,
            Status::Streaming,
            Status::Complete,
            Status::Stopped,
            Status::Interrupted,
            Status::Failed,
        ] {
            assert_eq!(Status::of(status.word()), Some(status));
        }
        for finish in [
            Finish::Stop,
            Finish::Length,
            Finish::Filter,
            Finish::Refusal,
            Finish::Other("eos".into()),
        ] {
            assert_eq!(Finish::from(String::from(finish.clone())), finish);
        }
        assert_eq!(Status::of("cancelled"), None);
        assert_eq!(Role::of("tool"), None);
    }
}
