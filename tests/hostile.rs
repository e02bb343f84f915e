//! Whatever is pressed, said or written: the face does not panic, loses no words and lets nothing drive the terminal.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    clippy::print_stdout,
    clippy::too_many_lines,
    reason = "a test that cannot go on stops and says where; tables are long"
)]

#[path = "support/stage/mod.rs"]
mod stage;

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use salon::domain::conversation::Draft;
use salon::domain::failure::{Failure, FailureKind, Offer};
use salon::domain::id::ConversationId;
use salon::domain::message::{Finish, Status};
use salon::domain::model::{ModelRef, ModelSpec};
use salon::domain::prompt::{Prompt, PromptListed, PromptUse, PromptVersion, Sheet};
use salon::keys::{Action, Chord, Context, Key, KeyMap, parse_chords};
use salon::protocol::{Command, News, Row, Step, TrialStep, Turn};
use salon::tui::model::Focus;
use salon::tui::msg::Msg;
use stage::script::Script;
use stage::{Face, failure};

/// A small world with a bit of everything.
fn world() -> Script {
    let mut world = Script::new();
    for n in 0..4 {
        let id = world.conversation(&format!("Number {n}"), "lab/llama", n * 90);
        for turn in 0..n * 8 {
            world.asked(id, &format!("Question {turn}"));
            world.replied(
                id,
                "# Head\n\ntext\n\n```rust\nfn a() {}\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |",
            );
        }
    }
    let alex = world.persona("Alex", "friend");
    world.persona("Mum", "parent");
    world.conversations[2].persona = Some(alex);
    let first = world.conversations[3].id;
    world.last = Some(first);
    let prompt = world.mint.id();
    world.library.prompts.push(PromptListed::unused(Prompt {
        id: prompt,
        version: 1,
        sheet: Sheet {
            title: "Summarise".into(),
            scenario: "writing".into(),
            description: "Shortens a text".into(),
            tags: Vec::new(),
            content: "Summarise {text}".into(),
            ..Sheet::default()
        },
        is_template: true,
        created_at: None,
        updated_at: None,
        trashed_at: None,
    }));
    world.models = ["lab/llama", "lab/mistral"]
        .map(|name| ModelSpec::named(name.parse().unwrap()))
        .to_vec();
    world
}

fn bound_keys() -> Vec<Vec<Chord>> {
    let map = KeyMap::shipped().deliverable(false);
    let mut keys = Vec::new();
    for context in Context::ALL {
        for action in Action::ALL {
            for key in map.keys_of(context, *action) {
                keys.push(parse_chords(&key).unwrap());
            }
        }
    }
    keys.push(vec![stage::chord("esc")]);
    keys.push(vec![stage::chord("ctrl+c")]);
    keys
}

/// Brings a face into each place where keys go.
const PLACES: [(&str, &str); 13] = [
    ("composer", ""),
    ("list", "alt+1"),
    ("filter", "alt+1 /"),
    ("transcript", "alt+2"),
    ("library", "alt+3"),
    ("picker", "ctrl+x m"),
    ("help", "f1"),
    ("rename", "alt+1 r"),
    ("rewind", "esc esc"),
    ("personas", "ctrl+x a"),
    ("persona form", "ctrl+x a ctrl+x n"),
    ("persona list", "alt+1 k enter"),
    ("told", "ctrl+x s"),
];

#[test]
fn every_bound_key_is_harmless_everywhere() {
    let keys = bound_keys();
    assert!(keys.len() > 150, "only {} keys", keys.len());
    for (place, way) in PLACES {
        for state in ["idle", "draft", "live", "empty"] {
            let mut face = if state == "empty" {
                Face::new()
            } else {
                Face::over(world())
            };
            match state {
                "draft" => {
                    face.types(PRECIOUS);
                }
                "live" => {
                    face.sends("q").grows("words");
                }
                _ => {}
            }
            face.press(way);
            for chords in &keys {
                for chord in chords {
                    face.msg(Msg::Key(*chord));
                }
                if chords.len() > 1 || face.model.overlays.is_empty() {
                    face.draw();
                }
                if face.model.is_leaving {
                    face.model.is_leaving = false;
                    face.effects.clear();
                }
            }
            println!("{place} {state}");
        }
    }
}

