//! provider
pub mod completions;
pub mod error;
pub mod fault;
pub mod frame;
pub mod quirks;
pub mod scrub;
pub mod tally;
pub mod think;
