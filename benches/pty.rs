//! Measures the release program in a pseudo terminal against the bars of speed and size, beside a floor that does
//! nothing but draw. Linux only: it reads /proc.
//!
//! ```sh
//! cargo bench --bench pty                # all, about fifteen minutes
//! cargo bench --bench pty -- start keys  # some: start keys three stream prose rest history kills leaving size
//! ```
//!
//! `SALON_BENCH_DATA` names a folder with a salon.db of 10,000 conversations and 1,000,000 messages (it is copied);
//! without it one is made under target/bench-data, once. `SALON_BENCH_KILLS` is the number of kills, 20 if not set.
//! `SALON_BENCH_HUB=silent` gives every salon a hub that takes connections and never answers.
//! The machine should be quiet, for other work shows in the figures; as root, `chrt -r 1 cargo bench …` keeps it out.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for measuring prints what it measured"
)]

#[path = "pty/floor.rs"]
mod floor;
#[path = "pty/homes.rs"]
mod homes;
#[path = "pty/measures.rs"]
mod measures;
#[path = "pty/server.rs"]
mod server;
#[path = "pty/terminal.rs"]
mod terminal;

use std::process::ExitCode;

use anyhow::Result;
use measures::Bench;

type Measure = fn(&mut Bench) -> Result<()>;

const MEASURES: &[(&str, Measure)] = &[
    ("start", measures::start),
    ("keys", measures::keys),
    ("three", measures::three),
    ("stream", measures::stream),
    ("prose", measures::prose),
    ("rest", measures::rest),
    ("history", measures::history),
    ("kills", measures::kills),
    ("leaving", measures::leaving),
    ("size", measures::size),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--floor") {
        return floor::run().map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    // Cargo itself adds `--bench`.
    let wanted: Vec<&String> = words
        .iter()
        .filter(|word| !word.starts_with("--"))
        .collect();
    let mut bench = match Bench::new() {
        Ok(bench) => bench,
        Err(error) => {
            eprintln!("{error:#}");
            return ExitCode::FAILURE;
        }
    };
    let mut is_whole = true;
    println!("{:<58} {:>14} {:>14}  met", "what", "bar", "measured");
    for (name, measure) in MEASURES {
        if !wanted.is_empty() && !wanted.iter().any(|word| word == name) {
            continue;
        }
        if let Err(error) = measure(&mut bench) {
            is_whole = false;
            eprintln!("{name}: {error:#}");
        }
    }
    if is_whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
