//! `salon open`: the screen on the conversation that is named, or nothing at all.

use std::process::Command;

use super::home::Home;
use super::terminal::{Start, Terminal};
use crate::support::server::{Answer, Server};

/// The id of the conversation with this word in its title, as a script finds it.
fn id_of(home: &Home, word: &str) -> String {
    let listed = Command::new(env!("CARGO_BIN_EXE_salon"))
        .args(["list", "--json", word])
        .env_clear()
        .env("HOME", home.path())
        .output()
        .unwrap();
    let line: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    line["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_conversation_that_is_named_is_open_first() {
    let answers = ["first answer", "second answer"].map(|words| Answer::text(&[words]));
    let server = Server::apart(answers.into());
    let home = Home::with(&server);
    let mut terminal = home.start();
    terminal.wait_for("test/m").send("alpha");
    terminal.wait_for("first answer").wait_gone("Esc stops");
    terminal.send("/new").wait_for("New conversation");
    terminal.send("beta");
    terminal.wait_for("second answer").wait_gone("Esc stops");
    terminal.send("/quit");
    assert_eq!(terminal.end(), 0);

    let id = id_of(&home, "alpha");
    let mut terminal = Terminal::start(Start::at(&home).arg("open").arg(&id[..20]));
    terminal.wait_for("first answer").send("/quit");
    assert!(!String::from_utf8_lossy(terminal.raw()).contains("second answer"));
    assert_eq!(terminal.end(), 0);
    // It is the last one from then on.
    let mut terminal = home.start();
    terminal.wait_for("first answer").send("/quit");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_conversation_that_is_not_there_opens_nothing() {
    let home = Home::bare();
    let terminal = Terminal::start(Start::at(&home).arg("open").arg("abcdef"));
    assert_eq!(terminal.end(), 2);
    let mut terminal = Terminal::start(Start::at(&home).arg("open").arg("last"));
    terminal.wait_for("There is no conversation yet");
    assert_eq!(terminal.end(), 2);
}
