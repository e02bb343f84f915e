//! The database file itself: its version, how large it is, who may read it, whether it can be written.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sqlx::Row;

use super::Store;
use super::connections::begin;
use super::error::StoreError;

/// What there is to tell of a database file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// The version of its tables.
    pub version: i64,
    /// With the log beside it.
    pub bytes: u64,
    /// Its rights, such as `0o600`.
    pub mode: u32,
}

impl Store {
    /// Looks at the file this store was opened from, and whether it can be written; the error says why not.
    pub async fn about(&self, db: &Path) -> Result<About, StoreError> {
        let version = {
            let mut reader = self.reader().await?;
            let row = sqlx::query("PRAGMA user_version")
                .fetch_one(&mut *reader)
                .await?;
            row.try_get(0)?
        };
        let mut writer = self.writer().await?;
        begin(&mut writer).await?.rollback().await?;
        let file = std::fs::metadata(db).map_err(|error| StoreError::Other(error.to_string()))?;
        // What was written last may still stand in the log beside it.
        let log = std::fs::metadata(format!("{}-wal", db.display()));
        Ok(About {
            version,
            bytes: file.len() + log.map_or(0, |log| log.len()),
            mode: file.permissions().mode() & 0o777,
        })
    }
}
