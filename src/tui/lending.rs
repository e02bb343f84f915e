//! The terminal is lent to the user's own editor and taken back; the engine is heard meanwhile.

use std::io;
use std::time::Duration;

use crossterm::event::EventStream;
use tokio::sync::mpsc::Receiver;

use super::model::Model;
use super::msg::{Msg, Signal};
use super::terminal::{self, Screen};
use super::{Face, outside};
use crate::domain::id::MessageId;

/// The same signal reaches the editor and salon within this time.
const TOGETHER: Duration = Duration::from_millis(200);

impl Face {
    /// Lends the terminal to the user's own editor, which has the keys until it ends; the engine is heard meanwhile.
    pub(super) async fn lend(
        &mut self,
        model: &mut Model,
        screen: &mut Screen,
        (reader, signals): (&mut Option<EventStream>, &mut Receiver<Signal>),
        text: &str,
    ) -> io::Result<()> {
        // It would take the editor's keys. The next one is made when it is gone: both would wait for one lock.
        *reader = None;
        terminal::leave();
        let mut is_over = false;
        let text = self
            .edit(model, screen, (signals, &mut is_over), text)
            .await;
        let entered = screen.enter_again();
        let text = text.map_err(|error| outside::failed(&model.editor, &error.to_string()));
        self.apply(model, screen, Msg::Edited(text))?;
        if is_over {
            self.apply(model, screen, Msg::Signal(Signal::Leave))?;
        }
        // What was written is kept even where the terminal is gone.
        entered
    }

    /// Runs the editor to its end; a signal to leave ends it.
    async fn edit(
        &mut self,
        model: &mut Model,
        screen: &mut Screen,
        (signals, is_over): (&mut Receiver<Signal>, &mut bool),
        text: &str,
    ) -> io::Result<String> {
        let name = format!("salon-{}", model.mint.id::<MessageId>());
        let lent = outside::Lent::new(&name, text)?;
        let mut child = lent.edit(&model.editor)?;
        let status = loop {
            tokio::select! { biased;
                Some(signal) = signals.recv() => match signal {
                    // The editor was stopped with its whole group, as Ctrl+Z does.
                    Signal::Suspend => terminal::stop_oneself()?,
                    Signal::Leave => {
                        *is_over = true;
                        outside::end(&child)?;
                    }
                },
                status = child.wait() => break status?,
                Some(event) = self.events.recv() => self.news(model, screen, Some(event))?,
            }
        };
        if !status.success() && !*is_over {
            // What ended the editor may have ended salon too.
            let late = tokio::time::timeout(TOGETHER, signals.recv()).await;
            *is_over = matches!(late, Ok(Some(Signal::Leave)));
        }
        if status.success() || *is_over {
            lent.text()
        } else {
            Err(io::Error::other(status.to_string()))
        }
    }
}
