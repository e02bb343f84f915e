//! A search over all conversations (spec V3): what its text asks for, what is found, and the snippet around a hit.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthChar;

use crate::domain::conversation::cut_words;
use crate::domain::filter::{Filter, Wrong};
use crate::domain::id::{ConversationId, MessageId};
use crate::domain::message::Role;
use crate::domain::model::ModelRef;
use crate::domain::when::Millis;
use crate::domain::words::{Sought, merged};

/// A snippet begins at most so many cells before its hit.
const BEFORE: usize = 30;
/// Longest snippet, in characters, without the dots at its ends.
const LONGEST: usize = 200;
/// The filter word that names who speaks.
const ROLE: &str = "role:";
/// What may stand behind it.
const ROLES: [Role; 3] = [Role::User, Role::Assistant, Role::System];

/// What the text of a search asks for. A message is found when it holds all words and its conversation fits the filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    pub words: Vec<Sought>,
    /// Who has to speak.
    pub role: Option<Role>,
    /// What the conversation has to be; its own words are in `words`.
    pub filter: Filter,
}

impl Search {
    /// Reads a search: words, `"words in a row"`, `begin*`, `role:user`, and the words of the filter language. Any text
    /// is one, but for a filter word that is wrong. With `is_typing` the last word may be the beginning of one, and a
    /// filter word that is not finished asks for nothing yet.
    pub fn read(text: &str, is_typing: bool) -> Result<Search, Wrong> {
        let mut search = Search::default();
        // What is not for the filter becomes blanks, so that the places of mistakes stay.
        let mut left = text.to_owned();
        let (mut last, mut phrases) = (None, Vec::new());
        for term in terms(text) {
            let piece = &text[term.clone()];
            let blank = " ".repeat(term.len());
            if let Some(inner) = piece.strip_prefix('"') {
                phrases.push(Sought {
                    is_prefix: is_typing && !inner.ends_with('"'),
                    text: inner.trim_end_matches('"').to_lowercase(),
                });
                left.replace_range(term.clone(), &blank);
            } else if let Some(value) = value_of_role(piece) {
                search.take_role(text, &term, value, is_typing)?;
                left.replace_range(term.clone(), &blank);
            }
            last = Some(term);
        }
        search.filter = match Filter::read(&left) {
            Err(wrong) if !(is_typing && wrong.is_unfinished) => return Err(wrong),
            Err(_) => Filter::of(&left),
            Ok(filter) => filter,
        };
        let plain = std::mem::take(&mut search.filter.words);
        // The last word is the last of the plain ones when nothing else stands behind it.
        let grows = is_typing
            && last.is_some_and(|term| {
                term.end == text.len() && !Filter::of(&left[term]).words.is_empty()
            });
        let count = plain.len();
        let plain = plain.into_iter().enumerate().map(|(at, word)| Sought {
            is_prefix: word.ends_with('*') || (grows && at + 1 == count),
            text: word,
        });
        search.words = plain.chain(phrases).filter(Sought::has_words).collect();
        for word in &mut search.words {
            word.text = word.text.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        Ok(search)
    }

    fn take_role(
        &mut self,
        text: &str,
        term: &Range<usize>,
        value: &str,
        is_typing: bool,
    ) -> Result<(), Wrong> {
        let value = value.to_lowercase();
        let role = ROLES.into_iter().find(|role| role.word() == value);
        let begins = ROLES.iter().any(|role| role.word().starts_with(&value));
        let is_unfinished = term.end == text.len() && begins;
        if role.is_none() && !value.is_empty() && !(is_typing && is_unfinished) {
            return Err(Wrong {
                range: term.clone(),
                term: cut_words(&text[term.clone()], BEFORE),
                remedy: "Write role:user, role:assistant or role:system.".to_owned(),
                is_unfinished,
            });
        }
        self.role = role.or(self.role);
        Ok(())
    }

    /// Where its words stand in a title, merged, in order; empty unless all of them do. They are found as parts of words
    /// too, as in the list.
    pub fn marks_in_title(&self, title: &str) -> Vec<Range<usize>> {
        let mut marks = Vec::new();
        for word in &self.words {
            let found = places(title, word.text.trim_end_matches('*'));
            if found.is_empty() {
                return Vec::new();
            }
            marks.extend(found);
        }
        merged(marks)
    }
}

/// Where the next page of a search begins. Hits are looked at in steps; within one they are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rest {
    /// Rows of messages below this number.
    pub below: i64,
    /// Hits of the step that were given.
    pub skip: u32,
}

