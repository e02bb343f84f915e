//! What salon looks like: every `tests/scenes/*.scene` is played and its screens compared with the snapshot beside it.
//!
//! A scene is one step a line; `#` begins a comment. Before `start` the world is described, after it the face is used.
//!
//! ```text
//! size 120x36 80x24          play it at these sizes, one after another
//! kitty                      the terminal tells all keys
//! light / no-color           the terminal says that it is light; NO_COLOR is set
//! key NAME VARIABLE [environment|keyring|file|command]     what a first start offers, with the source of its key
//! server NAME ADDRESS COUNT|asking|own TITLE               a server on this machine; `own` one the user set, that failed
//! finding NAME STATE DETAIL | REMEDY     what a look at salon itself finds
//! told providers     the engine tells of them again, after `key` and `server` changed them
//! conversation 5 lab/llama Rust lifetimes      last used 5 minutes ago
//! system / question / answer / draft TEXT      of the last conversation
//! stopped / interrupted / failed TEXT          how its last answer ended
//! length / thought / unsent / trashed / archived / pinned / tags WORDS     what else is with it
//! model NAME [WINDOW] [IN/OUT] [images,tools] [listed:MINUTES] [*]    a known model; prices in dollars a million
//! model-failure PROVIDER TITLE    spent DOLLARS UNPRICED    what was spent today
//! persona RELATIONSHIP NAME  a persona         described / persona-model / persona-trashed     of the last one
//! with NAME                  the last conversation has it from here on
//! prompts                    those that ship  start [last]
//! prompt TITLE | SCENARIO | TEXT [| USES [| NAME=LAST VALUE …]]
//! trial TEXT · trial-end [TITLE | REMEDY]      the answer in a preview
//! press KEYS · type TEXT · paste TEXT · tick MS · grow TEXT · think TEXT · wait S WHY · complete
//! click WORDS · drag WORDS | WORDS · wheel ROWS WORDS      the mouse, where these words stand
//! lasts S WHY · answers STATUS BODY (of lab's server, in the words of the real error) · refuse-key
//! cut stopped|interrupted|failed TEXT · withdraw TITLE | REMEDY · fatal TITLE | REMEDY | DETAIL · warn TITLE | REMEDY
//! sync quiet|sending|offline|off [WAITING] · expired DAYS CONVERSATIONS · elsewhere     a reply ends that is not open
//! show WORDS                 what the following screen is
//! looks                      the following screen with its colours
//! ```
//!
//! TEXT may hold `\n`, or be `<<` and end at a line `>>`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on stops, and matches only what it asks about"
)]

#[path = "support/stage/mod.rs"]
mod stage;

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};
use reqwest::header::HeaderMap;
use salon::domain::conversation::Draft;
use salon::domain::failure::{Failure, FailureKind, Offer};
use salon::domain::finding::{Finding, Verdict};
use salon::domain::id::ConversationId;
use salon::domain::message::{Finish, Status};
use salon::domain::model::{Abilities, ModelSpec};
use salon::domain::price::{Price, Tariff};
use salon::domain::prompt::{Prompt, PromptListed, Sheet};
use salon::domain::provider::{KeyFrom, Presence, ProviderState};
use salon::domain::sync::{SyncPhase, SyncState};
use salon::domain::usage::{Money, Spent};
use salon::domain::when::Millis;
use salon::keys::KeyMap;
use salon::protocol::{News, TrialStep};
use salon::provider::error::{self, Asked};
use salon::provider::fault;
use salon::tui::pointer::Stroke;
use salon::tui::theme::Looks;
use stage::Face;
use stage::script::Script;

#[test]
fn scenes_look_as_they_did() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenes");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "scene"))
        .collect();
    files.sort();
    assert!(
        files.len() >= 20,
        "only {} scenes in {folder:?}",
        files.len()
    );
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(&folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let mut failed = Vec::new();
    for file in &files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(file).unwrap();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let screens = play(&text);
            settings.bind(|| insta::assert_snapshot!(name, screens));
        }));
        if outcome.is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "scenes that look different: {failed:?}");
}

/// Plays a scene at each of its sizes.
fn play(text: &str) -> String {
    let steps = steps(text);
    let sizes = steps
        .iter()
        .find(|(verb, _)| verb == "size")
        .map_or("120x36", |(_, sizes)| sizes.as_str());
    let mut out = String::new();
    for size in sizes.split_whitespace() {
        let (width, height) = size.split_once('x').expect("a size such as 80x24");
        let mut scene = Scene::new(width.parse().unwrap(), height.parse().unwrap());
        for (verb, rest) in &steps {
            scene.step(verb, rest);
        }
        assert!(!scene.out.is_empty(), "the scene shows nothing");
        out.push_str(&scene.out);
    }
    out
}

