//! The system text of a turn: whose words it is made of, in their order (spec C13, P2). The engine sends exactly what the
//! screen shows, because both ask here.

use crate::domain::persona::Persona;

/// Whose words a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The persona's.
    Persona,
    /// The conversation's own instructions.
    Own,
    /// `chat.system` of the settings, which hold where the conversation has none of its own.
    Settings,
}

/// A part of the system text; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub origin: Origin,
    pub text: String,
}

/// The parts in the order they are sent: the persona's, then the conversation's own instructions, else those of the
/// settings. A persona in the trash adds nothing. Parts without words are left out.
pub fn parts(persona: Option<&Persona>, own: &str, settings: &str) -> Vec<Part> {
    let persona = persona
        .filter(|persona| persona.trashed_at.is_none())
        .map(|persona| persona.profile.system())
        .unwrap_or_default();
    let rest = if own.trim().is_empty() {
        (Origin::Settings, settings)
    } else {
        (Origin::Own, own)
    };
    [(Origin::Persona, persona.as_str()), rest]
        .into_iter()
        .map(|(origin, text)| (origin, text.trim()))
        .filter(|(_, text)| !text.is_empty())
        .map(|(origin, text)| Part {
            origin,
            text: text.to_owned(),
        })
        .collect()
}

/// The parts as one text, with a blank line between; empty = there is no system text.
pub fn whole(parts: &[Part]) -> String {
    let texts: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
    texts.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::PersonaId;
    use crate::domain::persona::Profile;
    use crate::domain::when::Millis;

    fn anna(trashed_at: Option<Millis>) -> Persona {
        Persona {
            id: PersonaId(uuid::Uuid::from_u128(1)),
            profile: Profile {
                name: "Anna".into(),
                system_text: Some("You are Anna.\n".into()),
                ..Profile::default()
            },
            is_imported: false,
            created_at: Millis(0),
            updated_at: Millis(0),
            trashed_at,
        }
    }

    fn origins(parts: &[Part]) -> Vec<Origin> {
        parts.iter().map(|part| part.origin).collect()
    }

    #[test]
    fn the_persona_comes_first_and_own_words_replace_those_of_the_settings() {
        let anna = anna(None);
        let all = parts(Some(&anna), "Be brief.", "Be kind.");
        assert_eq!(origins(&all), [Origin::Persona, Origin::Own]);
        assert_eq!(whole(&all), "You are Anna.\n\nBe brief.");
        let all = parts(Some(&anna), " \n", "Be kind.");
        assert_eq!(origins(&all), [Origin::Persona, Origin::Settings]);
        assert_eq!(whole(&parts(None, "", "Be kind.")), "Be kind.");
        assert_eq!(whole(&parts(None, "", "")), "");
    }

    #[test]
    fn a_persona_in_the_trash_says_nothing() {
        let gone = anna(Some(Millis(1)));
        assert_eq!(origins(&parts(Some(&gone), "Own.", "")), [Origin::Own]);
    }
}
