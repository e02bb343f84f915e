//! What the loop looks at in news as it passes it on: the conversation it shows, whether a hub would want to know, and
//! how the sending stands.

use crate::domain::conversation::Conversation;
use crate::domain::failure::Failure;
use crate::domain::sync::SyncState;
use crate::protocol::{Answer, News, Row, Step};
use crate::sync;

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
        | News::Expired { .. }
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
        News::Changed(_) | News::Answer(Answer::Opened(_)) => true,
        News::Trial(_)
        | News::Sync(_)
        | News::Expired { .. }
        | News::Answer(_)
        | News::Refused(_)
        | News::Warned(_)
        | News::Fatal(_)
        | News::Stopped => false,
    }
}

/// The sending to the hub, as the loop sees it.
#[derive(Default)]
pub struct Sending {
    /// Runs where a hub is set up.
    pub task: Option<sync::Task>,
    /// What was last said to need mending.
    pub off: Option<Failure>,
    /// Why nothing can be sent, to be said at the first change.
    pub bad: Option<Failure>,
}

impl Sending {
    /// Its next state; never ends where there is none.
    pub async fn state(&mut self) -> SyncState {
        match &mut self.task {
            Some(task) => task.state().await,
            None => std::future::pending().await,
        }
    }
}
