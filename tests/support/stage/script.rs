//! An engine for ordinary days: conversations in memory, replies written word by word as the test says.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use salon::domain::conversation::{
    Conversation, Draft, Reading, Sampling, TitleBy, title_from_words,
};
use salon::domain::failure::Failure;
use salon::domain::find::Needle;
use salon::domain::finding::Checkup;
use salon::domain::id::{ConversationId, MessageId, Mint, RequestId};
use salon::domain::message::{Finish, Message, Role, Shown, Status};
use salon::domain::model::{ModelRef, ModelSpec};
use salon::domain::persona::PersonaListed;
use salon::domain::provider::{KeyFrom, ProviderState};
use salon::domain::usage::{Money, Spent, Usage};
use salon::domain::when::Millis;
use salon::protocol::{
    Answer, Asked, At, Chat, Command, Data, Event, News, Opened, Page, Request, Step, To, Turn,
};

/// A reply being written.
struct Writing {
    cause: RequestId,
    reply: Message,
    /// The question this send created, with the draft it came from.
    asked: Option<(MessageId, Draft)>,
    /// Where the tip goes back when there is no word.
    before: Option<MessageId>,
    has_created: bool,
    thinking: String,
}

/// The engine and all it keeps.
pub struct Script {
    pub mint: Mint,
    pub time: Arc<AtomicI64>,
    pub conversations: Vec<Conversation>,
    pub messages: Vec<Message>,
    pub thoughts: HashMap<MessageId, String>,
    pub drafts: BTreeMap<(Option<ConversationId>, i32), Draft>,
    pub readings: HashMap<ConversationId, Reading>,
    pub library: super::library::Shelf,
    pub personas: Vec<PersonaListed>,
    pub state: BTreeMap<String, String>,
    pub models: Vec<ModelSpec>,
    pub model_failures: Vec<(String, Failure)>,
    /// What a first start offers.
    pub providers: Vec<ProviderState>,
    /// What a look at salon itself finds.
    pub checkup: Checkup,
    /// What was spent today.
    pub spent: Spent,
    /// Open at the next start.
    pub last: Option<ConversationId>,
    /// The model of a new conversation.
    pub model: ModelRef,
    /// The next command that keeps nothing is refused with this.
    pub refuse: Option<Failure>,
    writing: HashMap<ConversationId, Writing>,
}

impl Script {
    /// An empty store, the guide as its only model.
    pub fn new() -> Script {
        let (mint, time) = super::mint();
        Script {
            mint,
            time,
            conversations: Vec::new(),
            messages: Vec::new(),
            thoughts: HashMap::new(),
            drafts: BTreeMap::new(),
            readings: HashMap::new(),
            library: super::library::Shelf::default(),
            personas: Vec::new(),
            state: BTreeMap::new(),
            models: vec![ModelSpec::named(ModelRef::guide())],
            model_failures: Vec::new(),
            providers: Vec::new(),
            checkup: Checkup::default(),
            spent: Spent::default(),
            last: None,
            model: ModelRef::guide(),
            refuse: None,
            writing: HashMap::new(),
        }
    }

    /// A conversation last used so many minutes ago.
    pub fn conversation(&mut self, title: &str, model: &str, minutes: i64) -> ConversationId {
        let at = Millis(self.mint.now().0 - minutes * 60_000);
        let id = self.mint.id();
        self.conversations.push(Conversation {
            id,
            title: title.to_owned(),
            title_by: TitleBy::Words,
            model: model.parse().unwrap(),
            persona: None,
            system: String::new(),
            sampling: Sampling::default(),
            created_at: at,
            active_at: at,
            trashed_at: None,
            pinned_at: None,
            archived_at: None,
            tags: Vec::new(),
            tip: None,
            message_count: 0,
            tokens_in: 0,
            tokens_out: 0,
            cost: Money(0),
            storage: salon::domain::conversation::Storage::Local,
            thread: None,
            unpriced: 0,
            metadata: serde_json::json!({}),
        });
        id
    }

    /// A question at the conversation's end.
    pub fn asked(&mut self, id: ConversationId, text: &str) -> MessageId {
        let c = self.row(id).clone();
        let mut question =
            Message::question(self.mint.id(), id, c.tip, text.to_owned(), c.active_at);
        question.status = Status::Complete;
        self.add(question)
    }

