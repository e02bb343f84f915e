//! What there is to tell of the terminal: the keys that reach salon, the way to the clipboard, colours, size. The judging
//! is pure; finding out writes one question and asks tmux.

use std::io::{self, IsTerminal};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use ratatui::layout::Size;
use tokio::process::Command as Program;

use super::probe;
use super::terminal::Abilities;
use crate::domain::clipboard::{Route, routes};
use crate::domain::failure::Failure;
use crate::domain::finding::Finding;
use crate::keys::{Action, Context, KeyMap};
use crate::settings::Around;

/// How long tmux may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// From this size on everything can be read.
const LEAST: Size = Size::new(40, 12);

/// The terminal as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub around: Around,
    pub abilities: Abilities,
    /// It was not asked for its abilities.
    pub is_unasked: bool,
    pub size: Size,
    /// The keys that begin a new line here, for people.
    pub newline: Vec<String>,
    /// The options of the tmux salon runs in; `None` = there is none, or it did not tell.
    pub tmux: Option<Tmux>,
}

/// Options of tmux.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tmux {
    /// `off`, `on`, `always`.
    pub extended_keys: String,
    /// `off`, `external`, `on`.
    pub set_clipboard: String,
}

impl Facts {
    /// What the environment tells, and the keys of this map for a terminal that tells few keys apart.
    pub fn of(around: &Around, keymap: &KeyMap) -> Facts {
        Facts {
            around: around.clone(),
            newline: keymap.keys_of(Context::Composer, Action::Newline),
            ..Facts::default()
        }
    }

    /// What there is to tell outside the screen; `None` where there is no terminal. One that is not written to, because
    /// the output goes elsewhere, is not asked.
    pub fn here(around: &Around, keymap: &KeyMap, now: impl Fn() -> Instant) -> Option<Facts> {
        if !io::stdin().is_terminal() {
            return None;
        }
        if io::stdout().is_terminal() {
            return Facts::ask(around, keymap, now).ok();
        }
        let size = rustix::termios::tcgetwinsize(rustix::stdio::stdin()).ok()?;
        Some(Facts {
            size: Size::new(size.ws_col, size.ws_row),
            is_unasked: true,
            ..Facts::of(around, &keymap.deliverable(false))
        })
    }

    /// Finds out about the terminal on which nothing is drawn: it is asked like at the start of the screen. What is typed
    /// meanwhile is lost.
    pub fn ask(around: &Around, keymap: &KeyMap, now: impl Fn() -> Instant) -> io::Result<Facts> {
        enable_raw_mode()?;
        let heard = probe::ask(now, false, probe::LEISURE);
        disable_raw_mode()?;
        let abilities = heard?.abilities;
        let (width, height) = crossterm::terminal::size()?;
        let keymap = keymap.deliverable(abilities.kitty);
        Ok(Facts {
            abilities,
            size: Size::new(width, height),
            ..Facts::of(around, &keymap)
        })
    }

    /// The same with the options of the tmux around.
    pub async fn with_tmux(mut self) -> Facts {
        if self.around.is_tmux {
            self.tmux = tmux().await;
        }
        self
    }

    /// What follows from it, point by point.
    pub fn findings(&self) -> Vec<Finding> {
        vec![
            self.newline(),
            self.clipboard(),
            self.colours(),
            self.room(),
            Finding::ok(
                "terminal.links",
                "written out; salon draws neither links nor images",
            ),
        ]
    }

    fn newline(&self) -> Finding {
        const NAME: &str = "terminal.newline";
        let keys = self.newline.join(", ");
        if self.abilities.kitty || self.is_unasked {
            return Finding::ok(NAME, keys);
        }
        let detail = format!("{keys}; Shift+Enter cannot be told from Enter here");
        match self.tmux.as_ref().map(|tmux| tmux.extended_keys.as_str()) {
            Some("always") => Finding::ok(
                NAME,
                format!("{keys}; Shift+Enter where tmux's own terminal tells it"),
            ),
            Some(_) => Finding::hint(
                NAME,
                detail,
                "For Shift+Enter put into tmux.conf: set -s extended-keys always (from tmux 3.5 on also: set -s \
                 extended-keys-format csi-u)",
            ),
            None => Finding::ok(NAME, detail),
        }
    }

