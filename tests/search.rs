//! Search over all conversations: what is found in the store and in which order, and what the engine answers.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "what several tests share stops where a test cannot go on"
)]

mod support;

use proptest::prelude::*;
use salon::domain::conversation::{Conversation, Sampling, Storage, TitleBy};
use salon::domain::id::{ConversationId, MessageId, Mint};
use salon::domain::message::{Message, Role, Status};
use salon::domain::model::ModelRef;
use salon::domain::persona::Profile;
use salon::domain::search::{Found, Search};
use salon::domain::usage::Money;
use salon::protocol::{Act, Answer, At, Chat, Command, Shelf};
use salon::store::{Store, StoreError, Whole};
use support::face::{Face, disk, mint};
use support::fixture::settings;

/// A store in memory, and the clock of what is in it.
struct World {
    store: Store,
    mint: Mint,
}

impl World {
    async fn new() -> World {
        let mint = mint();
        let store = Store::memory(&mint).await.unwrap();
        World { store, mint }
    }

    /// A conversation of a question, a reply, a question, …
    fn whole(&self, title: &str, texts: &[&str]) -> Whole {
        whole(&self.mint, title, texts)
    }

    /// Keeps it; the ids of its messages.
    async fn talk(&self, title: &str, texts: &[&str]) -> (ConversationId, Vec<MessageId>) {
        self.keep(self.whole(title, texts)).await
    }

    async fn keep(&self, whole: Whole) -> (ConversationId, Vec<MessageId>) {
        let ids = whole.messages.iter().map(|message| message.id).collect();
        let id = whole.conversation.id;
        self.store.insert_whole(&[whole]).await.unwrap();
        (id, ids)
    }

    async fn find(&self, words: &str) -> Found {
        let search = Search::read(words, true).unwrap();
        self.store.search(&search, None, 50).await.unwrap()
    }

    /// The hits in order: a title in brackets, else the words lit in the message.
    async fn lit(&self, words: &str) -> Vec<String> {
        lit(&self.find(words).await)
    }
}

fn lit(found: &Found) -> Vec<String> {
    let mut all = Vec::new();
    for group in &found.groups {
        if !group.title_marks.is_empty() {
            all.push(format!("[{}]", group.title));
        }
        all.extend(group.hits.iter().map(|hit| {
            let marks = hit.snippet.marks.iter();
            let words: Vec<&str> = marks.map(|m| &hit.snippet.text[m.clone()]).collect();
            words.join("|")
        }));
    }
    all
}

fn whole(mint: &Mint, title: &str, texts: &[&str]) -> Whole {
    let now = mint.now();
    let mut conversation = Conversation {
        id: mint.id(),
        title: title.to_owned(),
        title_by: TitleBy::User,
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
        storage: Storage::Local,
        thread: None,
        unpriced: 0,
        metadata: serde_json::json!({}),
    };
    let mut messages: Vec<Message> = Vec::new();
    for text in texts {
        let (at, parent) = (mint.now(), messages.last());
        let mut message = match parent {
            Some(question) if question.role == Role::User => {
                Message::reply(mint.id(), question, ModelRef::guide(), at)
            }
            before => {
                let before = before.map(|message| message.id);
                Message::question(mint.id(), conversation.id, before, String::new(), at)
            }
        };
        message.content = (*text).to_owned();
        message.status = Status::Complete;
        messages.push(message);
    }
    conversation.tip = messages.last().map(|message| message.id);
    Whole {
        conversation,
        messages,
    }
}

#[tokio::test]
async fn all_words_stand_in_one_message_and_the_newest_is_first() {
    let world = World::new().await;
    world
        .talk("one", &["Rust lifetimes", "They name spans."])
        .await;
    world.talk("two", &["rust", "A lifetime of rust"]).await;
    assert_eq!(world.lit("rust lifetime ").await, ["lifetime|rust"]);
    // The last word grows while it is typed.
    assert_eq!(
        world.lit("RUST lifet").await,
        ["lifetime|rust", "Rust|lifetimes"]
    );
    assert_eq!(world.lit("rust ").await, ["rust", "rust", "Rust"]);
    assert_eq!(world.lit("lifet* ").await, ["lifetime", "lifetimes"]);
    assert_eq!(world.lit("lifet ").await, Vec::<String>::new());
    assert_eq!(world.lit("rust python").await, Vec::<String>::new());
    let found = world.find("rust ").await;
    let titles: Vec<&str> = found.groups.iter().map(|g| g.title.as_str()).collect();
    assert_eq!(titles, ["two", "one"]);
    let roles: Vec<Role> = found.groups[0].hits.iter().map(|hit| hit.role).collect();
    assert_eq!(roles, [Role::Assistant, Role::User]);
    assert_eq!(found.next, None);
}

