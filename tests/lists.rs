//! The list of conversations: its orders, its archive, its filter; copies, marks and tags; what is removed for good.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one event among all, and stops where it cannot go on"
)]

mod support;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use salon::domain::conversation::{Conversation, Draft, Sampling, Storage, Thread, TitleBy};
use salon::domain::failure::FailureKind;
use salon::domain::filter::{Filter, WithPersona};
use salon::domain::id::{ConversationId, MessageId, Mint, PersonaId};
use salon::domain::message::{Message, Status};
use salon::domain::model::ModelRef;
use salon::domain::usage::Money;
use salon::domain::when::Millis;
use salon::engine::Options;
use salon::protocol::{
    Act, Answer as Answered, At, Command, Cursor, News, Order, Query, Row, Shelf, To, Turn, Which,
};
use salon::settings::{Retention, Settings, Wire};
use salon::store::{Store, StoreError, Whole};
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row as _};
use support::face::{Face, disk, eventually, mint};
use support::fixture::settings;
use support::openai::{Next, OpenAi};
use support::server::{Answer, Gate, Server};
use tempfile::TempDir;

const DAY: i64 = 86_400_000;
/// Where the clocks of faces begin.
const NOW: i64 = 1_795_000_000_000;

fn conversation(mint: &Mint, title: &str, active_at: i64) -> Conversation {
    Conversation {
        id: mint.id(),
        title: title.to_owned(),
        title_by: TitleBy::Words,
        model: ModelRef::guide(),
        persona: None,
        system: String::new(),
        sampling: Sampling::default(),
        storage: Storage::Local,
        thread: None,
        created_at: Millis(active_at),
        active_at: Millis(active_at),
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
        metadata: json!({}),
    }
}

/// Of so many exchanges, the last at that moment.
fn whole(mint: &Mint, mut conversation: Conversation, exchanges: usize) -> Whole {
    let mut messages: Vec<Message> = Vec::new();
    for n in 0..exchanges {
        let at = Millis(conversation.created_at.0 + i64::try_from(n).unwrap());
        let text = format!("question {n}");
        let parent = messages.last().map(|message| message.id);
        let question = Message {
            status: Status::Complete,
            ..Message::question(mint.id(), conversation.id, parent, text, at)
        };
        let reply = Message {
            status: Status::Complete,
            content: format!("answer {n}"),
            ..Message::reply(mint.id(), &question, ModelRef::guide(), at)
        };
        messages.extend([question, reply]);
    }
    conversation.tip = messages.last().map(|message| message.id);
    Whole {
        conversation,
        messages,
    }
}

/// A home with these conversations in its database.
async fn home(all: &[Whole]) -> (TempDir, Settings) {
    let home = tempfile::tempdir().unwrap();
    let settings = settings("http://127.0.0.1:9", home.path());
    let store = disk(&settings).await;
    store.insert_whole(all).await.unwrap();
    store.close().await;
    (home, settings)
}

async fn memory(all: &[Conversation]) -> Store {
    let store = Store::memory(&mint()).await.unwrap();
    let all: Vec<Whole> = all
        .iter()
        .map(|one| Whole {
            conversation: one.clone(),
            messages: Vec::new(),
        })
        .collect();
    store.insert_whole(&all).await.unwrap();
    store
}

fn words(words: &str) -> Query {
    Query {
        words: words.to_owned(),
        ..Query::default()
    }
}

/// The titles of a query page by page, each found by the last row of the one before.
async fn titles(store: &Store, query: &Query, limit: u32) -> Vec<String> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let (rows, has_more) = store.list(query, after, 0, Some(limit)).await.unwrap();
        all.extend(rows.iter().map(|row| row.conversation.title.clone()));
        let Some(last) = rows.last().filter(|_| has_more) else {
            return all;
        };
        after = Some(Cursor {
            is_pinned: last.conversation.pinned_at.is_some(),
            active_at: last.conversation.active_at,
            id: last.conversation.id,
        });
    }
}

/// A number straight from the file.
async fn number(settings: &Settings, sql: &str) -> i64 {
    let options = SqliteConnectOptions::new().filename(&settings.paths.database);
    let mut outside = options.connect().await.unwrap();
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    let row = sqlx::query(sql).fetch_one(&mut outside).await.unwrap();
    row.get(0)
}

async fn done(face: &mut Face, shelf: Shelf) -> (String, Option<Command>) {
    match face.answer(Command::Shelf(shelf)).await {
        Answered::Done { what, undo } => (what, undo),
        other => panic!("{other:?}"),
    }
}

async fn refused(face: &mut Face, shelf: Shelf) -> (FailureKind, String) {
    let id = face.ask(Command::Shelf(shelf)).await;
    let failure = face.refusal(id).await;
    (failure.kind, failure.title)
}

/// The rows that were said to be changed since the last so many events.
fn changed(face: &Face, since: usize) -> Vec<ConversationId> {
    let said = face.said[since..].iter();
    said.filter_map(|event| match &event.news {
        News::Changed(Row::Conversation(row)) => Some(row.id),
        _ => None,
    })
    .collect()
}

fn gone(face: &Face) -> Vec<ConversationId> {
    let said = face.said.iter();
    said.filter_map(|event| match &event.news {
        News::Changed(Row::ConversationGone(id)) => Some(*id),
        _ => None,
    })
    .collect()
}

