//! The user's own editor: a text goes out in a file of its own, and what is left there comes back.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

use tokio::process::{Child, Command};

use crate::domain::failure::{Failure, FailureKind};

/// A text in a file that only the user can read; the file goes when this is dropped.
pub struct Lent {
    folder: PathBuf,
    file: PathBuf,
}

/// Longest text that is taken back, in bytes.
const LONGEST: u64 = 8 << 20;

impl Lent {
    /// Writes the text to a file in a new folder of this name among the temporary ones.
    pub fn new(name: &str, text: &str) -> io::Result<Lent> {
        let folder = std::env::temp_dir().join(name);
        DirBuilder::new().mode(0o700).create(&folder)?;
        // From here on the folder goes with `Drop`.
        let lent = Lent {
            file: folder.join("text.md"),
            folder,
        };
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&lent.file)?;
        file.write_all(text.as_bytes())?;
        Ok(lent)
    }

    /// Starts the editor on it, as a shell runs `$EDITOR file`.
    pub fn edit(&self, editor: &str) -> io::Result<Child> {
        // A signal to end is for the editor, not for a shell around it; what is more than a command needs the shell.
        let exec = match editor.contains(['=', ';', '&', '|', '(', '{', '\n']) {
            true => "",
            false => "exec ",
        };
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(format!("{exec}{editor} \"$1\""))
            .arg("sh")
            .arg(&self.file);
        shell.spawn()
    }

    /// What the editor left.
    pub fn text(&self) -> io::Result<String> {
        if std::fs::metadata(&self.file)?.len() > LONGEST {
            return Err(io::Error::other("it is larger than 8 MiB"));
        }
        let bytes = std::fs::read(&self.file)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // The system clears what cannot be removed here.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Asks the editor to end.
pub fn end(editor: &Child) -> io::Result<()> {
    let id = editor.id().and_then(|id| i32::try_from(id).ok());
    if let Some(id) = id.and_then(rustix::process::Pid::from_raw) {
        rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
    }
    Ok(())
}

/// The editor could not be used; the text is as it was.
pub fn failed(editor: &str, why: &str) -> Failure {
    Failure::new(
        FailureKind::Input,
        format!("The editor `{editor}` was of no use: {why}"),
        "Set $VISUAL or $EDITOR to an editor for the terminal; the text is as it was.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::ExitStatusExt;
    use std::path::Path;
    use std::time::Duration;

    /// Nothing a test waits for takes this long.
    const PATIENCE: Duration = Duration::from_secs(20);

    fn lent(name: &str, text: &str) -> Lent {
        Lent::new(&format!("salon-test-{}-{name}", std::process::id()), text).unwrap()
    }

    #[tokio::test]
    async fn a_text_goes_out_and_comes_back_and_no_file_stays() {
        let lent = lent("edit", "one\n");
        let file = lent.file.clone();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&file), 0o600);
        assert_eq!(mode(file.parent().unwrap()), 0o700);
        // The editor is a command with arguments of its own.
        let mut child = lent.edit("sed -i 's/one/two ü/'").unwrap();
        assert!(child.wait().await.unwrap().success());
        assert_eq!(lent.text().unwrap(), "two ü\n");
        drop(lent);
        assert!(!file.exists() && !file.parent().unwrap().exists());
    }

    #[test]
    fn a_folder_that_is_there_already_is_not_used() {
        let first = lent("taken", "mine");
        let name = first.folder.file_name().unwrap().to_str().unwrap();
        assert!(Lent::new(name, "other").is_err());
        assert_eq!(first.text().unwrap(), "mine");
    }

    #[tokio::test]
    async fn the_end_reaches_the_editor_itself_and_no_shell_around_it() {
        let lent = lent("end", "");
        // It tells its number and goes on.
        let script = lent.folder.join("editor.sh");
        std::fs::write(&script, "echo $$ > \"$1\"\nexec sleep 100\n").unwrap();
        let editor = format!("sh {}", script.display());
        let mut child = lent.edit(&editor).unwrap();
        let told = async {
            while !lent.text().unwrap().ends_with('\n') {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, told).await.unwrap();
        let number = lent.text().unwrap().trim().parse::<u32>();
        assert_eq!(number.ok(), child.id());
        end(&child).unwrap();
        let status = child.wait().await.unwrap();
        let term = rustix::process::Signal::TERM.as_raw();
        assert_eq!(status.signal(), Some(term));
    }

    #[tokio::test]
    async fn what_is_set_before_an_editor_is_set_for_it() {
        let lent = lent("set", "one\n");
        let editor = "WORD=two sh -c 'echo $WORD > \"$1\"' sh";
        let mut child = lent.edit(editor).unwrap();
        assert!(child.wait().await.unwrap().success());
        assert_eq!(lent.text().unwrap(), "two\n");
    }
}
