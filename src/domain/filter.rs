//! The filter language of the list (spec V2), as far as it goes: words, and `persona:`.

use crate::domain::persona::NONE;

/// What a filter's text asks for. A row fits when all of it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Each has to stand in the title; in lower case.
    pub words: Vec<String>,
    pub personas: Vec<WithPersona>,
}

/// Which persona a conversation has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WithPersona {
    /// None.
    Nobody,
    /// One of this name, in lower case; where there is none, one whose name begins so.
    Named(String),
}

impl Filter {
    /// Reads a filter as it is typed: `rust persona:"Old friend" persona:none`. A quotation mark that is still open
    /// reaches to the end; `persona:` without a name asks for nothing yet.
    pub fn of(text: &str) -> Filter {
        let mut filter = Filter::default();
        for term in terms(text) {
            match term {
                Term::Word(word) => filter.words.push(word.to_lowercase()),
                Term::Persona { name: "", .. } => {}
                Term::Persona { name, is_quoted } => {
                    let name = name.to_lowercase();
                    filter.personas.push(match (name.as_str(), is_quoted) {
                        (NONE, false) => WithPersona::Nobody,
                        _ => WithPersona::Named(name),
                    });
                }
            }
        }
        filter
    }

    /// Whether everything fits.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.personas.is_empty()
    }
}

/// The text that asks for this persona, such as `persona:"Old friend"`.
pub fn persona_term(name: &str) -> String {
    let is_plain = !name.contains(char::is_whitespace) && !name.eq_ignore_ascii_case(NONE);
    if is_plain && !name.starts_with('"') {
        format!("{PERSONA}{name}")
    } else {
        format!("{PERSONA}\"{name}\"")
    }
}

const PERSONA: &str = "persona:";

enum Term<'a> {
    Word(&'a str),
    Persona { name: &'a str, is_quoted: bool },
}

fn terms(text: &str) -> Vec<Term<'_>> {
    let (mut terms, mut rest) = (Vec::new(), text.trim_start());
    while !rest.is_empty() {
        let is_persona = rest
            .get(..PERSONA.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(PERSONA));
        let after = rest.get(PERSONA.len()..).unwrap_or_default();
        let (term, left) = match after.strip_prefix('"') {
            Some(quoted) if is_persona => {
                let (name, left) = quoted.split_once('"').unwrap_or((quoted, ""));
                let is_quoted = true;
                let name = name.trim();
                (Term::Persona { name, is_quoted }, left)
            }
            _ => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                let (word, left) = rest.split_at(end);
                let term = if is_persona {
                    Term::Persona {
                        name: &word[PERSONA.len()..],
                        is_quoted: false,
                    }
                } else {
                    Term::Word(word)
                };
                (term, left)
            }
        };
        terms.push(term);
        rest = left.trim_start();
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn named(name: &str) -> WithPersona {
        WithPersona::Named(name.to_owned())
    }

    #[test]
    fn words_and_personas_are_told_apart() {
        let filter = Filter::of(" Rust persona:Anna  Über PERSONA:\"Old Friend\"x persona:none");
        assert_eq!(filter.words, ["rust", "über", "x"]);
        let whom = [named("anna"), named("old friend"), WithPersona::Nobody];
        assert_eq!(filter.personas, whom);
        assert_eq!(Filter::of("persona:\"none\"").personas, [named("none")]);
        // Half typed.
        assert!(Filter::of("persona: persona:\"").is_empty());
        assert_eq!(Filter::of("persona:\"old fr").personas, [named("old fr")]);
        assert_eq!(Filter::of("a persona").words, ["a", "persona"]);
    }

    proptest! {
        #[test]
        fn a_persona_is_found_by_the_term_made_for_it(name in "[a-zA-Z\u{e4}\u{597d}:' ]{1,12}") {
            let name = name.trim();
            prop_assume!(!name.is_empty());
            prop_assert_eq!(Filter::of(&persona_term(name)).personas, [named(&name.to_lowercase())]);
        }

        #[test]
        fn any_text_is_a_filter(text in any::<String>()) {
            let filter = Filter::of(&text);
            prop_assert!(filter.words.iter().all(|word| !word.contains(char::is_whitespace)));
        }
    }
}
