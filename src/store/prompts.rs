//! The user's prompts: rows, versions, tags, the trash.

use sqlx::{Row, SqliteConnection};

use super::Store;
use super::connections::begin;
use super::error::{StoreError, Taken};
use super::names::{Named, copy_name, id_range};
use super::rows::Cells;
use super::tags::{Kind, set_tags};
use crate::domain::id::PromptId;
use crate::domain::prompt::{Prompt, PromptVersion, Sheet, TITLE};
use crate::domain::when::Millis;
use crate::protocol::{Act, Which};

macro_rules! prompts {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.version, p.title, p.content, p.scenario, p.description,
               (SELECT json_group_array(name) FROM (SELECT name FROM tag
                WHERE kind = 'prompt' AND id = p.id AND is_gone = 0 ORDER BY name)),
               p.metadata, p.created_at, p.updated_at, p.trashed_at FROM prompt p ",
            $rest
        )
    };
}

const SHOWN: &str = prompts!("WHERE p.trashed_at IS NULL");
const TRASHED: &str = prompts!("WHERE p.trashed_at IS NOT NULL");
pub(super) const PROMPT: &str = prompts!("WHERE p.id = ?");
/// Outside the trash first, then the one changed last.
const TITLED: &str = prompts!(
    "WHERE p.title_key = ? ORDER BY p.trashed_at IS NOT NULL, p.updated_at DESC, p.id LIMIT 1"
);
const BY_PREFIX: &str = prompts!("WHERE p.id BETWEEN ? AND ? ORDER BY p.id LIMIT 2");
pub(super) const HOLDER: &str = "SELECT title FROM prompt INDEXED BY prompt_key
  WHERE title_key = ? AND trashed_at IS NULL AND id <> ? LIMIT 1";

impl Store {
    /// The user's prompts, in no order.
    pub async fn prompts(&self, which: Which) -> Result<Vec<Prompt>, StoreError> {
        let mut reader = self.reader().await?;
        let rows = sqlx::query(match which {
            Which::Active => SHOWN,
            Which::Trashed => TRASHED,
        })
        .fetch_all(&mut *reader)
        .await?;
        rows.iter().map(|row| prompt(&mut Cells::of(row))).collect()
    }

    /// A prompt of the user, in the trash or not.
    pub async fn prompt(&self, id: PromptId) -> Result<Option<Prompt>, StoreError> {
        let mut reader = self.reader().await?;
        one(&mut reader, id).await
    }

    /// The one of this title, whatever its case, one outside the trash before one in it; else the one whose id begins so.
    pub async fn find_prompt(&self, name: &str) -> Result<Named<Prompt>, StoreError> {
        let mut reader = self.reader().await?;
        let row = sqlx::query(TITLED)
            .bind(name.trim().to_lowercase())
            .fetch_optional(&mut *reader)
            .await?;
        if let Some(row) = row {
            return Ok(Named::One(Box::new(prompt(&mut Cells::of(&row))?)));
        }
        let Some((low, high)) = id_range(name) else {
            return Ok(Named::None);
        };
        let rows = sqlx::query(BY_PREFIX)
            .bind(low)
            .bind(high)
            .fetch_all(&mut *reader)
            .await?;
        match rows.as_slice() {
            [] => Ok(Named::None),
            [row] => Ok(Named::One(Box::new(prompt(&mut Cells::of(row))?))),
            _ => Ok(Named::Many),
        }
    }

