//! The built-in guide (spec M3): finds the passages of the manual that fit a question. Not a language model: it
//! invents nothing, and where the manual has nothing it says so.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::domain::chat::{ChatMessage, ChatRequest, Purpose};
use crate::domain::conversation::title_from_words;
use crate::domain::message::Role;
use crate::manual::{Manual, Passage};
use crate::provider::terms::{Terms, split};

/// Answers questions about salon; cheap to make and to clone.
#[derive(Clone, Debug)]
pub struct Guide {
    manual: Manual,
    /// Made for the first question.
    index: Arc<OnceLock<Index>>,
    pace: GuidePace,
}

/// How fast the guide speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuidePace {
    WordsPerSecond(u32),
    AtOnce,
}

/// Stands at the end of the first answer of a conversation.
const LABEL: &str = "*built-in guide, not a language model*";

/// The passage for questions without a subject.
const OVERVIEW: &str = "What I can do here";

/// How the engine asks to go on with a stopped answer (decisions 2.20).
const GO_ON: &str = "Continue exactly where you stopped";

/// A passage is an answer when it holds at least this share of what the question asks, weighed by rareness.
const ENOUGH: f64 = 0.5;
/// A second passage is shown when it is nearly as good as the first.
const NEARLY: f64 = 0.8;
/// The weight of a word that the manual does not have.
const STRANGE: f64 = 2.0;
/// The weight of a word that stands in a few passages only.
const RARE: f64 = 2.5;
/// A word of the heading counts as much as this many in the text.
const HEADING: f64 = 6.0;

impl Guide {
    /// A guide that knows this manual.
    pub fn new(manual: Manual, pace: GuidePace) -> Guide {
        Guide {
            manual,
            index: Arc::default(),
            pace,
        }
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::of(self.manual.passages()))
    }

    /// How fast it speaks.
    pub fn pace(&self) -> GuidePace {
        self.pace
    }

    /// The headings that fit a question, best first; empty when it knows nothing.
    pub fn find(&self, question: &str) -> Vec<&str> {
        let found = self.index().find(question).into_iter();
        found
            .map(|(at, _)| self.manual.passages()[at].heading)
            .collect()
    }

    /// The whole answer to the last question, or a title for the first, as markdown. Takes no noticeable time.
    pub fn answer(&self, request: &ChatRequest) -> String {
        if request.purpose == Purpose::Title {
            return title(&request.messages);
        }
        match request.messages.as_slice() {
            [before @ .., question, kept, go_on]
                if kept.role == Role::Assistant && go_on.text.starts_with(GO_ON) =>
            {
                let whole = self.whole(before, &question.text);
                match whole.strip_prefix(kept.text.as_str()) {
                    Some(rest) => rest.to_owned(),
                    None => whole,
                }
            }
            [before @ .., question] => self.whole(before, &question.text),
            [] => self.whole(&[], ""),
        }
    }

    /// The answer, with the label if it is the first one.
    fn whole(&self, before: &[ChatMessage], question: &str) -> String {
        let answer = self.reply(question);
        let is_first = before.iter().all(|message| message.role != Role::Assistant);
        if is_first {
            format!("{answer}\n\n{LABEL}")
        } else {
            answer
        }
    }

    fn reply(&self, question: &str) -> String {
        if let Some(words) = courtesy(question) {
            return words.to_owned();
        }
        if self.index().terms.of(question).is_empty() {
            return self.overview();
        }
        let found = self.index().find(question);
        let Some((first, best)) = found.first() else {
            return self.unknown();
        };
        let mut answer = self.passage(*first);
        if let Some((second, score)) = found.get(1)
            && *score >= best * NEARLY
        {
            answer = format!("{answer}\n\n{}", self.passage(*second));
        }
        answer
    }

    fn passage(&self, at: usize) -> String {
        let passage = &self.manual.passages()[at];
        format!("## {}\n\n{}", passage.heading, passage.text)
    }

    /// What is said to a question without a subject, such as "what can you do?".
    fn overview(&self) -> String {
        let passages = self.manual.passages().iter();
        let at = passages.map(|p| p.heading).position(|h| h == OVERVIEW);
        at.map_or_else(|| self.unknown(), |at| self.passage(at))
    }

    /// What is said when the manual has nothing: the pages, and a few headings of each.
    fn unknown(&self) -> String {
        let mut pages: Vec<(&str, Vec<&str>)> = Vec::new();
        for passage in self.manual.passages() {
            match pages.last_mut() {
                Some((page, headings)) if *page == passage.page => headings.push(passage.heading),
                _ => pages.push((passage.page, vec![passage.heading])),
            }
        }
        let line = |(page, headings): &(&str, Vec<&str>)| {
            let some: Vec<&str> = headings.iter().take(3).copied().collect();
            format!("- **{page}**: {}", some.join(" · "))
        };
        let pages: Vec<String> = pages.iter().map(line).collect();
        format!(
            "I don't know that. I am no language model and only know salon's own manual. You can ask me about:\n\n{}",
            pages.join("\n")
        )
    }
}

