//! The whole system text of what is open, for the view that shows it (spec C13, P2).

use super::fresh;
use super::model::Model;
use super::overlay::told::{Telling, Told};
use super::overlay::{Body, Overlay, Purpose};
use crate::domain::clean::Clean;
use crate::domain::instructions::{Origin, Part, parts};

/// Opens the view.
pub fn show(model: &mut Model) {
    let telling = Telling::new(told(model));
    model.overlays.push(Overlay {
        purpose: Purpose::Told,
        body: Body::Told(telling),
    });
}

/// An open view shows what holds now.
pub fn refresh(model: &mut Model) {
    let is_open = |overlay: &Overlay| overlay.purpose == Purpose::Told;
    if !model.overlays.iter().any(is_open) {
        return;
    }
    let parts = told(model);
    for overlay in &mut model.overlays {
        if overlay.purpose == Purpose::Told
            && let Body::Told(telling) = &mut overlay.body
        {
            telling.fill(parts.clone());
        }
    }
}

fn told(model: &Model) -> Vec<Told> {
    let listed = fresh::here(model).and_then(|id| model.roster.get(id));
    let persona = listed.map(|listed| &listed.persona);
    let own = match &model.open {
        Some(open) => &open.system,
        None => &model.new_system,
    };
    let name = persona.map_or("", |persona| persona.profile.name.as_str());
    let is_edited = persona.is_some_and(|persona| persona.profile.system_text.is_some());
    let told = |part: Part| Told {
        origin: match part.origin {
            Origin::Persona if is_edited => {
                Clean::line(&format!("The persona {name}, its text edited by you"))
            }
            Origin::Persona => Clean::line(&format!("The persona {name}")),
            Origin::Own => Clean::own("This conversation's own instructions"),
            Origin::Settings => Clean::own("The settings: chat.system in salon.toml"),
        },
        text: Clean::text(&part.text),
    };
    let parts = parts(persona, own, &model.set_system);
    parts.into_iter().map(told).collect()
}
