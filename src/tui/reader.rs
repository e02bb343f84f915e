//! One finished text to scroll: help and the manual.

use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::text::doc::{Ctx, Doc};
use super::text::scroll::{Extent, Scroll, Seen};

/// A text with a scroll position.
pub struct Reader {
    doc: Doc,
    scroll: Scroll,
    seen: Vec<Seen>,
    area: Rect,
    ctx: Ctx,
}

impl Reader {
    /// This markdown from its beginning.
    pub fn new(markdown: String) -> Self {
        let mut scroll = Scroll::default();
        scroll.to_start();
        Reader {
            doc: Doc::whole(markdown),
            scroll,
            seen: Vec::new(),
            area: Rect::default(),
            ctx: Ctx::default(),
        }
    }

    fn extent(&self) -> Extent {
        Extent {
            items: self.doc.block_count(),
            rows: usize::from(self.area.height),
        }
    }

    /// Moves by rows; the extremes go to the ends.
    pub fn scroll(&mut self, by: i32) {
        let extent = self.extent();
        match by {
            i32::MIN => self.scroll.to_start(),
            i32::MAX => self.scroll.to_end(),
            by => {
                let (doc, width, ctx) = (&mut self.doc, self.area.width, &self.ctx);
                self.scroll
                    .by_rows(isize::try_from(by).unwrap_or(0), extent, |block| {
                        doc.height(block, width, ctx)
                    });
            }
        }
    }

    /// Lays out what is seen in this area.
    pub fn layout(&mut self, area: Rect) {
        self.area = area;
        let extent = self.extent();
        let (doc, ctx) = (&mut self.doc, &self.ctx);
        self.seen = self
            .scroll
            .seen(extent, |block| doc.height(block, area.width, ctx));
    }

    /// Draws it.
    pub fn paint(&self, canvas: &mut Canvas<'_>) {
        for part in &self.seen {
            let rows = self
                .doc
                .rows(part.item)
                .iter()
                .skip(part.from)
                .take(part.rows);
            for (y, row) in (part.y..).zip(rows) {
                let y = self.area.y + u16::try_from(y).unwrap_or(u16::MAX - self.area.y);
                row.paint(
                    canvas.buffer,
                    Rect {
                        y,
                        height: 1,
                        ..self.area
                    },
                    canvas.theme,
                );
            }
        }
    }
}
