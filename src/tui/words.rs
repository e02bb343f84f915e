//! Words typed in the composer after a slash: which text is one, and how a text that looks like one is sent.

use crate::domain::conversation::Draft;

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
    slashes > 0 && word_of(&text[slashes - 1..]).is_some()
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
    fn what_is_typed_for_a_text_sends_that_text() {
        for text in [
            "/help",
            "//help",
            "///help me",
            "// code",
            "/etc/hosts",
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
