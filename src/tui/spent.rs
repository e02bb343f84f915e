//! What was spent today: asked when something was measured and when a day begins, never drawn from anything else.

use super::model::{Ask, Model, Today};
use crate::domain::usage::Spent;
use crate::protocol::{Command, Data};

/// Asks for today's sum.
pub fn ask(model: &mut Model) {
    let (since, until) = model.now.day_bounds(&model.zone);
    if model.today.until != until {
        model.today = Today {
            spent: Spent::default(),
            until,
        };
    }
    model.forget(|ask| *ask == Ask::Spent);
    model.ask(Command::Data(Data::Spent { since }), Ask::Spent);
}

/// Asks again when another day has begun; while nothing happens nobody looks.
pub fn look_at_the_clock(model: &mut Model) {
    if model.is_home && !model.is_leaving && model.now >= model.today.until {
        ask(model);
    }
}
