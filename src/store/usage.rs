//! What requests used: a row for each, written once, and what follows from it: a reply's figures, the conversation's
//! sums, the histogram of times.

use sqlx::SqliteConnection;

use super::Store;
use super::connections::begin;
use super::error::StoreError;
use super::rows::{Cells, maybe_int, one_conversation};
use crate::domain::chat::Purpose;
use crate::domain::conversation::Conversation;
use crate::domain::id::{ConversationId, MessageId, PersonaId, UsageId};
use crate::domain::message::{Message, Status};
use crate::domain::model::ModelRef;
use crate::domain::price::{CostBy, Tariff};
use crate::domain::usage::{Money, Spent, Usage};
use crate::domain::when::Millis;

/// One request to a provider. It outlives what it was for.
#[derive(Clone, Debug, PartialEq)]
pub struct UsageRow {
    pub id: UsageId,
    pub at: Millis,
    pub purpose: Purpose,
    /// `None` for a temporary conversation (decisions 2.6).
    pub conversation: Option<ConversationId>,
    pub message: Option<MessageId>,
    /// The persona asked; `None` for a temporary conversation and a trial.
    pub persona: Option<PersonaId>,
    pub model: ModelRef,
    pub usage: Usage,
    /// `None` = not known, never 0 for that.
    pub cost: Option<Money>,
    pub cost_by: Option<CostBy>,
    /// The prices the cost was made with; `None` when the provider told the cost or nobody knows it.
    pub tariff: Option<Tariff>,
    pub first_token_ms: Option<u64>,
    pub total_ms: Option<u64>,
    /// How it ended.
    pub status: Status,
    /// Requests made until it was answered, from 1.
    pub attempts: u32,
}

/// Milliseconds of an hour.
const HOUR: i64 = 3_600_000;
/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

impl Store {
    /// What all requests since then used and cost, of all purposes, those of other salons on this file too. Whole hours
    /// come from the sums.
    pub async fn spent(&self, since: Millis) -> Result<Spent, StoreError> {
        let hour = since.0.div_euclid(HOUR) + i64::from(since.0.rem_euclid(HOUR) > 0);
        let mut reader = self.reader().await?;
        let row = sqlx::query(
            "SELECT coalesce(sum(cost), 0), coalesce(sum(unpriced), 0), coalesce(sum(tokens), 0) FROM (
               SELECT cost_pico AS cost, unpriced, input + output AS tokens FROM usage_sum WHERE hour >= ?1
               UNION ALL
               SELECT coalesce(cost_pico, 0), cost_pico IS NULL, coalesce(input, 0) + coalesce(output, 0) FROM usage
               WHERE at >= ?2 AND at < ?3)",
        )
        .bind(hour)
        .bind(since.0)
        .bind(hour * HOUR)
        .fetch_one(&mut *reader)
        .await?;
        let mut cells = Cells::of(&row);
        Ok(Spent {
            cost: Money(cells.next()?),
            unpriced: u64::try_from(cells.next::<i64>()?).unwrap_or(0),
            tokens: u64::try_from(cells.next::<i64>()?).unwrap_or(0),
        })
    }

    /// Writes the row of a request, once: a row with this id that is there already stays, and nothing else changes. The
    /// reply, if it was for one, takes over its figures. The conversation as it stands now, `None` when there is none.
    pub async fn measure(
        &self,
        reply: Option<&Message>,
        row: &UsageRow,
    ) -> Result<Option<Conversation>, StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let price = price(&mut tx, row).await?;
        if insert(&mut tx, row, price, self.stamp()).await? {
            for (what, ms) in [("first", row.first_token_ms), ("total", row.total_ms)] {
                if let Some(ms) = ms {
                    count_time(&mut tx, row, what, ms).await?;
                }
            }
            if let Some(reply) = reply {
                figures(&mut tx, reply, self.stamp()).await?;
            }
        }
        let conversation = match row.conversation {
            Some(id) => one_conversation(&mut tx, id).await?,
            None => None,
        };
        tx.commit().await?;
        Ok(conversation)
    }
}

