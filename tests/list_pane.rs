//! The list of conversations as it is used: every action by key and by word, marks and ranges, archive, order, filter,
//! what cannot be undone, replies that go on elsewhere.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    clippy::print_stdout,
    reason = "a test that cannot go on stops and says where; tables are long"
)]

#[path = "support/stage/mod.rs"]
mod stage;

use salon::domain::conversation::Draft;
use salon::domain::id::ConversationId;
use salon::domain::message::Status;
use salon::domain::when::Millis;
use salon::protocol::{Act, Command, Data, Event, News, Order, Row, Shelf, Turn, Which};
use salon::tui::model::Focus;
use salon::tui::msg::Msg;
use salon::tui::pane::list::View;
use stage::script::Script;
use stage::{Face, failure};

/// Five conversations, newest activity first, the first of them open.
fn five() -> Script {
    let mut world = Script::new();
    for (title, minutes) in [
        ("Rust lifetimes", 5),
        ("SQL index tuning", 60),
        ("Release notes", 180),
        ("Sourdough", 300),
        ("Tax return", 600),
    ] {
        let id = world.conversation(title, "lab/llama", minutes);
        world.asked(id, &format!("Tell me about {title}."));
        world.replied(id, &format!("{title}: a short answer."));
    }
    world.model = "lab/llama".parse().unwrap();
    world.last = Some(world.conversations[0].id);
    world
}

/// So many conversations, one a minute.
fn many(count: i64) -> Script {
    let mut world = Script::new();
    for n in 0..count {
        world.conversation(&format!("Number {n}"), "lab/llama", n);
    }
    world
}

fn ids(face: &Face) -> Vec<ConversationId> {
    face.engine.conversations.iter().map(|c| c.id).collect()
}

fn titles(face: &Face) -> Vec<&str> {
    let rows = face.model.list.rows.iter();
    rows.map(|row| row.conversation.title.as_str()).collect()
}

fn is_list(command: &Command) -> bool {
    matches!(command, Command::Shelf(Shelf::List { .. }))
}

/// Whether it counts the archive.
fn is_count(command: &Command) -> bool {
    matches!(command, Command::Shelf(Shelf::List { query, .. }) if query.is_archive)
}

fn is(shelf: Shelf) -> impl Fn(&Command) -> bool {
    let wanted = Command::Shelf(shelf);
    move |command| *command == wanted
}

/// The title of the selected row.
fn selected(face: &Face) -> &str {
    let row = face.model.list.current_row().expect("no row is selected");
    &row.conversation.title
}

// --- Actions by key, by word, on marks ---

/// An action, its key in the list, its word, and what it asks for these conversations.
type Case = (
    &'static str,
    &'static str,
    fn(&Face, Vec<ConversationId>) -> Shelf,
);

const CASES: &[Case] = &[
    ("a", "/archive", |_, ids| Shelf::Archive {
        ids,
        is_archived: true,
    }),
    ("p", "/pin", |_, ids| Shelf::Pin {
        ids,
        is_pinned: true,
    }),
    ("d", "/trash", |_, ids| Shelf::Apply {
        ids,
        act: Act::Trash,
    }),
];

#[test]
fn each_action_is_done_by_key_to_the_selected_row_and_by_word_to_the_open_one() {
    for (key, word, shelf) in CASES {
        println!("{key} {word}");
        let mut face = Face::over(five());
        let all = ids(&face);
        face.press(&format!("alt+1 j {key}"));
        let wanted = shelf(&face, vec![all[1]]);
        face.asks(is(wanted)).says("u undoes it");
        // The row comes back where it was, and the selection stands on it.
        face.press("u");
        assert_eq!(selected(&face), "SQL index tuning", "{key}");
        assert_eq!(titles(&face)[1], "SQL index tuning", "{key}");
        assert_eq!(face.model.list.total, 5, "{key}");

        let mut face = Face::over(five());
        let all = ids(&face);
        face.press("alt+1 j").press("esc").sends(word);
        let wanted = shelf(&face, vec![all[0]]);
        face.asks(is(wanted)).says("^X u undoes it");
        face.sends("/undo");
        assert_eq!(titles(&face)[0], "Rust lifetimes", "{word}");
    }
}

#[test]
fn marked_rows_are_one_command_and_one_undo_wherever_the_focus_is() {
    for (key, word, shelf) in CASES {
        for by_word in [false, true] {
            println!("{key} {word} {by_word}");
            let mut face = Face::over(five());
            let all = ids(&face);
            face.press("alt+1 j space j space")
                .shows("2 marked")
                .asked();
            if by_word {
                face.press("i").sends(word);
            } else {
                face.press(key);
            }
            let wanted = shelf(&face, vec![all[1], all[3]]);
            face.asks(is(wanted)).says("2 conversations");
            face.press("ctrl+x u");
            let back = titles(&face);
            let first = [
                "Rust lifetimes",
                "SQL index tuning",
                "Release notes",
                "Sourdough",
                "Tax return",
            ];
            assert_eq!(back, first, "{key}");
            assert_eq!(face.model.list.total, 5);
        }
    }
}

