//! One connection to the hub: opened, looked over, used for a page at a time. Each step has an end, and dropping it half
//! way breaks nothing: a statement is whole or not at all, and may come again.

use std::time::Duration;

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use tokio::time::timeout;

use super::address::Address;
use super::table::{ARRAYS, CREATE, CREATE_INDEX, Column, Found};
use super::trouble::{Then, Trouble};
use crate::domain::id::ConversationId;
use crate::domain::sync::Headline;

/// To connect and be let in.
const CONNECT: Duration = Duration::from_secs(10);
/// For one statement.
const STATEMENT: Duration = Duration::from_secs(30);
/// To say good-bye.
const CLOSE: Duration = Duration::from_millis(200);

/// The table, its columns and its unique indices in one question; each row says in its first column what it is about.
const LOOK: &str = "SELECT 'table', c.relkind::text,
    pg_has_role(c.relowner, 'USAGE') AND pg_relation_size(c.oid) < 67108864,
    has_table_privilege(c.oid, 'SELECT'), has_table_privilege(c.oid, 'INSERT'), has_table_privilege(c.oid, 'UPDATE'),
    EXISTS (SELECT 1 FROM pg_index i
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = 'user_id' AND a.attnum = i.indkey[0]
      JOIN pg_attribute b ON b.attrelid = i.indrelid AND b.attname = 'updated_at' AND b.attnum = i.indkey[1]
      WHERE i.indrelid = c.oid AND i.indisvalid)
  FROM pg_class c WHERE c.oid = to_regclass('conversations');
SELECT 'column', a.attname::text, format_type(a.atttypid, NULL), format_type(a.atttypid, a.atttypmod), a.attnotnull,
    a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> ''
  FROM pg_attribute a WHERE a.attrelid = to_regclass('conversations') AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attnum;
SELECT 'unique', (SELECT string_agg(a.attname::text, ',' ORDER BY a.attname::text) FROM pg_attribute a
    WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[]))
  FROM pg_index i WHERE i.indrelid = to_regclass('conversations') AND i.indisunique AND i.indisvalid
    AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL";

/// What a page did.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) sent: u64,
    pub(super) removed: u64,
    pub(super) refused: Vec<ConversationId>,
}

/// A connection.
pub(super) struct Line {
    connection: PgConnection,
    name: String,
    role: String,
}

impl Line {
    /// Connects; says nothing about tables yet.
    pub(super) async fn open(address: &Address) -> Result<Line, Trouble> {
        let opened = timeout(CONNECT, address.options.connect()).await;
        let connection = opened
            .map_err(|_| Trouble::silent(&address.name))?
            .map_err(|error| Trouble::of(&error, &address.name, &address.user))?;
        Ok(Line {
            connection,
            name: address.name.clone(),
            role: address.user.clone(),
        })
    }

    /// In the simple protocol, so that it takes one way there and back.
    async fn all(&mut self, sql: &'static str) -> Result<Vec<PgRow>, Trouble> {
        let rows = sqlx::raw_sql(sql).fetch_all(&mut self.connection);
        let asked = timeout(STATEMENT, rows).await;
        self.judge(asked)
    }

    async fn run(&mut self, sql: &'static str) -> Result<(), Trouble> {
        let run = sqlx::raw_sql(sql).execute(&mut self.connection);
        let asked = timeout(STATEMENT, run).await;
        self.judge(asked).map(|_| ())
    }

    fn judge<T>(
        &self,
        asked: Result<Result<T, sqlx::Error>, tokio::time::error::Elapsed>,
    ) -> Result<T, Trouble> {
        asked
            .map_err(|_| Trouble::silent(&self.name))?
            .map_err(|error| self.trouble(&error))
    }

    fn trouble(&self, error: &sqlx::Error) -> Trouble {
        Trouble::of(error, &self.name, &self.role)
    }

