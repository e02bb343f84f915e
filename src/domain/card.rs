//! Character cards of version 2: the JSON file in which other programs keep a character (spec P4). Only the words are
//! read; the card is kept whole beside them.

use serde::Deserialize;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::persona::{Profile, Relationship};

/// Bytes of the largest card.
pub const LARGEST: u64 = 2 << 20;

const SPEC: &str = "chara_card_v2";

#[derive(Deserialize)]
struct Card {
    spec: Option<String>,
    data: Option<Character>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Character {
    name: String,
    description: String,
    personality: String,
    scenario: String,
    first_mes: String,
    mes_example: String,
    system_prompt: String,
    post_history_instructions: String,
}

/// The profile that a card says. Its relationship is `other`, the one that follows the description.
///
/// What the card calls description stays one; system prompt, personality, scenario, greeting, examples and closing
/// instructions become the instructions, in this order. `{{char}}` becomes the name, `{{user}}` "the user".
pub fn profile(card: &str) -> Result<Profile, Failure> {
    let card = card.trim_start_matches('\u{feff}');
    let card: Card = serde_json::from_str(card).map_err(|error| {
        let remedy = if error.is_data() {
            "Its fields have other types than those of a character card; export it again as JSON, version 2."
        } else {
            "Give a JSON file; where the card is inside a picture, export it as JSON first."
        };
        let place = format!("line {}, column {}", error.line(), error.column());
        no_card("The file is not a character card", remedy).with_detail(place)
    })?;
    if card.spec.as_deref() != Some(SPEC) {
        let title = match card.spec {
            Some(_) => "The character card is of another version",
            None => "The file is not a character card",
        };
        let remedy = format!("Give a JSON file with `\"spec\": \"{SPEC}\"`.");
        return Err(no_card(title, &remedy));
    }
    let data = card.data.unwrap_or_default();
    let name = data.name.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = |text: &str| with_names(text, &name).trim().to_owned();
    let instructions = [
        ("", &data.system_prompt),
        ("Personality: ", &data.personality),
        ("Scenario: ", &data.scenario),
        ("You begin a conversation like this:\n", &data.first_mes),
        ("Examples of how you talk:\n", &data.mes_example),
        ("", &data.post_history_instructions),
    ]
    .into_iter()
    .map(|(heading, text)| (heading, said(text)))
    .filter(|(_, text)| !text.is_empty())
    .map(|(heading, text)| format!("{heading}{text}"))
    .collect::<Vec<_>>()
    .join("\n\n");
    let profile = Profile {
        description: said(&data.description),
        name,
        relationship: Relationship::Other,
        instructions,
        ..Profile::default()
    };
    profile.check()?;
    Ok(profile)
}

fn no_card(title: &str, remedy: &str) -> Failure {
    Failure::new(FailureKind::Input, title, remedy)
}

/// The text with names in the places that cards leave for them, whatever their case. Other places in double braces
/// stay; `{{original}}` stands for a text salon does not have.
fn with_names(text: &str, name: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['{', '<']) {
        let (before, place) = rest.split_at(at);
        out.push_str(before);
        let found = PLACES.iter().find(|(written, _)| {
            place
                .get(..written.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(written))
        });
        let Some((written, whom)) = found else {
            out.push_str(&place[..1]);
            rest = &place[1..];
            continue;
        };
        out.push_str(match whom {
            Whom::Character => name,
            Whom::User => "the user",
            Whom::Nobody => "",
        });
        rest = &place[written.len()..];
    }
    out.push_str(rest);
    out
}

#[derive(Clone, Copy)]
enum Whom {
    Character,
    User,
    Nobody,
}

const PLACES: [(&str, Whom); 5] = [
    ("{{char}}", Whom::Character),
    ("{{user}}", Whom::User),
    ("{{original}}", Whom::Nobody),
    ("<BOT>", Whom::Character),
    ("<USER>", Whom::User),
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn card(data: serde_json::Value) -> String {
        json!({ "spec": SPEC, "spec_version": "2.0", "data": data }).to_string()
    }

    #[test]
    fn a_card_becomes_a_profile_with_its_names_filled_in() {
        let text = card(json!({
            "name": " Ada \n Lovelace ",
            "description": "{{char}} writes to {{User}}. {{pick}} {x}",
            "personality": "precise",
            "scenario": "",
            "first_mes": "Good evening, <user>.",
            "mes_example": "<START>\n{{CHAR}}: Indeed.",
            "system_prompt": "{{original}}Stay in your time.",
            "post_history_instructions": "Sign as <BOT>.",
            "creator_notes": "not for the model",
            "tags": ["history"], "extensions": {"a": 1}, "character_book": null,
        }));
        let profile = profile(&text).unwrap();
        assert_eq!(profile.name, "Ada Lovelace");
        assert_eq!(profile.relationship, Relationship::Other);
        let told = "Ada Lovelace writes to the user. {{pick}} {x}";
        assert_eq!(profile.description, told);
        assert_eq!(
            profile.instructions,
            "Stay in your time.\n\nPersonality: precise\n\n\
             You begin a conversation like this:\nGood evening, the user.\n\n\
             Examples of how you talk:\n<START>\nAda Lovelace: Indeed.\n\nSign as Ada Lovelace."
        );
        assert_eq!((profile.model, profile.temperature), (None, None));
    }

    #[test]
    fn what_is_no_card_is_refused_with_what_to_give() {
        let long = "x".repeat(10_000);
        for (text, words) in [
            ("", "export it as JSON"),
            ("\u{89}PNG\r\n", "export it as JSON"),
            ("[1, 2]", "other types"),
            ("{\"name\": \"Ada\"}", "not a character card"),
            (
                "{\"spec\": \"chara_card_v3\", \"data\": {}}",
                "another version",
            ),
            (
                "{\"spec\": \"chara_card_v2\", \"data\": {\"name\": 7}}",
                "other types",
            ),
            ("{\"spec\": \"chara_card_v2\"}", "no name"),
            (&card(json!({ "name": long })), "at most 100"),
        ] {
            let failure = profile(text).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Input);
            assert!(failure.to_string().contains(words), "{failure}");
        }
    }
}
