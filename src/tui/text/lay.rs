//! Blocks of markdown become rows of a width.

use super::code::{Highlighter, Progress};
use super::dark::{Lit, shown};
use super::row::Row;
use super::styled::Styled;
use super::table::Columns;
use super::tree::{Block, Code, Grid, Item, List, Passage, Shape};
use super::wrap::{Indent, fitted, wrap};
use crate::domain::clean::Clean;
use crate::tui::theme::{Look, Tone};

const DIM: Look = Look::of(Tone::Dim);

/// What a block that goes on in a later passage needs to know from the earlier one.
#[derive(Clone, Debug, Default)]
pub(super) struct Resume {
    /// How far its code is highlighted.
    pub code: Option<Progress>,
    /// The columns of its table.
    pub columns: Option<Columns>,
}

/// Where the tones of code come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Light<'a> {
    /// They are made while the code is laid out.
    Now,
    /// There are none yet.
    Off,
    /// They were made elsewhere.
    Known(&'a Lit),
}

/// Rows under construction.
pub(super) struct Sheet<'a> {
    pub passage: Passage<'a>,
    pub width: u16,
    pub highlighter: Option<&'a Highlighter>,
    pub rows: &'a mut Vec<Row>,
    /// From the earlier passage; taken by the block that goes on.
    pub resume: Resume,
    /// For a later passage: the state at the start of the last, unfinished line of the last block.
    pub next: Resume,
    /// Where blocks, items and table rows begin: bytes in the passage and rows.
    pub marks: Vec<(usize, usize)>,
    /// Codes laid out so far.
    codes: usize,
    pub light: Light<'a>,
    pub has_code: bool,
}

impl<'a> Sheet<'a> {
    /// A sheet that adds to `rows`.
    pub(super) fn new(
        passage: Passage<'a>,
        width: u16,
        highlighter: Option<&'a Highlighter>,
        rows: &'a mut Vec<Row>,
    ) -> Self {
        Sheet {
            passage,
            width: width.max(1),
            highlighter,
            rows,
            resume: Resume::default(),
            next: Resume::default(),
            marks: Vec::new(),
            codes: 0,
            light: Light::Now,
            has_code: false,
        }
    }

    /// Lays out one block.
    pub(super) fn block(&mut self, block: &Block, indent: &Indent) {
        self.next = Resume::default();
        match &block.shape {
            // The lead's own paragraph only holds its containers open.
            Shape::Paragraph(text) if block.is_continued && text.is_empty() => {}
            Shape::Paragraph(text) | Shape::Heading(text) => {
                wrap(text, indent, self.width, self.rows);
            }
            Shape::Html(text) => {
                let mut text = text.clone();
                let len = text.text().trim_end_matches('\n').len();
                text.truncate(len);
                wrap(&text, indent, self.width, self.rows);
            }
            Shape::Rule => {
                let prefix = fitted(&indent.first, self.width);
                let room = usize::from(self.width) - prefix.width();
                let line = Styled::of(&Clean::line(&"─".repeat(room)), DIM);
                self.row(&prefix, &line);
            }
            Shape::Quote(blocks) => {
                let bar = Styled::of(&Clean::own("▏ "), DIM);
                self.blocks(blocks, &indent.with(&bar, &bar), true);
            }
            Shape::List(list) => self.list(list, indent),
            Shape::Code(code) => self.code(code, block, indent),
            Shape::Table(grid) => self.table(grid, block, indent),
        }
    }

    fn row(&mut self, prefix: &Styled, text: &Styled) {
        self.rows
            .push(Row::cut(prefix, text, 0..text.text().len(), text.runs()));
    }

    /// A row that only shows what stands before rows.
    fn blank(&mut self, prefix: &Styled) {
        let mut prefix = fitted(prefix, self.width);
        let len = prefix.text().trim_end_matches(' ').len();
        prefix.truncate(len);
        self.row(&prefix, &Styled::default());
    }

    fn blocks(&mut self, blocks: &[Block], indent: &Indent, is_loose: bool) {
        let mut indent = indent.clone();
        let mut is_first = true;
        for block in blocks {
            if !is_first && is_loose {
                self.blank(&indent.rest);
            }
            self.marks.push((block.range.start, self.rows.len()));
            let before = self.rows.len();
            self.block(block, &indent);
            if self.rows.len() > before {
                is_first = false;
                indent.first = indent.rest.clone();
            }
        }
    }

    fn list(&mut self, list: &List, indent: &Indent) {
        let mut indent = indent.clone();
        let mut is_first = true;
        for (i, item) in list.items.iter().enumerate() {
            if !is_first && list.is_loose {
                self.blank(&indent.rest);
            }
            self.marks.push((item.start, self.rows.len()));
            let before = self.rows.len();
            let number = list.first.map(|first| first.saturating_add(i as u64));
            self.item(item, number, &indent, list.is_loose);
            if self.rows.len() > before {
                is_first = false;
                indent.first = indent.rest.clone();
            }
        }
    }