#[tokio::test]
async fn pinned_ones_stand_first_and_archived_ones_stand_apart() {
    let mint = mint();
    let all: Vec<Conversation> = (0..8_i64)
        .map(|n| conversation(&mint, &n.to_string(), n / 2))
        .collect();
    let id = |n: usize| all[n].id;
    let home = tempfile::tempdir().unwrap();
    let settings = settings("http://127.0.0.1:9", home.path());
    let store = disk(&settings).await;
    let wholes = all.iter().map(|one| whole(&mint, one.clone(), 0));
    store
        .insert_whole(&wholes.collect::<Vec<_>>())
        .await
        .unwrap();
    store
        .pin(&[id(1), id(4), id(5), id(2)], true)
        .await
        .unwrap();
    store.archive(&[id(2), id(6), id(0)], true).await.unwrap();
    store.apply(&[id(3)], Act::Trash).await.unwrap();
    store.close().await;

    // As it was left, also after a restart.
    let store = disk(&settings).await;
    let archive = Query {
        is_archive: true,
        ..Query::default()
    };
    let trash = Query {
        which: Which::Trashed,
        ..Query::default()
    };
    for limit in 1..5 {
        assert_eq!(
            titles(&store, &Query::default(), limit).await,
            ["5", "4", "1", "7"]
        );
        assert_eq!(titles(&store, &archive, limit).await, ["2", "6", "0"]);
        assert_eq!(
            titles(&store, &words("is:archived"), limit).await,
            ["2", "6", "0"]
        );
        assert_eq!(
            titles(&store, &words("is:archived is:pinned"), limit).await,
            ["2"]
        );
        assert_eq!(
            titles(&store, &words("is:pinned"), limit).await,
            ["5", "4", "1"]
        );
        assert_eq!(titles(&store, &trash, limit).await, ["3"]);
    }
    assert_eq!(store.count(Which::Active).await.unwrap(), 4);
    assert_eq!(store.count_archived().await.unwrap(), 3);
    assert_eq!(store.count(Which::Trashed).await.unwrap(), 1);
    // An offset behind a cursor counts over the border between pinned ones and others.
    let (rows, more) = store
        .list(
            &Query::default(),
            Some(Cursor {
                is_pinned: true,
                active_at: Millis(2),
                id: id(5),
            }),
            1,
            Some(2),
        )
        .await
        .unwrap();
    let shown: Vec<&str> = rows.iter().map(|row| &row.conversation.title[..]).collect();
    assert_eq!((shown, more), (vec!["1", "7"], false));
    // The trash keeps the pin, and gives it back.
    store.apply(&[id(5)], Act::Trash).await.unwrap();
    store.apply(&[id(5)], Act::Restore).await.unwrap();
    assert_eq!(titles(&store, &Query::default(), 9).await[0], "5");
}

#[tokio::test]
async fn other_orders_are_paged_by_offset() {
    let mint = mint();
    let mut all: Vec<Whole> = Vec::new();
    for (title, created, exchanges) in [
        ("Zebra", 5, 1),
        ("äpfel", 4, 3),
        ("apple", 3, 2),
        ("Über", 2, 0),
        ("banana", 1, 4),
    ] {
        let one = conversation(&mint, title, created * 1000);
        all.push(whole(&mint, one, exchanges));
    }
    let pinned = all[3].conversation.id;
    let store = Store::memory(&mint).await.unwrap();
    store.insert_whole(&all).await.unwrap();
    store.pin(&[pinned], true).await.unwrap();
    for (order, expected) in [
        (
            Order::Activity,
            ["Über", "Zebra", "äpfel", "apple", "banana"],
        ),
        (
            Order::Created,
            ["Über", "Zebra", "äpfel", "apple", "banana"],
        ),
        (Order::Title, ["Über", "apple", "banana", "Zebra", "äpfel"]),
        (
            Order::Messages,
            ["Über", "banana", "äpfel", "apple", "Zebra"],
        ),
    ] {
        let query = Query {
            order,
            ..Query::default()
        };
        for limit in [1, 2, 5] {
            let mut found = Vec::new();
            loop {
                let offset = u64::try_from(found.len()).unwrap();
                let (rows, more) = store.list(&query, None, offset, Some(limit)).await.unwrap();
                found.extend(rows.into_iter().map(|row| row.conversation.title));
                if !more {
                    break;
                }
            }
            assert_eq!(found, expected, "{order:?} {limit}");
        }
        let with = Query {
            words: "a".into(),
            ..query.clone()
        };
        let (rows, _) = store.list(&with, None, 0, None).await.unwrap();
        assert_eq!(rows.len(), 3, "{order:?}");
        assert_eq!(store.count_fitting(&with).await.unwrap(), 3);
    }
}

/// Conversations that differ in everything a filter can ask for.
fn any_conversation() -> impl Strategy<Value = Conversation> {
    let tags = prop::sample::subsequence(vec!["rust", "Größe", "to-read"], 0..=3);
    let flags = (any::<bool>(), any::<bool>(), prop::bool::weighted(0.2));
    let named = (
        "(rust|Rust|ÜBER|über|STRASSE)( (a|b|好))?",
        "(openai/gpt-4o|openai/gpt-4o-mini|Lab/Ümlaut)",
    );
    (named, tags, flags, 0..40_i64, 0..40_i64, 0..3_u128).prop_map(
        |((title, model), tags, (pinned, archived, trashed), created, active, persona)| {
            let at = |is: bool| is.then_some(Millis(1));
            let mut one = conversation(&mint(), &title, NOW - active * DAY / 4);
            one.created_at = Millis(NOW - (active + created) * DAY / 4);
            one.model = model.parse().unwrap();
            one.tags = tags.into_iter().map(str::to_owned).collect();
            one.persona = (persona > 0).then(|| PersonaId(uuid::Uuid::from_u128(persona)));
            (one.pinned_at, one.archived_at, one.trashed_at) =
                (at(pinned), at(archived), at(trashed));
            one
        },
    )
}

fn any_filter() -> impl Strategy<Value = String> {
    let term = "rust|über|a|好|STR|model:gpt|model:MINI|model:üm|tag:RUST|tag:größe|tag:to-read|tag:none|is:archived\
                |is:pinned|persona:none|(created-)?(after|before):([0-9]d|today|2026-11-1[0-9]|2026-11-1[0-9]T12:00:00Z)";
    prop::collection::vec(term, 0..4).prop_map(|terms| terms.join(" "))
}

