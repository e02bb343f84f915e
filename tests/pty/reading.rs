//! Reading in the real program: a block of code on its way to the clipboard and into a file, words that are found.

use super::chat::leave;
use super::home::Home;
use crate::support::server::{Answer, Server};

const CODE: &str = "fn main() {\n    println!(\"hi\");\n}\n";

#[test]
fn a_block_of_code_goes_to_the_clipboard_and_into_a_file_as_it_is() {
    let reply = format!("Like this:\n\n- so\n\n  ```rust\n{}  ```\n", indented(CODE));
    let server = Server::apart(vec![Answer::text(&[&reply])]);
    let home = Home::with(&server);
    let mut terminal = home.start();
    terminal.wait_for("test/m").send("How?");
    terminal.wait_for("println").wait_gone("Esc stops");
    terminal.type_text("\x18b").wait_for("rust · 3 lines");
    terminal.type_text("y").wait_for("sent to the terminal");
    // The text without its last line end, in base 64.
    let sequence = "\x1b]52;c;Zm4gbWFpbigpIHsKICAgIHByaW50bG4hKCJoaSIpOwp9\x1b\\";
    let raw = String::from_utf8_lossy(terminal.raw()).into_owned();
    assert!(raw.contains(sequence), "{raw}");
    terminal.type_text("w").wait_for("./snippet.rs");
    terminal.press("ctrl+u").type_text("~/code.rs");
    terminal.wait_for("~/code.rs").press("enter");
    terminal.wait_for("3 lines written to ~/code.rs");
    let file = home.path().join("code.rs");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), CODE);
    // It is not replaced unasked, and a place that cannot be written to is said.
    std::fs::write(&file, "mine").unwrap();
    terminal.type_text("w").wait_for("./snippet.rs");
    terminal
        .press("ctrl+u")
        .type_text("code.rs")
        .wait_for("code.rs");
    terminal.press("enter").wait_for("code.rs is there already");
    terminal.type_text("n").wait_gone("is there already");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    terminal.type_text("w").wait_for("./snippet.rs");
    terminal.press("ctrl+u").type_text("/none/x").press("enter");
    terminal.wait_for("/none/x could not be written");
    terminal.wait_for("Write the block of code").press("esc");
    terminal.wait_gone("Write the block of code");
    terminal.type_text("i").wait_for("send");
    leave(terminal);
}

#[test]
fn words_are_found_and_walked_in_the_real_program() {
    let reply = "A lighthouse stands there.\n\nNo other lightHOUSE does.";
    let server = Server::apart(vec![Answer::text(&[reply])]);
    let home = Home::with(&server);
    let mut terminal = home.start();
    terminal.wait_for("test/m").send("Where?");
    terminal.wait_for("stands there").wait_gone("Esc stops");
    terminal
        .type_text("/find lighthouse")
        .wait_for("/find lighthouse");
    terminal.press("enter").wait_for("1 of 2");
    terminal.type_text("n").wait_for("2 of 2");
    terminal
        .type_text("n")
        .wait_for("1 of 2, from the start again");
    terminal.press("esc").wait_gone("1 of 2");
    terminal.type_text("i").wait_for("send");
    leave(terminal);
}

fn indented(code: &str) -> String {
    code.lines().map(|line| format!("  {line}\n")).collect()
}
