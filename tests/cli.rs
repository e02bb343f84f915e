//! The program itself without a screen: `ask`, `list`, `show`, `config`, what they print and how they exit.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what several tests share stops where a test cannot go on"
)]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command};

use serde_json::Value;
use support::face::{holds, make_newer};
use support::fixture::KEY;
use support::home::{Home, Ran};
use support::server::{
    Answer, Gate, Server, error_key, error_pace, sse_end, sse_piece, sse_role, sse_thought,
};

fn keys(object: &Value) -> Vec<&str> {
    object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

/// Whether all of these names are there; new ones may come.
#[track_caller]
fn has(object: &Value, names: &str) {
    let there = keys(object);
    for name in names.split_whitespace() {
        assert!(there.contains(&name), "{name} is missing in {object}");
    }
}

fn kind(object: &Value) -> &str {
    object["type"].as_str().unwrap()
}

/// Sends a signal and waits for the end.
fn end_by(signal: &str, child: Child) -> Ran {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([signal, &id]).status().unwrap();
    assert!(sent.success());
    Ran::of(child.wait_with_output().unwrap())
}

#[test]
fn a_bare_machine_is_answered_by_the_guide() {
    let home = Home::new();
    let ran = home.run(&["ask", "how", "do", "I", "quit?"]).ok();
    assert!(ran.out.contains("built-in guide"), "{ran:?}");
    assert_eq!(ran.err, "");
    let ended = home
        .run(&["ask", "--json", "hi"])
        .ok()
        .objects()
        .pop()
        .unwrap();
    assert_eq!(ended["model_used"], "guide/tour");
    assert_eq!(ended["cost_usd"], "0");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(home.database()).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_pipe_gets_the_reply_byte_for_byte() {
    let reply = ["a\u{1b}[2J", "\tb\r\n", "c"];
    let server = Server::apart(vec![Answer::text(&reply)]);
    let home = Home::with(&server);
    let ran = home.run(&["ask", "--system", "Be odd", "Say", "it"]).ok();
    assert_eq!((ran.out, ran.err.as_str()), (reply.concat(), ""));
    let asked = &server.requests()[0];
    assert_eq!(
        asked.header("authorization"),
        Some(format!("Bearer {KEY}").as_str())
    );
    assert_eq!(asked.last_message(), "Say it");
    assert_eq!(asked.body["messages"][0]["content"], "Be odd");
}

#[test]
fn a_search_prints_hits_by_conversation_and_nothing_for_nothing() {
    let server = Server::apart(vec![
        Answer::text(&["It counts every borrow\n\u{1b}[2J of a value."]),
        Answer::text(&["Borrow it."]),
    ]);
    let home = Home::with(&server);
    home.run(&["ask", "Explain the borrow checker"]).ok();
    home.run(&["ask", "May I take the book?"]).ok();
    let hits = home.run(&["search", "--json", "borrow"]).ok().objects();
    assert_eq!(hits.len(), 4);
    for hit in &hits {
        has(
            hit,
            "conversation title message role created_at snippet hits",
        );
        let snippet = hit["snippet"].as_str().unwrap();
        for ends in hit["hits"].as_array().unwrap() {
            let at = |end: usize| usize::try_from(ends[end].as_u64().unwrap()).unwrap();
            assert_eq!(snippet[at(0)..at(1)].to_lowercase(), "borrow");
        }
    }
    let roles: Vec<&Value> = hits.iter().map(|hit| &hit["role"]).collect();
    let title = &Value::Null;
    assert_eq!(
        roles,
        ["assistant", "null", "assistant", "user"]
            .map(|role| match role {
                "null" => title.clone(),
                role => Value::from(role),
            })
            .iter()
            .collect::<Vec<_>>()
    );
    assert_eq!(hits[1]["message"], Value::Null);
    assert_eq!(
        hits[2]["snippet"],
        "It counts every borrow \u{1b}[2J of a value."
    );

    let text = home.run(&["search", "borrow", "role:assistant"]).ok().out;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(
        lines[0].ends_with("May I take the book?") && !lines[0].starts_with(' '),
        "{text}"
    );
    assert!(
        lines[1].starts_with("  ") && lines[1].ends_with("assistant  Borrow it."),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "{text}");

    let page = home.run(&[
        "search", "--json", "borrow", "--offset", "1", "--limit", "2",
    ]);
    assert_eq!(page.ok().objects(), hits[1..3]);
    assert_eq!(home.run(&["search", "borrow", "--count"]).ok().out, "4\n");
    for json in [&["search", "zebra"][..], &["search", "zebra", "--json"]] {
        let none = home.run(json).ok();
        assert_eq!((none.out.as_str(), none.err.as_str()), ("", ""));
    }
    let wrong = home.run(&["search", "x", "after:soon"]);
    assert_eq!(wrong.code, Some(2));
    assert!(
        wrong.err.contains("after:soon") && wrong.err.contains("bytes 2 to 12"),
        "{}",
        wrong.err
    );
    assert_eq!(home.run(&["search", "***"]).code, Some(2));
}

#[test]
fn events_have_the_names_of_the_contract() {
    let body = sse_role() + &sse_thought("hm") + &sse_piece("Yes") + &sse_end();
    let server = Server::apart(vec![error_pace("0.2"), Answer::stream().send(body)]);
    let home = Home::with(&server);
    let events = home
        .run(&[
            "ask",
            "--json",
            "--temperature",
            "0.5",
            "--max-tokens",
            "77",
            "Sure?",
        ])
        .ok()
        .objects();
    let kinds: Vec<&str> = events.iter().map(kind).collect();
    assert_eq!(kinds, ["started", "waiting", "reasoning", "text", "ended"]);
    has(&events[0], "conversation question reply model created_at");
    assert_eq!(events[0]["model"], "lab/m");
    has(&events[1], "seconds why");
    assert!(events[1]["seconds"].is_number());
    assert_eq!(events[2]["delta"], "hm");
    assert_eq!(events[3]["delta"], "Yes");
    let ended = &events[4];
    has(
        ended,
        "status content model_used usage cost_usd response_time_ms first_token_ms title message_count response_id created_at",
    );
    assert_eq!(ended["status"], "complete");
    assert_eq!(ended["content"], "Yes");
    assert_eq!(ended["title"], "Sure?");
    assert_eq!(ended["message_count"], 2);
    assert_eq!(ended["response_id"], "chatcmpl-1");
    assert_eq!(ended["cost_usd"], Value::Null, "an unknown price is not 0");
    let usage = &ended["usage"];
    has(
        usage,
        "input_tokens output_tokens cached_tokens reasoning_tokens total_tokens",
    );
    assert_eq!(usage["total_tokens"], 12);
    assert!(ended["created_at"].as_str().unwrap().ends_with('Z'));
    let body = &server.requests()[1].body;
    assert_eq!(body["temperature"], 0.5);
    assert!(body.to_string().contains("77"), "{body}");
}

#[test]
fn a_price_of_the_settings_is_used() {
    let server = Server::apart(vec![Answer::text(&["Yes"])]);
    let home = Home::new();
    home.config(&format!(
        "default_model = \"lab/m\"\n[providers.lab]\nwire = \"chat-completions\"\nbase_url = \"{}\"\napi_key_env = \"LAB_KEY\"\n[pricing.\"lab/m\"]\ninput_per_1k = \"1\"\noutput_per_1k = \"2\"\n",
        server.url()
    ));
    let ended = home
        .run(&["ask", "--json", "x"])
        .ok()
        .objects()
        .pop()
        .unwrap();
    assert_eq!(ended["cost_usd"], "0.015");
}

#[test]
fn standard_input_is_appended() {
    let server = Server::apart(vec![Answer::text(&["Yes"]).always()]);
    let home = Home::with(&server);
    home.run_with(&["ask", "What is this?"], "fn main() {}\n")
        .ok();
    home.run_with(&["ask"], "Only input\n").ok();
    let asked: Vec<String> = server
        .requests()
        .iter()
        .map(|request| request.last_message().to_owned())
        .collect();
    assert_eq!(asked, ["What is this?\n\nfn main() {}", "Only input"]);
}

#[test]
fn a_failed_turn_leaves_nothing_and_exits_1() {
    let server = Server::apart(vec![error_key().always()]);
    let home = Home::with(&server);
    let ran = home.run(&["ask", "x"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    assert!(ran.err.starts_with("salon: "), "{ran:?}");
    assert!(!ran.err.contains(KEY));
    let ran = home.run(&["ask", "--json", "x"]);
    assert_eq!(ran.code, Some(1));
    let error = ran.objects().pop().unwrap();
    assert_eq!(
        (kind(&error), &error["kind"]),
        ("error", &Value::from("key"))
    );
    has(&error, "title detail remedy");
    assert_eq!(home.run(&["list", "--count"]).ok().out, "0\n");
}

#[test]
fn a_cut_reply_is_kept_and_exits_1() {
    let words = sse_role() + &sse_piece("Half");
    let server = Server::apart(vec![Answer::stream().send(words).reset()]);
    let home = Home::with(&server);
    let ran = home.run(&["ask", "x"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), "Half"));
    assert!(ran.err.contains("connection"), "{ran:?}");
    let lines = home.run(&["show", "last", "--json"]).ok().objects();
    assert_eq!(lines[2]["status"], "interrupted");
    assert_eq!(lines[2]["text"], "Half");
}

#[test]
fn wrong_arguments_and_settings_exit_2() {
    let home = Home::new();
    for (args, word) in [
        (vec!["ask"], "no question"),
        (vec!["ask", " \n "], "no question"),
        (vec!["ask", "--temperature", "3", "x"], "0 to 2"),
        (vec!["ask", "--max-tokens", "0", "x"], "1 up"),
        (
            vec!["ask", "--model", "nowhere/m", "x"],
            "anthropic, guide, llamacpp",
        ),
        (vec!["ask", "--model", "gpt-4o", "x"], "provider/name"),
        (
            vec!["ask", "--model", "openai/gpt-4o", "x"],
            "OPENAI_API_KEY",
        ),
        (vec!["ask", "--project", "x", "y"], "--project"),
        (vec!["ask", "--conversation", "abc", "x"], "six characters"),
        (vec!["ask", "--conversation", "abcdef12", "x"], "abcdef12"),
        (vec!["show", "last"], "no conversation"),
        (
            vec!["ask", "--config", "/nowhere.toml", "x"],
            "nowhere.toml",
        ),
        (vec![], "terminal"),
    ] {
        let ran = home.run(&args);
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (Some(2), ""),
            "{args:?}: {ran:?}"
        );
        assert!(ran.err.contains(word), "{args:?}: {ran:?}");
    }
    let ran = home.run(&["ask", "--json", "--temperature", "3", "x"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(2), ""));
    assert_eq!(ran.objects()[0]["kind"], "input");
    // What cannot even be read as arguments is told in the same shape.
    let ran = home.run(&["list", "--json", "--nosuch"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(2), ""));
    let told = &ran.objects()[0];
    assert_eq!(
        (&told["type"], &told["kind"]),
        (&"error".into(), &"input".into())
    );
    assert!(told.to_string().contains("--nosuch"), "{told}");
    let ran = home.run(&["list", "--nosuch"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(ran.err.contains("--nosuch"), "{ran:?}");
}

#[test]
fn a_base_url_without_scheme_is_explained() {
    let home = Home::new();
    home.config("default_model = \"lab/m\"\n[providers.lab]\nwire = \"chat-completions\"\nbase_url = \"localhost:8080/v1\"\n");
    let ran = home.run(&["ask", "x"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.err.contains("http://") && ran.err.contains("base_url"),
        "{ran:?}"
    );
}

#[test]
fn a_config_that_is_no_toml_stops_ask_but_not_list() {
    let home = Home::new();
    home.config("default_model = \"lab/m\"\nthis is not toml\n");
    let ran = home.run(&["ask", "x"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(
        ran.err.contains("salon.toml") && ran.err.contains('2'),
        "{ran:?}"
    );
    let ran = home.run(&["list"]).ok();
    assert!(ran.err.contains("salon.toml"), "{ran:?}");
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_changes_nothing() {
    let home = Home::new();
    home.config("\n[limits]\nrequest_per_minute = 3\n");
    let ran = home.run(&["ask", "x"]).ok();
    assert!(ran.out.contains("built-in guide"));
    for word in ["3", "request_per_minute", "requests_per_minute"] {
        assert!(ran.err.contains(word), "{ran:?}");
    }
}

#[test]
fn a_newer_database_exits_3_and_stays_untouched() {
    let home = Home::new();
    home.run(&["ask", "x"]).ok();
    make_newer(&home.database());
    let before = std::fs::read(home.database()).unwrap();
    for args in [vec!["ask", "x"], vec!["list"], vec!["show", "last"]] {
        let ran = home.run(&args);
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (Some(3), ""),
            "{args:?}: {ran:?}"
        );
        assert!(
            ran.err.contains("newer salon") && ran.err.contains("salon.db"),
            "{ran:?}"
        );
    }
    let ran = home.run(&["list", "--json"]);
    assert_eq!(ran.objects()[0]["kind"], "store");
    assert_eq!(std::fs::read(home.database()).unwrap(), before);
}

#[test]
fn no_store_leaves_no_words() {
    let server = Server::apart(vec![Answer::text(&["a quiet answer"]).always()]);
    let home = Home::with(&server);
    let ran = home.run(&["ask", "--no-store", "a quiet question"]).ok();
    assert_eq!(ran.out, "a quiet answer");
    assert_eq!(home.run(&["list", "--count"]).ok().out, "0\n");
    assert!(!holds(home.path(), "quiet"));
    let ran = home.run(&["ask", "--no-store", "--conversation", "last", "x"]);
    assert_eq!(ran.code, Some(2));
}

#[test]
fn a_conversation_is_continued_by_last_and_by_the_beginning_of_its_id() {
    let server = Server::apart(vec![Answer::text(&["Yes"]).always()]);
    let home = Home::with(&server);
    let started = home.run(&["ask", "--json", "One"]).ok().objects().remove(0);
    let id = started["conversation"].as_str().unwrap().to_owned();
    home.run(&["ask", "Two", "--conversation", "last"]).ok();
    let last = home
        .run(&[
            "ask",
            "--json",
            "Three",
            "--conversation",
            &id[..13],
            "--model",
            "lab/other",
        ])
        .ok();
    let ended = last.objects().pop().unwrap();
    assert_eq!(
        (&ended["message_count"], &ended["title"]),
        (&6.into(), &"One".into())
    );
    let requests = server.requests();
    assert_eq!(requests[2].body["messages"].as_array().unwrap().len(), 5);
    assert_eq!(requests[2].body["model"], "other");
    assert_eq!(home.run(&["list", "--count"]).ok().out, "1\n");

    let shown = home.run(&["show", &id]).ok().out;
    for word in [
        id.as_str(),
        "One",
        "Two",
        "Three",
        "lab/m",
        "lab/other",
        "Yes",
    ] {
        assert!(shown.contains(word), "{shown}");
    }
    let lines = home
        .run(&["show", "last", "--json", "--offset", "1", "--limit", "2"])
        .ok();
    let lines = lines.objects();
    assert_eq!(lines.len(), 3);
    has(
        &lines[0],
        "id title project persona model message_count total_tokens_input total_tokens_output cost_usd summary \
         created_at updated_at pinned archived trashed metadata",
    );
    has(
        &lines[1],
        "id conversation parent role status finish text model created_at usage cost_usd attachments",
    );
    assert_eq!(
        (&lines[1]["role"], &lines[1]["text"]),
        (&"assistant".into(), &"Yes".into())
    );
    assert_eq!(
        (&lines[2]["role"], &lines[2]["text"]),
        (&"user".into(), &"Two".into())
    );
    assert_eq!(lines[1]["conversation"], id.as_str());
}

#[test]
fn the_list_is_paged_filtered_and_counted() {
    let home = Home::new();
    for title in ["Alpha one", "Beta two", "Alpha three", "Ünique"] {
        home.run(&["ask", title]).ok();
    }
    let titles = |args: &[&str]| {
        let mut all = vec!["list", "--json"];
        all.extend(args);
        let lines = home.run(&all).ok().objects();
        let title = |line: &Value| line["title"].as_str().unwrap().to_owned();
        lines.iter().map(title).collect::<Vec<_>>()
    };
    assert_eq!(
        titles(&[]),
        ["Ünique", "Alpha three", "Beta two", "Alpha one"]
    );
    assert_eq!(
        titles(&["--limit", "2", "--offset", "1"]),
        ["Alpha three", "Beta two"]
    );
    assert_eq!(titles(&["alpha"]), ["Alpha three", "Alpha one"]);
    assert_eq!(titles(&["ALPHA", "thr"]), ["Alpha three"]);
    assert_eq!(home.run(&["list", "--count"]).ok().out, "4\n");
    assert_eq!(home.run(&["list", "--count", "alpha"]).ok().out, "2\n");
    let count = home.run(&["list", "--count", "--json", "ü"]).ok();
    assert_eq!(count.objects()[0]["count"], 1);
    let plain = home.run(&["list", "--limit", "1"]).ok().out;
    assert!(plain.ends_with("guide/tour  Ünique\n"), "{plain}");
}

#[test]
fn a_reader_that_leaves_ends_it_quietly_with_141() {
    let gate = Gate::new();
    let server = Server::apart(vec![Answer::text_gated(&["one", "two", "three"], &gate)]);
    let home = Home::with(&server);
    let mut child = home.command(&["ask", "x"]).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    gate.open();
    let mut first = [0; 3];
    out.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"one");
    drop(out);
    gate.open();
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.err.as_str()), (Some(141), ""));
    let lines = home.run(&["show", "last", "--json"]).ok().objects();
    assert_eq!(lines[2]["status"], "stopped");
    assert_eq!(lines[2]["text"], "onetwo");
}

#[test]
fn a_signal_stops_the_reply_and_keeps_its_words() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let gate = Gate::new();
        let server = Server::apart(vec![Answer::text_gated(&["Some", "more"], &gate)]);
        let home = Home::with(&server);
        let mut child = home.command(&["ask", "--json", "x"]).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        gate.open();
        let mut event =
            || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
        assert_eq!(kind(&event()), "started");
        assert_eq!(event()["delta"], "Some");
        let ran = end_by(signal, child);
        assert_eq!(ran.code, Some(code), "{ran:?}");
        let ended = event();
        assert_eq!(
            (kind(&ended), &ended["status"]),
            ("ended", &"stopped".into())
        );
        let kept = home.run(&["show", "last", "--json"]).ok().objects();
        assert_eq!(
            (&kept[2]["status"], &kept[2]["text"]),
            (&"stopped".into(), &"Some".into())
        );
    }
}

#[test]
fn a_signal_before_the_first_word_leaves_nothing() {
    let gate = Gate::new();
    let server = Server::apart(vec![Answer::stream().wait(&gate)]);
    let home = Home::with(&server);
    let mut child = home.command(&["ask", "--json", "x"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("started"));
    let ran = end_by("-INT", child);
    assert_eq!(ran.code, Some(130), "{ran:?}");
    assert_eq!(lines.count(), 0);
    assert_eq!(home.run(&["list", "--count"]).ok().out, "0\n");
}

#[test]
fn keys_are_in_no_output_and_no_file() {
    let server = Server::apart(vec![Answer::text(&["Yes"]), error_key().always()]);
    let home = Home::with(&server);
    let mut printed = String::new();
    for args in [
        vec!["ask", "--json", "x"],
        vec!["ask", "x"],
        vec!["ask", "--json", "x"],
        vec!["config", "show"],
        vec!["config", "show", "--json"],
        vec!["show", "last", "--json"],
        vec!["list"],
    ] {
        let mut command = home.command(&args);
        let ran = Ran::of(command.env("SALON_LOG", "trace").output().unwrap());
        printed.push_str(&ran.out);
        printed.push_str(&ran.err);
    }
    assert!(printed.contains("LAB_KEY"), "its name may be told");
    assert!(!printed.contains(KEY), "{printed}");
    assert!(!holds(home.path(), KEY));
}

#[test]
fn help_and_version_are_told_without_touching_anything() {
    let home = Home::new();
    let help = home.run(&["--help"]).ok().out;
    for word in [
        "salon.db",
        "leaves this machine",
        "Exit codes",
        "ask",
        "list",
        "show",
        "config",
    ] {
        assert!(help.contains(word), "{help}");
    }
    let version = home.run(&["--version"]).ok().out;
    assert_eq!(version, format!("salon {}\n", env!("CARGO_PKG_VERSION")));
    let version = home.run(&["--version", "--json"]).ok().objects().remove(0);
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn the_settings_are_shown_with_their_layers() {
    let home = Home::new();
    home.config("default_model = \"lab/m\"\n[providers.lab]\nwire = \"chat-completions\"\nbase_url = \"http://127.0.0.1:9/v1\"\n");
    let shown = home.run(&["config", "show"]).ok().out;
    let line = shown
        .lines()
        .find(|line| line.starts_with("default_model"))
        .unwrap();
    assert!(line.contains("lab/m") && line.contains("(file)"), "{line}");
    let lines = home.run(&["config", "show", "--json"]).ok().objects();
    assert!(
        lines
            .iter()
            .any(|line| line["key"] == "default_model" && line["value"] == "lab/m")
    );
    assert!(!home.database().exists());
}

#[test]
fn personas_are_made_shown_and_asked_from_the_shell() {
    let server = Server::apart(vec![
        Answer::text(&["one"]),
        Answer::text(&["two"]),
        Answer::text(&["three"]),
    ]);
    let home = Home::with(&server);
    let set = [
        "personas",
        "set",
        "Old Friend",
        "--relationship",
        "sibling",
        "--description",
        "From school.",
        "--model",
        "lab/warm",
        "--temperature",
        "0.5",
    ];
    assert_eq!(home.run(&set).ok().out, "made: Old Friend\n");
    let more = [
        "personas",
        "set",
        "old friend",
        "--instructions",
        "Be brief.",
        "--json",
    ];
    let made = home.run(&more).ok().objects().pop().unwrap();
    has(
        &made,
        "id name relationship description instructions system_text system model temperature conversation_count \
         last_active_at total_tokens_input total_tokens_output cost_usd imported created_at updated_at trashed",
    );
    assert_eq!(
        (&made["relationship"], &made["model"]),
        (&"sibling".into(), &"lab/warm".into())
    );
    let system = made["system"].as_str().unwrap();
    assert!(
        system.contains("From school.") && system.contains("Be brief."),
        "{system}"
    );
    let shown = home.run(&["personas", "show", "OLD FRIEND"]).ok().out;
    assert!(
        shown.ends_with(&format!("\n\n{}\n", system.trim_end())),
        "{shown}"
    );

    home.run(&["ask", "--persona", "old friend", "Hello"]).ok();
    let asked = &server.requests()[0].body;
    assert_eq!(
        (&asked["model"], &asked["temperature"]),
        (&"warm".into(), &0.5.into())
    );
    assert_eq!(asked["messages"][0]["content"], system);
    home.run(&["ask", "Alone"]).ok();
    let titles = |persona: &str| {
        let ran = home.run(&["list", "--json", "--persona", persona]).ok();
        let lines = ran.objects();
        lines
            .iter()
            .map(|line| (line["title"].clone(), line["persona"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        titles("Old Friend"),
        [("Hello".into(), "Old Friend".into())]
    );
    assert_eq!(titles("none"), [("Alone".into(), Value::Null)]);
    home.run(&[
        "ask",
        "--conversation",
        "last",
        "--persona",
        "old friend",
        "--model",
        "lab/m",
        "Now you",
    ])
    .ok();
    let asked = &server.requests()[2].body;
    assert_eq!(
        (&asked["model"], &asked["messages"][0]["content"]),
        (&"m".into(), &system.into())
    );
    assert_eq!(
        home.run(&["list", "--count", "--persona", "Old Friend"])
            .ok()
            .out,
        "2\n"
    );
}

#[test]
fn personas_leave_and_come_back() {
    let home = Home::new();
    home.run(&["personas", "set", "Old Friend"]).ok();
    for text in ["One", "Two"] {
        home.run(&["ask", "--persona", "Old Friend", text]).ok();
    }
    let ran = home.run(&["personas", "rm", "Old Friend"]).ok().out;
    assert!(ran.contains("2 conversations stay"), "{ran}");
    assert_eq!(home.run(&["personas"]).ok().out, "");
    assert!(
        home.run(&["personas", "list", "--trash"])
            .ok()
            .out
            .ends_with("Old Friend\n")
    );
    assert_eq!(
        home.run(&["personas", "restore", "Old Friend"]).ok().out,
        "restored: Old Friend\n"
    );
    assert_eq!(
        home.run(&["personas", "copy", "Old Friend"]).ok().out,
        "copied: Old Friend copy\n"
    );
}

#[test]
fn wrong_personas_exit_2_and_change_nothing() {
    let home = Home::new();
    home.run(&["personas", "set", "Anna"]).ok();
    let ran = home.run(&["personas", "set", "Berta", "--relationship", "boss"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err
            .contains("parent, spouse, child, sibling, friend, colleague, other"),
        "{ran:?}"
    );
    let long = "x".repeat(10_000);
    let card = home.path().join("card.json");
    std::fs::write(&card, "{}").unwrap();
    for (args, words) in [
        (&["personas", "set", &long][..], "10000 characters"),
        (&["personas", "set", "B", "--temperature", "3"], "0 to 2"),
        (&["personas", "set", "B", "--temperature", "warm"], "0 to 2"),
        (
            &["personas", "set", "B", "--model", "nowhere"],
            "provider/name",
        ),
        (
            &["personas", "set", "Anna", "--rename", "none"],
            "another name",
        ),
        (&["personas", "show", "Nobody"], "personas list"),
        (
            &["personas", "import", card.to_str().unwrap()],
            "chara_card_v2",
        ),
        (&["ask", "--persona", "Nobody", "Hi"], "no persona"),
        (&["list", "--persona", "Nobody"], "no persona"),
    ] {
        let ran = home.run(args);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.err.contains(words) && ran.out.is_empty(), "{ran:?}");
    }
    let told = home.run(&["personas", "show", "Nobody", "--json"]);
    assert_eq!((told.code, kind(&told.objects()[0])), (Some(2), "error"));
    assert_eq!(home.run(&["personas"]).ok().out.lines().count(), 1);
}

#[test]
fn a_card_is_imported_once() {
    let home = Home::new();
    let card = home.path().join("ada.json");
    let data = serde_json::json!({ "name": "Ada", "personality": "{{char}} is precise" });
    let text = serde_json::json!({ "spec": "chara_card_v2", "data": data }).to_string();
    std::fs::write(&card, text).unwrap();
    let import = ["personas", "import", card.to_str().unwrap(), "--json"];
    let made = home.run(&import).ok().objects().pop().unwrap();
    assert_eq!(
        (&made["name"], &made["imported"]),
        (&"Ada".into(), &true.into())
    );
    assert_eq!(made["instructions"], "Personality: Ada is precise");
    let again = home.run(&import);
    assert_eq!((again.code, kind(&again.objects()[0])), (Some(2), "error"));
}

#[test]
fn prompts_are_listed_written_and_used_from_the_shell() {
    let home = Home::new();
    let shipped = home.run(&["prompts", "list", "--json"]).ok().objects();
    assert!(shipped.len() >= 20 && shipped.iter().all(|one| one["is_template"] == true));
    has(
        &shipped[0],
        "id title content scenario description tags is_template usage_count",
    );
    let set = [
        "prompts",
        "set",
        "--title",
        "Mail",
        "--content",
        "-",
        "--scenario",
        "work",
        "--tag",
        "mail",
        "--tag",
        "polite",
        "--description",
        "A short mail",
        "--meta",
        "team=7",
        "--json",
    ];
    let made = home
        .run_with(&set, "Write to {whom}: {what|thanks|sorry}\n")
        .objects();
    let id = made[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(made[0]["content"], "Write to {whom}: {what|thanks|sorry}");
    assert_eq!(
        (&made[0]["metadata"]["team"], &made[0]["version"]),
        (&7.into(), &1.into())
    );
    let listed = |args: &[&str]| {
        let mut all = vec!["prompts", "list", "--json", "--no-shipped"];
        all.extend(args);
        home.run(&all).ok().objects().len()
    };
    assert_eq!(listed(&["short", "thanks"]), 1);
    assert_eq!(listed(&["--scenario", "Work", "--tag", "MAIL"]), 1);
    assert_eq!(listed(&["--tag", "none"]), 0);
    let what = home
        .run(&["prompts", "set", &id, "--content", "To {whom}"])
        .ok()
        .out;
    assert_eq!(what, "saved: Mail, version 2\n");
    let versions = home
        .run(&["prompts", "show", "mail", "--versions", "--json"])
        .ok()
        .objects();
    assert_eq!((versions.len(), &versions[1]["version"]), (2, &1.into()));

    let used = home
        .run(&["prompts", "use", &id[..30], "--var", "whom=a = b"])
        .ok();
    assert_eq!((used.out.as_str(), used.err.as_str()), ("To a = b", ""));
    let shown = home
        .run(&["prompts", "show", "Mail", "--json"])
        .ok()
        .objects();
    assert_eq!(
        (&shown[0]["usage_count"], &shown[0]["last_values"]["whom"]),
        (&1.into(), &"a = b".into())
    );
    assert_eq!(
        home.run(&["prompts", "rm", "Mail"]).ok().out,
        "moved to the trash: Mail\n"
    );
    assert_eq!((listed(&[]), listed(&["--trash"])), (0, 1));
    assert_eq!(
        home.run(&["prompts", "restore", "Mail"]).ok().out,
        "restored: Mail\n"
    );
    let title = shipped[0]["title"].as_str().unwrap();
    let hidden = home.run(&["prompts", "hide", title]).ok().out;
    assert_eq!(hidden, format!("hidden: {title}\n"));
    let left = home.run(&["prompts", "--json"]).ok().objects();
    assert_eq!(left.len(), shipped.len(), "one is hidden, one is new");
}

#[test]
fn a_prompt_is_previewed_before_and_with_a_model() {
    let server = Server::apart(vec![Answer::text(&["Dear ", "Bob"]), Answer::text(&["Hi"])]);
    let home = Home::with(&server);
    home.run(&[
        "prompts",
        "set",
        "--title",
        "Mail",
        "--content",
        "To {whom}",
    ])
    .ok();
    let fill = ["prompts", "preview", "Mail", "--var", "whom=Bob"];
    let filled = home.run(&fill).ok();
    assert_eq!(filled.out, "To Bob");
    assert!(filled.err.contains("nothing was sent"), "{filled:?}");
    let object = home.run(&[&fill[..], &["--json"]].concat()).ok().objects();
    assert_eq!(
        (
            object.len(),
            &object[0]["preview"],
            &object[0]["model_used"]
        ),
        (1, &"To Bob".into(), &Value::Null)
    );
    assert_eq!(server.requests().len(), 0);

    let events = home
        .run(&[&fill[..], &["--model", "lab/other", "--json"]].concat())
        .ok()
        .objects();
    assert_eq!((kind(&events[0]), kind(&events[1])), ("started", "text"));
    let ended = events.last().unwrap();
    has(ended, "preview tokens_used model_used");
    assert_eq!(
        (&ended["preview"], &ended["tokens_used"]),
        (&"Dear Bob".into(), &12.into())
    );
    assert_eq!(
        (&ended["model_used"], &ended["text"]),
        (&"lab/other".into(), &"To Bob".into())
    );
    assert_eq!(server.requests()[0].last_message(), "To Bob");
    let tried = home
        .run(&["prompts", "preview", "--content", "Say {a:hi}", "--try"])
        .ok();
    assert_eq!(tried.out, "Hi");
    assert_eq!(server.requests()[1].last_message(), "Say hi");
    assert_eq!(home.run(&["list", "--count"]).ok().out, "0\n");
    let shown = home
        .run(&["prompts", "show", "Mail", "--json"])
        .ok()
        .objects();
    assert_eq!(shown[0]["usage_count"], 0);
}

#[test]
fn wrong_prompts_exit_2_and_name_what_is_wrong() {
    let server = Server::apart(vec![error_key()]);
    let home = Home::with(&server);
    home.run(&[
        "prompts",
        "set",
        "--title",
        "Mail",
        "--content",
        "To {whom} {how|kindly|coolly}",
    ])
    .ok();
    let shipped = home.run(&["prompts", "--json"]).ok().objects();
    let shipped = shipped[0]["title"].as_str().unwrap().to_owned();
    for (args, words) in [
        (&["prompts", "use", "Mail"][..], "whom, how"),
        (
            &[
                "prompts",
                "use",
                "Mail",
                "--var",
                "whom=",
                "--var",
                "how=kindly",
            ],
            "whom is empty",
        ),
        (
            &[
                "prompts",
                "preview",
                "Mail",
                "--var",
                "whom=x",
                "--var",
                "how=loudly",
            ],
            "kindly, coolly",
        ),
        (&["prompts", "use", "Mail", "--var", "=v"], "NAME=VALUE"),
        (&["prompts", "use", "Mail", "--var", "who=v"], "whom, how"),
        (&["prompts", "show", "Nothing"], "prompts list"),
        (
            &["prompts", "set", "--title", "MAIL", "--content", "x"],
            "already",
        ),
        (&["prompts", "set", "--title", "Empty"], "no content"),
        (&["prompts", "set", "--content", "x"], "no title"),
        (
            &["prompts", "set", &shipped, "--title", "Mine"],
            "Duplicate it",
        ),
        (&["prompts", "rm", &shipped], "Duplicate it"),
        (
            &[
                "prompts",
                "preview",
                "--content",
                "x",
                "--model",
                "nowhere/m",
            ],
            "nowhere",
        ),
        (
            &[
                "prompts",
                "preview",
                "--content",
                "x",
                "--try",
                "--temperature",
                "3",
            ],
            "0 to 2",
        ),
        (&["prompts", "preview"], "Usage"),
    ] {
        let ran = home.run(args);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(
            ran.err.contains(words) && ran.out.is_empty(),
            "{words}: {ran:?}"
        );
    }
    assert_eq!(
        home.run(&["prompts", "--no-shipped"]).code,
        Some(2),
        "an option of list"
    );
    assert_eq!(
        home.run(&["prompts", "list", "--no-shipped", "--json"])
            .ok()
            .objects()
            .len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn models_are_listed_filtered_and_asked_for() {
    let listing = serde_json::json!({"data": [
        {"id": "big", "context_length": 131072, "owned_by": "lab", "pricing": {"prompt": "0.0000025", "completion": "0.00001"},
         "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]}},
        {"id": "free", "pricing": {"prompt": "0", "completion": "0"}},
        {"id": "unknown"}]});
    let server = Server::start(vec![
        Answer::json(200, &listing).at("/v1/models"),
        Answer::new(500).at("/v1/models").always(),
    ])
    .await;
    let home = Home::with(&server);
    let first = home.run(&["models", "--json", "LAB"]).ok();
    let rows = first.objects();
    let named: Vec<&str> = rows.iter().map(|r| r["model"].as_str().unwrap()).collect();
    assert_eq!(named, ["lab/big", "lab/free", "lab/m", "lab/unknown"]);
    has(
        &rows[0],
        "model context input_per_million output_per_million abilities favourite source",
    );
    assert_eq!(rows[0]["context"], 131_072);
    assert_eq!(rows[0]["input_per_million"], "2.5");
    assert_eq!(rows[0]["output_per_million"], "10");
    assert_eq!(rows[0]["abilities"], serde_json::json!(["text", "images"]));
    assert_eq!(
        (&rows[0]["source"], &rows[0]["favourite"]),
        (&"listing".into(), &false.into())
    );
    assert_eq!(rows[1]["input_per_million"], "0");
    assert_eq!(
        rows[3]["input_per_million"],
        Value::Null,
        "unknown is not 0"
    );
    assert_eq!(rows[3]["source"], Value::Null);

    let cached = home.run(&["models", "lab", "big"]).ok();
    assert_eq!(server.requests().len(), 1, "nobody is asked again");
    for word in ["lab/big", "131 k", "$2.50 / $10.00", "text, images"] {
        assert!(cached.out.contains(word), "{word}: {}", cached.out);
    }
    assert!(!cached.out.contains("unknown"), "{}", cached.out);

    let failed = home.run(&["models", "--refresh", "lab/big"]).ok();
    assert!(failed.out.contains("lab/big"), "{failed:?}");
    assert!(failed.err.contains("lab: "), "{failed:?}");
    assert_eq!(home.run(&["models", "nothing-like-it"]).ok().out, "");
}

#[test]
fn a_preview_that_fails_exits_1() {
    let server = Server::apart(vec![error_key()]);
    let home = Home::with(&server);
    let failed = home.run(&["prompts", "preview", "--content", "x", "--try", "--json"]);
    let events = failed.objects();
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert_eq!(
        events.iter().map(kind).collect::<Vec<_>>(),
        ["started", "ended", "error"]
    );
    assert_eq!(
        (&events[1]["status"], &events[1]["preview"]),
        (&"failed".into(), &"".into())
    );
}
