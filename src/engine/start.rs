//! How a turn begins: what it needs is looked up and checked here, in the order of the requests; then it runs by itself.

use tokio::time::Instant;

use super::desk::{Mouth, gone};
use super::jobs::Key;
use super::order::{Kind, Order};
use super::turn::Turn;
use super::{Engine, Left};
use crate::domain::conversation::{
    Conversation, Draft, NewConversation, Said, Sampling, Storage, TitleBy, title_from_words,
};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::{ConversationId, MessageId, RequestId};
use crate::domain::message::{Message, Role, Status};
use crate::domain::model::ModelRef;
use crate::domain::persona::Persona;
use crate::domain::usage::Money;
use crate::domain::when::Millis;
use crate::protocol::{At, News, To, Turn as Asked};
use crate::store::Withdraw;

/// What to run, before it has a place among the jobs.
struct Start {
    conversation: Conversation,
    persona: Option<Persona>,
    kind: Kind,
    /// As in `Order`.
    history: Vec<Message>,
    question: Message,
    reply: Message,
    withdraw: Withdraw,
    draft: Option<Draft>,
}

impl Engine {
    /// Begins or ends a reply. What refuses here has changed nothing.
    pub(super) async fn turn(&mut self, cause: RequestId, asked: Asked) -> Result<(), Failure> {
        let start = match asked {
            Asked::Send {
                to,
                question,
                draft,
            } => self.send(to, question, draft, 0).await?,
            Asked::SendQueued {
                to,
                question,
                slot,
                draft,
            } => self.send(to, question, draft, slot).await?,
            Asked::Resend { question } => self.resend(question).await?,
            Asked::Regenerate { reply, model } => self.regenerate(reply, model).await?,
            Asked::Continue { reply } => self.go_on(reply).await?,
            Asked::Cancel { conversation } => {
                self.jobs.cancel(Key::Turn(conversation));
                return Ok(());
            }
        };
        self.begin(cause, start)
    }

    /// Gives the turn its place among the jobs and its place in the pace.
    fn begin(&mut self, cause: RequestId, start: Start) -> Result<(), Failure> {
        let model = start.reply.model.clone().unwrap_or_else(ModelRef::guide);
        self.desk.providers.check(&model)?;
        let id = start.conversation.id;
        self.jobs.cancel(Key::Title(id));
        let leaves_at = self.leaves_at(&model);
        let ledger = self
            .stores
            .is_temporary(id)
            .then(|| self.stores.file.clone());
        let (desk, store) = (self.desk.clone(), self.stores.of(id).clone());
        let mouth = Mouth::new(Some(cause), self.said.clone());
        let rescue = start.withdraw.clone();
        let leaving = self.jobs.leaving();
        self.jobs
            .start(Key::Turn(id), Some(cause), Some(rescue), |token| {
                let order = Order {
                    desk,
                    store,
                    ledger,
                    conversation: start.conversation,
                    persona: start.persona,
                    kind: start.kind,
                    history: start.history,
                    question: start.question,
                    reply: start.reply,
                    withdraw: start.withdraw,
                    draft: start.draft,
                    leaves_at,
                    mouth,
                    token,
                    leaving,
                };
                async move { Left::Turn(id, model, Turn::run(order).await) }
            });
        Ok(())
    }

    /// When a request to this model may leave; that is booked.
    pub(super) fn leaves_at(&mut self, model: &ModelRef) -> Instant {
        let per_minute = match self.desk.is_screen {
            true => self.desk.providers.requests_per_minute(&model.provider),
            false => 0,
        };
        self.pace.book(&model.provider, per_minute, Instant::now())
    }

    async fn send(
        &mut self,
        to: To,
        id: MessageId,
        draft: Draft,
        slot: i32,
    ) -> Result<Start, Failure> {
        if draft.text.trim().is_empty() {
            return Err(Failure::new(
                FailureKind::Input,
                "There is nothing to send",
                "Type a question first.",
            ));
        }
        let now = self.desk.mint.now();
        let (conversation, creates, history) = match to {
            To::Conversation(id) => (self.free(id).await?, false, Vec::new()),
            To::New(mut new) => {
                let history = said_before(new.id, std::mem::take(&mut new.history), now);
                (self.created(new, &draft.text).await?, true, history)
            }
        };
        let tip = conversation.tip.or(history.last().map(|last| last.id));
        let parent = match draft.edit_of {
            Some(edited) => {
                let edited = self.that(edited, Role::User).await?;
                if edited.conversation != conversation.id {
                    return Err(gone("The question to edit"));
                }
                edited.parent
            }
            None => tip,
        };
        let persona = self.persona_of(&conversation).await?;
        let question = Message {
            model: Some(conversation.model.clone()),
            persona: persona.as_ref().map(|persona| persona.id),
            prompt: draft.prompt,
            ..Message::question(id, conversation.id, parent, draft.text.clone(), now)
        };
        let reply = self.reply(&question, conversation.model.clone(), persona.as_ref());
        let scope = (!creates).then_some(conversation.id);
        let is_kept = self.desk.is_screen && !self.stores.is_temporary(conversation.id);
        Ok(Start {
            withdraw: Withdraw {
                reply: reply.id,
                question: Some(question.id),
                tip,
                archived_at: conversation.archived_at,
                remove_conversation: creates,
                draft: is_kept.then(|| (scope, draft.clone())),
            },
            conversation,
            persona,
            kind: Kind::Send {
                creates,
                slot: is_kept.then_some(slot),
            },
            history,
            question,
            reply,
            draft: Some(draft),
        })
    }

