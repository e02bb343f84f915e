//! The store: one SQLite database, opened, brought to this version, read and written. SQL lives here and nowhere else;
//! policy does not.
//!
//! Each file adds an `impl Store` for its subject. A change is one transaction; what is said to be done is on disk.

mod about;
mod bulk;
mod changes;
mod connections;
mod conversations;
mod drafts;
mod duplicate;
mod error;
mod find;
mod history;
mod list;
mod lock;
mod marks;
mod messages;
mod migrate;
mod models;
mod names;
mod personas;
mod prompt_uses;
mod prompts;
mod purge;
mod recovery;
mod retention;
mod rows;
mod search;
mod sought;
mod spaced;
mod tags;
mod threads;
mod turns;
mod usage;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::SqliteConnection;
use tokio::sync::OnceCell;
use uuid::Uuid;

pub use about::About;
pub use bulk::Whole;
pub use changes::Outgoing;
pub use conversations::Find;
pub use error::{StoreError, Taken};
pub use lock::Alone;
pub use marks::Metadata;
pub use names::Named;
pub use personas::Choice;
pub use prompt_uses::UseOf;
pub use purge::{PIECE, Purged};
pub use retention::Old;
pub use turns::{BeginSend, Begun, Withdraw};
pub use usage::UsageRow;

use crate::domain::id::{DeviceId, InstanceId, Mint, Stamp};
use connections::{Connections, Held, begin};
use lock::Lock;
use migrate::{MIGRATIONS, Migration, Standing};
use rows::Cells;

/// The key in `state` of the user's id.
const USER: &str = "store.user_id";

/// A database of salon; cheap to clone, all clones are the same.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    connections: Connections,
    mint: Mint,
    /// Lock files of running salons; `None` = a database in memory, which no other can see.
    run_dir: Option<PathBuf>,
    note: Option<String>,
    /// This running salon, known to others once it writes.
    me: OnceCell<Me>,
}

/// This running salon: its id, and the lock that tells others it is alive.
struct Me {
    id: InstanceId,
    lock: Option<Lock>,
}

impl Store {
    /// Opens the database at `db` (decisions 2.5): one connection, two marks compared. A missing or empty file becomes a
    /// new database (0600, in a folder 0700); an older one is copied beside itself and brought to this version. A newer,
    /// foreign or damaged one is an error and stays untouched. The mint never makes an id or stamp behind one in it.
    pub async fn open(db: &Path, run_dir: &Path, mint: &Mint) -> Result<Store, StoreError> {
        Store::open_with(db, run_dir, mint, MIGRATIONS).await
    }

    async fn open_with(
        db: &Path,
        run_dir: &Path,
        mint: &Mint,
        steps: &[Migration],
    ) -> Result<Store, StoreError> {
        migrate::prepare(db)?;
        let connections = Connections::to_file(db);
        let mut note = None;
        let standing = {
            let mut connection = connections.reader().await?;
            migrate::standing(&mut connection, steps).await?
        };
        match standing {
            Standing::Current => {}
            Standing::Fresh => {
                migrate::migrate(&mut *connections.writer().await?, steps).await?;
            }
            Standing::Older(version) => {
                let mut writer = connections.writer().await?;
                let copy = migrate::copy_aside(&mut writer, db, version).await?;
                migrate::migrate(&mut writer, steps).await?;
                let now = steps.last().map_or(0, |(version, _)| *version);
                note = Some(format!(
                    "The database was brought from version {version} to {now}; a copy of the old one is at {}.",
                    copy.display()
                ));
            }
        }
        observe(&mut *connections.reader().await?, mint).await?;
        Ok(Store::of(connections, mint, Some(run_dir.to_owned()), note))
    }

    /// A store that leaves nothing on disk (decisions 2.6): same code, one connection.
    pub async fn memory(mint: &Mint) -> Result<Store, StoreError> {
        let connections = Connections::to_memory();
        migrate::migrate(&mut *connections.writer().await?, MIGRATIONS).await?;
        Ok(Store::of(connections, mint, None, None))
    }

