//! Puts the parts together: arguments, settings, log, engine, one face. It owns nothing and decides nothing but exit
//! codes.

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures::FutureExt;
use rustix::event::{PollFd, PollFlags, poll};
use salon::args::{Args, Command, Config, ConfigCommand, Personas, Prompts};
use salon::cli::{self, Exit, Line, Out, Question, Signal};
use salon::domain::failure::{Failure, FailureKind};
use salon::domain::finding::Finding;
use salon::domain::id::{Mint, RequestId};
use salon::domain::when::Millis;
use salon::engine::{self, Handle, Options, Parts};
use salon::keys::KeyMap;
use salon::log::Log;
use salon::manual::Manual;
use salon::protocol::{self, Request};
use salon::provider::{Guide, GuidePace, Providers};
use salon::settings::{self, Layers, Settings};
use salon::tui::theme::Looks;
use salon::tui::{self, facts::Facts, model::Model};
use tokio::runtime;
use tokio::signal::unix::{Signal as Listener, SignalKind, signal};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::oneshot;

/// What a shell sends at Ctrl+Z; tokio has no name for it.
const TSTP: i32 = rustix::process::Signal::TSTP.as_raw();
/// The name of the engine's threads.
const ENGINE_THREAD: &str = "engine";
/// How long a face may take to leave after a signal.
const FACE: Duration = Duration::from_secs(2);
/// How long the engine may take after that.
const ENGINE: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    let args = match Args::read() {
        Ok(args) => args,
        Err(told) => return cli::unread(&told, std::env::args_os()).into(),
    };
    let mut out = Out::new(args.is_json());
    if args.version {
        return cli::version(&mut out).into();
    }
    let done = match &args.command {
        Some(Command::Completions(wanted)) => Ok(cli::completions(&mut out, wanted)),
        Some(Command::Man(wanted)) => cli::manual(&mut out, wanted),
        Some(_) | None => begin(args, &mut out),
    };
    done.unwrap_or_else(|failure| {
        out.error(&failure);
        out.exit(cli::exit_of(&failure))
    })
    .into()
}

/// Settings, log, then the face that is wanted.
fn begin(args: Args, out: &mut Out) -> Result<Exit, Failure> {
    let mut wanted = args.command;
    let mut given = args.model;
    if let Some(Command::Ask(ask)) = &mut wanted {
        // A persona's model yields to it; a conversation that goes on keeps its own.
        let is_new = ask.conversation.is_none() && !ask.continues;
        given = ask.model.clone().or(given);
        if is_new {
            ask.model.clone_from(&given);
        }
    }
    let is_model_given = given.is_some();
    let settings = settings::load(&Layers {
        config: args.places.config,
        data_dir: args.places.data_dir,
        model: given,
        no_mouse: args.no_mouse,
        environment: environment(),
        kept: Some(salon::provider::vault::kept),
    })?;
    // Salon works without a log; where it cannot be written, a script is told.
    let log = Log::start(&settings.paths.state_dir, settings.log_filter.as_deref());
    let start = |named| Begin {
        named,
        is_model_given,
    };
    let wanted = match wanted {
        None => return screen(settings, start(None)),
        Some(Command::Open(open)) => return screen(settings, start(Some(open.id))),
        Some(wanted) => wanted,
    };
    if let Err(error) = &log {
        let title = format!("There is no log: {error:#}");
        out.warn(&Failure::new(
            FailureKind::Store,
            title,
            "See that its folder can be written.",
        ));
    }
    for problem in &settings.problems {
        out.warn(problem);
    }
    match (&wanted, &settings.broken) {
        (Command::Ask(_), Some(broken)) => return Err(broken.clone()),
        (_, Some(broken)) => out.warn(broken),
        (_, None) => {}
    }
    if let Command::Config(Config {
        command: ConfigCommand::Show { .. },
    }) = wanted
    {
        // The screen names the first of them and sends here for the rest.
        for problem in &KeyMap::load(&KeyMap::shipped(), &settings.keys_file).1 {
            out.warn(problem);
        }
        return Ok(cli::config(out, &settings));
    }
    headless(wanted, settings, out)
}

