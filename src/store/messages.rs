//! Reading a conversation's tree: pages of its shown branch, whole branches, siblings, and which branch is shown.

use std::collections::BTreeSet;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::Store;
use super::connections::begin;
use super::error::StoreError;
use super::rows::{
    Cells, message, message_columns, one_conversation, one_message, shown, shown_columns,
    that_conversation,
};
use super::turns::{newest_under, set_tip};
use crate::domain::conversation::Conversation;
use crate::domain::id::{ConversationId, InstanceId, MessageId};
use crate::domain::message::{Message, Shown, Status};
use crate::domain::when::Millis;
use crate::protocol::{Asked, At, Page};

/// Up a branch from `?1`, newest first, at most `?2` rows that are not in the trash. The walk reads by id and stops with
/// the last row asked for, so a page costs the same in any conversation.
pub(super) const PAGE: &str = concat!(
    "WITH RECURSIVE walk(n, parent) AS (
       SELECT n, parent_id FROM message WHERE id = ?1
       UNION ALL SELECT m.n, m.parent_id FROM walk w CROSS JOIN message m ON m.id = w.parent)
     SELECT ",
    shown_columns!(),
    " FROM walk CROSS JOIN message m ON m.n = walk.n WHERE m.trashed_at IS NULL LIMIT ?2"
);

/// How many rows the tip `?1` is after the message `?2` on its branch; no row = it is on another branch. From the index
/// alone, because it may pass the whole branch.
pub(super) const STEPS: &str = "WITH RECURSIVE walk(id, parent, depth, conversation, step) AS (
    SELECT id, parent_id, depth, conversation_id, 0 FROM message WHERE id = ?1
    UNION ALL SELECT m.id, m.parent_id, m.depth, w.conversation, w.step + (m.trashed_at IS NULL)
    FROM walk w CROSS JOIN message m INDEXED BY message_tree
      ON m.conversation_id = w.conversation AND m.depth = w.depth - 1 AND m.id = w.parent
    WHERE w.id <> ?2)
  SELECT step FROM walk WHERE id = ?2 LIMIT 1";

/// The row that is `?2` rows before the tip `?1`.
const UP: &str = "WITH RECURSIVE walk(id, parent, depth, conversation, is_shown) AS (
    SELECT id, parent_id, depth, conversation_id, 1 FROM message WHERE id = ?1
    UNION ALL SELECT m.id, m.parent_id, m.depth, w.conversation, m.trashed_at IS NULL
    FROM walk w CROSS JOIN message m INDEXED BY message_tree
      ON m.conversation_id = w.conversation AND m.depth = w.depth - 1 AND m.id = w.parent)
  SELECT id FROM walk WHERE is_shown LIMIT 1 OFFSET ?2";

/// The row `?3` rows after `?2` on the branch to the tip `?1`, or the last one, how many rows after it, and whether more
/// follow. No row when the tree has siblings or trash on the way: where each depth has one row only, that row is on
/// every branch, so nothing has to be walked.
pub(super) const STRAIGHT: &str = "SELECT max(m.id), max(m.depth) - a.depth, max(m.depth) < t.depth
  FROM message t CROSS JOIN message a CROSS JOIN message m INDEXED BY message_tree
  WHERE t.id = ?1 AND a.id = ?2 AND m.conversation_id = t.conversation_id
    AND m.depth >= a.depth AND m.depth <= min(a.depth + ?3, t.depth)
    AND a.conversation_id = t.conversation_id AND a.depth <= t.depth
  HAVING count(*) = min(a.depth + ?3, t.depth) - a.depth + 1 AND count(DISTINCT m.depth) = count(*)
    AND count(m.trashed_at) = 0";

const BRANCH: &str = concat!(
    "WITH RECURSIVE walk(n, parent) AS (
       SELECT n, parent_id FROM message WHERE id = ?1
       UNION ALL SELECT m.n, m.parent_id FROM walk w CROSS JOIN message m ON m.id = w.parent)
     SELECT ",
    message_columns!(),
    " FROM walk CROSS JOIN message m ON m.n = walk.n WHERE m.trashed_at IS NULL"
);

