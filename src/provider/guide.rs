//! The built-in guide (spec M3): finds the passages of the manual that fit a question. Not a language model: it
//! invents nothing, and where the manual has nothing it says so.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::chat::{ChatMessage, ChatRequest, Purpose};
use crate::domain::conversation::title_from_words;
use crate::domain::message::Role;
use crate::manual::{Manual, Passage};

/// Answers questions about salon; cheap to clone.
#[derive(Clone, Debug)]
pub struct Guide {
    index: Arc<Index>,
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

/// How the engine asks to go on with a stopped answer (decisions 2.20).
const GO_ON: &str = "Continue exactly where you stopped";

/// A passage is an answer when it holds at least this share of what the question asks, weighed by rareness.
const ENOUGH: f64 = 0.55;
/// A second passage is shown when it is nearly as good as the first.
const NEARLY: f64 = 0.8;
/// A word of the heading counts as much as this many in the text.
const HEADING: f64 = 6.0;

impl Guide {
    /// A guide that knows this manual.
    pub fn new(manual: Manual, pace: GuidePace) -> Guide {
        Guide {
            index: Arc::new(Index::of(manual)),
            pace,
        }
    }

    /// How fast it speaks.
    pub fn pace(&self) -> GuidePace {
        self.pace
    }

    /// The headings that fit a question, best first; empty when it knows nothing.
    pub fn find(&self, question: &str) -> Vec<&str> {
        let found = self.index.find(question).into_iter();
        found
            .map(|(at, _)| self.index.manual.passages()[at].heading)
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
        let found = self.index.find(question);
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
        let passage = &self.index.manual.passages()[at];
        format!("## {}\n\n{}", passage.heading, passage.text)
    }

