//! What a conversation tells its model before all messages: the whole system text, part by part with its origin.

use ratatui::layout::Rect;

use super::frame::frame;
use crate::domain::clean::Clean;
use crate::keys::Action;
use crate::tui::canvas::Canvas;
use crate::tui::msg::Outcome;
use crate::tui::text::row::Row;
use crate::tui::text::wrap::plain;
use crate::tui::theme::{Look, Tone};

/// A part of the text, with where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub origin: Clean,
    /// Exactly as it is sent.
    pub text: Clean,
}

/// The view: rows to scroll.
pub struct Telling {
    parts: Vec<Told>,
    /// The rows, laid out for a width.
    rows: Vec<Row>,
    laid: u16,
    top: usize,
    area: Rect,
}

impl Telling {
    /// These parts, in the order they are sent.
    pub fn new(parts: Vec<Told>) -> Telling {
        Telling {
            parts,
            rows: Vec::new(),
            laid: 0,
            top: 0,
            area: Rect::default(),
        }
    }

    /// The text is now this; where one reads stays.
    pub fn fill(&mut self, parts: Vec<Told>) {
        if self.parts != parts {
            self.parts = parts;
            self.laid = 0;
        }
    }

    /// Own instructions and the persona are edited from here.
    pub fn letter(&self, c: char) -> Outcome {
        match c {
            'e' => Outcome::Act(Action::EditSystem),
            'p' => Outcome::Act(Action::EditPersona),
            _ => Outcome::Stay,
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only the moves of a list matter here"
    )]
    pub fn act(&mut self, action: Action) -> Outcome {
        let page = isize::from(i16::try_from(self.area.height).unwrap_or(i16::MAX))
            .saturating_sub(3)
            .max(1);
        let by = match action {
            Action::ListUp => -1,
            Action::ListDown => 1,
            Action::ListHalfUp => -page / 2,
            Action::ListHalfDown => page / 2,
            Action::ListPageUp => -page,
            Action::ListPageDown | Action::Accept => page,
            Action::ListFirst => isize::MIN,
            Action::ListLast => isize::MAX,
            _ => 0,
        };
        self.top = self.top.saturating_add_signed(by).min(self.last_top());
        Outcome::Stay
    }

    fn last_top(&self) -> usize {
        let shown = usize::from(self.area.height.saturating_sub(2));
        self.rows.len().saturating_sub(shown)
    }

    /// Rows it wants at this width, frame and all.
    pub fn height(&mut self, width: u16) -> u16 {
        self.lay(width.saturating_sub(4));
        u16::try_from(self.rows.len())
            .unwrap_or(u16::MAX)
            .saturating_add(2)
            .max(5)
    }

    fn lay(&mut self, width: u16) {
        let width = width.max(1);
        if self.laid == width {
            return;
        }
        self.laid = width;
        self.rows.clear();
        for part in &self.parts {
            if !self.rows.is_empty() {
                self.rows.push(Row::blank());
            }
            let heading = Look::of(Tone::Accent).bold();
            self.rows.extend(plain(&part.origin, heading, width));
            self.rows.extend(plain(&part.text, Look::default(), width));
        }
        if self.parts.is_empty() {
            let none = Clean::own("Nothing: the model is told nothing before your messages.");
            self.rows.extend(plain(&none, Look::of(Tone::Dim), width));
        }
    }

    pub fn layout(&mut self, area: Rect) {
        self.area = area;
        self.lay(area.width.saturating_sub(4));
        self.top = self.top.min(self.last_top());
    }

    pub fn paint(&self, canvas: &mut Canvas<'_>) {
        let keys = Clean::own("↑ ↓ · e own instructions · p the persona · Esc");
        let title = Clean::own("What the model is told");
        let inner = frame(canvas, self.area, &title, &Clean::default(), &keys);
        for (y, row) in (0..inner.height).zip(self.rows.iter().skip(self.top)) {
            let line = Rect {
                y: inner.y + y,
                height: 1,
                ..inner
            };
            row.paint(canvas.buffer, line, canvas.theme);
        }
    }
}
