//! Conversations' own rows: the list with its filter and pages, titles, settings, the trash.

use futures::TryStreamExt;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::Store;
use super::connections::begin;
use super::error::StoreError;
use super::rows::{
    Cells, conversation, conversation_columns, one_conversation, that_conversation, title_word,
};
use crate::domain::conversation::{Conversation, Listed, Sampling, TitleBy, title_from_words};
use crate::domain::id::ConversationId;
use crate::domain::model::ModelRef;
use crate::protocol::{Act, Cursor, Query, Which};

/// The key in `state` of the conversation open when salon was left.
const LAST: &str = "store.last_conversation";
/// Fewest characters of an id's prefix (decisions 4.1).
const SHORTEST: usize = 6;
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

macro_rules! listed {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            conversation_columns!(),
            ", EXISTS (SELECT 1 FROM draft WHERE scope = c.id AND slot = 0) FROM ",
            $rest
        )
    };
}

/// Newest activity first, from the start: `?1` rows after `?2`.
pub(super) const FIRST: &str = listed!(
    "conversation c INDEXED BY conversation_active WHERE c.trashed_at IS NULL
     ORDER BY c.active_at DESC, c.n DESC LIMIT ?1 OFFSET ?2"
);
/// After the row of `?4` with the activity `?3`; one that is gone counts as the last of its moment.
pub(super) const NEXT: &str = listed!(
    "conversation c INDEXED BY conversation_active WHERE c.trashed_at IS NULL
     AND (c.active_at, c.n) < (?3, coalesce((SELECT n FROM conversation WHERE id = ?4), 0))
     ORDER BY c.active_at DESC, c.n DESC LIMIT ?1 OFFSET ?2"
);
/// The trash is small: sorted when it is looked at. `?3` and `?4` as above or NULL.
const TRASH: &str = listed!(
    "conversation c INDEXED BY conversation_trash WHERE c.trashed_at IS NOT NULL
     AND (?3 IS NULL OR (c.active_at, c.n) < (?3, coalesce((SELECT n FROM conversation WHERE id = ?4), 0)))
     ORDER BY c.active_at DESC, c.n DESC LIMIT ?1 OFFSET ?2"
);
/// Titles that may hold the lower-case ASCII word `?1`, in the list's order; titles with other letters are judged by the
/// caller, because SQLite folds ASCII only. `?2` and `?3`: the cursor or NULL.
const TITLES: &str =
    "SELECT n, title FROM conversation INDEXED BY conversation_active WHERE trashed_at IS NULL
  AND (length(title) <> octet_length(title) OR instr(lower(title), ?1) > 0)
  AND (?2 IS NULL OR (active_at, n) < (?2, coalesce((SELECT n FROM conversation WHERE id = ?3), 0)))
  ORDER BY active_at DESC, n DESC";
const TRASH_TITLES: &str =
    "SELECT n, title FROM conversation INDEXED BY conversation_trash WHERE trashed_at IS NOT NULL
  AND (length(title) <> octet_length(title) OR instr(lower(title), ?1) > 0)
  AND (?2 IS NULL OR (active_at, n) < (?2, coalesce((SELECT n FROM conversation WHERE id = ?3), 0)))
  ORDER BY active_at DESC, n DESC";
