//! Drawing a prompt being filled: fields, text, answer, one line of status.

use ratatui::layout::{Position, Rect};

use super::Fill;
use crate::domain::clean::Clean;
use crate::tui::canvas::{Canvas, cut, width};
use crate::tui::overlay::frame::frame;
use crate::tui::pane::library::estimate_words;
use crate::tui::theme::{Look, Tone};

impl Fill {
    /// Draws it; gives the caret's cell where text is taken.
    pub fn paint(&self, canvas: &mut Canvas<'_>) -> Option<Position> {
        let aside = if self.subject.prompt.is_none() {
            Clean::own("not saved yet")
        } else {
            Clean::default()
        };
        let title = Clean::line(&self.subject.title);
        frame(canvas, self.areas.whole, &title, &aside, &self.keys_line());
        let caret = self
            .sheet
            .as_ref()
            .and_then(|sheet| sheet.paint(canvas, !self.on_text));
        self.paint_rule(canvas);
        self.paint_text(canvas);
        if let Some(trial) = &self.trial {
            self.paint_heading(canvas);
            trial.paint(canvas);
        }
        self.paint_status(canvas);
        caret.filter(|_| !self.on_text)
    }

    fn keys_line(&self) -> Clean {
        let mut parts = Vec::new();
        match &self.trial {
            Some(trial) if trial.is_running() => parts.push("Esc stops".to_owned()),
            Some(_) | None => {}
        }
        if self.subject.prompt.is_some() {
            parts.push("⏎ use".to_owned());
        }
        if self.sheet.is_some() {
            parts.push("Tab field".to_owned());
        }
        let (try_it, with) = if self.on_text {
            ("t", "m")
        } else {
            (self.keys.try_it.as_str(), self.keys.try_with.as_str())
        };
        parts.push(format!("{try_it} try"));
        parts.push(format!("{with} other model"));
        Clean::line(&parts.join(" · "))
    }

    /// Parts the fields from the text.
    fn paint_rule(&self, canvas: &mut Canvas<'_>) {
        let (fields, text) = (self.areas.fields, self.areas.text);
        if self.sheet.is_none() || fields.height == 0 {
            return;
        }
        let dim = Look::of(Tone::Dim);
        if text.x > fields.x {
            for y in 0..fields.height {
                canvas.put(fields, (fields.width, y), &Clean::own("│"), dim);
                let line = Rect {
                    x: fields.right(),
                    width: 1,
                    ..fields
                };
                canvas.put(line, (0, y), &Clean::own("│"), dim);
            }
        } else {
            let line = Rect {
                y: fields.bottom(),
                height: 1,
                ..fields
            };
            canvas.rule(line, 0, dim);
        }
    }

    fn paint_text(&self, canvas: &mut Canvas<'_>) {
        let area = self.areas.text;
        for (y, row) in (0..area.height).zip(self.rows.iter().skip(self.top)) {
            let line = Rect {
                y: area.y + y,
                height: 1,
                ..area
            };
            row.paint(canvas.buffer, line, canvas.theme);
        }
        if self.on_text && self.sheet.is_some() && area.x > 0 && area.height > 0 {
            let mark = Rect {
                x: area.x - 1,
                width: 1,
                ..area
            };
            canvas.put(mark, (0, 0), &Clean::own("▌"), Look::of(Tone::Accent));
        }
    }

    /// The line above an answer: who gives it.
    fn paint_heading(&self, canvas: &mut Canvas<'_>) {
        let answer = self.areas.answer;
        let line = Rect {
            y: answer.y.saturating_sub(1),
            height: 1,
            ..answer
        };
        canvas.rule(line, 0, Look::of(Tone::Dim));
        let model = self.trial.as_ref().and_then(|trial| trial.model());
        let words = match model {
            Some(model) => format!(" {model}, not kept "),
            None => " answer, not kept ".to_owned(),
        };
        let words = cut(&Clean::line(&words), line.width.saturating_sub(4));
        canvas.put(line, (2, 0), &words, Look::default().bold());
    }

    fn paint_status(&self, canvas: &mut Canvas<'_>) {
        let area = self.areas.status;
        let words = Clean::line(&estimate_words(self.tokens, self.tariff.as_ref()));
        canvas.put_right(area, (0, 0), &words, Look::of(Tone::Dim));
        let room = area.width.saturating_sub(width(&words) + 2);
        if !self.note.is_empty() {
            let note = cut(&self.note, room);
            canvas.put(area, (0, 0), &note, Look::of(Tone::Warning));
        } else if let Some(last) = self.offer() {
            let offer = Clean::line(&format!("→ last time: {last}"));
            canvas.put(area, (0, 0), &cut(&offer, room), Look::of(Tone::Dim));
        } else if self.more() {
            let words = Clean::own("PgDn shows the rest");
            canvas.put(area, (0, 0), &cut(&words, room), Look::of(Tone::Dim));
        }
    }

    fn more(&self) -> bool {
        self.trial.is_none() && self.top + usize::from(self.areas.text.height) < self.rows.len()
    }
}
