//! The list as the scripted engine keeps it: orders, filters, archive, pins, tags, copies, removal.

use std::cmp::Reverse;

use salon::domain::conversation::{Conversation, Listed, TitleBy};
use salon::domain::filter::{Filter, WithPersona};
use salon::domain::id::{ConversationId, RequestId};
use salon::domain::tag;
use salon::protocol::{Act, Answer, Command, Event, Home, News, Order, Query, Row, Shelf, Which};

use super::script::{Script, done};

impl Script {
    /// Plays a command about the list.
    pub(super) fn shelf(&mut self, cause: Option<RequestId>, shelf: Shelf) -> Vec<Event> {
        let mut rows = Vec::new();
        let answer = match shelf {
            Shelf::Home { limit, open } => {
                let named = open.and_then(|id| id.parse().ok());
                let mut home = self.home(limit);
                if let Some(id) = named {
                    home.last = Some(self.opened(id));
                }
                Answer::Home(Box::new(home))
            }
            Shelf::List {
                query,
                after,
                offset,
                limit,
            } => {
                let all = self.listed(&query);
                let total = u64::try_from(all.len()).unwrap();
                let from = match after {
                    Some(after) => {
                        let last = all.iter().position(|row| row.conversation.id == after.id);
                        last.map_or(0, |at| at + 1)
                    }
                    None => usize::try_from(offset).unwrap().min(all.len()),
                };
                let limit = limit.map_or(all.len(), |limit| usize::try_from(limit).unwrap());
                let to = (from + limit).min(all.len());
                Answer::List {
                    has_more: to < all.len(),
                    rows: all[from..to].to_vec(),
                    total,
                }
            }
            Shelf::Search {
                words, from, limit, ..
            } => match self.hits(&words, from, limit) {
                Ok(found) => Answer::Hits(found),
                Err(failure) => {
                    let news = News::Refused(failure);
                    return vec![Event { cause, news }];
                }
            },
            Shelf::CountHits { .. } => panic!("not on this stage: {shelf:?}"),
            Shelf::Find { .. } => Answer::Found(self.conversations[0].clone()),
            shelf => self.alter(shelf, &mut rows),
        };
        let rows = rows.into_iter().map(News::Changed);
        rows.chain([News::Answer(answer)])
            .map(|news| Event { cause, news })
            .collect()
    }

    fn home(&mut self, limit: u32) -> Home {
        let rows = self.listed(&Query::default());
        let archive = Query {
            is_archive: true,
            ..Query::default()
        };
        Home {
            total: u64::try_from(rows.len()).unwrap(),
            archived: u64::try_from(self.listed(&archive).len()).unwrap(),
            rows: rows
                .into_iter()
                .take(usize::try_from(limit).unwrap())
                .collect(),
            last: self.last.map(|id| self.opened(id)),
            drafts: self.drafts_of(None),
            model: self.model.clone(),
            state: self.state.clone(),
        }
    }

