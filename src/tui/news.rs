//! What the engine says, brought to the panes it concerns.

use super::focus::{ask_list, ask_prompts, context};
use super::leaving::keep_place;
use super::model::{Ask, Model};
use super::msg::Effect;
use super::open;
use super::overlay::picker::{Picker, Row};
use super::overlay::{Body, Overlay, Purpose};
use super::pane::composer::{Back, keep};
use super::steps::{changed_conversation, counted, offer, turn};
use super::{
    browse, curate, doctor, export, history, keeping, looks, menu, models, palette, personas,
    prompts, providers, queue, removal, search, seek, shelf, spent, talk,
};
use crate::domain::clean::Clean;
use crate::domain::conversation::Listed;
use crate::domain::failure::Failure;
use crate::domain::id::{MessageId, RequestId};
use crate::keys::Action;
use crate::protocol::{
    Answer, Asked, Chat, Command, Event, Home, News, Opened, Row as Changed, Step, Which,
};

/// Takes one event in.
pub fn apply(model: &mut Model, event: Event) {
    spent::heard(model, &event);
    let is_words = matches!(
        event.news,
        News::Turn {
            step: Step::Grew { .. } | Step::Thought { .. },
            ..
        }
    );
    take(model, event);
    if !is_words {
        let next = model.open.as_ref().and_then(|open| open.persona);
        model.transcript.mark(next, &model.roster);
    }
}

fn take(model: &mut Model, event: Event) {
    match event.news {
        News::Turn { conversation, step } => turn(model, event.cause, conversation, step),
        News::Trial(step) => prompts::trial(model, event.cause, step),
        News::Sync(state) => model.sync = Some(state),
        News::Expired {
            days,
            conversations,
        } => removal::expired(model, days, conversations),
        News::Changed(row) => changed(model, row),
        News::Answer(answer) => answered(model, event.cause, answer),
        News::Refused(failure) => refused(model, event.cause, failure),
        News::Warned(failure) => model.warn(&failure),
        News::Fatal(failure) => model.fatal = Some(failure),
        News::Stopped => model.effects.push(Effect::Leave),
    }
}

fn changed(model: &mut Model, row: Changed) {
    match row {
        Changed::Conversation(conversation) => changed_conversation(model, conversation),
        Changed::Message(message) => {
            if model.here() == Some(message.conversation) {
                model.transcript.message_changed(&message);
            }
        }
        Changed::ConversationGone(id) => {
            model.list.remove(id);
            if model.here() == Some(id) {
                open::gone(model);
            }
        }
        Changed::MessageGone(id) => model.transcript.remove(id),
        Changed::Persona(row) => personas::apply_row(model, row),
        Changed::Prompt(prompt) => {
            let is_list = |ask: &Ask| matches!(ask, Ask::Prompts(_));
            model.library.is_old |= model.asks.values().any(is_list);
            model.library.apply(prompt);
        }
    }
}

fn refused(model: &mut Model, cause: Option<RequestId>, failure: Failure) {
    let ask = cause.and_then(|cause| model.asks.remove(&cause));
    let provider = match &ask {
        Some(Ask::Use(provider)) => Some(provider.as_str()),
        _ => None,
    };
    // What it is about may have been left since, and somebody who goes on typing would type into what opens.
    let is_awaited = ask.is_some() || cause.is_none();
    if is_awaited && model.composer.is_empty() {
        offer(model, &failure, Purpose::Model, provider);
    }
    match ask {
        Some(Ask::Send(question)) => send_refused(model, question, failure),
        Some(Ask::SendQueued(scope, question)) => queue::refused(model, scope, question, failure),
        Some(Ask::PersonaSaved(id)) => personas::refused(model, id, failure),
        Some(Ask::Again) => model.composer.notice = Some(failure),
        Some(Ask::ListFirst | Ask::ListMore) => {
            model.list.ask_failed();
            model.warn(&failure);
        }
        Some(Ask::Page(_)) => {
            model.transcript.ask_failed();
            model.warn(&failure);
        }
        Some(Ask::SavePrompt(id)) => keeping::not_saved(model, id, failure),
        Some(Ask::Written(written)) => curate::not_written(model, written, &failure),
        Some(Ask::Hits | Ask::MoreHits) => search::refused(model, failure),
        Some(Ask::Trial) => prompts::trial_refused(model, cause, failure),
        Some(Ask::Export(export)) => export::refused(model, export, &failure),
        // The conversation that the command line names is not there: as with any wrong argument, nothing begins.
        Some(Ask::Home) if model.named.is_some() => {
            model.is_leaving = true;
            model.tell(Command::Stop);
            model.fatal = Some(failure);
        }
        Some(
            Ask::Home
            | Ask::Open(_)
            | Ask::OpenHit(..)
            | Ask::Models
            | Ask::Providers(_)
            | Ask::Use(_)
            | Ask::Key(_)
            | Ask::Doctor
            | Ask::Prompts(_)
            | Ask::Questions
            | Ask::Earlier
            | Ask::History(_)
            | Ask::Outline
            | Ask::CopyAll
            | Ask::Find
            | Ask::Siblings { .. }
            | Ask::Thinking
            | Ask::Versions
            | Ask::Uses
            | Ask::Spent
            | Ask::Personas
            | Ask::Persona
            | Ask::Inside(_)
            | Ask::Change
            | Ask::Shelved(_)
            | Ask::Undone(_)
            | Ask::Removed
            | Ask::Archived
            | Ask::Trashed,
        )
        | None => model.warn(&failure),
    }
}

