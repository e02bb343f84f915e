//! The engine: one loop that takes requests in order and speaks for all jobs.
//!
//! What takes a moment is done at once, in the order of the requests; what can take longer is a job (`jobs.rs`). Jobs
//! speak through the loop, and the loop reads a conversation's row anew as it passes it on: a face never gets an older
//! row after a newer one. A face that does not read holds up nothing but its own news, and loses none of it.

mod arrange;
mod chat;
mod checkups;
mod chores;
mod desk;
mod doctor;
mod ending;
mod export;
mod first;
mod habits;
mod hub;
mod insist;
mod jobs;
mod keeper;
mod keys;
mod known;
mod library;
mod line;
mod listen;
mod listings;
mod marks;
mod measure;
mod models;
mod order;
mod own;
mod pace;
mod passing;
mod personas;
mod plan;
mod prompts;
mod providers;
mod removal;
mod rescue;
mod retention;
mod seam;
mod shelf;
mod start;
mod stores;
mod thread;
mod tongue;
mod trial;
mod turn;
mod words;

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::select;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::{ConversationId, Mint, RequestId};
use crate::domain::message::Message;
use crate::domain::model::ModelRef;
use crate::protocol::{Answer, Command, EVENTS, Event, News, REQUESTS, Request, Shelf, Step, Turn};
use crate::provider::Providers;
use crate::settings::Settings;
use crate::store::{Store, StoreError, Withdraw};
use chores::Title;
use desk::{Desk, Mouth};
use jobs::{Ended, Jobs, Key};
use listings::{Listings, Outcomes};
use pace::Pace;
use passing::Sending;
use stores::Stores;

pub use desk::Options;

/// Leaving takes no longer than this.
const LEAVING: Duration = Duration::from_secs(2);
/// What jobs have said and the loop has not yet passed on.
const SAID: usize = 64;

/// What an engine is made of.
pub struct Parts {
    pub settings: Settings,
    pub providers: Providers,
    pub mint: Mint,
    pub options: Options,
}

/// A face's ends of the two channels.
pub struct Handle {
    pub requests: Sender<Request>,
    pub events: Receiver<Event>,
}

/// The two channels between a face and an engine: the face's ends, and what `run` takes.
pub fn channels() -> (Handle, Receiver<Request>, Sender<Event>) {
    let (requests, asked) = mpsc::channel(REQUESTS);
    let (said, events) = mpsc::channel(EVENTS);
    (Handle { requests, events }, asked, said)
}

/// What a job leaves behind.
enum Left {
    Nothing,
    Turn(ConversationId, ModelRef, turn::Left),
    Listed(Outcomes),
}

/// The loop's own state; nothing else sees it.
struct Engine {
    desk: Desk,
    stores: Stores,
    jobs: Jobs<Left, Withdraw>,
    pace: Pace,
    listings: Listings,
    sync: Sending,
    /// The face has what it shows first, with this conversation open.
    shown: Option<Option<ConversationId>>,
    /// What is old was looked for; that is done once.
    has_tidied_up: bool,
    /// The jobs' way to the loop.
    said: Sender<Event>,
    heard: Receiver<Event>,
    events: Sender<Event>,
    /// What the face has no room for yet, in order.
    outbox: VecDeque<Event>,
    /// Requests that wait until the outbox is empty, so that answers keep the order of what they answer.
    waiting: VecDeque<Request>,
}

/// Runs an engine until `Command::Stop`, or until its face is gone: opens the store, answers what the face shows first,
/// recovers what a kill left, then works (decisions 2.5). A store that cannot be used is `News::Fatal`.
pub async fn run(parts: Parts, mut requests: Receiver<Request>, events: Sender<Event>) {
    let desk = Desk {
        settings: Arc::new(parts.settings),
        providers: parts.providers,
        mint: parts.mint,
        is_screen: parts.options.is_screen,
        closed: Arc::default(),
    };
    let paths = &desk.settings.paths;
    let store = match Store::open(&paths.database, &paths.run_dir, &desk.mint).await {
        Ok(store) => store,
        Err(error) => return hopeless(desk.failure(&error), requests, events).await,
    };
    let (said, heard) = mpsc::channel(SAID);
    let mut engine = Engine {
        desk,
        stores: Stores::new(store),
        jobs: Jobs::new(),
        pace: Pace::default(),
        listings: Listings::default(),
        sync: Sending::default(),
        shown: None,
        has_tidied_up: false,
        said,
        heard,
        events,
        outbox: VecDeque::new(),
        waiting: VecDeque::new(),
    };
    match engine.begin_to_write(&mut requests).await {
        Ok(()) => {
            engine.start_sync();
            engine.work(&mut requests).await;
            engine.stop().await;
        }
        Err(failure) => {
            engine.stores.close().await;
            hopeless(failure, requests, engine.events).await;
        }
    }
}