/// The commands that need an engine but no screen.
fn headless(wanted: Command, settings: Settings, out: &mut Out) -> Result<Exit, Failure> {
    let question = match &wanted {
        Command::Ask(ask) => Some(Question::of(ask)?),
        Command::List(_)
        | Command::Search(_)
        | Command::Show(_)
        | Command::Open(_)
        | Command::Edit(_)
        | Command::Rm(_)
        | Command::Restore(_)
        | Command::Export(_)
        | Command::Models(_)
        | Command::Personas(_)
        | Command::Prompts(_)
        | Command::Sync(_)
        | Command::Doctor(_)
        | Command::Config(_)
        | Command::Completions(_)
        | Command::Man(_) => None,
    };
    log_panics();
    let mint = mint();
    let options = Options { is_screen: false };
    let (keys, bad_keys) = KeyMap::load(&KeyMap::shipped(), &settings.keys_file);
    let is_look = matches!(wanted, Command::Doctor(_));
    let look = || Facts::here(&settings.ui.around, &keys, Instant::now);
    let terminal = is_look.then(look).flatten();
    let (handle, signals) = start(settings, keys, &mint, options)?;
    let mut line = Line::new(handle.requests, handle.events, signals);
    let face = async {
        match (wanted, question) {
            (Command::Ask(_), Some(question)) => cli::ask(&mut line, out, question, &mint).await,
            (Command::List(list), _) => cli::list(&mut line, out, list).await,
            (Command::Search(search), _) => cli::search(&mut line, out, search).await,
            (Command::Show(show), _) => {
                cli::show(&mut line, out, show.id, (show.offset, show.limit)).await
            }
            (Command::Edit(edit), _) => cli::edit(&mut line, out, edit).await,
            (Command::Rm(rm), _) => cli::rm(&mut line, out, rm).await,
            (Command::Restore(restore), _) => cli::restore(&mut line, out, restore).await,
            (Command::Export(export), _) => cli::export(&mut line, out, export).await,
            (Command::Personas(Personas { command, .. }), _) => {
                cli::personas(&mut line, out, command, &mint).await
            }
            (Command::Prompts(Prompts { command, .. }), _) => {
                cli::prompts(&mut line, out, command, &mint).await
            }
            (Command::Sync(sync), _) if sync.check => cli::check_sync(&mut line, out).await,
            (Command::Sync(sync), _) => cli::sync(&mut line, out, sync.all).await,
            (Command::Models(models), _) => {
                cli::models(&mut line, out, &models.filter, models.refresh).await
            }
            (Command::Doctor(doctor), _) => {
                let mut terminal = match terminal {
                    Some(facts) => facts.with_tmux().await.findings(),
                    None => vec![Finding::skipped("terminal", "there is none here")],
                };
                terminal.insert(0, tui::facts::keymap(&bad_keys));
                cli::doctor(&mut line, out, doctor.offline, terminal).await
            }
            // Those that need no engine were done before.
            (
                Command::Ask(_)
                | Command::Open(_)
                | Command::Config(_)
                | Command::Completions(_)
                | Command::Man(_),
                _,
            ) => Exit::DONE,
        }
    };
    Ok(face_runtime()?.block_on(face))
}

/// What the arguments say of the screen.
struct Begin {
    /// The conversation to show first.
    named: Option<String>,
    is_model_given: bool,
}

