//! Keys and news in, commands and effects out: what the face decides, without a terminal and without a runtime.

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

use salon::domain::conversation::{Draft, Reading, Storage};
use salon::domain::failure::{FailureKind, Offer};
use salon::domain::id::{ConversationId, MessageId};
use salon::domain::message::Status;
use salon::domain::model::{ModelRef, ModelSpec};
use salon::domain::prompt::{Prompt, PromptListed, Sheet, TrialEnd};
use salon::domain::usage::{Money, Spent};
use salon::protocol::{
    Act, Answer, At, Chat, Command, Data, Event, News, Row, Shelf, Step, To, TrialStep, Turn,
};
use salon::tui::model::Focus;
use salon::tui::msg::{Effect, Msg, Signal};
use salon::tui::pane::list::View;
use stage::script::Script;
use stage::{Face, answer, failure};

/// A world of three conversations, the first of them open.
fn three() -> Script {
    let mut world = Script::new();
    for (title, minutes) in [
        ("Rust lifetimes", 5),
        ("SQL index tuning", 60),
        ("Release notes", 180),
    ] {
        let id = world.conversation(title, "lab/llama", minutes);
        world.asked(id, &format!("Tell me about {title}."));
        world.replied(id, &format!("{title}: a short answer."));
    }
    world.models = ["lab/llama", "lab/mistral", "openai/gpt-4o"]
        .map(|name| ModelSpec::named(name.parse().unwrap()))
        .to_vec();
    world.model = ModelRef::new("lab", "llama");
    world.last = Some(world.conversations[0].id);
    world
}

/// One conversation of so many turns, open.
fn long(turns: usize) -> Script {
    let mut world = Script::new();
    let id = world.conversation("Long", "lab/llama", 5);
    for turn in 0..turns {
        world.asked(id, &format!("Question {turn}"));
        world.replied(id, &format!("Answer {turn}\n\nSecond paragraph of {turn}."));
    }
    world.last = Some(id);
    world
}

fn is_send(command: &Command) -> bool {
    matches!(command, Command::Turn(Turn::Send { .. }))
}

fn sent_text(command: &Command) -> Option<&str> {
    match command {
        Command::Turn(Turn::Send { draft, .. }) => Some(&draft.text),
        _ => None,
    }
}

fn is_cancel(command: &Command) -> bool {
    matches!(command, Command::Turn(Turn::Cancel { .. }))
}

fn is_keep(command: &Command) -> bool {
    matches!(command, Command::Chat(Chat::KeepDraft { .. }))
}

/// The drafts a keep command of that slot names.
fn keeps(slot: i32, text: &str) -> impl Fn(&Command) -> bool {
    move |command| {
        matches!(command, Command::Chat(Chat::KeepDraft { slot: s, draft, .. })
            if *s == slot && draft.text == text)
    }
}

fn opens(id: ConversationId) -> impl Fn(&Command) -> bool {
    move |command| *command == Command::Chat(Chat::Open { conversation: id })
}

// --- The ladders (peers 5.3) ---

/// A step of a ladder: what the face is in, what a press does, what must still be true.
struct Rung {
    name: &'static str,
    given: fn(&mut Face),
    then: fn(&mut Face),
}

fn climb(key: &str, rungs: &[Rung]) {
    for rung in rungs {
        println!("{key}: {}", rung.name);
        let mut face = Face::over(three());
        (rung.given)(&mut face);
        face.asked();
        face.press(key);
        (rung.then)(&mut face);
        assert!(!face.has_left(), "{key} left: {}", rung.name);
    }
}

#[test]
fn esc_takes_the_first_step_that_applies_and_loses_nothing() {
    climb(
        "esc",
        &[
            Rung {
                name: "an incomplete chord is given up before anything else",
                given: |f| {
                    f.sends("q").grows("words").press("ctrl+x");
                },
                then: |f| {
                    assert!(f.model.pending.is_empty());
                    f.asks_no(is_cancel);
                },
            },
            Rung {
                name: "an overlay closes, the reply behind it goes on",
                given: |f| {
                    f.sends("q").grows("words").press("ctrl+x m");
                    assert_eq!(f.model.overlays.len(), 1);
                },
                then: |f| {
                    assert!(f.model.overlays.is_empty());
                    f.asks_no(is_cancel);
                },
            },
            Rung {
                name: "a filter is cleared, the focus stays in the list",
                given: |f| {
                    f.press("alt+1 /").types("sql").asks(|_| true);
                    assert_eq!(f.model.list.rows.len(), 1);
                },
                then: |f| {
                    assert_eq!(f.model.list.filter.text(), "");
                    assert_eq!(f.model.list.rows.len(), 3);
                    assert_eq!(f.model.focus, Focus::List);
                },
            },
            Rung {
                name: "a filter goes before the reply is stopped",
                given: |f| {
                    f.sends("q").grows("words").press("alt+1 /").types("x");
                },
                then: |f| {
                    f.asks_no(is_cancel);
                },
            },
            Rung {
                name: "a running reply is stopped, the draft beside it stays",
                given: |f| {
                    f.sends("q").grows("some words").types("next");
                },
                then: |f| {
                    f.asks(is_cancel)
                        .holds("next")
                        .shows("■ stopped")
                        .shows("some words");
                },
            },
            Rung {
                name: "a running reply is stopped from the transcript, the focus stays there",
                given: |f| {
                    f.sends("q").grows("some words").press("alt+2");
                },
                then: |f| {
                    f.asks(is_cancel);
                    assert_eq!(f.model.focus, Focus::Transcript);
                },
            },
            Rung {
                name: "the focus goes to the composer",
                given: |f| {
                    f.types("kept").press("alt+2");
                },
                then: |f| {
                    assert_eq!(f.model.focus, Focus::Composer);
                    f.holds("kept");
                },
            },
            Rung {
                name: "an edit goes to the stash",
                given: |f| {
                    f.press("alt+2 e").types(" More.");
                    assert!(f.model.composer.is_editing());
                },
                then: |f| {
                    assert!(!f.model.composer.is_editing());
                    f.holds("")
                        .asks(keeps(-1, "Tell me about Rust lifetimes. More."))
                        .press("up")
                        .holds("Tell me about Rust lifetimes. More.");
                    assert!(f.model.composer.is_editing());
                },
            },
            Rung {
                name: "a draft stays where it is",
                given: |f| {
                    f.types("precious");
                },
                then: |f| {
                    f.holds("precious").press("esc").holds("precious");
                    f.asks_no(|c| matches!(c, Command::Chat(Chat::Questions { .. })));
                },
            },
            Rung {
                name: "once on an empty, idle composer does nothing",
                given: |_| {},
                then: |f| {
                    f.asks_nothing();
                    assert!(f.model.overlays.is_empty());
                },
            },
        ],
    );
}

