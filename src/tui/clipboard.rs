//! The ways text gets to the clipboard, and honest words for the way that was taken (`peers.md` 5.7).

use std::process::Stdio;
use std::time::Duration;

use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;
use tokio::io::AsyncWriteExt;
use tokio::process::Command as Program;

/// Longest text the terminal's sequence carries, in bytes: terminals cut longer ones silently.
const LONGEST: usize = 74_000;
/// How long tmux may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The sequence that asks the terminal to take the text; `None` when it is too long for that.
pub fn sequence(text: &str) -> Option<String> {
    if text.len() > LONGEST * 3 / 4 {
        return None;
    }
    let mut out = String::new();
    CopyToClipboard::to_clipboard_from(text)
        .write_ansi(&mut out)
        .ok()?;
    Some(out)
}

/// Hands the text to tmux, which also gives it to its terminal; `true` when tmux took it.
pub async fn to_tmux(text: String) -> bool {
    let mut program = Program::new("tmux");
    program
        .args(["load-buffer", "-w", "-"])
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_sent_whole_or_not_at_all() {
        assert_eq!(sequence("hi").as_deref(), Some("\u{1b}]52;c;aGk=\u{1b}\\"));
        assert_eq!(sequence(&"x".repeat(100_000)), None);
    }
}
