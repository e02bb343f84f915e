//! What the shell writes and reads beside asking: export, edit, trash, messages given, completions, closed pipes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what several tests share stops where a test cannot go on"
)]

mod support;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use salon::domain::conversation::{Conversation, Sampling, Storage, TitleBy};
use salon::domain::export::{file_name, markdown};
use salon::domain::id::{ConversationId, MessageId, PersonaId};
use salon::domain::message::{Finish, Message, Shown, Status};
use salon::domain::model::ModelRef;
use salon::domain::record::lines;
use salon::domain::usage::{Money, Usage};
use salon::domain::when::Millis;
use serde_json::{Value, json};
use support::home::{Home, Ran};
use support::server::{Answer, Server, error_key};

/// A conversation of Anna's with two answers to its first question, the second one cut in a code block.
fn fixture() -> (Conversation, Vec<Shown>, BTreeMap<PersonaId, String>) {
    let id = ConversationId(uuid::Uuid::from_u128(1));
    let anna = PersonaId(uuid::Uuid::from_u128(2));
    let conversation = Conversation {
        id,
        title: "Fences in *C#*".into(),
        title_by: TitleBy::User,
        model: ModelRef::new("lab", "m_1"),
        persona: Some(anna),
        system: "Answer in code:\n```\nlike this\n```".into(),
        sampling: Sampling::default(),
        storage: Storage::Local,
        thread: None,
        created_at: Millis(1_767_225_600_000),
        active_at: Millis(1_767_225_661_500),
        trashed_at: None,
        pinned_at: None,
        archived_at: None,
        tags: vec!["rust".into(), "work".into()],
        tip: Some(MessageId(uuid::Uuid::from_u128(14))),
        message_count: 4,
        tokens_in: 312,
        tokens_out: 84,
        cost: Money(3_400_000_000),
        unpriced: 0,
        metadata: serde_json::json!({"case": 7}),
    };
    let message = |n: u128| MessageId(uuid::Uuid::from_u128(n));
    let at = |seconds: i64| Millis(1_767_225_600_000 + seconds * 1000);
    let ask = |n, parent, text: &str, seconds| Message {
        status: Status::Complete,
        ..Message::question(message(n), id, parent, text.into(), at(seconds))
    };
    let first = ask(
        11,
        None,
        "How do I write a fence?\n\n~~~\n<b>so</b>\n~~~",
        0,
    );
    let answer = |n, to: &Message, text: &str, seconds| Message {
        status: Status::Complete,
        finish: Some(Finish::Stop),
        persona: Some(anna),
        content: text.into(),
        ..Message::reply(message(n), to, ModelRef::new("lab", "m_1"), at(seconds))
    };
    let old = answer(
        12,
        &first,
        "Like this:\n\n````md\n```\ncode\n```\n````\n",
        2,
    );
    let cut = Message {
        status: Status::Interrupted,
        finish: None,
        usage: Some(Usage {
            input: Some(312),
            output: Some(84),
            ..Usage::default()
        }),
        cost: Some(Money(3_400_000_000)),
        ..answer(13, &first, "So:\n\n```rust\nfn main() {", 9)
    };
    let next = ask(14, Some(cut.id), "Go on. 你好 👩\u{200d}👧", 61);
    let shown = |message: &Message, place, of| Shown {
        message: message.clone(),
        place,
        of,
        is_elsewhere: false,
    };
    let messages = vec![
        shown(&first, 1, 1),
        shown(&old, 1, 2),
        shown(&cut, 2, 2),
        shown(&next, 1, 1),
    ];
    (
        conversation,
        messages,
        BTreeMap::from([(anna, "Anna".into())]),
    )
}

