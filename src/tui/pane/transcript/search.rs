//! Finding words in the open conversation: the hits of the whole shown branch, and the one at hand (spec V4).

use super::beyond::Walk;
use super::state::{Search, Want};
use super::{Transcript, text_width};
use crate::domain::clean::Clean;
use crate::domain::find::Needle;
use crate::domain::id::MessageId;
use crate::protocol::{Chat, Command};
use crate::tui::pane::entry::HitPlace;
use crate::tui::text::edit::Editor;
use crate::tui::text::scroll::Anchor;

impl Transcript {
    /// Opens the line for the words.
    pub fn begin_search(&mut self) {
        let mut input = Editor::single();
        input.set_placeholder(Clean::own("find in this conversation"));
        self.search = Some(Search {
            input,
            is_typing: true,
            words: String::new(),
            needle: None,
            hits: None,
            at: None,
            place: None,
            origin: self.origin(),
            wrapped: 0,
            is_stale: false,
            grown: None,
        });
    }

    /// Looks for these words at once.
    pub fn search_for(&mut self, words: &str) -> Option<Command> {
        self.begin_search();
        let search = self.search.as_mut()?;
        search.input.set_text(words, words.len());
        search.is_typing = false;
        self.words_changed()
    }

    /// Looks for these words from this message on.
    pub fn search_from(&mut self, words: &str, message: MessageId) -> Option<Command> {
        let command = self.search_for(words);
        if let Some(search) = &mut self.search {
            search.origin = Some((message, 0));
        }
        command
    }

    /// The line for the words, while it is open.
    pub fn search_line(&mut self) -> Option<&mut Editor> {
        let search = self.search.as_mut().filter(|search| search.is_typing)?;
        Some(&mut search.input)
    }

    /// Whether words are looked for.
    pub fn is_searching(&self) -> bool {
        self.search.is_some()
    }

    /// Whether the words are being typed.
    pub fn is_typing(&self) -> bool {
        self.search.as_ref().is_some_and(|search| search.is_typing)
    }

    /// Takes the words that stand in the line; what to ask for if they are others than before.
    pub fn words_changed(&mut self) -> Option<Command> {
        let conversation = self.conversation;
        let search = self.search.as_mut()?;
        let words = search.input.text().trim().to_owned();
        if words == search.words {
            return None;
        }
        search.needle = Needle::new(&words);
        search.words.clone_from(&words);
        search.hits = None;
        search.at = None;
        search.place = None;
        search.wrapped = 0;
        search.grown = None;
        let conversation = conversation.filter(|_| search.needle.is_some())?;
        Some(Command::Chat(Chat::Find {
            conversation,
            words,
        }))
    }

    /// The words are as they are meant; the line closes, the hits stay. Without words the search ends.
    pub fn close_line(&mut self) {
        self.search.take_if(|search| search.needle.is_none());
        if let Some(search) = &mut self.search {
            search.is_typing = false;
            self.last_words.clone_from(&search.words);
        }
    }

    /// Ends the search; the view stays where it is. `false` when there is none.
    pub fn end_search(&mut self) -> bool {
        let Some(search) = self.search.take() else {
            return false;
        };
        if search.needle.is_some() {
            self.last_words = search.words;
        }
        true
    }

    /// What to ask for again, because the branch has changed.
    pub fn search_again(&mut self) -> Option<Command> {
        let conversation = self.conversation?;
        let search = self.search.as_mut()?;
        let is_stale = std::mem::take(&mut search.is_stale);
        (is_stale && search.needle.is_some()).then(|| {
            Command::Chat(Chat::Find {
                conversation,
                words: search.words.clone(),
            })
        })
    }

    /// The branch is another from here on.
    pub(super) fn outdate_search(&mut self) {
        if let Some(search) = &mut self.search {
            search.is_stale = true;
            search.grown = None;
        }
    }

    /// The hits came. Goes to the nearest at or below the place where the search began, else to the nearest above.
    pub fn found(&mut self, words: &str, hits: Vec<(MessageId, u32)>) -> Walk {
        let Some(search) = self.search.as_mut().filter(|s| s.words == words) else {
            return Walk::Wait;
        };
        let kept = search
            .at
            .filter(|at| hits.iter().any(|(id, _)| *id == at.0));
        search.hits = Some(hits);
        self.count_growing();
        if kept.is_some() {
            return Walk::There;
        }
        match self.nearest() {
            Some(at) => self.take_hit(at, 0),
            None => Walk::There,
        }
    }

