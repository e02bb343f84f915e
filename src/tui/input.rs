//! Terminal events become messages. Late answers of the terminal are kept from becoming typed text.

use std::time::{Duration, Instant};

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use ratatui::layout::Position;

use super::msg::Msg;
use super::pointer::{Pointer, Stroke};
use super::probe::{self, PASTE, PASTED};
use crate::keys::{Chord, Key};

/// Bytes of one answer arrive together; a hand is slower than this.
const TOGETHER: Duration = Duration::from_millis(20);
/// Longest answer that is kept back.
const LONGEST: usize = 4096;

/// Turns events into messages.
///
/// The terminal library hands on an answer nobody waits for (`ESC ] 11 ; rgb:… BEL`) as Alt+] followed by typed
/// letters (decisions 2.12). What looks like an answer and comes at once is no key; what it says of the background is
/// taken in, anything else is dropped.
///
/// Where the terminal marks no pastes (decisions 2.15), an Enter with more keys right behind it is a line end of pasted
/// text, and so is one that ends what such a paste brought.
#[derive(Default)]
pub struct Input {
    answer: Option<Answer>,
    is_unmarked: bool,
    /// When the last line end of an unmarked paste came.
    pasted: Option<Instant>,
    /// The next event had come already when the last one was taken in.
    has_next: bool,
}

struct Answer {
    /// Its beginning, where more had come with it.
    start: Option<Chord>,
    held: Vec<Chord>,
    last: Instant,
}

impl Input {
    /// For a terminal of this name (`TERM`).
    pub fn of(term: &str) -> Input {
        let is_unmarked = ["linux", "vt", "cons", "ansi", "sun"];
        Input {
            is_unmarked: is_unmarked.iter().any(|name| term.starts_with(name)),
            ..Input::default()
        }
    }

    /// The messages of this event, in order. `has_more` = another one has come already.
    pub fn take(&mut self, event: Event, at: Instant, has_more: bool) -> Vec<Msg> {
        let messages = self.taken(event, at, has_more);
        self.has_next = has_more;
        messages
    }

    fn taken(&mut self, event: Event, at: Instant, has_more: bool) -> Vec<Msg> {
        match event {
            Event::Key(key) if self.is_line_end(key, at, has_more) => {
                self.pasted = Some(at);
                self.release(Msg::Paste("\n".to_owned()))
            }
            Event::Key(key) => {
                chord_of(key).map_or_else(Vec::new, |chord| self.key(chord, at, has_more))
            }
            Event::Paste(text) => self.release(Msg::Paste(text)),
            Event::Resize(..) => vec![Msg::Resize],
            Event::Mouse(mouse) => pointer_of(mouse).map(Msg::Mouse).into_iter().collect(),
            Event::FocusGained | Event::FocusLost => Vec::new(),
        }
    }

    fn is_line_end(&self, key: KeyEvent, at: Instant, has_more: bool) -> bool {
        let is_close = |before: Instant| at.saturating_duration_since(before) <= TOGETHER;
        let is_enter = key.code == KeyCode::Enter && key.modifiers.is_empty();
        self.is_unmarked && is_enter && (has_more || self.pasted.is_some_and(is_close))
    }

    fn key(&mut self, chord: Chord, at: Instant, has_more: bool) -> Vec<Msg> {
        if let Some(answer) = &mut self.answer {
            let is_soon = at.saturating_duration_since(answer.last) <= TOGETHER;
            let is_together = is_soon || self.has_next;
            if is_together && is_end(chord) && !answer.held.is_empty() {
                let said: String = answer.held.iter().filter_map(char_of).collect();
                self.answer = None;
                let is_light = probe::background(&said);
                return is_light.map(Msg::Background).into_iter().collect();
            }
            if is_together && may_follow(&answer.held, chord) && answer.held.len() < LONGEST {
                answer.held.push(chord);
                answer.last = at;
                return Vec::new();
            }
        }
        if !is_start(chord) {
            return self.release(Msg::Key(chord));
        }
        // A hand's own Alt+] comes alone; that it does something must not wait.
        let start = Some(chord).filter(|_| has_more);
        let messages = match start {
            Some(_) => self.released(),
            None => self.release(Msg::Key(chord)),
        };
        self.answer = Some(Answer {
            start,
            held: Vec::new(),
            last: at,
        });
        messages
    }

