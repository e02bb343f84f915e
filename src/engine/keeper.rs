//! What a provider is told about a conversation it keeps without being asked anything: its title, and its end.

use super::desk::Desk;
use crate::domain::conversation::{Conversation, Thread};

/// Removes a provider's conversation, because nothing here is kept in it any more; whether it is gone. What fails is
/// logged.
pub async fn end(desk: &Desk, thread: &Thread) -> bool {
    let ended = desk
        .providers
        .end_thread(&thread.provider, &thread.id)
        .await;
    if ended.is_err() {
        tracing::warn!(
            provider = thread.provider,
            "a conversation stays at the provider"
        );
    }
    ended.is_ok()
}

/// Tells the provider the title, so that other clients can show it.
pub async fn name(desk: &Desk, conversation: &Conversation) {
    let Some(thread) = &conversation.thread else {
        return;
    };
    let (provider, id) = (&thread.provider, &thread.id);
    let named = desk
        .providers
        .name_thread(provider, id, &conversation.title);
    if named.await.is_err() {
        tracing::warn!(provider, "a title is not known to the provider");
    }
}
