//! What a first start shows: the providers with the sources of their keys, and the servers found on this machine. They are
//! asked for their models only when somebody looks, and none is chosen by itself (spec M2).

use std::time::Duration;

use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::sync::mpsc::{self, Sender};

use super::desk::Desk;
use super::first;
use super::jobs::Key;
use super::{Engine, Left};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::RequestId;
use crate::domain::provider::{Presence, ProviderState};
use crate::protocol::{Answer, News};
use crate::store::{Store, StoreError};

/// A server on this machine answers within so long, or it counts as not there.
const LIMIT: Duration = Duration::from_secs(2);

impl Engine {
    /// Answers with what is known. With `look` a job asks the servers of this machine, and whoever is to say the model of
    /// a new conversation, and answers again after each.
    pub(super) async fn providers(
        &mut self,
        cause: RequestId,
        look: bool,
    ) -> Result<News, Failure> {
        let file = &self.stores.file;
        let first = first::of_a_new_one(&self.desk, file).await;
        let first = first.map_err(|error| self.desk.failure(&error))?;
        let mut providers = states(&self.desk);
        let is_guess = first.is_guess && self.desk.is_screen;
        let mut to_find = Vec::new();
        for state in providers.iter_mut().filter(|_| look) {
            if state.can_be_found() {
                state.presence = Presence::Asking;
                to_find.push(state.name.clone());
            }
        }
        let is_whole = to_find.is_empty() && !is_guess;
        if !is_whole {
            self.jobs.cancel(Key::Providers);
            let (desk, file, mut mouth) = (self.desk.clone(), file.clone(), self.mouth(cause));
            let to_list = is_guess.then(|| first.model.provider.clone());
            let mut states = providers.clone();
            self.jobs
                .start(Key::Providers, Some(cause), None, |token| async move {
                    let (said, mut heard) = mpsc::channel(1);
                    let looking = async {
                        let all = look_for((&desk, &file), &mut states, (to_find, to_list), said);
                        token.run_until_cancelled(all).await
                    };
                    let telling = async {
                        while let Some(answer) = heard.recv().await {
                            mouth.finish_with(News::Answer(answer)).await;
                        }
                    };
                    tokio::join!(looking, telling);
                    Left::Nothing
                });
        }
        Ok(News::Answer(Answer::Providers {
            providers,
            model: first.model,
            is_whole,
        }))
    }

    /// Has the model to begin with at this provider found, and remembers it as the one last used.
    pub(super) fn use_provider(&mut self, cause: RequestId, provider: String) {
        let (desk, file) = (self.desk.clone(), self.stores.file.clone());
        let mut mouth = self.mouth(cause);
        self.jobs
            .start(Key::Use, Some(cause), None, |token| async move {
                let using = async {
                    let (model, of) = first::of_provider(&desk, &file, &provider).await?;
                    if !model.is_guide() {
                        let kept = file.chose_model(&model, desk.mint.now()).await;
                        kept.map_err(|error| desk.failure(&error))?;
                    }
                    Ok(Answer::InUse { model, of })
                };
                let news = match token.run_until_cancelled(using).await {
                    Some(Ok(answer)) => News::Answer(answer),
                    Some(Err(failure)) => News::Refused(failure),
                    None => return Left::Nothing,
                };
                mouth.finish_with(news).await;
                Left::Nothing
            });
    }
}

/// The providers in the order they are offered: as new conversations fall back on them, then who wants a key, then
/// the others; each by name.
fn states(desk: &Desk) -> Vec<ProviderState> {
    let mut states = desk.providers.states();
    let order = |state: &ProviderState| {
        let mut fallbacks = desk.settings.fallback_models.iter();
        let place = fallbacks.position(|model| model.provider == state.name);
        (place.unwrap_or(usize::MAX), !state.wants_key)
    };
    states.sort_by_key(order);
    states
}

/// What one of those asked has told.
enum Told {
    Here(String, Presence),
    /// The listing that names the model of a new conversation is there, or did not come.
    Listed,
}

/// Asks these servers of this machine, and this provider for its listing, all at once; says what is known after each.
async fn look_for(
    (desk, file): (&Desk, &Store),
    states: &mut [ProviderState],
    (to_find, to_list): (Vec<String>, Option<String>),
    said: Sender<Answer>,
) {
    let finding = |name: String| async move {
        let presence = presence(desk, &name).await;
        Told::Here(name, presence)
    };
    let listing = |name: String| async move {
        // Without it the fallback stays; a wrong name is told by the provider itself.
        let _ = first::ask_listing(desk, file, &name).await;
        Told::Listed
    };
    let finding = to_find.into_iter().map(|name| finding(name).left_future());
    let listing = to_list.map(|name| listing(name).right_future());
    let mut asked: FuturesUnordered<_> = finding.chain(listing).collect();
    while let Some(told) = asked.next().await {
        if let Told::Here(name, presence) = told
            && let Some(state) = states.iter_mut().find(|state| state.name == name)
        {
            state.presence = presence;
        }
        let answer = first::of_a_new_one(desk, file).await;
        let Ok(first) = answer.inspect_err(|error: &StoreError| {
            tracing::warn!(%error, "the models cannot be read");
        }) else {
            return;
        };
        let answer = Answer::Providers {
            providers: states.to_vec(),
            model: first.model,
            is_whole: asked.is_empty(),
        };
        // Nobody hears it when the job is over; that is all right.
        let _ = said.send(answer).await;
    }
}

/// Whether a model server answers there, by the shape of its listing.
async fn presence(desk: &Desk, name: &str) -> Presence {
    match tokio::time::timeout(LIMIT, desk.providers.names_listed(name)).await {
        Ok(Ok(names)) => Presence::Found(u32::try_from(names.len()).unwrap_or(u32::MAX)),
        Ok(Err(error)) => Presence::Absent(error.failure),
        Err(_) => Presence::Absent(Failure::new(
            FailureKind::Network,
            format!(
                "{name} did not list its models within {} s",
                LIMIT.as_secs()
            ),
            "See whether it is busy, or stopped.",
        )),
    }
}
