//! The keys of the place one came from, by the live key map, and the manual below them.

use ratatui::layout::Rect;

use super::frame::frame;
use crate::domain::clean::Clean;
use crate::keys::{Action, Context, KeyMap, LADDERS};
use crate::manual::Manual;
use crate::tui::canvas::Canvas;
use crate::tui::msg::Outcome;
use crate::tui::reader::Reader;

/// The help overlay: one text to scroll.
pub struct Help {
    reader: Reader,
    area: Rect,
}

impl Help {
    /// Help for this context.
    pub fn new(here: Context, keys: &KeyMap, manual: &Manual) -> Self {
        Help {
            reader: Reader::new(text(here, keys, manual)),
            area: Rect::default(),
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only the moves of a list matter here"
    )]
    pub fn act(&mut self, action: Action) -> Outcome {
        let page = i32::from(self.area.height.saturating_sub(3)).max(1);
        let by = match action {
            Action::ListUp => -1,
            Action::ListDown => 1,
            Action::ListHalfUp => -page / 2,
            Action::ListHalfDown => page / 2,
            Action::ListPageUp => -page,
            Action::ListPageDown | Action::Accept => page,
            Action::ListFirst => i32::MIN,
            Action::ListLast => i32::MAX,
            _ => 0,
        };
        self.reader.scroll(by);
        Outcome::Stay
    }

    pub fn layout(&mut self, area: Rect) {
        self.area = area;
        let inner = area.inner(ratatui::layout::Margin {
            horizontal: 2,
            vertical: 1,
        });
        self.reader.layout(inner);
    }

    pub fn paint(&self, canvas: &mut Canvas<'_>) {
        let keys = Clean::own("↑ ↓ PageUp PageDown · Esc");
        frame(
            canvas,
            self.area,
            &Clean::own("Help"),
            &Clean::default(),
            &keys,
        );
        self.reader.paint(canvas);
    }
}

/// The whole text as markdown: keys here, keys everywhere, the two ladders, typed words, the manual.
pub fn text(here: Context, keys: &KeyMap, manual: &Manual) -> String {
    let mut out = String::new();
    let others = Context::ALL
        .into_iter()
        .filter(|c| *c != here && *c != Context::Overlay);
    for context in std::iter::once(here).chain(others) {
        out.push_str(&format!("## {}\n\n", context.title()));
        out.push_str("| key | what it does |\n|---|---|\n");
        for (action, bound) in keys
            .bound(context)
            .iter()
            .filter(|(action, _)| action.is_shown())
        {
            let bound = bound
                .iter()
                .map(|key| code(key))
                .collect::<Vec<_>>()
                .join(" ");
            out.push_str(&format!("| {bound} | {} |\n", action.about()));
        }
        out.push('\n');
    }
    out.push_str("## Two keys that mean the next step back\n\n");
    for ladder in LADDERS {
        out.push_str(&format!("- `{}`: {}\n", ladder.key, ladder.about));
    }
    out.push_str("\n## Words typed in the composer\n\n| word | what it does |\n|---|---|\n");
    for (word, action) in Action::words() {
        out.push_str(&format!("| `/{word}` | {} |\n", action.about()));
    }
    out.push_str("\n---\n\n# The manual\n\n");
    for passage in manual.passages() {
        out.push_str(&format!("## {}\n\n{}\n\n", passage.heading, passage.text));
    }
    out
}

/// A key as code in a table cell.
fn code(key: &str) -> String {
    if key.contains('`') {
        format!("`` {key} ``")
    } else {
        format!("`{}`", key.replace('|', "\\|"))
    }
}