    /// To the next hit (`by` 1) or the one before (-1), beyond the last to the first.
    pub fn step_hit(&mut self, by: isize) -> Walk {
        let Some(search) = &self.search else {
            return Walk::Nowhere("nothing is looked for");
        };
        let Some(hits) = &search.hits else {
            return Walk::Wait;
        };
        let Some((id, nth)) = search.at else {
            return match self.nearest() {
                Some(at) => self.take_hit(at, 0),
                None => Walk::Nowhere("found nowhere in this conversation"),
            };
        };
        let at = hits.partition_point(|(hit, _)| *hit < id);
        let is_here = hits.get(at).is_some_and(|(hit, _)| *hit == id);
        let last = |(id, count): &(MessageId, u32)| (*id, count.saturating_sub(1));
        let next = if by > 0 {
            let count = hits.get(at).filter(|_| is_here).map_or(0, |(_, n)| *n);
            if nth + 1 < count {
                Some((id, nth + 1))
            } else {
                hits.get(at + usize::from(is_here)).map(|(id, _)| (*id, 0))
            }
        } else if is_here && nth > 0 {
            Some((id, nth - 1))
        } else {
            at.checked_sub(1).and_then(|at| hits.get(at)).map(last)
        };
        let around = if by > 0 {
            hits.first().map(|(id, _)| (*id, 0))
        } else {
            hits.last().map(last)
        };
        match (next, around) {
            (Some(next), _) => self.take_hit(next, 0),
            (None, Some(around)) => self.take_hit(around, by),
            (None, None) => Walk::Nowhere("found nowhere in this conversation"),
        }
    }

    /// Whether the hit at hand is in this message.
    pub(super) fn is_hit(&self, id: MessageId) -> bool {
        let at = self.search.as_ref().and_then(|search| search.at);
        at.is_some_and(|(hit, _)| hit == id)
    }

    fn take_hit(&mut self, at: (MessageId, u32), wrapped: isize) -> Walk {
        if let Some(search) = &mut self.search {
            search.at = Some(at);
            search.wrapped = wrapped;
            search.place = None;
        }
        self.show_hit()
    }

    /// Brings the hit at hand into view, out of a folded message too.
    pub(super) fn show_hit(&mut self) -> Walk {
        let Some((id, nth)) = self.search.as_ref().and_then(|search| search.at) else {
            return Walk::There;
        };
        let Some(at) = self.find(id) else {
            return self.ask_around(id, Want::Hit);
        };
        let was_folded = self.entries[at].is_folded();
        if was_folded {
            self.set_folded(at, false);
        }
        self.held = None;
        self.cursor = Some(id);
        let Some(place) = self.place_hit(at, nth) else {
            // The row has changed since; its head is near.
            self.show_from(at);
            return Walk::There;
        };
        let room = usize::from(self.area.height).saturating_sub(1);
        let mut seen = self.visible.iter().take(room);
        // What was seen of a folded message has other items.
        if !was_folded && seen.any(|p| (p.entry, p.item, p.row) == (at, place.item, place.row)) {
            self.stand_still();
        } else {
            self.measure_starts();
            let anchor = Anchor {
                item: self.starts[at] + place.item,
                row: place.row,
            };
            self.show_row(anchor, usize::from(self.area.height / 3));
        }
        self.moved = true;
        Walk::There
    }

    /// Where a hit of an entry stands now; kept until the width or the words change.
    fn place_hit(&mut self, at: usize, nth: u32) -> Option<HitPlace> {
        let width = text_width(self.area);
        let search = self.search.as_mut()?;
        let entry = &mut self.entries[at];
        let len = entry.len();
        if let Some((w, l, place)) = &search.place
            && (*w, *l) == (width, len)
        {
            return Some(place.clone());
        }
        let needle = search.needle.as_ref()?;
        let nth = usize::try_from(nth).unwrap_or(usize::MAX);
        let place = entry.hit(needle, nth, width, &self.ctx)?;
        search.place = Some((width, len, place.clone()));
        Some(place)
    }

    /// Where the view is: its first message and the first byte of it that is seen.
    fn origin(&self) -> Option<(MessageId, usize)> {
        let top = self.visible.first()?;
        let entry = &self.entries[top.entry];
        let is_foot = top.item + 1 == entry.item_count();
        let byte = match entry.row(top.item, top.row).and_then(|row| row.source()) {
            Some(source) => source.start,
            None if is_foot => usize::MAX,
            None => 0,
        };
        Some((entry.message().id, byte))
    }

