//! Keeping what is not yet on disk, and the way out.

use super::model::Model;
use super::msg::Effect;
use crate::protocol::{Chat, Command};

/// Ctrl+C twice quits within so many ms.
const ARMED: u64 = 2_000;

/// Saves what is not saved and asks the engine to stop; a second time leaves at once.
pub fn leave(model: &mut Model) {
    if model.is_leaving || model.fatal.is_some() {
        model.effects.push(Effect::Leave);
        return;
    }
    keep_place(model, true);
    model.is_leaving = true;
    model.tell(Command::Stop);
}

/// The first press arms, the second within two seconds leaves.
pub fn arm_quit(model: &mut Model, key: &str) {
    if model.quit_armed.is_some_and(|until| model.tick <= until) {
        leave(model);
    } else {
        model.quit_armed = Some(model.tick + ARMED);
        model.say(format!("press {key} again to quit"));
        if let Some(toast) = &mut model.toast {
            toast.until = model.tick + ARMED;
        }
    }
}

/// Another key takes the first press back.
pub fn disarm(model: &mut Model) {
    if model.quit_armed.take().is_some() {
        model.toast = None;
    }
}

/// Sends the draft and the reader's place to the engine, when their time has come or at once.
pub fn keep_place(model: &mut Model, is_now: bool) {
    let scope = model.here();
    if is_now {
        model.composer.come_home();
    }
    for command in model.composer.settle(scope) {
        model.tell(command);
    }
    if let Some(command) = model.composer.keep_due(scope, model.tick, is_now) {
        model.tell(command);
        if let Some(id) = scope {
            let has_draft = !model.composer.is_empty();
            model.list.mark_draft(id, has_draft);
        }
    }
    if let Some(conversation) = scope
        && let Some(reading) = model.transcript.keep_due(model.tick, is_now)
    {
        model.tell(Command::Chat(Chat::KeepReading {
            conversation,
            reading,
        }));
    }
}
