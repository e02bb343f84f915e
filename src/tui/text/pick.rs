//! Picking shown text with a pointer: from cells to the source and back, and what a part of the source is as text.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pulldown_cmark::{Event, Tag, TagEnd};
use unicode_segmentation::UnicodeSegmentation;

use super::doc::Doc;
use super::markdown::reading;
use super::row::Row;
use super::styled::{grapheme_width, graphemes};
use super::tree::Refs;

/// How much one touch takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grain {
    /// The characters between two cells.
    #[default]
    Cell,
    Word,
    /// A line of the source.
    Line,
}

/// A grapheme of a row: its columns and the source it shows.
struct Piece {
    columns: Range<usize>,
    source: Option<Range<usize>>,
}

/// The graphemes of a row as if it were shown from its first column on.
fn pieces(row: &Row) -> impl Iterator<Item = Piece> {
    let (mut byte, mut column) = (0, 0);
    graphemes(row.text()).filter_map(move |grapheme| {
        let (start, from) = (byte, column);
        byte += grapheme.len();
        column += grapheme_width(grapheme);
        (column > from).then(|| Piece {
            columns: from..column,
            source: row.origins().of(start..byte),
        })
    })
}

/// The column of a row that stands in this cell when the row is moved `skip` cells to the left.
fn column_of(row: &Row, cell: usize, skip: usize) -> usize {
    let fixed = row.indent();
    if row.is_whole_line() && cell >= fixed {
        cell + skip
    } else {
        cell
    }
}

/// The bytes of the source in a cell of a block's row, whose text is moved `skip` cells to the left. Where nothing of
/// the source stands, the place is empty: right of words it is behind them, left of them before their line.
pub fn at(doc: &Doc, block: usize, row: usize, (cell, skip): (usize, usize)) -> Range<usize> {
    let Some(shown) = doc.rows(block).get(row) else {
        let end = doc.block_range(block).end;
        return end..end;
    };
    let column = column_of(shown, cell, skip);
    let mut before = None;
    for piece in pieces(shown) {
        if piece.columns.contains(&column)
            && let Some(source) = piece.source
        {
            return source;
        }
        if piece.columns.start > column {
            break;
        }
        before = piece.source.map(|source| source.end).or(before);
    }
    let place = before.unwrap_or_else(|| match shown.origins().span() {
        Some(span) => start_of(doc, block, row, span.start),
        None => end_above(doc, block, row),
    });
    place..place
}

/// Where the words begin that a row begins with: their line's start, unless the row above shows it too.
fn start_of(doc: &Doc, block: usize, row: usize, first: usize) -> usize {
    let source = doc.source();
    let line = source
        .get(..first)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |at| at + 1);
    line.max(end_above(doc, block, row)).min(first)
}

/// The end of the words above a row of a block; of the block's first row, its start.
fn end_above(doc: &Doc, block: usize, row: usize) -> usize {
    let above = doc.rows(block).iter().take(row).rev();
    let end = above
        .filter_map(|row| row.origins().span())
        .map(|span| span.end)
        .next();
    end.unwrap_or(doc.block_range(block).start)
}

/// The columns of a row, moved `skip` cells to the left, that show a part of these bytes; what has no source, such as
/// an address, belongs to the words around it.
pub fn lit(row: &Row, part: &Range<usize>, skip: usize) -> Vec<Range<usize>> {
    let fixed = row.indent();
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut is_open = false;
    let mut before = None;
    let mut end = fixed;
    for piece in pieces(row) {
        end = piece.columns.end;
        let Some(source) = piece.source else { continue };
        let is_in = source.start < part.end && source.end > part.start;
        // The part began in a row above.
        let goes_on = before.is_none() && part.start < source.start;
        match found.last_mut() {
            Some(last) if is_in && is_open => last.end = piece.columns.end,
            _ if is_in && goes_on => found.push(fixed..piece.columns.end),
            _ if is_in => found.push(piece.columns),
            _ => {}
        }
        is_open = is_in;
        before = Some(source.end);
    }
    if is_open
        && before.is_some_and(|before| part.end > before)
        && let Some(last) = found.last_mut()
    {
        last.end = end;
    }
    if !row.is_whole_line() || skip == 0 {
        return found;
    }
    let moved = |column: usize| match column {
        column if column <= fixed => column,
        column => column.saturating_sub(skip).max(fixed),
    };
    let ranges = found.into_iter().map(|r| moved(r.start)..moved(r.end));
    ranges.filter(|range| !range.is_empty()).collect()
}

