//! What `--json` prints: the names are the contract with scripts (spec section 12, decisions 4.4). New ones may come,
//! none goes.

use serde::Serialize;

use crate::domain::conversation::Conversation;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::{ConversationId, MessageId};
use crate::domain::message::Message;
use crate::domain::model::ModelRef;
use crate::domain::record::{Tokens, tokens};

/// `started`: the rows of the turn are there.
#[derive(Serialize)]
pub struct Started<'a> {
    pub r#type: &'static str,
    pub conversation: ConversationId,
    pub question: Option<MessageId>,
    pub reply: MessageId,
    pub model: &'a ModelRef,
    pub created_at: String,
}

/// `text` or `reasoning`.
#[derive(Serialize)]
pub struct Piece<'a> {
    pub r#type: &'static str,
    pub delta: &'a str,
}

/// `waiting`.
#[derive(Serialize)]
pub struct Waiting<'a> {
    pub r#type: &'static str,
    /// Rounded up to tenths.
    pub seconds: f64,
    pub why: &'a str,
}

/// `error`.
#[derive(Serialize)]
pub struct Error<'a> {
    pub r#type: &'static str,
    pub kind: FailureKind,
    pub title: &'a str,
    pub detail: &'a str,
    pub remedy: &'a str,
}

/// `ended`.
#[derive(Serialize)]
pub struct Ended<'a> {
    pub r#type: &'static str,
    pub status: &'static str,
    pub finish: Option<String>,
    pub content: &'a str,
    pub model_used: Option<&'a ModelRef>,
    pub usage: Option<Tokens>,
    pub cost_usd: Option<String>,
    pub response_time_ms: Option<u64>,
    pub first_token_ms: Option<u64>,
    pub title: &'a str,
    pub message_count: u64,
    pub response_id: Option<&'a str>,
    pub created_at: String,
}

/// The error object.
pub fn error(failure: &Failure) -> Error<'_> {
    Error {
        r#type: "error",
        kind: failure.kind,
        title: &failure.title,
        detail: &failure.detail,
        remedy: &failure.remedy,
    }
}

/// The end of a turn.
pub fn ended<'a>(reply: &'a Message, conversation: &'a Conversation) -> Ended<'a> {
    Ended {
        r#type: "ended",
        status: reply.status.word(),
        finish: reply.finish.as_ref().map(ToString::to_string),
        content: &reply.content,
        model_used: reply.model.as_ref(),
        usage: reply.usage.map(tokens),
        cost_usd: reply.cost.map(|cost| cost.to_string()),
        response_time_ms: reply.total_ms,
        first_token_ms: reply.first_token_ms,
        title: &conversation.title,
        message_count: conversation.message_count,
        response_id: reply.response_id.as_deref(),
        created_at: reply.created_at.rfc3339(),
    }
}
