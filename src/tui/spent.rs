//! What was spent today: asked when something was measured and when a day begins, never drawn from anything else.

use super::model::{Ask, Model, Today};
use crate::domain::usage::Spent;
use crate::protocol::{Command, Data, Event, News, Row, Step, TrialStep};

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

/// Asks again when something may have cost money: a turn was measured, or a title came that nobody asked for.
pub fn heard(model: &mut Model, event: &Event) {
    let costs = match &event.news {
        News::Turn { step, .. } => matches!(step, Step::Measured { .. }),
        News::Changed(row) => event.cause.is_none() && matches!(row, Row::Conversation(_)),
        News::Trial(step) => matches!(step, TrialStep::Ended(_)),
        News::Sync(_)
        | News::Expired { .. }
        | News::Answer(_)
        | News::Refused(_)
        | News::Warned(_)
        | News::Fatal(_)
        | News::Stopped => false,
    };
    if costs {
        ask(model);
    }
}

/// Takes the sum that was asked for.
pub fn told(model: &mut Model, ask: Option<Ask>, sum: Spent) {
    if ask == Some(Ask::Spent) {
        model.today.spent = sum;
    }
}

/// Asks again when another day has begun; while nothing happens nobody looks.
pub fn look_at_the_clock(model: &mut Model) {
    if model.is_home && !model.is_leaving && model.now >= model.today.until {
        ask(model);
    }
}
