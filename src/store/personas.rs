//! Personas' rows: all of them with what was talked with each, one by name or id, changes, the trash, and which one a
//! conversation has.

use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::Store;
use super::connections::begin;
use super::error::{StoreError, Taken};
use super::names::{Named, copy_name, id_range};
use super::rows::{Cells, model_of, that_conversation};
use crate::domain::conversation::Conversation;
use crate::domain::id::{ConversationId, PersonaId};
use crate::domain::model::ModelRef;
use crate::domain::persona::{NAME, Persona, PersonaListed, Profile, Relationship};
use crate::domain::usage::Money;
use crate::domain::when::Millis;
use crate::protocol::Act;

/// A persona, its tally, and its newest activity: the first row of its part of an index.
macro_rules! personas {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.name, p.relationship, p.description, p.instructions, p.system_text, p.model, p.temperature,
               p.card IS NOT NULL, p.created_at, p.updated_at, p.trashed_at, coalesce(s.conversations, 0),
               (SELECT active_at FROM conversation c INDEXED BY conversation_persona
                WHERE c.persona_id = p.id AND c.trashed_at IS NULL ORDER BY active_at DESC LIMIT 1),
               coalesce(s.tokens_in, 0), coalesce(s.tokens_out, 0), coalesce(s.cost_pico, 0), coalesce(s.unpriced, 0)
             FROM persona p LEFT JOIN persona_sum s ON s.persona_id = p.id ",
            $rest
        )
    };
}

pub(super) const PERSONAS: &str = personas!("ORDER BY p.name_key, p.id");
pub(super) const PERSONA: &str = personas!("WHERE p.id = ?");
/// Outside the trash first, then the one changed last.
const NAMED: &str = personas!(
    "WHERE p.name_key = ? ORDER BY p.trashed_at IS NOT NULL, p.updated_at DESC, p.id LIMIT 1"
);
const BY_PREFIX: &str = personas!("WHERE p.id BETWEEN ? AND ? ORDER BY p.id LIMIT 2");
/// Those of this name.
pub(super) const IDS_NAMED: &str = "SELECT id FROM persona WHERE name_key = ?";
/// Those whose name begins with `?1`; `?2` is the first text after all of them.
pub(super) const IDS_BEGINNING: &str =
    "SELECT id FROM persona WHERE name_key >= ?1 AND name_key < ?2 LIMIT 50";

/// How a persona is taken into a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub persona: Option<PersonaId>,
    pub model: ModelRef,
    pub temperature: Option<f64>,
}

impl Store {
    /// All of them, by name, those in the trash too.
    pub async fn personas(&self) -> Result<Vec<PersonaListed>, StoreError> {
        let mut reader = self.reader().await?;
        let rows = sqlx::query(PERSONAS).fetch_all(&mut *reader).await?;
        rows.iter().map(|row| listed(&mut Cells::of(row))).collect()
    }

    /// A persona, in the trash or not.
    pub async fn persona(&self, id: PersonaId) -> Result<Option<PersonaListed>, StoreError> {
        let mut reader = self.reader().await?;
        one(&mut reader, id).await
    }

    /// The one of this name, whatever its case, one outside the trash before one in it; else the one whose id begins so.
    pub async fn find_persona(&self, name: &str) -> Result<Named<PersonaListed>, StoreError> {
        let mut reader = self.reader().await?;
        let row = sqlx::query(NAMED)
            .bind(name.trim().to_lowercase())
            .fetch_optional(&mut *reader)
            .await?;
        if let Some(row) = row {
            let found = listed(&mut Cells::of(&row))?;
            return Ok(Named::One(Box::new(found)));
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
            [row] => Ok(Named::One(Box::new(listed(&mut Cells::of(row))?))),
            _ => Ok(Named::Many),
        }
    }

