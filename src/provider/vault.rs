//! Keys the user gave salon to keep: in the desktop's keyring, else in a file of mode 0600 (decisions 2.13, 4.5).
//!
//! The file also names the providers whose key lies in the keyring, so that nobody else's keyring is opened, and none
//! before its key is needed. It is read anew each time: another salon may have changed it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, oneshot};
use tokio::time::timeout;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::provider::KeyFrom;
use crate::provider::keyring::{Desktop, Ring};
use crate::settings::SecretString;

/// How long the keyring may take; the user may have to unlock it.
const LIMIT: Duration = Duration::from_secs(20);
/// A larger file is none of salon's.
const MAX_FILE: u64 = 1 << 20;
/// The first line of the file.
const HEAD: &str = "# Keys kept by salon, for your eyes only. `/key PROVIDER` changes them.\n";

/// Where a key was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Keyring,
    /// In this file, because of what the keyring said.
    File(PathBuf, String),
}

/// The keys kept by salon.
pub struct Vault {
    file: PathBuf,
    ring: Arc<dyn Ring>,
    /// What the keyring told, for the life of the program. Held while it is asked or changed.
    told: Mutex<BTreeMap<String, SecretString>>,
}

/// What the file holds.
#[derive(Default)]
struct Kept {
    in_ring: BTreeSet<String>,
    in_file: BTreeMap<String, SecretString>,
}

/// The form of the file.
#[derive(Default, Serialize, Deserialize)]
struct Written {
    #[serde(default)]
    keyring: BTreeSet<String>,
    #[serde(default)]
    keys: BTreeMap<String, String>,
}

impl Vault {
    /// The keys of this file and of the desktop's keyring; opens neither.
    pub fn new(file: PathBuf) -> Vault {
        Vault::with(file, Arc::new(Desktop))
    }

    /// The same with another keyring.
    pub fn with(file: PathBuf, ring: Arc<dyn Ring>) -> Vault {
        Vault {
            file,
            ring,
            told: Mutex::default(),
        }
    }

    /// Another keyring from now on.
    pub fn use_ring(&mut self, ring: Arc<dyn Ring>) {
        self.ring = ring;
    }

    /// Whether a key of this provider is kept; opens no keyring.
    pub fn has(&self, provider: &str) -> Result<bool, Failure> {
        Ok(self.place(provider)?.is_some())
    }

    /// Where the key of this provider is kept; opens no keyring.
    pub fn place(&self, provider: &str) -> Result<Option<KeyFrom>, Failure> {
        let kept = read(&self.file)?;
        let in_ring = kept.in_ring.contains(provider).then_some(KeyFrom::Keyring);
        let in_file = || kept.in_file.contains_key(provider).then_some(KeyFrom::File);
        Ok(in_ring.or_else(in_file))
    }

    /// The key kept for this provider.
    pub async fn key(&self, provider: &str) -> Result<Option<SecretString>, Failure> {
        let mut kept = read(&self.file)?;
        if !kept.in_ring.contains(provider) {
            return Ok(kept.in_file.remove(provider));
        }
        let mut told = self.told.lock().await;
        if let Some(key) = told.get(provider) {
            return Ok(Some(key.clone()));
        }
        let name = provider.to_owned();
        let key = self.ask(move |ring| ring.read(&name)).await;
        let key = key.map_err(|why| {
            Failure::new(
                FailureKind::Key,
                format!("The keyring does not give the key of {provider}"),
                format!("Unlock the keyring, or set the key again with /key {provider}."),
            )
            .with_detail(why)
        })?;
        if let Some(key) = &key {
            told.insert(provider.to_owned(), key.clone());
        }
        Ok(key)
    }

    /// The key of this provider was refused: the keyring is asked again.
    pub fn doubt(&self, provider: &str) {
        if let Ok(mut told) = self.told.try_lock() {
            told.remove(provider);
        }
    }

    /// Keeps this key in place of the one before: in the keyring, or where there is none in the file.
    pub async fn keep(&self, provider: &str, key: SecretString) -> Result<Place, Failure> {
        let mut told = self.told.lock().await;
        // What cannot be read must not be written over.
        read(&self.file)?;
        let (name, given) = (provider.to_owned(), key.clone());
        let asked = self.ask(move |ring| ring.write(&name, &given)).await;
        let mut kept = read(&self.file)?;
        kept.in_file.remove(provider);
        kept.in_ring.remove(provider);
        told.remove(provider);
        let place = match asked {
            Ok(()) => {
                kept.in_ring.insert(provider.to_owned());
                told.insert(provider.to_owned(), key);
                Place::Keyring
            }
            Err(why) => {
                tracing::warn!(provider, "no keyring, the key goes to the file");
                kept.in_file.insert(provider.to_owned(), key);
                Place::File(self.file.clone(), why)
            }
        };
        write(&self.file, &kept).map_err(|error| unwritten(&self.file, &error))?;
        Ok(place)
    }

