//! Which store holds a conversation: the file, or the one in memory for temporary ones (decisions 2.6).

use std::collections::HashSet;

use crate::domain::id::{ConversationId, MessageId, Mint};
use crate::domain::message::Message;
use crate::store::{Store, StoreError};

/// The stores of this engine.
pub struct Stores {
    pub file: Store,
    memory: Option<Store>,
    temporary: HashSet<ConversationId>,
}

impl Stores {
    /// Over this file; the one in memory is made when it is first needed.
    pub fn new(file: Store) -> Self {
        Stores {
            file,
            memory: None,
            temporary: HashSet::new(),
        }
    }

    /// Whether that conversation leaves nothing on disk.
    pub fn is_temporary(&self, conversation: ConversationId) -> bool {
        self.temporary.contains(&conversation)
    }

    /// Where that conversation is.
    pub fn of(&self, conversation: ConversationId) -> &Store {
        match &self.memory {
            Some(memory) if self.is_temporary(conversation) => memory,
            _ => &self.file,
        }
    }

    /// From now on that conversation is in memory.
    pub async fn keep_in_memory(
        &mut self,
        conversation: ConversationId,
        mint: &Mint,
    ) -> Result<&Store, StoreError> {
        let memory = match self.memory.take() {
            Some(memory) => memory,
            None => Store::memory(mint).await?,
        };
        self.temporary.insert(conversation);
        Ok(self.memory.insert(memory))
    }

    /// A message, wherever it is.
    pub async fn message(&self, id: MessageId) -> Result<Option<(&Store, Message)>, StoreError> {
        for store in std::iter::once(&self.file).chain(&self.memory) {
            if let Some(message) = store.message(id).await? {
                return Ok(Some((store, message)));
            }
        }
        Ok(None)
    }

    /// Closes them; call it last.
    pub async fn close(&self) {
        self.file.close().await;
        if let Some(memory) = &self.memory {
            memory.close().await;
        }
    }
}
