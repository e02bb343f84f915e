//! A conversation as one markdown text: who, when, and the words as they came.

use jiff::tz::TimeZone;

use crate::domain::message::{Message, Role, Status};

/// The messages under headings that say who spoke and when, by the clock of this zone. `who` names a speaker where the
/// message itself does not; without it a reply is its model's. Reasoning is left out (spec C11).
pub fn conversation(
    title: &str,
    messages: &[Message],
    zone: &TimeZone,
    who: impl Fn(&Message) -> Option<String>,
) -> String {
    let mut out = String::new();
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    if !title.is_empty() {
        out.push_str(&format!("# {title}\n\n"));
    }
    for message in messages {
        let name = who(message).unwrap_or_else(|| speaker(message));
        let at = message.created_at;
        let (day, time) = (at.day(zone), at.hour_minute(zone));
        let ending = match message.status {
            Status::Stopped | Status::Interrupted | Status::Failed | Status::Unsent => {
                format!(" · {}", message.status.word())
            }
            Status::Streaming | Status::Complete => String::new(),
        };
        out.push_str(&format!("## {name} · {day} {time}{ending}\n\n"));
        let words = message.content.trim_matches(['\n', '\r']);
        if !words.is_empty() {
            out.push_str(words);
            out.push_str("\n\n");
        }
    }
    let len = out.trim_end().len();
    out.truncate(len);
    out.push('\n');
    out
}

fn speaker(message: &Message) -> String {
    match (message.role, &message.model) {
        (Role::User, _) => "You".to_owned(),
        (Role::System, _) => "System".to_owned(),
        (Role::Assistant, Some(model)) => model.to_string(),
        (Role::Assistant, None) => "Reply".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Mint;
    use crate::domain::model::ModelRef;
    use crate::domain::when::Millis;
    use std::sync::Arc;

    #[test]
    fn a_conversation_is_one_text() {
        let mint = Mint::new(Arc::new(|| Millis(1_795_269_720_000)));
        let at = mint.now();
        let mut question = Message::question(mint.id(), mint.id(), None, "Why?\n".to_owned(), at);
        question.status = Status::Complete;
        let mut reply = Message::reply(mint.id(), &question, ModelRef::new("lab", "llama"), at);
        reply.content = "\n- because\n\n```rust\nfn a() {}\n```".to_owned();
        reply.status = Status::Stopped;
        let text = conversation(" A\ntitle ", &[question, reply], &TimeZone::UTC, |_| None);
        assert_eq!(
            text,
            "# A title\n\n## You · 2026-11-21 14:02\n\nWhy?\n\n\
             ## lab/llama · 2026-11-21 14:02 · stopped\n\n- because\n\n```rust\nfn a() {}\n```\n"
        );
        let named = |_: &Message| Some("Alex".to_owned());
        assert_eq!(conversation("", &[], &TimeZone::UTC, named), "\n");
    }
}
