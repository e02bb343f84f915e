//! The commands that change, write down or open conversations.

use std::path::PathBuf;

use clap::Args as Options;
use clap::builder::PossibleValuesParser;

use super::library::pair;
use crate::domain::export::Format;

/// What is said of an ID in these commands.
const ID: &str = "A conversation's id, a unique beginning of it (6 characters or more), or `last`";

#[derive(Debug, Default, Options)]
pub struct Edit {
    #[arg(value_name = "ID", help = ID)]
    pub id: String,
    /// Another title; empty: salon finds one
    #[arg(long, value_name = "T")]
    pub title: Option<String>,
    /// The model from the next message on, written provider/name
    #[arg(long, value_name = "P/N")]
    pub model: Option<String>,
    /// The persona from the next message on, or `none`; what else is given here comes after what it brings
    #[arg(long, value_name = "NAME")]
    pub persona: Option<String>,
    /// Its own instructions for the model; empty: none
    #[arg(long, value_name = "TEXT")]
    pub system: Option<String>,
    /// 0 to 2, or `none`: as in the settings
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    pub temperature: Option<String>,
    /// The longest reply in tokens, or `none`: as in the settings
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub max_tokens: Option<String>,
    /// To the top of the list
    #[arg(long, conflicts_with = "no_pin")]
    pub pin: bool,
    /// Not at the top any more
    #[arg(long)]
    pub no_pin: bool,
    /// Out of the list, into the archive
    #[arg(long, conflicts_with = "no_archive")]
    pub archive: bool,
    /// Out of the archive
    #[arg(long)]
    pub no_archive: bool,
    /// Give it this tag; may be given several times
    #[arg(long, value_name = "TAG")]
    pub tag: Vec<String>,
    /// Take this tag away; may be given several times
    #[arg(long, value_name = "TAG")]
    pub untag: Vec<String>,
    /// Keep a value under this key; a number, `true`, or an object in JSON is kept as JSON, all else as text
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub meta: Vec<(String, String)>,
    /// Remove the value under this key
    #[arg(long, value_name = "KEY")]
    pub no_meta: Vec<String>,
    /// Print the conversation as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Default, Options)]
pub struct Rm {
    /// Ids, unique beginnings of them (6 characters or more), or `last`
    #[arg(value_name = "ID", required_unless_present = "all_trash")]
    pub ids: Vec<String>,
    /// Remove them for good, with all their messages; cannot be undone
    #[arg(long)]
    pub purge: bool,
    /// Remove for good all that is in the trash
    #[arg(long, conflicts_with_all = ["ids", "purge"])]
    pub all_trash: bool,
    /// Do not ask before something is removed for good
    #[arg(long)]
    pub yes: bool,
    /// Print JSON, one object a line
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Default, Options)]
pub struct Restore {
    /// Ids, unique beginnings of them (6 characters or more), or `last`
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
    /// Print JSON, one object a line
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Default, Options)]
pub struct Open {
    #[arg(value_name = "ID", help = ID)]
    pub id: String,
}

#[derive(Debug, Default, Options)]
pub struct Export {
    #[arg(value_name = "ID", help = ID)]
    pub id: String,
    /// Markdown, or JSON lines as `show --json` prints them; else by the ending of FILE
    #[arg(long, value_name = "F", value_parser = PossibleValuesParser::new([Format::Markdown, Format::JsonLines].map(Format::word)))]
    pub format: Option<String>,
    /// Write this file, readable for you alone, in place of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Every branch, not only the one that is shown
    #[arg(long)]
    pub all_branches: bool,
    /// Replace FILE when it is there
    #[arg(long, requires = "output")]
    pub force: bool,
}
