//! The properties of `tests/fuzz/properties.rs` on stable Rust: recorded streams, damaged ones, and arbitrary bytes.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "fuzz/properties.rs"]
mod properties;

use std::path::Path;

use proptest::prelude::*;
use salon::settings::Wire;

/// The wires with the folders of their recorded streams.
const WIRES: [(Wire, &str); 4] = [
    (Wire::ChatCompletions, "chat"),
    (Wire::Responses, "responses"),
    (Wire::Messages, "messages"),
    (Wire::Ollama, "ollama"),
];

/// Every recorded body with its wire.
fn recorded() -> Vec<(Wire, Vec<u8>)> {
    let mut all = Vec::new();
    for (wire, folder) in WIRES {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/wires")
            .join(folder);
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "txt") {
                let text = std::fs::read(path).unwrap();
                let body = body_of(&text);
                if !body.is_empty() {
                    all.push((wire, body.to_vec()));
                }
            }
        }
    }
    all.sort_by(|a, b| a.1.cmp(&b.1));
    all
}

/// What follows the head of the recorded answer.
fn body_of(answer: &[u8]) -> &[u8] {
    let ends = [&b"\r\n\r\n"[..], &b"\n\n"[..]]
        .into_iter()
        .filter_map(|end| {
            let at = answer.windows(end.len()).position(|part| part == end)?;
            Some(at + end.len())
        });
    match ends.min() {
        Some(at) if answer.starts_with(b"HTTP/") => &answer[at..],
        _ => answer,
    }
}

fn check(wire: Wire, size: u8, body: &[u8]) {
    let mut bytes = vec![size];
    bytes.extend_from_slice(body);
    properties::frames(&bytes);
    properties::decoder(wire, &bytes);
    properties::clean(&bytes);
}

#[test]
fn recorded_streams_keep_to_them() {
    let all = recorded();
    assert!(all.len() > 60, "only {} recordings", all.len());
    for (wire, body) in all {
        for size in [1, 2, 3, 7, 64, 255] {
            check(wire, size, &body);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_streams_keep_to_them(
        which in any::<prop::sample::Index>(),
        size in 1_u8..80,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 0..6),
    ) {
        let all = recorded();
        let (wire, mut body) = which.get(&all).clone();
        for (place, byte, how) in damage {
            if body.is_empty() {
                break;
            }
            let at = place.index(body.len());
            match how {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                2 => { body.remove(at); }
                _ => body.truncate(at),
            }
        }
        check(wire, size, &body);
    }

    #[test]
    fn arbitrary_bytes_keep_to_them(bytes in prop::collection::vec(any::<u8>(), 0..600), size in any::<u8>()) {
        for (wire, _) in WIRES {
            check(wire, size, &bytes);
        }
    }

    #[test]
    fn arbitrary_words_keep_to_them(text in "\\PC{0,80}|[ -~\u{1b}\u{9b}\u{202e}\n\r\t]{0,200}", size in any::<u8>()) {
        for (wire, _) in WIRES {
            check(wire, size, text.as_bytes());
        }
    }
}
