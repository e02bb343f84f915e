//! Personas and prompts as faces see them: real engine, real store, scripted server.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one event among all, and stops where it cannot go on"
)]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use salon::domain::conversation::{Draft, NewConversation, Sampling};
use salon::domain::failure::{Failure, FailureKind};
use salon::domain::id::{ConversationId, PersonaId, PromptId, RequestId};
use salon::domain::instructions::{parts, whole};
use salon::domain::message::Status;
use salon::domain::persona::{PersonaListed, Profile, Relationship};
use salon::domain::price::{Price, Tariff};
use salon::domain::prompt::{PromptListed, Sheet, Trial, TrialEnd};
use salon::protocol::{
    Act, Answer as Answered, Chat, Command, Library, News, Personas, PromptAct, PromptQuery, Query,
    Row, Shelf, Step, To, TrialStep, Turn, Which,
};
use salon::settings::Settings;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row as _};
use support::face::{Face, disk, fresh, holds, on_disk, skip};
use support::fixture::{provider, settings};
use support::server::{Answer, Gate, Server, error_server, sse_error, sse_piece, sse_role};
use tempfile::TempDir;

/// A scripted server, a home, and settings for both.
async fn scene(script: Vec<Answer>) -> (Server, TempDir, Settings) {
    let server = Server::start(script).await;
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&server.url(), home.path());
    (server, home, settings)
}

fn profile(name: &str) -> Profile {
    Profile {
        name: name.to_owned(),
        ..Profile::default()
    }
}

fn sheet(title: &str, content: &str) -> Sheet {
    Sheet {
        title: title.to_owned(),
        content: content.to_owned(),
        ..Sheet::default()
    }
}

/// Asks for a change; what was said to be done, and how to undo it.
async fn done(face: &mut Face, command: Command) -> (String, Option<Command>) {
    match face.answer(command).await {
        Answered::Done { what, undo } => (what, undo),
        other => panic!("{other:?}"),
    }
}

async fn refused(face: &mut Face, command: Command) -> Failure {
    let id = face.ask(command).await;
    face.refusal(id).await
}

async fn add_persona(face: &mut Face, profile: Profile) -> PersonaId {
    let id = face.mint.id();
    let is_new = true;
    done(
        face,
        Command::Personas(Personas::Save {
            id,
            is_new,
            profile,
        }),
    )
    .await;
    id
}

async fn add_prompt(face: &mut Face, sheet: Sheet) -> PromptId {
    let id = face.mint.id();
    let is_new = true;
    done(face, Command::Library(Library::Save { id, is_new, sheet })).await;
    id
}

async fn personas(face: &mut Face) -> Vec<PersonaListed> {
    match face.answer(Command::Personas(Personas::List)).await {
        Answered::Personas(all) => all,
        other => panic!("{other:?}"),
    }
}

async fn persona(face: &mut Face, id: PersonaId) -> PersonaListed {
    let all = personas(face).await;
    all.into_iter().find(|one| one.persona.id == id).unwrap()
}

async fn prompts(face: &mut Face, query: PromptQuery) -> Vec<PromptListed> {
    match face.answer(Command::Library(Library::List { query })).await {
        Answered::Prompts(all) => all,
        other => panic!("{other:?}"),
    }
}

async fn own(face: &mut Face) -> Vec<String> {
    let query = PromptQuery {
        has_shipped: false,
        ..PromptQuery::default()
    };
    let all = prompts(face, query).await;
    all.into_iter().map(|one| one.prompt.sheet.title).collect()
}

fn save_persona(id: PersonaId, profile: Profile) -> Command {
    let is_new = false;
    Command::Personas(Personas::Save {
        id,
        is_new,
        profile,
    })
}

fn to_personas(id: PersonaId, act: Act) -> Command {
    let ids = vec![id];
    Command::Personas(Personas::Apply { ids, act })
}

fn to_prompts(id: PromptId, act: PromptAct) -> Command {
    let ids = vec![id];
    Command::Library(Library::Apply { ids, act })
}

/// Sends a question into a new conversation with this persona.
async fn send_with(face: &mut Face, persona: PersonaId, text: &str) -> (RequestId, ConversationId) {
    let id = face.mint.id();
    let new = NewConversation {
        persona: Some(persona),
        ..fresh(id)
    };
    let send = Turn::Send {
        to: To::New(new),
        question: face.mint.id(),
        draft: Draft::of(text),
    };
    (face.turn(send).await, id)
}

async fn number(settings: &Settings, sql: &'static str) -> i64 {
    let options = SqliteConnectOptions::new().filename(&settings.paths.database);
    let mut connection = options.connect().await.unwrap();
    let row = sqlx::query(sql).fetch_one(&mut connection).await.unwrap();
    row.get(0)
}

