//! Plain types and pure rules: what a conversation, a message, a model and a failure are. No I/O, no clock, no randomness but ids handed in.

pub mod card;
pub mod chat;
pub mod clean;
pub mod conversation;
pub mod export;
pub mod failure;
pub mod filter;
pub mod find;
pub mod finding;
pub mod hint;
pub mod id;
pub mod instructions;
pub mod message;
pub mod model;
pub mod persona;
pub mod price;
pub mod prompt;
pub mod provider;
pub mod record;
pub mod secret;
pub mod sync;
pub mod tag;
pub mod template;
pub mod usage;
pub mod when;
pub mod window;
