//! The figures that are committed, and what is held against them.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::counts::callgrind::Instructions;
use crate::counts::setting::Setting;

/// All counts, and where they are from.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Counts {
    /// Where they are from.
    #[serde(flatten)]
    pub setting: Setting,
    /// One call of each function.
    pub functions: Vec<Count>,
    /// One request to each model.
    pub requests: Vec<Count>,
}

/// How many instructions something takes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Count {
    /// What is done.
    pub of: String,
    /// Whose code does it.
    pub by: String,
    /// Instructions in the program.
    pub program: u64,
    /// Instructions in the C library.
    pub libc: u64,
    /// By how much they may change without notice, in percent.
    pub tolerance: u32,
}

impl Count {
    pub(crate) fn new(
        of: impl Into<String>,
        by: impl Into<String>,
        Instructions { program, libc }: Instructions,
        tolerance: u32,
    ) -> Self {
        Count { of: of.into(), by: by.into(), program, libc, tolerance }
    }

    /// All instructions in user space.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.program + self.libc
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Count { of, by, program, libc, .. } = self;
        write!(f, "{of}, {by}: {program} + {libc} in libc")
    }
}

/// The file in which counts are committed.
#[must_use]
pub fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("counts/counts.json")
}

impl Counts {
    /// Those that are committed.
    ///
    /// # Errors
    /// If there is no file, or it is not understood.
    pub fn committed() -> io::Result<Self> {
        Ok(serde_json::from_str(&std::fs::read_to_string(document())?)?)
    }

    /// As they are committed: JSON with a line for each count, so that a diff shows what changes.
    #[must_use]
    pub fn to_json(&self) -> String {
        let Setting { toolchain, processor, libc } = &self.setting;
        let list = |counts: &[Count]| {
            counts
                .iter()
                .map(|count| format!("    {}", json(count)))
                .collect::<Vec<_>>()
                .join(",\n")
        };
        format!(
            "{{\n  \"toolchain\": {},\n  \"processor\": {},\n  \"libc\": {},\n  \
             \"functions\": [\n{}\n  ],\n  \"requests\": [\n{}\n  ]\n}}\n",
            json(toolchain),
            json(processor),
            json(libc),
            list(&self.functions),
            list(&self.requests)
        )
    }

