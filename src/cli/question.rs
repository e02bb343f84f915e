//! What `salon ask` asks, from its arguments and standard input, checked before anything is opened.

use std::io::{self, IsTerminal, Read};
use std::path::Path;

use serde_json::Value;

use crate::args::Ask;
use crate::domain::conversation::Sampling;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::message::Role;
use crate::domain::model::ModelRef;

/// What is asked, of whom and how.
#[derive(Clone, Debug, Default)]
pub struct Question {
    pub text: String,
    /// For this question and the ones after it; `None` = the conversation's, or that of a new one.
    pub model: Option<ModelRef>,
    /// An id, a unique beginning of one, or `last`; `None` = a new conversation.
    pub conversation: Option<String>,
    /// A name or id; `none` = no persona.
    pub persona: Option<String>,
    pub system: Option<String>,
    pub sampling: Sampling,
    /// What a new conversation begins with, oldest first; never of the role `System`.
    pub history: Vec<(Role, String)>,
    pub is_temporary: bool,
}

impl Question {
    /// The question of these arguments. Standard input, when it is not a terminal, is read to its end: it is the
    /// messages where they say so, else part of the question.
    pub fn of(ask: &Ask) -> Result<Question, Failure> {
        let is_input_messages = ask.messages.as_deref() == Some(Path::new("-"));
        let given = match &ask.messages {
            Some(_) if is_input_messages => read_messages("standard input", &input()?)?,
            Some(file) => {
                let name = file.display().to_string();
                read_messages(&name, &file_text(file)?)?
            }
            None => Vec::new(),
        };
        let piped = match is_input_messages || io::stdin().is_terminal() {
            true => None,
            false => Some(input()?),
        };
        let (above, history): (Vec<_>, Vec<_>) = given
            .into_iter()
            .partition(|(role, _)| *role == Role::System);
        let above = above.into_iter().map(|(_, text)| text);
        let system: Vec<String> = ask.system.iter().cloned().chain(above).collect();
        let conversation = ask.conversation.clone();
        let question = Question {
            text: Question::text_of(&ask.text, piped.as_deref()),
            // A bad one was refused with the settings.
            model: ask.model.as_deref().and_then(|model| model.parse().ok()),
            conversation: conversation.or(ask.continues.then(|| "last".to_owned())),
            persona: ask.persona.clone(),
            system: (!system.is_empty()).then(|| system.join("\n\n")),
            sampling: Sampling {
                temperature: ask.temperature,
                max_output_tokens: ask.max_tokens,
                ..Sampling::default()
            },
            history,
            is_temporary: ask.no_store,
        };
        question.check(is_input_messages)?;
        Ok(question)
    }

    /// The words of the command line, then those of standard input, with a blank line between.
    fn text_of(words: &[String], input: Option<&str>) -> String {
        let words = words.join(" ");
        let input = input.unwrap_or_default().trim_end_matches(['\n', '\r']);
        match (words.trim().is_empty(), input.trim().is_empty()) {
            (_, true) => words,
            (true, false) => input.to_owned(),
            (false, false) => format!("{words}\n\n{input}"),
        }
    }

    /// Refuses what can be seen to be wrong before anything is opened.
    fn check(&self, is_input_messages: bool) -> Result<(), Failure> {
        if self.text.trim().is_empty() {
            let remedy = match is_input_messages {
                true => {
                    "Write it after `salon ask --messages -`; standard input holds the messages."
                }
                false => "Write it after `salon ask`, or pipe it in.",
            };
            return Err(bad("There is no question".to_owned(), remedy));
        }
        self.sampling.check()
    }
}

/// Standard input to its end.
fn input() -> Result<String, Failure> {
    let mut input = Vec::new();
    let read = io::stdin().lock().read_to_end(&mut input);
    read.map_err(|error| {
        let title = format!("Standard input cannot be read: {error}");
        bad(title, "Give the question as words.")
    })?;
    Ok(String::from_utf8_lossy(&input).into_owned())
}

fn file_text(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| {
        let title = format!("{} cannot be read: {error}", file.display());
        bad(title, "Give a JSON file, or - for standard input.")
    })
}

/// The messages of a JSON array of `{role, content}`; `place` names where it comes from.
fn read_messages(place: &str, json: &str) -> Result<Vec<(Role, String)>, Failure> {
    const FORM: &str = "Give a JSON array such as [{\"role\": \"user\", \"content\": \"…\"}].";
    let all: Value = serde_json::from_str(json)
        .map_err(|error| bad(format!("{place} is no JSON: {error}"), FORM))?;
    let Value::Array(all) = all else {
        return Err(bad(format!("{place} holds no JSON array"), FORM));
    };
    let read = all.iter().enumerate().map(|(at, one)| {
        message(one).map_err(|why| {
            let title = format!("Message {} in {place} {why}", at + 1);
            bad(title, FORM)
        })
    });
    read.collect()
}

