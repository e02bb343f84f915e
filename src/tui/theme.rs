//! Names for looks, and the styles they become: the terminal's own sixteen colours and its own background.
//!
//! Colour never carries a meaning alone, so a theme without colour differs only in tone.

use ratatui::style::{Color, Modifier, Style};

use crate::settings::Ground;

/// What a piece of text is, as far as its colour goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// The words of the conversation.
    #[default]
    Text,
    /// Secondary: feet, ages, hints.
    Dim,
    /// What is focused or chosen.
    Accent,
    Good,
    Warning,
    Error,
    Heading,
    Link,
    Quote,
    /// Code in a line.
    Code,
    /// In a code block.
    Keyword,
    Literal,
    Number,
    Comment,
    Function,
    Type,
}

/// How a piece of text looks: its tone and what is added to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    pub tone: Tone,
    pub bold: bool,
    pub italic: bool,
    pub underline: bool,
    pub strike: bool,
    pub reverse: bool,
}

impl Look {
    /// Only a tone.
    pub const fn of(tone: Tone) -> Self {
        Look {
            tone,
            bold: false,
            italic: false,
            underline: false,
            strike: false,
            reverse: false,
        }
    }

    /// The same in bold.
    #[must_use]
    pub const fn bold(self) -> Self {
        Look { bold: true, ..self }
    }

    /// The same reversed: selections and carets of lists.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Look {
            reverse: true,
            ..self
        }
    }
}

/// Turns looks into styles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// `NO_COLOR` (no colour at all, only bold, dim and underline).
    pub is_plain: bool,
    /// The background is light.
    pub is_light: bool,
}

/// What decides about the theme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    pub is_plain: bool,
    /// By the settings.
    pub set: Ground,
    /// By the user since.
    pub chosen: Option<Ground>,
    /// Whether the terminal said that it is light; `None` = it said nothing.
    pub heard: Option<bool>,
    /// What the environment says of a terminal that says nothing.
    pub is_light_hint: bool,
    /// The terminal may be asked.
    pub is_asked: bool,
}

impl Looks {
    /// The ground that holds.
    pub fn ground(&self) -> Ground {
        self.chosen.unwrap_or(self.set)
    }

    /// The theme for it.
    pub fn theme(&self) -> Theme {
        Theme {
            is_plain: self.is_plain,
            is_light: match self.ground() {
                Ground::Auto => self.heard.unwrap_or(self.is_light_hint),
                Ground::Dark => false,
                Ground::Light => true,
            },
        }
    }
}

impl Theme {
    /// The style of a look.
    pub fn style(self, look: Look) -> Style {
        let mut style = if self.is_plain {
            plain(look.tone)
        } else if self.is_light {
            on_light(look.tone)
        } else {
            coloured(look.tone)
        };
        for (is_on, modifier) in [
            (look.bold, Modifier::BOLD),
            (look.italic, Modifier::ITALIC),
            (look.underline, Modifier::UNDERLINED),
            (look.strike, Modifier::CROSSED_OUT),
            (look.reverse, Modifier::REVERSED),
        ] {
            if is_on {
                style = style.add_modifier(modifier);
            }
        }
        style
    }
}

/// Yellow, green and cyan are pale in most palettes, and on a light ground they cannot be read.
fn on_light(tone: Tone) -> Style {
    let plain = Style::new();
    match tone {
        Tone::Accent | Tone::Heading | Tone::Function | Tone::Number | Tone::Good => {
            plain.fg(Color::Blue)
        }
        Tone::Literal | Tone::Warning | Tone::Error => plain.fg(Color::Red),
        Tone::Text
        | Tone::Type
        | Tone::Dim
        | Tone::Comment
        | Tone::Quote
        | Tone::Link
        | Tone::Code
        | Tone::Keyword => coloured(tone),
    }
}

