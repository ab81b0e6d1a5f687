use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use exercises::bounded_queue::{Queue, Refused};

/// More than anything takes, but for a thread that is never woken.
const LONG: Duration = Duration::from_secs(5);

/// Starts threads that each pop once. What they got comes out of the channel.
fn poppers(queue: &Arc<Queue<u32>>, count: usize) -> Receiver<Option<u32>> {
    let (popped, all) = channel();
    for _ in 0..count {
        let (queue, popped) = (Arc::clone(queue), popped.clone());
        thread::spawn(move || popped.send(queue.pop()));
    }
    all
}

/// Long enough for threads to fall asleep. If they have not, the test is easier to pass.
fn let_them_sleep() {
    thread::sleep(Duration::from_millis(100));
}

#[test]
fn items_come_out_in_their_order() {
    let queue = Queue::new(3);
    (1..=3).for_each(|item| queue.push(item).unwrap());
    assert_eq!([queue.pop(), queue.pop(), queue.pop()], [Some(1), Some(2), Some(3)]);
}

#[test]
fn a_full_queue_gives_the_item_back() {
    let queue = Queue::new(2);
    queue.push("a").unwrap();
    queue.push("b").unwrap();
    assert_eq!(queue.push("c"), Err(Refused::Full("c")));
    assert_eq!(queue.pop(), Some("a"));
    assert_eq!(queue.push("d"), Ok(()), "there is room again");
    assert_eq!((queue.pop(), queue.pop()), (Some("b"), Some("d")));
}

#[test]
fn a_queue_without_room_takes_nothing() {
    assert_eq!(Queue::new(0).push(1), Err(Refused::Full(1)));
}

#[test]
fn pop_sleeps_until_there_is_an_item() {
    let queue = Arc::new(Queue::new(1));
    let popped = poppers(&queue, 1);
    assert!(popped.recv_timeout(Duration::from_millis(100)).is_err(), "there is no item");
    queue.push(7).unwrap();
    assert_eq!(popped.recv_timeout(LONG), Ok(Some(7)));
}

#[test]
fn each_item_wakes_a_thread() {
    let queue = Arc::new(Queue::new(4));
    let popped = poppers(&queue, 4);
    let_them_sleep();
    (1..=4).for_each(|item| queue.push(item).unwrap());
    let mut items: Vec<_> = (0..4).map(|_| popped.recv_timeout(LONG).unwrap()).collect();
    items.sort_unstable();
    assert_eq!(items, [Some(1), Some(2), Some(3), Some(4)]);
}

#[test]
fn close_wakes_everyone() {
    let queue = Arc::new(Queue::new(1));
    let popped = poppers(&queue, 4);
    let_them_sleep();
    queue.close();
    for _ in 0..4 {
        assert_eq!(popped.recv_timeout(LONG), Ok(None));
    }
}

#[test]
fn what_is_there_is_given_out_after_close() {
    let queue = Queue::new(3);
    queue.push(1).unwrap();
    queue.push(2).unwrap();
    queue.close();
    queue.close();
    assert_eq!((queue.pop(), queue.pop()), (Some(1), Some(2)));
    assert_eq!((queue.pop(), queue.pop()), (None, None), "and it stays so");
}

#[test]
fn a_closed_queue_refuses_items_and_says_why() {
    let queue = Queue::new(1);
    queue.push(1).unwrap();
    queue.close();
    assert_eq!(queue.push(2), Err(Refused::Closed(2)), "it is full as well");
    assert_eq!(queue.pop(), Some(1));
    assert_eq!(queue.push(3), Err(Refused::Closed(3)));
    assert_eq!(queue.pop(), None);
}

/// How often the scheduler has taken this thread off a processor, and how many ticks it ran.
#[cfg(target_os = "linux")]
fn activity() -> (u64, u64) {
    let read = |file| std::fs::read_to_string(format!("/proc/thread-self/{file}")).unwrap();
    let status = read("status");
    let switches = status.lines().filter_map(|line| line.split_once("ctxt_switches:"));
    let switches = switches.map(|(_, count)| count.trim().parse::<u64>().unwrap()).sum();
    let stat = read("stat");
    let ticks = stat.rsplit_once(')').unwrap().1.split_whitespace().skip(11).take(2);
    (switches, ticks.map(|count| count.parse::<u64>().unwrap()).sum())
}

#[cfg(target_os = "linux")]
#[test]
fn a_thread_that_waits_sleeps() {
    let queue = Arc::new(Queue::<u32>::new(1));
    let (used, is_used) = channel();
    let waits = Arc::clone(&queue);
    thread::spawn(move || {
        let before = activity();
        let popped = waits.pop();
        let after = activity();
        used.send((popped, after.0 - before.0, after.1 - before.1)).unwrap();
    });
    thread::sleep(Duration::from_millis(500));
    queue.close();
    let (popped, switches, ticks) = is_used.recv_timeout(LONG).unwrap();
    assert_eq!(popped, None);
    // On a busy machine a thread that looks again and again is interrupted often, on others it
    // runs.
    assert!(switches <= 6 && ticks <= 2, "{switches} times off the processor, {ticks} ticks on it");
}
