//! Selecting words with the pointer: from cell to cell, kept by message and source, so that it stays on its words
//! while answers grow and the screen changes.

use std::ops::Range;

use ratatui::layout::{Position, Rect};

use super::{Transcript, text_width};
use crate::domain::id::MessageId;
use crate::tui::canvas::Canvas;
use crate::tui::pane::entry::Text;
use crate::tui::text::pick::Grain;

/// A place in the words of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    message: MessageId,
    text: Text,
    part: Range<usize>,
}

/// What is selected, or about to be.
#[derive(Clone, Debug)]
pub struct Picked {
    from: Mark,
    /// Where the pointer came to; `None` = nothing is selected yet.
    to: Option<Mark>,
    grain: Grain,
}

/// A part of one text: entry, text, bytes.
type Piece = (usize, Text, Range<usize>);

impl Transcript {
    /// A selection may begin at this cell; with a word or a line it has begun.
    pub fn pick(&mut self, at: Position, grain: Grain) {
        self.picked = self.mark_at(at, grain).map(|from| Picked {
            to: (grain != Grain::Cell).then(|| from.clone()),
            from,
            grain,
        });
    }

    /// The selection goes to this cell, or the one nearest to it in the pane.
    pub fn pick_to(&mut self, at: Position) {
        let Some(grain) = self.picked.as_ref().map(|picked| picked.grain) else {
            return;
        };
        if let Some(to) = self.mark_at(at, grain)
            && let Some(picked) = &mut self.picked
        {
            picked.to = Some(to);
        }
    }

    /// Forgets the selection; `true` if there was one.
    pub fn unpick(&mut self) -> bool {
        self.picked.take().is_some_and(|picked| picked.to.is_some())
    }

    /// The selected text as it was written, messages a blank line apart; `None` when nothing is selected.
    pub fn picked_text(&self) -> Option<String> {
        let pieces = self.pieces();
        let texts = pieces
            .iter()
            .map(|(entry, text, part)| self.entries[*entry].picked(*text, part));
        let texts: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
        (!texts.is_empty()).then(|| texts.join("\n\n"))
    }

    /// Takes the message at this cell in hand, where it stands.
    pub fn touch(&mut self, at: Position) {
        if let Some(place) = self.place_at(at) {
            self.cursor = Some(self.entries[place.entry].message().id);
        }
    }

    fn place_at(&self, at: Position) -> Option<super::Place> {
        let row = at.y.saturating_sub(self.area.y);
        let place = self.visible.get(usize::from(row)).or(self.visible.last())?;
        // A message may have gone since the last layout.
        let entry = self.entries.get(place.entry)?;
        (place.item < entry.item_count()).then_some(*place)
    }

    fn mark_at(&self, at: Position, grain: Grain) -> Option<Mark> {
        let place = self.place_at(at)?;
        let entry = &self.entries[place.entry];
        let is_below = usize::from(at.y.saturating_sub(self.area.y)) >= self.visible.len();
        let cell = match at.x.checked_sub(self.area.x + 2) {
            _ if is_below => usize::from(u16::MAX),
            Some(cell) => usize::from(cell),
            None => 0,
        };
        let (text, part) = entry.touched(place.item, place.row, (cell, self.skip));
        Some(Mark {
            message: entry.message().id,
            text,
            part: entry.grown(text, part, grain),
        })
    }

    /// What is selected, text by text.
    fn pieces(&self) -> Vec<Piece> {
        let Some((picked, to)) = self.picked.as_ref().and_then(|p| Some((p, p.to.as_ref()?)))
        else {
            return Vec::new();
        };
        // A message may have gone, and the selection with it.
        let Some((from_entry, to_entry)) =
            self.find(picked.from.message).zip(self.find(to.message))
        else {
            return Vec::new();
        };
        let key = |entry: usize, mark: &Mark| (entry, mark.text, mark.part.start);
        let mut ends = [(from_entry, &picked.from), (to_entry, to)];
        ends.sort_by_key(|(entry, mark)| key(*entry, mark));
        let [(first, low), (last, high)] = ends;
        let is_same = (first, low.text) == (last, high.text);
        let mut pieces = Vec::new();
        for entry in first..=last {
            for text in Text::ALL {
                if (entry, text) < (first, low.text) || (entry, text) > (last, high.text) {
                    continue;
                }
                let all = self.entries[entry].len_of(text);
                let start = match (entry, text) == (first, low.text) {
                    true => low.part.start,
                    false => 0,
                };
                let end = match (entry, text) == (last, high.text) {
                    true if is_same => high.part.end.max(low.part.end),
                    true => high.part.end,
                    false => all,
                };
                if start < end.min(all) {
                    pieces.push((entry, text, start..end.min(all)));
                }
            }
        }
        pieces
    }

    /// Lights up what is selected of the rows that are seen.
    pub(super) fn paint_picked(&self, canvas: &mut Canvas<'_>) {
        let pieces = self.pieces();
        if pieces.is_empty() {
            return;
        }
        for (y, place) in (self.area.y..self.area.bottom()).zip(&self.visible) {
            let part = |text: Text| {
                let mut own = pieces.iter();
                let own = own.find(|(entry, of, _)| *entry == place.entry && *of == text);
                own.map(|(_, _, part)| part.clone())
            };
            let entry = &self.entries[place.entry];
            for columns in entry.lit(place.item, place.row, self.skip, part) {
                let near = |column: usize| {
                    u16::try_from(column)
                        .unwrap_or(u16::MAX)
                        .min(text_width(self.area))
                };
                let (start, end) = (near(columns.start), near(columns.end));
                canvas.select(Rect {
                    x: self.area.x + 2 + start,
                    y,
                    width: end - start,
                    height: 1,
                });
            }
        }
    }
}
