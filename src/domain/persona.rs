//! Personas: whom one talks to, and the exact system text a persona adds (spec section 4).

use serde::{Deserialize, Serialize};

use crate::domain::clean::Clean;
use crate::domain::conversation::Sampling;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::PersonaId;
use crate::domain::model::ModelRef;
use crate::domain::usage::Money;
use crate::domain::when::Millis;

/// Longest name, in characters.
pub const NAME: usize = 100;
/// Longest description, own instructions, and edited system text, in characters each.
pub const TEXT: usize = 50_000;
/// The word that stands for no persona, in `persona:none` and wherever a name is given; no persona has it as its name.
pub const NONE: &str = "none";

/// How a persona stands to the user (spec P1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relationship {
    Parent,
    Spouse,
    Child,
    Sibling,
    #[default]
    Friend,
    Colleague,
    Other,
}

impl Relationship {
    /// All of them, in the order they are offered.
    pub const ALL: [Relationship; 7] = [
        Relationship::Parent,
        Relationship::Spouse,
        Relationship::Child,
        Relationship::Sibling,
        Relationship::Friend,
        Relationship::Colleague,
        Relationship::Other,
    ];

    /// The word in the store, in `--json` and on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Relationship::Parent => "parent",
            Relationship::Spouse => "spouse",
            Relationship::Child => "child",
            Relationship::Sibling => "sibling",
            Relationship::Friend => "friend",
            Relationship::Colleague => "colleague",
            Relationship::Other => "other",
        }
    }

    /// The behaviour lines that the relationship adds (spec P2), as they are shipped; `{name}` stands for the name.
    fn lines(self) -> &'static str {
        match self {
            Relationship::Parent => include_str!("../../assets/personas/parent.txt"),
            Relationship::Spouse => include_str!("../../assets/personas/spouse.txt"),
            Relationship::Child => include_str!("../../assets/personas/child.txt"),
            Relationship::Sibling => include_str!("../../assets/personas/sibling.txt"),
            Relationship::Friend => include_str!("../../assets/personas/friend.txt"),
            Relationship::Colleague => include_str!("../../assets/personas/colleague.txt"),
            Relationship::Other => include_str!("../../assets/personas/other.txt"),
        }
    }

    /// The relationship of that word.
    pub fn of(word: &str) -> Option<Relationship> {
        Relationship::ALL
            .into_iter()
            .find(|relationship| relationship.word() == word)
    }
}

/// What a person writes about a persona.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// One line, 1 to `NAME` characters, no other persona outside the trash has it.
    pub name: String,
    pub relationship: Relationship,
    pub description: String,
    pub instructions: String,
    /// The user's edit of the made text; `None` = made from the fields (spec P2).
    pub system_text: Option<String>,
    /// Taken over when the persona is chosen.
    pub model: Option<ModelRef>,
    /// 0 to 2; taken over when the persona is chosen.
    pub temperature: Option<f64>,
}

impl Profile {
    /// The same as it is kept: no blanks around the name, nothing that is empty in place of `None`.
    #[must_use]
    pub fn tidied(mut self) -> Profile {
        self.name = self.name.trim().to_owned();
        self.system_text = self.system_text.filter(|text| !text.trim().is_empty());
        self
    }

    /// Refuses what cannot be kept, naming the rule. Whether another persona has the name is not seen here.
    pub fn check(&self) -> Result<(), Failure> {
        let bad =
            |title: String, remedy: &str| Err(Failure::new(FailureKind::Input, title, remedy));
        let length = self.name.chars().count();
        if self.name.trim().is_empty() {
            return bad("The persona has no name".to_owned(), "Give it a name.");
        }
        if length > NAME {
            let title = format!("The name has {length} characters");
            return bad(title, &format!("Take one of at most {NAME}."));
        }
        if self.name.chars().any(|c| c == '\n' || Clean::changes(c)) {
            let title = "The name holds line ends or control characters".to_owned();
            return bad(title, "Write it on one line, in characters one can see.");
        }
        if self.name.trim() != self.name {
            let title = "The name begins or ends with a blank".to_owned();
            return bad(title, "Take the blank away.");
        }
        if self.name.eq_ignore_ascii_case(NONE) {
            let title = format!("`{}` stands for no persona", self.name);
            return bad(title, "Take another name.");
        }
        let edited = self.system_text.as_deref().unwrap_or_default();
        for (what, text) in [
            ("description", self.description.as_str()),
            ("instructions", self.instructions.as_str()),
            ("system text", edited),
        ] {
            let length = text.chars().count();
            if length > TEXT {
                let title = format!("Too long, {length} characters: the {what}");
                return bad(title, &format!("Take at most {TEXT}."));
            }
        }
        Sampling {
            temperature: self.temperature,
            ..Sampling::default()
        }
        .check()
    }

    /// The exact system text that name, relationship, description and instructions make (spec P2). A part that is
    /// empty leaves no trace.
    pub fn made_text(&self) -> String {
        // The name is put in before the user's words are there, which may hold `{name}` themselves.
        let mut text = self.relationship.lines().replace("{name}", &self.name);
        text.truncate(text.trim_end().len());
        for (heading, words) in [
            (format!("About {}:", self.name), &self.description),
            ("Further instructions:".to_owned(), &self.instructions),
        ] {
            let words = words.trim();
            if !words.is_empty() {
                text.push_str(&format!("\n\n{heading}\n{words}"));
            }
        }
        text
    }

    /// The exact system text this persona adds: the user's edit, else the made text.
    pub fn system(&self) -> String {
        match &self.system_text {
            Some(text) if !text.trim().is_empty() => text.clone(),
            Some(_) | None => self.made_text(),
        }
    }

