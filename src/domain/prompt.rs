//! Prompts: templates of the library (spec section 5).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::clean::Clean;
use crate::domain::conversation::Sampling;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::{ConversationId, MessageId, PersonaId, PromptId};
use crate::domain::message::{Finish, Status};
use crate::domain::model::ModelRef;
use crate::domain::template::Template;
use crate::domain::usage::{Money, Usage};
use crate::domain::when::Millis;

/// Longest title, in characters.
pub const TITLE: usize = 200;

/// What a person writes of a prompt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sheet {
    /// One line, 1 to `TITLE` characters; no other prompt of the user outside the trash has it.
    pub title: String,
    pub content: String,
    /// The group it stands in; empty = none.
    pub scenario: String,
    /// One line.
    pub description: String,
    pub tags: Vec<String>,
    /// Free JSON object.
    pub metadata: serde_json::Map<String, serde_json::Value>,
}

/// Longest content, in characters.
pub const CONTENT: usize = 100_000;
/// Longest scenario and tag, in characters.
pub const LABEL: usize = 60;
/// Longest description, in characters.
pub const DESCRIPTION: usize = 500;
/// Most tags of a prompt.
pub const TAGS: usize = 30;
/// Largest metadata, in bytes of JSON.
pub const METADATA: usize = 64 << 10;

impl Sheet {
    /// The same as it is kept: one-line fields on one line without blanks around, each tag once, whatever its case.
    #[must_use]
    pub fn tidied(mut self) -> Sheet {
        for line in [&mut self.title, &mut self.scenario, &mut self.description] {
            *line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        let mut tags: Vec<String> = Vec::new();
        for tag in self.tags {
            let tag = tag.split_whitespace().collect::<Vec<_>>().join(" ");
            let is_new = !tags.iter().any(|t| t.to_lowercase() == tag.to_lowercase());
            if is_new && !tag.is_empty() {
                tags.push(tag);
            }
        }
        self.tags = tags;
        self
    }

    /// Refuses what cannot be kept, naming the rule. Whether another prompt has the title is not seen here.
    pub fn check(&self) -> Result<(), Failure> {
        let bad =
            |title: String, remedy: String| Err(Failure::new(FailureKind::Input, title, remedy));
        if self.title.trim().is_empty() {
            return bad("The prompt has no title".into(), "Give it a title.".into());
        }
        if self.content.trim().is_empty() {
            return bad("The prompt has no content".into(), "Write its text.".into());
        }
        let lines = [
            ("title", &self.title, TITLE),
            ("scenario", &self.scenario, LABEL),
            ("description", &self.description, DESCRIPTION),
        ];
        let tags = self.tags.iter().map(|tag| ("tag", tag, LABEL));
        for (what, text, most) in lines.into_iter().chain(tags) {
            if text.chars().any(|c| c == '\n' || Clean::changes(c)) {
                let title = format!("The {what} holds line ends or control characters");
                let remedy = "Write it on one line, in characters one can see.";
                return bad(title, remedy.into());
            }
            let length = text.chars().count();
            if length > most {
                let title = format!("The {what} has {length} characters");
                return bad(title, format!("Take at most {most}."));
            }
        }
        let length = self.content.chars().count();
        if length > CONTENT {
            let title = format!("The content has {length} characters");
            return bad(title, format!("Take at most {CONTENT}."));
        }
        if self.tags.len() > TAGS {
            let title = format!("The prompt has {} tags", self.tags.len());
            return bad(title, format!("Take at most {TAGS}."));
        }
        let size = serde_json::to_string(&self.metadata).map_or(0, |text| text.len());
        if size > METADATA {
            let title = format!("The metadata has {size} bytes");
            return bad(title, format!("Take at most {METADATA}."));
        }
        Template::parse(&self.content)
            .check()
            .into_iter()
            .next()
            .map_or(Ok(()), Err)
    }
}

/// A prompt. Shipped ones have fixed ids and version 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prompt {
    pub id: PromptId,
    /// 1, and one more with each change of title or content.
    pub version: u32,
    pub sheet: Sheet,
    /// Shipped with salon: can be hidden and copied, not edited.
    pub is_template: bool,
    /// Shipped ones have no times.
    pub created_at: Option<Millis>,
    pub updated_at: Option<Millis>,
    pub trashed_at: Option<Millis>,
}