    /// A whole reply at its end.
    pub fn replied(&mut self, id: ConversationId, text: &str) -> MessageId {
        let c = self.row(id).clone();
        let question = self.message(c.tip.unwrap()).clone();
        let mut reply = Message::reply(self.mint.id(), &question, c.model, c.active_at);
        reply.persona = c.persona;
        reply.content = text.to_owned();
        measure(&mut reply, Status::Complete);
        self.add(reply)
    }

    fn add(&mut self, message: Message) -> MessageId {
        let id = message.id;
        let c = self.row(message.conversation);
        c.tip = Some(id);
        c.message_count += 1;
        self.messages.push(message);
        id
    }

    /// A conversation's row.
    pub fn row(&mut self, id: ConversationId) -> &mut Conversation {
        self.conversations.iter_mut().find(|c| c.id == id).unwrap()
    }

    /// A message's row.
    pub fn message(&mut self, id: MessageId) -> &mut Message {
        self.messages.iter_mut().find(|m| m.id == id).unwrap()
    }

    /// Whether a reply is being written there.
    pub fn is_writing(&self, id: ConversationId) -> bool {
        self.writing.contains_key(&id)
    }

    /// Whether that reply has no word yet.
    pub fn is_wordless(&self, id: ConversationId) -> bool {
        self.writing
            .get(&id)
            .is_some_and(|w| w.reply.content.is_empty() && w.thinking.is_empty())
    }

    /// Takes a request; what it says at once.
    pub fn take(&mut self, request: Request) -> Vec<Event> {
        let cause = Some(request.id);
        let is_keeping = matches!(
            request.command,
            Command::Chat(Chat::KeepDraft { .. } | Chat::KeepReading { .. })
        );
        if !is_keeping && let Some(failure) = self.refuse.take() {
            let news = News::Refused(failure);
            return vec![Event { cause, news }];
        }
        let answer = match request.command {
            Command::Turn(turn) => return self.turn(request.id, turn),
            Command::Chat(Chat::SetPersona {
                conversation,
                persona,
            }) => return self.set_persona(cause, conversation, persona),
            Command::Chat(chat) => self.chat(chat),
            Command::Shelf(shelf) => return self.shelf(cause, shelf),
            Command::Library(command) => return self.library(request.id, command),
            Command::Cancel(id) => return self.cancel(id),
            Command::Data(Data::Models { .. }) => Some(Answer::Models {
                models: self.models.clone(),
                failures: self.model_failures.clone(),
                is_whole: true,
            }),
            Command::Data(Data::Providers { .. }) => Some(self.told_providers(true)),
            Command::Data(Data::Key(provider, key)) => Some(self.keyed(&provider, key.is_some())),
            Command::Data(Data::Use(provider)) => {
                let all = self.models.iter();
                let all = all.filter(|spec| spec.model.provider == provider);
                let models: Vec<ModelRef> = all.map(|spec| spec.model.clone()).collect();
                self.model = models[0].clone();
                Some(Answer::InUse {
                    model: models[0].clone(),
                    of: u32::try_from(models.len()).unwrap(),
                })
            }
            Command::Data(Data::Chose(model)) => {
                self.model = model;
                None
            }
            Command::Data(Data::Doctor { .. }) => Some(Answer::Health {
                checkup: self.checkup.clone(),
                is_whole: true,
            }),
            Command::Data(Data::Spent { .. }) => Some(Answer::Spent(self.spent)),
            Command::Personas(personas) => return self.personas(cause, personas),
            Command::Data(Data::Remember { key, value }) => {
                self.state.insert(key, value);
                None
            }
            Command::Data(_) => None,
            Command::Stop => {
                let news = News::Stopped;
                return vec![Event { cause, news }];
            }
        };
        let events = answer.map(News::Answer).map(|news| Event { cause, news });
        events.into_iter().collect()
    }

    /// What is known of the providers now.
    pub fn told_providers(&self, is_whole: bool) -> Answer {
        Answer::Providers {
            providers: self.providers.clone(),
            model: self.model.clone(),
            is_whole,
        }
    }

