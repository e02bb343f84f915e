//! What is asked about personas: the list, one by name, changes, the trash, character cards, and which one a
//! conversation has.

use std::path::{Path, PathBuf};

use tokio::io::AsyncReadExt;

use super::desk::{Desk, gone};
use super::jobs::Key;
use super::{Engine, Left};
use crate::domain::card;
use crate::domain::conversation::Conversation;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::{ConversationId, PersonaId, RequestId};
use crate::domain::persona::{Persona, PersonaListed, Profile};
use crate::protocol::{Act, Answer, Chat, Command, News, Personas, Row};
use crate::store::{Choice, Named, Store, StoreError};

impl Engine {
    /// Does what is asked at once, or starts the job that does.
    pub(super) async fn personas(
        &mut self,
        cause: RequestId,
        asked: Personas,
    ) -> Result<Vec<News>, Failure> {
        match asked {
            Personas::List => {
                let all = self.stores.file.personas().await;
                let all = all.map_err(|error| self.desk.failure(&error))?;
                Ok(vec![News::Answer(Answer::Personas(all))])
            }
            Personas::Find { name } => {
                let found = self.find_persona(&name).await?;
                Ok(vec![News::Answer(Answer::Persona(found))])
            }
            Personas::Save {
                id,
                is_new,
                profile,
            } => {
                let profile = profile.tidied();
                profile.check()?;
                match is_new {
                    true => self.add_persona(id, &profile).await,
                    false => self.change_persona(id, &profile).await,
                }
            }
            Personas::Duplicate { id, copy } => {
                let made = self.stores.file.copy_persona(id, copy).await;
                let made = made.map_err(|error| self.desk.failure(&error))?;
                Ok(made_news(made, "copied"))
            }
            Personas::Apply { ids, act } => self.apply_to_personas(&ids, act).await,
            Personas::Import { id, file } => {
                self.import_card(cause, id, file);
                Ok(Vec::new())
            }
        }
    }

    async fn find_persona(&self, name: &str) -> Result<Box<PersonaListed>, Failure> {
        let found = self.stores.file.find_persona(name).await;
        let (title, remedy) = match found.map_err(|error| self.desk.failure(&error))? {
            Named::One(found) => return Ok(found),
            Named::None => (
                format!("There is no persona \u{201c}{name}\u{201d}"),
                "`salon personas list` names them all.",
            ),
            Named::Many => (
                format!("{name} is the beginning of several ids"),
                "Give more of it, or the name.",
            ),
        };
        Err(Failure::new(FailureKind::Input, title, remedy))
    }

    async fn add_persona(
        &mut self,
        id: PersonaId,
        profile: &Profile,
    ) -> Result<Vec<News>, Failure> {
        if let Some(model) = &profile.model {
            self.check_provider(model)?;
        }
        let made = self.stores.file.add_persona(id, profile, None).await;
        let made = made.map_err(|error| self.desk.failure(&error))?;
        Ok(made_news(made, "made"))
    }

    async fn change_persona(
        &mut self,
        id: PersonaId,
        profile: &Profile,
    ) -> Result<Vec<News>, Failure> {
        let before = self.persona_to_take(id).await?.profile;
        if let Some(model) = profile
            .model
            .as_ref()
            .filter(|model| before.model.as_ref() != Some(model))
        {
            self.check_provider(model)?;
        }
        let changed = self.stores.file.set_persona_profile(id, profile).await;
        let changed = changed.map_err(|error| self.desk.failure(&error))?;
        let done = Answer::Done {
            what: format!("saved: {}", changed.persona.profile.name),
            undo: Some(Command::Personas(Personas::Save {
                id,
                is_new: false,
                profile: before,
            })),
        };
        Ok(vec![
            News::Changed(Row::Persona(changed)),
            News::Answer(done),
        ])
    }

