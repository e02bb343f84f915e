//! The mouse in the face: what it focuses, scrolls, selects and copies, without a terminal.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on stops and says where"
)]

#[path = "support/stage/mod.rs"]
mod stage;

use ratatui::layout::Position;
use salon::protocol::{Chat, Command, Shelf, Turn};
use salon::tui::model::Focus;
use salon::tui::msg::Effect;
use salon::tui::pointer::Stroke;
use stage::script::Script;
use stage::{Face, failure};

/// A conversation with this question and answer, open beside two others.
fn talk(question: &str, answer: &str) -> Face {
    let mut world = Script::new();
    let id = world.conversation("Here", "lab/llama", 5);
    world.asked(id, question);
    world.replied(id, answer);
    for (title, minutes) in [("Other", 60), ("Third", 180)] {
        let id = world.conversation(title, "lab/llama", minutes);
        world.asked(id, "a question");
        world.replied(id, "an answer");
    }
    world.last = Some(id);
    Face::over(world)
}

/// One conversation of so many turns, open at its end.
fn long(turns: usize) -> Face {
    let mut world = Script::new();
    let id = world.conversation("Long", "lab/llama", 5);
    for turn in 0..turns {
        world.asked(id, &format!("Question {turn}"));
        world.replied(id, &format!("Answer {turn}\n\nSecond of {turn}."));
    }
    world.last = Some(id);
    Face::over(world)
}

const WRAPPED: &str = "The borrow checker follows every reference from the place where it is made to the place where \
    it is used last, and it refuses a program in which the owner goes before that.\n\nThe end of it.";

#[test]
fn a_drag_selects_and_copies_the_source_without_line_ends_of_the_screen() {
    let mut face = talk("Explain", WRAPPED);
    let (from, to) = (face.cell("borrow"), face.last_cell("owner goes"));
    assert!(to.y > from.y, "the paragraph is wrapped");
    face.points(Stroke::Press, from).points(Stroke::Drag, to);
    assert_eq!(face.copied(), [""; 0], "not before the button is let go");
    face.points(Stroke::Release, to);
    let start = WRAPPED.find("borrow").unwrap();
    let end = WRAPPED.find(" before that").unwrap();
    assert_eq!(face.copied(), [&WRAPPED[start..end]]);
    let lit = face.lit();
    assert!(lit.len() >= 2 && lit[0].starts_with("borrow"), "{lit:?}");
    // Who selects goes on typing where the caret was; the selection goes with the key.
    assert_eq!(face.model.focus, Focus::Composer);
    face.types("x").holds("x");
    assert!(face.lit().is_empty());
}

#[test]
fn a_selection_backwards_and_over_messages_is_in_reading_order() {
    let mut face = talk("first line\nsecond line", "**bold** answer");
    let (from, to) = (face.last_cell("bold"), face.cell("second"));
    face.drags(from, to);
    assert_eq!(face.copied(), ["second line\n\n**bold**"]);
    // From before the first word to below the last: everything, marks and all.
    let (head, foot) = (face.cell("you"), face.cell("llama"));
    let area = face.model.frames.transcript;
    face.drags(head, Position::new(area.x + 20, area.bottom() - 1));
    assert_eq!(
        face.copied(),
        ["first line\nsecond line\n\n**bold** answer"]
    );
    assert!(foot.y > head.y);
}

#[test]
fn a_double_press_takes_a_word_and_a_third_the_line() {
    let mut face = talk("Explain", "- use `Option<T>` here\n- don't panic");
    let at = face.cell("don't");
    face.clicks(at).clicks(at);
    assert_eq!(face.copied(), ["don't"]);
    assert_eq!(face.lit(), ["don't"]);
    face.clicks(at);
    assert_eq!(face.copied(), ["- don't panic"]);
    assert_eq!(face.model.focus, Focus::Composer);
    // Slow presses are single ones: they focus.
    face.tick(1_000).clicks(at).tick(1_000).clicks(at);
    assert_eq!(face.copied(), [""; 0]);
    assert_eq!(face.model.focus, Focus::Transcript);
}

