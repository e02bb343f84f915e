//! salon: a keyboard-driven terminal program for talking with language models.

pub mod args;
pub mod cli;
pub mod domain;
pub mod engine;
pub mod keys;
pub mod log;
pub mod manual;
pub mod protocol;
pub mod provider;
pub mod settings;
pub mod store;
pub mod tui;