#[test]
fn ctrl_c_takes_the_first_step_that_applies_and_loses_nothing() {
    climb(
        "ctrl+c",
        &[
            Rung {
                name: "a selection is copied",
                given: |f| {
                    f.types("selected words");
                    f.model.composer.editor.select_all();
                },
                then: |f| {
                    assert_eq!(f.effects, [Effect::Copy("selected words".into())]);
                    f.holds("selected words");
                },
            },
            Rung {
                name: "a running reply is stopped before the draft is touched",
                given: |f| {
                    f.sends("q").grows("words").types("next");
                },
                then: |f| {
                    f.asks(is_cancel).holds("next");
                },
            },
            Rung {
                name: "an overlay closes",
                given: |f| {
                    f.types("draft").press("f1");
                },
                then: |f| {
                    assert!(f.model.overlays.is_empty());
                    f.holds("draft");
                },
            },
            Rung {
                name: "a filter is cleared",
                given: |f| {
                    f.press("alt+1 /").types("sql");
                },
                then: |f| {
                    assert_eq!(f.model.list.filter.text(), "");
                    f.says_nothing_of("quit");
                },
            },
            Rung {
                name: "a draft goes to the stash and ↑ brings it back",
                given: |f| {
                    f.types("precious");
                },
                then: |f| {
                    f.holds("")
                        .says("draft kept, ↑ brings it back")
                        .asks(keeps(-1, "precious"))
                        .asks(keeps(0, ""))
                        .press("up")
                        .holds("precious");
                },
            },
            Rung {
                name: "empty and idle: the first press only arms",
                given: |_| {},
                then: |f| {
                    f.says("press Ctrl+C again to quit").asks_nothing();
                },
            },
        ],
    );
}

#[test]
fn esc_twice_within_half_a_second_opens_the_rewind_and_not_after() {
    let is_asked = |c: &Command| matches!(c, Command::Chat(Chat::Questions { .. }));
    Face::over(three())
        .press("esc")
        .tick(500)
        .press("esc")
        .asks(is_asked)
        .shows("Go back to a question")
        .shows("Tell me about Rust lifetimes.");
    Face::over(three())
        .press("esc")
        .tick(501)
        .press("esc")
        .asks_no(is_asked)
        .tick(100)
        .press("esc")
        .asks(is_asked);
    // A key between them starts anew.
    Face::over(three())
        .press("esc")
        .press("left esc")
        .asks_no(is_asked);
    // In a conversation not yet created there is nothing to go back to.
    Face::new().press("esc esc").asks_nothing();
}

#[test]
fn the_rewind_edits_the_chosen_question_as_a_new_branch() {
    let mut face = Face::over(long(3));
    face.press("esc esc").press("up").press("enter");
    face.holds("Question 1").types(" anew").press("enter");
    let edited = face.engine.messages[2].id;
    face.asks(|c| {
        matches!(c, Command::Turn(Turn::Send { draft, .. })
            if draft.edit_of == Some(edited) && draft.text == "Question 1 anew")
    })
    .grows("Anew.")
    .completes()
    .shows("‹2/2›")
    .hides("Answer 1");
}

#[test]
fn ctrl_c_twice_within_two_seconds_leaves_and_any_other_key_disarms() {
    let mut face = Face::over(three());
    face.press("ctrl+c").tick(1_999).press("ctrl+c");
    assert!(face.model.is_leaving);
    face.asks(|c| *c == Command::Stop);
    assert!(face.has_left());

    let mut face = Face::over(three());
    face.press("ctrl+c").tick(2_001).press("ctrl+c");
    assert!(!face.model.is_leaving, "two seconds are over");

    let mut face = Face::over(three());
    face.press("ctrl+c left").hides("again to quit");
    face.press("ctrl+c");
    assert!(!face.model.is_leaving, "another key disarms");

    let mut face = Face::over(three());
    face.press("ctrl+c").pastes("x").press("ctrl+c ctrl+c");
    assert!(
        !face.model.is_leaving,
        "a paste disarms, then there is a draft"
    );

    let mut face = Face::over(three());
    face.press("ctrl+d").says("Ctrl+D").press("ctrl+d");
    assert!(face.model.is_leaving);
}

#[test]
fn leaving_saves_the_draft_first_and_a_second_signal_leaves_at_once() {
    let mut face = Face::over(three());
    face.deaf().types("unsaved");
    face.msg(Msg::Signal(Signal::Leave))
        .asks(keeps(0, "unsaved"))
        .asks(|c| *c == Command::Stop);
    assert!(!face.has_left(), "it waits until everything is saved");
    // Keys while it saves cost no frame after frame.
    face.types("more").tick(3_000);
    face.msg(Msg::Signal(Signal::Leave));
    assert!(face.has_left());
}

// --- Sending (spec C1, C12, decisions 2.8) ---

#[test]
fn a_question_is_sent_and_its_answer_grows() {
    Face::new()
        .types("What is a lifetime?")
        .press("enter")
        .asks(|c| sent_text(c) == Some("What is a lifetime?"))
        .holds("")
        .shows("What is a lifetime?")
        .shows("Esc stops")
        .grows("A lifetime names ")
        .grows("a span.")
        .shows("A lifetime names a span.")
        .completes()
        .hides("Esc stops")
        .shows("312 tok");
}

#[test]
fn a_running_reply_says_how_to_stop_it_at_every_width() {
    for width in (20..=120).step_by(4) {
        let mut face = Face::over(three());
        face.resize(width, 12).sends("q").tick(1_100);
        face.shows("Esc stops").hides("not sent yet");
        face.grows("words").tick(1_500).shows("Esc stops");
        face.grows(&"more\n\n".repeat(40));
        if width >= 40 {
            face.press("pageup pageup").shows("Esc stops");
        }
        face.press("ctrl+end").completes().hides("Esc stops");
    }
}

