//! A text to read: an earlier version of a prompt, what a look at salon itself has found.

use ratatui::layout::Rect;

use super::frame::frame;
use crate::domain::clean::Clean;
use crate::keys::Action;
use crate::tui::canvas::Canvas;
use crate::tui::msg::Outcome;
use crate::tui::text::row::Row;
use crate::tui::text::wrap::plain;
use crate::tui::theme::Look;

/// A text that only scrolls.
pub struct Reading {
    title: Clean,
    aside: Clean,
    lines: Vec<(Clean, Look)>,
    rows: Vec<Row>,
    laid: u16,
    top: usize,
    area: Rect,
}

impl Reading {
    /// This text under this title.
    pub fn new(title: Clean, aside: Clean, text: Clean) -> Reading {
        Reading::of_lines(title, aside, vec![(text, Look::default())])
    }

    /// The same, each part with its look.
    pub fn of_lines(title: Clean, aside: Clean, lines: Vec<(Clean, Look)>) -> Reading {
        Reading {
            title,
            aside,
            lines,
            rows: Vec::new(),
            laid: 0,
            top: 0,
            area: Rect::default(),
        }
    }

    /// Another text in place of this one; where one reads stays.
    pub fn fill(&mut self, aside: Clean, lines: Vec<(Clean, Look)>) {
        self.aside = aside;
        self.lines = lines;
        self.laid = 0;
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only what scrolls matters here"
    )]
    pub fn act(&mut self, action: Action) -> Outcome {
        let page = isize::try_from(self.shown()).unwrap_or(1).max(1);
        let by = match action {
            Action::Accept => return Outcome::Close,
            Action::ListUp => -1,
            Action::ListDown => 1,
            Action::ListPageUp => -page,
            Action::ListPageDown => page,
            Action::ListFirst => isize::MIN,
            Action::ListLast => isize::MAX,
            _ => return Outcome::Stay,
        };
        self.top = self.top.saturating_add_signed(by).min(self.most());
        Outcome::Stay
    }

    fn shown(&self) -> usize {
        usize::from(self.area.height.saturating_sub(2))
    }

    fn most(&self) -> usize {
        self.rows.len().saturating_sub(self.shown())
    }

    /// Rows it wants at this width, frame and all.
    pub fn height(&mut self, width: u16) -> u16 {
        self.lay(width.saturating_sub(4).max(1));
        u16::try_from(self.rows.len())
            .unwrap_or(u16::MAX)
            .saturating_add(2)
            .max(5)
    }

    pub fn layout(&mut self, area: Rect) {
        self.area = area;
        self.lay(area.width.saturating_sub(4).max(1));
        self.top = self.top.min(self.most());
    }

    fn lay(&mut self, width: u16) {
        if self.laid != width {
            self.laid = width;
            let lines = self.lines.iter();
            self.rows = lines
                .flat_map(|(line, look)| plain(line, *look, width))
                .collect();
        }
    }

    pub fn paint(&self, canvas: &mut Canvas<'_>) {
        let keys = Clean::own("↑↓ scroll · Esc");
        let inner = frame(canvas, self.area, &self.title, &self.aside, &keys);
        for (y, row) in (inner.y..inner.bottom()).zip(self.rows.iter().skip(self.top)) {
            let line = Rect {
                y,
                height: 1,
                ..inner
            };
            row.paint(canvas.buffer, line, canvas.theme);
        }
    }
}
