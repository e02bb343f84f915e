//! The group of personas on top of the list: a row for each of them, and under it the conversations with it.
//!
//! The lines are made when something changes, never while a frame is drawn.

use std::collections::HashMap;

use crate::domain::clean::Clean;
use crate::domain::conversation::{Conversation, Listed};
use crate::domain::id::{ConversationId, PersonaId};
use crate::domain::when::Millis;
use crate::protocol::{Command, Order, Query, Shelf, Which};
use crate::tui::pane::order::place;
use crate::tui::roster::Roster;

/// Conversations shown under a persona; the filter shows them all.
pub const SHOWN: u32 = 12;

/// A line of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// The title of the group.
    Title,
    Persona(PersonaId),
    /// A conversation of a persona: which, by its place.
    Inside(PersonaId, usize),
    /// There are more conversations than are shown.
    More(PersonaId),
}

/// A persona's line in words.
struct Label {
    name: Clean,
    last_at: Option<Millis>,
}

/// The conversations shown under a persona.
#[derive(Default)]
struct Inside {
    rows: Vec<Listed>,
    has_more: bool,
}

/// The group.
#[derive(Default)]
pub struct Groups {
    /// The personas are shown.
    pub is_open: bool,
    order: Vec<PersonaId>,
    labels: HashMap<PersonaId, Label>,
    unfolded: HashMap<PersonaId, Inside>,
    lines: Vec<Line>,
}

impl Groups {
    /// The personas are these.
    pub fn fill(&mut self, roster: &Roster) {
        self.order = roster.active().map(|row| row.persona.id).collect();
        let label = |id: PersonaId| {
            let last_at = roster.get(id)?.last_at;
            let name = roster.label(id)?;
            Some((id, Label { name, last_at }))
        };
        self.labels = self.order.iter().filter_map(|id| label(*id)).collect();
        let labels = &self.labels;
        self.unfolded.retain(|id, _| labels.contains_key(id));
        self.relay();
    }

    fn relay(&mut self) {
        self.lines.clear();
        if self.order.is_empty() {
            return;
        }
        self.lines.push(Line::Title);
        if !self.is_open {
            return;
        }
        for id in &self.order {
            self.lines.push(Line::Persona(*id));
            if let Some(inside) = self.unfolded.get(id) {
                let rows = (0..inside.rows.len()).map(|at| Line::Inside(*id, at));
                self.lines.extend(rows);
                if inside.has_more {
                    self.lines.push(Line::More(*id));
                }
            }
        }
    }

    /// The lines from above.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// How many personas there are.
    fn count(&self) -> usize {
        self.order.len()
    }

    /// Shows or hides the personas.
    pub fn fold(&mut self, is_open: bool) {
        self.is_open = is_open;
        self.relay();
    }

    /// Whether a persona's conversations are shown.
    pub fn is_unfolded(&self, id: PersonaId) -> bool {
        self.unfolded.contains_key(&id)
    }

    /// Hides a persona's conversations.
    pub fn fold_persona(&mut self, id: PersonaId) {
        self.unfolded.remove(&id);
        self.relay();
    }

    /// Shows a persona's conversations: the command that asks for them.
    pub fn unfold(&mut self, id: PersonaId) -> Command {
        self.unfolded.entry(id).or_default();
        let query = Query {
            words: String::new(),
            which: Which::Active,
            persona: Some(id),
            ..Query::default()
        };
        Command::Shelf(Shelf::List {
            query,
            after: None,
            offset: 0,
            limit: Some(SHOWN),
        })
    }

    /// A persona's conversations came; nothing when it was folded since.
    pub fn fill_persona(&mut self, id: PersonaId, rows: Vec<Listed>, has_more: bool) {
        if let Some(inside) = self.unfolded.get_mut(&id) {
            *inside = Inside { rows, has_more };
            self.relay();
        }
    }

    /// The conversation of a line.
    pub fn row(&self, line: Line) -> Option<&Listed> {
        match line {
            Line::Inside(id, at) => self.unfolded.get(&id)?.rows.get(at),
            Line::Title | Line::Persona(_) | Line::More(_) => None,
        }
    }

    /// The conversations that are unfolded, from above.
    pub fn rows(&self) -> impl Iterator<Item = &Listed> {
        self.lines.iter().filter_map(|line| self.row(*line))
    }

    /// The persona of a line.
    pub fn persona(line: Line) -> Option<PersonaId> {
        match line {
            Line::Title => None,
            Line::Persona(id) | Line::Inside(id, _) | Line::More(id) => Some(id),
        }
    }

    /// A line in words, what stands at its right end, and how many cells it stands in; `None` for a conversation.
    pub fn words(&self, line: Line, now: Millis) -> Option<(Clean, Clean, u16)> {
        let sign = |is_open| if is_open { "▾" } else { "▸" };
        match line {
            Line::Title => {
                let words = Clean::line(&format!("{} Personas", sign(self.is_open)));
                Some((words, Clean::line(&self.count().to_string()), 2))
            }
            Line::Persona(id) => {
                let label = self.labels.get(&id)?;
                let words = format!("{} {}", sign(self.is_unfolded(id)), label.name);
                let age = label.last_at.map(|at| at.age(now)).unwrap_or_default();
                Some((Clean::line(&words), Clean::line(&age), 4))
            }
            Line::More(_) => Some((Clean::own("… more"), Clean::default(), 8)),
            Line::Inside(..) => None,
        }
    }

    /// A conversation is now like this: it stands under its persona, where that is unfolded, and under no other.
    pub fn apply(&mut self, conversation: &Conversation) {
        let is_shelved = conversation.trashed_at.is_some() || conversation.archived_at.is_some();
        for (id, inside) in &mut self.unfolded {
            let is_it = |row: &Listed| row.conversation.id == conversation.id;
            let has_draft = inside.rows.iter().any(|row| is_it(row) && row.has_draft);
            inside.rows.retain(|row| !is_it(row));
            if conversation.persona != Some(*id) || is_shelved {
                continue;
            }
            let at = place(&inside.rows, conversation, Order::Activity);
            if at < inside.rows.len() || !inside.has_more {
                let conversation = conversation.clone();
                let row = Listed {
                    conversation,
                    has_draft,
                };
                inside.rows.insert(at, row);
            }
            let most = usize::try_from(SHOWN).unwrap_or(usize::MAX);
            if inside.rows.len() > most {
                inside.rows.truncate(most);
                inside.has_more = true;
            }
        }
        if !self.unfolded.is_empty() {
            self.relay();
        }
    }

    /// A conversation is gone for good.
    pub fn remove(&mut self, id: ConversationId) {
        for inside in self.unfolded.values_mut() {
            inside.rows.retain(|row| row.conversation.id != id);
        }
        self.relay();
    }

    /// Words wait in this conversation's composer, or no more.
    pub fn mark_draft(&mut self, id: ConversationId, has_draft: bool) {
        let rows = self
            .unfolded
            .values_mut()
            .flat_map(|inside| &mut inside.rows);
        for row in rows.filter(|row| row.conversation.id == id) {
            row.has_draft = has_draft;
        }
    }
}
