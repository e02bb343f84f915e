//! A long message folded to its first rows, and a line that says how much more there is.

use ratatui::layout::Rect;

use crate::domain::clean::Clean;
use crate::domain::message::{Message, Role};
use crate::keys::Action;
use crate::tui::canvas::{Canvas, cut};
use crate::tui::pane::foot::Hints;
use crate::tui::text::doc::{Ctx, Doc};
use crate::tui::text::row::Row;
use crate::tui::theme::{Look, Tone};

/// Rows a folded message keeps.
pub const FIRST: usize = 8;
/// The words those rows are made of: at most so many lines and bytes.
const LINES: usize = 3 * FIRST;
const BYTES: usize = 5_000;
/// A question of more rows than this is folded from the start: what was pasted does not bury the answer.
const LONG: usize = 30;
/// Bytes taken for a row when a question's rows are guessed, so that no width is needed.
const ROW: usize = 100;

/// How a message is folded.
#[derive(Default)]
pub(super) struct Fold {
    /// The reader's choice; `None` = as it came.
    pub choice: Option<bool>,
    is_long_question: bool,
    gist: Doc,
    /// Bytes of the source that `gist` was made of.
    made_of: usize,
    /// Rows of it that are shown.
    rows: usize,
    /// What the rows do not show, and the bytes of the source and of the rows it was counted for.
    more: Clean,
    counted: (usize, usize),
}

impl Fold {
    /// As a message comes: a long question is folded, an answer never.
    pub(super) fn of(message: &Message) -> Fold {
        Fold {
            is_long_question: message.role == Role::User && is_long(&message.content),
            ..Fold::default()
        }
    }

    /// The message has other words now.
    pub(super) fn renew(&mut self, message: &Message) {
        *self = Fold {
            choice: self.choice,
            ..Fold::of(message)
        };
    }

    /// Whether the words are folded.
    pub(super) fn is_folded(&self) -> bool {
        self.choice.unwrap_or(self.is_long_question)
    }

    /// Rows of the folded words at this width.
    pub(super) fn height(&mut self, source: &str, width: u16, ctx: &Ctx) -> usize {
        let head = head(source);
        if self.made_of != head.len() {
            self.made_of = head.len();
            self.gist = Doc::whole(head.to_owned());
        }
        // There are few enough lines to colour them at once.
        let ctx = Ctx {
            code_at_once: None,
            ..ctx.clone()
        };
        self.rows = 0;
        let mut shown = 0;
        for block in 0..self.gist.block_count() {
            self.gist.height(block, width, &ctx);
            let room = FIRST - self.rows;
            for row in self.gist.rows(block).iter().take(room) {
                self.rows += 1;
                shown = row.source().map_or(shown, |s| s.end.max(shown));
            }
            if self.rows == FIRST {
                break;
            }
        }
        if self.counted != (source.len(), shown) {
            self.counted = (source.len(), shown);
            self.more = more(source.get(shown..).unwrap_or(""));
        }
        self.rows + 1
    }

    /// A row of them, as far as it is laid out.
    pub(super) fn row(&self, row: usize) -> Option<&Row> {
        let blocks = 0..self.gist.block_count();
        blocks
            .flat_map(|block| self.gist.rows(block))
            .take(self.rows)
            .nth(row)
    }

    /// Draws a row of the folded words, or the line under them.
    pub(super) fn paint(
        &self,
        canvas: &mut Canvas<'_>,
        area: Rect,
        row: usize,
        (hints, is_at_hand): (&Hints, bool),
    ) {
        if let Some(row) = self.row(row) {
            row.paint(canvas.buffer, area, canvas.theme);
            return;
        }
        let key = match hints.key(Action::FoldLong).filter(|_| is_at_hand) {
            Some(key) => format!(" · {key} unfolds"),
            None => String::new(),
        };
        let line = Clean::line(&format!("{}{key}", self.more));
        canvas.put(area, (0, 0), &cut(&line, area.width), Look::of(Tone::Dim));
    }

    #[cfg(test)]
    pub(super) fn cost(&self) -> u64 {
        self.gist.cost().rows
    }
}

/// Whether a text takes more rows than `LONG`, as a guess; no more of it is read than that needs.
fn is_long(text: &str) -> bool {
    let mut rows = 0;
    text.lines().any(|line| {
        rows += 1 + line.len() / ROW;
        rows > LONG
    })
}

/// The beginning of a text that the first rows are made of.
fn head(source: &str) -> &str {
    let mut ends = source.bytes().enumerate().filter(|(_, b)| *b == b'\n');
    let lines = ends.nth(LINES - 1).map_or(source.len(), |(at, _)| at + 1);
    let mut end = lines.min(BYTES);
    while !source.is_char_boundary(end) {
        end -= 1;
    }
    source.get(..end).unwrap_or(source)
}

/// What is not shown, in words.
fn more(rest: &str) -> Clean {
    let rest = rest.trim();
    let lines = match rest {
        "" => 0,
        _ => 1 + rest.bytes().filter(|b| *b == b'\n').count(),
    };
    Clean::line(&match lines {
        0 => "…".to_owned(),
        1 => format!("… {} more characters", rest.chars().count()),
        _ => format!("… {lines} more lines"),
    })
}
