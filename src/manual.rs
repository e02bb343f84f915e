//! The manual.

/// The manual.
#[derive(Clone, Debug, Default)]
pub struct Manual;
