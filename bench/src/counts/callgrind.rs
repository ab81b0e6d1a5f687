//! callgrind, and what it writes down.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use tempfile::TempDir;

/// Instructions of a run, by where they are.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Instructions {
    /// In the program: our code, and that of all crates.
    pub program: u64,
    /// In the C library and in the dynamic linker.
    pub libc: u64,
}

impl Instructions {
    /// What one of `times` took that `longer` has more than `self`.
    pub(crate) fn each(self, longer: Self, times: u64) -> Self {
        let each = |shorter: u64, longer: u64| (longer.saturating_sub(shorter) + times / 2) / times;
        Instructions {
            program: each(self.program, longer.program),
            libc: each(self.libc, longer.libc),
        }
    }
}

/// What callgrind has written: a file for each part, which goes on to the next call of
/// [`part_ends`](super::functions::part_ends).
#[derive(Debug)]
pub(crate) struct Parts {
    folder: TempDir,
    program: PathBuf,
}

impl Parts {
    /// A folder for them.
    ///
    /// # Errors
    /// If there cannot be one.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Parts { folder: tempfile::tempdir()?, program: env::current_exe()? })
    }

    /// This program under callgrind, with other arguments.
    #[must_use]
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("valgrind");
        command
            .args(["--tool=callgrind", "--quiet", "--vgdb=no"])
            // Its threads take turns. Fairly: else one may keep the others from theirs.
            .args(["--fair-sched=yes", "--dump-before=*counts*part_ends*"])
            .arg(format!("--callgrind-out-file={}", self.folder.path().join("part").display()))
            .arg(&self.program)
            .args(arguments);
        command
    }

    /// What was counted up to the mark with this number, from the one before it; the first is 1.
    ///
    /// # Errors
    /// If there is no such part, or it is not understood.
    pub(crate) fn read(&self, number: usize) -> io::Result<Instructions> {
        let path = self.folder.path().join(format!("part.{number}"));
        let text = fs::read_to_string(&path)
            .map_err(|error| io::Error::other(format!("callgrind has not counted: {error}")))?;
        parse(&text, &self.program)
    }
}

/// The instructions in a profile, each where it was executed.
fn parse(profile: &str, program: &Path) -> io::Result<Instructions> {
    let wrong = |what: &str| io::Error::other(format!("callgrind's profile: {what}"));
    let (mut names, mut sum) = (Objects::default(), Instructions::default());
    let (mut is_in_program, mut is_of_call) = (false, false);
    let mut summary = None;
    for line in profile.lines() {
        if let Some(object) = line.strip_prefix("ob=") {
            is_in_program = Path::new(names.name(object)) == program;
        } else if let Some(object) = line.strip_prefix("cob=") {
            names.name(object); // it may be named here for the first time
        } else if line.starts_with("calls=") {
            is_of_call = true;
        } else if let Some(total) = line.strip_prefix("summary: ") {
            summary = total.trim().parse::<u64>().ok();
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            // The line behind a call has what was executed in what is called: it is there as well.
            if std::mem::take(&mut is_of_call) {
                continue;
            }
            let cost = line.split_whitespace().nth(1).ok_or_else(|| wrong(line))?;
            let cost: u64 = cost.parse().map_err(|_| wrong(line))?;
            *(if is_in_program { &mut sum.program } else { &mut sum.libc }) += cost;
        }
    }
    if summary != Some(sum.program + sum.libc) {
        return Err(wrong("it does not add up"));
    }
    Ok(sum)
}

/// Names are written out once, behind a number that stands for them from then on.
#[derive(Default)]
struct Objects<'a>(HashMap<&'a str, &'a str>);

impl<'a> Objects<'a> {
    fn name(&mut self, text: &'a str) -> &'a str {
        match text.split_once(' ') {
            Some((number, name)) => {
                self.0.insert(number, name);
                name
            }
            None => self.0.get(text).copied().unwrap_or(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As callgrind 3.19 writes it, shortened.
    const PROFILE: &str = "\
# callgrind format
version: 1
creator: callgrind-3.19.0
pid: 17
cmd:  /target/release/counts functions
part: 2

desc: Trigger: --dump-before=bench::counts::part_ends

positions: line
events: Ir
summary: 1234


ob=(1) /target/release/counts
fl=(1) ???
fn=(1) protocol::head::parse
0 100
cob=(2) /lib/x86_64-linux-gnu/libc.so.6
cfi=(2)
cfn=(2) malloc
calls=3 0
0 1030
cfn=(3) protocol::head::check
calls=1 0
0 4
0 100

fn=(3)
0 4

ob=(2)
fn=(2)
0 1000
+3 20
* 10

totals: 1234
";

    #[test]
    fn instructions_are_counted_once_and_where_they_are() {
        let instructions = parse(PROFILE, Path::new("/target/release/counts"));
        assert_eq!(instructions.unwrap(), Instructions { program: 204, libc: 1030 });
    }

    #[test]
    fn a_profile_that_does_not_add_up_is_an_error() {
        let program = Path::new("/target/release/counts");
        for (what, with) in
            [("0 1000", "0 1001"), ("0 4\n\n", "\n"), ("0 1000", "0 x"), ("summary: 1234", "")]
        {
            assert!(PROFILE.contains(what));
            assert!(parse(&PROFILE.replace(what, with), program).is_err(), "{what}");
        }
        assert!(parse("", program).is_err());
    }

    #[test]
    fn what_surrounds_the_runs_has_no_part_in_the_count() {
        let shorter = Instructions { program: 50 + 10 * 7, libc: 3 };
        let longer = Instructions { program: 50 + 20 * 7 + 4, libc: 3 };
        assert_eq!(shorter.each(longer, 10), Instructions { program: 7, libc: 0 });
    }
}
