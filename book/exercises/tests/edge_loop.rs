use std::time::{Duration, Instant};

use exercises::edge_loop::{EventLoop, READ, TURN};

/// Turns until the loop would sleep. A loop that sleeps while bytes lie in a socket never gets
/// them: that is the point.
fn run(event_loop: &mut EventLoop) {
    for _ in 0..1000 {
        event_loop.turn();
        if event_loop.may_sleep() {
            return;
        }
    }
    panic!("the loop never sleeps");
}

#[test]
fn a_few_bytes_arrive() {
    let mut event_loop = EventLoop::default();
    let key = event_loop.connect();
    event_loop.poller.arrive(key, b"hello");
    run(&mut event_loop);
    assert_eq!(event_loop.peers[key].received, b"hello");
}

#[test]
fn more_than_one_read_can_bring_is_read_to_the_end() {
    for length in 1..5 * TURN * READ {
        let mut event_loop = EventLoop::default();
        let key = event_loop.connect();
        event_loop.poller.arrive(key, &vec![b'x'; length]);
        run(&mut event_loop);
        assert_eq!(event_loop.peers[key].received.len(), length);
    }
}

#[test]
fn an_event_that_comes_while_the_last_one_is_worked_off_is_not_lost() {
    let mut event_loop = EventLoop::default();
    let key = event_loop.connect();
    event_loop.poller.arrive(key, &[b'x'; 3 * TURN * READ]);
    event_loop.turn();
    event_loop.poller.arrive(key, b"more");
    run(&mut event_loop);
    assert!(event_loop.peers[key].received.ends_with(b"more"));
    event_loop.poller.arrive(key, b"and more");
    run(&mut event_loop);
    assert!(event_loop.peers[key].received.ends_with(b"moreand more"));
}

#[test]
fn nobody_reads_more_often_than_its_turn_allows() {
    let mut event_loop = EventLoop::default();
    let (greedy, modest) = (event_loop.connect(), event_loop.connect());
    event_loop.poller.arrive(greedy, &[b'x'; 100 * READ]);
    event_loop.poller.arrive(modest, b"hello");
    event_loop.turn();
    let reads = event_loop.poller.reads.iter().filter(|&&key| key == greedy).count();
    assert!(reads <= TURN, "{reads} reads in one turn");
    assert_eq!(event_loop.peers[modest].received, b"hello", "the modest one has had its turn");
    assert!(!event_loop.may_sleep(), "the greedy one would get no further event");
    run(&mut event_loop);
    assert_eq!(event_loop.peers[greedy].received.len(), 100 * READ);
}

#[test]
fn the_end_is_found_behind_the_last_bytes() {
    for length in [0, 1, READ, TURN * READ, TURN * READ + 1] {
        let mut event_loop = EventLoop::default();
        let key = event_loop.connect();
        event_loop.poller.arrive(key, &vec![b'x'; length]);
        event_loop.poller.end(key);
        run(&mut event_loop);
        let peer = &event_loop.peers[key];
        assert_eq!((peer.received.len(), peer.closed), (length, true));
    }
}

#[test]
fn nobody_reads_again_behind_the_end() {
    let mut event_loop = EventLoop::default();
    let key = event_loop.connect();
    event_loop.poller.end(key);
    run(&mut event_loop);
    let reads = event_loop.poller.reads.len();
    event_loop.poller.end(key); // a late event
    run(&mut event_loop);
    assert_eq!(event_loop.poller.reads.len(), reads);
}

#[test]
fn a_loop_with_nothing_to_do_reads_nothing() {
    let mut event_loop = EventLoop::default();
    let (key, _) = (event_loop.connect(), event_loop.connect());
    event_loop.poller.arrive(key, b"hello");
    run(&mut event_loop);
    let reads = event_loop.poller.reads.clone();
    assert!(!reads.contains(&1), "the other one has had no event");
    event_loop.turn();
    assert_eq!(event_loop.poller.reads, reads);
    assert!(event_loop.may_sleep());
}

#[test]
fn one_that_waits_and_has_an_event_has_one_turn() {
    let mut event_loop = EventLoop::default();
    let key = event_loop.connect();
    event_loop.poller.arrive(key, &[b'x'; 10 * TURN * READ]);
    event_loop.turn();
    event_loop.poller.arrive(key, b"more");
    let reads = event_loop.poller.reads.len();
    event_loop.turn();
    assert!(event_loop.poller.reads.len() <= reads + TURN, "it has had two turns in one round");
    run(&mut event_loop);
    assert_eq!(event_loop.peers[key].received.len(), 10 * TURN * READ + 4);
}

/// How long some turns for one connection take while so many others are idle.
fn time_of_turns(event_loop: &mut EventLoop, busy: usize) -> Duration {
    let begin = Instant::now();
    for _ in 0..50 {
        event_loop.poller.arrive(busy, b"x");
        run(event_loop);
    }
    begin.elapsed()
}

/// The shortest of ten times each, which no other work on the machine has made longer. If all are
/// looked at, it takes thousands of times as long among 100,000.
#[test]
fn a_turn_costs_what_is_ready_and_not_what_is_connected() {
    let shortest = |idle| {
        let mut event_loop = EventLoop::default();
        let busy = (0..=idle).map(|_| event_loop.connect()).last().unwrap();
        let shortest = (0..10).map(|_| time_of_turns(&mut event_loop, busy)).min().unwrap();
        assert_eq!(event_loop.peers[busy].received.len(), 500);
        shortest
    };
    let (few, many) = (shortest(10), shortest(100_000));
    assert!(many < 20 * few, "{few:?} beside 10 idle connections, {many:?} beside 100,000");
}
