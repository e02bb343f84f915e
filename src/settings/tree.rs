//! A settings file as a flat list of values, each with its line, compared with the keys of the shipped file.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Layer;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::hint::{Lines, did_you_mean};

/// A key from the top down, such as `providers`, `lab`, `base_url`.
pub(super) type Path = Vec<String>;

/// A value as text, with where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub text: String,
    pub layer: Layer,
    /// `salon.toml line 3`, `$SALON_CHAT_STREAM`.
    pub place: String,
}

/// What a key of the shipped file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Flag,
    /// A table whose keys are free.
    Open,
}

/// The keys that exist, in the order of the shipped file.
pub(super) struct Known {
    leaves: Vec<(Path, Kind)>,
}

/// The provider whose section of the shipped file documents all keys of a provider.
const DOCUMENTED: &str = "openai";

impl Known {
    /// Of the shipped file.
    pub fn of(shipped: &str) -> Known {
        let (tree, _) = DeTable::parse_recoverable(shipped);
        let mut found = Vec::new();
        leaves(tree.get_ref(), &mut Path::new(), &mut |path, at, value| {
            let kind = match value {
                DeValue::Table(_) => Kind::Open,
                DeValue::Boolean(_) => Kind::Flag,
                DeValue::Integer(_) | DeValue::Float(_) => Kind::Number,
                DeValue::String(_) | DeValue::Array(_) | DeValue::Datetime(_) => Kind::Text,
            };
            found.push((at, path.to_vec(), kind));
        });
        found.sort_by_key(|(at, ..)| *at);
        Known {
            leaves: found
                .into_iter()
                .map(|(_, path, kind)| (path, kind))
                .collect(),
        }
    }

    /// What this key is; every provider has the same keys, every model's price too.
    pub fn kind(&self, path: &[String]) -> Option<Kind> {
        let path = like_shipped(path);
        self.leaves
            .iter()
            .find(|(known, _)| *known == path)
            .map(|(_, kind)| *kind)
    }

    /// Its place in the shipped file; keys of other providers and prices follow their section.
    pub fn rank(&self, path: &[String]) -> usize {
        let exact = self.leaves.iter().position(|(known, _)| known == path);
        let section = || {
            self.leaves
                .iter()
                .rposition(|(known, _)| known.first() == path.first())
        };
        exact.or_else(section).unwrap_or(self.leaves.len())
    }

    /// All keys of the shipped file.
    pub fn leaves(&self) -> impl Iterator<Item = (&Path, Kind)> {
        self.leaves.iter().map(|(path, kind)| (path, *kind))
    }

    /// Whether keys stand under this one.
    fn is_table(&self, path: &[String]) -> bool {
        let path = like_shipped(path);
        path == ["providers"]
            || (path.len() == 2 && path[0] == "providers")
            || self.leaves.iter().any(|(known, kind)| {
                known.starts_with(&path) && (known.len() > path.len() || *kind == Kind::Open)
            })
    }

    /// Whether this key is a free one of an open table.
    fn is_free(&self, path: &[String]) -> bool {
        path.split_last()
            .is_some_and(|(_, table)| self.kind(table) == Some(Kind::Open))
    }

    /// The names that may stand in this table.
    fn names(&self, table: &[String]) -> Vec<&str> {
        let table = like_shipped(table);
        self.leaves
            .iter()
            .filter(|(known, _)| known.len() > table.len() && known.starts_with(&table))
            .map(|(known, _)| known[table.len()].as_str())
            .collect()
    }
}

/// `providers.lab.wire` as `providers.openai.wire`, `pricing."a/b".from` as `pricing.from`.
fn like_shipped(path: &[String]) -> Path {
    let mut path = path.to_vec();
    if path.len() >= 2 && path[0] == "providers" {
        path[1] = DOCUMENTED.to_owned();
    }
    if path.len() >= 2 && path[0] == "pricing" && path[1].contains('/') {
        path.remove(1);
    }
    path
}

