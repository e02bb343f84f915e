//! Search over all conversations (spec V3): the index of words finds messages, conversations are judged by the filter.
//!
//! Hits are looked at in steps of at most `STEP`, newest rows first; within a step conversations are ordered by their
//! newest hit. The filter becomes part of the match where few conversations fit (decisions 2.7).

use std::collections::BTreeSet;
use std::ops::Range;

use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::Store;
use super::error::StoreError;
use super::personas::ids_named;
use super::rows::{Cells, model_of};
use super::spaced::spaced;
use super::tags::tagged;
use crate::domain::filter::{Filter, Span, Time, WithPersona};
use crate::domain::id::{ConversationId, MessageId};
use crate::domain::message::Role;
use crate::domain::search::{Found, Group, Hit, Rest, Search, Snippet};
use crate::domain::when::Millis;
use crate::domain::words::{Sought, is_unspaced, marks};

/// Most hits looked at for a page.
const STEP: i64 = 2_000;
/// So many conversations become part of the match; more are judged hit by hit.
const SCOPES: usize = 100;
/// Words beyond these change nothing.
const WORDS: usize = 64;
/// A beginning of a word has at least so many characters; a shorter one is a word of its own.
const BEGINNING: usize = 2;

/// The newest rows below `?2` whose words match `?1`, at most `?3`, as a JSON array; how many, and the last of them.
pub(super) const STEP_OF: &str =
    "SELECT json_group_array(n), count(*), min(n) FROM (SELECT rowid AS n FROM message_word
       WHERE message_word MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC LIMIT ?3)";

/// The page of a step: of the rows `?1`, and of the titles of the conversations `?2`, those from `?5` on, at most `?4`,
/// by conversation. `?3` the role and `?6` the conversations allowed, or NULL. All by row numbers.
pub(super) const PAGE_OF: &str = "WITH seen(c, m, at) AS (
    SELECT k.n, m.n, m.created_at FROM json_each(?1) j CROSS JOIN message m ON m.n = j.value
      CROSS JOIN conversation k ON k.n = m.conversation_n
      WHERE m.trashed_at IS NULL AND k.trashed_at IS NULL AND (?3 IS NULL OR m.role = ?3)
        AND (?6 IS NULL OR k.n IN (SELECT value FROM json_each(?6)))
    UNION ALL SELECT k.n, NULL, k.active_at FROM json_each(?2) j CROSS JOIN conversation k ON k.n = j.value)
  SELECT c, m FROM (SELECT c, m, at, max(at) OVER (PARTITION BY c) AS newest FROM seen)
  ORDER BY newest DESC, c DESC, m IS NOT NULL, at DESC, m DESC LIMIT ?4 OFFSET ?5";

/// How many of the rows `?1` are hits; `?2` and `?3` as `?3` and `?6` above.
const COUNT_OF: &str = "SELECT count(*) FROM json_each(?1) j CROSS JOIN message m ON m.n = j.value
  CROSS JOIN conversation k ON k.n = m.conversation_n
  WHERE m.trashed_at IS NULL AND k.trashed_at IS NULL AND (?2 IS NULL OR m.role = ?2)
    AND (?3 IS NULL OR k.n IN (SELECT value FROM json_each(?3)))";

/// What may stand in the titles that hold all words, as JSON: those with the lower-case ASCII `?1` and the caseless
/// `?2`. The caller judges the rest, because SQLite folds ASCII only.
const TITLES: &str = "SELECT json_group_array(json_array(n, title)) FROM conversation
  WHERE trashed_at IS NULL AND instr(lower(title), ?1) > 0 AND instr(title, ?2) > 0";

/// The conversations that fit a filter, as a JSON array. `?1` the personas in hexadecimal ('' = none) or NULL; `?2` to
/// `?5` the ends of the last activity and of the creation; `?6` archived, `?7` pinned; `?8` parts of the model in
/// lower case; `?9` ids in hexadecimal, of which it has to be one, or NULL.
const FITTING: &str = "SELECT json_group_array(n) FROM conversation k WHERE trashed_at IS NULL
  AND (?1 IS NULL OR coalesce(hex(persona_id), '') IN (SELECT value FROM json_each(?1)))
  AND active_at BETWEEN ?2 AND ?3 AND created_at BETWEEN ?4 AND ?5
  AND (NOT ?6 OR archived_at IS NOT NULL) AND (NOT ?7 OR pinned_at IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM json_each(?8) j WHERE instr(lower(k.model), j.value) = 0)
  AND (?9 IS NULL OR hex(k.id) IN (SELECT value FROM json_each(?9)))";