/// Something that can happen.
#[derive(Clone, Debug)]
enum Happening {
    Keys(usize),
    Char(char),
    Text(String),
    Paste(String),
    Enter,
    Tick(u64),
    Resize(u16, u16),
    Grow(String),
    Think(String),
    Complete,
    Cut(u8),
    Withdraw,
    Wait,
    Refuse,
    Gone(usize),
    MessageGone(usize),
    Rename(usize, String),
    Hold,
    Release(bool),
}

fn happening() -> impl Strategy<Value = Happening> {
    let keys = bound_keys().len();
    prop_oneof![
        12 => (0..keys).prop_map(Happening::Keys),
        6 => prop::char::range(' ', '~').prop_map(Happening::Char),
        3 => "[a-z /\\n]{1,12}".prop_map(Happening::Text),
        1 => hostile().prop_map(Happening::Paste),
        5 => Just(Happening::Enter),
        5 => (0_u64..1_500).prop_map(Happening::Tick),
        2 => (1_u16..130, 1_u16..45).prop_map(|(w, h)| Happening::Resize(w, h)),
        6 => hostile().prop_map(Happening::Grow),
        2 => hostile().prop_map(Happening::Think),
        2 => Just(Happening::Complete),
        2 => (0_u8..3).prop_map(Happening::Cut),
        2 => Just(Happening::Withdraw),
        1 => Just(Happening::Wait),
        2 => Just(Happening::Refuse),
        1 => (0_usize..4).prop_map(Happening::Gone),
        2 => (0_usize..60).prop_map(Happening::MessageGone),
        1 => ((0_usize..4), hostile()).prop_map(|(n, t)| Happening::Rename(n, t)),
        2 => Just(Happening::Hold),
        3 => any::<bool>().prop_map(Happening::Release),
    ]
}

/// Text as the worst of models, servers and files writes it.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => "[a-zA-Z0-9 .,]{0,12}",
        2 => "[\\x00-\\x1f\\x7f-\\u{9f}]{1,4}",
        1 => Just("\u{1b}[2J\u{1b}]0;owned\u{7}".to_owned()),
        1 => Just("\u{202e}gpj.exe\u{2066}x\u{2069}\u{200f}".to_owned()),
        1 => Just(format!("z{}", "\u{301}\u{489}".repeat(30))),
        1 => Just("日本語テキスト한국어".to_owned()),
        1 => Just("👩‍👩‍👧‍👦🏳️‍🌈e\u{301}\u{200d}".to_owned()),
        1 => Just("\n\n```rust\nfn main() { \u{1b}[31m }\n".to_owned()),
        1 => Just("\n\n| a | b |\n|---|:-:|\n| \u{9b}1 | 好 |\n\n".to_owned()),
        1 => Just("\n\n- [x] one\n> quote\n# head\n***\n<b>\u{85}\u{2028}".to_owned()),
        1 => Just("[link](http://a.b/\u{1b}c) `co\u{202a}de` ~~x~~ &#27; &#x202e;".to_owned()),
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 1..6).prop_map(|parts| parts.concat())
}

