//! A conversation written down (spec D4): read, made into a text, written to a file whole or not at all.

use std::io;
use std::path::{Path, PathBuf};

use tokio::fs;
use tokio::io::AsyncWriteExt;

use super::desk::{Desk, gone};
use super::jobs::Key;
use super::{Engine, Left};
use crate::domain::conversation::Conversation;
use crate::domain::export::{Format, markdown};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::RequestId;
use crate::domain::message::Shown;
use crate::domain::record::{Names, lines};
use crate::protocol::{Answer, At, Export, News};
use crate::store::{Store, StoreError};

impl Engine {
    /// Writes a conversation down; nothing else waits for it.
    pub(super) fn export(&mut self, cause: RequestId, export: Export) {
        let (desk, mut mouth) = (self.desk.clone(), self.mouth(cause));
        let store = self.stores.of(export.conversation).clone();
        let people = self.stores.file.clone();
        self.jobs
            .start(Key::Read, Some(cause), None, |token| async move {
                let text = text(&desk, (&store, &people), &export);
                let news = match token.run_until_cancelled(text).await {
                    Some(Ok(text)) => told(&desk, &export, text).await,
                    Some(Err(failure)) => News::Refused(failure),
                    None => return Left::Nothing,
                };
                mouth.finish_with(news).await;
                Left::Nothing
            });
    }
}

/// The text is the answer, or stands in the file.
async fn told(desk: &Desk, export: &Export, text: String) -> News {
    let Some(to) = &export.to else {
        return News::Answer(Answer::Exported(text));
    };
    let to = desk.settings.paths.of_user(to);
    match put(&to, &text, export.is_forced).await {
        Ok(()) => News::Answer(Answer::Done {
            what: format!("written: {}", to.display()),
            undo: None,
        }),
        Err(failure) => News::Refused(failure),
    }
}

async fn text(
    desk: &Desk,
    (store, people): (&Store, &Store),
    export: &Export,
) -> Result<String, Failure> {
    let read = read(store, people, export).await;
    let (conversation, messages, names) = read
        .map_err(|error| desk.failure(&error))?
        .ok_or_else(|| gone("The conversation"))?;
    Ok(match export.format {
        Format::Markdown => markdown(&conversation, &messages, &names, export.has_branches),
        Format::JsonLines => lines(&conversation, &messages, &names),
    })
}

async fn read(
    store: &Store,
    people: &Store,
    export: &Export,
) -> Result<Option<(Conversation, Vec<Shown>, Names)>, StoreError> {
    let id = export.conversation;
    if store.conversation(id).await?.is_none() {
        return Ok(None);
    }
    // The page recovers what a dead salon left open, and may move the tip: the row comes after it.
    let messages = if export.has_branches {
        store.page(id, At::Tip, Some(1)).await?;
        store.tree(id).await?
    } else {
        store.page(id, At::Tip, None).await?.messages
    };
    let Some(conversation) = store.conversation(id).await? else {
        return Ok(None);
    };
    let all = people.personas().await?.into_iter();
    let names = all.map(|one| (one.persona.id, one.persona.profile.name));
    Ok(Some((conversation, messages, names.collect())))
}

/// Writes a file of mode 0600 beside its place, then moves it there; a file that is there stays unless `is_forced`.
async fn put(to: &Path, text: &str, is_forced: bool) -> Result<(), Failure> {
    let to = match fs::metadata(to).await {
        Ok(there) if !there.is_file() => {
            return Err(unwritten(to, "there is something else of this name"));
        }
        Ok(_) if !is_forced => return Err(is_there(to)),
        // A link stays one: the file it names is replaced.
        Ok(_) => fs::canonicalize(to).await.unwrap_or_else(|_| to.to_owned()),
        Err(_) => to.to_owned(),
    };
    if to.file_name().is_none() {
        return Err(unwritten(&to, "this names no file"));
    }
    // A name of its own: one longer than the file's may be too long.
    let fresh = to.with_file_name(format!(".salon-{}.new", uuid::Uuid::now_v7().simple()));
    let done = match write(&fresh, text).await {
        Ok(()) if is_forced => fs::rename(&fresh, &to).await,
        Ok(()) => keep(&fresh, &to).await,
        Err(error) => Err(error),
    };
    if done.is_err() {
        let _ = fs::remove_file(&fresh).await;
    }
    done.map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            is_there(&to)
        } else if error.kind() == io::ErrorKind::NotFound {
            unwritten(&to, "its folder does not exist")
        } else {
            unwritten(&to, &error.to_string())
        }
    })
}

async fn write(fresh: &PathBuf, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    let open = options.write(true).create_new(true).mode(0o600).open(fresh);
    let mut file = open.await?;
    file.write_all(text.as_bytes()).await?;
    file.sync_all().await
}

/// Gives a file its name where that is free. A disk that knows no links is asked before.
async fn keep(fresh: &PathBuf, to: &PathBuf) -> io::Result<()> {
    match fs::hard_link(fresh, to).await {
        Ok(()) => fs::remove_file(fresh).await,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) if fs::symlink_metadata(to).await.is_ok() => {
            Err(io::ErrorKind::AlreadyExists.into())
        }
        Err(_) => fs::rename(fresh, to).await,
    }
}

fn is_there(to: &Path) -> Failure {
    Failure::new(
        FailureKind::Confirm,
        format!("{} is there already", to.display()),
        "Name another file, or replace it with --force.",
    )
}

fn unwritten(to: &Path, why: &str) -> Failure {
    Failure::new(
        FailureKind::Input,
        format!("{} cannot be written: {why}", to.display()),
        "Name a file in a folder you may write.",
    )
}
