//! Counts instructions: `cargo xtask counts` writes them down, `cargo xtask ci counts` compares.

use std::process::ExitCode;
use std::{env, fs, io};

use bench::counts::{self, Comparison, Counts};

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["check"] => check(),
        ["write"] => write(),
        // What is run under callgrind.
        ["functions"] => {
            counts::call_functions();
            Ok(ExitCode::SUCCESS)
        }
        ["serve", model] => counts::serve(model).map(|()| ExitCode::SUCCESS),
        _ => {
            eprintln!("counts check: compares with what is committed\ncounts write: writes that");
            Ok(ExitCode::from(2))
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

fn measured() -> io::Result<Counts> {
    counts::measure(|count| println!("{count}"))
}

fn check() -> io::Result<ExitCode> {
    let Comparison { problems, hints } = counts::compare(&Counts::committed()?, &measured()?);
    problems.iter().for_each(|problem| eprintln!("{problem}"));
    if !problems.is_empty() {
        eprintln!("If that has to be so, commit what `cargo xtask counts` writes.");
        return Ok(ExitCode::FAILURE);
    }
    hints.iter().for_each(|hint| println!("{hint}"));
    if !hints.is_empty() {
        println!("Well done. Commit what `cargo xtask counts` writes, so that it stays so.");
    }
    Ok(ExitCode::SUCCESS)
}

fn write() -> io::Result<ExitCode> {
    let counts = measured()?;
    fs::write(counts::document(), counts.to_json())?;
    let readme = fs::read_to_string(counts::readme())?;
    let Some(readme) = counts::with_table(&readme, &counts) else {
        return Err(io::Error::other("bench/README.md has no place for the counts"));
    };
    fs::write(counts::readme(), readme)?;
    Ok(ExitCode::SUCCESS)
}