#[test]
fn the_selection_stays_on_its_words_while_the_answer_grows_and_the_screen_changes() {
    let mut face = talk("Explain", "short");
    face.sends("more").grows("one two three\n\n");
    let (from, to) = (face.cell("two"), face.last_cell("two"));
    face.drags(from, to);
    assert_eq!(face.copied(), ["two"]);
    for line in 0..60 {
        face.grows(&format!("line {line}\n\n")).draw();
    }
    face.hides("one two three");
    assert!(face.lit().is_empty(), "it went up with its words");
    face.press("ctrl+c");
    assert_eq!(face.copied(), ["two"], "and Ctrl+C copies it still");
    face.resize(70, 24).completes();
    face.points(Stroke::WheelUp, Position::new(60, 5));
    face.press("ctrl+c");
    assert_eq!(face.copied(), ["two"]);
    for _ in 0..60 {
        face.points(Stroke::WheelUp, Position::new(60, 5));
    }
    face.points(Stroke::WheelDown, Position::new(60, 5));
    assert_eq!(face.lit(), ["two"]);
}

#[test]
fn esc_leaves_the_selection_before_it_stops_the_answer() {
    let mut face = talk("Explain", "short");
    face.sends("more").grows("one two three");
    let (from, to) = (face.cell("two"), face.last_cell("three"));
    face.drags(from, to);
    face.asked();
    face.press("esc");
    assert!(face.lit().is_empty());
    face.asks_no(|c| matches!(c, Command::Turn(Turn::Cancel { .. })));
    face.press("esc")
        .asks(|c| matches!(c, Command::Turn(Turn::Cancel { .. })));
}

#[test]
fn ctrl_c_copies_the_selection_and_does_nothing_else() {
    let mut face = talk("Explain", "one two three");
    face.types("a draft");
    let (from, to) = (face.cell("one"), face.last_cell("two"));
    face.drags(from, to);
    face.copied();
    face.press("ctrl+c").holds("a draft");
    assert_eq!(face.copied(), ["one two"]);
    assert_eq!(face.lit(), ["one two"]);
}

#[test]
fn another_press_or_another_conversation_leaves_the_selection() {
    let mut face = talk("Explain", "one two three");
    let (from, to) = (face.cell("one"), face.last_cell("two"));
    face.drags(from, to);
    let area = face.model.frames.composer;
    face.clicks(Position::new(area.x + 1, area.y));
    assert!(face.lit().is_empty());
    face.drags(from, to);
    assert_eq!(face.lit(), ["one two"]);
    let row = face.cell("Other");
    face.clicks(row).clicks(row);
    face.shows("an answer");
    assert!(face.lit().is_empty());
}

#[test]
fn the_pane_scrolls_while_the_button_is_held_outside() {
    let mut face = long(30);
    let area = face.model.frames.transcript;
    let from = face.cell("Second of 29");
    face.points(Stroke::Press, from)
        .points(Stroke::Drag, Position::new(from.x, area.y));
    assert_eq!(
        face.model.mouse.due(),
        None,
        "inside nothing moves by itself"
    );
    face.points(Stroke::Drag, Position::new(from.x, area.y - 1));
    for _ in 0..600 {
        let due = face.model.mouse.due().expect("outside it goes on");
        face.tick(due - face.model.tick);
    }
    face.shows("Question 0");
    face.points(Stroke::Release, Position::new(area.x, area.y - 1));
    assert_eq!(face.model.mouse.due(), None);
    let copied = face.copied();
    assert!(
        copied[0].starts_with("Question 0\n\nAnswer 0\n\nSecond of 0.\n\nQuestion 1"),
        "{}",
        &copied[0][..80]
    );
    assert!(
        copied[0].ends_with("Answer 29\n\nS"),
        "{}",
        &copied[0][copied[0].len() - 40..]
    );
}

#[test]
fn the_selection_stays_in_its_pane() {
    let mut face = talk("Explain", "one two three");
    let from = face.cell("two");
    let list = face.cell("Other");
    face.drags(from, list);
    assert!(
        face.lit().iter().all(|row| !row.contains("Other")),
        "{:?}",
        face.lit()
    );
    assert_eq!(face.model.focus, Focus::Composer);
}

