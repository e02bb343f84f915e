//! Sync with a real PostgreSQL: after every trouble the hub's table is what this machine has.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "what several tests share stops where a test cannot go on"
)]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use salon::domain::chat::Purpose;
use salon::domain::conversation::{Conversation, Sampling, Storage, TitleBy};
use salon::domain::failure::{Failure, FailureKind};
use salon::domain::id::{ConversationId, Mint};
use salon::domain::message::Status;
use salon::domain::model::ModelRef;
use salon::domain::sync::{SyncPhase, SyncReport, SyncState};
use salon::domain::usage::{Money, Usage};
use salon::domain::when::Millis;
use salon::protocol::{Act, Answer, Command, Data, News, Shelf};
use salon::settings::{SecretString, Sync};
use salon::store::{Store, UsageRow, Whole};
use salon::sync::{Address, Parts, Task};
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Row};
use support::face::Face;
use support::fixture;
use support::postgres::{Cluster, Database, Proxy, shared};
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

/// What takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A machine: its folder, its store, its clock.
struct Machine {
    home: TempDir,
    store: Store,
    mint: Mint,
}

impl Machine {
    async fn new() -> Machine {
        let home = tempfile::tempdir().unwrap();
        let time = AtomicI64::new(1_795_000_000_000);
        let mint = Mint::new(Arc::new(move || {
            Millis(time.fetch_add(1, Ordering::Relaxed))
        }));
        let (file, run) = (database(home.path()), home.path().join("run"));
        let store = Store::open(&file, &run, &mint).await.unwrap();
        Machine { home, store, mint }
    }

    /// So many conversations at once.
    async fn fill(&self, many: usize) -> Vec<ConversationId> {
        let whole = |n: usize| Whole {
            conversation: self.conversation(&format!(
                "Talk {n} about \"quotes\", {{braces}}, \\ and 你好\0"
            )),
            messages: Vec::new(),
        };
        let all: Vec<Whole> = (0..many).map(whole).collect();
        self.store.insert_whole(&all).await.unwrap();
        all.iter().map(|whole| whole.conversation.id).collect()
    }

    fn conversation(&self, title: &str) -> Conversation {
        let now = self.mint.now();
        Conversation {
            id: self.mint.id(),
            title: title.to_owned(),
            title_by: TitleBy::User,
            model: ModelRef::guide(),
            persona: None,
            system: String::new(),
            sampling: Sampling::default(),
            storage: Storage::Local,
            thread: None,
            created_at: now,
            active_at: now,
            trashed_at: None,
            pinned_at: None,
            archived_at: None,
            tags: Vec::new(),
            tip: None,
            message_count: 0,
            tokens_in: 0,
            tokens_out: 0,
            cost: Money(0),
            unpriced: 0,
            metadata: json!({"from": "a test", "nul": "a\0b"}),
        }
    }

    /// A request of this conversation that cost so much.
    async fn spend(&self, id: ConversationId, cost: Option<i64>) {
        let row = UsageRow {
            id: self.mint.id(),
            at: self.mint.now(),
            purpose: Purpose::Turn,
            conversation: Some(id),
            persona: None,
            message: None,
            model: ModelRef::guide(),
            usage: Usage {
                input: Some(1_234),
                output: Some(56),
                ..Usage::default()
            },
            cost: cost.map(Money),
            cost_by: None,
            tariff: None,
            first_token_ms: None,
            total_ms: None,
            status: Status::Complete,
            attempts: 1,
        };
        self.store.measure(None, &row).await.unwrap();
    }

    async fn rename(&self, id: ConversationId, title: &str) {
        let done = self.store.set_title(id, title, TitleBy::User).await;
        assert!(done.unwrap().is_some());
    }

    fn task(&self, url: &str, user: &str) -> Task {
        Task::start(Parts {
            store: self.store.clone(),
            address: Address::of(&hub(url), None).unwrap(),
            user: Some(user.to_owned()),
            mint: self.mint.clone(),
            is_watching: false,
        })
    }

    /// Sends once, to its end.
    async fn send(&self, url: &str, user: &str) -> Result<SyncReport, Failure> {
        let task = self.task(url, user);
        timeout(PATIENCE, task.send_now(false))
            .await
            .unwrap()
            .unwrap()
    }

    /// What the hub should hold of it, read past the store.
    async fn truth(&self) -> Vec<Value> {
        truth(&database(self.home.path())).await
    }
}

fn database(home: &Path) -> PathBuf {
    home.join("salon.db")
}

