//! The list of conversations: the personas' group, rows, the archive's line; what is selected and what is marked.

mod change;
mod marks;
mod pages;
mod paint;
mod touch;

use std::collections::{HashMap, HashSet};

use ratatui::layout::{Position, Rect};

use crate::domain::conversation::Listed;
use crate::domain::filter::{Filter, Wrong};
use crate::domain::id::ConversationId;
use crate::protocol::{Order, Query};
use crate::tui::filter;
use crate::tui::pane::groups::{Groups, Line};
use crate::tui::text::edit::Editor;
use marks::Marks;

pub use change::Before;
pub use pages::ROWS;
pub use paint::ListView;

/// Which conversations the list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Those neither in the archive nor in the trash.
    #[default]
    Active,
    Archive,
    Trash,
}

/// The list pane: a projection of rows the engine sent.
pub struct List {
    pub rows: Vec<Listed>,
    /// All conversations of this view, filtered ones counted as far as known.
    pub total: u64,
    /// How many are in the archive.
    pub archived: u64,
    pub view: View,
    pub order: Order,
    pub filter: Editor,
    /// Typed keys go to the filter.
    pub is_filtering: bool,
    /// Why the filter that stands cannot be used; the rows are those of the one before.
    wrong: Option<Wrong>,
    /// The selected one of `rows`, unless a line above or below them is selected.
    pub selected: usize,
    /// The group on top; a filter, the archive and the trash leave it out.
    pub groups: Groups,
    /// The selected line of the group.
    in_group: Option<usize>,
    /// The line of the archive below the rows is selected.
    is_at_end: bool,
    /// First shown line.
    top: usize,
    has_more: bool,
    is_asking: bool,
    /// The first page has come.
    is_loaded: bool,
    /// What was asked for last.
    asked: Query,
    /// What `rows` are of.
    shown: Query,
    /// The words of `shown`, read once.
    fitting: Filter,
    /// Whether it counts in `total`, for conversations without a row.
    met: HashMap<ConversationId, bool>,
    /// Something has changed since a page was asked for last.
    pub is_page_old: bool,
    /// The archive has changed since it was counted last.
    pub is_count_old: bool,
    /// Those without a row in which words wait.
    drafted: HashSet<ConversationId>,
    pub marks: Marks,
    /// Conversations in which a reply is being written.
    pub live: HashSet<ConversationId>,
    /// Conversations with an answer that came while another one was open.
    pub unread: HashSet<ConversationId>,
    area: Rect,
}

impl Default for List {
    fn default() -> Self {
        List {
            rows: Vec::new(),
            total: 0,
            archived: 0,
            is_page_old: false,
            is_count_old: false,
            drafted: HashSet::new(),
            view: View::Active,
            order: Order::Activity,
            filter: filter::input(),
            is_filtering: false,
            wrong: None,
            selected: 0,
            groups: Groups::default(),
            in_group: None,
            is_at_end: false,
            top: 0,
            has_more: false,
            is_asking: false,
            is_loaded: false,
            asked: Query::default(),
            shown: Query::default(),
            fitting: Filter::default(),
            met: HashMap::new(),
            marks: Marks::default(),
            live: HashSet::new(),
            unread: HashSet::new(),
            area: Rect::default(),
        }
    }
}

impl List {
    fn selected_row(&self) -> Option<ConversationId> {
        self.rows.get(self.selected).map(|row| row.conversation.id)
    }

    /// The selected row, in the group or below it; `None` on a line that is no conversation.
    pub fn current_row(&self) -> Option<&Listed> {
        match self.line() {
            Some(line) => self.groups.row(line),
            None if self.is_on_archive() => None,
            None => self.rows.get(self.selected),
        }
    }

    /// Whether group and archive stand around the rows.
    fn is_plain(&self) -> bool {
        self.view == View::Active && self.filter.is_empty()
    }

