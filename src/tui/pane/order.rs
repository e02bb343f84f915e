//! In which order conversations stand in the list, as the store orders them too.

use std::cmp::Ordering;

use crate::domain::conversation::{Conversation, Listed};
use crate::protocol::Order;

/// The word of an order, said where it is not the usual one and remembered for the next start.
pub fn word(order: Order) -> &'static str {
    match order {
        Order::Activity => "activity",
        Order::Created => "created",
        Order::Title => "title",
        Order::Messages => "messages",
    }
}

const ALL: [Order; 4] = [
    Order::Activity,
    Order::Created,
    Order::Title,
    Order::Messages,
];

/// The order of this word.
pub fn of_word(text: &str) -> Option<Order> {
    ALL.into_iter().find(|order| word(*order) == text)
}

/// The one after this, round and round.
pub fn next(order: Order) -> Order {
    let at = ALL.iter().position(|one| *one == order).unwrap_or(0);
    ALL[(at + 1) % ALL.len()]
}

/// Whether its pin counts; in the trash it does not.
pub fn is_on_top(conversation: &Conversation) -> bool {
    conversation.pinned_at.is_some() && conversation.trashed_at.is_none()
}

/// How two conversations stand to each other; pinned ones come first.
fn compare(a: &Conversation, b: &Conversation, order: Order) -> Ordering {
    let pinned = is_on_top(b).cmp(&is_on_top(a));
    let by_order = || match order {
        Order::Activity => b.active_at.cmp(&a.active_at),
        Order::Created => b.created_at.cmp(&a.created_at),
        Order::Title => a.title.to_lowercase().cmp(&b.title.to_lowercase()),
        Order::Messages => b.message_count.cmp(&a.message_count),
    };
    pinned.then_with(by_order).then_with(|| b.id.cmp(&a.id))
}

/// Where it belongs among these rows: before the first one that comes after it.
pub fn place(rows: &[Listed], conversation: &Conversation, order: Order) -> usize {
    let is_after = |row: &Listed| compare(&row.conversation, conversation, order).is_gt();
    rows.iter().position(is_after).unwrap_or(rows.len())
}

/// Whether a change from `before` moves it. New messages move it only where the list goes by activity: elsewhere the
/// rows keep their places until the list is asked for anew.
pub fn moves(before: &Conversation, now: &Conversation, order: Order) -> bool {
    is_on_top(before) != is_on_top(now)
        || match order {
            Order::Activity => before.active_at != now.active_at,
            Order::Title => before.title != now.title,
            Order::Created | Order::Messages => false,
        }
}
