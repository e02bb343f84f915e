//! OpenAI's Conversations: made, read by pages, added to, named, ended, and asked within (`wire.md` 2).

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Duration, timeout};

use super::{Kind, MAX_LISTING, Providers, Refused, Reply, ours};
use crate::domain::chat::{ChatMessage, ChatRequest};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::message::Role;
use crate::domain::model::ModelRef;
use crate::provider::body::read_body;
use crate::provider::error::{By, ProviderError};
use crate::provider::fault::{ApiError, Class, classify};
use crate::provider::responses_request::input;
use crate::provider::transport::{Phase, of_silence, of_transport};
use crate::settings::Wire;

/// Items that one call may make or add.
pub const CHUNK: usize = 20;
/// Items of a page.
const PAGE: &str = "100";
/// Pages that are emptied at most when a conversation ends.
const PAGES: usize = 200;
/// Characters of a title in the metadata.
const TITLE: usize = 512;
/// How long a call may take; none of them runs a model.
const CALL: Duration = Duration::from_secs(20);

/// Why a call about a provider's conversation failed.
#[derive(Clone, Debug, PartialEq)]
pub enum ThreadError {
    /// It is not there any more.
    Gone(ProviderError),
    /// Another client is writing there.
    Locked(ProviderError),
    /// The provider does not keep conversations, for this key or at all.
    Refused(ProviderError),
    /// What may happen to any request.
    Other(ProviderError),
}

/// One item of a provider's conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub id: String,
    /// Who says it; `None` = it is no message of a person or a model.
    pub role: Option<Role>,
    pub text: String,
}

/// A page of items, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Items {
    pub items: Vec<Item>,
    /// Older ones follow.
    pub has_more: bool,
}

/// What was called, as far as a refusal is to be understood by it.
#[derive(Clone, Copy, PartialEq)]
enum Call {
    Make,
    /// Something about a conversation that was there.
    Known,
    Add,
    Ask,
}

impl Providers {
    /// Whether the provider may keep conversations; whether it does, it says when one is made.
    pub fn keeps_threads(&self, provider: &str) -> bool {
        matches!(self.kind(provider), Ok(Kind::Http(settings)) if settings.wire == Wire::Responses)
    }

    /// Makes a conversation of at most `CHUNK` messages; its id.
    pub async fn make_thread(
        &self,
        provider: &str,
        title: &str,
        messages: &[ChatMessage],
    ) -> Result<String, ThreadError> {
        let body = json!({"metadata": metadata(title), "items": items_of(messages)});
        let made = self
            .call(provider, Call::Make, (Method::POST, &[], Some(&body)))
            .await?;
        match made["id"].as_str() {
            Some(id) if !id.is_empty() => Ok(id.to_owned()),
            Some(_) | None => Err(ThreadError::Refused(unexpected(provider))),
        }
    }

    /// Adds at most `CHUNK` messages at its end; the ids of their items.
    pub async fn add_to_thread(
        &self,
        provider: &str,
        id: &str,
        messages: &[ChatMessage],
    ) -> Result<Vec<String>, ThreadError> {
        let body = json!({"items": items_of(messages)});
        let path = [id, "items"];
        let added = self
            .call(provider, Call::Add, (Method::POST, &path, Some(&body)))
            .await?;
        Ok(page_of(&added)
            .items
            .into_iter()
            .map(|item| item.id)
            .collect())
    }

    /// Its newest items, or those older than the item `after`.
    pub async fn thread_items(
        &self,
        provider: &str,
        id: &str,
        after: Option<&str>,
    ) -> Result<Items, ThreadError> {
        let path = [id, "items"];
        let mut query = vec![("order", "desc"), ("limit", PAGE)];
        query.extend(after.map(|after| ("after", after)));
        let page = self
            .query(provider, Call::Known, (Method::GET, &path, None), &query)
            .await?;
        Ok(page_of(&page))
    }

    /// Gives it a title that other clients can show.
    pub async fn name_thread(
        &self,
        provider: &str,
        id: &str,
        title: &str,
    ) -> Result<(), ThreadError> {
        let body = json!({"metadata": metadata(title)});
        self.call(provider, Call::Known, (Method::POST, &[id], Some(&body)))
            .await?;
        Ok(())
    }

    /// Removes it with all its items, which the provider would keep otherwise. One that is gone is removed.
    pub async fn end_thread(&self, provider: &str, id: &str) -> Result<(), ThreadError> {
        let is_done = |done: Result<Value, ThreadError>| match done {
            Ok(_) | Err(ThreadError::Gone(_)) => Ok(()),
            Err(error) => Err(error),
        };
        for _ in 0..PAGES {
            let page = match self.thread_items(provider, id, None).await {
                Ok(page) => page,
                Err(ThreadError::Gone(_)) => return Ok(()),
                Err(error) => return Err(error),
            };
            for item in &page.items {
                let path = [id, "items", item.id.as_str()];
                is_done(
                    self.call(provider, Call::Known, (Method::DELETE, &path, None))
                        .await,
                )?;
            }
            if !page.has_more || page.items.is_empty() {
                break;
            }
        }
        is_done(
            self.call(provider, Call::Known, (Method::DELETE, &[id], None))
                .await,
        )
    }