#[tokio::test]
async fn the_system_text_of_a_persona_reaches_the_server_byte_for_byte() {
    let script = vec![
        Answer::text(&["a"]),
        Answer::text(&["b"]),
        Answer::text(&["c"]),
    ];
    let (server, _home, mut settings) = scene(script).await;
    settings.chat.system = "Be kind.".to_owned();
    let mut face = Face::screen(settings.clone());
    let anna = Profile {
        description: "Grew up in Lisbon.\n  Plays chess – badly.".into(),
        instructions: "Never use \"emoji\".".into(),
        relationship: Relationship::Sibling,
        ..profile("Anna")
    };
    let id = add_persona(&mut face, anna.clone()).await;
    let (turn, conversation) = send_with(&mut face, id, "Hello").await;
    let reply = face.measured(turn).await;
    let made = anna.made_text();
    assert!(made.contains("Plays chess – badly.") && made.contains("brotherly or sisterly"));
    let system = |at: usize| {
        let messages = server.requests()[at].body["messages"].clone();
        assert_eq!(messages[0]["role"], "system");
        messages[0]["content"].as_str().unwrap().to_owned()
    };
    assert_eq!(system(0), format!("{made}\n\nBe kind."));
    let shown = persona(&mut face, id).await.persona;
    assert_eq!(system(0), whole(&parts(Some(&shown), "", "Be kind.")));
    assert_eq!(reply.persona, Some(id));
    let question = on_disk(&settings, reply.parent.unwrap()).await.unwrap();
    assert_eq!(question.persona, Some(id));

    // The user's edit takes the place of the made text, own instructions that of the settings.
    let edited = Profile {
        system_text: Some("You are Anna, and nobody else.".into()),
        ..anna
    };
    done(&mut face, save_persona(id, edited)).await;
    let text = "Answer in Portuguese.".to_owned();
    let set = Chat::SetSystem { conversation, text };
    face.ask(Command::Chat(set)).await;
    let (turn, _) = face.send(conversation, Draft::of("Again")).await;
    face.measured(turn).await;
    assert_eq!(
        system(1),
        "You are Anna, and nobody else.\n\nAnswer in Portuguese."
    );

    // In the trash it keeps its conversation, which goes on without it.
    let (what, _) = done(&mut face, to_personas(id, Act::Trash)).await;
    assert_eq!(
        what,
        "moved to the trash: Anna; its conversation stays, and goes on without it"
    );
    let (turn, _) = face.send(conversation, Draft::of("Still there?")).await;
    assert_eq!(face.measured(turn).await.persona, None);
    assert_eq!(system(2), "Answer in Portuguese.");
    let row = disk(&settings).await.conversation(conversation).await;
    assert_eq!(row.unwrap().unwrap().persona, Some(id));
}

#[tokio::test]
async fn a_persona_counts_what_was_talked_with_it() {
    let script = vec![Answer::text(&["a"]), Answer::text(&["b"])];
    let (_server, _home, mut settings) = scene(script).await;
    let price = Price {
        input: Some(1_000),
        output: Some(1_000),
        ..Price::default()
    };
    let tariff = Tariff::flat(price);
    settings.pricing.insert("test/m".parse().unwrap(), tariff);
    let mut face = Face::screen(settings.clone());
    let anna = add_persona(&mut face, profile("Anna")).await;
    let berta = add_persona(&mut face, profile("Berta")).await;
    let (turn, first) = send_with(&mut face, anna, "One").await;
    let usage = face.measured(turn).await.usage.unwrap();
    let (turn, second) = send_with(&mut face, anna, "Two").await;
    face.measured(turn).await;
    let counted = persona(&mut face, anna).await;
    assert_eq!((counted.conversations, counted.unpriced), (2, 0));
    assert_eq!(counted.tokens_in, 2 * usage.input.unwrap());
    assert_eq!(counted.tokens_out, 2 * usage.output.unwrap());
    assert!(counted.cost.0 > 0);
    let active = async |id| {
        let row = disk(&settings).await.conversation(id).await.unwrap();
        Some(row.unwrap().active_at)
    };
    assert_eq!(counted.last_at, active(second).await);

    // Another persona, the trash, and the way back move the count; what was used stays where it was used.
    let set = |conversation, persona| {
        Command::Chat(Chat::SetPersona {
            conversation,
            persona,
        })
    };
    done(&mut face, set(second, Some(berta))).await;
    let counted = persona(&mut face, anna).await;
    assert_eq!(
        (counted.conversations, counted.last_at),
        (1, active(first).await)
    );
    assert_eq!(counted.tokens_in, 2 * usage.input.unwrap());
    let trash = Shelf::Apply {
        ids: vec![first, second],
        act: Act::Trash,
    };
    let (_, undo) = done(&mut face, Command::Shelf(trash)).await;
    for id in [anna, berta] {
        let counted = persona(&mut face, id).await;
        assert_eq!((counted.conversations, counted.last_at), (0, None));
    }
    done(&mut face, undo.unwrap()).await;
    done(&mut face, set(first, None)).await;
    assert_eq!(persona(&mut face, anna).await.conversations, 0);
    assert_eq!(persona(&mut face, berta).await.conversations, 1);
}

