//! What an empty conversation shows in place of messages: who answers, and while that is the guide, how to get a model.

use ratatui::layout::Rect;

use super::canvas::{Canvas, width};
use super::fresh;
use super::model::Model;
use super::providers::{key_words, models_words};
use super::text::row::Row;
use super::text::wrap::plain;
use super::theme::{Look, Tone};
use crate::domain::clean::Clean;
use crate::domain::provider::{Presence, ProviderState};
use crate::keys::{Action, Context};

/// How a row of a provider is written: the first form whose rows fit is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Everything in one line.
    Whole,
    /// What to do for a server in a line of its own.
    Broken,
    /// The provider's name in place of its variable, and the bare word to type.
    Short,
    /// The same without the state of a key; servers first.
    Least,
}

type Line = (String, Look);

/// What an empty conversation says: who answers, and how to begin.
pub fn paint(canvas: &mut Canvas<'_>, model: &Model) {
    let area = model.frames.transcript;
    let inner = Rect {
        x: area.x + 2.min(area.width),
        width: area.width.saturating_sub(3),
        ..area
    };
    let rows = fitting(model, inner);
    for (y, row) in (0..inner.height).zip(rows) {
        let line = Rect {
            y: inner.y + y,
            height: 1,
            ..inner
        };
        row.paint(canvas.buffer, line, canvas.theme);
    }
}

/// As much as there is room for.
fn fitting(model: &Model, inner: Rect) -> Vec<Row> {
    let mut rows = Vec::new();
    for form in [Form::Whole, Form::Broken, Form::Short, Form::Least] {
        let offers = offers(model, form, inner.width);
        let is_last = form == Form::Least;
        if !is_last && !offers.iter().all(|(line, _)| width(line) <= inner.width) {
            continue;
        }
        for is_long in [true, false] {
            rows = lines(model, &offers, is_long)
                .iter()
                .flat_map(|(line, look)| plain(&Clean::text(line), *look, inner.width.max(1)))
                .collect();
            if rows.len() <= usize::from(inner.height) {
                return rows;
            }
        }
    }
    rows
}

fn lines(model: &Model, offers: &[Line], is_long: bool) -> Vec<Line> {
    let dim = Look::of(Tone::Dim);
    let title = Look::of(Tone::Accent).bold();
    let mut lines: Vec<Line> = vec![("salon".into(), title), (String::new(), dim)];
    if model.model().is_guide() {
        lines.push((introduction(model, is_long).to_owned(), Look::default()));
        if !offers.is_empty() {
            lines.push((String::new(), dim));
            lines.extend_from_slice(offers);
        }
        if let Some(line) = search(model, is_long) {
            lines.push((String::new(), dim));
            lines.push((line.to_owned(), dim));
        }
    } else {
        lines.push((
            format!("The next message goes to {}.", model.model()),
            Look::default(),
        ));
        if let Some(key) = model.keymap.first_key(Action::UseProvider) {
            let other = "talks with another provider, or a server on this machine.";
            lines.push((format!("{key} {other}"), dim));
        }
    }
    if let Some(persona) = fresh::here(model).and_then(|id| model.roster.heading(id)) {
        lines.push((format!("You will talk with {persona}."), Look::default()));
    }
    if !model.new_system.is_empty() {
        lines.push((String::new(), dim));
        lines.push((format!("Instructions: {}", model.new_system), dim));
    }
    lines
}

fn introduction(model: &Model, is_long: bool) -> &'static str {
    let has_other = model.providers.states.iter().any(|s| s.key.is_some());
    match (is_long, has_other) {
        (false, false) => "No model is set up yet: the built-in guide answers.",
        (false, true) => "The built-in guide answers.",
        (true, false) => {
            "No model is set up yet, so you are talking to the built-in guide (not a language model). It knows this \
             program: ask it anything, or try \"what can I do here?\""
        }
        (true, true) => {
            "You are talking to the built-in guide (not a language model). It knows this program: ask it anything, or \
             try \"what can I do here?\""
        }
    }
}

