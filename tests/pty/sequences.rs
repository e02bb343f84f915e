//! Tells the control sequences in a terminal's input from its text.

/// Reads bytes in any pieces and keeps every control sequence and every lone control character it saw.
#[derive(Default)]
pub struct Scanner {
    open: Vec<u8>,
    /// Whole sequences such as `ESC [ 2 J`, C0 characters, and C1 characters in their UTF-8 form.
    pub found: Vec<Vec<u8>>,
}

impl Scanner {
    pub fn feed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.take(byte);
        }
    }

    fn take(&mut self, byte: u8) {
        if self.open.is_empty() {
            match byte {
                0x1b | 0xc2 => self.open.push(byte),
                0x00..0x20 | 0x7f => self.found.push(vec![byte]),
                _ => {}
            }
            return;
        }
        if self.open == [0xc2] {
            if (0x80..0xa0).contains(&byte) {
                self.found.push(vec![0xc2, byte]);
            }
            self.open.clear();
            return;
        }
        self.open.push(byte);
        if is_whole(&self.open) {
            self.found.push(std::mem::take(&mut self.open));
        }
    }
}

/// Whether these bytes, which begin with ESC, are a whole sequence.
fn is_whole(bytes: &[u8]) -> bool {
    let last = bytes[bytes.len() - 1];
    match bytes.get(1) {
        None => false,
        Some(b'[') => bytes.len() > 2 && (0x40..0x7f).contains(&last),
        Some(b']' | b'P' | b'_' | b'^' | b'X') => last == 0x07 || bytes.ends_with(b"\x1b\\"),
        Some(0x20..0x30) => (0x30..0x7f).contains(&last),
        Some(_) => true,
    }
}

/// The sequences of all of these bytes.
pub fn sequences(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut scanner = Scanner::default();
    scanner.feed(bytes);
    scanner.found
}

/// A sequence as a person reads it, `ESC[2J`.
pub fn readable(sequence: &[u8]) -> String {
    let escaped = String::from_utf8_lossy(sequence).replace('\x1b', "ESC");
    escaped.escape_debug().to_string()
}

#[test]
fn sequences_are_found_in_any_pieces() {
    let bytes = "a\x1b[2Jb\x1b]52;c;QQ==\x07c\x1b]0;t\x1b\\d\x1bce\u{9b}f\rü\x1b(B".as_bytes();
    let whole = sequences(bytes);
    let mut scanner = Scanner::default();
    for byte in bytes {
        scanner.feed(&[*byte]);
    }
    assert_eq!(scanner.found, whole);
    let words: Vec<String> = whole.iter().map(|one| readable(one)).collect();
    let expected = [
        "ESC[2J",
        "ESC]52;c;QQ==\\u{7}",
        "ESC]0;tESC\\\\",
        "ESCc",
        "\\u{9b}",
        "\\r",
        "ESC(B",
    ];
    assert_eq!(words, expected);
}
