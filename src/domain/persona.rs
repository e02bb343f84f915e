//! Personas: whom one talks to, and the exact system text a persona adds (spec section 4).

use serde::{Deserialize, Serialize};

use crate::domain::id::PersonaId;
use crate::domain::model::ModelRef;
use crate::domain::usage::Money;
use crate::domain::when::Millis;

/// Longest name, in characters.
pub const NAME: usize = 100;

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
