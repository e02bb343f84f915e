//! Routes what comes in to the place that decides: keys to the focus, news to the panes, deadlines to their owners.

use super::act;
use super::choose;
use super::doctor;
use super::focus::{context, edited, editor, is_filtering, is_searching, takes_text, what_follows};
use super::keeping;
use super::ladder;
use super::leaving;
use super::menu;
use super::model::{Focus, Model};
use super::mouse;
use super::msg::{Choice, Effect, Msg, Outcome, Signal};
use super::news;
use super::overlay::{Overlay, Purpose};
use super::paper;
use super::personas;
use super::search;
use super::seek;
use super::told;
use super::{prompts, spent};
use crate::domain::failure::Failure;
use crate::keys::{Action, Chord, Context, Key, Lookup};

/// Takes a message in; returns what the loop must do.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(chord) => key(model, chord),
        Msg::Paste(text) => {
            model.has_gone_on = true;
            paste(model, &text);
        }
        Msg::Mouse(pointer) => {
            model.has_gone_on = true;
            if let Some(outcome) = mouse::take(model, pointer) {
                conclude(model, outcome);
            }
        }
        // A terminal that went to another size and back has lost cells, though the size is the same.
        Msg::Resize => model.effects.push(Effect::Redraw),
        Msg::Background(is_light) => {
            if model.looks.is_asked {
                model.looks.heard = Some(is_light);
            }
        }
        Msg::Due => {}
        Msg::Engine(event) => news::apply(model, event),
        Msg::Terminal(facts) => doctor::terminal(model, &facts),
        Msg::Edited(text) => came_back(model, text),
        Msg::Written(written) => paper::written(model, written),
        Msg::Signal(Signal::Leave) => leaving::leave(model),
        Msg::Signal(Signal::Suspend) => model.effects.push(Effect::Suspend),
    }
    pass_deadlines(model);
    seek::keep_up(model);
    search::keep_up(model);
    spent::look_at_the_clock(model);
    told::refresh(model);
    menu::refresh(model);
    std::mem::take(&mut model.effects)
}

fn pass_deadlines(model: &mut Model) {
    if model
        .toast
        .as_ref()
        .is_some_and(|toast| toast.until <= model.tick)
    {
        model.toast = None;
    }
    if model.quit_armed.is_some_and(|until| until <= model.tick) {
        model.quit_armed = None;
    }
    mouse::pass(model);
    // What stands on disk is not known before the first answer.
    if !model.is_leaving && model.is_home {
        leaving::keep_place(model, false);
    }
}

fn key(model: &mut Model, chord: Chord) {
    model.has_gone_on = true;
    if model.fatal.is_some() {
        model.effects.push(Effect::Leave);
        return;
    }
    let is_interrupt = chord == ctrl('c');
    if !is_interrupt && chord != ctrl('d') {
        leaving::disarm(model);
    }
    let is_esc = chord == Chord::plain(Key::Esc);
    if !is_interrupt && !is_esc {
        mouse::interrupt(model);
    }
    if !is_esc {
        model.last_esc = None;
    }
    if is_interrupt {
        model.pending.clear();
        ladder::interrupt(model);
    } else if is_esc && !model.pending.is_empty() {
        model.pending.clear();
    } else if is_esc {
        ladder::back(model);
    } else if let (Key::Char(c), true) = (
        chord.key,
        chord.is_text() && model.pending.is_empty() && takes_text(model),
    ) {
        match editor(model) {
            Some(editor) => {
                editor.insert(c.encode_utf8(&mut [0; 4]));
                edited(model);
            }
            // A choice in a form.
            None => unbound(model, chord),
        }
    } else {
        bound(model, chord);
    }
}

fn ctrl(c: char) -> Chord {
    Chord::new(Key::Char(c), true, false, false)
}

fn bound(model: &mut Model, chord: Chord) {
    model.pending.push(chord);
    match lookup(model) {
        Lookup::Action(action) => {
            model.pending.clear();
            perform(model, action);
        }
        Lookup::Prefix => model.pending_since = model.tick,
        Lookup::None => {
            let is_first = model.pending.len() == 1;
            model.pending.clear();
            if is_first {
                unbound(model, chord);
            } else {
                model.say("no such key here; F1 shows the keys");
            }
        }
    }
}

/// What the pending keys mean where the focus is. A place that takes text also has the composer's editing keys, and
/// of what works everywhere an overlay lets only the harmless through.
fn lookup(model: &Model) -> Lookup {
    let map = &model.keymap;
    let edit = || match map.lookup(Context::Composer, &model.pending) {
        Lookup::Action(action) if action.is_edit() => Lookup::Action(action),
        Lookup::Action(_) | Lookup::Prefix | Lookup::None => Lookup::None,
    };
    if let Some(top) = model.overlays.last() {
        // A leader leads to nothing but the overlay's own.
        let is_first = model.pending.len() == 1;
        let has_use = |action: Action| top.takes(action) || (is_first && is_harmless(action));
        return match map.lookup(Context::Overlay, &model.pending) {
            Lookup::Action(action) if has_use(action) => Lookup::Action(action),
            Lookup::Prefix if !what_follows(model).is_empty() => Lookup::Prefix,
            Lookup::Action(_) | Lookup::Prefix | Lookup::None if takes_text(model) => edit(),
            Lookup::Action(_) | Lookup::Prefix | Lookup::None => Lookup::None,
        };
    }
    let here = map.lookup(context(model), &model.pending);
    if is_searching(model)
        && let Lookup::Action(action @ (Action::Accept | Action::ListUp | Action::ListDown)) =
            map.lookup(Context::Overlay, &model.pending)
    {
        return Lookup::Action(action);
    }
    if is_filtering(model) {
        return match edit() {
            Lookup::Action(Action::Previous | Action::Next | Action::Newline) => here,
            Lookup::Action(action) => Lookup::Action(action),
            Lookup::Prefix | Lookup::None => here,
        };
    }
    here
}

