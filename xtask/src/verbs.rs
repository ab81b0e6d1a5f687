//! What is done on request: what is committed is regenerated, or something is measured.

use std::process::ExitCode;

use crate::features;
use crate::live;
use crate::run::{Result, cargo, command};
use crate::select::UsageError;
use crate::steps::exercises_formatted;

/// Something that can be asked for.
pub(crate) struct Verb {
    pub(crate) name: &'static str,
    /// What may follow the name.
    pub(crate) takes: &'static str,
    pub(crate) does: &'static str,
    run: fn(&[&str]) -> Result,
}

/// All verbs, in the order in which they are listed.
pub(crate) const VERBS: &[Verb] = &[
    Verb {
        name: "format",
        takes: "",
        does: "formats all workspaces: the exercises and the fuzz targets have their own",
        run: |_| {
            cargo("fmt --all").run()?;
            cargo("fmt --all").within("book/exercises").run()?;
            exercises_formatted()?.run()?;
            cargo("fmt").within("testing/fuzz").run()
        },
    },
    Verb {
        name: "links",
        takes: "",
        does: "puts line numbers in links to code right; makes what is generated of the course",
        run: |_| {
            cargo("test --quiet --locked -p book --test check --test prose --test head_of_line")
                .env("UPDATE_LINKS", "1")
                .run()?;
            features::generate()
        },
    },
    Verb {
        name: "features",
        takes: "",
        does: "writes the table of features, docs/FEATURES.md, from docs/features.txt",
        run: |_| features::generate(),
    },
    Verb {
        name: "traces",
        takes: "",
        does: "writes the transcripts of the course, book/traces/{transcript,http2}.txt",
        run: |_| {
            cargo("test --quiet --locked -p book --test check").env("UPDATE_TRACES", "1").run()
        },
    },
    Verb {
        name: "syscalls",
        takes: "",
        does: "records the system calls that the course shows; Linux, root, strace and Chromium",
        run: |_| {
            let servers = "-p backend-sync -p backend-mio -p backend-uring -p museum";
            cargo(&format!("build --locked {servers}")).run()?;
            command("book/traces/record").run()?;
            command("book/traces/record-museum").run()
        },
    },
    Verb {
        name: "live",
        takes: "",
        does: "builds the module of the course, book/theme/live/module.js",
        run: |_| live::rebuild(),
    },
    Verb {
        name: "seeds",
        takes: "",
        does: "writes what the conformance cases send to where fuzzing begins",
        run: |_| {
            cargo("run --quiet --locked -p conformance --example seeds -- testing/fuzz/corpus")
                .run()
        },
    },
    Verb {
        name: "fuzz",
        takes: "[SECONDS [TARGET...]]",
        does: "fuzzes each target for so long",
        run: |rest| command(".ci/fuzz/run").args(rest).run(),
    },
    Verb {
        name: "counts",
        takes: "",
        does: "counts the instructions of requests, and writes what is compared; with Valgrind",
        run: |_| cargo("run --quiet --locked --release -p bench --bin counts -- write").run(),
    },
    Verb {
        name: "judge",
        takes: "HOST:PORT",
        does: "plays HTTP/1.1 to any server, in twelve stages: how far is it?",
        run: |rest| cargo("run --quiet --locked -p conformance --bin judge --").args(rest).run(),
    },
    Verb {
        name: "exam",
        takes: "SEED FORM",
        does: "draws a test from the quizzes of the course; FORM is before, after or exam",
        run: |rest| {
            cargo("run --quiet --locked -p book --example exam --").args(rest).quietly().run()
        },
    },
    Verb {
        name: "references",
        takes: "[DIRECTORY]",
        does: "plays the conformance cases to hyper and nginx",
        run: |rest| command(".ci/references/run").args(rest).run(),
    },
    Verb {
        name: "evidence",
        takes: "[SECONDS]",
        does: "measures what conformance/README.md shows, and writes it: hours",
        run: |rest| command(".ci/evidence/run").args(rest).run(),
    },
    Verb {
        name: "site",
        takes: "",
        does: "builds app/site/dist; with npm",
        run: |_| {
            command("npm ci --no-audit --no-fund").within("app/site").run()?;
            command("npm run build").within("app/site").run()
        },
    },
];

/// `cargo xtask NAME` with these arguments.
pub(crate) fn main(name: &str, rest: &[&str]) -> std::result::Result<ExitCode, UsageError> {
    let Some(verb) = VERBS.iter().find(|verb| verb.name == name) else {
        return Err(UsageError(format!("There is no `{name}`.")));
    };
    if verb.takes.is_empty() && !rest.is_empty() {
        return Err(UsageError(format!("`{name}` takes no arguments.")));
    }
    Ok((verb.run)(rest).map_or_else(
        |failure| {
            eprintln!("{failure}");
            ExitCode::from(failure.code())
        },
        |()| ExitCode::SUCCESS,
    ))
}

/// One line for each.
pub(crate) fn list() -> String {
    let line = |verb: &Verb| {
        let called = format!("{} {}", verb.name, verb.takes);
        format!("cargo xtask {called:<22} {}\n", verb.does)
    };
    VERBS.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_have_names_of_their_own() {
        let mut names: Vec<&str> = VERBS.iter().map(|verb| verb.name).collect();
        names.extend(["ci", "help"]);
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn an_unknown_verb_and_an_argument_too_many_are_usage_errors() {
        assert!(main("no-such-verb", &[]).is_err());
        assert!(main("links", &["twice"]).is_err());
    }
}
