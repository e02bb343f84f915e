//! One message of the transcript: its head, its reasoning, its blocks and its foot, each laid out for a width.

use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use crate::domain::clean::Clean;
use crate::domain::failure::Failure;
use crate::domain::message::{Finish, Message, Role, Shown, Status};
use crate::domain::usage::Usage;
use crate::tui::canvas::{Canvas, cut, width};
use crate::tui::text::doc::{Ctx, Doc};
use crate::tui::theme::{Look, Tone};

/// A message on the screen.
pub struct Entry {
    pub shown: Shown,
    doc: Doc,
    thinking: Option<Thinking>,
    has_details: bool,
    foot: Vec<Line>,
    /// This salon is writing it.
    is_live: bool,
}

struct Thinking {
    doc: Doc,
    /// The reader's choice; `None` = open while only reasoning has come.
    choice: Option<bool>,
    is_loaded: bool,
}

/// A line of the foot.
struct Line {
    left: Clean,
    right: Clean,
    look: Look,
}

/// A row of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    pub item: usize,
    pub row: usize,
    /// Cells that wide code is moved to the left.
    pub skip: usize,
}

/// What a part of an entry is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    Head,
    Thinking,
    Block(usize),
    Foot,
}

impl Entry {
    /// A message from the store, or one just begun here.
    pub fn new(shown: Shown, is_live: bool) -> Self {
        let doc = if is_live {
            let mut doc = Doc::growing();
            doc.push(&shown.message.content);
            doc
        } else {
            Doc::whole(shown.message.content.clone())
        };
        let thinking = shown.message.thinking_ms.map(|_| Thinking {
            doc: Doc::default(),
            choice: None,
            is_loaded: false,
        });
        let mut entry = Entry {
            shown,
            doc,
            thinking,
            has_details: false,
            foot: Vec::new(),
            is_live,
        };
        entry.refoot(None);
        entry
    }

    /// The message itself; while it grows, its words are in `words`.
    pub fn message(&self) -> &Message {
        &self.shown.message
    }

    /// The words as far as they have come.
    pub fn words(&self) -> &str {
        self.doc.source()
    }

    /// Whether this salon is writing it.
    pub fn is_live(&self) -> bool {
        self.is_live
    }

    /// More of the answer.
    pub fn grow(&mut self, text: &str) {
        self.doc.push(text);
    }

    /// More reasoning.
    pub fn think(&mut self, text: &str) {
        let thinking = self.thinking.get_or_insert_with(|| Thinking {
            doc: Doc::growing(),
            choice: None,
            is_loaded: true,
        });
        thinking.doc.push(text);
    }

    /// The stored reasoning has come.
    pub fn load_thinking(&mut self, text: &str) {
        if let Some(thinking) = &mut self.thinking {
            thinking.doc = Doc::whole(text.to_owned());
            thinking.is_loaded = true;
        }
    }

    /// The reply is over.
    pub fn end(&mut self, message: Message) {
        self.is_live = false;
        self.doc.end(message.content.clone());
        self.change(message);
    }

    /// The row is now like this; words that did not change keep their layout.
    pub fn change(&mut self, message: Message) {
        if !self.is_live && message.content != self.doc.source() {
            self.doc = Doc::whole(message.content.clone());
        }
        if self.thinking.is_none() && message.thinking_ms.is_some() {
            self.thinking = Some(Thinking {
                doc: Doc::default(),
                choice: None,
                is_loaded: false,
            });
        }
        self.shown.is_elsewhere &= message.status == Status::Streaming;
        self.shown.message = message;
        self.refoot(None);
    }

    /// Opens or folds the reasoning; `true` when it must be asked for.
    pub fn toggle_thinking(&mut self) -> bool {
        let is_open = self.is_thinking_open();
        match &mut self.thinking {
            Some(thinking) => {
                thinking.choice = Some(!is_open);
                !is_open && !thinking.is_loaded
            }
            None => false,
        }
    }

    /// Whether there is reasoning.
    pub fn has_thinking(&self) -> bool {
        self.thinking.is_some()
    }

    /// Shows or hides model, tokens, times and ids.
    pub fn toggle_details(&mut self) {
        self.has_details = !self.has_details;
        self.refoot(None);
    }

    fn is_thinking_open(&self) -> bool {
        self.thinking.as_ref().is_some_and(|t| {
            t.choice
                .unwrap_or(self.is_live && self.doc.source().is_empty())
        })
    }

    /// Brings what came since the last frame into shape, and the foot up to date. Called once a frame.
    pub fn settle(&mut self, width: u16, ctx: &Ctx, foot: Option<&str>) {
        if self.is_live {
            self.doc.settle(width, ctx);
            if let Some(thinking) = &mut self.thinking {
                thinking.doc.settle(width.saturating_sub(2), ctx);
            }
            self.refoot(foot);
        }
    }