#[test]
fn a_refused_send_puts_the_text_back_before_what_was_typed_since() {
    let mut face = Face::over(three());
    face.hold()
        .refuses(failure("The store is full", "Free some room."))
        .sends("first")
        .holds("")
        .types("second")
        .release()
        .holds("first\n\nsecond")
        .shows("▲ The store is full")
        .shows("Free some room.");
    // It is on disk as well, and goes with the next send.
    face.asks(keeps(0, "first\n\nsecond"));
    face.press("enter")
        .asks(|c| sent_text(c) == Some("first\n\nsecond"))
        .hides("The store is full");
}

#[test]
fn a_second_message_waits_until_the_first_is_accepted() {
    let mut face = Face::over(three());
    face.hold()
        .refuses(failure("Refused", ""))
        .sends("first")
        .asks(is_send)
        .sends("second")
        .asks_no(is_send)
        .holds("")
        .release()
        .holds("first")
        .shows("1 second")
        .shows("not sent");
}

#[test]
fn a_send_refused_after_another_conversation_was_opened_loses_nothing() {
    let mut face = Face::over(three());
    let other = face.engine.conversations[1].id;
    face.hold()
        .refuses(failure("Refused", ""))
        .sends("first")
        .press("alt+1 j enter");
    // The other conversation is shown before the refusal is heard.
    face.asked();
    face.release_backwards();
    assert_eq!(face.here(), other);
    face.press("alt+1 k enter").holds("first");
}

#[test]
fn an_empty_message_is_not_sent_and_says_why() {
    let mut face = Face::over(three());
    face.press("enter").says("nothing to send").asks_nothing();
    face.types("  \n ")
        .press("enter")
        .says("nothing to send")
        .asks_no(is_send)
        .holds("  \n ");
}

#[test]
fn retry_while_a_reply_runs_says_what_helps() {
    Face::over(three())
        .sends("q")
        .grows("words")
        .asks(is_send)
        .press("ctrl+x r")
        .says("a reply is running, Esc stops it")
        .completes()
        .says_nothing_of("a reply is running");
}

#[test]
fn words_after_a_slash_are_done_and_unknown_ones_kept() {
    Face::over(three())
        .sends("/help")
        .asks_no(is_send)
        .shows("Help");
    Face::over(three())
        .sends("/hlep")
        .asks_no(is_send)
        .holds("/hlep")
        .says("/help");
    Face::over(three())
        .sends("//x")
        .asks(|c| sent_text(c) == Some("/x"));
    Face::over(three())
        .sends("/etc/hosts holds what?")
        .asks(|c| sent_text(c) == Some("/etc/hosts holds what?"));
    Face::over(three())
        .sends("/model openai/gpt-4o")
        .asks(|c| {
            matches!(c, Command::Chat(Chat::SwitchModel { model, .. })
                if model.to_string() == "openai/gpt-4o")
        })
        .holds("");
    Face::over(three())
        .sends("/rename Borrowing")
        .asks(|c| matches!(c, Command::Shelf(Shelf::Rename { title, .. }) if title == "Borrowing"));
    let mut face = Face::over(three());
    face.sends("/quit").asks(|c| *c == Command::Stop);
    assert!(face.has_left());
}

#[test]
fn what_follows_a_word_that_takes_nothing_is_not_lost() {
    Face::over(three())
        .sends("/new What is a monad?")
        .holds("/new What is a monad?")
        .asks_no(is_send);
    Face::new()
        .sends("/rename A title for later")
        .holds("/rename A title for later");
    Face::over(three())
        .sends("/model llama")
        .says("provider/name")
        .holds("/model llama");
}

#[test]
fn code_that_begins_with_two_slashes_goes_as_it_is() {
    Face::over(three())
        .pastes("// a comment\nfn main() {}")
        .press("enter")
        .asks(|c| sent_text(c) == Some("// a comment\nfn main() {}"));
}

#[test]
fn a_text_that_would_be_a_word_comes_back_as_it_was_typed() {
    let mut face = Face::over(three());
    face.sends("//help").asks(|c| sent_text(c) == Some("/help"));
    // Taken back, Enter sends it again and opens no help.
    face.press("esc").holds("//help").press("enter");
    face.asks(|c| sent_text(c) == Some("/help"))
        .grows("words")
        .completes();
    // The same when it is edited.
    face.press("alt+2 e").holds("//help");
}

#[test]
fn a_reply_taken_back_returns_the_text_and_says_why() {
    let mut face = Face::over(three());
    face.sends("first").types("second");
    let here = face.here();
    let events = face.engine.withdraw(
        here,
        Some(failure("No connection to lab", "Is it running?")),
    );
    face.hears(events)
        .holds("first\n\nsecond")
        .shows("▲ No connection to lab")
        .shows("Is it running?")
        .shows("Rust lifetimes: a short answer.")
        .hides("Esc stops");
    // The next send takes the notice away.
    face.press("enter").hides("No connection");
}

#[test]
fn taking_back_the_first_message_leaves_a_new_conversation() {
    let mut face = Face::new();
    face.sends("first");
    assert_eq!(face.model.list.total, 1);
    face.press("esc").holds("first");
    assert!(face.model.here().is_none());
    assert_eq!(face.model.list.total, 0);
    face.press("enter").asks(|c| {
        matches!(c, Command::Turn(Turn::Send { to: To::New(_), draft, .. }) if draft.text == "first")
    });
}

#[test]
fn a_first_message_taken_back_while_elsewhere_waits_in_the_new_conversation() {
    let mut face = Face::over(three());
    face.press("ctrl+x n").sends("first");
    let created = face.here();
    face.press("alt+1 j enter");
    assert_ne!(face.here(), created);
    let events = face
        .engine
        .withdraw(created, Some(failure("No connection", "")));
    face.hears(events).holds("").says("No connection");
    face.press("ctrl+x n").holds("first");
}

