//! The user's questions of all conversations, as far as the engine has told them: newest first, none twice.

use std::collections::HashSet;

use super::words;
use crate::domain::conversation::Draft;
use crate::domain::id::MessageId;
use crate::domain::message::Message;

/// Questions asked for at a time.
pub const AT_ONCE: u32 = 100;

/// What may come back into the composer.
#[derive(Debug, Default)]
pub struct History {
    questions: Vec<(MessageId, String)>,
    known: HashSet<String>,
    /// The oldest one that was told, also if its words are known from another.
    oldest: Option<MessageId>,
    is_begun: bool,
    /// There are no older ones.
    is_whole: bool,
    /// How many steps back wait for an answer.
    pub steps: usize,
}

impl History {
    /// The question of this number, 0 = the newest.
    pub fn get(&self, at: usize) -> Option<&str> {
        self.questions.get(at).map(|(_, text)| text.as_str())
    }

    /// All that is known.
    pub fn questions(&self) -> &[(MessageId, String)] {
        &self.questions
    }

    /// From where on to ask for more; `None` when there is nothing more to ask for.
    pub fn wants(&self) -> Option<Option<MessageId>> {
        (!self.is_whole).then_some(self.oldest.filter(|_| self.is_begun))
    }

    /// Older ones came, as many as were asked for unless there are no more.
    pub fn fill(&mut self, found: Vec<(MessageId, String)>) {
        self.is_begun = true;
        self.is_whole = found.len() < usize::try_from(AT_ONCE).unwrap_or(usize::MAX);
        if let Some((oldest, _)) = found.last() {
            self.oldest = Some(*oldest);
        }
        for (id, text) in found {
            let text = typed(text);
            if self.known.insert(text.clone()) {
                self.questions.push((id, text));
            }
        }
    }

    /// A question was asked just now.
    pub fn add(&mut self, question: &Message) {
        // Else it comes with the first answer.
        if self.is_begun {
            let text = typed(question.content.clone());
            self.questions.retain(|(_, known)| *known != text);
            self.known.insert(text.clone());
            self.questions.insert(0, (question.id, text));
        }
    }
}

/// A question as it is typed.
pub fn typed(text: String) -> String {
    words::literal(Draft::of(text)).text
}
