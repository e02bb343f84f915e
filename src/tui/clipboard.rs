//! Brings a text to the clipboard by the first way that works (`peers.md` 5.7).

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;
use tokio::io::AsyncWriteExt;
use tokio::process::Command as Program;

use crate::domain::clipboard::{Route, Surroundings, routes};
use crate::domain::failure::{Failure, FailureKind};

/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// The name of the file for what nothing else takes; a later text takes the place of an earlier one.
const FILE: &str = "copied.md";

/// What decides about the ways, and where the file is.
#[derive(Clone, Debug, Default)]
pub struct Copying {
    pub around: Surroundings,
    /// The state folder.
    pub folder: PathBuf,
}

/// What became of a text.
#[derive(Debug, PartialEq, Eq)]
pub enum Carried {
    /// Said in the status line.
    Done(String),
    /// This sequence is to be written to the terminal; then this is said.
    Sequence(String, String),
    Failed(Failure),
}

/// Tries the ways one after another.
pub async fn carry(text: String, copying: Copying) -> Carried {
    let count = text.chars().count();
    for route in routes(copying.around, text.len()) {
        let said = format!("{count} characters {}", route.done());
        match route {
            Route::Program(tool) => {
                let (name, arguments) = tool.command();
                if takes(name, arguments, &text).await {
                    return Carried::Done(said);
                }
            }
            Route::Tmux => {
                if takes("tmux", &["load-buffer", "-w", "-"], &text).await {
                    return Carried::Done(said);
                }
            }
            Route::Terminal => match sequence(&text) {
                Some(sequence) => return Carried::Sequence(sequence, said),
                None => continue,
            },
            Route::File => {
                let file = copying.folder.join(FILE);
                let words = format!("{} {}", route.done(), file.display());
                let writing = tokio::task::spawn_blocking(move || write(&file, &text));
                let written = writing.await.map_err(io::Error::other).flatten();
                return match written {
                    Ok(()) => Carried::Done(words),
                    Err(error) => Carried::Failed(failed(&error)),
                };
            }
        }
    }
    Carried::Failed(failed(&io::Error::other("there is no way")))
}

/// The sequence that asks the terminal to take the text.
fn sequence(text: &str) -> Option<String> {
    let mut out = String::new();
    CopyToClipboard::to_clipboard_from(text)
        .write_ansi(&mut out)
        .ok()?;
    Some(out)
}

/// Gives the text to a program; `true` when it has taken it in time.
async fn takes(name: &str, arguments: &[&str], text: &str) -> bool {
    let mut program = Program::new(name);
    program
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    program.kill_on_drop(true);
    let hand_over = async {
        let mut child = program.spawn().ok()?;
        let mut stdin = child.stdin.take()?;
        stdin.write_all(text.as_bytes()).await.ok()?;
        drop(stdin);
        child
            .wait()
            .await
            .ok()
            .filter(std::process::ExitStatus::success)
    };
    matches!(tokio::time::timeout(PATIENCE, hand_over).await, Ok(Some(_)))
}

/// Writes the text to a file that only the user can read, in place of what was there.
fn write(file: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)?;
    out.write_all(text.as_bytes())
}

fn failed(error: &io::Error) -> Failure {
    Failure::new(
        FailureKind::Input,
        format!("It could not be copied: {error}"),
        "Reading mode lets your terminal select instead.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn a_short_text_is_sent_whole_and_said_to_be_sent() {
        let carried = carry("hi".to_owned(), Copying::default()).await;
        let words = "2 characters sent to the terminal (cannot be confirmed)";
        let sequence = "\u{1b}]52;c;aGk=\u{1b}\\".to_owned();
        assert_eq!(carried, Carried::Sequence(sequence, words.to_owned()));
    }

    #[tokio::test]
    async fn a_long_text_is_in_a_file_of_the_users_own_whole() {
        let folder = tempfile::tempdir().unwrap();
        let copying = Copying {
            folder: folder.path().join("state"),
            ..Copying::default()
        };
        for text in ["ü".repeat(100_000), "y".repeat(90_000)] {
            let file = copying.folder.join(FILE);
            let carried = carry(text.clone(), copying.clone()).await;
            let words = format!("too long for the terminal: written to {}", file.display());
            assert_eq!(carried, Carried::Done(words));
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
            let mode = fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[tokio::test]
    async fn where_nothing_works_that_is_said() {
        let copying = Copying {
            folder: PathBuf::from("/dev/null/nowhere"),
            ..Copying::default()
        };
        let carried = carry("x".repeat(100_000), copying).await;
        assert!(matches!(carried, Carried::Failed(_)), "{carried:?}");
    }
}
