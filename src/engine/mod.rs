//! engine

pub mod library;
