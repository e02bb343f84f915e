//! Markdown source becomes a tree of blocks, each with the bytes it came from. How they look in rows is `lay.rs`'s.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pulldown_cmark::{
    BrokenLink, CodeBlockKind, CowStr, Event, LinkType, Options, Parser, Tag, TagEnd,
};

use super::inline::Inline;
use super::styled::Styled;
use super::table::GridBuilder;
use super::tree::{Block, Code, Item, List, Passage, Refs, Shape};
use crate::domain::clean::Clean;
use crate::tui::theme::{Look, Tone};

/// Containers nested deeper than this are shown as if they were not there.
const MAX_DEPTH: usize = 16;

const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS);

/// The blocks of a passage. If the parser fails, the passage is one literal block.
pub(super) fn parse(passage: Passage<'_>) -> Vec<Block> {
    parse_all(passage).0
}

/// The blocks of a passage, and the labels it defines.
pub(super) fn parse_all(passage: Passage<'_>) -> (Vec<Block>, Refs) {
    catch_unwind(AssertUnwindSafe(|| build(passage))).unwrap_or_else(|_| {
        let text = &passage.text[passage.lead.min(passage.text.len())..];
        let literal = Block {
            range: passage.text.len() - text.len()..passage.text.len(),
            is_continued: false,
            shape: Shape::Html(Styled::of(&Clean::text(text.trim_end()), Look::default())),
        };
        (vec![literal], Refs::new())
    })
}

fn build(passage: Passage<'_>) -> (Vec<Block>, Refs) {
    let parser = reading(passage.text, passage.refs);
    let refs = parser
        .reference_definitions()
        .iter()
        .map(|(label, link)| (folded(label), link.dest.to_string()))
        .collect();
    let mut builder = Builder::new(passage);
    for (event, range) in parser.into_offset_iter() {
        builder.take(event, range);
    }
    (builder.finish(), refs)
}

/// The parser of a text in which these labels lead somewhere too.
pub(super) fn reading<'a>(
    text: &'a str,
    refs: &'a Refs,
) -> Parser<'a, impl Fn(BrokenLink<'a>) -> Option<(CowStr<'a>, CowStr<'a>)>> {
    let find = |link: BrokenLink<'_>| {
        let url = refs.get(&folded(&link.reference))?;
        Some((CowStr::from(url.clone()), CowStr::Borrowed("")))
    };
    Parser::new_with_broken_link_callback(text, OPTIONS, Some(find))
}

fn folded(label: &str) -> String {
    let words: Vec<&str> = label.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// An open container.
#[derive(Debug)]
struct Frame {
    holder: Holder,
    start: usize,
    blocks: Vec<Block>,
}

#[derive(Debug)]
enum Holder {
    Root,
    Quote,
    List(List),
    Item(Option<bool>),
}

/// The open block that holds words.
#[derive(Debug)]
enum Leaf {
    None,
    Paragraph(Inline, Range<usize>),
    Heading(Inline),
    Code(Code),
    Html(Inline),
    Table(GridBuilder),
}

struct Builder<'a> {
    passage: Passage<'a>,
    frames: Vec<Frame>,
    leaf: Leaf,
    /// Open containers that are too deep to be shown.
    skipped: usize,
    /// Takes words that belong nowhere, which the parser never sends.
    stray: Inline,
}

