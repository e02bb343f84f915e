//! The filter language of lists (spec V2): `rust persona:Anna model:gpt tag:work after:7d is:pinned`. Read, judged, written.

use std::fmt;
use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::conversation::{Conversation, cut_words};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::persona::NONE;
use crate::domain::when::{Calendar, Millis};

/// What a filter's text asks for. A row fits when all of it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Each has to stand in the title; in lower case.
    pub words: Vec<String>,
    pub personas: Vec<WithPersona>,
    /// Each has to stand in the model, `provider/name`; in lower case.
    pub models: Vec<String>,
    /// It has to have each of them; in lower case.
    pub tags: Vec<String>,
    pub bounds: Vec<Bound>,
    /// Only what is in the archive, which otherwise is left out.
    pub is_archived: bool,
    /// Only what is pinned.
    pub is_pinned: bool,
}

/// Which persona a conversation has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WithPersona {
    /// None.
    Nobody,
    /// One of this name, in lower case; where there is none, one whose name begins so.
    Named(String),
}

/// One end of a stretch of time, inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    pub of: Time,
    pub side: Side,
    pub moment: Moment,
}

/// Which time of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    Activity,
    Creation,
}

/// Which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    After,
    Before,
}

/// When it is. Days are whole days where the user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Day(Date),
    /// So many days ago; 0 is today.
    Ago(u32),
    At(Millis),
}

/// A stretch of time, both ends inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: Millis,
    pub to: Millis,
}

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The bytes of the text that are wrong: one whole term.
    pub range: Range<usize>,
    /// That term, short enough for one line.
    pub term: String,
    /// What could stand there, one sentence.
    pub remedy: String,
    /// It is the last term and typing on could make it right: not worth a word while somebody types.
    pub is_unfinished: bool,
}

impl Filter {
    /// Reads a filter: `rust persona:"Old friend" persona:none after:2026-01-31`. A quotation mark that is still open
    /// reaches to the end; a key without a value, such as `after:`, asks for nothing yet. The first wrong term is the
    /// error.
    pub fn read(text: &str) -> Result<Filter, Wrong> {
        let mut filter = Filter::default();
        for term in terms(text) {
            filter
                .add(&term)
                .map_err(|remedy| term.wrong(text, remedy))?;
        }
        Ok(filter)
    }

    /// The same without what is wrong in it.
    pub fn of(text: &str) -> Filter {
        let mut filter = Filter::default();
        for term in terms(text) {
            // A wrong term asks for nothing.
            let _ = filter.add(&term);
        }
        filter
    }

    /// Whether everything fits.
    pub fn is_empty(&self) -> bool {
        *self == Filter::default()
    }

    /// Whether a conversation is what this asks for. Which persona a name means the caller knows. Whether the archive
    /// and the trash are looked at is not judged here, but for `is:archived`.
    pub fn fits(
        &self,
        conversation: &Conversation,
        calendar: &Calendar,
        is_with: impl Fn(&WithPersona) -> bool,
    ) -> bool {
        let model = conversation.model.to_string();
        self.fits_text(&conversation.title, &model)
            && self.personas.iter().all(is_with)
            && self.tags.iter().all(|tag| {
                let mut own = conversation.tags.iter();
                own.any(|own| own.to_lowercase() == *tag)
            })
            && self
                .span(Time::Activity, calendar)
                .holds(conversation.active_at)
            && self
                .span(Time::Creation, calendar)
                .holds(conversation.created_at)
            && (!self.is_archived || conversation.archived_at.is_some())
            && (!self.is_pinned || conversation.pinned_at.is_some())
    }

    /// Whether the words stand in this title, and the model is one that is asked for.
    pub fn fits_text(&self, title: &str, model: &str) -> bool {
        let all = |parts: &[String], text: &str| {
            parts.is_empty() || {
                let text = text.to_lowercase();
                parts.iter().all(|part| text.contains(part.as_str()))
            }
        };
        all(&self.words, title) && all(&self.models, model)
    }

    /// When that time has to be; empty where the bounds leave no moment.
    pub fn span(&self, of: Time, calendar: &Calendar) -> Span {
        let mut span = Span {
            from: Millis(i64::MIN),
            to: Millis(i64::MAX),
        };
        for bound in self.bounds.iter().filter(|bound| bound.of == of) {
            let (first, last) = match bound.moment {
                Moment::Day(day) => calendar.day(day),
                Moment::Ago(days) => calendar.day(calendar.ago(days)),
                Moment::At(moment) => (moment, moment),
            };
            match bound.side {
                Side::After => span.from = span.from.max(first),
                Side::Before => span.to = span.to.min(last),
            }
        }
        span
    }

