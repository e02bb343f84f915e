//! A face for tests: a real engine behind it, asked and listened to event by event.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use salon::domain::conversation::{Draft, NewConversation, Sampling};
use salon::domain::failure::Failure;
use salon::domain::id::{ConversationId, MessageId, Mint, RequestId};
use salon::domain::message::Message;
use salon::domain::when::Millis;
use salon::engine::{self, Handle, Options, Parts};
use salon::keys::KeyMap;
use salon::manual::Manual;
use salon::protocol::{Answer, Command, Event, News, Request, Step, To, Turn};
use salon::provider::{Guide, GuidePace, Providers};
use salon::settings::Settings;
use salon::store::Store;
use tokio::task::JoinSet;

/// Nothing a test waits for takes this long; what hangs fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A mint whose clock goes on a millisecond each time it is read.
pub fn mint() -> Mint {
    let time = AtomicI64::new(1_795_000_000_000);
    Mint::new(Arc::new(move || {
        Millis(time.fetch_add(1, Ordering::Relaxed))
    }))
}

/// A running engine and what it has said so far.
pub struct Face {
    pub handle: Handle,
    pub mint: Mint,
    pub said: Vec<Event>,
    next: u64,
    engine: JoinSet<()>,
}

impl Face {
    /// An engine as the screen has it.
    pub fn screen(settings: Settings) -> Face {
        Face::start(settings, Options { is_screen: true })
    }

    /// An engine on these settings.
    pub fn start(settings: Settings, options: Options) -> Face {
        let guide = Guide::new(Manual::new(&KeyMap::shipped()), GuidePace::AtOnce);
        let providers = Providers::new(&settings, guide);
        Face::with(settings, providers, options)
    }

    /// An engine on these settings and providers.
    pub fn with(settings: Settings, providers: Providers, options: Options) -> Face {
        let mint = mint();
        let parts = Parts {
            providers,
            settings,
            mint: mint.clone(),
            options,
        };
        let (handle, requests, events) = engine::channels();
        let mut engine = JoinSet::new();
        engine.spawn(engine::run(parts, requests, events));
        Face {
            handle,
            mint,
            said: Vec::new(),
            next: 0,
            engine,
        }
    }

    /// Asks something.
    pub async fn ask(&mut self, command: Command) -> RequestId {
        self.next += 1;
        let id = RequestId(self.next);
        let request = Request { id, command };
        self.handle.requests.send(request).await.unwrap();
        id
    }

    /// Asks for a turn.
    pub async fn turn(&mut self, turn: Turn) -> RequestId {
        self.ask(Command::Turn(turn)).await
    }

    /// Sends a question that creates a conversation.
    pub async fn send_new(&mut self, text: &str) -> (RequestId, ConversationId, MessageId) {
        let (conversation, question) = (self.mint.id(), self.mint.id());
        let to = To::New(fresh(conversation));
        let draft = Draft::of(text);
        let id = self
            .turn(Turn::Send {
                to,
                question,
                draft,
            })
            .await;
        (id, conversation, question)
    }

    /// Sends a question into a conversation.
    pub async fn send(&mut self, to: ConversationId, draft: Draft) -> (RequestId, MessageId) {
        let question = self.mint.id();
        let to = To::Conversation(to);
        let id = self
            .turn(Turn::Send {
                to,
                question,
                draft,
            })
            .await;
        (id, question)
    }

    /// The next event.
    pub async fn event(&mut self) -> Event {
        let next = tokio::time::timeout(PATIENCE, self.handle.events.recv());
        let event = next.await.unwrap_or_else(|_| {
            panic!("nothing more was said after {:#?}", self.said);
        });
        let event = event.unwrap_or_else(|| panic!("the engine ended after {:#?}", self.said));
        self.said.push(event.clone());
        event
    }

    /// Reads on until this finds something.
    pub async fn until<T>(&mut self, mut find: impl FnMut(&Event) -> Option<T>) -> T {
        loop {
            if let Some(found) = find(&self.event().await) {
                return found;
            }
        }
    }

    /// Reads on to a step of this turn.
    pub async fn step<T>(&mut self, id: RequestId, mut find: impl FnMut(&Step) -> Option<T>) -> T {
        self.until(|event| match &event.news {
            News::Turn { step, .. } if event.cause == Some(id) => find(step),
            News::Refused(failure) if event.cause == Some(id) => panic!("refused: {failure:?}"),
            _ => None,
        })
        .await
    }

    /// Reads on to the first words of this turn.
    pub async fn first_words(&mut self, id: RequestId) -> String {
        self.step(id, |step| match step {
            Step::Grew { text } => Some(text.clone()),
            _ => None,
        })
        .await
    }

