//! The key map: the shipped `config/keys.toml` under the user's `keys.toml`, looked up by context.
//!
//! What is wrong in the user's file is told with its line; all the rest of it holds.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::action::{Action, Context};
use super::chord::{BadChord, Chord, parse_chords, print_chords};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::hint::{Lines, did_you_mean};

/// The key map salon comes with, which is also its documentation.
pub const SHIPPED_KEYS: &str = include_str!("../../config/keys.toml");

/// What the keys pressed so far mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    Action(Action),
    /// More keys may follow.
    Prefix,
    None,
}

/// Which keys do what, by context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyMap {
    /// The user's bindings first, each in the order of its file.
    bindings: Vec<Binding>,
    /// Those this terminal is not known to deliver: they do what they say if they come, and are shown nowhere.
    unsure: Vec<Binding>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Binding {
    context: Context,
    chords: Vec<Chord>,
    /// `None` = unbound by the user, also where `Everywhere` has it.
    action: Option<Action>,
}

impl Binding {
    /// Whether these and those keys cannot both be bound: equal, or one begins the other.
    fn collides(&self, context: Context, chords: &[Chord]) -> bool {
        self.context == context
            && (self.chords.starts_with(chords) || chords.starts_with(&self.chords))
    }
}

/// A line of a file before it is checked against the others.
struct Written<'a> {
    context: Context,
    keys: &'a str,
    value: &'a Spanned<DeValue<'a>>,
    line: usize,
}

/// A line that is not used, and why.
struct Problem {
    line: usize,
    failure: Failure,
}

impl Problem {
    fn new(line: usize, what: &str, remedy: &str) -> Problem {
        let title = format!("keys.toml line {line}: {what}");
        Problem {
            line,
            failure: Failure::new(FailureKind::Input, title, remedy),
        }
    }
}

impl KeyMap {
    /// The map without a user's file.
    pub fn shipped() -> KeyMap {
        KeyMap::default().with(SHIPPED_KEYS).0
    }

    /// This map changed by the text of a user's `keys.toml`, and what in it is wrong and not used.
    pub fn load(shipped: &KeyMap, user: &str) -> (KeyMap, Vec<Failure>) {
        shipped.with(user)
    }

    /// The map that shows no keys this terminal is not known to deliver; `is_enhanced` = it speaks the kitty protocol.
    #[must_use]
    pub fn deliverable(&self, is_enhanced: bool) -> KeyMap {
        let can = |binding: &Binding| {
            is_enhanced || !binding.chords.iter().any(|chord| chord.needs_enhanced())
        };
        let all = self.bindings.iter().chain(&self.unsure).cloned();
        let (bindings, unsure) = all.partition(can);
        KeyMap { bindings, unsure }
    }

    /// What these keys do in this context, else everywhere.
    pub fn lookup(&self, context: Context, chords: &[Chord]) -> Lookup {
        let everywhere = || {
            let is_free = !self.is_masked(context, chords);
            self.exact(Context::Everywhere, chords).filter(|_| is_free)
        };
        match self.exact(context, chords).or_else(everywhere) {
            Some(action) => Lookup::Action(action),
            None if self.follow(context, chords).next().is_some() => Lookup::Prefix,
            None => Lookup::None,
        }
    }

    /// What may follow after these keys: the key for people, and what it does.
    pub fn what_follows(&self, context: Context, chords: &[Chord]) -> Vec<(String, Action)> {
        self.follow(context, chords)
            .map(|(rest, action)| (print_chords(rest, Chord::words), action))
            .collect()
    }

    /// The keys for this action that work in this context, for people (`Ctrl+X n`), the user's first.
    pub fn keys_of(&self, context: Context, action: Action) -> Vec<String> {
        self.of(context, action)
            .map(|chords| print_chords(chords, Chord::words))
            .collect()
    }

    /// The first of `keys_of` as a sign for hints (`^X n`, `⏎`).
    pub fn hint(&self, context: Context, action: Action) -> Option<String> {
        let first = self.of(context, action).next();
        first.map(|chords| print_chords(chords, Chord::short))
    }