    /// Items the scrolling counts: head, reasoning, blocks, foot.
    pub fn item_count(&self) -> usize {
        2 + usize::from(self.thinking.is_some()) + self.doc.block_count()
    }

    fn part(&self, item: usize) -> Part {
        let after_head = 1 + usize::from(self.thinking.is_some());
        match item {
            0 => Part::Head,
            1 if self.thinking.is_some() => Part::Thinking,
            _ if item < after_head + self.doc.block_count() => Part::Block(item - after_head),
            _ => Part::Foot,
        }
    }

    /// Rows of an item at this width.
    pub fn height(&mut self, item: usize, width: u16, ctx: &Ctx) -> usize {
        match self.part(item) {
            Part::Head => 1,
            Part::Thinking => {
                let is_open = self.is_thinking_open();
                let Some(thinking) = self.thinking.as_mut().filter(|_| is_open) else {
                    return 1;
                };
                let width = width.saturating_sub(2);
                let blocks = thinking.doc.block_count();
                1 + (0..blocks)
                    .map(|block| thinking.doc.height(block, width, ctx))
                    .sum::<usize>()
            }
            Part::Block(block) => self.doc.height(block, width, ctx),
            // A blank row parts it from the next message.
            Part::Foot => self.foot.len() + 1,
        }
    }

    /// Drops rows that are far from the screen.
    pub fn forget(&mut self) {
        self.doc.forget();
        if let Some(thinking) = &mut self.thinking {
            thinking.doc.forget();
        }
    }

    /// Draws one row of an item into the first row of `area`; code is moved by `skip` cells.
    pub fn paint(&self, canvas: &mut Canvas<'_>, area: Rect, spot: Spot, zone: &TimeZone) {
        let Spot { item, row, skip } = spot;
        match self.part(item) {
            Part::Head => self.paint_head(canvas, area, zone),
            Part::Thinking => self.paint_thinking(canvas, area, row),
            Part::Block(block) => {
                if let Some(line) = self.doc.rows(block).get(row) {
                    let skip = if line.is_whole_line() { skip } else { 0 };
                    line.paint_from(canvas.buffer, area, skip, canvas.theme);
                }
            }
            Part::Foot => {
                if let Some(line) = self.foot.get(row) {
                    let right = width(&line.right);
                    let room = area
                        .width
                        .saturating_sub(if right > 0 { right + 1 } else { 0 });
                    let x = canvas.put(area, (0, 0), &cut(&line.left, room), line.look);
                    canvas.put_right(area, (x, 0), &line.right, Look::of(Tone::Dim));
                }
            }
        }
    }

    fn paint_head(&self, canvas: &mut Canvas<'_>, area: Rect, zone: &TimeZone) {
        let message = self.message();
        let (who, look) = match (message.role, &message.model) {
            (Role::User, _) => (Clean::own("you"), Look::of(Tone::Accent).bold()),
            (Role::System, _) => (Clean::own("system"), Look::of(Tone::Dim)),
            (Role::Assistant, Some(model)) if model.is_guide() => (
                Clean::own("built-in guide, not a language model"),
                Look::default().bold(),
            ),
            (Role::Assistant, Some(model)) => (Clean::line(&model.name), Look::default().bold()),
            (Role::Assistant, None) => (Clean::own("reply"), Look::default().bold()),
        };
        let when = Clean::line(&message.created_at.hour_minute(zone));
        let room = area.width.saturating_sub(width(&when) + 1);
        let x = canvas.put(area, (0, 0), &cut(&who, room), look);
        canvas.put_right(area, (x + 1, 0), &when, Look::of(Tone::Dim));
    }

    fn paint_thinking(&self, canvas: &mut Canvas<'_>, area: Rect, row: usize) {
        let Some(thinking) = &self.thinking else {
            return;
        };
        if row == 0 {
            let sign = if self.is_thinking_open() {
                "▾"
            } else {
                "▸"
            };
            let words = match self.message().thinking_ms {
                Some(ms) => format!("{sign} thought for {}", seconds(ms)),
                None => format!("{sign} thinking"),
            };
            canvas.put(
                area,
                (0, 0),
                &cut(&Clean::line(&words), area.width),
                Look::of(Tone::Dim),
            );
            return;
        }
        let mut left = row - 1;
        let area = Rect {
            x: area.x + 2.min(area.width),
            width: area.width.saturating_sub(2),
            ..area
        };
        for block in 0..thinking.doc.block_count() {
            let rows = thinking.doc.rows(block);
            if let Some(line) = rows.get(left) {
                line.paint(canvas.buffer, area, canvas.theme);
                canvas.tint(Rect { height: 1, ..area }, Look::of(Tone::Dim));
                return;
            }
            left -= rows.len();
        }
    }

