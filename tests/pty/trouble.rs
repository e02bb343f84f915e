//! No terminal, and databases that cannot be used.

use std::process::{Command, Stdio};

use super::home::Home;

#[test]
fn without_a_terminal_one_line_says_so() {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_salon"))
        .env_clear()
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("terminal"), "{said}");
    assert!(!said.contains('\x1b'));
}

/// Starts on this database, expects these words, leaves by any key with code 3, and finds the file untouched.
fn refuses(home: &Home, words: &str) {
    let before = std::fs::read(home.database()).unwrap();
    let mut terminal = home.start();
    terminal.wait_for(words).wait_for("Any key leaves");
    terminal.wait_for("salon.db").type_text("x");
    assert_eq!(terminal.end(), 3);
    assert!(before == std::fs::read(home.database()).unwrap());
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let home = Home::bare();
    std::fs::create_dir_all(home.data()).unwrap();
    std::fs::write(home.database(), "not a database at all, ".repeat(1000)).unwrap();
    refuses(&home, "not a database");
}

#[test]
fn a_newer_database_is_left_alone() {
    let home = Home::bare();
    let mut terminal = home.start();
    terminal.wait_for("Ask anything").wait_for("guide/");
    let database = home.database();
    terminal.wait_outside("the database", || database.exists());
    super::chat::leave(terminal);
    // The header keeps `user_version` there, four bytes, the highest first.
    let mut bytes = std::fs::read(&database).unwrap();
    bytes[60..64].copy_from_slice(&9999_u32.to_be_bytes());
    std::fs::write(&database, bytes).unwrap();
    refuses(&home, "newer salon");
}

#[test]
fn a_damaged_database_is_left_alone() {
    let home = Home::bare();
    let mut terminal = home.start();
    terminal.wait_for("Ask anything").wait_for("guide/");
    let database = home.database();
    terminal.wait_outside("the database", || database.exists());
    super::chat::leave(terminal);
    let mut bytes = std::fs::read(&database).unwrap();
    bytes[100..4000].fill(0xff);
    std::fs::write(&database, bytes).unwrap();
    refuses(&home, "damaged");
}

#[test]
fn mistakes_in_the_keys_are_named_with_their_line_and_the_rest_works() {
    let home = Home::with_settings("");
    let keys = "[composer]\n\"ctrl+m\" = \"app.help\"\n\"alt+h\" = \"app.help\"\n\"alt+j\" = \"app.hlep\"\n";
    std::fs::write(home.path().join(".config/salon/keys.toml"), keys).unwrap();
    let mut terminal = home.start();
    terminal.wait_for("guide/");
    terminal.wait_for("keys.toml line 2 and 1 more (salon config show)");
    terminal
        .type_text("\x1bh")
        .wait_for("what it does")
        .press("esc");
    terminal.wait_gone("what it does");
    super::chat::leave(terminal);
    let output = Command::new(env!("CARGO_BIN_EXE_salon"))
        .args(["config", "show"])
        .env_clear()
        .env("HOME", home.path())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    for words in ["keys.toml line 2", "Enter", "keys.toml line 4", "app.help"] {
        assert!(said.contains(words), "{words} in {said}");
    }
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn settings_that_cannot_be_read_are_named_and_the_program_starts() {
    let home = Home::with_settings("default_model = \n[[[");
    let mut terminal = home.start();
    terminal.wait_for("Ask anything").wait_for("salon.toml");
    super::chat::leave(terminal);
}
