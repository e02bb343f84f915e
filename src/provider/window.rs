//! How large a window an Ollama model is asked to have; the server is asked once what the model can (`wire.md` 5).

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::time::timeout;

use crate::domain::chat::ChatRequest;
use crate::domain::model::ModelRef;
use crate::provider::Providers;
use crate::provider::body::read_body;
use crate::provider::ollama_request;
use crate::provider::quirks::Quirks;
use crate::provider::shown::Shown;
use crate::settings::ProviderSettings;

/// How long an Ollama server may take to say what a model can, and how many bytes of that are read.
const SHOWING: Duration = Duration::from_secs(5);
const MAX_SHOWN: usize = 8 << 20;

impl Providers {
    /// Settles how large a window the model is asked to have; the server is asked once what the model can.
    pub(super) async fn choose_window(
        &self,
        request: &ChatRequest,
        provider: &ProviderSettings,
        quirks: &mut Quirks,
    ) {
        if quirks.shown.is_none() {
            quirks.shown = self.shown(&request.model, provider).await;
        }
        let shown = quirks.shown.unwrap_or_default();
        quirks.window = ollama_request::window(request, shown, quirks.window);
        let mut known = self.inner.quirks.lock().await;
        known.insert(request.model.clone(), quirks.clone());
    }

    /// What the server says of this model; `None` = nothing could be asked.
    async fn shown(&self, model: &ModelRef, provider: &ProviderSettings) -> Option<Shown> {
        let path = ["api", "show"];
        let endpoint = self.endpoint(model, provider, &path).await.ok()?;
        let body = serde_json::json!({"model": model.name});
        let asking = async {
            let response = self.send(&endpoint, Method::POST, Some(&body)).await.ok()?;
            let (bytes, _) = read_body(response, MAX_SHOWN).await;
            serde_json::from_slice::<Value>(&bytes).ok()
        };
        let answer = timeout(SHOWING, asking).await.ok().flatten()?;
        Some(Shown::of(&answer))
    }
}
