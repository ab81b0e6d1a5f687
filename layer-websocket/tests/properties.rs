//! Whatever comes, in whatever pieces; and a client of somebody else's at the other end.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::time::Duration;

use common::{BINARY, CLOSE, Echo, FINAL, PING, PONG, Server, TEXT, frame, plain, status};
use layer_websocket::{Limits, Outbox};
use proptest::collection::vec;
use proptest::prelude::*;
use protocol::Now;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};

fn limits() -> Limits {
    Limits { max_message: 5000, max_frame: 3000, high_water: 500, ..Limits::default() }
}

/// Frames of every kind, most of them sound.
fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let payload = || vec(any::<u8>(), 0..200);
    let words = "[a-zé💩]{0,40}";
    prop_oneof![
        4 => words.prop_map(|text| frame(FINAL | TEXT, text.as_bytes())),
        2 => words.prop_map(|text| frame(TEXT, text.as_bytes())),
        2 => (any::<bool>(), words)
            .prop_map(|(last, text)| frame(u8::from(last) << 7, text.as_bytes())),
        4 => payload().prop_map(|bytes| frame(FINAL | BINARY, &bytes)),
        1 => vec(any::<u8>(), 2000..3100).prop_map(|bytes| frame(FINAL | BINARY, &bytes)),
        3 => vec(any::<u8>(), 0..126).prop_map(|bytes| frame(PING, &bytes)),
        1 => payload().prop_map(|bytes| frame(PONG, &bytes)),
        1 => (any::<u16>(), "[a-z]{0,9}").prop_map(|(code, why)| frame(CLOSE, &status(code, why))),
        1 => (any::<u8>(), payload()).prop_map(|(first, bytes)| frame(first, &bytes)),
        1 => vec(any::<u8>(), 1..20),
    ]
}

/// Everything that is said, and how the socket is told the end, when this comes in such pieces and
/// such pieces are taken.
fn outcome(comes: &[u8], sizes: &[usize], takes: &[usize]) -> (Vec<u8>, Vec<String>) {
    let echo = Echo::new();
    let mut server = Server::new(limits(), echo.clone());
    server.is_taking = false;
    let mut rest = comes;
    let mut sizes = sizes.iter().copied().cycle();
    let mut takes = takes.iter().copied().cycle();
    loop {
        if !rest.is_empty() {
            let (piece, later) = rest.split_at(sizes.next().unwrap().min(rest.len()));
            server.receive(piece);
            rest = later;
        } else if server.out.is_empty() {
            break;
        }
        assert!(server.out.len() <= 500 + 3000 + 14, "gathers {}", server.out.len());
        if !server.out.is_empty() {
            server.send(takes.next().unwrap());
        }
    }
    server.receive_eof();
    while !server.out.is_empty() {
        server.send(1000);
    }
    assert!(server.is_closed && server.is_shut, "it does not end");
    let log = echo.log().into_iter().filter(|it| it != "room").collect();
    (server.told, log)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn pieces_make_no_difference(
        comes in vec(any_frame(), 1..12),
        sizes in vec(1..400_usize, 1..20),
        takes in vec(1..900_usize, 1..20),
    ) {
        let comes = comes.concat();
        let whole = outcome(&comes, &[usize::MAX], &[usize::MAX]);
        plain(common::frames(&whole.0)); // nothing else than frames, and all of them whole
        prop_assert_eq!(&outcome(&comes, &sizes, &takes), &whole);
        prop_assert_eq!(&outcome(&comes, &[1], &[1]), &whole);
    }

    #[test]
    fn garbage_is_survived(comes in vec(any::<u8>(), 0..300), sizes in vec(1..50_usize, 1..9)) {
        let (told, log) = outcome(&comes, &sizes, &[100]);
        common::frames(&told);
        prop_assert_eq!(log.len(), 1, "{:?}", log);
    }
}