const MESSAGES: &str = "SELECT m.n, m.id, m.role, m.model, m.created_at, m.content
  FROM json_each(?1) j CROSS JOIN message m ON m.n = j.value";
const CONVERSATIONS: &str =
    "SELECT k.n, k.id, k.title, k.created_at, k.active_at, k.archived_at IS NOT NULL
  FROM json_each(?1) j CROSS JOIN conversation k ON k.n = j.value";

impl Store {
    /// A page of a search, from where the one before ended: at most `limit` hits, titles among them, out of one step. A
    /// page may be empty though `next` says that there is more to look at. What is in the trash is left out; what is in
    /// the archive is not.
    pub async fn search(
        &self,
        search: &Search,
        from: Option<Rest>,
        limit: u32,
    ) -> Result<Found, StoreError> {
        let Some(wanted) = self.wanted(search).await? else {
            return Ok(Found::default());
        };
        let from = from.unwrap_or(Rest {
            below: i64::MAX,
            skip: 0,
        });
        let mut reader = self.reader().await?;
        let step = Step::below(&mut reader, &wanted.matching, from.below).await?;
        let titles = match from.below {
            i64::MAX => titles(&mut reader, search, &wanted).await?,
            _ => "[]".to_owned(),
        };
        // One more than asked for tells whether more follow.
        let rows = sqlx::query(PAGE_OF)
            .bind(&step.rows)
            .bind(titles)
            .bind(wanted.role.map(Role::word))
            .bind(i64::from(limit) + 1)
            .bind(i64::from(from.skip))
            .bind(wanted.allowed.as_deref())
            .fetch_all(&mut *reader)
            .await?;
        let wide = usize::try_from(limit).unwrap_or(usize::MAX);
        let places: Vec<(i64, Option<i64>)> = rows
            .iter()
            .take(wide)
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .collect::<Result<_, StoreError>>()?;
        let next = match step.next {
            _ if rows.len() > wide => Some(Rest {
                below: from.below,
                skip: from.skip.saturating_add(limit),
            }),
            below => below.map(|below| Rest { below, skip: 0 }),
        };
        let groups = groups(&mut reader, search, &places).await?;
        Ok(Found { groups, next })
    }

    /// How many hits a search has in all, titles among them.
    pub async fn count_hits(&self, search: &Search) -> Result<u64, StoreError> {
        let Some(wanted) = self.wanted(search).await? else {
            return Ok(0);
        };
        let mut reader = self.reader().await?;
        let titles = titles(&mut reader, search, &wanted).await?;
        let titles: Vec<i64> = serde_json::from_str(&titles).unwrap_or_default();
        let mut count = u64::try_from(titles.len()).unwrap_or(0);
        let mut below = Some(i64::MAX);
        while let Some(from) = below {
            let step = Step::below(&mut reader, &wanted.matching, from).await?;
            let row = sqlx::query(COUNT_OF)
                .bind(&step.rows)
                .bind(wanted.role.map(Role::word))
                .bind(wanted.allowed.as_deref())
                .fetch_one(&mut *reader)
                .await?;
            count += Cells::of(&row).count()?;
            below = step.next;
        }
        Ok(count)
    }

    /// `None` = nothing can be found: there are no words, or no conversation fits.
    async fn wanted(&self, search: &Search) -> Result<Option<Wanted>, StoreError> {
        let mut words = Vec::new();
        for word in search.words.iter().take(WORDS) {
            words.push(match self.is_common(word).await? {
                true => phrase(&word.text, false),
                false => phrase(&word.text, word.is_prefix),
            });
        }
        if words.is_empty() {
            return Ok(None);
        }
        let mut matching = format!("body : ({})", words.join(" AND "));
        let fitting = match search.filter.is_empty() {
            true => None,
            false => {
                let mut reader = self.reader().await?;
                Some(self.fitting(&mut reader, &search.filter).await?)
            }
        };
        if fitting.as_ref().is_some_and(Vec::is_empty) {
            return Ok(None);
        }
        let allowed = fitting
            .as_ref()
            .map(|all| serde_json::to_string(all).unwrap_or_default());
        if let Some(few) = fitting.filter(|all| all.len() <= SCOPES) {
            let scopes: Vec<String> = few.iter().map(|n| format!("c{n}")).collect();
            matching = format!("({matching}) AND scope : ({})", scopes.join(" OR "));
        }
        Ok(Some(Wanted {
            matching,
            role: search.role,
            allowed,
        }))
    }

