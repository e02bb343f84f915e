//! A look at salon itself on the screen (spec F2): what the engine finds, and below it the terminal, growing as it comes.

use super::facts::{self, Facts};
use super::model::{Ask, Doctor, Model};
use super::msg::Effect;
use super::overlay::reading::Reading;
use super::overlay::{Body, Overlay, Purpose};
use super::theme::{Look, Tone};
use crate::domain::clean::Clean;
use crate::domain::finding::{Checkup, Finding, Verdict};
use crate::protocol::{Command, Data};

/// Looks, and shows what is found.
pub fn open(model: &mut Model) {
    model.doctor = Doctor::default();
    let (aside, lines) = shown(&model.doctor);
    let reading = Reading::of_lines(Clean::own("Is everything all right?"), aside, lines);
    model.overlays.push(Overlay {
        purpose: Purpose::Doctor,
        body: Body::Reading(Box::new(reading)),
    });
    left(model);
    let look = Data::Doctor { offline: false };
    model.ask(Command::Data(look), Ask::Doctor);
    model.effects.push(Effect::LookAtTerminal);
}

/// Nobody looks any more: what is still asked of providers ends.
pub fn left(model: &mut Model) {
    let asked = model.asks.iter().filter(|(_, ask)| **ask == Ask::Doctor);
    let asked: Vec<_> = asked.map(|(id, _)| *id).collect();
    for id in asked {
        model.asks.remove(&id);
        model.tell(Command::Cancel(id));
    }
}

/// The engine has found so much by now.
pub fn told(model: &mut Model, checkup: Checkup, is_whole: bool) {
    model.doctor.checkup = checkup;
    model.doctor.is_whole = is_whole;
    refill(model);
}

/// This is known of the terminal.
pub fn terminal(model: &mut Model, facts: &Facts) {
    model.doctor.terminal = facts.findings();
    let keys = facts::keymap(&model.bad_keys);
    model.doctor.terminal.insert(0, keys);
    refill(model);
}

fn refill(model: &mut Model) {
    let (aside, lines) = shown(&model.doctor);
    for overlay in &mut model.overlays {
        if let (Purpose::Doctor, Body::Reading(reading)) = (overlay.purpose, &mut overlay.body) {
            reading.fill(aside.clone(), lines.clone());
        }
    }
}

/// The sum of it, and the points one after another.
fn shown(doctor: &Doctor) -> (Clean, Vec<(Clean, Look)>) {
    let aside = match doctor.is_whole {
        true => Clean::own(doctor.checkup.health().word()),
        false => Clean::own("looking …"),
    };
    let findings = doctor.checkup.findings.iter().chain(&doctor.terminal);
    (aside, findings.flat_map(point).collect())
}

fn point(found: &Finding) -> Vec<(Clean, Look)> {
    let (mark, look) = match found.verdict {
        Verdict::Ok => ("✓", Look::default()),
        Verdict::Hint => ("!", Look::of(Tone::Warning)),
        Verdict::Failed => ("✗", Look::of(Tone::Error)),
        Verdict::Skipped => ("–", Look::of(Tone::Dim)),
    };
    let line = format!("{mark} {}: {}", found.name, found.detail);
    let mut lines = vec![(Clean::line(&line), look)];
    if !found.remedy.is_empty() {
        let remedy = format!("  {}", found.remedy);
        lines.push((Clean::line(&remedy), Look::default()));
    }
    lines
}