    fn of(
        connections: Connections,
        mint: &Mint,
        run_dir: Option<PathBuf>,
        note: Option<String>,
    ) -> Store {
        Store {
            inner: Arc::new(Inner {
                connections,
                mint: mint.clone(),
                run_dir,
                note,
                me: OnceCell::new(),
            }),
        }
    }

    /// What opening it did that the user should know, such as bringing it to a new version.
    pub fn note(&self) -> Option<String> {
        self.inner.note.clone()
    }

    /// Ends this instance: its row and lock file go, the write-ahead log is written back. Call it last.
    pub async fn close(&self) {
        if let Some(me) = self.inner.me.get() {
            if let Ok(mut writer) = self.inner.connections.writer().await {
                // Left behind, the row is removed by the next start.
                let _ = sqlx::query("DELETE FROM instance WHERE id = ?")
                    .bind(me.id.0)
                    .execute(&mut *writer)
                    .await;
            }
            if let Some(lock) = &me.lock {
                lock.release();
            }
        }
        self.inner.connections.close().await;
    }

    /// Reads the whole file for damage; to be asked when an operation said `Damaged`.
    pub async fn check(&self) -> Result<(), StoreError> {
        let mut reader = self.reader().await?;
        let found: String = sqlx::query("PRAGMA quick_check(1)")
            .fetch_one(&mut *reader)
            .await
            .map_err(StoreError::from)
            .and_then(|row| Cells::of(&row).next())?;
        if found == "ok" {
            Ok(())
        } else {
            Err(StoreError::Damaged(found))
        }
    }

    /// Whose database this is: a UUID made at first start (decisions 2.18).
    pub async fn user_id(&self) -> Result<String, StoreError> {
        if let Some(id) = self.value(USER).await? {
            return Ok(id);
        }
        drop(self.writer().await?);
        self.value(USER)
            .await?
            .ok_or(StoreError::Gone("the user's id"))
    }

    /// A value of `state`.
    async fn value(&self, key: &'static str) -> Result<Option<String>, StoreError> {
        let mut reader = self.reader().await?;
        let row = sqlx::query("SELECT value FROM state WHERE key = ?")
            .bind(key)
            .fetch_optional(&mut *reader)
            .await?;
        row.map(|row| Cells::of(&row).next()).transpose()
    }

