//! Three roads to every action: a key, the palette, a typed word; and that all three lead to the same place (peers 5.1).
//!
//! The tests go over the table of actions: a new action must have a word, or stand here with the reason why it has none.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on stops and says where"
)]

#[path = "support/stage/mod.rs"]
mod stage;

use std::collections::BTreeSet;
use std::fmt::Write;

use salon::domain::model::ModelSpec;
use salon::keys::{Action, Context, KeyMap, Lookup, parse_chords};
use salon::protocol::{Chat, Command, Data};
use salon::tui::model::Focus;
use stage::Face;
use stage::script::Script;

/// Why an action has no word and so no place in the palette.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Because {
    /// It moves the caret, the rows or the focus, and would have nothing to move from.
    Moves,
    /// It does its work in the text being written.
    EditsText,
    /// It belongs to an open picker or form, which has the keys.
    BelongsToOverlay,
    /// Enter: a word is itself sent with it.
    IsEnter,
}

fn exception(action: Action) -> Option<Because> {
    use Action as A;
    if action.is_edit() {
        return Some(Because::EditsText);
    }
    match action {
        A::Send => Some(Because::IsEnter),
        A::Complete => Some(Because::EditsText),
        A::MessageUp
        | A::MessageDown
        | A::ScrollUp
        | A::ScrollDown
        | A::ScrollHalfUp
        | A::ScrollHalfDown
        | A::ScrollPageUp
        | A::ScrollPageDown
        | A::ScrollStart
        | A::ScrollEnd
        | A::ScrollLeft
        | A::ScrollRight
        | A::ListUp
        | A::ListDown
        | A::ListHalfUp
        | A::ListHalfDown
        | A::ListPageUp
        | A::ListPageDown
        | A::ListFirst
        | A::ListLast
        | A::FocusNext
        | A::FocusPrevious => Some(Because::Moves),
        A::TrashPersona
        | A::TrashedPersonas
        | A::Accept
        | A::NextField
        | A::PreviousField
        | A::MadeText
        | A::RefreshPicker
        | A::Favourite => Some(Because::BelongsToOverlay),
        _ => None,
    }
}

#[test]
fn every_action_has_a_word_or_a_reason() {
    for action in Action::ALL {
        let is_command = action.word().is_some();
        assert_ne!(
            is_command,
            exception(*action).is_some(),
            "{}: a word and a reason for none, or neither",
            action.id()
        );
        if exception(*action) == Some(Because::BelongsToOverlay) {
            assert!(action.fits(Context::Overlay), "{}", action.id());
        }
    }
}

#[test]
fn what_has_no_word_has_a_key_that_every_terminal_delivers() {
    let map = KeyMap::shipped().deliverable(false);
    for action in Action::ALL.iter().filter(|action| action.word().is_none()) {
        assert!(map.first_key(*action).is_some(), "{}", action.id());
    }
}

#[test]
fn every_shipped_key_does_what_it_is_bound_to() {
    let (map, problems) = KeyMap::load(&KeyMap::default(), salon::keys::SHIPPED_KEYS);
    // No clash, no unknown name, none that cannot be delivered.
    assert_eq!(problems, []);
    let mut count = 0;
    for context in Context::ALL {
        for (action, keys) in map.bound(context) {
            for key in keys {
                let chords = parse_chords(&key).unwrap();
                let found = map.lookup(context, &chords);
                assert_eq!(found, Lookup::Action(action), "{key} in {}", context.name());
                count += 1;
            }
        }
    }
    assert!(count > 120, "{count} keys");
}

/// A world with something for every action to work on, the first conversation open and selected.
fn world() -> Script {
    let mut world = Script::new();
    for (title, minutes) in [("Rust lifetimes", 5), ("SQL index tuning", 60)] {
        let id = world.conversation(title, "lab/llama", minutes);
        world.asked(id, &format!("Tell me about {title}."));
        world.replied(id, &format!("{title}: a short answer."));
    }
    world.models = ["lab/llama", "lab/mistral"]
        .map(|name| ModelSpec::named(name.parse().unwrap()))
        .to_vec();
    world.model = "lab/llama".parse().unwrap();
    world.last = Some(world.conversations[0].id);
    world.persona("Ann", "friend");
    world.prompt("Rewrite", "writing", "Rewrite this: {text}");
    world
}

/// A face with the focus in this context.
fn at(context: Context) -> Face {
    let mut face = Face::over(world());
    face.model.focus = match context {
        Context::List => Focus::List,
        Context::Transcript => Focus::Transcript,
        Context::Library => Focus::Library,
        Context::Composer | Context::Overlay | Context::Everywhere => Focus::Composer,
    };
    let here = face.here();
    face.model.list.select(here);
    face.draw().asked();
    face
}

