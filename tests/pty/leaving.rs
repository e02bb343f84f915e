//! Ways out: commands, signals, Ctrl+Z, panics; each leaves the terminal as it was found.

use std::io::Read;

use rustix::process::Signal;
use salon::tui::terminal::{Screen, guard_panics};

use super::chat::leave;
use super::home::Home;
use super::terminal::{Start, Terminal};
use crate::support::server::{Answer, Gate, Server};

#[test]
fn quit_leaves() {
    let home = Home::bare();
    let mut terminal = home.start();
    terminal.wait_for("Ask anything").send("/quit");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_signal_saves_the_words_and_leaves() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let gate = Gate::new();
        let server = Server::apart(vec![Answer::text_gated(&["kept words ", "never"], &gate)]);
        let home = Home::with(&server);
        let mut terminal = home.start();
        terminal.wait_for("test/m").send("Go on");
        gate.open();
        terminal.wait_for("kept words").signal(signal);
        assert_eq!(terminal.end(), code);
        home.start().wait_for("kept words").wait_for("stopped");
    }
}

#[test]
fn a_signal_at_rest_leaves() {
    let home = Home::bare();
    let mut terminal = home.start();
    terminal.wait_for("Ask anything").signal(Signal::TERM);
    assert_eq!(terminal.end(), 143);
}

#[test]
fn ctrl_z_gives_the_terminal_back_until_it_is_continued() {
    let home = Home::bare();
    let mut terminal = home.start();
    terminal.wait_for("Ask anything").type_text("a draft");
    terminal.wait_typed("a draft").wait_idle();
    let before = terminal.text();
    let pid = terminal.pid();
    terminal.press("ctrl+z");
    terminal.wait_outside("a stopped process", || Terminal::state(pid) == 'T');
    terminal.wait_until("the alternate screen to go", |screen| {
        !screen.alternate_screen()
    });
    terminal.assert_as_found();
    assert!(terminal.has_found_modes());

    terminal.signal(Signal::CONT);
    terminal.wait_until("the same screen", |screen| screen.alternate_screen());
    terminal.wait_typed("a draft").wait_idle();
    assert!(terminal.screen().alternate_screen());
    assert_eq!(terminal.text(), before);
    assert!(!terminal.has_found_modes());
    terminal.press("ctrl+c").wait_typed("");
    leave(terminal);
}

/// What the tests below start in a terminal of its own: `SALON_TEST_ROLE` says who panics.
#[test]
#[ignore = "a role that the tests below start in a terminal of its own"]
fn a_screen_with_a_panic() {
    let Ok(role) = std::env::var("SALON_TEST_ROLE") else {
        return;
    };
    guard_panics(std::thread::current().id());
    let mut screen = Screen::enter().unwrap();
    screen.use_mouse(true).unwrap();
    if role == "screen" {
        panic!("the screen's own thread");
    }
    let job = std::thread::spawn(|| panic!("a job"));
    assert!(job.join().is_err());
    screen.write(b"the job is over").unwrap();
    std::io::stdin().read_exact(&mut [0]).unwrap();
}

fn start_role(role: &str, home: &Home) -> Terminal {
    let path = std::env::current_exe().unwrap();
    let start = Start::program(path.to_str().unwrap(), home)
        .arg("--ignored")
        .arg("--exact")
        .arg("pty::leaving::a_screen_with_a_panic")
        .arg("--nocapture")
        .env("SALON_TEST_ROLE", role);
    Terminal::start(start)
}

#[test]
fn a_panic_of_the_screen_leaves_first_and_then_speaks() {
    let home = Home::bare();
    let mut terminal = start_role("screen", &home);
    terminal.wait_for("the screen's own thread");
    assert!(!terminal.screen().alternate_screen());
    assert_eq!(terminal.end(), 101);
}

#[test]
fn a_panic_of_a_job_leaves_the_screen_alone() {
    let home = Home::bare();
    let mut terminal = start_role("job", &home);
    terminal.wait_for("the job is over");
    assert!(terminal.screen().alternate_screen());
    assert!(!terminal.text().contains("panicked"));
    terminal.type_text("x");
    assert_eq!(terminal.end(), 0);
}
