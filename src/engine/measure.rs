//! What a request used and cost, written once when it is known (spec A1).

use super::desk::Desk;
use super::known;
use super::order::Order;
use crate::domain::chat::{ChatRequest, Purpose};
use crate::domain::conversation::Conversation;
use crate::domain::message::Status;
use crate::domain::model::ModelRef;
use crate::domain::price::{CostBy, Tariff};
use crate::domain::usage::{Money, Usage};
use crate::domain::window::estimate_tokens;
use crate::store::{Store, StoreError, UsageRow};

/// The usage as it was told; what was not told is estimated from the words, and marked.
pub fn told_or_estimated(told: Usage, request: &ChatRequest, answer: &[&str]) -> Usage {
    if told.input.is_some() && told.output.is_some() {
        return told;
    }
    let asked = request.messages.iter().map(|m| m.text.as_str());
    let input: u64 = asked
        .chain([request.system.as_str()])
        .map(estimate_tokens)
        .sum();
    let output: u64 = answer.iter().copied().map(estimate_tokens).sum();
    Usage {
        input: told.input.or(Some(input)),
        output: told.output.or(Some(output)),
        is_estimate: true,
        ..told
    }
}

/// What a request cost.
#[derive(Clone, Debug, Default)]
struct Cost {
    /// `None` = nobody knows, which is not 0.
    money: Option<Money>,
    by: Option<CostBy>,
    /// The prices it was made with; `None` when the provider told it.
    tariff: Option<Tariff>,
}

impl Cost {
    /// What this usage costs by what the provider itself says, else by what is known of its prices.
    async fn of(
        desk: &Desk,
        file: &Store,
        model: &ModelRef,
        usage: &Usage,
    ) -> Result<Cost, StoreError> {
        if let Some(cost) = usage.cost {
            return Ok(Cost {
                money: Some(cost),
                by: Some(CostBy::Provider),
                tariff: None,
            });
        }
        let spec = known::of(desk, file, model).await?;
        let Some(tariff) = spec.facts.tariff else {
            return Ok(Cost::default());
        };
        Ok(match tariff.cost(usage) {
            Some(money) => Cost {
                money: Some(money),
                by: spec.tariff_by,
                tariff: Some(tariff),
            },
            None => Cost::default(),
        })
    }
}

/// Writes the row of a turn. A temporary conversation's is counted in the file without naming it (decisions 2.6), and in
/// memory as any other.
pub async fn turn(order: &mut Order, usage: Usage, asks: u32) -> Result<Conversation, StoreError> {
    let model = order.reply.model.clone().unwrap_or_else(ModelRef::guide);
    let file = order.ledger.as_ref().unwrap_or(&order.store);
    let cost = Cost::of(&order.desk, file, &model, &usage).await?;
    let reply = &mut order.reply;
    reply.usage = Some(usage);
    reply.cost = cost.money;
    let row = UsageRow {
        id: order.desk.mint.id(),
        at: order.desk.mint.now(),
        purpose: order.kind.purpose(),
        conversation: Some(reply.conversation),
        message: Some(reply.id),
        persona: reply.persona,
        model,
        usage,
        cost: cost.money,
        cost_by: cost.by,
        tariff: cost.tariff,
        first_token_ms: reply.first_token_ms,
        total_ms: reply.total_ms,
        status: reply.status,
        attempts: asks.max(1),
    };
    if let Some(ledger) = &order.ledger {
        let nameless = UsageRow {
            conversation: None,
            message: None,
            persona: None,
            ..row.clone()
        };
        ledger.measure(None, &nameless).await?;
    }
    let conversation = order.store.measure(Some(&order.reply), &row).await?;
    Ok(conversation.unwrap_or_else(|| order.conversation.clone()))
}

/// The row of a title; `file` is where it will be written.
pub async fn title_row(
    desk: &Desk,
    file: &Store,
    conversation: &Conversation,
    (model, usage): (&ModelRef, Usage),
) -> Result<UsageRow, StoreError> {
    let cost = Cost::of(desk, file, model, &usage).await?;
    Ok(UsageRow {
        id: desk.mint.id(),
        at: desk.mint.now(),
        purpose: Purpose::Title,
        conversation: Some(conversation.id),
        message: None,
        persona: conversation.persona,
        model: model.clone(),
        usage,
        cost: cost.money,
        cost_by: cost.by,
        tariff: cost.tariff,
        first_token_ms: None,
        total_ms: None,
        status: Status::Complete,
        attempts: 1,
    })
}

/// The row of a look whether a model answers; it belongs to nothing.
pub async fn probe_row(
    desk: &Desk,
    file: &Store,
    (model, usage): (&ModelRef, Usage),
) -> Result<UsageRow, StoreError> {
    let cost = Cost::of(desk, file, model, &usage).await?;
    Ok(UsageRow {
        id: desk.mint.id(),
        at: desk.mint.now(),
        purpose: Purpose::Probe,
        conversation: None,
        message: None,
        persona: None,
        model: model.clone(),
        usage,
        cost: cost.money,
        cost_by: cost.by,
        tariff: cost.tariff,
        first_token_ms: None,
        total_ms: None,
        status: Status::Complete,
        attempts: 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::chat::{ChatMessage, Purpose};
    use crate::domain::message::Role;

    #[test]
    fn what_was_told_stands_and_the_rest_is_estimated() {
        let messages = vec![ChatMessage::new(Role::User, "eight ch")];
        let request = ChatRequest {
            system: "four".into(),
            ..ChatRequest::new(ModelRef::guide(), Purpose::Turn, messages)
        };
        let whole = Usage {
            input: Some(5),
            output: Some(6),
            ..Usage::default()
        };
        assert_eq!(told_or_estimated(whole, &request, &["words"]), whole);
        let input_only = Usage {
            output: None,
            ..whole
        };
        let got = told_or_estimated(input_only, &request, &["four", "more"]);
        assert_eq!(
            (got.input, got.output, got.is_estimate),
            (Some(5), Some(2), true)
        );
        let nothing = told_or_estimated(Usage::default(), &request, &[""]);
        assert_eq!((nothing.input, nothing.output), (Some(3), Some(0)));
        assert!(nothing.is_estimate);
    }
}
