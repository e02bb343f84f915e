//! The engine as its faces see it: real engine, real store, scripted server; requests in, events and rows out.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one event among all, and stops where it cannot go on"
)]

mod support;

use std::time::Duration;

use salon::domain::conversation::{Draft, NewConversation};
use salon::domain::failure::{FailureKind, Offer};
use salon::domain::message::{Finish, Status};
use salon::domain::model::{Facts, ModelRef, ModelSpec};
use salon::domain::price::{CostBy, Price, Tariff};
use salon::domain::usage::Money;
use salon::domain::when::Millis;
use salon::engine::Options;
use salon::protocol::{
    Act, Answer as Answered, At, Chat, Command, Data, News, Query, Row, Shelf, Step, To, Turn,
    Which,
};
use salon::settings::Settings;
use serde_json::json;
use support::face::{Face, disk, eventually, fresh, holds, make_newer, mint, on_disk, skip};
use support::fixture::{provider, settings};
use support::server::{
    Answer, Gate, SSE_DONE, Server, error_pace, error_server, sse_error, sse_finish, sse_piece,
    sse_role, sse_thought, sse_usage,
};
use tempfile::TempDir;

/// A scripted server, a home, and settings for both.
async fn scene(script: Vec<Answer>) -> (Server, TempDir, Settings) {
    let server = Server::start(script).await;
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&server.url(), home.path());
    (server, home, settings)
}

fn list(which: Which) -> Command {
    Command::Shelf(Shelf::List {
        query: Query {
            words: String::new(),
            which,
            persona: None,
            ..Query::default()
        },
        after: None,
        offset: 0,
        limit: Some(50),
    })
}

#[tokio::test]
async fn a_question_becomes_rows_words_an_end_and_figures() {
    let gate = Gate::new();
    let (server, _home, settings) = scene(vec![Answer::text_gated(&["Hel", "lo"], &gate)]).await;
    let mut face = Face::screen(settings.clone());
    let (id, conversation, question) = face.send_new("Say hello").await;
    let (row, asked, reply) = face
        .step(id, |step| match step {
            Step::Started {
                conversation,
                asked,
                reply,
            } => Some((conversation.clone(), asked.clone(), reply.message.clone())),
            _ => None,
        })
        .await;
    assert_eq!((row.id, row.title.as_str()), (conversation, "Say hello"));
    assert_eq!((row.tip, row.message_count), (Some(reply.id), 2));
    let asked = asked.unwrap();
    assert_eq!((asked.message.id, asked.place, asked.of), (question, 1, 1));
    assert_eq!(
        on_disk(&settings, question).await.unwrap().status,
        Status::Unsent
    );
    let row = on_disk(&settings, reply.id).await.unwrap();
    assert_eq!((row.status, row.content.as_str()), (Status::Streaming, ""));

    gate.open();
    assert_eq!(face.first_words(id).await, "Hel");
    let sent = face
        .until(|event| match &event.news {
            News::Changed(Row::Message(message)) => Some(message.clone()),
            _ => None,
        })
        .await;
    assert_eq!((sent.id, sent.status), (question, Status::Complete));
    gate.open();
    gate.open();
    let ended = face.ended(id).await;
    assert_eq!(ended.status, Status::Complete);
    assert_eq!(ended.finish, Some(Finish::Stop));
    assert_eq!(ended.content, "Hello");
    assert_eq!(ended.response_id.as_deref(), Some("chatcmpl-1"));
    assert!(ended.total_ms >= ended.first_token_ms && ended.first_token_ms.is_some());
    assert_eq!(face.grown(id), "Hello");
    let measured = face.measured(id).await;
    let usage = measured.usage.unwrap();
    assert_eq!(
        (usage.input, usage.output, usage.is_estimate),
        (Some(9), Some(3), false)
    );
    assert_eq!(measured.cost, None, "no price is known");
    assert_eq!(on_disk(&settings, reply.id).await, Some(measured));
    let kept = disk(&settings)
        .await
        .conversation(conversation)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((kept.tokens_in, kept.tokens_out, kept.unpriced), (9, 3, 1));
    assert_eq!(server.requests().len(), 1);
    assert_eq!(server.requests()[0].last_message(), "Say hello");
}

#[tokio::test]
async fn reasoning_is_told_apart_stored_and_timed() {
    let body = sse_role() + &sse_thought("hmm") + &sse_piece("Yes") + &support::server::sse_end();
    let (_server, _home, settings) = scene(vec![Answer::stream().send(body)]).await;
    let mut face = Face::screen(settings);
    let (id, ..) = face.send_new("Sure?").await;
    let reply = face.measured(id).await;
    assert_eq!(reply.content, "Yes");
    assert!(reply.thinking_ms.is_some());
    let thought = face.said.iter().find_map(|event| match &event.news {
        News::Turn {
            step: Step::Thought { text },
            ..
        } => Some(text.as_str()),
        _ => None,
    });
    assert_eq!(thought, Some("hmm"));
    let stored = face.answer(Command::Chat(Chat::Thinking(reply.id))).await;
    let text = "hmm".to_owned();
    assert_eq!(
        stored,
        Answered::Thinking {
            message: reply.id,
            text
        }
    );
}

#[tokio::test]
async fn a_second_question_is_refused_while_a_reply_is_running_and_taken_after() {
    let gate = Gate::new();
    let script = vec![Answer::text_gated(&["one"], &gate), Answer::text(&["two"])];
    let (_server, _home, settings) = scene(script).await;
    let mut face = Face::screen(settings);
    let (first, conversation, _) = face.send_new("First").await;
    gate.reached(1).await;
    let (second, _) = face.send(conversation, Draft::of("Second")).await;
    let failure = face.refusal(second).await;
    assert_eq!(failure.kind, FailureKind::Busy);
    assert!(failure.remedy.contains("Esc"), "{failure}");
    gate.open();
    gate.open();
    face.ended(first).await;
    // At once, while the usage of the first may still be awaited.
    let (third, _) = face.send(conversation, Draft::of("Third")).await;
    assert_eq!(face.measured(third).await.content, "two");
}

#[tokio::test]
async fn stopping_keeps_the_words() {
    let gate = Gate::new();
    let (server, _home, settings) = scene(vec![Answer::text_gated(&["Some", "more"], &gate)]).await;
    let mut face = Face::screen(settings.clone());
    let (id, conversation, _) = face.send_new("Talk").await;
    gate.open();
    face.first_words(id).await;
    face.turn(Turn::Cancel { conversation }).await;
    let reply = face.measured(id).await;
    assert_eq!(
        (reply.status, reply.content.as_str()),
        (Status::Stopped, "Some")
    );
    assert_eq!(reply.finish, None);
    assert!(reply.usage.unwrap().is_estimate);
    server.hung_up(1).await;
    assert_eq!(on_disk(&settings, reply.id).await, Some(reply));
}

#[tokio::test]
async fn stopping_before_the_first_word_takes_everything_back() {
    let (server, _home, settings) = scene(vec![Answer::stream().stall()]).await;
    let mut face = Face::screen(settings.clone());
    let (id, conversation, question) = face.send_new("Never mind").await;
    server.wait_for(1).await;
    face.turn(Turn::Cancel { conversation }).await;
    let (draft, failure, is_there) = face.withdrawn(id).await;
    assert_eq!(draft, Some(Draft::of("Never mind")));
    assert_eq!((failure, is_there), (None, false));
    assert_eq!(on_disk(&settings, question).await, None);
    let store = disk(&settings).await;
    assert_eq!(store.conversation(conversation).await.unwrap(), None);
    let drafts = store.drafts(None).await.unwrap();
    assert_eq!(drafts, [(0, Draft::of("Never mind"))]);
}

