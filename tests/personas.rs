//! Personas by keys: what the face asks and shows when one is chosen, written, trashed, and listed.

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
use salon::domain::id::{ConversationId, PersonaId};
use salon::domain::persona::Profile;
use salon::protocol::{
    Act, Answer, Chat, Command, Data, News, Personas, Query, Row, Shelf, To, Turn,
};
use stage::script::Script;
use stage::{Face, answer, failure};

/// Alex and Mum, a conversation with each, one without; the first of them open.
fn world() -> (Script, [PersonaId; 2], [ConversationId; 3]) {
    let mut world = Script::new();
    world.model = "lab/llama".parse().unwrap();
    let alex = world.persona("Alex", "friend");
    let mum = world.persona("Mum", "parent");
    world.row_of(mum).persona.profile.model = Some("openai/gpt-4o".parse().unwrap());
    let talks = [
        ("Weekend", 5, Some(alex)),
        ("Lunch", 60, Some(mum)),
        ("Indices", 90, None),
    ];
    let ids = talks.map(|(title, minutes, persona)| {
        let id = world.conversation(title, "lab/llama", minutes);
        world.row(id).persona = persona;
        world.asked(id, &format!("About {title}?"));
        world.replied(id, "An answer.");
        id
    });
    world.last = Some(ids[0]);
    (world, [alex, mum], ids)
}

fn face() -> (Face, [PersonaId; 2], [ConversationId; 3]) {
    let (world, personas, conversations) = world();
    (Face::over(world), personas, conversations)
}

fn saves(like: impl Fn(&Profile) -> bool) -> impl Fn(&Command) -> bool {
    move |command| matches!(command, Command::Personas(Personas::Save { profile, .. }) if like(profile))
}

fn sends_with(persona: Option<PersonaId>, model: &str) -> impl Fn(&Command) -> bool {
    let model = model.parse().unwrap();
    move |command| {
        matches!(command, Command::Turn(Turn::Send { to: To::New(new), .. })
            if new.persona == persona && new.model.as_ref() == Some(&model))
    }
}

#[test]
fn a_persona_is_picked_for_the_conversation_and_taken_away_again() {
    let (mut face, [_, mum], [weekend, ..]) = face();
    let sets = |persona| {
        let conversation = weekend;
        Command::Chat(Chat::SetPersona {
            conversation,
            persona,
        })
    };
    face.press("ctrl+x a").types("mum").press("enter");
    face.asks(|c| *c == sets(Some(mum)))
        .shows("Mum · parent from here on");
    face.press("ctrl+x a").types("none").press("enter");
    face.asks(|c| *c == sets(None))
        .shows("no persona from here on");
    face.sends("/persona MUM").asks(|c| *c == sets(Some(mum)));
    face.sends("/persona none").asks(|c| *c == sets(None));
    face.sends("/persona Zoe").says("There is no persona `Zoe`");
}

#[test]
fn a_new_conversation_takes_the_persona_and_its_model_and_gives_both_back() {
    let (mut face, [_, mum], _) = face();
    face.press("ctrl+x n").sends("/persona mum").types("Hi");
    face.shows("Mum · parent").shows("openai/gpt-4o");
    face.press("ctrl+x a").types("alex").press("enter");
    // Mum's model goes with her.
    face.hides("openai/gpt-4o").press("ctrl+x a").types("mum");
    face.press("enter enter")
        .asks(sends_with(Some(mum), "openai/gpt-4o"))
        .grows("Hello.")
        .completes()
        .shows("Mum  ");
    // The next one begins without her, with the model it would have without her.
    face.press("ctrl+x n").sends("Hi");
    face.asks(|c| {
        matches!(c, Command::Turn(Turn::Send { to: To::New(new), .. }) if new.persona.is_none())
    });
    // What the user sets after the choice stays.
    let (mut face, [alex, _], _) = self::face();
    face.press("ctrl+x n").sends("/persona mum");
    face.sends("/model lab/mistral")
        .sends("/persona alex")
        .sends("Hi");
    face.asks(sends_with(Some(alex), "lab/mistral"));
}

#[test]
fn the_choice_waits_with_the_draft_and_comes_back_at_the_next_start() {
    let (mut face, _, [weekend, ..]) = face();
    face.press("ctrl+x n")
        .sends("/persona alex")
        .types("not sent");
    face.press("alt+1").press("enter");
    face.asks(|c| {
        *c == Command::Chat(Chat::Open {
            conversation: weekend,
        })
    });
    face.press("ctrl+x n")
        .holds("not sent")
        .shows("Alex · friend");
    // Without words the choice is over.
    face.press("ctrl+u ctrl+x n").shows("New conversation");

    let (mut world, [alex, _], _) = world();
    world.last = None;
    world.drafts.insert((None, 0), Draft::of("not sent"));
    world.state.insert("new persona".into(), alex.to_string());
    let mut face = Face::over(world);
    face.shows("Alex · friend").press("enter");
    face.asks(sends_with(Some(alex), "lab/llama"))
        .asks(|c| matches!(c, Command::Data(Data::Remember { value, .. }) if value.is_empty()));
}

