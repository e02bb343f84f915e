//! One screen line of text, ready to be painted.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::styled::{Run, Styled, add_run, first_grapheme, grapheme_width, width};
use crate::domain::clean::Clean;
use crate::tui::theme::{Look, Theme, Tone};

/// One screen line: a prefix that stays in place (indents, markers, bars) and the text after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    text: String,
    runs: Vec<Run>,
    /// Cells of the whole text.
    width: u32,
    /// Bytes of the prefix, which does not move when the row is scrolled sideways.
    fixed: u32,
    source: Option<Range<u32>>,
    /// The name at the right end of a code block's first row.
    label: Option<Box<str>>,
    /// The row was not wrapped: it may be wider than the screen and says so at its edges.
    is_whole_line: bool,
}

/// What a scrolled row shows at an edge behind which there is more.
const MORE_LEFT: &str = "‹";
const MORE_RIGHT: &str = "›";

impl Row {
    /// A row of `range` of a text after a prefix. `runs` are the looks of that range.
    pub(super) fn cut(prefix: &Styled, text: &Styled, range: Range<usize>, runs: &[Run]) -> Row {
        let shown = &text.text()[range.clone()];
        let mut row = Row {
            text: [prefix.text(), shown].concat(),
            runs: Vec::with_capacity(prefix.runs().len() + runs.len()),
            width: 0,
            fixed: super::styled::short(prefix.text().len()),
            source: text.source_of(range),
            label: None,
            is_whole_line: false,
        };
        for run in prefix.runs().iter().chain(runs) {
            add_run(&mut row.runs, run.len as usize, run.look);
        }
        row.width = super::styled::short(width(&row.text));
        row
    }

    /// A row that shows a whole text, however wide.
    pub fn of(text: &Styled) -> Row {
        Row::line(&Styled::default(), text)
    }

    /// A row that shows one line whole after a prefix, to be scrolled sideways.
    pub(super) fn line(prefix: &Styled, text: &Styled) -> Row {
        let mut row = Row::cut(prefix, text, 0..text.text().len(), text.runs());
        row.is_whole_line = true;
        row
    }

    /// A row without text.
    pub fn blank() -> Row {
        Row::default()
    }

    /// The same with a name at its right end, shown where there is room.
    pub(super) fn labelled(mut self, name: &Clean) -> Row {
        if !name.is_empty() {
            self.label = Some(name.as_str().into());
        }
        self
    }

    /// The same with a place in the source where none is known: a line of code without words.
    pub(super) fn placed(mut self, at: Option<usize>) -> Row {
        if self.source.is_none()
            && let Some(at) = at.map(super::styled::short)
        {
            self.source = Some(at..at);
        }
        self
    }

    /// Adds text to the end of a whole line. A grapheme may be completed by it.
    pub(super) fn extend(&mut self, more: &Clean, look: Look) {
        if more.is_empty() {
            return;
        }
        let last = {
            use unicode_segmentation::UnicodeSegmentation;
            self.text.graphemes(true).next_back().unwrap_or("")
        };
        let from = self.text.len() - last.len();
        let before = width(last);
        self.text.push_str(more);
        add_run(&mut self.runs, more.len(), look);
        let after = width(&self.text[from..]);
        self.width =
            (self.width + super::styled::short(after)).saturating_sub(super::styled::short(before));
    }

    /// Takes back what was added after the first `len` bytes, which took `cells`.
    pub(super) fn shorten(&mut self, len: usize, cells: usize) {
        self.text.truncate(len);
        let mut left = super::styled::short(self.text.len());
        self.runs.retain_mut(|run| {
            run.len = run.len.min(left);
            left -= run.len;
            run.len > 0
        });
        self.width = super::styled::short(cells);
    }

    /// Adds the text of another row.
    pub(super) fn join(&mut self, more: &Row) {
        if let (Some(own), Some(more)) = (&mut self.source, &more.source) {
            own.end = more.end;
        }
        self.extend(&Clean::line(more.body()), Look::default());
    }

    /// The look of the first character after the prefix.
    pub(super) fn first_look(&self) -> Option<Look> {
        self.looks()
            .find(|(range, _)| range.end > self.fixed as usize)
            .map(|(_, look)| look)
    }

    /// Adds what the row shows to a text, with its prefix.
    pub(super) fn add_to(&self, text: &mut Styled) {
        for (range, look) in self.looks() {
            text.add(&self.text[range], look);
        }
    }

    /// The text with its prefix.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text after the prefix.
    pub fn body(&self) -> &str {
        &self.text[self.fixed as usize..]
    }

    /// Cells the row takes.
    pub fn width(&self) -> usize {
        self.width as usize
    }