/// Compares with a written file; `SALON_WRITE=1` writes it.
#[track_caller]
fn is_written(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/export")
        .join(name);
    if std::env::var_os("SALON_WRITE").is_some() {
        std::fs::write(&file, text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn a_document_says_who_said_what_and_nothing_reaches_out_of_its_message() {
    let (conversation, messages, names) = fixture();
    let shown: Vec<Shown> = [0, 2, 3].map(|at| messages[at].clone()).into();
    is_written("shown.md", &markdown(&conversation, &shown, &names, false));
    is_written(
        "branches.md",
        &markdown(&conversation, &messages, &names, true),
    );
}

#[test]
fn lines_are_the_objects_of_show() {
    let (conversation, messages, names) = fixture();
    let text = lines(&conversation, &messages, &names);
    is_written("branches.jsonl", &text);
    let objects: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(objects.len(), 5);
    assert_eq!(objects[0]["persona"], "Anna");
    assert_eq!(objects[0]["cost_usd"], "0.0034");
    assert_eq!(objects[3]["parent"], objects[1]["id"]);
    assert_eq!(objects[4]["id"], objects[0]["tip"]);
    assert!(!text.contains("\u{1b}"));
}

/// A home with these conversations of the guide, oldest first.
fn home_with(questions: &[&str]) -> Home {
    let home = Home::new();
    for question in questions {
        home.run(&["ask", question]).ok();
    }
    home
}

/// The line of a conversation.
fn row(home: &Home, id: &str) -> Value {
    home.run(&["show", id, "--json"]).ok().objects().remove(0)
}

/// The ids of `list` with these arguments.
fn ids(home: &Home, args: &[&str]) -> Vec<String> {
    let args = [&["list", "--json"], args].concat();
    let lines = home.run(&args).ok().objects();
    let ids = lines
        .iter()
        .map(|line| line["id"].as_str().unwrap().to_owned());
    ids.collect()
}

/// It was refused with exit code 2, and these words stand on standard error.
#[track_caller]
fn refused(ran: &Ran, words: &str) {
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
    assert!(ran.err.contains(words), "{ran:?}");
    assert!(!ran.err.contains("panicked"), "{ran:?}");
}

#[test]
fn an_export_is_printed_or_written_for_its_owner_alone() {
    let home = home_with(&["how do I quit?"]);
    let printed = home.run(&["export", "last"]).ok();
    assert!(
        printed
            .out
            .starts_with("# how do I quit?\n\n- Model: guide/tour\n")
    );
    assert!(printed.out.contains("\n## You, 2"), "{printed:?}");
    assert!(!printed.out.contains('\u{1b}'));
    let shown = home.run(&["show", "last", "--json"]).ok();
    let lines = home.run(&["export", "last", "--format", "jsonl"]).ok();
    assert_eq!(lines.out, shown.out);

    let file = home.path().join("talk.md");
    let name = file.to_str().unwrap();
    let told = home.run(&["export", "last", "-o", name]).ok();
    assert_eq!(told.out, format!("written: {name}\n"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), printed.out);
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    // What is there stays, unless that is forced; the ending names the format.
    std::fs::write(&file, "mine").unwrap();
    let kept = home.run(&["export", "last", "-o", name]);
    refused(&kept, "is there already");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    home.run(&["export", "last", "-o", name, "--force"]).ok();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), printed.out);
    let other = home.path().join("talk.jsonl");
    home.run(&["export", "last", "-o", other.to_str().unwrap()])
        .ok();
    assert_eq!(std::fs::read_to_string(&other).unwrap(), shown.out);
    home.run(&["export", "last", "-o", "~/in home.md"]).ok();
    assert!(home.path().join("in home.md").is_file());
    let left = std::fs::read_dir(home.path()).unwrap();
    let names = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.into_iter().all(|name| !name.ends_with(".new")));
}

#[test]
fn a_long_title_of_wide_letters_is_a_name_that_can_be_written() {
    let home = home_with(&["one"]);
    let title = "学".repeat(200);
    home.run(&["edit", "last", "--title", &title]).ok();
    // The name that is proposed, and the longest a file system takes.
    let longest = format!("{}.md", "学".repeat(84));
    assert_eq!(longest.len(), 255);
    for name in [file_name(&title), longest] {
        let file = home.path().join(name);
        home.run(&["export", "last", "-o", file.to_str().unwrap()])
            .ok();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(&title), "{text}");
    }
}

