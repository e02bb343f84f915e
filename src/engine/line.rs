//! What stands in a provider's conversation beside the messages here: sides of a talk, and whether both say the same.

use crate::domain::chat::ChatMessage;
use crate::domain::message::{Message, Role, Status};
use crate::provider::thread::Item;

/// What one side said in one go.
pub struct Said {
    pub role: Role,
    /// The last of its items.
    pub item: String,
    pub text: String,
}

/// Whether a message belongs to what a model is told.
pub fn is_sent(message: &Message) -> bool {
    !message.content.is_empty() && message.role != Role::System && message.status != Status::Unsent
}

pub fn spoken(messages: &[Message]) -> Vec<ChatMessage> {
    let words = |m: &Message| ChatMessage::new(m.role, m.content.clone());
    messages.iter().map(words).collect()
}

/// Items as the sides of a talk: what a model said in several messages is one (`wire.md` 1.3), what has no words is none.
pub fn grouped(items: Vec<Item>) -> Vec<Said> {
    let mut all: Vec<Said> = Vec::new();
    for Item { id, role, text } in items {
        let Some(role) = role.filter(|_| !text.trim().is_empty()) else {
            continue;
        };
        match all.last_mut() {
            Some(last) if role == Role::Assistant && last.role == role => {
                last.text.push_str("\n\n");
                last.text.push_str(&text);
                last.item = id;
            }
            Some(_) | None => all.push(Said {
                role,
                item: id,
                text,
            }),
        }
    }
    all
}

/// Whether this message is what was said there; one that was cut here may have been finished there.
pub fn is_same(message: &Message, said: &Said) -> bool {
    let is_equal = message
        .content
        .split_whitespace()
        .eq(said.text.split_whitespace());
    let words = message.content.trim();
    let is_beginning = message.status.is_cut() && !words.is_empty();
    message.role == said.role && (is_equal || is_beginning && said.text.trim().starts_with(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{ConversationId, MessageId};
    use crate::domain::when::Millis;

    fn item(id: &str, role: Option<Role>, text: &str) -> Item {
        Item {
            id: id.to_owned(),
            role,
            text: text.to_owned(),
        }
    }

    fn message(role: Role, status: Status, text: &str) -> Message {
        let id = uuid::Uuid::nil();
        let (id, conversation) = (MessageId(id), ConversationId(id));
        Message {
            role,
            status,
            ..Message::question(id, conversation, None, text.to_owned(), Millis(0))
        }
    }

    #[test]
    fn several_messages_of_a_model_are_one_answer() {
        let (user, model) = (Some(Role::User), Some(Role::Assistant));
        let said = grouped(vec![
            item("1", user, "a"),
            item("2", user, "b"),
            item("3", None, "search"),
            item("4", model, "c"),
            item("5", model, " "),
            item("6", model, "d"),
        ]);
        let told: Vec<_> = said
            .iter()
            .map(|s| (s.item.as_str(), s.text.as_str()))
            .collect();
        assert_eq!(told, [("1", "a"), ("2", "b"), ("6", "c\n\nd")]);
    }

    #[test]
    fn what_was_cut_here_may_go_on_there() {
        let said = |role, text: &str| Said {
            role,
            item: String::new(),
            text: text.to_owned(),
        };
        let model = Role::Assistant;
        let whole = message(model, Status::Complete, "Two\nwords.");
        assert!(is_same(&whole, &said(model, " Two words.\n")));
        assert!(!is_same(&whole, &said(Role::User, "Two words.")));
        assert!(!is_same(&whole, &said(model, "Two words. More.")));
        let cut = message(model, Status::Stopped, "Two w");
        assert!(is_same(&cut, &said(model, "Two words.")));
        assert!(!is_same(&cut, &said(model, "Three words.")));
        let empty = message(model, Status::Failed, "");
        assert!(!is_same(&empty, &said(model, "Two words.")));
    }
}