/// What the store lists is what `Filter::fits` says of each row, in the order that the protocol names.
#[test]
fn the_store_finds_what_the_filter_means() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let clock = mint();
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(48)
    };
    let shelves = prop::collection::vec(any_conversation(), 0..25);
    let orders = prop::sample::select(vec![Order::Activity, Order::Created, Order::Title]);
    let views = (any::<bool>(), any::<bool>(), orders, any::<bool>());
    let filters = prop::collection::vec((any_filter(), views), 1..8);
    TestRunner::new(config)
        .run(&(shelves, filters), |(mut shelf, filters)| {
            for (n, one) in shelf.iter_mut().enumerate() {
                one.id = clock.id();
                one.title.push_str(&format!(" {n}"));
            }
            runtime.block_on(async {
                let store = memory(&shelf).await;
                for (words, (is_trash, is_archive, order, has_persona)) in &filters {
                    let persona = has_persona.then(|| PersonaId(uuid::Uuid::from_u128(1)));
                    let which = if *is_trash {
                        Which::Trashed
                    } else {
                        Which::Active
                    };
                    let query = Query {
                        words: words.clone(),
                        which,
                        is_archive: *is_archive,
                        persona,
                        order: *order,
                    };
                    let expected = expected(&shelf, &query, &clock);
                    let found = match order {
                        Order::Activity => titles(&store, &query, 3).await,
                        _ => {
                            let rows = store.list(&query, None, 0, None).await.unwrap().0;
                            rows.into_iter().map(|row| row.conversation.title).collect()
                        }
                    };
                    let many = store.count_fitting(&query).await.unwrap();
                    prop_assert_eq!(many, expected.len() as u64, "{:?}", &query);
                    prop_assert_eq!(found, expected, "{:?}", &query);
                }
                Ok(())
            })
        })
        .unwrap();
}

fn expected(shelf: &[Conversation], query: &Query, clock: &Mint) -> Vec<String> {
    let filter = Filter::read(&query.words).unwrap();
    let calendar = clock.calendar();
    let wants_archive = query.is_archive || filter.is_archived;
    let mut fitting: Vec<(usize, &Conversation)> = shelf
        .iter()
        .enumerate()
        .filter(|(_, one)| {
            let is_here = match query.which {
                Which::Active => {
                    one.trashed_at.is_none() && one.archived_at.is_some() == wants_archive
                }
                Which::Trashed => one.trashed_at.is_some(),
            };
            is_here
                && query.persona.is_none_or(|id| one.persona == Some(id))
                && filter.fits(one, &calendar, |with| {
                    *with == WithPersona::Nobody && one.persona.is_none()
                })
        })
        .collect();
    fitting.sort_by_key(|(n, one)| {
        let is_below = query.which == Which::Active && one.pinned_at.is_none();
        let title = match query.order {
            Order::Title => one.title.to_lowercase(),
            _ => String::new(),
        };
        let at = match query.order {
            Order::Created => one.created_at,
            _ => one.active_at,
        };
        (is_below, title, Reverse((at, *n)))
    });
    fitting.iter().map(|(_, one)| one.title.clone()).collect()
}

#[tokio::test]
async fn a_wrong_filter_is_refused_with_its_place() {
    let (_home, settings) = home(&[]).await;
    let mut face = Face::screen(settings);
    let id = face
        .ask(Command::Shelf(Shelf::List {
            query: words("rust is:new"),
            after: None,
            offset: 0,
            limit: Some(5),
        }))
        .await;
    let failure = face.refusal(id).await;
    assert_eq!(failure.kind, FailureKind::Input);
    assert!(failure.title.contains("is:new") && failure.detail.contains("5 to 11"));
    assert!(failure.remedy.contains("is:archived"), "{failure}");
}

#[tokio::test]
async fn many_are_archived_and_pinned_at_once_and_back() {
    let mint = mint();
    let all = ["One", "Two", "Three"].map(|title| whole(&mint, conversation(&mint, title, NOW), 1));
    let ids: Vec<ConversationId> = all.iter().map(|one| one.conversation.id).collect();
    let (_home, settings) = home(&all).await;
    let mut face = Face::screen(settings.clone());
    let archive = |ids: &[ConversationId], is_archived| Shelf::Archive {
        ids: ids.to_vec(),
        is_archived,
    };
    assert_eq!(
        done(&mut face, archive(&ids[..1], true)).await.0,
        "archived: One"
    );
    let stamps = "SELECT min(stamp) FROM conversation";
    let before = number(&settings, stamps).await;
    let since = face.said.len();
    let (what, undo) = done(&mut face, archive(&ids, true)).await;
    assert_eq!(what, "archived: 3 conversations");
    assert_eq!(changed(&face, since), ids);
    let Answered::Home(home) = face
        .answer(Command::Shelf(Shelf::Home {
            limit: 9,
            open: None,
        }))
        .await
    else {
        panic!("no home");
    };
    assert_eq!((home.rows.len(), home.total, home.archived), (0, 0, 3));
    // What was there before stays there.
    face.answer(undo.unwrap()).await;
    let archived = "SELECT count(*) FROM conversation WHERE archived_at IS NOT NULL";
    assert_eq!(number(&settings, archived).await, 1);
    let (_, undo) = done(&mut face, archive(&ids[..1], true)).await;
    assert_eq!(undo, None, "nothing has changed");

    let pin = |ids: &[ConversationId], is_pinned| Shelf::Pin {
        ids: ids.to_vec(),
        is_pinned,
    };
    let unknown: ConversationId = face.mint.id();
    for shelf in [
        pin(&[ids[1], unknown], true),
        archive(&[ids[1], unknown], true),
        pin(&[], true),
    ] {
        let (kind, title) = refused(&mut face, shelf).await;
        assert!(title.contains("is gone"), "{kind:?} {title}");
    }
    let pinned = "SELECT count(*) FROM conversation WHERE pinned_at IS NOT NULL";
    assert_eq!(number(&settings, pinned).await, 0, "all or none");
    assert_eq!(number(&settings, archived).await, 1);
    let (what, undo) = done(&mut face, pin(&ids[1..], true)).await;
    assert_eq!(
        (&what[..], number(&settings, pinned).await),
        ("pinned: 2 conversations", 2)
    );
    face.answer(undo.unwrap()).await;
    assert_eq!(number(&settings, pinned).await, 0);
    // What a person decides is stamped, and waits for the hub.
    assert!(number(&settings, stamps).await > before);
    let waits = "SELECT count(*) = 3 FROM change WHERE kind = 'conversation'
      AND seq > (SELECT max(seq) FROM change WHERE kind = 'message')";
    assert_eq!(number(&settings, waits).await, 1);
}

