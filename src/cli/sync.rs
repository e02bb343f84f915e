//! `salon sync`: sends what waits to the hub and says what went; with `--check` it only looks.

use serde_json::json;

use super::{Exit, Line, NoAnswer, Out};
use crate::domain::finding::Verdict;
use crate::domain::sync::{SyncPhase, SyncReport};
use crate::protocol::{Answer, Command, Data, News};

/// With more than this many to go, the way there is told on stderr.
const MANY: u64 = 1_000;

/// Sends what waits, or `everything`. Exit 1 when the hub took some rows not, or could not be reached.
pub async fn sync(line: &mut Line, out: &mut Out, everything: bool) -> Exit {
    let id = line.request(Command::Data(Data::Sync { everything })).await;
    let report = loop {
        let event = match line.event().await {
            Ok(event) => event,
            Err(why) => return line.give_up(why, out).await,
        };
        match event.news {
            News::Answer(Answer::Synced(report)) if event.cause == Some(id) => break report,
            News::Refused(failure) if event.cause == Some(id) => {
                return line.give_up(NoAnswer::Failed(failure), out).await;
            }
            News::Sync(state) if state.phase == SyncPhase::Sending && state.waiting > MANY => {
                out.note(&format!("{} conversations to go", state.waiting));
            }
            News::Warned(failure) => out.warn(&failure),
            News::Sync(_)
            | News::Expired { .. }
            | News::Answer(_)
            | News::Refused(_)
            | News::Turn { .. }
            | News::Trial(_)
            | News::Changed(_)
            | News::Fatal(_)
            | News::Stopped => {}
        }
    };
    if out.is_json() {
        out.object(&json!({
            "type": "synced", "hub": report.hub, "sent": report.sent, "removed": report.removed,
            "refused": report.refused, "waiting": report.waiting,
        }));
    } else {
        out.line(&words(&report));
        for id in &report.refused {
            out.note(&format!(
                "the hub does not take {id}: a value does not fit its column"
            ));
        }
    }
    line.stop().await;
    out.exit(match report.refused.as_slice() {
        [] => Exit::DONE,
        _ => Exit::FAILED,
    })
}

fn words(report: &SyncReport) -> String {
    let sent = match report.sent {
        1 => "1 conversation".to_owned(),
        many => format!("{many} conversations"),
    };
    let removed = match report.removed {
        0 => String::new(),
        many => format!(", {many} removed"),
    };
    format!("{sent} sent to {}{removed}", report.hub)
}

/// Prints what a look at the hub found, one point a line. Exit 0 when sync can work, else 1.
pub async fn check_sync(line: &mut Line, out: &mut Out) -> Exit {
    let found = match line.answer(Command::Data(Data::CheckSync), out).await {
        Ok(Answer::Checked(found)) => found,
        Ok(_) => return line.give_up(NoAnswer::Failed(super::lost()), out).await,
        Err(why) => return line.give_up(why, out).await,
    };
    for point in &found {
        if out.is_json() {
            out.object(&json!({
                "name": point.name, "state": point.verdict.word(), "detail": point.detail, "remedy": point.remedy,
            }));
        } else {
            out.line(&format!(
                "{:<6}  {:<10}  {}",
                point.verdict.word(),
                point.name,
                point.detail
            ));
            if !point.remedy.is_empty() {
                out.line(&format!("{:20}{}", "", point.remedy));
            }
        }
    }
    line.stop().await;
    let has_failed = found.iter().any(|point| point.verdict == Verdict::Failed);
    out.exit(match has_failed {
        true => Exit::FAILED,
        false => Exit::DONE,
    })
}
