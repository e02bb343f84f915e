//! The face without a screen: asks the engine, prints what it says, and ends with an exit code.

mod ask;
mod doctor;
mod edit;
mod export;
mod json;
mod library_json;
mod list;
mod models;
mod out;
mod paper;
mod personas;
mod prompts;
mod question;
mod remove;
mod search;
mod show;
mod sync;
mod trial;
mod usage;

use tokio::sync::mpsc::{Receiver, Sender};

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::RequestId;
use crate::protocol::{Answer, Command, Event, News, Request};
pub use ask::ask;
pub use doctor::doctor;
pub use edit::edit;
pub use export::export;
pub use list::list;
pub use models::models;
pub use out::{Exit, Out};
pub use paper::{completions, manual};
pub use personas::personas;
pub use prompts::prompts;
pub use question::Question;
pub use remove::{restore, rm};
pub use search::search;
pub use show::{config, show};
pub use sync::{check_sync, sync};
pub use usage::{unread, version};

/// What ends salon from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    HungUp,
    Interrupted,
    Terminated,
}

impl Signal {
    /// The exit code it leads to: 128 and the signal's number (decisions 2.10).
    pub fn exit(self) -> Exit {
        match self {
            Signal::HungUp => Exit(129),
            Signal::Interrupted => Exit(130),
            Signal::Terminated => Exit(143),
        }
    }
}

/// The line to the engine, and the signals.
pub struct Line {
    pub requests: Sender<Request>,
    pub events: Receiver<Event>,
    pub signals: Receiver<Signal>,
    next: u64,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum NoAnswer {
    /// The request was refused, or the store cannot be used.
    Failed(Failure),
    Signal(Signal),
}

impl Line {
    /// A line over these channels.
    pub fn new(
        requests: Sender<Request>,
        events: Receiver<Event>,
        signals: Receiver<Signal>,
    ) -> Self {
        Line {
            requests,
            events,
            signals,
            next: 0,
        }
    }

    /// Asks something; the number its events will name.
    pub async fn request(&mut self, command: Command) -> RequestId {
        self.next += 1;
        let id = RequestId(self.next);
        // An engine that is gone shows when its events end.
        let _ = self.requests.send(Request { id, command }).await;
        id
    }

    /// Asks something, and waits until `take` takes what is said to it. What else is said is passed over.
    async fn heard<T>(
        &mut self,
        command: Command,
        out: &mut Out,
        mut take: impl FnMut(News, &mut Out) -> Option<T>,
    ) -> Result<T, NoAnswer> {
        let id = self.request(command).await;
        loop {
            let event = self.event().await?;
            let is_own = event.cause == Some(id);
            if let News::Warned(failure) = event.news {
                out.warn(&failure);
            } else if let (News::Refused(failure), true) = (&event.news, is_own) {
                return Err(NoAnswer::Failed(failure.clone()));
            } else if is_own && let Some(taken) = take(event.news, out) {
                return Ok(taken);
            }
        }
    }

    /// Asks something that has an answer, and waits for it.
    pub async fn answer(&mut self, command: Command, out: &mut Out) -> Result<Answer, NoAnswer> {
        let take = |news, _: &mut Out| {
            if let News::Answer(answer) = news {
                Some(answer)
            } else {
                None
            }
        };
        self.heard(command, out, take).await
    }

    /// Asks for a change and waits until it is made.
    pub async fn change(&mut self, command: Command, out: &mut Out) -> Result<(), NoAnswer> {
        let take = |news, _: &mut Out| matches!(news, News::Changed(_)).then_some(());
        self.heard(command, out, take).await
    }

    /// Asks for something that is answered by `Done`; what was done.
    async fn done(&mut self, command: Command, out: &mut Out) -> Result<String, NoAnswer> {
        let Answer::Done { what, .. } = self.answer(command, out).await? else {
            return Err(NoAnswer::Failed(lost()));
        };
        Ok(what)
    }

    /// The next event, unless a signal comes first or nothing works.
    pub async fn event(&mut self) -> Result<Event, NoAnswer> {
        tokio::select! { biased;
            Some(signal) = self.signals.recv() => Err(NoAnswer::Signal(signal)),
            event = self.events.recv() => match event {
                Some(Event { news: News::Fatal(failure), .. }) => Err(NoAnswer::Failed(failure)),
                Some(event) => Ok(event),
                None => Err(NoAnswer::Failed(lost())),
            },
        }
    }

    /// Has everything saved and the engine stopped.
    pub async fn stop(&mut self) {
        self.request(Command::Stop).await;
        while let Some(event) = self.events.recv().await {
            if event.news == News::Stopped {
                return;
            }
        }
    }

    /// Prints why there is no answer, has the engine stopped, and tells the exit code.
    pub async fn give_up(&mut self, why: NoAnswer, out: &mut Out) -> Exit {
        let exit = match why {
            NoAnswer::Signal(signal) => signal.exit(),
            NoAnswer::Failed(failure) => {
                out.error(&failure);
                exit_of(&failure)
            }
        };
        self.stop().await;
        out.exit(exit)
    }
}

/// The exit code of something that was refused before it began (spec section 12).
pub fn exit_of(failure: &Failure) -> Exit {
    match failure.kind {
        FailureKind::Store => Exit(3),
        FailureKind::Input | FailureKind::Key | FailureKind::Confirm => Exit(2),
        FailureKind::Limit
        | FailureKind::TooLong
        | FailureKind::Network
        | FailureKind::Wire
        | FailureKind::Busy
        | FailureKind::Plan
        | FailureKind::Bug => Exit(1),
    }
}

fn lost() -> Failure {
    Failure::new(
        FailureKind::Bug,
        "This went wrong inside salon",
        "Try again; the log says more.",
    )
}