#[test]
fn an_export_that_cannot_be_made_says_why() {
    let home = home_with(&["one"]);
    refused(
        &home.run(&["export", "abcdef"]),
        "No conversation has the id abcdef",
    );
    refused(&home.run(&["export", "abc"]), "too short");
    let folder = home.path().to_str().unwrap();
    refused(
        &home.run(&["export", "last", "-o", folder]),
        "something else of this name",
    );
    let nowhere = home.path().join("no/where.md");
    let ran = home.run(&["export", "last", "-o", nowhere.to_str().unwrap()]);
    refused(&ran, "its folder does not exist");
    refused(
        &home.run(&["export", "last", "--format", "html"]),
        "possible values: markdown, jsonl",
    );
    refused(&home.run(&["export", "last", "--force"]), "--output");
}

#[test]
fn all_branches_are_exported_with_their_parents() {
    let home = Home::new();
    let given = json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]);
    home.run_with(
        &["ask", "--messages", "-", "how do I quit?"],
        &given.to_string(),
    )
    .ok();
    let lines = home
        .run(&["export", "last", "--format", "jsonl", "--all-branches"])
        .ok()
        .objects();
    assert_eq!(lines.len(), 5);
    for pair in lines[1..].windows(2) {
        assert_eq!(pair[1]["parent"], pair[0]["id"]);
    }
    assert_eq!(lines[0]["tip"], lines[4]["id"]);
}

#[test]
fn a_conversation_is_edited_all_at_once() {
    let home = home_with(&["one", "two"]);
    home.run(&["personas", "set", "Anna", "--temperature", "1.5"])
        .ok();
    let id = row(&home, "last")["id"].as_str().unwrap().to_owned();
    let told = home
        .run(&[
            "edit",
            "last",
            "--title",
            " A  new\ntitle ",
            "--persona",
            "anna",
            "--temperature",
            "0.5",
            "--max-tokens",
            "99",
            "--system",
            "Be brief.",
        ])
        .ok();
    let wanted = [
        "Anna",
        "instructions changed",
        "temperature: 0.5; longest reply: 99",
        "renamed: A new title",
    ];
    for words in wanted {
        assert!(told.out.contains(words), "{told:?}");
    }
    let now = row(&home, &id);
    assert_eq!(now["title"], "A new title");
    assert_eq!(now["persona"], "Anna");
    assert_eq!(now["temperature"], 0.5);
    assert_eq!(now["max_tokens"], 99);
    assert_eq!(now["system"], "Be brief.");
    let back = home
        .run(&[
            "edit",
            &id[..13],
            "--json",
            "--persona",
            "none",
            "--temperature",
            "none",
            "--max-tokens",
            "none",
            "--system",
            "",
            "--title",
            "",
        ])
        .ok()
        .objects()
        .remove(0);
    assert_eq!(back["title"], "two");
    for name in ["persona", "temperature", "max_tokens"] {
        assert_eq!(back[name], Value::Null, "{name}");
    }
    assert_eq!(back["system"], "");
}

#[test]
fn a_bad_edit_changes_nothing() {
    let home = home_with(&["one"]);
    let before = row(&home, "last");
    for (args, words) in [
        (&["--title", "New", "--model", "nowhere/m"][..], "nowhere"),
        (&["--title", "New", "--model", "m"], "m is no model"),
        (
            &["--title", "New", "--persona", "Nobody"],
            "There is no persona",
        ),
        (
            &["--title", "New", "--temperature", "2.5"],
            "The temperature 2.5 is out of range",
        ),
        (
            &["--title", "New", "--temperature", "hot"],
            "hot is no temperature",
        ),
        (
            &["--title", "New", "--max-tokens", "0"],
            "The maximum of output tokens is 0",
        ),
        (&["--title", "New", "--meta", "x"], "KEY=VALUE"),
        (
            &["--title", "New", "--tag", "two words"],
            "A tag holds blanks",
        ),
        (
            &["--title", "New", "--pin", "--no-pin"],
            "cannot be used with",
        ),
        (
            &["--title", "New", "--archive", "--no-archive"],
            "cannot be used with",
        ),
        (&[], "Nothing is given that is to change"),
    ] {
        let ran = home.run(&[&["edit", "last"], args].concat());
        refused(&ran, words);
    }
    refused(
        &home.run(&["edit", "abcdef", "--title", "New"]),
        "No conversation has the id",
    );
    assert_eq!(row(&home, "last"), before);
}

