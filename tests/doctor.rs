//! A look at salon itself: what is found when a provider is well or ill, the exit codes, and that no key is ever told.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one event among all, and stops where it cannot go on"
)]

#[path = "support/stage/mod.rs"]
mod stage;
mod support;

use std::os::unix::fs::PermissionsExt;
use std::process::{Command as Program, Stdio};
use std::time::Duration;

use salon::domain::finding::{Checkup, Finding, Health, Verdict};
use salon::domain::id::RequestId;
use salon::domain::model::ModelRef;
use salon::domain::when::Millis;
use salon::engine::Options;
use salon::protocol::{Answer as Answered, Command, Data, Event, News};
use salon::settings::{KeySource, Settings, Wire};
use salon::tui::model::Ask;
use salon::tui::msg::Msg;
use serde_json::{Value, json};
use support::face::{Face, disk, make_newer, skip};
use support::fixture::{KEY, provider, settings};
use support::server::{Answer, Framing, Server, error_key, error_model};
use support::tls;
use tempfile::TempDir;

/// What is found when nothing is being looked at any more.
async fn whole(face: &mut Face, id: RequestId) -> Checkup {
    let checkup = face
        .until(|event| match &event.news {
            News::Answer(Answered::Health {
                checkup,
                is_whole: true,
            }) if event.cause == Some(id) => Some(checkup.clone()),
            _ => None,
        })
        .await;
    let told = format!("{:?}", face.said);
    assert!(!told.contains(KEY), "a key was told");
    checkup
}

async fn looked(settings: &Settings, offline: bool) -> Checkup {
    let options = Options { is_screen: false };
    let mut face = Face::start(settings.clone(), options);
    let id = face.ask(Command::Data(Data::Doctor { offline })).await;
    let checkup = whole(&mut face, id).await;
    face.stop().await;
    checkup
}

fn point<'a>(checkup: &'a Checkup, name: &str) -> &'a Finding {
    let mut all = checkup.findings.iter();
    let found = all.find(|found| found.name == name);
    found.unwrap_or_else(|| panic!("no {name} in {checkup:#?}"))
}

#[tokio::test]
async fn a_provider_that_is_well_is_asked_the_smallest_question() {
    let server = Server::start(vec![Answer::text(&["O", "K"])]).await;
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&server.url(), home.path());
    let checkup = looked(&settings, false).await;
    assert_eq!(checkup.health(), Health::Healthy, "{checkup:#?}");
    let names: Vec<&str> = checkup.findings.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(
        names,
        ["settings", "database", "keys", "model", "provider.test"]
    );
    let found = point(&checkup, "provider.test");
    assert!(found.detail.starts_with("m answered in "), "{found:?}");
    assert_eq!(point(&checkup, "keys").detail, "test (environment)");
    let asked = server.requests();
    assert_eq!(asked.len(), 1);
    let body = &asked[0].body;
    assert_eq!(body["messages"].as_array().unwrap().len(), 1);
    let most = [&body["max_tokens"], &body["max_completion_tokens"]];
    assert!(most.into_iter().any(|most| *most == json!(16)), "{body}");
    assert_ne!(body["store"], json!(true));
    let spent = disk(&settings).await.spent(Millis(0)).await.unwrap();
    assert_eq!(spent.tokens, 12, "what it cost is counted");
}

#[tokio::test]
async fn a_provider_that_is_ill_is_told_with_what_to_do() {
    let page = "<html><title>Sign in</title></html>";
    for (answer, words, remedy) in [
        (error_key(), "key", "/key test"),
        (error_model(), "nope", "model"),
        (Answer::body(200, "text/html", page), "Sign in", ""),
        (
            Answer::new(302).header("location", "https://example.org/"),
            "redirect",
            "base_url",
        ),
    ] {
        let server = Server::start(vec![answer.always()]).await;
        let home = tempfile::tempdir().unwrap();
        let settings = settings(&server.url(), home.path());
        let checkup = looked(&settings, false).await;
        let found = point(&checkup, "provider.test");
        assert_eq!(found.verdict, Verdict::Failed, "{found:?}");
        let told = format!("{} {}", found.detail, found.remedy).to_lowercase();
        assert!(told.contains(&words.to_lowercase()), "{found:?}");
        assert!(found.remedy.contains(remedy), "{found:?}");
        assert!(!found.remedy.is_empty() && !found.detail.contains('\n'));
        assert_eq!(checkup.health(), Health::Broken, "nobody else answers");
        assert_eq!(point(&checkup, "database").verdict, Verdict::Ok);
    }
}

