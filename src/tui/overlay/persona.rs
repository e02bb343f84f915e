//! The form of a persona: its fields, and beside them the exact system text they make, which can be edited too.

use ratatui::layout::{Position, Rect};

use super::frame::frame;
use super::sheet::{Field, Sheet, Walked};
use crate::domain::clean::Clean;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::PersonaId;
use crate::domain::persona::{Profile, Relationship};
use crate::keys::Action;
use crate::tui::canvas::{Canvas, cut, width};
use crate::tui::msg::Outcome;
use crate::tui::text::edit::{Editor, Move};
use crate::tui::text::row::Row;
use crate::tui::text::wrap::plain;
use crate::tui::theme::{Look, Tone};

const NAME: usize = 0;
const RELATIONSHIP: usize = 1;
const DESCRIPTION: usize = 2;
const INSTRUCTIONS: usize = 3;
const MODEL: usize = 4;
const TEMPERATURE: usize = 5;

/// From this width on the system text stands beside the fields, else below them.
const BESIDE: u16 = 84;
/// Widest and highest the form gets.
const WIDEST: u16 = 116;
const HIGHEST: u16 = 28;

/// A persona being written.
pub struct PersonaForm {
    pub id: PersonaId,
    /// It is not in the store yet.
    pub is_new: bool,
    /// As it was opened; `None` after it was brought back from a form left unsaved.
    before: Option<Profile>,
    sheet: Sheet,
    text: Editor,
    /// The system text has the keys.
    is_in_text: bool,
    /// The user has changed the text; it no longer follows the fields.
    is_edited: bool,
    /// Why it was not saved.
    pub failure: Option<Failure>,
    /// The engine has it; a second Enter does nothing.
    pub is_saving: bool,
    /// The keys shown below.
    keys: Clean,
    /// The key that brings back the made text.
    back: String,
    area: Rect,
    text_area: Rect,
}

/// The keys the form names.
pub struct FormKeys {
    pub newline: String,
    pub next: String,
    /// Picks a model.
    pub model: String,
    /// Brings back the made text.
    pub made: String,
}

impl PersonaForm {
    /// A form filled with this profile.
    pub fn new(id: PersonaId, is_new: bool, profile: &Profile, keys: &FormKeys) -> PersonaForm {
        let relationships = Relationship::ALL.map(|r| Clean::own(r.word())).to_vec();
        let at = Relationship::ALL.iter();
        let at = at.clone().position(|r| *r == profile.relationship);
        let model = profile.model.as_ref().map(ToString::to_string);
        let temperature = profile.temperature.map(|t| t.to_string());
        let any = Clean::line(&format!("{} picks one", keys.model));
        let sheet = Sheet::new(vec![
            Field::line("name", &profile.name).hinting(Clean::own("needed")),
            Field::choice("relationship", relationships, at.unwrap_or(0)),
            Field::lines("description", &profile.description, 2)
                .hinting(Clean::own("who it is: age, work, manner, past")),
            Field::lines("instructions", &profile.instructions, 2)
                .hinting(Clean::own("what it should do or leave")),
            Field::line("model", &model.unwrap_or_default()).hinting(any),
            Field::line("temperature", &temperature.unwrap_or_default())
                .hinting(Clean::own("0 to 2, or none")),
        ]);
        let words = format!(
            "Enter keep · {} next · {} new line · Esc leave",
            keys.next, keys.newline
        );
        let mut form = PersonaForm {
            id,
            is_new,
            before: None,
            sheet,
            text: Editor::new(),
            is_in_text: false,
            is_edited: profile.system_text.is_some(),
            failure: None,
            is_saving: false,
            keys: Clean::line(&words),
            back: keys.made.clone(),
            area: Rect::default(),
            text_area: Rect::default(),
        };
        form.text.set_text(&profile.system(), 0);
        form.remake();
        form.before = form.profile().ok();
        form
    }

    /// What is written, as far as it can be read. Errors name the field.
    pub fn profile(&self) -> Result<Profile, Failure> {
        let bad = |title: String, remedy: &str| Failure::new(FailureKind::Input, title, remedy);
        let model = match self.sheet.text(MODEL).trim() {
            "" => None,
            typed => Some(typed.parse().map_err(|_| {
                let title = format!("`{typed}` is not a model");
                bad(title, "Write provider/name, or leave it empty.")
            })?),
        };
        let temperature = match self.sheet.text(TEMPERATURE).trim() {
            "" => None,
            typed => Some(typed.replace(',', ".").parse().map_err(|_| {
                let title = format!("The temperature `{typed}` is not a number");
                bad(title, "Write a number from 0 to 2, or leave it empty.")
            })?),
        };
        let profile = Profile {
            model,
            temperature,
            ..self.words()
        };
        Ok(profile.tidied())
    }

