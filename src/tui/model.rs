//! The face's state: panes, focus, overlays, what was asked. A projection of what the engine said, and the drafts.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use jiff::tz::TimeZone;
use ratatui::layout::{Rect, Size};

use super::canvas::width;
use super::file::Paper;
use super::live::Live;
use super::msg::Effect;
use super::overlay::persona::PersonaForm;
use super::overlay::search::Search;
use super::overlay::{Overlay, Purpose};
use super::pane::composer::Composer;
use super::pane::library::Library;
use super::pane::list::List;
use super::pane::menu::Menu;
use super::pane::queue::Queues;
use super::pane::status::Toast;
use super::pane::transcript::{Hints, Transcript};
use super::past::History;
use super::pointer::Mouse;
use super::roster::Roster;
use super::theme::Looks;
use crate::domain::clean::Clean;
use crate::domain::conversation::{Conversation, Draft, NewConversation, Sampling};
use crate::domain::failure::Failure;
use crate::domain::finding::{Checkup, Finding};
use crate::domain::id::{ConversationId, MessageId, Mint, PersonaId, PromptId, RequestId};
use crate::domain::model::{ModelRef, ModelSpec};
use crate::domain::provider::ProviderState;
use crate::domain::sync::SyncState;
use crate::domain::usage::Spent;
use crate::domain::when::Millis;
use crate::keys::{Action, Chord, KeyMap};
use crate::manual::Manual;
use crate::protocol::{Asked, At, Command, Data, Export, Which};

/// Who gets the keys when no overlay is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    #[default]
    Composer,
    List,
    Transcript,
    Library,
}

/// What was written into a form of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    pub purpose: Purpose,
    pub of: Vec<Conversation>,
    pub text: String,
}

/// Why something was asked; the answer goes back there.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    Home,
    /// A conversation to show, with this message at hand if one is named.
    Open(Option<MessageId>),
    Page(At),
    ListFirst,
    ListMore,
    Send(MessageId),
    /// The next message of that conversation's queue.
    SendQueued(Option<ConversationId>, MessageId),
    /// Another reply under an old question.
    Again,
    Models,
    /// What a first start shows; after a change of this provider's key.
    Providers(Option<String>),
    /// This provider is to be talked with.
    Use(String),
    /// A key of this provider being kept or forgotten.
    Key(String),
    Prompts(Which),
    /// A prompt to be kept or copied.
    SavePrompt(PromptId),
    Versions,
    Uses,
    /// A trial, for which the news that follow are.
    Trial,
    /// The own questions, to edit one.
    Questions,
    /// Earlier questions, to walk through.
    Earlier,
    /// Earlier questions with these words, to pick one.
    History(String),
    /// The own questions, to go to one.
    Outline,
    /// All messages, to copy them.
    CopyAll,
    /// Where words stand.
    Find,
    /// The first page of a search in all conversations.
    Hits,
    MoreHits,
    /// A conversation to show at this message, with these words lit in it.
    OpenHit(MessageId, String),
    Siblings {
        of: MessageId,
        by: isize,
    },
    Thinking,
    Spent,
    Personas,
    /// The persona of a typed name, to be taken.
    Persona,
    /// The conversations of a persona unfolded in the list.
    Inside(PersonaId),
    /// This persona's form is being saved.
    PersonaSaved(PersonaId),
    /// A look at salon itself.
    Doctor,
    /// A change that can be undone.
    Change,
    /// A change of conversations in the list; the first of these that has a row afterwards is selected.
    Shelved(Vec<ConversationId>),
    /// The last change of the list is taken back; these rows come back.
    Undone(Vec<ConversationId>),
    /// A title or tags, which are not lost when they are refused.
    Written(Written),
    /// A change that cannot be undone.
    Removed,
    /// How many are in the archive.
    Archived,
    /// How many are in the trash, to ask whether they go.
    Trashed,
    /// A conversation to be written to a file.
    Export(Export),
}

