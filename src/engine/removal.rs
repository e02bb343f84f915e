//! Removing conversations for good: from the trash on request, and the provider's copies of them afterwards.

use tokio_util::sync::CancellationToken;

use super::desk::{Desk, Mouth};
use super::jobs::Key;
use super::{Engine, Left, keeper};
use crate::domain::conversation::Thread;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::{ConversationId, RequestId};
use crate::protocol::{Answer, News, Row};
use crate::store::{PIECE, Purged, Store, StoreError};

impl Engine {
    /// Removes these from the trash, or all that is in it where none is named.
    pub(super) async fn purge(
        &mut self,
        cause: RequestId,
        ids: Vec<ConversationId>,
    ) -> Result<(), Failure> {
        let store = self.stores.file.clone();
        let look = async {
            let ids = match ids.is_empty() {
                true => store.trash().await?,
                false => ids,
            };
            store.check_purge(&ids).await?;
            Ok(ids)
        };
        let ids = look
            .await
            .map_err(|error: StoreError| self.desk.failure(&error))?;
        // A reply whose words are whole still counts here: its usage would bring the conversation back to the face.
        let is_live = |id: &ConversationId| {
            self.jobs.has(Key::Turn(*id)) || self.jobs.has(Key::Settling(*id))
        };
        if ids.iter().any(is_live) {
            return Err(self.desk.failure(&StoreError::Writing));
        }
        for id in &ids {
            self.jobs.cancel(Key::Title(*id));
        }
        let removal = self.removal(Some(cause));
        // It goes on when salon leaves, as far as there is time: what is removed here has to go at the provider too.
        self.jobs
            .start(Key::Shelf, Some(cause), None, |_| async move {
                removal.of_trash(ids).await;
                Left::Nothing
            });
        Ok(())
    }

    /// A removal that speaks for this request.
    pub(super) fn removal(&self, cause: Option<RequestId>) -> Removal {
        Removal {
            desk: self.desk.clone(),
            store: self.stores.file.clone(),
            mouth: Mouth::new(cause, self.said.clone()),
            aside: Mouth::new(None, self.said.clone()),
            spared: self.shown.flatten(),
            token: CancellationToken::new(),
            gone: Vec::new(),
        }
    }
}

/// Conversations being removed for good.
pub(super) struct Removal {
    pub(super) desk: Desk,
    pub(super) store: Store,
    /// Speaks for the request, if there is one.
    pub(super) mouth: Mouth,
    /// Says what nobody asked for.
    pub(super) aside: Mouth,
    /// What the face was opened with: it does not go for its age alone.
    pub(super) spared: Option<ConversationId>,
    /// Cancelled when what can wait for the next start is to wait.
    pub(super) token: CancellationToken,
    pub(super) gone: Vec<Purged>,
}

impl Removal {
    async fn of_trash(mut self, ids: Vec<ConversationId>) {
        for piece in ids.chunks(PIECE) {
            let gone = self.store.purge(piece).await;
            if let Err(error) = self.tell(gone).await {
                let failure = self.desk.failure(&error);
                return self.finish(News::Refused(failure)).await;
            }
        }
        let what = match self.gone.as_slice() {
            [] => "the trash is empty".to_owned(),
            gone => removed(gone),
        };
        self.finish(News::Answer(Answer::Done { what, undo: None }))
            .await;
    }

    /// Says which are gone, and remembers them.
    pub(super) async fn tell(
        &mut self,
        gone: Result<Vec<Purged>, StoreError>,
    ) -> Result<(), StoreError> {
        let gone = gone?;
        for one in &gone {
            self.mouth.say(News::Changed(Row::ConversationGone(one.id)));
        }
        self.mouth.finish().await;
        self.gone.extend(gone);
        Ok(())
    }

    /// Says the last word, and has providers forget what they keep. A command of the shell ends with its answer, so there
    /// it comes last.
    pub(super) async fn finish(mut self, last: News) {
        if self.desk.is_screen {
            self.mouth.finish_with(last).await;
            self.end_threads().await;
        } else {
            self.end_threads().await;
            self.mouth.finish_with(last).await;
        }
    }

    /// Removes what providers keep of those that are gone; what fails is said and changes nothing here.
    pub(super) async fn end_threads(&mut self) {
        let threads: Vec<Thread> = self
            .gone
            .iter_mut()
            .filter_map(|one| one.thread.take())
            .collect();
        for thread in &threads {
            if !keeper::end(&self.desk, thread).await {
                let Thread { provider, id, .. } = thread;
                let told = Failure::new(
                    FailureKind::Wire,
                    format!("A conversation that is removed here stays at {provider}"),
                    format!("Delete {id} there."),
                );
                self.aside.finish_with(News::Warned(told)).await;
            }
        }
    }
}

/// What was removed, in one line.
pub(super) fn removed(gone: &[Purged]) -> String {
    match gone {
        [one] => format!("removed for good: {}", one.title),
        several => format!("removed for good: {} conversations", several.len()),
    }
}