/// Rows by their numbers, a JSON array, in its order.
const NUMBERED: &str =
    listed!("json_each(?1) j CROSS JOIN conversation c ON c.n = j.value ORDER BY j.key");

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

    /// A page of the list, newest activity first, and whether more follow. Each word of the query has to stand in the
    /// title, whatever its case in any script.
    pub async fn list(
        &self,
        q: &Query,
        after: Option<Cursor>,
        offset: u64,
        limit: Option<u32>,
    ) -> Result<(Vec<Listed>, bool), StoreError> {
        let mut reader = self.reader().await?;
        let words: Vec<String> = q.words.split_whitespace().map(str::to_lowercase).collect();
        let page = Cut {
            after,
            offset: i64::try_from(offset).unwrap_or(i64::MAX),
            limit: limit.map(i64::from),
        };
        let rows = if words.is_empty() {
            listed_rows(&mut reader, q.which, &page).await?
        } else {
            matching_rows(&mut reader, q.which, &words, &page).await?
        };
        let wanted = limit.map_or(rows.len(), |limit| {
            usize::try_from(limit).unwrap_or(usize::MAX)
        });
        let has_more = rows.len() > wanted;
        let listed = rows
            .iter()
            .take(wanted)
            .map(listed)
            .collect::<Result<_, _>>()?;
        Ok((listed, has_more))
    }

    /// How many there are, from an index alone.
    pub async fn count(&self, which: Which) -> Result<u64, StoreError> {
        let mut reader = self.reader().await?;
        let sql = match which {
            Which::Active => {
                "SELECT count(*) FROM conversation INDEXED BY conversation_active WHERE trashed_at IS NULL"
            }
            Which::Trashed => {
                "SELECT count(*) FROM conversation INDEXED BY conversation_trash WHERE trashed_at IS NOT NULL"
            }
        };
        let row = sqlx::query(sql).fetch_one(&mut *reader).await?;
        Cells::of(&row).count()
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
        let prefix: String = id.chars().filter(|c| *c != '-').collect();
        if prefix.len() < SHORTEST {
            return Ok(Find::TooShort);
        }
        let bound = |fill: char| {
            let mut text = prefix.clone();
            text.extend(std::iter::repeat_n(
                fill,
                32_usize.saturating_sub(prefix.len()),
            ));
            Uuid::try_parse(&text).ok()
        };
        let (Some(low), Some(high)) = (bound('0'), bound('f')) else {
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

/// Which part of the list.
struct Cut {
    after: Option<Cursor>,
    offset: i64,
    limit: Option<i64>,
}

impl Cut {
    /// Rows to read: one more than asked for tells whether more follow.
    fn read(&self) -> i64 {
        self.limit.map_or(-1, |limit| limit + 1)
    }
}

async fn listed_rows(
    reader: &mut SqliteConnection,
    which: Which,
    page: &Cut,
) -> Result<Vec<SqliteRow>, StoreError> {
    let sql = match (which, page.after) {
        (Which::Active, None) => FIRST,
        (Which::Active, Some(_)) => NEXT,
        (Which::Trashed, _) => TRASH,
    };
    let query = sqlx::query(sql).bind(page.read()).bind(page.offset);
    let query = match (which, page.after) {
        (Which::Active, None) => query,
        (Which::Active | Which::Trashed, after) => query
            .bind(after.map(|at| at.active_at.0))
            .bind(after.map(|at| at.id.0)),
    };
    Ok(query.fetch_all(reader).await?)
}

async fn matching_rows(
    reader: &mut SqliteConnection,
    which: Which,
    words: &[String],
    page: &Cut,
) -> Result<Vec<SqliteRow>, StoreError> {
    let longest = words
        .iter()
        .filter(|word| word.is_ascii())
        .max_by_key(|word| word.len());
    let mut numbers: Vec<i64> = Vec::new();
    {
        let mut titles = sqlx::query(match which {
            Which::Active => TITLES,
            Which::Trashed => TRASH_TITLES,
        })
        .bind(longest.map_or("", String::as_str))
        .bind(page.after.map(|at| at.active_at.0))
        .bind(page.after.map(|at| at.id.0))
        .fetch(&mut *reader);
        let mut skip = page.offset;
        while let Some(row) = titles.try_next().await? {
            let title = row.try_get::<&str, _>(1)?.to_lowercase();
            if !words.iter().all(|word| title.contains(word.as_str())) {
                continue;
            }
            if skip > 0 {
                skip -= 1;
                continue;
            }
            numbers.push(row.try_get(0)?);
            if i64::try_from(numbers.len()).is_ok_and(|n| n == page.read()) {
                break;
            }
        }
    }
    let numbers = serde_json::to_string(&numbers).unwrap_or_default();
    Ok(sqlx::query(NUMBERED)
        .bind(numbers)
        .fetch_all(reader)
        .await?)
}

fn listed(row: &SqliteRow) -> Result<Listed, StoreError> {
    let mut cells = Cells::of(row);
    Ok(Listed {
        conversation: conversation(&mut cells)?,
        has_draft: cells.next()?,
    })
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
