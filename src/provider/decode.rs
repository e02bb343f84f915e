//! What the decoder of every wire does: frames of one answer into deltas, until it is over (`wire.md` 0).

use crate::domain::chat::Delta;
use crate::domain::message::Finish;
use crate::provider::fault::ApiError;
use crate::provider::frame::Frame;

/// An answer that is over before its end.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The server said an error in the stream.
    Said(Box<ApiError>),
    /// The address answered with a web page, which begins like this.
    Page(String),
}

/// What an answer was when its body was over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A reason came, and before it words.
    Complete,
    /// A reason came, but no word.
    Empty(Finish),
    /// No reason came.
    NoReason {
        /// `[DONE]` did: no network fault is to blame.
        is_done: bool,
        has_words: bool,
    },
    /// Not one frame was understood; there were some.
    NotUnderstood,
}

/// The state of one answer. Pure: no clock, no network; any split of the bytes gives the same deltas.
pub trait Decode: Send {
    /// Appends what the frame says. After a fault the answer is over; what the frame said before it is in `out`.
    fn frame(&mut self, frame: Frame, out: &mut Vec<Delta>) -> Result<(), Fault>;

    /// The answer stops here: appends the words that were held back, and no reason.
    fn flush(&mut self, out: &mut Vec<Delta>);

    /// The body is over: appends what was held back and says what the answer was.
    fn end(&mut self, out: &mut Vec<Delta>) -> Ending;

    /// A reason was passed on: the answer is complete whatever comes.
    fn is_complete(&self) -> bool;

    /// A reason or the end marker came: what follows is not worth a long wait.
    fn is_ending(&self) -> bool;

    /// The end marker came.
    fn is_done(&self) -> bool;

    /// What was not understood, as it came.
    fn strays(&self) -> &[String];

    /// The tools the model asked for.
    fn tools(&self) -> Vec<&str>;
}