/// A provider of a first start, in place of the one of that name.
fn provider(all: &mut Vec<ProviderState>, verb: &str, rest: &str) {
    let mut words = rest.splitn(3, ' ');
    let name = words.next().unwrap();
    let second = words.next().unwrap().to_owned();
    let third = words.next().unwrap_or("");
    let is_key = verb == "key";
    let key = match third {
        "environment" => Some(KeyFrom::Environment),
        "keyring" => Some(KeyFrom::Keyring),
        "file" => Some(KeyFrom::File),
        "command" => Some(KeyFrom::Command),
        _ => None,
    };
    let state = ProviderState {
        name: name.to_owned(),
        variable: is_key.then(|| second.clone()),
        wants_key: is_key,
        key,
        is_local: !is_key,
        is_own: third.starts_with("own"),
        address: second,
        presence: match third.strip_prefix("own ") {
            _ if is_key => Presence::Unasked,
            Some(title) => Presence::Absent(bad(title)),
            None if third == "asking" => Presence::Asking,
            None => match third.parse() {
                Ok(count) => Presence::Found(count),
                Err(_) => Presence::Absent(bad("nothing there")),
            },
        },
    };
    match all.iter_mut().find(|old| old.name == name) {
        Some(old) => *old = state,
        None => all.push(state),
    }
}

/// `NAME STATE DETAIL | REMEDY`.
fn finding(rest: &str) -> Finding {
    let (what, remedy) = rest.split_once(" | ").unwrap_or((rest, ""));
    let mut words = what.splitn(3, ' ');
    let (name, state) = (words.next().unwrap(), words.next().unwrap());
    let all = [
        Verdict::Ok,
        Verdict::Hint,
        Verdict::Failed,
        Verdict::Skipped,
    ];
    Finding {
        name: name.to_owned(),
        verdict: all.into_iter().find(|v| v.word() == state).unwrap(),
        detail: words.next().unwrap().to_owned(),
        remedy: remedy.to_owned(),
    }
}

/// One of the words that tell of a model.
fn known(spec: &mut ModelSpec, word: &str, now: Millis) {
    let dollars = |text: &str| Some(Money::parse(text).unwrap().0 / 1_000_000);
    if word == "*" {
        spec.favourite = true;
    } else if let Some((input, output)) = word.split_once('/') {
        spec.facts.tariff = Some(Tariff::flat(Price {
            input: dollars(input),
            output: dollars(output),
            ..Price::default()
        }));
    } else if let Some(minutes) = word.strip_prefix("listed:") {
        let minutes: i64 = minutes.parse().unwrap();
        spec.listed_at = Some(Millis(now.0 - minutes * 60_000));
    } else if let Ok(window) = word.parse() {
        spec.facts.context = Some(window);
    } else {
        let has = |ability: &str| Some(word.split(',').any(|one| one == ability));
        spec.facts.abilities = Abilities {
            images: has("images"),
            pdf: has("pdf"),
            reasoning: has("reasoning"),
            tools: has("tools"),
        };
    }
}

/// The steps: verb and what follows it.
fn steps(text: &str) -> Vec<(String, String)> {
    let mut steps = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = if rest == "<<" {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != ">>").collect();
            block.join("\n")
        } else {
            rest.replace("\\n", "\n")
        };
        steps.push((verb.to_owned(), rest));
    }
    steps
}

struct Scene {
    size: (u16, u16),
    world: Option<Script>,
    face: Option<Face>,
    at: Option<ConversationId>,
    is_kitty: bool,
    looks: Looks,
    out: String,
}

impl Scene {
    fn new(width: u16, height: u16) -> Scene {
        Scene {
            size: (width, height),
            world: Some(Script::new()),
            face: None,
            at: None,
            is_kitty: false,
            looks: Looks::default(),
            out: String::new(),
        }
    }

    fn world(&mut self) -> &mut Script {
        self.world
            .as_mut()
            .expect("the world is described before start")
    }

    fn face(&mut self) -> &mut Face {
        self.face.as_mut().expect("the face is used after start")
    }

    fn step(&mut self, verb: &str, rest: &str) {
        match verb {
            "size" => {}
            "kitty" => self.is_kitty = true,
            "light" => self.looks.heard = Some(true),
            "no-color" => self.looks.is_plain = true,
            "start" => self.start(rest),
            "show" | "looks" => self.show(verb, rest),
            _ if self.face.is_some() => self.act(verb, rest),
            _ => self.describe(verb, rest),
        }
    }

