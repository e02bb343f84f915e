//! How a text grows: what is finished is frozen, and only the open rest is parsed and laid out again.
//!
//! In markdown only the last top-level block can still change. Blocks are frozen looking only at whole lines; the
//! text after the last line end is shown with the open block. Where the open block itself grows long, `cut.rs`
//! finds a place in it before which its rows are frozen too. That view is a preview; `Doc::end` renders the whole.

use super::body::{Body, Ctx, Laid, Slot, line_start};
use super::cut::{Ends, OPEN_MAX, View};
use super::lay::{Light, Resume, Sheet};
use super::markdown;
use super::row::Row;
use super::tree::{Block, Passage, Refs, Shape, code_lines};
use super::wrap::Indent;

/// Lines of code that come at once and still get their tones at once; about 4 ms. After more, the block stays plain
/// until it is finished and waits for `Doc::dark` and `Doc::light`.
const BURST: usize = 100;

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
    ctx: Ctx,
}

impl Growth {
    /// Shows what is new for the width it was last shown at, if it was.
    pub(super) fn finish(&mut self, body: &mut Body) {
        if self.width > 0 {
            let ctx = self.ctx.clone();
            self.settle(body, self.width, &ctx);
        }
    }

    /// Shows what is new in the source.
    pub(super) fn settle(&mut self, body: &mut Body, width: u16, ctx: &Ctx) {
        if (self.width, self.ctx.generation) != (width, ctx.generation) {
            self.restart(body);
            self.width = width;
            self.ctx = ctx.clone();
        }
        if self.shown == body.source.len() {
            return;
        }
        self.shown = body.source.len();
        self.freeze(body, ctx);
        self.show(body, ctx);
    }

    /// Lays the open block out from its beginning.
    fn restart(&mut self, body: &Body) {
        if let Some(slot) = body.slots.get(self.open)
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
    fn freeze(&mut self, body: &mut Body, ctx: &Ctx) {
        let Some(end) = body.source[self.tail..].rfind('\n') else {
            return;
        };
        let end = self.tail + end + 1;
        if end <= self.looked {
            return;
        }
        self.looked = end;
        let text = [&self.lead, &body.source[self.tail..end]].concat();
        let blocks = self.parse(body, &text);
        let Some((last, finished)) = blocks.split_last() else {
            return;
        };
        if finished.is_empty() {
            return;
        }
        for (i, block) in finished.iter().enumerate() {
            if i == 0 && !self.lead.is_empty() {
                self.lay_open(body, &text, block, ctx);
                self.open += 1;
                continue;
            }
            body.slots.truncate(self.open);
            let slot = self.slot(&text, block);
            body.slots.push(slot);
            self.open += 1;
        }
        body.slots.truncate(self.open);
        let tail = self.at(line_start(&text, last.range.start));
        self.begin(tail);
    }

    fn parse(&self, body: &mut Body, text: &str) -> Vec<Block> {
        body.cost.parsed += text.len() as u64;
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
            lit: None,
            is_exact: true,
        }
    }

    /// Lays out what is open, and cuts it if it is long.
    fn show(&mut self, body: &mut Body, ctx: &Ctx) {
        let text = [&self.lead, &body.source[self.tail..]].concat();
        let blocks = self.parse(body, &text);
        let Some((first, others)) = blocks.split_first() else {
            // Blank lines and definitions show nothing, but frozen rows stay.
            body.slots
                .truncate(self.open + usize::from(!self.lead.is_empty()));
            return;
        };
        let ends = self.lay_open(body, &text, first, ctx);
        body.slots.truncate(self.open + 1);
        for block in others {
            let slot = self.slot(&text, block);
            body.slots.push(slot);
            self.lay_into(body, body.slots.len() - 1, (&text, block), ctx);
        }
        let is_long = text.len() - self.lead.len() > OPEN_MAX;
        match others.last() {
            None => self.cut(body, (&text, first), &ends, is_long),
            // A part of a line that is this long will hardly turn out to belong to the block before.
            Some(last) if text.len() - last.range.start > OPEN_MAX => {
                let tail = self.at(line_start(&text, last.range.start));
                self.open += others.len();
                self.begin(tail);
                self.show(body, ctx);
            }
            Some(_) => {}
        }
    }

