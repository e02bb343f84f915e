//! `salon prompts`: lists, prints, changes and fills prompts.

use std::io::Read;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::trial::{self, Preview};
use super::{Exit, Line, NoAnswer, Out, library_json as json, personas};
use crate::args::{Fill, Listing, Prompt as Given, PromptCommand};
use crate::domain::conversation::Sampling;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::{Mint, PromptId};
use crate::domain::prompt::{PromptListed, Sheet, Trial};
use crate::domain::template::{Kind, Template, Values};
use crate::protocol::{Answer, Command, Library, PromptAct, PromptOrder, PromptQuery, Which};

/// Does what the command says.
pub async fn prompts(
    line: &mut Line,
    out: &mut Out,
    command: Option<PromptCommand>,
    mint: &Mint,
) -> Exit {
    let command = command.unwrap_or(PromptCommand::List(Listing::default()));
    match run(line, out, command, mint).await {
        Ok(exit) => {
            line.stop().await;
            out.exit(exit)
        }
        Err(why) => line.give_up(why, out).await,
    }
}

async fn run(
    line: &mut Line,
    out: &mut Out,
    command: PromptCommand,
    mint: &Mint,
) -> Result<Exit, NoAnswer> {
    match command {
        PromptCommand::List(listing) => {
            for listed in list(line, out, query(listing)).await? {
                if !out.is_broken() {
                    row(out, &listed);
                }
            }
        }
        PromptCommand::Show {
            id, versions: true, ..
        } => show_versions(line, out, &id).await?,
        PromptCommand::Show { id, uses: true, .. } => show_uses(line, out, &id).await?,
        PromptCommand::Show { id, .. } => {
            let found = find(line, out, &id).await?;
            show(out, &found);
        }
        PromptCommand::Set(given) => set(line, out, given, mint).await?,
        PromptCommand::Copy { id } => {
            let id = find(line, out, &id).await?.prompt.id;
            let copy = mint.id();
            let duplicate = Command::Library(Library::Duplicate { id, copy });
            let what = line.done(duplicate, out).await?;
            tell(line, out, copy, &what).await?;
        }
        PromptCommand::Rm { id } => apply(line, out, &id, PromptAct::Trash).await?,
        PromptCommand::Restore { id } => apply(line, out, &id, PromptAct::Restore).await?,
        PromptCommand::Hide { id } => apply(line, out, &id, PromptAct::Hide).await?,
        PromptCommand::Unhide { id } => apply(line, out, &id, PromptAct::Unhide).await?,
        PromptCommand::Use { id, fill } => put_to_use(line, out, &id, fill, mint).await?,
        PromptCommand::Preview { .. } => return preview(line, out, command, mint).await,
    }
    Ok(Exit::DONE)
}

fn query(listing: Listing) -> PromptQuery {
    PromptQuery {
        words: listing.filter.join(" "),
        scenario: listing.scenario,
        tag: listing.tag,
        has_shipped: !listing.no_shipped,
        has_hidden: listing.hidden,
        which: match listing.trash {
            true => Which::Trashed,
            false => Which::Active,
        },
        order: match listing.by_title {
            true => PromptOrder::Title,
            false => PromptOrder::Use,
        },
    }
}

async fn list(
    line: &mut Line,
    out: &mut Out,
    query: PromptQuery,
) -> Result<Vec<PromptListed>, NoAnswer> {
    let list = Command::Library(Library::List { query });
    let Answer::Prompts(all) = line.answer(list, out).await? else {
        return Err(NoAnswer::Failed(super::lost()));
    };
    Ok(all)
}

async fn find(line: &mut Line, out: &mut Out, name: &str) -> Result<PromptListed, NoAnswer> {
    let name = name.to_owned();
    let find = Command::Library(Library::Find { name });
    let Answer::Prompt(found) = line.answer(find, out).await? else {
        return Err(NoAnswer::Failed(super::lost()));
    };
    Ok(*found)
}