    /// Forgets the key of this provider; whether there was one.
    pub async fn forget(&self, provider: &str) -> Result<bool, Failure> {
        let mut told = self.told.lock().await;
        told.remove(provider);
        if read(&self.file)?.in_ring.contains(provider) {
            let name = provider.to_owned();
            let removed = self.ask(move |ring| ring.remove(&name)).await;
            removed.map_err(|why| {
                Failure::new(
                    FailureKind::Key,
                    format!("The keyring still holds the key of {provider}"),
                    "Unlock the keyring and try again.",
                )
                .with_detail(why)
            })?;
        }
        let mut kept = read(&self.file)?;
        let was_in_file = kept.in_file.remove(provider).is_some();
        let was_there = kept.in_ring.remove(provider) || was_in_file;
        if was_there {
            write(&self.file, &kept).map_err(|error| unwritten(&self.file, &error))?;
        }
        Ok(was_there)
    }

    /// Asks the keyring on a thread of its own: one that hangs holds up nothing, not even leaving.
    async fn ask<T: Send + 'static>(
        &self,
        act: impl FnOnce(&dyn Ring) -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        let (say, heard) = oneshot::channel();
        let ring = Arc::clone(&self.ring);
        std::thread::Builder::new()
            .name("keyring".to_owned())
            .spawn(move || {
                // Nobody hears it any more when it took too long.
                let _ = say.send(act(&*ring));
            })
            .map_err(|error| error.to_string())?;
        match timeout(LIMIT, heard).await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) => Err("the keyring broke off".to_owned()),
            Err(_) => Err(format!(
                "the keyring did not answer within {} s",
                LIMIT.as_secs()
            )),
        }
    }
}

/// The providers whose keys salon keeps by this file; none where it cannot be used. Opens no keyring.
pub fn kept(path: &Path) -> BTreeSet<String> {
    let kept = read(path).unwrap_or_default();
    kept.in_ring
        .into_iter()
        .chain(kept.in_file.into_keys())
        .collect()
}

/// What the file holds; nothing if it is not there. A file that others can read or that is not in order is refused.
fn read(path: &Path) -> Result<Kept, Failure> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Kept::default()),
        Err(error) => return Err(unread(path, &error.to_string())),
    };
    let about = file.metadata();
    let about = about.map_err(|error| unread(path, &error.to_string()))?;
    if about.permissions().mode() & 0o077 != 0 {
        let shown = path.display();
        return Err(Failure::new(
            FailureKind::Key,
            format!("Others can read the keys in {shown}, so they are not used"),
            format!(
                "Run `chmod 600 {shown}`; change the keys at the provider if others may have seen them."
            ),
        ));
    }
    if about.len() > MAX_FILE {
        return Err(unread(path, "it is too large"));
    }
    let mut text = String::new();
    file.read_to_string(&mut text)
        .map_err(|error| unread(path, &error.to_string()))?;
    // The error's text would show the line, and a key with it.
    let written: Written = toml::from_str(&text).map_err(|_| unread(path, "it is not in order"))?;
    let keys = written.keys.into_iter();
    Ok(Kept {
        in_ring: written.keyring,
        in_file: keys.map(|(name, key)| (name, key.into())).collect(),
    })
}

/// Replaces the file as a whole; it is mode 0600 from its first moment.
fn write(path: &Path, kept: &Kept) -> io::Result<()> {
    let keys = kept.in_file.iter();
    let written = Written {
        keyring: kept.in_ring.clone(),
        keys: keys
            .map(|(name, key)| (name.clone(), key.expose_secret().to_owned()))
            .collect(),
    };
    let text = toml::to_string(&written).map_err(io::Error::other)?;
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let fresh = path.with_extension(format!("new-{}", std::process::id()));
    // What a kill left has this process' number by chance only.
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)?;
    let done = file
        .write_all(HEAD.as_bytes())
        .and_then(|()| file.write_all(text.as_bytes()))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&fresh, path));
    if done.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    done
}