/// The face.
pub struct Model {
    pub focus: Focus,
    pub list: List,
    pub transcript: Transcript,
    pub composer: Composer,
    pub library: Library,
    pub overlays: Vec<Overlay>,
    pub toast: Option<Toast>,
    pub keymap: KeyMap,
    pub manual: Manual,
    /// Keys of a chord that is not complete, and when it began.
    pub pending: Vec<Chord>,
    pub pending_since: u64,
    /// The text in hand is in the user's own editor; so many overlays were open, and this is what it was given.
    pub lent: Option<(usize, String)>,
    /// What `sh` runs as the user's own editor.
    pub editor: String,
    /// What `~` is in the name of a file.
    pub home_folder: Option<PathBuf>,
    /// A text that is being written to a file, until it is there.
    pub paper: Option<Paper>,
    pub asks: HashMap<RequestId, Ask>,
    next_request: u64,
    pub effects: Vec<Effect>,
    /// The open conversation; `None` = one not yet created.
    pub open: Option<Conversation>,
    /// What the next new conversation starts with.
    pub new_model: ModelRef,
    /// The model the settings or arguments name for every new conversation (spec M2).
    pub set_model: Option<ModelRef>,
    /// That model was given as an argument: it is stronger than a persona's.
    pub is_model_given: bool,
    /// `chat.system` of the settings.
    pub set_system: String,
    pub new_system: String,
    /// What is wrong in `keys.toml`.
    pub bad_keys: Vec<Failure>,
    /// Something was pressed since a message was sent: nothing opens by itself under those hands.
    pub has_gone_on: bool,
    /// Its form was left with these words, in that conversation.
    pub left_system: Option<(Option<ConversationId>, String)>,
    pub new_persona: Option<PersonaId>,
    /// The model before the persona of the next new conversation brought its own.
    pub model_before: Option<ModelRef>,
    /// Drafts of the conversation not yet created, while another one is open.
    pub new_drafts: Vec<(i32, Draft)>,
    /// Messages that wait for a reply to be complete.
    pub queues: Queues,
    /// The user's questions of all conversations, as far as they were asked for.
    pub history: History,
    /// The words that complete what is typed in the composer.
    pub menu: Menu,
    /// What was last chosen in the palette, the latest first.
    pub recent: Vec<Action>,
    /// Enter and the keys for a new line have changed places.
    pub is_long: bool,
    /// The own questions a rewind offers.
    pub questions: Vec<Asked>,
    pub roster: Roster,
    /// The engine has said which personas there are.
    pub is_roster_known: bool,
    /// A persona's form left with words not saved.
    pub left_form: Option<Box<PersonaForm>>,
    /// The search in all conversations as it was left.
    pub left_search: Option<Box<Search>>,
    pub live: HashMap<ConversationId, Live>,
    pub models: Vec<ModelSpec>,
    /// The model that could not answer, and whether it is missing: then the picker shows names like it first, else
    /// larger windows first.
    pub missed_model: Option<(ModelRef, bool)>,
    pub model_failures: BTreeMap<String, Failure>,
    /// How sync stands; `None` = no hub, or not known yet.
    pub sync: Option<SyncState>,
    pub today: Today,
    /// Takes the last change of the list back.
    pub undo: Option<Command>,
    /// What the open form or question of the list is about.
    pub aim: Vec<Conversation>,
    /// What would replace a file, while the user is asked.
    pub overwriting: Option<Export>,
    pub quit_armed: Option<u64>,
    pub last_esc: Option<u64>,
    pub is_leaving: bool,
    /// The store cannot be used: any key leaves.
    pub fatal: Option<Failure>,
    /// Side panes are hidden.
    pub is_alone: bool,
    /// Reading mode: they are hidden, and the mouse is the terminal's.
    pub is_reading: bool,
    /// The mouse is salon's, but for reading mode.
    pub has_mouse: bool,
    pub mouse: Mouse,
    /// The engine has said what is open.
    pub is_home: bool,
    pub looks: Looks,
    /// The conversation that the command line names, to be open first: an id, a unique beginning of one, or `last`.
    pub named: Option<String>,
    pub zone: TimeZone,
    pub mint: Mint,
    /// Wall time of this turn of the loop.
    pub now: Millis,
    /// Milliseconds since salon started; never jumps.
    pub tick: u64,
    pub size: Size,
    pub frames: Frames,
    /// What the last look at salon itself found.
    pub doctor: Doctor,
    /// What a first start offers.
    pub providers: Providers,
}

