//! Completes a word typed in the composer after a slash, and what follows it where that is known.

use std::collections::BTreeSet;

use super::model::{Ask, Focus, Model};
use super::pane::menu::Word;
use super::words::{Argument, argument};
use ratatui::layout::Rect;

use crate::domain::clean::Clean;
use crate::keys::Action;
use crate::protocol::{Command, Data};
use crate::settings::Ground;

/// Most words that are offered for what follows a word.
const MOST: usize = 200;

/// The menu fits what stands in the composer now.
pub fn refresh(model: &mut Model) {
    let is_here = model.focus == Focus::Composer && model.overlays.is_empty();
    let line = model.composer.editor.only_line().filter(|_| is_here);
    let Some(line) = line.filter(|line| line.starts_with('/') && !line.starts_with("//")) else {
        return model.menu.close();
    };
    if model.menu.is_off || model.menu.of == line || model.composer.walking_at().is_some() {
        return;
    }
    let line = line.to_owned();
    fill(model, &line);
}

fn fill(model: &mut Model, line: &str) {
    let words = match line[1..].split_once(' ') {
        None => words(&line[1..]),
        Some((word, rest)) => match Action::of_word(word).map(argument) {
            Some(wanted @ (Argument::Model | Argument::Provider)) => {
                ask_models(model);
                arguments(word, rest, &known(model, wanted))
            }
            Some(wanted @ (Argument::Persona | Argument::Ground)) => {
                arguments(word, rest, &known(model, wanted))
            }
            Some(Argument::Text | Argument::Draft | Argument::Nothing) | None => Vec::new(),
        },
    };
    model.menu.fill(line, words);
}

/// More is known of what can follow.
pub fn learnt(model: &mut Model) {
    if !model.menu.of.is_empty() && !model.menu.is_off && !model.menu.has_chosen {
        let line = model.menu.of.clone();
        fill(model, &line);
    }
}

/// Words that begin so, then those with it inside.
fn words(typed: &str) -> Vec<Word> {
    let row = |(word, action): (&str, Action)| Word {
        text: match argument(action) {
            Argument::Nothing => format!("/{word}"),
            Argument::Model
            | Argument::Persona
            | Argument::Provider
            | Argument::Ground
            | Argument::Text
            | Argument::Draft => format!("/{word} "),
        },
        label: Clean::line(&format!("/{word}")),
        about: Clean::own(action.about()),
    };
    let begins = Action::words().filter(|(word, _)| word.starts_with(typed));
    let holds = Action::words()
        .filter(|(word, _)| !typed.is_empty() && word.contains(typed) && !word.starts_with(typed));
    begins.chain(holds).map(row).collect()
}

/// What may follow the word, narrowed by what is typed of it.
fn arguments(word: &str, typed: &str, known: &[(String, String)]) -> Vec<Word> {
    let sought = typed.trim().to_lowercase();
    let row = |(name, about): &(String, String)| Word {
        text: format!("/{word} {name}"),
        label: Clean::line(name),
        about: Clean::line(about),
    };
    let has = |(name, _): &&(String, String)| name.to_lowercase().contains(&sought);
    let begins = |(name, _): &(String, String)| name.to_lowercase().starts_with(&sought);
    let (mut first, rest): (Vec<_>, Vec<_>) = known.iter().filter(has).partition(|k| begins(k));
    first.extend(rest);
    first.into_iter().take(MOST).map(row).collect()
}

/// Names that can follow, and what is said of them.
fn known(model: &Model, wanted: Argument) -> Vec<(String, String)> {
    let models = model.models.iter();
    match wanted {
        Argument::Model => models
            .map(|spec| (spec.model.to_string(), String::new()))
            .collect(),
        Argument::Provider => {
            let providers: BTreeSet<String> = models
                .map(|spec| spec.model.provider.clone())
                .chain(model.model_failures.keys().cloned())
                .chain(
                    model
                        .providers
                        .states
                        .iter()
                        .map(|state| state.name.clone()),
                )
                .filter(|provider| provider != "guide")
                .collect();
            let about = |provider: String| {
                let failure = model.model_failures.get(&provider);
                let about = failure.map_or(String::new(), |failure| failure.title.clone());
                (provider, about)
            };
            providers.into_iter().map(about).collect()
        }
        Argument::Persona => model
            .roster
            .active()
            .map(|row| {
                let profile = &row.persona.profile;
                (profile.name.clone(), profile.heading())
            })
            .collect(),
        Argument::Ground => Ground::ALL
            .iter()
            .map(|ground| (ground.word().to_owned(), String::new()))
            .collect(),
        Argument::Text | Argument::Draft | Argument::Nothing => Vec::new(),
    }
}

fn ask_models(model: &mut Model) {
    let is_asked = model.asks.values().any(|ask| *ask == Ask::Models);
    if model.models.is_empty() && !is_asked {
        model.ask(Command::Data(Data::Models { refresh: false }), Ask::Models);
    }
}

/// Where it is shown: above the composer; empty when it is closed.
pub fn area(model: &Model) -> Rect {
    let below = model.frames.composer;
    let rows = match model.menu.is_open() && model.overlays.is_empty() {
        true => model.menu.rows(below.y),
        false => 0,
    };
    Rect {
        y: below.y - rows,
        height: rows,
        ..below
    }
}

/// Puts the selected word in place of what was typed; `false` when the menu is closed.
pub fn complete(model: &mut Model) -> bool {
    let Some(word) = model.menu.current() else {
        return false;
    };
    let text = word.text.clone();
    model.composer.editor.replace_all(&text);
    model.composer.changed(model.tick);
    true
}

/// Enter with the menu open: a row chosen with the arrows is taken, and done; a word that is not whole is completed.
/// `true` when that is all for now.
pub fn enter(model: &mut Model) -> bool {
    if !model.menu.is_open() {
        return false;
    }
    if model.menu.has_chosen {
        complete(model);
        return false;
    }
    let is_word = !model.menu.of.contains(' ');
    is_word && !model.menu.is_whole() && complete(model)
}
