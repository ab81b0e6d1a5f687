//! Plays simulations: many, or the one that has failed.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use simulator::{Language, Tally, Words, play};

/// Plays connections on a faulty network in virtual time, each from a seed.
#[derive(Parser)]
#[command(version, after_help = "Exits with 0 if nothing went wrong, with 1 if something did.")]
struct Arguments {
    /// Play this one, and tell all that happens
    #[arg(long, value_name = "SEED", conflicts_with_all = ["seeds", "time"])]
    seed: Option<u64>,
    /// How many to play
    #[arg(long, value_name = "COUNT", default_value_t = 10_000)]
    seeds: u64,
    /// The first of them
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    from: u64,
    /// Play for so long instead, such as 10m
    #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
    time: Option<Duration>,
    /// Speak only this
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    only: Option<Words>,
    /// Speak it under TLS
    #[arg(long, requires = "only")]
    tls: bool,
    /// Print what it came to as one line of JSON
    #[arg(long)]
    json: bool,
}

impl Arguments {
    fn language(&self) -> Option<Language> {
        self.only.map(|words| Language { tls: self.tls, words })
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.seed {
        Some(seed) => one(seed, arguments.language()),
        None => many(&arguments),
    }
}

fn one(seed: u64, language: Option<Language>) -> ExitCode {
    match play(seed, language, Some(&mut |line| say(line))) {
        Ok(course) => {
            say(format_args!(
                "{}: {} answers, nothing went wrong.",
                course.language, course.answers
            ));
            ExitCode::SUCCESS
        }
        Err(violation) => {
            say(format_args!("Wrong: {violation}."));
            ExitCode::FAILURE
        }
    }
}

fn many(arguments: &Arguments) -> ExitCode {
    let started = Instant::now();
    let language = arguments.language();
    let mut tally = Tally::default();
    for seed in arguments.from.. {
        let is_enough = match arguments.time {
            Some(time) => started.elapsed() >= time,
            None => seed - arguments.from >= arguments.seeds,
        };
        if is_enough {
            break;
        }
        match play(seed, language, None) {
            Ok(course) => tally.add(&course),
            Err(violation) => {
                eprintln!("Seed {seed}: {violation}.");
                eprintln!("To see it: {}", command(seed, arguments));
                return ExitCode::FAILURE;
            }
        }
    }
    if arguments.json {
        let Tally { simulations, steps, answers, .. } = tally;
        let seconds = started.elapsed().as_secs();
        say(format_args!(
            "{{\"simulations\":{simulations},\"steps\":{steps},\"answers\":{answers},\"seconds\":{seconds}}}"
        ));
    } else {
        say(tally.to_string().trim_end());
    }
    ExitCode::SUCCESS
}

/// Prints a line. The reader of a pipe may have seen enough.
fn say(what: impl Display) {
    let _ = writeln!(std::io::stdout(), "{what}");
}

/// The command that shows a seed again.
fn command(seed: u64, arguments: &Arguments) -> String {
    let only = arguments.only.map_or(String::new(), |words| {
        let name = clap::ValueEnum::to_possible_value(&words).map(|it| it.get_name().to_owned());
        format!(" --only {}", name.unwrap_or_default())
    });
    let tls = if arguments.tls { " --tls" } else { "" };
    format!("cargo run -p simulator -- --seed {seed}{only}{tls}")
}