    fn item(&mut self, item: &Item, number: Option<u64>, indent: &Indent, is_loose: bool) {
        let mut marker = match number {
            Some(number) => Styled::of(&Clean::line(&format!("{number}. ")), Look::default()),
            None => Styled::of(&Clean::own("• "), DIM),
        };
        if let Some(is_done) = item.task {
            marker.push(&Clean::own(if is_done { "[x] " } else { "[ ] " }), DIM);
        }
        let hang = Styled::blanks(marker.width());
        let first = if item.is_continued { &hang } else { &marker };
        let inner = indent.with(first, &hang);
        if item.blocks.is_empty() && !item.is_continued {
            wrap(&Styled::default(), &inner, self.width, self.rows);
        }
        self.blocks(&item.blocks, &inner, is_loose);
    }

    fn code(&mut self, code: &Code, block: &Block, indent: &Indent) {
        self.has_code = true;
        let number = self.codes;
        self.codes += 1;
        let mut progress = match (self.resume.code.take(), self.highlighter, self.light) {
            (Some(progress), _, Light::Now) if block.is_continued => progress,
            (_, Some(highlighter), Light::Now) => Progress::start(highlighter, &code.lang),
            _ => Progress::plain(),
        };
        let two = Styled::blanks(2);
        let inner = indent.with(&two, &two);
        let rest = fitted(&inner.rest, self.width);
        let mut prefix = fitted(&inner.first, self.width);
        let label = (!block.is_continued).then(|| Clean::line(&code.lang));
        let mut label = label.unwrap_or_default();
        let mut at = 0;
        let mut lines = code.text.split_inclusive('\n').peekable();
        if lines.peek().is_none() && !block.is_continued {
            let row = Row::line(&prefix, &Styled::default());
            self.rows.push(row.labelled(&label));
        }
        let mut line_number = 0;
        while let Some(line) = lines.next() {
            if lines.peek().is_none() && !line.ends_with('\n') {
                self.next.code = Some(progress.clone());
            }
            let tones = match (self.light, self.highlighter) {
                (Light::Known(lit), _) => lit.line(number, line_number),
                (_, Some(highlighter)) => Some(progress.line(highlighter, &shown(line))),
                (_, None) => None,
            };
            let text = self.code_line(code, at..at + line.len(), tones);
            line_number += 1;
            let place = code.place(at).map(|at| self.passage.at(at));
            let row = Row::line(&prefix, &text).placed(place);
            self.rows.push(row.labelled(&std::mem::take(&mut label)));
            prefix = rest.clone();
            at += line.len();
        }
        if code.text.ends_with('\n') || code.text.is_empty() {
            self.next.code = Some(progress);
        }
    }

    fn code_line(
        &self,
        code: &Code,
        range: std::ops::Range<usize>,
        tones: Option<Vec<(usize, Tone)>>,
    ) -> Styled {
        let clean = shown(&code.text[range.clone()]);
        let words = code.text[range.clone()].trim_end_matches(['\n', '\r']);
        let mut text = Styled::default();
        let tones = tones
            .filter(|tones| tones.iter().map(|(len, _)| len).sum::<usize>() == clean.len())
            .unwrap_or_else(|| vec![(clean.len(), Tone::Text)]);
        let is_exact = clean.as_str() == words;
        let place = code.place(range.start).map(|at| self.passage.at(at));
        let mut from = 0;
        for (len, tone) in tones {
            let part = Clean::line(&clean[from..from + len]);
            match place {
                Some(place) if is_exact => {
                    text.push_from(
                        &part,
                        Look::of(tone),
                        place + from..place + from + len,
                        true,
                    );
                }
                Some(place) => {
                    text.push_from(&part, Look::of(tone), place..place + words.len(), false);
                }
                None => text.push(&part, Look::of(tone)),
            }
            from += len;
        }
        text
    }

    fn table(&mut self, grid: &Grid, block: &Block, indent: &Indent) {
        let rest = fitted(&indent.rest, self.width);
        let mut prefix = fitted(&indent.first, self.width);
        let room = usize::from(self.width) - prefix.width().max(rest.width());
        let columns = match self.resume.columns.take() {
            Some(columns) if block.is_continued => columns,
            _ => grid.columns(room),
        };
        for (number, line) in grid.lines(&columns, room, !block.is_continued) {
            if let Some(start) = number.and_then(|i| grid.starts.get(i)) {
                self.marks.push((*start, self.rows.len()));
            }
            self.row(&prefix, &line);
            prefix = rest.clone();
        }
        self.next.columns = Some(columns);
    }
}
