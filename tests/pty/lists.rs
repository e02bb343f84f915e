//! The list from key to disk: what is moved away, taken back, and found again at the next start.

use super::home::Home;
use super::terminal::Terminal;
use crate::support::server::{Answer, Server};

/// Three conversations, the last of them open.
fn three(home: &Home) -> Terminal {
    let mut terminal = home.start();
    terminal.wait_for("test/m");
    for (at, name) in ["apples", "pears", "plums"].into_iter().enumerate() {
        if at > 0 {
            terminal.send("/new").wait_for("New conversation");
        }
        terminal.send(name).wait_for(&format!("about {name}"));
        terminal.wait_gone("Esc stops");
    }
    terminal
}

fn server() -> Server {
    let answers = ["about apples", "about pears", "about plums"];
    Server::apart(answers.iter().map(|words| Answer::text(&[words])).collect())
}

#[test]
fn what_is_trashed_and_taken_back_stands_so_at_the_next_start() {
    let server = server();
    let home = Home::with(&server);
    let mut terminal = three(&home);
    // Two at once go and come back, then one of them goes alone.
    terminal.type_text("\x1b1").wait_for("r rename");
    terminal
        .type_text("j  ")
        .wait_for("2 marked")
        .type_text("d");
    terminal.wait_for("2 conversations").wait_for("u undoes it");
    terminal.wait_gone("pears").type_text("u").wait_for("pears");
    terminal.wait_for("apples").type_text("Gd");
    terminal
        .wait_for("moved to the trash: apples")
        .type_text("\x18q");
    assert_eq!(terminal.end(), 0);

    let mut again = home.start();
    again.wait_for("plums").wait_for("pears");
    assert!(!again.text().contains("apples"));
    again.type_text("\x1b1").wait_for("r rename").type_text("T");
    again.wait_for("Trash ").wait_for("▌apples").type_text("R");
    again.wait_for("the trash is empty").type_text("T");
    again.wait_for("apples").wait_for("pears");
}
