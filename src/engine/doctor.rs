//! A look at salon itself (spec F2): settings, database, keys, the model of a new conversation, providers, hub. What can
//! take time is looked at all at once, and said as it comes, each point in its place.

use std::collections::BTreeMap;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use super::checkups::{self, Patient};
use super::desk::{Desk, Mouth};
use super::first;
use super::jobs::Key;
use super::{Engine, Left};
use crate::domain::failure::Failure;
use crate::domain::finding::{Checkup, Finding};
use crate::domain::id::RequestId;
use crate::domain::model::ModelRef;
use crate::domain::provider::ProviderState;
use crate::protocol::{Answer, News};
use crate::store::Store;
use crate::sync::{self, Address};

/// The name of the point about the model of a new conversation.
const MODEL: &str = "model";

impl Engine {
    /// Looks at everything for this request. A look that is under way is given up.
    pub(super) fn doctor(&mut self, cause: RequestId, offline: bool) {
        self.jobs.cancel(Key::Doctor);
        let look = Look {
            desk: self.desk.clone(),
            file: self.stores.file.clone(),
            hub: self.hub(),
            offline,
        };
        let mouth = self.mouth(cause);
        self.jobs
            .start(Key::Doctor, Some(cause), None, |token| async move {
                look.run(mouth, token).await;
                Left::Nothing
            });
    }
}

/// What is looked at.
struct Look {
    desk: Desk,
    file: Store,
    hub: Option<Result<Address, Failure>>,
    offline: bool,
}

/// A point, or several, and where they stand among the others.
type Point<'a> = BoxFuture<'a, (usize, Vec<Finding>)>;

impl Look {
    async fn run(self, mut mouth: Mouth, token: CancellationToken) {
        let states = self.desk.providers.states();
        let model = match first::of_a_new_one(&self.desk, &self.file).await {
            Ok(first) => first.model,
            Err(_) => ModelRef::guide(),
        };
        let (told, default) = self.model(&model);
        // In the order they are told: settings, database, keys, model, providers, hub.
        let mut found = BTreeMap::from([
            (0, vec![self.settings()]),
            (2, vec![checkups::keys(&self.desk, &states)]),
            (3, vec![told]),
        ]);
        let mut points = self.points(&states, &model);
        loop {
            let answer = Answer::Health {
                checkup: Checkup {
                    findings: found.values().flatten().cloned().collect(),
                    default: default.clone(),
                },
                is_whole: points.is_empty(),
            };
            mouth.finish_with(News::Answer(answer)).await;
            match token.run_until_cancelled(points.next()).await {
                Some(Some((place, findings))) => found.insert(place, findings),
                Some(None) | None => return,
            };
        }
    }

    /// All that takes time.
    fn points<'a>(
        &'a self,
        states: &[ProviderState],
        model: &ModelRef,
    ) -> FuturesUnordered<Point<'a>> {
        let points = FuturesUnordered::<Point<'a>>::new();
        points.push(Box::pin(async {
            (1, vec![checkups::database(&self.desk, &self.file).await])
        }));
        for (place, state) in (4..).zip(states) {
            let default = Some(model).filter(|model| model.provider == state.name);
            if state.wants_key && state.key.is_none() {
                continue;
            }
            let patient = Patient {
                desk: &self.desk,
                file: &self.file,
                state: state.clone(),
                default: default.cloned(),
                offline: self.offline,
            };
            points.push(Box::pin(async move { (place, vec![patient.look().await]) }));
        }
        if self.hub.is_some() {
            let place = 4 + states.len();
            points.push(Box::pin(async move { (place, self.hub().await) }));
        }
        points
    }

    fn settings(&self) -> Finding {
        let settings = &self.desk.settings;
        let mut problems = settings.broken.iter().chain(&settings.problems);
        let Some(first) = problems.next() else {
            let config = settings.paths.config.display();
            return Finding::ok("settings", format!("{config}"));
        };
        let detail = match problems.count() {
            0 => first.title.clone(),
            more => format!("{} (and {more} more: salon config show)", first.title),
        };
        Finding::hint("settings", detail, &first.remedy)
    }

    /// The model of a new conversation, and the name of the point that says whether it can answer.
    fn model(&self, model: &ModelRef) -> (Finding, String) {
        if model.is_guide() {
            let told = Finding::hint(
                MODEL,
                "none is set up, so the built-in guide answers (not a language model)",
                "Give a key with /key openai on the screen, or start a server such as Ollama.",
            );
            return (told, MODEL.to_owned());
        }
        match self.desk.providers.check(model) {
            Ok(()) => {
                let told = Finding::ok(MODEL, format!("{model} for new conversations"));
                (told, checkups::name_of(&model.provider))
            }
            Err(failure) => {
                let failure =
                    failure.with_detail(format!("{model} is the one for new conversations"));
                (Finding::failed(MODEL, &failure), MODEL.to_owned())
            }
        }
    }

    /// What a look at the hub finds, under names of its own.
    async fn hub(&self) -> Vec<Finding> {
        let look = async {
            let address = self
                .hub
                .clone()
                .unwrap_or_else(|| Err(sync::not_set_up()))?;
            if self.offline {
                return Ok(vec![Finding::skipped("hub", "not asked: offline")]);
            }
            let named = self.desk.settings.user_id.as_deref();
            let user = sync::user(&self.file, named).await?;
            Ok(sync::check(&address, &user).await)
        };
        let found = match look.await {
            Ok(found) => found,
            Err(failure) => vec![Finding::failed("hub", &failure)],
        };
        let named = |finding: Finding| match finding.name.as_str() {
            "hub" => finding,
            name => Finding {
                name: format!("hub.{name}"),
                ..finding
            },
        };
        found.into_iter().map(named).collect()
    }
}
