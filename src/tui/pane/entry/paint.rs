//! How a message is drawn, row by row.

use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use super::{Entry, Part, Spot};
use crate::domain::clean::Clean;
use crate::domain::message::Role;
use crate::domain::model::ModelRef;
use crate::tui::canvas::{Canvas, cut, width};
use crate::tui::pane::foot::{Hints, seconds};
use crate::tui::roster::Roster;
use crate::tui::theme::{Look, Tone};

/// Who speaks where no model is set up.
const GUIDE: &str = "built-in guide, not a language model";

impl Entry {
    /// Draws one row of an item into the first row of `area`; code is moved by `skip` cells.
    pub fn paint(&self, canvas: &mut Canvas<'_>, area: Rect, spot: Spot<'_>) {
        let Spot {
            item,
            row,
            skip,
            zone,
            roster,
            hints,
            is_at_hand,
        } = spot;
        match self.part(item) {
            Part::Head => self.paint_head(canvas, area, zone, roster),
            Part::Thinking => self.paint_thinking(canvas, area, row),
            Part::Gist => self.fold.paint(canvas, area, row, (hints.0, is_at_hand)),
            Part::Block(block) => {
                if let Some(line) = self.doc.rows(block).get(row) {
                    let skip = if line.is_whole_line() { skip } else { 0 };
                    line.paint_from(canvas.buffer, area, skip, canvas.theme);
                }
            }
            Part::Foot => self.paint_foot(canvas, area, row, hints),
        }
    }

    fn paint_foot(
        &self,
        canvas: &mut Canvas<'_>,
        area: Rect,
        row: usize,
        (hints, is_focused): (&Hints, bool),
    ) {
        let Some(line) = self.laid_foot.1.get(row) else {
            return;
        };
        let right = width(&line.right);
        let room = area
            .width
            .saturating_sub(if right > 0 { right + 1 } else { 0 });
        let offered = hints.line(line.offers, is_focused, room);
        let left = if line.offers.is_empty() {
            &line.left
        } else {
            &offered
        };
        let x = canvas.put(area, (0, 0), &cut(left, room), line.look);
        canvas.put_right(area, (x, 0), &line.right, Look::of(Tone::Dim));
    }

    fn paint_head(&self, canvas: &mut Canvas<'_>, area: Rect, zone: &TimeZone, roster: &Roster) {
        let message = self.message();
        let persona = message.persona.and_then(|id| roster.name(id));
        let bold = Look::default().bold();
        let is_guide = message.model.as_ref().is_some_and(ModelRef::is_guide);
        let (who, look) = match (message.role, &message.model, persona) {
            (Role::User, _, _) => (Clean::own("you"), Look::of(Tone::Accent).bold()),
            (Role::System, _, _) => (Clean::own("system"), Look::of(Tone::Dim)),
            (Role::Assistant, _, None) if is_guide => (Clean::own(GUIDE), bold),
            (Role::Assistant, _, Some(name)) if is_guide => {
                (Clean::line(&format!("{name} ({GUIDE})")), bold)
            }
            (Role::Assistant, _, Some(name)) => (name, bold),
            (Role::Assistant, Some(model), None) => (Clean::line(&model.name), bold),
            (Role::Assistant, None, None) => (Clean::own("reply"), bold),
        };
        let when = Clean::line(&message.created_at.hour_minute(zone));
        let room = area.width.saturating_sub(width(&when) + 1);
        let x = canvas.put(area, (0, 0), &cut(&who, room), look);
        canvas.put_right(area, (x + 1, 0), &when, Look::of(Tone::Dim));
    }

    fn paint_thinking(&self, canvas: &mut Canvas<'_>, area: Rect, row: usize) {
        let Some(thinking) = &self.thinking else {
            return;
        };
        if row == 0 {
            let sign = if self.is_thinking_open() {
                "▾"
            } else {
                "▸"
            };
            let words = match self.message().thinking_ms {
                Some(ms) => format!("{sign} thought for {}", seconds(ms)),
                None => format!("{sign} thinking"),
            };
            canvas.put(
                area,
                (0, 0),
                &cut(&Clean::line(&words), area.width),
                Look::of(Tone::Dim),
            );
            return;
        }
        let mut left = row - 1;
        let area = Rect {
            x: area.x + 2.min(area.width),
            width: area.width.saturating_sub(2),
            ..area
        };
        for block in 0..thinking.doc.block_count() {
            let rows = thinking.doc.rows(block);
            if let Some(line) = rows.get(left) {
                line.paint(canvas.buffer, area, canvas.theme);
                canvas.tint(Rect { height: 1, ..area }, Look::of(Tone::Dim));
                return;
            }
            left -= rows.len();
        }
    }
}