/// What the engine told of the providers.
#[derive(Clone, Debug, Default)]
pub struct Providers {
    /// In the order they are offered.
    pub states: Vec<ProviderState>,
    /// Servers on this machine are being asked.
    pub is_looking: bool,
    /// The model of a new conversation when nobody chooses another.
    pub default: Option<ModelRef>,
}

/// What the last look at salon itself found.
#[derive(Clone, Debug, Default)]
pub struct Doctor {
    pub checkup: Checkup,
    /// Nothing is being looked at any more.
    pub is_whole: bool,
    pub terminal: Vec<Finding>,
}

/// The sum of a day.
#[derive(Clone, Copy, Debug, Default)]
pub struct Today {
    pub spent: Spent,
    /// When the next day begins where the user is.
    pub until: Millis,
}

/// Where the panes stand; an empty one is not shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Frames {
    pub list: Rect,
    pub head: Rect,
    pub transcript: Rect,
    pub composer: Rect,
    pub library: Rect,
    pub status: Rect,
    /// The one on top.
    pub overlay: Rect,
}

/// A chord that is not complete shows what may follow after so many ms.
pub const HINTS_AFTER: u64 = 400;
/// How long a toast stands, in ticks.
const TOAST: u64 = 5_000;

impl Model {
    /// A face that has not heard of anything yet. Its zone is UTC until it is told another.
    pub fn new(mint: Mint, keymap: KeyMap) -> Self {
        Model {
            focus: Focus::default(),
            list: List::default(),
            transcript: Transcript::new(Hints::new(&keymap)),
            composer: Composer::default(),
            library: Library::default(),
            overlays: Vec::new(),
            toast: None,
            manual: Manual::new(&keymap),
            keymap,
            pending: Vec::new(),
            pending_since: 0,
            lent: None,
            editor: "vi".to_owned(),
            home_folder: None,
            paper: None,
            asks: HashMap::new(),
            next_request: 1,
            effects: Vec::new(),
            open: None,
            new_model: ModelRef::guide(),
            set_model: None,
            is_model_given: false,
            set_system: String::new(),
            new_system: String::new(),
            bad_keys: Vec::new(),
            has_gone_on: false,
            left_system: None,
            new_persona: None,
            model_before: None,
            new_drafts: Vec::new(),
            queues: Queues::default(),
            history: History::default(),
            menu: Menu::default(),
            recent: Vec::new(),
            is_long: false,
            questions: Vec::new(),
            roster: Roster::default(),
            is_roster_known: false,
            left_form: None,
            left_search: None,
            live: HashMap::new(),
            models: Vec::new(),
            missed_model: None,
            model_failures: BTreeMap::new(),
            sync: None,
            today: Today::default(),
            undo: None,
            aim: Vec::new(),
            overwriting: None,
            quit_armed: None,
            last_esc: None,
            is_leaving: false,
            fatal: None,
            is_alone: false,
            is_reading: false,
            has_mouse: true,
            mouse: Mouse::default(),
            is_home: false,
            looks: Looks::default(),
            named: None,
            zone: TimeZone::UTC,
            now: mint.now(),
            mint,
            tick: 0,
            size: Size::default(),
            frames: Frames::default(),
            doctor: Doctor::default(),
            providers: Providers::default(),
        }
    }

    /// Uses this key map from now on, in help, manual and hints too.
    pub fn use_keys(&mut self, keymap: KeyMap) {
        self.manual = Manual::new(&keymap);
        self.transcript.hints = Hints::new(&keymap);
        self.keymap = keymap;
    }