    /// Takes a term in; what could stand there when it is wrong.
    fn add(&mut self, term: &Term<'_>) -> Result<(), String> {
        let Some(key) = term.key else {
            self.words.push(term.value.to_lowercase());
            return Ok(());
        };
        if term.value.is_empty() {
            return Ok(());
        }
        let value = || term.value.to_lowercase();
        let bound = |of, side| -> Result<Bound, String> {
            let moment = moment(term.value).ok_or_else(|| MOMENTS.to_owned())?;
            Ok(Bound { of, side, moment })
        };
        match key {
            Key::Model => self.models.push(value()),
            Key::Tag => self.tags.push(value()),
            Key::Persona if value() == NONE && !term.is_quoted => {
                self.personas.push(WithPersona::Nobody);
            }
            Key::Persona => self.personas.push(WithPersona::Named(value())),
            Key::After => self.bounds.push(bound(Time::Activity, Side::After)?),
            Key::Before => self.bounds.push(bound(Time::Activity, Side::Before)?),
            Key::CreatedAfter => self.bounds.push(bound(Time::Creation, Side::After)?),
            Key::CreatedBefore => self.bounds.push(bound(Time::Creation, Side::Before)?),
            Key::Is => match value().as_str() {
                ARCHIVED => self.is_archived = true,
                PINNED => self.is_pinned = true,
                _ => return Err("Write is:archived or is:pinned.".to_owned()),
            },
            Key::Project | Key::Has | Key::Role => {
                let name = key.name();
                return Err(format!(
                    "This salon does not know {name}: yet; leave it out."
                ));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Filter {
    /// A text that reads as this filter.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all: Vec<String> = self.words.clone();
        all.extend(self.models.iter().map(|model| term(Key::Model, model)));
        all.extend(self.personas.iter().map(|with| match with {
            WithPersona::Nobody => format!("{}:{NONE}", Key::Persona.name()),
            WithPersona::Named(name) => persona_term(name),
        }));
        all.extend(self.tags.iter().map(|tag| tag_term(tag)));
        all.extend(self.bounds.iter().map(ToString::to_string));
        let is = Key::Is.name();
        all.extend(self.is_archived.then(|| format!("{is}:{ARCHIVED}")));
        all.extend(self.is_pinned.then(|| format!("{is}:{PINNED}")));
        f.write_str(&all.join(" "))
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = match (self.of, self.side) {
            (Time::Activity, Side::After) => Key::After,
            (Time::Activity, Side::Before) => Key::Before,
            (Time::Creation, Side::After) => Key::CreatedAfter,
            (Time::Creation, Side::Before) => Key::CreatedBefore,
        };
        let name = key.name();
        match self.moment {
            Moment::Day(day) => write!(f, "{name}:{day}"),
            Moment::Ago(0) => write!(f, "{name}:{TODAY}"),
            Moment::Ago(1) => write!(f, "{name}:{YESTERDAY}"),
            Moment::Ago(days) => write!(f, "{name}:{days}d"),
            Moment::At(moment) => write!(f, "{name}:{}", moment.rfc3339()),
        }
    }
}

impl Span {
    /// Whether a moment lies in it.
    pub fn holds(self, moment: Millis) -> bool {
        self.from <= moment && moment <= self.to
    }
}

impl Wrong {
    /// As it is told to the user: the term, what could stand there, the place.
    pub fn to_failure(&self) -> Failure {
        let Wrong { range, term, .. } = self;
        let title = format!("The filter is wrong at \u{201c}{term}\u{201d}");
        Failure::new(FailureKind::Input, title, self.remedy.clone())
            .with_detail(format!("bytes {} to {}", range.start, range.end))
    }
}

/// The text that asks for this persona, such as `persona:"Old friend"`.
pub fn persona_term(name: &str) -> String {
    if name.eq_ignore_ascii_case(NONE) {
        return format!("{}:\"{name}\"", Key::Persona.name());
    }
    term(Key::Persona, name)
}

/// The text that asks for this tag.
pub fn tag_term(tag: &str) -> String {
    term(Key::Tag, tag)
}

fn term(key: Key, value: &str) -> String {
    let name = key.name();
    match value.contains(char::is_whitespace) || value.starts_with('"') {
        true => format!("{name}:\"{value}\""),
        false => format!("{name}:{value}"),
    }
}

const ARCHIVED: &str = "archived";
const PINNED: &str = "pinned";
const TODAY: &str = "today";
const YESTERDAY: &str = "yesterday";
/// What may stand behind `after:` and its like.
const MOMENTS: &str =
    "Write a day such as 2026-01-31, a time such as 2026-01-31T09:30:00Z, today, yesterday or 7d.";
/// Most days ago: a hundred years.
const FARTHEST: u32 = 36_525;

/// What may stand before a colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Model,
    Persona,
    Project,
    Tag,
    After,
    Before,
    CreatedAfter,
    CreatedBefore,
    Is,
    Has,
    Role,
}

impl Key {
    const ALL: [Key; 11] = [
        Key::Model,
        Key::Persona,
        Key::Project,
        Key::Tag,
        Key::After,
        Key::Before,
        Key::CreatedAfter,
        Key::CreatedBefore,
        Key::Is,
        Key::Has,
        Key::Role,
    ];

    fn name(self) -> &'static str {
        match self {
            Key::Model => "model",
            Key::Persona => "persona",
            Key::Project => "project",
            Key::Tag => "tag",
            Key::After => "after",
            Key::Before => "before",
            Key::CreatedAfter => "created-after",
            Key::CreatedBefore => "created-before",
            Key::Is => "is",
            Key::Has => "has",
            Key::Role => "role",
        }
    }
}

/// A part of a filter's text.
struct Term<'a> {
    range: Range<usize>,
    /// `None` = a word.
    key: Option<Key>,
    value: &'a str,
    is_quoted: bool,
}

