//! The text that is searched, for scripts that put no blanks between words.

use crate::domain::words::is_unspaced;

/// The text with a blank on both sides of each Han, kana, Hangul, Thai, Lao, Khmer or Burmese character, so that each
/// becomes a word of the index; `None` when it has no such character and can be indexed as it is (decisions 2.7).
pub(super) fn spaced(text: &str) -> Option<String> {
    let first = text.find(is_unspaced)?;
    let mut out = String::with_capacity(text.len() * 2);
    out.push_str(&text[..first]);
    for c in text[first..].chars() {
        if is_unspaced(c) {
            if !out.ends_with(' ') && !out.is_empty() {
                out.push(' ');
            }
            out.push(c);
            out.push(' ');
        } else {
            out.push(c);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scripts_without_blanks_are_spaced() {
        assert_eq!(spaced("Grüße, 12 العربية 😀"), None);
        assert_eq!(spaced(""), None);
        assert_eq!(spaced("你好").as_deref(), Some("你 好 "));
        assert_eq!(spaced("Rust语言ok").as_deref(), Some("Rust 语 言 ok"));
        assert_eq!(spaced("ไป").as_deref(), Some("ไ ป "));
        assert_eq!(spaced("한 글").as_deref(), Some("한  글 "));
        assert_eq!(spaced("カナ、x").as_deref(), Some("カ ナ 、x"));
    }
}
