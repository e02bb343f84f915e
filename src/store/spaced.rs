//! The text that is searched, for scripts that put no blanks between words.

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

/// Whether words of this character's script are written without blanks. Marks that follow such a character (Thai
/// vowels, voicing marks) count too: they stand alone in the index, in the question as in the text.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{0e00}'..='\u{0eff}'     // Thai, Lao
        | '\u{1000}'..='\u{109f}'   // Burmese
        | '\u{1100}'..='\u{11ff}'   // Hangul letters
        | '\u{1780}'..='\u{17ff}' | '\u{19e0}'..='\u{19ff}'   // Khmer
        | '\u{2e80}'..='\u{2fdf}'   // radicals
        | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3031}'..='\u{3035}'
        | '\u{3041}'..='\u{30ff}'   // hiragana, katakana
        | '\u{3100}'..='\u{318f}' | '\u{31a0}'..='\u{31bf}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{a960}'..='\u{a97f}' | '\u{a9e0}'..='\u{a9ff}' | '\u{aa60}'..='\u{aa7f}'
        | '\u{ac00}'..='\u{d7ff}'   // Hangul syllables
        | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ffdc}'
        | '\u{1b000}'..='\u{1b16f}'
        | '\u{20000}'..='\u{3ffff}'
    )
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
