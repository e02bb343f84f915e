//! Where the hub is: the address of the settings as connection options, the name it is known by, and whether the way
//! there has to be encrypted (spec D2).

use std::net::IpAddr;
use std::path::Path;
use std::str::FromStr;

use secrecy::ExposeSecret;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::domain::failure::{Failure, FailureKind};
use crate::settings::Sync;

/// What may stand after the `?`; other keys are left out, so that no driver writes them into a log.
const KEYS: &[&str] = &[
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "options",
];

/// A hub's address. It does not print what it holds.
#[derive(Clone)]
pub struct Address {
    pub(super) options: PgConnectOptions,
    /// `host:port/database`, without user and password.
    pub name: String,
    pub user: String,
    pub(super) way: Way,
}

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The address says how.
    AsTold,
    /// It stays on this machine.
    Loopback,
    /// Encrypted, with a certificate that is trusted and of that name.
    Verified,
}

impl Address {
    /// The address of the settings; `ca_file` adds roots to those of the operating system.
    pub fn of(sync: &Sync, ca_file: Option<&Path>) -> Result<Address, Failure> {
        let url = without_unknown_keys(sync.url.expose_secret());
        let mut options = PgConnectOptions::from_str(&url).map_err(|error| {
            let why = if let sqlx::Error::Configuration(why) = error {
                why.to_string()
            } else {
                String::new()
            };
            Failure::new(
                FailureKind::Input,
                "The address of the hub cannot be read",
                "Write postgres://user:password@host:5432/database; signs such as # / ? @ in a password as %23 %2F %3F %40.",
            )
            .with_detail(why)
        })?;
        // An address of version 6 stands in brackets in a URL, and nowhere else.
        let bare = options
            .get_host()
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        options = options
            .host(&bare)
            .application_name("salon")
            .extra_float_digits(None)
            .statement_cache_capacity(1)
            .disable_statement_logging();
        let way = if names(&url, &["sslmode", "ssl-mode"]) {
            Way::AsTold
        } else if is_loopback(&options) {
            options = options.ssl_mode(PgSslMode::Prefer);
            Way::Loopback
        } else {
            options = options.ssl_mode(PgSslMode::VerifyFull);
            Way::Verified
        };
        if let Some(file) = ca_file
            && !names(&url, &["sslrootcert", "ssl-root-cert", "ssl-ca"])
        {
            options = options.ssl_root_cert(file);
        }
        Ok(Address {
            name: name_of(&options),
            user: options.get_username().to_owned(),
            options,
            way,
        })
    }
}

fn name_of(options: &PgConnectOptions) -> String {
    let host = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None if options.get_host().contains(':') => format!("[{}]", options.get_host()),
        None => options.get_host().to_owned(),
    };
    let database = options
        .get_database()
        .unwrap_or_else(|| options.get_username());
    format!("{host}:{}/{database}", options.get_port())
}

fn is_loopback(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    options.get_socket().is_some()
        || host.starts_with('/')
        || host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Whether one of these keys stands after the `?`.
fn names(url: &str, keys: &[&str]) -> bool {
    let Some((_, query)) = url.split_once('?') else {
        return false;
    };
    query
        .split('&')
        .any(|pair| keys.contains(&pair.split('=').next().unwrap_or(pair)))
}

fn without_unknown_keys(url: &str) -> String {
    let Some((head, query)) = url.split_once('?') else {
        return url.to_owned();
    };
    let is_known = |pair: &&str| {
        let key = pair.split('=').next().unwrap_or(pair);
        KEYS.contains(&key) || key.starts_with("options[")
    };
    let kept: Vec<&str> = query.split('&').filter(is_known).collect();
    match kept.as_slice() {
        [] => head.to_owned(),
        kept => format!("{head}?{}", kept.join("&")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::SecretString;

    fn at(url: &str) -> Result<Address, Failure> {
        let sync = Sync {
            url: SecretString::from(url),
            messages: true,
        };
        Address::of(&sync, None)
    }

    #[test]
    fn away_from_this_machine_the_way_is_encrypted_and_verified() {
        for (url, way) in [
            ("postgres://u:p@db.example.org/d", Way::Verified),
            ("postgres://u:p@192.0.2.7/d", Way::Verified),
            ("postgres://u:p@[2001:db8::1]:5433/d", Way::Verified),
            ("postgres://u:p@localhost.example.org/d", Way::Verified),
            ("postgresql://u:p@LOCALHOST/d", Way::Loopback),
            ("postgres://u:p@127.0.0.9/d", Way::Loopback),
            ("postgres://u:p@[::1]/d", Way::Loopback),
            ("postgres://u@%2Ftmp%2Fpg/d", Way::Loopback),
            ("postgres://u@h/d?host=/tmp/pg", Way::Loopback),
            (
                "postgres://u:p@db.example.org/d?sslmode=disable",
                Way::AsTold,
            ),
            (
                "postgres://u:p@db.example.org/d?x=1&sslmode=require",
                Way::AsTold,
            ),
        ] {
            let address = at(url).unwrap();
            assert_eq!(address.way, way, "{url}");
            let mode = address.options.get_ssl_mode();
            let fits = match way {
                Way::Verified => matches!(mode, PgSslMode::VerifyFull),
                Way::Loopback => matches!(mode, PgSslMode::Prefer),
                Way::AsTold => matches!(mode, PgSslMode::Disable | PgSslMode::Require),
            };
            assert!(fits, "{url}: {mode:?}");
        }
    }

    #[test]
    fn the_name_holds_no_secret() {
        let name = |url| at(url).unwrap().name;
        assert_eq!(name("postgres://u:secret@h:5433/d"), "h:5433/d");
        assert_eq!(name("postgres://u:secret@[::1]:5433/d"), "[::1]:5433/d");
        assert_eq!(name("postgres://u:secret@h:1?password=other"), "h:1/u");
        let bad = at("postgres://u:sec#ret@h/d").err().unwrap();
        assert!(!format!("{bad:?}").contains("sec"), "{bad:?}");
        assert!(bad.remedy.contains("%23"), "{bad}");
    }

    #[test]
    fn keys_no_driver_knows_are_left_out() {
        let url = "postgres://h/d?channel_binding=require&sslmode=require&token=geheim";
        assert_eq!(without_unknown_keys(url), "postgres://h/d?sslmode=require");
        assert_eq!(without_unknown_keys("postgres://h/d?a=1"), "postgres://h/d");
    }
}
