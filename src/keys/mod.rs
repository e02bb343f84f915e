//! What can be done and with which keys: the table of actions, chords, and the key map.

mod action;
mod chord;
mod keymap;

pub use action::{Action, Context, LADDERS, Ladder};
pub use chord::{BadChord, Chord, Key, parse_chords, print_chords};
pub use keymap::{KeyMap, Lookup, SHIPPED_KEYS};