async fn truth(database: &Path) -> Vec<Value> {
    let mut file = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(database)
        .connect()
        .await
        .unwrap();
    let rows = sqlx::query(
        "SELECT lower(hex(id)), title, message_count, tokens_in, tokens_out, cost_pico, unpriced, created_at, active_at,
           trashed_at IS NOT NULL, metadata FROM conversation ORDER BY id",
    )
    .fetch_all(&mut file)
    .await
    .unwrap();
    rows.iter()
        .map(|row| {
            let number = |at: usize| row.get::<i64, _>(at);
            let micro = (number(5) + 500_000) / 1_000_000;
            let metadata: Value = serde_json::from_str(row.get(10)).unwrap();
            json!([
                row.get::<&str, _>(0),
                row.get::<&str, _>(1).replace('\0', ""),
                number(2),
                number(3),
                number(4),
                (number(5) != 0 || number(6) == 0).then_some(micro),
                number(7),
                number(8),
                number(9) != 0,
                serde_json::from_str::<Value>(&metadata.to_string().replace("\\u0000", ""))
                    .unwrap(),
            ])
        })
        .collect()
}

/// What the hub holds of a user.
async fn held(database: &Database<'_>, user: &str) -> Vec<Value> {
    let sql = format!(
        "SELECT json_build_array(replace(id::text, '-', ''), title, message_count, total_tokens_input,
           total_tokens_output, (total_cost * 1000000)::bigint, (extract(epoch FROM created_at) * 1000)::bigint,
           (extract(epoch FROM updated_at) * 1000)::bigint, is_deleted, metadata)::text AS j
         FROM conversations WHERE user_id::text = '{user}' ORDER BY id"
    );
    let mut connection = database.connect().await;
    let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).fetch_all(&mut connection);
    let rows = rows.await.unwrap();
    rows.iter()
        .map(|row| serde_json::from_str(row.get(0)).unwrap())
        .collect()
}

fn hub(url: &str) -> Sync {
    Sync {
        url: SecretString::from(url),
        messages: true,
    }
}