#[test]
fn what_leaves_the_list_leaves_the_marks() {
    let mut face = Face::over(five());
    face.press("alt+1 space space").shows("2 marked").press("a");
    face.hides("marked");
    assert!(face.model.list.marks.is_empty());
    // Pinned ones stay, and so do their marks.
    face.press("space j space").press("p").shows("2 marked");
    assert_eq!(
        titles(&face),
        ["Release notes", "Tax return", "Sourdough"],
        "pinned ones stand first"
    );
    // One that another salon removes takes its mark with it.
    let gone = face.model.list.rows[0].conversation.id;
    face.news(News::Changed(Row::ConversationGone(gone)));
    face.shows("1 marked");
}

#[test]
fn a_pin_is_toggled_and_an_archived_one_comes_out_again() {
    let mut face = Face::over(five());
    let all = ids(&face);
    face.press("alt+1 G p").shows("▴ Tax return");
    assert_eq!(titles(&face)[0], "Tax return");
    face.press("p").asks(is(Shelf::Pin {
        ids: vec![all[4]],
        is_pinned: false,
    }));
    assert_eq!(titles(&face)[4], "Tax return");
    face.press("a A").shows("Tax return").asked();
    assert_eq!(
        (face.model.list.view, titles(&face).len()),
        (View::Archive, 1)
    );
    face.press("a").asks(is(Shelf::Archive {
        ids: vec![all[4]],
        is_archived: false,
    }));
    face.shows("the archive is empty").press("A");
    assert_eq!(titles(&face)[4], "Tax return");
}

#[test]
fn tags_are_written_on_one_line_and_only_what_changed_is_sent() {
    let mut world = five();
    world.conversations[0].tags = vec!["notes".into(), "rust".into()];
    let mut face = Face::over(world);
    let all = ids(&face);
    face.press("alt+1 #").shows("Tags, with blanks between");
    face.shows("notes rust")
        .press("ctrl+w")
        .types("#work  work, WORK");
    face.press("enter").asks(is(Shelf::Tag {
        ids: vec![all[0]],
        add: vec!["work".into()],
        remove: vec!["rust".into()],
    }));
    let tags = |face: &Face| face.model.list.rows[0].conversation.tags.join(" ");
    assert_eq!(tags(&face), "notes work");
    face.shows("#notes").press("u");
    assert_eq!(tags(&face), "notes rust");
    // The same again asks nothing.
    face.asked();
    face.press("# enter")
        .says("the same as before")
        .asks_nothing();
    // By word, without a form.
    face.press("i").sends("/tags notes, rust").says("the same");
    face.sends("/tags only").asks(is(Shelf::Tag {
        ids: vec![all[0]],
        add: vec!["only".into()],
        remove: vec!["notes".into(), "rust".into()],
    }));
}

#[test]
fn tags_of_several_are_those_they_share() {
    let mut world = five();
    world.conversations[0].tags = vec!["Shared".into(), "one".into()];
    world.conversations[1].tags = vec!["shared".into(), "two".into()];
    let mut face = Face::over(world);
    let all = ids(&face);
    face.press("alt+1 space space #")
        .shows("all that are marked");
    face.types(" new").press("enter").asks(is(Shelf::Tag {
        ids: vec![all[0], all[1]],
        add: vec!["new".into()],
        remove: Vec::new(),
    }));
    // Both keep their own.
    assert_eq!(face.engine.conversations[0].tags, ["Shared", "new", "one"]);
}

#[test]
fn a_title_that_is_refused_stands_in_its_form_again() {
    let too_long = || failure("The title is too long", "Give a shorter one.");
    for by_word in [false, true] {
        let mut face = Face::over(five());
        let first = ids(&face)[0];
        let rename = || {
            is(Shelf::Rename {
                conversation: first,
                title: "Borrowing".into(),
            })
        };
        if by_word {
            face.types("/rename Borrowing");
        } else {
            face.press("alt+1 r ctrl+u").types("Borrowing");
        }
        face.refuses(too_long()).press("enter");
        face.asks(rename()).says("The title is too long");
        face.shows("Rename the conversation").shows("Borrowing");
        assert_eq!(titles(&face)[0], "Rust lifetimes");
        face.press("enter").asks(rename());
        assert!(face.model.overlays.is_empty());
        assert_eq!(titles(&face)[0], "Borrowing");
    }
}

#[test]
fn tags_that_are_refused_stand_in_their_form_again_and_are_for_the_same_rows() {
    let mut face = Face::over(five());
    let all = ids(&face);
    let tag = || {
        is(Shelf::Tag {
            ids: vec![all[1], all[2]],
            add: vec!["work".into(), "rust".into()],
            remove: Vec::new(),
        })
    };
    face.press("alt+1 j space space #").types("#work rust");
    face.refuses(failure("The disk is full", "Make room."))
        .press("enter");
    face.asks(tag()).says("The disk is full");
    face.shows("Tags of all that are marked").shows("work rust");
    face.press("enter").asks(tag());
    assert!(face.model.overlays.is_empty());
    assert_eq!(face.engine.conversations[1].tags, ["rust", "work"]);
}

#[test]
fn an_undo_that_is_refused_can_be_asked_for_again() {
    let mut face = Face::over(five());
    let second = ids(&face)[1];
    let restore = || {
        is(Shelf::Apply {
            ids: vec![second],
            act: Act::Restore,
        })
    };
    face.press("alt+1 j d").asked();
    face.refuses(failure("The disk is full", "Make room."))
        .press("u");
    face.asks(restore()).says("The disk is full");
    assert_eq!(titles(&face).len(), 4);
    face.press("u").asks(restore());
    assert_eq!(titles(&face)[1], "SQL index tuning");
}

