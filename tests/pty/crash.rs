//! kill -9 at any moment: what was asked and what had arrived is there at the next start.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row};

use super::chat::conversation;
use super::home::Home;
use crate::support::server::{Answer, Framing, Gate, Server, sse_piece, sse_role};

/// Power cuts in a row.
const KILLS: usize = 50;

/// The first column of these rows; empty when the database is not there yet.
pub fn rows(database: &Path, sql: &'static str) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let options = SqliteConnectOptions::new().filename(database);
    runtime.block_on(async {
        let Ok(mut outside) = options.connect().await else {
            return Vec::new();
        };
        let found = sqlx::query(sql).fetch_all(&mut outside).await;
        let found = found.unwrap_or_default();
        found.iter().map(|row| row.get::<String, _>(0)).collect()
    })
}

fn assert_sound(database: &Path) {
    assert_eq!(rows(database, "PRAGMA integrity_check"), ["ok"]);
    assert!(rows(database, "SELECT 'broken' FROM pragma_foreign_key_check").is_empty());
}

#[test]
fn words_that_were_on_disk_are_shown_as_interrupted() {
    let gate = Gate::new();
    let pieces = ["words on disk ", "never sent"];
    let server = Server::apart(vec![Answer::text_gated(&pieces, &gate)]);
    let home = Home::with(&server);
    let database = home.database();
    let mut terminal = home.start();
    terminal.wait_for("test/m").send("What is left?");
    gate.open();
    terminal.wait_for("words on disk");
    terminal.wait_outside("the words on disk", || {
        let sql = "SELECT content FROM message WHERE role = 'assistant'";
        rows(&database, sql) == ["words on disk "]
    });
    terminal.kill();
    let mut again = home.start();
    again.wait_for("What is left?").wait_for("words on disk");
    again.wait_for("interrupted");
    assert_sound(&database);
}

#[test]
fn a_question_without_an_answer_can_be_sent_again() {
    let gate = Gate::new();
    let server = Server::apart(vec![
        Answer::text_gated(&["never"], &gate),
        Answer::text(&["the answer after all"]),
    ]);
    let home = Home::with(&server);
    let mut terminal = home.start();
    terminal.wait_for("test/m").send("Is anyone there?");
    terminal.wait_outside("the request", || server.requests().len() == 1);
    terminal.kill();
    let mut again = home.start();
    again.wait_for("Is anyone there?").wait_for("test/m");
    again.wait_for("not sent yet").type_text("\x18r");
    again.wait_for("the answer after all");
    assert_sound(&home.database());
}

#[test]
fn a_draft_survives() {
    let server = Server::apart(vec![]);
    let home = Home::with(&server);
    let database = home.database();
    let mut terminal = home.start();
    terminal
        .wait_for("test/m")
        .type_text("a thought in progress");
    terminal.wait_typed("a thought in progress");
    terminal.wait_outside("the draft on disk", || {
        rows(&database, "SELECT content FROM draft") == ["a thought in progress"]
    });
    terminal.kill();
    home.start().wait_typed("a thought in progress");
}

/// The answer to the question of this number: a few words of it, then silence, or words without end.
fn answer(number: usize) -> Answer {
    let words = (0..number % 7).map(|n| sse_piece(&format!("w{number}x{n} ")));
    let answer = Answer::stream()
        .framing(Framing::Chunked)
        .when(move |request| request.last_message() == question(number))
        .send(sse_role())
        .send(words.collect::<String>());
    if number.is_multiple_of(5) {
        answer.step(crate::support::server::Step::Forever(
            sse_piece("more and more ").into(),
        ))
    } else {
        answer.stall()
    }
}

fn question(number: usize) -> String {
    format!("question {number:03}")
}

#[test]
fn no_question_is_lost_whenever_the_power_goes() {
    let server = Server::apart((0..KILLS).map(answer).collect());
    let home = Home::with(&server);
    let mut terminal = home.start();
    for number in 0..KILLS {
        terminal.wait_for("test/m").wait_for("Ask anything");
        terminal.send(&question(number));
        // The moment: the request has just arrived, the wait is shown, or so many words are.
        match (number % 5, number % 7) {
            (0, _) => terminal.wait_for("more and more"),
            (_, 0) => terminal.wait_for("Esc stops"),
            (1, _) => terminal.wait_outside("the request", || {
                let requests = server.requests();
                requests
                    .iter()
                    .any(|request| request.last_message() == question(number))
            }),
            (_, words) => terminal.wait_for(&format!("w{number}x{}", words - 1)),
        };
        terminal.kill();
        terminal = home.start();
        terminal.wait_until(
            &format!("question {number} in its conversation"),
            |screen| conversation(screen).contains(&question(number)),
        );
    }
    terminal.kill();
    let database = home.database();
    assert_sound(&database);
    let asked = rows(
        &database,
        "SELECT content FROM message WHERE role = 'user' ORDER BY depth",
    );
    let expected: Vec<String> = (0..KILLS).map(question).collect();
    assert_eq!(asked, expected);
    assert!(
        rows(
            &database,
            "SELECT status FROM message WHERE status = 'streaming'"
        )
        .is_empty()
    );
}
