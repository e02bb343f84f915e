//! The list of conversations: pages, newest activity first, with its filter, and counts.

use futures::TryStreamExt;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::Store;
use super::error::StoreError;
use super::personas::ids_named;
use super::rows::{Cells, conversation, conversation_columns, int};
use crate::domain::conversation::Listed;
use crate::domain::filter::{Filter, WithPersona};
use crate::domain::id::PersonaId;
use crate::protocol::{Cursor, Query, Which};

macro_rules! listed {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            conversation_columns!(),
            ", EXISTS (SELECT 1 FROM draft WHERE scope = c.id AND slot = 0) FROM ",
            $rest
        )
    };
}

/// Newest activity first, from the start: `?1` rows after `?2`.
pub(super) const FIRST: &str = listed!(
    "conversation c INDEXED BY conversation_active WHERE c.trashed_at IS NULL
     ORDER BY c.active_at DESC, c.n DESC LIMIT ?1 OFFSET ?2"
);
/// After the row of `?4` with the activity `?3`; one that is gone counts as the last of its moment.
pub(super) const NEXT: &str = listed!(
    "conversation c INDEXED BY conversation_active WHERE c.trashed_at IS NULL
     AND (c.active_at, c.n) < (?3, coalesce((SELECT n FROM conversation WHERE id = ?4), 0))
     ORDER BY c.active_at DESC, c.n DESC LIMIT ?1 OFFSET ?2"
);
/// The trash is small: sorted when it is looked at. `?3` and `?4` as above or NULL.
const TRASH: &str = listed!(
    "conversation c INDEXED BY conversation_trash WHERE c.trashed_at IS NOT NULL
     AND (?3 IS NULL OR (c.active_at, c.n) < (?3, coalesce((SELECT n FROM conversation WHERE id = ?4), 0)))
     ORDER BY c.active_at DESC, c.n DESC LIMIT ?1 OFFSET ?2"
);

/// The condition and order of what may fit: titles that may hold the lower-case ASCII word `?1`, in the list's order;
/// titles with other letters are judged by the caller, because SQLite folds ASCII only. `?2` and `?3`: the cursor or
/// NULL.
macro_rules! titles {
    ($from:literal) => {
        concat!(
            "SELECT n, title, active_at FROM conversation INDEXED BY ",
            $from,
            " AND (length(title) <> octet_length(title) OR instr(lower(title), ?1) > 0)
             AND (?2 IS NULL OR (active_at, n) < (?2, coalesce((SELECT n FROM conversation WHERE id = ?3), 0)))
             ORDER BY active_at DESC, n DESC"
        )
    };
}

const TITLES: &str = titles!("conversation_active WHERE trashed_at IS NULL");
const TRASH_TITLES: &str = titles!("conversation_trash WHERE trashed_at IS NOT NULL");
/// Those with the persona `?4`, or with none where it is NULL.
pub(super) const PERSONA_TITLES: &str =
    titles!("conversation_persona WHERE persona_id IS ?4 AND trashed_at IS NULL");
const TRASH_PERSONA_TITLES: &str =
    titles!("conversation_trash WHERE persona_id IS ?4 AND trashed_at IS NOT NULL");
/// Rows by their numbers, a JSON array, in its order.
const NUMBERED: &str =
    listed!("json_each(?1) j CROSS JOIN conversation c ON c.n = j.value ORDER BY j.key");

const ALL: &str =
    "SELECT count(*) FROM conversation INDEXED BY conversation_active WHERE trashed_at IS NULL";
const ALL_TRASH: &str =
    "SELECT count(*) FROM conversation INDEXED BY conversation_trash WHERE trashed_at IS NOT NULL";
/// From the tally that triggers keep.
pub(super) const ALL_OF_PERSONA: &str =
    "SELECT conversations FROM persona_sum WHERE persona_id = ?";
const ALL_OF_NOBODY: &str = "SELECT count(*) FROM conversation INDEXED BY conversation_persona
  WHERE persona_id IS NULL AND trashed_at IS NULL";

impl Store {
    /// A page of the list, newest activity first, and whether more follow. Each word of the query has to stand in the
    /// title, whatever its case in any script; `persona:` terms and the query's persona have to hold too.
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
        let wish = Wish::of(&mut reader, q).await?;
        let rows = if wish.is_empty() {
            listed_rows(&mut reader, q.which, &page).await?
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

    /// How many there are, from an index alone.
    pub async fn count(&self, which: Which) -> Result<u64, StoreError> {
        let mut reader = self.reader().await?;
        let row = sqlx::query(match which {
            Which::Active => ALL,
            Which::Trashed => ALL_TRASH,
        });
        Cells::of(&row.fetch_one(&mut *reader).await?).count()
    }

    /// How many fit; those of one persona are counted already.
    pub async fn count_fitting(&self, q: &Query) -> Result<u64, StoreError> {
        let mut reader = self.reader().await?;
        let wish = Wish::of(&mut reader, q).await?;
        match (q.which, wish.only_persona()) {
            (Which::Active, Some(persona)) => {
                let row = match persona {
                    Some(id) => sqlx::query(ALL_OF_PERSONA).bind(id.0),
                    None => sqlx::query(ALL_OF_NOBODY),
                };
                let row = row.fetch_optional(&mut *reader).await?;
                row.map_or(Ok(0), |row| Cells::of(&row).count())
            }
            (Which::Active | Which::Trashed, _) => {
                let all = wish.numbers(&mut reader, &Cut::default()).await?;
                Ok(u64::try_from(all.len()).unwrap_or(u64::MAX))
            }
        }
    }
}

/// Which part of the list.
#[derive(Default)]
struct Cut {
    after: Option<Cursor>,
    offset: i64,
    limit: Option<i64>,
}

impl Cut {
    /// Rows to read: one more than asked for tells whether more follow.
    fn read(&self) -> i64 {
        self.limit.map_or(-1, |limit| limit + 1)
    }

