//! `salon search`: messages and titles of all conversations that hold words.

use super::{Exit, Line, NoAnswer, Out, json};
use crate::domain::search::{Group, Hit, Rest};
use crate::protocol::{Answer, Command, Shelf};

/// Hits asked for at a time.
const PAGE: u32 = 500;

/// What is searched for, and which hits are printed.
#[derive(Clone, Debug, Default)]
pub struct Sought {
    /// In the language of searches.
    pub words: String,
    pub limit: Option<u64>,
    pub offset: u64,
    /// Only how many there are.
    pub is_count: bool,
}

/// Prints the hits, newest first, by conversation. Nothing where nothing is found.
pub async fn search(line: &mut Line, out: &mut Out, sought: Sought) -> Exit {
    match run(line, out, sought).await {
        Ok(()) => {
            line.stop().await;
            out.exit(Exit::DONE)
        }
        Err(why) => line.give_up(why, out).await,
    }
}

async fn run(line: &mut Line, out: &mut Out, sought: Sought) -> Result<(), NoAnswer> {
    if sought.is_count {
        return count(line, out, sought.words).await;
    }
    let mut places = Places {
        skip: sought.offset,
        left: sought.limit.unwrap_or(u64::MAX),
    };
    let mut from: Option<Rest> = None;
    let mut last = None;
    while places.left > 0 && !out.is_broken() {
        let command = Command::Shelf(Shelf::Search {
            words: sought.words.clone(),
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
                Some(hit) => out.object(&json::hit(group, hit)),
                None => out.object(&json::title_hit(group)),
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