    /// Reads on to the end of this turn's words.
    pub async fn ended(&mut self, id: RequestId) -> Message {
        self.step(id, |step| match step {
            Step::Ended { reply } => Some(reply.clone()),
            Step::Withdrawn { failure, .. } => panic!("taken back: {failure:?}"),
            _ => None,
        })
        .await
    }

    /// Reads on to the very end of this turn.
    pub async fn measured(&mut self, id: RequestId) -> Message {
        self.step(id, |step| match step {
            Step::Measured { reply, .. } => Some(reply.clone()),
            Step::Withdrawn { failure, .. } => panic!("taken back: {failure:?}"),
            _ => None,
        })
        .await
    }

    /// Reads on until this turn is taken back: the draft, the failure, whether the conversation is still there.
    pub async fn withdrawn(&mut self, id: RequestId) -> (Option<Draft>, Option<Failure>, bool) {
        self.step(id, |step| match step {
            Step::Withdrawn {
                draft,
                failure,
                conversation,
            } => Some((draft.clone(), failure.clone(), conversation.is_some())),
            Step::Ended { reply } => panic!("ended: {reply:?}"),
            _ => None,
        })
        .await
    }

    /// Reads on to a visible wait: milliseconds it is to take by the mint's clock, and the attempt.
    pub async fn waiting(&mut self, id: RequestId) -> (i64, String, u32) {
        let now = self.mint.now();
        self.step(id, |step| match step {
            Step::Waiting {
                until,
                why,
                attempt,
                ..
            } => Some((until.0 - now.0, why.clone(), *attempt)),
            _ => None,
        })
        .await
    }

    /// Asks something and reads on to its answer.
    pub async fn answer(&mut self, command: Command) -> Answer {
        let id = self.ask(command).await;
        self.until(|event| match &event.news {
            News::Answer(answer) if event.cause == Some(id) => Some(answer.clone()),
            News::Refused(failure) if event.cause == Some(id) => panic!("refused: {failure:?}"),
            _ => None,
        })
        .await
    }

    /// Asks something and reads on to its refusal.
    pub async fn refusal(&mut self, id: RequestId) -> Failure {
        self.until(|event| match &event.news {
            News::Refused(failure) if event.cause == Some(id) => Some(failure.clone()),
            News::Answer(answer) if event.cause == Some(id) => panic!("answered: {answer:?}"),
            _ => None,
        })
        .await
    }

    /// The words of this turn that were announced while it grew.
    pub fn grown(&self, id: RequestId) -> String {
        let steps = self.said.iter().filter(|event| event.cause == Some(id));
        steps
            .filter_map(|event| match &event.news {
                News::Turn {
                    step: Step::Grew { text },
                    ..
                } => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    /// Leaves properly.
    pub async fn stop(mut self) -> Vec<Event> {
        self.ask(Command::Stop).await;
        self.until(|event| (event.news == News::Stopped).then_some(()))
            .await;
        while self.engine.join_next().await.is_some() {}
        self.said
    }

    /// Ends the engine as a kill does: no word is said, no row is written, its lock is free.
    pub async fn kill(mut self) {
        self.engine.shutdown().await;
    }
}

/// A conversation to be created, of the default model.
pub fn fresh(id: ConversationId) -> NewConversation {
    NewConversation {
        id,
        model: None,
        persona: None,
        system: String::new(),
        sampling: Sampling::default(),
        history: Vec::new(),
        storage: None,
        is_temporary: false,
    }
}

/// What is on disk, read beside the engine.
pub async fn disk(settings: &Settings) -> Store {
    let paths = &settings.paths;
    Store::open(&paths.database, &paths.run_dir, &mint())
        .await
        .unwrap()
}

/// A message as it is on disk.
pub async fn on_disk(settings: &Settings, id: MessageId) -> Option<Message> {
    disk(settings).await.message(id).await.unwrap()
}

/// Returns what this finds, as soon as it does.
pub async fn eventually<T>(mut find: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = find().await {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.unwrap()
}

/// Lets this much time pass at once.
pub async fn skip(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// Whether a file of this folder, however deep, holds these bytes.
pub fn holds(folder: &Path, words: &str) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return holds(&path, words);
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        bytes.windows(words.len()).any(|w| w == words.as_bytes())
    })
}

/// Makes a closed database look like a later salon's: its version stands in the file's head.
pub fn make_newer(database: &Path) {
    let mut bytes = std::fs::read(database).unwrap();
    bytes[60..64].copy_from_slice(&9_999_u32.to_be_bytes());
    std::fs::write(database, bytes).unwrap();
}
