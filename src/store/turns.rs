//! A turn's rows: a question and its reply begin, grow, end or are taken back; each step is one transaction.

use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::Store;
use super::connections::begin;
use super::drafts::{put_before, spend, take_over};
use super::error::StoreError;
use super::rows::{
    int, maybe_int, one_conversation, that_conversation, that_shown, thread_place, title_word,
};
use super::spaced::spaced;
use crate::domain::conversation::{Conversation, Draft};
use crate::domain::id::{ConversationId, InstanceId, MessageId};
use crate::domain::message::{Message, Shown, Status};
use crate::domain::when::Millis;

/// A question with its reply to come.
#[derive(Clone, Debug)]
pub struct BeginSend {
    /// The conversation this send creates.
    pub create: Option<Conversation>,
    /// `unsent`, with its parent.
    pub question: Message,
    /// `streaming`, under the question.
    pub reply: Message,
    /// The slot of the draft it was made from; `None` = no draft of a screen.
    pub slot: Option<i32>,
}

/// The rows a turn begins with.
#[derive(Clone, Debug, PartialEq)]
pub struct Begun {
    pub conversation: Conversation,
    /// The question.
    pub asked: Shown,
    pub reply: Shown,
}

/// A reply that got no word, taken back (decisions 2.8).
#[derive(Clone, Debug)]
pub struct Withdraw {
    /// Removed.
    pub reply: MessageId,
    /// Removed too, unless something else hangs on it.
    pub question: Option<MessageId>,
    /// Where the shown branch ends again.
    pub tip: Option<MessageId>,
    /// Since when it was in the archive: talking took it out.
    pub archived_at: Option<Millis>,
    /// The send had created it: removed with what it was given to begin with, leaving a tombstone, if nothing was said
    /// in it since. Its drafts move to the conversation not yet created.
    pub remove_conversation: bool,
    /// Put back into slot 0 of that scope (`None` = the conversation not yet created), before what stands there.
    pub draft: Option<(Option<ConversationId>, Draft)>,
}

const INSERT_CONVERSATION: &str = "INSERT INTO conversation
  (id, title, title_by, model, persona_id, system_text, temperature, max_output_tokens, effort, streaming, storage,
   thread, thread_item, metadata, pinned_at, archived_at, trashed_at, created_at, active_at, stamp, origin)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)";

const INSERT_MESSAGE: &str = "INSERT INTO message
  (id, conversation_id, parent_id, depth, conversation_n, role, status, finish, failure, content, spaced, model,
   persona_id, prompt_id, prompt_version, thinking_ms, first_token_ms, total_ms, tokens_in, tokens_out, tokens_cached,
   tokens_reasoning, is_estimate, cost_pico, response_id, request_id, writer, created_at, stamp, origin)
  SELECT ?1, c.id, ?3, coalesce((SELECT depth + 1 FROM message WHERE id = ?3), 0), c.n, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
   ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, 1
  FROM conversation c WHERE c.id = ?2";

/// The newest end under a message, itself when nothing hangs on it: ids grow from parent to child, so the largest id
/// below it is a leaf.
pub(super) const NEWEST_UNDER: &str = "WITH RECURSIVE under(id, is_shown) AS (
    SELECT ?1, 1 UNION ALL
    SELECT m.id, m.trashed_at IS NULL FROM under u CROSS JOIN message m INDEXED BY message_parent ON m.parent_id = u.id)
  SELECT max(id) FROM under WHERE is_shown";

/// Moves the tip and with it the count of the shown branch (spec V6). What hangs directly on the old tip (`?3`) adds
/// `?4`; any other move counts the branch anew, from the index alone.
pub(super) const SET_TIP: &str = "UPDATE conversation SET tip_id = ?2, message_count = CASE
    WHEN ?2 IS NULL THEN 0
    WHEN ?3 IS NOT NULL AND tip_id IS ?3 THEN message_count + ?4
    ELSE (WITH RECURSIVE walk(parent, depth, counts) AS (
        SELECT parent_id, depth, role <> 'system' AND trashed_at IS NULL FROM message WHERE id = ?2
        UNION ALL
        SELECT m.parent_id, m.depth, m.role <> 'system' AND m.trashed_at IS NULL
        FROM walk w CROSS JOIN message m INDEXED BY message_tree
          ON m.conversation_id = ?1 AND m.depth = w.depth - 1 AND m.id = w.parent)
      SELECT sum(counts) FROM walk) END
  WHERE id = ?1";