#[tokio::test]
async fn a_certificate_nobody_trusts_is_named() {
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&tls::start(), home.path());
    let checkup = looked(&settings, false).await;
    let found = point(&checkup, "provider.test");
    assert_eq!(found.verdict, Verdict::Failed);
    assert!(found.detail.contains("certificate"), "{found:?}");
    assert!(found.remedy.contains("ca_file"), "{found:?}");
}

#[tokio::test]
async fn a_provider_that_says_nothing_is_given_up_after_ten_seconds() {
    let silent = Answer::new(200).framing(Framing::Raw).stall();
    let server = Server::start(vec![silent]).await;
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&server.url(), home.path());
    let mut face = Face::start(settings, Options { is_screen: false });
    let look = Data::Doctor { offline: false };
    let id = face.ask(Command::Data(look)).await;
    server.wait_for(1).await;
    // The database is done by then; only the provider is waited for.
    face.until(|event| match &event.news {
        News::Answer(Answered::Health { checkup, .. }) => checkup
            .findings
            .iter()
            .any(|f| f.name == "database")
            .then_some(()),
        _ => None,
    })
    .await;
    skip(Duration::from_secs(10)).await;
    let checkup = whole(&mut face, id).await;
    let found = point(&checkup, "provider.test");
    assert_eq!(found.verdict, Verdict::Failed);
    assert!(found.detail.contains("within 10 s"), "{found:?}");
}

#[tokio::test]
async fn another_providers_trouble_only_degrades() {
    let server = Server::start(vec![Answer::text(&["OK"]).always()]).await;
    let ill = Server::start(vec![error_key().always()]).await;
    let listing = json!({"data": [{"id": "a"}, {"id": "b"}]});
    let unknown = Server::start(vec![
        Answer::json(200, &listing).at("/v1/models").always(),
        error_model().always(),
    ])
    .await;
    let home = tempfile::tempdir().unwrap();
    let mut settings = settings(&server.url(), home.path());
    for (name, server) in [("ill", &ill), ("unknown", &unknown)] {
        let mut other = provider(&server.url());
        other.title_model = Some("small".to_owned());
        settings.providers.insert(name.to_owned(), other);
    }
    let mut keyless = provider("https://llm.example.org/v1");
    keyless.key = KeySource::Environment {
        name: "NONE".to_owned(),
        value: None,
    };
    settings.providers.insert("keyless".to_owned(), keyless);
    let checkup = looked(&settings, false).await;
    assert_eq!(checkup.health(), Health::Degraded);
    assert_eq!(point(&checkup, "provider.ill").verdict, Verdict::Failed);
    let found = point(&checkup, "provider.unknown");
    assert_eq!(found.verdict, Verdict::Hint, "{found:?}");
    assert!(found.detail.contains("2 models"), "{found:?}");
    assert_eq!(ill.requests()[0].body["model"], "small");
    let mut all = checkup.findings.iter();
    assert!(all.all(|found| found.name != "provider.keyless"));
}

