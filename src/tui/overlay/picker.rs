//! Choose one of many by typing: models, questions.

mod touch;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::layout::{Position, Rect};

use super::frame::{frame, query_line};
use crate::domain::clean::Clean;
use crate::keys::Action;
use crate::tui::canvas::{Canvas, cut, width};
use crate::tui::filter;
use crate::tui::msg::{Choice, Outcome};
use crate::tui::text::edit::Editor;
use crate::tui::theme::{Look, Tone};

/// A row to choose.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// What choosing it gives.
    pub value: String,
    pub label: Clean,
    /// Found by these words too.
    pub sought: String,
    /// At the right end, dim, of a row without columns.
    pub aside: Clean,
    /// Beside the label, dim, the more important first; every row of a picker has as many.
    pub columns: Vec<Clean>,
    /// Said under the rows while it is selected; empty = nothing.
    pub about: Clean,
    pub is_marked: bool,
}

/// A picker. Rows keep the order they are given in until something is typed; then the best match is first.
pub struct Picker {
    title: Clean,
    aside: Clean,
    keys: Clean,
    pub query: Editor,
    rows: Vec<Row>,
    /// Indices into `rows`.
    shown: Vec<usize>,
    selected: usize,
    top: usize,
    /// A typed text that is no row may be taken too; the words say as what.
    typed: Option<&'static str>,
    /// Lines under the rows, such as a provider that did not answer.
    pub notes: Vec<(Clean, Tone)>,
    /// Cells of the widest label, then of each column.
    widths: Vec<u16>,
    area: Rect,
}

/// Most rows shown at a time.
const ROWS: u16 = 14;
/// Cells between two columns.
const GAP: u16 = 2;
/// A last column that is cut shows at least so many cells.
const LEAST: u16 = 8;

impl Picker {
    /// A picker of these rows.
    pub fn new(title: Clean, aside: Clean, keys: Clean, rows: Vec<Row>) -> Self {
        let mut picker = Picker {
            title,
            aside,
            keys,
            query: filter::input(),
            rows,
            shown: Vec::new(),
            selected: 0,
            top: 0,
            typed: None,
            notes: Vec::new(),
            widths: Vec::new(),
            area: Rect::default(),
        };
        picker.measure();
        picker.filter();
        picker
    }

    fn measure(&mut self) {
        self.widths.clear();
        for row in &self.rows {
            let cells = std::iter::once(&row.label).chain(&row.columns);
            for (at, cell) in cells.enumerate() {
                match self.widths.get_mut(at) {
                    Some(widest) => *widest = width(cell).max(*widest),
                    None => self.widths.push(width(cell)),
                }
            }
        }
    }

    /// Where the columns begin in a row of so many cells, and how wide each is. Labels keep at least half the row; of
    /// the columns the last ones give way.
    fn places(&self, room: u16) -> Vec<(u16, u16)> {
        let (label, columns) = match self.widths.split_first() {
            Some((label, columns)) => (*label, columns),
            None => return Vec::new(),
        };
        let needed = label.min(room / 2);
        let mut left = room.saturating_sub(needed);
        let mut kept: Vec<u16> = Vec::new();
        for (at, column) in columns.iter().enumerate() {
            let fits = left.saturating_sub(GAP).min(*column);
            let is_last = at + 1 == columns.len();
            if fits < *column && !(is_last && fits >= LEAST) {
                break;
            }
            kept.push(fits);
            left -= fits + GAP.min(left);
        }
        let taken: u16 = kept.iter().map(|column| column + GAP).sum();
        let mut x = label.min(room.saturating_sub(taken));
        let mut places = Vec::with_capacity(kept.len());
        for column in kept {
            places.push((x + GAP, column));
            x += GAP + column;
        }
        places
    }

    /// Also takes a typed text that is no row, such as a model's name, offered with these words.
    #[must_use]
    pub fn taking_typed(mut self, words: &'static str) -> Self {
        self.typed = Some(words);
        self
    }

    /// Starts on the last row instead of the first.
    #[must_use]
    pub fn from_the_end(mut self) -> Self {
        self.selected = self.shown.len().saturating_sub(1);
        self
    }

    /// Other rows in place of these; what is selected stays selected.
    pub fn fill(&mut self, rows: Vec<Row>) {
        let chosen = self.current().map(|row| row.value.clone());
        let selected = self.selected;
        self.rows = rows;
        self.measure();
        self.filter();
        self.selected = match chosen.filter(|_| selected > 0) {
            Some(value) => self
                .shown
                .iter()
                .position(|at| self.rows[*at].value == value)
                .unwrap_or(0),
            None => 0,
        };
    }

    /// Selects the row of this value, if it is shown.
    pub fn select(&mut self, value: &str) {
        let at = self
            .shown
            .iter()
            .position(|at| self.rows[*at].value == value);
        self.selected = at.unwrap_or(self.selected);
    }

