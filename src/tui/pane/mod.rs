//! The fixed parts of the screen. A pane is a struct with `layout` and `paint`; no pane knows another.

pub mod composer;
mod entry;
mod foot;
pub mod groups;
pub mod library;
pub mod list;
pub mod menu;
pub mod order;
pub mod queue;
pub mod status;
pub mod transcript;
