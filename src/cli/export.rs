//! `salon export`: a conversation as Markdown or JSON lines, on standard output or in a file.

use std::path::Path;

use super::ask::find;
use super::{Exit, Line, NoAnswer, Out};
use crate::args::Export as Wanted;
use crate::domain::export::Format;
use crate::protocol::{Answer, Command, Data, Export};

/// Prints it, or says which file it was written to.
pub async fn export(line: &mut Line, out: &mut Out, wanted: Wanted) -> Exit {
    match run(line, out, wanted).await {
        Ok(()) => {
            line.stop().await;
            out.exit(Exit::DONE)
        }
        Err(why) => line.give_up(why, out).await,
    }
}

async fn run(line: &mut Line, out: &mut Out, wanted: Wanted) -> Result<(), NoAnswer> {
    let found = find(line, out, &wanted.id).await?;
    let to = wanted.output.filter(|to| to != Path::new("-"));
    let by_name = || to.as_ref().map(|to| Format::of_file(&to.to_string_lossy()));
    let format = wanted.format.as_deref().and_then(Format::of);
    let export = Command::Data(Data::Export(Export {
        conversation: found.id,
        format: format.or_else(by_name).unwrap_or_default(),
        has_branches: wanted.all_branches,
        is_forced: wanted.force,
        to,
    }));
    let answer = line.answer(export, out).await?;
    if let Answer::Exported(text) = answer {
        out.words(&text);
        out.end_words();
    } else if let Answer::Done { what, .. } = answer {
        out.line(&what);
    } else {
        return Err(NoAnswer::Failed(super::lost()));
    }
    Ok(())
}