fn is_harmless(action: Action) -> bool {
    matches!(action, Action::Redraw | Action::Suspend | Action::Quit)
}

/// A key without a meaning here: a letter goes to the overlay, else back to the composer.
fn unbound(model: &mut Model, chord: Chord) {
    let Key::Char(c) = chord.key else { return };
    if !chord.is_text() {
        return;
    }
    match model.overlays.last_mut() {
        Some(overlay) => {
            let outcome = overlay.letter(c);
            conclude(model, outcome);
        }
        None => {
            model.focus = Focus::Composer;
            model.composer.editor.insert(c.encode_utf8(&mut [0; 4]));
            edited(model);
        }
    }
}

/// A bound key: the overlay's, an edit, or an action of the whole.
fn perform(model: &mut Model, action: Action) {
    let action = meant(model, action);
    if menu_takes(model, action) {
        return;
    }
    let is_edit = action.is_edit() && editor(model).is_some();
    if is_edit
        && model
            .overlays
            .last_mut()
            .is_some_and(|top| top.take_offer(action))
    {
        return;
    }
    if is_edit {
        act::edit(model, action);
        return;
    }
    if model.overlays.is_empty() && is_searching(model) && seek::typing(model, action) {
        return;
    }
    match model.overlays.last_mut() {
        Some(overlay) if !is_harmless(action) => {
            let outcome = overlay.act(action);
            conclude(model, outcome);
        }
        Some(_) | None => act::act(model, action),
    }
}

/// In a long text Enter and the keys for a new line have changed places; a typed word is done by Enter as ever.
fn meant(model: &Model, action: Action) -> Action {
    let is_long = model.is_long && model.overlays.is_empty() && model.focus == Focus::Composer;
    if is_long && action == Action::Send && !model.menu.is_open() {
        Action::Newline
    } else if is_long && action == Action::Newline {
        Action::Send
    } else {
        action
    }
}

/// The arrows choose in an open menu.
fn menu_takes(model: &mut Model, action: Action) -> bool {
    let is_step = matches!(action, Action::Previous | Action::Next);
    let is_taken = is_step && model.menu.is_open() && model.overlays.is_empty();
    if is_taken {
        let by = if action == Action::Next { 1 } else { -1 };
        model.menu.step(by);
    }
    is_taken
}

/// An overlay said what it wants.
fn conclude(model: &mut Model, outcome: Outcome) {
    match outcome {
        Outcome::Stay => {}
        Outcome::Close => {
            let closed = model.overlays.pop();
            if closed.is_some_and(|overlay| overlay.purpose == Purpose::Doctor) {
                doctor::left(model);
            }
        }
        Outcome::Keep => {
            if !keeping::keep(model) {
                personas::keep(model);
            }
        }
        Outcome::Act(action) => act::act(model, action),
        Outcome::Take(Choice::Hit(target)) => search::open_hit(model, target),
        Outcome::Take(Choice::Filled(text)) => prompts::use_filled(model, text),
        Outcome::Take(choice) => {
            if let Some(overlay) = model.overlays.pop() {
                choose::chosen(model, overlay.purpose, choice);
            }
        }
    }
}

/// The user's own editor is done. What it left takes the place of the text it was given.
fn came_back(model: &mut Model, text: Result<String, Failure>) {
    // News may have opened something on top since.
    let Some((open, lent)) = model.lent.take() else {
        return;
    };
    model.overlays.truncate(open);
    let text = match text {
        Ok(text) => text,
        Err(failure) => return model.warn(&failure),
    };
    // Editors end the last line, whether the text did so or not.
    let text = text.strip_suffix('\n').unwrap_or(&text);
    if text == lent {
        return;
    }
    if model.overlays.is_empty() {
        model.focus = Focus::Composer;
        // A message that came back meanwhile is not overwritten.
        if model.composer.editor.text() != lent && !model.composer.is_empty() {
            let scope = model.here();
            for command in model.composer.stash_draft(scope) {
                model.tell(command);
            }
        }
    }
    if let Some(editor) = editor(model) {
        editor.set_text(text, text.len());
        edited(model);
    }
}

/// Pasted text is always text, wherever the focus is.
fn paste(model: &mut Model, text: &str) {
    if model.fatal.is_some() {
        return;
    }
    leaving::disarm(model);
    mouse::interrupt(model);
    model.pending.clear();
    // A question that nobody asked for gives way to somebody who writes.
    let is_unasked = |top: &mut Overlay| matches!(top.purpose, Purpose::Expired(_));
    model.overlays.pop_if(is_unasked);
    if editor(model).is_none() && model.overlays.is_empty() {
        model.focus = Focus::Composer;
    }
    if let Some(editor) = editor(model) {
        editor.paste_block(text);
        edited(model);
    }
}
