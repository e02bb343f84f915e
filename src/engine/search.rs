//! Search as a job: the newest is the one that is answered, and steps without a hit are passed over.

use super::jobs::Key;
use super::{Engine, Left};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::RequestId;
use crate::domain::search::{Found, Rest, Search};
use crate::protocol::{Answer, News};
use crate::store::{Store, StoreError};

impl Engine {
    /// Looks for a page of what the words ask for. A filter word that is wrong is refused with its place.
    pub(super) fn search(
        &mut self,
        cause: RequestId,
        (words, is_typing): (&str, bool),
        from: Option<Rest>,
        limit: u32,
    ) -> Result<(), Failure> {
        self.jobs.cancel(Key::Search);
        let search = read(words, is_typing)?;
        self.look_for(cause, async move |store| {
            Ok(Answer::Hits(page(&store, &search, from, limit).await?))
        });
        Ok(())
    }

    /// Counts what the words find.
    pub(super) fn count_hits(&mut self, cause: RequestId, words: &str) -> Result<(), Failure> {
        let search = read(words, false)?;
        self.look_for(cause, async move |store| {
            Ok(Answer::HitCount(store.count_hits(&search).await?))
        });
        Ok(())
    }

    fn look_for<R, F>(&mut self, cause: RequestId, look: R)
    where
        R: FnOnce(Store) -> F + Send + 'static,
        F: Future<Output = Result<Answer, StoreError>> + Send,
    {
        let store = self.stores.file.clone();
        let (desk, mut mouth) = (self.desk.clone(), self.mouth(cause));
        self.jobs
            .start(Key::Search, Some(cause), None, |token| async move {
                let news = match token.run_until_cancelled(look(store)).await {
                    Some(Ok(answer)) => News::Answer(answer),
                    Some(Err(error)) => News::Refused(desk.failure(&error)),
                    None => return Left::Nothing,
                };
                mouth.finish_with(news).await;
                Left::Nothing
            });
    }
}

fn read(words: &str, is_typing: bool) -> Result<Search, Failure> {
    let search = Search::read(words, is_typing).map_err(|wrong| wrong.to_failure())?;
    if search.words.is_empty() && !is_typing {
        return Err(Failure::new(
            FailureKind::Input,
            "There are no words to search for",
            "Give at least one word with a letter or a digit in it.",
        ));
    }
    Ok(search)
}

/// The first steps may hold nothing that fits the filter or is outside the trash.
async fn page(
    store: &Store,
    search: &Search,
    from: Option<Rest>,
    limit: u32,
) -> Result<Found, StoreError> {
    let mut found = store.search(search, from, limit).await?;
    while found.groups.is_empty() && found.next.is_some() {
        found = store.search(search, found.next, limit).await?;
    }
    Ok(found)
}