    /// A key is kept in the keyring, or forgotten; the first provider with one is the model of a new conversation.
    fn keyed(&mut self, provider: &str, is_kept: bool) -> Answer {
        for state in self.providers.iter_mut().filter(|s| s.name == provider) {
            state.key = is_kept.then_some(KeyFrom::Keyring);
        }
        let first = self.providers.iter().find(|s| s.key.is_some());
        if self.model.is_guide()
            && let Some(first) = first.filter(|s| s.name == "openai")
        {
            self.model = ModelRef::new(first.name.clone(), "gpt-4o");
        }
        Answer::Done {
            what: match is_kept {
                true => format!("key of {provider} kept in the keyring"),
                false => format!("key of {provider} forgotten"),
            },
            undo: None,
        }
    }

    fn turn(&mut self, cause: RequestId, turn: Turn) -> Vec<Event> {
        match turn {
            Turn::Send {
                to,
                question,
                draft,
            } => self.send(cause, to, question, (0, draft)),
            Turn::SendQueued {
                to,
                question,
                slot,
                draft,
            } => {
                let scope = match &to {
                    To::Conversation(id) => Some(*id),
                    To::New(_) => None,
                };
                if self.drafts.contains_key(&(scope, slot)) {
                    return self.send(cause, to, question, (slot, draft));
                }
                let failure = super::failure("The queued message is gone", "");
                let news = News::Refused(failure);
                vec![Event {
                    cause: Some(cause),
                    news,
                }]
            }
            Turn::Resend { question } => {
                let question = self.message(question).clone();
                self.begin(cause, &question, None, String::new())
            }
            Turn::Regenerate { reply, model } => {
                let old = self.message(reply).clone();
                let question = self.message(old.parent.unwrap()).clone();
                self.begin(cause, &question, model, String::new())
            }
            Turn::Continue { reply } => {
                let old = self.message(reply).clone();
                let question = self.message(old.parent.unwrap()).clone();
                self.begin(cause, &question, None, old.content)
            }
            Turn::Cancel { conversation } => match self.writing.get(&conversation) {
                Some(w) if w.reply.content.is_empty() && w.thinking.is_empty() => {
                    self.withdraw(conversation, None)
                }
                Some(_) => self.end(conversation, Status::Stopped, None),
                None => Vec::new(),
            },
        }
    }

    fn send(
        &mut self,
        cause: RequestId,
        to: To,
        question: MessageId,
        (slot, draft): (i32, Draft),
    ) -> Vec<Event> {
        let (id, has_created) = match to {
            To::Conversation(id) => (id, false),
            To::New(new) => {
                let model = new.model.unwrap_or_else(|| self.model.clone());
                let id = self.conversation("", &model.to_string(), 0);
                let c = self.row(id);
                c.id = new.id;
                c.system = new.system;
                c.persona = new.persona;
                (new.id, true)
            }
        };
        let now = self.mint.now();
        let c = self.row(id);
        if c.title.is_empty() {
            c.title = title_from_words(&draft.text);
        }
        c.active_at = now;
        let before = c.tip;
        let model = c.model.clone();
        let parent = match draft.edit_of {
            Some(edited) => self.message(edited).parent,
            None => before,
        };
        let mut asked = Message::question(question, id, parent, draft.text.clone(), now);
        asked.model = Some(model.clone());
        asked.persona = self.row(id).persona;
        self.drafts
            .remove(&(if has_created { None } else { Some(id) }, slot));
        if has_created {
            self.move_drafts(None, Some(id));
        }
        self.add(asked.clone());
        let mut reply = Message::reply(self.mint.id(), &asked, model, now);
        reply.persona = asked.persona;
        self.add(reply.clone());
        self.writing.insert(
            id,
            Writing {
                cause,
                reply: reply.clone(),
                asked: Some((question, draft)),
                before,
                has_created,
                thinking: String::new(),
            },
        );
        let conversation = self.row(id).clone();
        let step = Step::Started {
            conversation,
            asked: Some(self.shown(&asked)),
            reply: self.shown(&reply),
        };
        vec![say(Some(cause), id, step)]
    }