#[tokio::test]
async fn the_list_is_narrowed_to_a_persona_by_its_name() {
    let script = (0..3).map(|_| Answer::text(&["a"])).collect();
    let (_server, _home, settings) = scene(script).await;
    let mut face = Face::screen(settings);
    let old = add_persona(&mut face, profile("Old Friend")).await;
    let oskar = add_persona(&mut face, profile("Öskar")).await;
    for (persona, text) in [(old, "Rust and rain"), (oskar, "Rust")] {
        let (turn, _) = send_with(&mut face, persona, text).await;
        face.measured(turn).await;
    }
    let (turn, ..) = face.send_new("Rust alone").await;
    face.measured(turn).await;
    for (words, persona, wanted) in [
        ("rust", None, &["Rust alone", "Rust", "Rust and rain"][..]),
        ("persona:öSKAR", None, &["Rust"]),
        ("persona:\"old friend\"", None, &["Rust and rain"]),
        ("rain persona:old", None, &["Rust and rain"]),
        ("rain persona:öskar", None, &[]),
        ("persona:none", None, &["Rust alone"]),
        ("persona:nobody", None, &[]),
        ("", Some(old), &["Rust and rain"]),
        ("persona:öskar", Some(old), &[]),
        ("persona:", None, &["Rust alone", "Rust", "Rust and rain"]),
    ] {
        let query = Query {
            words: words.to_owned(),
            which: Which::Active,
            persona,
            ..Query::default()
        };
        for limit in [None, Some(1), Some(0)] {
            let list = Shelf::List {
                query: query.clone(),
                after: None,
                offset: 0,
                limit,
            };
            let answer = face.answer(Command::Shelf(list)).await;
            let Answered::List { rows, total, .. } = answer else {
                panic!("{answer:?}");
            };
            let titles: Vec<&str> = rows.iter().map(|r| r.conversation.title.as_str()).collect();
            let most = limit.map_or(wanted.len(), |limit| limit as usize);
            assert_eq!(titles, &wanted[..most.min(wanted.len())], "{words}");
            assert_eq!(total, wanted.len() as u64, "{words} {limit:?}");
        }
    }
}

#[tokio::test]
async fn choosing_a_persona_takes_its_model_and_temperature_and_undo_gives_all_back() {
    let script = vec![Answer::text(&["a"]), Answer::text(&["b"])];
    let (server, _home, mut settings) = scene(script).await;
    settings
        .providers
        .insert("lab".to_owned(), provider(&server.url()));
    let mut face = Face::screen(settings.clone());
    let warm = add_persona(
        &mut face,
        Profile {
            model: Some("lab/warm".parse().unwrap()),
            temperature: Some(1.5),
            ..profile("Warm")
        },
    )
    .await;
    let plain = add_persona(&mut face, profile("Plain")).await;
    let (turn, conversation, _) = face.send_new("Talk").await;
    face.measured(turn).await;
    let row = async || {
        let row = disk(&settings).await.conversation(conversation).await;
        let row = row.unwrap().unwrap();
        (row.persona, row.model.to_string(), row.sampling.temperature)
    };
    let before = row().await;
    assert_eq!(before, (None, "test/m".into(), None));
    let set = |persona| {
        Command::Chat(Chat::SetPersona {
            conversation,
            persona,
        })
    };
    let (what, undo) = done(&mut face, set(Some(warm))).await;
    assert_eq!(
        what,
        "the persona is now Warm; model lab/warm; temperature 1.5"
    );
    assert_eq!(row().await, (Some(warm), "lab/warm".into(), Some(1.5)));
    let (_, again) = done(&mut face, undo.unwrap()).await;
    assert_eq!(row().await, before);
    done(&mut face, again.unwrap()).await;
    assert_eq!(row().await, (Some(warm), "lab/warm".into(), Some(1.5)));
    let (turn, _) = face.send(conversation, Draft::of("Warmer")).await;
    assert_eq!(
        face.measured(turn).await.model.unwrap().to_string(),
        "lab/warm"
    );
    assert_eq!(server.requests()[1].body["temperature"], 1.5);

    // What came with the former one goes with it; what the user set stays.
    let (what, _) = done(&mut face, set(Some(plain))).await;
    assert_eq!(
        what,
        "the persona is now Plain; temperature as in the settings"
    );
    assert_eq!(row().await, (Some(plain), "lab/warm".into(), None));
    let sampling = Sampling {
        temperature: Some(0.2),
        ..Sampling::default()
    };
    face.ask(Command::Chat(Chat::Set {
        conversation,
        sampling,
    }))
    .await;
    let (what, _) = done(&mut face, set(Some(warm))).await;
    assert!(what.ends_with("your temperature 0.2 stays"), "{what}");
    let (what, _) = done(&mut face, set(None)).await;
    assert_eq!(what, "no persona any more");
    assert_eq!(row().await, (None, "lab/warm".into(), Some(0.2)));

    // Nothing changes where it cannot be.
    let nobody = face.mint.id();
    let failure = refused(&mut face, set(Some(nobody))).await;
    assert!(failure.title.contains("gone"), "{failure}");
    done(&mut face, to_personas(warm, Act::Trash)).await;
    let failure = refused(&mut face, set(Some(warm))).await;
    assert!(failure.title.contains("in the trash"), "{failure}");
    assert_eq!(row().await, (None, "lab/warm".into(), Some(0.2)));
}