impl Store {
    /// Writes the question and the reply's empty row, shows their branch, and removes the draft they were made from. A
    /// queued draft that is not there was sent or taken back by another salon: nothing is written. What else waited for a
    /// conversation belongs to the one this creates.
    pub async fn begin_send(&self, send: BeginSend) -> Result<Begun, StoreError> {
        self.begin_after(&[], send).await
    }

    /// The same, after these messages of the conversation that it creates: each under the one before, the question under
    /// the last.
    pub async fn begin_after(
        &self,
        history: &[Message],
        send: BeginSend,
    ) -> Result<Begun, StoreError> {
        let me = self.me().await?.id;
        let (question, reply) = (&send.question, &send.reply);
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        if let Some(conversation) = &send.create {
            insert_conversation(&mut tx, conversation, self.stamp()).await?;
        }
        for message in history {
            insert_message(&mut tx, message, None, self.stamp()).await?;
        }
        insert_message(&mut tx, question, None, self.stamp()).await?;
        insert_message(&mut tx, reply, Some(me), self.stamp()).await?;
        let base = question.parent.map(|parent| (parent, 2));
        set_tip(&mut tx, question.conversation, Some(reply.id), base).await?;
        if let Some(slot) = send.slot {
            spend(&mut tx, question.conversation, send.create.is_some(), slot).await?;
        }
        take_out(&mut tx, question.conversation, self.stamp()).await?;
        let begun = begun(&mut tx, question.conversation, question.id, reply.id).await?;
        tx.commit().await?;
        Ok(begun)
    }

    /// Writes another reply's row under a question that exists (retry, continue, resend) and shows its branch. With
    /// `kept_words` it begins with the words it brings, else empty.
    pub async fn begin_reply(&self, reply: Message, kept_words: bool) -> Result<Begun, StoreError> {
        let me = self.me().await?.id;
        let mut reply = reply;
        if !kept_words {
            reply.content.clear();
        }
        let question = reply.parent.ok_or(StoreError::Gone("the question"))?;
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        insert_message(&mut tx, &reply, Some(me), self.stamp()).await?;
        set_tip(
            &mut tx,
            reply.conversation,
            Some(reply.id),
            Some((question, 1)),
        )
        .await?;
        take_out(&mut tx, reply.conversation, self.stamp()).await?;
        let begun = begun(&mut tx, reply.conversation, question, reply.id).await?;
        tx.commit().await?;
        Ok(begun)
    }

