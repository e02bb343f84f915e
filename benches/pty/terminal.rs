//! A program in a pseudo terminal whose every byte has the time it came, and what the kernel says of its process.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

pub const COLUMNS: u16 = 120;
pub const ROWS: u16 = 40;

/// A program that shows nothing new for so long is broken.
const LIMIT: Duration = Duration::from_secs(60);

pub struct Terminal {
    /// When the program was started.
    pub begun: Instant,
    /// Bytes it has written.
    pub bytes: u64,
    /// When the newest bytes came.
    pub last: Instant,
    parser: vt100::Parser,
    news: Receiver<(Instant, Vec<u8>)>,
    typed: Sender<Vec<u8>>,
    child: Box<dyn Child + Send + Sync>,
    pid: u32,
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    /// Starts a program with this home and nothing else of the environment but the path.
    pub fn start(program: &Path, arguments: &[&str], home: &Path) -> Result<Terminal> {
        let pair = native_pty_system().openpty(PtySize {
            rows: ROWS,
            cols: COLUMNS,
            pixel_width: 0,
            pixel_height: 0,
        })?;
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        command.env("HOME", home);
        command.env("PATH", "/usr/bin:/bin");
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("OPENAI_API_KEY", "none-is-needed-here");
        command.cwd(home);
        let (tell, news) = channel();
        let (typed, to_type) = channel::<Vec<u8>>();
        let mut reader = pair.master.try_clone_reader()?;
        let mut writer = pair.master.take_writer()?;
        std::thread::spawn(move || {
            while let Ok(bytes) = to_type.recv() {
                if writer.write_all(&bytes).is_err() {
                    return;
                }
            }
        });
        let answers = typed.clone();
        std::thread::spawn(move || {
            let mut chunk = vec![0; 65_536];
            while let Ok(count @ 1..) = reader.read(&mut chunk) {
                let now = Instant::now();
                let bytes = chunk[..count].to_vec();
                // Asked last, so that one answer says it all.
                if bytes.windows(3).any(|three| three == b"\x1b[c") {
                    let _ = answers.send(b"\x1b[?0u\x1b[?2026;2$y\x1b[?62;22c".to_vec());
                }
                if tell.send((now, bytes)).is_err() {
                    return;
                }
            }
        });
        let begun = Instant::now();
        let child = pair.slave.spawn_command(command)?;
        let pid = child.process_id().context("no process id")?;
        let cells = |count| NonZeroU16::new(count).unwrap_or(NonZeroU16::MIN);
        Ok(Terminal {
            begun,
            bytes: 0,
            last: begun,
            parser: vt100::Parser::new(cells(ROWS), cells(COLUMNS), 0),
            news,
            typed,
            child,
            pid,
            _master: pair.master,
        })
    }

    pub fn type_text(&self, text: &str) -> Instant {
        let now = Instant::now();
        // A program that has ended is noticed by the next wait.
        let _ = self.typed.send(text.as_bytes().to_vec());
        now
    }

    /// When the bytes came that made it hold.
    pub fn wait(&mut self, what: &str, holds: impl Fn(&vt100::Screen) -> bool) -> Result<Instant> {
        let end = Instant::now() + LIMIT;
        loop {
            if holds(self.parser.screen()) {
                return Ok(self.last);
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.news.recv_timeout(left) {
                Ok(news) => self.take(news),
                Err(_) => bail!("never saw {what}; the screen:\n{}", self.text()),
            }
        }
    }

    pub fn wait_for(&mut self, words: &str) -> Result<Instant> {
        self.wait(words, |screen| screen.contents().contains(words))
    }

    /// Takes in what comes for so long.
    pub fn watch(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            if let Ok(news) = self.news.recv_timeout(left) {
                self.take(news);
            }
        }
    }

    fn take(&mut self, (at, bytes): (Instant, Vec<u8>)) {
        self.last = at;
        self.bytes += bytes.len() as u64;
        self.parser.process(&bytes);
    }

    /// Types a letter at the end of `before` and says how long it took to stand there.
    pub fn key(&mut self, before: &str, letter: char) -> Result<Duration> {
        let want = format!("{before}{letter}");
        let sent = self.type_text(letter.encode_utf8(&mut [0; 4]));
        let came = self.wait(&want, |screen| {
            screen
                .rows(0, COLUMNS)
                .skip(usize::from(ROWS) - 6)
                .any(|row| row.contains(&want))
        })?;
        Ok(came.saturating_duration_since(sent))
    }

    /// So many keys as words of twenty letters; the time of each from key to glyph.
    pub fn keys(&mut self, count: usize) -> Result<Vec<Duration>> {
        let mut times = Vec::new();
        while times.len() < count {
            let mut text = "zq".to_owned();
            self.type_text(&text);
            self.wait("the start of a word", |screen| {
                screen.contents().contains("zq")
            })?;
            for n in 0..20 {
                self.watch(Duration::from_millis(10 + (times.len() as u64 * 7) % 20));
                let letter = char::from(b'b' + ((n * 7 + times.len()) % 20) as u8);
                times.push(self.key(&text, letter)?);
                text.push(letter);
            }
            self.type_text("\x15");
            self.wait("an empty line", |screen| !screen.contents().contains("zq"))?;
        }
        Ok(times)
    }

    pub fn text(&self) -> String {
        let rows: Vec<String> = self.parser.screen().rows(0, COLUMNS).collect();
        rows.join("\n")
    }

    /// Resident memory in bytes.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid));
        let line = status.unwrap_or_default();
        let line = line.lines().find(|line| line.starts_with("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        number.and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
    }

    /// CPU time of all living threads, and how often they went to sleep of themselves.
    pub fn work(&self) -> (Duration, u64) {
        let (mut nanos, mut sleeps) = (0, 0);
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.pid));
        for task in tasks.into_iter().flatten().flatten() {
            let stat = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            let first = stat.split_whitespace().next();
            nanos += first.and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
            let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
            let line = status.lines().find(|line| line.starts_with("voluntary"));
            let count = line.and_then(|line| line.split_whitespace().last());
            sleeps += count.and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
        }
        (Duration::from_nanos(nanos), sleeps)
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        kill_process(pid.context("no process id")?, signal)?;
        Ok(())
    }

    /// Waits for the end of the program: its exit code, and whether the terminal is as it was found.
    pub fn end(mut self) -> Result<(u32, bool)> {
        let begun = Instant::now();
        let status = loop {
            self.watch(Duration::from_millis(20));
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            if begun.elapsed() > LIMIT {
                bail!("the program does not end");
            }
        };
        self.watch(Duration::from_millis(100));
        let screen = self.parser.screen();
        let is_left =
            !screen.alternate_screen() && !screen.bracketed_paste() && !screen.hide_cursor();
        Ok((status.exit_code(), is_left))
    }

    /// kill -9.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // No program stays behind a failed measurement.
        let _ = self.child.kill();
    }
}
