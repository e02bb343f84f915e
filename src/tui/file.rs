//! Writing a text to a file that the user names.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A text and the file it goes to, as the user wrote its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// `~/` is the home folder; other relative names begin where salon was started.
    pub path: String,
    pub text: String,
    /// The user has agreed that a file of this name goes.
    pub may_replace: bool,
}

/// What came of writing; `path` as the user wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    Done {
        path: String,
    },
    /// There is a file of this name; it is as it was.
    Exists {
        path: String,
    },
    Failed {
        path: String,
        why: String,
    },
}

/// Writes the text. A file that is there already is replaced only if that may be.
pub fn write(paper: &Paper, home: Option<&Path>) -> Written {
    let path = paper.path.clone();
    match put(paper, &place(&paper.path, home)) {
        Ok(()) => Written::Done { path },
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !paper.may_replace => {
            Written::Exists { path }
        }
        Err(error) => Written::Failed {
            path,
            why: error.to_string(),
        },
    }
}

fn put(paper: &Paper, place: &Path) -> io::Result<()> {
    if place.is_dir() {
        return Err(io::Error::other("it is a folder"));
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create(paper.may_replace)
        .truncate(paper.may_replace)
        .create_new(!paper.may_replace)
        .open(place)?;
    file.write_all(paper.text.as_bytes())
}

fn place(path: &str, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix('~'), home) {
        (Some(""), Some(home)) => home.to_owned(),
        (Some(rest), Some(home)) if rest.starts_with('/') => {
            home.join(rest.trim_start_matches('/'))
        }
        _ => PathBuf::from(path),
    }
}

/// A name for a block of code in this language, in the folder where salon was started.
pub fn name_for(lang: &str) -> String {
    let end = lang.find([' ', ',', '{', ';', '\t']);
    let word = lang[..end.unwrap_or(lang.len())].to_lowercase();
    let word = word.trim_start_matches('.');
    let is_plain =
        !word.is_empty() && word.len() <= 12 && word.bytes().all(|b| b.is_ascii_alphanumeric());
    let known = ENDINGS.iter().find(|(names, _)| names.contains(&word));
    match known {
        Some((_, ending)) if ending.starts_with(|c: char| c.is_ascii_uppercase()) => {
            format!("./{ending}")
        }
        Some((_, ending)) => format!("./snippet.{ending}"),
        None if is_plain => format!("./snippet.{word}"),
        None => "./snippet.txt".to_owned(),
    }
}

/// What languages are called, and how their files end; a name in capitals is the whole name of the file.
const ENDINGS: &[(&[&str], &str)] = &[
    (&["rust", "rs"], "rs"),
    (&["python", "py", "python3", "py3"], "py"),
    (&["javascript", "js", "node", "mjs"], "js"),
    (&["typescript", "ts"], "ts"),
    (
        &["bash", "sh", "shell", "zsh", "console", "shellsession"],
        "sh",
    ),
    (&["golang", "go"], "go"),
    (&["c++", "cpp", "cxx"], "cpp"),
    (&["c#", "csharp", "cs"], "cs"),
    (&["f#", "fsharp"], "fs"),
    (&["ruby", "rb"], "rb"),
    (&["kotlin", "kt"], "kt"),
    (&["haskell", "hs"], "hs"),
    (&["perl", "pl"], "pl"),
    (&["powershell", "ps1", "pwsh"], "ps1"),
    (&["markdown", "md"], "md"),
    (&["yaml", "yml"], "yaml"),
    (&["elixir", "ex"], "ex"),
    (&["erlang", "erl"], "erl"),
    (&["julia", "jl"], "jl"),
    (&["ocaml", "ml"], "ml"),
    (&["clojure", "clj"], "clj"),
    (&["objective-c", "objc"], "m"),
    (&["latex", "tex"], "tex"),
    (
        &["text", "plain", "plaintext", "txt", "output", "log"],
        "txt",
    ),
    (&["dockerfile", "docker"], "Dockerfile"),
    (&["makefile", "make"], "Makefile"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("salon-file-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn a_file_that_is_there_is_replaced_only_if_it_may_be() {
        let home = folder("replace");
        let paper = |text: &str, may_replace| Paper {
            path: "~/a.txt".to_owned(),
            text: text.to_owned(),
            may_replace,
        };
        let path = || "~/a.txt".to_owned();
        let read = || std::fs::read_to_string(home.join("a.txt")).unwrap();
        let done = Written::Done { path: path() };
        assert_eq!(write(&paper("one\n", false), Some(&home)), done);
        let exists = Written::Exists { path: path() };
        assert_eq!(write(&paper("two", false), Some(&home)), exists);
        assert_eq!(read(), "one\n");
        assert_eq!(write(&paper("two", true), Some(&home)), done);
        assert_eq!(read(), "two");
        for bad in ["~/none/a.txt", "~", "~/"] {
            let paper = Paper {
                path: bad.to_owned(),
                ..paper("x", true)
            };
            let written = write(&paper, Some(&home));
            assert!(
                matches!(written, Written::Failed { .. }),
                "{bad}: {written:?}"
            );
        }
        std::fs::remove_dir_all(home).unwrap();
    }

    #[test]
    fn a_name_goes_by_the_language() {
        for (lang, name) in [
            ("rust", "./snippet.rs"),
            ("rust,ignore", "./snippet.rs"),
            ("Python title=\"x\"", "./snippet.py"),
            ("toml", "./snippet.toml"),
            ("C++", "./snippet.cpp"),
            ("Dockerfile", "./Dockerfile"),
            ("../../etc/passwd", "./snippet.txt"),
            ("\u{1b}[31m", "./snippet.txt"),
            ("", "./snippet.txt"),
        ] {
            assert_eq!(name_for(lang), name, "{lang}");
        }
    }
}
