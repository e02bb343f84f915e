//! A first start: a server found on this machine is taken, talked with, and there again after a restart; a key is pasted.

use serde_json::json;

use super::chat::leave;
use super::home::Home;
use super::terminal::{Start, Terminal};
use crate::support::server::{Answer, Server};

/// An Ollama that says this to every question.
fn ollama(names: &[&str], words: &'static str) -> Server {
    let rows: Vec<_> = names
        .iter()
        .map(|name| json!({"id": name, "object": "model", "created": 1, "owned_by": "library"}))
        .collect();
    let listing = json!({ "object": "list", "data": rows });
    Server::apart(vec![Answer::by(move |request| {
        match request.path.as_str() {
            "/v1/models" => Answer::json(200, &listing),
            "/api/show" => Answer::json(200, &json!({"capabilities": ["completion"]})),
            "/api/chat" => {
                let line = |done: bool, text: &str| {
                    let message = json!({"role": "assistant", "content": text});
                    let mut line = json!({"model": "m", "message": message, "done": done});
                    if done {
                        line["done_reason"] = json!("stop");
                        line["prompt_eval_count"] = json!(9);
                        line["eval_count"] = json!(3);
                    }
                    format!("{line}\n")
                };
                Answer::new(200)
                    .header("content-type", "application/x-ndjson")
                    .send(line(false, words) + &line(true, ""))
            }
            _ => Answer::json(200, &json!({"models": []})),
        }
    })])
}

fn start(home: &Home, server: &Server) -> Terminal {
    let host = server.address().to_string();
    let start = Start::at(home).env("OLLAMA_HOST", &host);
    Terminal::start(start.env("SALON_CHORES_TITLES", "false"))
}

#[test]
fn a_server_found_here_is_taken_by_a_word_and_stays() {
    let server = ollama(&["tiny:1b"], "hello from this machine");
    let home = Home::bare();
    let mut terminal = start(&home, &server);
    terminal.wait_for("No model is set up yet");
    terminal.wait_for("found, 1 model");
    terminal.send("/use ollama");
    terminal.wait_for("The next message goes to ollama/tiny:1b");
    // Nothing was sent, and it is remembered all the same.
    leave(terminal);
    let mut terminal = start(&home, &server);
    terminal.wait_for("The next message goes to ollama/tiny:1b");
    terminal.send("Hello?").wait_for("hello from this machine");
    terminal.wait_gone("Esc stops");
    leave(terminal);
    let mut terminal = start(&home, &server);
    terminal.wait_for("hello from this machine");
    terminal.wait_for("ollama/tiny:1b");
    leave(terminal);
}

#[test]
fn the_chord_on_the_row_takes_it_and_another_of_its_models_can_be_picked() {
    let server = ollama(&["tiny:1b", "large:70b"], "hi");
    let home = Home::bare();
    let mut terminal = start(&home, &server);
    terminal.wait_for("found, 2 models").type_text("\x18o");
    terminal.wait_for("used from the next message on");
    terminal
        .wait_for("ollama/large:70b")
        .type_text("large")
        .press("enter");
    terminal.wait_for("The next message goes to ollama/large:70b");
    leave(terminal);
    let mut terminal = start(&home, &server);
    terminal.wait_for("The next message goes to ollama/large:70b");
    leave(terminal);
}

#[test]
fn a_key_entered_on_the_first_screen_is_used_at_once() {
    let server = Server::apart(vec![Answer::text(&["hello from afar"]).always()]);
    let home = Home::bare();
    let start = || {
        let start = Start::at(&home)
            .env("SALON_PROVIDERS_OPENAI_WIRE", "chat-completions")
            .env("SALON_PROVIDERS_OPENAI_BASE_URL", &server.url())
            .env("SALON_CHORES_TITLES", "false");
        Terminal::start(start)
    };
    let mut terminal = start();
    terminal.wait_for("No model is set up yet");
    terminal.wait_for("/key openai enters a key");
    terminal.send("/key").wait_for("Whose key");
    terminal.press("enter").wait_for("Key of openai");
    terminal.type_text("sk-pty-0123456789").press("enter");
    terminal.wait_for("The next message goes to openai/gpt-4o");
    terminal.send("Hello?").wait_for("hello from afar");
    terminal.wait_gone("Esc stops");
    assert!(!terminal.text().contains("sk-pty"));
    let asked = server.requests();
    let sent = asked.last().unwrap().header("authorization").unwrap();
    assert_eq!(sent, "Bearer sk-pty-0123456789");
    leave(terminal);
    let mut terminal = start();
    terminal.wait_for("hello from afar").send("/new");
    terminal.wait_for("The next message goes to openai/gpt-4o");
    leave(terminal);
}

#[test]
fn the_look_at_salon_grows_on_the_screen_and_tells_of_the_terminal() {
    let server = Server::apart(vec![Answer::text(&["OK"]).always()]);
    let home = Home::with(&server);
    let mut terminal = home.start();
    terminal.wait_for("test/m").send("/doctor");
    terminal.wait_for("m answered in").wait_for("healthy");
    terminal
        .wait_for("terminal.newline")
        .wait_for("Shift+Enter");
    terminal.press("esc").wait_gone("terminal.newline");
    leave(terminal);
}