/// The values of a file by key, and what in it is not known. A file that is not TOML is the error, with its line.
pub(super) fn read(
    text: &str,
    file: &str,
    layer: Layer,
    known: &Known,
) -> Result<(BTreeMap<Path, Entry>, Vec<Failure>), Failure> {
    let lines = Lines::of(text);
    let tree = DeTable::parse(text).map_err(|error| {
        let line = lines.line(error.span().map_or(0, |span| span.start));
        Failure::new(
            FailureKind::Input,
            format!("{file} line {line}: {}", error.message()),
            "Nothing of the file is used until that is mended.",
        )
    })?;
    let mut walk = Walk {
        lines,
        file,
        layer,
        known,
        values: BTreeMap::new(),
        problems: Vec::new(),
    };
    walk.table(tree.get_ref(), &mut Path::new());
    walk.problems.sort_by_key(|(line, _)| *line);
    let problems = walk.problems.into_iter().map(|(_, problem)| problem);
    Ok((walk.values, problems.collect()))
}

struct Walk<'a> {
    lines: Lines,
    file: &'a str,
    layer: Layer,
    known: &'a Known,
    values: BTreeMap<Path, Entry>,
    problems: Vec<(usize, Failure)>,
}

impl Walk<'_> {
    fn table(&mut self, table: &DeTable<'_>, path: &mut Path) {
        for (name, value) in table {
            path.push(name.get_ref().to_string());
            self.value(name, value, path);
            path.pop();
        }
    }

    fn value(
        &mut self,
        name: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
        path: &mut Path,
    ) {
        let line = self.lines.line(name.span().start);
        let is_leaf = match self.known.kind(path) {
            Some(kind) => kind != Kind::Open,
            None => self.known.is_free(path),
        };
        match (value.get_ref(), is_leaf) {
            (DeValue::Table(inner), false) if self.known.is_table(path) => self.table(inner, path),
            (_, false) if self.known.is_table(path) => {
                let key = print(path);
                self.problem(
                    line,
                    format!("`{key}` is a section"),
                    format!("Write [{key}]."),
                );
            }
            (_, false) => self.unknown(line, path),
            (DeValue::Table(_) | DeValue::Array(_), true) => self.problem(
                line,
                format!("`{}` takes one value", print(path)),
                "The value below it holds.".to_owned(),
            ),
            (one, true) => {
                let entry = Entry {
                    text: text_of(one),
                    layer: self.layer,
                    place: format!("{} line {line}", self.file),
                };
                self.values.insert(path.clone(), entry);
            }
        }
    }

    fn unknown(&mut self, line: usize, path: &[String]) {
        let (word, table) = match path.split_last() {
            Some((word, table)) => (word.as_str(), table),
            None => ("", path),
        };
        let what = format!("salon has no setting `{}`", print(path));
        let names = self.known.names(table);
        let remedy = did_you_mean(word, names, "It is ignored.");
        self.problem(line, what, remedy);
    }

    fn problem(&mut self, line: usize, what: String, remedy: String) {
        let title = format!("{} line {line}: {what}", self.file);
        let failure = Failure::new(FailureKind::Input, title, remedy);
        self.problems.push((line, failure));
    }
}

/// Calls `each` with every key that is no table with keys, the byte where it stands, and its value.
fn leaves<'a>(
    table: &'a DeTable<'a>,
    path: &mut Path,
    each: &mut impl FnMut(&[String], usize, &'a DeValue<'a>),
) {
    for (name, value) in table {
        path.push(name.get_ref().to_string());
        let value = value.get_ref();
        match value.as_table().filter(|inner| !inner.is_empty()) {
            Some(inner) => leaves(inner, path, each),
            None => each(path, name.span().start, value),
        }
        path.pop();
    }
}

/// A value as it would be typed, without quotes.
fn text_of(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().replace('_', ""),
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            i64::from_str_radix(&digits, number.radix()).map_or(digits, |whole| whole.to_string())
        }
        DeValue::Float(number) => number.as_str().replace('_', ""),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(when) => when.to_string(),
        DeValue::Array(_) | DeValue::Table(_) => String::new(),
    }
}

/// A key as it is written in a file: `pricing."a/b".input_per_1k`.
pub(super) fn print(path: &[String]) -> String {
    let part = |name: &String| {
        let is_bare = !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if is_bare {
            name.clone()
        } else {
            format!("{name:?}")
        }
    };
    path.iter().map(part).collect::<Vec<_>>().join(".")
}
