//! The walls of the house: who may import whom, no circles, sizes, first lines. The tables are the documentation.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A room, what it may name inside the crate, and what outside of it.
type Wall = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const WALLS: &[Wall] = &[
    (
        "domain",
        &["domain"],
        &[
            "std",
            "serde",
            "serde_json",
            "thiserror",
            "uuid",
            "jiff",
            "secrecy",
            "unicode_width",
            "unicode_segmentation",
            "nucleo_matcher",
            "pulldown_cmark",
        ],
    ),
    ("protocol", &["domain"], &["std", "serde", "serde_json"]),
    ("keys", &["keys", "domain"], &["std", "toml"]),
    ("manual", &["keys"], &["std"]),
    (
        "settings",
        &["settings", "domain"],
        &["std", "secrecy", "toml", "etcetera", "serde_json"],
    ),
    (
        "provider",
        &["provider", "domain", "settings", "keys", "manual"],
        &[
            "std",
            "serde",
            "serde_json",
            "thiserror",
            "memchr",
            "reqwest",
            "rustls",
            "webpki_root_certs",
            "keyring_core",
            "zbus_secret_service_keyring_store",
            "toml",
            "tokio",
            "futures",
            "secrecy",
            "jiff",
            "tracing",
        ],
    ),
    (
        "store",
        &["store", "domain", "protocol"],
        &[
            "std",
            "serde",
            "serde_json",
            "thiserror",
            "sqlx",
            "tokio",
            "futures",
            "uuid",
            "tracing",
        ],
    ),
    (
        "sync",
        &["sync", "store", "domain", "settings"],
        &[
            "std",
            "serde_json",
            "secrecy",
            "sqlx",
            "tokio",
            "tokio_util",
            "tracing",
            "uuid",
        ],
    ),
    (
        "engine",
        &[
            "engine", "protocol", "provider", "store", "sync", "domain", "settings",
        ],
        &[
            "std",
            "serde",
            "serde_json",
            "thiserror",
            "tokio",
            "tokio_util",
            "futures",
            "tracing",
            "toml",
            "uuid",
        ],
    ),
    (
        "tui",
        &["tui", "protocol", "domain", "settings", "keys", "manual"],
        &[
            "std",
            "ratatui",
            "crossterm",
            "rustix",
            "tokio",
            "futures",
            "tracing",
            "jiff",
            "pulldown_cmark",
            "syntect",
            "two_face",
            "textwrap",
            "unicode_width",
            "unicode_segmentation",
            "tui_textarea",
            "nucleo_matcher",
        ],
    ),
    (
        "cli",
        &["cli", "args", "protocol", "domain", "settings"],
        &["std", "serde", "serde_json", "tokio", "anyhow", "jiff"],
    ),
    (
        "args",
        &["domain"],
        &["std", "clap", "clap_complete", "clap_mangen"],
    ),
    (
        "log",
        &[],
        &[
            "std",
            "tracing",
            "tracing_appender",
            "tracing_subscriber",
            "anyhow",
        ],
    ),
];

/// Words that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &[
    "utils", "util", "helpers", "common", "manager", "handler", "service", "base", "data", "info",
];

/// Longest file, in lines before its tests.
const LONGEST: usize = 500;

struct File {
    /// Such as `tui/text/wrap`, without `/mod`.
    name: String,
    /// The text before `#[cfg(test)] mod tests`.
    code: String,
    path: PathBuf,
}

fn files() -> Vec<File> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&src, &mut found);
    found.sort();
    found
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let end = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
            let relative = path.strip_prefix(&src).unwrap().with_extension("");
            let name = relative
                .to_str()
                .unwrap()
                .trim_end_matches("/mod")
                .to_owned();
            File {
                name,
                code: text[..end].to_owned(),
                path,
            }
        })
        .collect()
}

/// The code without comments and string contents, so that words in them are not taken for names.
fn bare(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    let mut chars = code.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        match c {
            '/' if chars.peek() == Some(&'/') => {
                for d in chars.by_ref() {
                    if d == '\n' {
                        out.push('\n');
                        break;
                    }
                }
            }
            '"' => {
                let raw = matches!(before, 'r' | '#');
                while let Some(d) = chars.next() {
                    if d == '\\' && !raw {
                        chars.next();
                    } else if d == '"' {
                        break;
                    }
                }
                out.push_str("\"\"");
            }
            '\'' => {
                // A character, or a lifetime, which has no closing quote.
                let mut ahead = chars.clone();
                let first = ahead.next();
                let second = ahead.next();
                if first == Some('\\') {
                    chars.next();
                    chars.next();
                    for d in chars.by_ref() {
                        if d == '\'' {
                            break;
                        }
                    }
                } else if second == Some('\'') {
                    chars.next();
                    chars.next();
                }
            }
            _ => out.push(c),
        }
        before = c;
    }
    out
}

