//! Tables: cells collected from events, columns fitted to a width, wrapped cells side by side.
//!
//! Where the columns would be too narrow to read, each row becomes a list of "header: value".

use pulldown_cmark::Alignment;

use super::inline::Inline;
use super::row::Row;
use super::styled::{Styled, width};
use super::tree::{Grid, Side};
use super::wrap::{Indent, wrap};
use crate::domain::clean::Clean;
use crate::tui::theme::{Look, Tone};

/// Collects the cells of a table.
#[derive(Debug, Default)]
pub(super) struct GridBuilder {
    grid: Grid,
    has_head: bool,
    cell: Option<Inline>,
}

impl GridBuilder {
    pub(super) fn new(aligns: Vec<Alignment>) -> Self {
        let sides = aligns
            .into_iter()
            .map(|align| match align {
                Alignment::None | Alignment::Left => Side::Left,
                Alignment::Center => Side::Middle,
                Alignment::Right => Side::Right,
            })
            .collect();
        GridBuilder {
            grid: Grid {
                sides,
                ..Grid::default()
            },
            ..GridBuilder::default()
        }
    }

    /// Begins the header, then each row.
    pub(super) fn start_row(&mut self, at: usize) {
        if self.has_head {
            self.grid.rows.push(Vec::new());
            self.grid.starts.push(at);
        }
        self.has_head = true;
    }

    pub(super) fn start_cell(&mut self, look: Look) {
        let is_head = self.grid.rows.is_empty();
        self.cell = Some(Inline::new(if is_head { look.bold() } else { look }));
    }

    pub(super) fn cell(&mut self) -> &mut Inline {
        self.cell.get_or_insert_with(Inline::default)
    }

    pub(super) fn end_cell(&mut self) {
        let text = self.cell.take().map(Inline::finish).unwrap_or_default();
        match self.grid.rows.last_mut() {
            Some(row) => row.push(text),
            None => self.grid.head.push(text),
        }
    }

    pub(super) fn finish(self) -> Grid {
        self.grid
    }
}

/// How a table is laid out at a width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Columns {
    /// The cells of each column.
    Side(Vec<usize>),
    /// Too narrow: a list of "header: value".
    List,
}

/// Between two columns.
const BAR: &str = " │ ";
const CROSS: &str = "─┼─";
/// A column that has to be narrower than this and than its words cannot be read.
const LEAST: usize = 5;

const DIM: Look = Look::of(Tone::Dim);

impl Grid {
    /// The columns for `room` cells.
    pub(super) fn columns(&self, room: usize) -> Columns {
        let count = self.sides.len().max(self.head.len());
        if count == 0 {
            return Columns::List;
        }
        let mut wants = vec![1; count];
        for row in std::iter::once(&self.head).chain(&self.rows) {
            for (want, cell) in wants.iter_mut().zip(row) {
                *want = cell.width().max(*want);
            }
        }
        let bars = (count - 1) * width(BAR);
        let least: usize = wants.iter().map(|w| *w.min(&LEAST)).sum();
        if least + bars > room {
            return Columns::List;
        }
        Columns::Side(shrink(wants, room - bars))
    }

    /// The table line by line, each at most `room` cells wide; without the header if it has been shown. With the
    /// first line of a row comes its number.
    pub(super) fn lines(
        &self,
        columns: &Columns,
        room: usize,
        has_head: bool,
    ) -> Vec<(Option<usize>, Styled)> {
        let mut lines = Vec::new();
        match columns {
            Columns::Side(cells) => {
                if has_head {
                    self.side_by_side((None, &self.head), cells, &mut lines);
                    let bars: Vec<String> = cells.iter().map(|cells| "─".repeat(*cells)).collect();
                    lines.push((None, Styled::of(&Clean::line(&bars.join(CROSS)), DIM)));
                }
                for (i, row) in self.rows.iter().enumerate() {
                    self.side_by_side((Some(i), row), cells, &mut lines);
                }
            }
            Columns::List => self.list(room, &mut lines),
        }
        lines
    }

    fn side_by_side(
        &self,
        (number, row): (Option<usize>, &[Styled]),
        cells: &[usize],
        lines: &mut Vec<(Option<usize>, Styled)>,
    ) {
        let columns: Vec<Vec<Row>> = cells
            .iter()
            .enumerate()
            .map(|(i, cells)| {
                let mut rows = Vec::new();
                if let Some(text) = row.get(i) {
                    wrap(text, &Indent::default(), narrow(*cells), &mut rows);
                }
                rows
            })
            .collect();
        let height = columns.iter().map(Vec::len).max().unwrap_or(0).max(1);
        for y in 0..height {
            let mut line = Styled::default();
            for (i, cells) in cells.iter().enumerate() {
                if i > 0 {
                    line.push(&Clean::own(BAR), DIM);
                }
                let shown = columns.get(i).and_then(|column| column.get(y));
                let free = cells.saturating_sub(shown.map_or(0, Row::width));
                let before = match self.sides.get(i) {
                    Some(Side::Right) => free,
                    Some(Side::Middle) => free / 2,
                    Some(Side::Left) | None => 0,
                };
                line.append(&Styled::blanks(before));
                if let Some(row) = shown {
                    row.add_to(&mut line);
                }
                if i + 1 < columns.len() {
                    line.append(&Styled::blanks(free - before));
                }
            }
            lines.push((number.filter(|_| y == 0), line));
        }
    }

    fn list(&self, room: usize, lines: &mut Vec<(Option<usize>, Styled)>) {
        for (number, row) in self.rows.iter().enumerate() {
            for (i, cell) in row.iter().enumerate() {
                let mut text = self.head.get(i).cloned().unwrap_or_default();
                // The same words stand in every row, and their source in none of them.
                text.forget_sources();
                if !text.is_empty() {
                    text.push(&Clean::own(": "), Look::default());
                }
                text.append(cell);
                let marker = Styled::of(&Clean::own(if i == 0 { "• " } else { "  " }), DIM);
                let indent = Indent {
                    first: marker,
                    rest: Styled::blanks(4),
                };
                let mut rows = Vec::new();
                wrap(&text, &indent, narrow(room), &mut rows);
                for (y, row) in rows.iter().enumerate() {
                    let mut line = Styled::default();
                    row.add_to(&mut line);
                    lines.push(((i == 0 && y == 0).then_some(number), line));
                }
            }
        }
    }
}

fn narrow(cells: usize) -> u16 {
    u16::try_from(cells).unwrap_or(u16::MAX)
}

/// Takes cells from the widest columns until all fit into `room`; none gets narrower than `LEAST` because of it.
fn shrink(wants: Vec<usize>, room: usize) -> Vec<usize> {
    let fits = |most: usize| wants.iter().map(|w| (*w).min(most)).sum::<usize>() <= room;
    if fits(usize::MAX) {
        return wants;
    }
    let (mut low, mut high) = (LEAST, room.max(LEAST) + 1);
    while high - low > 1 {
        let middle = (low + high) / 2;
        if fits(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    let mut cells: Vec<usize> = wants.iter().map(|w| (*w).min(low)).collect();
    let mut left = room.saturating_sub(cells.iter().sum());
    for (cell, want) in cells.iter_mut().zip(&wants) {
        if left > 0 && *cell < *want {
            *cell += 1;
            left -= 1;
        }
    }
    cells
}