fn happen(face: &mut Face, keys: &[Vec<Chord>], what: &Happening) {
    let here = face.model.here().filter(|id| face.engine.is_writing(*id));
    match (what, here) {
        (Happening::Keys(n), _) => {
            for chord in &keys[*n] {
                face.msg(Msg::Key(*chord));
            }
        }
        (Happening::Char(c), _) => {
            face.msg(Msg::Key(Chord::plain(Key::Char(*c))));
        }
        (Happening::Text(text), _) => {
            face.types(text);
        }
        (Happening::Paste(text), _) => {
            face.pastes(text);
        }
        (Happening::Enter, _) => {
            face.press("enter");
        }
        (Happening::Tick(ms), _) => {
            face.tick(*ms);
        }
        (Happening::Resize(width, height), _) => {
            face.resize(*width, *height);
        }
        (Happening::Grow(text), Some(_)) => {
            face.grows(text);
        }
        (Happening::Think(text), Some(_)) => {
            face.thinks(text);
        }
        (Happening::Complete, Some(_)) => {
            face.completes();
        }
        (Happening::Cut(how), Some(id)) => {
            let status = [Status::Stopped, Status::Interrupted, Status::Failed][usize::from(*how)];
            let why = (status != Status::Stopped).then(|| failure("It broke", "Try again."));
            let events = face.engine.end(id, status, why);
            face.hears(events);
        }
        (Happening::Withdraw, Some(id)) => {
            if face.engine.is_wordless(id) {
                let events = face.engine.withdraw(id, Some(failure("No connection", "")));
                face.hears(events);
            }
        }
        (Happening::Wait, Some(id)) => {
            let events = face.engine.wait(id, 9, "pace");
            face.hears(events);
        }
        (Happening::Refuse, _) => {
            face.refuses(failure("Refused", "Try again."));
        }
        (Happening::Gone(n), _) => {
            let row = face.engine.conversations.get(*n).map(|c| c.id);
            if let Some(id) = row.filter(|id| !face.engine.is_writing(*id)) {
                face.engine.conversations.retain(|c| c.id != id);
                face.news(News::Changed(Row::ConversationGone(id)));
            }
        }
        (Happening::MessageGone(n), _) => {
            if let Some(id) = face.engine.messages.get(*n).map(|m| m.id) {
                face.news(News::Changed(Row::MessageGone(id)));
            }
        }
        (Happening::Rename(n, title), _) => {
            if let Some(row) = face.engine.conversations.get_mut(*n) {
                row.title.clone_from(title);
                let row = row.clone();
                face.news(News::Changed(Row::Conversation(row)));
            }
        }
        (Happening::Hold, _) => {
            face.hold();
        }
        (Happening::Release(true), _) => {
            face.release();
        }
        (Happening::Release(false), _) => {
            face.release_backwards();
        }
        (
            Happening::Grow(_)
            | Happening::Think(_)
            | Happening::Complete
            | Happening::Cut(_)
            | Happening::Withdraw
            | Happening::Wait,
            None,
        ) => {}
    }
}

