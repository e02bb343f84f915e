//! The prompt library by keys: what is shown, filled, used, tried, written and thrown away.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on stops"
)]

#[path = "support/stage/mod.rs"]
mod stage;

use salon::domain::failure::{Failure, FailureKind};
use salon::domain::id::PromptId;
use salon::domain::message::Status;
use salon::domain::model::ModelSpec;
use salon::domain::prompt::{PromptUse, PromptVersion, Trial};
use salon::domain::when::Millis;
use salon::protocol::{Chat, Command, Library, News, PromptAct, TrialStep, Turn, Which};
use salon::tui::model::Focus;
use salon::tui::msg::{Effect, Msg};
use stage::script::Script;
use stage::{Face, failure};

const REWRITE: &str = "Rewrite in a {tone|friendly|formal} tone for {reader:a colleague}:\n{text}";

/// An open conversation and some prompts, the last of them shipped.
fn world() -> Script {
    let mut world = Script::new();
    let id = world.conversation("Rust lifetimes", "lab/llama", 5);
    world.asked(id, "Tell me.");
    world.replied(id, "A short answer.");
    world.last = Some(id);
    world.models = ["lab/llama", "lab/mistral"]
        .map(|name| ModelSpec::named(name.parse().unwrap()))
        .to_vec();
    world.prompt("Rewrite", "writing", REWRITE);
    world.prompt("Plain", "writing", "Say {{hello}}");
    world.prompt(
        "Review",
        "code",
        "Review {selection} of {date}, {clipboard}",
    );
    let row = world.library.prompts.last_mut().unwrap();
    row.prompt.sheet.tags = vec!["bugs".into(), "code review".into()];
    world.prompt("Shipped", "code", "Explain {topic}");
    let row = world.library.prompts.last_mut().unwrap();
    row.prompt.is_template = true;
    world
}

/// The library in hand with its selection on that prompt.
fn at(title: &str) -> Face {
    let mut face = Face::over(world());
    face.press("alt+3");
    let id = id_of(&face, title);
    face.model.library.select(id);
    face.asked();
    assert_eq!(selected(&face), title);
    face
}

fn selected(face: &Face) -> &str {
    &face.model.library.current().unwrap().sheet.title
}

fn id_of(face: &Face, title: &str) -> PromptId {
    let mut rows = face.engine.library.prompts.iter();
    rows.find(|row| row.prompt.sheet.title == title)
        .unwrap()
        .prompt
        .id
}

/// The last trial that was asked for.
fn tried(face: &mut Face) -> Trial {
    let mut tries = face
        .asked()
        .into_iter()
        .filter_map(|command| match command {
            Command::Library(Library::Try { trial }) => Some(trial),
            _ => None,
        });
    tries.next_back().unwrap()
}

#[test]
fn a_filled_prompt_goes_into_the_composer_with_its_values() {
    let mut face = at("Rewrite");
    let id = id_of(&face, "Rewrite");
    face.press("enter")
        .shows("{text}")
        .press("enter")
        .shows("still empty: text");
    face.asks_no(|c| matches!(c, Command::Library(_)));
    face.types("Come over\nnow {reader}")
        .shows("now {reader}")
        .press("shift+tab shift+tab right")
        .shows("‹ formal ›");
    let text = "Rewrite in a formal tone for a colleague:\nCome over\nnow {reader}";
    face.press("enter").holds(text).asks(|c| {
        let Command::Library(Library::Used { prompt, values }) = c else {
            return false;
        };
        *prompt == id
            && values["tone"] == "formal"
            && values["text"] == "Come over\nnow {reader}"
            && values.len() == 2
    });
    assert_eq!(face.model.focus, Focus::Composer);
    face.press("enter").asks(
        |c| matches!(c, Command::Turn(Turn::Send { draft, .. }) if draft.prompt == Some((id, 1)) && draft.text == text),
    );
    // The use is counted and its values are offered.
    face.press("esc alt+3").shows("1×").press("enter");
    face.shows("last time: Come over").press("right");
    face.shows("now {reader}");
}