#[tokio::test]
async fn a_new_conversation_takes_from_its_persona_what_the_user_did_not_say() {
    let script = vec![Answer::text(&["a"]), Answer::text(&["b"])];
    let (server, _home, mut settings) = scene(script).await;
    settings
        .providers
        .insert("lab".to_owned(), provider(&server.url()));
    let mut face = Face::screen(settings.clone());
    let warm = Profile {
        model: Some("lab/warm".parse().unwrap()),
        temperature: Some(1.5),
        ..profile("Warm")
    };
    let id = add_persona(&mut face, warm.clone()).await;
    let (turn, _) = send_with(&mut face, id, "Hello").await;
    assert_eq!(
        face.measured(turn).await.model.unwrap().to_string(),
        "lab/warm"
    );
    assert_eq!(server.requests()[0].body["temperature"], 1.5);
    let conversation = face.mint.id();
    let new = NewConversation {
        model: Some("test/own".parse().unwrap()),
        persona: Some(id),
        sampling: Sampling {
            temperature: Some(0.0),
            ..Sampling::default()
        },
        ..fresh(conversation)
    };
    let send = Turn::Send {
        to: To::New(new),
        question: face.mint.id(),
        draft: Draft::of("Mine"),
    };
    let turn = face.turn(send).await;
    assert_eq!(
        face.measured(turn).await.model.unwrap().to_string(),
        "test/own"
    );
    assert_eq!(server.requests()[1].body["temperature"], 0.0);
    face.stop().await;

    // A model whose provider this machine does not know is passed over, and that is said.
    settings.providers.remove("lab");
    let mut face = Face::screen(settings);
    let (_, conversation) = send_with(&mut face, id, "Elsewhere").await;
    let warned = face
        .until(|event| match &event.news {
            News::Warned(failure) => Some(failure.clone()),
            _ => None,
        })
        .await;
    assert!(warned.title.contains("lab/warm") && warned.title.contains("test/m"));
    let started = face
        .until(|event| match &event.news {
            News::Turn {
                step: Step::Started { conversation, .. },
                ..
            } => Some(conversation.clone()),
            _ => None,
        })
        .await;
    assert_eq!(
        (started.id, started.model.to_string()),
        (conversation, "test/m".into())
    );
}

#[tokio::test]
async fn personas_are_made_copied_changed_and_kept_apart_by_name() {
    let (_server, _home, settings) = scene(Vec::new()).await;
    let mut face = Face::screen(settings);
    let anna = add_persona(&mut face, profile(" Änna ")).await;
    let names = async |face: &mut Face| {
        let all = personas(face).await;
        let names = all.into_iter().map(|one| {
            let is_trashed = one.persona.trashed_at.is_some();
            (one.persona.profile.name, is_trashed)
        });
        names.collect::<Vec<_>>()
    };
    let duplicate = |copy| Command::Personas(Personas::Duplicate { id: anna, copy });
    let first = face.mint.id();
    let (what, _) = done(&mut face, duplicate(first)).await;
    assert_eq!(what, "copied: Änna copy");
    let second = face.mint.id();
    let (what, undo) = done(&mut face, duplicate(second)).await;
    assert_eq!(what, "copied: Änna copy 2");
    done(&mut face, undo.unwrap()).await;

    // A name that is taken, whatever its case in any script, changes nothing.
    let before = names(&mut face).await;
    let new = Personas::Save {
        id: face.mint.id(),
        is_new: true,
        profile: profile("äNNA"),
    };
    for command in [Command::Personas(new), save_persona(first, profile("ÄNNA"))] {
        let failure = refused(&mut face, command).await;
        assert_eq!(failure.kind, FailureKind::Input);
        assert!(failure.title.contains("Änna"), "{failure}");
    }
    for bad in [
        profile(&"x".repeat(10_000)),
        Profile {
            temperature: Some(3.0),
            ..profile("Hot")
        },
        Profile {
            model: Some("nowhere/m".parse().unwrap()),
            ..profile("Lost")
        },
    ] {
        let new = Personas::Save {
            id: face.mint.id(),
            is_new: true,
            profile: bad,
        };
        let failure = refused(&mut face, Command::Personas(new)).await;
        assert!(!failure.remedy.is_empty(), "{failure:?}");
    }
    assert_eq!(names(&mut face).await, before);

    // The trash frees a name; who wants to come back to a taken one is told what to do.
    done(&mut face, to_personas(anna, Act::Trash)).await;
    let (what, undo) = done(&mut face, save_persona(first, profile("änna"))).await;
    assert_eq!(what, "saved: änna");
    let failure = refused(&mut face, to_personas(anna, Act::Restore)).await;
    assert_eq!(failure.kind, FailureKind::Input);
    assert!(failure.remedy.contains("Rename that persona"), "{failure}");
    let failure = refused(&mut face, save_persona(anna, profile("Other"))).await;
    assert!(failure.remedy.contains("Restore"), "{failure}");
    done(&mut face, undo.unwrap()).await;
    done(&mut face, to_personas(anna, Act::Restore)).await;
    let shown = names(&mut face).await;
    let of = |name: &str, is_trashed| (name.to_owned(), is_trashed);
    let wanted = [
        of("Änna", false),
        of("Änna copy", false),
        of("Änna copy 2", true),
    ];
    assert_eq!(shown, wanted);

    let find = |name: &str| {
        let name = name.to_owned();
        Command::Personas(Personas::Find { name })
    };
    for name in ["ÄNNA".to_owned(), anna.to_string()] {
        match face.answer(find(&name)).await {
            Answered::Persona(found) => assert_eq!(found.persona.id, anna),
            other => panic!("{other:?}"),
        }
    }
    for (name, words) in [
        ("Nobody", "no persona"),
        (&anna.to_string()[..8], "several ids"),
    ] {
        let failure = refused(&mut face, find(name)).await;
        assert!(failure.title.contains(words), "{failure}");
    }
}

