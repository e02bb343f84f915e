//! The prompts of the library: which of them are shown, in which order, and what fits a filter.

use std::cmp::Reverse;

use crate::domain::id::PromptId;
use crate::domain::prompt::PromptListed;
use crate::protocol::{PromptOrder, Which};

/// What is shown beside what the filter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    pub which: Which,
    pub has_shipped: bool,
    pub has_hidden: bool,
    pub order: PromptOrder,
}

impl Default for Sight {
    fn default() -> Self {
        Sight {
            which: Which::Active,
            has_shipped: true,
            has_hidden: false,
            order: PromptOrder::Use,
        }
    }
}

/// A line of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// The scenario of the prompt in the next line.
    Scenario,
    /// A prompt, by its place among those shown.
    Prompt(usize),
}

/// A prompt and what is looked at when it is sought.
struct Entry {
    listed: PromptListed,
    /// Title, scenario, description, tags and content in lower case.
    text: String,
    title: String,
    scenario: String,
    tags: Vec<String>,
}

/// The prompts, sorted. What is shown is found when something changes, never by a frame.
#[derive(Default)]
pub struct Stock {
    entries: Vec<Entry>,
    pub sight: Sight,
    filter: String,
    /// Indices of the entries that are shown.
    shown: Vec<usize>,
    lines: Vec<Line>,
    /// The line of each shown prompt.
    line_of: Vec<usize>,
}

impl Entry {
    fn of(listed: PromptListed) -> Entry {
        let sheet = &listed.prompt.sheet;
        let tags: Vec<String> = sheet.tags.iter().map(|tag| tag.to_lowercase()).collect();
        let parts = [
            sheet.title.as_str(),
            sheet.scenario.as_str(),
            sheet.description.as_str(),
            sheet.content.as_str(),
        ];
        let text = parts.join("\n").to_lowercase() + "\n" + &tags.join(" ");
        Entry {
            text,
            title: sheet.title.to_lowercase(),
            scenario: sheet.scenario.to_lowercase(),
            tags,
            listed,
        }
    }

    fn is_trashed(&self) -> bool {
        self.listed.prompt.trashed_at.is_some()
    }

    fn is_in(&self, sight: Sight) -> bool {
        self.is_trashed() == (sight.which == Which::Trashed)
            && (sight.has_shipped || !self.listed.prompt.is_template)
            && (sight.has_hidden || !self.listed.is_hidden)
    }

    fn fits(&self, terms: &[Term]) -> bool {
        terms.iter().all(|term| match term {
            Term::Word(word) => self.text.contains(word),
            Term::Scenario(name) => self.scenario.starts_with(name),
            Term::Tag(name) => self.tags.iter().any(|tag| tag.starts_with(name)),
        })
    }
}

impl Stock {
    /// These in place of all that were outside the trash, or in it.
    pub fn fill(&mut self, which: Which, rows: Vec<PromptListed>) {
        let is_trash = which == Which::Trashed;
        self.entries.retain(|entry| entry.is_trashed() != is_trash);
        self.entries.extend(rows.into_iter().map(Entry::of));
        self.sort();
    }

    /// A prompt is now like this.
    pub fn apply(&mut self, row: PromptListed) {
        let id = row.prompt.id;
        let entry = Entry::of(row);
        match self.entries.iter().position(|e| e.listed.prompt.id == id) {
            Some(at) => self.entries[at] = entry,
            None => self.entries.push(entry),
        }
        self.sort();
    }

    /// Something else is shown from now on.
    pub fn look(&mut self, sight: Sight) {
        self.sight = sight;
        self.sort();
    }

    /// By scenario, those without one last.
    fn sort(&mut self) {
        let by_use = self.sight.order == PromptOrder::Use;
        let uses = |entry: &Entry| if by_use { entry.listed.uses } else { 0 };
        self.entries.sort_by(|a, b| {
            let key = |e: &Entry| (e.scenario.is_empty(), Reverse(uses(e)), e.listed.prompt.id);
            let (one, other) = (key(a), key(b));
            (one.0, &a.scenario, one.1, &a.title, one.2).cmp(&(
                other.0,
                &b.scenario,
                other.1,
                &b.title,
                other.2,
            ))
        });
        let terms = terms(&self.filter);
        let all = 0..self.entries.len();
        self.show(all.collect(), &terms);
    }

