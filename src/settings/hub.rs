//! The shared hub: whether there is one, and its address.

use secrecy::SecretString;

use super::Sync;
use super::reader::{Reader, Shown, path};

/// The hub, when it is switched on and its address can be one.
pub(super) fn read(reader: &mut Reader) -> Option<Sync> {
    let is_enabled = reader.flag(&path("sync.enabled")).unwrap_or(false);
    let messages = reader.flag(&path("sync.messages")).unwrap_or(true);
    let address = path("sync.url");
    let is_named = reader.set(&address).is_some();
    let url = reader.read(&address, Shown::Hidden, |text| {
        let schemes = ["postgres://", "postgresql://"];
        let is_one = schemes.iter().any(|scheme| text.starts_with(scheme));
        is_one
            .then(|| SecretString::from(text))
            .ok_or_else(|| "an address such as postgres://you@db.example.org/salon".to_owned())
    });
    if is_enabled && !is_named {
        let place = reader.set(&path("sync.enabled"));
        let place = place.map_or_else(String::new, |entry| format!("{}: ", entry.place));
        reader.problem(
            format!("{place}sync is switched on, but there is no address of a Postgres"),
            "Set DATABASE_URL beside DATABASE_ENABLED, or `url` under [sync].".to_owned(),
        );
    }
    let url = url.filter(|_| is_enabled)?;
    Some(Sync { url, messages })
}
