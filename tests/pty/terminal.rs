//! A terminal around the real program: a pseudo terminal, a screen behind it, answers to what the program asks, and
//! a look at what the program leaves behind.
//!
//! Every wait is for a condition and ends the moment it holds; the limit is only there so that a broken program fails.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use portable_pty::{
    CommandBuilder, ExitStatus, MasterPty, PtyPair, PtySize, SlavePty, native_pty_system,
};
use rustix::process::{Pid, Signal, kill_process};

use super::home::Home;
use super::sequences::{Scanner, readable, sequences};

/// A condition that has not come by then will not come; far more than a loaded machine needs.
pub const LIMIT: Duration = Duration::from_secs(30);
/// Looks without any change after which a program rests.
const QUIET: u32 = 12;
/// How often a condition outside the screen is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// What the terminal answers when it is asked.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    /// Kitty keys and synchronized updates.
    Modern,
    /// The same on a white background, which it tells.
    Light,
    /// Only what every terminal answers.
    Plain,
    /// Nothing at all.
    Silent,
}

/// How the program is started.
pub struct Start {
    command: CommandBuilder,
    columns: u16,
    rows: u16,
    kind: Kind,
}

impl Start {
    /// The real program in this home, 120×36, in a modern terminal.
    pub fn at(home: &Home) -> Start {
        Start::program(env!("CARGO_BIN_EXE_salon"), home)
    }

    /// Another program, with nothing of this machine's environment but the path.
    pub fn program(path: &str, home: &Home) -> Start {
        let mut command = CommandBuilder::new(path);
        command.env_clear();
        command.cwd(home.path());
        let start = Start {
            command,
            columns: 120,
            rows: 36,
            kind: Kind::Modern,
        };
        start
            .env("HOME", home.path().to_str().unwrap())
            .env("PATH", "/usr/bin:/bin")
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
    }

    pub fn env(mut self, name: &str, value: &str) -> Start {
        self.command.env(name, value);
        self
    }

    pub fn arg(mut self, arg: &str) -> Start {
        self.command.arg(arg);
        self
    }

    pub fn size(mut self, columns: u16, rows: u16) -> Start {
        (self.columns, self.rows) = (columns, rows);
        self
    }

    pub fn kind(mut self, kind: Kind) -> Start {
        self.kind = kind;
        self
    }
}

enum News {
    Output(Vec<u8>),
    Ended(ExitStatus),
    /// No program holds the terminal any more and everything was read.
    Over,
}

/// A running program and its screen.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    slave: Option<Box<dyn SlavePty + Send>>,
    typed: Sender<Vec<u8>>,
    news: Receiver<News>,
    parser: vt100::Parser,
    /// All that was written.
    raw: Vec<u8>,
    pid: u32,
    ended: Option<ExitStatus>,
    is_over: bool,
    found: String,
}

