//! Which measurements are none: each rule names the figure that counts for nothing, and why.
//!
//! A comparison that leaves out its failures flatters somebody, so nothing is dropped: a cell keeps
//! its facts, and says with them why they cannot be believed.

use crate::load::{Outcome, Pace, Plan, Trouble};
use crate::results::{Calibration, Cell, Results, Void};

/// A generator that worked for more of its time than this may have been the bottleneck.
const BUSIEST_GENERATOR: f64 = 0.5;

/// A server that used so much of its core was the bottleneck itself.
const FULL_CORE: f64 = 0.95;

/// How far rate times latency may be from the requests under way (Little's law).
const LITTLE: f64 = 0.05;

/// How much of the offered load has to be served for its latency to be one.
const ACHIEVED: f64 = 0.97;

/// How far the machine may be from its own median.
const DRIFT: f64 = 0.10;

/// Why what clients saw, and what the kernel counted meanwhile, is no measurement. An overload need
/// not be served.
#[must_use]
pub fn voids(plan: &Plan, outcome: &Outcome, core_used: f64, is_overload: bool) -> Vec<Void> {
    let rules = [
        troubles(outcome),
        nothing(outcome),
        too_slow_a_generator(plan, outcome, core_used),
        littles_law(plan, outcome),
        not_sent(outcome),
        not_achieved(plan, outcome).filter(|_| !is_overload),
    ];
    rules.into_iter().flatten().collect()
}

fn void(figure: &str, reason: String) -> Option<Void> {
    Some(Void { figure: figure.to_owned(), reason })
}

fn troubles(outcome: &Outcome) -> Option<Void> {
    if let Some(wrong) = &outcome.first_wrong {
        return void("all", format!("a response was wrong: {wrong}"));
    }
    let (trouble, count) = outcome.errors.iter().max_by_key(|(_, count)| **count)?;
    let what = match trouble {
        Trouble::Connect => "connections could not be opened",
        Trouble::Closed => "connections ended in the middle of an exchange",
        Trouble::Timeout => "requests were not answered in time",
        Trouble::Wrong => "responses were wrong",
    };
    void("all", format!("{count} {what}"))
}

fn nothing(outcome: &Outcome) -> Option<Void> {
    if outcome.requests > 0 { None } else { void("all", "nothing was answered".to_owned()) }
}

fn too_slow_a_generator(plan: &Plan, outcome: &Outcome, core_used: f64) -> Option<Void> {
    // With one request at a time the clients and the server take turns.
    let takes_turns = plan.connections * plan.pace.under_way() == 1;
    let is_closed = matches!(plan.pace, Pace::Closed { .. }) && !takes_turns;
    let headroom = outcome.headroom(plan.threads);
    if !is_closed || headroom >= 1.0 / BUSIEST_GENERATOR || core_used >= FULL_CORE {
        return None;
    }
    let reason = format!(
        "the clients had no time to ask for more (headroom {headroom:.1}), and the server's core \
         was only {:.0} % in use",
        core_used * 100.0
    );
    void("rate", reason)
}

fn littles_law(plan: &Plan, outcome: &Outcome) -> Option<Void> {
    let Pace::Closed { under_way } = plan.pace else { return None };
    if plan.requests_per_connection.is_some() || outcome.requests == 0 {
        return None; // while a connection is opened no request is under way
    }
    let expected = (plan.connections * under_way) as f64;
    let found = outcome.under_way();
    // A request that is under way at an edge of the time that counts, counts whole or not at all.
    let edge = outcome.latency.max() as f64 / 1e9 / outcome.elapsed.as_secs_f64();
    if (found / expected - 1.0).abs() <= LITTLE + edge {
        return None;
    }
    void("all", format!("rate times latency is {found:.1}, but {expected:.0} were under way"))
}

fn not_sent(outcome: &Outcome) -> Option<Void> {
    let scheduled = outcome.scheduled?;
    let failed: u64 = outcome.errors.values().sum();
    let counted = outcome.latency.len() + failed;
    if counted >= scheduled || outcome.interrupted {
        return None;
    }
    let reason = format!(
        "of {scheduled} scheduled requests only {counted} are counted: those that waited longest \
         are missing"
    );
    void("latency", reason)
}

