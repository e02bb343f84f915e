//! What a filter finds in the list, and other orders than the list's own: numbers of rows, page by page.
//!
//! SQLite passes over what certainly does not fit; what it cannot judge, because it folds ASCII only, is judged here.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use futures::TryStreamExt;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Row, Sqlite, SqliteConnection};
use uuid::Uuid;

use super::error::StoreError;
use super::personas::ids_named;
use super::tags::tagged;
use crate::domain::filter::{Filter, Span, Time, WithPersona};
use crate::domain::id::{Mint, PersonaId};
use crate::domain::when::Millis;
use crate::protocol::{Cursor, Order, Query, Which};

/// What the list walks: an index in its order, pinned ones first.
macro_rules! shown {
    ($rest:literal) => {
        concat!(
            "conversation c INDEXED BY conversation_recent WHERE c.trashed_at IS NULL AND c.archived_at IS NULL ",
            $rest
        )
    };
}
pub(super) use shown;

/// The same for the archive.
macro_rules! archived {
    ($rest:literal) => {
        concat!(
            "conversation c INDEXED BY conversation_archive WHERE c.trashed_at IS NULL AND c.archived_at IS NOT NULL ",
            $rest
        )
    };
}
pub(super) use archived;

/// What every row that fits passes. `?1`, `?2`: an ASCII part of the title and of the model in lower case, where titles
/// and models with other letters pass; `?3` to `?6`: the spans of activity and creation; `?7`: personas as hexadecimal
/// ids, '' for none, or NULL; `?8`: hexadecimal ids, or NULL; `?9`: only pinned ones; `?10`: those in the archive
/// or those outside of it, or NULL for both.
macro_rules! conditions {
    ($from:expr, $rest:literal) => {
        concat!(
            "SELECT c.n, c.active_at, c.title, c.model, c.pinned_at IS NOT NULL FROM ",
            $from,
            " AND (length(c.title) <> octet_length(c.title) OR instr(lower(c.title), ?1) > 0)
             AND (length(c.model) <> octet_length(c.model) OR instr(lower(c.model), ?2) > 0)
             AND c.active_at BETWEEN ?3 AND ?4 AND c.created_at BETWEEN ?5 AND ?6
             AND (?7 IS NULL OR coalesce(hex(c.persona_id), '') IN (SELECT value FROM json_each(?7)))
             AND (?8 IS NULL OR hex(c.id) IN (SELECT value FROM json_each(?8)))
             AND (NOT ?9 OR c.pinned_at IS NOT NULL)
             AND (?10 IS NULL OR (c.archived_at IS NOT NULL) = ?10) ",
            $rest
        )
    };
}

/// Behind the cursor: the activity `?11` of the row `?12`, or NULL.
macro_rules! walk {
    ($from:expr) => {
        conditions!(
            $from,
            "AND (?11 IS NULL OR (c.active_at, c.n) < (?11, coalesce((SELECT n FROM conversation WHERE id = ?12), 0)))
             ORDER BY c.active_at DESC, c.n DESC"
        )
    };
}

/// Pinned ones (`?13` is 0) or the others (1), in the list's order.
pub(super) const LIST: &str = walk!(shown!("AND (c.pinned_at IS NULL) = ?13"));
pub(super) const ARCHIVE: &str = walk!(archived!("AND (c.pinned_at IS NULL) = ?13"));
const TRASH: &str =
    walk!("conversation c INDEXED BY conversation_trash WHERE c.trashed_at IS NOT NULL");
/// Those that are not pinned with the persona `?13`, or with none where it is NULL.
pub(super) const PERSONA: &str = walk!(
    "conversation c INDEXED BY conversation_persona WHERE c.persona_id IS ?13 AND c.trashed_at IS NULL
     AND c.pinned_at IS NULL"
);
/// Every other order is made when it is looked at. `?13`: the trash; `?14`: by the time of creation, else by the number of
/// messages.
const SORTED: &str = conditions!(
    "conversation c WHERE (c.trashed_at IS NOT NULL) = ?13",
    "ORDER BY CASE WHEN ?13 THEN 1 ELSE c.pinned_at IS NULL END,
       CASE WHEN ?14 THEN c.created_at ELSE c.message_count END DESC, c.n DESC"
);

/// Which part of the list.
#[derive(Clone, Copy, Default)]
pub(super) struct Cut {
    pub(super) after: Option<Cursor>,
    pub(super) offset: i64,
    pub(super) limit: Option<i64>,
}

impl Cut {
    /// Rows to read: one more than asked for tells whether more follow.
    pub(super) fn read(&self) -> i64 {
        self.limit.map_or(-1, |limit| limit + 1)
    }

