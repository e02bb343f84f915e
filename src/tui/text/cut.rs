//! Where a long open block may be cut while it grows: the rows before the place are frozen, and a short lead reopens
//! for the rest what is open there (list items, quotes, a fence, a table's header).
//!
//! The lead is markdown: one line with the markers of the open containers and a zero-width blank, which `Clean`
//! drops. What begins in the lead is known to be continued, so its markers are not shown again.

use super::body::line_start;
use super::code::{MAX_LINE, Progress};
use super::lay::Resume;
use super::row::Row;
use super::styled::Styled;
use super::tree::{Block, Code, Grid, Item, List, Shape};
use crate::tui::theme::{Look, Tone};

/// An open rest longer than this is cut where that is possible, in bytes.
pub(super) const OPEN_MAX: usize = 1_500;
/// A word that takes no room and is no blank: it begins a paragraph wherever it stands.
const HOLD: &str = "\u{200b}";
/// A delimiter that has waited this long, in bytes, is taken for text.
const PATIENCE: usize = 1_000;

/// What laying out an open block left behind.
#[derive(Debug, Default)]
pub(super) struct Ends {
    /// The first row that is not frozen.
    pub first: usize,
    /// Where blocks, items and table rows begin: bytes of the text and rows.
    pub marks: Vec<(usize, usize)>,
    pub next: Resume,
}

/// A place to cut.
#[derive(Debug)]
pub(super) struct Cut {
    /// Byte in the text.
    pub at: usize,
    /// Rows before it.
    pub rows: usize,
    /// What reopens the block.
    pub lead: String,
    pub resume: Resume,
    /// The rest goes on in the last row.
    pub joins: bool,
}

/// An open block: its text with the lead, and its rows.
pub(super) struct View<'a> {
    pub text: &'a str,
    pub lead: usize,
    /// The byte of the source after the lead.
    pub base: usize,
    pub rows: &'a [Row],
    pub ends: &'a Ends,
    pub is_long: bool,
}

