//! What is asked about salon itself: models, keys, money, the hub, small facts.

use super::Engine;
use crate::domain::failure::Failure;
use crate::domain::id::RequestId;
use crate::protocol::{Answer, Data, News};
use crate::store::StoreError;

impl Engine {
    /// Does what is asked, or starts the job that does.
    pub(super) async fn own(&mut self, cause: RequestId, data: Data) -> Result<Vec<News>, Failure> {
        match data {
            Data::Models { refresh } => Ok(vec![self.models(cause, refresh).await?]),
            Data::MarkModel { model, favourite } => {
                Ok(vec![self.mark_model(cause, model, favourite).await?])
            }
            Data::Chose(model) => {
                if !model.is_guide() {
                    let now = self.desk.mint.now();
                    let kept = self.stores.file.chose_model(&model, now).await;
                    kept.map_err(|error| self.desk.failure(&error))?;
                }
                Ok(Vec::new())
            }
            Data::Providers { look } => Ok(vec![self.providers(cause, look).await?]),
            Data::Use(provider) => {
                self.use_provider(cause, provider);
                Ok(Vec::new())
            }
            Data::Key(provider, key) => {
                self.key(cause, provider, key);
                Ok(Vec::new())
            }
            Data::Sync { everything } => {
                self.sync_now(cause, everything)?;
                Ok(Vec::new())
            }
            Data::CheckSync => {
                self.check_sync(cause)?;
                Ok(Vec::new())
            }
            Data::Doctor { offline } => {
                self.doctor(cause, offline);
                Ok(Vec::new())
            }
            Data::Export(export) => {
                self.export(cause, export);
                Ok(Vec::new())
            }
            Data::Spent { since } => {
                let spent = self.stores.file.spent(since).await;
                let spent = spent.map_err(|error| self.desk.failure(&error))?;
                Ok(vec![News::Answer(Answer::Spent(spent))])
            }
            Data::Remember { key, value } => {
                let kept = self.stores.file.remember(&key, &value).await;
                kept.map_err(|error: StoreError| self.desk.failure(&error))?;
                Ok(Vec::new())
            }
        }
    }
}