    /// Name and relationship on one line, such as `Alex · friend`; not yet safe for a terminal.
    pub fn heading(&self) -> String {
        format!("{} · {}", self.name, self.relationship.word())
    }
}

/// A persona.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Persona {
    pub id: PersonaId,
    pub profile: Profile,
    /// It came from a character card.
    pub is_imported: bool,
    pub created_at: Millis,
    pub updated_at: Millis,
    pub trashed_at: Option<Millis>,
}

/// A persona and what was talked with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PersonaListed {
    pub persona: Persona,
    /// Its conversations outside the trash.
    pub conversations: u64,
    /// Their newest activity.
    pub last_at: Option<Millis>,
    /// Sums over its requests.
    pub tokens_in: u64,
    pub tokens_out: u64,
    pub cost: Money,
    /// Requests whose price is not known.
    pub unpriced: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of spec P2.
    const WORDS: [(Relationship, &[&str]); 7] = [
        (
            Relationship::Parent,
            &[
                "Caring",
                "Nurturing",
                "Gives advice when asked",
                "Concerned for the user's well-being",
                "Supportive",
                "Protective",
            ],
        ),
        (
            Relationship::Spouse,
            &[
                "Loving",
                "Romantic",
                "Understanding",
                "Supportive",
                "Shares joys and concerns",
                "Intimate and personal",
            ],
        ),
        (
            Relationship::Child,
            &[
                "Curious",
                "Energetic",
                "Asks questions",
                "Enthusiastic about learning",
                "Playful",
                "Innocent",
            ],
        ),
        (
            Relationship::Sibling,
            &[
                "Friendly",
                "Supportive",
                "Shares experiences",
                "Gives brotherly or sisterly advice",
                "Casual",
                "Familiar",
            ],
        ),
        (
            Relationship::Friend,
            &[
                "Supportive",
                "Fun",
                "A companion",
                "Casual",
                "Trustworthy",
                "Reliable",
            ],
        ),
        (
            Relationship::Colleague,
            &[
                "Professional",
                "Helpful",
                "Keeps to work",
                "Collaborative",
                "Respectful",
                "Formal",
            ],
        ),
        (
            Relationship::Other,
            &[
                "Supportive",
                "Engaging",
                "Follows the description",
                "Flexible",
            ],
        ),
    ];

    fn alex() -> Profile {
        Profile {
            name: "Alex".to_owned(),
            ..Profile::default()
        }
    }

    #[test]
    fn every_word_of_the_relationship_has_its_behaviour_line_and_no_other_line_is_there() {
        assert_eq!(
            WORDS.map(|(relationship, _)| relationship),
            Relationship::ALL
        );
        for (relationship, words) in WORDS {
            let text = Profile {
                relationship,
                ..alex()
            }
            .made_text();
            let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("- ")).collect();
            assert_eq!(lines.len(), words.len(), "{text}");
            for (line, word) in lines.iter().zip(words) {
                let rest = line.strip_prefix(&format!("- {word}: "));
                assert!(rest.is_some_and(|rest| rest.len() > 20), "{word}: {line}");
                assert!(line.ends_with('.'), "{line}");
            }
        }
    }

    #[test]
    fn the_made_text_holds_all_that_was_written_and_nothing_hidden() {
        for relationship in Relationship::ALL {
            let profile = Profile {
                relationship,
                description: "Grew up in Lisbon.\n{name} stays as it is.\n".to_owned(),
                instructions: " Never use emoji. ".to_owned(),
                ..alex()
            };
            let path = format!(
                "{}/tests/personas/{}.txt",
                env!("CARGO_MANIFEST_DIR"),
                relationship.word()
            );
            let golden = std::fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(profile.made_text(), golden.trim_end(), "{path}");
        }
        let short = alex().made_text();
        assert!(
            !short.contains("About") && !short.contains("Further"),
            "{short}"
        );
        assert!(short.starts_with("You are Alex, a friend of the user."));
    }

    #[test]
    fn an_edited_text_takes_the_place_of_the_made_one_until_it_is_empty() {
        let mut profile = alex();
        profile.system_text = Some("You are a parrot.".to_owned());
        assert_eq!(profile.system(), "You are a parrot.");
        profile.system_text = Some(" \n".to_owned());
        assert_eq!(profile.system(), profile.made_text());
        assert_eq!(profile.tidied().system_text, None);
    }

    #[test]
    fn what_cannot_be_kept_is_refused_with_its_rule() {
        let named = |name: &str| Profile {
            name: name.to_owned(),
            ..Profile::default()
        };
        let long = "é".repeat(NAME + 1);
        for (profile, words) in [
            (named("  "), "no name"),
            (named(&long), "at most 100"),
            (named("a\nb"), "one line"),
            (named("a\u{1b}[2J"), "one line"),
            (named("a\u{202e}b"), "one line"),
            (named(" Alex"), "begins or ends with a blank"),
            (named("None"), "no persona"),
            (
                Profile {
                    temperature: Some(2.1),
                    ..alex()
                },
                "0 to 2",
            ),
            (
                Profile {
                    temperature: Some(f64::NAN),
                    ..alex()
                },
                "0 to 2",
            ),
            (
                Profile {
                    description: "x".repeat(TEXT + 1),
                    ..alex()
                },
                "description",
            ),
            (
                Profile {
                    system_text: Some("x".repeat(TEXT + 1)),
                    ..alex()
                },
                "system text",
            ),
        ] {
            let failure = profile.check().unwrap_err().to_string();
            assert!(failure.contains(words), "{failure}");
        }
        let widest = Profile {
            instructions: "é".repeat(TEXT),
            temperature: Some(2.0),
            ..named(&"é".repeat(NAME))
        };
        assert_eq!(widest.check(), Ok(()));
        assert_eq!(named(" Alex ").tidied().check(), Ok(()));
    }
}
