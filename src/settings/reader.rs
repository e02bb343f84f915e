//! Picks each value from the strongest layer whose value can be used, and tells of those that cannot.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::tree::{Entry, Kind, Known, Path, print};
use super::{Layer, Origin};
use crate::domain::failure::{Failure, FailureKind};

/// Reads settings out of layers of entries.
pub(super) struct Reader {
    known: Known,
    /// By key, the weakest layer first.
    values: BTreeMap<Path, Vec<Entry>>,
    pub problems: Vec<Failure>,
    origins: Vec<(Path, Origin)>,
}

/// How a value is shown to people.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Open,
    /// It may hold a secret: neither value nor mistake is printed.
    Hidden,
}

impl Reader {
    pub fn new(known: Known) -> Reader {
        Reader {
            known,
            values: BTreeMap::new(),
            problems: Vec::new(),
            origins: Vec::new(),
        }
    }

    /// Puts entries over those that are there.
    pub fn add(&mut self, entries: impl IntoIterator<Item = (Path, Entry)>) {
        for (path, entry) in entries {
            self.values.entry(path).or_default().push(entry);
        }
    }

    /// The free names that stand directly under this table, in order.
    pub fn names(&self, table: &[String]) -> Vec<String> {
        let mut names: Vec<String> = self
            .values
            .keys()
            .filter(|path| path.starts_with(table))
            .filter_map(|path| path.get(table.len()).cloned())
            .collect();
        names.dedup();
        names
    }

    /// The strongest layer that sets this key to something, and its text.
    pub fn set(&self, path: &[String]) -> Option<&Entry> {
        let entries = self.values.get(path)?;
        entries.iter().rev().find(|entry| !entry.text.is_empty())
    }

    /// The strongest value that `convert` takes; an empty one counts as not set, and hides weaker ones. What `convert`
    /// does not take is told with what it would (`Err`).
    pub fn read<T>(
        &mut self,
        path: &[String],
        shown: Shown,
        convert: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let entries = self.values.get(path).cloned().unwrap_or_default();
        for entry in entries.iter().rev() {
            if entry.text.is_empty() {
                self.origin(path, String::new(), entry.layer);
                return None;
            }
            match convert(&entry.text) {
                Ok(value) => {
                    let text = match shown {
                        Shown::Open => entry.text.clone(),
                        Shown::Hidden => "[hidden]".to_owned(),
                    };
                    self.origin(path, text, entry.layer);
                    return Some(value);
                }
                Err(allowed) => {
                    let value = match shown {
                        Shown::Open => format!(" cannot be `{}`", cut(&entry.text)),
                        Shown::Hidden => " has a value that cannot be used".to_owned(),
                    };
                    self.problem(
                        format!("{}: `{}`{value}", entry.place, print(path)),
                        format!("Allowed: {allowed}."),
                    );
                }
            }
        }
        if !entries.is_empty() {
            self.origin(path, String::new(), Layer::Shipped);
        }
        None
    }

    /// A text.
    pub fn text(&mut self, path: &[String]) -> Option<String> {
        self.read(path, Shown::Open, |text| Ok(text.to_owned()))
    }

    /// The layer a key that was read came from.
    pub fn layer_of(&self, path: &[String]) -> Layer {
        let origin = self.origins.iter().find(|(known, _)| known == path);
        origin.map_or(Layer::Shipped, |(_, origin)| origin.layer)
    }

    /// A switch.
    pub fn flag(&mut self, path: &[String]) -> Option<bool> {
        self.read(path, Shown::Open, flag)
    }

    /// A number in this range; `what` says it in words.
    pub fn number<T>(&mut self, path: &[String], range: RangeInclusive<T>, what: &str) -> Option<T>
    where
        T: FromStr + PartialOrd + Display,
    {
        self.read(path, Shown::Open, |text| {
            number(text, &range).ok_or_else(|| what.to_owned())
        })
    }

    /// Says where a value comes from that `read` did not read.
    pub fn origin(&mut self, path: &[String], value: String, layer: Layer) {
        let key = print(path);
        self.origins.retain(|(known, _)| known != path);
        self.origins
            .push((path.to_vec(), Origin { key, value, layer }));
    }

    pub fn problem(&mut self, title: String, remedy: String) {
        self.problems
            .push(Failure::new(FailureKind::Input, title, remedy));
    }

    /// Where all values come from, in the order of the shipped file; what nothing reads yet is checked for its kind.
    pub fn finish(mut self) -> (Vec<Origin>, Vec<Failure>) {
        let unread: Vec<Path> = self
            .values
            .keys()
            .filter(|path| !self.origins.iter().any(|(known, _)| known == *path))
            .cloned()
            .collect();
        for path in unread {
            let kind = self.known.kind(&path).unwrap_or(Kind::Text);
            let shown = match path.last().map(String::as_str) {
                Some("url" | "proxy") => Shown::Hidden,
                _ => Shown::Open,
            };
            self.read(&path, shown, |text| match kind {
                Kind::Flag => flag(text).map(|_| ()),
                Kind::Number => text
                    .parse::<f64>()
                    .map(|_| ())
                    .map_err(|_| "a number".to_owned()),
                Kind::Text | Kind::Open => Ok(()),
            });
        }
        let known = &self.known;
        self.origins
            .sort_by(|(a, _), (b, _)| (known.rank(a), a).cmp(&(known.rank(b), b)));
        let origins = self.origins.into_iter().map(|(_, origin)| origin).collect();
        (origins, self.problems)
    }
}

/// `chat.stream` as a path; for keys written in code, whose names hold no dots.
pub(super) fn path(key: &str) -> Path {
    key.split('.').map(str::to_owned).collect()
}

/// A switch as people write it.
pub(super) fn flag(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" | "1" => Ok(true),
        "false" | "off" | "no" | "0" => Ok(false),
        _ => Err("true or false".to_owned()),
    }
}

/// A number in this range.
pub(super) fn number<T: FromStr + PartialOrd>(text: &str, range: &RangeInclusive<T>) -> Option<T> {
    let number: T = text.trim().parse().ok()?;
    range.contains(&number).then_some(number)
}

/// A value short enough for one line.
fn cut(text: &str) -> String {
    crate::domain::conversation::cut_words(text, 40)
}
