//! The prompts that ship: their fields and their filled texts are compared with `tests/prompts/shipped.snap`.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fmt::Write;
use std::path::Path;

use salon::domain::template::{Field, Kind, Template, Values};
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    prompt: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    title: String,
    content: String,
}

/// Something recognisable for a field without a default.
fn given(field: &Field) -> Option<(String, String)> {
    let value = match &field.kind {
        Kind::Choice(options) => options[0].clone(),
        Kind::Free { default: Some(_) } => return None,
        Kind::Free { default: None } | Kind::Date | Kind::Clipboard | Kind::Selection => {
            format!("<{}>", field.name)
        }
    };
    Some((field.name.clone(), value))
}

#[test]
fn shipped_prompts_have_the_fields_and_texts_they_had() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = std::fs::read_dir(root.join("assets/prompts"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut shown = String::new();
    for file in files {
        let file: File = toml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        for prompt in file.prompt {
            let template = Template::parse(&prompt.content);
            assert_eq!(template.check(), [], "{}", prompt.title);
            let fields: Vec<String> = template.fields().iter().map(Field::written).collect();
            let values: Values = template.fields().iter().filter_map(given).collect();
            let text = template.fill(&values).unwrap();
            writeln!(
                shown,
                "=== {}\n{}\n\n{text}\n",
                prompt.title,
                fields.join("  ")
            )
            .unwrap();
        }
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(root.join("tests/prompts"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("shipped", shown));
}
