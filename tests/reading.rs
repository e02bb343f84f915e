//! Reading: blocks of code, folded messages, words found in a conversation, the outline, what is copied and quoted.

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
use salon::domain::message::Message;
use salon::protocol::{At, Chat, Command};
use salon::tui::file::Written;
use salon::tui::model::Focus;
use salon::tui::msg::{Effect, Msg};
use stage::Face;
use stage::script::Script;

const CODE: &str = "Two ways:\n\n```rust\nfn main() {\n    run();\n}\n```\n\n1. or so\n\n   ```sh\n   cargo run\n   ```\n\n> ~~~\n> last\n> ~~~\n";

/// A conversation with code in its answer, open.
fn coded() -> Face {
    let mut world = Script::new();
    let id = world.conversation("Code", "lab/llama", 5);
    world.asked(id, "How?\n```py\nx = 1  \ny = 2\n```");
    world.replied(id, CODE);
    world.last = Some(id);
    Face::over(world)
}

/// One conversation of so many turns, open; every tenth answer has code, every seventh the word Lighthouse twice.
fn long(turns: usize) -> Face {
    let mut world = Script::new();
    let id = world.conversation("Long", "lab/llama", 5);
    for turn in 0..turns {
        world.asked(id, &format!("Question {turn}"));
        let code = if turn % 10 == 0 {
            format!("\n\n```\ncode {turn}\n```")
        } else {
            String::new()
        };
        let words = if turn % 7 == 0 {
            "\n\nThe light**house** of turn, LIGHTHOUSE."
        } else {
            ""
        };
        world.replied(id, &format!("Answer {turn}.{code}{words}"));
    }
    world.last = Some(id);
    Face::over(world)
}

#[track_caller]
fn copied(face: &mut Face) -> String {
    match face.effects.pop() {
        Some(Effect::Copy(text)) => text,
        other => panic!("copied nothing, but {other:?}"),
    }
}

/// The words that are lit in the conversation, row by row.
fn lit(face: &mut Face) -> Vec<String> {
    face.draw();
    let area = face.model.frames.transcript;
    let mut words = vec![String::new()];
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            let cell = &face.buffer[(x, y)];
            if cell.modifier.contains(Modifier::REVERSED) {
                words.last_mut().unwrap().push_str(cell.symbol());
            } else if !words.last().unwrap().is_empty() {
                words.push(String::new());
            }
        }
    }
    words.pop();
    words
}

fn is_page(command: &Command) -> bool {
    matches!(command, Command::Chat(Chat::Page { .. }))
}

// --- Blocks of code ---

#[test]
fn blocks_are_walked_and_copied_as_they_stand_in_the_source() {
    let mut face = coded();
    face.press("ctrl+x b").shows("▌ py · 2 lines");
    assert_eq!(face.model.focus, Focus::Transcript);
    face.press("y");
    assert_eq!(copied(&mut face), "x = 1  \ny = 2");
    face.press("b").shows("▌ rust · 3 lines").press("y");
    assert_eq!(copied(&mut face), "fn main() {\n    run();\n}");
    face.press("b").shows("▌ sh · 1 line ").press("y");
    assert_eq!(copied(&mut face), "cargo run");
    face.press("b").shows("▌ code · 1 line ").press("y");
    assert_eq!(copied(&mut face), "last");
    face.press("b").says("this is the last block of code");
    face.press("B B").shows("▌ rust · 3 lines");
    face.press("esc").hides("▌ rust");
    assert_eq!(face.model.focus, Focus::Transcript);
    face.press("y");
    assert_eq!(copied(&mut face), CODE);
}

#[test]
fn a_block_is_left_by_moving_on_and_by_going_elsewhere() {
    let mut face = coded();
    face.press("ctrl+x b b").shows("▌ rust");
    face.press("K").hides("▌ rust");
    face.press("b b").shows("▌ rust").press("i").hides("▌ rust");
    let mut face = long(60);
    face.sends("/blocks").shows("▌ code · 1 line");
    face.press("pageup pageup").hides("▌ code");
}

