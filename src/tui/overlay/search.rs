//! Search over all conversations: a line to type in, and below it what is found, by conversation (spec V3).

use std::ops::Range;

use ratatui::layout::{Position, Rect};

use super::frame::{frame, query_line};
use crate::domain::clean::Clean;
use crate::domain::failure::Failure;
use crate::domain::message::Role;
use crate::domain::search::{Found, Group, Hit, Rest, Search as Wanted};
use crate::domain::when::Millis;
use crate::keys::Action;
use crate::tui::canvas::{Canvas, width};
use crate::tui::msg::{Choice, Outcome, Target};
use crate::tui::text::edit::Editor;
use crate::tui::text::row::Row;
use crate::tui::text::styled::Styled;
use crate::tui::text::wrap::{Indent, plain, wrap};
use crate::tui::theme::{Look, Tone};

/// Widest and highest it gets.
const WIDEST: u16 = 100;
const HIGHEST: u16 = 30;
/// Rows of a snippet.
const ROWS: usize = 2;
/// So many lines before the last one, more is asked for.
const NEAR: usize = 8;
/// Below this width a snippet begins one word before its hit, so that the hit is seen.
const NARROW: u16 = 50;
/// From this height on a blank row parts conversations.
const AIRY: u16 = 18;

/// The search.
pub struct Search {
    pub query: Editor,
    /// What was asked last; `None` = ask again.
    asked: Option<String>,
    groups: Vec<Group>,
    next: Option<Rest>,
    is_waiting: bool,
    failure: Option<Failure>,
    /// Among what can be chosen.
    selected: usize,
    /// What can be chosen.
    choices: Vec<Target>,
    /// The rows, laid out for a width; 0 = to be made.
    rows: Vec<Line>,
    laid: u16,
    top: usize,
    area: Rect,
    now: Millis,
}

/// A row of the list.
struct Line {
    row: Row,
    /// At its right end, dim.
    right: Clean,
    /// The choice it belongs to.
    choice: Option<usize>,
}

impl Default for Search {
    /// A search for nothing yet.
    fn default() -> Search {
        let mut query = Editor::single();
        query.set_placeholder(Clean::own("search all conversations"));
        Search {
            query,
            asked: None,
            groups: Vec::new(),
            next: None,
            is_waiting: false,
            failure: None,
            selected: 0,
            choices: Vec::new(),
            rows: Vec::new(),
            laid: 0,
            top: 0,
            area: Rect::default(),
            now: Millis::default(),
        }
    }
}

impl Search {
    /// Puts these words in place of what stands there.
    pub fn set_words(&mut self, words: &str) {
        self.query.set_text(words, words.len());
    }

    /// It is opened again: what it shows may be old, and what is typed takes the place of the words.
    pub fn renew(&mut self) {
        self.query.select_all();
        self.asked = None;
    }

    /// The words to ask for, if they are others than those asked for last.
    pub fn wants(&mut self) -> Option<String> {
        let words = self.query.text();
        if self.asked.as_ref() == Some(&words) {
            return None;
        }
        self.is_waiting = !words.trim().is_empty();
        if !self.is_waiting {
            self.fill(Found::default());
        }
        self.asked = Some(words.clone());
        self.is_waiting.then_some(words)
    }

    /// Where the next page begins, and the words, when the selection has come near the end of what is loaded.
    pub fn wants_more(&mut self) -> Option<(String, Rest)> {
        let is_near = self.selected + NEAR >= self.choices.len();
        let next = self.next.filter(|_| is_near && !self.is_waiting)?;
        let words = self.asked.clone()?;
        self.is_waiting = true;
        Some((words, next))
    }

    /// This was found.
    pub fn fill(&mut self, found: Found) {
        let before = self.choices.get(self.selected).cloned();
        self.groups = found.groups;
        self.next = found.next;
        self.is_waiting = false;
        self.failure = None;
        self.choose_from();
        // Found again after it was opened again.
        let again = self
            .choices
            .iter()
            .position(|one| Some(one) == before.as_ref());
        self.selected = again.filter(|_| self.selected > 0).unwrap_or(0);
    }

    /// This was found besides.
    pub fn extend(&mut self, found: Found) {
        self.groups.extend(found.groups);
        self.next = found.next;
        self.is_waiting = false;
        self.choose_from();
    }

    /// The words cannot be searched for.
    pub fn fail(&mut self, failure: Failure) {
        self.fill(Found::default());
        self.failure = Some(failure);
    }