#[tokio::test]
async fn a_new_message_takes_its_conversation_out_of_the_archive() {
    let server = Server::start(vec![Answer::text(&["one"]), Answer::text(&["two"])]).await;
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&server.url(), home.path());
    let mut face = Face::screen(settings);
    let (turn, id, _) = face.send_new("One").await;
    let reply = face.measured(turn).await;
    let archive = || Shelf::Archive {
        ids: vec![id],
        is_archived: true,
    };
    done(&mut face, archive()).await;
    let again = Turn::Regenerate {
        reply: reply.id,
        model: None,
    };
    let turn = face.turn(again).await;
    let row = face
        .step(turn, |step| match step {
            salon::protocol::Step::Started { conversation, .. } => Some(conversation.clone()),
            _ => None,
        })
        .await;
    assert_eq!((row.id, row.archived_at), (id, None));
}

#[tokio::test]
async fn the_counts_of_the_archive_and_of_the_trash_do_not_overtake_each_other() {
    let mint = mint();
    let at = Some(Millis(NOW));
    let all = ["One", "Two", "Three"].map(|title| {
        let mut one = conversation(&mint, title, NOW);
        match title {
            "One" => one.archived_at = at,
            _ => one.trashed_at = at,
        }
        whole(&mint, one, 1)
    });
    let (_home, settings) = home(&all).await;
    let mut face = Face::screen(settings);
    let count = |which, limit| {
        Command::Shelf(Shelf::List {
            query: Query {
                which,
                is_archive: which == Which::Active,
                ..Query::default()
            },
            after: None,
            offset: 0,
            limit: Some(limit),
        })
    };
    let archive = face.ask(count(Which::Active, 1)).await;
    let trash = face.ask(count(Which::Trashed, 0)).await;
    let mut totals = BTreeMap::new();
    while totals.len() < 2 {
        let told = face.until(|event| match &event.news {
            News::Answer(Answered::List { total, rows, .. }) => {
                Some((event.cause?, (*total, rows.len())))
            }
            _ => None,
        });
        let (cause, told) = told.await;
        totals.insert(cause, told);
    }
    assert_eq!((totals[&archive], totals[&trash]), ((1, 1), (2, 0)));
}

#[tokio::test]
async fn tags_are_given_and_taken_whatever_their_case() {
    let mint = mint();
    let all = ["One", "Two"].map(|title| whole(&mint, conversation(&mint, title, NOW), 0));
    let ids: Vec<ConversationId> = all.iter().map(|one| one.conversation.id).collect();
    let (_home, settings) = home(&all).await;
    let mut face = Face::screen(settings.clone());
    let of = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    let tag = |ids: &[ConversationId], add: &[&str], remove: &[&str]| Shelf::Tag {
        ids: ids.to_vec(),
        add: of(add),
        remove: of(remove),
    };
    let tags = async || {
        let store = disk(&settings).await;
        let mut all = Vec::new();
        for id in &ids {
            all.push(store.conversation(*id).await.unwrap().unwrap().tags);
        }
        all
    };
    let (what, undo) = done(&mut face, tag(&ids[..1], &["Rust", "rust", "Über"], &[])).await;
    assert_eq!(what, "tags changed: One");
    assert_eq!(tags().await, [of(&["Rust", "Über"]), of(&[])]);
    face.answer(undo.clone().unwrap()).await;
    assert_eq!(tags().await, [of(&[]), of(&[])]);
    done(&mut face, tag(&ids[..1], &["Rust", "Über"], &[])).await;

    // Undone exactly: what one of them had before stays with it.
    let (_, undo) = done(&mut face, tag(&ids, &["RUST", "new"], &["über"])).await;
    assert_eq!(tags().await, [of(&["new", "Rust"]), of(&["new", "RUST"])]);
    let Answered::Done { undo: redo, .. } = face.answer(undo.unwrap()).await else {
        panic!("not done");
    };
    assert_eq!(tags().await, [of(&["Rust", "Über"]), of(&[])]);
    face.answer(redo.unwrap()).await;
    assert_eq!(tags().await, [of(&["new", "Rust"]), of(&["new", "RUST"])]);

    // Bad ones are refused whole.
    let long = "x".repeat(61);
    for bad in ["", "a b", "a,b", "a\u{202e}b", &long] {
        let (kind, _) = refused(&mut face, tag(&ids, &["good", bad], &["new"])).await;
        assert_eq!(kind, FailureKind::Input, "{bad:?}");
    }
    let unknown = [ids[0], face.mint.id()];
    assert!(
        refused(&mut face, tag(&unknown, &["good"], &[]))
            .await
            .1
            .contains("gone")
    );
    assert_eq!(tags().await, [of(&["new", "Rust"]), of(&["new", "RUST"])]);
    let (_, undo) = done(&mut face, tag(&ids, &["NEW"], &["nothing"])).await;
    assert_eq!(undo, None);
    // They are not the conversation's own columns: they wait for the hub by themselves.
    let waits = "SELECT count(*) FROM change WHERE kind = 'tag:conversation'";
    assert_eq!(number(&settings, waits).await, 2);
    let last = "SELECT max(stamp) FROM tag";
    let last = number(&settings, last).await;
    face.stop().await;
    let next = mint_behind(&settings).await;
    assert!(
        next.stamp().0 > last,
        "a stamp never falls behind one in the file"
    );
}

/// A mint whose clock stands long before what is in the database, after that was opened.
async fn mint_behind(settings: &Settings) -> Mint {
    let mint = Mint::new(std::sync::Arc::new(|| Millis(1_000)));
    let paths = &settings.paths;
    Store::open(&paths.database, &paths.run_dir, &mint)
        .await
        .unwrap();
    mint
}

