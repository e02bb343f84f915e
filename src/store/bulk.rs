//! Many whole conversations at once, as an import brings them.

use sqlx::SqliteConnection;

use super::Store;
use super::connections::begin;
use super::error::StoreError;
use super::tags::{Kind, set_tags};
use super::turns::{insert_conversation, insert_message, set_tip};
use crate::domain::conversation::Conversation;
use crate::domain::message::Message;

/// A conversation with all its messages, finished, parents before their children.
#[derive(Clone, Debug)]
pub struct Whole {
    /// Its `tip` is shown; its last activity and its count follow from the messages, its sums from usage rows.
    pub conversation: Conversation,
    pub messages: Vec<Message>,
}

impl Store {
    /// Inserts these conversations in one transaction: all or none. An id that is there already is an error.
    pub async fn insert_whole(&self, batch: &[Whole]) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        // Large trees grow in many places at once; the small cache of daily use would write pages again and again.
        sqlx::query("PRAGMA cache_size = -65536")
            .execute(&mut *writer)
            .await?;
        let done = self.insert_batch(&mut writer, batch).await;
        sqlx::query("PRAGMA cache_size = -2000")
            .execute(&mut *writer)
            .await?;
        sqlx::query("PRAGMA shrink_memory")
            .execute(&mut *writer)
            .await?;
        done
    }

    async fn insert_batch(
        &self,
        writer: &mut SqliteConnection,
        batch: &[Whole],
    ) -> Result<(), StoreError> {
        let mut tx = begin(writer).await?;
        for whole in batch {
            insert_conversation(&mut tx, &whole.conversation, self.stamp()).await?;
            for message in &whole.messages {
                insert_message(&mut tx, message, None, self.stamp()).await?;
            }
            let of = (Kind::Conversation, whole.conversation.id.0);
            if !whole.conversation.tags.is_empty() {
                set_tags(&mut tx, of, &whole.conversation.tags, self.stamp()).await?;
            }
            let tip = whole.conversation.tip;
            set_tip(&mut tx, whole.conversation.id, tip, None).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
