//! What faces ask about the list of conversations.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::id::{ConversationId, PersonaId};
use crate::domain::when::Millis;

/// Whether things are looked at or what is in the trash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Which {
    #[default]
    Active,
    Trashed,
}

/// In which order conversations are listed. Pinned ones stand first in each of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Newest activity first.
    #[default]
    Activity,
    /// Newest first.
    Created,
    /// By the alphabet, whatever the case.
    Title,
    /// The most messages first.
    Messages,
}

/// Which conversations are listed: those that fit the words, in the filter language of `domain/filter.rs` (spec V2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    pub words: String,
    pub which: Which,
    /// Those in the archive in place of the others; counts where `which` is `Active`.
    pub is_archive: bool,
    /// Only those with this persona, beside what `words` say.
    pub persona: Option<PersonaId>,
    pub order: Order,
}

/// The last row of a page of the list by activity; the next page begins after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    pub is_pinned: bool,
    pub active_at: Millis,
    pub id: ConversationId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    Trash,
    Restore,
}

/// Things about the list. What changes rows says each as `Changed` and is answered by `Done` with the command that
/// undoes it, unless it says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Shelf {
    /// All a face shows first: answered by `Home`, with at most `limit` rows of the list. With `open`, an id as `Find`
    /// takes it, that conversation in place of the last one; refused where there is none.
    Home { limit: u32, open: Option<String> },
    /// A page: answered by `List`. `limit` `None` = all. `after` holds for the order by activity; the others are paged
    /// by `offset`.
    List {
        query: Query,
        after: Option<Cursor>,
        offset: u64,
        limit: Option<u32>,
    },
    /// The conversation of a unique prefix of at least six characters, or `last`; in the trash and the archive too:
    /// answered by `Found`.
    Find { id: String },
    /// A title by the user; an empty one gives it back to salon.
    Rename {
        conversation: ConversationId,
        title: String,
    },
    /// To the trash and back.
    Apply { ids: Vec<ConversationId>, act: Act },
    /// Into the archive or out of it.
    Archive {
        ids: Vec<ConversationId>,
        is_archived: bool,
    },
    /// To the top of the list or down again.
    Pin {
        ids: Vec<ConversationId>,
        is_pinned: bool,
    },
    /// Tags to give and to take; a tag is at most 60 characters without blanks or commas, whatever its case.
    Tag {
        ids: Vec<ConversationId>,
        add: Vec<String>,
        remove: Vec<String>,
    },
    /// Exactly these tags for each: what undoes `Tag`.
    PutTagsBack {
        tags: Vec<(ConversationId, Vec<String>)>,
    },
    /// A copy with all its branches, under ids of its own and the title with "copy"; the original stays as it is.
    Duplicate {
        conversation: ConversationId,
        copy: ConversationId,
    },
    /// Keys of its metadata to set, or to remove where the value is `None`.
    SetMetadata {
        conversation: ConversationId,
        set: BTreeMap<String, Option<serde_json::Value>>,
    },
    /// Removes for good what is in the trash: these, or all of it where none is named. Cannot be undone. A provider
    /// that keeps one is asked to delete it too. Says `ConversationGone` for each.
    Purge { ids: Vec<ConversationId> },
    /// The user agrees that conversations older than so many days are removed for good, now and from now on
    /// (`storage.keep_days`, spec D6). Answered by `Done`.
    Retain { days: u32 },
}
