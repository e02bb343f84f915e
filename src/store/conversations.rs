//! Conversations' own rows: finding one, titles, settings, the trash.

use sqlx::{Row, SqliteConnection};

use super::Store;
use super::connections::begin;
use super::error::StoreError;
use super::names::{SHORTEST, id_range};
use super::rows::{one_conversation, that_conversation, title_word};
use crate::domain::conversation::{Conversation, Sampling, TitleBy, title_from_words};
use crate::domain::id::ConversationId;
use crate::domain::model::ModelRef;
use crate::protocol::{Act, Query};

/// The key in `state` of the conversation open when salon was left.
const LAST: &str = "store.last_conversation";
/// Most conversations named when a prefix fits several.
const MOST_NAMED: usize = 10;

/// The conversations that an id's prefix fits.
#[derive(Clone, Debug, PartialEq)]
pub enum Find {
    One(Box<Conversation>),
    None,
    /// The first of them.
    Many(Vec<ConversationId>),
    /// Fewer than six characters.
    TooShort,
}

const BY_PREFIX: &str = "SELECT id FROM conversation WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?";

impl Store {
    /// A conversation's row.
    pub async fn conversation(
        &self,
        id: ConversationId,
    ) -> Result<Option<Conversation>, StoreError> {
        let mut reader = self.reader().await?;
        one_conversation(&mut reader, id).await
    }

    /// The conversation whose id begins so (case and hyphens do not matter), or `last`: the one open when salon was
    /// left, else the newest.
    pub async fn find(&self, id: &str) -> Result<Find, StoreError> {
        if id == "last" {
            let last = match self.last_conversation().await? {
                Some(last) => self.conversation(last).await?,
                None => self
                    .list(&Query::default(), None, 0, Some(1))
                    .await?
                    .0
                    .pop()
                    .map(|listed| listed.conversation),
            };
            return Ok(last.map_or(Find::None, |found| Find::One(Box::new(found))));
        }
        if id.chars().filter(|c| *c != '-').count() < SHORTEST {
            return Ok(Find::TooShort);
        }
        let Some((low, high)) = id_range(id) else {
            return Ok(Find::None);
        };
        let mut reader = self.reader().await?;
        let rows = sqlx::query(BY_PREFIX)
            .bind(low)
            .bind(high)
            .bind(i64::try_from(MOST_NAMED).unwrap_or(i64::MAX))
            .fetch_all(&mut *reader)
            .await?;
        let ids = rows
            .iter()
            .map(|row| Ok(ConversationId(row.try_get(0)?)))
            .collect::<Result<Vec<_>, StoreError>>()?;
        match ids.as_slice() {
            [] => Ok(Find::None),
            [one] => {
                let found = that_conversation(&mut reader, *one).await?;
                Ok(Find::One(Box::new(found)))
            }
            _ => Ok(Find::Many(ids)),
        }
    }

