//! What the composer does beside text: the queue, earlier questions, the stash, typed words, the palette.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on stops and says where"
)]

#[path = "support/stage/mod.rs"]
mod stage;

use salon::domain::conversation::Draft;
use salon::domain::failure::Offer;
use salon::domain::id::ConversationId;
use salon::domain::message::Status;
use salon::domain::model::{ModelRef, ModelSpec};
use salon::protocol::{Chat, Command, Data, Personas, To, Turn};
use salon::tui::model::Focus;
use salon::tui::msg::{Effect, Msg, Signal};
use stage::script::Script;
use stage::{Face, failure};

/// A world of two conversations, the first of them open.
fn two() -> Script {
    let mut world = Script::new();
    for (title, minutes) in [("Rust lifetimes", 5), ("SQL index tuning", 60)] {
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

/// Its reply to `q` has begun.
fn busy() -> Face {
    let mut face = Face::over(two());
    face.sends("q").grows("words").asked();
    face
}

fn queued(command: &Command) -> Option<&str> {
    match command {
        Command::Turn(Turn::SendQueued { draft, .. }) => Some(&draft.text),
        _ => None,
    }
}

fn is_sent(command: &Command) -> bool {
    matches!(
        command,
        Command::Turn(Turn::Send { .. } | Turn::SendQueued { .. })
    )
}

fn keeps(slot: i32, text: &str) -> impl Fn(&Command) -> bool {
    move |command| {
        matches!(command, Command::Chat(Chat::KeepDraft { slot: s, draft, .. })
            if *s == slot && draft.text == text)
    }
}

/// The slot and the text of a draft that is to be kept.
fn kept(command: &Command) -> Option<(i32, &str)> {
    match command {
        Command::Chat(Chat::KeepDraft { slot, draft, .. }) => Some((*slot, draft.text.as_str())),
        _ => None,
    }
}

/// What is on disk for a conversation, by slot.
fn on_disk(face: &Face, scope: Option<ConversationId>) -> Vec<(i32, String)> {
    let drafts = face.engine.drafts.iter();
    let here = drafts.filter(|((of, _), _)| *of == scope);
    here.map(|((_, slot), draft)| (*slot, draft.text.clone()))
        .collect()
}

fn disk(rows: &[(i32, &str)]) -> Vec<(i32, String)> {
    rows.iter()
        .map(|(n, text)| (*n, (*text).to_owned()))
        .collect()
}

/// The same store after a kill.
fn again(mut face: Face) -> Face {
    let mut engine = std::mem::replace(&mut face.engine, Script::new());
    engine.last = face.model.here();
    Face::over(engine)
}

// --- The queue (spec C4) ---

#[test]
fn messages_wait_for_the_reply_and_go_one_after_the_other() {
    let mut face = busy();
    face.sends("one").holds("").asks_no(is_sent);
    face.asks(keeps(1, "one"));
    face.sends("two").asks(keeps(2, "two"));
    face.shows("queued until").shows("1 one").shows("2 two");
    let here = face.here();
    face.completes().asks(|c| queued(c) == Some("one"));
    face.asks_no(is_sent).hides("1 one").shows("1 two");
    assert_eq!(on_disk(&face, Some(here)), disk(&[(2, "two")]));
    face.grows("more words").completes();
    face.asks(|c| queued(c) == Some("two")).hides("queued");
    face.grows("last words").completes().asks_no(is_sent);
    assert_eq!(on_disk(&face, Some(here)), disk(&[]));
}

#[test]
fn a_queued_message_goes_to_the_model_chosen_by_then() {
    let mut face = busy();
    face.sends("one").sends("/model lab/mistral");
    face.completes();
    let last = face.engine.messages.last().unwrap();
    assert_eq!(last.model, Some(ModelRef::new("lab", "mistral")));
}

#[test]
fn nothing_goes_after_a_stop_until_enter_says_so() {
    let mut face = busy();
    face.sends("one").sends("two").press("esc").asks_no(is_sent);
    face.shows("not sent: ⏎ when empty sends them");
    // A message typed meanwhile goes alone.
    face.sends("between")
        .asks(|c| matches!(c, Command::Turn(Turn::Send { .. })));
    face.grows("words").completes().asks_no(is_sent);
    face.press("enter").asks(|c| queued(c) == Some("one"));
    // From here on they wait for the reply again.
    face.grows("words").completes();
    face.asks(|c| queued(c) == Some("two"));
}

#[test]
fn nothing_goes_after_a_failure_a_cut_or_a_withdrawal() {
    for status in [Status::Failed, Status::Interrupted] {
        let mut face = busy();
        face.sends("one");
        let events = face
            .engine
            .end(face.here(), status, Some(failure("Cut", "")));
        face.hears(events).asks_no(is_sent).shows("not sent");
    }
    let mut face = Face::over(two());
    face.sends("q").sends("one");
    let events = face.engine.withdraw(face.here(), Some(failure("Full", "")));
    face.asked();
    face.hears(events).asks_no(is_sent);
    face.holds("q").shows("1 one").shows("not sent");
}

#[test]
fn the_last_one_is_taken_back_first_then_the_stash_then_earlier_questions() {
    let mut face = Face::over(two());
    face.types("aside")
        .press("ctrl+c")
        .sends("q")
        .grows("words");
    face.sends("one").sends("two").asked();
    face.press("up").holds("two").asks(keeps(0, "two"));
    face.asks(keeps(2, "")).shows("1 one").hides("2 two");
    face.press("ctrl+u up").holds("one").hides("queued");
    face.press("ctrl+u up").holds("aside");
    face.press("ctrl+u up").holds("q");
    face.press("up").holds("Tell me about SQL index tuning.");
    face.completes().asks_no(is_sent);
}

#[test]
fn it_goes_out_while_another_conversation_is_open() {
    let mut face = busy();
    let (first, other) = (face.here(), face.engine.conversations[1].id);
    face.sends("one").press("alt+1 j enter");
    assert_eq!(face.here(), other);
    face.hides("queued").types("words for the other").asked();
    let events = face.engine.complete(first);
    face.hears(events).asks(|c| queued(c) == Some("one"));
    assert_eq!(face.here(), other);
    face.holds("words for the other");
    assert_eq!(on_disk(&face, Some(first)), disk(&[]));
    face.press("alt+1 k enter").shows("one").hides("queued");
}

#[test]
fn after_a_kill_the_chips_are_there_and_wait_for_enter() {
    let mut face = busy();
    face.sends("one").sends("two").types("three").tick(1_000);
    let here = face.here();
    let on_its_way = face.engine.end(here, Status::Interrupted, None);
    drop(on_its_way);
    let mut face = again(face);
    face.shows("not sent")
        .shows("1 one")
        .shows("2 two")
        .holds("three");
    face.asks_no(is_sent).press("ctrl+u enter");
    face.asks(|c| queued(c) == Some("one")).tick(1_000);
    assert_eq!(on_disk(&face, Some(here)), disk(&[(2, "two")]));
    // Slots go on behind those of the start before.
    face.sends("four").asks(keeps(3, "four"));
}

#[test]
fn a_refused_one_stays_and_waits() {
    let mut face = busy();
    face.sends("one").refuses(failure("No key", "Set one."));
    face.completes().asks(|c| queued(c) == Some("one"));
    face.shows("No key").shows("1 one").shows("not sent");
    let here = face.here();
    assert_eq!(on_disk(&face, Some(here)), disk(&[(1, "one")]));
    face.press("enter")
        .asks(|c| queued(c) == Some("one"))
        .hides("No key");
}

#[test]
fn one_that_gets_no_word_is_in_the_composer_before_what_is_typed() {
    let mut face = busy();
    face.sends("one").sends("two").completes();
    face.types("typed").asked();
    let events = face.engine.withdraw(face.here(), Some(failure("Full", "")));
    face.hears(events).holds("one\n\ntyped").shows("1 two");
    face.shows("not sent").asks_no(is_sent);
}

#[test]
fn one_sent_elsewhere_is_not_sent_again() {
    let mut face = busy();
    face.sends("one").press("esc");
    let here = face.here();
    face.engine.drafts.remove(&(Some(here), 1));
    face.press("enter").shows("The queued message is gone");
    assert!(!face.engine.is_writing(here));
    face.shows("1 one").press("up").holds("one");
}

#[test]
fn what_waits_behind_a_first_message_outlives_its_conversation() {
    let mut world = two();
    world.last = None;
    let mut face = Face::over(world);
    face.sends("first").sends("one").sends("two");
    let gone = face.here();
    let events = face.engine.withdraw(gone, Some(failure("Full", "")));
    face.hears(events)
        .holds("first")
        .shows("1 one")
        .shows("not sent");
    assert_eq!(face.model.here(), None);
    assert_eq!(on_disk(&face, Some(gone)), disk(&[]));
    face.tick(1_000);
    assert_eq!(
        on_disk(&face, None),
        disk(&[(0, "first"), (1, "one"), (2, "two")])
    );
    // The next conversation takes them over.
    face.asked();
    face.press("enter")
        .asks(|c| matches!(c, Command::Turn(Turn::Send { to: To::New(_), .. })));
    let here = face.here();
    assert_eq!(on_disk(&face, Some(here)), disk(&[(1, "one"), (2, "two")]));
    face.grows("words")
        .completes()
        .asks_no(is_sent)
        .shows("1 one");
}

#[test]
fn the_queue_of_no_conversation_begins_one() {
    let mut world = two();
    world.last = None;
    world.drafts.insert((None, 1), Draft::of("one"));
    let mut face = Face::over(world);
    face.shows("1 one").press("enter");
    face.asks(|c| matches!(c, Command::Turn(Turn::SendQueued { to: To::New(_), .. })));
    let here = face.here();
    assert!(face.engine.is_writing(here));
    face.hides("1 one");
    assert_eq!(on_disk(&face, None), disk(&[]));
}

#[test]
fn leaving_sends_nothing() {
    let mut face = busy();
    face.sends("one").hold();
    face.msg(Msg::Signal(Signal::Leave)).asked();
    let events = face.engine.complete(face.here());
    face.hears(events).release().asks_no(is_sent);
}

#[test]
fn a_word_is_done_while_a_reply_runs_and_a_slash_waits_as_text() {
    let mut face = busy();
    face.sends("/help").shows("Help").press("esc");
    face.sends("//help").asks(keeps(1, "//help"));
    face.completes().asks(|c| queued(c) == Some("/help"));
}

#[test]
fn what_a_failure_offers_does_not_open_over_words_typed_since() {
    for (typed, stands, open) in [("", "q", 1), ("more", "q\n\nmore", 0)] {
        let mut face = Face::over(two());
        face.sends("q").types(typed);
        let too_long = failure("Too long", "").with_offer(Offer::PickModel);
        let events = face.engine.withdraw(face.here(), Some(too_long));
        face.hears(events).holds(stands).shows("Too long");
        assert_eq!(face.model.overlays.len(), open, "{typed:?} was typed");
    }
}

// --- Earlier questions (peers 5.4) ---

#[test]
fn earlier_questions_are_walked_and_what_stood_there_comes_back() {
    let mut face = Face::over(two());
    face.types("a draft").press("up");
    face.holds("Tell me about SQL index tuning.");
    face.press("up").holds("Tell me about Rust lifetimes.");
    face.press("up").says("your first question");
    face.press("down").holds("Tell me about SQL index tuning.");
    face.press("down")
        .holds("a draft")
        .press("down")
        .holds("a draft");
    // It was on disk all the while, and is not overwritten by a walk.
    let here = face.here();
    face.press("up").tick(2_000);
    assert_eq!(on_disk(&face, Some(here)), disk(&[(0, "a draft")]));
    again(face).holds("a draft");
}

#[test]
fn a_question_that_is_changed_is_the_draft_and_what_stood_there_is_put_aside() {
    let mut face = Face::over(two());
    face.types("a draft").press("up").types("!");
    face.holds("Tell me about SQL index tuning.!").tick(1_000);
    let here = face.here();
    let expected = [(-1, "a draft"), (0, "Tell me about SQL index tuning.!")];
    assert_eq!(on_disk(&face, Some(here)), disk(&expected));
    face.press("ctrl+u up").holds("a draft");
}

#[test]
fn a_question_is_sent_again_and_the_draft_is_put_aside() {
    let mut face = Face::over(two());
    face.types("a draft").press("up enter");
    face.asks(
        |c| matches!(c, Command::Turn(Turn::Send { draft, .. }) if draft.text.contains("SQL")),
    );
    face.holds("").press("up").holds("a draft");
}

#[test]
fn leaving_a_walk_keeps_the_draft_where_it_was() {
    let mut face = Face::over(two());
    face.types("a draft").press("up alt+1 j enter").holds("");
    face.press("alt+1 k enter").holds("a draft");
    face.press("up esc")
        .holds("a draft")
        .press("up ctrl+c")
        .holds("a draft");
}

#[test]
fn no_question_comes_twice_and_a_new_one_comes_first() {
    let mut world = two();
    let id = world.conversations[0].id;
    for text in ["same", "other", "same"] {
        world.asked(id, text);
    }
    let mut face = Face::over(world);
    face.press("up").holds("same").press("up").holds("other");
    face.press("up").holds("Tell me about SQL index tuning.");
    face.press("down down down").holds("");
    face.sends("other").grows("w").completes();
    face.press("up").holds("other").press("up").holds("same");
}

#[test]
fn many_questions_are_asked_for_as_they_are_walked() {
    let mut world = two();
    let id = world.conversations[0].id;
    for number in 0..250 {
        world.asked(id, &format!("Question {number}"));
    }
    let mut face = Face::over(world);
    for number in (0..250).rev() {
        face.press("up").holds(&format!("Question {number}"));
    }
    // Keys that were faster than the answer are not lost.
    let mut face = again(face);
    face.hold().press("up up up").holds("").release();
    face.holds("Question 247");
}

#[test]
fn a_text_of_many_rows_is_walked_by_rows_until_its_edge() {
    let mut face = Face::over(two());
    face.types("one\ntwo").press("up").holds("one\ntwo");
    face.press("up").holds("Tell me about SQL index tuning.");
    face.press("down").holds("one\ntwo");
}

#[test]
fn the_picker_finds_old_questions_by_their_words() {
    let mut world = two();
    let id = world.conversations[0].id;
    world.asked(id, "How do ferries cross?");
    for number in 0..250 {
        world.asked(id, &format!("Question {number}"));
    }
    let mut face = Face::over(world);
    face.types("a draft")
        .press("ctrl+r")
        .shows("Your questions");
    face.shows("Question 249").hides("ferries");
    face.types("ferr")
        .shows("How do ferries cross?")
        .press("enter");
    face.holds("How do ferries cross?").tick(1_000);
    let here = face.here();
    let expected = [(-1, "a draft"), (0, "How do ferries cross?")];
    assert_eq!(on_disk(&face, Some(here)), disk(&expected));
    face.press("ctrl+c")
        .sends("/history")
        .shows("Your questions");
}

#[test]
fn an_earlier_question_that_comes_late_does_not_replace_what_was_typed() {
    let mut face = Face::over(two());
    face.hold().press("up").types("new words").release();
    face.holds("new words");
    // It is known now, and comes when it is wanted.
    face.press("up").holds("Tell me about SQL index tuning.");
    face.press("down").holds("new words");
}

#[test]
fn a_question_chosen_while_the_list_has_the_keys_is_written_on_at_once() {
    let mut face = Face::over(two());
    face.press("alt+1 ctrl+p").types("chat.history");
    face.press("enter").shows("Your questions").press("enter");
    assert_eq!(face.model.focus, Focus::Composer);
    face.types("!").holds("Tell me about SQL index tuning.!");
}

// --- What is written stays ---

#[test]
fn a_new_conversation_asked_for_twice_keeps_its_words() {
    let mut world = two();
    world.last = None;
    let mut face = Face::over(world);
    face.types("aside").press("ctrl+c").types("a draft");
    face.press("ctrl+x n").holds("a draft").tick(1_000);
    let expected = [(-1, "aside"), (0, "a draft")];
    assert_eq!(on_disk(&face, None), disk(&expected));
    // By its word too, which takes the place of a draft.
    face.press("ctrl+u").sends("/new").holds("").tick(1_000);
    assert_eq!(on_disk(&face, None), disk(&[(-1, "aside")]));
    face.press("up").holds("aside");
}

#[test]
fn instructions_that_were_left_are_there_when_their_form_is_opened_again() {
    let mut face = Face::over(two());
    face.sends("/system").types("Answer briefly").press("esc");
    face.says("not kept").hides("Answer briefly");
    // Another conversation has its own.
    face.press("alt+1 j enter").sends("/system");
    assert_eq!(face.model.overlays.len(), 1);
    face.hides("Answer briefly").press("esc");
    face.press("alt+1 k enter").sends("/system");
    face.shows("Answer briefly").press("enter");
    face.asks(
        |c| matches!(c, Command::Chat(Chat::SetSystem { text, .. }) if text == "Answer briefly"),
    );
}

#[test]
fn keys_typed_before_anything_is_known_overwrite_no_draft() {
    let mut world = two();
    world.last = None;
    world.drafts.insert((None, 0), Draft::of("kept"));
    let mut face = Face::cold(world);
    face.hold().start().types("early").tick(2_000);
    face.asks_no(|c| kept(c).is_some());
    assert_eq!(on_disk(&face, None), disk(&[(0, "kept")]));
    face.release().holds("kept\n\nearly").tick(1_000);
    face.asks(keeps(0, "kept\n\nearly"));
}

#[test]
fn no_slot_is_overwritten_before_the_next_one_has_its_draft() {
    let mut face = Face::over(two());
    face.types("one").press("ctrl+c");
    face.types("two").press("ctrl+c");
    face.types("three").tick(1_000).asked();
    face.press("ctrl+c");
    let asked = face.asked();
    let told: Vec<(i32, &str)> = asked.iter().filter_map(kept).collect();
    assert_eq!(told, [(-3, "one"), (-2, "two"), (-1, "three"), (0, "")]);
}

// --- The stash by word ---

#[test]
fn a_draft_is_put_aside_by_a_word_before_it() {
    let mut face = Face::over(two());
    face.types("a draft\nof two lines").press("alt+<");
    face.types("/stash ")
        .press("enter")
        .holds("")
        .says("draft kept");
    face.asks(keeps(-1, "a draft\nof two lines"));
    face.press("up").holds("a draft\nof two lines");
    // Alone there is nothing to put aside.
    face.press("ctrl+c")
        .sends("/stash")
        .says("nothing to put aside");
    face.holds("").asks_no(is_sent);
}

#[test]
fn interrupting_stops_then_puts_aside_then_asks_before_it_quits() {
    let mut face = busy();
    face.types("a draft").press("ctrl+c");
    face.asks(|c| matches!(c, Command::Turn(Turn::Cancel { .. })))
        .holds("a draft");
    face.press("ctrl+c").holds("").says("draft kept");
    face.press("ctrl+c").says("again to quit");
    assert!(!face.has_left());
    face.press("ctrl+c").asks(|c| *c == Command::Stop);
}

// --- Long texts, and lines that go on ---

#[test]
fn in_a_long_text_enter_is_a_line_and_its_key_sends() {
    let mut face = Face::over(two());
    face.press("f4").says("^J sends, ⏎ starts a new line");
    face.tick(6_000).shows("^J send").shows("⏎ newline");
    face.types("one")
        .press("enter")
        .types("two")
        .holds("one\ntwo");
    face.asks_no(is_sent).press("alt+enter");
    face.asks(|c| matches!(c, Command::Turn(Turn::Send { draft, .. }) if draft.text == "one\ntwo"));
    face.grows("words")
        .shows("^J queue")
        .types("three")
        .press("ctrl+j");
    face.asks(keeps(1, "three"));
    // A word is done by Enter as ever, and leads back.
    face.types("/compose").press("enter").tick(6_000);
    face.shows("⏎ queue");
    face.press("esc").types("a").press("ctrl+j").holds("a\n");
}

#[test]
fn a_backslash_at_the_end_goes_on_below_and_two_are_meant() {
    let mut face = Face::over(two());
    face.sends("one\\").holds("one\n").asks_no(is_sent);
    face.sends("two\\\\");
    face.asks(
        |c| matches!(c, Command::Turn(Turn::Send { draft, .. }) if draft.text == "one\ntwo\\\\"),
    );
    let mut face = Face::over(two());
    face.types("a\\").press("left").press("enter");
    face.asks(|c| matches!(c, Command::Turn(Turn::Send { draft, .. }) if draft.text == "a\\"));
}

// --- Typed words ---

#[test]
fn the_menu_narrows_completes_and_does() {
    let mut face = Face::over(two());
    face.types("/").shows("/model").types("pan").shows("/panes");
    face.hides("/model").press("enter").holds("/panes");
    assert!(!face.model.is_alone);
    face.press("enter").holds("");
    assert!(face.model.is_alone);
    // Tab completes, the arrows choose, Enter does what was chosen.
    face.types("/hel")
        .press("tab")
        .holds("/help")
        .press("ctrl+u");
    face.types("/re").press("down up down").press("enter");
    face.holds("").says("").hides("there is no");
}

#[test]
fn esc_closes_the_menu_and_a_slash_can_be_meant() {
    let mut face = Face::over(two());
    face.types("/mod")
        .shows("/model ")
        .press("esc")
        .holds("/mod");
    face.hides("Use another model")
        .types("e")
        .hides("Use another model");
    face.press("enter")
        .says("there is no /mode")
        .asks_no(is_sent);
    face.press("ctrl+u")
        .types("/mod")
        .shows("Use another model");
    face.press("ctrl+u")
        .types("//mod")
        .hides("Use another model");
    face.press("enter");
    face.asks(|c| matches!(c, Command::Turn(Turn::Send { draft, .. }) if draft.text == "/mod"));
    // A path of many lines is no word.
    let mut face = Face::over(two());
    face.types("/etc\nx").hides("▌/");
}

#[test]
fn what_follows_a_word_is_completed_where_it_is_known() {
    let mut world = two();
    world.persona("Ann", "friend");
    world.persona("Anton", "colleague");
    let mut face = Face::over(world);
    face.types("/model mis").shows("lab/mistral").press("tab");
    face.holds("/model lab/mistral").press("enter");
    face.asks(
        |c| matches!(c, Command::Chat(Chat::SwitchModel { model, .. }) if model.name == "mistral"),
    );
    face.types("/persona an").shows("Ann").shows("Anton");
    face.press("down down enter").holds("");
    face.asks(|c| matches!(c, Command::Personas(Personas::Find { name }) if name == "Anton" || name == "Ann"));
    face.types("/key ope")
        .shows("openai")
        .press("tab enter")
        .shows("openai");
    assert_eq!(face.model.overlays.len(), 1);
}

#[test]
fn a_key_behind_its_word_goes_to_the_engine_and_into_no_draft() {
    let mut face = Face::over(two());
    for piece in ["/key", " ", "openai", " ", "sk-1", "23"] {
        face.types(piece).tick(1_000);
    }
    face.press("enter").holds("").tick(1_000);
    assert!(face.model.overlays.is_empty(), "nothing more is asked");
    // Nor when it is put aside, or another conversation is opened.
    face.types("/key openai sk-123").press("ctrl+c").tick(1_000);
    face.types("/key openai sk-123").press("alt+1 j enter");
    let asked = face.asked();
    let is_given = |c: &Command| {
        matches!(c, Command::Data(Data::Key(provider, Some(key)))
            if provider == "openai" && key.expose() == "sk-123")
    };
    assert_eq!(asked.iter().filter(|c| is_given(c)).count(), 1);
    let told: Vec<(i32, &str)> = asked.iter().filter_map(kept).collect();
    assert!(told.contains(&(0, "/key")), "words are kept: {told:?}");
    assert!(
        told.iter().all(|(_, text)| !text.contains("sk-1")),
        "{told:?}"
    );
}

#[test]
fn models_are_asked_for_when_a_word_wants_them() {
    let mut face = Face::over(two());
    face.types("/model")
        .asks_no(|c| matches!(c, Command::Data(Data::Models { .. })));
    face.types(" ")
        .asks(|c| matches!(c, Command::Data(Data::Models { refresh: false })));
    face.shows("openai/gpt-4o");
}

// --- The user's own editor ---

#[test]
fn the_draft_goes_out_and_what_came_meanwhile_is_not_lost() {
    let mut face = Face::over(two());
    face.types("mine").press("ctrl+g");
    assert_eq!(face.effects, [Effect::Edit("mine".to_owned())]);
    face.msg(Msg::Edited(Ok("mine and more\n".to_owned())));
    face.holds("mine and more").tick(1_000);
    let here = face.here();
    assert_eq!(on_disk(&face, Some(here)), disk(&[(0, "mine and more")]));
    // A message that is taken back while the editor has the next one.
    face.press("enter").types("next").press("ctrl+x e");
    let events = face.engine.withdraw(face.here(), None);
    face.hears(events).holds("mine and more\n\nnext");
    face.msg(Msg::Edited(Ok("next, edited\n".to_owned())));
    face.holds("next, edited")
        .press("ctrl+u up")
        .holds("mine and more\n\nnext");
}

#[test]
fn an_editor_that_changes_nothing_or_fails_leaves_the_draft_as_it_was() {
    let mut face = Face::over(two());
    face.pastes(&"a line\n".repeat(30)).shows("[pasted 30");
    face.press("ctrl+g");
    face.msg(Msg::Edited(Ok("a line\n".repeat(30) + "\n")));
    face.shows("[pasted 30").press("ctrl+x ctrl+e");
    face.msg(Msg::Edited(Err(failure("The editor failed", ""))));
    face.shows("[pasted 30").says("The editor failed");
    face.press("ctrl+g")
        .msg(Msg::Edited(Ok("a word".to_owned())));
    face.holds("a word").hides("[pasted");
}

#[test]
fn a_list_in_hand_gives_the_editor_the_draft_and_not_its_filter() {
    let mut face = Face::over(two());
    face.types("mine")
        .press("alt+1 /")
        .types("sql")
        .press("ctrl+x e");
    assert_eq!(face.effects, [Effect::Edit("mine".to_owned())]);
}

// --- Long pastes ---

#[test]
fn a_long_paste_is_a_chip_that_is_sent_and_kept_in_full() {
    let long = "a line of it\n".repeat(21);
    let mut face = Face::over(two());
    face.types("See: ").pastes(&long).types("!");
    face.shows("See: [pasted 21 lines, 273 characters]!");
    face.tick(1_000);
    let (here, text) = (face.here(), format!("See: {long}!"));
    assert_eq!(on_disk(&face, Some(here)), disk(&[(0, &text)]));
    face.press("enter");
    face.asks(|c| matches!(c, Command::Turn(Turn::Send { draft, .. }) if draft.text == text));
}

#[test]
fn a_chip_is_shown_in_full_by_tab_and_from_the_palette() {
    let long = "x".repeat(2_001);
    for road in ["tab", "ctrl+p"] {
        let mut face = Face::over(two());
        face.pastes(&long).shows("[pasted 2,001 characters]");
        face.press(road);
        if road == "ctrl+p" {
            face.types("chat.expand").press("enter");
        }
        face.hides("[pasted").holds(&long);
        assert_eq!(face.model.focus, Focus::Composer);
        // Without one Tab goes on to the next pane.
        face.press("tab");
        assert_ne!(face.model.focus, Focus::Composer);
    }
    Face::over(two())
        .pastes(&"x".repeat(2_000))
        .hides("[pasted");
}

#[test]
fn a_word_before_pasted_lines_that_it_cannot_take_sends_nothing() {
    let long = "a line of it\n".repeat(21);
    let mut face = Face::over(two());
    face.types("/system ").pastes(&long);
    face.shows("/system [pasted 21 lines").press("enter");
    face.says("cannot follow this word").asks_no(is_sent);
    face.holds(&format!("/system {long}"));
    face.shows("/system [pasted 21 lines");
}
