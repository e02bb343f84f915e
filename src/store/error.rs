//! What can go wrong in the store, and how it is told to a user: what happened, what to do next.

use std::path::Path;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::filter::Wrong;

/// A name that is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// `persona` or `prompt`.
    pub what: &'static str,
    /// As the one that has it is written.
    pub name: String,
    /// It was to come back from the trash.
    pub is_restore: bool,
}

impl Taken {
    fn to_failure(&self) -> Failure {
        let Taken { what, name, .. } = self;
        let remedy = if self.is_restore {
            format!("Rename that {what} or move it to the trash, then restore this one.")
        } else {
            "Choose another name, or change that one.".to_owned()
        };
        let title = format!("There is a {what} \u{201c}{name}\u{201d} already");
        Failure::new(FailureKind::Input, title, remedy)
    }
}

/// Why the store could not do something. What was saved before is not overwritten.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A later salon made the file.
    #[error("the database has version {found}, this salon knows {known}")]
    Newer { found: i64, known: i64 },
    /// The file is no SQLite database, or another program's.
    #[error("the file is not a database of salon")]
    NotOurs,
    #[error("the database is damaged: {0}")]
    Damaged(String),
    #[error("the database cannot be written")]
    ReadOnly,
    #[error("the disk is full")]
    Full,
    /// Another process holds the database for longer than the time allowed.
    #[error("the database is busy")]
    Busy,
    /// The file or its folder is missing, is something else, or must not be opened.
    #[error("the database cannot be opened: {0}")]
    NoAccess(String),
    /// The conversation or message asked for is not there any more.
    #[error("{0} is gone")]
    Gone(&'static str),
    /// Another one that is not in the trash has this name already.
    #[error("a name is taken")]
    Taken(Taken),
    /// The text that should narrow a list cannot be read.
    #[error("a filter is wrong")]
    Filter(Wrong),
    /// It can be done with what is in the trash only.
    #[error("a conversation is not in the trash")]
    NotTrashed,
    /// A reply is being written there, here or by another salon.
    #[error("a reply is being written there")]
    Writing,
    #[error("{0}")]
    Other(String),
}

impl StoreError {
    /// What was asked cannot be done as things stand; nothing is wrong with the database.
    fn refusal(&self) -> Option<Failure> {
        match self {
            StoreError::Taken(taken) => Some(taken.to_failure()),
            StoreError::Filter(wrong) => Some(wrong.to_failure()),
            StoreError::NotTrashed => Some(Failure::new(
                FailureKind::Input,
                "Only what is in the trash can be removed for good",
                "Move it to the trash first.",
            )),
            StoreError::Writing => Some(Failure::new(
                FailureKind::Busy,
                "A reply is being written there",
                "Stop it or wait until it has ended.",
            )),
            StoreError::Newer { .. }
            | StoreError::NotOurs
            | StoreError::Damaged(_)
            | StoreError::ReadOnly
            | StoreError::Full
            | StoreError::Busy
            | StoreError::NoAccess(_)
            | StoreError::Gone(_)
            | StoreError::Other(_) => None,
        }
    }

    /// Whether the database itself failed, which is worth a line in the log.
    pub fn is_trouble(&self) -> bool {
        self.refusal().is_none() && !matches!(self, StoreError::Gone(_))
    }

