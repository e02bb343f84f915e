//! One message of the transcript: its head, its reasoning, its blocks and its foot, each laid out for a width.

mod fold;
mod gist;
mod paint;
mod words;

use jiff::tz::TimeZone;

use super::foot::{Hints, Line, details, figures, notices};
use crate::domain::clean::Clean;
use crate::domain::message::{Message, Role, Shown, Status};
use crate::keys::Action;
use crate::tui::roster::Roster;
use crate::tui::text::dark::{Dark, Lit};
use crate::tui::text::doc::{Ctx, Doc};
use crate::tui::theme::Tone;
pub use gist::FIRST;
use gist::Fold;
pub use words::HitPlace;

/// A message on the screen.
pub struct Entry {
    pub shown: Shown,
    doc: Doc,
    thinking: Option<Thinking>,
    fold: Fold,
    has_details: bool,
    foot: Vec<Line>,
    /// The foot wrapped for a width; 0 = not yet.
    laid_foot: (u16, Vec<Line>),
    /// What changes below it, such as another persona.
    mark: Option<Clean>,
    /// This salon is writing it.
    is_live: bool,
}

struct Thinking {
    doc: Doc,
    /// The reader's choice; `None` = open while only reasoning has come.
    choice: Option<bool>,
    is_loaded: bool,
}

/// A row of an entry.
#[derive(Clone, Copy)]
pub struct Spot<'a> {
    pub item: usize,
    pub row: usize,
    /// Cells that wide code is moved to the left.
    pub skip: usize,
    pub zone: &'a TimeZone,
    /// Whose names the heads say.
    pub roster: &'a Roster,
    /// The hints of the foot, and whether the transcript has the focus.
    pub hints: (&'a Hints, bool),
    /// Whether it is the message at hand.
    pub is_at_hand: bool,
}

/// What a part of an entry is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    Head,
    Thinking,
    Block(usize),
    /// The first rows of a folded message.
    Gist,
    Foot,
}

impl Entry {
    /// A message from the store, or one just begun here.
    pub fn new(shown: Shown, is_live: bool) -> Self {
        let doc = if is_live {
            let mut doc = Doc::growing();
            doc.push(&shown.message.content);
            doc
        } else {
            Doc::whole(displayed(&shown.message))
        };
        let thinking = shown.message.thinking_ms.map(|_| Thinking {
            doc: Doc::default(),
            choice: None,
            is_loaded: false,
        });
        let mut entry = Entry {
            fold: Fold::of(&shown.message),
            shown,
            doc,
            thinking,
            has_details: false,
            foot: Vec::new(),
            laid_foot: (0, Vec::new()),
            mark: None,
            is_live,
        };
        entry.refoot(None);
        entry
    }

    /// The message itself; while it grows, its words are in `words`.
    pub fn message(&self) -> &Message {
        &self.shown.message
    }

    /// The words as far as they have come.
    pub fn words(&self) -> &str {
        if self.is_live {
            self.doc.source()
        } else {
            &self.shown.message.content
        }
    }

    /// Whether this salon is writing it.
    pub fn is_live(&self) -> bool {
        self.is_live
    }

    /// More of the answer.
    pub fn grow(&mut self, text: &str) {
        self.doc.push(text);
    }

    /// More reasoning.
    pub fn think(&mut self, text: &str) {
        let thinking = self.thinking.get_or_insert_with(|| Thinking {
            doc: Doc::growing(),
            choice: None,
            is_loaded: true,
        });
        thinking.doc.push(text);
    }

    /// The stored reasoning has come.
    pub fn load_thinking(&mut self, text: &str) {
        if let Some(thinking) = &mut self.thinking {
            thinking.doc = Doc::whole(text.to_owned());
            thinking.is_loaded = true;
        }
    }

    /// The reply is over.
    pub fn end(&mut self, message: Message) {
        self.is_live = false;
        self.doc.end(message.content.clone());
        self.shown.message.content.clone_from(&message.content);
        self.change(message);
    }

    /// The row is now like this; words that did not change keep their layout.
    pub fn change(&mut self, message: Message) {
        if !self.is_live && message.content != self.shown.message.content {
            self.doc = Doc::whole(displayed(&message));
            self.fold.renew(&message);
        }
        if self.thinking.is_none() && message.thinking_ms.is_some() {
            self.thinking = Some(Thinking {
                doc: Doc::default(),
                choice: None,
                is_loaded: false,
            });
        }
        self.shown.is_elsewhere &= message.status == Status::Streaming;
        self.shown.message = message;
        self.refoot(None);
    }

    /// What changes below it, if anything; one line.
    pub fn set_mark(&mut self, mark: Option<Clean>) {
        if self.mark != mark {
            self.mark = mark;
            self.refoot(None);
        }
    }

    /// A question whose reply is being written: its row may still say that it is not sent.
    pub fn sent(&mut self) {
        if self.message().status == Status::Unsent {
            let mut question = self.message().clone();
            question.status = Status::Complete;
            self.change(question);
        }
    }

    /// Opens or folds the reasoning; `true` when it must be asked for.
    pub fn toggle_thinking(&mut self) -> bool {
        let is_open = self.is_thinking_open();
        match &mut self.thinking {
            Some(thinking) => {
                thinking.choice = Some(!is_open);
                !is_open && !thinking.is_loaded
            }
            None => false,
        }
    }

    /// Whether there is reasoning.
    pub fn has_thinking(&self) -> bool {
        self.thinking.is_some()
    }