impl View<'_> {
    /// The latest good place in a block.
    pub(super) fn find(&self, block: &Block) -> Option<Cut> {
        let mut best = None;
        let mut opener = String::new();
        let mut block = block;
        loop {
            let (start, blocks) = match &block.shape {
                Shape::List(list) => {
                    let item = list.items.last()?;
                    best = self.before_item(list, &opener).or(best);
                    (item.start, &item.blocks)
                }
                Shape::Quote(blocks) => (block.range.start, blocks),
                Shape::Paragraph(_)
                | Shape::Heading(_)
                | Shape::Rule
                | Shape::Code(_)
                | Shape::Table(_)
                | Shape::Html(_) => break,
            };
            let Some((first, last)) = blocks.first().zip(blocks.last()) else {
                break;
            };
            let Some(prefix) = self.before(start, first.range.start) else {
                break;
            };
            opener = overlay(&opener, prefix);
            if blocks.len() > 1 {
                best = self.before_child(last, &opener).or(best);
            }
            block = last;
        }
        let leaf = match &block.shape {
            Shape::Code(code) => self.in_code(block, code, &opener),
            Shape::Table(grid) if self.is_long => self.in_table(block, grid, &opener),
            Shape::Paragraph(text) | Shape::Heading(text) if self.is_most(block) => {
                self.in_words(block, text, &opener)
            }
            Shape::Html(_) if self.is_long => self.in_html(block, &opener),
            Shape::Paragraph(_)
            | Shape::Heading(_)
            | Shape::List(_)
            | Shape::Quote(_)
            | Shape::Rule
            | Shape::Table(_)
            | Shape::Html(_) => None,
        };
        leaf.or(best.filter(|_| self.is_long))
    }

    /// The leaf is what makes the open block long.
    fn is_most(&self, block: &Block) -> bool {
        self.is_long && self.text.len() - block.range.start.max(self.lead) > OPEN_MAX / 2
    }

    /// The line from its start to `content`, if that is one line.
    fn before(&self, start: usize, content: usize) -> Option<&str> {
        let prefix = self.text.get(line_start(self.text, start)..content)?;
        (!prefix.contains(['\n', '\r'])).then_some(prefix)
    }

    fn row_of(&self, start: usize) -> Option<usize> {
        let mark = self.ends.marks.iter().rev().find(|(at, _)| *at == start);
        mark.map(|(_, row)| *row)
    }

    fn line_end(&self, at: usize) -> usize {
        let rest = &self.text[at.min(self.text.len())..];
        rest.find('\n').map_or(self.text.len(), |i| at + i)
    }

    fn before_item(&self, list: &List, opener: &str) -> Option<Cut> {
        let item = list.items.last().filter(|_| list.items.len() > 1)?;
        let at = line_start(self.text, item.start);
        if at < self.lead || item.start <= self.lead {
            return None;
        }
        // An item that has only begun does not show yet how far its words are indented.
        let begun = |item: &Item| Some((item.start, item.blocks.first()?.range.start));
        let (start, content) = list.items.iter().rev().find_map(begun)?;
        let marker = self.before(start, content)?;
        let marker = match list.first {
            None => marker.to_owned(),
            Some(first) => {
                let number = first.saturating_add(list.items.len() as u64 - 2);
                numbered(marker, number)?
            }
        };
        let mut lead = overlay(opener, &marker);
        let between = if list.is_loose {
            [&held(&lead), "\n"].concat()
        } else {
            String::new()
        };
        lead.push_str(HOLD);
        lead.push('\n');
        lead.push_str(&between);
        Some(Cut {
            at,
            rows: self.row_of(item.start)?,
            lead,
            resume: Resume::default(),
            joins: false,
        })
    }

    fn before_child(&self, child: &Block, opener: &str) -> Option<Cut> {
        let at = line_start(self.text, child.range.start);
        if at <= self.lead || child.is_continued {
            return None;
        }
        let mut lead = [opener, HOLD, "\n"].concat();
        let above = &self.text[line_start(self.text, at - 1)..at];
        if above.chars().all(|c| c.is_whitespace() || c == '>') {
            lead.push_str(&held(opener));
            lead.push('\n');
        }
        Some(Cut {
            at,
            rows: self.row_of(child.range.start)?,
            lead,
            resume: Resume::default(),
            joins: false,
        })
    }

    fn in_code(&self, block: &Block, code: &Code, opener: &str) -> Option<Cut> {
        let words = code.text.strip_suffix('\n').unwrap_or(&code.text);
        let last = words.rfind('\n').map_or(0, |i| i + 1);
        let place = code.place(last)?;
        let is_complete = code.text.ends_with('\n');
        let is_endless = words.len() - last > MAX_LINE || self.is_joined(place);
        if !is_complete && !is_endless && last == 0 {
            return None;
        }
        let fence = self.before(block.range.start, block.range.start)?;
        let opener = overlay(opener, fence);
        let mut lead = if code.is_fenced {
            let line = &self.text[block.range.start..self.line_end(block.range.start)];
            [&opener, line, "\n"].concat()
        } else {
            [&opener, "    ", HOLD, "\n"].concat()
        };
        let mut cut = Cut {
            at: line_start(self.text, place),
            rows: self.rows.len().saturating_sub(1),
            lead: String::new(),
            resume: self.ends.next.clone(),
            joins: false,
        };
        if is_complete {
            cut.at = self.line_end(place) + 1;
            cut.rows = self.rows.len();
        } else if code.is_fenced && is_endless {
            if words.len() - last < OPEN_MAX {
                return None;
            }
            cut.at = self.text.trim_end_matches('\r').len();
            cut.rows = self.rows.len();
            cut.resume.code = Some(Progress::plain());
            cut.joins = true;
            lead.push_str(&held(&opener));
            lead.push_str(HOLD);
        }
        cut.lead = lead;
        (cut.at > self.lead && cut.at <= self.text.len()).then_some(cut)
    }

    /// The line began before the lead.
    fn is_joined(&self, place: usize) -> bool {
        self.lead > 0 && place == self.lead && !self.text[..self.lead].ends_with('\n')
    }

    fn in_table(&self, block: &Block, grid: &Grid, opener: &str) -> Option<Cut> {
        let last = *grid.starts.last()?;
        let first = line_start(self.text, *grid.starts.first()?);
        let at = line_start(self.text, last);
        if at <= self.lead || at <= first.max(block.range.start) {
            return None;
        }
        let head_end = if block.is_continued { self.lead } else { first };
        Some(Cut {
            at,
            rows: self.row_of(last)?,
            lead: [opener, self.text.get(block.range.start..head_end)?].concat(),
            resume: self.ends.next.clone(),
            joins: false,
        })
    }

    fn in_words(&self, block: &Block, text: &Styled, opener: &str) -> Option<Cut> {
        let mut hashes = String::new();
        if let Shape::Heading(_) = block.shape {
            let line = &self.text[block.range.start..];
            let count = line.len() - line.trim_start_matches('#').len();
            if count == 0 {
                return None;
            }
            hashes = [&line[..count], " "].concat();
        }
        let is_hopeless = self.text.len() - self.lead > 3 * OPEN_MAX;
        let limit = match open_mark(text).and_then(|at| text.origins().exact(at)) {
            Some(at) if !is_hopeless => at,
            _ => usize::MAX,
        };
        let first = self.row_of(block.range.start).unwrap_or(self.ends.first);
        for (i, row) in self.rows.iter().enumerate().skip(first + 1).rev() {
            let Some(source) = row.source() else { continue };
            if source.start > limit || source.start <= self.base {
                continue;
            }
            let at = source.start - self.base + self.lead;
            let Some(start) = row.body().chars().next() else {
                continue;
            };
            let is_here = self.text.get(at..).is_some_and(|t| t.starts_with(start));
            let is_plain = row.first_look().is_some_and(is_plain) && start.is_alphabetic();
            if is_here && (is_plain || is_hopeless) {
                return Some(Cut {
                    at,
                    rows: i,
                    lead: [opener, &hashes, HOLD, " "].concat(),
                    resume: Resume::default(),
                    joins: false,
                });
            }
        }
        None
    }

    fn in_html(&self, block: &Block, opener: &str) -> Option<Cut> {
        let first = self
            .text
            .get(block.range.start..self.line_end(block.range.start))?;
        let at = line_start(self.text, self.text.len());
        if first.len() > 300 || at <= self.lead || at <= block.range.start + first.len() {
            return None;
        }
        let source = at - self.lead + self.base;
        let row = self.rows.iter().rposition(|row| {
            row.source()
                .is_some_and(|s| s.start <= source && source < s.end)
        })?;
        Some(Cut {
            at,
            rows: row,
            lead: [opener, first, "\n"].concat(),
            resume: Resume::default(),
            joins: false,
        })
    }
}

