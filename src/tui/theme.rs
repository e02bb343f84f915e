//! Names for looks, and the styles they become: the terminal's own sixteen colours and its own background.
//!
//! Colour never carries a meaning alone, so a theme without colour differs only in tone.

use ratatui::style::{Color, Modifier, Style};

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
}

impl Theme {
    /// The style of a look.
    pub fn style(self, look: Look) -> Style {
        let mut style = if self.is_plain {
            plain(look.tone)
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
