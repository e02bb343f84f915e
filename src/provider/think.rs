//! Reasoning that a raw server leaves inside the text as `<think>…</think>`, told apart from the answer while it grows.
//!
//! The tag counts only where the answer begins with it. Where a chat template swallowed the opening tag, the closing
//! one on a line of its own, outside code, is taken out and a note says that reasoning ends there (`wire.md` 3.2).

use crate::domain::chat::Delta;

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";
/// Blanks before the first word that are held back while the tag may still come.
const MAX_BLANKS: usize = 64;

/// Said where the reasoning before a lone closing tag was already shown as text.
pub const NOTE: &str = "the model's reasoning ends here";

/// The state between two pieces of text.
#[derive(Default)]
pub struct Think {
    state: State,
    /// What may still turn out to be a tag; in `Answer` it is the whole current line.
    held: String,
    /// Something of the current line was passed on already.
    is_mid_line: bool,
    /// A code fence is open.
    in_code: bool,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum State {
    /// Nothing but blanks so far.
    #[default]
    Start,
    /// Reasoning, after the opening tag.
    Inside,
    /// After the closing tag: blank lines before the answer are dropped.
    Gap,
    /// The answer, where a lone closing tag may still come.
    Answer,
    /// The answer, where tags are words.
    Plain,
}

impl Think {
    /// The server tells reasoning apart by itself: from now on tags are words.
    pub fn disable(&mut self, out: &mut Vec<Delta>) {
        if matches!(self.state, State::Start | State::Answer) {
            text(std::mem::take(&mut self.held), out);
            self.state = State::Plain;
        }
    }

    /// Takes the next piece of text.
    pub fn push(&mut self, piece: &str, out: &mut Vec<Delta>) {
        match self.state {
            State::Start => self.at_start(piece, out),
            State::Inside => self.inside(piece, out),
            State::Gap => self.gap(piece, out),
            State::Answer if self.is_mid_line && !piece.contains('\n') => {
                text(piece.to_owned(), out);
            }
            State::Answer => self.answer(piece, out),
            State::Plain => text(piece.to_owned(), out),
        }
    }

    /// The answer is over: passes on what was held back.
    pub fn finish(&mut self, out: &mut Vec<Delta>) {
        let held = std::mem::take(&mut self.held);
        match self.state {
            State::Inside => reasoning(&held, out),
            State::Answer if is_lone(&held, CLOSE) => out.push(Delta::Note(NOTE.to_owned())),
            State::Start | State::Gap | State::Answer | State::Plain => text(held, out),
        }
        self.state = State::Plain;
    }

    fn at_start(&mut self, piece: &str, out: &mut Vec<Delta>) {
        self.held.push_str(piece);
        let words = self.held.trim_start();
        if let Some(rest) = words.strip_prefix(OPEN) {
            let rest = rest.to_owned();
            self.held.clear();
            self.state = State::Inside;
            return self.inside(&rest, out);
        }
        if OPEN.starts_with(words) && self.held.len() <= MAX_BLANKS {
            return;
        }
        let held = std::mem::take(&mut self.held);
        // An answer that came whole: the reasoning before the lone tag was not shown as text yet.
        if let Some((before, after)) = split_at_lone_close(&held) {
            reasoning(before, out);
            self.state = State::Gap;
            return self.gap(after, out);
        }
        self.state = State::Answer;
        self.answer(&held, out);
    }

    fn inside(&mut self, piece: &str, out: &mut Vec<Delta>) {
        self.held.push_str(piece);
        if let Some(at) = self.held.find(CLOSE) {
            let held = std::mem::take(&mut self.held);
            reasoning(&held[..at], out);
            self.state = State::Gap;
            return self.gap(&held[at + CLOSE.len()..], out);
        }
        let keep = (1..CLOSE.len())
            .rev()
            .find(|n| self.held.ends_with(&CLOSE[..*n]))
            .unwrap_or(0);
        let rest = self.held.split_off(self.held.len() - keep);
        reasoning(&self.held, out);
        self.held = rest;
    }

    fn gap(&mut self, piece: &str, out: &mut Vec<Delta>) {
        let rest = piece.trim_start_matches(['\n', '\r']);
        if !rest.is_empty() {
            self.state = State::Plain;
            text(rest.to_owned(), out);
        }
    }