    /// Whether the row was kept whole and may be wider than the screen.
    pub fn is_whole_line(&self) -> bool {
        self.is_whole_line
    }

    /// Cells of the prefix.
    pub fn indent(&self) -> usize {
        width(&self.text[..self.fixed as usize])
    }

    /// The cells of the row that these bytes of its text take when it is painted `skip` cells to the left.
    pub fn cells(&self, bytes: Range<usize>, skip: usize) -> Range<usize> {
        let skip = if self.is_whole_line { skip } else { 0 };
        let fixed = self.indent();
        let cell = |at: usize| {
            let cell = self.text.get(..at).map_or(0, width);
            cell.min(fixed).max(cell.saturating_sub(skip))
        };
        cell(bytes.start)..cell(bytes.end)
    }

    /// The name at its right end.
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// The bytes of the source that the row shows, as near as known.
    pub fn source(&self) -> Option<Range<usize>> {
        let range = self.source.as_ref()?;
        Some(range.start as usize..range.end as usize)
    }

    /// The looks of the row, in order, with their bytes.
    pub fn looks(&self) -> impl Iterator<Item = (Range<usize>, Look)> {
        let mut at = 0;
        self.runs.iter().map(move |run| {
            let start = at;
            at += run.len as usize;
            (start..at, run.look)
        })
    }

    /// Writes the row into the first line of `area`.
    pub fn paint(&self, buf: &mut Buffer, area: Rect, theme: Theme) {
        self.paint_from(buf, area, 0, theme);
    }

    /// Writes the row into the first line of `area`, its text moved `skip` cells to the left. The prefix stays.
    /// A wide character of which only half would be seen is not shown.
    pub fn paint_from(&self, buf: &mut Buffer, area: Rect, skip: usize, theme: Theme) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let skip = if self.is_whole_line { skip } else { 0 };
        let mut brush = Brush {
            buf,
            area,
            used: 0,
            skip: 0,
        };
        let (mut byte, mut end) = (0, 0);
        'runs: for run in &self.runs {
            let style = theme.style(run.look);
            end += run.len as usize;
            // A grapheme belongs to the look it begins in, and may reach into the next.
            while byte < end {
                if byte == self.fixed as usize {
                    brush.skip = skip;
                }
                let grapheme = first_grapheme(&self.text[byte..]);
                byte += grapheme.len();
                if !brush.put(grapheme, style) {
                    break 'runs;
                }
            }
        }
        self.paint_edges(buf, area, skip, theme);
    }

    fn paint_edges(&self, buf: &mut Buffer, area: Rect, skip: usize, theme: Theme) {
        let room = usize::from(area.width);
        let shown = self.width().saturating_sub(skip);
        if let Some(label) = &self.label {
            let wide = width(label);
            if wide + 1 + shown.max(self.fixed as usize) <= room {
                let x = area.right() - u16::try_from(wide).unwrap_or(area.width);
                buf.set_stringn(x, area.y, label, wide, theme.style(Look::of(Tone::Dim)));
            }
        }
        if !self.is_whole_line || room < 4 {
            return;
        }
        let dim = theme.style(Look::of(Tone::Dim));
        let fixed = width(&self.text[..self.fixed as usize]);
        if skip > 0 && self.width() > fixed && fixed < room {
            let x = area.x + u16::try_from(fixed).unwrap_or(0);
            mark(buf, (x, area), MORE_LEFT, dim);
        }
        if shown > room {
            mark(buf, (area.right() - 1, area), MORE_RIGHT, dim);
        }
    }
}

/// Puts a mark of one cell over what is there, and blanks the other half of a wide character it covers.
fn mark(buf: &mut Buffer, at: (u16, Rect), symbol: &str, style: ratatui::style::Style) {
    let (x, area) = at;
    if x > area.x && grapheme_width(buf[(x - 1, area.y)].symbol()) > 1 {
        buf[(x - 1, area.y)].set_symbol(" ");
    }
    if x + 1 < area.right() && grapheme_width(buf[(x, area.y)].symbol()) > 1 {
        buf[(x + 1, area.y)].set_symbol(" ");
    }
    let cell = &mut buf[(x, area.y)];
    cell.reset();
    cell.set_symbol(symbol).set_style(style);
}

struct Brush<'a> {
    buf: &'a mut Buffer,
    area: Rect,
    /// Cells written.
    used: u16,
    /// Cells still to be left out.
    skip: usize,
}