    fn describe(&mut self, verb: &str, rest: &str) {
        if verb == "conversation" {
            let mut words = rest.splitn(3, ' ');
            let minutes = words.next().unwrap().parse().unwrap();
            let model = words.next().unwrap();
            let title = words.next().unwrap_or("");
            self.at = Some(self.world().conversation(title, model, minutes));
            return;
        }
        if self.describe_world(verb, rest) {
            return;
        }
        let id = self.at.expect("a conversation comes first");
        let world = self.world();
        match verb {
            "system" => world.row(id).system = rest.to_owned(),
            "question" => {
                world.asked(id, rest);
            }
            "answer" => {
                world.replied(id, rest);
            }
            "draft" => {
                world.drafts.insert((Some(id), 0), Draft::of(rest));
            }
            "trashed" | "archived" | "pinned" => {
                let now = Some(world.mint.now());
                let row = world.row(id);
                match verb {
                    "trashed" => row.trashed_at = now,
                    "archived" => row.archived_at = now,
                    _ => row.pinned_at = now,
                }
            }
            "tags" => world.row(id).tags = rest.split(' ').map(str::to_owned).collect(),
            "with" => {
                let found = world.personas.iter();
                let found = found
                    .map(|row| &row.persona)
                    .find(|p| p.profile.name == rest);
                world.row(id).persona = found.map(|persona| persona.id);
            }
            "titleless" => world.row(id).title = String::new(),
            _ => {
                let tip = world.row(id).tip.expect("an answer comes first");
                let message = world.message(tip);
                match verb {
                    "stopped" | "interrupted" | "failed" => {
                        message.status = Status::of(verb).unwrap();
                        message.finish = None;
                        message.failure = (!rest.is_empty()).then(|| bad(rest));
                    }
                    "length" => message.finish = Some(Finish::Length),
                    "unsent" => message.status = Status::Unsent,
                    "thought" => {
                        message.thinking_ms = Some(14_200);
                        world.thoughts.insert(tip, rest.to_owned());
                    }
                    verb => panic!("no step is called {verb}"),
                }
            }
        }
    }

    /// A step about the whole world; `false` when it is none.
    fn describe_world(&mut self, verb: &str, rest: &str) -> bool {
        let world = self.world();
        match verb {
            "model" => {
                let mut words = rest.split_whitespace();
                let mut spec = ModelSpec::named(words.next().unwrap().parse().unwrap());
                for word in words {
                    known(&mut spec, word, world.mint.now());
                }
                world.models.push(spec);
            }
            "model-failure" => {
                let (provider, title) = rest.split_once(' ').unwrap();
                world.model_failures.push((provider.to_owned(), bad(title)));
            }
            // Fields may hold `|`, so the parts stand apart by ` | `.
            "prompt" => {
                let mut parts = rest.split(" | ");
                let title = parts.next().unwrap();
                let scenario = parts.next().unwrap();
                let content = parts.next().unwrap().replace("\\n", "\n");
                world.prompt(title, scenario, &content);
                let row = world.library.prompts.last_mut().unwrap();
                row.uses = parts.next().map_or(0, |uses| uses.parse().unwrap());
                for value in parts {
                    let (name, value) = value.split_once('=').unwrap();
                    row.last_values.insert(name.to_owned(), value.to_owned());
                }
            }
            "spent" => {
                let (cost, unpriced) = rest.split_once(' ').unwrap();
                world.spent = Spent {
                    cost: Money::parse(cost).unwrap(),
                    unpriced: unpriced.parse().unwrap(),
                    tokens: 3_140,
                };
            }
            "persona" => {
                let (relationship, name) = rest.split_once(' ').unwrap();
                world.persona(name, relationship);
            }
            "described" | "persona-model" | "persona-trashed" => {
                let now = world.mint.now();
                let row = world.personas.last_mut().expect("a persona comes first");
                match verb {
                    "described" => row.persona.profile.description = rest.to_owned(),
                    "persona-model" => row.persona.profile.model = Some(rest.parse().unwrap()),
                    _ => row.persona.trashed_at = Some(now),
                }
            }
            "key" | "server" => provider(&mut world.providers, verb, rest),
            "finding" => world.checkup.findings.push(finding(rest)),
            "new-model" => world.model = rest.parse().unwrap(),
            "new-draft" => {
                world.drafts.insert((None, 0), Draft::of(rest));
            }
            "prompts" => {
                for (scenario, title, description, content) in PROMPTS {
                    let id = world.mint.id();
                    world.library.prompts.push(PromptListed::unused(Prompt {
                        id,
                        version: 1,
                        sheet: Sheet {
                            title: (*title).to_owned(),
                            scenario: (*scenario).to_owned(),
                            description: (*description).to_owned(),
                            tags: Vec::new(),
                            content: (*content).to_owned(),
                            ..Sheet::default()
                        },
                        is_template: true,
                        created_at: None,
                        updated_at: None,
                        trashed_at: None,
                    }));
                }
            }
            _ => return false,
        }
        true
    }

