//! What a person decides about conversations beside their words: archived, pinned, and the free metadata.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Store;
use super::connections::begin;
use super::error::StoreError;
use super::rows::that_conversation;
use crate::domain::conversation::Conversation;
use crate::domain::id::ConversationId;

/// Keys of metadata with the values they get, or that they go.
pub type Metadata = BTreeMap<String, Option<Value>>;

const ARCHIVE: [&str; 2] = [
    "UPDATE conversation SET archived_at = NULL, stamp = max(stamp + 1, ?2) WHERE id = ?3 AND archived_at IS NOT NULL",
    "UPDATE conversation SET archived_at = ?1, stamp = max(stamp + 1, ?2) WHERE id = ?3 AND archived_at IS NULL",
];
const PIN: [&str; 2] = [
    "UPDATE conversation SET pinned_at = NULL, stamp = max(stamp + 1, ?2) WHERE id = ?3 AND pinned_at IS NOT NULL",
    "UPDATE conversation SET pinned_at = ?1, stamp = max(stamp + 1, ?2) WHERE id = ?3 AND pinned_at IS NULL",
];

impl Store {
    /// Puts all of them into the archive, or takes them out, or changes none. The rows as they stand now, each with
    /// whether it has changed.
    pub async fn archive(
        &self,
        ids: &[ConversationId],
        is_archived: bool,
    ) -> Result<Vec<(Conversation, bool)>, StoreError> {
        self.mark(ids, ARCHIVE[usize::from(is_archived)]).await
    }

    /// Pins all of them, or lets them go, or changes none; as `archive`.
    pub async fn pin(
        &self,
        ids: &[ConversationId],
        is_pinned: bool,
    ) -> Result<Vec<(Conversation, bool)>, StoreError> {
        self.mark(ids, PIN[usize::from(is_pinned)]).await
    }

    async fn mark(
        &self,
        ids: &[ConversationId],
        sql: &'static str,
    ) -> Result<Vec<(Conversation, bool)>, StoreError> {
        let now = self.inner.mint.now();
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            let done = sqlx::query(sql)
                .bind(now.0)
                .bind(self.stamp())
                .bind(id.0)
                .execute(&mut *tx)
                .await?;
            let row = that_conversation(&mut tx, *id).await?;
            rows.push((row, done.rows_affected() > 0));
        }
        tx.commit().await?;
        Ok(rows)
    }

    /// Sets keys of the metadata and removes keys; the row as it stands now, and what undoes it.
    pub async fn set_metadata(
        &self,
        id: ConversationId,
        set: &Metadata,
    ) -> Result<(Conversation, Metadata), StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let before = that_conversation(&mut tx, id).await?;
        let mut metadata = match before.metadata {
            Value::Object(metadata) => metadata,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Map::new(),
        };
        let mut back = Metadata::new();
        for (key, value) in set {
            let old = match value {
                Some(value) => metadata.insert(key.clone(), value.clone()),
                None => metadata.remove(key),
            };
            if old != *value {
                back.insert(key.clone(), old);
            }
        }
        if !back.is_empty() {
            sqlx::query(
                "UPDATE conversation SET metadata = ?, stamp = max(stamp + 1, ?) WHERE id = ?",
            )
            .bind(Value::Object(metadata).to_string())
            .bind(self.stamp())
            .bind(id.0)
            .execute(&mut *tx)
            .await?;
        }
        let after = that_conversation(&mut tx, id).await?;
        tx.commit().await?;
        Ok((after, back))
    }
}
