//! Foreign text made harmless: `Clean` is the only text that wrapping, lists, titles and the terminal accept.
//!
//! Whatever a model, a file, a server or a title holds, a `Clean` has no control character but the line feed, no
//! escape sequence that works, and no bidirectional override (spec section 10).

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

/// Text that cannot drive a terminal. Its only control character is `\n`, and `Clean::line` has not even that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Clean(Cow<'static, str>);

/// Blanks a tab becomes.
const TAB: &str = "    ";

/// At most this many zero-width characters in a row are kept: enough for every script and emoji family, too few
/// for a pile of marks that climbs over the neighbouring lines.
const MARKS: usize = 16;

impl Clean {
    /// Salon's own words, written in its code.
    pub const fn own(text: &'static str) -> Self {
        Clean(Cow::Borrowed(text))
    }

    /// Text of several lines: line ends become `\n`, tabs become blanks.
    pub fn text(foreign: &str) -> Self {
        Clean(Cow::Owned(clean(foreign, Lines::Keep)))
    }

    /// Text for one line: line ends become blanks.
    pub fn line(foreign: &str) -> Self {
        Clean(Cow::Owned(clean(foreign, Lines::Join)))
    }

    /// Whether this character does not stay as it is.
    pub fn changes(c: char) -> bool {
        c != '\n' && c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') || is_dropped(c)
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Clean {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Clean {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Clean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Lines {
    Keep,
    Join,
}

fn clean(foreign: &str, lines: Lines) -> String {
    // Printable ASCII is nearly all there is; it is copied in one piece.
    if foreign.bytes().all(|b| matches!(b, b' '..=b'~')) {
        return foreign.to_owned();
    }
    let mut out = String::with_capacity(foreign.len() + 8);
    let mut marks = 0;
    let mut chars = foreign.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\r' && chars.peek() == Some(&'\n') {
            continue;
        }
        match c {
            ' '..='~' => out.push(c),
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                out.push(if lines == Lines::Keep { '\n' } else { ' ' });
            }
            '\t' => out.push_str(TAB),
            // The rest of C0 and DEL are drawn as their pictures, so that the reader sees that something was there.
            '\0'..='\u{1f}' => {
                out.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'))
            }
            '\u{7f}' => out.push('\u{2421}'),
            '\u{80}'..='\u{9f}' => out.push('\u{fffd}'),
            _ if is_dropped(c) => {}
            _ if is_zero_width(c) => {
                marks += 1;
                if marks <= MARKS {
                    out.push(c);
                }
                continue;
            }
            _ => out.push(c),
        }
        marks = 0;
    }
    out
}

/// Direction marks and overrides, byte order marks, annotation and deprecated format characters.
fn is_dropped(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

fn is_zero_width(c: char) -> bool {
    unicode_width::UnicodeWidthChar::width(c) == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_text_becomes_harmless() {
        assert_eq!(&*Clean::text("a\u{1b}[31mb\u{7}"), "a␛[31mb␇");
        assert_eq!(
            &*Clean::text("x\u{202e}gpj.exe\u{9b}2J"),
            "xgpj.exe\u{fffd}2J"
        );
        assert_eq!(&*Clean::text("1\r\n2\r3\t4"), "1\n2\n3    4");
        assert_eq!(&*Clean::line("1\r\n2\u{2028}3"), "1 2 3");
        assert_eq!(&*Clean::text("👩‍👩‍👧‍👦 é 日本"), "👩‍👩‍👧‍👦 é 日本");
        let pile = format!("o{}", "\u{301}".repeat(500));
        assert_eq!(Clean::text(&pile).chars().count(), 1 + MARKS);
    }

    proptest! {
        #[test]
        fn nothing_that_drives_a_terminal_is_left(raw in any::<String>(), odd in "[\\x00-\\x1f\\x7f-\\u{9f}\\u{202a}-\\u{202e}a ]{0,40}") {
            for foreign in [&raw, &odd] {
                let text = Clean::text(foreign);
                prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control() && !is_dropped(c)));
                prop_assert!(!Clean::line(foreign).contains('\n'));
                let again = Clean::text(&text);
                prop_assert_eq!(&*again, &*text);
            }
        }
    }
}
