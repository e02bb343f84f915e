//! The form of a prompt: its fields, and below them the fields that its text will ask for (spec L1).

use ratatui::layout::{Position, Rect};

use super::frame::frame;
use super::sheet::{Field, Sheet, Walked};
use crate::domain::clean::Clean;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::PromptId;
use crate::domain::prompt;
use crate::domain::template::{Field as Place, Template};
use crate::domain::window::estimate_tokens;
use crate::keys::Action;
use crate::tui::canvas::{Canvas, cut};
use crate::tui::msg::Outcome;
use crate::tui::text::edit::Editor;
use crate::tui::text::row::Row;
use crate::tui::text::wrap::plain;
use crate::tui::theme::{Look, Tone};

const TITLE: usize = 0;
const SCENARIO: usize = 1;
const DESCRIPTION: usize = 2;
const TAGS: usize = 3;
const CONTENT: usize = 4;

/// Widest and highest the form gets.
const WIDEST: u16 = 92;
const HIGHEST: u16 = 26;
/// Most rows below the fields.
const FOOT: usize = 3;

/// The keys the form names.
#[derive(Clone, Debug, Default)]
pub struct FormKeys {
    pub newline: String,
    pub editor: String,
    pub try_it: String,
}

/// A prompt being written.
pub struct PromptForm {
    pub id: PromptId,
    /// It is not in the store yet.
    pub is_new: bool,
    /// As it was opened.
    before: prompt::Sheet,
    sheet: Sheet,
    /// Why it was not saved.
    failure: Option<Failure>,
    /// The engine has it; a second Enter does nothing.
    pub is_saving: bool,
    keys: Clean,
    /// What is below the fields, and the width it was made for; 0 = to be made.
    foot: Vec<Row>,
    foot_width: u16,
    area: Rect,
    foot_area: Rect,
}

impl PromptForm {
    /// A form for this prompt, which holds `written`; `before` is what is kept of it.
    pub fn new(
        (id, is_new): (PromptId, bool),
        before: prompt::Sheet,
        written: &prompt::Sheet,
        keys: &FormKeys,
    ) -> PromptForm {
        let sheet = Sheet::new(vec![
            Field::line("title", &written.title).hinting(Clean::own("needed")),
            Field::line("scenario", &written.scenario)
                .hinting(Clean::own("the group it stands in, such as writing")),
            Field::line("description", &written.description)
                .hinting(Clean::own("one line on what it is for")),
            Field::line("tags", &written.tags.join(", ")).hinting(Clean::own("parted by commas")),
            Field::lines("content", &written.content, 5).hinting(Clean::own(
                "the text; {name} is a field, {name:default}, {name|one|other}",
            )),
        ]);
        let words = format!(
            "⏎ keep · Tab field · {} new line · {} your editor · {} try · Esc",
            keys.newline, keys.editor, keys.try_it
        );
        PromptForm {
            id,
            is_new,
            before,
            sheet,
            failure: None,
            is_saving: false,
            keys: Clean::line(&words),
            foot: Vec::new(),
            foot_width: 0,
            area: Rect::default(),
            foot_area: Rect::default(),
        }
    }

    /// What is written.
    pub fn written(&self) -> prompt::Sheet {
        let tags = self.sheet.text(TAGS);
        let tags = tags.split(',').map(str::trim);
        prompt::Sheet {
            title: self.sheet.text(TITLE).trim().to_owned(),
            scenario: self.sheet.text(SCENARIO).trim().to_owned(),
            description: self.sheet.text(DESCRIPTION).trim().to_owned(),
            tags: tags
                .filter(|tag| !tag.is_empty())
                .map(str::to_owned)
                .collect(),
            content: self.sheet.text(CONTENT),
            metadata: self.before.metadata.clone(),
        }
    }

    /// Whether something would be lost with it.
    pub fn is_changed(&self) -> bool {
        self.written() != self.before
    }

    /// What is written, if it can be saved; else why not stands in the form, with the field in hand that is meant.
    pub fn checked(&mut self) -> Option<prompt::Sheet> {
        let written = self.written();
        let template = Template::parse(&written.content);
        let missing = |title, remedy| Failure::new(FailureKind::Input, title, remedy);
        let (failure, field) = if written.title.is_empty() {
            (
                missing("The prompt has no title", "Give it a title."),
                TITLE,
            )
        } else if written.content.trim().is_empty() {
            (
                missing("The prompt has no content", "Write its text."),
                CONTENT,
            )
        } else if let Some(failure) = template.check().into_iter().next() {
            (failure, CONTENT)
        } else {
            return Some(written);
        };
        self.sheet.go(field);
        self.fail(failure);
        None
    }

