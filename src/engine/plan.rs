//! What a turn asks: the request made from its branch, instructions, sampling and the model's window.

use super::known;
use super::order::{Kind, Order};
use crate::domain::chat::ChatRequest;
use crate::domain::conversation::{Conversation, Sampling};
use crate::domain::failure::{Failure, FailureKind, Offer};
use crate::domain::instructions;
use crate::domain::message::{Message, Status};
use crate::domain::model::ModelRef;
use crate::domain::window::{self, Overflow};
use crate::settings::Settings;
use crate::store::StoreError;

/// What a model that continues its own words is told; it is never stored (decisions 2.20).
const GO_ON: &str = "Continue exactly where you stopped. Repeat nothing.";

/// The request of this order. A branch that does not fit a known window is a `Plan` failure that offers other models
/// (spec M4).
pub async fn request(order: &Order) -> Result<ChatRequest, Failure> {
    let failure = |error: StoreError| order.desk.failure(&error);
    let mut branch = match (&order.kind, order.question.parent) {
        // Not in the store yet.
        (Kind::Try | Kind::Send { creates: true, .. }, _) => order.history.clone(),
        (Kind::Send { .. }, None) => Vec::new(),
        (Kind::Send { .. }, Some(parent)) => order.store.branch(parent).await.map_err(failure)?,
        (Kind::Again | Kind::Continue, _) => order
            .store
            .branch(order.question.id)
            .await
            .map_err(failure)?,
    };
    match order.kind {
        Kind::Send { .. } | Kind::Try => branch.push(order.question.clone()),
        Kind::Again => {}
        Kind::Continue => {
            branch.push(order.reply.clone());
            branch.push(Message {
                content: GO_ON.to_owned(),
                status: Status::Complete,
                ..order.question.clone()
            });
        }
    }
    let settings = &order.desk.settings;
    let model = order.reply.model.clone().unwrap_or_else(ModelRef::guide);
    let file = order.ledger.as_ref().unwrap_or(&order.store);
    let spec = known::of(&order.desk, file, &model).await;
    let window = spec.map_err(failure)?.facts.context;
    let sampling = sampling(settings, &order.conversation, &model);
    let system = instructions::whole(&instructions::parts(
        order.persona.as_ref(),
        &order.conversation.system,
        &settings.chat.system,
    ));
    let planned = window::plan(model.clone(), &system, &branch, sampling, window);
    let mut request = planned.map_err(|overflow| does_not_fit(&model, overflow))?;
    request.purpose = order.kind.purpose();
    // A temporary conversation is not to be known again by anybody (spec C10).
    if order.ledger.is_some() {
        request.conversation = None;
    }
    Ok(request)
}

/// The conversation's sampling, else the provider's, else that of the settings (spec C3, M2).
fn sampling(settings: &Settings, conversation: &Conversation, model: &ModelRef) -> Sampling {
    let provider = settings.providers.get(&model.provider);
    let below = provider.map_or_else(
        || settings.chat.sampling.clone(),
        |provider| provider.sampling.over(&settings.chat.sampling),
    );
    conversation.sampling.over(&below)
}

fn does_not_fit(model: &ModelRef, overflow: Overflow) -> Failure {
    let Overflow { needed, window } = overflow;
    Failure::new(
        FailureKind::Plan,
        format!(
            "This conversation does not fit {model}: it needs about {needed} of {window} tokens"
        ),
        "Choose a model with a larger window; your words are kept.",
    )
    .with_offer(Offer::PickModel)
}
