//! How a running salon shows other processes that it is alive: an exclusive lock on a file that bears its id. The kernel
//! frees it however the process ends (decisions 2.1).

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::migrate::make_folder;
use crate::domain::id::InstanceId;

/// A held lock.
pub(super) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock of a new instance.
    pub(super) fn take(run_dir: &Path, id: InstanceId) -> Result<Lock, StoreError> {
        make_folder(run_dir)?;
        let path = path_of(run_dir, id);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { file, path }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Busy),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Takes the lock of another instance, if that one is dead. Holding it keeps others from tidying up after it too.
    pub(super) fn of_the_dead(run_dir: &Path, id: InstanceId) -> Dead {
        let path = path_of(run_dir, id);
        let file = match OpenOptions::new().write(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Dead::Yes(None),
            Err(_) => return Dead::No,
        };
        match file.try_lock() {
            Ok(()) => Dead::Yes(Some(Lock { file, path })),
            Err(_) => Dead::No,
        }
    }

    /// Removes the file and frees the lock.
    pub(super) fn release(&self) {
        // A file left behind is a dead instance's, which is tidied up at the next start.
        let _ = std::fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

/// The right to be the only salon on this machine that sends to hubs; it ends with this value, however that goes.
pub struct Alone {
    /// `None` = a database in memory, which no other can see.
    _file: Option<File>,
}

impl Alone {
    /// `None` while another salon has it.
    pub(super) fn take(run_dir: Option<&Path>) -> Result<Option<Alone>, StoreError> {
        let Some(run_dir) = run_dir else {
            return Ok(Some(Alone { _file: None }));
        };
        make_folder(run_dir)?;
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(run_dir.join("sync.lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Alone { _file: Some(file) })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }
}

/// Whether an instance is dead; when in doubt it lives, so that nobody's words are taken away.
pub(super) enum Dead {
    /// With its lock, unless its file is gone.
    Yes(Option<Lock>),
    No,
}

fn path_of(run_dir: &Path, id: InstanceId) -> PathBuf {
    run_dir.join(format!("{id}.lock"))
}
