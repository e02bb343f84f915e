//! The stage searches as the store does: messages newest first, by conversation, titles among them.

use salon::domain::failure::Failure;
use salon::domain::id::{ConversationId, MessageId};
use salon::domain::message::Message;
use salon::domain::search::{Found, Group, Hit, Rest, Search, Snippet};
use salon::domain::words::marks;
use salon::protocol::{Answer, Opened};

use super::script::Script;

impl Script {
    /// A page of what was found; `limit` counts messages and titles.
    pub fn hits(&self, words: &str, from: Option<Rest>, limit: u32) -> Result<Found, Failure> {
        let search = Search::read(words, true).map_err(|wrong| wrong.to_failure())?;
        let mut groups: Vec<Group> = self
            .conversations
            .iter()
            .map(|c| Group {
                conversation: c.id,
                title: c.title.clone(),
                title_marks: search.marks_in_title(&c.title),
                created_at: c.created_at,
                active_at: c.active_at,
                is_archived: c.archived_at.is_some(),
                hits: Vec::new(),
            })
            .collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.active_at));
        for group in &mut groups {
            let own = |m: &&Message| m.conversation == group.conversation;
            let hits = self.messages.iter().rev().filter(own);
            group
                .hits
                .extend(hits.filter_map(|message| hit(message, &search)));
        }
        let (mut skip, mut left) = (from.map_or(0, |from| from.skip), limit);
        let mut take = || {
            let is_skipped = skip > 0;
            skip -= u32::from(is_skipped);
            let is_taken = !is_skipped && left > 0;
            left -= u32::from(is_taken);
            is_taken
        };
        let all: usize = groups
            .iter()
            .map(|g| g.hits.len() + usize::from(!g.title_marks.is_empty()))
            .sum();
        for group in &mut groups {
            if !group.title_marks.is_empty() && !take() {
                group.title_marks.clear();
            }
            group.hits.retain(|_| take());
        }
        groups.retain(|group| !group.title_marks.is_empty() || !group.hits.is_empty());
        let end = from.map_or(0, |from| from.skip) + limit;
        let next = (usize::try_from(end).unwrap() < all).then_some(Rest {
            below: i64::MAX,
            skip: end,
        });
        Ok(Found { groups, next })
    }

    /// A conversation at a message, on the branch through it.
    pub fn open_at(&mut self, id: ConversationId, message: MessageId) -> Answer {
        if !self.branch(id).iter().any(|shown| shown.id == message) {
            let mut tip = message;
            while let Some(next) = self.messages.iter().rfind(|m| m.parent == Some(tip)) {
                tip = next.id;
            }
            self.row(id).tip = Some(tip);
        }
        self.last = Some(id);
        let opened: Opened = self.opened_around(id, message);
        Answer::Opened(Box::new(opened))
    }
}

fn hit(message: &Message, search: &Search) -> Option<Hit> {
    let role = search.role.unwrap_or(message.role);
    let all = search
        .words
        .iter()
        .all(|word| !marks(&message.content, std::slice::from_ref(word)).is_empty());
    let found = marks(&message.content, &search.words);
    (all && !found.is_empty() && role == message.role).then(|| Hit {
        message: message.id,
        role: message.role,
        model: message.model.clone(),
        created_at: message.created_at,
        snippet: Snippet::cut(&message.content, &found),
    })
}
