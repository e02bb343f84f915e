//! The terminal face: the loop that waits for keys, news and frames, and for nothing else (architecture 6.1).

mod act;
mod browse;
pub mod canvas;
mod choose;
mod clipboard;
pub mod clock;
mod curate;
mod doctor;
mod export;
pub mod facts;
pub mod file;
mod filter;
mod focus;
mod fresh;
mod head;
mod history;
mod input;
mod keeping;
mod ladder;
mod leaving;
mod lending;
mod live;
mod looks;
mod menu;
pub mod model;
mod models;
mod mouse;
pub mod msg;
mod news;
mod open;
mod outside;
pub mod overlay;
mod palette;
pub mod pane;
mod paper;
mod past;
mod personas;
pub mod pointer;
pub mod probe;
mod prompts;
mod providers;
mod queue;
mod reader;
mod reading_mode;
mod removal;
pub mod roster;
mod search;
mod secret;
mod seek;
mod shelf;
mod spent;
mod steps;
mod talk;
pub mod terminal;
pub mod text;
pub mod theme;
mod told;
pub mod update;
pub mod view;

pub use clipboard::Copying;
mod welcome;
mod words;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use crossterm::event::{Event as TerminalEvent, EventStream};
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::sync::mpsc::{Receiver, Sender};

use clipboard::Carried;
use clock::FrameClock;
use facts::Facts;
use input::Input;
use model::{Ask, Model};
use msg::{Effect, Msg, Signal};
use pane::transcript::{Job, Lights};
use terminal::Screen;
use text::code::Highlighter;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::RequestId;
use crate::protocol::{Command, Event, News, Request, Shelf};
use crate::settings::Around;

/// News are taken in for at most so long before the next look at the keys (decisions 2.2).
const DRAIN: Duration = Duration::from_millis(1);

/// How long saving may take once the terminal is lost.
const SAVING: Duration = Duration::from_secs(2);

/// The two ends that reach the engine.
pub struct Engine {
    pub requests: Sender<Request>,
    pub events: Receiver<Event>,
}

/// Something outside that was asked for has come back.
enum Outside {
    Highlighter(Option<Arc<Highlighter>>),
    Carried(Carried),
    Lit(Option<Lights>),
    Terminal(Facts),
    Written(file::Written),
}

/// Shows the screen until the user leaves.
///
/// The engine opens the database while this thread enters the screen and draws the first frame, so that the list is
/// there with the second: neither waits for the other, and a database that cannot be used is news like any other.
/// Gives what ended salon before its time, if anything did. Errors are those of the terminal itself.
pub async fn run(
    mut model: Model,
    (around, folder): (Around, PathBuf),
    mut signals: Receiver<Signal>,
    engine: Engine,
) -> io::Result<Option<Failure>> {
    let limit = pane::list::ROWS;
    let open = model.named.clone();
    let home = Command::Shelf(Shelf::Home { limit, open });
    let id = model.ask(home.clone(), Ask::Home);
    model.effects.clear();
    // The channel is empty: there is room.
    let _ = engine.requests.try_send(Request { id, command: home });
    let mut screen = Screen::enter()?;
    screen.use_mouse(model.has_mouse)?;
    frame(&mut model, &mut screen)?;
    // Finding the zone reads a hundred folders: not before the first frame.
    model.zone = jiff::tz::TimeZone::system();
    let mut face = Face {
        started: Instant::now(),
        clock: FrameClock::default(),
        input: Input::of(&around.term),
        outside: FuturesUnordered::new(),
        requests: engine.requests,
        events: engine.events,
        copying: Copying {
            around: around.clipboard(),
            folder,
        },
        to_copy: None,
        is_copying: false,
        around,
        has_highlighter: false,
        has_left: false,
        lent: None,
    };
    let heard = probe::ask(Instant::now, model.looks.is_asked, probe::PATIENCE)?;
    model.looks.heard = heard.is_light;
    model.use_keys(model.keymap.deliverable(heard.abilities.kitty));
    screen.use_abilities(heard.abilities)?;
    for msg in input::replay(&heard.typed) {
        face.apply(&mut model, &mut screen, msg)?;
    }
    face.clock.request_now(Instant::now());
    let mut keys = None;
    while !face.has_left {
        let turn = face.turn(&mut model, &mut screen, &mut keys, &mut signals);
        if let Err(error) = turn.await {
            face.save().await;
            return Err(error);
        }
    }
    Ok(model.fatal)
}

/// Waits for a moment; one that has come is not waited for, since the timer rounds up to a millisecond.
async fn until(due: Option<Instant>) {
    if let Some(due) = due.filter(|due| *due > Instant::now()) {
        tokio::time::sleep_until(due.into()).await;
    }
}

