//! Fills the settings from their layers: shipped file, user's file, environment, arguments.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::DeTable;

use super::reader::{Reader, Shown, flag, number, path};
use super::tree::{Entry, Known, read};
use super::{
    Around, ChatSettings, Chores, Ground, Layer, Limits, Paths, ProviderSettings, Retention,
    Settings, Ui, environment, hub, network, providers,
};
use crate::domain::conversation::Sampling;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::model::ModelRef;
use crate::domain::price::{Price, Tariff};
use crate::domain::usage::Money;
use crate::domain::when::Millis;

/// All keys with the values they have when nobody sets them.
const SHIPPED: &str = include_str!("../../config/salon.toml");
/// The models providers begin with.
const MODELS: &str = include_str!("../../config/models.toml");
/// The newest form of the config file.
const VERSION: u32 = 1;

/// What the layers are read from; tests give their own.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
    /// `--model`.
    pub model: Option<String>,
    /// `--no-mouse`.
    pub no_mouse: bool,
    /// The environment, `std::env::vars()` in the program.
    pub environment: BTreeMap<String, String>,
    /// Names the providers whose keys salon keeps itself by the file of its keys, for `LLM_MODEL` without a provider.
    pub kept: Option<fn(&Path) -> BTreeSet<String>>,
}

/// Reads and checks all layers. A failure only where nothing sensible can be done: no home folder, or a `--model`
/// that is no model.
pub fn load(layers: &Layers) -> Result<Settings, Failure> {
    let paths = Paths::find(layers)?;
    let argument = match &layers.model {
        Some(text) => Some(text.parse::<ModelRef>().map_err(|error| {
            Failure::new(
                FailureKind::Input,
                error.to_string(),
                "For example: --model openai/gpt-4o.",
            )
        })?),
        None => None,
    };
    let known = Known::of(SHIPPED);
    let mut reader = Reader::new(Known::of(SHIPPED));
    if let Ok((values, _)) = read(SHIPPED, "the shipped file", Layer::Shipped, &known) {
        reader.add(values);
    }
    let broken = add_file(layers, &paths, &known, &mut reader).err();
    environment::add(layers, &known, &mut reader);
    if layers.no_mouse {
        let off = Entry {
            text: "off".to_owned(),
            layer: Layer::Arguments,
            place: "--no-mouse".to_owned(),
        };
        reader.add([(path("ui.mouse"), off)]);
    }

    let defaults = Defaults::of(MODELS);
    let providers = all_providers(layers, &mut reader, &defaults);
    let has_key = |name: &str| {
        let Some(provider) = providers.get(name).filter(|one| one.enabled) else {
            return false;
        };
        let is_kept = |kept: fn(&Path) -> BTreeSet<String>| kept(&paths.secrets).contains(name);
        provider.key.is_set() || layers.kept.is_some_and(is_kept)
    };
    let model = choose_model(layers, &mut reader, argument, has_key, &defaults);
    let usable: Vec<&DefaultModels> = defaults.usable(&providers).collect();
    let fallback = |row: &&DefaultModels| ModelRef::new(row.provider.clone(), row.first.clone());
    let fallback_models = usable.iter().map(fallback).collect();
    let listed = usable.iter().filter(|row| row.is_first_listed);
    let first_listed = listed.map(|row| row.provider.clone()).collect();
    let keys_file = read_keys(&paths.keys, &mut reader);
    check_version(&mut reader);
    let chat = chat(&mut reader);
    let limits = limits(&mut reader);
    let chores = Chores {
        title_model: model_at(&mut reader, "chores.title_model"),
        titles: reader.flag(&path("chores.titles")).unwrap_or(true),
    };
    let retention = retention(&mut reader);
    let pricing = pricing(&mut reader);
    let ui = ui(layers, &mut reader);
    let network = network::read(layers, &mut reader);
    let user_id = reader.text(&path("user_id"));
    let sync = hub::read(&mut reader);
    let (origins, problems) = reader.finish();
    Ok(Settings {
        model,
        fallback_models,
        first_listed,
        chat,
        limits,
        chores,
        retention,
        providers,
        pricing,
        ui,
        network,
        user_id,
        sync,
        log_filter: layers.variable("SALON_LOG").map(str::to_owned),
        paths,
        keys_file,
        problems,
        broken,
        origins,
    })
}