#[test]
fn conversations_go_to_the_trash_and_come_back() {
    let home = home_with(&["one", "two", "three"]);
    let all = ids(&home, &[]);
    let (one, two) = (all[2].as_str(), all[1].as_str());
    // One that is not there: nothing happens to the others.
    refused(
        &home.run(&["rm", one, "abcdef"]),
        "No conversation has the id",
    );
    refused(&home.run(&["rm"]), "required");
    assert_eq!(ids(&home, &[]).len(), 3);
    let told = home.run(&["rm", one, two, &one[..18]]).ok();
    assert_eq!(told.out, "moved to the trash: 2 conversations\n");
    assert_eq!(home.run(&["rm", one]).ok().out, "in the trash already\n");
    assert_eq!(ids(&home, &[]), [all[0].as_str()]);
    assert_eq!(ids(&home, &["--trashed"]), [two, one]);
    assert_eq!(row(&home, one)["trashed"], true);
    let told = home.run(&["ask", "--conversation", one, "more"]);
    refused(&told, "in the trash");
    let back = home.run(&["restore", two, "--json"]).ok().objects();
    assert_eq!(
        (&back[0]["id"], &back[0]["trashed"]),
        (&json!(two), &json!(false))
    );
    assert_eq!(home.run(&["restore", "last"]).ok().out, "restored: one\n");
    assert_eq!(ids(&home, &[]).len(), 3);
    refused(&home.run(&["restore", "last"]), "The trash is empty");
    refused(
        &home.run(&["restore", "abcdef"]),
        "No conversation has the id",
    );
    let there = home.run(&["restore", one]).ok();
    assert_eq!(there.out, "neither in the trash nor in the archive\n");
}

#[test]
fn pins_tags_metadata_and_the_archive_are_edited_and_listed() {
    let home = home_with(&["one", "two", "three"]);
    let all = ids(&home, &[]);
    let (three, two, one) = (all[0].as_str(), all[1].as_str(), all[2].as_str());
    let told = home
        .run(&[
            "edit",
            one,
            "--pin",
            "--tag",
            "Work",
            "--tag",
            "rust",
            "--meta",
            "case=7",
            "--meta",
            "who={\"a\":[true]}",
            "--meta",
            "note=two words",
        ])
        .ok();
    assert_eq!(
        told.out,
        "tags changed: one\nmetadata changed: one\npinned: one\n"
    );
    let now = row(&home, one);
    assert_eq!(now["pinned"], true);
    assert_eq!(now["tags"], json!(["rust", "Work"]));
    let wanted = json!({"case": 7, "who": {"a": [true]}, "note": "two words"});
    assert_eq!(now["metadata"], wanted);
    assert_eq!(ids(&home, &[]), [one, three, two]);
    assert_eq!(ids(&home, &["tag:work"]), [one]);
    let now = home
        .run(&[
            "edit",
            one,
            "--json",
            "--no-pin",
            "--untag",
            "WORK",
            "--no-meta",
            "who",
            "--no-meta",
            "none",
        ])
        .ok()
        .objects()
        .remove(0);
    assert_eq!(
        (&now["pinned"], &now["tags"]),
        (&json!(false), &json!(["rust"]))
    );
    assert_eq!(now["metadata"], json!({"case": 7, "note": "two words"}));

    home.run(&["edit", two, "--archive"]).ok();
    assert_eq!(ids(&home, &[]), [three, one]);
    assert_eq!(ids(&home, &["--archived"]), [two]);
    assert_eq!(row(&home, two)["archived"], true);
    assert_eq!(home.run(&["list", "--archived", "--count"]).ok().out, "1\n");
    let back = home.run(&["restore", two]).ok();
    assert_eq!(back.out, "taken out of the archive: two\n");
    assert_eq!(ids(&home, &[]).len(), 3);
}

