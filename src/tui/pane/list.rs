//! The list of conversations: the personas' group, pages of rows, a filter, the trash.

mod touch;

use std::collections::HashSet;

use ratatui::layout::{Position, Rect};

use crate::domain::clean::Clean;
use crate::domain::conversation::{Conversation, Listed};
use crate::domain::filter::Filter;
use crate::domain::id::ConversationId;
use crate::domain::when::Millis;
use crate::protocol::{Command, Cursor, Query, Shelf, Which};
use crate::tui::canvas::{Canvas, cut, width};
use crate::tui::filter;
use crate::tui::pane::groups::{Groups, Line};
use crate::tui::text::edit::Editor;
use crate::tui::theme::{Look, Tone};

/// Rows asked for at a time.
pub const ROWS: u32 = 60;
/// The next page is asked for when the selection is this near the end of what is loaded.
const AHEAD: usize = 20;

/// The list pane: a projection of rows the engine sent.
pub struct List {
    pub rows: Vec<Listed>,
    /// All conversations of this view, filtered ones counted as far as known.
    pub total: u64,
    pub which: Which,
    pub filter: Editor,
    /// Typed keys go to the filter.
    pub is_filtering: bool,
    /// The selected one of `rows`, unless a line of the group is selected.
    pub selected: usize,
    /// The group on top; a filter and the trash leave it out.
    pub groups: Groups,
    /// The selected line of the group.
    in_group: Option<usize>,
    /// First shown line of group and rows.
    top: usize,
    has_more: bool,
    is_asking: bool,
    /// The first page has come.
    is_loaded: bool,
    /// Conversations in which a reply is being written.
    pub live: HashSet<ConversationId>,
    area: Rect,
}

impl Default for List {
    fn default() -> Self {
        List {
            rows: Vec::new(),
            total: 0,
            which: Which::Active,
            filter: filter::input(),
            is_filtering: false,
            selected: 0,
            groups: Groups::default(),
            in_group: None,
            top: 0,
            has_more: false,
            is_asking: false,
            is_loaded: false,
            live: HashSet::new(),
            area: Rect::default(),
        }
    }
}