#[test]
fn a_press_focuses_and_selects_a_row_and_a_second_one_opens_it() {
    let mut face = talk("Explain", "one");
    let row = face.cell("Third");
    face.asked();
    face.clicks(row);
    assert_eq!(face.model.focus, Focus::List);
    let selected = face.model.list.current_row().unwrap();
    assert_eq!(selected.conversation.title, "Third");
    face.asks_no(|c| matches!(c, Command::Chat(Chat::Open { .. })));
    face.tick(5_000).clicks(row);
    face.asks(|c| matches!(c, Command::Chat(Chat::Open { .. })));
    // A key between the two makes the second one a first.
    let row = face.cell("Other");
    face.clicks(row).press("down up").clicks(row);
    face.asks_no(|c| matches!(c, Command::Chat(Chat::Open { .. })));
    // The filter takes what is typed.
    let filter = Position::new(face.model.frames.list.x + 4, 1);
    face.clicks(filter).types("oth");
    face.asks(|c| matches!(c, Command::Shelf(Shelf::List { query, .. }) if query.words == "oth"));
}

#[test]
fn a_press_in_the_conversation_takes_the_message_in_hand_where_it_stands() {
    let mut face = long(4);
    let at = face.cell("Answer 1");
    let before = face.screen();
    face.clicks(at);
    assert_eq!(face.model.focus, Focus::Transcript);
    assert_eq!(face.cell("Answer 1"), at, "nothing scrolled:\n{before}");
    face.press("y");
    assert_eq!(face.copied(), ["Answer 1\n\nSecond of 1."]);
}

#[test]
fn a_press_in_the_composer_sets_the_caret_and_a_drag_selects_there() {
    let mut face = talk("Explain", "one");
    face.types("alpha beta\ngamma").press("alt+2");
    let at = face.cell("beta");
    face.clicks(at);
    assert_eq!(face.model.focus, Focus::Composer);
    face.draw();
    assert_eq!(face.caret, Some(at));
    let to = face.last_cell("gamma");
    face.drags(at, to);
    assert_eq!(face.copied(), ["beta\ngamma"]);
    face.types("X").holds("alpha X");
    let at = face.cell("alpha");
    face.tick(1_000).clicks(at).clicks(at);
    assert_eq!(face.copied(), ["alpha"]);
    face.clicks(at);
    assert_eq!(face.copied(), ["alpha X"]);
    face.press("esc").holds("alpha X");
    assert!(face.lit().is_empty());
}

#[test]
fn a_drag_over_the_notice_selects_nothing_of_the_draft() {
    let mut face = talk("Explain", "one");
    face.sends("precious words");
    let events = face
        .engine
        .withdraw(face.here(), Some(failure("Full house", "")));
    face.hears(events).holds("precious words");
    let (from, to) = (face.cell("Full house"), face.last_cell("Full house"));
    let draft = face.cell("precious words");
    assert!(from.y < draft.y, "it stands above the draft");
    for to in [to, draft] {
        face.drags(from, to);
        assert_eq!(face.copied(), [""; 0]);
        assert!(face.lit().is_empty());
        face.tick(1_000);
    }
    face.types("!").holds("precious words!");
}

#[test]
fn a_quotation_does_not_replace_what_was_selected_of_the_draft() {
    let mut face = talk("Explain", "an answer to quote");
    face.types("alpha beta");
    let (from, to) = (face.cell("beta"), face.last_cell("beta"));
    face.drags(from, to);
    assert_eq!(face.copied(), ["beta"]);
    face.press("alt+2 q");
    face.holds("alpha beta\n\n> an answer to quote\n\n");
}

#[test]
fn a_double_press_anywhere_on_a_paste_takes_all_of_it() {
    let long = "a line of it\n".repeat(21);
    for words in ["[pasted 21 lines", "273 characters"] {
        let mut face = talk("Explain", "one");
        face.types("See ").pastes(&long).types(" now");
        let at = face.last_cell(words);
        face.clicks(at).clicks(at);
        assert_eq!(face.copied(), [long.as_str()], "{words}");
    }
}

#[test]
fn a_press_on_a_word_of_the_menu_completes_it_and_the_composer_keeps_the_keys() {
    let mut face = talk("Explain", "one");
    face.types("/re");
    let (first, at) = (face.cell("/retry"), face.cell("/rename"));
    assert!(at.y > first.y, "it is not the first");
    face.clicks(at).holds("/rename ");
    assert_eq!(face.model.focus, Focus::Composer);
    face.types("New title").press("enter").holds("");
    face.asks(|c| matches!(c, Command::Shelf(Shelf::Rename { title, .. }) if title == "New title"));
}

