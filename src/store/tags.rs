//! Tags: which a thing has, and how others hear of one that goes.

use std::collections::BTreeSet;

use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::Store;
use super::connections::begin;
use super::error::StoreError;
use super::rows::that_conversation;
use crate::domain::conversation::Conversation;
use crate::domain::id::ConversationId;
use crate::domain::tag;

/// Whose tags they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Conversation,
    Prompt,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Conversation => "conversation",
            Kind::Prompt => "prompt",
        }
    }
}

/// The conversations that have the tag `?1`, with its writing there.
pub(super) const TAGGED: &str = "SELECT id, name FROM tag INDEXED BY tag_name
  WHERE kind = 'conversation' AND name = ?1 AND is_gone = 0";
const ALL: &str =
    "SELECT id, name FROM tag INDEXED BY tag_name WHERE kind = 'conversation' AND is_gone = 0";

impl Store {
    /// Takes tags from all of them and gives them tags, or changes none. The rows as they stand now, each with the tags it
    /// had before where those have changed.
    pub async fn tag(
        &self,
        ids: &[ConversationId],
        add: &[String],
        remove: &[String],
    ) -> Result<Vec<(Conversation, Option<Vec<String>>)>, StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            let before = that_conversation(&mut tx, *id).await?;
            let tags = tag::changed(&before.tags, add, remove);
            if tags == before.tags {
                rows.push((before, None));
                continue;
            }
            set_tags(&mut tx, (Kind::Conversation, id.0), &tags, self.stamp()).await?;
            let after = that_conversation(&mut tx, *id).await?;
            rows.push((after, Some(before.tags)));
        }
        tx.commit().await?;
        Ok(rows)
    }

    /// Gives each of them exactly these tags, or changes none; what they had before.
    pub async fn put_tags_back(
        &self,
        tags: &[(ConversationId, Vec<String>)],
    ) -> Result<Vec<(Conversation, Vec<String>)>, StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let mut rows = Vec::with_capacity(tags.len());
        for (id, tags) in tags {
            let before = that_conversation(&mut tx, *id).await?;
            set_tags(&mut tx, (Kind::Conversation, id.0), tags, self.stamp()).await?;
            rows.push((that_conversation(&mut tx, *id).await?, before.tags));
        }
        tx.commit().await?;
        Ok(rows)
    }
}

/// These tags and no others. One that goes stays as a row, so that other machines hear of it.
pub(super) async fn set_tags(
    tx: &mut SqliteConnection,
    (kind, id): (Kind, Uuid),
    tags: &[String],
    stamp: i64,
) -> Result<(), StoreError> {
    for tag in tags {
        // No upsert: its conflict clause would reach into the triggers, where the outbox has one of its own.
        for sql in [
            "UPDATE tag SET name = ?3, is_gone = 0, stamp = max(stamp + 1, ?4) WHERE kind = ?1 AND id = ?2
             AND name = ?3 AND (is_gone = 1 OR name <> ?3 COLLATE BINARY)",
            "INSERT INTO tag(kind, id, name, stamp, origin) SELECT ?1, ?2, ?3, ?4, 1
             WHERE NOT EXISTS (SELECT 1 FROM tag WHERE kind = ?1 AND id = ?2 AND name = ?3)",
        ] {
            sqlx::query(sql)
                .bind(kind.word())
                .bind(id)
                .bind(tag.as_str())
                .bind(stamp)
                .execute(&mut *tx)
                .await?;
        }
    }
    sqlx::query(
        "UPDATE tag SET is_gone = 1, stamp = max(stamp + 1, ?) WHERE kind = ? AND id = ? AND is_gone = 0
         AND NOT EXISTS (SELECT 1 FROM json_each(?) WHERE value = name COLLATE NOCASE)",
    )
    .bind(stamp)
    .bind(kind.word())
    .bind(id)
    .bind(serde_json::to_string(tags).unwrap_or_default())
    .execute(tx)
    .await?;
    Ok(())
}

/// The tags of that id go with their rows: what they hung on is removed for good.
pub(super) async fn remove_tags(
    tx: &mut SqliteConnection,
    (kind, id): (Kind, Uuid),
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM tag WHERE kind = ? AND id = ?")
        .bind(kind.word())
        .bind(id)
        .execute(tx)
        .await?;
    Ok(())
}

/// The conversations that have this lower-case tag. SQLite folds ASCII only, so others are looked for among all.
pub(super) async fn tagged(
    reader: &mut SqliteConnection,
    tag: &str,
) -> Result<BTreeSet<Uuid>, StoreError> {
    let rows = match tag.is_ascii() {
        true => sqlx::query(TAGGED).bind(tag),
        false => sqlx::query(ALL),
    };
    let mut ids = BTreeSet::new();
    for row in &rows.fetch_all(reader).await? {
        if row.try_get::<&str, _>(1)?.to_lowercase() == tag {
            ids.insert(row.try_get(0)?);
        }
    }
    Ok(ids)
}
