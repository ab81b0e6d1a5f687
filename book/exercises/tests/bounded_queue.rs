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

/// The processor time of this process, in ticks of the kernel.
#[cfg(target_os = "linux")]
fn ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
    let fields = stat.rsplit_once(')').unwrap().1;
    fields.split_whitespace().skip(11).take(2).map(|it| it.parse::<u64>().unwrap()).sum()
}

#[cfg(target_os = "linux")]
#[test]
fn a_thread_that_waits_uses_no_processor() {
    let queue = Arc::new(Queue::<u32>::new(1));
    let (used, is_used) = channel();
    let waits = Arc::clone(&queue);
    thread::spawn(move || {
        let before = ticks();
        let popped = waits.pop();
        used.send((popped, ticks() - before)).unwrap();
    });
    thread::sleep(Duration::from_millis(500));
    queue.close();
    let (popped, ticks) = is_used.recv_timeout(LONG).unwrap();
    assert_eq!(popped, None);
    assert!(ticks <= 2, "it ran for {ticks} of some 50 ticks");
}
