//! The built-in guide finds what users ask for and knows what it does not know.
#![expect(
    clippy::unwrap_used,
    reason = "a test ends where its ground is missing"
)]

use salon::domain::chat::{ChatMessage, ChatRequest, Purpose};
use salon::domain::conversation::Sampling;
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
    ChatMessage {
        role,
        text: text.to_owned(),
    }
}

fn request(purpose: Purpose, messages: Vec<ChatMessage>) -> ChatRequest {
    ChatRequest {
        model: ModelRef::guide(),
        purpose,
        system: String::new(),
        messages,
        sampling: Sampling::default(),
    }
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
    let (mut known, mut found, mut wrong) = (0, 0, Vec::new());
    for line in QUESTIONS.lines() {
        let (question, heading) = line.split_once('\t').unwrap();
        let answer = answer(question);
        if heading == "-" {
            assert!(is_unknown(&answer), "{question}: {answer}");
            continue;
        }
        known += 1;
        let ranked: Vec<&str> = guide().find(question);
        if ranked.iter().take(2).any(|one| *one == heading) {
            found += 1;
        } else {
            wrong.push(format!(
                "{question}: {:?} not {heading}",
                &ranked[..ranked.len().min(4)]
            ));
        }
    }
    assert_eq!((known, QUESTIONS.lines().count()), (30, 40));
    assert!(found >= 27, "{found} of {known}\n{}", wrong.join("\n"));
    println!("{found} of {known}\n{}", wrong.join("\n"));
}
