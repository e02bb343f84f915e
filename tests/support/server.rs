//! A scripted HTTP server: says byte for byte what a test wrote down, stalls, cuts and resets, and keeps every request.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::task::JoinSet;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub method: String,
    /// With the query, such as `/v1/chat/completions`.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// `Null` when the body is no JSON.
    pub body: Value,
}

impl Recorded {
    /// The first header of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The text of the last message, usually the question.
    pub fn last_message(&self) -> &str {
        self.body["messages"]
            .as_array()
            .and_then(|all| all.last())
            .and_then(|last| last["content"].as_str())
            .unwrap_or("")
    }
}

/// Holds a `Step::Wait` until the test lets it pass: no test waits for time.
#[derive(Clone)]
pub struct Gate {
    passes: Arc<Semaphore>,
    reached: watch::Sender<usize>,
}

impl Gate {
    pub fn new() -> Gate {
        Gate {
            passes: Arc::new(Semaphore::new(0)),
            reached: watch::Sender::new(0),
        }
    }

    /// Lets one `Wait` pass, also one that comes later.
    pub fn open(&self) {
        self.passes.add_permits(1);
    }

    /// Returns when the server has stood at this gate `times` times.
    pub async fn reached(&self, times: usize) {
        let mut seen = self.reached.subscribe();
        seen.wait_for(|count| *count >= times).await.unwrap();
    }
}

/// What the server does after the head, one after the other.
#[derive(Clone)]
pub enum Step {
    /// One write and, when the body is chunked, one chunk.
    Send(Vec<u8>),
    /// Says nothing until the gate opens.
    Wait(Gate),
    /// Says nothing until the client goes away.
    Stall,
    /// Closes the socket at once, in the middle of the body.
    Cut,
    /// Resets the connection.
    Reset,
    /// Sends these bytes again and again until the client goes away.
    Forever(Vec<u8>),
}

/// How the body's end is marked.
#[derive(Clone, Copy, PartialEq)]
pub enum Framing {
    Chunked,
    /// `content-length` of all the bytes of `Send` steps.
    Length,
    /// The end of the connection is the end of the body, as in HTTP/1.0.
    UntilClose,
    /// The head is not sent either: the steps are all that is said.
    Raw,
}

type Match = Arc<dyn Fn(&Recorded) -> bool + Send + Sync>;
type Make = Arc<dyn Fn(&Recorded) -> Answer + Send + Sync>;

/// The answer to one request.
#[derive(Clone)]
pub struct Answer {
    when: Option<Match>,
    make: Option<Make>,
    is_kept: bool,
    status: u16,
    headers: Vec<(String, String)>,
    framing: Framing,
    steps: Vec<Step>,
}

impl Answer {
    /// An empty answer of this status.
    pub fn new(status: u16) -> Answer {
        Answer {
            when: None,
            make: None,
            is_kept: false,
            status,
            headers: Vec::new(),
            framing: Framing::Chunked,
            steps: Vec::new(),
        }
    }

    /// An open event stream; `send` fills it.
    pub fn stream() -> Answer {
        Answer::new(200).header("content-type", "text/event-stream")
    }

    /// A JSON body.
    pub fn json(status: u16, body: &Value) -> Answer {
        Answer::body(status, "application/json", body.to_string())
    }

    /// A whole body of this type.
    pub fn body(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        Answer::new(status)
            .header("content-type", content_type)
            .framing(Framing::Length)
            .send(body)
    }

    /// An ordinary stream of Chat Completions: role, these pieces, finish, usage (9 in, 3 out), `[DONE]`.
    pub fn text(pieces: &[&str]) -> Answer {
        Answer::stream().send(sse_text(pieces))
    }

    /// The same, but before each piece, and before the end, the server waits at the gate.
    pub fn text_gated(pieces: &[&str], gate: &Gate) -> Answer {
        let mut answer = Answer::stream().send(sse_role());
        for piece in pieces {
            answer = answer.wait(gate).send(sse_piece(piece));
        }
        answer.wait(gate).send(sse_end())
    }

    /// Answers every request with what this makes of it.
    pub fn by(make: impl Fn(&Recorded) -> Answer + Send + Sync + 'static) -> Answer {
        Answer {
            make: Some(Arc::new(make)),
            is_kept: true,
            ..Answer::new(200)
        }
    }

    /// Only for requests this holds for.
    pub fn when(mut self, holds: impl Fn(&Recorded) -> bool + Send + Sync + 'static) -> Answer {
        self.when = Some(Arc::new(holds));
        self
    }

    /// Only for this path, such as `/v1/models`.
    pub fn at(self, path: &'static str) -> Answer {
        self.when(move |request| request.path == path)
    }