#[tokio::test]
async fn words_in_a_row_accents_and_signs() {
    let world = World::new().await;
    world
        .talk(
            "t",
            &["The borrow checker; std::mem::take, Café", "checker borrow"],
        )
        .await;
    assert_eq!(world.lit("\"borrow checker\"").await, ["borrow checker"]);
    assert_eq!(world.lit("\"borrow chec").await, ["borrow checker"]);
    assert_eq!(world.lit("\"checker the\"").await, Vec::<String>::new());
    assert_eq!(world.lit("std::mem ").await, ["std::mem"]);
    assert_eq!(world.lit("mem::std ").await, Vec::<String>::new());
    assert_eq!(world.lit("cafe ").await, ["Café"]);
    assert_eq!(world.lit("CAFÉ ").await, ["Café"]);
}

#[tokio::test]
async fn scripts_without_blanks_are_searched_by_one_character_and_more() {
    let world = World::new().await;
    world.talk("a", &["我在学习中文", "日本語のカタカナ"]).await;
    world.talk("b", &["ภาษาไทยง่ายมาก", "한국어를 배워요"]).await;
    world.talk("c", &["中国菜", "Rust语言"]).await;
    assert_eq!(world.lit("中").await, ["中", "中"]);
    assert_eq!(world.lit("中文").await, ["中文"]);
    assert_eq!(world.lit("文中").await, Vec::<String>::new());
    assert_eq!(world.lit("本語").await, ["本語"]);
    assert_eq!(world.lit("カタ").await, ["カタ"]);
    assert_eq!(world.lit("ไทย").await, ["ไทย"]);
    assert_eq!(world.lit("국어").await, ["국어"]);
    assert_eq!(world.lit("rust语").await, ["Rust语"]);
}

#[tokio::test]
async fn titles_are_found_by_parts_of_words_in_any_script() {
    let world = World::new().await;
    world.talk("Grüße aus KÖLN", &["nothing"]).await;
    world.talk("学习中文", &["x"]).await;
    world.talk("Lifetimes", &["about lifetimes"]).await;
    assert_eq!(world.lit("köln").await, ["[Grüße aus KÖLN]"]);
    assert_eq!(world.lit("GRÜ aus").await, ["[Grüße aus KÖLN]"]);
    assert_eq!(world.lit("中文").await, ["[学习中文]"]);
    assert_eq!(world.lit("lifetimes").await, ["[Lifetimes]", "lifetimes"]);
    assert_eq!(world.lit("fetime").await, ["[Lifetimes]"]);
    // A title is said by nobody.
    assert_eq!(world.lit("lifetimes role:user").await, ["lifetimes"]);
    assert!(
        world
            .find("lifetimes role:assistant")
            .await
            .groups
            .is_empty()
    );
}

#[tokio::test]
async fn the_trash_is_left_out_and_the_archive_is_marked() {
    let world = World::new().await;
    let mut old = world.whole("old rust", &["rust here"]);
    old.conversation.archived_at = Some(world.mint.now());
    let (old, _) = world.keep(old).await;
    let (gone, _) = world.talk("gone rust", &["rust there"]).await;
    assert_eq!(world.lit("rust ").await.len(), 4);
    world.store.apply(&[gone], Act::Trash).await.unwrap();
    let found = world.find("rust ").await;
    assert_eq!(lit(&found), ["[old rust]", "rust"]);
    assert_eq!(found.groups[0].conversation, old);
    assert!(found.groups[0].is_archived);
    world.store.apply(&[gone], Act::Restore).await.unwrap();
    assert_eq!(world.lit("rust ").await.len(), 4);
    assert_eq!(world.lit("rust is:archived").await, ["[old rust]", "rust"]);
}

