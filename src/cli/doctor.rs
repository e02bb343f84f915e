//! `salon doctor`: prints what a look at salon itself found, and says by its exit code whether one can talk.

use serde_json::json;

use super::{Exit, Line, NoAnswer, Out};
use crate::domain::finding::{Checkup, Finding, Health, Verdict};
use crate::protocol::{Answer, Command, Data, News};

/// Looks at everything and prints it, the points about the terminal last. Exit 3 when the database cannot be used, 1 when
/// the model of a new conversation cannot answer.
pub async fn doctor(line: &mut Line, out: &mut Out, offline: bool, terminal: Vec<Finding>) -> Exit {
    let mut checkup = match looked(line, out, offline).await {
        Ok(checkup) => checkup,
        // Without its database the engine looks at nothing else.
        Err(NoAnswer::Failed(failure)) => Checkup {
            findings: vec![Finding::failed(Checkup::DATABASE, &failure)],
            default: String::new(),
        },
        Err(why) => return line.give_up(why, out).await,
    };
    checkup.findings.extend(terminal);
    if out.is_json() {
        let checks = checkup.findings.iter().map(|point| {
            json!({
                "name": point.name, "state": point.verdict.word(), "detail": point.detail, "remedy": point.remedy,
            })
        });
        out.object(&json!({
            "status": checkup.health().word(), "checks": checks.collect::<Vec<_>>(),
        }));
    } else {
        print(out, &checkup);
    }
    line.stop().await;
    out.exit(match checkup.health() {
        _ if checkup.has_failed(Checkup::DATABASE) => Exit(3),
        Health::Broken => Exit::FAILED,
        Health::Healthy | Health::Degraded => Exit::DONE,
    })
}

/// What is found when nothing is being looked at any more.
async fn looked(line: &mut Line, out: &mut Out, offline: bool) -> Result<Checkup, NoAnswer> {
    let look = Command::Data(Data::Doctor { offline });
    let take = |news, _: &mut Out| {
        if let News::Answer(Answer::Health {
            checkup,
            is_whole: true,
        }) = news
        {
            Some(checkup)
        } else {
            None
        }
    };
    line.heard(look, out, take).await
}

/// State, name, what was found; what to do below it; the sum last.
fn print(out: &mut Out, checkup: &Checkup) {
    let names = checkup.findings.iter().map(|point| point.name.len());
    let widest = names.max().unwrap_or(0);
    for point in &checkup.findings {
        let state = point.verdict.word();
        out.line(&format!(
            "{state:<7}  {:<widest$}  {}",
            point.name, point.detail
        ));
        if !point.remedy.is_empty() && point.verdict != Verdict::Ok {
            out.line(&format!("{:1$}{2}", "", widest + 11, point.remedy));
        }
    }
    out.line(checkup.health().word());
}
