//! Fills the settings from their layers: shipped file, user's file, environment, arguments.

use super::{Paths, Settings};
use crate::domain::failure::Failure;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What the layers are read from; tests give their own.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
    /// `--model`.
    pub model: Option<String>,
    /// The environment, `std::env::vars()` in the program.
    pub environment: BTreeMap<String, String>,
}

/// Reads and checks all layers. A failure only where nothing sensible can be done, such as no home folder.
pub fn load(layers: &Layers) -> Result<Settings, Failure> {
    let _ = (layers, Paths::find(layers)?);
    Err(Failure::new(
        crate::domain::failure::FailureKind::Bug,
        "settings",
        "",
    ))
}
