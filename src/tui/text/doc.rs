//! The rendered source of one message, whole or still growing: blocks, and rows laid out when they are asked for.
//!
//! Every block but the first begins with a blank row, so that adding a block never changes an earlier one.

use std::ops::Range;

use super::body::{Body, Laid, Slot, line_start};
use super::dark::{Dark, Lit};
use super::lay::{Light, Sheet};
use super::markdown;
use super::row::Row;
use super::stream::Growth;
use super::tree::{self, Passage, Refs};
use super::wrap::Indent;

pub use super::body::{Cost, Ctx};
pub use super::dark::CodeText;
pub use super::tree::Kind;

/// One message's text.
#[derive(Debug, Default)]
pub struct Doc {
    body: Body,
    growth: Option<Growth>,
}

impl Doc {
    /// A finished text.
    pub fn whole(source: String) -> Self {
        let mut doc = Doc::default();
        doc.body.source = source;
        doc.index();
        doc
    }

    /// An empty text that grows by `push` until `end`.
    pub fn growing() -> Self {
        Doc {
            growth: Some(Growth::default()),
            ..Doc::default()
        }
    }

    /// Adds words. They are shown from the next `settle` on. A finished text becomes a growing one again.
    pub fn push(&mut self, words: &str) {
        if self.growth.is_none() {
            self.body.slots.clear();
            self.growth = Some(Growth::default());
        }
        self.body.source.push_str(words);
    }

    /// Ends the growth: the whole source is parsed once. Blocks that stayed as they were keep their rows.
    pub fn end(&mut self, source: String) {
        if let Some(mut growth) = self.growth.take()
            && let Some(rest) = source.strip_prefix(self.body.source.as_str())
        {
            // The last words belong to blocks that are mostly laid out.
            self.body.source.push_str(rest);
            growth.finish(&mut self.body);
        }
        let same = common_prefix(&self.body.source, &source);
        let old = std::mem::take(&mut self.body.slots);
        self.growth = None;
        self.body.source = source;
        self.index();
        let mut old = old.into_iter().enumerate().peekable();
        let has_refs = !self.body.refs.is_empty();
        for (i, slot) in self.body.slots.iter_mut().enumerate() {
            while old
                .next_if(|(_, o)| o.range.start < slot.range.start)
                .is_some()
            {}
            let Some((was, kept)) = old.next_if(|(_, o)| o.range.start == slot.range.start) else {
                continue;
            };
            let is_same = kept.range == slot.range
                && kept.kind == slot.kind
                && kept.is_exact
                && slot.range.end <= same
                && (was == 0) == (i == 0);
            // A label defined anywhere can turn words in brackets into a link.
            if is_same && !(has_refs && self.body.source[slot.range.clone()].contains('[')) {
                slot.laid = kept.laid;
            }
        }
    }

    fn index(&mut self) {
        let none = Refs::new();
        let passage = Passage {
            text: &self.body.source,
            lead: 0,
            base: 0,
            refs: &none,
        };
        let (blocks, refs) = markdown::parse_all(passage);
        self.body.cost.parsed += self.body.source.len() as u64;
        self.body.slots = blocks
            .iter()
            .map(|block| Slot {
                range: line_start(&self.body.source, block.range.start)..block.range.end,
                kind: block.shape.kind(),
                laid: None,
                lit: None,
                is_exact: true,
            })
            .collect();
        self.body.refs = refs;
    }

    /// The markdown.
    pub fn source(&self) -> &str {
        &self.body.source
    }

    /// Blocks, as of the last `settle`.
    pub fn block_count(&self) -> usize {
        self.body.slots.len()
    }

    /// The bytes of the source that a block stands for.
    pub fn block_range(&self, block: usize) -> Range<usize> {
        self.body
            .slots
            .get(block)
            .map_or(0..0, |slot| slot.range.clone())
    }

    /// Blocks that cannot change any more.
    pub fn frozen(&self) -> usize {
        self.growth.as_ref().map_or(self.block_count(), |g| g.open)
    }

    /// What a block is.
    pub fn kind(&self, block: usize) -> Option<Kind> {
        self.body.slots.get(block).map(|slot| slot.kind)
    }

