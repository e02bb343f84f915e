//! Writing single lines into cells: the only way short foreign text gets on the screen, and it must be `Clean`.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::theme::{Look, Theme};
use crate::domain::clean::Clean;

/// A frame being painted.
pub struct Canvas<'a> {
    pub buffer: &'a mut Buffer,
    pub theme: Theme,
}

impl Canvas<'_> {
    /// Writes `text` into row `y` of the area from column `x` on, both counted from the area's corner; what does not
    /// fit is cut. Returns the column after the last cell written.
    pub fn put(&mut self, area: Rect, (x, y): (u16, u16), text: &Clean, look: Look) -> u16 {
        let area = area.intersection(self.buffer.area);
        if y >= area.height || x >= area.width {
            return x;
        }
        let room = usize::from(area.width - x);
        let style = self.theme.style(look);
        let (end, _) = self
            .buffer
            .set_stringn(area.x + x, area.y + y, text.as_str(), room, style);
        end - area.x
    }

    /// Writes `text` so that it ends at the area's right edge, cut with `…` when it has no room after column `from`.
    /// Returns the column it begins at.
    pub fn put_right(
        &mut self,
        area: Rect,
        (from, y): (u16, u16),
        text: &Clean,
        look: Look,
    ) -> u16 {
        let room = area.width.saturating_sub(from);
        let text = cut(text, room);
        let x = area.width.saturating_sub(width(&text));
        self.put(area, (x, y), &text, look);
        x
    }

    /// Blanks an area.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                self.buffer[(x, y)].reset();
            }
        }
    }

    /// Gives every cell of an area a look, keeping what stands there.
    pub fn tint(&mut self, area: Rect, look: Look) {
        let style = self.theme.style(look);
        self.buffer
            .set_style(area.intersection(self.buffer.area), style);
    }

    /// Shows the cells of an area as selected: reversed, whatever their colours are.
    pub fn select(&mut self, area: Rect) {
        let look = self.theme.style(Look::default().reversed());
        let plain = look
            .fg(Color::Reset)
            .bg(Color::Reset)
            .remove_modifier(Modifier::DIM);
        self.buffer
            .set_style(area.intersection(self.buffer.area), plain);
    }

    /// A rule over the whole width of row `y`.
    pub fn rule(&mut self, area: Rect, y: u16, look: Look) {
        let line = Clean::line(&"─".repeat(usize::from(area.width)));
        self.put(area, (0, y), &line, look);
    }
}

/// Cells a line takes.
pub fn width(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

/// At most `cells` cells of a line, with `…` at the end when something was cut.
pub fn cut(text: &Clean, cells: u16) -> Clean {
    if width(text) <= cells {
        return text.clone();
    }
    if cells == 0 {
        return Clean::default();
    }
    let (mut out, mut used) = (String::new(), 1);
    for grapheme in text.graphemes(true) {
        used += width(grapheme);
        if used > cells {
            break;
        }
        out.push_str(grapheme);
    }
    out.push('…');
    Clean::line(&out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_line_fits_and_keeps_whole_graphemes() {
        assert_eq!(&*cut(&Clean::own("lifetimes"), 9), "lifetimes");
        assert_eq!(&*cut(&Clean::own("lifetimes"), 5), "life…");
        assert_eq!(&*cut(&Clean::own("日本語"), 4), "日…");
        assert_eq!(&*cut(&Clean::line("👩‍👩‍👧‍👦👩‍👩‍👧‍👦"), 3), "👩‍👩‍👧‍👦…");
        assert_eq!(&*cut(&Clean::own("x y"), 0), "");
    }

    #[test]
    fn writing_stays_in_its_area() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 10, 2));
        let mut canvas = Canvas {
            buffer: &mut buffer,
            theme: Theme::default(),
        };
        let area = Rect::new(2, 0, 4, 1);
        canvas.put(area, (0, 0), &Clean::own("abcdefgh"), Look::default());
        canvas.put(area, (0, 1), &Clean::own("below"), Look::default());
        canvas.put_right(area, (2, 0), &Clean::own("xyz"), Look::default());
        assert_eq!(buffer, Buffer::with_lines(["  abx…    ", "          "]));
    }
}
