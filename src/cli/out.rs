//! Where the command line prints: replies byte for byte into pipes, cleaned onto terminals, errors in one shape.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use serde::Serialize;

use super::json;
use crate::domain::clean::Clean;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::record;

/// An exit code (spec section 12, decisions 2.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit(pub u8);

impl Exit {
    pub const DONE: Exit = Exit(0);
    /// The reply failed or was cut.
    pub const FAILED: Exit = Exit(1);
    pub const BROKEN_PIPE: Exit = Exit(141);
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.0)
    }
}

/// Why standard output takes nothing more.
#[derive(Debug)]
enum Broken {
    /// Its reader has left.
    Reader,
    /// Such as a full disk. `None` once it has been told.
    Fault(Option<io::Error>),
}

/// Standard output and standard error.
pub struct Out {
    stdout: Box<dyn Write>,
    stderr: Box<dyn Write>,
    is_terminal: bool,
    is_json: bool,
    /// Why nothing more can be printed.
    broken: Option<Broken>,
    /// A carriage return whose line feed may still come.
    held: bool,
    ends_line: bool,
}

impl Out {
    /// The process's own.
    pub fn new(is_json: bool) -> Self {
        Out {
            stdout: Box::new(io::stdout()),
            stderr: Box::new(io::stderr()),
            is_terminal: io::stdout().is_terminal(),
            is_json,
            broken: None,
            held: false,
            ends_line: true,
        }
    }

    /// Whether lines of JSON are printed.
    pub fn is_json(&self) -> bool {
        self.is_json
    }

    /// Whether nothing more can be printed.
    pub fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// More of a reply: as it is into a pipe, harmless onto a terminal.
    pub fn words(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.ends_line = text.ends_with('\n');
        if !self.is_terminal {
            return self.write(text.as_bytes());
        }
        let mut piece = String::new();
        if std::mem::take(&mut self.held) {
            piece.push('\r');
        }
        piece.push_str(text);
        if piece.ends_with('\r') {
            piece.pop();
            self.held = true;
        }
        self.write(Clean::text(&piece).as_bytes());
    }

    /// The reply is over: on a terminal the prompt gets a line of its own.
    pub fn end_words(&mut self) {
        self.held = false;
        if self.is_terminal && !std::mem::replace(&mut self.ends_line, true) {
            self.write(b"\n");
        }
    }

    /// A line of salon's making, always harmless.
    pub fn line(&mut self, line: &str) {
        let line = format!("{}\n", Clean::line(line));
        self.write(line.as_bytes());
    }

    /// Text of several lines and a line end, always harmless.
    pub fn text(&mut self, text: &str) {
        let text = format!("{}\n", Clean::text(text));
        self.write(text.as_bytes());
    }

    /// One JSON object on a line, harmless on a terminal too: what could drive one is escaped.
    pub fn object(&mut self, object: &impl Serialize) {
        self.write(record::line(object).as_bytes());
    }

    /// A failure: the `error` object on stdout with `--json`, else lines on stderr; nothing when the reader has left.
    pub fn error(&mut self, failure: &Failure) {
        if self.is_broken() {
            return;
        }
        if self.is_json {
            return self.object(&json::error(failure));
        }
        self.end_words();
        self.told("salon: ", failure);
    }

    /// What does not end the work: on stderr, also with `--json`.
    pub fn warn(&mut self, failure: &Failure) {
        self.told("salon: warning: ", failure);
    }

    /// A line on stderr; none when the reader of stdout has left.
    pub fn note(&mut self, line: &str) {
        if self.is_broken() {
            return;
        }
        // Nobody reading stderr changes nothing.
        let _ = writeln!(self.stderr, "salon: {}", Clean::line(line));
    }

    /// A question on stderr, the answer to be typed behind it.
    pub fn prompt(&mut self, question: &str) {
        let _ = write!(self.stderr, "{} ", Clean::line(question));
        let _ = self.stderr.flush();
    }