    fn cell<'r, T>(&self, row: &'r PgRow, at: usize) -> Result<T, Trouble>
    where
        T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        row.try_get(at).map_err(|error| self.trouble(&error))
    }

    /// The server's version in words, and whether the way to it is encrypted.
    pub(super) async fn about(&mut self) -> Result<(String, bool), Trouble> {
        let rows = self
            .all(
                "SELECT current_setting('server_version'),
                   coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)",
            )
            .await?;
        match rows.first() {
            Some(row) => Ok((self.cell(row, 0)?, self.cell(row, 1)?)),
            None => Ok((String::new(), false)),
        }
    }

    /// Whether a table can be made here.
    pub(super) async fn may_create(&mut self) -> Result<bool, Trouble> {
        let rows = self
            .all("SELECT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)")
            .await?;
        rows.first().map_or(Ok(false), |row| self.cell(row, 0))
    }

    /// The table as it is; `None` = there is none.
    pub(super) async fn look(&mut self) -> Result<Option<Found>, Trouble> {
        let mut table = None;
        let (mut columns, mut unique) = (Vec::new(), Vec::new());
        for row in &self.all(LOOK).await? {
            match self.cell::<&str>(row, 0)? {
                "table" => {
                    table = Some(Found {
                        kind: self.cell(row, 1)?,
                        is_own_and_small: self.cell(row, 2)?,
                        may_select: self.cell(row, 3)?,
                        may_insert: self.cell(row, 4)?,
                        may_update: self.cell(row, 5)?,
                        has_index: self.cell(row, 6)?,
                        ..Found::default()
                    });
                }
                "column" => columns.push(Column {
                    name: self.cell(row, 1)?,
                    r#type: self.cell(row, 2)?,
                    exact: self.cell(row, 3)?,
                    must_be_set: self.cell(row, 4)?,
                    has_default: self.cell(row, 5)?,
                }),
                _ => unique.push(self.cell(row, 1)?),
            }
        }
        Ok(table.map(|table| Found {
            columns,
            unique,
            ..table
        }))
    }

    /// Makes the table with its index, all or nothing.
    async fn create(&mut self) -> Result<(), Trouble> {
        match self.run(CREATE).await {
            // Another machine makes it at the same moment; what comes of it is looked at again.
            Err(trouble) if matches!(trouble.code.as_str(), "23505" | "42P07" | "42710") => Ok(()),
            done => done,
        }
    }
}

/// A hub that is ready for pages.
pub(super) struct Hub {
    line: Line,
    found: Found,
    user: String,
    former: Option<String>,
    /// The table was made just now: it has nothing yet.
    pub(super) is_new: bool,
}

impl Hub {
    /// Connects, makes the table where there is none, and sees that it can be used for this user.
    pub(super) async fn open(
        address: &Address,
        user: &str,
        former: Option<&str>,
    ) -> Result<Hub, Trouble> {
        let mut line = Line::open(address).await?;
        let mut is_new = false;
        let found = match line.look().await? {
            Some(found) => found,
            None => {
                is_new = true;
                line.create().await?;
                let made = line.look().await?;
                made.ok_or_else(|| {
                    Trouble::mend(
                        format!("The table conversations cannot be made in {}", address.name),
                        "`salon sync --check` says more.",
                    )
                })?
            }
        };
        if let Some(trouble) = unusable(&found, user, &address.name, &address.user) {
            return Err(trouble);
        }
        if !found.has_index && found.is_own_and_small {
            // Without it everything works, only slower for those who read.
            if let Err(trouble) = line.run(CREATE_INDEX).await {
                tracing::info!(failure = %trouble.failure.title, "no index was made at the hub");
                let _ = line.run("ROLLBACK").await;
            }
        }
        let user = found.user_text(user);
        Ok(Hub {
            line,
            found,
            user,
            former: former.map(str::to_owned),
            is_new,
        })
    }

    /// Sends a page. Rows with values the hub does not take are found by halving and left out, unless it takes none.
    pub(super) async fn send(
        &mut self,
        mut rows: Vec<Headline>,
        gone: &[ConversationId],
    ) -> Result<Taken, Trouble> {
        // Always in one order, so that two machines never wait for each other's rows.
        rows.sort_by_key(|row| row.id);
        let mut taken = Taken::default();
        let mut parts = vec![rows.as_slice()];
        let mut last = None;
        while let Some(part) = parts.pop() {
            match self.upsert(part).await {
                Ok(()) => taken.sent += u64::try_from(part.len()).unwrap_or(0),
                Err(trouble) if trouble.then == Then::Split => {
                    if let [one] = part {
                        tracing::warn!(id = %one.id, "the hub does not take a row");
                        taken.refused.push(one.id);
                        last = Some(trouble);
                    } else {
                        let (head, tail) = part.split_at(part.len() / 2);
                        parts.extend([tail, head]);
                    }
                }
                Err(trouble) => return Err(trouble),
            }
        }
        if let Some(mut trouble) = last.filter(|_| taken.sent == 0 && taken.refused.len() > 1) {
            trouble.then = Then::Mend;
            return Err(trouble);
        }
        if !gone.is_empty() {
            let ids: Vec<String> = gone.iter().map(ToString::to_string).collect();
            let bury = sqlx::query(AssertSqlSafe(self.found.bury()))
                .persistent(false)
                .bind(ids)
                .bind(self.user.as_str())
                .bind(self.former.as_deref());
            let asked = timeout(STATEMENT, bury.execute(&mut self.line.connection)).await;
            taken.removed = self.line.judge(asked)?.rows_affected();
        }
        Ok(taken)
    }

