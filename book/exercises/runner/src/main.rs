//! `cargo run -- COMMAND` in `book/exercises`.

#![forbid(unsafe_code)]

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use runner::folder::Folder;
use runner::prove::{self, prove};
use runner::reader::{Answer, Reader};

const USAGE: &str = "\
cargo run -- next [NAME]     copies the next exercise, or this one, to where you work
cargo run -- check [NAME]    runs its tests; without a name those of all that you have begun
cargo run -- hint NAME       a hint; each time the next of three
cargo run -- compare NAME    the solution beside yours, once yours is green (or with --anyway)
cargo run -- reset NAME      the exercise as it was; what you had is kept beside it
cargo run -- progress        how far you are
cargo run -- list            which exercises there are

For maintainers:
cargo run -- prove [NAME...] each exercise is complete, red before, green with its solution, and
                             refuses every wrong solution
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match answer(&words) {
        None => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
        Some(Ok(true)) => ExitCode::SUCCESS,
        Some(Ok(false)) => ExitCode::FAILURE,
        Some(Err(what)) => {
            eprintln!("{what}");
            ExitCode::FAILURE
        }
    }
}

/// `None` if the words are not understood.
fn answer(words: &[&str]) -> Option<Answer> {
    let folder = Folder::new(root());
    let catalogue = match folder.catalogue() {
        Ok(catalogue) => catalogue,
        Err(what) => return Some(Err(what)),
    };
    let colours = io::stdout().is_terminal();
    let out = &mut io::stdout();
    let mut reader = Reader { folder: &folder, catalogue: &catalogue, out, colours };
    Some(match *words {
        ["next"] => reader.next(None),
        ["next", name] => reader.next(Some(name)),
        ["check"] => reader.check_all(),
        ["check", name] => reader.check(name),
        ["hint", name] => reader.hint(name),
        ["compare", name] => reader.compare(name, false),
        ["compare", name, "--anyway"] | ["compare", "--anyway", name] => reader.compare(name, true),
        ["reset", name] => reader.reset(name),
        ["progress"] => reader.progress(),
        ["list"] => reader.list(),
        ["prove", ref names @ ..] => prove(&folder, names, prove::LIMIT, &mut io::stdout())
            .map(|problems| problems.is_empty()),
        _ => return None,
    })
}

/// The folder of the exercises; a test has one of its own.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    std::env::var_os("EXERCISES").map_or_else(|| here.to_owned(), PathBuf::from)
}