#[test]
fn an_undo_waits_for_the_change_that_is_under_way() {
    for keys in ["d", "r enter", "# x enter"] {
        println!("{keys}");
        let mut face = Face::over(five());
        face.press("alt+1 j").hold().press(keys).asked();
        face.press("u").says("one moment").asks_nothing();
        // Once it is done, there is something to undo.
        face.release().press("u");
        face.asks(|c| matches!(c, Command::Shelf(_)) && !is_list(c));
        assert_eq!(titles(&face)[1], "SQL index tuning", "{keys}");
        assert!(face.model.list.rows[1].conversation.tags.is_empty());
    }
}

#[test]
fn what_comes_back_shows_again_that_words_wait_in_it() {
    for keys in ["d", "a"] {
        let mut world = five();
        let second = world.conversations[1].id;
        world
            .drafts
            .insert((Some(second), 0), Draft::of("for later"));
        let mut face = Face::over(world);
        face.press("alt+1 j").shows("✎").press(keys).hides("✎");
        face.press("u").shows("✎");
    }
}

#[test]
fn a_word_that_cannot_be_a_tag_is_said_and_nothing_written_is_lost() {
    let mut face = Face::over(five());
    let long = "x".repeat(61);
    face.press("alt+1 #").types(&format!("fine {long}"));
    face.asked();
    face.press("enter").says("61 characters").asks_nothing();
    face.shows("fine xxx").press("esc i");
    face.sends(&format!("/tags {long}")).says("61 characters");
    face.holds(&format!("/tags {long}"));
}

#[test]
fn a_copy_is_made_and_selected() {
    for word in [false, true] {
        let mut face = Face::over(five());
        let original = ids(&face)[0];
        if word {
            face.sends("/duplicate");
        } else {
            face.press("alt+1 c");
        }
        face.asks(
            |c| matches!(c, Command::Shelf(Shelf::Duplicate { conversation, .. }) if *conversation == original),
        );
        face.press("alt+1");
        assert_eq!(face.model.list.rows.len(), 6);
        face.shows("Rust lifetimes copy").says("undoes it");
    }
    let mut face = Face::over(five());
    face.press("alt+1 j c");
    assert_eq!(selected(&face), "SQL index tuning copy");
    face.press("u");
    assert_eq!(face.model.list.rows.len(), 5);
}

#[test]
fn a_name_and_a_copy_are_for_one_at_a_time() {
    let mut face = Face::over(five());
    face.press("alt+1 space space").asked();
    face.press("r").says("rename one at a time");
    face.press("c").says("copy one at a time");
    face.press("i")
        .sends("/rename Other")
        .says("rename one at a time");
    face.holds("/rename Other")
        .asks_no(|c| !matches!(c, Command::Chat(_)));
    // A single mark is as good as the selection.
    let mut face = Face::over(five());
    let second = ids(&face)[1];
    face.press("alt+1 j space i").sends("/rename Indices");
    face.asks(is(Shelf::Rename {
        conversation: second,
        title: "Indices".into(),
    }));
}

#[test]
fn where_there_is_nothing_to_act_on_it_is_said() {
    for (word, verb) in [
        ("/pin", "pin"),
        ("/archive", "archive"),
        ("/tags", "tag"),
        ("/tags x", "tag"),
        ("/duplicate", "copy"),
        ("/restore", "restore"),
    ] {
        let mut face = Face::new();
        face.asked();
        face.sends(word)
            .says(&format!("no conversation to {verb} yet"));
        face.asks_no(|c| !matches!(c, Command::Chat(_)));
    }
    Face::new().sends("/purge").says("/trashed shows it");
    Face::new().sends("/empty-trash").says("the trash is empty");
}

#[test]
fn what_is_in_the_trash_is_not_pinned_or_archived() {
    let mut face = Face::over(five());
    face.press("alt+1 d T").asked();
    face.press("p").says("take it out first").press("a");
    face.says("take it out first").asks_nothing();
}

#[test]
fn several_with_a_running_reply_are_trashed_after_one_question() {
    let mut face = Face::over(five());
    let all = ids(&face);
    face.sends("q").grows("words").press("alt+1 space space d");
    face.shows("A reply is being written there.").press("y");
    face.asks(
        |c| matches!(c, Command::Turn(Turn::Cancel { conversation }) if *conversation == all[0]),
    );
    face.asks(is(Shelf::Apply {
        ids: vec![all[0], all[1]],
        act: Act::Trash,
    }));
}

// --- Marks and ranges ---

#[test]
fn space_marks_and_goes_on_and_again_takes_the_mark_away() {
    let mut face = Face::over(five());
    face.press("alt+1 space").shows("1 marked").shows("✓");
    assert_eq!(selected(&face), "SQL index tuning");
    face.press("k space").hides("marked").hides("✓");
}

#[test]
fn a_range_follows_the_selection_until_it_ends() {
    for end in ["v", "space"] {
        let mut face = Face::over(five());
        face.press("alt+1 j v").shows("1 marked");
        face.press("j j")
            .shows("3 marked")
            .press("k")
            .shows("2 marked");
        face.press(end);
        assert_eq!(selected(&face), "Release notes", "{end} does not move");
        face.press("j j").shows("2 marked");
        // A second one adds to the first, and reaches upwards too.
        face.press("v k").shows("4 marked");
        // An action ends it.
        face.press("p").press("g").shows("4 marked");
    }
}

