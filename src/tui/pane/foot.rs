//! The words below a message: how it ended, what can be done, what it cost.

use crate::domain::clean::Clean;
use crate::domain::failure::Failure;
use crate::domain::message::{Finish, Message, Role, Status};
use crate::domain::usage::Usage;
use crate::keys::{Action, Context, KeyMap};
use crate::tui::canvas::width;
use crate::tui::text::wrap::plain;
use crate::tui::theme::{Look, Tone};

/// A line of the foot.
#[derive(Clone)]
pub(super) struct Line {
    pub left: Clean,
    /// What can be done, said after `left` with the keys that work where the focus is.
    pub offers: &'static [Action],
    pub right: Clean,
    pub look: Look,
}

impl Line {
    /// The line as rows of at most this width; only words wrap.
    pub fn wrapped(&self, width: u16) -> Vec<Line> {
        if !self.offers.is_empty() || !self.right.is_empty() {
            return vec![self.clone()];
        }
        plain(&self.left, self.look, width.max(1))
            .iter()
            .map(|row| Line {
                left: Clean::line(row.text()),
                ..self.clone()
            })
            .collect()
    }

    /// A line of words.
    pub fn words(left: &str, tone: Tone) -> Self {
        Line {
            left: Clean::line(left),
            offers: &[],
            right: Clean::default(),
            look: Look::of(tone),
        }
    }

    /// A line of what can be done.
    pub fn offers(offers: &'static [Action]) -> Self {
        Line {
            offers,
            ..Line::words("", Tone::Dim)
        }
    }
}

/// The keys of what can be done with a message: letters while the transcript has the focus, else words to type
/// (decisions 2.15).
#[derive(Clone, Debug, Default)]
pub struct Hints {
    letters: Vec<(Action, String)>,
}

impl Hints {
    /// The hints of this key map.
    pub fn new(keys: &KeyMap) -> Self {
        let letter = |action: &Action| Some((*action, keys.hint(Context::Transcript, *action)?));
        Hints {
            letters: CUT.iter().chain(BAR).filter_map(letter).collect(),
        }
    }

    /// The key of an action that is offered, while the transcript has the focus.
    pub(super) fn key(&self, action: Action) -> Option<&str> {
        let mut letters = self.letters.iter();
        letters
            .find(|(a, _)| *a == action)
            .map(|(_, key)| key.as_str())
    }

    /// One line that offers these actions, the first ones where there is no room for all.
    pub(super) fn line(&self, offers: &[Action], is_focused: bool, room: u16) -> Clean {
        let part = |action: &Action| {
            let letter = self.key(*action)?;
            match (is_focused, action.word()) {
                (true, _) => Some(format!("{letter} {}", name(*action))),
                (false, word) => word.map(|word| format!("/{word}")),
            }
        };
        let mut line = String::new();
        for part in offers.iter().filter_map(part) {
            let dot = if line.is_empty() { "" } else { " · " };
            if width(&line) + width(dot) + width(&part) > room {
                break;
            }
            line.push_str(dot);
            line.push_str(&part);
        }
        Clean::line(&line)
    }
}

/// What a cut reply offers.
const CUT: &[Action] = &[
    Action::Retry,
    Action::Continue,
    Action::EditQuestion,
    Action::RetryWith,
    Action::Details,
];

/// What the line under the messages offers, and a folded message.
const BAR: &[Action] = &[
    Action::FoldLong,
    Action::Copy,
    Action::WriteBlock,
    Action::Quote,
    Action::NextBlock,
    Action::PreviousBlock,
    Action::NextHit,
    Action::PreviousHit,
];

fn name(action: Action) -> &'static str {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only what a foot offers has a short name"
    )]
    match action {
        Action::Retry => "retry",
        Action::Continue => "continue",
        Action::EditQuestion => "edit",
        Action::RetryWith => "other model",
        Action::Details => "details",
        Action::Copy => "copy",
        Action::WriteBlock => "write",
        Action::Quote => "quote",
        Action::NextBlock | Action::NextHit => "next",
        Action::PreviousBlock | Action::PreviousHit => "before",
        _ => action.about(),
    }
}

