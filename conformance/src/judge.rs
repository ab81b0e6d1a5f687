//! How far is a server of HTTP/1.1? The cases for [any](Needs::Any) server in twelve stages, in the
//! order in which one is built: from one answered request up to a client that closes its side.
//!
//! A stage is played only when all before it have passed, and the first case that fails is shown
//! with the bytes that went both ways and its section of the RFC.

use std::fmt;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::LazyLock;
use std::time::Duration;

use crate::case::{Case, Needs, Protocol};
use crate::cases::cases;
use crate::http1;
use crate::report::{Failure, Report};
use crate::runner::Runner;
use crate::splits::Splits;

/// One stage.
#[derive(Clone, Copy, Debug)]
pub struct Stage {
    /// What the server can do that has passed it.
    pub name: &'static str,
    /// Where exchanges are split.
    splits: Splits,
    /// Exchanges at a time.
    threads: usize,
    /// Whether other clients are connected and silent meanwhile.
    has_others: bool,
    which: Which,
}

#[derive(Clone, Copy, Debug)]
enum Which {
    /// The cases with these ids.
    Ids(&'static [&'static str]),
    /// Those whose ids begin so, and that no stage names.
    Prefixes(&'static [&'static str]),
    /// Those that no other stage has.
    Rest,
}

const fn stage(name: &'static str, which: Which) -> Stage {
    Stage { name, splits: Splits::Some, threads: 8, has_others: false, which }
}

/// All stages, in their order.
pub const STAGES: [Stage; 12] = [
    Stage { splits: Splits::None, threads: 1, ..stage("one request", Which::Ids(&["judge-get"])) },
    // One at a time: more than one client comes in the next stage.
    Stage { threads: 1, ..stage("a head in pieces", Which::Ids(&["judge-get", "judge-get-long"])) },
    Stage { has_others: true, ..stage("several clients", Which::Ids(&["judge-get"])) },
    stage(
        "keep-alive",
        Which::Ids(&[
            "simple-get",
            "persistent",
            "no-close-unasked",
            "keep-alive-1-1",
            "close",
            "close-any-case",
            "close-in-list",
            "close-with-keep-alive",
            "close-empty-elements",
            "closed-is-not-close",
            "host-missing-1-0",
            "version-of-response",
            "closes-1-0",
            "keep-alive-1-0-close",
            "proxy-connection",
        ]),
    ),
    stage(
        "pipelining",
        Which::Ids(&["pipelined-two", "close-then-request", "closes-1-0-then-request"]),
    ),
    stage(
        "bodies",
        Which::Ids(&[
            "length-get",
            "judge-body-then-request",
            "judge-body-like-request",
            "judge-body-apart",
        ]),
    ),
    stage(
        "chunked bodies",
        Which::Ids(&[
            "coding-on-get",
            "judge-chunks-then-request",
            "judge-chunk-like-request",
            "judge-chunk-size-letters",
            "judge-chunk-size-wrong",
        ]),
    ),
    stage("limits", Which::Ids(&["request-line-8000", "request-line-huge", "head-huge"])),
    stage(
        "HEAD, and the date",
        Which::Ids(&[
            "head",
            "head-close",
            "head-1-0",
            "pipelined-head",
            "date",
            "date-404",
            "date-head",
            "date-1-0",
        ]),
    ),
    stage("errors", Which::Rest),
    stage(
        "bodies that nobody can be sure of",
        Which::Prefixes(&["length-", "coding-", "space-before-colon-"]),
    ),
    stage(
        "half-close",
        Which::Ids(&[
            "closed-once",
            "judge-half-close",
            "judge-half-close-pipelined",
            "judge-half-close-body",
            "judge-half-close-later",
        ]),
    ),
];

/// The cases for any server of HTTP/1.1, and those that only the judge plays.
fn all() -> &'static [Case] {
    static ALL: LazyLock<Vec<Case>> = LazyLock::new(|| {
        let any = cases().iter().filter(|case| case.needs == Needs::Any);
        let any = any.filter(|case| case.protocol() == Protocol::Http1).cloned();
        any.chain(http1::judged()).collect()
    });
    &ALL
}

