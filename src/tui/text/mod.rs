//! Long text on a screen: wrapping, markdown, code, growing answers, scrolling, editing.

mod body;
mod buffer;
mod chips;
pub mod code;
mod cut;
pub mod dark;
pub mod doc;
pub mod edit;
pub mod filled;
pub mod hits;
mod inline;
mod lay;
mod lines;
mod markdown;
pub mod pick;
pub mod row;
pub mod scroll;
mod source;
mod stream;
pub mod styled;
mod table;
mod tree;
pub mod wrap;
