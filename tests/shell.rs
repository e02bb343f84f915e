//! What the shell writes and reads beside asking: export, edit, trash, messages given, completions, closed pipes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what several tests share stops where a test cannot go on"
)]

use std::collections::BTreeMap;

use salon::domain::conversation::{Conversation, Sampling, Storage, TitleBy};
use salon::domain::export::markdown;
use salon::domain::id::{ConversationId, MessageId, PersonaId};
use salon::domain::message::{Finish, Message, Shown, Status};
use salon::domain::model::ModelRef;
use salon::domain::record::lines;
use salon::domain::usage::{Money, Usage};
use salon::domain::when::Millis;
use serde_json::Value;

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
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
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
