//! The terminal face.

pub mod clock;
pub mod probe;
pub mod terminal;
pub mod text;
pub mod theme;
