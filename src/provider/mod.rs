//! Providers: the way to each model, over HTTP or to the built-in guide. HTTP only: no SQL, no screen, no policy.

pub mod client;
pub mod completions;
pub mod error;
pub mod fault;
pub mod frame;
pub mod guide;
pub mod models;
pub mod quirks;
mod recital;
pub mod reply;
pub mod scrub;
pub mod secrets;
pub mod tally;
pub mod think;
pub mod transport;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::domain::chat::ChatRequest;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::model::{ModelRef, ModelSpec};
use crate::provider::client::{Clients, Trust, Way};
use crate::provider::error::Asked;
use crate::provider::fault::ApiError;
use crate::provider::quirks::Quirks;
use crate::provider::recital::Recital;
use crate::provider::reply::HttpReply;
use crate::provider::scrub::Scrub;
use crate::provider::secrets::Secrets;
use crate::provider::transport::{Phase, of_silence, of_transport};
use crate::settings::{KeySource, Layer, Limits, ProviderSettings, Settings, Wire};

pub use error::{By, ProviderError, Retry};
pub use guide::{Guide, GuidePace};
pub use reply::Reply;

/// The name of the built-in guide among the providers.
const GUIDE: &str = "guide";
/// How long a listing may take.
const LISTING: Duration = Duration::from_secs(10);
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
    proxy: Option<String>,
    ca_file: Option<PathBuf>,
    guide: Guide,
    clients: Clients,
    secrets: Secrets,
    /// What models have refused, for the life of the program.
    quirks: Mutex<HashMap<ModelRef, Quirks>>,
}

/// The kinds of provider.
enum Kind<'a> {
    Completions(&'a ProviderSettings),
    Guide,
}

/// A provider's answer that is an error, and what it said if it said something.
struct Refused {
    error: ProviderError,
    said: Option<ApiError>,
}

/// A request that is ready to go but for its body.
struct Endpoint {
    url: Url,
    headers: HeaderMap,
    way: Way,
    silence: Duration,
    asked: Arc<Asked>,
}