    fn begin(
        &mut self,
        cause: RequestId,
        question: &Message,
        model: Option<ModelRef>,
        words: String,
    ) -> Vec<Event> {
        let id = question.conversation;
        let now = self.mint.now();
        let c = self.row(id);
        let before = c.tip;
        c.active_at = now;
        let model = model.unwrap_or_else(|| c.model.clone());
        let mut reply = Message::reply(self.mint.id(), question, model, now);
        reply.persona = self.row(id).persona;
        reply.content = words;
        self.add(reply.clone());
        self.writing.insert(
            id,
            Writing {
                cause,
                reply: reply.clone(),
                asked: None,
                before,
                has_created: false,
                thinking: String::new(),
            },
        );
        let conversation = self.row(id).clone();
        let step = Step::Started {
            conversation,
            asked: None,
            reply: self.shown(&reply),
        };
        vec![say(Some(cause), id, step)]
    }

    /// Words of the reply being written there; its row has them when it ends.
    pub fn grow(&mut self, id: ConversationId, text: &str) -> Vec<Event> {
        let writing = self.writing.get_mut(&id).expect("no reply is running");
        writing.reply.content.push_str(text);
        let (cause, asked) = (writing.cause, writing.reply.parent.unwrap());
        self.message(asked).status = Status::Complete;
        let text = text.to_owned();
        vec![say(Some(cause), id, Step::Grew { text })]
    }

    /// Reasoning of it.
    pub fn think(&mut self, id: ConversationId, text: &str) -> Vec<Event> {
        let writing = self.writing.get_mut(&id).expect("no reply is running");
        writing.thinking.push_str(text);
        let text = text.to_owned();
        vec![say(Some(writing.cause), id, Step::Thought { text })]
    }

    /// It must wait so many seconds.
    pub fn wait(&mut self, id: ConversationId, seconds: i64, why: &str) -> Vec<Event> {
        let until = Millis(self.mint.now().0 + seconds * 1000);
        let cause = self.writing.get(&id).map(|w| w.cause);
        let step = Step::Waiting {
            until,
            since: None,
            why: why.to_owned(),
            attempt: 1,
        };
        vec![say(cause, id, step)]
    }

    /// It has waited so many seconds for something without an end in sight.
    pub fn last(&mut self, id: ConversationId, seconds: i64, why: &str) -> Vec<Event> {
        let until = self.mint.now();
        let cause = self.writing.get(&id).map(|w| w.cause);
        let step = Step::Waiting {
            until,
            since: Some(Millis(until.0 - seconds * 1000)),
            why: why.to_owned(),
            attempt: 0,
        };
        vec![say(cause, id, step)]
    }

    /// It is complete and measured.
    pub fn complete(&mut self, id: ConversationId) -> Vec<Event> {
        self.end(id, Status::Complete, None)
    }

    /// It is over, in this state.
    pub fn end(
        &mut self,
        id: ConversationId,
        status: Status,
        failure: Option<Failure>,
    ) -> Vec<Event> {
        let writing = self.writing.remove(&id).expect("no reply is running");
        let mut reply = writing.reply;
        if !writing.thinking.is_empty() {
            reply.thinking_ms = Some(14_200);
            self.thoughts.insert(reply.id, writing.thinking);
        }
        reply.status = status;
        reply.failure = failure;
        let ended = reply.clone();
        measure(&mut reply, status);
        *self.message(reply.id) = reply.clone();
        let conversation = self.row(id).clone();
        vec![
            say(Some(writing.cause), id, Step::Ended { reply: ended }),
            say(
                Some(writing.cause),
                id,
                Step::Measured {
                    reply,
                    conversation,
                },
            ),
        ]
    }

    /// All but the composer's, as the store does.
    fn move_drafts(&mut self, from: Option<ConversationId>, to: Option<ConversationId>) {
        let moved: Vec<i32> = self
            .drafts
            .keys()
            .filter(|(scope, slot)| *scope == from && *slot != 0)
            .map(|(_, slot)| *slot)
            .collect();
        for slot in moved {
            let draft = self.drafts.remove(&(from, slot)).unwrap();
            self.drafts.insert((to, slot), draft);
        }
    }