fn is_plain(look: Look) -> bool {
    let is_words = matches!(look.tone, Tone::Text | Tone::Quote | Tone::Heading);
    is_words && !look.italic && !look.strike && (!look.bold || look.tone == Tone::Heading)
}

/// A line that opens the containers of both: the second line's markers stand right of the first one's.
fn overlay(opener: &str, line: &str) -> String {
    let right = line.chars().skip(opener.chars().count());
    opener.chars().chain(right).collect()
}

/// A line that keeps the containers of an opener open: quotes need their mark, items only blanks.
fn held(opener: &str) -> String {
    let mark = |c| if c == '>' { '>' } else { ' ' };
    opener.chars().map(mark).collect()
}

/// The marker of an ordered item with another number.
fn numbered(marker: &str, number: u64) -> Option<String> {
    let end = marker.rfind(|c: char| c.is_ascii_digit())? + 1;
    let start = marker[..end].rfind(|c: char| !c.is_ascii_digit());
    let start = start.map_or(0, |i| i + 1);
    Some(format!("{}{number}{}", &marker[..start], &marker[end..]))
}

/// The first byte near the end of a text that may yet turn out to begin emphasis, code or a link.
fn open_mark(text: &Styled) -> Option<usize> {
    let words = text.text();
    let mut from = words.len().saturating_sub(PATIENCE);
    while !words.is_char_boundary(from) {
        from += 1;
    }
    let mut at = 0;
    for run in text.runs() {
        let end = at + run.len as usize;
        if end > from && is_plain(run.look) {
            let start = at.max(from);
            let found = words[start..end]
                .char_indices()
                .find(|(i, c)| is_open(words, start + i, *c));
            if let Some((i, _)) = found {
                return Some(start + i);
            }
        }
        at = end;
    }
    None
}

fn is_open(words: &str, at: usize, c: char) -> bool {
    let next = words[at + c.len_utf8()..].chars().next();
    let is_before_blank = next.is_some_and(char::is_whitespace);
    match c {
        '`' => true,
        '*' | '~' => !is_before_blank,
        '_' => {
            let before = words[..at].chars().next_back();
            !is_before_blank && !before.is_some_and(char::is_alphanumeric)
        }
        '<' => next.is_none_or(|c| c.is_alphabetic() || c == '/'),
        '[' => {
            let rest = &words[at..];
            match rest.find(']') {
                None => true,
                Some(end) => matches!(rest[end + 1..].chars().next(), None | Some('(')),
            }
        }
        _ => false,
    }
}
