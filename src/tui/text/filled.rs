//! A template's text with what fills it so far, ready to be wrapped: values and gaps stand out from the fixed words.

use super::styled::Styled;
use crate::domain::clean::Clean;
use crate::domain::template::{Piece, View};
use crate::tui::theme::{Look, Tone};

/// Longest value shown whole, in bytes; of a longer one so much is shown and the rest is counted.
const LONGEST: usize = 6_000;

/// The text with its looks; the rows made of it know the bytes of `view.text` they show. `at_hand` is the field being
/// written: where it stands is underlined.
pub fn styled(view: &View, at_hand: Option<usize>) -> Styled {
    let mut styled = Styled::default();
    for (range, piece) in &view.pieces {
        let words = &view.text[range.clone()];
        let (look, field) = match piece {
            Piece::Fixed => (Look::default(), None),
            Piece::Filled(field) => (Look::of(Tone::Accent), Some(*field)),
            Piece::Gap(field) => (Look::of(Tone::Warning).bold(), Some(*field)),
        };
        let look = Look {
            underline: field.is_some() && field == at_hand,
            ..look
        };
        let end = match field {
            Some(_) if words.len() > LONGEST => words.floor_char_boundary(LONGEST),
            Some(_) | None => words.len(),
        };
        let text = Clean::text(&words[..end]);
        let is_exact = *text == words[..end];
        styled.push_from(&text, look, range.clone(), is_exact);
        if end < words.len() {
            let more = words[end..].chars().count();
            let more = Clean::line(&format!(" … {more} more characters …"));
            styled.push(&more, Look::of(Tone::Dim));
        }
    }
    styled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::template::{Template, Values};

    #[test]
    fn values_and_gaps_stand_out_and_long_ones_are_cut() {
        let long = "é".repeat(4_000);
        let values: Values = [("b".to_owned(), long)].into();
        let view = Template::parse("x {a} {b}").view(&values);
        let styled = styled(&view, Some(0));
        let looks: Vec<Look> = styled.runs().iter().map(|run| run.look).collect();
        let gap = Look {
            underline: true,
            ..Look::of(Tone::Warning).bold()
        };
        let fixed = Look::default();
        let expected = [
            fixed,
            gap,
            fixed,
            Look::of(Tone::Accent),
            Look::of(Tone::Dim),
        ];
        assert_eq!(looks, expected);
        assert!(styled.text().starts_with("x {a} éé"));
        assert!(styled.text().ends_with("é … 1000 more characters …"));
    }
}
