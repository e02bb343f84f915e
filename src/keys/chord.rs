//! A key with its modifiers: parsed from and printed for `keys.toml` and for people. Knows which keys a terminal
//! cannot deliver (peers 5.2).

use std::fmt;
use std::str::FromStr;

/// A key without modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// What is typed, shift applied: `a`, `A`, `?`.
    Char(char),
    Enter,
    Tab,
    Esc,
    Backspace,
    Delete,
    Insert,
    Home,
    End,
    PageUp,
    PageDown,
    Up,
    Down,
    Left,
    Right,
    /// 1 to 12.
    F(u8),
}

/// A key, its name in `keys.toml`, its name for people, its sign for hints.
type Names = (Key, &'static str, &'static str, &'static str);

const NAMES: [Names; 15] = [
    (Key::Enter, "enter", "Enter", "⏎"),
    (Key::Tab, "tab", "Tab", "Tab"),
    (Key::Esc, "esc", "Esc", "Esc"),
    (Key::Backspace, "backspace", "Backspace", "Backspace"),
    (Key::Delete, "delete", "Delete", "Del"),
    (Key::Insert, "insert", "Insert", "Ins"),
    (Key::Home, "home", "Home", "Home"),
    (Key::End, "end", "End", "End"),
    (Key::PageUp, "pageup", "PageUp", "PgUp"),
    (Key::PageDown, "pagedown", "PageDown", "PgDn"),
    (Key::Up, "up", "Up", "↑"),
    (Key::Down, "down", "Down", "↓"),
    (Key::Left, "left", "Left", "←"),
    (Key::Right, "right", "Right", "→"),
    (Key::Char(' '), "space", "Space", "Space"),
];

/// Other names people write.
const OTHER_NAMES: [(&str, Key); 8] = [
    ("return", Key::Enter),
    ("escape", Key::Esc),
    ("del", Key::Delete),
    ("ins", Key::Insert),
    ("pgup", Key::PageUp),
    ("pgdn", Key::PageDown),
    ("pgdown", Key::PageDown),
    ("bs", Key::Backspace),
];

/// A key with its modifiers, in one canonical form: two spellings of the same key press are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chord {
    pub key: Key,
    pub ctrl: bool,
    pub alt: bool,
    /// Never set with `Key::Char`, where the character itself says it.
    pub shift: bool,
}

/// Why a text is no chord, or none that can be bound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadChord {
    #[error("no key is called `{0}`")]
    Unknown(String),
    #[error("`{0}` cannot be bound: {1}")]
    Undeliverable(String, &'static str),
}

impl Chord {
    /// A key without modifiers.
    pub fn plain(key: Key) -> Chord {
        Chord::new(key, false, false, false)
    }

    /// The canonical chord of what a terminal reported. Shift goes into the character; with ctrl a letter is lower
    /// case; ctrl with `4` to `7` is what the bytes 1C to 1F mean: ctrl with `\`, `]`, `^`, `_`.
    pub fn new(key: Key, ctrl: bool, alt: bool, shift: bool) -> Chord {
        let Key::Char(c) = key else {
            return Chord {
                key,
                ctrl,
                alt,
                shift,
            };
        };
        let c = match c {
            c if ctrl => ctrl_char(c),
            c if shift => upper(c),
            c => c,
        };
        Chord {
            key: Key::Char(c),
            ctrl,
            alt,
            shift: false,
        }
    }

    /// Whether it is text in a place that takes text.
    pub fn is_text(self) -> bool {
        matches!(self.key, Key::Char(_)) && !self.ctrl && !self.alt
    }

    /// Whether it arrives only with an enhanced keyboard protocol.
    pub fn needs_enhanced(self) -> bool {
        match self.key {
            Key::Enter | Key::Backspace => self.shift || self.ctrl,
            Key::Esc => self.shift || self.ctrl || self.alt,
            Key::Tab => self.ctrl || self.alt,
            Key::Char(c) => {
                self.ctrl && !(c.is_ascii_lowercase() || matches!(c, ' ' | '\\' | ']' | '^' | '_'))
            }
            Key::Delete
            | Key::Insert
            | Key::Home
            | Key::End
            | Key::PageUp
            | Key::PageDown
            | Key::Up
            | Key::Down
            | Key::Left
            | Key::Right
            | Key::F(_) => false,
        }
    }

