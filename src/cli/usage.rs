//! What is printed in place of a command: the version, help, and why arguments cannot be used.

use std::ffi::OsString;
use std::io;

use super::{Exit, Out, exit_of};
use crate::args::Unread;
use crate::domain::failure::{Failure, FailureKind};

/// Prints name and version.
pub fn version(out: &mut Out) -> Exit {
    let (name, version) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    if out.is_json() {
        out.object(&serde_json::json!({ "name": name, "version": version }));
    } else {
        out.line(&format!("{name} {version}"));
    }
    out.exit(Exit::DONE)
}

/// Prints the help that was asked for, or why the arguments cannot be used: as the error object where one of them is
/// `--json`.
pub fn unread(told: &Unread, mut arguments: impl Iterator<Item = OsString>) -> Exit {
    if !told.is_help && arguments.any(|argument| argument == "--json") {
        let failure = wrong(&told.text);
        let mut out = Out::new(true);
        out.error(&failure);
        return out.exit(exit_of(&failure));
    }
    let done = if told.is_help { Exit::DONE } else { Exit(2) };
    match told.print() {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::BROKEN_PIPE,
        _ => done,
    }
}

/// The first line says what is wrong.
fn wrong(told: &str) -> Failure {
    let line = told.lines().next().unwrap_or_default();
    let title = line.strip_prefix("error: ").unwrap_or(line);
    let remedy = "See `salon --help`.";
    Failure::new(FailureKind::Input, title, remedy)
}
