//! Measures the parts that decide how fast salon feels: decoding, markdown that grows, a frame, the store.
//!
//! ```sh
//! cargo bench --bench speed
//! ```
#![expect(clippy::expect_used, reason = "a measurement that cannot go on stops")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use salon::domain::conversation::{Conversation, Sampling, TitleBy};
use salon::domain::id::Mint;
use salon::domain::message::{Finish, Message, Role, Status};
use salon::domain::model::ModelRef;
use salon::domain::usage::Money;
use salon::domain::when::Millis;
use salon::keys::KeyMap;
use salon::protocol::{At, Query};
use salon::provider::completions::Decoder;
use salon::provider::decode::Decode;
use salon::provider::frame::FrameDecoder;
use salon::store::{BeginSend, Store, Whole};
use salon::tui::model::Model;
use salon::tui::text::doc::{Ctx, Doc};
use salon::tui::view;
use tokio::runtime::Runtime;

/// Width of the text in the measured documents, in cells.
const WIDTH: u16 = 100;

/// This many tokens of 8 bytes with the usual mixture of markdown.
fn tokens(count: usize) -> Vec<String> {
    let token = |n: usize| {
        let before = match (n % 10, n / 10 % 24) {
            (0, 0) => "\n\n## ",
            (0, 1) => "\n\n",
            (0, 8..=11) => "\n- ",
            (0, 12) => "\n\n```rust\n",
            (0, 13..=16) => "\n",
            (0, 17) => "\n```\n\n",
            _ => "",
        };
        format!("{before}w{n:06} ")
    };
    (0..count).map(token).collect()
}

/// Chat Completions as servers send it, in chunks of 4 KB.
fn decode(c: &mut Criterion) {
    let events: String = tokens(10_000)
        .iter()
        .map(|token| {
            let choice = serde_json::json!({"index": 0, "delta": {"content": token}, "finish_reason": null});
            let chunk = serde_json::json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
                "model": "m", "choices": [choice]});
            format!("data: {chunk}\n\n")
        })
        .collect();
    let mut group = c.benchmark_group("decode");
    group.throughput(Throughput::Bytes(events.len() as u64));
    group.bench_function("chat completions, 10,000 tokens", |b| {
        b.iter(|| {
            let (mut frames, mut deltas) = (Vec::new(), Vec::new());
            let (mut split, mut decoder) = (FrameDecoder::default(), Decoder::new(None));
            for chunk in events.as_bytes().chunks(4096) {
                split.push(chunk, &mut frames).expect("events are small");
                for frame in frames.drain(..) {
                    decoder.frame(frame, &mut deltas).expect("events are whole");
                }
            }
            black_box(deltas.len())
        });
    });
    group.finish();
}

/// A document that grows by eight tokens a frame, and one that is parsed whole.
fn markdown(c: &mut Criterion) {
    let mut group = c.benchmark_group("markdown");
    group.sample_size(10);
    let ctx = Ctx::default();
    for count in [1_000, 10_000, 100_000] {
        let words = tokens(count);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("growing, {count} tokens"), |b| {
            b.iter(|| {
                let mut doc = Doc::growing();
                for frame in words.chunks(8) {
                    for word in frame {
                        doc.push(word);
                    }
                    doc.settle(WIDTH, &ctx);
                }
                black_box(doc.block_count())
            });
        });
    }
    let source = tokens(10_000).concat();
    group.throughput(Throughput::Bytes(source.len() as u64));
    group.bench_function("whole, 10,000 tokens, all rows", |b| {
        b.iter(|| Doc::whole(source.clone()).all_rows(WIDTH, &ctx).len());
    });
    group.finish();
}

fn mint() -> Mint {
    Mint::new(Arc::new(|| Millis(1_793_491_200_000)))
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("threads")
}

fn conversation(mint: &Mint, title: String) -> Conversation {
    Conversation {
        id: mint.id(),
        title,
        title_by: TitleBy::Words,
        model: ModelRef::guide(),
        persona: None,
        system: String::new(),
        sampling: Sampling::default(),
        created_at: mint.now(),
        active_at: mint.now(),
        trashed_at: None,
        pinned_at: None,
        archived_at: None,
        tags: Vec::new(),
        tip: None,
        message_count: 0,
        tokens_in: 0,
        tokens_out: 0,
        cost: Money(0),
        storage: salon::domain::conversation::Storage::Local,
        thread: None,
        unpriced: 0,
        metadata: serde_json::json!({}),
    }
}

