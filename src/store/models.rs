//! The models known here: what providers listed, what was used, what the user marked.

use sqlx::SqliteConnection;

use super::Store;
use super::connections::begin;
use super::error::StoreError;
use super::rows::Cells;
use crate::domain::model::{Facts, ModelRef, ModelSpec};
use crate::domain::price::CostBy;
use crate::domain::when::Millis;

impl Store {
    /// All of them: those used last first, then favourites, then by name.
    pub async fn models(&self) -> Result<Vec<ModelSpec>, StoreError> {
        let mut reader = self.reader().await?;
        let sql = "SELECT provider, name, spec, listed_at, last_used_at, is_favourite FROM model
             ORDER BY last_used_at IS NULL, last_used_at DESC, is_favourite DESC, provider, name";
        let rows = sqlx::query(sql).fetch_all(&mut *reader).await?;
        rows.iter().map(|row| spec(&mut Cells::of(row))).collect()
    }

    /// One of them; `None` when it was never listed, used or marked.
    pub async fn model(&self, model: &ModelRef) -> Result<Option<ModelSpec>, StoreError> {
        let mut reader = self.reader().await?;
        let sql = "SELECT provider, name, spec, listed_at, last_used_at, is_favourite FROM model
             WHERE provider = ? AND name = ?";
        let row = sqlx::query(sql)
            .bind(model.provider.as_str())
            .bind(model.name.as_str())
            .fetch_optional(&mut *reader)
            .await?;
        row.map(|row| spec(&mut Cells::of(&row))).transpose()
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
            // A price the listing tells no more is no price; the rest stays true until it says otherwise.
            sqlx::query(
                "INSERT INTO model(provider, name, spec, listed_at) VALUES (?, ?, ?, ?)
                 ON CONFLICT DO UPDATE SET listed_at = excluded.listed_at,
                   spec = json_patch(json_remove(spec, '$.tariff', '$.ends'), excluded.spec)",
            )
            .bind(provider)
            .bind(spec.model.name.as_str())
            .bind(serde_json::to_string(&spec.facts).unwrap_or_else(|_| "{}".to_owned()))
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

    /// Notes that a model was chosen: it is the one last used, though nothing was asked yet and whatever the clock did; it
    /// need not be known.
    pub async fn chose_model(&self, model: &ModelRef, at: Millis) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        know(&mut tx, model).await?;
        sqlx::query(
            "UPDATE model SET last_used_at = max(?, 1 + (SELECT coalesce(max(last_used_at), 0) FROM model))
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

/// A row; what its facts hold that this salon cannot read counts as not known.
fn spec(cells: &mut Cells<'_>) -> Result<ModelSpec, StoreError> {
    let model = ModelRef::new(cells.next::<String>()?, cells.next::<String>()?);
    let facts: Facts = serde_json::from_str(&cells.next::<String>()?).unwrap_or_default();
    Ok(ModelSpec {
        tariff_by: facts.tariff.is_some().then_some(CostBy::Listing),
        listed_at: cells.next::<Option<i64>>()?.map(Millis),
        used_at: cells.next::<Option<i64>>()?.map(Millis),
        favourite: cells.next()?,
        model,
        facts,
    })
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
