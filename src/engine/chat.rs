//! What is asked about one conversation: pages, branches, its model, sampling and instructions, drafts.

use super::desk::gone;
use super::jobs::Key;
use super::{Engine, Left};
use crate::domain::conversation::{Conversation, Reading};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::{ConversationId, MessageId, RequestId};
use crate::domain::model::ModelRef;
use crate::protocol::{Answer, At, Chat, News, Opened, PAGE, Row};
use crate::store::{Choice, Store, StoreError};

impl Engine {
    /// Does what is asked at once, or starts the job that does.
    pub(super) async fn chat(
        &mut self,
        cause: RequestId,
        chat: Chat,
    ) -> Result<Vec<News>, Failure> {
        match chat {
            Chat::SetPersona {
                conversation,
                persona,
            } => self.set_persona(conversation, persona).await,
            Chat::PutPersonaBack {
                conversation,
                persona,
                model,
                temperature,
            } => {
                let choice = Choice {
                    persona,
                    model,
                    temperature,
                };
                self.put_persona_back(conversation, choice).await
            }
            Chat::Open { .. }
            | Chat::OpenAt { .. }
            | Chat::Page { .. }
            | Chat::Choose { .. }
            | Chat::SwitchModel { .. }
            | Chat::Set { .. }
            | Chat::SetSystem { .. }
            | Chat::KeepDraft { .. }
            | Chat::KeepReading { .. }
            | Chat::Thinking(_)
            | Chat::Questions { .. }
            | Chat::History { .. }
            | Chat::Find { .. }
            | Chat::Siblings { .. } => self.look(cause, chat).await.map(Vec::from_iter),
        }
    }

    /// What has one answer or none.
    async fn look(&mut self, cause: RequestId, chat: Chat) -> Result<Option<News>, Failure> {
        match chat {
            Chat::Open { conversation } => {
                let opened = self.opened(conversation).await?;
                self.is_last(conversation).await?;
                Ok(Some(News::Answer(Answer::Opened(Box::new(opened)))))
            }
            Chat::OpenAt {
                conversation,
                message,
            } => {
                let opened = self.open_at(conversation, message).await?;
                Ok(Some(News::Answer(Answer::Opened(Box::new(opened)))))
            }
            Chat::Choose {
                conversation,
                through,
            } => {
                let chosen = self.stores.of(conversation).choose(conversation, through);
                chosen.await.map_err(|error| self.desk.failure(&error))?;
                let opened = self.opened(conversation).await?;
                Ok(Some(News::Answer(Answer::Opened(Box::new(opened)))))
            }
            Chat::Page {
                conversation,
                at,
                limit: Some(limit),
            } => {
                let store = self.stores.of(conversation);
                let page = store.page(conversation, at, Some(limit)).await;
                let page = page.map_err(|error| self.desk.failure(&error))?;
                Ok(Some(News::Answer(Answer::Page {
                    conversation,
                    at,
                    page,
                })))
            }
            Chat::Page {
                conversation,
                at,
                limit: None,
            } => {
                self.read_whole(cause, conversation, at);
                Ok(None)
            }
            Chat::Questions { conversation } => {
                self.read(cause, conversation, async move |store| {
                    store.questions(conversation).await.map(Answer::Questions)
                });
                Ok(None)
            }
            Chat::Find {
                conversation,
                words,
            } => {
                self.read(cause, conversation, async move |store| {
                    let hits = store.find_words(conversation, &words).await?;
                    Ok(Answer::Matches {
                        conversation,
                        words,
                        hits,
                    })
                });
                Ok(None)
            }
            Chat::Thinking(message) => {
                let store = self.store_of(message).await?;
                let text = store.thinking(message).await;
                let text = text.map_err(|error| self.desk.failure(&error))?;
                let text = text.unwrap_or_default();
                Ok(Some(News::Answer(Answer::Thinking { message, text })))
            }
            Chat::History {
                words,
                before,
                limit,
            } => {
                // Temporary conversations are in another store and leave no trace here.
                self.read_file(cause, async move |store| {
                    let found = store.history(&words, before, limit).await;
                    found.map(Answer::History)
                });
                Ok(None)
            }
            Chat::Siblings { message } => {
                let store = self.store_of(message).await?;
                let ids = store.siblings(message).await;
                let ids = ids.map_err(|error| self.desk.failure(&error))?;
                Ok(Some(News::Answer(Answer::Siblings(ids))))
            }
            Chat::SwitchModel { .. }
            | Chat::SetPersona { .. }
            | Chat::PutPersonaBack { .. }
            | Chat::Set { .. }
            | Chat::SetSystem { .. }
            | Chat::KeepDraft { .. }
            | Chat::KeepReading { .. } => self.write(chat).await,
        }
    }

    /// Reads a branch from one end to the other, which may take a while.
    fn read_whole(&mut self, cause: RequestId, conversation: ConversationId, at: At) {
        self.read(cause, conversation, async move |store| {
            let page = store.page(conversation, at, None).await?;
            Ok(Answer::Page {
                conversation,
                at,
                page,
            })
        });
    }

    /// The store that holds this message.
    async fn store_of(&self, message: MessageId) -> Result<&Store, Failure> {
        let found = self.stores.message(message).await;
        let found = found.map_err(|error| self.desk.failure(&error))?;
        let (store, _) = found.ok_or_else(|| gone("The message"))?;
        Ok(store)
    }

