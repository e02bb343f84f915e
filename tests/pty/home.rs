//! A home folder for a test: the settings in it, and where salon keeps its files.

use std::path::{Path, PathBuf};

use super::terminal::{Start, Terminal};
use crate::support::server::Server;

/// A home folder of its own, with the settings of the test in it.
pub struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    /// Nothing is set up.
    pub fn bare() -> Home {
        Home {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// `test/m` at this server answers; titles are not asked for.
    pub fn with(server: &Server) -> Home {
        Home::with_settings(&settings(server, "titles = false"))
    }

    /// This text is salon.toml.
    pub fn with_settings(toml: &str) -> Home {
        let home = Home::bare();
        let folder = home.folder.path().join(".config/salon");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("salon.toml"), toml).unwrap();
        home
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where salon keeps its database.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join(".local/share/salon")
    }

    pub fn database(&self) -> PathBuf {
        self.data().join("salon.db")
    }

    /// The command for an editor made of these lines of a shell, `$1` the file.
    pub fn editor(&self, lines: &str) -> String {
        let script = self.path().join("editor.sh");
        std::fs::write(&script, lines).unwrap();
        format!("sh {}", script.display())
    }

    pub fn start(&self) -> Terminal {
        Terminal::start(Start::at(self))
    }
}

/// The settings for a model `test/m` at this server, with this line under `[chores]`.
pub fn settings(server: &Server, chores: &str) -> String {
    format!(
        "default_model = \"test/m\"\n[limits]\nrequests_per_minute = 0\n[chores]\n{chores}\n\
         [providers.test]\nwire = \"chat-completions\"\nbase_url = \"{}\"\n",
        server.url()
    )
}