/// No cell drives the terminal.
fn harmless(buffer: &Buffer) -> Result<(), String> {
    for (at, cell) in buffer.content.iter().enumerate() {
        let bad = |c: char| {
            c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        if cell.symbol().chars().any(bad) {
            return Err(format!("cell {at} holds {:?}", cell.symbol()));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_happens_breaks_the_face(course in prop::collection::vec(happening(), 1..60)) {
        let keys = bound_keys();
        let mut face = Face::over(world());
        for what in &course {
            if face.has_left() {
                break;
            }
            happen(&mut face, &keys, what);
            face.draw();
            prop_assert_eq!(harmless(&face.buffer), Ok(()));
        }
    }

    /// A word typed into the composer is, after anything that does not edit text: in the composer, in the stash, on
    /// disk, sent, or in an overlay's field that one typed it into.
    #[test]
    fn no_words_are_lost(course in prop::collection::vec(happening(), 1..60)) {
        let keys: Vec<Vec<Chord>> = bound_keys();
        let edits = ["ctrl+u", "ctrl+k", "ctrl+w", "backspace", "delete", "ctrl+d", "ctrl+h", "alt+d", "alt+backspace", "ctrl+delete", "ctrl+y", "ctrl+_", "alt+/"];
        let edits: Vec<Chord> = edits.iter().map(|key| stage::chord(key)).collect();
        let mut face = Face::over(world());
        face.types(PRECIOUS);
        for what in &course {
            if face.has_left() || face.model.is_leaving {
                break;
            }
            let is_edit = match what {
                Happening::Keys(n) => {
                    let is_letter = keys[*n].len() == 1 && keys[*n][0].is_text();
                    is_letter || keys[*n].iter().any(|chord| edits.contains(chord))
                }
                // They could move the caret into the word and part it.
                Happening::Char(_) | Happening::Text(_) | Happening::Paste(_) => {
                    face.model.focus != Focus::Composer || !face.model.composer.editor.is_empty()
                }
                Happening::Gone(_) | Happening::MessageGone(_) | Happening::Grow(_) | Happening::Think(_) => true,
                _ => false,
            };
            if is_edit {
                continue;
            }
            happen(&mut face, &keys, what);
        }
        face.release().tick(2_000);
        prop_assert!(is_somewhere(&mut face), "lost after {:?}", course);
    }

    #[test]
    fn foreign_text_never_drives_the_terminal(
        texts in prop::collection::vec(hostile(), 12),
        sizes in prop::collection::vec((1_u16..=200, 1_u16..=60), 3),
    ) {
        let mut face = Face::over(dressed(&texts));
        for (way, sizes) in STAGES.iter().map(|way| (way, &sizes)) {
            for step in way.split(';').filter(|step| !step.is_empty()) {
                perform(&mut face, step, &texts);
            }
            for (width, height) in sizes.iter().chain(&[(1, 1), (40, 15)]) {
                face.resize(*width, *height);
                prop_assert_eq!(harmless(&face.buffer), Ok(()), "{} at {}x{}", way, width, height);
            }
            face.press("esc");
        }
    }
}

/// Letters nothing else in these tests writes, each once, so that they are known again with other text between them: a
/// line break or a prompt put in at the caret parts a word and loses none of it.
const PRECIOUS: &str = "ĄĆĘ ŁŃÓŚ ŹŻ";

fn holds(text: &str) -> bool {
    let mut rest = text.chars();
    PRECIOUS.chars().all(|letter| rest.any(|c| c == letter))
}

fn is_somewhere(face: &mut Face) -> bool {
    let drafts = face.model.composer.drafts();
    let waiting = face.model.new_drafts.iter().chain(&drafts);
    waiting.into_iter().any(|(_, draft)| holds(&draft.text))
        || face.engine.drafts.values().any(|draft| holds(&draft.text))
        || face.engine.messages.iter().any(|m| holds(&m.content))
        || face.asked().iter().any(|command| {
            matches!(command, Command::Turn(Turn::Send { draft, .. }) if holds(&draft.text))
        })
}

/// Ways to every place that draws foreign text.
const STAGES: [&str; 27] = [
    "",
    "alt+1",
    "alt+2;ctrl+t;.",
    "alt+3",
    "alt+3;/;paste",
    "alt+3;enter",
    "alt+3;enter;paste;right;tab;paste",
    "alt+3;t;paste;tried",
    "alt+3;e;paste;tab;paste;shift+tab shift+tab;paste",
    "alt+3;f",
    "alt+3;v;enter",
    "alt+3;w",
    "alt+1;/;paste",
    "ctrl+x m",
    "ctrl+x m;paste",
    "alt+1;r",
    "alt+1;g;enter;j;right",
    "ctrl+x a",
    "ctrl+x a;paste",
    "ctrl+x a;ctrl+x e",
    "ctrl+x a;ctrl+x e;tab tab;paste;shift+tab shift+tab shift+tab;paste",
    "ctrl+x s",
    "toast",
    "notice",
    "rewind",
    "live",
    "fatal",
];

fn perform(face: &mut Face, step: &str, texts: &[String]) {
    let bad = |n: usize| {
        Failure::new(FailureKind::Wire, texts[n].clone(), texts[n + 1].clone())
            .with_detail(texts[n + 2].clone())
    };
    match step {
        "paste" => {
            face.pastes(&texts[0]);
        }
        "toast" => {
            face.news(News::Warned(bad(1)));
        }
        "notice" => {
            face.refuses(bad(2).with_offer(Offer::PickModel))
                .pastes("x")
                .press("enter esc");
        }
        "tried" => {
            face.press("ctrl+t").draw();
            if face.engine.library.trials.is_empty() {
                return;
            }
            let text = texts[5].clone();
            let events = face.engine.trial(TrialStep::Grew { text });
            face.hears(events).draw();
            let events = face.engine.end_trial(Status::Failed, Some(bad(6)));
            face.hears(events).draw();
        }
        "rewind" => {
            face.press("ctrl+c").tick(3_000).press("esc esc");
        }
        "live" => {
            face.pastes(&texts[3]).types("x").press("enter");
            let Some(id) = face.model.here().filter(|id| face.engine.is_writing(*id)) else {
                return;
            };
            let events = face.engine.wait(id, 9, &texts[4]);
            face.hears(events).draw();
            face.thinks(&texts[5]).draw();
            face.grows(&texts[6]).draw();
            face.grows(&texts[7]).draw();
            let mut reply = face.engine.end(id, Status::Failed, Some(bad(8)));
            if let Some(News::Turn {
                step: Step::Measured { reply, .. },
                ..
            }) = reply.last_mut().map(|event| &mut event.news)
            {
                reply.response_id = Some(texts[9].clone());
                reply.finish = Some(Finish::Other(texts[10].clone()));
            }
            face.hears(reply).press("alt+2 .");
        }
        "fatal" => {
            face.news(News::Fatal(bad(9)));
        }
        keys => {
            face.press(keys);
        }
    }
}

/// A world whose every word is foreign.
fn dressed(texts: &[String]) -> Script {
    let mut world = Script::new();
    let name = ModelRef::new(texts[0].replace('/', "") + "p", texts[1].clone() + "n");
    let mut first: Option<ConversationId> = None;
    for (n, title) in texts.iter().take(4).enumerate() {
        let id = world.conversation(title, "lab/llama", i64::try_from(n).unwrap());
        world.row(id).model = name.clone();
        world.row(id).system = texts[4].clone();
        world.asked(id, &texts[5]);
        let reply = world.replied(id, &texts[6]);
        world.message(reply).thinking_ms = Some(1);
        world.thoughts.insert(reply, texts[7].clone());
        first.get_or_insert(id);
        let draft = Draft::of(texts[8].clone());
        world.drafts.insert((Some(id), 0), draft.clone());
        world.drafts.insert((Some(id), -1), draft);
    }
    let persona = world.persona(&texts[2], "friend");
    let profile = &mut world.row_of(persona).persona.profile;
    profile.description.clone_from(&texts[3]);
    profile.instructions.clone_from(&texts[5]);
    profile.model = Some(name.clone());
    if let Some(first) = first {
        world.row(first).persona = Some(persona);
        for message in world.messages.iter_mut().take(2) {
            message.persona = Some(persona);
        }
        world.asked(first, &texts[5]);
        world.replied(first, &texts[6]);
        let tip = world.row(first).tip.unwrap();
        world.message(tip).persona = None;
    }
    world.last = first;
    world.models = vec![ModelSpec::named(name)];
    world.model_failures = vec![(texts[2].clone(), failure(&texts[3], &texts[4]))];
    let id = world.mint.id();
    world.library.prompts.push(PromptListed::unused(Prompt {
        id,
        version: 1,
        sheet: Sheet {
            title: texts[9].clone(),
            scenario: texts[10].clone(),
            description: texts[11].clone(),
            tags: vec![texts[0].clone()],
            content: format!(
                "{} {{{}}} {{a:{}}} {{b|{}|x}} {{c}}",
                texts[1], texts[2], texts[3], texts[4]
            ),
            ..Sheet::default()
        },
        is_template: false,
        created_at: None,
        updated_at: None,
        trashed_at: None,
    }));
    let row = world.library.prompts.last_mut().unwrap();
    row.last_values.insert("c".into(), texts[5].clone());
    let version = PromptVersion {
        version: 1,
        title: texts[6].clone(),
        content: texts[7].clone(),
        created_at: world.mint.now(),
    };
    world.library.versions.insert(id, vec![version]);
    let used = PromptUse {
        conversation: world.conversations[0].id,
        title: texts[8].clone(),
        message: world.messages[0].id,
        version: 1,
        at: world.mint.now(),
    };
    world.library.uses.insert(id, vec![used]);
    world
}

#[test]
fn the_check_for_harmless_cells_sees_what_it_looks_for() {
    let mut face = Face::new();
    face.draw();
    assert_eq!(harmless(&face.buffer), Ok(()));
    for bad in ["\u{1b}", "a\u{202e}", "\u{9b}"] {
        let mut buffer = face.buffer.clone();
        buffer[(3, 3)].set_symbol(bad);
        assert!(harmless(&buffer).is_err(), "{bad:?}");
    }
}
