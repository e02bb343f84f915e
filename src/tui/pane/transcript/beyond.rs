//! Going to what may not be loaded: the page it stands on is asked for, and the walk goes on when it comes.

use super::Transcript;
use super::state::Want;
use crate::domain::id::MessageId;
use crate::protocol::{At, Chat, Command, PAGE};

/// What came of a walk.
#[derive(Clone, Debug, PartialEq)]
pub enum Walk {
    There,
    /// Not loaded: this page is to be asked for.
    Ask(Box<Command>, At),
    /// A page that is on its way may have it.
    Wait,
    /// There is nothing to go to; what to say.
    Nowhere(&'static str),
}

impl Transcript {
    /// Goes to a message of the shown branch.
    pub fn go_to(&mut self, id: MessageId) -> Walk {
        self.let_go();
        match self.find(id) {
            Some(at) => {
                self.show_from(at);
                self.moved = true;
                Walk::There
            }
            None => self.ask_around(id, Want::Message(id)),
        }
    }

    /// Goes on with what waited for a page.
    pub fn resume(&mut self) -> Walk {
        match self.want.take() {
            Some(Want::Block(by)) => self.walk_blocks(by),
            Some(Want::Hit) => self.show_hit(),
            Some(Want::Message(_)) | None => Walk::There,
        }
    }

    /// Whether a page around this message is still waited for.
    pub(super) fn wants_around(&self, id: MessageId) -> bool {
        match self.want {
            Some(Want::Message(wanted)) => wanted == id,
            Some(Want::Hit) => self.is_hit(id),
            Some(Want::Block(_)) | None => false,
        }
    }

    /// Asks for the page after what is loaded (`by` 1) or before it (-1).
    pub(super) fn ask_beyond(&mut self, by: isize, want: Want) -> Walk {
        let end = if by > 0 {
            self.entries.last().map(|last| At::After(last.message().id))
        } else {
            let first = self.entries.first();
            first.map(|first| At::Before(first.message().id))
        };
        self.want = Some(want);
        match end.filter(|_| !self.is_asking) {
            Some(at) => self.ask(at),
            None => Walk::Wait,
        }
    }

    /// Asks for the page around a message; what is loaded makes room for it.
    pub(super) fn ask_around(&mut self, id: MessageId, want: Want) -> Walk {
        self.want = Some(want);
        self.ask(At::Around(id))
    }

    fn ask(&mut self, at: At) -> Walk {
        let Some(conversation) = self.conversation else {
            return Walk::Wait;
        };
        self.is_asking = true;
        let page = Chat::Page {
            conversation,
            at,
            limit: Some(PAGE),
        };
        Walk::Ask(Box::new(Command::Chat(page)), at)
    }
}
