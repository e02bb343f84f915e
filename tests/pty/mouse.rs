//! The mouse, the clipboard and the colours in the real program: what is switched on, what comes out, what is left.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;
use rustix::process::Signal;
use vt100::{Color, MouseProtocolEncoding, MouseProtocolMode};

use super::chat::leave;
use super::home::{Home, settings};
use super::sequences::{readable, sequences};
use super::terminal::{Kind, Start, Terminal};
use crate::support::server::{Answer, Server};

const ANSWER: &str = "The **borrow checker** follows every reference from where it is made to where it is used last, \
    and refuses a program in which the owner goes before.";

/// An answered question on the screen; the text for the clipboard goes where this start says.
/// Waits until the name above a question has this colour: the terminal may tell its background late.
fn wait_colour(terminal: &mut Terminal, wanted: Color) {
    terminal.wait_until("its colour", |screen| {
        let rows: Vec<String> = screen.rows(0, screen.size().1.get()).collect();
        let found = (0_u16..).zip(&rows).find_map(|(y, row)| {
            let before = &row[..row.find("you")?];
            Some((y, u16::try_from(before.chars().count()).unwrap()))
        });
        found.is_some_and(|(y, x)| screen.cell(y, x).unwrap().fgcolor() == wanted)
    });
}

fn answered(home: &Home, start: Start) -> Terminal {
    let mut terminal = Terminal::start(start);
    terminal.wait_for("test/m").send("Explain");
    terminal.wait_for("goes before").wait_gone("Esc stops");
    assert!(home.path().exists());
    terminal
}

fn server() -> Server {
    Server::apart(vec![Answer::text(&[ANSWER])])
}

/// What asks the terminal to take a text.
fn osc52(text: &str) -> String {
    let mut out = String::new();
    CopyToClipboard::to_clipboard_from(text)
        .write_ansi(&mut out)
        .unwrap();
    out
}

fn wrote(terminal: &Terminal, text: &str) -> bool {
    String::from_utf8_lossy(terminal.raw()).contains(text)
}

/// A program of this name that the test can look into.
fn program(home: &Home, name: &str, script: &str) -> String {
    let folder = home.path().join("bin");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(name);
    std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:/usr/bin:/bin", folder.display())
}

fn mode(terminal: &Terminal) -> (MouseProtocolMode, MouseProtocolEncoding) {
    let screen = terminal.screen();
    (
        screen.mouse_protocol_mode(),
        screen.mouse_protocol_encoding(),
    )
}

const ON: (MouseProtocolMode, MouseProtocolEncoding) =
    (MouseProtocolMode::ButtonMotion, MouseProtocolEncoding::Sgr);

#[test]
fn the_mouse_is_salons_without_reports_of_mere_motion_and_reading_mode_gives_it_back() {
    let home = Home::bare();
    let mut terminal = home.start();
    terminal.wait_for("Ask anything").wait_idle();
    assert_eq!(mode(&terminal), ON);
    assert!(!wrote(&terminal, "?1003h"));
    terminal.type_text("\x1b[17~").wait_for("reading mode");
    terminal.wait_until("no mouse", |screen| {
        screen.mouse_protocol_mode() == MouseProtocolMode::None
    });
    terminal.type_text("\x1b[17~").wait_gone("reading mode");
    terminal.wait_until("the mouse", |screen| {
        screen.mouse_protocol_mode() == MouseProtocolMode::ButtonMotion
    });
    leave(terminal);
}

#[test]
fn the_mouse_is_given_back_while_salon_is_stopped_and_after_a_signal() {
    let home = Home::bare();
    let mut terminal = home.start();
    terminal.wait_for("Ask anything").wait_idle();
    let pid = terminal.pid();
    terminal.press("ctrl+z");
    terminal.wait_outside("a stopped process", || Terminal::state(pid) == 'T');
    terminal.wait_until("no alternate screen", |screen| !screen.alternate_screen());
    terminal.assert_as_found();
    terminal.signal(Signal::CONT);
    terminal.wait_until("the mouse", |screen| {
        screen.mouse_protocol_mode() == MouseProtocolMode::ButtonMotion
    });
    terminal.wait_idle().signal(Signal::TERM);
    assert_eq!(terminal.end(), 143);
}

