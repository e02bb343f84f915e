//! Writing the block of code at hand to a file: asking for its name, and before another file goes.

use super::file::{Paper, Written, name_for};
use super::model::Model;
use super::msg::Effect;
use super::overlay::confirm::Confirm;
use super::overlay::form::Form;
use super::overlay::{Body, Overlay, Purpose};
use crate::domain::failure::{Failure, FailureKind};
use crate::keys::{Action, Context};

/// Asks where the block of code at hand is to be written.
pub fn ask(model: &mut Model) {
    let Some(code) = model.transcript.code_at_hand() else {
        let key = model.keymap.hint(Context::Transcript, Action::NextBlock);
        let key = key.unwrap_or_else(|| "/blocks".to_owned());
        model.say(format!("first take a block of code in hand: {key}"));
        return;
    };
    let path = name_for(&code.lang);
    model.paper = Some(Paper {
        path: path.clone(),
        text: code.text,
        may_replace: false,
    });
    open_form(model, &path);
}

fn open_form(model: &mut Model, path: &str) {
    let form = Form::line("Write the block of code to a file", path).to("write");
    model.overlays.push(Overlay {
        purpose: Purpose::WriteTo,
        body: Body::Form(form),
    });
}

/// The file has a name: tries to write it.
pub fn named(model: &mut Model, path: &str) {
    let path = path.trim();
    if path.is_empty() {
        model.say("a file needs a name; nothing is written");
        return;
    }
    write(model, path.to_owned(), false);
}

/// A file of that name may go.
pub fn replace(model: &mut Model) {
    if let Some(path) = model.paper.as_ref().map(|paper| paper.path.clone()) {
        write(model, path, true);
    }
}

fn write(model: &mut Model, path: String, may_replace: bool) {
    if let Some(paper) = &mut model.paper {
        paper.path = path;
        paper.may_replace = may_replace;
        let paper = paper.clone();
        model.effects.push(Effect::Write(paper));
    }
}

/// What came of it. A name that was of no use can be written anew.
pub fn written(model: &mut Model, written: Written) {
    match written {
        Written::Done { path } => {
            let lines = model.paper.take().map_or(0, |p| p.text.lines().count());
            let noun = if lines == 1 { "line" } else { "lines" };
            model.say(format!("{lines} {noun} written to {path}"));
        }
        Written::Exists { path } => {
            let question = format!("Already there: {path}");
            model.overlays.push(Overlay {
                purpose: Purpose::Replace,
                body: Body::Confirm(Confirm::new(&question, "replace it")),
            });
        }
        Written::Failed { path, why } => {
            model.warn(&Failure::new(
                FailureKind::Input,
                format!("{path} could not be written: {why}"),
                "Choose another name.",
            ));
            if model.overlays.is_empty() {
                open_form(model, &path);
            }
        }
    }
}