    async fn upsert(&mut self, rows: &[Headline]) -> Result<(), Trouble> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut arrays: [Vec<Option<String>>; ARRAYS] = Default::default();
        for row in rows {
            for (array, cell) in arrays.iter_mut().zip(cells(row)) {
                array.push(cell);
            }
        }
        let mut query = sqlx::query(AssertSqlSafe(self.found.upsert())).persistent(false);
        for array in arrays {
            query = query.bind(array);
        }
        let query = query.bind(self.user.as_str()).bind(self.former.as_deref());
        let asked = timeout(STATEMENT, query.execute(&mut self.line.connection)).await;
        self.line.judge(asked).map(|_| ())
    }

    /// Says good-bye, if that is quick.
    pub(super) async fn close(self) {
        let _ = timeout(CLOSE, self.line.connection.close()).await;
    }
}

/// Why the table cannot be used, in one line.
fn unusable(found: &Found, user: &str, hub: &str, role: &str) -> Option<Trouble> {
    let problems = found.problems(user);
    if let Some(first) = problems.first() {
        let more = match problems.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let mut trouble = Trouble::mend(
            format!("The table conversations in {hub} cannot be used: {first}{more}"),
            "Salon alters no table; mend it or name another database. `salon sync --check` lists everything.",
        );
        trouble.failure.detail = problems.join("\n");
        return Some(trouble);
    }
    let rights = found.missing_rights();
    (!rights.is_empty()).then(|| {
        Trouble::mend(
            format!(
                "{role} lacks the right to {} in the table conversations in {hub}",
                rights.join(", ")
            ),
            format!("GRANT {} ON conversations TO {role};", rights.join(", ")),
        )
    })
}

/// A row's cells in the order of a page's arrays. Postgres keeps no NUL.
fn cells(row: &Headline) -> [Option<String>; ARRAYS] {
    let text = |text: &str| text.replace('\0', "");
    [
        Some(row.id.to_string()),
        Some(text(&row.title)),
        row.summary.as_deref().map(text),
        Some(row.message_count.to_string()),
        Some(row.summary_message_count.to_string()),
        row.summary_updated_at.map(|at| at.rfc3339()),
        Some(row.tokens_in.to_string()),
        Some(row.tokens_out.to_string()),
        row.cost.map(|cost| cost.six_places()),
        Some(row.created_at.rfc3339()),
        Some(row.updated_at.rfc3339()),
        Some(row.is_deleted.to_string()),
        Some(json(&row.metadata)),
    ]
}

/// An object as JSON without NUL, which `jsonb` refuses; what is no object is an empty one.
fn json(value: &serde_json::Value) -> String {
    if !value.is_object() {
        return "{}".to_owned();
    }
    let written = value.to_string();
    if !written.contains("\\u0000") {
        return written;
    }
    without_nul(value.clone()).to_string()
}

fn without_nul(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(text) => Value::String(text.replace('\0', "")),
        Value::Array(all) => Value::Array(all.into_iter().map(without_nul).collect()),
        Value::Object(all) => Value::Object(
            all.into_iter()
                .map(|(key, value)| (key.replace('\0', ""), without_nul(value)))
                .collect(),
        ),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json as value;

    #[test]
    fn metadata_is_always_an_object_postgres_takes() {
        assert_eq!(json(&value!(null)), "{}");
        assert_eq!(json(&value!([1])), "{}");
        assert_eq!(json(&value!({"a": "b"})), r#"{"a":"b"}"#);
        let dirty = value!({"a\0": ["x\0y", {"b": "\0"}], "c": "\\u0000"});
        assert_eq!(json(&dirty), r#"{"a":["xy",{"b":""}],"c":"\\u0000"}"#);
    }
}
