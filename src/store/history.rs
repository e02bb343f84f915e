//! The user's own questions over all conversations, newest first, also those with certain words.

use sqlx::Row;

use super::Store;
use super::error::StoreError;
use super::spaced::spaced;
use crate::domain::id::MessageId;

/// By the number of the row: the newest end of the table is read, and no more of it than is wanted.
pub(super) const RECENT: &str = "SELECT m.id, m.content FROM message m NOT INDEXED
  WHERE m.n < coalesce((SELECT n FROM message WHERE id = ?1), 9223372036854775807)
    AND m.role = 'user' AND m.trashed_at IS NULL AND m.content <> ''
    AND EXISTS (SELECT 1 FROM conversation c WHERE c.id = m.conversation_id AND c.trashed_at IS NULL)
  ORDER BY m.n DESC LIMIT ?2";

/// The index gives its rows by their number too.
pub(super) const WITH_WORDS: &str = "SELECT m.id, m.content
  FROM message_word w CROSS JOIN message m ON m.n = w.rowid
  WHERE w.message_word MATCH ?3
    AND w.rowid < coalesce((SELECT n FROM message WHERE id = ?1), 9223372036854775807)
    AND m.role = 'user' AND m.trashed_at IS NULL AND m.content <> ''
    AND EXISTS (SELECT 1 FROM conversation c WHERE c.id = m.conversation_id AND c.trashed_at IS NULL)
  ORDER BY w.rowid DESC LIMIT ?2";

impl Store {
    /// At most `limit` questions outside the trash, newest first, from behind `before` on. Of `words` each must be in
    /// the question, the last letters of each may be missing.
    pub async fn history(
        &self,
        words: &str,
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<Vec<(MessageId, String)>, StoreError> {
        let mut reader = self.reader().await?;
        let before = before.map(|id| id.0);
        let query = match sought(words) {
            Some(sought) => sqlx::query(WITH_WORDS)
                .bind(before)
                .bind(limit)
                .bind(sought),
            None => sqlx::query(RECENT).bind(before).bind(limit),
        };
        let rows = query.fetch_all(&mut *reader).await?;
        rows.iter()
            .map(|row| Ok((MessageId(row.try_get(0)?), row.try_get(1)?)))
            .collect()
    }
}

/// The words as a question to the index, `None` when there is none in them.
fn sought(words: &str) -> Option<String> {
    let word = |word: &str| {
        let word = spaced(word).unwrap_or_else(|| word.to_owned());
        format!("\"{}\"*", word.trim().replace('"', "\"\""))
    };
    let all: Vec<String> = words
        .split_whitespace()
        .filter(|text| text.chars().any(char::is_alphanumeric))
        .map(word)
        .collect();
    (!all.is_empty()).then(|| format!("body : ({})", all.join(" AND ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_and_what_is_no_word_is_left_out() {
        assert_eq!(
            sought("rust \"life ?!"),
            Some("body : (\"rust\"* AND \"\"\"life\"*)".to_owned())
        );
        assert_eq!(sought("日本"), Some("body : (\"日 本\"*)".to_owned()));
        assert_eq!(sought(" ?? "), None);
    }
}