#[test]
fn esc_takes_the_marks_first_then_the_filter_then_goes_back() {
    let mut face = Face::over(five());
    face.press("alt+1 /").types("s").press("down").press("esc");
    assert_eq!(face.model.list.filter.text(), "");
    face.press("/").types("s").press("down").press("space");
    // In the filter a blank is text; the marks are made after leaving it.
    assert_eq!(face.model.list.filter.text(), "s ");
    face.press("esc v j v").shows("2 marked").press("esc");
    face.hides("marked");
    assert_eq!(face.model.focus, Focus::List);
    face.press("esc");
    assert_eq!(face.model.focus, Focus::Composer);
}

#[test]
fn marks_do_not_hold_back_the_stop_of_a_reply_elsewhere() {
    let mut face = Face::over(five());
    face.press("alt+1 space i")
        .sends("q")
        .grows("words")
        .press("esc");
    face.asks(|c| matches!(c, Command::Turn(Turn::Cancel { .. })));
    face.press("alt+1").shows("1 marked");
}

#[test]
fn marks_survive_further_pages_and_moves_and_not_another_view() {
    let mut face = Face::over(many(150));
    face.press("alt+1 space").press("G").press("G");
    assert!(face.model.list.rows.len() > 60);
    face.shows("1 marked");
    let mut moved = face.engine.conversations[0].clone();
    moved.active_at = Millis(moved.active_at.0 + 60_000);
    moved.title = "Moved".into();
    face.news(News::Changed(Row::Conversation(moved)));
    face.shows("1 marked").press("T").hides("marked");
    face.press("T").hides("marked");
    // A filter keeps the marks of what it shows.
    let mut face = Face::over(five());
    face.press("alt+1 space space /")
        .types("rust")
        .shows("1 marked");
}

#[test]
fn a_persona_under_the_selection_is_left_alone_while_rows_are_marked() {
    let mut world = five();
    world.persona("Anna", "friend");
    let mut face = Face::over(world);
    let first = ids(&face)[0];
    face.press("alt+1 space g right j").asked();
    face.press("d").asks(is(Shelf::Apply {
        ids: vec![first],
        act: Act::Trash,
    }));
    face.press("c").asks(|c| matches!(c, Command::Personas(_)));
}

#[test]
fn a_mark_goes_with_its_row_when_that_moves_beyond_what_is_loaded() {
    let mut world = many(150);
    let at = world.mint.now();
    world.conversations[120].pinned_at = Some(at);
    let mut face = Face::over(world);
    let first = ids(&face)[0];
    face.press("alt+1 g space").shows("1 marked").press("p");
    assert!(!titles(&face).contains(&"Number 120"));
    face.hides("marked").asked();
    // Nothing is said to be marked: the selected one is meant.
    assert_eq!(selected(&face), "Number 0");
    face.press("d").asks(is(Shelf::Apply {
        ids: vec![first],
        act: Act::Trash,
    }));
}

#[test]
fn a_mark_goes_with_its_row_when_the_persona_above_it_is_folded() {
    let mut world = many(150);
    let anna = world.persona("Anna", "friend");
    world.conversations[140].persona = Some(anna);
    let mut face = Face::over(world);
    let all = ids(&face);
    face.press("alt+1 g right j right j space")
        .shows("1 marked");
    assert!(face.model.list.marks.has(all[140]));
    face.press("k left").hides("marked").press("j").asked();
    assert_eq!(selected(&face), "Number 0");
    face.press("d").asks(is(Shelf::Apply {
        ids: vec![all[0]],
        act: Act::Trash,
    }));
}

#[test]
fn the_selection_stays_on_its_row_when_one_above_it_is_removed() {
    let mut face = Face::over(five());
    let second = ids(&face)[1];
    face.press("alt+1 j j j");
    assert_eq!(selected(&face), "Sourdough");
    face.news(News::Changed(Row::ConversationGone(second)));
    assert_eq!((selected(&face), face.model.list.total), ("Sourdough", 4));
}

#[test]
fn another_order_asks_for_as_many_rows_as_are_loaded_and_marks_far_down_stay() {
    let mut face = Face::over(many(150));
    face.press("alt+1 G G");
    let at = face.model.list.selected;
    assert!(at >= 60, "{at}");
    let far = face.model.list.rows[at].conversation.id;
    face.press("space").shows("1 marked").asked();
    let loaded = u32::try_from(face.model.list.rows.len()).unwrap();
    face.press("o").asks(|c| {
        matches!(c, Command::Shelf(Shelf::List { query, after: None, offset: 0, limit })
            if query.order == Order::Created && *limit == Some(loaded))
    });
    face.shows("1 marked");
    assert!(face.model.list.marks.has(far));
    // Another view begins with one page.
    face.press("T").asks(|c| {
        matches!(c, Command::Shelf(Shelf::List { query, limit: Some(60), .. })
            if query.which == Which::Trashed)
    });
}

// --- Archive, trash, order ---

