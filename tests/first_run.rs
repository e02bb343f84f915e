//! A first start: which model answers and why, which servers on this machine are found, how one is taken for good.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one event among all, and stops where it cannot go on"
)]

#[path = "support/stage/mod.rs"]
mod stage;
mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use salon::domain::failure::{FailureKind, Offer};
use salon::domain::model::{ModelRef, ModelSpec};
use salon::domain::provider::{Presence, ProviderState};
use salon::domain::when::Millis;
use salon::engine::Options;
use salon::protocol::{Answer as Answered, Chat, Command, Data, News, Shelf, Step};
use salon::provider::vault;
use salon::settings::{KeySource, Layer, Layers, Origin, ProviderSettings, Settings, Wire, load};
use serde_json::{Value, json};
use support::face::{Face, disk, skip};
use support::fixture::{provider, settings};
use support::server::{Answer, Framing, Server, error_key};
use tempfile::TempDir;

/// An Ollama with these models.
fn ollama(names: &'static [&'static str]) -> Answer {
    let rows: Vec<Value> = names
        .iter()
        .map(|name| json!({"id": name, "object": "model", "created": 1, "owned_by": "library"}))
        .collect();
    // Without a model it says null.
    let rows = Some(rows).filter(|rows| !rows.is_empty());
    let listing = json!({ "object": "list", "data": rows });
    Answer::by(move |request| match request.path.as_str() {
        "/v1/models" => Answer::json(200, &listing),
        "/api/show" => Answer::json(200, &json!({"capabilities": ["completion"]})),
        "/api/ps" => Answer::json(200, &json!({"models": []})),
        _ => Answer::new(404),
    })
}

/// A server on this machine that wants no key.
fn local(url: &str, wire: Wire) -> ProviderSettings {
    ProviderSettings {
        wire,
        key: KeySource::None,
        ..provider(url)
    }
}

fn of_ollama(server: &Server) -> ProviderSettings {
    local(&format!("http://{}", server.address()), Wire::Ollama)
}

/// Settings that name no model, with these providers.
fn bare(home: &Path, providers: Vec<(&str, ProviderSettings)>) -> Settings {
    let all = providers.into_iter();
    Settings {
        model: None,
        providers: all.map(|(name, one)| (name.to_owned(), one)).collect(),
        ..settings("http://127.0.0.1:1/v1", home)
    }
}

/// What is told of the providers, again and again, until nobody is asked any more.
async fn looked(face: &mut Face, look: bool) -> Vec<(Vec<ProviderState>, ModelRef)> {
    let id = face.ask(Command::Data(Data::Providers { look })).await;
    let mut all = Vec::new();
    loop {
        let event = face.event().await;
        if event.cause != Some(id) {
            continue;
        }
        let News::Answer(Answered::Providers {
            providers,
            model,
            is_whole,
        }) = event.news
        else {
            panic!("{event:?}");
        };
        all.push((providers, model));
        if is_whole {
            return all;
        }
    }
}

fn presences(states: &[ProviderState]) -> BTreeMap<&str, &Presence> {
    let all = states.iter();
    all.map(|state| (state.name.as_str(), &state.presence))
        .collect()
}

/// The model of a new conversation, as the screen is told.
async fn first_model(settings: &Settings) -> ModelRef {
    let mut face = Face::screen(settings.clone());
    let home = Command::Shelf(Shelf::Home {
        limit: 1,
        open: None,
    });
    let Answered::Home(home) = face.answer(home).await else {
        panic!("no home")
    };
    face.stop().await;
    home.model
}