async fn apply(line: &mut Line, out: &mut Out, name: &str, act: PromptAct) -> Result<(), NoAnswer> {
    let mut id = None;
    if act == PromptAct::Restore {
        let trash = PromptQuery {
            which: Which::Trashed,
            ..PromptQuery::default()
        };
        let wanted = name.trim().to_lowercase();
        let all = list(line, out, trash).await?;
        let named = all
            .iter()
            .filter(|one| one.prompt.sheet.title.to_lowercase() == wanted)
            .max_by_key(|one| one.prompt.trashed_at);
        id = named.map(|one| one.prompt.id);
    }
    let id = match id {
        Some(id) => id,
        None => find(line, out, name).await?.prompt.id,
    };
    let ids = vec![id];
    let what = line
        .done(Command::Library(Library::Apply { ids, act }), out)
        .await?;
    tell(line, out, id, &what).await
}

/// Prints what was done: with `--json` the prompt as it stands now.
async fn tell(line: &mut Line, out: &mut Out, id: PromptId, what: &str) -> Result<(), NoAnswer> {
    if out.is_json() {
        let found = find(line, out, &id.to_string()).await?;
        out.object(&json::prompt(&found));
    } else {
        out.line(what);
    }
    Ok(())
}

async fn set(line: &mut Line, out: &mut Out, given: Given, mint: &Mint) -> Result<(), NoAnswer> {
    let (id, is_new, sheet) = match &given.id {
        Some(id) => {
            let found = find(line, out, id).await?.prompt;
            (found.id, false, found.sheet)
        }
        None => (mint.id(), true, Sheet::default()),
    };
    let sheet = changed(sheet, given).map_err(NoAnswer::Failed)?;
    let save = Command::Library(Library::Save { id, is_new, sheet });
    let what = line.done(save, out).await?;
    tell(line, out, id, &what).await
}

/// The sheet with what was given.
fn changed(mut sheet: Sheet, given: Given) -> Result<Sheet, Failure> {
    if let Some(title) = given.title {
        sheet.title = title;
    }
    if let Some(content) = given.content {
        sheet.content = text_of(content)?;
    }
    if let Some(scenario) = given.scenario {
        sheet.scenario = scenario;
    }
    if let Some(description) = given.description {
        sheet.description = description;
    }
    if !given.tags.is_empty() {
        sheet.tags = given.tags;
    }
    set_metadata(&mut sheet.metadata, given.metadata);
    Ok(sheet)
}

fn set_metadata(metadata: &mut Map<String, Value>, given: Vec<(String, String)>) {
    for (name, value) in given {
        if value.is_empty() {
            metadata.remove(&name);
        } else {
            let value = serde_json::from_str(&value).unwrap_or(Value::String(value));
            metadata.insert(name, value);
        }
    }
}

/// The text given, or that of standard input for `-`, without the line end that closes it.
fn text_of(given: String) -> Result<String, Failure> {
    if given != "-" {
        return Ok(given);
    }
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .read_to_string(&mut text)
        .map_err(|error| {
            let title = format!("Standard input cannot be read: {error}");
            Failure::new(FailureKind::Input, title, "Pipe UTF-8 text into it.")
        })?;
    text.truncate(text.trim_end_matches(['\n', '\r']).len());
    Ok(text)
}

async fn put_to_use(
    line: &mut Line,
    out: &mut Out,
    name: &str,
    fill: Fill,
    mint: &Mint,
) -> Result<(), NoAnswer> {
    let found = find(line, out, name).await?;
    let (text, values) =
        filled(&found.prompt.sheet.content, fill, mint).map_err(NoAnswer::Failed)?;
    let prompt = found.prompt.id;
    let used = Command::Library(Library::Used { prompt, values });
    line.done(used, out).await?;
    if out.is_json() {
        let found = find(line, out, &prompt.to_string()).await?;
        let used = serde_json::json!({ "text": text, "prompt": json::prompt(&found) });
        out.object(&used);
    } else {
        out.words(&text);
        out.end_words();
    }
    Ok(())
}

