//! Asking, reading, stopping, leaving and coming back.

use super::terminal::{Home, Terminal};
use crate::support::server::{Answer, Gate, Server};

#[test]
fn the_first_start_answers_without_any_settings() {
    let home = Home::bare();
    let mut terminal = home.start();
    terminal
        .wait_for("Ask anything")
        .wait_for("No model is set up yet");
    terminal.send("What can I do here?").wait_for("tok");
    println!("{}", terminal.text());
    for one in super::sequences::sequences(terminal.raw()) {
        print!("{} ", super::sequences::readable(&one));
    }
    leave(terminal);
}

fn leave(mut terminal: Terminal) {
    terminal.press("ctrl+c").wait_for("again to quit");
    terminal.press("ctrl+c");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn an_answer_appears_word_by_word() {
    let gate = Gate::new();
    let server = Server::apart(vec![Answer::text_gated(&["alpha ", "beta ", "gamma"], &gate)]);
    let home = Home::with(&server);
    let mut terminal = home.start();
    terminal.wait_for("Ask anything").send("Count in Greek");
    terminal.wait_for("Esc stops").wait_for("waiting");
    gate.open();
    terminal.wait_for("alpha").wait_for("writing");
    gate.open();
    terminal.wait_for("alpha beta");
    gate.open();
    terminal.wait_for("alpha beta gamma");
    assert!(terminal.text().contains("Esc stops"));
    gate.open();
    terminal.wait_gone("Esc stops");
    leave(terminal);
}
