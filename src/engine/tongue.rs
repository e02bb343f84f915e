//! A trial speaks like a turn inside and like a trial outside: the steps of a turn become those of a preview. Pure but
//! for the time it takes.

use tokio::time::Instant;

use super::words::millis;
use crate::domain::failure::Failure;
use crate::domain::message::{Message, Status};
use crate::domain::model::ModelRef;
use crate::domain::prompt::TrialEnd;
use crate::protocol::{News, Step, TrialStep};

/// Turns what a turn says into what a trial says.
pub struct AsTrial {
    model: ModelRef,
    since: Instant,
}

impl AsTrial {
    /// A tongue for a trial of this model, which begins now.
    pub fn of(model: ModelRef) -> AsTrial {
        AsTrial {
            model,
            since: Instant::now(),
        }
    }

    /// The same as news of a trial; `None` = nothing that a preview shows.
    pub fn turned(&mut self, news: News) -> Option<News> {
        match news {
            News::Turn { step, .. } => self.step(step).map(News::Trial),
            News::Changed(_) => None,
            News::Trial(_)
            | News::Sync(_)
            | News::Expired { .. }
            | News::Answer(_)
            | News::Refused(_)
            | News::Warned(_)
            | News::Fatal(_)
            | News::Stopped => Some(news),
        }
    }

    fn step(&mut self, step: Step) -> Option<TrialStep> {
        Some(match step {
            Step::Started { .. } => {
                self.since = Instant::now();
                let model = self.model.clone();
                TrialStep::Started { model }
            }
            Step::Waiting {
                until,
                since: _,
                why,
                attempt,
            } => TrialStep::Waiting {
                until,
                why,
                attempt,
            },
            Step::Thought { text } => TrialStep::Thought { text },
            Step::Grew { text } => TrialStep::Grew { text },
            // Its usage follows.
            Step::Ended { .. } => return None,
            Step::Measured { reply, .. } => TrialStep::Ended(Box::new(self.measured(reply))),
            Step::Withdrawn { failure, .. } => TrialStep::Ended(Box::new(self.withdrawn(failure))),
        })
    }

    fn measured(&self, reply: Message) -> TrialEnd {
        TrialEnd {
            model: self.model.clone(),
            status: reply.status,
            finish: reply.finish,
            failure: reply.failure,
            usage: reply.usage,
            cost: reply.cost,
            total_ms: reply.total_ms.unwrap_or_default(),
        }
    }

    fn withdrawn(&self, failure: Option<Failure>) -> TrialEnd {
        TrialEnd {
            model: self.model.clone(),
            status: match failure {
                None => Status::Stopped,
                Some(_) => Status::Failed,
            },
            finish: None,
            failure,
            usage: None,
            cost: None,
            total_ms: millis(self.since.elapsed()),
        }
    }
}
