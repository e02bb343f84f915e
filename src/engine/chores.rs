//! Chores: a title after the first complete reply (spec V5). Nobody waits for them, and they yield to sends.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::desk::{Desk, Mouth};
use super::keeper;
use super::measure;
use crate::domain::chat::{ChatMessage, ChatRequest, Delta, Purpose};
use crate::domain::conversation::{Conversation, Sampling, TITLE_MADE, TitleBy, cut_words};
use crate::domain::message::{Message, Role};
use crate::domain::model::ModelRef;
use crate::domain::usage::Usage;
use crate::protocol::{News, Row};
use crate::settings::Settings;
use crate::store::Store;

/// A title takes no longer than this.
const LIMIT: Duration = Duration::from_secs(10);
/// Characters of the question and of the reply that the title is made from.
const ENOUGH: usize = 1_500;
/// After this many messages the first words stay: a title that was not made by then is not worth more requests.
const TRIES: u64 = 6;
/// Tokens a title may take; models that reason need some before it.
const TOKENS: u32 = 400;

const HOW: &str = "You name conversations. Answer with a title of at most six words for the conversation given, in the \
                   language of the question. Only the title: no quotation marks, no full stop, no explanation.";

/// Whether this conversation, whose reply has just become complete, wants a title.
pub fn wants_title(settings: &Settings, conversation: &Conversation) -> bool {
    settings.chores.titles
        && conversation.title_by == TitleBy::Words
        && conversation.message_count <= TRIES
}

/// Who makes it: `chores.title_model`, else the small model of the provider that has seen the words already, else the
/// model that wrote the reply. So no other provider ever sees them unless the settings name it.
pub fn title_model(settings: &Settings, wrote: &ModelRef) -> ModelRef {
    if let Some(model) = &settings.chores.title_model {
        return model.clone();
    }
    settings
        .providers
        .get(&wrote.provider)
        .and_then(|provider| provider.title_model.as_deref())
        .map_or_else(
            || wrote.clone(),
            |name| ModelRef::new(&wrote.provider, name),
        )
}

/// A title to be made.
pub struct Title {
    pub desk: Desk,
    pub store: Store,
    pub conversation: Conversation,
    pub question: Message,
    pub reply: Message,
    pub mouth: Mouth,
    pub token: CancellationToken,
}

impl Title {
    /// Asks for it and writes it. When that fails the first words stay, and only the log says so.
    pub async fn run(mut self) {
        let id = self.conversation.id;
        let wrote = self.reply.model.clone().unwrap_or_else(ModelRef::guide);
        let model = title_model(&self.desk.settings, &wrote);
        if self.desk.providers.check(&model).is_err() {
            tracing::info!(conversation = %id, "no title: its model cannot be asked");
            return;
        }
        let request = request(&model, &self.question.content, &self.reply.content);
        let limit = tokio::time::timeout(LIMIT, ask(&self.desk, &request));
        let Some(Ok((answer, told))) = self.token.run_until_cancelled(limit).await else {
            tracing::info!(conversation = %id, "no title in time");
            return;
        };
        let title = answer.as_deref().and_then(tidy);
        let usage = measure::told_or_estimated(told, &request, &[answer.as_deref().unwrap_or("")]);
        let written = async {
            if answer.is_some() {
                let (desk, store) = (&self.desk, &self.store);
                let row = measure::title_row(desk, store, &self.conversation, (&model, usage));
                store.measure(None, &row.await?).await?;
            }
            match &title {
                Some(title) => self.store.set_title(id, title, TitleBy::Model).await,
                None => self.store.conversation(id).await,
            }
        };
        match written.await {
            Ok(Some(changed)) => {
                let named = keeper::name(&self.desk, &changed);
                self.token.run_until_cancelled(named).await;
                let news = News::Changed(Row::Conversation(changed));
                self.mouth.finish_with(news).await;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(conversation = %id, %error, "no title"),
        }
    }
}

fn request(model: &ModelRef, question: &str, reply: &str) -> ChatRequest {
    let head = |text: &str| text.chars().take(ENOUGH).collect::<String>();
    let words = format!(
        "<question>\n{}\n</question>\n<answer>\n{}\n</answer>\nThe title:",
        head(question),
        head(reply)
    );
    let messages = vec![ChatMessage::new(Role::User, words)];
    ChatRequest {
        system: HOW.to_owned(),
        sampling: Sampling {
            max_output_tokens: Some(TOKENS),
            ..Sampling::default()
        },
        ..ChatRequest::new(model.clone(), Purpose::Title, messages)
    }
}

/// The text of the answer, `None` when there was none, and the usage it told.
async fn ask(desk: &Desk, request: &ChatRequest) -> (Option<String>, Usage) {
    let (mut text, mut usage) = (String::new(), Usage::default());
    let Ok(mut stream) = desk.providers.ask(request).await else {
        return (None, usage);
    };
    while let Some(delta) = stream.next().await {
        match delta {
            Ok(Delta::Text(piece)) => text.push_str(&piece),
            Ok(Delta::Usage(told)) => usage.merge(told),
            Ok(
                Delta::Opened { .. }
                | Delta::Reasoning(_)
                | Delta::Refusal(_)
                | Delta::Note(_)
                | Delta::Alive
                | Delta::Finish(_),
            ) => {}
            Err(_) => break,
        }
    }
    (Some(text), usage)
}

/// A model's answer as a title: one line of at most `TITLE_MADE` characters without reasoning, marks and quotes; `None`
/// when nothing is left.
pub fn tidy(answer: &str) -> Option<String> {
    let answer = match answer.rsplit_once("</think>") {
        Some((_, after)) => after,
        None if answer.trim_start().starts_with("<think>") => return None,
        None => answer,
    };
    let line = answer.lines().map(str::trim).find(|l| !l.is_empty())?;
    let line = line.trim_matches(|c: char| matches!(c, '#' | '*' | '_' | '`') || c.is_whitespace());
    let line = match line.split_once(':') {
        Some((label, rest)) if label.trim().eq_ignore_ascii_case("title") => rest,
        _ => line,
    };
    let title = line
        .trim_matches(|c: char| {
            c.is_whitespace()
                || matches!(
                    c,
                    '"' | '\''
                        | '“'
                        | '”'
                        | '„'
                        | '‘'
                        | '’'
                        | '«'
                        | '»'
                        | '「'
                        | '」'
                        | '*'
                        | '`'
                )
        })
        .trim_end_matches(['.', '。'])
        .trim_end_matches(['"', '”', '»', '」']);
    let title = cut_words(title, TITLE_MADE);
    (!title.is_empty()).then_some(title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_becomes_one_line_without_ornaments() {
        for (answer, title) in [
            ("Rust lifetimes", "Rust lifetimes"),
            ("\n\n\"Rust lifetimes.\"\nBecause …", "Rust lifetimes"),
            ("# **Title: Rust lifetimes**", "Rust lifetimes"),
            (
                "<think>hm\nTitle?</think>\n\nRust lifetimes",
                "Rust lifetimes",
            ),
            ("„Lebenszeiten in Rust“", "Lebenszeiten in Rust"),
            ("「Rust の寿命」。", "Rust の寿命"),
            ("Don't panic", "Don't panic"),
        ] {
            assert_eq!(tidy(answer).as_deref(), Some(title), "{answer}");
        }
        for nothing in ["", " \n ", "\"\"", "<think>still going"] {
            assert_eq!(tidy(nothing), None, "{nothing}");
        }
        let long = tidy(&"word ".repeat(50)).unwrap();
        assert!(long.chars().count() <= TITLE_MADE && long.ends_with('…'));
    }
}
