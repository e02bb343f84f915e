//! Several fields to fill in, one under the other: lines, texts and choices, with one of them in hand.
//!
//! A form owns a `Sheet` and shows it beside what the fields make. It passes on `act`, `letter`, `editor`, `layout` and
//! `paint`, reads `text` and `chosen` when it saves, and decides where one gets by walking off the ends (`Walked`):
//!
//! ```text
//! let mut sheet = Sheet::new(vec![
//!     Field::line("title", "").hinting(Clean::own("needed")),
//!     Field::lines("content", "", 3),
//!     Field::choice("scenario", names, 0),
//! ]);
//! match sheet.act(action) {
//!     Walked::Off(by) => …,        // beyond the last field, or before the first
//!     Walked::Changed => …,        // a choice is another now; typed text comes by `Overlay::edited`
//!     Walked::Stayed | Walked::No => …,
//! }
//! ```

use ratatui::layout::{Position, Rect};

use crate::domain::clean::Clean;
use crate::keys::Action;
use crate::tui::canvas::{Canvas, cut, width};
use crate::tui::text::edit::{Editor, Move};
use crate::tui::theme::{Look, Tone};

/// From this width on the label stands before a text, else above it.
const ROOMY: u16 = 44;

/// A field: what it is called and what stands in it.
pub struct Field {
    label: Clean,
    value: Value,
    /// Where it stands; empty = not shown.
    area: Rect,
}

enum Value {
    Line(Editor),
    /// Several lines, of which at least so many rows are shown.
    Lines(Editor, u16),
    Choice {
        options: Vec<Clean>,
        at: usize,
    },
}

impl Field {
    /// A text of one line.
    pub fn line(label: &'static str, text: &str) -> Field {
        let mut editor = Editor::single();
        editor.set_text(text, text.len());
        Field::new(Clean::own(label), Value::Line(editor))
    }

    /// A text of several lines, shown in at least so many rows.
    pub fn lines(label: &'static str, text: &str, rows: u16) -> Field {
        let mut editor = Editor::new();
        editor.set_text(text, text.len());
        Field::new(Clean::own(label), Value::Lines(editor, rows.max(1)))
    }

    /// One of these, the one at `at`.
    pub fn choice(label: &'static str, options: Vec<Clean>, at: usize) -> Field {
        Field::new(Clean::own(label), Value::Choice { options, at })
    }

    fn new(label: Clean, value: Value) -> Field {
        Field {
            label,
            value,
            area: Rect::default(),
        }
    }

    /// The same under another label, such as the name of a field of a template.
    #[must_use]
    pub fn called(mut self, label: Clean) -> Field {
        self.label = label;
        self
    }

    /// The same with words shown while it is empty.
    #[must_use]
    pub fn hinting(mut self, words: Clean) -> Field {
        if let Value::Line(editor) | Value::Lines(editor, _) = &mut self.value {
            editor.set_placeholder(words);
        }
        self
    }

    /// The rows it takes without its label above.
    fn least(&self) -> u16 {
        match &self.value {
            Value::Lines(_, rows) => *rows,
            Value::Line(_) | Value::Choice { .. } => 1,
        }
    }

    /// The rows its text fills at this width.
    fn wanted(&mut self, cells: u16) -> u16 {
        match &mut self.value {
            Value::Lines(editor, rows) => u16::try_from(editor.measure(cells))
                .unwrap_or(u16::MAX)
                .max(*rows),
            Value::Line(_) | Value::Choice { .. } => 1,
        }
    }
}

/// What a key did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walked {
    /// It means nothing here.
    No,
    /// Another field is in hand, or the caret moved.
    Stayed,
    /// Another choice is made.
    Changed,
    /// The walk leads beyond the last field (1) or before the first (-1); the field in hand stays.
    Off(isize),
}

/// Fields to fill in; one of them is in hand.
pub struct Sheet {
    fields: Vec<Field>,
    at: usize,
    /// The first field shown.
    first: usize,
    area: Rect,
}

