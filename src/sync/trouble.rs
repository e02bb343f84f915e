//! What can go wrong at the hub, by what follows from it, and how it is told.

use crate::domain::failure::{Failure, FailureKind};
use crate::store::StoreError;

/// What follows from a trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Later again: the hub is away, full, starting, in a jam.
    Later,
    /// Somebody has to mend something first.
    Mend,
    /// Some row of the page has a value the hub does not take.
    Split,
    /// Another salon of this machine is sending.
    Wait,
}

/// A trouble with the hub.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    pub(super) then: Then,
    pub(super) failure: Failure,
    /// The SQLSTATE; empty when the server said none.
    pub(super) code: String,
}

impl Trouble {
    /// Something has to be mended first.
    pub(super) fn mend(title: impl Into<String>, remedy: impl Into<String>) -> Trouble {
        Trouble {
            then: Then::Mend,
            failure: Failure::new(FailureKind::Input, title, remedy),
            code: String::new(),
        }
    }

    /// It did not answer in time.
    pub(super) fn silent(hub: &str) -> Trouble {
        later(
            format!("The hub {hub} does not answer"),
            "Salon tries again by itself; what waits is kept.",
        )
    }

    /// Another salon of this machine is sending.
    pub(super) fn busy() -> Trouble {
        Trouble {
            then: Then::Wait,
            failure: Failure::new(
                FailureKind::Busy,
                "Another salon is sending to the hub",
                "Try again when it has finished.",
            ),
            code: String::new(),
        }
    }

    /// By what the driver says; `hub` is its name without secrets.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the driver's errors are open; what is left needs no case of its own"
    )]
    pub(super) fn of(error: &sqlx::Error, hub: &str, user: &str) -> Trouble {
        match error {
            sqlx::Error::Database(told) => {
                let code = told.code().unwrap_or_default().into_owned();
                let mut trouble = by_code(&code, hub, user);
                trouble.failure.detail = format!("{} ({code})", told.message());
                trouble.code = code;
                trouble
            }
            sqlx::Error::Tls(why) => with_detail(
                Trouble::mend(
                    format!("The hub {hub} offers no connection that can be trusted"),
                    "Name its certificate in the address (?sslrootcert=FILE), or say ?sslmode=require to encrypt \
                     without checking it.",
                ),
                why.to_string(),
            ),
            sqlx::Error::Io(why) if is_certificate(why) => with_detail(
                Trouble::mend(
                    format!("The certificate of the hub {hub} is not trusted"),
                    "Name it in the address (?sslrootcert=FILE), or say ?sslmode=require to encrypt without checking \
                     it.",
                ),
                why.to_string(),
            ),
            sqlx::Error::Io(why) => {
                let title = if why.kind() == std::io::ErrorKind::ConnectionRefused {
                    format!("Nothing listens at the hub {hub}")
                } else {
                    format!("The hub {hub} cannot be reached")
                };
                with_detail(
                    later(title, "Salon tries again by itself; what waits is kept."),
                    why.to_string(),
                )
            }
            sqlx::Error::Protocol(why) => with_detail(
                later(
                    format!("What answers at {hub} does not speak like a Postgres"),
                    "See that the address and port are those of a Postgres.",
                ),
                why.clone(),
            ),
            sqlx::Error::Configuration(why) => with_detail(
                Trouble::mend(
                    "The address of the hub cannot be used",
                    "See what the details say.",
                ),
                why.to_string(),
            ),
            other => with_detail(
                later(
                    format!("The hub {hub} cannot be used"),
                    "Salon tries again by itself; what waits is kept.",
                ),
                other.to_string(),
            ),
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Trouble {
        with_detail(
            later(
                "Sync cannot use salon's own database",
                "Salon tries again by itself.",
            ),
            error.to_string(),
        )
    }
}

/// By SQLSTATE (PostgreSQL, appendix A).
fn by_code(code: &str, hub: &str, user: &str) -> Trouble {
    match code {
        "28P01" | "28000" => {
            let mut trouble = Trouble::mend(
                format!("The hub {hub} does not let {user} in"),
                "Check user and password in DATABASE_URL or under [sync].",
            );
            trouble.failure.kind = FailureKind::Key;
            trouble
        }
        "3D000" => Trouble::mend(
            format!("There is no such database: {hub}"),
            "Create it (createdb), or correct the address.",
        ),
        "42501" => Trouble::mend(
            format!("{user} has not the rights sync needs in {hub}"),
            format!(
                "GRANT SELECT, INSERT, UPDATE ON conversations TO {user}; `salon sync --check` says what is missing."
            ),
        ),
        _ => match code.get(..2).unwrap_or_default() {
            "22" => Trouble {
                then: Then::Split,
                failure: Failure::new(
                    FailureKind::Input,
                    format!("The hub {hub} does not take a value"),
                    "`salon sync --check` looks at its columns.",
                ),
                code: String::new(),
            },
            "23" => Trouble::mend(
                format!("The table conversations in {hub} has a rule that salon's rows break"),
                "The details name it; salon needs a table without such a rule.",
            ),
            _ => later(
                format!("The hub {hub} cannot take anything now"),
                "Salon tries again by itself; what waits is kept.",
            ),
        },
    }
}

/// The handshake fails as an input error when the certificate is refused.
fn is_certificate(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::InvalidData
        && error.to_string().to_lowercase().contains("certificate")
}

fn later(title: impl Into<String>, remedy: impl Into<String>) -> Trouble {
    Trouble {
        then: Then::Later,
        failure: Failure::new(FailureKind::Network, title, remedy),
        code: String::new(),
    }
}

fn with_detail(mut trouble: Trouble, detail: String) -> Trouble {
    trouble.failure.detail = detail;
    trouble
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mends_itself_is_tried_again_and_what_does_not_is_told() {
        for (code, then) in [
            ("28P01", Then::Mend),
            ("3D000", Then::Mend),
            ("42501", Then::Mend),
            ("23503", Then::Mend),
            ("22001", Then::Split),
            ("22P05", Then::Split),
            ("53100", Then::Later),
            ("53300", Then::Later),
            ("57P01", Then::Later),
            ("57P03", Then::Later),
            ("25006", Then::Later),
            ("40P01", Then::Later),
            ("42P01", Then::Later),
            ("", Then::Later),
        ] {
            assert_eq!(by_code(code, "h:1/d", "u").then, then, "{code}");
        }
    }
}