    /// What was held was no answer: it is given on, then this.
    fn release(&mut self, last: Msg) -> Vec<Msg> {
        let mut messages = self.released();
        messages.push(last);
        messages
    }

    fn released(&mut self) -> Vec<Msg> {
        let answer = self.answer.take();
        let held = answer.map(|answer| answer.start.into_iter().chain(answer.held));
        held.into_iter().flatten().map(Msg::Key).collect()
    }
}

/// `ESC ]`, `ESC P`, `ESC _`, `ESC ^` as the library reports them.
fn is_start(chord: Chord) -> bool {
    chord.alt && !chord.ctrl && matches!(chord.key, Key::Char(']' | 'P' | '_' | '^'))
}

/// `BEL` or `ESC \`.
fn is_end(chord: Chord) -> bool {
    matches!(
        (chord.key, chord.ctrl, chord.alt),
        (Key::Char('g'), true, false) | (Key::Char('\\'), false, true)
    )
}

fn char_of(chord: &Chord) -> Option<char> {
    if let Key::Char(c) = chord.key {
        Some(c)
    } else {
        None
    }
}

fn may_follow(held: &[Chord], chord: Chord) -> bool {
    let Key::Char(c) = chord.key else {
        return false;
    };
    if !chord.is_text() {
        return false;
    }
    if held.is_empty() {
        c.is_ascii_digit() || matches!(c, '>' | '!' | '$' | '+' | '|')
    } else {
        c.is_ascii()
    }
}

/// The chord of a key event; `None` for releases and keys salon does not know.
pub fn chord_of(event: KeyEvent) -> Option<Chord> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let has = |modifier| event.modifiers.contains(modifier);
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the library's list of keys is open; media keys mean nothing"
    )]
    let (key, is_shifted) = match event.code {
        KeyCode::Char(c) => (Key::Char(c), false),
        KeyCode::Enter => (Key::Enter, false),
        KeyCode::Tab => (Key::Tab, false),
        KeyCode::BackTab => (Key::Tab, true),
        KeyCode::Esc => (Key::Esc, false),
        KeyCode::Backspace => (Key::Backspace, false),
        KeyCode::Delete => (Key::Delete, false),
        KeyCode::Insert => (Key::Insert, false),
        KeyCode::Home => (Key::Home, false),
        KeyCode::End => (Key::End, false),
        KeyCode::PageUp => (Key::PageUp, false),
        KeyCode::PageDown => (Key::PageDown, false),
        KeyCode::Up => (Key::Up, false),
        KeyCode::Down => (Key::Down, false),
        KeyCode::Left => (Key::Left, false),
        KeyCode::Right => (Key::Right, false),
        KeyCode::F(n) => (Key::F(n), false),
        _ => return None,
    };
    let shift = has(KeyModifiers::SHIFT) || is_shifted;
    Some(Chord::new(
        key,
        has(KeyModifiers::CONTROL),
        has(KeyModifiers::ALT),
        shift,
    ))
}

/// What the mouse tells; `None` for other buttons and for motion without one.
fn pointer_of(event: MouseEvent) -> Option<Pointer> {
    let stroke = match event.kind {
        MouseEventKind::Down(MouseButton::Left) => Stroke::Press,
        MouseEventKind::Drag(MouseButton::Left) => Stroke::Drag,
        MouseEventKind::Up(MouseButton::Left) => Stroke::Release,
        MouseEventKind::ScrollUp => Stroke::WheelUp,
        MouseEventKind::ScrollDown => Stroke::WheelDown,
        MouseEventKind::Down(MouseButton::Right | MouseButton::Middle)
        | MouseEventKind::Drag(MouseButton::Right | MouseButton::Middle)
        | MouseEventKind::Up(MouseButton::Right | MouseButton::Middle)
        | MouseEventKind::Moved
        | MouseEventKind::ScrollLeft
        | MouseEventKind::ScrollRight => return None,
    };
    Some(Pointer {
        stroke,
        at: Position::new(event.column, event.row),
    })
}