    /// Lines of the group that are shown.
    fn head(&self) -> usize {
        if self.is_plain() {
            self.groups.lines().len()
        } else {
            0
        }
    }

    /// Whether the line of the archive stands below the last row.
    fn has_tail(&self) -> bool {
        self.is_plain() && self.archived > 0 && self.is_loaded && !self.has_more
    }

    /// The selected line of the group.
    pub fn line(&self) -> Option<Line> {
        let last = self.head().checked_sub(1)?;
        let at = self.in_group?.min(last);
        self.groups.lines().get(at).copied()
    }

    /// Whether the line of the archive is selected.
    pub fn is_on_archive(&self) -> bool {
        self.is_at_end && self.has_tail() && self.line().is_none()
    }

    /// The selected place among group, rows and the archive's line.
    fn cursor(&self) -> usize {
        match (self.in_group, self.head()) {
            (Some(at), head) if head > 0 => at.min(head - 1),
            (_, head) if self.is_on_archive() => head + self.rows.len(),
            (_, head) => head + self.selected,
        }
    }

    /// How many places there are to select.
    fn places(&self) -> usize {
        self.head() + self.rows.len() + usize::from(self.has_tail())
    }

    /// The line that this place stands on: without rows there is a line that says so.
    fn line_of(&self, place: usize) -> usize {
        let is_tail = place >= self.head() + self.rows.len();
        place + usize::from(is_tail && self.rows.is_empty() && self.has_tail())
    }

    /// The conversation at this place.
    fn at(&self, place: usize) -> Option<&Listed> {
        match place.checked_sub(self.head()) {
            Some(row) => self.rows.get(row),
            None => self.groups.row(*self.groups.lines().get(place)?),
        }
    }

    /// Changes the group; what is selected in it stays selected.
    pub fn regroup(&mut self, change: impl FnOnce(&mut Groups)) {
        let line = self.line();
        let id = self.current_row().map(|row| row.conversation.id);
        change(&mut self.groups);
        self.keep_marks();
        let Some(line) = line else { return };
        let is_it = |other: &Line| match (line, *other) {
            (Line::Inside(..), Line::Inside(..)) => {
                self.groups.row(*other).map(|row| row.conversation.id) == id
            }
            (line, other) => line == other,
        };
        let found = self.groups.lines().iter().position(is_it);
        self.in_group = found.or(self.in_group);
    }

    /// Selects a line of the group.
    pub fn select_line(&mut self, line: Line) {
        let found = self.groups.lines().iter().position(|other| *other == line);
        self.in_group = found.or(self.in_group);
    }

    /// Puts the selection on a conversation, if it is loaded.
    pub fn select(&mut self, id: ConversationId) {
        if self.current_row().map(|row| row.conversation.id) == Some(id) {
            return;
        }
        (self.in_group, self.is_at_end) = (None, false);
        if let Some(at) = self.rows.iter().position(|row| row.conversation.id == id) {
            self.selected = at;
        }
    }

    /// Moves the selection by so many lines; a range follows.
    pub fn step(&mut self, by: isize) {
        let head = self.head();
        let last = self.places().saturating_sub(1);
        let to = self.cursor().saturating_add_signed(by).min(last);
        (self.in_group, self.is_at_end) = (None, false);
        match to.checked_sub(head) {
            None => self.in_group = Some(to),
            Some(row) if row >= self.rows.len() && self.has_tail() => self.is_at_end = true,
            Some(row) => self.selected = row,
        }
        self.reach();
    }

    /// Rows a page key moves by.
    pub fn page(&self) -> isize {
        isize::try_from(self.area.height.saturating_sub(3))
            .unwrap_or(1)
            .max(1)
    }

    /// Shows other conversations, from the first one on; the rows are asked for by the caller.
    pub fn turn_to(&mut self, view: View) {
        self.view = view;
        self.marks.clear();
        self.start_over();
    }

