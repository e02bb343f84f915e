//! What is old (spec D6): found by index, changed a few at a time.

use sqlx::{Row, SqliteConnection};

use super::Store;
use super::connections::begin;
use super::error::StoreError;
use super::purge::Purged;
use super::rows::that_conversation;
use crate::domain::conversation::Conversation;
use crate::domain::id::ConversationId;
use crate::domain::when::Millis;

/// The key in `state` of the days after which the user has agreed to lose conversations.
const AGREED: &str = "store.keep_days";

/// All that are old, walked by an index, and one of them by its id `?2`.
macro_rules! old {
    ($index:literal, $old:literal) => {
        (
            concat!(
                "SELECT c.id FROM conversation c ",
                $index,
                " WHERE ",
                $old,
                " ORDER BY c.active_at"
            ),
            concat!("SELECT c.id FROM conversation c WHERE c.id = ?2 AND ", $old),
        )
    };
}

/// In the trash since before `?1`.
pub(super) const OLD_TRASH: (&str, &str) = old!(
    "INDEXED BY conversation_trash",
    "c.trashed_at IS NOT NULL AND c.trashed_at < ?1"
);
/// In the list, not pinned, without activity since `?1`.
pub(super) const OLD_IN_LIST: (&str, &str) = old!(
    "INDEXED BY conversation_recent",
    "c.trashed_at IS NULL AND c.archived_at IS NULL AND (c.pinned_at IS NULL) = 1 AND c.active_at < ?1"
);
/// Anywhere, not pinned, without activity since `?1`; a draft is activity, and what was open last stays.
const OLD: (&str, &str) = old!(
    "",
    "c.pinned_at IS NULL AND c.active_at < ?1
     AND NOT EXISTS (SELECT 1 FROM draft d WHERE d.scope = c.id AND d.updated_at >= ?1)
     AND lower(hex(c.id)) IS NOT (SELECT replace(value, '-', '') FROM state WHERE key = 'store.last_conversation')"
);

/// Which conversations are old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Old {
    /// In the trash since before that moment.
    Trash(Millis),
    /// In the list without activity since that moment, but for pinned ones.
    InList(Millis),
    /// Without activity since that moment, wherever they are, but for pinned ones and the one open last.
    Anywhere(Millis),
}

impl Old {
    /// The statements for all and for one, and their moment.
    fn asked(self) -> (&'static str, &'static str, i64) {
        let ((all, one), since) = match self {
            Old::Trash(since) => (OLD_TRASH, since),
            Old::InList(since) => (OLD_IN_LIST, since),
            Old::Anywhere(since) => (OLD, since),
        };
        (all, one, since.0)
    }
}

impl Store {
    /// Which are old, those longest without activity first.
    pub async fn old(&self, old: Old) -> Result<Vec<ConversationId>, StoreError> {
        let (all, _, since) = old.asked();
        let mut reader = self.reader().await?;
        let rows = sqlx::query(all).bind(since).fetch_all(&mut *reader).await?;
        rows.iter()
            .map(|row| Ok(ConversationId(row.try_get(0)?)))
            .collect()
    }

    /// Removes those of these that are still old for good, but for those a reply is being written in.
    pub async fn purge_old(
        &self,
        ids: &[ConversationId],
        old: Old,
    ) -> Result<Vec<Purged>, StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let mut gone = Vec::new();
        for id in ids {
            if self.is_old(&mut tx, *id, old).await? {
                let found = that_conversation(&mut tx, *id).await?;
                gone.push(self.remove(&mut tx, found).await?);
            }
        }
        tx.commit().await?;
        Ok(gone)
    }

    /// Puts those of these that are still old into the archive, but for those a reply is being written in.
    pub async fn archive_old(
        &self,
        ids: &[ConversationId],
        old: Old,
    ) -> Result<Vec<Conversation>, StoreError> {
        let now = self.inner.mint.now();
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let mut rows = Vec::new();
        for id in ids {
            if !self.is_old(&mut tx, *id, old).await? {
                continue;
            }
            sqlx::query(
                "UPDATE conversation SET archived_at = ?, stamp = max(stamp + 1, ?) WHERE id = ?",
            )
            .bind(now.0)
            .bind(self.stamp())
            .bind(id.0)
            .execute(&mut *tx)
            .await?;
            rows.push(that_conversation(&mut tx, *id).await?);
        }
        tx.commit().await?;
        Ok(rows)
    }

    async fn is_old(
        &self,
        tx: &mut SqliteConnection,
        id: ConversationId,
        old: Old,
    ) -> Result<bool, StoreError> {
        let (_, one, since) = old.asked();
        let row = sqlx::query(one)
            .bind(since)
            .bind(id.0)
            .fetch_optional(&mut *tx)
            .await?;
        Ok(row.is_some() && !self.is_written(tx, id).await?)
    }

    /// After how many days the user has agreed to lose conversations.
    pub async fn agreed_days(&self) -> Result<Option<u32>, StoreError> {
        let days = self.value(AGREED).await?;
        Ok(days.and_then(|days| days.parse().ok()))
    }

    /// The user agrees to lose conversations after so many days.
    pub async fn agree_to(&self, days: u32) -> Result<(), StoreError> {
        self.set_value(AGREED, &days.to_string()).await
    }
}
