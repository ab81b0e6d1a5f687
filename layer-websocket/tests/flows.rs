//! A WebSocket over time: silence, slow peers, ends of every kind.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::time::Duration;

use common::{
    BINARY, CLOSE, Echo, FINAL, PING, PONG, Server, TEXT, frame, frames, header, masked, plain,
    start, status, text,
};
use layer_websocket::{Limits, Outbox};
use protocol::{Now, Wait};

const SECOND: Duration = Duration::from_secs(1);

/// Times that are easy to tell apart.
fn limits() -> Limits {
    Limits {
        max_message: 1 << 20,
        max_frame: 1 << 20,
        high_water: 1000,
        idle_timeout: 30 * SECOND,
        pong_timeout: 20 * SECOND,
        close_timeout: 5 * SECOND,
        write_timeout: 10 * SECOND,
    }
}

fn server() -> (Server, Echo) {
    saying(|_, _, _| {})
}

fn saying(say: fn(&str, &mut Outbox<'_>, Now)) -> (Server, Echo) {
    let echo = Echo { say, ..Echo::new() };
    (Server::new(limits(), echo.clone()), echo)
}

fn closes(code: u16) -> (u8, Vec<u8>) {
    (CLOSE, status(code, ""))
}

impl Server {
    fn said(&mut self) -> Vec<(u8, Vec<u8>)> {
        plain(frames(&std::mem::take(&mut self.told)))
    }
}

#[test]
fn the_peer_closes_and_the_server_hangs_up_first() {
    let (mut server, echo) = server();
    server.receive(&frame(CLOSE, &status(1000, "")));
    assert_eq!(server.said(), [closes(1000)]);
    assert!(server.is_shut && !server.is_closed, "the peer may not have read it yet");
    assert_eq!(echo.log(), ["clean 1000 "]);
    // What comes now is thrown away.
    server.receive(&text("late"));
    assert_eq!((server.said(), server.held()), (vec![], 0));
    server.receive_eof();
    assert!(server.is_closed);
    assert_eq!(echo.log().len(), 1);
}

#[test]
fn a_peer_that_does_not_hang_up_is_left() {
    let (mut server, _) = server();
    server.receive(&frame(CLOSE, b""));
    assert!(server.is_shut);
    server.pass(4 * SECOND);
    assert!(!server.is_closed);
    server.pass(2 * SECOND);
    assert!(server.is_closed);
}

/// It may have more under way than it could send so far, and closing would reset the connection.
#[test]
fn a_peer_that_still_sends_is_waited_for_but_not_forever() {
    let (mut server, _) = server();
    server.receive(&frame(CLOSE, b""));
    assert!(server.is_shut);
    for _ in 0..7 {
        server.pass(4 * SECOND);
        assert!(!server.is_closed);
        server.receive(&[0; 10_000]);
        assert_eq!(server.held(), 0);
    }
    server.pass(SECOND);
    server.receive(b"x");
    assert!(!server.is_closed);
    server.pass(SECOND);
    assert!(server.is_closed);
}

#[test]
fn the_socket_closes() {
    let (mut server, echo) = saying(|_, outbox, _| {
        outbox.text("last");
        outbox.close(4000, "so long");
        outbox.text("too late");
        outbox.close(4001, "");
    });
    assert_eq!(
        frames(&std::mem::take(&mut server.told)),
        [(FINAL | TEXT, b"last".to_vec()), (CLOSE, status(4000, "so long"))],
        "said on opening"
    );
    // What was under way is read, and not delivered; nor is anything answered.
    server.receive(&[text("!again"), frame(PING, b"")].concat());
    assert_eq!((server.said(), server.is_shut), (vec![], false));
    server.receive(&frame(CLOSE, &status(4000, "so long")));
    assert!(server.is_shut);
    assert_eq!((server.said(), echo.log()), (vec![], vec!["clean 4000 so long".to_owned()]));
    assert!(server.is_closed, "who has answered has read everything");
}

#[test]
fn codes_and_reasons_that_cannot_be_sent_are_made_to_fit() {
    let (server, _) = saying(|_, outbox, _| outbox.close(1005, &"é".repeat(100)));
    assert_eq!(frames(&server.told), [(CLOSE, status(1011, "é".repeat(61)))]);
}

#[test]
fn a_close_that_is_not_answered_takes_its_time_and_no_more() {
    let (mut server, echo) = saying(|said, outbox, _| {
        if said == "!" {
            outbox.close(1000, "");
        }
    });
    server.is_taking = false;
    server.receive(&text("!"));
    // The time begins when it has been sent.
    server.pass(9 * SECOND);
    server.send_all();
    server.pass(4 * SECOND);
    assert_eq!((server.is_shut, echo.log()), (false, vec![]));
    server.pass(SECOND);
    assert_eq!((server.is_shut, echo.log()), (true, vec!["cut".to_owned()]));
    assert!(server.is_closed);
}

#[test]
fn the_order_to_stop_says_that_we_go_away() {
    let (mut server, echo) = server();
    server.receive(&frame(TEXT, b"half a message"));
    server.shutdown(60 * SECOND);
    assert_eq!(server.said(), [closes(1001)]);
    server.receive(&frame(FINAL, b"the rest"));
    server.receive(&frame(CLOSE, &status(1001, "")));
    assert_eq!((server.said(), server.is_shut), (vec![], true));
    assert!(server.is_closed);
    assert_eq!(echo.log(), ["clean 1001 "]);
}

#[test]
fn when_the_time_is_up_nothing_is_waited_for() {
    // The peer does not take the Close frame, does not answer it, or does not hang up.
    for (is_taking, has_closed) in [(false, false), (true, false), (true, true)] {
        let (mut server, _) = server();
        server.is_taking = is_taking;
        if has_closed {
            server.receive(&frame(CLOSE, &status(1001, "")));
        }
        server.shutdown(2 * SECOND);
        server.pass(SECOND);
        assert!(!server.is_closed, "{is_taking} {has_closed}");
        server.pass(SECOND);
        assert!(server.is_closed, "{is_taking} {has_closed}");
    }
}

#[test]
fn a_second_order_shortens_the_time() {
    let (mut server, _) = server();
    server.shutdown(60 * SECOND);
    server.shutdown(SECOND);
    assert_eq!(server.said(), [closes(1001)]);
    server.pass(SECOND);
    assert!(server.is_closed);
}

#[test]
fn a_peer_that_is_gone_without_a_word_is_cut() {
    let (mut server, echo) = server();
    server.receive(&[text("whole"), header(FINAL | TEXT, 10)].concat());
    server.receive_eof();
    // What was whole is answered, for the peer may still be reading.
    assert_eq!(server.said(), [(FINAL | TEXT, b"whole".to_vec())]);
    assert!(server.is_shut && server.is_closed);
    assert_eq!(echo.log(), ["cut"]);
}

#[test]
fn the_end_comes_behind_what_came_before_it() {
    let (mut server, echo) = server();
    server.is_taking = false;
    let messages: Vec<_> = (0..10).map(|digit| vec![b'0' + digit; 600]).collect();
    let comes: Vec<u8> = messages.iter().flat_map(|it| frame(FINAL | TEXT, it)).collect();
    server.receive(&comes);
    server.receive_eof();
    assert!(server.held() > 0, "held up");
    while !server.out.is_empty() {
        server.send(500);
    }
    assert!(server.is_closed && server.is_shut);
    let expected: Vec<_> = messages.into_iter().map(|it| (FINAL | TEXT, it)).collect();
    assert!(server.said() == expected);
    assert_eq!(echo.log().last().unwrap(), "cut");
}

#[test]
fn a_connection_that_is_dropped_is_said_to_be_cut() {
    let (server, echo) = server();
    drop(server);
    assert_eq!(echo.log(), ["cut"]);
}

#[test]
fn silence_is_met_with_a_ping_and_then_with_the_end() {
    let (mut server, echo) = server();
    server.pass(29 * SECOND);
    assert_eq!(server.said(), []);
    server.pass(SECOND);
    assert_eq!(server.said(), [(PING, vec![])]);
    server.pass(19 * SECOND);
    server.receive(&frame(PONG, b""));
    server.pass(29 * SECOND);
    assert_eq!(server.said(), []);
    server.pass(SECOND);
    assert_eq!(server.said(), [(PING, vec![])]);
    server.pass(20 * SECOND);
    assert_eq!(server.said(), [closes(1008)]);
    assert_eq!(echo.log(), ["failed 1008"]);
    assert!(server.is_shut);
    server.pass(5 * SECOND);
    assert!(server.is_closed);
}

#[test]
fn a_peer_that_sends_gets_no_ping() {
    let (mut server, _) = server();
    for _ in 0..10 {
        server.pass(20 * SECOND);
        server.receive(&text("here"));
    }
    assert!(server.said().iter().all(|(first, _)| *first == FINAL | TEXT));
}

/// Inside a frame no Pong can be sent: that the frame advances has to do. But bytes now and then
/// are no sign of life.
#[test]
fn a_large_message_on_a_slow_line_is_waited_for_and_a_trickle_is_not() {
    for (piece, lives) in [(1024, true), (10, false)] {
        let (mut server, _) = server();
        server.receive(&header(FINAL | BINARY, 1 << 20));
        server.pass(30 * SECOND);
        assert_eq!(server.said(), [(PING, vec![])]);
        for _ in 0..20 {
            server.pass(15 * SECOND);
            server.receive(&vec![0; piece]);
        }
        assert_eq!(!server.is_closed, lives, "{piece}");
    }
}

/// A peer that hears something every second is asked for a sign of life all the same.
#[test]
fn sending_to_a_peer_is_no_sign_of_its_life() {
    let (mut server, _) = saying(|said, outbox, now| {
        if matches!(said, "open" | "time") {
            outbox.text("tick");
            outbox.wake_at(now.instant + SECOND);
        }
    });
    for _ in 0..60 {
        server.pass(SECOND);
    }
    assert!(server.is_closed || server.is_shut);
    let said = server.said();
    assert_eq!(said.iter().filter(|(first, _)| *first == PING).count(), 1);
    assert_eq!(said.last().unwrap(), &closes(1008));
}

#[test]
fn a_peer_that_takes_nothing_is_cut_unless_it_advances() {
    let (mut server, echo) = server();
    server.is_taking = false;
    server.pass(20 * SECOND);
    server.receive(&frame(FINAL | BINARY, &[0; 50_000]));
    for _ in 0..10 {
        server.pass(9 * SECOND);
        assert!(!server.is_closed);
        server.send(600);
        server.send(600);
    }
    for _ in 0..10 {
        server.pass(SECOND);
        server.send(10);
    }
    assert!(server.is_closed && !server.is_shut, "it has been cut, and that is not said");
    assert_eq!(echo.log().last().unwrap(), "cut");
}

#[test]
fn while_output_is_unsent_nothing_is_read() {
    let (mut server, echo) = server();
    server.is_taking = false;
    let message = frame(FINAL | BINARY, &[0; 600]);
    server.receive(&message.repeat(2));
    assert!(matches!(server.wait, Wait { read: false, .. }));
    // It comes nevertheless: it is kept, and nothing of it consumed.
    server.receive(&message.repeat(5));
    assert_eq!(server.held(), 5 * message.len());
    assert!(server.out.len() < 2000, "{}", server.out.len());
    server.send(200);
    assert!(server.wait.read == (server.out.len() < 1000));
    server.send_all();
    assert_eq!((server.held(), server.said().len()), (0, 7));
    assert!(server.wait.read);
    assert!(echo.log().iter().all(|it| it == "room") && !echo.log().is_empty());
}

#[test]
fn a_flood_of_pings_makes_no_flood_of_pongs() {
    let (mut server, _) = server();
    server.is_taking = false;
    for _ in 0..1000 {
        server.receive(&frame(PING, &[0; 125]));
    }
    assert!(server.out.len() < 1000 + 127, "{}", server.out.len());
    server.send_all();
    assert_eq!(server.said().len(), 1000);
}

/// The silence of a peer that is not listened to is none.
#[test]
fn a_peer_that_is_not_read_is_not_silent() {
    let (mut server, _) = server();
    server.is_taking = false;
    server.receive(&frame(FINAL | BINARY, &[0; 50_000]));
    for _ in 0..40 {
        server.pass(9 * SECOND);
        server.send(600);
        server.send(600);
    }
    server.send_all();
    assert_eq!(server.said().len(), 1, "the answer, and no Ping");
    assert!(!server.is_closed);
    server.pass(30 * SECOND);
    assert_eq!(server.said(), [(PING, vec![])]);
}

/// It has been asked for a sign of life, and then there was no room to listen to it.
#[test]
fn an_answer_that_is_not_read_is_not_late() {
    let (mut server, _) = saying(|said, outbox, now| match said {
        "open" => outbox.wake_at(now.instant + 40 * SECOND),
        "time" => outbox.binary(vec![0; 50_000]),
        _ => {}
    });
    server.pass(39 * SECOND);
    assert_eq!(server.said(), [(PING, vec![])]);
    server.is_taking = false;
    server.pass(SECOND);
    server.receive(&frame(PONG, b""));
    assert!(server.held() > 0);
    for _ in 0..10 {
        server.pass(9 * SECOND);
        server.send(600);
        server.send(600);
    }
    server.send_all();
    assert_eq!((server.said().len(), server.held()), (1, 0));
    server.pass(29 * SECOND);
    assert!(server.said().is_empty() && !server.is_shut);
}

#[test]
fn room_is_said_once() {
    let (mut server, echo) = server();
    server.receive(&frame(FINAL | BINARY, &[0; 2000]));
    for _ in 0..5 {
        server.receive(&text("small"));
    }
    assert_eq!(echo.log(), ["room"]);
}

/// It is passed on bit by bit, and what comes behind it stays behind it.
#[test]
fn a_large_message_is_not_copied() {
    let (mut server, _) = saying(|said, outbox, _| {
        if said == "!" {
            outbox.text("before");
            outbox.binary(vec![7; 500_000]);
            outbox.text("after");
            outbox.binary(vec![8; 20_000]);
            assert!(!outbox.has_room());
        }
    });
    server.is_taking = false;
    server.receive(&text("!"));
    let mut most = 0;
    while !server.out.is_empty() {
        most = most.max(server.out.len());
        server.send(700);
    }
    assert!(most < 3000, "{most}");
    let expected = [
        (FINAL | TEXT, b"before".to_vec()),
        (FINAL | BINARY, vec![7; 500_000]),
        (FINAL | TEXT, b"after".to_vec()),
        (FINAL | BINARY, vec![8; 20_000]),
    ];
    assert!(server.said() == expected);
}

#[test]
fn time_comes_when_it_is_asked_for() {
    let (mut server, echo) = saying(|said, outbox, now| match said {
        "open" => outbox.wake_at(now.instant + 3 * SECOND),
        "!sooner" => outbox.wake_at(now.instant + SECOND),
        "time" => outbox.text("tick"),
        _ => {}
    });
    assert_eq!(server.wait.deadline, Some(start().instant + 3 * SECOND));
    server.pass(SECOND);
    server.receive(&text("!sooner"));
    server.pass(SECOND);
    assert_eq!(server.said(), [(FINAL | TEXT, b"tick".to_vec())]);
    server.pass(10 * SECOND);
    assert_eq!(echo.log(), ["time"], "once");
}

#[test]
fn a_panic_ends_the_connection() {
    for at in ["open", "!", "time", "room"] {
        let (mut server, echo) = match at {
            "open" => saying(|said, _, _| assert_ne!(said, "open", "on purpose")),
            "!" => saying(|said, _, _| assert_ne!(said, "!", "on purpose")),
            "time" => saying(|said, outbox, now| {
                outbox.wake_at(now.instant);
                assert_ne!(said, "time", "on purpose");
            }),
            _ => saying(|said, outbox, _| {
                outbox.binary(vec![0; 1000]);
                assert_ne!(said, "room", "on purpose");
            }),
        };
        server.receive(&text("!"));
        server.pass(SECOND);
        let said = server.said();
        assert_eq!(said.last().unwrap(), &closes(1011), "{at}");
        assert!(server.is_shut, "{at}");
        assert!(!echo.log().iter().any(|it| it == "cut"), "who has panicked is told nothing");
        server.receive(&text("more"));
        server.receive_eof();
        assert!(server.is_closed && server.said().is_empty(), "{at}");
    }
}

/// The order, the end and the first bytes in any order, before the socket has been opened.
#[test]
fn calls_before_the_first_input_are_not_lost() {
    use protocol::{Protocol, Step};
    let socket = Echo { say: |_, outbox, _| outbox.text("hello"), ..Echo::new() };
    let mut websocket = layer_websocket::WebSocket::new(limits(), socket, start());
    websocket.shutdown(start().instant + SECOND, start());
    websocket.receive_eof(start());
    assert!(matches!(websocket.poll(), Step::Receive));
    let mut out = Vec::new();
    assert_eq!(websocket.receive(&mut [], &mut out, start()), 0);
    assert_eq!(plain(frames(&out)), [(FINAL | TEXT, b"hello".to_vec()), closes(1001)]);
    websocket.sent(out.len() as u64, start());
    assert!(matches!(websocket.poll(), Step::ShutdownWrite));
    assert!(matches!(websocket.poll(), Step::Close));
}

/// Times that the clock cannot hold.
#[test]
fn timeouts_may_be_of_any_length() {
    let endless = Duration::MAX;
    let limits = Limits {
        idle_timeout: endless,
        pong_timeout: endless,
        close_timeout: endless,
        write_timeout: endless,
        ..limits()
    };
    let mut server = Server::new(limits, Echo::new());
    server.is_taking = false;
    server.receive(&text("x"));
    server.send_all();
    server.receive(&frame(CLOSE, b""));
    server.receive_eof();
    assert!(server.is_closed);
}

/// What is announced is not what is held: a message grows with what comes.
#[test]
fn masked_payloads_come_in_pieces() {
    let (mut server, _) = server();
    let payload: Vec<u8> = (0..100_000_u64).map(|at| ((at * at) >> 7) as u8).collect();
    server.receive(&header(FINAL | BINARY, payload.len()));
    let bytes = masked(&payload);
    let mut rest = &bytes[..];
    for size in (1..).map(|round| round * 7 % 501) {
        let (piece, later) = rest.split_at(size.min(rest.len()));
        server.receive(piece);
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
    assert!(server.said() == [(FINAL | BINARY, payload)]);
}
