//! The library: prompts by scenario, a filter, and the selected prompt's text below.

use ratatui::layout::{Position, Rect};

use crate::domain::clean::Clean;
use crate::domain::id::PromptId;
use crate::domain::prompt::{Prompt, PromptListed};
use crate::tui::canvas::{Canvas, cut, width};
use crate::tui::filter;
use crate::tui::text::edit::Editor;
use crate::tui::text::row::Row;
use crate::tui::text::wrap::plain;
use crate::tui::theme::{Look, Tone};

/// The library pane.
pub struct Library {
    prompts: Vec<Prompt>,
    /// What the filter looks in, in lower case, a prompt each.
    texts: Vec<String>,
    /// Indices of the prompts that match.
    shown: Vec<usize>,
    pub filter: Editor,
    /// Typed keys go to the filter.
    pub is_filtering: bool,
    /// Index among the prompts that match.
    selected: usize,
    top: usize,
    area: Rect,
    /// The selected prompt's text, wrapped, and what it was wrapped for.
    preview: Vec<Row>,
    preview_of: Option<(PromptId, u16)>,
}

impl Default for Library {
    fn default() -> Self {
        Library {
            prompts: Vec::new(),
            texts: Vec::new(),
            shown: Vec::new(),
            filter: filter::input(),
            is_filtering: false,
            selected: 0,
            top: 0,
            area: Rect::default(),
            preview: Vec::new(),
            preview_of: None,
        }
    }
}

