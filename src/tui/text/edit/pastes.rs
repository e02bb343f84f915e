//! Text pasted into an input: a long one is a chip until it is expanded.

use super::Editor;
use crate::tui::text::buffer::{CHIP_START, cleaned};
use crate::tui::text::chips::chip_beside;

impl Editor {
    /// Text that comes in one piece becomes a chip from now on if it has more than so many characters, or 20 lines.
    pub fn fold_pastes_over(&mut self, chars: usize) {
        self.chips.fold_over(chars);
    }

    /// Inserts text that came in one piece.
    pub fn paste_block(&mut self, text: &str) {
        let text = cleaned(text, self.is_single);
        self.goal = None;
        match self.chips.hold(&text) {
            Some(chip) => self.buffer.insert(&chip),
            None => self.buffer.insert(&text),
        }
    }

    /// Whether a chip stands in it.
    pub fn has_chips(&self) -> bool {
        let lines = self.buffer.lines();
        lines.iter().any(|line| line.contains(CHIP_START))
    }

    /// Shows the pasted text at the caret in full; `false` when there is none.
    pub fn expand_at_caret(&mut self) -> bool {
        let spot = self.buffer.spot();
        let line = self.buffer.line(spot.line);
        let Some(chip) = chip_beside(line, spot.byte) else {
            return false;
        };
        let text = self.chips.expanded(&line[chip.clone()]).into_owned();
        self.goal = None;
        self.buffer.cancel_selection();
        self.buffer.jump(spot.at(chip.start));
        self.buffer.start_selection();
        self.buffer.jump(spot.at(chip.end));
        self.buffer.insert(&text);
        true
    }

    /// Shows all pasted text in full; `false` when there is none.
    pub fn expand_all(&mut self) -> bool {
        let has_chips = self.has_chips();
        if has_chips {
            self.replace_all(&self.text());
        }
        has_chips
    }

