//! Home folders for what is measured: settings, and databases made once.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::server::Server;

/// A home folder that is removed in the end.
pub struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    /// The server answers in the place of OpenAI, whose model the generated conversations use; no titles, no pace.
    pub fn new(server: &Server) -> Result<Home> {
        let folder = tempfile::Builder::new()
            .prefix("salon-bench")
            .tempdir_in(target())?;
        let config = folder.path().join(".config/salon");
        std::fs::create_dir_all(&config)?;
        std::fs::create_dir_all(folder.path().join(".local/share/salon"))?;
        let settings = format!(
            "default_model = \"openai/gpt-4o\"\n[limits]\nrequests_per_minute = 0\n[chores]\ntitles = false\n\
             [providers.openai]\nwire = \"chat-completions\"\nbase_url = \"http://127.0.0.1:{}/v1\"\n",
            server.port
        );
        std::fs::write(config.join("salon.toml"), settings + &hub()?)?;
        Ok(Home { folder })
    }

    /// With a copy of that database.
    pub fn with(server: &Server, database: &Path) -> Result<Home> {
        let home = Home::new(server)?;
        std::fs::copy(database, home.database())
            .with_context(|| format!("cannot copy {}", database.display()))?;
        Ok(home)
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join(".local/share/salon/salon.db")
    }
}

/// With `SALON_BENCH_HUB=silent` every salon has a hub that takes connections and never answers; else none.
fn hub() -> Result<String> {
    if std::env::var_os("SALON_BENCH_HUB").is_none_or(|hub| hub != "silent") {
        return Ok(String::new());
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    // Open as long as the measuring lasts; the kernel takes the connections.
    std::mem::forget(listener);
    Ok(format!(
        "[sync]\nenabled = true\nurl = \"postgres://u@127.0.0.1:{port}/x\"\n"
    ))
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target")
}

/// The database of 10,000 conversations and 1,000,000 messages.
pub fn large() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("SALON_BENCH_DATA") {
        return Ok(PathBuf::from(folder).join("salon.db"));
    }
    made("large", &[])
}

/// One conversation of so many messages of so many bytes.
pub fn long(messages: u32, bytes: u32) -> Result<PathBuf> {
    let (messages, bytes) = (messages.to_string(), bytes.to_string());
    let name = format!("long-{messages}-{bytes}");
    made(&name, &["--history", &messages, "--bytes", &bytes])
}

/// Made by the generator, once.
fn made(name: &str, arguments: &[&str]) -> Result<PathBuf> {
    let folder = target().join("bench-data").join(name);
    let (database, done) = (folder.join("salon.db"), folder.join("done"));
    if !done.exists() {
        // What an earlier try left is not whole.
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder)?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["run", "--quiet", "--release", "--example", "fill", "--"]);
        command.arg("--data-dir").arg(&folder).args(arguments);
        ensure!(command.status()?.success(), "the generator failed");
        std::fs::write(done, "")?;
    }
    Ok(database)
}
