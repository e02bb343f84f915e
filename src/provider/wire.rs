//! The wires side by side: where a request goes, what its body is, and who reads the answer.

use serde_json::Value;

use crate::domain::chat::ChatRequest;
use crate::provider::completions;
use crate::provider::decode::Decode;
use crate::provider::quirks::{self, Quirks};
use crate::provider::{responses, responses_request};
use crate::settings::Wire;

/// Where a request of this wire goes, below the provider's base URL.
pub fn path(wire: Wire) -> &'static [&'static str] {
    match wire {
        Wire::ChatCompletions => &["chat", "completions"],
        Wire::Responses => &["responses"],
    }
}

/// The body of the request.
pub fn encode(wire: Wire, request: &ChatRequest, quirks: &Quirks) -> Value {
    match wire {
        Wire::ChatCompletions => quirks::encode(request, quirks),
        Wire::Responses => responses_request::encode(request, quirks),
    }
}

/// Who reads an answer with this request id in its head.
pub fn decoder(wire: Wire, request_id: Option<String>) -> Box<dyn Decode> {
    match wire {
        Wire::ChatCompletions => Box::new(completions::Decoder::new(request_id)),
        Wire::Responses => Box::new(responses::Decoder::new(request_id)),
    }
}
