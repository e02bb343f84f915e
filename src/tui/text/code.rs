//! Highlighting: lines of code become runs of tones, one line after the other, so that a growing block costs only
//! its new lines.
//!
//! A line longer than 2,000 bytes and everything after the 5,000th line of a block stay plain, and so does the rest
//! of a block whose grammar fails.

use std::panic::{AssertUnwindSafe, catch_unwind};

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use crate::tui::theme::Tone;

/// The longest line that is highlighted, in bytes.
pub const MAX_LINE: usize = 2_000;
/// The most lines of a block that are highlighted.
pub const MAX_LINES: usize = 5_000;

/// The grammars. Loading takes about 2 ms and some megabytes, so it is done once, off the screen's thread.
pub struct Highlighter {
    set: SyntaxSet,
    /// Scope prefixes and their tones, the more special ones first.
    tones: Vec<(Scope, Option<Tone>)>,
}

impl std::fmt::Debug for Highlighter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Highlighter").finish_non_exhaustive()
    }
}

/// Scopes and what they are. `None` ends the search outward: code inside a string is not a string.
const TONES: &[(&str, Option<Tone>)] = &[
    ("comment", Some(Tone::Comment)),
    ("meta.interpolation", None),
    ("meta.template.expression", None),
    ("constant.numeric", Some(Tone::Number)),
    ("constant", Some(Tone::Literal)),
    ("punctuation.section.interpolation", None),
    ("string", Some(Tone::Literal)),
    ("keyword.operator.word", Some(Tone::Keyword)),
    ("keyword.operator.logical.python", Some(Tone::Keyword)),
    ("keyword.operator", None),
    ("keyword", Some(Tone::Keyword)),
    ("storage", Some(Tone::Keyword)),
    ("variable.language", Some(Tone::Keyword)),
    ("variable.function", Some(Tone::Function)),
    ("support.function", Some(Tone::Function)),
    ("support.macro", Some(Tone::Function)),
    ("entity.name.function", Some(Tone::Function)),
    ("entity.name.macro", Some(Tone::Function)),
    ("entity.name.tag", Some(Tone::Keyword)),
    ("entity.other.attribute-name", Some(Tone::Function)),
    ("entity.name", Some(Tone::Type)),
    ("entity.other.inherited-class", Some(Tone::Type)),
    ("support.type", Some(Tone::Type)),
    ("support.class", Some(Tone::Type)),
    ("markup.heading", Some(Tone::Heading)),
    ("markup.inserted", Some(Tone::Good)),
    ("markup.deleted", Some(Tone::Error)),
    ("markup.changed", Some(Tone::Warning)),
    ("meta.diff.header", Some(Tone::Dim)),
    ("meta.diff.range", Some(Tone::Number)),
];

/// Names that models write and the grammars do not know.
const ALIASES: &[(&str, &str)] = &[
    ("golang", "go"),
    ("shell", "bash"),
    ("console", "bash"),
    ("shellsession", "bash"),
    ("sh-session", "bash"),
    ("zsh", "bash"),
    ("jsonc", "json"),
    ("json5", "json"),
    ("jsonl", "json"),
    ("csharp", "cs"),
    ("c#", "cs"),
    ("python3", "py"),
    ("python2", "py"),
    ("ipython", "py"),
    ("pycon", "py"),
    ("powershell", "ps1"),
    ("pwsh", "ps1"),
    ("rustlang", "rs"),
    ("node", "js"),
    ("nodejs", "js"),
    ("cplusplus", "cpp"),
    ("objective-c", "m"),
    ("objc", "m"),
    ("docker", "dockerfile"),
    ("make", "makefile"),
    ("yml", "yaml"),
    ("postgres", "sql"),
    ("postgresql", "sql"),
    ("mysql", "sql"),
    ("sqlite", "sql"),
    ("plsql", "sql"),
    ("patch", "diff"),
    ("tf", "terraform"),
    ("hcl", "terraform"),
    ("elisp", "el"),
    ("viml", "vim"),
    ("html5", "html"),
    ("xhtml", "html"),
    ("svg", "xml"),
];

impl Highlighter {
    /// Loads the grammars.
    pub fn load() -> Self {
        let tones = TONES
            .iter()
            .filter_map(|(scope, tone)| Some((Scope::new(scope).ok()?, *tone)))
            .collect();
        Highlighter {
            set: two_face::syntax::extra_newlines(),
            tones,
        }
    }

    /// Whether a language has a grammar.
    pub fn knows(&self, lang: &str) -> bool {
        self.syntax(lang).is_some()
    }

    fn syntax(&self, lang: &str) -> Option<&SyntaxReference> {
        let lang = lang.trim().to_lowercase();
        if lang.is_empty() {
            return None;
        }
        let alias = ALIASES.iter().find(|(from, _)| *from == lang);
        let lang = alias.map_or(lang.as_str(), |(_, to)| to);
        let syntax = self.set.find_syntax_by_token(lang)?;
        (syntax.name != "Plain Text").then_some(syntax)
    }

    fn tone(&self, stack: &ScopeStack) -> Tone {
        for scope in stack.as_slice().iter().rev() {
            let found = self.tones.iter().find(|(p, _)| p.is_prefix_of(*scope));
            if let Some((_, tone)) = found {
                return tone.unwrap_or_default();
            }
        }
        Tone::Text
    }
}

/// How far a block of code is highlighted.
#[derive(Clone, Debug)]
pub struct Progress {
    /// `None` once the rest stays plain.
    state: Option<(ParseState, ScopeStack)>,
    lines: usize,
}

