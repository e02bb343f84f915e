//! Text from servers made fit to show: harmless, short, and without anything that looks like a key.

use secrecy::ExposeSecret;

use crate::domain::clean::Clean;
use crate::settings::SecretString;

/// Most bytes of a server's text that are kept (`wire.md` 7.1).
pub const MAX_TEXT: usize = 2 << 10;
/// Longest piece of a server's text inside a title, in characters.
const MAX_LINE: usize = 160;
/// So many characters of the key in a row are a leak.
const TELLING: usize = 8;

/// Cleans foreign text; knows the keys that must not appear.
#[derive(Clone, Default)]
pub struct Scrub {
    keys: Vec<SecretString>,
}

impl Scrub {
    /// One that removes these keys.
    pub fn of(keys: impl IntoIterator<Item = SecretString>) -> Scrub {
        Scrub {
            keys: keys.into_iter().collect(),
        }
    }

    /// At most 2 KiB, several lines.
    pub fn text(&self, foreign: &str) -> String {
        // What is cut off is cut after the redaction, so that no half of a key stays.
        let foreign = head(foreign, MAX_TEXT * 8);
        let text = self.redact(&Clean::text(foreign));
        let text = text.trim();
        let cut = head(text, MAX_TEXT);
        if cut.len() < text.len() {
            format!("{cut}…")
        } else {
            text.to_owned()
        }
    }

    /// The first line that says something, at most 160 characters, without the full stop.
    pub fn line(&self, foreign: &str) -> String {
        let text = self.text(foreign);
        let line = text
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty())
            .unwrap_or("");
        let line = line.strip_suffix('.').unwrap_or(line);
        if line.chars().count() <= MAX_LINE {
            return line.to_owned();
        }
        let cut: String = line.chars().take(MAX_LINE - 1).collect();
        format!("{}…", cut.trim_end())
    }

    fn redact(&self, text: &str) -> String {
        let keys = || self.keys.iter().map(ExposeSecret::expose_secret);
        let mut whole = text.to_owned();
        for key in keys().filter(|key| !key.is_empty()) {
            whole = whole.replace(key, HIDDEN);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = whole.as_str();
        while let Some(start) = rest.find(is_key_char) {
            out.push_str(&rest[..start]);
            rest = &rest[start..];
            let end = rest.find(|c| !is_key_char(c)).unwrap_or(rest.len());
            let word = &rest[..end];
            let is_hidden = is_key_like(word) || keys().any(|key| shares(word, key));
            out.push_str(if is_hidden { HIDDEN } else { word });
            rest = &rest[end..];
        }
        out.push_str(rest);
        out
    }
}

/// What stands in a key's place.
const HIDDEN: &str = "[hidden]";

fn is_key_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*' | '•' | '…')
}

fn is_key_like(word: &str) -> bool {
    const PREFIXES: [&str; 9] = [
        "sk-", "sk_", "gsk_", "xai-", "pk-", "hf_", "AIza", "tgp_", "key-",
    ];
    let is_masked = word.contains("***") && word.chars().any(|c| c.is_ascii_alphanumeric());
    let has_prefix = PREFIXES
        .iter()
        .any(|prefix| word.starts_with(prefix) && word.len() >= prefix.len() + TELLING);
    is_masked || has_prefix
}

/// Whether the word holds `TELLING` characters of the key in a row, from the key's beginning or to its end.
fn shares(word: &str, key: &str) -> bool {
    let (Some(first), Some(last)) = (
        key.get(..TELLING),
        key.len().checked_sub(TELLING).and_then(|at| key.get(at..)),
    ) else {
        return false;
    };
    word.contains(first) || word.contains(last)
}

/// At most so many bytes, cut at a character.
pub fn head(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_looks_like_a_key_is_left() {
        let scrub = Scrub::of([SecretString::from("topsecretvalue-42-xyz")]);
        for (foreign, shown) in [
            ("bad key topsecretvalue-42-xyz!", "bad key [hidden]!"),
            ("key=topsecretval", "key=[hidden]"),
            ("ends with ue-42-xyz", "ends with [hidden]"),
            (
                "provided: sk-test1******cdef. See",
                "provided: [hidden]. See",
            ),
            ("Bearer sk-proj-abcdefgh12345678", "Bearer [hidden]"),
            ("masked abcd****wxyz", "masked [hidden]"),
            (
                "the task-force said **no** and *** and sk-",
                "the task-force said **no** and *** and sk-",
            ),
            ("secret topics", "secret topics"),
        ] {
            assert_eq!(scrub.text(foreign), shown);
        }
    }

    #[test]
    fn text_is_short_and_harmless() {
        let scrub = Scrub::default();
        let long = "日".repeat(5000);
        assert!(scrub.text(&long).len() <= MAX_TEXT + '…'.len_utf8());
        assert_eq!(
            scrub.line("\n \u{1b}[31mNo such model.\nmore"),
            "␛[31mNo such model"
        );
        assert_eq!(scrub.line(&"x".repeat(500)).chars().count(), MAX_LINE);
        let key = "k".repeat(40);
        let scrub = Scrub::of([SecretString::from(key.clone())]);
        let edge = format!("{} {key}", "a".repeat(MAX_TEXT - 5));
        assert!(!scrub.text(&edge).contains("kkk"));
    }
}