fn load_highlighter() -> BoxFuture<'static, Outside> {
    let loading = tokio::task::spawn_blocking(|| Arc::new(Highlighter::load()));
    async move { Outside::Highlighter(loading.await.ok()) }.boxed()
}

fn light(job: Job) -> BoxFuture<'static, Outside> {
    let lighting = tokio::task::spawn_blocking(move || job.run());
    async move { Outside::Lit(lighting.await.ok()) }.boxed()
}

fn write(paper: file::Paper, home: Option<PathBuf>) -> BoxFuture<'static, Outside> {
    let path = paper.path.clone();
    let writing = tokio::task::spawn_blocking(move || file::write(&paper, home.as_deref()));
    async move {
        let written = writing.await;
        Outside::Written(written.unwrap_or_else(|lost| file::Written::Failed {
            path,
            why: lost.to_string(),
        }))
    }
    .boxed()
}

fn frame(model: &mut Model, screen: &mut Screen) -> io::Result<()> {
    screen.draw(|frame| {
        view::layout(model, frame.area().as_size());
        if let Some(caret) = view::paint(model, frame.buffer_mut()) {
            frame.set_cursor_position(caret);
        }
    })
}

struct Face {
    started: Instant,
    clock: FrameClock,
    input: Input,
    outside: FuturesUnordered<BoxFuture<'static, Outside>>,
    requests: Sender<Request>,
    events: Receiver<Event>,
    copying: Copying,
    /// The next text for the clipboard; a later one takes its place.
    to_copy: Option<String>,
    is_copying: bool,
    around: Around,
    /// The grammars are there or on their way.
    has_highlighter: bool,
    has_left: bool,
    /// A text for the user's own editor.
    lent: Option<String>,
}

impl Face {
    /// Waits for one thing and takes it in, with all that waits beside it.
    async fn turn(
        &mut self,
        model: &mut Model,
        screen: &mut Screen,
        reader: &mut Option<EventStream>,
        signals: &mut Receiver<Signal>,
    ) -> io::Result<()> {
        let due = self.clock.due();
        let keys = reader.get_or_insert_with(EventStream::new);
        tokio::select! { biased;
            Some(signal) = signals.recv() => {
                self.apply(model, screen, Msg::Signal(signal))?;
                self.clock.request_now(Instant::now());
            }
            event = keys.next() => {
                let mut next = Some(event);
                while let Some(event) = next {
                    // Asked with this task's own waker: the stream keeps only the first waker it is given.
                    next = match futures::poll!(keys.next()) {
                        Poll::Ready(event) => Some(event),
                        Poll::Pending => None,
                    };
                    match event {
                        Some(Ok(event)) => {
                            let has_more = matches!(next, Some(Some(Ok(TerminalEvent::Key(_)))));
                            for msg in self.input.take(event, Instant::now(), has_more) {
                                self.apply(model, screen, msg)?;
                            }
                        }
                        Some(Err(error)) => return Err(error),
                        // The terminal is gone.
                        None => self.apply(model, screen, Msg::Signal(Signal::Leave))?,
                    }
                    if self.has_left {
                        break;
                    }
                }
                self.clock.request_now(Instant::now());
            }
            () = until(due), if due.is_some() => {
                self.apply(model, screen, Msg::Due)?;
                frame(model, screen)?;
                self.clock.drawn(Instant::now());
                if let Some((command, at)) = model.transcript.wants() {
                    model.ask(command, Ask::Page(at));
                }
                // Not before the list is there: it would take the second core from the database.
                if model.is_home && !self.has_highlighter {
                    self.has_highlighter = true;
                    self.outside.push(load_highlighter());
                }
                if let Some(job) = model.transcript.wants_light() {
                    self.outside.push(light(job));
                }
                self.run_effects(model, screen)?;
            }
            event = self.events.recv() => self.news(model, screen, event)?,
            Some(done) = self.outside.next() => {
                self.came_back(model, screen, done)?;
                self.clock.request(Instant::now());
            }
        }
        if let Some(text) = self.lent.take() {
            self.lend(model, screen, (reader, signals), &text).await?;
            self.clock.request_now(Instant::now());
        }
        if let Some(at) = model.deadline() {
            self.clock.wake_at(self.started + Duration::from_millis(at));
        }
        Ok(())
    }

    /// The terminal is lost: lets the engine save everything, for at most two seconds.
    async fn save(&mut self) {
        let stop = Request {
            id: RequestId(u64::MAX),
            command: Command::Stop,
        };
        let saved = async {
            self.requests.send(stop).await.ok()?;
            while self.events.recv().await?.news != News::Stopped {}
            Some(())
        };
        // Whether it was saved in time can be told to nobody.
        let _ = tokio::time::timeout(SAVING, saved).await;
    }

