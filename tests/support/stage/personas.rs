//! The personas of the scripted engine.

use salon::domain::failure::{Failure, FailureKind};
use salon::domain::id::{ConversationId, PersonaId, RequestId};
use salon::domain::persona::{Persona, PersonaListed, Profile, Relationship};
use salon::domain::usage::Money;
use salon::domain::when::Millis;
use salon::protocol::{Act, Answer, Command, Event, News, Personas, Row};

use super::script::{Script, done};

impl Script {
    /// A persona made an hour ago, not talked with yet.
    pub fn persona(&mut self, name: &str, relationship: &str) -> PersonaId {
        let id = self.mint.id();
        let profile = Profile {
            name: name.to_owned(),
            relationship: Relationship::of(relationship).unwrap(),
            ..Profile::default()
        };
        let persona = self.made(id, profile);
        self.personas.push(persona);
        id
    }

    fn made(&self, id: PersonaId, profile: Profile) -> PersonaListed {
        let at = Millis(self.mint.now().0 - 3_600_000);
        PersonaListed {
            persona: Persona {
                id,
                profile,
                is_imported: false,
                created_at: at,
                updated_at: at,
                trashed_at: None,
            },
            conversations: 0,
            last_at: None,
            tokens_in: 0,
            tokens_out: 0,
            cost: Money(0),
            unpriced: 0,
        }
    }

    /// The row of a persona, counted.
    pub fn listed_persona(&self, id: PersonaId) -> PersonaListed {
        let found = self.personas.iter().find(|row| row.persona.id == id);
        let mut row = found.unwrap().clone();
        let with = || {
            let all = self.conversations.iter();
            all.filter(|c| c.persona == Some(id) && c.trashed_at.is_none())
        };
        row.conversations = u64::try_from(with().count()).unwrap();
        row.last_at = with().map(|c| c.active_at).max();
        let messages = self.messages.iter().filter(|m| m.persona == Some(id));
        for usage in messages.clone().filter_map(|m| m.usage.as_ref()) {
            row.tokens_in += usage.input.unwrap_or(0);
            row.tokens_out += usage.output.unwrap_or(0);
        }
        row.cost = Money(messages.filter_map(|m| m.cost).map(|cost| cost.0).sum());
        row
    }

    /// Whether it has this name, whatever its case.
    pub fn is_named(&self, id: Option<PersonaId>, name: &str) -> bool {
        let name = name.trim_matches('"').to_lowercase();
        let of = |row: &&PersonaListed| Some(row.persona.id) == id;
        let found = self.personas.iter().find(of);
        found.is_some_and(|row| row.persona.profile.name.to_lowercase() == name)
    }

    pub(super) fn set_persona(
        &mut self,
        cause: Option<RequestId>,
        conversation: ConversationId,
        persona: Option<PersonaId>,
    ) -> Vec<Event> {
        let model = persona.and_then(|id| self.listed_persona(id).persona.profile.model);
        let row = self.row(conversation);
        row.persona = persona;
        row.model = model.unwrap_or(row.model.clone());
        let changed = News::Changed(Row::Conversation(row.clone()));
        let answer = News::Answer(done("the persona is another".to_owned(), None));
        [changed, answer].map(|news| Event { cause, news }).to_vec()
    }

    pub(super) fn personas(&mut self, cause: Option<RequestId>, asked: Personas) -> Vec<Event> {
        let say = |news| Event { cause, news };
        match asked {
            Personas::List => {
                let mut rows: Vec<PersonaListed> = self
                    .personas
                    .iter()
                    .map(|row| self.listed_persona(row.persona.id))
                    .collect();
                rows.sort_by_key(|row| row.persona.profile.name.to_lowercase());
                vec![say(News::Answer(Answer::Personas(rows)))]
            }
            Personas::Find { name } => {
                let is_it = |row: &&PersonaListed| self.is_named(Some(row.persona.id), &name);
                vec![say(match self.personas.iter().find(is_it) {
                    Some(row) => {
                        let row = self.listed_persona(row.persona.id);
                        News::Answer(Answer::Persona(Box::new(row)))
                    }
                    None => News::Refused(no(&format!("There is no persona `{name}`"))),
                })]
            }
            Personas::Save {
                id,
                is_new,
                profile,
            } => {
                let is_other = |row: &&PersonaListed| {
                    row.persona.id != id
                        && row.persona.trashed_at.is_none()
                        && row.persona.profile.name.eq_ignore_ascii_case(&profile.name)
                };
                if self.personas.iter().any(|row| is_other(&row)) {
                    let title = format!("Another persona is called `{}`", profile.name);
                    return vec![say(News::Refused(no(&title)))];
                }
                let what = format!("saved: {}", profile.name);
                if is_new {
                    let row = self.made(id, profile);
                    self.personas.push(row);
                } else {
                    self.row_of(id).persona.profile = profile;
                }
                vec![self.say_row(cause, id), say(News::Answer(done(what, None)))]
            }
            Personas::Duplicate { id, copy } => {
                let mut profile = self.row_of(id).persona.profile.clone();
                profile.name.push_str(" 2");
                let what = format!("copied: {}", profile.name);
                let row = self.made(copy, profile);
                self.personas.push(row);
                vec![
                    self.say_row(cause, copy),
                    say(News::Answer(done(what, None))),
                ]
            }
            Personas::Apply { ids, act } => {
                let now = self.mint.now();
                let mut events = Vec::new();
                for id in &ids {
                    self.row_of(*id).persona.trashed_at = (act == Act::Trash).then_some(now);
                    events.push(self.say_row(cause, *id));
                }
                let (what, back) = match act {
                    Act::Trash => ("moved to the trash", Act::Restore),
                    Act::Restore => ("out of the trash", Act::Trash),
                };
                let name = self.row_of(ids[0]).persona.profile.name.clone();
                let undo = Command::Personas(Personas::Apply { ids, act: back });
                let answer = done(format!("{what}: {name}"), Some(undo));
                events.push(say(News::Answer(answer)));
                events
            }
            Personas::Import { .. } => Vec::new(),
        }
    }

    /// The row of a persona, to be changed.
    pub fn row_of(&mut self, id: PersonaId) -> &mut PersonaListed {
        let found = self.personas.iter_mut().find(|row| row.persona.id == id);
        found.unwrap()
    }

    fn say_row(&self, cause: Option<RequestId>, id: PersonaId) -> Event {
        let news = News::Changed(Row::Persona(self.listed_persona(id)));
        Event { cause, news }
    }
}

fn no(title: &str) -> Failure {
    Failure::new(FailureKind::Input, title, "Take another name.")
}