/// A send did not go: its words stand in the composer again, or wait in the conversation they belong to.
fn send_refused(model: &mut Model, question: MessageId, failure: Failure) {
    match model.composer.refused(question, model.here()) {
        Some(Back::Here) => {
            model.queues.hold(model.here());
            model.composer.changed(model.tick);
            model.composer.notice = Some(failure);
            keep_place(model, true);
        }
        Some(Back::Elsewhere(scope, draft)) => {
            model.queues.hold(scope);
            match scope {
                Some(id) => {
                    model.list.mark_draft(id, true);
                    model.tell(keep(scope, 0, draft));
                }
                None => {
                    model.new_drafts.retain(|(slot, _)| *slot != 0);
                    open::keep_for_new(model, draft);
                }
            }
            model.warn(&failure);
        }
        None => model.warn(&failure),
    }
}

fn answered(model: &mut Model, cause: Option<RequestId>, answer: Answer) {
    let is_last = !matches!(
        &answer,
        Answer::Models {
            is_whole: false,
            ..
        } | Answer::Providers {
            is_whole: false,
            ..
        } | Answer::Health {
            is_whole: false,
            ..
        }
    );
    let ask = match cause {
        Some(cause) if is_last => model.asks.remove(&cause),
        Some(cause) => model.asks.get(&cause).cloned(),
        None => None,
    };
    match answer {
        Answer::Home(home) => at_home(model, *home),
        Answer::Opened(opened) => came(model, ask, *opened),
        Answer::Page {
            conversation,
            at,
            page,
        } => {
            let is_copy = ask == Some(Ask::CopyAll);
            browse::paged(model, (conversation, at), page, is_copy);
        }
        Answer::List {
            rows,
            total,
            has_more,
        } => listed(model, ask, (rows, total, has_more)),
        Answer::Hits(found) => search::found(model, ask, found),
        Answer::HitCount(_) => {}
        Answer::Found(conversation) => open::go_to(model, conversation.id),
        Answer::Thinking { message, text } => model.transcript.thinking(message, &text),
        Answer::Questions(questions) if ask == Some(Ask::Outline) => {
            browse::pick(model, &questions);
        }
        Answer::Questions(questions) => pick_question(model, questions),
        Answer::History(found) => history::came(model, ask, found),
        Answer::Matches {
            conversation,
            words,
            hits,
        } => seek::found(model, conversation, &words, hits),
        Answer::Siblings(ids) => {
            if let Some(Ask::Siblings { of, by }) = ask {
                talk::walk(model, &ids, of, by);
            }
        }
        Answer::Prompts(prompts) => {
            if let Some(Ask::Prompts(which)) = ask {
                // What was read before a change does not know of it.
                match std::mem::take(&mut model.library.is_old) {
                    true => ask_prompts(model, which),
                    false => model.library.fill(which, prompts),
                }
            }
        }
        Answer::Versions(versions) => keeping::pick_version(model, versions),
        Answer::Uses(uses) => keeping::pick_use(model, &uses),
        Answer::Personas(personas) => personas::filled(model, personas),
        Answer::Persona(row) => {
            let id = row.persona.id;
            personas::apply_row(model, *row);
            if ask == Some(Ask::Persona) {
                personas::take(model, Some(id));
            }
        }
        Answer::Prompt(_) | Answer::Synced(_) | Answer::Checked(_) | Answer::Exported(_) => {}
        Answer::Models {
            models,
            failures,
            is_whole,
        } => {
            model.models = models;
            model.model_failures = failures.into_iter().collect();
            models::refill(model, is_whole);
            menu::learnt(model);
        }
        Answer::Providers {
            providers,
            model: default,
            is_whole: _,
        } => providers::told(model, ask, providers, default),
        Answer::InUse { model: chosen, of } if matches!(ask, Some(Ask::Use(_))) => {
            providers::in_use(model, chosen, of);
        }
        Answer::Health { checkup, is_whole } if ask == Some(Ask::Doctor) => {
            doctor::told(model, checkup, is_whole);
        }
        // Another conversation is open since, or the look was left.
        Answer::InUse { .. } | Answer::Health { .. } => {}
        Answer::Spent(sum) => spent::told(model, ask, sum),
        Answer::Done { what, undo } => done(model, ask, what, undo),
    }
}