    async fn apply_to_personas(
        &mut self,
        ids: &[PersonaId],
        act: Act,
    ) -> Result<Vec<News>, Failure> {
        let changed = self.stores.file.apply_to_personas(ids, act).await;
        let changed = changed.map_err(|error| self.desk.failure(&error))?;
        let verb = match act {
            Act::Trash => "moved to the trash",
            Act::Restore => "restored",
        };
        let whom = match changed.as_slice() {
            [] => return Err(gone("The persona")),
            [one] => one.persona.profile.name.clone(),
            several => format!("{} personas", several.len()),
        };
        let talks: u64 = changed.iter().map(|one| one.conversations).sum();
        let rest = match (act, talks) {
            (Act::Restore, _) | (Act::Trash, 0) => String::new(),
            (Act::Trash, 1) => "; its conversation stays, and goes on without it".to_owned(),
            (Act::Trash, n) => format!("; {n} conversations stay, and go on without it"),
        };
        let undo = Personas::Apply {
            ids: changed.iter().map(|one| one.persona.id).collect(),
            act: match act {
                Act::Trash => Act::Restore,
                Act::Restore => Act::Trash,
            },
        };
        let done = Answer::Done {
            what: format!("{verb}: {whom}{rest}"),
            undo: Some(Command::Personas(undo)),
        };
        let rows = changed
            .into_iter()
            .map(|one| News::Changed(Row::Persona(one)));
        Ok(rows.chain([News::Answer(done)]).collect())
    }

    /// Reads a card and makes a persona of it; a slow disk holds up nothing else.
    fn import_card(&mut self, cause: RequestId, id: PersonaId, file: PathBuf) {
        let (desk, mut mouth) = (self.desk.clone(), self.mouth(cause));
        let store = self.stores.file.clone();
        self.jobs
            .start(Key::Read, Some(cause), None, |token| async move {
                let import = import(&desk, &store, id, &file);
                match token.run_until_cancelled(import).await {
                    Some(Ok(made)) => {
                        for news in made_news(made, "imported") {
                            mouth.say(news);
                        }
                    }
                    Some(Err(failure)) => mouth.say(News::Refused(failure)),
                    None => {}
                }
                mouth.finish().await;
                Left::Nothing
            });
    }

    /// A persona that is there and not in the trash.
    pub(super) async fn persona_to_take(&self, id: PersonaId) -> Result<Persona, Failure> {
        let found = self.stores.file.persona(id).await;
        let found = found.map_err(|error| self.desk.failure(&error))?;
        let persona = found.ok_or_else(|| gone("The persona"))?.persona;
        if persona.trashed_at.is_some() {
            return Err(Failure::new(
                FailureKind::Input,
                format!("{} is in the trash", persona.profile.name),
                "Restore it first.",
            ));
        }
        Ok(persona)
    }

    /// Who speaks in this conversation: a persona that is gone or in the trash does not.
    pub(super) async fn persona_of(
        &self,
        conversation: &Conversation,
    ) -> Result<Option<Persona>, Failure> {
        let found = self.persona_set(conversation).await?;
        let shown = found.filter(|one| one.persona.trashed_at.is_none());
        Ok(shown.map(|one| one.persona))
    }

    /// The persona it was given, in the trash or not.
    async fn persona_set(
        &self,
        conversation: &Conversation,
    ) -> Result<Option<PersonaListed>, Failure> {
        match conversation.persona {
            None => Ok(None),
            Some(id) => {
                let found = self.stores.file.persona(id).await;
                found.map_err(|error| self.desk.failure(&error))
            }
        }
    }

    /// Gives a conversation another persona, or none. Its model is taken over; its temperature too, unless the user had
    /// set one: what only came with the former persona goes with it (spec P3).
    pub(super) async fn set_persona(
        &mut self,
        id: ConversationId,
        persona: Option<PersonaId>,
    ) -> Result<Vec<News>, Failure> {
        let failure = |error: StoreError| self.desk.failure(&error);
        let found = self.stores.of(id).conversation(id).await;
        let before = found
            .map_err(failure)?
            .ok_or_else(|| gone("The conversation"))?;
        let persona = match persona {
            Some(id) => Some(self.persona_to_take(id).await?),
            None => None,
        };
        let former = self.persona_set(&before).await?;
        let former = former.and_then(|one| one.persona.profile.temperature);
        let own = before.sampling.temperature;
        let own = own.filter(|own| Some(*own) != former);
        let profile = persona.as_ref().map(|persona| &persona.profile);
        let wished = profile.and_then(|profile| profile.model.as_ref());
        let model = wished.filter(|model| self.check_provider(model).is_ok());
        let choice = Choice {
            persona: persona.as_ref().map(|persona| persona.id),
            model: model.unwrap_or(&before.model).clone(),
            temperature: own.or(profile.and_then(|profile| profile.temperature)),
        };
        let mut said = vec![match profile {
            Some(profile) => format!("the persona is now {}", profile.name),
            None => "no persona any more".to_owned(),
        }];
        match (wished, model) {
            (Some(wished), None) => said.push(format!(
                "its model {wished} is not known here, {} stays",
                before.model
            )),
            (_, Some(model)) if *model != before.model => said.push(format!("model {model}")),
            (_, _) => {}
        }
        match (choice.temperature, own) {
            (Some(own), Some(_)) if profile.is_some_and(|p| p.temperature.is_some()) => {
                said.push(format!("your temperature {own} stays"));
            }
            (Some(taken), None) => said.push(format!("temperature {taken}")),
            (None, _) if before.sampling.temperature.is_some() => {
                said.push("temperature as in the settings".to_owned());
            }
            (_, _) => {}
        }
        let back = Chat::PutPersonaBack {
            conversation: id,
            persona: before.persona,
            model: before.model.clone(),
            temperature: before.sampling.temperature,
        };
        self.choose(&before, choice, said.join("; "), back).await
    }

