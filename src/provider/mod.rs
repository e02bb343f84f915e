//! provider

pub mod guide;
mod terms;
