//! The commands for personas and prompts.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args as Options, Subcommand};

use crate::domain::persona::Relationship;

#[derive(Debug, Options)]
pub struct Personas {
    #[command(subcommand)]
    pub command: Option<PersonaCommand>,
    /// Print JSON, one object a line
    #[arg(long, global = true)]
    pub json: bool,
}

/// A NAME may also be an id or a unique beginning of one (6 characters or more).
#[derive(Debug, Subcommand)]
pub enum PersonaCommand {
    /// List them by name
    List {
        /// Those in the trash
        #[arg(long)]
        trash: bool,
    },
    /// Print one, with the exact system text it adds
    Show {
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Make one, or change what is given of it
    Set(Persona),
    /// Copy one under a name of its own
    Copy {
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Move one to the trash; its conversations stay
    Rm {
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Bring one back from the trash
    Restore {
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Make one of a character card, version 2, a JSON file
    Import {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

#[derive(Debug, Default, Options)]
pub struct Persona {
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Another name
    #[arg(long, value_name = "NAME")]
    pub rename: Option<String>,
    /// How it stands to you; a new one is a friend
    #[arg(long, value_name = "R", value_parser = PossibleValuesParser::new(Relationship::ALL.map(Relationship::word)))]
    pub relationship: Option<String>,
    /// Who it is
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// What it is to do besides
    #[arg(long, value_name = "TEXT")]
    pub instructions: Option<String>,
    /// This system text in place of the one made of the fields; empty: made again
    #[arg(long, value_name = "TEXT")]
    pub system: Option<String>,
    /// The model it brings, written provider/name; empty: none
    #[arg(long, value_name = "P/N")]
    pub model: Option<String>,
    /// The temperature it brings, 0 to 2; empty: none
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    pub temperature: Option<String>,
}

#[derive(Debug, Options)]
pub struct Prompts {
    #[command(subcommand)]
    pub command: Option<PromptCommand>,
    /// Print JSON, one object a line
    #[arg(long, global = true)]
    pub json: bool,
}

/// An ID may also be a unique beginning of it (6 characters or more), or the title.
#[derive(Debug, Subcommand)]
pub enum PromptCommand {
    /// List them, scenario by scenario, the most used first
    List(Listing),
    /// Print one
    Show {
        #[arg(value_name = "ID")]
        id: String,
        /// All its versions, newest first
        #[arg(long)]
        versions: bool,
        /// The messages made from it, newest first
        #[arg(long, conflicts_with = "versions")]
        uses: bool,
    },
    /// Make one, or change what is given of it; another title or content makes a new version
    Set(Prompt),
    /// Copy one, a shipped one too, under a title of its own
    Copy {
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Move one of yours to the trash
    Rm {
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Bring one back from the trash
    Restore {
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Hide a shipped one
    Hide {
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Show a hidden one again
    Unhide {
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Fill one, print the text, and count the use
    Use {
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        fill: Fill,
    },
    /// Fill one and print the text; with --try or --model print a model's answer instead. Nothing is kept or counted
    /// but what the answer cost
    Preview {
        #[arg(
            value_name = "ID",
            required_unless_present = "content",
            conflicts_with = "content"
        )]
        id: Option<String>,
        /// This text in place of a prompt; `-` is standard input
        #[arg(long, value_name = "T")]
        content: Option<String>,
        #[command(flatten)]
        fill: Fill,
        /// Ask the model of a new conversation
        #[arg(long = "try")]
        is_try: bool,
        /// Ask this model, written provider/name
        #[arg(long, value_name = "P/N")]
        model: Option<String>,
        /// 0 to 2
        #[arg(long, value_name = "T", allow_negative_numbers = true)]
        temperature: Option<f64>,
        /// The longest answer, in tokens
        #[arg(long, value_name = "N")]
        max_tokens: Option<u32>,
        /// Ask with this persona
        #[arg(long, value_name = "NAME")]
        persona: Option<String>,
    },
}

#[derive(Debug, Default, Options)]
pub struct Listing {
    /// Only those with all of these words in title, content or description
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// Only those of this scenario
    #[arg(long, value_name = "S")]
    pub scenario: Option<String>,
    /// Only those with this tag
    #[arg(long, value_name = "TAG")]
    pub tag: Option<String>,
    /// Only yours
    #[arg(long)]
    pub no_shipped: bool,
    /// Hidden ones too
    #[arg(long)]
    pub hidden: bool,
    /// Those in the trash
    #[arg(long)]
    pub trash: bool,
    /// By title instead of by use
    #[arg(long)]
    pub by_title: bool,
}

#[derive(Debug, Default, Options)]
pub struct Prompt {
    /// The one to change; without it one is made
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    #[arg(long, value_name = "T")]
    pub title: Option<String>,
    /// Its text, with fields such as {name}, {name:default} and {name|a|b}; `-` is standard input
    #[arg(long, value_name = "T")]
    pub content: Option<String>,
    /// The group it stands in
    #[arg(long, value_name = "S")]
    pub scenario: Option<String>,
    #[arg(long, value_name = "T")]
    pub description: Option<String>,
    /// A tag, as often as there are tags; these replace the ones it has, an empty one takes all away
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// A value of the free metadata, JSON or text; an empty one takes it away
    #[arg(long = "meta", value_name = "NAME=VALUE", value_parser = pair)]
    pub metadata: Vec<(String, String)>,
}

#[derive(Debug, Default, Options)]
pub struct Fill {
    /// The value of a field, as often as there are fields
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    pub values: Vec<(String, String)>,
}

/// `name=value`; the value may hold more `=` and may be empty.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.to_owned()))
        }
        _ => Err("write it NAME=VALUE".to_owned()),
    }
}