#[tokio::test]
async fn metadata_is_set_by_key_and_set_back() {
    let mint = mint();
    let mut one = conversation(&mint, "One", NOW);
    one.metadata = json!({"a": 1, "b": [1.5, null]});
    let id = one.id;
    let (_home, settings) = home(&[whole(&mint, one, 0)]).await;
    let mut face = Face::screen(settings.clone());
    let metadata = async || {
        let store = disk(&settings).await;
        store.conversation(id).await.unwrap().unwrap().metadata
    };
    let set = |all: serde_json::Value| {
        let set: BTreeMap<String, Option<serde_json::Value>> = serde_json::from_value(all).unwrap();
        Shelf::SetMetadata {
            conversation: id,
            set,
        }
    };
    let (what, undo) = done(
        &mut face,
        set(json!({"a": null, "b": "new", "c": {"d": 1}, "e": null})),
    )
    .await;
    assert_eq!(what, "metadata changed: One");
    assert_eq!(metadata().await, json!({"b": "new", "c": {"d": 1}}));
    let Answered::Done { undo, .. } = face.answer(undo.unwrap()).await else {
        panic!("not done");
    };
    assert_eq!(metadata().await, json!({"a": 1, "b": [1.5, null]}));
    assert!(undo.is_some());
    assert_eq!(done(&mut face, set(json!({"a": 1}))).await.1, None);
    assert_eq!(
        refused(&mut face, set(json!({" ": 1}))).await.0,
        FailureKind::Input
    );
    let nobody = Shelf::SetMetadata {
        conversation: face.mint.id(),
        set: BTreeMap::new(),
    };
    assert!(refused(&mut face, nobody).await.1.contains("gone"));
    assert_eq!(metadata().await, json!({"a": 1, "b": [1.5, null]}));
}

fn message(mint: &Mint, id: ConversationId, parent: Option<MessageId>, text: &str) -> Message {
    Message {
        status: Status::Complete,
        ..Message::question(mint.id(), id, parent, text.to_owned(), Millis(NOW))
    }
}

/// A home with a conversation of everything a copy may or may not take over.
async fn branching() -> (TempDir, Settings, Conversation) {
    let mint = mint();
    let mut one = conversation(&mint, "Rust", NOW);
    one.tags = vec!["work".into()];
    one.metadata = json!({"a": 1});
    one.persona = Some(mint.id());
    one.system = "Be brief.".into();
    one.storage = Storage::Provider;
    one.thread = Some(Thread {
        provider: "openai".into(),
        id: "conv_1".into(),
        item: Some("item_1".into()),
    });
    one.pinned_at = Some(Millis(1));
    // q1 - a1 - q2 (trash) - a2, q1 - a1 - q3 (trash), q1 - b1, the shown branch ends at a2.
    let q1 = message(&mint, one.id, None, "q1 你好");
    let mut a1 = Message::reply(mint.id(), &q1, ModelRef::guide(), Millis(NOW));
    a1.status = Status::Stopped;
    a1.content = "a1".into();
    a1.cost = Some(Money(7));
    let q2 = message(&mint, one.id, Some(a1.id), "q2");
    let a2 = message(&mint, one.id, Some(q2.id), "a2");
    let q3 = message(&mint, one.id, Some(a1.id), "q3");
    let b1 = message(&mint, one.id, Some(q1.id), "b1");
    one.tip = Some(a2.id);
    let trashed = [q2.id, q3.id];
    let messages = vec![q1, a1.clone(), q2, a2, q3, b1];
    let whole = Whole {
        conversation: one.clone(),
        messages,
    };
    let (home, settings) = home(&[whole]).await;
    let options = SqliteConnectOptions::new().filename(&settings.paths.database);
    let mut outside = options.connect().await.unwrap();
    for trashed in trashed {
        let sql = "UPDATE message SET trashed_at = 5, stamp = stamp + 1 WHERE id = ?";
        let sql = sqlx::query(sql).bind(trashed.0);
        sql.execute(&mut outside).await.unwrap();
    }
    let sql = "INSERT INTO reasoning(message_id, content, opaque) VALUES (?, 'hmm', 'secret')";
    let sql = sqlx::query(sql).bind(a1.id.0);
    sql.execute(&mut outside).await.unwrap();
    (home, settings, one)
}

#[tokio::test]
async fn a_copy_has_all_branches_and_has_cost_nothing() {
    let (_home, settings, one) = branching().await;
    let id = one.id;
    let mut face = Face::screen(settings.clone());
    let copy: ConversationId = face.mint.id();
    let duplicate = |conversation| Shelf::Duplicate { conversation, copy };
    let (what, undo) = done(&mut face, duplicate(id)).await;
    assert_eq!(what, "copied: Rust (copy)");
    let store = disk(&settings).await;
    let made = store.conversation(copy).await.unwrap().unwrap();
    assert!(made.active_at >= one.active_at && made.created_at >= one.created_at);
    let expected = Conversation {
        id: copy,
        title: "Rust (copy)".into(),
        title_by: TitleBy::Model,
        thread: None,
        pinned_at: None,
        tip: made.tip,
        message_count: 3,
        created_at: made.created_at,
        active_at: made.active_at,
        ..one.clone()
    };
    assert_eq!(made, expected);
    let branch = store.branch(made.tip.unwrap()).await.unwrap();
    let texts: Vec<&str> = branch.iter().map(|one| &one.content[..]).collect();
    assert_eq!(texts, ["q1 你好", "a1", "a2"]);
    assert!(branch.iter().all(|one| one.conversation == copy));
    assert_eq!(
        (branch[1].status, branch[1].cost),
        (Status::Stopped, Some(Money(7)))
    );
    assert_eq!(
        store.thinking(branch[1].id).await.unwrap().as_deref(),
        Some("hmm")
    );
    assert_eq!(store.siblings(branch[1].id).await.unwrap().len(), 2);
    let count = async |sql: &str| number(&settings, sql).await;
    assert_eq!(
        count("SELECT count(*) FROM message").await,
        6 + 5,
        "q3 stays behind"
    );
    assert_eq!(
        count("SELECT count(*) FROM reasoning WHERE opaque IS NOT NULL").await,
        1
    );
    assert_eq!(
        count("SELECT count(DISTINCT stamp) > 1 FROM message").await,
        1
    );
    for (words, found) in [("a1", 2), ("q3", 1), ("你", 2)] {
        let sql = format!("SELECT count(*) FROM message_word WHERE message_word MATCH '{words}'");
        assert_eq!(count(&sql).await, found, "{words}");
    }
    let scopes = "SELECT count(DISTINCT scope) FROM message_word WHERE message_word MATCH 'a1'";
    assert_eq!(count(scopes).await, 2);
    // The original stays as it is.
    assert_eq!(
        store.conversation(id).await.unwrap().unwrap().thread,
        one.thread
    );
    assert_eq!(
        count("SELECT count(*) FROM change WHERE kind = 'message'").await,
        11
    );
    face.answer(undo.unwrap()).await;
    assert!(
        store
            .conversation(copy)
            .await
            .unwrap()
            .unwrap()
            .trashed_at
            .is_some()
    );

    let unknown = Shelf::Duplicate {
        conversation: face.mint.id(),
        copy: face.mint.id(),
    };
    assert!(refused(&mut face, unknown).await.1.contains("gone"));
    refused(&mut face, duplicate(id)).await;
    assert_eq!(count("SELECT count(*) FROM conversation").await, 2);
}

