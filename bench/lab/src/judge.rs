//! Which measurements are none: each rule names the figure that counts for nothing, and why.
//!
//! A comparison that leaves out its failures flatters somebody, so nothing is dropped: a cell keeps
//! its facts, and says with them why they cannot be believed.

use std::collections::BTreeSet;

use crate::load::{Outcome, Pace, Plan, Trouble};
use crate::results::{Calibration, Cell, Results, Void};

/// A generator that worked for more of its time than this may have been the bottleneck.
const BUSIEST_GENERATOR: f64 = 0.5;

/// A generator on a schedule that worked for more of its time than this kept responses waiting: on
/// average for longer than it takes to read one.
const BUSIEST_ON_SCHEDULE: f64 = 0.7;

/// A server that used so much of its core was the bottleneck itself.
const FULL_CORE: f64 = 0.95;

/// How far rate times latency may be from the requests under way (Little's law).
const LITTLE: f64 = 0.05;

/// How many of them may be at an edge of the time that counts, so that it is not known.
const MOST_AT_THE_EDGES: f64 = 0.25;

/// How much of the offered load has to be served for its latency to be one.
const ACHIEVED: f64 = 0.97;

/// How much slower than it mostly was a machine may compute.
const DRIFT: f64 = 0.10;

/// How much longer, or shorter, a cache line may take to the other core than it mostly did. Virtual
/// cores are moved, even for a second: near each other or far apart, which moves all figures by a
/// quarter and more.
const FARTHER: f64 = 0.5;

/// Why what clients saw, and what the kernel counted meanwhile, is no measurement. An overload need
/// not be served.
#[must_use]
pub fn voids(plan: &Plan, outcome: &Outcome, core_used: f64, is_overload: bool) -> Vec<Void> {
    let rules = [
        trouble(outcome).and_then(|reason| void("all", reason)),
        nothing(outcome),
        too_slow_a_generator(plan, outcome, core_used),
        littles_law(plan, outcome),
        not_sent(outcome),
        late_generator(plan, outcome).filter(|_| !is_overload),
        if is_overload { no_overload(plan, outcome) } else { not_achieved(plan, outcome) },
    ];
    rules.into_iter().flatten().collect()
}

fn void(figure: &str, reason: String) -> Option<Void> {
    Some(Void { figure: figure.to_owned(), reason })
}