    /// Changes rows; what is told of them goes to `rows`.
    #[expect(
        clippy::too_many_lines,
        reason = "a table of what is asked and what becomes of it"
    )]
    fn alter(&mut self, shelf: Shelf, rows: &mut Vec<Row>) -> Answer {
        let now = self.mint.now();
        let mut each =
            |script: &mut Script, ids: &[ConversationId], how: &dyn Fn(&mut Conversation)| {
                let mut what = String::new();
                for id in ids {
                    let row = script.row(*id);
                    how(row);
                    what.clone_from(&row.title);
                    rows.push(Row::Conversation(row.clone()));
                }
                match ids.len() {
                    1 => what,
                    count => format!("{count} conversations"),
                }
            };
        let (what, undo) = match shelf {
            Shelf::Rename {
                conversation,
                title,
            } => {
                let before = self.row(conversation).title.clone();
                each(self, &[conversation], &|row| {
                    row.title.clone_from(&title);
                    row.title_by = TitleBy::User;
                });
                let undo = Shelf::Rename {
                    conversation,
                    title: before,
                };
                (format!("renamed: {title}"), Some(undo))
            }
            Shelf::Apply { ids, act } => {
                let what = each(self, &ids, &|row| {
                    row.trashed_at = (act == Act::Trash).then_some(now);
                });
                let (how, act) = match act {
                    Act::Trash => ("moved to the trash", Act::Restore),
                    Act::Restore => ("out of the trash", Act::Trash),
                };
                (format!("{how}: {what}"), Some(Shelf::Apply { ids, act }))
            }
            Shelf::Archive { ids, is_archived } => {
                let what = each(self, &ids, &|row| {
                    row.archived_at = is_archived.then_some(now)
                });
                let how = if is_archived {
                    "archived"
                } else {
                    "out of the archive"
                };
                let is_archived = !is_archived;
                (
                    format!("{how}: {what}"),
                    Some(Shelf::Archive { ids, is_archived }),
                )
            }
            Shelf::Pin { ids, is_pinned } => {
                let what = each(self, &ids, &|row| row.pinned_at = is_pinned.then_some(now));
                let how = if is_pinned {
                    "pinned"
                } else {
                    "no longer pinned"
                };
                let is_pinned = !is_pinned;
                (
                    format!("{how}: {what}"),
                    Some(Shelf::Pin { ids, is_pinned }),
                )
            }
            Shelf::Tag { ids, add, remove } => {
                let tags = ids.iter().map(|id| (*id, self.row(*id).tags.clone()));
                let tags = tags.collect();
                let what = each(self, &ids, &|row| {
                    row.tags = tag::changed(&row.tags, &add, &remove);
                    row.tags.sort();
                });
                (format!("tagged: {what}"), Some(Shelf::PutTagsBack { tags }))
            }
            Shelf::PutTagsBack { tags } => {
                for (id, before) in tags {
                    each(self, &[id], &|row| row.tags.clone_from(&before));
                }
                ("tags put back".to_owned(), None)
            }
            Shelf::Duplicate { conversation, copy } => {
                self.copy(conversation, copy);
                let what = each(self, &[copy], &|_| {});
                let (ids, act) = (vec![copy], Act::Trash);
                (format!("copied: {what}"), Some(Shelf::Apply { ids, act }))
            }
            Shelf::Purge { ids } => {
                let goes = |c: &Conversation| {
                    c.trashed_at.is_some() && (ids.is_empty() || ids.contains(&c.id))
                };
                return self.remove(goes, rows);
            }
            Shelf::Retain { days } => {
                let oldest = now.0 - i64::from(days) * 86_400_000;
                return self.remove(|c| c.active_at.0 < oldest, rows);
            }
            shelf => panic!("not on this stage: {shelf:?}"),
        };
        done(what, undo.map(Command::Shelf))
    }

    fn copy(&mut self, of: ConversationId, copy: ConversationId) {
        let mut row = self.row(of).clone();
        row.id = copy;
        row.title.push_str(" copy");
        row.tip = None;
        self.conversations.push(row);
    }

    /// Removes those like this for good.
    fn remove(&mut self, goes: impl Fn(&Conversation) -> bool, rows: &mut Vec<Row>) -> Answer {
        let gone = self.conversations.iter().filter(|c| goes(c));
        let before = rows.len();
        rows.extend(gone.map(|c| Row::ConversationGone(c.id)));
        self.conversations.retain(|c| !goes(c));
        done(format!("removed for good: {}", rows.len() - before), None)
    }

    fn listed(&self, query: &Query) -> Vec<Listed> {
        let filter = Filter::read(&query.words).expect("the face asks for no wrong filter");
        let calendar = self.mint.calendar();
        let is_archive = query.is_archive || filter.is_archived;
        let is_in = |c: &Conversation| match query.which {
            Which::Trashed => c.trashed_at.is_some(),
            Which::Active => c.trashed_at.is_none() && c.archived_at.is_some() == is_archive,
        };
        let has = |c: &Conversation| {
            query.persona.is_none_or(|id| c.persona == Some(id))
                && filter.fits(c, &calendar, |with| match with {
                    WithPersona::Nobody => c.persona.is_none(),
                    WithPersona::Named(name) => self.is_named(c.persona, name),
                })
        };
        let mut rows: Vec<Listed> = self
            .conversations
            .iter()
            .filter(|c| is_in(c) && has(c))
            .map(|c| Listed {
                conversation: c.clone(),
                has_draft: self.drafts.contains_key(&(Some(c.id), 0)),
            })
            .collect();
        rows.sort_by_key(|row| Reverse((row.conversation.active_at, row.conversation.id)));
        match query.order {
            Order::Activity => {}
            Order::Created => rows.sort_by_key(|row| Reverse(row.conversation.created_at)),
            Order::Title => rows.sort_by_key(|row| row.conversation.title.to_lowercase()),
            Order::Messages => rows.sort_by_key(|row| Reverse(row.conversation.message_count)),
        }
        if query.which == Which::Active {
            rows.sort_by_key(|row| row.conversation.pinned_at.is_none());
        }
        rows
    }
}
