//! `salon ask`: a question is asked, the reply printed on standard output as it grows.

use super::json::{self, Piece, Started, Waiting};
use super::personas::persona_id;
use super::question::Question;
use super::{Exit, Line, NoAnswer, Out, Signal, exit_of};
use crate::domain::conversation::{Conversation, Draft, NewConversation, Said};
use crate::domain::id::{ConversationId, Mint, RequestId};
use crate::domain::message::{Message, Status};
use crate::domain::model::ModelRef;
use crate::domain::when::Millis;
use crate::protocol::{Answer, Chat, Command, News, Shelf, Step, To, Turn};

/// A turn under way as this face sees it.
struct Asking {
    id: RequestId,
    conversation: ConversationId,
    printed: String,
    signal: Option<Signal>,
    is_cancelled: bool,
}

/// Asks, prints, and ends when everything is measured and saved.
pub async fn ask(line: &mut Line, out: &mut Out, question: Question, mint: &Mint) -> Exit {
    let (to, conversation) = match place(line, out, &question, mint).await {
        Ok(place) => place,
        Err(why) => return line.give_up(why, out).await,
    };
    let send = Turn::Send {
        to,
        question: mint.id(),
        draft: Draft::of(question.text),
    };
    let mut asking = Asking {
        id: line.request(Command::Turn(send)).await,
        conversation,
        printed: String::new(),
        signal: None,
        is_cancelled: false,
    };
    let exit = asking.listen(line, out, mint).await;
    line.stop().await;
    match (out.exit(exit), asking.signal) {
        (Exit::BROKEN_PIPE, _) => Exit::BROKEN_PIPE,
        (_, Some(signal)) => signal.exit(),
        (exit, None) => exit,
    }
}

/// Where the question goes: a new conversation, or one that is changed first as the options say.
async fn place(
    line: &mut Line,
    out: &mut Out,
    question: &Question,
    mint: &Mint,
) -> Result<(To, ConversationId), NoAnswer> {
    let persona = match &question.persona {
        Some(name) => Some(persona_id(line, out, name).await?),
        None => None,
    };
    let Some(id) = &question.conversation else {
        let new = NewConversation {
            id: mint.id(),
            model: question.model.clone(),
            persona: persona.flatten(),
            system: question.system.clone().unwrap_or_default(),
            sampling: question.sampling.clone(),
            history: history(question, mint),
            storage: None,
            is_temporary: question.is_temporary,
        };
        let id = new.id;
        return Ok((To::New(new), id));
    };
    let mut found = find(line, out, id).await?;
    if let Some(persona) = persona.filter(|persona| *persona != found.persona) {
        let conversation = found.id;
        let set = Chat::SetPersona {
            conversation,
            persona,
        };
        let what = line.done(Command::Chat(set), out).await?;
        out.note(&what);
        // It may have brought a model; what the options say comes after it.
        found = find(line, out, &conversation.to_string()).await?;
    }
    for change in changes(&found, question) {
        line.change(Command::Chat(change), out).await?;
    }
    Ok((To::Conversation(found.id), found.id))
}

/// The messages it begins with, under ids that grow.
fn history(question: &Question, mint: &Mint) -> Vec<Said> {
    let said = question.history.iter().map(|(role, text)| Said {
        id: mint.id(),
        role: *role,
        text: text.clone(),
    });
    said.collect()
}

pub(super) async fn find(
    line: &mut Line,
    out: &mut Out,
    id: &str,
) -> Result<Conversation, NoAnswer> {
    let find = Command::Shelf(Shelf::Find { id: id.to_owned() });
    let Answer::Found(found) = line.answer(find, out).await? else {
        return Err(NoAnswer::Failed(super::lost()));
    };
    Ok(found)
}

/// What the options change in a conversation that exists.
fn changes(found: &Conversation, question: &Question) -> Vec<Chat> {
    let conversation = found.id;
    let mut changes = Vec::new();
    if let Some(model) = question.model.clone().filter(|m| *m != found.model) {
        changes.push(Chat::SwitchModel {
            conversation,
            model,
        });
    }
    if let Some(text) = question.system.clone().filter(|s| *s != found.system) {
        changes.push(Chat::SetSystem { conversation, text });
    }
    let sampling = question.sampling.over(&found.sampling);
    if sampling != found.sampling {
        changes.push(Chat::Set {
            conversation,
            sampling,
        });
    }
    changes
}

