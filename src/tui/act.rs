//! Actions: what each bound key, and each typed word, does.

use super::browse;
use super::focus::{context, edited, editor, focus};
use super::model::{Focus, Model};
use super::msg::Effect;
use super::overlay::help::Help;
use super::overlay::{Body, Overlay, Purpose};
use super::pane::list::View;
use super::pane::transcript::Move;
use super::paper;
use super::personas;
use super::prompts;
use super::providers;
use super::reading_mode;
use super::search;
use super::secret;
use super::seek;
use super::shelf;
use super::talk;
use super::text::edit::{Editor, Kill, Move as Go};
use super::told;
use super::words::{Argument, about_draft, argument, word_of};
use super::{
    curate, doctor, export, history, keeping, leaving, looks, menu, models, palette, removal,
};
use crate::domain::conversation::Draft;
use crate::domain::model::ModelRef;
use crate::keys::{Action, Context};
use crate::settings::Ground;

/// Does what the action says, wherever it came from.
#[expect(
    clippy::too_many_lines,
    reason = "a table with a line an action, and the compiler sees that none is missing"
)]
pub fn act(model: &mut Model, action: Action) {
    match action {
        Action::Send => send(model),
        Action::Complete => complete(model),
        Action::Stash => stash(model),
        Action::ExpandPaste => expand(model),
        Action::LongText => long_text(model),
        Action::PickQuestion => history::pick(model),
        Action::Palette => palette::open(model),
        Action::PickModel => match model.overlays.last().map(|top| top.purpose) {
            Some(Purpose::PersonaForm) => models::pick(model, Purpose::PersonaModel),
            Some(_) | None => models::pick(model, Purpose::Model),
        },
        Action::EditSystem => talk::edit_system(model),
        Action::PickPersona => personas::pick(model),
        Action::NewPersona => personas::new(model),
        Action::EditPersona => personas::edit(model),
        Action::DuplicatePersona => personas::duplicate(model),
        Action::TrashPersona => personas::trash(model),
        Action::TrashedPersonas => personas::toggle_trash(model),
        Action::ShowSystem => told::show(model),
        Action::Retry => talk::retry(model),
        Action::RetryWith => talk::retry_with(model),
        Action::Continue => talk::go_on(model),
        Action::EditQuestion => talk::edit_question(model),
        Action::PreviousSibling => talk::sibling(model, -1),
        Action::NextSibling => talk::sibling(model, 1),
        Action::UseProvider => providers::pick(model),
        Action::SetKey => providers::pick_keyed(model),
        Action::SearchAll => search::begin(model, ""),
        Action::CopyAnswer => browse::copy_text(model, model.transcript.last_answer()),
        Action::Copy => browse::copy(model),
        Action::CopyAll => browse::copy_all(model),
        Action::Quote => browse::quote(model),
        Action::Fold => browse::fold_thinking(model),
        Action::FoldLong => browse::fold(model),
        Action::NextBlock => browse::block(model, 1),
        Action::PreviousBlock => browse::block(model, -1),
        Action::WriteBlock => paper::ask(model),
        Action::FindWords => seek::begin(model),
        Action::NextHit => seek::step(model, 1),
        Action::PreviousHit => seek::step(model, -1),
        Action::Outline => browse::outline(model),
        Action::Details => model.transcript.toggle_details(),
        Action::MessageUp => model.transcript.go(Move::Message(-1)),
        Action::MessageDown => model.transcript.go(Move::Message(1)),
        Action::ScrollUp => model.transcript.go(Move::Lines(-1)),
        Action::ScrollDown => model.transcript.go(Move::Lines(1)),
        Action::ScrollHalfUp => model.transcript.go(Move::HalfPages(-1)),
        Action::ScrollHalfDown => model.transcript.go(Move::HalfPages(1)),
        Action::ScrollPageUp => model.transcript.go(Move::HalfPages(-2)),
        Action::ScrollPageDown => model.transcript.go(Move::HalfPages(2)),
        Action::ScrollStart => model.transcript.go(Move::Start),
        Action::ScrollEnd => talk::to_end(model),
        Action::ScrollLeft => model.transcript.shift(-8),
        Action::ScrollRight => model.transcript.shift(8),
        Action::ListUp
        | Action::ListDown
        | Action::ListHalfUp
        | Action::ListHalfDown
        | Action::ListPageUp
        | Action::ListPageDown
        | Action::ListFirst
        | Action::ListLast => step(model, action),
        Action::Filter => filter(model),
        Action::FoldGroup => shelf::fold(model),
        Action::UnfoldGroup => shelf::unfold(model),
        Action::NewConversation => shelf::new(model),
        Action::OpenConversation => shelf::open_selected(model),
        Action::RenameConversation => curate::rename(model),
        Action::PinConversation => curate::pin(model),
        Action::ArchiveConversation => curate::archive(model),
        Action::TagConversation => curate::edit_tags(model),
        Action::DuplicateConversation => curate::duplicate(model),
        Action::TrashConversation => curate::trash(model),
        Action::RestoreConversation => curate::restore(model),
        Action::ExportConversation => export::ask(model),
        Action::PurgeConversation => removal::purge(model),
        Action::EmptyTrash => removal::empty_trash(model),
        Action::UndoAction => curate::undo(model),
        Action::Mark => shelf::mark(model),
        Action::MarkRange => model.list.range(),
        Action::OrderConversations => shelf::next_order(model),
        Action::ToggleArchive => shelf::toggle(model, View::Archive),
        Action::ToggleTrash if model.focus == Focus::Library => prompts::toggle_trash(model),
        Action::ToggleTrash => shelf::toggle(model, View::Trash),
        Action::InsertPrompt => prompts::use_selected(model),
        Action::TryPrompt => prompts::try_it(model),
        Action::TryWith => prompts::try_with(model),
        Action::FilterBy => prompts::pick_group(model),
        Action::OrderPrompts => prompts::order(model),
        Action::ToggleShipped => prompts::toggle_shipped(model),
        Action::ToggleHidden => prompts::toggle_hidden(model),
        Action::NewPrompt => keeping::write_new(model),
        Action::EditPrompt => keeping::edit(model),
        Action::DuplicatePrompt => keeping::duplicate(model),
        Action::TrashPrompt => keeping::trash(model),
        Action::RestorePrompt => keeping::restore(model),
        Action::HidePrompt => keeping::hide(model),
        Action::PromptVersions => keeping::versions(model),
        Action::PromptUses => keeping::uses(model),
        Action::EditOutside => outside(model),
        Action::RefreshPicker => models::refresh(model),
        Action::Favourite => models::mark(model),
        Action::FocusComposer => focus(model, Focus::Composer),
        Action::FocusList => focus(model, Focus::List),
        Action::FocusTranscript => focus(model, Focus::Transcript),
        Action::FocusLibrary => focus(model, Focus::Library),
        Action::FocusNext => cycle(model, 1),
        Action::FocusPrevious => cycle(model, 3),
        Action::TogglePanes => reading_mode::toggle_panes(model),
        Action::ReadingMode => reading_mode::toggle(model),
        Action::CycleTheme => looks::cycle(model),
        Action::Doctor => doctor::open(model),
        Action::Help => help(model),
        Action::Redraw => model.effects.push(Effect::Redraw),
        Action::Suspend => model.effects.push(Effect::Suspend),
        Action::Quit => leaving::leave(model),
        Action::Accept
        | Action::MadeText
        | Action::NextField
        | Action::PreviousField
        | Action::Newline
        | Action::Left
        | Action::Right
        | Action::WordLeft
        | Action::WordRight
        | Action::LineStart
        | Action::LineEnd
        | Action::TextStart
        | Action::TextEnd
        | Action::Previous
        | Action::Next
        | Action::DeleteBack
        | Action::Delete
        | Action::KillWordBack
        | Action::KillWord
        | Action::KillToStart
        | Action::KillToEnd
        | Action::Yank
        | Action::UndoEdit
        | Action::RedoEdit => edit(model, action),
    }
}

