//! Words looked for in a text: in any case of any script, across line ends, and through the marks of emphasis.

use std::ops::Range;
use std::sync::LazyLock;

/// Longest words that are looked for, in characters; what follows them is left out.
const LONGEST: usize = 200;

/// Words to look for (spec V4). They are found as a part of words too.
///
/// A blank in them stands for any blanks and line ends of the text. If they hold neither `*` nor a backtick, those
/// marks of the text are passed over, so that `bold words` is found in `**bold** words`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needle {
    /// Without case; one blank between words, none at the ends; never empty.
    folded: Vec<char>,
    passes_marks: bool,
}

impl Needle {
    /// Looks for these words; `None` when there are none.
    pub fn new(words: &str) -> Option<Needle> {
        let mut folded = Vec::new();
        for word in words.split_whitespace() {
            if !folded.is_empty() {
                folded.push(' ');
            }
            folded.extend(word.chars().flat_map(fold));
        }
        folded.truncate(LONGEST);
        while folded.last() == Some(&' ') {
            folded.pop();
        }
        let passes_marks = !folded.iter().copied().any(is_mark);
        (!folded.is_empty()).then_some(Needle {
            folded,
            passes_marks,
        })
    }

    /// Where the words stand in the text, in bytes, from the front; no two overlap.
    pub fn hits<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        let mut from = 0;
        std::iter::from_fn(move || {
            let hit = self.first(text, from)?;
            from = hit.end;
            Some(hit)
        })
    }

    /// How often the words stand in the text.
    pub fn count(&self, text: &str) -> u32 {
        u32::try_from(self.hits(text).count()).unwrap_or(u32::MAX)
    }

    /// The first hit that begins at this byte, a character boundary, or later.
    fn first(&self, text: &str, from: usize) -> Option<Range<usize>> {
        let first = *self.folded.first()?;
        let ascii = u8::try_from(first).ok().filter(u8::is_ascii);
        // A character beyond ASCII may fold into it, never the other way round.
        let may_begin = |b: &u8| !b.is_ascii() || Some(b.to_ascii_lowercase()) == ascii;
        let mut at = from;
        loop {
            at += text.as_bytes().get(at..)?.iter().position(may_begin)?;
            let rest = text.get(at..)?;
            let c = rest.chars().next()?;
            if simple(c).is_none_or(|c| c == first)
                && let Some(end) = self.end(rest)
            {
                return Some(at..at + end);
            }
            at += c.len_utf8();
        }
    }

    /// The bytes that the words take at the beginning of a text, if it begins with them.
    fn end(&self, text: &str) -> Option<usize> {
        let mut rest = text.chars();
        let mut wanted = self.folded.as_slice();
        let mut is_blank = false;
        while let Some(c) = rest.next() {
            if self.passes_marks && is_mark(c) {
                continue;
            }
            if c.is_whitespace() {
                if !is_blank {
                    wanted = wanted.strip_prefix(&[' '])?;
                    is_blank = true;
                }
                continue;
            }
            is_blank = false;
            if let Some(c) = simple(c) {
                wanted = wanted.strip_prefix(&[c])?;
            } else {
                for folded in fold(c) {
                    let Some((next, more)) = wanted.split_first() else {
                        break;
                    };
                    if *next != folded {
                        return None;
                    }
                    wanted = more;
                }
            }
            if wanted.is_empty() {
                return Some(text.len() - rest.as_str().len());
            }
        }
        None
    }
}

fn is_mark(c: char) -> bool {
    matches!(c, '*' | '`')
}

/// Up to here the character that each one becomes is kept in a table: Latin, Greek, Cyrillic and their neighbours.
const NEAR: usize = 0x2100;

/// What each character up to `NEAR` becomes; `None` = more than one.
static FOLDED: LazyLock<Vec<Option<char>>> = LazyLock::new(|| {
    let one = |code: u32| {
        let mut folded = fold(char::from_u32(code)?);
        folded.next().filter(|_| folded.next().is_none())
    };
    (0..u32::try_from(NEAR).unwrap_or(0)).map(one).collect()
});

/// The character without case where that is one character and quickly known.
fn simple(c: char) -> Option<char> {
    if c.is_ascii() {
        return Some(c.to_ascii_lowercase());
    }
    let code = usize::try_from(u32::from(c)).unwrap_or(usize::MAX);
    if code < NEAR {
        return *FOLDED.get(code)?;
    }
    // Chinese, Japanese and Korean have no case.
    matches!(c, '\u{2e80}'..='\u{a63f}' | '\u{ac00}'..='\u{d7ff}').then_some(c)
}

/// The character without case: what its upper case becomes in lower case, so that ß is ss and both sigmas are one.
fn fold(c: char) -> impl Iterator<Item = char> {
    c.to_uppercase().flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found<'a>(words: &str, text: &'a str) -> Vec<&'a str> {
        let needle = Needle::new(words).unwrap();
        let hits: Vec<Range<usize>> = needle.hits(text).collect();
        hits.into_iter().map(|hit| &text[hit]).collect()
    }

    #[test]
    fn case_does_not_matter_in_any_script() {
        assert_eq!(
            found("rust", "Rust, rUST, tRusty"),
            ["Rust", "rUST", "Rust"]
        );
        assert_eq!(found("STRASSE", "die Straße"), ["Straße"]);
        assert_eq!(found("straße", "STRASSE"), ["STRASSE"]);
        assert_eq!(found("ΟΔΟΣ", "ὁδός οδος"), ["οδος"]);
        assert_eq!(found("привет", "ПРИВЕТ"), ["ПРИВЕТ"]);
        assert_eq!(found("語", "日本語と語"), ["語", "語"]);
        assert_eq!(found("한국", "대한국어"), ["한국"]);
        assert_eq!(found("k", "\u{212a}"), ["\u{212a}"]);
    }

    #[test]
    fn blanks_and_marks_do_not_matter_unless_they_are_asked_for() {
        assert_eq!(
            found("bold words", "**bold**  \nwords"),
            ["bold**  \nwords"]
        );
        assert_eq!(found(" a   b ", "a\tb ab"), ["a\tb"]);
        assert_eq!(found("f(x)", "`f`(x) f(x)"), ["f`(x)", "f(x)"]);
        assert_eq!(found("*x", "x *x"), ["*x"]);
        assert_eq!(found("foo_bar", "foobar foo_bar"), ["foo_bar"]);
    }

    #[test]
    fn no_words_are_no_needle_and_hits_do_not_overlap() {
        assert_eq!(Needle::new(" \n"), None);
        assert_eq!(found("aa", "aaaaa"), ["aa", "aa"]);
        assert_eq!(found("zz", "az"), Vec::<&str>::new());
        assert_eq!(Needle::new("s").unwrap().count("ß"), 1);
        assert_eq!(found(&"x".repeat(500), &"x".repeat(400)).len(), 2);
    }

    proptest! {
        #[test]
        fn a_part_of_the_text_is_found_in_it(text in any::<String>(), from in 0usize..20, len in 1usize..9) {
            let part: String = text.chars().skip(from).take(len).collect();
            if let Some(needle) = Needle::new(&part) {
                prop_assert!(needle.count(&text) > 0, "{part:?} in {text:?}");
                for hit in needle.hits(&text) {
                    prop_assert!(hit.start < hit.end);
                    prop_assert!(text.get(hit).is_some());
                }
            }
        }

        #[test]
        fn upper_case_is_found_by_lower_case(text in "[a-zäöüа-яα-ω]{1,9}") {
            prop_assert!(Needle::new(&text.to_uppercase()).unwrap().count(&text) > 0);
        }
    }
}
