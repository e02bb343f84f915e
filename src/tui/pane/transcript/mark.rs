//! Where another persona begins to speak: one line below the reply before it (spec P3).

use super::Transcript;
use crate::domain::clean::Clean;
use crate::domain::id::PersonaId;
use crate::domain::message::Role;
use crate::tui::roster::Roster;

impl Transcript {
    /// Marks every change of the persona on what is loaded. `next` is the persona of the next reply.
    pub fn mark(&mut self, next: Option<PersonaId>, roster: &Roster) {
        let replies: Vec<(usize, Option<PersonaId>)> = self
            .entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.message().role == Role::Assistant)
            .map(|(at, entry)| (at, entry.message().persona))
            .collect();
        let last = self.entries.len().saturating_sub(1);
        let mut marks = vec![None; self.entries.len()];
        for pair in replies.windows(2) {
            if let [(at, before), (_, after)] = pair
                && before != after
            {
                marks[*at] = Some(words(*after, roster));
            }
        }
        if let Some((_, before)) = replies.last()
            && !self.has_after
            && *before != next
        {
            marks[last] = Some(words(next, roster));
        }
        for (entry, mark) in self.entries.iter_mut().zip(marks) {
            entry.set_mark(mark);
        }
    }
}

fn words(persona: Option<PersonaId>, roster: &Roster) -> Clean {
    match persona.map(|id| roster.label(id)) {
        Some(Some(heading)) => Clean::line(&format!("┈┈ {heading} from here on ┈┈")),
        Some(None) => Clean::own("┈┈ another persona from here on ┈┈"),
        None => Clean::own("┈┈ no persona from here on ┈┈"),
    }
}
