//! Code gets its colours off the screen's thread (decisions 2.3): what is seen, all at once.

use std::sync::Arc;

use super::Transcript;
use crate::domain::id::MessageId;
use crate::tui::text::code::Highlighter;
use crate::tui::text::dark::{Dark, Lit};

/// Blocks of code that wait for their colours.
pub struct Job {
    blocks: Vec<(MessageId, usize, Dark)>,
    highlighter: Arc<Highlighter>,
}

/// Blocks and their colours.
pub type Lights = Vec<(MessageId, usize, Lit)>;

impl Job {
    /// Finds the colours; some milliseconds, more for long code.
    pub fn run(self) -> Lights {
        let light =
            |(message, block, dark): (_, _, Dark)| (message, block, dark.light(&self.highlighter));
        self.blocks.into_iter().map(light).collect()
    }
}

impl Transcript {
    /// The seen blocks that wait for their colours, while none is on its way.
    pub fn wants_light(&mut self) -> Option<Job> {
        let highlighter = self.ctx.highlighter.clone().filter(|_| !self.is_lighting)?;
        let mut seen: Vec<(usize, usize)> =
            self.visible.iter().map(|p| (p.entry, p.item)).collect();
        seen.dedup();
        let blocks: Vec<(MessageId, usize, Dark)> = seen
            .into_iter()
            .filter_map(|(at, item)| {
                let entry = self.entries.get(at)?;
                let (block, dark) = entry.dark(item)?;
                Some((entry.message().id, block, dark))
            })
            .collect();
        self.is_lighting = !blocks.is_empty();
        self.is_lighting.then_some(Job {
            blocks,
            highlighter,
        })
    }

    /// The colours have come.
    pub fn lit(&mut self, lights: Lights) {
        self.is_lighting = false;
        for (message, block, lit) in lights {
            if let Some(at) = self.find(message) {
                self.entries[at].light(block, lit);
            }
        }
    }
}