#[tokio::test]
async fn what_is_being_written_in_is_neither_copied_nor_removed() {
    let gate = Gate::new();
    let server = Server::start(vec![Answer::text_gated(&["one", "two"], &gate)]).await;
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&server.url(), home.path());
    let mut face = Face::screen(settings.clone());
    let (turn, id, _) = face.send_new("One").await;
    gate.open();
    face.first_words(turn).await;
    let apply = Shelf::Apply {
        ids: vec![id],
        act: Act::Trash,
    };
    done(&mut face, apply).await;
    let copy = Shelf::Duplicate {
        conversation: id,
        copy: face.mint.id(),
    };
    assert_eq!(refused(&mut face, copy).await.0, FailureKind::Busy);
    for ids in [vec![id], Vec::new()] {
        let (kind, title) = refused(&mut face, Shelf::Purge { ids }).await;
        assert_eq!(kind, FailureKind::Busy, "{title}");
    }
    // Nor by another salon.
    let mut other = Face::screen(settings.clone());
    let (kind, _) = refused(&mut other, Shelf::Purge { ids: vec![id] }).await;
    assert_eq!(kind, FailureKind::Busy);
    gate.open();
    gate.open();
    face.measured(turn).await;
    let (what, undo) = done(&mut other, Shelf::Purge { ids: vec![id] }).await;
    assert_eq!((&what[..], undo), ("removed for good: One", None));
}

#[tokio::test]
async fn what_is_removed_for_good_leaves_a_tombstone_and_what_it_cost() {
    let server = Server::start(vec![Answer::text(&["unheard-of words"])]).await;
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&server.url(), home.path());
    let mut face = Face::screen(settings.clone());
    let (turn, id, _) = face.send_new("A secret question").await;
    face.measured(turn).await;
    let all =
        ["Two", "Three"].map(|title| whole(&face.mint, conversation(&face.mint, title, NOW), 1));
    let (two, three) = (all[0].conversation.id, all[1].conversation.id);
    let store = disk(&settings).await;
    store.insert_whole(&all).await.unwrap();
    store
        .keep_draft(Some(id), 0, &Draft::of("draft"))
        .await
        .unwrap();
    store
        .keep_draft(Some(id), -1, &Draft::of("stash"))
        .await
        .unwrap();
    store.tag(&[id], &["work".into()], &[]).await.unwrap();
    store.open_hub("hub", "anna").await.unwrap();
    let upto = store.outgoing("hub", 100).await.unwrap().upto;
    store.sent("hub", upto).await.unwrap();
    store.apply(&[id, two], Act::Trash).await.unwrap();
    let count = async |sql: &str| number(&settings, sql).await;
    let sums = "SELECT sum(requests) * 1000 + sum(input) * 10 + sum(output) FROM usage_sum";
    let before = count(sums).await;
    assert!(before > 1000);

    // What is not in the trash, or not there at all, stays, and all others with it.
    let unknown: ConversationId = face.mint.id();
    for (ids, why) in [(vec![id, three], "trash"), (vec![id, unknown], "gone")] {
        assert!(
            refused(&mut face, Shelf::Purge { ids })
                .await
                .1
                .contains(why)
        );
    }
    assert_eq!(count("SELECT count(*) FROM conversation").await, 3);
    assert!(gone(&face).is_empty());

    let (what, _) = done(&mut face, Shelf::Purge { ids: vec![id] }).await;
    assert_eq!(what, "removed for good: A secret question");
    assert_eq!(gone(&face), [id]);
    for (what, left) in [
        ("conversation", 2),
        ("message", 4),
        ("draft", 0),
        ("tag", 0),
        ("place", 0),
        ("tombstone", 1),
        ("usage", 1),
    ] {
        assert_eq!(
            count(&format!("SELECT count(*) FROM {what}")).await,
            left,
            "{what}"
        );
    }
    assert_eq!(count(sums).await, before, "what it used and cost stays");
    assert_eq!(
        count("SELECT count(*) FROM message_word WHERE message_word MATCH 'unheard'").await,
        0
    );
    let options = SqliteConnectOptions::new().filename(&settings.paths.database);
    let mut outside = options.connect().await.unwrap();
    let whole = "INSERT INTO message_word(message_word, rank) VALUES ('integrity-check', 1)";
    sqlx::query(whole).execute(&mut outside).await.unwrap();
    // The hub hears that it is gone, and that the other is in the trash.
    let page = store.outgoing("hub", 100).await.unwrap();
    assert_eq!(page.gone, [id]);
    let trashed: Vec<_> = page
        .rows
        .iter()
        .map(|row| (row.id, row.is_deleted))
        .collect();
    assert_eq!(trashed, [(two, true)]);

    // All of the trash.
    let (what, _) = done(&mut face, Shelf::Purge { ids: Vec::new() }).await;
    assert_eq!(what, "removed for good: Two");
    assert_eq!(gone(&face), [id, two]);
    let (what, _) = done(&mut face, Shelf::Purge { ids: Vec::new() }).await;
    assert_eq!(what, "the trash is empty");
    assert_eq!(store.conversation(three).await.unwrap().unwrap().id, three);
    store.check().await.unwrap();
}

