//! The list of conversations: pages with the pinned ones first, the archive, the trash, and counts.

use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::Store;
use super::error::StoreError;
use super::rows::{Cells, conversation, conversation_columns, int};
use super::sought::{Cut, Wish, archived, shown};
use crate::domain::conversation::Listed;
use crate::protocol::{Cursor, Order, Query, Which};

macro_rules! listed {
    ($rest:expr) => {
        concat!(
            "SELECT ",
            conversation_columns!(),
            ", EXISTS (SELECT 1 FROM draft WHERE scope = c.id AND slot = 0) FROM ",
            $rest
        )
    };
}

/// From the start: `?1` rows after `?2`.
pub(super) const FIRST: &str = listed!(shown!(
    "ORDER BY c.pinned_at IS NULL, c.active_at DESC, c.n DESC LIMIT ?1 OFFSET ?2"
));
/// After the row of `?4` with the activity `?3`, among the pinned ones (`?5` is 0) or the others (1); one that is gone
/// counts as the last of its moment.
pub(super) const NEXT: &str = listed!(shown!(
    "AND (c.pinned_at IS NULL) = ?5
     AND (c.active_at, c.n) < (?3, coalesce((SELECT n FROM conversation WHERE id = ?4), 0))
     ORDER BY c.active_at DESC, c.n DESC LIMIT ?1 OFFSET ?2"
));
/// Those that are not pinned, from their start.
pub(super) const UNPINNED: &str = listed!(shown!(
    "AND (c.pinned_at IS NULL) = 1 ORDER BY c.active_at DESC, c.n DESC LIMIT ?1 OFFSET ?2"
));
pub(super) const ARCHIVE_FIRST: &str = listed!(archived!(
    "ORDER BY c.pinned_at IS NULL, c.active_at DESC, c.n DESC LIMIT ?1 OFFSET ?2"
));
pub(super) const ARCHIVE_NEXT: &str = listed!(archived!(
    "AND (c.pinned_at IS NULL) = ?5
     AND (c.active_at, c.n) < (?3, coalesce((SELECT n FROM conversation WHERE id = ?4), 0))
     ORDER BY c.active_at DESC, c.n DESC LIMIT ?1 OFFSET ?2"
));
const ARCHIVE_UNPINNED: &str = listed!(archived!(
    "AND (c.pinned_at IS NULL) = 1 ORDER BY c.active_at DESC, c.n DESC LIMIT ?1 OFFSET ?2"
));
/// The trash is small: sorted when it is looked at, pins do not count there. `?3` and `?4` as above or NULL.
const TRASH: &str = listed!(
    "conversation c INDEXED BY conversation_trash WHERE c.trashed_at IS NOT NULL
     AND (?3 IS NULL OR (c.active_at, c.n) < (?3, coalesce((SELECT n FROM conversation WHERE id = ?4), 0)))
     ORDER BY c.active_at DESC, c.n DESC LIMIT ?1 OFFSET ?2"
);
/// Rows by their numbers, a JSON array, in its order.
const NUMBERED: &str =
    listed!("json_each(?1) j CROSS JOIN conversation c ON c.n = j.value ORDER BY j.key");

pub(super) const ALL: &str = "SELECT count(*) FROM conversation INDEXED BY conversation_recent
  WHERE trashed_at IS NULL AND archived_at IS NULL";
pub(super) const ALL_ARCHIVED: &str =
    "SELECT count(*) FROM conversation INDEXED BY conversation_archive
  WHERE trashed_at IS NULL AND archived_at IS NOT NULL";
pub(super) const ALL_TRASH: &str =
    "SELECT count(*) FROM conversation INDEXED BY conversation_trash WHERE trashed_at IS NOT NULL";
/// From an index alone but for what is archived, which is looked at row by row.
pub(super) const ALL_OF_PERSONA: &str =
    "SELECT count(*) FROM conversation INDEXED BY conversation_persona
  WHERE persona_id IS ? AND trashed_at IS NULL AND archived_at IS NULL";

