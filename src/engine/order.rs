//! What a turn is to do, looked up and checked beforehand (`start.rs`). Taken by value, so later switches do not touch it.

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::desk::{Desk, Mouth};
use crate::domain::chat::Purpose;
use crate::domain::conversation::{Conversation, Draft};
use crate::domain::id::ConversationId;
use crate::domain::message::Message;
use crate::domain::persona::Persona;
use crate::protocol::{News, Step};
use crate::store::{BeginSend, Begun, Store, StoreError, Withdraw};

/// What kind of turn it is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A new question, which may create its conversation, from the draft in this slot.
    Send { creates: bool, slot: Option<i32> },
    /// Another reply under a question that stands.
    Again,
    /// A reply that begins with the words of another.
    Continue,
    /// A prompt is tried: a question in a store that goes away with the order (spec L4).
    Try,
}

impl Kind {
    /// What its request is for.
    pub fn purpose(&self) -> Purpose {
        match self {
            Kind::Send { .. } | Kind::Again | Kind::Continue => Purpose::Turn,
            Kind::Try => Purpose::Try,
        }
    }
}

/// Everything a turn needs.
pub struct Order {
    pub desk: Desk,
    /// Where its rows are.
    pub store: Store,
    /// Where its usage is counted when its rows leave nothing on disk.
    pub ledger: Option<Store>,
    /// As it stands, or as it will be created.
    pub conversation: Conversation,
    /// Who speaks in it, as it stood at the send.
    pub persona: Option<Persona>,
    pub kind: Kind,
    /// What a conversation that this send creates begins with, oldest first.
    pub history: Vec<Message>,
    pub question: Message,
    /// Its row to be; it holds the kept words of a `Continue`.
    pub reply: Message,
    /// How to take it back while there is no word.
    pub withdraw: Withdraw,
    /// What returns to the composer then.
    pub draft: Option<Draft>,
    /// When the pace lets it go.
    pub leaves_at: Instant,
    pub mouth: Mouth,
    pub token: CancellationToken,
    /// Cancelled when the engine leaves.
    pub leaving: CancellationToken,
}

impl Order {
    /// Says a step of it.
    pub fn say(&mut self, step: Step) {
        let conversation = self.id();
        self.mouth.say(News::Turn { conversation, step });
    }

    /// Its conversation.
    pub fn id(&self) -> ConversationId {
        self.reply.conversation
    }

    /// A temporary conversation leaves no line in the log (decisions 2.6).
    pub fn is_logged(&self) -> bool {
        self.ledger.is_none()
    }

    /// A screen that is killed before the first word shows this conversation at the next start. `ask` leaves no trace
    /// of a turn without a word.
    pub async fn open_next_time(&self) {
        if self.desk.is_screen
            && self.is_logged()
            && let Err(error) = self.store.set_last_conversation(Some(self.id())).await
        {
            tracing::warn!("the last conversation is not remembered: {error}");
        }
    }

    /// Writes its rows.
    pub async fn begin(&self) -> Result<Begun, StoreError> {
        match self.kind {
            Kind::Send { creates, slot } => self.begin_send(creates, slot).await,
            Kind::Try => self.begin_send(true, None).await,
            Kind::Again => self.store.begin_reply(self.reply.clone(), false).await,
            Kind::Continue => self.store.begin_reply(self.reply.clone(), true).await,
        }
    }

    async fn begin_send(&self, creates: bool, slot: Option<i32>) -> Result<Begun, StoreError> {
        let send = BeginSend {
            create: creates.then(|| self.conversation.clone()),
            question: self.question.clone(),
            reply: self.reply.clone(),
            slot,
        };
        self.store.begin_after(&self.history, send).await
    }
}
