//! Salon in a real tmux with its default settings: copying, pasting, newlines, the user's own editor, what is there after
//! a restart, sizes, and a clean screen afterwards.

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::home::Home;
use super::terminal::LIMIT;
use crate::support::server::{Answer, Gate, Server};

/// How often tmux is asked.
const LOOK: Duration = Duration::from_millis(20);
/// Ends the server when its input ends: with the value below, and also when the test's process is killed.
const KEEPER: &str = "read word; exec tmux -L salon kill-server";

/// A tmux server of the test's own, with a shell in its one window.
struct Tmux<'a> {
    home: &'a Home,
    keeper: Option<Child>,
}

impl Tmux<'_> {
    /// `None` where tmux is not installed, which is a failure in CI.
    #[expect(
        clippy::print_stdout,
        reason = "who runs the tests is told what was left out"
    )]
    fn start(home: &Home) -> Option<Tmux<'_>> {
        if Command::new("tmux").arg("-V").output().is_err() {
            let is_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
            assert!(!is_ci, "tmux is not installed (apt-get install tmux)");
            println!("skipped: tmux is not installed (apt-get install tmux)");
            return None;
        }
        let mut tmux = Tmux { home, keeper: None };
        let keeper = tmux
            .command("sh")
            .args(["-c", KEEPER])
            .stdin(Stdio::piped())
            .spawn();
        tmux.keeper = Some(keeper.unwrap());
        let shell = "PS1='ready> ' exec sh";
        tmux.run(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "100",
            "-y",
            "30",
            shell,
        ]);
        tmux.wait_for("ready>");
        Some(tmux)
    }

    /// A program that sees nothing of this machine but the path.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", self.home.path())
            .env("TMUX_TMPDIR", self.home.path())
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command("tmux");
        let done = command.args(["-L", "salon"]).args(arguments).output();
        let done = done.unwrap();
        assert!(done.status.success(), "{arguments:?}: {done:?}");
        done
    }

    fn says(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.run(arguments).stdout).unwrap()
    }

    fn screen(&self) -> String {
        self.says(&["capture-pane", "-p"])
    }

    fn keys(&self, keys: &[&str]) -> &Self {
        self.run(&[&["send-keys"], keys].concat());
        self
    }

    fn types(&self, text: &str) -> &Self {
        self.keys(&["-l", text])
    }

    #[track_caller]
    fn wait_until(&self, what: &str, holds: impl Fn(&str) -> bool) -> &Self {
        let end = Instant::now() + LIMIT;
        loop {
            let screen = self.screen();
            if holds(&screen) {
                return self;
            }
            assert!(Instant::now() < end, "waited for {what}:\n{screen}");
            std::thread::park_timeout(LOOK);
        }
    }

    #[track_caller]
    fn wait_for(&self, words: &str) -> &Self {
        self.wait_until(words, |screen| screen.contains(words))
    }

    fn start_salon(&self) -> &Self {
        let program = env!("CARGO_BIN_EXE_salon");
        self.types(program).keys(&["Enter"]).wait_for("test/m")
    }
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            // A server that is gone already is as good.
            let _ = keeper.wait();
        }
    }
}

const ANSWER: &str = "# Head\n\nSome **bold** words, wrapped where the pane ends and not in the source, which has no line \
    end there.\n\n```rust\nfn main() {\n\tprintln!(\"ü\");\n}\n```\n";

#[test]
fn an_answer_copied_by_key_is_in_the_buffer_of_tmux_as_it_was_written() {
    let server = Server::apart(vec![Answer::text(&[ANSWER, "the end"])]);
    let home = Home::with(&server);
    let Some(tmux) = Tmux::start(&home) else {
        return;
    };
    tmux.start_salon().types("Explain").wait_for("Explain");
    tmux.keys(&["Enter"]).wait_for("the end");
    tmux.wait_until("the end of the answer", |screen| {
        !screen.contains("Esc stops")
    });
    tmux.keys(&["C-x", "y"])
        .wait_for("characters handed to tmux");
    let source = format!("{ANSWER}the end");
    assert_eq!(tmux.says(&["show-buffer"]), source);
    // The same by the words of the composer, after something else was there.
    tmux.run(&["set-buffer", "other"]);
    tmux.types("/copy").wait_for("/copy").keys(&["Enter"]);
    let end = Instant::now() + LIMIT;
    while tmux.says(&["show-buffer"]) != source {
        assert!(Instant::now() < end, "{}", tmux.screen());
        std::thread::park_timeout(LOOK);
    }
}