#[test]
fn a_first_message_taken_back_beside_another_one_begun_waits_in_the_stash() {
    let mut face = Face::over(three());
    face.press("ctrl+x n").sends("for the first model");
    let created = face.here();
    face.press("ctrl+x n").types("for another");
    let events = face
        .engine
        .withdraw(created, Some(failure("No connection", "")));
    face.hears(events)
        .holds("for another")
        .says("No connection");
    face.asks(keeps(-1, "for the first model"));
    face.press("ctrl+u up").holds("for the first model");
}

#[test]
fn a_question_taken_back_while_a_new_conversation_is_open_stays_with_its_own() {
    let mut face = Face::over(three());
    let first = face.here();
    face.sends("first").press("ctrl+x n").types("other");
    let events = face
        .engine
        .withdraw(first, Some(failure("No connection", "")));
    face.hears(events).holds("other").says("No connection");
    face.press("alt+1 g enter").holds("first");
}

#[test]
fn a_refusal_that_offers_models_opens_the_picker() {
    let mut face = Face::over(three());
    face.sends("q");
    let failure = failure("The model is unknown", "Pick another.").with_offer(Offer::PickModel);
    let here = face.here();
    let events = face.engine.withdraw(here, Some(failure));
    face.hears(events).holds("q").shows("Model");
    assert_eq!(face.model.overlays.len(), 1);
}

// --- Drafts (spec C12) ---

#[test]
fn a_draft_is_on_disk_within_a_second_of_the_first_key() {
    let mut face = Face::over(three());
    face.types("a").tick(300).types("b").asks_no(is_keep);
    face.tick(699).asks(keeps(0, "ab"));
    face.tick(10_000).asks_no(is_keep);
}

#[test]
fn the_stash_keeps_several_drafts_newest_first() {
    let mut face = Face::over(three());
    face.types("one")
        .press("ctrl+c")
        .types("two")
        .press("ctrl+c");
    face.asks(keeps(-2, "one")).asks(keeps(-1, "two"));
    face.press("up").holds("two").asks(keeps(0, "two"));
    face.asks(keeps(-1, "one")).asks(keeps(-2, ""));
    // ↑ over a draft does not swap it away: ↓ brings it back from the questions before.
    face.press("up").holds("Tell me about Release notes.");
    face.press("down")
        .holds("two")
        .press("ctrl+c up")
        .holds("two");
    // All of it is there at the next start.
    let mut engine = std::mem::replace(&mut face.engine, Script::new());
    engine.last = Some(engine.conversations[0].id);
    let mut again = Face::over(engine);
    again.holds("two").press("ctrl+u up").holds("one");
}

#[test]
fn each_conversation_keeps_its_own_draft() {
    let mut face = Face::over(three());
    face.types("for the first").press("alt+1 j enter").holds("");
    face.types("for the second").press("ctrl+x n").holds("");
    face.types("for a new one").press("alt+1 g enter");
    face.holds("for the first");
    face.press("alt+1 j enter").holds("for the second");
    face.press("ctrl+x n").holds("for a new one");
    face.press("alt+1").shows("✎");
}

#[test]
fn drafts_of_the_new_conversation_survive_a_start_that_opens_another() {
    let mut world = three();
    world.drafts.insert((None, 0), Draft::of("for later"));
    world.drafts.insert((None, -1), Draft::of("stashed"));
    let mut face = Face::over(world);
    face.holds("").press("ctrl+x n").holds("for later");
    face.press("ctrl+u up").holds("stashed");
}

#[test]
fn what_was_typed_before_the_home_came_stands_behind_the_kept_draft() {
    let mut world = three();
    let first = world.conversations[0].id;
    world.drafts.insert((Some(first), 0), Draft::of("kept"));
    world.drafts.insert((None, 0), Draft::of("new one"));
    let mut face = Face::cold(world);
    face.types("typed").start();
    face.holds("kept\n\ntyped").tick(1_000);
    let drafts = &face.engine.drafts;
    assert_eq!(drafts[&(Some(first), 0)].text, "kept\n\ntyped");
    assert_eq!(drafts[&(None, 0)].text, "new one");
}

#[test]
fn the_draft_of_a_conversation_that_is_gone_stays_on_the_screen() {
    let mut face = Face::over(three());
    let here = face.here();
    face.types("precious");
    face.news(News::Changed(Row::ConversationGone(here)));
    assert!(face.model.here().is_none());
    face.holds("precious").tick(1_000);
    assert_eq!(face.engine.drafts[&(None, 0)].text, "precious");
}

// --- Conversations and the list ---

#[test]
fn a_late_answer_after_another_choice_is_dropped() {
    let mut face = Face::over(three());
    let ids: Vec<ConversationId> = face.engine.conversations.iter().map(|c| c.id).collect();
    face.hold().press("alt+1 j enter").press("alt+1 G enter");
    face.asks(opens(ids[1])).asks(opens(ids[2]));
    face.release_backwards();
    assert_eq!(face.here(), ids[2]);
    // A new conversation is a choice too.
    face.hold()
        .press("alt+1 g enter")
        .press("ctrl+x n")
        .types("x");
    face.release();
    assert!(face.model.here().is_none());
    face.holds("x");
}

#[test]
fn a_late_answer_to_an_older_filter_is_dropped() {
    let mut face = Face::over(three());
    face.hold().press("alt+1 /").types("sql");
    face.release_backwards();
    let titles: Vec<&str> = face
        .model
        .list
        .rows
        .iter()
        .map(|row| row.conversation.title.as_str())
        .collect();
    assert_eq!(titles, ["SQL index tuning"]);
}

#[test]
fn a_late_further_page_does_not_reach_a_list_that_is_filtered_since() {
    let mut world = Script::new();
    for n in 0..90 {
        world.conversation(&format!("Number {n}"), "lab/llama", n);
    }
    let mut face = Face::over(world);
    face.hold().press("alt+1 pagedown pagedown pagedown");
    face.asks(|c| matches!(c, Command::Shelf(Shelf::List { after: Some(_), .. })));
    face.press("/").types("89").release_backwards();
    assert_eq!(face.model.list.rows.len(), 1);
}

#[test]
fn the_list_loads_on_as_one_moves_down() {
    let mut world = Script::new();
    for n in 0..150 {
        world.conversation(&format!("Number {n}"), "lab/llama", n);
    }
    let mut face = Face::over(world);
    assert_eq!(face.model.list.rows.len(), 60);
    face.press("alt+1");
    for _ in 0..149 {
        face.press("j");
    }
    face.shows("Number 149");
    assert_eq!(face.model.list.rows.len(), 150);
}