fn not_achieved(plan: &Plan, outcome: &Outcome) -> Option<Void> {
    let Pace::Open { steps, .. } = &plan.pace else { return None };
    let offered: f64 = steps.iter().map(|step| step.rate).fold(0.0, f64::max);
    let achieved = outcome.rate() / offered;
    if achieved >= ACHIEVED {
        return None;
    }
    void("latency", format!("only {:.0} % of what was offered was served", achieved * 100.0))
}

/// Whether a round counts, by what the machine itself did before and after it.
#[must_use]
pub fn drift(all: &[Calibration], before: Calibration, after: Calibration) -> Option<Void> {
    let mut computations: Vec<_> = all.iter().map(|calibration| calibration.computation).collect();
    computations.sort_unstable();
    // Not the median: a machine that is slow for most of the time is still slow.
    let usual = *computations.get(computations.len() / 4)? as f64;
    let slowest = before.computation.max(after.computation) as f64 / usual;
    if slowest <= 1.0 + DRIFT {
        return None;
    }
    void("all", format!("the machine itself was {:.0} % slower", (slowest - 1.0) * 100.0))
}

/// What is wrong with a file of results as a whole: rounds that are missing,
/// and rounds that count although the machine was another. A sentence for each.
#[must_use]
pub fn audit(results: &Results) -> Vec<String> {
    missing(results).into_iter().chain(unmarked_drift(results)).collect()
}

/// Entries that lack rounds: what is left may be the best of them.
fn missing(results: &Results) -> Vec<String> {
    let rounds = results.provenance.rounds as usize;
    let mut sentences = Vec::new();
    for scenario in &results.scenarios {
        for entry in &results.entries {
            let is_meant =
                |cell: &&Cell| cell.scenario == scenario.name && cell.entry == entry.name;
            let cells = results.cells.iter().filter(is_meant).count();
            if cells != 0 && cells != rounds {
                sentences.push(format!(
                    "{} in {}: {cells} of {rounds} rounds are in this file. What is shown may be \
                     the best of them.",
                    entry.name, scenario.name
                ));
            }
        }
    }
    sentences
}

