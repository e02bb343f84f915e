//! A turn in a conversation that its provider keeps too: made there, brought in step, asked within (spec M6).
//!
//! The copy here is the truth. What the provider holds is read before each request, so nothing is ever sent twice: what
//! it holds is looked for in the tree here, what it lacks is added, and where its one line is not the branch that goes
//! on, a new one is made from the copy. Where it cannot keep the conversation, the whole history is sent as usual.

use std::time::Duration;

use tokio::time::Instant;

use super::keeper::end;
use super::line::{Said, grouped, is_same, is_sent, spoken};
use super::order::Kind;
use super::turn::Turn;
use crate::domain::chat::ChatRequest;
use crate::domain::conversation::{Storage, Thread};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::MessageId;
use crate::domain::message::{Message, Role, Status};
use crate::protocol::{News, Row};
use crate::provider::thread::{CHUNK, Item, ThreadError};
use crate::provider::{By, ProviderError, Reply};
use crate::store::StoreError;

/// Waits for another client that writes there (`wire.md` 2.1).
const LOCKED: [Duration; 3] = [
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// What came of a request.
pub(super) enum Asked {
    Stream(Reply),
    /// The provider has the answer of an earlier attempt already.
    Ready(String),
    Stopped,
    Error(ProviderError),
    /// It must be seen before it is asked.
    Unasked(Failure),
}

/// Why it cannot be asked there now.
enum Halt {
    Thread(ThreadError),
    Store(StoreError),
}

/// How the provider's line stands to the branch that goes on.
enum Standing {
    /// It is that branch but for these messages at its end.
    Lacks(Vec<Message>),
    /// It is another one.
    Other,
    /// It has the answer already.
    Ready(String),
    /// Something was said there elsewhere.
    Foreign(Failure),
}

impl From<ThreadError> for Halt {
    fn from(error: ThreadError) -> Halt {
        Halt::Thread(error)
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Halt {
        Halt::Store(error)
    }
}

impl Turn {
    /// Asks: within the provider's conversation if this one is kept there, else with the whole history.
    pub(super) async fn ask(&mut self, request: &ChatRequest) -> Asked {
        self.is_in_thread = false;
        let (mut waits, mut has_rebuilt) = (LOCKED.into_iter(), false);
        while self.has_thread(request) {
            let error = match self.ask_in_thread(request).await {
                Ok(asked) => return asked,
                Err(Halt::Thread(error)) => error,
                Err(Halt::Store(error)) => {
                    let failure = self.order.desk.failure(&error);
                    return Asked::Error(ProviderError::never(failure, By::Transport));
                }
            };
            match error {
                ThreadError::Locked(error) => {
                    let Some(wait) = waits.next() else {
                        return Asked::Error(busy(error));
                    };
                    let why = "another client is writing in this conversation";
                    if !self.wait(Instant::now() + wait, None, why, 0).await {
                        return Asked::Stopped;
                    }
                }
                ThreadError::Gone(_) if !std::mem::replace(&mut has_rebuilt, true) => {
                    let title = format!(
                        "{} no longer has this conversation; it is made anew from the copy here",
                        request.model.provider
                    );
                    self.tell(title, "Nothing is lost.");
                    self.keep(Storage::Provider, None).await;
                }
                ThreadError::Gone(error) | ThreadError::Refused(error) => {
                    let title = format!(
                        "{} does not keep this conversation; it is kept here alone from now on",
                        request.model.provider
                    );
                    self.tell(title, error.failure.title);
                    self.keep(Storage::Local, None).await;
                }
                ThreadError::Other(error) => return Asked::Error(error),
            }
        }
        // The whole history, also after the provider has lost its own.
        match self.order.desk.providers.clone().ask(request).await {
            Ok(stream) => Asked::Stream(stream),
            Err(error) => Asked::Error(error),
        }
    }

    /// Whether the provider keeps, or may keep, the line this turn goes on. One that continues its own words sends a
    /// line that is never stored, so it is asked apart.
    fn has_thread(&self, request: &ChatRequest) -> bool {
        let order = &self.order;
        let is_there = match &order.conversation.thread {
            Some(thread) => thread.provider == request.model.provider,
            None => order.desk.providers.keeps_threads(&request.model.provider),
        };
        is_there
            && order.conversation.storage == Storage::Provider
            && order.ledger.is_none()
            && !matches!(order.kind, Kind::Continue)
    }

    async fn ask_in_thread(&mut self, request: &ChatRequest) -> Result<Asked, Halt> {
        let standing = match self.order.conversation.thread.clone() {
            Some(thread) => self.catch_up(&thread).await?,
            None => Standing::Other,
        };
        let id = match (standing, &self.order.conversation.thread) {
            (Standing::Ready(text), _) => return Ok(Asked::Ready(text)),
            (Standing::Foreign(failure), _) => return Ok(Asked::Unasked(failure)),
            (Standing::Lacks(missing), Some(thread)) => {
                let id = thread.id.clone();
                self.add(&id, &missing).await?;
                id
            }
            (Standing::Lacks(_) | Standing::Other, _) => self.rebuild(request).await?,
        };
        let within = ChatRequest {
            messages: request.messages.last().cloned().into_iter().collect(),
            thread: Some(id),
            ..request.clone()
        };
        let providers = self.order.desk.providers.clone();
        let stream = providers.ask_in_thread(&within).await?;
        self.is_in_thread = true;
        Ok(Asked::Stream(stream))
    }

    /// Reads what the provider has since both were last in step, and looks for it in the tree here.
    async fn catch_up(&mut self, thread: &Thread) -> Result<Standing, Halt> {
        let (news, is_known) = self.tail(thread).await?;
        let store = self.order.store.clone();
        let id = self.order.id();
        let mut at = match thread.item.as_deref().filter(|_| is_known) {
            Some(item) => match store.message_of_item(id, item).await? {
                Some(message) => Some(message),
                None => return Ok(Standing::Other),
            },
            None => None,
        };
        let mut said = grouped(news);
        let mut pairs = Vec::new();
        while let Some(first) = said.first() {
            let under = store.under(id, at).await?;
            let found = under
                .iter()
                .find(|message| !self.is_mine(message.id) && is_same(message, first));
            let Some(found) = found else {
                break;
            };
            at = Some(found.id);
            pairs.push((found.id, said.remove(0).item));
        }
        store.in_step(id, &pairs).await?;
        if said.is_empty() {
            return self.lacking(at).await;
        }
        let question = &self.order.question;
        if matches!(self.order.kind, Kind::Send { .. })
            && at == question.parent
            && is_same(question, &said[0])
        {
            match said.as_slice() {
                [_] => return Ok(Standing::Other),
                [asked, answer] if answer.role == Role::Assistant => {
                    let text = answer.text.clone();
                    let own = [
                        (question.id, asked.item.clone()),
                        (self.order.reply.id, answer.item.clone()),
                    ];
                    store.in_step(id, &own).await?;
                    return Ok(Standing::Ready(text));
                }
                _ => {}
            }
        }
        let has_lost_place = thread.item.is_some() && !is_known;
        self.foreign(at, said, has_lost_place).await
    }

    /// The question this send has just written, and the empty reply.
    fn is_mine(&self, message: MessageId) -> bool {
        let order = &self.order;
        message == order.reply.id
            || matches!(order.kind, Kind::Send { .. }) && message == order.question.id
    }

    /// Items behind the one both were in step at, oldest first, and whether that one is there; all of them if not.
    async fn tail(&self, thread: &Thread) -> Result<(Vec<Item>, bool), Halt> {
        let providers = self.order.desk.providers.clone();
        let (mut items, mut after): (Vec<Item>, Option<String>) = (Vec::new(), None);
        let mut has_restarted = false;
        loop {
            let page = providers.thread_items(&thread.provider, &thread.id, after.as_deref());
            let page = match page.await {
                // The item the page was to begin after may be gone (`wire.md` 2.2).
                Err(ThreadError::Gone(_)) if after.is_some() && !has_restarted => {
                    has_restarted = true;
                    items.clear();
                    after = None;
                    continue;
                }
                page => page?,
            };
            let is_last = !page.has_more || page.items.is_empty();
            for item in page.items {
                if thread.item.as_deref() == Some(item.id.as_str()) {
                    items.reverse();
                    return Ok((items, true));
                }
                items.push(item);
            }
            if is_last {
                items.reverse();
                return Ok((items, false));
            }
            after = items.last().map(|item| item.id.clone());
        }
    }

    /// The provider's line ends at this message: what it lacks of the branch that goes on.
    async fn lacking(&self, end: Option<MessageId>) -> Result<Standing, Halt> {
        let branch = self.history().await?;
        let from = match end {
            Some(end) => match branch.iter().position(|message| message.id == end) {
                Some(at) => at + 1,
                None => return Ok(Standing::Other),
            },
            None => 0,
        };
        let missing = branch.into_iter().skip(from).filter(is_sent);
        Ok(Standing::Lacks(missing.collect()))
    }

    /// The messages before the question.
    async fn history(&self) -> Result<Vec<Message>, StoreError> {
        match self.order.question.parent {
            Some(parent) => self.order.store.branch(parent).await,
            None => Ok(Vec::new()),
        }
    }

    /// Something was said there that is not here: it is taken over, and shown before anything is asked after it.
    async fn foreign(
        &mut self,
        after: Option<MessageId>,
        mut said: Vec<Said>,
        has_lost_place: bool,
    ) -> Result<Standing, Halt> {
        let (store, id) = (self.order.store.clone(), self.order.id());
        let provider = self.order.conversation.thread.as_ref();
        let provider = provider.map_or(String::new(), |thread| thread.provider.clone());
        if has_lost_place {
            let mut unknown = Vec::new();
            for one in said {
                if !store.is_said(id, one.role, &one.text).await? {
                    unknown.push(one);
                }
            }
            said = unknown;
        }
        if said.is_empty() {
            let title = format!(
                "This conversation was changed at {provider}; it is made anew from the copy here"
            );
            self.tell(title, "Nothing is lost.");
            return Ok(Standing::Other);
        }
        let (mint, mut parent) = (&self.order.desk.mint, after);
        let mut rows = Vec::with_capacity(said.len());
        for one in said {
            let at = mint.now();
            let row = Message {
                role: one.role,
                status: Status::Complete,
                ..Message::question(mint.id(), id, parent, one.text, at)
            };
            parent = Some(row.id);
            rows.push((row, one.item));
        }
        store.take_over(&rows).await?;
        self.order.withdraw.tip = parent;
        let count = rows.len();
        let plural = if count == 1 { "" } else { "s" };
        Ok(Standing::Foreign(Failure::new(
            FailureKind::Busy,
            format!(
                "This conversation went on elsewhere at {provider}: {count} message{plural} taken over"
            ),
            "Read what was said, then send again.",
        )))
    }

    /// Makes a new conversation at the provider from the copy here, up to the question; its id.
    async fn rebuild(&mut self, request: &ChatRequest) -> Result<String, Halt> {
        let history: Vec<Message> = self.history().await?.into_iter().filter(is_sent).collect();
        let (first, rest) = history.split_at(history.len().min(CHUNK));
        let providers = self.order.desk.providers.clone();
        let provider = &request.model.provider;
        let title = self.order.conversation.title.clone();
        let id = providers
            .make_thread(provider, &title, &spoken(first))
            .await?;
        let made = Thread {
            provider: provider.clone(),
            id: id.clone(),
            item: None,
        };
        self.left_threads
            .extend(self.order.conversation.thread.take());
        // Written before the rest is added: a turn that breaks off here goes on there.
        self.keep(Storage::Provider, Some(made)).await;
        self.add(&id, rest).await?;
        Ok(id)
    }

    async fn add(&self, thread: &str, messages: &[Message]) -> Result<(), Halt> {
        let order = &self.order;
        let provider = order.conversation.thread.as_ref();
        let provider = provider.map_or("", |thread| thread.provider.as_str());
        let providers = order.desk.providers.clone();
        for some in messages.chunks(CHUNK) {
            let words = spoken(some);
            let items = providers.add_to_thread(provider, thread, &words).await?;
            if items.len() == some.len() {
                let ids = some.iter().map(|message| message.id);
                let pairs: Vec<_> = ids.zip(items).collect();
                order.store.in_step(order.id(), &pairs).await?;
            }
        }
        Ok(())
    }

    /// Writes who keeps the conversation, and where.
    async fn keep(&mut self, storage: Storage, thread: Option<Thread>) {
        let order = &mut self.order;
        let kept = order
            .store
            .set_storage(order.id(), storage, thread.as_ref())
            .await;
        order.conversation.storage = storage;
        order.conversation.thread = thread;
        match kept {
            Ok(row) => order.mouth.say(News::Changed(Row::Conversation(row))),
            Err(error) => self.warn(&error),
        }
    }

    fn tell(&mut self, title: String, remedy: impl Into<String>) {
        let told = Failure::new(FailureKind::Wire, title, remedy);
        self.order.mouth.say(News::Warned(told));
    }

    /// Ends the provider's conversations that nothing here is kept in any more.
    pub(super) async fn end_left_threads(&mut self) {
        let desk = self.order.desk.clone();
        let token = self.order.token.clone();
        for thread in std::mem::take(&mut self.left_threads) {
            token.run_until_cancelled(end(&desk, &thread)).await;
        }
    }
}

fn busy(error: ProviderError) -> ProviderError {
    let failure = Failure::new(
        FailureKind::Busy,
        "Another client is writing in this conversation",
        "Wait until it has ended, then send again.",
    );
    ProviderError::never(failure.with_detail(error.failure.detail), By::Server)
}