    /// One line what happened, one what to do next.
    pub fn to_failure(&self, path: &Path) -> Failure {
        if let Some(failure) = self.refusal() {
            return failure;
        }
        let path = path.display();
        let (title, remedy) = match self {
            StoreError::Newer { found, known } => (
                format!(
                    "The database was made by a newer salon (version {found}, this one knows {known})"
                ),
                format!(
                    "Update salon, or start it with another --data-dir; {path} was not touched."
                ),
            ),
            StoreError::NotOurs => (
                "The file is not a database of salon".to_owned(),
                format!(
                    "Move {path} away, or start salon with another --data-dir; it was not touched."
                ),
            ),
            StoreError::Damaged(_) => (
                "The database is damaged".to_owned(),
                format!(
                    "Copy {path} to a safe place, then restore a backup, or save what can be read with `sqlite3 {path} .recover | sqlite3 new.db`."
                ),
            ),
            StoreError::ReadOnly => (
                "The database cannot be written".to_owned(),
                format!(
                    "Give yourself the right to write {path} and its folder, or start salon with another --data-dir."
                ),
            ),
            StoreError::Full => (
                "The disk is full".to_owned(),
                format!(
                    "Free some space where {path} lies, then do it again; what was saved before is whole."
                ),
            ),
            StoreError::Busy => (
                "The database is busy".to_owned(),
                format!("Another program holds {path}; wait for it or close it, then do it again."),
            ),
            StoreError::NoAccess(_) => (
                "The database cannot be opened".to_owned(),
                format!(
                    "See that {path} is a file in a folder you may read and write, or start salon with another --data-dir."
                ),
            ),
            StoreError::Gone(what) => (
                format!("{} is gone", capital(what)),
                "It was removed in the meantime, perhaps by another salon; open something else."
                    .to_owned(),
            ),
            StoreError::Taken(_)
            | StoreError::Filter(_)
            | StoreError::NotTrashed
            | StoreError::Writing
            | StoreError::Other(_) => (
                "The database refused that".to_owned(),
                format!(
                    "Try again; if it stays, keep a copy of {path} and report what the details say."
                ),
            ),
        };
        let detail = match self {
            StoreError::Damaged(detail)
            | StoreError::NoAccess(detail)
            | StoreError::Other(detail) => detail.clone(),
            StoreError::Newer { .. }
            | StoreError::NotOurs
            | StoreError::ReadOnly
            | StoreError::Full
            | StoreError::Busy
            | StoreError::Taken(_)
            | StoreError::Filter(_)
            | StoreError::NotTrashed
            | StoreError::Writing
            | StoreError::Gone(_) => String::new(),
        };
        Failure::new(FailureKind::Store, title, remedy).with_detail(detail)
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let sqlx::Error::Database(told) = &error else {
            return StoreError::Other(error.to_string());
        };
        let code = told.code().and_then(|code| code.parse::<i64>().ok());
        StoreError::of_code(code.unwrap_or(0), told.message().to_owned())
    }
}

/// `SQLITE_IOERR_SHMSIZE`: the disk had no room for the file that readers share.
const NO_ROOM_TO_SHARE: i64 = 4874;

impl StoreError {
    /// By SQLite's result code; where no case is made for the extended one, by the primary one.
    fn of_code(code: i64, words: String) -> StoreError {
        if code == NO_ROOM_TO_SHARE {
            return StoreError::Full;
        }
        match code & 0xff {
            5 | 6 => StoreError::Busy,
            8 => StoreError::ReadOnly,
            11 => StoreError::Damaged(words),
            13 => StoreError::Full,
            14 | 23 => StoreError::NoAccess(words),
            26 => StoreError::NotOurs,
            _ => StoreError::Other(words),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        let kind = error.kind();
        if kind == std::io::ErrorKind::StorageFull || kind == std::io::ErrorKind::QuotaExceeded {
            StoreError::Full
        } else if kind == std::io::ErrorKind::PermissionDenied
            || kind == std::io::ErrorKind::ReadOnlyFilesystem
        {
            StoreError::ReadOnly
        } else {
            StoreError::NoAccess(error.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_without_room_is_told_as_one_wherever_it_is_noticed() {
        let of = |code| StoreError::of_code(code, "disk I/O error".into());
        assert_eq!((of(13), of(4874)), (StoreError::Full, StoreError::Full));
        assert_eq!(of(266), StoreError::Other("disk I/O error".into()));
        assert_eq!(of(261), StoreError::Busy);
    }

    #[test]
    fn every_error_names_the_file_or_what_is_gone_and_a_next_step() {
        for error in [
            StoreError::Newer { found: 9, known: 1 },
            StoreError::NotOurs,
            StoreError::Damaged("x".into()),
            StoreError::ReadOnly,
            StoreError::Full,
            StoreError::Busy,
            StoreError::NoAccess("x".into()),
            StoreError::Gone("the conversation"),
            StoreError::Other("x".into()),
        ] {
            let failure = error.to_failure(Path::new("/data/salon.db"));
            assert_eq!(failure.kind, FailureKind::Store);
            assert!(!failure.title.ends_with('.') && !failure.title.contains('\n'));
            assert!(failure.remedy.ends_with('.'), "{failure}");
            assert!(
                failure.remedy.contains("/data/salon.db") || matches!(error, StoreError::Gone(_)),
                "{failure}"
            );
        }
        assert!(
            StoreError::Gone("the conversation")
                .to_failure(Path::new(""))
                .title
                .starts_with("The conversation is gone")
        );
    }
}