#[test]
fn lists_have_their_orders_and_filters() {
    let home = home_with(&["Beta", "alpha", "Gamma"]);
    home.run(&["ask", "--conversation", &ids(&home, &["beta"])[0], "more"])
        .ok();
    let titles = |args: &[&str]| -> Vec<String> {
        let lines = home
            .run(&[&["list", "--json"], args].concat())
            .ok()
            .objects();
        lines
            .iter()
            .map(|line| line["title"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(titles(&[]), ["Beta", "Gamma", "alpha"]);
    assert_eq!(titles(&["--order", "created"]), ["Gamma", "alpha", "Beta"]);
    assert_eq!(titles(&["--order", "title"]), ["alpha", "Beta", "Gamma"]);
    assert_eq!(titles(&["--order", "messages", "--limit", "1"]), ["Beta"]);
    assert_eq!(
        titles(&["--order", "title", "--offset", "1", "--limit", "1"]),
        ["Beta"]
    );
    assert_eq!(titles(&["model:guide", "after:today"]).len(), 3);
    assert!(titles(&["before:yesterday"]).is_empty());
    refused(&home.run(&["list", "after:noday"]), "after:noday");
    refused(&home.run(&["list", "--order", "size"]), "possible values");
    refused(
        &home.run(&["list", "--trashed", "--archived"]),
        "cannot be used with",
    );
}

#[test]
fn what_is_removed_for_good_is_asked_for_first() {
    let home = home_with(&["one", "two", "three", "four"]);
    let all = ids(&home, &[]);
    let (four, two, one) = (all[0].as_str(), all[2].as_str(), all[3].as_str());
    let words = "Nobody is here to agree";
    refused(&home.run(&["rm", "--purge", one]), words);
    assert_eq!(ids(&home, &[]).len(), 4, "nothing changed");
    let gone = home.run(&["rm", "--purge", "--yes", one]).ok();
    assert_eq!(gone.out, "removed for good: one\n");
    refused(&home.run(&["show", one]), "No conversation has the id");
    // Nothing of its words is found any more, and the others are as they were.
    assert_eq!(ids(&home, &[]).len(), 3);
    home.run(&["rm", two]).ok();
    let gone = home
        .run(&["rm", "--purge", "--yes", "--json", two, four])
        .ok()
        .objects();
    assert_eq!(gone[0], json!({"id": two, "title": "two", "removed": true}));
    assert_eq!(gone.len(), 2);
    home.run(&["rm", "last"]).ok();
    refused(&home.run(&["rm", "--all-trash"]), words);
    refused(
        &home.run(&["rm", "--all-trash", "last"]),
        "cannot be used with",
    );
    assert_eq!(ids(&home, &["--trashed"]).len(), 1);
    let gone = home.run(&["rm", "--all-trash", "--yes"]).ok();
    assert_eq!(gone.out, "removed for good: three\n");
    let none = home.run(&["rm", "--all-trash", "--yes"]).ok();
    assert_eq!(none.out, "the trash is empty\n");
}

#[test]
fn messages_are_what_a_conversation_begins_with() {
    let server = Server::apart(vec![Answer::text(&["Yes."]), Answer::text(&["Yes."])]);
    let home = Home::with(&server);
    let file = home.path().join("m.json");
    let given = json!([
        {"role": "system", "content": "Rule one."},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "a"},
        {"role": "user", "content": [{"type": "text", "text": "b"}, {"type": "text", "text": "c"}]},
    ]);
    std::fs::write(&file, given.to_string()).unwrap();
    let name = file.to_str().unwrap();
    home.run(&["ask", "--messages", name, "--system", "Be brief.", "So?"])
        .ok();
    let sent = server.requests()[0].body["messages"].clone();
    let wanted = json!([
        {"role": "system", "content": "Be brief.\n\nRule one."},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "a"},
        {"role": "user", "content": "bc"},
        {"role": "user", "content": "So?"},
    ]);
    assert_eq!(sent, wanted);
    // They are rows of the conversation, one under the other, and go with the next question too.
    let lines = home.run(&["show", "last", "--json"]).ok().objects();
    let told: Vec<&str> = lines[1..]
        .iter()
        .map(|line| line["text"].as_str().unwrap())
        .collect();
    assert_eq!(told, ["Hello.", "a", "bc", "So?", "Yes."]);
    assert_eq!(lines[0]["message_count"], 5);
    assert_eq!(lines[0]["system"], "Be brief.\n\nRule one.");
    assert_eq!(lines[0]["title"], "So?");
    for pair in lines[1..].windows(2) {
        assert_eq!(pair[1]["parent"], pair[0]["id"]);
        assert!(pair[0]["id"].as_str() < pair[1]["id"].as_str());
    }
    home.run(&["ask", "-c", "And?"]).ok();
    let sent = server.requests()[1].body["messages"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(sent.len(), 7);
    assert_eq!(
        (&sent[1]["content"], &sent[6]["content"]),
        (&json!("Hello."), &json!("And?"))
    );
    assert_eq!(ids(&home, &[]).len(), 1);
}

#[test]
fn messages_come_from_standard_input_and_leave_nothing_where_nothing_is_stored() {
    let server = Server::apart(vec![Answer::text(&["Yes."]), error_key()]);
    let home = Home::with(&server);
    let given = r#"[{"role":"user","content":"Zebra"},{"role":"assistant","content":"Giraffe"}]"#;
    home.run_with(&["ask", "--no-store", "--messages", "-", "Which?"], given)
        .ok();
    let sent = &server.requests()[0].body["messages"];
    assert_eq!(sent[0]["content"], "Zebra");
    assert_eq!(sent[2]["content"], "Which?");
    assert!(ids(&home, &[]).is_empty());
    for file in ["data/salon/salon.db", "data/salon/salon.db-wal"] {
        let bytes = std::fs::read(home.path().join(file)).unwrap_or_default();
        let held = String::from_utf8_lossy(&bytes);
        assert!(!held.contains("Zebra"), "{file}");
    }
    // A turn without a word leaves nothing of what was given either.
    let failed = home.run_with(&["ask", "--messages", "-", "Which?"], given);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert!(ids(&home, &[]).is_empty());
}

#[test]
fn bad_messages_are_refused_with_their_place() {
    let home = home_with(&["one"]);
    for (given, words) in [
        (
            "nonsense",
            "standard input is no JSON: expected ident at line 1 column 2",
        ),
        ("{}", "standard input holds no JSON array"),
        (
            r#"[{"role":"user","content":"a"},{"role":"tool","content":"b"}]"#,
            "Message 2 in standard input has the role `tool`",
        ),
    ] {
        refused(
            &home.run_with(&["ask", "--messages", "-", "x"], given),
            words,
        );
    }
    let none = home.run_with(&["ask", "--messages", "-"], "[]");
    refused(&none, "There is no question");
    refused(
        &home.run(&["ask", "--messages", "no.json", "x"]),
        "no.json cannot be read",
    );
    for args in [
        &["ask", "--messages", "-", "--conversation", "last", "x"][..],
        &["ask", "--messages", "-", "-c", "x"],
        &["ask", "-c", "--conversation", "last", "x"],
        &["ask", "-c", "--no-store", "x"],
    ] {
        refused(&home.run_with(args, "[]"), "cannot be used with");
    }
    let bare = Home::new();
    refused(
        &bare.run(&["ask", "-c", "x"]),
        "There is no conversation yet",
    );
    assert_eq!(ids(&home, &[]).len(), 1);
}

#[test]
fn the_screen_opens_only_in_a_terminal() {
    let home = home_with(&["one"]);
    refused(&home.run(&["open", "last"]), "The screen needs a terminal");
    refused(&home.run(&["open"]), "required");
}

#[test]
fn completions_and_pages_are_printed_without_touching_anything() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = home.run(&["completions", shell]).ok();
        assert!(script.out.contains("max-tokens"), "{shell}");
        assert!(script.out.contains("salon"), "{shell}");
        assert_eq!(script.err, "");
    }
    refused(&home.run(&["completions", "cmd"]), "possible values");
    let page = home.run(&["man"]).ok().out;
    assert!(page.contains(".TH salon 1"), "{page}");
    for word in ["export", "Exit codes", "keyring"] {
        assert!(page.contains(word), "{word}");
    }
    let page = home.run(&["man", "prompts", "use"]).ok().out;
    assert!(
        page.contains(".TH salon\\-prompts\\-use 1") || page.contains(".TH salon-prompts-use 1"),
        "{page}"
    );
    assert!(page.contains("NAME=VALUE"));
    refused(
        &home.run(&["man", "nothing"]),
        "There is no command `nothing`",
    );
    assert!(!home.path().join("data").exists());
    assert!(!home.path().join("state").exists());
}

