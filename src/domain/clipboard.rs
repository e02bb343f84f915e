//! The ways a copied text can take to the clipboard, which of them there are here, and honest words for each.

/// What is around salon, as far as it decides about copying.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The user sits at another machine (`SSH_CONNECTION`, `SSH_TTY`): its clipboard is not this one's.
    pub is_remote: bool,
    /// `WAYLAND_DISPLAY` and `DISPLAY` are set.
    pub has_wayland: bool,
    pub has_x11: bool,
    pub is_mac: bool,
    pub is_tmux: bool,
}

/// A way to the clipboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// A program of this desktop.
    Program(Tool),
    /// tmux's buffer; tmux tells its terminal.
    Tmux,
    /// A sequence (OSC 52) that asks the terminal.
    Terminal,
    /// A file that only the user can read.
    File,
}

/// A program that puts what it reads into the clipboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    WlCopy,
    Xclip,
    Xsel,
    Pbcopy,
}

/// The longest text in bytes that the sequence carries: terminals cut longer ones silently.
pub const LONGEST_SEQUENCE: usize = 55_500;

impl Tool {
    /// Its name and arguments.
    pub fn command(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Tool::WlCopy => ("wl-copy", &[]),
            Tool::Xclip => ("xclip", &["-selection", "clipboard", "-in"]),
            Tool::Xsel => ("xsel", &["--clipboard", "--input"]),
            Tool::Pbcopy => ("pbcopy", &[]),
        }
    }
}

impl Route {
    /// What it is, for a report on this terminal.
    pub fn about(self) -> &'static str {
        match self {
            Route::Program(tool) => tool.command().0,
            Route::Tmux => "tmux, which tells its terminal",
            Route::Terminal => {
                "the terminal (OSC 52; whether it takes the text, no program can know)"
            }
            Route::File => "a file",
        }
    }

    /// What became of a text that went this way; what stands in a file has its name said too.
    pub fn done(self) -> &'static str {
        match self {
            Route::Program(_) => "copied",
            Route::Tmux => "handed to tmux",
            Route::Terminal => "sent to the terminal (cannot be confirmed)",
            Route::File => "too long for the terminal: written to",
        }
    }
}

/// The ways for a text of so many bytes, the first that works is taken.
pub fn routes(around: Surroundings, bytes: usize) -> Vec<Route> {
    let mut routes = Vec::new();
    if !around.is_remote {
        let tools = [
            (around.has_wayland, Tool::WlCopy),
            (around.has_x11, Tool::Xclip),
            (around.has_x11, Tool::Xsel),
            (around.is_mac, Tool::Pbcopy),
        ];
        let there = tools.into_iter().filter(|(is_there, _)| *is_there);
        routes.extend(there.map(|(_, tool)| Route::Program(tool)));
    }
    if around.is_tmux {
        routes.push(Route::Tmux);
    }
    if bytes <= LONGEST_SEQUENCE {
        routes.push(Route::Terminal);
    }
    routes.push(Route::File);
    routes
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Surroundings = Surroundings {
        is_remote: false,
        has_wayland: false,
        has_x11: false,
        is_mac: false,
        is_tmux: false,
    };

    #[test]
    fn the_nearest_clipboard_comes_first_and_a_file_last() {
        let program = Route::Program;
        let x11 = [program(Tool::Xclip), program(Tool::Xsel)];
        let ends = [Route::Terminal, Route::File];
        let table: &[(Surroundings, &[&[Route]])] = &[
            (NOTHING, &[&ends]),
            (
                Surroundings {
                    has_x11: true,
                    ..NOTHING
                },
                &[&x11, &ends],
            ),
            (
                Surroundings {
                    has_x11: true,
                    has_wayland: true,
                    ..NOTHING
                },
                &[&[program(Tool::WlCopy)], &x11, &ends],
            ),
            (
                Surroundings {
                    is_mac: true,
                    ..NOTHING
                },
                &[&[program(Tool::Pbcopy)], &ends],
            ),
            (
                Surroundings {
                    is_tmux: true,
                    ..NOTHING
                },
                &[&[Route::Tmux], &ends],
            ),
            (
                Surroundings {
                    is_tmux: true,
                    has_x11: true,
                    ..NOTHING
                },
                &[&x11, &[Route::Tmux], &ends],
            ),
            // The displays of a machine far away are nobody's.
            (
                Surroundings {
                    is_remote: true,
                    has_x11: true,
                    has_wayland: true,
                    is_mac: true,
                    ..NOTHING
                },
                &[&ends],
            ),
            (
                Surroundings {
                    is_remote: true,
                    is_tmux: true,
                    has_x11: true,
                    ..NOTHING
                },
                &[&[Route::Tmux], &ends],
            ),
        ];
        for (around, expected) in table {
            assert_eq!(routes(*around, 100), expected.concat(), "{around:?}");
        }
    }

    #[test]
    fn what_is_too_long_for_a_sequence_goes_to_a_file_and_is_never_cut() {
        assert_eq!(
            routes(NOTHING, LONGEST_SEQUENCE),
            [Route::Terminal, Route::File]
        );
        assert_eq!(routes(NOTHING, LONGEST_SEQUENCE + 1), [Route::File]);
        let tmux = Surroundings {
            is_tmux: true,
            ..NOTHING
        };
        assert_eq!(routes(tmux, 1_000_000), [Route::Tmux, Route::File]);
    }
}