    /// The ways a copied text takes, in their order (peers 5.7).
    fn clipboard(&self) -> Finding {
        const NAME: &str = "terminal.clipboard";
        let ways = routes(self.around.clipboard(), 0);
        let told: Vec<&str> = ways.iter().map(|way| way.about()).collect();
        let detail = format!("the first that works of: {}", told.join("; "));
        if ways.first() == Some(&Route::Tmux) {
            return match self.tmux.as_ref().map(|tmux| tmux.set_clipboard.as_str()) {
                Some("off") => Finding::hint(
                    NAME,
                    format!("{detail}; but tmux keeps it to itself, its set-clipboard is off"),
                    "Put into tmux.conf: set -s set-clipboard on",
                ),
                Some(_) => Finding::ok(NAME, detail),
                None => Finding::hint(
                    NAME,
                    format!("{detail}; tmux did not tell its options"),
                    "See that `tmux show -s set-clipboard` says on.",
                ),
            };
        }
        // It is known not to take the sequence (peers 5.7).
        let is_deaf = self.around.program == "Apple_Terminal";
        if is_deaf && ways.first() == Some(&Route::Terminal) {
            return Finding::hint(
                NAME,
                format!("{detail}; this terminal does not take it"),
                "Select with the mouse in the reading mode (F6), or use another terminal.",
            );
        }
        Finding::ok(NAME, detail)
    }

    fn colours(&self) -> Finding {
        let around = &self.around;
        let depth = match around.no_color {
            true => "none, as NO_COLOR asks",
            false => "the 16 of the terminal's own palette",
        };
        let named = [&around.term, &around.program].map(String::as_str);
        let named: Vec<&str> = named.into_iter().filter(|name| !name.is_empty()).collect();
        Finding::ok(
            "terminal.colours",
            format!("{depth} ({})", named.join(", ")),
        )
    }

    fn room(&self) -> Finding {
        const NAME: &str = "terminal.size";
        let frames = match (self.is_unasked, self.abilities.synchronized) {
            (true, _) => "",
            (false, true) => "; frames appear whole",
            (false, false) => "; frames are drawn as they come",
        };
        let detail = format!("{} by {} cells{frames}", self.size.width, self.size.height);
        if self.size.width < LEAST.width || self.size.height < LEAST.height {
            let least = format!("Make it {} by {} or larger.", LEAST.width, LEAST.height);
            return Finding::hint(NAME, detail, least);
        }
        Finding::ok(NAME, detail)
    }
}

/// Whether `keys.toml` is right; what is wrong in it.
pub fn keymap(wrong: &[Failure]) -> Finding {
    const NAME: &str = "keymap";
    let Some(first) = wrong.first() else {
        return Finding::ok(NAME, "every key of keys.toml is known");
    };
    let more = match wrong.len() {
        1 => String::new(),
        count => format!("; {} more", count - 1),
    };
    let detail = format!("{}{more}", first.title);
    Finding::hint(
        NAME,
        detail,
        "`salon config show` names all; the other keys work.",
    )
}