#[test]
fn every_command_ends_quietly_when_nobody_reads() {
    let home = home_with(&["one", "two"]);
    home.run(&["personas", "set", "Anna"]).ok();
    home.run(&[
        "prompts",
        "set",
        "--title",
        "Mail",
        "--content",
        "Dear {name}",
    ])
    .ok();
    for args in [
        &["list"][..],
        &["list", "--json"],
        &["list", "--count"],
        &["search", "two"],
        &["search", "--json", "two"],
        &["search", "--count", "two"],
        &["show", "last"],
        &["show", "last", "--json"],
        &["export", "last"],
        &["export", "last", "--format", "jsonl"],
        &["ask", "more"],
        &["ask", "--json", "more"],
        &["models"],
        &["models", "--json"],
        &["personas"],
        &["personas", "--json"],
        &["personas", "show", "Anna"],
        &["prompts"],
        &["prompts", "--json"],
        &["prompts", "show", "Mail"],
        &["doctor", "--offline"],
        &["doctor", "--offline", "--json"],
        &["config", "show"],
        &["config", "show", "--json"],
        &["completions", "bash"],
        &["man"],
        &["edit", "last", "--title", "x"],
        &["edit", "last", "--title", "x", "--json"],
        &["rm", "last"],
        &["restore", "last", "--json"],
        &["--version"],
        &["--version", "--json"],
    ] {
        let ran = home.run_unread(args);
        assert_eq!((ran.code, ran.err.as_str()), (Some(141), ""), "{args:?}");
    }
}

