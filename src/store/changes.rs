//! The outbox: what of this database a hub does not have yet, page by page, and what it has.
//!
//! Rows of the outbox stay; each hub has a place in it for each kind it gets (`pushed`). `seq` only grows and is given
//! inside the writing transaction, and SQLite has one writer: what is behind a place can never appear later.

use sqlx::SqliteConnection;
use uuid::Uuid;

use super::connections::begin;
use super::error::StoreError;
use super::lock::Alone;
use super::rows::Cells;
use super::{Store, USER};
use crate::domain::id::ConversationId;
use crate::domain::sync::Headline;
use crate::domain::usage::Money;
use crate::domain::when::Millis;

/// A page of the outbox: conversations as they stand now, each once.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    pub rows: Vec<Headline>,
    /// Removed for good.
    pub gone: Vec<ConversationId>,
    /// The place in the outbox after this page.
    pub upto: i64,
    /// Nothing followed when it was read.
    pub is_last: bool,
}

/// Conversations' metadata, as a kind of `pushed`.
const KIND: &str = "conversation";

/// Conversations that wait for the hub `?1`.
pub(super) const WAITING: &str = "SELECT count(DISTINCT id) FROM change NOT INDEXED
  WHERE seq > coalesce((SELECT seq FROM pushed WHERE hub = ?1 AND kind = 'conversation'), 0)
    AND kind IN ('conversation', 'tally', 'gone:conversation')";

/// The next `?2` changes for the hub `?1`, with their conversations; one with a later change comes with that.
pub(super) const PAGE: &str =
    "SELECT ch.seq, ch.kind, ch.id, c.n, c.title, NULL, 0, NULL, c.message_count, c.tokens_in,
    c.tokens_out, c.cost_pico, c.unpriced, c.created_at, c.active_at, c.trashed_at, c.metadata
  FROM change ch NOT INDEXED LEFT JOIN conversation c ON c.id = ch.id
  WHERE ch.seq > coalesce((SELECT seq FROM pushed WHERE hub = ?1 AND kind = 'conversation'), 0)
    AND ch.kind IN ('conversation', 'tally', 'gone:conversation')
    AND NOT EXISTS (SELECT 1 FROM change l WHERE l.kind IN ('conversation', 'tally', 'gone:conversation') AND l.id = ch.id
      AND l.seq > ch.seq)
  ORDER BY ch.seq LIMIT ?2";

const NEWEST: &str = "SELECT coalesce(max(seq), 0) FROM change";

