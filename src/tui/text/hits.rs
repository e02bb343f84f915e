//! Where words stand in rows: a hit may begin in one row and end in the next.

use std::ops::Range;

use super::row::Row;
use crate::domain::find::Needle;

/// A hit: the rows it stands in and the bytes of their text, in order.
pub type Hit = Vec<(usize, Range<usize>)>;

/// Where the words stand in neighbouring rows of a block.
pub fn hits(rows: &[&Row], needle: &Needle) -> Vec<Hit> {
    let mut text = String::new();
    let mut begins = Vec::with_capacity(rows.len());
    for (at, row) in rows.iter().enumerate() {
        if at > 0 && has_gap(rows[at - 1], row) {
            text.push(' ');
        }
        begins.push(text.len());
        text.push_str(row.body());
    }
    let part = |hit: &Range<usize>, at: usize| {
        let prefix = rows[at].text().len() - rows[at].body().len();
        let (begin, len) = (begins[at], rows[at].body().len());
        let from = hit.start.max(begin) - begin;
        let to = hit.end.min(begin + len).saturating_sub(begin);
        (from < to).then_some((at, prefix + from..prefix + to))
    };
    needle
        .hits(&text)
        .map(|hit| {
            let first = begins
                .partition_point(|b| *b <= hit.start)
                .saturating_sub(1);
            let last = begins.partition_point(|b| *b < hit.end);
            (first..last).filter_map(|at| part(&hit, at)).collect()
        })
        .collect()
}

/// Whether a blank or a line end stood between two rows; a long word has none where it was broken.
fn has_gap(row: &Row, next: &Row) -> bool {
    match (row.source(), next.source()) {
        (Some(a), Some(b)) if !row.is_whole_line() => a.end != b.start,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::text::doc::{Ctx, Doc};

    fn found(source: &str, width: u16, words: &str) -> Vec<Vec<String>> {
        let mut doc = Doc::whole(source.to_owned());
        let rows = doc.all_rows(width, &Ctx::default());
        let needle = Needle::new(words).unwrap();
        let rows: Vec<&Row> = rows.iter().collect();
        hits(&rows, &needle)
            .into_iter()
            .map(|hit| {
                let part = |(row, range): (usize, Range<usize>)| rows[row].text()[range].to_owned();
                hit.into_iter().map(part).collect()
            })
            .collect()
    }

    #[test]
    fn words_are_found_as_they_are_shown() {
        assert_eq!(found("some **bold** words", 40, "bold w"), [["bold w"]]);
        assert_eq!(found("- one two three", 9, "two three"), [["two", "three"]]);
        assert_eq!(
            found("> a quote that is long", 10, "quote that"),
            [["quote", "that"]]
        );
        assert_eq!(found("abcdefghij", 4, "cdefgh"), [["cd", "efgh"]]);
        assert_eq!(
            found("```\nlet a;\nlet b;\n```", 20, "LET"),
            [["let"], ["let"]]
        );
        assert_eq!(
            found("| a | b |\n|---|---|\n| x y | z |", 40, "x y"),
            [["x y"]]
        );
        assert!(found("nothing", 40, "else").is_empty());
    }
}
