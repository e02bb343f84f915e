//! After a kill: replies that a dead salon was writing are closed, with their words, or taken back when they have none
//! (decisions 2.1, 2.8).

use std::collections::BTreeSet;

use sqlx::{Row as _, SqliteConnection};
use uuid::Uuid;

use super::Store;
use super::connections::begin;
use super::error::StoreError;
use super::lock::{Dead, Lock};
use super::rows::{one_message, that_conversation};
use super::spaced::spaced;
use super::turns::{newest_under, set_tip};
use crate::domain::id::{ConversationId, InstanceId, MessageId};
use crate::domain::message::Message;
use crate::protocol::Row;

impl Store {
    /// Opens the writing connection, makes this salon known to others, and recovers what dead ones left; the rows that
    /// changed. Reading works before it, and writing calls it by itself as far as it needs it.
    pub async fn start_writing(&self) -> Result<Vec<Row>, StoreError> {
        let me = self.me().await?.id;
        let mut ids = BTreeSet::new();
        {
            let mut reader = self.reader().await?;
            // A row may name a writer whose own row is gone: both are looked at.
            let rows = sqlx::query(
                "SELECT id FROM instance UNION SELECT writer FROM message WHERE writer IS NOT NULL",
            )
            .fetch_all(&mut *reader)
            .await?;
            for row in rows {
                ids.insert(InstanceId(row.try_get::<Uuid, _>(0)?));
            }
        }
        ids.remove(&me);
        let mut changed = Vec::new();
        for id in ids {
            changed.extend(self.recover(id).await?);
        }
        Ok(changed)
    }

    /// Whether this instance runs, which is not this one.
    pub(super) fn is_alive(&self, id: InstanceId) -> bool {
        match &self.inner.run_dir {
            Some(run_dir) => matches!(Lock::of_the_dead(run_dir, id), Dead::No),
            None => false,
        }
    }

    /// Whether it is this one.
    pub(super) fn is_me(&self, id: InstanceId) -> bool {
        self.inner.me.get().is_some_and(|me| me.id == id)
    }

    /// Closes or takes back the replies of this instance, if it is dead, and forgets it.
    pub(super) async fn recover(&self, id: InstanceId) -> Result<Vec<Row>, StoreError> {
        let Some(run_dir) = &self.inner.run_dir else {
            return Ok(Vec::new());
        };
        let Dead::Yes(lock) = Lock::of_the_dead(run_dir, id) else {
            return Ok(Vec::new());
        };
        let mut changed = Vec::new();
        {
            let mut writer = self.writer().await?;
            let mut tx = begin(&mut writer).await?;
            let rows = sqlx::query(
                "SELECT id, content <> '' OR EXISTS (SELECT 1 FROM reasoning WHERE message_id = message.id)
                 FROM message WHERE writer = ? ORDER BY n",
            )
            .bind(id.0)
            .fetch_all(&mut *tx)
            .await?;
            for row in rows {
                let reply = MessageId(row.try_get(0)?);
                let Some(message) = one_message(&mut tx, reply).await? else {
                    continue;
                };
                if row.try_get::<bool, _>(1)? {
                    changed.extend(interrupt(&mut tx, &message, self.stamp()).await?);
                } else {
                    changed.extend(take_back(&mut tx, &message, self.stamp()).await?);
                }
            }
            sqlx::query("DELETE FROM instance WHERE id = ?")
                .bind(id.0)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
        }
        if let Some(lock) = lock {
            lock.release();
        }
        Ok(changed)
    }
}

/// A reply with words stays, as interrupted; its question was asked.
async fn interrupt(
    tx: &mut SqliteConnection,
    reply: &Message,
    stamp: i64,
) -> Result<Vec<Row>, StoreError> {
    sqlx::query(
        "UPDATE message SET status = 'interrupted', writer = NULL, spaced = ?, stamp = max(stamp + 1, ?) WHERE id = ?",
    )
    .bind(spaced(&reply.content))
    .bind(stamp)
    .bind(reply.id.0)
    .execute(&mut *tx)
    .await?;
    let mut changed = Vec::new();
    if let Some(question) = reply.parent {
        sqlx::query(
            "UPDATE message SET status = 'complete', stamp = max(stamp + 1, ?) WHERE id = ? AND status = 'unsent'",
        )
        .bind(stamp)
        .bind(question.0)
        .execute(&mut *tx)
        .await?;
        changed.extend(one_message(tx, question).await?.map(Row::Message));
    }
    changed.extend(one_message(tx, reply.id).await?.map(Row::Message));
    Ok(changed)
}

/// A reply without words goes. If its question has other replies, the newest of them is shown; else the question is
/// unsent.
async fn take_back(
    tx: &mut SqliteConnection,
    reply: &Message,
    stamp: i64,
) -> Result<Vec<Row>, StoreError> {
    sqlx::query("DELETE FROM message WHERE id = ?")
        .bind(reply.id.0)
        .execute(&mut *tx)
        .await?;
    let mut changed = vec![Row::MessageGone(reply.id)];
    let mut tip = None;
    if let Some(question) = reply.parent {
        let newest = newest_under(tx, question).await?;
        if newest == question {
            sqlx::query(
                "UPDATE message SET status = 'unsent', stamp = max(stamp + 1, ?) WHERE id = ? AND status <> 'unsent'",
            )
            .bind(stamp)
            .bind(question.0)
            .execute(&mut *tx)
            .await?;
            changed.extend(one_message(tx, question).await?.map(Row::Message));
        }
        tip = Some(newest);
    }
    let conversation: ConversationId = reply.conversation;
    if that_conversation(tx, conversation).await?.tip == Some(reply.id) {
        set_tip(tx, conversation, tip, None).await?;
    }
    changed.push(Row::Conversation(
        that_conversation(tx, conversation).await?,
    ));
    Ok(changed)
}
