//! `salon list`: conversations, newest activity first.

use super::{Exit, Line, NoAnswer, Out, json};
use crate::protocol::{Answer, Command, Query, Shelf, Which};

/// Which rows are listed, and how.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Words that stand in the title.
    pub words: String,
    pub limit: Option<u32>,
    pub offset: u64,
    /// Only how many there are.
    pub is_count: bool,
}

/// Prints one conversation a line: id, last activity, model, title.
pub async fn list(line: &mut Line, out: &mut Out, wanted: Wanted) -> Exit {
    let command = Command::Shelf(Shelf::List {
        query: Query {
            words: wanted.words,
            which: Which::Active,
            persona: None,
        },
        after: None,
        offset: wanted.offset,
        limit: if wanted.is_count {
            Some(0)
        } else {
            wanted.limit
        },
    });
    let (rows, total) = match line.answer(command, out).await {
        Ok(Answer::List { rows, total, .. }) => (rows, total),
        Ok(_) => return line.give_up(NoAnswer::Failed(super::lost()), out).await,
        Err(why) => return line.give_up(why, out).await,
    };
    if wanted.is_count {
        if out.is_json() {
            out.object(&serde_json::json!({ "count": total }));
        } else {
            out.line(&total.to_string());
        }
    }
    for listed in rows {
        if out.is_broken() {
            break;
        }
        let row = &listed.conversation;
        if out.is_json() {
            out.object(&json::conversation(row));
        } else {
            let at = row.active_at.rfc3339();
            out.line(&format!("{}  {at}  {}  {}", row.id, row.model, row.title));
        }
    }
    line.stop().await;
    out.exit(Exit::DONE)
}