#[tokio::test]
async fn a_server_is_found_by_the_shape_of_its_listing() {
    let page = Answer::body(200, "text/html", "<html><title>Router</title></html>").always();
    let html = Server::start(vec![page]).await;
    let list = Server::start(vec![Answer::json(200, &json!([])).always()]).await;
    let other = Server::start(vec![Answer::json(200, &json!({"ok": true})).always()]).await;
    let rows = Server::start(vec![Answer::json(200, &json!({"data": [1, 2]})).always()]).await;
    let none = Server::start(vec![Answer::json(200, &json!({"data": []})).always()]).await;
    let two = json!({"data": [{"id": "a"}, {"id": "b", "type": "embedding"}, {"id": "c"}]});
    let fine = Server::start(vec![Answer::json(200, &two).always()]).await;
    let three = Server::start(vec![ollama(&["x:1b", "y:2b", "z:3b"])]).await;
    let dead = Server::nobody().await;
    let chat = |server: &Server| local(&server.url(), Wire::ChatCompletions);
    let home = tempfile::tempdir().unwrap();
    let settings = bare(
        home.path(),
        vec![
            ("html", chat(&html)),
            ("list", chat(&list)),
            ("other", chat(&other)),
            ("rows", chat(&rows)),
            ("none", chat(&none)),
            ("fine", chat(&fine)),
            ("ollama", of_ollama(&three)),
            ("dead", local(&dead, Wire::ChatCompletions)),
            ("keyed", provider("https://llm.example.org/v1")),
        ],
    );
    let mut face = Face::screen(settings);
    let told = looked(&mut face, true).await;
    let asking = presences(&told[0].0);
    assert_eq!(asking["ollama"], &Presence::Asking);
    assert_eq!(asking["keyed"], &Presence::Unasked);
    assert_eq!(told.len(), 9, "once at once, and once for each server");
    let (last, model) = told.last().unwrap();
    let found = presences(last);
    for absent in ["html", "list", "other", "rows", "dead"] {
        assert!(matches!(found[absent], Presence::Absent(_)), "{absent}");
    }
    assert_eq!(found["none"], &Presence::Found(0));
    assert_eq!(
        found["fine"],
        &Presence::Found(2),
        "an embedding does not chat"
    );
    assert_eq!(found["ollama"], &Presence::Found(3));
    assert_eq!(model, &ModelRef::guide(), "none is chosen by itself");
    let paths: Vec<String> = three.requests().into_iter().map(|r| r.path).collect();
    assert_eq!(paths, ["/v1/models"], "one question is enough");
    let order: Vec<&str> = last.iter().map(|state| state.name.as_str()).collect();
    assert_eq!(order[0], "keyed", "who wants a key comes first: {order:?}");
}

