//! `salon completions` and `salon man`: what is made of the table of commands.

use super::{Exit, Out};
use crate::args::{Completions, Manual};
use crate::domain::failure::{Failure, FailureKind};

/// Prints the completions for a shell.
pub fn completions(out: &mut Out, wanted: &Completions) -> Exit {
    print(out, &wanted.script())
}

/// Prints a page in roff.
pub fn manual(out: &mut Out, wanted: &Manual) -> Result<Exit, Failure> {
    let page = wanted.page().ok_or_else(|| {
        let title = format!("There is no command `{}`", wanted.command.join(" "));
        Failure::new(FailureKind::Input, title, "`salon --help` names them all.")
    })?;
    Ok(print(out, &page))
}

fn print(out: &mut Out, text: &str) -> Exit {
    out.words(text);
    out.end_words();
    out.exit(Exit::DONE)
}