#[tokio::test]
async fn a_large_trash_goes_in_pieces() {
    let mint = mint();
    let many = salon::store::PIECE * 2 + 1;
    let all: Vec<Whole> = (0..many)
        .map(|n| {
            let mut one = conversation(&mint, &n.to_string(), NOW);
            one.trashed_at = Some(Millis(NOW));
            whole(&mint, one, 1)
        })
        .collect();
    let (_home, settings) = home(&all).await;
    let mut face = Face::start(settings.clone(), Options { is_screen: false });
    let (what, _) = done(&mut face, Shelf::Purge { ids: Vec::new() }).await;
    assert_eq!(what, format!("removed for good: {many} conversations"));
    assert_eq!(gone(&face).len(), many);
    assert_eq!(number(&settings, "SELECT count(*) FROM message").await, 0);
}

/// A conversation in the trash that the provider keeps too.
async fn kept_by_the_provider(
    is_screen: bool,
) -> (OpenAi, Server, TempDir, Settings, ConversationId) {
    let (openai, server) = OpenAi::start(vec![Next::Say("One.")]).await;
    let home = tempfile::tempdir().unwrap();
    let mut settings = settings(&server.url(), home.path());
    let provider = settings.providers.get_mut("test").unwrap();
    (provider.wire, provider.storage) = (Wire::Responses, Storage::Provider);
    let mut face = Face::start(settings.clone(), Options { is_screen });
    let (conversation, question) = (face.mint.id(), face.mint.id());
    let send = Turn::Send {
        to: To::New(support::face::fresh(conversation)),
        question,
        draft: Draft::of("1?"),
    };
    let turn = face.turn(send).await;
    face.measured(turn).await;
    let apply = Shelf::Apply {
        ids: vec![conversation],
        act: Act::Trash,
    };
    done(&mut face, apply).await;
    face.stop().await;
    assert_eq!(openai.ids().len(), 1);
    (openai, server, home, settings, conversation)
}