    /// The reply has its first word: its question was sent.
    pub async fn first_word(&self, question: MessageId) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        sqlx::query(
            "UPDATE message SET status = 'complete', stamp = max(stamp + 1, ?) WHERE id = ? AND status = 'unsent'",
        )
        .bind(self.stamp())
        .bind(question.0)
        .execute(&mut *writer)
        .await?;
        Ok(())
    }

    /// Saves what a growing reply has so far: all its words, and its reasoning with the milliseconds that took.
    pub async fn grow(
        &self,
        reply: MessageId,
        content: &str,
        thinking: Option<(&str, u64)>,
    ) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        sqlx::query(
            "UPDATE message SET content = ?, thinking_ms = ? WHERE id = ? AND status = 'streaming'",
        )
        .bind(content)
        .bind(thinking.map(|(_, ms)| int(ms)))
        .bind(reply.0)
        .execute(&mut *tx)
        .await?;
        if let Some((text, _)) = thinking {
            save_thinking(&mut tx, reply, text).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Closes a reply with its status, words and times; they enter the search index. A row that is closed already stays
    /// as it is.
    pub async fn end(
        &self,
        reply: &Message,
        thinking: Option<&str>,
    ) -> Result<Conversation, StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let done = sqlx::query(
            "UPDATE message SET status = ?, finish = ?, failure = ?, content = ?, spaced = ?, thinking_ms = ?,
               first_token_ms = ?, total_ms = ?, response_id = ?, request_id = ?, writer = NULL, stamp = max(stamp + 1, ?)
             WHERE id = ? AND status = 'streaming'",
        )
        .bind(reply.status.word())
        .bind(reply.finish.as_ref().map(ToString::to_string))
        .bind(failure_text(reply)?)
        .bind(reply.content.as_str())
        .bind(spaced(&reply.content))
        .bind(maybe_int(reply.thinking_ms))
        .bind(maybe_int(reply.first_token_ms))
        .bind(maybe_int(reply.total_ms))
        .bind(reply.response_id.as_deref())
        .bind(reply.request_id.as_deref())
        .bind(self.stamp())
        .bind(reply.id.0)
        .execute(&mut *tx)
        .await?;
        if let (Some(text), 1) = (thinking, done.rows_affected()) {
            save_thinking(&mut tx, reply.id, text).await?;
        }
        let conversation = that_conversation(&mut tx, reply.conversation).await?;
        tx.commit().await?;
        Ok(conversation)
    }

    /// Takes a reply without words back; the conversation as it stands now, `None` when it is gone.
    pub async fn withdraw(&self, w: Withdraw) -> Result<Option<Conversation>, StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let row = sqlx::query("SELECT conversation_id FROM message WHERE id = ?")
            .bind(w.reply.0)
            .fetch_optional(&mut *tx)
            .await?
            .ok_or(StoreError::Gone("the message"))?;
        let conversation = ConversationId(row.try_get(0)?);
        sqlx::query("DELETE FROM message WHERE id = ? AND status = 'streaming'")
            .bind(w.reply.0)
            .execute(&mut *tx)
            .await?;
        if let Some(question) = w.question {
            sqlx::query(
                "DELETE FROM message WHERE id = ?1 AND status = 'unsent'
                 AND NOT EXISTS (SELECT 1 FROM message WHERE parent_id = ?1)",
            )
            .bind(question.0)
            .execute(&mut *tx)
            .await?;
        }
        set_tip(&mut tx, conversation, w.tip, None).await?;
        if let Some(at) = w.archived_at {
            sqlx::query(
                "UPDATE conversation SET archived_at = ?, stamp = max(stamp + 1, ?)
                 WHERE id = ? AND archived_at IS NULL",
            )
            .bind(at.0)
            .bind(self.stamp())
            .bind(conversation.0)
            .execute(&mut *tx)
            .await?;
        }
        let now = self.inner.mint.now();
        if w.remove_conversation && is_as_begun(&mut tx, conversation, w.reply).await? {
            take_over(&mut tx, conversation, now).await?;
            bury(&mut tx, conversation, self.stamp()).await?;
        }
        if let Some((scope, draft)) = &w.draft {
            put_before(&mut tx, *scope, draft, now).await?;
        }
        let left = one_conversation(&mut tx, conversation).await?;
        tx.commit().await?;
        Ok(left)
    }
}

async fn begun(
    tx: &mut SqliteConnection,
    conversation: ConversationId,
    question: MessageId,
    reply: MessageId,
) -> Result<Begun, StoreError> {
    Ok(Begun {
        conversation: that_conversation(tx, conversation).await?,
        asked: that_shown(tx, question).await?,
        reply: that_shown(tx, reply).await?,
    })
}

/// What is talked in is not in the archive.
async fn take_out(
    tx: &mut SqliteConnection,
    conversation: ConversationId,
    stamp: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE conversation SET archived_at = NULL, stamp = max(stamp + 1, ?)
         WHERE id = ? AND archived_at IS NOT NULL",
    )
    .bind(stamp)
    .bind(conversation.0)
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether nothing was said since this reply began: ids grow. A question that stayed has something hanging on it.
async fn is_as_begun(
    tx: &mut SqliteConnection,
    conversation: ConversationId,
    reply: MessageId,
) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "SELECT NOT EXISTS (SELECT 1 FROM message WHERE conversation_id = ? AND id >= ?)",
    )
    .bind(conversation.0)
    .bind(reply.0)
    .fetch_one(tx)
    .await?;
    Ok(row.try_get(0)?)
}

/// Removes a conversation with all that hangs on it, and leaves a tombstone.
pub(super) async fn bury(
    tx: &mut SqliteConnection,
    conversation: ConversationId,
    stamp: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO tombstone(kind, id, stamp, origin) VALUES ('conversation', ?, ?, 1)
         ON CONFLICT DO UPDATE SET stamp = max(stamp, excluded.stamp)",
    )
    .bind(conversation.0)
    .bind(stamp)
    .execute(&mut *tx)
    .await?;
    sqlx::query("DELETE FROM conversation WHERE id = ?")
        .bind(conversation.0)
        .execute(tx)
        .await?;
    Ok(())
}

async fn save_thinking(
    tx: &mut SqliteConnection,
    reply: MessageId,
    text: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO reasoning(message_id, content) VALUES (?, ?) ON CONFLICT DO UPDATE SET content = excluded.content",
    )
    .bind(reply.0)
    .bind(text)
    .execute(tx)
    .await?;
    Ok(())
}

