//! What the scripted engine does with prompts.

use std::collections::BTreeMap;

use salon::domain::failure::Failure;
use salon::domain::id::{PromptId, RequestId};
use salon::domain::message::{Finish, Status};
use salon::domain::model::ModelRef;
use salon::domain::prompt::{
    Prompt, PromptListed, PromptUse, PromptVersion, Sheet, Trial, TrialEnd,
};
use salon::domain::usage::{Money, Usage};
use salon::protocol::{
    Answer, Command, Event, Library, News, PromptAct, PromptQuery, Row, TrialStep, Which,
};

use super::script::Script;

/// Prompts and what was done with them.
#[derive(Default)]
pub struct Shelf {
    pub prompts: Vec<PromptListed>,
    pub versions: BTreeMap<PromptId, Vec<PromptVersion>>,
    pub uses: BTreeMap<PromptId, Vec<PromptUse>>,
    /// Trials being answered, oldest first.
    pub trials: Vec<(RequestId, Trial)>,
}

impl Script {
    /// A prompt of the user's own.
    pub fn prompt(&mut self, title: &str, scenario: &str, content: &str) -> PromptId {
        let id = self.mint.id();
        self.library.prompts.push(PromptListed::unused(Prompt {
            id,
            version: 1,
            sheet: Sheet {
                title: title.to_owned(),
                scenario: scenario.to_owned(),
                content: content.to_owned(),
                ..Sheet::default()
            },
            is_template: false,
            created_at: Some(self.mint.now()),
            updated_at: Some(self.mint.now()),
            trashed_at: None,
        }));
        id
    }

    fn prompt_row(&mut self, id: PromptId) -> &mut PromptListed {
        let mut prompts = self.library.prompts.iter_mut();
        prompts.find(|row| row.prompt.id == id).unwrap()
    }

    /// Takes a command of the library; what it says at once.
    pub fn library(&mut self, cause: RequestId, command: Library) -> Vec<Event> {
        let now = self.mint.now();
        let answer = match command {
            Library::List { query } => Answer::Prompts(self.list(&query)),
            Library::Find { .. } => return Vec::new(),
            Library::Save { id, is_new, sheet } => {
                if is_new {
                    self.prompt(&sheet.title, "", "");
                    self.library.prompts.last_mut().unwrap().prompt.id = id;
                } else {
                    self.prompt_row(id).prompt.version += 1;
                }
                let what = format!("kept: {}", sheet.title);
                self.prompt_row(id).prompt.sheet = sheet;
                return self.changed(cause, id, what, None);
            }
            Library::Duplicate { id, copy } => {
                let mut row = PromptListed::unused(self.prompt_row(id).prompt.clone());
                row.prompt.id = copy;
                row.prompt.is_template = false;
                row.prompt.sheet.title.push_str(" (copy)");
                let what = format!("copied: {}", row.prompt.sheet.title);
                self.library.prompts.push(row);
                return self.changed(cause, copy, what, None);
            }
            Library::Apply { ids, act } => {
                let id = ids[0];
                let row = self.prompt_row(id);
                let title = row.prompt.sheet.title.clone();
                let (what, back) = match act {
                    PromptAct::Trash => ("moved to the trash", PromptAct::Restore),
                    PromptAct::Restore => ("taken out of the trash", PromptAct::Trash),
                    PromptAct::Hide => ("hidden", PromptAct::Unhide),
                    PromptAct::Unhide => ("shown again", PromptAct::Hide),
                };
                match act {
                    PromptAct::Trash => row.prompt.trashed_at = Some(now),
                    PromptAct::Restore => row.prompt.trashed_at = None,
                    PromptAct::Hide => row.is_hidden = true,
                    PromptAct::Unhide => row.is_hidden = false,
                }
                let undo = Command::Library(Library::Apply { ids, act: back });
                return self.changed(cause, id, format!("{what}: {title}"), Some(undo));
            }
            Library::Versions { prompt } => {
                let versions = self.library.versions.get(&prompt);
                Answer::Versions(versions.cloned().unwrap_or_default())
            }
            Library::Uses { prompt } => {
                let uses = self.library.uses.get(&prompt);
                Answer::Uses(uses.cloned().unwrap_or_default())
            }
            Library::Used { prompt, values } => {
                let row = self.prompt_row(prompt);
                row.uses += 1;
                row.last_at = Some(now);
                row.last_values = values;
                return self.changed(cause, prompt, String::new(), None);
            }
            Library::Try { trial } => {
                let own = trial.conversation.map(|id| self.row(id).model.clone());
                let model = trial.model.clone().or(own).unwrap_or_else(ModelRef::guide);
                let model_of = Some(model.clone());
                let trial = Trial {
                    model: model_of,
                    ..trial
                };
                self.library.trials.push((cause, trial));
                return vec![step(cause, TrialStep::Started { model })];
            }
        };
        let news = News::Answer(answer);
        vec![Event {
            cause: Some(cause),
            news,
        }]
    }

    fn list(&self, query: &PromptQuery) -> Vec<PromptListed> {
        let is_trash = query.which == Which::Trashed;
        let rows = self.library.prompts.iter();
        rows.filter(|row| row.prompt.trashed_at.is_some() == is_trash)
            .cloned()
            .collect()
    }

    fn changed(
        &mut self,
        cause: RequestId,
        id: PromptId,
        what: String,
        undo: Option<Command>,
    ) -> Vec<Event> {
        let row = News::Changed(Row::Prompt(self.prompt_row(id).clone()));
        let done = News::Answer(Answer::Done { what, undo });
        let event = |news| Event {
            cause: Some(cause),
            news,
        };
        vec![event(row), event(done)]
    }

    /// The job of that request is ended; a trial says so.
    pub fn cancel(&mut self, id: RequestId) -> Vec<Event> {
        match self.library.trials.last() {
            Some((running, _)) if *running == id => self.end_trial(Status::Stopped, None),
            Some(_) | None => Vec::new(),
        }
    }

    /// The newest trial goes on.
    pub fn trial(&mut self, next: TrialStep) -> Vec<Event> {
        let (cause, _) = self.library.trials.last().unwrap();
        vec![step(*cause, next)]
    }

    /// The newest trial ends so, with figures.
    pub fn end_trial(&mut self, status: Status, failure: Option<Failure>) -> Vec<Event> {
        let (cause, trial) = self.library.trials.pop().unwrap();
        let usage = Usage {
            input: Some(200),
            output: Some(112),
            ..Usage::default()
        };
        let end = TrialEnd {
            model: trial.model.unwrap_or_else(ModelRef::guide),
            status,
            finish: Some(Finish::Stop),
            failure,
            usage: Some(usage),
            cost: Some(Money(3_400_000_000)),
            total_ms: 3_149,
        };
        vec![step(cause, TrialStep::Ended(Box::new(end)))]
    }
}

fn step(cause: RequestId, step: TrialStep) -> Event {
    Event {
        cause: Some(cause),
        news: News::Trial(step),
    }
}