#[tokio::test]
async fn filter_words_choose_conversations() {
    let world = World::new().await;
    let anna = world.mint.id();
    let profile = Profile {
        name: "Anna Old".into(),
        ..Profile::default()
    };
    let made = world.store.add_persona(anna, &profile, None).await;
    made.unwrap();
    let mut with = world.whole("with", &["the same words", "the same answer"]);
    with.conversation.persona = Some(anna);
    world.keep(with).await;
    let mut other = world.whole("other", &["the same words"]);
    other.conversation.model = "lab/Llama".parse().unwrap();
    other.conversation.pinned_at = Some(world.mint.now());
    let (other, _) = world.keep(other).await;
    let tags = ["Größe".to_owned(), "work".to_owned()];
    world.store.tag(&[other], &tags, &[]).await.unwrap();
    let titles = async |words: &str| {
        let found = world.find(words).await;
        let groups = found.groups.into_iter();
        groups.map(|group| group.title).collect::<Vec<_>>()
    };
    assert_eq!(titles("same").await, ["other", "with"]);
    assert_eq!(titles("same persona:\"anna old\"").await, ["with"]);
    assert_eq!(titles("same persona:ann").await, ["with"]);
    assert_eq!(titles("same persona:none").await, ["other"]);
    assert_eq!(titles("same persona:bob").await, Vec::<String>::new());
    assert_eq!(titles("same model:llama").await, ["other"]);
    assert_eq!(titles("same tag:WORK tag:größe").await, ["other"]);
    assert_eq!(titles("same tag:work tag:home").await, Vec::<String>::new());
    assert_eq!(titles("same is:pinned").await, ["other"]);
    assert_eq!(titles("same after:2030-01-01").await, Vec::<String>::new());
    assert_eq!(
        titles("same before:2030-01-01 role:assistant").await,
        ["with"]
    );
    assert_eq!(titles("other persona:none").await, ["other"]);
    assert_eq!(titles("other persona:anna").await, Vec::<String>::new());
}

