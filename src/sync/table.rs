//! The hub's table `conversations` (spec D2): what it has to be like, what it is like, and the statements that fit it.
//! An existing table is used as it is.

use std::fmt::Write;

use uuid::Uuid;

/// What salon makes where there is no table.
pub(super) const CREATE: &str = "CREATE TABLE IF NOT EXISTS conversations (
  id uuid PRIMARY KEY,
  user_id text NOT NULL,
  title text NOT NULL DEFAULT '',
  summary text,
  message_count integer NOT NULL DEFAULT 0,
  summary_message_count integer NOT NULL DEFAULT 0,
  summary_updated_at timestamptz,
  total_tokens_input bigint NOT NULL DEFAULT 0,
  total_tokens_output bigint NOT NULL DEFAULT 0,
  total_cost numeric(20,6),
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  is_deleted boolean NOT NULL DEFAULT false,
  metadata jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX IF NOT EXISTS conversations_user_updated ON conversations (user_id, updated_at);";

/// The index alone, for a small table of one's own; it waits for nobody.
pub(super) const CREATE_INDEX: &str = "BEGIN; SET LOCAL lock_timeout = '1s'; SET LOCAL statement_timeout = '10s';
CREATE INDEX IF NOT EXISTS conversations_user_updated ON conversations (user_id, updated_at); COMMIT;";

/// The columns in the order of a page's arrays; `user_id` comes by itself.
const COLUMNS: [(&str, Kind); 13] = [
    ("id", Kind::Id),
    ("title", Kind::Text),
    ("summary", Kind::Text),
    ("message_count", Kind::Count),
    ("summary_message_count", Kind::Count),
    ("summary_updated_at", Kind::Time),
    ("total_tokens_input", Kind::Count),
    ("total_tokens_output", Kind::Count),
    ("total_cost", Kind::Cost),
    ("created_at", Kind::Time),
    ("updated_at", Kind::Time),
    ("is_deleted", Kind::Flag),
    ("metadata", Kind::Json),
];
/// How many arrays a page has; the user and the former one follow.
pub(super) const ARRAYS: usize = COLUMNS.len();
const USER: &str = "user_id";

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Id,
    User,
    Text,
    Count,
    Time,
    Cost,
    Flag,
    Json,
}

impl Kind {
    /// The types whose columns can hold it, by their SQL names.
    fn types(self) -> &'static [&'static str] {
        match self {
            Kind::Id => &["uuid", "text", "character varying", "character"],
            Kind::User => &[
                "text",
                "character varying",
                "character",
                "uuid",
                "integer",
                "bigint",
            ],
            Kind::Text => &["text", "character varying"],
            Kind::Count => &["integer", "bigint", "numeric", "smallint"],
            Kind::Time => &["timestamp with time zone", "timestamp without time zone"],
            Kind::Cost => &["numeric", "double precision", "real"],
            Kind::Flag => &["boolean"],
            Kind::Json => &["jsonb", "json", "text", "character varying"],
        }
    }

    /// What stands for "nothing" in a column that must have a value.
    fn nothing(self) -> &'static str {
        match self {
            Kind::Id | Kind::User | Kind::Text => "''",
            Kind::Count | Kind::Cost => "0",
            Kind::Time => "now()",
            Kind::Flag => "false",
            Kind::Json => "'{}'",
        }
    }
}

/// A column as it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    /// Such as `character varying`.
    pub(super) r#type: String,
    /// Such as `character varying(200)`.
    pub(super) exact: String,
    pub(super) must_be_set: bool,
    /// It gets a value where none is given.
    pub(super) has_default: bool,
}

/// A table as it is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// `r` and `p` are tables; see `pg_class`.
    pub(super) kind: String,
    pub(super) columns: Vec<Column>,
    /// The columns of each unique index, sorted and joined by commas.
    pub(super) unique: Vec<String>,
    pub(super) has_index: bool,
    /// This role may change its structure, and it is small.
    pub(super) is_own_and_small: bool,
    pub(super) may_select: bool,
    pub(super) may_insert: bool,
    pub(super) may_update: bool,
}

