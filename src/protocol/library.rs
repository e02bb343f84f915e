//! What faces ask about personas and prompts.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Act, Which};
use crate::domain::id::{PersonaId, PromptId};
use crate::domain::persona::Profile;
use crate::domain::prompt::{Sheet, Trial};

/// Things about personas.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Personas {
    /// All of them, by name, those in the trash too: answered by `Personas`.
    List,
    /// The one of this name (whatever its case), id, or unique beginning of an id: answered by `Persona`.
    Find { name: String },
    /// Make one (`is_new`; the face mints the id) or change one. Answered by `Done`.
    Save {
        id: PersonaId,
        is_new: bool,
        profile: Profile,
    },
    /// A copy under a name of its own. Answered by `Done`.
    Duplicate { id: PersonaId, copy: PersonaId },
    /// Answered by `Done`.
    Apply { ids: Vec<PersonaId>, act: Act },
    /// Make one from a character card of version 2, a JSON file (spec P4). Answered by `Done`.
    Import { id: PersonaId, file: PathBuf },
}

/// In which order prompts are listed within their scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PromptOrder {
    /// Most used first, then by title.
    #[default]
    Use,
    Title,
}

/// Which prompts are listed (spec L2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptQuery {
    /// Every word must stand in title, content or description, whatever its case.
    pub words: String,
    pub scenario: Option<String>,
    pub tag: Option<String>,
    /// Shipped ones too.
    pub has_shipped: bool,
    /// Hidden shipped ones too.
    pub has_hidden: bool,
    pub which: Which,
    pub order: PromptOrder,
}

impl Default for PromptQuery {
    fn default() -> Self {
        PromptQuery {
            words: String::new(),
            scenario: None,
            tag: None,
            has_shipped: true,
            has_hidden: false,
            which: Which::Active,
            order: PromptOrder::Use,
        }
    }
}

/// What is done to prompts. Shipped ones can only be hidden and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PromptAct {
    Trash,
    Restore,
    Hide,
    Unhide,
}

/// Things about prompts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Library {
    /// Answered by `Prompts`.
    List { query: PromptQuery },
    /// The one of this title (whatever its case), id, or unique beginning of an id: answered by `Prompt`.
    Find { name: String },
    /// Make one (`is_new`; the face mints the id) or change one, which makes a version. Answered by `Done`.
    Save {
        id: PromptId,
        is_new: bool,
        sheet: Sheet,
    },
    /// A copy of the user's own under a title of its own, of shipped ones too. Answered by `Done`.
    Duplicate { id: PromptId, copy: PromptId },
    /// Answered by `Done`.
    Apply { ids: Vec<PromptId>, act: PromptAct },
    /// Its versions, newest first: answered by `Versions`.
    Versions { prompt: PromptId },
    /// The messages made from it, newest first: answered by `Uses`.
    Uses { prompt: PromptId },
    /// It was filled with these values and taken: raises its count (spec L5). Answered by `Done` without undo.
    Used {
        prompt: PromptId,
        values: BTreeMap<String, String>,
    },
    /// Answered by `Trial` news that name this request until the end; `Command::Cancel` stops it.
    Try { trial: Trial },
}
