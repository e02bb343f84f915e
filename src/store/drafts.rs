//! What belongs to this machine's screen: drafts and the stash, the reader's places, small remembered facts.

use std::collections::BTreeMap;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::Store;
use super::error::StoreError;
use super::rows::{Cells, int};
use crate::domain::conversation::{Draft, Reading};
use crate::domain::id::{ConversationId, MessageId, PromptId};
use crate::domain::when::Millis;

/// Keys that begin so are the store's own and are not given to a face.
const OWN: &str = "store.";

const DRAFT: &str =
    "SELECT slot, content, caret, edit_of, prompt_id, prompt_version FROM draft WHERE scope = ?
  AND (?2 IS NULL OR slot = ?2) ORDER BY slot DESC";

impl Store {
    /// Keeps a draft in a slot: 0 the composer, 1, … queued, -1, … the stash with the newest at -1. An empty draft removes
    /// the row. `scope` `None` = the conversation not yet created.
    pub async fn keep_draft(
        &self,
        scope: Option<ConversationId>,
        slot: i32,
        draft: &Draft,
    ) -> Result<(), StoreError> {
        let now = self.inner.mint.now();
        let mut writer = self.writer().await?;
        save(&mut writer, scope, slot, draft, now).await
    }

    /// The drafts of a scope: queued ones from the last down, the composer's, the stash newest first.
    pub async fn drafts(
        &self,
        scope: Option<ConversationId>,
    ) -> Result<Vec<(i32, Draft)>, StoreError> {
        let mut reader = self.reader().await?;
        let rows = sqlx::query(DRAFT)
            .bind(scope_bytes(scope))
            .bind(None::<i32>)
            .fetch_all(&mut *reader)
            .await?;
        rows.iter().map(read).collect()
    }

    /// Keeps where the reader is; `None` = at the end. A conversation that is gone keeps nothing.
    pub async fn keep_reading(
        &self,
        conversation: ConversationId,
        reading: Option<Reading>,
    ) -> Result<(), StoreError> {
        let now = self.inner.mint.now();
        let mut writer = self.writer().await?;
        let query = match reading {
            Some(reading) => sqlx::query(
                "INSERT INTO place(conversation_id, message_id, row, seen_at) SELECT id, ?2, ?3, ?4 FROM conversation
                 WHERE id = ?1 ON CONFLICT DO UPDATE
                 SET message_id = excluded.message_id, row = excluded.row, seen_at = excluded.seen_at",
            )
            .bind(conversation.0)
            .bind(reading.message.0)
            .bind(reading.row)
            .bind(now.0),
            None => sqlx::query("DELETE FROM place WHERE conversation_id = ?").bind(conversation.0),
        };
        query.execute(&mut *writer).await?;
        Ok(())
    }

    /// Where the reader was; `None` = at the end, or the message is gone.
    pub async fn reading(
        &self,
        conversation: ConversationId,
    ) -> Result<Option<Reading>, StoreError> {
        let mut reader = self.reader().await?;
        let row = sqlx::query(
            "SELECT p.message_id, p.row FROM place p JOIN message m ON m.id = p.message_id WHERE p.conversation_id = ?",
        )
        .bind(conversation.0)
        .fetch_optional(&mut *reader)
        .await?;
        row.map(|row| {
            let mut cells = Cells::of(&row);
            Ok(Reading {
                message: MessageId(cells.next()?),
                row: u32::try_from(cells.count()?).unwrap_or(0),
            })
        })
        .transpose()
    }

    /// Keeps a small fact of a face.
    pub async fn remember(&self, key: &str, value: &str) -> Result<(), StoreError> {
        if key.starts_with(OWN) {
            return Err(StoreError::Other(format!("{key} is the store's own")));
        }
        self.set_value(key, value).await
    }

    /// A small fact of a face.
    pub async fn remembered(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self.state().await?.remove(key))
    }

    /// All that faces have remembered.
    pub async fn state(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let mut reader = self.reader().await?;
        let rows = sqlx::query("SELECT key, value FROM state")
            .fetch_all(&mut *reader)
            .await?;
        let mut facts = BTreeMap::new();
        for row in rows {
            let key: String = row.try_get(0)?;
            if !key.starts_with(OWN) {
                facts.insert(key, row.try_get(1)?);
            }
        }
        Ok(facts)
    }

    /// Sets a value of `state`.
    pub(super) async fn set_value(&self, key: &str, value: &str) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        sqlx::query(
            "INSERT INTO state(key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        )
        .bind(key)
        .bind(value)
        .execute(&mut *writer)
        .await?;
        Ok(())
    }
}

/// A scope as the table has it: no bytes for the conversation not yet created.
pub(super) fn scope_bytes(scope: Option<ConversationId>) -> Vec<u8> {
    scope.map_or_else(Vec::new, |id| id.0.as_bytes().to_vec())
}