#[test]
fn the_archive_stands_at_the_end_of_the_list_and_opens_like_a_group() {
    let mut world = five();
    let at = world.mint.now();
    world.conversations[3].archived_at = Some(at);
    world.conversations[4].archived_at = Some(at);
    for (into, out) in [("enter", "left"), ("right", "A"), ("l", "h")] {
        let mut face = Face::over(five());
        face.hides("Archive");
        let mut again = five();
        again.conversations[3].archived_at = Some(at);
        again.conversations[4].archived_at = Some(at);
        let mut face = Face::over(again);
        face.shows("▸ Archive").press("alt+1 G");
        assert!(face.model.list.is_on_archive());
        // Nothing of the list happens to a line that is no conversation.
        face.asked();
        face.press("d a p space").asks_nothing();
        face.press(into);
        assert_eq!(face.model.list.view, View::Archive);
        assert_eq!(titles(&face), ["Sourdough", "Tax return"]);
        face.press(out);
        assert_eq!(titles(&face).len(), 3);
    }
    // The count follows.
    let mut face = Face::over(world);
    face.press("alt+1 a");
    assert_eq!(face.model.list.archived, 3);
    face.press("u");
    assert_eq!(face.model.list.archived, 2);
}

#[test]
fn the_archive_and_the_trash_are_shown_by_word_too() {
    let mut face = Face::over(five());
    face.sends("/archived");
    assert_eq!(
        (face.model.list.view, face.model.focus),
        (View::Archive, Focus::List)
    );
    face.press("T");
    assert_eq!(face.model.list.view, View::Trash);
    face.press("A").press("A");
    assert_eq!(face.model.list.view, View::Active);
}

#[test]
fn an_empty_list_with_an_archive_shows_both() {
    let mut world = five();
    let at = world.mint.now();
    for c in &mut world.conversations {
        c.archived_at = Some(at);
    }
    world.last = None;
    let mut face = Face::over(world);
    face.press("alt+1").shows("none yet").shows("▌▸ Archive");
    face.press("j k enter");
    assert_eq!(face.model.list.rows.len(), 5);
}

#[test]
fn rows_that_the_engine_archives_are_counted_and_many_at_once_by_one_question_more() {
    let mut face = Face::over(five());
    let at = face.engine.mint.now();
    let tell = |face: &mut Face, n: usize| {
        face.engine.conversations[n].archived_at = Some(at);
        let row = face.engine.conversations[n].clone();
        face.news(News::Changed(Row::Conversation(row)));
    };
    tell(&mut face, 4);
    face.asks(is_count).asks_no(is_count).shows("▸ Archive");
    assert_eq!(face.model.list.archived, 1);
    // Those that come while the answer is on its way are counted by the next one.
    face.hold();
    for n in 1..4 {
        tell(&mut face, n);
    }
    face.asks(is_count).asks_no(is_count).release();
    face.asks(is_count).asks_no(is_count);
    assert_eq!(face.model.list.archived, 4);
}

#[test]
fn orders_go_round_are_named_and_remembered() {
    let mut world = five();
    world.conversations[4].created_at = world.mint.now();
    let extra = world.conversations[3].id;
    world.asked(extra, "More?");
    let mut face = Face::over(world);
    let asks_order = |face: &mut Face, wanted: Order| {
        face.asks(|c| matches!(c, Command::Shelf(Shelf::List { query, after: None, .. }) if query.order == wanted));
    };
    face.press("alt+1 o").shows("by created");
    asks_order(&mut face, Order::Created);
    assert_eq!(titles(&face)[0], "Tax return");
    face.press("o").shows("by title");
    asks_order(&mut face, Order::Title);
    assert_eq!(titles(&face)[0], "Release notes");
    face.press("i").sends("/order").shows("by messages");
    asks_order(&mut face, Order::Messages);
    assert_eq!(titles(&face)[0], "Sourdough");
    // The next start has it.
    let state = face.engine.state.clone();
    let mut world = five();
    world.state = state;
    let mut face = Face::cold(world);
    face.start().shows("by messages");
    face.press("alt+1 o").hides("by messages");
    assert_eq!(titles(&face)[0], "Rust lifetimes");
    face.asks(|c| matches!(c, Command::Data(Data::Remember { value, .. }) if value == "activity"));
}

#[test]
fn new_words_move_a_row_only_where_the_list_goes_by_activity() {
    let touch = |face: &mut Face, at: usize| {
        let mut row = face.engine.conversations[at].clone();
        row.active_at = face.engine.mint.now();
        row.message_count += 9;
        face.news(News::Changed(Row::Conversation(row)));
    };
    let mut face = Face::over(five());
    touch(&mut face, 3);
    assert_eq!(titles(&face)[0], "Sourdough");
    for times in 1..=3 {
        let mut face = Face::over(five());
        face.press("alt+1").press(&"o ".repeat(times));
        let before: Vec<String> = titles(&face).iter().map(ToString::to_string).collect();
        touch(&mut face, 3);
        assert_eq!(titles(&face), before);
    }
    // A title does move its row in the order of titles.
    let mut face = Face::over(five());
    face.press("alt+1 o o").press("g r ctrl+u").types("Zebra");
    face.press("enter");
    assert_eq!(titles(&face).last(), Some(&"Zebra"));
    assert_eq!(selected(&face), "Zebra");
}

#[test]
fn pages_of_every_order_join_without_a_gap() {
    for times in 0..4 {
        let mut world = many(150);
        let at = world.mint.now();
        world.conversations[120].pinned_at = Some(at);
        world.conversations[40].pinned_at = Some(at);
        let mut face = Face::over(world);
        face.press("alt+1").press(&"o ".repeat(times)).press("g");
        for _ in 0..6 {
            face.press("G");
        }
        assert_eq!(face.model.list.rows.len(), 150, "{times}");
        let mut seen = titles(&face);
        let pinned: Vec<&str> = seen[..2].to_vec();
        assert!(pinned.contains(&"Number 120") && pinned.contains(&"Number 40"));
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 150, "{times}");
    }
}

