//! `salon personas`: lists, prints and changes personas.

use super::{Exit, Line, NoAnswer, Out, library_json as json};
use crate::args::{Persona as Given, PersonaCommand};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::{Mint, PersonaId};
use crate::domain::model::ModelRef;
use crate::domain::persona::{NONE, PersonaListed, Profile, Relationship};
use crate::protocol::{Act, Answer, Command, Personas};

/// Does what the command says.
pub async fn personas(
    line: &mut Line,
    out: &mut Out,
    command: Option<PersonaCommand>,
    mint: &Mint,
) -> Exit {
    let command = command.unwrap_or(PersonaCommand::List { trash: false });
    match run(line, out, command, mint).await {
        Ok(()) => {
            line.stop().await;
            out.exit(Exit::DONE)
        }
        Err(why) => line.give_up(why, out).await,
    }
}

async fn run(
    line: &mut Line,
    out: &mut Out,
    command: PersonaCommand,
    mint: &Mint,
) -> Result<(), NoAnswer> {
    match command {
        PersonaCommand::List { trash } => {
            for one in all(line, out).await? {
                if one.persona.trashed_at.is_some() == trash && !out.is_broken() {
                    row(out, &one);
                }
            }
            Ok(())
        }
        PersonaCommand::Show { name } => {
            let found = find(line, out, &name).await?;
            show(out, &found);
            Ok(())
        }
        PersonaCommand::Set(given) => set(line, out, given, mint).await,
        PersonaCommand::Copy { name } => {
            let id = find(line, out, &name).await?.persona.id;
            let copy = mint.id();
            let what = line
                .done(Command::Personas(Personas::Duplicate { id, copy }), out)
                .await?;
            tell(line, out, copy, &what).await
        }
        PersonaCommand::Rm { name } => {
            let id = find(line, out, &name).await?.persona.id;
            apply(line, out, id, Act::Trash).await
        }
        PersonaCommand::Restore { name } => {
            let id = trashed(line, out, &name).await?;
            apply(line, out, id, Act::Restore).await
        }
        PersonaCommand::Import { file } => {
            let id = mint.id();
            let what = line
                .done(Command::Personas(Personas::Import { id, file }), out)
                .await?;
            tell(line, out, id, &what).await
        }
    }
}

/// The id a name given to `--persona` stands for; `none` stands for no persona.
pub(super) async fn persona_id(
    line: &mut Line,
    out: &mut Out,
    name: &str,
) -> Result<Option<PersonaId>, NoAnswer> {
    if name.eq_ignore_ascii_case(NONE) {
        return Ok(None);
    }
    Ok(Some(find(line, out, name).await?.persona.id))
}

/// The same, refused where it is in the trash: a conversation cannot be given it.
pub(super) async fn persona_to_take(
    line: &mut Line,
    out: &mut Out,
    name: &str,
) -> Result<Option<PersonaId>, NoAnswer> {
    if name.eq_ignore_ascii_case(NONE) {
        return Ok(None);
    }
    let persona = find(line, out, name).await?.persona;
    if persona.trashed_at.is_some() {
        let title = format!("{} is in the trash", persona.profile.name);
        let remedy = "Restore it first with `salon personas restore`.";
        return Err(NoAnswer::Failed(Failure::new(
            FailureKind::Input,
            title,
            remedy,
        )));
    }
    Ok(Some(persona.id))
}

/// All personas, by name.
pub(super) async fn all(line: &mut Line, out: &mut Out) -> Result<Vec<PersonaListed>, NoAnswer> {
    let Answer::Personas(all) = line.answer(Command::Personas(Personas::List), out).await? else {
        return Err(NoAnswer::Failed(super::lost()));
    };
    Ok(all)
}

async fn find(line: &mut Line, out: &mut Out, name: &str) -> Result<PersonaListed, NoAnswer> {
    let name = name.to_owned();
    let find = Command::Personas(Personas::Find { name });
    let Answer::Persona(found) = line.answer(find, out).await? else {
        return Err(NoAnswer::Failed(super::lost()));
    };
    Ok(*found)
}

/// The one of this name in the trash, else whatever the name fits.
async fn trashed(line: &mut Line, out: &mut Out, name: &str) -> Result<PersonaId, NoAnswer> {
    let wanted = name.trim().to_lowercase();
    let every = all(line, out).await?;
    let found = every
        .iter()
        .filter(|one| one.persona.trashed_at.is_some())
        .filter(|one| one.persona.profile.name.to_lowercase() == wanted)
        .max_by_key(|one| one.persona.trashed_at);
    match found {
        Some(found) => Ok(found.persona.id),
        None => Ok(find(line, out, name).await?.persona.id),
    }
}

async fn apply(line: &mut Line, out: &mut Out, id: PersonaId, act: Act) -> Result<(), NoAnswer> {
    let ids = vec![id];
    let what = line
        .done(Command::Personas(Personas::Apply { ids, act }), out)
        .await?;
    tell(line, out, id, &what).await
}

