//! The store as the engine uses it: order, pages, turns and what a kill leaves, on throwaway files.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use salon::domain::chat::Purpose;
use salon::domain::conversation::{Conversation, Draft, Reading, Sampling, TitleBy};
use salon::domain::id::{ConversationId, MessageId, Mint};
use salon::domain::message::{Finish, Message, Status};
use salon::domain::model::{Abilities, Facts, ModelRef, ModelSpec};
use salon::domain::price::{CostBy, Price, Tariff, Tier};
use salon::domain::usage::{Money, Spent, Usage};
use salon::domain::when::Millis;
use salon::protocol::{Act, At, Cursor, Query, Row, Which};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row as _, SqliteConnection};

use salon::store::{BeginSend, Begun, Find, Store, StoreError, UsageRow, Whole, Withdraw};

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

    /// A connection of another program.
    async fn outside(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.db());
        options.connect().await.unwrap()
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
        persona: None,
        system: String::new(),
        sampling: Sampling::default(),
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
        storage: salon::domain::conversation::Storage::Local,
        thread: None,
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
            slot: Some(0),
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

#[tokio::test]
async fn pages_walk_the_shown_branch_both_ways() {
    let place = Place::new();
    let store = place.open().await;
    let (id, ids) = talk(&store, &place.mint, 10).await;
    let tip = store.page(id, At::Tip, Some(3)).await.unwrap();
    assert!(tip.has_before && !tip.has_after);
    assert_eq!(
        texts(&store, id, At::Tip, Some(3)).await,
        ["answer 8", "question 9", "answer 9"]
    );
    let before = store
        .page(id, At::Before(tip.messages[0].message.id), Some(2))
        .await
        .unwrap();
    assert!(before.has_before && before.has_after);
    assert_eq!(before.messages[1].message.content, "question 8");
    let first = store.page(id, At::Before(ids[2]), Some(2)).await.unwrap();
    assert!(!first.has_before && first.has_after && first.messages.len() == 2);
    let none = store.page(id, At::Before(ids[0]), Some(2)).await.unwrap();
    assert!(none.messages.is_empty() && !none.has_before && none.has_after);

    assert_eq!(
        texts(&store, id, At::After(ids[0]), Some(2)).await,
        ["answer 0", "question 1"]
    );
    let after = store.page(id, At::After(ids[16]), Some(9)).await.unwrap();
    assert!(after.has_before && !after.has_after && after.messages.len() == 3);
    let after = store.page(id, At::After(ids[19]), Some(9)).await.unwrap();
    assert!(after.messages.is_empty() && after.has_before && !after.has_after);
    assert_eq!(
        texts(&store, id, At::Around(ids[5]), Some(4)).await,
        ["answer 1", "question 2", "answer 2", "question 3"]
    );
    let around = store.page(id, At::Around(ids[5]), Some(4)).await.unwrap();
    assert!(around.has_before && around.has_after);
    let around = store.page(id, At::Around(ids[19]), Some(4)).await.unwrap();
    assert!(!around.has_after && around.messages.len() == 4);
    let around = store.page(id, At::Around(ids[0]), Some(4)).await.unwrap();
    assert_eq!(around.messages[0].message.id, ids[0]);
    assert!(!around.has_before && around.has_after);

    let all = store.page(id, At::Tip, None).await.unwrap();
    assert_eq!(all.messages.len(), 20);
    assert!(!all.has_before);
    let branch = store.branch(ids[3]).await.unwrap();
    assert_eq!(
        branch.iter().map(|m| m.id).collect::<Vec<_>>(),
        ids[..4].to_vec()
    );
    let questions = store.questions(id).await.unwrap();
    assert_eq!(questions.len(), 10);
    let last = store.message(ids[18]).await.unwrap().unwrap();
    assert_eq!(
        (questions[9].id, questions[9].at, questions[9].text.as_str()),
        (last.id, last.created_at, "question 9")
    );
    let gone = store.page(place.mint.id(), At::Tip, None).await;
    assert!(matches!(gone, Err(StoreError::Gone(_))));
}

#[tokio::test]
async fn words_are_found_on_the_shown_branch_and_nowhere_else() {
    let place = Place::new();
    let store = place.open().await;
    let (id, ids) = talk(&store, &place.mint, 3).await;
    let found = async |words: &str| store.find_words(id, words).await.unwrap();
    assert_eq!(
        found("ANSWER").await,
        [(ids[1], 1), (ids[3], 1), (ids[5], 1)]
    );
    assert_eq!(found("stion 1").await, [(ids[2], 1)]);
    assert_eq!(found("zebra").await, []);
    assert_eq!(found(" \n").await, []);
    // Beside the first reply is another, in a script without blanks and in capitals.
    let question = store.message(ids[0]).await.unwrap().unwrap();
    let reply = Message::reply(
        place.mint.id(),
        &question,
        ModelRef::guide(),
        place.mint.now(),
    );
    let begun = store.begin_reply(reply, false).await.unwrap();
    let other = begun.reply.message.id;
    answer(&store, &begun.reply.message, "日本語とストア ПРИВЕТ привет").await;
    assert_eq!(found("answer").await, []);
    assert_eq!(found("本語").await, [(other, 1)]);
    assert_eq!(found("привет").await, [(other, 2)]);
    store.choose(id, ids[1]).await.unwrap();
    assert_eq!(found("привет").await, []);
    let gone = store.find_words(place.mint.id(), "x").await;
    assert!(matches!(gone, Err(StoreError::Gone(_))));
}

#[tokio::test]
async fn branches_have_places_and_the_count_is_the_shown_ones() {
    let place = Place::new();
    let store = place.open().await;
    let (id, ids) = talk(&store, &place.mint, 3).await;
    assert_eq!(
        store.conversation(id).await.unwrap().unwrap().message_count,
        6
    );

    // Another reply to the first question.
    let question = store.message(ids[0]).await.unwrap().unwrap();
    let reply = Message {
        content: "ignored".into(),
        ..Message::reply(
            place.mint.id(),
            &question,
            ModelRef::guide(),
            place.mint.now(),
        )
    };
    let begun = store.begin_reply(reply.clone(), false).await.unwrap();
    assert_eq!((begun.reply.place, begun.reply.of), (2, 2));
    assert_eq!(begun.reply.message.content, "");
    assert_eq!(begun.conversation.message_count, 2);
    answer(&store, &begun.reply.message, "second").await;
    assert_eq!(
        texts(&store, id, At::Tip, None).await,
        ["question 0", "second"]
    );
    assert_eq!(
        store.siblings(ids[1]).await.unwrap(),
        [ids[1], begun.reply.message.id]
    );
    // A message of the branch that is not shown: the newest page instead.
    assert_eq!(
        texts(&store, id, At::After(ids[3]), Some(2)).await,
        ["question 0", "second"]
    );

    // Words that are kept.
    let kept = Message {
        id: place.mint.id(),
        content: "seco".into(),
        ..reply
    };
    let begun = store.begin_reply(kept, true).await.unwrap();
    assert_eq!(begun.reply.message.content, "seco");
    assert_eq!((begun.reply.place, begun.reply.of), (3, 3));
    answer(&store, &begun.reply.message, "second and third").await;

    // Back to the first branch: to its newest end, with its count.
    let chosen = store.choose(id, ids[1]).await.unwrap();
    assert_eq!((chosen.tip, chosen.message_count), (Some(ids[5]), 6));
    // Through depths with siblings and through those without.
    for (message, words) in [
        (ids[0], ["answer 0", "question 1"]),
        (ids[2], ["answer 1", "question 2"]),
    ] {
        assert_eq!(texts(&store, id, At::After(message), Some(2)).await, words);
        let after = store.page(id, At::After(message), Some(2)).await.unwrap();
        assert!(after.has_before && after.has_after);
    }
    let end = store.page(id, At::After(ids[3]), Some(2)).await.unwrap();
    assert!(!end.has_after && end.messages.len() == 2);
    let page = store.page(id, At::Tip, None).await.unwrap();
    assert_eq!((page.messages[1].place, page.messages[1].of), (1, 3));

    // An edited first question is a sibling of the first, though neither has a parent.
    let edited = ask(&store, &place.mint, Some((id, None)), "question 0, better").await;
    assert_eq!((edited.asked.place, edited.asked.of), (2, 2));
    assert_eq!(edited.conversation.message_count, 2);
    assert_eq!(
        store.siblings(ids[0]).await.unwrap(),
        [ids[0], edited.asked.message.id]
    );
    // Another conversation's first question is none.
    let (_, other) = talk(&store, &place.mint, 1).await;
    assert_eq!(store.siblings(other[0]).await.unwrap(), [other[0]]);
    let foreign = store.choose(id, other[0]).await;
    assert!(matches!(foreign, Err(StoreError::Gone(_))));
}