fn unread(path: &Path, why: &str) -> Failure {
    Failure::new(
        FailureKind::Key,
        format!("The file of keys {} cannot be used", path.display()),
        "Correct or remove it, then set the keys again with /key.",
    )
    .with_detail(why)
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        FailureKind::Store,
        format!("The key cannot be kept in {}", path.display()),
        "See that its folder can be written and its disk has room.",
    )
    .with_detail(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::watch;

    /// A keyring in memory.
    #[derive(Default)]
    struct Memory(watch::Sender<BTreeMap<String, String>>);

    impl Ring for Memory {
        fn read(&self, name: &str) -> Result<Option<SecretString>, String> {
            Ok(self.0.borrow().get(name).map(|key| key.as_str().into()))
        }

        fn write(&self, name: &str, key: &SecretString) -> Result<(), String> {
            let key = key.expose_secret().to_owned();
            self.0.send_modify(|all| {
                all.insert(name.to_owned(), key);
            });
            Ok(())
        }

        fn remove(&self, name: &str) -> Result<(), String> {
            self.0.send_modify(|all| {
                all.remove(name);
            });
            Ok(())
        }
    }

    /// A keyring that is not there, or hangs.
    struct Broken {
        hangs: bool,
    }

    impl Broken {
        fn say<T>(&self) -> Result<T, String> {
            if self.hangs {
                loop {
                    std::thread::park();
                }
            }
            Err("no bus".to_owned())
        }
    }

    impl Ring for Broken {
        fn read(&self, _: &str) -> Result<Option<SecretString>, String> {
            self.say()
        }

        fn write(&self, _: &str, _: &SecretString) -> Result<(), String> {
            self.say()
        }

        fn remove(&self, _: &str) -> Result<(), String> {
            self.say()
        }
    }

    async fn told(vault: &Vault, provider: &str) -> Option<String> {
        let key = vault.key(provider).await.unwrap();
        key.map(|key| key.expose_secret().to_owned())
    }

    #[tokio::test]
    async fn a_key_is_kept_in_the_keyring_replaced_and_forgotten() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("deep/secrets.toml");
        let ring = Arc::new(Memory::default());
        let vault = Vault::with(file.clone(), ring.clone());
        assert_eq!(vault.has("lab"), Ok(false));
        for key in ["k1", "k2"] {
            let place = vault.keep("lab", key.into()).await.unwrap();
            assert_eq!(place, Place::Keyring);
            assert_eq!(told(&vault, "lab").await.as_deref(), Some(key));
        }
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains("lab") && !text.contains("k2"), "{text}");
        let other = Vault::with(file.clone(), ring.clone());
        assert_eq!(told(&other, "lab").await.as_deref(), Some("k2"));
        assert_eq!(vault.forget("lab").await, Ok(true));
        assert_eq!(vault.forget("lab").await, Ok(false));
        assert_eq!(told(&vault, "lab").await, None);
        assert!(ring.0.borrow().is_empty());
    }

    #[tokio::test]
    async fn without_a_keyring_a_file_for_the_owner_alone_keeps_it() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("secrets.toml");
        let vault = Vault::with(file.clone(), Arc::new(Broken { hangs: false }));
        let place = vault.keep("lab", "k\"1\\".into()).await.unwrap();
        assert_eq!(place, Place::File(file.clone(), "no bus".to_owned()));
        assert_eq!(told(&vault, "lab").await.as_deref(), Some("k\"1\\"));
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let names: Vec<_> = fs::read_dir(home.path()).unwrap().collect();
        assert_eq!(names.len(), 1, "nothing is left beside it");
        assert_eq!(vault.forget("lab").await, Ok(true));
        assert_eq!(vault.has("lab"), Ok(false));
    }

    #[tokio::test]
    async fn a_file_that_others_can_read_is_refused_and_not_written_over() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("secrets.toml");
        let vault = Vault::with(file.clone(), Arc::new(Broken { hangs: false }));
        vault.keep("lab", "k1".into()).await.unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        for failure in [
            vault.has("lab").unwrap_err(),
            vault.key("lab").await.unwrap_err(),
            vault.keep("lab", "k2".into()).await.unwrap_err(),
            vault.forget("lab").await.unwrap_err(),
        ] {
            assert_eq!(failure.kind, FailureKind::Key);
            assert!(failure.remedy.contains("chmod 600"), "{failure}");
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(told(&vault, "lab").await.as_deref(), Some("k1"));
    }

    #[tokio::test]
    async fn a_file_out_of_order_is_told_without_its_words() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("secrets.toml");
        fs::write(&file, "[keys]\nlab = sk-secret\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let failure = Vault::new(file).has("lab").unwrap_err();
        assert!(!format!("{failure:?}").contains("sk-secret"));
        assert!(failure.remedy.contains("/key"), "{failure}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_keyring_that_hangs_is_given_up() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("secrets.toml");
        let vault = Vault::with(file.clone(), Arc::new(Broken { hangs: true }));
        let place = vault.keep("lab", "k1".into()).await.unwrap();
        let Place::File(_, why) = place else {
            unreachable!()
        };
        assert!(why.contains("within 20 s"), "{why}");
        assert_eq!(told(&vault, "lab").await.as_deref(), Some("k1"));
    }
}
