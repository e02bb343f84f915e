//! A prompt with its fields beside the text they make, and what a model answers to it (spec L3 to L5).

mod paint;

use std::collections::BTreeMap;

use ratatui::layout::Rect;

use super::sheet::{Field as Row, Sheet, Walked};
use super::trial::Trial;
use crate::domain::clean::Clean;
use crate::domain::id::PromptId;
use crate::domain::model::ModelRef;
use crate::domain::price::Tariff;
use crate::domain::template::{Field, Kind, Piece, Template, Values, View};
use crate::domain::when::Millis;
use crate::domain::window::estimate_tokens;
use crate::keys::Action;
use crate::tui::canvas::cut;
use crate::tui::msg::{Choice, Outcome};
use crate::tui::text::edit::Editor;
use crate::tui::text::filled;
use crate::tui::text::row;
use crate::tui::text::wrap::{Indent, wrap};

/// Longest name of a field shown before its text, in cells.
const NAME: u16 = 18;
/// From this width on the fields stand beside the text.
const WIDE: u16 = 72;

/// What a fill is about.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    pub title: String,
    pub content: String,
    /// `None` = not saved, so it can be tried but not used.
    pub prompt: Option<(PromptId, u32)>,
    /// Values to begin with.
    pub given: Values,
    /// Values of the last use, offered where nothing is written.
    pub last: BTreeMap<String, String>,
}

/// The words of its keys.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    pub try_it: String,
    pub try_with: String,
}

/// A prompt being filled.
pub struct Fill {
    subject: Subject,
    keys: Keys,
    template: Template,
    /// `None` = the prompt has no fields.
    sheet: Option<Sheet>,
    /// The text is in hand, not a field.
    on_text: bool,
    values: Values,
    view: View,
    tokens: u64,
    /// What the model that would be asked takes.
    tariff: Option<Tariff>,
    /// The text, wrapped for this width; 0 = to be wrapped.
    rows: Vec<row::Row>,
    laid: u16,
    top: usize,
    /// Why it cannot be used as it is.
    note: Clean,
    /// Asked in place of the conversation's model.
    pub model: Option<ModelRef>,
    pub trial: Option<Trial>,
    areas: Areas,
}

#[derive(Clone, Copy, Default)]
struct Areas {
    whole: Rect,
    fields: Rect,
    text: Rect,
    answer: Rect,
    /// One line: a note on the left, the estimate on the right.
    status: Rect,
}

impl Fill {
    /// Opens a prompt, the first field without a value in hand.
    pub fn new(subject: Subject, keys: Keys) -> Fill {
        let template = Template::parse(&subject.content);
        let rows: Vec<Row> = template
            .fields()
            .iter()
            .map(|field| row_of(field, &subject))
            .collect();
        let mut fill = Fill {
            on_text: rows.is_empty(),
            sheet: (!rows.is_empty()).then(|| Sheet::new(rows)),
            subject,
            keys,
            template,
            values: Values::new(),
            view: View::default(),
            tokens: 0,
            tariff: None,
            rows: Vec::new(),
            laid: 0,
            top: 0,
            note: Clean::default(),
            model: None,
            trial: None,
            areas: Areas::default(),
        };
        fill.edited();
        let gap = fill.gap();
        if let (Some(sheet), Some(gap)) = (&mut fill.sheet, gap) {
            sheet.go(gap);
        }
        fill
    }

    /// The saved prompt this is about.
    pub fn prompt(&self) -> Option<(PromptId, u32)> {
        self.subject.prompt
    }

    /// From now on this is what the model that would be asked takes.
    pub fn price(&mut self, tariff: Option<Tariff>) {
        self.tariff = tariff;
    }

    /// What to remember of a use: what was written, without what fills itself.
    pub fn values_to_keep(&self) -> Values {
        let own = |field: &&Field| matches!(field.kind, Kind::Free { .. } | Kind::Choice(_));
        let names = self.template.fields().iter().filter(own);
        names
            .filter_map(|field| {
                let value = self.values.get(&field.name)?;
                (!value.trim().is_empty()).then(|| (field.name.clone(), value.clone()))
            })
            .collect()
    }

    fn gap(&self) -> Option<usize> {
        let fields = self.template.fields();
        fields.iter().position(|f| f.filled(&self.values).is_none())
    }

    /// The filled text; else its first gap is in hand and the gaps are named.
    pub fn filled(&mut self) -> Option<String> {
        match self.template.fill(&self.values) {
            Ok(text) if text.trim().is_empty() => {
                self.note = Clean::own("there is no text yet");
                None
            }
            Ok(text) => Some(text),
            Err(gaps) => {
                self.note = Clean::line(&format!("still empty: {}", gaps.join(", ")));
                let gap = self.gap();
                if let (Some(sheet), Some(gap)) = (&mut self.sheet, gap) {
                    sheet.go(gap);
                }
                self.on_text = false;
                self.laid = 0;
                None
            }
        }
    }

