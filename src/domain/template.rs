//! Templates: a prompt's text with its fields, and what filling them gives (spec L3).
//!
//! A field is `{name}`, `{name:default}` or `{name|one|other}`. A name begins with a letter or `_` and goes on with
//! letters, digits, `_` and `-`, of any script, without blanks. `{name:}` may stay empty. The default or the choices
//! are written once; `{name}` elsewhere means the same field. `{date}`, `{clipboard}` and `{selection}` fill themselves
//! where a face knows them.
//!
//! Every other brace is a character like any other. `{{` is a literal `{`; `}}` is a literal `}` where it closes a `{{`
//! or nothing, while a `}` that closes a single `{` stays as it is, so JSON survives byte for byte. A `{` directly after
//! a LaTeX command and its groups, after `^` or `_` in a word, and after `$`, `#` or a backslash opens no field.
//! A brace without a name, such as `{:?}` or `{|x| …}`, is code and never reported.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use crate::domain::clean::Clean;
use crate::domain::failure::{Failure, FailureKind};

/// What a field takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text. The default stands where nothing is given; an empty one lets the field stay empty.
    Free { default: Option<String> },
    /// One of these; each is there once and none is empty.
    Choice(Vec<String>),
    /// The day.
    Date,
    /// What was copied.
    Clipboard,
    /// The message in hand.
    Selection,
}

/// A place to fill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub kind: Kind,
}

/// What fields are filled with, by name.
pub type Values = BTreeMap<String, String>;

impl Field {
    /// What stands in the text: what is given, else the default; `None` = a gap. Blanks alone are nothing, and so is
    /// what is no choice of the field.
    pub fn filled<'a>(&'a self, values: &'a Values) -> Option<&'a str> {
        let given = values
            .get(&self.name)
            .map(String::as_str)
            .filter(|given| !given.trim().is_empty());
        match &self.kind {
            Kind::Free { default } => given.or(default.as_deref()),
            Kind::Choice(options) => {
                given.filter(|given| options.iter().any(|option| option == given))
            }
            Kind::Date | Kind::Clipboard | Kind::Selection => given,
        }
    }

    /// As it is written in a template.
    pub fn written(&self) -> String {
        match &self.kind {
            Kind::Free {
                default: Some(default),
            } => format!("{{{}:{default}}}", self.name),
            Kind::Choice(options) => format!("{{{}|{}}}", self.name, options.join("|")),
            Kind::Free { default: None } | Kind::Date | Kind::Clipboard | Kind::Selection => {
                format!("{{{}}}", self.name)
            }
        }
    }
}

/// What a piece of a filled text is. The numbers are indices into `Template::fields`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    Fixed,
    Filled(usize),
    /// Nothing is given; `{name}` stands there.
    Gap(usize),
}

/// A text with what is filled in so far, for a preview.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    pub text: String,
    /// Ranges of bytes of the text, in order and without gaps between them; none is empty but that of a field whose
    /// value is empty.
    pub pieces: Vec<(Range<usize>, Piece)>,
}

impl View {
    fn push(&mut self, words: &str, piece: Piece) {
        let start = self.text.len();
        self.text.push_str(words);
        self.pieces.push((start..self.text.len(), piece));
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Fixed(String),
    Field(usize),
}

/// A parsed template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
    fields: Vec<Field>,
    /// A later definition of a field that says something else.
    others: Vec<(usize, Kind)>,
}

impl Template {
    /// Reads a template; any text is one.
    pub fn parse(text: &str) -> Template {
        let mut reader = Reader {
            text,
            ..Reader::default()
        };
        let mut at = 0;
        while let Some(found) = text[at..].find(['{', '}']) {
            reader.literal.push_str(&text[at..at + found]);
            at = reader.brace(at + found);
        }
        reader.literal.push_str(&text[at..]);
        reader.close_literal();
        reader.template
    }

    /// The fields in the order of their first appearance.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The text with these values in its fields, which are not read again; or the names of the gaps in their order.
    pub fn fill(&self, values: &Values) -> Result<String, Vec<String>> {
        let gaps: Vec<String> = self
            .fields
            .iter()
            .filter(|field| field.filled(values).is_none())
            .map(|field| field.name.clone())
            .collect();
        if gaps.is_empty() {
            Ok(self.view(values).text)
        } else {
            Err(gaps)
        }
    }