#[test]
fn a_page_that_was_cleared_away_is_filled_from_what_follows() {
    let mut face = Face::over(many(150));
    face.press("alt+1 v").press("G").press("d");
    // All that was loaded is gone, and the rest is there.
    assert!(face.model.list.rows.len() >= 60);
    assert_eq!(titles(&face)[0], "Number 60");
    face.hides("none yet");
    assert_eq!(face.model.list.total, 90);
}

#[test]
fn a_range_trashed_in_the_order_of_titles_leaves_no_gap_behind() {
    let mut face = Face::over(many(150));
    // A frame in between: the end of the list is seen, as it is by people.
    face.press("alt+1 o o g v G").shows("60 marked").press("d");
    assert_eq!(face.model.list.total, 90);
    for _ in 0..4 {
        face.press("G");
    }
    let rows = face.model.list.rows.iter();
    let mut reached: Vec<ConversationId> = rows.map(|row| row.conversation.id).collect();
    let left = face.engine.conversations.iter();
    let left = left.filter(|c| c.trashed_at.is_none());
    let mut left: Vec<ConversationId> = left.map(|c| c.id).collect();
    reached.sort_unstable();
    left.sort_unstable();
    assert_eq!((reached.len(), left.len()), (90, 90));
    assert_eq!(reached, left);
}

// --- The filter language ---

#[test]
fn the_filter_knows_the_language_and_changed_rows_fit_it_or_go() {
    let mut world = five();
    world.conversations[1].tags = vec!["work".into()];
    world.conversations[2].tags = vec!["work".into()];
    let at = world.mint.now();
    world.conversations[2].pinned_at = Some(at);
    let mut face = Face::over(world);
    face.press("alt+1 /").types("tag:work");
    assert_eq!(titles(&face), ["Release notes", "SQL index tuning"]);
    face.types(" is:pinned");
    assert_eq!(titles(&face), ["Release notes"]);
    // Let go, it fits no more.
    let mut row = face.engine.conversations[2].clone();
    row.pinned_at = None;
    face.news(News::Changed(Row::Conversation(row)));
    assert!(titles(&face).is_empty());
    assert_eq!(face.model.list.total, 0);
    // One that fits now comes in.
    let mut row = face.engine.conversations[4].clone();
    row.pinned_at = Some(at);
    row.tags = vec!["Work".into()];
    face.news(News::Changed(Row::Conversation(row)));
    assert_eq!(titles(&face), ["Tax return"]);
}

#[test]
fn what_is_archived_is_found_from_the_list_by_its_word() {
    let mut world = five();
    let at = world.mint.now();
    world.conversations[3].archived_at = Some(at);
    let mut face = Face::over(world);
    face.press("alt+1 /").types("is:archived");
    assert_eq!(titles(&face), ["Sourdough"]);
    face.press("down esc")
        .press("/")
        .types("is:archived")
        .press("up");
    // Taken out, it is no longer what is asked for.
    let mut row = face.engine.conversations[3].clone();
    row.archived_at = None;
    face.news(News::Changed(Row::Conversation(row)));
    assert!(titles(&face).is_empty());
}

#[test]
fn a_wrong_filter_says_what_is_wrong_and_the_rows_before_stay() {
    let mut face = Face::over(five());
    face.press("alt+1 /").types("tax after:20");
    // Half a day is no mistake while it is typed.
    face.hides("▲").asked();
    assert_eq!(titles(&face), ["Tax return"]);
    face.types("th").shows("▲ after:20th:").shows("Write a day");
    face.asks_no(is_list);
    assert_eq!(titles(&face), ["Tax return"], "the old rows stay");
    // Rows that change meanwhile are judged by the filter that holds.
    let mut row = face.engine.conversations[4].clone();
    row.title = "Tax return 2026".into();
    face.news(News::Changed(Row::Conversation(row)));
    assert_eq!(titles(&face), ["Tax return 2026"]);
    face.press("ctrl+u").types("tax before:today").hides("▲");
    face.asks(is_list);
    // Left half-typed, it is a mistake.
    face.types(" is:pin")
        .hides("▲")
        .press("alt+2")
        .shows("▲ is:pin:");
    face.press("alt+1 esc").hides("▲");
    assert_eq!(titles(&face).len(), 5);
}

#[test]
fn a_further_page_goes_on_with_the_filter_that_holds() {
    let mut face = Face::over(many(150));
    face.press("alt+1 /").types("number after:x").shows("▲");
    face.press("pagedown pagedown pagedown").asks(|c| {
        matches!(c, Command::Shelf(Shelf::List { query, after: Some(_), .. }) if query.words.starts_with("number after"))
    });
}

// --- What cannot be undone ---

#[test]
fn only_the_trash_is_purged_and_only_after_a_question() {
    let mut face = Face::over(five());
    let all = ids(&face);
    let is_purge = |c: &Command| matches!(c, Command::Shelf(Shelf::Purge { .. }));
    face.press("alt+1 D")
        .says("only what is in the trash")
        .press("d d T");
    face.asked();
    face.press("D").shows("Remove “Rust lifetimes” for good?");
    face.shows("cannot be undone")
        .press("enter n")
        .asks_no(is_purge);
    face.press("D esc").asks_no(is_purge);
    face.press("j D y")
        .asks(is(Shelf::Purge { ids: vec![all[1]] }));
    assert_eq!(
        (titles(&face), face.model.list.total),
        (vec!["Rust lifetimes"], 1)
    );
    // What was done before it is out of reach: the key would seem to bring the removed one back.
    face.press("u").says("nothing to undo");
}