    /// Undoes a choice of a persona.
    pub(super) async fn put_persona_back(
        &mut self,
        id: ConversationId,
        choice: Choice,
    ) -> Result<Vec<News>, Failure> {
        let found = self.stores.of(id).conversation(id).await;
        let found = found.map_err(|error| self.desk.failure(&error))?;
        let before = found.ok_or_else(|| gone("The conversation"))?;
        let again = Chat::PutPersonaBack {
            conversation: id,
            persona: before.persona,
            model: before.model.clone(),
            temperature: before.sampling.temperature,
        };
        let what = "the former persona is back".to_owned();
        self.choose(&before, choice, what, again).await
    }

    async fn choose(
        &mut self,
        before: &Conversation,
        choice: Choice,
        what: String,
        undo: Chat,
    ) -> Result<Vec<News>, Failure> {
        let failure = |error: StoreError| self.desk.failure(&error);
        let store = self.stores.of(before.id);
        let changed = store.choose_persona(before.id, &choice).await;
        let changed = changed.map_err(failure)?;
        let mut news = vec![News::Changed(Row::Conversation(changed))];
        for id in [before.persona, choice.persona].into_iter().flatten() {
            let row = self.stores.file.persona(id).await.map_err(failure)?;
            news.extend(row.map(|row| News::Changed(Row::Persona(row))));
        }
        news.push(News::Answer(Answer::Done {
            what,
            undo: Some(Command::Chat(undo)),
        }));
        Ok(news)
    }
}

/// What is said of a persona that was not there before.
fn made_news(made: PersonaListed, verb: &str) -> Vec<News> {
    let done = Answer::Done {
        what: format!("{verb}: {}", made.persona.profile.name),
        undo: Some(Command::Personas(Personas::Apply {
            ids: vec![made.persona.id],
            act: Act::Trash,
        })),
    };
    vec![News::Changed(Row::Persona(made)), News::Answer(done)]
}

async fn import(
    desk: &Desk,
    store: &Store,
    id: PersonaId,
    file: &Path,
) -> Result<PersonaListed, Failure> {
    let card = read(file).await?;
    let profile = card::profile(&card)?;
    let made = store.add_persona(id, &profile, Some(&card)).await;
    made.map_err(|error| desk.failure(&error))
}

/// A card's file as text.
async fn read(file: &Path) -> Result<String, Failure> {
    let unreadable = |why: String| {
        Failure::new(
            FailureKind::Input,
            format!("{} cannot be read: {why}", file.display()),
            "Give the JSON file of a character card.",
        )
    };
    // Opening a pipe would wait for whoever writes into it.
    let kind = tokio::fs::metadata(file).await;
    if !kind
        .map_err(|error| unreadable(error.to_string()))?
        .is_file()
    {
        return Err(unreadable("it is not a file".to_owned()));
    }
    let mut bytes = Vec::new();
    let read = async {
        let open = tokio::fs::File::open(file).await?;
        open.take(card::LARGEST + 1).read_to_end(&mut bytes).await
    };
    let size = read.await.map_err(|error| unreadable(error.to_string()))?;
    if u64::try_from(size).is_ok_and(|size| size > card::LARGEST) {
        return Err(Failure::new(
            FailureKind::Input,
            format!("{} is larger than 2 MB", file.display()),
            "A character card is smaller; give its JSON file.",
        ));
    }
    // A picture gets the same answer as any text that is no card.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
