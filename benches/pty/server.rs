//! A model on this machine: streams numbered words at a rate, and knows when each thousandth and the last one left.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What the words stand in.
#[derive(Clone, Copy, PartialEq)]
pub enum Shape {
    /// One paragraph.
    Prose,
    /// One code block.
    Code,
    /// Headings, paragraphs, lists, code blocks.
    Mixed,
}

/// Reaches the server: what comes next, and how far it is.
#[derive(Clone)]
pub struct Server {
    pub port: u16,
    start: Instant,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    tokens: AtomicU64,
    /// Tokens a second; 0 = as fast as possible.
    rate: AtomicU64,
    shape: AtomicU64,
    sent: AtomicU64,
    /// Nanoseconds since the server's start when the last token left.
    last: AtomicU64,
}

impl Server {
    pub fn start() -> std::io::Result<Server> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let server = Server {
            port: listener.local_addr()?.port(),
            start: Instant::now(),
            state: Arc::default(),
        };
        let inside = server.clone();
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let server = inside.clone();
                std::thread::spawn(move || {
                    // A client may go away whenever it likes.
                    let _ = server.answer(socket);
                });
            }
        });
        Ok(server)
    }

    /// The next answer: so many words, so many a second.
    pub fn next(&self, tokens: u64, rate: u64, shape: Shape) {
        self.state.tokens.store(tokens, Ordering::SeqCst);
        self.state.rate.store(rate, Ordering::SeqCst);
        self.state.shape.store(shape as u64, Ordering::SeqCst);
        self.state.sent.store(0, Ordering::SeqCst);
    }

    /// Words of the present answer that have left.
    pub fn sent(&self) -> u64 {
        self.state.sent.load(Ordering::SeqCst)
    }

    /// When the last word left.
    pub fn last(&self) -> Instant {
        self.start + Duration::from_nanos(self.state.last.load(Ordering::SeqCst))
    }

    fn answer(&self, mut socket: TcpStream) -> std::io::Result<()> {
        socket.set_nodelay(true)?;
        let mut reader = BufReader::new(socket.try_clone()?);
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if line.is_empty() {
                break;
            }
        }
        reader.read_exact(&mut vec![0; length])?;
        socket.write_all(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n",
        )?;
        self.stream(&mut socket)?;
        socket.write_all(
            b"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
        )
    }

    fn stream(&self, socket: &mut TcpStream) -> std::io::Result<()> {
        let (tokens, rate) = (
            self.state.tokens.load(Ordering::SeqCst),
            self.state.rate.load(Ordering::SeqCst),
        );
        let shape = match self.state.shape.load(Ordering::SeqCst) {
            0 => Shape::Prose,
            1 => Shape::Code,
            _ => Shape::Mixed,
        };
        let begun = Instant::now();
        let mut batch = String::new();
        for n in 0..tokens {
            if let Some(nanos) = (n * 1_000_000_000).checked_div(rate) {
                let due = begun + Duration::from_nanos(nanos);
                if due > Instant::now() {
                    self.write(socket, &mut batch, n)?;
                    while let Some(left) = due.checked_duration_since(Instant::now()) {
                        std::thread::park_timeout(left);
                    }
                }
            } else if batch.len() > 16_384 {
                self.write(socket, &mut batch, n)?;
            }
            batch.push_str("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"");
            batch.push_str(&word(shape, n));
            if n + 1 == tokens {
                batch.push_str("\\nTHE-END");
            }
            batch.push_str("\"}}]}\n\n");
        }
        self.write(socket, &mut batch, tokens)
    }

    fn write(&self, socket: &mut TcpStream, batch: &mut String, n: u64) -> std::io::Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let now = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.state.last.store(now, Ordering::SeqCst);
        socket.write_all(batch.as_bytes())?;
        self.state.sent.store(n, Ordering::SeqCst);
        batch.clear();
        Ok(())
    }
}

/// The word of this number, 8 bytes, in JSON, with what the shape needs before it.
fn word(shape: Shape, n: u64) -> String {
    // A line of code is never wrapped.
    let line = n / 6;
    let before = match shape {
        Shape::Prose => "",
        Shape::Code if n == 0 => "```rust\\n",
        Shape::Code if n.is_multiple_of(6) => "\\n",
        Shape::Code => "",
        Shape::Mixed if !n.is_multiple_of(6) => "",
        Shape::Mixed => match line % 24 {
            0 => "\\n\\n## ",
            1 => "\\n\\n",
            8..=11 => "\\n- ",
            12 => "\\n\\n```rust\\n",
            13..=16 => "\\n",
            17 => "\\n```\\n\\n",
            _ => "",
        },
    };
    format!("{before}w{n:06} ")
}