/// A conversation of so many finished messages of about 500 bytes.
fn whole(mint: &Mint, messages: usize) -> Whole {
    let mut conversation = conversation(mint, "A long talk".to_owned());
    let mut rows: Vec<Message> = Vec::new();
    for n in 0..messages {
        let parent = rows.last().map(|row| row.id);
        let text = tokens(50).concat();
        let question = Message::question(mint.id(), conversation.id, parent, text, mint.now());
        let is_question = n.is_multiple_of(2);
        rows.push(Message {
            role: if is_question {
                Role::User
            } else {
                Role::Assistant
            },
            status: Status::Complete,
            finish: (!is_question).then_some(Finish::Stop),
            model: Some(ModelRef::guide()),
            ..question
        });
    }
    conversation.tip = rows.last().map(|row| row.id);
    Whole {
        conversation,
        messages: rows,
    }
}

/// Laying out and painting the screen over a conversation of 10,000 messages: at rest, and after a page up.
fn frame(c: &mut Criterion) {
    let (mint, runtime) = (mint(), runtime());
    let whole = whole(&mint, 10_000);
    let page = runtime.block_on(async {
        let store = Store::memory(&mint).await.expect("a store");
        store
            .insert_whole(std::slice::from_ref(&whole))
            .await
            .expect("rows");
        store
            .page(whole.conversation.id, At::Tip, None)
            .await
            .expect("a page")
    });
    let mut model = Model::new(mint.clone(), KeyMap::shipped());
    model.transcript.open(&whole.conversation, page, None, None);
    model.open = Some(whole.conversation);
    let size = Size::new(120, 40);
    let mut buffer = Buffer::empty(Rect::new(0, 0, size.width, size.height));
    let mut group = c.benchmark_group("frame");
    group.bench_function("10,000 messages, nothing new", |b| {
        b.iter(|| {
            view::layout(&mut model, size);
            black_box(view::paint(&model, &mut buffer))
        });
    });
    let mut is_narrow = false;
    group.bench_function("10,000 messages, another width", |b| {
        b.iter(|| {
            is_narrow = !is_narrow;
            let width = if is_narrow { 119 } else { 120 };
            view::layout(&mut model, Size { width, ..size });
            black_box(view::paint(&model, &mut buffer))
        });
    });
    group.finish();
}

/// A turn's first rows, and pages of a list of 10,000.
fn store(c: &mut Criterion) {
    let (mint, runtime) = (mint(), runtime());
    let folder = tempfile::tempdir().expect("a folder");
    let store = runtime.block_on(async {
        let database = folder.path().join("salon.db");
        let store = Store::open(&database, &folder.path().join("run"), &mint)
            .await
            .expect("a store");
        store.start_writing().await.expect("a writer");
        let batch: Vec<Whole> = (0..10_000).map(|_| whole(&mint, 2)).collect();
        for part in batch.chunks(1000) {
            store.insert_whole(part).await.expect("rows");
        }
        store
    });
    let mut group = c.benchmark_group("store");
    group.sample_size(20);
    group.bench_function("begin a turn", |b| {
        b.iter_batched(
            || {
                let create = conversation(&mint, "A question".to_owned());
                let (id, now) = (mint.id(), mint.now());
                let question = Message::question(id, create.id, None, tokens(20).concat(), now);
                let reply = Message::reply(mint.id(), &question, ModelRef::guide(), now);
                BeginSend {
                    create: Some(create),
                    question,
                    reply,
                    slot: None,
                }
            },
            |send| runtime.block_on(store.begin_send(send)).expect("a turn"),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("first page of 10,000", |b| {
        b.iter(|| {
            runtime
                .block_on(store.list(&Query::default(), None, 0, Some(50)))
                .expect("a page")
        });
    });
    let last = Query {
        words: "nothing has these words".to_owned(),
        ..Query::default()
    };
    group.bench_function("a filter that finds nothing", |b| {
        b.iter(|| {
            runtime
                .block_on(store.list(&last, None, 0, Some(50)))
                .expect("a page")
        });
    });
    group.finish();
}

criterion_group!(benches, decode, markdown, frame, store);
criterion_main!(benches);
