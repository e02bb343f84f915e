//! Drawing the library pane.

use ratatui::layout::Rect;

use super::Library;
use super::stock::Line;
use crate::domain::clean::Clean;
use crate::domain::prompt::PromptListed;
use crate::protocol::{PromptOrder, Which};
use crate::tui::canvas::{Canvas, cut, width};
use crate::tui::text::row::Row;
use crate::tui::theme::{Look, Tone};

impl Library {
    /// Draws title, filter, prompts and preview.
    pub fn paint(&self, canvas: &mut Canvas<'_>, is_focused: bool) {
        let area = self.area;
        let look = if is_focused {
            Look::of(Tone::Accent).bold()
        } else {
            Look::default().bold()
        };
        let title = match self.stock.sight.which {
            Which::Active => Clean::own("Prompts"),
            Which::Trashed => Clean::own("Prompts in the trash"),
        };
        canvas.put(area, (1, 0), &title, look);
        let inner = Rect {
            width: area.width.saturating_sub(1),
            ..area
        };
        let aside = Clean::line(&self.aside());
        canvas.put_right(inner, (width(&title) + 2, 0), &aside, Look::of(Tone::Dim));
        canvas.put(area, (1, 1), &Clean::own("/"), Look::of(Tone::Dim));
        self.filter
            .paint(canvas.buffer, self.filter_area(), canvas.theme);
        let body = Rect {
            y: area.y + 2,
            height: self.list_rows(),
            ..inner
        }
        .intersection(area);
        let lines = self.stock.lines();
        if lines.is_empty() && self.is_loaded() {
            let words = Clean::own(self.nothing());
            let words = cut(&words, body.width.saturating_sub(1));
            canvas.put(body, (1, 0), &words, Look::of(Tone::Dim));
        }
        for (y, at) in (0..body.height).zip(self.top..lines.len()) {
            match lines[at] {
                Line::Scenario => {
                    if let Some(Line::Prompt(first)) = lines.get(at + 1) {
                        self.paint_scenario(canvas, body, y, *first);
                    }
                }
                Line::Prompt(place) => self.paint_prompt(canvas, body, y, (place, is_focused)),
            }
        }
        self.paint_preview(canvas);
    }

    /// What differs from the ordinary view, then the number of prompts shown.
    fn aside(&self) -> String {
        let sight = self.stock.sight;
        let mut parts = Vec::new();
        if sight.order == PromptOrder::Title {
            parts.push("by title".to_owned());
        }
        if !sight.has_shipped {
            parts.push("own".to_owned());
        }
        if sight.has_hidden {
            parts.push("hidden too".to_owned());
        }
        parts.push(self.stock.count().to_string());
        parts.join(" · ")
    }

    fn nothing(&self) -> &'static str {
        match self.stock.sight.which {
            _ if !self.filter.is_empty() => "nothing matches",
            Which::Active => "no prompts yet",
            Which::Trashed => "the trash is empty",
        }
    }

    fn paint_scenario(&self, canvas: &mut Canvas<'_>, body: Rect, y: u16, first: usize) {
        let Some(row) = self.stock.get(first) else {
            return;
        };
        let name = match row.prompt.sheet.scenario.as_str() {
            "" => Clean::own("without a scenario"),
            name => Clean::line(name),
        };
        let name = cut(&name, body.width.saturating_sub(1));
        canvas.put(body, (1, y), &name, Look::of(Tone::Dim));
    }

    fn paint_prompt(
        &self,
        canvas: &mut Canvas<'_>,
        body: Rect,
        y: u16,
        (place, is_focused): (usize, bool),
    ) {
        let Some(row) = self.stock.get(place) else {
            return;
        };
        let is_selected = place == self.selected && is_focused;
        let look = if is_selected {
            Look::of(Tone::Accent).bold()
        } else if row.is_hidden {
            Look::of(Tone::Dim)
        } else {
            Look::default()
        };
        if is_selected {
            canvas.put(body, (1, y), &Clean::own("▌"), Look::of(Tone::Accent));
        }
        let aside = Clean::line(&aside(row));
        let room = body.width.saturating_sub(3 + width(&aside));
        let title = cut(&Clean::line(&row.prompt.sheet.title), room);
        let x = canvas.put(body, (2, y), &title, look);
        canvas.put_right(body, (x + 1, y), &aside, Look::of(Tone::Dim));
    }

    fn paint_preview(&self, canvas: &mut Canvas<'_>) {
        let area = self.preview_area();
        let Some(preview) = self.preview.as_ref().filter(|_| area.height > 0) else {
            return;
        };
        let rule = Rect {
            y: area.y - 1,
            height: 1,
            ..area
        };
        canvas.rule(rule, 0, Look::of(Tone::Dim));
        let foot = match u16::try_from(preview.foot.len()) {
            Ok(foot) if area.height >= foot + 4 => foot,
            Ok(_) | Err(_) => 0,
        };
        // A blank row between the text and its foot.
        let text = match foot {
            0 => area.height,
            _ => area.height.saturating_sub(foot + 1),
        };
        paint_rows(canvas, area, text, &preview.rows);
        if usize::from(text) < preview.rows.len() && foot > 0 {
            canvas.put(area, (0, text), &Clean::own("…"), Look::of(Tone::Dim));
        }
        let below = Rect {
            y: area.bottom().saturating_sub(foot).max(area.y),
            height: foot.min(area.height),
            ..area
        };
        paint_rows(canvas, below, below.height, &preview.foot);
    }
}

/// What stands at the right of a title: its uses, or that it is hidden.
fn aside(row: &PromptListed) -> String {
    match row.uses {
        _ if row.is_hidden => "hidden".to_owned(),
        0 => String::new(),
        uses => format!("{uses}×"),
    }
}

fn paint_rows(canvas: &mut Canvas<'_>, area: Rect, height: u16, rows: &[Row]) {
    for (y, row) in (area.y..area.y + height).zip(rows) {
        let line = Rect {
            y,
            height: 1,
            ..area
        };
        row.paint(canvas.buffer, line, canvas.theme);
    }
}