/// Enter in the composer: a typed word is done, a line that ends with a backslash goes on, everything else is sent.
fn send(model: &mut Model) {
    if menu::enter(model) || go_on_below(model) {
        return;
    }
    let text = model.composer.editor.text();
    if let Some((action, draft)) = about_draft(&text) {
        // The word goes, the draft stays.
        model.composer.editor.replace_all(draft);
        model.composer.changed(model.tick);
        return act(model, action);
    }
    let line = model.composer.editor.only_line();
    let shown = line
        .and_then(word_of)
        .and_then(|(word, _)| Action::of_word(word));
    if word_of(&text).is_none() && shown.is_some() {
        return model.say("pasted text of many lines cannot follow this word; // sends a slash");
    }
    match word_of(&text) {
        Some((word, rest)) => match Action::of_word(word) {
            Some(action) => match bad_rest(model, action, rest) {
                Some(why) => model.say(why),
                None => {
                    let rest = rest.to_owned();
                    model.composer.put(Draft::default());
                    model.composer.changed(model.tick);
                    act_with(model, action, &rest);
                }
            },
            None => model.say(format!(
                "there is no /{word}; /help lists the words, // sends a slash"
            )),
        },
        None => talk::send(model),
    }
}

/// A backslash at the end of the text becomes a new line; two of them are a backslash that is meant.
fn go_on_below(model: &mut Model) -> bool {
    let editor = &mut model.composer.editor;
    let slashes = editor.backslashes_before_the_end();
    if slashes.is_multiple_of(2) || editor.caret() != editor.len() {
        return false;
    }
    editor.delete(Kill::Back);
    editor.newline();
    edited(model);
    true
}