    /// Numbers a command and asks the engine.
    pub fn ask(&mut self, command: Command, why: Ask) -> RequestId {
        if matches!(&command, Command::Turn(_) | Command::Data(Data::Use(_))) {
            self.has_gone_on = false;
        }
        let id = self.number();
        self.asks.insert(id, why);
        self.effects.push(Effect::Ask(id, command));
        id
    }

    /// Asks without caring for the answer; only a failure is said.
    pub fn tell(&mut self, command: Command) {
        let id = self.number();
        self.effects.push(Effect::Ask(id, command));
    }

    fn number(&mut self) -> RequestId {
        let id = RequestId(self.next_request);
        self.next_request += 1;
        id
    }

    /// No longer waits for what was asked for such a reason: a later choice has overtaken it. The engine need not
    /// answer it at all.
    pub fn forget(&mut self, is_over: impl Fn(&Ask) -> bool) {
        self.asks.retain(|_, ask| !is_over(ask));
    }

    /// Says something in the status line for a while.
    pub fn say(&mut self, words: impl Into<String>) {
        self.toast = Some(Toast {
            words: words.into(),
            is_failure: false,
            until: self.tick + TOAST,
        });
    }

    /// No longer says this.
    pub fn unsay(&mut self, words: &str) {
        self.toast.take_if(|toast| toast.words == words);
    }

    /// Says a failure in the status line for a while.
    pub fn warn(&mut self, failure: &Failure) {
        let model = width(&Clean::line(&self.model().to_string()));
        let cells = width(&Clean::line(&failure.to_string())) + model + 4;
        let is_drawn = self.size.width > 0;
        if is_drawn && cells > self.size.width && self.composer.notice.is_none() {
            // The status line has no room for it.
            self.composer.notice = Some(failure.clone());
        }
        self.toast = Some(Toast {
            words: failure.to_string(),
            is_failure: true,
            until: self.tick + 2 * TOAST,
        });
    }

    /// The open conversation's id; `None` = the one not yet created.
    pub fn here(&self) -> Option<ConversationId> {
        self.open.as_ref().map(|c| c.id)
    }

    /// Whether side panes are shown only while they have the focus, however wide the screen is.
    pub fn has_no_sides(&self) -> bool {
        self.is_alone || self.is_reading
    }

    /// The reply being written in the open conversation.
    pub fn live_here(&self) -> Option<&Live> {
        self.live.get(&self.here()?)
    }

    /// The model the next message goes to.
    pub fn model(&self) -> &ModelRef {
        self.open.as_ref().map_or(&self.new_model, |c| &c.model)
    }

    /// What a send creates when no conversation is open.
    pub fn new_conversation(&self) -> NewConversation {
        NewConversation {
            id: self.mint.id(),
            // Before the first answer the engine knows better.
            model: self.is_home.then(|| self.new_model.clone()),
            persona: self.new_persona,
            system: self.new_system.clone(),
            sampling: Sampling::default(),
            history: Vec::new(),
            storage: None,
            is_temporary: false,
        }
    }

    /// The next moment something moves by itself, in ticks (architecture 6.2). `None` = rest.
    pub fn deadline(&self) -> Option<u64> {
        let is_trying = self.overlays.iter().any(Overlay::is_moving);
        let spinner = (is_trying || !self.live.is_empty()).then_some(self.tick + 100);
        let toast = self.toast.as_ref().map(|toast| toast.until);
        let hints = (!self.pending.is_empty() && self.tick < self.pending_since + HINTS_AFTER)
            .then_some(self.pending_since + HINTS_AFTER);
        let quit = self.quit_armed;
        let can_keep = self.is_home && !self.is_leaving;
        let keep = self.composer.deadline().filter(|_| can_keep);
        let reading = self.transcript.keep_at().filter(|_| can_keep);
        let edge = self.mouse.due();
        [spinner, toast, hints, quit, keep, reading, edge]
            .into_iter()
            .flatten()
            .min()
    }
}
