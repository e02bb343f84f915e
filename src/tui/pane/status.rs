//! The status line: hints for what is focused or a toast on the left; the model, how sync stands and today's cost on the
//! right.

use ratatui::layout::Rect;

use crate::domain::clean::Clean;
use crate::domain::model::ModelRef;
use crate::domain::sync::{SyncPhase, SyncState};
use crate::tui::canvas::{Canvas, cut, width};
use crate::tui::theme::{Look, Tone};

/// Something said for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    pub words: String,
    pub is_failure: bool,
    /// In ticks.
    pub until: u64,
}

/// What the status line shows.
pub struct Status<'a> {
    /// At most four, the most useful first: key and what it does.
    pub hints: Vec<(String, &'static str)>,
    pub toast: Option<&'a Toast>,
    /// Said in place of the hints as long as it holds; empty = nothing.
    pub mode: Clean,
    /// `None` = not known yet.
    pub model: Option<&'a ModelRef>,
    /// What was spent today, such as `today $0.42`; empty = nothing to say.
    pub today: String,
    /// How sync stands; `None` = no hub.
    pub sync: Option<&'a SyncState>,
}

/// How sync stands, in a few cells: the sign alone never carries the meaning.
fn sync_words(sync: &SyncState) -> String {
    match (&sync.phase, sync.waiting) {
        (SyncPhase::Off(_), _) => "sync off".to_owned(),
        (SyncPhase::Offline(_), 0) => "offline".to_owned(),
        (SyncPhase::Offline(_), waiting) => format!("offline, {waiting} waiting"),
        (SyncPhase::Quiet | SyncPhase::Sending, 0) => "▴▾ synced".to_owned(),
        (SyncPhase::Quiet | SyncPhase::Sending, waiting) => format!("▴ {waiting} waiting"),
    }
}

impl Status<'_> {
    /// Draws the line. The model stays; hints give way.
    pub fn paint(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let dim = Look::of(Tone::Dim);
        let model = Clean::line(&self.model.map(ToString::to_string).unwrap_or_default());
        let mut tail = String::new();
        if self.model.is_some_and(ModelRef::is_guide) {
            tail.push_str(" · built-in guide, not a language model");
        }
        if let Some(sync) = self.sync {
            tail.push_str(" · ");
            tail.push_str(&sync_words(sync));
        }
        if !self.today.is_empty() {
            tail.push_str(" · ");
            tail.push_str(&self.today);
        }
        let tail = Clean::line(&tail);
        let has_words = self.toast.is_some() || !self.mode.is_empty();
        let least = if has_words { area.width / 2 } else { 0 };
        let room = area.width.saturating_sub(least + 1);
        let with_tail = width(&model) + width(&tail);
        // For what went wrong all gives way but the model.
        let is_wanted = self.toast.is_none_or(|toast| {
            let words = width(&Clean::line(&toast.words));
            !toast.is_failure || words + with_tail + 4 <= area.width
        });
        let inner = Rect {
            width: area.width.saturating_sub(1),
            ..area
        };
        let mut left = area.width;
        if is_wanted && with_tail <= room && (area.width >= 70 || !has_words) {
            left = inner.width.saturating_sub(with_tail);
            let x = canvas.put(inner, (left, 0), &model, Look::default());
            canvas.put(inner, (x, 0), &tail, dim);
        } else {
            let model = cut(&model, room);
            left = left.min(inner.width.saturating_sub(width(&model)));
            canvas.put(inner, (left, 0), &model, Look::default());
        }
        let left = left.saturating_sub(2);
        match self.toast {
            Some(toast) => {
                let look = if toast.is_failure {
                    Look::of(Tone::Error)
                } else {
                    Look::of(Tone::Accent)
                };
                canvas.put(area, (1, 0), &cut(&Clean::line(&toast.words), left), look);
            }
            None if !self.mode.is_empty() => {
                let look = Look::of(Tone::Accent);
                canvas.put(area, (1, 0), &cut(&self.mode, left), look);
            }
            None => self.paint_hints(canvas, area, left),
        }
    }

    fn paint_hints(&self, canvas: &mut Canvas<'_>, area: Rect, room: u16) {
        let mut x = 1;
        for (at, (key, about)) in self.hints.iter().enumerate() {
            let key = Clean::line(key);
            let about = Clean::line(&format!(" {about}"));
            let before = if at == 0 { 0 } else { 3 };
            if x + before + width(&key) + width(&about) > room {
                break;
            }
            if at > 0 {
                x = canvas.put(area, (x, 0), &Clean::own(" · "), Look::of(Tone::Dim));
            }
            x = canvas.put(area, (x, 0), &key, Look::default());
            x = canvas.put(area, (x, 0), &about, Look::of(Tone::Dim));
        }
    }
}
