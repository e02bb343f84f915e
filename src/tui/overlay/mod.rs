//! What lies on top of the panes: a closed set of overlays; the top one gets the keys and says what it wants.

pub mod confirm;
pub mod fill;
pub mod form;
mod frame;
pub mod help;
pub mod persona;
pub mod picker;
pub mod prompt;
pub mod reading;
pub mod search;
pub mod sheet;
pub mod told;
mod touch;
pub mod trial;

use ratatui::layout::{Position, Rect};

use super::canvas::Canvas;
use super::msg::Outcome;
use super::text::edit::Editor;
use crate::domain::id::{ConversationId, MessageId};
use crate::domain::when::Millis;
use crate::keys::{Action, Context};
use crate::protocol::Which;
use confirm::Confirm;
use fill::Fill;
use form::Form;
use help::Help;
use persona::PersonaForm;
use picker::Picker;
use prompt::PromptForm;
use reading::Reading;
use search::Search;
use told::Telling;

/// What an overlay is open for; its choice is used accordingly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The model from the next message on.
    Model,
    /// The model of another reply beside this one.
    RetryWith(MessageId),
    /// A question to edit as a new branch.
    Rewind,
    /// An earlier question to put into the composer.
    History,
    /// Something to do.
    Palette,
    /// A question to go to.
    Outline,
    /// Words in all conversations.
    Search,
    /// The file a text is written to.
    WriteTo,
    /// Replace that file.
    Replace,
    Rename(ConversationId),
    /// The conversation's own instructions.
    System,
    /// The model a message that came back is sent to.
    SendWith,
    /// A provider's key.
    Key,
    /// The tags of the conversations aimed at.
    Tags,
    /// The provider whose key is to be entered.
    KeyOf,
    /// The provider to talk with.
    Use,
    /// What a look at salon itself has found.
    Doctor,
    /// Trash conversations although replies are being written in some of them.
    TrashLive,
    /// Remove conversations in the trash for good.
    Purge,
    /// Remove all that is in the trash.
    EmptyTrash,
    /// Remove all that is older than so many days.
    Expired(u32),
    /// The file a conversation is written to.
    Export(ConversationId),
    /// Replace a file that is there.
    Overwrite,
    /// A prompt to fill and use.
    Fill,
    /// The model of a trial.
    TrialModel,
    /// One scenario or one tag of the library.
    Group,
    PromptForm,
    /// The versions of a prompt, and one of them to read.
    Versions,
    Reading,
    /// The messages made from a prompt.
    Uses,
    Help,
    /// The persona of this conversation; or those in the trash, to restore one.
    Persona(Which),
    PersonaForm,
    /// The whole system text.
    Told,
    /// The model of the persona in the form below.
    PersonaModel,
}

/// An open overlay.
pub struct Overlay {
    pub purpose: Purpose,
    pub body: Body,
}

/// The kinds there are.
pub enum Body {
    Picker(Picker),
    Form(Form),
    Confirm(Confirm),
    Help(Box<Help>),
    Fill(Box<Fill>),
    Prompt(Box<PromptForm>),
    Reading(Box<Reading>),
    Search(Box<Search>),
    Persona(Box<PersonaForm>),
    Told(Telling),
}

/// Widest an overlay gets, in cells.
const WIDEST: u16 = 76;
/// A prompt being filled has its fields beside its text.
const WIDEST_FILL: u16 = 112;
const HIGHEST_FILL: u16 = 26;

impl Overlay {
    /// A bound key.
    pub fn act(&mut self, action: Action) -> Outcome {
        match &mut self.body {
            Body::Picker(picker) => picker.act(action),
            Body::Form(form) => form.act(action),
            Body::Confirm(confirm) => confirm.act(action),
            Body::Help(help) => help.act(action),
            Body::Fill(fill) => fill.act(action),
            Body::Prompt(form) => form.act(action),
            Body::Reading(reading) => reading.act(action),
            Body::Search(search) => search.act(action),
            Body::Persona(form) => form.act(action),
            Body::Told(telling) => telling.act(action),
        }
    }

