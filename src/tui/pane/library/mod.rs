//! The library pane: prompts by scenario, a filter, and the selected prompt's text below.

mod paint;
pub mod stock;
mod touch;

use std::collections::HashMap;

use ratatui::layout::{Position, Rect};

use crate::domain::clean::Clean;
use crate::domain::id::PromptId;
use crate::domain::price::Tariff;
use crate::domain::prompt::{Prompt, PromptListed, PromptVersion, Sheet};
use crate::domain::template::{Template, Values};
use crate::domain::usage::Usage;
use crate::domain::window::estimate_tokens;
use crate::protocol::Which;
use crate::tui::filter;
use crate::tui::text::edit::Editor;
use crate::tui::text::filled;
use crate::tui::text::row::Row;
use crate::tui::text::wrap::{Indent, plain, wrap};
use crate::tui::theme::{Look, Tone};
use stock::{Line, Sight, Stock};

/// The library pane.
pub struct Library {
    pub stock: Stock,
    pub filter: Editor,
    /// Typed keys go to the filter.
    pub is_filtering: bool,
    /// Place among the prompts that are shown.
    selected: usize,
    top: usize,
    area: Rect,
    /// The prompts have been asked for and have come.
    is_loaded: bool,
    /// Something has changed since they were asked for.
    pub is_old: bool,
    preview: Option<Preview>,
    /// What was written in the fields of prompts that were left without use.
    pub kept: HashMap<PromptId, Values>,
    /// Forms that were left without saving; `None` = of a new prompt.
    pub left: HashMap<Option<PromptId>, Sheet>,
    /// The versions that are offered to be read.
    pub versions: Vec<PromptVersion>,
    /// What the model of the next message takes, if that is known.
    tariff: Option<Tariff>,
}

/// The selected prompt's text, wrapped, and what it was wrapped for.
struct Preview {
    of: PromptId,
    width: u16,
    rows: Vec<Row>,
    /// Its fields and tokens.
    foot: Vec<Row>,
}

impl Default for Library {
    fn default() -> Self {
        Library {
            stock: Stock::default(),
            filter: filter::input(),
            is_filtering: false,
            selected: 0,
            top: 0,
            area: Rect::default(),
            is_loaded: false,
            is_old: false,
            preview: None,
            kept: HashMap::new(),
            left: HashMap::new(),
            versions: Vec::new(),
            tariff: None,
        }
    }
}

impl Library {
    /// All prompts there are outside the trash, or in it.
    pub fn fill(&mut self, which: Which, prompts: Vec<PromptListed>) {
        self.is_loaded = true;
        self.keeping_selection(|stock| stock.fill(which, prompts));
    }

    /// A prompt is now like this.
    pub fn apply(&mut self, prompt: PromptListed) {
        self.keeping_selection(|stock| stock.apply(prompt));
    }

    /// Shows others, or in another order.
    pub fn look(&mut self, sight: Sight) {
        self.keeping_selection(|stock| stock.look(sight));
    }

    fn keeping_selection(&mut self, change: impl FnOnce(&mut Stock)) {
        let chosen = self.current().map(|prompt| prompt.id);
        change(&mut self.stock);
        match chosen.and_then(|id| self.stock.place(id)) {
            Some(place) => self.selected = place,
            None => self.step(0),
        }
        self.preview = None;
    }

    /// Puts the selection on a prompt, if it is shown.
    pub fn select(&mut self, id: PromptId) {
        if let Some(place) = self.stock.place(id) {
            self.selected = place;
        }
    }

    /// From now on this is what the model of the next message takes.
    pub fn price(&mut self, tariff: Option<Tariff>) {
        if self.tariff != tariff {
            self.tariff = tariff;
            self.preview = None;
        }
    }

    /// Whether the prompts have come.
    pub fn is_loaded(&self) -> bool {
        self.is_loaded
    }

    /// The selected prompt.
    pub fn current(&self) -> Option<&Prompt> {
        Some(&self.current_row()?.prompt)
    }