    /// The code in a block, also in its lists and quotes.
    pub fn codes_of(&self, block: usize) -> Vec<CodeText> {
        let blocks = markdown::parse(self.passage(self.block_range(block)));
        let mut codes = Vec::new();
        tree::codes(&blocks, &mut codes);
        codes.into_iter().map(CodeText::of).collect()
    }

    /// The code in a block that has words, with the bytes of the source from its first to its last.
    pub fn code_places(&self, block: usize) -> Vec<(Range<usize>, CodeText)> {
        if !matches!(
            self.kind(block),
            Some(Kind::Code | Kind::List | Kind::Quote)
        ) {
            return Vec::new();
        }
        let passage = self.passage(self.block_range(block));
        let blocks = markdown::parse(passage);
        let mut codes = Vec::new();
        tree::codes(&blocks, &mut codes);
        let place = |code: &tree::Code| {
            let last = code.text.len().checked_sub(1)?;
            let range = passage.at(code.place(0)?)..passage.at(code.place(last)?) + 1;
            Some((range, CodeText::of(code)))
        };
        codes.into_iter().filter_map(place).collect()
    }

    /// The block that holds this byte of the source, or the one before it.
    pub fn block_of(&self, byte: usize) -> usize {
        let next = self.body.slots.partition_point(|s| s.range.start <= byte);
        next.saturating_sub(1)
    }

    /// The code of a block that was laid out plain because it is long (see `Ctx::code_at_once`) and cannot change any
    /// more.
    pub fn dark(&self, block: usize) -> Option<Dark> {
        if block >= self.frozen() {
            return None;
        }
        let slot = self.body.slots.get(block)?;
        slot.laid.as_ref().filter(|laid| laid.is_dark)?;
        Some(Dark {
            source: self.body.source.get(slot.range.clone())?.to_owned(),
            codes: self.codes_of(block),
        })
    }

    /// Gives a block the tones that `dark` asked for. Nothing happens if the block has changed since.
    pub fn light(&mut self, block: usize, lit: Lit) {
        let Some(slot) = self.body.slots.get_mut(block) else {
            return;
        };
        if self.body.source.get(slot.range.clone()) == Some(&lit.source) {
            slot.laid = None;
            slot.lit = Some(lit);
        }
    }