    /// Whether it has a use for this action, so that the key is not looked for elsewhere.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only what not every overlay knows has a line of its own"
    )]
    pub fn takes(&self, action: Action) -> bool {
        match action {
            Action::NewPersona
            | Action::EditPersona
            | Action::DuplicatePersona
            | Action::TrashPersona
            | Action::TrashedPersonas
            | Action::UndoAction => matches!(self.purpose, Purpose::Persona(_)),
            Action::PickModel => self.purpose == Purpose::PersonaForm,
            Action::EditOutside => matches!(
                self.body,
                Body::Form(_) | Body::Fill(_) | Body::Prompt(_) | Body::Persona(_)
            ),
            _ => action.contexts().contains(&Context::Overlay),
        }
    }

    /// Whether a printable key is text here.
    pub fn takes_text(&self) -> bool {
        match &self.body {
            Body::Picker(_)
            | Body::Form(_)
            | Body::Prompt(_)
            | Body::Search(_)
            | Body::Persona(_) => true,
            Body::Fill(fill) => fill.takes_text(),
            Body::Confirm(confirm) => confirm.takes_text(),
            Body::Help(_) | Body::Reading(_) | Body::Told(_) => false,
        }
    }

    /// The editor that takes typed text, if this overlay has one.
    pub fn editor(&mut self) -> Option<&mut Editor> {
        match &mut self.body {
            Body::Picker(picker) => Some(&mut picker.query),
            Body::Form(form) => Some(&mut form.editor),
            Body::Fill(fill) => fill.editor(),
            Body::Prompt(form) => form.editor(),
            Body::Search(search) => Some(&mut search.query),
            Body::Persona(form) => form.editor(),
            Body::Confirm(_) | Body::Help(_) | Body::Reading(_) | Body::Told(_) => None,
        }
    }

    /// A character that is no text here and no binding.
    pub fn letter(&mut self, c: char) -> Outcome {
        match &mut self.body {
            Body::Confirm(confirm) => confirm.letter(c),
            Body::Fill(fill) => fill.letter(c),
            Body::Persona(form) => form.letter(c),
            Body::Told(telling) => telling.letter(c),
            Body::Picker(_)
            | Body::Form(_)
            | Body::Help(_)
            | Body::Prompt(_)
            | Body::Search(_)
            | Body::Reading(_) => Outcome::Stay,
        }
    }

    /// The text of the editor changed.
    pub fn edited(&mut self) {
        match &mut self.body {
            Body::Picker(picker) => picker.filter(),
            Body::Fill(fill) => fill.edited(),
            Body::Prompt(form) => form.edited(),
            Body::Persona(form) => form.edited(),
            Body::Form(_)
            | Body::Confirm(_)
            | Body::Help(_)
            | Body::Reading(_)
            | Body::Search(_)
            | Body::Told(_) => {}
        }
    }

    /// The fill this is, if it is one.
    pub fn fill(&self) -> Option<&Fill> {
        if let Body::Fill(fill) = &self.body {
            Some(fill)
        } else {
            None
        }
    }

    /// The same, to be changed.
    pub fn fill_mut(&mut self) -> Option<&mut Fill> {
        if let Body::Fill(fill) = &mut self.body {
            Some(fill)
        } else {
            None
        }
    }

    /// Whether something moves in it by itself.
    pub fn is_moving(&self) -> bool {
        let trial = self.fill().and_then(|fill| fill.trial.as_ref());
        trial.is_some_and(|trial| trial.is_running())
    }

    /// An editing key that means something else here.
    pub fn take_offer(&mut self, action: Action) -> bool {
        self.fill_mut().is_some_and(|fill| fill.take_offer(action))
    }

    /// Takes its place in the middle of the screen, which it gives; what moves goes by the clock of the screen and the
    /// wall's.
    pub fn layout(&mut self, screen: Rect, tick: u64, now: Millis) -> Rect {
        let widest = match self.fill() {
            Some(_) => WIDEST_FILL,
            None => WIDEST,
        };
        let width = screen
            .width
            .saturating_sub(4)
            .min(widest)
            .max(screen.width.min(30));
        let most = screen.height.saturating_sub(2).max(screen.height.min(5));
        let wanted = match &mut self.body {
            Body::Picker(picker) => picker.height(),
            Body::Form(form) => form.height(width),
            Body::Confirm(confirm) => confirm.height(width),
            Body::Reading(reading) if self.purpose == Purpose::Doctor => reading.height(width),
            Body::Help(_) | Body::Reading(_) => most,
            Body::Told(telling) => telling.height(width),
            Body::Fill(_) => most.min(HIGHEST_FILL),
            Body::Prompt(form) => {
                let area = form.place(screen);
                form.layout(area);
                return area;
            }
            Body::Persona(form) => {
                let area = form.place(screen);
                form.layout(area);
                return area;
            }
            Body::Search(search) => {
                return search.layout(screen, now);
            }
        };
        let height = wanted.min(most);
        let area = Rect {
            x: screen.x + (screen.width - width) / 2,
            y: screen.y + (screen.height - height) / 2,
            width,
            height,
        };
        match &mut self.body {
            Body::Picker(picker) => picker.layout(area),
            Body::Form(form) => form.layout(area),
            Body::Confirm(confirm) => confirm.layout(area),
            Body::Help(help) => help.layout(area),
            Body::Fill(fill) => fill.layout(area, tick, now),
            Body::Reading(reading) => reading.layout(area),
            Body::Prompt(_) | Body::Persona(_) | Body::Search(_) => {}
            Body::Told(telling) => telling.layout(area),
        }
        area
    }

    /// Draws it; returns the caret's cell where text is taken.
    pub fn paint(&self, canvas: &mut Canvas<'_>) -> Option<Position> {
        match &self.body {
            Body::Picker(picker) => picker.paint(canvas),
            Body::Form(form) => form.paint(canvas),
            Body::Fill(fill) => fill.paint(canvas),
            Body::Prompt(form) => form.paint(canvas),
            Body::Search(search) => search.paint(canvas),
            Body::Reading(reading) => {
                reading.paint(canvas);
                None
            }
            Body::Persona(form) => form.paint(canvas),
            Body::Confirm(confirm) => {
                confirm.paint(canvas);
                None
            }
            Body::Told(telling) => {
                telling.paint(canvas);
                None
            }
            Body::Help(help) => {
                help.paint(canvas);
                None
            }
        }
    }
}
