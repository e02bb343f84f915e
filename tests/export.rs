//! Writing a conversation to a file by keys: the name that is offered, what is asked, and before a file is replaced.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on stops and says where"
)]

#[path = "support/stage/mod.rs"]
mod stage;

use salon::domain::export::Format;
use salon::domain::failure::{Failure, FailureKind};
use salon::domain::id::ConversationId;
use salon::protocol::{Answer, Command, Data, Export, News};
use stage::script::Script;
use stage::{Face, answer, failure};

/// Two conversations, the first of them the last one.
fn world() -> (Script, [ConversationId; 2]) {
    let mut world = Script::new();
    let ids = [("Week/end", 5), ("Lunch", 60)].map(|(title, minutes)| {
        let id = world.conversation(title, "lab/llama", minutes);
        world.asked(id, "Well?");
        world.replied(id, "An answer.");
        id
    });
    world.last = Some(ids[0]);
    (world, ids)
}

fn face() -> (Face, [ConversationId; 2]) {
    let (world, ids) = world();
    (Face::over(world), ids)
}

fn exports(
    conversation: ConversationId,
    to: &str,
    format: Format,
    is_forced: bool,
) -> impl Fn(&Command) -> bool {
    let wanted = Command::Data(Data::Export(Export {
        conversation,
        format,
        has_branches: false,
        to: Some(to.into()),
        is_forced,
    }));
    move |command| *command == wanted
}

fn is_there() -> News {
    let title = "/home/anna/Week end.md is there already";
    News::Refused(Failure::new(FailureKind::Confirm, title, "Name another."))
}

#[test]
fn the_open_conversation_is_written_under_its_title() {
    let (mut face, [weekend, _]) = face();
    face.press("ctrl+x x").shows("./Week end.md").press("enter");
    face.answers(answer(Answer::Done {
        what: "written: /home/anna/Week end.md".into(),
        undo: None,
    }));
    face.asks(exports(weekend, "./Week end.md", Format::Markdown, false))
        .shows("written: /home/anna/Week end.md");
    // A word with a name asks for nothing more; the ending names the format.
    face.sends("/export notes.jsonl");
    face.asks(exports(weekend, "notes.jsonl", Format::JsonLines, false));
    face.sends("/export").shows("Write to a file").press("esc");
    face.asks_no(|command| matches!(command, Command::Data(Data::Export(_))));
}

#[test]
fn in_the_list_it_is_the_selected_one() {
    let (mut face, [_, lunch]) = face();
    face.press("alt+1 j x").shows("./Lunch.md");
    face.press("ctrl+u").press("enter");
    face.shows("a file needs a name");
    face.press("x enter");
    face.asks(exports(lunch, "./Lunch.md", Format::Markdown, false));
}

#[test]
fn a_file_that_is_there_is_replaced_only_when_that_is_wanted() {
    let (mut face, [weekend, _]) = face();
    let name = "./Week end.md";
    face.press("ctrl+x x").press("enter").answers(is_there());
    face.asks(exports(weekend, name, Format::Markdown, false))
        .shows("Already there: ./Week end.md")
        .shows("y replace it");
    // Enter alone does not agree.
    face.press("enter").press("n");
    face.asks_no(|command| matches!(command, Command::Data(Data::Export(_))));
    face.press("ctrl+x x")
        .press("enter")
        .answers(is_there())
        .press("y");
    face.asks(exports(weekend, name, Format::Markdown, true));
    // What cannot be written is only told.
    face.press("ctrl+x x").press("enter");
    face.answers(News::Refused(failure("The disk is full", "")));
    face.shows("The disk is full").hides("replace it");
}

#[test]
fn without_a_conversation_there_is_nothing_to_write() {
    let mut face = Face::new();
    face.press("ctrl+x n");
    face.press("ctrl+x x")
        .shows("no conversation to write down yet");
    face.sends("/export x.md").holds("/export x.md");
    face.asks_no(|command| matches!(command, Command::Data(Data::Export(_))));
}

#[test]
fn a_named_conversation_is_open_first_and_the_last_from_then_on() {
    let (world, [_, lunch]) = world();
    let mut face = Face::cold(world);
    face.model.named = Some(lunch.to_string());
    face.start();
    assert_eq!(face.here(), lunch);
    assert_eq!(face.engine.last, Some(lunch));
}

#[test]
fn a_named_conversation_that_is_not_there_ends_it_at_once() {
    let (world, _) = world();
    let mut face = Face::cold(world);
    face.model.named = Some("abcdef".into());
    let title = "No conversation has the id abcdef";
    face.refuses(Failure::new(FailureKind::Input, title, ""));
    face.start();
    assert!(face.has_left());
    let told = face.model.fatal.as_ref().unwrap();
    assert_eq!(
        (told.kind, told.title.as_str()),
        (FailureKind::Input, title)
    );
}