/// Every path the code names, braces of `use` trees spread out: `crate::a::b`, `std::fs`, …
fn paths(code: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let bytes = code.as_bytes();
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let mut at = 0;
    while at < bytes.len() {
        let starts = is_word(bytes[at]) && !bytes[at].is_ascii_digit();
        if starts && (at == 0 || !is_word(bytes[at - 1])) {
            let (path, end) = path_at(code, at);
            let goes_on = at >= 2 && &code[at - 2..at] == "::";
            if !goes_on && path.contains("::") {
                if code[end..].starts_with("::{") {
                    let close = closing(code, end + 2);
                    for part in spread(&code[end + 3..close]) {
                        out.insert(format!("{path}::{part}"));
                    }
                    at = close;
                    continue;
                }
                out.insert(path);
            } else if !goes_on && code[end..].starts_with("::{") {
                let close = closing(code, end + 2);
                for part in spread(&code[end + 3..close]) {
                    out.insert(format!("{path}::{part}"));
                }
                at = close;
                continue;
            }
            at = end;
        } else {
            at += 1;
        }
    }
    out
}

fn path_at(code: &str, start: usize) -> (String, usize) {
    let bytes = code.as_bytes();
    let mut end = start;
    loop {
        while end < bytes.len() && (bytes[end].is_ascii_alphanumeric() || bytes[end] == b'_') {
            end += 1;
        }
        let next = code[end..]
            .strip_prefix("::")
            .and_then(|rest| rest.bytes().next());
        if next.is_some_and(|b| b.is_ascii_alphabetic() || b == b'_') {
            end += 2;
        } else {
            return (code[start..end].to_owned(), end);
        }
    }
}

fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0;
    for (at, b) in code.bytes().enumerate().skip(open) {
        match b {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    code.len()
}

fn spread(inside: &str) -> Vec<String> {
    let (mut parts, mut depth, mut word) = (Vec::new(), 0, String::new());
    for c in inside.chars().chain([',']) {
        match c {
            ',' if depth == 0 => {
                let part = word
                    .split(" as ")
                    .next()
                    .unwrap_or("")
                    .split_whitespace()
                    .collect::<String>();
                match part.split_once("::{") {
                    Some((head, tail)) => {
                        parts.extend(
                            spread(tail.trim_end_matches('}'))
                                .into_iter()
                                .map(|p| format!("{head}::{p}")),
                        );
                    }
                    None if part.is_empty() => {}
                    None => parts.push(part),
                }
                word.clear();
            }
            _ => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                word.push(c);
            }
        }
    }
    parts
}

/// The file a path inside the crate leads to.
fn file_of(path: &[&str], names: &BTreeSet<String>) -> Option<String> {
    (1..=path.len())
        .rev()
        .map(|n| path[..n].join("/"))
        .find(|candidate| names.contains(candidate))
}

/// What a file imports inside the crate, as file names.
fn imports(file: &File, names: &BTreeSet<String>) -> BTreeSet<String> {
    let code: String = bare(&file.code)
        .lines()
        .filter(|line| {
            let line = line.trim_start();
            // Passing a child's name on is no use of it.
            !(line.starts_with("pub use ")
                || line.starts_with("mod ")
                || line.starts_with("pub mod "))
        })
        .collect::<Vec<_>>()
        .join("\n");
    let own: Vec<&str> = file.name.split('/').collect();
    let is_folder = file.path.ends_with("mod.rs");
    let mut out = BTreeSet::new();
    for path in paths(&code) {
        let parts: Vec<&str> = path.split("::").collect();
        let full: Vec<&str> = match parts[0] {
            "crate" => parts[1..].to_vec(),
            "super" => {
                let ups = parts.iter().take_while(|p| **p == "super").count();
                own[..own.len().saturating_sub(ups)]
                    .iter()
                    .copied()
                    .chain(parts[ups..].iter().copied())
                    .collect()
            }
            _ if is_folder => own.iter().copied().chain(parts.iter().copied()).collect(),
            _ => continue,
        };
        let target = file_of(&full, names);
        let is_child_path = !matches!(parts[0], "crate" | "super");
        match target {
            Some(target)
                if target != file.name
                    && (!is_child_path || target.starts_with(&format!("{}/", file.name))) =>
            {
                out.insert(target);
            }
            _ => {}
        }
    }
    out
}