    /// Whether a word that is still typed is a common one as it stands. Then it is not taken for the beginning of
    /// others: all places of all of them would be read before the first could be shown.
    async fn is_common(&self, word: &Sought) -> Result<bool, StoreError> {
        if !word.is_prefix || word.text.ends_with('*') {
            return Ok(false);
        }
        let whole = format!("body : {}", phrase(&word.text, false));
        let mut reader = self.reader().await?;
        let step = Step::below(&mut reader, &whole, i64::MAX).await?;
        Ok(step.next.is_some())
    }

    /// The numbers of the conversations outside the trash that fit, in order.
    async fn fitting(
        &self,
        reader: &mut SqliteConnection,
        filter: &Filter,
    ) -> Result<Vec<i64>, StoreError> {
        let personas = personas(reader, filter).await?;
        let all = Span {
            from: Millis(i64::MIN),
            to: Millis(i64::MAX),
        };
        // Finding the zone takes long: only where a day is named.
        let (active, created) = if filter.bounds.is_empty() {
            (all, all)
        } else {
            let calendar = self.inner.mint.calendar();
            let span = |time| filter.span(time, &calendar);
            (span(Time::Activity), span(Time::Creation))
        };
        let mut with_tags: Option<BTreeSet<Uuid>> = None;
        for tag in &filter.tags {
            let these = tagged(reader, tag).await?;
            with_tags = Some(match with_tags {
                None => these,
                Some(all) => all.intersection(&these).copied().collect(),
            });
        }
        let with_tags = with_tags.map(|ids| ids.into_iter().map(hex).collect::<Vec<_>>());
        let json = |texts: &[String]| serde_json::to_string(texts).unwrap_or_default();
        let row = sqlx::query(FITTING)
            .bind(personas.map(|hex| json(&hex)))
            .bind(active.from.0)
            .bind(active.to.0)
            .bind(created.from.0)
            .bind(created.to.0)
            .bind(filter.is_archived)
            .bind(filter.is_pinned)
            .bind(json(&filter.models))
            .bind(with_tags.map(|ids| json(&ids)))
            .fetch_one(reader)
            .await?;
        let mut numbers: Vec<i64> = serde_json::from_str(row.try_get(0)?).unwrap_or_default();
        numbers.sort_unstable();
        Ok(numbers)
    }
}

/// What is asked of the index and of the rows it finds.
struct Wanted {
    /// In the language of FTS5.
    matching: String,
    role: Option<Role>,
    /// The conversations that fit, a JSON array of numbers; `None` = all.
    allowed: Option<String>,
}

/// The rows of a step, a JSON array, and where the next one begins.
struct Step {
    rows: String,
    next: Option<i64>,
}

impl Step {
    async fn below(
        reader: &mut SqliteConnection,
        matching: &str,
        below: i64,
    ) -> Result<Step, StoreError> {
        let row = sqlx::query(STEP_OF)
            .bind(matching)
            .bind(below)
            .bind(STEP)
            .fetch_one(reader)
            .await?;
        let is_full = row.try_get::<i64, _>(1)? == STEP;
        let last: Option<i64> = row.try_get(2)?;
        Ok(Step {
            rows: row.try_get(0)?,
            next: last.filter(|_| is_full),
        })
    }
}

/// A word of a search in the language of FTS5: a text between quotation marks, in which nothing has a meaning.
fn phrase(text: &str, is_prefix: bool) -> String {
    let text = text.replace(['"', '\0'], " ");
    let text = spaced(&text).unwrap_or(text);
    let text = text.trim_end_matches(|c: char| !c.is_alphanumeric());
    let is_long = text.chars().rev().take(BEGINNING);
    let is_long = is_long.filter(|c| c.is_alphanumeric()).count() == BEGINNING;
    let is_prefix = is_prefix && is_long && !text.ends_with(is_unspaced);
    let star = if is_prefix { "*" } else { "" };
    format!("\"{text}\"{star}")
}

