//! The prompts that ship with salon.

use crate::domain::prompt::Prompt;

/// All of them.
pub fn shipped() -> Vec<Prompt> {
    Vec::new()
}