    /// Is not used up: answers any number of requests.
    pub fn always(mut self) -> Answer {
        self.is_kept = true;
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Answer {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn framing(mut self, framing: Framing) -> Answer {
        self.framing = framing;
        self
    }

    pub fn step(mut self, step: Step) -> Answer {
        self.steps.push(step);
        self
    }

    pub fn send(self, bytes: impl Into<Vec<u8>>) -> Answer {
        self.step(Step::Send(bytes.into()))
    }

    pub fn wait(self, gate: &Gate) -> Answer {
        self.step(Step::Wait(gate.clone()))
    }

    pub fn stall(self) -> Answer {
        self.step(Step::Stall)
    }

    pub fn cut(self) -> Answer {
        self.step(Step::Cut)
    }

    pub fn reset(self) -> Answer {
        self.step(Step::Reset)
    }

    fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} Scripted\r\nconnection: close\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        match self.framing {
            Framing::Chunked => head.push_str("transfer-encoding: chunked\r\n"),
            Framing::Length => {
                let length: usize = self.steps.iter().map(length_of).sum();
                head.push_str(&format!("content-length: {length}\r\n"));
            }
            Framing::UntilClose | Framing::Raw => {}
        }
        head + "\r\n"
    }
}

fn length_of(step: &Step) -> usize {
    if let Step::Send(bytes) = step {
        bytes.len()
    } else {
        0
    }
}

/// The role chunk every stream begins with.
pub fn sse_role() -> String {
    sse(
        &json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": null}]}),
    )
}

/// One piece of text.
pub fn sse_piece(text: &str) -> String {
    sse(
        &json!({"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]}),
    )
}

/// One piece of reasoning.
pub fn sse_thought(text: &str) -> String {
    sse(
        &json!({"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {"reasoning_content": text}, "finish_reason": null}]}),
    )
}

/// A finish chunk with this reason.
pub fn sse_finish(reason: &str) -> String {
    sse(
        &json!({"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}),
    )
}

/// A usage chunk.
pub fn sse_usage(input: u64, output: u64) -> String {
    sse(&json!({"id": "chatcmpl-1", "choices": [],
        "usage": {"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output}}))
}

/// The marker after the last chunk.
pub const SSE_DONE: &str = "data: [DONE]\n\n";

/// Finish, usage (9 in, 3 out), `[DONE]`.
pub fn sse_end() -> String {
    sse_finish("stop") + &sse_usage(9, 3) + SSE_DONE
}

/// A whole ordinary stream.
pub fn sse_text(pieces: &[&str]) -> String {
    let words: String = pieces.iter().map(|piece| sse_piece(piece)).collect();
    sse_role() + &words + &sse_end()
}

/// One event.
pub fn sse(data: &Value) -> String {
    format!("data: {data}\n\n")
}

/// An error answer in OpenAI's shape.
pub fn error(status: u16, kind: &str, code: &str, message: &str) -> Answer {
    let code = if code.is_empty() {
        Value::Null
    } else {
        json!(code)
    };
    Answer::json(
        status,
        &json!({"error": {"message": message, "type": kind, "param": null, "code": code}}),
    )
}

/// 401 as OpenAI says it.
pub fn error_key() -> Answer {
    let text = "Incorrect API key provided: sk-test1******cdef. You can find your API key at https://example.com.";
    error(401, "invalid_request_error", "invalid_api_key", text)
}

/// 404 for a model that is not there.
pub fn error_model() -> Answer {
    let text = "The model `nope` does not exist or you do not have access to it.";
    error(404, "invalid_request_error", "model_not_found", text)
}

/// 429 that asks to wait.
pub fn error_pace(retry_after: &str) -> Answer {
    let text = "Rate limit reached for requests";
    error(429, "requests", "rate_limit_exceeded", text).header("retry-after", retry_after)
}

/// 429 that means there is no money left.
pub fn error_quota() -> Answer {
    let text = "You exceeded your current quota, please check your plan and billing details.";
    error(429, "insufficient_quota", "insufficient_quota", text)
}

/// 500 of a server in trouble.
pub fn error_server() -> Answer {
    let text = "The server had an error while processing your request";
    error(500, "server_error", "", text)
}

/// An error event inside a stream, as OpenAI, vLLM and others send it.
pub fn sse_error(message: &str) -> String {
    sse(&json!({"error": {"message": message, "type": "server_error", "code": null}}))
}

#[derive(Clone)]
struct Shared {
    script: Arc<Mutex<Vec<Answer>>>,
    requests: watch::Sender<Vec<Recorded>>,
    gone: watch::Sender<usize>,
}

/// A running server; it ends when this is dropped.
pub struct Server {
    address: SocketAddr,
    shared: Shared,
    _tasks: JoinSet<()>,
    _thread: Option<tokio::sync::oneshot::Sender<()>>,
}

impl Server {
    /// A server in this runtime. Each request takes the first answer of the script that fits; without one it gets a
    /// 599 that says so.
    pub async fn start(script: Vec<Answer>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shared = Shared::new(script);
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, shared.clone()));
        Server {
            address,
            shared,
            _tasks: tasks,
            _thread: None,
        }
    }

    /// A server on a thread of its own, for tests without a runtime.
    pub fn apart(script: Vec<Answer>) -> Server {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared::new(script);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let inside = shared.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = accept(listener, inside) => {}
                    _ = stopped => {}
                }
            });
        });
        Server {
            address,
            shared,
            _tasks: JoinSet::new(),
            _thread: Some(stop),
        }
    }

    /// The base URL to configure, `http://127.0.0.1:PORT/v1`.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The address, `127.0.0.1:PORT`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// One more answer at the script's end.
    pub async fn add(&self, answer: Answer) {
        self.shared.script.lock().await.push(answer);
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.requests.borrow().clone()
    }

    /// Returns the requests as soon as there are `count`.
    pub async fn wait_for(&self, count: usize) -> Vec<Recorded> {
        let mut seen = self.shared.requests.subscribe();
        let all = seen.wait_for(|all| all.len() >= count).await.unwrap();
        all.clone()
    }

    /// Returns when `count` clients have gone away in the middle of an answer.
    pub async fn hung_up(&self, count: usize) {
        let mut seen = self.shared.gone.subscribe();
        seen.wait_for(|gone| *gone >= count).await.unwrap();
    }

    /// An address where nothing listens: bound and closed again.
    pub async fn nobody() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}/v1", listener.local_addr().unwrap())
    }
}

impl Shared {
    fn new(script: Vec<Answer>) -> Shared {
        Shared {
            script: Arc::new(Mutex::new(script)),
            requests: watch::Sender::new(Vec::new()),
            gone: watch::Sender::new(0),
        }
    }

    async fn take(&self, request: &Recorded) -> Answer {
        let mut script = self.script.lock().await;
        let fits = |answer: &Answer| answer.when.as_ref().is_none_or(|holds| holds(request));
        match script.iter().position(fits) {
            Some(at) if script[at].is_kept => script[at].clone(),
            Some(at) => script.remove(at),
            None => Answer::body(599, "text/plain", "the script has no answer for this"),
        }
    }
}

async fn accept(listener: TcpListener, shared: Shared) {
    let mut open = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let shared = shared.clone();
        open.spawn(async move {
            // A client that goes away in the middle is what many tests are about.
            let _ = serve(socket, shared).await;
        });
        while open.try_join_next().is_some() {}
    }
}