    /// The single-row writes.
    async fn write(&self, chat: Chat) -> Result<Option<News>, Failure> {
        let changed = |row: Conversation| Some(News::Changed(Row::Conversation(row)));
        let written = match chat {
            Chat::SwitchModel {
                conversation,
                model,
            } => {
                self.check_provider(&model)?;
                let store = self.stores.of(conversation);
                store.set_model(conversation, &model).await.map(changed)
            }
            Chat::Set {
                conversation,
                sampling,
            } => {
                sampling.check()?;
                let store = self.stores.of(conversation);
                store
                    .set_sampling(conversation, &sampling)
                    .await
                    .map(changed)
            }
            Chat::SetSystem { conversation, text } => {
                let store = self.stores.of(conversation);
                store
                    .set_system(conversation, text.trim())
                    .await
                    .map(changed)
            }
            // A temporary conversation leaves no draft (decisions 2.6).
            Chat::KeepDraft {
                scope: Some(id), ..
            } if self.stores.is_temporary(id) => Ok(None),
            Chat::KeepDraft { scope, slot, draft } => {
                let kept = self.stores.file.keep_draft(scope, slot, &draft).await;
                kept.map(|()| None)
            }
            Chat::KeepReading {
                conversation,
                reading,
            } => {
                let store = self.stores.of(conversation);
                store
                    .keep_reading(conversation, reading)
                    .await
                    .map(|()| None)
            }
            Chat::SetPersona { .. }
            | Chat::PutPersonaBack { .. }
            | Chat::Open { .. }
            | Chat::OpenAt { .. }
            | Chat::Page { .. }
            | Chat::Choose { .. }
            | Chat::Thinking(_)
            | Chat::Questions { .. }
            | Chat::History { .. }
            | Chat::Find { .. }
            | Chat::Siblings { .. } => Ok(None),
        };
        written.map_err(|error| self.desk.failure(&error))
    }

    /// A conversation at this message, on the branch through it.
    async fn open_at(&self, id: ConversationId, message: MessageId) -> Result<Opened, Failure> {
        let shown = self.stores.of(id).show(id, message);
        shown.await.map_err(|error| self.desk.failure(&error))?;
        let opened = self.opened_at(id, Some(message)).await?;
        self.is_last(id).await?;
        Ok(opened)
    }

    /// Keeps that this conversation is the last one shown.
    async fn is_last(&self, conversation: ConversationId) -> Result<(), Failure> {
        if self.stores.is_temporary(conversation) {
            return Ok(());
        }
        let kept = self.stores.file.set_last_conversation(Some(conversation));
        kept.await.map_err(|error| self.desk.failure(&error))
    }

    /// A conversation as it is first shown: at the reader's place, else at its end.
    pub(super) async fn opened(&self, id: ConversationId) -> Result<Opened, Failure> {
        self.opened_at(id, None).await
    }

    /// The same at this message of the shown branch, if one is named.
    async fn opened_at(
        &self,
        id: ConversationId,
        message: Option<MessageId>,
    ) -> Result<Opened, Failure> {
        let store = self.stores.of(id);
        let read = async {
            let reading = match message {
                Some(message) => Some(Reading { message, row: 0 }),
                None => store.reading(id).await?,
            };
            let at = reading.map_or(At::Tip, |reading| At::Around(reading.message));
            let page = store.page(id, at, Some(PAGE)).await?;
            let drafts = store.drafts(Some(id)).await?;
            // After the page, whose recovery may move the tip.
            let conversation = store.conversation(id).await?;
            Ok(conversation.map(|conversation| Opened {
                conversation,
                page,
                drafts,
                reading,
            }))
        };
        let read = read
            .await
            .map_err(|error: StoreError| self.desk.failure(&error))?;
        read.ok_or_else(|| gone("The conversation"))
    }

    /// A read that can take longer than a moment.
    fn read<R, F>(&mut self, cause: RequestId, conversation: ConversationId, read: R)
    where
        R: FnOnce(Store) -> F + Send + 'static,
        F: Future<Output = Result<Answer, StoreError>> + Send,
    {
        let store = self.stores.of(conversation).clone();
        self.read_in(cause, store, read);
    }

    /// The same about all conversations that are kept.
    fn read_file<R, F>(&mut self, cause: RequestId, read: R)
    where
        R: FnOnce(Store) -> F + Send + 'static,
        F: Future<Output = Result<Answer, StoreError>> + Send,
    {
        self.read_in(cause, self.stores.file.clone(), read);
    }

    fn read_in<R, F>(&mut self, cause: RequestId, store: Store, read: R)
    where
        R: FnOnce(Store) -> F + Send + 'static,
        F: Future<Output = Result<Answer, StoreError>> + Send,
    {
        let (desk, mut mouth) = (self.desk.clone(), self.mouth(cause));
        self.jobs
            .start(Key::Read, Some(cause), None, |token| async move {
                let news = match token.run_until_cancelled(read(store)).await {
                    Some(Ok(answer)) => News::Answer(answer),
                    Some(Err(error)) => News::Refused(desk.failure(&error)),
                    None => return Left::Nothing,
                };
                mouth.finish_with(news).await;
                Left::Nothing
            });
    }

    /// A typed model is accepted when its provider exists; whether its key is there shows at the send (spec M5).
    pub(super) fn check_provider(&self, model: &ModelRef) -> Result<(), Failure> {
        match self.desk.providers.check(model) {
            Err(failure) if failure.kind != FailureKind::Key => Err(failure),
            _ => Ok(()),
        }
    }
}