impl Term<'_> {
    fn wrong(&self, text: &str, remedy: String) -> Wrong {
        let is_last = self.range.end == text.len() && !self.is_quoted;
        let value = self.value.to_lowercase();
        let could_be_right = match self.key {
            Some(Key::Is) => [ARCHIVED, PINNED].iter().any(|is| is.starts_with(&value)),
            Some(Key::After | Key::Before | Key::CreatedAfter | Key::CreatedBefore) => {
                begins_a_moment(&value)
            }
            None | Some(_) => false,
        };
        let term = text.get(self.range.clone()).unwrap_or_default();
        Wrong {
            range: self.range.clone(),
            term: cut_words(term, 40),
            remedy,
            is_unfinished: is_last && could_be_right,
        }
    }
}

fn terms(text: &str) -> Vec<Term<'_>> {
    let (mut terms, mut at) = (Vec::new(), 0);
    loop {
        let rest = &text[at..];
        let from = at + (rest.len() - rest.trim_start().len());
        let rest = &text[from..];
        if rest.is_empty() {
            return terms;
        }
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let keyed = rest[..end].split_once(':').and_then(|(name, _)| {
            let mut keys = Key::ALL.into_iter();
            let key = keys.find(|key| key.name().eq_ignore_ascii_case(name))?;
            Some((key, name.len() + 1))
        });
        let (key, value, length, is_quoted) = match keyed {
            None => (None, &rest[..end], end, false),
            Some((key, head)) => match rest[head..].strip_prefix('"') {
                None => (Some(key), &rest[head..end], end, false),
                Some(quoted) => {
                    let close = quoted.find('"');
                    let value = &quoted[..close.unwrap_or(quoted.len())];
                    let length = close.map_or(rest.len(), |close| head + close + 2);
                    (Some(key), value.trim(), length, true)
                }
            },
        };
        at = from + length;
        terms.push(Term {
            range: from..at,
            key,
            value,
            is_quoted,
        });
    }
}

