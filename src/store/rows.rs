//! From SQLite's rows to the domain's types and back; the one place that knows the order of columns.

use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite, SqliteConnection, Type};
use uuid::Uuid;

use super::error::StoreError;
use crate::domain::conversation::{Conversation, Sampling, Storage, Thread, TitleBy};
use crate::domain::id::{ConversationId, InstanceId, MessageId, PersonaId, PromptId};
use crate::domain::message::{Finish, Message, Role, Shown, Status};
use crate::domain::model::ModelRef;
use crate::domain::usage::{Money, Usage};
use crate::domain::when::Millis;

/// The columns of `conversation AS c` that `conversation` reads.
macro_rules! conversation_columns {
    () => {
        "c.id, c.title, c.title_by, c.model, c.persona_id, c.system_text, c.temperature, c.max_output_tokens, c.effort,
         c.streaming, c.created_at, c.active_at, c.trashed_at, c.tip_id, c.message_count, c.tokens_in, c.tokens_out, c.cost_pico,
         c.unpriced, c.metadata, c.storage, c.thread, c.thread_item, c.pinned_at, c.archived_at,
         (SELECT json_group_array(name) FROM (SELECT name FROM tag WHERE kind = 'conversation' AND id = c.id AND is_gone = 0
          ORDER BY name))"
    };
}
pub(super) use conversation_columns;

/// The columns of `message AS m` that `message` reads.
macro_rules! message_columns {
    () => {
        "m.id, m.conversation_id, m.parent_id, m.role, m.status, m.finish, m.failure, m.content, m.model, m.persona_id, m.prompt_id,
         m.prompt_version, m.thinking_ms, m.first_token_ms, m.total_ms, m.tokens_in, m.tokens_out, m.tokens_cached,
         m.tokens_reasoning, m.is_estimate, m.cost_pico, m.response_id, m.request_id, m.created_at"
    };
}
pub(super) use message_columns;

/// The columns that `shown` reads: a message, its place among its siblings, who is writing it. Roots are siblings within
/// their conversation; others by `message_parent` alone, without their words. What is in the trash has no place.
macro_rules! shown_columns {
    () => {
        concat!(
            $crate::store::rows::message_columns!(),
            ", m.writer,
            CASE WHEN m.parent_id IS NULL
              THEN (SELECT count(*) FROM message s WHERE s.conversation_id = m.conversation_id AND s.depth = 0
                    AND s.parent_id IS NULL AND s.trashed_at IS NULL AND s.id <= m.id)
              ELSE (SELECT count(*) FROM message s WHERE s.parent_id = m.parent_id AND s.trashed_at IS NULL
                    AND s.id <= m.id) END,
            CASE WHEN m.parent_id IS NULL
              THEN (SELECT count(*) FROM message s WHERE s.conversation_id = m.conversation_id AND s.depth = 0
                    AND s.parent_id IS NULL AND s.trashed_at IS NULL)
              ELSE (SELECT count(*) FROM message s WHERE s.parent_id = m.parent_id AND s.trashed_at IS NULL) END"
        )
    };
}
pub(super) use shown_columns;

const CONVERSATION: &str = concat!(
    "SELECT ",
    conversation_columns!(),
    " FROM conversation c WHERE c.id = ?"
);
const MESSAGE: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM message m WHERE m.id = ?"
);
const SHOWN: &str = concat!(
    "SELECT ",
    shown_columns!(),
    " FROM message m WHERE m.id = ?"
);

/// Reads a row's cells one after another.
pub(super) struct Cells<'r> {
    row: &'r SqliteRow,
    at: usize,
}

impl<'r> Cells<'r> {
    pub(super) fn of(row: &'r SqliteRow) -> Self {
        Cells { row, at: 0 }
    }

    pub(super) fn next<T: Decode<'r, Sqlite> + Type<Sqlite>>(&mut self) -> Result<T, StoreError> {
        let at = self.at;
        self.at += 1;
        Ok(self.row.try_get(at)?)
    }

    /// A count or time; below zero reads as zero.
    pub(super) fn count(&mut self) -> Result<u64, StoreError> {
        Ok(u64::try_from(self.next::<i64>()?).unwrap_or(0))
    }

    /// A count that may be unknown.
    pub(super) fn maybe(&mut self) -> Result<Option<u64>, StoreError> {
        Ok(self
            .next::<Option<i64>>()?
            .and_then(|n| u64::try_from(n).ok()))
    }
}

/// A count as SQLite keeps it.
pub(super) fn int(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A count that may be unknown, as SQLite keeps it.
pub(super) fn maybe_int(n: Option<u64>) -> Option<i64> {
    n.map(int)
}

/// A model by its stored text; one that cannot be read is shown as it stands, under no provider that exists.
pub(super) fn model_of(text: &str) -> ModelRef {
    text.parse()
        .unwrap_or_else(|_| ModelRef::new("unknown", text))
}

/// The word of a title's origin in the store.
pub(super) fn title_word(by: TitleBy) -> &'static str {
    match by {
        TitleBy::Words => "words",
        TitleBy::Model => "model",
        TitleBy::User => "user",
    }
}