/// Shows the branch that ends at `tip`. `base`: the new rows hang on this message and are so many; where that was the
/// tip, counting them is enough.
pub(super) async fn set_tip(
    tx: &mut SqliteConnection,
    conversation: ConversationId,
    tip: Option<MessageId>,
    base: Option<(MessageId, i64)>,
) -> Result<(), StoreError> {
    sqlx::query(SET_TIP)
        .bind(conversation.0)
        .bind(tip.map(|tip| tip.0))
        .bind(base.map(|(parent, _)| parent.0))
        .bind(base.map_or(0, |(_, more)| more))
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn insert_conversation(
    tx: &mut SqliteConnection,
    c: &Conversation,
    stamp: i64,
) -> Result<(), StoreError> {
    sqlx::query(INSERT_CONVERSATION)
        .bind(c.id.0)
        .bind(c.title.as_str())
        .bind(title_word(c.title_by))
        .bind(c.model.to_string())
        .bind(c.persona.map(|id| id.0))
        .bind((!c.system.is_empty()).then_some(c.system.as_str()))
        .bind(c.sampling.temperature)
        .bind(c.sampling.max_output_tokens)
        .bind(c.sampling.effort.as_deref())
        .bind(c.sampling.stream)
        .bind(c.storage.word())
        .bind(c.thread.as_ref().map(thread_place))
        .bind(c.thread.as_ref().and_then(|thread| thread.item.as_deref()))
        .bind(c.metadata.to_string())
        .bind(c.pinned_at.map(|at| at.0))
        .bind(c.archived_at.map(|at| at.0))
        .bind(c.trashed_at.map(|at| at.0))
        .bind(c.created_at.0)
        .bind(c.active_at.0)
        .bind(stamp)
        .execute(tx)
        .await?;
    Ok(())
}

/// Inserts a message under its parent. `writer` is the instance that writes it, for a `streaming` one.
pub(super) async fn insert_message(
    tx: &mut SqliteConnection,
    m: &Message,
    writer: Option<InstanceId>,
    stamp: i64,
) -> Result<(), StoreError> {
    let usage = m.usage.unwrap_or_default();
    let words = match m.status {
        Status::Streaming => None,
        Status::Unsent
        | Status::Complete
        | Status::Stopped
        | Status::Interrupted
        | Status::Failed => spaced(&m.content),
    };
    let done = sqlx::query(INSERT_MESSAGE)
        .bind(m.id.0)
        .bind(m.conversation.0)
        .bind(m.parent.map(|parent| parent.0))
        .bind(m.role.word())
        .bind(m.status.word())
        .bind(m.finish.as_ref().map(ToString::to_string))
        .bind(failure_text(m)?)
        .bind(m.content.as_str())
        .bind(words)
        .bind(m.model.as_ref().map(ToString::to_string))
        .bind(m.persona.map(|id| id.0))
        .bind(m.prompt.map(|(id, _)| id.0))
        .bind(m.prompt.map(|(_, version)| version))
        .bind(maybe_int(m.thinking_ms))
        .bind(maybe_int(m.first_token_ms))
        .bind(maybe_int(m.total_ms))
        .bind(maybe_int(usage.input))
        .bind(maybe_int(usage.output))
        .bind(maybe_int(usage.cached))
        .bind(maybe_int(usage.reasoning))
        .bind(usage.is_estimate)
        .bind(m.cost.map(|cost| cost.0))
        .bind(m.response_id.as_deref())
        .bind(m.request_id.as_deref())
        .bind(writer.map(|writer| writer.0))
        .bind(m.created_at.0)
        .bind(stamp)
        .execute(tx)
        .await?;
    if done.rows_affected() == 0 {
        return Err(StoreError::Gone("the conversation"));
    }
    Ok(())
}

fn failure_text(m: &Message) -> Result<Option<String>, StoreError> {
    m.failure
        .as_ref()
        .map(serde_json::to_string)
        .transpose()
        .map_err(|error| StoreError::Other(error.to_string()))
}

/// The newest end under a message.
pub(super) async fn newest_under(
    tx: &mut SqliteConnection,
    message: MessageId,
) -> Result<MessageId, StoreError> {
    let row = sqlx::query(NEWEST_UNDER)
        .bind(message.0)
        .fetch_one(tx)
        .await?;
    Ok(MessageId(
        row.try_get::<Option<Uuid>, _>(0)?.unwrap_or(message.0),
    ))
}
