//! The wires side by side: where a request goes, what its body is, and who reads the answer.

use serde_json::Value;

use crate::domain::chat::ChatRequest;
use crate::provider::completions;
use crate::provider::decode::Decode;
use crate::provider::ollama_request::Expected;
use crate::provider::quirks::{self, Quirks};
use crate::provider::{
    messages, messages_request, ollama, ollama_request, responses, responses_request,
};
use crate::settings::Wire;

/// Where a request of this wire goes, below the provider's base URL.
pub fn path(wire: Wire) -> &'static [&'static str] {
    match wire {
        Wire::ChatCompletions => &["chat", "completions"],
        Wire::Responses => &["responses"],
        Wire::Messages => &["messages"],
        Wire::Ollama => &["api", "chat"],
    }
}

/// The body of the request.
pub fn encode(wire: Wire, request: &ChatRequest, quirks: &Quirks) -> Value {
    match wire {
        Wire::ChatCompletions => quirks::encode(request, quirks),
        Wire::Responses => responses_request::encode(request, quirks),
        Wire::Messages => messages_request::encode(request, quirks),
        Wire::Ollama => ollama_request::encode(request, quirks),
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
        Wire::Responses => Box::new(responses::Decoder::new(request_id)),
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
        Wire::ChatCompletions | Wire::Responses | Wire::Messages => &["models"],
        // The same names as its own listing, in the form all others have.
        Wire::Ollama => &["v1", "models"],
    }
}

/// Whether a file of this kind can go to the model as it is; any other must be sent as words.
pub fn takes_file(wire: Wire, media_type: &str) -> bool {
    let is_pdf = media_type == "application/pdf";
    let is_image = media_type.starts_with("image/");
    match wire {
        Wire::ChatCompletions | Wire::Responses | Wire::Messages => is_image || is_pdf,
        Wire::Ollama => is_image,
    }
}
