//! The measurements, one function a group; each prints its lines of the table.

use rustix::process::Signal;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row as _};

use super::homes::{self, Home};
use super::server::{Server, Shape};
use super::terminal::{ROWS, Terminal};

const MIB: f64 = 1024.0 * 1024.0;
/// Starts that are measured, after two to warm up.
const STARTS: usize = 20;

/// A line of the table.
struct Row {
    what: String,
    /// `None` = shown for comparison.
    bar: Option<f64>,
    measured: f64,
    unit: &'static str,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bar = self
            .bar
            .map_or(String::new(), |bar| format!("{bar:.1} {}", self.unit));
        let met = match self.bar {
            None => "",
            Some(bar) if self.measured <= bar => "yes",
            Some(_) => "NO",
        };
        let measured = format!("{:.2} {}", self.measured, self.unit);
        write!(f, "{:<58} {bar:>14} {measured:>14}  {met}", self.what)
    }
}

/// Prints a line of the table.
fn show(what: impl Into<String>, bar: impl Into<Option<f64>>, measured: f64, unit: &'static str) {
    let row = Row {
        what: what.into(),
        bar: bar.into(),
        measured,
        unit,
    };
    println!("{row}");
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The value so many percent of the others do not exceed.
fn part(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    let at = (times.len().saturating_sub(1) * percent).div_ceil(100);
    times.get(at).copied().map_or(f64::NAN, ms)
}

/// What the measurements share.
pub struct Bench {
    server: Server,
    salon: PathBuf,
}

impl Bench {
    pub fn new() -> Result<Bench> {
        Ok(Bench {
            server: Server::start()?,
            salon: PathBuf::from(env!("CARGO_BIN_EXE_salon")),
        })
    }

    fn open(&self, home: &Home) -> Result<Terminal> {
        Terminal::start(&self.salon, &[], home.path())
    }

    /// Started, ready, and with this many words on their way.
    fn asking(&self, home: &Home, tokens: u64, rate: u64, shape: Shape) -> Result<Terminal> {
        let mut terminal = self.open(home)?;
        terminal.wait_for("openai/gpt-4o")?;
        terminal.watch(Duration::from_millis(500));
        self.server.next(tokens, rate, shape);
        terminal.type_text("Please answer at length");
        terminal.wait_for("answer at length")?;
        terminal.type_text("\r");
        Ok(terminal)
    }
}

/// Times of the first full frame and of the first key after it.
fn starts(
    open: impl Fn() -> Result<Terminal>,
    is_full: impl Fn(&vt100::Screen) -> bool + Copy,
) -> Result<(f64, f64, Terminal)> {
    let (mut full, mut typed) = (Vec::new(), Vec::new());
    let mut left = None;
    for n in 0..STARTS + 2 {
        let mut terminal = open()?;
        let shown = terminal.wait("a full screen", is_full)?;
        terminal.type_text("z");
        terminal.type_text("q");
        let key = terminal.wait("a typed key", |screen| screen.contents().contains("zq"))?;
        if n >= 2 {
            full.push(shown.saturating_duration_since(terminal.begun));
            typed.push(key.saturating_duration_since(terminal.begun));
        }
        terminal.type_text("\x15");
        terminal.watch(Duration::from_millis(700));
        left = Some(terminal);
    }
    let left = left.context("nothing was started")?;
    Ok((part(&mut full, 50), part(&mut typed, 50), left))
}

/// The list stands in nearly every row of the left pane.
fn is_filled(screen: &vt100::Screen) -> bool {
    let rows = screen.rows(0, 29).filter(|row| !row.trim().is_empty());
    rows.count() + 2 >= usize::from(ROWS)
}

/// Start with the large database, beside the floor; memory after it.
pub fn start(bench: &mut Bench) -> Result<()> {
    let home = Home::with(&bench.server, &homes::large()?)?;
    let itself = std::env::current_exe()?;
    let floor = || Terminal::start(&itself, &["--floor"], home.path());
    let (floor_full, floor_typed, _) = starts(floor, |screen| screen.contents().contains('>'))?;
    let (full, typed, terminal) = starts(|| bench.open(&home), is_filled)?;
    show("floor: full frame", None, floor_full, "ms");
    show("floor: first key shown", None, floor_typed, "ms");
    show(
        "S1 list filled, 1,000,000 messages",
        3.0 * floor_full,
        full,
        "ms",
    );
    show("S1 first key shown", 3.0 * floor_typed, typed, "ms");
    show(
        "S6 memory after it",
        40.0,
        terminal.memory() as f64 / MIB,
        "MiB",
    );
    Ok(())
}

/// Key to glyph at rest, at 100 tokens a second, and at 5,000 into a long conversation.
pub fn keys(bench: &mut Bench) -> Result<()> {
    let itself = std::env::current_exe()?;
    let home = Home::new(&bench.server)?;
    let mut floor = Terminal::start(&itself, &["--floor"], home.path())?;
    floor.wait_for(">")?;
    let mut times = floor.keys(200)?;
    show(
        "floor: key to glyph, 99 %",
        None,
        part(&mut times, 99),
        "ms",
    );

    let mut terminal = bench.open(&home)?;
    terminal.wait_for("openai/gpt-4o")?;
    let mut times = terminal.keys(1000)?;
    show(
        "S2 key to glyph at rest, half",
        None,
        part(&mut times, 50),
        "ms",
    );
    show(
        "S2 key to glyph at rest, 99 %",
        5.0,
        part(&mut times, 99),
        "ms",
    );
    drop(terminal);

    let mut terminal = bench.asking(&home, 20_000, 100, Shape::Mixed)?;
    terminal.wait_for("w000010")?;
    let mut times = terminal.keys(1000)?;
    show(
        "S2 at 100 tokens a second, half",
        None,
        part(&mut times, 50),
        "ms",
    );
    show(
        "S2 at 100 tokens a second, 99 %",
        5.0,
        part(&mut times, 99),
        "ms",
    );
    drop(terminal);

    let home = Home::with(&bench.server, &homes::long(5000, 300)?)?;
    let mut terminal = bench.asking(&home, 1_000_000, 5000, Shape::Mixed)?;
    terminal.wait("words", |screen| screen.contents().contains(" w0"))?;
    let mut times = terminal.keys(1000)?;
    show(
        "S2 at 5,000, into 5,000 messages, half",
        None,
        part(&mut times, 50),
        "ms",
    );
    show(
        "S2 at 5,000, into 5,000 messages, 99 %",
        8.0,
        part(&mut times, 99),
        "ms",
    );
    Ok(())
}

/// Key to glyph while three answers are written at once beside 10,000 conversations, and rest after them.
pub fn three(bench: &mut Bench) -> Result<()> {
    let home = Home::with(&bench.server, &homes::large()?)?;
    let mut terminal = bench.open(&home)?;
    terminal.wait("a full screen", is_filled)?;
    bench.server.next(6_000, 100, Shape::Mixed);
    for question in ["first of three", "second of three", "third of three"] {
        // A new conversation each time; the answers before go on.
        terminal.type_text("\x18n");
        terminal.wait_for("Ask anything")?;
        terminal.type_text(question);
        terminal.wait_for(question)?;
        terminal.type_text("\r");
        terminal.wait_for("w000010")?;
    }
    let mut times = terminal.keys(1000)?;
    for (percent, bar) in [(50, None), (99, Some(5.0))] {
        let what = format!("S2 three answers at 100 tokens a second, {percent} %");
        show(what, bar, part(&mut times, percent), "ms");
    }
    terminal.wait_for("THE-END")?;
    at_rest(&mut terminal, "after three answers");
    Ok(())
}

/// What a token costs early and late, and how far the screen is behind after a burst.
pub fn stream(bench: &mut Bench) -> Result<()> {
    let shapes = [
        ("one paragraph", Shape::Prose),
        ("one code block", Shape::Code),
        ("mixed", Shape::Mixed),
    ];
    for (name, shape) in shapes {
        let home = Home::new(&bench.server)?;
        let mut terminal = bench.asking(&home, 105_000, 5000, shape)?;
        let mut at = |tokens| {
            while bench.server.sent() < tokens {
                terminal.watch(Duration::from_millis(5));
            }
            (bench.server.sent(), terminal.work().0)
        };
        let marks = [at(1000), at(11_000), at(90_000), at(100_000)];
        terminal.wait_for("THE-END")?;
        let cost = |from: (u64, Duration), to: (u64, Duration)| {
            to.1.saturating_sub(from.1).as_secs_f64() * 1e6 / (to.0 - from.0) as f64
        };
        let (early, late) = (cost(marks[0], marks[1]), cost(marks[2], marks[3]));
        let what = format!("{name}: a token at 1,000, 5,000 a second");
        show(what, None, early, "µs");
        show(
            format!("S3 {name}: late against early"),
            1.2,
            late / early,
            "×",
        );
        drop(terminal);

        let home = Home::new(&bench.server)?;
        let mut terminal = bench.asking(&home, 20_000, 0, shape)?;
        let before = terminal.work().0;
        let shown = terminal.wait_for("THE-END")?;
        // With what is done after the last word.
        terminal.watch(Duration::from_millis(500));
        let cost = terminal.work().0.saturating_sub(before).as_secs_f64() * 1e6 / 20_000.0;
        let what = format!("S3 {name}: a token at full speed");
        show(what, 20.0, cost, "µs");
        let behind = shown.saturating_duration_since(bench.server.last());
        show(
            format!("S3 {name}: behind after 20,000"),
            20.0,
            ms(behind),
            "ms",
        );
    }
    Ok(())
}

/// 100 tokens a second of prose: CPU and bytes, with the side panes and without.
pub fn prose(bench: &mut Bench) -> Result<()> {
    for (name, before) in [("all panes", ""), ("reading", "\x1b[17~")] {
        let home = Home::new(&bench.server)?;
        let mut terminal = bench.asking(&home, 3000, 100, Shape::Prose)?;
        terminal.wait_for("w000020")?;
        terminal.type_text(before);
        // Until the screen is full and moves.
        terminal.wait_for("w000600")?;
        let (sent, bytes, work, begun) = (
            bench.server.sent(),
            terminal.bytes,
            terminal.work().0,
            Instant::now(),
        );
        terminal.watch(Duration::from_secs(10));
        let time = begun.elapsed().as_secs_f64();
        let cpu = terminal.work().0.saturating_sub(work).as_secs_f64() / time;
        let characters = (bench.server.sent() - sent) * 8;
        let cost = (terminal.bytes - bytes) as f64 / characters as f64;
        show(
            format!("S3 100 tokens a second, {name}: CPU"),
            5.0,
            cpu * 100.0,
            "%",
        );
        show(format!("S4 bytes a character, {name}"), 60.0, cost, "B");
    }
    Ok(())
}

/// A minute at rest, from two minutes after the last request on.
pub fn rest(bench: &mut Bench) -> Result<()> {
    let home = Home::new(&bench.server)?;
    let mut terminal = bench.asking(&home, 50, 0, Shape::Mixed)?;
    terminal.wait_for("THE-END")?;
    at_rest(&mut terminal, "at rest");
    Ok(())
}

/// What a minute costs, from two minutes on.
fn at_rest(terminal: &mut Terminal, when: &str) {
    terminal.watch(Duration::from_secs(125));
    let (bytes, (work, sleeps)) = (terminal.bytes, terminal.work());
    terminal.watch(Duration::from_secs(60));
    let (work_after, sleeps_after) = terminal.work();
    let bytes = (terminal.bytes - bytes) as f64;
    let sleeps = sleeps_after.saturating_sub(sleeps) as f64;
    let work = ms(work_after.saturating_sub(work));
    show(format!("S5 a minute {when}: bytes"), 0.0, bytes, "B");
    show(format!("S5 wake-ups {when}"), 0.0, sleeps, "");
    show(format!("S5 CPU {when}"), 0.0, work, "ms");
}

/// An open conversation of 2,000 messages and 2 MB.
pub fn history(bench: &mut Bench) -> Result<()> {
    let empty = Home::new(&bench.server)?;
    let mut terminal = bench.open(&empty)?;
    terminal.wait_for("openai/gpt-4o")?;
    terminal.watch(Duration::from_secs(1));
    let without = terminal.memory();
    drop(terminal);

    let home = Home::with(&bench.server, &homes::long(2000, 1000)?)?;
    let mut shown = Vec::new();
    for _ in 0..5 {
        let mut terminal = bench.open(&home)?;
        let at = terminal.wait_for("m1999")?;
        shown.push(at.saturating_duration_since(terminal.begun));
    }
    let mut terminal = bench.open(&home)?;
    terminal.wait_for("m1999")?;
    terminal.watch(Duration::from_secs(1));
    let mut times = Vec::new();
    for _ in 0..200 {
        let before = terminal.text();
        let sent = terminal.type_text("\x1b[5~");
        let moved = terminal.wait("another page", |screen| {
            let rows: Vec<String> = screen.rows(0, super::terminal::COLUMNS).collect();
            rows.join("\n") != before
        })?;
        times.push(moved.saturating_duration_since(sent));
        terminal.watch(Duration::from_millis(20));
    }
    let more = terminal.memory().saturating_sub(without) as f64 / MIB;
    show(
        "S6 2,000 messages shown, from the start on",
        50.0,
        part(&mut shown, 50),
        "ms",
    );
    show("S6 PageUp, half", 1.0, part(&mut times, 50), "ms");
    show("S6 PageUp, 99 %", 8.0, part(&mut times, 99), "ms");
    show("S6 memory more than without", 30.0, more, "MiB");
    Ok(())
}

/// kill -9 at different moments of a reply.
pub fn kills(bench: &mut Bench) -> Result<()> {
    let count = std::env::var("SALON_BENCH_KILLS")
        .ok()
        .and_then(|n| n.parse().ok());
    let count: u64 = count.unwrap_or(20);
    let (mut questions, mut late, mut unsound) = (0_u64, Duration::ZERO, 0_u64);
    for n in 0..count {
        let home = Home::new(&bench.server)?;
        let mut terminal = bench.asking(&home, 100_000, 500, Shape::Mixed)?;
        terminal.wait_for("Esc stops")?;
        terminal.watch(Duration::from_millis(37 + n * 331 % 6000));
        let sent = bench.server.sent();
        terminal.kill();
        let mut again = bench.open(&home)?;
        let is_shown = again.wait_for("answer at length").is_ok();
        questions += u64::from(!is_shown);
        drop(again);
        let kept = read(
            &home.database(),
            "SELECT max(content) FROM message WHERE role = 'assistant'",
        )?;
        let words = kept
            .rsplit('w')
            .find_map(|word| word.trim().get(..6)?.parse::<u64>().ok());
        let lost = sent.saturating_sub(words.map_or(0, |n| n + 1));
        late = late.max(Duration::from_secs_f64(lost as f64 / 500.0));
        let check = read(&home.database(), "PRAGMA integrity_check")?;
        unsound += u64::from(check != "ok");
    }
    show(
        format!("S7 of {count} kills: questions not shown again"),
        0.0,
        questions as f64,
        "",
    );
    show(
        "S7 the most of a reply that was lost",
        2000.0,
        ms(late),
        "ms",
    );
    show("S7 databases not sound", 0.0, unsound as f64, "");
    Ok(())
}

/// Leaving by the quit key, TERM and HUP: the terminal as it was found, the exit code right.
pub fn leaving(bench: &mut Bench) -> Result<()> {
    let ways = [
        ("quit", None, 0),
        ("TERM", Some(Signal::TERM), 143),
        ("HUP", Some(Signal::HUP), 129),
    ];
    for (name, signal, code) in ways {
        let home = Home::new(&bench.server)?;
        let mut terminal = bench.asking(&home, 100, 0, Shape::Mixed)?;
        terminal.wait_for("answer at length")?;
        terminal.watch(Duration::from_millis(500));
        match signal {
            Some(signal) => terminal.signal(signal)?,
            None => {
                terminal.type_text("/quit\r");
            }
        }
        let (ended, is_left) = terminal.end()?;
        let wrong = u32::from(ended != code) + u32::from(!is_left);
        show(
            format!("S8 {name}: exit code or modes wrong"),
            0.0,
            f64::from(wrong),
            "",
        );
    }
    Ok(())
}

/// The first value, as text; empty when it is null.
fn read(database: &Path, sql: &'static str) -> Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut outside = SqliteConnectOptions::new()
            .filename(database)
            .connect()
            .await?;
        let row = sqlx::query(sql).fetch_one(&mut outside).await?;
        Ok(row.get::<Option<String>, _>(0).unwrap_or_default())
    })
}

/// The program's own size.
pub fn size(bench: &mut Bench) -> Result<()> {
    let bytes = std::fs::metadata(&bench.salon)?.len();
    ensure!(bytes > 0, "the program is empty");
    show("S9 release binary", 25.0, bytes as f64 / MIB, "MiB");
    Ok(())
}
