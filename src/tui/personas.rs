//! The personas' actions: choose one, write one, copy it, move it to the trash and back.

use std::collections::BTreeMap;

use super::focus::focus;
use super::fresh::{self, here};
use super::model::{Ask, Focus, Model};
use super::models::window_words;
use super::overlay::persona::{FormKeys, PersonaForm};
use super::overlay::picker::{Picker, Row};
use super::overlay::{Body, Overlay, Purpose};
use super::pane::groups::{Groups, Line};
use crate::domain::clean::Clean;
use crate::domain::conversation::Conversation;
use crate::domain::failure::Failure;
use crate::domain::id::PersonaId;
use crate::domain::persona::{NONE, PersonaListed, Profile};
use crate::domain::when::Millis;
use crate::keys::{Action, Context};
use crate::protocol::{Act, Chat, Command, Personas, Which};

/// Opens the picker of personas.
pub fn pick(model: &mut Model) {
    show_picker(model, Which::Active);
    model.ask(Command::Personas(Personas::List), Ask::Personas);
}

fn show_picker(model: &mut Model, which: Which) {
    let key = |action| {
        let keys = model.keymap.hint(Context::Overlay, action);
        keys.unwrap_or_default()
    };
    let (title, words) = match which {
        Which::Active => (
            Clean::own("Persona"),
            format!(
                "⏎ take · {} new · {} edit · {} copy · {} trash · Esc",
                key(Action::NewPersona),
                key(Action::EditPersona),
                key(Action::DuplicatePersona),
                key(Action::TrashPersona),
            ),
        ),
        Which::Trashed => (
            Clean::own("Personas in the trash"),
            format!(
                "⏎ restore · {} the others · Esc",
                key(Action::TrashedPersonas)
            ),
        ),
    };
    let aside = match which {
        Which::Active => Clean::own("from the next message on"),
        Which::Trashed => Clean::default(),
    };
    let picker = Picker::new(title, aside, Clean::line(&words), rows(model, which));
    model.overlays.push(Overlay {
        purpose: Purpose::Persona(which),
        body: Body::Picker(picker),
    });
}

/// The picker shows what is known now.
fn refill(model: &mut Model) {
    let active = rows(model, Which::Active);
    let trashed = rows(model, Which::Trashed);
    for overlay in &mut model.overlays {
        if let (Purpose::Persona(which), Body::Picker(picker)) =
            (overlay.purpose, &mut overlay.body)
        {
            picker.fill(match which {
                Which::Active => active.clone(),
                Which::Trashed => trashed.clone(),
            });
        }
    }
}

fn rows(model: &Model, which: Which) -> Vec<Row> {
    let current = here(model);
    let row = |listed: &PersonaListed| Row {
        value: listed.persona.id.to_string(),
        label: Clean::line(&listed.persona.profile.name),
        aside: Clean::line(&figures(listed, model.now)),
        is_marked: Some(listed.persona.id) == current,
        ..Row::default()
    };
    match which {
        Which::Active => {
            let nobody = Row {
                value: NONE.to_owned(),
                label: Clean::own(NONE),
                aside: Clean::own("the model itself"),
                is_marked: current.is_none(),
                ..Row::default()
            };
            let rows = model.roster.active().map(row);
            rows.chain([nobody]).collect()
        }
        Which::Trashed => model.roster.trashed().map(row).collect(),
    }
}

/// What is known of a persona on one line, the most useful first.
fn figures(listed: &PersonaListed, now: Millis) -> String {
    let mut parts = vec![listed.persona.profile.relationship.word().to_owned()];
    let tokens = listed.tokens_in + listed.tokens_out;
    parts.push(match listed.conversations {
        0 if tokens == 0 => "not talked with yet".to_owned(),
        0 => "no conversation".to_owned(),
        1 => "1 conversation".to_owned(),
        count => format!("{count} conversations"),
    });
    parts.extend(listed.last_at.map(|at| at.age(now)));
    match tokens {
        0 => {}
        tokens => parts.push(format!("{} tok", window_words(tokens))),
    }
    match (listed.cost.0, listed.unpriced) {
        (0, _) => {}
        (_, 0) => parts.push(listed.cost.short()),
        // Some of its requests have no known price.
        (_, _) => parts.push(format!("≥{}", listed.cost.short())),
    }
    parts.join(" · ")
}