    /// The text as far as it is filled.
    pub fn view(&self, values: &Values) -> View {
        let mut view = View::default();
        for part in &self.parts {
            match part {
                Part::Fixed(words) => view.push(words, Piece::Fixed),
                Part::Field(at) => match self.fields[*at].filled(values) {
                    Some(words) => view.push(words, Piece::Filled(*at)),
                    None => {
                        let name = format!("{{{}}}", self.fields[*at].name);
                        view.push(&name, Piece::Gap(*at));
                    }
                },
            }
        }
        view
    }

    /// Why a template must not be saved as it is; each failure says how to write it.
    pub fn check(&self) -> Vec<Failure> {
        let single = self.fields.iter().filter_map(|field| match &field.kind {
            Kind::Choice(options) if options.len() == 1 => {
                let (name, option) = (&field.name, &options[0]);
                Some(Failure::new(
                    FailureKind::Input,
                    format!("The field {} has only one choice", field.written()),
                    format!("Write {{{name}|{option}|another}} for a choice, {{{name}:{option}}} for a default."),
                ))
            }
            Kind::Choice(_) | Kind::Free { .. } | Kind::Date | Kind::Clipboard | Kind::Selection => None,
        });
        let double = self.others.iter().map(|(at, kind)| {
            let first = &self.fields[*at];
            let name = first.name.clone();
            let other = Field {
                name: name.clone(),
                kind: kind.clone(),
            };
            Failure::new(
                FailureKind::Input,
                format!(
                    "The field {name} is written in two ways: {} and {}",
                    first.written(),
                    other.written()
                ),
                format!("Keep one of them and write {{{name}}} in the other place."),
            )
        });
        single.chain(double).collect()
    }
}

/// A template that gives exactly this text and has no fields.
pub fn escape(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// A brace that is open.
#[derive(Clone, Copy, PartialEq)]
enum Opened {
    /// `{{`
    Escaped,
    /// A single `{`.
    Plain,
    /// A single `{` of a LaTeX command; what follows its `}` directly belongs to the command too.
    Group,
}

#[derive(Default)]
struct Reader<'a> {
    text: &'a str,
    template: Template,
    /// Fixed text not yet made a part.
    literal: String,
    opened: Vec<Opened>,
    /// Where the last group of a LaTeX command ended.
    group_end: Option<usize>,
    /// Where the last field ended.
    field_end: Option<usize>,
    /// The fields by name.
    known: HashMap<&'a str, usize>,
}

impl<'a> Reader<'a> {
    /// Takes the brace at this byte; gives the byte after what was read.
    fn brace(&mut self, at: usize) -> usize {
        let rest = &self.text[at..];
        if rest.starts_with("{{") {
            self.literal.push('{');
            self.opened.push(Opened::Escaped);
            return at + 2;
        }
        if rest.starts_with('{') {
            let is_group = self.follows_command(at);
            if !is_group
                && !self.follows_sign(at)
                && let Some((name, kind, length)) = field(rest)
            {
                self.close_literal();
                self.field(name, kind);
                self.field_end = Some(at + length);
                return at + length;
            }
            self.literal.push('{');
            self.opened.push(if is_group {
                Opened::Group
            } else {
                Opened::Plain
            });
            return at + 1;
        }
        let opened = self.opened.pop();
        self.literal.push('}');
        match opened {
            Some(Opened::Group) => {
                self.group_end = Some(at + 1);
                at + 1
            }
            Some(Opened::Escaped) | None if rest.starts_with("}}") => at + 2,
            Some(Opened::Plain | Opened::Escaped) | None => at + 1,
        }
    }

    /// Whether a LaTeX command with its `*`, options and groups ends here: `\frac{a}`, `\sqrt[3]`, `\section*`.
    fn follows_command(&self, at: usize) -> bool {
        let mut before = &self.text[..at];
        if let Some(inside) = before.strip_suffix(']')
            && let Some(open) = inside.rfind(['[', '{', '}', '\n'])
            && inside[open..].starts_with('[')
        {
            before = &before[..open];
        }
        if self.group_end == Some(before.len()) {
            return true;
        }
        let before = before.strip_suffix('*').unwrap_or(before);
        let name = before.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        name.len() < before.len() && name.ends_with('\\')
    }

