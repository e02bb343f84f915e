//! The command line as types. No file is read here, and no default of a setting is known here.

mod library;
mod paper;
mod shelf;

use std::io;
use std::path::PathBuf;

use clap::{Args as Options, Parser, Subcommand};

pub use library::{
    Fill, Listing, Persona, PersonaCommand, Personas, Prompt, PromptCommand, Prompts,
};
pub use paper::{Completions, Manual};
pub use shelf::{Edit, Export, Open, Restore, Rm};

/// Shown under `--help`.
const AFTER: &str = "\
Without a command salon opens its screen.

Where things lie: conversations in $XDG_DATA_HOME/salon/salon.db (~/.local/share), \
settings in $XDG_CONFIG_HOME/salon/salon.toml (~/.config), the log in $XDG_STATE_HOME/salon \
(~/.local/state). `salon config show` prints the places and every setting with the layer it comes \
from.

What leaves this machine: a question, with the conversation it continues, goes to the provider of \
the chosen model and nowhere else; a title may be asked of the same provider. Providers are asked \
for their models when you look at them. There is no telemetry. Without a provider the built-in \
guide answers, offline.

Keys come from the environment, from key_command, or from /key on the screen, which keeps them in \
the desktop's keyring or in a file for you alone. They are never in the log, in the database, in an \
export or in arguments.

Exit codes: 0 done, 1 the reply failed or was cut, 2 wrong arguments or settings, 3 the database, \
129 130 141 143 hung up, interrupted, broken pipe, terminated.";

/// Options that stand behind a command's own.
const LAST: usize = 900;

/// Talk with language models from the keyboard.
#[derive(Debug, Parser)]
#[command(name = "salon", disable_version_flag = true, after_help = AFTER, max_term_width = 100)]
pub struct Args {
    #[command(flatten)]
    pub places: Places,
    /// Use this model for new conversations, written provider/name
    #[arg(long, value_name = "P/N")]
    pub model: Option<String>,
    /// Leave the mouse to the terminal
    #[arg(long)]
    pub no_mouse: bool,
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
    #[arg(long, value_name = "FILE", global = true, display_order = LAST)]
    pub config: Option<PathBuf>,
    /// Keep conversations, locks and the log in this folder
    #[arg(long, value_name = "DIR", global = true, display_order = LAST)]
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
    /// Open the screen on a conversation
    Open(Open),
    /// Change a conversation: title, model, persona, tags, metadata, …
    Edit(Edit),
    /// Move conversations to the trash, or remove them for good
    Rm(Rm),
    /// Bring conversations back from the trash, or from the archive
    Restore(Restore),
    /// Write a conversation as Markdown or JSON lines
    Export(Export),
    /// Personas: whom you talk to
    Personas(Personas),
    /// Prompts: the library of templates
    Prompts(Prompts),
    /// List the known models: window, prices in dollars a million tokens, abilities
    Models(Models),
    /// Send to the hub now what waits, and say what went
    Sync(Sync),
    /// Look whether settings, database, providers, hub and terminal are all right
    Doctor(Doctor),
    /// Look at the settings
    Config(Config),
    /// Print the completions for a shell
    Completions(Completions),
    /// Print the manual page of salon or of a command, in roff
    Man(Manual),
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
    /// Continue the last conversation
    #[arg(short, long = "continue", conflicts_with = "conversation")]
    pub continues: bool,
    /// Begin with these messages: a JSON array of {role, content}, role system, user or assistant; `-` is
    /// standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["conversation", "continues"])]
    pub messages: Option<PathBuf>,
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
    #[arg(long, conflicts_with_all = ["conversation", "continues"])]
    pub no_store: bool,
    /// Print events, one JSON object a line
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Options)]
pub struct List {
    /// Only those that fit all of these: words of the title, persona: model: tag: after: before: created-after:
    /// created-before: is:archived is:pinned
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// Only those with this persona, or with `none`
    #[arg(long, value_name = "NAME")]
    pub persona: Option<String>,
    /// Those in the trash
    #[arg(long, conflicts_with = "archived")]
    pub trashed: bool,
    /// Those in the archive
    #[arg(long)]
    pub archived: bool,
    /// Newest activity first, newest first, by title, or most messages first; pinned ones stand above
    #[arg(long, value_name = "BY", default_value = "activity", hide_default_value = true,
        value_parser = ["activity", "created", "title", "messages"])]
    pub order: String,
    /// At most this many
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// Leave out the first ones
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
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
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
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
pub struct Doctor {
    /// Ask no other machine; else each provider with a key is asked for a word, which may cost a token or two
    #[arg(long)]
    pub offline: bool,
    /// Print JSON: one object with `status` and `checks`
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

/// Why there is no command to do: help was asked for, or the arguments cannot be used.
pub struct Unread {
    pub is_help: bool,
    /// The words, several lines.
    pub text: String,
    error: clap::Error,
}

impl Unread {
    /// Prints it, in colours where it is read on a terminal: help on standard output, the rest on standard error.
    pub fn print(&self) -> io::Result<()> {
        self.error.print()
    }
}

impl Args {
    /// Those that salon was called with.
    pub fn read() -> Result<Args, Unread> {
        Args::try_parse().map_err(|error| Unread {
            is_help: !error.use_stderr(),
            text: error.to_string(),
            error,
        })
    }

    /// Whether output is JSON, errors included.
    pub fn is_json(&self) -> bool {
        match &self.command {
            None => self.json,
            Some(Command::Ask(ask)) => ask.json,
            Some(Command::List(list)) => list.json,
            Some(Command::Search(search)) => search.json,
            Some(Command::Show(show)) => show.json,
            Some(Command::Edit(edit)) => edit.json,
            Some(Command::Rm(rm)) => rm.json,
            Some(Command::Restore(restore)) => restore.json,
            Some(Command::Personas(personas)) => personas.json,
            Some(Command::Prompts(prompts)) => prompts.json,
            Some(Command::Models(models)) => models.json,
            Some(Command::Sync(sync)) => sync.json,
            Some(Command::Doctor(doctor)) => doctor.json,
            Some(Command::Config(Config {
                command: ConfigCommand::Show { json },
            })) => *json,
            Some(
                Command::Open(_) | Command::Export(_) | Command::Completions(_) | Command::Man(_),
            ) => false,
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