    /// Asks within the conversation that `request.thread` names.
    pub async fn ask_in_thread(&self, request: &ChatRequest) -> Result<Reply, ThreadError> {
        let asked = self.ask_once(request).await;
        asked.map_err(|refused| told(refused, Call::Ask))
    }

    async fn call(
        &self,
        provider: &str,
        call: Call,
        what: (Method, &[&str], Option<&Value>),
    ) -> Result<Value, ThreadError> {
        self.query(provider, call, what, &[]).await
    }

    /// Calls `conversations` and what is below it; the JSON that comes back.
    async fn query(
        &self,
        provider: &str,
        call: Call,
        (method, below, body): (Method, &[&str], Option<&Value>),
        query: &[(&str, &str)],
    ) -> Result<Value, ThreadError> {
        let failed = |failure: Failure| ThreadError::Other(ours(failure));
        let settings = match self.kind(provider).map_err(failed)? {
            Kind::Http(settings) => settings,
            Kind::Guide => return Err(ThreadError::Refused(unexpected(provider))),
        };
        let path: Vec<&str> = std::iter::once("conversations")
            .chain(below.iter().copied())
            .collect();
        let nameless = ModelRef::new(provider, "");
        let endpoint = self.endpoint(&nameless, settings, &path).await;
        let mut endpoint = endpoint.map_err(failed)?;
        if !query.is_empty() {
            endpoint.url.query_pairs_mut().extend_pairs(query);
        }
        let asked = endpoint.asked.clone();
        let answer = async {
            let response = self.send(&endpoint, method, body).await;
            let response = response.map_err(|refused| told(refused, call))?;
            let (bytes, broken) = read_body(response, MAX_LISTING).await;
            match broken {
                Some(error) => {
                    let error = of_transport(&asked, Phase::Answering, error);
                    Err(ThreadError::Other(error))
                }
                None => Ok(bytes),
            }
        };
        let bytes = timeout(CALL, answer)
            .await
            .unwrap_or_else(|_| Err(ThreadError::Other(of_silence(&asked, Phase::Asking, CALL))))?;
        Ok(serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }
}

/// What a refusal means for the conversation.
fn told(refused: Refused, call: Call) -> ThreadError {
    let Refused { error, said } = refused;
    let Some(said) = said else {
        return ThreadError::Other(error);
    };
    let message = said.message.to_ascii_lowercase();
    let is_about_it =
        message.contains("conversation") || said.param.as_deref() == Some("conversation");
    if said.words.iter().any(|word| word == "conversation_locked")
        || message.contains("another process is currently operating on this conversation")
    {
        ThreadError::Locked(error)
    } else if is_gone(&said, &message, is_about_it) && call != Call::Make
        || matches!(call, Call::Known | Call::Add) && said.status == Some(404)
    {
        ThreadError::Gone(error)
    } else if is_refusal(&said, &message, call) {
        ThreadError::Refused(error)
    } else {
        ThreadError::Other(error)
    }
}

fn is_gone(said: &ApiError, message: &str, is_about_it: bool) -> bool {
    let is_missing = [
        "not found",
        "not exist",
        "no conversation",
        "expired",
        "deleted",
    ];
    said.words
        .iter()
        .any(|word| word == "conversation_not_found")
        || is_about_it
            && said
                .status
                .is_some_and(|status| matches!(status, 400 | 404 | 410))
            && is_missing.iter().any(|part| message.contains(part))
}

/// Whether the provider will not keep conversations: an organisation without data retention, a key without that right,
/// a server that does not have them.
fn is_refusal(said: &ApiError, message: &str, call: Call) -> bool {
    let is_about_keeping = message.contains("data retention")
        || said
            .words
            .iter()
            .any(|word| word.contains("data_retention"))
        || matches!(said.param.as_deref(), Some("store" | "conversation"));
    let is_for_good = match classify(said) {
        Class::Rights
        | Class::Model
        | Class::Path
        | Class::TooLarge
        | Class::Blocked
        | Class::Field
        | Class::Bad
        | Class::Unknown => true,
        Class::Server => said.status == Some(501),
        Class::Key
        | Class::Money
        | Class::Proxy
        | Class::TooLong
        | Class::Pace
        | Class::Overloaded
        | Class::Loading => false,
    };
    is_for_good && (matches!(call, Call::Make | Call::Add) || is_about_keeping)
}

fn unexpected(provider: &str) -> ProviderError {
    let failure = Failure::new(
        FailureKind::Wire,
        format!("{provider} does not keep conversations"),
        format!("Set storage = \"local\" in [providers.{provider}]."),
    );
    ProviderError::never(failure, By::Server)
}

/// Other clients that have the id can show a name by it (`wire.md` 2).
fn metadata(title: &str) -> Value {
    let title: String = title.chars().take(TITLE).collect();
    if title.is_empty() {
        json!({})
    } else {
        json!({"salon_title": title})
    }
}

fn items_of(messages: &[ChatMessage]) -> Value {
    let mut items = input(messages);
    for item in items.as_array_mut().into_iter().flatten() {
        item["type"] = json!("message");
    }
    items
}

fn page_of(page: &Value) -> Items {
    let items = page["data"].as_array().into_iter().flatten();
    Items {
        items: items.filter_map(item_of).collect(),
        has_more: page["has_more"] == true,
    }
}

/// An item; roles beside those of a talk, tools and reasoning say nothing here.
fn item_of(item: &Value) -> Option<Item> {
    let id = item["id"].as_str().filter(|id| !id.is_empty())?;
    let is_message = item["type"].as_str().is_none_or(|kind| kind == "message");
    let role = match item["role"].as_str() {
        Some("user") if is_message => Some(Role::User),
        Some("assistant") if is_message => Some(Role::Assistant),
        Some(_) | None => None,
    };
    let text = match &item["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part["text"].as_str().or_else(|| part["refusal"].as_str()))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    };
    Some(Item {
        id: id.to_owned(),
        role,
        text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(call: Call, status: u16, body: &Value) -> &'static str {
        let mut said = crate::provider::fault::from_bytes(body.to_string().as_bytes());
        said.status = Some(status);
        let refused = Refused {
            error: unexpected("test"),
            said: Some(said),
        };
        match told(refused, call) {
            ThreadError::Gone(_) => "gone",
            ThreadError::Locked(_) => "locked",
            ThreadError::Refused(_) => "refused",
            ThreadError::Other(_) => "other",
        }
    }

    #[test]
    fn a_refusal_is_understood_by_its_code_and_its_words() {
        let said = |code: &str, message: &str| json!({"error": {"code": code, "message": message, "type": "invalid_request_error"}});
        let none = json!({"error": {"message": "Not Found"}});
        let locked = said(
            "conversation_locked",
            "Another process is currently operating on this conversation. Please retry in a few seconds.",
        );
        let gone = json!({"error": {"code": null, "message": "Conversation with id 'conv_1' not found.", "type": "invalid_request_error", "param": null}});
        let retention = said(
            "unsupported",
            "Your organization has Zero Data Retention enabled.",
        );
        let cases = [
            (Call::Ask, 400, &locked, "locked"),
            (Call::Known, 400, &locked, "locked"),
            (Call::Ask, 404, &gone, "gone"),
            (Call::Known, 404, &none, "gone"),
            (Call::Make, 404, &none, "refused"),
            (Call::Make, 405, &none, "refused"),
            (Call::Make, 403, &retention, "refused"),
            (Call::Ask, 400, &retention, "refused"),
            (Call::Make, 500, &none, "other"),
            (Call::Make, 501, &none, "refused"),
        ];
        for (which, status, body, meant) in cases {
            assert_eq!(call(which, status, body), meant, "{status} {body}");
        }
        let model = said("model_not_found", "The model `m` does not exist.");
        assert_eq!(call(Call::Ask, 404, &model), "other");
        let key = said("invalid_api_key", "Incorrect API key provided.");
        assert_eq!(call(Call::Make, 401, &key), "other");
        let pace = said("rate_limit_exceeded", "Slowly.");
        assert_eq!(call(Call::Make, 429, &pace), "other");
        let long = said("context_length_exceeded", "The conversation is too long.");
        assert_eq!(call(Call::Ask, 400, &long), "other");
    }

    #[test]
    fn items_of_every_shape_are_read() {
        let page = page_of(&json!({"object": "list", "has_more": true, "data": [
            {"type": "message", "id": "msg_2", "role": "assistant", "content": [{"type": "output_text", "text": "a"}, {"type": "refusal", "refusal": "b"}]},
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {"type": "message", "id": "msg_1", "role": "user", "content": [{"type": "input_text", "text": "hi"}, {"type": "input_image", "image_url": null}]},
            {"type": "message", "id": "msg_0", "role": "developer", "content": "be nice"},
            {"type": "message", "role": "user", "content": "no id"},
            null
        ]}));
        let said: Vec<_> = page
            .items
            .iter()
            .map(|i| (i.id.as_str(), i.role, i.text.as_str()))
            .collect();
        assert_eq!(
            said,
            [
                ("msg_2", Some(Role::Assistant), "ab"),
                ("rs_1", None, ""),
                ("msg_1", Some(Role::User), "hi"),
                ("msg_0", None, "be nice"),
            ]
        );
        assert!(page.has_more);
        assert_eq!(page_of(&Value::Null), Items::default());
    }

    #[test]
    fn a_title_is_cut_to_what_metadata_holds() {
        let long = "é".repeat(600);
        let kept = metadata(&long);
        assert_eq!(kept["salon_title"].as_str().unwrap().chars().count(), TITLE);
        assert_eq!(metadata(""), json!({}));
    }
}
