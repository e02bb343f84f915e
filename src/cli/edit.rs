//! `salon edit`: changes a conversation. All that is given is checked before anything changes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::ask::find;
use super::list::names;
use super::personas::persona_to_take;
use super::{Exit, Line, NoAnswer, Out};
use crate::args::Edit;
use crate::domain::conversation::{Conversation, Sampling, TITLE_GIVEN};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::model::ModelRef;
use crate::domain::prompt::METADATA;
use crate::domain::{record, tag};
use crate::protocol::{Chat, Command, Shelf};

/// What is to change beside the persona, checked.
struct Changes {
    title: Option<String>,
    model: Option<ModelRef>,
    system: Option<String>,
    /// Inside: `None` = as in the settings.
    temperature: Option<Option<f64>>,
    max_tokens: Option<Option<u32>>,
    is_pinned: Option<bool>,
    is_archived: Option<bool>,
    add: Vec<String>,
    remove: Vec<String>,
    metadata: BTreeMap<String, Option<Value>>,
}

/// Changes it, and prints what was done, with `--json` the conversation as it stands now.
pub async fn edit(line: &mut Line, out: &mut Out, given: Edit) -> Exit {
    match run(line, out, given).await {
        Ok(()) => {
            line.stop().await;
            out.exit(Exit::DONE)
        }
        Err(why) => line.give_up(why, out).await,
    }
}

async fn run(line: &mut Line, out: &mut Out, given: Edit) -> Result<(), NoAnswer> {
    let changes = Changes::of(&given).map_err(NoAnswer::Failed)?;
    let before = find(line, out, &given.id).await?;
    let persona = match &given.persona {
        Some(name) => Some(persona_to_take(line, out, name).await?),
        None => None,
    };
    let mut done = Vec::new();
    let edit = async {
        // First, because only the engine knows whether a model's provider is there.
        if let Some(model) = &changes.model {
            line.change(switch(&before, model), out).await?;
            done.push(format!("model: {model}"));
        }
        if let Some(persona) = persona {
            let conversation = before.id;
            let set = Chat::SetPersona {
                conversation,
                persona,
            };
            done.push(line.done(Command::Chat(set), out).await?);
        }
        // A persona may have brought a model and a temperature; what is given comes after it.
        let now = find(line, out, &before.id.to_string()).await?;
        for (command, what) in changes.chats(&now) {
            line.change(command, out).await?;
            done.extend(what);
        }
        for command in changes.shelves(&now) {
            done.push(line.done(Command::Shelf(command), out).await?);
        }
        Ok(())
    };
    let edited: Result<(), NoAnswer> = edit.await;
    match edited {
        Err(NoAnswer::Failed(mut failure)) if !done.is_empty() => {
            failure.detail = match failure.detail.is_empty() {
                true => format!("Done before that: {}", done.join("; ")),
                false => format!("{}\nDone before that: {}", failure.detail, done.join("; ")),
            };
            return Err(NoAnswer::Failed(failure));
        }
        edited => edited?,
    }
    if out.is_json() {
        let now = find(line, out, &before.id.to_string()).await?;
        let persona = now.persona;
        let names = names(line, out).await?;
        let persona = persona.and_then(|id| names.get(&id));
        out.object(&record::conversation(&now, persona.map(String::as_str)));
    } else {
        for what in done {
            out.line(&what);
        }
    }
    Ok(())
}

fn switch(row: &Conversation, model: &ModelRef) -> Command {
    Command::Chat(Chat::SwitchModel {
        conversation: row.id,
        model: model.clone(),
    })
}