/// Adds the user's file; the failure when it cannot be used at all.
fn add_file(
    layers: &Layers,
    paths: &Paths,
    known: &Known,
    reader: &mut Reader,
) -> Result<(), Failure> {
    let file = &paths.config;
    let is_named = Paths::named_config(layers).is_some();
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_named => return Ok(()),
        Err(error) => return Err(unreadable(file, &error)),
    };
    let name = file
        .file_name()
        .map_or_else(|| "salon.toml".into(), |name| name.to_string_lossy());
    let (values, problems) = read(&text, &name, Layer::File, known)
        .map_err(|failure| failure.with_detail(file.display().to_string()))?;
    reader.problems.extend(problems);
    reader.add(values);
    Ok(())
}

/// The text of `keys.toml`, empty when there is none.
fn read_keys(file: &Path, reader: &mut Reader) -> String {
    match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                reader.problems.push(unreadable(file, &error));
            }
            String::new()
        }
    }
}

fn unreadable(file: &Path, error: &io::Error) -> Failure {
    const KNOWN: [(io::ErrorKind, &str, &str); 4] = [
        (
            io::ErrorKind::NotFound,
            "there is no such file",
            "Check the name.",
        ),
        (
            io::ErrorKind::PermissionDenied,
            "you may not read it",
            "Check its rights.",
        ),
        (
            io::ErrorKind::InvalidData,
            "it is not UTF-8 text",
            "Save it as UTF-8.",
        ),
        (
            io::ErrorKind::IsADirectory,
            "it is a folder",
            "Name the file in it.",
        ),
    ];
    let found = KNOWN.iter().find(|(kind, ..)| *kind == error.kind());
    let (why, remedy) = found.map_or(
        ("it cannot be read", "Check the file."),
        |(_, why, remedy)| (*why, *remedy),
    );
    let title = format!("{}: {why}", file.display());
    Failure::new(FailureKind::Input, title, remedy).with_detail(error.to_string())
}

/// What `config/models.toml` says, in its order.
struct Defaults {
    rows: Vec<DefaultModels>,
}

struct DefaultModels {
    provider: String,
    first: String,
    /// The first of its listing counts once that is known.
    is_first_listed: bool,
    title: Option<String>,
}

impl Defaults {
    fn of(text: &str) -> Defaults {
        let (tree, _) = DeTable::parse_recoverable(text);
        let rows = tree.get_ref().get("provider").map(|rows| rows.get_ref());
        let rows = rows.and_then(|rows| rows.as_array());
        let row = |row: &toml::Spanned<toml::de::DeValue<'_>>| {
            let table = row.get_ref().as_table()?;
            let text = |key: &str| Some(table.get(key)?.get_ref().as_str()?.to_owned());
            Some(DefaultModels {
                provider: text("name")?,
                first: text("first")?,
                is_first_listed: table
                    .get("first_listed")
                    .and_then(|flag| flag.get_ref().as_bool())
                    .unwrap_or(false),
                title: text("title"),
            })
        };
        Defaults {
            rows: rows
                .map(|rows| rows.iter().filter_map(row).collect())
                .unwrap_or_default(),
        }
    }

    fn first(&self, provider: &str) -> Option<ModelRef> {
        let row = self.rows.iter().find(|row| row.provider == provider)?;
        Some(ModelRef::new(provider, row.first.clone()))
    }

    fn usable(
        &self,
        providers: &BTreeMap<String, ProviderSettings>,
    ) -> impl Iterator<Item = &DefaultModels> {
        let is_usable = |name: &str| providers.get(name).is_some_and(|one| one.enabled);
        self.rows.iter().filter(move |row| is_usable(&row.provider))
    }

    fn title(&self, provider: &str) -> Option<String> {
        let row = self.rows.iter().find(|row| row.provider == provider)?;
        row.title.clone()
    }
}