    fn all(&self) -> impl Iterator<Item = &Count> {
        self.functions.iter().chain(&self.requests)
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("names and numbers can be written")
}

/// What has changed since counts were committed.
#[derive(PartialEq, Eq, Default, Debug)]
pub struct Comparison {
    /// What must not be: a count has risen, or there is nothing to compare with.
    pub problems: Vec<String>,
    /// What should be committed: a count has fallen.
    pub hints: Vec<String>,
}

/// Holds what was measured against what is committed.
#[must_use]
pub fn compare(committed: &Counts, measured: &Counts) -> Comparison {
    let mut comparison = Comparison::default();
    let (then, now) = (&committed.setting, &measured.setting);
    for (then, now) in [(&then.toolchain, &now.toolchain), (&then.processor, &now.processor)] {
        if then != now {
            let what = format!("not comparable: counted with {then}, and here is {now}");
            comparison.problems.push(what);
        }
    }
    if !comparison.problems.is_empty() {
        return comparison;
    }
    let with_libc = then.libc == now.libc;
    for it in measured.all() {
        match committed.all().find(|old| (&old.of, &old.by) == (&it.of, &it.by)) {
            Some(old) => comparison.add(old, it, with_libc),
            None => comparison.problems.push(format!("{it}: not committed")),
        }
    }
    for old in committed.all() {
        if !measured.all().any(|it| (&old.of, &old.by) == (&it.of, &it.by)) {
            comparison.problems.push(format!("{old}: committed, and there is no such thing"));
        }
    }
    comparison
}

impl Comparison {
    /// Compares what is ours, since it would be lost in much of the C library's; and all together.
    fn add(&mut self, old: &Count, new: &Count, with_libc: bool) {
        let parts = [(old.program, new.program, ""), (old.total(), new.total(), " with libc")];
        for (was, is, what) in parts.into_iter().take(if with_libc { 2 } else { 1 }) {
            let (was, is) = (was as f64, is as f64);
            let change = (is - was) / was.max(1.0) * 100.0;
            if change.abs() > f64::from(old.tolerance) {
                let list = if change > 0.0 { &mut self.problems } else { &mut self.hints };
                let Count { of, by, .. } = new;
                list.push(format!("{of}, {by}: {was} became {is}{what} ({change:+.1} %)"));
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(program: u64, libc: u64) -> Counts {
        let setting = Setting {
            toolchain: "rustc 1.95.0".into(),
            processor: "x86_64".into(),
            libc: "glibc 2.36".into(),
        };
        let functions = vec![Count::new("head", "protocol", Instructions { program, libc }, 2)];
        let requests = vec![Count::new("round trip", "mio", Instructions::default(), 2)];
        Counts { setting, functions, requests }
    }

    /// The numbers of problems and of hints.
    fn found(committed: &Counts, measured: &Counts) -> (usize, usize) {
        let Comparison { problems, hints } = compare(committed, measured);
        (problems.len(), hints.len())
    }

    #[test]
    fn a_rise_over_2_percent_is_a_problem_and_a_fall_a_hint() {
        for (program, found_then) in
            [(1020, (0, 0)), (1021, (1, 0)), (1000, (0, 0)), (980, (0, 0)), (979, (0, 1))]
        {
            assert_eq!(found(&counts(1000, 0), &counts(program, 0)), found_then, "{program}");
        }
        let problems = compare(&counts(1000, 0), &counts(1100, 0)).problems;
        assert_eq!(problems, ["head, protocol: 1000 became 1100 (+10.0 %)"]);
    }

    #[test]
    fn a_rise_of_our_own_is_a_problem_although_libc_has_much_more() {
        assert_eq!(found(&counts(1000, 50_000), &counts(1030, 50_000)), (1, 0));
    }

    #[test]
    fn what_does_not_repeat_may_change_by_more() {
        let mut committed = counts(1000, 0);
        committed.functions[0].tolerance = 8;
        assert_eq!(found(&committed, &counts(1080, 0)), (0, 0));
        assert_eq!(found(&committed, &counts(1081, 0)), (1, 0));
    }

    #[test]
    fn another_c_library_is_not_compared() {
        assert_eq!(found(&counts(1000, 100), &counts(1000, 200)), (1, 0));
        let mut other = counts(1000, 200);
        other.setting.libc = "glibc 2.41".into();
        assert_eq!(found(&counts(1000, 100), &other), (0, 0));
        other.functions[0].program = 1100;
        assert_eq!(found(&counts(1000, 100), &other), (1, 0));
    }

    #[test]
    fn with_another_toolchain_or_processor_nothing_is_compared() {
        let mut other = counts(5, 5);
        other.setting.toolchain = "rustc 1.96.0".into();
        let problems = compare(&counts(1000, 0), &other).problems;
        assert_eq!(
            problems,
            ["not comparable: counted with rustc 1.95.0, and here is rustc 1.96.0"]
        );
        let mut other = counts(5, 5);
        other.setting.processor = "aarch64".into();
        assert_eq!(found(&counts(1000, 0), &other), (1, 0));
    }

    #[test]
    fn what_is_new_and_what_is_gone_are_problems() {
        let mut fewer = counts(1000, 0);
        fewer.requests.clear();
        assert_eq!(found(&fewer, &counts(1000, 0)), (1, 0));
        assert_eq!(found(&counts(1000, 0), &fewer), (1, 0));
    }

    #[test]
    fn counts_are_written_as_they_are_read_with_a_line_for_each() {
        let json = counts(7, 8).to_json();
        assert_eq!(serde_json::from_str::<Counts>(&json).unwrap(), counts(7, 8));
        let line = r#"    {"of":"head","by":"protocol","program":7,"libc":8,"tolerance":2}"#;
        assert!(json.lines().any(|it| it == line), "{json}");
    }

    #[test]
    fn the_committed_counts_are_of_the_toolchain_that_decides() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rust-toolchain.toml");
        let text = std::fs::read_to_string(file).unwrap();
        let channel = text.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap();
        let toolchain = Counts::committed().unwrap().setting.toolchain;
        let version = toolchain.split(' ').nth(1);
        assert_eq!(version, Some(channel.trim_matches('"')), "`cargo xtask counts` counts again");
    }
}
