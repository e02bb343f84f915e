//! What is left of a job that panicked: its reply keeps its words, its request is told (architecture 5.1).

use super::Engine;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::RequestId;
use crate::domain::message::{Message, Status};
use crate::protocol::{News, Step};
use crate::store::{StoreError, Withdraw};

impl Engine {
    /// Ends a turn's reply in the job's place, or refuses the request. Speaks like the job would have.
    pub(super) async fn rescue(&mut self, cause: Option<RequestId>, turn: Option<Withdraw>) {
        let bug = self.bug();
        let Some(turn) = turn else {
            return self.say(cause, told(cause, bug));
        };
        match self.stores.message(turn.reply).await {
            Ok(Some((_, reply))) => {
                let conversation = reply.conversation;
                match self.close_in_its_place(reply, turn, bug.clone()).await {
                    Ok(steps) => {
                        for step in steps {
                            self.say(cause, News::Turn { conversation, step });
                        }
                    }
                    Err(error) => {
                        let failure = self.desk.failure(&error);
                        self.say(cause, News::Warned(failure));
                    }
                }
            }
            Ok(None) | Err(_) => self.say(cause, told(cause, bug)),
        }
    }

    async fn close_in_its_place(
        &mut self,
        mut reply: Message,
        turn: Withdraw,
        bug: Failure,
    ) -> Result<Vec<Step>, StoreError> {
        let store = self.stores.of(reply.conversation).clone();
        let mut steps = Vec::new();
        if reply.status == Status::Streaming {
            let thinking = store.thinking(reply.id).await?;
            if reply.content.is_empty() && thinking.is_none() {
                let draft = turn.draft.as_ref().map(|(_, draft)| draft.clone());
                let conversation = store.withdraw(turn).await?;
                return Ok(vec![Step::Withdrawn {
                    draft,
                    failure: Some(bug),
                    conversation,
                }]);
            }
            reply.status = Status::Interrupted;
            reply.failure = Some(bug);
            store.end(&reply, thinking.as_deref()).await?;
            steps.push(Step::Ended {
                reply: reply.clone(),
            });
        }
        if let Some(conversation) = store.conversation(reply.conversation).await? {
            steps.push(Step::Measured {
                reply,
                conversation,
            });
        }
        Ok(steps)
    }

    fn bug(&self) -> Failure {
        let log = self.desk.settings.paths.state_dir.join("salon.log");
        Failure::new(
            FailureKind::Bug,
            "This went wrong inside salon",
            format!("Try again; {} says more.", log.display()),
        )
    }
}

