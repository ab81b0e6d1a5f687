//! The generator in virtual time: exact, and the same on any machine.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::*;
use crate::load::outcome::Slice;
use crate::load::plan::{Exchange, Step};

const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MILLISECOND;

/// A second to warm up, and ten that count.
fn plan(pace: Pace) -> Plan {
    Plan {
        server: ([127, 0, 0, 1], 1).into(),
        authority: "localhost".into(),
        tls: false,
        exchange: Exchange::Handshake,
        connections: 1,
        threads: 1,
        cores: Vec::new(),
        pace,
        requests_per_connection: None,
        slow_connections: 0,
        warm_up: Duration::from_secs(1),
        duration: Duration::from_secs(10),
        max_requests: None,
        timeout: Duration::from_secs(5),
    }
}

fn open_loop(rate: f64) -> Pace {
    let steps = vec![Step { rate, duration: Duration::from_secs(1) }];
    Pace::Open { steps, under_way: 1 }
}

fn closed_loop() -> Pace {
    Pace::Closed { under_way: 1 }
}

fn started(plan: &Plan) -> Traffic {
    let mut traffic = Traffic::new(plan);
    let budget = plan.max_requests.map(|max| Arc::new(AtomicU64::new(max)));
    traffic.start(plan, &Share { thread: 0, threads: 1, budget }, 0);
    traffic
}

/// When a server answers a request that reaches it now; or not at all.
type Server<'a> = Box<dyn FnMut(u64) -> Option<u64> + 'a>;

/// Puts the plan's load on a server, in virtual time.
fn drive(plan: &Plan, connections: usize, mut server: Server<'_>) -> Outcome {
    let mut traffic = started(plan);
    let (mut now, mut free) = (0, connections);
    // When it ends, whether with an answer, and the request.
    let mut events = BinaryHeap::new();
    loop {
        while free > 0
            && let Some(ticket) = traffic.next(now)
        {
            free -= 1;
            let answer = server(now).filter(|at| at - now < traffic.timeout);
            let at = answer.unwrap_or(now + traffic.timeout);
            events.push(Reverse((at, answer.is_some(), ticket.scheduled, ticket.sent)));
        }
        if traffic.is_finished(now) {
            for Reverse((_, _, scheduled, sent)) in events {
                let ticket = Ticket { scheduled, sent };
                match traffic.is_open_loop() {
                    true => traffic.fail(ticket, Trouble::Timeout, now),
                    false => traffic.forget(ticket, now),
                }
            }
            return traffic.finish(now);
        }
        let due = traffic.due().filter(|_| free > 0);
        let next = events.peek().map(|&Reverse((at, ..))| at);
        let end = Some(traffic.window.end).filter(|&end| end > now);
        now = [due, next, end].into_iter().flatten().min().expect("something is to come");
        while let Some(&Reverse((at, is_answered, scheduled, sent))) = events.peek()
            && at <= now
        {
            events.pop();
            free += 1;
            let ticket = Ticket { scheduled, sent };
            match is_answered {
                true => traffic.complete(ticket, now),
                false => traffic.fail(ticket, Trouble::Timeout, now),
            }
        }
    }
}

/// What everybody who came by the schedule had to wait, computed without the generator.
fn truth(rate: f64, timeout: Duration, mut server: Server<'_>) -> Vec<u64> {
    let moments = (0..).map(|number| (f64::from(number) * 1e9 / rate) as u64);
    let all = moments.take_while(|&moment| moment < 11 * SECOND).map(|moment| {
        let answer = server(moment).unwrap_or(u64::MAX);
        (moment, (answer - moment).min(nanoseconds(timeout)))
    });
    // All have to be served, but only those after the warm-up are counted.
    let all: Vec<_> = all.collect();
    let counted = all.into_iter().filter(|&(moment, _)| moment >= SECOND);
    let mut waits: Vec<_> = counted.map(|(_, wait)| wait).collect();
    waits.sort_unstable();
    waits
}

