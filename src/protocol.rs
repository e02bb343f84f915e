//! Where faces and engine meet: requests in, events out, all plain data. Neither side names the other.
//!
//! A command is a verb, news is a fact. Every event caused by a request names it. Nothing here says how a screen
//! looks. The serde derive is the guard that keeps handles and closures out.
#![expect(
    clippy::large_enum_variant,
    reason = "an event is moved a few times in its life; a box would cost more"
)]

mod library;
mod own;
mod shelf;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::conversation::{
    Conversation, Draft, Listed, NewConversation, Reading, Sampling,
};
use crate::domain::failure::Failure;
use crate::domain::finding::{Checkup, Finding};
use crate::domain::id::{ConversationId, MessageId, PersonaId, RequestId};
use crate::domain::message::{Message, Shown};
use crate::domain::model::{ModelRef, ModelSpec};
use crate::domain::persona::PersonaListed;
use crate::domain::prompt::{PromptListed, PromptUse, PromptVersion, TrialEnd};
use crate::domain::provider::ProviderState;
use crate::domain::search::Found;
use crate::domain::sync::{SyncReport, SyncState};
use crate::domain::usage::Spent;
use crate::domain::when::Millis;

pub use library::{Library, Personas, PromptAct, PromptOrder, PromptQuery};
pub use own::{Data, Export};
pub use shelf::{Act, Cursor, Order, Query, Shelf, Which};

/// Requests a face may have under way before `try_send` says "busy".
pub const REQUESTS: usize = 64;
/// Events that may wait for a face; words beyond that wait in their turn.
pub const EVENTS: usize = 256;
/// Messages in a page of a conversation.
pub const PAGE: u32 = 50;

/// A command with the number its events will name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    pub id: RequestId,
    pub command: Command,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    Turn(Turn),
    Chat(Chat),
    Shelf(Shelf),
    Personas(Personas),
    Library(Library),
    Data(Data),
    /// End the job of that request, whatever it is; a turn is ended by `Turn::Cancel`.
    Cancel(RequestId),
    /// Save everything and stop; answered by `News::Stopped`.
    Stop,
}

/// Where a question goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum To {
    Conversation(ConversationId),
    /// The send creates it.
    New(NewConversation),
}

/// Things that make or end a reply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Turn {
    /// Ask. With `draft.edit_of` the text becomes a sibling of that question, on a new branch. The face mints the
    /// question's id.
    Send {
        to: To,
        question: MessageId,
        draft: Draft,
    },
    /// Ask what waits in this slot of the queue. The slot is freed in the moment the turn is accepted, so that it goes
    /// once; one that is free already is refused.
    SendQueued {
        to: To,
        question: MessageId,
        slot: i32,
        draft: Draft,
    },
    /// Ask a question again that has no reply: one that a kill left `unsent`.
    Resend { question: MessageId },
    /// Another reply beside this one, also with another model (the conversation keeps its own).
    Regenerate {
        reply: MessageId,
        model: Option<ModelRef>,
    },
    /// A sibling that begins with this reply's words and goes on (decisions 2.20).
    Continue { reply: MessageId },
    /// Stop the reply being written there.
    Cancel { conversation: ConversationId },
}

/// Which page of a conversation's shown branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum At {
    /// The newest messages.
    Tip,
    Before(MessageId),
    After(MessageId),
    /// Half before it, half from it on.
    Around(MessageId),
}