#[test]
fn upward_from_the_end_the_nearest_block_comes_first_and_pages_are_asked_for() {
    let mut face = long(60);
    face.draw();
    face.press("alt+2 B").shows("code 50");
    face.press("B B B B").shows("code 10").shows("▌ code");
    // Beyond what is loaded, with the page on its way and without.
    let mut face = long(60);
    face.draw().asked();
    face.press("alt+2 B B").hold().press("B");
    face.asks(is_page);
    face.press("B").release().shows("code 30");
    face.press("B B B").draw();
    face.shows("code 0");
    face.press("B").says("this is the first block of code");
}

#[test]
fn a_block_of_a_growing_reply_is_copied_as_far_as_it_has_come() {
    let mut face = coded();
    face.sends("Again?");
    face.grows("```rust\nlet a = 1;\nlet b").draw();
    face.press("alt+2 B").shows("▌ rust · 2 lines");
    face.grows(" = 2;\nlet c = 3;\n").draw();
    face.shows("▌ rust · 3 lines").press("y");
    assert_eq!(copied(&mut face), "let a = 1;\nlet b = 2;\nlet c = 3;");
    face.grows("```\n\nDone.");
    face.completes().shows("▌ rust · 3 lines").press("y");
    assert_eq!(copied(&mut face), "let a = 1;\nlet b = 2;\nlet c = 3;");
}

#[test]
fn code_is_written_to_a_file_that_is_replaced_only_when_agreed() {
    let mut face = coded();
    face.press("alt+2 w")
        .says("first take a block of code in hand: b");
    face.press("b b w").shows("./snippet.rs");
    face.press("ctrl+u").types("~/x.rs").press("enter");
    let paper = match face.effects.pop() {
        Some(Effect::Write(paper)) => paper,
        other => panic!("{other:?}"),
    };
    assert_eq!((paper.path.as_str(), paper.may_replace), ("~/x.rs", false));
    assert_eq!(paper.text, "fn main() {\n    run();\n}\n");
    let path = || "~/x.rs".to_owned();
    face.msg(Msg::Written(Written::Exists { path: path() }));
    face.shows("~/x.rs is there already").press("n");
    assert!(face.effects.is_empty());
    face.press("w enter");
    assert!(matches!(face.effects.pop(), Some(Effect::Write(p)) if p.path == "./snippet.rs"));
    face.msg(Msg::Written(Written::Exists { path: path() }))
        .press("y");
    assert!(matches!(face.effects.pop(), Some(Effect::Write(p)) if p.may_replace));
    let why = "no room".to_owned();
    face.msg(Msg::Written(Written::Failed { path: path(), why }));
    face.says("~/x.rs could not be written: no room")
        .shows("Write the block of code to a file");
    face.press("enter");
    assert!(
        matches!(face.effects.pop(), Some(Effect::Write(p)) if p.path == "~/x.rs" && !p.may_replace)
    );
    face.msg(Msg::Written(Written::Done { path: path() }))
        .says("3 lines written to ~/x.rs");
    // No name, no file.
    face.press("w ctrl+u enter").says("a file needs a name");
    assert!(face.effects.is_empty());
}

// --- Folding ---

#[test]
fn a_long_message_folds_to_its_first_rows_and_a_short_one_its_reasoning() {
    let mut world = Script::new();
    let id = world.conversation("Fold", "lab/llama", 5);
    let pasted: Vec<String> = (1..=200).map(|n| format!("line {n}")).collect();
    world.asked(id, &pasted.join("\n"));
    world.replied(id, "Short.");
    world.last = Some(id);
    let mut face = Face::over(world);
    // A long question does not bury the answer.
    face.shows("line 8")
        .hides("line 9")
        .shows("… 192 more lines")
        .shows("Short.");
    face.press("alt+2").hides("unfolds");
    face.press("K enter").shows("line 20").hides("more lines");
    face.press("space")
        .shows("… 192 more lines · ⏎ unfolds")
        .shows("Short.");
    face.press("J enter").says("there is nothing to fold");
    // From the composer.
    face.press("i")
        .sends("/fold")
        .says("there is nothing to fold");
}