    /// Lays out the block that the tail begins or goes on with, after its frozen rows.
    fn lay_open(&mut self, body: &mut Body, text: &str, block: &Block, ctx: &Ctx) -> Ends {
        let slot = self.slot(text, block);
        match body.slots.get_mut(self.open) {
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
                body.slots.truncate(self.open);
                body.slots.push(slot);
            }
        }
        self.lay_into(body, self.open, (text, block), ctx)
    }

    fn lay_into(
        &mut self,
        body: &mut Body,
        slot: usize,
        (text, block): (&str, &Block),
        ctx: &Ctx,
    ) -> Ends {
        let laid = body.slots.get_mut(slot).and_then(|slot| slot.laid.take());
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
        let is_burst = ctx.code_at_once.is_some()
            && highlighter.is_some()
            && code_lines(std::slice::from_ref(block)) > BURST;
        if is_burst {
            sheet.light = Light::Off;
        }
        sheet.block(block, &Indent::default());
        let ends = Ends {
            first: before,
            marks: std::mem::take(&mut sheet.marks),
            next: std::mem::take(&mut sheet.next),
        };
        laid.is_dark |= is_burst;
        if sheet.has_code {
            laid.generation = Some(ctx.generation);
        }
        if laid.rows.len() == usize::from(slot > 0) {
            laid.rows.push(Row::blank());
        }
        body.cost.rows += (laid.rows.len() - before) as u64;
        if self.joins.is_some() && slot == self.open && laid.rows.len() > before && before > 0 {
            let more = laid.rows.remove(before);
            if let Some(row) = laid.rows.get_mut(before - 1) {
                row.join(&more);
            }
        }
        if let Some(slot) = body.slots.get_mut(slot) {
            slot.laid = Some(laid);
        }
        ends
    }

    /// Freezes the rows before a place in the open block, if there is a good one.
    fn cut(&mut self, body: &Body, (text, block): (&str, &Block), ends: &Ends, is_long: bool) {
        let laid = body
            .slots
            .get(self.open)
            .and_then(|slot| slot.laid.as_ref());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::text::code::Highlighter;
    use crate::tui::text::doc::{Cost, Doc};
    use proptest::prelude::*;
    use std::sync::{Arc, LazyLock};
    use unicode_segmentation::UnicodeSegmentation;

    static CTX: LazyLock<Ctx> = LazyLock::new(|| Ctx {
        highlighter: Some(Arc::new(Highlighter::load())),
        generation: 1,
        ..Ctx::default()
    });

    fn texts(rows: &[Row]) -> Vec<String> {
        rows.iter().map(|row| row.text().to_owned()).collect()
    }

    fn shown(doc: &mut Doc, width: u16) -> Vec<String> {
        texts(&doc.all_rows(width, &CTX))
    }

    /// Lines of markdown, mostly well meant.
    fn line() -> impl Strategy<Value = String> {
        let known = [
            "",
            "",
            "",
            "text",
            "some *words* here",
            "**bold",
            "`code` and ``",
            "# Heading",
            "## H2 *e*",
            "===",
            "---",
            "- item",
            "* star",
            "+ plus",
            "1. one",
            "2. two",
            "10. ten",
            "  - nested",
            "    - deeper",
            "   3. three",
            "> quote",
            "> > twice",
            "> - listed",
            ">",
            "```rust",
            "```",
            "~~~",
            "fn main() {}",
            "let x = \"日本\";",
            "    indented",
            "\tfn tab()",
            "| a | b |",
            "|---|:-:|",
            "| 1 | 2 |",
            "<div>",
            "</div>",
            "<!-- c",
            "-->",
            "[link](https://example.org)",
            "[x]",
            "![alt](i.png)",
            "- [ ] task",
            "- [x] done",
            "line  ",
            "line\\",
            "***",
            "- ",
            "-",
            "1.",
            "&amp; &#27;",
            "https://example.org/path",
            "~~gone~~",
            "* * *",
            "  text",
        ];
        prop_oneof![
            20 => prop::sample::select(known.to_vec()).prop_map(str::to_owned),
            1 => "[ -~]{0,20}",
            1 => any::<String>(),
        ]
    }

    fn source() -> impl Strategy<Value = String> {
        (prop::collection::vec(line(), 0..24), any::<bool>()).prop_map(|(lines, is_ended)| {
            let text = lines.join("\n");
            if is_ended { text + "\n" } else { text }
        })
    }

    fn chunks(source: &str, sizes: &[usize]) -> Vec<String> {
        let mut sizes = sizes.iter().cycle();
        let mut chunks = Vec::new();
        let mut chars = source.chars().peekable();
        while chars.peek().is_some() {
            let size = sizes.next().copied().unwrap_or(1);
            chunks.push(chars.by_ref().take(size).collect());
        }
        chunks
    }

    fn has_definitions(source: &str) -> bool {
        source.contains("]:")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn growing_then_ending_is_the_whole(source in source(), sizes in prop::collection::vec(1usize..9, 1..6), width in 1u16..60) {
            let mut doc = Doc::growing();
            for chunk in chunks(&source, &sizes) {
                doc.push(&chunk);
                doc.settle(width, &CTX);
                for block in 0..doc.block_count() {
                    prop_assert!(doc.height(block, width, &CTX) >= 1);
                }
            }
            doc.end(source.clone());
            let mut whole = Doc::whole(source);
            prop_assert_eq!(doc.all_rows(width, &CTX), whole.all_rows(width, &CTX));
            prop_assert_eq!(doc.all_rows(33, &CTX), whole.all_rows(33, &CTX));
        }

        #[test]
        fn what_is_frozen_stays(source in source(), sizes in prop::collection::vec(1usize..6, 1..6)) {
            prop_assume!(!has_definitions(&source));
            let mut whole = Doc::whole(source.clone());
            let mut doc = Doc::growing();
            for chunk in chunks(&source, &sizes) {
                doc.push(&chunk);
                doc.settle(24, &CTX);
                let open = doc.frozen();
                for block in 0..open {
                    prop_assert_eq!(doc.block_range(block), whole.block_range(block));
                    doc.height(block, 24, &CTX);
                    whole.height(block, 24, &CTX);
                    prop_assert_eq!(texts(doc.rows(block)), texts(whole.rows(block)));
                }
            }
        }

        #[test]
        fn blocks_alone_are_the_blocks_of_the_whole(source in source(), width in 1u16..50) {
            prop_assume!(!has_definitions(&source));
            let none = Refs::new();
            let passage = Passage { text: &source, lead: 0, base: 0, refs: &none };
            let mut expected = Vec::new();
            for (i, block) in markdown::parse(passage).iter().enumerate() {
                if i > 0 {
                    expected.push(Row::blank());
                }
                let before = expected.len();
                let mut sheet = Sheet::new(passage, width, CTX.highlighter.as_deref(), &mut expected);
                sheet.block(block, &Indent::default());
                if expected.len() == before {
                    expected.push(Row::blank());
                }
            }
            let mut doc = Doc::whole(source.clone());
            prop_assert_eq!(texts(&expected), shown(&mut doc, width));
        }

        #[test]
        fn rows_fit(source in source(), width in 2u16..50) {
            let mut doc = Doc::whole(source);
            for row in doc.all_rows(width, &CTX) {
                let is_single = row.body().graphemes(true).count() == 1;
                prop_assert!(row.is_whole_line() || is_single || row.width() <= usize::from(width), "{:?}", row);
                prop_assert!(row.text().chars().all(|c| !c.is_control()));
            }
        }

        #[test]
        fn any_text_is_survived(source in any::<String>(), width in 1u16..20) {
            Doc::whole(source.clone()).all_rows(width, &Ctx::default());
            let mut doc = Doc::growing();
            for chunk in chunks(&source, &[3]) {
                doc.push(&chunk);
                doc.all_rows(width, &Ctx::default());
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        /// Few kinds of line make blocks long enough to be cut.
        #[test]
        fn long_blocks_of_any_kind_are_survived(
            kinds in prop::collection::vec(line(), 1..5),
            picks in prop::collection::vec(0usize..5, 200..500),
            size in 1usize..60,
            width in 1u16..60,
        ) {
            let mut source = String::new();
            for pick in picks {
                source.push_str(&kinds[pick % kinds.len()]);
                source.push_str(" words\n");
            }
            let mut doc = Doc::growing();
            for chunk in chunks(&source, &[size]) {
                doc.push(&chunk);
                doc.settle(width, &CTX);
            }
            let mut whole = Doc::whole(source.clone());
            if !has_definitions(&source) {
                let last = doc.block_count().saturating_sub(1);
                prop_assert_eq!(doc.block_range(last).start, whole.block_range(last).start);
            }
            doc.end(source);
            prop_assert_eq!(doc.all_rows(width, &CTX), whole.all_rows(width, &CTX));
        }
    }

    /// Feeds `count` tokens, a frame each 8, and returns the cost of each quarter.
    fn costs(token: impl Fn(usize) -> String, count: usize) -> ([Cost; 4], Doc) {
        let mut doc = Doc::growing();
        let mut quarters = [Cost::default(); 4];
        for i in 0..count {
            doc.push(&token(i));
            if i % 8 == 7 {
                doc.settle(100, &CTX);
            }
            let quarter = i * 4 / count;
            quarters[quarter] = doc.cost();
        }
        for i in (1..4).rev() {
            quarters[i].parsed -= quarters[i - 1].parsed;
            quarters[i].rows -= quarters[i - 1].rows;
        }
        (quarters, doc)
    }

    fn assert_flat(name: &str, token: impl Fn(usize) -> String) {
        let count = 8_000;
        let (quarters, mut doc) = costs(token, count);
        let [first, .., last] = quarters;
        assert!(
            last.parsed * 10 <= first.parsed * 12,
            "{name}: {quarters:?}"
        );
        assert!(last.rows * 10 <= first.rows * 12, "{name}: {quarters:?}");
        let frames = count as u64 / 32;
        assert!(last.parsed / frames < 8_000, "{name}: {quarters:?}");
        assert!(last.rows / frames < 80, "{name}: {quarters:?}");
        // The preview shows every word once, in order.
        let words = |rows: Vec<String>| -> String {
            let text = rows.concat();
            text.chars().filter(|c| c.is_alphanumeric()).collect()
        };
        let preview = words(shown(&mut doc, 100));
        doc.end(doc.source().to_owned());
        let whole = words(shown(&mut doc, 100));
        assert_eq!(preview.len(), whole.len(), "{name}");
        assert!(preview == whole, "{name}");
    }

    #[test]
    fn one_endless_paragraph_costs_the_same_to_its_end() {
        assert_flat("words", |i| format!("word{i:05} "));
        assert_flat("lines", |i| {
            format!("word{i:05}{}", if i % 12 == 11 { "\n" } else { " " })
        });
        assert_flat("bold", |i| format!("**bold{i:05}** and `code{i:05}` "));
        assert_flat("stray", |i| format!("a * b{i:05} [c ** "));
        assert_flat("no blanks", |i| format!("w{i:05}"));
        assert_flat("chinese", |_| "汉字没有空格，".to_owned());
        assert_flat("numbers", |i| format!("{i:05} "));
        assert_flat("heading", |i| {
            if i == 0 {
                "# ".to_owned()
            } else {
                format!("word{i:05} ")
            }
        });
    }

    #[test]
    fn one_endless_fence_costs_the_same_to_its_end() {
        let lined = |i: usize, end: &str| {
            if i % 9 == 8 {
                format!("let{i:05}{end}")
            } else {
                format!("let{i:05} ")
            }
        };
        let first =
            |i: usize, start: &str, rest: String| if i == 0 { start.to_owned() } else { rest };
        assert_flat("fence", |i| first(i, "```rust\n", lined(i, "\n")));
        assert_flat("one line", |i| first(i, "```rust\n", format!("let{i:05} ")));
        assert_flat("nested", |i| {
            first(i, "1. item\n\n   ```rust\n   ", lined(i, "\n   "))
        });
        assert_flat("indented", |i| first(i, "    ", lined(i, "\n    ")));
    }

    #[test]
    fn endless_lists_tables_and_quotes_cost_the_same_to_their_end() {
        let ended = |i: usize, end: &str| {
            if i % 6 == 5 {
                end.to_owned()
            } else {
                format!("word{i:05} ")
            }
        };
        let first =
            |i: usize, start: &str, rest: String| if i == 0 { start.to_owned() } else { rest };
        assert_flat("list", |i| first(i, "- ", ended(i, "\n- ")));
        assert_flat("loose list", |i| first(i, "- ", ended(i, "\n\n- ")));
        assert_flat("ordered", |i| {
            first(i, "1. ", ended(i, &format!("\n{}. ", i / 6 + 2)))
        });
        assert_flat("nested", |i| first(i, "- outer\n  - ", ended(i, "\n  - ")));
        assert_flat("item", |i| first(i, "- ", format!("word{i:05} ")));
        assert_flat("paragraphs of an item", |i| {
            first(i, "- ", ended(i, "\n\n  "))
        });
        assert_flat("quote", |i| first(i, "> ", ended(i, "\n> ")));
        assert_flat("paragraphs of a quote", |i| {
            first(i, "> ", ended(i, "\n>\n> "))
        });
        assert_flat("table", |i| match i {
            0 => "| a | b |\n|---|---|\n".to_owned(),
            _ if i % 6 == 5 => " |\n".to_owned(),
            _ if i % 6 == 0 => "| ".to_owned(),
            _ => format!("w{}", i % 10),
        });
        assert_flat("html", |i| first(i, "<div>\n", ended(i, "\n")));
        assert_flat("mixed", |i| match i % 60 {
            10 => "\n\n## Head\n\n".to_owned(),
            20 => "\n- ".to_owned(),
            40 => "\n\n```py\n".to_owned(),
            50 => "\n```\n\n".to_owned(),
            _ => format!("word{i:05} "),
        });
    }

    #[test]
    fn a_burst_of_code_gets_its_tones_when_it_is_finished() {
        let now = CTX.clone();
        let later = Ctx {
            code_at_once: Some(0),
            ..now.clone()
        };
        let highlighter = now.highlighter.clone().unwrap();
        let line = "let x = \"words\"; // why\n";
        let mut doc = Doc::growing();
        doc.push("```rust\n");
        for _ in 0..10 {
            doc.push(line);
            doc.settle(40, &later);
        }
        let few = ["```rust\n", &line.repeat(10)].concat();
        let mut whole = Doc::growing();
        whole.push(&few);
        whole.settle(40, &now);
        assert_eq!(doc.rows(0), whole.rows(0), "what dribbles has its tones");

        doc.push(&line.repeat(BURST + 1));
        doc.settle(40, &later);
        assert!(doc.dark(0).is_none(), "it can still change");
        doc.push("```\n\nAnd on.\n");
        doc.settle(40, &later);
        let source = doc.source().to_owned();
        let expected = Doc::whole(source.clone()).all_rows(40, &now);
        assert_ne!(doc.all_rows(40, &later), expected);
        let dark = doc.dark(0).unwrap();
        doc.light(0, dark.light(&highlighter));
        assert_eq!(doc.all_rows(40, &later), expected);
        doc.end(source);
        assert_eq!(doc.all_rows(40, &later), expected);
    }

    #[test]
    fn a_resize_lays_the_open_block_out_again() {
        let mut doc = Doc::growing();
        let source: String = (0..2_000).map(|i| format!("word{i} ")).collect();
        for chunk in chunks(&source, &[40]) {
            doc.push(&chunk);
            doc.settle(100, &CTX);
        }
        let wide = shown(&mut doc, 100);
        let narrow = shown(&mut doc, 30);
        assert!(narrow.iter().all(|row| row.len() <= 30));
        assert_eq!(
            narrow.concat().replace(' ', ""),
            wide.concat().replace(' ', "")
        );
        assert_eq!(shown(&mut doc, 100), wide);
    }
}
