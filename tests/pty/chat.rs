//! Asking, reading along, stopping, and finding everything again.

use super::home::Home;
use super::terminal::Terminal;
use crate::support::server::{Answer, Gate, Server, error_key};

/// Leaves as most people do, and finds the terminal as it was.
pub fn leave(mut terminal: Terminal) {
    terminal.press("ctrl+c").wait_for("again to quit");
    terminal.press("ctrl+c");
    assert_eq!(terminal.end(), 0);
}

/// The columns of the conversation, without the head and the status line.
pub fn conversation(screen: &vt100::Screen) -> String {
    let (_, columns) = screen.size();
    let rows = screen.rows(32, columns.get() - 61);
    let rows: Vec<String> = rows.map(|row| row.trim_end().to_owned()).collect();
    rows[1..rows.len() - 1].join("\n")
}

#[test]
fn the_first_start_answers_without_any_settings() {
    let home = Home::bare();
    let mut terminal = home.start();
    terminal.wait_for("Ask anything");
    terminal.wait_for("No model is set up yet");
    terminal.wait_for("guide/");
    terminal.send("How do I change the keys?");
    terminal.wait_for("writing").wait_for("keys.toml");
    terminal.wait_gone("Esc stops");
    leave(terminal);
}

#[test]
fn an_answer_appears_word_by_word() {
    let gate = Gate::new();
    let pieces = ["alpha ", "beta ", "gamma"];
    let server = Server::apart(vec![Answer::text_gated(&pieces, &gate)]);
    let home = Home::with(&server);
    let mut terminal = home.start();
    terminal.wait_for("test/m").send("Count in Greek");
    terminal.wait_for("waiting").wait_for("Esc stops");
    gate.open();
    terminal.wait_for("alpha").wait_for("writing");
    assert!(!terminal.text().contains("beta"));
    gate.open();
    terminal.wait_for("alpha beta");
    gate.open();
    terminal.wait_for("alpha beta gamma").wait_for("Esc stops");
    gate.open();
    terminal.wait_gone("Esc stops");
    assert!(terminal.text().contains("alpha beta gamma"));
    assert_eq!(server.requests()[0].last_message(), "Count in Greek");
    leave(terminal);
}

#[test]
fn a_question_sent_at_once_goes_to_the_model_of_the_settings() {
    let server = Server::apart(vec![Answer::text(&["answered by the lab"])]);
    let home = Home::with(&server);
    let mut terminal = home.start();
    // Before the program has read anything of its own, perhaps before it has drawn.
    terminal
        .wait_for("Ask anything")
        .type_text("Quick question\r");
    terminal.wait_for("answered by the lab");
}

#[test]
fn esc_stops_and_keeps_the_words() {
    let gate = Gate::new();
    let server = Server::apart(vec![Answer::text_gated(&["kept words ", "never"], &gate)]);
    let home = Home::with(&server);
    let mut terminal = home.start();
    terminal.wait_for("test/m").send("Go on and on");
    gate.open();
    terminal.wait_for("kept words").press("esc");
    terminal.wait_for("stopped").wait_gone("Esc stops");
    assert!(terminal.text().contains("kept words"));
    leave(terminal);
    home.start().wait_for("kept words").wait_for("stopped");
}

#[test]
fn esc_before_the_first_word_gives_the_text_back() {
    let gate = Gate::new();
    let server = Server::apart(vec![Answer::text_gated(&["late"], &gate)]);
    let home = Home::with(&server);
    let mut terminal = home.start();
    terminal.wait_for("test/m").send("A hasty question");
    terminal.wait_for("Esc stops").press("esc");
    terminal.wait_gone("Esc stops");
    terminal.wait_typed("A hasty question");
    terminal.wait_for("New conversation");
    terminal.press("ctrl+u").wait_for("Ask anything");
    leave(terminal);
}

#[test]
fn a_refused_question_stands_in_the_composer_with_the_reason() {
    let server = Server::apart(vec![error_key()]);
    let home = Home::with(&server);
    let mut terminal = home.start();
    terminal.wait_for("test/m").send("Let me in");
    terminal.wait_typed("Let me in").wait_for("key");
    assert!(!terminal.text().contains("Esc stops"));
}

#[test]
fn a_second_start_shows_the_same_place_and_the_draft() {
    let lines: Vec<String> = (0..120).map(|n| format!("line {n:03}\n\n")).collect();
    let pieces: Vec<&str> = lines.iter().map(String::as_str).collect();
    let server = Server::apart(vec![Answer::text(&pieces)]);
    let home = Home::with(&server);
    let mut terminal = home.start();
    terminal.wait_for("test/m").send("Many lines");
    terminal.wait_for("line 119").wait_gone("Esc stops");
    terminal.press("pageup").press("pageup").press("pageup");
    terminal.wait_until("a place in the middle", |screen| {
        let text = conversation(screen);
        !text.contains("line 119") && !text.contains("line 000")
    });
    terminal
        .type_text("half a thought")
        .wait_typed("half a thought");
    terminal.wait_idle();
    let before = conversation(terminal.screen());
    terminal.type_text("\x18q");
    assert_eq!(terminal.end(), 0);

    let mut again = home.start();
    again.wait_until(&format!("the same place:\n{before}\n"), |screen| {
        conversation(screen) == before
    });
    again.wait_typed("half a thought");
}

#[test]
fn a_draft_for_a_new_conversation_is_kept() {
    let server = Server::apart(vec![]);
    let home = Home::with(&server);
    let mut terminal = home.start();
    terminal.wait_for("test/m").type_text("not yet sent");
    terminal.wait_typed("not yet sent").type_text("\x18q");
    assert_eq!(terminal.end(), 0);
    home.start().wait_typed("not yet sent");
}

#[test]
fn several_lines_are_one_message() {
    let server = Server::apart(vec![Answer::text(&["read"])]);
    let home = Home::with(&server);
    let mut terminal = home.start();
    terminal.wait_for("test/m").type_text("first");
    terminal.press("ctrl+j").type_text("second");
    terminal.wait_for("first").wait_typed("second");
    terminal.paste("third\r\nfourth\rfifth\n");
    terminal
        .wait_for("secondthird")
        .wait_for("fourth")
        .wait_for("fifth");
    terminal.wait_idle();
    assert!(server.requests().is_empty(), "a paste never sends");
    terminal.press("enter").wait_for("read");
    let asked = server.requests()[0].last_message().trim_end().to_owned();
    assert_eq!(asked, "first\nsecondthird\nfourth\nfifth");
}

#[test]
fn the_keys_of_the_kitty_protocol_are_understood() {
    let server = Server::apart(vec![Answer::text(&["read"])]);
    let home = Home::with(&server);
    let mut terminal = home.start();
    terminal.wait_for("test/m").type_text("first");
    terminal.type_text("\x1b[13;2u").type_text("second\r");
    terminal.wait_for("read").wait_gone("Esc stops");
    assert_eq!(server.requests()[0].last_message(), "first\nsecond");
    terminal.type_text("\x1b[99;5u").wait_for("again to quit");
    terminal.type_text("\x1b[99;5u");
    assert_eq!(terminal.end(), 0);
}
