use exercises::late_event::Event::{Mailbox, Ready};
use exercises::late_event::Message::{Close, New};
use exercises::late_event::{Event, EventLoop, Message};

/// A loop with these clients, and nothing in its log.
fn with(clients: &[&'static str]) -> EventLoop {
    let mut event_loop = EventLoop::default();
    event_loop.mailbox.extend(clients.iter().map(|client| New(client)));
    event_loop.round(&[Mailbox]);
    event_loop.log.clear();
    event_loop
}

/// What happens in one round.
fn round(event_loop: &mut EventLoop, messages: &[Message], events: &[Event]) -> Vec<String> {
    event_loop.mailbox.extend(messages.iter().cloned());
    event_loop.round(events);
    std::mem::take(&mut event_loop.log)
}

#[test]
fn an_event_reaches_the_one_that_it_was_meant_for() {
    let mut event_loop = with(&["a"]);
    let said = round(&mut event_loop, &[Close("a"), New("b")], &[Mailbox, Ready(0)]);
    assert_eq!(said, ["a is read", "a is closed", "b is new"]);
    assert_eq!(event_loop.key("b"), Some(0), "keys are used again");
}

#[test]
fn messages_in_the_middle_of_a_batch_wait_too_and_no_event_is_lost() {
    let mut event_loop = with(&["a", "b", "c"]);
    let messages = [Close("b"), New("d"), Close("c"), New("e")];
    let said = round(&mut event_loop, &messages, &[Ready(0), Mailbox, Ready(1), Ready(2)]);
    assert_eq!(said[..3], ["a is read", "b is read", "c is read"]);
    assert_eq!(said[3..], ["b is closed", "d is new", "c is closed", "e is new"]);
}

#[test]
fn one_that_ends_in_the_batch_frees_its_key_for_the_messages_behind_it() {
    let mut event_loop = with(&["a", "b"]);
    round(&mut event_loop, &[], &[Ready(0)]);
    round(&mut event_loop, &[], &[Ready(0)]);
    let said = round(&mut event_loop, &[New("c")], &[Mailbox, Ready(0), Ready(1)]);
    assert_eq!(said, ["a is closed", "b is read", "c is new"]);
    assert_eq!((event_loop.key("c"), event_loop.key("b")), (Some(0), Some(1)));
}

#[test]
fn the_next_round_reaches_the_new_one() {
    let mut event_loop = with(&["a"]);
    round(&mut event_loop, &[Close("a"), New("b")], &[Mailbox, Ready(0)]);
    assert_eq!(round(&mut event_loop, &[], &[Ready(0)]), ["b is read"]);
    assert_eq!(round(&mut event_loop, &[New("c")], &[Ready(0)]), ["b is read"], "not announced");
    assert_eq!(round(&mut event_loop, &[], &[Ready(0), Mailbox]), ["b is closed", "c is new"]);
}