#[test]
fn a_persona_is_written_with_its_text_growing_beside_it() {
    let (mut face, ..) = face();
    face.press("ctrl+x a ctrl+x n").types("Nora");
    face.shows("You are Nora, a friend of the user.");
    face.press("tab").types("ss").shows("a sibling of the user");
    face.press("tab").types("Plays the cello.\nLives in Graz.");
    face.shows("About Nora:").press("tab tab tab").types("0,7");
    face.press("enter")
        .asks(saves(|p| {
            p.name == "Nora"
                && p.relationship.word() == "sibling"
                && p.description == "Plays the cello.\nLives in Graz."
                && p.temperature == Some(0.7)
                && p.system_text.is_none()
        }))
        .says("saved: Nora");
    // The picker stands below, with the new one selected.
    face.press("enter").shows("Nora · sibling from here on");
}

#[test]
fn what_cannot_be_saved_stays_in_the_form_with_its_words() {
    let (mut face, ..) = face();
    let is_save = saves(|_| true);
    face.sends("/new-persona").press("enter");
    face.asks_no(&is_save).shows("The persona has no name");
    face.types("Mum").press("tab tab").types("Another one.");
    face.press("enter").asks(&is_save);
    face.shows("Another persona is called `Mum`")
        .shows("Another one.");
    face.press("shift+tab shift+tab").types("my").press("enter");
    face.asks(saves(|p| p.name == "Mummy"));
    assert!(face.model.overlays.is_empty());
    // An engine that says nothing is asked only once.
    let (mut face, ..) = self::face();
    face.deaf().sends("/new-persona").types("Zoe");
    face.press("enter enter enter");
    let saved = face.asked().iter().filter(|c| is_save(c)).count();
    assert_eq!(saved, 1);
    face.answers(News::Refused(failure("The disk is full", "Make room.")));
    face.shows("The disk is full").shows("Zoe");
}

#[test]
fn a_form_left_with_esc_has_its_words_when_it_is_opened_again() {
    let (mut face, ..) = face();
    face.sends("/new-persona").types("Precious").press("esc");
    face.says("not saved")
        .sends("/new-persona")
        .shows("Precious");
    face.press("ctrl+c").sends("/new-persona").shows("Precious");
    face.press("enter").asks(saves(|p| p.name == "Precious"));
    face.tick(9_000).sends("/new-persona").hides("Precious");
    face.press("esc");
    // Nothing written, nothing kept.
    face.sends("/edit-persona").shows("Alex").press("esc");
    assert!(face.model.left_form.is_none());
}

#[test]
fn the_text_is_edited_as_text_and_made_anew_on_request() {
    let (mut face, ..) = face();
    face.sends("/edit-persona").press("shift+tab");
    face.types(" And sing.").shows("edited by you");
    // An edited text no longer follows the fields.
    face.press("tab").types("ander").shows("You are Alex,");
    face.press("enter").asks(saves(|p| {
        let text = p.system_text.as_deref().unwrap_or_default();
        p.name == "Alexander" && text.ends_with(" And sing.")
    }));
    face.sends("/edit-persona").shows("edited by you");
    face.press("ctrl+o").shows("You are Alexander,");
    face.press("enter").asks(saves(|p| p.system_text.is_none()));
}

#[test]
fn personas_are_copied_trashed_and_brought_back_from_the_picker() {
    let (mut face, [alex, _], _) = face();
    let applies = |act| {
        let ids = vec![alex];
        Command::Personas(Personas::Apply { ids, act })
    };
    face.press("ctrl+x a").types("alex").press("ctrl+x c");
    face.shows("Alex 2").press("ctrl+x d");
    face.asks(|c| *c == applies(Act::Trash)).press("ctrl+x u");
    face.asks(|c| *c == applies(Act::Restore));
    face.press("ctrl+x d ctrl+x t")
        .shows("Personas in the trash");
    face.press("enter").asks(|c| *c == applies(Act::Restore));
    // Keys of other places do nothing here.
    face.press("ctrl+x q");
    assert!(!face.has_left());
}

#[test]
fn a_persona_in_the_trash_keeps_its_conversations_and_their_names() {
    let (mut face, ..) = face();
    face.press("ctrl+x a").types("alex").press("ctrl+x d esc");
    face.shows("Alex, in the trash").shows("An answer.");
    face.shows("Alex  ").press("ctrl+x s").shows("Nothing:");
}