#[test]
fn a_prompt_without_fields_is_used_at_once_and_a_word_after_a_slash_stays_text() {
    let mut face = at("Plain");
    face.press("enter").holds("Say {hello}");
    face.asks(|c| matches!(c, Command::Library(Library::Used { values, .. }) if values.is_empty()));
    let mut world = world();
    world.prompt("Slash", "a", "/help");
    let mut face = Face::over(world);
    face.press("alt+3 g enter").holds("//help").press("enter");
    face.asks(|c| matches!(c, Command::Turn(Turn::Send { draft, .. }) if draft.text == "/help"));
}

#[test]
fn the_day_and_the_message_in_hand_fill_themselves() {
    let mut face = at("Review");
    face.press("enter")
        .shows("Review A short answer. of 2026-11-21, {clipboard}")
        .pastes("from elsewhere")
        .press("enter")
        .holds("Review A short answer. of 2026-11-21, from elsewhere");
    // What fills itself is not offered again.
    let kept = |c: &Command| matches!(c, Command::Library(Library::Used { values, .. }) if values.is_empty());
    face.asks(kept);
}

#[test]
fn what_was_written_is_there_again_after_esc() {
    let mut face = at("Rewrite");
    face.press("enter").types("half").press("esc").hides("half");
    face.press("enter").shows("half");
    assert_eq!(face.model.overlays.len(), 1);
}

#[test]
fn a_trial_streams_into_the_preview_and_is_kept_nowhere() {
    let mut face = at("Rewrite");
    face.press("t").shows("still empty: text");
    face.asks_no(|c| matches!(c, Command::Library(_)));
    face.types("It is t.").press("ctrl+t");
    let trial = tried(&mut face);
    assert_eq!(
        trial.text,
        "Rewrite in a friendly tone for a colleague:\nIt is t."
    );
    assert_eq!(trial.conversation, Some(face.here()));
    assert_eq!(trial.model, None);
    face.tick(2_000).shows("waiting 2 s · Esc stops");
    let grew = |face: &mut Face, text: &str| {
        let events = face.engine.trial(TrialStep::Grew { text: text.into() });
        face.hears(events);
    };
    grew(&mut face, "**Dear** you");
    face.tick(1_100).shows("writing · 3.1 s").shows("Dear you");
    let events = face.engine.end_trial(Status::Complete, None);
    face.hears(events);
    face.shows("lab/llama · 3.1 s · 312 tok (200 in, 112 out) · $0.0034");
    let shown = face.engine.library.prompts.iter().all(|row| row.uses == 0);
    assert!(shown && face.engine.conversations.len() == 1);
    // Nothing moves any more.
    assert_eq!(face.model.deadline(), None);
}

#[test]
fn esc_stops_a_trial_first_and_closes_then() {
    let mut face = at("Rewrite");
    face.press("enter").types("x").press("ctrl+t").asked();
    face.deaf().press("esc");
    face.asks(|c| matches!(c, Command::Cancel(_)));
    assert_eq!(face.model.overlays.len(), 1);
    // An engine that says nothing cannot keep it open.
    face.press("esc");
    assert!(face.model.overlays.is_empty());
    let mut face = at("Rewrite");
    face.press("enter")
        .types("x")
        .press("ctrl+t esc")
        .shows("stopped");
    face.press("esc");
    assert!(face.model.overlays.is_empty());
}

#[test]
fn another_model_is_asked_for_one_trial_only() {
    let mut face = at("Rewrite");
    face.press("enter").types("x").press("alt+m");
    face.types("mistral").press("enter");
    let trial = tried(&mut face);
    assert_eq!(trial.model.unwrap().to_string(), "lab/mistral");
    face.shows("lab/mistral, not kept");
    face.asks_no(|c| matches!(c, Command::Chat(Chat::SwitchModel { .. })));
}

