//! A conversation as a Markdown document: title, facts, who said what and when (spec D4). Reasoning is left out. Pure.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};
use serde::{Deserialize, Serialize};

use crate::domain::clean::Clean;
use crate::domain::conversation::Conversation;
use crate::domain::message::{Finish, Message, Role, Shown, Status};
use crate::domain::record::Names;

/// Longest file name made of a title, in characters and in bytes, its ending not counted: file systems take 255 bytes.
const NAME: usize = 80;
const NAME_BYTES: usize = 200;

/// What is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    #[default]
    Markdown,
    /// The conversation's line, then those of its messages, as `show --json` prints them.
    JsonLines,
}

impl Format {
    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Format::Markdown => "markdown",
            Format::JsonLines => "jsonl",
        }
    }

    /// The format of that word.
    pub fn of(word: &str) -> Option<Format> {
        [Format::Markdown, Format::JsonLines]
            .into_iter()
            .find(|format| format.word() == word)
    }

    /// The format that a file's ending asks for; Markdown where it says nothing.
    pub fn of_file(name: &str) -> Format {
        let ending = name.rsplit_once('.').map(|(_, ending)| ending);
        match ending.map(str::to_ascii_lowercase).as_deref() {
            Some("jsonl" | "ndjson" | "json") => Format::JsonLines,
            _ => Format::Markdown,
        }
    }
}

/// A file's name for a conversation of this title, such as `Rust lifetimes.md`; never hidden, never in another folder.
pub fn file_name(title: &str) -> String {
    let is_kept = |c: char| !Clean::changes(c) && !"\n/\\:*?\"<>|".contains(c);
    let line: String = title
        .chars()
        .map(|c| if is_kept(c) { c } else { ' ' })
        .collect();
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut name: String = words.join(" ").chars().take(NAME).collect();
    while name.len() > NAME_BYTES {
        name.pop();
    }
    match name.trim_matches(['.', ' ']) {
        "" => "conversation.md".to_owned(),
        name => format!("{name}.md"),
    }
}

/// The document. `messages` are those of one branch, oldest first, or with `has_branches` the whole tree, every message
/// somewhere after the one it follows. The words stand as they are; where they leave a code block open it is closed
/// after them, so that nothing of one message reaches into the next.
pub fn markdown(
    conversation: &Conversation,
    messages: &[Shown],
    names: &Names,
    has_branches: bool,
) -> String {
    let title = match inline(&conversation.title) {
        title if title.is_empty() => "Conversation".to_owned(),
        title => title,
    };
    let mut text = format!("# {title}\n\n{}", facts(conversation, names));
    if !conversation.system.is_empty() {
        text.push_str("\n## Instructions\n\n");
        text.push_str(&fenced(&conversation.system));
    }
    let mut above = None;
    for shown in messages {
        let message = &shown.message;
        text.push_str(&format!("\n## {}", head(message, names)));
        if has_branches && shown.of > 1 {
            text.push_str(&format!(" (version {} of {})", shown.place, shown.of));
        }
        text.push('\n');
        if has_branches && message.parent != above {
            let parent = messages
                .iter()
                .find(|one| Some(one.message.id) == message.parent);
            let follows = parent.map_or("Begins the conversation anew".to_owned(), |parent| {
                format!("Follows: {}", head(&parent.message, names))
            });
            text.push_str(&format!("\n*{follows}*\n"));
        }
        above = Some(message.id);
        let words = message.content.trim_end_matches(['\n', '\r']);
        if !words.is_empty() {
            text.push_str(&format!("\n{words}\n"));
            if let Some(end) = left_open(words) {
                text.push_str(&format!("{end}\n"));
            }
        }
    }
    text
}

/// What is known of it, as a list.
fn facts(row: &Conversation, names: &Names) -> String {
    let mut facts = vec![("Model", inline(&row.model.to_string()))];
    if let Some(name) = row.persona.and_then(|id| names.get(&id)) {
        facts.push(("Persona", inline(name)));
    }
    facts.push(("Conversation", row.id.to_string()));
    facts.push(("Begun", row.created_at.rfc3339()));
    facts.push(("Last activity", row.active_at.rfc3339()));
    facts.push(("Messages", row.message_count.to_string()));
    if row.tokens_in + row.tokens_out > 0 {
        let tokens = format!("{} in, {} out", row.tokens_in, row.tokens_out);
        facts.push(("Tokens", tokens));
    }
    match (row.cost.0 > 0, row.unpriced > 0) {
        (true, false) => facts.push(("Cost", format!("${}", row.cost))),
        (true, true) => facts.push(("Cost", format!("${} and more", row.cost))),
        (false, _) => {}
    }
    if !row.tags.is_empty() {
        facts.push(("Tags", inline(&row.tags.join(", "))));
    }
    let lines = facts
        .into_iter()
        .map(|(name, value)| format!("- {name}: {value}\n"));
    lines.collect()
}

/// Who speaks, when, and how it ended if it did not end well.
fn head(message: &Message, names: &Names) -> String {
    let persona = message.persona.and_then(|id| names.get(&id));
    let who = match (message.role, persona, &message.model) {
        (Role::User, _, _) => "You".to_owned(),
        (Role::System, _, _) => "System".to_owned(),
        (Role::Assistant, Some(name), Some(model)) => format!("{name} ({model})"),
        (Role::Assistant, Some(name), None) => name.clone(),
        (Role::Assistant, None, Some(model)) => model.to_string(),
        (Role::Assistant, None, None) => "Reply".to_owned(),
    };
    let mark = match (message.status, &message.finish) {
        (Status::Complete, None | Some(Finish::Stop | Finish::Other(_))) => String::new(),
        (Status::Complete, Some(Finish::Length)) => " (cut at the longest length)".to_owned(),
        (Status::Complete, Some(Finish::Filter)) => " (filtered by the provider)".to_owned(),
        (Status::Complete, Some(Finish::Refusal)) => " (refused)".to_owned(),
        (
            status @ (Status::Unsent
            | Status::Streaming
            | Status::Stopped
            | Status::Interrupted
            | Status::Failed),
            _,
        ) => format!(" ({})", status.word()),
    };
    format!("{}, {}{mark}", inline(&who), message.created_at.rfc3339())
}

