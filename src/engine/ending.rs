//! How the words of a reply end, and what is told when they end badly.

use std::time::Duration;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::message::Finish;
use crate::domain::model::ModelRef;
use crate::provider::{By, ProviderError, Retry};

/// How the words ended.
pub enum End {
    Finished(Finish),
    Stopped,
    /// The transport ended it.
    Cut(Failure),
    /// The server said an error, or it never came to an answer.
    Failed(Failure),
}

/// The stream was over and nobody had said why.
pub fn no_reason() -> Failure {
    Failure::new(
        FailureKind::Network,
        "The answer ended without a reason",
        "Continue it, or ask again.",
    )
}

/// What the transport broke off after words: they can be continued.
pub fn after_words(mut failure: Failure) -> Failure {
    if failure.kind == FailureKind::Network && failure.remedy == "Send again." {
        failure.remedy = "Continue it, or ask again.".to_owned();
    }
    failure
}

/// The stream was over before it had begun.
pub fn broke_off(provider: &str) -> ProviderError {
    ProviderError {
        failure: Failure::new(
            FailureKind::Network,
            format!("{provider} ended the answer before its first word"),
            "Send it again.",
        ),
        retry: Retry::Backoff,
        by: By::Transport,
    }
}

/// Fault 30: a stream without any text.
pub fn empty(model: Option<&ModelRef>, finish: &Finish) -> Failure {
    let who = model.map_or("The model", |model| model.name.as_str());
    let (kind, remedy) = match finish {
        Finish::Length => (
            FailureKind::Limit,
            "Raise the maximum of output tokens, then send it again.",
        ),
        Finish::Filter => (FailureKind::Wire, "Say it in other words."),
        Finish::Stop | Finish::Refusal | Finish::Other(_) => {
            (FailureKind::Wire, "Send it again, or choose another model.")
        }
    };
    Failure::new(
        kind,
        format!("{who} gave an empty answer ({finish})"),
        remedy,
    )
}

/// Fault 30: the model reasoned and then said nothing.
pub fn only_reasoning(finish: &Finish) -> Failure {
    match finish {
        Finish::Length => Failure::new(
            FailureKind::Limit,
            "All tokens of the answer went into reasoning",
            "Raise the maximum of output tokens or lower the effort, then ask again.",
        ),
        Finish::Stop | Finish::Filter | Finish::Refusal | Finish::Other(_) => Failure::new(
            FailureKind::Wire,
            format!("The model reasoned and answered nothing ({finish})"),
            "Ask again, or choose another model.",
        ),
    }
}

/// The server wants a longer wait than salon waits unasked (wire.md 7.4). Who can see a countdown agrees to it by
/// sending again.
pub fn too_long(mut failure: Failure, wait: Duration, is_screen: bool) -> Failure {
    let again = if is_screen {
        "send again to wait here for it"
    } else {
        "send again then"
    };
    failure.remedy = format!(
        "The server asks to wait {}; {again}, or choose another model.",
        for_people(wait)
    );
    failure
}

/// `3 min`, `2 h`.
fn for_people(wait: Duration) -> String {
    let minutes = wait.as_secs().div_ceil(60);
    if minutes < 120 {
        format!("{minutes} min")
    } else {
        format!("{} h", minutes.div_ceil(60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_in_minutes_then_hours() {
        let told = |seconds| for_people(Duration::from_secs(seconds));
        assert_eq!(told(121), "3 min");
        assert_eq!(told(3_600), "60 min");
        assert_eq!(told(7_201), "3 h");
        for (is_screen, again) in [(true, "wait here"), (false, "again then")] {
            let failure = empty(None, &Finish::Stop);
            let failure = too_long(failure, Duration::from_secs(600), is_screen);
            let remedy = failure.remedy;
            assert!(
                remedy.contains("10 min") && remedy.contains(again),
                "{remedy}"
            );
        }
    }
}
