//! The command line as types. No file is read here, and no default of a setting is known here.

mod library;

use std::path::PathBuf;

use clap::{Args as Options, Parser, Subcommand};

pub use library::{
    Fill, Listing, Persona, PersonaCommand, Personas, Prompt, PromptCommand, Prompts,
};

/// Shown under `--help`.
const AFTER: &str = "\
Without a command salon opens its screen.

Where things lie: conversations in $XDG_DATA_HOME/salon/salon.db (~/.local/share), settings in
$XDG_CONFIG_HOME/salon/salon.toml (~/.config), the log in $XDG_STATE_HOME/salon (~/.local/state).
`salon config show` prints the places and every setting with the layer it comes from.

What leaves this machine: a question, with the conversation it continues, goes to the provider of the chosen model and
nowhere else; a title may be asked of the same provider. Providers are asked for their models when you look at them.
There is no telemetry. Without a provider the built-in guide
answers, offline. Keys come from the environment or from key_command; they are never stored or logged.

Exit codes: 0 done, 1 the reply failed or was cut, 2 wrong arguments or settings, 3 the database,
129 130 141 143 hung up, interrupted, broken pipe, terminated.";

/// Talk with language models from the keyboard.
#[derive(Debug, Parser)]
#[command(name = "salon", disable_version_flag = true, after_help = AFTER, max_term_width = 100)]
pub struct Args {
    #[command(flatten)]
    pub places: Places,
    /// Use this model for new conversations, written provider/name
    #[arg(long, value_name = "P/N")]
    pub model: Option<String>,
    /// Print the version; with --json as an object
    #[arg(short = 'V', long)]
    pub version: bool,
    /// With --version: print JSON
    #[arg(long, requires = "version")]
    pub json: bool,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Where files are; allowed before and after a command.
#[derive(Debug, Options)]
pub struct Places {
    /// Read settings from this file
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Keep conversations, locks and the log in this folder
    #[arg(long, value_name = "DIR", global = true)]
    pub data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Ask a question; the reply is printed as it grows
    Ask(Ask),
    /// List conversations, newest activity first
    List(List),
    /// Search all conversations
    Search(Search),
    /// Print a conversation
    Show(Show),
    /// Personas: whom you talk to
    Personas(Personas),
    /// Prompts: the library of templates
    Prompts(Prompts),
    /// List the known models: window, prices in dollars a million tokens, abilities
    Models(Models),
    /// Send to the hub now what waits, and say what went
    Sync(Sync),
    /// Look at the settings
    Config(Config),
}

#[derive(Debug, Options)]
pub struct Ask {
    /// The question; standard input is appended when it is not a terminal
    #[arg(value_name = "TEXT")]
    pub text: Vec<String>,
    /// Ask this model, written provider/name
    #[arg(long, value_name = "P/N")]
    pub model: Option<String>,
    /// Continue this conversation: its id, a unique beginning of it (6 characters or more), or `last`
    #[arg(long, value_name = "ID")]
    pub conversation: Option<String>,
    /// Talk with this persona; `none` takes it from a conversation
    #[arg(long, value_name = "NAME")]
    pub persona: Option<String>,
    /// Instructions for the model
    #[arg(long, value_name = "TEXT")]
    pub system: Option<String>,
    /// 0 to 2
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    pub temperature: Option<f64>,
    /// The longest reply, in tokens
    #[arg(long, value_name = "N")]
    pub max_tokens: Option<u32>,
    /// Leave nothing of it on disk
    #[arg(long, conflicts_with = "conversation")]
    pub no_store: bool,
    /// Print events, one JSON object a line
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Options)]
pub struct List {
    /// Only titles with all of these words; `persona:NAME` as in the list of the screen
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// Only those with this persona, or with `none`
    #[arg(long, value_name = "NAME")]
    pub persona: Option<String>,
    /// At most this many
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// Leave out the first ones
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub offset: u64,
    /// Print only how many there are
    #[arg(long)]
    pub count: bool,
    /// Print JSON, one object a line
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Options)]
pub struct Search {
    /// Words that all stand in one message or title; `begin*`, `'"in a row"'`, `role:user`, and the words of a list's
    /// filter such as `persona:NAME`
    #[arg(value_name = "WORDS", required = true)]
    pub words: Vec<String>,
    /// At most this many hits
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Leave out the first hits
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub offset: u64,
    /// Print only how many there are
    #[arg(long)]
    pub count: bool,
    /// Print JSON, one object a line
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Options)]
pub struct Show {
    /// A conversation's id, a unique beginning of it (6 characters or more), or `last`
    #[arg(value_name = "ID")]
    pub id: String,
    /// At most this many messages
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Leave out the first messages
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub offset: usize,
    /// Print JSON, one object a line: the conversation, then its messages
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Options)]
pub struct Models {
    /// Only names with all of these words
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// Ask the providers first
    #[arg(long)]
    pub refresh: bool,
    /// Print JSON, one object a line
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Options)]
pub struct Sync {
    /// Only look at the hub: reachable, encrypted, table, columns, rights; changes nothing
    #[arg(long)]
    pub check: bool,
    /// Send every conversation again, as if the hub had none
    #[arg(long, conflicts_with = "check")]
    pub all: bool,
    /// Print JSON, one object a line
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Options)]
pub struct Config {
    #[command(subcommand)]
    pub command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the effective settings and the layer each comes from; secrets are hidden
    Show {
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
}

impl Args {
    /// Whether output is JSON, errors included.
    pub fn is_json(&self) -> bool {
        match &self.command {
            None => self.json,
            Some(Command::Ask(ask)) => ask.json,
            Some(Command::List(list)) => list.json,
            Some(Command::Search(search)) => search.json,
            Some(Command::Show(show)) => show.json,
            Some(Command::Personas(personas)) => personas.json,
            Some(Command::Prompts(prompts)) => prompts.json,
            Some(Command::Models(models)) => models.json,
            Some(Command::Sync(sync)) => sync.json,
            Some(Command::Config(Config {
                command: ConfigCommand::Show { json },
            })) => *json,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_table_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_library_has_its_options_before_and_after_what_is_done() {
        for line in [
            &["salon", "personas", "--json"][..],
            &["salon", "personas", "list", "--json"],
            &["salon", "prompts", "--json", "show", "Mail"],
            &["salon", "prompts", "use", "Mail", "--var", "a=b", "--json"],
        ] {
            assert!(Args::try_parse_from(line).unwrap().is_json(), "{line:?}");
        }
        let wrong = ["salon", "personas", "set", "Anna", "--relationship", "boss"];
        let told = Args::try_parse_from(wrong).unwrap_err().to_string();
        assert!(told.contains("parent, spouse, child, sibling, friend, colleague, other"));
        for bad in ["=v", "v", " =v"] {
            let line = ["salon", "prompts", "use", "Mail", "--var", bad];
            let told = Args::try_parse_from(line).unwrap_err().to_string();
            assert!(told.contains("NAME=VALUE"), "{told}");
        }
    }

    #[test]
    fn places_may_stand_before_and_after_a_command() {
        for line in [
            ["salon", "--data-dir", "/x", "list"],
            ["salon", "list", "--data-dir", "/x"],
        ] {
            let args = Args::try_parse_from(line).unwrap();
            assert_eq!(args.places.data_dir, Some("/x".into()));
        }
        let args = Args::try_parse_from(["salon", "ask", "--json", "a", "b"]).unwrap();
        assert!(args.is_json());
        assert!(Args::try_parse_from(["salon", "ask", "--project", "x", "a"]).is_err());
        assert!(Args::try_parse_from(["salon", "--json"]).is_err());
    }
}
