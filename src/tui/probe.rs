//! Asks the terminal once what it can do (decisions 2.12), and keeps what was typed meanwhile.
//!
//! One write, then a raw read until the terminal has answered the last question or 30 ms are over. It runs on the
//! thread that entered the screen, after the first frame and before the event stream exists.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::terminal::Abilities;

/// Kitty flags, synchronized updates, the background, and last the question every terminal answers.
const ABILITIES: &[u8] = b"\x1b[?u\x1b[?2026$p";
const BACKGROUND: &[u8] = b"\x1b]11;?\x1b\\";
const LAST: &[u8] = b"\x1b[c";
/// Around pasted text.
pub(super) const PASTE: &str = "\x1b[200~";
pub(super) const PASTED: &str = "\x1b[201~";
/// How long an answer may take before the screen is used.
pub const PATIENCE: Duration = Duration::from_millis(30);
/// The same where nothing waits for it but a report; an answer that came later would be typed text.
pub const LEISURE: Duration = Duration::from_millis(900);
/// How long the rest of an answer that has begun may take.
const REST: Duration = Duration::from_millis(100);

/// The answers, and the bytes that were no answer: keys typed before salon listened.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Heard {
    pub abilities: Abilities,
    pub typed: Vec<u8>,
    /// Whether the background is light; `None` = it was not told.
    pub is_light: Option<bool>,
    /// The terminal answered the last question.
    pub is_whole: bool,
    /// An answer has begun and not ended: its rest would be taken for typed text.
    pub is_open: bool,
    /// A paste has begun and not ended: its rest would be taken for keys.
    pub is_in_paste: bool,
}

