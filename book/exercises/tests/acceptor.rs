use std::collections::VecDeque;

use exercises::acceptor::{Acceptor, BACKOFF, Failure};

/// Answers to so many calls, and no more.
fn accept(
    acceptor: &mut Acceptor,
    now: u64,
    answers: impl IntoIterator<Item = Result<(), Failure>>,
) -> usize {
    let mut answers: VecDeque<_> = answers.into_iter().collect();
    let accepted = acceptor.accept(now, || answers.pop_front().expect("one call too many"));
    assert_eq!(answers.len(), 0, "somebody waits, there is a place, and nobody calls accept");
    accepted
}

const NOBODY: Result<(), Failure> = Err(Failure::WouldBlock);
const LEFT: Result<(), Failure> = Err(Failure::Aborted);
const FULL: Result<(), Failure> = Err(Failure::NoDescriptor);

#[test]
fn all_who_wait_are_accepted() {
    let mut acceptor = Acceptor::new(10);
    assert!(acceptor.wants_listener(0));
    assert_eq!(acceptor.timeout(0), None, "the listener itself wakes the loop");
    assert_eq!(accept(&mut acceptor, 5, [Ok(()), Ok(()), Ok(()), NOBODY]), 3);
    assert!(acceptor.wants_listener(5));
    assert_eq!(accept(&mut acceptor, 6, [NOBODY]), 0);
}

#[test]
fn one_who_has_left_does_not_hold_up_the_next() {
    let mut acceptor = Acceptor::new(10);
    assert_eq!(accept(&mut acceptor, 5, [LEFT, Ok(()), LEFT, LEFT, Ok(()), NOBODY]), 2);
    assert!(acceptor.wants_listener(5));
    assert_eq!(acceptor.timeout(5), None);
}

#[test]
fn without_a_place_nobody_asks_and_nobody_accepts() {
    let mut acceptor = Acceptor::new(2);
    assert_eq!(accept(&mut acceptor, 5, [Ok(()), Ok(())]), 2);
    assert!(!acceptor.wants_listener(5));
    assert_eq!(acceptor.timeout(5), None, "one that leaves wakes the loop");
    assert_eq!(accept(&mut acceptor, 6, []), 0);
    acceptor.on_closed();
    assert!(acceptor.wants_listener(7));
    assert_eq!(accept(&mut acceptor, 7, [LEFT, Ok(())]), 1);
    assert!(!acceptor.wants_listener(7));
}

#[test]
fn those_who_are_there_already_count() {
    let mut acceptor = Acceptor::new(3);
    assert_eq!(accept(&mut acceptor, 1, [Ok(()), Ok(()), NOBODY]), 2);
    assert_eq!(accept(&mut acceptor, 2, [Ok(())]), 1);
    acceptor.on_closed();
    acceptor.on_closed();
    assert_eq!(accept(&mut acceptor, 3, [Ok(()), Ok(())]), 2);
}

#[test]
fn without_a_descriptor_it_waits_and_then_tries_again() {
    let mut acceptor = Acceptor::new(10);
    assert_eq!(accept(&mut acceptor, 1000, [Ok(()), FULL]), 1);
    for now in [1000, 1001, 1000 + BACKOFF - 1] {
        assert!(!acceptor.wants_listener(now), "the listener would be ready at once");
        assert_eq!(acceptor.timeout(now), Some(1000 + BACKOFF - now));
        assert_eq!(accept(&mut acceptor, now, []), 0);
    }
    let later = 1000 + BACKOFF;
    assert!(acceptor.wants_listener(later));
    assert_eq!(acceptor.timeout(later), None);
    assert_eq!(accept(&mut acceptor, later, [FULL]), 0);
    assert_eq!(acceptor.timeout(later), Some(BACKOFF), "the backoff starts again");
    assert_eq!(accept(&mut acceptor, later + BACKOFF, [Ok(()), NOBODY]), 1);
    assert_eq!(acceptor.timeout(later + BACKOFF), None);
}

#[test]
fn a_client_that_leaves_does_not_end_the_backoff() {
    let mut acceptor = Acceptor::new(2);
    assert_eq!(accept(&mut acceptor, 0, [Ok(()), FULL]), 1);
    acceptor.on_closed();
    assert!(!acceptor.wants_listener(1), "another process may have taken the descriptor");
    assert_eq!(acceptor.timeout(1), Some(BACKOFF - 1));
}

/// The loop sleeps for as long as it may, for an hour: how often does it wake up?
#[test]
fn the_loop_does_not_spin() {
    let mut acceptor = Acceptor::new(10);
    let (mut now, mut wakes) = (0, 0);
    while now < 3_600_000 {
        if acceptor.wants_listener(now) {
            accept(&mut acceptor, now, [FULL]); // a client waits all the time
        }
        let timeout = acceptor.timeout(now).expect("nobody else wakes it");
        assert!(timeout > 0);
        now += timeout;
        wakes += 1;
    }
    assert_eq!(wakes, 3_600_000 / BACKOFF);
}
