//! Keys: where they are kept, which one is used, how they are replaced and forgotten, and that none is ever shown.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one event among all, and stops where it cannot go on"
)]

mod support;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use salon::domain::failure::{FailureKind, Offer};
use salon::domain::secret::Secret;
use salon::engine::Options;
use salon::protocol::{Answer as Answered, Command, Data, Request};
use salon::provider::keyring::Ring;
use salon::provider::{Guide, GuidePace, Providers};
use salon::settings::{KeySource, SecretString, Settings};
use secrecy::ExposeSecret;
use support::face::{Face, holds};
use support::fixture::{KEY, manual, settings};
use support::server::{Answer, Server, error_key};
use tempfile::TempDir;
use tokio::sync::watch;

/// A key that is kept in these tests.
const KEPT: &str = "sk-kept-0987654321zyxw";

/// A keyring in memory; without one, it is not there.
#[derive(Clone, Default)]
struct Desktop(Option<watch::Sender<BTreeMap<String, String>>>);

impl Desktop {
    fn all(&self) -> Result<&watch::Sender<BTreeMap<String, String>>, String> {
        self.0.as_ref().ok_or_else(|| "no session bus".to_owned())
    }
}

impl Ring for Desktop {
    fn read(&self, name: &str) -> Result<Option<SecretString>, String> {
        let found = self.all()?.borrow().get(name).cloned();
        Ok(found.map(SecretString::from))
    }

    fn write(&self, name: &str, key: &SecretString) -> Result<(), String> {
        let key = key.expose_secret().to_owned();
        self.all()?.send_modify(|all| {
            all.insert(name.to_owned(), key);
        });
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), String> {
        self.all()?.send_modify(|all| {
            all.remove(name);
        });
        Ok(())
    }
}

struct Scene {
    server: Server,
    settings: Settings,
    desktop: Desktop,
    home: TempDir,
}

impl Scene {
    async fn new(script: Vec<Answer>, has_ring: bool) -> Scene {
        let server = Server::start(script).await;
        let home = tempfile::tempdir().unwrap();
        let settings = settings(&server.url(), home.path());
        let desktop = Desktop(has_ring.then(watch::Sender::default));
        Scene {
            server,
            settings,
            desktop,
            home,
        }
    }

    fn face(&self) -> Face {
        let guide = Guide::new(manual(), GuidePace::AtOnce);
        let providers = Providers::new(&self.settings, guide);
        let providers = providers.with_keyring(Arc::new(self.desktop.clone()));
        let options = Options { is_screen: true };
        Face::with(self.settings.clone(), providers, options)
    }

    /// Asks, and says with which key that was done.
    async fn key_sent(&self, face: &mut Face) -> String {
        let (id, ..) = face.send_new("Hello").await;
        face.measured(id).await;
        let sent = self.server.requests();
        let sent = sent.last().unwrap().header("authorization").unwrap();
        sent.strip_prefix("Bearer ").unwrap().to_owned()
    }

    fn unset_variable(&mut self) {
        let provider = self.settings.providers.get_mut("test").unwrap();
        provider.key = KeySource::Environment {
            name: "TEST_API_KEY".into(),
            value: None,
        };
    }
}

fn save(key: &str) -> Command {
    let key = Secret::from(key.to_owned());
    Command::Data(Data::Key("test".to_owned(), Some(key)))
}

fn forget() -> Command {
    Command::Data(Data::Key("test".to_owned(), None))
}

async fn done(face: &mut Face, command: Command) -> String {
    let Answered::Done { what, undo: None } = face.answer(command).await else {
        panic!("it was answered otherwise")
    };
    what
}

#[tokio::test]
async fn a_key_is_kept_in_the_keyring_and_used_from_then_on() {
    let mut scene = Scene::new(vec![Answer::text(&["Hi"]).always()], true).await;
    scene.unset_variable();
    let mut face = scene.face();
    let (id, ..) = face.send_new("Hello").await;
    let failure = face.refusal(id).await;
    assert_eq!(failure.offer, Some(Offer::SetKey));
    assert_eq!(
        done(&mut face, save(&format!(" {KEPT}\n"))).await,
        "key of test kept in the keyring"
    );
    assert_eq!(scene.key_sent(&mut face).await, KEPT);
    face.stop().await;
    assert!(!holds(scene.home.path(), KEPT), "no file has it");
    let mut face = scene.face();
    assert_eq!(
        scene.key_sent(&mut face).await,
        KEPT,
        "and after a new start"
    );
    assert_eq!(done(&mut face, forget()).await, "key of test forgotten");
    assert_eq!(done(&mut face, forget()).await, "no key of test was kept");
    let (id, ..) = face.send_new("Hello").await;
    assert_eq!(face.refusal(id).await.kind, FailureKind::Key);
}

