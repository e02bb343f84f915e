//! The engine's side of sync: it starts the sending, tells it of changes, passes on what it says, and asks it for others.

use super::jobs::Key;
use super::{Engine, Left, passing};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::RequestId;
use crate::domain::sync::{SyncPhase, SyncState};
use crate::protocol::{Answer, News};
use crate::sync::{self, Address};

impl Engine {
    /// The hub's address; `None` = no hub is set up.
    pub(super) fn hub(&self) -> Option<Result<Address, Failure>> {
        let settings = &self.desk.settings;
        let hub = settings.sync.as_ref()?;
        Some(Address::of(hub, settings.network.ca_file.as_deref()))
    }

    /// Starts to send to the hub, where one is set up.
    pub(super) fn start_sync(&mut self) {
        match self.hub() {
            None => {}
            Some(Err(failure)) if self.desk.is_screen => self.say(None, News::Warned(failure)),
            Some(Err(failure)) => self.sync.bad = Some(failure),
            Some(Ok(address)) => {
                self.sync.task = Some(sync::Task::start(sync::Parts {
                    store: self.stores.file.clone(),
                    address,
                    user: self.desk.settings.user_id.clone(),
                    mint: self.desk.mint.clone(),
                    is_watching: self.desk.is_screen,
                }));
            }
        }
    }

    /// Lets the sending know of a change, or says once that it goes nowhere. Never waits.
    pub(super) fn tell_sync(&mut self, news: &News) {
        if !passing::is_change(news) {
            return;
        }
        if let Some(sync) = &self.sync.task {
            sync.changed();
        }
        if let Some(failure) = self.sync.bad.take() {
            self.say(None, News::Warned(failure));
        }
    }

    /// Passes on how sync stands; what has to be mended is told once more, as a warning.
    pub(super) fn sync_said(&mut self, state: SyncState) {
        let off = match &state.phase {
            SyncPhase::Off(failure) => Some(failure.clone()),
            SyncPhase::Quiet | SyncPhase::Sending | SyncPhase::Offline(_) => None,
        };
        if off.is_some() && off != self.sync.off && self.desk.is_screen {
            self.say(
                None,
                News::Warned(off.clone().unwrap_or_else(sync::not_set_up)),
            );
        }
        self.sync.off = off;
        self.say(None, News::Sync(state));
    }

    /// Has everything sent for this request.
    pub(super) fn sync_now(&mut self, cause: RequestId, everything: bool) -> Result<(), Failure> {
        let Some(sync) = &self.sync.task else {
            return Err(self
                .hub()
                .and_then(Result::err)
                .unwrap_or_else(sync::not_set_up));
        };
        let answer = sync.send_now(everything);
        let mut mouth = self.mouth(cause);
        self.jobs
            .start(Key::Sync, Some(cause), None, |token| async move {
                // Cancelled, the receiver is dropped, and with it the sending.
                let news = match token.run_until_cancelled(answer).await {
                    Some(Ok(Ok(report))) => News::Answer(Answer::Synced(report)),
                    Some(Ok(Err(failure))) => News::Refused(failure),
                    Some(Err(_)) => News::Refused(broken()),
                    None => return Left::Nothing,
                };
                mouth.finish_with(news).await;
                Left::Nothing
            });
        Ok(())
    }

    /// Has the hub looked at for this request.
    pub(super) fn check_sync(&mut self, cause: RequestId) -> Result<(), Failure> {
        let address = self.hub().unwrap_or_else(|| Err(sync::not_set_up()))?;
        let (store, named) = (self.stores.file.clone(), self.desk.settings.user_id.clone());
        let mut mouth = self.mouth(cause);
        self.jobs
            .start(Key::Sync, Some(cause), None, |token| async move {
                let look = async {
                    let user = sync::user(&store, named.as_deref()).await?;
                    Ok(sync::check(&address, &user).await)
                };
                let news = match token.run_until_cancelled(look).await {
                    Some(Ok(found)) => News::Answer(Answer::Checked(found)),
                    Some(Err(failure)) => News::Refused(failure),
                    None => return Left::Nothing,
                };
                mouth.finish_with(news).await;
                Left::Nothing
            });
        Ok(())
    }
}

fn broken() -> Failure {
    Failure::new(
        FailureKind::Bug,
        "The sending broke off",
        "Try again; the log says more.",
    )
}