impl<'a> Builder<'a> {
    fn new(passage: Passage<'a>) -> Self {
        let root = Frame {
            holder: Holder::Root,
            start: 0,
            blocks: Vec::new(),
        };
        Builder {
            passage,
            frames: vec![root],
            leaf: Leaf::None,
            skipped: 0,
            stray: Inline::default(),
        }
    }

    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag, range),
            Event::Text(text) if matches!(self.leaf, Leaf::Code(_)) => self.code(&text, range),
            Event::Text(text) | Event::InlineHtml(text) | Event::Html(text) => {
                let passage = self.passage;
                let is_html = matches!(self.leaf, Leaf::Html(_));
                let inline = self.inline(range.clone());
                if is_html {
                    html(inline, &passage, &text, range);
                } else {
                    inline.text(&passage, &text, range);
                }
            }
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                let passage = self.passage;
                self.inline(range.clone()).code(&passage, &text, range);
            }
            Event::SoftBreak => {
                let passage = self.passage;
                self.inline(range.clone()).soft_break(&passage, range);
            }
            Event::HardBreak => self.inline(range).hard_break(),
            Event::Rule => {
                self.end_implied();
                self.add(range, Shape::Rule);
            }
            Event::TaskListMarker(is_done) => {
                if let Some(Holder::Item(task)) = self.frames.last_mut().map(|f| &mut f.holder) {
                    *task = Some(is_done);
                }
            }
            Event::FootnoteReference(text) => {
                let passage = self.passage;
                self.inline(range.clone()).text(&passage, &text, range);
            }
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other tags belong to options that are off"
    )]
    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) {
        let look = self.base_look();
        match tag {
            Tag::Emphasis => self.inline(range).emphasis(true),
            Tag::Strong => self.inline(range).strong(true),
            Tag::Strikethrough => self.inline(range).strike(true),
            Tag::Image { .. } => self.inline(range).image(true),
            Tag::Link {
                dest_url,
                link_type,
                ..
            } => {
                let url = match link_type {
                    LinkType::Email => "",
                    _ => &*dest_url,
                };
                self.inline(range).start_link(url);
            }
            Tag::TableHead | Tag::TableRow => {
                if let Leaf::Table(grid) = &mut self.leaf {
                    grid.start_row(range.start);
                }
            }
            Tag::TableCell => {
                if let Leaf::Table(grid) = &mut self.leaf {
                    grid.start_cell(look);
                }
            }
            tag => {
                self.end_implied();
                self.start_block(tag, range);
            }
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other tags belong to options that are off"
    )]
    fn start_block(&mut self, tag: Tag<'_>, range: Range<usize>) {
        let look = self.base_look();
        match tag {
            Tag::Paragraph => {
                if self.skipped == 0
                    && let [.., list, item] = &mut *self.frames
                    && let (Holder::List(list), Holder::Item(_)) = (&mut list.holder, &item.holder)
                {
                    list.is_loose = true;
                }
                self.leaf = Leaf::Paragraph(Inline::new(look), range);
            }
            Tag::Heading { level, .. } => {
                let mut look = Look::of(Tone::Heading).bold();
                look.underline = level as usize == 1;
                self.leaf = Leaf::Heading(Inline::new(look));
            }
            Tag::CodeBlock(kind) => {
                let (lang, is_fenced) = match &kind {
                    CodeBlockKind::Fenced(lang) => (name_of(lang), true),
                    CodeBlockKind::Indented => (String::new(), false),
                };
                self.leaf = Leaf::Code(Code {
                    lang,
                    is_fenced,
                    ..Code::default()
                });
            }
            Tag::HtmlBlock => self.leaf = Leaf::Html(Inline::new(look)),
            Tag::Table(aligns) => self.leaf = Leaf::Table(GridBuilder::new(aligns)),
            Tag::BlockQuote(_) => self.open(Holder::Quote, range),
            Tag::List(first) => {
                let list = List {
                    first,
                    is_loose: false,
                    items: Vec::new(),
                };
                self.open(Holder::List(list), range);
            }
            Tag::Item => self.open(Holder::Item(None), range),
            _ => {}
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other tags belong to options that are off"
    )]
    fn end(&mut self, tag: TagEnd, range: Range<usize>) {
        match tag {
            TagEnd::Emphasis => self.inline(range).emphasis(false),
            TagEnd::Strong => self.inline(range).strong(false),
            TagEnd::Strikethrough => self.inline(range).strike(false),
            TagEnd::Image => self.inline(range).image(false),
            TagEnd::Link => self.inline(range).end_link(),
            TagEnd::TableHead | TagEnd::TableRow => {}
            TagEnd::TableCell => {
                if let Leaf::Table(grid) = &mut self.leaf {
                    grid.end_cell();
                }
            }
            TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item => {
                self.end_implied();
                self.close(range);
            }
            _ => self.end_leaf(range),
        }
    }

    fn base_look(&self) -> Look {
        let is_quoted = self
            .frames
            .iter()
            .any(|f| matches!(f.holder, Holder::Quote));
        Look::of(if is_quoted { Tone::Quote } else { Tone::Text })
    }

    /// The text being built; the words of a tight list item open a paragraph of their own.
    fn inline(&mut self, range: Range<usize>) -> &mut Inline {
        if let Leaf::None | Leaf::Code(_) = self.leaf {
            self.leaf = Leaf::Paragraph(Inline::new(self.base_look()), range.clone());
        }
        match &mut self.leaf {
            Leaf::Paragraph(inline, shown) => {
                shown.end = shown.end.max(range.end);
                inline
            }
            Leaf::Heading(inline) | Leaf::Html(inline) => inline,
            Leaf::Table(grid) => grid.cell(),
            Leaf::None | Leaf::Code(_) => &mut self.stray,
        }
    }

    fn code(&mut self, text: &str, range: Range<usize>) {
        let Leaf::Code(code) = &mut self.leaf else {
            return;
        };
        // A lead holds no lines of code but a guard against reading the rest as a line start.
        let lead = self.passage.lead;
        if range.end <= lead {
            return;
        }
        let text = match self.passage.text.get(lead..range.end) {
            Some(rest) if range.start < lead && text.ends_with(rest) => rest,
            _ => text,
        };
        code.places
            .push((code.text.len(), range.end - text.len().min(range.end)));
        code.text.push_str(text);
    }

    /// Ends the paragraph of a tight list item.
    fn end_implied(&mut self) {
        if let Leaf::Paragraph(_, range) = &self.leaf {
            let range = range.clone();
            self.end_leaf(range);
        }
    }

    fn end_leaf(&mut self, range: Range<usize>) {
        let shape = match std::mem::replace(&mut self.leaf, Leaf::None) {
            Leaf::None => return,
            Leaf::Paragraph(inline, _) => Shape::Paragraph(inline.finish()),
            Leaf::Heading(inline) => Shape::Heading(inline.finish()),
            Leaf::Code(code) => Shape::Code(code),
            Leaf::Html(inline) => Shape::Html(inline.finish()),
            Leaf::Table(grid) => Shape::Table(grid.finish()),
        };
        self.add(range, shape);
    }

    fn add(&mut self, range: Range<usize>, shape: Shape) {
        let block = Block {
            is_continued: range.start < self.passage.lead,
            range,
            shape,
        };
        if let Some(frame) = self.frames.last_mut() {
            frame.blocks.push(block);
        }
    }

    fn open(&mut self, holder: Holder, range: Range<usize>) {
        // An item needs its list, so a list is only opened where its items can be too.
        let is_full = self.frames.len() >= MAX_DEPTH && !matches!(holder, Holder::Item(_));
        if self.skipped > 0 || is_full {
            self.skipped += 1;
            return;
        }
        self.frames.push(Frame {
            holder,
            start: range.start,
            blocks: Vec::new(),
        });
    }

    fn close(&mut self, range: Range<usize>) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        if self.frames.len() < 2 {
            return;
        }
        let Some(frame) = self.frames.pop() else {
            return;
        };
        match frame.holder {
            Holder::Root => {}
            Holder::Quote => self.add(frame.start..range.end, Shape::Quote(frame.blocks)),
            Holder::List(list) => self.add(frame.start..range.end, Shape::List(list)),
            Holder::Item(task) => {
                let item = Item {
                    start: frame.start,
                    is_continued: frame.start < self.passage.lead,
                    task,
                    blocks: frame.blocks,
                };
                if let Some(Holder::List(list)) = self.frames.last_mut().map(|f| &mut f.holder) {
                    list.items.push(item);
                }
            }
        }
    }

    fn finish(mut self) -> Vec<Block> {
        self.end_implied();
        let end = self.passage.text.len();
        while self.frames.len() > 1 {
            self.skipped = 0;
            self.close(end..end);
        }
        self.frames.pop().map_or_else(Vec::new, |root| root.blocks)
    }
}

/// Adds literal HTML; its line ends are kept.
fn html(inline: &mut Inline, passage: &Passage<'_>, text: &str, range: Range<usize>) {
    let mut at = range.start;
    for line in text.split_inclusive('\n') {
        let words = line.trim_end_matches(['\n', '\r']);
        if at + line.len() <= passage.lead {
            at += line.len();
            continue;
        }
        inline.text(passage, words, at..at + words.len());
        if words.len() < line.len() {
            inline.hard_break();
        }
        at += line.len();
    }
}

/// The language of a fence: the first word of what stands after it.
fn name_of(info: &str) -> String {
    let word = info.split([' ', ',', '\t']).next().unwrap_or("");
    word.trim_matches(['{', '}', '.']).to_owned()
}