#[tokio::test]
async fn what_had_no_word_in_ask_leaves_nothing() {
    let (server, _home, settings) = scene(vec![Answer::stream().stall()]).await;
    let mut face = Face::start(
        settings.clone(),
        salon::engine::Options { is_screen: false },
    );
    let (id, conversation, _) = face.send_new("Never mind").await;
    server.wait_for(1).await;
    face.turn(Turn::Cancel { conversation }).await;
    face.withdrawn(id).await;
    let store = disk(&settings).await;
    assert_eq!(store.count(Which::Active).await.unwrap(), 0);
    assert_eq!(store.drafts(None).await.unwrap(), []);
}

#[tokio::test]
async fn an_answer_cut_after_words_is_interrupted_and_before_them_asked_again() {
    let words = sse_role() + &sse_piece("Half an");
    let script = vec![
        Answer::stream().send(sse_role()).reset(),
        Answer::stream().send(words).reset(),
    ];
    let (server, _home, settings) = scene(script).await;
    let mut face = Face::screen(settings.clone());
    let (id, ..) = face.send_new("Talk").await;
    let (_, _, attempt) = face.waiting(id).await;
    assert_eq!(attempt, 1);
    skip(Duration::from_secs(1)).await;
    let reply = face.measured(id).await;
    assert_eq!(
        (reply.status, reply.content.as_str()),
        (Status::Interrupted, "Half an")
    );
    assert_eq!(reply.failure.as_ref().unwrap().kind, FailureKind::Network);
    assert_eq!(on_disk(&settings, reply.id).await, Some(reply));
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn an_error_in_the_stream_keeps_the_words_as_failed() {
    let body = sse_role() + &sse_piece("Half an") + &sse_error("the model fell over");
    let (server, _home, settings) = scene(vec![Answer::stream().send(body)]).await;
    let mut face = Face::screen(settings);
    let (id, ..) = face.send_new("Talk").await;
    let reply = face.measured(id).await;
    assert_eq!(
        (reply.status, reply.content.as_str()),
        (Status::Failed, "Half an")
    );
    let failure = reply.failure.unwrap();
    assert!(
        format!("{failure:?}").contains("the model fell over"),
        "{failure:?}"
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn an_empty_answer_is_taken_back_and_says_why() {
    let body = sse_role() + &support::server::sse_finish("length") + support::server::SSE_DONE;
    let (_server, _home, settings) = scene(vec![Answer::stream().send(body)]).await;
    let mut face = Face::screen(settings);
    let (id, ..) = face.send_new("Talk").await;
    let (draft, failure, _) = face.withdrawn(id).await;
    assert_eq!(draft, Some(Draft::of("Talk")));
    let failure = failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Wire);
    assert!(failure.title.contains("empty"), "{failure}");
}

#[tokio::test]
async fn what_is_taken_back_from_an_archived_conversation_leaves_it_in_the_archive() {
    for is_retry in [false, true] {
        let empty = sse_role() + &sse_finish("length") + SSE_DONE;
        let script = vec![Answer::text(&["one"]), Answer::stream().send(empty)];
        let (_server, _home, settings) = scene(script).await;
        let mut face = Face::screen(settings.clone());
        let (id, talk, _) = face.send_new("One").await;
        let reply = face.measured(id).await;
        let archive = Shelf::Archive {
            ids: vec![talk],
            is_archived: true,
        };
        face.answer(Command::Shelf(archive)).await;
        let store = disk(&settings).await;
        let before = store.conversation(talk).await.unwrap().unwrap();
        assert!(before.archived_at.is_some());
        let turn = match is_retry {
            true => Turn::Regenerate {
                reply: reply.id,
                model: None,
            },
            false => Turn::Send {
                to: To::Conversation(talk),
                question: face.mint.id(),
                draft: Draft::of("Two"),
            },
        };
        let id = face.turn(turn).await;
        // It comes out while one talks there, and goes back with what was taken back.
        let begun = face
            .step(id, |step| match step {
                Step::Started { conversation, .. } => Some(conversation.archived_at),
                _ => None,
            })
            .await;
        assert_eq!(begun, None, "{is_retry}");
        let left = face
            .step(id, |step| match step {
                Step::Withdrawn { conversation, .. } => conversation.clone(),
                Step::Ended { reply } => panic!("ended: {reply:?}"),
                _ => None,
            })
            .await;
        assert_eq!(left.archived_at, before.archived_at, "{is_retry}");
        let kept = store.conversation(talk).await.unwrap().unwrap();
        assert_eq!(
            (kept.archived_at, kept.tip),
            (before.archived_at, before.tip)
        );
    }
}

#[tokio::test]
async fn a_kill_loses_two_seconds_at_most() {
    let gate = Gate::new();
    let (_server, _home, settings) =
        scene(vec![Answer::text_gated(&["Saved", "lost"], &gate)]).await;
    let mut face = Face::screen(settings.clone());
    let (id, conversation, question) = face.send_new("Talk").await;
    gate.open();
    face.first_words(id).await;
    gate.reached(2).await;
    skip(Duration::from_secs(2)).await;
    let store = disk(&settings).await;
    let reply = eventually(async || {
        let tip = store.conversation(conversation).await.unwrap()?.tip?;
        let reply = store.message(tip).await.unwrap()?;
        (!reply.content.is_empty()).then_some(reply)
    })
    .await;
    assert_eq!(reply.status, Status::Streaming);
    face.kill().await;
    let mut face = Face::screen(settings.clone());
    let rows = face
        .until(|event| match &event.news {
            News::Changed(Row::Message(row)) if row.id == reply.id => Some(row.clone()),
            _ => None,
        })
        .await;
    assert_eq!(
        (rows.status, rows.content.as_str()),
        (Status::Interrupted, "Saved")
    );
    assert_eq!(
        on_disk(&settings, question).await.unwrap().status,
        Status::Complete
    );
}

#[tokio::test]
async fn a_kill_before_the_first_word_leaves_a_question_to_send_again() {
    let script = vec![Answer::stream().stall(), Answer::text(&["Now"])];
    let (server, _home, settings) = scene(script).await;
    let mut face = Face::screen(settings.clone());
    let (_, conversation, question) = face.send_new("Talk").await;
    server.wait_for(1).await;
    face.kill().await;
    let mut face = Face::screen(settings.clone());
    face.until(|event| matches!(event.news, News::Changed(Row::MessageGone(_))).then_some(()))
        .await;
    assert_eq!(
        on_disk(&settings, question).await.unwrap().status,
        Status::Unsent
    );
    let id = face.turn(Turn::Resend { question }).await;
    let reply = face.measured(id).await;
    assert_eq!(
        (reply.content.as_str(), reply.parent),
        ("Now", Some(question))
    );
    assert_eq!(server.requests()[1].last_message(), "Talk");
    let row = disk(&settings)
        .await
        .conversation(conversation)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((row.tip, row.message_count), (Some(reply.id), 2));
}

#[tokio::test]
async fn leaving_during_a_reply_saves_its_words() {
    let gate = Gate::new();
    let (_server, _home, settings) =
        scene(vec![Answer::text_gated(&["Some", "more"], &gate)]).await;
    let mut face = Face::screen(settings.clone());
    let (id, conversation, _) = face.send_new("Talk").await;
    gate.open();
    face.first_words(id).await;
    let said = face.stop().await;
    let is_end = |news: &News| {
        matches!(
            news,
            News::Turn {
                step: Step::Measured { .. },
                ..
            }
        )
    };
    let end = said.iter().position(|event| is_end(&event.news)).unwrap();
    assert!(
        end < said.len() - 1,
        "the turn's end comes before `Stopped`"
    );
    let store = disk(&settings).await;
    let tip = store
        .conversation(conversation)
        .await
        .unwrap()
        .unwrap()
        .tip
        .unwrap();
    let reply = store.message(tip).await.unwrap().unwrap();
    assert_eq!(
        (reply.status, reply.content.as_str()),
        (Status::Stopped, "Some")
    );
    assert!(reply.usage.is_some());
}

#[tokio::test]
async fn an_end_that_the_store_refuses_is_tried_until_it_is_taken() {
    let gate = Gate::new();
    let script = vec![
        Answer::text_gated(&["Some", "more"], &gate),
        Answer::text(&["Fine"]),
    ];
    let (_server, _home, settings) = scene(script).await;
    let mut face = Face::screen(settings.clone());
    let (id, conversation, _) = face.send_new("Talk").await;
    gate.open();
    face.first_words(id).await;
    refuse_ends(&settings, true).await;
    gate.open();
    gate.open();
    let reply = face.measured(id).await;
    assert_eq!(reply.content, "Somemore");
    let row = on_disk(&settings, reply.id).await.unwrap();
    assert_eq!(row.status, Status::Streaming);

    // Nobody else writes here, and salon says so.
    let (early, _) = face.send(conversation, Draft::of("And now?")).await;
    let refused = face.refusal(early).await;
    assert!(refused.title.contains("not saved yet"), "{refused}");

    refuse_ends(&settings, false).await;
    let saved = eventually(async || {
        let row = on_disk(&settings, reply.id).await?;
        (row.status == Status::Complete && row.usage.is_some()).then_some(row)
    });
    assert_eq!(saved.await.content, "Somemore");
    let (next, _) = face.send(conversation, Draft::of("And now?")).await;
    assert_eq!(face.ended(next).await.content, "Fine");
}

#[tokio::test]
async fn leaving_tries_once_more_to_save_what_was_refused() {
    let gate = Gate::new();
    let (_server, _home, settings) = scene(vec![Answer::text_gated(&["Some"], &gate)]).await;
    let mut face = Face::screen(settings.clone());
    let (id, ..) = face.send_new("Talk").await;
    gate.open();
    face.first_words(id).await;
    refuse_ends(&settings, true).await;
    gate.open();
    let reply = face.measured(id).await;
    refuse_ends(&settings, false).await;
    face.stop().await;
    let row = on_disk(&settings, reply.id).await.unwrap();
    assert_eq!(
        (row.status, row.content.as_str()),
        (Status::Complete, "Some")
    );
}

/// Makes the database refuse the end of every reply, as a full disk would, or take it again.
async fn refuse_ends(settings: &Settings, refuses: bool) {
    use sqlx::Connection as _;
    let url = format!("sqlite:{}", settings.paths.database.display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let change = if refuses {
        "CREATE TRIGGER no_end BEFORE UPDATE OF status ON message WHEN OLD.status = 'streaming'
         BEGIN SELECT RAISE(ABORT, 'no room'); END"
    } else {
        "DROP TRIGGER no_end"
    };
    sqlx::query(change).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn leaving_before_the_first_word_keeps_the_text_as_a_draft() {
    let (server, _home, settings) = scene(vec![Answer::stream().stall()]).await;
    let mut face = Face::screen(settings.clone());
    face.send_new("Talk").await;
    server.wait_for(1).await;
    face.stop().await;
    let drafts = disk(&settings).await.drafts(None).await.unwrap();
    assert_eq!(drafts, [(0, Draft::of("Talk"))]);
}

#[tokio::test]
async fn editing_and_asking_again_make_siblings() {
    let script = ["one", "two", "three"]
        .map(|text| Answer::text(&[text]))
        .to_vec();
    let (server, _home, settings) = scene(script).await;
    let mut face = Face::screen(settings.clone());
    let (id, conversation, question) = face.send_new("First").await;
    let one = face.measured(id).await;
    let draft = Draft {
        edit_of: Some(question),
        ..Draft::of("First, better")
    };
    let (id, edited) = face.send(conversation, draft).await;
    let asked = face
        .step(id, |step| match step {
            Step::Started { asked, .. } => asked.clone(),
            _ => None,
        })
        .await;
    assert_eq!((asked.place, asked.of), (2, 2));
    assert_eq!(asked.message.parent, None);
    let two = face.measured(id).await;
    assert_eq!(two.parent, Some(edited));
    assert_eq!(
        server.requests()[1].body["messages"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let other = ModelRef::new("test", "other");
    let id = face
        .turn(Turn::Regenerate {
            reply: two.id,
            model: Some(other.clone()),
        })
        .await;
    let three = face.measured(id).await;
    assert_eq!(
        (three.parent, three.model.clone()),
        (Some(edited), Some(other))
    );
    assert_eq!(server.requests()[2].body["model"], "other");
    let row = disk(&settings)
        .await
        .conversation(conversation)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        row.model,
        ModelRef::new("test", "m"),
        "the conversation keeps its own"
    );
    assert_eq!(row.tip, Some(three.id));
    assert!(
        on_disk(&settings, one.id).await.is_some(),
        "nothing is overwritten"
    );
    let siblings = face
        .answer(Command::Chat(Chat::Siblings { message: three.id }))
        .await;
    assert_eq!(siblings, Answered::Siblings(vec![two.id, three.id]));
    let words = three.content[1..].to_uppercase();
    let find = Chat::Find {
        conversation,
        words: words.clone(),
    };
    let matches = Answered::Matches {
        conversation,
        words,
        hits: vec![(three.id, 1)],
    };
    assert_eq!(face.answer(Command::Chat(find)).await, matches);
}

#[tokio::test]
async fn a_failed_retry_loses_only_its_empty_row() {
    let script = vec![Answer::text(&["one"]), support::server::error_key()];
    let (_server, _home, settings) = scene(script).await;
    let mut face = Face::screen(settings.clone());
    let (id, conversation, _) = face.send_new("First").await;
    let one = face.measured(id).await;
    let again = Turn::Regenerate {
        reply: one.id,
        model: None,
    };
    let id = face.turn(again).await;
    let (draft, failure, is_there) = face.withdrawn(id).await;
    assert_eq!((draft, is_there), (None, true));
    assert_eq!(failure.unwrap().kind, FailureKind::Key);
    let row = disk(&settings)
        .await
        .conversation(conversation)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((row.tip, row.message_count), (Some(one.id), 2));
}

#[tokio::test]
async fn continuing_joins_the_words_without_repeating_them() {
    let gate = Gate::new();
    let script = vec![
        Answer::text_gated(&["The quick brown", "never"], &gate),
        Answer::text(&["quick br", "own fox"]),
        Answer::text(&["brown fox"]),
    ];
    let (server, _home, settings) = scene(script).await;
    let mut face = Face::screen(settings.clone());
    let (id, conversation, question) = face.send_new("Talk").await;
    gate.open();
    face.first_words(id).await;
    face.turn(Turn::Cancel { conversation }).await;
    let half = face.measured(id).await;
    let id = face.turn(Turn::Continue { reply: half.id }).await;
    let started = face
        .step(id, |step| match step {
            Step::Started { reply, .. } => Some(reply.clone()),
            _ => None,
        })
        .await;
    assert_eq!(started.message.content, "The quick brown");
    assert_eq!((started.place, started.of), (2, 2));
    let whole = face.measured(id).await;
    assert_eq!(
        (whole.content.as_str(), whole.parent),
        ("The quick brown fox", Some(question))
    );
    assert_eq!(face.grown(id), " fox");
    let sent = &server.requests()[1].body["messages"];
    assert_eq!(sent[1]["content"], "The quick brown");
    assert!(
        sent[2]["content"]
            .as_str()
            .unwrap()
            .starts_with("Continue exactly")
    );
    let path = disk(&settings).await.branch(whole.id).await.unwrap();
    assert_eq!(path.len(), 2, "the line that asks to go on is not stored");

    // Nothing but an overlap: no new word.
    let id = face.turn(Turn::Continue { reply: whole.id }).await;
    face.withdrawn(id).await;
    let row = disk(&settings)
        .await
        .conversation(conversation)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.tip, Some(whole.id));
}

#[tokio::test]
async fn a_face_that_never_reads_loses_nothing_and_holds_nothing_up() {
    const LISTS: usize = 300;
    let gate = Gate::new();
    let pieces: Vec<String> = (0..400).map(|n| format!("word{n} ")).collect();
    let words: Vec<String> = pieces.iter().map(|piece| sse_piece(piece)).collect();
    let mut answer = Answer::stream().send(sse_role()).wait(&gate);
    for word in words {
        answer = answer.send(word);
    }
    let answer = answer.send(support::server::sse_end());
    let (_server, _home, settings) = scene(vec![answer]).await;
    let mut face = Face::screen(settings.clone());
    let (id, conversation, _) = face.send_new("Talk").await;
    gate.reached(1).await;
    let mut lists = Vec::new();
    for _ in 0..LISTS {
        lists.push(
            face.ask(Command::Data(Data::Spent { since: Millis(0) }))
                .await,
        );
    }
    gate.open();
    let store = disk(&settings).await;
    eventually(async || {
        let tip = store.conversation(conversation).await.unwrap()?.tip?;
        let reply = store.message(tip).await.unwrap()?;
        reply.usage.map(|_| ())
    })
    .await;
    let reply = face.measured(id).await;
    assert_eq!(reply.content, pieces.concat());
    let ended = face.said.iter().any(|event| match &event.news {
        News::Turn {
            step: Step::Ended { reply },
            ..
        } => reply.content == pieces.concat(),
        _ => false,
    });
    assert!(ended);
    assert!(
        reply.content.starts_with(&face.grown(id)),
        "words come in order"
    );
    let answered = |face: &Face| {
        let causes = face
            .said
            .iter()
            .filter(|e| matches!(e.news, News::Answer(_)));
        causes.filter_map(|event| event.cause).collect::<Vec<_>>()
    };
    while answered(&face).len() < LISTS {
        face.event().await;
    }
    assert_eq!(
        answered(&face),
        lists,
        "answers keep the order of their requests"
    );
}

#[tokio::test]
async fn stopping_is_heard_behind_a_face_that_does_not_read() {
    let (server, _home, settings) = scene(vec![Answer::stream().stall()]).await;
    let mut face = Face::screen(settings);
    let (id, conversation, _) = face.send_new("Talk").await;
    server.wait_for(1).await;
    for _ in 0..300 {
        face.ask(Command::Data(Data::Models { refresh: false }))
            .await;
    }
    face.turn(Turn::Cancel { conversation }).await;
    server.hung_up(1).await;
    face.withdrawn(id).await;
}

#[tokio::test]
async fn a_servers_wait_is_shown_and_can_be_cancelled() {
    let (server, _home, settings) = scene(vec![error_pace("30")]).await;
    let mut face = Face::screen(settings);
    let (id, conversation, _) = face.send_new("Talk").await;
    let (ms, why, attempt) = face.waiting(id).await;
    assert!((29_000..=31_000).contains(&ms), "{ms}");
    assert_eq!(attempt, 1);
    assert!(!why.is_empty());
    face.turn(Turn::Cancel { conversation }).await;
    let (draft, failure, _) = face.withdrawn(id).await;
    assert_eq!((draft, failure), (Some(Draft::of("Talk")), None));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_wait_of_more_than_two_minutes_is_told_instead() {
    let (_server, _home, settings) = scene(vec![error_pace("600")]).await;
    let mut face = Face::screen(settings);
    let (id, ..) = face.send_new("Talk").await;
    let (_, failure, _) = face.withdrawn(id).await;
    let failure = failure.unwrap();
    assert!(failure.remedy.contains("10 min"), "{failure}");
}

#[tokio::test]
async fn a_server_in_trouble_is_asked_three_times_and_no_more() {
    let script = vec![
        error_server(),
        error_server(),
        Answer::text(&["At last"]),
        error_server(),
        error_server(),
        error_server(),
    ];
    let (server, _home, settings) = scene(script).await;
    let mut face = Face::screen(settings);
    let (id, conversation, _) = face.send_new("Talk").await;
    for expected in 1..=2 {
        let (ms, _, attempt) = face.waiting(id).await;
        assert_eq!(attempt, expected);
        assert!((300..=1_100).contains(&ms), "{ms}");
        skip(Duration::from_secs(2)).await;
    }
    assert_eq!(face.measured(id).await.content, "At last");
    let (id, _) = face.send(conversation, Draft::of("More")).await;
    for _ in 1..=2 {
        face.waiting(id).await;
        skip(Duration::from_secs(2)).await;
    }
    let (draft, failure, is_there) = face.withdrawn(id).await;
    assert_eq!((draft, is_there), (Some(Draft::of("More")), true));
    assert!(failure.is_some());
    assert_eq!(server.requests().len(), 6);
}

#[tokio::test]
async fn a_model_that_is_loading_is_waited_for() {
    let body = serde_json::json!({"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}});
    let mut script = vec![Answer::json(503, &body); 4];
    script.push(Answer::text(&["Ready"]));
    let (server, _home, settings) = scene(script).await;
    let mut face = Face::screen(settings);
    let (id, ..) = face.send_new("Talk").await;
    for _ in 0..4 {
        let (_, why, attempt) = face.waiting(id).await;
        assert!(why.contains("loading"), "{why}");
        assert_eq!(attempt, 0, "it is no retry");
        skip(Duration::from_secs(6)).await;
    }
    assert_eq!(face.measured(id).await.content, "Ready");
    assert_eq!(server.requests().len(), 5);
}

#[tokio::test]
async fn the_pace_of_a_provider_is_kept_visibly_and_gives_back_what_is_cancelled() {
    let (server, _home, mut settings) =
        scene(vec![Answer::text(&["one"]), Answer::text(&["two"])]).await;
    // A name that is not this machine, reached through the scripted server as proxy.
    settings.network.proxy = Some(format!("http://{}", server.address()));
    settings
        .providers
        .insert("test".to_owned(), provider("http://lab.invalid/v1"));
    settings.limits.requests_per_minute = 1;
    let mut face = Face::screen(settings.clone());
    let (id, conversation, _) = face.send_new("One").await;
    face.measured(id).await;
    for _ in 0..2 {
        let (id, _) = face.send(conversation, Draft::of("Two")).await;
        let (ms, _, attempt) = face.waiting(id).await;
        assert!((50_000..=60_100).contains(&ms), "{ms}");
        assert_eq!(attempt, 0);
        face.turn(Turn::Cancel { conversation }).await;
        face.withdrawn(id).await;
    }
    assert_eq!(server.requests().len(), 1);
    face.stop().await;
    let mut face = Face::start(settings, salon::engine::Options { is_screen: false });
    let (id, _) = face.send(conversation, Draft::of("Two")).await;
    assert_eq!(
        face.measured(id).await.content,
        "two",
        "a shell loop must not crawl"
    );
}

#[tokio::test]
async fn two_salons_see_each_other_and_the_second_takes_over_after_a_kill() {
    let gate = Gate::new();
    let script = vec![
        Answer::text_gated(&["Some", "more"], &gate),
        Answer::text(&["new"]),
    ];
    let (_server, _home, settings) = scene(script).await;
    let mut one = Face::screen(settings.clone());
    let (id, conversation, _) = one.send_new("Talk").await;
    gate.open();
    one.first_words(id).await;
    gate.reached(2).await;
    let mut two = Face::screen(settings.clone());
    let open = Command::Chat(Chat::Open { conversation });
    let Answered::Opened(opened) = two.answer(open.clone()).await else {
        panic!("not opened");
    };
    let last = opened.page.messages.last().unwrap();
    assert!(last.is_elsewhere);
    assert_eq!(last.message.status, Status::Streaming);
    let (refused, _) = two.send(conversation, Draft::of("Me too")).await;
    assert_eq!(two.refusal(refused).await.kind, FailureKind::Busy);
    skip(Duration::from_secs(2)).await;
    let store = disk(&settings).await;
    eventually(async || {
        let row = store.message(last.message.id).await.unwrap()?;
        (!row.content.is_empty()).then_some(())
    })
    .await;
    one.kill().await;
    let Answered::Opened(opened) = two.answer(open).await else {
        panic!("not opened");
    };
    let last = opened.page.messages.last().unwrap();
    assert!(!last.is_elsewhere);
    assert_eq!(last.message.status, Status::Interrupted);
    assert_eq!(last.message.content, "Some");
    let (id, _) = two.send(conversation, Draft::of("Me too")).await;
    assert_eq!(two.measured(id).await.content, "new");
}

#[tokio::test]
async fn a_queued_message_frees_its_slot_and_leaves_what_is_typed() {
    let script = vec![Answer::text(&["first answer"]), Answer::text(&["second"])];
    let (server, _home, settings) = scene(script).await;
    let mut face = Face::screen(settings);
    let (id, conversation, _) = face.send_new("first").await;
    for (slot, text) in [(1, "queued"), (2, "behind"), (0, "typed")] {
        face.ask(Command::Chat(Chat::KeepDraft {
            scope: Some(conversation),
            slot,
            draft: Draft::of(text),
        }))
        .await;
    }
    face.ended(id).await;
    // At once: the reply is whole, its usage may still come.
    let send = |question| Turn::SendQueued {
        to: To::Conversation(conversation),
        question,
        slot: 1,
        draft: Draft::of("queued"),
    };
    let question = face.mint.id();
    let id = face.turn(send(question)).await;
    face.measured(id).await;
    assert_eq!(server.requests()[1].last_message(), "queued");
    let drafts = async |face: &mut Face| {
        let open = Command::Chat(Chat::Open { conversation });
        let Answered::Opened(opened) = face.answer(open).await else {
            panic!("not opened");
        };
        let texts = opened.drafts.into_iter();
        texts.map(|(n, draft)| (n, draft.text)).collect::<Vec<_>>()
    };
    let left = [(2, "behind".to_owned()), (0, "typed".to_owned())];
    assert_eq!(drafts(&mut face).await, left);
    // Another window that still shows it is refused.
    let question = face.mint.id();
    let id = face.turn(send(question)).await;
    let refused = face
        .until(|event| match &event.news {
            News::Refused(failure) if event.cause == Some(id) => Some(failure.clone()),
            _ => None,
        })
        .await;
    assert!(refused.title.contains("queued message"), "{refused:?}");
    assert_eq!(server.requests().len(), 2);
    assert_eq!(drafts(&mut face).await, left);
}

#[tokio::test]
async fn a_temporary_conversation_leaves_no_words_on_disk() {
    let script = vec![
        Answer::text(&["a quiet answer"]),
        Answer::text(&["more quiet"]),
    ];
    let (_server, home, mut settings) = scene(script).await;
    settings.chores.titles = true;
    let mut face = Face::screen(settings.clone());
    let (conversation, question) = (face.mint.id(), face.mint.id());
    let new = NewConversation {
        storage: None,
        is_temporary: true,
        ..fresh(conversation)
    };
    let draft = Draft::of("a quiet question");
    let id = face
        .turn(Turn::Send {
            to: To::New(new),
            question,
            draft,
        })
        .await;
    face.measured(id).await;
    let (id, _) = face.send(conversation, Draft::of("more")).await;
    let reply = face.measured(id).await;
    let page = Command::Chat(Chat::Page {
        conversation,
        at: At::Tip,
        limit: Some(50),
    });
    let Answered::Page { page, .. } = face.answer(page).await else {
        panic!("no page");
    };
    assert_eq!(page.messages.len(), 4);
    assert_eq!(page.messages[3].message, reply);
    let history = Command::Chat(Chat::History {
        words: String::new(),
        before: None,
        limit: 10,
    });
    assert_eq!(face.answer(history).await, Answered::History(Vec::new()));
    face.ask(Command::Chat(Chat::KeepDraft {
        scope: Some(conversation),
        slot: 0,
        draft: Draft::of("a quiet draft"),
    }))
    .await;
    face.stop().await;
    let store = disk(&settings).await;
    assert_eq!(store.count(Which::Active).await.unwrap(), 0);
    assert!(!holds(home.path(), "quiet"));
    assert!(store.models().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_does_not_fit_the_window_is_refused_before_anything_is_sent() {
    let (server, _home, settings) = scene(vec![]).await;
    let store = disk(&settings).await;
    let facts = Facts {
        context: Some(1_100),
        ..Facts::default()
    };
    let small = ModelSpec::with(ModelRef::new("test", "m"), facts);
    store
        .save_listing("test", &[small], Millis(1))
        .await
        .unwrap();
    let mut face = Face::screen(settings);
    let (id, ..) = face.send_new(&"word ".repeat(500)).await;
    let failure = face.refusal(id).await;
    assert_eq!(
        (failure.kind, failure.offer),
        (FailureKind::Plan, Some(Offer::PickModel))
    );
    assert!(failure.title.contains("1100"), "{failure}");
    assert_eq!(store.count(Which::Active).await.unwrap(), 0);
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_and_changes_nothing() {
    let (_server, _home, settings) = scene(vec![]).await;
    let mut face = Face::screen(settings.clone());
    let (id, ..) = face.send_new("  \n ").await;
    assert_eq!(face.refusal(id).await.kind, FailureKind::Input);
    let (conversation, question) = (face.mint.id(), face.mint.id());
    let new = NewConversation {
        model: Some(ModelRef::new("nowhere", "m")),
        persona: None,
        ..fresh(conversation)
    };
    let send = Turn::Send {
        to: To::New(new),
        question,
        draft: Draft::of("x"),
    };
    let id = face.turn(send).await;
    let failure = face.refusal(id).await;
    assert_eq!(failure.kind, FailureKind::Input);
    assert!(
        failure.remedy.contains("guide") && failure.remedy.contains("test"),
        "{failure}"
    );
    let (id, _) = face.send(conversation, Draft::of("x")).await;
    assert!(face.refusal(id).await.title.contains("gone"));
    for turn in [
        Turn::Resend { question },
        Turn::Continue { reply: question },
        Turn::Regenerate {
            reply: question,
            model: None,
        },
    ] {
        let id = face.turn(turn).await;
        assert!(face.refusal(id).await.title.contains("gone"));
    }
    assert_eq!(disk(&settings).await.count(Which::Active).await.unwrap(), 0);
}

#[tokio::test]
async fn a_reply_under_way_keeps_its_model_when_the_conversation_gets_another() {
    let gate = Gate::new();
    let script = vec![Answer::text_gated(&["one"], &gate), Answer::text(&["two"])];
    let (server, _home, settings) = scene(script).await;
    let mut face = Face::screen(settings);
    let (id, conversation, _) = face.send_new("One").await;
    gate.open();
    face.first_words(id).await;
    let switch = |provider: &str| {
        Command::Chat(Chat::SwitchModel {
            conversation,
            model: ModelRef::new(provider, "typed"),
        })
    };
    let refused = face.ask(switch("nowhere")).await;
    assert_eq!(face.refusal(refused).await.kind, FailureKind::Input);
    face.ask(switch("test")).await;
    let changed = face
        .until(|event| match &event.news {
            News::Changed(Row::Conversation(row)) => Some(row.clone()),
            _ => None,
        })
        .await;
    assert_eq!(changed.model, ModelRef::new("test", "typed"));
    gate.open();
    let (reply, row) = face
        .step(id, |step| match step {
            Step::Measured {
                reply,
                conversation,
            } => Some((reply.clone(), conversation.clone())),
            _ => None,
        })
        .await;
    assert_eq!(reply.model, Some(ModelRef::new("test", "m")));
    assert_eq!(
        row.model, changed.model,
        "an older row never follows a newer one"
    );
    let (id, _) = face.send(conversation, Draft::of("Two")).await;
    face.measured(id).await;
    assert_eq!(server.requests()[1].body["model"], "typed");
}

#[tokio::test]
async fn a_listing_overtakes_only_one_for_the_same_place() {
    let (_server, _home, settings) = scene(vec![]).await;
    let mut face = Face::screen(settings);
    let of = |limit, persona| {
        Command::Shelf(Shelf::List {
            query: Query {
                persona,
                ..Query::default()
            },
            after: None,
            offset: 0,
            limit: Some(limit),
        })
    };
    let persona = Some(mint().id());
    let mut wanted = Vec::new();
    for command in [of(60, None), of(1, None), of(12, persona)] {
        wanted.push(face.ask(command).await);
    }
    // A page, a count, and the conversations of a persona have nothing to do with each other.
    while !wanted.is_empty() {
        let cause = face
            .until(|event| {
                let is_list = matches!(&event.news, News::Answer(Answered::List { .. }));
                event.cause.filter(|_| is_list)
            })
            .await;
        wanted.retain(|id| *id != cause);
    }
}

#[tokio::test]
async fn the_list_is_changed_and_changed_back() {
    let (_server, _home, settings) = scene(vec![Answer::text(&["one"])]).await;
    let mut face = Face::screen(settings);
    let (id, conversation, _) = face.send_new("One").await;
    face.measured(id).await;
    let ids = vec![conversation];
    let act = Act::Trash;
    let Answered::Done { what, undo } =
        face.answer(Command::Shelf(Shelf::Apply { ids, act })).await
    else {
        panic!("not done");
    };
    assert_eq!(what, "moved to the trash: One");
    let count = async |face: &mut Face, which| match face.answer(list(which)).await {
        Answered::List { total, .. } => total,
        other => panic!("{other:?}"),
    };
    assert_eq!(count(&mut face, Which::Active).await, 0);
    assert_eq!(count(&mut face, Which::Trashed).await, 1);
    let (refused, _) = face.send(conversation, Draft::of("More")).await;
    assert!(face.refusal(refused).await.title.contains("trash"));
    face.answer(undo.unwrap()).await;
    assert_eq!(count(&mut face, Which::Active).await, 1);

    let title = "  My own\n title ".to_owned();
    let rename = Command::Shelf(Shelf::Rename {
        conversation,
        title,
    });
    let Answered::Done { what, undo } = face.answer(rename).await else {
        panic!("not done");
    };
    assert_eq!(what, "renamed: My own title");
    let Answered::Done { what, .. } = face.answer(undo.unwrap()).await else {
        panic!("not done");
    };
    assert_eq!(what, "renamed: One");
}

#[tokio::test]
async fn a_database_of_a_newer_salon_is_fatal_and_everything_is_refused() {
    let (_server, _home, settings) = scene(vec![]).await;
    let paths = &settings.paths;
    Face::screen(settings.clone()).stop().await;
    make_newer(&paths.database);
    let before = std::fs::read(&paths.database).unwrap();
    let mut face = Face::screen(settings.clone());
    let failure = face
        .until(|event| match &event.news {
            News::Fatal(failure) => Some(failure.clone()),
            _ => None,
        })
        .await;
    assert_eq!(failure.kind, FailureKind::Store);
    let id = face.ask(list(Which::Active)).await;
    assert_eq!(face.refusal(id).await, failure);
    face.stop().await;
    assert_eq!(std::fs::read(&paths.database).unwrap(), before);
}

/// The title requests among all, by their number of messages and system text.
fn is_title(request: &support::server::Recorded) -> bool {
    request.body["messages"][0]["role"] == "system"
}

/// The next time this conversation's row is said to be changed by no request.
async fn retitled(face: &mut Face) -> String {
    face.until(|event| match &event.news {
        News::Changed(Row::Conversation(row)) if event.cause.is_none() => Some(row.title.clone()),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn a_title_is_made_by_the_small_model_of_the_same_provider() {
    let script = vec![
        Answer::text(&["\"A fine", " title.\""]).when(is_title),
        Answer::text(&["one"]),
        Answer::text(&["two"]),
    ];
    let (server, _home, mut settings) = scene(script).await;
    settings.chores.titles = true;
    settings.providers.get_mut("test").unwrap().title_model = Some("small".into());
    let mut face = Face::screen(settings.clone());
    let (id, conversation, _) = face.send_new("What is it?").await;
    face.measured(id).await;
    assert_eq!(retitled(&mut face).await, "A fine title");
    let asked = server.requests();
    assert_eq!(asked[1].body["model"], "small");
    assert!(asked[1].last_message().contains("What is it?"));
    let store = disk(&settings).await;
    let row = store.conversation(conversation).await.unwrap().unwrap();
    assert_eq!(
        (row.tokens_in, row.tokens_out),
        (18, 6),
        "the title's tokens count"
    );
    assert_eq!(row.message_count, 2);
    let (id, _) = face.send(conversation, Draft::of("And?")).await;
    face.measured(id).await;
    face.stop().await;
    assert_eq!(server.requests().len(), 3, "one title is enough");
}

#[tokio::test]
async fn a_title_yields_to_the_user_and_to_sends() {
    let script = vec![
        Answer::stream().stall().when(is_title),
        Answer::text(&["one"]),
        Answer::text(&["two"]),
        Answer::text(&["Late title"]).when(is_title),
        Answer::text(&["three"]),
    ];
    let (server, _home, mut settings) = scene(script).await;
    settings.chores.titles = true;
    let mut face = Face::screen(settings.clone());
    let (id, conversation, _) = face.send_new("What is it?").await;
    face.measured(id).await;
    server.wait_for(2).await;
    let (id, _) = face.send(conversation, Draft::of("And?")).await;
    server.hung_up(1).await;
    face.measured(id).await;
    assert_eq!(retitled(&mut face).await, "Late title");
    let title = "Mine".to_owned();
    face.answer(Command::Shelf(Shelf::Rename {
        conversation,
        title,
    }))
    .await;
    let (id, _) = face.send(conversation, Draft::of("So?")).await;
    face.measured(id).await;
    face.stop().await;
    assert_eq!(server.requests().len(), 5);
    let row = disk(&settings)
        .await
        .conversation(conversation)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.title, "Mine");
}

#[tokio::test]
async fn no_words_go_to_a_provider_that_has_not_seen_them_unless_it_is_named() {
    let other = Server::start(vec![Answer::text(&["Named"]).always()]).await;
    let (server, _home, mut settings) = scene(vec![
        Answer::text(&["No title"]).when(is_title),
        Answer::text(&["one"]).always(),
    ])
    .await;
    settings.chores.titles = true;
    let mut elsewhere = provider(&other.url());
    elsewhere.title_model = Some("small".into());
    settings.providers.insert("other".into(), elsewhere);
    let mut face = Face::screen(settings.clone());
    let (id, conversation, _) = face.send_new("Secret").await;
    face.step(id, |step| {
        matches!(step, Step::Started { .. }).then_some(())
    })
    .await;
    // The conversation moves to another provider before its title is made.
    let model = ModelRef::new("other", "m");
    face.ask(Command::Chat(Chat::SwitchModel {
        conversation,
        model,
    }))
    .await;
    retitled(&mut face).await;
    face.stop().await;
    assert_eq!(other.requests().len(), 0);
    assert!(server.requests().iter().any(is_title));

    settings.chores.title_model = Some(ModelRef::new("other", "titles"));
    settings.model = Some(ModelRef::new("test", "m"));
    let mut face = Face::screen(settings);
    let (id, ..) = face.send_new("Less secret").await;
    face.measured(id).await;
    assert_eq!(retitled(&mut face).await, "Named");
    assert_eq!(other.requests()[0].body["model"], "titles");
}

#[tokio::test]
async fn no_title_is_asked_for_when_titles_are_off_or_in_ask() {
    let (server, _home, mut settings) = scene(vec![Answer::text(&["one"]).always()]).await;
    let mut face = Face::screen(settings.clone());
    let (id, ..) = face.send_new("First words").await;
    face.measured(id).await;
    face.stop().await;
    settings.chores.titles = true;
    let mut face = Face::start(
        settings.clone(),
        salon::engine::Options { is_screen: false },
    );
    let (id, conversation, _) = face.send_new("Other words").await;
    face.measured(id).await;
    face.stop().await;
    assert_eq!(server.requests().len(), 2);
    let row = disk(&settings)
        .await
        .conversation(conversation)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.title, "Other words");
}

#[tokio::test]
async fn the_model_of_a_new_conversation_follows_the_order() {
    let (_server, _home, mut settings) = scene(vec![Answer::text(&["one"]).always()]).await;
    let url = settings.providers["test"].base_url.clone();
    let mut keyless = provider(&url);
    if let salon::settings::KeySource::Environment { value, .. } = &mut keyless.key {
        *value = None;
    }
    settings.providers.insert("keyless".into(), keyless);
    let home = async |settings: &Settings| {
        let mut face = Face::screen(settings.clone());
        let Answered::Home(home) = face
            .answer(Command::Shelf(Shelf::Home {
                limit: 10,
                open: None,
            }))
            .await
        else {
            panic!("no home");
        };
        face.stop().await;
        home.model
    };
    assert_eq!(
        home(&settings).await,
        ModelRef::new("test", "m"),
        "the settings say so"
    );
    settings.model = None;
    assert_eq!(
        home(&settings).await,
        ModelRef::guide(),
        "there is nothing else"
    );
    let fallbacks = [("keyless", "a"), ("test", "fallback")];
    settings.fallback_models = fallbacks.map(|(p, n)| ModelRef::new(p, n)).to_vec();
    assert_eq!(
        home(&settings).await,
        ModelRef::new("test", "fallback"),
        "the first with a key"
    );
    let store = disk(&settings).await;
    for (model, at) in [
        ("test/old", 1),
        ("test/used", 2),
        ("keyless/newest", 3),
        ("guide/tour", 4),
    ] {
        store
            .used_model(&model.parse().unwrap(), Millis(at))
            .await
            .unwrap();
    }
    assert_eq!(
        home(&settings).await,
        ModelRef::new("test", "used"),
        "the one last used"
    );
}

#[tokio::test]
async fn models_are_told_at_once_and_again_after_each_provider() {
    let listing = serde_json::json!({"object": "list", "data": [{"id": "big", "object": "model"}]});
    let script = vec![Answer::json(200, &listing).at("/v1/models")];
    let (_server, _home, mut settings) = scene(script).await;
    settings
        .providers
        .insert("dead".into(), provider(&Server::nobody().await));
    let mut face = Face::screen(settings);
    let id = face
        .ask(Command::Data(Data::Models { refresh: true }))
        .await;
    let mut answers = Vec::new();
    loop {
        let event = face.event().await;
        assert_eq!(event.cause, Some(id));
        let News::Answer(Answered::Models {
            models,
            failures,
            is_whole,
        }) = event.news
        else {
            panic!("{event:?}");
        };
        answers.push((models, failures));
        if is_whole {
            break;
        }
    }
    let names = |models: &[ModelSpec]| {
        models
            .iter()
            .map(|m| m.model.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(answers.len(), 4, "known, then three providers");
    assert_eq!(names(&answers[0].0), ["guide/tour", "test/m"]);
    let (models, failures) = answers.last().unwrap();
    assert_eq!(names(models), ["guide/tour", "test/big", "test/m"]);
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].0, "dead");
    let mark = Command::Data(Data::MarkModel {
        model: ModelRef::new("test", "big"),
        favourite: true,
    });
    let Answered::Models { models, .. } = face.answer(mark).await else {
        panic!("no models");
    };
    assert_eq!(names(&models), ["test/big", "guide/tour", "test/m"]);
}

/// Looks at the models as a screen does; what is known when nobody is being asked any more, and how often it was told.
async fn looked_at(face: &mut Face, refresh: bool) -> (Vec<ModelSpec>, Vec<String>, usize) {
    let id = face.ask(Command::Data(Data::Models { refresh })).await;
    let mut told = 0;
    loop {
        let event = face.event().await;
        if event.cause != Some(id) {
            continue;
        }
        let News::Answer(Answered::Models {
            models,
            failures,
            is_whole,
        }) = event.news
        else {
            panic!("{event:?}");
        };
        told += 1;
        if is_whole {
            let failed = failures.into_iter().map(|(name, _)| name).collect();
            return (models, failed, told);
        }
    }
}

fn models_of(models: &[ModelSpec], provider: &str) -> Vec<String> {
    let of = models.iter().filter(|m| m.model.provider == provider);
    of.map(|m| m.model.name.clone()).collect()
}

#[tokio::test]
async fn an_old_listing_is_renewed_when_it_is_looked_at_and_a_young_one_is_not() {
    let listing =
        |name: &str| json!({"object": "list", "data": [{"id": name, "context_length": 8192}]});
    let script = vec![
        Answer::json(200, &listing("first")).at("/v1/models"),
        Answer::json(200, &listing("second")).at("/v1/models"),
    ];
    let (server, _home, settings) = scene(script).await;
    let mut face = Face::screen(settings.clone());
    let (models, failed, told) = looked_at(&mut face, false).await;
    assert_eq!(models_of(&models, "test"), ["first", "m"]);
    assert_eq!(
        (failed.len(), told),
        (0, 2),
        "what is known, then the listing"
    );
    let (_, _, told) = looked_at(&mut face, false).await;
    assert_eq!((told, server.requests().len()), (1, 1), "it is young");
    face.stop().await;

    let mut face = Face::screen(settings.clone());
    let (models, _, told) = looked_at(&mut face, false).await;
    assert_eq!(models_of(&models, "test"), ["first", "m"], "kept on disk");
    assert_eq!((told, server.requests().len()), (1, 1));
    face.stop().await;

    let old = Millis(mint().now().0 - 25 * 3_600_000);
    let spec = ModelSpec::named(ModelRef::new("test", "first"));
    let store = disk(&settings).await;
    store.save_listing("test", &[spec], old).await.unwrap();
    store.close().await;
    let mut face = Face::screen(settings);
    let (models, _, told) = looked_at(&mut face, false).await;
    assert_eq!(models_of(&models, "test"), ["m", "second"]);
    assert_eq!((told, server.requests().len()), (2, 2), "it was a day old");
}

#[tokio::test]
async fn a_failed_listing_keeps_the_cached_one_and_is_not_tried_again_at_once() {
    let (server, _home, settings) = scene(vec![error_server().at("/v1/models").always()]).await;
    let store = disk(&settings).await;
    let spec = ModelSpec::named(ModelRef::new("test", "cached"));
    store
        .save_listing("test", &[spec], Millis(1))
        .await
        .unwrap();
    store.close().await;
    let mut face = Face::screen(settings);
    let (models, failed, _) = looked_at(&mut face, false).await;
    assert_eq!(models_of(&models, "test"), ["cached", "m"]);
    assert_eq!(failed, ["test"]);
    let asked = server.requests().len();
    let (models, failed, told) = looked_at(&mut face, false).await;
    assert_eq!(models_of(&models, "test"), ["cached", "m"]);
    assert_eq!((failed, told), (vec!["test".to_owned()], 1), "still said");
    assert_eq!(server.requests().len(), asked, "left alone for a while");
    looked_at(&mut face, true).await;
    assert!(server.requests().len() > asked, "unless the user asks");
}

#[tokio::test]
async fn a_command_asks_nobody_for_models_by_itself() {
    let (server, _home, settings) = scene(vec![]).await;
    let mut face = Face::start(settings, Options { is_screen: false });
    let (_, _, told) = looked_at(&mut face, false).await;
    assert_eq!((told, server.requests().len()), (1, 0));
}

/// A turn of one answer with 1,000 tokens in and 100 out.
async fn cost_of_a_turn(settings: &Settings) -> Option<Money> {
    let mut face = Face::screen(settings.clone());
    let (id, ..) = face.send_new("How much?").await;
    let reply = face.measured(id).await;
    face.stop().await;
    assert_eq!(reply.usage.unwrap().input, Some(1_000));
    reply.cost
}

#[tokio::test]
async fn the_config_is_stronger_than_the_listing_and_unknown_is_not_free() {
    let answer = || {
        let body = [
            sse_role(),
            sse_piece("much"),
            sse_finish("stop"),
            sse_usage(1_000, 100),
            SSE_DONE.to_owned(),
        ];
        Answer::stream().send(body.concat())
    };
    let (_server, _home, mut settings) = scene(vec![answer().always()]).await;
    assert_eq!(cost_of_a_turn(&settings).await, None);
    let price = |input, output| Price {
        input,
        output,
        ..Price::default()
    };
    // $1 and $2 a million tokens: $0.001 + $0.0002.
    let facts = Facts {
        tariff: Some(Tariff::flat(price(Some(1_000_000), Some(2_000_000)))),
        ..Facts::default()
    };
    let spec = ModelSpec::with(ModelRef::new("test", "m"), facts);
    let store = disk(&settings).await;
    store
        .save_listing("test", &[spec], Millis(1))
        .await
        .unwrap();
    store.close().await;
    assert_eq!(cost_of_a_turn(&settings).await, Money::parse("0.0012"));
    // $3 in of the config, out as listed.
    let model = ModelRef::new("test", "m");
    let own = |price| Tariff::flat(price);
    settings
        .pricing
        .insert(model.clone(), own(price(Some(3_000_000), None)));
    assert_eq!(cost_of_a_turn(&settings).await, Money::parse("0.0032"));
    let whole = own(price(Some(3_000_000), Some(30_000_000)));
    settings.pricing.insert(model.clone(), whole.clone());
    assert_eq!(cost_of_a_turn(&settings).await, Money::parse("0.006"));
    let later = Tariff {
        from: Some(Millis(mint().now().0 + 86_400_000)),
        ..whole
    };
    settings.pricing.insert(model, later);
    assert_eq!(cost_of_a_turn(&settings).await, Money::parse("0.0012"));

    let mut face = Face::screen(settings);
    let since = Millis(0);
    let Answered::Spent(spent) = face.answer(Command::Data(Data::Spent { since })).await else {
        panic!("no sum");
    };
    assert_eq!(spent.cost, Money::parse("0.0116").unwrap());
    assert_eq!((spent.unpriced, spent.tokens), (1, 5_500));
}

#[tokio::test]
async fn the_shipped_table_knows_windows_and_prices() {
    let (_server, _home, mut settings) = scene(vec![]).await;
    let mut openai = provider("https://api.openai.com/v1");
    openai.key = salon::settings::KeySource::None;
    settings.providers.insert("mine".into(), openai);
    settings.fallback_models = vec![ModelRef::new("mine", "gpt-4o")];
    let mut face = Face::start(settings, Options { is_screen: false });
    let (models, ..) = looked_at(&mut face, false).await;
    let known = models.iter().find(|m| m.model.name == "gpt-4o").unwrap();
    assert_eq!(known.facts.context, Some(128_000));
    assert_eq!(known.tariff_by, Some(CostBy::Shipped));
    let price = known.facts.tariff.as_ref().unwrap().price;
    assert_eq!(price.input, Some(2_500_000));
    let guide = models.iter().find(|m| m.model.is_guide()).unwrap();
    assert_eq!(guide.facts.tariff, Some(Tariff::free()));
}

#[tokio::test]
async fn a_field_that_was_left_out_is_mentioned_and_not_in_the_words() {
    let refused = support::server::error(
        400,
        "invalid_request_error",
        "unsupported_parameter",
        "Unsupported parameter: 'temperature' is not supported with this model.",
    );
    let (_server, _home, mut settings) = scene(vec![refused, Answer::text(&["Yes"])]).await;
    settings.chat.sampling.temperature = Some(0.5);
    let mut face = Face::screen(settings);
    let (id, ..) = face.send_new("Sure?").await;
    assert_eq!(face.measured(id).await.content, "Yes");
    let told = face.said.iter().any(|event| match &event.news {
        News::Warned(failure) => failure.title.contains("temperature"),
        _ => false,
    });
    assert!(told, "{:#?}", face.said);
}

#[tokio::test]
async fn what_a_model_refuses_is_known_at_the_next_start() {
    let refusal = json!({"error": {"message": "Unsupported value: 'temperature' does not support 0.2 with this model.",
        "type": "invalid_request_error", "param": "temperature", "code": "unsupported_value"}});
    let answers = vec![Answer::json(400, &refusal), Answer::text(&["Hi"]).always()];
    let (server, _home, mut settings) = scene(answers).await;
    let test = settings.providers.get_mut("test").unwrap();
    test.sampling.temperature = Some(0.2);
    for _ in 0..2 {
        let mut face = Face::screen(settings.clone());
        let (id, ..) = face.send_new("Hello").await;
        face.measured(id).await;
        face.stop().await;
    }
    let sent: Vec<bool> = server
        .requests()
        .iter()
        .map(|request| request.body.get("temperature").is_some())
        .collect();
    assert_eq!(sent, [true, false, false]);
}
