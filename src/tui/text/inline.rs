//! The words of a paragraph, heading or cell: inline markdown events become text with looks.

use std::ops::Range;

use super::styled::Styled;
use super::tree::Passage;
use crate::domain::clean::Clean;
use crate::tui::theme::{Look, Tone};

/// Inline text under construction.
#[derive(Debug, Default)]
pub(super) struct Inline {
    styled: Styled,
    base: Look,
    strong: usize,
    emphasis: usize,
    strike: usize,
    images: usize,
    links: Vec<Link>,
}

#[derive(Debug)]
struct Link {
    url: String,
    /// Where its text begins.
    start: usize,
}

impl Inline {
    /// Starts a text whose plain words have the look `base`.
    pub(super) fn new(base: Look) -> Self {
        Inline {
            base,
            ..Inline::default()
        }
    }

    /// The finished text.
    pub(super) fn finish(self) -> Styled {
        self.styled
    }

    fn look(&self) -> Look {
        let mut look = self.base;
        if !self.links.is_empty() {
            look.tone = Tone::Link;
        }
        if self.images > 0 {
            look.tone = Tone::Dim;
        }
        look.bold |= self.strong > 0;
        look.italic |= self.emphasis > 0;
        look.strike |= self.strike > 0;
        look
    }

    /// Adds words. What stems from the lead of the passage is left out.
    pub(super) fn text(&mut self, passage: &Passage<'_>, text: &str, range: Range<usize>) {
        let look = self.look();
        self.add(passage, text, range, look);
    }

    /// Adds code in a line.
    pub(super) fn code(&mut self, passage: &Passage<'_>, text: &str, range: Range<usize>) {
        let tone = if self.links.is_empty() {
            Tone::Code
        } else {
            Tone::Link
        };
        let look = Look {
            tone,
            ..self.look()
        };
        // The ticks are part of the range; the words stand somewhere between them.
        let inner = passage
            .text
            .get(range.clone())
            .and_then(|shown| shown.find(text))
            .map_or(range.clone(), |at| {
                range.start + at..range.start + at + text.len()
            });
        self.add(passage, text, inner, look);
    }

    fn add(&mut self, passage: &Passage<'_>, text: &str, range: Range<usize>, look: Look) {
        if range.end <= passage.lead && passage.lead > 0 {
            return;
        }
        let mut text = text;
        let mut range = range;
        if range.start < passage.lead {
            if passage.text.get(range.clone()) == Some(text) {
                text = &passage.text[passage.lead..range.end];
            }
            range.start = passage.lead;
        }
        let clean = Clean::line(text);
        let is_exact = passage.text.get(range.clone()) == Some(clean.as_str());
        let range = passage.at(range.start)..passage.at(range.end);
        self.styled.push_from(&clean, look, range, is_exact);
    }

    /// A line end in the source that is only a blank.
    pub(super) fn soft_break(&mut self, passage: &Passage<'_>, range: Range<usize>) {
        let range = passage.at(range.start)..passage.at(range.end);
        let look = self.look();
        self.styled.push_from(&Clean::own(" "), look, range, false);
    }

    /// A line end that is meant.
    pub(super) fn hard_break(&mut self) {
        let look = self.look();
        self.styled.push(&Clean::own("\n"), look);
    }

    pub(super) fn strong(&mut self, is_start: bool) {
        count(&mut self.strong, is_start);
    }

    pub(super) fn emphasis(&mut self, is_start: bool) {
        count(&mut self.emphasis, is_start);
    }

    pub(super) fn strike(&mut self, is_start: bool) {
        count(&mut self.strike, is_start);
    }

    pub(super) fn image(&mut self, is_start: bool) {
        if is_start {
            self.images += 1;
            let look = self.look();
            self.styled.push(&Clean::own("[image: "), look);
        } else {
            let look = self.look();
            self.styled.push(&Clean::own("]"), look);
            self.images = self.images.saturating_sub(1);
        }
    }

    pub(super) fn start_link(&mut self, url: &str) {
        self.links.push(Link {
            url: url.to_owned(),
            start: self.styled.text().len(),
        });
    }

    /// Ends the link, and shows where it leads if its text does not say so.
    pub(super) fn end_link(&mut self) {
        let Some(link) = self.links.pop() else {
            return;
        };
        let url = Clean::line(&link.url);
        let shown = self.styled.text().get(link.start..).unwrap_or("");
        if url.is_empty() || is_same(shown, &url) {
            return;
        }
        let dim = Look::of(Tone::Dim);
        self.styled.push(&Clean::own(" ("), dim);
        self.styled.push(&url, dim);
        self.styled.push(&Clean::own(")"), dim);
    }
}

fn is_same(shown: &str, url: &str) -> bool {
    let bare = |text: &str| {
        let text = text.trim().trim_end_matches('/');
        let text = text.strip_prefix("mailto:").unwrap_or(text);
        let text = text.strip_prefix("https://").unwrap_or(text);
        text.strip_prefix("http://").unwrap_or(text).to_owned()
    };
    bare(shown) == bare(url)
}

fn count(depth: &mut usize, is_start: bool) {
    *depth = if is_start {
        *depth + 1
    } else {
        depth.saturating_sub(1)
    };
}