impl Store {
    /// The user this database is recorded to belong to from now on.
    pub async fn set_user_id(&self, id: &str) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        sqlx::query("UPDATE state SET value = ? WHERE key = ?")
            .bind(id)
            .bind(USER)
            .execute(&mut *writer)
            .await?;
        Ok(())
    }

    /// Makes this hub known for this user. Another user than before sends everything again and takes over the rows of
    /// the former one, which is returned.
    pub async fn open_hub(&self, name: &str, user: &str) -> Result<Option<String>, StoreError> {
        {
            let mut reader = self.reader().await?;
            if let Some((before, former)) = hub_users(&mut reader, name).await?
                && before == user
            {
                return Ok(former);
            }
        }
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let former = match hub_users(&mut tx, name).await? {
            None => {
                sqlx::query("INSERT INTO hub(name, user_id) VALUES (?, ?)")
                    .bind(name)
                    .bind(user)
                    .execute(&mut *tx)
                    .await?;
                None
            }
            Some((before, former)) if before == user => former,
            Some((before, _)) => {
                sqlx::query(
                    "UPDATE hub SET user_id = ?, former_user_id = ?, ok_at = NULL WHERE name = ?",
                )
                .bind(user)
                .bind(before.as_str())
                .bind(name)
                .execute(&mut *tx)
                .await?;
                begin_anew(&mut tx, name).await?;
                Some(before)
            }
        };
        tx.commit().await?;
        Ok(former)
    }

    /// Whether a sending to this hub ever came to its end.
    pub async fn has_reached(&self, hub: &str) -> Result<bool, StoreError> {
        let ok = self.hub_cell(hub, "SELECT ok_at FROM hub WHERE name = ?");
        Ok(ok.await?.is_some())
    }

    /// Not before this moment, because the hub was away.
    pub async fn hub_rests_until(&self, hub: &str) -> Result<Option<Millis>, StoreError> {
        let at = self.hub_cell(hub, "SELECT retry_at FROM hub WHERE name = ?");
        Ok(at.await?.map(Millis))
    }

    async fn hub_cell(&self, hub: &str, sql: &'static str) -> Result<Option<i64>, StoreError> {
        let mut reader = self.reader().await?;
        let row = sqlx::query(sql)
            .bind(hub)
            .fetch_optional(&mut *reader)
            .await?;
        match row {
            Some(row) => Cells::of(&row).next(),
            None => Ok(None),
        }
    }

    /// Conversations that this hub does not have as they are here.
    pub async fn waiting(&self, hub: &str) -> Result<u64, StoreError> {
        let mut reader = self.reader().await?;
        let row = sqlx::query(WAITING)
            .bind(hub)
            .fetch_one(&mut *reader)
            .await?;
        Cells::of(&row).count()
    }

    /// The next page for this hub, of at most so many changes.
    pub async fn outgoing(&self, hub: &str, most: u32) -> Result<Outgoing, StoreError> {
        let mut reader = self.reader().await?;
        // What is written between the two statements is behind the place this page leads to.
        let newest: i64 = Cells::of(&sqlx::query(NEWEST).fetch_one(&mut *reader).await?).next()?;
        let changes = sqlx::query(PAGE)
            .bind(hub)
            .bind(i64::from(most))
            .fetch_all(&mut *reader)
            .await?;
        let is_last = changes.len() < usize::try_from(most).unwrap_or(usize::MAX);
        let mut page = Outgoing {
            rows: Vec::with_capacity(changes.len()),
            gone: Vec::new(),
            upto: 0,
            is_last,
        };
        for row in &changes {
            let mut cells = Cells::of(row);
            page.upto = cells.next()?;
            let kind: &str = cells.next()?;
            let id = ConversationId(cells.next::<Uuid>()?);
            if cells.next::<Option<i64>>()?.is_some() {
                page.rows.push(headline(id, &mut cells)?);
            } else if kind == "gone:conversation" {
                page.gone.push(id);
            }
        }
        if is_last {
            page.upto = page.upto.max(newest);
        }
        Ok(page)
    }

    /// Everything up to this place is at the hub.
    pub async fn sent(&self, hub: &str, upto: i64) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        sqlx::query(
            "INSERT INTO pushed(hub, kind, seq) VALUES (?, ?, ?)
             ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)",
        )
        .bind(hub)
        .bind(KIND)
        .bind(upto)
        .execute(&mut *writer)
        .await?;
        Ok(())
    }

    /// Notes how a sending ended: well at this moment, or not before that one again, because of this.
    pub async fn note_hub(
        &self,
        hub: &str,
        ended: Result<Millis, (Millis, &str)>,
    ) -> Result<(), StoreError> {
        let (ok_at, retry_at, failure) = match ended {
            Ok(at) => (Some(at.0), None, None),
            Err((again, why)) => (None, Some(again.0), Some(why)),
        };
        let mut writer = self.writer().await?;
        sqlx::query(
            "UPDATE hub SET ok_at = coalesce(?, ok_at), retry_at = ?, failure = ? WHERE name = ?",
        )
        .bind(ok_at)
        .bind(retry_at)
        .bind(failure)
        .bind(hub)
        .execute(&mut *writer)
        .await?;
        Ok(())
    }

    /// The hub has nothing of this database any more: everything goes there again.
    pub async fn send_again(&self, hub: &str) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        begin_anew(&mut writer, hub).await
    }

    /// The right to send, held by one salon at a time so that an older row never follows a newer one; `None` while
    /// another has it.
    pub fn alone(&self) -> Result<Option<Alone>, StoreError> {
        Alone::take(self.inner.run_dir.as_deref())
    }
}

/// Under whom rows went to this hub, and under whom before.
async fn hub_users(
    connection: &mut SqliteConnection,
    name: &str,
) -> Result<Option<(String, Option<String>)>, StoreError> {
    let row = sqlx::query("SELECT user_id, former_user_id FROM hub WHERE name = ?")
        .bind(name)
        .fetch_optional(connection)
        .await?;
    row.map(|row| {
        let mut cells = Cells::of(&row);
        Ok((cells.next()?, cells.next()?))
    })
    .transpose()
}

async fn begin_anew(writer: &mut SqliteConnection, hub: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM pushed WHERE hub = ?")
        .bind(hub)
        .execute(writer)
        .await?;
    Ok(())
}

/// From the columns of `PAGE` after `n`.
fn headline(id: ConversationId, cells: &mut Cells<'_>) -> Result<Headline, StoreError> {
    let title = cells.next()?;
    let summary = cells.next()?;
    let summary_message_count = cells.count()?;
    let summary_updated_at = cells.next::<Option<i64>>()?.map(Millis);
    let message_count = cells.count()?;
    let (tokens_in, tokens_out) = (cells.count()?, cells.count()?);
    let (cost, unpriced): (i64, i64) = (cells.next()?, cells.next()?);
    Ok(Headline {
        id,
        title,
        summary,
        message_count,
        summary_message_count,
        summary_updated_at,
        tokens_in,
        tokens_out,
        cost: (cost != 0 || unpriced == 0).then_some(Money(cost)),
        created_at: Millis(cells.next()?),
        updated_at: Millis(cells.next()?),
        is_deleted: cells.next::<Option<i64>>()?.is_some(),
        metadata: serde_json::from_str(cells.next()?).unwrap_or_default(),
    })
}