/// Bytes typed before salon listened, as messages: pastes, text, Enter, Tab, Backspace and control keys. Other sequences
/// are dropped.
pub fn replay(bytes: &[u8]) -> Vec<Msg> {
    let text = String::from_utf8_lossy(bytes);
    let mut messages = Vec::new();
    let mut rest = text.as_ref();
    while let Some((before, pasted)) = rest.split_once(PASTE) {
        keys_of(before, &mut messages);
        let (pasted, after) = pasted.split_once(PASTED).unwrap_or((pasted, ""));
        // A terminal sends the line ends of a paste as its Enter.
        messages.push(Msg::Paste(pasted.replace('\r', "\n")));
        rest = after;
    }
    keys_of(rest, &mut messages);
    messages
}

/// The messages of what was typed.
fn keys_of(typed: &str, messages: &mut Vec<Msg>) {
    let mut chars = typed.chars().peekable();
    while let Some(c) = chars.next() {
        let chord = match c {
            '\r' => Chord::plain(Key::Enter),
            '\t' => Chord::plain(Key::Tab),
            '\u{7f}' => Chord::plain(Key::Backspace),
            '\u{1b}' => match chars.peek() {
                None => Chord::plain(Key::Esc),
                Some('[' | 'O') => {
                    chars.next();
                    while chars.next_if(|c| !matches!(c, '@'..='~')).is_some() {}
                    chars.next();
                    continue;
                }
                Some(']' | 'P' | '_' | '^') => {
                    skip_string(&mut chars);
                    continue;
                }
                Some(_) => continue,
            },
            '\u{1}'..='\u{1a}' => {
                let letter = char::from_u32(u32::from(c) + 0x60).unwrap_or(' ');
                Chord::new(Key::Char(letter), true, false, false)
            }
            c if c.is_control() => continue,
            c => Chord::plain(Key::Char(c)),
        };
        messages.push(Msg::Key(chord));
    }
}