/// A row of the picker was taken.
pub fn taken(model: &mut Model, which: Which, value: &str) {
    let id = value.parse::<PersonaId>().ok();
    match (which, id) {
        (Which::Active, id) => take(model, id),
        (Which::Trashed, Some(id)) => {
            apply(model, id, Act::Restore);
            show_picker(model, Which::Active);
        }
        (Which::Trashed, None) => {}
    }
}

/// Takes a persona for this conversation, or none; its model and temperature come with it (spec P3).
pub fn take(model: &mut Model, persona: Option<PersonaId>) {
    if let Some(conversation) = model.here() {
        model.ask(
            Command::Chat(Chat::SetPersona {
                conversation,
                persona,
            }),
            Ask::Change,
        );
        return;
    }
    fresh::take(model, persona);
    let name = persona.and_then(|id| model.roster.name(id));
    match (persona, name) {
        (Some(_), name) => {
            let name = name.unwrap_or(Clean::own("the persona"));
            model.say(format!("{name} speaks from the first message on"));
        }
        (None, _) => model.say("no persona: the model itself"),
    }
}

/// What an earlier salon remembered; which personas there are is asked.
pub fn recall(model: &mut Model, state: &BTreeMap<String, String>) {
    fresh::recall(model, state);
    model.ask(Command::Personas(Personas::List), Ask::Personas);
}

/// A new conversation with this persona.
pub fn talk(model: &mut Model, persona: PersonaId) {
    super::talk::new_conversation(model);
    take(model, Some(persona));
    focus(model, Focus::Composer);
}

/// `/persona NAME`: takes the one of that name.
pub fn find(model: &mut Model, name: &str) {
    if name.eq_ignore_ascii_case(NONE) {
        take(model, None);
        return;
    }
    let name = name.to_owned();
    model.ask(Command::Personas(Personas::Find { name }), Ask::Persona);
}

/// All personas came.
pub fn filled(model: &mut Model, personas: Vec<PersonaListed>) {
    let is_first = !model.is_roster_known;
    model.is_roster_known = true;
    model.roster.fill(personas);
    if is_first {
        // A choice of the start before: one that has gone since is none.
        let chosen = model.new_persona.take().filter(|id| is_active(model, *id));
        if chosen.is_some() {
            fresh::take(model, chosen);
        }
    }
    regroup(model);
    refill(model);
}

/// A conversation is now like this: its persona was talked with then.
pub fn talked(model: &mut Model, conversation: &Conversation) {
    let is_newer = conversation
        .persona
        .is_some_and(|id| model.roster.talked(id, conversation.active_at));
    if is_newer {
        regroup(model);
    }
}

/// The list groups by what is known now.
fn regroup(model: &mut Model) {
    let roster = &model.roster;
    model.list.regroup(|groups| groups.fill(roster));
}

/// One is new, or now like this.
pub fn apply_row(model: &mut Model, row: PersonaListed) {
    let id = row.persona.id;
    model.roster.apply(row);
    if model.new_persona == Some(id) && !is_active(model, id) {
        fresh::take(model, None);
    }
    regroup(model);
    refill(model);
}

fn is_active(model: &Model, id: PersonaId) -> bool {
    let row = model.roster.get(id);
    row.is_some_and(|row| row.persona.trashed_at.is_none())
}

/// The persona whose own line is selected in the list.
pub fn selected(model: &Model) -> Option<PersonaId> {
    match model.list.line().filter(|_| model.focus == Focus::List) {
        Some(Line::Persona(id)) => Some(id),
        Some(Line::Title | Line::Inside(..) | Line::More(_)) | None => None,
    }
}

/// The persona an action is about: the selected one of the picker, else the one of this conversation.
fn subject(model: &mut Model) -> Option<PersonaListed> {
    let id = match model.overlays.last() {
        Some(Overlay {
            purpose: Purpose::Persona(_),
            body: Body::Picker(picker),
        }) => picker.current().and_then(|row| row.value.parse().ok()),
        Some(_) => here(model),
        None => model
            .list
            .line()
            .filter(|_| model.focus == Focus::List)
            .map_or_else(|| here(model), Groups::persona),
    };
    let found = id.and_then(|id| model.roster.get(id)).cloned();
    if found.is_none() {
        model.say("no persona is selected");
    }
    found
}

/// Opens the form of a new persona.
pub fn new(model: &mut Model) {
    let id = model.mint.id();
    open_form(model, id, true, &Profile::default());
}

