//! How the guide speaks: a finished text as the deltas of an answer, word by word at its pace or at once.

use std::collections::VecDeque;

use tokio::time::{Duration, Instant, sleep_until};

use crate::domain::chat::{ChatRequest, Delta};
use crate::domain::message::Finish;
use crate::domain::usage::{Money, Usage};
use crate::provider::guide::GuidePace;

/// A text being said.
pub(super) struct Recital {
    ready: VecDeque<Delta>,
    /// Between two words; `None` = no wait.
    step: Option<Duration>,
    /// When the next word is due.
    due: Instant,
}

impl Recital {
    /// Says `text` as the answer to `request`. The figures are counted words and the cost is 0 (spec M3).
    pub(super) fn new(request: &ChatRequest, text: &str, pace: GuidePace) -> Recital {
        let words = |text: &str| text.split_whitespace().count() as u64;
        let asked: u64 = request.messages.iter().map(|m| words(&m.text)).sum();
        let (pieces, step) = match pace {
            GuidePace::AtOnce => (vec![text.to_owned()], None),
            GuidePace::WordsPerSecond(n) => {
                let step = Duration::from_secs(1) / n.max(1);
                (
                    text.split_inclusive(' ').map(str::to_owned).collect(),
                    Some(step),
                )
            }
        };
        let mut ready = VecDeque::from([Delta::Opened {
            request_id: None,
            response_id: None,
        }]);
        ready.extend(
            pieces
                .into_iter()
                .filter(|p| !p.is_empty())
                .map(Delta::Text),
        );
        ready.push_back(Delta::Usage(Usage {
            input: Some(asked + words(&request.system)),
            output: Some(words(text)),
            cost: Some(Money(0)),
            is_estimate: true,
            ..Usage::default()
        }));
        ready.push_back(Delta::Finish(Finish::Stop));
        Recital {
            ready,
            step,
            due: Instant::now(),
        }
    }

    /// The next delta, when it is due.
    pub(super) async fn next(&mut self) -> Option<Delta> {
        if let (Some(step), Some(Delta::Text(_))) = (self.step, self.ready.front()) {
            sleep_until(self.due).await;
            // A reader that was late does not get the missed words all at once.
            self.due = self.due.max(Instant::now() - step) + step;
        }
        self.ready.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::chat::{ChatMessage, Purpose};
    use crate::domain::message::Role;
    use crate::domain::model::ModelRef;

    fn request() -> ChatRequest {
        let messages = vec![ChatMessage::new(Role::User, "how do I leave")];
        ChatRequest::new(ModelRef::guide(), Purpose::Turn, messages)
    }

    #[tokio::test(start_paused = true)]
    async fn words_come_at_their_pace() {
        let start = Instant::now();
        let text = "one two\nthree  four";
        let mut recital = Recital::new(&request(), text, GuidePace::WordsPerSecond(10));
        let (mut said, mut words, mut rest) = (String::new(), 0, Vec::new());
        while let Some(delta) = recital.next().await {
            if let Delta::Text(piece) = delta {
                said.push_str(&piece);
                words += 1;
            } else {
                rest.push(delta);
            }
        }
        assert_eq!(said, text);
        assert_eq!(start.elapsed(), Duration::from_millis(100) * (words - 1));
        let [
            Delta::Opened { .. },
            Delta::Usage(usage),
            Delta::Finish(Finish::Stop),
        ] = &rest[..]
        else {
            panic!("{rest:?}");
        };
        assert_eq!((usage.input, usage.output), (Some(4), Some(4)));
        assert_eq!((usage.cost, usage.is_estimate), (Some(Money(0)), true));
    }
}