    /// The hit at or below the place where the search began, else the last one above it.
    fn nearest(&self) -> Option<(MessageId, u32)> {
        let search = self.search.as_ref()?;
        let hits = search.hits.as_ref()?;
        let (id, byte) = search.origin?;
        // Ids are made in the order of the branch.
        let at = hits.partition_point(|(hit, _)| *hit < id);
        let here = hits.get(at).filter(|(hit, _)| *hit == id);
        let nth = here.and_then(|_| {
            let entry = &self.entries[self.find(id)?];
            let nth = entry.hits_before(search.needle.as_ref()?, byte);
            u32::try_from(nth).ok()
        });
        match (here, nth) {
            (Some((id, count)), Some(nth)) if nth < *count => Some((*id, nth)),
            (here, _) => {
                let next = hits.get(at + usize::from(here.is_some()));
                let last = || hits.last().map(|(id, count)| (*id, count - 1));
                next.map(|(id, _)| (*id, 0)).or_else(last)
            }
        }
    }

    /// Counts the hits of the growing reply; the engine knows its words of two seconds ago.
    pub(super) fn count_growing(&mut self) {
        let (Some(search), Some(entry)) = (&mut self.search, self.entries.last()) else {
            return;
        };
        let (Some(needle), Some(hits)) = (&search.needle, &mut search.hits) else {
            return;
        };
        let id = entry.message().id;
        let is_known = search.grown.is_some_and(|(known, ..)| known == id);
        if !entry.is_live() && !is_known {
            return;
        }
        let (_, len, end, count) = search
            .grown
            .filter(|(known, ..)| *known == id && entry.is_live())
            .unwrap_or((id, 0, 0, 0));
        if len < entry.len() || !is_known {
            // A hit may have begun in what was there before.
            let back = len.saturating_sub(4 * search.words.len() + 16);
            let (more, last) = entry.count(needle, back.max(end));
            let count = count + more;
            search.grown = Some((id, entry.len(), last.unwrap_or(end), count));
            set_count(hits, id, count);
        }
        if !entry.is_live() {
            search.grown = None;
        }
    }

    /// Lights what is seen of the hits. Costs what is seen.
    pub(super) fn light_hits(&mut self) {
        self.lit.clear();
        self.count_growing();
        let Some(search) = &self.search else { return };
        if search.needle.is_none() {
            return;
        }
        let at = search.at;
        if let Some((id, nth)) = at
            && let Some(entry) = self.find(id)
            && self.visible.iter().any(|place| place.entry == entry)
            && !self.entries[entry].is_folded()
        {
            self.place_hit(entry, nth);
        }
        let Some(search) = &self.search else { return };
        let Some(needle) = &search.needle else { return };
        let mut y = 0;
        for part in self
            .visible
            .chunk_by(|a, b| (a.entry, a.item) == (b.entry, b.item))
        {
            let (Some(first), Some(last)) = (part.first(), part.last()) else {
                continue;
            };
            let entry = &self.entries[first.entry];
            let current = search.place.as_ref().filter(|(.., place)| {
                at.is_some_and(|(id, _)| id == entry.message().id)
                    && place.item == first.item
                    && !entry.is_folded()
            });
            // A hit may begin in the row before, or end in the row after.
            let rows = first.row.saturating_sub(1)..last.row + 2;
            #[cfg(test)]
            {
                self.looked += rows.len();
            }
            for (row, bytes) in entry.shown_hits(first.item, rows, needle) {
                if (first.row..=last.row).contains(&row) {
                    let is_current = current
                        .is_some_and(|(.., place)| place.parts.contains(&(row, bytes.clone())));
                    self.lit.push((y + row - first.row, bytes, is_current));
                }
            }
            y += part.len();
        }
    }

    /// What was found, such as `3 of 17`.
    pub(super) fn tally(&self) -> String {
        let Some(search) = &self.search else {
            return String::new();
        };
        let Some(hits) = &search.hits else {
            return match search.needle {
                Some(_) => "looking".to_owned(),
                None => String::new(),
            };
        };
        let sum = |hits: &[(MessageId, u32)]| hits.iter().map(|(_, n)| u64::from(*n)).sum::<u64>();
        let all = sum(hits);
        if all == 0 {
            return "found nowhere".to_owned();
        }
        let Some((id, nth)) = search.at else {
            return format!("{all} found");
        };
        let before = hits.partition_point(|(hit, _)| *hit < id);
        let number = sum(&hits[..before]) + u64::from(nth) + 1;
        let wrapped = match search.wrapped {
            1.. => ", from the start again",
            0 => "",
            ..0 => ", from the end again",
        };
        format!("{number} of {all}{wrapped}")
    }
}

fn set_count(hits: &mut Vec<(MessageId, u32)>, id: MessageId, count: u32) {
    let at = hits.partition_point(|(hit, _)| *hit < id);
    match hits.get_mut(at).filter(|(hit, _)| *hit == id) {
        Some(known) if count > 0 => known.1 = count,
        Some(_) => {
            hits.remove(at);
        }
        None if count > 0 => hits.insert(at, (id, count)),
        None => {}
    }
}
