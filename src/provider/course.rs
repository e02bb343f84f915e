//! What the decoders of several wires keep of an answer: whether words came, the reason it ended, what was not understood.

use crate::domain::chat::Delta;
use crate::domain::clean::Clean;
use crate::domain::message::Finish;
use crate::provider::decode::{Decode, Ending, Fault};
use crate::provider::fault::ApiError;
use crate::provider::frame::Frame;
use crate::provider::scrub::head;
use crate::provider::think::Think;

/// Lines that were not understood and are kept for the report.
const MAX_STRAYS: usize = 64;
/// Bytes of each.
const MAX_STRAY: usize = 2 << 10;
/// Placeholder lines an answer may have.
const MAX_NOTES: usize = 32;

/// The course of one answer.
pub(super) struct Course {
    request_id: Option<String>,
    has_response_id: bool,
    finish: Option<Finish>,
    /// `finish` was passed on: what comes later is no answer any more.
    is_told: bool,
    /// The end marker came.
    pub is_done: bool,
    has_words: bool,
    tools: Vec<String>,
    notes: Vec<String>,
    understood: usize,
    strays: Vec<String>,
}

impl Course {
    /// For an answer with this request id in its head.
    pub(super) fn new(request_id: Option<String>) -> Course {
        Course {
            request_id,
            has_response_id: false,
            finish: None,
            is_told: false,
            is_done: false,
            has_words: false,
            tools: Vec::new(),
            notes: Vec::new(),
            understood: 0,
            strays: Vec::new(),
        }
    }

    /// A frame was understood.
    pub(super) fn understood(&mut self) {
        self.understood += 1;
    }

    /// The reason was passed on.
    pub(super) fn is_told(&self) -> bool {
        self.is_told
    }

    /// A reason or the end marker came.
    pub(super) fn is_ending(&self) -> bool {
        self.finish.is_some() || self.is_done
    }

    /// Whether a reason is there, passed on or not.
    pub(super) fn has_reason(&self) -> bool {
        self.finish.is_some()
    }

    /// What was not understood, as it came.
    pub(super) fn strays(&self) -> &[String] {
        &self.strays
    }

    /// The tools the model asked for.
    pub(super) fn tools(&self) -> Vec<&str> {
        self.tools.iter().map(String::as_str).collect()
    }

    /// Looks for words in these deltas.
    pub(super) fn note_words(&mut self, deltas: &[Delta]) {
        let is_word = |delta: &Delta| {
            matches!(
                delta,
                Delta::Text(_) | Delta::Reasoning(_) | Delta::Refusal(_)
            )
        };
        self.has_words |= deltas.iter().any(is_word);
    }

    /// The answer has this name at the server; said once.
    pub(super) fn opened(&mut self, id: &str, out: &mut Vec<Delta>) {
        if !id.is_empty() && !std::mem::replace(&mut self.has_response_id, true) {
            out.push(Delta::Opened {
                request_id: self.request_id.clone(),
                response_id: Some(head(id, 200).to_owned()),
            });
        }
    }

    /// A placeholder line, said once.
    pub(super) fn note(&mut self, note: &str, out: &mut Vec<Delta>) {
        if self.notes.len() < MAX_NOTES && !self.notes.iter().any(|known| known == note) {
            self.notes.push(note.to_owned());
            out.push(Delta::Note(note.to_owned()));
        }
    }

    /// The model asked for a tool; its arguments are not shown.
    pub(super) fn tool(&mut self, name: &str, out: &mut Vec<Delta>) {
        let name = Clean::line(head(name, 80)).to_string();
        if name.is_empty() || self.tools.len() >= MAX_NOTES {
            return;
        }
        self.note(&format!("the model asked for a tool ({name})"), out);
        if !self.tools.contains(&name) {
            self.tools.push(name);
        }
    }

    /// What was not understood.
    pub(super) fn stray(&mut self, text: &str) {
        if self.strays.len() < MAX_STRAYS {
            self.strays.push(head(text, MAX_STRAY).to_owned());
        }
    }

    /// An error in the stream; a complete answer stays complete.
    pub(super) fn fail(&self, error: ApiError) -> Result<(), Fault> {
        if self.is_told {
            return Ok(());
        }
        Err(Fault::Said(Box::new(error)))
    }

    /// The reason: passed on at once where there were words, which must have been noted.
    pub(super) fn finish(&mut self, finish: Finish, out: &mut Vec<Delta>) {
        if self.is_told {
            return;
        }
        if self.has_words {
            self.is_told = true;
            out.push(Delta::Finish(finish.clone()));
        }
        self.finish = Some(finish);
    }

    /// The body is over and its last words are noted: what the answer was.
    pub(super) fn end(&mut self, out: &mut Vec<Delta>) -> Ending {
        match self.finish.clone() {
            Some(_) if self.is_told => Ending::Complete,
            Some(finish) if self.has_words => {
                self.finish(finish, out);
                Ending::Complete
            }
            Some(finish) => Ending::Empty(finish),
            None if self.understood == 0 && !self.strays.is_empty() => Ending::NotUnderstood,
            None => Ending::NoReason {
                is_done: self.is_done,
                has_words: self.has_words,
            },
        }
    }
}

/// A decoder that keeps the course of its answer and finds reasoning in its text; all but its frames is the same.
pub(super) trait OnCourse: Send {
    fn course(&self) -> &Course;

    /// The course, and what holds words back until it is sure whether they are reasoning.
    fn parts(&mut self) -> (&mut Course, &mut Think);

    /// Appends what the frame says; words need not be noted.
    fn one_frame(&mut self, frame: Frame, out: &mut Vec<Delta>) -> Result<(), Fault>;
}

impl<D: OnCourse> Decode for D {
    fn frame(&mut self, frame: Frame, out: &mut Vec<Delta>) -> Result<(), Fault> {
        let from = out.len();
        let said = self.one_frame(frame, out);
        if said.is_err() {
            self.flush(out);
        }
        let (course, _) = self.parts();
        course.note_words(&out[from..]);
        said
    }

    fn flush(&mut self, out: &mut Vec<Delta>) {
        let (course, think) = self.parts();
        if !course.is_told() {
            think.finish(out);
        }
    }

    fn end(&mut self, out: &mut Vec<Delta>) -> Ending {
        let from = out.len();
        self.flush(out);
        let (course, _) = self.parts();
        course.note_words(&out[from..]);
        course.end(out)
    }

    fn is_complete(&self) -> bool {
        self.course().is_told()
    }

    fn is_ending(&self) -> bool {
        self.course().is_ending()
    }

    fn is_done(&self) -> bool {
        self.course().is_done
    }

    fn strays(&self) -> &[String] {
        self.course().strays()
    }

    fn tools(&self) -> Vec<&str> {
        self.course().tools()
    }
}

/// An error that is nothing but this text.
pub(super) fn said(text: &str) -> ApiError {
    ApiError {
        message: text.to_owned(),
        ..ApiError::default()
    }
}

/// A reason salon has no word for, in the wire's own.
pub(super) fn other(reason: &str) -> Finish {
    Finish::Other(Clean::line(head(reason, 64)).to_string())
}