#[test]
fn a_trial_that_fails_says_so_in_its_place() {
    let mut face = at("Rewrite");
    face.press("enter").types("x");
    face.refuses(failure("The network is away", "Look for the cable."));
    face.press("ctrl+t")
        .shows("▲ The network is away. Look for the");
    let failure = Failure::new(FailureKind::Limit, "Too many requests", "Wait a minute.");
    face.press("ctrl+t");
    let events = face.engine.end_trial(Status::Failed, Some(failure));
    face.hears(events)
        .shows("▲ Too many requests. Wait a minute.");
    // Late news of a trial that is gone change nothing.
    face.press("esc").news(News::Trial(TrialStep::Grew {
        text: "late".into(),
    }));
    face.hides("late");
}

#[test]
fn the_library_is_narrowed_ordered_and_shown_by_kind() {
    let mut face = Face::over(world());
    face.press("alt+3 f").shows("tag:bugs").types("review");
    face.press("enter").shows("/ tag:\"code review\"");
    assert_eq!(selected(&face), "Review");
    face.press("esc").shows("Shipped");
    face.press("s").says("only your own").hides("Shipped");
    face.press("s").press("o").shows("by title · 4");
    face.press("/").types("REWRITE").hides("Plain").press("esc");
    face.shows("Plain");
}

#[test]
fn shipped_prompts_are_hidden_and_copied_not_changed() {
    let mut face = at("Shipped");
    let id = id_of(&face, "Shipped");
    face.press("e")
        .says("c makes a copy")
        .press("d")
        .says("h hides");
    face.asks_nothing();
    face.press("c")
        .asks(|c| matches!(c, Command::Library(Library::Duplicate { id: of, .. }) if *of == id));
    assert_eq!(selected(&face), "Shipped (copy)");
    face.press("e").shows("Edit: Shipped (copy)").press("esc");
    face.press("/").types("Shipped").press("esc");
    face.model.library.select(id);
    face.press("h").says("hidden: Shipped");
    assert_ne!(selected(&face), "Shipped");
    face.press("u");
    face.asks(|c| {
        matches!(
            c,
            Command::Library(Library::Apply {
                act: PromptAct::Unhide,
                ..
            })
        )
    });
    face.press("H").says("hidden prompts are shown");
}

#[test]
fn a_prompt_goes_to_the_trash_and_comes_back() {
    let mut face = at("Plain");
    face.press("d").says("moved to the trash: Plain");
    assert!(face.model.library.stock.count() == 3 && selected(&face) != "Plain");
    face.press("u").says("taken out");
    assert_eq!(face.model.library.stock.count(), 4);
    face.model.library.select(id_of(&face, "Plain"));
    face.press("d T");
    face.asks(
        |c| matches!(c, Command::Library(Library::List { query }) if query.which == Which::Trashed),
    );
    face.shows("in the trash").shows("Plain");
    face.press("enter").says("restore it first");
    face.press("R")
        .says("taken out")
        .shows("the trash is empty");
    face.press("T");
    assert_eq!(face.model.library.stock.count(), 4);
}

#[test]
fn a_prompt_is_written_checked_tried_and_saved() {
    let mut face = Face::over(world());
    face.press("alt+3 n").shows("New prompt").press("enter");
    face.shows("The prompt has no title").asked();
    face.types("Greet")
        .press("tab")
        .types("mail")
        .press("tab tab");
    face.types("short, polite").press("tab");
    face.types("Greet {who} in a {tone|kind} way.");
    face.shows("fields: {who} {tone|kind}").press("enter");
    face.shows("The field {tone|kind} has only one choice.");
    face.asks_no(|c| matches!(c, Command::Library(Library::Save { .. })));
    for _ in 0..6 {
        face.press("backspace");
    }
    face.hides("only one choice").types("|cool} way.");
    // Unsaved content can be tried, and the form is still there.
    face.press("ctrl+t").shows("not saved yet").types("Anna");
    face.press("ctrl+t");
    assert_eq!(tried(&mut face).text, "Greet Anna in a kind way.");
    face.press("esc esc").shows("New prompt");
    face.refuses(Failure::new(
        FailureKind::Input,
        "Another prompt has this title",
        "Change it.",
    ));
    face.press("enter").shows("Another prompt has this title");
    face.press("enter").asks(|c| {
        let Command::Library(Library::Save {
            is_new: true,
            sheet,
            ..
        }) = c
        else {
            return false;
        };
        sheet.title == "Greet"
            && sheet.scenario == "mail"
            && sheet.tags == ["short", "polite"]
            && sheet.content == "Greet {who} in a {tone|kind|cool} way."
    });
    assert!(face.model.overlays.is_empty());
    assert_eq!(selected(&face), "Greet");
}

