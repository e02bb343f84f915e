//! Asks a provider for its models: every page of the listing, and what programs on one's own machine tell besides
//! (`wire.md` 8).

use std::time::Duration;

use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::model::{ModelRef, ModelSpec};
use crate::provider::body::read_body;
use crate::provider::endpoint::Endpoint;
use crate::provider::error::{Asked, By, ProviderError};
use crate::provider::fault::{self, number};
use crate::provider::transport::{Phase, of_silence, of_transport};
use crate::provider::{Kind, MAX_LISTING, Providers, models, ours, wire};
use crate::settings::ProviderSettings;

/// How long a listing may take.
const LISTING: Duration = Duration::from_secs(10);
/// How long the further questions may take together; without their answers the listing stands as it is.
const FURTHER: Duration = Duration::from_secs(3);
/// Pages followed before a listing counts as endless.
const PAGES: usize = 20;
/// Models of an Ollama that are asked about one by one, and how many at a time.
const SHOWN: (usize, usize) = (60, 4);

/// A program that runs models and tells more of them under addresses of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runner {
    LlamaCpp,
    LmStudio,
    Ollama,
}

impl Runner {
    /// Whose listing this is, by the owner its rows name.
    fn of(listing: &Value) -> Option<Runner> {
        let rows = models::rows(listing)?;
        rows.iter().find_map(|row| match row["owned_by"].as_str() {
            Some("llamacpp") => Some(Runner::LlamaCpp),
            Some("organization_owner") => Some(Runner::LmStudio),
            Some("library") => Some(Runner::Ollama),
            // Ollama's own listing names no owner.
            None if row["digest"].is_string() && row["details"].is_object() => Some(Runner::Ollama),
            Some(_) | None => None,
        })
    }
}

/// Where a provider's listing is asked for.
struct Asking<'a> {
    providers: &'a Providers,
    provider: &'a str,
    settings: &'a ProviderSettings,
}

impl Providers {
    /// The models the provider lists, those that do not chat left out.
    pub async fn models(&self, provider: &str) -> Result<Vec<ModelSpec>, ProviderError> {
        let settings = match self.kind(provider).map_err(ours)? {
            Kind::Guide => return Ok(vec![ModelSpec::named(ModelRef::guide())]),
            Kind::Http(settings) => settings,
        };
        let asking = Asking {
            providers: self,
            provider,
            settings,
        };
        asking.all().await
    }
}

impl Providers {
    /// The names of the models that chat, from the first page of the listing alone; what is no listing by its shape is an
    /// error. A bare empty list may come from anybody, so it is none.
    pub async fn names_listed(&self, provider: &str) -> Result<Vec<String>, ProviderError> {
        let settings = match self.kind(provider).map_err(ours)? {
            Kind::Guide => return Ok(vec![ModelRef::guide().name]),
            Kind::Http(settings) => settings,
        };
        let asking = Asking {
            providers: self,
            provider,
            settings,
        };
        let endpoint = asking.endpoint(wire::listing(settings.wire)).await?;
        let asked = endpoint.asked.clone();
        let listing = match timeout(LISTING, asking.ask(&endpoint, None)).await {
            Ok(listing) => listing?,
            Err(_) => return Err(of_silence(&asked, Phase::Asking, LISTING)),
        };
        let is_anybodys = models::rows(&listing).is_some_and(|rows| {
            let names = rows.iter().filter_map(models::id_of).count();
            names == 0 && (listing.is_array() || !rows.is_empty())
        });
        match models::read(provider, &asked.host, &listing) {
            Some(specs) if !is_anybodys => {
                Ok(specs.into_iter().map(|spec| spec.model.name).collect())
            }
            Some(_) | None => Err(asking.no_listing(&asked, &listing)),
        }
    }
}

