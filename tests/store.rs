//! The store as the engine uses it: order, pages, turns and what a kill leaves, on throwaway files.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use salon::domain::conversation::{Conversation, Draft, Reading, Sampling, TitleBy};
use salon::domain::id::{ConversationId, MessageId, Mint};
use salon::domain::message::{Finish, Message, Role, Status};
use salon::domain::model::{ModelRef, ModelSpec};
use salon::domain::usage::{Money, Usage};
use salon::domain::when::Millis;
use salon::domain::chat::Purpose;
use salon::protocol::{Act, At, Cursor, Query, Row, Which};
use salon::store::{BeginSend, Begun, CostBy, Find, Store, StoreError, UsageRow, Whole, Withdraw};

const START: i64 = 1_790_000_000_000;

/// A mint whose clock goes on by a second at each look.
fn mint() -> Mint {
    let time = AtomicI64::new(START);
    Mint::new(Arc::new(move || {
        Millis(time.fetch_add(1000, Ordering::Relaxed))
    }))
}

/// A throwaway data folder.
struct Place {
    folder: tempfile::TempDir,
    mint: Mint,
}

impl Place {
    fn new() -> Place {
        Place {
            folder: tempfile::tempdir().unwrap(),
            mint: mint(),
        }
    }

    fn db(&self) -> PathBuf {
        self.folder.path().join("data").join("salon.db")
    }

    async fn open(&self) -> Store {
        self.try_open().await.unwrap()
    }

    async fn try_open(&self) -> Result<Store, StoreError> {
        let run = self.folder.path().join("data").join("run");
        Store::open(&self.db(), &run, &self.mint).await
    }

    /// What a kill would leave: the files as they are, with nobody holding a lock on them.
    fn killed(&self) -> Place {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        for name in ["salon.db", "salon.db-wal"] {
            let from = self.db().with_file_name(name);
            if from.exists() {
                std::fs::copy(from, data.join(name)).unwrap();
            }
        }
        Place {
            folder,
            mint: mint(),
        }
    }
}

fn conversation(mint: &Mint, title: &str) -> Conversation {
    let now = mint.now();
    Conversation {
        id: mint.id(),
        title: title.to_owned(),
        title_by: TitleBy::Words,
        model: "openai/gpt-4o".parse().unwrap(),
        system: String::new(),
        sampling: Sampling::default(),
        created_at: now,
        active_at: now,
        trashed_at: None,
        tip: None,
        message_count: 0,
        tokens_in: 0,
        tokens_out: 0,
        cost: Money(0),
        unpriced: 0,
        metadata: serde_json::json!({}),
    }
}

/// Begins a turn under `parent`; creates a conversation when there is none.
async fn ask(
    store: &Store,
    mint: &Mint,
    at: Option<(ConversationId, Option<MessageId>)>,
    text: &str,
) -> Begun {
    let create = at.is_none().then(|| conversation(mint, text));
    let (id, parent) = at.unwrap_or_else(|| (create.as_ref().unwrap().id, None));
    let question = Message::question(mint.id(), id, parent, text.to_owned(), mint.now());
    let reply = Message::reply(mint.id(), &question, ModelRef::guide(), mint.now());
    store
        .begin_send(BeginSend {
            create,
            question,
            reply,
        })
        .await
        .unwrap()
}

async fn answer(store: &Store, reply: &Message, words: &str) -> Conversation {
    store.first_word(reply.parent.unwrap()).await.unwrap();
    let done = Message {
        status: Status::Complete,
        finish: Some(Finish::Stop),
        content: words.to_owned(),
        ..reply.clone()
    };
    store.end(&done, None).await.unwrap()
}

/// A conversation of this many turns.
async fn talk(store: &Store, mint: &Mint, turns: usize) -> (ConversationId, Vec<MessageId>) {
    let mut ids: Vec<MessageId> = Vec::new();
    let mut place = None;
    for turn in 0..turns {
        let begun = ask(store, mint, place, &format!("question {turn}")).await;
        answer(store, &begun.reply.message, &format!("answer {turn}")).await;
        ids.extend([begun.asked.message.id, begun.reply.message.id]);
        place = Some((begun.conversation.id, ids.last().copied()));
    }
    (place.unwrap().0, ids)
}

async fn texts(store: &Store, id: ConversationId, at: At, limit: Option<u32>) -> Vec<String> {
    let page = store.page(id, at, limit).await.unwrap();
    page.messages
        .into_iter()
        .map(|shown| shown.message.content)
        .collect()
}

async fn titles(store: &Store, q: &Query) -> Vec<String> {
    let (rows, _) = store.list(q, None, 0, None).await.unwrap();
    rows.into_iter().map(|row| row.conversation.title).collect()
}

#[tokio::test]
async fn a_turn_begins_grows_and_ends() {
    let place = Place::new();
    let store = place.open().await;
    store
        .keep_draft(None, 0, &Draft::of("hello"))
        .await
        .unwrap();
    let begun = ask(&store, &place.mint, None, "hello").await;
    assert_eq!(begun.asked.message.status, Status::Unsent);
    assert_eq!(begun.reply.message.status, Status::Streaming);
    assert_eq!((begun.reply.place, begun.reply.of), (1, 1));
    assert_eq!(begun.conversation.tip, Some(begun.reply.message.id));
    assert_eq!(begun.conversation.message_count, 2);
    assert!(store.drafts(None).await.unwrap().is_empty());

    let reply = begun.reply.message;
    store.first_word(begun.asked.message.id).await.unwrap();
    store.grow(reply.id, "Hi", Some(("hm", 12))).await.unwrap();
    let grown = store.message(reply.id).await.unwrap().unwrap();
    assert_eq!(
        (grown.content.as_str(), grown.thinking_ms, grown.status),
        ("Hi", Some(12), Status::Streaming)
    );
    let done = Message {
        status: Status::Complete,
        finish: Some(Finish::Length),
        content: "Hi 你好".into(),
        thinking_ms: Some(15),
        first_token_ms: Some(100),
        total_ms: Some(900),
        response_id: Some("resp_1".into()),
        request_id: Some("req_1".into()),
        ..reply.clone()
    };
    store.end(&done, Some("hmm")).await.unwrap();
    assert_eq!(store.message(reply.id).await.unwrap().unwrap(), done);
    assert_eq!(
        store.thinking(reply.id).await.unwrap().as_deref(),
        Some("hmm")
    );
    let question = store.message(begun.asked.message.id).await.unwrap();
    assert_eq!(question.unwrap().status, Status::Complete);

    // A closed reply stays as it is.
    store.grow(reply.id, "other", None).await.unwrap();
    let other = Message {
        content: "other".into(),
        ..done.clone()
    };
    store.end(&other, Some("other")).await.unwrap();
    assert_eq!(store.message(reply.id).await.unwrap().unwrap(), done);
    store.close().await;
}
