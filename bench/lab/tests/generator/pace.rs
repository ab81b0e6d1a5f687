//! How many requests are made, and when, by threads together.

use std::sync::atomic::Ordering;
use std::time::Duration;

use lab::load::{Pace, Plan, Step};

use crate::fixtures::{Act, RIGHT, Scripted, closed_loop, flawless, open_loop};

fn server() -> Scripted {
    Scripted::start(|_| Act::Say(RIGHT.into()))
}

#[test]
fn as_many_requests_are_sent_as_were_asked_for_and_not_one_more() {
    for threads in [1, 3] {
        for pace in [closed_loop(1), closed_loop(4), open_loop(2_000.0)] {
            let server = server();
            let plan =
                Plan { threads, pace, connections: 7, max_requests: Some(321), ..server.plan() };
            let seen = flawless(&plan);
            assert_eq!((seen.requests, seen.latency.len(), seen.connects), (321, 321, 7));
            assert_eq!(server.requests.load(Ordering::Relaxed), 321);
        }
    }
}

#[test]
fn a_warm_up_is_not_counted() {
    let server = server();
    let plan = Plan { warm_up: Duration::from_millis(200), ..server.plan() };
    assert_eq!(flawless(&plan).requests, 100);
    assert!(server.requests.load(Ordering::Relaxed) > 100);
}

#[test]
fn an_open_loop_keeps_its_schedule_over_its_steps() {
    let server = server();
    let step = |rate, milliseconds| Step { rate, duration: Duration::from_millis(milliseconds) };
    let steps = vec![step(100.0, 500), step(400.0, 500), step(10.0, 1)];
    let plan = Plan {
        pace: Pace::Open { steps, under_way: 1 },
        threads: 2,
        duration: Duration::from_millis(1_500),
        max_requests: None,
        ..server.plan()
    };
    let seen = flawless(&plan);
    assert_eq!(seen.scheduled, Some(50 + 200 + 5));
    assert_eq!(seen.latency.len(), 255);
    assert_eq!(seen.latency_from_sending.len(), 255);
    assert_eq!(seen.elapsed, plan.duration);
}

#[test]
fn in_a_closed_loop_littles_law_holds() {
    let server = server();
    let plan = Plan {
        pace: closed_loop(2),
        duration: Duration::from_secs(2),
        max_requests: None,
        ..server.plan()
    };
    let seen = flawless(&plan);
    // Eight under way; those that are at the end do not count, however long they have been.
    assert!((4.0..=8.1).contains(&seen.under_way()), "{} under way", seen.under_way());
}