    /// A connection that reads.
    async fn reader(&self) -> Result<Held<'_>, StoreError> {
        self.inner.connections.reader().await
    }

    /// The connection that writes; the first time this salon makes itself known.
    async fn writer(&self) -> Result<Held<'_>, StoreError> {
        self.me().await?;
        self.inner.connections.writer().await
    }

    /// This running salon: made known to others before it writes its first row.
    async fn me(&self) -> Result<&Me, StoreError> {
        self.inner
            .me
            .get_or_try_init(|| async {
                let id: InstanceId = self.inner.mint.id();
                let lock = match &self.inner.run_dir {
                    Some(run_dir) => Some(Lock::take(run_dir, id)?),
                    None => None,
                };
                let mut writer = self.inner.connections.writer().await?;
                self.make_known(&mut writer, id).await?;
                Ok(Me { id, lock })
            })
            .await
    }

    async fn make_known(
        &self,
        writer: &mut SqliteConnection,
        id: InstanceId,
    ) -> Result<(), StoreError> {
        let mint = &self.inner.mint;
        let mut tx = begin(writer).await?;
        sqlx::query(
            "INSERT INTO device(n, id, name) VALUES (1, ?, 'this machine') ON CONFLICT DO NOTHING",
        )
        .bind(mint.id::<DeviceId>().0)
        .execute(&mut *tx)
        .await?;
        sqlx::query("INSERT INTO state(key, value) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .bind(USER)
            .bind(mint.id::<Uuid>().to_string())
            .execute(&mut *tx)
            .await?;
        sqlx::query("INSERT INTO instance(id, pid, started_at) VALUES (?, ?, ?)")
            .bind(id.0)
            .bind(i64::from(std::process::id()))
            .bind(mint.now().0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// A stamp for a change; the statements take the row's own plus one where that is larger.
    fn stamp(&self) -> i64 {
        self.inner.mint.stamp().0
    }
}

/// Largest ids by their indices; largest stamp by the newest stamped changes written here, which is where the largest
/// stands as long as stamps grow (there is no index on them).
const NEWEST: &str = "SELECT (SELECT max(id) FROM message), (SELECT max(id) FROM conversation), (SELECT max(id) FROM usage),
  (SELECT max(id) FROM persona), (SELECT max(id) FROM prompt),
  (SELECT max(CASE c.kind
     WHEN 'conversation' THEN (SELECT stamp FROM conversation WHERE id = c.id)
     WHEN 'message' THEN (SELECT stamp FROM message WHERE id = c.id)
     WHEN 'usage' THEN (SELECT stamp FROM usage WHERE id = c.id)
     WHEN 'persona' THEN (SELECT stamp FROM persona WHERE id = c.id)
     WHEN 'prompt' THEN (SELECT stamp FROM prompt WHERE id = c.id)
     WHEN 'tag:prompt' THEN (SELECT max(stamp) FROM tag WHERE kind = 'prompt' AND id = c.id)
     WHEN 'tag:conversation' THEN (SELECT max(stamp) FROM tag WHERE kind = 'conversation' AND id = c.id)
     ELSE (SELECT stamp FROM tombstone WHERE 'gone:' || kind = c.kind AND id = c.id) END)
   FROM (SELECT kind, id FROM change WHERE kind NOT IN ('prompt_use', 'tally') ORDER BY seq DESC LIMIT 4) c)";

/// Lets the mint know what the database already holds.
async fn observe(reader: &mut SqliteConnection, mint: &Mint) -> Result<(), StoreError> {
    let row = sqlx::query(NEWEST).fetch_one(reader).await?;
    let mut cells = Cells::of(&row);
    for _ in 0..5 {
        if let Some(id) = cells.next::<Option<Uuid>>()? {
            mint.observe(id);
        }
    }
    if let Some(stamp) = cells.next::<Option<i64>>()? {
        mint.observe_stamp(Stamp(stamp));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::when::Millis;
    use sqlx::Row;

    fn mint() -> Mint {
        Mint::new(Arc::new(|| Millis(1_790_000_000_000)))
    }

    #[tokio::test]
    async fn an_older_database_is_copied_and_brought_to_this_version() {
        let folder = tempfile::tempdir().unwrap();
        let (db, run) = (folder.path().join("salon.db"), folder.path().join("run"));
        let old = Store::open(&db, &run, &mint()).await.unwrap();
        old.remember("a", "b").await.unwrap();
        assert_eq!(old.note(), None);
        old.close().await;
        let (now, _) = *MIGRATIONS.last().unwrap();
        let next = now + 1;

        // `x` has no type: a STRICT table refuses it, so this step fails whole.
        let bad = format!("CREATE TABLE later(x) STRICT; PRAGMA user_version = {next};").leak();
        let steps = [MIGRATIONS, &[(next, &*bad)]].concat();
        let refused = Store::open_with(&db, &run, &mint(), &steps).await;
        assert!(matches!(refused, Err(StoreError::Other(_))));

        let good = format!("CREATE TABLE later(x INTEGER) STRICT; PRAGMA user_version = {next};");
        let steps = [MIGRATIONS, &[(next, &*good.leak())]].concat();
        let store = Store::open_with(&db, &run, &mint(), &steps).await.unwrap();
        let note = store.note().unwrap();
        let copy = folder.path().join(format!("salon.version-{now}-2.db"));
        assert!(note.contains(&copy.display().to_string()), "{note}");
        assert_eq!(store.state().await.unwrap()["a"], "b");
        store.close().await;

        let newer = Store::open(&db, &run, &mint()).await;
        assert_eq!(
            newer.err(),
            Some(StoreError::Newer {
                found: next,
                known: now
            })
        );
        // The copy is whole and still of the old version.
        let copied = Store::open(&copy, &run, &mint()).await.unwrap();
        assert_eq!(copied.state().await.unwrap()["a"], "b");
        copied.check().await.unwrap();
    }

    #[tokio::test]
    async fn a_first_salons_file_gets_personas_and_prompts_and_their_sums() {
        let folder = tempfile::tempdir().unwrap();
        let (db, run) = (folder.path().join("salon.db"), folder.path().join("run"));
        migrate::prepare(&db).unwrap();
        let first = Connections::to_file(&db);
        let mut writer = first.writer().await.unwrap();
        migrate::migrate(&mut writer, &MIGRATIONS[..1])
            .await
            .unwrap();
        for sql in [
            "INSERT INTO device(n, id, name) VALUES (1, zeroblob(16), 'here')",
            "INSERT INTO conversation(id, persona_id, model, created_at, active_at, trashed_at, stamp, origin)
               VALUES (zeroblob(16), x'aa', 'm', 1, 1, NULL, 1, 1), (randomblob(16), x'aa', 'm', 1, 1, 7, 1, 1)",
            "INSERT INTO usage(id, at, purpose, persona_id, provider, model, input, status, stamp, origin)
               VALUES (zeroblob(16), 1, 'turn', x'aa', 'p', 'm', 5, 'complete', 1, 1)",
            "INSERT INTO usage(id, at, purpose, provider, model, input, status, stamp, origin)
               VALUES (randomblob(16), 1, 'turn', 'p', 'm', 5, 'complete', 1, 1)",
        ] {
            sqlx::query(sql).execute(&mut *writer).await.unwrap();
        }
        drop(writer);
        first.close().await;
        let store = Store::open(&db, &run, &mint()).await.unwrap();
        assert!(
            store
                .note()
                .is_some_and(|note| note.contains("from version 1"))
        );
        assert!(folder.path().join("salon.version-1.db").exists());
        let mut reader = store.reader().await.unwrap();
        let row = sqlx::query(
            "SELECT count(*), max(conversations), max(tokens_in), max(unpriced) FROM persona_sum WHERE persona_id = x'aa'",
        )
        .fetch_one(&mut *reader)
        .await
        .unwrap();
        let sums: Vec<i64> = (0..4).map(|at| row.get(at)).collect();
        assert_eq!(sums, [1, 1, 5, 1]);
    }

    /// The plan of a statement on an empty database, one line a step.
    async fn plan(store: &Store, sql: &'static str) -> String {
        let mut reader = store.reader().await.unwrap();
        let sql = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let rows = sqlx::query(sql).fetch_all(&mut *reader).await.unwrap();
        rows.iter()
            .map(|row| row.get::<String, _>("detail") + "\n")
            .collect()
    }

    /// This step is in the statement's plan, and nothing is sorted.
    async fn follows(store: &Store, sql: &'static str, step: &str) {
        let plan = plan(store, sql).await;
        assert!(plan.contains(step), "{sql}\n{plan}");
        assert!(!plan.contains("FOR ORDER BY"), "{sql}\n{plan}");
    }

    #[tokio::test]
    async fn the_list_is_walked_in_its_order() {
        let store = Store::memory(&mint()).await.unwrap();
        for (sql, index) in [
            (list::FIRST, "SCAN c USING INDEX conversation_recent"),
            (
                list::FIRST,
                "SEARCH tag USING PRIMARY KEY (kind=? AND id=?)",
            ),
            (
                list::NEXT,
                "USING INDEX conversation_recent (<expr>=? AND active_at<?)",
            ),
            (list::UNPINNED, "USING INDEX conversation_recent (<expr>=?)"),
            (
                list::ARCHIVE_FIRST,
                "SCAN c USING INDEX conversation_archive",
            ),
            (
                list::ARCHIVE_NEXT,
                "USING INDEX conversation_archive (<expr>=? AND active_at<?)",
            ),
            (
                retention::OLD_IN_LIST.0,
                "USING INDEX conversation_recent (<expr>=? AND active_at<?)",
            ),
            (
                retention::OLD_IN_LIST.1,
                "SEARCH c USING INDEX sqlite_autoindex_conversation_1 (id=?)",
            ),
            (
                tags::TAGGED,
                "SEARCH tag USING COVERING INDEX tag_name (kind=? AND name=?)",
            ),
            (
                sought::LIST,
                "USING INDEX conversation_recent (<expr>=? AND active_at>? AND active_at<?)",
            ),
            (
                sought::ARCHIVE,
                "USING INDEX conversation_archive (<expr>=? AND active_at>? AND active_at<?)",
            ),
            (
                sought::PERSONA,
                "USING INDEX conversation_persona (persona_id=? AND active_at>? AND active_at<?)",
            ),
            (
                list::ALL_OF_PERSONA,
                "USING INDEX conversation_persona (persona_id=?)",
            ),
        ] {
            follows(&store, sql, index).await;
        }
    }

    #[tokio::test]
    async fn statements_that_must_be_quick_use_their_indices() {
        let store = Store::memory(&mint()).await.unwrap();
        for (sql, index) in [
            (
                messages::TREE,
                "SEARCH m USING COVERING INDEX message_parent (parent_id=?)",
            ),
            (
                history::RECENT,
                "SEARCH m USING INTEGER PRIMARY KEY (rowid<?)",
            ),
            (history::WITH_WORDS, "SCAN w VIRTUAL TABLE INDEX"),
            (
                messages::SIBLINGS,
                "USING COVERING INDEX message_parent (parent_id=?)",
            ),
            (
                messages::ROOTS,
                "USING COVERING INDEX message_tree (conversation_id=? AND depth=? AND parent_id=?)",
            ),
            (
                messages::STEPS,
                "USING COVERING INDEX message_tree (conversation_id=? AND depth=?",
            ),
            (
                messages::STRAIGHT,
                "USING COVERING INDEX message_tree (conversation_id=? AND depth>? AND depth<?)",
            ),
            (
                turns::SET_TIP,
                "USING COVERING INDEX message_tree (conversation_id=? AND depth=?",
            ),
            (
                turns::NEWEST_UNDER,
                "USING COVERING INDEX message_parent (parent_id=?)",
            ),
            (
                personas::PERSONA,
                "SEARCH c USING INDEX conversation_persona (persona_id=?)",
            ),
            (
                personas::PERSONA,
                "SEARCH s USING PRIMARY KEY (persona_id=?)",
            ),
            (personas::IDS_NAMED, "USING INDEX persona_key (name_key=?)"),
            (
                personas::IDS_BEGINNING,
                "USING INDEX persona_key (name_key>? AND name_key<?)",
            ),
            (
                prompts::HOLDER,
                "USING INDEX prompt_key (title_key=? AND trashed_at=?)",
            ),
            (
                prompt_uses::MESSAGES,
                "SEARCH m USING INDEX message_prompt (prompt_id=?)",
            ),
            (
                NEWEST,
                "message USING COVERING INDEX sqlite_autoindex_message_1",
            ),
        ] {
            follows(&store, sql, index).await;
        }
        // What a hub lacks is found by its place in the outbox, however much lies before it.
        let waiting = plan(&store, changes::WAITING).await;
        let page = plan(&store, changes::PAGE).await;
        for plan in [&waiting, &page] {
            assert!(
                plan.contains("USING INTEGER PRIMARY KEY (rowid>?)"),
                "{plan}"
            );
            assert!(!plan.contains("FOR ORDER BY"), "{plan}");
        }
        assert!(
            page.contains("SEARCH c USING INDEX sqlite_autoindex_conversation_1 (id=?) LEFT-JOIN"),
            "{page}"
        );
        // A page walks by id and stops with its last row; places come from indices alone.
        let page = plan(&store, messages::PAGE).await;
        for step in [
            "CO-ROUTINE walk",
            "SEARCH m USING INDEX sqlite_autoindex_message_1 (id=?)",
            "SEARCH m USING INTEGER PRIMARY KEY",
            "SEARCH s USING COVERING INDEX message_parent (parent_id=? AND id<?)",
            "SEARCH s USING COVERING INDEX message_tree (conversation_id=? AND depth=? AND parent_id=?",
        ] {
            assert!(page.contains(step), "{step}\n{page}");
        }
        assert!(
            !page.contains("TEMP B-TREE") && !page.contains("SCAN m"),
            "{page}"
        );
    }

    #[tokio::test]
    async fn a_search_reads_the_index_of_words_from_its_end() {
        let store = Store::memory(&mint()).await.unwrap();
        // A step of a search reads the index of words from its end and stops; its rows are found by their numbers.
        let step = plan(&store, search::STEP_OF).await;
        assert!(
            step.contains("SCAN message_word VIRTUAL TABLE INDEX"),
            "{step}"
        );
        assert!(!step.contains("TEMP B-TREE"), "{step}");
        let page = plan(&store, search::PAGE_OF).await;
        for step in [
            "SEARCH m USING INTEGER PRIMARY KEY (rowid=?)",
            "SEARCH k USING INTEGER PRIMARY KEY (rowid=?)",
        ] {
            assert!(page.contains(step), "{step}\n{page}");
        }
        assert!(
            !page.contains("SCAN m") && !page.contains("SCAN k"),
            "{page}"
        );
    }

    #[tokio::test]
    async fn counts_walk_an_index_and_read_no_row() {
        let store = Store::memory(&mint()).await.unwrap();
        for (sql, index) in [
            (list::ALL, "INDEX conversation_recent"),
            (list::ALL_ARCHIVED, "INDEX conversation_archive"),
            (list::ALL_TRASH, "INDEX conversation_trash"),
        ] {
            assert!(plan(&store, sql).await.contains(index), "{sql}");
            let mut reader = store.reader().await.unwrap();
            let steps = sqlx::AssertSqlSafe(format!("EXPLAIN {sql}"));
            let steps = sqlx::query(steps).fetch_all(&mut *reader).await.unwrap();
            // The table is sought only when one of its columns is read.
            let reads = steps
                .iter()
                .any(|step| step.get::<&str, _>("opcode") == "Column");
            assert!(!reads && !steps.is_empty(), "{sql}");
        }
    }

    /// Changes something in the writing connection alone.
    async fn set(store: &Store, pragma: &'static str) {
        let mut writer = store.writer().await.unwrap();
        sqlx::query(pragma).execute(&mut *writer).await.unwrap();
    }

    #[tokio::test]
    async fn a_full_disk_or_a_read_only_file_is_told_and_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (db, run) = (folder.path().join("salon.db"), folder.path().join("run"));
        let store = Store::open(&db, &run, &mint()).await.unwrap();
        store.remember("kept", "yes").await.unwrap();

        set(&store, "PRAGMA max_page_count = 1").await;
        let long = "x".repeat(100_000);
        assert_eq!(store.remember("b", &long).await, Err(StoreError::Full));
        set(&store, "PRAGMA max_page_count = 1073741823").await;
        store.remember("b", "fits").await.unwrap();

        set(&store, "PRAGMA query_only = ON").await;
        assert_eq!(store.remember("c", "d").await, Err(StoreError::ReadOnly));
        set(&store, "PRAGMA query_only = OFF").await;

        // Another program holds the database.
        let other = Store::open(&db, &run, &mint()).await.unwrap();
        let mut held = other.writer().await.unwrap();
        let held = begin(&mut held).await.unwrap();
        set(&store, "PRAGMA busy_timeout = 1").await;
        assert_eq!(store.remember("c", "d").await, Err(StoreError::Busy));
        assert_eq!(store.state().await.unwrap().len(), 2);
        drop(held);
        store.check().await.unwrap();
    }

    #[tokio::test]
    async fn damage_found_later_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (db, run) = (folder.path().join("salon.db"), folder.path().join("run"));
        let store = Store::open(&db, &run, &mint()).await.unwrap();
        for n in 0..2000 {
            let key = format!("key {n}");
            store
                .remember(&key, "some words to fill a page with")
                .await
                .unwrap();
        }
        store.close().await;
        let mut bytes = std::fs::read(&db).unwrap();
        let pages = bytes.len() / 4096;
        for page in bytes.chunks_mut(4096).skip(pages - 10) {
            page[..64].fill(0x5a);
        }
        std::fs::write(&db, &bytes).unwrap();
        let store = Store::open(&db, &run, &mint()).await.unwrap();
        assert!(matches!(store.state().await, Err(StoreError::Damaged(_))));
        assert!(matches!(store.check().await, Err(StoreError::Damaged(_))));
        assert_eq!(std::fs::read(&db).unwrap(), bytes);
    }
}
