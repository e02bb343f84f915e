//! What is asked about the list: what is shown first, pages, finding by id, titles, trash; the rest is handed on.

use super::desk::gone;
use super::jobs::Key;
use super::{Engine, Left, keeper};
use crate::domain::conversation::{Conversation, TITLE_GIVEN, TitleBy};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::{ConversationId, RequestId};
use crate::protocol::{Act, Answer, Command, Cursor, Home, News, Query, Row, Shelf, Which};
use crate::store::{Find, Store, StoreError};

/// A page of the list.
struct Wanted {
    query: Query,
    after: Option<Cursor>,
    offset: u64,
    limit: Option<u32>,
}

impl Engine {
    /// Does what is asked at once, or starts the job that does.
    pub(super) async fn shelf(
        &mut self,
        cause: RequestId,
        shelf: Shelf,
    ) -> Result<Vec<News>, Failure> {
        match shelf {
            Shelf::Home { limit, open } => {
                let home = self.home(limit, open.as_deref()).await;
                self.note_shown(&home);
                Ok(vec![News::Answer(Answer::Home(Box::new(home?)))])
            }
            Shelf::List {
                query,
                after,
                offset,
                limit,
            } => {
                self.list(
                    cause,
                    Wanted {
                        query,
                        after,
                        offset,
                        limit,
                    },
                );
                Ok(Vec::new())
            }
            Shelf::Find { id } => {
                let found = self.find(&id).await?;
                Ok(vec![News::Answer(Answer::Found(found))])
            }
            Shelf::Rename {
                conversation,
                title,
            } => self.rename(conversation, &title).await,
            Shelf::Apply { ids, act } => self.apply(ids, act).await,
            Shelf::Archive { ids, is_archived } => self.archive(&ids, is_archived).await,
            Shelf::Pin { ids, is_pinned } => self.pin(&ids, is_pinned).await,
            Shelf::Tag { ids, add, remove } => self.tag(&ids, &add, &remove).await,
            Shelf::PutTagsBack { tags } => self.put_tags_back(&tags).await,
            Shelf::Duplicate { conversation, copy } => {
                self.duplicate(cause, conversation, copy);
                Ok(Vec::new())
            }
            Shelf::SetMetadata { conversation, set } => self.set_metadata(conversation, &set).await,
            Shelf::Purge { ids } => {
                self.purge(cause, ids).await?;
                Ok(Vec::new())
            }
            Shelf::Retain { days } => {
                self.retain(cause, days)?;
                Ok(Vec::new())
            }
        }
    }

    /// What a face shows first, with the conversation of this id open, else the last one; reads only.
    pub(super) async fn home(&self, limit: u32, open: Option<&str>) -> Result<Home, Failure> {
        let store = &self.stores.file;
        let named = match open {
            Some(id) => Some(self.find(id).await?.id),
            None => None,
        };
        let read = async {
            let (rows, _) = store.list(&Query::default(), None, 0, Some(limit)).await?;
            let total = store.count(Which::Active).await?;
            let archived = store.count_archived().await?;
            let last = store.last_conversation().await?;
            let drafts = store.drafts(None).await?;
            let state = store.state().await?;
            Ok((rows, (total, archived), last, drafts, state))
        };
        let (rows, (total, archived), last, drafts, state) = read
            .await
            .map_err(|error: StoreError| self.desk.failure(&error))?;
        let last = match named.or(last) {
            Some(id) => Some(self.opened(id).await?),
            None => None,
        };
        Ok(Home {
            rows,
            total,
            archived,
            last,
            drafts,
            model: self.model_of_a_new_one().await?,
            state,
        })
    }

    /// The face has this now, or will have it at once.
    pub(super) fn note_shown(&mut self, home: &Result<Home, Failure>) {
        if let Ok(home) = home {
            let open = home.last.as_ref().map(|opened| opened.conversation.id);
            self.shown.get_or_insert(open);
        }
    }

    /// Reads a page of the list; one that is being read already for the same place is not wanted any more.
    fn list(&mut self, cause: RequestId, wanted: Wanted) {
        let key = Key::List(wanted.limit, wanted.query.persona);
        self.jobs.cancel(key);
        let (desk, mut mouth) = (self.desk.clone(), self.mouth(cause));
        let store = self.stores.file.clone();
        self.jobs.start(key, Some(cause), None, |token| async move {
            let news = match token.run_until_cancelled(page(&store, &wanted)).await {
                Some(Ok(answer)) => News::Answer(answer),
                Some(Err(error)) => News::Refused(desk.failure(&error)),
                None => return Left::Nothing,
            };
            mouth.finish_with(news).await;
            Left::Nothing
        });
    }