#[test]
fn a_question_about_several_names_some_and_counts_all() {
    let mut face = Face::over(five());
    face.press("alt+1 v G d T").press("v G D");
    face.shows("Remove 5 conversations (")
        .shows("“Rust lifetimes”")
        .shows("…)");
    face.press("y")
        .asks(|c| matches!(c, Command::Shelf(Shelf::Purge { ids }) if ids.len() == 5));
    face.shows("the trash is empty");
    assert!(face.engine.conversations.is_empty());
}

#[test]
fn the_whole_trash_is_emptied_after_its_number_was_said() {
    let mut face = Face::over(five());
    face.press("alt+1 d d i").sends("/empty-trash");
    face.shows("Remove all 2 conversations in the trash for good?");
    face.press("n").sends("/empty-trash").press("y");
    face.asks(is(Shelf::Purge { ids: Vec::new() }));
    assert_eq!(face.engine.conversations.len(), 3);
}

#[test]
fn the_trash_is_counted_by_a_listing_of_its_own() {
    let mut face = Face::over(five());
    face.press("alt+1 d i").asked();
    face.sends("/empty-trash").asks(|c| {
        matches!(c, Command::Shelf(Shelf::List { query, limit: Some(0), .. })
            if query.which == Which::Trashed)
    });
    face.shows("Remove the 1 conversation in the trash for good?");
}

#[test]
fn a_purge_that_is_refused_says_so_and_keeps_all() {
    let mut face = Face::over(five());
    face.press("alt+1 d T D");
    face.refuses(failure("The disk is full", "Make room."))
        .press("y");
    face.says("The disk is full");
    assert_eq!(face.model.list.rows.len(), 1);
}

fn expired() -> News {
    News::Expired {
        days: 90,
        conversations: 3,
    }
}

fn is_retain(command: &Command) -> bool {
    matches!(command, Command::Shelf(Shelf::Retain { .. }))
}

#[test]
fn what_is_too_old_goes_only_when_one_agrees_twice() {
    let mut face = Face::over(five());
    face.news(expired());
    face.shows("3 conversations are older than the 90 days");
    face.shows("undone.");
    face.press("enter").asks_no(is_retain);
    face.press("y").asks_no(is_retain).press("enter");
    face.asks(is(Shelf::Retain { days: 90 }));
    assert!(face.model.overlays.is_empty());

    let mut face = Face::over(five());
    face.news(expired()).press("y esc").asks_no(is_retain);
    assert!(face.model.overlays.is_empty());
}

#[test]
fn somebody_who_types_when_the_question_comes_agrees_to_nothing_and_loses_nothing() {
    for text in ["yes, today", "just my keys", "okay", "n", " y"] {
        let mut face = Face::over(five());
        face.types("Hello ");
        face.news(expired()).types(text);
        face.holds(&format!("Hello {text}")).asks_no(is_retain);
        assert!(face.model.overlays.is_empty());
    }
    // A paste is for the message too.
    let mut face = Face::over(five());
    face.types("Read this: ");
    face.news(expired()).pastes("yes");
    face.holds("Read this: yes").asks_no(is_retain);
    // An overlay that is open stays on top.
    let mut face = Face::over(five());
    face.press("alt+1 r").news(expired()).press("ctrl+u");
    face.types("yes").press("enter");
    face.asks(|c| matches!(c, Command::Shelf(Shelf::Rename { title, .. }) if title == "yes"));
    face.asks_no(is_retain).shows("older than the 90 days");
}

// --- Replies elsewhere ---

#[test]
fn three_replies_grow_at_once_and_each_is_whole_where_one_looks() {
    let mut face = Face::over(five());
    let all = ids(&face);
    let grow = |face: &mut Face, at: usize, text: &str| {
        let events = face.engine.grow(all[at], text);
        face.hears(events);
    };
    let open = |face: &mut Face, at: usize| {
        face.press("alt+1");
        face.model.list.select(all[at]);
        face.press("enter");
        assert_eq!(face.here(), all[at]);
    };
    for at in 0..3 {
        open(&mut face, at);
        face.sends(&format!("question {at}"));
        grow(&mut face, at, &format!("begin{at} "));
    }
    // They grow in turn, whichever is open.
    for round in 0..4 {
        for at in 0..3 {
            grow(&mut face, at, &format!("r{round}a{at} "));
        }
    }
    let whole = |at: usize| {
        let rounds: Vec<String> = (0..4).map(|round| format!("r{round}a{at}")).collect();
        format!("begin{at} {}", rounds.join(" "))
    };
    for at in [0, 2, 1] {
        open(&mut face, at);
        face.shows(&whole(at));
        for other in (0..3).filter(|other| *other != at) {
            face.hides(&format!("begin{other}"));
        }
        face.shows("●").shows("Esc stops");
    }
    // A stop is for the open one alone.
    face.press("esc").shows("■ stopped");
    for (at, is_writing) in [(0, true), (1, false), (2, true)] {
        assert_eq!(face.engine.is_writing(all[at]), is_writing, "{at}");
    }
    grow(&mut face, 0, "last0");
    grow(&mut face, 2, "last2");
    face.shows(&whole(1)).hides("last");
    open(&mut face, 0);
    face.shows(&format!("{} last0", whole(0)));
}