impl Stage {
    /// The cases of this stage.
    pub fn cases(&self) -> impl Iterator<Item = &'static Case> {
        all().iter().filter(|case| self.takes(case.id))
    }

    fn takes(&self, id: &str) -> bool {
        let is_named = || {
            STAGES.iter().any(|stage| matches!(stage.which, Which::Ids(ids) if ids.contains(&id)))
        };
        let begins_so = |stage: &Stage| match stage.which {
            Which::Prefixes(prefixes) => prefixes.iter().any(|prefix| id.starts_with(prefix)),
            _ => false,
        };
        match self.which {
            Which::Ids(ids) => ids.contains(&id),
            Which::Prefixes(_) => !is_named() && begins_so(self),
            Which::Rest => !is_named() && !STAGES.iter().any(begins_so),
        }
    }

    fn play(&self, server: SocketAddr, timeout: Duration) -> Report {
        let others = if self.has_others { others(server, timeout) } else { Vec::new() };
        let runner =
            Runner { threads: self.threads, timeout, splits: self.splits, ..Runner::default() };
        let report = runner.run(server, self.cases());
        drop(others);
        report
    }
}

/// Clients that do nothing wrong and help nobody: some leave at once, the others are silent or have
/// sent half a head.
fn others(server: SocketAddr, timeout: Duration) -> Vec<TcpStream> {
    let connect = || TcpStream::connect_timeout(&server, timeout).ok();
    for _ in 0..4 {
        drop(connect());
    }
    let mut others: Vec<TcpStream> = (0..16).filter_map(|_| connect()).collect();
    for other in others.iter_mut().step_by(2) {
        // One that is closed already has been refused; the case will tell.
        let _ = other.write_all(b"GET / HTTP/1.1\r\nHost: ");
    }
    others
}

/// What the judge says.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The server's address.
    pub server: SocketAddr,
    /// The stages that were played, with what came of each: none behind the first that failed.
    pub played: Vec<(Stage, Report)>,
}

/// Plays stage after stage to the server at this address, up to the first that fails.
#[must_use]
pub fn judge(server: SocketAddr, timeout: Duration) -> Verdict {
    let mut played = Vec::new();
    for stage in STAGES {
        let report = stage.play(server, timeout);
        let passed = report.all_passed();
        played.push((stage, report));
        if !passed {
            break;
        }
    }
    Verdict { server, played }
}

impl Verdict {
    /// The number of the last stage that has passed, 0 if none has.
    #[must_use]
    pub fn reached(&self) -> usize {
        self.played.iter().filter(|(_, report)| report.all_passed()).count()
    }

    /// The first case that failed.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        self.played.iter().find_map(|(_, report)| report.failures.first())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, stage) in STAGES.iter().enumerate() {
            write!(f, "{:>3}  {:<34}", index + 1, stage.name)?;
            match self.played.get(index) {
                Some((_, report)) => {
                    let total = report.passed + report.failed;
                    writeln!(f, "{} of {total}", report.passed)?;
                }
                None => writeln!(f, "-")?,
            }
        }
        let reached = self.reached();
        if let Some(failure) = self.failure() {
            let stage = STAGES.get(reached).map_or("", |stage| stage.name);
            write!(f, "\nStage {} asks for {stage}:\n\n{failure}", reached + 1)?;
        }
        writeln!(f, "\n{}: stage {reached} of {} is reached", self.server, STAGES.len())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_case_for_any_server_is_in_one_stage() {
        for case in all() {
            let stages: Vec<_> = STAGES.iter().filter(|stage| stage.takes(case.id)).collect();
            let expected = match case.id {
                "judge-get" => 3, // whole, in pieces, and among others
                _ => 1,
            };
            assert_eq!(stages.len(), expected, "{}", case.id);
        }
    }

    #[test]
    fn every_id_of_a_stage_is_that_of_a_case_and_no_stage_is_empty() {
        let known: HashSet<_> = all().iter().map(|case| case.id).collect();
        assert_eq!(known.len(), all().len(), "ids are unique");
        for stage in STAGES {
            assert!(stage.cases().next().is_some(), "{}", stage.name);
            if let Which::Ids(ids) = stage.which {
                ids.iter().for_each(|id| assert!(known.contains(id), "{}: {id}", stage.name));
            }
        }
    }
}