/// The text with its fields filled, and the values given; names what is missing or not there.
fn filled(content: &str, fill: Fill, mint: &Mint) -> Result<(String, Values), Failure> {
    let template = Template::parse(content);
    let bad = |title: String, remedy: String| Failure::new(FailureKind::Input, title, remedy);
    let fields: Vec<&str> = template.fields().iter().map(|f| f.name.as_str()).collect();
    let mut given = Values::new();
    for (name, value) in fill.values {
        let Some(field) = template.fields().iter().find(|field| field.name == name) else {
            let remedy = match fields.as_slice() {
                [] => "It has none; leave --var away.".to_owned(),
                all => format!("Its fields: {}.", all.join(", ")),
            };
            return Err(bad(format!("The text has no field {name}"), remedy));
        };
        if let Kind::Choice(options) = &field.kind
            && !value.trim().is_empty()
            && !options.contains(&value)
        {
            let remedy = format!("Choose one of: {}.", options.join(", "));
            return Err(bad(format!("{name} cannot be {value}"), remedy));
        }
        given.insert(name, value);
    }
    let mut values = given.clone();
    let today = || mint.now().day(&TimeZone::system());
    for field in template.fields() {
        if field.kind == Kind::Date {
            values.entry(field.name.clone()).or_insert_with(today);
        }
    }
    let text = template.fill(&values).map_err(|gaps| {
        let title = match gaps.as_slice() {
            [one] => format!("The field {one} is empty"),
            several => format!("These fields are empty: {}", several.join(", ")),
        };
        let wanted: Vec<String> = gaps.iter().map(|gap| format!("--var {gap}=…")).collect();
        bad(title, format!("Give {}.", wanted.join(" ")))
    })?;
    Ok((text, given))
}

async fn preview(
    line: &mut Line,
    out: &mut Out,
    command: PromptCommand,
    mint: &Mint,
) -> Result<Exit, NoAnswer> {
    let PromptCommand::Preview {
        id,
        content,
        fill,
        is_try,
        model,
        temperature,
        max_tokens,
        persona,
    } = command
    else {
        return Ok(Exit::DONE);
    };
    let content = match (id, content) {
        (Some(id), _) => find(line, out, &id).await?.prompt.sheet.content,
        (None, content) => text_of(content.unwrap_or_default()).map_err(NoAnswer::Failed)?,
    };
    let (text, _) = filled(&content, fill, mint).map_err(NoAnswer::Failed)?;
    let model = model.map(|model| {
        model.parse().map_err(|_| {
            let title = format!("{model} is no model");
            let remedy = "Write it provider/name, such as openai/gpt-4o.";
            NoAnswer::Failed(Failure::new(FailureKind::Input, title, remedy))
        })
    });
    let model = model.transpose()?;
    let persona = match persona {
        Some(name) => personas::persona_id(line, out, &name).await?,
        None => None,
    };
    if !is_try && model.is_none() {
        trial::unasked(out, &text);
        return Ok(Exit::DONE);
    }
    let trial = Trial {
        text,
        conversation: None,
        persona,
        model,
        sampling: Sampling {
            temperature,
            max_output_tokens: max_tokens,
            ..Sampling::default()
        },
    };
    Preview::of(trial).run(line, out, mint).await
}

fn row(out: &mut Out, listed: &PromptListed) {
    if out.is_json() {
        return out.object(&json::prompt(listed));
    }
    let PromptListed { prompt, uses, .. } = listed;
    let scenario = match prompt.sheet.scenario.as_str() {
        "" => "-",
        scenario => scenario,
    };
    let (id, title) = (prompt.id, &prompt.sheet.title);
    out.line(&format!("{id}  {scenario}  {uses}  {title}"));
}

