//! Long text on a screen: wrapping, markdown, code, growing answers, scrolling, editing.

pub mod code;
mod cut;
pub mod doc;
pub mod edit;
mod inline;
mod lay;
mod lines;
pub mod markdown;
pub mod row;
pub mod scroll;
mod stream;
pub mod styled;
mod table;
pub mod wrap;