impl Found {
    fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// What keeps salon from using it; each in one line. `user` is whose rows it would get.
    pub(super) fn problems(&self, user: &str) -> Vec<String> {
        if !matches!(self.kind.as_str(), "r" | "p") {
            return vec!["conversations is not a table".to_owned()];
        }
        let wanted = || COLUMNS.iter().copied().chain([(USER, Kind::User)]);
        let missing: Vec<&str> = wanted()
            .map(|(name, _)| name)
            .filter(|name| self.column(name).is_none())
            .collect();
        let mut problems = Vec::new();
        if !missing.is_empty() {
            let noun = if missing.len() == 1 {
                "column"
            } else {
                "columns"
            };
            problems.push(format!("the table lacks the {noun} {}", missing.join(", ")));
        }
        for (name, kind) in wanted() {
            if let Some(column) = self.column(name)
                && !kind.types().contains(&column.r#type.as_str())
            {
                problems.push(format!(
                    "the column {name} is {}, not {}",
                    column.exact,
                    kind.types()[0]
                ));
            }
        }
        for column in &self.columns {
            let is_ours = wanted().any(|(name, _)| name == column.name);
            if !is_ours && column.must_be_set && !column.has_default {
                problems.push(format!(
                    "the column {} needs a value and has no default",
                    column.name
                ));
            }
        }
        if self.column("id").is_some() && self.conflict().is_none() {
            problems.push("the column id is not unique".to_owned());
        }
        if let Some(column) = self.column(USER) {
            let fits = match column.r#type.as_str() {
                "uuid" => Uuid::try_parse(user).is_ok(),
                "integer" => user.parse::<i32>().is_ok(),
                "bigint" => user.parse::<i64>().is_ok(),
                _ => true,
            };
            if !fits {
                problems.push(format!(
                    "the column user_id is {}, and `{user}` is none",
                    column.exact
                ));
            }
        }
        problems
    }

    /// Rights that are missing.
    pub(super) fn missing_rights(&self) -> Vec<&'static str> {
        let rights = [
            ("SELECT", self.may_select),
            ("INSERT", self.may_insert),
            ("UPDATE", self.may_update),
        ];
        let missing = rights.iter().filter(|(_, has)| !has);
        missing.map(|(right, _)| *right).collect()
    }

    /// What makes a row the same row.
    fn conflict(&self) -> Option<&'static str> {
        let has = |columns: &str| self.unique.iter().any(|unique| unique == columns);
        if has("id") {
            Some("id")
        } else if has("id,user_id") {
            Some("user_id, id")
        } else {
            None
        }
    }

    /// How the user is written there.
    pub(super) fn user_text(&self, user: &str) -> String {
        let is_uuid = self.column(USER).is_some_and(|c| c.r#type == "uuid");
        match Uuid::try_parse(user) {
            Ok(id) if is_uuid => id.hyphenated().to_string(),
            _ => user.to_owned(),
        }
    }

    /// A text parameter or column as a value of this column.
    fn value(&self, name: &str, kind: Kind, text: &str) -> String {
        let Some(column) = self.column(name) else {
            return "NULL".to_owned();
        };
        // A title may be cut to the column's length, an id never.
        let r#type = match kind {
            Kind::Text if is_plain(&column.exact) => &column.exact,
            Kind::Id
            | Kind::User
            | Kind::Text
            | Kind::Count
            | Kind::Time
            | Kind::Cost
            | Kind::Flag
            | Kind::Json => &column.r#type,
        };
        let cast = match r#type.as_str() {
            // Without its length `character` would be one character.
            "character" => format!("CAST({text} AS text)"),
            r#type => format!("CAST({text} AS {})", r#type),
        };
        match (column.must_be_set, kind) {
            (true, Kind::Text | Kind::Cost | Kind::Time) => {
                format!("coalesce({cast}, {})", kind.nothing())
            }
            _ => cast,
        }
    }

    /// Inserts a page's rows or makes those that are there the same; a row that is so already stays untouched, one of
    /// another user too. `$1` to `$13` are text arrays in the order of `COLUMNS`, `$14` the user, `$15` the former one.
    pub(super) fn upsert(&self) -> String {
        let (user, former) = (ARRAYS + 1, ARRAYS + 2);
        let mut sql = format!("INSERT INTO conversations ({USER}");
        for (name, _) in COLUMNS {
            let _ = write!(sql, ", {name}");
        }
        let own = self.value(USER, Kind::User, &format!("CAST(${user} AS text)"));
        let _ = write!(sql, ") SELECT {own}");
        for (at, (name, kind)) in COLUMNS.iter().enumerate() {
            let _ = write!(sql, ", {}", self.value(name, *kind, &format!("r.c{at}")));
        }
        let arrays: Vec<String> = (1..=ARRAYS).map(|n| format!("${n}::text[]")).collect();
        let names: Vec<String> = (0..ARRAYS).map(|n| format!("c{n}")).collect();
        let _ = write!(
            sql,
            " FROM unnest({}) AS r({}) ON CONFLICT ({}) DO UPDATE SET {USER} = EXCLUDED.{USER}",
            arrays.join(", "),
            names.join(", "),
            self.conflict().unwrap_or("id"),
        );
        for (name, _) in &COLUMNS[1..] {
            let _ = write!(sql, ", {name} = EXCLUDED.{name}");
        }
        let all = |of: &str| {
            let mut list = format!("{of}.{USER}");
            for (name, kind) in &COLUMNS[1..] {
                let _ = match kind {
                    // JSON as such has no equality.
                    Kind::Json => write!(list, ", CAST({of}.{name} AS text)"),
                    Kind::Id
                    | Kind::User
                    | Kind::Text
                    | Kind::Count
                    | Kind::Time
                    | Kind::Cost
                    | Kind::Flag => write!(list, ", {of}.{name}"),
                };
            }
            list
        };
        let _ = write!(
            sql,
            " WHERE CAST(conversations.{USER} AS text) IN (CAST(${user} AS text), CAST(${former} AS text)) \
             AND ({}) IS DISTINCT FROM ({})",
            all("conversations"),
            all("EXCLUDED"),
        );
        sql
    }

    /// Marks rows as deleted and takes their words away. `$1` is a text array of ids, `$2` the user, `$3` the former one.
    pub(super) fn bury(&self) -> String {
        let title = self.value("title", Kind::Text, "''");
        let summary = self.value("summary", Kind::Text, "NULL");
        let metadata = self.value("metadata", Kind::Json, "'{}'");
        let id = self.value("id", Kind::Id, "g.id");
        format!(
            "UPDATE conversations SET is_deleted = true, title = {title}, summary = {summary}, metadata = {metadata} \
             WHERE id IN (SELECT {id} FROM unnest($1::text[]) AS g(id)) \
             AND CAST({USER} AS text) IN (CAST($2 AS text), CAST($3 AS text))"
        )
    }
}

