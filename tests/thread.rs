//! Conversations that the provider keeps too (spec M6, `wire.md` 2, fault 39): real engine, real store, a server that
//! keeps conversations as OpenAI does.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one event among all, and stops where it cannot go on"
)]

mod support;

use std::time::Duration;

use salon::domain::conversation::{Conversation, Draft, Storage};
use salon::domain::failure::FailureKind;
use salon::domain::id::ConversationId;
use salon::domain::message::{Message, Status};
use salon::protocol::{Command, Event, News, Shelf, Turn};
use salon::settings::{Settings, Wire};
use serde_json::{Value, json};
use support::face::{Face, disk, eventually, skip};
use support::fixture::settings;
use support::openai::{Kept, Next, OpenAi};
use support::server::{Gate, Recorded, Server, error, error_server};
use tempfile::TempDir;

struct Scene {
    openai: OpenAi,
    server: Server,
    settings: Settings,
    face: Face,
    _home: TempDir,
}

async fn scene(next: Vec<Next>) -> Scene {
    let (openai, server) = OpenAi::start(next).await;
    let home = tempfile::tempdir().unwrap();
    let mut settings = settings(&server.url(), home.path());
    let provider = settings.providers.get_mut("test").unwrap();
    (provider.wire, provider.storage) = (Wire::Responses, Storage::Provider);
    Scene {
        openai,
        server,
        face: Face::screen(settings.clone()),
        settings,
        _home: home,
    }
}

impl Scene {
    /// A conversation of these questions, each answered.
    async fn talk(&mut self, questions: &[&str]) -> (ConversationId, Message) {
        let (id, conversation, _) = self.face.send_new(questions[0]).await;
        let mut reply = self.face.measured(id).await;
        for question in &questions[1..] {
            reply = self.say(conversation, question).await;
        }
        (conversation, reply)
    }

    async fn say(&mut self, conversation: ConversationId, question: &str) -> Message {
        let (id, _) = self.face.send(conversation, Draft::of(question)).await;
        self.face.measured(id).await
    }

    async fn row(&self, id: ConversationId) -> Conversation {
        disk(&self.settings)
            .await
            .conversation(id)
            .await
            .unwrap()
            .unwrap()
    }

    /// The shown branch, as it is on disk.
    async fn branch(&self, id: ConversationId) -> Vec<Message> {
        let tip = self.row(id).await.tip.unwrap();
        disk(&self.settings).await.branch(tip).await.unwrap()
    }

    async fn words(&self, id: ConversationId) -> Vec<String> {
        let branch = self.branch(id).await;
        branch.into_iter().map(|message| message.content).collect()
    }

    /// Who said what there, as soon as it keeps one conversation only: one that is left is removed a little later.
    async fn there(&self) -> Vec<(String, String)> {
        eventually(async || (self.openai.ids().len() == 1).then_some(())).await;
        self.openai.talk()
    }

    async fn texts_there(&self) -> Vec<String> {
        self.there()
            .await
            .into_iter()
            .map(|(_, text)| text)
            .collect()
    }

    /// The requests for a response.
    fn asked(&self) -> Vec<Recorded> {
        let mut all = self.server.requests();
        all.retain(|request| request.path == "/v1/responses");
        all
    }

    fn inputs(&self) -> Vec<Value> {
        let asked = self.asked().into_iter();
        asked.map(|request| request.body["input"].clone()).collect()
    }

    fn warnings(&self) -> Vec<String> {
        let said = self.face.said.iter();
        said.filter_map(warning).collect()
    }
}

fn warning(event: &Event) -> Option<String> {
    match &event.news {
        News::Warned(failure) => Some(failure.title.clone()),
        _ => None,
    }
}

fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

fn said(all: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(role, text): &(&str, &str)| ((*role).to_owned(), (*text).to_owned());
    all.iter().map(owned).collect()
}

#[tokio::test]
async fn only_the_new_question_is_sent_and_the_copy_here_is_whole() {
    let mut scene = scene(vec![
        Next::Say("One."),
        Next::Say("Two."),
        Next::Say("Three."),
    ])
    .await;
    let (id, _) = scene.talk(&["1?", "2?", "3?"]).await;
    assert_eq!(
        scene.inputs(),
        [
            json!([user("1?")]),
            json!([user("2?")]),
            json!([user("3?")])
        ]
    );
    for request in scene.asked() {
        assert_eq!(request.body["conversation"], json!(scene.openai.ids()[0]));
        assert_eq!(request.body["store"], true);
        assert_eq!(request.body.get("previous_response_id"), None);
    }
    assert_eq!(
        scene.words(id).await,
        ["1?", "One.", "2?", "Two.", "3?", "Three."]
    );
    assert_eq!(scene.openai.metadata(), json!({"salon_title": "1?"}));
    let row = scene.row(id).await;
    assert_eq!(row.storage, Storage::Provider);
    assert_eq!(row.keeper(), Some("test"));
    assert_eq!(scene.warnings(), [""; 0]);
}

