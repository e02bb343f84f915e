//! The marked rows of the list, and the range that is being drawn over some.

use std::collections::HashSet;

use crate::domain::id::ConversationId;

/// Rows an action is about in place of the selected one (`peers.md` 5.6).
#[derive(Default)]
pub struct Marks {
    ids: HashSet<ConversationId>,
    range: Option<Range>,
}

/// A range that follows the selection.
struct Range {
    /// Where it began.
    from: ConversationId,
    /// It began in the group of personas.
    is_in_group: bool,
    /// What was marked before it.
    before: HashSet<ConversationId>,
}

impl Marks {
    /// How many rows are marked.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Whether this row is marked.
    pub fn has(&self, id: ConversationId) -> bool {
        self.ids.contains(&id)
    }

    /// Marks a row, or takes its mark away.
    pub fn toggle(&mut self, id: ConversationId) {
        if !self.ids.remove(&id) {
            self.ids.insert(id);
        }
    }

    /// A range begins on this row.
    pub fn begin(&mut self, from: ConversationId, is_in_group: bool) {
        let before = self.ids.clone();
        self.ids.insert(from);
        self.range = Some(Range {
            from,
            is_in_group,
            before,
        });
    }

    /// Ends the range, what it reached stays marked; `false` when there is none.
    pub fn end(&mut self) -> bool {
        self.range.take().is_some()
    }

    /// Where the range began, and whether that is in the group.
    pub fn began(&self) -> Option<(ConversationId, bool)> {
        self.range
            .as_ref()
            .map(|range| (range.from, range.is_in_group))
    }

    /// The range reaches over these rows now.
    pub fn reach(&mut self, rows: impl Iterator<Item = ConversationId>) {
        if let Some(range) = &self.range {
            self.ids.clone_from(&range.before);
            self.ids.extend(rows);
        }
    }

    /// Only rows like these stay marked; a range whose first row is gone ends.
    pub fn keep(&mut self, is_there: impl Fn(ConversationId) -> bool) {
        self.ids.retain(|id| is_there(*id));
        if let Some(range) = &mut self.range {
            range.before.retain(|id| is_there(*id));
        }
        self.range.take_if(|range| !is_there(range.from));
    }

    /// Takes all marks away; `false` when there was none.
    pub fn clear(&mut self) -> bool {
        self.range = None;
        let had_some = !self.ids.is_empty();
        self.ids.clear();
        had_some
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> ConversationId {
        ConversationId(uuid::Uuid::from_u128(n))
    }

    fn marked(marks: &Marks) -> Vec<u128> {
        (0..10).filter(|n| marks.has(id(*n))).collect()
    }

    #[test]
    fn a_range_shrinks_again_and_leaves_earlier_marks_alone() {
        let mut marks = Marks::default();
        marks.toggle(id(1));
        marks.toggle(id(7));
        marks.begin(id(3), false);
        assert_eq!(marked(&marks), [1, 3, 7]);
        marks.reach((3..=8).map(id));
        assert_eq!(marked(&marks), [1, 3, 4, 5, 6, 7, 8]);
        marks.reach((3..=4).map(id));
        assert_eq!(marked(&marks), [1, 3, 4, 7]);
        assert!(marks.end() && !marks.end());
        marks.reach((0..9).map(id));
        assert_eq!((marked(&marks).len(), marks.len()), (4, 4), "it has ended");
        marks.toggle(id(4));
        assert_eq!(marked(&marks), [1, 3, 7]);
    }

    #[test]
    fn a_row_that_is_gone_takes_its_mark_and_the_range_that_began_there() {
        let mut marks = Marks::default();
        marks.toggle(id(1));
        marks.begin(id(2), false);
        marks.reach((2..=5).map(id));
        marks.keep(|one| one != id(4) && one != id(1));
        assert_eq!(marked(&marks), [2, 3, 5]);
        marks.reach([2].into_iter().map(id));
        assert_eq!(marked(&marks), [2], "the mark from before is gone too");
        marks.keep(|one| one != id(2));
        assert_eq!(marks.began(), None);
        assert!(marks.is_empty() && !marks.clear());
    }
}