    fn choose_from(&mut self) {
        self.laid = 0;
        self.choices.clear();
        for group in &self.groups {
            let target = |message| Target {
                conversation: group.conversation,
                message,
            };
            if !group.title_marks.is_empty() {
                self.choices.push(target(None));
            }
            for hit in &group.hits {
                self.choices
                    .push(target(Some((hit.message, words_of(hit)))));
            }
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only the moves of a list matter here"
    )]
    pub fn act(&mut self, action: Action) -> Outcome {
        let page = usize::from(self.area.height / 3).max(1);
        let last = self.choices.len().saturating_sub(1);
        let to = match action {
            Action::Accept => {
                let target = self.choices.get(self.selected).cloned();
                return target.map_or(Outcome::Stay, |target| Outcome::Take(Choice::Hit(target)));
            }
            Action::ListUp => self.selected.saturating_sub(1),
            Action::ListDown => self.selected + 1,
            Action::ListHalfUp | Action::ListPageUp => self.selected.saturating_sub(page),
            Action::ListHalfDown | Action::ListPageDown => self.selected + page,
            Action::ListFirst => 0,
            Action::ListLast => last,
            _ => return Outcome::Stay,
        };
        self.selected = to.min(last);
        Outcome::Stay
    }

    /// Takes its place on a screen, which it gives.
    pub fn layout(&mut self, screen: Rect, now: Millis) -> Rect {
        let width = screen.width.saturating_sub(4).min(WIDEST);
        let width = width.max(screen.width.min(30));
        let height = screen.height.saturating_sub(2).min(HIGHEST);
        let height = height.max(screen.height.min(5));
        self.area = Rect {
            x: screen.x + (screen.width - width) / 2,
            y: screen.y + (screen.height - height) / 2,
            width,
            height,
        };
        self.now = now;
        self.query.layout(query_line(self.area));
        let wide = width.saturating_sub(4).max(1);
        if self.laid != wide {
            self.laid = wide;
            self.lay(wide);
        }
        self.scroll();
        self.area
    }

    /// Selects what is in this cell; gives its place among what can be chosen.
    pub fn touch(&mut self, at: Position) -> Option<usize> {
        let list = self.list_area();
        if !list.contains(at) {
            return None;
        }
        let row = self.top + usize::from(at.y - list.y);
        let choice = self.rows.get(row)?.choice?;
        self.selected = choice;
        Some(choice)
    }

    fn lay(&mut self, wide: u16) {
        let mut rows = Vec::new();
        let mut choice = 0;
        for (at, group) in self.groups.iter().enumerate() {
            if at > 0 && self.area.height >= AIRY {
                rows.push(Line::own(Row::blank()));
            }
            let is_hit = !group.title_marks.is_empty();
            rows.push(Line {
                row: title(group),
                right: aside(group, self.now),
                choice: is_hit.then_some(choice),
            });
            choice += usize::from(is_hit);
            for hit in &group.hits {
                let snippet = snippet(hit, self.now, wide);
                rows.extend(snippet.into_iter().map(|row| Line {
                    choice: Some(choice),
                    ..Line::own(row)
                }));
                choice += 1;
            }
        }
        self.rows = rows;
    }

    /// Keeps the selected rows in sight, and the title above the first of them.
    fn scroll(&mut self) {
        let room = usize::from(self.list_rows()).max(1);
        let is_it = |line: &Line| line.choice == Some(self.selected);
        let first = self.rows.iter().position(is_it).unwrap_or(0);
        let last = self.rows.iter().rposition(is_it).unwrap_or(0);
        let head = match first.checked_sub(1) {
            Some(before) if self.rows[before].choice.is_none() => before,
            Some(_) | None => first,
        };
        self.top = self.top.min(head).max((last + 1).saturating_sub(room));
        self.top = self.top.min(self.rows.len().saturating_sub(room));
    }

    /// Where the hits stand, below the line to type in.
    fn list_area(&self) -> Rect {
        let query = query_line(self.area);
        Rect {
            x: self.area.x + 2,
            y: query.bottom(),
            width: self.area.width.saturating_sub(4),
            height: self.list_rows(),
        }
        .intersection(self.area)
    }

    fn list_rows(&self) -> u16 {
        self.area.height.saturating_sub(3)
    }

    /// What is said where nothing is listed.
    fn words_instead(&self) -> Option<(String, Tone)> {
        if let Some(failure) = &self.failure {
            return Some((failure.to_string(), Tone::Error));
        }
        if !self.groups.is_empty() {
            return None;
        }
        if self.query.text().trim().is_empty() {
            return Some((HINTS.to_owned(), Tone::Dim));
        }
        let has_words = Wanted::read(&self.query.text(), true).is_ok_and(|w| !w.words.is_empty());
        let words = match (self.is_waiting, has_words) {
            (true, _) => "searching",
            (false, true) => "Nothing found. All words have to stand in one message or title.",
            (false, false) => {
                "Add a word to look for; the filter of the list finds conversations without one."
            }
        };
        Some((words.to_owned(), Tone::Dim))
    }

    /// How much was found.
    fn count(&self) -> Clean {
        let more = if self.next.is_some() { "+" } else { "" };
        match self.choices.len() {
            0 => Clean::default(),
            1 => Clean::line(&format!("1{more} hit")),
            count => Clean::line(&format!("{count}{more} hits")),
        }
    }