/// What went wrong with requests, if anything did.
#[must_use]
pub fn trouble(outcome: &Outcome) -> Option<String> {
    if let Some(wrong) = &outcome.first_wrong {
        return Some(format!("a response was wrong: {wrong}"));
    }
    let (trouble, count) = outcome.errors.iter().max_by_key(|(_, count)| **count)?;
    let what = match trouble {
        Trouble::Connect => "connections could not be opened",
        Trouble::Closed => "connections ended in the middle of an exchange",
        Trouble::Timeout => "requests were not answered in time",
        Trouble::Wrong => "responses were wrong",
    };
    Some(format!("{count} {what}"))
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

fn late_generator(plan: &Plan, outcome: &Outcome) -> Option<Void> {
    let is_open = matches!(plan.pace, Pace::Open { .. });
    let busy = 1.0 / outcome.headroom(plan.threads);
    if !is_open || busy <= BUSIEST_ON_SCHEDULE {
        return None;
    }
    let percent = busy * 100.0;
    void(
        "latency",
        format!("the clients worked {percent:.0} % of the time: responses waited for them"),
    )
}

fn littles_law(plan: &Plan, outcome: &Outcome) -> Option<Void> {
    let Pace::Closed { under_way } = plan.pace else { return None };
    if plan.requests_per_connection.is_some() || outcome.requests == 0 {
        return None; // while a connection is opened no request is under way
    }
    let expected = (plan.connections * under_way) as f64;
    let found = outcome.under_way();
    // A request that is under way at an edge of the time that counts, counts whole or not at all.
    let longest = outcome.latency.max() as f64 / 1e9 / outcome.elapsed.as_secs_f64();
    let edge = longest.min(MOST_AT_THE_EDGES);
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
    let achieved = achieved(plan, outcome)?;
    if achieved >= ACHIEVED {
        return None;
    }
    void("latency", format!("only {:.0} % of what was offered was served", achieved * 100.0))
}

fn no_overload(plan: &Plan, outcome: &Outcome) -> Option<Void> {
    achieved(plan, outcome).filter(|achieved| *achieved >= ACHIEVED)?;
    void("all", "all that was offered was served: this is no overload".to_owned())
}

/// How much of what a schedule offers was served.
fn achieved(plan: &Plan, outcome: &Outcome) -> Option<f64> {
    let Pace::Open { steps, .. } = &plan.pace else { return None };
    let offered: f64 = steps.iter().map(|step| step.rate).fold(0.0, f64::max);
    Some(outcome.rate() / offered)
}

/// Why rounds do not count, by how fast the machine itself was before and after each: `None` if one
/// does. Only together can they be judged, since nobody knows beforehand what is usual.
#[must_use]
pub fn drifts(calibrations: &[Calibration]) -> Vec<Option<Void>> {
    let mut computations: Vec<_> = calibrations.iter().map(|it| it.computation).collect();
    computations.sort_unstable();
    // Not the median: a machine that is slow for most of the time is still slow.
    let Some(usual) = computations.get(computations.len() / 4) else { return Vec::new() };
    let of_round = |pair: &[Calibration]| {
        let slowest = pair[0].computation.max(pair[1].computation) as f64 / *usual as f64;
        if slowest <= 1.0 + DRIFT {
            return None;
        }
        void("all", format!("the machine itself was {:.0} % slower", (slowest - 1.0) * 100.0))
    };
    calibrations.windows(2).map(of_round).collect()
}

/// How long a cache line usually takes to the other core and back: the median of all calibrations
/// and of the first cell of each entry in each load and round. (Not of those that were measured
/// again: that was done because the cores had been moved, so they would count for too much.)
#[must_use]
pub fn usual_distance(calibrations: &[Calibration], cells: &[Cell]) -> Option<u64> {
    let is_first = |(number, cell): &(usize, &Cell)| {
        number.checked_sub(1).is_none_or(|before| !is_of_one_round(&cells[before], cell))
    };
    let first = cells.iter().enumerate().filter(is_first);
    let beside = first.filter_map(|(_, cell)| cell.distances).flatten();
    let mut all: Vec<_> = calibrations.iter().map(|it| it.cache_line).chain(beside).collect();
    all.sort_unstable();
    all.get(all.len() / 2).copied()
}

/// Whether one was measured because the other did not count. They follow each other.
fn is_of_one_round(one: &Cell, other: &Cell) -> bool {
    one.round == other.round && one.scenario == other.scenario && one.entry == other.entry
}

/// Voids all cells of a round but the last that counts, so that no round counts twice.
pub fn keep_one_of_each_round(cells: &mut [Cell]) {
    for round in cells.chunk_by_mut(is_of_one_round) {
        let counting = round.iter_mut().filter(|cell| counts(cell));
        for cell in counting.rev().skip(1) {
            cell.void.extend(void("all", "it was measured again".to_owned()));
        }
    }
}

/// Why a measurement does not count before and after which a cache line took so long.
#[must_use]
pub fn moved(usual: u64, distances: [u64; 2]) -> Option<Void> {
    let far = |distance: &u64| (*distance as f64 / usual as f64).ln().abs();
    let odd = distances.into_iter().max_by(|a, b| far(a).total_cmp(&far(b)))?;
    if far(&odd) <= f64::ln(1.0 + FARTHER) {
        return None;
    }
    let there = "to the other core and back";
    void("all", format!("a cache line took {odd} ns {there}, usually {usual} ns"))
}

/// What is wrong with a file of results as a whole: rounds that are missing,
/// and what counts although the machine was another. A sentence for each.
#[must_use]
pub fn audit(results: &Results) -> Vec<String> {
    let sentences = [missing(results), unmarked_drift(results), unmarked_moves(results)];
    sentences.into_iter().flatten().collect()
}

/// Entries that lack rounds: what is left may be the best of them.
fn missing(results: &Results) -> Vec<String> {
    let mut sentences = Vec::new();
    for scenario in &results.scenarios {
        let rounds = results.provenance.rounds.div_ceil(scenario.every) as usize;
        for entry in &results.entries {
            let is_meant =
                |cell: &&Cell| cell.scenario == scenario.name && cell.entry == entry.name;
            let cells = results.cells.iter().filter(is_meant);
            let found = cells.map(|cell| cell.round).collect::<BTreeSet<_>>().len();
            if found != 0 && found != rounds {
                sentences.push(format!(
                    "{} in {}: {found} of {rounds} rounds are in this file. What is shown may be \
                     the best of them.",
                    entry.name, scenario.name
                ));
            }
        }
    }
    sentences
}

fn unmarked_drift(results: &Results) -> Vec<String> {
    let is_in = |round: usize| move |cell: &&Cell| cell.round as usize == round && counts(cell);
    let sentence = |(round, drift): (usize, Option<Void>)| {
        let void = drift.filter(|_| results.cells.iter().any(|it| is_in(round)(&it)))?;
        Some(format!("Round {}: {}, and its figures count.", round + 1, void.reason))
    };
    drifts(&results.calibrations).into_iter().enumerate().filter_map(sentence).collect()
}

fn unmarked_moves(results: &Results) -> Vec<String> {
    let usual = usual_distance(&results.calibrations, &results.cells);
    let Some(usual) = usual else { return Vec::new() };
    let is_moved =
        |cell: &&Cell| counts(cell) && cell.distances.is_some_and(|it| moved(usual, it).is_some());
    match results.cells.iter().filter(is_moved).count() {
        0 => Vec::new(),
        count => {
            vec![format!("The cores were elsewhere during {count} measurements, and they count.")]
        }
    }
}

fn counts(cell: &Cell) -> bool {
    cell.void.iter().all(|void| void.figure != "all")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use hdrhistogram::Histogram;

    use super::*;
    use crate::load::{Exchange, Request, Step};

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn of_one_round_one_cell_counts() {
        let cell = |round, void| Cell { round, void, ..Cell::default() };
        let odd = void("all", "the cores were elsewhere".to_owned()).expect("it is one");
        let mut cells = [cell(0, vec![]), cell(0, vec![]), cell(0, vec![odd]), cell(1, vec![])];
        keep_one_of_each_round(&mut cells);
        assert_eq!(cells.map(|cell| counts(&cell)), [false, true, false, true]);
    }

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
    fn a_generator_that_keeps_responses_waiting_voids_the_latency() {
        let busy = |part| Outcome {
            busy: SECOND.mul_f64(part),
            scheduled: Some(1000),
            ..outcome(1000, Duration::from_micros(50))
        };
        let void = only_void(&open_loop(1000.0), &busy(0.8), 0.9);
        assert!(void.figure == "latency" && void.reason.contains("80 %"), "{void:?}");
        assert_eq!(voids(&open_loop(1000.0), &busy(0.6), 0.9, false), []);
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
        let none = voids(&open_loop(1000.0), &behind, 0.8, true);
        assert!(none[0].figure == "all" && none[0].reason.contains("no overload"), "{none:?}");
    }

    #[test]
    fn a_round_in_which_the_machine_was_slower_counts_for_nothing() {
        let slow = |computations: [u64; 5]| {
            let calibrations = computations
                .map(|computation| Calibration { computation, ..Calibration::default() });
            let rounds = drifts(&calibrations).into_iter().enumerate();
            let reasons = rounds.filter_map(|(round, void)| Some((round, void?.reason)));
            reasons.collect::<Vec<_>>()
        };
        assert_eq!(slow([100, 101, 100, 105, 102]), []);
        let once = slow([100, 101, 100, 140, 102]);
        assert_eq!(once.iter().map(|(round, _)| *round).collect::<Vec<_>>(), [2, 3]);
        assert!(once[0].1.contains("40 %"), "{once:?}");
        // Even if that is what it was for most of the time.
        let mostly = slow([100, 101, 140, 140, 142]);
        assert_eq!(mostly.iter().map(|(round, _)| *round).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(drifts(&[]), []);
    }

    #[test]
    fn a_measurement_while_the_cores_were_elsewhere_counts_for_nothing() {
        let calibration = Calibration { cache_line: 66, ..Calibration::default() };
        let cell =
            |round, near: u64| Cell { round, distances: Some([near, near + 1]), ..Cell::default() };
        // The second and the third are the first again.
        let cells = [cell(0, 330), cell(0, 331), cell(0, 332), cell(1, 66), cell(2, 63)];
        let usual = usual_distance(&[calibration], &cells).expect("there are some");
        assert_eq!(usual, 66);
        assert_eq!(moved(usual, [60, 96]), None);
        for odd in [[29, 64], [64, 190], [330, 66]] {
            assert!(moved(usual, odd).is_some(), "{odd:?}");
        }
        let void = moved(usual, [29, 330]).expect("both are odd");
        assert!(void.reason.contains("330 ns") && void.reason.contains("66 ns"), "{void:?}");
    }
}