#[tokio::test]
async fn a_turn_without_a_word_is_taken_back() {
    let place = Place::new();
    let store = place.open().await;
    let begun = ask(&store, &place.mint, None, "first").await;
    let id = begun.conversation.id;
    store
        .keep_draft(None, 0, &Draft::of("typed since"))
        .await
        .unwrap();
    store
        .keep_draft(Some(id), 0, &Draft::of("typed there"))
        .await
        .unwrap();
    store
        .keep_draft(Some(id), -1, &Draft::of("put aside"))
        .await
        .unwrap();
    let left = store
        .withdraw(Withdraw {
            reply: begun.reply.message.id,
            question: Some(begun.asked.message.id),
            tip: None,
            archived_at: None,
            remove_conversation: true,
            draft: Some((None, Draft::of("first"))),
        })
        .await
        .unwrap();
    assert_eq!(left, None);
    assert_eq!(store.conversation(id).await.unwrap(), None);
    let drafts = store.drafts(None).await.unwrap();
    let shown: Vec<(i32, &str)> = drafts.iter().map(|(s, d)| (*s, d.text.as_str())).collect();
    assert_eq!(
        shown,
        [
            (0, "first\n\ntyped there\n\ntyped since"),
            (-1, "put aside")
        ]
    );
    assert!(store.drafts(Some(id)).await.unwrap().is_empty());

    // In a conversation that stays, the tip goes back and so does the count.
    let (id, ids) = talk(&store, &place.mint, 2).await;
    let begun = ask(&store, &place.mint, Some((id, Some(ids[3]))), "again").await;
    let draft = Draft {
        edit_of: Some(ids[2]),
        ..Draft::of("again")
    };
    let left = store
        .withdraw(Withdraw {
            reply: begun.reply.message.id,
            question: Some(begun.asked.message.id),
            tip: Some(ids[3]),
            archived_at: None,
            remove_conversation: false,
            draft: Some((Some(id), draft.clone())),
        })
        .await
        .unwrap()
        .unwrap();
    assert_eq!((left.tip, left.message_count), (Some(ids[3]), 4));
    assert_eq!(store.message(begun.asked.message.id).await.unwrap(), None);
    // What waited for a conversation came with the second message.
    let aside = (-1, Draft::of("put aside"));
    assert_eq!(store.drafts(Some(id)).await.unwrap(), [(0, draft), aside]);
}

#[tokio::test]
async fn what_a_turn_took_out_of_the_archive_is_there_again_when_it_is_taken_back() {
    let place = Place::new();
    let store = place.open().await;
    let (id, ids) = talk(&store, &place.mint, 1).await;
    store.archive(&[id], true).await.unwrap();
    let before = store.conversation(id).await.unwrap().unwrap();
    assert!(before.archived_at.is_some());
    let back = |begun: &Begun| Withdraw {
        reply: begun.reply.message.id,
        question: Some(begun.asked.message.id),
        tip: before.tip,
        archived_at: before.archived_at,
        remove_conversation: false,
        draft: None,
    };
    let at = Some((id, ids.last().copied()));
    let begun = ask(&store, &place.mint, at, "again").await;
    assert_eq!(begun.conversation.archived_at, None);
    let left = store.withdraw(back(&begun)).await.unwrap().unwrap();
    assert_eq!(
        (left.archived_at, left.tip),
        (before.archived_at, before.tip)
    );
    assert_eq!(store.count_archived().await.unwrap(), 1);

    // Put there anew since, it keeps that time.
    let begun = ask(&store, &place.mint, at, "once more").await;
    let since = store.archive(&[id], true).await.unwrap()[0].0.archived_at;
    assert!(since > before.archived_at);
    let left = store.withdraw(back(&begun)).await.unwrap().unwrap();
    assert_eq!(left.archived_at, since);
}

#[tokio::test]
async fn the_list_is_newest_first_and_pages_by_cursor() {
    let place = Place::new();
    let store = place.open().await;
    let mut all = Vec::new();
    for n in 0..7 {
        all.push(
            ask(&store, &place.mint, None, &format!("talk {n}"))
                .await
                .conversation
                .id,
        );
    }
    // New words bring an old one to the top.
    ask(&store, &place.mint, Some((all[2], None)), "more").await;
    store
        .keep_draft(Some(all[6]), 0, &Draft::of("waiting"))
        .await
        .unwrap();
    let (first, more) = store
        .list(&Query::default(), None, 0, Some(3))
        .await
        .unwrap();
    assert!(more);
    let shown: Vec<_> = first
        .iter()
        .map(|l| (l.conversation.title.as_str(), l.has_draft))
        .collect();
    assert_eq!(
        shown,
        [("talk 2", false), ("talk 6", true), ("talk 5", false)]
    );
    let mut seen: Vec<ConversationId> = first.iter().map(|l| l.conversation.id).collect();
    while let Some(last) = seen.last().copied() {
        let last = store.conversation(last).await.unwrap().unwrap();
        let after = Cursor {
            is_pinned: false,
            active_at: last.active_at,
            id: last.id,
        };
        let (rows, _) = store
            .list(&Query::default(), Some(after), 0, Some(3))
            .await
            .unwrap();
        if rows.is_empty() {
            break;
        }
        seen.extend(rows.iter().map(|l| l.conversation.id));
    }
    assert_eq!(
        seen,
        [all[2], all[6], all[5], all[4], all[3], all[1], all[0]]
    );
    let (rest, more) = store
        .list(&Query::default(), None, 5, Some(2))
        .await
        .unwrap();
    assert_eq!((rest.len(), more), (2, false));
    assert_eq!(store.count(Which::Active).await.unwrap(), 7);
}

