//! The library's actions: use, try, and what is shown.

use super::focus::{ask_prompts, focus};
use super::keeping;
use super::model::{Ask, Focus, Model};
use super::models;
use super::overlay::fill::{Fill, Keys, Subject};
use super::overlay::picker::{Picker, Row};
use super::overlay::trial::Trial as Growing;
use super::overlay::{Body, Overlay, Purpose};
use super::words;
use crate::domain::clean::Clean;
use crate::domain::conversation::{Draft, Sampling};
use crate::domain::failure::Failure;
use crate::domain::id::{PromptId, RequestId};
use crate::domain::model::ModelRef;
use crate::domain::price::Tariff;
use crate::domain::prompt::{PromptListed, Trial};
use crate::domain::template::{Kind, Template, Values};
use crate::keys::Action;
use crate::protocol::{Command, Library, PromptOrder, TrialStep, Which};

/// Enter in the library: a prompt with fields is filled first, another goes into the composer at once.
pub fn use_selected(model: &mut Model) {
    let Some(row) = model.library.current_row().cloned() else {
        model.say("there is no prompt here");
        return;
    };
    if row.prompt.trashed_at.is_some() {
        model.say("it is in the trash; restore it first");
        return;
    }
    let template = Template::parse(&row.prompt.sheet.content);
    if !template.fields().is_empty() {
        open(model, subject(model, &row));
    } else if let Ok(text) = template.fill(&Values::new()) {
        insert(model, (row.prompt.id, row.prompt.version), &text);
        used(model, row.prompt.id, Values::new());
    }
}

/// What a fill of a saved prompt begins with: what was written before, what fills itself, what was last used.
fn subject(model: &Model, row: &PromptListed) -> Subject {
    let sheet = &row.prompt.sheet;
    let mut given = known(model, &sheet.content);
    if let Some(kept) = model.library.kept.get(&row.prompt.id) {
        given.extend(kept.clone());
    }
    Subject {
        title: sheet.title.clone(),
        content: sheet.content.clone(),
        prompt: Some((row.prompt.id, row.prompt.version)),
        given,
        last: row.last_values.clone(),
    }
}

/// The values of the fields that fill themselves, as far as they are known. A terminal's clipboard cannot be read.
fn known(model: &Model, content: &str) -> Values {
    let template = Template::parse(content);
    let value = |kind: &Kind| match kind {
        Kind::Date => Some(model.now.day(&model.zone)),
        Kind::Selection => model.transcript.words_at_hand(),
        Kind::Clipboard | Kind::Free { .. } | Kind::Choice(_) => None,
    };
    let fields = template.fields().iter();
    fields
        .filter_map(|field| Some((field.name.clone(), value(&field.kind)?)))
        .collect()
}

/// Opens the fields of a prompt beside its text.
fn open(model: &mut Model, subject: Subject) {
    let keys = Keys {
        try_it: keeping::chord_of(model, Action::TryPrompt),
        try_with: keeping::chord_of(model, Action::TryWith),
    };
    let fill = Fill::new(subject, keys);
    model.overlays.push(Overlay {
        purpose: Purpose::Fill,
        body: Body::Fill(Box::new(fill)),
    });
}

/// Tells the prompts on the screen what their models take, as far as the face has heard of it: asking for models may
/// ask their providers, and nobody asked for that by reading a prompt. Called before they are laid out.
pub fn price(model: &mut Model) {
    let tariff_of = |wanted: &ModelRef| {
        let mut known = model.models.iter();
        let spec = known.find(|spec| spec.model == *wanted)?;
        spec.facts.tariff.clone()
    };
    let usual = tariff_of(model.model());
    let by_fill: Vec<Option<Tariff>> = model
        .overlays
        .iter()
        .filter_map(Overlay::fill)
        .map(|fill| fill.model.as_ref().map_or(usual.clone(), tariff_of))
        .collect();
    let fills = model.overlays.iter_mut().filter_map(Overlay::fill_mut);
    for (fill, tariff) in fills.zip(by_fill) {
        fill.price(tariff);
    }
    model.library.price(usual);
}

/// The fill on top of everything.
fn top(model: &mut Model) -> Option<&mut Fill> {
    model.overlays.last_mut()?.fill_mut()
}

/// A filled prompt goes into the composer, not sent.
pub fn use_filled(model: &mut Model, text: String) {
    let Some(fill) = top(model) else { return };
    let Some(prompt) = fill.prompt() else { return };
    let values = fill.values_to_keep();
    stop(model);
    model.overlays.pop();
    model.library.kept.remove(&prompt.0);
    insert(model, prompt, &text);
    used(model, prompt.0, values);
}

/// Puts a text made from a prompt at the caret of the composer.
fn insert(model: &mut Model, (id, version): (PromptId, u32), text: &str) {
    let text = if model.composer.is_empty() {
        words::literal(Draft::of(text)).text
    } else {
        text.to_owned()
    };
    model.composer.editor.paste(&text);
    model.composer.made_from(id, version);
    model.composer.changed(model.tick);
    focus(model, Focus::Composer);
}

fn used(model: &mut Model, prompt: PromptId, values: Values) {
    model.tell(Command::Library(Library::Used { prompt, values }));
}

/// Brings a fill to the top: the one that is there, that of the form on top, or that of the selected prompt.
fn open_top(model: &mut Model) -> bool {
    if top(model).is_some() {
        return true;
    }
    if let Some((title, content)) = keeping::unsaved(model) {
        let subject = Subject {
            title,
            given: known(model, &content),
            content,
            ..Subject::default()
        };
        open(model, subject);
        return true;
    }
    let Some(row) = model.library.current_row().cloned() else {
        model.say("there is no prompt here");
        return false;
    };
    open(model, subject(model, &row));
    true
}