fn all_providers(
    layers: &Layers,
    reader: &mut Reader,
    defaults: &Defaults,
) -> BTreeMap<String, ProviderSettings> {
    let mut providers = providers::read(layers, reader);
    for (name, provider) in &mut providers {
        provider.title_model = defaults.title(name);
    }
    let sampling = environment::openai_sampling(layers, reader);
    if let Some(openai) = providers.get_mut("openai") {
        openai.sampling = sampling;
    }
    providers
}

/// The model by the order of spec M2 as far as settings decide it.
fn choose_model(
    layers: &Layers,
    reader: &mut Reader,
    argument: Option<ModelRef>,
    has_key: impl Fn(&str) -> bool,
    defaults: &Defaults,
) -> Option<ModelRef> {
    let by_default = model_at(reader, "default_model");
    let by_environment = environment::model(layers, reader, |name| defaults.first(name), has_key);
    let layer = match (&argument, &by_default, &by_environment) {
        (Some(_), ..) => Layer::Arguments,
        (None, Some(_), _) => reader.layer_of(&path("default_model")),
        (None, None, Some(_)) => Layer::Environment,
        (None, None, None) => Layer::Shipped,
    };
    let model = argument.or(by_default).or(by_environment);
    if let Some(model) = &model {
        reader.origin(&path("model"), model.to_string(), layer);
    }
    model
}

fn model_at(reader: &mut Reader, key: &str) -> Option<ModelRef> {
    reader.read(&path(key), Shown::Open, |text| {
        text.parse()
            .map_err(|_| "a model written \"provider/name\"".to_owned())
    })
}

fn check_version(reader: &mut Reader) {
    reader.read(&path("version"), Shown::Open, |text| {
        number(text, &(1..=VERSION))
            .ok_or_else(|| format!("{VERSION}; a larger one is for a newer salon"))
    });
}

fn chat(reader: &mut Reader) -> ChatSettings {
    let most = path("chat.max_input_chars");
    ChatSettings {
        max_input_chars: reader
            .number(&most, 1..=100_000_000, "a whole number from 1 up")
            .unwrap_or(10_000),
        sampling: Sampling {
            temperature: reader.number(
                &path("chat.temperature"),
                0.0..=2.0,
                "a number from 0 to 2",
            ),
            max_output_tokens: reader.number(
                &path("chat.max_output_tokens"),
                1..=u32::MAX,
                "a whole number from 1 up",
            ),
            effort: reader.text(&path("chat.reasoning_effort")),
            stream: reader.flag(&path("chat.stream")),
        },
        system: reader.text(&path("chat.system")).unwrap_or_default(),
    }
}

fn limits(reader: &mut Reader) -> Limits {
    let pace = path("limits.requests_per_minute");
    let mut silence = |key: &str, otherwise: u64| {
        reader
            .read(&path(key), Shown::Open, |text| {
                number(text, &(1..=86_400))
                    .map(Duration::from_secs)
                    .ok_or_else(|| "whole seconds from 1 to 86400".to_owned())
            })
            .unwrap_or(Duration::from_secs(otherwise))
    };
    Limits {
        silence: silence("limits.silence_seconds", 300),
        silence_local: silence("limits.silence_seconds_local", 900),
        requests_per_minute: reader
            .number(&pace, 0..=1_000_000, "a whole number from 0 (no limit) up")
            .unwrap_or(10),
    }
}

fn retention(reader: &mut Reader) -> Retention {
    let mut days = |key: &str, otherwise: u32| {
        reader
            .number(&path(key), 0..=36_500, "whole days from 0 to 36500")
            .unwrap_or(otherwise)
    };
    Retention {
        trash_days: days("storage.trash_days", 30),
        archive_after_days: days("storage.archive_after_days", 0),
        keep_days: days("storage.keep_days", 0),
    }
}