impl Sheet {
    /// These fields, at least one, with the first in hand.
    pub fn new(fields: Vec<Field>) -> Sheet {
        Sheet {
            fields,
            at: 0,
            first: 0,
            area: Rect::default(),
        }
    }

    /// Which field is in hand.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Takes a field in hand; one beyond the last is the last.
    pub fn go(&mut self, field: usize) {
        self.at = field.min(self.fields.len().saturating_sub(1));
    }

    /// What is written in a field; nothing for a choice.
    pub fn text(&self, field: usize) -> String {
        match self.fields.get(field).map(|field| &field.value) {
            Some(Value::Line(editor) | Value::Lines(editor, _)) => editor.text(),
            Some(Value::Choice { .. }) | None => String::new(),
        }
    }

    /// Writes a field anew.
    pub fn set_text(&mut self, field: usize, text: &str) {
        if let Some(Value::Line(editor) | Value::Lines(editor, _)) =
            self.fields.get_mut(field).map(|field| &mut field.value)
        {
            editor.set_text(text, text.len());
        }
    }

    /// Which option a choice stands at; 0 for a text.
    pub fn chosen(&self, field: usize) -> usize {
        match self.fields.get(field).map(|field| &field.value) {
            Some(Value::Choice { at, .. }) => *at,
            Some(Value::Line(_) | Value::Lines(..)) | None => 0,
        }
    }

    /// The editor of the field in hand, if it is a text.
    pub fn editor(&mut self) -> Option<&mut Editor> {
        match self.fields.get_mut(self.at).map(|field| &mut field.value) {
            Some(Value::Line(editor) | Value::Lines(editor, _)) => Some(editor),
            Some(Value::Choice { .. }) | None => None,
        }
    }