#[tokio::test]
async fn a_filter_finds_every_word_whatever_its_case() {
    let place = Place::new();
    let store = place.open().await;
    for title in [
        "Straße nach Köln",
        "STRASSE",
        "ÄPFEL und Birnen",
        "你好世界",
        "Rust: lifetimes",
        "Ελληνικά",
    ] {
        ask(&store, &place.mint, None, title).await;
    }
    let q = |words: &str| Query {
        words: words.to_owned(),
        which: Which::Active,
        persona: None,
        ..Query::default()
    };
    assert_eq!(titles(&store, &q("köln STR")).await, ["Straße nach Köln"]);
    assert_eq!(titles(&store, &q("äpfel")).await, ["ÄPFEL und Birnen"]);
    assert_eq!(titles(&store, &q("世")).await, ["你好世界"]);
    assert_eq!(titles(&store, &q("TIMES rust")).await, ["Rust: lifetimes"]);
    assert_eq!(
        titles(&store, &q("ελληνικά".to_uppercase().as_str())).await,
        ["Ελληνικά"]
    );
    assert_eq!(
        titles(&store, &q("str")).await,
        ["STRASSE", "Straße nach Köln"]
    );
    assert!(titles(&store, &q("rust nowhere")).await.is_empty());
    // Limit, offset and cursor count matches only.
    let (one, more) = store.list(&q("str"), None, 0, Some(1)).await.unwrap();
    assert!(more && one[0].conversation.title == "STRASSE");
    let (two, more) = store.list(&q("str"), None, 1, Some(1)).await.unwrap();
    assert!(!more && two[0].conversation.title == "Straße nach Köln");
    let after = Cursor {
        is_pinned: false,
        active_at: one[0].conversation.active_at,
        id: one[0].conversation.id,
    };
    let (two_again, _) = store
        .list(&q("str"), Some(after), 0, Some(9))
        .await
        .unwrap();
    assert_eq!(two_again, two);
}

#[tokio::test]
async fn the_trash_takes_and_gives_back() {
    let place = Place::new();
    let store = place.open().await;
    let (a, _) = talk(&store, &place.mint, 1).await;
    let (b, _) = talk(&store, &place.mint, 1).await;
    store.set_last_conversation(Some(a)).await.unwrap();
    let gone: ConversationId = place.mint.id();
    let rows = store.apply(&[a, gone, b], Act::Trash).await.unwrap();
    assert!(rows.len() == 2 && rows.iter().all(|c| c.trashed_at.is_some()));
    assert_eq!(store.last_conversation().await.unwrap(), None);
    assert_eq!(store.count(Which::Active).await.unwrap(), 0);
    assert_eq!(store.count(Which::Trashed).await.unwrap(), 2);
    let trashed = Query {
        words: String::new(),
        which: Which::Trashed,
        persona: None,
        ..Query::default()
    };
    let (rows, more) = store.list(&trashed, None, 0, Some(1)).await.unwrap();
    assert!(more && rows[0].conversation.id == b);
    let after = Cursor {
        is_pinned: false,
        active_at: rows[0].conversation.active_at,
        id: b,
    };
    let (rows, _) = store.list(&trashed, Some(after), 0, None).await.unwrap();
    assert_eq!(rows[0].conversation.id, a);
    let found = Query {
        words: "QUESTION".into(),
        ..trashed
    };
    assert_eq!(titles(&store, &found).await.len(), 2);
    let rows = store.apply(&[a], Act::Restore).await.unwrap();
    assert_eq!(rows[0].trashed_at, None);
    assert_eq!(store.last_conversation().await.unwrap(), Some(a));
}

#[tokio::test]
async fn a_title_of_the_user_stays() {
    let place = Place::new();
    let store = place.open().await;
    let (id, _) = talk(&store, &place.mint, 1).await;
    let set = |title: &'static str, by| store.set_title(id, title, by);
    let by_model = set("By a model", TitleBy::Model).await.unwrap().unwrap();
    assert_eq!(
        (by_model.title.as_str(), by_model.title_by),
        ("By a model", TitleBy::Model)
    );
    assert!(set("Mine", TitleBy::User).await.unwrap().is_some());
    assert_eq!(set("Better", TitleBy::Model).await.unwrap(), None);
    assert_eq!(set("Words", TitleBy::Words).await.unwrap(), None);
    assert!(set("Mine too", TitleBy::User).await.unwrap().is_some());
    let back = set(" ", TitleBy::User).await.unwrap().unwrap();
    assert_eq!(
        (back.title.as_str(), back.title_by),
        ("question 0", TitleBy::Words)
    );
    let gone = store.set_title(place.mint.id(), "x", TitleBy::User).await;
    assert!(matches!(gone, Err(StoreError::Gone(_))));
}

#[tokio::test]
async fn settings_of_a_conversation_round_trip() {
    let place = Place::new();
    let store = place.open().await;
    let (id, _) = talk(&store, &place.mint, 1).await;
    let sampling = Sampling {
        temperature: Some(0.3),
        max_output_tokens: Some(500),
        effort: Some("low".into()),
        stream: Some(false),
    };
    store.set_sampling(id, &sampling).await.unwrap();
    store
        .set_model(id, &"a/b/c".parse().unwrap())
        .await
        .unwrap();
    let set = store.set_system(id, "Be brief.").await.unwrap();
    assert_eq!(
        (set.sampling.clone(), set.system.as_str()),
        (sampling, "Be brief.")
    );
    assert_eq!(set.model, ModelRef::new("a", "b/c"));
    assert_eq!(store.set_system(id, "").await.unwrap().system, "");
    let gone = store.set_system(place.mint.id(), "x").await;
    assert!(matches!(gone, Err(StoreError::Gone(_))));
}

#[tokio::test]
async fn ids_are_found_by_their_beginning() {
    let place = Place::new();
    let store = place.open().await;
    assert_eq!(store.find("last").await.unwrap(), Find::None);
    let (a, _) = talk(&store, &place.mint, 1).await;
    let (b, _) = talk(&store, &place.mint, 1).await;
    let text = a.to_string();
    let Find::One(found) = store.find(&text.to_uppercase()).await.unwrap() else {
        unreachable!()
    };
    assert_eq!(found.id, a);
    let common: String = text
        .chars()
        .zip(b.to_string().chars())
        .take_while(|(x, y)| x == y)
        .map(|(x, _)| x)
        .collect();
    assert_eq!(
        store.find(&common).await.unwrap(),
        Find::Many(vec![a, b]),
        "{common}"
    );
    let Find::One(found) = store.find(&text[..=common.len()]).await.unwrap() else {
        unreachable!()
    };
    assert_eq!(found.id, a);
    assert_eq!(store.find("01a").await.unwrap(), Find::TooShort);
    assert_eq!(store.find("zzzzzzzz").await.unwrap(), Find::None);
    assert_eq!(store.find("00000000").await.unwrap(), Find::None);
    let Find::One(newest) = store.find("last").await.unwrap() else {
        unreachable!()
    };
    assert_eq!(newest.id, b);
    store.set_last_conversation(Some(a)).await.unwrap();
    let Find::One(last) = store.find("last").await.unwrap() else {
        unreachable!()
    };
    assert_eq!(last.id, a);
    store.set_last_conversation(None).await.unwrap();
    assert_eq!(store.last_conversation().await.unwrap(), None);
}