    /// Sets a title; `None` when it stays, because the user gave the present one and this one is not the user's
    /// (spec V5). An empty title by the user gives it back: it becomes the first question's first words.
    pub async fn set_title(
        &self,
        id: ConversationId,
        title: &str,
        by: TitleBy,
    ) -> Result<Option<Conversation>, StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let (text, origin) = if by == TitleBy::User && title.trim().is_empty() {
            (first_words(&mut tx, id).await?, TitleBy::Words)
        } else {
            (title.to_owned(), by)
        };
        let done = sqlx::query(
            "UPDATE conversation SET title = ?, title_by = ?, stamp = max(stamp + 1, ?)
             WHERE id = ? AND (title_by <> 'user' OR ?)",
        )
        .bind(text)
        .bind(title_word(origin))
        .bind(self.stamp())
        .bind(id.0)
        .bind(by == TitleBy::User)
        .execute(&mut *tx)
        .await?;
        let found = that_conversation(&mut tx, id).await?;
        tx.commit().await?;
        Ok((done.rows_affected() > 0).then_some(found))
    }

    /// Sets the model of the next reply.
    pub async fn set_model(
        &self,
        id: ConversationId,
        model: &ModelRef,
    ) -> Result<Conversation, StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        sqlx::query("UPDATE conversation SET model = ?, stamp = max(stamp + 1, ?) WHERE id = ?")
            .bind(model.to_string())
            .bind(self.stamp())
            .bind(id.0)
            .execute(&mut *tx)
            .await?;
        let changed = that_conversation(&mut tx, id).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Sets all of its sampling.
    pub async fn set_sampling(
        &self,
        id: ConversationId,
        sampling: &Sampling,
    ) -> Result<Conversation, StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        sqlx::query(
            "UPDATE conversation SET temperature = ?, max_output_tokens = ?, effort = ?, streaming = ?,
               stamp = max(stamp + 1, ?) WHERE id = ?",
        )
        .bind(sampling.temperature)
        .bind(sampling.max_output_tokens)
        .bind(sampling.effort.as_deref())
        .bind(sampling.stream)
        .bind(self.stamp())
        .bind(id.0)
        .execute(&mut *tx)
        .await?;
        let changed = that_conversation(&mut tx, id).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Sets its own instructions; empty removes them.
    pub async fn set_system(
        &self,
        id: ConversationId,
        text: &str,
    ) -> Result<Conversation, StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        sqlx::query(
            "UPDATE conversation SET system_text = ?, stamp = max(stamp + 1, ?) WHERE id = ?",
        )
        .bind((!text.is_empty()).then_some(text))
        .bind(self.stamp())
        .bind(id.0)
        .execute(&mut *tx)
        .await?;
        let changed = that_conversation(&mut tx, id).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Does this to all of them or to none; their rows as they stand now. What is so already stays as it is, and those
    /// that are gone are left out.
    pub async fn apply(
        &self,
        ids: &[ConversationId],
        act: Act,
    ) -> Result<Vec<Conversation>, StoreError> {
        let sql = match act {
            Act::Trash => {
                "UPDATE conversation SET trashed_at = ?, stamp = max(stamp + 1, ?) WHERE id = ? AND trashed_at IS NULL"
            }
            Act::Restore => {
                "UPDATE conversation SET trashed_at = ?, stamp = max(stamp + 1, ?) WHERE id = ? AND trashed_at IS NOT NULL"
            }
        };
        let now = self.inner.mint.now();
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let mut changed = Vec::with_capacity(ids.len());
        for id in ids {
            sqlx::query(sql)
                .bind(match act {
                    Act::Trash => Some(now.0),
                    Act::Restore => None,
                })
                .bind(self.stamp())
                .bind(id.0)
                .execute(&mut *tx)
                .await?;
            changed.extend(one_conversation(&mut tx, *id).await?);
        }
        tx.commit().await?;
        Ok(changed)
    }

    /// The conversation open when salon was left, unless it is gone or in the trash.
    pub async fn last_conversation(&self) -> Result<Option<ConversationId>, StoreError> {
        let Some(id) = self.value(LAST).await? else {
            return Ok(None);
        };
        let Ok(id) = id.parse::<ConversationId>() else {
            return Ok(None);
        };
        let found = self.conversation(id).await?;
        Ok(found.filter(|c| c.trashed_at.is_none()).map(|c| c.id))
    }

    /// Remembers it; `None` = a conversation not yet created was open.
    pub async fn set_last_conversation(
        &self,
        id: Option<ConversationId>,
    ) -> Result<(), StoreError> {
        match id {
            Some(id) => self.set_value(LAST, &id.to_string()).await,
            None => self.set_value(LAST, "").await,
        }
    }
}

/// The title of the first question's first words; empty when there is none.
async fn first_words(tx: &mut SqliteConnection, id: ConversationId) -> Result<String, StoreError> {
    let row = sqlx::query(
        "SELECT content FROM message WHERE conversation_id = ? AND depth = 0 AND role = 'user' ORDER BY id LIMIT 1",
    )
    .bind(id.0)
    .fetch_optional(tx)
    .await?;
    match row {
        Some(row) => Ok(title_from_words(row.try_get(0)?)),
        None => Ok(String::new()),
    }
}