    /// Shows or hides model, tokens, times and ids; `true` when they are shown now.
    pub fn toggle_details(&mut self) -> bool {
        self.has_details = !self.has_details;
        self.refoot(None);
        self.has_details
    }

    fn is_thinking_open(&self) -> bool {
        self.thinking.as_ref().is_some_and(|t| {
            t.choice
                .unwrap_or(self.is_live && self.doc.source().is_empty())
        })
    }

    /// Brings what came since the last frame into shape, and the foot up to date. Called once a frame.
    pub fn settle(&mut self, width: u16, ctx: &Ctx, foot: Option<&str>) {
        if self.is_live {
            self.doc.settle(width, ctx);
            if let Some(thinking) = &mut self.thinking {
                thinking.doc.settle(width.saturating_sub(2), ctx);
            }
            self.refoot(foot);
        }
    }

    /// Items the scrolling counts: head, reasoning, blocks, foot.
    pub fn item_count(&self) -> usize {
        self.after_head() + 1 + self.parts()
    }

    /// Items before the words.
    fn after_head(&self) -> usize {
        1 + usize::from(self.thinking.is_some())
    }

    /// Items of the words.
    fn parts(&self) -> usize {
        if self.is_folded() {
            1
        } else {
            self.doc.block_count()
        }
    }

    fn part(&self, item: usize) -> Part {
        let after_head = self.after_head();
        match item {
            0 => Part::Head,
            1 if self.thinking.is_some() => Part::Thinking,
            _ if item >= after_head + self.parts() => Part::Foot,
            _ if self.is_folded() => Part::Gist,
            _ => Part::Block(item - after_head),
        }
    }

    /// Rows of an item at this width.
    pub fn height(&mut self, item: usize, width: u16, ctx: &Ctx) -> usize {
        match self.part(item) {
            Part::Head => 1,
            Part::Thinking => {
                let is_open = self.is_thinking_open();
                let Some(thinking) = self.thinking.as_mut().filter(|_| is_open) else {
                    return 1;
                };
                let width = width.saturating_sub(2);
                let blocks = thinking.doc.block_count();
                1 + (0..blocks)
                    .map(|block| thinking.doc.height(block, width, ctx))
                    .sum::<usize>()
            }
            Part::Block(block) => self.doc.height(block, width, ctx),
            Part::Gist => self.fold.height(self.doc.source(), width, ctx),
            // A blank row parts it from the next message.
            Part::Foot => {
                self.lay_foot(width);
                self.laid_foot.1.len() + 1
            }
        }
    }

    /// Rows of words made so far.
    #[cfg(test)]
    pub fn cost(&self) -> u64 {
        self.doc.cost().rows + self.fold.cost()
    }

    /// The code of an item that waits for its colours, and its block.
    pub fn dark(&self, item: usize) -> Option<(usize, Dark)> {
        match self.part(item) {
            Part::Block(block) => Some((block, self.doc.dark(block)?)),
            Part::Head | Part::Thinking | Part::Gist | Part::Foot => None,
        }
    }

    /// Colours the code of a block.
    pub fn light(&mut self, block: usize, lit: Lit) {
        self.doc.light(block, lit);
    }

    /// Drops rows that are far from the screen.
    pub fn forget(&mut self) {
        self.doc.forget();
        if let Some(thinking) = &mut self.thinking {
            thinking.doc.forget();
        }
    }

    fn lay_foot(&mut self, width: u16) {
        if self.laid_foot.0 != width {
            let lines = self.foot.iter().flat_map(|line| line.wrapped(width));
            self.laid_foot = (width, lines.collect());
        }
    }

    /// Makes the foot anew: how it goes, how it ended, what can be done.
    fn refoot(&mut self, live: Option<&str>) {
        let message = &self.shown.message;
        let mut lines = Vec::new();
        if self.is_live {
            lines.push(Line::words(
                live.unwrap_or("waiting · Esc stops"),
                Tone::Accent,
            ));
        } else if message.role == Role::User {
            if message.status == Status::Unsent {
                lines.push(Line::words(
                    "not sent yet: send again or edit",
                    Tone::Warning,
                ));
                lines.push(Line::offers(&[Action::Retry, Action::EditQuestion]));
            }
        } else {
            lines.extend(notices(message, self.shown.is_elsewhere));
            let figures = figures(message);
            if !figures.is_empty() {
                lines.push(Line::words(&figures, Tone::Dim));
            }
        }
        if self.shown.of > 1 {
            let place = Clean::line(&format!("‹{}/{}›", self.shown.place, self.shown.of));
            match lines.last_mut() {
                Some(last) => last.right = place,
                None => lines.push(Line {
                    right: place,
                    ..Line::words("", Tone::Dim)
                }),
            }
        }
        if self.has_details {
            lines.extend(
                details(message)
                    .iter()
                    .map(|line| Line::words(line, Tone::Dim)),
            );
        }
        let has_words = self.doc.block_count() > 0 || self.thinking.is_some();
        if !lines.is_empty() && (message.role == Role::User || has_words) {
            lines.insert(0, Line::words("", Tone::Dim));
        }
        if let Some(mark) = &self.mark {
            lines.push(Line::words("", Tone::Dim));
            lines.push(Line::words(mark, Tone::Dim));
        }
        self.foot = lines;
        self.laid_foot.0 = 0;
    }
}

/// The markdown to show. The line ends a person typed are meant, so they become hard breaks.
fn displayed(message: &Message) -> String {
    match message.role {
        Role::User => message.content.replace('\n', "  \n"),
        Role::Assistant | Role::System => message.content.clone(),
    }
}
