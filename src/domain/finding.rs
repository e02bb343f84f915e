//! What a check found: one point after another, each with its state and what to do about it.

use serde::{Deserialize, Serialize};

use crate::domain::failure::Failure;

/// How one point of a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Ok,
    /// It works, and could be better.
    Hint,
    Failed,
    /// It was not looked at.
    Skipped,
}

impl Verdict {
    /// The word in `--json`.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Hint => "hint",
            Verdict::Failed => "failed",
            Verdict::Skipped => "skipped",
        }
    }
}

/// One point of a check: what was looked at, what was found, what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub name: String,
    pub verdict: Verdict,
    pub detail: String,
    /// Empty when nothing needs doing.
    pub remedy: String,
}

impl Finding {
    /// A point that is as it should be.
    pub fn ok(name: impl Into<String>, detail: impl Into<String>) -> Finding {
        Finding {
            name: name.into(),
            verdict: Verdict::Ok,
            detail: detail.into(),
            remedy: String::new(),
        }
    }

    /// A point that could be better, and how.
    pub fn hint(
        name: impl Into<String>,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Finding {
        Finding {
            verdict: Verdict::Hint,
            remedy: remedy.into(),
            ..Finding::ok(name, detail)
        }
    }

    /// A point nobody looked at, and why.
    pub fn skipped(name: impl Into<String>, why: impl Into<String>) -> Finding {
        Finding {
            verdict: Verdict::Skipped,
            ..Finding::ok(name, why)
        }
    }

    /// A point that failed so; of the details the first line.
    pub fn failed(name: impl Into<String>, failure: &Failure) -> Finding {
        let detail = match failure.detail.lines().next() {
            None | Some("") => failure.title.clone(),
            Some(more) => format!("{}: {more}", failure.title),
        };
        Finding {
            verdict: Verdict::Failed,
            remedy: failure.remedy.clone(),
            ..Finding::ok(name, detail)
        }
    }
}

/// How salon is as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    Healthy,
    /// Something failed, and one can talk all the same.
    Degraded,
    /// The database cannot be used, or the model of a new conversation cannot answer.
    Broken,
}

impl Health {
    /// The word in `--json`.
    pub fn word(self) -> &'static str {
        match self {
            Health::Healthy => "healthy",
            Health::Degraded => "degraded",
            Health::Broken => "broken",
        }
    }
}

/// All that a check of salon itself found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkup {
    pub findings: Vec<Finding>,
    /// The name of the point that says whether the model of a new conversation can answer.
    pub default: String,
}

impl Checkup {
    /// The name of the point about the database.
    pub const DATABASE: &str = "database";

    /// Whether the point of this name failed.
    pub fn has_failed(&self, name: &str) -> bool {
        let mut all = self.findings.iter();
        all.any(|found| found.name == name && found.verdict == Verdict::Failed)
    }

    /// The sum of it.
    pub fn health(&self) -> Health {
        let has_failed = |found: &Finding| found.verdict == Verdict::Failed;
        if self.has_failed(Checkup::DATABASE) || self.has_failed(&self.default) {
            Health::Broken
        } else if self.findings.iter().any(has_failed) {
            Health::Degraded
        } else {
            Health::Healthy
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::failure::FailureKind;

    #[test]
    fn only_what_hinders_every_conversation_is_broken() {
        let bad =
            |name: &str| Finding::failed(name, &Failure::new(FailureKind::Network, "No", "Do it"));
        let all = |findings: Vec<Finding>| Checkup {
            findings,
            default: "openai".to_owned(),
        };
        let fine = Finding::ok("openai", "");
        assert_eq!(all(vec![fine.clone()]).health(), Health::Healthy);
        let hinted = vec![fine.clone(), Finding::hint("terminal", "", "x")];
        assert_eq!(all(hinted).health(), Health::Healthy);
        assert_eq!(
            all(vec![fine.clone(), bad("hub")]).health(),
            Health::Degraded
        );
        assert_eq!(all(vec![fine, bad("database")]).health(), Health::Broken);
        assert_eq!(all(vec![bad("openai")]).health(), Health::Broken);
    }

    #[test]
    fn a_failure_keeps_one_line_of_its_details() {
        let failure = Failure::new(FailureKind::Network, "No", "Do it");
        let found = Finding::failed("x", &failure.clone().with_detail("first\nsecond"));
        assert_eq!((&*found.detail, &*found.remedy), ("No: first", "Do it"));
        assert_eq!(Finding::failed("x", &failure).detail, "No");
    }
}