    /// Why it must not be bound, if so.
    fn refusal(self) -> Option<&'static str> {
        match (self.key, self.ctrl) {
            (Key::Char('m'), true) => Some("it arrives as Enter"),
            (Key::Char('i'), true) => Some("it arrives as Tab"),
            (Key::Char('['), true) => Some("it arrives as Esc"),
            (Key::Char('c'), true) => Some("it always stops, then stashes, then quits"),
            (Key::Esc, _) => Some("it always goes one step back"),
            (Key::Tab, true) => Some("terminals keep it for their own tabs"),
            (Key::Char(c), true) if c.is_ascii_digit() => {
                Some("terminals do not deliver ctrl with a digit")
            }
            _ => None,
        }
    }

    /// The key's name in this column; a letter with ctrl is shown as on the keyboard.
    fn name(self, column: fn(&Names) -> &'static str) -> String {
        let name = name_of(self.key, column);
        if self.ctrl && name.chars().count() == 1 {
            name.to_uppercase()
        } else {
            name
        }
    }

    /// For people: `Ctrl+J`, `PageUp`, `n`.
    pub fn words(self) -> String {
        let name = self.name(|names| names.2);
        format!(
            "{}{}{}{name}",
            if self.ctrl { "Ctrl+" } else { "" },
            if self.alt { "Alt+" } else { "" },
            if self.shift { "Shift+" } else { "" }
        )
    }

    /// For hints where cells are few: `^J`, `⏎`, `PgUp`.
    pub fn short(self) -> String {
        let name = self.name(|names| names.3);
        format!(
            "{}{}{}{name}",
            if self.ctrl { "^" } else { "" },
            if self.alt { "Alt+" } else { "" },
            if self.shift { "⇧" } else { "" }
        )
    }
}

impl fmt::Display for Chord {
    /// As in `keys.toml`: names in lower case, modifiers in the order ctrl, alt, shift (decisions 4.3).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (is_held, name) in [
            (self.ctrl, "ctrl+"),
            (self.alt, "alt+"),
            (self.shift, "shift+"),
        ] {
            if is_held {
                f.write_str(name)?;
            }
        }
        f.write_str(&name_of(self.key, |names| names.1))
    }
}

impl FromStr for Chord {
    type Err = BadChord;

    /// Names and modifiers in any case; a single character stands for itself.
    fn from_str(text: &str) -> Result<Chord, BadChord> {
        let unknown = || BadChord::Unknown(text.to_owned());
        let (mut ctrl, mut alt, mut shift) = (false, false, false);
        let mut rest = text;
        // A `+` at the very end is the key itself.
        while let Some((modifier, after)) = rest
            .split_once('+')
            .filter(|(m, a)| !m.is_empty() && !a.is_empty())
        {
            match modifier.to_lowercase().as_str() {
                "ctrl" | "control" | "c" => ctrl = true,
                "alt" | "meta" | "option" | "a" => alt = true,
                "shift" | "s" => shift = true,
                "super" | "cmd" | "command" | "win" | "hyper" => {
                    return Err(BadChord::Undeliverable(
                        text.to_owned(),
                        "terminals do not deliver that modifier",
                    ));
                }
                _ => return Err(unknown()),
            }
            rest = after;
        }
        let key = key_of(rest).ok_or_else(unknown)?;
        if ctrl && shift && matches!(key, Key::Char(_)) {
            return Err(BadChord::Undeliverable(
                text.to_owned(),
                "terminals keep ctrl and shift with a letter for themselves",
            ));
        }
        if ctrl && matches!(key, Key::Char('0'..='9')) {
            return Err(BadChord::Undeliverable(
                text.to_owned(),
                "terminals do not deliver ctrl with a digit",
            ));
        }
        let chord = Chord::new(key, ctrl, alt, shift);
        match chord.refusal() {
            Some(why) => Err(BadChord::Undeliverable(text.to_owned(), why)),
            None => Ok(chord),
        }
    }
}

/// Parses `ctrl+x n`: chords pressed one after another.
pub fn parse_chords(text: &str) -> Result<Vec<Chord>, BadChord> {
    let chords = text
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<Vec<Chord>, BadChord>>()?;
    if chords.is_empty() {
        return Err(BadChord::Unknown(text.to_owned()));
    }
    Ok(chords)
}

/// Prints chords pressed one after another, each by `print`.
pub fn print_chords(chords: &[Chord], print: impl Fn(Chord) -> String) -> String {
    chords
        .iter()
        .map(|chord| print(*chord))
        .collect::<Vec<_>>()
        .join(" ")
}