impl Terminal {
    pub fn start(start: Start) -> Terminal {
        let size = PtySize {
            rows: start.rows,
            cols: start.columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        let PtyPair { master, slave } = native_pty_system().openpty(size).unwrap();
        let found = modes(&*master);
        let mut child = slave.spawn_command(start.command).unwrap();
        let pid = child.process_id().unwrap();
        let (typed, to_type) = channel::<Vec<u8>>();
        let (tell, news) = channel();
        let mut writer = master.take_writer().unwrap();
        std::thread::spawn(move || {
            while let Ok(bytes) = to_type.recv() {
                if writer.write_all(&bytes).is_err() {
                    return;
                }
            }
        });
        let reader = master.try_clone_reader().unwrap();
        let (answers, output) = (typed.clone(), tell.clone());
        std::thread::spawn(move || read(reader, start.kind, &answers, &output));
        std::thread::spawn(move || {
            let status = child.wait().unwrap();
            // Nobody listens when the test is already over.
            let _ = tell.send(News::Ended(status));
        });
        Terminal {
            parser: vt100::Parser::new(cells(start.rows), cells(start.columns), 0),
            master,
            slave: Some(slave),
            typed,
            news,
            raw: Vec::new(),
            pid,
            ended: None,
            is_over: false,
            found,
        }
    }

    /// Writes text as fast hands would, in one piece.
    pub fn type_text(&mut self, text: &str) -> &mut Terminal {
        self.typed.send(text.as_bytes().to_vec()).unwrap();
        self
    }

    /// One key by its name, such as `enter`, `esc`, `ctrl+c`, `pageup`.
    pub fn press(&mut self, key: &str) -> &mut Terminal {
        let bytes: Vec<u8> = match key {
            "enter" => b"\r".into(),
            "esc" => b"\x1b".into(),
            "tab" => b"\t".into(),
            "up" => b"\x1b[A".into(),
            "down" => b"\x1b[B".into(),
            "pageup" => b"\x1b[5~".into(),
            "pagedown" => b"\x1b[6~".into(),
            _ => {
                let letter = key.strip_prefix("ctrl+").unwrap().as_bytes()[0];
                vec![letter & 0x1f]
            }
        };
        self.typed.send(bytes).unwrap();
        self
    }

    /// The mouse's report: button 0 pressed or held (32), 64 and 65 for the wheel; cells counted from 0.
    pub fn mouse(&mut self, button: u8, (x, y): (u16, u16)) -> &mut Terminal {
        self.type_text(&format!("\x1b[<{button};{};{}M", x + 1, y + 1))
    }

    /// The button is held from one cell to another and let go.
    pub fn drag(&mut self, from: (u16, u16), to: (u16, u16)) -> &mut Terminal {
        self.mouse(0, from).mouse(32, to);
        self.type_text(&format!("\x1b[<0;{};{}m", to.0 + 1, to.1 + 1))
    }

    /// The first cell of these words.
    pub fn cell(&self, words: &str) -> (u16, u16) {
        let text = self.text();
        let found = (0..).zip(text.lines()).find_map(|(y, line)| {
            let before = &line[..line.find(words)?];
            Some((u16::try_from(before.chars().count()).unwrap(), y))
        });
        found.unwrap_or_else(|| panic!("no {words:?} in\n{text}"))
    }

    /// Text as a paste.
    pub fn paste(&mut self, text: &str) -> &mut Terminal {
        self.type_text(&format!("\x1b[200~{text}\x1b[201~"))
    }

    /// Waits until these words stand in a line.
    pub fn wait_for(&mut self, words: &str) -> &mut Terminal {
        self.wait_until(&format!("`{words}` on the screen"), |screen| {
            screen.contents().contains(words)
        })
    }

    /// Waits until these words stand nowhere.
    pub fn wait_gone(&mut self, words: &str) -> &mut Terminal {
        self.wait_until(&format!("`{words}` gone"), |screen| {
            !screen.contents().contains(words)
        })
    }

    /// Waits until the caret's line says just this, up to the caret.
    pub fn wait_typed(&mut self, text: &str) -> &mut Terminal {
        self.wait_until(&format!("`{text}` before the caret"), |screen| {
            let (row, column) = screen.cursor_position();
            let line = screen.rows(0, column).nth(usize::from(row));
            let line = line.unwrap_or_default();
            let line = line.rsplit('│').next().unwrap_or_default();
            line.trim_start_matches(|c: char| !c.is_alphanumeric()) == text
        })
    }

    /// Types a question and sends it once it stands in the composer.
    pub fn send(&mut self, question: &str) -> &mut Terminal {
        self.type_text(question).wait_for(question).press("enter")
    }

    pub fn wait_until(
        &mut self,
        what: &str,
        holds: impl Fn(&vt100::Screen) -> bool,
    ) -> &mut Terminal {
        let is_done = self.wait(|terminal| holds(terminal.parser.screen()), true);
        assert!(is_done, "waited for {what}; {}", self.describe());
        self
    }

    /// Waits for something outside the screen.
    pub fn wait_outside(&mut self, what: &str, holds: impl Fn() -> bool) -> &mut Terminal {
        let is_done = self.wait(|_| holds(), false);
        assert!(is_done, "waited for {what}; {}", self.describe());
        self
    }

    /// Takes in output until it holds; `false` when the time is over or, if only the screen matters, nothing more can
    /// come.
    fn wait(&mut self, mut holds: impl FnMut(&Terminal) -> bool, is_screen: bool) -> bool {
        let end = Instant::now() + LIMIT;
        loop {
            if holds(self) {
                return true;
            }
            // One after the other: what was shown for a moment is seen too.
            if let Ok(news) = self.news.try_recv() {
                self.take(news);
                continue;
            }
            if Instant::now() > end {
                return false;
            }
            if is_screen && self.ended.is_some() {
                // Only what was written before the end can still come.
                self.drain();
                return holds(self);
            }
            let limit = if is_screen { LIMIT } else { LOOK };
            match self.news.recv_timeout(limit) {
                Ok(news) => self.take(news),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return holds(self),
            }
        }
    }

    /// Waits until the program rests: none of its threads has run for several looks in a row, and nothing came.
    pub fn wait_idle(&mut self) -> &mut Terminal {
        let pid = self.pid;
        let mut last = (None, 0);
        let mut quiet = 0;
        let is_done = self.wait(
            |terminal| {
                let now = (rest(pid), terminal.raw.len());
                let is_quiet = now.0.is_some() && now == last;
                quiet = if is_quiet { quiet + 1 } else { 0 };
                last = now;
                quiet >= QUIET
            },
            false,
        );
        assert!(is_done, "waited for rest; {}", self.describe());
        self
    }

    fn drain(&mut self) {
        self.slave = None;
        while !self.is_over {
            match self.news.recv_timeout(LIMIT) {
                Ok(news) => self.take(news),
                Err(_) => return,
            }
        }
    }

    fn take(&mut self, news: News) {
        match news {
            News::Output(bytes) => {
                self.parser.process(&bytes);
                self.raw.extend_from_slice(&bytes);
            }
            News::Ended(status) => self.ended = Some(status),
            News::Over => self.is_over = true,
        }
    }

    fn describe(&self) -> String {
        let end = match &self.ended {
            Some(status) => format!("it ended ({status})"),
            None => "it runs".to_owned(),
        };
        format!("{end}, the screen:\n{}", self.text())
    }

    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// All rows, blanks at their ends removed.
    pub fn text(&self) -> String {
        let (_, columns) = self.screen().size();
        let rows = self.screen().rows(0, columns.get());
        let rows: Vec<String> = rows.map(|row| row.trim_end().to_owned()).collect();
        rows.join("\n")
    }

    /// All bytes written so far.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    pub fn resize(&mut self, columns: u16, rows: u16) -> &mut Terminal {
        let size = PtySize {
            rows,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        self.master.resize(size).unwrap();
        self.parser.set_size(cells(rows), cells(columns));
        self
    }

    pub fn signal(&mut self, signal: Signal) -> &mut Terminal {
        let pid = Pid::from_raw(i32::try_from(self.pid).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
        self
    }

    /// Ends the program as a power cut would.
    pub fn kill(mut self) {
        self.signal(Signal::KILL);
        self.wait_end();
    }

    /// Waits until the program has ended of itself, checks that the terminal is as it was found, and returns the exit
    /// code.
    pub fn end(mut self) -> u32 {
        let status = self.wait_end();
        self.assert_as_found();
        assert_eq!(status.signal(), None, "{}", self.describe());
        status.exit_code()
    }

    fn wait_end(&mut self) -> ExitStatus {
        let is_done = self.wait(|terminal| terminal.ended.is_some(), false);
        assert!(is_done, "waited for the end; {}", self.describe());
        let left = modes(&*self.master);
        self.drain();
        let status = self.ended.clone().unwrap();
        if status.signal().is_none() {
            assert_eq!(left, self.found, "the line's settings differ");
        }
        status
    }

    /// The line is set as it was before the program came.
    pub fn has_found_modes(&self) -> bool {
        modes(&*self.master) == self.found
    }

    /// Nothing that salon switches on is on.
    pub fn assert_as_found(&self) {
        let screen = self.screen();
        assert!(
            !screen.alternate_screen(),
            "the alternate screen is left on"
        );
        assert!(!screen.hide_cursor(), "the cursor is left hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is left on");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        let (mut kitty, mut wheel, mut frame) = (0_i32, Vec::new(), 0_i32);
        for sequence in sequences(&self.raw) {
            match readable(&sequence).as_str() {
                push if push.starts_with("ESC[>") && push.ends_with('u') => kitty += 1,
                pop if pop.starts_with("ESC[<") && pop.ends_with('u') => kitty -= 1,
                "ESC[?2026h" => frame = 1,
                "ESC[?2026l" => frame = 0,
                "ESC[?1007s" => wheel.push('s'),
                "ESC[?1007r" => wheel.push('r'),
                "ESC[?1007l" => wheel.push('l'),
                other => {
                    let is_odd = ["ESC[?7l", "ESC[?6h", "ESC=", "ESC(0"].contains(&other);
                    assert!(!is_odd, "{other} is never switched back");
                }
            }
        }
        assert_eq!(kitty, 0, "kitty key flags are pushed and popped");
        assert_eq!(frame, 0, "a synchronized update is left open");
        let wheel: String = wheel.into_iter().collect();
        let is_given_back = wheel.replace("slr", "").is_empty();
        assert!(is_given_back, "?1007 was saved, cleared, restored: {wheel}");
    }

    /// The letter of the process's state, `T` when it is stopped.
    pub fn state(pid: u32) -> char {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after = stat.rsplit_once(") ").map_or("", |(_, after)| after);
        after.chars().next().unwrap_or('?')
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if self.ended.is_none()
            && let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw)
        {
            // A test that failed leaves no program behind.
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// How often the threads of a process have stopped running; `None` while one of them runs or wants to.
fn rest(pid: u32) -> Option<u64> {
    let mut stops = 0;
    for task in std::fs::read_dir(format!("/proc/{pid}/task"))
        .ok()?
        .flatten()
    {
        // A thread may end between the listing and the look.
        let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
        for line in status.lines() {
            if line.starts_with("State:") && !line.contains("sleeping") {
                return None;
            }
            if line.contains("ctxt_switches") {
                let count = line.split_whitespace().last()?;
                stops += count.parse::<u64>().ok()?;
            }
        }
    }
    Some(stops)
}

/// The line's settings (raw or not, echo, signals) as text that can be compared.
fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().unwrap())
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap()
}

fn read(
    mut reader: Box<dyn Read + Send>,
    kind: Kind,
    answers: &Sender<Vec<u8>>,
    tell: &Sender<News>,
) {
    let mut scanner = Scanner::default();
    let mut chunk = [0; 8192];
    // The last read of a terminal nobody holds is an error (EIO), not an end.
    while let Ok(count @ 1..) = reader.read(&mut chunk) {
        scanner.feed(&chunk[..count]);
        for asked in scanner.found.drain(..) {
            if let Some(answer) = answer(kind, &asked) {
                let _ = answers.send(answer.as_bytes().to_vec());
            }
        }
        if tell.send(News::Output(chunk[..count].to_vec())).is_err() {
            return;
        }
    }
    let _ = tell.send(News::Over);
}

/// What a terminal of this kind says to a question.
fn answer(kind: Kind, asked: &[u8]) -> Option<&'static str> {
    match (asked, kind) {
        (_, Kind::Silent) => None,
        (b"\x1b[c" | b"\x1b[0c", Kind::Modern | Kind::Light | Kind::Plain) => Some("\x1b[?62;22c"),
        (b"\x1b[?u", Kind::Modern | Kind::Light) => Some("\x1b[?0u"),
        (b"\x1b]11;?\x1b\\", Kind::Modern) => Some("\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\"),
        (b"\x1b]11;?\x1b\\", Kind::Light) => Some("\x1b]11;rgb:ffff/ffff/ffff\x07"),
        (b"\x1b[?2026$p", Kind::Modern | Kind::Light) => Some("\x1b[?2026;2$y"),
        (b"\x1b[?2026$p", Kind::Plain) => Some("\x1b[?2026;0$y"),
        _ => None,
    }
}
