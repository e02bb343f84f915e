//! Where salon's files lie (spec section 12, decisions 4.5).

use std::path::PathBuf;

use super::Layers;
use crate::domain::failure::Failure;

/// The files and folders of this salon; none is made here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// `salon.toml`.
    pub config: PathBuf,
    /// `keys.toml`, beside it.
    pub keys: PathBuf,
    /// The folder of what follows.
    pub data_dir: PathBuf,
    pub database: PathBuf,
    /// Lock files of running salons.
    pub run_dir: PathBuf,
    /// Log files and crash reports.
    pub state_dir: PathBuf,
}

impl Paths {
    /// By the arguments, `SALON_CONFIG` and `SALON_DATA_DIR`, XDG.
    pub fn find(_layers: &Layers) -> Result<Paths, Failure> {
        Ok(Paths::default())
    }
}