    fn start(&mut self, rest: &str) {
        let mut world = self.world.take().expect("one start");
        if rest == "last" {
            world.last = world.conversations.first().map(|c| c.id);
        }
        let mut face = Face::cold(world);
        face.model
            .use_keys(KeyMap::shipped().deliverable(self.is_kitty));
        face.model.looks = self.looks;
        face.resize(self.size.0, self.size.1).start();
        self.face = Some(face);
    }

    #[expect(clippy::too_many_lines, reason = "the table of the words of a scene")]
    fn act(&mut self, verb: &str, rest: &str) {
        let face = self.face();
        match verb {
            "press" => face.press(rest),
            "type" => face.types(rest),
            "paste" => face.pastes(rest),
            "click" => {
                let at = face.cell(rest);
                face.clicks(at)
            }
            "drag" => {
                let (from, to) = rest.split_once(" | ").unwrap();
                let (from, to) = (face.cell(from), face.last_cell(to));
                face.drags(from, to)
            }
            "wheel" => {
                let (rows, words) = rest.split_once(' ').unwrap();
                let (rows, at) = (rows.parse::<i32>().unwrap(), face.cell(words));
                let stroke = match rows < 0 {
                    true => Stroke::WheelUp,
                    false => Stroke::WheelDown,
                };
                for _ in 0..rows.abs() / 3 {
                    face.points(stroke, at);
                }
                face.draw()
            }
            "paste-lines" => face.pastes(&"a line of the log\n".repeat(rest.parse().unwrap())),
            "tick" => face.tick(rest.parse().unwrap()),
            "grow" => face.grows(rest),
            "think" => face.thinks(rest),
            "complete" => face.completes(),
            "trial" => {
                let text = rest.replace("\\n", "\n");
                let events = face.engine.trial(TrialStep::Grew { text });
                face.hears(events)
            }
            "trial-end" => {
                let failure = rest.contains(" | ").then(|| bad(rest));
                let events = face.engine.end_trial(Status::Complete, failure);
                face.hears(events)
            }
            "key" | "server" => {
                provider(&mut face.engine.providers, verb, rest);
                &mut *face
            }
            "told" => {
                let told = face.engine.told_providers(rest == "whole");
                face.news(News::Answer(told))
            }
            "fatal" => face.news(News::Fatal(bad(rest))),
            "warn" => face.news(News::Warned(bad(rest))),
            "expired" => {
                let (days, conversations) = rest.split_once(' ').unwrap();
                face.news(News::Expired {
                    days: days.parse().unwrap(),
                    conversations: conversations.parse().unwrap(),
                })
            }
            "elsewhere" => {
                let here = face.here();
                let mut all = face.engine.conversations.iter().map(|c| c.id);
                let other = all.find(|id| *id != here && face.engine.is_writing(*id));
                let events = face
                    .engine
                    .complete(other.expect("no reply is written elsewhere"));
                face.hears(events)
            }
            "sync" => face.news(News::Sync(sync_state(rest))),
            "wait" => {
                let (seconds, why) = rest.split_once(' ').unwrap();
                let events = face.engine.wait(face.here(), seconds.parse().unwrap(), why);
                face.hears(events)
            }
            "lasts" => {
                let (seconds, why) = rest.split_once(' ').unwrap();
                let events = face.engine.last(face.here(), seconds.parse().unwrap(), why);
                face.hears(events)
            }
            "answers" => {
                let (status, body) = rest.split_once(' ').unwrap();
                let failure = refusal(status.parse().unwrap(), body);
                let events = face.engine.withdraw(face.here(), Some(failure));
                face.hears(events)
            }
            "refuse-key" => {
                let failure = Failure::new(
                    FailureKind::Key,
                    "There is no key for lab",
                    "Set it with /key lab on the screen, or in the environment as LAB_API_KEY.",
                );
                face.refuses(failure.with_offer(Offer::SetKey))
            }
            "withdraw" => {
                let events = face.engine.withdraw(face.here(), Some(bad(rest)));
                face.hears(events)
            }
            "cut" => {
                let (how, why) = rest.split_once(' ').unwrap_or((rest, ""));
                let failure = (!why.is_empty()).then(|| bad(why));
                let status = Status::of(how).unwrap();
                let events = face.engine.end(face.here(), status, failure);
                face.hears(events)
            }
            verb => panic!("no step is called {verb}"),
        };
        // A person's keys and a server's words come with frames between them.
        face.draw();
    }