#[test]
fn a_filter_narrows_and_enter_opens() {
    let mut face = Face::over(three());
    let sql = face.engine.conversations[1].id;
    face.press("alt+1 /").types("index sql");
    face.hides("Release notes").press("enter");
    assert_eq!(face.here(), sql);
    assert_eq!(face.model.focus, Focus::Composer);
    face.shows("SQL index tuning: a short answer.");
}

#[test]
fn a_conversation_is_renamed_trashed_and_brought_back() {
    let mut face = Face::over(three());
    let first = face.engine.conversations[0].id;
    face.press("alt+1 r").shows("Rename").press("ctrl+u");
    face.types("Borrowing").press("enter").asks(|c| {
        matches!(c, Command::Shelf(Shelf::Rename { conversation, title })
            if *conversation == first && title == "Borrowing")
    });
    face.shows("Borrowing").press("d").asks(|c| {
        *c == Command::Shelf(Shelf::Apply {
            ids: vec![first],
            act: Act::Trash,
        })
    });
    face.says("undoes it");
    assert_eq!((face.model.list.rows.len(), face.model.list.total), (2, 2));
    face.press("u").asks(|c| {
        matches!(
            c,
            Command::Shelf(Shelf::Apply {
                act: Act::Restore,
                ..
            })
        )
    });
    assert_eq!((face.model.list.rows.len(), face.model.list.total), (3, 3));
    // The trash shows it, restores it.
    face.press("d T");
    assert_eq!(face.model.list.view, View::Trash);
    face.shows("Trash").press("R").asks(|c| {
        matches!(
            c,
            Command::Shelf(Shelf::Apply {
                act: Act::Restore,
                ..
            })
        )
    });
    face.shows("the trash is empty")
        .press("T")
        .shows("Borrowing");
}

#[test]
fn the_head_says_who_keeps_the_conversation_too() {
    let mut world = three();
    world.conversations[0].storage = Storage::Provider;
    let mut face = Face::over(world);
    face.press("alt+1 enter").shows("also kept by lab");
    face.press("alt+1 j enter").hides("also kept by");
}

#[test]
fn one_from_the_trash_can_be_read_and_stays_there() {
    let mut face = Face::over(three());
    let first = face.engine.conversations[0].id;
    face.press("alt+1 d").asked();
    face.press("T enter").shows("in the trash");
    assert_eq!(face.here(), first);
    let restores = |c: &Command| matches!(c, Command::Shelf(Shelf::Apply { .. }));
    let asked = face.asked();
    assert!(asked.iter().any(opens(first)) && !asked.iter().any(restores));
    face.press("alt+1 R").asks(restores);
}

#[test]
fn trashing_a_conversation_with_a_running_reply_asks_first() {
    let mut face = Face::over(three());
    face.sends("q").grows("words").press("alt+1 d");
    let is_trash = |c: &Command| matches!(c, Command::Shelf(Shelf::Apply { .. }));
    face.shows("Sure?").press("enter").asks_no(is_trash);
    face.press("n").asks_no(is_trash);
    face.press("d y").asks(is_cancel).asks(is_trash);
}

#[test]
fn nothing_to_undo_and_nothing_to_rename_say_so() {
    Face::new().press("ctrl+x u").says("nothing to undo");
    Face::new()
        .sends("/rename")
        .says("no conversation to rename");
    Face::new().sends("/trash").says("no conversation to trash");
}

// --- Models (spec M4, M5) ---

#[test]
fn the_picker_takes_rows_typed_ids_favourites_and_a_refresh() {
    let mut face = Face::over(three());
    face.press("ctrl+x m")
        .asks(|c| matches!(c, Command::Data(Data::Models { .. })));
    face.types("gpt").press("enter").asks(|c| {
        matches!(c, Command::Chat(Chat::SwitchModel { model, .. })
            if model.to_string() == "openai/gpt-4o")
    });
    face.press("ctrl+x m")
        .types("lab/my-own")
        .press("enter")
        .asks(|c| {
            matches!(c, Command::Chat(Chat::SwitchModel { model, .. })
            if model.to_string() == "lab/my-own")
        });
    face.press("ctrl+x m down ctrl+f").asks(|c| {
        matches!(c, Command::Data(Data::MarkModel { model, favourite: true })
            if model.to_string() == "lab/mistral")
    });
    face.shows("★")
        .press("ctrl+r")
        .asks(|c| *c == Command::Data(Data::Models { refresh: true }));
    assert_eq!(face.model.overlays.len(), 1, "it stays open");
}

#[test]
fn todays_cost_follows_what_is_measured_and_the_clock() {
    let is_sum = |c: &Command| matches!(c, Command::Data(Data::Spent { .. }));
    let mut world = three();
    let dollars = |text: &str| Spent {
        cost: Money::parse(text).unwrap(),
        ..Spent::default()
    };
    world.spent = dollars("0.42");
    let mut face = Face::over(world);
    face.shows("today $0.42");
    face.engine.spent = dollars("0.5");
    face.press("down").asks_no(is_sum);
    face.sends("q").grows("words").completes().asks(is_sum);
    face.shows("today $0.50");
    face.engine.spent = dollars("0.53");
    face.news(News::Trial(TrialStep::Ended(Box::new(TrialEnd {
        model: "lab/llama".parse().unwrap(),
        status: Status::Complete,
        finish: None,
        failure: None,
        usage: None,
        cost: None,
        total_ms: 1,
    }))));
    face.asks(is_sum).shows("today $0.53");
    face.engine.spent = Spent::default();
    face.tick(24 * 3_600_000).press("down").asks(is_sum);
    face.hides("today");
}

#[test]
fn a_failed_listing_never_blocks_the_picker() {
    let mut world = three();
    let failed = salon::domain::failure::Failure::new(
        FailureKind::Network,
        "No connection to openai",
        "Look at the network.",
    );
    world.model_failures = vec![("openai".to_owned(), failed)];
    Face::over(world)
        .press("ctrl+x m")
        .shows("No connection to openai")
        .types("mistral")
        .press("enter")
        .asks(|c| {
            matches!(c, Command::Chat(Chat::SwitchModel { model, .. })
                if model.to_string() == "lab/mistral")
        });
}