/// Serves one request after the other, in so many nanoseconds each, but as `hold` says: given the
/// number of the request and when it could begin, it says when it does and how long it takes.
fn one_by_one<'a>(mut hold: impl FnMut(u64, u64) -> (u64, u64) + 'a) -> Server<'a> {
    let (mut number, mut free_at) = (0, 0);
    Box::new(move |now| {
        let (begin, takes) = hold(number, now.max(free_at));
        number += 1;
        free_at = begin + takes;
        Some(free_at)
    })
}

const PERCENTILES: [f64; 5] = [0.5, 0.9, 0.99, 0.999, 1.0];

fn of_sorted(values: &[u64], quantile: f64) -> u64 {
    let rank = (values.len() as f64 * quantile).ceil() as usize;
    values[rank.max(1) - 1]
}

/// Compares the open loop with the truth at each percentile, to the three digits of a histogram,
/// and prints what the closed loop makes of the same server. Returns
/// both at p90.
fn check(
    name: &str,
    rate: f64,
    connections: usize,
    server: impl Fn() -> Server<'static>,
) -> (u64, u64) {
    let open = plan(open_loop(rate));
    let seen = drive(&open, connections, server());
    let truth = truth(rate, open.timeout, server());
    let closed = drive(&plan(closed_loop()), 4, server());
    assert_eq!(seen.latency.len() as usize, truth.len(), "{name}");
    assert_eq!(seen.scheduled, Some(truth.len() as u64), "{name}");
    let at = |histogram: &Histogram<u64>, quantile| histogram.value_at_quantile(quantile);
    for quantile in PERCENTILES {
        let (seen, truth) = (at(&seen.latency, quantile), of_sorted(&truth, quantile));
        let lie = at(&closed.latency, quantile);
        println!("{name}: p{}: truth {truth}, seen {seen}, closed loop {lie}", quantile * 100.0);
        assert!(seen.abs_diff(truth) <= truth / 1000 + 1, "{name}: {seen} instead of {truth}");
    }
    (of_sorted(&truth, 0.9), at(&closed.latency, 0.9))
}

#[test]
fn a_server_with_a_known_distribution_of_delays_is_seen_as_it_is() {
    const MEAN: f64 = 1e6;
    // Exponential, each quantile once, in an order that is no order.
    let server = || -> Server<'static> {
        let mut number = 0.0_f64;
        Box::new(move |now| {
            number += 1.0;
            let quantile = (number * 0.618_033_988_749_894_9).fract();
            Some(now + (-(1.0 - quantile).ln() * MEAN) as u64)
        })
    };
    let seen = drive(&plan(open_loop(20_000.0)), 1_000, server());
    assert_eq!(seen.latency.len(), 200_000);
    for quantile in [0.5_f64, 0.9, 0.99, 0.999] {
        let truth = -(1.0 - quantile).ln() * MEAN;
        let seen = seen.latency.value_at_quantile(quantile) as f64;
        assert!((seen / truth - 1.0).abs() < 0.005, "p{quantile}: {seen} instead of {truth}");
    }
    check("exponential", 20_000.0, 1_000, server);
}

#[test]
fn a_pause_is_seen_by_all_who_came_in_it() {
    let server = || {
        one_by_one(|_, begin| {
            let pause = 4 * SECOND..5 * SECOND;
            (if pause.contains(&begin) { pause.end } else { begin }, MILLISECOND / 2)
        })
    };
    let (truth, lie) = check("pause", 1_000.0, 8, server);
    assert!(truth > 500 * MILLISECOND && lie < 3 * MILLISECOND, "{truth}, {lie}");
}

#[test]
fn a_slow_start_is_seen_by_those_who_queued_behind_it() {
    let server =
        || one_by_one(|_, begin| (begin, if begin < 2 * SECOND { 2 } else { 1 } * MILLISECOND / 2));
    let (truth, lie) = check("slow start", 1_500.0, 8, server);
    assert!(truth > 500 * MILLISECOND && lie < 3 * MILLISECOND, "{truth}, {lie}");
}