    /// Rows to pass over and rows to take.
    pub(super) fn places(&self) -> (usize, usize) {
        let skip = usize::try_from(self.offset).unwrap_or(usize::MAX);
        (skip, usize::try_from(self.read()).unwrap_or(usize::MAX))
    }
}

/// What a query asks for, with its personas and tags found.
pub(super) struct Wish {
    which: Which,
    is_archive: bool,
    order: Order,
    filter: Filter,
    active: Span,
    created: Span,
    /// One of them, where `None` is a conversation without a persona; no list = whatever the persona.
    personas: Option<Vec<Option<PersonaId>>>,
    /// Those with all the tags; `None` = whatever the tags.
    tagged: Option<BTreeSet<Uuid>>,
}

/// A row that fits, by activity and number.
type Found = (i64, i64);

impl Wish {
    pub(super) async fn of(
        reader: &mut SqliteConnection,
        q: &Query,
        mint: &Mint,
    ) -> Result<Wish, StoreError> {
        let filter = Filter::read(&q.words).map_err(StoreError::Filter)?;
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
        let mut all_tagged: Option<BTreeSet<Uuid>> = None;
        for tag in &filter.tags {
            let these = tagged(reader, tag).await?;
            all_tagged = Some(match all_tagged {
                None => these,
                Some(all) => all.intersection(&these).copied().collect(),
            });
        }
        let all = Span {
            from: Millis(i64::MIN),
            to: Millis(i64::MAX),
        };
        // Finding the zone takes long: only where a day is named.
        let (active, created) = if filter.bounds.is_empty() {
            (all, all)
        } else {
            let calendar = mint.calendar();
            let span = |time| filter.span(time, &calendar);
            (span(Time::Activity), span(Time::Creation))
        };
        Ok(Wish {
            which: q.which,
            is_archive: q.is_archive || filter.is_archived,
            order: q.order,
            active,
            created,
            personas,
            tagged: all_tagged,
            filter,
        })
    }

    /// Whether everything in the query's view fits.
    pub(super) fn is_plain(&self) -> bool {
        self.filter.is_empty() && self.personas.is_none()
    }

    /// The one persona that is all it asks for in the list.
    pub(super) fn only_persona(&self) -> Option<Option<PersonaId>> {
        let rest = Filter {
            personas: Vec::new(),
            ..self.filter.clone()
        };
        match self.personas.as_deref() {
            Some([one]) if rest.is_empty() && !self.is_archive && self.which == Which::Active => {
                Some(*one)
            }
            _ => None,
        }
    }

    /// The numbers of the rows that fit, in order.
    pub(super) async fn numbers(
        &self,
        reader: &mut SqliteConnection,
        page: &Cut,
    ) -> Result<Vec<i64>, StoreError> {
        let is_nobodys = self.personas.as_ref().is_some_and(Vec::is_empty);
        if is_nobodys || self.tagged.as_ref().is_some_and(BTreeSet::is_empty) {
            return Ok(Vec::new());
        }
        let (skip, take) = page.places();
        let enough = skip.saturating_add(take);
        let found = match (self.order, self.which) {
            (Order::Activity, Which::Active) => self.by_activity(reader, page, enough).await?,
            (Order::Activity, Which::Trashed) => {
                let part = Part::after(page.after);
                self.walk(reader, TRASH, &part, enough).await?
            }
            (Order::Created | Order::Messages, _) => {
                self.walk(reader, SORTED, &self.everything(), enough)
                    .await?
            }
            (Order::Title, _) => self.by_title(reader).await?,
        };
        let here = found.into_iter().skip(skip).take(take);
        Ok(here.map(|(_, number)| number).collect())
    }

    /// Pinned ones, then the others.
    async fn by_activity(
        &self,
        reader: &mut SqliteConnection,
        page: &Cut,
        enough: usize,
    ) -> Result<Vec<Found>, StoreError> {
        let sql = if self.is_archive { ARCHIVE } else { LIST };
        let mut found = Vec::new();
        if page.after.is_none_or(|at| at.is_pinned) {
            let part = Part {
                slot: Slot::Number(0),
                ..Part::after(page.after)
            };
            found = self.walk(reader, sql, &part, enough).await?;
        }
        let left = enough - found.len();
        if self.filter.is_pinned || left == 0 {
            return Ok(found);
        }
        let after = Part::after(page.after.filter(|at| !at.is_pinned));
        let Some(personas) = self.personas.as_deref() else {
            let slot = Slot::Number(1);
            let part = Part { slot, ..after };
            found.extend(self.walk(reader, sql, &part, left).await?);
            return Ok(found);
        };
        // Several personas of one name: their lists become one.
        let mut others = Vec::new();
        for one in personas {
            let slot = Slot::Persona(*one);
            let part = Part { slot, ..after };
            others.extend(self.walk(reader, PERSONA, &part, left).await?);
        }
        others.sort_unstable_by(|a, b| b.cmp(a));
        found.extend(others);
        Ok(found)
    }

