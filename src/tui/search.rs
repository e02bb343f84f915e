//! Searching all conversations: the overlay is opened and left, its words are asked for, and a hit is opened where it is.

use super::focus::focus;
use super::model::{Ask, Focus, Model};
use super::msg::Target;
use super::open;
use super::overlay::search::Search;
use super::overlay::{Body, Overlay, Purpose};
use crate::domain::failure::Failure;
use crate::domain::search::{Found, Rest};
use crate::protocol::{Command, Shelf};

/// Hits of a page.
const PAGE: u32 = 50;

/// Opens the search, with the words that were typed last, or these.
pub fn begin(model: &mut Model, words: &str) {
    let mut search = model.left_search.take().unwrap_or_default();
    if !words.is_empty() {
        search.set_words(words);
    }
    search.renew();
    model.overlays.push(Overlay {
        purpose: Purpose::Search,
        body: Body::Search(search),
    });
}

/// It is closed; what was typed stays for the next time.
pub fn left(model: &mut Model, search: Box<Search>) {
    model.forget(is_search);
    model.left_search = Some(search);
}

/// Asks for what stands in the open search, as soon as it changes; nobody waits for the answer to what stood there
/// before.
pub fn keep_up(model: &mut Model) {
    let Some(search) = open_search(model) else {
        return;
    };
    if let Some(words) = search.wants() {
        model.forget(is_search);
        ask(model, words, None);
    } else if search.query.text().trim().is_empty() {
        model.forget(is_search);
    } else if let Some((words, from)) = search.wants_more() {
        ask(model, words, Some(from));
    }
}

fn ask(model: &mut Model, words: String, from: Option<Rest>) {
    let why = match from {
        None => Ask::Hits,
        Some(_) => Ask::MoreHits,
    };
    let command = Command::Shelf(Shelf::Search {
        words,
        is_typing: true,
        from,
        limit: PAGE,
    });
    model.ask(command, why);
}

fn is_search(ask: &Ask) -> bool {
    matches!(ask, Ask::Hits | Ask::MoreHits)
}

fn open_search(model: &mut Model) -> Option<&mut Search> {
    let mut overlays = model.overlays.iter_mut().rev();
    overlays.find_map(|overlay| match &mut overlay.body {
        Body::Search(search) => Some(&mut **search),
        Body::Picker(_)
        | Body::Form(_)
        | Body::Confirm(_)
        | Body::Help(_)
        | Body::Fill(_)
        | Body::Prompt(_)
        | Body::Reading(_)
        | Body::Persona(_)
        | Body::Told(_) => None,
    })
}

/// A page came. One that is no longer waited for is not shown.
pub fn found(model: &mut Model, ask: Option<Ask>, found: Found) {
    let Some(search) = open_search(model) else {
        return;
    };
    match ask {
        Some(Ask::Hits) => search.fill(found),
        Some(Ask::MoreHits) => search.extend(found),
        Some(_) | None => {}
    }
}

/// The words cannot be searched for.
pub fn refused(model: &mut Model, failure: Failure) {
    match open_search(model) {
        Some(search) => search.fail(failure),
        None => model.warn(&failure),
    }
}

/// Opens what was chosen: the message with the words lit, or the conversation.
pub fn open_hit(model: &mut Model, target: Target) {
    if let Some(Overlay {
        body: Body::Search(search),
        ..
    }) = model.overlays.pop()
    {
        left(model, search);
    }
    let id = target.conversation;
    match target.message {
        Some((message, words)) => {
            focus(model, Focus::Transcript);
            open::go_to_message(model, id, message, words);
        }
        None => {
            focus(model, Focus::Composer);
            open::go_to(model, id);
        }
    }
}
