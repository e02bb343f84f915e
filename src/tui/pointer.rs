//! What the mouse tells, and what is remembered of it from one event to the next.

use ratatui::layout::Position;

/// One event of the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointer {
    pub stroke: Stroke,
    /// The cell.
    pub at: Position,
}

/// What happened there. Only the left button means anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    Press,
    /// The pointer moved while the button is held.
    Drag,
    Release,
    WheelUp,
    WheelDown,
}

/// A press in the same cell within so many ms of the one before belongs to it.
const TOGETHER: u64 = 400;

/// Presses that belong together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Presses {
    last: Option<(Position, u64)>,
    count: u8,
}

impl Presses {
    /// A press; gives its number among those that belong together: 1, 2, 3, then 1 again.
    pub fn press(&mut self, at: Position, tick: u64) -> u8 {
        let is_near = |(cell, then): (Position, u64)| {
            cell.y == at.y && cell.x.abs_diff(at.x) <= 1 && tick <= then + TOGETHER
        };
        self.count = match self.last {
            Some(last) if is_near(last) && self.count < 3 => self.count + 1,
            Some(_) | None => 1,
        };
        self.last = Some((at, tick));
        self.count
    }

    /// Something came between: the next press is a first one.
    pub fn part(&mut self) {
        self.last = None;
    }
}

/// What can be under the pointer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    Overlay,
    List,
    Library,
    #[default]
    Composer,
    Transcript,
}

/// A held button.
#[derive(Clone, Copy, Debug)]
pub struct Drag {
    /// Where it was pressed.
    pub pane: Pane,
    pub from: Position,
    /// Where the pointer is.
    pub at: Position,
    /// Something is selected.
    pub is_selecting: bool,
    /// When the pane scrolls next, in ticks: the pointer is outside.
    pub edge_at: Option<u64>,
}

/// What is remembered of the mouse between two of its events.
#[derive(Clone, Debug, Default)]
pub struct Mouse {
    pub presses: Presses,
    pub drag: Option<Drag>,
    /// The row of a list that was pressed last; a second press on it opens it.
    pub row: Option<(Pane, usize)>,
    /// What had the focus before the first of the presses that belong together.
    pub before: Pane,
}

impl Mouse {
    /// When something is to be done though the mouse rests, in ticks.
    pub fn due(&self) -> Option<u64> {
        self.drag?.edge_at
    }

    /// A key was pressed: the next press of the button is a first one.
    pub fn interrupt(&mut self) {
        self.presses.part();
        self.drag = None;
        self.row = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presses_in_one_place_are_counted_while_they_are_quick() {
        let mut presses = Presses::default();
        let at = Position::new(5, 5);
        let counts = [0, 100, 200, 300, 1_000].map(|tick| presses.press(at, tick));
        assert_eq!(counts, [1, 2, 3, 1, 1]);
        assert_eq!(presses.press(Position::new(5, 6), 1_010), 1);
        assert_eq!(presses.press(Position::new(6, 6), 1_020), 2);
        presses.part();
        assert_eq!(presses.press(Position::new(6, 6), 1_030), 1);
    }
}
