//! What an empty conversation shows in place of messages.

use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::fresh;
use super::model::Model;
use super::text::wrap::plain;
use super::theme::{Look, Tone};
use crate::domain::clean::Clean;

/// What an empty conversation says: who answers, and how to begin.
pub fn paint(canvas: &mut Canvas<'_>, model: &Model) {
    let area = model.frames.transcript;
    let inner = Rect {
        x: area.x + 2.min(area.width),
        width: area.width.saturating_sub(3),
        ..area
    };
    let dim = Look::of(Tone::Dim);
    let mut lines: Vec<(String, Look)> = vec![
        ("salon".into(), Look::of(Tone::Accent).bold()),
        (String::new(), dim),
    ];
    if model.model().is_guide() {
        lines.push((
            "No model is set up yet, so you are talking to the built-in guide (not a language model). It knows this \
             program: ask it anything, or try \"what can I do here?\""
                .into(),
            Look::default(),
        ));
        lines.push((String::new(), dim));
        let widest = model.key_sources.iter().map(|(name, _)| name.len()).max();
        for (name, is_set) in &model.key_sources {
            let state = if *is_set { "set" } else { "not set" };
            let widest = widest.unwrap_or(0);
            lines.push((format!("{name:<widest$}   {state}"), dim));
        }
        lines.push((String::new(), dim));
        lines.push((
            "Set one of these variables, or name a server of your own in salon.toml, and start again; the guide knows \
             how."
                .into(),
            dim,
        ));
    } else {
        lines.push((
            format!("The next message goes to {}.", model.model()),
            Look::default(),
        ));
    }
    if let Some(persona) = fresh::here(model).and_then(|id| model.roster.heading(id)) {
        lines.push((format!("You will talk with {persona}."), Look::default()));
    }
    if !model.new_system.is_empty() {
        lines.push((String::new(), dim));
        lines.push((format!("Instructions: {}", model.new_system), dim));
    }
    let mut y = 0;
    for (line, look) in lines {
        let rows = plain(&Clean::text(&line), look, inner.width.max(1));
        for row in rows {
            if y >= inner.height {
                return;
            }
            row.paint(
                canvas.buffer,
                Rect {
                    y: inner.y + y,
                    height: 1,
                    ..inner
                },
                canvas.theme,
            );
            y += 1;
        }
    }
}
