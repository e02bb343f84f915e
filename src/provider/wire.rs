//! The wires side by side: where a request goes, what its body is, and who reads the answer.

use serde_json::Value;

use crate::domain::chat::ChatRequest;
use crate::provider::completions;
use crate::provider::decode::Decode;
use crate::provider::ollama_body::Expected;
use crate::provider::quirks::{self, Quirks};
use crate::provider::{messages, messages_body, ollama, ollama_body};
use crate::settings::Wire;

/// Where a request of this wire goes, below the provider's base URL.
pub fn path(wire: Wire) -> &'static [&'static str] {
    match wire {
        Wire::ChatCompletions => &["chat", "completions"],
        Wire::Messages => &["messages"],
        Wire::Ollama => &["api", "chat"],
    }
}

/// The body of the request.
pub fn encode(wire: Wire, request: &ChatRequest, quirks: &Quirks) -> Value {
    match wire {
        Wire::ChatCompletions => quirks::encode(request, quirks),
        Wire::Messages => messages_body::encode(request, quirks),
        Wire::Ollama => ollama_body::encode(request, quirks),
    }
}

/// Who reads an answer with this request id in its head, to a request that was sent as this body.
pub fn decoder(
    wire: Wire,
    (request, body): (&ChatRequest, &Value),
    request_id: Option<String>,
) -> Box<dyn Decode> {
    match wire {
        Wire::ChatCompletions => Box::new(completions::Decoder::new(request_id)),
        Wire::Messages => Box::new(messages::Decoder::new(request_id)),
        Wire::Ollama => {
            let expected = Expected::of(request, body);
            Box::new(ollama::Decoder::new(request_id, expected))
        }
    }
}

/// Where the provider's models are listed, below its base URL.
pub fn listing(wire: Wire) -> &'static [&'static str] {
    match wire {
        Wire::ChatCompletions | Wire::Messages => &["models"],
        Wire::Ollama => &["api", "tags"],
    }
}
