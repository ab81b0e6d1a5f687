//! What servers can do wrong: each thing is found, counted and described, and nothing of it makes
//! a run hang.

use std::io::{ErrorKind, Read};
use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use lab::load::{Event, Exchange, Next, Plan, Trouble, run};

use crate::fixtures::{
    Act, LONG, RIGHT, Scripted, closed_loop, flawless, get, open_loop, outcome, plan,
};

/// A server that is right but for one of its answers: then the tenth, or with others the first.
fn but_for_one(at: usize, act: impl Fn() -> Act + Send + Sync + 'static) -> Scripted {
    Scripted::start(move |number| if number == at { act() } else { Act::Say(RIGHT.into()) })
}

#[test]
fn each_wrong_answer_is_found_and_described() {
    for (answer, what) in [
        (RIGHT.replace("200 OK", "500 Oh"), "the status is 500, not 200"),
        (RIGHT.replace("hello", "hallo"), "the body differs from its byte 1 on"),
        (RIGHT.replace("5\r\n", "4\r\n"), "the body has 4 bytes, not 5"),
        (RIGHT.replace("Content", "Con tent"), "no response of HTTP/1.1"),
        (RIGHT.replace("1.1", "1.7"), "no response of HTTP/1.1"),
        (RIGHT.to_owned() + "x", "nobody asked for \"x\""),
    ] {
        for at in [0, 10] {
            let server = but_for_one(at, {
                let answer = answer.clone();
                move || Act::Say(answer.clone())
            });
            let seen = outcome(&server.plan());
            assert_eq!(seen.errors[&Trouble::Wrong], 1, "{what}");
            assert_eq!(seen.errors.len(), 1, "{:?}", seen.errors);
            let said = seen.first_wrong.expect("it is kept");
            assert!(said.starts_with(what), "{said}");
            // What was sent after a right answer spoils the connection, but not that answer.
            let right = if what.starts_with("nobody") { 100 } else { 99 };
            assert_eq!(seen.requests, right, "{what}");
        }
    }
}

#[test]
fn responses_come_in_any_pieces() {
    let server = Scripted::start(|_| Act::Trickle(RIGHT.into()));
    assert_eq!(flawless(&server.plan()).requests, 100);
}

#[test]
fn a_server_that_closes_in_the_middle_is_noticed_each_time() {
    for length in [0, 1, 20, RIGHT.len() - 1] {
        let server = Scripted::start(move |number| match number % 10 {
            9 => Act::Part(RIGHT[..length].into()),
            _ => Act::Say(RIGHT.into()),
        });
        let seen = outcome(&Plan { connections: 1, ..server.plan() });
        assert_eq!((seen.requests, seen.errors[&Trouble::Closed]), (90, 10), "after {length}");
        assert_eq!(seen.connects, 10);
    }
}

#[test]
fn a_close_that_was_announced_is_no_error() {
    let last = RIGHT.replace("OK\r\n", "OK\r\nConnection: close\r\n");
    let server = Scripted::start(move |number| match number % 10 {
        9 => Act::Part(last.clone()),
        _ => Act::Say(RIGHT.into()),
    });
    for under_way in [1, 4] {
        let plan = Plan { pace: closed_loop(under_way), ..server.plan() };
        assert_eq!(flawless(&plan).requests, 100);
    }
}

#[test]
fn a_body_that_ends_with_the_connection_is_whole() {
    let server = Scripted::start(|_| Act::Part("HTTP/1.1 200 OK\r\n\r\nhello".into()));
    let seen = flawless(&server.plan());
    assert_eq!(seen.requests, 100);
    assert!(seen.connects >= 100);
}

#[test]
fn a_server_that_never_answers_costs_timeouts_and_no_more() {
    let server = Scripted::start(|_| Act::Ignore);
    let short = Duration::from_millis(300);
    for pace in [closed_loop(1), open_loop(100.0)] {
        let plan =
            Plan { pace, duration: short * 3, timeout: short, max_requests: None, ..server.plan() };
        let before = Instant::now();
        let seen = outcome(&plan);
        assert!(before.elapsed() < LONG);
        assert_eq!(seen.requests, 0);
        assert!(seen.errors[&Trouble::Timeout] >= 4, "{:?}", seen.errors);
        // Each of them took at least so long.
        assert!(seen.latency.min() as u128 >= short.as_nanos() * 99 / 100);
        assert_eq!(seen.latency.len(), seen.errors[&Trouble::Timeout]);
    }
}

#[test]
fn one_response_that_never_comes_does_not_hold_up_the_end() {
    let server = but_for_one(50, || Act::Ignore);
    let plan = Plan { timeout: Duration::from_millis(500), ..server.plan() };
    let seen = outcome(&plan);
    assert_eq!((seen.requests, seen.errors[&Trouble::Timeout]), (99, 1));
}

#[test]
fn where_nobody_listens_the_run_does_not_begin() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let plan = plan(address, Exchange::Http1(get("/", b"hello")));
    let refused = run(&plan, &mut |_| Next::Go).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn a_server_that_dies_ends_in_counted_errors() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        // It accepts one connection and ends, and with it the listener.
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 10]).unwrap();
    });
    let second = Duration::from_secs(1);
    let plan = Plan {
        connections: 1,
        duration: second,
        timeout: second,
        max_requests: None,
        ..plan(address, Exchange::Http1(get("/", b"hello")))
    };
    let seen = outcome(&plan);
    server.join().unwrap();
    assert_eq!((seen.requests, seen.errors[&Trouble::Closed]), (0, 1));
    // Tried again and again, but not as fast as possible.
    let refused = seen.errors[&Trouble::Connect];
    assert!((1..200).contains(&refused), "{refused} times");
}

#[test]
fn the_observer_is_told_and_can_stop_the_run() {
    let server = Scripted::start(|_| Act::Say(RIGHT.into()));
    for pace in [closed_loop(1), open_loop(200.0)] {
        let plan = Plan { pace, max_requests: None, ..server.plan() };
        let mut events = Vec::new();
        let seen = run(&plan, &mut |event| {
            events.push(event);
            match event {
                Event::Progress { requests: 20.., .. } => Next::Stop,
                _ => Next::Go,
            }
        });
        let seen = seen.unwrap();
        assert!(seen.interrupted && seen.requests >= 20 && seen.elapsed < LONG);
        assert_eq!(events.first(), Some(&Event::Begun));
        assert_eq!(events.last(), Some(&Event::Ended));
        assert_eq!(events.iter().filter(|&&event| event == Event::Begun).count(), 1);
    }
}

#[test]
fn slow_clients_send_a_byte_at_a_time_and_count_for_nothing() {
    let server = Scripted::start(|_| Act::Say(RIGHT.into()));
    let plan = Plan {
        slow_connections: 3,
        pace: open_loop(50.0),
        duration: Duration::from_secs(1),
        max_requests: None,
        ..server.plan()
    };
    let seen = flawless(&plan);
    assert_eq!((seen.scheduled, seen.latency.len(), seen.connects), (Some(50), 50, 4));
    assert_eq!(server.connections.load(Ordering::Relaxed), 4 + 3);
    // A second is not enough for a request of theirs.
    assert_eq!(server.requests.load(Ordering::Relaxed), 50);
}