#[tokio::test]
async fn drafts_places_and_facts_round_trip() {
    let place = Place::new();
    let store = place.open().await;
    let (id, ids) = talk(&store, &place.mint, 1).await;
    let draft = Draft {
        caret: 2,
        edit_of: Some(ids[0]),
        prompt: Some((place.mint.id(), 3)),
        ..Draft::of("äöü")
    };
    store.keep_draft(Some(id), 0, &draft).await.unwrap();
    for (slot, text) in [(-1, "new"), (-2, "old"), (1, "queued")] {
        store
            .keep_draft(Some(id), slot, &Draft::of(text))
            .await
            .unwrap();
    }
    let kept = store.drafts(Some(id)).await.unwrap();
    let slots: Vec<i32> = kept.iter().map(|(slot, _)| *slot).collect();
    assert_eq!(slots, [1, 0, -1, -2]);
    assert_eq!(kept[1].1, draft);
    assert!(store.drafts(None).await.unwrap().is_empty());
    store
        .keep_draft(Some(id), -1, &Draft::default())
        .await
        .unwrap();
    assert_eq!(store.drafts(Some(id)).await.unwrap().len(), 3);

    let reading = Reading {
        message: ids[1],
        row: 7,
    };
    assert_eq!(store.reading(id).await.unwrap(), None);
    store.keep_reading(id, Some(reading)).await.unwrap();
    store
        .keep_reading(id, Some(Reading { row: 8, ..reading }))
        .await
        .unwrap();
    assert_eq!(store.reading(id).await.unwrap().unwrap().row, 8);
    store.keep_reading(id, None).await.unwrap();
    assert_eq!(store.reading(id).await.unwrap(), None);
    store
        .keep_reading(place.mint.id(), Some(reading))
        .await
        .unwrap();

    store.remember("theme", "dark").await.unwrap();
    store.remember("theme", "light").await.unwrap();
    assert_eq!(
        store.remembered("theme").await.unwrap().as_deref(),
        Some("light")
    );
    store.set_last_conversation(Some(id)).await.unwrap();
    assert_eq!(
        store.state().await.unwrap().into_keys().collect::<Vec<_>>(),
        ["theme"]
    );
    assert!(store.remember("store.user_id", "x").await.is_err());
    let user = store.user_id().await.unwrap();
    store.close().await;
    assert_eq!(place.open().await.user_id().await.unwrap(), user);
}

/// The drafts of a scope, by slot.
async fn kept(store: &Store, scope: Option<ConversationId>) -> Vec<(i32, String)> {
    let drafts = store.drafts(scope).await.unwrap();
    drafts
        .into_iter()
        .map(|(n, draft)| (n, draft.text))
        .collect()
}

/// Begins a turn from the draft in that slot.
async fn ask_from(
    store: &Store,
    mint: &Mint,
    at: Option<ConversationId>,
    slot: Option<i32>,
) -> Result<Begun, StoreError> {
    let create = at.is_none().then(|| conversation(mint, "Asked"));
    let id = at.unwrap_or_else(|| create.as_ref().unwrap().id);
    let question = Message::question(mint.id(), id, None, "asked".to_owned(), mint.now());
    let reply = Message::reply(mint.id(), &question, ModelRef::guide(), mint.now());
    let send = BeginSend {
        create,
        question,
        reply,
        slot,
    };
    store.begin_send(send).await
}

#[tokio::test]
async fn a_queued_draft_is_spent_with_its_question_and_only_once() {
    let place = Place::new();
    let store = place.open().await;
    let (id, _) = talk(&store, &place.mint, 1).await;
    for (slot, text) in [(0, "typed"), (1, "one"), (2, "two")] {
        let draft = Draft::of(text);
        store.keep_draft(Some(id), slot, &draft).await.unwrap();
    }
    ask_from(&store, &place.mint, Some(id), Some(1))
        .await
        .unwrap();
    let left = [(2, "two".to_owned()), (0, "typed".to_owned())];
    assert_eq!(kept(&store, Some(id)).await, left);
    // The other window has it still on its screen.
    let count = |store: Store| async move { store.questions(id).await.unwrap().len() };
    let before = count(store.clone()).await;
    let again = ask_from(&store, &place.mint, Some(id), Some(1)).await;
    assert!(matches!(again, Err(StoreError::Gone(_))), "{again:?}");
    assert_eq!(count(store.clone()).await, before);
    assert_eq!(kept(&store, Some(id)).await, left);
}

#[tokio::test]
async fn a_conversation_takes_over_what_waited_for_it_and_a_script_takes_nothing() {
    let place = Place::new();
    let store = place.open().await;
    for (slot, text) in [(-1, "aside"), (0, "typed"), (1, "one"), (2, "two")] {
        let draft = Draft::of(text);
        store.keep_draft(None, slot, &draft).await.unwrap();
    }
    let all = kept(&store, None).await;
    ask_from(&store, &place.mint, None, None).await.unwrap();
    assert_eq!(kept(&store, None).await, all);
    let begun = ask_from(&store, &place.mint, None, Some(1)).await.unwrap();
    let left = [(2, "two".to_owned()), (-1, "aside".to_owned())];
    assert_eq!(kept(&store, Some(begun.conversation.id)).await, left);
    assert_eq!(kept(&store, None).await, [(0, "typed".to_owned())]);
}