/// `2026-01-31`, `2026-01-31T09:30:00Z`, `today`, `yesterday`, `7d`.
fn moment(text: &str) -> Option<Moment> {
    let word = text.to_ascii_lowercase();
    if word == TODAY {
        return Some(Moment::Ago(0));
    }
    if word == YESTERDAY {
        return Some(Moment::Ago(1));
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if let Some(days) = word.strip_suffix('d').filter(|days| digits(days)) {
        let days = days.parse().ok().filter(|days| *days <= FARTHEST)?;
        return Some(Moment::Ago(days));
    }
    let is_day = text.len() == 10
        && text.bytes().enumerate().all(|(at, b)| match at {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
    if is_day {
        return text.parse().ok().map(Moment::Day);
    }
    let at: Timestamp = text.parse().ok()?;
    Some(Moment::At(Millis(at.as_millisecond())))
}

/// Whether something could follow that makes a moment of it.
fn begins_a_moment(text: &str) -> bool {
    const WHOLE: [&str; 4] = [
        "2026-01-01",
        "2020-10-10",
        "2020-10-10t00:00:00z",
        "2020-10-10t00:00:00+00:00",
    ];
    let is_count = text.len() <= 5 && text.bytes().all(|b| b.is_ascii_digit());
    let mut wholes = WHOLE.iter().filter_map(|whole| whole.get(text.len()..));
    [TODAY, YESTERDAY].iter().any(|word| word.starts_with(text))
        || is_count
        || wholes.any(|rest| moment(&format!("{text}{rest}")).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conversation::{Sampling, Storage, TitleBy};
    use crate::domain::id::{ConversationId, PersonaId};
    use crate::domain::usage::Money;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn named(name: &str) -> WithPersona {
        WithPersona::Named(name.to_owned())
    }

    fn read(text: &str) -> Filter {
        Filter::read(text).unwrap()
    }

    /// Half past three at night of 2026-11-21 in a place that is two hours ahead.
    fn calendar() -> Calendar {
        Calendar {
            now: at("2026-11-21T01:30:00Z"),
            zone: TimeZone::fixed(jiff::tz::offset(2)),
        }
    }

    fn at(text: &str) -> Millis {
        Millis(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    fn talk() -> Conversation {
        Conversation {
            id: ConversationId(Uuid::from_u128(1)),
            title: "Über Rust".into(),
            title_by: TitleBy::User,
            model: "openai/GPT-4o".parse().unwrap(),
            persona: Some(PersonaId(Uuid::from_u128(2))),
            system: String::new(),
            sampling: Sampling::default(),
            storage: Storage::Local,
            thread: None,
            created_at: at("2026-11-01T12:00:00Z"),
            active_at: at("2026-11-20T21:59:59.999Z"),
            trashed_at: None,
            pinned_at: Some(Millis(5)),
            archived_at: None,
            tags: vec!["Größe".into(), "work".into()],
            tip: None,
            message_count: 2,
            tokens_in: 0,
            tokens_out: 0,
            cost: Money(0),
            unpriced: 0,
            metadata: serde_json::json!({}),
        }
    }

    #[test]
    fn words_and_terms_are_told_apart() {
        let filter =
            read(" Rust persona:Anna  Über PERSONA:\"Old Friend\"x persona:none http://x a:b");
        assert_eq!(filter.words, ["rust", "über", "x", "http://x", "a:b"]);
        let whom = [named("anna"), named("old friend"), WithPersona::Nobody];
        assert_eq!(filter.personas, whom);
        assert_eq!(read("persona:\"none\"").personas, [named("none")]);
        let filter = read("model:GPT Tag:Work is:Pinned IS:archived");
        assert_eq!(
            (&filter.models[0][..], &filter.tags[0][..]),
            ("gpt", "work")
        );
        assert!(filter.is_pinned && filter.is_archived);
        // Half typed.
        assert!(read("persona: persona:\"").is_empty());
        assert!(read("after: is: model: tag: created-before: project: has: role:").is_empty());
        assert_eq!(read("persona:\"old fr").personas, [named("old fr")]);
        assert_eq!(read("a persona").words, ["a", "persona"]);
    }

    #[test]
    fn a_conversation_fits_when_everything_holds() {
        let fits =
            |text: &str| read(text).fits(&talk(), &calendar(), |with| *with == named("anna"));
        for yes in [
            "",
            "rust ÜBER",
            "model:gpt",
            "model:openai/gpt-4o",
            "tag:WORK tag:GRÖßE",
            "persona:Anna",
            "is:pinned",
        ] {
            assert!(fits(yes), "{yes}");
        }
        for no in [
            "rost",
            "model:mini",
            "tag:wor",
            "persona:none",
            "is:archived",
            "tag:work tag:home",
        ] {
            assert!(!fits(no), "{no}");
        }
    }

    #[test]
    fn days_are_whole_and_local_and_both_ends_count() {
        // Its last activity is the last millisecond of the 20th there, its beginning the afternoon of the 1st.
        for (text, expected) in [
            ("after:2026-11-20", true),
            ("after:2026-11-21", false),
            ("before:2026-11-20", true),
            ("before:2026-11-19", false),
            ("after:yesterday before:yesterday", true),
            ("after:today", false),
            ("before:TODAY", true),
            ("after:1d", true),
            ("before:2d", false),
            ("after:2026-11-20T21:59:59.999Z", true),
            ("after:2026-11-20T23:59:59.999+02:00", true),
            ("before:2026-11-20T21:59:59.998Z", false),
            ("created-after:2026-11-01 created-before:2026-11-01", true),
            ("created-after:20d", true),
            ("created-after:19d", false),
            ("created-before:21d", false),
            ("after:2026-11-20 before:2026-11-19", false),
        ] {
            let fits = read(text).fits(&talk(), &calendar(), |_| true);
            assert_eq!(fits, expected, "{text}");
        }
        let span = read("after:7d").span(Time::Activity, &calendar());
        assert_eq!(span.from, at("2026-11-13T22:00:00Z"));
        assert_eq!(span.to, Millis(i64::MAX));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let text = "rust after:2026-13-01 is:x";
        let wrong = Filter::read(text).unwrap_err();
        assert_eq!(&text[wrong.range.clone()], "after:2026-13-01");
        assert!(!wrong.is_unfinished);
        let failure = wrong.to_failure();
        assert_eq!(failure.kind, FailureKind::Input);
        assert!(failure.title.contains("after:2026-13-01"), "{failure}");
        assert!(failure.remedy.contains("2026-01-31") && failure.detail.contains("5 to 21"));
        // What is right in it holds all the same, where that is asked for.
        assert_eq!(Filter::of(text).words, ["rust"]);
        for (bad, what) in [
            ("is:new", "is:archived or is:pinned"),
            ("project:x", "project:"),
            ("a has:file", "has:"),
            ("role:user", "role:"),
            ("before:36526d", "7d"),
            ("after:2026-01-31T10:00", "Z"),
            ("after:\"2026-01-31 x\"", "today"),
            ("created-after:31.1.2026", "2026-01-31"),
            ("after:-7d", "7d"),
        ] {
            let wrong = Filter::read(bad).unwrap_err();
            assert!(wrong.remedy.contains(what), "{bad}: {}", wrong.remedy);
        }
        let long = format!("is:{}", "x".repeat(500));
        assert!(Filter::read(&long).unwrap_err().to_failure().title.len() < 100);
    }

    #[test]
    fn what_is_being_typed_is_not_yet_wrong() {
        for whole in [
            "is:pinned",
            "a is:ARCHIVED",
            "after:2026-11-30",
            "before:2026-02-28",
            "after:yesterday",
            "after:today",
            "created-after:7d",
            "after:365d",
            "after:2026-01-31T10:00:00Z",
            "after:2026-01-31T10:00:00+05:30",
        ] {
            assert!(Filter::read(whole).is_ok(), "{whole}");
            let first = whole.find(':').unwrap() + 2;
            for end in first..whole.len() {
                if let Err(wrong) = Filter::read(&whole[..end]) {
                    assert!(wrong.is_unfinished, "{}", &whole[..end]);
                }
                // Something follows: that was meant to be all of it.
                if let Err(wrong) = Filter::read(&format!("{} x", &whole[..end])) {
                    assert!(!wrong.is_unfinished, "{} x", &whole[..end]);
                }
            }
        }
        for never in [
            "is:x",
            "after:2026-13",
            "after:2026-02-3",
            "after:tomorrow",
            "project:x",
            "after:1234567",
        ] {
            assert!(!Filter::read(never).unwrap_err().is_unfinished, "{never}");
        }
    }

    proptest! {
        #[test]
        fn a_persona_is_found_by_the_term_made_for_it(name in "[a-zA-Z\u{e4}\u{597d}:' ]{1,12}") {
            let name = name.trim();
            prop_assume!(!name.is_empty());
            prop_assert_eq!(read(&persona_term(name)).personas, [named(&name.to_lowercase())]);
        }

        #[test]
        fn any_text_is_read_or_refused_with_a_place(text in any::<String>()) {
            match Filter::read(&text) {
                Ok(filter) => {
                    prop_assert!(filter.words.iter().all(|word| !word.contains(char::is_whitespace)));
                    prop_assert_eq!(Filter::read(&filter.to_string()), Ok(filter));
                }
                Err(wrong) => prop_assert!(text.get(wrong.range).is_some_and(|term| term.contains(':'))),
            }
        }

        #[test]
        fn what_is_written_reads_as_the_same(
            terms in proptest::collection::vec(
                "(model|persona|tag|Tag|is|after|before|created-after|created-before|has|x):\
                 (\"[a-z :]{0,8}\"?|[a-zA-Z\u{130}\u{212a}\u{3000}.\"0-9:T+-]{0,10}|[0-9]{1,5}d|today|pinned|archived|none\
                 |20[0-9]{2}-[01][0-9]-[0-3][0-9](T[012][0-9]:30:00(Z|[+]01:00))?)",
                0..6,
            ),
        ) {
            let text = terms.join(" ");
            let filter = Filter::of(&text);
            let written = filter.to_string();
            prop_assert_eq!(Filter::read(&written), Ok(filter), "{} as {}", text, written);
            if let Err(wrong) = Filter::read(&text) {
                prop_assert!(text.get(wrong.range).is_some());
            }
        }
    }
}