/// Opens the form of the selected persona.
pub fn edit(model: &mut Model) {
    if let Some(listed) = subject(model) {
        open_form(model, listed.persona.id, false, &listed.persona.profile);
    }
}

fn open_form(model: &mut Model, id: PersonaId, is_new: bool, profile: &Profile) {
    let left = model
        .left_form
        .take_if(|left| left.is_new && is_new || left.id == id);
    let form = match left {
        Some(form) => {
            model.say("the words not saved before are back");
            form
        }
        None => {
            let key = |action| model.keymap.first_key(action).unwrap_or_default();
            let keys = FormKeys {
                newline: key(Action::Newline),
                next: key(Action::NextField),
                model: key(Action::PickModel),
                made: key(Action::MadeText),
            };
            Box::new(PersonaForm::new(id, is_new, profile, &keys))
        }
    };
    model.overlays.push(Overlay {
        purpose: Purpose::PersonaForm,
        body: Body::Persona(form),
    });
}

/// A form is left with Esc: what was written waits for the next time.
pub fn left(model: &mut Model, form: Box<PersonaForm>) {
    if form.is_changed() {
        model.left_form = Some(form);
        model.say("not saved; opened again, the form has your words");
    }
}

/// Saves what the form on top holds; what cannot be kept is said in the form.
pub fn keep(model: &mut Model) {
    let Some(Overlay {
        body: Body::Persona(form),
        ..
    }) = model.overlays.last_mut()
    else {
        return;
    };
    if form.is_saving {
        return;
    }
    let checked = form
        .profile()
        .and_then(|profile| profile.check().map(|()| profile));
    match checked {
        Ok(profile) => {
            form.is_saving = true;
            let (id, is_new) = (form.id, form.is_new);
            let save = Personas::Save {
                id,
                is_new,
                profile,
            };
            model.ask(Command::Personas(save), Ask::PersonaSaved(id));
        }
        Err(failure) => form.refuse(failure),
    }
}

/// The engine has saved this one: its form closes, the picker under it selects it.
pub fn saved(model: &mut Model, id: PersonaId) {
    let is_it = |overlay: &Overlay| matches!(&overlay.body, Body::Persona(form) if form.id == id);
    model.overlays.retain(|overlay| !is_it(overlay));
    model.left_form.take_if(|form| form.id == id);
    if let Some(Overlay {
        purpose: Purpose::Persona(_),
        body: Body::Picker(picker),
    }) = model.overlays.last_mut()
    {
        picker.select(&id.to_string());
    }
}

/// It was not saved: the form says why, with all its words.
pub fn refused(model: &mut Model, id: PersonaId, failure: Failure) {
    for overlay in &mut model.overlays {
        if let Body::Persona(form) = &mut overlay.body
            && form.id == id
        {
            return form.refuse(failure);
        }
    }
    if let Some(left) = &mut model.left_form {
        left.is_saving = false;
    }
    model.warn(&failure);
}

/// A copy under a name of its own.
pub fn duplicate(model: &mut Model) {
    if let Some(listed) = subject(model) {
        let copy = model.mint.id();
        let id = listed.persona.id;
        let duplicate = Personas::Duplicate { id, copy };
        model.ask(Command::Personas(duplicate), Ask::Change);
    }
}

/// Moves the selected persona to the trash; its conversations stay.
pub fn trash(model: &mut Model) {
    if let Some(listed) = subject(model) {
        if listed.persona.trashed_at.is_some() {
            model.say("it is in the trash already");
        } else {
            apply(model, listed.persona.id, Act::Trash);
        }
    }
}

fn apply(model: &mut Model, id: PersonaId, act: Act) {
    let apply = Personas::Apply { ids: vec![id], act };
    model.ask(Command::Personas(apply), Ask::Change);
}

/// Shows the personas in the trash, or the others again.
pub fn toggle_trash(model: &mut Model) {
    let Some(Purpose::Persona(which)) = model.overlays.last().map(|top| top.purpose) else {
        return;
    };
    model.overlays.pop();
    show_picker(
        model,
        match which {
            Which::Active => Which::Trashed,
            Which::Trashed => Which::Active,
        },
    );
}

/// A model was picked for the form below the picker.
pub fn model_picked(model: &mut Model, name: &str) {
    if let Some(Overlay {
        body: Body::Persona(form),
        ..
    }) = model.overlays.last_mut()
    {
        form.use_model(name);
    }
}