    /// The first key for this action in the first context that has one, for people.
    pub fn first_key(&self, action: Action) -> Option<String> {
        Context::ALL
            .iter()
            .find_map(|context| self.keys_of(*context, action).into_iter().next())
    }

    /// All that is bound in exactly this context, in the table's order: the action and its keys for people.
    pub fn bound(&self, context: Context) -> Vec<(Action, Vec<String>)> {
        let keys = |action: Action| {
            self.bindings
                .iter()
                .filter(|b| b.context == context && b.action == Some(action))
                .map(|b| print_chords(&b.chords, Chord::words))
                .collect::<Vec<_>>()
        };
        Action::ALL
            .iter()
            .map(|action| (*action, keys(*action)))
            .filter(|(_, keys)| !keys.is_empty())
            .collect()
    }

    fn exact(&self, context: Context, chords: &[Chord]) -> Option<Action> {
        self.bindings
            .iter()
            .chain(&self.unsure)
            .find(|b| b.context == context && b.chords == chords)
            .and_then(|b| b.action)
    }

    /// Whether the user unbound these keys, or their leader, in this context.
    fn is_masked(&self, context: Context, chords: &[Chord]) -> bool {
        self.bindings
            .iter()
            .any(|b| b.context == context && b.action.is_none() && chords.starts_with(&b.chords))
    }

    fn of(&self, context: Context, action: Action) -> impl Iterator<Item = &[Chord]> {
        self.bindings
            .iter()
            .filter(move |b| b.action == Some(action))
            .filter(move |b| b.context == context || b.context == Context::Everywhere)
            .filter(move |b| self.lookup(context, &b.chords) == Lookup::Action(action))
            .map(|b| b.chords.as_slice())
    }

    fn follow<'a>(
        &'a self,
        context: Context,
        chords: &[Chord],
    ) -> impl Iterator<Item = (&'a [Chord], Action)> {
        let chords = chords.to_vec();
        self.bindings.iter().filter_map(move |b| {
            let rest = b.chords.strip_prefix(chords.as_slice())?;
            let action = b.action?;
            let is_here = b.context == context
                || (b.context == Context::Everywhere
                    && self.exact(context, &b.chords).is_none()
                    && !self.is_masked(context, &b.chords));
            (is_here && !rest.is_empty()).then_some((rest, action))
        })
    }

    /// This map under the bindings of `text`.
    fn with(&self, text: &str) -> (KeyMap, Vec<Failure>) {
        let mut problems: Vec<Problem> = Vec::new();
        let lines = Lines::of(text);
        let (tree, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let line = lines.line(error.span().map_or(0, |span| span.start));
            problems.push(Problem::new(line, error.message(), ""));
        }
        let mut fresh: Vec<Binding> = Vec::new();
        for written in written(&lines, tree.get_ref(), &mut problems) {
            match self.bind(&written, &fresh) {
                Ok(binding) => fresh.push(binding),
                Err(problem) => problems.push(problem),
            }
        }
        let is_kept = |old: &&Binding| {
            !fresh.iter().any(|new| {
                new.context == old.context
                    && (new.chords == old.chords
                        || (new.action.is_none() && old.chords.starts_with(&new.chords)))
            })
        };
        let kept: Vec<Binding> = self.bindings.iter().filter(is_kept).cloned().collect();
        fresh.extend(kept);
        problems.sort_by_key(|problem| problem.line);
        let failures = problems
            .into_iter()
            .map(|problem| problem.failure)
            .collect();
        let map = KeyMap {
            bindings: fresh,
            ..KeyMap::default()
        };
        (map, failures)
    }

    /// A line of a file as a binding, or why not.
    fn bind(&self, written: &Written<'_>, fresh: &[Binding]) -> Result<Binding, Problem> {
        let Written {
            context,
            keys,
            value,
            line,
        } = *written;
        let chords = parse_chords(keys).map_err(|error| bad_key(line, keys, &error))?;
        if matches!(context, Context::Composer) && chords.first().is_some_and(|c| c.is_text()) {
            return Err(Problem::new(
                line,
                &format!("`{keys}` is text in the composer"),
                "Use it with ctrl or alt, or behind a leader such as `ctrl+x`.",
            ));
        }
        let Some(id) = value.get_ref().as_str() else {
            return Err(Problem::new(
                line,
                &format!("`{keys}` needs the name of an action in quotes"),
                "Write an action such as \"chat.retry\", or \"none\".",
            ));
        };
        let action = match id {
            "none" => None,
            id => Some(action_for(context, id, line)?),
        };
        let same = |old: &&Binding| old.collides(context, &chords);
        if let Some(old) = fresh.iter().find(same) {
            let both = print_chords(&old.chords, |chord| chord.to_string());
            let is_unbinding = action.is_none() || old.action.is_none();
            if old.chords == chords || !is_unbinding {
                return Err(Problem::new(
                    line,
                    &format!("`{keys}` clashes with `{both}`, bound above it"),
                    "One of the two keys must be another.",
                ));
            }
        }
        let unbound = |old: &&Binding| {
            let free = |new: &Binding| {
                new.action.is_none()
                    && new.context == context
                    && old.chords.starts_with(&new.chords)
            };
            !fresh.iter().any(free)
        };
        let shipped = self.bindings.iter().filter(same).find(unbound);
        if let Some(old) = shipped
            && action.is_some()
            && old.chords != chords
            && old.action.is_some()
        {
            let both = print_chords(&old.chords, |chord| chord.to_string());
            let shorter = if old.chords.len() < chords.len() {
                &both
            } else {
                keys
            };
            return Err(Problem::new(
                line,
                &format!("`{keys}` clashes with `{both}`, which salon binds"),
                &format!(
                    "To have it, put `\"{shorter}\" = \"none\"` above it, or take another key."
                ),
            ));
        }
        Ok(Binding {
            context,
            chords,
            action,
        })
    }
}