impl Asking<'_> {
    async fn all(&self) -> Result<Vec<ModelSpec>, ProviderError> {
        let endpoint = self.endpoint(wire::listing(self.settings.wire)).await?;
        let asked = endpoint.asked.clone();
        let listing = timeout(LISTING, self.pages(endpoint)).await;
        let mut listing =
            listing.unwrap_or_else(|_| Err(of_silence(&asked, Phase::Asking, LISTING)))?;
        if let Some(runner) = Runner::of(&listing) {
            // What is not told in time is not known; the models can be used all the same.
            let _ = timeout(FURTHER, self.further(runner, &mut listing)).await;
        }
        models::read(self.provider, &asked.host, &listing)
            .ok_or_else(|| self.no_listing(&asked, &listing))
    }

    /// What came is no listing.
    fn no_listing(&self, asked: &Asked, came: &Value) -> ProviderError {
        let failure = Failure::new(
            FailureKind::Wire,
            format!("{} has no list of models", self.provider),
            "Type the model's name; chatting does not need the list.",
        );
        let said = came["error"].as_str().unwrap_or_default();
        let detail = format!("{}\n{}", asked.url, asked.scrub.text(said));
        ProviderError::never(failure.with_detail(detail), By::Server)
    }

    /// The rows of all pages. A listing in pages tells `has_more` and the last name of each.
    async fn pages(&self, mut endpoint: Endpoint) -> Result<Value, ProviderError> {
        let mut whole = self.ask(&endpoint, None).await?;
        let mut last = whole.clone();
        for _ in 1..PAGES {
            let next = last["last_id"].as_str().filter(|id| !id.is_empty());
            let Some(next) = next.filter(|_| last["has_more"] == Value::Bool(true)) else {
                break;
            };
            endpoint.url.set_query(None);
            endpoint
                .url
                .query_pairs_mut()
                .append_pair("limit", "1000")
                .append_pair("after_id", next);
            let page = self.ask(&endpoint, None).await?;
            let rows = models::rows(&page).cloned().unwrap_or_default();
            if rows.is_empty() || page["last_id"] == last["last_id"] {
                break;
            }
            if let Some(all) = whole["data"].as_array_mut() {
                all.extend(rows);
            }
            last = page;
        }
        Ok(whole)
    }

    /// The answer as JSON; what is no JSON is null.
    async fn ask(&self, endpoint: &Endpoint, body: Option<&Value>) -> Result<Value, ProviderError> {
        let method = body.map_or(Method::GET, |_| Method::POST);
        let sent = self.providers.send(endpoint, method, body).await;
        let response = sent.map_err(|refused| refused.error)?;
        match read_body(response, MAX_LISTING).await {
            (_, Some(error)) => Err(of_transport(&endpoint.asked, Phase::Answering, error)),
            (bytes, None) => {
                let answer = serde_json::from_slice(&bytes).unwrap_or_else(|_| {
                    let said = fault::from_bytes(&bytes);
                    json!({ "error": said.message })
                });
                Ok(with_rows(answer))
            }
        }
    }

    /// What the runner tells besides is written into the rows of its listing.
    async fn further(&self, runner: Runner, listing: &mut Value) -> Option<()> {
        match runner {
            Runner::LlamaCpp => {
                let props = self.of_root(&["props"], None).await?;
                let rows = listing["data"].as_array_mut()?;
                // The props are those of one model; a router that serves several has others for each.
                if let [row] = rows.as_mut_slice() {
                    let running = number(&props["default_generation_settings"]["n_ctx"]);
                    if let Some(running) = running.filter(|tokens| *tokens > 0) {
                        row["context_length"] = json!(running);
                    }
                    if let Some(sees) = props["modalities"]["vision"].as_bool() {
                        row["capabilities"] = json!({ "vision": sees });
                    }
                }
            }
            Runner::LmStudio => {
                let known = match self.of_root(&["api", "v1", "models"], None).await {
                    Some(known) => known,
                    None => self.of_root(&["api", "v0", "models"], None).await?,
                };
                models::rows(&known)?;
                *listing = known;
            }
            Runner::Ollama => {
                let running = self.of_root(&["api", "ps"], None).await;
                let rows = match listing["data"].is_array() {
                    true => listing["data"].as_array_mut()?,
                    false => listing["models"].as_array_mut()?,
                };
                let (most, at_a_time) = SHOWN;
                let names: Vec<String> = rows
                    .iter()
                    .filter_map(models::id_of)
                    .take(most)
                    .map(str::to_owned)
                    .collect();
                let shown = futures::stream::iter(names).map(|name| async move {
                    let body = json!({ "model": name });
                    let shown = self.of_root(&["api", "show"], Some(&body)).await;
                    (name, shown.unwrap_or_default())
                });
                let mut shown = shown.buffer_unordered(at_a_time);
                while let Some((name, shown)) = shown.next().await {
                    let found = |row: &&mut Value| models::id_of(row) == Some(name.as_str());
                    if let Some(row) = rows.iter_mut().find(found) {
                        of_ollama(row, &shown, running.as_ref());
                    }
                }
            }
        }
        Some(())
    }

    /// The answer of an address beside `/v1`; `None` when there is none.
    async fn of_root(&self, path: &[&str], body: Option<&Value>) -> Option<Value> {
        let base = &self.settings.base_url;
        let settings = ProviderSettings {
            base_url: base.strip_suffix("/v1").unwrap_or(base).to_owned(),
            ..self.settings.clone()
        };
        let nameless = ModelRef::new(self.provider, "");
        let endpoint = self.providers.endpoint(&nameless, &settings, path);
        let answer = self.ask(&endpoint.await.ok()?, body).await.ok()?;
        answer["error"].is_null().then_some(answer)
    }

    async fn endpoint(&self, path: &[&str]) -> Result<Endpoint, ProviderError> {
        let nameless = ModelRef::new(self.provider, "");
        let endpoint = self.providers.endpoint(&nameless, self.settings, path);
        endpoint.await.map_err(ours)
    }
}

/// An Ollama without any model says that its list is null.
fn with_rows(mut listing: Value) -> Value {
    if listing["object"] == "list" && listing["data"].is_null() {
        listing["data"] = json!([]);
    }
    listing
}

/// What `/api/show` and `/api/ps` tell of an Ollama's model. The window it runs with counts before the one it was
/// trained for.
fn of_ollama(row: &mut Value, shown: &Value, running: Option<&Value>) {
    if shown["capabilities"].is_array() {
        row["capabilities"] = shown["capabilities"].clone();
    }
    let set = shown["parameters"].as_str().and_then(|text| {
        let mut lines = text.lines();
        lines.find_map(|line| {
            line.trim()
                .strip_prefix("num_ctx")?
                .trim()
                .parse::<u64>()
                .ok()
        })
    });
    let trained = shown["model_info"].as_object().and_then(|all| {
        let mut all = all.iter();
        all.find_map(|(name, value)| number(value).filter(|_| name.ends_with(".context_length")))
    });
    let now = running.and_then(|all| {
        let mut all = models::rows(all)?.iter();
        all.find_map(|one| {
            let is_this = models::id_of(one) == models::id_of(row);
            number(&one["context_length"]).filter(|_| is_this)
        })
    });
    if let Some(tokens) = now.or(set).or(trained) {
        row["context_length"] = json!(tokens);
    }
}