#[test]
fn switching_the_model_keeps_the_running_reply_and_its_model() {
    let mut face = Face::over(three());
    face.sends("q").grows("words");
    face.press("ctrl+x m").types("gpt").press("enter");
    face.asks(|c| matches!(c, Command::Chat(Chat::SwitchModel { .. })))
        .asks_no(is_cancel);
    let here = face.here();
    let row = face.engine.row(here).clone();
    face.news(News::Changed(Row::Conversation(row)));
    assert_eq!(face.model.model().to_string(), "openai/gpt-4o");
    face.grows(" more").completes().shows("words more");
    let last = face.engine.messages.last().unwrap();
    assert_eq!(last.model.as_ref().unwrap().to_string(), "lab/llama");
}

#[test]
fn the_model_of_a_new_conversation_goes_with_its_first_message() {
    let mut face = Face::over(three());
    face.press("ctrl+x n").sends("/model openai/gpt-4o");
    face.says("openai/gpt-4o").sends("q").asks(|c| {
        matches!(c, Command::Turn(Turn::Send { to: To::New(new), .. })
            if new.model.as_ref().is_some_and(|m| m.to_string() == "openai/gpt-4o"))
    });
}

#[test]
fn instructions_of_a_new_conversation_go_with_its_first_message() {
    let mut face = Face::new();
    face.sends("/system Answer in French.")
        .sends("q")
        .asks(|c| {
            matches!(c, Command::Turn(Turn::Send { to: To::New(new), .. })
            if new.system == "Answer in French.")
        });
}

// --- Retry, continue, edit, branches (spec C2, C8) ---

#[test]
fn retry_continue_and_edit_are_about_the_message_at_hand() {
    let mut face = Face::over(long(4));
    let id = |face: &Face, at: usize| face.engine.messages[at].id;
    // The last answer, as long as nobody has moved.
    face.press("ctrl+x r");
    let last = id(&face, 7);
    face.asks(|c| {
        *c == Command::Turn(Turn::Regenerate {
            reply: last,
            model: None,
        })
    });
    face.grows("Another answer").completes().shows("‹2/2›");

    // Three up: the answer of turn 2.
    face.press("alt+2 { { r");
    let third = id(&face, 5);
    face.asks(|c| {
        *c == Command::Turn(Turn::Regenerate {
            reply: third,
            model: None,
        })
    });
    let mut face = Face::over(long(4));
    face.press("alt+2 { { { e");
    let question = id(&face, 4);
    face.holds("Question 2").press("enter").asks(
        |c| matches!(c, Command::Turn(Turn::Send { draft, .. }) if draft.edit_of == Some(question)),
    );
}

#[test]
fn retry_with_another_model_keeps_the_conversations_own() {
    let mut face = Face::over(three());
    let reply = face.engine.messages[1].id;
    face.press("alt+2 R").types("mistral").press("enter");
    face.asks(|c| {
        *c == Command::Turn(Turn::Regenerate {
            reply,
            model: Some(ModelRef::new("lab", "mistral")),
        })
    });
    face.grows("words").completes().shows("mistral");
    assert_eq!(face.model.model().to_string(), "lab/llama");
}

#[test]
fn a_stopped_answer_is_continued_and_a_whole_one_is_not() {
    let mut face = Face::over(three());
    face.press("alt+2 c")
        .says("complete")
        .asks_no(|c| matches!(c, Command::Turn(_)));
    face.press("i").sends("q").grows("half of it").press("esc");
    let stopped = face.engine.messages.last().unwrap().id;
    face.press("alt+2 c")
        .asks(|c| *c == Command::Turn(Turn::Continue { reply: stopped }))
        .grows(" and the rest")
        .completes()
        .shows("half of it and the rest")
        .shows("‹2/2›");
}

#[test]
fn an_unsent_question_is_sent_again() {
    let mut world = three();
    let first = world.conversations[0].id;
    let question = world.asked(first, "Lost in a kill?");
    world.message(question).status = Status::Unsent;
    let mut face = Face::over(world);
    face.shows("not sent yet").press("alt+2 r");
    face.asks(|c| *c == Command::Turn(Turn::Resend { question }))
        .grows("Found.")
        .completes()
        .hides("not sent yet");
}

#[test]
fn siblings_are_walked_and_the_ends_say_so() {
    let mut face = Face::over(three());
    face.press("ctrl+x r").grows("second").completes();
    face.press("ctrl+x r")
        .grows("third")
        .completes()
        .shows("‹3/3›");
    face.press("alt+2 >").says("last version");
    face.press("<")
        .shows("‹2/3›")
        .shows("second")
        .hides("third");
    face.press("<")
        .shows("‹1/3›")
        .press("<")
        .says("first version");
    face.press("> >").shows("‹3/3›").shows("third");
    let mut face = Face::over(three());
    face.press("alt+2 <")
        .says("only this version")
        .asks_nothing();
}

#[test]
fn walking_stays_with_the_message_whose_versions_are_walked() {
    // The first question has two answers; below the second one, the second question has two answers as well.
    let mut face = Face::over(long(1));
    face.press("ctrl+x r").grows("second").completes();
    face.sends("on").grows("x").completes();
    face.press("ctrl+x r").grows("y").completes();
    face.press("alt+2 { { <").shows("‹1/2›").shows("Answer 0");
    face.press(">").shows("second").press("<");
    face.shows("Answer 0").hides("second");
}

#[test]
fn actions_wait_while_a_reply_is_written() {
    let mut face = Face::over(three());
    face.sends("q").grows("words").asked();
    for keys in ["ctrl+x r", "alt+2 r", "alt+2 c", "alt+2 <"] {
        face.press(keys).says("a reply is running");
    }
    face.asks_nothing();
}

#[test]
fn reasoning_is_asked_for_when_it_is_first_opened() {
    let mut world = three();
    let id = world.messages[1].id;
    world.message(id).thinking_ms = Some(14_200);
    world.thoughts.insert(id, "First I thought so.".into());
    let mut face = Face::over(world);
    face.shows("▸ thought for 14 s").press("ctrl+t");
    face.asks(|c| *c == Command::Chat(Chat::Thinking(id)));
    face.shows("▾ thought for 14 s")
        .shows("First I thought so.");
    face.press("ctrl+t ctrl+t").asks_nothing();
}