/// The screen, beside the engine that opens the database meanwhile.
fn screen(settings: Settings, begin: Begin) -> Result<Exit, Failure> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(no_terminal());
    }
    let (keys, bad_keys) = KeyMap::load(&KeyMap::shipped(), &settings.keys_file);
    let mint = mint();
    let mut model = model(&settings, keys.clone(), &bad_keys, mint.clone());
    model.is_model_given = begin.is_model_given;
    model.named = begin.named;
    tui::terminal::guard_panics(std::thread::current().id());
    log_panics();
    let around = settings.ui.around.clone();
    let folder = settings.paths.state_dir.clone();
    let (handle, mut signals) = start(settings, keys, &mint, Options { is_screen: true })?;
    let engine = tui::Engine {
        requests: handle.requests,
        events: handle.events,
    };
    let (told, heard) = mpsc::channel(4);
    let mut exit = Exit::DONE;
    let stops = told.clone();
    let (gone, went) = oneshot::channel();
    let mut went = went.fuse();
    watch_terminal(gone)?;
    let relay = async {
        loop {
            let signal = tokio::select! {
                Some(signal) = signals.recv() => signal,
                Ok(()) = &mut went => Signal::HungUp,
                else => break,
            };
            exit = signal.exit();
            // A screen that has left needs no telling.
            let _ = told.send(tui::msg::Signal::Leave).await;
        }
        std::future::pending::<()>().await;
    };
    let runtime = face_runtime()?;
    let left = runtime.block_on(async {
        tokio::select! {
            left = tui::run(model, (around, folder), heard, engine) => left,
            () = relay => Err(io::ErrorKind::Other.into()),
            () = suspensions(stops) => Err(io::ErrorKind::Other.into()),
        }
    });
    runtime.shutdown_background();
    match left {
        // What stood on the screen stays readable after it.
        Ok(Some(fatal)) => Err(fatal),
        Ok(None) => Ok(exit),
        // Nobody is there to be told.
        Err(error) if rustix::io::Errno::from_io_error(&error) == Some(rustix::io::Errno::IO) => {
            Ok(Signal::HungUp.exit())
        }
        Err(error) => Err(Failure::new(
            FailureKind::Input,
            format!("The terminal cannot be used: {error}"),
            "Start salon in another one.",
        )),
    }
}

/// Tells when the terminal is gone. A hangup signal may never come, and a read of the terminal only says that there is
/// nothing; a poll that asks for nothing wakes for this alone.
fn watch_terminal(gone: oneshot::Sender<()>) -> Result<(), Failure> {
    let watch = move || {
        let stdin = rustix::stdio::stdin();
        let mut fds = [PollFd::new(&stdin, PollFlags::empty())];
        while poll(&mut fds, None) == Err(rustix::io::Errno::INTR) {}
        let _ = gone.send(());
    };
    std::thread::Builder::new()
        .name("terminal".to_owned())
        .stack_size(64 << 10)
        .spawn(watch)
        .map_err(|error| no_threads(&error))?;
    Ok(())
}

/// Passes on each wish to be suspended; never ends.
async fn suspensions(face: Sender<tui::msg::Signal>) {
    let mut stopped = signal(SignalKind::from_raw(TSTP)).ok();
    loop {
        came(&mut stopped).await;
        let _ = face.send(tui::msg::Signal::Suspend).await;
    }
}

/// The face before it has heard of anything: its keys, its looks, and what was wrong in the settings.
fn model(settings: &Settings, keys: KeyMap, bad_keys: &[Failure], mint: Mint) -> Model {
    let mut model = Model::new(mint, keys);
    model.looks = Looks {
        is_plain: settings.ui.no_color,
        set: settings.ui.theme,
        is_light_hint: settings.ui.around.is_light,
        is_asked: settings.ui.around.can_be_asked(),
        ..Looks::default()
    };
    model.has_mouse = settings.ui.mouse;
    model.editor.clone_from(&settings.ui.editor);
    model.home_folder.clone_from(&settings.ui.home);
    model.set_model.clone_from(&settings.model);
    model.set_system.clone_from(&settings.chat.system);
    model.bad_keys = bad_keys.to_vec();
    model.composer.most_chars = settings.chat.max_input_chars;
    let longest = settings.ui.paste_chip_chars;
    model.composer.editor.fold_pastes_over(longest);
    let problems: Vec<&Failure> = settings
        .broken
        .iter()
        .chain(&settings.problems)
        .chain(bad_keys)
        .collect();
    if let Some(first) = problems.first() {
        // The place comes first, and that there are more: the line may be cut.
        let title = match (problems.len() - 1, first.title.split_once(": ")) {
            (0, _) => first.title.clone(),
            (more, Some((place, what))) => {
                format!("{place} and {more} more (salon config show): {what}")
            }
            (more, None) => format!("{} and {more} more (salon config show)", first.title),
        };
        model.warn(&Failure {
            title,
            ..(*first).clone()
        });
    }
    model
}

fn no_terminal() -> Failure {
    Failure::new(
        FailureKind::Input,
        "The screen needs a terminal",
        "Start salon in one, or use `salon ask` in scripts and pipes.",
    )
}