/// The options of the tmux around; `None` when it does not tell them.
async fn tmux() -> Option<Tmux> {
    let option = async |name: &str| {
        let mut program = Program::new("tmux");
        program
            .args(["show-options", "-sv", name])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let output = tokio::time::timeout(PATIENCE, program.output())
            .await
            .ok()?
            .ok()?;
        let is_told = output.status.success();
        is_told.then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    Some(Tmux {
        extended_keys: option("extended-keys").await?,
        set_clipboard: option("set-clipboard").await?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::Verdict;

    fn found(facts: &Facts, name: &str) -> Finding {
        let all = facts.findings();
        all.into_iter().find(|found| found.name == name).unwrap()
    }

    fn in_tmux(extended_keys: &str, set_clipboard: &str) -> Facts {
        Facts {
            around: Around {
                is_tmux: true,
                ..Around::default()
            },
            tmux: Some(Tmux {
                extended_keys: extended_keys.to_owned(),
                set_clipboard: set_clipboard.to_owned(),
            }),
            ..Facts::default()
        }
    }

    #[test]
    fn mistakes_in_the_keys_are_named_and_counted() {
        assert_eq!(keymap(&[]).verdict, Verdict::Ok);
        let wrong = |title: &str| {
            Failure::new(
                crate::domain::failure::FailureKind::Input,
                title,
                "Mend it.",
            )
        };
        let found = keymap(&[wrong("keys.toml line 2: no"), wrong("keys.toml line 4: no")]);
        assert_eq!(found.verdict, Verdict::Hint);
        assert_eq!(found.detail, "keys.toml line 2: no; 1 more");
    }

    #[test]
    fn shift_enter_is_promised_only_by_a_terminal_that_tells_it() {
        let keymap = KeyMap::shipped();
        for kitty in [true, false] {
            let facts = Facts {
                abilities: Abilities {
                    kitty,
                    ..Abilities::default()
                },
                ..Facts::of(&Around::default(), &keymap.deliverable(kitty))
            };
            let point = found(&facts, "terminal.newline");
            assert_eq!(point.verdict, Verdict::Ok);
            assert!(point.detail.contains("Ctrl+J"), "{point:?}");
            assert_eq!(point.detail.contains("cannot be told"), !kitty, "{point:?}");
        }
    }

    #[test]
    fn tmux_gets_the_lines_it_lacks() {
        let lacking = in_tmux("off", "off");
        let lines = ["terminal.newline", "terminal.clipboard"].map(|n| found(&lacking, n).remedy);
        assert!(lines[0].contains("extended-keys"), "{lines:?}");
        assert!(lines[1].contains("set-clipboard on"), "{lines:?}");
        let fine = in_tmux("always", "external");
        assert!(
            fine.findings()[..2]
                .iter()
                .all(|p| p.verdict == Verdict::Ok)
        );
        let silent = Facts { tmux: None, ..fine };
        assert_eq!(found(&silent, "terminal.clipboard").verdict, Verdict::Hint);
    }

    #[test]
    fn the_way_a_copied_text_takes_first_is_named_first() {
        let desktop = Around {
            has_wayland: true,
            ..Around::default()
        };
        let far = Around {
            is_far: true,
            ..desktop.clone()
        };
        let clipboard = |around: &Around| {
            let facts = Facts {
                around: around.clone(),
                ..Facts::default()
            };
            found(&facts, "terminal.clipboard")
        };
        let first = |point: &Finding| {
            let ways = point.detail.split_once(": ").unwrap().1;
            ways.split("; ").next().unwrap().to_owned()
        };
        assert_eq!(first(&clipboard(&desktop)), "wl-copy");
        // The desktop of another machine is not the user's.
        let point = clipboard(&far);
        assert!(first(&point).starts_with("the terminal"), "{point:?}");
        assert!(!point.detail.contains("wl-copy"), "{point:?}");
        assert_eq!(point.verdict, Verdict::Ok);
        // This terminal does not take what it is handed.
        let deaf = |around: &Around| {
            clipboard(&Around {
                program: "Apple_Terminal".to_owned(),
                ..around.clone()
            })
        };
        let point = deaf(&far);
        assert_eq!(point.verdict, Verdict::Hint);
        assert!(point.remedy.contains("F6"), "{point:?}");
        assert_eq!(deaf(&desktop).verdict, Verdict::Ok, "a program takes it");
    }

    #[test]
    fn of_a_terminal_that_was_not_asked_only_what_is_known_is_told() {
        let keymap = KeyMap::shipped().deliverable(false);
        let asked = Facts {
            size: Size::new(80, 24),
            ..Facts::of(&Around::default(), &keymap)
        };
        let unasked = Facts {
            is_unasked: true,
            ..asked.clone()
        };
        for (name, words, known) in [
            ("terminal.newline", "Shift+Enter", "Ctrl+J"),
            ("terminal.size", "frames", "80 by 24 cells"),
        ] {
            let (asked, unasked) = (found(&asked, name), found(&unasked, name));
            assert!(asked.detail.contains(words), "{asked:?}");
            assert!(!unasked.detail.contains(words), "{unasked:?}");
            assert!(unasked.detail.contains(known), "{unasked:?}");
            assert_eq!(unasked.verdict, Verdict::Ok);
        }
    }

    #[test]
    fn a_tiny_terminal_is_told_the_least_size() {
        let facts = |width| Facts {
            size: Size::new(width, 24),
            ..Facts::default()
        };
        assert_eq!(found(&facts(80), "terminal.size").verdict, Verdict::Ok);
        let tiny = found(&facts(20), "terminal.size");
        assert!(tiny.remedy.contains("40 by 12"), "{tiny:?}");
    }
}