    fn passage(&self, range: Range<usize>) -> Passage<'_> {
        let start = range.start;
        Passage {
            text: self.body.source.get(range).unwrap_or(""),
            lead: 0,
            base: start,
            refs: &self.body.refs,
        }
    }

    /// Shows what was pushed. To be called once a frame before the blocks are asked for; free if nothing is new.
    pub fn settle(&mut self, width: u16, ctx: &Ctx) {
        if let Some(mut growth) = self.growth.take() {
            growth.settle(&mut self.body, width.max(1), ctx);
            self.growth = Some(growth);
        }
    }

    /// The rows of a block at a width, at least 1; lays it out if that is not done yet.
    pub fn height(&mut self, block: usize, width: u16, ctx: &Ctx) -> usize {
        let width = width.max(1);
        let is_laid = |slot: &Slot| {
            slot.laid.as_ref().is_some_and(|laid| {
                laid.width == width && laid.generation.is_none_or(|g| g == ctx.generation)
            })
        };
        if self.body.slots.get(block).is_none_or(is_laid) {
            return self.rows(block).len();
        }
        if self.growth.as_ref().is_some_and(|g| block >= g.open) {
            self.settle(width, ctx);
            if self.body.slots.get(block).is_none_or(is_laid) {
                return self.rows(block).len();
            }
        }
        let laid = self.lay(block, width, ctx);
        let height = laid.rows.len();
        if let Some(slot) = self.body.slots.get_mut(block) {
            slot.laid = Some(laid);
            slot.is_exact = true;
        }
        height
    }

    fn lay(&mut self, block: usize, width: u16, ctx: &Ctx) -> Laid {
        let mut rows = Vec::new();
        if block > 0 {
            rows.push(Row::blank());
        }
        let passage = self.passage(self.block_range(block));
        let parsed = passage.text.len();
        let mut sheet = Sheet::new(passage, width, ctx.highlighter.as_deref(), &mut rows);
        let blocks = markdown::parse(passage);
        let lit = self.body.slots.get(block).and_then(|s| s.lit.as_ref());
        let is_dark = lit.is_none()
            && ctx.highlighter.is_some()
            && ctx
                .code_at_once
                .is_some_and(|most| tree::code_lines(&blocks) > most);
        sheet.light = match lit {
            Some(lit) => Light::Known(lit),
            None if is_dark => Light::Off,
            None => Light::Now,
        };
        for block in &blocks {
            sheet.block(block, &Indent::default());
        }
        let has_code = sheet.has_code;
        if rows.len() == usize::from(block > 0) {
            rows.push(Row::blank());
        }
        rows.shrink_to_fit();
        self.body.cost.parsed += parsed as u64;
        self.body.cost.rows += rows.len() as u64;
        Laid {
            width,
            generation: has_code.then_some(ctx.generation),
            is_dark,
            rows,
        }
    }

    /// The rows of a block as last laid out by `height` or `settle`.
    pub fn rows(&self, block: usize) -> &[Row] {
        let laid = self
            .body
            .slots
            .get(block)
            .and_then(|slot| slot.laid.as_ref());
        laid.map_or(&[], |laid| &laid.rows)
    }

    /// Drops all rows that can be made again cheaply.
    pub fn forget(&mut self) {
        for block in 0..self.body.slots.len() {
            self.forget_block(block);
        }
    }

    /// Drops the rows of a block; a block that still grows keeps them.
    pub fn forget_block(&mut self, block: usize) {
        if self.growth.as_ref().is_some_and(|g| block >= g.open) {
            return;
        }
        if let Some(slot) = self.body.slots.get_mut(block) {
            slot.laid = None;
            slot.lit = None;
        }
    }

    /// All rows, for tests and for texts known to be short.
    pub fn all_rows(&mut self, width: u16, ctx: &Ctx) -> Vec<Row> {
        self.settle(width, ctx);
        let mut rows = Vec::new();
        for block in 0..self.block_count() {
            self.height(block, width, ctx);
            rows.extend_from_slice(self.rows(block));
        }
        rows
    }

    /// The work done so far.
    pub fn cost(&self) -> Cost {
        self.body.cost
    }
}