/// Panics of the engine's threads go to the log with their trace and without their message, which may hold somebody's
/// words.
fn log_panics() {
    let former = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().name() != Some(ENGINE_THREAD) {
            return former(info);
        }
        let place = info
            .location()
            .map_or_else(String::new, ToString::to_string);
        let trace = std::backtrace::Backtrace::force_capture();
        tracing::error!("a panic at {place}\n{trace}");
    }));
}

/// The environment, as far as it is text.
fn environment() -> std::collections::BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Ids and stamps on the wall clock, days where the user is.
fn mint() -> Mint {
    Mint::new(Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let ms = since.map_or(0, |since| since.as_millis());
        Millis(i64::try_from(ms).unwrap_or(i64::MAX))
    }))
    .in_zone(jiff::tz::TimeZone::system)
}

/// Starts the engine on threads of its own, with the watch over signals. They end with the process: a face that has
/// heard `Stopped` may leave.
fn start(
    settings: Settings,
    keys: KeyMap,
    mint: &Mint,
    options: Options,
) -> Result<(Handle, Receiver<Signal>), Failure> {
    let (handle, requests, events) = engine::channels();
    let (told, signals) = mpsc::channel(4);
    let asks = handle.requests.downgrade();
    let mint = mint.clone();
    let threads = runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name(ENGINE_THREAD)
        .enable_all()
        .build()
        .map_err(|error| no_threads(&error))?;
    let engine = async move {
        let parts = Parts {
            providers: providers(&settings, &keys, options),
            settings,
            mint,
            options,
        };
        engine::run(parts, requests, events).await;
    };
    // Before the screen is entered: a signal that came earlier would end the process and leave the terminal raw.
    let listeners = {
        let _inside = threads.enter();
        [
            SignalKind::hangup(),
            SignalKind::interrupt(),
            SignalKind::terminate(),
        ]
        .map(|kind| signal(kind).ok())
    };
    let watch = watch(listeners, told, asks);
    std::thread::Builder::new()
        .name(ENGINE_THREAD.to_owned())
        .spawn(move || threads.block_on(async { tokio::join!(watch, engine) }))
        .map_err(|error| no_threads(&error))?;
    Ok((handle, signals))
}

/// The providers of the settings, and a guide that speaks as fast as it is read.
fn providers(settings: &Settings, keys: &KeyMap, options: Options) -> Providers {
    let pace = match options.is_screen {
        true => GuidePace::WordsPerSecond(60),
        false => GuidePace::AtOnce,
    };
    Providers::new(settings, Guide::new(Manual::new(keys), pace))
}

/// The runtime of a face, on this thread.
fn face_runtime() -> Result<runtime::Runtime, Failure> {
    runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| no_threads(&error))
}

fn no_threads(error: &io::Error) -> Failure {
    Failure::new(
        FailureKind::Bug,
        format!("Salon cannot start its threads: {error}"),
        "See whether the system's limits leave room for them.",
    )
}

/// Tells the face of signals. Where it does not leave in time, because its terminal hangs, the words are saved in its
/// place; a second signal leaves at once. Never ends by itself.
async fn watch(
    listeners: [Option<Listener>; 3],
    face: Sender<Signal>,
    asks: mpsc::WeakSender<Request>,
) {
    let [mut hung_up, mut interrupted, mut terminated] = listeners;
    let mut next = async || {
        tokio::select! {
            () = came(&mut hung_up) => Signal::HungUp,
            () = came(&mut interrupted) => Signal::Interrupted,
            () = came(&mut terminated) => Signal::Terminated,
        }
    };
    let first = next().await;
    let leave = |signal: Signal| {
        tui::terminal::leave();
        std::process::exit(i32::from(signal.exit().0));
    };
    if face.send(first).await.is_err() {
        leave(first);
    }
    tokio::select! {
        second = next() => leave(second),
        () = tokio::time::sleep(FACE) => {}
    }
    if let Some(asks) = asks.upgrade() {
        let stop = Request {
            id: RequestId(u64::MAX),
            command: protocol::Command::Stop,
        };
        let _ = tokio::time::timeout(ENGINE, asks.send(stop)).await;
    }
    tokio::select! {
        second = next() => leave(second),
        () = tokio::time::sleep(ENGINE) => leave(first),
    }
}

async fn came(listener: &mut Option<Listener>) {
    match listener {
        Some(listener) => {
            listener.recv().await;
        }
        None => std::future::pending().await,
    }
}
