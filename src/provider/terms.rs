//! The words of a question that carry its subject, in the form the guide compares: small, without endings, each by
//! the manual's name for it.

use std::collections::{BTreeMap, BTreeSet};

/// Words that carry no subject.
const EMPTY: &str = "a about all also am an and any are as at be been but by call can could did do does doesn doing don \
    for from get give had has have how i if in into is isn it its just know let like ll made make may me my need no not \
    now of off ok on one or our out please program re s salon see seeing should show so some something t tell than that \
    the their them then there these they thing things this to too tool up us use used using ve very want was way we were \
    what when where which while who why will with without work works would you your help app anything explain";

/// What users say for what the manual calls by the first word of the row.
const SAME: &[&str] = &[
    "answer reply response output",
    "ask question",
    "retry regenerate redo rerun again",
    "another different other else switch",
    "conversation chat thread session dialog",
    "trash delete remove erase bin",
    "restore recover undelete undo back",
    "rename title retitle",
    "key apikey credential",
    "shortcut hotkey keybinding keyboard keymap",
    "line linebreak newline multiline break",
    "leave quit exit",
    "stop cancel abort interrupt cut halfway half finished",
    "send submit sent",
    "write written",
    "lose lost",
    "edit typo correct rewrite",
    "continue resume",
    "copy clipboard",
    "find search filter look",
    "model llm ai",
    "config configuration setting configure preference option toml",
    "colour color dark light contrast",
    "instruction system role",
    "shell script bash pipe cli stdin",
    "server local llama ollama lmstudio localhost cpp vllm",
    "draft unsent typed",
    "crash kill died",
    "version branch previous earlier",
    "prompt template library",
    "privacy telemetry private tracking collect",
    "pdf attachment attach image picture upload",
    "cost price money expensive cheap",
    "new start create begin",
    "guide chatgpt claude gemini bot robot",
    "password secret vault",
    "pane panel sidebar column",
    "add mistral groq deepseek azure",
];

/// Turns texts into terms.
#[derive(Debug)]
pub(super) struct Terms {
    empty: BTreeSet<&'static str>,
    /// The form of a word without its endings, and its common name.
    same: BTreeMap<String, String>,
}

impl Terms {
    pub(super) fn new() -> Terms {
        let mut same = BTreeMap::new();
        for row in SAME {
            let mut words = row.split(' ');
            let name = bare(words.next().unwrap_or(""));
            for word in words {
                same.insert(bare(word), name.clone());
            }
        }
        Terms {
            empty: EMPTY.split_whitespace().collect(),
            same,
        }
    }

    /// The terms of a text, in its order.
    pub(super) fn of(&self, text: &str) -> Vec<String> {
        split(text)
            .iter()
            .filter(|word| !self.empty.contains(word.as_str()))
            .map(|word| {
                let bare = bare(word);
                self.same.get(&bare).cloned().unwrap_or(bare)
            })
            .collect()
    }
}

/// The words of a text in small letters.
pub(super) fn split(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A word without the endings of plural, `-ing` and `-ed`, so that forms of one word are equal. What is left need not
/// be a word.
fn bare(word: &str) -> String {
    if !word.is_ascii() {
        return word.to_owned();
    }
    let long = |rest: &&str| rest.len() >= 3;
    let mut word = word;
    if !word.ends_with("ss") {
        word = word.strip_suffix('s').filter(long).unwrap_or(word);
    }
    for ending in ["ing", "ed"] {
        if let Some(rest) = word.strip_suffix(ending).filter(long) {
            word = rest;
            break;
        }
    }
    let mut letters = word.as_bytes().iter().rev();
    if let (Some(last), Some(before)) = (letters.next(), letters.next())
        && last == before
        && word.len() > 3
    {
        word = &word[..word.len() - 1];
    }
    word = word.strip_suffix('e').filter(long).unwrap_or(word);
    match word.strip_suffix('y').filter(long) {
        Some(rest) => format!("{rest}i"),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_word_are_one_term() {
        for forms in [
            &["stop", "stops", "stopped", "stopping"][..],
            &["delete", "deleted", "deleting", "deletes"],
            &["proxy", "proxies"],
            &["write", "writes", "writing"],
            &["press", "pressed"],
        ] {
            let all: BTreeSet<String> = forms.iter().map(|form| bare(form)).collect();
            assert_eq!(all.len(), 1, "{all:?}");
        }
    }

    #[test]
    fn subjects_are_kept_under_the_manuals_names() {
        let terms = Terms::new();
        assert_eq!(
            terms.of("How do I delete a chat?"),
            terms.of("trash the conversation")
        );
        assert!(terms.of("what can you do?").is_empty());
        assert_eq!(terms.of("größe"), ["größe"]);
    }

    #[test]
    fn no_word_has_two_names() {
        let mut seen = BTreeSet::new();
        for word in SAME.iter().flat_map(|row| row.split(' ')) {
            assert!(seen.insert(bare(word)), "{word}");
        }
    }
}
