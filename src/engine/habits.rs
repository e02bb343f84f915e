//! What a model has refused: looked up before its first question of a session, kept after it was learnt.

use super::order::Order;
use crate::domain::model::ModelRef;
use crate::store::StoreError;

/// Tells the providers what earlier sessions learnt of this model.
pub async fn recall(order: &Order, model: &ModelRef) -> Result<(), StoreError> {
    let providers = &order.desk.providers;
    if providers.is_known(model).await {
        return Ok(());
    }
    let file = order.ledger.as_ref().unwrap_or(&order.store);
    if let Some(text) = file.habits(model).await? {
        providers.recall(model, &text, order.desk.mint.now()).await;
    }
    Ok(())
}

/// Keeps what this turn learnt of the model; a temporary conversation leaves nothing on disk.
pub async fn keep(order: &Order, model: &ModelRef) -> Result<(), StoreError> {
    if order.ledger.is_some() {
        return Ok(());
    }
    let now = order.desk.mint.now();
    match order.desk.providers.learnt(model, now).await {
        Some(text) => order.store.keep_habits(model, &text).await,
        None => Ok(()),
    }
}