/// Prices by model; flat ones stand under `default_model`, whatever `--model` says.
fn pricing(reader: &mut Reader) -> BTreeMap<ModelRef, Tariff> {
    let mut prices = BTreeMap::new();
    let section = path("pricing");
    let flat = tariff(reader, &section);
    if flat != Tariff::default() {
        let model = reader.set(&path("default_model"));
        match model.and_then(|entry| entry.text.parse::<ModelRef>().ok()) {
            Some(model) => {
                prices.insert(model, flat);
            }
            None => reader.problem(
                "Prices directly under [pricing] hold for default_model, which is not set"
                    .to_owned(),
                "Set default_model, or write [pricing.\"provider/model\"].".to_owned(),
            ),
        }
    }
    for name in reader.names(&section) {
        let Ok(model) = name.parse::<ModelRef>() else {
            continue;
        };
        let mut one = section.clone();
        one.push(name);
        let tariff = tariff(reader, &one);
        prices.insert(model, tariff);
    }
    prices
}

fn tariff(reader: &mut Reader, section: &[String]) -> Tariff {
    let key = |key: &str| {
        let mut path = section.to_vec();
        path.push(key.to_owned());
        path
    };
    let mut take = |name: &str| reader.read(&key(name), Shown::Open, a_token);
    let price = Price {
        input: take("input_per_1k"),
        output: take("output_per_1k"),
        cached: take("cached_per_1k"),
        cache_write: take("cache_write_per_1k"),
        cache_write_long: None,
        reasoning: take("reasoning_per_1k"),
    };
    let from = reader.read(&key("from"), Shown::Open, |text| {
        Millis::of_day(text).ok_or_else(|| "a day, such as 2026-11-21".to_owned())
    });
    Tariff {
        from,
        ..Tariff::flat(price)
    }
}

/// A price in dollars for 1,000 tokens as pico-dollars a token.
fn a_token(text: &str) -> Result<i64, String> {
    match Money::parse(text) {
        Some(Money(pico)) if pico >= 0 => Ok(pico / 1000),
        _ => Err("dollars as a decimal number from 0 up, such as \"0.0025\"".to_owned()),
    }
}

fn ui(layers: &Layers, reader: &mut Reader) -> Ui {
    Ui {
        mouse: reader
            .read(&path("ui.mouse"), Shown::Open, |text| {
                flag(text).map_err(|_| "\"on\" or \"off\"".to_owned())
            })
            .unwrap_or(true),
        theme: reader
            .read(&path("ui.theme"), Shown::Open, |text| {
                Ground::of(text).ok_or_else(|| "\"auto\", \"dark\" or \"light\"".to_owned())
            })
            .unwrap_or_default(),
        ambiguous_width: reader
            .number(&path("ui.ambiguous_width"), 1..=2, "1 or 2")
            .unwrap_or(1),
        paste_chip_chars: reader
            .number(
                &path("ui.paste_chip_chars"),
                1..=usize::MAX,
                "a number of characters from 1 up",
            )
            .unwrap_or(2_000),
        no_color: layers.variable("NO_COLOR").is_some(),
        editor: ["VISUAL", "EDITOR"]
            .into_iter()
            .filter_map(|name| layers.variable(name))
            .find(|editor| !editor.trim().is_empty())
            .unwrap_or("vi")
            .to_owned(),
        around: around(layers),
        home: layers.variable("HOME").map(PathBuf::from),
    }
}

fn around(layers: &Layers) -> Around {
    let is_set = |name: &str| layers.variable(name).is_some();
    let text = |name: &str| layers.variable(name).unwrap_or_default().to_owned();
    Around {
        is_tmux: is_set("TMUX"),
        is_far: is_set("SSH_CONNECTION") || is_set("SSH_TTY"),
        term: text("TERM"),
        program: text("TERM_PROGRAM"),
        no_color: is_set("NO_COLOR"),
        has_wayland: is_set("WAYLAND_DISPLAY"),
        has_x11: is_set("DISPLAY"),
        // The last field is the number of the background's colour.
        is_light: matches!(
            text("COLORFGBG").rsplit(';').next(),
            Some("7" | "9" | "10" | "11" | "12" | "13" | "14" | "15")
        ),
    }
}