    /// The selected prompt with its use.
    pub fn current_row(&self) -> Option<&PromptListed> {
        self.stock.get(self.selected)
    }

    /// Moves the selection by so many prompts.
    pub fn step(&mut self, by: isize) {
        let last = self.stock.count().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
    }

    /// The filter changed: the best place is the first.
    pub fn filtered(&mut self) {
        self.stock.filter(&self.filter.text());
        self.selected = 0;
        self.top = 0;
    }

    /// Rows a page key moves by.
    pub fn page(&self) -> isize {
        isize::try_from(self.list_rows()).unwrap_or(1).max(1)
    }

    /// About half for the list, the rest for the preview; no preview where there is little room.
    fn list_rows(&self) -> u16 {
        let body = self.area.height.saturating_sub(2);
        if body < 9 { body } else { body - body * 2 / 5 }
    }

    /// Keeps the selection inside the shown rows.
    pub fn layout(&mut self, area: Rect) {
        self.area = area;
        self.layout_preview();
        self.filter.layout(self.filter_area());
        let shown = usize::from(self.list_rows()).max(1);
        let at = self.stock.line_of(self.selected);
        let lines = self.stock.lines();
        // The heading above the first prompt of a group stays in view with it.
        let has_heading = at > 0 && lines.get(at - 1) == Some(&Line::Scenario);
        let first = if has_heading && shown > 1 { at - 1 } else { at };
        self.top = self
            .top
            .min(lines.len().saturating_sub(shown))
            .min(first)
            .max((at + 1).saturating_sub(shown));
    }

    /// Wraps the selected prompt's text, if that is not done yet.
    fn layout_preview(&mut self) {
        let width = self.preview_area().width;
        let Some(row) = self.current_row().filter(|_| width > 0) else {
            self.preview = None;
            return;
        };
        let is_made = |made: &Preview| made.of == row.prompt.id && made.width == width;
        if !self.preview.as_ref().is_some_and(is_made) {
            self.preview = Some(preview(&row.prompt, width, self.tariff.as_ref()));
        }
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

/// A text of so many tokens as a question, such as `≈ 214 tok  ≈ $0.0005`; the cost where it is known.
pub fn estimate_words(tokens: u64, tariff: Option<&Tariff>) -> String {
    let asked = Usage {
        input: Some(tokens),
        output: Some(0),
        ..Usage::default()
    };
    match tariff.and_then(|tariff| tariff.cost(&asked)) {
        // `short` says `<$0.0001` of what is less.
        Some(cost) => match cost.short() {
            less if less.starts_with('<') => format!("≈ {tokens} tok  {less}"),
            cost => format!("≈ {tokens} tok  ≈ {cost}"),
        },
        None => format!("≈ {tokens} tok"),
    }
}

fn preview(prompt: &Prompt, width: u16, tariff: Option<&Tariff>) -> Preview {
    let dim = Look::of(Tone::Dim);
    let template = Template::parse(&prompt.sheet.content);
    let view = template.view(&Values::new());
    let mut rows = Vec::new();
    if !prompt.sheet.description.is_empty() {
        rows.extend(plain(&Clean::line(&prompt.sheet.description), dim, width));
        rows.push(Row::blank());
    }
    wrap(
        &filled::styled(&view, None),
        &Indent::default(),
        width,
        &mut rows,
    );
    let names: Vec<&str> = template.fields().iter().map(|f| f.name.as_str()).collect();
    let mut foot = Vec::new();
    if !names.is_empty() {
        foot = plain(
            &Clean::line(&names.join(" · ")),
            Look::of(Tone::Accent),
            width,
        );
        foot.truncate(2);
    }
    let tokens = estimate_words(estimate_tokens(&view.text), tariff);
    foot.extend(plain(&Clean::line(&tokens), dim, width));
    Preview {
        of: prompt.id,
        width,
        rows,
        foot,
    }
}