#[test]
fn a_form_left_unsaved_is_there_again() {
    let mut face = at("Plain");
    face.press("e tab tab tab tab")
        .types(" and more")
        .press("esc");
    face.says("not saved").asks_nothing();
    face.press("e").shows("and more").shows("changed");
    face.press("enter");
    let row = face
        .engine
        .library
        .prompts
        .iter()
        .find(|row| row.prompt.version == 2);
    assert_eq!(row.unwrap().prompt.sheet.content, "Say {{hello}} and more");
    face.press("e").hides("changed");
}

#[test]
fn the_users_own_editor_gets_the_content_and_gives_it_back() {
    let mut face = at("Plain");
    face.press("e ctrl+g");
    assert_eq!(face.effects, [Effect::Edit("Say {{hello}}".into())]);
    face.msg(Msg::Edited(Ok("Say\n{hello}\n".into())));
    face.shows("fields: {hello}").press("enter");
    face.asks(|c| matches!(c, Command::Library(Library::Save { sheet, .. }) if sheet.content == "Say\n{hello}"));
    face.press("e ctrl+g");
    let bad = Failure::new(FailureKind::Input, "The editor is away", "Set $EDITOR.");
    face.msg(Msg::Edited(Err(bad))).says("The editor is away");
    face.shows("Say");
}

#[test]
fn versions_are_read_and_uses_lead_to_their_messages() {
    let mut face = at("Plain");
    let id = id_of(&face, "Plain");
    face.press("v")
        .says("only this version")
        .press("w")
        .says("no message");
    let version = |version, content: &str| PromptVersion {
        version,
        title: "Plain".into(),
        content: content.into(),
        created_at: Millis(stage::NOW),
    };
    let versions = vec![version(2, "newer"), version(1, "older \u{1b}[2J text")];
    face.engine.library.versions.insert(id, versions);
    face.press("v")
        .shows("2026-11-21 14:02")
        .press("down enter");
    face.shows("older").press("enter").hides("older");
    let conversation = face.here();
    let message = face.engine.messages[0].id;
    let used = PromptUse {
        conversation,
        title: "Rust lifetimes".into(),
        message,
        version: 1,
        at: Millis(stage::NOW),
    };
    face.engine.library.uses.insert(id, vec![used]);
    face.press("w")
        .shows("version 1 · 2026-11-21")
        .press("enter");
    face.asks(|c| matches!(c, Command::Chat(Chat::Choose { through, .. }) if *through == message));
    assert_eq!(face.model.focus, Focus::Transcript);
}

#[test]
fn two_thousand_prompts_are_narrowed_without_a_walk_by_the_frame() {
    let mut world = Script::new();
    for n in 0..2_000 {
        let text = format!("{} {{field}} number {n}", "words ".repeat(200));
        world.prompt(&format!("Prompt {n}"), &format!("group {}", n % 40), &text);
    }
    let mut face = Face::over(world);
    face.press("alt+3")
        .shows("2000")
        .press("G")
        .shows("▌Prompt");
    face.press("/").types("number 1999").shows("▌Prompt 1999");
    assert_eq!(face.model.library.stock.count(), 1);
}
