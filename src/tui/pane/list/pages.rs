//! The rows of the list page by page: what is asked for, and what comes.

use std::collections::HashSet;

use super::{List, View};
use crate::domain::conversation::{Conversation, Listed};
use crate::domain::filter::Filter;
use crate::domain::id::ConversationId;
use crate::protocol::{Command, Cursor, Order, Query, Shelf, Which};
use crate::tui::pane::order::is_on_top;

/// Rows asked for at a time.
pub const ROWS: u32 = 60;
/// The next page is asked for when the selection is this near the end of what is loaded.
const AHEAD: usize = 20;

impl List {
    /// The rows a face begins with: neither filtered nor in another order than the usual one.
    pub fn fill_home(&mut self, rows: Vec<Listed>, total: u64) {
        let has_more = u64::try_from(rows.len()).is_ok_and(|loaded| loaded < total);
        self.take(Query::default(), rows, total, has_more);
    }

    /// Whether other rows are wanted than those a face begins with.
    pub fn wants_others(&self) -> bool {
        self.query() != Query::default()
    }

    /// The rows of a first page of what was asked for last.
    pub fn fill(&mut self, rows: Vec<Listed>, total: u64, has_more: bool) {
        self.take(self.asked.clone(), rows, total, has_more);
    }

    fn take(&mut self, of: Query, rows: Vec<Listed>, total: u64, has_more: bool) {
        let chosen = self.current_row().map(|row| row.conversation.id);
        self.rows = rows;
        self.total = total;
        self.has_more = has_more;
        // Other rows are looked at from the first one on.
        let at = if of == self.shown { self.selected } else { 0 };
        self.fitting = Filter::of(&of.words);
        self.shown = of;
        self.is_asking = false;
        self.is_loaded = true;
        self.met.clear();
        self.selected = chosen
            .and_then(|id| self.rows.iter().position(|row| row.conversation.id == id))
            .unwrap_or(at);
        self.clamp();
        self.keep_marks();
    }

    /// The rows of a further page.
    pub fn extend(&mut self, rows: Vec<Listed>, has_more: bool) {
        let known: HashSet<ConversationId> =
            self.rows.iter().map(|row| row.conversation.id).collect();
        self.rows.extend(
            rows.into_iter()
                .filter(|row| !known.contains(&row.conversation.id)),
        );
        self.has_more = has_more;
        self.is_asking = false;
    }

    /// Reads the filter that stands; `false` when it cannot be used.
    pub fn read_filter(&mut self) -> bool {
        self.wrong = Filter::read(&self.filter.text()).err();
        self.wrong.is_none()
    }

    /// What is to be listed now: a filter that cannot be used leaves the one before.
    fn query(&self) -> Query {
        let words = match &self.wrong {
            None => self.filter.text().trim().to_owned(),
            Some(_) => self.asked.words.clone(),
        };
        Query {
            words,
            which: match self.view {
                View::Active | View::Archive => Which::Active,
                View::Trash => Which::Trashed,
            },
            is_archive: self.view == View::Archive,
            persona: None,
            order: self.order,
        }
    }

    /// The command that fills the list from its beginning.
    pub fn ask_first(&mut self) -> Command {
        self.read_filter();
        self.is_asking = true;
        self.is_page_old = false;
        self.asked = self.query();
        // The same rows anew, or in another order: as many as are loaded, so that marks and selection stay.
        let same = Query {
            order: self.shown.order,
            ..self.asked.clone()
        };
        let loaded = u32::try_from(self.rows.len()).unwrap_or(ROWS);
        let limit = match same == self.shown {
            true => loaded.max(ROWS),
            false => ROWS,
        };
        Command::Shelf(Shelf::List {
            query: self.asked.clone(),
            after: None,
            offset: 0,
            limit: Some(limit),
        })
    }

    /// The command that counts the archive.
    pub fn ask_archived(&self) -> Command {
        Command::Shelf(Shelf::List {
            query: Query {
                is_archive: true,
                ..Query::default()
            },
            after: None,
            offset: 0,
            limit: Some(1),
        })
    }

    /// The command for the next page, when the selection has come near the end.
    pub fn ask_more(&mut self) -> Option<Command> {
        let near = self.cursor().max(self.top + usize::from(self.area.height)) + AHEAD
            >= self.head() + self.rows.len();
        if self.is_asking || !self.has_more || !near {
            return None;
        }
        let (after, offset) = match self.shown.order {
            Order::Activity => (self.rows.last().map(|row| cursor(&row.conversation)), 0),
            Order::Created | Order::Title | Order::Messages => {
                (None, u64::try_from(self.rows.len()).unwrap_or(u64::MAX))
            }
        };
        self.is_asking = true;
        self.is_page_old = false;
        Some(Command::Shelf(Shelf::List {
            query: self.shown.clone(),
            after,
            offset,
            limit: Some(ROWS),
        }))
    }

    /// A page did not come; the next move asks again.
    pub fn ask_failed(&mut self) {
        self.is_asking = false;
    }
}

/// The next page begins after this one.
fn cursor(last: &Conversation) -> Cursor {
    Cursor {
        is_pinned: is_on_top(last),
        active_at: last.active_at,
        id: last.id,
    }
}
