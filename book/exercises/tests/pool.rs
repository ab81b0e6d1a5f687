use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use exercises::pool::Pool;

/// More than anything takes, but for a pool that does not work.
const LONG: Duration = Duration::from_secs(5);

fn get<T>(from: &Receiver<T>) -> T {
    from.recv_timeout(LONG).expect("nothing happens in the pool")
}

#[test]
fn what_is_sent_is_served() {
    let (served, is_served) = channel();
    let served = Mutex::new(served);
    let pool = Pool::start(3, move |item: String| served.lock().unwrap().send(item).unwrap());
    for number in 0..100 {
        pool.send(format!("item {number}"));
    }
    let mut items: Vec<String> = (0..100).map(|_| get(&is_served)).collect();
    items.sort();
    items.dedup();
    assert_eq!(items.len(), 100);
}

#[test]
fn all_threads_serve_at_the_same_time() {
    let (here, all_here) = channel();
    let (open, gate) = channel::<()>();
    let (here, gate) = (Mutex::new(here), Arc::new(Mutex::new(gate)));
    let pool = Pool::start(4, move |number: u32| {
        here.lock().unwrap().send(number).unwrap();
        let _ = gate.lock().unwrap().recv(); // until the gate is gone
    });
    (0..4).for_each(|number| pool.send(number));
    let open = open; // dropped before the pool, which waits for threads at the gate
    let mut numbers: Vec<u32> = (0..4).map(|_| get(&all_here)).collect();
    drop(open);
    numbers.sort_unstable();
    assert_eq!(numbers, [0, 1, 2, 3], "each of them was begun before one had ended");
}

#[test]
fn there_are_no_more_threads_than_asked_for() {
    let (here, all_here) = channel();
    let (open, gate) = channel::<()>();
    let (here, gate) = (Mutex::new(here), Arc::new(Mutex::new(gate)));
    let pool = Pool::start(2, move |number: u32| {
        here.lock().unwrap().send(number).unwrap();
        let _ = gate.lock().unwrap().recv();
    });
    let open = open; // dropped before the pool
    (0..3).for_each(|number| pool.send(number));
    (get(&all_here), get(&all_here));
    assert!(all_here.recv_timeout(Duration::from_millis(200)).is_err(), "a third one has begun");
    drop(open);
    assert_eq!(get(&all_here), 2);
}

#[test]
fn a_pool_that_is_dropped_has_served_everything() {
    // Several times, since it is left open which thread serves the slow item.
    for _ in 0..6 {
        let served = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&served);
        let pool = Pool::start(4, move |time: u64| {
            std::thread::sleep(Duration::from_millis(time)); // a pool that does not wait is faster
            count.fetch_add(1, Ordering::SeqCst);
        });
        for time in [60, 1, 1, 1, 1] {
            pool.send(time);
        }
        drop(pool);
        assert_eq!(served.load(Ordering::SeqCst), 5);
    }
}

#[test]
fn a_pool_that_is_dropped_has_no_threads() {
    let alive = Arc::new(());
    let theirs = Arc::clone(&alive);
    let pool = Pool::start(4, move |()| drop(Arc::clone(&theirs)));
    pool.send(());
    drop(pool);
    assert_eq!(Arc::strong_count(&alive), 1, "a thread still has the function");
}

#[test]
fn a_panic_costs_one_item() {
    let (served, is_served) = channel();
    let served = Mutex::new(served);
    let pool = Pool::start(2, move |number: u32| {
        assert!(!number.is_multiple_of(10), "on purpose");
        served.lock().unwrap().send(number).unwrap();
    });
    (1..=100).for_each(|number| pool.send(number));
    let numbers: Vec<u32> = (0..90).map(|_| get(&is_served)).collect();
    assert!(numbers.iter().all(|number| !number.is_multiple_of(10)));
    drop(pool);
    assert_eq!(is_served.try_iter().count(), 0, "nothing is served twice");
}

#[test]
fn a_pool_of_size_0_has_one_thread() {
    let (served, is_served) = channel();
    let served = Mutex::new(served);
    let pool = Pool::start(0, move |()| served.lock().unwrap().send(()).unwrap());
    pool.send(());
    get(&is_served);
}
