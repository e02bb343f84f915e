//! The composer across kills and editors: the queue, the stash, long pastes, the user's own editor.

use rustix::process::Signal;

use super::chat::leave;
use super::home::Home;
use super::terminal::{Start, Terminal};
use crate::support::server::{Answer, Gate, Server};

#[test]
fn queue_and_stash_outlive_a_kill_and_wait_for_enter() {
    let gate = Gate::new();
    let server = Server::apart(vec![
        Answer::text_gated(&["the first "], &gate),
        Answer::text(&["the answer to one"]),
        Answer::text(&["the answer to two"]),
    ]);
    let home = Home::with(&server);
    let mut terminal = home.start();
    terminal.wait_for("test/m").type_text("put aside");
    terminal.wait_typed("put aside").press("ctrl+c");
    terminal.wait_for("draft kept").send("What is first?");
    terminal.wait_for("Esc stops");
    gate.open();
    terminal.wait_for("the first").send("number one");
    terminal.wait_for("1 number one").send("number two");
    terminal.wait_for("2 number two");
    terminal.kill();
    let mut terminal = home.start();
    terminal.wait_for("What is first?").wait_for("not sent");
    terminal.wait_for("1 number one").wait_for("2 number two");
    assert_eq!(server.requests().len(), 1);
    // Enter sends the first; the second follows by itself.
    terminal.press("enter").wait_for("the answer to one");
    terminal.wait_for("the answer to two").wait_gone("queued");
    let requests = server.requests();
    let asked: Vec<&str> = requests.iter().map(|r| r.last_message()).collect();
    assert_eq!(asked, ["What is first?", "number one", "number two"]);
    terminal.wait_gone("Esc stops").press("up");
    terminal.wait_typed("put aside").press("ctrl+c");
    leave(terminal);
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn leaving_with_a_queue_sends_nothing() {
    let gate = Gate::new();
    let server = Server::apart(vec![Answer::text_gated(&["words "], &gate)]);
    let home = Home::with(&server);
    let mut terminal = home.start();
    terminal.wait_for("test/m").send("Begin");
    gate.open();
    terminal.wait_for("words").send("later");
    terminal.wait_for("1 later").send("/quit");
    assert_eq!(terminal.end(), 0);
    let mut terminal = home.start();
    terminal.wait_for("1 later").wait_for("not sent");
    assert_eq!(server.requests().len(), 1);
    terminal.press("up").wait_typed("later").press("ctrl+c");
    leave(terminal);
}

/// The lines of a long log.
fn log() -> String {
    (0..5_000)
        .map(|line| format!("log line {line}\n"))
        .collect()
}

#[test]
fn five_thousand_pasted_lines_are_a_chip_and_outlive_a_kill() {
    let server = Server::apart(vec![Answer::text(&["a long log"])]);
    let home = Home::with(&server);
    let mut terminal = home.start();
    terminal.wait_for("test/m").type_text("See: ").paste(&log());
    terminal.wait_for("[pasted").wait_for("lines,");
    assert!(!terminal.text().contains("log line 4999"));
    terminal.type_text(" What is wrong?").wait_for("wrong?");
    let database = home.database();
    terminal.wait_outside("the draft on disk", || {
        super::crash::rows(&database, "SELECT content FROM draft")
            .iter()
            .any(|draft| draft.ends_with("What is wrong?"))
    });
    terminal.kill();
    let mut terminal = home.start();
    terminal.wait_for("What is wrong?").press("enter");
    terminal.wait_for("a long log");
    let requests = server.requests();
    let sent = requests[0].last_message();
    assert_eq!(sent, format!("See: {} What is wrong?", log()));
    terminal.wait_gone("Esc stops");
    leave(terminal);
}

#[test]
fn a_chip_is_deleted_as_one_and_tab_shows_it() {
    let home = Home::bare();
    let mut terminal = home.start();
    terminal.wait_for("guide/tour").paste(&"row\n".repeat(30));
    terminal.wait_for("[pasted").type_text("\x7f");
    terminal.wait_for("Ask anything").type_text("\x1f");
    terminal.wait_for("[pasted").press("tab");
    terminal.wait_gone("[pasted").wait_for("row");
    terminal.press("ctrl+c").wait_for("draft kept");
    leave(terminal);
}

/// An editor that waits for a line and adds it to the text.
const EDITOR: &str = "sh -c 'echo is ready; read line; echo \"said $line\" >> \"$1\"' sh";

#[test]
fn a_draft_goes_to_the_users_own_editor_and_back() {
    for keys in ["\x07", "\x18\x05", "\x18e"] {
        let home = Home::bare();
        let mut terminal = Terminal::start(Start::at(&home).env("EDITOR", EDITOR));
        terminal.wait_for("guide/tour").type_text("mine\x0a");
        terminal.paste(&"pasted\n".repeat(30)).wait_for("[pasted");
        terminal.type_text(keys).wait_for("is ready");
        assert!(!terminal.text().contains("guide/tour"));
        // A screen of another size is drawn as it then is.
        terminal.resize(100, 30).type_text("to the editor\n");
        terminal.wait_for("Conversations");
        terminal.wait_typed("said to the editor");
        assert!(terminal.text().contains("pasted"));
        terminal.press("ctrl+c").wait_for("draft kept");
        leave(terminal);
    }
}

#[test]
fn an_editor_that_fails_or_is_killed_leaves_the_draft() {
    for editor in ["no-such-editor-at-all", "sh -c 'kill -9 $$' sh", "false"] {
        let home = Home::bare();
        let mut terminal = Terminal::start(Start::at(&home).env("VISUAL", editor));
        terminal
            .wait_for("Ask anything")
            .type_text("precious words");
        terminal
            .wait_typed("precious words")
            .type_text("\x01/editor ");
        terminal.wait_for("/editor precious").press("enter");
        terminal.wait_for("was of no use");
        terminal.wait_typed("precious words").press("ctrl+c");
        terminal.wait_for("draft kept");
        leave(terminal);
    }
}

#[test]
fn a_signal_to_leave_ends_the_editor_and_keeps_what_it_had_saved() {
    let home = Home::bare();
    let editor = home.editor("echo 'saved in it' >> \"$1\"\necho is ready\nread line\n");
    let mut terminal = Terminal::start(Start::at(&home).env("EDITOR", &editor));
    terminal.wait_for("guide/tour").type_text("mine\x0a");
    terminal.wait_for("mine").type_text("\x07");
    terminal.wait_for("is ready").signal(Signal::TERM);
    assert_eq!(terminal.end(), 143);
    let mut terminal = home.start();
    terminal.wait_for("▏mine").wait_typed("saved in it");
    terminal.press("ctrl+c").wait_for("draft kept");
    leave(terminal);
}