/// The word or line of a source in which a place is.
pub fn grown(source: &str, place: Range<usize>, grain: Grain) -> Range<usize> {
    let Some((before, after)) = source.split_at_checked(place.start.min(source.len())) else {
        return place;
    };
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let end = after
        .find('\n')
        .map_or(source.len(), |at| before.len() + at);
    match grain {
        Grain::Cell => place,
        Grain::Line => start..end,
        Grain::Word => {
            let line = &source[start..end];
            let words = line.split_word_bound_indices();
            let mut words = words.map(|(at, word)| start + at..start + at + word.len());
            words
                .find(|word| word.contains(&place.start))
                .unwrap_or(place)
        }
    }
}

/// A part of the source as text. What lies whole in a larger part brings its marks (a heading its `#`, a fence its
/// ticks); a part of a code block is as it stands in the code; all other words there are are the whole source.
pub fn text(doc: &Doc, part: &Range<usize>) -> String {
    let source = doc.source();
    let part = bound(source, part);
    if part.is_empty() {
        return String::new();
    }
    let count = doc.block_count();
    let is_touched = |block: &usize| {
        let range = doc.block_range(*block);
        range.start < part.end && range.end > part.start
    };
    let mut blocks = (0..count).filter(is_touched);
    let first = blocks.next().unwrap_or(0);
    let last = blocks.next_back().unwrap_or(first);
    let around = doc.block_range(first).start.min(part.start)
        ..doc.block_range(last).end.max(part.end).min(source.len());
    let around = bound(source, &around);
    let Some(passage) = source.get(around.clone()) else {
        return String::new();
    };
    let inside = part.start - around.start..part.end - around.start;
    let read = || read(passage, inside.clone(), doc.refs());
    let Ok(picked) = catch_unwind(AssertUnwindSafe(read)) else {
        return source[part].to_owned();
    };
    if let Some(code) = picked.code {
        return code;
    }
    let is_from_start = first == 0 && inside.start <= picked.words.start;
    let is_to_end = last + 1 >= count && inside.end >= picked.words.end;
    if is_from_start && is_to_end {
        return source.to_owned();
    }
    passage[picked.part].to_owned()
}

