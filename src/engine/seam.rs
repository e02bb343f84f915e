//! The seam of a continued reply: what the model repeats of the kept words is dropped, once (decisions 2.20). Pure.
//!
//! A run that begins inside a word and is shorter than `SURE` is no overlap: after "ap" the piece "ple" goes on with
//! the word, it repeats nothing.

/// The longest overlap looked for, in characters.
const LOOK: usize = 200;
/// From this many characters on, a run that begins inside a word is a repetition and no chance.
const SURE: usize = 4;

/// Passes new words through and drops the overlap at their beginning.
///
/// Words are held back only while they could still be the beginning of an overlap.
#[derive(Debug)]
pub struct Seam {
    /// The last `LOOK` characters of the kept words.
    kept: String,
    held: String,
    is_done: bool,
}

impl Seam {
    /// A seam after these words. After none, everything passes.
    pub fn after(kept: &str) -> Seam {
        Seam {
            kept: tail(kept, LOOK).to_owned(),
            held: String::new(),
            is_done: kept.is_empty(),
        }
    }

    /// Takes a piece, gives what is to be added to the kept words by now; often nothing.
    pub fn push(&mut self, piece: &str) -> String {
        if self.is_done {
            return piece.to_owned();
        }
        self.held.push_str(piece);
        let may_grow = ends(&self.kept)
            .any(|end| end.len() > self.held.len() && end.starts_with(self.held.as_str()));
        if may_grow { String::new() } else { self.end() }
    }

    /// Whether words came that are held back.
    pub fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// No more words come: gives what was held and is not an overlap.
    pub fn end(&mut self) -> String {
        self.is_done = true;
        let held = std::mem::take(&mut self.held);
        held[overlap(&self.kept, &held)..].to_owned()
    }
}

/// Bytes at the beginning of `new` that repeat the end of `kept`: the longest such run of at most `LOOK` characters.
pub fn overlap(kept: &str, new: &str) -> usize {
    ends(tail(kept, LOOK))
        .find(|end| new.starts_with(end))
        .map_or(0, str::len)
}

/// Every end of `text` that can be an overlap, longest first: those from a word's start on, and the long ones.
fn ends(text: &str) -> impl Iterator<Item = &str> {
    text.char_indices().filter_map(|(at, _)| {
        let (before, end) = text.split_at(at);
        let is_word_start = before.chars().next_back().is_none_or(char::is_whitespace);
        let is_long = end.chars().nth(SURE - 1).is_some();
        (is_word_start || is_long || end.starts_with(char::is_whitespace)).then_some(end)
    })
}

/// The last `most` characters.
fn tail(text: &str, most: usize) -> &str {
    match text.char_indices().rev().nth(most.saturating_sub(1)) {
        Some((at, _)) => &text[at..],
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn through(kept: &str, pieces: &[String]) -> String {
        let mut seam = Seam::after(kept);
        let mut out: String = pieces.iter().map(|piece| seam.push(piece)).collect();
        out.push_str(&seam.end());
        out
    }

    #[test]
    fn repeated_words_are_dropped_once() {
        assert_eq!(overlap("one two three", "two three four"), 9);
        assert_eq!(overlap("one two three", "four"), 0);
        assert_eq!(overlap("", "four"), 0);
        assert_eq!(overlap("an ap", "ple"), 0);
        assert_eq!(overlap("the ca", "cat sat"), "ca".len());
        assert_eq!(overlap("an apple", "pple pie"), 4);
        assert_eq!(overlap("aaa", "aaaa"), 3);
        assert_eq!(overlap("grün über", "über alles"), "über".len());
        assert_eq!(
            through("ab ab", &["ab".into(), " ab".into(), " ab".into()]),
            " ab"
        );
        assert_eq!(through("the end", &["the end".into()]), "");
    }

    #[test]
    fn words_that_cannot_overlap_are_not_held() {
        let mut seam = Seam::after("one two three");
        assert_eq!(seam.push("f"), "f");
        assert_eq!(seam.push("our"), "our");
        let mut seam = Seam::after("one two three");
        assert_eq!(seam.push("two t"), "");
        assert_eq!(seam.push("hree four"), " four");
    }

    #[test]
    fn an_overlap_longer_than_the_look_is_not_seen() {
        let kept = "x".repeat(50) + &"y".repeat(LOOK);
        assert_eq!(overlap(&kept, &kept), 0);
        assert_eq!(overlap(&kept, &"y".repeat(LOOK + 3)), LOOK);
    }

    proptest! {
        #[test]
        fn any_splitting_gives_the_same(kept in "[abü ]{0,12}", pieces in prop::collection::vec("[abü ]{0,4}", 0..8)) {
            let whole: String = pieces.concat();
            prop_assert_eq!(through(&kept, &pieces), &whole[overlap(&kept, &whole)..]);
        }

        #[test]
        fn a_repeated_end_never_shows_twice(kept in "[a-z ü]{1,300}", new in "[A-Z]{0,20}", n in SURE..LOOK) {
            let again = tail(&kept, n).to_owned() + &new;
            prop_assert_eq!(through(&kept, &[again]), new);
        }
    }
}