    /// Whether a sign stands here after which a brace belongs to maths or code: `$`, `#`, a backslash, or `^` and `_`
    /// in a word.
    fn follows_sign(&self, at: usize) -> bool {
        let mut before = self.text[..at].chars().rev();
        match before.next() {
            Some('$' | '#' | '\\') => true,
            Some('^' | '_') if self.field_end != Some(at - 1) => before
                .next()
                .is_some_and(|c| c.is_alphanumeric() || matches!(c, ')' | ']' | '}' | '\'')),
            _ => false,
        }
    }

    fn close_literal(&mut self) {
        if !self.literal.is_empty() {
            let words = std::mem::take(&mut self.literal);
            self.template.parts.push(Part::Fixed(words));
        }
    }

    fn field(&mut self, name: &'a str, kind: Option<Kind>) {
        let fields = &mut self.template.fields;
        let at = *self.known.entry(name).or_insert(fields.len());
        if at == fields.len() {
            fields.push(Field {
                name: name.to_owned(),
                kind: bare(name),
            });
        }
        self.template.parts.push(Part::Field(at));
        let Some(kind) = kind else { return };
        let others = &mut self.template.others;
        if fields[at].kind == bare(name) {
            fields[at].kind = kind;
        } else if fields[at].kind != kind && !others.iter().any(|(of, _)| *of == at) {
            others.push((at, kind));
        }
    }
}

/// What `{name}` alone is.
fn bare(name: &str) -> Kind {
    match name {
        "date" => Kind::Date,
        "clipboard" => Kind::Clipboard,
        "selection" => Kind::Selection,
        _ => Kind::Free { default: None },
    }
}

/// The field a text begins with: its name, what its definition says if it has one, and its bytes.
fn field(text: &str) -> Option<(&str, Option<Kind>, usize)> {
    let inside = text.strip_prefix('{')?;
    let end = inside.find(['{', '}', '\n'])?;
    if !inside[end..].starts_with('}') {
        return None;
    }
    let inside = &inside[..end];
    let name_end = inside.find([':', '|']).unwrap_or(inside.len());
    let (name, definition) = inside.split_at(name_end);
    if !is_name(name) {
        return None;
    }
    let kind = if let Some(default) = definition.strip_prefix(':') {
        let default = Some(default.trim().to_owned());
        Some(Kind::Free { default })
    } else if let Some(list) = definition.strip_prefix('|') {
        Some(Kind::Choice(options(list)?))
    } else {
        None
    };
    Some((name, kind, end + 2))
}

/// The choices of `a|b|c`; `None` where one is empty, as in the code `{a||b}`.
fn options(list: &str) -> Option<Vec<String>> {
    let mut options: Vec<String> = Vec::new();
    for option in list.split('|').map(str::trim) {
        if option.is_empty() {
            return None;
        }
        if !options.iter().any(|known| known == option) {
            options.push(option.to_owned());
        }
    }
    Some(options)
}

fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    let is_first = |c: char| c.is_alphabetic() || c == '_';
    // Marks that many scripts write above or below a letter.
    let is_mark = |c: char| c.width() == Some(0) && !Clean::changes(c);
    chars.next().is_some_and(is_first)
        && chars.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-') || is_mark(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn values(pairs: &[(&str, &str)]) -> Values {
        let owned = pairs.iter().map(|(k, v)| ((*k).into(), (*v).into()));
        owned.collect()
    }

    fn fields(text: &str) -> Vec<String> {
        let template = Template::parse(text);
        template.fields().iter().map(Field::written).collect()
    }

    fn free(default: Option<&str>) -> Kind {
        let default = default.map(str::to_owned);
        Kind::Free { default }
    }

    fn filled(text: &str, pairs: &[(&str, &str)]) -> Result<String, Vec<String>> {
        Template::parse(text).fill(&values(pairs))
    }

    #[test]
    fn fields_are_read_in_the_order_they_appear() {
        let template = Template::parse(
            "{b} {a:one two} {tone|friendly| formal } {b} {date} {clipboard} {selection} {e:}",
        );
        let read: Vec<(&str, &Kind)> = template
            .fields()
            .iter()
            .map(|field| (field.name.as_str(), &field.kind))
            .collect();
        let tone = Kind::Choice(vec!["friendly".into(), "formal".into()]);
        let expected = [
            ("b", &free(None)),
            ("a", &free(Some("one two"))),
            ("tone", &tone),
            ("date", &Kind::Date),
            ("clipboard", &Kind::Clipboard),
            ("selection", &Kind::Selection),
            ("e", &free(Some(""))),
        ];
        assert_eq!(read, expected);
        assert_eq!(template.check(), []);
    }

    #[test]
    fn names_are_words_of_any_script() {
        let names = "{_x} {größe} {名前-2} {हिन्दी} {a_b-9}";
        assert_eq!(fields(names).join(" "), names);
        for literal in [
            "{}",
            "{ a}",
            "{a }",
            "{1a}",
            "{-a}",
            "{a b}",
            "{a.b}",
            "{a",
            "{\"a\"}",
            "{:?}",
            "{|x| x}",
            "{a\n}",
            "{a:x\ny}",
            "{a||b}",
            "{a|}",
            "{a:b{",
            "{\u{202e}a}",
            "{a\u{202e}}",
        ] {
            assert_eq!(filled(literal, &[]).as_deref(), Ok(literal));
        }
    }

    #[test]
    fn filling_takes_values_then_defaults_and_names_the_gaps() {
        let text = "{a} {b:two} {c|x|y} {d:} {date}";
        let all = [("a", "1"), ("c", "y"), ("date", "today")];
        assert_eq!(filled(text, &all).as_deref(), Ok("1 two y  today"));
        let given = [("a", " \n"), ("b", ""), ("c", "z"), ("d", "{a}")];
        let gaps = ["a", "c", "date"].map(String::from).to_vec();
        assert_eq!(filled(text, &given), Err(gaps));
        assert_eq!(filled("{a}{a}", &[("a", " v ")]).as_deref(), Ok(" v  v "));
    }

    #[test]
    fn a_view_says_what_is_fixed_filled_and_missing() {
        let template = Template::parse("To {who}: {what:hello}, {{{who}}}{e:}");
        let view = template.view(&values(&[("what", "{who}")]));
        assert_eq!(view.text, "To {who}: {who}, {{who}}");
        let pieces: Vec<(&str, Piece)> = view
            .pieces
            .iter()
            .map(|(range, piece)| (&view.text[range.clone()], *piece))
            .collect();
        let expected = [
            ("To ", Piece::Fixed),
            ("{who}", Piece::Gap(0)),
            (": ", Piece::Fixed),
            ("{who}", Piece::Filled(1)),
            (", {", Piece::Fixed),
            ("{who}", Piece::Gap(0)),
            ("}", Piece::Fixed),
            ("", Piece::Filled(2)),
        ];
        assert_eq!(pieces, expected);
    }

    #[test]
    fn doubled_braces_are_braces() {
        for (text, given) in [
            ("{{name}}", "{name}"),
            ("{{{name}}}", "{v}"),
            ("{{{{name}}}}", "{{name}}"),
            ("a }} b {{ c", "a } b { c"),
            ("{{name} {name}", "{name} v"),
            ("{{\"a\":{\"b\":{name}}}}", "{\"a\":{\"b\":v}}"),
            ("{ {{x}} }", "{ {x} }"),
            ("}}}", "}}"),
            ("\\frac{{{name}}}{{2}}", "\\frac{v}{2}"),
        ] {
            assert_eq!(
                filled(text, &[("name", "v")]).as_deref(),
                Ok(given),
                "{text}"
            );
        }
    }

    #[test]
    fn maths_and_code_stay_as_they_are() {
        for text in [
            r"\frac{a}{b} + \sqrt[3]{x} \section*{Title} \begin{tabular}{ll}",
            r"x^{n} y_{i} \sum_{i}^{n} f'_{k} (a)_{j} \hat{x}_{i} {\bf x}",
            "echo ${HOME} #{name} \\{x} $HOME",
            "fn main() { let x = Point { x, y }; }",
            "{\"a\":{\"b\":[{},{\"c\":1}]}}",
            "format!(\"{}\") f\"{x!r}\" {0} {x.y} ${{a",
        ] {
            let expected = text.replace("{{", "{");
            assert_eq!(filled(text, &[]), Ok(expected), "{text}");
        }
        for (text, name) in [
            ("_{name}_ and ^{name}", "{name}"),
            (r"\textbf{Dear {name}}", "{name}"),
            ("{a}_{b}.txt", "{a} {b}"),
            ("[{name}] [x]{name} 3*{name}", "{name}"),
        ] {
            assert_eq!(fields(text).join(" "), name, "{text}");
        }
    }

    #[test]
    fn a_definition_holds_wherever_it_stands_and_must_not_be_another() {
        assert_eq!(fields("{a} and {a:x} and {a}"), ["{a:x}"]);
        assert_eq!(Template::parse("{a} {a:x} {a:x}").check(), []);
        let twice = Template::parse("{a:x} {a|y|z} {a|y|z}").check();
        assert_eq!(twice.len(), 1);
        assert_eq!(
            twice[0].to_string(),
            "The field a is written in two ways: {a:x} and {a|y|z}. Keep one of them and write {a} in the other place."
        );
        let single = Template::parse("{a|x} {b|y|y}").check();
        assert_eq!(single.len(), 2);
        assert_eq!(
            single[0].to_string(),
            "The field {a|x} has only one choice. Write {a|x|another} for a choice, {a:x} for a default."
        );
    }

    #[test]
    fn many_braces_are_read_in_time_that_grows_with_their_number() {
        let mut text: String = (0..40_000).map(|n| format!("{{f{n}}}")).collect();
        text.push_str(&"{a:".repeat(40_000));
        text.push_str(&"]{\\frac".repeat(40_000));
        text.push_str(&"}".repeat(40_000));
        assert_eq!(Template::parse(&text).fields().len(), 40_000);
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[^{}]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[^{}]{0,8}", inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    /// Text in which braces and what matters around them are frequent.
    fn odd() -> impl Strategy<Value = String> {
        prop_oneof![any::<String>(), r"[{}a-c|:\\^_$#\[\]* \né]{0,60}"]
    }

    proptest! {
        #[test]
        fn text_without_braces_is_itself(text in "[^{}]{0,80}") {
            let template = Template::parse(&text);
            prop_assert!(template.fields().is_empty());
            prop_assert_eq!(template.fill(&Values::new()), Ok(text));
        }

        #[test]
        fn json_is_itself(value in json()) {
            let compact = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(filled(&compact, &[]), Ok(compact));
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(filled(&pretty, &[]), Ok(pretty));
        }

        #[test]
        fn an_escaped_text_gives_the_text(text in odd()) {
            let template = Template::parse(&escape(&text));
            prop_assert!(template.fields().is_empty());
            prop_assert_eq!(template.fill(&Values::new()), Ok(text));
        }

        #[test]
        fn any_text_is_a_template(text in odd(), value in odd()) {
            let template = Template::parse(&text);
            template.check();
            let mut all = Values::new();
            for field in template.fields() {
                let given = match &field.kind {
                    Kind::Choice(options) => options[0].clone(),
                    Kind::Free { .. } | Kind::Date | Kind::Clipboard | Kind::Selection => {
                        format!("x{value}")
                    }
                };
                all.insert(field.name.clone(), given);
            }
            let view = template.view(&all);
            prop_assert_eq!(template.fill(&all), Ok(view.text.clone()));
            let mut end = 0;
            for (range, piece) in &view.pieces {
                prop_assert_eq!(range.start, end);
                end = range.end;
                if let Piece::Filled(at) = piece {
                    let field = &template.fields()[*at];
                    prop_assert_eq!(&view.text[range.clone()], all[&field.name].as_str());
                }
            }
            prop_assert_eq!(end, view.text.len());
        }

        #[test]
        fn what_a_field_is_written_as_is_read_as_that_field(text in odd()) {
            for field in Template::parse(&text).fields() {
                let again = Template::parse(&field.written());
                prop_assert_eq!(again.fields(), std::slice::from_ref(field));
            }
        }
    }
}