/// Reads states until one fits.
async fn state(task: &mut Task, fits: impl Fn(&SyncState) -> bool) -> SyncState {
    let read = async {
        loop {
            let state = task.state().await;
            if fits(&state) {
                return state;
            }
        }
    };
    timeout(PATIENCE, read).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_on_the_screen_is_at_the_hub_within_seconds() {
    let Some(cluster) = shared().await else {
        return;
    };
    let db = cluster.database().await;
    let home = tempfile::tempdir().unwrap();
    let mut settings = fixture::settings("http://127.0.0.1:1", home.path());
    settings.model = Some(ModelRef::guide());
    settings.sync = Some(hub(&db.url("salon")));
    settings.user_id = Some("anna".to_owned());
    let local = settings.paths.database.clone();
    let mut face = Face::screen(settings.clone());
    let (asked, id, _) = face.send_new("What is salon?").await;
    face.measured(asked).await;
    // By itself; nobody asks for it.
    face.until(|event| match &event.news {
        News::Sync(state) if state.phase == SyncPhase::Quiet && state.waiting == 0 => Some(()),
        _ => None,
    })
    .await;
    // What came after that sending goes with the next one.
    let again = Command::Data(Data::Sync { everything: false });
    let report = face.answer(again.clone()).await;
    assert!(matches!(report, Answer::Synced(_)), "{report:?}");
    assert_eq!(held(&db, "anna").await, truth(&local).await);
    assert_eq!(
        db.one("SELECT message_count FROM conversations").await,
        "(2)"
    );

    let title = "'; DROP TABLE conversations; --".to_owned();
    for command in [
        Shelf::Rename {
            conversation: id,
            title,
        },
        Shelf::Apply {
            ids: vec![id],
            act: Act::Trash,
        },
        Shelf::Apply {
            ids: vec![id],
            act: Act::Restore,
        },
    ] {
        face.answer(Command::Shelf(command)).await;
        face.answer(again.clone()).await;
        let held = held(&db, "anna").await;
        assert_eq!(held, truth(&local).await);
    }
    // The last change goes on the way out.
    let title = "changed while leaving".to_owned();
    face.answer(Command::Shelf(Shelf::Rename {
        conversation: id,
        title,
    }))
    .await;
    let began = Instant::now();
    face.ask(Command::Stop).await;
    face.until(|event| (event.news == News::Stopped).then_some(()))
        .await;
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(held(&db, "anna").await, truth(&local).await);
    assert_eq!(held(&db, "anna").await[0][1], "changed while leaving");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_and_removals_go_up_and_nothing_is_written_twice() {
    let Some(cluster) = shared().await else {
        return;
    };
    let db = cluster.database().await;
    let machine = Machine::new().await;
    let ids = machine.fill(4).await;
    machine.spend(ids[0], Some(1_234_567_890_123)).await;
    machine.spend(ids[1], None).await;
    machine.store.apply(&ids[2..3], Act::Trash).await.unwrap();
    let url = db.url("salon");
    assert_eq!(machine.send(&url, "anna").await.unwrap().sent, 4);
    let before = held(&db, "anna").await;
    assert_eq!(before, machine.truth().await);
    assert_eq!(
        (&before[0][5], &before[1][5]),
        (&json!(1_234_568), &Value::Null)
    );

    // Sent again, no row is touched.
    let marks = "SELECT string_agg(xmin::text, ',' ORDER BY id) FROM conversations";
    let marked = db.one(marks).await;
    let task = machine.task(&url, "anna");
    let report = task.send_now(true).await.unwrap().unwrap();
    assert_eq!((report.sent, report.waiting), (4, 0));
    assert_eq!(db.one(marks).await, marked);
    drop(task);
    assert_eq!(machine.send(&url, "anna").await.unwrap().sent, 0);

    // Removed for good: the row stays as a mark, its words go.
    machine.store.apply(&ids[3..], Act::Trash).await.unwrap();
    machine.store.purge(&ids[3..]).await.unwrap();
    let report = machine.send(&url, "anna").await.unwrap();
    assert_eq!((report.sent, report.removed), (0, 1));
    let gone = format!(
        "SELECT is_deleted, title, metadata FROM conversations WHERE id = '{}'",
        ids[3]
    );
    assert_eq!(db.one(&gone).await, "(t,\"\",{})");

    // A table that was thrown away is made again, with everything in it.
    db.run("DROP TABLE conversations").await;
    assert_eq!(machine.send(&url, "anna").await.unwrap().sent, 3);
    assert_eq!(held(&db, "anna").await, machine.truth().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_at_any_moment_loses_nothing() {
    let Some(cluster) = shared().await else {
        return;
    };
    let db = cluster.database().await;
    let proxy = Proxy::to(cluster.socket()).await;
    proxy.slow(Duration::from_millis(2));
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let time = AtomicI64::new(1_795_000_000_000);
    let mint = Mint::new(Arc::new(move || {
        Millis(time.fetch_add(1, Ordering::Relaxed))
    }));
    let machine = Machine {
        store: Store::open(&database(&data), &data.join("run"), &mint)
            .await
            .unwrap(),
        home,
        mint,
    };
    let ids = machine.fill(5_000).await;
    let salon = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_salon"));
        command
            .args(["sync", "--json", "--data-dir"])
            .arg(&data)
            .env_clear()
            .env("HOME", machine.home.path())
            .env("SALON_USER", "anna")
            .env("DATABASE_ENABLED", "true")
            .env("DATABASE_URL", db.url_by(&proxy))
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null());
        command
    };
    let mut places = Vec::new();
    for n in 0_u64..12 {
        let mut child = salon().spawn().unwrap();
        // Moments between the first connection and the end of everything, in no order.
        let moment = (n * 7 + u64::from(std::process::id())) % 97;
        sleep(Duration::from_millis(15 + moment * 3)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let id = ids[usize::try_from(n * 311).unwrap()];
        machine.rename(id, &format!("renamed {n}")).await;
        let there = db
            .rows("SELECT 1 FROM pg_tables WHERE tablename = 'conversations'")
            .await;
        places.push(if there.is_empty() {
            0
        } else {
            held(&db, "anna").await.len()
        });
    }
    println!("rows at the hub after each kill: {places:?}");
    proxy.heal();
    let done = salon().output().unwrap();
    assert!(done.status.success(), "{done:?}");
    assert_eq!(held(&db, "anna").await, truth(&database(&data)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_and_comes_back_gets_everything() {
    let Some(mut cluster) = Cluster::start().await else {
        return;
    };
    let name = cluster.database().await.name;
    let machine = Machine::new().await;
    let ids = machine.fill(700).await;
    let url = cluster.named(&name).url("salon");
    let mut task = machine.task(&url, "anna");
    task.send_now(false).await.unwrap().unwrap();
    cluster.kill();
    for id in &ids[..50] {
        machine.rename(*id, "while it was away").await;
    }
    let failure = task.send_now(false).await.unwrap().unwrap_err();
    assert_eq!(failure.kind, FailureKind::Network, "{failure:?}");
    let away = state(&mut task, |state| {
        matches!(state.phase, SyncPhase::Offline(_))
    })
    .await;
    assert_eq!(away.waiting, 50);
    cluster.run().await;
    let report = task.send_now(false).await.unwrap().unwrap();
    assert_eq!((report.sent, report.waiting), (50, 0));
    state(&mut task, |state| {
        state.phase == SyncPhase::Quiet && state.waiting == 0
    })
    .await;
    assert_eq!(
        held(&cluster.named(&name), "anna").await,
        machine.truth().await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_in_the_middle_of_anything_loses_nothing() {
    let Some(cluster) = shared().await else {
        return;
    };
    let db = cluster.database().await;
    let proxy = Proxy::to(cluster.socket()).await;
    let machine = Machine::new().await;
    let ids = machine.fill(3_000).await;
    let url = db.url_by(&proxy);
    for (n, bytes) in [0, 30, 200, 1_500, 4_000, 30_000, 90_000, 140_000, 200_000]
        .into_iter()
        .enumerate()
    {
        proxy.cut_after(bytes);
        let failure = machine.send(&url, "anna").await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Network, "{bytes}: {failure:?}");
        machine.rename(ids[n * 100], "renamed between").await;
    }
    proxy.heal();
    machine.send(&url, "anna").await.unwrap();
    assert_eq!(held(&db, "anna").await, machine.truth().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_server_delays_no_change_and_misses_none() {
    let Some(cluster) = shared().await else {
        return;
    };
    let db = cluster.database().await;
    let proxy = Proxy::to(cluster.socket()).await;
    proxy.slow(Duration::from_millis(100));
    let machine = Machine::new().await;
    let ids = machine.fill(1_500).await;
    let mut task = machine.task(&db.url_by(&proxy), "anna");
    let sending = task.send_now(false);
    state(&mut task, |state| state.phase == SyncPhase::Sending).await;
    // Changed while pages are on their way; each is on disk long before the server has answered once.
    for (n, id) in ids.iter().rev().step_by(50).enumerate() {
        machine
            .rename(*id, &format!("changed on the way {n}"))
            .await;
        task.changed();
    }
    sending.await.unwrap().unwrap();
    task.send_now(false).await.unwrap().unwrap();
    assert_eq!(held(&db, "anna").await, machine.truth().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_there_is_waited_out() {
    let Some(cluster) = shared().await else {
        return;
    };
    let db = cluster.database().await;
    let machine = Machine::new().await;
    machine.fill(3).await;
    let url = db.url("salon");
    machine.send(&url, "anna").await.unwrap();
    machine.fill(600).await;
    db.run(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF (SELECT count(*) FROM conversations) > 400 THEN
             RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END IF;
           RETURN NEW; END $$;
         CREATE TRIGGER full_disk BEFORE INSERT ON conversations FOR EACH ROW EXECUTE FUNCTION full_disk()",
    )
    .await;
    let failure = machine.send(&url, "anna").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Network, "{failure:?}");
    assert!(failure.detail.contains("53100"), "{failure:?}");
    assert_eq!(
        held(&db, "anna").await.len(),
        3,
        "a page is whole or not at all"
    );
    db.run("DROP TRIGGER full_disk ON conversations").await;
    assert_eq!(machine.send(&url, "anna").await.unwrap().sent, 600);
    assert_eq!(held(&db, "anna").await, machine.truth().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_rights_are_named_and_nothing_else_happens() {
    let Some(cluster) = shared().await else {
        return;
    };
    let db = cluster.database().await;
    let role = format!("weak_{}", db.name);
    db.run(&format!(
        "CREATE ROLE {role} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    ))
    .await;
    let machine = Machine::new().await;
    machine.fill(2).await;
    let url = db.url(&role);
    // No table, and no right to make one.
    let failure = machine.send(&url, "anna").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Input, "{failure:?}");
    assert!(failure.title.contains(&role), "{failure}");
    let found = check(&url, "anna").await;
    assert!(found.contains(&("table", "failed")), "{found:?}");
    // A table, and half of the rights.
    machine.send(&db.url("salon"), "anna").await.unwrap();
    db.run(&format!("GRANT SELECT, UPDATE ON conversations TO {role}"))
        .await;
    let ids = machine.fill(1).await;
    let failure = machine.send(&url, "anna").await.unwrap_err();
    assert!(
        failure.title.contains("INSERT") && !failure.title.contains("UPDATE"),
        "{failure}"
    );
    assert!(
        failure.remedy.contains("GRANT INSERT ON conversations"),
        "{failure}"
    );
    assert!(check(&url, "anna").await.contains(&("rights", "failed")));
    db.run(&format!("GRANT INSERT ON conversations TO {role}"))
        .await;
    machine.rename(ids[0], "now it may").await;
    machine.send(&url, "anna").await.unwrap();
    assert_eq!(held(&db, "anna").await, machine.truth().await);
}

/// Name and state of each point of a check.
async fn check(url: &str, user: &str) -> Vec<(&'static str, &'static str)> {
    let address = Address::of(&hub(url), None).unwrap();
    let found = salon::sync::check(&address, user).await;
    let all = found
        .into_iter()
        .map(|point| (&*point.name.leak(), point.verdict.word()));
    all.collect()
}

const FOREIGN: &str = "CREATE TABLE conversations (
  tenant int NOT NULL DEFAULT 7, id varchar(36) PRIMARY KEY, user_id varchar(40) NOT NULL, title varchar(30) NOT NULL,
  summary text NOT NULL DEFAULT '', message_count integer NOT NULL, summary_message_count bigint,
  summary_updated_at timestamp, total_tokens_input integer NOT NULL, total_tokens_output integer NOT NULL,
  total_cost double precision NOT NULL, created_at timestamp NOT NULL, updated_at timestamp(0) NOT NULL,
  is_deleted boolean NOT NULL, metadata json, note text DEFAULT 'theirs')";

const SHAPE: &str =
    "SELECT string_agg(column_name || data_type || is_nullable || coalesce(column_default, ''), ','
  ORDER BY ordinal_position) FROM information_schema.columns WHERE table_name = 'conversations'";

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_table_is_used_as_it_is() {
    let Some(cluster) = shared().await else {
        return;
    };
    let db = cluster.database().await;
    db.run(FOREIGN).await;
    db.run("INSERT INTO conversations VALUES (1, 'x', 'bob', 'not ours', '', 1, 0, NULL, 1, 1, 1, now(), now(), false, '{}')")
        .await;
    let shape = db.one(SHAPE).await;
    let machine = Machine::new().await;
    let ids = machine.fill(3).await;
    machine.spend(ids[0], Some(2_500_000_000)).await;
    machine.spend(ids[1], None).await;
    machine.rename(ids[2], &"long ".repeat(20)).await;
    let url = db.url("salon");
    assert_eq!(machine.send(&url, "anna").await.unwrap().sent, 3);
    assert_eq!(db.one(SHAPE).await, shape);
    let row = format!(
        "SELECT tenant, title, summary, total_cost, created_at = timestamp 'epoch' + interval '1 ms' * {}, note, metadata->>'from'
         FROM conversations WHERE id = '{}'",
        machine.store.conversation(ids[0]).await.unwrap().unwrap().created_at.0,
        ids[0]
    );
    let title = "\"Talk 0 about \"\"quotes\"\", {braces\"";
    assert_eq!(
        db.one(&row).await,
        format!("(7,{title},\"\",0.0025,t,theirs,\"a test\")")
    );
    let others = "SELECT (SELECT total_cost FROM conversations WHERE id = '{}'), (SELECT title FROM conversations WHERE user_id = 'bob')";
    let others = others.replace("{}", &ids[1].to_string());
    assert_eq!(db.one(&others).await, "(0,\"not ours\")");
    assert_eq!(
        db.one(&format!(
            "SELECT length(title) FROM conversations WHERE id = '{}'",
            ids[2]
        ))
        .await,
        "(30)"
    );
    // Nothing changed: json, too, is compared.
    let marks =
        "SELECT string_agg(xmin::text, ',' ORDER BY id) FROM conversations WHERE user_id = 'anna'";
    let marked = db.one(marks).await;
    machine
        .task(&url, "anna")
        .send_now(true)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(db.one(marks).await, marked);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_columns_are_named_and_sync_stays_off() {
    let Some(cluster) = shared().await else {
        return;
    };
    let db = cluster.database().await;
    db.run(FOREIGN).await;
    db.run(
        "ALTER TABLE conversations DROP COLUMN summary, DROP COLUMN total_cost, ALTER COLUMN tenant DROP DEFAULT,
           ALTER COLUMN is_deleted TYPE text",
    )
    .await;
    let shape = db.one(SHAPE).await;
    let machine = Machine::new().await;
    machine.fill(3).await;
    let mut task = machine.task(&db.url("salon"), "anna");
    let failure = task.send_now(false).await.unwrap().unwrap_err();
    let off = state(&mut task, |state| matches!(state.phase, SyncPhase::Off(_))).await;
    assert_eq!(off.waiting, 3);
    assert!(!failure.title.contains('\n'), "{failure}");
    for what in [
        "summary, total_cost",
        "tenant needs a value and has no default",
        "is_deleted is text, not boolean",
    ] {
        assert!(failure.detail.contains(what), "{what}: {failure:?}");
    }
    let found = check(&db.url("salon"), "anna").await;
    assert_eq!(
        found
            .iter()
            .filter(|point| **point == ("columns", "failed"))
            .count(),
        3,
        "{found:?}"
    );
    assert_eq!(db.one(SHAPE).await, shape);
    assert_eq!(db.one("SELECT count(*) FROM conversations").await, "(0)");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_the_hub_does_not_take_holds_up_no_other() {
    let Some(cluster) = shared().await else {
        return;
    };
    let db = cluster.database().await;
    let machine = Machine::new().await;
    let ids = machine.fill(1_100).await;
    machine.spend(ids[777], Some(12_345_000_000_000)).await;
    machine.send(&db.url("salon"), "anna").await.unwrap();
    db.run(
        "DELETE FROM conversations; ALTER TABLE conversations ALTER total_cost TYPE numeric(6,5)",
    )
    .await;
    let task = machine.task(&db.url("salon"), "anna");
    let report = task.send_now(true).await.unwrap().unwrap();
    assert_eq!(
        (report.sent, report.refused.as_slice()),
        (1_099, &ids[777..778])
    );
    assert_eq!(held(&db, "anna").await.len(), 1_099);
    // When no row fits, something else is wrong.
    db.run("DELETE FROM conversations; ALTER TABLE conversations ALTER total_tokens_input TYPE smallint").await;
    for id in &ids {
        machine.spend(*id, None).await;
    }
    for id in &ids[..600] {
        for _ in 0..26 {
            machine.spend(*id, None).await;
        }
    }
    let failure = machine.send(&db.url("salon"), "anna").await;
    assert!(failure.is_err() || failure.unwrap().refused.len() == 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_do_not_meet_and_machines_of_one_user_do() {
    let Some(cluster) = shared().await else {
        return;
    };
    let db = cluster.database().await;
    let url = db.url("salon");
    let (anna, annas_other, bob) = (
        Machine::new().await,
        Machine::new().await,
        Machine::new().await,
    );
    for (machine, many) in [(&anna, 30), (&annas_other, 20), (&bob, 10)] {
        machine.fill(many).await;
    }
    let (first, second, third) = tokio::join!(
        anna.send(&url, "anna"),
        annas_other.send(&url, "anna"),
        bob.send(&url, "bob")
    );
    assert_eq!(
        (
            first.unwrap().sent,
            second.unwrap().sent,
            third.unwrap().sent
        ),
        (30, 20, 10)
    );
    let mut both = [anna.truth().await, annas_other.truth().await].concat();
    both.sort_by_key(|row| row[0].as_str().unwrap().to_owned());
    assert_eq!(held(&db, "anna").await, both);
    assert_eq!(held(&db, "bob").await, bob.truth().await);
    // A database belongs to one user.
    let failure = bob.send(&url, "anna").await.unwrap_err();
    assert!(failure.title.contains("bob"), "{failure}");
    assert_eq!(held(&db, "anna").await, both);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_follow_a_user_who_takes_a_name() {
    let Some(cluster) = shared().await else {
        return;
    };
    let db = cluster.database().await;
    let url = db.url("salon");
    let machine = Machine::new().await;
    machine.fill(40).await;
    let made = machine.store.user_id().await.unwrap();
    machine.send(&url, "").await.unwrap();
    assert_eq!(held(&db, &made).await, machine.truth().await);
    machine.send(&url, "anna").await.unwrap();
    assert_eq!(held(&db, "anna").await, machine.truth().await);
    assert_eq!(held(&db, &made).await.len(), 0);
    assert_eq!(machine.store.user_id().await.unwrap(), "anna");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_go_up_with_progress_and_can_be_stopped() {
    let Some(cluster) = shared().await else {
        return;
    };
    let db = cluster.database().await;
    let proxy = Proxy::to(cluster.socket()).await;
    proxy.slow(Duration::from_millis(5));
    let machine = Machine::new().await;
    machine.fill(10_000).await;
    let mut task = machine.task(&db.url_by(&proxy), "anna");
    let sending = task.send_now(false);
    let on_the_way = state(&mut task, |state| {
        state.phase == SyncPhase::Sending && state.waiting < 9_000
    })
    .await;
    drop(sending);
    let stopped = state(&mut task, |state| state.phase == SyncPhase::Quiet).await;
    assert!(
        stopped.waiting > 0 && stopped.waiting <= on_the_way.waiting,
        "{stopped:?}"
    );
    proxy.heal();
    let began = Instant::now();
    let report = task.send_now(false).await.unwrap().unwrap();
    println!("{} rows in {:?}", report.sent, began.elapsed());
    assert_eq!(
        (report.sent, report.waiting),
        (stopped.waiting, 0),
        "what went up is not sent again"
    );
    assert_eq!(held(&db, "anna").await, machine.truth().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_does_not_answer_is_in_nobodys_way() {
    let Some(cluster) = shared().await else {
        return;
    };
    let proxy = Proxy::to(cluster.socket()).await;
    proxy.fall_silent();
    let home = tempfile::tempdir().unwrap();
    let mut settings = fixture::settings("http://127.0.0.1:1", home.path());
    settings.model = Some(ModelRef::guide());
    settings.sync = Some(hub(&format!(
        "postgres://u:geheim@127.0.0.1:{}/x",
        proxy.port
    )));
    let mut face = Face::screen(settings.clone());
    // While the connection hangs, turns come and go.
    while proxy.connections() == 0 {
        let (asked, ..) = face.send_new("What is salon?").await;
        let began = Instant::now();
        face.measured(asked).await;
        assert!(
            began.elapsed() < Duration::from_secs(2),
            "{:?}",
            began.elapsed()
        );
    }
    let (failure, waiting) = face
        .until(|event| match &event.news {
            News::Sync(SyncState {
                phase: SyncPhase::Offline(failure),
                waiting,
            }) => Some((failure.clone(), *waiting)),
            _ => None,
        })
        .await;
    assert!(
        waiting > 0 && failure.title.contains("does not answer"),
        "{failure}"
    );
    assert!(!format!("{:?}", face.said).contains("geheim"));
    // Leaving asks nobody who was away a moment ago, and neither does the next salon's `ask`.
    for is_screen in [true, false] {
        let tries = proxy.connections();
        if !is_screen {
            face = Face::start(settings.clone(), salon::engine::Options { is_screen });
            let (asked, ..) = face.send_new("What is salon?").await;
            face.measured(asked).await;
        }
        let began = Instant::now();
        face.ask(Command::Stop).await;
        face.until(|event| (event.news == News::Stopped).then_some(()))
            .await;
        assert!(
            began.elapsed() < Duration::from_millis(500),
            "{:?}",
            began.elapsed()
        );
        assert_eq!(proxy.connections(), tries);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_checked_unless_the_address_says_otherwise() {
    let certificate = support::tls::certificate();
    let Some(cluster) = Cluster::start_with_tls(&certificate).await else {
        return;
    };
    let machine = Machine::new().await;
    machine.fill(1).await;
    let at =
        |host: &str, rest: &str| format!("postgres://salon@{host}:{}/postgres{rest}", cluster.port);
    for host in ["127.0.0.1", "localhost"] {
        let failure = machine
            .send(&at(host, "?sslmode=verify-full"), "anna")
            .await
            .unwrap_err();
        assert!(failure.title.contains("is not trusted"), "{failure:?}");
        assert_eq!(failure.kind, FailureKind::Input);
    }
    let encrypted = |url: String, ca_file: Option<PathBuf>| async move {
        let address = Address::of(&hub(&url), ca_file.as_deref()).unwrap();
        let found = salon::sync::check(&address, "anna").await;
        found
            .into_iter()
            .any(|point| point.name == "encryption" && point.detail.starts_with("TLS"))
    };
    // On this machine it is used where it is offered, trusted or not.
    assert!(encrypted(at("127.0.0.1", ""), None).await);
    assert!(encrypted(at("127.0.0.1", "?sslmode=require"), None).await);
    let named = format!("?sslmode=verify-full&sslrootcert={}", certificate.display());
    assert!(encrypted(at("127.0.0.1", &named), None).await);
    assert!(encrypted(at("127.0.0.1", "?sslmode=verify-full"), Some(certificate)).await);
    assert!(!encrypted(at("127.0.0.1", "?sslmode=disable"), None).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_salons_of_one_machine_never_put_old_over_new() {
    let Some(cluster) = shared().await else {
        return;
    };
    let db = cluster.database().await;
    let proxy = Proxy::to(cluster.socket()).await;
    proxy.slow(Duration::from_millis(3));
    let machine = Machine::new().await;
    let ids = machine.fill(50).await;
    let (file, run) = (
        database(machine.home.path()),
        machine.home.path().join("run"),
    );
    let other = Store::open(&file, &run, &machine.mint).await.unwrap();
    let url = db.url_by(&proxy);
    let first = machine.task(&url, "anna");
    let second = Task::start(Parts {
        store: other.clone(),
        address: Address::of(&hub(&url), None).unwrap(),
        user: Some("anna".to_owned()),
        mint: machine.mint.clone(),
        is_watching: false,
    });
    for round in 0..15 {
        let (one, two) = (first.send_now(false), second.send_now(false));
        for (n, id) in ids.iter().enumerate() {
            let store = if n % 2 == 0 { &machine.store } else { &other };
            let title = format!("round {round}");
            store.set_title(*id, &title, TitleBy::User).await.unwrap();
        }
        one.await.unwrap().unwrap();
        two.await.unwrap().unwrap();
    }
    first.send_now(false).await.unwrap().unwrap();
    assert_eq!(held(&db, "anna").await, machine.truth().await);
}

/// The program with a home of its own and this environment.
fn program(
    home: &TempDir,
    args: &[&str],
    environment: &[(&str, &str)],
) -> (String, String, Option<i32>) {
    let done = std::process::Command::new(env!("CARGO_BIN_EXE_salon"))
        .args(args)
        .env_clear()
        .env("HOME", home.path())
        .envs(environment.iter().copied())
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(done.stdout), text(done.stderr), done.status.code())
}

/// Every file below this folder as text.
fn files(folder: &Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.push_str(&files(&path));
        } else {
            all.push_str(&String::from_utf8_lossy(&std::fs::read(&path).unwrap()));
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_address_is_one_line_and_salon_works() {
    let Some(cluster) = shared().await else {
        return;
    };
    let db = cluster.database().await;
    db.run("DO $$ BEGIN CREATE ROLE guarded LOGIN PASSWORD 'right'; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        .await;
    let proxy = Proxy::to(cluster.socket()).await;
    let at = |rest: &str| {
        format!(
            "postgres://{}",
            rest.replace("PROXY", &format!("127.0.0.1:{}", proxy.port))
        )
    };
    let cases = [
        ("mysql://u:geheim@127.0.0.1/d".to_owned(), "address", 2),
        (at("u:ge#heim@h/d"), "address of the hub cannot be read", 2),
        (
            at("guarded:geheim@PROXY/postgres"),
            "does not let guarded in",
            2,
        ),
        (at("salon:geheim@PROXY/nowhere"), "no such database", 2),
        (at("u:geheim@127.0.0.1:1/d"), "Nothing listens", 1),
        (
            at("salon:geheim@PROXY/postgres?sslmode=verify-full"),
            "no connection that can be trusted",
            2,
        ),
        (String::new(), "there is no address", 2),
    ];
    for (url, words, code) in &cases {
        let home = tempfile::tempdir().unwrap();
        let environment = [("DATABASE_ENABLED", "true"), ("DATABASE_URL", url.as_str())];
        let (out, err, exit) = program(&home, &["sync"], &environment);
        assert_eq!((out.as_str(), exit), ("", Some(*code)), "{url}: {err}");
        let told: Vec<&str> = err.lines().filter(|line| line.contains(words)).collect();
        assert_eq!(told.len(), 1, "{url}: {err}");
        // The rest of salon does not mind.
        let (out, asked, exit) = program(&home, &["ask", "What", "is", "salon?"], &environment);
        assert!(exit == Some(0) && out.contains("salon"), "{url}: {asked}");
        let (shown, more, _) = program(&home, &["config", "show"], &environment);
        let (checked, also, _) = program(&home, &["sync", "--check", "--json"], &environment);
        for text in [
            &err,
            &asked,
            &shown,
            &more,
            &checked,
            &also,
            &files(home.path()),
        ] {
            assert!(
                !text.contains("geheim") && !text.contains("ge#heim"),
                "{url}: {text}"
            );
        }
    }
    // Without the switch an address is somebody else's.
    let home = tempfile::tempdir().unwrap();
    let (_, err, exit) = program(&home, &["sync"], &[("DATABASE_URL", &cases[4].0)]);
    assert!(exit == Some(2) && err.contains("No hub is set up"), "{err}");
    // The right password opens.
    let right = at("guarded:right@PROXY/postgres");
    let environment = [
        ("DATABASE_ENABLED", "true"),
        ("DATABASE_URL", right.as_str()),
    ];
    let (out, err, exit) = program(&home, &["sync", "--check"], &environment);
    assert!(
        out.contains("ok      connection  PostgreSQL"),
        "{exit:?} {out} {err}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shell_sends_says_what_went_and_others_can_read_it() {
    let Some(cluster) = shared().await else {
        return;
    };
    let db = cluster.database().await;
    let url = db.url("salon");
    let home = tempfile::tempdir().unwrap();
    let environment = [
        ("DATABASE_ENABLED", "true"),
        ("DATABASE_URL", url.as_str()),
        ("SALON_USER", "anna"),
    ];
    let (out, _, exit) = program(&home, &["sync", "--check", "--json"], &environment);
    let points: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let names: Vec<&str> = points
        .iter()
        .map(|point| point["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        (names, exit),
        (vec!["hub", "connection", "encryption", "table"], Some(0))
    );
    assert!(
        points[3]["detail"].as_str().unwrap().contains("none yet"),
        "{out}"
    );
    // `ask` sends by itself on its way out.
    program(&home, &["ask", "What is salon?"], &environment);
    assert_eq!(
        db.one("SELECT title, message_count FROM conversations")
            .await,
        "(\"What is salon?\",2)"
    );
    let (out, _, exit) = program(&home, &["sync", "--all", "--json"], &environment);
    let done: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&done["type"], &done["sent"], &done["waiting"], exit),
        (&json!("synced"), &json!(1), &json!(0), Some(0))
    );
    let (out, ..) = program(&home, &["sync"], &environment);
    assert!(out.starts_with("0 conversations sent to "), "{out}");
    let (out, ..) = program(&home, &["sync", "--check", "--json"], &environment);
    assert!(
        out.lines().all(|line| line.contains("\"state\":\"ok\"")),
        "{out}"
    );
    // What the README tells others to ask.
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let sql = readme
        .split("```sql\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let rows = db.rows(sql.trim().trim_end_matches(';')).await;
    assert!(
        rows.len() == 1 && rows[0].contains("What is salon?"),
        "{rows:?}"
    );
}