    /// Texts that nothing can bring back any more are dropped.
    pub(super) fn forget_chips(&mut self) {
        if !self.buffer.killed().contains(CHIP_START) {
            self.chips.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::text::buffer::CHIP_END;
    use crate::tui::text::chips::{chip_around, pieces};
    use crate::tui::text::edit::{Kill, Move};
    use proptest::prelude::*;

    fn folding() -> Editor {
        let mut editor = Editor::new();
        editor.fold_pastes_over(40);
        editor
    }

    fn long(word: &str) -> String {
        format!("{word}\n").repeat(48)
    }

    /// What is seen of it.
    fn seen(editor: &Editor) -> String {
        let line = |line: &String| -> String {
            pieces("", line).into_iter().map(|(text, _)| text).collect()
        };
        let lines: Vec<String> = editor.buffer.lines().iter().map(line).collect();
        lines.join("\n").replace('\u{a0}', " ")
    }

    #[test]
    fn a_long_paste_is_a_chip_and_a_short_one_is_text() {
        let mut editor = folding();
        editor.paste_block("short");
        editor.paste_block(&long("log"));
        editor.insert("!");
        assert_eq!(seen(&editor), "short[pasted 48 lines, 192 characters]!");
        assert_eq!(editor.text(), format!("short{}!", long("log")));
        assert_eq!(editor.len(), editor.text().len());
        assert_eq!(editor.caret(), editor.len());
        let mut editor = folding();
        editor.paste_block(&"x".repeat(3_210));
        assert_eq!(seen(&editor), "[pasted 3,210 characters]");
        let mut plain = Editor::new();
        plain.paste_block(&long("log"));
        assert_eq!(plain.only_line(), None);
    }

    #[test]
    fn it_is_stepped_over_and_deleted_as_one_and_comes_back() {
        let mut editor = folding();
        editor.insert("a");
        editor.paste_block(&long("log"));
        editor.insert("b");
        let whole = editor.text();
        editor.go(Move::Left);
        editor.go(Move::Left);
        assert_eq!(editor.caret(), 1);
        editor.go(Move::Right);
        assert_eq!(editor.caret(), whole.len() - 1);
        assert!(editor.delete(Kill::Back));
        assert_eq!(editor.text(), "ab");
        assert!(editor.undo());
        assert_eq!(editor.text(), whole);
        assert!(editor.redo());
        assert_eq!(editor.text(), "ab");
        editor.undo();
        editor.go(Move::Start);
        editor.go(Move::Right);
        assert!(editor.delete(Kill::Forward));
        assert_eq!(editor.text(), "ab");
    }

    #[test]
    fn words_and_rows_step_over_it_and_a_cut_one_can_be_put_back() {
        let mut editor = folding();
        editor.insert("one ");
        editor.paste_block(&long("log"));
        editor.insert(" two");
        let whole = editor.text();
        editor.go(Move::WordLeft);
        editor.go(Move::WordLeft);
        assert_eq!(editor.caret(), 4);
        editor.go(Move::WordRight);
        assert_eq!(editor.caret(), whole.len() - 4);
        assert!(editor.delete(Kill::WordBack));
        assert_eq!(editor.text(), "one  two");
        assert!(editor.yank());
        assert_eq!(editor.text(), whole);
        // Its text is not forgotten while it can be put back.
        editor.delete(Kill::WordBack);
        editor.clear();
        editor.yank();
        assert_eq!(editor.text(), long("log"));
    }

    #[test]
    fn what_is_copied_and_what_is_expanded_is_the_text() {
        let mut editor = folding();
        editor.paste_block(&long("log"));
        editor.select_all();
        assert_eq!(editor.selection(), Some(long("log")));
        editor.cancel_selection();
        assert!(editor.expand_at_caret());
        assert!(!editor.has_chips());
        assert_eq!(editor.text(), long("log"));
        assert!(!editor.expand_at_caret() && !editor.expand_all());
        // Out goes the text, back comes the chip.
        assert!(editor.undo() && editor.undo());
        assert!(editor.has_chips() && editor.expand_all());
        assert_eq!(editor.text(), long("log"));
    }

    #[test]
    fn two_of_the_same_size_are_told_apart() {
        let mut editor = folding();
        for word in ["one", "two", "one"] {
            editor.paste_block(&long(word));
            editor.newline();
        }
        let chip = "[pasted 48 lines, 192 characters]";
        let second = "[pasted 48 lines, 192 characters, no. 2]";
        assert_eq!(seen(&editor), format!("{chip}\n{second}\n{chip}\n"));
        let texts = ["one", "two", "one"].map(long);
        assert_eq!(editor.text(), texts.map(|text| text + "\n").concat());
    }

    #[test]
    fn no_foreign_text_forges_one() {
        let mut editor = folding();
        editor.paste_block(&long("secret"));
        let chip = editor.buffer.line(0).to_owned();
        editor.clear();
        editor.paste(&chip);
        assert!(!editor.has_chips());
        assert_eq!(
            editor.text(),
            "pasted\u{a0}48\u{a0}lines,\u{a0}336\u{a0}characters"
        );
    }

    proptest! {
        #[test]
        fn a_chip_is_whole_or_gone(acts in prop::collection::vec(0usize..20, 0..40), width in 4u16..60) {
            let moves = [Move::Left, Move::Right, Move::WordLeft, Move::WordRight, Move::LineStart, Move::LineEnd,
                Move::Up, Move::Down];
            let kills = [Kill::Back, Kill::Forward, Kill::WordBack, Kill::WordForward, Kill::ToLineStart, Kill::ToLineEnd];
            let mut editor = folding();
            editor.insert("ab cd\n");
            editor.paste_block(&long("log"));
            editor.insert(" ef\ngh");
            for act in acts {
                editor.measure(width);
                match (moves.get(act), act.checked_sub(8).and_then(|at| kills.get(at))) {
                    (Some(to), _) => { editor.go(*to); }
                    (_, Some(kill)) => { editor.delete(*kill); }
                    _ if act == 14 => { editor.undo(); }
                    _ if act == 15 => { editor.redo(); }
                    _ if act == 16 => { editor.yank(); }
                    _ if act == 17 => { editor.select(Move::Left); }
                    _ => editor.insert("x"),
                }
                let text = editor.text();
                prop_assert!(!text.contains([CHIP_START, CHIP_END]));
                prop_assert_eq!(text.matches("log").count() % 48, 0);
                prop_assert!(text.is_char_boundary(editor.caret()));
                let spot = editor.buffer.spot();
                prop_assert_eq!(chip_around(editor.buffer.line(spot.line), spot.byte), None);
            }
        }
    }
}