#[tokio::test]
async fn a_local_conversation_leaves_nothing_there() {
    let mut scene = scene(vec![Next::Say("One."), Next::Say("Two.")]).await;
    let mut new = support::face::fresh(scene.face.mint.id());
    new.storage = Some(Storage::Local);
    let conversation = new.id;
    let id = scene
        .face
        .turn(Turn::Send {
            to: salon::protocol::To::New(new),
            question: scene.face.mint.id(),
            draft: Draft::of("1?"),
        })
        .await;
    scene.face.measured(id).await;
    scene.say(conversation, "2?").await;
    assert_eq!(scene.openai.ids(), [""; 0]);
    for request in scene.asked() {
        assert_eq!(request.body["store"], false);
        assert_eq!(request.body.get("conversation"), None);
    }
    assert_eq!(scene.inputs()[1].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_title_is_told_there() {
    let mut scene = scene(vec![Next::Say("One.")]).await;
    let (id, _) = scene.talk(&["1?"]).await;
    let rename = Shelf::Rename {
        conversation: id,
        title: "Numbers".to_owned(),
    };
    scene.face.answer(Command::Shelf(rename)).await;
    let openai = scene.openai.clone();
    eventually(async || (openai.metadata() == json!({"salon_title": "Numbers"})).then_some(()))
        .await;
}

#[tokio::test]
async fn one_that_is_gone_is_made_anew_with_all_that_was_said() {
    let mut scene = scene(vec![
        Next::Say("One."),
        Next::Say("Two."),
        Next::Say("Three."),
    ])
    .await;
    let (id, _) = scene.talk(&["1?", "2?"]).await;
    let old = scene.openai.ids();
    scene.openai.change(|talks| talks.clear());
    scene.say(id, "3?").await;
    assert_ne!(scene.openai.ids(), old);
    assert_eq!(
        scene.there().await,
        said(&[
            ("user", "1?"),
            ("assistant", "One."),
            ("user", "2?"),
            ("assistant", "Two."),
            ("user", "3?"),
            ("assistant", "Three.")
        ])
    );
    assert_eq!(scene.inputs()[2], json!([user("3?")]));
    let warnings = scene.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("no longer has"), "{warnings:?}");
}

#[tokio::test]
async fn where_it_cannot_be_made_anew_the_whole_history_is_sent() {
    let mut scene = scene(vec![
        Next::Say("One."),
        Next::Say("Two."),
        Next::Say("Three."),
        Next::Say("Four."),
    ])
    .await;
    let (id, _) = scene.talk(&["1?", "2?"]).await;
    scene.openai.change(|talks| talks.clear());
    let retention = "Your organization has Zero Data Retention enabled.";
    scene
        .openai
        .refuse(error(404, "invalid_request_error", "", "Not found."));
    scene
        .openai
        .refuse(error(403, "invalid_request_error", "", retention));
    scene.say(id, "3?").await;
    let whole = json!([
        user("1?"),
        {"role": "assistant", "content": "One."},
        user("2?"),
        {"role": "assistant", "content": "Two."},
        user("3?")
    ]);
    let asked = scene.asked();
    assert_eq!(asked[2].body["input"], whole);
    assert_eq!(asked[2].body["store"], false);
    assert_eq!(asked[2].body.get("conversation"), None);
    scene.say(id, "4?").await;
    assert_eq!(scene.inputs()[3].as_array().unwrap().len(), 7);
    assert_eq!(scene.row(id).await.storage, Storage::Local);
    let warnings = scene.warnings();
    assert_eq!(warnings.len(), 2, "said once each: {warnings:?}");
}

#[tokio::test]
async fn a_provider_that_keeps_nothing_is_asked_as_usual_and_that_is_said_once() {
    let mut scene = scene(vec![Next::Say("One."), Next::Say("Two.")]).await;
    let text = "Conversations are not available with Zero Data Retention.";
    scene
        .openai
        .refuse(error(400, "invalid_request_error", "", text));
    let (id, _) = scene.talk(&["1?", "2?"]).await;
    assert_eq!(scene.row(id).await.storage, Storage::Local);
    assert_eq!(scene.inputs()[1].as_array().unwrap().len(), 3);
    assert_eq!(scene.warnings().len(), 1, "{:?}", scene.warnings());
    assert_eq!(scene.server.requests().len(), 3, "it is not tried again");
}

#[tokio::test]
async fn a_long_one_is_made_anew_in_pieces_of_twenty() {
    let mut scene = scene((0..25).map(|_| Next::Say("Yes.")).collect()).await;
    let questions: Vec<String> = (0..24).map(|n| format!("{n}?")).collect();
    let questions: Vec<&str> = questions.iter().map(String::as_str).collect();
    let (id, _) = scene.talk(&questions).await;
    scene.openai.change(|talks| talks.clear());
    let before = scene.server.requests().len();
    scene.say(id, "last?").await;
    let calls: Vec<(String, usize)> = scene.server.requests()[before..]
        .iter()
        .filter(|request| request.method == "POST")
        .map(|request| {
            let count = request.body["items"].as_array().map_or(0, Vec::len);
            (request.path.rsplit('/').next().unwrap().to_owned(), count)
        })
        .collect();
    let call = |name: &str, count: usize| (name.to_owned(), count);
    assert_eq!(
        calls,
        [
            call("conversations", 20),
            call("items", 20),
            call("items", 8),
            call("responses", 0)
        ]
    );
    assert_eq!(scene.there().await.len(), 50);
}

#[tokio::test]
async fn a_locked_one_is_waited_for_visibly() {
    let locked = || {
        let text = "Another process is currently operating on this conversation. Please retry.";
        Next::Error(error(
            400,
            "invalid_request_error",
            "conversation_locked",
            text,
        ))
    };
    let mut scene = scene(vec![
        Next::Say("One."),
        locked(),
        locked(),
        Next::Say("Two."),
        locked(),
        locked(),
        locked(),
        locked(),
    ])
    .await;
    let (conversation, _) = scene.talk(&["1?"]).await;
    let (id, _) = scene.face.send(conversation, Draft::of("2?")).await;
    for seconds in [2, 4] {
        let (wait, why, _) = scene.face.waiting(id).await;
        assert!(
            (seconds * 1000 - 100..=seconds * 1000 + 100).contains(&wait),
            "{wait}"
        );
        assert!(why.contains("another client is writing"), "{why}");
        skip(Duration::from_secs(seconds.unsigned_abs())).await;
    }
    assert_eq!(scene.face.measured(id).await.content, "Two.");
    let (id, _) = scene.face.send(conversation, Draft::of("3?")).await;
    for seconds in [2, 4, 8] {
        scene.face.waiting(id).await;
        skip(Duration::from_secs(seconds)).await;
    }
    let (draft, failure, _) = scene.face.withdrawn(id).await;
    assert_eq!(draft.unwrap().text, "3?");
    assert_eq!(failure.unwrap().kind, FailureKind::Busy);
    assert_eq!(scene.there().await.len(), 4, "nothing is there twice");
}

#[tokio::test]
async fn what_was_said_elsewhere_is_taken_over_before_anything_is_asked_after_it() {
    let mut scene = scene(vec![Next::Say("One."), Next::Say("Three.")]).await;
    let (conversation, _) = scene.talk(&["1?"]).await;
    scene.openai.said_elsewhere("user", "2 from my phone?");
    scene.openai.said_elsewhere("assistant", "Two.");
    let (id, _) = scene.face.send(conversation, Draft::of("3?")).await;
    let (draft, failure, is_there) = scene.face.withdrawn(id).await;
    let failure = failure.unwrap();
    assert!(
        failure.title.contains("2 messages taken over"),
        "{failure:?}"
    );
    assert_eq!((draft.unwrap().text.as_str(), is_there), ("3?", true));
    assert_eq!(
        scene.words(conversation).await,
        ["1?", "One.", "2 from my phone?", "Two."]
    );
    assert_eq!(scene.asked().len(), 1, "nothing was asked");
    scene.say(conversation, "3?").await;
    assert_eq!(scene.inputs()[1], json!([user("3?")]));
    assert_eq!(scene.there().await.len(), 6);
    assert_eq!(scene.words(conversation).await.len(), 6);
}

#[tokio::test]
async fn what_was_removed_elsewhere_is_restored_from_the_copy_here() {
    let mut scene = scene(vec![
        Next::Say("One."),
        Next::Say("Two."),
        Next::Say("Three."),
    ])
    .await;
    let (conversation, _) = scene.talk(&["1?", "2?"]).await;
    scene.openai.change(|talks| {
        let talk = talks.values_mut().next().unwrap();
        talk.items.remove(0);
        talk.items
            .retain(|item| item["content"][0]["text"] != "One.");
    });
    scene.say(conversation, "3?").await;
    let texts = scene.texts_there().await;
    assert_eq!(texts, ["1?", "One.", "2?", "Two.", "3?", "Three."]);
    assert_eq!(scene.words(conversation).await, texts);
    assert_eq!(scene.warnings().len(), 1, "{:?}", scene.warnings());
}

/// Stops a reply in the middle, with what the provider keeps of it; the conversation.
async fn stopped(scene: &mut Scene, kept: Kept) -> ConversationId {
    let (conversation, _) = scene.talk(&["1?"]).await;
    scene.openai.then(Next::Cut("Tw", kept));
    let (id, _) = scene.face.send(conversation, Draft::of("2?")).await;
    let reply = scene.face.measured(id).await;
    assert_eq!(
        (reply.status, reply.content.as_str()),
        (Status::Interrupted, "Tw")
    );
    conversation
}

#[tokio::test]
async fn after_a_cut_the_provider_gets_what_it_lacks_and_nothing_twice() {
    let there = |middle: &[(&str, &str)]| {
        let mut all = vec![("user", "1?"), ("assistant", "One.")];
        all.extend(middle);
        all.extend([("user", "3?"), ("assistant", "Three.")]);
        said(&all)
    };
    for (kept, middle) in [
        (Kept::Nothing, [("user", "2?"), ("assistant", "Tw")]),
        (Kept::Question, [("user", "2?"), ("assistant", "Tw")]),
        (Kept::Both("Two."), [("user", "2?"), ("assistant", "Two.")]),
    ] {
        let mut scene = scene(vec![Next::Say("One.")]).await;
        let conversation = stopped(&mut scene, kept).await;
        scene.openai.then(Next::Say("Three."));
        scene.say(conversation, "3?").await;
        assert_eq!(scene.there().await, there(&middle));
        assert_eq!(
            scene.words(conversation).await,
            ["1?", "One.", "2?", "Tw", "3?", "Three."]
        );
        assert_eq!(scene.warnings(), [""; 0]);
    }
}

#[tokio::test]
async fn a_stop_drops_the_connection_and_the_next_question_is_not_doubled() {
    let mut scene = scene(vec![Next::Say("One.")]).await;
    let (conversation, _) = scene.talk(&["1?"]).await;
    let gate = Gate::new();
    scene.openai.then(Next::Stall("Tw", gate.clone()));
    let (id, _) = scene.face.send(conversation, Draft::of("2?")).await;
    assert_eq!(scene.face.first_words(id).await, "Tw");
    scene.face.turn(Turn::Cancel { conversation }).await;
    assert_eq!(scene.face.measured(id).await.status, Status::Stopped);
    scene.openai.then(Next::Say("Three."));
    scene.say(conversation, "3?").await;
    let texts = scene.texts_there().await;
    assert_eq!(texts, ["1?", "One.", "2?", "Tw", "3?", "Three."]);
}

#[tokio::test]
async fn a_question_sent_again_is_there_once_whatever_the_provider_kept_of_it() {
    for (kept, next, answer) in [
        (Kept::Nothing, Some(Next::Say("Two.")), "Two."),
        (Kept::Question, Some(Next::Say("Two.")), "Two."),
        // The answer is there already: it is not asked again.
        (Kept::Both("Late two."), None, "Late two."),
    ] {
        let mut scene = scene(vec![Next::Say("One.")]).await;
        let (conversation, _) = scene.talk(&["1?"]).await;
        scene.openai.then(Next::Cut("", kept));
        let (id, _) = scene.face.send(conversation, Draft::of("2?")).await;
        let (draft, failure, _) = scene.face.withdrawn(id).await;
        assert!(failure.is_some());
        assert_eq!(scene.asked().len(), 2, "never sent again by itself");
        next.into_iter().for_each(|next| scene.openai.then(next));
        let (id, _) = scene.face.send(conversation, draft.unwrap()).await;
        assert_eq!(scene.face.measured(id).await.content, answer);
        let there = [
            ("user", "1?"),
            ("assistant", "One."),
            ("user", "2?"),
            ("assistant", answer),
        ];
        assert_eq!(scene.there().await, said(&there));
        assert_eq!(
            scene.words(conversation).await,
            ["1?", "One.", "2?", answer]
        );
    }
}

#[tokio::test]
async fn a_server_in_trouble_is_asked_again_only_after_a_look() {
    let mut scene = scene(vec![
        Next::Say("One."),
        Next::Error(error_server()),
        Next::Say("Two."),
    ])
    .await;
    let (conversation, _) = scene.talk(&["1?"]).await;
    let before = scene.server.requests().len();
    let (id, _) = scene.face.send(conversation, Draft::of("2?")).await;
    scene.face.waiting(id).await;
    skip(Duration::from_secs(1)).await;
    assert_eq!(scene.face.measured(id).await.content, "Two.");
    let calls: Vec<String> = scene.server.requests()[before..]
        .iter()
        .map(|request| request.method.clone())
        .collect();
    assert_eq!(calls, ["GET", "POST", "GET", "POST"]);
    assert_eq!(scene.there().await.len(), 4);
}

#[tokio::test]
async fn another_branch_becomes_the_line_there() {
    let mut scene = scene(vec![
        Next::Say("One."),
        Next::Say("Two."),
        Next::Say("Two again."),
        Next::Say("One b."),
    ])
    .await;
    let (conversation, reply) = scene.talk(&["1?", "2?"]).await;
    let retry = Turn::Regenerate {
        reply: reply.id,
        model: None,
    };
    let id = scene.face.turn(retry).await;
    scene.face.measured(id).await;
    let there = [
        ("user", "1?"),
        ("assistant", "One."),
        ("user", "2?"),
        ("assistant", "Two again."),
    ];
    assert_eq!(scene.there().await, said(&there));
    let first = scene.branch(conversation).await[0].id;
    let edit = Draft {
        edit_of: Some(first),
        ..Draft::of("1b?")
    };
    let (id, _) = scene.face.send(conversation, edit).await;
    scene.face.measured(id).await;
    assert_eq!(
        scene.there().await,
        said(&[("user", "1b?"), ("assistant", "One b.")])
    );
    assert_eq!(scene.warnings(), [""; 0]);
}

#[tokio::test]
async fn a_reply_goes_on_without_a_line_that_nobody_wrote() {
    let mut scene = scene(vec![Next::Say("One.")]).await;
    let conversation = stopped(&mut scene, Kept::Nothing).await;
    let cut = scene.branch(conversation).await.pop().unwrap();
    scene.openai.then(Next::Say("o, said aloud."));
    let id = scene.face.turn(Turn::Continue { reply: cut.id }).await;
    assert_eq!(scene.face.measured(id).await.content, "Two, said aloud.");
    let asked = scene.asked().pop().unwrap();
    assert_eq!(asked.body["store"], false);
    assert_eq!(asked.body["input"].as_array().unwrap().len(), 5);
    scene.openai.then(Next::Say("Three."));
    scene.say(conversation, "3?").await;
    let texts = scene.texts_there().await;
    assert_eq!(
        texts,
        ["1?", "One.", "2?", "Two, said aloud.", "3?", "Three."]
    );
}

#[tokio::test]
async fn a_first_question_taken_back_leaves_nothing_there() {
    let mut scene = scene(vec![Next::Cut("", Kept::Question)]).await;
    let (id, _, _) = scene.face.send_new("1?").await;
    let (_, _, is_there) = scene.face.withdrawn(id).await;
    assert!(!is_there);
    let openai = scene.openai.clone();
    eventually(async || openai.ids().is_empty().then_some(())).await;
    let removed = scene.server.requests();
    assert!(
        removed
            .iter()
            .any(|r| r.method == "DELETE" && r.path.contains("/items/"))
    );
}

#[tokio::test]
async fn a_turn_of_another_provider_reaches_the_line_with_the_next_one() {
    let mut scene = scene(vec![Next::Say("One."), Next::Say("Three.")]).await;
    let (conversation, reply) = scene.talk(&["1?"]).await;
    let guide = Turn::Regenerate {
        reply: reply.id,
        model: Some("guide/tour".parse().unwrap()),
    };
    let id = scene.face.turn(guide).await;
    let own = scene.face.measured(id).await.content;
    assert_eq!(scene.asked().len(), 1, "nothing of it went to the provider");
    scene.say(conversation, "3?").await;
    let texts = scene.texts_there().await;
    assert_eq!(texts, ["1?", own.as_str(), "3?", "Three."]);
}