    /// All that fit, by the alphabet: SQLite folds ASCII only.
    async fn by_title(&self, reader: &mut SqliteConnection) -> Result<Vec<Found>, StoreError> {
        let mut titled = Vec::new();
        let part = self.everything();
        let mut rows = self.query(SORTED, &part).fetch(reader);
        while let Some(row) = rows.try_next().await? {
            let title = row.try_get::<&str, _>(2)?;
            if self.filter.fits_text(title, row.try_get(3)?) {
                let stands_first = row.try_get::<bool, _>(4)? && self.which == Which::Active;
                let found: Found = (row.try_get(1)?, row.try_get(0)?);
                titled.push((!stands_first, title.to_lowercase(), Reverse(found)));
            }
        }
        titled.sort_unstable();
        Ok(titled.into_iter().map(|(.., found)| found.0).collect())
    }

    /// At most `enough` rows that fit, in the statement's order.
    async fn walk(
        &self,
        reader: &mut SqliteConnection,
        sql: &'static str,
        part: &Part,
        enough: usize,
    ) -> Result<Vec<Found>, StoreError> {
        let mut rows = self.query(sql, part).fetch(reader);
        let mut found = Vec::new();
        while found.len() < enough
            && let Some(row) = rows.try_next().await?
        {
            if self.filter.fits_text(row.try_get(2)?, row.try_get(3)?) {
                found.push((row.try_get(1)?, row.try_get(0)?));
            }
        }
        Ok(found)
    }

    /// The whole view, for orders that are made when they are looked at.
    fn everything(&self) -> Part {
        Part {
            slot: Slot::Number(i64::from(self.which == Which::Trashed)),
            after: None,
        }
    }

    fn query<'q>(
        &'q self,
        sql: &'static str,
        part: &Part,
    ) -> sqlx::query::Query<'q, Sqlite, SqliteArguments> {
        let personas = match part.slot {
            Slot::Persona(_) => None,
            Slot::Number(_) => self.personas.as_deref().map(|personas| {
                let ids = personas.iter().map(|persona| persona.as_ref());
                hex_list(ids.map(|persona| persona.map(|id| &id.0)))
            }),
        };
        let archived = match self.which {
            Which::Active => Some(self.is_archive),
            Which::Trashed => self.filter.is_archived.then_some(true),
        };
        let query = sqlx::query(sql)
            .bind(longest_ascii(&self.filter.words))
            .bind(longest_ascii(&self.filter.models))
            .bind(self.active.from.0)
            .bind(self.active.to.0)
            .bind(self.created.from.0)
            .bind(self.created.to.0)
            .bind(personas)
            .bind(
                self.tagged
                    .as_ref()
                    .map(|ids| hex_list(ids.iter().map(Some))),
            )
            .bind(self.filter.is_pinned)
            .bind(archived)
            .bind(part.after.map(|at| at.active_at.0))
            .bind(part.after.map(|at| at.id.0));
        let query = match part.slot {
            Slot::Number(number) => query.bind(number),
            Slot::Persona(persona) => query.bind(persona.map(|id| id.0)),
        };
        query.bind(self.order == Order::Created)
    }
}

/// Ids as the statements want them: in SQLite's hexadecimal, '' for none.
fn hex_list<'a>(ids: impl Iterator<Item = Option<&'a Uuid>>) -> String {
    let hex = |id: &Uuid| id.simple().to_string().to_uppercase();
    let ids: Vec<String> = ids.map(|id| id.map_or_else(String::new, hex)).collect();
    serde_json::to_string(&ids).unwrap_or_default()
}

/// Which part of the view a statement walks.
#[derive(Clone, Copy)]
struct Part {
    slot: Slot,
    after: Option<Cursor>,
}

/// What `?13` is.
#[derive(Clone, Copy)]
enum Slot {
    Number(i64),
    Persona(Option<PersonaId>),
}

impl Part {
    fn after(after: Option<Cursor>) -> Part {
        let slot = Slot::Number(0);
        Part { slot, after }
    }
}

/// The longest part that SQLite can look for.
fn longest_ascii(parts: &[String]) -> &str {
    let parts = parts.iter().filter(|part| part.is_ascii());
    let longest = parts.max_by_key(|part| part.len());
    longest.map_or("", String::as_str)
}
