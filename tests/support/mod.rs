//! What several test binaries share: the scripted server, ready-made settings, a face on a real engine.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "each test binary uses its own part, and a test that cannot go on stops"
)]

pub mod face;
pub mod fixture;
pub mod home;
pub mod openai;
pub mod postgres;
pub mod server;
pub mod tls;