/// Rows for each provider that wants a key, and for each server found on this machine.
fn offers(model: &Model, form: Form, most: u16) -> Vec<Line> {
    let states = &model.providers.states;
    let keyed: Vec<&ProviderState> = states.iter().filter(|s| s.wants_key).collect();
    let servers: Vec<&ProviderState> = states.iter().filter(|s| is_shown(s)).collect();
    let name = |state: &ProviderState| match (form, &state.variable) {
        (Form::Whole | Form::Broken, Some(variable)) => variable.clone(),
        (Form::Whole | Form::Broken, None) => state.label().to_owned(),
        (Form::Short | Form::Least, _) => state.name.clone(),
    };
    let widest = |texts: &mut dyn Iterator<Item = String>| {
        usize::from(texts.map(|text| width(&text)).max().unwrap_or(0))
    };
    let names = widest(&mut keyed.iter().chain(&servers).map(|state| name(state)));
    let keys = widest(&mut keyed.iter().map(|state| key_words(state)));
    let of_key = |(at, state): (usize, &&ProviderState)| {
        let next = next_of_key(state, form, at == 0);
        let label = name(state);
        let line = match form {
            Form::Least => format!("{label:<names$}  {next}"),
            Form::Whole | Form::Broken | Form::Short => {
                format!("{label:<names$}  {:<keys$}  {next}", key_words(state))
            }
        };
        vec![(line, Look::of(Tone::Dim))]
    };
    let of_server = |(at, state): (usize, &&ProviderState)| {
        let look = match state.presence {
            Presence::Found(_) => Look::default(),
            Presence::Absent(_) | Presence::Unasked | Presence::Asking => Look::of(Tone::Dim),
        };
        let words = server_words(state, form);
        let first = match form {
            Form::Short => format!("{:<names$}  {words:<keys$}", name(state)),
            Form::Whole | Form::Broken | Form::Least => format!("{:<names$}  {words}", name(state)),
        };
        let next = next_of_server(model, state, form, at == 0);
        let line = format!("{first}  {next}");
        if form == Form::Broken && !next.is_empty() && width(&line) > most {
            let next = format!("{:names$}  {next}", "");
            return vec![(first, look), (next, look)];
        }
        vec![(line.trim_end().to_owned(), look)]
    };
    let keyed = keyed.iter().enumerate().flat_map(of_key);
    let servers = servers.iter().enumerate().flat_map(of_server);
    match form {
        // What needs no key is seen where there is little room.
        Form::Least => servers.chain(keyed).collect(),
        Form::Whole | Form::Broken | Form::Short => keyed.chain(servers).collect(),
    }
}

/// What to type for a provider that wants a key.
fn next_of_key(state: &ProviderState, form: Form, is_first: bool) -> String {
    let of = &state.name;
    match (state.key, form) {
        (Some(_), Form::Short | Form::Least) => format!("/use {of}"),
        (Some(_), Form::Whole | Form::Broken) => format!("/use {of} talks with it"),
        (None, Form::Short | Form::Least) => format!("/key {of}"),
        (None, Form::Whole) if is_first => {
            format!("/key {of} enters a key (kept in your keyring)")
        }
        (None, Form::Whole | Form::Broken) => format!("/key {of} enters a key"),
    }
}

/// A server that was found, or one that the user set and that does not answer.
fn is_shown(state: &ProviderState) -> bool {
    match &state.presence {
        Presence::Found(_) => true,
        Presence::Absent(_) => state.is_own && state.can_be_found(),
        Presence::Unasked | Presence::Asking => !state.wants_key && state.is_own && !state.is_local,
    }
}

fn server_words(state: &ProviderState, form: Form) -> String {
    let address = &state.address;
    let is_short = matches!(form, Form::Short | Form::Least);
    match &state.presence {
        Presence::Found(count) if is_short => models_words(*count),
        Presence::Found(count) => format!("{address} found, {}", models_words(*count)),
        Presence::Absent(_) if is_short => "does not answer".to_owned(),
        Presence::Unasked | Presence::Asking if is_short => String::new(),
        Presence::Absent(_) | Presence::Unasked | Presence::Asking => address.clone(),
    }
}

/// What to press or to type for a server that can be talked with.
fn next_of_server(model: &Model, state: &ProviderState, form: Form, is_first: bool) -> String {
    let of = &state.name;
    let is_short = matches!(form, Form::Short | Form::Least);
    match &state.presence {
        Presence::Found(0) => return String::new(),
        Presence::Absent(_) if is_short => return String::new(),
        Presence::Absent(failure) => return failure.title.clone(),
        Presence::Found(_) | Presence::Unasked | Presence::Asking => {}
    }
    if is_short {
        return format!("/use {of}");
    }
    let key = model.keymap.hint(Context::Composer, Action::UseProvider);
    match key.filter(|_| is_first) {
        Some(key) => format!("{key} or /use {of} uses it"),
        None => format!("/use {of} uses it"),
    }
}

/// What is said of the search for servers, while it goes on and when it found none.
fn search(model: &Model, is_long: bool) -> Option<&'static str> {
    if model.providers.is_looking {
        return Some("Looking for model servers on this machine …");
    }
    let is_absent = |state: &&ProviderState| matches!(state.presence, Presence::Absent(_));
    let mut local = model.providers.states.iter().filter(|s| s.can_be_found());
    let has_none = local.clone().next().is_some() && local.all(|state| is_absent(&state));
    (has_none && is_long).then_some(
        "No Ollama, llama.cpp or LM Studio answers on this machine. One that you start is found by /new.",
    )
}