/// A prompt and its use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromptListed {
    pub prompt: Prompt,
    /// How often it was put into a composer or printed by `salon prompts use`.
    pub uses: u64,
    pub last_at: Option<Millis>,
    /// The values of its fields when it was last used.
    pub last_values: BTreeMap<String, String>,
    /// A shipped one the user does not want to see.
    pub is_hidden: bool,
}

impl PromptListed {
    /// A prompt that was never used.
    pub fn unused(prompt: Prompt) -> PromptListed {
        PromptListed {
            prompt,
            uses: 0,
            last_at: None,
            last_values: BTreeMap::new(),
            is_hidden: false,
        }
    }
}

/// An earlier state of a prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromptVersion {
    pub version: u32,
    pub title: String,
    pub content: String,
    pub created_at: Millis,
}

/// A message that was made from a prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromptUse {
    pub conversation: ConversationId,
    /// The conversation's title.
    pub title: String,
    pub message: MessageId,
    pub version: u32,
    pub at: Millis,
}

/// What a trial asks: a text, and of whom (spec L4). Nothing of it is kept but its usage row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The filled text.
    pub text: String,
    /// Whose model, temperature and system text hold; `None` = those of a new conversation.
    pub conversation: Option<ConversationId>,
    /// The persona of a new conversation.
    pub persona: Option<PersonaId>,
    /// Another model for this trial.
    pub model: Option<ModelRef>,
    /// Over the conversation's.
    pub sampling: Sampling,
}

/// How a trial ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialEnd {
    /// The model that answered.
    pub model: ModelRef,
    /// Complete, stopped, interrupted or failed.
    pub status: Status,
    pub finish: Option<Finish>,
    pub failure: Option<Failure>,
    pub usage: Option<Usage>,
    /// `None` = not known.
    pub cost: Option<Money>,
    /// From the request to the end, in milliseconds.
    pub total_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        Sheet {
            title: "Explain".to_owned(),
            content: "Explain {topic}.".to_owned(),
            ..Sheet::default()
        }
    }

    #[test]
    fn fields_that_cannot_be_filled_are_not_kept() {
        for content in ["{a|b}", "{tone:kind} and {tone:stern}"] {
            let sheet = Sheet {
                content: content.to_owned(),
                ..sheet()
            };
            assert!(sheet.check().is_err(), "{content}");
        }
    }

    #[test]
    fn a_sheet_is_kept_tidily() {
        let kept = Sheet {
            title: " Explain\n it ".into(),
            content: " as it is\n".into(),
            tags: vec![
                " Rust ".into(),
                "rust".into(),
                " ".into(),
                "code  review".into(),
            ],
            ..sheet()
        }
        .tidied();
        assert_eq!(
            (kept.title.as_str(), kept.content.as_str()),
            ("Explain it", " as it is\n")
        );
        assert_eq!(kept.tags, ["Rust", "code review"]);
        assert!(kept.check().is_ok() && sheet().check().is_ok());
    }

    #[test]
    fn what_cannot_be_kept_is_refused_with_its_rule() {
        let of = |change: fn(&mut Sheet)| {
            let mut sheet = sheet();
            change(&mut sheet);
            sheet
        };
        for (sheet, words) in [
            (of(|s| s.title.clear()), "no title"),
            (of(|s| s.content = " \n".into()), "no content"),
            (of(|s| s.title = "x".repeat(TITLE + 1)), "at most 200"),
            (of(|s| s.scenario = "a\u{1b}[2J".into()), "scenario holds"),
            (of(|s| s.description = "x".repeat(501)), "at most 500"),
            (of(|s| s.tags = vec!["x".repeat(61)]), "tag has 61"),
            (of(|s| s.tags = vec!["x".into(); 31]), "31 tags"),
            (
                of(|s| s.content = "x".repeat(CONTENT + 1)),
                "at most 100000",
            ),
            (
                of(|s| drop(s.metadata.insert("a".into(), "x".repeat(METADATA).into()))),
                "metadata",
            ),
        ] {
            let failure = sheet.check().unwrap_err();
            assert_eq!(failure.kind, FailureKind::Input);
            assert!(failure.to_string().contains(words), "{failure}");
        }
    }
}
