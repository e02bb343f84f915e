//! What is asked about prompts: the list of the user's and the shipped ones, one by title, changes, the trash, versions
//! and use. Trying one is `trial.rs`.

use std::collections::BTreeMap;

use super::arrange::arranged;
use super::desk::gone;
use super::jobs::Key;
use super::library::{SCENARIOS, shipped};
use super::{Engine, Left};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::id::{PromptId, RequestId};
use crate::domain::prompt::{Prompt, PromptListed, Sheet};
use crate::protocol::{Act, Answer, Command, Library, News, PromptAct, PromptQuery, Row, Which};
use crate::store::{Named, Store, StoreError, UseOf};

impl Engine {
    /// Does what is asked at once, or starts the job that does.
    pub(super) async fn library(
        &mut self,
        cause: RequestId,
        asked: Library,
    ) -> Result<Vec<News>, Failure> {
        let failure = |error: StoreError| self.desk.failure(&error);
        let file = &self.stores.file;
        match asked {
            Library::List { query } => {
                self.list_prompts(cause, query);
                Ok(Vec::new())
            }
            Library::Find { name } => {
                let found = self.find_prompt(&name).await?;
                let listed = self.listed(found).await?;
                Ok(vec![News::Answer(Answer::Prompt(Box::new(listed)))])
            }
            Library::Save { id, is_new, sheet } => {
                let sheet = sheet.tidied();
                sheet.check()?;
                match is_new {
                    true => {
                        let made = file.add_prompt(id, &sheet).await.map_err(failure)?;
                        self.made_prompt(made, "made").await
                    }
                    false => self.change_prompt(id, &sheet).await,
                }
            }
            Library::Duplicate { id, copy } => {
                let from = self.that_prompt(id).await?;
                let made = file.copy_prompt(id, &from.sheet, copy).await;
                self.made_prompt(made.map_err(failure)?, "copied").await
            }
            Library::Apply { ids, act } => match act {
                PromptAct::Trash => self.apply_to_prompts(&ids, Act::Trash).await,
                PromptAct::Restore => self.apply_to_prompts(&ids, Act::Restore).await,
                PromptAct::Hide => self.hide_prompts(&ids, true).await,
                PromptAct::Unhide => self.hide_prompts(&ids, false).await,
            },
            Library::Versions { prompt } => {
                self.that_prompt(prompt).await?;
                let versions = file.prompt_versions(prompt).await.map_err(failure)?;
                Ok(vec![News::Answer(Answer::Versions(versions))])
            }
            Library::Uses { prompt } => {
                let uses = file.prompt_messages(prompt).await.map_err(failure)?;
                Ok(vec![News::Answer(Answer::Uses(uses))])
            }
            Library::Used { prompt, values } => self.used_prompt(prompt, &values).await,
            Library::Try { trial } => {
                self.begin_trial(cause, trial).await?;
                Ok(Vec::new())
            }
        }
    }

    /// Reads all prompts and answers with those that fit.
    fn list_prompts(&mut self, cause: RequestId, query: PromptQuery) {
        let (desk, mut mouth) = (self.desk.clone(), self.mouth(cause));
        let store = self.stores.file.clone();
        self.jobs
            .start(Key::Read, Some(cause), None, |token| async move {
                let news = match token.run_until_cancelled(all(&store, query.which)).await {
                    Some(Ok(all)) => {
                        News::Answer(Answer::Prompts(arranged(all, &query, &SCENARIOS)))
                    }
                    Some(Err(error)) => News::Refused(desk.failure(&error)),
                    None => return Left::Nothing,
                };
                mouth.finish_with(news).await;
                Left::Nothing
            });
    }