/// A conversation from `conversation_columns`.
pub(super) fn conversation(cells: &mut Cells<'_>) -> Result<Conversation, StoreError> {
    Ok(Conversation {
        id: ConversationId(cells.next()?),
        title: cells.next()?,
        title_by: match cells.next::<&str>()? {
            "user" => TitleBy::User,
            "model" => TitleBy::Model,
            _ => TitleBy::Words,
        },
        model: model_of(cells.next()?),
        persona: cells.next::<Option<Uuid>>()?.map(PersonaId),
        system: cells.next::<Option<String>>()?.unwrap_or_default(),
        sampling: Sampling {
            temperature: cells.next()?,
            max_output_tokens: cells.maybe()?.and_then(|n| u32::try_from(n).ok()),
            effort: cells.next()?,
            stream: cells.next::<Option<i64>>()?.map(|n| n != 0),
        },
        created_at: Millis(cells.next()?),
        active_at: Millis(cells.next()?),
        trashed_at: cells.next::<Option<i64>>()?.map(Millis),
        tip: cells.next::<Option<Uuid>>()?.map(MessageId),
        message_count: cells.count()?,
        tokens_in: cells.count()?,
        tokens_out: cells.count()?,
        cost: Money(cells.next()?),
        unpriced: cells.count()?,
        metadata: serde_json::from_str(cells.next()?).unwrap_or_default(),
        storage: Storage::of(cells.next()?).unwrap_or_default(),
        thread: {
            let place = cells.next::<Option<&str>>()?;
            let item = cells.next()?;
            place.and_then(|place| thread_of(place, item))
        },
        pinned_at: cells.next::<Option<i64>>()?.map(Millis),
        archived_at: cells.next::<Option<i64>>()?.map(Millis),
        tags: serde_json::from_str(cells.next()?).unwrap_or_default(),
    })
}

/// A provider's conversation by its stored text, `provider/conv_…`.
fn thread_of(place: &str, item: Option<String>) -> Option<Thread> {
    let (provider, id) = place.split_once('/')?;
    Some(Thread {
        provider: provider.to_owned(),
        id: id.to_owned(),
        item,
    })
}

/// The text a provider's conversation is stored as.
pub(super) fn thread_place(thread: &Thread) -> String {
    format!("{}/{}", thread.provider, thread.id)
}

/// A message from `message_columns`.
pub(super) fn message(cells: &mut Cells<'_>) -> Result<Message, StoreError> {
    Ok(Message {
        id: MessageId(cells.next()?),
        conversation: ConversationId(cells.next()?),
        parent: cells.next::<Option<Uuid>>()?.map(MessageId),
        role: Role::of(cells.next()?).unwrap_or(Role::System),
        status: Status::of(cells.next()?).unwrap_or(Status::Failed),
        finish: cells.next::<Option<String>>()?.map(Finish::from),
        failure: cells
            .next::<Option<&str>>()?
            .and_then(|text| serde_json::from_str(text).ok()),
        content: cells.next()?,
        model: cells.next::<Option<&str>>()?.map(model_of),
        persona: cells.next::<Option<Uuid>>()?.map(PersonaId),
        prompt: {
            let id = cells.next::<Option<Uuid>>()?;
            let version = cells.maybe()?.and_then(|n| u32::try_from(n).ok());
            id.map(|id| (PromptId(id), version.unwrap_or(1)))
        },
        thinking_ms: cells.maybe()?,
        first_token_ms: cells.maybe()?,
        total_ms: cells.maybe()?,
        usage: usage(cells)?,
        cost: cells.next::<Option<i64>>()?.map(Money),
        response_id: cells.next()?,
        request_id: cells.next()?,
        created_at: Millis(cells.next()?),
    })
}

fn usage(cells: &mut Cells<'_>) -> Result<Option<Usage>, StoreError> {
    let usage = Usage {
        input: cells.maybe()?,
        output: cells.maybe()?,
        cached: cells.maybe()?,
        reasoning: cells.maybe()?,
        is_estimate: cells.next::<i64>()? != 0,
        ..Usage::default()
    };
    Ok((usage != Usage::default()).then_some(usage))
}

/// A message with its place, and the instance writing it, from `shown_columns`. `is_elsewhere` is not yet known.
pub(super) fn shown(cells: &mut Cells<'_>) -> Result<(Shown, Option<InstanceId>), StoreError> {
    let message = message(cells)?;
    let writer = cells.next::<Option<Uuid>>()?.map(InstanceId);
    let place = u32::try_from(cells.count()?).unwrap_or(u32::MAX);
    let of = u32::try_from(cells.count()?).unwrap_or(u32::MAX);
    let shown = Shown {
        message,
        place,
        of,
        is_elsewhere: false,
    };
    Ok((shown, writer))
}

/// The conversation of this id.
pub(super) async fn one_conversation(
    connection: &mut SqliteConnection,
    id: ConversationId,
) -> Result<Option<Conversation>, StoreError> {
    let row = sqlx::query(CONVERSATION)
        .bind(id.0)
        .fetch_optional(connection)
        .await?;
    row.map(|row| conversation(&mut Cells::of(&row)))
        .transpose()
}

/// The conversation of this id, which has to be there.
pub(super) async fn that_conversation(
    connection: &mut SqliteConnection,
    id: ConversationId,
) -> Result<Conversation, StoreError> {
    one_conversation(connection, id)
        .await?
        .ok_or(StoreError::Gone("the conversation"))
}

/// The message of this id.
pub(super) async fn one_message(
    connection: &mut SqliteConnection,
    id: MessageId,
) -> Result<Option<Message>, StoreError> {
    let row = sqlx::query(MESSAGE)
        .bind(id.0)
        .fetch_optional(connection)
        .await?;
    row.map(|row| message(&mut Cells::of(&row))).transpose()
}

/// The message of this id with its place, written by nobody else.
pub(super) async fn that_shown(
    connection: &mut SqliteConnection,
    id: MessageId,
) -> Result<Shown, StoreError> {
    let row = sqlx::query(SHOWN)
        .bind(id.0)
        .fetch_optional(connection)
        .await?
        .ok_or(StoreError::Gone("the message"))?;
    Ok(shown(&mut Cells::of(&row))?.0)
}