/// Why what follows a typed word cannot be used, if so: then the text stays.
fn bad_rest(model: &Model, action: Action, rest: &str) -> Option<String> {
    if rest.is_empty() {
        return None;
    }
    match argument(action) {
        Argument::Model => rest.parse::<ModelRef>().err().map(|bad| bad.to_string()),
        Argument::Ground => {
            let is_bad = Ground::of(rest).is_none();
            is_bad.then(|| "the colours are auto, dark or light".to_owned())
        }
        Argument::Text if action == Action::RenameConversation => {
            curate::one(model, "rename").err()
        }
        Argument::Text if action == Action::TagConversation => curate::bad_tags(model, rest),
        Argument::Text if action == Action::ExportConversation => {
            curate::one(model, "write down").err()
        }
        Argument::Text | Argument::Persona | Argument::Provider | Argument::Draft => None,
        Argument::Nothing => Some("this word stands alone; // sends a slash".to_owned()),
    }
}

/// A typed word with what followed it; most take nothing more.
fn act_with(model: &mut Model, action: Action, rest: &str) {
    match (action, rest.is_empty()) {
        (Action::PickModel, false) => models::choose(model, rest),
        (Action::UseProvider, false) => providers::take(model, rest),
        (Action::SetKey, false) => secret::given(model, rest),
        (Action::EditSystem, false) => talk::set_system(model, rest.to_owned()),
        (Action::PickPersona, false) => personas::find(model, rest),
        (Action::SearchAll, false) => search::begin(model, rest),
        (Action::FindWords, false) => seek::look_for(model, rest),
        (Action::RenameConversation, false) => curate::rename_to(model, rest),
        (Action::TagConversation, false) => curate::tag_with(model, rest),
        (Action::ExportConversation, false) => export::write_to(model, rest),
        (Action::CycleTheme, false) => {
            if let Some(ground) = Ground::of(rest) {
                looks::choose(model, ground);
            }
        }
        _ => act(model, action),
    }
}

/// An editing action in the editor that has the focus.
pub fn edit(model: &mut Model, action: Action) {
    let in_composer = model.overlays.is_empty() && model.focus == Focus::Composer;
    if in_composer
        && action == Action::Delete
        && model.composer.is_empty()
        && model.live_here().is_none()
    {
        leaving::arm_quit(model, "Ctrl+D");
        return;
    }
    if in_composer && action == Action::Previous && history::earlier(model) {
        return;
    }
    if in_composer && action == Action::Next && history::later(model) {
        return;
    }
    let Some(editor) = editor(model) else { return };
    let is_change = change(editor, action);
    if is_change {
        edited(model);
    }
}

