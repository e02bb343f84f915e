//! The terminal face without a terminal: keys and news in, commands and cells out, one line a step.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "each test binary uses its own part, and a test that cannot go on stops"
)]

pub mod library;
pub mod list;
pub mod personas;
pub mod script;
pub mod search;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};
use salon::domain::failure::{Failure, FailureKind};
use salon::domain::id::{Mint, RequestId};
use salon::domain::when::Millis;
use salon::keys::{Chord, Key, KeyMap};
use salon::protocol::{Answer, Command, Event, News, Request, Shelf};
use salon::tui::model::{Ask, Model};
use salon::tui::msg::{Effect, Msg};
use salon::tui::pointer::{Pointer, Stroke};
use salon::tui::{update, view};
use script::Script;

/// 2026-11-21 14:02:00 UTC.
pub const NOW: i64 = 1_795_269_720_000;

/// A mint whose clock stands until it is moved.
pub fn mint() -> (Mint, Arc<AtomicI64>) {
    let time = Arc::new(AtomicI64::new(NOW));
    let read = Arc::clone(&time);
    let mint = Mint::new(Arc::new(move || Millis(read.load(Ordering::Relaxed))));
    (mint, time)
}

/// A failure of the network, for tests that need just any.
pub fn failure(title: &str, remedy: &str) -> Failure {
    Failure::new(FailureKind::Network, title, remedy)
}

/// A face with a scripted engine behind it.
pub struct Face {
    pub model: Model,
    pub engine: Script,
    time: Arc<AtomicI64>,
    /// Commands nobody has looked at yet, oldest first.
    asked: Vec<(RequestId, Command)>,
    /// What the loop was told beside asking, oldest first.
    pub effects: Vec<Effect>,
    /// What the engine has said and the face has not heard, while it is held.
    held: Option<Vec<Event>>,
    /// The engine answers nothing: the test does.
    is_deaf: bool,
    pub buffer: Buffer,
    pub caret: Option<Position>,
    size: Size,
    /// Frames drawn because the face itself wanted them.
    pub frames: u64,
}

impl Face {
    /// A face of 120 by 36 over this world; it has asked for its home and got it.
    pub fn over(engine: Script) -> Face {
        let mut face = Face::cold(engine);
        face.start();
        face
    }

    /// A face over an empty store.
    pub fn new() -> Face {
        Face::over(Script::new())
    }

    /// A face that has not asked for anything.
    pub fn cold(engine: Script) -> Face {
        let keymap = KeyMap::shipped().deliverable(false);
        let model = Model::new(engine.mint.clone(), keymap);
        let mut face = Face {
            model,
            time: Arc::clone(&engine.time),
            engine,
            asked: Vec::new(),
            effects: Vec::new(),
            held: None,
            is_deaf: false,
            buffer: Buffer::default(),
            caret: None,
            size: Size::new(120, 36),
            frames: 0,
        };
        face.draw();
        face
    }

    /// Asks for the home as the loop does after the first frame.
    pub fn start(&mut self) -> &mut Self {
        self.model.ask(
            Command::Shelf(Shelf::Home {
                limit: 60,
                open: self.model.named.clone(),
            }),
            Ask::Home,
        );
        let effects = std::mem::take(&mut self.model.effects);
        self.run(effects);
        self.draw();
        self.asked.clear();
        self
    }

    /// The engine answers nothing from here on; the test does.
    pub fn deaf(&mut self) -> &mut Self {
        self.is_deaf = true;
        self
    }

    /// What the engine says waits until `release`.
    pub fn hold(&mut self) -> &mut Self {
        self.held = Some(Vec::new());
        self
    }

    /// Whether the face does not hear what the engine says.
    pub fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// What waited is heard.
    pub fn release(&mut self) -> &mut Self {
        for event in self.held.take().unwrap_or_default() {
            self.msg(Msg::Engine(event));
        }
        self
    }

    /// What waits, in another order than it was said.
    pub fn release_backwards(&mut self) -> &mut Self {
        if let Some(held) = &mut self.held {
            held.reverse();
        }
        self.release()
    }

