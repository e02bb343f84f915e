//! salon: a keyboard-driven terminal program for talking with language models.
//!
//! ```text
//!          main.rs                     puts the parts together, owns nothing
//!      ┌──────┴───────┬─────────────────────────┐
//!    tui/            cli/                    engine/
//!  screen, keys   headless face          jobs, order, policy
//!      └──────┬───────┘                   │     │      │
//!        protocol.rs  ◄───────────────────┘ provider/  store/
//!    Request in ▼  ▲ Event out               HTTP       SQL
//!    ──────────────────── domain/ ───────────────────────────
//! ```
//!
//! Faces and engine meet in `protocol.rs` and nowhere else. The engine owns the truth; a row is written before it is
//! announced. The walls between the rooms are the tables of `tests/tidy.rs`.
//!
//! # The rooms
//!
//! - `domain/`: plain types and pure rules. `domain/clean.rs` is the only text a terminal gets; `domain/id.rs` makes
//!   ids and stamps; `domain/window.rs` decides what a model is shown, `domain/instructions.rs` makes its system text,
//!   `domain/template.rs` reads the fields of a prompt.
//! - `settings/`: the layers shipped, file, environment, arguments, made into one checked `Settings`.
//! - `keys/`: the one table of actions (`keys/action.rs`), chords, and the key map.
//! - `manual.rs`: salon's manual from `assets/guide/`, read by the guide and by help.
//! - `provider/`: the ways to models. `provider/frame.rs` cuts bytes into frames; `provider/wire.rs` names for each
//!   dialect who writes the request and who reads the frames; `provider/quirks.rs` knows hosts and learns from refusals;
//!   `provider/thread.rs` knows OpenAI's Conversations,
//!   `provider/guide.rs` answers without a network; `provider/listing.rs` asks for models, `provider/catalogue.rs` knows
//!   the shipped ones.
//! - `store/`: the SQLite file. `store/turns.rs` writes a turn step by step, `store/recovery.rs` tidies after a kill,
//!   `store/list.rs` pages the list and `store/sought.rs` what a filter finds in it.
//! - `sync/`: sends conversations' metadata to the user's own Postgres. `sync/mod.rs` is the one task,
//!   `sync/pace.rs` says when, `store/changes.rs` is the outbox.
//! - `engine/`: the loop (`engine/mod.rs`), one turn (`engine/turn.rs`), titles (`engine/chores.rs`), a turn
//!   in a conversation that the provider keeps too (`engine/thread.rs`), a prompt that is tried (`engine/trial.rs`),
//!   a new conversation's model (`engine/first.rs`), a look at salon itself (`engine/doctor.rs`),
//!   what is removed for good (`engine/removal.rs`) and what is old (`engine/retention.rs`).
//! - `cli/`: `salon ask`, `list`, `show`, `edit`, `rm`, `export`, `personas`, `prompts`, `models`, `sync`, `doctor`, `config show`.
//! - `tui/`: the screen. `tui/mod.rs` waits, `tui/update.rs` routes, `tui/view.rs` draws; panes in `tui/pane/`, what
//!   lies on top in `tui/overlay/`, long text in `tui/text/`.
//!
//! # From a key to the disk and back
//!
//! 1. `tui/input.rs` makes a chord of the key, `tui/update.rs` finds its action, `tui/act.rs` does it.
//! 2. `tui/talk.rs` takes the text from `tui/pane/composer/` and asks `Turn::Send`; the text waits until it is a row.
//! 3. `engine/mod.rs` starts a job, `engine/turn.rs` writes question and empty reply (`store/turns.rs`), says `Started`.
//! 4. `provider/mod.rs` asks; bytes become frames, deltas, and, at most once a screen frame, `Grew`.
//! 5. `tui/news.rs` gives the words to `tui/pane/transcript/mod.rs`; `tui/text/stream.rs` lays out only what is new.
//! 6. Every two seconds the words so far are written to the row. At the end the row is closed, then `Ended` is said;
//!    usage and cost follow with `Measured`.
//! 7. A turn that had no word is taken back in one transaction, and its text returns to the composer.
//!
//! # Words
//!
//! A **turn** is one question and its reply; a **face** is a way to use the engine; a **wire** is a provider's dialect;
//! a **chore** is work after a turn that nobody waits for; a **pane** is a fixed part of the screen; an **overlay** lies
//! on top of it; a **draft** is text not yet sent; the **stash** holds drafts put aside.

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
pub mod sync;
pub mod tui;