/// The lines of the tables that name contexts, in the order of the file.
fn written<'a>(
    lines: &Lines,
    tree: &'a DeTable<'a>,
    problems: &mut Vec<Problem>,
) -> Vec<Written<'a>> {
    let names = || Context::ALL.iter().map(|context| context.name());
    let mut found = Vec::new();
    for (name, value) in tree {
        let line = lines.line(name.span().start);
        let word = name.get_ref().as_ref();
        if word == "preset" {
            if value.get_ref().as_str() != Some("default") {
                problems.push(Problem::new(
                    line,
                    "the only preset so far is \"default\"",
                    "Bind single keys instead.",
                ));
            }
            continue;
        }
        let context = Context::ALL.iter().find(|context| context.name() == word);
        let (Some(context), Some(table)) = (context, value.get_ref().as_table()) else {
            let remedy = did_you_mean(
                word,
                names(),
                "The tables are [composer], [list], [transcript], [library], [overlay] and [everywhere].",
            );
            problems.push(Problem::new(
                line,
                &format!("no place is called `{word}`"),
                &remedy,
            ));
            continue;
        };
        for (keys, value) in table {
            found.push(Written {
                context: *context,
                keys: keys.get_ref().as_ref(),
                value,
                line: lines.line(keys.span().start),
            });
        }
    }
    found.sort_by_key(|written| written.line);
    found
}

fn action_for(context: Context, id: &str, line: usize) -> Result<Action, Problem> {
    let Some(action) = Action::of_id(id) else {
        let ids = Action::ALL.iter().map(|action| action.id());
        return Err(Problem::new(
            line,
            &format!("no action is called `{id}`"),
            &did_you_mean(id, ids, "Ask the guide for the names of all actions."),
        ));
    };
    if !action.fits(context) {
        let places: Vec<&str> = action.contexts().iter().map(|c| c.name()).collect();
        return Err(Problem::new(
            line,
            &format!("`{id}` does nothing in [{}]", context.name()),
            &format!("It belongs in [{}].", places.join("] or [")),
        ));
    }
    Ok(action)
}