    /// Makes a persona, from a character card or not. An id that is there already is an error.
    pub async fn add_persona(
        &self,
        id: PersonaId,
        profile: &Profile,
        card: Option<&str>,
    ) -> Result<PersonaListed, StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        refuse_taken(&mut tx, id, &profile.name, false).await?;
        self.insert_persona(&mut tx, id, profile, card).await?;
        let made = that(&mut tx, id).await?;
        tx.commit().await?;
        Ok(made)
    }

    async fn insert_persona(
        &self,
        tx: &mut SqliteConnection,
        id: PersonaId,
        profile: &Profile,
        card: Option<&str>,
    ) -> Result<(), StoreError> {
        let now = self.inner.mint.now();
        sqlx::query(
            "INSERT INTO persona(id, name, name_key, relationship, description, instructions, system_text, model,
               temperature, card, created_at, updated_at, stamp, origin)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
        )
        .bind(id.0)
        .bind(profile.name.as_str())
        .bind(profile.name.to_lowercase())
        .bind(profile.relationship.word())
        .bind(profile.description.as_str())
        .bind(profile.instructions.as_str())
        .bind(profile.system_text.as_deref())
        .bind(profile.model.as_ref().map(ToString::to_string))
        .bind(profile.temperature)
        .bind(card)
        .bind(now.0)
        .bind(now.0)
        .bind(self.stamp())
        .execute(tx)
        .await?;
        Ok(())
    }

    /// Changes what a person wrote about one; its card stays.
    pub async fn set_persona_profile(
        &self,
        id: PersonaId,
        profile: &Profile,
    ) -> Result<PersonaListed, StoreError> {
        let now = self.inner.mint.now();
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        if that(&mut tx, id).await?.persona.trashed_at.is_none() {
            refuse_taken(&mut tx, id, &profile.name, false).await?;
        }
        sqlx::query(
            "UPDATE persona SET name = ?, name_key = ?, relationship = ?, description = ?, instructions = ?,
               system_text = ?, model = ?, temperature = ?, updated_at = ?, stamp = max(stamp + 1, ?) WHERE id = ?",
        )
        .bind(profile.name.as_str())
        .bind(profile.name.to_lowercase())
        .bind(profile.relationship.word())
        .bind(profile.description.as_str())
        .bind(profile.instructions.as_str())
        .bind(profile.system_text.as_deref())
        .bind(profile.model.as_ref().map(ToString::to_string))
        .bind(profile.temperature)
        .bind(now.0)
        .bind(self.stamp())
        .bind(id.0)
        .execute(&mut *tx)
        .await?;
        let changed = that(&mut tx, id).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// A copy under the first free of `NAME copy`, `NAME copy 2`, …
    pub async fn copy_persona(
        &self,
        id: PersonaId,
        copy: PersonaId,
    ) -> Result<PersonaListed, StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let mut profile = that(&mut tx, id).await?.persona.profile;
        let mut number = 1;
        let name = loop {
            let name = copy_name(&profile.name, number, NAME);
            if holder(&mut tx, copy, &name).await?.is_none() {
                break name;
            }
            number += 1;
        };
        profile.name = name;
        let card: Option<String> = sqlx::query("SELECT card FROM persona WHERE id = ?")
            .bind(id.0)
            .fetch_one(&mut *tx)
            .await?
            .try_get(0)?;
        self.insert_persona(&mut tx, copy, &profile, card.as_deref())
            .await?;
        let made = that(&mut tx, copy).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Does this to all of them or to none; their rows as they stand now. What is so already stays as it is, and those
    /// that are gone are left out. Their conversations keep them.
    pub async fn apply_to_personas(
        &self,
        ids: &[PersonaId],
        act: Act,
    ) -> Result<Vec<PersonaListed>, StoreError> {
        let now = self.inner.mint.now();
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let mut changed = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(found) = one(&mut tx, *id).await? else {
                continue;
            };
            let is_trashed = found.persona.trashed_at.is_some();
            if is_trashed == (act == Act::Trash) {
                changed.push(found);
                continue;
            }
            if act == Act::Restore {
                refuse_taken(&mut tx, *id, &found.persona.profile.name, true).await?;
            }
            sqlx::query(
                "UPDATE persona SET trashed_at = ?, stamp = max(stamp + 1, ?) WHERE id = ?",
            )
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

    /// Sets a conversation's persona, and with it the model of the next reply and the temperature.
    pub async fn choose_persona(
        &self,
        id: ConversationId,
        choice: &Choice,
    ) -> Result<Conversation, StoreError> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        sqlx::query(
            "UPDATE conversation SET persona_id = ?, model = ?, temperature = ?, stamp = max(stamp + 1, ?) WHERE id = ?",
        )
        .bind(choice.persona.map(|id| id.0))
        .bind(choice.model.to_string())
        .bind(choice.temperature)
        .bind(self.stamp())
        .bind(id.0)
        .execute(&mut *tx)
        .await?;
        let changed = that_conversation(&mut tx, id).await?;
        tx.commit().await?;
        Ok(changed)
    }
}