    /// A prompt of the user, else a shipped one, of this title; else one whose id begins so.
    async fn find_prompt(&self, name: &str) -> Result<Prompt, Failure> {
        let found = self.stores.file.find_prompt(name).await;
        let found = found.map_err(|error| self.desk.failure(&error))?;
        let found = match found {
            Named::One(own) if own.trashed_at.is_none() => return Ok(*own),
            found @ (Named::One(_) | Named::None | Named::Many) => found,
        };
        let found = match (shipped_named(name), found) {
            (Named::One(shipped), _) => return Ok(*shipped),
            (_, Named::One(own)) => return Ok(*own),
            (Named::Many, _) | (_, Named::Many) => (
                format!("{name} is the beginning of several ids"),
                "Give more of it, or the title.",
            ),
            (Named::None, Named::None) => (
                format!("There is no prompt \u{201c}{name}\u{201d}"),
                "`salon prompts list` names them all.",
            ),
        };
        Err(Failure::new(FailureKind::Input, found.0, found.1))
    }

    async fn change_prompt(&mut self, id: PromptId, sheet: &Sheet) -> Result<Vec<News>, Failure> {
        let before = self.that_prompt(id).await?;
        if before.is_template {
            return Err(shipped_stays(&before));
        }
        if before.trashed_at.is_some() {
            return Err(Failure::new(
                FailureKind::Input,
                format!("{} is in the trash", before.sheet.title),
                "Restore it first.",
            ));
        }
        let changed = self.stores.file.set_prompt_sheet(id, sheet).await;
        let changed = changed.map_err(|error| self.desk.failure(&error))?;
        let what = match changed.version == before.version {
            true => format!("saved: {}", changed.sheet.title),
            false => format!(
                "saved: {}, version {}",
                changed.sheet.title, changed.version
            ),
        };
        let undo = Library::Save {
            id,
            is_new: false,
            sheet: before.sheet,
        };
        let listed = self.listed(changed).await?;
        Ok(done(vec![listed], what, Some(undo)))
    }

    async fn made_prompt(&self, made: Prompt, verb: &str) -> Result<Vec<News>, Failure> {
        let what = format!("{verb}: {}", made.sheet.title);
        let undo = Library::Apply {
            ids: vec![made.id],
            act: PromptAct::Trash,
        };
        let listed = self.listed(made).await?;
        Ok(done(vec![listed], what, Some(undo)))
    }

    async fn apply_to_prompts(&mut self, ids: &[PromptId], act: Act) -> Result<Vec<News>, Failure> {
        if let Some(fixed) = shipped().iter().find(|prompt| ids.contains(&prompt.id)) {
            return Err(shipped_stays(fixed));
        }
        let changed = self.stores.file.apply_to_prompts(ids, act).await;
        let changed = changed.map_err(|error| self.desk.failure(&error))?;
        let (verb, back) = match act {
            Act::Trash => ("moved to the trash", PromptAct::Restore),
            Act::Restore => ("restored", PromptAct::Trash),
        };
        let what = format!("{verb}: {}", named(&changed)?);
        let undo = Library::Apply {
            ids: changed.iter().map(|prompt| prompt.id).collect(),
            act: back,
        };
        let mut rows = Vec::with_capacity(changed.len());
        for prompt in changed {
            rows.push(self.listed(prompt).await?);
        }
        Ok(done(rows, what, Some(undo)))
    }

    async fn hide_prompts(
        &mut self,
        ids: &[PromptId],
        is_hidden: bool,
    ) -> Result<Vec<News>, Failure> {
        let mut prompts = Vec::with_capacity(ids.len());
        for id in ids {
            prompts.push(self.that_prompt(*id).await?);
        }
        if let Some(own) = prompts.iter().find(|prompt| !prompt.is_template) {
            return Err(Failure::new(
                FailureKind::Input,
                format!(
                    "{} is yours: only shipped prompts are hidden",
                    own.sheet.title
                ),
                "Move it to the trash instead.",
            ));
        }
        let hidden = self.stores.file.hide_prompts(ids, is_hidden).await;
        hidden.map_err(|error| self.desk.failure(&error))?;
        let (verb, back) = match is_hidden {
            true => ("hidden", PromptAct::Unhide),
            false => ("shown again", PromptAct::Hide),
        };
        let what = format!("{verb}: {}", named(&prompts)?);
        let undo = Library::Apply {
            ids: ids.to_vec(),
            act: back,
        };
        let mut rows = Vec::with_capacity(prompts.len());
        for prompt in prompts {
            rows.push(self.listed(prompt).await?);
        }
        Ok(done(rows, what, Some(undo)))
    }

