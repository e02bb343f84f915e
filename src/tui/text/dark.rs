//! Long code that is shown plain at first and highlighted off the screen's thread.

use super::code::{Highlighter, Progress};
use super::tree::Code;
use crate::domain::clean::Clean;
use crate::tui::theme::Tone;

/// A block of code, to be copied or highlighted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeText {
    pub lang: String,
    pub text: String,
}

impl CodeText {
    /// The language and the text of a code.
    pub(super) fn of(code: &Code) -> CodeText {
        CodeText {
            lang: code.lang.clone(),
            text: code.text.clone(),
        }
    }
}

/// The code of a block that waits for its tones. It may be sent to another thread.
#[derive(Clone, Debug)]
pub struct Dark {
    pub(super) source: String,
    pub(super) codes: Vec<CodeText>,
}

/// The tones of a block's code: of each code in it, of each line, lengths in bytes of the cleaned line.
#[derive(Clone, Debug)]
pub struct Lit {
    pub(super) source: String,
    pub(super) codes: Vec<Vec<Vec<(usize, Tone)>>>,
}

impl Dark {
    /// Highlights it; about 30 µs a line.
    pub fn light(self, highlighter: &Highlighter) -> Lit {
        let codes = self.codes.iter().map(|code| {
            let mut progress = Progress::start(highlighter, &code.lang);
            let lines = code.text.split_inclusive('\n');
            let lines = lines.map(|line| progress.line(highlighter, &shown(line)));
            lines.collect()
        });
        Lit {
            codes: codes.collect(),
            source: self.source,
        }
    }
}

impl Lit {
    /// The tones of a line of the block's nth code.
    pub(super) fn line(&self, code: usize, line: usize) -> Option<Vec<(usize, Tone)>> {
        self.codes.get(code)?.get(line).cloned()
    }
}

/// A line of code as it is shown, without its end.
pub(super) fn shown(line: &str) -> Clean {
    Clean::line(line.trim_end_matches(['\n', '\r']))
}
