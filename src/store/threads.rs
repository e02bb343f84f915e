//! Conversations that a provider keeps too: where, how far that is in step, and what was said there elsewhere.

use sqlx::Row;
use uuid::Uuid;

use super::Store;
use super::connections::begin;
use super::error::StoreError;
use super::rows::{Cells, message, message_columns, that_conversation, thread_place};
use super::turns::{insert_message, set_tip};
use crate::domain::conversation::{Conversation, Storage, Thread};
use crate::domain::id::{ConversationId, MessageId};
use crate::domain::message::{Message, Role};

const UNDER: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM message m INDEXED BY message_parent WHERE m.parent_id = ? AND m.trashed_at IS NULL ORDER BY m.id"
);
/// The first messages of a conversation.
const FIRST: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM message m INDEXED BY message_tree WHERE m.conversation_id = ? AND m.depth = 0 AND m.parent_id IS NULL
     AND m.trashed_at IS NULL ORDER BY m.id"
);

impl Store {
    /// Sets who keeps a conversation, and where.
    pub async fn set_storage(
        &self,
        id: ConversationId,
        storage: Storage,
        thread: Option<&Thread>,
    ) -> Result<Conversation, StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        sqlx::query(
            "UPDATE conversation SET storage = ?, thread = ?, thread_item = ?, stamp = max(stamp + 1, ?) WHERE id = ?",
        )
        .bind(storage.word())
        .bind(thread.map(thread_place))
        .bind(thread.and_then(|thread| thread.item.as_deref()))
        .bind(self.stamp())
        .bind(id.0)
        .execute(&mut *tx)
        .await?;
        let changed = that_conversation(&mut tx, id).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// These messages are these items of the provider, oldest first; the last is where both are in step.
    pub async fn in_step(
        &self,
        id: ConversationId,
        pairs: &[(MessageId, String)],
    ) -> Result<(), StoreError> {
        let Some((_, last)) = pairs.last() else {
            return Ok(());
        };
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        for (message, item) in pairs {
            sqlx::query("UPDATE message SET item_id = ? WHERE id = ?")
                .bind(item)
                .bind(message.0)
                .execute(&mut *tx)
                .await?;
        }
        sqlx::query("UPDATE conversation SET thread_item = ? WHERE id = ?")
            .bind(last)
            .bind(id.0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The message that is this item of the provider, unless it is in the trash.
    pub async fn message_of_item(
        &self,
        id: ConversationId,
        item: &str,
    ) -> Result<Option<MessageId>, StoreError> {
        let mut reader = self.reader().await?;
        let row = sqlx::query(
            "SELECT id FROM message WHERE conversation_id = ? AND item_id = ? AND trashed_at IS NULL ORDER BY id DESC",
        )
        .bind(id.0)
        .bind(item)
        .fetch_optional(&mut *reader)
        .await?;
        Ok(row
            .map(|row| row.try_get::<Uuid, _>(0))
            .transpose()?
            .map(MessageId))
    }

    /// The messages under this one, oldest first; `None` = the first ones of the conversation.
    pub async fn under(
        &self,
        id: ConversationId,
        parent: Option<MessageId>,
    ) -> Result<Vec<Message>, StoreError> {
        let mut reader = self.reader().await?;
        let (sql, of) = match parent {
            Some(parent) => (UNDER, parent.0),
            None => (FIRST, id.0),
        };
        let rows = sqlx::query(sql).bind(of).fetch_all(&mut *reader).await?;
        rows.iter()
            .map(|row| message(&mut Cells::of(row)))
            .collect()
    }

    /// Whether somebody of this role says exactly this anywhere in the conversation, blanks around it aside.
    pub async fn is_said(
        &self,
        id: ConversationId,
        role: Role,
        text: &str,
    ) -> Result<bool, StoreError> {
        let mut reader = self.reader().await?;
        let row = sqlx::query(
            "SELECT EXISTS (SELECT 1 FROM message WHERE conversation_id = ? AND role = ? AND trashed_at IS NULL
               AND trim(content, ?) = ?)",
        )
        .bind(id.0)
        .bind(role.word())
        .bind(" \t\r\n")
        .bind(text.trim_matches([' ', '\t', '\r', '\n']))
        .fetch_one(&mut *reader)
        .await?;
        Ok(row.try_get(0)?)
    }

    /// Inserts what was said elsewhere, each message with its item, parents before children, and shows its end.
    pub async fn take_over(&self, said: &[(Message, String)]) -> Result<(), StoreError> {
        let Some((last, _)) = said.last() else {
            return Ok(());
        };
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        for (message, item) in said {
            insert_message(&mut tx, message, None, self.stamp()).await?;
            sqlx::query("UPDATE message SET item_id = ? WHERE id = ?")
                .bind(item)
                .bind(message.id.0)
                .execute(&mut *tx)
                .await?;
        }
        sqlx::query("UPDATE conversation SET thread_item = ? WHERE id = ?")
            .bind(said.last().map(|(_, item)| item.as_str()))
            .bind(last.conversation.0)
            .execute(&mut *tx)
            .await?;
        set_tip(&mut tx, last.conversation, Some(last.id), None).await?;
        tx.commit().await?;
        Ok(())
    }
}
