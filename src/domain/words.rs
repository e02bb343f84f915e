//! Words as the index of messages has them (decisions 2.7): where they begin and end, without case and accents, and where
//! those looked for stand in a text.

use std::ops::Range;

use nucleo_matcher::chars::normalize;
use unicode_segmentation::UnicodeSegmentation;

/// A word, or several in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought {
    pub text: String,
    /// Words that begin so are found too.
    pub is_prefix: bool,
}

impl Sought {
    /// Whether there is anything in it that an index of words holds.
    pub fn has_words(&self) -> bool {
        self.text.contains(char::is_alphanumeric)
    }
}

/// Whether words of this character's script are written without blanks. Marks that follow such a character (Thai
/// vowels, voicing marks) count too: they stand alone in the index, in the question as in the text.
pub fn is_unspaced(c: char) -> bool {
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

/// Where the words stand in a text, in bytes, in order; no two overlap or touch. Each stands there as a whole word, or as
/// the beginning of one where `is_prefix` says so; several in a row stand in that order with nothing but signs between.
pub fn marks(text: &str, words: &[Sought]) -> Vec<Range<usize>> {
    let wanted: Vec<(Vec<String>, bool)> = words
        .iter()
        .map(|word| (folded(&word.text), word.is_prefix))
        .filter(|(tokens, _)| !tokens.is_empty())
        .collect();
    let longest = wanted.iter().map(|(tokens, _)| tokens.len()).max();
    let Some(longest) = longest else {
        return Vec::new();
    };
    let mut marks = Vec::new();
    // The last words read: as many as the longest phrase has.
    let mut window: Vec<(Range<usize>, String)> = Vec::new();
    for range in tokens(text) {
        if window.len() == longest {
            window.remove(0);
        }
        window.push((range.clone(), fold(&text[range.clone()])));
        for (phrase, is_prefix) in &wanted {
            let Some(from) = window.len().checked_sub(phrase.len()) else {
                continue;
            };
            let last = phrase.len() - 1;
            let stands = window[from..].iter().zip(phrase).enumerate();
            let mut stands = stands.map(|(at, ((_, own), wanted))| match at == last {
                true if *is_prefix => own.starts_with(wanted.as_str()),
                _ => own == wanted,
            });
            if stands.all(|is_so| is_so) {
                marks.push(window[from].0.start..whole_end(text, &range));
            }
        }
    }
    merged(marks)
}

/// The end of a word with the tone marks and other signs that belong to its last character.
fn whole_end(text: &str, word: &Range<usize>) -> usize {
    let last = text[word.clone()]
        .chars()
        .next_back()
        .map_or(0, char::len_utf8);
    let from = word.end - last;
    let whole = text[from..].graphemes(true).next().map_or(0, str::len);
    (from + whole).max(word.end)
}

/// In order, with those that touch made one.
pub fn merged(mut marks: Vec<Range<usize>>) -> Vec<Range<usize>> {
    marks.sort_unstable_by_key(|mark| mark.start);
    let mut all: Vec<Range<usize>> = Vec::with_capacity(marks.len());
    for mark in marks {
        match all.last_mut().filter(|last| mark.start <= last.end) {
            Some(last) => last.end = last.end.max(mark.end),
            None => all.push(mark),
        }
    }
    all
}

/// The words of a text without case and accents.
fn folded(text: &str) -> Vec<String> {
    tokens(text).map(|range| fold(&text[range])).collect()
}

fn fold(word: &str) -> String {
    let plain = word.chars().filter(|c| !is_accent(*c));
    plain.flat_map(|c| normalize(c).to_lowercase()).collect()
}

/// An accent of its own, which the index passes over.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// The words of a text by their bytes: letters and digits in a row; a character of a script without blanks stands alone.
fn tokens(text: &str) -> impl Iterator<Item = Range<usize>> {
    let is_inside = |c: char| (c.is_alphanumeric() || is_accent(c)) && !is_unspaced(c);
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &text[at..];
        let from = at + rest.find(char::is_alphanumeric)?;
        let first = text[from..].chars().next()?;
        let end = match is_unspaced(first) {
            true => first.len_utf8(),
            false => {
                let rest = &text[from..];
                rest.find(|c| !is_inside(c)).unwrap_or(rest.len())
            }
        };
        at = from + end;
        Some(from..at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::search::Search;
    use proptest::prelude::*;

    fn lit<'a>(text: &'a str, words: &str) -> Vec<&'a str> {
        let search = Search::read(words, true).unwrap();
        let marks = marks(text, &search.words);
        marks.into_iter().map(|mark| &text[mark]).collect()
    }

    #[test]
    fn words_are_found_whatever_their_case_and_accents() {
        let text = "Rust's lifetimes: a Café, CAFE\u{301}s and rusty crust.";
        assert_eq!(lit(text, "rust "), ["Rust"]);
        assert_eq!(lit(text, "rust"), ["Rust", "rusty"]);
        assert_eq!(lit(text, "cafe"), ["Café", "CAFE\u{301}s"]);
        assert_eq!(lit(text, "CAFÉ "), ["Café"]);
        assert_eq!(lit("Übergröße größe", "uber größe "), ["größe"]);
    }

    #[test]
    fn several_words_stand_in_a_row() {
        let text = "one two, three one-two three";
        assert_eq!(lit(text, "\"two three\""), ["two, three", "two three"]);
        assert_eq!(lit(text, "one-two "), ["one two", "one-two"]);
        assert_eq!(
            lit(text, "\"one two three\" two "),
            ["one two, three", "one-two three"]
        );
        assert_eq!(lit(text, "\"three two\""), Vec::<&str>::new());
    }

    #[test]
    fn scripts_without_blanks_are_found_by_one_character_and_by_several() {
        assert_eq!(lit("学习中文，中国", "中"), ["中", "中"]);
        assert_eq!(lit("学习中文，中国", "中文"), ["中文"]);
        assert_eq!(lit("Rust語言のカタカナ", "カタ"), ["カタ"]);
        assert_eq!(lit("ภาษาไทยง่าย", "ไทย"), ["ไทย"]);
        assert_eq!(lit("ไปที่ ไปทา", "ที่"), ["ที่"]);
        assert_eq!(lit("한국어를", "국어"), ["국어"]);
    }

    proptest! {
        #[test]
        fn marks_are_pieces_in_order(text in any::<String>(), words in "\\PC{0,12}") {
            if let Ok(search) = Search::read(&words, true) {
                let mut end = 0;
                for mark in marks(&text, &search.words) {
                    prop_assert!(mark.start >= end && text.get(mark.clone()).is_some_and(|lit| !lit.is_empty()));
                    end = mark.end + 1;
                }
            }
        }

        #[test]
        fn a_word_of_the_text_is_found(before in "[a-zA-Zäé你ไ ]{0,12}", word in "[a-zA-Zäß]{1,8}|[你好]{1,3}") {
            let text = format!("{before} {word}.");
            prop_assert!(!lit(&text, &word).is_empty(), "{} in {}", word, text);
        }
    }
}