/// Every message of the conversation `?1` that is not in the trash, depth first, siblings oldest first.
pub(super) const TREE: &str = concat!(
    "WITH RECURSIVE walk(n, id, depth) AS (
       SELECT n, id, depth FROM message INDEXED BY message_tree
       WHERE conversation_id = ?1 AND depth = 0 AND parent_id IS NULL
       UNION ALL SELECT m.n, m.id, w.depth + 1 FROM walk w CROSS JOIN message m INDEXED BY message_parent
         ON m.parent_id = w.id
       ORDER BY 3 DESC, 2)
     SELECT ",
    shown_columns!(),
    " FROM walk CROSS JOIN message m ON m.n = walk.n WHERE m.trashed_at IS NULL"
);

const QUESTIONS: &str = "WITH RECURSIVE walk(n, parent) AS (
    SELECT n, parent_id FROM message WHERE id = ?1
    UNION ALL SELECT m.n, m.parent_id FROM walk w CROSS JOIN message m ON m.id = w.parent)
  SELECT m.id, m.created_at, m.content FROM walk CROSS JOIN message m ON m.n = walk.n
  WHERE m.role = 'user' AND m.trashed_at IS NULL";

/// Those with the same parent, oldest first.
pub(super) const SIBLINGS: &str = "SELECT id FROM message INDEXED BY message_parent
  WHERE parent_id = ? AND trashed_at IS NULL ORDER BY id";
/// The first messages of a conversation are siblings too.
pub(super) const ROOTS: &str = "SELECT id FROM message INDEXED BY message_tree
  WHERE conversation_id = ? AND depth = 0 AND parent_id IS NULL AND trashed_at IS NULL ORDER BY id";

/// Asking for no limit asks for this many rows.
const ALL: i64 = i64::MAX;

impl Store {
    /// A page of the shown branch, oldest first. Replies that a dead salon left in it are recovered first; those that a
    /// running one is writing are `is_elsewhere`. `Around` and `After` a message of another branch give the newest page.
    ///
    /// Recovery may move the tip: ask for the conversation's row after the page.
    pub async fn page(
        &self,
        conversation: ConversationId,
        at: At,
        limit: Option<u32>,
    ) -> Result<Page, StoreError> {
        let (mut page, mut writers) = self.read_page(conversation, at, limit).await?;
        let dead: Vec<InstanceId> = writers
            .iter()
            .copied()
            .filter(|id| !self.is_me(*id) && !self.is_alive(*id))
            .collect();
        if !dead.is_empty() {
            for id in dead {
                // A database that cannot be written can still be read.
                if let Err(error) = self.recover(id).await {
                    tracing::warn!(%error, "a reply of a dead salon stays open");
                }
            }
            (page, writers) = self.read_page(conversation, at, limit).await?;
        }
        if writers.iter().any(|id| !self.is_me(*id)) {
            self.mark_elsewhere(&mut page).await?;
        }
        Ok(page)
    }