    /// The fields have changed: the text is made anew.
    pub fn edited(&mut self) {
        if let Some(sheet) = &self.sheet {
            for (at, field) in self.template.fields().iter().enumerate() {
                let value = match &field.kind {
                    Kind::Choice(options) => {
                        options.get(sheet.chosen(at)).cloned().unwrap_or_default()
                    }
                    Kind::Free { .. } | Kind::Date | Kind::Clipboard | Kind::Selection => {
                        sheet.text(at)
                    }
                };
                self.values.insert(field.name.clone(), value);
            }
        }
        self.view = self.template.view(&self.values);
        self.tokens = estimate_tokens(&self.view.text);
        self.laid = 0;
        self.note = Clean::default();
    }

    /// Which field is in hand.
    fn at(&self) -> Option<usize> {
        let sheet = self.sheet.as_ref()?;
        (!self.on_text).then(|| sheet.at())
    }

    /// Whether a printable key goes to a field.
    pub fn takes_text(&self) -> bool {
        !self.on_text
    }

    /// The editor of the field in hand.
    pub fn editor(&mut self) -> Option<&mut Editor> {
        if self.on_text {
            return None;
        }
        self.sheet.as_mut()?.editor()
    }

    /// The value of the last use that is offered for the field in hand.
    fn offer(&self) -> Option<&str> {
        let field = self.template.fields().get(self.at()?)?;
        let is_empty = self.values.get(&field.name).is_none_or(String::is_empty);
        let is_text = !matches!(field.kind, Kind::Choice(_));
        let last = self.subject.last.get(&field.name)?;
        (is_empty && is_text && !last.trim().is_empty()).then_some(last)
    }

    /// Moving on in an empty field takes the value of the last use; `false` when none is offered.
    pub fn take_offer(&mut self, action: Action) -> bool {
        if !matches!(action, Action::Right | Action::LineEnd) {
            return false;
        }
        let Some(last) = self.offer().map(str::to_owned) else {
            return false;
        };
        if let Some(sheet) = &mut self.sheet {
            sheet.set_text(sheet.at(), &last);
        }
        self.edited();
        true
    }

