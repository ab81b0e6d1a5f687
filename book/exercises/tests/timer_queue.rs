use exercises::timer_queue::{MOST_STALE, Timers};

fn due(timers: &mut Timers, now: u64) -> Vec<usize> {
    std::iter::from_fn(|| timers.pop(now)).collect()
}

#[test]
fn nothing_to_wake_up_for() {
    let mut timers = Timers::default();
    assert_eq!((timers.next(), timers.pop(u64::MAX)), (None, None));
}

#[test]
fn the_earliest_comes_first_and_none_too_early() {
    let mut timers = Timers::default();
    for (key, deadline) in [(1, 300), (2, 100), (3, 200)] {
        timers.set(key, Some(deadline));
    }
    assert_eq!(timers.next(), Some(100));
    assert_eq!(due(&mut timers, 99), []);
    assert_eq!(due(&mut timers, 250), [2, 3]);
    assert_eq!(timers.next(), Some(300));
    assert_eq!(due(&mut timers, 300), [1]);
    assert_eq!(timers.next(), None);
}

#[test]
fn a_deadline_that_is_put_off_does_not_fire_early() {
    let mut timers = Timers::default();
    timers.set(1, Some(100));
    timers.set(1, Some(500));
    assert_eq!(due(&mut timers, 100), []);
    assert_eq!(due(&mut timers, 500), [1]);
    assert_eq!(due(&mut timers, 900), [], "and it fires once");
}

#[test]
fn a_deadline_that_is_brought_forward_fires_in_time() {
    let mut timers = Timers::default();
    timers.set(1, Some(500));
    timers.set(1, Some(100));
    assert!(timers.next().is_some_and(|next| next <= 100));
    assert_eq!(due(&mut timers, 100), [1]);
    assert_eq!(due(&mut timers, 900), []);
}

#[test]
fn a_deadline_that_is_gone_does_not_fire() {
    let mut timers = Timers::default();
    timers.set(1, Some(100));
    timers.set(1, None);
    timers.set(2, None);
    assert_eq!(due(&mut timers, 900), []);
    assert_eq!(timers.next(), None, "nothing is left to wake up for");
}

#[test]
fn a_key_may_be_used_again() {
    let mut timers = Timers::default();
    timers.set(1, Some(100));
    timers.set(1, None);
    timers.set(1, Some(300));
    assert_eq!(due(&mut timers, 200), [], "this was the deadline of the one before");
    assert_eq!(due(&mut timers, 300), [1]);
}

#[test]
fn a_deadline_that_has_fired_may_be_set_again() {
    let mut timers = Timers::default();
    for _ in 0..3 {
        timers.set(1, Some(100));
        assert_eq!(timers.next(), Some(100));
        assert_eq!(due(&mut timers, 100), [1]);
        assert_eq!(due(&mut timers, 100), [], "its deadline is gone");
    }
}

#[test]
fn stale_entries_do_not_grow_without_bound() {
    let mut timers = Timers::default();
    for now in 0..10_000 {
        for key in 0..10 {
            timers.set(key, Some(now + 60_000));
        }
        assert!(timers.entries() <= MOST_STALE * 10 + 10, "{} entries", timers.entries());
    }
    assert_eq!(due(&mut timers, 80_000).len(), 10);
}