/// Rows of a list came. Where nobody waits for them, another filter stands since.
fn listed(model: &mut Model, ask: Option<Ask>, (rows, total, has_more): (Vec<Listed>, u64, bool)) {
    match ask {
        // A page that was read before a change does not know of it: it is asked for again.
        Some(Ask::ListFirst | Ask::ListMore) if model.list.is_page_old => ask_list(model),
        Some(Ask::ListMore) => model.list.extend(rows, has_more),
        Some(Ask::Inside(id)) => model
            .list
            .regroup(|groups| groups.fill_persona(id, rows, has_more)),
        Some(Ask::ListFirst) => model.list.fill(rows, total, has_more),
        Some(Ask::Archived) => counted(model, total),
        Some(Ask::Trashed) => removal::counted(model, total),
        Some(_) | None => {}
    }
}

/// A change is done; it may be undone.
fn done(model: &mut Model, ask: Option<Ask>, what: String, undo: Option<Command>) {
    let is_undone = matches!(&ask, Some(Ask::Undone(_)));
    if is_undone {
        model.undo = None;
    }
    match ask {
        Some(Ask::SavePrompt(id)) => keeping::saved(model, id),
        Some(Ask::PersonaSaved(id)) => personas::saved(model, id),
        Some(Ask::Shelved(rows) | Ask::Undone(rows)) => {
            curate::shelved(model, &rows);
            shelf::ask_more(model);
        }
        Some(Ask::Written(_)) => shelf::ask_more(model),
        Some(Ask::Removed) => removal::removed(model),
        Some(Ask::Key(provider)) => providers::keyed(model, provider),
        _ => {}
    }
    if let Some(undo) = undo {
        model.undo = Some(undo);
        let hint = model.keymap.hint(context(model), Action::UndoAction);
        let key = hint.unwrap_or_default();
        model.say(match is_undone {
            true => format!("undone · {what} · {key} does it again"),
            false => format!("{what} · {key} undoes it"),
        });
    } else if !what.is_empty() {
        model.say(what);
    }
}

/// A conversation to be shown came. Where nobody waits for it any more, a later choice has overtaken it.
fn came(model: &mut Model, ask: Option<Ask>, opened: Opened) {
    let (through, words) = match ask {
        Some(Ask::Open(through)) => (through, None),
        Some(Ask::OpenHit(message, words)) => (Some(message), Some(words)),
        Some(_) | None => return,
    };
    open::show(model, opened);
    if let Some(through) = through {
        model.transcript.take_in_hand(through);
        if let Some(words) = words {
            seek::light(model, through, &words);
        }
    }
}

fn at_home(model: &mut Model, mut home: Home) {
    model.is_home = true;
    let rows = std::mem::take(&mut home.rows);
    model.list.fill_home(rows, home.total);
    model.list.archived = home.archived;
    model.new_model = home.model.clone();
    model.is_alone = home
        .state
        .get("panes")
        .is_some_and(|panes| panes == "hidden");
    looks::recall(model, &home.state);
    personas::recall(model, &home.state);
    shelf::recall(model, &home.state);
    palette::recall(model, &home.state);
    // What was typed before the drafts came stays behind them.
    let typed = model.composer.draft();
    model.queues.load(None, &home.drafts);
    model.composer.load(std::mem::take(&mut home.drafts));
    // A message sent by now begins a new conversation.
    let has_sent = model.asks.values().any(|ask| matches!(ask, Ask::Send(_)));
    let last = home.last.take();
    if let Some(last) = last.filter(|_| !has_sent) {
        // One that was named is the last one from now on.
        if model.named.is_some() {
            let conversation = last.conversation.id;
            model.tell(Command::Chat(Chat::Open { conversation }));
        }
        open::show(model, last);
    }
    providers::at_home(model, &home);
    if !typed.is_empty() {
        let kept = model.composer.draft();
        model.composer.put(kept.before(typed));
        model.composer.changed(model.tick);
    }
    if !model.library.is_loaded() {
        ask_prompts(model, Which::Active);
    }
    if model.list.wants_others() {
        ask_list(model);
    }
}

fn pick_question(model: &mut Model, questions: Vec<Asked>) {
    if questions.is_empty() {
        return;
    }
    let rows = questions
        .iter()
        .map(|asked| Row {
            value: asked.id.to_string(),
            label: Clean::line(asked.text.trim()),
            ..Row::default()
        })
        .collect();
    let keys = Clean::own("⏎ edit as a new branch · Esc");
    let picker = Picker::new(
        Clean::own("Go back to a question"),
        Clean::default(),
        keys,
        rows,
    )
    .from_the_end();
    model.questions = questions;
    model.overlays.push(Overlay {
        purpose: Purpose::Rewind,
        body: Body::Picker(picker),
    });
}