/// Things about one conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Chat {
    /// Show a conversation: answered by `Opened`. It is the last conversation from now on.
    Open { conversation: ConversationId },
    /// Show it around this message, on the shown branch where it stands there, else on the branch through it: answered
    /// by `Opened`. It is the last conversation from now on.
    OpenAt {
        conversation: ConversationId,
        message: MessageId,
    },
    /// Another page of it: answered by `Page`. `limit` `None` = all.
    Page {
        conversation: ConversationId,
        at: At,
        limit: Option<u32>,
    },
    /// Show the branch through this message, to its newest end: answered by `Opened`.
    Choose {
        conversation: ConversationId,
        through: MessageId,
    },
    SwitchModel {
        conversation: ConversationId,
        model: ModelRef,
    },
    Set {
        conversation: ConversationId,
        sampling: Sampling,
    },
    /// Another persona from the next reply on, or none. Its model and temperature are taken over where it has them
    /// (spec P3). Answered by `Done`.
    SetPersona {
        conversation: ConversationId,
        persona: Option<PersonaId>,
    },
    /// Persona, model and temperature as they stood before `SetPersona`: what undoes it. Answered by `Done`.
    PutPersonaBack {
        conversation: ConversationId,
        persona: Option<PersonaId>,
        model: ModelRef,
        temperature: Option<f64>,
    },
    /// Its own instructions (spec C13); empty removes them.
    SetSystem {
        conversation: ConversationId,
        text: String,
    },
    /// Keep what stands in a composer: slot 0, in the stash: slots -1, -2, … with the newest at -1, or in the queue:
    /// slots from 1 on, the lowest goes first. `scope` `None` = the conversation not yet created. An empty draft removes
    /// the row.
    KeepDraft {
        scope: Option<ConversationId>,
        slot: i32,
        draft: Draft,
    },
    /// Keep the reader's place; `None` = following the end.
    KeepReading {
        conversation: ConversationId,
        reading: Option<Reading>,
    },
    /// The stored reasoning of a reply: answered by `Thinking`.
    Thinking(MessageId),
    /// The user's own questions on the shown branch: answered by `Questions`.
    Questions { conversation: ConversationId },
    /// The user's own questions of all conversations, those with all of these words: answered by `History`. Begins
    /// behind the question `before`; `limit` counts questions, those asked twice too.
    History {
        words: String,
        before: Option<MessageId>,
        limit: u32,
    },
    /// Where words stand on the shown branch (spec V4): answered by `Matches`.
    Find {
        conversation: ConversationId,
        words: String,
    },
    /// The siblings of a message, oldest first: answered by `Siblings`.
    Siblings { message: MessageId },
}

/// What an engine says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub cause: Option<RequestId>,
    pub news: News,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum News {
    /// The reply being written in that conversation.
    Turn {
        conversation: ConversationId,
        step: Step,
    },
    /// A trial of a prompt; its cause is the `Library::Try` that began it.
    Trial(TrialStep),
    /// A row is now like this.
    Changed(Row),
    /// How sync with the hub stands now; never said where no hub is set up.
    Sync(SyncState),
    /// The data a request asked for.
    Answer(Answer),
    /// The request with this cause failed and changed nothing.
    Refused(Failure),
    /// Something went wrong that no request asked for and that does not end salon.
    Warned(Failure),
    /// The store cannot be used; nothing works from here on.
    Fatal(Failure),
    /// So many conversations are older than `storage.keep_days` allows, and nobody has agreed yet that they go:
    /// `Shelf::Retain` is the answer. Never said twice in a run.
    Expired { days: u32, conversations: u64 },
    /// Everything is saved.
    Stopped,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Row {
    Conversation(Conversation),
    Message(Message),
    ConversationGone(ConversationId),
    MessageGone(MessageId),
    Persona(PersonaListed),
    Prompt(PromptListed),
}

/// A reply growing. The order is Started, then Waiting, Thought and Grew as they come, then Ended, Measured; or
/// Withdrawn in place of Ended when there was no word.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Step {
    /// The rows are in the store. `asked` is the question this send created. What follows its parent on the screen
    /// makes room for the new branch.
    Started {
        conversation: Conversation,
        asked: Option<Shown>,
        reply: Shown,
    },
    /// Nothing is asked before `until`: pace, `retry-after`, or retry `attempt` of 2. With `since` a face counts up.
    Waiting {
        until: Millis,
        since: Option<Millis>,
        why: String,
        attempt: u32,
    },
    /// More reasoning.
    Thought { text: String },
    /// More of the answer.
    Grew { text: String },
    /// The reply with its status and all its words.
    Ended { reply: Message },
    /// Its usage, cost and times are known; the last word of a turn.
    Measured {
        reply: Message,
        conversation: Conversation,
    },
    /// Taken back: there was no word (decisions 2.8). `draft` returns to the composer, before what was typed since.
    /// `conversation` is how it stands now, `None` when this send had created it and it is gone too.
    Withdrawn {
        draft: Option<Draft>,
        failure: Option<Failure>,
        conversation: Option<Conversation>,
    },
}