#[tokio::test]
async fn nobody_is_asked_unless_somebody_looks() {
    let server = Server::start(vec![ollama(&["x:1b"])]).await;
    let home = tempfile::tempdir().unwrap();
    let settings = bare(home.path(), vec![("ollama", of_ollama(&server))]);
    let mut face = Face::screen(settings);
    face.answer(Command::Shelf(Shelf::Home {
        limit: 1,
        open: None,
    }))
    .await;
    let told = looked(&mut face, false).await;
    assert_eq!(told.len(), 1);
    face.stop().await;
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_server_that_says_nothing_counts_as_absent_after_two_seconds() {
    let silent = Answer::new(200).framing(Framing::Raw).stall();
    let server = Server::start(vec![silent]).await;
    let home = tempfile::tempdir().unwrap();
    let settings = bare(home.path(), vec![("ollama", of_ollama(&server))]);
    let mut face = Face::screen(settings);
    let id = face
        .ask(Command::Data(Data::Providers { look: true }))
        .await;
    server.wait_for(1).await;
    skip(Duration::from_secs(2)).await;
    let presence = face
        .until(|event| match &event.news {
            News::Answer(Answered::Providers {
                providers,
                is_whole: true,
                ..
            }) if event.cause == Some(id) => Some(providers[0].presence.clone()),
            _ => None,
        })
        .await;
    let Presence::Absent(failure) = presence else {
        panic!("{presence:?}")
    };
    assert!(failure.title.contains("within 2 s"), "{failure}");
}

#[tokio::test]
async fn a_server_that_is_taken_is_the_model_after_a_restart_too() {
    let server = Server::start(vec![ollama(&["x:1b", "y:2b"])]).await;
    let home = tempfile::tempdir().unwrap();
    let settings = bare(home.path(), vec![("ollama", of_ollama(&server))]);
    assert_eq!(first_model(&settings).await, ModelRef::guide());
    let mut face = Face::screen(settings.clone());
    let take = || Command::Data(Data::Use("ollama".to_owned()));
    let first = Answered::InUse {
        model: ModelRef::new("ollama", "x:1b"),
        of: 2,
    };
    assert_eq!(face.answer(take()).await, first);
    face.stop().await;
    assert_eq!(
        first_model(&settings).await,
        ModelRef::new("ollama", "x:1b"),
        "nothing was sent"
    );
    // Another one chosen is the one taken next time.
    let mut face = Face::screen(settings.clone());
    let other = ModelRef::new("ollama", "y:2b");
    face.ask(Command::Data(Data::Chose(other.clone()))).await;
    let Answered::InUse { model, .. } = face.answer(take()).await else {
        panic!("not in use")
    };
    assert_eq!(model, other);
    // The guide is nobody's choice for the next start.
    let guide = Command::Data(Data::Chose(ModelRef::guide()));
    face.ask(guide).await;
    face.stop().await;
    assert_eq!(first_model(&settings).await, other);
}

#[test]
fn a_server_that_is_taken_is_no_model_of_a_conversation_opened_meanwhile() {
    let mut world = stage::script::Script::new();
    let [here, there] = [("Here", 5), ("There", 60)].map(|(title, minutes)| {
        let id = world.conversation(title, "lab/llama", minutes);
        world.asked(id, "Well?");
        world.replied(id, "An answer.");
        id
    });
    world.last = Some(here);
    world.models = vec![ModelSpec::named(ModelRef::new("ollama", "x:1b"))];
    let is_switch = |command: &Command| matches!(command, Command::Chat(Chat::SwitchModel { .. }));
    let mut face = stage::Face::over(world);
    face.types("/use ollama").hold().press("enter");
    face.asks(|command| *command == Command::Data(Data::Use("ollama".to_owned())));
    face.press("alt+1 j enter").release_backwards();
    assert_eq!(face.here(), there);
    face.asks_no(is_switch);
    assert_eq!(face.engine.row(there).model, ModelRef::new("lab", "llama"));
    // With nothing opened it is the model of the conversation at hand.
    face.sends("/use ollama").asks(is_switch);
    assert_eq!(
        face.engine.row(there).model,
        ModelRef::new("ollama", "x:1b")
    );
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_and_changes_nothing() {
    let empty = Server::start(vec![ollama(&[])]).await;
    let home = tempfile::tempdir().unwrap();
    let mut keyless = provider("https://llm.example.org/v1");
    keyless.key = KeySource::Environment {
        name: "WORK_KEY".to_owned(),
        value: None,
    };
    let dead = local(&Server::nobody().await, Wire::ChatCompletions);
    let settings = bare(
        home.path(),
        vec![
            ("ollama", of_ollama(&empty)),
            ("dead", dead),
            ("work", keyless),
        ],
    );
    let mut face = Face::screen(settings.clone());
    for (name, kind, words) in [
        ("ollama", FailureKind::Input, "no model that chats"),
        ("dead", FailureKind::Network, "dead"),
        ("work", FailureKind::Key, "no key for work"),
        ("nosuch", FailureKind::Input, "not known"),
    ] {
        let id = face.ask(Command::Data(Data::Use(name.to_owned()))).await;
        let failure = face.refusal(id).await;
        assert_eq!(failure.kind, kind, "{failure}");
        assert!(failure.title.contains(words), "{failure}");
        assert!(!failure.remedy.is_empty(), "{failure}");
        let offer = (name == "work").then_some(Offer::SetKey);
        assert_eq!(failure.offer, offer, "{failure}");
    }
    face.stop().await;
    assert_eq!(first_model(&settings).await, ModelRef::guide());
}

/// Settings where only the provider `anthropic` has a key; its listing is to name the model.
fn listed_first(home: &Path, server: &Server) -> Settings {
    Settings {
        fallback_models: vec![ModelRef::new("anthropic", "shipped")],
        first_listed: vec!["anthropic".to_owned()],
        ..bare(home, vec![("anthropic", provider(&server.url()))])
    }
}

fn listing(names: &[&str]) -> Answer {
    let rows: Vec<Value> = names.iter().map(|name| json!({ "id": name })).collect();
    Answer::json(200, &json!({ "data": rows })).at("/v1/models")
}

#[tokio::test]
async fn the_first_of_a_listing_is_the_model_once_the_listing_is_known() {
    let server = Server::start(vec![listing(&["z-new", "a-old"])]).await;
    let home = tempfile::tempdir().unwrap();
    let settings = listed_first(home.path(), &server);
    let shipped = ModelRef::new("anthropic", "shipped");
    let listed = ModelRef::new("anthropic", "z-new");
    assert_eq!(
        first_model(&settings).await,
        shipped,
        "nobody was asked yet"
    );
    assert!(server.requests().is_empty());
    let mut face = Face::screen(settings.clone());
    let models: Vec<ModelRef> = looked(&mut face, false)
        .await
        .into_iter()
        .map(|(_, model)| model)
        .collect();
    assert_eq!(models, [shipped, listed.clone()]);
    face.stop().await;
    assert_eq!(first_model(&settings).await, listed, "and it stays known");
    let mut face = Face::screen(settings);
    assert_eq!(looked(&mut face, false).await.len(), 1);
    face.stop().await;
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_question_without_a_screen_waits_for_that_listing() {
    let answers = [listing(&["z-new"]), Answer::text(&["Hi"])];
    let failing = [Answer::new(500).at("/v1/models"), Answer::text(&["Hi"])];
    for (script, model) in [(answers, "z-new"), (failing, "shipped")] {
        let server = Server::start(script.to_vec()).await;
        let home = tempfile::tempdir().unwrap();
        let settings = listed_first(home.path(), &server);
        let mut face = Face::start(settings, Options { is_screen: false });
        let (id, ..) = face.send_new("Hello").await;
        let asked = face.measured(id).await.model.unwrap();
        assert_eq!(asked, ModelRef::new("anthropic", model));
        face.stop().await;
    }
}

/// What can say which model a new conversation has, the stronger first (spec M2).
const SOURCES: [(&str, &str); 8] = [
    ("--model", "lab/argument"),
    ("default_model", "lab/file"),
    ("LLM_PROVIDER LLM_MODEL", "lab/named"),
    ("OPENAI_MODEL", "openai/o1"),
    ("last used", "lab/used"),
    ("OPENAI_API_KEY", "openai/gpt-4o"),
    ("OPENROUTER_API_KEY", "openrouter/openai/gpt-4o"),
    ("ANTHROPIC_API_KEY", "anthropic/claude-sonnet-5-5"),
];

/// The model where these sources say something.
async fn model_by(sources: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("salon.toml");
    let lab =
        "[providers.lab]\nwire = \"chat-completions\"\nbase_url = \"http://127.0.0.1:1/v1\"\n";
    let mut layers = Layers {
        config: Some(config.clone()),
        environment: variables(&[("HOME", home.path().to_str().unwrap())]),
        ..Layers::default()
    };
    let mut text = lab.to_owned();
    let mut used = None;
    for source in sources {
        let (_, model) = SOURCES.iter().find(|(name, _)| name == source).unwrap();
        match *source {
            "--model" => layers.model = Some((*model).to_owned()),
            "default_model" => text = format!("default_model = \"{model}\"\n{text}"),
            "LLM_PROVIDER LLM_MODEL" => layers.environment.extend(variables(&[
                ("LLM_PROVIDER", "lab"),
                ("LLM_MODEL", "named"),
            ])),
            "OPENAI_MODEL" => layers
                .environment
                .extend(variables(&[("OPENAI_MODEL", "o1")])),
            "last used" => used = Some(model.parse::<ModelRef>().unwrap()),
            key => layers.environment.extend(variables(&[(key, "k")])),
        }
    }
    std::fs::write(config, text).unwrap();
    let settings = load(&layers).unwrap();
    if let Some(used) = used {
        let store = disk(&settings).await;
        store.used_model(&used, Millis(1)).await.unwrap();
        store.close().await;
    }
    first_model(&settings).await.to_string()
}

fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[tokio::test]
async fn of_two_that_name_a_model_the_stronger_one_counts() {
    assert_eq!(model_by(&[]).await, "guide/tour");
    for (at, (strong, model)) in SOURCES.iter().enumerate() {
        assert_eq!(model_by(&[strong]).await, *model, "{strong} alone");
        for (weak, _) in &SOURCES[at + 1..] {
            let both = [*weak, *strong];
            assert_eq!(model_by(&both).await, *model, "{strong} beside {weak}");
        }
    }
}

#[test]
fn a_name_alone_goes_where_the_only_key_is_kept_ones_too() {
    let write = |home: &TempDir, kept: &str| {
        let folder = home.path().join(".local/share/salon");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("secrets.toml");
        std::fs::write(&file, kept).unwrap();
        let owner = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&file, owner).unwrap();
    };
    for (kept, set, model) in [
        ("", &[][..], "openai/m"),
        ("", &["OPENROUTER_API_KEY"], "openrouter/m"),
        ("", &["OPENROUTER_API_KEY", "ANTHROPIC_API_KEY"], "openai/m"),
        (
            "keyring = [\"anthropic\"]",
            &["OPENROUTER_API_KEY"],
            "openai/m",
        ),
        ("keyring = [\"openrouter\"]", &[], "openrouter/m"),
        ("[keys]\nopenrouter = \"k\"", &[], "openrouter/m"),
        (
            "keyring = [\"openrouter\"]",
            &["OPENAI_API_KEY"],
            "openai/m",
        ),
        (
            "keyring = [\"openai\"]",
            &["OPENROUTER_API_KEY"],
            "openai/m",
        ),
        ("[keys\nbroken", &["OPENROUTER_API_KEY"], "openrouter/m"),
    ] {
        let home = tempfile::tempdir().unwrap();
        write(&home, kept);
        let mut environment =
            variables(&[("HOME", home.path().to_str().unwrap()), ("LLM_MODEL", "m")]);
        let set: Vec<(&str, &str)> = set.iter().map(|name| (*name, "k")).collect();
        environment.extend(variables(&set));
        let settings = load(&Layers {
            environment,
            kept: Some(vault::kept),
            ..Layers::default()
        });
        let found = settings.unwrap().model.unwrap().to_string();
        assert_eq!(found, model, "{kept:?} {set:?}");
    }
}

#[tokio::test]
async fn what_openai_variables_set_is_sent_to_openai_alone() {
    let server = Server::start(vec![Answer::text(&["Hi"]).always()]).await;
    let home = tempfile::tempdir().unwrap();
    let variables = variables(&[
        ("HOME", home.path().to_str().unwrap()),
        ("OPENAI_API_KEY", "k"),
        ("OPENAI_MAX_TOKENS", "77"),
        ("OPENAI_TEMPERATURE", "0.3"),
        ("SALON_PROVIDERS_OPENAI_WIRE", "chat-completions"),
        ("SALON_PROVIDERS_OPENAI_BASE_URL", &server.url()),
        ("SALON_PROVIDERS_LMSTUDIO_BASE_URL", &server.url()),
        ("SALON_CHORES_TITLES", "false"),
    ]);
    for (model, sent) in [
        ("openai/gpt-4o", (json!(77), json!(0.3))),
        ("lmstudio/m", (Value::Null, Value::Null)),
    ] {
        let settings = load(&Layers {
            environment: variables.clone(),
            model: Some(model.to_owned()),
            ..Layers::default()
        });
        let mut face = Face::start(settings.unwrap(), Options { is_screen: false });
        let (id, ..) = face.send_new("Hello").await;
        face.measured(id).await;
        face.stop().await;
        let body = server.requests().pop().unwrap().body;
        let most = [&body["max_completion_tokens"], &body["max_tokens"]];
        let most = most.into_iter().find(|most| !most.is_null());
        let most = most.cloned().unwrap_or_default();
        assert_eq!((most, body["temperature"].clone()), sent, "{body}");
    }
}

#[tokio::test]
async fn a_server_the_user_named_is_told_of_when_it_does_not_answer() {
    let home = tempfile::tempdir().unwrap();
    let dead = local(&Server::nobody().await, Wire::ChatCompletions);
    let mut settings = bare(home.path(), vec![("lab", dead)]);
    settings.origins.push(Origin {
        key: "providers.lab.base_url".to_owned(),
        value: String::new(),
        layer: Layer::File,
    });
    let mut face = Face::screen(settings);
    let told = looked(&mut face, true).await;
    let lab = &told.last().unwrap().0[0];
    assert!(lab.is_own && lab.is_local && !lab.wants_key);
    assert!(lab.address.starts_with("127.0.0.1:"), "{}", lab.address);
    assert!(matches!(lab.presence, Presence::Absent(_)));
}

#[tokio::test]
async fn a_key_that_is_entered_names_the_model_at_once() {
    let home = tempfile::tempdir().unwrap();
    let mut keyless = provider("https://api.example.org/v1");
    keyless.key = KeySource::Environment {
        name: "OPENAI_API_KEY".to_owned(),
        value: None,
    };
    let settings = Settings {
        fallback_models: vec![ModelRef::new("openai", "gpt-4o")],
        ..bare(home.path(), vec![("openai", keyless)])
    };
    let mut face = Face::screen(settings);
    let (states, model) = looked(&mut face, false).await.remove(0);
    assert_eq!((states[0].key, model), (None, ModelRef::guide()));
    let key = salon::domain::secret::Secret::from("sk-test-1".to_owned());
    let keep = Data::Key("openai".to_owned(), Some(key));
    face.answer(Command::Data(keep)).await;
    let (states, model) = looked(&mut face, false).await.remove(0);
    assert!(states[0].key.is_some());
    assert_eq!(model, ModelRef::new("openai", "gpt-4o"));
    let said = format!("{:?}", face.said);
    assert!(!said.contains("sk-test-1"));
    let forget = Command::Data(Data::Key("openai".to_owned(), None));
    face.answer(forget).await;
    let (_, model) = looked(&mut face, false).await.remove(0);
    assert_eq!(model, ModelRef::guide());
}

#[tokio::test]
async fn a_key_command_whose_key_is_refused_runs_again_at_the_next_send() {
    let server = Server::start(vec![error_key(), Answer::text(&["Hi"])]).await;
    let home = tempfile::tempdir().unwrap();
    let mut settings = settings(&server.url(), home.path());
    // Another key each time it runs.
    let runs = home.path().join("runs").display().to_string();
    let command = format!("echo x >> '{runs}'; printf sk-; tr -d '\\n' < '{runs}'");
    settings.providers.get_mut("test").unwrap().key = KeySource::Command(command);
    let mut face = Face::start(settings, Options { is_screen: false });
    let (id, ..) = face.send_new("Hello").await;
    let (_, failure, _) = face.withdrawn(id).await;
    assert_eq!(failure.unwrap().kind, FailureKind::Key);
    let (id, ..) = face.send_new("Hello again").await;
    face.measured(id).await;
    face.stop().await;
    let asked = server.requests();
    let keys: Vec<Option<&str>> = asked.iter().map(|r| r.header("authorization")).collect();
    assert_eq!(keys, [Some("Bearer sk-x"), Some("Bearer sk-xx")]);
}

#[tokio::test]
async fn a_personas_model_is_weaker_than_a_given_one_and_stronger_than_the_settings() {
    let server = Server::start(vec![Answer::text(&["Hi"]).always()]).await;
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&server.url(), home.path());
    let mut face = Face::screen(settings);
    let persona = face.mint.id();
    let profile = salon::domain::persona::Profile {
        name: "Robin".to_owned(),
        model: Some(ModelRef::new("test", "persona")),
        ..salon::domain::persona::Profile::default()
    };
    let create = salon::protocol::Personas::Save {
        id: persona,
        is_new: true,
        profile,
    };
    face.ask(Command::Personas(create)).await;
    for (given, model) in [(None, "persona"), (Some("given"), "given")] {
        let new = salon::domain::conversation::NewConversation {
            model: given.map(|name| ModelRef::new("test", name)),
            persona: Some(persona),
            ..support::face::fresh(face.mint.id())
        };
        let send = salon::protocol::Turn::Send {
            to: salon::protocol::To::New(new),
            question: face.mint.id(),
            draft: salon::domain::conversation::Draft::of("Hello"),
        };
        let id = face.turn(send).await;
        let begun = face
            .step(id, |step| match step {
                Step::Started { conversation, .. } => Some(conversation.model.clone()),
                _ => None,
            })
            .await;
        assert_eq!(begun, ModelRef::new("test", model));
    }
}
