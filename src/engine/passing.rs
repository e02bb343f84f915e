//! What the loop looks at in news as it passes it on: the conversation it shows, and whether a hub would want to know.

use crate::domain::conversation::Conversation;
use crate::protocol::{News, Row, Step};

/// The conversation that this news shows.
pub fn conversation_in(news: &mut News) -> Option<&mut Conversation> {
    match news {
        News::Turn { step, .. } => match step {
            Step::Started { conversation, .. } | Step::Measured { conversation, .. } => {
                Some(conversation)
            }
            Step::Withdrawn { conversation, .. } => conversation.as_mut(),
            Step::Waiting { .. }
            | Step::Thought { .. }
            | Step::Grew { .. }
            | Step::Ended { .. } => None,
        },
        News::Changed(Row::Conversation(conversation)) => Some(conversation),
        News::Changed(
            Row::Message(_)
            | Row::ConversationGone(_)
            | Row::MessageGone(_)
            | Row::Persona(_)
            | Row::Prompt(_),
        )
        | News::Trial(_)
        | News::Sync(_)
        | News::Answer(_)
        | News::Refused(_)
        | News::Warned(_)
        | News::Fatal(_)
        | News::Stopped => None,
    }
}

/// Whether rows behind this news may have changed in a way that a hub shows. The branch that was chosen is an answer.
pub fn is_change(news: &News) -> bool {
    match news {
        News::Turn { step, .. } => match step {
            Step::Started { .. }
            | Step::Ended { .. }
            | Step::Measured { .. }
            | Step::Withdrawn { .. } => true,
            Step::Waiting { .. } | Step::Thought { .. } | Step::Grew { .. } => false,
        },
        News::Changed(_) | News::Answer(crate::protocol::Answer::Opened(_)) => true,
        News::Trial(_)
        | News::Sync(_)
        | News::Answer(_)
        | News::Refused(_)
        | News::Warned(_)
        | News::Fatal(_)
        | News::Stopped => false,
    }
}
