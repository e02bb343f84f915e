//! How prompts are used, shipped ones too: counts, last values, which are hidden, and the messages made from them.

use std::collections::{BTreeMap, HashMap};

use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::Store;
use super::connections::begin;
use super::error::StoreError;
use super::rows::Cells;
use crate::domain::id::{ConversationId, MessageId, PromptId};
use crate::domain::prompt::PromptUse;
use crate::domain::when::Millis;

/// How a prompt is used, over all machines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UseOf {
    pub uses: u64,
    pub last_at: Option<Millis>,
    /// The values of its fields then.
    pub last_values: BTreeMap<String, String>,
    /// On this machine.
    pub is_hidden: bool,
}

const ALL: &str = "SELECT prompt_id, origin, uses, last_at, last_values, is_hidden FROM prompt_use";
const OF_ONE: &str =
    "SELECT prompt_id, origin, uses, last_at, last_values, is_hidden FROM prompt_use
  WHERE prompt_id = ?";
/// Newest first: rows of one prompt lie in the index by their number.
pub(super) const MESSAGES: &str =
    "SELECT m.conversation_id, c.title, m.id, m.prompt_version, m.created_at
  FROM message m INDEXED BY message_prompt CROSS JOIN conversation c ON c.id = m.conversation_id
  WHERE m.prompt_id = ? AND m.trashed_at IS NULL AND c.trashed_at IS NULL ORDER BY m.n DESC";

impl Store {
    /// How each prompt is used, as far as it is.
    pub async fn prompt_uses(&self) -> Result<HashMap<PromptId, UseOf>, StoreError> {
        let mut reader = self.reader().await?;
        let rows = sqlx::query(ALL).fetch_all(&mut *reader).await?;
        merged(&rows)
    }

    /// How this one is used.
    pub async fn prompt_use(&self, id: PromptId) -> Result<UseOf, StoreError> {
        let mut reader = self.reader().await?;
        of_one(&mut reader, id).await
    }

    /// It was filled with these values and taken.
    pub async fn prompt_used(
        &self,
        id: PromptId,
        values: &BTreeMap<String, String>,
    ) -> Result<UseOf, StoreError> {
        let now = self.inner.mint.now();
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        make_row(&mut tx, id).await?;
        sqlx::query(
            "UPDATE prompt_use SET uses = uses + 1, last_at = ?, last_values = ? WHERE prompt_id = ? AND origin = 1",
        )
        .bind(now.0)
        .bind(serde_json::to_string(values).unwrap_or_else(|_| "{}".to_owned()))
        .bind(id.0)
        .execute(&mut *tx)
        .await?;
        let used = of_one(&mut tx, id).await?;
        tx.commit().await?;
        Ok(used)
    }

    /// Hides or shows shipped prompts, all of them or none.
    pub async fn hide_prompts(&self, ids: &[PromptId], is_hidden: bool) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        for id in ids {
            make_row(&mut tx, *id).await?;
            sqlx::query(
                "UPDATE prompt_use SET is_hidden = ?1 WHERE prompt_id = ?2 AND origin = 1 AND is_hidden <> ?1",
            )
            .bind(is_hidden)
            .bind(id.0)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The messages made from it, newest first, those in the trash left out.
    pub async fn prompt_messages(&self, id: PromptId) -> Result<Vec<PromptUse>, StoreError> {
        let mut reader = self.reader().await?;
        let rows = sqlx::query(MESSAGES)
            .bind(id.0)
            .fetch_all(&mut *reader)
            .await?;
        rows.iter()
            .map(|row| {
                let mut cells = Cells::of(row);
                Ok(PromptUse {
                    conversation: ConversationId(cells.next()?),
                    title: cells.next()?,
                    message: MessageId(cells.next()?),
                    version: cells
                        .maybe()?
                        .and_then(|version| u32::try_from(version).ok())
                        .unwrap_or(1),
                    at: Millis(cells.next()?),
                })
            })
            .collect()
    }
}

/// Makes this machine's row of a prompt where there is none. No upsert: its conflict clause would reach into the
/// triggers, where the outbox has one of its own.
async fn make_row(tx: &mut SqliteConnection, id: PromptId) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO prompt_use(prompt_id, origin) SELECT ?1, 1
         WHERE NOT EXISTS (SELECT 1 FROM prompt_use WHERE prompt_id = ?1 AND origin = 1)",
    )
    .bind(id.0)
    .execute(tx)
    .await?;
    Ok(())
}

async fn of_one(connection: &mut SqliteConnection, id: PromptId) -> Result<UseOf, StoreError> {
    let rows = sqlx::query(OF_ONE).bind(id.0).fetch_all(connection).await?;
    Ok(merged(&rows)?.remove(&id).unwrap_or_default())
}

/// One figure for each prompt: counts of machines add up, the newest values are the last ones.
fn merged(rows: &[SqliteRow]) -> Result<HashMap<PromptId, UseOf>, StoreError> {
    let mut all: HashMap<PromptId, UseOf> = HashMap::new();
    for row in rows {
        let mut cells = Cells::of(row);
        let used = all.entry(PromptId(cells.next::<Uuid>()?)).or_default();
        let is_mine = cells.next::<i64>()? == 1;
        used.uses += cells.count()?;
        let at = cells.next::<Option<i64>>()?.map(Millis);
        let values = cells.next::<Option<&str>>()?;
        if at > used.last_at {
            used.last_at = at;
            used.last_values = values
                .and_then(|values| serde_json::from_str(values).ok())
                .unwrap_or_default();
        }
        used.is_hidden |= is_mine && cells.next::<i64>()? != 0;
    }
    Ok(all)
}