fn show(out: &mut Out, listed: &PromptListed) {
    if out.is_json() {
        return out.object(&json::prompt(listed));
    }
    let PromptListed { prompt, uses, .. } = listed;
    let sheet = &prompt.sheet;
    out.line(&sheet.title);
    let mut facts = vec![prompt.id.to_string(), format!("version {}", prompt.version)];
    if !sheet.scenario.is_empty() {
        facts.push(sheet.scenario.clone());
    }
    facts.push(format!("used {uses} times"));
    facts.extend(sheet.tags.iter().map(|tag| format!("#{tag}")));
    out.line(&facts.join("  "));
    if !sheet.description.is_empty() {
        out.line(&sheet.description);
    }
    out.line("");
    out.text(sheet.content.trim_end_matches('\n'));
}

async fn show_versions(line: &mut Line, out: &mut Out, id: &str) -> Result<(), NoAnswer> {
    let prompt = find(line, out, id).await?.prompt.id;
    let versions = Command::Library(Library::Versions { prompt });
    let Answer::Versions(versions) = line.answer(versions, out).await? else {
        return Err(NoAnswer::Failed(super::lost()));
    };
    for version in versions {
        if out.is_json() {
            out.object(&json::version(&version));
        } else {
            let (number, at) = (version.version, version.created_at.rfc3339());
            out.line(&format!("{number}  {at}  {}", version.title));
            out.line("");
            out.text(version.content.trim_end_matches('\n'));
            out.line("");
        }
    }
    Ok(())
}

async fn show_uses(line: &mut Line, out: &mut Out, id: &str) -> Result<(), NoAnswer> {
    let prompt = find(line, out, id).await?.prompt.id;
    let uses = Command::Library(Library::Uses { prompt });
    let Answer::Uses(uses) = line.answer(uses, out).await? else {
        return Err(NoAnswer::Failed(super::lost()));
    };
    for used in uses {
        if out.is_json() {
            out.object(&json::used(&used));
        } else {
            let (conversation, at) = (used.conversation, used.at.rfc3339());
            out.line(&format!("{conversation}  {at}  {}", used.title));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::when::Millis;
    use std::sync::Arc;

    fn fill(pairs: &[(&str, &str)]) -> Fill {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Fill {
            values: pairs.iter().map(owned).collect(),
        }
    }

    #[test]
    fn fields_are_filled_and_what_is_missing_or_wrong_is_named() {
        let mint = Mint::new(Arc::new(|| Millis(1_795_240_024_070)));
        let content = "{who} {tone|kind|dry} {n:3} {date}";
        let given = fill(&[("who", "a=b"), ("tone", "dry")]);
        let (text, values) = filled(content, given, &mint).unwrap();
        assert!(text.starts_with("a=b dry 3 2026-11-2"), "{text}");
        assert_eq!(values.len(), 2, "only what was given is remembered");
        for (pairs, words) in [
            (&[][..], "empty: who, tone"),
            (&[("who", " "), ("tone", "dry")], "who is empty"),
            (&[("whom", "x")], "Its fields: who, tone, n, date"),
            (&[("who", "x"), ("tone", "loud")], "one of: kind, dry"),
        ] {
            let failure = filled(content, fill(pairs), &mint).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Input);
            assert!(failure.to_string().contains(words), "{failure}");
        }
        assert!(filled("plain {", fill(&[("a", "b")]), &mint).is_err());
    }

    #[test]
    fn metadata_is_json_or_text() {
        let mut metadata = Map::new();
        let given = |pairs: &[(&str, &str)]| fill(pairs).values;
        set_metadata(
            &mut metadata,
            given(&[("n", "1"), ("t", "two words"), ("x", "y")]),
        );
        set_metadata(&mut metadata, given(&[("x", "")]));
        assert_eq!(
            Value::Object(metadata),
            serde_json::json!({"n": 1, "t": "two words"})
        );
    }
}
