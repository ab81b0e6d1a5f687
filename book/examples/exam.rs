//! Prints an exam, or a test for before or after the course, drawn by a seed, and with `--key` its
//! answers: `cargo xtask exam SEED before|after|exam [CHAPTER...] [--key]`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use book::exam::{Form, draw, key, paper};
use book::quiz::{Question, questions};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match answer(&words.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(what) => {
            eprintln!("{what}");
            ExitCode::FAILURE
        }
    }
}

fn answer(words: &[&str]) -> Result<String, String> {
    let is_key = words.contains(&"--key");
    let words: Vec<&str> = words.iter().copied().filter(|word| *word != "--key").collect();
    let [seed, form, ref chapters @ ..] = *words else {
        return Err("Usage: cargo xtask exam SEED before|after|exam [CHAPTER...] [--key]".into());
    };
    let number = seed.parse().map_err(|_| format!("The seed is a whole number, not `{seed}`."))?;
    let (form, name) = *Form::ALL
        .iter()
        .find(|(_, name)| *name == form)
        .ok_or_else(|| format!("There is no form `{form}`: say before, after or exam."))?;
    let drawn = draw(&quizzes(chapters)?, number, form);
    let text = if is_key { key(&drawn) } else { paper(&drawn) };
    Ok(format!("Ways to Wait: {} questions, {name} {seed}\n\n{text}", drawn.len()))
}

/// The questions of these chapters, or of all.
fn quizzes(chapters: &[&str]) -> Result<BTreeMap<String, Vec<Question>>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("quiz");
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|error| error.to_string());
    let mut quizzes = BTreeMap::new();
    for file in std::fs::read_dir(&folder).map_err(|error| error.to_string())?.flatten() {
        let name = file.file_name().to_string_lossy().trim_end_matches(".md").to_owned();
        quizzes.insert(name, questions(&read(&file.path())?));
    }
    if let Some(unknown) = chapters.iter().find(|chapter| !quizzes.contains_key(**chapter)) {
        let names: Vec<&str> = quizzes.keys().map(String::as_str).collect();
        return Err(format!("There is no quiz `{unknown}`. There are: {}.", names.join(", ")));
    }
    quizzes.retain(|name, _| chapters.is_empty() || chapters.contains(&&**name));
    Ok(quizzes)
}