#[test]
fn a_growing_answer_may_be_folded_and_says_how_much_more_there_is() {
    let mut face = coded();
    face.sends("More?");
    let lines: Vec<String> = (1..=60).map(|n| format!("- item {n}\n")).collect();
    face.grows(&lines.concat()).draw();
    face.sends("/fold")
        .shows("item 8")
        .hides("item 9")
        .shows("… 52 more lines");
    face.grows("- item 61\n").shows("… 53 more lines");
    face.completes()
        .shows("… 53 more lines")
        .sends("/fold")
        .hides("more lines");
}

// --- Finding ---

#[test]
fn words_are_found_over_the_whole_branch_and_hits_are_walked_around() {
    let mut face = long(60);
    face.draw();
    face.press("alt+2 /").types("lighth");
    face.shows("/ lighth")
        .shows("17 of 18")
        .types("ouse")
        .press("enter");
    face.shows("/ lighthouse · 17 of 18").shows("n next");
    face.press("n").shows("18 of 18").press("n");
    face.shows("1 of 18, from the start again")
        .shows("Answer 0.");
    face.press("n")
        .shows("2 of 18")
        .press("n")
        .shows("3 of 18")
        .shows("Answer 7.");
    face.press("N N N")
        .shows("18 of 18, from the end again")
        .shows("Answer 56.");
    face.press("esc").hides("/ lighthouse");
    assert_eq!(face.model.focus, Focus::Transcript);
    // The same words again.
    face.press("n").shows("/ lighthouse · 17 of 18");
    face.press("i").hides("/ lighthouse");
}

#[test]
fn what_is_found_is_lit_where_it_is_seen() {
    let mut face = long(8);
    face.sends("/find lighthouse").draw();
    assert_eq!(lit(&mut face), ["lighthouse", "LIGHTHOUSE"]);
    face.press("esc").draw();
    assert!(lit(&mut face).is_empty());
    face.press("/")
        .types("nowhere to be seen")
        .shows("found nowhere")
        .press("enter");
    face.shows("found nowhere")
        .press("n")
        .says("found nowhere in this conversation");
    assert!(lit(&mut face).is_empty());
    // Without words the line just closes.
    face.press("esc /")
        .press("enter")
        .tick(6_000)
        .hides("found")
        .asks_no(|c| matches!(c, Command::Chat(Chat::Find { words, .. }) if words.is_empty()));
}

#[test]
fn a_later_search_overtakes_an_earlier_answer() {
    let mut face = long(8);
    face.draw();
    face.hold().press("alt+2 /").types("li");
    face.asks(|c| matches!(c, Command::Chat(Chat::Find { words, .. }) if words == "l"));
    face.asks(|c| matches!(c, Command::Cancel(_)));
    face.shows("looking")
        .release_backwards()
        .shows("/ li")
        .shows("of 4");
}

#[test]
fn a_hit_in_a_folded_message_unfolds_it_and_growing_text_is_looked_through() {
    let mut world = Script::new();
    let id = world.conversation("Fold", "lab/llama", 5);
    let pasted: Vec<String> = (1..=200).map(|n| format!("line {n}.")).collect();
    world.asked(id, &pasted.join("\n"));
    world.replied(id, "Short.");
    world.last = Some(id);
    let mut face = Face::over(world);
    face.shows("more lines")
        .sends("/find line 150.")
        .shows("line 150.")
        .shows("1 of 1");
    assert_eq!(lit(&mut face), ["line 150."]);
    face.press("i").sends("On?");
    face.press("alt+2 /")
        .types("word")
        .press("enter")
        .shows("found nowhere");
    face.grows("A wo").draw();
    face.grows("rd and a Word.")
        .shows("2 found")
        .press("n")
        .shows("1 of 2");
    assert_eq!(lit(&mut face), ["word", "Word"]);
    face.completes().press("n").shows("2 of 2");
}