    async fn resend(&mut self, question: MessageId) -> Result<Start, Failure> {
        let question = self.that(question, Role::User).await?;
        let conversation = self.free(question.conversation).await?;
        let model = conversation.model.clone();
        self.again(conversation, question, model).await
    }

    async fn regenerate(
        &mut self,
        reply: MessageId,
        model: Option<ModelRef>,
    ) -> Result<Start, Failure> {
        let (conversation, question, _) = self.reply_to_redo(reply).await?;
        let model = model.unwrap_or_else(|| conversation.model.clone());
        self.again(conversation, question, model).await
    }

    async fn go_on(&mut self, reply: MessageId) -> Result<Start, Failure> {
        let (conversation, question, old) = self.reply_to_redo(reply).await?;
        if old.content.is_empty() {
            return Err(Failure::new(
                FailureKind::Input,
                "There are no words to continue",
                "Ask again instead.",
            ));
        }
        let model = conversation.model.clone();
        let mut start = self.again(conversation, question, model).await?;
        start.kind = Kind::Continue;
        start.reply.content = old.content;
        Ok(start)
    }

    async fn again(
        &self,
        conversation: Conversation,
        question: Message,
        model: ModelRef,
    ) -> Result<Start, Failure> {
        let persona = self.persona_of(&conversation).await?;
        let reply = self.reply(&question, model, persona.as_ref());
        Ok(Start {
            withdraw: Withdraw {
                reply: reply.id,
                question: None,
                tip: conversation.tip,
                archived_at: conversation.archived_at,
                remove_conversation: false,
                draft: None,
            },
            conversation,
            persona,
            kind: Kind::Again,
            history: Vec::new(),
            question,
            reply,
            draft: None,
        })
    }

    /// An empty reply of this model and persona.
    pub(super) fn reply(
        &self,
        question: &Message,
        model: ModelRef,
        persona: Option<&Persona>,
    ) -> Message {
        let mint = &self.desk.mint;
        Message {
            persona: persona.map(|persona| persona.id),
            ..Message::reply(mint.id(), question, model, mint.now())
        }
    }

    /// A reply that has ended, with its conversation and question.
    async fn reply_to_redo(
        &mut self,
        reply: MessageId,
    ) -> Result<(Conversation, Message, Message), Failure> {
        let conversation = self.that(reply, Role::Assistant).await?.conversation;
        let conversation = self.free(conversation).await?;
        let old = self.that(reply, Role::Assistant).await?;
        if old.status == Status::Streaming {
            return Err(self.still_written(conversation.id));
        }
        let question = old.parent.ok_or_else(|| gone("The question"))?;
        let question = self.that(question, Role::User).await?;
        Ok((conversation, question, old))
    }

    /// A message of this role.
    async fn that(&self, id: MessageId, role: Role) -> Result<Message, Failure> {
        let found = self.stores.message(id).await;
        match found.map_err(|error| self.desk.failure(&error))? {
            Some((_, message)) if message.role == role => Ok(message),
            _ => Err(gone("The message")),
        }
    }

    /// A conversation in which no reply is being written, neither here nor by another salon.
    async fn free(&self, id: ConversationId) -> Result<Conversation, Failure> {
        if self.jobs.has(Key::Turn(id)) {
            return Err(running());
        }
        let store = self.stores.of(id);
        let failure = |error| self.desk.failure(&error);
        let look = async || {
            let conversation = store.conversation(id).await.map_err(failure)?;
            conversation.ok_or_else(|| gone("The conversation"))
        };
        let conversation = look().await?;
        if conversation.trashed_at.is_some() {
            return Err(Failure::new(
                FailureKind::Input,
                "The conversation is in the trash",
                "Restore it first.",
            ));
        }
        let Some(tip) = conversation.tip else {
            return Ok(conversation);
        };
        let tip = store.message(tip).await.map_err(failure)?;
        if tip.is_none_or(|tip| tip.status != Status::Streaming) {
            return Ok(conversation);
        }
        // Its writer may be dead: looking at the page recovers what it left.
        let page = store.page(id, At::Tip, Some(1)).await.map_err(failure)?;
        match page.messages.last() {
            Some(last) if last.message.status == Status::Streaming => Err(self.still_written(id)),
            _ => look().await,
        }
    }