/// The conversations whose titles hold all words, a JSON array of numbers. A title is nobody's message.
async fn titles(
    reader: &mut SqliteConnection,
    search: &Search,
    wanted: &Wanted,
) -> Result<String, StoreError> {
    if search.role.is_some() {
        return Ok("[]".to_owned());
    }
    let part = |is_in: fn(char) -> bool| {
        let words = search.words.iter();
        let parts = words.flat_map(|word| word.text.split(move |c| !is_in(c)));
        parts.max_by_key(|part| part.len()).unwrap_or_default()
    };
    let row = sqlx::query(TITLES)
        .bind(part(|c| c.is_ascii_alphanumeric()))
        .bind(part(is_unspaced))
        .fetch_one(reader)
        .await?;
    let titles: Vec<(i64, String)> = serde_json::from_str(row.try_get(0)?).unwrap_or_default();
    let numbers = |json: &String| serde_json::from_str(json).unwrap_or_default();
    let allowed: Option<Vec<i64>> = wanted.allowed.as_ref().map(numbers);
    let found: Vec<i64> = titles
        .into_iter()
        .filter(|(_, title)| !search.marks_in_title(title).is_empty())
        .map(|(number, _)| number)
        .filter(|number| {
            let mut allowed = allowed.iter();
            allowed.all(|allowed| allowed.binary_search(number).is_ok())
        })
        .collect();
    Ok(serde_json::to_string(&found).unwrap_or_default())
}

/// An id as SQLite's `hex` writes it.
fn hex(id: Uuid) -> String {
    id.simple().to_string().to_uppercase()
}

/// The personas a filter allows, in hexadecimal; '' is a conversation without one. `None` = all.
async fn personas(
    reader: &mut SqliteConnection,
    filter: &Filter,
) -> Result<Option<Vec<String>>, StoreError> {
    let mut all: Option<Vec<String>> = None;
    for with in &filter.personas {
        let these = match with {
            WithPersona::Nobody => vec![String::new()],
            WithPersona::Named(name) => {
                let ids = ids_named(reader, name).await?;
                ids.into_iter().map(|id| hex(id.0)).collect()
            }
        };
        all = Some(match all {
            None => these,
            Some(all) => all.into_iter().filter(|one| these.contains(one)).collect(),
        });
    }
    Ok(all)
}

/// The hits at these places, a title where there is no message, with their snippets.
async fn groups(
    reader: &mut SqliteConnection,
    search: &Search,
    places: &[(i64, Option<i64>)],
) -> Result<Vec<Group>, StoreError> {
    let mut conversations: Vec<i64> = places.iter().map(|(c, _)| *c).collect();
    conversations.dedup();
    let messages: Vec<i64> = places.iter().filter_map(|(_, m)| *m).collect();
    let json = |numbers: &[i64]| serde_json::to_string(numbers).unwrap_or_default();
    let rows = sqlx::query(CONVERSATIONS)
        .bind(json(&conversations))
        .fetch_all(&mut *reader)
        .await?;
    let mut groups: Vec<(i64, Group)> = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut cells = Cells::of(row);
        groups.push((
            cells.next()?,
            Group {
                conversation: ConversationId(cells.next()?),
                title: cells.next()?,
                title_marks: Vec::new(),
                created_at: Millis(cells.next()?),
                active_at: Millis(cells.next()?),
                is_archived: cells.next()?,
                hits: Vec::new(),
            },
        ));
    }
    let rows = sqlx::query(MESSAGES)
        .bind(json(&messages))
        .fetch_all(reader)
        .await?;
    let mut hits = rows.iter().map(|row| hit(row, search)).peekable();
    for (conversation, message) in places {
        let mut group = groups.iter_mut().filter(|(n, _)| n == conversation);
        let Some((_, group)) = group.next() else {
            continue;
        };
        if message.is_none() {
            group.title_marks = search.marks_in_title(&group.title);
            continue;
        }
        // A row may have gone since the step was read.
        let is_it = |hit: &Result<(i64, Hit), StoreError>| match hit {
            Ok((n, _)) => Some(*n) == *message,
            Err(_) => true,
        };
        if let Some(hit) = hits.next_if(is_it) {
            group.hits.push(hit?.1);
        }
    }
    Ok(groups.into_iter().map(|(_, group)| group).collect())
}

fn hit(row: &sqlx::sqlite::SqliteRow, search: &Search) -> Result<(i64, Hit), StoreError> {
    let mut cells = Cells::of(row);
    let number = cells.next()?;
    let (id, role) = (cells.next()?, cells.next::<&str>()?);
    let model = cells.next::<Option<&str>>()?.map(model_of);
    let created_at = Millis(cells.next()?);
    let content: &str = cells.next()?;
    let found: Vec<Range<usize>> = marks(content, &search.words);
    Ok((
        number,
        Hit {
            message: MessageId(id),
            role: Role::of(role).unwrap_or(Role::System),
            model,
            created_at,
            snippet: Snippet::cut(content, &found),
        },
    ))
}