    /// This exit code, unless nothing more could be printed.
    pub fn exit(&mut self, exit: Exit) -> Exit {
        self.flush();
        let error = match &mut self.broken {
            None => return exit,
            Some(Broken::Reader) => return Exit::BROKEN_PIPE,
            Some(Broken::Fault(error)) => error.take(),
        };
        if let Some(error) = error {
            let title = format!("Standard output cannot be written: {error}");
            let remedy = "Make room, or print elsewhere.";
            self.told("salon: ", &Failure::new(FailureKind::Store, title, remedy));
        }
        Exit::FAILED
    }

    fn told(&mut self, head: &str, failure: &Failure) {
        let mut text = format!("{head}{}\n", Clean::line(&failure.title));
        for more in [&failure.detail, &failure.remedy] {
            for line in more.lines() {
                text.push_str(&format!("  {}\n", Clean::line(line)));
            }
        }
        let _ = self.stderr.write_all(text.as_bytes());
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.broken.is_none()
            && let Err(error) = self.stdout.write_all(bytes)
        {
            self.broken = Some(Broken::by(error));
        }
        self.flush();
    }

    fn flush(&mut self) {
        if self.broken.is_none()
            && let Err(error) = self.stdout.flush()
        {
            self.broken = Some(Broken::by(error));
        }
    }
}

impl Broken {
    fn by(error: io::Error) -> Broken {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Broken::Reader
        } else {
            Broken::Fault(Some(error))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Sender, channel};

    struct Sent(Sender<Vec<u8>>);
    impl Write for Sent {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0
                .send(bytes.to_vec())
                .map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn printed(is_terminal: bool, pieces: &[&str]) -> String {
        let (sent, read) = channel();
        let mut out = Out {
            stdout: Box::new(Sent(sent)),
            is_terminal,
            ..Out::new(false)
        };
        for piece in pieces {
            out.words(piece);
        }
        out.end_words();
        drop(out);
        String::from_utf8(read.into_iter().flatten().collect()).unwrap()
    }

    #[test]
    fn a_pipe_gets_every_byte_and_a_terminal_nothing_that_drives_it() {
        let reply = ["a\u{1b}[2J\r", "\nb\u{202e}c\t"];
        assert_eq!(printed(false, &reply), reply.concat());
        let shown = printed(true, &reply);
        assert!(
            !shown.contains(['\u{1b}', '\r', '\t', '\u{202e}']),
            "{shown:?}"
        );
        assert_eq!(shown.matches('\n').count(), 2, "{shown:?}");
        assert_eq!(printed(true, &["done\n"]), "done\n");
    }

    #[test]
    fn json_drives_no_terminal_and_says_the_same() {
        let (sent, read) = channel();
        let mut out = Out {
            stdout: Box::new(Sent(sent)),
            ..Out::new(true)
        };
        let text = "a\u{1b}[2J \u{9b}2J \u{7f} \u{202e}x é 你 👩\u{200d}👧 \u{2028}";
        out.object(&serde_json::json!({ "text": text }));
        drop(out);
        let line = String::from_utf8(read.into_iter().flatten().collect()).unwrap();
        let harmful = ['\u{1b}', '\u{9b}', '\u{7f}', '\u{202e}', '\u{2028}'];
        assert!(!line.contains(harmful), "{line:?}");
        assert!(line.contains("é 你 👩\u{200d}👧"), "{line:?}");
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["text"], text);
    }

    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_told_and_is_no_broken_pipe() {
        let (sent, read) = channel();
        let mut out = Out {
            stdout: Box::new(Full),
            stderr: Box::new(Sent(sent)),
            ..Out::new(false)
        };
        out.words("x");
        assert_eq!(out.exit(Exit::DONE), Exit::FAILED);
        assert_eq!(out.exit(Exit::DONE), Exit::FAILED);
        drop(out);
        let told = String::from_utf8(read.into_iter().flatten().collect()).unwrap();
        assert_eq!(
            told.matches("Standard output cannot be written").count(),
            1,
            "{told}"
        );
    }

    #[test]
    fn a_reader_that_left_is_noticed_once() {
        let (sent, read) = channel();
        let mut out = Out {
            stdout: Box::new(Sent(sent)),
            ..Out::new(true)
        };
        drop(read);
        out.words("x");
        assert!(out.is_broken());
        assert_eq!(out.exit(Exit::DONE), Exit::BROKEN_PIPE);
    }
}