impl List {
    /// The rows of a first page.
    pub fn fill(&mut self, rows: Vec<Listed>, total: u64, has_more: bool) {
        let chosen = self.selected_row();
        self.rows = rows;
        self.total = total;
        self.has_more = has_more;
        self.is_asking = false;
        self.is_loaded = true;
        self.selected = chosen
            .and_then(|id| self.rows.iter().position(|row| row.conversation.id == id))
            .unwrap_or(self.selected)
            .min(self.rows.len().saturating_sub(1));
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

    fn selected_row(&self) -> Option<ConversationId> {
        self.rows.get(self.selected).map(|row| row.conversation.id)
    }

    /// The selected row, in the group or below it; `None` on a line that is no conversation.
    pub fn current_row(&self) -> Option<&Listed> {
        match self.line() {
            Some(line) => self.groups.row(line),
            None => self.rows.get(self.selected),
        }
    }

    /// Lines of the group that are shown.
    fn head(&self) -> usize {
        if self.which == Which::Active && self.filter.is_empty() {
            self.groups.lines().len()
        } else {
            0
        }
    }

    /// The selected line of the group.
    pub fn line(&self) -> Option<Line> {
        let last = self.head().checked_sub(1)?;
        let at = self.in_group?.min(last);
        self.groups.lines().get(at).copied()
    }

    /// The selected place among group and rows.
    fn cursor(&self) -> usize {
        match (self.in_group, self.head()) {
            (Some(at), head) if head > 0 => at.min(head - 1),
            (_, head) => head + self.selected,
        }
    }

    /// Changes the group; what is selected in it stays selected.
    pub fn regroup(&mut self, change: impl FnOnce(&mut Groups)) {
        let line = self.line();
        let id = self.current_row().map(|row| row.conversation.id);
        change(&mut self.groups);
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
        self.in_group = None;
        if let Some(at) = self.rows.iter().position(|row| row.conversation.id == id) {
            self.selected = at;
        }
    }

    /// Moves the selection by so many rows.
    pub fn step(&mut self, by: isize) {
        let head = self.head();
        let last = (head + self.rows.len()).saturating_sub(1);
        let to = self.cursor().saturating_add_signed(by).min(last);
        match to.checked_sub(head) {
            Some(row) => (self.selected, self.in_group) = (row, None),
            None => self.in_group = Some(to),
        }
    }

    /// Rows a page key moves by.
    pub fn page(&self) -> isize {
        isize::try_from(self.area.height.saturating_sub(3))
            .unwrap_or(1)
            .max(1)
    }

    /// What is listed now.
    pub fn query(&self) -> Query {
        Query {
            words: self.filter.text().trim().to_owned(),
            which: self.which,
            ..Query::default()
        }
    }

    /// The command that fills the list from its beginning.
    pub fn ask_first(&mut self) -> Command {
        self.is_asking = true;
        Command::Shelf(Shelf::List {
            query: self.query(),
            after: None,
            offset: 0,
            limit: Some(ROWS),
        })
    }

    /// The command for the next page, when the selection has come near the end.
    pub fn ask_more(&mut self) -> Option<Command> {
        let last = self.rows.last()?;
        let near = self.cursor().max(self.top + usize::from(self.area.height)) + AHEAD
            >= self.head() + self.rows.len();
        if self.is_asking || !self.has_more || !near {
            return None;
        }
        self.is_asking = true;
        let after = Some(Cursor {
            is_pinned: false,
            active_at: last.conversation.active_at,
            id: last.conversation.id,
        });
        Some(Command::Shelf(Shelf::List {
            query: self.query(),
            after,
            offset: 0,
            limit: Some(ROWS),
        }))
    }

    /// A page did not come; the next move asks again.
    pub fn ask_failed(&mut self) {
        self.is_asking = false;
    }

    /// A conversation is now like this: its row is updated, moved, added or taken away.
    pub fn apply(&mut self, conversation: &Conversation) {
        self.regroup(|groups| groups.apply(conversation));
        let chosen = self.selected_row();
        let belongs = conversation.trashed_at.is_some() == (self.which == Which::Trashed);
        let old = self
            .rows
            .iter()
            .position(|row| row.conversation.id == conversation.id);
        let matches = self.fits(conversation, old.map(|at| &self.rows[at].conversation));
        let has_draft = old.is_some_and(|at| self.rows[at].has_draft);
        if let Some(at) = old {
            self.rows.remove(at);
            if !belongs {
                self.total = self.total.saturating_sub(1);
            }
        } else if belongs && matches {
            self.total += 1;
        }
        if belongs && matches {
            let key = |c: &Conversation| (c.active_at, c.id);
            let at = self
                .rows
                .partition_point(|row| key(&row.conversation) > key(conversation));
            let is_beyond = at == self.rows.len() && self.has_more;
            if !is_beyond {
                self.rows.insert(
                    at,
                    Listed {
                        conversation: conversation.clone(),
                        has_draft,
                    },
                );
            }
        }
        match chosen.and_then(|id| self.rows.iter().position(|row| row.conversation.id == id)) {
            Some(at) => self.selected = at,
            None => self.clamp(),
        }
    }

    /// Whether it belongs to what is filtered. Which persona a name means only the engine knows: what it has listed
    /// stays as long as its persona is the same.
    fn fits(&self, conversation: &Conversation, before: Option<&Conversation>) -> bool {
        let filter = Filter::of(&self.filter.text());
        let title = conversation.title.to_lowercase();
        let is_with = filter.personas.is_empty()
            || before.is_some_and(|before| before.persona == conversation.persona);
        is_with && filter.words.iter().all(|word| title.contains(word))
    }

    /// A conversation is gone for good.
    pub fn remove(&mut self, id: ConversationId) {
        let before = self.rows.len();
        self.rows.retain(|row| row.conversation.id != id);
        if self.rows.len() < before {
            self.total = self.total.saturating_sub(1);
        }
        self.regroup(|groups| groups.remove(id));
        self.clamp();
    }

    fn clamp(&mut self) {
        self.selected = self.selected.min(self.rows.len().saturating_sub(1));
    }

    /// Words wait in this conversation's composer, or no more.
    pub fn mark_draft(&mut self, id: ConversationId, has_draft: bool) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.conversation.id == id) {
            row.has_draft = has_draft;
        }
        self.groups.mark_draft(id, has_draft);
    }

    /// Keeps the selection inside the shown rows.
    pub fn layout(&mut self, area: Rect) {
        self.area = area;
        self.filter.layout(self.filter_area());
        let shown = usize::from(area.height.saturating_sub(2)).max(1);
        let (cursor, all) = (self.cursor(), self.head() + self.rows.len());
        self.top = self.top.min(all.saturating_sub(shown));
        self.top = self.top.min(cursor).max((cursor + 1).saturating_sub(shown));
    }

    /// Draws title, filter and rows.
    pub fn paint(&self, canvas: &mut Canvas<'_>, view: &ListView) {
        let area = self.area;
        let look = if view.is_focused {
            Look::of(Tone::Accent).bold()
        } else {
            Look::default().bold()
        };
        let title = match self.which {
            Which::Active => Clean::own("Conversations"),
            Which::Trashed => Clean::own("Trash"),
        };
        canvas.put(area, (1, 0), &title, look);
        let inner = Rect {
            width: area.width.saturating_sub(1),
            ..area
        };
        canvas.put_right(
            inner,
            (width(&title) + 2, 0),
            &Clean::line(&self.total.to_string()),
            Look::of(Tone::Dim),
        );
        canvas.put(area, (1, 1), &Clean::own("/"), Look::of(Tone::Dim));
        self.filter
            .paint(canvas.buffer, self.filter_area(), canvas.theme);
        let body = Rect {
            y: area.y + 2,
            height: area.height.saturating_sub(2),
            ..area
        };
        let head = self.head();
        let cursor = self.cursor();
        for (y, at) in (0..body.height).zip(self.top..) {
            let line = Rect {
                y: body.y + y,
                height: 1,
                ..body
            };
            let is_selected = at == cursor && view.is_focused;
            match at.checked_sub(head) {
                None => {
                    if let Some(part) = self.groups.lines().get(at) {
                        self.paint_line(canvas, line, (*part, is_selected), view);
                    }
                }
                Some(0) if self.rows.is_empty() && self.is_loaded => {
                    canvas.put(line, (1, 0), &self.empty_words(), Look::of(Tone::Dim));
                    break;
                }
                Some(row) => match self.rows.get(row) {
                    Some(row) => self.paint_row(canvas, line, (row, is_selected), view),
                    None => break,
                },
            }
        }
    }

    fn empty_words(&self) -> Clean {
        if !self.filter.text().trim().is_empty() {
            Clean::own("nothing matches")
        } else if self.which == Which::Trashed {
            Clean::own("the trash is empty")
        } else {
            Clean::own("none yet")
        }
    }

    fn paint_row(
        &self,
        canvas: &mut Canvas<'_>,
        line: Rect,
        (row, is_selected): (&Listed, bool),
        view: &ListView,
    ) {
        let (body, y) = (line, 0);
        let c = &row.conversation;
        let is_open = view.open == Some(c.id);
        let inner = Rect {
            width: body.width.saturating_sub(1),
            ..body
        };
        let age = Clean::line(&c.active_at.age(view.now));
        let right = canvas.put_right(inner, (0, y), &age, Look::of(Tone::Dim));
        let mark = match () {
            () if self.live.contains(&c.id) => Some((Clean::own("●"), Look::of(Tone::Accent))),
            () if row.has_draft => Some((Clean::own("✎"), Look::of(Tone::Warning))),
            () => None,
        };
        let mut room = right.saturating_sub(2);
        if let Some((mark, look)) = mark {
            canvas.put(inner, (right.saturating_sub(2), y), &mark, look);
            room = room.saturating_sub(2);
        }
        let title = if c.title.is_empty() {
            Clean::own("untitled")
        } else {
            Clean::line(&c.title)
        };
        let look = match (is_open, is_selected) {
            (_, true) => Look::of(Tone::Accent).bold(),
            (true, false) => Look::default().bold(),
            (false, false) => Look::default(),
        };
        let bar = if is_selected {
            Clean::own("▌")
        } else if is_open {
            Clean::own("▏")
        } else {
            Clean::own(" ")
        };
        canvas.put(body, (1, y), &bar, Look::of(Tone::Accent));
        canvas.put(body, (2, y), &cut(&title, room.saturating_sub(1)), look);
    }

    /// A line of the group: a title, a persona, or a conversation two cells in.
    fn paint_line(
        &self,
        canvas: &mut Canvas<'_>,
        line: Rect,
        (part, is_selected): (Line, bool),
        view: &ListView,
    ) {
        let inner = Rect {
            width: line.width.saturating_sub(1),
            ..line
        };
        let Some((words, right, indent)) = self.groups.words(part, view.now) else {
            if let Some(row) = self.groups.row(part) {
                let inside = Rect {
                    x: line.x + 6.min(line.width),
                    width: line.width.saturating_sub(6),
                    ..line
                };
                self.paint_row(canvas, inside, (row, is_selected), view);
            }
            return;
        };
        let dim = Look::of(Tone::Dim);
        let end = canvas.put_right(inner, (0, 0), &right, dim);
        let look = if is_selected {
            canvas.put(line, (1, 0), &Clean::own("▌"), Look::of(Tone::Accent));
            Look::of(Tone::Accent).bold()
        } else {
            Look::default()
        };
        let room = end.saturating_sub(indent + 1);
        canvas.put(line, (indent, 0), &cut(&words, room), look);
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

/// What the list needs to know of its surroundings to be drawn.
pub struct ListView {
    pub is_focused: bool,
    pub open: Option<ConversationId>,
    pub now: Millis,
}
