//! How a text grows: what is finished is frozen, and only the open rest is parsed and laid out again.
//!
//! In markdown only the last top-level block can still change. Blocks are frozen looking only at whole lines; the
//! text after the last line end is shown with the open block. Where the open block itself grows long, `cut.rs`
//! finds a place in it before which its rows are frozen too. That view is a preview; `Doc::end` renders the whole.

use super::cut::{Ends, View};
use super::doc::{Ctx, Doc, Laid, Slot, line_start};
use super::lay::{Resume, Sheet};
use super::markdown::{self, Block, Passage, Refs, Shape};
use super::row::Row;
use super::wrap::Indent;

/// An open rest longer than this is cut where that is possible, in bytes.
pub(super) const OPEN_MAX: usize = 1_500;

/// The open end of a growing text.
#[derive(Debug, Default)]
pub(super) struct Growth {
    /// The first block that can still change.
    pub open: usize,
    /// The first byte of the source that is not in frozen rows.
    tail: usize,
    /// What reopens the block that the tail goes on with; empty if the tail begins a block.
    lead: String,
    /// Frozen rows of the open block.
    frozen: usize,
    /// Bytes and cells of the last frozen row, if the tail goes on in it.
    joins: Option<(usize, usize)>,
    resume: Resume,
    /// The source as far as it is shown, and as far as whole lines were looked at.
    shown: usize,
    looked: usize,
    width: u16,
    generation: u64,
}

impl Growth {
    /// Shows what is new in the source.
    pub(super) fn settle(&mut self, doc: &mut Doc, width: u16, ctx: &Ctx) {
        if (self.width, self.generation) != (width, ctx.generation) {
            self.restart(doc);
            self.width = width;
            self.generation = ctx.generation;
        }
        if self.shown == doc.source.len() {
            return;
        }
        self.shown = doc.source.len();
        self.freeze(doc, ctx);
        self.show(doc, ctx);
    }

    /// Lays the open block out from its beginning.
    fn restart(&mut self, doc: &Doc) {
        if let Some(slot) = doc.slots.get(self.open)
            && !self.lead.is_empty()
        {
            self.begin(slot.range.start);
        }
        self.shown = 0;
    }

    fn begin(&mut self, tail: usize) {
        self.tail = tail;
        self.lead.clear();
        self.frozen = 0;
        self.joins = None;
        self.resume = Resume::default();
    }

    /// Freezes all blocks but the last, looking only at whole lines.
    fn freeze(&mut self, doc: &mut Doc, ctx: &Ctx) {
        let Some(end) = doc.source[self.tail..].rfind('\n') else {
            return;
        };
        let end = self.tail + end + 1;
        if end <= self.looked {
            return;
        }
        self.looked = end;
        let text = [&self.lead, &doc.source[self.tail..end]].concat();
        let blocks = self.parse(doc, &text);
        let Some((last, finished)) = blocks.split_last() else {
            return;
        };
        if finished.is_empty() {
            return;
        }
        for (i, block) in finished.iter().enumerate() {
            if i == 0 && !self.lead.is_empty() {
                self.lay_open(doc, &text, block, ctx);
                self.open += 1;
                continue;
            }
            doc.slots.truncate(self.open);
            let slot = self.slot(&text, block);
            doc.slots.push(slot);
            self.open += 1;
        }
        doc.slots.truncate(self.open);
        let tail = self.at(line_start(&text, last.range.start));
        self.begin(tail);
    }

    fn parse(&self, doc: &mut Doc, text: &str) -> Vec<Block> {
        doc.cost.parsed += text.len() as u64;
        let none = Refs::new();
        markdown::parse(self.passage(text, &none))
    }

    fn passage<'a>(&self, text: &'a str, refs: &'a Refs) -> Passage<'a> {
        Passage {
            text,
            lead: self.lead.len(),
            base: self.tail,
            refs,
        }
    }

    fn at(&self, byte: usize) -> usize {
        byte.saturating_sub(self.lead.len()) + self.tail
    }

    fn slot(&self, text: &str, block: &Block) -> Slot {
        Slot {
            range: self.at(line_start(text, block.range.start))..self.at(block.range.end),
            kind: block.shape.kind(),
            laid: None,
            is_exact: true,
        }
    }