    /// Shows what fits this filter. One that only goes on is sought in what is shown already.
    pub fn filter(&mut self, filter: &str) {
        let goes_on = filter.starts_with(&self.filter) && !filter.contains(':');
        let among = if goes_on {
            std::mem::take(&mut self.shown)
        } else {
            (0..self.entries.len()).collect()
        };
        filter.clone_into(&mut self.filter);
        self.show(among, &terms(filter));
    }

    fn show(&mut self, among: Vec<usize>, terms: &[Term]) {
        let sight = self.sight;
        self.shown = among;
        let entries = &self.entries;
        self.shown
            .retain(|at| entries[*at].is_in(sight) && entries[*at].fits(terms));
        self.lines.clear();
        self.line_of.clear();
        let mut scenario = None;
        for (place, at) in self.shown.iter().enumerate() {
            let own = Some(self.entries[*at].scenario.as_str());
            if scenario != own {
                scenario = own;
                self.lines.push(Line::Scenario);
            }
            self.line_of.push(self.lines.len());
            self.lines.push(Line::Prompt(place));
        }
    }

    /// The shown prompt at this place.
    pub fn get(&self, place: usize) -> Option<&PromptListed> {
        let at = self.shown.get(place)?;
        Some(&self.entries[*at].listed)
    }

    /// The prompt of this id, shown or not.
    pub fn find(&self, id: PromptId) -> Option<&PromptListed> {
        self.rows().find(|row| row.prompt.id == id)
    }

    /// The place of a prompt among those shown.
    pub fn place(&self, id: PromptId) -> Option<usize> {
        let at = |at: &usize| self.entries[*at].listed.prompt.id == id;
        self.shown.iter().position(at)
    }

    /// How many are shown.
    pub fn count(&self) -> usize {
        self.shown.len()
    }

    /// All prompts, in the trash or not, shown or not.
    pub fn rows(&self) -> impl Iterator<Item = &PromptListed> {
        self.entries.iter().map(|entry| &entry.listed)
    }

    /// The lines of the list.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The line a shown prompt stands in.
    pub fn line_of(&self, place: usize) -> usize {
        self.line_of.get(place).copied().unwrap_or(0)
    }

    /// Filters that leave one scenario or one tag, with the number of prompts each leaves.
    pub fn groups(&self) -> Vec<(String, usize)> {
        let mut groups: std::collections::BTreeMap<String, usize> = Default::default();
        for entry in self.entries.iter().filter(|entry| entry.is_in(self.sight)) {
            let sheet = &entry.listed.prompt.sheet;
            let scenario = Some(term_of(SCENARIO, &sheet.scenario));
            let scenario = scenario.filter(|_| !sheet.scenario.is_empty());
            let tags = sheet.tags.iter().map(|tag| term_of(TAG, tag));
            for term in scenario.into_iter().chain(tags) {
                *groups.entry(term).or_default() += 1;
            }
        }
        groups.into_iter().collect()
    }
}

const SCENARIO: &str = "scenario:";
const TAG: &str = "tag:";

fn term_of(kind: &str, name: &str) -> String {
    if name.contains(char::is_whitespace) {
        format!("{kind}\"{name}\"")
    } else {
        format!("{kind}{name}")
    }
}

/// A part of a filter, in lower case; all must fit.
#[derive(Debug, PartialEq)]
enum Term {
    Word(String),
    /// The scenario begins so.
    Scenario(String),
    /// A tag begins so.
    Tag(String),
}