fn common_prefix(a: &str, b: &str) -> usize {
    let equal = |n: usize| a.as_bytes()[..n] == b.as_bytes()[..n];
    let most = a.len().min(b.len());
    if equal(most) {
        return most;
    }
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::text::code::Highlighter;
    use crate::tui::theme::{Look, Tone};
    use std::sync::Arc;

    fn shown(source: &str, width: u16) -> String {
        let rows = Doc::whole(source.to_owned()).all_rows(width, &Ctx::default());
        let lines: Vec<&str> = rows.iter().map(|row| row.text().trim_end()).collect();
        lines.join("\n")
    }

    fn look_of(source: &str, word: &str) -> Look {
        let rows = Doc::whole(source.to_owned()).all_rows(80, &Ctx::default());
        for row in &rows {
            if let Some(at) = row.text().find(word) {
                let found = row.looks().find(|(range, _)| range.contains(&at));
                return found.unwrap().1;
            }
        }
        panic!("{word} is not shown");
    }

    #[test]
    fn blocks_stand_apart() {
        assert_eq!(
            shown("# Head\ntext\nmore\n\n---\nend", 10),
            "Head\n\ntext more\n\n──────────\n\nend"
        );
        assert_eq!(shown("", 10), "");
        assert_eq!(shown("a  \nb\\\nc", 10), "a\nb\nc");
    }

    #[test]
    fn lists_hang_and_nest() {
        assert_eq!(
            shown("- one two three\n- [x] done\n  - deep words\n", 14),
            "• one two\n  three\n• [x] done\n      • deep\n        words"
        );
        assert_eq!(
            shown("- one\n  - two\n    - three", 6),
            "• one\n  • tw\n    o\n  • th\n    re\n    e"
        );
        assert_eq!(shown("9. nine\n1. ten\n", 20), "9. nine\n10. ten");
        assert_eq!(shown("- a\n\n  b\n- c\n", 20), "• a\n\n  b\n\n• c");
        assert_eq!(shown("-\n- x\n", 20), "•\n• x");
    }

    #[test]
    fn quotes_have_a_bar() {
        assert_eq!(
            shown("> one two\n>\n> three\n> > four", 7),
            "▏ one\n▏ two\n▏\n▏ three\n▏\n▏ ▏ fou\n▏ ▏ r"
        );
        assert_eq!(look_of("> words", "words").tone, Tone::Quote);
    }

    #[test]
    fn code_is_kept_whole_and_named() {
        let mut doc = Doc::whole("```rust\nfn main() {}\n\tlong line\n```".to_owned());
        let rows = doc.all_rows(8, &Ctx::default());
        let texts: Vec<&str> = rows.iter().map(Row::text).collect();
        assert_eq!(texts, ["  fn main() {}", "      long line"]);
        assert_eq!(rows[0].label(), Some("rust"));
        assert!(rows[0].is_whole_line());
        let code = CodeText {
            lang: "rust".to_owned(),
            text: "fn main() {}\n\tlong line\n".to_owned(),
        };
        assert_eq!(doc.codes_of(0), [code]);
        let doc = Doc::whole("- a\n  ```\n  x\n  ```\n> ~~~py\n> y".to_owned());
        assert_eq!(doc.codes_of(0)[0].text, "x\n");
        assert_eq!(
            (
                doc.codes_of(1)[0].lang.as_str(),
                doc.codes_of(1)[0].text.as_str()
            ),
            ("py", "y")
        );
    }

    #[test]
    fn tables_are_fitted() {
        let table = "| name | what it is |\n|---|--:|\n| a | one two three |\n| 日本 | x |\n";
        assert_eq!(
            shown(table, 40),
            "name │    what it is\n─────┼──────────────\na    │ one two three\n日本 │             x"
        );
        assert_eq!(
            shown(table, 16),
            "name │   what it\n     │        is\n─────┼──────────\na    │   one two\n     │     three\n日本 │         x"
        );
        assert_eq!(
            shown(table, 9),
            "• name: a\n  what it\n    is:\n    one\n    two\n    three\n• name:\n    日本\n  what it\n    is: x"
        );
    }

    #[test]
    fn links_images_and_html_are_shown() {
        assert_eq!(shown("[text](https://a.b/c)", 40), "text (https://a.b/c)");
        assert_eq!(
            shown("[a.b](https://a.b/) <https://x.y>", 40),
            "a.b https://x.y"
        );
        assert_eq!(shown("[text][l]\n\n[l]: /url", 40), "text (/url)");
        assert_eq!(shown("![a *b*](i.png)", 40), "[image: a b]");
        assert_eq!(
            shown("a <b>c</b>\n\n<div>\n  x\n</div>\n", 40),
            "a <b>c</b>\n\n<div>\n  x\n</div>"
        );
        assert_eq!(look_of("[text](https://a.b/c)", "text").tone, Tone::Link);
        assert_eq!(look_of("[text](https://a.b/c)", "https").tone, Tone::Dim);
        assert!(look_of("a **b** c", "b").bold);
        assert_eq!(look_of("a `b` c", "b").tone, Tone::Code);
    }

    #[test]
    fn foreign_text_is_made_harmless() {
        let source =
            "a\u{1b}[31m &#27;[0m `\u{7}` \n\n```x\u{1b}]0;\n\u{9b}\n```\n\n[t](http://\u{202e}x)";
        for row in Doc::whole(source.to_owned()).all_rows(40, &Ctx::default()) {
            assert!(
                row.text()
                    .chars()
                    .all(|c| !c.is_control() && c != '\u{202e}'),
                "{row:?}"
            );
            assert!(
                row.label()
                    .is_none_or(|l| l.chars().all(|c| !c.is_control()))
            );
        }
    }

    #[test]
    fn the_deepest_nesting_is_survived() {
        for source in [
            "> ".repeat(20_000),
            "- ".repeat(5_000),
            "[".repeat(20_000),
            "*a ".repeat(5_000),
        ] {
            let mut doc = Doc::whole(format!("{source}x"));
            assert!(!doc.all_rows(20, &Ctx::default()).is_empty());
        }
    }

    #[test]
    fn ending_keeps_the_rows_of_blocks_that_stayed() {
        let ctx = Ctx::default();
        let mut doc = Doc::growing();
        doc.push("para one\n\n```rust\nfn a() {}\n```\n\nlast [x]\n");
        doc.all_rows(20, &ctx);
        let cost = doc.cost();
        doc.end("para one\n\n```rust\nfn a() {}\n```\n\nlast [x]\n".to_owned());
        doc.all_rows(20, &ctx);
        assert_eq!(doc.cost().rows, cost.rows);
        let mut doc = Doc::growing();
        doc.push("para\n\nlast [x]\n");
        doc.all_rows(20, &ctx);
        doc.end("para\n\nlast [x]\n\n[x]: /url\n".to_owned());
        let rows = doc.all_rows(20, &ctx);
        assert_eq!(rows.last().map(Row::text), Some("last x (/url)"));
    }

    #[test]
    fn rows_know_their_source() {
        let source = "- one two three\n\n```\ncode here\n```\n";
        let mut doc = Doc::whole(source.to_owned());
        for row in doc.all_rows(10, &Ctx::default()) {
            if let Some(range) = row.source() {
                assert_eq!(source[range].trim(), row.body().trim());
            }
        }
    }

    #[test]
    fn a_highlighter_that_arrives_later_is_used() {
        let mut doc = Doc::whole("```rust\nfn a() {}\n```\n\nwords".to_owned());
        let plain = doc.all_rows(20, &Ctx::default());
        let made = doc.cost().rows;
        let ctx = Ctx {
            highlighter: Some(Arc::new(Highlighter::load())),
            generation: 1,
            ..Ctx::default()
        };
        let lit = doc.all_rows(20, &ctx);
        assert_eq!(plain[0].text(), lit[0].text());
        assert_ne!(plain[0], lit[0]);
        assert_eq!(doc.cost().rows, made + 1, "only the code is laid out anew");
    }

    #[test]
    fn long_code_waits_for_its_tones() {
        let source = format!(
            "- item\n\n  ```rust\n{}  ```\n\n  ```py\n  def f(): pass\n  ```\n\nend",
            "  fn a() { /* words */ }\n".repeat(20)
        );
        let highlighter = Arc::new(Highlighter::load());
        let now = Ctx {
            highlighter: Some(highlighter.clone()),
            generation: 1,
            code_at_once: None,
        };
        let later = Ctx {
            code_at_once: Some(10),
            ..now.clone()
        };
        let expected = Doc::whole(source.clone()).all_rows(40, &now);
        let mut doc = Doc::whole(source);
        let plain = doc.all_rows(40, &later);
        assert_ne!(plain, expected);
        assert!(doc.dark(1).is_none());
        let dark = doc.dark(0).unwrap();
        doc.light(0, dark.light(&highlighter));
        assert_eq!(doc.all_rows(40, &later), expected);
        assert!(doc.dark(0).is_none());
        doc.all_rows(20, &later);
        assert!(doc.dark(0).is_none(), "another width needs no other tones");
    }

    #[test]
    fn the_last_words_do_not_undo_a_long_fence() {
        let ctx = Ctx {
            highlighter: Some(Arc::new(Highlighter::load())),
            generation: 1,
            code_at_once: None,
        };
        let mut doc = Doc::growing();
        doc.push("```rust\n");
        for _ in 0..200 {
            doc.push("let x = 1;\n");
            doc.settle(40, &ctx);
        }
        let rows = doc.cost().rows;
        let source = [doc.source(), "let y = 2;\n```\n"].concat();
        doc.end(source.clone());
        assert_eq!(
            doc.all_rows(40, &ctx),
            Doc::whole(source).all_rows(40, &ctx)
        );
        assert!(doc.cost().rows < rows + 10);
    }
}
