//! Conversations, what a new one needs, drafts, and the reader's place.

use serde::{Deserialize, Serialize};

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::{ConversationId, MessageId, PersonaId, PromptId};
use crate::domain::message::Role;
use crate::domain::model::ModelRef;
use crate::domain::usage::{Money, Spent};
use crate::domain::when::Millis;

/// Longest title made by a chore, in characters (spec V5).
pub const TITLE_MADE: usize = 60;
/// Longest title a user may give, in characters (spec V5).
pub const TITLE_GIVEN: usize = 500;

/// Where a title comes from. A title the user gave is never replaced (spec V5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TitleBy {
    /// The question's first words.
    Words,
    /// A model or the guide made it.
    Model,
    User,
}

/// Sampling of a conversation; `None` = the settings' value, and where they have none the field is not sent (spec C3).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sampling {
    /// 0 to 2.
    pub temperature: Option<f64>,
    /// At least 1.
    pub max_output_tokens: Option<u32>,
    /// The wire's own word: `low`, `high`, …
    pub effort: Option<String>,
    /// Whether the answer is streamed.
    pub stream: Option<bool>,
}

impl Sampling {
    /// Values of `self`, else of `below`.
    #[must_use]
    pub fn over(&self, below: &Sampling) -> Sampling {
        Sampling {
            temperature: self.temperature.or(below.temperature),
            max_output_tokens: self.max_output_tokens.or(below.max_output_tokens),
            effort: self.effort.clone().or_else(|| below.effort.clone()),
            stream: self.stream.or(below.stream),
        }
    }

    /// Refuses values outside their ranges, naming the range (spec C3).
    pub fn check(&self) -> Result<(), Failure> {
        if let Some(t) = self.temperature
            && !(0.0..=2.0).contains(&t)
        {
            return Err(Failure::new(
                FailureKind::Input,
                format!("The temperature {t} is out of range"),
                "Give a number from 0 to 2.",
            ));
        }
        if self.max_output_tokens == Some(0) {
            return Err(Failure::new(
                FailureKind::Input,
                "The maximum of output tokens is 0",
                "Give a number from 1 up, or none.",
            ));
        }
        Ok(())
    }
}

/// Who keeps the messages of a conversation beside this computer, which always has them all (spec M6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Storage {
    #[default]
    Local,
    /// The provider of its model too, in a conversation of its own.
    Provider,
}

impl Storage {
    /// The word in the store and in the settings.
    pub fn word(self) -> &'static str {
        match self {
            Storage::Local => "local",
            Storage::Provider => "provider",
        }
    }

    /// The storage of that word.
    pub fn of(word: &str) -> Option<Storage> {
        [Storage::Local, Storage::Provider]
            .into_iter()
            .find(|storage| storage.word() == word)
    }
}

/// A provider's own conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// The provider's name in the settings.
    pub provider: String,
    /// `conv_…`.
    pub id: String,
    /// The last item there that is known to be a message here.
    pub item: Option<String>,
}

/// A conversation without its messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    pub id: ConversationId,
    /// Empty until the first question.
    pub title: String,
    pub title_by: TitleBy,
    /// The model of the next reply.
    pub model: ModelRef,
    /// The persona of the next reply (spec P3); one that is not known reads as none.
    pub persona: Option<PersonaId>,
    /// Its own instructions (spec C13); empty = none.
    pub system: String,
    pub sampling: Sampling,
    pub storage: Storage,
    /// Where the provider keeps it, once it does.
    pub thread: Option<Thread>,
    pub created_at: Millis,
    /// Last activity: the newest message.
    pub active_at: Millis,
    pub trashed_at: Option<Millis>,
    /// Stands above the others in the list.
    pub pinned_at: Option<Millis>,
    /// Out of the list, in the archive.
    pub archived_at: Option<Millis>,
    /// Words of the user's for it, in the order of the alphabet.
    pub tags: Vec<String>,
    /// The last message of the shown branch.
    pub tip: Option<MessageId>,
    /// Questions and replies on the shown branch, trash not counted (spec V6).
    pub message_count: u64,
    /// Sums over all its requests, titles included (decisions 4.7).
    pub tokens_in: u64,
    pub tokens_out: u64,
    pub cost: Money,
    /// Requests whose price is not known.
    pub unpriced: u64,
    /// Free JSON object (spec V6).
    pub metadata: serde_json::Value,
}

impl Conversation {
    /// What all its requests cost, as far as it is known.
    pub fn spent(&self) -> Spent {
        Spent {
            cost: self.cost,
            unpriced: self.unpriced,
            tokens: self.tokens_in + self.tokens_out,
        }
    }

