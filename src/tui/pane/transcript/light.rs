//! Long code gets its colours off the screen's thread (decisions 2.3): one seen block at a time.

use std::sync::Arc;

use super::Transcript;
use crate::domain::id::MessageId;
use crate::tui::text::code::Highlighter;
use crate::tui::text::dark::{Dark, Lit};

/// A block of code that waits for its colours.
pub struct Job {
    pub message: MessageId,
    pub block: usize,
    pub dark: Dark,
    pub highlighter: Arc<Highlighter>,
}

impl Transcript {
    /// The first seen block that waits for its colours, while no other is on its way.
    pub fn wants_light(&mut self) -> Option<Job> {
        let highlighter = self.ctx.highlighter.clone().filter(|_| !self.is_lighting)?;
        let job = self.visible.iter().find_map(|place| {
            let entry = self.entries.get(place.entry)?;
            let (block, dark) = entry.dark(place.item)?;
            let message = entry.message().id;
            Some((message, block, dark))
        });
        let (message, block, dark) = job?;
        self.is_lighting = true;
        Some(Job {
            message,
            block,
            dark,
            highlighter,
        })
    }

    /// The colours of a block have come.
    pub fn lit(&mut self, message: MessageId, block: usize, lit: Lit) {
        self.is_lighting = false;
        if let Some(at) = self.find(message) {
            self.entries[at].light(block, lit);
        }
    }
}
