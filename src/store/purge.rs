//! Removing conversations for good: their messages, drafts and tags go and leave a tombstone; what their requests used and
//! cost stays.

use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::Store;
use super::connections::begin;
use super::drafts::scope_bytes;
use super::error::StoreError;
use super::rows::{one_conversation, that_conversation};
use super::tags::{Kind, remove_tags};
use super::turns::bury;
use crate::domain::conversation::{Conversation, Thread};
use crate::domain::id::{ConversationId, InstanceId};

/// A conversation that is removed for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purged {
    pub id: ConversationId,
    pub title: String,
    /// Where a provider still keeps it.
    pub thread: Option<Thread>,
}

/// Conversations removed in one transaction: others that write get their turn between two of them.
pub const PIECE: usize = 32;

/// Who writes a reply there.
const WRITERS: &str = "SELECT writer FROM message INDEXED BY message_live WHERE writer IS NOT NULL AND conversation_id = ?";
const TRASH: &str = "SELECT id FROM conversation INDEXED BY conversation_trash WHERE trashed_at IS NOT NULL ORDER BY trashed_at, n";

impl Store {
    /// All that is in the trash, that what went there first leading.
    pub async fn trash(&self) -> Result<Vec<ConversationId>, StoreError> {
        let mut reader = self.reader().await?;
        let rows = sqlx::query(TRASH).fetch_all(&mut *reader).await?;
        rows.iter()
            .map(|row| Ok(ConversationId(row.try_get(0)?)))
            .collect()
    }

    /// Whether all of these can be removed for good: each is there, in the trash, and no reply is being written in it.
    pub async fn check_purge(&self, ids: &[ConversationId]) -> Result<(), StoreError> {
        let mut reader = self.reader().await?;
        for id in ids {
            if that_conversation(&mut reader, *id)
                .await?
                .trashed_at
                .is_none()
            {
                return Err(StoreError::NotTrashed);
            }
            if self.is_written(&mut reader, *id).await? {
                return Err(StoreError::Writing);
            }
        }
        Ok(())
    }

    /// Removes these from the trash, all or none of them. One that is not in the trash or is being written in is an error.
    pub async fn purge(&self, ids: &[ConversationId]) -> Result<Vec<Purged>, StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let mut gone = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(found) = one_conversation(&mut tx, *id).await? else {
                // Named twice, or removed by another salon since it was looked at.
                continue;
            };
            if found.trashed_at.is_none() {
                return Err(StoreError::NotTrashed);
            }
            if self.is_written(&mut tx, *id).await? {
                return Err(StoreError::Writing);
            }
            gone.push(self.remove(&mut tx, found).await?);
        }
        tx.commit().await?;
        Ok(gone)
    }

    /// Removes it with all that hangs on it: messages and reasoning follow by their keys, search by its triggers.
    pub(super) async fn remove(
        &self,
        tx: &mut SqliteConnection,
        conversation: Conversation,
    ) -> Result<Purged, StoreError> {
        let Conversation {
            id, title, thread, ..
        } = conversation;
        sqlx::query("DELETE FROM draft WHERE scope = ?")
            .bind(scope_bytes(Some(id)))
            .execute(&mut *tx)
            .await?;
        remove_tags(tx, (Kind::Conversation, id.0)).await?;
        bury(tx, id, self.stamp()).await?;
        Ok(Purged { id, title, thread })
    }

    /// Whether a running salon, this one too, is writing a reply there.
    pub(super) async fn is_written(
        &self,
        connection: &mut SqliteConnection,
        id: ConversationId,
    ) -> Result<bool, StoreError> {
        let rows = sqlx::query(WRITERS)
            .bind(id.0)
            .fetch_all(connection)
            .await?;
        for row in &rows {
            let writer = InstanceId(row.try_get::<Uuid, _>(0)?);
            if self.is_me(writer) || self.is_alive(writer) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
