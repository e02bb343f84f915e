//! A terminal that can do little, a vt100 or the console of Linux: new lines, editors, what is kept, unmarked pastes.

use super::chat::leave;
use super::home::Home;
use super::terminal::{Kind, Start, Terminal};
use crate::support::server::{Answer, Gate, Server};

/// The program in a terminal of this name that answers only what every terminal does.
fn named(term: &str, home: &Home) -> Start {
    Start::at(home).env("TERM", term).kind(Kind::Plain)
}

fn start(home: &Home) -> Terminal {
    Terminal::start(named("vt100", home))
}

#[test]
fn a_newline_key_and_a_backslash_make_lines_and_enter_sends() {
    let server = Server::apart(vec![Answer::text(&["the answer to it"])]);
    let home = Home::with(&server);
    let mut terminal = start(&home);
    terminal.wait_for("test/m").type_text("first");
    terminal.press("ctrl+j").type_text("second\\");
    // Alone, since with more keys right behind it an Enter is part of a paste here.
    terminal.wait_for("second\\").press("enter");
    terminal.wait_gone("second\\").type_text("third");
    terminal.wait_typed("third");
    assert!(server.requests().is_empty(), "nothing was sent yet");
    terminal.press("enter").wait_for("the answer to it");
    let requests = server.requests();
    assert_eq!(requests[0].last_message(), "first\nsecond\nthird");
    terminal.wait_gone("Esc stops");
    leave(terminal);
}

#[test]
fn lines_pasted_without_marks_stand_in_the_composer_unsent() {
    for term in ["linux", "vt100"] {
        let server = Server::apart(vec![Answer::text(&["the answer to it"])]);
        let home = Home::with(&server);
        let mut terminal = Terminal::start(named(term, &home));
        terminal.wait_for("test/m");
        terminal.type_text("pasted one\rpasted two\rpasted three");
        terminal.wait_for("pasted one").wait_for("pasted two");
        terminal.wait_typed("pasted three").wait_idle();
        assert!(server.requests().is_empty(), "a paste never sends");
        // An Enter of its own does.
        terminal.press("enter").wait_for("the answer to it");
        let requests = server.requests();
        let sent = requests[0].last_message();
        assert_eq!(sent, "pasted one\npasted two\npasted three", "{term}");
        terminal.wait_gone("Esc stops");
        leave(terminal);
    }
}

#[test]
fn the_users_own_editor_gets_the_terminal_and_gives_it_back() {
    let home = Home::bare();
    let editor = home.editor("echo is ready\nread line\necho \"said $line\" >> \"$1\"\n");
    let mut terminal = Terminal::start(named("vt100", &home).env("EDITOR", &editor));
    terminal.wait_for("guide/tour").type_text("mine\x0a");
    terminal.wait_for("mine").type_text("\x07");
    terminal.wait_for("is ready");
    assert!(!terminal.text().contains("guide/tour"));
    terminal.type_text("to the editor\n");
    terminal.wait_typed("said to the editor");
    assert!(terminal.text().contains("▏mine"));
    terminal.press("ctrl+c").wait_for("draft kept");
    leave(terminal);
}

#[test]
fn a_queued_message_outlives_quitting_and_waits_for_enter() {
    let gate = Gate::new();
    let server = Server::apart(vec![
        Answer::text_gated(&["the first words "], &gate),
        Answer::text(&["the answer to it"]),
    ]);
    let home = Home::with(&server);
    let mut terminal = start(&home);
    terminal.wait_for("test/m").send("Begin");
    gate.open();
    terminal.wait_for("the first words").send("later on");
    terminal.wait_for("1 later on").type_text("\x18q");
    assert_eq!(terminal.end(), 0);
    let mut terminal = start(&home);
    terminal.wait_for("1 later on").wait_for("not sent");
    assert_eq!(server.requests().len(), 1);
    terminal.press("enter").wait_for("the answer to it");
    assert_eq!(server.requests()[1].last_message(), "later on");
    terminal.wait_gone("Esc stops");
    leave(terminal);
}

#[test]
fn draft_and_stash_outlive_an_ordinary_quit() {
    let home = Home::bare();
    let mut terminal = start(&home);
    terminal.wait_for("guide/tour").type_text("put aside");
    terminal.wait_typed("put aside").press("ctrl+c");
    terminal.wait_for("draft kept").type_text("being written");
    terminal.wait_typed("being written").type_text("\x18q");
    assert_eq!(terminal.end(), 0);
    let mut terminal = start(&home);
    terminal.wait_typed("being written").press("ctrl+u");
    terminal.wait_for("Ask anything").press("up");
    terminal.wait_typed("put aside").press("ctrl+c");
    terminal.wait_for("draft kept");
    leave(terminal);
}