#[test]
fn who_does_not_want_the_mouse_never_sees_it_taken() {
    let by_file = Home::with_settings("[ui]\nmouse = \"off\"\n");
    let by_argument = Home::bare();
    for start in [
        Start::at(&by_file),
        Start::at(&by_argument).arg("--no-mouse"),
    ] {
        let mut terminal = Terminal::start(start);
        terminal.wait_for("Ask anything").wait_idle();
        terminal.type_text("\x1b[17~").wait_for("reading mode");
        terminal.type_text("\x1b[17~").wait_gone("reading mode");
        assert!(!wrote(&terminal, "?1000h") && !wrote(&terminal, "?1002h"));
        leave(terminal);
    }
}

#[test]
fn a_drag_sends_the_source_to_the_terminal_and_the_wheel_scrolls() {
    let server = server();
    let home = Home::with(&server);
    let mut terminal = answered(&home, Start::at(&home).size(80, 12));
    let (from, to) = (terminal.cell("borrow"), terminal.cell("goes before"));
    assert!(to.1 > from.1, "the words are wrapped:\n{}", terminal.text());
    terminal.drag(from, (to.0 + 3, to.1));
    let source = &ANSWER[ANSWER.find("**borrow").unwrap()..ANSWER.find(" before.").unwrap()];
    let said = format!(
        "{} characters sent to the terminal (cannot be",
        source.chars().count()
    );
    terminal.wait_for(&said[..40]);
    assert!(wrote(&terminal, &osc52(source)));
    let is_lit = |screen: &vt100::Screen| screen.cell(from.1, from.0).unwrap().inverse();
    assert!(is_lit(terminal.screen()));
    terminal
        .type_text("x")
        .wait_until("no selection", |screen| !is_lit(screen));
    // The caret was never elsewhere.
    terminal.wait_typed("x");
    terminal.mouse(64, from).wait_for("Explain");
    terminal.press("ctrl+c").wait_typed("");
    leave(terminal);
}

#[test]
fn a_program_of_the_desktop_comes_first_but_not_over_ssh() {
    let server = Server::apart(vec![Answer::text(&[ANSWER]), Answer::text(&[ANSWER])]);
    let home = Home::with(&server);
    let path = program(
        &home,
        "xclip",
        "cat > \"$HOME/clip\"; echo \"$@\" > \"$HOME/how\"",
    );
    let start = || Start::at(&home).env("PATH", &path).env("DISPLAY", ":9");
    let mut terminal = answered(&home, start());
    terminal.press("ctrl+x").type_text("y");
    let count = ANSWER.chars().count();
    terminal.wait_for(&format!("{count} characters copied"));
    let read = |name: &str| std::fs::read_to_string(home.path().join(name)).unwrap();
    assert_eq!(read("clip"), ANSWER);
    assert_eq!(read("how").trim(), "-selection clipboard -in");
    assert!(!wrote(&terminal, "\x1b]52;"));
    leave(terminal);

    std::fs::remove_file(home.path().join("clip")).unwrap();
    let mut terminal = Terminal::start(start().env("SSH_CONNECTION", "10.0.0.1 5 10.0.0.2 22"));
    terminal.wait_for("goes before");
    terminal.press("ctrl+x").type_text("y");
    terminal.wait_for("characters sent to the terminal (cannot be confirmed)");
    assert!(wrote(&terminal, &osc52(ANSWER)));
    assert!(!home.path().join("clip").exists());
    leave(terminal);
}

#[test]
fn a_program_that_hangs_or_fails_is_passed_over() {
    let server = server();
    let home = Home::with(&server);
    program(&home, "wl-copy", "exec sleep 1000");
    let path = program(&home, "xclip", "exit 1");
    let start = Start::at(&home)
        .env("PATH", &path)
        .env("WAYLAND_DISPLAY", "wayland-9")
        .env("DISPLAY", ":9");
    let mut terminal = answered(&home, start);
    terminal.press("ctrl+x").type_text("y");
    // Salon is used meanwhile.
    terminal.type_text("on it goes").wait_typed("on it goes");
    terminal.wait_for("sent to the terminal (cannot be confirmed)");
    assert!(wrote(&terminal, &osc52(ANSWER)));
    terminal.press("ctrl+c").wait_typed("");
    leave(terminal);
}