    /// The part of the profile that makes the text; it can always be read.
    fn words(&self) -> Profile {
        let relationship = Relationship::ALL.get(self.sheet.chosen(RELATIONSHIP));
        Profile {
            name: self.sheet.text(NAME),
            relationship: relationship.copied().unwrap_or_default(),
            description: self.sheet.text(DESCRIPTION),
            instructions: self.sheet.text(INSTRUCTIONS),
            system_text: self.is_edited.then(|| self.text.text()),
            ..Profile::default()
        }
    }

    /// Whether something would be lost with it.
    pub fn is_changed(&self) -> bool {
        self.profile().ok() != self.before || self.before.is_none()
    }

    /// Writes the model's name.
    pub fn use_model(&mut self, name: &str) {
        self.sheet.set_text(MODEL, name);
        self.sheet.go(MODEL);
        self.is_in_text = false;
    }

    /// What is asked of the engine is refused: the words stay.
    pub fn refuse(&mut self, failure: Failure) {
        self.is_saving = false;
        self.failure = Some(failure);
    }

    /// The text follows the fields as long as nobody has edited it; the caret, and with it what is seen, goes to the
    /// place that changed.
    fn remake(&mut self) {
        if self.is_edited {
            return;
        }
        let mut profile = self.words();
        profile.name = match profile.name.trim() {
            "" => "…".to_owned(),
            name => name.to_owned(),
        };
        let made = profile.made_text();
        let old = self.text.text();
        if made != old {
            let same = old.bytes().zip(made.bytes()).take_while(|(a, b)| a == b);
            let mut caret = same.count();
            // Never inside a character.
            while !made.is_char_boundary(caret) {
                caret -= 1;
            }
            self.text.set_text(&made, caret);
        }
    }

    pub fn editor(&mut self) -> Option<&mut Editor> {
        if self.is_in_text {
            Some(&mut self.text)
        } else {
            self.sheet.editor()
        }
    }

    /// Something was typed.
    pub fn edited(&mut self) {
        self.failure = None;
        if self.is_in_text {
            let made = Profile {
                system_text: None,
                ..self.words()
            };
            self.is_edited = self.text.text() != made.made_text();
        } else {
            self.remake();
        }
    }