/// Puts a draft into slot 0 before what stands there, with a blank line between. The caret stays where the user types.
pub(super) async fn put_before(
    tx: &mut SqliteConnection,
    scope: Option<ConversationId>,
    draft: &Draft,
    now: Millis,
) -> Result<(), StoreError> {
    let mut joined = draft.clone();
    if let Some(standing) = at(tx, scope, 0).await? {
        joined.edit_of = draft.edit_of.or(standing.edit_of);
        joined.prompt = draft.prompt.or(standing.prompt);
        if !standing.text.is_empty() && !draft.text.is_empty() {
            joined.text.push_str("\n\n");
        }
        if !standing.text.is_empty() {
            joined.caret = joined.text.len() + standing.caret;
            joined.text.push_str(&standing.text);
        }
    }
    save(tx, scope, 0, &joined, now).await
}

/// Removes the draft a question was made from. A conversation that is created takes over what else waits for one.
pub(super) async fn spend(
    tx: &mut SqliteConnection,
    conversation: ConversationId,
    is_created: bool,
    slot: i32,
) -> Result<(), StoreError> {
    let scope = (!is_created).then_some(conversation);
    let removed = sqlx::query("DELETE FROM draft WHERE scope = ? AND slot = ?")
        .bind(scope_bytes(scope))
        .bind(slot)
        .execute(&mut *tx)
        .await?;
    if slot > 0 && removed.rows_affected() == 0 {
        return Err(StoreError::Gone("the queued message"));
    }
    if is_created {
        sqlx::query("UPDATE draft SET scope = ? WHERE scope = x'' AND slot <> 0")
            .bind(scope_bytes(Some(conversation)))
            .execute(tx)
            .await?;
    }
    Ok(())
}

/// Moves the drafts of a conversation that goes away to the one not yet created: its composer before what stands there,
/// its stash behind the other.
pub(super) async fn take_over(
    tx: &mut SqliteConnection,
    conversation: ConversationId,
    now: Millis,
) -> Result<(), StoreError> {
    if let Some(draft) = at(tx, Some(conversation), 0).await? {
        put_before(tx, None, &draft, now).await?;
        save(tx, Some(conversation), 0, &Draft::default(), now).await?;
    }
    sqlx::query(
        "UPDATE draft SET scope = x'', slot = CASE
           WHEN slot < 0 THEN slot + coalesce((SELECT min(slot) FROM draft WHERE scope = x'' AND slot < 0), 0)
           ELSE slot + coalesce((SELECT max(slot) FROM draft WHERE scope = x'' AND slot > 0), 0) END
         WHERE scope = ?",
    )
    .bind(scope_bytes(Some(conversation)))
    .execute(tx)
    .await?;
    Ok(())
}

async fn at(
    connection: &mut SqliteConnection,
    scope: Option<ConversationId>,
    slot: i32,
) -> Result<Option<Draft>, StoreError> {
    let row = sqlx::query(DRAFT)
        .bind(scope_bytes(scope))
        .bind(slot)
        .fetch_optional(connection)
        .await?;
    row.map(|row| Ok(read(&row)?.1)).transpose()
}

async fn save(
    connection: &mut SqliteConnection,
    scope: Option<ConversationId>,
    slot: i32,
    draft: &Draft,
    now: Millis,
) -> Result<(), StoreError> {
    let query = if draft.is_empty() {
        sqlx::query("DELETE FROM draft WHERE scope = ? AND slot = ?")
            .bind(scope_bytes(scope))
            .bind(slot)
    } else {
        sqlx::query(
            "INSERT INTO draft(scope, slot, content, caret, edit_of, prompt_id, prompt_version, updated_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET content = excluded.content, caret = excluded.caret, edit_of = excluded.edit_of,
               prompt_id = excluded.prompt_id, prompt_version = excluded.prompt_version,
               updated_at = excluded.updated_at",
        )
        .bind(scope_bytes(scope))
        .bind(slot)
        .bind(draft.text.as_str())
        .bind(int(draft.caret as u64))
        .bind(draft.edit_of.map(|id| id.0))
        .bind(draft.prompt.map(|(id, _)| id.0))
        .bind(draft.prompt.map(|(_, version)| version))
        .bind(now.0)
    };
    query.execute(connection).await?;
    Ok(())
}

fn read(row: &SqliteRow) -> Result<(i32, Draft), StoreError> {
    let mut cells = Cells::of(row);
    let slot = cells.next()?;
    let text: String = cells.next()?;
    let caret = usize::try_from(cells.count()?).unwrap_or(usize::MAX);
    let edit_of = cells.next::<Option<Uuid>>()?.map(MessageId);
    let prompt = cells.next::<Option<Uuid>>()?.map(PromptId);
    let version = cells.maybe()?.and_then(|n| u32::try_from(n).ok());
    let draft = Draft {
        caret: text.floor_char_boundary(caret),
        text,
        edit_of,
        prompt: prompt.map(|id| (id, version.unwrap_or(1))),
    };
    Ok((slot, draft))
}