    async fn used_prompt(
        &mut self,
        id: PromptId,
        values: &BTreeMap<String, String>,
    ) -> Result<Vec<News>, Failure> {
        let prompt = self.that_prompt(id).await?;
        let used = self.stores.file.prompt_used(id, values).await;
        let used = used.map_err(|error| self.desk.failure(&error))?;
        let what = format!("used: {}", prompt.sheet.title);
        Ok(done(vec![with_use(prompt, used)], what, None))
    }

    /// A prompt, the user's or a shipped one.
    async fn that_prompt(&self, id: PromptId) -> Result<Prompt, Failure> {
        if let Some(shipped) = shipped().into_iter().find(|prompt| prompt.id == id) {
            return Ok(shipped);
        }
        let found = self.stores.file.prompt(id).await;
        let found = found.map_err(|error| self.desk.failure(&error))?;
        found.ok_or_else(|| gone("The prompt"))
    }

    /// It with its use.
    async fn listed(&self, prompt: Prompt) -> Result<PromptListed, Failure> {
        let used = self.stores.file.prompt_use(prompt.id).await;
        let used = used.map_err(|error| self.desk.failure(&error))?;
        Ok(with_use(prompt, used))
    }
}

/// All prompts, the user's and the shipped ones, with their use.
async fn all(store: &Store, which: Which) -> Result<Vec<PromptListed>, StoreError> {
    let own = store.prompts(which).await?;
    let mut uses = store.prompt_uses().await?;
    let every = own.into_iter().chain(shipped());
    Ok(every
        .map(|prompt| {
            let used = uses.remove(&prompt.id).unwrap_or_default();
            with_use(prompt, used)
        })
        .collect())
}

fn with_use(prompt: Prompt, used: UseOf) -> PromptListed {
    PromptListed {
        prompt,
        uses: used.uses,
        last_at: used.last_at,
        last_values: used.last_values,
        is_hidden: used.is_hidden,
    }
}

/// The shipped one of this title, or whose id begins so.
fn shipped_named(name: &str) -> Named<Prompt> {
    let mut all = shipped();
    let title = name.trim().to_lowercase();
    if let Some(at) = all
        .iter()
        .position(|prompt| prompt.sheet.title.to_lowercase() == title)
    {
        return Named::One(Box::new(all.swap_remove(at)));
    }
    let beginning: String = title.chars().filter(|c| *c != '-').collect();
    if beginning.len() < SHORTEST {
        return Named::None;
    }
    all.retain(|prompt| {
        let id = prompt.id.0.simple().to_string();
        id.starts_with(&beginning)
    });
    match (all.pop(), all.is_empty()) {
        (None, _) => Named::None,
        (Some(one), true) => Named::One(Box::new(one)),
        (Some(_), false) => Named::Many,
    }
}

/// Fewest characters of an id's beginning (decisions 4.1).
const SHORTEST: usize = 6;

fn shipped_stays(prompt: &Prompt) -> Failure {
    Failure::new(
        FailureKind::Input,
        format!(
            "{} is shipped with salon and stays as it is",
            prompt.sheet.title
        ),
        "Duplicate it and change the copy, or hide it.",
    )
}

/// Their one title, or how many they are.
fn named(prompts: &[Prompt]) -> Result<String, Failure> {
    match prompts {
        [] => Err(gone("The prompt")),
        [one] => Ok(one.sheet.title.clone()),
        several => Ok(format!("{} prompts", several.len())),
    }
}

fn done(rows: Vec<PromptListed>, what: String, undo: Option<Library>) -> Vec<News> {
    let undo = undo.map(Command::Library);
    rows.into_iter()
        .map(|row| News::Changed(Row::Prompt(row)))
        .chain([News::Answer(Answer::Done { what, undo })])
        .collect()
}