/// A page of what was found: conversations by their newest hit, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub groups: Vec<Group>,
    /// `None` = this is all.
    pub next: Option<Rest>,
}

/// What was found in one conversation. It may come again on a later page, with more hits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub conversation: ConversationId,
    pub title: String,
    /// Where the words stand in the title, in bytes; empty = the title is no hit.
    pub title_marks: Vec<Range<usize>>,
    pub created_at: Millis,
    pub active_at: Millis,
    pub is_archived: bool,
    /// Newest first.
    pub hits: Vec<Hit>,
}

/// A message that holds the words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    pub message: MessageId,
    pub role: Role,
    /// Of a reply.
    pub model: Option<ModelRef>,
    pub created_at: Millis,
    pub snippet: Snippet,
}

/// A part of a text on one line, with the bytes of it that were looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snippet {
    pub text: String,
    pub marks: Vec<Range<usize>>,
}

impl Snippet {
    /// Cuts the part with the most hits out of a text; `marks` are bytes of it, in order. Blanks and line ends become
    /// one blank each.
    pub fn cut(text: &str, marks: &[Range<usize>]) -> Snippet {
        let anchor = densest(marks);
        let start = beginning(text, anchor.start);
        // Where the characters of the text stand in the snippet.
        let (mut places, mut out) = (Vec::new(), String::new());
        if start > 0 {
            out.push('…');
        }
        let (mut end, mut kept) = (text.len(), 0);
        let mut is_blank = true;
        for (at, c) in text[start..].char_indices() {
            if kept == LONGEST {
                end = start + at;
                break;
            }
            places.push((start + at, out.len()));
            if !c.is_whitespace() {
                out.push(c);
                kept += 1;
            } else if !is_blank {
                out.push(' ');
                kept += 1;
            }
            is_blank = c.is_whitespace();
        }
        let full = out.len();
        let place = |byte: usize| {
            let at = places.partition_point(|(from, _)| *from < byte);
            places.get(at).map_or(full, |(_, to)| *to)
        };
        let marks: Vec<Range<usize>> = marks
            .iter()
            .filter(|mark| mark.start >= start && mark.start < end)
            .map(|mark| place(mark.start)..place(mark.end.min(end)))
            .filter(|mark| mark.start < mark.end)
            .collect();
        match text[end..].trim_end() {
            "" => out.truncate(out.trim_end().len().max(last(&marks))),
            _ => out.push('…'),
        }
        Snippet { text: out, marks }
    }
}

/// Where the last of the marks ends.
fn last(marks: &[Range<usize>]) -> usize {
    marks.last().map_or(0, |mark| mark.end)
}

/// The first hit of those that have the most others close behind them.
fn densest(marks: &[Range<usize>]) -> Range<usize> {
    let (mut best, mut most, mut to) = (0..0, 0, 0);
    for (from, mark) in marks.iter().enumerate() {
        while marks
            .get(to)
            .is_some_and(|m| m.end <= mark.start + LONGEST - BEFORE)
        {
            to += 1;
        }
        if to.saturating_sub(from) > most || best.is_empty() {
            (best, most) = (mark.clone(), to.saturating_sub(from));
        }
    }
    best
}

/// Where a snippet begins: before the hit, at a word if one begins there.
fn beginning(text: &str, hit: usize) -> usize {
    let before = text.get(..hit).unwrap_or_default();
    let mut cells = 0;
    let mut back = before.char_indices().rev().skip_while(|(_, c)| {
        cells += c.width().unwrap_or(0);
        cells <= BEFORE
    });
    let Some((from, _)) = back.next() else {
        return 0;
    };
    let room = &before[from..];
    let blank = room.char_indices().find(|(_, c)| c.is_whitespace());
    let first = blank.map_or(from, |(at, c)| from + at + c.len_utf8());
    // Blanks that follow are no beginning either.
    hit - text[first..hit].trim_start().len()
}

