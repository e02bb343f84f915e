//! Providers: the way to each model, over HTTP or to the built-in guide. HTTP only: no SQL, no screen, no policy.

mod body;
pub mod catalogue;
pub mod client;
pub mod completions;
mod course;
pub mod decode;
mod endpoint;
pub mod error;
pub mod fault;
pub mod frame;
pub mod guide;
mod habits;
pub mod keyring;
mod listing;
pub mod messages;
mod messages_request;
pub mod models;
pub mod ollama;
pub mod ollama_request;
mod plain;
pub mod quirks;
pub mod rates;
mod recital;
pub mod reply;
pub mod responses;
pub mod responses_request;
pub mod scrub;
pub mod secrets;
pub mod shown;
mod states;
pub mod tally;
mod terms;
pub mod think;
pub mod thread;
pub mod transport;
pub mod vault;
mod window;
pub mod wire;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::ACCEPT;
use reqwest::{Method, Url};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::domain::chat::ChatRequest;
use crate::domain::failure::{Failure, FailureKind, Offer};
use crate::domain::model::{Facts, ModelRef};
use crate::provider::body::read_body;
use crate::provider::client::Clients;
use crate::provider::endpoint::{Endpoint, is_loopback};
use crate::provider::fault::ApiError;
use crate::provider::keyring::Ring;
use crate::provider::quirks::Quirks;
use crate::provider::recital::Recital;
use crate::provider::reply::HttpReply;
use crate::provider::secrets::Secrets;
use crate::provider::transport::{Phase, of_silence, of_transport};
use crate::provider::vault::{Place, Vault};
use crate::settings::{KeySource, Layer, Limits, Network, ProviderSettings, Settings, Wire};

pub use error::{By, ProviderError, Retry};
pub use guide::{Guide, GuidePace};
pub use reply::Reply;

/// The name of the built-in guide among the providers.
const GUIDE: &str = "guide";
/// How long the body of an error is read, and how much of it.
const ERROR_BODY: (Duration, usize) = (Duration::from_secs(10), 64 << 10);
/// The largest listing; OpenRouter's has about a megabyte.
const MAX_LISTING: usize = 32 << 20;
/// How often a request is changed and sent again because a field was refused.
const MAX_CHANGES: usize = 3;

/// All providers of the settings and the guide. Cheap to clone; builds nothing before the first use.
#[derive(Clone)]
pub struct Providers {
    inner: Arc<Inner>,
    max_event: usize,
}

struct Inner {
    providers: BTreeMap<String, ProviderSettings>,
    /// Providers of which the user has set something.
    own: BTreeSet<String>,
    limits: Limits,
    network: Network,
    guide: Guide,
    clients: Clients,
    secrets: Secrets,
    /// What models have refused, for the life of the program.
    quirks: Mutex<HashMap<ModelRef, Quirks>>,
}

/// The kinds of provider.
enum Kind<'a> {
    Http(&'a ProviderSettings),
    Guide,
}

/// A provider's answer that is an error, and what it said if it said something.
struct Refused {
    error: ProviderError,
    said: Option<ApiError>,
}

impl Providers {
    /// The providers of these settings.
    pub fn new(settings: &Settings, guide: Guide) -> Providers {
        // A name with a dot in it is printed in quotation marks.
        let own = |name: &&String| {
            let keys = [
                format!("providers.{name}."),
                format!("providers.\"{name}\"."),
            ];
            let mut set = settings.origins.iter().filter(|o| o.layer > Layer::Shipped);
            set.any(|o| keys.iter().any(|key| o.key.starts_with(key)))
        };
        let inner = Inner {
            own: settings.providers.keys().filter(own).cloned().collect(),
            providers: settings.providers.clone(),
            limits: settings.limits.clone(),
            network: settings.network.clone(),
            guide,
            clients: Clients::new(settings.network.clone()),
            secrets: Secrets::new(Vault::new(settings.paths.secrets.clone())),
            quirks: Mutex::new(HashMap::new()),
        };
        Providers {
            inner: Arc::new(inner),
            max_event: frame::MAX_EVENT,
        }
    }

    /// The same with another limit for the bytes of one event.
    #[must_use]
    pub fn with_max_event(mut self, bytes: usize) -> Providers {
        self.max_event = bytes;
        self
    }