/// The parts of `words tag:x scenario:"two words"`. A quotation mark that is still open reaches to the end.
fn terms(filter: &str) -> Vec<Term> {
    let filter = filter.to_lowercase();
    let (mut found, mut rest) = (Vec::new(), filter.trim_start());
    while !rest.is_empty() {
        let (kind, after) = [SCENARIO, TAG]
            .into_iter()
            .find_map(|kind| Some((Some(kind), rest.strip_prefix(kind)?)))
            .unwrap_or((None, rest));
        let (name, left) = match after.strip_prefix('"').filter(|_| kind.is_some()) {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_at(after.find(char::is_whitespace).unwrap_or(after.len())),
        };
        let name = name.to_owned();
        found.push(match kind {
            Some(SCENARIO) => Term::Scenario(name),
            Some(_) => Term::Tag(name),
            None => Term::Word(name),
        });
        rest = left.trim_start();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Mint;
    use crate::domain::prompt::{Prompt, Sheet};
    use crate::domain::when::Millis;
    use std::sync::Arc;

    fn stock(rows: &[(&str, &str, &str, u64)]) -> Stock {
        let mint = Mint::new(Arc::new(|| Millis(1_795_000_000_000)));
        let row = |(scenario, title, tags, uses): &(&str, &str, &str, u64)| PromptListed {
            uses: *uses,
            ..PromptListed::unused(Prompt {
                id: mint.id(),
                version: 1,
                sheet: Sheet {
                    scenario: (*scenario).to_owned(),
                    title: (*title).to_owned(),
                    tags: tags.split_whitespace().map(String::from).collect(),
                    ..Sheet::default()
                },
                is_template: tags.contains("shipped"),
                created_at: None,
                updated_at: None,
                trashed_at: None,
            })
        };
        let mut stock = Stock::default();
        stock.fill(Which::Active, rows.iter().map(row).collect());
        stock
    }

    fn titles(stock: &Stock) -> Vec<&str> {
        let rows = (0..stock.count()).filter_map(|place| stock.get(place));
        rows.map(|row| row.prompt.sheet.title.as_str()).collect()
    }

    fn some() -> Stock {
        stock(&[
            ("", "Loose", "", 9),
            ("Work mail", "Answer", "email", 0),
            ("code", "review", "bugs shipped", 0),
            ("Code", "Bug", "bugs", 3),
        ])
    }

    #[test]
    fn prompts_stand_by_scenario_then_use_or_title() {
        let mut stock = some();
        assert_eq!(titles(&stock), ["Bug", "review", "Answer", "Loose"]);
        let lines = [
            Line::Scenario,
            Line::Prompt(0),
            Line::Prompt(1),
            Line::Scenario,
            Line::Prompt(2),
            Line::Scenario,
            Line::Prompt(3),
        ];
        assert_eq!(stock.lines(), lines);
        assert_eq!(stock.line_of(2), 4);
        let mut changed = stock.get(1).unwrap().clone();
        changed.uses = 4;
        stock.apply(changed);
        assert_eq!(titles(&stock), ["review", "Bug", "Answer", "Loose"]);
        stock.look(Sight {
            order: PromptOrder::Title,
            has_shipped: false,
            ..Sight::default()
        });
        assert_eq!(titles(&stock), ["Bug", "Answer", "Loose"]);
    }

    #[test]
    fn a_filter_narrows_and_widens_again() {
        let mut stock = some();
        for (filter, expected) in [
            ("b", &["Bug", "review"][..]),
            ("bu re", &["review"]),
            ("b", &["Bug", "review"]),
            ("tag:b", &["Bug", "review"]),
            ("tag:", &["Bug", "review", "Answer"]),
            ("scenario:\"work m", &["Answer"]),
            ("scenario:\"work mail\" ans", &["Answer"]),
            ("SCENARIO:code re", &["review"]),
            ("nothing", &[]),
            ("", &["Bug", "review", "Answer", "Loose"]),
        ] {
            stock.filter(filter);
            assert_eq!(titles(&stock), expected, "{filter}");
        }
        let groups = stock.groups();
        let expected = [
            ("scenario:\"Work mail\"", 1),
            ("scenario:Code", 1),
            ("scenario:code", 1),
            ("tag:bugs", 2),
            ("tag:email", 1),
            ("tag:shipped", 1),
        ];
        let owned = expected.map(|(term, count)| (term.to_owned(), count));
        assert_eq!(groups, owned);
    }

    #[test]
    fn the_trash_and_the_hidden_are_shown_when_asked_for() {
        let mut stock = some();
        let mut row = stock.get(0).unwrap().clone();
        row.prompt.trashed_at = Some(Millis(1));
        stock.apply(row);
        let mut row = stock.get(0).unwrap().clone();
        row.is_hidden = true;
        stock.apply(row);
        assert_eq!(titles(&stock), ["Answer", "Loose"]);
        stock.look(Sight {
            has_hidden: true,
            ..Sight::default()
        });
        assert_eq!(titles(&stock), ["review", "Answer", "Loose"]);
        stock.look(Sight {
            which: Which::Trashed,
            ..Sight::default()
        });
        assert_eq!(titles(&stock), ["Bug"]);
        stock.fill(Which::Trashed, Vec::new());
        assert_eq!(titles(&stock), Vec::<&str>::new());
        assert_eq!(stock.rows().count(), 3);
    }
}
