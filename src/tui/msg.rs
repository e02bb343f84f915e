//! What the face's loop receives, what it is asked to do, and what a closed overlay wanted.

use super::facts::Facts;
use super::pointer::Pointer;
use crate::domain::failure::Failure;
use crate::domain::id::{ConversationId, MessageId, RequestId};
use crate::domain::secret::Secret;
use crate::keys::{Action, Chord};
use crate::protocol::{Command, Event};
use crate::tui::file::{Paper, Written};

/// Everything that can reach the model.
#[expect(
    clippy::large_enum_variant,
    reason = "it is made and taken in at once, never kept in numbers"
)]
#[derive(Clone, Debug)]
pub enum Msg {
    Key(Chord),
    Paste(String),
    Mouse(Pointer),
    /// The size is asked for by the next frame.
    Resize,
    Engine(Event),
    Signal(Signal),
    /// The user's own editor is done: the text it left, or why there is none.
    Edited(Result<String, Failure>),
    /// What was found out of the terminal.
    Terminal(Facts),
    /// What came of `Effect::Write`.
    Written(Written),
    /// The terminal said late whether its background is light.
    Background(bool),
    /// A deadline of the model has come.
    Due,
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// TERM, HUP or INT: save and leave.
    Leave,
    /// TSTP: stop as Ctrl+Z does.
    Suspend,
}

/// What the loop does after an update.
#[expect(
    clippy::large_enum_variant,
    reason = "it is made and taken in at once, never kept in numbers"
)]
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Ask(RequestId, Command),
    /// Bring this text to the clipboard.
    Copy(String),
    Suspend,
    /// Listen to the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Find out what is to be told of the terminal.
    LookAtTerminal,
    /// Lend the terminal to the user's own editor with this text.
    Edit(String),
    /// Write this text to a file; `Msg::Written` says what came of it.
    Write(Paper),
    /// Draw every cell again.
    Redraw,
    /// Everything is saved: end the loop.
    Leave,
}

/// What an overlay says after a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Stay,
    Close,
    /// Close, and do what was chosen.
    Take(Choice),
    /// Stay, and save what is written here; the overlay closes when it is saved.
    Keep,
    /// Stay, and do this.
    Act(Action),
}

/// A hit of a search in all conversations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub conversation: ConversationId,
    /// The message and the words of it that were looked for; `None` = the title was the hit.
    pub message: Option<(MessageId, String)>,
}

/// What was chosen in an overlay.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    /// This row of a picker, by the text it stands for.
    Picked(String),
    /// This text of a form.
    Written(String),
    /// This key for that provider.
    Key(String, Secret),
    /// This hit of a search.
    Hit(Target),
    /// Yes.
    Agreed,
    /// This was typed by somebody who did not see the question.
    Typed(String),
    /// A prompt, filled.
    Filled(String),
}
