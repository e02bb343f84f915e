//! OpenAI as far as its Responses and Conversations go: keeps conversations as the real one does, and fails on demand.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::watch;

use super::server::{Answer, Gate, Recorded, Server, error};

/// What becomes of the next request for a response.
#[derive(Clone)]
pub enum Next {
    /// This answer; it and its question are kept.
    Say(&'static str),
    /// These words, then the connection ends; what of the exchange is kept all the same.
    Cut(&'static str, Kept),
    /// These words, then nothing more until the client goes away.
    Stall(&'static str, Gate),
    /// An error instead of an answer.
    Error(Answer),
}

/// What of an exchange is kept that the client did not see the end of.
#[derive(Clone, Copy, PartialEq)]
pub enum Kept {
    Nothing,
    Question,
    /// The question, and this answer.
    Both(&'static str),
}

/// One conversation it keeps.
#[derive(Clone, Debug, Default)]
pub struct Talk {
    pub metadata: Value,
    pub items: Vec<Value>,
}

#[derive(Default)]
pub struct State {
    pub talks: BTreeMap<String, Talk>,
    next: VecDeque<Next>,
    /// What calls about conversations get instead, one after the other.
    refusals: VecDeque<Answer>,
    count: usize,
}

/// A running one.
#[derive(Clone)]
pub struct OpenAi {
    state: Arc<watch::Sender<State>>,
}

impl OpenAi {
    /// One that answers so, and its server.
    pub async fn start(next: Vec<Next>) -> (OpenAi, Server) {
        let state = State {
            next: next.into(),
            ..State::default()
        };
        let openai = OpenAi {
            state: Arc::new(watch::Sender::new(state)),
        };
        let inside = openai.clone();
        let server = Server::start(vec![Answer::by(move |request| inside.answer(request))]).await;
        (openai, server)
    }

    /// One more answer.
    pub fn then(&self, next: Next) {
        self.state.send_modify(|state| state.next.push_back(next));
    }

    /// The next call about a conversation gets this.
    pub fn refuse(&self, answer: Answer) {
        self.state
            .send_modify(|state| state.refusals.push_back(answer));
    }

    /// Changes what it keeps, as another client would.
    pub fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Talk>)) {
        self.state.send_modify(|state| change(&mut state.talks));
    }

    /// Somebody says this in the only conversation, elsewhere.
    pub fn said_elsewhere(&self, role: &str, text: &str) {
        self.state.send_modify(|state| {
            let id = state.fresh("msg");
            let talk = state.talks.values_mut().next().unwrap();
            talk.items.push(item(&id, role, text));
        });
    }

    /// The ids of what it keeps.
    pub fn ids(&self) -> Vec<String> {
        self.state.borrow().talks.keys().cloned().collect()
    }

    /// The only conversation it keeps: who said what.
    pub fn talk(&self) -> Vec<(String, String)> {
        let state = self.state.borrow();
        assert_eq!(state.talks.len(), 1, "{:?}", state.talks);
        let talk = state.talks.values().next().unwrap();
        let messages = talk.items.iter().filter(|item| item["type"] == "message");
        messages.map(said).collect()
    }

    pub fn metadata(&self) -> Value {
        self.state
            .borrow()
            .talks
            .values()
            .next()
            .unwrap()
            .metadata
            .clone()
    }

    fn answer(&self, request: &Recorded) -> Answer {
        let mut answer = None;
        self.state
            .send_modify(|state| answer = Some(state.answer(request)));
        answer.unwrap()
    }
}

impl State {
    fn fresh(&mut self, kind: &str) -> String {
        self.count += 1;
        format!("{kind}_{:03}", self.count)
    }

    fn answer(&mut self, request: &Recorded) -> Answer {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let path: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
        let method = request.method.as_str();
        if path[0] == "responses" {
            return self.respond(&request.body);
        }
        if let Some(refusal) = self.refusals.pop_front() {
            return refusal;
        }
        match (method, path.as_slice()) {
            ("POST", ["conversations"]) => {
                let id = self.fresh("conv");
                let metadata = request.body["metadata"].clone();
                let talk = Talk {
                    metadata,
                    items: Vec::new(),
                };
                self.talks.insert(id.clone(), talk);
                self.add(&id, &request.body["items"]);
                Answer::json(
                    200,
                    &json!({"id": id, "object": "conversation", "created_at": 1, "metadata": {}}),
                )
            }
            (_, ["conversations", id, ..]) if !self.talks.contains_key(*id) => missing(id),
            ("POST", ["conversations", id]) => {
                self.talks.get_mut(*id).unwrap().metadata = request.body["metadata"].clone();
                Answer::json(200, &json!({"id": id, "object": "conversation"}))
            }
            ("DELETE", ["conversations", id]) => {
                self.talks.remove(*id);
                Answer::json(
                    200,
                    &json!({"id": id, "object": "conversation.deleted", "deleted": true}),
                )
            }
            ("POST", ["conversations", id, "items"]) => {
                let added = self.add(id, &request.body["items"]);
                Answer::json(
                    200,
                    &json!({"object": "list", "data": added, "has_more": false}),
                )
            }
            ("GET", ["conversations", id, "items"]) => page(&self.talks[*id].items, query),
            ("DELETE", ["conversations", id, "items", which]) => {
                let talk = self.talks.get_mut(*id).unwrap();
                talk.items.retain(|item| item["id"] != *which);
                Answer::json(200, &json!({"id": id, "object": "conversation"}))
            }
            _ => Answer::new(405),
        }
    }

    /// The items this makes, at most twenty.
    fn add(&mut self, id: &str, items: &Value) -> Vec<Value> {
        let items = items.as_array().cloned().unwrap_or_default();
        assert!(items.len() <= 20, "too many items at once: {}", items.len());
        let mut added = Vec::new();
        for given in items {
            let (role, text) = said(&given);
            added.push(item(&self.fresh("msg"), &role, &text));
        }
        let talk = self.talks.get_mut(id).unwrap();
        talk.items.extend(added.clone());
        added
    }

    fn respond(&mut self, body: &Value) -> Answer {
        let talk = body["conversation"].as_str().map(str::to_owned);
        if let Some(id) = &talk
            && !self.talks.contains_key(id)
        {
            return missing(id);
        }
        let Some(next) = self.next.pop_front() else {
            return Answer::body(599, "text/plain", "no answer is left");
        };
        match next {
            Next::Say(text) => {
                self.keep(talk.as_deref(), body, Kept::Both(text));
                Answer::stream().send(stream(text) + &end(text))
            }
            Next::Cut(text, kept) => {
                self.keep(talk.as_deref(), body, kept);
                Answer::stream().send(stream(text)).cut()
            }
            Next::Stall(text, gate) => Answer::stream().send(stream(text)).wait(&gate).stall(),
            Next::Error(answer) => answer,
        }
    }

    fn keep(&mut self, talk: Option<&str>, body: &Value, kept: Kept) {
        let Some(id) = talk.filter(|_| kept != Kept::Nothing) else {
            return;
        };
        self.add(id, &body["input"]);
        if let Kept::Both(text) = kept {
            let thought = json!({"type": "reasoning", "id": self.fresh("rs"), "summary": []});
            let answer = item(&self.fresh("msg"), "assistant", text);
            self.talks
                .get_mut(id)
                .unwrap()
                .items
                .extend([thought, answer]);
        }
    }
}

fn item(id: &str, role: &str, text: &str) -> Value {
    let kind = if role == "assistant" {
        "output_text"
    } else {
        "input_text"
    };
    json!({"type": "message", "id": id, "status": "completed", "role": role, "content": [{"type": kind, "text": text}]})
}

/// Who says what in an item or an input.
fn said(item: &Value) -> (String, String) {
    let text = match &item["content"] {
        Value::String(text) => text.clone(),
        content => content[0]["text"].as_str().unwrap_or("").to_owned(),
    };
    (item["role"].as_str().unwrap_or("").to_owned(), text)
}

/// A page of items, newest first as the default is.
fn page(items: &[Value], query: &str) -> Answer {
    let value = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    let limit: usize = value("limit").unwrap_or("20").parse().unwrap();
    assert!((1..=100).contains(&limit));
    let newest: Vec<&Value> = items.iter().rev().collect();
    let from = match value("after") {
        None => 0,
        Some(after) => match newest.iter().position(|item| item["id"] == after) {
            Some(at) => at + 1,
            None => return error(404, "invalid_request_error", "", "No such item."),
        },
    };
    let rest = &newest[from..];
    let shown = &rest[..rest.len().min(limit)];
    Answer::json(
        200,
        &json!({"object": "list", "data": shown, "has_more": rest.len() > limit}),
    )
}

fn missing(id: &str) -> Answer {
    let text = format!("Conversation with id '{id}' not found.");
    error(404, "invalid_request_error", "", &text)
}

fn event(value: &Value) -> String {
    format!(
        "event: {}\ndata: {value}\n\n",
        value["type"].as_str().unwrap()
    )
}

fn stream(text: &str) -> String {
    let created =
        json!({"type": "response.created", "response": {"id": "resp_1", "status": "in_progress"}});
    if text.is_empty() {
        return event(&created);
    }
    let delta = json!({"type": "response.output_text.delta", "output_index": 1, "delta": text});
    event(&created) + &event(&delta)
}

fn end(text: &str) -> String {
    let output = json!([{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}]);
    event(
        &json!({"type": "response.completed", "response": {"id": "resp_1", "status": "completed", "output": output,
        "usage": {"input_tokens": 9, "output_tokens": 3}}}),
    )
}
