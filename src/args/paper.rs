//! What is made of the table of commands: completions for shells, manual pages.

use std::io;

use clap::{Args as Options, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::Args;

#[derive(Debug, Options)]
pub struct Completions {
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

#[derive(Debug, Options)]
pub struct Manual {
    /// The page of this command, such as `ask` or `prompts use`; without it that of salon
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
}

impl Completions {
    /// The script that this shell reads.
    pub fn script(&self) -> String {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Args::command(), "salon", &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }
}

impl Manual {
    /// The page in roff; `None` when there is no such command.
    pub fn page(&self) -> Option<String> {
        let mut command = Args::command();
        command.build();
        for name in &self.command {
            command = command.find_subcommand(name)?.clone();
        }
        // A page is named as its command is typed, with hyphens.
        let name = command
            .get_bin_name()
            .unwrap_or("salon")
            .split(' ')
            .collect::<Vec<_>>()
            .join("-");
        let mut text = Vec::new();
        let page = Man::new(command.display_name(name)).render(&mut text);
        page.map_err(|_: io::Error| ()).ok()?;
        Some(String::from_utf8_lossy(&text).into_owned())
    }
}
