//! Models of what several threads do to one thing. loom runs each in every order of their steps,
//! and with every value that a load may return. A thread that sleeps forever is a deadlock, which
//! fails the model.

use std::sync::{Arc, Mutex, atomic};
use std::time::{Duration, Instant};

use loom::sync::Notify;
use loom::thread::spawn;

use crate::admission::Admission;
use crate::loops::mailbox::{Mailbox, Message};
use crate::shutdown::ShutdownSignal;

/// What wakes a sleeper, and the sleeper: like `eventfd(2)` or `unpark`, it keeps one wake-up.
fn sleeper() -> (impl Fn() + Clone + Send + Sync + 'static, Arc<Notify>) {
    let sleeper = Arc::new(Notify::new());
    let wake = Arc::clone(&sleeper);
    (move || wake.notify(), sleeper)
}

#[test]
fn every_waker_hears_of_the_deadline_which_a_later_begin_only_brings_forward() {
    loom::model(|| {
        let shutdown = Arc::new(ShutdownSignal::default());
        let heard = [(); 2].map(|()| Arc::new(Mutex::new(Vec::new())));
        let [early, late] = heard
            .clone()
            .map(|heard| move |deadline: Instant| heard.lock().unwrap().push(deadline));
        let begin = |deadline: Instant| {
            let shutdown = Arc::clone(&shutdown);
            spawn(move || shutdown.begin(deadline))
        };
        let soon = Instant::now() + Duration::from_secs(1);
        shutdown.on_begin(early);
        let threads = [begin(soon), begin(soon + Duration::from_secs(9))];
        shutdown.on_begin(late);
        let seen = [shutdown.deadline(), shutdown.deadline()];
        assert!(seen[0].is_none() || (seen[1].is_some() && seen[1] <= seen[0]), "{seen:?}");
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        for heard in heard.map(|heard| heard.lock().unwrap().clone()) {
            assert!(heard.is_sorted_by(|before, after| before >= after), "{heard:?}");
            assert_eq!(heard.last(), Some(&soon), "the deadline is the earlier one");
        }
        assert_eq!(shutdown.deadline(), Some(soon));
    });
}

#[test]
fn an_acceptor_without_room_is_woken_by_a_departure_and_the_bound_holds() {
    let mut model = loom::model::Builder::new();
    // All orders in which no more than three times a thread stops that could go on; all others
    // would take hours.
    model.preemption_bound = Some(3);
    model.check(|| {
        let admission = Arc::new(Admission::new(1, 0));
        let inside = Arc::new(atomic::AtomicUsize::new(0));
        let slot = admission.admit().unwrap();
        let acceptor = |()| {
            let (wake, sleeper) = sleeper();
            admission.on_departure(wake);
            let (admission, inside) = (Arc::clone(&admission), Arc::clone(&inside));
            spawn(move || {
                let slot = loop {
                    match admission.admit() {
                        Some(slot) => break slot,
                        None => sleeper.wait(),
                    }
                };
                assert_eq!(inside.fetch_add(1, atomic::Ordering::Relaxed), 0, "too many");
                assert_eq!(admission.open(), 1); // the others may run here
                inside.fetch_sub(1, atomic::Ordering::Relaxed);
                drop(slot);
            })
        };
        let acceptors = [(); 2].map(acceptor);
        drop(slot);
        acceptors.into_iter().for_each(|acceptor| acceptor.join().unwrap());
        assert_eq!(admission.open(), 0);
    });
}

#[test]
fn a_drain_that_waits_for_the_last_departure_is_woken_by_it() {
    loom::model(|| {
        let admission = Arc::new(Admission::new(2, 0));
        let (wake, sleeper) = sleeper();
        admission.on_departure(wake);
        for slot in [(); 2].map(|()| admission.admit().unwrap()) {
            spawn(move || drop(slot));
        }
        while !admission.poll_empty() {
            sleeper.wait();
        }
    });
}

#[test]
fn a_loop_that_sleeps_until_it_is_woken_finds_every_message() {
    loom::model(|| {
        let (wake, sleeper) = sleeper();
        let mailbox = Mailbox::<()>::new(wake);
        for _ in 0..2 {
            let mailbox = Arc::clone(&mailbox);
            spawn(move || mailbox.send(Message::NoMoreConnections));
        }
        let mut found = mailbox.take().len();
        while found < 2 {
            sleeper.wait();
            found += mailbox.take().len();
        }
    });
}