/// The terms of a search by their bytes: parted by blanks, but for those between quotation marks.
fn terms(text: &str) -> Vec<Range<usize>> {
    let (mut terms, mut at) = (Vec::new(), 0);
    loop {
        let from = text.len() - text[at..].trim_start().len();
        let rest = &text[from..];
        if rest.is_empty() {
            return terms;
        }
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let head = match rest[..end].split_once(":\"") {
            _ if rest.starts_with('"') => Some(1),
            Some((name, _)) if is_key(name) => Some(name.len() + 2),
            Some(_) | None => None,
        };
        let length = match head {
            Some(head) => rest[head..]
                .find('"')
                .map_or(rest.len(), |close| head + close + 1),
            None => end,
        };
        at = from + length;
        terms.push(from..at);
    }
}

/// Whether the filter language knows this word before a colon.
fn is_key(name: &str) -> bool {
    let with = |value: &str| Filter::of(&format!("{name}:{value}")).words.is_empty();
    name.eq_ignore_ascii_case(ROLE.trim_end_matches(':')) || with("")
}

/// What stands behind `role:`.
fn value_of_role(term: &str) -> Option<&str> {
    let (head, value) = term.split_at_checked(ROLE.len())?;
    let value = value.trim_matches('"');
    head.eq_ignore_ascii_case(ROLE).then_some(value)
}