/// A line of the list.
enum Line<'a> {
    Scenario(&'a str),
    Prompt(usize, &'a Prompt),
}

impl Library {
    /// All prompts there are.
    pub fn fill(&mut self, prompts: Vec<PromptListed>) {
        let mut prompts: Vec<Prompt> = prompts.into_iter().map(|listed| listed.prompt).collect();
        prompts.sort_by(|a, b| {
            (&a.sheet.scenario, &a.sheet.title).cmp(&(&b.sheet.scenario, &b.sheet.title))
        });
        let text = |prompt: &Prompt| {
            let tags = prompt.sheet.tags.join(" ");
            let parts = [
                &prompt.sheet.title,
                &prompt.sheet.scenario,
                &prompt.sheet.description,
                &tags,
                &prompt.sheet.content,
            ];
            parts.map(|part| part.to_lowercase()).join(" ")
        };
        self.texts = prompts.iter().map(text).collect();
        self.prompts = prompts;
        self.find();
    }

    /// Whether the prompts have come.
    pub fn is_empty(&self) -> bool {
        self.prompts.is_empty()
    }

    fn matching(&self) -> impl Iterator<Item = &Prompt> {
        self.shown.iter().map(|at| &self.prompts[*at])
    }

    /// Finds anew what matches the filter.
    fn find(&mut self) {
        let words = self.filter.text().to_lowercase();
        let words: Vec<&str> = words.split_whitespace().collect();
        self.shown = (0..self.prompts.len())
            .filter(|at| {
                let text = &self.texts[*at];
                words.iter().all(|word| text.contains(word))
            })
            .collect();
    }

    fn lines(&self) -> Vec<Line<'_>> {
        let mut lines = Vec::new();
        let mut scenario = None;
        for (at, prompt) in self.matching().enumerate() {
            if scenario != Some(prompt.sheet.scenario.as_str()) {
                scenario = Some(&prompt.sheet.scenario);
                lines.push(Line::Scenario(&prompt.sheet.scenario));
            }
            lines.push(Line::Prompt(at, prompt));
        }
        lines
    }

    /// The selected prompt.
    pub fn current(&self) -> Option<&Prompt> {
        self.matching().nth(self.selected)
    }

    /// Moves the selection by so many prompts.
    pub fn step(&mut self, by: isize) {
        let last = self.shown.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
    }

    /// The filter changed: the selection stays inside what matches.
    pub fn filtered(&mut self) {
        self.find();
        self.step(0);
    }

    /// Rows a page key moves by.
    pub fn page(&self) -> isize {
        isize::try_from(self.list_rows()).unwrap_or(1).max(1)
    }

    /// Two thirds for the list, the rest for the preview.
    fn list_rows(&self) -> u16 {
        let body = self.area.height.saturating_sub(2);
        if body < 9 { body } else { body - body / 3 }
    }

    /// Keeps the selection inside the shown rows.
    pub fn layout(&mut self, area: Rect) {
        self.area = area;
        self.layout_preview();
        self.filter.layout(self.filter_area());
        let shown = usize::from(self.list_rows()).max(1);
        let lines = self.lines();
        let count = lines.len();
        let at = lines
            .iter()
            .position(|line| matches!(line, Line::Prompt(at, _) if *at == self.selected))
            .unwrap_or(0);
        // The heading above the first prompt of a group stays in view with it.
        let first = at.saturating_sub(usize::from(at == 1));
        self.top = self
            .top
            .min(count.saturating_sub(shown))
            .min(first)
            .max((at + 1).saturating_sub(shown));
    }

    /// Draws title, filter, prompts and preview.
    pub fn paint(&self, canvas: &mut Canvas<'_>, is_focused: bool) {
        let area = self.area;
        let look = if is_focused {
            Look::of(Tone::Accent).bold()
        } else {
            Look::default().bold()
        };
        let title = Clean::own("Prompts");
        canvas.put(area, (1, 0), &title, look);
        let inner = Rect {
            width: area.width.saturating_sub(1),
            ..area
        };
        let count = Clean::line(&self.prompts.len().to_string());
        canvas.put_right(inner, (width(&title) + 2, 0), &count, Look::of(Tone::Dim));
        canvas.put(area, (1, 1), &Clean::own("/"), Look::of(Tone::Dim));
        self.filter
            .paint(canvas.buffer, self.filter_area(), canvas.theme);
        let body = Rect {
            y: area.y + 2,
            height: self.list_rows(),
            ..area
        }
        .intersection(area);
        let lines = self.lines();
        if lines.is_empty() && !self.prompts.is_empty() {
            canvas.put(
                body,
                (1, 0),
                &Clean::own("nothing matches"),
                Look::of(Tone::Dim),
            );
        }
        for (y, line) in (0..body.height).zip(lines.iter().skip(self.top)) {
            match line {
                Line::Scenario(name) => {
                    canvas.put(
                        body,
                        (1, y),
                        &cut(&Clean::line(name), body.width.saturating_sub(2)),
                        Look::of(Tone::Dim),
                    );
                }
                Line::Prompt(at, prompt) => {
                    let is_selected = *at == self.selected && is_focused;
                    let look = if is_selected {
                        Look::of(Tone::Accent).bold()
                    } else {
                        Look::default()
                    };
                    if is_selected {
                        canvas.put(body, (1, y), &Clean::own("▌"), Look::of(Tone::Accent));
                    }
                    canvas.put(
                        body,
                        (2, y),
                        &cut(
                            &Clean::line(&prompt.sheet.title),
                            body.width.saturating_sub(3),
                        ),
                        look,
                    );
                }
            }
        }
        self.paint_preview(canvas);
    }

    /// The room below the list, without its rule; empty when there is none.
    fn preview_area(&self) -> Rect {
        let above = 2 + self.list_rows();
        if above + 2 >= self.area.height {
            return Rect::default();
        }
        Rect {
            x: self.area.x + 1,
            y: self.area.y + above + 1,
            width: self.area.width.saturating_sub(2),
            height: self.area.height - above - 1,
        }
    }

    /// Wraps the selected prompt's text, if that is not done yet.
    fn layout_preview(&mut self) {
        let width = self.preview_area().width;
        let wanted = self.current().map(|prompt| (prompt.id, width));
        if wanted == self.preview_of {
            return;
        }
        self.preview = match self.current().filter(|_| width > 0) {
            Some(prompt) => {
                let about = Clean::line(&prompt.sheet.description);
                let mut rows = plain(&about, Look::of(Tone::Dim), width);
                rows.extend(plain(
                    &Clean::text(&prompt.sheet.content),
                    Look::default(),
                    width,
                ));
                rows
            }
            None => Vec::new(),
        };
        self.preview_of = wanted;
    }

    fn paint_preview(&self, canvas: &mut Canvas<'_>) {
        let text = self.preview_area();
        if text.height == 0 || self.preview.is_empty() {
            return;
        }
        let rule = Rect {
            y: text.y - 1,
            height: 1,
            ..text
        };
        canvas.rule(rule, 0, Look::of(Tone::Dim));
        for (y, row) in (text.y..text.bottom()).zip(&self.preview) {
            let line = Rect {
                y,
                height: 1,
                ..text
            };
            row.paint(canvas.buffer, line, canvas.theme);
        }
    }

    fn filter_area(&self) -> Rect {
        Rect {
            x: self.area.x + 3,
            y: self.area.y + 1,
            width: self.area.width.saturating_sub(4),
            height: 1,
        }
        .intersection(self.area)
    }

    /// Where the caret of the filter stands.
    pub fn caret(&self) -> Option<Position> {
        self.filter.caret_cell(self.filter_area())
    }
}
