//! What the model is shown: instructions and the shown branch, refused when it cannot fit the model's window.

use crate::domain::chat::{ChatMessage, ChatRequest, Purpose};
use crate::domain::conversation::Sampling;
use crate::domain::message::{Message, Role, Status};
use crate::domain::model::ModelRef;

/// Tokens kept free for the answer when the user set no maximum.
const ANSWER: u64 = 1_000;
/// Tokens a chat format spends on each message beside its words.
const FRAME: u64 = 4;

/// The branch does not fit the model's window, by estimate (spec M4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow {
    /// Tokens the request would need, the answer's share included.
    pub needed: u64,
    /// Tokens the window holds.
    pub window: u64,
}

/// Tokens of a text by its kinds of characters: ASCII 4 a token, Chinese, Japanese and Korean 1.7, others 3
/// (decisions 1.4). An estimate: show it with `≈`.
pub fn estimate_tokens(text: &str) -> u64 {
    let (mut ascii, mut wide, mut other) = (0_u64, 0_u64, 0_u64);
    for c in text.chars() {
        match c {
            '\0'..='\u{7f}' => ascii += 1,
            '\u{1100}'..='\u{11ff}'
            | '\u{2e80}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7ff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{3ffff}' => wide += 1,
            _ => other += 1,
        }
    }
    ascii.div_ceil(4) + (wide * 10).div_ceil(17) + other.div_ceil(3)
}

/// Makes the request of a turn from the messages of its branch, oldest first, the question last.
///
/// Unsent questions before the last message, empty replies and system messages are left out. Nothing is dropped
/// silently: what is too long for a known window is an `Overflow`.
pub fn plan(
    model: ModelRef,
    system: &str,
    branch: &[Message],
    sampling: Sampling,
    window: Option<u64>,
) -> Result<ChatRequest, Overflow> {
    let last = branch.len().saturating_sub(1);
    let messages: Vec<ChatMessage> = branch
        .iter()
        .enumerate()
        .filter(|(at, m)| {
            !m.content.is_empty()
                && m.role != Role::System
                && (m.status != Status::Unsent || *at == last)
        })
        .map(|(_, m)| ChatMessage::new(m.role, m.content.clone()))
        .collect();
    if let Some(window) = window {
        let words: u64 = messages
            .iter()
            .map(|m| estimate_tokens(&m.text) + FRAME)
            .sum();
        let needed =
            words + estimate_tokens(system) + sampling.max_output_tokens.map_or(ANSWER, u64::from);
        if needed > window {
            return Err(Overflow { needed, window });
        }
    }
    Ok(ChatRequest {
        system: system.to_owned(),
        sampling,
        conversation: branch.first().map(|m| m.conversation),
        ..ChatRequest::new(model, Purpose::Turn, messages)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{ConversationId, Mint};
    use crate::domain::when::Millis;
    use std::sync::Arc;

    fn branch(texts: &[(Role, Status, &str)]) -> Vec<Message> {
        let mint = Mint::new(Arc::new(|| Millis(1_700_000_000_000)));
        let conversation: ConversationId = mint.id();
        texts
            .iter()
            .map(|(role, status, text)| Message {
                role: *role,
                status: *status,
                ..Message::question(mint.id(), conversation, None, (*text).to_owned(), Millis(0))
            })
            .collect()
    }

    #[test]
    fn the_branch_is_sent_without_what_has_no_words() {
        let rows = branch(&[
            (Role::User, Status::Complete, "one"),
            (Role::Assistant, Status::Stopped, "half"),
            (Role::User, Status::Unsent, "never sent"),
            (Role::Assistant, Status::Interrupted, ""),
            (Role::User, Status::Unsent, "two"),
        ]);
        let request = plan(
            ModelRef::guide(),
            "be brief",
            &rows,
            Sampling::default(),
            None,
        )
        .unwrap();
        let sent: Vec<&str> = request.messages.iter().map(|m| m.text.as_str()).collect();
        assert_eq!(sent, ["one", "half", "two"]);
        assert_eq!(request.system, "be brief");
    }

    #[test]
    fn what_does_not_fit_is_refused_with_figures() {
        let rows = branch(&[(Role::User, Status::Unsent, &"word ".repeat(10_000))]);
        let overflow = plan(
            ModelRef::guide(),
            "",
            &rows,
            Sampling::default(),
            Some(8_192),
        )
        .unwrap_err();
        assert_eq!(
            overflow,
            Overflow {
                needed: 12_500 + FRAME + ANSWER,
                window: 8_192
            }
        );
        assert!(
            plan(
                ModelRef::guide(),
                "",
                &rows,
                Sampling::default(),
                Some(20_000)
            )
            .is_ok()
        );
        assert!(plan(ModelRef::guide(), "", &rows, Sampling::default(), None).is_ok());
    }

    #[test]
    fn tokens_go_by_the_kind_of_text() {
        assert_eq!(estimate_tokens(""), 0);
        assert_eq!(estimate_tokens("four"), 1);
        assert_eq!(estimate_tokens(&"好".repeat(17)), 10);
        assert_eq!(estimate_tokens("жжж"), 1);
    }
}