/// An answer in a preview growing. The order is Started, then Waiting, Thought and Grew as they come, then Ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TrialStep {
    /// This model is asked.
    Started {
        model: ModelRef,
    },
    Waiting {
        until: Millis,
        why: String,
        attempt: u32,
    },
    Thought {
        text: String,
    },
    Grew {
        text: String,
    },
    Ended(Box<TrialEnd>),
}

/// Part of a shown branch, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Page {
    pub messages: Vec<Shown>,
    /// There are earlier ones.
    pub has_before: bool,
    /// There are later ones.
    pub has_after: bool,
}

/// A question of the user's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub id: MessageId,
    pub at: Millis,
    pub text: String,
}

/// A conversation as it is first shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    pub conversation: Conversation,
    /// The newest messages, or those around the reader's place.
    pub page: Page,
    /// By slot: 0 the composer, -1, … the stash, 1, … the queue.
    pub drafts: Vec<(i32, Draft)>,
    pub reading: Option<Reading>,
}

/// What a face shows first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Home {
    pub rows: Vec<Listed>,
    /// Conversations in the list: neither in the trash nor in the archive.
    pub total: u64,
    /// Conversations in the archive.
    pub archived: u64,
    /// The conversation open when salon was left.
    pub last: Option<Opened>,
    /// Drafts of the conversation not yet created, by slot.
    pub drafts: Vec<(i32, Draft)>,
    /// The model of a new conversation (spec M2).
    pub model: ModelRef,
    pub state: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    Home(Box<Home>),
    Opened(Box<Opened>),
    Page {
        conversation: ConversationId,
        at: At,
        page: Page,
    },
    List {
        rows: Vec<Listed>,
        total: u64,
        has_more: bool,
    },
    /// The page of a search.
    Hits(Found),
    HitCount(u64),
    Found(Conversation),
    Thinking {
        message: MessageId,
        text: String,
    },
    /// Newest last.
    Questions(Vec<Asked>),
    /// The messages that hold the words asked for, oldest first, and how often (`domain::find::Needle`).
    Matches {
        conversation: ConversationId,
        words: String,
        hits: Vec<(MessageId, u32)>,
    },
    /// Newest first: id and text.
    History(Vec<(MessageId, String)>),
    Siblings(Vec<MessageId>),
    Personas(Vec<PersonaListed>),
    Persona(Box<PersonaListed>),
    Prompts(Vec<PromptListed>),
    Prompt(Box<PromptListed>),
    Versions(Vec<PromptVersion>),
    Uses(Vec<PromptUse>),
    /// `failures` by provider; `is_whole` when no provider is still being asked.
    Models {
        models: Vec<ModelSpec>,
        failures: Vec<(String, Failure)>,
        is_whole: bool,
    },
    /// In the order they are offered. `model` is that of a new conversation; `is_whole` when nobody is still being asked.
    Providers {
        providers: Vec<ProviderState>,
        model: ModelRef,
        is_whole: bool,
    },
    /// This model is the one in use, out of so many of its provider.
    InUse {
        model: ModelRef,
        of: u32,
    },
    /// Everything that waited is at the hub.
    Synced(SyncReport),
    /// What a check found, in order.
    Checked(Vec<Finding>),
    /// What a look at salon itself has found by now, in order; `is_whole` when nothing is still being looked at.
    Health {
        checkup: Checkup,
        is_whole: bool,
    },
    Spent(Spent),
    /// A conversation written down.
    Exported(String),
    /// It is done; `undo` takes it back. `what` names it in the past, such as "moved to the trash: Rust lifetimes".
    Done {
        what: String,
        undo: Option<Command>,
    },
}
