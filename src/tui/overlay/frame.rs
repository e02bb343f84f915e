//! The frame around every overlay: title above, keys below.

use ratatui::layout::Rect;

use crate::domain::clean::Clean;
use crate::tui::canvas::{Canvas, cut, width};
use crate::tui::theme::{Look, Tone};

/// Where words to look for are typed: the first line in a frame that takes this area, behind its mark.
pub fn query_line(area: Rect) -> Rect {
    Rect {
        x: area.x + 4,
        y: area.y + 1,
        width: area.width.saturating_sub(6),
        height: 1,
    }
    .intersection(area)
}

/// Draws an overlay's frame with its title above and its keys below; returns the room between.
pub fn frame(
    canvas: &mut Canvas<'_>,
    area: Rect,
    title: &Clean,
    aside: &Clean,
    keys: &Clean,
) -> Rect {
    canvas.clear(area);
    let dim = Look::of(Tone::Dim);
    let line = "─".repeat(usize::from(area.width.saturating_sub(2)));
    let bottom = area.height.saturating_sub(1);
    canvas.put(area, (0, 0), &Clean::line(&format!("┌{line}┐")), dim);
    for y in 1..bottom {
        canvas.put(area, (0, y), &Clean::own("│"), dim);
        canvas.put(
            area,
            (area.width.saturating_sub(1), y),
            &Clean::own("│"),
            dim,
        );
    }
    canvas.put(area, (0, bottom), &Clean::line(&format!("└{line}┘")), dim);
    let room = area.width.saturating_sub(6);
    let title = cut(&Clean::line(&format!(" {title} ")), room);
    let x = canvas.put(area, (2, 0), &title, Look::of(Tone::Accent).bold());
    if !aside.is_empty() && x + width(aside) + 4 < area.width {
        let inner = Rect {
            width: area.width - 2,
            ..area
        };
        canvas.put_right(inner, (x + 1, 0), &Clean::line(&format!(" {aside} ")), dim);
    }
    canvas.put(
        area,
        (2, bottom),
        &cut(&Clean::line(&format!(" {keys} ")), room),
        dim,
    );
    Rect {
        x: area.x + 2,
        y: area.y + 1,
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(2),
    }
}
