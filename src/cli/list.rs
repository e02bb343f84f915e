//! `salon list`: conversations, newest activity first.

use std::collections::BTreeMap;

use super::personas::persona_id;
use super::{Exit, Line, NoAnswer, Out, personas};
use crate::domain::id::PersonaId;
use crate::domain::record;
use crate::protocol::{Answer, Command, Query, Shelf, Which};

/// Which rows are listed, and how.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Words that stand in the title.
    pub words: String,
    /// A name or id; `none` = those without a persona.
    pub persona: Option<String>,
    pub limit: Option<u32>,
    pub offset: u64,
    /// Only how many there are.
    pub is_count: bool,
}

/// Prints one conversation a line: id, last activity, model, title.
pub async fn list(line: &mut Line, out: &mut Out, wanted: Wanted) -> Exit {
    match run(line, out, wanted).await {
        Ok(()) => {
            line.stop().await;
            out.exit(Exit::DONE)
        }
        Err(why) => line.give_up(why, out).await,
    }
}

async fn run(line: &mut Line, out: &mut Out, wanted: Wanted) -> Result<(), NoAnswer> {
    let mut words = wanted.words;
    let persona = match &wanted.persona {
        Some(name) => persona_id(line, out, name).await?,
        None => None,
    };
    if wanted.persona.is_some() && persona.is_none() {
        words.push_str(" persona:none");
    }
    let names = if out.is_json() && !wanted.is_count {
        names(line, out).await?
    } else {
        BTreeMap::new()
    };
    let command = Command::Shelf(Shelf::List {
        query: Query {
            words,
            which: Which::Active,
            persona,
            ..Query::default()
        },
        after: None,
        offset: wanted.offset,
        limit: if wanted.is_count {
            Some(0)
        } else {
            wanted.limit
        },
    });
    let Answer::List { rows, total, .. } = line.answer(command, out).await? else {
        return Err(NoAnswer::Failed(super::lost()));
    };
    if wanted.is_count {
        if out.is_json() {
            out.object(&serde_json::json!({ "count": total }));
        } else {
            out.line(&total.to_string());
        }
    }
    for listed in rows {
        if out.is_broken() {
            break;
        }
        let row = &listed.conversation;
        if out.is_json() {
            let persona = row.persona.and_then(|id| names.get(&id));
            out.object(&record::conversation(row, persona.map(String::as_str)));
        } else {
            let at = row.active_at.rfc3339();
            out.line(&format!("{}  {at}  {}  {}", row.id, row.model, row.title));
        }
    }
    Ok(())
}

/// The names of personas.
pub(super) async fn names(
    line: &mut Line,
    out: &mut Out,
) -> Result<BTreeMap<PersonaId, String>, NoAnswer> {
    let all = personas::all(line, out).await?;
    let named = all
        .into_iter()
        .map(|one| (one.persona.id, one.persona.profile.name));
    Ok(named.collect())
}
