//! What is said of the shared hub: how far it is behind this machine, what was sent, and a conversation as the
//! hub keeps it (spec D2).

use serde::{Deserialize, Serialize};

use crate::domain::failure::Failure;
use crate::domain::id::ConversationId;
use crate::domain::usage::Money;
use crate::domain::when::Millis;

/// How sync stands; only said where a hub is set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncState {
    /// Conversations that the hub does not have as they are here.
    pub waiting: u64,
    pub phase: SyncPhase,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SyncPhase {
    /// All is sent, or will be in its turn.
    Quiet,
    Sending,
    /// The hub is away for now; it is tried again by itself.
    Offline(Failure),
    /// Something has to be mended before anything can be sent.
    Off(Failure),
}

/// What one sending did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncReport {
    /// Where to: host, port and database, without user and password.
    pub hub: String,
    /// Conversations whose metadata went up; those that stood there so already count too.
    pub sent: u64,
    /// Conversations that are removed for good, marked so there.
    pub removed: u64,
    /// Conversations whose values the hub does not take.
    pub refused: Vec<ConversationId>,
    /// Conversations that still wait.
    pub waiting: u64,
}

/// A conversation's metadata as the hub keeps it: the columns of spec D2 without `user_id`.
#[derive(Clone, Debug, PartialEq)]
pub struct Headline {
    pub id: ConversationId,
    pub title: String,
    pub summary: Option<String>,
    pub message_count: u64,
    /// Messages that the summary stands for.
    pub summary_message_count: u64,
    pub summary_updated_at: Option<Millis>,
    pub tokens_in: u64,
    pub tokens_out: u64,
    /// `None` = no request of it has a known price.
    pub cost: Option<Money>,
    pub created_at: Millis,
    /// Last activity.
    pub updated_at: Millis,
    pub is_deleted: bool,
    /// A JSON object.
    pub metadata: serde_json::Value,
}

/// Whose rows these are, given the name in the settings and the one recorded in the database (decisions 2.18): a
/// recorded id that salon made itself yields to a name, another name does not, which is the error.
pub fn whose<'a>(named: Option<&'a str>, recorded: &'a str) -> Result<&'a str, &'a str> {
    match named.map(str::trim).filter(|name| !name.is_empty()) {
        None => Ok(recorded),
        Some(named) if named == recorded || uuid::Uuid::try_parse(recorded).is_ok() => Ok(named),
        Some(_) => Err(recorded),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_belongs_to_one_user() {
        let made = "01a19407-aa80-7b09-844b-000000000001";
        assert_eq!(whose(None, made), Ok(made));
        assert_eq!(whose(Some(" "), made), Ok(made));
        assert_eq!(whose(Some("anna"), made), Ok("anna"));
        assert_eq!(whose(Some("anna"), "anna"), Ok("anna"));
        assert_eq!(whose(None, "anna"), Ok("anna"));
        assert_eq!(whose(Some("bob"), "anna"), Err("anna"));
    }
}
