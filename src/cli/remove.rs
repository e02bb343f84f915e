//! `salon rm` and `salon restore`: to the trash, back from it, and out of the world. All ids are found before anything
//! changes.

use std::io::{self, BufRead, IsTerminal};

use tokio::sync::oneshot;

use super::ask::find;
use super::list::names;
use super::{Exit, Line, NoAnswer, Out};
use crate::args::{Restore, Rm};
use crate::domain::conversation::Conversation;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::ConversationId;
use crate::domain::record;
use crate::protocol::{Act, Answer, Command, Query, Shelf, Which};

/// Moves conversations to the trash, or removes them for good.
pub async fn rm(line: &mut Line, out: &mut Out, wanted: Rm) -> Exit {
    let done = match wanted.all_trash {
        true => empty_trash(line, out, wanted.yes).await,
        false => remove(line, out, wanted).await,
    };
    end(line, out, done).await
}

/// Brings conversations back into the list.
pub async fn restore(line: &mut Line, out: &mut Out, wanted: Restore) -> Exit {
    let done = bring_back(line, out, &wanted.ids).await;
    end(line, out, done).await
}

async fn end(line: &mut Line, out: &mut Out, done: Result<(), NoAnswer>) -> Exit {
    match done {
        Ok(()) => {
            line.stop().await;
            out.exit(Exit::DONE)
        }
        Err(why) => line.give_up(why, out).await,
    }
}

async fn remove(line: &mut Line, out: &mut Out, wanted: Rm) -> Result<(), NoAnswer> {
    let all = found(line, out, &wanted.ids).await?;
    if wanted.purge {
        let what = match all.as_slice() {
            [one] => format!("“{}”", one.title),
            several => format!("{} conversations", several.len()),
        };
        agree(line, out, &what, wanted.yes).await?;
    }
    let fresh = ids(&all, |one| one.trashed_at.is_none());
    let mut what = "in the trash already".to_owned();
    if !fresh.is_empty() {
        let act = Act::Trash;
        let apply = Command::Shelf(Shelf::Apply { ids: fresh, act });
        what = line.done(apply, out).await?;
    }
    if !wanted.purge {
        return tell(line, out, &all, &what).await;
    }
    let purge = Shelf::Purge {
        ids: ids(&all, |_| true),
    };
    let what = line.done(Command::Shelf(purge), out).await?;
    if !out.is_json() {
        out.line(&what);
        return Ok(());
    }
    for one in &all {
        out.object(&serde_json::json!({ "id": one.id, "title": one.title, "removed": true }));
    }
    Ok(())
}

async fn empty_trash(line: &mut Line, out: &mut Out, is_agreed: bool) -> Result<(), NoAnswer> {
    let all = trash(line, out).await?;
    let mut what = "the trash is empty".to_owned();
    if !all.is_empty() {
        let whom = match all.len() {
            1 => "the one conversation in the trash".to_owned(),
            n => format!("all {n} conversations in the trash"),
        };
        agree(line, out, &whom, is_agreed).await?;
        // Those that were counted, and none that came since.
        let ids = ids(&all, |_| true);
        let purge = Command::Shelf(Shelf::Purge { ids });
        what = line.done(purge, out).await?;
    }
    if !out.is_json() {
        out.line(&what);
        return Ok(());
    }
    for one in &all {
        out.object(&serde_json::json!({ "id": one.id, "title": one.title, "removed": true }));
    }
    Ok(())
}

async fn bring_back(line: &mut Line, out: &mut Out, given: &[String]) -> Result<(), NoAnswer> {
    let all = back(line, out, given).await?;
    let mut said = Vec::new();
    let trashed = ids(&all, |one| one.trashed_at.is_some());
    if !trashed.is_empty() {
        let act = Act::Restore;
        let apply = Command::Shelf(Shelf::Apply { ids: trashed, act });
        said.push(line.done(apply, out).await?);
    }
    let archived = ids(&all, |one| {
        one.trashed_at.is_none() && one.archived_at.is_some()
    });
    if !archived.is_empty() {
        let archive = Command::Shelf(Shelf::Archive {
            ids: archived,
            is_archived: false,
        });
        said.push(line.done(archive, out).await?);
    }
    if said.is_empty() {
        said.push("neither in the trash nor in the archive".to_owned());
    }
    tell(line, out, &all, &said.join("; ")).await
}

