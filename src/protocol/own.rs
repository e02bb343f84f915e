//! What is asked about salon itself: models, keys, small facts, the hub.

use serde::{Deserialize, Serialize};

use crate::domain::model::ModelRef;
use crate::domain::secret::Secret;

/// Things about salon itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Data {
    /// The known models, recents first: answered by `Models` at once from what is known; with `refresh` the providers
    /// are asked and `Models` comes again, once for each of them.
    Models { refresh: bool },
    /// Mark a model as a favourite, or unmark it: answered by `Models`.
    MarkModel { model: ModelRef, favourite: bool },
    /// Keep this key for a provider in place of the one before, or forget that: answered by `Done`.
    Key(String, Option<Secret>),
    /// Send to the hub now what waits, or `everything` as if it had nothing: answered by `Synced`, with `Sync` news on
    /// the way. `Command::Cancel` stops it; what went up is not sent again.
    Sync { everything: bool },
    /// Look at the hub without changing anything there: answered by `Checked`.
    CheckSync,
    /// Keep a small fact for the next start; it comes back in `Home::state`.
    Remember { key: String, value: String },
}