    /// Lays out what is open, and cuts it if it is long.
    fn show(&mut self, doc: &mut Doc, ctx: &Ctx) {
        let text = [&self.lead, &doc.source[self.tail..]].concat();
        let blocks = self.parse(doc, &text);
        let Some((first, others)) = blocks.split_first() else {
            // Blank lines and definitions show nothing, but frozen rows stay.
            doc.slots
                .truncate(self.open + usize::from(!self.lead.is_empty()));
            return;
        };
        let ends = self.lay_open(doc, &text, first, ctx);
        doc.slots.truncate(self.open + 1);
        for block in others {
            let slot = self.slot(&text, block);
            doc.slots.push(slot);
            self.lay_into(doc, doc.slots.len() - 1, (&text, block), ctx);
        }
        let is_long = text.len() - self.lead.len() > OPEN_MAX;
        match others.last() {
            None => self.cut(doc, (&text, first), &ends, is_long),
            // A part of a line that is this long will hardly turn out to belong to the block before.
            Some(last) if is_long => {
                let tail = self.at(line_start(&text, last.range.start));
                self.open += others.len();
                self.begin(tail);
                self.show(doc, ctx);
            }
            Some(_) => {}
        }
    }

    /// Lays out the block that the tail begins or goes on with, after its frozen rows.
    fn lay_open(&mut self, doc: &mut Doc, text: &str, block: &Block, ctx: &Ctx) -> Ends {
        let slot = self.slot(text, block);
        match doc.slots.get_mut(self.open) {
            Some(open) if !self.lead.is_empty() => {
                open.range.end = slot.range.end.max(open.range.end);
                open.is_exact = is_fence(block);
                if let Some(laid) = &mut open.laid {
                    laid.rows.truncate(self.frozen);
                    if let (Some((len, cells)), Some(row)) = (self.joins, laid.rows.last_mut()) {
                        row.shorten(len, cells);
                    }
                }
            }
            _ => {
                doc.slots.truncate(self.open);
                doc.slots.push(slot);
            }
        }
        self.lay_into(doc, self.open, (text, block), ctx)
    }

    fn lay_into(
        &mut self,
        doc: &mut Doc,
        slot: usize,
        (text, block): (&str, &Block),
        ctx: &Ctx,
    ) -> Ends {
        let laid = doc.slots.get_mut(slot).and_then(|slot| slot.laid.take());
        let mut laid = laid.unwrap_or_else(|| Laid {
            rows: if slot > 0 {
                vec![Row::blank()]
            } else {
                Vec::new()
            },
            ..Laid::default()
        });
        laid.width = self.width;
        let before = laid.rows.len();
        let none = Refs::new();
        let passage = self.passage(text, &none);
        let highlighter = ctx.highlighter.as_deref();
        let mut sheet = Sheet::new(passage, self.width, highlighter, &mut laid.rows);
        sheet.resume = self.resume.clone();
        sheet.block(block, &Indent::default());
        let ends = Ends {
            first: before,
            marks: std::mem::take(&mut sheet.marks),
            next: std::mem::take(&mut sheet.next),
        };
        if sheet.has_code {
            laid.generation = Some(self.generation);
        }
        doc.cost.rows += (laid.rows.len() - before) as u64;
        if self.joins.is_some() && slot == self.open && laid.rows.len() > before && before > 0 {
            let more = laid.rows.remove(before);
            if let Some(row) = laid.rows.get_mut(before - 1) {
                row.join(&more);
            }
        }
        if let Some(slot) = doc.slots.get_mut(slot) {
            slot.laid = Some(laid);
        }
        ends
    }

    /// Freezes the rows before a place in the open block, if there is a good one.
    fn cut(&mut self, doc: &Doc, (text, block): (&str, &Block), ends: &Ends, is_long: bool) {
        let laid = doc.slots.get(self.open).and_then(|slot| slot.laid.as_ref());
        let Some(laid) = laid else { return };
        let view = View {
            text,
            lead: self.lead.len(),
            base: self.tail,
            rows: &laid.rows,
            ends,
            is_long,
        };
        let Some(cut) = view.find(block) else { return };
        self.tail = self.at(cut.at);
        self.lead = cut.lead;
        self.resume = cut.resume;
        self.frozen = cut.rows.min(laid.rows.len());
        self.joins = laid
            .rows
            .get(self.frozen.saturating_sub(1))
            .filter(|_| cut.joins)
            .map(|row| (row.text().len(), row.width()));
    }
}

/// A fence is frozen line by line, and its rows are those a full parse makes.
fn is_fence(block: &Block) -> bool {
    matches!(&block.shape, Shape::Code(code) if code.is_fenced)
}
