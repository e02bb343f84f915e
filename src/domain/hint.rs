//! What helps a person mend a file or a word written by hand: its line, and the nearest name that exists.

/// Where the lines of a text begin; made once, asked for each thing found in it.
#[derive(Clone, Debug)]
pub struct Lines {
    ends: Vec<usize>,
}

impl Lines {
    /// The lines of this text.
    pub fn of(text: &str) -> Lines {
        Lines {
            ends: text.match_indices('\n').map(|(at, _)| at).collect(),
        }
    }

    /// The line of this byte, counted from 1.
    pub fn line(&self, byte: usize) -> usize {
        self.ends.partition_point(|end| *end < byte) + 1
    }
}

/// The name most like `word`; `None` when none is near enough to be meant (one change in three letters, at most four).
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let allowed = (word.chars().count().div_ceil(3)).min(4);
    names
        .into_iter()
        .map(|name| (distance(&word, &name.to_lowercase()), name))
        .filter(|(far, _)| *far <= allowed)
        .min_by_key(|(far, _)| *far)
        .map(|(_, name)| name)
}

/// How little a name is like `word`: the changes between them, as far as they are few enough for a slip or a version;
/// all names further away are the same. For sorting.
pub fn unlikeness(word: &str, name: &str) -> usize {
    let (word, name) = (word.to_lowercase(), name.to_lowercase());
    let most = word.chars().count().div_ceil(2);
    let is_part = name.contains(&word) || word.contains(&name);
    let far = distance(&word, &name).min(most);
    if is_part { far.min(1) } else { far }
}

/// `Did you mean …?` for the nearest name, else `otherwise`.
pub fn did_you_mean<'a>(
    word: &str,
    names: impl IntoIterator<Item = &'a str>,
    otherwise: &str,
) -> String {
    match nearest(word, names) {
        Some(name) => format!("Did you mean `{name}`?"),
        None => otherwise.to_owned(),
    }
}

/// Letters to change, add or remove, or neighbours to swap, until `a` is `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let change = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = change.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_or_none() {
        let names = ["temperature", "max_output_tokens", "stream"];
        assert_eq!(nearest("temprature", names), Some("temperature"));
        assert_eq!(nearest("Stream", names), Some("stream"));
        assert_eq!(nearest("steram", names), Some("stream"));
        assert_eq!(nearest("colour", names), None);
        assert_eq!(nearest("", names), None);
    }

    #[test]
    fn names_are_sorted_by_likeness() {
        let mut names = ["lab/other", "lab/gpt-4o-mini", "lab/gpt-4o", "lab/z"];
        names.sort_by_cached_key(|name| unlikeness("lab/gpt-4o-mni", name));
        assert_eq!(names[..2], ["lab/gpt-4o-mini", "lab/gpt-4o"]);
        assert_eq!(
            unlikeness("lab/gpt-4o-mni", "lab/z"),
            unlikeness("lab/gpt-4o-mni", "lab/othe")
        );
    }

    #[test]
    fn lines_are_counted_from_one() {
        assert_eq!(Lines::of("a\nb\n").line(0), 1);
        assert_eq!(Lines::of("a\nb\n").line(2), 2);
        assert_eq!(Lines::of("a\nb\n").line(99), 3);
    }
}
