use exercises::multishot::{Act, Completion, Receiver};

fn data(buffer: u16, text: &str, more: bool) -> Completion {
    Completion::Data { buffer, bytes: text.as_bytes().to_vec(), more }
}

fn deliver(text: &str) -> Act {
    Act::Deliver(text.as_bytes().to_vec())
}

/// One that wants input and has begun.
fn receiving() -> Receiver {
    let mut receiver = Receiver::new();
    assert_eq!(receiver.want(true), [Act::Begin]);
    receiver
}

#[test]
fn nothing_begins_before_it_is_wanted() {
    let mut receiver = Receiver::new();
    assert!(receiver.is_idle());
    assert_eq!(receiver.want(false), []);
    assert_eq!(receiver.want(true), [Act::Begin]);
    assert!(!receiver.is_idle());
    assert_eq!(receiver.want(true), [], "one is under way");
}

#[test]
fn wanted_bytes_are_delivered_and_the_receive_goes_on() {
    let mut receiver = receiving();
    assert_eq!(receiver.complete(data(3, "one", true)), [Act::GiveBack(3), deliver("one")]);
    assert_eq!(receiver.complete(data(1, "two", true)), [Act::GiveBack(1), deliver("two")]);
    assert_eq!(receiver.held(), 0);
}

#[test]
fn a_receive_that_has_ended_begins_again() {
    let mut receiver = receiving();
    let acts = receiver.complete(data(3, "one", false));
    assert_eq!(acts, [Act::GiveBack(3), deliver("one"), Act::Begin]);
    assert_eq!(receiver.complete(Completion::NoBuffer), [Act::Begin]);
}

#[test]
fn that_input_is_not_wanted_is_no_reason_to_cancel() {
    let mut receiver = receiving();
    assert_eq!(receiver.want(false), []);
    assert!(!receiver.is_idle());
    assert_eq!(receiver.want(true), [], "it is still under way");
}

#[test]
fn unwanted_bytes_are_kept_and_cancel_once() {
    let mut receiver = receiving();
    receiver.want(false);
    assert_eq!(receiver.complete(data(5, "one", true)), [Act::GiveBack(5), Act::Cancel]);
    assert_eq!(receiver.complete(data(6, "two", true)), [Act::GiveBack(6)], "it has been said");
    assert_eq!(receiver.held(), 6);
    assert_eq!(receiver.complete(Completion::Cancelled), []);
    assert!(receiver.is_idle());
    assert_eq!(receiver.want(true), [deliver("onetwo"), Act::Begin]);
    assert_eq!(receiver.held(), 0);
}

#[test]
fn a_cancelled_receive_has_not_ended() {
    let mut receiver = receiving();
    receiver.want(false);
    receiver.complete(data(5, "one", true));
    assert_eq!(receiver.want(true), [deliver("one")], "no second receive beside the first");
    assert!(!receiver.is_idle());
    assert_eq!(receiver.complete(data(6, "two", true)), [Act::GiveBack(6), deliver("two")]);
    assert_eq!(receiver.complete(Completion::Cancelled), [Act::Begin]);
}

#[test]
fn nothing_is_cancelled_that_has_ended_by_itself() {
    let mut receiver = receiving();
    receiver.want(false);
    assert_eq!(receiver.complete(data(5, "one", false)), [Act::GiveBack(5)]);
    assert!(receiver.is_idle());
    assert_eq!(receiver.want(true), [deliver("one"), Act::Begin]);
}

#[test]
fn none_begins_while_nobody_wants_it() {
    let mut receiver = receiving();
    receiver.want(false);
    assert_eq!(receiver.complete(Completion::NoBuffer), []);
    assert!(receiver.is_idle());
}

#[test]
fn after_the_end_none_begins() {
    let mut receiver = receiving();
    receiver.want(false);
    receiver.complete(data(5, "one", true));
    assert_eq!(receiver.complete(Completion::End), []);
    assert_eq!(receiver.want(true), [deliver("one")]);
    assert!(receiver.is_idle());
}

/// Plays every sequence of six events that a kernel could make.
#[test]
fn in_any_order_nothing_is_lost_and_no_two_are_under_way() {
    for number in 0..6_u32.pow(6) {
        let (mut receiver, mut is_under_way, mut has_ended) = (Receiver::new(), false, false);
        let (mut sent, mut delivered, mut wanted, mut cancels) = (0_u8, Vec::new(), false, 0);
        for place in 0..6 {
            let event = number / 6_u32.pow(place) % 6;
            let mut acts = match event {
                0 | 1 => {
                    wanted = event == 1;
                    receiver.want(wanted)
                }
                _ if !is_under_way => continue, // nothing can complete
                2 | 3 => {
                    is_under_way = event == 2;
                    sent += 1;
                    let buffer = u16::from(sent);
                    let bytes = vec![sent];
                    let more = is_under_way;
                    let acts = receiver.complete(Completion::Data { buffer, bytes, more });
                    assert_eq!(acts.first(), Some(&Act::GiveBack(buffer)), "{number}");
                    acts[1..].to_vec()
                }
                4 => {
                    is_under_way = false;
                    receiver.complete(Completion::NoBuffer)
                }
                _ => {
                    (is_under_way, has_ended) = (false, true);
                    receiver.complete(Completion::End)
                }
            };
            for act in acts.drain(..) {
                match act {
                    Act::GiveBack(_) => panic!("{number}: a buffer is given back twice"),
                    Act::Deliver(bytes) => delivered.extend(bytes),
                    Act::Begin => {
                        assert!(!is_under_way && wanted && !has_ended, "{number}");
                        (is_under_way, cancels) = (true, 0);
                    }
                    Act::Cancel => {
                        cancels += 1;
                        assert!(is_under_way && cancels == 1, "{number}");
                    }
                }
            }
            assert_eq!(receiver.is_idle(), !is_under_way, "{number}");
            assert_eq!(delivered.len() + receiver.held(), usize::from(sent), "{number}");
            assert!(delivered.iter().copied().eq(1..=delivered.len() as u8), "{number}: order");
            assert!(!wanted || receiver.held() == 0, "{number}: kept although wanted");
            assert!(!wanted || is_under_way || has_ended, "{number}: nothing is under way");
        }
    }
}