    /// The query changed.
    pub fn filter(&mut self) {
        let query = self.query.text();
        self.selected = 0;
        if query.trim().is_empty() {
            self.shown = (0..self.rows.len()).collect();
            return;
        }
        let pattern = Pattern::parse(&query, CaseMatching::Smart, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut buffer = Vec::new();
        let mut scored: Vec<((bool, u32), usize)> = self
            .rows
            .iter()
            .enumerate()
            .filter_map(|(at, row)| {
                let label = Utf32Str::new(&row.label, &mut buffer);
                let by_label = pattern.score(label, &mut matcher);
                let sought = Utf32Str::new(&row.sought, &mut buffer);
                let score = by_label.max(pattern.score(sought, &mut matcher))?;
                // What begins so is meant before what merely holds its letters.
                let is_begun = row.sought.starts_with(query.trim());
                Some(((is_begun, score), at))
            })
            .collect();
        scored.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
        self.shown = scored.into_iter().map(|(_, at)| at).collect();
    }

    /// The selected row; `None` when the typed text itself is selected or nothing matches.
    pub fn current(&self) -> Option<&Row> {
        self.shown.get(self.selected).map(|at| &self.rows[*at])
    }

    /// The typed text as a choice of its own, offered below the rows.
    fn typed_row(&self) -> Option<String> {
        self.typed?;
        let text = self.query.text().trim().to_owned();
        let is_name = text
            .split_once('/')
            .is_some_and(|(_, name)| !name.is_empty());
        (is_name && !self.rows.iter().any(|row| row.value == text)).then_some(text)
    }

    fn count(&self) -> usize {
        self.shown.len() + usize::from(self.typed_row().is_some())
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only the moves of a list and the picker's own matter here"
    )]
    pub fn act(&mut self, action: Action) -> Outcome {
        let last = self.count().saturating_sub(1);
        let page = usize::from(ROWS);
        let to = match action {
            Action::Accept => {
                let value = self
                    .current()
                    .map(|row| row.value.clone())
                    .or_else(|| self.typed_row());
                return value.map_or(Outcome::Stay, |value| Outcome::Take(Choice::Picked(value)));
            }
            Action::RefreshPicker
            | Action::Favourite
            | Action::NewPersona
            | Action::EditPersona
            | Action::DuplicatePersona
            | Action::TrashPersona
            | Action::TrashedPersonas
            | Action::UndoAction => return Outcome::Act(action),
            Action::ListUp => self.selected.saturating_sub(1),
            Action::ListDown => self.selected + 1,
            Action::ListHalfUp => self.selected.saturating_sub(page / 2),
            Action::ListHalfDown => self.selected + page / 2,
            Action::ListPageUp => self.selected.saturating_sub(page),
            Action::ListPageDown => self.selected + page,
            Action::ListFirst => 0,
            Action::ListLast => last,
            _ => return Outcome::Stay,
        };
        self.selected = to.min(last);
        Outcome::Stay
    }

    /// Frame, query, rows, note.
    pub fn height(&self) -> u16 {
        let rows = u16::try_from(self.rows.len().max(3))
            .unwrap_or(ROWS)
            .min(ROWS);
        let notes = u16::try_from(self.notes.len()).unwrap_or(ROWS);
        rows + 3 + u16::from(self.typed.is_some()) + u16::from(self.has_about()) + notes
    }

    fn has_about(&self) -> bool {
        self.rows.iter().any(|row| !row.about.is_empty())
    }

    /// Rows under the list: what is said of the selected row, and the first notes as far as there is room.
    fn under_rows(&self) -> (u16, u16) {
        let most = self.area.height.saturating_sub(5) / 3;
        let about = u16::from(self.has_about()).min(most);
        let notes = u16::try_from(self.notes.len()).unwrap_or(most);
        (about, notes.min(most - about))
    }

    pub fn layout(&mut self, area: Rect) {
        self.area = area;
        self.query.layout(query_line(self.area));
        let shown = usize::from(self.list_rows()).max(1);
        self.top = self.top.min(self.count().saturating_sub(shown));
        self.top = self
            .top
            .min(self.selected)
            .max((self.selected + 1).saturating_sub(shown));
    }

    fn list_rows(&self) -> u16 {
        let (about, notes) = self.under_rows();
        self.area.height.saturating_sub(3 + about + notes)
    }

    pub fn paint(&self, canvas: &mut Canvas<'_>) -> Option<Position> {
        let inner = frame(canvas, self.area, &self.title, &self.aside, &self.keys);
        canvas.put(inner, (0, 0), &Clean::own("›"), Look::of(Tone::Accent));
        let query = query_line(self.area);
        self.query.paint(canvas.buffer, query, canvas.theme);
        let list = Rect {
            y: inner.y + 1,
            height: self.list_rows(),
            ..inner
        };
        if self.count() == 0 {
            canvas.put(
                list,
                (2, 0),
                &Clean::own("nothing matches"),
                Look::of(Tone::Dim),
            );
        }
        for (y, at) in (0..list.height).zip(self.top..self.count()) {
            self.paint_row(canvas, list, y, at);
        }
        let (about, notes) = self.under_rows();
        let first = inner.height.saturating_sub(notes);
        if let Some(row) = self.current().filter(|_| about > 0) {
            let line = cut(&row.about, inner.width.saturating_sub(3));
            canvas.put(inner, (3, first - about), &line, Look::of(Tone::Dim));
        }
        for (y, (note, tone)) in (first..inner.height).zip(&self.notes) {
            canvas.put(inner, (0, y), &cut(note, inner.width), Look::of(*tone));
        }
        self.query.caret_cell(query)
    }