    async fn find(&self, id: &str) -> Result<Conversation, Failure> {
        let found = self.stores.file.find(id).await;
        let (title, remedy) = match found.map_err(|error| self.desk.failure(&error))? {
            Find::One(found) => return Ok(*found),
            Find::None if id == "last" => (
                "There is no conversation yet".to_owned(),
                "Begin one with `salon ask`.".to_owned(),
            ),
            Find::None => (
                format!("No conversation has the id {id}"),
                "`salon list` names them all.".to_owned(),
            ),
            Find::TooShort => (
                format!("{id} is too short for an id"),
                "Give at least six characters of it, or `last`.".to_owned(),
            ),
            Find::Many(ids) => (
                format!("{id} is the beginning of {} ids", ids.len()),
                format!("Give more of it: {}.", first_ones(&ids)),
            ),
        };
        Err(Failure::new(FailureKind::Input, title, remedy))
    }

    /// Tells the provider that keeps it the title of a conversation; nobody waits for that.
    fn name_thread(&mut self, conversation: &Conversation) {
        if conversation.thread.is_none() {
            return;
        }
        let (desk, conversation) = (self.desk.clone(), conversation.clone());
        self.jobs
            .start(Key::Thread, None, None, |token| async move {
                token
                    .run_until_cancelled(keeper::name(&desk, &conversation))
                    .await;
                Left::Nothing
            });
    }

    async fn rename(&mut self, id: ConversationId, title: &str) -> Result<Vec<News>, Failure> {
        let failure = |error: StoreError| self.desk.failure(&error);
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        if title.chars().count() > TITLE_GIVEN {
            return Err(Failure::new(
                FailureKind::Input,
                format!("The title is longer than {TITLE_GIVEN} characters"),
                "Give a shorter one.",
            ));
        }
        let store = self.stores.of(id);
        let before = store.conversation(id).await.map_err(failure)?;
        let before = before.ok_or_else(|| gone("The conversation"))?;
        let after = store
            .set_title(id, &title, TitleBy::User)
            .await
            .map_err(failure)?;
        let after = after.ok_or_else(|| gone("The conversation"))?;
        let back = match before.title_by {
            TitleBy::Words => String::new(),
            TitleBy::Model | TitleBy::User => before.title,
        };
        self.name_thread(&after);
        let done = Answer::Done {
            what: format!("renamed: {}", after.title),
            undo: Some(Command::Shelf(Shelf::Rename {
                conversation: id,
                title: back,
            })),
        };
        Ok(vec![
            News::Changed(Row::Conversation(after)),
            News::Answer(done),
        ])
    }

    async fn apply(&self, ids: Vec<ConversationId>, act: Act) -> Result<Vec<News>, Failure> {
        let changed = self.stores.file.apply(&ids, act).await;
        let changed = changed.map_err(|error| self.desk.failure(&error))?;
        let verb = match act {
            Act::Trash => "moved to the trash",
            Act::Restore => "restored",
        };
        let what = match changed.as_slice() {
            [] => return Err(gone("The conversation")),
            [one] => format!("{verb}: {}", one.title),
            several => format!("{verb}: {} conversations", several.len()),
        };
        let undo = Shelf::Apply {
            ids: changed.iter().map(|row| row.id).collect(),
            act: match act {
                Act::Trash => Act::Restore,
                Act::Restore => Act::Trash,
            },
        };
        let rows = changed
            .into_iter()
            .map(|row| News::Changed(Row::Conversation(row)));
        let done = Answer::Done {
            what,
            undo: Some(Command::Shelf(undo)),
        };
        Ok(rows.chain([News::Answer(done)]).collect())
    }
}

/// The page and how many rows fit the query in all.
async fn page(store: &Store, wanted: &Wanted) -> Result<Answer, StoreError> {
    let Wanted {
        query,
        after,
        offset,
        limit,
    } = wanted;
    let (rows, has_more) = store.list(query, *after, *offset, *limit).await?;
    let here = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let total = if query.words.trim().is_empty() && query.persona.is_none() {
        match (query.which, query.is_archive) {
            (Which::Active, true) => store.count_archived().await?,
            (which, _) => store.count(which).await?,
        }
    } else if after.is_none() && !has_more && (here > 0 || *offset == 0) && *limit != Some(0) {
        offset + here
    } else {
        store.count_fitting(query).await?
    };
    Ok(Answer::List {
        rows,
        total,
        has_more,
    })
}

/// The first of these ids for one line; how many there are besides.
fn first_ones(ids: &[ConversationId]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = ids.iter().take(SHOWN).map(ToString::to_string).collect();
    match ids.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_ids_are_told_in_one_short_line() {
        let ids: Vec<ConversationId> = (0..2000)
            .map(|n| format!("01a19407-aa80-7b09-844b-{n:012x}").parse().unwrap())
            .collect();
        assert_eq!(first_ones(&ids[..2]).matches("01a19407").count(), 2);
        let told = first_ones(&ids);
        assert!(
            told.ends_with(" and 1995 more") && told.len() < 250,
            "{told}"
        );
    }
}