    async fn read_page(
        &self,
        conversation: ConversationId,
        at: At,
        limit: Option<u32>,
    ) -> Result<(Page, BTreeSet<InstanceId>), StoreError> {
        let mut reader = self.reader().await?;
        let tip = one_conversation(&mut reader, conversation)
            .await?
            .ok_or(StoreError::Gone("the conversation"))?
            .tip;
        let Some(tip) = tip else {
            return Ok((Page::default(), BTreeSet::new()));
        };
        let most = limit.map(i64::from);
        let Cut {
            end,
            most,
            has_after,
        } = match at {
            At::Tip => Cut::tip(tip, most),
            At::Before(message) => match parent(&mut reader, message).await? {
                Some(end) => Cut {
                    end,
                    most,
                    has_after: true,
                },
                None => return Ok((nothing_before(), BTreeSet::new())),
            },
            At::After(message) => match below(&mut reader, tip, message, most).await? {
                Some(below) if below.taken == 0 => {
                    let page = Page {
                        has_before: true,
                        ..Page::default()
                    };
                    return Ok((page, BTreeSet::new()));
                }
                Some(below) => Cut {
                    end: below.end,
                    most: Some(below.taken),
                    has_after: below.has_after,
                },
                None => Cut::tip(tip, most),
            },
            At::Around(message) => {
                let half = most.map(|most| (most - most / 2 - 1).max(0));
                match below(&mut reader, tip, message, half).await? {
                    Some(below) => Cut {
                        end: below.end,
                        most,
                        has_after: below.has_after,
                    },
                    None => Cut::tip(tip, most),
                }
            }
        };
        let rows = sqlx::query(PAGE)
            .bind(end.0)
            .bind(most.map_or(ALL, |most| most + 1))
            .fetch_all(&mut *reader)
            .await?;
        let has_before = most.is_some_and(|most| rows.len() > usize::try_from(most).unwrap_or(0));
        let mut writers = BTreeSet::new();
        let mut messages = Vec::with_capacity(rows.len());
        for row in rows.iter().take(rows.len() - usize::from(has_before)) {
            let (row, writer) = shown(&mut Cells::of(row))?;
            writers.extend(writer);
            messages.push(row);
        }
        messages.reverse();
        let page = Page {
            messages,
            has_before,
            has_after,
        };
        Ok((page, writers))
    }

    /// Marks what a running salon, not this one, is writing.
    async fn mark_elsewhere(&self, page: &mut Page) -> Result<(), StoreError> {
        let mut reader = self.reader().await?;
        for shown in &mut page.messages {
            if shown.message.status == Status::Streaming {
                shown.is_elsewhere = writer(&mut reader, shown)
                    .await?
                    .is_some_and(|id| !self.is_me(id));
            }
        }
        Ok(())
    }

    /// A message, whole.
    pub async fn message(&self, id: MessageId) -> Result<Option<Message>, StoreError> {
        let mut reader = self.reader().await?;
        one_message(&mut reader, id).await
    }

    /// The branch that ends with this message, whole, oldest first, without what is in the trash.
    pub async fn branch(&self, tip: MessageId) -> Result<Vec<Message>, StoreError> {
        let mut reader = self.reader().await?;
        let rows = sqlx::query(BRANCH)
            .bind(tip.0)
            .fetch_all(&mut *reader)
            .await?;
        rows.iter()
            .rev()
            .map(|row| message(&mut Cells::of(row)))
            .collect()
    }

    /// All branches of a conversation without what is in the trash: each message somewhere after the one it follows,
    /// siblings oldest first.
    pub async fn tree(&self, conversation: ConversationId) -> Result<Vec<Shown>, StoreError> {
        let mut reader = self.reader().await?;
        let rows = sqlx::query(TREE)
            .bind(conversation.0)
            .fetch_all(&mut *reader)
            .await?;
        rows.iter()
            .map(|row| Ok(shown(&mut Cells::of(row))?.0))
            .collect()
    }

