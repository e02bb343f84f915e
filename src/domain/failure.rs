//! What went wrong, in the one shape every layer and every face uses (spec section 10).

use serde::{Deserialize, Serialize};

/// What the user can do about a failure. The names are the `kind` of `--json` (decisions 2.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The key is missing, wrong or without rights.
    Key,
    /// Pace, quota or credit at the provider.
    Limit,
    /// The conversation does not fit the model's window.
    TooLong,
    /// The provider could not be reached or the connection broke.
    Network,
    /// The provider answered something that is not an answer.
    Wire,
    /// The database.
    Store,
    /// What the user gave cannot be used.
    Input,
    /// Something else is running there.
    Busy,
    /// The user must agree first.
    Confirm,
    /// The next send cannot go as it is; choices are offered.
    Plan,
    /// A defect of salon.
    Bug,
}

/// A remedy a face can offer as a key, beside the sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offer {
    /// Open the model picker.
    PickModel,
    /// Ask for the key of the provider that was asked.
    SetKey,
}

/// A failure: one line what happened, one what to do, details on request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: FailureKind,
    /// One line without a full stop.
    pub title: String,
    /// What a technically minded reader wants; may be empty.
    pub detail: String,
    /// The next step, one sentence; may be empty when there is none.
    pub remedy: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<Offer>,
}

impl Failure {
    /// A failure of this kind, with its one line and what to do next.
    pub fn new(kind: FailureKind, title: impl Into<String>, remedy: impl Into<String>) -> Self {
        Failure {
            kind,
            title: title.into(),
            detail: String::new(),
            remedy: remedy.into(),
            offer: None,
        }
    }

    /// The same with details.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The same with a remedy a face can offer as a key.
    #[must_use]
    pub fn with_offer(mut self, offer: Offer) -> Self {
        self.offer = Some(offer);
        self
    }
}

impl std::fmt::Display for Failure {
    /// `title. remedy` on one line.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.title)?;
        if !self.remedy.is_empty() {
            write!(f, ". {}", self.remedy)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}