#[tokio::test]
async fn earlier_questions_come_newest_first_and_by_their_words() {
    let place = Place::new();
    let store = place.open().await;
    let (id, _) = talk(&store, &place.mint, 3).await;
    let begun = ask(&store, &place.mint, None, "日本語の本, please!").await;
    answer(&store, &begun.reply.message, "question 9").await;
    let texts = |found: Vec<(MessageId, String)>| -> Vec<String> {
        found.into_iter().map(|(_, text)| text).collect()
    };
    let all = store.history("", None, 10).await.unwrap();
    let expected = [
        "日本語の本, please!",
        "question 2",
        "question 1",
        "question 0",
    ];
    assert_eq!(texts(all.clone()), expected);
    let next = store.history("", Some(all[1].0), 1).await.unwrap();
    assert_eq!(texts(next), ["question 1"]);
    for (words, found) in [
        ("quest", vec!["question 2", "question 1", "question 0"]),
        ("QUESTION 1", vec!["question 1"]),
        ("本 pl", vec!["日本語の本, please!"]),
        ("語の", vec!["日本語の本, please!"]),
        ("\"please", vec!["日本語の本, please!"]),
        ("nowhere", vec![]),
        ("?!", expected.to_vec()),
    ] {
        let got = store.history(words, None, 10).await.unwrap();
        assert_eq!(texts(got), found, "{words}");
    }
    let behind = store.history("quest", Some(all[1].0), 10).await.unwrap();
    assert_eq!(texts(behind), ["question 1", "question 0"]);
    store.apply(&[id], Act::Trash).await.unwrap();
    let left = store.history("", None, 10).await.unwrap();
    assert_eq!(texts(left), ["日本語の本, please!"]);
    assert!(store.history("quest", None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn models_come_used_first() {
    let place = Place::new();
    let store = place.open().await;
    let spec = |name: &str, context| {
        let facts = Facts {
            context,
            ..Facts::default()
        };
        ModelSpec::with(ModelRef::new("openai", name), facts)
    };
    let at = Millis(START);
    store
        .save_listing(
            "openai",
            &[spec("a", Some(8192)), spec("b", None), spec("c", None)],
            at,
        )
        .await
        .unwrap();
    let b = ModelRef::new("openai", "b");
    let typed = ModelRef::new("local", "typed");
    store.mark_model(&b, true).await.unwrap();
    store.used_model(&typed, Millis(START + 1)).await.unwrap();
    store
        .save_listing("openai", &[spec("a", None)], Millis(START + 2))
        .await
        .unwrap();
    let known = store.models().await.unwrap();
    let names: Vec<String> = known.iter().map(|m| m.model.to_string()).collect();
    assert_eq!(names, ["local/typed", "openai/b", "openai/a"]);
    assert_eq!(known[0].used_at, Some(Millis(START + 1)));
    assert!(known[1].favourite && known[1].listed_at.is_none());
    assert_eq!(
        (known[2].facts.context, known[2].listed_at),
        (Some(8192), Some(Millis(START + 2)))
    );
    assert_eq!(store.habits(&b).await.unwrap(), None);
    store.keep_habits(&b, "{\"at\":1}").await.unwrap();
    store.mark_model(&b, false).await.unwrap();
    let kept = store.habits(&b).await.unwrap();
    assert_eq!(kept.as_deref(), Some("{\"at\":1}"));
    let stranger = ModelRef::new("local", "never");
    assert_eq!(store.habits(&stranger).await.unwrap(), None);
}

#[tokio::test]
async fn a_request_is_measured_once() {
    let place = Place::new();
    let store = place.open().await;
    let begun = ask(&store, &place.mint, None, "how much").await;
    answer(&store, &begun.reply.message, "this much").await;
    let usage = Usage {
        input: Some(1000),
        cached: Some(400),
        output: Some(50),
        reasoning: Some(10),
        ..Usage::default()
    };
    let reply = Message {
        usage: Some(usage),
        cost: Some(Money(3_000_000_000)),
        first_token_ms: Some(250),
        total_ms: Some(4000),
        ..store
            .message(begun.reply.message.id)
            .await
            .unwrap()
            .unwrap()
    };
    let row = UsageRow {
        id: place.mint.id(),
        at: place.mint.now(),
        purpose: Purpose::Turn,
        conversation: Some(reply.conversation),
        persona: None,
        message: Some(reply.id),
        model: ModelRef::guide(),
        usage,
        cost: reply.cost,
        cost_by: Some(CostBy::Shipped),
        tariff: None,
        first_token_ms: reply.first_token_ms,
        total_ms: reply.total_ms,
        status: Status::Complete,
        attempts: 1,
    };
    for _ in 0..2 {
        let conversation = store.measure(Some(&reply), &row).await.unwrap().unwrap();
        assert_eq!(
            (
                conversation.tokens_in,
                conversation.tokens_out,
                conversation.cost,
                conversation.unpriced
            ),
            (1000, 50, Money(3_000_000_000), 0)
        );
    }
    assert_eq!(store.message(reply.id).await.unwrap().unwrap(), reply);
    let title = UsageRow {
        id: place.mint.id(),
        purpose: Purpose::Title,
        message: None,
        cost: None,
        cost_by: None,
        ..row.clone()
    };
    let conversation = store.measure(None, &title).await.unwrap().unwrap();
    assert_eq!((conversation.tokens_in, conversation.unpriced), (2000, 1));
    let temporary = UsageRow {
        id: place.mint.id(),
        conversation: None,
        ..title
    };
    assert_eq!(store.measure(None, &temporary).await.unwrap(), None);

    let mut outside = place.outside().await;
    let requests = "SELECT sum(requests) FROM usage_sum";
    assert_eq!(number(&mut outside, requests).await, 3);
    // 8 log2(250) = 63.7, 8 log2(4000) = 95.7; counted once for each row.
    for sql in [
        "SELECT requests FROM usage_time WHERE what = 'first' AND bucket = 63",
        "SELECT requests FROM usage_time WHERE what = 'total' AND bucket = 95",
    ] {
        assert_eq!(number(&mut outside, sql).await, 3);
    }
}

/// A request at this time that cost so much.
fn spent_at(mint: &Mint, at: i64, cost: Option<i64>) -> UsageRow {
    UsageRow {
        id: mint.id(),
        at: Millis(at),
        purpose: Purpose::Turn,
        conversation: None,
        message: None,
        persona: None,
        model: ModelRef::new("lab", "m"),
        usage: Usage {
            input: Some(100),
            output: Some(10),
            ..Usage::default()
        },
        cost: cost.map(Money),
        cost_by: cost.map(|_| CostBy::Listing),
        tariff: None,
        first_token_ms: None,
        total_ms: None,
        status: Status::Complete,
        attempts: 1,
    }
}

#[tokio::test]
async fn what_was_spent_is_summed_from_any_moment_on() {
    let place = Place::new();
    let store = place.open().await;
    let hour = 3_600_000;
    let day = 20_000 * 24 * hour;
    for (at, cost) in [
        (day - 1, Some(1)),
        (day, Some(10)),
        (day + hour / 2 - 1, Some(100)),
        (day + hour / 2, Some(1_000)),
        (day + hour, None),
        (day + 23 * hour, Some(10_000)),
    ] {
        let row = spent_at(&place.mint, at, cost);
        store.measure(None, &row).await.unwrap();
    }
    let spent = async |since| store.spent(Millis(since)).await.unwrap();
    let sums = |spent: Spent| (spent.cost.0, spent.unpriced, spent.tokens);
    assert_eq!(sums(spent(day).await), (11_110, 1, 550));
    assert_eq!(sums(spent(day + hour / 2).await), (11_000, 1, 330));
    assert_eq!(sums(spent(day + hour).await), (10_000, 1, 220));
    assert_eq!(sums(spent(day + 24 * hour).await), (0, 0, 0));
}

#[tokio::test]
async fn a_price_is_kept_once_and_anew_when_it_changes() {
    let place = Place::new();
    let store = place.open().await;
    let tariff = |input| Tariff {
        from: None,
        price: Price {
            input: Some(input),
            output: Some(10),
            cache_write_long: Some(7),
            ..Price::default()
        },
        tiers: vec![Tier {
            above: 200_000,
            price: Price::default(),
        }],
    };
    for (at, input) in [(1, 2), (2, 2), (3, 5), (4, 5), (5, 2)] {
        let row = UsageRow {
            tariff: Some(tariff(input)),
            ..spent_at(&place.mint, START + at, Some(1))
        };
        store.measure(None, &row).await.unwrap();
    }
    let mut outside = place.outside().await;
    let prices = "SELECT count(*) FROM price WHERE model = 'lab/m' AND source = 'listing'";
    assert_eq!(number(&mut outside, prices).await, 3);
    let same = "SELECT count(*) FROM usage JOIN price ON price.n = price_n WHERE price.input = 5";
    assert_eq!(number(&mut outside, same).await, 2);
    let whole = "SELECT count(*) FROM price WHERE tiers ->> '$.cache_write_long' = 7 AND tiers ->> '$.tiers[0].above' = 200000";
    assert_eq!(number(&mut outside, whole).await, 3);
}

#[tokio::test]
async fn a_listing_keeps_its_facts_and_forgets_a_price_that_is_gone() {
    let place = Place::new();
    let store = place.open().await;
    let whole = Facts {
        context: Some(8192),
        max_output: Some(4096),
        abilities: Abilities {
            images: Some(true),
            tools: Some(false),
            ..Abilities::default()
        },
        tariff: Some(Tariff::free()),
        owner: Some("lab".into()),
        ends: Some("2027-01-01".into()),
    };
    let model = ModelRef::new("lab", "m");
    let list = async |facts: &Facts, at| {
        let spec = ModelSpec::with(model.clone(), facts.clone());
        store
            .save_listing("lab", &[spec], Millis(at))
            .await
            .unwrap();
        store.model(&model).await.unwrap().unwrap()
    };
    let known = list(&whole, START).await;
    assert_eq!(
        (&known.facts, known.tariff_by),
        (&whole, Some(CostBy::Listing))
    );
    let less = Facts {
        context: Some(16_384),
        ..Facts::default()
    };
    let known = list(&less, START + 1).await;
    let expected = Facts {
        context: Some(16_384),
        tariff: None,
        ends: None,
        ..whole
    };
    assert_eq!((known.facts, known.tariff_by), (expected, None));
    store.close().await;
    assert!(place.open().await.model(&model).await.unwrap().is_some());
}

#[tokio::test]
async fn a_store_in_memory_does_the_same() {
    let mint = mint();
    let store = Store::memory(&mint).await.unwrap();
    assert!(store.start_writing().await.unwrap().is_empty());
    let (id, _) = talk(&store, &mint, 3).await;
    assert_eq!(texts(&store, id, At::Tip, Some(1)).await, ["answer 2"]);
    assert_eq!(
        titles(
            &store,
            &Query {
                words: "question".into(),
                which: Which::Active,
                persona: None,
                ..Query::default()
            }
        )
        .await,
        ["question 0"]
    );
    assert!(!store.user_id().await.unwrap().is_empty());
    let running = ask(&store, &mint, Some((id, None)), "x").await;
    let page = store.page(id, At::Tip, None).await.unwrap();
    assert_eq!(page.messages[1].message.id, running.reply.message.id);
    assert!(!page.messages[1].is_elsewhere);
    store.check().await.unwrap();
}

#[tokio::test]
async fn whole_conversations_can_be_brought_in() {
    let place = Place::new();
    let store = place.open().await;
    let mut whole = conversation(&place.mint, "brought in");
    let question = Message {
        status: Status::Complete,
        ..Message::question(
            place.mint.id(),
            whole.id,
            None,
            "你好".into(),
            place.mint.now(),
        )
    };
    let reply = Message {
        status: Status::Complete,
        content: "hi".into(),
        ..Message::reply(
            place.mint.id(),
            &question,
            ModelRef::guide(),
            place.mint.now(),
        )
    };
    whole.tip = Some(reply.id);
    let id = whole.id;
    let batch = [Whole {
        conversation: whole,
        messages: vec![question.clone(), reply.clone()],
    }];
    store.insert_whole(&batch).await.unwrap();
    let now = store.conversation(id).await.unwrap().unwrap();
    assert_eq!(
        (now.message_count, now.active_at, now.tip),
        (2, reply.created_at, Some(reply.id))
    );
    assert_eq!(store.branch(reply.id).await.unwrap(), [question, reply]);
    assert!(store.insert_whole(&batch).await.is_err());
}

#[tokio::test]
async fn a_kill_keeps_the_words_and_gives_an_empty_reply_back() {
    let place = Place::new();
    let store = place.open().await;
    let words = ask(&store, &place.mint, None, "asked").await;
    store
        .grow(words.reply.message.id, "Half of it", None)
        .await
        .unwrap();
    let thought = ask(&store, &place.mint, None, "thought about").await;
    store
        .grow(thought.reply.message.id, "", Some(("hm", 5)))
        .await
        .unwrap();
    let empty = ask(&store, &place.mint, None, "never answered").await;
    let (retried, ids) = talk(&store, &place.mint, 1).await;
    let question = store.message(ids[0]).await.unwrap().unwrap();
    let retry = Message::reply(
        place.mint.id(),
        &question,
        ModelRef::guide(),
        place.mint.now(),
    );
    store.begin_reply(retry.clone(), false).await.unwrap();

    let killed = place.killed();
    let store = killed.open().await;
    let changed = store.start_writing().await.unwrap();
    let reply = store
        .message(words.reply.message.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (reply.status, reply.content.as_str()),
        (Status::Interrupted, "Half of it")
    );
    assert!(changed.contains(&Row::Message(reply)));
    let asked = store.message(words.asked.message.id).await.unwrap();
    assert_eq!(asked.unwrap().status, Status::Complete);
    let reply = store.message(thought.reply.message.id).await.unwrap();
    assert_eq!(reply.unwrap().status, Status::Interrupted);

    assert!(changed.contains(&Row::MessageGone(empty.reply.message.id)));
    let asked = store
        .message(empty.asked.message.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(asked.status, Status::Unsent);
    let c = store
        .conversation(empty.conversation.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((c.tip, c.message_count), (Some(asked.id), 1));
    assert!(changed.contains(&Row::Conversation(c)));

    // A retry only loses its empty reply: the earlier one is shown again.
    assert_eq!(store.message(retry.id).await.unwrap(), None);
    let c = store.conversation(retried).await.unwrap().unwrap();
    assert_eq!((c.tip, c.message_count), (Some(ids[1]), 2));
    let asked = store.message(ids[0]).await.unwrap().unwrap();
    assert_eq!(asked.status, Status::Complete);
    store.check().await.unwrap();
    assert!(
        killed
            .open()
            .await
            .start_writing()
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_running_salon_keeps_its_reply_and_a_dead_one_loses_it_when_looked_at() {
    let place = Place::new();
    let first = place.open().await;
    let begun = ask(&first, &place.mint, None, "long").await;
    let (id, reply) = (begun.conversation.id, begun.reply.message.id);
    first.grow(reply, "Once upon", None).await.unwrap();

    let second = place.open().await;
    let page = second.page(id, At::Tip, None).await.unwrap();
    assert!(page.messages[1].is_elsewhere);
    assert!(second.start_writing().await.unwrap().is_empty());
    let page = second.page(id, At::Tip, None).await.unwrap();
    assert!(page.messages[1].is_elsewhere && !page.messages[0].is_elsewhere);
    // To the one that writes it, it is its own.
    assert!(!first.page(id, At::Tip, None).await.unwrap().messages[1].is_elsewhere);

    // Killed: the kernel frees the lock, nothing else happens.
    drop(first);
    let page = second.page(id, At::Tip, None).await.unwrap();
    let shown = &page.messages[1];
    assert_eq!(
        (
            shown.message.status,
            shown.is_elsewhere,
            shown.message.content.as_str()
        ),
        (Status::Interrupted, false, "Once upon")
    );
    let run = place.db().with_file_name("run");
    assert_eq!(std::fs::read_dir(&run).unwrap().count(), 1);
    second.close().await;
    assert_eq!(std::fs::read_dir(&run).unwrap().count(), 0);
}

#[tokio::test]
async fn two_salons_write_one_database() {
    let place = Place::new();
    let (one, two) = (place.open().await, place.open().await);
    let (a, b) = tokio::join!(talk(&one, &place.mint, 20), talk(&two, &place.mint, 20));
    for (id, ids) in [a, b] {
        let c = one.conversation(id).await.unwrap().unwrap();
        assert_eq!(c, two.conversation(id).await.unwrap().unwrap());
        assert_eq!((c.message_count, c.tip), (40, ids.last().copied()));
    }
}

#[tokio::test]
async fn two_salons_may_start_on_nothing() {
    let place = Place::new();
    let (one, two) = tokio::join!(place.try_open(), place.try_open());
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.user_id().await.unwrap(), two.user_id().await.unwrap());
}

#[tokio::test]
async fn ids_and_stamps_stay_ahead_of_the_database() {
    let place = Place::new();
    let store = place.open().await;
    let (id, ids) = talk(&store, &place.mint, 1).await;
    store
        .set_title(id, "Named in the future", TitleBy::User)
        .await
        .unwrap();
    store.close().await;
    // The clock has jumped back a year.
    let behind = Place {
        mint: Mint::new(Arc::new(|| Millis(START - 31_536_000_000))),
        ..place
    };
    let store = behind.open().await;
    assert!(behind.mint.id::<MessageId>() > ids[1]);
    let begun = ask(&store, &behind.mint, Some((id, Some(ids[1]))), "later").await;
    assert!(begun.asked.message.id > ids[1]);
    assert!(behind.mint.stamp().0 > (START << 16));
    let renamed = store.set_title(id, "Renamed", TitleBy::User).await.unwrap();
    assert_eq!(renamed.unwrap().title, "Renamed");
}

#[tokio::test]
async fn files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let store = place.open().await;
    store.start_writing().await.unwrap();
    let mode = |path: PathBuf| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(place.db()), 0o600);
    assert_eq!(mode(place.db().with_file_name("salon.db-wal")), 0o600);
    assert_eq!(mode(place.db().parent().unwrap().to_owned()), 0o700);
    assert_eq!(mode(place.db().with_file_name("run")), 0o700);
}

#[tokio::test]
async fn files_that_cannot_be_used_stay_as_they_are() {
    let place = Place::new();
    std::fs::create_dir_all(place.db().parent().unwrap()).unwrap();

    let words = "Dear diary, this is not a database at all. ".repeat(40);
    std::fs::write(place.db(), &words).unwrap();
    assert_eq!(place.try_open().await.err(), Some(StoreError::NotOurs));
    assert_eq!(std::fs::read_to_string(place.db()).unwrap(), words);
    std::fs::remove_file(place.db()).unwrap();

    std::fs::create_dir(place.db()).unwrap();
    assert!(matches!(
        place.try_open().await,
        Err(StoreError::NoAccess(_))
    ));
    std::fs::remove_dir(place.db()).unwrap();

    // An empty file is fresh.
    std::fs::write(place.db(), "").unwrap();
    place.open().await.close().await;

    // Another program's mark: bytes 68 to 71 of the header.
    let whole = std::fs::read(place.db()).unwrap();
    let mut foreign = whole.clone();
    foreign[68..72].copy_from_slice(&7_u32.to_be_bytes());
    std::fs::write(place.db(), &foreign).unwrap();
    assert_eq!(place.try_open().await.err(), Some(StoreError::NotOurs));
    assert_eq!(std::fs::read(place.db()).unwrap(), foreign);

    // A later version: bytes 60 to 63.
    let mut newer = whole.clone();
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    std::fs::write(place.db(), &newer).unwrap();
    assert_eq!(
        place.try_open().await.err(),
        Some(StoreError::Newer {
            found: 99,
            known: 5
        })
    );
    assert_eq!(std::fs::read(place.db()).unwrap(), newer);

    // Pages overwritten.
    let mut damaged = whole;
    for page in damaged.chunks_mut(4096).skip(1) {
        page[..100].fill(0x5a);
    }
    std::fs::write(place.db(), &damaged).unwrap();
    assert!(matches!(
        place.try_open().await,
        Err(StoreError::Damaged(_))
    ));
    assert_eq!(std::fs::read(place.db()).unwrap(), damaged);
}

/// The first cell of a statement's first row.
async fn number(outside: &mut SqliteConnection, sql: &'static str) -> i64 {
    let row = sqlx::query(sql).fetch_one(outside).await.unwrap();
    row.get(0)
}

#[tokio::test]
async fn words_are_found_once_a_reply_has_ended() {
    const FOUND: &str =
        "SELECT count(*) FROM message_word WHERE message_word MATCH 'body : \"语\"'";
    const WHOLE: &str = "SELECT count(*) FROM message_word";
    let place = Place::new();
    let store = place.open().await;
    let begun = ask(&store, &place.mint, None, "Rust语言").await;
    let mut outside = place.outside().await;
    assert_eq!(number(&mut outside, FOUND).await, 1);
    store
        .grow(begun.reply.message.id, "一种语言", None)
        .await
        .unwrap();
    assert_eq!(number(&mut outside, FOUND).await, 1);
    answer(&store, &begun.reply.message, "一种语言。").await;
    assert_eq!(number(&mut outside, FOUND).await, 2);

    // What is taken back leaves the index too.
    let at = Some((begun.conversation.id, begun.conversation.tip));
    let again = ask(&store, &place.mint, at, "语").await;
    assert_eq!(number(&mut outside, FOUND).await, 3);
    store
        .withdraw(Withdraw {
            reply: again.reply.message.id,
            question: Some(again.asked.message.id),
            tip: begun.conversation.tip,
            archived_at: None,
            remove_conversation: false,
            draft: None,
        })
        .await
        .unwrap();
    assert_eq!(number(&mut outside, FOUND).await, 2);
    assert_eq!(number(&mut outside, WHOLE).await, 2);
    sqlx::query("INSERT INTO message_word(message_word, rank) VALUES ('integrity-check', 1)")
        .execute(&mut outside)
        .await
        .unwrap();

    // A killed reply's words are found as well.
    let running = ask(&store, &place.mint, at, "x").await;
    store
        .grow(running.reply.message.id, "语", None)
        .await
        .unwrap();
    let killed = place.killed();
    killed.open().await.start_writing().await.unwrap();
    assert_eq!(number(&mut killed.outside().await, FOUND).await, 3);
}

#[tokio::test]
async fn the_database_refuses_what_would_break_it() {
    let place = Place::new();
    let store = place.open().await;
    talk(&store, &place.mint, 1).await;
    let mut outside = place.outside().await;
    for (sql, why) in [
        (
            "UPDATE conversation SET title = 'x'",
            "without a newer stamp",
        ),
        (
            "UPDATE conversation SET trashed_at = 1",
            "without a newer stamp",
        ),
        (
            "UPDATE message SET status = 'failed'",
            "without a newer stamp",
        ),
        (
            "UPDATE message SET content = 'x', stamp = stamp + 1",
            "never change",
        ),
        ("DELETE FROM message", "without a tombstone"),
        ("DELETE FROM conversation", "without a tombstone"),
        (
            "INSERT INTO usage(id, at, purpose, provider, model, status, stamp, origin)
             VALUES (x'00', 0, 'turn', 'p', 'm', 'complete', 0, 1)",
            "CHECK",
        ),
    ] {
        let error = sqlx::query(sql).execute(&mut outside).await.unwrap_err();
        assert!(error.to_string().contains(why), "{sql}: {error}");
    }
    // What follows from messages is no decision: it needs no stamp.
    sqlx::query("UPDATE conversation SET active_at = 1, tip_id = NULL")
        .execute(&mut outside)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_not_yet_sent_is_not_for_others() {
    const CHANGES: &str = "SELECT count(*) FROM change WHERE kind = 'message'";
    let place = Place::new();
    let store = place.open().await;
    let begun = ask(&store, &place.mint, None, "x").await;
    let mut outside = place.outside().await;
    assert_eq!(number(&mut outside, CHANGES).await, 0);
    store.first_word(begun.asked.message.id).await.unwrap();
    assert_eq!(number(&mut outside, CHANGES).await, 1);
    answer(&store, &begun.reply.message, "y").await;
    assert_eq!(number(&mut outside, CHANGES).await, 2);
    store
        .apply(&[begun.conversation.id], Act::Trash)
        .await
        .unwrap();
    let changed = "SELECT count(*) FROM change WHERE kind = 'conversation'";
    assert_eq!(number(&mut outside, changed).await, 1);

    // A conversation taken back leaves a tombstone.
    let begun = ask(&store, &place.mint, None, "z").await;
    store
        .withdraw(Withdraw {
            reply: begun.reply.message.id,
            question: Some(begun.asked.message.id),
            tip: None,
            archived_at: None,
            remove_conversation: true,
            draft: None,
        })
        .await
        .unwrap();
    let gone = "SELECT count(*) FROM change WHERE kind = 'gone:conversation'";
    assert_eq!(number(&mut outside, gone).await, 1);
}

/// What waits for the hub, id and message count, and takes it as sent.
async fn drained(store: &Store) -> Vec<(ConversationId, u64)> {
    let waiting = store.waiting("hub").await.unwrap();
    let page = store.outgoing("hub", 100).await.unwrap();
    assert!(page.is_last);
    let all = page.rows.len() + page.gone.len();
    assert_eq!(u64::try_from(all).unwrap(), waiting);
    store.sent("hub", page.upto).await.unwrap();
    assert_eq!(store.waiting("hub").await.unwrap(), 0);
    let gone = page.gone.into_iter().map(|id| (id, 0));
    let rows = page.rows.into_iter().map(|row| (row.id, row.message_count));
    rows.chain(gone).collect()
}

#[tokio::test]
async fn a_hub_gets_each_conversation_once_when_its_turn_is_over() {
    let place = Place::new();
    let store = place.open().await;
    let (id, ids) = talk(&store, &place.mint, 1).await;
    let (other, _) = talk(&store, &place.mint, 2).await;
    assert_eq!(store.waiting("hub").await.unwrap(), 2, "before it is known");
    assert_eq!(store.open_hub("hub", "anna").await.unwrap(), None);
    assert_eq!(drained(&store).await, [(id, 2), (other, 4)]);

    // A reply that is being written changes nothing there yet.
    let begun = ask(&store, &place.mint, Some((id, Some(ids[1]))), "more").await;
    store.first_word(begun.asked.message.id).await.unwrap();
    store
        .grow(begun.reply.message.id, "so", None)
        .await
        .unwrap();
    assert_eq!(drained(&store).await, []);
    answer(&store, &begun.reply.message, "so far").await;
    assert_eq!(drained(&store).await, [(id, 4)]);
    // Taken back, it is as it was before.
    let at = Some((id, Some(begun.reply.message.id)));
    let taken = ask(&store, &place.mint, at, "no").await;
    let back = Withdraw {
        reply: taken.reply.message.id,
        question: Some(taken.asked.message.id),
        tip: Some(begun.reply.message.id),
        archived_at: None,
        remove_conversation: false,
        draft: None,
    };
    store.withdraw(back).await.unwrap();
    assert_eq!(drained(&store).await, [(id, 4)]);
    // What a kill leaves half done is known after the next start.
    let cut = ask(&store, &place.mint, at, "and").await;
    store.first_word(cut.asked.message.id).await.unwrap();
    store
        .grow(cut.reply.message.id, "half", None)
        .await
        .unwrap();
    assert_eq!(drained(&store).await, []);
    let killed = place.killed();
    let store = killed.open().await;
    store.start_writing().await.unwrap();
    assert_eq!(drained(&store).await, [(id, 6)]);

    // Places belong to hubs and users; another name takes the rows of the former one over.
    assert_eq!(store.waiting("another").await.unwrap(), 2);
    assert_eq!(store.open_hub("hub", "anna").await.unwrap(), None);
    let former = store.open_hub("hub", "bob").await.unwrap();
    assert_eq!(former.as_deref(), Some("anna"));
    assert_eq!(store.waiting("hub").await.unwrap(), 2);
    let still = store.open_hub("hub", "bob").await.unwrap();
    assert_eq!(still.as_deref(), Some("anna"));
}

#[tokio::test]
async fn a_kill_at_any_save_loses_nothing_before_it() {
    let place = Place::new();
    let store = place.open().await;
    let begun = ask(&store, &place.mint, None, "tell me").await;
    store.first_word(begun.asked.message.id).await.unwrap();
    let mut words = String::new();
    for n in 0..10 {
        words.push_str(&format!("word {n} "));
        store
            .grow(begun.reply.message.id, &words, None)
            .await
            .unwrap();
        let killed = place.killed();
        let store = killed.open().await;
        let page = store
            .page(begun.conversation.id, At::Tip, None)
            .await
            .unwrap();
        assert_eq!(page.messages[0].message.content, "tell me");
        assert_eq!(page.messages[1].message.content, words);
        assert_eq!(page.messages[1].message.status, Status::Interrupted);
        store.check().await.unwrap();
    }
}

#[tokio::test]
async fn a_lock_folder_that_cannot_be_made_stops_writing_not_reading() {
    let place = Place::new();
    let store = place.open().await;
    let (id, _) = talk(&store, &place.mint, 1).await;
    store.close().await;
    std::fs::remove_dir_all(place.db().with_file_name("run")).unwrap();
    std::fs::write(place.db().with_file_name("run"), "in the way").unwrap();
    let store = place.open().await;
    assert_eq!(texts(&store, id, At::Tip, None).await.len(), 2);
    assert!(matches!(
        store.start_writing().await,
        Err(StoreError::NoAccess(_))
    ));
}