    fn show(&mut self, verb: &str, what: &str) {
        let (width, height) = self.size;
        let face = self.face();
        let screen = face.screen();
        let caret = match face.caret {
            Some(at) => format!(" · caret {},{}", at.x, at.y),
            None => String::new(),
        };
        let looks = if verb == "looks" {
            looks(&face.buffer)
        } else {
            String::new()
        };
        writeln!(
            self.out,
            "══ {width}x{height} ══ {what}{caret}\n{}\n{looks}",
            screen.trim_end_matches('\n')
        )
        .unwrap();
    }
}

/// What is told when lab's server answers so.
fn refusal(status: u16, body: &str) -> Failure {
    let asked = Asked {
        provider: "lab".to_owned(),
        model: "llama".to_owned(),
        url: "https://lab.example.com/v1/chat/completions".to_owned(),
        host: "lab.example.com".to_owned(),
        key_from: "LAB_API_KEY".to_owned(),
        ..Asked::default()
    };
    let said = fault::from_bytes(body.as_bytes());
    error::of_status(&asked, status, &HeaderMap::new(), said).failure
}

/// A failure of `title | remedy | detail`.
fn bad(words: &str) -> Failure {
    let mut parts = words.split(" | ");
    let title = parts.next().unwrap_or("");
    let remedy = parts.next().unwrap_or("");
    Failure::new(FailureKind::Network, title, remedy).with_detail(parts.next().unwrap_or(""))
}

/// Every run of cells that has a look of its own: row, columns, look, words.
fn looks(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let mut x = 0;
        while x < buffer.area.right() {
            let look = words_of(buffer[(x, y)].style());
            let from = x;
            let mut words = String::new();
            while x < buffer.area.right() && words_of(buffer[(x, y)].style()) == look {
                words.push_str(buffer[(x, y)].symbol());
                x += 1;
            }
            if !look.is_empty() && !words.trim().is_empty() {
                writeln!(
                    out,
                    "{y:>2} {from:>3}-{:<3} {look:<18} {}",
                    x - 1,
                    words.trim_end()
                )
                .unwrap();
            }
        }
    }
    out
}

fn words_of(style: Style) -> String {
    let mut words = Vec::new();
    if let Some(color) = style.fg.filter(|color| *color != Color::Reset) {
        words.push(color.to_string().to_lowercase());
    }
    if let Some(color) = style.bg.filter(|color| *color != Color::Reset) {
        words.push(format!("on {}", color.to_string().to_lowercase()));
    }
    for (modifier, word) in [
        (Modifier::BOLD, "bold"),
        (Modifier::DIM, "dim"),
        (Modifier::ITALIC, "italic"),
        (Modifier::UNDERLINED, "underline"),
        (Modifier::CROSSED_OUT, "strike"),
        (Modifier::REVERSED, "reverse"),
    ] {
        if style.add_modifier.contains(modifier) {
            words.push(word.to_owned());
        }
    }
    words.join(" ")
}

/// Scenario, title, description, content.
const PROMPTS: &[(&str, &str, &str, &str)] = &[
    (
        "summarization",
        "Meeting minutes",
        "Turns notes into minutes",
        "Write minutes of these notes.\n\n{notes}",
    ),
    (
        "summarization",
        "Text summarizer",
        "Shortens a text to its points",
        "Summarize the following text in {count:5} points.\n\n{text}",
    ),
    (
        "writing",
        "Cover letter",
        "A letter for a job",
        "Write a cover letter for {job}. What I have done: {experience}",
    ),
    (
        "writing",
        "Polite rewrite",
        "Says it more kindly",
        "Rewrite this politely: {text}",
    ),
];

/// How sync stands: `offline 3`.
fn sync_state(words: &str) -> SyncState {
    let (phase, waiting) = words.split_once(' ').unwrap_or((words, "0"));
    let failure = Failure::new(FailureKind::Network, "The hub does not answer", "");
    SyncState {
        waiting: waiting.parse().unwrap(),
        phase: match phase {
            "quiet" => SyncPhase::Quiet,
            "sending" => SyncPhase::Sending,
            "offline" => SyncPhase::Offline(failure),
            "off" => SyncPhase::Off(failure),
            other => panic!("no such phase: {other}"),
        },
    }
}