#[tokio::test]
async fn a_server_on_this_machine_is_asked_for_its_list_alone() {
    let answers = |request: &support::server::Recorded| match request.path.as_str() {
        "/v1/models" => Answer::json(200, &json!({"data": [{"id": "a"}]})),
        _ => Answer::new(500),
    };
    let server = Server::start(vec![Answer::by(answers)]).await;
    let home = tempfile::tempdir().unwrap();
    let mut settings = settings("https://llm.example.org/v1", home.path());
    let mut local = provider(&server.url());
    local.key = KeySource::None;
    let mut dead = local.clone();
    dead.base_url = Server::nobody().await;
    settings.providers.insert("local".to_owned(), local);
    settings.providers.insert("dead".to_owned(), dead);
    let checkup = looked(&settings, true).await;
    let found = point(&checkup, "provider.local");
    assert_eq!(found.verdict, Verdict::Ok);
    assert!(found.detail.ends_with(", 1 model"), "{found:?}");
    assert_eq!(server.requests().len(), 1);
    // Nobody set that one up, and nobody is asked away from this machine.
    assert_eq!(point(&checkup, "provider.dead").verdict, Verdict::Skipped);
    let far = point(&checkup, "provider.test");
    assert_eq!(far.verdict, Verdict::Skipped);
    assert!(far.detail.contains("offline"), "{far:?}");
    assert_eq!(checkup.health(), Health::Healthy);
}

#[tokio::test]
async fn a_local_model_that_loads_for_long_is_no_failure() {
    let silent = Answer::new(200).framing(Framing::Raw).stall();
    let listing = json!({"data": [{"id": "x:1b"}]});
    let server = Server::start(vec![
        Answer::json(200, &listing).at("/v1/models"),
        silent.at("/api/chat"),
        Answer::new(404).always(),
    ])
    .await;
    let home = tempfile::tempdir().unwrap();
    let mut settings = settings("http://127.0.0.1:1/v1", home.path());
    let mut ollama = provider(&format!("http://{}", server.address()));
    ollama.key = KeySource::None;
    ollama.wire = Wire::Ollama;
    settings.providers = [("ollama".to_owned(), ollama)].into();
    settings.model = Some(ModelRef::new("ollama", "x:1b"));
    let mut face = Face::start(settings, Options { is_screen: false });
    let look = Data::Doctor { offline: false };
    let id = face.ask(Command::Data(look)).await;
    let asked = async {
        while !server.requests().iter().any(|r| r.path == "/api/chat") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asked)
        .await
        .unwrap();
    face.until(|event| match &event.news {
        News::Answer(Answered::Health { checkup, .. }) => checkup
            .findings
            .iter()
            .any(|f| f.name == "database")
            .then_some(()),
        _ => None,
    })
    .await;
    skip(Duration::from_secs(10)).await;
    let checkup = whole(&mut face, id).await;
    let found = point(&checkup, "provider.ollama");
    assert_eq!(found.verdict, Verdict::Hint, "{found:?}");
    assert!(found.remedy.contains("loading"), "{found:?}");
}

#[tokio::test]
async fn a_database_others_can_read_is_told() {
    let server = Server::start(vec![Answer::text(&["OK"]).always()]).await;
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&server.url(), home.path());
    looked(&settings, true).await;
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&settings.paths.database, open).unwrap();
    let checkup = looked(&settings, true).await;
    let found = point(&checkup, "database");
    assert_eq!(found.verdict, Verdict::Hint);
    assert!(found.remedy.contains("chmod 600"), "{found:?}");
}

/// The number of the look that is under way on the screen.
fn look_of(face: &stage::Face) -> RequestId {
    let mut asks = face.model.asks.iter();
    *asks.find(|(_, ask)| **ask == Ask::Doctor).unwrap().0
}

/// The engine ends this look with a point of these words.
fn told(face: &mut stage::Face, look: RequestId, words: &str) {
    let checkup = Checkup {
        findings: vec![Finding::ok("database", words)],
        ..Checkup::default()
    };
    let is_whole = true;
    face.msg(Msg::Engine(Event {
        cause: Some(look),
        news: News::Answer(Answered::Health { checkup, is_whole }),
    }));
}

