//! Models: which are known, asking providers for theirs, and the model of a new conversation (spec M2, M5).

use tokio::sync::mpsc;

use super::jobs::Key;
use super::listings::{Asking, Outcomes};
use super::{Engine, Left, first, known};
use crate::domain::failure::Failure;
use crate::domain::id::RequestId;
use crate::domain::model::ModelRef;
use crate::protocol::{Answer, News};
use crate::store::StoreError;

impl Engine {
    /// The model of a conversation that names none (spec M2). Where its provider's listing is to name it and nobody sees a
    /// screen that asks for it, it is asked for now.
    pub(super) async fn model_of_a_new_one(&self) -> Result<ModelRef, Failure> {
        let (desk, file) = (&self.desk, &self.stores.file);
        let failure = |error: StoreError| desk.failure(&error);
        let first = first::of_a_new_one(desk, file).await.map_err(failure)?;
        if !first.is_guess || desk.is_screen {
            return Ok(first.model);
        }
        // Without it the fallback stays; a wrong name is told by the provider itself.
        let _ = first::ask_listing(desk, file, &first.model.provider).await;
        let first = first::of_a_new_one(desk, file).await.map_err(failure)?;
        Ok(first.model)
    }

    /// Answers with what is known. With `refresh` a job asks all providers and answers again after each; without it,
    /// before a screen, those whose listing is old.
    pub(super) async fn models(
        &mut self,
        cause: RequestId,
        refresh: bool,
    ) -> Result<News, Failure> {
        let models = known::all(&self.desk, &self.stores.file).await;
        let models = models.map_err(|error| self.desk.failure(&error))?;
        let now = self.desk.mint.now();
        let providers = if refresh {
            self.jobs.cancel(Key::Models);
            self.listings.to_ask(&self.desk)
        } else if self.desk.is_screen && !self.jobs.has(Key::Models) {
            let all = self.listings.to_ask(&self.desk);
            self.listings.old_ones(all, &models, now)
        } else {
            Vec::new()
        };
        let is_whole = providers.is_empty() && !refresh;
        if !is_whole {
            self.listings.ask(&providers, now);
            let (desk, store) = (self.desk.clone(), self.stores.file.clone());
            let (failures, mut mouth) = (self.listings.failures.clone(), self.mouth(cause));
            self.jobs
                .start(Key::Models, Some(cause), None, |token| async move {
                    let (said, mut heard) = mpsc::channel(1);
                    let mut done = Outcomes::new();
                    // The channel ends with the asking, and the telling with the channel.
                    let asking = async {
                        let mut asking = Asking {
                            desk,
                            store,
                            failures,
                            said,
                        };
                        let all = asking.all(providers, &mut done);
                        token.run_until_cancelled(all).await
                    };
                    let telling = async {
                        while let Some(answer) = heard.recv().await {
                            mouth.finish_with(News::Answer(answer)).await;
                        }
                    };
                    tokio::join!(asking, telling);
                    Left::Listed(done)
                });
        }
        Ok(News::Answer(Answer::Models {
            models,
            failures: self.listings.failures.clone().into_iter().collect(),
            is_whole,
        }))
    }

    /// Marks a model or takes the mark away; answered by the models as they are now.
    pub(super) async fn mark_model(
        &mut self,
        cause: RequestId,
        model: ModelRef,
        favourite: bool,
    ) -> Result<News, Failure> {
        let marked = self.stores.file.mark_model(&model, favourite).await;
        marked.map_err(|error| self.desk.failure(&error))?;
        self.models(cause, false).await
    }
}