/// Asks, also for the background if that is wanted, and listens.
pub fn ask(
    now: impl Fn() -> Instant,
    has_background: bool,
    patience: Duration,
) -> io::Result<Heard> {
    let mut out = io::stdout();
    // First: of answers that come late the terminal library passes over what stands behind the second of these.
    if has_background {
        out.write_all(BACKGROUND)?;
    }
    out.write_all(ABILITIES)?;
    out.write_all(LAST)?;
    out.flush()?;
    let stdin = rustix::stdio::stdin();
    let begun = now();
    let mut last = begun;
    let mut bytes = Vec::new();
    let mut heard = Heard::default();
    loop {
        let end = match (heard.is_in_paste, heard.is_open) {
            (true, _) => last + REST,
            (false, true) => begun + REST.max(patience),
            (false, false) => begun + patience,
        };
        let left = end.saturating_duration_since(now());
        if (heard.is_whole && !heard.is_in_paste) || left.is_zero() {
            return Ok(all(heard, &bytes));
        }
        let limit = Timespec {
            tv_sec: 0,
            tv_nsec: i64::from(left.subsec_nanos()),
        };
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut fds, Some(&limit)) {
            Ok(0) => return Ok(all(heard, &bytes)),
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let mut chunk = [0_u8; 16 << 10];
        match rustix::io::read(stdin, &mut chunk) {
            Ok(0) => return Ok(all(heard, &bytes)),
            Ok(n) => {
                let from = bytes.len().saturating_sub(PASTED.len());
                bytes.extend_from_slice(&chunk[..n]);
                last = now();
                // Only its end is looked for in a long paste.
                if !heard.is_in_paste || has_end(&bytes[from..]) {
                    heard = listen(&bytes);
                }
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// What was heard, with all of a paste that has not ended.
fn all(heard: Heard, bytes: &[u8]) -> Heard {
    match heard.is_in_paste {
        true => listen(bytes),
        false => heard,
    }
}

fn has_end(bytes: &[u8]) -> bool {
    let end = PASTED.as_bytes();
    bytes.windows(end.len()).any(|part| part == end)
}

/// Sorts bytes from a terminal into answers and the rest.
pub fn listen(bytes: &[u8]) -> Heard {
    let mut heard = Heard::default();
    let mut at = 0;
    while at < bytes.len() {
        if let Some(length) = paste_at(&bytes[at..]) {
            // What is pasted answers nothing.
            let end = length.map_or(bytes.len(), |length| at + length);
            heard.typed.extend_from_slice(&bytes[at..end]);
            heard.is_in_paste = length.is_none();
            at = end;
            continue;
        }
        match answer_at(&bytes[at..]) {
            Some((answer, length)) => {
                match answer {
                    Answer::Kitty => heard.abilities.kitty = true,
                    Answer::Synchronized => heard.abilities.synchronized = true,
                    Answer::Background(is_light) => heard.is_light = is_light,
                    Answer::Last => heard.is_whole = true,
                    Answer::Open => heard.is_open = true,
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

/// The length of the paste that begins here; `None` inside = it has not ended.
fn paste_at(bytes: &[u8]) -> Option<Option<usize>> {
    let body = bytes.strip_prefix(PASTE.as_bytes())?;
    let end = body
        .windows(PASTED.len())
        .position(|part| part == PASTED.as_bytes());
    Some(end.map(|end| PASTE.len() + end + PASTED.len()))
}

enum Answer {
    Kitty,
    Synchronized,
    Background(Option<bool>),
    Last,
    /// It has not ended yet.
    Open,
    Other,
}

/// The answer that begins here and its length: `CSI ? … u`, `CSI ? 2026 ; n $ y`, `OSC 11 ; colour ST`, `CSI ? … c`.
fn answer_at(bytes: &[u8]) -> Option<(Answer, usize)> {
    if let Some(body) = bytes.strip_prefix(b"\x1b]11;") {
        let Some(end) = body.iter().position(|b| matches!(b, 0x07 | 0x1b)) else {
            return Some((Answer::Open, bytes.len()));
        };
        let is_light = std::str::from_utf8(&body[..end]).ok().and_then(is_light);
        let close = if body[end] == 0x07 { 1 } else { 2 };
        let length = (5 + end + close).min(bytes.len());
        return Some((Answer::Background(is_light), length));
    }
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

/// Whether the background is light, by what an answer says between its beginning and its end: `11;rgb:…`.
pub(super) fn background(answer: &str) -> Option<bool> {
    is_light(answer.strip_prefix("11;")?)
}

/// Whether a colour such as `rgb:ffff/ffff/dddd` is light, by the weights of the eye.
fn is_light(colour: &str) -> Option<bool> {
    let parts = colour
        .strip_prefix("rgb:")
        .or_else(|| colour.strip_prefix("rgba:"))?;
    let mut parts = parts.split('/').map(|part| {
        let value = u64::from_str_radix(part, 16).ok()?;
        let most = 16_u64.checked_pow(u32::try_from(part.len()).ok()?)? - 1;
        (most > 0).then(|| value * 1_000 / most)
    });
    let (red, green, blue) = (parts.next()??, parts.next()??, parts.next()??);
    Some(red * 299 + green * 587 + blue * 114 > 500_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_background_is_told_in_many_ways() {
        let told = |bytes: &[u8]| {
            let heard = listen(bytes);
            assert!(heard.typed.is_empty() && heard.is_whole, "{heard:?}");
            heard.is_light
        };
        assert_eq!(told(b"\x1b]11;rgb:ffff/ffff/ffff\x07\x1b[?1c"), Some(true));
        assert_eq!(told(b"\x1b]11;rgb:fd/f6/e3\x1b\\\x1b[?1c"), Some(true));
        assert_eq!(
            told(b"\x1b]11;rgba:1e1e/1e1e/2e2e/ffff\x1b\\\x1b[?1c"),
            Some(false)
        );
        assert_eq!(told(b"\x1b]11;rgb:0/0/0\x07\x1b[?1c"), Some(false));
        assert_eq!(told(b"\x1b]11;purple\x07\x1b[?1c"), None);
        assert_eq!(told(b"\x1b]11;rgb://\x07\x1b[?1c"), None);
        assert_eq!(
            told(b"\x1b]11;rgb:ffffffffffffffffffff/0/0\x07\x1b[?1c"),
            None
        );
    }

    #[test]
    fn an_answer_in_two_pieces_is_waited_for_and_not_typed() {
        let heard = listen(b"a\x1b]11;rgb:ffff/ff");
        assert!(heard.is_open && heard.typed == b"a");
        assert!(!listen(b"a\x1b]11;rgb:0/0/0\x07").is_open);
    }

    #[test]
    fn answers_are_told_from_keys() {
        let heard = listen(b"h\x1b[?0u\x1b[?2026;2$yi\x1b[?62;22c");
        assert!(heard.is_whole && heard.abilities.kitty && heard.abilities.synchronized);
        assert_eq!(heard.typed, b"hi");
    }

    #[test]
    fn a_paste_is_kept_whole_and_answers_nothing() {
        let heard = listen(b"a\x1b[200~x\x1b[?1u\x1b[c\x1b[201~b\x1b[?1c");
        assert!(heard.is_whole && !heard.is_in_paste && !heard.abilities.kitty);
        assert_eq!(heard.typed, b"a\x1b[200~x\x1b[?1u\x1b[c\x1b[201~b");
        assert!(listen(b"\x1b[?1c\x1b[200~half").is_in_paste);
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