impl Asking {
    /// Prints what comes until the turn is over.
    async fn listen(&mut self, line: &mut Line, out: &mut Out, mint: &Mint) -> Exit {
        loop {
            let event = match line.event().await {
                Ok(event) => event,
                Err(NoAnswer::Signal(signal)) => {
                    self.signal.get_or_insert(signal);
                    self.cancel(line).await;
                    continue;
                }
                Err(NoAnswer::Failed(failure)) => {
                    out.error(&failure);
                    return exit_of(&failure);
                }
            };
            match event.news {
                News::Turn { step, .. } if event.cause == Some(self.id) => {
                    if let Some(exit) = self.step(step, out, mint.now()) {
                        return exit;
                    }
                }
                News::Refused(failure) if event.cause == Some(self.id) => {
                    out.error(&failure);
                    return exit_of(&failure);
                }
                News::Warned(failure) => out.warn(&failure),
                News::Turn { .. }
                | News::Trial(_)
                | News::Sync(_)
                | News::Expired { .. }
                | News::Refused(_)
                | News::Changed(_)
                | News::Answer(_)
                | News::Fatal(_)
                | News::Stopped => {}
            }
            if out.is_broken() {
                self.cancel(line).await;
            }
        }
    }

    /// Stops the reply; what came is kept.
    async fn cancel(&mut self, line: &mut Line) {
        if !std::mem::replace(&mut self.is_cancelled, true) {
            let conversation = self.conversation;
            line.request(Command::Turn(Turn::Cancel { conversation }))
                .await;
        }
    }

    /// Prints a step; the exit code when it was the last.
    fn step(&mut self, step: Step, out: &mut Out, now: Millis) -> Option<Exit> {
        match step {
            Step::Started { asked, reply, .. } => {
                if out.is_json() {
                    let reply = &reply.message;
                    let guide = ModelRef::guide();
                    out.object(&Started {
                        r#type: "started",
                        conversation: reply.conversation,
                        question: asked.map(|asked| asked.message.id),
                        reply: reply.id,
                        model: reply.model.as_ref().unwrap_or(&guide),
                        created_at: reply.created_at.rfc3339(),
                    });
                }
            }
            Step::Waiting {
                until,
                why,
                attempt,
                ..
            } => waiting(out, (until.0 - now.0).max(0), &why, attempt),
            Step::Thought { text } => {
                if out.is_json() {
                    out.object(&Piece {
                        r#type: "reasoning",
                        delta: &text,
                    });
                }
            }
            Step::Grew { text } => self.grew(&text, out),
            Step::Ended { reply } => {
                let rest = reply.content.get(self.printed.len()..).unwrap_or_default();
                self.grew(rest, out);
                if !out.is_json() {
                    out.end_words();
                }
            }
            Step::Measured {
                reply,
                conversation,
            } => return Some(ended(&reply, &conversation, out)),
            Step::Withdrawn { failure, .. } => {
                if let Some(failure) = &failure {
                    out.error(failure);
                }
                return Some(Exit::FAILED);
            }
        }
        None
    }

    fn grew(&mut self, text: &str, out: &mut Out) {
        if text.is_empty() {
            return;
        }
        self.printed.push_str(text);
        if out.is_json() {
            out.object(&Piece {
                r#type: "text",
                delta: text,
            });
        } else {
            out.words(text);
        }
    }
}

pub(super) fn waiting(out: &mut Out, ms: i64, why: &str, attempt: u32) {
    let tenths = u32::try_from(ms.saturating_add(99) / 100).unwrap_or(u32::MAX);
    let seconds = f64::from(tenths) / 10.0;
    if out.is_json() {
        out.object(&Waiting {
            r#type: "waiting",
            seconds,
            why,
        });
    } else if attempt > 0 {
        out.note(&format!("{why}; retry {attempt} of 2 in {seconds} s"));
    } else {
        out.note(&format!("{why}; waiting {seconds} s"));
    }
}

fn ended(reply: &Message, conversation: &Conversation, out: &mut Out) -> Exit {
    if out.is_json() {
        out.object(&json::ended(reply, conversation));
    }
    if let Some(failure) = &reply.failure {
        out.error(failure);
    } else if reply.status.is_cut() && !out.is_json() {
        out.note(match reply.status {
            Status::Stopped => "stopped; what came is kept",
            Status::Unsent
            | Status::Streaming
            | Status::Complete
            | Status::Interrupted
            | Status::Failed => "the reply was cut; what came is kept",
        });
    }
    match reply.status {
        Status::Complete => Exit::DONE,
        Status::Unsent
        | Status::Streaming
        | Status::Stopped
        | Status::Interrupted
        | Status::Failed => Exit::FAILED,
    }
}
