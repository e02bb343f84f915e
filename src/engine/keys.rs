//! Keys the user gives salon to keep or takes back: jobs, since the keyring may ask to be unlocked.

use super::jobs::Key;
use super::{Engine, Left};
use crate::domain::failure::Failure;
use crate::domain::id::RequestId;
use crate::domain::secret::Secret;
use crate::protocol::{Answer, News};
use crate::provider::vault::Place;

impl Engine {
    /// Keeps this key, or forgets the one that is kept; answered by where it lies.
    pub(super) fn key(&mut self, cause: RequestId, provider: String, key: Option<Secret>) {
        match key {
            Some(key) => self.save_key(cause, provider, key),
            None => self.forget_key(cause, provider),
        }
    }

    fn save_key(&mut self, cause: RequestId, provider: String, key: Secret) {
        let providers = self.desk.providers.clone();
        self.change_key(cause, async move {
            let place = providers.save_key(&provider, key.expose()).await?;
            Ok(match place {
                Place::Keyring => format!("key of {provider} kept in the keyring"),
                Place::File(file, _) => format!(
                    "no keyring here: key of {provider} kept in {}, for your eyes only",
                    file.display()
                ),
            })
        });
    }

    fn forget_key(&mut self, cause: RequestId, provider: String) {
        let providers = self.desk.providers.clone();
        self.change_key(cause, async move {
            Ok(match providers.forget_key(&provider).await? {
                true => format!("key of {provider} forgotten"),
                false => format!("no key of {provider} was kept"),
            })
        });
    }

    fn change_key(
        &mut self,
        cause: RequestId,
        change: impl Future<Output = Result<String, Failure>> + Send + 'static,
    ) {
        let mut mouth = self.mouth(cause);
        self.jobs
            .start(Key::Secret, Some(cause), None, |token| async move {
                let news = match token.run_until_cancelled(change).await {
                    Some(Ok(what)) => News::Answer(Answer::Done { what, undo: None }),
                    Some(Err(failure)) => News::Refused(failure),
                    None => return Left::Nothing,
                };
                mouth.finish_with(news).await;
                Left::Nothing
            });
    }
}