/// Passes over an answer of the terminal, to its end.
fn skip_string(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(c) = chars.next() {
        match c {
            '\u{7}' => return,
            '\u{1b}' => {
                chars.next_if_eq(&'\\');
                return;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(messages: &[Msg]) -> String {
        messages
            .iter()
            .map(|msg| match msg {
                Msg::Key(chord) => chord.to_string(),
                Msg::Paste(_)
                | Msg::Mouse(_)
                | Msg::Resize
                | Msg::Engine(_)
                | Msg::Signal(_)
                | Msg::Edited(_)
                | Msg::Terminal(_)
                | Msg::Written(_)
                | Msg::Background(_)
                | Msg::Due => "?".to_owned(),
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Feeds an answer as the library reports it, `gap` between the keys.
    fn feed(text: &str, gap: Duration) -> String {
        let mut input = Input::default();
        let mut at = Instant::now();
        let mut out = Vec::new();
        let press = |code, modifiers| Event::Key(KeyEvent::new(code, modifiers));
        for c in text.chars() {
            let event = match c {
                '\u{7}' => press(KeyCode::Char('g'), KeyModifiers::CONTROL),
                '⌥' => press(KeyCode::Char(']'), KeyModifiers::ALT),
                c => press(KeyCode::Char(c), KeyModifiers::NONE),
            };
            out.extend(input.take(event, at, false));
            at += gap;
        }
        keys(&out)
    }

    #[test]
    fn a_late_answer_is_not_typed_and_the_background_is_taken_in() {
        let quick = Duration::from_micros(10);
        // The message that is no key is the background.
        let told = feed("a⌥11;rgb:1e1e/1e1e/2e2e\u{7}b", quick);
        assert_eq!(told, "a alt+] ? b");
        assert_eq!(feed("a⌥10;rgb:1e1e/1e1e/2e2e\u{7}b", quick), "a alt+] b");
        assert_eq!(probe::background("11;rgb:ffff/ffff/ffff"), Some(true));
        // Where all of it has come at once not even its beginning is a key.
        let key = |code, modifiers| Event::Key(KeyEvent::new(code, modifiers));
        let mut input = Input::default();
        let now = Instant::now();
        let start = key(KeyCode::Char(']'), KeyModifiers::ALT);
        assert!(input.take(start.clone(), now, true).is_empty());
        let taken = input.take(key(KeyCode::Char('x'), KeyModifiers::NONE), now, false);
        assert_eq!(keys(&taken), "alt+] x");
        assert!(input.take(start, now, true).is_empty());
        for c in "11;rgb:0/0/0".chars() {
            let event = key(KeyCode::Char(c), KeyModifiers::NONE);
            assert!(input.take(event, now, true).is_empty());
        }
        let end = key(KeyCode::Char('\\'), KeyModifiers::ALT);
        let taken = input.take(end, now, false);
        assert!(matches!(taken[..], [Msg::Background(false)]));
    }

    #[test]
    fn what_a_hand_types_after_the_same_key_arrives() {
        assert_eq!(
            feed("⌥12 x", Duration::from_millis(60)),
            "alt+] 1 2 space x"
        );
        assert_eq!(feed("⌥abc", Duration::from_micros(10)), "alt+] a b c");
    }

    #[test]
    fn lines_pasted_into_a_terminal_that_marks_no_pastes_are_not_sent() {
        let key = |code| Event::Key(KeyEvent::new(code, KeyModifiers::NONE));
        let now = Instant::now();
        let told = |term: &str, events: &[(KeyCode, Duration, bool)]| {
            let mut input = Input::of(term);
            let taken = events.iter().flat_map(|(code, after, has_more)| {
                input.take(key(*code), now + *after, *has_more)
            });
            keys(&taken.collect::<Vec<_>>())
        };
        let (at_once, later) = (Duration::ZERO, Duration::from_secs(1));
        let pasted = [
            (KeyCode::Char('a'), at_once, true),
            (KeyCode::Enter, at_once, true),
            (KeyCode::Char('b'), at_once, true),
            (KeyCode::Enter, at_once, false),
            (KeyCode::Enter, later, false),
        ];
        assert_eq!(told("linux", &pasted), "a ? b ? enter");
        assert_eq!(told("xterm-256color", &pasted), "a enter b enter enter");
        // Typed ahead, or by a program: an Enter that ends what came is one.
        let typed = [
            (KeyCode::Char('a'), at_once, true),
            (KeyCode::Enter, at_once, false),
        ];
        assert_eq!(told("linux", &typed), "a enter");
    }

    #[test]
    fn early_keys_are_replayed() {
        assert_eq!(
            keys(&replay("hé\r\u{3}\u{1b}[Ax\u{7f}".as_bytes())),
            "h é enter ctrl+c x backspace"
        );
        let answers = "a\u{1b}]11;rgb:1/2/3\u{7}b\u{1b}P+r\u{1b}\\c\u{1b}]11;rgb:ff";
        assert_eq!(keys(&replay(answers.as_bytes())), "a b c");
        // A paste is a paste then too: no key in it does anything.
        let pasted = "a\u{1b}[200~one\rtwo \u{7}\u{1b}[201~b\u{1b}[200~cut";
        let messages = replay(pasted.as_bytes());
        assert_eq!(keys(&messages), "a ? b ?");
        assert!(matches!(&messages[1], Msg::Paste(text) if text == "one\ntwo \u{7}"));
    }
}