#[test]
fn what_is_too_long_for_a_terminal_is_written_to_a_file() {
    let long = "0123456789 abcdef ".repeat(4_000);
    let server = Server::apart(vec![Answer::text(&[&long, "the end"])]);
    let home = Home::with(&server);
    let mut terminal = home.start();
    terminal.wait_for("test/m").send("Write a lot");
    terminal.wait_for("the end").wait_gone("Esc stops");
    terminal.press("ctrl+x").type_text("y");
    terminal.wait_for("too long for the terminal: written to");
    let file = home.path().join(".local/state/salon/copied.md");
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        format!("{long}the end")
    );
    assert_eq!(permissions(&file), 0o600);
    assert!(!wrote(&terminal, "\x1b]52;"));
    leave(terminal);
}

fn permissions(file: &Path) -> u32 {
    std::fs::metadata(file).unwrap().permissions().mode() & 0o777
}

/// The colour of the first of these words.

#[test]
fn the_colours_go_by_what_the_terminal_says_or_what_is_chosen() {
    const CYAN: Color = Color::Idx(6);
    const BLUE: Color = Color::Idx(4);
    let server = Server::apart(vec![Answer::text(&[ANSWER])]);
    let home = Home::with(&server);
    let mut terminal = answered(&home, Start::at(&home).kind(Kind::Light));
    wait_colour(&mut terminal, BLUE);
    // Auto, then dark; it is remembered.
    terminal
        .press("ctrl+x")
        .type_text("t")
        .wait_for("colours: dark")
        .wait_idle();
    wait_colour(&mut terminal, CYAN);
    leave(terminal);
    let mut terminal = Terminal::start(Start::at(&home).kind(Kind::Light));
    terminal.wait_for("goes before").wait_idle();
    wait_colour(&mut terminal, CYAN);
    leave(terminal);
    // The settings are stronger than what is remembered, the environment speaks where the terminal is silent.
    let start = Start::at(&home)
        .kind(Kind::Modern)
        .env("SALON_UI_THEME", "light");
    let mut terminal = Terminal::start(start);
    terminal.wait_for("goes before").wait_idle();
    wait_colour(&mut terminal, BLUE);
    terminal
        .send("/theme auto")
        .wait_for("the terminal is dark");
    terminal.wait_idle();
    wait_colour(&mut terminal, CYAN);
    leave(terminal);
    let start = Start::at(&home).kind(Kind::Silent).env("COLORFGBG", "0;15");
    let mut terminal = Terminal::start(start);
    terminal.wait_for("goes before").wait_idle();
    wait_colour(&mut terminal, BLUE);
    leave(terminal);
}

#[test]
fn no_color_means_none() {
    let code = "# Head\n\n```rust\nfn main() { let x = \"text\"; }\n```\n\n[a](https://b.c) and `code`\n\nthe end";
    let server = Server::apart(vec![Answer::text(&[code])]);
    let home = Home::with_settings(&settings(&server, "titles = false"));
    let mut terminal = Terminal::start(Start::at(&home).env("NO_COLOR", "1"));
    terminal.wait_for("test/m").send("Explain");
    terminal.wait_for("the end").wait_gone("Esc stops");
    terminal
        .press("ctrl+x")
        .type_text("m")
        .wait_for("test/m")
        .press("esc");
    terminal.wait_idle();
    for sequence in sequences(terminal.raw()) {
        let sequence = readable(&sequence);
        let Some(numbers) = sequence
            .strip_prefix("ESC[")
            .and_then(|s| s.strip_suffix('m'))
        else {
            continue;
        };
        for number in numbers.split(';').filter_map(|n| n.parse::<u32>().ok()) {
            let is_colour = matches!(number, 30..=38 | 40..=48 | 90..=107);
            assert!(!is_colour, "{sequence}");
        }
    }
    leave(terminal);
}

#[test]
fn the_console_of_linux_is_not_asked_for_its_colours() {
    let home = Home::bare();
    let mut terminal = Terminal::start(Start::at(&home).env("TERM", "linux"));
    terminal.wait_for("Ask anything").wait_idle();
    assert!(!wrote(&terminal, "\x1b]11;"));
    leave(terminal);
}