    /// What is said when the manual has nothing: the pages, and a few headings of each.
    fn unknown(&self) -> String {
        let mut pages: Vec<(&str, Vec<&str>)> = Vec::new();
        for passage in self.index.manual.passages() {
            match pages.last_mut() {
                Some((page, headings)) if *page == passage.page => headings.push(passage.heading),
                _ => pages.push((passage.page, vec![passage.heading])),
            }
        }
        let line = |(page, headings): &(&str, Vec<&str>)| {
            let some: Vec<String> = headings.iter().take(3).map(|h| h.to_lowercase()).collect();
            format!("- **{page}**: {}", some.join(", "))
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
    manual: Manual,
    /// Of each passage: how often each word stands there, a heading's words weighed; and its length.
    counts: Vec<(BTreeMap<String, f64>, f64)>,
    /// The words of each heading.
    headings: Vec<Vec<String>>,
    /// In how many passages a word stands.
    spread: BTreeMap<String, f64>,
    mean_length: f64,
}

impl Index {
    fn of(manual: Manual) -> Index {
        let mut counts = Vec::new();
        let mut headings = Vec::new();
        let mut spread: BTreeMap<String, f64> = BTreeMap::new();
        for Passage { heading, text, .. } in manual.passages() {
            let heading = terms(heading);
            let mut here: BTreeMap<String, f64> = BTreeMap::new();
            let mut length = 0.0;
            for word in terms(text) {
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
            manual,
            counts,
            headings,
            spread,
            mean_length: total / f64::max(number, 1.0),
        }
    }

    /// How rare a word is; one that stands nowhere is the rarest.
    fn rareness(&self, word: &str) -> f64 {
        let number = self.counts.iter().fold(0.0, |sum, _| sum + 1.0);
        let with = self.spread.get(word).copied().unwrap_or(0.0);
        ((number - with + 0.5) / (with + 0.5) + 1.0).ln()
    }

    /// The passages that answer a question, best first, with their scores.
    fn find(&self, question: &str) -> Vec<(usize, f64)> {
        let mut asked = terms(question);
        asked.sort();
        asked.dedup();
        let weights: Vec<f64> = asked.iter().map(|word| self.rareness(word)).collect();
        let whole: f64 = weights.iter().sum();
        let mut found = Vec::new();
        for (at, (counts, length)) in self.counts.iter().enumerate() {
            let (mut score, mut held) = (0.0, 0.0);
            for (word, weight) in asked.iter().zip(&weights) {
                let Some(count) = counts.get(word) else {
                    continue;
                };
                let size = 0.4 + 0.6 * length / self.mean_length;
                score += weight * count * 2.2 / (count + 1.2 * size);
                held += weight;
            }
            if whole > 0.0 && held / whole >= ENOUGH {
                found.push((at, score * (1.0 + self.in_heading(at, &asked))));
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

/// Words that carry no subject.
const EMPTY: &[&str] = &[
    "a",
    "about",
    "again",
    "all",
    "also",
    "am",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "been",
    "but",
    "by",
    "can",
    "could",
    "did",
    "do",
    "does",
    "doesn",
    "doing",
    "don",
    "for",
    "from",
    "get",
    "give",
    "go",
    "had",
    "has",
    "have",
    "here",
    "how",
    "i",
    "if",
    "in",
    "into",
    "is",
    "isn",
    "it",
    "its",
    "just",
    "know",
    "let",
    "like",
    "ll",
    "make",
    "made",
    "may",
    "me",
    "my",
    "need",
    "no",
    "not",
    "of",
    "off",
    "on",
    "one",
    "or",
    "our",
    "out",
    "please",
    "re",
    "s",
    "salon",
    "see",
    "should",
    "show",
    "so",
    "some",
    "t",
    "tell",
    "than",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "these",
    "they",
    "thing",
    "this",
    "to",
    "too",
    "up",
    "us",
    "use",
    "ve",
    "want",
    "was",
    "way",
    "we",
    "were",
    "what",
    "when",
    "where",
    "which",
    "while",
    "who",
    "why",
    "will",
    "with",
    "without",
    "would",
    "you",
    "your",
    "something",
    "anything",
    "program",
    "app",
    "tool",
];

/// Words users say for what the manual calls by the first word of the row.
const SAME: &[&[&str]] = &[
    &[
        "answer", "reply", "response", "output", "answered", "replie",
    ],
    &["ask", "asking", "asked", "question", "prompted"],
    &["retry", "regenerate", "redo", "rerun", "another"],
    &["conversation", "chat", "thread", "session", "dialog"],
    &[
        "trash", "delete", "deleted", "deleting", "remove", "removing", "erase", "bin",
    ],
    &["restore", "recover", "undelete", "undo", "back", "getting"],
    &["rename", "renaming", "title", "titled", "retitle"],
    &[
        "key",
        "apikey",
        "shortcut",
        "hotkey",
        "keybinding",
        "keyboard",
        "keymap",
        "credential",
    ],
    &["line", "linebreak", "newline", "multiline", "break"],
    &["quit", "exit", "leave", "leaving", "close", "end", "q"],
    &[
        "stop",
        "stopping",
        "stopped",
        "cancel",
        "cancelled",
        "abort",
        "interrupt",
        "interrupted",
        "cut",
        "halfway",
        "half",
        "finished",
    ],
    &["send", "sending", "submit", "sent"],
    &["paste", "pasting", "pasted"],
    &[
        "edit", "editing", "typo", "mistake", "correct", "change", "changing", "rewrite",
    ],
    &["copy", "copying", "clipboard", "yank", "copied"],
    &["find", "finding", "search", "filter", "look", "searching"],
    &["model", "llm", "ai"],
    &[
        "config",
        "configuration",
        "setting",
        "configure",
        "preference",
        "option",
        "toml",
        "setup",
    ],
    &["colour", "color", "theme", "dark", "light"],
    &["instruction", "system", "persona", "role"],
    &[
        "shell", "script", "bash", "pipe", "terminal", "command", "cli", "stdin",
    ],
    &[
        "server",
        "local",
        "llama",
        "ollama",
        "lmstudio",
        "localhost",
        "cpp",
        "vllm",
    ],
    &["draft", "unsent", "typed", "typing"],
    &["crash", "crashe", "kill", "killed", "power", "died"],
    &[
        "version", "branch", "sibling", "branches", "previous", "earlier", "old",
    ],
    &["switch", "using", "different", "other"],
    &["prompt", "template", "library"],
    &[
        "leave_machine",
        "telemetry",
        "privacy",
        "private",
        "tracking",
        "collect",
    ],
    &[
        "pdf",
        "attachment",
        "attach",
        "image",
        "picture",
        "file_upload",
        "upload",
    ],
    &["cost", "price", "pricing", "money", "expensive", "cheap"],
    &["new", "start", "starting", "create", "begin"],
    &[
        "guide", "chatgpt", "claude", "gemini", "human", "bot", "robot",
    ],
    &["password", "secret", "vault", "keyring"],
];

/// Lower-case words of a text.
fn split(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The words that carry the subject: without empty ones, without a plural's `s`, each by its common name.
fn terms(text: &str) -> Vec<String> {
    split(text)
        .into_iter()
        .filter(|word| !EMPTY.contains(&word.as_str()))
        .map(|word| {
            let one = match word.strip_suffix('s') {
                Some(one) if one.len() >= 3 && !one.ends_with('s') => one.to_owned(),
                _ => word,
            };
            let row = SAME.iter().find(|row| row.contains(&one.as_str()));
            row.map_or(one, |row| row[0].to_owned())
        })
        .collect()
}