/// What a peer does, and what is done to it.
#[derive(Clone, Debug)]
enum Event {
    Comes(Vec<u8>),
    Takes(usize),
    Ends,
    Passes(u64),
    Stop(u64),
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => any_frame().prop_map(Event::Comes),
        4 => (1..2000_usize).prop_map(Event::Takes),
        4 => (0..20_000_u64).prop_map(Event::Passes),
        1 => Just(Event::Ends),
        1 => prop_oneof![Just(0), 0..20_000_u64].prop_map(Event::Stop),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// No moment that has come is waited for, something always is until the end, and whatever
    /// happens, the end is told once.
    #[test]
    fn every_wait_can_end(events in vec(any_event(), 0..30)) {
        let mut echo = Echo::new();
        echo.say = |said, outbox, now| if said == "open" {
            outbox.wake_at(now.instant + Duration::from_secs(7));
        };
        let mut server = Server::new(limits(), echo.clone());
        server.is_taking = false;
        let ends = [Event::Stop(1000), Event::Passes(1000)];
        for event in events.into_iter().chain(ends) {
            match event {
                _ if server.is_closed => break,
                Event::Comes(bytes) => server.receive(&bytes),
                Event::Takes(most) if !server.out.is_empty() => server.send(most),
                Event::Takes(_) => {}
                Event::Ends => server.receive_eof(),
                Event::Passes(milliseconds) => server.pass(Duration::from_millis(milliseconds)),
                Event::Stop(milliseconds) => server.shutdown(Duration::from_millis(milliseconds)),
            }
            let wait = server.wait;
            let is_later = wait.deadline.is_some_and(|at| at > server.now.instant);
            prop_assert!(server.is_closed || is_later, "{:?}", wait);
        }
        prop_assert!(server.is_closed);
        let ends = echo.log().into_iter().filter(|it| it != "room" && it != "time");
        prop_assert_eq!(ends.count(), 1);
    }
}

/// The client's end of a wire: what it reads has been written by the server, and the reverse.
#[derive(Default)]
struct Wire {
    incoming: VecDeque<u8>,
    outgoing: Vec<u8>,
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.incoming.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.incoming.read(buffer)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The socket says what it is told, except that there is room.
fn back(said: &str, outbox: &mut Outbox<'_>, _: Now) {
    if said != "room" {
        outbox.text(said.to_owned());
    }
}

fn any_message() -> impl Strategy<Value = Message> {
    prop_oneof![
        any::<String>().prop_map(Message::text),
        vec(any::<u8>(), 0..3000).prop_map(Message::binary),
        vec(any::<u8>(), 0..126).prop_map(|bytes| Message::Ping(bytes.into())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_client_hears_what_it_says(
        messages in vec(any_message(), 1..8),
        piece in 1..5000_usize,
    ) {
        let echo = Echo { say: back, ..Echo::new() };
        let limits = Limits { max_message: 1 << 20, max_frame: 1 << 20, ..Limits::default() };
        let mut server = Server::new(limits, echo.clone());
        let config = WebSocketConfig::default().read_buffer_size(4096);
        let mut client = WebSocket::from_raw_socket(Wire::default(), Role::Client, Some(config));
        client.get_mut().incoming.extend(std::mem::take(&mut server.told));
        prop_assert_eq!(client.read().unwrap(), Message::text("open"));
        for message in messages {
            client.send(message.clone()).unwrap();
            pass_on(&mut client, &mut server, piece);
            let expected = match message {
                Message::Ping(payload) => Message::Pong(payload),
                message => message,
            };
            prop_assert!(client.read().unwrap() == expected);
        }
        client.close(None).unwrap();
        pass_on(&mut client, &mut server, piece);
        prop_assert_eq!(client.read().unwrap(), Message::Close(None));
        prop_assert!(server.is_shut);
        server.receive_eof();
        prop_assert!(server.is_closed);
        let ended = client.read();
        prop_assert!(matches!(
            ended,
            Err(Error::Protocol(_) | Error::ConnectionClosed | Error::Io(_))
        ));
        prop_assert_eq!(echo.log(), ["clean 1005 "]);
    }
}

/// Brings what the client has said to the server in pieces, and back what that answers.
fn pass_on(client: &mut WebSocket<Wire>, server: &mut Server, piece: usize) {
    let said = std::mem::take(&mut client.get_mut().outgoing);
    said.chunks(piece).for_each(|piece| server.receive(piece));
    client.get_mut().incoming.extend(std::mem::take(&mut server.told));
}