#[test]
fn an_answer_that_ends_elsewhere_is_marked_until_it_is_opened() {
    let mut face = Face::over(five());
    let first = ids(&face)[0];
    face.sends("q").grows("words").press("alt+1 j enter");
    let events = face.engine.complete(first);
    face.hears(events)
        .says("answer in Rust lifetimes")
        .shows("•");
    assert!(face.model.list.unread.contains(&first));
    // It stays through the first page and a change of its row.
    face.press("alt+1 /")
        .types("rust")
        .shows("•")
        .press("enter");
    assert_eq!(face.here(), first);
    face.hides("•");
    // What ends here is read.
    face.tick(6_000);
    face.sends("q").grows("words").completes().hides("•");
    face.says_nothing_of("answer in");
}

#[test]
fn an_answer_that_breaks_off_elsewhere_is_told_and_a_stopped_one_is_not() {
    for (status, says) in [
        (
            Status::Failed,
            Some("an answer broke off in Rust lifetimes"),
        ),
        (
            Status::Interrupted,
            Some("an answer broke off in Rust lifetimes"),
        ),
        (Status::Stopped, None),
    ] {
        let mut face = Face::over(five());
        let first = ids(&face)[0];
        face.sends("q").grows("words").press("alt+1 j enter");
        let events = face.engine.end(first, status, None);
        face.hears(events);
        match says {
            Some(words) => face.says(words).shows("•"),
            None => face.says_nothing_of("answer").hides("•"),
        };
    }
}

#[test]
fn a_reply_that_begins_in_the_open_conversation_leaves_the_selection_of_somebody_in_the_list() {
    let mut face = Face::over(five());
    let first = ids(&face)[0];
    face.sends("one").grows("words").sends("two");
    face.press("alt+1 j j").asked();
    assert_eq!(selected(&face), "Release notes");
    face.completes()
        .asks(|c| matches!(c, Command::Turn(Turn::SendQueued { .. })));
    assert!(face.engine.is_wordless(first));
    assert_eq!(selected(&face), "Release notes");
    // Who is back in the composer finds it selected again.
    face.grows("words").completes().press("i").sends("three");
    assert_eq!(selected(&face), "Rust lifetimes");
}

// --- Size ---

#[test]
fn a_key_in_a_long_list_asks_for_pages_and_never_for_all() {
    let mut face = Face::over(many(10_000));
    assert_eq!(
        (face.model.list.rows.len(), face.model.list.total),
        (60, 10_000)
    );
    face.press("alt+1").asked();
    for _ in 0..30 {
        face.press("j");
    }
    face.press("space v k p").press("g");
    let asked = face.asked();
    let pages = asked.iter().filter(|c| is_list(c)).count();
    assert!(
        face.model.list.rows.len() <= 180,
        "{}",
        face.model.list.rows.len()
    );
    assert!(pages <= 4, "{pages}");
    let all = |c: &Command| matches!(c, Command::Shelf(Shelf::List { limit, .. }) if limit.is_none_or(|n| n > 60));
    assert!(!asked.iter().any(all));
}

#[test]
fn the_number_stays_right_where_most_rows_are_not_loaded() {
    let mut world = many(150);
    let far = world.conversations[140].id;
    world.last = Some(far);
    let mut face = Face::over(world);
    let total = |face: &Face| face.model.list.total;
    // Renamed, it is still one of them; trashed, it is none; taken back, it is one again.
    face.sends("/rename Far away");
    assert_eq!(total(&face), 150);
    face.sends("/trash");
    assert_eq!(total(&face), 149);
    face.sends("/undo");
    assert_eq!(total(&face), 150);
    // A new conversation counts.
    face.press("ctrl+x n").sends("hello");
    assert_eq!(total(&face), 151);
    face.grows("words").completes();
    assert_eq!(total(&face), 151);
    // One that comes up by its activity was counted before.
    let mut row = face.engine.conversations[120].clone();
    row.active_at = Millis(row.active_at.0 + 86_400_000);
    face.news(News::Changed(Row::Conversation(row)));
    assert_eq!(total(&face), 151);
}

#[test]
fn a_page_read_before_a_change_does_not_bring_back_what_is_gone() {
    let mut face = Face::over(five());
    face.press("alt+1").hold().press("o").asked();
    // It goes to the trash elsewhere while the page is on its way.
    let now = face.engine.mint.now();
    let row = &mut face.engine.conversations[1];
    row.trashed_at = Some(now);
    let row = row.clone();
    face.msg(Msg::Engine(Event {
        cause: None,
        news: News::Changed(Row::Conversation(row)),
    }));
    assert_eq!(titles(&face).len(), 4);
    face.release().asks(is_list);
    assert_eq!(titles(&face).len(), 4);
    assert!(!titles(&face).contains(&"SQL index tuning"));
    face.asks_no(is_list);
}

#[test]
fn removing_the_open_conversation_leaves_the_list_in_hand() {
    let mut face = Face::over(five());
    let all = ids(&face);
    assert_eq!(face.here(), all[0]);
    face.press("alt+1 d d T g D y");
    assert_eq!(face.model.here(), None);
    assert_eq!(face.model.focus, Focus::List);
    face.asked();
    face.press("D y")
        .asks(is(Shelf::Purge { ids: vec![all[1]] }));
}