#[tokio::test]
async fn pages_hold_every_hit_once_and_the_count_is_theirs() {
    let world = World::new().await;
    // More than one step of hits, the conversations across each other.
    let mut batch: Vec<Whole> = Vec::new();
    for n in 0..30 {
        let texts: Vec<String> = (0..100).map(|m| format!("needle {n} {m}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        batch.push(world.whole(&format!("needle {n}"), &texts));
    }
    world.store.insert_whole(&batch).await.unwrap();
    let search = Search::read("needle ", true).unwrap();
    assert_eq!(world.store.count_hits(&search).await, Ok(3_030));
    let (mut from, mut messages, mut titles, mut pages) = (None, Vec::new(), 0, 0);
    loop {
        let found = world.store.search(&search, from, 700).await.unwrap();
        for group in &found.groups {
            titles += usize::from(!group.title_marks.is_empty());
            messages.extend(group.hits.iter().map(|hit| hit.message));
        }
        pages += 1;
        from = found.next;
        if from.is_none() {
            break;
        }
    }
    assert_eq!((messages.len(), titles), (3_000, 30));
    // The first step has room for 2,000 messages and the titles, the second for the rest.
    assert_eq!(pages, 5);
    messages.sort_unstable();
    messages.dedup();
    assert_eq!(messages.len(), 3_000);
}

#[tokio::test]
async fn a_message_on_another_branch_is_shown_and_one_on_this_branch_changes_nothing() {
    let world = World::new().await;
    let mut whole = world.whole("t", &["first", "early answer", "second", "late answer"]);
    let other = Message {
        id: world.mint.id(),
        content: "another answer".into(),
        created_at: world.mint.now(),
        ..whole.messages[1].clone()
    };
    let (early, tip) = (whole.messages[1].id, whole.messages[3].id);
    whole.messages.push(other.clone());
    let (id, _) = world.keep(whole).await;
    let store = &world.store;
    let shown = async || store.conversation(id).await.unwrap().unwrap().tip;
    store.show(id, early).await.unwrap();
    assert_eq!(shown().await, Some(tip));
    store.show(id, other.id).await.unwrap();
    assert_eq!(shown().await, Some(other.id));
    store.show(id, early).await.unwrap();
    assert_eq!(shown().await, Some(tip));
    let gone = store.show(id, world.mint.id()).await;
    assert_eq!(gone, Err(StoreError::Gone("the message")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_is_a_search(text in any::<String>(), odd in "[\"*:^(){}+\\-, ANDORNEARbody\u{0}你ไ]{0,24}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            world.talk("a b", &["OR AND NEAR * body"]).await;
            for text in [&text, &odd] {
                for is_typing in [true, false] {
                    if let Ok(search) = Search::read(text, is_typing) {
                        world.store.search(&search, None, 10).await.unwrap();
                        world.store.count_hits(&search).await.unwrap();
                    }
                }
            }
        });
    }
}

#[tokio::test]
async fn the_language_of_the_index_is_not_spoken() {
    let world = World::new().await;
    world.talk("x", &["or near body scope c1", "not and"]).await;
    for (words, hits) in [
        ("\" OR *", 1),
        ("or* OR nothing", 0),
        ("body:or", 0),
        ("scope:c1", 1),
        ("NEAR(or body)", 0),
        ("not AND and", 1),
        ("\"", 0),
        ("-or", 1),
        ("^or", 1),
        ("a\u{0}\"b", 0),
        ("'; DROP TABLE message; --", 0),
    ] {
        let found = world.lit(words).await;
        assert_eq!(found.len(), hits, "{words}: {found:?}");
    }
    let many = "word ".repeat(5_000);
    assert!(world.lit(&many).await.is_empty());
}

fn search(words: &str, is_typing: bool) -> Command {
    Command::Shelf(Shelf::Search {
        words: words.to_owned(),
        is_typing,
        from: None,
        limit: 50,
    })
}

#[tokio::test]
async fn the_engine_answers_the_newest_search_and_opens_a_hit_where_it_is() {
    let home = tempfile::tempdir().unwrap();
    let settings = settings("http://127.0.0.1:9", home.path());
    let texts: Vec<String> = (0..200).map(|n| format!("message {n} of many")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let talk = whole(&mint(), "long", &texts);
    let (id, sought) = (talk.conversation.id, talk.messages[40].id);
    let store = disk(&settings).await;
    store.insert_whole(&[talk]).await.unwrap();
    store.close().await;

    let mut face = Face::screen(settings);
    let old = face.ask(search("many", true)).await;
    let Answer::Hits(found) = face.answer(search("40 of many", true)).await else {
        panic!("no hits");
    };
    assert_eq!(lit(&found), ["40|of|many"]);
    assert_eq!(found.groups[0].hits[0].message, sought);
    // The older one may have been answered before the newer came, but never after it.
    let newer = face.said.len();
    let open = Command::Chat(Chat::OpenAt {
        conversation: id,
        message: sought,
    });
    let Answer::Opened(opened) = face.answer(open).await else {
        panic!("not opened");
    };
    assert!(
        face.said[newer..]
            .iter()
            .all(|event| event.cause != Some(old))
    );
    assert!(opened.page.has_before && opened.page.has_after);
    assert_eq!(opened.reading.map(|reading| reading.message), Some(sought));
    let page = Command::Chat(Chat::Page {
        conversation: id,
        at: At::Around(sought),
        limit: Some(salon::protocol::PAGE),
    });
    let Answer::Page { page, .. } = face.answer(page).await else {
        panic!("no page");
    };
    assert_eq!(page, opened.page);

    let wrong = face.ask(search("many after:soon", true)).await;
    let refused = face.refusal(wrong).await;
    assert_eq!(refused.title, "The filter is wrong at “after:soon”");
    let none = face.ask(search("***", false)).await;
    assert_eq!(
        face.refusal(none).await.title,
        "There are no words to search for"
    );
    let count = Command::Shelf(Shelf::CountHits {
        words: "of many".into(),
    });
    assert_eq!(face.answer(count).await, Answer::HitCount(200));
    face.stop().await;
}
