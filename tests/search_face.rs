//! Searching all conversations on the screen: what is asked while somebody types, what Enter opens, what Esc leaves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on stops and says where; only what is asked about is matched"
)]

#[path = "support/stage/mod.rs"]
mod stage;

use ratatui::style::Modifier;
use salon::domain::id::{ConversationId, MessageId};
use salon::domain::message::Message;
use salon::protocol::{Chat, Command, Shelf};
use salon::tui::model::Focus;
use stage::Face;
use stage::script::Script;

/// Three conversations; `borrow` stands in two of them, the first is open.
fn world() -> (Script, Vec<ConversationId>) {
    let mut world = Script::new();
    let mut ids = Vec::new();
    for (title, minutes, question, answer) in [
        ("Notes", 5, "What is new?", "Nothing much."),
        (
            "Rust",
            60,
            "Explain the borrow checker.",
            "It counts every borrow of a value.",
        ),
        ("Library", 180, "May I borrow a book?", "You may."),
    ] {
        let id = world.conversation(title, "lab/llama", minutes);
        world.asked(id, question);
        world.replied(id, answer);
        ids.push(id);
    }
    world.last = Some(ids[0]);
    (world, ids)
}

fn searches(words: &str) -> impl Fn(&Command) -> bool {
    move |command| matches!(command, Command::Shelf(Shelf::Search { words: w, from: None, is_typing: true, .. }) if w == words)
}

fn is_search(command: &Command) -> bool {
    matches!(command, Command::Shelf(Shelf::Search { .. }))
}

fn opens_at(id: ConversationId) -> impl Fn(&Command) -> bool {
    move |command| matches!(command, Command::Chat(Chat::OpenAt { conversation, .. }) if *conversation == id)
}

/// The words on the screen that are reversed, or bold and underlined.
fn lit(face: &mut Face, modifier: Modifier) -> String {
    face.draw();
    let cells = face.buffer.content.iter();
    let lit = cells.filter(|cell| cell.modifier.contains(modifier));
    lit.map(|cell| cell.symbol()).collect()
}

#[test]
fn what_is_typed_is_searched_at_once_and_enter_opens_the_message_with_the_words_lit() {
    let (world, ids) = world();
    let mut face = Face::over(world);
    face.press("ctrl+x f").asks_no(is_search);
    face.shows("Search all conversations").shows("begin*");
    face.types("borr").asks(searches("borr"));
    face.shows("3 hits").shows("every borrow of a value");
    let marked = lit(&mut face, Modifier::BOLD | Modifier::UNDERLINED);
    assert_eq!(marked, "borrow".repeat(3));
    // The newest conversation is first, in it the newest message.
    face.press("down enter").asks(opens_at(ids[1]));
    face.hides("Search all conversations")
        .shows("Explain the borrow checker");
    assert_eq!(face.model.focus, Focus::Transcript);
    assert_eq!(face.model.here(), Some(ids[1]));
    assert!(lit(&mut face, Modifier::REVERSED).contains("borrow"));
    face.shows("borrow · 1 of 2");
    face.press("n").shows("borrow · 2 of 2");
}

#[test]
fn esc_leaves_everything_as_it_was_and_the_words_wait() {
    let (world, ids) = world();
    let mut face = Face::over(world);
    face.types("half a thought").press("ctrl+x f").types("book");
    face.shows("1 hit").press("esc").hides("1 hit");
    assert_eq!(face.model.here(), Some(ids[0]));
    face.shows("half a thought").asked();
    face.press("ctrl+x f").asks(searches("book"));
    face.shows("1 hit").shows("May I borrow");
    // The selection waits too.
    face.press("ctrl+u").types("borrow").press("down down esc");
    face.press("ctrl+x f enter").asks(opens_at(ids[2]));
}

#[test]
fn a_title_is_a_hit_of_its_own_and_a_word_can_be_typed_after_search() {
    let (world, ids) = world();
    let mut face = Face::over(world);
    face.types("/search librar")
        .press("enter")
        .asks(searches("librar"));
    face.shows("1 hit");
    let opens = Command::Chat(Chat::Open {
        conversation: ids[2],
    });
    face.press("enter").asks(|command| *command == opens);
    assert_eq!(face.model.here(), Some(ids[2]));
    face.press("ctrl+x f").shows("librar");
}

#[test]
fn nothing_found_and_what_is_wrong_are_said() {
    let (world, _) = world();
    let mut face = Face::over(world);
    face.press("ctrl+x f")
        .types("zebra")
        .shows("Nothing found.");
    face.press("enter").shows("Nothing found.");
    face.press("ctrl+u")
        .shows("begin*")
        .types("borrow after:soon ");
    face.shows("The filter is wrong at “after:soon”")
        .hides("hits");
    face.press("ctrl+u")
        .types("borrow role:user")
        .shows("2 hits");
    // Not finished: nothing wrong yet.
    face.press("ctrl+u").types("borrow role:us").shows("3 hits");
}

#[test]
fn a_filter_alone_asks_for_a_word() {
    let (world, _) = world();
    let mut face = Face::over(world);
    face.press("ctrl+x f")
        .types("persona:Anna")
        .shows("Add a word to look for")
        .hides("Nothing found.");
    face.types(" zebra")
        .shows("Nothing found.")
        .hides("Add a word");
}

#[test]
fn a_late_answer_to_older_words_is_dropped() {
    let (world, _) = world();
    let mut face = Face::over(world);
    face.press("ctrl+x f").hold();
    face.types("b").types("ook").release_backwards();
    face.shows("1 hit").hides("3 hits");
    face.hold().types("x").press("esc").release();
    face.press("ctrl+x f").shows("Nothing found.");
}

#[test]
fn more_is_asked_for_near_the_end_once() {
    let mut world = Script::new();
    let id = world.conversation("Long", "lab/llama", 5);
    for turn in 0..60 {
        world.asked(id, &format!("needle {turn}"));
        world.replied(id, "no");
    }
    let mut face = Face::over(world);
    let is_more =
        |command: &Command| matches!(command, Command::Shelf(Shelf::Search { from: Some(_), .. }));
    face.press("ctrl+x f").types("needle").asks_no(is_more);
    face.shows("50+ hits")
        .hold()
        .press("ctrl+end")
        .asks(is_more);
    face.press("up").asks_no(is_more).release();
    face.shows("60 hits").press("ctrl+end").shows("needle 0");
    face.press("enter").shows("1 of 60");
}

#[test]
fn a_hit_on_another_branch_shows_that_branch() {
    let (mut world, ids) = world();
    let question = world.messages[2].clone();
    let other: MessageId = world.mint.id();
    world.messages.push(Message {
        id: other,
        content: "Another answer with zebra.".into(),
        ..world.messages[3].clone()
    });
    assert_eq!(world.messages.last().unwrap().parent, Some(question.id));
    let mut face = Face::over(world);
    face.press("ctrl+x f").types("zebra").press("enter");
    assert_eq!(face.model.here(), Some(ids[1]));
    face.shows("Another answer with zebra")
        .hides("It counts every borrow");
}

#[test]
fn what_is_typed_into_the_search_opened_again_takes_the_place_of_the_old_words() {
    let (world, _) = world();
    let mut face = Face::over(world);
    face.press("ctrl+x f").types("borr").press("esc");
    face.press("ctrl+x f").asks(searches("borr"));
    face.types("lib").asks(searches("lib"));
}
