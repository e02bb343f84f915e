//! Finding by name or by the beginning of an id, and names of copies. Pure.

use uuid::Uuid;

/// What a name or id fits.
#[derive(Clone, Debug, PartialEq)]
pub enum Named<T> {
    One(Box<T>),
    None,
    /// The beginning of several ids.
    Many,
}

/// Fewest characters of an id's beginning (decisions 4.1).
pub(super) const SHORTEST: usize = 6;

/// The least and the largest id that begin so; case and hyphens do not matter. `None` = no id does, or it is too short
/// to tell.
pub(super) fn id_range(text: &str) -> Option<(Uuid, Uuid)> {
    let prefix: String = text.trim().chars().filter(|c| *c != '-').collect();
    if prefix.len() < SHORTEST {
        return None;
    }
    let bound = |fill: char| {
        let mut text = prefix.clone();
        text.extend(std::iter::repeat_n(
            fill,
            32_usize.saturating_sub(prefix.len()),
        ));
        Uuid::try_parse(&text).ok()
    };
    Some((bound('0')?, bound('f')?))
}

/// `NAME copy`, `NAME copy 2`, …, at most `most` characters: a longer name is cut.
pub(super) fn copy_name(name: &str, number: u32, most: usize) -> String {
    let end = match number {
        1 => " copy".to_owned(),
        _ => format!(" copy {number}"),
    };
    let room = most.saturating_sub(end.chars().count());
    let head: String = name.chars().take(room).collect();
    format!("{}{end}", head.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_stands_for_all_ids_with_it() {
        let (low, high) = id_range("01A1-9407 ").unwrap();
        assert_eq!(low.to_string(), "01a19407-0000-0000-0000-000000000000");
        assert_eq!(high.to_string(), "01a19407-ffff-ffff-ffff-ffffffffffff");
        let whole = "01a19407-aa80-7b09-844b-000000000001";
        let (low, high) = id_range(whole).unwrap();
        assert_eq!((low, low.to_string().as_str()), (high, whole));
        for nothing in ["01a19", "zzzzzz", "", "01a19407aa807b09844b0000000000012"] {
            assert_eq!(id_range(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_copy_has_a_name_that_fits() {
        assert_eq!(copy_name("Anna", 1, 100), "Anna copy");
        assert_eq!(copy_name("Anna", 2, 100), "Anna copy 2");
        let long = copy_name(&"好".repeat(100), 12, 100);
        assert!(long.ends_with("好 copy 12") && long.chars().count() == 100);
    }
}
