use std::time::Duration;

use exercises::closing::{Closing, Effect, Frame, How, State};

const PATIENCE: Duration = Duration::from_secs(5);

fn second(number: u64) -> Duration {
    Duration::from_secs(number)
}

fn open() -> Closing {
    Closing::new(PATIENCE)
}

fn text(text: &str) -> Frame {
    Frame::Text(text.into())
}

fn sends(frame: Frame) -> Effect {
    Effect { send: Some(frame), deliver: None }
}

#[test]
fn both_sides_speak_while_it_is_open() {
    let mut connection = open();
    assert_eq!(connection.say("one"), Some(text("one")));
    let delivered = Effect { send: None, deliver: Some("two".into()) };
    assert_eq!(connection.receive(text("two")), delivered);
    assert_eq!(connection.receive(Frame::Pong(vec![1])), Effect::default());
    assert_eq!((connection.state(), connection.deadline()), (State::Open, None));
}

#[test]
fn a_ping_is_answered_with_its_payload() {
    let mut connection = open();
    let effect = connection.receive(Frame::Ping(vec![1, 2, 3]));
    assert_eq!(effect, sends(Frame::Pong(vec![1, 2, 3])));
}

#[test]
fn the_peer_closes_and_is_answered_with_its_code() {
    for (code, heard) in [(Some(1001), 1001), (None, 1005), (Some(4999), 4999)] {
        let mut connection = open();
        assert_eq!(connection.receive(Frame::Close(code)), sends(Frame::Close(code)));
        assert_eq!(connection.state(), State::Closed(How::Clean(heard)));
        assert_eq!(connection.deadline(), None);
    }
}

#[test]
fn we_close_and_an_answer_is_not_answered() {
    let mut connection = open();
    assert_eq!(connection.close(1000, second(1)), Some(Frame::Close(Some(1000))));
    assert_eq!(connection.state(), State::Closing);
    assert_eq!(connection.receive(Frame::Close(Some(1000))), Effect::default());
    assert_eq!(connection.state(), State::Closed(How::Clean(1000)));
    assert_eq!(connection.deadline(), None);
}

#[test]
fn nothing_is_said_after_our_close() {
    let mut connection = open();
    connection.close(1000, second(1));
    assert_eq!(connection.say("late"), None);
    assert_eq!(connection.close(1001, second(2)), None);
    assert_eq!(connection.receive(Frame::Ping(vec![7])), Effect::default());
    assert_eq!(connection.receive(text("late")), Effect::default(), "it is of no interest");
    assert_eq!(connection.state(), State::Closing);
}

#[test]
fn a_silent_peer_has_its_time() {
    let mut connection = open();
    connection.timeout(second(100));
    assert_eq!(connection.state(), State::Open, "nothing was asked of the peer");
    connection.close(1000, second(10));
    assert_eq!(connection.deadline(), Some(second(15)));
    connection.timeout(second(14));
    assert_eq!(connection.state(), State::Closing, "too early");
    connection.timeout(second(15));
    assert_eq!(connection.state(), State::Closed(How::Silent));
    assert_eq!(connection.deadline(), None);
}

#[test]
fn nothing_puts_that_time_off() {
    let mut connection = open();
    connection.close(1000, second(10));
    connection.close(1000, second(12));
    connection.receive(Frame::Ping(Vec::new()));
    connection.receive(text("still here"));
    connection.timeout(second(13));
    assert_eq!(connection.deadline(), Some(second(15)));
}

#[test]
fn an_end_without_a_close_is_a_cut() {
    let mut connection = open();
    connection.end();
    assert_eq!(connection.state(), State::Closed(How::Cut));
    let mut connection = open();
    connection.close(1000, second(1));
    connection.end();
    assert_eq!(connection.state(), State::Closed(How::Cut));
    assert_eq!(connection.deadline(), None);
}

#[test]
fn the_end_does_not_change() {
    let mut connection = open();
    connection.receive(Frame::Close(Some(1001)));
    connection.end();
    connection.timeout(second(1000));
    assert_eq!(connection.receive(Frame::Close(Some(1002))), Effect::default());
    assert_eq!(connection.receive(text("late")), Effect::default());
    assert_eq!(connection.receive(Frame::Ping(vec![1])), Effect::default());
    assert_eq!(connection.say("late"), None);
    assert_eq!(connection.close(1000, second(1)), None);
    assert_eq!(connection.state(), State::Closed(How::Clean(1001)));
    assert_eq!(connection.deadline(), None);
}
