//! The prompts that ship with salon: `assets/prompts`, one file a scenario.

use serde::Deserialize;

use crate::domain::id::PromptId;
use crate::domain::prompt::{Prompt, Sheet};

/// The scenarios in the order of the library, each with its file.
const FILES: [(&str, &str); 6] = [
    ("writing", include_str!("../../assets/prompts/writing.toml")),
    (
        "summarization",
        include_str!("../../assets/prompts/summarization.toml"),
    ),
    ("coding", include_str!("../../assets/prompts/coding.toml")),
    (
        "learning",
        include_str!("../../assets/prompts/learning.toml"),
    ),
    (
        "analysis",
        include_str!("../../assets/prompts/analysis.toml"),
    ),
    (
        "everyday",
        include_str!("../../assets/prompts/everyday.toml"),
    ),
];

/// The scenarios of the shipped ones, in the order of the library.
pub const SCENARIOS: [&str; FILES.len()] = {
    let mut names = [""; FILES.len()];
    let mut at = 0;
    while at < FILES.len() {
        names[at] = FILES[at].0;
        at += 1;
    }
    names
};

#[derive(Deserialize)]
struct File {
    prompt: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    id: PromptId,
    title: String,
    description: String,
    tags: Vec<String>,
    content: String,
}

/// All of them, scenario by scenario.
pub fn shipped() -> Vec<Prompt> {
    FILES
        .iter()
        .flat_map(|(scenario, text)| parse(scenario, text).unwrap_or_default())
        .collect()
}

fn parse(scenario: &str, text: &str) -> Result<Vec<Prompt>, toml::de::Error> {
    let file: File = toml::from_str(text)?;
    let prompt = |row: Row| Prompt {
        id: row.id,
        version: 1,
        sheet: Sheet {
            title: row.title,
            scenario: scenario.to_owned(),
            description: row.description,
            tags: row.tags,
            content: row.content,
            ..Sheet::default()
        },
        is_template: true,
        created_at: None,
        updated_at: None,
        trashed_at: None,
    };
    Ok(file.prompt.into_iter().map(prompt).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn twenty_prompts_of_six_scenarios_have_ids_and_titles_of_their_own() {
        for (scenario, text) in FILES {
            let prompts = parse(scenario, text).unwrap();
            assert!(prompts.len() >= 3, "{scenario}");
        }
        let all = shipped();
        assert_eq!(all.len(), 20);
        let ids: BTreeSet<PromptId> = all.iter().map(|prompt| prompt.id).collect();
        let titles: BTreeSet<&str> = all
            .iter()
            .map(|prompt| prompt.sheet.title.as_str())
            .collect();
        assert_eq!((ids.len(), titles.len()), (20, 20));
        for prompt in &all {
            assert_eq!(prompt.id.0.get_version_num(), 7, "{}", prompt.sheet.title);
            assert!(
                !prompt.sheet.description.is_empty() && !prompt.sheet.description.contains('\n')
            );
            assert!(!prompt.sheet.tags.is_empty() && prompt.is_template);
            assert!(
                prompt.sheet.title.chars().count() <= 30,
                "{}",
                prompt.sheet.title
            );
            assert_eq!(prompt.sheet.content.trim(), prompt.sheet.content);
        }
    }

    #[test]
    fn every_brace_opens_a_place_with_a_valid_name() {
        for prompt in shipped() {
            let mut places = 0;
            for part in prompt.sheet.content.split('{').skip(1) {
                let (place, _) = part.split_once('}').unwrap();
                let name = place.split([':', '|']).next().unwrap();
                assert!(
                    !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'),
                    "{}: {place}",
                    prompt.sheet.title
                );
                places += 1;
            }
            assert!(places > 0, "{}", prompt.sheet.title);
        }
    }
}
