//! How long things are kept (spec D6): looked at once, when the screen has shown its first rows, and then not again. Commands
//! of the shell never remove anything by themselves.

use super::jobs::Key;
use super::removal::{Removal, removed};
use super::{Engine, Left};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::{ConversationId, RequestId};
use crate::domain::when::Millis;
use crate::protocol::{Answer, News, Row};
use crate::settings::Retention;
use crate::store::{Old, PIECE, StoreError};

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

impl Engine {
    /// Removes and archives what is old, once, as soon as the face has what it shows first.
    pub(super) fn tidy_up_once(&mut self) {
        let is_time = self.shown.is_some() && self.outbox.is_empty() && self.desk.is_screen;
        if !is_time || self.has_tidied_up {
            return;
        }
        self.has_tidied_up = true;
        let removal = self.removal(None);
        self.jobs.start(Key::Shelf, None, None, |token| async move {
            // Between two pieces it can end; the next start goes on.
            token.run_until_cancelled(tidy_up(removal)).await;
            Left::Nothing
        });
    }

    /// The user agrees that what is older than so many days goes, now and from now on.
    pub(super) fn retain(&mut self, cause: RequestId, days: u32) -> Result<(), Failure> {
        let keep = self.desk.settings.retention.keep_days;
        if days == 0 || days != keep {
            let set = match keep {
                0 => "The settings keep conversations for ever".to_owned(),
                keep => format!("The settings keep conversations for {keep} days"),
            };
            let remedy = "Set keep_days under [storage] in the config, then start salon again.";
            return Err(Failure::new(FailureKind::Input, set, remedy));
        }
        let mut removal = self.removal(Some(cause));
        self.jobs
            .start(Key::Shelf, Some(cause), None, |token| async move {
                removal.token = token;
                let agreed = removal.store.agree_to(days).await;
                let done = match agreed {
                    Ok(()) => removal.of_old(Old::Anywhere(removal.since(days))).await,
                    Err(error) => Err(error),
                };
                let last = match done {
                    Ok(()) => News::Answer(Answer::Done {
                        what: removed(&removal.gone),
                        undo: None,
                    }),
                    Err(error) => News::Refused(removal.desk.failure(&error)),
                };
                tracing::info!(removed = removal.gone.len(), "old conversations");
                removal.finish(last).await;
                Left::Nothing
            });
        Ok(())
    }
}

async fn tidy_up(mut removal: Removal) {
    let retention = removal.desk.settings.retention;
    let done = removal.by(retention).await;
    // Ends what providers keep also where a later step failed.
    removal.end_threads().await;
    if let Err(error) = done {
        tracing::warn!(%error, "not all that is old could be tidied up");
    }
}

impl Removal {
    async fn by(&mut self, retention: Retention) -> Result<(), StoreError> {
        let Retention {
            trash_days,
            archive_after_days,
            keep_days,
        } = retention;
        if trash_days > 0 {
            self.of_old(Old::Trash(self.since(trash_days))).await?;
        }
        if keep_days > 0 {
            let old = Old::Anywhere(self.since(keep_days));
            if self.store.agreed_days().await? == Some(keep_days) {
                self.of_old(old).await?;
            } else {
                let many = self.old(old).await?.len();
                if many > 0 {
                    let conversations = u64::try_from(many).unwrap_or(u64::MAX);
                    let days = keep_days;
                    self.aside
                        .finish_with(News::Expired {
                            days,
                            conversations,
                        })
                        .await;
                }
            }
        }
        let archived = match archive_after_days {
            0 => 0,
            days => self.archive(Old::InList(self.since(days))).await?,
        };
        if archived > 0 || !self.gone.is_empty() {
            tracing::info!(archived, removed = self.gone.len(), "old conversations");
        }
        Ok(())
    }

    /// The moment so many days ago.
    fn since(&self, days: u32) -> Millis {
        Millis(self.desk.mint.now().0 - i64::from(days) * DAY)
    }

    /// What is old, but for what the face was opened with.
    async fn old(&self, old: Old) -> Result<Vec<ConversationId>, StoreError> {
        let mut ids = self.store.old(old).await?;
        ids.retain(|id| self.spared != Some(*id));
        Ok(ids)
    }

    /// Removes what is old for good, a few at a time; what is left when salon leaves is for the next start.
    async fn of_old(&mut self, old: Old) -> Result<(), StoreError> {
        for piece in self.old(old).await?.chunks(PIECE) {
            if self.token.is_cancelled() {
                break;
            }
            let gone = self.store.purge_old(piece, old).await;
            self.tell(gone).await?;
        }
        Ok(())
    }

    /// Puts what is old into the archive, a few at a time; how many.
    async fn archive(&mut self, old: Old) -> Result<usize, StoreError> {
        let mut many = 0;
        for piece in self.old(old).await?.chunks(PIECE) {
            if self.token.is_cancelled() {
                break;
            }
            for row in self.store.archive_old(piece, old).await? {
                many += 1;
                self.mouth.say(News::Changed(Row::Conversation(row)));
            }
            self.mouth.finish().await;
        }
        Ok(many)
    }
}
