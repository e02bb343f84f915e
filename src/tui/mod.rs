//! The terminal face.

pub mod text;
pub mod theme;
