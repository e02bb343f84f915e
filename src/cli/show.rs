//! `salon show` prints a conversation, `salon config show` the settings.

use super::list::names;
use super::{Exit, Line, NoAnswer, Out};
use crate::domain::conversation::Conversation;
use crate::domain::message::{Message, Role, Status};
use crate::domain::record;
use crate::protocol::{Answer, At, Chat, Command, Page, Shelf};
use crate::settings::{self, Settings};

/// Prints the shown branch of the conversation of this id, prefix, or `last`, without its first `offset` messages.
pub async fn show(
    line: &mut Line,
    out: &mut Out,
    id: String,
    (offset, limit): (usize, Option<usize>),
) -> Exit {
    let (conversation, page, persona) = match read(line, out, id).await {
        Ok(read) => read,
        Err(why) => return line.give_up(why, out).await,
    };
    if out.is_json() {
        out.object(&record::conversation(&conversation, persona.as_deref()));
    } else {
        out.line(&conversation.title);
        let with = persona.map_or_else(String::new, |name| format!("  with {name}"));
        let spent = match conversation.spent().words() {
            none if none.is_empty() => none,
            words => format!("  {words}"),
        };
        out.line(&format!(
            "{}  {}  {} messages{with}{spent}",
            conversation.id, conversation.model, conversation.message_count
        ));
    }
    let messages = page.messages.iter().skip(offset);
    for shown in messages.take(limit.unwrap_or(usize::MAX)) {
        if out.is_broken() {
            break;
        }
        let message = &shown.message;
        if out.is_json() {
            out.object(&record::message(message));
        } else {
            out.line("");
            out.line(&head(message));
            out.text(message.content.trim_end_matches('\n'));
        }
    }
    line.stop().await;
    out.exit(Exit::DONE)
}

async fn read(
    line: &mut Line,
    out: &mut Out,
    id: String,
) -> Result<(Conversation, Page, Option<String>), NoAnswer> {
    let find = Command::Shelf(Shelf::Find { id });
    let Answer::Found(found) = line.answer(find, out).await? else {
        return Err(NoAnswer::Failed(super::lost()));
    };
    let persona = match found.persona {
        Some(persona) => names(line, out).await?.remove(&persona),
        None => None,
    };
    let page = Command::Chat(Chat::Page {
        conversation: found.id,
        at: At::Tip,
        limit: None,
    });
    match line.answer(page, out).await? {
        Answer::Page { page, .. } => Ok((found, page, persona)),
        Answer::Home(_)
        | Answer::Opened(_)
        | Answer::List { .. }
        | Answer::Found(_)
        | Answer::Hits(_)
        | Answer::HitCount(_)
        | Answer::Thinking { .. }
        | Answer::Questions(_)
        | Answer::History(_)
        | Answer::Matches { .. }
        | Answer::Siblings(_)
        | Answer::Personas(_)
        | Answer::Persona(_)
        | Answer::Prompts(_)
        | Answer::Prompt(_)
        | Answer::Versions(_)
        | Answer::Uses(_)
        | Answer::Models { .. }
        | Answer::Providers { .. }
        | Answer::InUse { .. }
        | Answer::Health { .. }
        | Answer::Synced(_)
        | Answer::Checked(_)
        | Answer::Spent(_)
        | Answer::Exported(_)
        | Answer::Done { .. } => Err(NoAnswer::Failed(super::lost())),
    }
}

/// Who speaks, when, and how it ended if it did not end well.
fn head(message: &Message) -> String {
    let who = match (message.role, &message.model) {
        (Role::User, _) => "You".to_owned(),
        (Role::System, _) => "System".to_owned(),
        (Role::Assistant, Some(model)) => model.to_string(),
        (Role::Assistant, None) => "Reply".to_owned(),
    };
    let mark = match message.status {
        Status::Complete => String::new(),
        status @ (Status::Unsent
        | Status::Streaming
        | Status::Stopped
        | Status::Interrupted
        | Status::Failed) => format!("  ({})", status.word()),
    };
    format!("{who}  {}{mark}", message.created_at.rfc3339())
}

/// Prints the effective settings; no engine is needed.
pub fn config(out: &mut Out, settings: &Settings) -> Exit {
    if out.is_json() {
        for object in settings::show_json(settings) {
            out.object(&object);
        }
    } else {
        for line in settings::show(settings) {
            out.line(&line);
        }
    }
    out.exit(Exit::DONE)
}
