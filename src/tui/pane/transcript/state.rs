//! What the transcript remembers beside what is shown: the block of code at hand, a search, what a page is waited for.

use std::ops::Range;

use crate::domain::find::Needle;
use crate::domain::id::MessageId;
use crate::tui::pane::entry::HitPlace;
use crate::tui::text::edit::Editor;

/// The block of code at hand.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub message: MessageId,
    /// The bytes of what the message shows, from the first of the code to one past its last.
    pub range: Range<usize>,
    pub lang: String,
    pub lines: usize,
    /// Bytes of the whole message when this was found out.
    pub len: usize,
}

/// What is looked for, and what was found.
pub(super) struct Search {
    pub input: Editor,
    pub is_typing: bool,
    pub words: String,
    pub needle: Option<Needle>,
    /// By message, oldest first; `None` = the engine is still looking.
    pub hits: Option<Vec<(MessageId, u32)>>,
    /// The hit at hand: its message and its number there.
    pub at: Option<(MessageId, u32)>,
    /// Where it stands, and for which width and how many bytes of the message that was found out.
    pub place: Option<(u16, usize, HitPlace)>,
    /// Where the view was when the search began.
    pub origin: Option<(MessageId, usize)>,
    /// The last step went past the end (1) or the start (-1).
    pub wrapped: isize,
    /// The branch has changed since: its hits must be asked for again.
    pub is_stale: bool,
    /// How far the growing reply was looked through: its bytes, the end of its last hit, its hits.
    pub grown: Option<(MessageId, usize, usize, u32)>,
}

/// Rows that are lit: of the view, with the bytes of their text, and whether that is the hit at hand.
pub(super) type Lit = (usize, Range<usize>, bool);

/// What a page is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// The next block of code, or the one before.
    Block(isize),
    /// The hit at hand.
    Hit,
    Message(MessageId),
}

/// The last message folded or unfolded, and the reader's place before and after, seen from its head: the same key pressed
/// again brings the place back.
#[derive(Clone, Copy)]
pub(super) struct Turned {
    pub message: MessageId,
    pub before: From,
    pub after: From,
}

/// A place, seen from the head of a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    End,
    Item { by: isize, row: usize },
}