fn bad_key(line: usize, keys: &str, error: &BadChord) -> Problem {
    let remedy = match error {
        BadChord::Unknown(_) => "Write keys like `ctrl+x n`, `alt+enter`, `pageup`, `f5`.",
        BadChord::Undeliverable(..) => "Take another key.",
    };
    Problem::new(line, &format!("`{keys}`: {error}"), remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chords(text: &str) -> Vec<Chord> {
        parse_chords(text).unwrap()
    }

    fn user(text: &str) -> (KeyMap, Vec<Failure>) {
        KeyMap::load(&KeyMap::shipped(), text)
    }

    #[track_caller]
    fn one_problem(text: &str) -> (KeyMap, Failure) {
        let (map, mut problems) = user(text);
        assert_eq!(problems.len(), 1, "{problems:?}");
        (map, problems.remove(0))
    }

    #[test]
    fn the_shipped_map_has_no_problem_and_no_clash() {
        let (map, problems) = KeyMap::default().with(SHIPPED_KEYS);
        assert_eq!(problems, []);
        assert!(map.bindings.len() > 120);
        for (n, one) in map.bindings.iter().enumerate() {
            for other in &map.bindings[n + 1..] {
                assert!(
                    !one.collides(other.context, &other.chords),
                    "{one:?} {other:?}"
                );
            }
        }
    }

    #[test]
    fn every_action_has_a_key_or_a_word() {
        let map = KeyMap::shipped().deliverable(false);
        for action in Action::ALL {
            assert!(
                action.word().is_some() || map.first_key(*action).is_some(),
                "{} has neither",
                action.id()
            );
        }
    }

    #[test]
    fn keys_are_looked_up_where_the_focus_is_and_then_everywhere() {
        let map = KeyMap::shipped();
        let look = |context, keys: &str| map.lookup(context, &chords(keys));
        assert_eq!(
            look(Context::Composer, "enter"),
            Lookup::Action(Action::Send)
        );
        assert_eq!(
            look(Context::List, "enter"),
            Lookup::Action(Action::OpenConversation)
        );
        assert_eq!(look(Context::Composer, "ctrl+x"), Lookup::Prefix);
        assert_eq!(
            look(Context::Composer, "ctrl+x n"),
            Lookup::Action(Action::NewConversation)
        );
        assert_eq!(look(Context::Composer, "ctrl+x ctrl+x"), Lookup::None);
        assert_eq!(look(Context::Composer, "j"), Lookup::None);
        assert_eq!(
            look(Context::Transcript, "j"),
            Lookup::Action(Action::ScrollDown)
        );
        let follow = map.what_follows(Context::Composer, &chords("ctrl+x"));
        assert!(
            follow.contains(&("n".to_owned(), Action::NewConversation)),
            "{follow:?}"
        );
    }

    #[test]
    fn newline_is_shown_with_a_key_this_terminal_delivers() {
        let plain = KeyMap::shipped().deliverable(false);
        assert_eq!(
            plain.keys_of(Context::Composer, Action::Newline),
            ["Ctrl+J", "Alt+Enter"]
        );
        assert_eq!(
            plain.hint(Context::Composer, Action::Newline).unwrap(),
            "^J"
        );
        // One that comes all the same, such as from a tmux that tells all keys, does what it says.
        assert_eq!(
            plain.lookup(Context::Composer, &chords("shift+enter")),
            Lookup::Action(Action::Newline)
        );
        let kitty = KeyMap::shipped().deliverable(true);
        assert!(
            kitty
                .keys_of(Context::Composer, Action::Newline)
                .contains(&"Shift+Enter".to_owned())
        );
    }

    #[test]
    fn the_user_binds_rebinds_and_unbinds() {
        let (map, problems) = user(
            "preset = \"default\"\n[composer]\n\"ctrl+r\" = \"chat.retry\"\n\"ctrl+t\" = \"none\"\n\"ctrl+x\" = \"none\"\n             [everywhere]\n\"f5\" = \"chat.model\"\n\"f1\" = \"none\"\n[list]\n\"j\" = \"list.up\"\n",
        );
        assert_eq!(problems, []);
        let look = |context, keys: &str| map.lookup(context, &chords(keys));
        assert_eq!(
            look(Context::Composer, "ctrl+r"),
            Lookup::Action(Action::Retry)
        );
        assert_eq!(look(Context::Composer, "ctrl+t"), Lookup::None);
        assert_eq!(look(Context::Composer, "ctrl+x"), Lookup::None);
        assert_eq!(look(Context::Composer, "ctrl+x n"), Lookup::None);
        assert_eq!(
            look(Context::List, "ctrl+x n"),
            Lookup::Action(Action::NewConversation)
        );
        assert_eq!(look(Context::List, "f5"), Lookup::Action(Action::PickModel));
        assert_eq!(look(Context::List, "f1"), Lookup::None);
        assert_eq!(look(Context::List, "j"), Lookup::Action(Action::ListUp));
        assert_eq!(map.first_key(Action::Retry).unwrap(), "Ctrl+R");
    }

    #[test]
    fn a_leader_can_be_freed_for_a_single_key() {
        let (map, problems) =
            user("[everywhere]\n\"ctrl+x\" = \"none\"\n\"ctrl+x m\" = \"chat.retry\"\n");
        assert_eq!(problems, []);
        assert_eq!(map.lookup(Context::List, &chords("ctrl+x")), Lookup::Prefix);
        assert_eq!(map.lookup(Context::List, &chords("ctrl+x n")), Lookup::None);
        assert_eq!(
            map.what_follows(Context::List, &chords("ctrl+x")),
            [("m".to_owned(), Action::Retry)]
        );
    }

    #[test]
    fn mistakes_are_told_with_line_and_the_rest_works() {
        let (map, failure) =
            one_problem("[list]\n\"x\" = \"conversation.renam\"\n\"o\" = \"conversation.open\"\n");
        assert!(
            failure
                .title
                .starts_with("keys.toml line 2: no action is called"),
            "{failure}"
        );
        assert_eq!(failure.remedy, "Did you mean `conversation.rename`?");
        assert_eq!(
            map.lookup(Context::List, &chords("o")),
            Lookup::Action(Action::OpenConversation)
        );
        for (text, line, says) in [
            ("[lst]\n\"o\" = \"list.up\"", 1, "Did you mean `list`?"),
            ("[list]\n\n\"ctrl+m\" = \"list.up\"", 3, "arrives as Enter"),
            ("[list]\n\"ctlr+k\" = \"list.up\"", 2, "no key is called"),
            ("[list]\n\"x\" = 5", 2, "in quotes"),
            ("[list]\n\"x\" = \"chat.send\"", 2, "[composer]"),
            ("[composer]\n\"x\" = \"chat.send\"", 2, "is text"),
            (
                "[list]\n\"x\" = \"list.up\"\n\"X\" = \"list.up\"\n\"shift+x\" = \"list.down\"",
                4,
                "clashes with `X`",
            ),
            (
                "[list]\n\"x\" = \"list.up\"\n\"x y\" = \"list.down\"",
                3,
                "clashes with `x`",
            ),
            (
                "[everywhere]\n\"ctrl+x\" = \"app.help\"",
                2,
                "\"ctrl+x\" = \"none\"",
            ),
            (
                "[list]\n\"d d\" = \"app.help\"",
                2,
                "clashes with `d`, which salon binds",
            ),
            ("preset = \"vim\"", 1, "only preset"),
            ("[list]\n\"x\" = \"list.up\"\nwhat\n", 3, ""),
        ] {
            let (_, failure) = one_problem(text);
            assert!(
                failure.title.contains(&format!("line {line}:")),
                "{text}: {failure}"
            );
            assert!(failure.to_string().contains(says), "{text}: {failure}");
        }
        let (map, _) = user("[list]\n\"x\" = \"list.up\"\nwhat\n");
        assert_eq!(
            map.lookup(Context::List, &chords("x")),
            Lookup::Action(Action::ListUp)
        );
    }
}