/// Whether a type's name can stand in a statement as it is.
fn is_plain(r#type: &str) -> bool {
    r#type
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b" (),".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, r#type: &str) -> Column {
        Column {
            name: name.to_owned(),
            r#type: r#type.to_owned(),
            exact: r#type.to_owned(),
            must_be_set: false,
            has_default: false,
        }
    }

    fn whole() -> Found {
        let mut columns: Vec<Column> = COLUMNS
            .iter()
            .map(|(name, kind)| column(name, kind.types()[0]))
            .collect();
        columns.push(column(USER, "text"));
        Found {
            kind: "r".to_owned(),
            columns,
            unique: vec!["id".to_owned()],
            has_index: true,
            is_own_and_small: true,
            may_select: true,
            may_insert: true,
            may_update: true,
        }
    }

    #[test]
    fn what_is_wrong_with_a_table_is_named() {
        assert_eq!(whole().problems("anna"), [""; 0]);
        let mut found = whole();
        found
            .columns
            .retain(|c| c.name != "summary" && c.name != "metadata");
        assert_eq!(
            found.problems("anna"),
            ["the table lacks the columns summary, metadata"]
        );
        let mut found = whole();
        found.columns[0].r#type = "integer".to_owned();
        found.columns[0].exact = "integer".to_owned();
        found.unique.clear();
        let mut extra = column("tenant", "text");
        extra.must_be_set = true;
        found.columns.push(extra.clone());
        assert_eq!(
            found.problems("anna"),
            [
                "the column id is integer, not uuid",
                "the column tenant needs a value and has no default",
                "the column id is not unique"
            ]
        );
        let mut found = whole();
        extra.has_default = true;
        found.columns.push(extra);
        assert_eq!(found.problems("anna"), [""; 0]);
        found.columns[13].r#type = "uuid".to_owned();
        found.columns[13].exact = "uuid".to_owned();
        assert_eq!(
            found.problems("anna"),
            ["the column user_id is uuid, and `anna` is none"]
        );
        found.kind = "v".to_owned();
        assert_eq!(found.problems("anna"), ["conversations is not a table"]);
    }

    #[test]
    fn a_type_from_outside_is_never_pasted_into_a_statement() {
        let mut found = whole();
        let title = found
            .columns
            .iter_mut()
            .find(|c| c.name == "title")
            .unwrap();
        title.r#type = "character varying".to_owned();
        title.exact = "character varying(200)".to_owned();
        assert!(
            found
                .upsert()
                .contains("CAST(r.c1 AS character varying(200))")
        );
        let title = found
            .columns
            .iter_mut()
            .find(|c| c.name == "title")
            .unwrap();
        title.exact = "\"x\"; DROP TABLE".to_owned();
        assert!(!found.upsert().contains("DROP"));
        let id = found.columns.iter_mut().find(|c| c.name == "id").unwrap();
        id.r#type = "character varying".to_owned();
        id.exact = "character varying(20)".to_owned();
        assert!(found.upsert().contains("CAST(r.c0 AS character varying)"));
    }
}
