//! provider

pub mod guide;
