//! The end of a turn that the store did not take, such as on a full disk: it is tried until the store takes it.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::measure;
use super::turn::Turn;
use crate::domain::usage::Usage;
use crate::protocol::{News, Row};
use crate::store::StoreError;

/// Between two tries.
const AGAIN: Duration = Duration::from_secs(2);

impl Turn {
    /// Closes the row of a reply with words and counts its usage. The face has both already.
    pub(super) async fn insist_on_end(&mut self, usage: Usage) {
        let text = self.words.thinking(Instant::now()).map(|(text, _)| text);
        loop {
            let is_last = pause(&self.order.leaving).await;
            match self.order.store.end(&self.order.reply, text).await {
                Ok(_) => break,
                Err(error) if is_last || is_for_good(&error) => return,
                Err(_) => {}
            }
        }
        match measure::turn(&mut self.order, usage, self.asks).await {
            Ok(conversation) => {
                let saved = News::Changed(Row::Conversation(conversation));
                self.order.mouth.finish_with(saved).await;
            }
            Err(error) => self.warn(&error),
        }
    }

    /// Takes the rows of a turn without words back. The face has the text already.
    pub(super) async fn insist_on_withdrawal(&mut self) {
        self.order.withdraw.draft = None;
        loop {
            let is_last = pause(&self.order.leaving).await;
            match self.order.store.withdraw(self.order.withdraw.clone()).await {
                Ok(_) => return,
                Err(error) if is_last || is_for_good(&error) => return,
                Err(_) => {}
            }
        }
    }
}

/// Waits a while; whether the engine leaves meanwhile, so that the next try is the last.
async fn pause(leaving: &CancellationToken) -> bool {
    leaving.run_until_cancelled(sleep(AGAIN)).await.is_none()
}

/// Whether there is nothing left to write.
fn is_for_good(error: &StoreError) -> bool {
    matches!(error, StoreError::Gone(_))
}
