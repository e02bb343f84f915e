//! The models known here: what providers listed, what was used, what the user marked.

use sqlx::SqliteConnection;

use super::Store;
use super::connections::begin;
use super::error::StoreError;
use super::rows::Cells;
use crate::domain::model::{ModelRef, ModelSpec};
use crate::domain::when::Millis;

impl Store {
    /// All of them: those used last first, then favourites, then by name.
    pub async fn models(&self) -> Result<Vec<ModelSpec>, StoreError> {
        let mut reader = self.reader().await?;
        let rows = sqlx::query(
            "SELECT provider, name, spec ->> '$.context', listed_at, last_used_at, is_favourite FROM model
             ORDER BY last_used_at IS NULL, last_used_at DESC, is_favourite DESC, provider, name",
        )
        .fetch_all(&mut *reader)
        .await?;
        rows.iter()
            .map(|row| {
                let mut cells = Cells::of(row);
                Ok(ModelSpec {
                    model: ModelRef::new(cells.next::<String>()?, cells.next::<String>()?),
                    context: cells.maybe()?,
                    listed_at: cells.next::<Option<i64>>()?.map(Millis),
                    used_at: cells.next::<Option<i64>>()?.map(Millis),
                    favourite: cells.next()?,
                })
            })
            .collect()
    }

    /// Takes over a provider's listing of this moment. Models it lists no more go, unless they were used or marked: those
    /// stay as not listed.
    pub async fn save_listing(
        &self,
        provider: &str,
        specs: &[ModelSpec],
        at: Millis,
    ) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        for spec in specs.iter().filter(|spec| spec.model.provider == provider) {
            sqlx::query(
                "INSERT INTO model(provider, name, spec, listed_at) VALUES (?, ?, json_object('context', ?), ?)
                 ON CONFLICT DO UPDATE SET listed_at = excluded.listed_at, spec = json_set(spec, '$.context',
                   coalesce(excluded.spec ->> '$.context', spec ->> '$.context'))",
            )
            .bind(provider)
            .bind(spec.model.name.as_str())
            .bind(spec.context.and_then(|n| i64::try_from(n).ok()))
            .bind(at.0)
            .execute(&mut *tx)
            .await?;
        }
        sqlx::query(
            "DELETE FROM model WHERE provider = ? AND listed_at IS NOT ? AND is_typed = 0 AND is_favourite = 0
             AND last_used_at IS NULL",
        )
        .bind(provider)
        .bind(at.0)
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE model SET listed_at = NULL WHERE provider = ? AND listed_at IS NOT ?")
            .bind(provider)
            .bind(at.0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Marks a model as a favourite or takes the mark away; it need not be known.
    pub async fn mark_model(&self, model: &ModelRef, favourite: bool) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        know(&mut tx, model).await?;
        sqlx::query("UPDATE model SET is_favourite = ? WHERE provider = ? AND name = ?")
            .bind(favourite)
            .bind(model.provider.as_str())
            .bind(model.name.as_str())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// What was learnt of how this model wants to be asked; `None` = nothing.
    pub async fn habits(&self, model: &ModelRef) -> Result<Option<String>, StoreError> {
        let mut reader = self.reader().await?;
        let text: Option<String> =
            sqlx::query_scalar("SELECT quirks FROM model WHERE provider = ? AND name = ?")
                .bind(model.provider.as_str())
                .bind(model.name.as_str())
                .fetch_optional(&mut *reader)
                .await?;
        Ok(text.filter(|text| text != "{}"))
    }

    /// Keeps what was learnt of how this model wants to be asked; it need not be known.
    pub async fn keep_habits(&self, model: &ModelRef, text: &str) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        know(&mut tx, model).await?;
        sqlx::query("UPDATE model SET quirks = ? WHERE provider = ? AND name = ?")
            .bind(text)
            .bind(model.provider.as_str())
            .bind(model.name.as_str())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Notes that a model was asked something; it need not be known.
    pub async fn used_model(&self, model: &ModelRef, at: Millis) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        know(&mut tx, model).await?;
        sqlx::query(
            "UPDATE model SET last_used_at = max(coalesce(last_used_at, 0), ?), uses = uses + 1
             WHERE provider = ? AND name = ?",
        )
        .bind(at.0)
        .bind(model.provider.as_str())
        .bind(model.name.as_str())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn know(tx: &mut SqliteConnection, model: &ModelRef) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO model(provider, name, spec) VALUES (?, ?, '{}') ON CONFLICT DO NOTHING",
    )
    .bind(model.provider.as_str())
    .bind(model.name.as_str())
    .execute(tx)
    .await?;
    Ok(())
}