    /// Selects the first row.
    pub fn start_over(&mut self) {
        (self.selected, self.is_at_end, self.in_group) = (0, false, None);
    }

    /// Marks the selected row and goes on to the next; ends a range that is being drawn.
    pub fn mark(&mut self) {
        if self.marks.end() {
            return;
        }
        if let Some(id) = self.current_row().map(|row| row.conversation.id) {
            self.marks.toggle(id);
        }
        self.step(1);
    }

    /// Begins a range on the selected row, or ends the one that is being drawn.
    pub fn range(&mut self) {
        let is_in_group = self.line().is_some();
        let id = self.current_row().map(|row| row.conversation.id);
        if !self.marks.end()
            && let Some(id) = id
        {
            self.marks.begin(id, is_in_group);
        }
    }

    /// The range reaches from where it began to the selection.
    fn reach(&mut self) {
        let Some((from, is_in_group)) = self.marks.began() else {
            return;
        };
        let (head, rows) = (self.head(), self.rows.len());
        let places = if is_in_group {
            0..head
        } else {
            head..head + rows
        };
        let id_at = |place: usize| self.at(place).map(|row| row.conversation.id);
        let start = places.into_iter().find(|at| id_at(*at) == Some(from));
        let (start, end) = (start.unwrap_or(self.cursor()), self.cursor());
        let between: Vec<ConversationId> = (start.min(end)..=start.max(end))
            .filter_map(id_at)
            .collect();
        self.marks.reach(between.into_iter());
    }

    /// The marked rows in the order they stand in.
    pub fn marked(&self) -> Vec<&Listed> {
        if self.marks.is_empty() {
            return Vec::new();
        }
        let mut seen = HashSet::new();
        let rows = self.rows.iter().chain(self.groups.rows());
        rows.filter(|row| self.marks.has(row.conversation.id))
            .filter(|row| seen.insert(row.conversation.id))
            .collect()
    }

    /// Whether it has a row below the group.
    pub fn has(&self, id: ConversationId) -> bool {
        self.rows.iter().any(|row| row.conversation.id == id)
    }

    /// Only rows that are there stay marked.
    fn keep_marks(&mut self) {
        if self.marks.is_empty() {
            return;
        }
        let rows = self.rows.iter().chain(self.groups.rows());
        let there: HashSet<ConversationId> = rows.map(|row| row.conversation.id).collect();
        self.marks.keep(|id| there.contains(&id));
    }

    /// Words wait in this conversation's composer, or no more.
    pub fn mark_draft(&mut self, id: ConversationId, has_draft: bool) {
        let row = self.rows.iter_mut().find(|row| row.conversation.id == id);
        let is_listed = row.is_some();
        if let Some(row) = row {
            row.has_draft = has_draft;
        }
        if has_draft && !is_listed {
            self.drafted.insert(id);
        } else {
            self.drafted.remove(&id);
        }
        self.groups.mark_draft(id, has_draft);
    }

    fn clamp(&mut self) {
        self.selected = self.selected.min(self.rows.len().saturating_sub(1));
    }

    /// Keeps the selection inside the shown lines.
    pub fn layout(&mut self, area: Rect) {
        self.area = area;
        self.filter.layout(self.filter_area());
        let shown = usize::from(self.body().height).max(1);
        let cursor = self.line_of(self.cursor());
        let all = self.line_of(self.places());
        self.top = self.top.min(all.saturating_sub(shown));
        self.top = self.top.min(cursor).max((cursor + 1).saturating_sub(shown));
    }

    /// Where the caret of the filter stands.
    pub fn caret(&self) -> Option<Position> {
        self.filter.caret_cell(self.filter_area())
    }

    fn filter_area(&self) -> Rect {
        let area = self.area;
        Rect {
            x: area.x + 3,
            y: area.y + 1,
            width: area.width.saturating_sub(4),
            height: 1,
        }
        .intersection(area)
    }
}