    /// The provider that keeps it too, or will from its next answer on.
    pub fn keeper(&self) -> Option<&str> {
        let own = || match self.storage {
            Storage::Local => None,
            Storage::Provider => Some(self.model.provider.as_str()),
        };
        self.thread
            .as_ref()
            .map(|thread| thread.provider.as_str())
            .or_else(own)
    }
}

/// A message that a new conversation begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Ids grow from one to the next.
    pub id: MessageId,
    /// `User` or `Assistant`, in any order.
    pub role: Role,
    pub text: String,
}

/// What creates a conversation; the face mints the id (decisions 3, C1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewConversation {
    pub id: ConversationId,
    /// `None` = by the order of spec M2.
    pub model: Option<ModelRef>,
    /// Its model and temperature hold where none is given here.
    pub persona: Option<PersonaId>,
    /// Its own instructions; empty = none.
    pub system: String,
    pub sampling: Sampling,
    /// What was said before the question, oldest first; its ids are smaller than the question's.
    pub history: Vec<Said>,
    /// `None` = by the settings of the model's provider; a temporary one is never kept by a provider.
    pub storage: Option<Storage>,
    /// Leaves nothing on disk (spec C10, `ask --no-store`).
    pub is_temporary: bool,
}

/// A row of the list pane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listed {
    pub conversation: Conversation,
    /// Words wait in its composer.
    pub has_draft: bool,
}

/// What stands in a composer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    pub text: String,
    /// Bytes before the caret, on a character boundary.
    pub caret: usize,
    /// The question this text replaces on a new branch.
    pub edit_of: Option<MessageId>,
    /// The prompt and version it was made from.
    pub prompt: Option<(PromptId, u32)>,
}

impl Draft {
    /// A draft of this text with the caret at its end.
    pub fn of(text: impl Into<String>) -> Self {
        let text = text.into();
        Draft {
            caret: text.len(),
            text,
            ..Draft::default()
        }
    }

    /// Whether there is nothing to lose.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.edit_of.is_none()
    }

    /// These words, then those typed since, with a blank line between (decisions 2.8).
    #[must_use]
    pub fn before(self, typed: Draft) -> Draft {
        if typed.is_empty() {
            return self;
        }
        if self.is_empty() {
            return typed;
        }
        Draft {
            text: format!("{}\n\n{}", self.text, typed.text),
            caret: self.text.len() + 2 + typed.caret,
            edit_of: self.edit_of.or(typed.edit_of),
            prompt: self.prompt,
        }
    }
}

/// Where the reader was in a conversation; no row = following the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    pub message: MessageId,
    /// Rows of that message above the first shown one.
    pub row: u32,
}

/// The first words of a question as a title: one line, at most `TITLE_MADE` characters.
pub fn title_from_words(question: &str) -> String {
    let line = question
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or("");
    cut_words(line, TITLE_MADE)
}

/// At most `most` characters of `text`, cut at a blank where there is one in the last third, with `…`.
pub fn cut_words(text: &str, most: usize) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= most {
        return words;
    }
    let head: String = words.chars().take(most.saturating_sub(1)).collect();
    let cut = match head.rfind(' ') {
        Some(at) if head[..at].chars().count() * 3 >= most * 2 => &head[..at],
        _ => head.as_str(),
    };
    format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_first_words() {
        assert_eq!(
            title_from_words("\n\n  Explain   lifetimes\nin Rust"),
            "Explain lifetimes"
        );
        let long = "word ".repeat(40);
        let title = title_from_words(&long);
        assert!(
            title.ends_with("word…") && title.chars().count() <= TITLE_MADE,
            "{title}"
        );
        let chinese = "好".repeat(100);
        assert_eq!(title_from_words(&chinese).chars().count(), TITLE_MADE);
        assert_eq!(title_from_words(" \n "), "");
    }

    #[test]
    fn sampling_is_refused_with_its_range() {
        let hot = Sampling {
            temperature: Some(3.0),
            ..Sampling::default()
        };
        let failure = hot.check().unwrap_err();
        assert!(
            failure.title.contains('3') && failure.remedy.contains("0 to 2"),
            "{failure}"
        );
        assert!(
            Sampling {
                temperature: Some(f64::NAN),
                ..Sampling::default()
            }
            .check()
            .is_err()
        );
        assert!(
            Sampling {
                max_output_tokens: Some(0),
                ..Sampling::default()
            }
            .check()
            .is_err()
        );
        assert!(
            Sampling {
                temperature: Some(2.0),
                max_output_tokens: Some(1),
                ..Sampling::default()
            }
            .check()
            .is_ok()
        );
    }
}