    fn answer(&mut self, piece: &str, out: &mut Vec<Delta>) {
        self.held.push_str(piece);
        let all = std::mem::take(&mut self.held);
        let (mut shown, mut at) = (0, 0);
        for line in all.split_inclusive('\n') {
            let start = at;
            at += line.len();
            let is_whole = line.ends_with('\n');
            if std::mem::replace(&mut self.is_mid_line, !is_whole) {
                continue;
            }
            if !is_whole && may_tell(line) {
                self.is_mid_line = false;
                self.held.push_str(line);
                at = start;
                break;
            }
            if is_fence(line) {
                self.in_code = !self.in_code;
            } else if !self.in_code && is_lone(line, OPEN) {
                self.state = State::Plain;
                at = all.len();
                break;
            } else if !self.in_code && is_lone(line, CLOSE) {
                text(all[shown..start].to_owned(), out);
                out.push(Delta::Note(NOTE.to_owned()));
                shown = at;
                self.state = State::Gap;
                return self.gap(&all[shown..], out);
            }
        }
        text(all[shown..at].to_owned(), out);
        shown = at;
        debug_assert_eq!(&all[shown..], self.held, "nothing is lost");
    }
}

fn text(words: String, out: &mut Vec<Delta>) {
    if !words.is_empty() {
        out.push(Delta::Text(words));
    }
}

fn reasoning(words: &str, out: &mut Vec<Delta>) {
    if !words.is_empty() {
        out.push(Delta::Reasoning(words.to_owned()));
    }
}

fn is_lone(line: &str, tag: &str) -> bool {
    line.trim() == tag
}

fn is_fence(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("```") || line.starts_with("~~~")
}

/// Whether this beginning of a line may become a tag or a fence.
fn may_tell(line: &str) -> bool {
    let start = line.trim();
    line.len() <= 16
        && [CLOSE, OPEN, "```", "~~~"]
            .iter()
            .any(|whole| whole.starts_with(start))
}

fn split_at_lone_close(all: &str) -> Option<(&str, &str)> {
    let (mut at, mut in_code) = (0, false);
    for line in all.split_inclusive('\n') {
        if is_fence(line) {
            in_code = !in_code;
        } else if !in_code && is_lone(line, OPEN) {
            return None;
        } else if !in_code && is_lone(line, CLOSE) {
            return Some((&all[..at], &all[at + line.len()..]));
        }
        at += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Text, reasoning and the number of notes.
    fn told(pieces: &[&str]) -> (String, String, usize) {
        let (mut think, mut out) = (Think::default(), Vec::new());
        for piece in pieces {
            think.push(piece, &mut out);
        }
        think.finish(&mut out);
        let (mut words, mut thought, mut notes) = (String::new(), String::new(), 0);
        for delta in out {
            if let Delta::Text(piece) = delta {
                words.push_str(&piece);
            } else if let Delta::Reasoning(piece) = delta {
                thought.push_str(&piece);
            } else {
                notes += 1;
            }
        }
        (words, thought, notes)
    }

    fn by_chars(all: &str) -> (String, String, usize) {
        let pieces: Vec<String> = all.chars().map(String::from).collect();
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        told(&pieces)
    }

    #[test]
    fn an_answer_that_begins_with_the_tag_is_split() {
        for (all, words, thought) in [
            ("<think>\nhm\n</think>\n\nYes.", "Yes.", "\nhm\n"),
            (
                "\n <think>a<b</th</think>Yes </think>",
                "Yes </think>",
                "a<b</th",
            ),
            ("<think></think>Yes", "Yes", ""),
            ("<think>only", "", "only"),
            ("<think>cut </thi", "", "cut </thi"),
        ] {
            let expected = (words.to_owned(), thought.to_owned(), 0);
            assert_eq!(told(&[all]), expected, "{all}");
            assert_eq!(by_chars(all), expected, "{all}");
        }
    }

    #[test]
    fn a_tag_elsewhere_is_a_word() {
        for all in [
            "The tag <think> opens.",
            "Use `</think>` here.\nx",
            "```\n</think>\n```\nx",
            "<thinking> no",
            "  \n\n plain",
            "a\n<think>\nb\n</think>\nc",
            "<",
            "a\n</thin",
            "",
        ] {
            let expected = (all.to_owned(), String::new(), 0);
            assert_eq!(told(&[all]), expected, "{all}");
            assert_eq!(by_chars(all), expected, "{all}");
        }
    }

    #[test]
    fn a_lone_closing_tag_ends_reasoning() {
        let all = "hm\nso\n</think>\n\nYes.";
        assert_eq!(told(&[all]), ("Yes.".to_owned(), "hm\nso\n".to_owned(), 0));
        assert_eq!(by_chars(all), ("hm\nso\nYes.".to_owned(), String::new(), 1));
        assert_eq!(
            told(&["hm\n", "</think>"]),
            ("hm\n".to_owned(), String::new(), 1)
        );
    }

    #[test]
    fn a_server_that_tells_reasoning_apart_switches_tags_off() {
        let (mut think, mut out) = (Think::default(), Vec::new());
        think.push("<thi", &mut out);
        think.disable(&mut out);
        think.push("nk>x", &mut out);
        think.finish(&mut out);
        assert_eq!(
            out,
            [Delta::Text("<thi".into()), Delta::Text("nk>x".into())]
        );
    }

    proptest! {
        #[test]
        fn no_word_is_lost_however_it_is_split(
            parts in proptest::collection::vec(
                proptest::sample::select(vec!["a", "é", "\n", " ", "<", "`", "```", "</th", "think", ">", "日"]), 0..30),
        ) {
            let all = parts.concat();
            prop_assume!(!all.contains(OPEN) && !all.contains(CLOSE));
            prop_assert_eq!(told(&parts), (all.clone(), String::new(), 0));
            prop_assert_eq!(by_chars(&all), (all.clone(), String::new(), 0));
        }
    }
}
