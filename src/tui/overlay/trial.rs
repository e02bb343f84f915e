//! A trial: a model's answer to a prompt, growing in the preview and kept nowhere (spec L4).

use ratatui::layout::Rect;

use crate::domain::clean::Clean;
use crate::domain::failure::Failure;
use crate::domain::id::RequestId;
use crate::domain::message::{Finish, Status};
use crate::domain::model::ModelRef;
use crate::domain::prompt::TrialEnd;
use crate::domain::usage::Usage;
use crate::domain::when::Millis;
use crate::protocol::TrialStep;
use crate::tui::canvas::{Canvas, cut, width};
use crate::tui::live::{Pace, Waiting};
use crate::tui::text::doc::{Ctx, Doc};
use crate::tui::text::wrap::plain;
use crate::tui::theme::{Look, Tone};

/// An answer in a preview.
pub struct Trial {
    /// The request whose news make it grow.
    pub request: RequestId,
    model: Option<ModelRef>,
    doc: Doc,
    pace: Pace,
    end: Option<Ending>,
    /// It was asked to stop.
    pub is_stopping: bool,
    /// First row shown; while `follows`, the last rows are shown.
    top: usize,
    follows: bool,
    /// Rows of the whole answer at the last layout.
    rows: usize,
    area: Rect,
    /// How it goes or ended, one line of words each.
    status: Vec<(Clean, Tone)>,
}

enum Ending {
    Over(Box<TrialEnd>),
    Refused(Failure),
}

impl Trial {
    /// Asked by this request at this tick.
    pub fn begun(request: RequestId, tick: u64) -> Trial {
        Trial {
            request,
            model: None,
            doc: Doc::growing(),
            pace: Pace::started(tick),
            end: None,
            is_stopping: false,
            top: 0,
            follows: true,
            rows: 0,
            area: Rect::default(),
            status: Vec::new(),
        }
    }

    /// Whether it is not over.
    pub fn is_running(&self) -> bool {
        self.end.is_none()
    }

    /// The model that is asked, once that is known.
    pub fn model(&self) -> Option<&ModelRef> {
        self.model.as_ref()
    }

    /// What the engine said of it.
    pub fn hear(&mut self, step: TrialStep, tick: u64) {
        match step {
            TrialStep::Started { model } => self.model = Some(model),
            TrialStep::Waiting {
                until,
                why,
                attempt,
            } => self.pace.wait(Waiting {
                until,
                since: None,
                why,
                attempt,
            }),
            TrialStep::Thought { .. } => self.pace.thought(tick),
            TrialStep::Grew { text } => {
                self.pace.grew(tick, &text);
                self.doc.push(&text);
            }
            TrialStep::Ended(end) => {
                self.model = Some(end.model.clone());
                self.close();
                self.end = Some(Ending::Over(end));
            }
        }
    }

    /// The request was refused.
    pub fn refuse(&mut self, failure: Failure) {
        self.close();
        self.end = Some(Ending::Refused(failure));
    }

    fn close(&mut self) {
        let words = self.doc.source().to_owned();
        self.doc.end(words);
    }

    /// Moves the answer by so many rows; at its end it is followed again.
    pub fn scroll(&mut self, by: isize) {
        let most = self.most();
        let from = if self.follows { most } else { self.top };
        self.top = from.saturating_add_signed(by).min(most);
        self.follows = self.top == most;
    }

    fn text_rows(&self) -> u16 {
        let status = u16::try_from(self.status.len()).unwrap_or(0);
        self.area.height.saturating_sub(status)
    }

    fn most(&self) -> usize {
        self.rows.saturating_sub(usize::from(self.text_rows()))
    }

    /// Rows it would like to have at this width.
    pub fn wanted(&self) -> usize {
        self.rows + self.status.len()
    }