#[test]
fn rooms_import_only_what_their_wall_allows() {
    let files = files();
    let names: BTreeSet<String> = files.iter().map(|f| f.name.clone()).collect();
    let mut broken = Vec::new();
    for file in &files {
        let room = file.name.split('/').next().unwrap();
        if matches!(room, "main" | "lib") {
            continue;
        }
        let Some((_, inside, outside)) = WALLS.iter().find(|(name, _, _)| *name == room) else {
            broken.push(format!("{}: room `{room}` has no wall", file.name));
            continue;
        };
        for target in imports(file, &names) {
            let target_room = target.split('/').next().unwrap();
            if target_room != room && !inside.contains(&target_room) {
                broken.push(format!("{} imports {target}", file.name));
            }
        }
        let locals: BTreeSet<&str> = files.iter().flat_map(|f| f.name.split('/')).collect();
        for line in bare(&file.code)
            .lines()
            .map(str::trim_start)
            .filter(|l| l.starts_with("use ") || l.starts_with("pub use "))
        {
            let first = line.trim_start_matches("pub ").trim_start_matches("use ");
            let first: String = first
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            let is_outside = first.starts_with(|c: char| c.is_lowercase())
                && !matches!(first.as_str(), "crate" | "super" | "self")
                && !locals.contains(first.as_str());
            if is_outside && !outside.contains(&first.as_str()) {
                broken.push(format!("{} names `{first}`", file.name));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let files = files();
    let names: BTreeSet<String> = files.iter().map(|f| f.name.clone()).collect();
    let graph: BTreeMap<String, BTreeSet<String>> = files
        .iter()
        .filter(|f| f.name != "lib")
        .map(|f| (f.name.clone(), imports(f, &names)))
        .collect();
    fn visit(
        at: &str,
        graph: &BTreeMap<String, BTreeSet<String>>,
        trail: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> Option<String> {
        if let Some(start) = trail.iter().position(|t| t == at) {
            return Some(format!("{} → {at}", trail[start..].join(" → ")));
        }
        if done.contains(at) {
            return None;
        }
        trail.push(at.to_owned());
        let circle = graph
            .get(at)
            .into_iter()
            .flatten()
            .find_map(|next| visit(next, graph, trail, done));
        trail.pop();
        done.insert(at.to_owned());
        circle
    }
    let mut done = BTreeSet::new();
    let circle = graph
        .keys()
        .find_map(|name| visit(name, &graph, &mut Vec::new(), &mut done));
    assert_eq!(circle, None);
    assert!(
        graph.values().map(BTreeSet::len).sum::<usize>() > 50,
        "the test sees too few imports to mean anything"
    );
}

#[test]
fn every_file_says_its_job_and_stays_short() {
    let mut broken = Vec::new();
    for file in files() {
        if !file.code.starts_with("//! ") {
            broken.push(format!("{}: the first line is not `//!`", file.name));
        }
        let lines = file.code.lines().count();
        if lines > LONGEST {
            broken.push(format!("{}: {lines} lines", file.name));
        }
        let last = file.name.rsplit('/').next().unwrap();
        if EMPTY_NAMES.contains(&last) {
            broken.push(format!("{}: the name says nothing", file.name));
        }
        for mark in ["TODO", "FIXME", "XXX"] {
            if file.code.contains(mark) {
                broken.push(format!("{}: {mark}", file.name));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn clocks_environment_and_output_have_their_places() {
    /// What must not stand elsewhere, and the files where it may.
    const PLACES: &[(&str, &[&str])] = &[
        ("SystemTime::now", &["main"]),
        ("Timestamp::now", &["main"]),
        ("Zoned::now", &[]),
        ("env::var", &["main"]),
        ("println!", &["main"]),
        ("process::exit", &["main"]),
    ];
    let mut broken = Vec::new();
    for file in files() {
        let code = bare(&file.code);
        for (word, allowed) in PLACES {
            let in_print_room = *word == "println!" && file.name.starts_with("cli");
            if code.contains(word) && !allowed.contains(&file.name.as_str()) && !in_print_room {
                broken.push(format!("{}: {word}", file.name));
            }
        }
        let names_instant =
            code.contains("Instant::now") && paths(&code).contains("std::time::Instant");
        if names_instant && !matches!(file.name.as_str(), "tui" | "main") {
            broken.push(format!("{}: Instant::now", file.name));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_map_names_files_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = std::fs::read_to_string(root.join("src/lib.rs")).unwrap();
    let named: Vec<&str> = map
        .lines()
        .filter(|line| line.starts_with("//!"))
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .filter(|word| word.ends_with(".rs") || word.ends_with('/'))
        .collect();
    assert!(
        named.len() >= 10,
        "the map in src/lib.rs names only {named:?}"
    );
    for name in named {
        let inside = root.join("src").join(name);
        assert!(
            inside.exists() || root.join(name).exists(),
            "{name} is on the map and not in the house"
        );
    }
}

#[test]
fn the_checks_see_what_they_look_for() {
    let found = paths(&bare(
        "use crate::{a::{b, c as d}, e::F};\nuse super::x::Y; // crate::no\nlet s = \"crate::not\"; z::w();",
    ));
    let expected = [
        "crate::a::b",
        "crate::a::c",
        "crate::e::F",
        "super::x::Y",
        "z::w",
    ];
    assert_eq!(
        found.iter().map(String::as_str).collect::<Vec<_>>(),
        expected
    );
}