    /// Takes in what the engine said, and what it says right behind it.
    fn news(
        &mut self,
        model: &mut Model,
        screen: &mut Screen,
        first: Option<Event>,
    ) -> io::Result<()> {
        let Some(first) = first else {
            if !self.has_left && model.fatal.is_none() {
                model.fatal = Some(Failure::new(
                    FailureKind::Bug,
                    "The engine has ended",
                    "Start salon again; the log says more.",
                ));
            }
            // A closed channel is always ready; from here on only keys matter.
            let (_, never) = tokio::sync::mpsc::channel(1);
            self.events = never;
            return Ok(());
        };
        let begun = Instant::now();
        let mut next = Some(first);
        let mut is_awaited = false;
        while let Some(event) = next {
            // Somebody pressed a key for it, or has just started salon: it is drawn like a key.
            is_awaited |= matches!(event.news, News::Answer(_));
            self.apply(model, screen, Msg::Engine(event))?;
            next = if begun.elapsed() < DRAIN {
                self.events.try_recv().ok()
            } else {
                None
            };
        }
        if is_awaited {
            self.clock.request_now(Instant::now());
        } else {
            self.clock.request(Instant::now());
        }
        Ok(())
    }

    fn apply(&mut self, model: &mut Model, screen: &mut Screen, msg: Msg) -> io::Result<()> {
        model.now = model.mint.now();
        model.tick = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        model.effects = update::update(model, msg);
        self.run_effects(model, screen)
    }

    fn run_effects(&mut self, model: &mut Model, screen: &mut Screen) -> io::Result<()> {
        for effect in std::mem::take(&mut model.effects) {
            match effect {
                Effect::Ask(id, command) => {
                    if self.requests.try_send(Request { id, command }).is_err() {
                        let failure = Failure::new(
                            FailureKind::Busy,
                            "Salon is busy",
                            "Try again in a moment.",
                        );
                        let news = News::Refused(failure);
                        self.apply(
                            model,
                            screen,
                            Msg::Engine(Event {
                                cause: Some(id),
                                news,
                            }),
                        )?;
                    }
                }
                Effect::Copy(text) => {
                    self.to_copy = Some(text);
                    self.copy();
                }
                Effect::LookAtTerminal => self.outside.push(self.look(model, screen)),
                Effect::Edit(text) => self.lent = Some(text),
                Effect::Mouse(is_on) => screen.use_mouse(is_on)?,
                Effect::Write(paper) => self.outside.push(write(paper, model.home_folder.clone())),
                Effect::Suspend => self.suspend(screen)?,
                Effect::Redraw => screen.redraw()?,
                Effect::Leave => self.has_left = true,
            }
        }
        Ok(())
    }

    /// Brings the next text to the clipboard, one at a time: the last one is what is there in the end.
    fn copy(&mut self) {
        if self.is_copying {
            return;
        }
        if let Some(text) = self.to_copy.take() {
            self.is_copying = true;
            let carrying = clipboard::carry(text, self.copying.clone());
            self.outside.push(carrying.map(Outside::Carried).boxed());
        }
    }

    /// Finds out what is to be told of the terminal.
    fn look(&self, model: &Model, screen: &Screen) -> BoxFuture<'static, Outside> {
        let facts = Facts {
            abilities: screen.abilities(),
            size: model.size,
            ..Facts::of(&self.around, &model.keymap)
        };
        async move { Outside::Terminal(facts.with_tmux().await) }.boxed()
    }

    fn came_back(
        &mut self,
        model: &mut Model,
        screen: &mut Screen,
        done: Outside,
    ) -> io::Result<()> {
        match done {
            Outside::Highlighter(highlighter) => model.transcript.highlight_with(highlighter),
            Outside::Lit(Some(lights)) => model.transcript.lit(lights),
            // A grammar that panics leaves its code plain; no other is asked for.
            Outside::Lit(None) => {}
            Outside::Terminal(facts) => self.apply(model, screen, Msg::Terminal(facts))?,
            Outside::Written(written) => self.apply(model, screen, Msg::Written(written))?,
            Outside::Carried(carried) => {
                match carried {
                    Carried::Done(words) => model.say(words),
                    Carried::Sequence(sequence, words) => {
                        screen.write(sequence.as_bytes())?;
                        model.say(words);
                    }
                    Carried::Failed(failure) => model.warn(&failure),
                }
                self.is_copying = false;
                self.copy();
            }
        }
        Ok(())
    }

    fn suspend(&mut self, screen: &mut Screen) -> io::Result<()> {
        terminal::leave();
        terminal::stop_oneself()?;
        screen.enter_again()?;
        self.clock.request_now(Instant::now());
        Ok(())
    }
}