/// The same for what is to come back: `last` is the one that was last moved to the trash.
async fn back(
    line: &mut Line,
    out: &mut Out,
    given: &[String],
) -> Result<Vec<Conversation>, NoAnswer> {
    let mut given = given.to_vec();
    if given.iter().any(|id| id == "last") {
        let rows = trash(line, out).await?;
        let last = rows.iter().max_by_key(|one| one.trashed_at);
        let Some(last) = last else {
            let remedy = "`salon list --archived` names what is in the archive.";
            let failure = Failure::new(FailureKind::Input, "The trash is empty", remedy);
            return Err(NoAnswer::Failed(failure));
        };
        for id in given.iter_mut().filter(|id| *id == "last") {
            *id = last.id.to_string();
        }
    }
    found(line, out, &given).await
}

/// All that is in the trash.
async fn trash(line: &mut Line, out: &mut Out) -> Result<Vec<Conversation>, NoAnswer> {
    let list = Command::Shelf(Shelf::List {
        query: Query {
            which: Which::Trashed,
            ..Query::default()
        },
        after: None,
        offset: 0,
        limit: None,
    });
    let Answer::List { rows, .. } = line.answer(list, out).await? else {
        return Err(NoAnswer::Failed(super::lost()));
    };
    Ok(rows.into_iter().map(|row| row.conversation).collect())
}

/// The conversations of these ids, each once; one that is not there is the error, and nothing has changed then.
async fn found(
    line: &mut Line,
    out: &mut Out,
    given: &[String],
) -> Result<Vec<Conversation>, NoAnswer> {
    let mut all: Vec<Conversation> = Vec::with_capacity(given.len());
    for id in given {
        let one = find(line, out, id).await?;
        if all.iter().all(|other| other.id != one.id) {
            all.push(one);
        }
    }
    Ok(all)
}

fn ids(all: &[Conversation], is_meant: impl Fn(&Conversation) -> bool) -> Vec<ConversationId> {
    let meant = all.iter().filter(|one| is_meant(one));
    meant.map(|one| one.id).collect()
}

/// Prints what was done: with `--json` the conversations as they stand now.
async fn tell(
    line: &mut Line,
    out: &mut Out,
    all: &[Conversation],
    what: &str,
) -> Result<(), NoAnswer> {
    if !out.is_json() {
        out.line(what);
        return Ok(());
    }
    let names = names(line, out).await?;
    for one in all {
        let now = find(line, out, &one.id.to_string()).await?;
        let persona = now.persona.and_then(|id| names.get(&id));
        out.object(&record::conversation(&now, persona.map(String::as_str)));
    }
    Ok(())
}

/// Asks on the terminal before something is removed for good; where there is none, `--yes` has to say so.
async fn agree(
    line: &mut Line,
    out: &mut Out,
    what: &str,
    is_agreed: bool,
) -> Result<(), NoAnswer> {
    if is_agreed {
        return Ok(());
    }
    let refused = |title: String, remedy: &str| {
        NoAnswer::Failed(Failure::new(FailureKind::Confirm, title, remedy))
    };
    const YES: &str = "Say --yes to remove for good without being asked; that cannot be undone.";
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let title = format!("Nobody is here to agree that {what} goes");
        return Err(refused(title, YES));
    }
    out.prompt(&format!(
        "Remove {what} for good? That cannot be undone. [y/N]"
    ));
    let (tell, mut typed) = oneshot::channel();
    // A thread of its own: a signal ends the wait, and nobody waits for the thread.
    let reading = std::thread::Builder::new().spawn(move || {
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        let _ = tell.send(read.map(|_| answer).unwrap_or_default());
    });
    if let Err(error) = reading {
        return Err(refused(format!("Nobody could be asked: {error}"), YES));
    }
    let answer = tokio::select! { biased;
        Some(signal) = line.signals.recv() => return Err(NoAnswer::Signal(signal)),
        answer = &mut typed => answer.unwrap_or_default(),
    };
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(refused("Nothing was removed".to_owned(), "")),
    }
}