#[tokio::test]
async fn without_a_keyring_the_file_keeps_it_for_the_owner_alone() {
    let mut scene = Scene::new(vec![Answer::text(&["Hi"]).always()], false).await;
    scene.unset_variable();
    let mut face = scene.face();
    let told = done(&mut face, save(KEPT)).await;
    let file = scene.settings.paths.secrets.clone();
    assert!(
        told.contains("no keyring") && told.contains(&*file.to_string_lossy()),
        "{told}"
    );
    assert_eq!(scene.key_sent(&mut face).await, KEPT);
    let about = std::fs::metadata(&file).unwrap();
    assert_eq!(about.permissions().mode() & 0o777, 0o600);
    face.stop().await;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let mut face = scene.face();
    let (id, ..) = face.send_new("Hello").await;
    let failure = face.refusal(id).await;
    assert_eq!(failure.kind, FailureKind::Key);
    assert!(failure.title.contains("Others can read"), "{failure}");
    assert!(failure.remedy.contains("chmod 600"), "{failure}");
}

#[tokio::test]
async fn what_the_user_gave_to_keep_is_stronger_than_the_environment() {
    for has_ring in [true, false] {
        let script = vec![error_key(), Answer::text(&["Hi"]).always()];
        let scene = Scene::new(script, has_ring).await;
        let mut face = scene.face();
        let (id, ..) = face.send_new("Hello").await;
        let (_, failure, _) = face.withdrawn(id).await;
        let failure = failure.unwrap();
        assert!(failure.remedy.contains("TEST_API_KEY"), "{failure}");
        assert!(failure.remedy.contains("/key test"), "{failure}");
        done(&mut face, save(KEPT)).await;
        assert_eq!(scene.key_sent(&mut face).await, KEPT);
        done(&mut face, forget()).await;
        assert_eq!(scene.key_sent(&mut face).await, KEY);
    }
}

#[tokio::test]
async fn a_command_is_asked_where_nothing_is_kept() {
    let mut scene = Scene::new(vec![Answer::text(&["Hi"]).always()], true).await;
    let provider = scene.settings.providers.get_mut("test").unwrap();
    provider.key = KeySource::Command("echo from-command".to_owned());
    let mut face = scene.face();
    assert_eq!(scene.key_sent(&mut face).await, "from-command");
    done(&mut face, save(KEPT)).await;
    assert_eq!(scene.key_sent(&mut face).await, KEPT);
}

#[tokio::test]
async fn what_cannot_be_a_key_or_has_none_is_refused() {
    let scene = Scene::new(Vec::new(), true).await;
    let mut face = scene.face();
    for key in ["", "two words", "schlüssel", "a\nb"] {
        let id = face.ask(save(key)).await;
        let failure = face.refusal(id).await;
        assert_eq!(failure.kind, FailureKind::Input);
        assert!(!format!("{failure:?}").contains("words"), "{failure:?}");
    }
    for provider in ["guide", "nosuch"] {
        let key = Secret::from(KEPT.to_owned());
        let provider = provider.to_owned();
        let id = face
            .ask(Command::Data(Data::Key(provider, Some(key))))
            .await;
        assert_eq!(face.refusal(id).await.kind, FailureKind::Input);
    }
    assert!(scene.desktop.0.as_ref().unwrap().borrow().is_empty());
}

#[tokio::test]
async fn a_refused_kept_key_is_named_as_such_and_never_shown() {
    let text = format!("Incorrect API key provided: {KEPT}");
    let refusal = support::server::error(401, "invalid_request_error", "invalid_api_key", &text);
    let scene = Scene::new(vec![refusal], true).await;
    let mut face = scene.face();
    done(&mut face, save(KEPT)).await;
    let (id, ..) = face.send_new("Hello").await;
    let (_, failure, _) = face.withdrawn(id).await;
    let failure = failure.unwrap();
    assert!(
        failure.remedy.contains("the key that salon keeps"),
        "{failure}"
    );
    let said = format!("{:?}", face.said);
    assert!(!said.contains(KEPT), "{said}");
    face.stop().await;
    assert!(!holds(scene.home.path(), KEPT));
}

#[test]
fn a_request_with_a_key_shows_none() {
    let request = Request {
        id: salon::domain::id::RequestId(1),
        command: save(KEPT),
    };
    let written = serde_json::to_string(&request).unwrap();
    assert!(
        written.contains("[hidden]") && !written.contains(KEPT),
        "{written}"
    );
    assert!(!format!("{request:?}").contains(KEPT));
}