/// Whether it was new. Its sums follow by a trigger.
async fn insert(
    tx: &mut SqliteConnection,
    row: &UsageRow,
    price: Option<i64>,
    stamp: i64,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO usage(id, at, purpose, conversation_id, message_id, persona_id, provider, model, input, cache_read,
           cache_write, output, reasoning, cost_pico, cost_by, price_n, first_token_ms, total_ms, status, attempts, stamp,
           origin)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING",
    )
    .bind(row.id.0)
    .bind(row.at.0)
    .bind(row.purpose.word())
    .bind(row.conversation.map(|id| id.0))
    .bind(row.message.map(|id| id.0))
    .bind(row.persona.map(|id| id.0))
    .bind(row.model.provider.as_str())
    .bind(row.model.name.as_str())
    .bind(maybe_int(row.usage.input))
    .bind(maybe_int(row.usage.cached))
    .bind(maybe_int(row.usage.cache_write))
    .bind(maybe_int(row.usage.output))
    .bind(maybe_int(row.usage.reasoning))
    .bind(row.cost.map(|cost| cost.0))
    .bind(row.cost_by.map(CostBy::word))
    .bind(price)
    .bind(maybe_int(row.first_token_ms))
    .bind(maybe_int(row.total_ms))
    .bind(row.status.word())
    .bind(row.attempts)
    .bind(stamp)
    .execute(tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The row of the prices a request was priced with; a new one where they differ from the last ones of their source.
async fn price(tx: &mut SqliteConnection, row: &UsageRow) -> Result<Option<i64>, StoreError> {
    let (Some(by), Some(tariff)) = (row.cost_by, &row.tariff) else {
        return Ok(None);
    };
    let (model, price) = (row.model.to_string(), tariff.price);
    let is_plain = tariff.tiers.is_empty() && price.cache_write_long.is_none();
    let tiers = (!is_plain).then(|| {
        let tiers = serde_json::json!({ "cache_write_long": price.cache_write_long, "tiers": tariff.tiers });
        tiers.to_string()
    });
    let last = sqlx::query(
        "SELECT n, input IS ? AND cache_read IS ? AND cache_write IS ? AND output IS ? AND reasoning IS ? AND tiers IS ?
         FROM price WHERE model = ? AND source = ? ORDER BY from_at DESC, n DESC LIMIT 1",
    )
    .bind(price.input)
    .bind(price.cached)
    .bind(price.cache_write)
    .bind(price.output)
    .bind(price.reasoning)
    .bind(tiers.as_deref())
    .bind(model.as_str())
    .bind(by.word())
    .fetch_optional(&mut *tx)
    .await?;
    if let Some(last) = last {
        let mut cells = Cells::of(&last);
        let (n, is_same): (i64, bool) = (cells.next()?, cells.next()?);
        if is_same {
            return Ok(Some(n));
        }
    }
    let made = sqlx::query(
        "INSERT INTO price(model, from_at, source, input, cache_read, cache_write, output, reasoning, tiers)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(model.as_str())
    .bind(tariff.from.unwrap_or(row.at).0)
    .bind(by.word())
    .bind(price.input)
    .bind(price.cached)
    .bind(price.cache_write)
    .bind(price.output)
    .bind(price.reasoning)
    .bind(tiers.as_deref())
    .execute(tx)
    .await?;
    Ok(Some(made.last_insert_rowid()))
}

async fn count_time(
    tx: &mut SqliteConnection,
    row: &UsageRow,
    what: &'static str,
    ms: u64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO usage_time(day, provider, model, what, bucket, requests) VALUES (?, ?, ?, ?, ?, 1)
         ON CONFLICT DO UPDATE SET requests = requests + 1",
    )
    .bind(row.at.0.div_euclid(DAY))
    .bind(row.model.provider.as_str())
    .bind(row.model.name.as_str())
    .bind(what)
    .bind(bucket(ms))
    .execute(tx)
    .await?;
    Ok(())
}

/// Eight buckets for each doubling: the whole part of 8 log₂ of the milliseconds, at least 1 ms.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a bucket is at most 511"
)]
fn bucket(ms: u64) -> i64 {
    (8.0 * (ms.max(1) as f64).log2()).floor() as i64
}

async fn figures(tx: &mut SqliteConnection, reply: &Message, stamp: i64) -> Result<(), StoreError> {
    let usage = reply.usage.unwrap_or_default();
    sqlx::query(
        "UPDATE message SET tokens_in = ?, tokens_out = ?, tokens_cached = ?, tokens_reasoning = ?, is_estimate = ?,
           cost_pico = ?, first_token_ms = ?, total_ms = ?, stamp = max(stamp + 1, ?) WHERE id = ?",
    )
    .bind(maybe_int(usage.input))
    .bind(maybe_int(usage.output))
    .bind(maybe_int(usage.cached))
    .bind(maybe_int(usage.reasoning))
    .bind(usage.is_estimate)
    .bind(reply.cost.map(|cost| cost.0))
    .bind(maybe_int(reply.first_token_ms))
    .bind(maybe_int(reply.total_ms))
    .bind(stamp)
    .bind(reply.id.0)
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_an_eighth_of_a_doubling() {
        assert_eq!(bucket(0), 0);
        assert_eq!(bucket(1), 0);
        assert_eq!(bucket(2), 8);
        assert_eq!(bucket(1024), 80);
        assert_eq!(bucket(1023), 79);
        assert_eq!(bucket(u64::MAX), 512);
    }
}