    /// A bound key.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only the keys of a form and of scrolling matter here"
    )]
    pub fn act(&mut self, action: Action) -> Outcome {
        match action {
            Action::Accept => return self.take(),
            Action::TryPrompt | Action::TryWith => return Outcome::Act(action),
            Action::ListPageUp | Action::ListHalfUp => self.scroll(-self.page()),
            Action::ListPageDown | Action::ListHalfDown => self.scroll(self.page()),
            _ if self.on_text => self.act_on_text(action),
            _ => {
                let walked = self.sheet.as_mut().map(|sheet| sheet.act(action));
                match walked {
                    Some(Walked::Off(_)) => self.hold_text(true),
                    Some(Walked::Changed) => self.edited(),
                    Some(Walked::Stayed) => self.laid = 0,
                    Some(Walked::No) | None => {}
                }
            }
        }
        Outcome::Stay
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only the moves of a text matter here"
    )]
    fn act_on_text(&mut self, action: Action) {
        match action {
            Action::NextField => self.hold_field(0),
            Action::PreviousField => self.hold_field(usize::MAX),
            Action::ListUp => self.scroll(-1),
            Action::ListDown => self.scroll(1),
            Action::ListFirst => self.scroll(isize::MIN),
            Action::ListLast => self.scroll(isize::MAX),
            _ => {}
        }
    }

    fn hold_text(&mut self, on_text: bool) {
        self.on_text = on_text;
        self.laid = 0;
    }

    fn hold_field(&mut self, field: usize) {
        if let Some(sheet) = &mut self.sheet {
            sheet.go(field);
            self.hold_text(false);
        }
    }

    fn take(&mut self) -> Outcome {
        if self.subject.prompt.is_none() {
            self.note = Clean::own("it is not saved yet: Esc goes back to the form");
            return Outcome::Stay;
        }
        match self.filled() {
            Some(text) => Outcome::Take(Choice::Filled(text)),
            None => Outcome::Stay,
        }
    }

    /// A letter that is no text: a choice that begins with it.
    pub fn letter(&mut self, c: char) -> Outcome {
        if !self.on_text
            && let Some(sheet) = &mut self.sheet
            && sheet.letter(c) == Walked::Changed
        {
            self.edited();
        }
        Outcome::Stay
    }

    fn page(&self) -> isize {
        let area = match &self.trial {
            Some(_) => self.areas.answer,
            None => self.areas.text,
        };
        isize::try_from(area.height / 2).unwrap_or(1).max(1)
    }

    /// Moves the answer, or the text where there is none.
    /// Moves the text, or the answer of a trial, by rows.
    pub fn scroll(&mut self, by: isize) {
        match &mut self.trial {
            Some(trial) => trial.scroll(by),
            None => self.top = self.top.saturating_add_signed(by).min(self.most()),
        }
    }

    fn most(&self) -> usize {
        let shown = usize::from(self.areas.text.height);
        self.rows.len().saturating_sub(shown)
    }

    /// Takes its place; a growing answer goes by the clock of the screen and the wall's.
    pub fn layout(&mut self, area: Rect, tick: u64, now: Millis) {
        let inner = Rect {
            x: area.x + 2,
            y: area.y + 1,
            width: area.width.saturating_sub(4),
            height: area.height.saturating_sub(2),
        };
        self.areas = self.divide(area, inner);
        if let Some(sheet) = &mut self.sheet {
            sheet.layout(self.areas.fields);
        }
        let text = self.areas.text;
        if self.laid != text.width.max(1) {
            self.laid = text.width.max(1);
            self.rows.clear();
            let styled = filled::styled(&self.view, self.at());
            wrap(&styled, &Indent::default(), self.laid, &mut self.rows);
            self.show_field();
        }
        self.top = self.top.min(self.most());
        if let Some(trial) = &mut self.trial {
            trial.layout(self.areas.answer, tick, now);
        }
    }

    /// Scrolls the text so far that the field in hand is seen.
    fn show_field(&mut self) {
        let Some(at) = self.at() else { return };
        let is_it =
            |piece: &Piece| matches!(piece, Piece::Filled(of) | Piece::Gap(of) if *of == at);
        let Some((range, _)) = self.view.pieces.iter().find(|(_, piece)| is_it(piece)) else {
            return;
        };
        let holds = |row: &row::Row| row.source().is_some_and(|own| own.end >= range.start);
        let Some(row) = self.rows.iter().position(holds) else {
            return;
        };
        let shown = usize::from(self.areas.text.height).max(1);
        self.top = self.top.min(row).max((row + 1).saturating_sub(shown));
    }

    /// Fields beside the text where there is room, else above it; an answer below the text.
    fn divide(&mut self, whole: Rect, inner: Rect) -> Areas {
        let status = Rect {
            y: inner.bottom().saturating_sub(1),
            height: inner.height.min(1),
            ..inner
        };
        let mut right = Rect {
            height: inner.height.saturating_sub(1),
            ..inner
        };
        let mut fields = Rect::default();
        if let Some(sheet) = &mut self.sheet {
            fields = right;
            if inner.width >= WIDE {
                fields.width = (inner.width * 2 / 5).min(42);
                right.x += fields.width + 2;
                right.width -= fields.width + 2;
            } else {
                // Of an answer one wants to see more than of the fields.
                let most = if self.trial.is_some() {
                    right.height / 3
                } else {
                    right.height / 2
                };
                fields.height = sheet
                    .height(fields.width)
                    .min(most)
                    .max(right.height.min(1));
                right.y += fields.height + 1;
                right.height = right.height.saturating_sub(fields.height + 1);
            }
        }
        let (mut text, mut answer) = (right, Rect::default());
        if self.trial.is_some() {
            let rows = u16::try_from(self.rows.len()).unwrap_or(u16::MAX);
            // On a small screen there is room for one of the two.
            text.height = if right.height < 9 {
                0
            } else {
                rows.min(right.height / 3)
            };
            let above = (text.height + 1).min(right.height);
            answer = Rect {
                y: right.y + above,
                height: right.height - above,
                ..right
            };
        }
        Areas {
            whole,
            fields,
            text,
            answer,
            status,
        }
    }
}

/// The row of the sheet for a field.
fn row_of(field: &Field, subject: &Subject) -> Row {
    let given = subject.given.get(&field.name).map_or("", String::as_str);
    let last = subject.last.get(&field.name).map(String::as_str);
    let row = match &field.kind {
        Kind::Choice(options) => {
            let known = |word: &str| options.iter().position(|option| option == word);
            let at = known(given).or_else(|| known(last.unwrap_or("")));
            let options = options.iter().map(|option| Clean::line(option)).collect();
            Row::choice("", options, at.unwrap_or(0))
        }
        Kind::Free { .. } | Kind::Date | Kind::Clipboard | Kind::Selection => {
            Row::lines("", given, 1).hinting(hint(&field.kind, last))
        }
    };
    row.called(cut(&Clean::line(&field.name), NAME))
}

/// What is shown in a field while nothing is written in it.
fn hint(kind: &Kind, last: Option<&str>) -> Clean {
    let default = match kind {
        Kind::Free { default } => default.as_deref(),
        Kind::Choice(_) | Kind::Date | Kind::Clipboard | Kind::Selection => None,
    };
    match (default, last, kind) {
        (Some(""), None, _) => Clean::own("may stay empty"),
        (Some(default), _, _) if !default.is_empty() => Clean::line(default),
        (_, Some(last), _) => Clean::line(&format!("last time: {last}")),
        (_, None, Kind::Clipboard) => Clean::own("paste it here"),
        (_, None, Kind::Selection) => Clean::own("no message to take it from: write or paste"),
        (_, None, _) => Clean::own("empty"),
    }
}
