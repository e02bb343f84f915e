//! What is asked about many conversations at once or about one's free fields: archive, pins, tags, metadata, copies. Each
//! change is done to all or to none, and says what undoes it.

use super::desk::gone;
use super::jobs::Key;
use super::{Engine, Left};
use crate::domain::conversation::Conversation;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::{ConversationId, RequestId};
use crate::domain::prompt::METADATA;
use crate::domain::tag;
use crate::protocol::{Act, Answer, Command, News, Row, Shelf};
use crate::store::{Metadata, StoreError};

impl Engine {
    pub(super) async fn archive(
        &self,
        ids: &[ConversationId],
        is_archived: bool,
    ) -> Result<Vec<News>, Failure> {
        let rows = self.stores.file.archive(ids, is_archived).await;
        let verb = match is_archived {
            true => "archived",
            false => "taken out of the archive",
        };
        self.marked(rows, verb, |ids| Shelf::Archive {
            ids,
            is_archived: !is_archived,
        })
    }

    pub(super) async fn pin(
        &self,
        ids: &[ConversationId],
        is_pinned: bool,
    ) -> Result<Vec<News>, Failure> {
        let rows = self.stores.file.pin(ids, is_pinned).await;
        let verb = match is_pinned {
            true => "pinned",
            false => "no longer pinned",
        };
        self.marked(rows, verb, |ids| Shelf::Pin {
            ids,
            is_pinned: !is_pinned,
        })
    }

    /// What was so already is not undone.
    fn marked(
        &self,
        rows: Result<Vec<(Conversation, bool)>, StoreError>,
        verb: &str,
        back: impl FnOnce(Vec<ConversationId>) -> Shelf,
    ) -> Result<Vec<News>, Failure> {
        let rows = rows.map_err(|error| self.desk.failure(&error))?;
        let changed = rows.iter().filter(|(_, has_changed)| *has_changed);
        let changed: Vec<ConversationId> = changed.map(|(row, _)| row.id).collect();
        let undo = (!changed.is_empty()).then(|| back(changed));
        done(verb, rows.into_iter().map(|(row, _)| row).collect(), undo)
    }

    pub(super) async fn tag(
        &self,
        ids: &[ConversationId],
        add: &[String],
        remove: &[String],
    ) -> Result<Vec<News>, Failure> {
        for tag in add {
            tag::check(tag)?;
        }
        let rows = self.stores.file.tag(ids, add, remove).await;
        let rows = rows.map_err(|error| self.desk.failure(&error))?;
        let before = rows
            .iter()
            .filter_map(|(row, before)| Some((row.id, before.clone()?)));
        let tags: Vec<_> = before.collect();
        let undo = (!tags.is_empty()).then_some(Shelf::PutTagsBack { tags });
        let rows = rows.into_iter().map(|(row, _)| row).collect();
        done("tags changed", rows, undo)
    }

    pub(super) async fn put_tags_back(
        &self,
        tags: &[(ConversationId, Vec<String>)],
    ) -> Result<Vec<News>, Failure> {
        for (_, tags) in tags {
            for tag in tags {
                tag::check(tag)?;
            }
        }
        let rows = self.stores.file.put_tags_back(tags).await;
        let rows = rows.map_err(|error| self.desk.failure(&error))?;
        let before = rows.iter().map(|(row, before)| (row.id, before.clone()));
        let undo = Shelf::PutTagsBack {
            tags: before.collect(),
        };
        let rows = rows.into_iter().map(|(row, _)| row).collect();
        done("tags changed", rows, Some(undo))
    }

    pub(super) async fn set_metadata(
        &self,
        conversation: ConversationId,
        set: &Metadata,
    ) -> Result<Vec<News>, Failure> {
        if set.keys().any(|key| key.trim().is_empty()) {
            return Err(Failure::new(
                FailureKind::Input,
                "A key of the metadata is empty",
                "Give it a name.",
            ));
        }
        let size = serde_json::to_string(set).map_or(0, |text| text.len());
        if size > METADATA {
            return Err(Failure::new(
                FailureKind::Input,
                format!("The metadata has {size} bytes"),
                format!("Take at most {METADATA}."),
            ));
        }
        let store = self.stores.of(conversation);
        let changed = store.set_metadata(conversation, set).await;
        let (row, back) = changed.map_err(|error| self.desk.failure(&error))?;
        let undo = (!back.is_empty()).then_some(Shelf::SetMetadata {
            conversation,
            set: back,
        });
        done("metadata changed", vec![row], undo)
    }

    /// Copies a conversation, which takes a moment for each hundred messages.
    pub(super) fn duplicate(
        &mut self,
        cause: RequestId,
        conversation: ConversationId,
        copy: ConversationId,
    ) {
        let (desk, mut mouth) = (self.desk.clone(), self.mouth(cause));
        let store = self.stores.file.clone();
        self.jobs
            .start(Key::Shelf, Some(cause), None, |_| async move {
                let made = store.duplicate(conversation, copy).await;
                let told = made.map_err(|error| desk.failure(&error)).and_then(|made| {
                    let undo = Shelf::Apply {
                        ids: vec![copy],
                        act: Act::Trash,
                    };
                    done("copied", vec![made], Some(undo))
                });
                match told {
                    Ok(all) => all.into_iter().for_each(|news| mouth.say(news)),
                    Err(failure) => mouth.say(News::Refused(failure)),
                }
                mouth.finish().await;
                Left::Nothing
            });
    }
}

/// The rows as they stand now, and what was done to them in one line.
fn done(verb: &str, rows: Vec<Conversation>, undo: Option<Shelf>) -> Result<Vec<News>, Failure> {
    let what = match rows.as_slice() {
        [] => return Err(gone("The conversation")),
        [one] => format!("{verb}: {}", one.title),
        several => format!("{verb}: {} conversations", several.len()),
    };
    let answer = Answer::Done {
        what,
        undo: undo.map(Command::Shelf),
    };
    let rows = rows
        .into_iter()
        .map(|row| News::Changed(Row::Conversation(row)));
    Ok(rows.chain([News::Answer(answer)]).collect())
}