#[test]
fn help_fits_eighty_columns_and_says_where_keys_are() {
    let home = Home::new();
    let commands = [
        "",
        "ask",
        "list",
        "search",
        "show",
        "open",
        "edit",
        "rm",
        "restore",
        "export",
        "personas",
        "personas set",
        "prompts",
        "prompts preview",
        "models",
        "sync",
        "doctor",
        "config",
        "config show",
        "completions",
        "man",
    ];
    for command in commands {
        let mut words: Vec<&str> = command.split_whitespace().collect();
        words.push("--help");
        let narrow = home.command(&words).env("COLUMNS", "80").output().unwrap();
        let help = Ran::of(narrow).ok().out;
        let widest = help.lines().map(|line| line.chars().count()).max();
        assert!(widest.unwrap() <= 80, "{command}: {help}");
        // A line that was broken by hand would be broken twice.
        let is_torn = |pair: &[&str]| pair[0].len() < 40 && pair[1].starts_with(char::is_lowercase);
        let lines: Vec<&str> = help.lines().collect();
        assert!(!lines.windows(2).any(is_torn), "{command}: {help}");
    }
    let help = home.run(&["--help"]).ok().out;
    assert!(!help.contains("never stored"));
    assert!(help.contains("/key"));
    let version = home.run(&["--version", "--json"]).ok().objects();
    assert_eq!(version[0]["name"], "salon");
    assert_eq!(version[0]["version"], env!("CARGO_PKG_VERSION"));
}
