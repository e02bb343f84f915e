//! A prompt is tried (spec L4): a turn like any other, with the same pace, retries and failures, in a store in memory
//! that goes away with it. Only its usage row stays, without conversation, persona or text (decisions 2.6).

use super::desk::gone;
use super::jobs::Key;
use super::order::{Kind, Order};
use super::turn::Turn;
use super::{Engine, Left};
use crate::domain::conversation::{Conversation, NewConversation, Storage};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::RequestId;
use crate::domain::message::Message;
use crate::domain::prompt::Trial;
use crate::store::{Store, Withdraw};

impl Engine {
    /// Begins a trial. What refuses here has asked nobody.
    pub(super) async fn begin_trial(
        &mut self,
        cause: RequestId,
        trial: Trial,
    ) -> Result<(), Failure> {
        trial.sampling.check()?;
        if trial.text.trim().is_empty() {
            return Err(Failure::new(
                FailureKind::Input,
                "There is nothing to try",
                "Write the prompt's text first.",
            ));
        }
        let conversation = self.conversation_of(&trial).await?;
        let model = conversation.model.clone();
        self.desk.providers.check(&model)?;
        let persona = self.persona_of(&conversation).await?;
        let memory = Store::memory(&self.desk.mint).await;
        let memory = memory.map_err(|error| self.desk.failure(&error))?;
        let (mint, id) = (&self.desk.mint, conversation.id);
        let question = Message::question(mint.id(), id, None, trial.text, mint.now());
        let reply = self.reply(&question, model.clone(), None);
        let leaves_at = self.leaves_at(&model);
        let (desk, ledger) = (self.desk.clone(), self.stores.file.clone());
        let mouth = self.mouth(cause).of_a_trial(model.clone());
        let leaving = self.jobs.leaving();
        self.jobs.start(Key::Try, Some(cause), None, |token| {
            let order = Order {
                desk,
                store: memory,
                ledger: Some(ledger),
                conversation,
                persona,
                kind: Kind::Try,
                history: Vec::new(),
                withdraw: Withdraw {
                    reply: reply.id,
                    question: Some(question.id),
                    tip: None,
                    archived_at: None,
                    remove_conversation: false,
                    draft: None,
                },
                question,
                reply,
                draft: None,
                leaves_at,
                mouth,
                token,
                leaving,
            };
            async move { Left::Turn(id, model, Turn::run(order).await) }
        });
        Ok(())
    }

    /// A conversation without words whose model, sampling and instructions the trial asks by.
    async fn conversation_of(&mut self, trial: &Trial) -> Result<Conversation, Failure> {
        let id = self.desk.mint.id();
        let new = match trial.conversation {
            Some(other) => {
                let found = self.stores.of(other).conversation(other).await;
                let found = found.map_err(|error| self.desk.failure(&error))?;
                let found = found.ok_or_else(|| gone("The conversation"))?;
                let made = Conversation {
                    id,
                    model: trial.model.clone().unwrap_or(found.model.clone()),
                    sampling: trial.sampling.over(&found.sampling),
                    // The provider's own conversation is not written to.
                    storage: Storage::Local,
                    thread: None,
                    tip: None,
                    message_count: 0,
                    ..found
                };
                return Ok(made);
            }
            None => NewConversation {
                id,
                model: trial.model.clone(),
                persona: trial.persona,
                system: String::new(),
                sampling: trial.sampling.clone(),
                history: Vec::new(),
                storage: None,
                is_temporary: true,
            },
        };
        self.new_conversation(new, &trial.text).await
    }
}
