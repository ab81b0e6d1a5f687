//! The three stages of the pool: what each gains over the one before.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use museum::pool::{stage1_channel, stage2_join, stage3_panic};

/// More than anything takes.
const LONG: Duration = Duration::from_secs(60);

/// Reports each number, after a panic at each multiple of ten.
fn report(done: Sender<u32>) -> impl Fn(u32) + Clone + Send {
    move |number| {
        assert!(!number.is_multiple_of(10), "on purpose");
        done.send(number).expect("the test receives");
    }
}

#[test]
fn stage_1_is_dropped_before_its_work_is_done() {
    let (open, gate) = channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let (done, is_done) = channel();
    let pool = stage1_channel::Pool::start(2, move |number: u32| {
        gate.lock().unwrap().recv().unwrap();
        done.send(number).unwrap();
    });
    pool.send(7).unwrap();
    drop(pool);
    assert!(is_done.try_recv().is_err(), "its gate is shut");
    open.send(()).unwrap();
    assert_eq!(is_done.recv_timeout(LONG), Ok(7));
}

#[test]
fn the_threads_of_stage_1_work_at_the_same_time() {
    let (here, all_here) = channel();
    let (open, gate) = channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let pool = stage1_channel::Pool::start(4, move |number: u32| {
        here.send(number).unwrap();
        let _ = gate.lock().unwrap().recv();
    });
    (0..4).for_each(|number| pool.send(number).unwrap());
    // None of the four has ended when the last of them begins.
    for _ in 0..4 {
        all_here.recv_timeout(LONG).unwrap();
    }
    drop(open);
}

#[test]
fn stage_2_is_dropped_when_all_that_was_sent_is_done() {
    let (done, is_done) = channel();
    let pool = stage2_join::Pool::start(3, report(done));
    (1..10).for_each(|number| pool.send(number).unwrap());
    drop(pool);
    let mut numbers: Vec<u32> = is_done.try_iter().collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..10).collect::<Vec<_>>());
}

#[test]
fn a_panic_costs_stage_2_a_thread() {
    let (done, is_done) = channel();
    let pool = stage2_join::Pool::start(1, report(done));
    pool.send(10).unwrap();
    let begun = Instant::now();
    while pool.send(11).is_ok() {
        assert!(begun.elapsed() < LONG, "the thread is still there");
    }
    drop(pool);
    assert_eq!(is_done.try_iter().count(), 0);
}

#[test]
fn a_panic_costs_stage_3_an_item() {
    let (done, is_done) = channel();
    let pool = stage3_panic::Pool::start(3, report(done));
    (1..=100).for_each(|number| pool.send(number).unwrap());
    drop(pool);
    assert_eq!(is_done.try_iter().count(), 90);
}