// --- Reading: scrolling, pages, the place (architecture 7.2) ---

/// The screen's rows of the conversation, without its foot line.
fn body(face: &mut Face) -> Vec<String> {
    let area = {
        face.draw();
        face.model.frames.transcript
    };
    let text = stage::text_of(&face.buffer);
    let from = usize::from(area.y);
    text.lines()
        .skip(from)
        .take(usize::from(area.height))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_text_stays_where_the_reader_scrolled_while_the_reply_grows() {
    let mut face = Face::over(long(20));
    face.resize(60, 20).sends("q").grows("line\n\n").draw();
    face.press("pageup pageup").draw();
    let before = body(&mut face);
    face.shows("scrolled up · ^End follows");
    for n in 0..30 {
        face.grows(&format!("paragraph {n}\n\n")).tick(20).draw();
    }
    assert_eq!(body(&mut face), before);
    face.shows("new lines · ^End");
    let unseen = face.screen();
    let count: usize = unseen
        .split("↓ ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next())
        .unwrap()
        .parse()
        .unwrap();
    assert!(
        (58..=62).contains(&count),
        "{count} lines for 30 paragraphs"
    );
    face.completes().draw();
    assert_eq!(body(&mut face), before, "the end does not move it either");
    face.press("ctrl+end").shows("paragraph 29").hides("^End");
}

#[test]
fn earlier_pages_are_asked_for_near_the_top_and_join_without_a_jump() {
    let mut face = Face::over(long(100));
    face.resize(60, 20).asked();
    let is_page = |c: &Command| {
        matches!(
            c,
            Command::Chat(Chat::Page {
                at: At::Before(_),
                ..
            })
        )
    };
    face.asks_no(is_page);
    let mut seen = vec![body(&mut face).join("\n")];
    for _ in 0..400 {
        face.press("alt+2 ctrl+u").draw();
        seen.push(body(&mut face).join("\n"));
    }
    face.asks(is_page).asks(is_page).asks(is_page);
    for turn in 0..100 {
        let question = format!("Question {turn}\n");
        assert!(
            seen.iter().any(|screen| screen.contains(&question)),
            "question {turn} was never seen"
        );
    }
    face.shows("Question 0\n");
    // Half pages overlap: no screen begins below the end of the one before.
    for pair in seen.windows(2) {
        let last = pair[1].lines().last().unwrap_or("");
        assert!(
            pair[0].contains(last),
            "a jump:\n{}\n-- to --\n{}",
            pair[0],
            pair[1]
        );
    }
}

#[test]
fn the_place_is_kept_and_taken_up_again() {
    let mut face = Face::over(long(100));
    let here = face.here();
    face.resize(60, 20).press("alt+2 { { { { { { i").draw();
    let shown = body(&mut face);
    face.tick(1_100).asks(|c| {
        matches!(c, Command::Chat(Chat::KeepReading { conversation, reading: Some(Reading { .. }) })
            if *conversation == here)
    });
    let engine = std::mem::replace(&mut face.engine, Script::new());
    let mut again = Face::cold(engine);
    again.engine.last = Some(here);
    again.resize(60, 20).start();
    assert_eq!(body(&mut again), shown);
    again
        .press("ctrl+end")
        .tick(1_100)
        .asks(|c| matches!(c, Command::Chat(Chat::KeepReading { reading: None, .. })));
}

#[test]
fn a_growing_reply_that_is_not_loaded_changes_no_other_message() {
    let mut face = Face::over(long(100));
    let here = face.here();
    let far = face.engine.messages[4].id;
    face.sends("q").grows("new words").draw();
    face.press("alt+1 n").draw();
    // The reader's place is far above; the page around it does not reach the end.
    face.engine.readings.insert(
        here,
        Reading {
            message: far,
            row: 0,
        },
    );
    face.press("alt+1 g enter").draw();
    assert!(face.model.transcript.has_after());
    face.grows(" and more words");
    for _ in 0..400 {
        let screen = face.screen();
        if let Some((_, below)) = screen.split_once("Second paragraph of 24.") {
            assert!(!below.contains("more words"), "{screen}");
            break;
        }
        face.press("alt+2 j");
    }
    face.shows("Second paragraph of 24.");
    face.press("ctrl+end").shows("new words and more words");
    face.grows(" still")
        .completes()
        .shows("new words and more words still");
    let of_others = face
        .engine
        .messages
        .iter()
        .filter(|m| m.content.contains("more words"))
        .count();
    assert_eq!(of_others, 1);
    face.press("alt+2 g").hides("more words");
}

#[test]
fn a_send_from_far_above_shows_the_end_of_the_branch() {
    let mut face = Face::over(long(100));
    let here = face.here();
    let message = face.engine.messages[4].id;
    let place = Reading { message, row: 0 };
    face.press("ctrl+x n");
    face.engine.readings.insert(here, place);
    face.press("alt+1 g enter").draw();
    assert!(face.model.transcript.has_after());
    face.press("i").sends("far away").grows("heard").completes();
    face.shows("far away").shows("heard").draw();
    face.press("pageup").shows("Answer 96");
}

#[test]
fn words_of_a_reply_elsewhere_are_there_when_one_comes_back() {
    let mut face = Face::over(three());
    let first = face.here();
    face.sends("q").grows("one ");
    face.press("alt+1 j enter").hides("one ");
    let events = face.engine.grow(first, "two ");
    face.hears(events).press("alt+1").shows("●");
    face.press("g enter").grows("three").shows("one two three");
    face.completes().shows("one two three").hides("●");
}

// --- What nothing may do ---

#[test]
fn a_flood_of_words_wants_no_frame_by_itself() {
    let mut face = Face::over(three());
    face.sends("q").draw();
    let id = face.here();
    let before = face.model.deadline();
    for _ in 0..100_000 {
        face.news(News::Turn {
            conversation: id,
            step: Step::Grew {
                text: "word ".into(),
            },
        });
    }
    assert_eq!(face.model.deadline(), before, "words make no deadline");
    let started = face.frames;
    face.tick(1_000);
    assert!(
        face.frames - started <= 10,
        "{} frames",
        face.frames - started
    );
}

#[test]
fn an_idle_face_wants_no_frame() {
    let mut face = Face::over(three());
    face.press("alt+2 { }")
        .types("x")
        .press("ctrl+c")
        .tick(60_000);
    assert_eq!(face.model.deadline(), None);
    let frames = face.frames;
    face.tick(3_600_000);
    assert_eq!(face.frames, frames);
}

#[test]
fn an_open_overlay_has_all_keys() {
    let mut face = Face::over(three());
    face.press("f1").asked();
    face.press("alt+1 ctrl+x m enter d r tab ctrl+x n q");
    assert_eq!(face.model.focus, Focus::Composer);
    assert_eq!(face.model.overlays.len(), 1);
    face.asks_nothing().holds("");
    // Paste is text where text is taken, else nothing.
    face.pastes("lost?").holds("");
    face.press("esc ctrl+x m")
        .pastes("gpt")
        .shows("openai/gpt-4o");
    face.press("tab").holds("");
    assert_eq!(face.model.overlays.len(), 1);
}

#[test]
fn a_store_that_cannot_be_used_says_so_and_any_key_leaves() {
    for key in ["x", "esc", "ctrl+c", "enter", "ctrl+x", "f1"] {
        let mut face = Face::over(three());
        face.types("draft")
            .news(News::Fatal(failure(
                "The database is from a newer salon",
                "Use that one.",
            )))
            .shows("The database is from a newer salon")
            .shows("Any key leaves")
            .press(key);
        assert!(face.has_left(), "{key}");
    }
    let mut face = Face::over(three());
    face.news(News::Fatal(failure("Gone", "")))
        .msg(Msg::Signal(Signal::Leave));
    assert!(face.has_left(), "a signal leaves too");
}

#[test]
fn a_prompt_goes_into_the_composer_and_is_remembered() {
    let mut world = three();
    let id = world.mint.id();
    world.library.prompts.push(PromptListed::unused(Prompt {
        id,
        version: 1,
        sheet: Sheet {
            title: "Summarise".into(),
            scenario: "writing".into(),
            description: "Shortens a text".into(),
            tags: Vec::new(),
            content: "Summarise this: ".into(),
            ..Sheet::default()
        },
        is_template: true,
        created_at: None,
        updated_at: None,
        trashed_at: None,
    }));
    Face::over(world)
        .types("before ")
        .press("alt+3 enter")
        .holds("before Summarise this: ")
        .sends("text")
        .asks(|c| {
            matches!(c, Command::Turn(Turn::Send { draft, .. }) if draft.prompt == Some((id, 1)))
        });
}

#[test]
fn a_leader_shows_what_follows_after_a_while_and_a_wrong_key_says_so() {
    let mut face = Face::over(three());
    face.press("ctrl+x").hides("A new conversation").tick(400);
    face.shows("A new conversation")
        .press("g")
        .says("no such key");
    assert!(face.model.pending.is_empty());
    // A paste ends a chord that was begun.
    face.press("ctrl+x").pastes("text").types("n");
    face.holds("textn");
}

#[test]
fn a_message_that_is_gone_takes_no_row_with_it() {
    let mut face = Face::over(long(20));
    face.resize(60, 20).press("alt+2 { {").draw();
    let ids: Vec<MessageId> = face.engine.messages.iter().map(|m| m.id).collect();
    for id in ids.into_iter().rev() {
        face.news(News::Changed(Row::MessageGone(id)));
        face.tick(50);
    }
    face.tick(2_000).draw();
}

#[test]
fn a_refusal_says_itself_where_it_was_asked() {
    let mut face = Face::over(three());
    face.refuses(failure("It is busy", "Try again."))
        .press("ctrl+x r")
        .shows("▲ It is busy");
    face.refuses(failure("No such conversation", ""))
        .press("alt+1 j enter")
        .says("No such conversation");
    assert_eq!(face.here(), face.engine.conversations[0].id);
}

#[test]
fn an_answer_nobody_asked_for_is_harmless() {
    let mut face = Face::over(three());
    let mint = face.engine.mint.clone();
    face.news(answer(Answer::Siblings(vec![mint.id()])));
    face.news(answer(Answer::Thinking {
        message: mint.id(),
        text: "x".into(),
    }));
    face.news(answer(Answer::Questions(Vec::new())));
    face.news(News::Turn {
        conversation: mint.id(),
        step: Step::Grew { text: "x".into() },
    });
    face.news(News::Changed(Row::ConversationGone(mint.id())));
    face.draw();
}

#[test]
fn a_new_conversation_has_the_model_of_the_settings() {
    let mut face = Face::new();
    let other: ModelRef = "lab/other".parse().unwrap();
    let set: ModelRef = "lab/set".parse().unwrap();
    face.model.set_model = Some(set.clone());
    face.types("hello").press("enter").grows("hi").completes();
    if let Some(open) = face.model.open.as_mut() {
        open.model = other.clone();
    }
    face.press("ctrl+x n");
    assert_eq!(face.model.new_model, set);
    face.model.set_model = None;
    face.types("again").press("enter").grows("hi").completes();
    if let Some(open) = face.model.open.as_mut() {
        open.model = other.clone();
    }
    face.press("ctrl+x n");
    assert_eq!(face.model.new_model, other);
}

#[test]
fn nothing_opens_by_itself_under_hands_that_have_gone_on() {
    let refusal =
        || failure("lab refused the key", "Set another with /key lab.").with_offer(Offer::SetKey);
    // Who waits is offered the field; left empty it forgets nothing.
    let mut face = Face::over(three());
    face.hold().sends("Hello");
    let asked = face.last_ask();
    let refuse = |face: &mut Face| {
        face.msg(Msg::Engine(Event {
            cause: Some(asked),
            news: News::Refused(refusal()),
        }));
    };
    refuse(&mut face);
    face.shows("Key of lab").asked();
    face.press("enter").hides("Key of lab");
    face.asks_no(|c| matches!(c, Command::Data(Data::Key(..))));
    // Who walks through the list goes on doing so.
    let mut face = Face::over(three());
    face.hold().sends("Hello").press("alt+1 j");
    refuse(&mut face);
    face.hides("Key of lab").shows("lab refused the key");
    assert_eq!(face.model.focus, Focus::List);
}
