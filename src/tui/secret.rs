//! Keys of providers: the form that takes one, and what is done with it. The face keeps none.

use super::model::{Ask, Model};
use super::overlay::form::Form;
use super::overlay::{Body, Overlay, Purpose};
use super::providers;
use crate::domain::model::ModelRef;
use crate::domain::secret::Secret;
use crate::protocol::{Command, Data};

/// Opens the form for the key of this provider, else of the one the next message goes to; the guide has none, so there
/// the user says whose.
pub fn ask(model: &mut Model, provider: Option<&str>) {
    let provider = provider.unwrap_or(&model.model().provider).to_owned();
    if provider == ModelRef::guide().provider {
        return providers::pick_keyed(model);
    }
    model.overlays.push(Overlay {
        purpose: Purpose::Key,
        body: Body::Form(Form::key(&provider)),
    });
}

/// Gives the key to the engine; an empty one is forgotten there.
pub fn keep(model: &mut Model, provider: String, key: Secret) {
    let key = Some(key).filter(|key| !key.expose().trim().is_empty());
    if key.is_some() {
        // What was said of the old key holds no longer.
        model.composer.notice = None;
    }
    let ask = Ask::Key(provider.clone());
    model.ask(Command::Data(Data::Key(provider, key)), ask);
}