    /// It had no word: it is taken back, and the question with it if that was new.
    pub fn withdraw(&mut self, id: ConversationId, failure: Option<Failure>) -> Vec<Event> {
        let writing = self.writing.remove(&id).expect("no reply is running");
        let gone = |m: &Message| {
            m.id == writing.reply.id || writing.asked.as_ref().is_some_and(|(q, _)| *q == m.id)
        };
        self.messages.retain(|m| !gone(m));
        let c = self.row(id);
        c.tip = writing.before;
        c.message_count = c.message_count.saturating_sub(2);
        let conversation = if writing.has_created {
            self.conversations.retain(|c| c.id != id);
            self.move_drafts(Some(id), None);
            None
        } else {
            Some(self.row(id).clone())
        };
        let draft = writing.asked.map(|(_, draft)| draft);
        if let Some(draft) = &draft {
            let scope = if writing.has_created { None } else { Some(id) };
            self.drafts.insert((scope, 0), draft.clone());
        }
        let step = Step::Withdrawn {
            draft,
            failure,
            conversation,
        };
        vec![say(Some(writing.cause), id, step)]
    }

    #[expect(
        clippy::too_many_lines,
        reason = "a table of what is asked and what becomes of it"
    )]
    fn chat(&mut self, chat: Chat) -> Option<Answer> {
        match chat {
            Chat::Open { conversation } => Some(self.open(conversation)),
            Chat::Page {
                conversation,
                at,
                limit,
            } => Some(Answer::Page {
                conversation,
                at,
                page: self.page(conversation, at, limit),
            }),
            Chat::OpenAt {
                conversation,
                message,
            } => Some(self.open_at(conversation, message)),
            Chat::Choose {
                conversation,
                through,
            } => {
                let mut tip = through;
                while let Some(next) = self.messages.iter().rfind(|m| m.parent == Some(tip)) {
                    tip = next.id;
                }
                self.row(conversation).tip = Some(tip);
                Some(self.open(conversation))
            }
            Chat::SwitchModel {
                conversation,
                model,
            } => {
                let what = format!("{model} from the next message on");
                self.row(conversation).model = model;
                Some(done(what, None))
            }
            Chat::SetPersona {
                conversation,
                persona,
            }
            | Chat::PutPersonaBack {
                conversation,
                persona,
                ..
            } => {
                self.row(conversation).persona = persona;
                Some(done("persona kept".to_owned(), None))
            }
            Chat::SetSystem { conversation, text } => {
                self.row(conversation).system = text;
                Some(done("instructions kept".to_owned(), None))
            }
            Chat::KeepDraft { scope, slot, draft } => {
                if draft.is_empty() {
                    self.drafts.remove(&(scope, slot));
                } else {
                    self.drafts.insert((scope, slot), draft);
                }
                None
            }
            Chat::KeepReading {
                conversation,
                reading,
            } => {
                match reading {
                    Some(reading) => self.readings.insert(conversation, reading),
                    None => self.readings.remove(&conversation),
                };
                None
            }
            Chat::Thinking(message) => Some(Answer::Thinking {
                message,
                text: self.thoughts.get(&message).cloned().unwrap_or_default(),
            }),
            Chat::Questions { conversation } => {
                let branch = self.branch(conversation);
                let own = branch.into_iter().filter(|m| m.role == Role::User);
                let asked = own.map(|m| Asked {
                    id: m.id,
                    at: m.created_at,
                    text: m.content,
                });
                Some(Answer::Questions(asked.collect()))
            }
            Chat::Find {
                conversation,
                words,
            } => {
                let needle = Needle::new(&words).unwrap();
                let branch = self.branch(conversation).into_iter();
                let hits = branch.map(|m| (m.id, needle.count(&m.content)));
                Some(Answer::Matches {
                    conversation,
                    hits: hits.filter(|(_, count)| *count > 0).collect(),
                    words,
                })
            }
            Chat::History {
                words,
                before,
                limit,
            } => {
                let limit = usize::try_from(limit).unwrap();
                let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
                let newest = self.messages.iter().rev();
                let from = newest.skip_while(|m| before.is_some_and(|before| m.id != before));
                let has = |m: &&Message| {
                    let text = m.content.to_lowercase();
                    m.role == Role::User && words.iter().all(|word| text.contains(word.as_str()))
                };
                let found = from.skip(usize::from(before.is_some())).filter(has);
                let found = found.take(limit).map(|m| (m.id, m.content.clone()));
                Some(Answer::History(found.collect()))
            }
            Chat::Siblings { message } => {
                let of = self.message(message).clone();
                Some(Answer::Siblings(self.siblings(&of)))
            }
            Chat::Set { .. } => Some(done(String::new(), None)),
        }
    }

    fn open(&mut self, id: ConversationId) -> Answer {
        self.last = Some(id);
        Answer::Opened(Box::new(self.opened(id)))
    }

    pub(super) fn opened(&mut self, id: ConversationId) -> Opened {
        let reading = self.readings.get(&id).copied();
        let at = reading.map_or(At::Tip, |reading| At::Around(reading.message));
        Opened {
            conversation: self.row(id).clone(),
            page: self.page(id, at, Some(50)),
            drafts: self.drafts_of(Some(id)),
            reading,
        }
    }

    /// The same at this message.
    pub fn opened_around(&mut self, id: ConversationId, message: MessageId) -> Opened {
        Opened {
            page: self.page(id, At::Around(message), Some(50)),
            reading: Some(Reading { message, row: 0 }),
            ..self.opened(id)
        }
    }

    pub(super) fn drafts_of(&self, scope: Option<ConversationId>) -> Vec<(i32, Draft)> {
        self.drafts
            .iter()
            .filter(|((of, _), _)| *of == scope)
            .map(|((_, slot), draft)| (*slot, draft.clone()))
            .collect()
    }

    /// The shown branch, oldest first.
    pub fn branch(&mut self, id: ConversationId) -> Vec<Message> {
        let mut at = self.row(id).tip;
        let by_id: HashMap<MessageId, &Message> = self.messages.iter().map(|m| (m.id, m)).collect();
        let mut branch = Vec::new();
        while let Some(message) = at.and_then(|at| by_id.get(&at)) {
            branch.push((*message).clone());
            at = message.parent;
        }
        branch.reverse();
        branch
    }

    fn siblings(&self, of: &Message) -> Vec<MessageId> {
        let same = |m: &&Message| {
            m.parent == of.parent && m.role == of.role && m.conversation == of.conversation
        };
        self.messages.iter().filter(same).map(|m| m.id).collect()
    }

    fn shown(&self, message: &Message) -> Shown {
        let siblings = self.siblings(message);
        let place = siblings.iter().position(|id| *id == message.id).unwrap() + 1;
        Shown {
            message: message.clone(),
            place: u32::try_from(place).unwrap(),
            of: u32::try_from(siblings.len()).unwrap(),
            is_elsewhere: false,
        }
    }

    fn page(&mut self, id: ConversationId, at: At, limit: Option<u32>) -> Page {
        let branch = self.branch(id);
        let limit = limit.map_or(branch.len(), |limit| usize::try_from(limit).unwrap());
        let find = |id| branch.iter().position(|m| m.id == id).unwrap_or(0);
        let (from, to) = match at {
            At::Tip => (branch.len().saturating_sub(limit), branch.len()),
            At::Before(id) => (find(id).saturating_sub(limit), find(id)),
            At::After(id) => (find(id) + 1, (find(id) + 1 + limit).min(branch.len())),
            At::Around(id) => {
                let from = find(id).saturating_sub(limit / 2);
                (from, (from + limit).min(branch.len()))
            }
        };
        Page {
            messages: branch[from..to].iter().map(|m| self.shown(m)).collect(),
            has_before: from > 0,
            has_after: to < branch.len(),
        }
    }
}

pub(super) fn done(what: String, undo: Option<Command>) -> Answer {
    Answer::Done { what, undo }
}

fn say(cause: Option<RequestId>, conversation: ConversationId, step: Step) -> Event {
    let news = News::Turn { conversation, step };
    Event { cause, news }
}

/// The figures of a reply that is over.
fn measure(reply: &mut Message, status: Status) {
    reply.status = status;
    reply.finish = (status == Status::Complete).then_some(Finish::Stop);
    reply.first_token_ms = Some(400);
    reply.total_ms = Some(1_200);
    reply.usage = Some(Usage {
        input: Some(120),
        output: Some(312),
        ..Usage::default()
    });
    if reply.model.as_ref().is_some_and(|m| !m.is_guide()) {
        reply.cost = Some(Money(3_400_000_000));
    }
    reply.response_id = Some("resp_1".to_owned());
}