    /// Makes a prompt. An id that is there already is an error.
    pub async fn add_prompt(&self, id: PromptId, sheet: &Sheet) -> Result<Prompt, StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        refuse_taken(&mut tx, id, &sheet.title, false).await?;
        self.insert_prompt(&mut tx, id, sheet, None).await?;
        let made = that(&mut tx, id).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// A copy of this sheet under the first free of `TITLE copy`, `TITLE copy 2`, …
    pub async fn copy_prompt(
        &self,
        from: PromptId,
        sheet: &Sheet,
        copy: PromptId,
    ) -> Result<Prompt, StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let mut number = 1;
        let title = loop {
            let title = copy_name(&sheet.title, number, TITLE);
            if holder(&mut tx, copy, &title).await?.is_none() {
                break title;
            }
            number += 1;
        };
        let sheet = Sheet {
            title,
            ..sheet.clone()
        };
        self.insert_prompt(&mut tx, copy, &sheet, Some(from))
            .await?;
        let made = that(&mut tx, copy).await?;
        tx.commit().await?;
        Ok(made)
    }

    async fn insert_prompt(
        &self,
        tx: &mut SqliteConnection,
        id: PromptId,
        sheet: &Sheet,
        from: Option<PromptId>,
    ) -> Result<(), StoreError> {
        let now = self.inner.mint.now();
        sqlx::query(
            "INSERT INTO prompt(id, version, title, title_key, content, scenario, description, metadata, copied_from,
               created_at, updated_at, stamp, origin)
             VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
        )
        .bind(id.0)
        .bind(sheet.title.as_str())
        .bind(sheet.title.to_lowercase())
        .bind(sheet.content.as_str())
        .bind(sheet.scenario.as_str())
        .bind(sheet.description.as_str())
        .bind(metadata(sheet))
        .bind(from.map(|id| id.0))
        .bind(now.0)
        .bind(now.0)
        .bind(self.stamp())
        .execute(&mut *tx)
        .await?;
        keep_version(tx, id, now).await?;
        set_tags(tx, (Kind::Prompt, id.0), &sheet.tags, self.stamp()).await
    }

    /// Changes what a person wrote of a prompt; another title or content makes a new version.
    pub async fn set_prompt_sheet(
        &self,
        id: PromptId,
        sheet: &Sheet,
    ) -> Result<Prompt, StoreError> {
        let now = self.inner.mint.now();
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let before = that(&mut tx, id).await?;
        if before.trashed_at.is_none() {
            refuse_taken(&mut tx, id, &sheet.title, false).await?;
        }
        let is_new = before.sheet.title != sheet.title || before.sheet.content != sheet.content;
        sqlx::query(
            "UPDATE prompt SET version = version + ?, title = ?, title_key = ?, content = ?, scenario = ?,
               description = ?, metadata = ?, updated_at = ?, stamp = max(stamp + 1, ?) WHERE id = ?",
        )
        .bind(i64::from(is_new))
        .bind(sheet.title.as_str())
        .bind(sheet.title.to_lowercase())
        .bind(sheet.content.as_str())
        .bind(sheet.scenario.as_str())
        .bind(sheet.description.as_str())
        .bind(metadata(sheet))
        .bind(now.0)
        .bind(self.stamp())
        .bind(id.0)
        .execute(&mut *tx)
        .await?;
        if is_new {
            keep_version(&mut tx, id, now).await?;
        }
        set_tags(&mut tx, (Kind::Prompt, id.0), &sheet.tags, self.stamp()).await?;
        let changed = that(&mut tx, id).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Does this to all of them or to none; their rows as they stand now. What is so already stays as it is, and those
    /// that are gone are left out.
    pub async fn apply_to_prompts(
        &self,
        ids: &[PromptId],
        act: Act,
    ) -> Result<Vec<Prompt>, StoreError> {
        let now = self.inner.mint.now();
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let mut changed = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(found) = one(&mut tx, *id).await? else {
                continue;
            };
            if found.trashed_at.is_some() == (act == Act::Trash) {
                changed.push(found);
                continue;
            }
            if act == Act::Restore {
                refuse_taken(&mut tx, *id, &found.sheet.title, true).await?;
            }
            sqlx::query("UPDATE prompt SET trashed_at = ?, stamp = max(stamp + 1, ?) WHERE id = ?")
                .bind((act == Act::Trash).then_some(now.0))
                .bind(self.stamp())
                .bind(id.0)
                .execute(&mut *tx)
                .await?;
            changed.push(that(&mut tx, *id).await?);
        }
        tx.commit().await?;
        Ok(changed)
    }

    /// Its versions, newest first, the present one too.
    pub async fn prompt_versions(&self, id: PromptId) -> Result<Vec<PromptVersion>, StoreError> {
        let mut reader = self.reader().await?;
        let rows = sqlx::query(
            "SELECT version, title, content, created_at FROM prompt_version WHERE prompt_id = ?
             ORDER BY version DESC",
        )
        .bind(id.0)
        .fetch_all(&mut *reader)
        .await?;
        rows.iter()
            .map(|row| {
                let mut cells = Cells::of(row);
                Ok(PromptVersion {
                    version: u32::try_from(cells.count()?).unwrap_or(u32::MAX),
                    title: cells.next()?,
                    content: cells.next()?,
                    created_at: Millis(cells.next()?),
                })
            })
            .collect()
    }
}

/// Keeps the present title and content under the present version.
async fn keep_version(
    tx: &mut SqliteConnection,
    id: PromptId,
    now: Millis,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO prompt_version(prompt_id, version, title, content, created_at)
         SELECT id, version, title, content, ? FROM prompt WHERE id = ?",
    )
    .bind(now.0)
    .bind(id.0)
    .execute(tx)
    .await?;
    Ok(())
}

fn metadata(sheet: &Sheet) -> String {
    serde_json::to_string(&sheet.metadata).unwrap_or_else(|_| "{}".to_owned())
}

/// The title of another prompt of the user outside the trash that is the same but for its case.
async fn holder(
    tx: &mut SqliteConnection,
    id: PromptId,
    title: &str,
) -> Result<Option<String>, StoreError> {
    let row = sqlx::query(HOLDER)
        .bind(title.to_lowercase())
        .bind(id.0)
        .fetch_optional(tx)
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

async fn refuse_taken(
    tx: &mut SqliteConnection,
    id: PromptId,
    title: &str,
    is_restore: bool,
) -> Result<(), StoreError> {
    match holder(tx, id, title).await? {
        None => Ok(()),
        Some(name) => Err(StoreError::Taken(Taken {
            what: "prompt",
            name,
            is_restore,
        })),
    }
}

async fn one(
    connection: &mut SqliteConnection,
    id: PromptId,
) -> Result<Option<Prompt>, StoreError> {
    let row = sqlx::query(PROMPT)
        .bind(id.0)
        .fetch_optional(connection)
        .await?;
    row.map(|row| prompt(&mut Cells::of(&row))).transpose()
}

async fn that(connection: &mut SqliteConnection, id: PromptId) -> Result<Prompt, StoreError> {
    one(connection, id)
        .await?
        .ok_or(StoreError::Gone("the prompt"))
}

fn prompt(cells: &mut Cells<'_>) -> Result<Prompt, StoreError> {
    let id = PromptId(cells.next()?);
    let version = u32::try_from(cells.count()?).unwrap_or(u32::MAX);
    let sheet = Sheet {
        title: cells.next()?,
        content: cells.next()?,
        scenario: cells.next()?,
        description: cells.next()?,
        tags: serde_json::from_str(cells.next()?).unwrap_or_default(),
        metadata: serde_json::from_str(cells.next()?).unwrap_or_default(),
    };
    Ok(Prompt {
        id,
        version,
        sheet,
        is_template: false,
        created_at: Some(Millis(cells.next()?)),
        updated_at: Some(Millis(cells.next()?)),
        trashed_at: cells.next::<Option<i64>>()?.map(Millis),
    })
}