#[tokio::test]
async fn a_character_card_becomes_a_persona_and_anything_else_changes_nothing() {
    let (_server, home, settings) = scene(Vec::new()).await;
    let mut face = Face::screen(settings.clone());
    let write = |name: &str, bytes: &[u8]| {
        let path = home.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let card = json!({ "spec": "chara_card_v2", "spec_version": "2.0", "data": {
        "name": "Ada", "description": "{{char}} knows {{user}}.", "personality": "precise",
        "extensions": { "kept": [1, 2] },
    }});
    let file = write("ada.json", card.to_string().as_bytes());
    let import = |id, file| Command::Personas(Personas::Import { id, file });
    let id: PersonaId = face.mint.id();
    let (what, _) = done(&mut face, import(id, file.clone())).await;
    assert_eq!(what, "imported: Ada");
    let made = persona(&mut face, id).await.persona;
    assert!(made.is_imported);
    assert_eq!(made.profile.description, "Ada knows the user.");
    let kept = "SELECT json_extract(card, '$.data.extensions.kept[1]') FROM persona";
    assert_eq!(number(&settings, kept).await, 2);

    let large = vec![b' '; 3 << 20];
    for (file, words) in [
        (file, "already"),
        (
            write("card.png", b"\x89PNG\r\n\x1a\n\xff"),
            "not a character card",
        ),
        (write("list.json", b"{\"a\": 1}"), "not a character card"),
        (write("large.json", &large), "larger than"),
        (home.path().join("missing.json"), "cannot be read"),
        (home.path().to_owned(), "not a file"),
    ] {
        let new = face.mint.id();
        let failure = refused(&mut face, import(new, file)).await;
        assert_eq!(failure.kind, FailureKind::Input);
        assert!(failure.title.contains(words), "{failure}");
    }
    assert_eq!(personas(&mut face).await.len(), 1);
}

#[tokio::test]
async fn prompts_have_versions_and_tags() {
    let (_server, _home, settings) = scene(Vec::new()).await;
    let mut face = Face::screen(settings);
    let first = Sheet {
        tags: vec!["Rust".into(), "review".into()],
        scenario: "coding".into(),
        metadata: json!({ "source": "team" }).as_object().unwrap().clone(),
        ..sheet("Review", "Review {code}.")
    };
    let id = add_prompt(&mut face, first.clone()).await;
    let save = |id, sheet| {
        let is_new = false;
        Command::Library(Library::Save { id, is_new, sheet })
    };
    // What is beside title and content makes no version.
    let second = Sheet {
        tags: vec!["rust".into(), "style".into()],
        ..first.clone()
    };
    let (what, _) = done(&mut face, save(id, second.clone())).await;
    assert_eq!(what, "saved: Review");
    let third = Sheet {
        content: "Review {code} kindly.".into(),
        ..second
    };
    let (what, undo) = done(&mut face, save(id, third)).await;
    assert_eq!(what, "saved: Review, version 2");
    let tagged = PromptQuery {
        tag: Some("RUST".into()),
        has_shipped: false,
        ..PromptQuery::default()
    };
    let found = prompts(&mut face, tagged).await;
    let [found] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(found.prompt.sheet.tags, ["rust", "style"]);
    assert_eq!(found.prompt.sheet.metadata["source"], "team");
    assert_eq!(found.prompt.version, 2);
    done(&mut face, undo.unwrap()).await;
    let Answered::Versions(versions) = face
        .answer(Command::Library(Library::Versions { prompt: id }))
        .await
    else {
        panic!("no versions");
    };
    let told: Vec<_> = versions
        .iter()
        .map(|v| (v.version, v.content.as_str()))
        .collect();
    let wanted = [
        (3, "Review {code}."),
        (2, "Review {code} kindly."),
        (1, "Review {code}."),
    ];
    assert_eq!(told, wanted);
}

#[tokio::test]
async fn the_use_of_a_prompt_is_counted_and_its_messages_are_found() {
    let (_server, _home, settings) = scene(vec![Answer::text(&["a"])]).await;
    let mut face = Face::screen(settings);
    let id = add_prompt(&mut face, sheet("Review", "Review {code}.")).await;
    for code in ["a", "b"] {
        let values = BTreeMap::from([("code".to_owned(), code.to_owned())]);
        let used = Library::Used { prompt: id, values };
        let (_, undo) = done(&mut face, Command::Library(used)).await;
        assert_eq!(undo, None);
    }
    let conversation: ConversationId = face.mint.id();
    let send = Turn::Send {
        to: To::New(fresh(conversation)),
        question: face.mint.id(),
        draft: Draft {
            prompt: Some((id, 3)),
            ..Draft::of("Review b.")
        },
    };
    let turn = face.turn(send).await;
    let reply = face.measured(turn).await;
    let uses = face
        .answer(Command::Library(Library::Uses { prompt: id }))
        .await;
    match uses {
        Answered::Uses(uses) => {
            assert_eq!(uses.len(), 1);
            assert_eq!((uses[0].conversation, uses[0].version), (conversation, 3));
            assert_eq!(Some(uses[0].message), reply.parent);
            assert_eq!(uses[0].title, "Review b.");
        }
        other => panic!("{other:?}"),
    }
    let name = "review".to_owned();
    match face.answer(Command::Library(Library::Find { name })).await {
        Answered::Prompt(found) => {
            assert_eq!((found.prompt.id, found.uses), (id, 2));
            assert_eq!(found.last_values["code"], "b");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn one_title_is_one_prompt() {
    let (_server, _home, settings) = scene(Vec::new()).await;
    let mut face = Face::screen(settings);
    let first = Sheet {
        scenario: "coding".into(),
        ..sheet("Review", "Review {code}.")
    };
    let id = add_prompt(&mut face, first).await;
    let taken = Library::Save {
        id: face.mint.id(),
        is_new: true,
        sheet: sheet("REVIEW", "x"),
    };
    let failure = refused(&mut face, Command::Library(taken)).await;
    assert_eq!(failure.kind, FailureKind::Input);
    let copy = face.mint.id();
    let duplicate = Library::Duplicate { id, copy };
    let (what, _) = done(&mut face, Command::Library(duplicate)).await;
    assert_eq!(what, "copied: Review copy");
    done(&mut face, to_prompts(id, PromptAct::Trash)).await;
    add_prompt(&mut face, sheet("Review", "another")).await;
    let failure = refused(&mut face, to_prompts(id, PromptAct::Restore)).await;
    assert!(failure.remedy.contains("Rename that prompt"), "{failure}");
    assert_eq!(own(&mut face).await, ["Review copy", "Review"]);
}

#[tokio::test]
async fn shipped_prompts_are_hidden_and_copied_but_never_changed() {
    let (_server, _home, settings) = scene(Vec::new()).await;
    let mut face = Face::screen(settings);
    let all = prompts(&mut face, PromptQuery::default()).await;
    let shipped = all[0].prompt.clone();
    assert!(shipped.is_template);
    let change = Library::Save {
        id: shipped.id,
        is_new: false,
        sheet: sheet("Mine", "x"),
    };
    for command in [
        Command::Library(change),
        to_prompts(shipped.id, PromptAct::Trash),
        to_prompts(shipped.id, PromptAct::Restore),
    ] {
        let failure = refused(&mut face, command).await;
        assert!(failure.title.contains(&shipped.sheet.title), "{failure}");
        assert!(failure.remedy.starts_with("Duplicate it"), "{failure}");
    }
    let (_, undo) = done(&mut face, to_prompts(shipped.id, PromptAct::Hide)).await;
    assert_eq!(
        prompts(&mut face, PromptQuery::default()).await.len(),
        all.len() - 1
    );
    let hidden = PromptQuery {
        has_hidden: true,
        ..PromptQuery::default()
    };
    let shown = prompts(&mut face, hidden).await;
    assert!(
        shown
            .iter()
            .any(|one| one.prompt.id == shipped.id && one.is_hidden)
    );
    done(&mut face, undo.unwrap()).await;
    assert_eq!(
        prompts(&mut face, PromptQuery::default()).await.len(),
        all.len()
    );

    let copy = face.mint.id();
    let duplicate = Library::Duplicate {
        id: shipped.id,
        copy,
    };
    done(&mut face, Command::Library(duplicate)).await;
    assert_eq!(
        own(&mut face).await,
        [format!("{} copy", shipped.sheet.title)]
    );
    let failure = refused(&mut face, to_prompts(copy, PromptAct::Hide)).await;
    assert!(failure.remedy.contains("trash"), "{failure}");
    let used = Library::Used {
        prompt: shipped.id,
        values: BTreeMap::new(),
    };
    done(&mut face, Command::Library(used)).await;
    let listed = prompts(&mut face, PromptQuery::default()).await;
    let used = listed.iter().find(|one| one.prompt.id == shipped.id);
    assert_eq!(used.unwrap().uses, 1);
}

fn trial(text: &str) -> Trial {
    Trial {
        text: text.to_owned(),
        conversation: None,
        persona: None,
        model: None,
        sampling: Sampling::default(),
    }
}

async fn try_out(face: &mut Face, trial: Trial) -> RequestId {
    face.ask(Command::Library(Library::Try { trial })).await
}

async fn trial_step<T>(
    face: &mut Face,
    id: RequestId,
    mut find: impl FnMut(&TrialStep) -> Option<T>,
) -> T {
    face.until(|event| match &event.news {
        News::Trial(step) if event.cause == Some(id) => find(step),
        News::Refused(failure) if event.cause == Some(id) => panic!("refused: {failure:?}"),
        _ => None,
    })
    .await
}

async fn trial_end(face: &mut Face, id: RequestId) -> TrialEnd {
    trial_step(face, id, |step| match step {
        TrialStep::Ended(end) => Some((**end).clone()),
        _ => None,
    })
    .await
}

fn tried(face: &Face, id: RequestId) -> String {
    let said = face.said.iter().filter(|event| event.cause == Some(id));
    said.filter_map(|event| match &event.news {
        News::Trial(TrialStep::Grew { text }) => Some(text.as_str()),
        _ => None,
    })
    .collect()
}

/// Requests counted as trials without anything that names them.
const TRIALS: &str = "SELECT count(*) FROM usage WHERE purpose = 'try' AND conversation_id IS NULL
  AND message_id IS NULL AND persona_id IS NULL AND raw IS NULL";

#[tokio::test]
async fn a_trial_streams_is_counted_and_leaves_nothing_else() {
    let script = vec![
        Answer::text(&["Talk"]),
        Answer::text(&["A title"]),
        Answer::text(&["A try", "ing answer"]),
    ];
    let (server, home, mut settings) = scene(script).await;
    settings.chores.titles = true;
    settings.chat.system = "Be kind.".to_owned();
    let mut face = Face::screen(settings.clone());
    let anna = Profile {
        system_text: Some("You are Anna.".into()),
        temperature: Some(0.5),
        ..profile("Anna")
    };
    let anna = add_persona(&mut face, anna).await;
    let (turn, conversation) = send_with(&mut face, anna, "Talk").await;
    face.measured(turn).await;
    face.until(|event| match &event.news {
        News::Changed(Row::Conversation(row)) => (row.title == "A title").then_some(()),
        _ => None,
    })
    .await;
    let messages = "SELECT count(*) FROM message";
    assert_eq!(number(&settings, messages).await, 2);
    let before = persona(&mut face, anna).await;

    let wanted = Trial {
        conversation: Some(conversation),
        model: Some("test/other".parse().unwrap()),
        sampling: Sampling {
            max_output_tokens: Some(77),
            ..Sampling::default()
        },
        ..trial("Only tried once")
    };
    let id = try_out(&mut face, wanted).await;
    let model = trial_step(&mut face, id, |step| match step {
        TrialStep::Started { model } => Some(model.to_string()),
        _ => None,
    })
    .await;
    assert_eq!(model, "test/other");
    let end = trial_end(&mut face, id).await;
    assert_eq!((end.status, end.failure), (Status::Complete, None));
    assert_eq!(end.model.to_string(), "test/other");
    assert_eq!((end.usage.unwrap().input, end.cost), (Some(9), None));
    assert_eq!(tried(&face, id), "A trying answer");
    let requests = server.requests();
    let asked = requests
        .iter()
        .find(|request| request.body["model"] == "other")
        .unwrap();
    let sent = &asked.body["messages"];
    assert_eq!(sent.as_array().unwrap().len(), 2, "no history is sent");
    assert_eq!(sent[0]["content"], "You are Anna.\n\nBe kind.");
    assert_eq!(sent[1]["content"], "Only tried once");
    assert_eq!(asked.body["temperature"], 0.5);
    assert_eq!(asked.body["max_tokens"], 77);

    assert_eq!(number(&settings, TRIALS).await, 1);
    assert_eq!(number(&settings, messages).await, 2);
    assert_eq!(
        number(&settings, "SELECT count(*) FROM conversation").await,
        1
    );
    let remembered = "SELECT count(*) FROM model WHERE name = 'other'";
    assert_eq!(number(&settings, remembered).await, 0);
    assert_eq!(persona(&mut face, anna).await.tokens_in, before.tokens_in);
    let row = disk(&settings).await.conversation(conversation).await;
    assert_eq!(row.unwrap().unwrap().model.to_string(), "test/m");
    face.stop().await;
    assert_eq!(server.requests().len(), 3, "a trial gets no title");
    assert!(!holds(home.path(), "Only tried once") && !holds(home.path(), "A trying answer"));
}

#[tokio::test]
async fn a_trial_is_stopped_by_its_request() {
    let gate = Gate::new();
    let script = vec![
        Answer::stream().stall(),
        Answer::text_gated(&["Half", "whole"], &gate),
    ];
    let (server, _home, settings) = scene(script).await;
    let mut face = Face::screen(settings.clone());
    let id = try_out(&mut face, trial("First")).await;
    server.wait_for(1).await;
    face.ask(Command::Cancel(id)).await;
    let end = trial_end(&mut face, id).await;
    assert_eq!((end.status, end.failure), (Status::Stopped, None));
    assert_eq!(number(&settings, TRIALS).await, 0, "nothing was answered");

    let id = try_out(&mut face, trial("Second")).await;
    gate.open();
    let words = trial_step(&mut face, id, |step| match step {
        TrialStep::Grew { text } => Some(text.clone()),
        _ => None,
    })
    .await;
    assert_eq!(words, "Half");
    face.ask(Command::Cancel(id)).await;
    let end = trial_end(&mut face, id).await;
    assert_eq!(end.status, Status::Stopped);
    assert!(end.usage.unwrap().is_estimate);
    assert_eq!(tried(&face, id), "Half");
    assert_eq!(number(&settings, TRIALS).await, 1);
    assert_eq!(number(&settings, "SELECT count(*) FROM message").await, 0);
    assert_eq!(number(&settings, "SELECT count(*) FROM draft").await, 0);
}

#[tokio::test]
async fn a_trial_fails_as_a_turn_does() {
    let broken = sse_role() + &sse_piece("Half an") + &sse_error("the model fell over");
    let script = vec![
        error_server(),
        error_server(),
        error_server(),
        Answer::stream().send(broken),
    ];
    let (server, _home, settings) = scene(script).await;
    let mut face = Face::screen(settings.clone());
    let id = try_out(&mut face, trial("Before the first word")).await;
    for wanted in [1, 2] {
        let attempt = trial_step(&mut face, id, |step| match step {
            TrialStep::Waiting { attempt, .. } => Some(*attempt),
            _ => None,
        })
        .await;
        assert_eq!(attempt, wanted);
        skip(Duration::from_secs(2)).await;
    }
    let end = trial_end(&mut face, id).await;
    assert_eq!((end.status, end.usage), (Status::Failed, None));
    assert!(end.failure.is_some());
    assert_eq!(server.requests().len(), 3);

    let id = try_out(&mut face, trial("After it")).await;
    let end = trial_end(&mut face, id).await;
    assert_eq!(end.status, Status::Failed);
    let told = format!("{:?}", end.failure.unwrap());
    assert!(told.contains("the model fell over"), "{told}");
    assert_eq!(tried(&face, id), "Half an");
    assert_eq!(number(&settings, TRIALS).await, 1);

    for (bad, words) in [
        (trial(" \n"), "nothing to try"),
        (
            Trial {
                model: Some("nowhere/m".parse().unwrap()),
                ..trial("x")
            },
            "nowhere",
        ),
        (
            Trial {
                sampling: Sampling {
                    temperature: Some(3.0),
                    ..Sampling::default()
                },
                ..trial("x")
            },
            "temperature 3",
        ),
        (
            Trial {
                conversation: Some(face.mint.id()),
                ..trial("x")
            },
            "gone",
        ),
    ] {
        let id = try_out(&mut face, bad).await;
        let failure = face.refusal(id).await;
        assert!(failure.title.contains(words), "{failure}");
    }
    assert_eq!(server.requests().len(), 4);
    assert_eq!(
        number(&settings, "SELECT count(*) FROM conversation").await,
        0
    );
}

#[tokio::test]
async fn trials_keep_the_pace_of_sends() {
    let script = vec![Answer::text(&["a"]), Answer::text(&["b"])];
    let (server, _home, mut settings) = scene(script).await;
    // A name that is not this machine, reached through the scripted server as proxy.
    settings.network.proxy = Some(format!("http://{}", server.address()));
    settings
        .providers
        .insert("test".to_owned(), provider("http://lab.invalid/v1"));
    settings.limits.requests_per_minute = 1;
    let mut face = Face::screen(settings);
    let (turn, ..) = face.send_new("Talk").await;
    face.measured(turn).await;
    let id = try_out(&mut face, trial("Wait")).await;
    let why = trial_step(&mut face, id, |step| match step {
        TrialStep::Waiting { why, .. } => Some(why.clone()),
        _ => None,
    })
    .await;
    assert!(why.contains("requests_per_minute"), "{why}");
    face.ask(Command::Cancel(id)).await;
    assert_eq!(trial_end(&mut face, id).await.status, Status::Stopped);
}

#[tokio::test]
async fn what_a_person_decided_is_stamped_and_waits_for_sync() {
    let (_server, _home, settings) = scene(Vec::new()).await;
    let mut face = Face::screen(settings.clone());
    let anna = add_persona(&mut face, profile("Anna")).await;
    let tagged = Sheet {
        tags: vec!["rust".into()],
        ..sheet("Review", "x")
    };
    let prompt = add_prompt(&mut face, tagged).await;
    let used = Library::Used {
        prompt,
        values: BTreeMap::new(),
    };
    done(&mut face, Command::Library(used)).await;
    let waiting = "SELECT group_concat(kind, ' ') = 'persona prompt tag:prompt prompt_use'
      FROM (SELECT kind FROM change WHERE kind <> 'conversation' ORDER BY seq)";
    assert_eq!(number(&settings, waiting).await, 1);
    done(&mut face, to_personas(anna, Act::Trash)).await;
    let options = SqliteConnectOptions::new().filename(&settings.paths.database);
    let mut outside = options.connect().await.unwrap();
    for (sql, words) in [
        ("UPDATE persona SET name = 'x'", "without a newer stamp"),
        (
            "UPDATE prompt SET metadata = '{\"a\":1}'",
            "without a newer stamp",
        ),
        ("UPDATE tag SET is_gone = 1", "without a newer stamp"),
        ("DELETE FROM persona", "without a tombstone"),
        ("DELETE FROM prompt", "without a tombstone"),
    ] {
        let error = sqlx::query(sql).execute(&mut outside).await.unwrap_err();
        assert!(error.to_string().contains(words), "{sql}: {error}");
    }
    let changed = face.said.iter().any(|event| {
        matches!(&event.news, News::Changed(Row::Persona(row)) if row.persona.trashed_at.is_some())
    });
    assert!(changed);
}