    /// Shows the branch through this message, to its newest end.
    pub async fn choose(
        &self,
        conversation: ConversationId,
        through: MessageId,
    ) -> Result<Conversation, StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let chosen = one_message(&mut tx, through).await?;
        if chosen.is_none_or(|message| message.conversation != conversation) {
            return Err(StoreError::Gone("the message"));
        }
        let tip = newest_under(&mut tx, through).await?;
        set_tip(&mut tx, conversation, Some(tip), None).await?;
        let conversation = that_conversation(&mut tx, conversation).await?;
        tx.commit().await?;
        Ok(conversation)
    }

    /// A message and its siblings, oldest first.
    pub async fn siblings(&self, id: MessageId) -> Result<Vec<MessageId>, StoreError> {
        let mut reader = self.reader().await?;
        let Some(message) = one_message(&mut reader, id).await? else {
            return Ok(Vec::new());
        };
        let rows = match message.parent {
            Some(parent) => sqlx::query(SIBLINGS).bind(parent.0),
            None => sqlx::query(ROOTS).bind(message.conversation.0),
        }
        .fetch_all(&mut *reader)
        .await?;
        rows.iter()
            .map(|row| Ok(MessageId(row.try_get(0)?)))
            .collect()
    }

    /// The user's questions on the shown branch, oldest first.
    pub async fn questions(&self, conversation: ConversationId) -> Result<Vec<Asked>, StoreError> {
        let mut reader = self.reader().await?;
        let tip = that_conversation(&mut reader, conversation).await?.tip;
        let rows = sqlx::query(QUESTIONS)
            .bind(tip.map(|tip| tip.0))
            .fetch_all(&mut *reader)
            .await?;
        let asked = |row: &SqliteRow| {
            Ok(Asked {
                id: MessageId(row.try_get(0)?),
                at: Millis(row.try_get(1)?),
                text: row.try_get(2)?,
            })
        };
        rows.iter().rev().map(asked).collect()
    }

    /// The stored reasoning of a reply.
    pub async fn thinking(&self, reply: MessageId) -> Result<Option<String>, StoreError> {
        let mut reader = self.reader().await?;
        let row = sqlx::query("SELECT content FROM reasoning WHERE message_id = ?")
            .bind(reply.0)
            .fetch_optional(&mut *reader)
            .await?;
        row.map(|row| Ok(row.try_get(0)?)).transpose()
    }
}

/// Where a page ends, how many rows it has at most, whether rows follow it.
struct Cut {
    end: MessageId,
    most: Option<i64>,
    has_after: bool,
}

/// A row of the shown branch after a message, how many rows after it, whether more follow.
struct Below {
    end: MessageId,
    taken: i64,
    has_after: bool,
}

impl Cut {
    fn tip(tip: MessageId, most: Option<i64>) -> Cut {
        Cut {
            end: tip,
            most,
            has_after: false,
        }
    }
}

fn nothing_before() -> Page {
    Page {
        has_after: true,
        ..Page::default()
    }
}

async fn parent(
    reader: &mut SqliteConnection,
    message: MessageId,
) -> Result<Option<MessageId>, StoreError> {
    let row = sqlx::query("SELECT parent_id FROM message WHERE id = ?")
        .bind(message.0)
        .fetch_optional(reader)
        .await?
        .ok_or(StoreError::Gone("the message"))?;
    Ok(row.try_get::<Option<uuid::Uuid>, _>(0)?.map(MessageId))
}

async fn writer(
    reader: &mut SqliteConnection,
    shown: &Shown,
) -> Result<Option<InstanceId>, StoreError> {
    let row = sqlx::query("SELECT writer FROM message WHERE id = ?")
        .bind(shown.message.id.0)
        .fetch_optional(reader)
        .await?;
    match row {
        Some(row) => Ok(row.try_get::<Option<uuid::Uuid>, _>(0)?.map(InstanceId)),
        None => Ok(None),
    }
}

/// The row at most so many rows after a message of the shown branch; `None` = it is on another branch.
async fn below(
    reader: &mut SqliteConnection,
    tip: MessageId,
    message: MessageId,
    most: Option<i64>,
) -> Result<Option<Below>, StoreError> {
    if let Some(most) = most
        && let Some(row) = sqlx::query(STRAIGHT)
            .bind(tip.0)
            .bind(message.0)
            .bind(most)
            .fetch_optional(&mut *reader)
            .await?
    {
        return Ok(Some(Below {
            end: MessageId(row.try_get(0)?),
            taken: row.try_get(1)?,
            has_after: row.try_get(2)?,
        }));
    }
    let row = sqlx::query(STEPS)
        .bind(tip.0)
        .bind(message.0)
        .fetch_optional(&mut *reader)
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let after: i64 = row.try_get(0)?;
    let taken = most.map_or(after, |most| most.min(after));
    let row = sqlx::query(UP)
        .bind(tip.0)
        .bind(after - taken)
        .fetch_optional(reader)
        .await?
        .ok_or(StoreError::Gone("the message"))?;
    Ok(Some(Below {
        end: MessageId(row.try_get(0)?),
        taken,
        has_after: after > taken,
    }))
}