impl Providers {
    /// The providers of these settings.
    pub fn new(settings: &Settings, guide: Guide) -> Providers {
        let own = |name: &&String| {
            let prefix = format!("providers.{name}.");
            let set = |o: &crate::settings::Origin| {
                o.layer > Layer::Shipped && o.key.starts_with(&prefix)
            };
            settings.origins.iter().any(set)
        };
        let inner = Inner {
            own: settings.providers.keys().filter(own).cloned().collect(),
            providers: settings.providers.clone(),
            limits: settings.limits.clone(),
            proxy: settings.network.proxy.as_deref().map(without_user),
            ca_file: settings.network.ca_file.clone(),
            guide,
            clients: Clients::new(settings.network.proxy.clone()),
            secrets: Secrets::default(),
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
            Kind::Completions(provider) => match &provider.key {
                KeySource::Environment { name, value: None } => Err(no_key(&model.provider, name)),
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
            Ok(Kind::Completions(settings)) => match &settings.key {
                KeySource::None => self.inner.own.contains(provider),
                KeySource::Environment { value, .. } => value.is_some(),
                KeySource::Command(_) => true,
            },
        }
    }

    /// Whether words for this provider stay on this machine.
    pub fn is_local(&self, provider: &str) -> bool {
        match self.kind(provider) {
            Err(_) => false,
            Ok(Kind::Guide) => true,
            Ok(Kind::Completions(settings)) => {
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
        let provider = match self.kind(&request.model.provider).map_err(ours)? {
            Kind::Guide => {
                let guide = &self.inner.guide;
                let text = guide.answer(request);
                return Ok(Reply::guide(Recital::new(request, &text, guide.pace())));
            }
            Kind::Completions(provider) => provider,
        };
        let path = ["chat", "completions"];
        let endpoint = self.endpoint(&request.model, provider, &path).await?;
        let mut request = request.clone();
        request.sampling = request.sampling.over(&provider.sampling);
        let mut quirks = self.quirks_of(&request.model, &endpoint).await;
        let mut notes = Vec::new();
        loop {
            let body = quirks::encode(&request, &quirks);
            match self.send(&endpoint, Some(&body)).await {
                Ok(response) => {
                    return Ok(Reply::http(HttpReply::new(
                        response,
                        endpoint.asked,
                        endpoint.silence,
                        self.max_event,
                        notes,
                    )));
                }
                Err(refused) => {
                    let note = refused.said.and_then(|said| quirks.learn(&said, &body));
                    let Some(note) = note.filter(|_| notes.len() < MAX_CHANGES) else {
                        return Err(refused.error);
                    };
                    notes.push(note);
                    let mut known = self.inner.quirks.lock().await;
                    known.insert(request.model.clone(), quirks.clone());
                }
            }
        }
    }

    /// The models the provider lists, those that do not chat left out.
    pub async fn models(&self, provider: &str) -> Result<Vec<ModelSpec>, ProviderError> {
        let settings = match self.kind(provider).map_err(ours)? {
            Kind::Guide => return Ok(vec![ModelSpec::named(ModelRef::guide())]),
            Kind::Completions(settings) => settings,
        };
        let nameless = ModelRef::new(provider, "");
        let endpoint = self.endpoint(&nameless, settings, &["models"]).await?;
        let asked = &endpoint.asked;
        let listing = async {
            let response = self.send(&endpoint, None).await.map_err(|r| r.error)?;
            let (bytes, broken) = read_body(response, MAX_LISTING).await;
            match broken {
                Some(error) => Err(of_transport(asked, Phase::Answering, error)),
                None => Ok(bytes),
            }
        };
        let bytes = timeout(LISTING, listing)
            .await
            .unwrap_or_else(|_| Err(of_silence(asked, Phase::Asking, LISTING)))?;
        let value = serde_json::from_slice::<Value>(&bytes).unwrap_or(Value::Null);
        models::read(provider, &asked.host, &value).ok_or_else(|| {
            let said = fault::from_bytes(&bytes);
            let failure = Failure::new(
                FailureKind::Wire,
                format!("{provider} has no list of models"),
                "Type the model's name; chatting does not need the list.",
            );
            let detail = format!("{}\n{}", asked.url, asked.scrub.text(&said.message));
            ProviderError::never(failure.with_detail(detail), By::Server)
        })
    }

    fn kind(&self, provider: &str) -> Result<Kind<'_>, Failure> {
        if provider == GUIDE {
            return Ok(Kind::Guide);
        }
        match self.inner.providers.get(provider) {
            Some(settings) if settings.enabled => match settings.wire {
                Wire::ChatCompletions => Ok(Kind::Completions(settings)),
            },
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
    ) -> Result<Endpoint, ProviderError> {
        let provider = &model.provider;
        let bad_url = || ours(bad_address(provider, &settings.base_url));
        let mut url = Url::parse(&settings.base_url).map_err(|_| bad_url())?;
        url.path_segments_mut()
            .map_err(|()| bad_url())?
            .pop_if_empty()
            .extend(path);
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(bad_url());
        }
        self.check(model).map_err(ours)?;
        let key = self.inner.secrets.key(&settings.key).await.map_err(ours)?;
        let key = key.as_ref();
        let headers = headers_of(provider, settings, key.map(ExposeSecret::expose_secret));
        let is_local = is_loopback(&url);
        let files = [&self.inner.ca_file, &settings.ca_file];
        let trust = if url.scheme() == "http" {
            Trust::Nobody
        } else {
            Trust::System(files.into_iter().flatten().cloned().collect())
        };
        let asked = Asked {
            provider: provider.clone(),
            model: model.name.clone(),
            url: shown(&url),
            host: host_of(&url),
            is_local,
            key_from: match &settings.key {
                KeySource::None => format!("the settings of providers.{provider}"),
                KeySource::Environment { name, .. } => name.clone(),
                KeySource::Command(_) => format!("key_command of providers.{provider}"),
            },
            proxy: self.inner.proxy.clone(),
            scrub: Scrub::of(key.cloned()),
        };
        let limits = &self.inner.limits;
        Ok(Endpoint {
            url,
            headers: headers.map_err(ours)?,
            way: Way {
                is_direct: is_local,
                trust,
            },
            silence: if is_local {
                limits.silence_local
            } else {
                limits.silence
            },
            asked: Arc::new(asked),
        })
    }

    /// Sends a request, a listing without a body, and waits for the head of a good answer.
    async fn send(
        &self,
        endpoint: &Endpoint,
        body: Option<&Value>,
    ) -> Result<reqwest::Response, Refused> {
        let asked = &endpoint.asked;
        let client = self.inner.clients.get(&endpoint.way).await;
        let client = client.map_err(|failure| Refused::without_words(ours(failure)))?;
        let method = body.map_or(Method::GET, |_| Method::POST);
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
        format!("Set the environment variable {variable}, or key_command of providers.{provider}."),
    )
}

fn bad_address(provider: &str, base_url: &str) -> Failure {
    Failure::new(
        FailureKind::Input,
        format!("The address of {provider} is no http or https URL"),
        format!("Set base_url of providers.{provider} to something like http://localhost:8080/v1."),
    )
    .with_detail(without_user(base_url))
}

/// The headers of a request; all of them may hold keys, so none of them is ever printed.
fn headers_of(
    provider: &str,
    settings: &ProviderSettings,
    key: Option<&str>,
) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    let bad = |kind: FailureKind, what: &str, remedy: String| {
        Failure::new(kind, format!("{what} of {provider} cannot be sent"), remedy)
    };
    if let Some(key) = key {
        let mut value = HeaderValue::try_from(format!("Bearer {key}")).map_err(|_| {
            let remedy = "It holds a character that no key has; set it again.".to_owned();
            bad(FailureKind::Key, "The key", remedy)
        })?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    for (name, value) in &settings.headers {
        let pair = HeaderName::try_from(name)
            .ok()
            .zip(HeaderValue::try_from(value).ok());
        let Some((name, mut value)) = pair else {
            let remedy = format!("Correct headers of providers.{provider} in the settings.");
            return Err(bad(
                FailureKind::Input,
                &format!("The header `{name}`"),
                remedy,
            ));
        };
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

/// At most so many bytes of a body, and what broke it.
async fn read_body(
    mut response: reqwest::Response,
    most: usize,
) -> (Vec<u8>, Option<reqwest::Error>) {
    let mut bytes = Vec::new();
    while bytes.len() < most {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                bytes.extend_from_slice(&chunk[..chunk.len().min(most - bytes.len())])
            }
            Ok(None) => return (bytes, None),
            Err(error) => return (bytes, Some(error)),
        }
    }
    (bytes, None)
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<std::net::IpAddr>() {
        Ok(ip) => ip.is_loopback() || ip.is_unspecified(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or("");
    url.port()
        .map_or(host.to_owned(), |port| format!("{host}:{port}"))
}

/// Without user, password, query and fragment.
fn shown(url: &Url) -> String {
    format!("{}://{}{}", url.scheme(), host_of(url), url.path())
}

fn without_user(address: &str) -> String {
    Url::parse(address).map_or_else(|_| String::new(), |url| shown(&url))
}
