//! `salon list`: conversations, one a line.

use std::collections::BTreeMap;

use super::personas::persona_id;
use super::{Exit, Line, NoAnswer, Out, personas};
use crate::args::List;
use crate::domain::id::PersonaId;
use crate::domain::record;
use crate::protocol::{Answer, Command, Order, Query, Shelf, Which};

/// Prints one conversation a line: id, last activity, model, title.
pub async fn list(line: &mut Line, out: &mut Out, wanted: List) -> Exit {
    match run(line, out, wanted).await {
        Ok(()) => {
            line.stop().await;
            out.exit(Exit::DONE)
        }
        Err(why) => line.give_up(why, out).await,
    }
}

async fn run(line: &mut Line, out: &mut Out, wanted: List) -> Result<(), NoAnswer> {
    let mut words = wanted.filter.join(" ");
    let persona = match &wanted.persona {
        Some(name) => persona_id(line, out, name).await?,
        None => None,
    };
    if wanted.persona.is_some() && persona.is_none() {
        words.push_str(" persona:none");
    }
    let names = if out.is_json() && !wanted.count {
        names(line, out).await?
    } else {
        BTreeMap::new()
    };
    let command = Command::Shelf(Shelf::List {
        query: Query {
            words,
            which: match wanted.trashed {
                true => Which::Trashed,
                false => Which::Active,
            },
            is_archive: wanted.archived,
            persona,
            order: match wanted.order.as_str() {
                "created" => Order::Created,
                "title" => Order::Title,
                "messages" => Order::Messages,
                _ => Order::Activity,
            },
        },
        after: None,
        offset: wanted.offset,
        limit: if wanted.count { Some(0) } else { wanted.limit },
    });
    let Answer::List { rows, total, .. } = line.answer(command, out).await? else {
        return Err(NoAnswer::Failed(super::lost()));
    };
    if wanted.count {
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
