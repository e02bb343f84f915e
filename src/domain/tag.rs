//! Tags of conversations: what may be one, and how a list of them changes.

use crate::domain::clean::Clean;
use crate::domain::failure::{Failure, FailureKind};

/// Longest tag, in characters.
pub const LONGEST: usize = 60;

/// Refuses what cannot be a tag, naming the rule. A quotation mark could not be written in a filter.
pub fn check(tag: &str) -> Result<(), Failure> {
    let bad = |title: String, remedy: String| Err(Failure::new(FailureKind::Input, title, remedy));
    if tag.is_empty() {
        return bad("A tag is empty".into(), "Give it at least a letter.".into());
    }
    let length = tag.chars().count();
    if length > LONGEST {
        let title = format!("A tag has {length} characters");
        return bad(title, format!("Take at most {LONGEST}."));
    }
    let is_out = |c: char| c.is_whitespace() || c == ',' || c == '"' || Clean::changes(c);
    if tag.contains(is_out) {
        let title = "A tag holds blanks, commas or quotation marks".to_owned();
        let remedy = "Write it as one word, such as to-read.";
        return bad(title, remedy.into());
    }
    Ok(())
}

/// Whether these are the same tag, whatever their case in any script.
pub fn is_same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// These tags without those to take and with those to give, each once; what is there keeps its writing.
pub fn changed(tags: &[String], add: &[String], remove: &[String]) -> Vec<String> {
    let mut all: Vec<String> = tags.to_vec();
    all.retain(|tag| !remove.iter().any(|gone| is_same(tag, gone)));
    for tag in add {
        if !all.iter().any(|known| is_same(known, tag)) {
            all.push(tag.clone());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_one_word() {
        for good in ["rust", "to-read", "Über", "你好", "c++", &"x".repeat(60)] {
            assert!(check(good).is_ok(), "{good}");
        }
        let long = "x".repeat(61);
        for bad in [
            "",
            " ",
            "a b",
            "a,b",
            "a\u{3000}b",
            "\"a",
            "a\u{202e}",
            &long,
        ] {
            let failure = check(bad).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Input, "{bad}");
        }
    }

    #[test]
    fn a_tag_is_there_once_whatever_its_case() {
        let of = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        let tags = of(&["Über", "rust"]);
        assert_eq!(
            changed(&tags, &of(&["über", "New", "NEW"]), &of(&["RUST"])),
            ["Über", "New"]
        );
        assert_eq!(
            changed(&tags, &of(&["rust"]), &of(&["rust"])),
            ["Über", "rust"]
        );
    }
}
