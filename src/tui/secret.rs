//! Keys of providers: the form that takes one, and what is done with it. The face keeps none.

use super::model::{Ask, Model};
use super::overlay::form::Form;
use super::overlay::{Body, Overlay, Purpose};
use crate::domain::secret::Secret;
use crate::protocol::{Command, Data};

/// Opens the form for the key of this provider.
pub fn ask(model: &mut Model, provider: &str) {
    model.overlays.push(Overlay {
        purpose: Purpose::Key,
        body: Body::Form(Form::key(provider)),
    });
}

/// Opens the form because a key is wanted: left empty it changes nothing.
pub fn offer(model: &mut Model, provider: &str) {
    model.overlays.push(Overlay {
        purpose: Purpose::Key,
        body: Body::Form(Form::wanted_key(provider)),
    });
}

/// `/key` with a provider, or with the key itself behind that.
pub fn given(model: &mut Model, rest: &str) {
    match rest.split_once(char::is_whitespace) {
        Some((provider, key)) => keep(
            model,
            provider.to_owned(),
            Secret::from(key.trim().to_owned()),
        ),
        None => ask(model, rest),
    }
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
