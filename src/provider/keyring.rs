//! The keyring of the desktop (Secret Service): the one file that knows the crates for it.

use crate::settings::SecretString;

/// A place that keeps keys by name. Its calls may take long, and may ask the user to unlock it.
pub trait Ring: Send + Sync {
    /// The key of this name; an error says in words why the keyring cannot be used.
    fn read(&self, name: &str) -> Result<Option<SecretString>, String>;
    fn write(&self, name: &str, key: &SecretString) -> Result<(), String>;
    /// What is not there counts as removed.
    fn remove(&self, name: &str) -> Result<(), String>;
}

/// The keyring of the desktop salon runs on. Nothing is opened before the first call.
pub struct Desktop;

#[cfg(feature = "keyring")]
impl Desktop {
    /// The service that all of salon's entries name.
    const SERVICE: &str = "salon";

    fn entry(name: &str) -> Result<keyring_core::Entry, String> {
        use keyring_core::api::CredentialStoreApi;
        let store = zbus_secret_service_keyring_store::Store::new();
        let entry = store.and_then(|store| store.build(Self::SERVICE, name, None));
        entry.map_err(|error| Self::said(&error))
    }

    /// What kind of error it is: its own text may hold what was read.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the crate may add kinds of errors"
    )]
    fn said(error: &keyring_core::Error) -> String {
        use keyring_core::Error;
        match error {
            Error::PlatformFailure(why) => format!("the keyring cannot be reached: {why}"),
            Error::NoStorageAccess(why) => format!("the keyring is locked: {why}"),
            Error::TooLong(..) => "the key is too long for the keyring".to_owned(),
            Error::Ambiguous(_) => "the keyring holds several keys of this name".to_owned(),
            _ => "the keyring cannot keep it".to_owned(),
        }
    }
}

#[cfg(feature = "keyring")]
impl Ring for Desktop {
    fn read(&self, name: &str) -> Result<Option<SecretString>, String> {
        match Self::entry(name)?.get_password() {
            Ok(key) => Ok(Some(SecretString::from(key))),
            Err(keyring_core::Error::NoEntry) => Ok(None),
            Err(error) => Err(Self::said(&error)),
        }
    }

    fn write(&self, name: &str, key: &SecretString) -> Result<(), String> {
        use secrecy::ExposeSecret;
        let written = Self::entry(name)?.set_password(key.expose_secret());
        written.map_err(|error| Self::said(&error))
    }

    fn remove(&self, name: &str) -> Result<(), String> {
        match Self::entry(name)?.delete_credential() {
            Ok(()) | Err(keyring_core::Error::NoEntry) => Ok(()),
            Err(error) => Err(Self::said(&error)),
        }
    }
}

#[cfg(not(feature = "keyring"))]
impl Desktop {
    const WITHOUT: &str = "this salon was built without a keyring";
}

#[cfg(not(feature = "keyring"))]
impl Ring for Desktop {
    fn read(&self, _name: &str) -> Result<Option<SecretString>, String> {
        Err(Self::WITHOUT.to_owned())
    }

    fn write(&self, _name: &str, _key: &SecretString) -> Result<(), String> {
        Err(Self::WITHOUT.to_owned())
    }

    fn remove(&self, _name: &str) -> Result<(), String> {
        Err(Self::WITHOUT.to_owned())
    }
}
