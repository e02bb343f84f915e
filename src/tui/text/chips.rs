//! Pasted text that stands in an input as one chip (decisions 1.1): a label in the buffer, the text beside it.
//!
//! In the buffer a label lies between two noncharacters, which no foreign text brings in, and has no blank that a row
//! could break at. Two labels are the same only if their texts are, so a label that was cut, undone or put back still
//! finds its text.

use std::borrow::Cow;
use std::ops::Range;

use super::buffer::{CHIP_END, CHIP_START};

/// A text of more lines becomes a chip, however short.
const LINES: usize = 20;

/// The texts behind the labels of an input.
#[derive(Debug, Default)]
pub(super) struct Chips {
    /// A longer text becomes a chip, in characters; `None` = none does.
    over: Option<usize>,
    /// Label and text.
    texts: Vec<(String, String)>,
}

impl Chips {
    /// A longer text becomes a chip from now on, in characters.
    pub(super) fn fold_over(&mut self, chars: usize) {
        self.over = Some(chars);
    }

    /// Forgets the texts; no label may be left anywhere.
    pub(super) fn clear(&mut self) {
        self.texts.clear();
    }

    /// What stands in the buffer for this text, if it becomes a chip.
    pub(super) fn hold(&mut self, text: &str) -> Option<String> {
        let chars = text.chars().count();
        let lines = text.lines().count();
        if self.over.is_none_or(|over| chars <= over && lines <= LINES) {
            return None;
        }
        let words = match lines {
            1 => format!("pasted {} characters", grouped(chars)),
            _ => format!(
                "pasted {} lines, {} characters",
                grouped(lines),
                grouped(chars)
            ),
        };
        let label = (1_usize..)
            .map(|number| match number {
                1 => words.clone(),
                _ => format!("{words}, no. {number}"),
            })
            .map(|label| label.replace(' ', "\u{a0}"))
            .find(|label| self.text_of(label).is_none_or(|known| known == text))?;
        if self.text_of(&label).is_none() {
            self.texts.push((label.clone(), text.to_owned()));
        }
        Some(format!("{CHIP_START}{label}{CHIP_END}"))
    }

    fn text_of(&self, label: &str) -> Option<&str> {
        let found = self.texts.iter().find(|(known, _)| known == label);
        found.map(|(_, text)| text.as_str())
    }

    /// The text with everything behind its chips.
    pub(super) fn expanded<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.texts.is_empty() || !text.contains(CHIP_START) {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(range) = first_chip(rest) {
            let label = &rest[range.start + CHIP_START.len_utf8()..range.end - CHIP_END.len_utf8()];
            out.push_str(&rest[..range.start]);
            out.push_str(self.text_of(label).unwrap_or(label));
            rest = &rest[range.end..];
        }
        out.push_str(rest);
        Cow::Owned(out)
    }
}

/// `3,210`.
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The first chip of a line, with its marks.
fn first_chip(line: &str) -> Option<Range<usize>> {
    let start = line.find(CHIP_START)?;
    let end = start + line[start..].find(CHIP_END)? + CHIP_END.len_utf8();
    Some(start..end)
}

/// The chip of a line in which this byte lies, not at its edges.
pub(super) fn chip_around(line: &str, byte: usize) -> Option<Range<usize>> {
    let start = line[..byte].rfind(CHIP_START)?;
    let end = start + line[start..].find(CHIP_END)? + CHIP_END.len_utf8();
    (byte < end).then_some(start..end)
}

/// The chip that ends or begins at this byte of a line.
pub(super) fn chip_beside(line: &str, byte: usize) -> Option<Range<usize>> {
    if line[..byte].ends_with(CHIP_END) {
        return line[..byte].rfind(CHIP_START).map(|start| start..byte);
    }
    let chip = first_chip(&line[byte..]).filter(|chip| chip.start == 0)?;
    Some(byte..byte + chip.end)
}

/// A piece of a row as it is seen, and whether it is part of a chip. `before` = what stands before it in its line.
pub(super) fn pieces(before: &str, piece: &str) -> Vec<(String, bool)> {
    if !before.contains(CHIP_START) && !piece.contains(CHIP_START) {
        return vec![(piece.to_owned(), false)];
    }
    let mut is_chip = before.rfind(CHIP_START) > before.rfind(CHIP_END);
    let mut out: Vec<(String, bool)> = Vec::new();
    for c in piece.chars() {
        let seen = match c {
            CHIP_START => '[',
            CHIP_END => ']',
            '\u{a0}' if is_chip => ' ',
            c => c,
        };
        is_chip |= c == CHIP_START;
        match out.last_mut().filter(|(_, last)| *last == is_chip) {
            Some((text, _)) => text.push(seen),
            None => out.push((seen.to_string(), is_chip)),
        }
        is_chip &= c != CHIP_END;
    }
    out
}
