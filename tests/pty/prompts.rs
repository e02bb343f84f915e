//! A prompt of one's own from its form to the server, and the user's own editor.

use super::chat::leave;
use super::home::Home;
use super::terminal::{Start, Terminal};
use crate::support::server::{Answer, Server};

#[test]
fn a_prompt_is_written_tried_used_and_sent_as_its_preview_says() {
    let answers = ["a tried answer", "a sent answer"];
    let server = Server::apart(answers.iter().map(|words| Answer::text(&[words])).collect());
    let home = Home::with(&server);
    let mut terminal = home.start();
    terminal.wait_for("test/m").send("/new-prompt");
    terminal
        .wait_for("New prompt")
        .type_text("Greeting\tmail\t\t\t");
    terminal.type_text("Greet {who} in a {tone|kind|cool} way. {{");
    terminal.wait_for("fields: {who}").press("enter");
    terminal.wait_gone("New prompt").type_text("\x1b3");
    // The saved one is the selected one.
    terminal.wait_for("▌Greeting").press("enter");
    terminal.wait_for("Greet {who} in a kind way. {");
    terminal
        .type_text("Anna {x}")
        .wait_for("Greet Anna {x} in a kind way. {");
    terminal.press("ctrl+t").wait_for("a tried answer");
    terminal.wait_for("test/m · ").wait_gone("Esc stops");
    terminal.press("enter").wait_gone("a tried answer");
    terminal.wait_typed("Greet Anna {x} in a kind way. {");
    terminal.press("enter").wait_for("a sent answer");
    terminal.wait_gone("Esc stops").wait_for("1×");
    let asked = server.requests();
    let text = "Greet Anna {x} in a kind way. {";
    assert_eq!((asked.len(), asked[0].last_message()), (2, text));
    assert_eq!(asked[1].last_message(), text);
    leave(terminal);
    // Nothing of the trial was kept, and the use is remembered.
    let mut terminal = home.start();
    terminal.wait_for("a sent answer").wait_for("1×");
    assert!(!terminal.text().contains("a tried answer"));
}

#[test]
fn the_users_own_editor_has_the_terminal_until_it_ends() {
    let home = Home::bare();
    let editor = "sh -c 'echo is ready; read line; echo \"said $line\" >> \"$1\"' sh";
    let mut terminal = Terminal::start(Start::at(&home).env("EDITOR", editor));
    terminal.wait_for("Ask anything").send("/new-prompt");
    terminal
        .wait_for("New prompt")
        .type_text("Lent\t\t\t\tmine\x0a");
    terminal
        .wait_for("mine")
        .press("ctrl+g")
        .wait_for("is ready");
    assert!(!terminal.text().contains("New prompt"));
    terminal.assert_as_found();
    terminal.type_text("to the editor\n");
    terminal
        .wait_for("New prompt")
        .wait_for("said to the editor");
    // The keys are salon's again, and the content is in hand.
    terminal
        .type_text(", and back")
        .wait_for("said to the editor, and back");
    assert_eq!(
        terminal.screen().mouse_protocol_mode(),
        vt100::MouseProtocolMode::ButtonMotion
    );
    terminal.press("esc").wait_for("not saved");
    leave(terminal);
}

#[test]
fn an_editor_that_fails_leaves_the_text_as_it_was() {
    let home = Home::bare();
    let start = Start::at(&home).env("VISUAL", "no-such-editor-at-all");
    let mut terminal = Terminal::start(start);
    terminal.wait_for("Ask anything").send("/new-prompt");
    terminal
        .wait_for("New prompt")
        .type_text("Lent\t\t\t\tprecious words");
    terminal.wait_for("precious words").press("ctrl+g");
    terminal
        .wait_for("no-such-editor-at-all")
        .wait_for("precious words");
    terminal.press("esc").wait_gone("precious words");
    leave(terminal);
}