/// The range, inside the text and between two characters.
fn bound(source: &str, range: &Range<usize>) -> Range<usize> {
    let down = |at: usize| {
        let mut at = at.min(source.len());
        while !source.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = down(range.start);
    start..down(range.end).max(start)
}

/// What a reading of the blocks found.
struct Picked {
    part: Range<usize>,
    /// The first word of the passage to the last.
    words: Range<usize>,
    /// The part lies in a code block: what it is of the code.
    code: Option<String>,
}

/// An element that is open: its bytes, its words so far, whether it is a code block.
struct Open {
    whole: Range<usize>,
    words: Option<Range<usize>>,
    code: Option<Vec<Range<usize>>>,
}

fn read(passage: &str, part: Range<usize>, refs: &Refs) -> Picked {
    let mut picked = Picked {
        words: 0..passage.len(),
        part: part.clone(),
        code: None,
    };
    let mut all: Option<Range<usize>> = None;
    let mut open: Vec<Open> = Vec::new();
    for (event, range) in reading(passage, refs).into_offset_iter() {
        match event {
            Event::Start(tag) => open.push(Open {
                code: matches!(tag, Tag::CodeBlock(_)).then(Vec::new),
                whole: range,
                words: None,
            }),
            Event::End(tag) => {
                if let Some(mut done) = open.pop() {
                    done.whole.end = done.whole.end.max(range.end);
                    close(passage, &done, &mut picked, tag, &part);
                    add(&mut all, done.words.clone());
                    if let Some(outer) = open.last_mut() {
                        add(&mut outer.words, done.words);
                    }
                }
            }
            Event::Code(words) | Event::InlineMath(words) | Event::DisplayMath(words) => {
                let inner = passage[range.clone()].find(&*words);
                let start = range.start + inner.unwrap_or(0);
                let words = start..(start + words.len()).min(range.end);
                extend(&mut picked.part, &range, &words);
                add(&mut all, Some(words.clone()));
                if let Some(outer) = open.last_mut() {
                    add(&mut outer.words, Some(words));
                }
            }
            Event::Text(_)
            | Event::Html(_)
            | Event::InlineHtml(_)
            | Event::FootnoteReference(_) => {
                let is_code = open.last().is_some_and(|outer| outer.code.is_some());
                let shown = match &passage[range.clone()] {
                    line if is_code => line.trim_end_matches(['\n', '\r']).len(),
                    words => words.trim_end().len(),
                };
                let words = range.start..range.start + shown;
                add(&mut all, Some(words.clone()));
                if let Some(outer) = open.last_mut() {
                    add(&mut outer.words, Some(words));
                    if let Some(code) = &mut outer.code {
                        code.push(range);
                    }
                }
            }
            Event::SoftBreak | Event::HardBreak | Event::Rule | Event::TaskListMarker(_) => {}
        }
    }
    picked.words = all.unwrap_or(0..passage.len());
    picked
}

fn add(words: &mut Option<Range<usize>>, more: Option<Range<usize>>) {
    let Some(more) = more.filter(|more| !more.is_empty()) else {
        return;
    };
    *words = Some(match words.take() {
        Some(own) => own.start.min(more.start)..own.end.max(more.end),
        None => more,
    });
}

/// An element ended: the part grows by its marks when it holds more than the element's words.
fn close(passage: &str, done: &Open, picked: &mut Picked, tag: TagEnd, part: &Range<usize>) {
    let Some(words) = &done.words else { return };
    if let Some(code) = &done.code
        && tag == TagEnd::CodeBlock
        && words.start <= part.start
        && part.end <= words.end
    {
        let inside = code.iter().map(|line| {
            let from = line.start.max(part.start).min(line.end);
            &passage[from..line.end.min(part.end).max(from)]
        });
        picked.code = Some(inside.collect());
        return;
    }
    let shown = passage[done.whole.clone()].trim_end().len();
    let whole = done.whole.start..done.whole.start + shown;
    extend(&mut picked.part, &whole, words);
}

/// The part takes in the whole element when it holds all its words and more.
fn extend(part: &mut Range<usize>, whole: &Range<usize>, words: &Range<usize>) {
    let holds = part.start <= words.start && part.end >= words.end;
    let is_more = part.start < words.start || part.end > words.end;
    if holds && is_more {
        part.start = part.start.min(whole.start);
        part.end = part.end.max(whole.end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::text::body::Ctx;
    use crate::tui::text::styled::width;
    use proptest::prelude::*;

    fn laid(source: &str, width: u16) -> Doc {
        let mut doc = Doc::whole(source.to_owned());
        doc.all_rows(width, &Ctx::default());
        doc
    }

    /// Every row with its block and number.
    fn rows(doc: &Doc) -> Vec<(usize, usize, String)> {
        let of = |block| {
            let rows = doc.rows(block).iter().enumerate();
            rows.map(move |(n, row)| (block, n, row.text().to_owned()))
        };
        (0..doc.block_count()).flat_map(of).collect()
    }

    /// The part from the first cell of some words on the screen to the last cell of others.
    fn between(doc: &Doc, from: &str, to: &str) -> Range<usize> {
        let find = |words: &str| {
            let found = rows(doc).into_iter().find_map(|(block, row, text)| {
                let byte = text.find(words)?;
                Some((block, row, width(&text[..byte])))
            });
            found.unwrap_or_else(|| panic!("{words:?} is not shown in {:?}", rows(doc)))
        };
        let (block, row, cell) = find(from);
        let first = at(doc, block, row, (cell, 0));
        let (block, row, cell) = find(to);
        let last = at(doc, block, row, (cell + width(to) - 1, 0));
        first.start..last.end
    }

    #[track_caller]
    fn picks(source: &str, (from, to): (&str, &str), expected: &str) {
        for width in [80, 14] {
            let doc = laid(source, width);
            assert_eq!(text(&doc, &between(&doc, from, to)), expected, "at {width}");
        }
    }

    #[test]
    fn wrapped_words_have_no_line_ends_of_the_screen() {
        let words = "one two three four five six seven eight nine ten";
        picks(
            words,
            ("two", "nine"),
            "two three four five six seven eight nine",
        );
        picks("a soft\nbreak stays", ("soft", "break"), "soft\nbreak");
        picks(words, ("one", "ten"), words);
    }

    #[test]
    fn what_is_taken_whole_brings_its_marks() {
        picks("# Head\n\nsome **bold** words", ("Head", "Head"), "Head");
        picks(
            "# Head\n\nsome **bold** words",
            ("Head", "some"),
            "# Head\n\nsome",
        );
        picks("# Head\n\nsome **bold** words", ("bold", "bold"), "bold");
        picks(
            "# Head\n\nsome **bold** words",
            ("some", "bold"),
            "some **bold**",
        );
        picks("- one\n- two\n- three", ("one", "two"), "- one\n- two");
        picks("- one\n- two\n- three", ("wo", "hree"), "wo\n- three");
        picks("see `code` now", ("see", "code"), "see `code`");
        picks("> said so\n\nend", ("said", "end"), "> said so\n\nend");
        picks("see [it](/x)\n\nend", ("see", "it"), "see [it](/x)");
    }

    #[test]
    fn a_table_gives_its_cells_and_rows_without_signs_of_the_screen() {
        let table = "| name | sum |\n|---|--:|\n| a b | 1 |\n| c | 22 |\n\nend";
        let doc = laid(table, 40);
        assert_eq!(text(&doc, &between(&doc, "a b", "a b")), "a b");
        assert_eq!(
            text(&doc, &between(&doc, "a b", "22")),
            "| a b | 1 |\n| c | 22 |"
        );
        assert_eq!(
            text(&doc, &between(&doc, "name", "22")),
            table[..table.len() - 5].to_owned()
        );
        let bar = at(&doc, 0, 2, (width("a b  "), 0));
        assert_eq!(bar, 30..30, "the bar belongs to no cell");
    }

    #[test]
    fn code_is_as_it_stands_in_the_code() {
        let code = "text\n\n- item\n\n  ```go\n  func f() {\n  \treturn 1\n  }\n  ```\n";
        for width in [40, 9] {
            let doc = laid(code, width);
            let part = between(&doc, "func", "return 1");
            let part = part.start..between(&doc, "}", "}").end;
            assert_eq!(text(&doc, &part), "func f() {\n\treturn 1\n}");
        }
        let doc = laid("```\ncargo test\n```", 40);
        assert_eq!(text(&doc, &between(&doc, "cargo", "test")), "cargo test");
        assert_eq!(text(&doc, &(0..18)), "```\ncargo test\n```");
        // A tab is four cells, and each of them is the tab.
        let doc = laid("```\n\tab\n```", 40);
        assert_eq!(
            [2, 5, 6].map(|x| at(&doc, 0, 0, (x, 0))),
            [4..5, 4..5, 5..6]
        );
        assert_eq!(at(&doc, 0, 0, (1, 0)), 4..4);
    }

    #[test]
    fn beside_the_words_a_place_is_empty() {
        let doc = laid("- one two\n- three\n\nend", 9);
        // The marker is before the line, the blank behind the words.
        assert_eq!(at(&doc, 0, 0, (0, 0)), 0..0);
        assert_eq!(at(&doc, 0, 0, (8, 0)), 8..9);
        assert_eq!(at(&doc, 0, 1, (0, 0)), 10..10);
        assert_eq!(at(&doc, 0, 1, (8, 0)), 17..17);
        assert_eq!(at(&doc, 1, 0, (4, 0)), 19..19);
    }

    /// The only one there is.
    fn one(found: Vec<Range<usize>>) -> Range<usize> {
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    }

    #[test]
    fn a_part_is_lit_where_it_is_shown() {
        let doc = laid("one **two** [x](/u) y", 80);
        let row = &doc.rows(0)[0];
        assert_eq!(row.text(), "one two x (/u) y");
        let part = between(&doc, "two", "two");
        assert_eq!(one(lit(row, &part, 0)), 4..7);
        assert_eq!(one(lit(row, &(0..21), 0)), 0..16);
        // An address that begins or ends a row is lit with the words before and after it.
        let doc = laid("one [xx](/uuu) y", 8);
        let shown: Vec<&str> = doc.rows(0).iter().map(Row::text).collect();
        assert_eq!(shown, ["one xx", "(/uuu) y"]);
        let second = &doc.rows(0)[1];
        assert_eq!(one(lit(second, &(0..16), 0)), 0..8);
        assert_eq!(one(lit(second, &(15..16), 0)), 7..8);
        let doc = laid("```\n0123456789\n```", 6);
        assert_eq!(one(lit(&doc.rows(0)[0], &(5..8), 0)), 3..6);
        assert_eq!(one(lit(&doc.rows(0)[0], &(5..8), 2)), 2..4);
        assert_eq!(at(&doc, 0, 0, (2, 3)), 7..8);
    }

    #[test]
    fn words_and_lines_are_of_the_source() {
        let source = "**bold** don't\n日本 end";
        let grow = |at, grain| &source[grown(source, at..at, grain)];
        assert_eq!(grow(3, Grain::Word), "bold");
        assert_eq!(grow(10, Grain::Word), "don't");
        assert_eq!(grow(10, Grain::Line), "**bold** don't");
        assert_eq!(grow(source.len(), Grain::Line), "日本 end");
        assert_eq!(grown("", 0..0, Grain::Word), 0..0);
    }

    /// Lines of markdown, mostly well meant.
    fn line() -> impl Strategy<Value = String> {
        let known = [
            "",
            "",
            "",
            "text",
            "some *words* and **more**",
            "`code` here",
            "# Head *e*",
            "---",
            "- item",
            "  - nested",
            "1. one",
            "> quote",
            ">> deep",
            "```rust",
            "```",
            "    indented",
            "\tlet x = 1;",
            "| a | b |",
            "|---|---|",
            "| 日本 | `c` |",
            "[text](https://a.b/c) end",
            "&amp; entity",
            "<b>html</b>",
            "<div>",
            "![image](x.png)",
            "hard  ",
            "- [x] done",
            "👨‍👩‍👧‍👦 family e\u{301}",
            "[l]: /url",
            "[t][l]",
            "a\u{202e}b\u{7}c",
        ];
        prop_oneof![
            8 => prop::sample::select(known.to_vec()).prop_map(str::to_owned),
            1 => "[ a-z*`|>#-]{0,30}",
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]
        #[test]
        fn what_is_picked_is_a_part_of_the_source(
            lines in prop::collection::vec(line(), 0..16),
            width in 1_u16..40,
            picks in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..44, 0_usize..6), 2..6),
        ) {
            let source = lines.join("\n");
            let doc = laid(&source, width);
            let rows = rows(&doc);
            prop_assert_eq!(text(&doc, &(0..source.len())), source.as_str());
            if rows.is_empty() {
                return Ok(());
            }
            let spot = |(row, cell, skip): &(prop::sample::Index, usize, usize)| {
                let (block, row, _) = row.get(&rows);
                at(&doc, *block, *row, (*cell, *skip))
            };
            for pair in picks.windows(2) {
                let (a, b) = (spot(&pair[0]), spot(&pair[1]));
                prop_assert!(source.get(a.clone()).is_some(), "{a:?} in {source:?}");
                let part = a.start.min(b.start)..a.end.max(b.end);
                let picked = text(&doc, &part);
                let codes = (0..doc.block_count()).flat_map(|block| doc.codes_of(block));
                let is_part = source.contains(&picked)
                    || codes.into_iter().any(|code| code.text.contains(&picked));
                prop_assert!(is_part, "{picked:?} is not in {source:?}");
                prop_assert!(source[part.clone()].trim().is_empty() || !picked.is_empty());
                for (block, row, _) in &rows {
                    for columns in lit(&doc.rows(*block)[*row], &part, 0) {
                        let is_in = columns.clone().any(|column| {
                            let found = at(&doc, *block, *row, (column, 0));
                            found.start < part.end && found.end > part.start
                        });
                        prop_assert!(is_in, "{columns:?}");
                    }
                }
            }
        }

        /// Where a table is narrow enough to become a list, its head has no place of its own.
        #[test]
        fn all_words_there_are_are_the_whole_source(lines in prop::collection::vec(line(), 1..12), width in 30_u16..60) {
            let source = lines.join("\n");
            let doc = laid(&source, width);
            let span = |block: usize| {
                let spans = doc.rows(block).iter().filter_map(|row| row.origins().span());
                spans.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))
            };
            // A rule or an empty item at an end has no words that could be taken.
            let spans: Option<Vec<Range<usize>>> = (0..doc.block_count()).map(span).collect();
            let is_only_code = doc.block_count() == 1 && !doc.codes_of(0).is_empty();
            // A blank before the mark that closes code in a line is not shown at the end of a row, nor taken.
            let has_hidden_blank = lines.iter().any(|line| line.trim_end().ends_with(" `"));
            if let Some(spans) = spans
                && let Some((first, last)) = spans.first().zip(spans.last())
                && !is_only_code
                && !has_hidden_blank
            {
                prop_assert_eq!(text(&doc, &(first.start..last.end)), source);
            }
        }
    }
}
