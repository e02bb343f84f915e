//! What is asked about salon itself: models, keys, money, the hub, small facts.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::export::Format;
use crate::domain::id::ConversationId;
use crate::domain::model::ModelRef;
use crate::domain::secret::Secret;
use crate::domain::when::Millis;

/// A conversation to be written down (spec D4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    pub conversation: ConversationId,
    pub format: Format,
    /// Every branch, not only the shown one.
    pub has_branches: bool,
    /// `None` = the text is the answer.
    pub to: Option<PathBuf>,
    /// A file that is there is replaced.
    pub is_forced: bool,
}

/// Things about salon itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Data {
    /// The known models, recents first: answered by `Models` at once from what is known. With `refresh` the providers
    /// are asked and `Models` comes again, once for each of them; without it a screen's engine asks those whose listing
    /// is older than a day.
    Models {
        refresh: bool,
    },
    MarkModel {
        model: ModelRef,
        favourite: bool,
    },
    /// This model was chosen for the conversation not yet created: it is the one last used from now on.
    Chose(ModelRef),
    /// Which providers there are, where their keys come from, and the model of a new conversation: answered by
    /// `Providers` at once. With `look` the servers on this machine are asked for their models, and `Providers` comes again
    /// after each answer.
    Providers {
        look: bool,
    },
    /// Talk with this provider: its model last used, else the first that chats, is the one last used from now on.
    /// Answered by `InUse`.
    Use(String),
    /// Keep this key for a provider in place of the one before, or forget that: answered by `Done`.
    Key(String, Option<Secret>),
    /// What all requests since then cost: answered by `Spent`.
    Spent {
        since: Millis,
    },
    /// Send to the hub now what waits, or `everything` as if it had nothing: answered by `Synced`, with `Sync` news on
    /// the way. `Command::Cancel` stops it; what went up is not sent again.
    Sync {
        everything: bool,
    },
    /// Look at the hub without changing anything there: answered by `Checked`.
    CheckSync,
    /// Look at settings, database, hub and providers: answered by `Health`, again and again as it goes on. `offline` leaves
    /// out what asks other machines.
    Doctor {
        offline: bool,
    },
    /// Write a conversation down: answered by `Done`, or by `Exported` where no file is named. A file that is there is
    /// refused with the kind `Confirm` unless that is forced; it is written whole or not at all, for its owner alone.
    Export(Export),
    /// Keep a small fact for the next start; it comes back in `Home::state`.
    Remember {
        key: String,
        value: String,
    },
}
