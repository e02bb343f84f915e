//! Writing a conversation to a file: where to, and asking before a file that is there is replaced.

use std::path::{Path, PathBuf};

use super::curate;
use super::model::{Ask, Model};
use super::overlay::confirm::Confirm;
use super::overlay::form::Form;
use super::overlay::{Body, Overlay, Purpose};
use crate::domain::export::{Format, file_name};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::ConversationId;
use crate::protocol::{Command, Data, Export};

/// Asks for the file, with a name made of the title.
pub fn ask(model: &mut Model) {
    let conversation = match curate::one(model, "write down") {
        Ok(conversation) => conversation,
        Err(why) => return model.say(why),
    };
    let name = format!("./{}", file_name(&conversation.title));
    model.overlays.push(Overlay {
        purpose: Purpose::Export(conversation.id),
        body: Body::Form(Form::file("Write to a file, .md or .jsonl", &name)),
    });
}

/// `/export FILE`.
pub fn write_to(model: &mut Model, name: &str) {
    match curate::one(model, "write down") {
        Ok(conversation) => write(model, conversation.id, name),
        Err(why) => model.say(why),
    }
}

/// Writes it to the file of this name; the ending names the format.
pub fn write(model: &mut Model, conversation: ConversationId, name: &str) {
    let name = name.trim();
    if name.is_empty() {
        model.say("a file needs a name; nothing was written");
        return;
    }
    let export = Export {
        conversation,
        format: Format::of_file(name),
        has_branches: false,
        to: Some(PathBuf::from(name)),
        is_forced: false,
    };
    send(model, export);
}

/// It was not written; a file that is there is replaced if that is wanted.
pub fn refused(model: &mut Model, export: Export, failure: &Failure) {
    if failure.kind != FailureKind::Confirm {
        return model.warn(failure);
    }
    let name = export.to.as_deref().unwrap_or(Path::new("")).display();
    let question = format!("Already there: {name}");
    model.overwriting = Some(export);
    model.overlays.push(Overlay {
        purpose: Purpose::Overwrite,
        body: Body::Confirm(Confirm::new(&question, "replace it")),
    });
}

/// Replaces the file that was there.
pub fn overwrite(model: &mut Model) {
    if let Some(export) = model.overwriting.take() {
        let is_forced = true;
        send(
            model,
            Export {
                is_forced,
                ..export
            },
        );
    }
}

fn send(model: &mut Model, export: Export) {
    let command = Command::Data(Data::Export(export.clone()));
    model.ask(command, Ask::Export(export));
}
