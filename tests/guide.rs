//! The built-in guide finds what users ask for and knows what it does not know.

use salon::domain::chat::{ChatMessage, ChatRequest, Purpose};
use salon::domain::message::Role;
use salon::domain::model::ModelRef;
use salon::keys::KeyMap;
use salon::manual::Manual;
use salon::provider::guide::{Guide, GuidePace};

const QUESTIONS: &str = include_str!("guide/questions.tsv");

fn guide() -> Guide {
    let keys = KeyMap::shipped().deliverable(false);
    Guide::new(Manual::new(&keys), GuidePace::AtOnce)
}

fn said(role: Role, text: &str) -> ChatMessage {
    ChatMessage::new(role, text)
}

fn request(purpose: Purpose, messages: Vec<ChatMessage>) -> ChatRequest {
    ChatRequest::new(ModelRef::guide(), purpose, messages)
}

fn answer(question: &str) -> String {
    guide().answer(&request(Purpose::Turn, vec![said(Role::User, question)]))
}

/// Whether the answer is the one for what the manual does not hold.
fn is_unknown(answer: &str) -> bool {
    answer.starts_with("I don't know that.")
}

#[test]
fn users_questions_find_their_passage_and_others_are_not_answered() {
    let guide = guide();
    let (mut known, mut found, mut wrong) = (0, 0, Vec::new());
    for line in QUESTIONS.lines() {
        let (question, heading) = line.split_once('\t').unwrap();
        let answer = answer(question);
        if heading == "-" {
            assert!(is_unknown(&answer), "{question}: {answer}");
            continue;
        }
        known += 1;
        let ranked: Vec<&str> = guide.find(question);
        if ranked.iter().take(2).any(|one| *one == heading) {
            found += 1;
        } else {
            wrong.push(format!(
                "{question}: {:?} not {heading}",
                &ranked[..ranked.len().min(4)]
            ));
        }
    }
    assert_eq!((known, QUESTIONS.lines().count()), (53, 63));
    assert!(found >= 50, "{found} of {known}\n{}", wrong.join("\n"));
}

#[test]
fn it_knows_how_to_search() {
    for (question, heading) in [
        (
            "How do I search all my conversations?",
            "Searching all conversations",
        ),
        (
            "how can I find an old message",
            "Searching all conversations",
        ),
        ("full text search", "Searching all conversations"),
        ("search in the shell", "Searching in the shell"),
    ] {
        let ranked = guide();
        let ranked = ranked.find(question);
        assert!(
            ranked.iter().take(2).any(|one| *one == heading),
            "{question}: {ranked:?}"
        );
    }
}

#[test]
fn the_first_answer_is_labelled_and_later_ones_are_not() {
    let label = "built-in guide, not a language model";
    let first = answer("how do I quit?");
    assert!(first.ends_with(&format!("*{label}*")), "{first}");
    let later = guide().answer(&request(
        Purpose::Turn,
        vec![
            said(Role::User, "how do I quit?"),
            said(Role::Assistant, &first),
            said(Role::User, "and how do I send a message?"),
        ],
    ));
    assert!(later.starts_with("## Sending a message\n"), "{later}");
    assert!(!later.contains(label));
}

#[test]
fn it_greets_and_says_what_it_knows() {
    assert!(answer("Hello!").starts_with("Hello."));
    assert!(answer("thank you very much").starts_with("You are welcome."));
    assert!(answer("What can you do?").starts_with("## What I can do here"));
    let unknown = answer("who won the 1954 cup?");
    assert!(unknown.contains("**Models and providers**"), "{unknown}");
    assert!(is_unknown(&answer("¿qué es esto?")));
    assert!(!is_unknown(&answer("")));
    assert!(is_unknown(&answer(&"word ".repeat(100_000))));
}

#[test]
fn a_stopped_answer_goes_on_where_it_ended() {
    let whole = answer("how do I quit?");
    let kept = &whole[..40];
    let rest = guide().answer(&request(
        Purpose::Turn,
        vec![
            said(Role::User, "how do I quit?"),
            said(Role::Assistant, kept),
            said(
                Role::User,
                "Continue exactly where you stopped. Repeat nothing.",
            ),
        ],
    ));
    assert_eq!(format!("{kept}{rest}"), whole);
}

#[test]
fn titles_are_the_questions_first_words() {
    let title = |text: &str| guide().answer(&request(Purpose::Title, vec![said(Role::User, text)]));
    assert_eq!(title("How do I quit?\nPlease"), "How do I quit?");
    let chore = "<question>\nHow do I quit?\n</question>\n<answer>\nSo.\n</answer>\nThe title:";
    assert_eq!(title(chore), "How do I quit?");
}