/// A request is refused; what nobody asked for is only mentioned.
fn told(cause: Option<RequestId>, bug: Failure) -> News {
    match cause {
        Some(_) => News::Refused(bug),
        None => News::Warned(bug),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, VecDeque};
    use std::sync::Arc;

    use tokio::sync::mpsc;

    use crate::domain::conversation::{Conversation, Draft, TitleBy};
    use crate::domain::id::{ConversationId, Mint};
    use crate::domain::model::ModelRef;
    use crate::domain::usage::Money;
    use crate::domain::when::Millis;
    use crate::engine::desk::Desk;
    use crate::engine::jobs::Jobs;
    use crate::engine::listings::Listings;
    use crate::engine::pace::Pace;
    use crate::engine::stores::Stores;
    use crate::provider::Providers;
    use crate::settings::{Layers, load};
    use crate::store::{BeginSend, Store};

    /// An engine over an empty store in memory, whose loop does not run.
    async fn engine() -> Engine {
        let environment = BTreeMap::from([("HOME".to_owned(), "/nowhere".to_owned())]);
        let layers = Layers {
            environment,
            ..Layers::default()
        };
        let settings = load(&layers).unwrap();
        let mint = Mint::new(Arc::new(|| Millis(1_700_000_000_000)));
        let keys = crate::keys::KeyMap::shipped();
        let manual = crate::manual::Manual::new(&keys);
        let guide = crate::provider::Guide::new(manual, crate::provider::GuidePace::AtOnce);
        let store = Store::memory(&mint).await.unwrap();
        let (said, heard) = mpsc::channel(8);
        Engine {
            desk: Desk {
                providers: Providers::new(&settings, guide),
                settings: Arc::new(settings),
                mint,
                is_screen: true,
                closed: Arc::default(),
            },
            stores: Stores::new(store),
            jobs: Jobs::new(),
            pace: Pace::default(),
            sync: crate::engine::passing::Sending::default(),
            shown: None,
            has_tidied_up: false,
            listings: Listings::default(),
            said,
            heard,
            events: mpsc::channel(8).0,
            outbox: VecDeque::new(),
            waiting: VecDeque::new(),
        }
    }

    /// A turn whose rows are there and whose job is gone.
    async fn begun(engine: &Engine) -> (Withdraw, Message) {
        let mint = &engine.desk.mint;
        let id: ConversationId = mint.id();
        let conversation = Conversation {
            id,
            title: "Talk".into(),
            title_by: TitleBy::Words,
            model: ModelRef::guide(),
            persona: None,
            system: String::new(),
            sampling: crate::domain::conversation::Sampling::default(),
            created_at: mint.now(),
            active_at: mint.now(),
            trashed_at: None,
            pinned_at: None,
            archived_at: None,
            tags: Vec::new(),
            tip: None,
            message_count: 0,
            tokens_in: 0,
            tokens_out: 0,
            cost: Money(0),
            storage: crate::domain::conversation::Storage::Local,
            thread: None,
            unpriced: 0,
            metadata: serde_json::json!({}),
        };
        let question = Message::question(mint.id(), id, None, "Talk".into(), mint.now());
        let reply = Message::reply(mint.id(), &question, ModelRef::guide(), mint.now());
        let withdraw = Withdraw {
            reply: reply.id,
            question: Some(question.id),
            tip: None,
            archived_at: None,
            remove_conversation: true,
            draft: Some((None, Draft::of("Talk"))),
        };
        let send = BeginSend {
            create: Some(conversation),
            question,
            reply: reply.clone(),
            slot: Some(0),
        };
        engine.stores.file.begin_send(send).await.unwrap();
        (withdraw, reply)
    }

    fn said(engine: &Engine) -> Vec<&News> {
        engine.outbox.iter().map(|event| &event.news).collect()
    }

    const CAUSE: Option<RequestId> = Some(RequestId(7));

    #[tokio::test]
    async fn a_reply_whose_job_panicked_keeps_its_words() {
        let mut engine = engine().await;
        let (withdraw, reply) = begun(&engine).await;
        engine
            .stores
            .file
            .grow(reply.id, "half", None)
            .await
            .unwrap();
        engine.rescue(CAUSE, Some(withdraw)).await;
        let kept = engine.stores.file.message(reply.id).await.unwrap().unwrap();
        assert_eq!(
            (kept.status, kept.content.as_str()),
            (Status::Interrupted, "half")
        );
        assert_eq!(kept.failure.as_ref().unwrap().kind, FailureKind::Bug);
        match said(&engine).as_slice() {
            [
                News::Turn {
                    step: Step::Ended { reply },
                    ..
                },
                News::Turn {
                    step: Step::Measured { .. },
                    ..
                },
            ] => assert_eq!(*reply, kept),
            other => panic!("{other:?}"),
        }
        assert!(engine.outbox.iter().all(|event| event.cause == CAUSE));
    }

    #[tokio::test]
    async fn without_words_the_text_comes_back() {
        let mut engine = engine().await;
        let (withdraw, reply) = begun(&engine).await;
        engine.rescue(CAUSE, Some(withdraw)).await;
        assert_eq!(engine.stores.file.message(reply.id).await.unwrap(), None);
        match said(&engine).as_slice() {
            [
                News::Turn {
                    step:
                        Step::Withdrawn {
                            draft,
                            failure,
                            conversation: None,
                        },
                    ..
                },
            ] => {
                assert_eq!(*draft, Some(Draft::of("Talk")));
                assert_eq!(failure.as_ref().unwrap().kind, FailureKind::Bug);
            }
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_job_that_had_written_nothing_is_refused() {
        let mut engine = engine().await;
        engine.rescue(CAUSE, None).await;
        assert!(
            matches!(said(&engine).as_slice(), [News::Refused(f)] if f.kind == FailureKind::Bug)
        );
    }
}
