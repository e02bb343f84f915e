//! Bytes of a streamed body into frames: SSE, NDJSON, one JSON body or a web page, told apart by the body itself.
//!
//! Pure and bounded. Where the standard would lose something that explains a failure, it is kept (`wire.md` 6): lines
//! that are no field, bodies that are no event stream, and a last event without its blank line.

use memchr::memchr2;

/// A complete piece of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A dispatched event.
    Event {
        /// The `event:` line; empty when there was none.
        name: String,
        data: String,
        /// The body ended before the blank line: the data may be half.
        is_cut: bool,
    },
    /// A comment: a sign of life.
    Comment,
    /// A line that is no known field, such as `error: {…}` of older llama.cpp.
    Line(String),
    /// A line of NDJSON, or the whole body when it began like JSON.
    Json(String),
    /// The beginning of a body that began with `<`.
    Page(String),
}

/// An event, a line or a body is larger than the decoder allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event is larger than {0} bytes")]
pub struct TooBig(pub usize);

/// The largest event (`wire.md` 6, point 11).
pub const MAX_EVENT: usize = 32 << 20;
/// Lines that are no field and no JSON: as many are told, the rest is dropped.
const MAX_STRAYS: usize = 64;
/// Bytes of such a line that are kept.
const MAX_STRAY: usize = 2 << 10;
/// Bytes of a web page that are kept.
const MAX_PAGE: usize = 64 << 10;

const BOM: [u8; 3] = [0xef, 0xbb, 0xbf];

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    /// So many bytes of a byte order mark were seen.
    Mark(usize),
    /// Nothing but blanks so far.
    Start,
    Sse,
    /// Each line is a JSON value.
    JsonLines,
    /// The first line was no JSON value by itself: the body as a whole is one, if anything.
    JsonBody,
    Page,
}

/// The state between two chunks of a body.
pub struct FrameDecoder {
    max: usize,
    mode: Mode,
    /// The last line ended with CR: a LF that comes next belongs to it.
    skip_lf: bool,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// The data lines of the event so far; `None` = not one.
    data: Option<String>,
    name: String,
    /// The body so far in `JsonBody` and `Page`.
    body: Vec<u8>,
    strays: usize,
}

impl Default for FrameDecoder {
    fn default() -> Self {
        FrameDecoder::with_max(MAX_EVENT)
    }
}

impl FrameDecoder {
    /// A decoder that refuses events larger than `max` bytes.
    pub fn with_max(max: usize) -> Self {
        FrameDecoder {
            max,
            mode: Mode::Mark(0),
            skip_lf: false,
            line: Vec::new(),
            data: None,
            name: String::new(),
            body: Vec::new(),
            strays: 0,
        }
    }

