//! Text from outside never drives the terminal, and what a terminal says late is never typed.

use super::chat::leave;
use super::home::{Home, settings};
use super::sequences::{readable, sequences};
use super::terminal::{Kind, Start, Terminal};
use crate::support::server::{Answer, Server, error};

/// Sequences no program should pass on: clear, title, clipboard, reset, other screen, hidden caret, scroll region,
/// character set, a report that would be typed, a link, kitty graphics, C1 forms; and bare control characters.
const HOSTILE: &str = "start\x1b[2J\x1b[3J\x1b[H\x1b]0;owned\x07\x1b]2;owned\x1b\\\x1b]52;c;b3duZWQ=\x07\x1bc\
    \x1b[?1049l\x1b[?25l\x1b[5;6r\x1b(0\x1b[6n\x1b[c\x1b]8;;http://evil.example\x07link\x1b]8;;\x07\
    \x1b_Ga=T;AAAA\x1b\\\x1bP$q\"p\x1b\\\u{9b}2J\u{9d}0;owned\u{9c}\x07\x08\x0e\x0f\x05\u{202e}drow\u{202c}end";

/// Every sequence salon writes of itself begins with one of these kinds.
fn is_own(sequence: &str) -> bool {
    let fixed = [
        "ESC[?1049h",
        "ESC[?1049l",
        "ESC[?2004h",
        "ESC[?2004l",
        "ESC[?1007s",
        "ESC[?1007l",
        "ESC[?1007r",
        "ESC[?25h",
        "ESC[?25l",
        "ESC[?2026h",
        "ESC[?2026l",
        "ESC[?2026$p",
        "ESC[?u",
        "ESC[>1u",
        "ESC[<1u",
        "ESC[c",
        "ESC]11;?ESC\\\\",
        "ESC[2J",
        "ESC[?1000h",
        "ESC[?1000l",
        "ESC[?1002h",
        "ESC[?1002l",
        "ESC[?1006h",
        "ESC[?1006l",
    ];
    let body = sequence.strip_prefix("ESC[").unwrap_or("");
    let is_place_or_look = body.ends_with(['H', 'm'])
        && body[..body.len() - 1]
            .chars()
            .all(|c| c.is_ascii_digit() || c == ';');
    fixed.contains(&sequence) || is_place_or_look
}

fn assert_own(terminal: &Terminal) {
    let mut clears = 0;
    for sequence in sequences(terminal.raw()) {
        let words = readable(&sequence);
        assert!(is_own(&words), "{words} reached the terminal");
        clears += usize::from(words == "ESC[2J");
    }
    assert_eq!(clears, 1, "the screen is cleared once, on entering");
    let written = String::from_utf8_lossy(terminal.raw());
    assert!(!written.contains(['\u{202e}', '\u{202c}']));
    assert!(terminal.screen().alternate_screen());
}

#[test]
fn an_answer_and_its_title_cannot_drive_the_terminal() {
    let title = Answer::text(&["A title \x1b]0;owned\x07\x1b[2J\u{202e}here"])
        .when(|request| request.last_message().contains("The title:"));
    let pieces = [HOSTILE, "\n\n```rust\n", HOSTILE, "\n```\n\nthe very end"];
    let server = Server::apart(vec![title, Answer::text(&pieces)]);
    let home = Home::with_settings(&settings(&server, "titles = true"));
    let mut terminal = home.start();
    terminal.wait_for("test/m").send("Be nasty");
    terminal.wait_for("the very end").wait_for("A title");
    assert!(terminal.text().contains("start") && terminal.text().contains("end"));
    assert_own(&terminal);
    terminal.kill();
    // The same from disk.
    let mut again = home.start();
    again.wait_for("the very end").wait_for("A title");
    assert_own(&again);
}

#[test]
fn an_error_cannot_drive_the_terminal() {
    let message = format!("bad request {HOSTILE}");
    let server = Server::apart(vec![error(400, "invalid_request_error", "", &message)]);
    let home = Home::with(&server);
    let mut terminal = home.start();
    terminal.wait_for("test/m").send("Be nasty");
    terminal.wait_typed("Be nasty").wait_for("bad request");
    assert_own(&terminal);
}

#[test]
fn a_paste_cannot_drive_the_terminal() {
    let home = Home::bare();
    let mut terminal = home.start();
    terminal.wait_for("Ask anything");
    // A paste ends at its end marker; anything else is text.
    terminal.paste(HOSTILE).wait_for("start").wait_for("end");
    assert_own(&terminal);
}

#[test]
fn what_the_terminal_says_late_is_not_typed() {
    let home = Home::bare();
    let mut terminal = home.start();
    terminal.wait_for("Ask anything").type_text("ab");
    terminal.wait_typed("ab");
    for late in [
        "\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
        "\x1b]11;rgb:1e1e/1e1e/1e1e\x07",
        "\x1b[?62;22c",
        "\x1b[?2026;2$y",
        "\x1b[?0u",
        "\x1bP>|xterm(390)\x1b\\",
    ] {
        terminal.type_text(late);
    }
    terminal.wait_idle();
    terminal.type_text("cd").wait_typed("abcd");
    terminal.press("ctrl+c").wait_gone("abcd");
    leave(terminal);
}

#[test]
fn a_plain_terminal_is_not_told_what_it_does_not_know() {
    let home = Home::bare();
    let mut terminal = Terminal::start(Start::at(&home).kind(Kind::Plain));
    terminal.wait_for("Ask anything").type_text("abc");
    terminal.wait_typed("abc");
    let found = sequences(terminal.raw());
    let words: Vec<String> = found.iter().map(|one| readable(one)).collect();
    assert!(!words.iter().any(|w| w == "ESC[>1u" || w == "ESC[?2026h"));
    terminal.press("ctrl+c").wait_gone("abc");
    leave(terminal);
}

#[test]
fn a_terminal_that_answers_nothing_is_enough() {
    let home = Home::bare();
    let mut terminal = Terminal::start(Start::at(&home).kind(Kind::Silent));
    terminal.wait_for("Ask anything").type_text("abc");
    terminal.wait_typed("abc").press("ctrl+c").wait_gone("abc");
    leave(terminal);
}
