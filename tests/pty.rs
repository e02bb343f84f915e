//! The real program in a pseudo terminal: what a user sees, and what a terminal is left with.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on stops"
)]

mod pty {
    mod chat;
    mod composer;
    mod crash;
    mod first;
    mod home;
    mod hostile;
    mod leaving;
    mod lists;
    mod mouse;
    mod opening;
    mod personas;
    mod plain;
    mod prompts;
    mod reading;
    mod sequences;
    mod sizes;
    mod terminal;
    mod tmux;
    mod trouble;
}
mod support;