    /// Why a reply counts as being written there though no turn runs here.
    fn still_written(&self, id: ConversationId) -> Failure {
        let (title, remedy) = if self.jobs.has(Key::Settling(id)) {
            (
                "The last reply here is not saved yet",
                "See that its disk has room and can be written; salon tries again by itself.",
            )
        } else {
            (
                "Another salon is writing a reply here",
                "Wait until it has ended, or stop it there.",
            )
        };
        Failure::new(FailureKind::Busy, title, remedy)
    }

    /// The conversation that a send creates.
    async fn created(
        &mut self,
        new: NewConversation,
        question: &str,
    ) -> Result<Conversation, Failure> {
        if self.jobs.has(Key::Turn(new.id)) {
            return Err(running());
        }
        let (id, is_temporary) = (new.id, new.is_temporary);
        let conversation = self.new_conversation(new, question).await?;
        self.desk.providers.check(&conversation.model)?;
        if is_temporary {
            let made = self.stores.keep_in_memory(id, &self.desk.mint).await;
            made.map_err(|error| self.desk.failure(&error))?;
        }
        Ok(conversation)
    }

    /// A conversation as it begins. Its persona's model and temperature hold where none is given (spec M2, P3); a model
    /// whose provider is not known here is passed over, and that is said.
    pub(super) async fn new_conversation(
        &mut self,
        new: NewConversation,
        question: &str,
    ) -> Result<Conversation, Failure> {
        new.sampling.check()?;
        let persona = match new.persona {
            Some(id) => Some(self.persona_to_take(id).await?.profile),
            None => None,
        };
        let wished = persona.as_ref().and_then(|persona| persona.model.clone());
        let model = match (new.model, wished) {
            (Some(model), _) => model,
            (None, Some(model)) if self.check_provider(&model).is_ok() => model,
            (None, wished) => {
                let model = self.model_of_a_new_one().await?;
                if let Some(wished) = wished {
                    self.say(None, News::Warned(not_known_here(&wished, &model)));
                }
                model
            }
        };
        let below = Sampling {
            temperature: persona.and_then(|persona| persona.temperature),
            ..Sampling::default()
        };
        let now = self.desk.mint.now();
        let storage = if new.is_temporary {
            Storage::Local
        } else {
            let own = self.desk.settings.providers.get(&model.provider);
            let by_settings = own.map(|provider| provider.storage);
            let wanted = new.storage.or(by_settings).unwrap_or_default();
            match self.desk.providers.keeps_threads(&model.provider) {
                true => wanted,
                false => Storage::Local,
            }
        };
        Ok(Conversation {
            id: new.id,
            title: title_from_words(question),
            title_by: TitleBy::Words,
            model,
            persona: new.persona,
            system: new.system,
            sampling: new.sampling.over(&below),
            storage,
            thread: None,
            created_at: now,
            active_at: now,
            trashed_at: None,
            pinned_at: None,
            archived_at: None,
            tags: Vec::new(),
            tip: None,
            message_count: 0,
            tokens_in: 0,
            tokens_out: 0,
            cost: Money(0),
            unpriced: 0,
            metadata: serde_json::Value::Object(serde_json::Map::new()),
        })
    }
}

/// The rows of what a new conversation begins with, each under the one before. Nobody knows which model said it.
fn said_before(conversation: ConversationId, said: Vec<Said>, at: Millis) -> Vec<Message> {
    let mut parent = None;
    said.into_iter()
        .map(|Said { id, role, text }| Message {
            role,
            status: Status::Complete,
            ..Message::question(id, conversation, parent.replace(id), text, at)
        })
        .collect()
}

/// A persona wants a model that cannot be asked here.
fn not_known_here(wished: &ModelRef, model: &ModelRef) -> Failure {
    Failure::new(
        FailureKind::Input,
        format!("The persona's model {wished} is not known here; {model} answers"),
        "Change the persona's model, or add its provider to salon.toml.",
    )
}

fn running() -> Failure {
    Failure::new(FailureKind::Busy, "A reply is running", "Esc stops it.")
}