    /// Draws it; gives the caret's cell.
    pub fn paint(&self, canvas: &mut Canvas<'_>) -> Option<Position> {
        let title = Clean::own("Search all conversations");
        let keys = Clean::own("⏎ open it there · ↑↓ · Esc");
        let inner = frame(canvas, self.area, &title, &self.count(), &keys);
        canvas.put(inner, (0, 0), &Clean::own("›"), Look::of(Tone::Accent));
        let query = query_line(self.area);
        self.query.paint(canvas.buffer, query, canvas.theme);
        let list = self.list_area();
        if let Some((words, tone)) = self.words_instead() {
            let text = Rect {
                x: list.x + 2,
                width: list.width.saturating_sub(2),
                ..list
            };
            let rows = plain(&Clean::text(&words), Look::of(tone), text.width);
            for (y, row) in (text.y..text.bottom()).zip(&rows) {
                let line = Rect {
                    y,
                    height: 1,
                    ..text
                };
                row.paint(canvas.buffer, line, canvas.theme);
            }
            return self.query.caret_cell(query);
        }
        for (y, line) in (0..list.height).zip(self.rows.iter().skip(self.top)) {
            self.paint_line(canvas, list, (y, line));
        }
        self.query.caret_cell(query)
    }

    fn paint_line(&self, canvas: &mut Canvas<'_>, list: Rect, (y, line): (u16, &Line)) {
        if line.choice == Some(self.selected) {
            canvas.put(list, (0, y), &Clean::own("▌"), Look::of(Tone::Accent));
        }
        let right = match width(&line.right) {
            0 => 0,
            cells => cells + 1,
        };
        canvas.put_right(list, (2, y), &line.right, Look::of(Tone::Dim));
        let words = Rect {
            x: list.x + 2,
            y: list.y + y,
            width: list.width.saturating_sub(2 + right),
            height: 1,
        };
        line.row.paint(canvas.buffer, words, canvas.theme);
    }
}

/// What can be typed.
const HINTS: &str = "words, all of them in one message · \"in a row\" · begin*\n\
    role:user  persona:NAME  model:NAME  tag:NAME\nafter:2026-01-31  before:7d  is:archived";

impl Line {
    fn own(row: Row) -> Line {
        Line {
            row,
            right: Clean::default(),
            choice: None,
        }
    }
}

/// A text with some of its bytes lit: bold and underlined, so that it shows without colour too.
fn lit(text: &str, marks: &[Range<usize>], look: Look) -> Styled {
    let hit = Look {
        underline: true,
        ..Look::of(Tone::Accent).bold()
    };
    let (mut styled, mut at) = (Styled::default(), 0);
    for mark in marks {
        let before = text.get(at..mark.start).unwrap_or_default();
        styled.push(&Clean::line(before), look);
        let words = text.get(mark.clone()).unwrap_or_default();
        styled.push(&Clean::line(words), hit);
        at = mark.end;
    }
    styled.push(&Clean::line(text.get(at..).unwrap_or_default()), look);
    styled
}

fn title(group: &Group) -> Row {
    let look = Look::default().bold();
    match group.title.is_empty() {
        true => Row::of(&Styled::of(&Clean::own("untitled"), look)),
        false => Row::of(&lit(&group.title, &group.title_marks, look)),
    }
}

fn aside(group: &Group, now: Millis) -> Clean {
    let age = group.active_at.age(now);
    match group.is_archived {
        true => Clean::line(&format!("archived · {age}")),
        false => Clean::line(&age),
    }
}

/// Who, when, and the words around the hit; at most `ROWS` rows.
fn snippet(hit: &Hit, now: Millis, wide: u16) -> Vec<Row> {
    let who = match (hit.role, &hit.model) {
        (Role::User, _) => "you",
        (Role::System, _) => "system",
        (Role::Assistant, Some(model)) => &model.name,
        (Role::Assistant, None) => "reply",
    };
    let head = format!("{who} · {}  ", hit.created_at.age(now));
    let mut text = Styled::of(&Clean::line(&head), Look::of(Tone::Dim));
    let (words, marks) = (&hit.snippet.text, &hit.snippet.marks);
    match marks.first().filter(|_| wide < NARROW) {
        Some(mark) => {
            let before = words.get(..mark.start).unwrap_or_default();
            let from = before.trim_end().rfind(' ').map_or(0, |blank| blank + 1);
            if from > 0 {
                text.push(&Clean::own("…"), Look::default());
            }
            let marks: Vec<Range<usize>> = marks
                .iter()
                .map(|mark| mark.start - from..mark.end - from)
                .collect();
            let words = words.get(from..).unwrap_or_default();
            text.append(&lit(words, &marks, Look::default()));
        }
        None => text.append(&lit(words, marks, Look::default())),
    }
    let mut rows = Vec::new();
    let indent = Indent::all(Styled::blanks(2));
    wrap(&text, &indent, wide.saturating_sub(2).max(1), &mut rows);
    rows.truncate(ROWS);
    rows
}

/// The longest of the words that were found there: what is lit when the message is shown.
fn words_of(hit: &Hit) -> String {
    let marks = hit.snippet.marks.iter().rev();
    let longest = marks.max_by_key(|mark| mark.len());
    let words = longest.and_then(|mark| hit.snippet.text.get(mark.clone()));
    words.unwrap_or_default().to_owned()
}