/// Does an editing action; `true` when the text may have changed.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only the editing actions of a long table matter"
)]
fn change(editor: &mut Editor, action: Action) -> bool {
    let (is_change, movement) = match action {
        Action::Newline => {
            editor.newline();
            (true, None)
        }
        Action::DeleteBack => (editor.delete(Kill::Back), None),
        Action::Delete => (editor.delete(Kill::Forward), None),
        Action::KillWordBack => (editor.delete(Kill::WordBack), None),
        Action::KillWord => (editor.delete(Kill::WordForward), None),
        Action::KillToStart => (editor.delete(Kill::ToLineStart), None),
        Action::KillToEnd => (editor.delete(Kill::ToLineEnd), None),
        Action::Yank => (editor.yank(), None),
        Action::UndoEdit => (editor.undo(), None),
        Action::RedoEdit => (editor.redo(), None),
        Action::Left => (false, Some(Go::Left)),
        Action::Right => (false, Some(Go::Right)),
        Action::WordLeft => (false, Some(Go::WordLeft)),
        Action::WordRight => (false, Some(Go::WordRight)),
        Action::LineStart => (false, Some(Go::LineStart)),
        Action::LineEnd => (false, Some(Go::LineEnd)),
        Action::TextStart => (false, Some(Go::Start)),
        Action::TextEnd => (false, Some(Go::End)),
        Action::Previous => (false, Some(Go::Up)),
        Action::Next => (false, Some(Go::Down)),
        _ => (false, None),
    };
    if let Some(movement) = movement {
        editor.go(movement);
    }
    is_change
}

/// Gives the text in hand to the user's own editor; `update` puts back what comes of it.
fn outside(model: &mut Model) {
    if model.overlays.is_empty() {
        focus(model, Focus::Composer);
    }
    if let Some(text) = editor(model).map(|editor| editor.text()) {
        model.lent = Some((model.overlays.len(), text.clone()));
        model.effects.push(Effect::Edit(text));
    }
}

/// Tab in the composer.
fn complete(model: &mut Model) {
    if menu::complete(model) {
        return;
    }
    if model.composer.editor.expand_at_caret() {
        return edited(model);
    }
    cycle(model, 1);
}

/// Puts the draft aside.
fn stash(model: &mut Model) {
    if model.composer.is_empty() {
        model.say("nothing to put aside");
        return;
    }
    let scope = model.here();
    for command in model.composer.stash_draft(scope) {
        model.tell(command);
    }
    model.say(history::IS_KEPT);
}

/// Shows pasted text in full.
fn expand(model: &mut Model) {
    match model.composer.editor.expand_all() {
        true => model.composer.changed(model.tick),
        false => model.say("no pasted text is folded here"),
    }
}

fn long_text(model: &mut Model) {
    focus(model, Focus::Composer);
    model.is_long = !model.is_long;
    let key = |action| {
        model
            .keymap
            .hint(Context::Composer, action)
            .unwrap_or_default()
    };
    let (enter, newline) = (key(Action::Send), key(Action::Newline));
    model.say(match model.is_long {
        true => format!("long text: {newline} sends, {enter} starts a new line"),
        false => format!("{enter} sends, {newline} starts a new line"),
    });
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only the moves of a list come here; the last one is what remains"
)]
fn step(model: &mut Model, action: Action) {
    let page = match model.focus {
        Focus::Library => model.library.page(),
        Focus::List | Focus::Composer | Focus::Transcript => model.list.page(),
    };
    let by = match action {
        Action::ListUp => -1,
        Action::ListDown => 1,
        Action::ListHalfUp => -(page / 2).max(1),
        Action::ListHalfDown => (page / 2).max(1),
        Action::ListPageUp => -page,
        Action::ListPageDown => page,
        Action::ListFirst => isize::MIN,
        _ => isize::MAX,
    };
    match model.focus {
        Focus::Library => model.library.step(by),
        Focus::List | Focus::Composer | Focus::Transcript => {
            model.list.step(by);
            shelf::ask_more(model);
        }
    }
}

fn filter(model: &mut Model) {
    match model.focus {
        Focus::Library => model.library.is_filtering = true,
        Focus::List | Focus::Composer | Focus::Transcript => {
            if model.focus != Focus::List {
                focus(model, Focus::List);
            }
            model.list.is_filtering = true;
        }
    }
}

fn cycle(model: &mut Model, by: usize) {
    const ORDER: [Focus; 4] = [
        Focus::Composer,
        Focus::List,
        Focus::Transcript,
        Focus::Library,
    ];
    let at = ORDER.iter().position(|f| *f == model.focus).unwrap_or(0);
    focus(model, ORDER[(at + by) % ORDER.len()]);
}

fn help(model: &mut Model) {
    let here = context(model);
    let help = Help::new(here, &model.keymap, &model.manual);
    model.overlays.push(Overlay {
        purpose: Purpose::Help,
        body: Body::Help(Box::new(help)),
    });
}
