//! Salon's own manual: the pages of `assets/guide`, cut at their headings, with the keys of this salon filled in.

use std::sync::{Arc, OnceLock};

use crate::keys::{Action, Context, KeyMap, LADDERS};

/// The pages in their order. A page begins with `# Title`; each `## Heading` begins a passage.
const PAGES: [&str; 16] = [
    include_str!("../assets/guide/01-welcome.md"),
    include_str!("../assets/guide/02-writing.md"),
    include_str!("../assets/guide/03-answers.md"),
    include_str!("../assets/guide/04-models.md"),
    include_str!("../assets/guide/05-conversations.md"),
    include_str!("../assets/guide/14-personas.md"),
    include_str!("../assets/guide/15-prompts.md"),
    include_str!("../assets/guide/06-leaving.md"),
    include_str!("../assets/guide/07-config.md"),
    include_str!("../assets/guide/08-keys.md"),
    include_str!("../assets/guide/09-screen.md"),
    include_str!("../assets/guide/10-shell.md"),
    include_str!("../assets/guide/11-privacy.md"),
    include_str!("../assets/guide/12-trouble.md"),
    include_str!("../assets/guide/13-limits.md"),
    include_str!("../assets/guide/16-sync.md"),
];

/// The manual; cheap to make and to clone, it is filled in when it is first read.
#[derive(Clone, Debug)]
pub struct Manual {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    keys: KeyMap,
    passages: OnceLock<Vec<Passage>>,
}

/// What the manual says under one heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    pub page: &'static str,
    pub heading: &'static str,
    /// Markdown, without the heading.
    pub text: String,
}

impl Manual {
    /// The manual for this key map; give the one without what the terminal cannot deliver.
    pub fn new(keys: &KeyMap) -> Manual {
        Manual {
            inner: Arc::new(Inner {
                keys: keys.clone(),
                passages: OnceLock::new(),
            }),
        }
    }

    /// All passages, in the order of the pages.
    pub fn passages(&self) -> &[Passage] {
        let pages = || PAGES.iter().flat_map(|page| cut(page, &self.inner.keys));
        self.inner.passages.get_or_init(|| pages().collect())
    }
}

fn cut(page: &'static str, keys: &KeyMap) -> Vec<Passage> {
    let mut parts = page.split("\n## ");
    let title = parts.next().unwrap_or("").trim_start_matches('#').trim();
    parts
        .map(|part| {
            let (heading, text) = part.split_once('\n').unwrap_or((part, ""));
            Passage {
                page: title,
                heading: heading.trim(),
                text: fill(text.trim(), keys),
            }
        })
        .collect()
}

/// Fills `{key:ID}`, `{key:ID@context}`, `{keys:ID}`, `{table:context}`, `{words}` and `{actions}`; other braces stay.
fn fill(text: &str, keys: &KeyMap) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let filled = after
            .split_once('}')
            .and_then(|(name, rest)| Some((value_of(name, keys)?, rest)));
        rest = match filled {
            Some((value, rest)) => {
                out.push_str(&value);
                rest
            }
            None => {
                out.push('{');
                after
            }
        };
    }
    out.push_str(rest);
    out
}

/// What stands for a placeholder; `None` when it is none.
fn value_of(name: &str, keys: &KeyMap) -> Option<String> {
    match name {
        "words" => return Some(words()),
        "actions" => return Some(actions()),
        _ => {}
    }
    let (kind, argument) = name.split_once(':')?;
    match kind {
        "key" => {
            let (id, context) = argument.split_once('@').unwrap_or((argument, ""));
            let action = Action::of_id(id)?;
            let here = context_of(context).and_then(|c| keys.keys_of(c, action).into_iter().next());
            Some(here.unwrap_or_else(|| road(action, keys)))
        }
        "keys" => {
            let action = Action::of_id(argument)?;
            let all = keys.keys_of(*action.contexts().first()?, action);
            Some(in_marks(&all))
        }
        "table" => Some(table(context_of(argument)?, keys)),
        _ => None,
    }
}

fn context_of(name: &str) -> Option<Context> {
    Context::ALL
        .into_iter()
        .find(|context| context.name() == name)
}

/// The key for an action, else its word.
fn road(action: Action, keys: &KeyMap) -> String {
    let word = || action.word().map(|word| format!("/{word}"));
    keys.first_key(action)
        .or_else(word)
        .unwrap_or_else(|| "(no key)".to_owned())
}

fn in_marks(keys: &[String]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    keys.join(", ")
}

fn words() -> String {
    let line = |(word, action): (&str, Action)| format!("- `/{word}`: {}", low(action.about()));
    Action::words().map(line).collect::<Vec<_>>().join("\n")
}

fn actions() -> String {
    let line = |action: &Action| format!("- `{}`: {}", action.id(), low(action.about()));
    Action::ALL.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The keys bound in a context, as a list; Esc and Ctrl+C stand under `Everywhere`.
fn table(context: Context, keys: &KeyMap) -> String {
    let mut lines: Vec<String> = keys
        .bound(context)
        .iter()
        .filter(|(action, _)| action.is_shown())
        .map(|(action, keys)| format!("- {}: {}", in_marks(keys), low(action.about())))
        .collect();
    if context == Context::Everywhere {
        let ladders = LADDERS.iter();
        lines.extend(ladders.map(|one| format!("- `{}`: {}", one.key, low(one.about))));
    }
    lines.join("\n")
}

/// A sentence as part of a list, with a small first letter.
fn low(sentence: &str) -> String {
    let mut chars = sentence.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn manual() -> Manual {
        Manual::new(&KeyMap::shipped().deliverable(false))
    }

    #[test]
    fn every_placeholder_is_filled_and_every_passage_says_something() {
        let mut headings = BTreeSet::new();
        for passage in manual().passages() {
            assert!(
                headings.insert(passage.heading),
                "{} twice",
                passage.heading
            );
            assert!(!passage.page.is_empty() && !passage.heading.contains('{'));
            assert!(passage.text.len() > 40, "{}", passage.heading);
            for mark in ["{key", "{table", "{words", "{actions", "(no key)", "\n# "] {
                assert!(!passage.text.contains(mark), "{}: {mark}", passage.heading);
            }
        }
        assert!(headings.len() > 60);
    }

    #[test]
    fn keys_are_those_of_the_key_map() {
        let newline = |manual: &Manual| {
            let find = |p: &&Passage| p.heading == "Starting a new line";
            manual.passages().iter().find(find).unwrap().text.clone()
        };
        assert!(newline(&manual()).contains("`Ctrl+J`"));
        assert!(!newline(&manual()).contains("`Shift+Enter`"));
        let user = "[composer]\n\"f9\" = \"composer.newline\"\n";
        let (keys, _) = KeyMap::load(&KeyMap::shipped(), user);
        assert!(newline(&Manual::new(&keys)).starts_with("`F9`"));
    }

    #[test]
    fn unbound_actions_are_named_by_their_word_and_other_braces_stay() {
        let user = "[everywhere]\n\"ctrl+x q\" = \"none\"\n";
        let (keys, _) = KeyMap::load(&KeyMap::shipped(), user);
        assert_eq!(
            fill("`{key:app.quit}` {text} {a:b} {", &keys),
            "`/quit` {text} {a:b} {"
        );
        assert_eq!(fill("{key:chat.retry@transcript}", &keys), "r");
        assert_eq!(fill("{key:chat.retry}", &keys), "Ctrl+X r");
    }
}