fn unmarked_drift(results: &Results) -> Vec<String> {
    let all = &results.calibrations;
    let counts = |round: usize| {
        let is_full = |cell: &Cell| cell.void.iter().all(|void| void.figure != "all");
        results.cells.iter().any(|cell| cell.round as usize == round && is_full(cell))
    };
    let sentence = |(round, pair): (usize, &[Calibration])| {
        let void = drift(all, pair[0], pair[1]).filter(|_| counts(round))?;
        Some(format!("Round {}: {}, and its figures count.", round + 1, void.reason))
    };
    all.windows(2).enumerate().filter_map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use hdrhistogram::Histogram;

    use super::*;
    use crate::load::{Exchange, Request, Step};

    const SECOND: Duration = Duration::from_secs(1);

    /// 64 connections, one request under way on each.
    fn closed_loop() -> Plan {
        let request = Request {
            method: "GET".into(),
            target: "/text".into(),
            fields: Vec::new(),
            body: Vec::new(),
            status: 200,
            expected: None,
        };
        Plan {
            server: ([127, 0, 0, 1], 1).into(),
            authority: "localhost".into(),
            tls: false,
            exchange: Exchange::Http1(request),
            connections: 64,
            threads: 1,
            cores: Vec::new(),
            pace: Pace::Closed { under_way: 1 },
            requests_per_connection: None,
            slow_connections: 0,
            warm_up: Duration::ZERO,
            duration: SECOND,
            max_requests: None,
            timeout: SECOND,
        }
    }

    fn open_loop(rate: f64) -> Plan {
        let steps = vec![Step { rate, duration: SECOND }];
        Plan { pace: Pace::Open { steps, under_way: 1 }, ..closed_loop() }
    }

    /// So many responses in a second, each after a latency.
    fn outcome(requests: u64, latency: Duration) -> Outcome {
        let mut histogram = Histogram::new(3).expect("three digits");
        histogram.record_n(latency.as_nanos() as u64, requests).expect("it resizes");
        Outcome {
            requests,
            elapsed: SECOND,
            latency: histogram.clone(),
            latency_from_sending: histogram,
            scheduled: None,
            errors: BTreeMap::new(),
            first_wrong: None,
            connects: 64,
            received: 0,
            sent: 0,
            busy: SECOND / 10,
            slices: Vec::new(),
            interrupted: false,
        }
    }

    fn only_void(plan: &Plan, outcome: &Outcome, core_used: f64) -> Void {
        let voids = voids(plan, outcome, core_used, false);
        assert_eq!(voids.len(), 1, "{voids:?}");
        voids.into_iter().next().expect("there is one")
    }

    #[test]
    fn a_measurement_as_it_should_be_is_none_of_these() {
        let honest = outcome(64_000, Duration::from_millis(1));
        assert_eq!(voids(&closed_loop(), &honest, 1.0, false), []);
        let honest = Outcome { scheduled: Some(1000), ..outcome(1000, Duration::from_micros(50)) };
        assert_eq!(voids(&open_loop(1000.0), &honest, 0.2, false), []);
    }

    #[test]
    fn a_wrong_response_voids_everything() {
        let wrong = Outcome {
            errors: [(Trouble::Wrong, 1)].into(),
            first_wrong: Some("byte 17 is x".into()),
            ..outcome(64_000, Duration::from_millis(1))
        };
        let void = only_void(&closed_loop(), &wrong, 1.0);
        assert_eq!((void.figure.as_str(), void.reason.contains("byte 17")), ("all", true));
    }

    #[test]
    fn a_generator_that_is_the_bottleneck_voids_the_rate() {
        let slow = Outcome { busy: SECOND * 9 / 10, ..outcome(64_000, Duration::from_millis(1)) };
        let void = only_void(&closed_loop(), &slow, 0.6);
        assert_eq!(void.figure, "rate");
        // A server that has no time left is the bottleneck itself.
        assert_eq!(voids(&closed_loop(), &slow, 0.98, false), []);
    }

    #[test]
    fn latencies_that_cannot_be_those_of_the_requests_void_everything() {
        // 64 connections and 64,000 responses per second: nobody can have waited for 2 ms.
        let impossible = outcome(64_000, Duration::from_millis(2));
        let void = only_void(&closed_loop(), &impossible, 1.0);
        assert!(void.figure == "all" && void.reason.contains("128.0"), "{void:?}");
    }

    #[test]
    fn requests_that_the_schedule_had_and_nobody_counted_void_the_latency() {
        let omitted = Outcome { scheduled: Some(1020), ..outcome(1000, Duration::from_micros(50)) };
        let void = only_void(&open_loop(1020.0), &omitted, 0.2);
        assert!(void.figure == "latency" && void.reason.contains("1020"), "{void:?}");
    }

    #[test]
    fn a_load_that_was_not_served_voids_the_latency_but_an_overload_is_not_to_be_served() {
        let behind = Outcome { scheduled: Some(1000), ..outcome(1000, Duration::from_millis(400)) };
        assert_eq!(only_void(&open_loop(1100.0), &behind, 1.0).figure, "latency");
        assert_eq!(voids(&open_loop(1100.0), &behind, 1.0, true), []);
    }

    #[test]
    fn a_round_in_which_the_machine_was_slower_counts_for_nothing() {
        let at = |computation| Calibration { at_seconds: 0.0, computation, cache_line: 100 };
        let all = [at(100), at(101), at(100), at(140), at(102)];
        assert_eq!(drift(&all, all[0], all[1]), None);
        let void = drift(&all, all[2], all[3]).expect("it was much slower");
        assert!(void.reason.contains("40 %"), "{void:?}");
        // Even if that is what it was for most of the time.
        let all = [at(100), at(101), at(140), at(140), at(142)];
        assert!(drift(&all, all[3], all[4]).is_some());
    }
}