/// Answers to a greeting or thanks and nothing else.
fn courtesy(question: &str) -> Option<&'static str> {
    let words = split(question);
    let all = |known: &[&str]| {
        !words.is_empty()
            && words.len() <= 4
            && words.iter().all(|word| known.contains(&word.as_str()))
    };
    let hello = [
        "hello", "hi", "hey", "hallo", "good", "morning", "day", "evening", "there", "you",
        "salon", "guide", "moin",
    ];
    let thanks = [
        "thanks", "thank", "you", "thx", "very", "much", "ok", "okay", "great", "danke",
    ];
    if all(&hello) {
        return Some(
            "Hello. I know salon's manual: ask me how something is done here, such as \"how do I set a key?\" or \
             \"what can I do here?\".",
        );
    }
    all(&thanks).then_some("You are welcome.")
}

/// A title out of the first question's own words; a question in `<question>` marks is taken out of them.
fn title(messages: &[ChatMessage]) -> String {
    let first = messages.iter().find(|message| message.role == Role::User);
    let text = first.map_or("", |message| message.text.as_str());
    let inside = text
        .split_once("<question>")
        .map(|(_, after)| after.split("</question>").next().unwrap_or(after));
    title_from_words(inside.unwrap_or(text))
}

/// BM25 over the passages, headings weighed more.
#[derive(Debug)]
struct Index {
    terms: Terms,
    /// Of each passage: how often each word stands there, a heading's words weighed; and its length.
    counts: Vec<(BTreeMap<String, f64>, f64)>,
    /// The words of each heading.
    headings: Vec<Vec<String>>,
    /// In how many passages a word stands.
    spread: BTreeMap<String, f64>,
    mean_length: f64,
}

impl Index {
    fn of(passages: &[Passage]) -> Index {
        let terms = Terms::new();
        let mut counts = Vec::new();
        let mut headings = Vec::new();
        let mut spread: BTreeMap<String, f64> = BTreeMap::new();
        for Passage { heading, text, .. } in passages {
            let heading = terms.of(heading);
            let mut here: BTreeMap<String, f64> = BTreeMap::new();
            let mut length = 0.0;
            // A list of keys or names mentions everything and explains nothing.
            let is_told = |line: &&str| !line.starts_with("- `");
            let told: Vec<&str> = text.lines().filter(is_told).collect();
            for word in terms.of(&told.join("\n")) {
                *here.entry(word).or_default() += 1.0;
                length += 1.0;
            }
            for word in &heading {
                *here.entry(word.clone()).or_default() += HEADING;
            }
            for word in here.keys() {
                *spread.entry(word.clone()).or_default() += 1.0;
            }
            headings.push(heading);
            counts.push((here, length));
        }
        let total: f64 = counts.iter().map(|(_, length)| length).sum();
        let number = counts.iter().fold(0.0, |sum, _| sum + 1.0);
        Index {
            terms,
            counts,
            headings,
            spread,
            mean_length: total / f64::max(number, 1.0),
        }
    }

    /// How rare a word is. One that stands nowhere weighs as little as a frequent one: people wrap questions in words.
    fn rareness(&self, word: &str) -> f64 {
        let Some(with) = self.spread.get(word) else {
            return STRANGE;
        };
        let number = self.counts.iter().fold(0.0, |sum, _| sum + 1.0);
        ((number - with + 0.5) / (with + 0.5) + 1.0).ln()
    }

    /// The passages that answer a question, best first, with their scores.
    fn find(&self, question: &str) -> Vec<(usize, f64)> {
        let mut asked = self.terms.of(question);
        asked.sort();
        asked.dedup();
        let weights: Vec<f64> = asked.iter().map(|word| self.rareness(word)).collect();
        let whole = weights.iter().sum::<f64>().max(1.0);
        let mut found = Vec::new();
        for (at, (counts, length)) in self.counts.iter().enumerate() {
            let (mut score, mut held, mut words) = (0.0, 0.0, 0);
            for (word, weight) in asked.iter().zip(&weights) {
                let Some(count) = counts.get(word) else {
                    continue;
                };
                let size = 0.4 + 0.6 * length / self.mean_length;
                score += weight * count * 2.2 / (count + 1.2 * size);
                held += weight;
                words += 1;
            }
            let in_heading = self.in_heading(at, &asked);
            // One frequent word somewhere in a text says little.
            let is_about = words >= 2 || in_heading > 0.0 || (asked.len() == 1 && held > RARE);
            if is_about && held / whole >= ENOUGH {
                found.push((at, score * (1.0 + in_heading)));
            }
        }
        found.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        found
    }

    /// The share of a heading's words that the question has, weighed by rareness.
    fn in_heading(&self, at: usize, asked: &[String]) -> f64 {
        let heading = &self.headings[at];
        let sum = |words: &mut dyn Iterator<Item = &String>| -> f64 {
            words.map(|word| self.rareness(word)).sum()
        };
        let all = sum(&mut heading.iter());
        let held = sum(&mut heading.iter().filter(|word| asked.contains(word)));
        if all > 0.0 { held / all } else { 0.0 }
    }
}
