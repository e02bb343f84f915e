//! Dark and light: as the settings say, as the user chose since, as the terminal tells.

use std::collections::BTreeMap;

use super::model::Model;
use crate::protocol::{Command, Data};
use crate::settings::Ground;

/// The key under which the choice is remembered.
const KEY: &str = "theme";

/// The next of dark, light and as the terminal is.
pub fn cycle(model: &mut Model) {
    let now = model.looks.ground();
    let at = Ground::ALL.iter().position(|ground| *ground == now);
    let next = at.map_or(0, |at| at + 1) % Ground::ALL.len();
    choose(model, Ground::ALL[next]);
}

/// Uses this one from now on.
pub fn choose(model: &mut Model, ground: Ground) {
    model.looks.chosen = Some(ground);
    model.tell(Command::Data(Data::Remember {
        key: KEY.to_owned(),
        value: ground.word().to_owned(),
    }));
    let found = match (ground, model.looks.theme().is_light) {
        (Ground::Auto, true) => ": the terminal is light",
        (Ground::Auto, false) if model.looks.heard.is_none() => {
            ": the terminal does not say, dark is taken"
        }
        (Ground::Auto, false) => ": the terminal is dark",
        (Ground::Dark | Ground::Light, _) => "",
    };
    let kept = match model.looks.set {
        Ground::Auto => "",
        Ground::Dark | Ground::Light => " (for this run: ui.theme is set)",
    };
    let none = match model.looks.is_plain {
        true => "; NO_COLOR is set, so there are no colours",
        false => "",
    };
    model.say(format!("colours: {}{found}{kept}{none}", ground.word()));
}

/// What an earlier salon remembered; what the settings name is stronger.
pub fn recall(model: &mut Model, state: &BTreeMap<String, String>) {
    if model.looks.set == Ground::Auto && model.looks.chosen.is_none() {
        model.looks.chosen = state.get(KEY).and_then(|word| Ground::of(word));
    }
}
