//! What was learnt from a model's refusals, as a text that outlives the program.

use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::domain::model::ModelRef;
use crate::domain::when::Millis;
use crate::provider::Providers;
use crate::provider::quirks::{DROPPABLE, Quirks};

/// After so long a model is asked anew: servers change.
const HOLDS_MS: i64 = 30 * DAY_MS;
const DAY_MS: i64 = 24 * 3_600_000;

/// The text, as JSON. Holds no key and no words of a conversation.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Habits {
    /// The address it was learnt at; another server may take what this one did not.
    base_url: String,
    /// When, in milliseconds UTC.
    at: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dropped: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_renamed: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_whole: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    wants_blank_reasoning: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_think_flag: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    most_output: Option<u64>,
}

impl Providers {
    /// Whether this model was asked or recalled in this session.
    pub async fn is_known(&self, model: &ModelRef) -> bool {
        self.inner.quirks.lock().await.contains_key(model)
    }

    /// Takes up what an earlier session learnt of this model.
    pub async fn recall(&self, model: &ModelRef, text: &str, now: Millis) {
        let Some(settings) = self.inner.providers.get(&model.provider) else {
            return;
        };
        let Ok(url) = Url::parse(&settings.base_url) else {
            return;
        };
        let mut quirks = Quirks::of_host(url.host_str().unwrap_or(""));
        if recall(&mut quirks, text, &settings.base_url, now) {
            let mut known = self.inner.quirks.lock().await;
            known.entry(model.clone()).or_insert(quirks);
        }
    }

    /// What was learnt of this model since this was asked last, for later sessions.
    pub async fn learnt(&self, model: &ModelRef, now: Millis) -> Option<String> {
        let settings = self.inner.providers.get(&model.provider)?;
        let mut known = self.inner.quirks.lock().await;
        let quirks = known.get_mut(model)?;
        let is_fresh = std::mem::take(&mut quirks.is_fresh);
        is_fresh.then(|| text(quirks, &settings.base_url, now))
    }
}

/// What these quirks were learnt to be at this address, now.
fn text(quirks: &Quirks, base_url: &str, now: Millis) -> String {
    let habits = Habits {
        base_url: base_url.to_owned(),
        at: now.0,
        dropped: quirks
            .dropped
            .iter()
            .map(|field| (*field).to_owned())
            .collect(),
        is_renamed: quirks.is_renamed,
        is_whole: quirks.is_whole,
        wants_blank_reasoning: quirks.wants_blank_reasoning,
        is_think_flag: quirks.is_think_flag,
        most_output: quirks.most_output,
    };
    serde_json::to_string(&habits).unwrap_or_default()
}

/// Adds what the text says, if it was learnt at this address and not too long ago; `false` = it says nothing.
fn recall(quirks: &mut Quirks, text: &str, base_url: &str, now: Millis) -> bool {
    let Ok(habits) = serde_json::from_str::<Habits>(text) else {
        return false;
    };
    // A clock may be set back a little.
    let age = now.0.saturating_sub(habits.at);
    if habits.base_url != base_url || !(-DAY_MS..HOLDS_MS).contains(&age) {
        return false;
    }
    let fields = DROPPABLE.iter().map(|(field, _)| *field);
    quirks
        .dropped
        .extend(fields.filter(|field| habits.dropped.iter().any(|name| name == field)));
    if habits.is_renamed && !quirks.is_renamed {
        quirks.is_renamed = true;
        quirks.has_completion_limit = !quirks.has_completion_limit;
    }
    quirks.is_whole |= habits.is_whole;
    quirks.wants_blank_reasoning |= habits.wants_blank_reasoning;
    quirks.is_think_flag |= habits.is_think_flag;
    quirks.most_output = habits.most_output.filter(|most| *most > 0);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://api.openai.com/v1";

    #[test]
    fn what_was_learnt_comes_back_as_it_was() {
        let mut learnt = Quirks::of_host("api.openai.com");
        learnt.dropped.insert("temperature");
        learnt.dropped.insert("reasoning.summary");
        learnt.is_renamed = true;
        learnt.has_completion_limit = false;
        learnt.is_whole = true;
        learnt.most_output = Some(4_096);
        let text = text(&learnt, URL, Millis(1_000));
        let mut again = Quirks::of_host("api.openai.com");
        assert!(recall(&mut again, &text, URL, Millis(2_000)));
        assert_eq!(again, learnt);
    }

    #[test]
    fn it_holds_for_its_address_and_its_time_alone() {
        let mut learnt = Quirks::default();
        learnt.dropped.insert("temperature");
        let text = text(&learnt, URL, Millis(1_000));
        let fresh = |text: &str, url: &str, now: i64| {
            let mut quirks = Quirks::default();
            recall(&mut quirks, text, url, Millis(now)) || quirks != Quirks::default()
        };
        assert!(fresh(&text, URL, 1_000));
        assert!(!fresh(&text, "http://127.0.0.1:8080/v1", 1_000));
        assert!(!fresh(&text, URL, 1_000 + HOLDS_MS));
        assert!(fresh(&text, URL, 999));
        assert!(!fresh(&text, URL, 999 - DAY_MS), "from the future");
        for odd in ["", "{}", "[]", "null", "{\"dropped\":7}"] {
            assert!(!fresh(odd, URL, 1_000), "{odd}");
        }
        let unknown = text.replace("temperature", "messages");
        let mut quirks = Quirks::default();
        recall(&mut quirks, &unknown, URL, Millis(1_000));
        assert_eq!(quirks, Quirks::default(), "only what may be left out");
    }
}