fn coloured(tone: Tone) -> Style {
    let plain = Style::new();
    match tone {
        Tone::Text | Tone::Type => plain,
        Tone::Dim | Tone::Comment => plain.add_modifier(Modifier::DIM),
        Tone::Quote => plain.add_modifier(Modifier::ITALIC),
        Tone::Accent | Tone::Heading | Tone::Function => plain.fg(Color::Cyan),
        Tone::Good | Tone::Literal => plain.fg(Color::Green),
        Tone::Warning | Tone::Number => plain.fg(Color::Yellow),
        Tone::Error => plain.fg(Color::Red),
        Tone::Link => plain.fg(Color::Blue).add_modifier(Modifier::UNDERLINED),
        Tone::Code => plain.fg(Color::Magenta),
        Tone::Keyword => plain.fg(Color::Magenta),
    }
}

fn plain(tone: Tone) -> Style {
    let plain = Style::new();
    match tone {
        Tone::Text
        | Tone::Type
        | Tone::Good
        | Tone::Literal
        | Tone::Number
        | Tone::Function
        | Tone::Keyword
        | Tone::Code => plain,
        Tone::Dim | Tone::Comment => plain.add_modifier(Modifier::DIM),
        Tone::Quote => plain.add_modifier(Modifier::ITALIC),
        Tone::Accent | Tone::Heading | Tone::Warning | Tone::Error => {
            plain.add_modifier(Modifier::BOLD)
        }
        Tone::Link => plain.add_modifier(Modifier::UNDERLINED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TONES: [Tone; 16] = [
        Tone::Text,
        Tone::Dim,
        Tone::Accent,
        Tone::Good,
        Tone::Warning,
        Tone::Error,
        Tone::Heading,
        Tone::Link,
        Tone::Quote,
        Tone::Code,
        Tone::Keyword,
        Tone::Literal,
        Tone::Number,
        Tone::Comment,
        Tone::Function,
        Tone::Type,
    ];

    #[test]
    fn a_light_ground_has_no_pale_colour_and_no_ground_has_one_of_its_own() {
        for tone in TONES {
            let light = Looks {
                heard: Some(true),
                ..Looks::default()
            };
            let style = light.theme().style(Look::of(tone));
            let dark = [
                None,
                Some(Color::Blue),
                Some(Color::Red),
                Some(Color::Magenta),
            ];
            assert!(dark.contains(&style.fg), "{tone:?}: {style:?}");
            for theme in [light.theme(), Theme::default()] {
                assert_eq!(theme.style(Look::of(tone)).bg, None);
            }
        }
    }

    #[test]
    fn without_colour_a_theme_has_none_and_what_warns_is_bold() {
        for is_light in [true, false] {
            let theme = Theme {
                is_plain: true,
                is_light,
            };
            for tone in TONES {
                let style = theme.style(Look::of(tone).reversed());
                assert_eq!((style.fg, style.bg), (None, None), "{tone:?}");
            }
            for tone in [Tone::Error, Tone::Warning, Tone::Accent, Tone::Heading] {
                let style = theme.style(Look::of(tone));
                assert!(style.add_modifier.contains(Modifier::BOLD), "{tone:?}");
            }
        }
    }

    #[test]
    fn the_choice_is_stronger_than_the_settings_and_they_than_the_terminal() {
        let looks = |set, chosen, heard, is_light_hint| {
            let looks = Looks {
                set,
                chosen,
                heard,
                is_light_hint,
                ..Looks::default()
            };
            looks.theme().is_light
        };
        use Ground::{Auto, Dark, Light};
        assert!(!looks(Auto, None, None, false));
        assert!(looks(Auto, None, None, true));
        assert!(!looks(Auto, None, Some(false), true));
        assert!(looks(Auto, None, Some(true), false));
        assert!(!looks(Dark, None, Some(true), true));
        assert!(looks(Dark, Some(Light), Some(false), false));
        assert!(!looks(Light, Some(Auto), Some(false), true));
    }
}