/// How a reply ended when that is worth saying, and what can be done.
pub(super) fn notices(message: &Message, is_elsewhere: bool) -> Vec<Line> {
    let line = Line::words;
    let failure = |fallback: &str| {
        let Some(Failure { title, remedy, .. }) = &message.failure else {
            return fallback.to_owned();
        };
        let dot = if remedy.is_empty() { "" } else { ". " };
        format!("{title}{dot}{remedy}")
    };
    match message.status {
        Status::Streaming if is_elsewhere => vec![line("being written elsewhere", Tone::Warning)],
        Status::Streaming => vec![line("being written", Tone::Warning)],
        Status::Stopped => vec![line("■ stopped", Tone::Warning), Line::offers(CUT)],
        Status::Interrupted => {
            let words = failure("The reply was interrupted. What arrived is kept.");
            vec![
                line(&format!("▲ interrupted: {words}"), Tone::Error),
                Line::offers(CUT),
            ]
        }
        Status::Failed => {
            let words = failure("The provider reported an error. What arrived is kept.");
            vec![
                line(&format!("▲ failed: {words}"), Tone::Error),
                Line::offers(CUT),
            ]
        }
        Status::Complete | Status::Unsent => match &message.finish {
            Some(Finish::Length) => vec![
                line("▲ cut at the limit", Tone::Warning),
                Line::offers(&[Action::Continue, Action::Retry, Action::Details]),
            ],
            Some(Finish::Filter) => vec![line("▲ stopped by the provider's filter", Tone::Warning)],
            Some(Finish::Refusal) => vec![line("▲ refused by the model", Tone::Warning)],
            Some(Finish::Other(word)) => vec![line(&format!("ended: {word}"), Tone::Dim)],
            Some(Finish::Stop) | None => Vec::new(),
        },
    }
}

/// `1.2 s · 312 tok · $0.0034`; what is not known is left out.
pub(super) fn figures(message: &Message) -> String {
    let mut parts = Vec::new();
    if let Some(ms) = message.total_ms {
        parts.push(seconds(ms));
    }
    let about = if message.usage.is_some_and(|usage| usage.is_estimate) {
        "≈"
    } else {
        ""
    };
    if let Some(tokens) = message.usage.as_ref().and_then(|usage| usage.output) {
        parts.push(format!("{about}{tokens} tok"));
    }
    if let Some(cost) = message.cost.filter(|cost| cost.0 > 0) {
        parts.push(format!("{about}{}", cost.short()));
    }
    parts.join(" · ")
}

pub(super) fn details(message: &Message) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(model) = &message.model {
        lines.push(format!("model     {model}"));
    }
    if let Some(usage) = &message.usage {
        lines.push(format!("tokens    {}", tokens(usage)));
    }
    if message.role == Role::User {
        lines.push(format!("at        {}", message.created_at.rfc3339()));
        return lines;
    }
    lines.push(match message.cost {
        Some(cost) => format!("cost      ${cost}"),
        None => "cost      not known".to_owned(),
    });
    if let (Some(first), Some(total)) = (message.first_token_ms, message.total_ms) {
        lines.push(format!(
            "time      first word after {}, all in {}",
            seconds(first),
            seconds(total)
        ));
    }
    lines.push(format!("at        {}", message.created_at.rfc3339()));
    for (name, id) in [
        ("response", &message.response_id),
        ("request", &message.request_id),
    ] {
        if let Some(id) = id {
            lines.push(format!("{name:<9} {id}"));
        }
    }
    if let Some(failure) = message
        .failure
        .as_ref()
        .filter(|failure| !failure.detail.is_empty())
    {
        lines.push(format!("detail    {}", failure.detail));
    }
    lines
}

fn tokens(usage: &Usage) -> String {
    let told = |n: Option<u64>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
    let mut out = format!("{} in, {} out", told(usage.input), told(usage.output));
    for (name, n) in [("cached", usage.cached), ("reasoning", usage.reasoning)] {
        if let Some(n) = n.filter(|n| *n > 0) {
            out.push_str(&format!(", {n} {name}"));
        }
    }
    if usage.is_estimate {
        out.push_str(" (counted here)");
    }
    out
}

/// `840 ms`, `1.2 s`, `14 s`, `2 min 5 s`.
pub(super) fn seconds(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..10_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        10_000..60_000 => format!("{} s", ms / 1_000),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}
