use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use exercises::poll_set::{IN, OUT, PollFd, PollSet};

fn descriptors(set: &mut PollSet) -> Vec<i32> {
    let mut all: Vec<i32> = set.list().iter().map(|entry| entry.fd).collect();
    all.sort_unstable();
    all
}

/// The kernel answers for these descriptors.
fn answer(set: &mut PollSet, answers: &[(i32, u16)]) {
    for entry in set.list() {
        let answer = answers.iter().find(|(fd, _)| *fd == entry.fd);
        entry.revents = answer.map_or(0, |&(_, revents)| revents);
    }
}

#[test]
fn an_empty_set_is_an_empty_list() {
    let mut set = PollSet::default();
    assert_eq!((set.list().len(), set.ready()), (0, vec![]));
    assert_eq!(set.remove(0), None);
}

#[test]
fn what_is_inserted_is_handed_to_the_kernel() {
    let mut set = PollSet::default();
    let key = set.insert(7, IN);
    assert_eq!(set.list(), [PollFd { fd: 7, events: IN, revents: 0 }]);
    set.set_events(key, IN | OUT);
    assert_eq!(set.list(), [PollFd { fd: 7, events: IN | OUT, revents: 0 }]);
    set.set_events(key, 0);
    assert_eq!(set.list().len(), 1, "errors are told of whatever is asked");
}

#[test]
fn answers_come_with_the_key_of_their_connection() {
    let mut set = PollSet::default();
    let keys: Vec<usize> = (10..14).map(|fd| set.insert(fd, IN)).collect();
    answer(&mut set, &[(11, IN), (13, IN | OUT)]);
    let mut ready = set.ready();
    ready.sort_unstable();
    let mut expected = vec![(keys[1], IN), (keys[3], IN | OUT)];
    expected.sort_unstable();
    assert_eq!(ready, expected);
}

#[test]
fn answers_do_not_stay() {
    let mut set = PollSet::default();
    set.insert(7, IN);
    answer(&mut set, &[(7, IN)]);
    assert_eq!(set.ready().len(), 1);
    assert_eq!(set.list()[0].revents, 0);
    assert_eq!(set.ready(), []);
}

#[test]
fn removing_leaves_no_gap_and_changes_no_key() {
    let mut set = PollSet::default();
    let keys: Vec<usize> = (10..15).map(|fd| set.insert(fd, IN)).collect();
    assert_eq!(set.remove(keys[1]), Some(11));
    assert_eq!(set.remove(keys[1]), None, "it has gone");
    assert_eq!(descriptors(&mut set), [10, 12, 13, 14]);
    answer(&mut set, &[(14, IN)]);
    assert_eq!(set.ready(), [(keys[4], IN)], "the last one may have moved, its key has not");
    set.set_events(keys[4], OUT);
    assert_eq!(set.list().iter().find(|it| it.fd == 14).unwrap().events, OUT);
    assert_eq!(set.remove(keys[4]), Some(14));
    assert_eq!(descriptors(&mut set), [10, 12, 13]);
}

#[test]
fn a_key_is_not_given_twice_at_a_time() {
    let mut set = PollSet::default();
    let mut there = BTreeMap::new();
    let mut random = 1_u64;
    for fd in 0..5_000 {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        if random >> 62 == 0
            && let Some((&key, &expected)) = there.iter().nth((random >> 20) as usize % 7)
        {
            assert_eq!(set.remove(key), Some(expected));
            there.remove(&key);
        }
        let key = set.insert(fd, IN);
        assert_eq!(there.insert(key, fd), None, "the key {key} belongs to another");
    }
    for (key, fd) in there {
        answer(&mut set, &[(fd, IN)]);
        assert_eq!(set.ready(), [(key, IN)]);
        assert_eq!(set.remove(key), Some(fd));
    }
    assert_eq!(set.list(), []);
}

/// The loop goes through the answers while connections end.
#[test]
fn entries_may_be_removed_while_the_answers_are_read() {
    let mut set = PollSet::default();
    for fd in 0..100 {
        set.insert(fd, IN);
    }
    let all: Vec<(i32, u16)> = (0..100).map(|fd| (fd, IN)).collect();
    answer(&mut set, &all);
    let mut gone: Vec<i32> = set.ready().iter().map(|&(key, _)| set.remove(key).unwrap()).collect();
    gone.sort_unstable();
    assert_eq!(gone, (0..100).collect::<Vec<_>>());
    assert_eq!(set.ready(), []);
}

/// How long it takes to remove some entries from the middle of so many.
fn time_to_remove(entries: usize) -> Duration {
    const REMOVED: usize = 200;
    let mut set = PollSet::default();
    let keys = (0..entries).map(|fd| (fd as i32, set.insert(fd as i32, IN))).collect::<Vec<_>>();
    let middle = (entries - REMOVED) / 2..(entries + REMOVED) / 2;
    let begin = Instant::now();
    for &(fd, key) in &keys[middle] {
        assert_eq!(set.remove(key), Some(fd));
    }
    begin.elapsed()
}

/// The shortest of ten times each, which no other work on the machine has made longer. To look at
/// all entries takes two hundred times as long when there are two hundred times as many.
#[test]
fn removing_one_does_not_look_at_all_others() {
    let shortest = |entries| (0..10).map(|_| time_to_remove(entries)).min().unwrap();
    let (few, many) = (shortest(500), shortest(100_000));
    assert!(many < 20 * few, "{few:?} among 500, {many:?} among 100,000");
}