impl Changes {
    fn of(given: &Edit) -> Result<Changes, Failure> {
        let title = given.title.as_deref().map(title).transpose()?;
        let model = given.model.as_deref().map(model).transpose()?;
        for tag in given.tag.iter().chain(&given.untag) {
            tag::check(tag)?;
        }
        let is_both = |tag: &&String| given.untag.iter().any(|other| tag::is_same(other, tag));
        if let Some(tag) = given.tag.iter().find(is_both) {
            return Err(bad(
                format!("The tag {tag} is both given and taken away"),
                "Give it once.",
            ));
        }
        let mut metadata = BTreeMap::new();
        for (key, value) in &given.meta {
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value.as_str()));
            if metadata.insert(key.clone(), Some(value)).is_some() {
                return Err(twice(key));
            }
        }
        for key in &given.no_meta {
            if metadata.insert(key.trim().to_owned(), None).is_some() {
                return Err(twice(key));
            }
        }
        let size = serde_json::to_string(&metadata).map_or(0, |text| text.len());
        if size > METADATA {
            let told = format!("The metadata has {size} bytes");
            return Err(bad(told, &format!("Give at most {METADATA}.")));
        }
        if metadata.contains_key("") {
            return Err(bad(
                "A key of the metadata is empty".to_owned(),
                "Give it a name.",
            ));
        }
        let changes = Changes {
            title,
            model,
            system: given.system.clone(),
            temperature: none_or(given.temperature.as_deref(), "temperature")?,
            max_tokens: none_or(given.max_tokens.as_deref(), "number of tokens")?,
            is_pinned: (given.pin || given.no_pin).then_some(given.pin),
            is_archived: (given.archive || given.no_archive).then_some(given.archive),
            add: given.tag.clone(),
            remove: given.untag.clone(),
            metadata,
        };
        if changes.is_empty() && given.persona.is_none() {
            let title = "Nothing is given that is to change".to_owned();
            return Err(bad(title, "`salon edit --help` lists what can be changed."));
        }
        let sampling = Sampling {
            temperature: changes.temperature.flatten(),
            max_output_tokens: changes.max_tokens.flatten(),
            ..Sampling::default()
        };
        sampling.check()?;
        Ok(changes)
    }

    fn is_empty(&self) -> bool {
        let places = [self.is_pinned, self.is_archived];
        self.title.is_none()
            && self.model.is_none()
            && self.system.is_none()
            && self.temperature.is_none()
            && self.max_tokens.is_none()
            && places == [None, None]
            && self.add.is_empty()
            && self.remove.is_empty()
            && self.metadata.is_empty()
    }

    /// Model, instructions and sampling, with what is said of each; a model that is there already needs no word.
    fn chats(&self, now: &Conversation) -> Vec<(Command, Option<String>)> {
        let conversation = now.id;
        let mut all = Vec::new();
        if let Some(model) = self.model.as_ref().filter(|model| **model != now.model) {
            all.push((switch(now, model), None));
        }
        if let Some(text) = &self.system {
            let what = match text.trim().is_empty() {
                true => "instructions: none",
                false => "instructions changed",
            };
            let text = text.clone();
            let set = Chat::SetSystem { conversation, text };
            all.push((Command::Chat(set), Some(what.to_owned())));
        }
        let mut sampling = now.sampling.clone();
        let mut what = Vec::new();
        let as_set = || "as in the settings".to_owned();
        if let Some(temperature) = self.temperature {
            sampling.temperature = temperature;
            let words = temperature.map_or_else(as_set, |t| t.to_string());
            what.push(format!("temperature: {words}"));
        }
        if let Some(most) = self.max_tokens {
            sampling.max_output_tokens = most;
            let words = most.map_or_else(as_set, |n| n.to_string());
            what.push(format!("longest reply: {words}"));
        }
        if !what.is_empty() {
            let set = Chat::Set {
                conversation,
                sampling,
            };
            all.push((Command::Chat(set), Some(what.join("; "))));
        }
        all
    }

    /// Title, tags, metadata, place in the list.
    fn shelves(&self, now: &Conversation) -> Vec<Shelf> {
        let conversation = now.id;
        let ids = || vec![conversation];
        let mut all = Vec::new();
        if let Some(title) = self.title.clone() {
            all.push(Shelf::Rename {
                conversation,
                title,
            });
        }
        if !self.add.is_empty() || !self.remove.is_empty() {
            all.push(Shelf::Tag {
                ids: ids(),
                add: self.add.clone(),
                remove: self.remove.clone(),
            });
        }
        if !self.metadata.is_empty() {
            all.push(Shelf::SetMetadata {
                conversation,
                set: self.metadata.clone(),
            });
        }
        if let Some(is_pinned) = self.is_pinned {
            all.push(Shelf::Pin {
                ids: ids(),
                is_pinned,
            });
        }
        if let Some(is_archived) = self.is_archived {
            all.push(Shelf::Archive {
                ids: ids(),
                is_archived,
            });
        }
        all
    }
}

