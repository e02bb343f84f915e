//! Which version a database file has, and the way from an older one to this salon's.

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sqlx::{Row, SqliteConnection};

use super::connections::begin;
use super::error::StoreError;

/// A step: the version it leads to and its statements, which end with `PRAGMA user_version`.
pub(super) type Migration = (i64, &'static str);

/// All steps in order. One file a change, never edited after it has landed.
pub(super) const MIGRATIONS: &[Migration] = &[
    (1, include_str!("../../assets/migrations/0001_start.sql")),
    (2, include_str!("../../assets/migrations/0002_personas.sql")),
    (3, include_str!("../../assets/migrations/0003_prompts.sql")),
    (4, include_str!("../../assets/migrations/0004_sync.sql")),
    (5, include_str!("../../assets/migrations/0005_archive.sql")),
];

/// `SALO`, the mark of salon's files.
const APPLICATION: i64 = 0x5341_4C4F;

/// What a file is to this salon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Of this version.
    Current,
    /// Empty.
    Fresh,
    /// Of this earlier version.
    Older(i64),
}

/// Looks at the file's marks; a newer or foreign file is an error.
pub(super) async fn standing(
    connection: &mut SqliteConnection,
    steps: &[Migration],
) -> Result<Standing, StoreError> {
    let row = sqlx::query(
        "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version),
                (SELECT count(*) FROM sqlite_schema)",
    )
    .fetch_one(connection)
    .await?;
    let (application, found, tables): (i64, i64, i64) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let known = steps.last().map_or(0, |(version, _)| *version);
    if application == 0 && found == 0 && tables == 0 {
        Ok(Standing::Fresh)
    } else if application != APPLICATION {
        Err(StoreError::NotOurs)
    } else if found > known {
        Err(StoreError::Newer { found, known })
    } else if found == known {
        Ok(Standing::Current)
    } else {
        Ok(Standing::Older(found))
    }
}

/// Takes every step that is missing, each in its own transaction. Another process may be doing the same: the version is
/// read again inside each.
pub(super) async fn migrate(
    connection: &mut SqliteConnection,
    steps: &[Migration],
) -> Result<(), StoreError> {
    for (version, statements) in steps {
        let mut tx = begin(connection).await?;
        let done: i64 = sqlx::query("SELECT user_version FROM pragma_user_version")
            .fetch_one(&mut *tx)
            .await?
            .try_get(0)?;
        if done < *version {
            sqlx::raw_sql(*statements).execute(&mut *tx).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// Copies the database as it is beside itself; the copy's path.
pub(super) async fn copy_aside(
    connection: &mut SqliteConnection,
    db: &Path,
    version: i64,
) -> Result<PathBuf, StoreError> {
    let mut number = 1;
    let copy = loop {
        let name = match number {
            1 => format!("version-{version}.db"),
            _ => format!("version-{version}-{number}.db"),
        };
        let copy = db.with_extension(name);
        match make_private(&copy) {
            Ok(()) => break copy,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error.into()),
        }
    };
    // An empty file of ours may be the target, so the copy never has a wider mode than the database.
    let done = sqlx::query("VACUUM INTO ?")
        .bind(copy.to_string_lossy().into_owned())
        .execute(connection)
        .await;
    if let Err(error) = done {
        // Half a copy would look like a whole one.
        let _ = std::fs::remove_file(&copy);
        return Err(error.into());
    }
    Ok(copy)
}

/// Makes the folder (0700) and an empty file (0600) where there is none.
pub(super) fn prepare(db: &Path) -> Result<(), StoreError> {
    if db.try_exists()? {
        return Ok(());
    }
    if let Some(folder) = db.parent() {
        make_folder(folder)?;
    }
    match make_private(db) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        made => Ok(made?),
    }
}

/// A folder for this user only, with those above it.
pub(super) fn make_folder(folder: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn make_private(path: &Path) -> std::io::Result<()> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map(drop)
}