    /// Takes its place, by the clock of the screen and the wall's.
    pub fn layout(&mut self, area: Rect, tick: u64, now: Millis) {
        self.area = area;
        self.status = self.status_lines(tick, now);
        let ctx = Ctx::default();
        self.doc.settle(area.width, &ctx);
        self.rows = (0..self.doc.block_count())
            .map(|block| self.doc.height(block, area.width, &ctx))
            .sum();
        self.top = if self.follows {
            self.most()
        } else {
            self.top.min(self.most())
        };
    }

    fn status_lines(&self, tick: u64, now: Millis) -> Vec<(Clean, Tone)> {
        let room = self.area.width;
        let lines = |words: &str, tone: Tone| -> Vec<(Clean, Tone)> {
            plain(&Clean::line(words), Look::default(), room.max(1))
                .iter()
                .map(|row| (Clean::line(row.text()), tone))
                .collect()
        };
        match &self.end {
            None => lines(&self.pace.words(tick, now, room), Tone::Accent),
            Some(Ending::Refused(failure)) => lines(&failure_words(failure), Tone::Error),
            Some(Ending::Over(end)) => {
                let mut all = Vec::new();
                if let Some(failure) = &end.failure {
                    all.extend(lines(&failure_words(failure), Tone::Error));
                } else if let Some(words) = ending(end) {
                    all.extend(lines(words, Tone::Warning));
                }
                all.extend(lines(&figures(end), Tone::Dim));
                all
            }
        }
    }

    /// Draws the answer and, below it, how it goes.
    pub fn paint(&self, canvas: &mut Canvas<'_>) {
        let text = self.text_rows();
        let mut y = 0;
        let mut skip = self.top;
        for block in 0..self.doc.block_count() {
            let rows = self.doc.rows(block);
            for row in rows.iter().skip(skip) {
                if y == text {
                    break;
                }
                let line = Rect {
                    y: self.area.y + y,
                    height: 1,
                    ..self.area
                };
                row.paint(canvas.buffer, line, canvas.theme);
                y += 1;
            }
            skip = skip.saturating_sub(rows.len());
        }
        let from = y.min(text);
        for (y, (words, tone)) in (from..self.area.height).zip(&self.status) {
            let words = cut(words, self.area.width);
            canvas.put(self.area, (0, y), &words, Look::of(*tone));
        }
        if self.top + usize::from(text) < self.rows && text > 0 && self.area.width > 12 {
            let more = Clean::own(" ↓ more");
            let x = self.area.width - width(&more);
            canvas.put(self.area, (x, text - 1), &more, Look::of(Tone::Dim));
        }
    }
}

fn failure_words(failure: &Failure) -> String {
    format!("▲ {failure}")
}

/// How it ended when that is worth saying.
fn ending(end: &TrialEnd) -> Option<&'static str> {
    match (end.status, &end.finish) {
        (Status::Stopped, _) => Some("stopped"),
        (Status::Interrupted | Status::Failed, _) => Some("cut"),
        (_, Some(Finish::Length)) => Some("cut at the longest answer allowed"),
        (_, Some(Finish::Filter)) => Some("cut by the provider's filter"),
        (_, Some(Finish::Refusal)) => Some("the model refuses"),
        (Status::Unsent | Status::Streaming | Status::Complete, _) => None,
    }
}

/// Model, time, tokens and cost: what is known of them.
fn figures(end: &TrialEnd) -> String {
    let mut parts = vec![
        end.model.to_string(),
        format!("{}.{} s", end.total_ms / 1000, end.total_ms % 1000 / 100),
    ];
    if let Some(tokens) = end.usage.as_ref().and_then(tokens) {
        parts.push(tokens);
    }
    match end.cost {
        Some(cost) => parts.push(cost.short()),
        None if end.usage.is_some() => parts.push("cost not known".to_owned()),
        None => {}
    }
    parts.join(" · ")
}

fn tokens(usage: &Usage) -> Option<String> {
    let total = usage.total()?;
    let about = if usage.is_estimate { "≈ " } else { "" };
    let parts = match (usage.input, usage.output) {
        (Some(input), Some(output)) => format!(" ({input} in, {output} out)"),
        _ => String::new(),
    };
    Some(format!("{about}{total} tok{parts}"))
}
