//! A conversation as lines of JSON, for `--json` and for exports: the names are the contract with scripts (spec
//! section 12, decisions 4.4). New ones may come, none goes.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::clean::Clean;
use crate::domain::conversation::Conversation;
use crate::domain::id::{ConversationId, MessageId, PersonaId};
use crate::domain::message::{Message, Shown};
use crate::domain::model::ModelRef;
use crate::domain::usage::Usage;

/// The names of personas.
pub type Names = BTreeMap<PersonaId, String>;

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
    /// Its own instructions; empty = none.
    pub system: &'a str,
    pub temperature: Option<f64>,
    pub max_tokens: Option<u32>,
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
    /// The last message of the branch that is shown.
    pub tip: Option<MessageId>,
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

/// The counts as they are printed.
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
        system: &row.system,
        temperature: row.sampling.temperature,
        max_tokens: row.sampling.max_output_tokens,
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
        tip: row.tip,
    }
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

/// The conversation's line, then a line for each message, each with its line end.
pub fn lines(row: &Conversation, messages: &[Shown], names: &Names) -> String {
    let persona = row.persona.and_then(|id| names.get(&id));
    let mut all = line(&conversation(row, persona.map(String::as_str)));
    for shown in messages {
        all.push_str(&line(&message(&shown.message)));
    }
    all
}

/// An object on a line of its own, with its line end. What could drive a terminal and is left raw by JSON is written as
/// `\u....`; such characters stand in strings only.
pub fn line(object: &impl Serialize) -> String {
    let mut line = match serde_json::to_string(object) {
        Ok(json) if json.contains(Clean::changes) => escaped(&json),
        Ok(json) => json,
        Err(_) => return String::new(),
    };
    line.push('\n');
    line
}

fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + 16);
    let mut units = [0; 2];
    for c in json.chars() {
        if Clean::changes(c) {
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}
