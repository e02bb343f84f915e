//! Where words stand on the shown branch of a conversation (spec V4).

use futures::TryStreamExt;
use sqlx::Row;

use super::Store;
use super::error::StoreError;
use super::rows::that_conversation;
use crate::domain::find::Needle;
use crate::domain::id::{ConversationId, MessageId};

/// The words of a branch, newest first. The index knows no parts of words, so all are read; one at a time.
const WORDS: &str = "WITH RECURSIVE walk(n, parent) AS (
    SELECT n, parent_id FROM message WHERE id = ?1
    UNION ALL SELECT m.n, m.parent_id FROM walk w CROSS JOIN message m ON m.id = w.parent)
  SELECT m.id, m.content FROM walk CROSS JOIN message m ON m.n = walk.n WHERE m.trashed_at IS NULL";

impl Store {
    /// The messages of the shown branch that hold these words, oldest first, and how often. Reasoning and what is in the
    /// trash are left out.
    pub async fn find_words(
        &self,
        conversation: ConversationId,
        words: &str,
    ) -> Result<Vec<(MessageId, u32)>, StoreError> {
        let Some(needle) = Needle::new(words) else {
            return Ok(Vec::new());
        };
        let mut reader = self.reader().await?;
        let tip = that_conversation(&mut reader, conversation).await?.tip;
        let mut rows = sqlx::query(WORDS)
            .bind(tip.map(|tip| tip.0))
            .fetch(&mut *reader);
        let mut found = Vec::new();
        while let Some(row) = rows.try_next().await? {
            let count = needle.count(row.try_get(1)?);
            if count > 0 {
                found.push((MessageId(row.try_get(0)?), count));
            }
        }
        found.reverse();
        Ok(found)
    }
}