/// What ctrl with this character means.
fn ctrl_char(c: char) -> char {
    match c {
        '4' => '\\',
        '5' => ']',
        '6' => '^',
        '7' => '_',
        _ => c.to_ascii_lowercase(),
    }
}

/// The capital of a letter that has exactly one.
fn upper(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

fn name_of(key: Key, column: fn(&Names) -> &'static str) -> String {
    if let Some(names) = NAMES.iter().find(|names| names.0 == key) {
        return column(names).to_owned();
    }
    if let Key::Char(c) = key {
        return c.to_string();
    }
    let letter = if column(&NAMES[0]) == NAMES[0].1 {
        'f'
    } else {
        'F'
    };
    if let Key::F(n) = key {
        return format!("{letter}{n}");
    }
    String::new()
}

fn key_of(name: &str) -> Option<Key> {
    let mut chars = name.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return (!c.is_control()).then_some(Key::Char(c));
    }
    let lower = name.to_lowercase();
    if let Some(names) = NAMES.iter().find(|names| names.1 == lower) {
        return Some(names.0);
    }
    if let Some((_, key)) = OTHER_NAMES.iter().find(|(other, _)| *other == lower) {
        return Some(*key);
    }
    let number: u8 = lower.strip_prefix('f')?.parse().ok()?;
    (1..=12).contains(&number).then_some(Key::F(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_round_trips() {
        for text in [
            "a",
            "A",
            "?",
            "+",
            "ctrl++",
            "ctrl+j",
            "alt+enter",
            "shift+enter",
            "ctrl+alt+x",
            "ctrl+_",
            "ctrl+\\",
            "shift+tab",
            "ctrl+home",
            "f1",
            "f12",
            "space",
            "alt+/",
            "alt+space",
            "<",
            "{",
            "ö",
            "ctrl+alt+shift+left",
        ] {
            let chord: Chord = text.parse().unwrap();
            assert_eq!(chord.to_string(), text);
            assert_eq!(
                chord.words().parse::<Chord>().unwrap(),
                chord,
                "{}",
                chord.words()
            );
        }
    }

    #[test]
    fn spellings_of_one_key_press_are_equal() {
        let same = |a: &str, b: &str| assert_eq!(a.parse::<Chord>(), b.parse::<Chord>());
        same("Ctrl+J", "ctrl+j");
        same("shift+j", "J");
        same("alt+ctrl+x", "ctrl+alt+x");
        same("PgUp", "pageup");
        same("Control+Return", "ctrl+enter");
        let reported = Chord::new(Key::Char('7'), true, false, false);
        assert_eq!(reported, "ctrl+_".parse().unwrap());
        let reported = Chord::new(Key::Char('J'), false, false, true);
        assert_eq!(reported, "J".parse().unwrap());
    }

    #[test]
    fn what_terminals_cannot_deliver_is_refused_with_the_reason() {
        for (text, reason) in [
            ("ctrl+m", "Enter"),
            ("ctrl+I", "Tab"),
            ("ctrl+[", "Esc"),
            ("ctrl+c", "stops"),
            ("esc", "step back"),
            ("ctrl+shift+k", "ctrl and shift"),
            ("ctrl+tab", "tabs"),
            ("ctrl+1", "digit"),
            ("ctrl+7", "digit"),
            ("super+k", "modifier"),
        ] {
            let error = text.parse::<Chord>().unwrap_err();
            assert!(
                matches!(&error, BadChord::Undeliverable(_, why) if why.contains(reason)),
                "{text}: {error}"
            );
        }
        for text in [
            "",
            "hyperspace",
            "ctrl+",
            "foo+x",
            "f13",
            "f0",
            "ctrl+ctl+x",
        ] {
            assert!(
                matches!(text.parse::<Chord>(), Err(BadChord::Unknown(_))),
                "{text:?}"
            );
        }
        assert!(parse_chords("  ").is_err());
    }

    #[test]
    fn people_read_other_names_than_the_file() {
        let chords = parse_chords("ctrl+x n").unwrap();
        assert_eq!(print_chords(&chords, Chord::words), "Ctrl+X n");
        assert_eq!(print_chords(&chords, Chord::short), "^X n");
        assert_eq!("f1".parse::<Chord>().unwrap().words(), "F1");
        assert_eq!("enter".parse::<Chord>().unwrap().short(), "⏎");
        assert!("shift+enter".parse::<Chord>().unwrap().needs_enhanced());
        assert!(!"alt+enter".parse::<Chord>().unwrap().needs_enhanced());
        assert!("ctrl+-".parse::<Chord>().unwrap().needs_enhanced());
    }
}