/// Prints what was done: with `--json` the persona as it stands now.
async fn tell(line: &mut Line, out: &mut Out, id: PersonaId, what: &str) -> Result<(), NoAnswer> {
    if out.is_json() {
        let found = find(line, out, &id.to_string()).await?;
        out.object(&json::persona(&found));
    } else {
        out.line(what);
    }
    Ok(())
}

async fn set(line: &mut Line, out: &mut Out, given: Given, mint: &Mint) -> Result<(), NoAnswer> {
    let wanted = given.name.trim().to_lowercase();
    let every = all(line, out).await?;
    let shown = every.iter().filter(|one| one.persona.trashed_at.is_none());
    let mut named = shown.filter(|one| {
        let is_named = one.persona.profile.name.to_lowercase() == wanted;
        is_named || one.persona.id.to_string() == wanted
    });
    let before = named.next().map(|one| one.persona.clone());
    let (id, is_new, profile) = match before {
        Some(before) => (before.id, false, before.profile),
        None => {
            let name = given.name.clone();
            let profile = Profile {
                name,
                ..Profile::default()
            };
            (mint.id(), true, profile)
        }
    };
    let profile = changed(profile, given).map_err(NoAnswer::Failed)?;
    let save = Personas::Save {
        id,
        is_new,
        profile,
    };
    let what = line.done(Command::Personas(save), out).await?;
    tell(line, out, id, &what).await
}

/// The profile with what was given; empty takes away.
fn changed(mut profile: Profile, given: Given) -> Result<Profile, Failure> {
    if let Some(name) = given.rename {
        profile.name = name;
    }
    if let Some(word) = given.relationship {
        profile.relationship = Relationship::of(&word).unwrap_or_default();
    }
    if let Some(text) = given.description {
        profile.description = text;
    }
    if let Some(text) = given.instructions {
        profile.instructions = text;
    }
    if let Some(text) = given.system {
        profile.system_text = Some(text);
    }
    let bad = |title: String, remedy: &str| Failure::new(FailureKind::Input, title, remedy);
    if let Some(text) = given.model {
        profile.model = match text.trim() {
            "" => None,
            text => Some(text.parse::<ModelRef>().map_err(|_| {
                let title = format!("{text} is no model");
                bad(title, "Write it provider/name, such as openai/gpt-4o.")
            })?),
        };
    }
    if let Some(text) = given.temperature {
        profile.temperature = match text.trim() {
            "" => None,
            text => Some(text.parse::<f64>().map_err(|_| {
                bad(
                    format!("{text} is no temperature"),
                    "Give a number from 0 to 2.",
                )
            })?),
        };
    }
    Ok(profile)
}

fn row(out: &mut Out, one: &PersonaListed) {
    if out.is_json() {
        return out.object(&json::persona(one));
    }
    let profile = &one.persona.profile;
    let talks = match one.conversations {
        1 => "1 conversation".to_owned(),
        n => format!("{n} conversations"),
    };
    let relationship = profile.relationship.word();
    let id = one.persona.id;
    out.line(&format!("{id}  {relationship}  {talks}  {}", profile.name));
}

fn show(out: &mut Out, one: &PersonaListed) {
    if out.is_json() {
        return out.object(&json::persona(one));
    }
    let profile = &one.persona.profile;
    row(out, one);
    if let Some(model) = &profile.model {
        out.line(&format!("model {model}"));
    }
    if let Some(temperature) = profile.temperature {
        out.line(&format!("temperature {temperature}"));
    }
    out.line("");
    out.text(profile.system().trim_end_matches('\n'));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_changes_and_empty_takes_away() {
        let before = Profile {
            name: "Anna".into(),
            description: "tall".into(),
            model: Some("lab/m".parse().unwrap()),
            temperature: Some(1.0),
            ..Profile::default()
        };
        let given = Given {
            relationship: Some("parent".into()),
            model: Some(String::new()),
            temperature: Some(" ".into()),
            instructions: Some("Be brief.".into()),
            ..Given::default()
        };
        let after = changed(before.clone(), given).unwrap();
        assert_eq!(after.relationship, Relationship::Parent);
        assert_eq!(
            (&*after.description, &*after.instructions),
            ("tall", "Be brief.")
        );
        assert_eq!((after.model, after.temperature), (None, None));
        for (model, temperature, words) in [
            (Some("gpt"), None, "is no model"),
            (None, Some("warm"), "is no temperature"),
        ] {
            let given = Given {
                model: model.map(str::to_owned),
                temperature: temperature.map(str::to_owned),
                ..Given::default()
            };
            let failure = changed(before.clone(), given).unwrap_err();
            assert!(failure.title.ends_with(words), "{failure}");
        }
    }
}