impl Brush<'_> {
    /// Writes a grapheme; false if nothing more fits.
    fn put(&mut self, grapheme: &str, style: ratatui::style::Style) -> bool {
        let mut wide = grapheme_width(grapheme);
        let mut symbol = grapheme;
        if wide == 0 {
            return true;
        }
        if self.skip > 0 {
            let left_out = wide.min(self.skip);
            self.skip -= left_out;
            wide -= left_out;
            symbol = " ";
            if wide == 0 {
                return true;
            }
        }
        let room = usize::from(self.area.width - self.used);
        if wide > room {
            return false;
        }
        let x = self.area.x + self.used;
        let y = self.area.y;
        self.buf[(x, y)].set_symbol(symbol).set_style(style);
        let wide = u16::try_from(wide).unwrap_or(1);
        for covered in 1..wide {
            self.buf[(x + covered, y)].reset();
        }
        self.used += wide;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(row: &Row, width: u16, skip: usize) -> String {
        let area = Rect::new(0, 0, width, 1);
        let mut buf = Buffer::empty(area);
        row.paint_from(&mut buf, area, skip, Theme::default());
        let mut shown = String::new();
        let mut x = 0;
        while x < width {
            let symbol = buf[(x, 0)].symbol();
            shown.push_str(symbol);
            x += u16::try_from(grapheme_width(symbol).max(1)).unwrap();
        }
        shown
    }

    fn row(text: &str) -> Row {
        let text = Styled::of(&Clean::line(text), Look::default());
        Row::cut(&Styled::default(), &text, 0..text.text().len(), text.runs())
    }

    #[test]
    fn graphemes_take_their_cells() {
        assert_eq!(painted(&row("a👨‍👩‍👧‍👦é日b"), 8, 0), "a👨‍👩‍👧‍👦é日b ");
        assert_eq!(painted(&row("a日本"), 4, 0), "a日 ");
        assert_eq!(painted(&row("e\u{301}x"), 3, 0), "e\u{301}x ");
    }

    #[test]
    fn painting_agrees_with_ratatui() {
        for text in ["plain", "日本語 text", "👩‍🚀🇩🇪1️⃣", "ｶﾞ half", "a\u{301}b"]
        {
            let area = Rect::new(0, 0, 20, 1);
            let (mut ours, mut theirs) = (Buffer::empty(area), Buffer::empty(area));
            row(text).paint(&mut ours, area, Theme::default());
            theirs.set_string(0, 0, text, Theme::default().style(Look::default()));
            assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn a_whole_line_moves_sideways_behind_its_prefix() {
        let text = Styled::of(&Clean::own("0123456789"), Look::default());
        let row = Row::line(&Styled::blanks(2), &text).labelled(&Clean::own("rust"));
        assert_eq!(painted(&row, 8, 0), "  01234›");
        assert_eq!(painted(&row, 8, 3), "  ‹4567›");
        assert_eq!(painted(&row, 8, 4), "  ‹56789");
        assert_eq!(painted(&row, 18, 0), "  0123456789  rust");
        assert_eq!(painted(&row, 16, 0), "  0123456789    ");
    }

    #[test]
    fn half_a_wide_character_is_a_blank() {
        let text = Styled::of(&Clean::own("日本語の文"), Look::default());
        let row = Row::line(&Styled::default(), &text);
        assert_eq!(painted(&row, 20, 1).trim_end(), "‹本語の文");
        assert_eq!(painted(&row, 5, 0), "日本›");
    }

    #[test]
    fn a_grapheme_over_two_looks_is_drawn_once_and_the_rest_keeps_its_look() {
        let mut row = row("ae");
        row.extend(&Clean::own("\u{301}xy"), Look::of(Tone::Accent));
        row.extend(&Clean::own("z"), Look::default());
        assert_eq!(painted(&row, 10, 0), "ae\u{301}xyz     ");
        let area = Rect::new(0, 0, 10, 1);
        let mut buf = Buffer::empty(area);
        row.paint(&mut buf, area, Theme::default());
        let accent = Theme::default().style(Look::of(Tone::Accent)).fg;
        let shown: Vec<bool> = (0..5).map(|x| Some(buf[(x, 0)].fg) == accent).collect();
        assert_eq!(shown, [false, false, true, true, false]);
    }

    #[test]
    fn extending_completes_graphemes() {
        let mut row = Row::line(
            &Styled::default(),
            &Styled::of(&Clean::own("ae"), Look::default()),
        );
        row.extend(&Clean::own("\u{301}日"), Look::default());
        assert_eq!(row.width(), 4);
        row.shorten(2, 2);
        assert_eq!((row.text(), row.width()), ("ae", 2));
    }

    #[test]
    fn painting_outside_the_buffer_does_nothing() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 4, 1));
        row("text").paint(&mut buf, Rect::new(2, 5, 9, 1), Theme::default());
        row("text").paint(&mut buf, Rect::new(2, 0, 9, 1), Theme::default());
        assert_eq!(buf, Buffer::with_lines(["  te"]));
    }
}