    /// A bound key: the fields' own walk by Tab, up and down, and a choice by left and right.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only the moves of a form matter here"
    )]
    pub fn act(&mut self, action: Action) -> Walked {
        match action {
            Action::NextField => self.walk(1),
            Action::PreviousField => self.walk(-1),
            Action::ListUp => self.row(-1),
            Action::ListDown => self.row(1),
            Action::Left => self.choose(-1),
            Action::Right => self.choose(1),
            _ => Walked::No,
        }
    }

    /// A letter where no text is taken: the next option that begins with it.
    pub fn letter(&mut self, c: char) -> Walked {
        let Some(Value::Choice { options, at }) =
            self.fields.get_mut(self.at).map(|field| &mut field.value)
        else {
            return Walked::No;
        };
        let begins = |option: &Clean| option.starts_with(c);
        let after = (*at + 1..options.len()).chain(0..*at);
        match after.into_iter().find(|at| begins(&options[*at])) {
            Some(found) => {
                *at = found;
                Walked::Changed
            }
            None => Walked::No,
        }
    }

    fn walk(&mut self, by: isize) -> Walked {
        match self.at.checked_add_signed(by) {
            Some(to) if to < self.fields.len() => {
                self.at = to;
                Walked::Stayed
            }
            Some(_) | None => Walked::Off(by),
        }
    }

    /// Up or down: within a text first, then to the next field.
    fn row(&mut self, by: isize) -> Walked {
        let Some(field) = self.fields.get_mut(self.at) else {
            return Walked::No;
        };
        let cells = field.area.width;
        if let Value::Lines(editor, _) = &mut field.value {
            let (is_end, way) = if by < 0 {
                (editor.is_at_first_row(cells), Move::Up)
            } else {
                (editor.is_at_last_row(cells), Move::Down)
            };
            if !is_end {
                editor.go(way);
                return Walked::Stayed;
            }
        }
        self.walk(by)
    }

    fn choose(&mut self, by: isize) -> Walked {
        let Some(Value::Choice { options, at }) =
            self.fields.get_mut(self.at).map(|field| &mut field.value)
        else {
            return Walked::No;
        };
        let count = options.len().max(1);
        *at = (*at + count).saturating_add_signed(by) % count;
        Walked::Changed
    }

    /// Cells before the texts.
    fn column(&self) -> u16 {
        let widest = self.fields.iter().map(|field| width(&field.label)).max();
        widest.unwrap_or(0) + 3
    }

    /// Whether labels stand above texts of several lines.
    fn is_tight(cells: u16) -> bool {
        cells < ROOMY
    }

    /// Rows everything written takes at this width.
    pub fn height(&mut self, cells: u16) -> u16 {
        let (column, is_tight) = (self.column(), Sheet::is_tight(cells));
        let rows = self.fields.iter_mut().map(|field| {
            let (above, room) = around(field, column, is_tight, cells);
            field.wanted(room).saturating_add(above)
        });
        rows.fold(0, u16::saturating_add)
    }

    /// Lays the fields out; where they have no room, those around the one in hand are shown.
    pub fn layout(&mut self, area: Rect) {
        self.area = area;
        let (column, is_tight) = (self.column(), Sheet::is_tight(area.width));
        let least: Vec<u16> = self
            .fields
            .iter()
            .map(|field| field.least() + around(field, column, is_tight, area.width).0)
            .collect();
        self.first = self.first.min(self.at);
        while self.first < self.at && least[self.first..=self.at].iter().sum::<u16>() > area.height
        {
            self.first += 1;
        }
        let mut left = area.height;
        let mut heights: Vec<u16> = vec![0; self.fields.len()];
        for at in self.first..self.fields.len() {
            heights[at] = least[at].min(left);
            left -= heights[at];
        }
        // A screen with room to spare shows what was scrolled away.
        while self.first > 0 && least[self.first - 1] <= left {
            self.first -= 1;
            heights[self.first] = least[self.first];
            left -= least[self.first];
        }
        let in_hand = self.at;
        for at in std::iter::once(in_hand).chain(self.first..self.fields.len()) {
            let field = &mut self.fields[at];
            let (above, room) = around(field, column, is_tight, area.width);
            if heights[at] >= least[at] {
                let more = (field.wanted(room) + above)
                    .saturating_sub(heights[at])
                    .min(left);
                heights[at] += more;
                left -= more;
            }
        }
        self.place(&heights, column, is_tight);
    }

    fn place(&mut self, heights: &[u16], column: u16, is_tight: bool) {
        let area = self.area;
        let mut y = area.y;
        for (field, height) in self.fields.iter_mut().zip(heights) {
            let (above, room) = around(field, column, is_tight, area.width);
            field.area = Rect {
                x: area.x + (area.width - room),
                y: y + above,
                width: room,
                height: height.saturating_sub(above),
            };
            if let Value::Line(editor) | Value::Lines(editor, _) = &mut field.value {
                editor.layout(field.area);
            }
            y += height;
        }
    }

    /// Draws the fields; the one in hand stands out when the sheet `is_focused`, and has the caret.
    pub fn paint(&self, canvas: &mut Canvas<'_>, is_focused: bool) -> Option<Position> {
        let mut caret = None;
        let is_tight = Sheet::is_tight(self.area.width);
        for (at, field) in self.fields.iter().enumerate() {
            if field.area.height == 0 {
                continue;
            }
            let is_at = is_focused && at == self.at;
            let look = if is_at {
                Look::of(Tone::Accent).bold()
            } else {
                Look::of(Tone::Dim)
            };
            let above = around(field, self.column(), is_tight, self.area.width).0;
            let line = Rect {
                y: field.area.y - above,
                height: 1,
                ..self.area
            };
            if is_at {
                canvas.put(line, (0, 0), &Clean::own("▌"), Look::of(Tone::Accent));
            }
            canvas.put(line, (1, 0), &cut(&field.label, line.width), look);
            match &field.value {
                Value::Line(editor) | Value::Lines(editor, _) => {
                    editor.paint(canvas.buffer, field.area, canvas.theme);
                    if is_at {
                        caret = editor.caret_cell(field.area);
                    }
                }
                Value::Choice { options, at } => {
                    let words = options.get(*at).map_or("", |option| option.as_str());
                    let words = if is_at {
                        format!("‹ {words} ›")
                    } else {
                        words.to_owned()
                    };
                    let words = cut(&Clean::line(&words), field.area.width);
                    canvas.put(field.area, (0, 0), &words, Look::default());
                }
            }
        }
        self.paint_more(canvas);
        caret
    }

    /// Signs at the right edge that fields are above or below.
    fn paint_more(&self, canvas: &mut Canvas<'_>) {
        let x = self.area.width.saturating_sub(1);
        let dim = Look::of(Tone::Dim);
        if self.first > 0 {
            canvas.put(self.area, (x, 0), &Clean::own("↑"), dim);
        }
        if self.fields.last().is_some_and(|last| last.area.height == 0) {
            let y = self.area.height.saturating_sub(1);
            canvas.put(self.area, (x, y), &Clean::own("↓"), dim);
        }
    }
}

