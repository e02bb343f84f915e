//! The personas the face knows of: a projection of what the engine said, kept in the order they are shown.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::domain::clean::Clean;
use crate::domain::id::PersonaId;
use crate::domain::persona::PersonaListed;
use crate::domain::when::Millis;

/// All personas, those in the trash too.
#[derive(Default)]
pub struct Roster {
    by_id: HashMap<PersonaId, PersonaListed>,
    /// Outside the trash: those talked with last first, then by name.
    active: Vec<PersonaId>,
    /// In the trash, the last one first.
    trashed: Vec<PersonaId>,
}

impl Roster {
    /// These and no others.
    pub fn fill(&mut self, personas: Vec<PersonaListed>) {
        self.by_id = personas
            .into_iter()
            .map(|row| (row.persona.id, row))
            .collect();
        self.order();
    }

    /// One is new, or now like this.
    pub fn apply(&mut self, row: PersonaListed) {
        self.by_id.insert(row.persona.id, row);
        self.order();
    }

    /// It was talked with at that moment; `true` when that is news.
    pub fn talked(&mut self, id: PersonaId, at: Millis) -> bool {
        match self.by_id.get_mut(&id) {
            Some(row) if row.last_at < Some(at) => {
                row.last_at = Some(at);
                self.order();
                true
            }
            Some(_) | None => false,
        }
    }

    fn order(&mut self) {
        let rows = || self.by_id.values();
        let mut active: Vec<&PersonaListed> = rows()
            .filter(|row| row.persona.trashed_at.is_none())
            .collect();
        active.sort_by_cached_key(|row| {
            let name = row.persona.profile.name.to_lowercase();
            (Reverse(row.last_at), name, row.persona.id)
        });
        let mut trashed: Vec<&PersonaListed> = rows()
            .filter(|row| row.persona.trashed_at.is_some())
            .collect();
        trashed.sort_by_key(|row| (Reverse(row.persona.trashed_at), row.persona.id));
        let ids = |rows: Vec<&PersonaListed>| rows.iter().map(|row| row.persona.id).collect();
        (self.active, self.trashed) = (ids(active), ids(trashed));
    }

    /// The persona of this id, also when it is in the trash.
    pub fn get(&self, id: PersonaId) -> Option<&PersonaListed> {
        self.by_id.get(&id)
    }

    /// Those outside the trash, in the order they are shown.
    pub fn active(&self) -> impl Iterator<Item = &PersonaListed> {
        self.active.iter().filter_map(|id| self.by_id.get(id))
    }

    /// Those in the trash.
    pub fn trashed(&self) -> impl Iterator<Item = &PersonaListed> {
        self.trashed.iter().filter_map(|id| self.by_id.get(id))
    }

    /// How many stand outside the trash.
    pub fn count(&self) -> usize {
        self.active.len()
    }

    /// Its name for the screen; `None` when it is not known.
    pub fn name(&self, id: PersonaId) -> Option<Clean> {
        let row = self.get(id)?;
        Some(Clean::line(&row.persona.profile.name))
    }

    /// Name and relationship for the screen; `None` when it is not known.
    pub fn label(&self, id: PersonaId) -> Option<Clean> {
        let row = self.get(id)?;
        Some(Clean::line(&row.persona.profile.heading()))
    }

    /// Name and relationship for the screen, or that it is in the trash; `None` when it is not known.
    pub fn heading(&self, id: PersonaId) -> Option<Clean> {
        let row = self.get(id)?;
        let words = match row.persona.trashed_at {
            Some(_) => format!("{}, in the trash", row.persona.profile.name),
            None => row.persona.profile.heading(),
        };
        Some(Clean::line(&words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::persona::{Persona, Profile};
    use crate::domain::usage::Money;

    fn listed(n: u128, name: &str, last: Option<i64>, trashed: Option<i64>) -> PersonaListed {
        let profile = Profile {
            name: name.to_owned(),
            ..Profile::default()
        };
        PersonaListed {
            persona: Persona {
                id: PersonaId(uuid::Uuid::from_u128(n)),
                profile,
                is_imported: false,
                created_at: Millis(0),
                updated_at: Millis(0),
                trashed_at: trashed.map(Millis),
            },
            conversations: 0,
            last_at: last.map(Millis),
            tokens_in: 0,
            tokens_out: 0,
            cost: Money(0),
            unpriced: 0,
        }
    }

    fn names(roster: &Roster) -> Vec<&str> {
        let rows = roster.active();
        rows.map(|row| row.persona.profile.name.as_str()).collect()
    }

    #[test]
    fn those_talked_with_last_come_first_and_the_trash_is_apart() {
        let mut roster = Roster::default();
        roster.fill(vec![
            listed(1, "zoe", None, None),
            listed(2, "Bob", Some(5), None),
            listed(3, "Ann", None, None),
            listed(4, "Eve", Some(9), None),
            listed(5, "Old", Some(10), Some(11)),
        ]);
        assert_eq!(names(&roster), ["Eve", "Bob", "Ann", "zoe"]);
        assert_eq!(roster.trashed().count(), 1);
        roster.apply(listed(4, "Eve", Some(9), Some(20)));
        assert_eq!((names(&roster).len(), roster.count()), (3, 3));
        let trashed: Vec<u128> = roster.trashed().map(|r| r.persona.id.0.as_u128()).collect();
        assert_eq!(trashed, [4, 5]);
        let id = PersonaId(uuid::Uuid::from_u128(4));
        assert_eq!(roster.heading(id), Some(Clean::own("Eve, in the trash")));
    }
}