#[test]
fn a_paste_is_one_text_newline_keys_work_and_nothing_is_sent_by_itself() {
    let server = Server::apart(vec![]);
    let home = Home::with(&server);
    let Some(tmux) = Tmux::start(&home) else {
        return;
    };
    tmux.start_salon();
    tmux.run(&["set-buffer", "pasted one\npasted two\n/quit\n"]);
    tmux.run(&["paste-buffer", "-p"]);
    tmux.wait_for("pasted one").wait_for("/quit");
    tmux.keys(&["C-c"]).wait_for("draft kept");
    tmux.types("first")
        .keys(&["C-j"])
        .types("second")
        .keys(&["M-Enter"])
        .types("third");
    tmux.wait_until("three lines", |screen| {
        let lines: Vec<&str> = screen.lines().collect();
        lines.windows(3).any(|three| {
            three[0].contains("▏first")
                && three[1].contains("▏second")
                && three[2].contains("▏third")
        })
    });
    assert!(server.requests().is_empty(), "nothing was sent");
}

#[test]
fn a_draft_goes_to_the_users_own_editor_and_back() {
    let server = Server::apart(vec![]);
    let home = Home::with(&server);
    let Some(tmux) = Tmux::start(&home) else {
        return;
    };
    let editor = home.editor("echo is ready\nread line\necho \"said $line\" >> \"$1\"\n");
    tmux.types(&format!("export EDITOR='{editor}'"));
    tmux.keys(&["Enter"]).start_salon();
    tmux.types("mine").wait_for("mine").keys(&["C-j", "C-g"]);
    tmux.wait_until("the editor", |screen| {
        screen.contains("is ready") && !screen.contains("test/m")
    });
    tmux.types("to the editor").keys(&["Enter"]);
    tmux.wait_until("both lines in the composer", |screen| {
        screen.contains("▏mine") && screen.contains("▏said to the editor")
    });
    tmux.keys(&["C-c"]).wait_for("draft kept");
    assert!(server.requests().is_empty(), "nothing was sent");
}

#[test]
fn what_was_queued_and_put_aside_is_there_after_quitting() {
    let gate = Gate::new();
    let server = Server::apart(vec![Answer::text_gated(&["the first words "], &gate)]);
    let home = Home::with(&server);
    let Some(tmux) = Tmux::start(&home) else {
        return;
    };
    tmux.start_salon().types("put aside").wait_for("put aside");
    tmux.keys(&["C-c"]).wait_for("draft kept");
    tmux.types("Begin").wait_for("Begin").keys(&["Enter"]);
    gate.open();
    tmux.wait_for("the first words").types("later on");
    tmux.wait_for("later on").keys(&["Enter"]);
    tmux.wait_for("1 later on").keys(&["C-x", "q"]);
    tmux.wait_until("the shell", |screen| {
        screen.trim_end().ends_with("ready>") && !screen.contains("later on")
    });
    tmux.start_salon().wait_for("1 later on");
    tmux.wait_for("not sent").keys(&["Up"]);
    tmux.wait_for("▏later on").keys(&["C-u"]);
    tmux.wait_for("Ask anything").keys(&["Up"]);
    tmux.wait_for("▏put aside");
    assert_eq!(server.requests().len(), 1, "nothing was sent by itself");
}

#[test]
fn another_size_and_the_way_out_leave_nothing_behind() {
    let server = Server::apart(vec![Answer::text(&[ANSWER, "the end"])]);
    let home = Home::with(&server);
    let Some(tmux) = Tmux::start(&home) else {
        return;
    };
    tmux.start_salon().types("Explain").wait_for("Explain");
    tmux.keys(&["Enter"]).wait_for("the end");
    for (width, height) in [("40", "15"), ("120", "36"), ("80", "24")] {
        tmux.run(&["resize-window", "-x", width, "-y", height]);
        tmux.wait_until("the status line at the bottom", |screen| {
            let last = screen
                .trim_end_matches('\n')
                .lines()
                .next_back()
                .unwrap_or("");
            last.contains("test/m") && screen.contains("the end")
        });
        let widest = usize::from(width.parse::<u16>().unwrap());
        assert!(
            tmux.screen()
                .lines()
                .all(|line| line.chars().count() <= widest)
        );
    }
    let flags =
        "#{alternate_on}#{mouse_any_flag}#{mouse_button_flag}#{mouse_sgr_flag}#{cursor_flag}";
    assert_eq!(tmux.says(&["display-message", "-p", flags]).trim(), "11111");
    tmux.keys(&["C-x", "q"]);
    tmux.wait_until("the shell", |screen| {
        screen.trim_end().ends_with("ready>") && !screen.contains("the end")
    });
    assert_eq!(tmux.says(&["display-message", "-p", flags]).trim(), "00001");
    tmux.types("echo still $((1+1)) here")
        .keys(&["Enter"])
        .wait_for("still 2 here");
}