    /// The same with another keyring than the desktop's. Only for providers that nobody holds yet.
    #[must_use]
    pub fn with_keyring(mut self, ring: Arc<dyn Ring>) -> Providers {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.secrets.vault.use_ring(ring);
        }
        self
    }

    /// Keeps this key for a provider from now on; says where it lies.
    pub async fn save_key(&self, provider: &str, key: &str) -> Result<Place, Failure> {
        self.keyed(provider)?;
        let key = key.trim();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Failure::new(
                FailureKind::Input,
                "This cannot be a key",
                "A key is one word of ASCII characters; copy it again.",
            ));
        }
        self.inner.secrets.vault.keep(provider, key.into()).await
    }

    /// Forgets the key that salon keeps for a provider; whether there was one.
    pub async fn forget_key(&self, provider: &str) -> Result<bool, Failure> {
        self.keyed(provider)?;
        self.inner.secrets.vault.forget(provider).await
    }

    /// Refuses what has no key at all.
    fn keyed(&self, provider: &str) -> Result<(), Failure> {
        match self.kind(provider)? {
            Kind::Http(_) => Ok(()),
            Kind::Guide => Err(Failure::new(
                FailureKind::Input,
                "The built-in guide wants no key",
                "Name a provider, such as /key openai.",
            )),
        }
    }

    /// The enabled providers and the guide, sorted.
    pub fn names(&self) -> Vec<String> {
        let enabled = self.inner.providers.iter().filter(|(_, p)| p.enabled);
        let mut names: Vec<String> = enabled.map(|(name, _)| name.clone()).collect();
        names.push(GUIDE.to_owned());
        names.sort();
        names.dedup();
        names
    }

    /// Whether a request to this model can be tried: the provider is there and enabled, and so is its key. Asks nobody.
    pub fn check(&self, model: &ModelRef) -> Result<(), Failure> {
        match self.kind(&model.provider)? {
            Kind::Guide => Ok(()),
            Kind::Http(provider) => match &provider.key {
                source @ KeySource::Environment { name, value: None } => {
                    match self.inner.secrets.has(&model.provider, source)? {
                        true => Ok(()),
                        false => Err(no_key(&model.provider, name)),
                    }
                }
                KeySource::None | KeySource::Environment { .. } | KeySource::Command(_) => Ok(()),
            },
        }
    }

    /// Whether the provider is there, enabled, and ready to be asked: a key that is set or comes from a command, or
    /// none needed and the user has set something of this provider.
    pub fn has_key(&self, provider: &str) -> bool {
        match self.kind(provider) {
            Err(_) => false,
            Ok(Kind::Guide) => true,
            Ok(Kind::Http(settings)) => {
                let is_own =
                    matches!(settings.key, KeySource::None) && self.inner.own.contains(provider);
                is_own || self.inner.secrets.has(provider, &settings.key) == Ok(true)
            }
        }
    }

    /// Whether words for this provider stay on this machine.
    pub fn is_local(&self, provider: &str) -> bool {
        match self.kind(provider) {
            Err(_) => false,
            Ok(Kind::Guide) => true,
            Ok(Kind::Http(settings)) => {
                Url::parse(&settings.base_url).is_ok_and(|url| is_loopback(&url))
            }
        }
    }

    /// Sends a minute to this provider; 0 = as many as one likes.
    pub fn requests_per_minute(&self, provider: &str) -> u32 {
        if self.is_local(provider) {
            return 0;
        }
        let own = self.inner.providers.get(provider);
        own.and_then(|settings| settings.requests_per_minute)
            .unwrap_or(self.inner.limits.requests_per_minute)
    }

    /// Sends the request; returns when the head of the answer is there. A field the model refuses is left out and the
    /// request sent again, at most three times, which the answer tells by a note.
    pub async fn ask(&self, request: &ChatRequest) -> Result<Reply, ProviderError> {
        self.ask_once(request).await.map_err(|r| r.error)
    }

    /// The same, with what the server said when it refused.
    async fn ask_once(&self, request: &ChatRequest) -> Result<Reply, Refused> {
        let provider = match self.kind(&request.model.provider).map_err(Refused::ours)? {
            Kind::Guide => {
                let guide = &self.inner.guide;
                let text = guide.answer(request);
                return Ok(Reply::guide(Recital::new(request, &text, guide.pace())));
            }
            Kind::Http(provider) => provider,
        };
        let wire = provider.wire;
        let endpoint = self
            .endpoint(&request.model, provider, wire::path(wire))
            .await
            .map_err(Refused::ours)?;
        let mut request = request.clone();
        request.sampling = request.sampling.over(&provider.sampling);
        let mut quirks = self.quirks_of(&request.model, &endpoint).await;
        if wire == Wire::Ollama {
            self.choose_window(&request, provider, &mut quirks).await;
        }
        let mut notes = Vec::new();
        loop {
            let body = wire::encode(wire, &request, &quirks);
            match self.send(&endpoint, Method::POST, Some(&body)).await {
                Ok(response) => {
                    let request_id = error::request_id(response.headers());
                    let decoder = wire::decoder(wire, (&request, &body), request_id);
                    return Ok(Reply::http(HttpReply::new(
                        (response, decoder),
                        endpoint.asked,
                        endpoint.silence,
                        self.max_event,
                        notes,
                    )));
                }
                Err(refused) => {
                    let said = refused.said.as_ref();
                    let note = said.and_then(|said| quirks.learn(said, &body));
                    let Some(note) = note.filter(|_| notes.len() < MAX_CHANGES) else {
                        return Err(refused);
                    };
                    notes.push(note);
                    quirks.is_fresh = true;
                    let mut known = self.inner.quirks.lock().await;
                    known.insert(request.model.clone(), quirks.clone());
                }
            }
        }
    }

    /// What is shipped of this model, by the address of its provider.
    pub fn shipped(&self, model: &ModelRef) -> Option<Facts> {
        let settings = self.inner.providers.get(&model.provider)?;
        let url = Url::parse(&settings.base_url).ok()?;
        catalogue::find(url.host_str()?, &model.name)
    }

    /// Gets the key of a provider ready, for which a keyring may have to be unlocked first.
    pub async fn unlock(&self, provider: &str) -> Result<(), Failure> {
        match self.kind(provider)? {
            Kind::Guide => Ok(()),
            Kind::Http(own) => {
                let key = self.inner.secrets.key(provider, &own.key).await;
                key.map(|_| ())
            }
        }
    }

    fn kind(&self, provider: &str) -> Result<Kind<'_>, Failure> {
        if provider == GUIDE {
            return Ok(Kind::Guide);
        }
        match self.inner.providers.get(provider) {
            Some(settings) if settings.enabled => Ok(Kind::Http(settings)),
            known => {
                let problem = if known.is_some() {
                    "is switched off"
                } else {
                    "is not known"
                };
                Err(Failure::new(
                    FailureKind::Input,
                    format!("The provider `{provider}` {problem}"),
                    format!("These are there: {}.", self.names().join(", ")),
                ))
            }
        }
    }

    async fn quirks_of(&self, model: &ModelRef, endpoint: &Endpoint) -> Quirks {
        let known = self.inner.quirks.lock().await;
        let known = known.get(model).cloned();
        known.unwrap_or_else(|| Quirks::of_host(&endpoint.asked.host))
    }

    async fn endpoint(
        &self,
        model: &ModelRef,
        settings: &ProviderSettings,
        path: &[&str],
    ) -> Result<Endpoint, Failure> {
        self.check(model)?;
        let inner = &self.inner;
        let key = inner.secrets.key(&model.provider, &settings.key).await?;
        Endpoint::new(model, settings, path, key, (&inner.limits, &inner.network))
    }

    /// Sends a request and waits for the head of a good answer.
    async fn send(
        &self,
        endpoint: &Endpoint,
        method: Method,
        body: Option<&Value>,
    ) -> Result<reqwest::Response, Refused> {
        let asked = &endpoint.asked;
        let client = self.inner.clients.get(&endpoint.way).await;
        let client = client.map_err(Refused::ours)?;
        let request = client.request(method, endpoint.url.clone());
        let accept = match body.map(|body| &body["stream"]) {
            Some(Value::Bool(true)) => "text/event-stream",
            Some(_) | None => "application/json",
        };
        let mut request = request
            .header(ACCEPT, accept)
            .headers(endpoint.headers.clone());
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = match timeout(endpoint.silence, request.send()).await {
            Err(_) => {
                let error = of_silence(asked, Phase::Asking, endpoint.silence);
                return Err(Refused::without_words(error));
            }
            Ok(Err(error)) => {
                let error = of_transport(asked, Phase::Asking, error);
                return Err(Refused::without_words(error));
            }
            Ok(Ok(response)) => response,
        };
        let status = response.status();
        if status == reqwest::StatusCode::UNAUTHORIZED
            && let Some(own) = self.inner.providers.get(&asked.provider)
        {
            self.inner.secrets.doubt(&asked.provider, &own.key);
        }
        tracing::debug!(
            provider = asked.provider,
            status = status.as_u16(),
            "answered"
        );
        if status.is_success() {
            return Ok(response);
        }
        let headers = response.headers().clone();
        let (limit, most) = ERROR_BODY;
        let body = timeout(limit, read_body(response, most)).await;
        let (bytes, _) = body.unwrap_or_default();
        let mut said = fault::from_bytes(&bytes);
        said.status = Some(status.as_u16());
        Err(Refused {
            error: error::of_status(asked, status.as_u16(), &headers, said.clone()),
            said: Some(said),
        })
    }
}

impl Refused {
    fn ours(failure: Failure) -> Refused {
        Refused::without_words(ours(failure))
    }

    fn without_words(error: ProviderError) -> Refused {
        Refused { error, said: None }
    }
}

/// A failure that needs no server to happen.
fn ours(failure: Failure) -> ProviderError {
    ProviderError::never(failure, By::Transport)
}

fn no_key(provider: &str, variable: &str) -> Failure {
    Failure::new(
        FailureKind::Key,
        format!("There is no key for {provider}"),
        format!("Set it with /key {provider} on the screen, or in the environment as {variable}."),
    )
    .with_offer(Offer::SetKey)
}