#[test]
fn a_look_that_is_left_ends_and_its_answers_change_no_later_one() {
    for key in ["esc", "enter"] {
        let mut face = stage::Face::new();
        face.deaf().sends("/doctor").shows("looking …");
        let old = look_of(&face);
        let is_cancel = |command: &Command| matches!(command, Command::Cancel(_));
        face.asks_no(is_cancel).press(key);
        face.hides("looking …")
            .asks(|command| *command == Command::Cancel(old));
        face.sends("/doctor").shows("looking …");
        told(&mut face, old, "seen by the look before");
        face.shows("looking …").hides("seen by the look before");
        let new = look_of(&face);
        told(&mut face, new, "seen by this look");
        face.shows("seen by this look").hides("looking …");
        // What has ended needs no end.
        face.press(key).hides("seen by this look");
        face.asks_no(is_cancel);
    }
}

/// `salon doctor --json` in a home with this file of settings: the object, all that was printed, the exit code.
fn ran(home: &TempDir, toml: &str, args: &[&str]) -> (Value, String, Option<i32>) {
    let folder = home.path().join("config/salon");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("salon.toml"), toml).unwrap();
    let output = Program::new(env!("CARGO_BIN_EXE_salon"))
        .args(["doctor", "--json"])
        .args(args)
        .env_clear()
        .env("HOME", home.path())
        .env("XDG_CONFIG_HOME", home.path().join("config"))
        .env("XDG_DATA_HOME", home.path().join("data"))
        .env("XDG_STATE_HOME", home.path().join("state"))
        .env("LAB_KEY", KEY)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(out.lines().count(), 1, "{out}{err}");
    let object = serde_json::from_str(&out).unwrap();
    (object, out + &err, output.status.code())
}

fn lab(server: &Server) -> String {
    format!(
        "default_model = \"lab/m\"\n[providers.lab]\nwire = \"chat-completions\"\nbase_url = \"{}\"\n\
         api_key_env = \"LAB_KEY\"\n",
        server.url()
    )
}

fn state(object: &Value, name: &str) -> Value {
    let checks = object["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}: {object}"))["state"].clone()
}

#[test]
fn the_exit_code_says_whether_one_can_talk() {
    let server = Server::apart(vec![Answer::text(&["OK"]), error_key().always()]);
    let home = tempfile::tempdir().unwrap();
    let toml = lab(&server);
    let (object, all, code) = ran(&home, &toml, &[]);
    assert_eq!(
        (object["status"].as_str(), code),
        (Some("healthy"), Some(0))
    );
    assert_eq!(state(&object, "provider.lab"), "ok");
    assert_eq!(state(&object, "terminal"), "skipped");
    for check in object["checks"].as_array().unwrap() {
        let names: Vec<&String> = check.as_object().unwrap().keys().collect();
        assert_eq!(names, ["detail", "name", "remedy", "state"]);
    }
    assert!(!all.contains(KEY), "{all}");

    let (object, all, code) = ran(&home, &toml, &[]);
    assert_eq!((object["status"].as_str(), code), (Some("broken"), Some(1)));
    assert_eq!(state(&object, "provider.lab"), "failed");
    assert!(!all.contains(KEY), "{all}");

    let (object, _, code) = ran(&home, &toml, &["--offline"]);
    assert_eq!(
        (object["status"].as_str(), code),
        (Some("healthy"), Some(0))
    );
    assert_eq!(state(&object, "provider.lab"), "skipped");

    make_newer(&home.path().join("data/salon/salon.db"));
    let (object, _, code) = ran(&home, &toml, &["--offline"]);
    assert_eq!((object["status"].as_str(), code), (Some("broken"), Some(3)));
    assert_eq!(state(&object, "database"), "failed");
}

#[test]
fn a_bare_home_is_healthy_with_the_guide() {
    let home = tempfile::tempdir().unwrap();
    let (object, _, code) = ran(&home, "[chat]\ntemprature = 1\n", &["--offline"]);
    assert_eq!(
        (object["status"].as_str(), code),
        (Some("healthy"), Some(0))
    );
    for name in ["model", "keys", "settings"] {
        assert_eq!(state(&object, name), "hint", "{name}");
    }
}