    /// Rows to pass over and rows to take.
    fn places(&self) -> (usize, usize) {
        let skip = usize::try_from(self.offset).unwrap_or(usize::MAX);
        (skip, usize::try_from(self.read()).unwrap_or(usize::MAX))
    }
}

/// What a query asks for, with its personas found.
struct Wish {
    which: Which,
    /// In lower case.
    words: Vec<String>,
    /// One of them, where `None` is a conversation without a persona; no list = whatever the persona.
    personas: Option<Vec<Option<PersonaId>>>,
}

impl Wish {
    async fn of(reader: &mut SqliteConnection, q: &Query) -> Result<Wish, StoreError> {
        let filter = Filter::of(&q.words);
        let mut personas = q.persona.map(|id| vec![Some(id)]);
        for with in &filter.personas {
            let these = match with {
                WithPersona::Nobody => vec![None],
                WithPersona::Named(name) => {
                    let ids = ids_named(reader, name).await?;
                    ids.into_iter().map(Some).collect()
                }
            };
            personas = Some(match personas {
                None => these,
                Some(all) => all.into_iter().filter(|id| these.contains(id)).collect(),
            });
        }
        Ok(Wish {
            which: q.which,
            words: filter.words,
            personas,
        })
    }

    fn is_empty(&self) -> bool {
        self.words.is_empty() && self.personas.is_none()
    }

    /// The one persona that is all it asks for.
    fn only_persona(&self) -> Option<Option<PersonaId>> {
        match self.personas.as_deref() {
            Some([one]) if self.words.is_empty() => Some(*one),
            _ => None,
        }
    }

    /// The numbers of the rows that fit, in the list's order.
    async fn numbers(
        &self,
        reader: &mut SqliteConnection,
        page: &Cut,
    ) -> Result<Vec<i64>, StoreError> {
        let (skip, take) = page.places();
        let enough = skip.saturating_add(take);
        let mut found = Vec::new();
        match self.personas.as_deref() {
            None => found = self.fitting(reader, page, None, enough).await?,
            Some([one]) => found = self.fitting(reader, page, Some(*one), enough).await?,
            // Several personas of one name: their lists become one.
            Some(several) => {
                for one in several {
                    found.extend(self.fitting(reader, page, Some(*one), enough).await?);
                }
                found.sort_unstable_by(|a, b| b.cmp(a));
            }
        }
        let here = found.into_iter().skip(skip).take(take);
        Ok(here.map(|(_, number)| number).collect())
    }

    /// At most `enough` rows that fit, by activity and number, newest first.
    async fn fitting(
        &self,
        reader: &mut SqliteConnection,
        page: &Cut,
        persona: Option<Option<PersonaId>>,
        enough: usize,
    ) -> Result<Vec<(i64, i64)>, StoreError> {
        let sql = match (self.which, persona) {
            (Which::Active, None) => TITLES,
            (Which::Trashed, None) => TRASH_TITLES,
            (Which::Active, Some(_)) => PERSONA_TITLES,
            (Which::Trashed, Some(_)) => TRASH_PERSONA_TITLES,
        };
        let longest = self
            .words
            .iter()
            .filter(|word| word.is_ascii())
            .max_by_key(|word| word.len());
        let query = sqlx::query(sql)
            .bind(longest.map_or("", String::as_str))
            .bind(page.after.map(|at| at.active_at.0))
            .bind(page.after.map(|at| at.id.0));
        let mut titles = match persona {
            Some(persona) => query.bind(persona.map(|id| id.0)),
            None => query,
        }
        .fetch(reader);
        let mut found = Vec::new();
        while found.len() < enough
            && let Some(row) = titles.try_next().await?
        {
            if !self.words.is_empty() {
                let title = row.try_get::<&str, _>(1)?.to_lowercase();
                if !self.words.iter().all(|word| title.contains(word.as_str())) {
                    continue;
                }
            }
            found.push((row.try_get(2)?, row.try_get(0)?));
        }
        Ok(found)
    }
}

async fn listed_rows(
    reader: &mut SqliteConnection,
    which: Which,
    page: &Cut,
) -> Result<Vec<SqliteRow>, StoreError> {
    let sql = match (which, page.after) {
        (Which::Active, None) => FIRST,
        (Which::Active, Some(_)) => NEXT,
        (Which::Trashed, _) => TRASH,
    };
    let query = sqlx::query(sql).bind(page.read()).bind(page.offset);
    let query = match (which, page.after) {
        (Which::Active, None) => query,
        (Which::Active | Which::Trashed, after) => query
            .bind(after.map(|at| at.active_at.0))
            .bind(after.map(|at| at.id.0)),
    };
    Ok(query.fetch_all(reader).await?)
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