/// Nothing works: says so, refuses everything, and waits for the face to leave.
async fn hopeless(failure: Failure, mut requests: Receiver<Request>, events: Sender<Event>) {
    let say = async |cause, news| events.send(Event { cause, news }).await.is_ok();
    if !say(None, News::Fatal(failure.clone())).await {
        return;
    }
    while let Some(request) = requests.recv().await {
        let (news, is_last) = match request.command {
            Command::Stop => (News::Stopped, true),
            Command::Turn(_)
            | Command::Chat(_)
            | Command::Shelf(_)
            | Command::Personas(_)
            | Command::Library(_)
            | Command::Data(_)
            | Command::Cancel(_) => (News::Refused(failure.clone()), false),
        };
        if !say(Some(request.id), news).await || is_last {
            return;
        }
    }
}

impl Engine {
    /// Opens the writing connection and recovers, and meanwhile answers what a face shows first.
    async fn begin_to_write(&mut self, requests: &mut Receiver<Request>) -> Result<(), Failure> {
        let store = self.stores.file.clone();
        let mut writing = pin!(store.start_writing());
        let mut is_open = true;
        let rows = loop {
            let has_room = is_open && self.waiting.len() < REQUESTS;
            select! { biased;
                request = requests.recv(), if has_room => match request {
                    Some(Request { id, command: Command::Shelf(Shelf::Home { limit, open }) })
                        if self.waiting.is_empty() =>
                    {
                        let home = self.home(limit, open.as_deref()).await;
                        self.note_shown(&home);
                        self.answer(id, home.map(|home| vec![News::Answer(Answer::Home(Box::new(home)))]));
                        self.flush();
                    }
                    Some(request) => self.waiting.push_back(request),
                    None => is_open = false,
                },
                rows = &mut writing => break rows,
            }
        };
        if let Some(note) = self.stores.file.note() {
            let told = Failure::new(FailureKind::Store, note, "");
            self.say(None, News::Warned(told));
        }
        match rows {
            Ok(rows) => {
                tracing::info!(recovered = rows.len(), "the store is open");
                for row in rows {
                    self.say(None, News::Changed(row));
                }
                Ok(())
            }
            // What cannot be written can still be read; a send will say the same again.
            Err(error @ (StoreError::ReadOnly | StoreError::Full | StoreError::Busy)) => {
                let failure = self.desk.failure(&error);
                self.say(None, News::Warned(failure));
                Ok(())
            }
            Err(error) => Err(self.desk.failure(&error)),
        }
    }

    /// Takes requests and passes on what jobs say, until there is nobody to do it for.
    async fn work(&mut self, requests: &mut Receiver<Request>) {
        loop {
            self.flush();
            self.tidy_up_once();
            if self.outbox.is_empty()
                && let Some(request) = self.waiting.pop_front()
            {
                if request.command == Command::Stop {
                    return;
                }
                self.handle(request).await;
                continue;
            }
            select! { biased;
                () = has_room(&self.events), if !self.outbox.is_empty() => {}
                ended = self.jobs.ended() => self.ended(ended).await,
                Some(event) = self.heard.recv(), if self.outbox.is_empty() => self.speak(event).await,
                state = self.sync.state(), if self.outbox.is_empty() => self.sync_said(state),
                request = requests.recv(), if self.waiting.len() < REQUESTS => match request {
                    None | Some(Request { command: Command::Stop, .. }) => {
                        return self.handle_all().await;
                    }
                    Some(request) => {
                        // Ending something does not wait for a face that does not read.
                        if !self.waiting.is_empty() || !self.outbox.is_empty() {
                            self.cancel(&request.command);
                        }
                        self.waiting.push_back(request);
                    }
                },
                () = self.events.closed() => return self.handle_all().await,
            }
        }
    }

    /// What was asked before the end is still done.
    async fn handle_all(&mut self) {
        while let Some(request) = self.waiting.pop_front() {
            if request.command != Command::Stop {
                self.handle(request).await;
            }
        }
    }

    /// Does what a request asks, or starts the job that does.
    async fn handle(&mut self, request: Request) {
        let id = request.id;
        let done = match request.command {
            Command::Turn(turn) => self.turn(id, turn).await.map(|()| Vec::new()),
            Command::Chat(chat) => self.chat(id, chat).await,
            Command::Shelf(shelf) => self.shelf(id, shelf).await,
            Command::Personas(personas) => self.personas(id, personas).await,
            Command::Library(library) => self.library(id, library).await,
            Command::Data(data) => self.own(id, data).await,
            command @ (Command::Cancel(_) | Command::Stop) => {
                self.cancel(&command);
                Ok(Vec::new())
            }
        };
        self.answer(id, done);
    }

    fn cancel(&self, command: &Command) {
        if let Command::Cancel(cause) = command {
            self.jobs.cancel_cause(*cause);
        }
        if let Command::Turn(Turn::Cancel { conversation }) = command {
            self.jobs.cancel(Key::Turn(*conversation));
        }
    }

    /// A mouth for a job of this request.
    fn mouth(&self, cause: RequestId) -> Mouth {
        Mouth::new(Some(cause), self.said.clone())
    }

