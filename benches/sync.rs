//! Measures what sync costs: the outbox on a turn's store time, and how fast conversations go up to a PostgreSQL that
//! this program starts for itself (skipped where none is installed). `cargo bench --bench sync`
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program for measuring prints what it measured, and stops where it cannot go on"
)]
#![allow(
    dead_code,
    reason = "the part shared with the tests holds more than is measured"
)]

#[path = "../tests/support/postgres.rs"]
#[allow(clippy::unwrap_used, clippy::panic, reason = "written for tests")]
mod postgres;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use salon::domain::chat::Purpose;
use salon::domain::conversation::{Conversation, Sampling, Storage, TitleBy};
use salon::domain::id::{ConversationId, MessageId, Mint};
use salon::domain::message::{Message, Status};
use salon::domain::model::ModelRef;
use salon::domain::usage::{Money, Usage};
use salon::domain::when::Millis;
use salon::settings::{SecretString, Sync};
use salon::store::{BeginSend, Store, UsageRow, Whole};
use salon::sync::{Address, Parts, Task};
use sqlx::ConnectOptions;

/// Turns in one block; blocks with and without take turns, so that a noisy machine disturbs both alike.
const BLOCK: usize = 40;
const BLOCKS: usize = 30;
/// Everything that fills the outbox.
const TRIGGERS: [&str; 7] = [
    "conversation_tally",
    "message_tally",
    "conversation_new",
    "conversation_set",
    "message_new",
    "message_set",
    "usage_new",
];

fn mint() -> Mint {
    let time = AtomicI64::new(1_795_000_000_000);
    Mint::new(Arc::new(move || {
        Millis(time.fetch_add(1, Ordering::Relaxed))
    }))
}

fn conversation(mint: &Mint, title: String) -> Conversation {
    let now = mint.now();
    Conversation {
        id: mint.id(),
        title,
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
        metadata: serde_json::json!({}),
    }
}

async fn store(folder: &Path, mint: &Mint) -> Store {
    let store = Store::open(&folder.join("salon.db"), &folder.join("run"), mint)
        .await
        .expect("a store");
    store.start_writing().await.expect("a writer");
    store
}

/// The place where the talk goes on.
struct Talk {
    conversation: ConversationId,
    tip: Option<MessageId>,
}

/// One turn, as the engine writes it: question and reply, two saves, the end, the figures.
async fn turn(store: &Store, mint: &Mint, talk: &mut Talk) {
    let text = "Explain lifetimes in Rust, please, with an example of a function.".to_owned();
    let question = Message::question(mint.id(), talk.conversation, talk.tip, text, mint.now());
    let mut reply = Message::reply(mint.id(), &question, ModelRef::guide(), mint.now());
    talk.tip = Some(reply.id);
    let send = BeginSend {
        create: None,
        question: question.clone(),
        reply: reply.clone(),
        slot: None,
    };
    store.begin_send(send).await.expect("begun");
    reply.content = "A lifetime names the span for which a reference is valid. ".repeat(20);
    store.first_word(question.id).await.expect("first word");
    store
        .grow(reply.id, &reply.content, None)
        .await
        .expect("grown");
    reply.status = Status::Complete;
    store.end(&reply, None).await.expect("ended");
    let row = UsageRow {
        id: mint.id(),
        at: mint.now(),
        purpose: Purpose::Turn,
        conversation: Some(talk.conversation),
        persona: None,
        message: Some(reply.id),
        model: ModelRef::guide(),
        usage: Usage {
            input: Some(500),
            output: Some(300),
            ..Usage::default()
        },
        cost: Some(Money(3_400_000_000)),
        cost_by: None,
        tariff: None,
        first_token_ms: Some(300),
        total_ms: Some(2_000),
        status: Status::Complete,
        attempts: 1,
    };
    store.measure(Some(&reply), &row).await.expect("measured");
}

/// A store without these triggers, in a talk.
async fn side(without: &[&str]) -> (tempfile::TempDir, Store, Mint, Talk) {
    let folder = tempfile::tempdir().expect("a folder");
    let mint = mint();
    let file = folder.path().join("salon.db");
    store(folder.path(), &mint).await.close().await;
    let mut plain = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(&file)
        .connect()
        .await
        .expect("the file");
    for trigger in without {
        let drop = sqlx::AssertSqlSafe(format!("DROP TRIGGER {trigger}"));
        sqlx::query(drop)
            .execute(&mut plain)
            .await
            .expect("dropped");
    }
    drop(plain);
    let store = store(folder.path(), &mint).await;
    let begun = conversation(&mint, "measured".to_owned());
    let talk = Talk {
        conversation: begun.id,
        tip: None,
    };
    let whole = Whole {
        conversation: begun,
        messages: Vec::new(),
    };
    store.insert_whole(&[whole]).await.expect("a conversation");
    (folder, store, mint, talk)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

async fn outbox() {
    let mut sides = Vec::new();
    for without in [&TRIGGERS[..], &TRIGGERS[..2], &[]] {
        sides.push((side(without).await, Vec::new()));
    }
    for _ in 0..BLOCKS {
        for ((_, store, mint, talk), times) in &mut sides {
            for _ in 0..BLOCK {
                let began = Instant::now();
                turn(store, mint, talk).await;
                times.push(began.elapsed());
            }
        }
    }
    let all: Vec<Duration> = sides.into_iter().map(|(_, times)| median(times)).collect();
    let share = |at: usize| (all[2].as_secs_f64() / all[at].as_secs_f64() - 1.0) * 100.0;
    println!("a turn's store time, half of {}:", BLOCK * BLOCKS);
    println!("  without an outbox       {:?}", all[0]);
    println!("  without its tally       {:?}", all[1]);
    println!("  as it is                {:?}", all[2]);
    println!("  the outbox costs        {:.1} %   (bar: 5 %)", share(0));
    println!("  of which the tally      {:.1} %", share(1));
}

async fn upload() {
    let Some(cluster) = postgres::Cluster::start().await else {
        return;
    };
    let database = cluster.database().await;
    let folder = tempfile::tempdir().expect("a folder");
    let mint = mint();
    let store = store(folder.path(), &mint).await;
    let all: Vec<Whole> = (0..10_000)
        .map(|n| Whole {
            conversation: conversation(&mint, format!("Conversation {n} about something")),
            messages: Vec::new(),
        })
        .collect();
    store.insert_whole(&all).await.expect("rows");
    let sync = Sync {
        url: SecretString::from(database.url("salon")),
        messages: true,
    };
    let task = Task::start(Parts {
        store,
        address: Address::of(&sync, None).expect("an address"),
        user: None,
        mint,
        is_watching: false,
    });
    for what in ["the first time", "once more, the same"] {
        let began = Instant::now();
        let report = task.send_now(true).await.expect("a task").expect("sent");
        let took = began.elapsed();
        let rate = f64::from(u32::try_from(report.sent).unwrap_or(0)) / took.as_secs_f64();
        println!(
            "{} conversations, {what}: {took:?}, {rate:.0} a second",
            report.sent
        );
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        outbox().await;
        upload().await;
    });
}
