//! `salon search`: messages and titles of all conversations that hold words.

use std::ops::Range;

use serde::Serialize;

use super::{Exit, Line, NoAnswer, Out};
use crate::args;
use crate::domain::id::{ConversationId, MessageId};
use crate::domain::search::{Group, Hit, Rest};
use crate::protocol::{Answer, Command, Shelf};

/// Hits asked for at a time.
const PAGE: u32 = 500;

/// Prints the hits, newest first, by conversation. Nothing where nothing is found.
pub async fn search(line: &mut Line, out: &mut Out, search: args::Search) -> Exit {
    match run(line, out, search).await {
        Ok(()) => {
            line.stop().await;
            out.exit(Exit::DONE)
        }
        Err(why) => line.give_up(why, out).await,
    }
}

async fn run(line: &mut Line, out: &mut Out, wanted: args::Search) -> Result<(), NoAnswer> {
    let words = wanted.words.join(" ");
    if wanted.count {
        return count(line, out, words).await;
    }
    let mut places = Places {
        skip: wanted.offset,
        left: wanted.limit.unwrap_or(u64::MAX),
    };
    let mut from: Option<Rest> = None;
    let mut last = None;
    while places.left > 0 && !out.is_broken() {
        let command = Command::Shelf(Shelf::Search {
            words: words.clone(),
            is_typing: false,
            from,
            limit: PAGE,
        });
        let Answer::Hits(found) = line.answer(command, out).await? else {
            return Err(NoAnswer::Failed(super::lost()));
        };
        for group in &found.groups {
            let is_new = last != Some(group.conversation);
            if print(out, group, is_new, &mut places) {
                last = Some(group.conversation);
            }
        }
        from = found.next;
        if from.is_none() {
            break;
        }
    }
    Ok(())
}

async fn count(line: &mut Line, out: &mut Out, words: String) -> Result<(), NoAnswer> {
    let command = Command::Shelf(Shelf::CountHits { words });
    let Answer::HitCount(count) = line.answer(command, out).await? else {
        return Err(NoAnswer::Failed(super::lost()));
    };
    if out.is_json() {
        out.object(&serde_json::json!({ "count": count }));
    } else {
        out.line(&count.to_string());
    }
    Ok(())
}

/// What `--json` prints for a hit (decisions 4.4). A title has neither message nor role, and the time of its
/// conversation.
#[derive(Serialize)]
struct Match<'a> {
    conversation: ConversationId,
    title: &'a str,
    message: Option<MessageId>,
    role: Option<&'static str>,
    created_at: String,
    snippet: &'a str,
    /// Bytes of the snippet.
    hits: Vec<[usize; 2]>,
}

fn found<'a>(group: &'a Group, hit: &'a Hit) -> Match<'a> {
    Match {
        conversation: group.conversation,
        title: &group.title,
        message: Some(hit.message),
        role: Some(hit.role.word()),
        created_at: hit.created_at.rfc3339(),
        snippet: &hit.snippet.text,
        hits: ends(&hit.snippet.marks),
    }
}

fn found_title(group: &Group) -> Match<'_> {
    Match {
        conversation: group.conversation,
        title: &group.title,
        message: None,
        role: None,
        created_at: group.created_at.rfc3339(),
        snippet: &group.title,
        hits: ends(&group.title_marks),
    }
}

fn ends(marks: &[Range<usize>]) -> Vec<[usize; 2]> {
    marks.iter().map(|mark| [mark.start, mark.end]).collect()
}

/// Which hits are still to be printed.
struct Places {
    skip: u64,
    left: u64,
}

impl Places {
    /// Whether the next hit is to be printed.
    fn take(&mut self) -> bool {
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        let is_left = self.left > 0;
        self.left = self.left.saturating_sub(1);
        is_left
    }
}

/// Prints what is wanted of a conversation, with its title above if that `is_new`; whether anything was.
fn print(out: &mut Out, group: &Group, is_new: bool, places: &mut Places) -> bool {
    let title = (!group.title_marks.is_empty()).then_some(None);
    let hits = title.into_iter().chain(group.hits.iter().map(Some));
    let wanted: Vec<Option<&Hit>> = hits.filter(|_| places.take()).collect();
    if wanted.is_empty() {
        return false;
    }
    if out.is_json() {
        for hit in wanted {
            match hit {
                Some(hit) => out.object(&found(group, hit)),
                None => out.object(&found_title(group)),
            }
        }
        return true;
    }
    if is_new {
        let archived = if group.is_archived {
            "  (archived)"
        } else {
            ""
        };
        let at = group.active_at.rfc3339();
        out.line(&format!(
            "{}  {at}  {}{archived}",
            group.conversation, group.title
        ));
    }
    for hit in wanted.into_iter().flatten() {
        let at = hit.created_at.rfc3339();
        out.line(&format!(
            "  {at}  {}  {}",
            hit.role.word(),
            hit.snippet.text
        ));
    }
    true
}
