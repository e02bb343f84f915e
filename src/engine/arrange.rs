//! Which prompts are listed and in which order (spec L2). Pure.

use crate::domain::prompt::PromptListed;
use crate::protocol::{PromptOrder, PromptQuery, Which};

/// Those that fit, scenario by scenario: the scenarios of `first` in its order, then others by name, then what has none;
/// within a scenario as the query says.
pub fn arranged(
    mut all: Vec<PromptListed>,
    query: &PromptQuery,
    first: &[&str],
) -> Vec<PromptListed> {
    let words: Vec<String> = query
        .words
        .split_whitespace()
        .map(str::to_lowercase)
        .collect();
    all.retain(|listed| is_wanted(listed, query) && has_words(listed, &words));
    all.sort_by_cached_key(|listed| {
        let sheet = &listed.prompt.sheet;
        let scenario = sheet.scenario.to_lowercase();
        let place = first.iter().position(|name| *name == scenario);
        let uses = match query.order {
            PromptOrder::Use => listed.uses,
            PromptOrder::Title => 0,
        };
        (
            scenario.is_empty(),
            place.unwrap_or(first.len()),
            scenario,
            std::cmp::Reverse(uses),
            sheet.title.to_lowercase(),
            listed.prompt.id,
        )
    });
    all
}

fn is_wanted(listed: &PromptListed, query: &PromptQuery) -> bool {
    let PromptListed {
        prompt, is_hidden, ..
    } = listed;
    let is_shipped = prompt.is_template;
    let sheet = &prompt.sheet;
    let fits = |wanted: &Option<String>, held: &[String]| {
        wanted.as_ref().is_none_or(|wanted| {
            let wanted = wanted.to_lowercase();
            held.iter().any(|held| held.to_lowercase() == wanted)
        })
    };
    (query.has_shipped || !is_shipped)
        && (query.has_hidden || !(is_shipped && *is_hidden))
        && prompt.trashed_at.is_some() == (query.which == Which::Trashed)
        && fits(&query.scenario, std::slice::from_ref(&sheet.scenario))
        && fits(&query.tag, &sheet.tags)
}

fn has_words(listed: &PromptListed, words: &[String]) -> bool {
    if words.is_empty() {
        return true;
    }
    let sheet = &listed.prompt.sheet;
    let texts = [&sheet.title, &sheet.content, &sheet.description].map(|text| text.to_lowercase());
    words
        .iter()
        .all(|word| texts.iter().any(|text| text.contains(word.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::PromptId;
    use crate::domain::prompt::{Prompt, Sheet};
    use crate::domain::when::Millis;

    fn prompt(title: &str, scenario: &str, uses: u64) -> PromptListed {
        let prompt = Prompt {
            id: PromptId(uuid::Uuid::from_u128(u128::from(uses))),
            version: 1,
            sheet: Sheet {
                title: title.into(),
                content: format!("Content of {title}."),
                scenario: scenario.into(),
                tags: vec!["Rust".into(), title.to_lowercase()],
                ..Sheet::default()
            },
            is_template: false,
            created_at: None,
            updated_at: None,
            trashed_at: None,
        };
        PromptListed {
            uses,
            ..PromptListed::unused(prompt)
        }
    }

    fn all() -> Vec<PromptListed> {
        let mut all = vec![
            prompt("Loose", "", 9),
            prompt("beta", "coding", 1),
            prompt("Alpha", "Coding", 1),
            prompt("Often", "coding", 5),
            prompt("Verse", "poems", 0),
            prompt("Letter", "writing", 0),
        ];
        all[5].prompt.is_template = true;
        all[5].is_hidden = true;
        all[4].prompt.trashed_at = Some(Millis(1));
        all
    }

    fn titles(query: &PromptQuery) -> Vec<String> {
        let listed = arranged(all(), query, &["writing", "coding"]);
        listed
            .into_iter()
            .map(|one| one.prompt.sheet.title)
            .collect()
    }

    #[test]
    fn scenarios_come_in_their_order_and_prompts_by_use_or_title() {
        let mut query = PromptQuery::default();
        assert_eq!(titles(&query), ["Often", "Alpha", "beta", "Loose"]);
        query.order = PromptOrder::Title;
        query.has_hidden = true;
        assert_eq!(
            titles(&query),
            ["Letter", "Alpha", "beta", "Often", "Loose"]
        );
        query.has_shipped = false;
        assert_eq!(titles(&query).len(), 4);
        query.which = Which::Trashed;
        assert_eq!(titles(&query), ["Verse"]);
    }

    #[test]
    fn words_scenario_and_tag_narrow_whatever_their_case() {
        let words = |words: &str| PromptQuery {
            words: words.into(),
            ..PromptQuery::default()
        };
        assert_eq!(titles(&words("CONTENT of")).len(), 4);
        assert_eq!(titles(&words("often content")), ["Often"]);
        assert!(titles(&words("often beta")).is_empty());
        let query = PromptQuery {
            scenario: Some("CODING".into()),
            tag: Some("BETA".into()),
            ..PromptQuery::default()
        };
        assert_eq!(titles(&query), ["beta"]);
        let none = PromptQuery {
            scenario: Some(String::new()),
            ..PromptQuery::default()
        };
        assert_eq!(titles(&none), ["Loose"]);
    }
}
