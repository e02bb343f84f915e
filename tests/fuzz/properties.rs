//! What holds for any bytes a server may send. Called by the fuzz targets and, on stable Rust, by `tests/properties.rs`.

use salon::domain::chat::{ChatMessage, ChatRequest, Delta, Purpose};
use salon::domain::clean::Clean;
use salon::domain::message::Role;
use salon::domain::model::ModelRef;
use salon::provider::decode::{Ending, Fault};
use salon::provider::frame::{Frame, FrameDecoder};
use salon::provider::quirks::Quirks;
use salon::provider::wire;
use salon::settings::Wire;

/// The cap these properties set, in bytes.
const CAP: usize = 4096;

/// The first byte says into what pieces the rest is cut.
fn pieces(bytes: &[u8]) -> (impl Iterator<Item = &[u8]>, &[u8]) {
    let (size, rest) = bytes
        .split_first()
        .map_or((1, bytes), |(n, rest)| (usize::from(*n), rest));
    (rest.chunks(size.max(1)), rest)
}

fn bytes_of(frame: &Frame) -> usize {
    match frame {
        Frame::Event { name, data, .. } => name.len() + data.len(),
        Frame::Comment => 0,
        Frame::Line(text) | Frame::Json(text) | Frame::Page(text) => text.len(),
    }
}

/// Frames of these pieces, and whether the cap was reached. Every frame is checked against it: bytes that are no UTF-8
/// become three each.
fn framed<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Frame>, bool) {
    let mut decoder = FrameDecoder::with_max(CAP);
    let mut frames = Vec::new();
    let mut is_over = false;
    for piece in pieces {
        if decoder.push(piece, &mut frames).is_err() {
            is_over = true;
            break;
        }
    }
    if !is_over {
        is_over = decoder.finish(&mut frames).is_err();
    }
    for frame in &frames {
        let most = match frame {
            Frame::Page(_) => 3 * (64 << 10),
            Frame::Event { .. } | Frame::Comment | Frame::Line(_) | Frame::Json(_) => 3 * CAP,
        };
        assert!(
            bytes_of(frame) <= most,
            "a frame of {} bytes",
            bytes_of(frame)
        );
    }
    (frames, is_over)
}

/// No panic, no frame beyond the cap, and the same frames however the bytes are cut.
pub fn frames(bytes: &[u8]) {
    let (cut, rest) = pieces(bytes);
    assert_eq!(framed(cut), framed(std::iter::once(rest)));
}

/// What an answer said: words and reasoning, how often a finish came, how it ended.
#[derive(Debug, Default, PartialEq)]
struct Said {
    text: String,
    reasoning: String,
    finishes: usize,
    fault: Option<Fault>,
    ending: Option<Ending>,
}

fn said<'a>(wire: Wire, pieces: impl Iterator<Item = &'a [u8]>) -> Said {
    let question = ChatMessage::new(Role::User, "Hello?");
    let request = ChatRequest::new(ModelRef::new("test", "m"), Purpose::Turn, vec![question]);
    let body = wire::encode(wire, &request, &Quirks::default());
    let mut decoder = wire::decoder(wire, (&request, &body), None);
    let mut said = Said::default();
    let (frames, _) = framed(pieces);
    let mut deltas = Vec::new();
    for frame in frames {
        if let Err(fault) = decoder.frame(frame, &mut deltas) {
            said.fault = Some(fault);
            break;
        }
    }
    match said.fault {
        Some(_) => decoder.flush(&mut deltas),
        None => said.ending = Some(decoder.end(&mut deltas)),
    }
    for delta in deltas {
        match delta {
            Delta::Text(text) | Delta::Refusal(text) => said.text.push_str(&text),
            Delta::Reasoning(text) => said.reasoning.push_str(&text),
            Delta::Finish(_) => said.finishes += 1,
            Delta::Opened { .. } | Delta::Note(_) | Delta::Usage(_) | Delta::Alive => {}
        }
    }
    said
}

/// No panic, at most one finish, a complete answer has one, and the same words however the bytes are cut.
pub fn decoder(wire: Wire, bytes: &[u8]) {
    let (cut, rest) = pieces(bytes);
    let whole = said(wire, std::iter::once(rest));
    assert!(whole.finishes <= 1, "{whole:?}");
    if whole.ending == Some(Ending::Complete) {
        assert_eq!(whole.finishes, 1, "{whole:?}");
    }
    assert_eq!(said(wire, cut), whole);
}

/// Nothing that drives a terminal is left, and cleaning twice changes nothing.
pub fn clean(bytes: &[u8]) {
    let foreign = String::from_utf8_lossy(bytes);
    let drives = |c: char| {
        c.is_control() && c != '\n' && c != '\t'
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    for (cleaned, is_line) in [
        (Clean::text(&foreign), false),
        (Clean::line(&foreign), true),
    ] {
        let text = cleaned.as_str();
        assert!(!text.contains(drives), "{text:?}");
        assert!(!is_line || !text.contains('\n'), "{text:?}");
        let again = if is_line {
            Clean::line(text)
        } else {
            Clean::text(text)
        };
        assert_eq!(again.as_str(), text);
    }
}