fn title(text: &str) -> Result<String, Failure> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let title = words.join(" ");
    if title.chars().count() > TITLE_GIVEN {
        let told = format!("The title is longer than {TITLE_GIVEN} characters");
        return Err(bad(told, "Give a shorter one."));
    }
    Ok(title)
}

fn model(text: &str) -> Result<ModelRef, Failure> {
    text.parse().map_err(|_| {
        let told = format!("{text} is no model");
        bad(told, "Write it provider/name, such as openai/gpt-4o.")
    })
}

/// A number, or `none`.
fn none_or<T: std::str::FromStr>(
    text: Option<&str>,
    what: &str,
) -> Result<Option<Option<T>>, Failure> {
    match text.map(str::trim) {
        None => Ok(None),
        Some("none") => Ok(Some(None)),
        Some(text) => match text.parse() {
            Ok(number) => Ok(Some(Some(number))),
            Err(_) => {
                let told = format!("{text} is no {what}");
                Err(bad(
                    told,
                    "Give a number, or `none` for that of the settings.",
                ))
            }
        },
    }
}

fn twice(key: &str) -> Failure {
    bad(
        format!("The metadata key {key} is given twice"),
        "Give it once.",
    )
}

fn bad(title: String, remedy: &str) -> Failure {
    Failure::new(FailureKind::Input, title, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_bad_is_seen_before_anything_changes() {
        let given = |change: fn(&mut Edit)| {
            let mut given = Edit::default();
            change(&mut given);
            Changes::of(&given)
                .err()
                .map(|failure| (failure.kind, failure.title))
        };
        let told = |title: &str| Some((FailureKind::Input, title.to_owned()));
        let nothing = given(|_| {});
        assert_eq!(nothing, told("Nothing is given that is to change"));
        assert_eq!(given(|edit| edit.persona = Some("Anna".into())), None);
        let long = given(|edit| edit.title = Some("x".repeat(501)));
        assert_eq!(long, told("The title is longer than 500 characters"));
        assert_eq!(
            given(|edit| edit.model = Some("m".into())),
            told("m is no model")
        );
        let hot = given(|edit| edit.temperature = Some("3".into()));
        assert_eq!(hot, told("The temperature 3 is out of range"));
        let word = given(|edit| edit.temperature = Some("hot".into()));
        assert_eq!(word, told("hot is no temperature"));
        let few = given(|edit| edit.max_tokens = Some("0".into()));
        assert_eq!(few, told("The maximum of output tokens is 0"));
        let less = given(|edit| edit.max_tokens = Some("-1".into()));
        assert_eq!(less, told("-1 is no number of tokens"));
        assert!(given(|edit| edit.tag = vec!["a b".into()]).is_some());
        let both = given(|edit| {
            edit.tag = vec!["Work".into()];
            edit.untag = vec!["work".into()];
        });
        assert_eq!(both, told("The tag Work is both given and taken away"));
        let both = given(|edit| {
            edit.meta = vec![("a".into(), "1".into())];
            edit.no_meta = vec!["a".into()];
        });
        assert_eq!(both, told("The metadata key a is given twice"));
    }

    #[test]
    fn values_are_json_where_they_are_and_text_elsewhere() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let given = Edit {
            meta: vec![
                pair("n", "7"),
                pair("t", "true"),
                pair("s", "two words"),
                pair("o", "{\"a\":[1]}"),
            ],
            no_meta: vec!["old".into()],
            temperature: Some("none".into()),
            ..Edit::default()
        };
        let changes = Changes::of(&given).unwrap();
        let json = serde_json::to_value(&changes.metadata).unwrap();
        let wanted =
            serde_json::json!({"n": 7, "t": true, "s": "two words", "o": {"a": [1]}, "old": null});
        assert_eq!(json, wanted);
        assert_eq!(
            (changes.temperature, changes.max_tokens),
            (Some(None), None)
        );
    }
}