impl Progress {
    /// The beginning of a block in a language.
    pub fn start(highlighter: &Highlighter, lang: &str) -> Self {
        let state = highlighter
            .syntax(lang)
            .map(|syntax| (ParseState::new(syntax), ScopeStack::new()));
        Progress { state, lines: 0 }
    }

    /// A block that stays plain.
    pub fn plain() -> Self {
        Progress {
            state: None,
            lines: 0,
        }
    }

    /// The tones of the next line, given without its line end: lengths in bytes that add up to the line's.
    pub fn line(&mut self, highlighter: &Highlighter, line: &str) -> Vec<(usize, Tone)> {
        self.lines += 1;
        let plain = vec![(line.len(), Tone::Text)];
        if line.len() > MAX_LINE || self.lines > MAX_LINES {
            self.state = None;
        }
        let Some((mut state, mut stack)) = self.state.take() else {
            return plain;
        };
        let tones = catch_unwind(AssertUnwindSafe(|| {
            let tones = tones_of(highlighter, &mut state, &mut stack, line)?;
            Some((tones, state, stack))
        }));
        match tones {
            Ok(Some((tones, state, stack))) => {
                self.state = Some((state, stack));
                tones
            }
            Ok(None) | Err(_) => plain,
        }
    }
}

fn tones_of(
    highlighter: &Highlighter,
    state: &mut ParseState,
    stack: &mut ScopeStack,
    line: &str,
) -> Option<Vec<(usize, Tone)>> {
    let whole = [line, "\n"].concat();
    let operations = state.parse_line(&whole, &highlighter.set).ok()?;
    let mut tones: Vec<(usize, Tone)> = Vec::new();
    let mut from = 0;
    for (at, operation) in operations {
        let at = at.min(line.len());
        if at > from {
            add(&mut tones, at - from, highlighter.tone(stack));
            from = at;
        }
        stack.apply(&operation).ok()?;
    }
    if line.len() > from {
        add(&mut tones, line.len() - from, highlighter.tone(stack));
    }
    Some(tones)
}

fn add(tones: &mut Vec<(usize, Tone)>, len: usize, tone: Tone) {
    match tones.last_mut() {
        Some(last) if last.1 == tone => last.0 += len,
        _ => tones.push((len, tone)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tones(lang: &str, lines: &[&str]) -> Vec<Vec<(usize, Tone)>> {
        let highlighter = Highlighter::load();
        let mut progress = Progress::start(&highlighter, lang);
        let tones = lines.iter().map(|line| progress.line(&highlighter, line));
        tones.collect()
    }

    fn tone_of(lang: &str, line: &str, word: &str) -> Tone {
        let at = line.find(word).unwrap();
        let mut from = 0;
        for (len, tone) in &tones(lang, &[line])[0] {
            if at < from + len {
                return *tone;
            }
            from += len;
        }
        Tone::Text
    }

    #[test]
    fn words_have_tones() {
        let rust = r#"fn main() { let x = "words" + 12; } // why"#;
        assert_eq!(tone_of("rust", rust, "fn"), Tone::Keyword);
        assert_eq!(tone_of("rust", rust, "main"), Tone::Function);
        assert_eq!(tone_of("rust", rust, "words"), Tone::Literal);
        assert_eq!(tone_of("rust", rust, "12"), Tone::Number);
        assert_eq!(tone_of("rust", rust, "why"), Tone::Comment);
        let python = "def f(x): return f'{x} y' # c";
        assert_eq!(tone_of("python3", python, "def"), Tone::Keyword);
        assert_eq!(tone_of("python3", python, "x} y"), Tone::Text);
        assert_eq!(tone_of("python3", python, "y'"), Tone::Literal);
        assert_eq!(tone_of("diff", "+added", "added"), Tone::Good);
    }

    #[test]
    fn models_names_are_known() {
        let highlighter = Highlighter::load();
        for (alias, _) in ALIASES {
            assert!(highlighter.knows(alias), "{alias}");
        }
        for lang in [
            "rust",
            "Python",
            "TypeScript",
            "tsx",
            "toml",
            "c++",
            "kotlin",
            "swift",
            "sql",
            "html",
            "css",
        ] {
            assert!(highlighter.knows(lang), "{lang}");
        }
        for lang in ["", "text", "mermaid", "no-such-language"] {
            assert!(!highlighter.knows(lang), "{lang}");
        }
    }

    #[test]
    fn lines_go_on_where_the_last_one_ended() {
        let tones = tones("rust", &["/* one", "two */ fn"]);
        assert_eq!(tones[0], [(6, Tone::Comment)]);
        assert_eq!(tones[1][0], (6, Tone::Comment));
        assert_eq!(tones[1].last(), Some(&(2, Tone::Keyword)));
    }

    #[test]
    fn long_lines_and_blocks_become_plain() {
        let long = "let x = 1;".repeat(300);
        let found = tones("rust", &["fn a", &long, "fn a"]);
        assert_ne!(found[0], [(4, Tone::Text)]);
        assert_eq!(found[1], [(long.len(), Tone::Text)]);
        assert_eq!(found[2], [(4, Tone::Text)]);
        let many = vec!["1"; MAX_LINES + 1];
        let found = tones("rust", &many);
        assert_eq!(found[MAX_LINES - 1], [(1, Tone::Number)]);
        assert_eq!(found[MAX_LINES], [(1, Tone::Text)]);
    }
}