    /// Appends the frames these bytes complete. The frames do not depend on how the body is split into chunks.
    /// After `TooBig` the decoder is of no further use; frames completed before it are in `out`.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<Frame>) -> Result<(), TooBig> {
        let mut rest = self.begin(chunk);
        if self.mode == Mode::Page {
            self.keep_page(rest);
            return Ok(());
        }
        while !rest.is_empty() {
            if std::mem::take(&mut self.skip_lf) && rest[0] == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let Some(end) = memchr2(b'\n', b'\r', rest) else {
                self.fits(self.line.len() + rest.len())?;
                self.line.extend_from_slice(rest);
                return Ok(());
            };
            self.skip_lf = rest[end] == b'\r';
            self.fits(self.line.len() + end)?;
            if self.line.is_empty() {
                self.on_line(&rest[..end], out)?;
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(&rest[..end]);
                self.on_line(&line, out)?;
                line.clear();
                self.line = line;
            }
            rest = &rest[end + 1..];
        }
        Ok(())
    }

    /// The body is over: appends what was still open, marked as cut.
    pub fn finish(&mut self, out: &mut Vec<Frame>) -> Result<(), TooBig> {
        if let Mode::Mark(seen) = self.mode {
            self.line.extend_from_slice(&BOM[..seen]);
            self.mode = Mode::Sse;
        }
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.on_line(&line, out)?;
        }
        self.dispatch(true, out);
        let body = std::mem::take(&mut self.body);
        match self.mode {
            Mode::JsonBody => out.push(Frame::Json(text(&body))),
            Mode::Page => out.push(Frame::Page(text(&body))),
            Mode::Mark(_) | Mode::Start | Mode::Sse | Mode::JsonLines => {}
        }
        Ok(())
    }

    /// Drops a byte order mark and leading blanks and chooses the mode; returns what is left of the chunk.
    fn begin<'a>(&mut self, chunk: &'a [u8]) -> &'a [u8] {
        let mut rest = chunk;
        while let Mode::Mark(seen) = self.mode {
            match rest.split_first() {
                None => return rest,
                Some((b, tail)) if *b == BOM[seen] => {
                    self.mode = if seen == 2 {
                        Mode::Start
                    } else {
                        Mode::Mark(seen + 1)
                    };
                    rest = tail;
                }
                Some(_) => {
                    self.line.extend_from_slice(&BOM[..seen]);
                    self.mode = if seen == 0 { Mode::Start } else { Mode::Sse };
                }
            }
        }
        if self.mode == Mode::Start {
            rest = rest.trim_ascii_start();
            self.mode = match rest.first() {
                None => Mode::Start,
                Some(b'{' | b'[') => Mode::JsonLines,
                Some(b'<') => Mode::Page,
                Some(_) => Mode::Sse,
            };
        }
        rest
    }

    fn on_line(&mut self, line: &[u8], out: &mut Vec<Frame>) -> Result<(), TooBig> {
        match self.mode {
            Mode::JsonLines => match line.trim_ascii().first() {
                None => Ok(()),
                Some(b'{' | b'[') => {
                    if serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok() {
                        out.push(Frame::Json(text(line)));
                    } else {
                        self.mode = Mode::JsonBody;
                        self.body.extend_from_slice(line);
                    }
                    Ok(())
                }
                Some(_) => {
                    self.mode = Mode::Sse;
                    self.on_field(line, out)
                }
            },
            Mode::JsonBody => {
                self.fits(self.body.len() + line.len() + 1)?;
                self.body.push(b'\n');
                self.body.extend_from_slice(line);
                Ok(())
            }
            Mode::Mark(_) | Mode::Start | Mode::Sse | Mode::Page => self.on_field(line, out),
        }
    }

    /// A line of an event stream (WHATWG HTML, 9.2.6).
    fn on_field(&mut self, line: &[u8], out: &mut Vec<Frame>) -> Result<(), TooBig> {
        if line.is_empty() {
            self.dispatch(false, out);
            return Ok(());
        }
        let (field, value) = match line.iter().position(|b| *b == b':') {
            Some(0) => {
                out.push(Frame::Comment);
                return Ok(());
            }
            Some(colon) => {
                let value = &line[colon + 1..];
                (&line[..colon], value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &line[line.len()..]),
        };
        match field {
            b"data" => {
                let value = String::from_utf8_lossy(value);
                match &mut self.data {
                    None => self.data = Some(value.into_owned()),
                    Some(data) => {
                        if data.len() + value.len() >= self.max {
                            return Err(TooBig(self.max));
                        }
                        data.push('\n');
                        data.push_str(&value);
                    }
                }
            }
            b"event" => self.name = text(value),
            b"id" | b"retry" => {}
            _ => self.stray(line, out),
        }
        Ok(())
    }

    fn stray(&mut self, line: &[u8], out: &mut Vec<Frame>) {
        let is_whole = line.starts_with(b"{") || line.starts_with(b"error");
        if !line.starts_with(b"{") {
            if self.strays >= MAX_STRAYS {
                return;
            }
            self.strays += 1;
        }
        let most = if is_whole { line.len() } else { MAX_STRAY };
        out.push(Frame::Line(text(&line[..line.len().min(most)])));
    }

    fn dispatch(&mut self, is_cut: bool, out: &mut Vec<Frame>) {
        let name = std::mem::take(&mut self.name);
        if let Some(data) = self.data.take() {
            out.push(Frame::Event { name, data, is_cut });
        }
    }

    fn keep_page(&mut self, bytes: &[u8]) {
        let room = MAX_PAGE.saturating_sub(self.body.len()).min(bytes.len());
        self.body.extend_from_slice(&bytes[..room]);
    }

    /// Whether the body is a web page and enough of it is here to say so.
    pub fn is_page(&self) -> bool {
        self.mode == Mode::Page && self.body.len() == MAX_PAGE
    }

    fn fits(&self, bytes: usize) -> Result<(), TooBig> {
        if bytes > self.max {
            return Err(TooBig(self.max));
        }
        Ok(())
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(data: &str) -> Frame {
        named("", data)
    }

    fn named(name: &str, data: &str) -> Frame {
        Frame::Event {
            name: name.to_owned(),
            data: data.to_owned(),
            is_cut: false,
        }
    }

    fn cut(data: &str) -> Frame {
        Frame::Event {
            name: String::new(),
            data: data.to_owned(),
            is_cut: true,
        }
    }

    fn line(text: &str) -> Frame {
        Frame::Line(text.to_owned())
    }

    fn json(text: &str) -> Frame {
        Frame::Json(text.to_owned())
    }

    fn frames(chunks: &[&[u8]]) -> Vec<Frame> {
        let (mut decoder, mut out) = (FrameDecoder::default(), Vec::new());
        for chunk in chunks {
            decoder.push(chunk, &mut out).unwrap();
        }
        decoder.finish(&mut out).unwrap();
        out
    }

    #[test]
    fn bodies_become_frames() {
        let cases: &[(&[u8], Vec<Frame>)] = &[
            (b"data: a\n\ndata: b\n\n", vec![event("a"), event("b")]),
            (b"data: a\r\n\r\ndata: b\r\r", vec![event("a"), event("b")]),
            (b"\xef\xbb\xbfdata: a\n\n", vec![event("a")]),
            (b"\xef\xbbdata: a\n\n", vec![line("\u{fffd}data: a")]),
            (b"data:a\ndata:  b\n\n", vec![event("a\n b")]),
            (b"data\n\n", vec![event("")]),
            (
                b"event: error\ndata: x\n\ndata: y\n\n",
                vec![named("error", "x"), event("y")],
            ),
            (b"event: one\n\ndata: y\n\n", vec![event("y")]),
            (
                b"event: one\nevent: two\ndata: y\n\n",
                vec![named("two", "y")],
            ),
            (
                b": ping\n:\nid: 1\nretry: 5\n\n",
                vec![Frame::Comment, Frame::Comment],
            ),
            (b"data: a:b\n\n", vec![event("a:b")]),
            (b"data: \xff\n\n", vec![event("\u{fffd}")]),
            (b"data: a", vec![cut("a")]),
            (b"data: a\n", vec![cut("a")]),
            (
                b"data: a\n\nerror: {\"x\":1}\n",
                vec![event("a"), line("error: {\"x\":1}")],
            ),
            (
                b"data: a\n\n{\"x\":1}\n",
                vec![event("a"), line("{\"x\":1}")],
            ),
            (
                b"{\"a\":1}\n{\"b\":2}\n\ndata: [DONE]\n\n",
                vec![json("{\"a\":1}"), json("{\"b\":2}"), event("[DONE]")],
            ),
            (b" \r\n{\n \"a\": 1\n}\n", vec![json("{\n \"a\": 1\n}")]),
            (
                b"{malformed json: <<<chaos>>>",
                vec![json("{malformed json: <<<chaos>>>")],
            ),
            (b"[{\"error\":1}]", vec![json("[{\"error\":1}]")]),
            (
                b"\n<html>\n<title>x</title>",
                vec![Frame::Page("<html>\n<title>x</title>".to_owned())],
            ),
            (b"", vec![]),
            (b"\n\n\n", vec![]),
        ];
        for (body, expected) in cases {
            assert_eq!(&frames(&[body]), expected, "{}", body.escape_ascii());
            for at in 0..=body.len() {
                let (left, right) = body.split_at(at);
                assert_eq!(
                    &frames(&[left, right]),
                    expected,
                    "{} split at {at}",
                    body.escape_ascii()
                );
            }
            let bytes: Vec<&[u8]> = body.chunks(1).collect();
            assert_eq!(
                &frames(&bytes),
                expected,
                "{} by bytes",
                body.escape_ascii()
            );
        }
    }

    #[test]
    fn a_carriage_return_ends_the_line_now() {
        let (mut decoder, mut out) = (FrameDecoder::default(), Vec::new());
        decoder.push(b"data: a\r\r", &mut out).unwrap();
        assert_eq!(out, [event("a")]);
    }

    #[test]
    fn what_is_too_big_is_refused_however_it_comes() {
        let long = [b"data: ".as_slice(), &[b'x'; 100], b"\n\n"].concat();
        let many = b"data: 0123456789\n".repeat(8);
        let body = [b"{\n".as_slice(), &b"  \"a\": 1,\n".repeat(20)].concat();
        for bytes in [long, many, body] {
            for size in [1, 7, 1000] {
                let (mut decoder, mut out) = (FrameDecoder::with_max(64), Vec::new());
                let all = bytes
                    .chunks(size)
                    .try_for_each(|c| decoder.push(c, &mut out));
                assert_eq!(all, Err(TooBig(64)), "{} by {size}", bytes.escape_ascii());
                assert!(out.is_empty());
            }
        }
    }

    #[test]
    fn strays_are_bounded() {
        let mut body = b"data: a\n\n".to_vec();
        body.extend_from_slice(
            &[b"noise ".repeat(1000).as_slice(), b"\n"]
                .concat()
                .repeat(200),
        );
        let out = frames(&[&body]);
        assert_eq!(out.len(), 1 + MAX_STRAYS);
        assert!(matches!(&out[1], Frame::Line(text) if text.len() == MAX_STRAY));
    }

    #[test]
    fn a_long_line_in_small_chunks_costs_no_more_than_its_length() {
        // A decoder that scans from the line's beginning at each chunk would look at 16 GiB here and not come back.
        let (mut decoder, mut out) = (FrameDecoder::default(), Vec::new());
        decoder.push(b"data: ", &mut out).unwrap();
        for _ in 0..32_768 {
            decoder.push(&[b'x'; 32], &mut out).unwrap();
        }
        decoder.push(b"\n\n", &mut out).unwrap();
        assert!(matches!(&out[..], [Frame::Event { data, .. }] if data.len() == 1 << 20));
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_frames(
            parts in proptest::collection::vec(
                proptest::sample::select(vec![
                    "data: ", "data", ":", " ", "\n", "\r", "\r\n", "event: e", "{\"a\":1}", "{", "<", "é", "日本", "👩‍👩‍👧‍👦",
                    "\u{feff}", "error: {}", "x", "\n\n", "[DONE]",
                ]), 0..40),
            broken in any::<bool>(),
            cuts in proptest::collection::vec(1_usize..12, 1..8),
        ) {
            let mut body = parts.concat().into_bytes();
            if broken {
                body.insert(body.len() / 2, 0xf0);
            }
            let whole = frames(&[&body]);
            let (mut chunks, mut rest, mut turn) = (Vec::new(), &body[..], 0);
            while !rest.is_empty() {
                let (head, tail) = rest.split_at(cuts[turn % cuts.len()].min(rest.len()));
                chunks.push(head);
                (rest, turn) = (tail, turn + 1);
            }
            prop_assert_eq!(frames(&chunks), whole);
        }
    }
}