#[tokio::test]
async fn what_a_provider_keeps_goes_there_too() {
    for is_screen in [true, false] {
        let (openai, _server, _home, settings, id) = kept_by_the_provider(is_screen).await;
        let mut face = Face::start(settings, Options { is_screen });
        done(&mut face, Shelf::Purge { ids: vec![id] }).await;
        if is_screen {
            eventually(async || openai.ids().is_empty().then_some(())).await;
        }
        // A command of the shell ends with its answer: there it is gone by then.
        assert_eq!(openai.ids(), [""; 0]);
    }
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_is_told_of_and_the_removal_stands() {
    let (_openai, server, _home, settings, id) = kept_by_the_provider(true).await;
    drop(server);
    let mut face = Face::screen(settings.clone());
    let purge = face
        .ask(Command::Shelf(Shelf::Purge { ids: vec![id] }))
        .await;
    let told = face
        .until(|event| match &event.news {
            News::Warned(failure) => Some((event.cause, failure.clone())),
            News::Refused(failure) => panic!("{failure}"),
            _ => None,
        })
        .await;
    assert!(
        told.0.is_none() && told.1.title.contains("test"),
        "{}",
        told.1
    );
    assert!(told.1.remedy.contains("conv_"), "{}", told.1);
    let is_done = |event: &salon::protocol::Event| {
        event.cause == Some(purge) && matches!(event.news, News::Answer(Answered::Done { .. }))
    };
    assert!(face.said.iter().any(is_done));
    assert_eq!(
        number(&settings, "SELECT count(*) FROM conversation").await,
        0
    );
}

/// Conversations of many ages: by title, days without activity, what they are.
async fn ages(retention: Retention) -> (TempDir, Settings, BTreeMap<&'static str, ConversationId>) {
    let mint = mint();
    let mut ids = BTreeMap::new();
    let mut all = Vec::new();
    for (title, days) in [
        ("fresh", 1),
        ("old", 50),
        ("older", 90),
        ("old, pinned", 90),
        ("old, archived", 90),
        ("old, with a fresh draft", 90),
        ("old, open last", 90),
        ("old, in the trash for long", 90),
        ("in the trash lately", 1),
    ] {
        let mut one = conversation(&mint, title, NOW - days * DAY);
        let at = |is: &str, days| title.contains(is).then_some(Millis(NOW - days * DAY));
        one.pinned_at = at("pinned", 80);
        one.archived_at = at("archived", 80);
        one.trashed_at = at("for long", 31).or(at("lately", 29));
        ids.insert(title, one.id);
        all.push(whole(&mint, one, 1));
    }
    let (home, mut settings) = home(&all).await;
    settings.retention = retention;
    let store = disk(&settings).await;
    let draft = Draft::of("words");
    let with_draft = ids["old, with a fresh draft"];
    store.keep_draft(Some(with_draft), 0, &draft).await.unwrap();
    let last = ids["old, open last"];
    store.set_last_conversation(Some(last)).await.unwrap();
    store.close().await;
    (home, settings, ids)
}

async fn show(face: &mut Face) {
    let (limit, open) = (50, None);
    face.answer(Command::Shelf(Shelf::Home { limit, open }))
        .await;
}

/// What is in the database, by title; `*` = in the archive.
async fn left(settings: &Settings) -> Vec<String> {
    let options = SqliteConnectOptions::new().filename(&settings.paths.database);
    let mut outside = options.connect().await.unwrap();
    let sql = "SELECT title || CASE WHEN archived_at IS NULL THEN '' ELSE '*' END FROM conversation ORDER BY title";
    let rows = sqlx::query(sql).fetch_all(&mut outside).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn an_old_trash_goes_and_old_conversations_are_archived_when_the_screen_starts() {
    let (_home, settings, ids) = ages(Retention {
        trash_days: 30,
        archive_after_days: 60,
        keep_days: 0,
    })
    .await;
    // Not by commands of the shell.
    let mut shell = Face::start(settings.clone(), Options { is_screen: false });
    show(&mut shell).await;
    shell.stop().await;
    assert_eq!(left(&settings).await.len(), 9);

    let mut face = Face::screen(settings.clone());
    show(&mut face).await;
    let expected = [
        "fresh",
        "in the trash lately",
        "old",
        "old, archived*",
        "old, open last",
        "old, pinned",
        "old, with a fresh draft*",
        "older*",
    ];
    eventually(async || (left(&settings).await == expected).then_some(())).await;
    show(&mut face).await;
    let said = face.stop().await;
    let archived: Vec<ConversationId> = said
        .iter()
        .filter_map(|event| match &event.news {
            News::Changed(Row::Conversation(row)) if row.archived_at.is_some() => Some(row.id),
            _ => None,
        })
        .collect();
    assert_eq!(archived.len(), 2);
    let is_gone = |event: &salon::protocol::Event| {
        let id = ids["old, in the trash for long"];
        event.cause.is_none() && event.news == News::Changed(Row::ConversationGone(id))
    };
    assert_eq!(said.iter().filter(|event| is_gone(event)).count(), 1);
}

#[tokio::test]
async fn what_the_screen_was_opened_with_does_not_go_for_its_age() {
    let (_home, settings, ids) = ages(Retention {
        trash_days: 30,
        archive_after_days: 60,
        keep_days: 0,
    })
    .await;
    let mut face = Face::screen(settings.clone());
    let open = ids["old, in the trash for long"];
    let home = Shelf::Home {
        limit: 50,
        open: Some(open.to_string()),
    };
    face.answer(Command::Shelf(home)).await;
    eventually(async || {
        left(&settings)
            .await
            .contains(&"older*".to_owned())
            .then_some(())
    })
    .await;
    face.stop().await;
    assert!(
        left(&settings)
            .await
            .contains(&"old, in the trash for long".to_owned())
    );
}

#[tokio::test]
async fn nothing_is_tidied_up_where_the_settings_say_never() {
    let (_home, settings, _) = ages(Retention {
        trash_days: 0,
        archive_after_days: 0,
        keep_days: 0,
    })
    .await;
    let mut face = Face::screen(settings.clone());
    show(&mut face).await;
    let retain = Shelf::Retain { days: 0 };
    assert_eq!(refused(&mut face, retain).await.0, FailureKind::Input);
    face.stop().await;
    assert_eq!(left(&settings).await.len(), 9);
}

#[tokio::test]
async fn what_is_too_old_to_keep_goes_only_when_the_user_has_agreed() {
    let retention = |keep_days| Retention {
        trash_days: 0,
        archive_after_days: 0,
        keep_days,
    };
    let (_home, mut settings, ids) = ages(retention(60)).await;
    let expired = async |face: &mut Face| {
        face.until(|event| match &event.news {
            News::Expired {
                days,
                conversations,
            } => Some((*days, *conversations)),
            _ => None,
        })
        .await
    };
    let mut face = Face::screen(settings.clone());
    show(&mut face).await;
    // The trash counts too; what is pinned, open or typed in does not.
    assert_eq!(expired(&mut face).await, (60, 3));
    assert_eq!(left(&settings).await.len(), 9, "nobody has agreed yet");
    assert_eq!(
        refused(&mut face, Shelf::Retain { days: 40 }).await.0,
        FailureKind::Input
    );
    show(&mut face).await;
    let (what, undo) = done(&mut face, Shelf::Retain { days: 60 }).await;
    assert_eq!(
        (&what[..], undo),
        ("removed for good: 3 conversations", None)
    );
    let mut went = gone(&face);
    went.sort();
    let mut expected =
        ["older", "old, archived", "old, in the trash for long"].map(|title| ids[title]);
    expected.sort();
    assert_eq!(went, expected);
    let said = face.stop().await;
    let times = said
        .iter()
        .filter(|e| matches!(e.news, News::Expired { .. }));
    assert_eq!(times.count(), 1, "said once");

    // From now on without a word.
    let store = disk(&settings).await;
    let one = whole(&mint(), conversation(&mint(), "late", NOW - 61 * DAY), 1);
    store.insert_whole(&[one]).await.unwrap();
    store.close().await;
    let mut face = Face::screen(settings.clone());
    show(&mut face).await;
    eventually(async || (left(&settings).await.len() == 6).then_some(())).await;
    assert!(!left(&settings).await.contains(&"late".to_owned()));
    face.stop().await;

    // Another number is another question.
    settings.retention = retention(40);
    let mut face = Face::screen(settings.clone());
    show(&mut face).await;
    assert_eq!(expired(&mut face).await, (40, 1));
    assert_eq!(left(&settings).await.len(), 6);
}

#[tokio::test]
async fn a_page_of_the_shown_branch_is_there_after_all_that() {
    let mint = mint();
    let one = whole(&mint, conversation(&mint, "One", NOW), 3);
    let id = one.conversation.id;
    let store = Store::memory(&mint).await.unwrap();
    store.insert_whole(&[one]).await.unwrap();
    let copy = mint.id();
    store.duplicate(id, copy).await.unwrap();
    store.apply(&[id], Act::Trash).await.unwrap();
    store.purge(&[id]).await.unwrap();
    assert_eq!(store.purge(&[copy]).await, Err(StoreError::NotTrashed));
    let page = store.page(copy, At::Tip, None).await.unwrap();
    assert_eq!(page.messages.len(), 6);
    assert_eq!(page.messages[5].message.content, "answer 2");
}