    /// Makes the foot anew: how it goes, how it ended, what can be done.
    fn refoot(&mut self, live: Option<&str>) {
        let message = &self.shown.message;
        let dim = Look::of(Tone::Dim);
        let mut lines = Vec::new();
        let place = if self.shown.of > 1 {
            Clean::line(&format!("‹{}/{}›", self.shown.place, self.shown.of))
        } else {
            Clean::default()
        };
        if self.is_live {
            let words = live.unwrap_or("waiting · Esc stops");
            lines.push(Line {
                left: Clean::line(words),
                right: place,
                look: Look::of(Tone::Accent),
            });
        } else if message.role == Role::User {
            if message.status == Status::Unsent {
                let left = Clean::own("not sent yet · r sends it · e edits it");
                lines.push(Line {
                    left,
                    right: place,
                    look: Look::of(Tone::Warning),
                });
            } else if !place.is_empty() {
                lines.push(Line {
                    left: Clean::default(),
                    right: place,
                    look: dim,
                });
            }
        } else {
            lines.extend(notices(message, self.shown.is_elsewhere));
            let figures = Clean::line(&figures(message));
            if !figures.is_empty() || !place.is_empty() {
                lines.push(Line {
                    left: figures,
                    right: place,
                    look: dim,
                });
            }
        }
        if self.has_details {
            let details = details(message).into_iter();
            lines.extend(details.map(|left| Line {
                left: Clean::line(&left),
                right: Clean::default(),
                look: dim,
            }));
        }
        if !lines.is_empty()
            && (message.role == Role::User || self.doc.block_count() > 0 || self.thinking.is_some())
        {
            lines.insert(
                0,
                Line {
                    left: Clean::default(),
                    right: Clean::default(),
                    look: dim,
                },
            );
        }
        self.foot = lines;
    }
}

/// How a reply ended when that is worth saying, and what can be done.
fn notices(message: &Message, is_elsewhere: bool) -> Vec<Line> {
    let line = |left: &str, tone| Line {
        left: Clean::line(left),
        right: Clean::default(),
        look: Look::of(tone),
    };
    let failure = |fallback: &str| {
        let Some(Failure { title, remedy, .. }) = &message.failure else {
            return fallback.to_owned();
        };
        let dot = if remedy.is_empty() { "" } else { ". " };
        format!("{title}{dot}{remedy}")
    };
    let keys = "r retry · c continue · e edit the question · R other model · . details";
    match message.status {
        Status::Streaming if is_elsewhere => vec![line("being written elsewhere", Tone::Warning)],
        Status::Streaming => vec![line("being written", Tone::Warning)],
        Status::Stopped => vec![line("■ stopped", Tone::Warning), line(keys, Tone::Dim)],
        Status::Interrupted => {
            let words = failure("The reply was interrupted. What arrived is kept.");
            vec![
                line(&format!("▲ interrupted: {words}"), Tone::Error),
                line(keys, Tone::Dim),
            ]
        }
        Status::Failed => {
            let words = failure("The provider reported an error. What arrived is kept.");
            vec![
                line(&format!("▲ failed: {words}"), Tone::Error),
                line(keys, Tone::Dim),
            ]
        }
        Status::Complete | Status::Unsent => match &message.finish {
            Some(Finish::Length) => vec![line("▲ cut at the limit · c continue", Tone::Warning)],
            Some(Finish::Filter) => vec![line("▲ stopped by the provider's filter", Tone::Warning)],
            Some(Finish::Refusal) => vec![line("▲ refused by the model", Tone::Warning)],
            Some(Finish::Other(word)) => vec![line(&format!("ended: {word}"), Tone::Dim)],
            Some(Finish::Stop) | None => Vec::new(),
        },
    }
}

/// `1.2 s · 312 tok · $0.0034`; what is not known is left out.
fn figures(message: &Message) -> String {
    let mut parts = Vec::new();
    if let Some(ms) = message.total_ms {
        parts.push(seconds(ms));
    }
    if let Some(tokens) = message.usage.as_ref().and_then(|usage| usage.output) {
        let about = if message.usage.is_some_and(|usage| usage.is_estimate) {
            "≈"
        } else {
            ""
        };
        parts.push(format!("{about}{tokens} tok"));
    }
    if let Some(cost) = message.cost.filter(|cost| cost.0 > 0) {
        parts.push(cost.short());
    }
    parts.join(" · ")
}

fn details(message: &Message) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(model) = &message.model {
        lines.push(format!("model     {model}"));
    }
    if let Some(usage) = &message.usage {
        lines.push(format!("tokens    {}", tokens(usage)));
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
fn seconds(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..10_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        10_000..60_000 => format!("{} s", ms / 1_000),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}
