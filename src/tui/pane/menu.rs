//! The words that complete what is typed after a slash, shown above the composer.

use ratatui::layout::Rect;

use crate::domain::clean::Clean;
use crate::tui::canvas::{Canvas, cut, width};
use crate::tui::theme::{Look, Tone};

/// Most rows it takes.
const ROWS: u16 = 8;
/// Cells between a word and what is said of it.
const GAP: u16 = 2;

/// A way to complete the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// The whole text with this word in it.
    pub text: String,
    pub label: Clean,
    pub about: Clean,
}

/// The words for one text; without words it is closed.
#[derive(Debug, Default)]
pub struct Menu {
    words: Vec<Word>,
    selected: usize,
    top: usize,
    /// What they complete.
    pub of: String,
    /// The user has chosen a row with the arrows.
    pub has_chosen: bool,
    /// The user has closed it; until the text is none that begins with a slash it stays closed.
    pub is_off: bool,
}

impl Menu {
    pub fn is_open(&self) -> bool {
        !self.words.is_empty()
    }

    /// Shows these words for that text.
    pub fn fill(&mut self, of: &str, words: Vec<Word>) {
        of.clone_into(&mut self.of);
        self.words = words;
        (self.selected, self.top, self.has_chosen) = (0, 0, false);
    }

    /// Nothing is to be completed.
    pub fn close(&mut self) {
        if !self.of.is_empty() || self.is_off {
            *self = Menu::default();
        }
    }

    /// The user does not want it.
    pub fn dismiss(&mut self) {
        self.words.clear();
        self.is_off = true;
    }

    /// To another row; behind the last one comes the first.
    pub fn step(&mut self, by: isize) {
        let count = isize::try_from(self.words.len()).unwrap_or(0).max(1);
        let to = isize::try_from(self.selected).unwrap_or(0) + by;
        self.selected = usize::try_from(to.rem_euclid(count)).unwrap_or(0);
        self.has_chosen = true;
    }

    /// Selects the word in this row of those shown; `false` when there is none.
    pub fn touch(&mut self, row: u16) -> bool {
        let at = self.top + usize::from(row);
        let is_word = at < self.words.len();
        if is_word {
            (self.selected, self.has_chosen) = (at, true);
        }
        is_word
    }

    /// The selected word.
    pub fn current(&self) -> Option<&Word> {
        self.words.get(self.selected)
    }

    /// Whether the text is one of the words.
    pub fn is_whole(&self) -> bool {
        let text = self.of.trim_end();
        self.words.iter().any(|word| word.text.trim_end() == text)
    }

    /// Rows it takes of so many.
    pub fn rows(&self, most: u16) -> u16 {
        u16::try_from(self.words.len())
            .unwrap_or(ROWS)
            .min(ROWS)
            .min(most)
    }

    /// Scrolls so that the selected row is seen.
    pub fn layout(&mut self, most: u16) {
        let shown = usize::from(self.rows(most)).max(1);
        self.top = self.top.min(self.selected);
        self.top = self.top.max((self.selected + 1).saturating_sub(shown));
    }

    /// Draws it, a row a word.
    pub fn paint(&self, canvas: &mut Canvas<'_>, area: Rect) {
        canvas.clear(area);
        let labels = self.words.iter().map(|word| width(&word.label));
        let widest = labels.max().unwrap_or(0).min(area.width / 2);
        for (y, at) in (0..area.height).zip(self.top..self.words.len()) {
            let word = &self.words[at];
            let look = match at == self.selected {
                true => Look::of(Tone::Accent).bold(),
                false => Look::default(),
            };
            if at == self.selected {
                canvas.put(area, (0, y), &Clean::own("▌"), Look::of(Tone::Accent));
            }
            let room = area.width.saturating_sub(2);
            let label = if word.about.is_empty() { room } else { widest };
            canvas.put(area, (1, y), &cut(&word.label, label), look);
            let x = 1 + widest + GAP;
            let about = cut(&word.about, area.width.saturating_sub(x + 1));
            canvas.put(area, (x, y), &about, Look::of(Tone::Dim));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selected_row_is_seen_and_the_last_is_followed_by_the_first() {
        let word = |n: usize| Word {
            text: format!("/w{n}"),
            label: Clean::line(&format!("/w{n}")),
            about: Clean::default(),
        };
        let mut menu = Menu::default();
        menu.fill("/w", (0..20).map(word).collect());
        assert_eq!((menu.rows(30), menu.rows(3)), (ROWS, 3));
        menu.step(-1);
        assert_eq!(menu.current().unwrap().text, "/w19");
        menu.layout(8);
        assert_eq!(menu.top, 12);
        menu.step(1);
        menu.layout(8);
        assert_eq!((menu.selected, menu.top), (0, 0));
        assert!(!menu.is_whole());
        menu.fill("/w3 ", vec![word(3)]);
        assert!(menu.is_whole());
    }
}