#[test]
fn a_hit_in_a_later_paragraph_of_a_folded_message_is_brought_onto_the_screen() {
    let mut world = Script::new();
    let id = world.conversation("Fold", "lab/llama", 5);
    let pasted: Vec<String> = (1..=100).map(|n| format!("line {n}.")).collect();
    let text = format!("{}\n\nthe lighthouse\nand more", pasted.join("\n"));
    let question = world.asked(id, &text);
    world.replied(id, "Short.");
    // Another version of the question: folded, it has a foot of several rows where unfolded the paragraph stands.
    let other = Message {
        id: world.mint.id(),
        ..world.message(question).clone()
    };
    world.messages.push(other);
    world.last = Some(id);
    let mut face = Face::over(world);
    face.shows("more lines")
        .shows("‹1/2›")
        .hides("the lighthouse");
    face.sends("/find lighthouse")
        .shows("1 of 1")
        .shows("the lighthouse");
    assert_eq!(lit(&mut face), ["lighthouse"]);
}

// --- Going to messages ---

#[test]
fn the_outline_goes_to_a_question_also_where_it_is_not_loaded() {
    let mut face = long(200);
    face.draw();
    face.sends("/outline")
        .shows("Your questions")
        .shows("Question 199")
        .shows("13:57");
    face.types("question 42").press("enter");
    face.asks(|c| {
        matches!(
            c,
            Command::Chat(Chat::Page {
                at: At::Around(_),
                ..
            })
        )
    });
    face.shows("Question 42").shows("Answer 42.");
    assert_eq!(face.model.focus, Focus::Transcript);
    // Reading on from there.
    face.press("J J")
        .shows("Question 43")
        .press("K K K")
        .shows("Answer 41.");
    face.press("G").shows("Answer 199.");
}

#[test]
fn moving_by_message_begins_with_what_is_seen() {
    let mut face = long(60);
    face.draw();
    face.press("alt+2 pageup pageup pageup");
    let top = face.screen();
    let first = top
        .lines()
        .find_map(|line| line.split("Question ").nth(1))
        .map(|rest| rest.split_whitespace().next().unwrap().to_owned())
        .unwrap();
    face.press("K K K").draw();
    let number: usize = first.parse().unwrap();
    face.shows(&format!("Question {}", number - 1));
}

// --- Copying and quoting ---

#[test]
fn the_whole_conversation_is_copied_as_markdown() {
    let mut face = long(60);
    face.draw();
    face.press("alt+2 Y");
    face.asks(|c| {
        matches!(
            c,
            Command::Chat(Chat::Page {
                limit: None,
                at: At::Tip,
                ..
            })
        )
    });
    let text = copied(&mut face);
    assert!(text.starts_with("# Long\n"), "{text}");
    assert!(text.contains("## You, ") && text.contains("## lab/llama, "));
    assert!(text.contains("Question 0\n") && text.contains("The light**house** of turn"));
    // What is shown does not change by it.
    face.shows("Answer 59.");
    let mut face = Face::new();
    face.sends("/copy-all").says("nothing to copy here");
}

#[test]
fn a_growing_reply_is_copied_with_the_words_that_have_come() {
    let mut face = coded();
    face.sends("Again?");
    face.grows("Half a").sends("/copy-all");
    assert!(copied(&mut face).ends_with("Half a\n"));
}

#[test]
fn a_message_or_a_block_is_quoted_into_the_composer() {
    let mut face = long(1);
    face.types("See:");
    face.press("alt+2 q");
    assert_eq!(face.model.focus, Focus::Composer);
    let quoted =
        "> Answer 0.\n>\n> ```\n> code 0\n> ```\n>\n> The light**house** of turn, LIGHTHOUSE.\n\n";
    assert_eq!(
        face.model.composer.editor.text(),
        format!("See:\n\n{quoted}")
    );
    face.press("ctrl+c").press("ctrl+x b q");
    assert_eq!(
        face.model.composer.editor.text(),
        "> ```\n> code 0\n> ```\n\n"
    );
}

#[test]
fn what_was_found_is_looked_for_again_on_another_branch() {
    let mut face = long(8);
    face.sends("/find lighthouse").shows("of 4");
    face.asked();
    face.press("r").draw();
    face.asks(|c| matches!(c, Command::Chat(Chat::Find { .. })));
    face.grows("no more").shows("of 2");
}
