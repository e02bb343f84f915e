//! What several test binaries share: the scripted server and ready-made settings.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "each test binary uses its own part, and a test that cannot go on stops"
)]

pub mod fixture;
pub mod server;
pub mod tls;