    /// Keys as in `keys.toml`, one after another; `esc` and `ctrl+c` too.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            self.msg(Msg::Key(chord(key)));
        }
        self
    }

    /// Types this text, a line feed as Ctrl+J.
    pub fn types(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            let chord = if c == '\n' {
                chord("ctrl+j")
            } else {
                Chord::plain(Key::Char(c))
            };
            self.msg(Msg::Key(chord));
        }
        self
    }

    /// Types it and presses Enter.
    pub fn sends(&mut self, text: &str) -> &mut Self {
        self.types(text).press("enter")
    }

    /// The mouse does this in a cell; a frame follows, as in the loop.
    pub fn points(&mut self, stroke: Stroke, at: Position) -> &mut Self {
        self.msg(Msg::Mouse(Pointer { stroke, at })).draw()
    }

    /// A press of the button without a move.
    pub fn clicks(&mut self, at: Position) -> &mut Self {
        self.points(Stroke::Press, at).points(Stroke::Release, at)
    }

    /// The button is held from one cell to another.
    pub fn drags(&mut self, from: Position, to: Position) -> &mut Self {
        self.points(Stroke::Press, from)
            .points(Stroke::Drag, to)
            .points(Stroke::Release, to)
    }

    /// The first cell of these words on the screen.
    #[track_caller]
    pub fn cell(&mut self, words: &str) -> Position {
        let screen = self.screen();
        let found = (0..).zip(screen.lines()).find_map(|(y, line)| {
            let before = &line[..line.find(words)?];
            let x = unicode_width::UnicodeWidthStr::width(before);
            Some(Position::new(u16::try_from(x).unwrap(), y))
        });
        found.unwrap_or_else(|| panic!("no {words:?} in\n{screen}"))
    }

    /// The last cell of these words on the screen.
    #[track_caller]
    pub fn last_cell(&mut self, words: &str) -> Position {
        let first = self.cell(words);
        let wide = unicode_width::UnicodeWidthStr::width(words) - 1;
        Position::new(first.x + u16::try_from(wide).unwrap(), first.y)
    }

    /// The words that are shown as selected, row by row.
    pub fn lit(&mut self) -> Vec<String> {
        self.draw();
        let area = self.buffer.area;
        let of = |y: u16| {
            let is_lit = |x: &u16| {
                let modifiers = self.buffer[(*x, y)].modifier;
                modifiers.contains(ratatui::style::Modifier::REVERSED)
            };
            let cells = (area.left()..area.right()).filter(is_lit);
            cells.map(|x| self.buffer[(x, y)].symbol()).collect()
        };
        let rows = (area.top()..area.bottom()).map(of);
        rows.filter(|row: &String| !row.is_empty()).collect()
    }

    /// The texts that were brought to the clipboard, oldest first; they are taken off the record.
    pub fn copied(&mut self) -> Vec<String> {
        let effects = std::mem::take(&mut self.effects);
        let mut copied = Vec::new();
        for effect in effects {
            match effect {
                Effect::Copy(text) => copied.push(text),
                other => self.effects.push(other),
            }
        }
        copied
    }

    /// Writes into the composer, wherever the focus is.
    pub fn types_into_composer(&mut self, text: &str) -> &mut Self {
        self.model.composer.editor.insert(text);
        self
    }

    pub fn pastes(&mut self, text: &str) -> &mut Self {
        self.msg(Msg::Paste(text.to_owned()))
    }

    /// The engine says this, caused by nothing.
    pub fn news(&mut self, news: News) -> &mut Self {
        self.msg(Msg::Engine(Event { cause: None, news }))
    }

    /// The engine says these.
    pub fn hears(&mut self, events: Vec<Event>) -> &mut Self {
        for event in events {
            match &mut self.held {
                Some(held) => held.push(event),
                None => {
                    self.msg(Msg::Engine(event));
                }
            }
        }
        self
    }

    /// The engine answers the last command that was asked.
    pub fn answers(&mut self, news: News) -> &mut Self {
        let cause = self.asked.last().map(|(id, _)| *id);
        self.msg(Msg::Engine(Event { cause, news }))
    }

    /// Something reaches the face.
    pub fn msg(&mut self, msg: Msg) -> &mut Self {
        self.model.now = Millis(self.time.load(Ordering::Relaxed));
        let effects = update::update(&mut self.model, msg);
        self.run(effects);
        self
    }

    fn run(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let Effect::Ask(id, command) = effect else {
                self.effects.push(effect);
                continue;
            };
            self.asked.push((id, command.clone()));
            if !self.is_deaf {
                let events = self.engine.take(Request { id, command });
                self.hears(events);
            }
        }
    }

    /// So many ms pass; what moves by itself moves, frame by frame.
    pub fn tick(&mut self, ms: u64) -> &mut Self {
        let until = self.model.tick + ms;
        while let Some(at) = self.model.deadline().filter(|at| *at <= until) {
            self.to(at);
            self.msg(Msg::Due);
            self.draw();
            self.frames += 1;
            let next = self.model.deadline();
            assert!(
                next.is_none_or(|next| next > self.model.tick),
                "the face wants a frame at {next:?} again and again"
            );
        }
        self.to(until);
        self
    }

    fn to(&mut self, tick: u64) {
        let by = tick - self.model.tick;
        self.model.tick = tick;
        self.time
            .fetch_add(i64::try_from(by).unwrap(), Ordering::Relaxed);
        self.model.now = Millis(self.time.load(Ordering::Relaxed));
    }

    pub fn resize(&mut self, width: u16, height: u16) -> &mut Self {
        self.size = Size::new(width, height);
        self.msg(Msg::Resize).draw()
    }

    /// Draws a frame as the loop does, and asks for the pages it wants.
    pub fn draw(&mut self) -> &mut Self {
        self.model.now = Millis(self.time.load(Ordering::Relaxed));
        let mut buffer = Buffer::empty(Rect::new(0, 0, self.size.width, self.size.height));
        view::layout(&mut self.model, self.size);
        self.caret = view::paint(&self.model, &mut buffer);
        self.buffer = buffer;
        if let Some((command, at)) = self.model.transcript.wants() {
            self.model.ask(command, Ask::Page(at));
        }
        let effects = std::mem::take(&mut self.model.effects);
        self.run(effects);
        self
    }

    /// A frame as text, blanks at line ends left out.
    pub fn screen(&mut self) -> String {
        self.draw();
        text_of(&self.buffer)
    }

    /// A frame holds these words.
    #[track_caller]
    pub fn shows(&mut self, words: &str) -> &mut Self {
        let screen = self.screen();
        assert!(screen.contains(words), "no {words:?} in\n{screen}");
        self
    }

    /// A frame does not hold these words.
    #[track_caller]
    pub fn hides(&mut self, words: &str) -> &mut Self {
        let screen = self.screen();
        assert!(!screen.contains(words), "{words:?} in\n{screen}");
        self
    }

    /// A command like this was asked; it and those before it are taken off the record.
    #[track_caller]
    pub fn asks(&mut self, like: impl Fn(&Command) -> bool) -> &mut Self {
        match self.asked.iter().position(|(_, command)| like(command)) {
            Some(at) => {
                self.asked.drain(..=at);
            }
            None => panic!("not asked; asked was {:#?}", self.asked),
        }
        self
    }

    /// No such command was asked.
    #[track_caller]
    pub fn asks_no(&mut self, like: impl Fn(&Command) -> bool) -> &mut Self {
        let found = self.asked.iter().find(|(_, command)| like(command));
        assert!(found.is_none(), "asked {found:?}");
        self
    }

    /// Nothing was asked.
    #[track_caller]
    pub fn asks_nothing(&mut self) -> &mut Self {
        self.asks_no(|_| true)
    }

    /// Takes all commands off the record.
    pub fn asked(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.asked)
            .into_iter()
            .map(|(_, command)| command)
            .collect()
    }

    /// The number of the last command asked.
    pub fn last_ask(&self) -> RequestId {
        self.asked.last().expect("nothing was asked").0
    }

    /// The composer holds this.
    #[track_caller]
    pub fn holds(&mut self, text: &str) -> &mut Self {
        assert_eq!(self.model.composer.editor.text(), text);
        self
    }

    /// The status line says these words now.
    #[track_caller]
    pub fn says(&mut self, words: &str) -> &mut Self {
        let said = self.model.toast.as_ref().map(|toast| toast.words.as_str());
        assert!(
            said.is_some_and(|said| said.contains(words)),
            "no {words:?}, said was {said:?}"
        );
        self
    }

    /// The status line says nothing with these words in it.
    #[track_caller]
    pub fn says_nothing_of(&mut self, words: &str) -> &mut Self {
        let said = self.model.toast.as_ref().map(|toast| toast.words.as_str());
        assert!(said.is_none_or(|said| !said.contains(words)), "{said:?}");
        self
    }

    /// Whether the loop was told to end.
    pub fn has_left(&self) -> bool {
        self.effects.contains(&Effect::Leave)
    }

    /// Words of the reply being written in the open conversation.
    pub fn grows(&mut self, text: &str) -> &mut Self {
        let events = self.engine.grow(self.here(), text);
        self.hears(events)
    }

    /// Reasoning of it.
    pub fn thinks(&mut self, text: &str) -> &mut Self {
        let events = self.engine.think(self.here(), text);
        self.hears(events)
    }

    /// It is complete, with its figures.
    pub fn completes(&mut self) -> &mut Self {
        let events = self.engine.complete(self.here());
        self.hears(events)
    }

    /// The conversation that is open.
    pub fn here(&self) -> salon::domain::id::ConversationId {
        self.model.here().expect("no conversation is open")
    }

    /// The engine refuses the next command.
    pub fn refuses(&mut self, failure: Failure) -> &mut Self {
        self.engine.refuse = Some(failure);
        self
    }
}

/// The key of that name, those that cannot be bound too.
pub fn chord(key: &str) -> Chord {
    match key {
        "esc" => Chord::plain(Key::Esc),
        "ctrl+c" => Chord::new(Key::Char('c'), true, false, false),
        key => key.parse().expect(key),
    }
}

/// A buffer as lines, blanks at their ends left out; the cell behind a wide character is no blank.
pub fn text_of(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let mut line = String::new();
        let mut skip = 0;
        for x in buffer.area.left()..buffer.area.right() {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            skip = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// An answer to a request, as news.
pub fn answer(answer: Answer) -> News {
    News::Answer(answer)
}