/// All that an action can have changed: what was asked and told, what is open and shown.
fn outcome(face: &mut Face) -> String {
    let mut out = String::new();
    let is_own = |command: &Command| match command {
        // Which way was taken is seen in these alone.
        Command::Chat(Chat::KeepDraft { .. }) => false,
        Command::Data(Data::Remember { key, .. }) => key != "recent actions",
        _ => true,
    };
    for command in face.asked().into_iter().filter(is_own) {
        writeln!(out, "{command:?}").unwrap();
    }
    let model = &face.model;
    let purposes: Vec<_> = model.overlays.iter().map(|open| open.purpose).collect();
    writeln!(out, "{:?} {purposes:?} {:?}", face.effects, model.focus).unwrap();
    let said = model.toast.as_ref().map(|toast| toast.words.clone());
    writeln!(out, "{said:?} {:?}", model.composer.stash).unwrap();
    writeln!(
        out,
        "{:?}",
        (model.is_alone, model.is_long, model.list.is_filtering)
    )
    .unwrap();
    out.push_str(&face.screen());
    without_ids(&out)
}

/// Ids made on the way differ from one face to the next.
fn without_ids(text: &str) -> String {
    let is_id = |c: char| c.is_ascii_hexdigit() || c == '-';
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(is_id) {
        out.push_str(&rest[..at]);
        let run: usize = rest[at..].chars().take_while(|c| is_id(*c)).count();
        let piece = &rest[at..at + run];
        out.push_str(if run == 36 { "(id)" } else { piece });
        rest = &rest[at + run..];
    }
    out.push_str(rest);
    out
}

fn by_palette(context: Context, action: Action, draft: &str) -> String {
    let mut face = at(context);
    face.types_into_composer(draft);
    face.press("ctrl+p").types(action.id()).press("enter");
    outcome(&mut face)
}

fn by_key(context: Context, keys: &str, draft: &str) -> String {
    let mut face = at(context);
    face.types_into_composer(draft);
    face.press(keys);
    outcome(&mut face)
}

fn by_word(word: &str, draft: &str) -> String {
    let mut face = at(Context::Composer);
    let typed = match draft {
        "" => format!("/{word}"),
        draft => format!("/{word} {draft}"),
    };
    // The menu that completes the word is not in the way.
    face.types(&typed).press("enter");
    outcome(&mut face)
}

/// A draft for the actions that are about one.
fn draft_for(action: Action) -> &'static str {
    match action {
        Action::Stash | Action::EditOutside | Action::ExpandPaste | Action::LongText => "a draft",
        _ => "",
    }
}

/// The screen says which action was done last, or shows what the word left behind.
fn is_about_itself(action: Action) -> bool {
    matches!(action, Action::Palette)
}

#[test]
fn key_palette_and_word_lead_to_the_same_place() {
    let map = KeyMap::shipped().deliverable(false);
    let contexts = [
        Context::Composer,
        Context::List,
        Context::Transcript,
        Context::Library,
    ];
    let mut compared = 0;
    let mut places = BTreeSet::new();
    for action in Action::ALL.iter().copied() {
        let Some(word) = action.word() else { continue };
        if is_about_itself(action) {
            continue;
        }
        let draft = draft_for(action);
        let palette = by_palette(Context::Composer, action, draft);
        assert_eq!(by_word(word, draft), palette, "/{word} and the palette");
        places.insert(palette);
        for context in contexts {
            let keys = map.keys_of(context, action);
            for key in keys {
                let palette = by_palette(context, action, draft);
                assert_eq!(
                    by_key(context, &key, draft),
                    palette,
                    "{key} in {} and the palette",
                    context.name()
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 60, "{compared} keys were compared");
    // A comparison that sees nothing would find all alike.
    assert!(places.len() > 40, "{} places", places.len());
}

#[test]
fn the_palette_opens_by_two_keys_and_a_word_and_remembers_what_was_chosen() {
    for open in ["ctrl+p", "alt+x"] {
        Face::over(world()).press(open).shows("What to do");
    }
    let mut face = Face::over(world());
    face.sends("/palette").shows("What to do");
    face.types("panes").press("enter").hides("Prompts");
    // What was chosen last stands first, at the next start too.
    let mut engine = std::mem::replace(&mut face.engine, Script::new());
    engine.last = Some(engine.conversations[0].id);
    let mut face = Face::over(engine);
    let first = |face: &mut Face| {
        let screen = face.press("ctrl+p").screen();
        let row = screen.lines().find(|line| line.contains("▌  ")).unwrap();
        row.to_owned()
    };
    assert!(first(&mut face).contains("/panes"));
    face.press("esc").hides("What to do");
}

#[test]
fn the_palette_is_left_alone_by_keys_of_lists_and_forms() {
    // In a picker Ctrl+P is a row up, as ever.
    let mut face = Face::over(world());
    face.press("ctrl+x m").press("ctrl+p");
    assert_eq!(face.model.overlays.len(), 1);
}
