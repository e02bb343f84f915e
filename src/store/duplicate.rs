//! A copy of a conversation with all its branches, under ids of its own. It has cost nothing.

use std::collections::{HashMap, HashSet};

use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::Store;
use super::connections::begin;
use super::error::StoreError;
use super::rows::that_conversation;
use super::tags::{Kind, set_tags};
use super::turns::{insert_conversation, set_tip};
use crate::domain::conversation::{Conversation, TITLE_GIVEN, TitleBy};
use crate::domain::id::{ConversationId, MessageId};
use crate::domain::usage::Money;
use crate::protocol::At;

/// What the title of a copy ends with.
const COPY: &str = " (copy)";

/// Its tree without words, parents before children.
const SKELETON: &str = "SELECT id, parent_id, trashed_at IS NOT NULL, status = 'streaming'
  FROM message INDEXED BY message_tree WHERE conversation_id = ? ORDER BY depth, id";

/// The message `?1` as `?2` under `?3` in the conversation `?4`, with the stamp `?5`. What belongs to the provider's own
/// conversation stays with the original.
const MESSAGE: &str = "INSERT INTO message
  (id, conversation_id, parent_id, depth, role, status, finish, failure, content, spaced, conversation_n, model, persona_id,
   prompt_id, prompt_version, thinking_ms, first_token_ms, total_ms, tokens_in, tokens_out, tokens_cached,
   tokens_reasoning, cost_pico, is_estimate, response_id, request_id, is_excluded, is_starred, trashed_at, created_at,
   stamp, origin)
  SELECT ?2, c.id, ?3, coalesce((SELECT depth + 1 FROM message WHERE id = ?3), 0), m.role, m.status, m.finish, m.failure,
   m.content, m.spaced, c.n, m.model, m.persona_id, m.prompt_id, m.prompt_version, m.thinking_ms, m.first_token_ms,
   m.total_ms, m.tokens_in, m.tokens_out, m.tokens_cached, m.tokens_reasoning, m.cost_pico, m.is_estimate, m.response_id,
   m.request_id, m.is_excluded, m.is_starred, m.trashed_at, m.created_at, ?5, 1
  FROM message m CROSS JOIN conversation c WHERE m.id = ?1 AND c.id = ?4";

/// Without what only the provider can read: that belongs to its own conversation.
const REASONING: &str = "INSERT INTO reasoning(message_id, content) SELECT ?2, content FROM reasoning WHERE message_id = ?1";

/// A message of the tree.
struct Joint {
    id: MessageId,
    parent: Option<MessageId>,
    is_trashed: bool,
}

impl Store {
    /// Copies a conversation under this id; refused while a reply is being written in it. Messages in the trash stay behind
    /// unless others hang on them; drafts, pin, archive and the provider's own conversation stay behind too.
    pub async fn duplicate(
        &self,
        id: ConversationId,
        copy: ConversationId,
    ) -> Result<Conversation, StoreError> {
        // A reply that a dead salon left open is closed by looking at it.
        self.page(id, At::Tip, Some(1)).await?;
        let now = self.inner.mint.now();
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let original = that_conversation(&mut tx, id).await?;
        let joints = kept(skeleton(&mut tx, id).await?);
        let made = Conversation {
            id: copy,
            title: title_of_copy(&original.title),
            // A title made from words would be replaced, and with it what tells the copy apart.
            title_by: match original.title_by {
                TitleBy::User => TitleBy::User,
                TitleBy::Words | TitleBy::Model => TitleBy::Model,
            },
            thread: None,
            created_at: now,
            active_at: now,
            trashed_at: None,
            pinned_at: None,
            archived_at: None,
            tip: None,
            message_count: 0,
            tokens_in: 0,
            tokens_out: 0,
            cost: Money(0),
            unpriced: 0,
            ..original.clone()
        };
        insert_conversation(&mut tx, &made, self.stamp()).await?;
        let mut ids: HashMap<MessageId, MessageId> = HashMap::with_capacity(joints.len());
        for joint in &joints {
            let new: MessageId = self.inner.mint.id();
            let parent = joint.parent.and_then(|parent| ids.get(&parent));
            sqlx::query(MESSAGE)
                .bind(joint.id.0)
                .bind(new.0)
                .bind(parent.map(|parent| parent.0))
                .bind(copy.0)
                .bind(self.stamp())
                .execute(&mut *tx)
                .await?;
            sqlx::query(REASONING)
                .bind(joint.id.0)
                .bind(new.0)
                .execute(&mut *tx)
                .await?;
            ids.insert(joint.id, new);
        }
        let tip = original.tip.and_then(|tip| ids.get(&tip).copied());
        set_tip(&mut tx, copy, tip, None).await?;
        set_tags(
            &mut tx,
            (Kind::Conversation, copy.0),
            &original.tags,
            self.stamp(),
        )
        .await?;
        let made = that_conversation(&mut tx, copy).await?;
        tx.commit().await?;
        Ok(made)
    }
}

async fn skeleton(tx: &mut SqliteConnection, id: ConversationId) -> Result<Vec<Joint>, StoreError> {
    let rows = sqlx::query(SKELETON).bind(id.0).fetch_all(tx).await?;
    let mut joints = Vec::with_capacity(rows.len());
    for row in &rows {
        if row.try_get::<bool, _>(3)? {
            return Err(StoreError::Writing);
        }
        joints.push(Joint {
            id: MessageId(row.try_get(0)?),
            parent: row.try_get::<Option<Uuid>, _>(1)?.map(MessageId),
            is_trashed: row.try_get(2)?,
        });
    }
    Ok(joints)
}

/// Those outside the trash, and those in it that lead to one outside, in the same order.
fn kept(joints: Vec<Joint>) -> Vec<Joint> {
    let mut needed: HashSet<MessageId> = HashSet::with_capacity(joints.len());
    for joint in joints.iter().rev() {
        if !joint.is_trashed || needed.contains(&joint.id) {
            needed.insert(joint.id);
            needed.extend(joint.parent);
        }
    }
    let mut joints = joints;
    joints.retain(|joint| needed.contains(&joint.id));
    joints
}

fn title_of_copy(title: &str) -> String {
    let room = TITLE_GIVEN - COPY.chars().count();
    let head: String = title.chars().take(room).collect();
    format!("{}{COPY}", head.trim_end()).trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_told_apart_by_its_title() {
        assert_eq!(title_of_copy("Rust"), "Rust (copy)");
        assert_eq!(title_of_copy(""), "(copy)");
        let long = title_of_copy(&"好".repeat(500));
        assert!(long.ends_with("好 (copy)") && long.chars().count() == 500);
    }
}