#[test]
fn the_list_unfolds_personas_and_their_conversations() {
    let (mut face, [alex, mum], [weekend, lunch, _]) = face();
    face.press("alt+1 k enter")
        .shows("▸ Alex · friend")
        .asks(|c| matches!(c, Command::Data(Data::Remember { value, .. }) if value == "open"));
    let of = |persona| {
        move |c: &Command| {
            let is_it = |q: &Query| q.persona == Some(persona) && q.words.is_empty();
            matches!(c, Command::Shelf(Shelf::List { query, .. }) if is_it(query))
        }
    };
    face.press("j j right").asks(of(mum)).press("j enter");
    face.asks(|c| {
        *c == Command::Chat(Chat::Open {
            conversation: lunch,
        })
    });
    // A conversation that changes its persona moves with it.
    face.press("alt+1 g j right").asks(of(alex));
    let mut moved = face.engine.row(weekend).clone();
    moved.persona = Some(mum);
    face.news(News::Changed(Row::Conversation(moved)));
    let groups = &face.model.list.groups;
    let rows = |id| {
        let lines = groups.lines().iter();
        let inside = lines.filter(|line| groups.row(**line).is_some());
        let of = salon::tui::pane::groups::Groups::persona;
        inside.filter(|line| of(**line) == Some(id)).count()
    };
    assert_eq!((rows(alex), rows(mum)), (0, 2));
    // Folding an inner row folds its persona, then the group.
    face.press("left left").hides("Alex · friend  ");
}

#[test]
fn enter_and_n_on_a_persona_begin_a_conversation_with_it() {
    for keys in ["enter", "n"] {
        let mut world = self::world().0;
        world.state.insert("personas".into(), "open".into());
        let mut face = Face::over(world);
        face.press("alt+1 g j")
            .press(keys)
            .shows("You will talk with");
        assert!(face.model.new_persona.is_some());
    }
}

#[test]
fn a_filter_by_persona_goes_to_the_engine_and_leaves_the_group_out() {
    let (mut face, ..) = face();
    face.press("alt+1 /").types("persona:mum").asks(
        |c| matches!(c, Command::Shelf(Shelf::List { query, .. }) if query.words == "persona:mum"),
    );
    face.hides("Personas ").shows("Lunch");
    assert_eq!(face.model.list.rows.len(), 1);
    // What changes meanwhile stays in the filtered list when it belongs there.
    let lunch = face.model.list.rows[0].conversation.clone();
    face.news(News::Changed(Row::Conversation(lunch)));
    assert_eq!(face.model.list.rows.len(), 1);
}

#[test]
fn two_hundred_personas_are_unfolded_and_scrolled() {
    let (mut world, ..) = world();
    for n in 0..200 {
        world.persona(&format!("Persona {n}"), "other");
    }
    world.state.insert("personas".into(), "open".into());
    let mut face = Face::over(world);
    face.press("alt+1 g");
    assert_eq!(face.model.list.groups.lines().len(), 203);
    let first = face.screen();
    face.press("pagedown pagedown pagedown");
    assert_ne!(face.screen(), first);
    face.press("G").shows("▌Indices");
}

#[test]
fn all_that_the_model_is_told_is_shown_with_its_origin() {
    let (mut face, ..) = face();
    face.model.set_system = "Be kind to all.".into();
    face.press("ctrl+x s")
        .shows("The persona Alex")
        .shows("a friend of the user")
        .press("G")
        .shows("The settings: chat.system")
        .shows("Be kind to all.");
    // The conversation's own take their place.
    face.press("e").types("Be brief.").press("enter").press("G");
    face.asks(|c| matches!(c, Command::Chat(Chat::SetSystem { text, .. }) if text == "Be brief."));
    let here = face.here();
    let row = face.engine.row(here).clone();
    face.news(News::Changed(Row::Conversation(row)));
    face.shows("This conversation's own instructions")
        .hides("Be kind to all.");
    face.press("p").shows("Edit the persona");
}

#[test]
fn the_guide_stays_the_guide_under_a_persona() {
    let mut world = Script::new();
    let alex = world.persona("Alex", "friend");
    let id = world.conversation("Tour", "guide/tour", 5);
    world.row(id).persona = Some(alex);
    world.asked(id, "q");
    world.replied(id, "a");
    world.last = Some(id);
    Face::over(world).shows("Alex (built-in guide, not a language model)");
}

#[test]
fn an_answer_that_nobody_waits_for_does_no_harm() {
    let (mut face, ..) = face();
    face.news(answer(Answer::Personas(Vec::new())));
    face.shows("Weekend").press("ctrl+x a").shows("none");
}
