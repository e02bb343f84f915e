//! Asks the terminal once what it can do (decisions 2.12), and keeps what was typed meanwhile.
//!
//! One write, then a raw read until the terminal has answered the last question or 30 ms are over. It runs on the
//! thread that entered the screen, after the first frame and before the event stream exists.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::terminal::Abilities;

/// Kitty flags, synchronized updates, and last the question every terminal answers.
const QUESTIONS: &[u8] = b"\x1b[?u\x1b[?2026$p\x1b[c";
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_millis(30);

/// The answers, and the bytes that were no answer: keys typed before salon listened.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Heard {
    pub abilities: Abilities,
    pub typed: Vec<u8>,
    /// The terminal answered the last question.
    pub is_whole: bool,
}

/// Asks and listens.
pub fn ask(now: impl Fn() -> Instant) -> io::Result<Heard> {
    let mut out = io::stdout();
    out.write_all(QUESTIONS)?;
    out.flush()?;
    let stdin = rustix::stdio::stdin();
    let end = now() + PATIENCE;
    let mut bytes = Vec::new();
    loop {
        let heard = listen(&bytes);
        let left = end.saturating_duration_since(now());
        if heard.is_whole || left.is_zero() {
            return Ok(heard);
        }
        let limit = Timespec {
            tv_sec: 0,
            tv_nsec: i64::from(left.subsec_nanos()),
        };
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut fds, Some(&limit)) {
            Ok(0) => return Ok(heard),
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let mut chunk = [0_u8; 1024];
        match rustix::io::read(stdin, &mut chunk) {
            Ok(0) => return Ok(heard),
            Ok(n) => bytes.extend_from_slice(&chunk[..n]),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Sorts bytes from a terminal into answers and the rest.
pub fn listen(bytes: &[u8]) -> Heard {
    let mut heard = Heard::default();
    let mut at = 0;
    while at < bytes.len() {
        match answer_at(&bytes[at..]) {
            Some((answer, length)) => {
                match answer {
                    Answer::Kitty => heard.abilities.kitty = true,
                    Answer::Synchronized => heard.abilities.synchronized = true,
                    Answer::Last => heard.is_whole = true,
                    Answer::Other => {}
                }
                at += length;
            }
            None => {
                heard.typed.push(bytes[at]);
                at += 1;
            }
        }
    }
    heard
}

enum Answer {
    Kitty,
    Synchronized,
    Last,
    Other,
}

/// The answer that begins here and its length: `CSI ? … u`, `CSI ? 2026 ; n $ y`, `CSI ? … c`.
fn answer_at(bytes: &[u8]) -> Option<(Answer, usize)> {
    let body = bytes.strip_prefix(b"\x1b[?")?;
    let end = body
        .iter()
        .position(|b| !matches!(b, b'0'..=b'9' | b';' | b'$'))?;
    let answer = match (body[end], &body[..end]) {
        (b'u', _) => Answer::Kitty,
        (b'c', _) => Answer::Last,
        (b'y', b"2026;1$" | b"2026;2$") => Answer::Synchronized,
        (b'y', _) => Answer::Other,
        _ => return None,
    };
    Some((answer, 3 + end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_from_keys() {
        let heard = listen(b"h\x1b[?0u\x1b[?2026;2$yi\x1b[?62;22c");
        assert!(heard.is_whole && heard.abilities.kitty && heard.abilities.synchronized);
        assert_eq!(heard.typed, b"hi");
    }

    #[test]
    fn an_old_terminal_can_do_nothing_of_it() {
        let heard = listen(b"\x1b[?2026;0$y\x1b[?1;2c");
        assert!(
            heard.is_whole && heard.abilities == Abilities::default() && heard.typed.is_empty()
        );
        assert!(!listen(b"\x1b[?62;2").is_whole);
    }
}
