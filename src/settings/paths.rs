//! Where salon's files lie (spec section 12, decisions 4.5).

use std::path::{Path, PathBuf};

use super::Layers;
use crate::domain::failure::{Failure, FailureKind};

/// The files and folders of this salon; none is made here. All are absolute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// `salon.toml`.
    pub config: PathBuf,
    /// `keys.toml`, beside it.
    pub keys: PathBuf,
    /// The folder of what follows.
    pub data_dir: PathBuf,
    pub database: PathBuf,
    /// Keys that no keyring keeps.
    pub secrets: PathBuf,
    /// Lock files of running salons.
    pub run_dir: PathBuf,
    /// Log files and crash reports.
    pub state_dir: PathBuf,
    /// The user's own folder, where it is known.
    pub home: Option<PathBuf>,
}

impl Paths {
    /// By the arguments, `SALON_CONFIG` and `SALON_DATA_DIR`, XDG, on every Unix. `--data-dir` and `SALON_DATA_DIR`
    /// move the state folder too.
    pub fn find(layers: &Layers) -> Result<Paths, Failure> {
        let config = match Self::named_config(layers) {
            Some(file) => file,
            None => xdg(layers, "XDG_CONFIG_HOME", ".config")?.join("salon.toml"),
        };
        let set_data = layers.variable("SALON_DATA_DIR").map(PathBuf::from);
        let (data_dir, state_dir) = match layers.data_dir.clone().or(set_data) {
            Some(folder) => {
                let folder = absolute(layers, &folder);
                (folder.clone(), folder)
            }
            None => (
                xdg(layers, "XDG_DATA_HOME", ".local/share")?,
                xdg(layers, "XDG_STATE_HOME", ".local/state")?,
            ),
        };
        Ok(Paths {
            keys: config.with_file_name("keys.toml"),
            config,
            database: data_dir.join("salon.db"),
            secrets: data_dir.join("secrets.toml"),
            run_dir: data_dir.join("run"),
            data_dir,
            state_dir,
            home: layers.variable("HOME").map(PathBuf::from),
        })
    }

    /// A path as a user writes it: `~/` is the home folder, other relative ones begin where salon was started.
    pub fn of_user(&self, path: &Path) -> PathBuf {
        match (path.strip_prefix("~"), &self.home) {
            (Ok(rest), Some(home)) => home.join(rest),
            _ => std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
        }
    }

    /// The config file that arguments or environment name; such a file must exist.
    pub(super) fn named_config(layers: &Layers) -> Option<PathBuf> {
        let set = layers.variable("SALON_CONFIG").map(PathBuf::from);
        let file = layers.config.clone().or(set)?;
        Some(absolute(layers, &file))
    }
}

/// `~/` is the home folder, other relative paths begin where salon was started.
pub(super) fn absolute(layers: &Layers, path: &Path) -> PathBuf {
    if let (Ok(rest), Some(home)) = (path.strip_prefix("~"), layers.variable("HOME")) {
        return Path::new(home).join(rest);
    }
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// `salon` in the folder that this variable names (a relative one does not count, as XDG says), else in this one of
/// the home folder.
fn xdg(layers: &Layers, variable: &str, in_home: &str) -> Result<PathBuf, Failure> {
    let named = layers.variable(variable).map(Path::new);
    let folder = match named.filter(|path| path.is_absolute()) {
        Some(folder) => folder.to_owned(),
        None => match layers.variable("HOME") {
            Some(home) => Path::new(home).join(in_home),
            None => {
                return Err(Failure::new(
                    FailureKind::Input,
                    "Salon does not know where to keep its files: HOME is not set",
                    format!("Set HOME, or {variable}, or give --config and --data-dir."),
                ));
            }
        },
    };
    Ok(folder.join("salon"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(variables: &[(&str, &str)]) -> Layers {
        Layers {
            environment: variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..Layers::default()
        }
    }

    #[test]
    fn files_lie_where_xdg_says() {
        let paths = Paths::find(&layers(&[("HOME", "/home/a")])).unwrap();
        assert_eq!(paths.config, Path::new("/home/a/.config/salon/salon.toml"));
        assert_eq!(paths.keys, Path::new("/home/a/.config/salon/keys.toml"));
        assert_eq!(
            paths.database,
            Path::new("/home/a/.local/share/salon/salon.db")
        );
        assert_eq!(paths.run_dir, Path::new("/home/a/.local/share/salon/run"));
        assert_eq!(paths.state_dir, Path::new("/home/a/.local/state/salon"));
        let paths = Paths::find(&layers(&[
            ("HOME", "/home/a"),
            ("XDG_CONFIG_HOME", "/c"),
            ("XDG_DATA_HOME", "/d"),
            ("XDG_STATE_HOME", "not/absolute"),
        ]))
        .unwrap();
        assert_eq!(paths.config, Path::new("/c/salon/salon.toml"));
        assert_eq!(paths.data_dir, Path::new("/d/salon"));
        assert_eq!(paths.state_dir, Path::new("/home/a/.local/state/salon"));
    }

    #[test]
    fn arguments_beat_the_environment_and_move_the_log_too() {
        let mut given = layers(&[
            ("HOME", "/home/a"),
            ("SALON_CONFIG", "~/my.toml"),
            ("SALON_DATA_DIR", "/env"),
        ]);
        let paths = Paths::find(&given).unwrap();
        assert_eq!(paths.config, Path::new("/home/a/my.toml"));
        assert_eq!(paths.keys, Path::new("/home/a/keys.toml"));
        assert_eq!(paths.database, Path::new("/env/salon.db"));
        assert_eq!(paths.state_dir, Path::new("/env"));
        given.data_dir = Some("/arg".into());
        given.config = Some("/arg/salon.toml".into());
        let paths = Paths::find(&given).unwrap();
        assert_eq!(paths.data_dir, Path::new("/arg"));
        assert_eq!(paths.config, Path::new("/arg/salon.toml"));
    }

    #[test]
    fn no_home_is_a_failure_only_where_it_is_needed() {
        let failure = Paths::find(&layers(&[])).unwrap_err();
        assert!(failure.title.contains("HOME"), "{failure}");
        let mut given = layers(&[("HOME", "")]);
        given.config = Some("/c.toml".into());
        given.data_dir = Some("/d".into());
        assert!(Paths::find(&given).is_ok());
    }
}