/// The personas of this lower-case name, those in the trash too; where there is none, those whose name begins so.
pub(super) async fn ids_named(
    reader: &mut SqliteConnection,
    name: &str,
) -> Result<Vec<PersonaId>, StoreError> {
    let mut rows = sqlx::query(IDS_NAMED)
        .bind(name)
        .fetch_all(&mut *reader)
        .await?;
    if rows.is_empty() {
        rows = sqlx::query(IDS_BEGINNING)
            .bind(name)
            .bind(format!("{name}{}", char::MAX))
            .fetch_all(reader)
            .await?;
    }
    rows.iter()
        .map(|row| Ok(PersonaId(row.try_get::<Uuid, _>(0)?)))
        .collect()
}

/// The name of another persona outside the trash that is the same but for its case.
async fn holder(
    tx: &mut SqliteConnection,
    id: PersonaId,
    name: &str,
) -> Result<Option<String>, StoreError> {
    let row = sqlx::query(
        "SELECT name FROM persona WHERE name_key = ? AND trashed_at IS NULL AND id <> ? LIMIT 1",
    )
    .bind(name.to_lowercase())
    .bind(id.0)
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

async fn refuse_taken(
    tx: &mut SqliteConnection,
    id: PersonaId,
    name: &str,
    is_restore: bool,
) -> Result<(), StoreError> {
    match holder(tx, id, name).await? {
        None => Ok(()),
        Some(name) => Err(StoreError::Taken(Taken {
            what: "persona",
            name,
            is_restore,
        })),
    }
}

async fn one(
    connection: &mut SqliteConnection,
    id: PersonaId,
) -> Result<Option<PersonaListed>, StoreError> {
    let row = sqlx::query(PERSONA)
        .bind(id.0)
        .fetch_optional(connection)
        .await?;
    row.map(|row| listed(&mut Cells::of(&row))).transpose()
}

async fn that(
    connection: &mut SqliteConnection,
    id: PersonaId,
) -> Result<PersonaListed, StoreError> {
    one(connection, id)
        .await?
        .ok_or(StoreError::Gone("the persona"))
}

fn listed(cells: &mut Cells<'_>) -> Result<PersonaListed, StoreError> {
    let persona = Persona {
        id: PersonaId(cells.next()?),
        profile: Profile {
            name: cells.next()?,
            relationship: Relationship::of(cells.next()?).unwrap_or(Relationship::Other),
            description: cells.next()?,
            instructions: cells.next()?,
            system_text: cells.next()?,
            model: cells.next::<Option<&str>>()?.map(model_of),
            temperature: cells.next()?,
        },
        is_imported: cells.next::<i64>()? != 0,
        created_at: Millis(cells.next()?),
        updated_at: Millis(cells.next()?),
        trashed_at: cells.next::<Option<i64>>()?.map(Millis),
    };
    Ok(PersonaListed {
        persona,
        conversations: cells.count()?,
        last_at: cells.next::<Option<i64>>()?.map(Millis),
        tokens_in: cells.count()?,
        tokens_out: cells.count()?,
        cost: Money(cells.next()?),
        unpriced: cells.count()?,
    })
}