#[test]
fn the_wheel_scrolls_what_is_under_it_and_never_moves_the_focus() {
    let mut world = Script::new();
    for n in 0..80 {
        let id = world.conversation(&format!("Talk {n}"), "lab/llama", n);
        world.asked(id, "a question");
        world.replied(id, "an answer");
    }
    let id = world.conversation("Long", "lab/llama", 0);
    for turn in 0..30 {
        world.asked(id, &format!("Question {turn}"));
        world.replied(id, &format!("Answer {turn}"));
    }
    world.last = Some(id);
    let mut face = Face::over(world);
    let answer = face.cell("Answer 28");
    face.points(Stroke::WheelUp, answer);
    assert_eq!(face.cell("Answer 28").y, answer.y + 3);
    assert_eq!(face.model.focus, Focus::Composer);
    face.points(Stroke::WheelDown, answer);
    assert_eq!(face.cell("Answer 28"), answer);
    let row = face.cell("Talk 10");
    face.asked();
    for _ in 0..12 {
        face.points(Stroke::WheelDown, row);
    }
    face.hides("Talk 10");
    face.asks(|c| matches!(c, Command::Shelf(Shelf::List { after: Some(_), .. })));
    assert_eq!(face.model.focus, Focus::Composer);
    assert_eq!(face.cell("Answer 28"), answer, "the conversation stays");
    // Over an overlay it scrolls that, beside it what lies there.
    face.press("f1");
    let help = face.cell("Help");
    let first = face.screen();
    face.points(Stroke::WheelDown, Position::new(help.x, help.y + 5));
    assert_ne!(face.screen(), first);
}

#[test]
fn a_picker_is_pressed_and_scrolled_like_a_list() {
    let mut face = talk("Explain", "one");
    face.engine.models = (0..40)
        .map(|n| {
            let name = format!("lab/model-{n:02}");
            salon::domain::model::ModelSpec::named(name.parse().unwrap())
        })
        .collect();
    face.press("ctrl+x m");
    let at = face.cell("lab/model-05");
    face.clicks(at).shows("▌  lab/model-05");
    face.points(Stroke::WheelDown, at).hides("lab/model-00");
    face.asked();
    let at = face.cell("lab/model-08");
    face.clicks(at).clicks(at);
    assert!(face.model.overlays.is_empty());
    face.asks(
        |c| matches!(c, Command::Chat(Chat::SwitchModel { model, .. }) if model.name == "model-08"),
    );
    // Beside an overlay a press does nothing.
    face.press("ctrl+x m").clicks(Position::new(0, 0));
    assert_eq!(face.model.overlays.len(), 1);
}

#[test]
fn reading_mode_leaves_the_mouse_to_the_terminal_and_hiding_panes_does_not() {
    let mut face = talk("Explain", "one");
    face.press("ctrl+x \\");
    assert!(!face.effects.iter().any(|e| matches!(e, Effect::Mouse(_))));
    face.hides("Conversations")
        .press("ctrl+x \\")
        .shows("Conversations");
    face.press("f6").hides("Conversations");
    assert_eq!(face.effects.pop(), Some(Effect::Mouse(false)));
    face.shows("reading mode · F6 ends it · the mouse is your terminal's");
    face.tick(60_000).shows("reading mode");
    for (width, height) in [(80, 24), (40, 15)] {
        face.resize(width, height).shows("reading mode");
    }
    face.resize(120, 36).types("/reading").press("enter");
    assert_eq!(face.effects.pop(), Some(Effect::Mouse(true)));
    face.shows("Conversations").hides("reading mode");
    // Who never wants the mouse does not get it by leaving reading mode.
    face.model.has_mouse = false;
    face.effects.clear();
    face.press("f6 f6");
    assert_eq!(face.effects, []);
}

#[test]
fn nothing_is_pressed_before_the_screen_is_there_or_after_its_end() {
    let mut face = Face::cold(Script::new());
    for stroke in [
        Stroke::Press,
        Stroke::Drag,
        Stroke::Release,
        Stroke::WheelUp,
    ] {
        for (x, y) in [(0, 0), (60, 10), (119, 35), (60, 35), (500, 500)] {
            face.points(stroke, Position::new(x, y));
        }
    }
    let mut face = long(3);
    for y in 0..36 {
        for x in (0..120).step_by(7) {
            face.clicks(Position::new(x, y));
            face.drags(Position::new(x, y), Position::new(119 - x, 35 - y));
        }
    }
}