    /// A bound key.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only the keys of this form matter here"
    )]
    pub fn act(&mut self, action: Action) -> Outcome {
        match action {
            Action::Accept if self.is_saving => {}
            Action::Accept => return Outcome::Keep,
            Action::EditOutside => {
                self.sheet.go(CONTENT);
                return Outcome::Act(action);
            }
            Action::TryPrompt | Action::TryWith => return Outcome::Act(action),
            _ => {
                if let Walked::Off(by) = self.sheet.act(action) {
                    self.sheet.go(if by > 0 { TITLE } else { CONTENT });
                }
            }
        }
        Outcome::Stay
    }

    /// The editor of the field in hand.
    pub fn editor(&mut self) -> Option<&mut Editor> {
        self.sheet.editor()
    }

    /// A field changed.
    pub fn edited(&mut self) {
        self.foot_width = 0;
        self.failure = None;
    }

    /// Where it stands on a screen.
    pub fn place(&self, screen: Rect) -> Rect {
        let width = screen.width.saturating_sub(4).min(WIDEST);
        let width = width.max(screen.width.min(30));
        let height = screen.height.saturating_sub(2).min(HIGHEST);
        let height = height.max(screen.height.min(5));
        Rect {
            x: screen.x + (screen.width - width) / 2,
            y: screen.y + (screen.height - height) / 2,
            width,
            height,
        }
    }

    pub fn layout(&mut self, area: Rect) {
        self.area = area;
        let inner = Rect {
            x: area.x + 2,
            y: area.y + 1,
            width: area.width.saturating_sub(4),
            height: area.height.saturating_sub(2),
        };
        if self.foot_width != inner.width.max(1) {
            self.foot_width = inner.width.max(1);
            self.foot = self.foot_rows();
        }
        let foot = u16::try_from(self.foot.len()).unwrap_or(0);
        let foot = foot.min(inner.height.saturating_sub(3));
        self.foot_area = Rect {
            y: inner.bottom() - foot,
            height: foot,
            ..inner
        };
        self.sheet.layout(Rect {
            height: inner.height - foot,
            ..inner
        });
    }

    /// Why it was not saved; else what its text will ask for.
    fn foot_rows(&self) -> Vec<Row> {
        let (words, look) = match &self.failure {
            Some(failure) => (failure.to_string(), Look::of(Tone::Error)),
            None => (self.about(), Look::of(Tone::Dim)),
        };
        let mut rows = plain(&Clean::line(&words), look, self.foot_width);
        rows.truncate(FOOT);
        rows
    }

    fn about(&self) -> String {
        let content = self.sheet.text(CONTENT);
        let template = Template::parse(&content);
        let fields: Vec<String> = template.fields().iter().map(Place::written).collect();
        let tokens = estimate_tokens(&content);
        match fields.len() {
            0 => format!("no fields · ≈ {tokens} tok"),
            _ => format!("fields: {} · ≈ {tokens} tok", fields.join(" ")),
        }
    }

    /// It was not saved for this reason.
    pub fn fail(&mut self, failure: Failure) {
        self.failure = Some(failure);
        self.is_saving = false;
        self.foot_width = 0;
    }

    /// Draws it; gives the caret's cell where text is taken.
    pub fn paint(&self, canvas: &mut Canvas<'_>) -> Option<Position> {
        let title = if self.is_new {
            Clean::own("New prompt")
        } else {
            Clean::line(&format!("Edit: {}", self.before.title))
        };
        let aside = match (self.is_saving, self.is_changed()) {
            (true, _) => Clean::own("saving"),
            (false, true) => Clean::own("changed"),
            (false, false) => Clean::default(),
        };
        let title = cut(&title, self.area.width.saturating_sub(16));
        frame(canvas, self.area, &title, &aside, &self.keys);
        let caret = self.sheet.paint(canvas, true);
        for (y, row) in (self.foot_area.y..self.foot_area.bottom()).zip(&self.foot) {
            let line = Rect {
                y,
                height: 1,
                ..self.foot_area
            };
            row.paint(canvas.buffer, line, canvas.theme);
        }
        caret
    }
}