    fn answer(&mut self, cause: RequestId, done: Result<Vec<News>, Failure>) {
        match done {
            Ok(all) => {
                for news in all {
                    self.say(Some(cause), news);
                }
            }
            Err(failure) => self.say(Some(cause), News::Refused(failure)),
        }
    }

    fn say(&mut self, cause: Option<RequestId>, news: News) {
        self.tell_sync(&news);
        self.outbox.push_back(Event { cause, news });
    }

    /// Gives the face as much as it has room for.
    fn flush(&mut self) {
        while !self.outbox.is_empty() {
            let Ok(slot) = self.events.try_reserve() else {
                return;
            };
            if let Some(event) = self.outbox.pop_front() {
                slot.send(event);
            }
        }
    }

    /// Passes on what a job says, with the conversation as it stands now.
    async fn speak(&mut self, mut event: Event) {
        let is_over = match &event.news {
            News::Turn { step, .. } => matches!(step, Step::Ended { .. } | Step::Withdrawn { .. }),
            News::Refused(_) => true,
            News::Changed(_)
            | News::Trial(_)
            | News::Sync(_)
            | News::Expired { .. }
            | News::Answer(_)
            | News::Warned(_)
            | News::Fatal(_)
            | News::Stopped => false,
        };
        if let (true, Some(cause)) = (is_over, event.cause) {
            self.jobs.settle(cause);
        }
        self.tell_sync(&event.news);
        if let Some(row) = passing::conversation_in(&mut event.news) {
            let read = self.stores.of(row.id).conversation(row.id).await;
            if let Ok(Some(now)) = read {
                *row = now;
            }
        }
        self.outbox.push_back(event);
    }

    /// A job is over.
    async fn ended(&mut self, ended: Ended<Left, Withdraw>) {
        match ended {
            Ended::Done(Left::Turn(conversation, model, left)) => {
                if !left.has_asked {
                    self.pace.release(&model.provider, left.leaves_at);
                }
                if let Some(pair) = left.complete {
                    self.offer_title(conversation, *pair).await;
                }
            }
            Ended::Done(Left::Listed(all)) => self.listings.answered(all),
            Ended::Done(Left::Nothing) | Ended::Aborted => {}
            Ended::Panicked { cause, rescue, .. } => {
                while let Ok(event) = self.heard.try_recv() {
                    self.speak(event).await;
                }
                self.rescue(cause, rescue).await;
            }
        }
    }

    /// Starts the chore that makes a title, if there is one to make.
    async fn offer_title(&mut self, id: ConversationId, (question, reply): (Message, Message)) {
        let is_free = !self.jobs.has(Key::Turn(id)) && !self.jobs.has(Key::Title(id));
        if !self.desk.is_screen || !is_free {
            return;
        }
        let Ok(Some(conversation)) = self.stores.file.conversation(id).await else {
            return;
        };
        if !chores::wants_title(&self.desk.settings, &conversation) {
            return;
        }
        let (desk, store) = (self.desk.clone(), self.stores.file.clone());
        let mouth = Mouth::new(None, self.said.clone());
        self.jobs
            .start(Key::Title(id), None, None, |token| async move {
                let title = Title {
                    desk,
                    store,
                    conversation,
                    question,
                    reply,
                    mouth,
                    token,
                };
                title.run().await;
                Left::Nothing
            });
    }

    /// Ends every job with its words saved, sends what waits to the hub, closes the store, and says so; all within
    /// `LEAVING`.
    async fn stop(mut self) {
        let deadline = Instant::now() + LEAVING;
        self.jobs.cancel_all();
        while !self.jobs.is_empty() {
            select! { biased;
                () = sleep_until(deadline) => {
                    tracing::warn!("some jobs did not end in time");
                    self.jobs.abort_all();
                    break;
                }
                Some(event) = self.heard.recv() => self.speak(event).await,
                ended = self.jobs.ended() => match ended {
                    Ended::Done(_) | Ended::Aborted => {}
                    panicked @ Ended::Panicked { .. } => self.ended(panicked).await,
                },
            }
        }
        while let Ok(event) = self.heard.try_recv() {
            self.speak(event).await;
        }
        self.flush();
        if let Some(sync) = &mut self.sync.task {
            sync.finish(deadline).await;
        }
        let is_closed = timeout_at(deadline, self.stores.close()).await.is_ok();
        tracing::info!(is_closed, "stopped");
        self.say(None, News::Stopped);
        let last_words = async {
            while let Some(event) = self.outbox.pop_front() {
                if self.events.send(event).await.is_err() {
                    return;
                }
            }
        };
        let _ = timeout_at(deadline, last_words).await;
    }
}

/// Waits for room for one event, or for the face to go.
async fn has_room(events: &Sender<Event>) {
    // The room is taken by `flush`; that the face is gone is heard by `closed`.
    if events.reserve().await.is_err() {
        std::future::pending().await
    }
}