    fn paint_row(&self, canvas: &mut Canvas<'_>, list: Rect, y: u16, at: usize) {
        let is_selected = at == self.selected;
        let look = if is_selected {
            Look::of(Tone::Accent).bold()
        } else {
            Look::default()
        };
        if is_selected {
            canvas.put(list, (0, y), &Clean::own("▌"), Look::of(Tone::Accent));
        }
        match self.shown.get(at).map(|at| &self.rows[*at]) {
            Some(row) => {
                let mark = if row.is_marked {
                    Clean::own("★")
                } else {
                    Clean::own(" ")
                };
                canvas.put(list, (1, y), &mark, Look::of(Tone::Warning));
                if row.columns.is_empty() {
                    // The label keeps half of the line where both are long.
                    let label = width(&row.label).min(list.width / 2) + 4;
                    let aside = cut(&row.aside, list.width.saturating_sub(label));
                    let room = list.width.saturating_sub(4 + width(&aside));
                    let x = canvas.put(list, (3, y), &cut(&row.label, room), look);
                    canvas.put_right(list, (x + 1, y), &aside, Look::of(Tone::Dim));
                } else {
                    let room = list.width.saturating_sub(3);
                    let places = self.places(room);
                    let label = places.first().map_or(room, |(x, _)| x - GAP);
                    canvas.put(list, (3, y), &cut(&row.label, label), look);
                    for ((x, cells), column) in places.into_iter().zip(&row.columns) {
                        let dim = Look::of(Tone::Dim);
                        canvas.put(list, (3 + x, y), &cut(column, cells), dim);
                    }
                }
            }
            None => {
                let words = format!("{} {}", self.typed.unwrap_or(""), self.query.text().trim());
                canvas.put(
                    list,
                    (3, y),
                    &cut(&Clean::line(&words), list.width.saturating_sub(3)),
                    look,
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(values: &[&str]) -> Vec<Row> {
        values
            .iter()
            .map(|value| Row {
                value: (*value).to_owned(),
                label: Clean::line(value),
                ..Row::default()
            })
            .collect()
    }

    fn picker() -> Picker {
        let rows = rows(&[
            "openai/gpt-4o",
            "openai/gpt-4o-mini",
            "lab/llama",
            "guide/tour",
        ]);
        Picker::new(
            Clean::own("Model"),
            Clean::default(),
            Clean::default(),
            rows,
        )
        .taking_typed("use")
    }

    #[test]
    fn the_best_match_is_first_and_taken() {
        let mut picker = picker();
        assert_eq!(
            picker.act(Action::Accept),
            Outcome::Take(Choice::Picked("openai/gpt-4o".into()))
        );
        picker.query.set_text("llm", 3);
        picker.filter();
        assert_eq!(
            picker.current().map(|row| row.value.as_str()),
            Some("lab/llama")
        );
    }

    #[test]
    fn a_typed_name_is_accepted_though_no_row_has_it() {
        let mut picker = picker();
        picker.query.set_text("lab/my-own", 10);
        picker.filter();
        picker.act(Action::ListLast);
        assert_eq!(
            picker.act(Action::Accept),
            Outcome::Take(Choice::Picked("lab/my-own".into()))
        );
        picker.query.set_text("zzz", 3);
        picker.filter();
        assert_eq!(picker.act(Action::Accept), Outcome::Stay);
    }

    #[test]
    fn columns_give_way_from_the_last() {
        let row = Row {
            label: Clean::own("openrouter/openai/gpt-oss"),
            columns: ["128 k", "$2.50 / $10.00", "text, images, pdf"]
                .map(Clean::own)
                .to_vec(),
            ..Row::default()
        };
        let nothing = Clean::default;
        let picker = Picker::new(nothing(), nothing(), nothing(), vec![row]);
        assert_eq!(picker.places(70), [(27, 5), (34, 14), (50, 17)]);
        assert_eq!(picker.places(62), [(27, 5), (34, 14), (50, 12)]);
        assert_eq!(picker.places(52), [(27, 5), (34, 14)]);
        assert_eq!(picker.places(36), [(27, 5)]);
        assert_eq!(picker.places(10), []);
    }

    #[test]
    fn new_rows_keep_the_selection() {
        let mut picker = picker();
        picker.act(Action::ListDown);
        picker.act(Action::ListDown);
        picker.fill(rows(&["a/b", "lab/llama"]));
        assert_eq!(
            picker.current().map(|row| row.value.as_str()),
            Some("lab/llama")
        );
    }
}