/// A message, or what is wrong with it.
fn message(one: &Value) -> Result<(Role, String), String> {
    let Value::Object(one) = one else {
        return Err("is no object with role and content".to_owned());
    };
    let role = match one.get("role") {
        Some(Value::String(word)) => Role::of(word)
            .ok_or_else(|| format!("has the role `{word}`, not system, user or assistant"))?,
        Some(_) => return Err("has a role that is no text".to_owned()),
        None => return Err("has no role".to_owned()),
    };
    let text = match one.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts: Result<Vec<&str>, String> = parts
                .iter()
                .enumerate()
                .map(|(at, part)| text_of_part(at, part))
                .collect();
            texts?.concat()
        }
        Some(_) => return Err("has a content that is neither text nor a list of parts".to_owned()),
        None => return Err("has no content".to_owned()),
    };
    if text.trim().is_empty() {
        return Err("has an empty content".to_owned());
    }
    Ok((role, text))
}

fn text_of_part(at: usize, part: &Value) -> Result<&str, String> {
    let kind = part.get("type").and_then(Value::as_str);
    match (kind, part.get("text").and_then(Value::as_str)) {
        (Some("text"), Some(text)) => Ok(text),
        (Some("text"), None) => Err(format!("has no text in part {}", at + 1)),
        (Some(kind), _) => Err(format!(
            "has a part {} of type `{kind}`; only text can be taken",
            at + 1
        )),
        (None, _) => Err(format!("has a part {} without a type", at + 1)),
    }
}

fn bad(title: String, remedy: &str) -> Failure {
    Failure::new(FailureKind::Input, title, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_is_appended_to_the_words() {
        let words = |text: &str| vec![text.to_owned()];
        assert_eq!(Question::text_of(&words("why"), None), "why");
        assert_eq!(Question::text_of(&words("why"), Some("\n")), "why");
        assert_eq!(
            Question::text_of(&words("why"), Some("  code\n\n")),
            "why\n\n  code"
        );
        assert_eq!(Question::text_of(&[], Some("why\n")), "why");
        assert_eq!(Question::text_of(&[], None), "");
        let question = Question::default();
        assert_eq!(question.check(false).unwrap_err().kind, FailureKind::Input);
    }

    #[test]
    fn messages_are_texts_and_parts_in_any_order() {
        let json = r#"[{"role":"system","content":"Be brief."},{"role":"user","content":"a"},
            {"role":"user","content":[{"type":"text","text":"b"},{"type":"text","text":"c"}],"name":"x"},
            {"role":"assistant","content":"d"}]"#;
        let read = read_messages("m.json", json).unwrap();
        let told: Vec<(&str, &str)> = read.iter().map(|(r, t)| (r.word(), t.as_str())).collect();
        let wanted = [
            ("system", "Be brief."),
            ("user", "a"),
            ("user", "bc"),
            ("assistant", "d"),
        ];
        assert_eq!(told, wanted);
        assert!(read_messages("m.json", "[]").unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (json, told) in [
            (
                "[",
                "m.json is no JSON: EOF while parsing a list at line 1 column 1",
            ),
            ("{}", "m.json holds no JSON array"),
            (
                "[1]",
                "Message 1 in m.json is no object with role and content",
            ),
            (r#"[{"content":"a"}]"#, "Message 1 in m.json has no role"),
            (
                r#"[{"role":1}]"#,
                "Message 1 in m.json has a role that is no text",
            ),
            (
                r#"[{"role":"user","content":"a"},{"role":"tool","content":"a"}]"#,
                "Message 2 in m.json has the role `tool`, not system, user or assistant",
            ),
            (r#"[{"role":"user"}]"#, "Message 1 in m.json has no content"),
            (
                r#"[{"role":"user","content":" "}]"#,
                "Message 1 in m.json has an empty content",
            ),
            (
                r#"[{"role":"user","content":null}]"#,
                "Message 1 in m.json has a content that is neither text nor a list of parts",
            ),
            (
                r#"[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url"}]}]"#,
                "Message 1 in m.json has a part 2 of type `image_url`; only text can be taken",
            ),
            (
                r#"[{"role":"user","content":[{"type":"text"}]}]"#,
                "Message 1 in m.json has no text in part 1",
            ),
            (
                r#"[{"role":"user","content":["a"]}]"#,
                "Message 1 in m.json has a part 1 without a type",
            ),
        ] {
            let failure = read_messages("m.json", json).unwrap_err();
            assert_eq!(
                (failure.kind, failure.title.as_str()),
                (FailureKind::Input, told)
            );
        }
    }
}