impl Store {
    /// A page, and whether more follow. What is archived is left out unless it is asked for; pinned ones stand first.
    /// `after` counts in the order by activity only. A filter that is wrong is an error.
    pub async fn list(
        &self,
        q: &Query,
        after: Option<Cursor>,
        offset: u64,
        limit: Option<u32>,
    ) -> Result<(Vec<Listed>, bool), StoreError> {
        let mut reader = self.reader().await?;
        let page = Cut {
            after,
            offset: int(offset),
            limit: limit.map(i64::from),
        };
        let wish = Wish::of(&mut reader, q, &self.inner.mint).await?;
        let rows = if wish.is_plain() && q.order == Order::Activity {
            listed_rows(&mut reader, q, &page).await?
        } else {
            let numbers = wish.numbers(&mut reader, &page).await?;
            numbered_rows(&mut reader, &numbers).await?
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

    /// How many there are, those in the archive left out; from an index alone.
    pub async fn count(&self, which: Which) -> Result<u64, StoreError> {
        self.count_by(match which {
            Which::Active => ALL,
            Which::Trashed => ALL_TRASH,
        })
        .await
    }

    /// How many are in the archive and not in the trash; from an index alone.
    pub async fn count_archived(&self) -> Result<u64, StoreError> {
        self.count_by(ALL_ARCHIVED).await
    }

    async fn count_by(&self, sql: &'static str) -> Result<u64, StoreError> {
        let mut reader = self.reader().await?;
        Cells::of(&sqlx::query(sql).fetch_one(&mut *reader).await?).count()
    }

    /// How many fit.
    pub async fn count_fitting(&self, q: &Query) -> Result<u64, StoreError> {
        let mut reader = self.reader().await?;
        let wish = Wish::of(&mut reader, q, &self.inner.mint).await?;
        if let Some(persona) = wish.only_persona() {
            let row = sqlx::query(ALL_OF_PERSONA).bind(persona.map(|id| id.0));
            return Cells::of(&row.fetch_one(&mut *reader).await?).count();
        }
        let all = wish.numbers(&mut reader, &Cut::default()).await?;
        Ok(u64::try_from(all.len()).unwrap_or(u64::MAX))
    }
}

/// A page of everything, by activity.
async fn listed_rows(
    reader: &mut SqliteConnection,
    q: &Query,
    page: &Cut,
) -> Result<Vec<SqliteRow>, StoreError> {
    let (first, next, unpinned) = match (q.which, q.is_archive) {
        (Which::Active, false) => (FIRST, NEXT, UNPINNED),
        (Which::Active, true) => (ARCHIVE_FIRST, ARCHIVE_NEXT, ARCHIVE_UNPINNED),
        (Which::Trashed, _) => (TRASH, TRASH, TRASH),
    };
    let Some(after) = page.after else {
        let query = sqlx::query(first).bind(page.read()).bind(page.offset);
        return Ok(query.fetch_all(reader).await?);
    };
    let goes_on = after.is_pinned && q.which == Which::Active;
    // Where two parts are joined, what is passed over is known only when both are read.
    let (skip, take) = page.places();
    let (limit, offset) = match (goes_on, page.limit) {
        (false, _) => (page.read(), page.offset),
        (true, None) => (-1, 0),
        (true, Some(_)) => (page.read().saturating_add(page.offset), 0),
    };
    let mut rows = sqlx::query(next)
        .bind(limit)
        .bind(offset)
        .bind(after.active_at.0)
        .bind(after.id.0)
        .bind(!after.is_pinned)
        .fetch_all(&mut *reader)
        .await?;
    if goes_on {
        let rest = sqlx::query(unpinned).bind(limit).bind(offset);
        rows.extend(rest.fetch_all(reader).await?);
        rows = rows.into_iter().skip(skip).take(take).collect();
    }
    Ok(rows)
}

async fn numbered_rows(
    reader: &mut SqliteConnection,
    numbers: &[i64],
) -> Result<Vec<SqliteRow>, StoreError> {
    let numbers = serde_json::to_string(numbers).unwrap_or_default();
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
