//! Sizes, resizing, wide characters, colours.

use super::chat::{conversation, leave};
use super::home::Home;
use super::sequences::{readable, sequences};
use super::terminal::{Start, Terminal};
use crate::support::server::{Answer, Gate, Server};

#[test]
fn every_usual_size_shows_composer_reply_and_status() {
    for (columns, rows) in [(40, 15), (80, 24), (120, 36)] {
        let gate = Gate::new();
        let server = Server::apart(vec![Answer::text_gated(&["one ", "two"], &gate)]);
        let home = Home::with(&server);
        let mut terminal = Terminal::start(Start::at(&home).size(columns, rows));
        terminal.wait_for("Ask anything").wait_for("test/m");
        terminal.send("Count").wait_for("Esc stops");
        gate.open();
        terminal.wait_for("one").wait_for("writing");
        terminal.wait_for("Esc stops").wait_for("test/m");
        gate.open();
        gate.open();
        terminal.wait_gone("Esc stops").wait_for("Ask anything");
        leave(terminal);
    }
}

#[test]
fn a_storm_of_sizes_ends_with_the_screen_it_began_with() {
    let server = Server::apart(vec![Answer::text(&[
        "# Head\n\nSome **words** of ",
        "an answer",
    ])]);
    let home = Home::with(&server);
    let mut terminal = home.start();
    terminal.wait_for("test/m").send("Say something");
    terminal.wait_for("an answer").wait_gone("Esc stops");
    terminal.wait_idle();
    let before = conversation(terminal.screen());
    for round in 0..3 {
        for (columns, rows) in [
            (200, 60),
            (60, 10),
            (80, 24),
            (30, 5),
            (10, 3),
            (3, 2),
            (2, 1),
            (1, 1),
            (500, 200),
            (1, 40),
            (150, 1),
            (99, 30),
            (69, 30),
            (121, 36),
        ] {
            terminal.resize(columns, rows);
        }
        terminal.resize(120, 36);
        terminal.wait_until(
            &format!("the same screen, round {round}:\n{before}\n"),
            |screen| conversation(screen) == before,
        );
    }
    leave(terminal);
}

#[test]
fn the_smallest_terminal_is_survived() {
    let home = Home::bare();
    let mut terminal = home.start();
    terminal.wait_for("Ask anything");
    for (columns, rows) in [(20, 4), (5, 2), (2, 2), (1, 1)] {
        terminal.resize(columns, rows).wait_idle();
        terminal.type_text("x").wait_idle();
    }
    terminal.resize(120, 36).wait_typed("xxxx");
    terminal.press("ctrl+c").wait_gone("xxxx");
    leave(terminal);
}

#[test]
fn wide_characters_keep_the_columns_straight() {
    let text = "你好世界 and こんにちは, 🙂 👍🏽 👨‍👩‍👧‍👦 🇯🇵 ☀️ é (e\u{301}) مرحبا end\n\n\
                | 名前 | n |\n|---|---|\n| 世界 | 1 |\n| ascii | 2 |\n\nthe very end";
    let server = Server::apart(vec![Answer::text(&[text])]);
    let home = Home::with(&server);
    let mut terminal = home.start();
    terminal.wait_for("test/m").send("Wide 世界 🙂 please");
    terminal.wait_for("the very end").wait_gone("Esc stops");
    terminal.wait_idle();
    let screen = terminal.screen();
    let (rows, columns) = screen.size();
    let rules = [30, columns.get() - 29];
    for row in 0..rows.get() - 1 {
        for rule in rules {
            let cell = screen.cell(row, rule).unwrap();
            assert_eq!(
                cell.contents(),
                "│",
                "row {row}, column {rule}:\n{}",
                terminal.text()
            );
        }
    }
    leave(terminal);
}

#[test]
fn without_colours_there_are_none() {
    let server = Server::apart(vec![Answer::text(&[
        "# Head\n\n```rust\nfn main() {}\n```\n\nthe end",
    ])]);
    let home = Home::with(&server);
    let mut terminal = Terminal::start(Start::at(&home).env("NO_COLOR", "1"));
    terminal.wait_for("test/m").send("Colours?");
    terminal
        .wait_for("the end")
        .wait_gone("Esc stops")
        .wait_idle();
    for sequence in sequences(terminal.raw()) {
        let words = readable(&sequence);
        let Some(looks) = words.strip_prefix("ESC[").and_then(|w| w.strip_suffix('m')) else {
            continue;
        };
        for look in looks.split(';').filter_map(|look| look.parse::<u16>().ok()) {
            let is_colour = matches!(look, 30..=38 | 40..=48 | 58 | 90..=107);
            assert!(!is_colour, "{words}");
        }
    }
    leave(terminal);
}
