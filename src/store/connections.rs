//! The connections to one database: one that writes, a few that read, each opened when it is first needed.
//!
//! They are slots behind asynchronous locks and not a pool with timers: at rest nothing wakes (spec S5), and waiting for
//! a connection has no time limit of its own that could end a save.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Sqlite, SqliteConnection, Transaction};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

use super::error::StoreError;

/// How long SQLite waits for another process.
const PATIENCE: Duration = Duration::from_secs(5);
/// Reading connections.
const READERS: usize = 3;
/// The write-ahead log is cut back to this many bytes after a checkpoint.
const LOG_KEPT: &str = "16777216";

/// A connection in use; it returns to its slot when this is dropped.
pub(super) type Held<'a> = MappedMutexGuard<'a, SqliteConnection>;

type Slot = Mutex<Option<SqliteConnection>>;

/// The slots of one database.
pub(super) struct Connections {
    writer: Slot,
    writing: SqliteConnectOptions,
    /// Empty for a database in memory: its one connection also reads.
    readers: Vec<Slot>,
    reading: SqliteConnectOptions,
}

impl Connections {
    /// To a database file that exists.
    pub(super) fn to_file(path: &Path) -> Connections {
        let plain = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            .disable_statement_logging();
        Connections {
            writer: Slot::default(),
            writing: plain
                .clone()
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal)
                .pragma("journal_size_limit", LOG_KEPT),
            readers: (0..READERS).map(|_| Slot::default()).collect(),
            reading: plain.pragma("query_only", "ON"),
        }
    }

    /// To a database in memory, which lives as long as this.
    pub(super) fn to_memory() -> Connections {
        let options = SqliteConnectOptions::new()
            .in_memory(true)
            .foreign_keys(true)
            .disable_statement_logging();
        Connections {
            writer: Slot::default(),
            writing: options.clone(),
            readers: Vec::new(),
            reading: options,
        }
    }

    /// The connection that writes.
    pub(super) async fn writer(&self) -> Result<Held<'_>, StoreError> {
        let mut slot = self.writer.lock().await;
        if !self.readers.is_empty()
            && let Some(connection) = slot.as_mut()
            && is_stuck(connection).await
        {
            *slot = None;
        }
        open(slot, &self.writing).await
    }

    /// A connection that reads: the first free one, so that one is enough while nobody waits.
    pub(super) async fn reader(&self) -> Result<Held<'_>, StoreError> {
        for slot in &self.readers {
            if let Ok(slot) = slot.try_lock() {
                return open(slot, &self.reading).await;
            }
        }
        match self.readers.last() {
            Some(slot) => open(slot.lock().await, &self.reading).await,
            None => self.writer().await,
        }
    }

    /// Closes them, the writer last so that it clears the write-ahead log. Later uses open them again.
    pub(super) async fn close(&self) {
        for slot in self.readers.iter().chain([&self.writer]) {
            if let Some(connection) = slot.lock().await.take() {
                // A failure to close loses nothing: what was committed is in the log.
                let _ = connection.close().await;
            }
        }
    }
}

/// Whether the connection believes to be in a transaction though nobody uses it. A full disk makes SQLite roll back by
/// itself; the rollback that follows fails then, and no further transaction can begin on that connection.
async fn is_stuck(connection: &mut SqliteConnection) -> bool {
    // A rollback that waits in line comes before the ping.
    connection.is_in_transaction()
        && (connection.ping().await.is_err() || connection.is_in_transaction())
}

async fn open<'a>(
    mut slot: MutexGuard<'a, Option<SqliteConnection>>,
    options: &SqliteConnectOptions,
) -> Result<Held<'a>, StoreError> {
    if slot.is_none() {
        *slot = Some(options.connect().await?);
    }
    MutexGuard::try_map(slot, Option::as_mut)
        .map_err(|_| StoreError::Other("a connection was lost while it was opened".to_owned()))
}

/// A transaction that may write; it waits here for other processes, not in its middle.
pub(super) async fn begin(
    connection: &mut SqliteConnection,
) -> Result<Transaction<'_, Sqlite>, StoreError> {
    Ok(connection.begin_with("BEGIN IMMEDIATE").await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_had_no_room_is_no_hindrance_later() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("salon.db");
        std::fs::write(&file, "").unwrap();
        let connections = Connections::to_file(&file);
        let mut writer = connections.writer().await.unwrap();
        for set in ["CREATE TABLE t (x)", "PRAGMA max_page_count = 3"] {
            sqlx::query(set).execute(&mut *writer).await.unwrap();
        }
        let insert = "INSERT INTO t VALUES (zeroblob(100000))";
        let mut tx = begin(&mut writer).await.unwrap();
        let full = sqlx::query(insert).execute(&mut *tx).await;
        assert_eq!(StoreError::from(full.unwrap_err()), StoreError::Full);
        drop(tx);
        drop(writer);
        // Now there is room again: a new connection has no such bound.
        let mut writer = connections.writer().await.unwrap();
        let mut tx = begin(&mut writer).await.unwrap();
        sqlx::query(insert).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
    }
}