/// Tries the prompt on top, or the selected one; what is still empty is asked for first.
pub fn try_it(model: &mut Model) {
    if !open_top(model) {
        return;
    }
    let conversation = model.here();
    // A conversation not yet created has only the model that stands in the status line.
    let of_new = (model.is_home && conversation.is_none()).then(|| model.new_model.clone());
    let Some(fill) = top(model) else { return };
    let Some(text) = fill.filled() else { return };
    let asked = fill.model.clone().or(of_new);
    stop(model);
    let trial = Trial {
        text,
        conversation,
        persona: model.new_persona.filter(|_| conversation.is_none()),
        model: asked,
        sampling: Sampling::default(),
    };
    let request = model.ask(Command::Library(Library::Try { trial }), Ask::Trial);
    let tick = model.tick;
    if let Some(fill) = top(model) {
        fill.trial = Some(Growing::begun(request, tick));
    }
}

/// Tries with a model to choose.
pub fn try_with(model: &mut Model) {
    if !open_top(model) {
        return;
    }
    models::pick(model, Purpose::TrialModel);
}

/// This model is asked from now on in the fill on top.
pub fn try_by(model: &mut Model, name: &str) {
    match name.parse::<ModelRef>() {
        Ok(by) => {
            if let Some(fill) = top(model) {
                fill.model = Some(by);
                try_it(model);
            }
        }
        Err(bad) => model.say(bad.to_string()),
    }
}

/// Ends the trial on top; `false` when none is running that was not told to end before.
fn stop(model: &mut Model) -> bool {
    let trial = top(model).and_then(|fill| fill.trial.as_mut());
    let Some(trial) = trial.filter(|trial| trial.is_running() && !trial.is_stopping) else {
        return false;
    };
    trial.is_stopping = true;
    let request = trial.request;
    model.tell(Command::Cancel(request));
    true
}

/// Esc: stops the trial, else closes the fill or the form, keeping what is written for the next time; `false` when
/// there is none.
pub fn back(model: &mut Model) -> bool {
    if stop(model) {
        return true;
    }
    let Some(fill) = top(model) else {
        return keeping::leave_form(model);
    };
    if let Some((id, _)) = fill.prompt() {
        let values = fill.values_to_keep();
        model.library.kept.insert(id, values);
    }
    model.overlays.pop();
    true
}

fn trial_of(model: &mut Model, request: RequestId) -> Option<&mut Growing> {
    let fills = model.overlays.iter_mut().filter_map(Overlay::fill_mut);
    let mut trials = fills.filter_map(|fill| fill.trial.as_mut());
    trials.find(|trial| trial.request == request)
}

/// What the engine says of a trial; one that is no longer shown is not heard.
pub fn trial(model: &mut Model, cause: Option<RequestId>, step: TrialStep) {
    let Some(request) = cause else { return };
    if matches!(step, TrialStep::Ended(_)) {
        model.asks.remove(&request);
    }
    let tick = model.tick;
    if let Some(trial) = trial_of(model, request) {
        trial.hear(step, tick);
    }
}

/// A trial did not begin.
pub fn trial_refused(model: &mut Model, cause: Option<RequestId>, failure: Failure) {
    match cause.and_then(|request| trial_of(model, request)) {
        Some(trial) => trial.refuse(failure),
        None => model.warn(&failure),
    }
}

/// Offers the scenarios and tags there are.
pub fn pick_group(model: &mut Model) {
    let rows = model
        .library
        .stock
        .groups()
        .into_iter()
        .map(|(term, count)| Row {
            label: Clean::line(&term),
            value: term,
            aside: Clean::line(&count.to_string()),
            ..Row::default()
        })
        .collect();
    let picker = Picker::new(
        Clean::own("Scenario or tag"),
        Clean::own("prompts"),
        Clean::own("⏎ show these · Esc"),
        rows,
    );
    model.overlays.push(Overlay {
        purpose: Purpose::Group,
        body: Body::Picker(picker),
    });
}

/// Shows what fits this filter.
pub fn filter_by(model: &mut Model, filter: &str) {
    model.library.filter.set_text(filter, filter.len());
    model.library.filtered();
    focus(model, Focus::Library);
}

/// By use or by title.
pub fn order(model: &mut Model) {
    let mut sight = model.library.stock.sight;
    let (order, words) = match sight.order {
        PromptOrder::Use => (PromptOrder::Title, "ordered by title"),
        PromptOrder::Title => (PromptOrder::Use, "ordered by use"),
    };
    sight.order = order;
    model.library.look(sight);
    model.say(words);
}

/// With the shipped ones or without.
pub fn toggle_shipped(model: &mut Model) {
    let mut sight = model.library.stock.sight;
    sight.has_shipped = !sight.has_shipped;
    model.library.look(sight);
    model.say(if sight.has_shipped {
        "shipped prompts are shown"
    } else {
        "only your own prompts are shown; the same key brings the shipped ones back"
    });
}

/// With the hidden ones or without.
pub fn toggle_hidden(model: &mut Model) {
    let mut sight = model.library.stock.sight;
    sight.has_hidden = !sight.has_hidden;
    model.library.look(sight);
    model.say(if sight.has_hidden {
        "hidden prompts are shown too"
    } else {
        "hidden prompts are left out"
    });
}

/// The trash, or the prompts again.
pub fn toggle_trash(model: &mut Model) {
    let mut sight = model.library.stock.sight;
    sight.which = match sight.which {
        Which::Active => Which::Trashed,
        Which::Trashed => Which::Active,
    };
    model.library.look(sight);
    ask_prompts(model, sight.which);
}