/// Text of one line that means nothing but itself in Markdown.
fn inline(text: &str) -> String {
    let line = Clean::line(text);
    let words: Vec<&str> = line.split_whitespace().collect();
    let line = words.join(" ");
    let mut chars = line.chars().peekable();
    let mut out = String::new();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        let has_meaning = match c {
            '_' => !before.is_alphanumeric() || !next.is_alphanumeric(),
            '#' => before == ' ',
            _ => "\\`*[]<>&~|".contains(c),
        };
        if has_meaning {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out
}

/// Text as it is, in a code block that it cannot end.
fn fenced(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

/// What ends the block that these words leave open, so that a heading after them is one.
fn left_open(words: &str) -> Option<String> {
    let probe = format!("{words}\n\n# x\n");
    let after = words.len() + 2;
    let mut blocks = Parser::new_ext(&probe, Options::empty()).into_offset_iter();
    blocks.find_map(|(event, range)| {
        let block = probe.get(range.clone())?.trim_start();
        if !range.contains(&after) {
            None
        } else if matches!(
            event,
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_)))
        ) {
            let fence = block.chars().next()?;
            Some(block.chars().take_while(|c| *c == fence).collect())
        } else if matches!(event, Event::Start(Tag::HtmlBlock)) {
            end_of_html(block)
        } else {
            None
        }
    })
}

/// What ends an HTML block that does not end at a blank line.
fn end_of_html(block: &str) -> Option<String> {
    const ENDS: [(&str, &str); 8] = [
        ("<!--", "-->"),
        ("<![cdata[", "]]>"),
        ("<!", ">"),
        ("<?", "?>"),
        ("<script", "</script>"),
        ("<pre", "</pre>"),
        ("<style", "</style>"),
        ("<textarea", "</textarea>"),
    ];
    let block = block.to_ascii_lowercase();
    let found = ENDS.iter().find(|(start, _)| block.starts_with(start));
    found.map(|(_, end)| (*end).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_title_becomes_a_harmless_file_name() {
        for (title, name) in [
            ("Rust lifetimes", "Rust lifetimes.md"),
            ("../../etc/passwd", "etc passwd.md"),
            (".hidden", "hidden.md"),
            ("a\u{1b}[31m\nb: \"c\"?", "a [31m b c.md"),
            ("  ", "conversation.md"),
            ("…", "….md"),
        ] {
            assert_eq!(file_name(title), name, "{title:?}");
        }
        let long = file_name(&"ü".repeat(500));
        assert_eq!(long.chars().count(), NAME + 3);
        let long = file_name(&"学".repeat(500));
        assert_eq!(long.len(), 66 * 3 + 3);
        assert_eq!(Format::of_file(&long), Format::Markdown);
        assert_eq!(Format::of_file("a.b/c.JSONL"), Format::JsonLines);
        assert_eq!(Format::of_file("jsonl"), Format::Markdown);
    }

    #[test]
    fn what_is_left_open_is_closed_and_nothing_else() {
        for (words, end) in [
            ("plain", None),
            ("```rust\nfn main() {}\n```", None),
            ("```rust\nfn main() {}", Some("```")),
            ("````\n```\n", Some("````")),
            ("~~~~ x\n~~~", Some("~~~~")),
            // The item ends with the next heading, and its code with it.
            ("1. a\n   ```\n   b", None),
            ("> ```\n> a", None),
            ("<!-- half", Some("-->")),
            ("<div>\na", None),
            ("<PRE>\na", Some("</pre>")),
            ("a ``` b", None),
            ("    ```", None),
        ] {
            assert_eq!(left_open(words).as_deref(), end, "{words:?}");
        }
        assert_eq!(fenced("a\n```\nb\n"), "````text\na\n```\nb\n````\n");
        assert_eq!(inline("C# *is* a_b\n# "), "C# \\*is\\* a_b \\#");
    }

    proptest! {
        /// However words end, the heading after them is a heading.
        #[test]
        fn no_words_reach_into_the_next_heading(
            parts in prop::collection::vec(prop_oneof![
                Just("```"), Just("~~~~"), Just("`"), Just("\n"), Just("\n\n"), Just("- "), Just("> "), Just("  "),
                Just("<!--"), Just("-->"), Just("<pre>"), Just("<?"), Just("word"), Just("# "), Just("\t"), Just("<![CDATA["),
            ], 0..12)
        ) {
            let words = parts.concat();
            let words = words.trim_end_matches('\n');
            let end = left_open(words).map_or(String::new(), |end| format!("\n{end}"));
            let text = format!("{words}{end}\n\n# next heading\n");
            let at = text.len() - "# next heading\n".len();
            let mut depth = 0;
            let mut found = false;
            for (event, range) in Parser::new_ext(&text, Options::empty()).into_offset_iter() {
                if let Event::Start(tag) = event {
                    found |= depth == 0 && range.start == at && matches!(tag, Tag::Heading { .. });
                    depth += 1;
                } else if matches!(event, Event::End(_)) {
                    depth -= 1;
                }
            }
            prop_assert!(found, "{text:?}");
        }
    }
}
