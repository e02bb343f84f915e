//! Words typed in the composer after a slash: which text is one, and how a text that looks like one is sent.

use crate::domain::conversation::Draft;
use crate::keys::Action;

/// What follows a typed word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// `provider/name`.
    Model,
    Persona,
    Provider,
    /// `auto`, `dark` or `light`.
    Ground,
    Text,
    /// The draft that the action is about, of many lines too.
    Draft,
    Nothing,
}

/// What may follow the word of this action; nothing must.
pub fn argument(action: Action) -> Argument {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only the few words that take more are named"
    )]
    match action {
        Action::PickModel => Argument::Model,
        Action::PickPersona => Argument::Persona,
        Action::SetKey | Action::UseProvider => Argument::Provider,
        Action::CycleTheme => Argument::Ground,
        Action::EditSystem
        | Action::RenameConversation
        | Action::TagConversation
        | Action::ExportConversation
        | Action::FindWords
        | Action::SearchAll => Argument::Text,
        Action::Stash | Action::EditOutside | Action::ExpandPaste | Action::LongText => {
            Argument::Draft
        }
        _ => Argument::Nothing,
    }
}

/// The action of a word typed before a draft that it is about, and the draft: `/stash`, a blank or a line end, the rest.
pub fn about_draft(text: &str) -> Option<(Action, &str)> {
    let typed = text.strip_prefix('/')?;
    let end = typed.find([' ', '\n']).unwrap_or(typed.len());
    let action = Action::of_word(&typed[..end])?;
    let rest = typed[end..].strip_prefix([' ', '\n']).unwrap_or("");
    (argument(action) == Argument::Draft).then_some((action, rest))
}

/// The word and what follows it, if the text is one line such as `/model lab/llama`. A path is no word.
pub fn word_of(text: &str) -> Option<(&str, &str)> {
    let line = text
        .trim_end()
        .strip_prefix('/')
        .filter(|line| !line.contains('\n'))?;
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let is_word = !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    is_word.then_some((word, rest.trim()))
}

/// Whether it is a word behind one slash or more.
fn looks_like_word(text: &str) -> bool {
    let slashes = text.bytes().take_while(|b| *b == b'/').count();
    slashes > 0
        && (word_of(&text[slashes - 1..]).is_some() || about_draft(&text[slashes - 1..]).is_some())
}

/// As it is sent: `//help` is the text `/help`. Any other text stays, code that begins with `//` too.
pub fn unescape(draft: &mut Draft) {
    if draft.text.starts_with("//") && looks_like_word(&draft.text) {
        draft.text.remove(0);
        draft.caret = draft.caret.saturating_sub(1);
    }
}

/// As it is typed: the text `/help` that was sent is `//help` in the composer.
#[must_use]
pub fn literal(mut draft: Draft) -> Draft {
    if looks_like_word(&draft.text) {
        draft.text.insert(0, '/');
        draft.caret += 1;
    }
    draft
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_one_line_after_a_slash_and_a_path_is_none() {
        assert_eq!(word_of("/help"), Some(("help", "")));
        assert_eq!(
            word_of("/model lab/llama 3 "),
            Some(("model", "lab/llama 3"))
        );
        for text in [
            "help",
            "//help",
            "/etc/hosts holds what?",
            "/model\nx",
            "/",
            "/ x",
            "/Öl",
        ] {
            assert_eq!(word_of(text), None, "{text}");
        }
    }

    #[test]
    fn a_word_about_the_draft_may_stand_before_many_lines() {
        let expected = Some((Action::Stash, "a\n\nb"));
        assert_eq!(about_draft("/stash\na\n\nb"), expected);
        assert_eq!(about_draft("/stash a\n\nb"), expected);
        assert_eq!(about_draft("/stash"), Some((Action::Stash, "")));
        for text in ["/stashed\na", "/help\na", "//stash\na", "stash\na"] {
            assert_eq!(about_draft(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_typed_for_a_text_sends_that_text() {
        for text in [
            "/help",
            "//help",
            "///help me",
            "// code",
            "/etc/hosts",
            "/stash\nof many lines",
            "/help\nof many lines",
            "plain",
            "",
        ] {
            let mut draft = literal(Draft::of(text));
            assert!(word_of(&draft.text).is_none(), "{}", draft.text);
            unescape(&mut draft);
            assert_eq!(draft, Draft::of(text));
        }
    }
}