/// Rows of the label above a field, and the cells of its text.
fn around(field: &Field, column: u16, is_tight: bool, cells: u16) -> (u16, u16) {
    if is_tight && matches!(field.value, Value::Lines(..)) {
        (1, cells.saturating_sub(2))
    } else {
        (0, cells.saturating_sub(column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        let kinds = ["parent", "spouse", "sibling"].map(Clean::own).to_vec();
        Sheet::new(vec![
            Field::line("name", "Alex"),
            Field::choice("kind", kinds, 0),
            Field::lines("description", "one\ntwo", 2),
            Field::line("temperature", ""),
        ])
    }

    #[test]
    fn tab_walks_the_fields_and_says_when_it_leaves_them() {
        let mut sheet = sheet();
        assert_eq!(sheet.act(Action::PreviousField), Walked::Off(-1));
        for at in 1..4 {
            assert_eq!(sheet.act(Action::NextField), Walked::Stayed);
            assert_eq!(sheet.at(), at);
        }
        assert_eq!(sheet.act(Action::NextField), Walked::Off(1));
        assert_eq!(sheet.at(), 3);
    }

    #[test]
    fn up_and_down_move_within_a_text_first() {
        let mut sheet = sheet();
        sheet.layout(Rect::new(0, 0, 60, 10));
        sheet.go(2);
        assert_eq!(sheet.act(Action::ListUp), Walked::Stayed);
        assert_eq!(sheet.at(), 2);
        sheet.act(Action::ListUp);
        assert_eq!(sheet.at(), 1);
    }

    #[test]
    fn a_choice_goes_round_by_arrows_and_by_letters() {
        let mut sheet = sheet();
        sheet.go(1);
        assert!(sheet.editor().is_none());
        assert_eq!(sheet.act(Action::Left), Walked::Changed);
        assert_eq!(sheet.chosen(1), 2);
        assert_eq!(sheet.act(Action::Right), Walked::Changed);
        assert_eq!(sheet.chosen(1), 0);
        sheet.letter('s');
        sheet.letter('s');
        assert_eq!(sheet.chosen(1), 2);
        assert_eq!(sheet.letter('x'), Walked::No);
    }

    #[test]
    fn the_field_in_hand_is_shown_on_the_smallest_area_and_none_stands_outside() {
        let mut sheet = sheet();
        for (width, height) in [(36, 3), (60, 1), (80, 20), (10, 2), (1, 1), (0, 0)] {
            for at in 0..4 {
                sheet.go(at);
                let area = Rect::new(3, 5, width, height);
                sheet.layout(area);
                for field in sheet.fields.iter().filter(|field| field.area.height > 0) {
                    assert_eq!(field.area.intersection(area), field.area);
                }
                if height >= 3 {
                    assert!(sheet.fields[at].area.height > 0, "{at} at {width}x{height}");
                }
            }
        }
    }
}
