//! Looks at a hub without changing anything there: what `salon sync --check` prints, and `salon doctor`.

use super::address::{Address, Way};
use super::hub::Line;
use super::table::Found;
use super::trouble::Trouble;
use crate::domain::finding::{Finding, Verdict};

/// Looks at address, reachability, encryption, table, columns, rights and index, for this user's rows. It ends with the
/// first point that makes the next ones pointless.
pub async fn check(address: &Address, user: &str) -> Vec<Finding> {
    let mut found = vec![Finding::ok(
        "hub",
        format!("{} as {}, rows of user {user}", address.name, address.user),
    )];
    if let Err(trouble) = look(address, user, &mut found).await {
        found.push(Finding::failed("connection", &trouble.failure));
    }
    found
}

async fn look(address: &Address, user: &str, found: &mut Vec<Finding>) -> Result<(), Trouble> {
    let mut line = Line::open(address).await?;
    let (version, is_encrypted) = line.about().await?;
    found.push(Finding::ok("connection", format!("PostgreSQL {version}")));
    found.push(encryption(address.way, is_encrypted));
    let Some(table) = line.look().await? else {
        found.push(match line.may_create().await? {
            true => Finding::ok(
                "table",
                "there is none yet; the first sending makes it".to_owned(),
            ),
            false => Finding {
                name: "table".to_owned(),
                verdict: Verdict::Failed,
                detail: format!("there is none, and {} may not make it", address.user),
                remedy: format!(
                    "GRANT CREATE ON SCHEMA public TO {};, or make the table as the README shows.",
                    address.user
                ),
            },
        });
        return Ok(());
    };
    found.extend(columns(&table, user));
    found.push(rights(&table, &address.user));
    found.push(index(&table));
    Ok(())
}

fn encryption(way: Way, is_encrypted: bool) -> Finding {
    match (is_encrypted, way) {
        (true, Way::Verified) => Finding::ok("encryption", "TLS, certificate checked".to_owned()),
        (true, Way::Loopback | Way::AsTold) => Finding::ok("encryption", "TLS".to_owned()),
        (false, Way::Loopback) => {
            Finding::ok("encryption", "none; it stays on this machine".to_owned())
        }
        (false, Way::Verified | Way::AsTold) => Finding {
            name: "encryption".to_owned(),
            verdict: Verdict::Hint,
            detail: "none, as the address says".to_owned(),
            remedy:
                "Leave sslmode out of the address: then TLS is required away from this machine."
                    .to_owned(),
        },
    }
}

fn columns(table: &Found, user: &str) -> Vec<Finding> {
    let problems = table.problems(user);
    if problems.is_empty() {
        return vec![Finding::ok("columns", "all there".to_owned())];
    }
    let remedy = "Salon alters no table; mend it, or name another database.";
    let problems = problems.into_iter().map(|detail| Finding {
        name: "columns".to_owned(),
        verdict: Verdict::Failed,
        detail,
        remedy: remedy.to_owned(),
    });
    problems.collect()
}

fn rights(table: &Found, role: &str) -> Finding {
    let missing = table.missing_rights().join(", ");
    if missing.is_empty() {
        return Finding::ok("rights", "SELECT, INSERT, UPDATE".to_owned());
    }
    Finding {
        name: "rights".to_owned(),
        verdict: Verdict::Failed,
        detail: format!("{role} lacks {missing}"),
        remedy: format!("GRANT {missing} ON conversations TO {role};"),
    }
}

fn index(table: &Found) -> Finding {
    if table.has_index {
        return Finding::ok("index", "(user_id, updated_at)".to_owned());
    }
    Finding {
        name: "index".to_owned(),
        verdict: Verdict::Hint,
        detail: "none on (user_id, updated_at): reading is slower".to_owned(),
        remedy: "CREATE INDEX ON conversations (user_id, updated_at);".to_owned(),
    }
}
