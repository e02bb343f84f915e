//! wiring
use salon::domain::id::Mint;
use salon::domain::when::Millis;
use salon::engine;
use salon::keys::KeyMap;
use salon::manual::Manual;
use salon::provider::{Guide, GuidePace, Providers};
use salon::settings::{Layers, load};
use salon::tui;
use salon::tui::model::Model;
use std::sync::Arc;

fn main() {
    let clock: salon::domain::when::Clock = Arc::new(|| {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Millis(i64::try_from(now.as_millis()).unwrap_or(0))
    });
    let layers = Layers {
        environment: std::env::vars().collect(),
        ..Layers::default()
    };
    let Ok(settings) = load(&layers) else { return };
    let mint = Mint::new(clock);
    let keymap = KeyMap::shipped();
    let mut model = Model::new(mint.clone(), keymap.clone(), jiff::tz::TimeZone::system());
    model.theme.is_plain = settings.ui.no_color;
    tui::terminal::guard_panics(std::thread::current().id());
    let (_signals, receiver) = tokio::sync::mpsc::channel(4);
    let is_tmux = layers.environment.contains_key("TMUX");
    let start = move || {
        let guide = Guide::new(Manual::new(&keymap), GuidePace::WordsPerSecond(60));
        let providers = Providers::new(&settings, guide);
        let (handle, asked, said) = engine::channels();
        let parts = engine::Parts {
            settings,
            providers,
            mint,
            options: engine::Options { is_screen: true },
        };
        std::thread::spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
            else {
                return;
            };
            runtime.block_on(engine::run(parts, asked, said));
        });
        tui::Engine {
            requests: handle.requests,
            events: handle.events,
        }
    };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    else {
        return;
    };
    let _ = runtime.block_on(tui::run(model, is_tmux, receiver, start));
    runtime.shutdown_background();
}
