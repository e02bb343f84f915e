//! What is shown beside the conversation: all panes, only the middle one, or reading mode, in which the mouse is the
//! terminal's again.

use super::focus::context;
use super::model::{Focus, Model};
use super::msg::Effect;
use crate::domain::clean::Clean;
use crate::keys::Action;
use crate::protocol::{Command, Data};

/// Hides the side panes or shows them again; this is remembered.
pub fn toggle_panes(model: &mut Model) {
    model.is_alone = !model.is_alone;
    let panes = if model.is_alone { "hidden" } else { "shown" };
    model.tell(Command::Data(Data::Remember {
        key: "panes".to_owned(),
        value: panes.to_owned(),
    }));
    leave_side_panes(model);
    if model.is_alone {
        model.say("only the conversation; the same key brings the side panes back");
    }
}

/// Begins or ends reading mode; a new start is never in it.
pub fn toggle(model: &mut Model) {
    model.is_reading = !model.is_reading;
    // The line below is for the words of reading mode.
    model.toast = None;
    model.mouse.interrupt();
    model.transcript.unpick();
    leave_side_panes(model);
    if model.has_mouse {
        model.effects.push(Effect::Mouse(!model.is_reading));
    }
}

/// What the status line says while it lasts; empty when salon is not in reading mode.
pub fn words(model: &Model) -> Clean {
    if !model.is_reading {
        return Clean::default();
    }
    let key = model.keymap.hint(context(model), Action::ReadingMode);
    let key = key.unwrap_or_else(|| "/reading".to_owned());
    Clean::line(&format!(
        "reading mode · {key} ends it · the mouse is your terminal's"
    ))
}

fn leave_side_panes(model: &mut Model) {
    let is_beside = matches!(model.focus, Focus::List | Focus::Library);
    if model.has_no_sides() && is_beside {
        model.focus = Focus::Composer;
    }
}