#[test]
fn a_periodic_stall_is_seen_as_often_as_it_happens() {
    let server = || {
        one_by_one(|_, begin| {
            let phase = begin % (100 * MILLISECOND);
            let stall = (20 * MILLISECOND).saturating_sub(phase);
            (begin + stall, MILLISECOND / 4)
        })
    };
    let (truth, lie) = check("periodic stall", 1_000.0, 8, server);
    assert!(truth > 12 * MILLISECOND && lie < 2 * MILLISECOND, "{truth}, {lie}");
}

#[test]
fn head_of_line_blocking_is_seen_by_those_behind() {
    let server = || {
        one_by_one(|number, begin| {
            let is_long = number % 200 == 199;
            (begin, if is_long { 50 * MILLISECOND } else { MILLISECOND / 4 })
        })
    };
    let (truth, lie) = check("head of line", 1_000.0, 8, server);
    assert!(truth > 30 * MILLISECOND && lie < 2 * MILLISECOND, "{truth}, {lie}");
}

#[test]
fn drops_are_errors_and_took_at_least_the_timeout() {
    let server = || -> Server<'static> {
        let mut number = 0;
        Box::new(move |now| {
            number += 1;
            (number % 50 != 0).then_some(now + MILLISECOND)
        })
    };
    check("drops", 1_000.0, 1_000, server);
    let seen = drive(&plan(open_loop(1_000.0)), 1_000, server());
    assert_eq!(seen.errors[&Trouble::Timeout], 200);
    assert_eq!(seen.latency.len(), 10_000);
    assert!(seen.latency.value_at_quantile(0.99) >= 5 * SECOND);
}

/// Half of the requests are more than the server can do: it falls behind more and more.
#[test]
fn in_an_overload_the_rate_is_what_was_done_and_the_latency_what_was_waited() {
    let server = || one_by_one(|_, begin| (begin, MILLISECOND));
    let seen = drive(&plan(open_loop(1_500.0)), 8, server());
    assert_eq!(seen.scheduled, Some(15_000));
    assert_eq!(seen.latency.len(), 15_000);
    assert!(seen.requests.abs_diff(10_000) <= 1, "{} in ten seconds", seen.requests);
    assert_eq!(seen.elapsed, Duration::from_secs(10));
    // What a generator shows that forgets the schedule: the eight that were under way.
    assert!(seen.latency_from_sending.value_at_quantile(0.99) < 9 * MILLISECOND);
    assert!(seen.latency.value_at_quantile(0.99) > 3 * SECOND);
}

#[test]
fn who_waits_in_the_queue_for_too_long_gives_up() {
    // Two connections, and a server that never answers.
    let seen = drive(&plan(open_loop(100.0)), 2, Box::new(|_| None));
    assert_eq!(seen.requests, 0);
    assert_eq!(seen.errors[&Trouble::Timeout], 1_000);
    assert!(seen.latency.min() >= 4 * SECOND);
    assert_eq!(seen.latency.len(), 1_000);
}

#[test]
fn in_a_closed_loop_rate_times_latency_is_what_is_under_way() {
    for connections in [1, 7, 64] {
        let server = one_by_one(|_, begin| (begin, 100_000));
        let seen = drive(&plan(closed_loop()), connections, server);
        assert!(seen.requests.abs_diff(100_000) <= 1);
        assert!((seen.under_way() / connections as f64 - 1.0).abs() < 0.001);
    }
}

#[test]
fn a_limit_is_met_exactly_in_both_loops() {
    for pace in [open_loop(1_000.0), closed_loop()] {
        let plan = Plan { max_requests: Some(1_234), ..plan(pace) };
        let seen = drive(&plan, 5, one_by_one(|_, begin| (begin, 300_000)));
        assert_eq!((seen.requests, seen.latency.len()), (1_234, 1_234));
        assert!(seen.elapsed < Duration::from_secs(2));
        assert!(seen.elapsed >= Duration::from_millis(300));
        let in_slices: u64 = seen.slices.iter().map(|slice| slice.requests).sum();
        assert_eq!(in_slices, 1_234);
    }
}

