//! What `--json` prints of personas, prompts and trials: the names are part of the contract with scripts (decisions 4.4).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::id::{ConversationId, MessageId, PersonaId, PromptId};
use crate::domain::model::ModelRef;
use crate::domain::persona::PersonaListed;
use crate::domain::prompt::{PromptListed, PromptUse, PromptVersion, TrialEnd};
use crate::domain::record::{Tokens, tokens};
use crate::domain::when::Millis;

/// A persona's line.
#[derive(Serialize)]
pub struct Persona<'a> {
    id: PersonaId,
    name: &'a str,
    relationship: &'static str,
    description: &'a str,
    instructions: &'a str,
    /// The user's edit, null when the text is made of the fields.
    system_text: Option<&'a str>,
    /// The exact text it adds.
    system: String,
    model: Option<&'a ModelRef>,
    temperature: Option<f64>,
    conversation_count: u64,
    last_active_at: Option<String>,
    total_tokens_input: u64,
    total_tokens_output: u64,
    cost_usd: Option<String>,
    imported: bool,
    created_at: String,
    updated_at: String,
    trashed: bool,
}

/// A persona. Its cost is null when no request of it has a known price.
pub fn persona(listed: &PersonaListed) -> Persona<'_> {
    let persona = &listed.persona;
    let profile = &persona.profile;
    let is_unknown = listed.cost.0 == 0 && listed.unpriced > 0;
    Persona {
        id: persona.id,
        name: &profile.name,
        relationship: profile.relationship.word(),
        description: &profile.description,
        instructions: &profile.instructions,
        system_text: profile.system_text.as_deref(),
        system: profile.system(),
        model: profile.model.as_ref(),
        temperature: profile.temperature,
        conversation_count: listed.conversations,
        last_active_at: listed.last_at.map(Millis::rfc3339),
        total_tokens_input: listed.tokens_in,
        total_tokens_output: listed.tokens_out,
        cost_usd: (!is_unknown).then(|| listed.cost.to_string()),
        imported: persona.is_imported,
        created_at: persona.created_at.rfc3339(),
        updated_at: persona.updated_at.rfc3339(),
        trashed: persona.trashed_at.is_some(),
    }
}

/// A prompt's line.
#[derive(Serialize)]
pub struct Prompt<'a> {
    id: PromptId,
    title: &'a str,
    content: &'a str,
    scenario: &'a str,
    description: &'a str,
    tags: &'a [String],
    is_template: bool,
    usage_count: u64,
    last_used_at: Option<String>,
    last_values: &'a BTreeMap<String, String>,
    version: u32,
    metadata: &'a Map<String, Value>,
    created_at: Option<String>,
    updated_at: Option<String>,
    hidden: bool,
    trashed: bool,
}

/// A prompt.
pub fn prompt(listed: &PromptListed) -> Prompt<'_> {
    let prompt = &listed.prompt;
    let sheet = &prompt.sheet;
    Prompt {
        id: prompt.id,
        title: &sheet.title,
        content: &sheet.content,
        scenario: &sheet.scenario,
        description: &sheet.description,
        tags: &sheet.tags,
        is_template: prompt.is_template,
        usage_count: listed.uses,
        last_used_at: listed.last_at.map(Millis::rfc3339),
        last_values: &listed.last_values,
        version: prompt.version,
        metadata: &sheet.metadata,
        created_at: prompt.created_at.map(Millis::rfc3339),
        updated_at: prompt.updated_at.map(Millis::rfc3339),
        hidden: listed.is_hidden,
        trashed: prompt.trashed_at.is_some(),
    }
}

/// A version's line.
#[derive(Serialize)]
pub struct Version<'a> {
    version: u32,
    title: &'a str,
    content: &'a str,
    created_at: String,
}

/// A version of a prompt.
pub fn version(version: &PromptVersion) -> Version<'_> {
    Version {
        version: version.version,
        title: &version.title,
        content: &version.content,
        created_at: version.created_at.rfc3339(),
    }
}

/// The line of a message made from a prompt.
#[derive(Serialize)]
pub struct Use<'a> {
    conversation: ConversationId,
    title: &'a str,
    message: MessageId,
    version: u32,
    created_at: String,
}

/// A message made from a prompt.
pub fn used(used: &PromptUse) -> Use<'_> {
    Use {
        conversation: used.conversation,
        title: &used.title,
        message: used.message,
        version: used.version,
        created_at: used.at.rfc3339(),
    }
}

/// `ended` of a preview.
#[derive(Serialize)]
pub struct Preview<'a> {
    pub r#type: &'static str,
    pub status: &'static str,
    pub finish: Option<String>,
    /// The filled text.
    pub text: &'a str,
    /// By estimate.
    pub text_tokens: u64,
    /// The answer; without a model the filled text.
    pub preview: &'a str,
    pub tokens_used: Option<u64>,
    pub model_used: Option<&'a ModelRef>,
    pub usage: Option<Tokens>,
    pub cost_usd: Option<String>,
    pub response_time_ms: Option<u64>,
}

impl<'a> Preview<'a> {
    /// A filled text, shown to nobody.
    pub fn filled(text: &'a str, text_tokens: u64) -> Self {
        Preview {
            r#type: "ended",
            status: "complete",
            finish: None,
            text,
            text_tokens,
            preview: text,
            tokens_used: None,
            model_used: None,
            usage: None,
            cost_usd: None,
            response_time_ms: None,
        }
    }

    /// The same with a model's answer.
    pub fn answered(self, answer: &'a str, end: &'a TrialEnd) -> Self {
        Preview {
            status: end.status.word(),
            finish: end.finish.as_ref().map(ToString::to_string),
            preview: answer,
            tokens_used: end.usage.and_then(|usage| usage.total()),
            model_used: Some(&end.model),
            usage: end.usage.map(tokens),
            cost_usd: end.cost.map(|cost| cost.to_string()),
            response_time_ms: Some(end.total_ms),
            ..self
        }
    }
}