async fn serve(mut socket: TcpStream, shared: Shared) -> io::Result<()> {
    let Some(request) = read_request(&mut socket).await? else {
        return Ok(());
    };
    let mut answer = shared.take(&request).await;
    if let Some(make) = &answer.make {
        answer = make(&request);
    }
    shared.requests.send_modify(|all| all.push(request));
    let done = say(&mut socket, &answer).await;
    if !matches!(done, Ok(true)) {
        shared.gone.send_modify(|gone| *gone += 1);
    }
    Ok(())
}

/// Says the whole answer; `false` when the client went away first.
async fn say(socket: &mut TcpStream, answer: &Answer) -> io::Result<bool> {
    if answer.framing != Framing::Raw {
        socket.write_all(answer.head().as_bytes()).await?;
    }
    for step in &answer.steps {
        match step {
            Step::Send(bytes) => write(socket, answer.framing, bytes).await?,
            Step::Wait(gate) => {
                gate.reached.send_modify(|count| *count += 1);
                tokio::select! {
                    pass = gate.passes.acquire() => pass.unwrap().forget(),
                    () = client_leaves(socket) => return Ok(false),
                }
            }
            Step::Stall => {
                client_leaves(socket).await;
                return Ok(false);
            }
            Step::Cut => {
                socket.shutdown().await?;
                return Ok(true);
            }
            Step::Reset => {
                // What was written must have left before the reset discards it.
                socket.flush().await?;
                socket.set_zero_linger()?;
                return Ok(true);
            }
            Step::Forever(bytes) => loop {
                write(socket, answer.framing, bytes).await?;
            },
        }
    }
    if answer.framing == Framing::Chunked {
        socket.write_all(b"0\r\n\r\n").await?;
    }
    socket.shutdown().await?;
    Ok(true)
}

async fn write(socket: &mut TcpStream, framing: Framing, bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    if framing == Framing::Chunked {
        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
        chunk.extend_from_slice(bytes);
        chunk.extend_from_slice(b"\r\n");
        socket.write_all(&chunk).await?;
    } else {
        socket.write_all(bytes).await?;
    }
    socket.flush().await?;
    // Gives a client in this runtime the chance to read before the next piece follows.
    tokio::task::yield_now().await;
    Ok(())
}

async fn client_leaves(socket: &mut TcpStream) {
    let mut rest = [0; 64];
    while matches!(socket.read(&mut rest).await, Ok(n) if n > 0) {}
}

async fn read_request(socket: &mut TcpStream) -> io::Result<Option<Recorded>> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if socket.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or("").split(' ');
    let (method, path) = (first.next().unwrap_or(""), first.next().unwrap_or(""));
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .and_then(|(_, value)| value.parse::<usize>().ok())
        .unwrap_or(0);
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        if socket.read_buf(&mut body).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(Recorded {
        method: method.to_owned(),
        path: path.to_owned(),
        headers,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    }))
}