#[test]
fn slices_show_when_something_happened() {
    let server = one_by_one(|_, begin| {
        let pause = 4 * SECOND..5 * SECOND;
        (if pause.contains(&begin) { pause.end } else { begin }, MILLISECOND / 10)
    });
    let seen = drive(&plan(open_loop(1_000.0)), 8, server);
    assert_eq!(seen.slices.len(), 1_000);
    // The window begins at the first second.
    assert!(seen.slices[300..400].iter().all(|slice| slice.requests == 0));
    assert_eq!(seen.slices[299], Slice { requests: 10, longest: MILLISECOND / 10 });
    assert!(seen.slices[400].longest > 990 * MILLISECOND);
}

#[test]
fn an_interrupted_open_loop_counts_what_it_was_waiting_for() {
    let mut traffic = started(&plan(open_loop(10.0)));
    let first = traffic.next(SECOND - 1).expect("ten were due in the warm-up");
    traffic.complete(first, SECOND - 1);
    let rest: Vec<_> = std::iter::from_fn(|| traffic.next(SECOND)).collect();
    assert_eq!(rest.len(), 10);
    traffic.interrupt(3 * SECOND);
    rest.into_iter().for_each(|ticket| traffic.forget(ticket, 3 * SECOND));
    let seen = traffic.finish(3 * SECOND);
    assert!(seen.interrupted && seen.requests == 0);
    assert_eq!(seen.elapsed, Duration::from_secs(2));
    // Those of two seconds, from one that has waited for two seconds to one for a tenth.
    assert_eq!((seen.scheduled, seen.latency.len()), (Some(20), 20));
    assert!(seen.latency.max().abs_diff(2 * SECOND) < 3 * MILLISECOND);
}

#[test]
fn a_request_that_is_sent_again_has_waited_all_the_time() {
    let mut traffic = started(&plan(open_loop(1.0)));
    let warm_up = traffic.next(SECOND).expect("it is due");
    traffic.complete(warm_up, SECOND);
    let ticket = traffic.next(SECOND).expect("it is due");
    traffic.give_back(ticket);
    assert!(!traffic.is_finished(SECOND));
    let again = traffic.next(SECOND + 1_000).expect("it was given back");
    assert_eq!(again, Ticket { scheduled: SECOND, sent: SECOND + 1_000 });
    traffic.complete(again, SECOND + 1_500);
    assert_eq!(traffic.outcome().latency.max(), 1_500);
    assert_eq!(traffic.outcome().latency_from_sending.max(), 500);
}

#[test]
fn what_is_wrong_counts_even_in_the_warm_up() {
    let mut traffic = started(&plan(closed_loop()));
    let ticket = traffic.next(0).expect("there is always one");
    traffic.fail_wrong(ticket, "first".into(), 10);
    traffic.wrong("second".into());
    let seen = traffic.finish(11 * SECOND);
    assert_eq!(seen.errors[&Trouble::Wrong], 2);
    assert_eq!(seen.first_wrong.as_deref(), Some("first"));
}

#[test]
fn threads_together_are_one_generator() {
    let plan = Plan { threads: 3, ..plan(open_loop(1_000.0)) };
    let mut sum = Outcome::nothing();
    for thread in 0..3 {
        let mut traffic = Traffic::new(&plan);
        traffic.start(&plan, &Share { thread, threads: 3, budget: None }, 0);
        while let Some(due) = traffic.due() {
            let ticket = traffic.next(due).expect("it is due");
            traffic.complete(ticket, due + 100);
        }
        sum.merge(traffic.finish(11 * SECOND));
    }
    assert_eq!((sum.requests, sum.scheduled, sum.latency.len()), (10_000, Some(10_000), 10_000));
    assert_eq!(sum.slices.iter().map(|slice| slice.requests).sum::<u64>(), 10_000);
    assert_eq!(sum.elapsed, Duration::from_secs(10));
}
