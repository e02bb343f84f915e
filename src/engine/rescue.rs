//! What is left of a job that panicked: its reply keeps its words, its request is told (architecture 5.1).

use super::Engine;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::RequestId;
use crate::domain::message::{Message, Status};
use crate::protocol::{News, Step};
use crate::store::{StoreError, Withdraw};

impl Engine {
    /// Ends a turn's reply in the job's place, or refuses the request. Speaks like the job would have.
    pub(super) async fn rescue(&mut self, cause: Option<RequestId>, turn: Option<Withdraw>) {
        let bug = self.bug();
        let Some(turn) = turn else {
            return self.say(cause, told(cause, bug));
        };
        match self.stores.message(turn.reply).await {
            Ok(Some((_, reply))) => {
                let conversation = reply.conversation;
                match self.close_in_its_place(reply, turn, bug.clone()).await {
                    Ok(steps) => {
                        for step in steps {
                            self.say(cause, News::Turn { conversation, step });
                        }
                    }
                    Err(error) => {
                        let failure = self.desk.failure(&error);
                        self.say(cause, News::Warned(failure));
                    }
                }
            }
            Ok(None) | Err(_) => self.say(cause, told(cause, bug)),
        }
    }

    async fn close_in_its_place(
        &mut self,
        mut reply: Message,
        turn: Withdraw,
        bug: Failure,
    ) -> Result<Vec<Step>, StoreError> {
        let store = self.stores.of(reply.conversation).clone();
        let mut steps = Vec::new();
        if reply.status == Status::Streaming {
            let thinking = store.thinking(reply.id).await?;
            if reply.content.is_empty() && thinking.is_none() {
                let draft = turn.draft.as_ref().map(|(_, draft)| draft.clone());
                let conversation = store.withdraw(turn).await?;
                return Ok(vec![Step::Withdrawn {
                    draft,
                    failure: Some(bug),
                    conversation,
                }]);
            }
            reply.status = Status::Interrupted;
            reply.failure = Some(bug);
            store.end(&reply, thinking.as_deref()).await?;
            steps.push(Step::Ended {
                reply: reply.clone(),
            });
        }
        if let Some(conversation) = store.conversation(reply.conversation).await? {
            steps.push(Step::Measured {
                reply,
                conversation,
            });
        }
        Ok(steps)
    }

    fn bug(&self) -> Failure {
        let log = self.desk.settings.paths.state_dir.join("salon.log");
        Failure::new(
            FailureKind::Bug,
            "This went wrong inside salon",
            format!("Try again; {} says more.", log.display()),
        )
    }
}

/// A request is refused; what nobody asked for is only mentioned.
fn told(cause: Option<RequestId>, bug: Failure) -> News {
    match cause {
        Some(_) => News::Refused(bug),
        None => News::Warned(bug),
    }
}
