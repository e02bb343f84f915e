//! A persona from its form to the server, and the list by its name.

use super::home::Home;
use crate::support::server::{Answer, Server};

#[test]
fn a_persona_is_made_talked_with_and_found_again() {
    let answers = ["a plain answer", "spoken as Robin"];
    let server = Server::apart(answers.iter().map(|words| Answer::text(&[words])).collect());
    let home = Home::with(&server);
    let mut terminal = home.start();
    terminal.wait_for("test/m").send("nobody in particular");
    terminal.wait_for("a plain answer").wait_gone("Esc stops");
    terminal.send("/new").wait_for("New conversation");
    // In the picker Ctrl+X n opens the form.
    terminal.send("/persona").wait_for("the model itself");
    terminal.type_text("\x18n").wait_for("A new persona");
    terminal.type_text("Robin\t\tKeeps bees on a roof.");
    terminal.wait_for("About Robin:").press("enter");
    terminal.wait_for("made: Robin").wait_for("▌");
    terminal.type_text("robin").press("enter");
    terminal.wait_for("Robin · friend").send("who are you?");
    terminal.wait_for("spoken as Robin").wait_gone("Esc stops");

    let asked = server.requests();
    let system = |at: usize| {
        let first = &asked[at].body["messages"][0];
        (first["role"] == "system").then(|| first["content"].as_str().unwrap().to_owned())
    };
    assert_eq!(system(0), None);
    let told = system(1).unwrap();
    assert!(told.starts_with("You are Robin, a friend of the user."));
    assert!(
        told.ends_with("About Robin:\nKeeps bees on a roof."),
        "{told}"
    );

    // The whole text in one view is what the server was told, and the list leaves only Robin's conversation.
    terminal
        .type_text("\x18s")
        .wait_for("Keeps bees on a roof.");
    terminal.press("esc").wait_gone("Keeps bees on a roof.");
    terminal.type_text("\x1b1").type_text("/persona:robin");
    terminal
        .wait_gone("nobody in partic")
        .wait_for("who are you?");
}
