//! What `--json` prints: the names are the contract with scripts (spec section 12, decisions 4.4). New ones may come,
//! none goes.

use std::ops::Range;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::conversation::Conversation;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::{ConversationId, MessageId};
use crate::domain::message::Message;
use crate::domain::model::ModelRef;
use crate::domain::search::{Group, Hit};
use crate::domain::usage::Usage;

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

/// What `search` prints for a hit; a title has neither message nor role, and the time of its conversation.
#[derive(Serialize)]
pub struct Match<'a> {
    pub conversation: ConversationId,
    pub title: &'a str,
    pub message: Option<MessageId>,
    pub role: Option<&'static str>,
    pub created_at: String,
    pub snippet: &'a str,
    /// Bytes of the snippet.
    pub hits: Vec<[usize; 2]>,
}

/// `usage`.
#[derive(Serialize)]
pub struct Tokens {
    pub input_tokens: Option<u64>,
    pub output_tokens: Option<u64>,
    pub cached_tokens: Option<u64>,
    pub reasoning_tokens: Option<u64>,
    pub total_tokens: Option<u64>,
    /// Counted here, not told by the provider.
    pub is_estimate: bool,
}

/// A conversation's line.
#[derive(Serialize)]
pub struct Row<'a> {
    pub id: ConversationId,
    pub title: &'a str,
    pub project: Option<&'a str>,
    pub persona: Option<&'a str>,
    pub model: &'a ModelRef,
    pub message_count: u64,
    pub total_tokens_input: u64,
    pub total_tokens_output: u64,
    pub cost_usd: Option<String>,
    pub summary: Option<&'a str>,
    pub created_at: String,
    pub updated_at: String,
    pub pinned: bool,
    pub archived: bool,
    pub trashed: bool,
    pub tags: &'a [String],
    pub metadata: Value,
}

/// A message's line.
#[derive(Serialize)]
pub struct Line<'a> {
    pub id: MessageId,
    pub conversation: ConversationId,
    pub parent: Option<MessageId>,
    pub role: &'static str,
    pub status: &'static str,
    pub finish: Option<String>,
    pub text: &'a str,
    pub model: Option<&'a ModelRef>,
    pub created_at: String,
    pub usage: Option<Tokens>,
    pub cost_usd: Option<String>,
    pub attachments: [Value; 0],
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

pub fn tokens(usage: Usage) -> Tokens {
    Tokens {
        input_tokens: usage.input,
        output_tokens: usage.output,
        cached_tokens: usage.cached,
        reasoning_tokens: usage.reasoning,
        total_tokens: usage.total(),
        is_estimate: usage.is_estimate,
    }
}

/// A conversation and the name of its persona. Its cost is null when no request of it has a known price.
pub fn conversation<'a>(row: &'a Conversation, persona: Option<&'a str>) -> Row<'a> {
    let is_unknown = row.cost.0 == 0 && row.unpriced > 0;
    Row {
        id: row.id,
        title: &row.title,
        project: None,
        persona,
        model: &row.model,
        message_count: row.message_count,
        total_tokens_input: row.tokens_in,
        total_tokens_output: row.tokens_out,
        cost_usd: (!is_unknown).then(|| row.cost.to_string()),
        summary: None,
        created_at: row.created_at.rfc3339(),
        updated_at: row.active_at.rfc3339(),
        pinned: row.pinned_at.is_some(),
        archived: row.archived_at.is_some(),
        trashed: row.trashed_at.is_some(),
        tags: &row.tags,
        metadata: if row.metadata.is_object() {
            row.metadata.clone()
        } else {
            Value::Object(Map::new())
        },
    }
}

/// A message that a search found.
pub fn hit<'a>(group: &'a Group, hit: &'a Hit) -> Match<'a> {
    Match {
        conversation: group.conversation,
        title: &group.title,
        message: Some(hit.message),
        role: Some(hit.role.word()),
        created_at: hit.created_at.rfc3339(),
        snippet: &hit.snippet.text,
        hits: ends(&hit.snippet.marks),
    }
}

/// A title that a search found.
pub fn title_hit(group: &Group) -> Match<'_> {
    Match {
        conversation: group.conversation,
        title: &group.title,
        message: None,
        role: None,
        created_at: group.created_at.rfc3339(),
        snippet: &group.title,
        hits: ends(&group.title_marks),
    }
}

fn ends(marks: &[Range<usize>]) -> Vec<[usize; 2]> {
    marks.iter().map(|mark| [mark.start, mark.end]).collect()
}

/// A message.
pub fn message(message: &Message) -> Line<'_> {
    Line {
        id: message.id,
        conversation: message.conversation,
        parent: message.parent,
        role: message.role.word(),
        status: message.status.word(),
        finish: message.finish.as_ref().map(ToString::to_string),
        text: &message.content,
        model: message.model.as_ref(),
        created_at: message.created_at.rfc3339(),
        usage: message.usage.map(tokens),
        cost_usd: message.cost.map(|cost| cost.to_string()),
        attachments: [],
    }
}