/// Where a word stands in a text whatever its case, in bytes; no two overlap.
fn places(text: &str, word: &str) -> Vec<Range<usize>> {
    let wanted: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
    let mut found: Vec<Range<usize>> = Vec::new();
    if wanted.is_empty() {
        return found;
    }
    for (from, _) in text.char_indices() {
        if found.last().is_some_and(|last| from < last.end) {
            continue;
        }
        let mut wanted = wanted.iter();
        for (at, c) in text[from..].char_indices() {
            if !c.to_lowercase().all(|c| wanted.next() == Some(&c)) {
                break;
            }
            if wanted.len() == 0 {
                found.push(from..from + at + c.len_utf8());
                break;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::filter::WithPersona;
    use proptest::prelude::*;

    fn words(text: &str, is_typing: bool) -> Vec<String> {
        let search = Search::read(text, is_typing).unwrap();
        let written = |word: &Sought| {
            let end = if word.is_prefix { "…" } else { "" };
            format!("{}{end}", word.text)
        };
        search.words.iter().map(written).collect()
    }

    #[test]
    fn words_phrases_and_beginnings_are_told_apart() {
        assert_eq!(words("Rust life", true), ["rust", "life…"]);
        assert_eq!(words("Rust life ", true), ["rust", "life"]);
        assert_eq!(words("Rust life", false), ["rust", "life"]);
        assert_eq!(words("begin* x", false), ["begin*…", "x"]);
        assert_eq!(words("a \"Two words\" b", true), ["a", "b…", "two words"]);
        assert_eq!(words("a \"two wo", true), ["a", "two wo…"]);
        assert_eq!(words("\"two  wo ", false), ["two wo"]);
        assert_eq!(words("\" OR * -- ( ) NEAR", false), ["or * -- ( ) near"]);
        assert_eq!(words("* ( ^ :", true), Vec::<String>::new());
        assert_eq!(words("say\"hi\" now", true), ["say\"hi\"", "now…"]);
        assert_eq!(words("你好", true), ["你好…"]);
    }

    #[test]
    fn filter_words_are_no_words_of_the_search() {
        let search = Search::read("rust persona:\"Old friend\" role:USER li", true).unwrap();
        assert_eq!(search.role, Some(Role::User));
        assert_eq!(
            search.filter.personas,
            [WithPersona::Named("old friend".into())]
        );
        let found: Vec<&str> = search.words.iter().map(|w| w.text.as_str()).collect();
        assert_eq!(found, ["rust", "li"]);
        assert_eq!(words("life persona:Anna", true), ["life"]);
        assert_eq!(words("life role:ass", true), ["life"]);
        assert_eq!(words("life role:", false), ["life"]);
        // A colon alone makes no filter word.
        assert_eq!(words("std::mem http://x", false), ["std::mem", "http://x"]);
    }

    #[test]
    fn a_wrong_filter_word_is_shown_where_it_stands() {
        let wrong = Search::read("\"ä b\" role:boss x", true).unwrap_err();
        assert_eq!(&"\"ä b\" role:boss x"[wrong.range.clone()], "role:boss");
        assert!(wrong.remedy.contains("role:assistant"));
        let text = "\"ä b\" role:user after:soon x";
        let wrong = Search::read(text, true).unwrap_err();
        assert_eq!(
            (&text[wrong.range], &*wrong.term),
            ("after:soon", "after:soon")
        );
        // Not finished: only wrong when nobody types.
        assert!(Search::read("x after:2026-0", true).is_ok());
        assert!(Search::read("x after:2026-0", false).is_err());
        assert!(Search::read("x role:us", false).is_err());
    }

    #[test]
    fn a_snippet_lies_around_the_most_hits() {
        let text = format!(
            "{} one two\n\n  three {}",
            "early ".repeat(30),
            "late ".repeat(60)
        );
        let at = |word: &str| {
            let from = text.find(word).unwrap();
            from..from + word.len()
        };
        let cut = Snippet::cut(&text, &[0..5, at("one"), at("three")]);
        assert!(cut.text.starts_with("…early"), "{}", cut.text);
        assert!(cut.text.contains("one two three late"), "{}", cut.text);
        assert!(cut.text.ends_with('…'));
        let lit: Vec<&str> = cut.marks.iter().map(|m| &cut.text[m.clone()]).collect();
        assert_eq!(lit, ["one", "three"]);
        let short = Snippet::cut(" a\t b ", &[1..2, 4..5]);
        assert_eq!(
            (short.text.as_str(), short.marks),
            ("a b", vec![0..1, 2..3])
        );
        assert_eq!(Snippet::cut("nothing lit", &[]).text, "nothing lit");
    }

    #[test]
    fn titles_are_marked_when_they_hold_all_words() {
        let marks = |title: &str, text: &str| {
            let marks = Search::read(text, true).unwrap().marks_in_title(title);
            let lit = marks.into_iter().map(|mark| title[mark].to_owned());
            lit.collect::<Vec<_>>()
        };
        assert_eq!(
            marks("Rust Lifetimes, rust", "LIFE rust"),
            ["Rust", "Life", "rust"]
        );
        assert_eq!(marks("Grüße aus Köln", "köln GRÜSSE"), Vec::<String>::new());
        assert_eq!(marks("Grüße aus Köln", "köln GRÜßE"), ["Grüße", "Köln"]);
        assert_eq!(marks("学习中文", "中文"), ["中文"]);
        assert!(marks("anything", "").is_empty());
    }

    proptest! {
        #[test]
        fn any_text_can_be_searched_and_titles_are_cut_at_characters(
            text in "[a-z\"*: (äß你role:ATIONV\\-]{0,24}|\\PC{0,16}", title in "\\PC{0,24}"
        ) {
            for is_typing in [true, false] {
                if let Ok(search) = Search::read(&text, is_typing) {
                    for mark in search.marks_in_title(&title) {
                        prop_assert!(title.get(mark).is_some_and(|lit| !lit.is_empty()));
                    }
                }
            }
        }

        #[test]
        fn a_snippet_is_short_and_its_marks_are_pieces_of_the_text(
            text in "([a-zäß你 \n]{1,30}|\\PC{0,9}){0,20}", ends in prop::collection::vec(any::<prop::sample::Index>(), 0..6)
        ) {
            let bounds: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let mut ends: Vec<usize> = ends.iter().map(|end| *end.get(&bounds)).collect();
            ends.sort_unstable();
            let marks: Vec<Range<usize>> = ends.chunks_exact(2).map(|two| two[0]..two[1]).collect();
            let cut = Snippet::cut(&text, &marks);
            prop_assert!(cut.text.chars().count() <= LONGEST + 2);
            prop_assert!(!cut.text.contains('\n'));
            for mark in &cut.marks {
                let lit = cut.text.get(mark.clone()).unwrap();
                let source = text.split_whitespace().collect::<Vec<_>>().join(" ");
                prop_assert!(!lit.is_empty() && source.contains(lit.trim()));
            }
        }
    }
}
