//! The palette: every action that has a word, found by its line, its name or its word.

use std::collections::BTreeMap;

use super::focus::context;
use super::model::Model;
use super::overlay::picker::{Picker, Row};
use super::overlay::{Body, Overlay, Purpose};
use crate::domain::clean::Clean;
use crate::keys::Action;
use crate::protocol::{Command, Data};

/// The key under which it is remembered what was chosen last.
const RECENT: &str = "recent actions";
/// So many stand first.
const MOST: usize = 8;

/// Opens it.
pub fn open(model: &mut Model) {
    let here = context(model);
    let others = Action::ALL
        .iter()
        .filter(|action| !model.recent.contains(action));
    let row = |action: &Action| {
        let word = action.word()?;
        let keys = model.keymap.keys_of(here, *action);
        Some(Row {
            value: action.id().to_owned(),
            label: Clean::own(action.about()),
            sought: format!("{word} {}", action.id()),
            columns: vec![
                Clean::line(&format!("/{word}")),
                Clean::line(keys.first().map_or("", String::as_str)),
            ],
            ..Row::default()
        })
    };
    let rows = model.recent.iter().chain(others).filter_map(row).collect();
    let picker = Picker::new(
        Clean::own("What to do"),
        Clean::default(),
        Clean::own("⏎ do it · Esc"),
        rows,
    );
    model.overlays.push(Overlay {
        purpose: Purpose::Palette,
        body: Body::Picker(picker),
    });
}

/// What was chosen, remembered for the next time.
pub fn chosen(model: &mut Model, id: &str) -> Option<Action> {
    let action = Action::of_id(id)?;
    model.recent.retain(|recent| *recent != action);
    model.recent.insert(0, action);
    model.recent.truncate(MOST);
    let ids: Vec<&str> = model.recent.iter().map(|action| action.id()).collect();
    model.tell(Command::Data(Data::Remember {
        key: RECENT.to_owned(),
        value: ids.join(" "),
    }));
    Some(action)
}

/// What an earlier salon remembered.
pub fn recall(model: &mut Model, state: &BTreeMap<String, String>) {
    let ids = state.get(RECENT).map_or("", String::as_str);
    let is_word = |action: &Action| action.word().is_some();
    model.recent = ids
        .split_whitespace()
        .filter_map(Action::of_id)
        .filter(is_word)
        .take(MOST)
        .collect();
}