    pub fn letter(&mut self, c: char) -> Outcome {
        if !self.is_in_text && self.sheet.letter(c) == Walked::Changed {
            self.edited();
        }
        Outcome::Stay
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only the form's own keys matter here, the sheet knows the rest"
    )]
    pub fn act(&mut self, action: Action) -> Outcome {
        match action {
            Action::Accept => return Outcome::Keep,
            Action::PickModel => return Outcome::Act(action),
            Action::MadeText => {
                self.is_edited = false;
                self.remake();
            }
            Action::NextField | Action::PreviousField if self.is_in_text => {
                self.is_in_text = false;
                self.sheet.go(if action == Action::NextField {
                    NAME
                } else {
                    TEMPERATURE
                });
            }
            Action::ListUp if self.is_in_text => {
                if self.text.is_at_first_row(self.text_area.width) {
                    self.is_in_text = false;
                    self.sheet.go(TEMPERATURE);
                } else {
                    self.text.go(Move::Up);
                }
            }
            Action::ListDown if self.is_in_text => {
                self.text.go(Move::Down);
            }
            Action::ListPageUp | Action::ListPageDown => self.page(action),
            _ if self.is_in_text => {}
            _ => match self.sheet.act(action) {
                Walked::Off(by) if by > 0 || action == Action::PreviousField => {
                    self.is_in_text = true;
                    self.text.go(Move::End);
                }
                Walked::Off(_) => {}
                Walked::Changed => self.edited(),
                Walked::Stayed | Walked::No => {}
            },
        }
        Outcome::Stay
    }

    /// A page of the text up or down, from wherever one is.
    fn page(&mut self, action: Action) {
        let way = if action == Action::ListPageUp {
            Move::Up
        } else {
            Move::Down
        };
        for _ in 0..self.text_area.height.max(1) {
            self.text.go(way);
        }
    }

    /// The place of the form on this screen.
    pub fn place(&mut self, screen: Rect) -> Rect {
        let width = screen.width.saturating_sub(4).min(WIDEST);
        let width = width.max(screen.width.min(30));
        let most = screen.height.saturating_sub(2).max(screen.height.min(5));
        let height = most.min(HIGHEST);
        Rect {
            x: screen.x + (screen.width - width) / 2,
            y: screen.y + (screen.height - height) / 2,
            width,
            height,
        }
    }

    pub fn layout(&mut self, area: Rect) {
        self.area = area;
        let inner = inside(area);
        // A failure stands in the last rows.
        let why = self
            .failure
            .as_ref()
            .map_or(0, |f| height(&why(f, inner.width)));
        let rows = inner.height.saturating_sub(why);
        let (fields, caption) = if inner.width >= BESIDE {
            let left = inner.width * 9 / 20;
            let right = inner.width - left - 3;
            let fields = Rect {
                width: left,
                height: rows,
                ..inner
            };
            let caption = Rect {
                x: inner.x + left + 3,
                width: right,
                height: rows,
                ..inner
            };
            (fields, caption)
        } else {
            let fields = if self.is_in_text {
                2
            } else {
                self.sheet.height(inner.width)
            };
            let text = rows.saturating_sub(fields).max(rows / 3);
            let fields = Rect {
                height: rows - text,
                ..inner
            };
            let caption = Rect {
                y: inner.y + rows - text,
                height: text,
                ..inner
            };
            (fields, caption)
        };
        self.sheet.layout(fields);
        self.text_area = Rect {
            y: caption.y + 1.min(caption.height),
            height: caption.height.saturating_sub(1),
            ..caption
        };
        self.text.layout(self.text_area);
    }

    pub fn paint(&self, canvas: &mut Canvas<'_>) -> Option<Position> {
        let title = if self.is_new {
            Clean::own("A new persona")
        } else {
            Clean::own("Edit the persona")
        };
        let inner = frame(canvas, self.area, &title, &Clean::default(), &self.keys);
        let in_sheet = self.sheet.paint(canvas, !self.is_in_text);
        self.paint_caption(canvas);
        let text = self.text_area;
        self.text.paint(canvas.buffer, text, canvas.theme);
        if let Some(failure) = &self.failure {
            let rows = why(failure, inner.width);
            let from = inner.height.saturating_sub(height(&rows));
            for (y, row) in (from..inner.height).zip(&rows) {
                let line = Rect {
                    y: inner.y + y,
                    height: 1,
                    ..inner
                };
                row.paint(canvas.buffer, line, canvas.theme);
            }
        }
        if self.is_in_text {
            self.text.caret_cell(text)
        } else {
            in_sheet
        }
    }

    /// The line over the system text: what it is and who wrote it.
    fn paint_caption(&self, canvas: &mut Canvas<'_>) {
        let line = Rect {
            y: self.text_area.y.saturating_sub(1),
            height: 1,
            ..self.text_area
        };
        let look = if self.is_in_text {
            Look::of(Tone::Accent).bold()
        } else {
            Look::default().bold()
        };
        let title = if line.width < 50 {
            Clean::own("System text")
        } else {
            Clean::own("The system text, whole")
        };
        let x = canvas.put(line, (0, 0), &cut(&title, line.width), look);
        let (words, tone) = if self.is_edited {
            (
                format!("edited by you · {} undoes it", self.back),
                Tone::Warning,
            )
        } else {
            ("made from the fields".to_owned(), Tone::Dim)
        };
        let words = Clean::line(&words);
        if x + 2 + width(&words) <= line.width {
            canvas.put_right(line, (x + 2, 0), &words, Look::of(tone));
        } else {
            let short = if self.is_edited {
                "edited by you"
            } else {
                "made"
            };
            canvas.put_right(line, (x + 1, 0), &Clean::own(short), Look::of(tone));
        }
    }
}

/// Why something was not saved, for this width.
fn why(failure: &Failure, width: u16) -> Vec<Row> {
    let words = Clean::line(&failure.to_string());
    plain(&words, Look::of(Tone::Error), width.max(1))
}

fn height(rows: &[Row]) -> u16 {
    u16::try_from(rows.len()).unwrap_or(u16::MAX)
}

/// The room inside the frame.
fn inside(area: Rect) -> Rect {
    Rect {
        x: area.x + 2.min(area.width),
        y: area.y + 1.min(area.height),
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(2),
    }
}
